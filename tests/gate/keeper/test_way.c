/* tests/gate/keeper/test_way.c - targets on other machines: dialled, judged, logged in to, sent away. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/utf16.h"
#include "gate/keeper/conn_way.h"
#include "gate/keeper/store_pin.h"
#include "gate/keeper/store_vault.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"

static bool holds(const void *p, size_t n, const char *text)
{
	return memmem(p, n, text, strlen(text)) != NULL;
}

static void expect_refused(const char *text)
{
	await(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	assert_string_equal(rig.in.body.target.text, text);
	assert_int_equal(rig.in.nfds, 0);
	assert_true(logged("target db1 not opened for alice", text));
	/* Nothing is left of what would have opened it. */
	assert_null(rig.k.conns->secret);
	assert_null(rig.k.conns->delegated);
}

static void test_given(void **state)
{
	char c;

	connect_one();
	to_dialling();
	assert_int_equal(rig.in.body.dial.conn, rig.conn);
	assert_string_equal(rig.in.body.dial.address, "192.0.2.9:3389");
	disconnect();
	connect_one();
	with_db1()->tls_only = true;
	snprintf(rig.conf.target[1].address, SP_CONF_HOST, "db1.example.org:3390");
	to_given();
	const struct sp_msg_target *t = &rig.in.body.target;
	assert_int_equal(t->result, SP_OPEN_OK);
	assert_int_equal(t->kind, SP_TARGET_RDP);
	assert_string_equal(t->name, "db1");
	assert_string_equal(t->host, "db1.example.org");
	assert_int_equal(t->tls_only, 1);
	assert_int_equal(t->arc.present, 1);
	assert_int_equal(t->target_arc.present, 0);
	/* sp-net gets sockets, and no password. */
	assert_false(holds(t, sizeof(*t), GOOD));
	assert_int_equal(rig.in.nfds, 2);
	assert_int_equal(write(rig.in.fds[0], "x", 1), 1);
	assert_int_equal(read(rig.host, &c, 1), 1);
	/* The keeper holds no end of it any more. */
	sp_mon_in_finish(&rig.in);
	assert_int_equal(read(rig.host, &c, 1), 0);
	disconnect();
}

static void test_not_dialled(void **state)
{
	static const struct {
		const char *said, *text;
	} rows[] = {
			{"connection refused", "db1 cannot be reached: connection refused"},
			{"no answer", "db1 does not answer"},
			{"no such host", "db1 cannot be reached: no such host"},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_msg_dial_failed m = {0};

		connect_one();
		to_dialling();
		m.conn = rig.conn;
		snprintf(m.text, sizeof(m.text), "%s", rows[i].said);
		assert_int_equal(sp_mon_say(rig.dial, DIAL_FAILED, &m), SP_OK);
		expect_refused(rows[i].text);
		disconnect();
	}
	/* There is no sp-dial. */
	struct sp_msg_open_target open = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	int was = rig.k.dial;
	connect_one();
	with_db1();
	log_in_as("alice#db1", GOOD);
	verdict();
	rig.k.dial = -1;
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &open), SP_OK);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(sp_loop_turn(rig.k.loop, 0), SP_OK);
	}
	rig.k.dial = was;
	expect_refused("db1: other machines cannot be reached now");
	disconnect();
}

/* The time of what the connection waits for is over. */
static void late(void)
{
	sp_watch_at(rig.k.conns->timer, 1);
}

/* Each step that is waited for, and nothing comes. */
static void test_hangs(void **state)
{
	static const struct {
		void (*reach)(void);
		const char *text;
	} rows[] = {
			{to_dialling, "db1 does not answer"},
			{to_dialled, "db1: its login could not be started"},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		connect_one();
		rows[i].reach();
		late();
		expect_refused(rows[i].text);
		disconnect();
	}
	/* sp-net has the socket: it is told that it is over. */
	connect_one();
	to_given();
	late();
	expect(rig.net, SP_MSG_SESSION_END);
	assert_int_equal(rig.in.body.session_end.why, SP_WHY_TARGET);
	assert_string_equal(rig.in.body.session_end.text, "db1 does not answer");
	disconnect();
	/* A session that began has all the time it wants. */
	connect_one();
	to_given();
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	turn();
	late();
	expect_nothing(rig.net);
	assert_int_equal(rig.k.conns->state, SP_CONN_WAIT_BYE);
	assert_int_equal(rig.k.conns->session->state, SP_SESSION_ACTIVE);
	disconnect();
}

static void test_no_process(void **state)
{
	struct sp_msg_login_started m = {.text = "no memory"};

	connect_one();
	to_dialled();
	m.conn = rig.conn;
	assert_int_equal(sp_mon_say(rig.parent, LOGIN_STARTED, &m), SP_OK);
	turn();
	expect_refused("db1: its login could not be started");
	assert_true(logged("no login at target db1: no memory", ""));
	disconnect();
	/* It comes for a connection that is gone, or that does not wait for it. */
	int p[2];
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(sp_mon_send(rig.parent, SP_MSG_LOGIN_STARTED, &m, sizeof(m), p, 2), SP_OK);
	turn();
	connect_one();
	m.conn = rig.conn;
	assert_int_equal(sp_mon_send(rig.parent, SP_MSG_LOGIN_STARTED, &m, sizeof(m), p, 2), SP_OK);
	close(p[0]);
	turn();
	char c;
	assert_int_equal(recv(p[1], &c, 1, MSG_DONTWAIT), 0);
	close(p[1]);
	disconnect();
}

/* ---- the login ---- */

static struct sp_msg_trust ask_trust(void)
{
	assert_int_equal(sp_mon_say(rig.leg, ASK_TRUST, &(struct sp_msg_none){0}), SP_OK);
	expect(rig.leg, SP_MSG_TRUST);
	return rig.in.body.trust;
}

/* The judgement is in rig.in. */
static bool show_cert(const struct sp_msg_target_cert *cert)
{
	ask_trust();
	assert_int_equal(sp_mon_say(rig.leg, TARGET_CERT, cert), SP_OK);
	expect(rig.leg, SP_MSG_TARGET_LOGIN);
	bool ok = rig.in.body.target_login.result == SP_TARGET_LOGIN_OK;
	if (!ok) {
		/* Why not, and nothing else. */
		assert_true(rig.in.body.target_login.text[0] != '\0');
		assert_string_equal(rig.in.body.target_login.user, "");
		assert_string_equal(rig.in.body.target_login.password, "");
		assert_true(logged("no login at target db1", rig.in.body.target_login.text));
	}
	return ok;
}

static void test_trust(void **state)
{
	struct sp_msg_target_cert cert = {.nla = 1, .spki = {1, 2, 3}, .text = "expired"};
	struct sp_conf_target *t;

	/* By a CA of this machine, for the name. */
	connect_one();
	t = with_db1();
	t->trust = SP_CONF_TRUST_CA;
	snprintf(t->address, sizeof(t->address), "[2001:db8::1]:3389");
	to_given();
	struct sp_msg_trust trust = ask_trust();
	assert_int_equal(trust.trust, SP_TRUST_CA);
	assert_string_equal(trust.host, "2001:db8::1");
	assert_int_equal(trust.tls_only, 0);
	disconnect();
	for (int good = 0; good < 2; good++) {
		connect_one();
		with_db1()->trust = SP_CONF_TRUST_CA;
		to_given();
		cert.verified = (uint32_t)good;
		assert_int_equal(show_cert(&cert), good);
		if (!good) {
			assert_string_equal(rig.in.body.target_login.text,
					"db1's certificate is not trusted: expired");
		}
		disconnect();
	}
	/* By its key: a CA's word does not help another one. */
	cert.verified = 1;
	for (int good = 0; good < 2; good++) {
		connect_one();
		t = with_db1();
		t->trust = SP_CONF_TRUST_PIN;
		memcpy(t->pin, cert.spki, sizeof(t->pin));
		t->pin[31] = good ? 0 : 1;
		to_given();
		assert_int_equal(show_cert(&cert), good);
		if (!good) {
			assert_string_equal(rig.in.body.target_login.text,
					"db1's certificate is not the configured one");
		}
		disconnect();
	}
}

/* The first key is kept; another one is an alarm, until an administrator says otherwise. */
static void test_first_seen(void **state)
{
	struct sp_msg_target_cert cert = {.nla = 1, .spki = {7}}, other = {.nla = 1, .spki = {8}};
	int rc = sp_store_pin_forget(rig.k.store, "db1");

	assert_true(rc == SP_OK || rc == SP_ENOTFOUND);
	for (int i = 0; i < 4; i++) {
		connect_one();
		to_given();
		assert_int_equal(show_cert(i == 2 ? &other : &cert), i != 2);
		if (i == 0) {
			assert_true(logged("certificate of target db1", "seen first"));
		} else if (i == 2) {
			assert_non_null(strstr(rig.in.body.target_login.text, "has changed"));
			assert_non_null(strstr(rig.in.body.target_login.text,
					"sallyport target forget db1"));
			assert_true(logged("0 conn", "ALARM"));
			assert_true(logged("ALARM", "0800000000"));
		}
		disconnect();
	}
	assert_int_equal(sp_store_pin_forget(rig.k.store, "db1"), SP_OK);
	connect_one();
	to_given();
	assert_true(show_cert(&other));
	disconnect();
	assert_int_equal(sp_store_pin_forget(rig.k.store, "db1"), SP_OK);
}

static void test_without_nla(void **state)
{
	struct sp_msg_target_cert cert = {.verified = 1};

	for (int allowed = 0; allowed < 2; allowed++) {
		connect_one();
		struct sp_conf_target *t = with_db1();
		t->trust = SP_CONF_TRUST_CA;
		t->tls_only = allowed != 0;
		to_given();
		assert_int_equal(show_cert(&cert), allowed);
		if (!allowed) {
			assert_non_null(strstr(rig.in.body.target_login.text, "NLA"));
		}
		disconnect();
	}
}

static void assert_credentials(const char *user, const char *domain, const char *password)
{
	struct sp_msg_target_cert cert = {.verified = 1, .nla = 1};

	assert_true(show_cert(&cert));
	assert_string_equal(rig.in.body.target_login.user, user);
	assert_string_equal(rig.in.body.target_login.domain, domain);
	assert_string_equal(rig.in.body.target_login.password, password);
	assert_int_equal(rig.in.body.target_login.rdstls, 0);
}

static void test_credentials(void **state)
{
	static const struct {
		const char *stored, *user, *domain;
	} rows[] = {
			{"admin", "admin", "CORP"},
			{"LAB\\admin", "admin", "LAB"},
			{"admin@lab.example", "admin@lab.example", ""},
	};
	struct sp_conf_target *t;

	/* What the person logged in with: the password, and the store's name. */
	connect_one();
	with_db1()->trust = SP_CONF_TRUST_CA;
	to_given();
	assert_credentials("alice", "CORP", GOOD);
	/* It is gone when the session begins. */
	assert_non_null(rig.k.conns->secret);
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &(struct sp_msg_none){0}), SP_OK);
	turn();
	assert_null(rig.k.conns->secret);
	assert_null(rig.k.conns->delegated);
	disconnect();
	/* Of the vault. */
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(sp_store_vault_set(rig.k.store, "dbadmin", rows[i].stored,
						 "vaulted secret"),
				SP_OK);
		connect_one();
		t = with_db1();
		t->trust = SP_CONF_TRUST_CA;
		t->login = SP_CONF_LOGIN_SECRET;
		snprintf(t->secret, sizeof(t->secret), "dbadmin");
		to_given();
		/* Nobody needs the person's own password then. */
		assert_null(rig.k.conns->delegated);
		assert_credentials(rows[i].user, rows[i].domain, "vaulted secret");
		assert_false(logged("vaulted secret", ""));
		disconnect();
	}
	connect_one();
	t = with_db1();
	t->trust = SP_CONF_TRUST_CA;
	t->login = SP_CONF_LOGIN_SECRET;
	snprintf(t->secret, sizeof(t->secret), "lost");
	to_given();
	assert_false(show_cert(&(struct sp_msg_target_cert){.verified = 1, .nla = 1}));
	assert_string_equal(rig.in.body.target_login.text,
			"db1: the gate's login for it cannot be read, tell your administrator");
	disconnect();
	/* No password came along: it is asked for. */
	connect_one();
	with_db1();
	assert_int_equal(prove("alice#db1", GOOD), SP_PROOF_GRANTED);
	done_with("alice#db1", "");
	assert_int_equal(verdict().ask, 1);
	/* What came before is told first. */
	assert_int_equal(converse(), SP_PROMPT_NOTICE);
	assert_int_equal(answer(""), SP_PROMPT_LOGIN);
	assert_string_equal(rig.in.body.prompt.user, "alice");
	disconnect();
}

/* Desktops of this machine need no password: what came along is wiped at the verdict. */
static void test_password_not_kept(void **state)
{
	connect_one();
	log_in_as("alice", GOOD);
	assert_non_null(rig.k.conns->delegated);
	assert_string_equal(rig.k.conns->done.password, "");
	verdict();
	assert_null(rig.k.conns->delegated);
	disconnect();
	connect_one();
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
	struct sp_msg_done m = {
			.result = SP_DONE_FAILED, .why = SP_WHY_PASSWORD, .password = "wrong"};
	assert_int_equal(sp_mon_say(rig.login, DONE, &m), SP_OK);
	turn();
	assert_null(rig.k.conns->delegated);
	disconnect();
}

static void say_done(uint32_t result, const char *text)
{
	struct sp_msg_target_done m = {.result = result, .status = 0xc000006d};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(rig.leg, TARGET_DONE, &m), SP_OK);
	turn();
}

static void test_done(void **state)
{
	connect_one();
	with_db1()->trust = SP_CONF_TRUST_CA;
	to_given();
	assert_credentials("alice", "CORP", GOOD);
	say_done(SP_DONE_OK, "");
	assert_true(logged("user alice: target db1 took the login", ""));
	disconnect();
	connect_one();
	to_given();
	say_done(SP_DONE_FAILED, "wrong password");
	assert_true(logged("target db1 refused the login of alice: wrong password", "c000006d"));
	disconnect();
	/* Nobody logs in without what opens the target. */
	connect_one();
	to_given();
	say_done(SP_DONE_OK, "");
	assert_true(was_ended());
	disconnect();
	/* Its process is gone: sp-net says what that means. */
	connect_one();
	to_given();
	sp_fd_close(&rig.leg);
	assert_false(was_ended());
	disconnect();
}

/* ---- redirections ---- */

static void test_allowed(void **state)
{
	static const struct {
		const char *address, *dial; /* NULL: not allowed */
	} rows[] = {
			{"", "db1.example.org:3390"},
			{"192.0.2.9", "192.0.2.9:3390"},
			{"192.0.2.9:22", "192.0.2.9:3390"},
			{"192.0.2.10", NULL},
			{"10.1.2.3", "10.1.2.3:3390"},
			{"10.1.3.3", NULL},
			{"10.1.2.255:3389", "10.1.2.255:3390"},
			{"2001:db8::7", "[2001:db8::7]:3390"},
			{"[2001:db8::7]:3389", "[2001:db8::7]:3390"},
			{"2001:db9::7", NULL},
			{"127.0.0.1", NULL},
			{"::1", NULL},
			{"::ffff:10.1.2.3", NULL},
			{"db2.example.org", NULL},
			{"db1.example.org", NULL},
			{"10.1.2", NULL},
			{"10.1.2.3 ", NULL},
			{"0x0a010203", NULL},
			{"10.1.2.3:3389:1", NULL},
	};
	struct sp_conf_target t = {.kind = SP_CONF_RDP,
			.address = "db1.example.org:3390",
			.n_redirects = 2,
			.redirects = {{.family = AF_INET, .bits = 24, .addr = {10, 1, 2}},
					{.family = AF_INET6,
							.bits = 31,
							.addr = {0x20, 0x01, 0x0d, 0xb8}}}};
	struct sp_conn_way way = {.address = "db1.example.org:3390", .answered = "192.0.2.9:3390"};
	char dial[SP_TEXT_HOST];

	/* 2001:db9:: is the other half of a /31. */
	t.redirects[1].bits = 32;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		bool ok = sp_conn_way_allowed(&t, &way, rows[i].address, dial);
		if (ok != (rows[i].dial != NULL)) {
			fail_msg("\"%s\": %s", rows[i].address, ok ? "allowed" : "refused");
		}
		if (ok) {
			assert_string_equal(dial, rows[i].dial);
		}
	}
	t.redirects[1].bits = 31;
	assert_true(sp_conn_way_allowed(&t, &way, "2001:db9::7", dial));
	/* Broken networks hold nothing. */
	t.redirects[1].bits = 300;
	assert_false(sp_conn_way_allowed(&t, &way, "2001:db8::7", dial));
	t.n_redirects = 0;
	assert_false(sp_conn_way_allowed(&t, &way, "10.1.2.3", dial));
}

/* The whole way once more, to where the target said. */
static void follow(struct sp_msg_redirect *m, const char *where)
{
	struct sp_msg_dialed dialed = {.conn = rig.conn};
	struct sp_msg_login_started started = {.conn = rig.conn};
	int p[2], q[2], l[2];

	assert_int_equal(sp_mon_say(rig.net, REDIRECT, m), SP_OK);
	expect(rig.dial, SP_MSG_DIAL);
	assert_string_equal(rig.in.body.dial.address, where);
	snprintf(dialed.address, sizeof(dialed.address), "%.60s", where);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	assert_int_equal(
			sp_mon_send(rig.dial, SP_MSG_DIALED, &dialed, sizeof(dialed), p, 1), SP_OK);
	close(p[0]);
	sp_fd_close(&rig.host);
	rig.host = p[1];
	await(rig.parent, SP_MSG_LOGIN_START);
	assert_int_equal(sp_ipc_pair(q), SP_OK);
	assert_int_equal(sp_ipc_pair(l), SP_OK);
	int fds[2] = {q[0], l[0]};
	assert_int_equal(sp_mon_send(rig.parent, SP_MSG_LOGIN_STARTED, &started, sizeof(started),
					 fds, 2),
			SP_OK);
	close(q[0]);
	close(l[0]);
	close(l[1]);
	sp_fd_close(&rig.leg);
	rig.leg = q[1];
	turn();
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_OK);
}

static void test_redirects(void **state)
{
	struct sp_msg_redirect m = {.address = "10.1.2.3",
			.user = "alice",
			.domain = "FARM",
			.rdstls = 1,
			.password_n = 6,
			.guid_n = 3,
			.route_n = 5,
			.password = "opaque",
			.guid = "abc",
			.route = "token"};

	connect_one();
	struct sp_conf_target *t = with_db1();
	t->trust = SP_CONF_TRUST_CA;
	t->n_redirects = 1;
	t->redirects[0] = (struct sp_conf_net){.family = AF_INET, .bits = 24, .addr = {10, 1, 2}};
	to_given();
	assert_credentials("alice", "CORP", GOOD);
	/* Sent to a machine of its farm, with an opaque password for RDSTLS. */
	follow(&m, "10.1.2.3:3389");
	assert_int_equal(rig.in.body.target.route_n, 5);
	assert_memory_equal(rig.in.body.target.route, "token", 5);
	assert_false(holds(&rig.in.body.target, sizeof(rig.in.body.target), "opaque"));
	assert_true(show_cert(&(struct sp_msg_target_cert){.verified = 1, .nla = 1}));
	const struct sp_msg_target_login *login = &rig.in.body.target_login;
	assert_int_equal(login->rdstls, 1);
	assert_int_equal(login->blob_n, 6);
	assert_memory_equal(login->blob, "opaque", 6);
	assert_int_equal(login->guid_n, 3);
	assert_string_equal(login->user, "alice");
	assert_string_equal(login->domain, "FARM");
	assert_string_equal(login->password, "");
	/* With a password of its own. */
	struct sp_wr w;
	m.rdstls = m.guid_n = 0;
	sp_wr_fixed(&w, m.password, sizeof(m.password));
	sp_utf16_write(&w, "one time");
	sp_wr_le16(&w, 0);
	m.password_n = (uint32_t)w.n;
	follow(&m, "10.1.2.3:3389");
	assert_credentials("alice", "FARM", "one time");
	/* Three are enough. */
	m.address[0] = '\0';
	m.password_n = 0;
	follow(&m, "10.1.2.3:3389");
	assert_int_equal(sp_mon_say(rig.net, REDIRECT, &m), SP_OK);
	expect_refused("db1: sends from one machine to the next without end");
	expect_nothing(rig.dial);
	disconnect();

	connect_one();
	to_given();
	snprintf(m.address, sizeof(m.address), "169.254.169.254");
	assert_int_equal(sp_mon_say(rig.net, REDIRECT, &m), SP_OK);
	expect_refused("db1: sends to a machine that it may not send to");
	assert_true(logged("target db1 sends to \"169.254.169.254\"", ""));
	expect_nothing(rig.dial);
	disconnect();
}

static void test_licenses(void **state)
{
	struct sp_msg_license m = {.n = 4, .client = "LAPTOP", .p = "abcd"};

	connect_one();
	to_given();
	assert_int_equal(sp_mon_say(rig.net, LICENSE, &m), SP_OK);
	m.n = 0;
	memset(m.p, 0, 4);
	assert_int_equal(sp_mon_say(rig.net, LICENSE, &m), SP_OK);
	expect(rig.net, SP_MSG_LICENSE);
	assert_int_equal(rig.in.body.license.n, 4);
	assert_memory_equal(rig.in.body.license.p, "abcd", 4);
	snprintf(m.client, sizeof(m.client), "OTHER");
	assert_int_equal(sp_mon_say(rig.net, LICENSE, &m), SP_OK);
	expect(rig.net, SP_MSG_LICENSE);
	assert_int_equal(rig.in.body.license.n, 0);
	/* Without end it is nobody's licence. */
	for (int i = 0; i < 16; i++) {
		int rc = sp_mon_say(rig.net, LICENSE, &m);
		assert_true(rc == SP_OK || rc == SP_ECLOSED);
		turn();
	}
	assert_true(was_ended());
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_given),
			cmocka_unit_test(test_not_dialled),
			cmocka_unit_test(test_hangs),
			cmocka_unit_test(test_no_process),
			cmocka_unit_test(test_trust),
			cmocka_unit_test(test_first_seen),
			cmocka_unit_test(test_without_nla),
			cmocka_unit_test(test_credentials),
			cmocka_unit_test(test_password_not_kept),
			cmocka_unit_test(test_done),
			cmocka_unit_test(test_allowed),
			cmocka_unit_test(test_redirects),
			cmocka_unit_test(test_licenses),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
