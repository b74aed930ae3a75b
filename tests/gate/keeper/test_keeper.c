/* tests/gate/keeper/test_keeper.c - every question in every state, and what a login is worth. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/utf16.h"
#include "gate/keeper/conn.h"
#include "gate/keeper/keeper.h"
#include "host/io/cert.h"
#include "host/io/ipc.h"
#include "host/io/tls.h"
#include "host/lib/crypto_nettle.h"

#define GOOD "four staples and a horse"

static char dir[] = "/tmp/sp-test-keeper-XXXXXX";
static struct sp_keeper k;
static struct sp_conf conf;
static struct sp_tls_key *key;
static uint64_t clock_us;
static int64_t unix_s = 1000000000;
static const uint8_t secret[] = "12345678901234567890";
/* Our ends: the parent's, the broker's, and those of the connection's two children. */
static int parent, broker, net, login;
static uint64_t conn;
static struct sp_mon_in in;

static uint64_t now_us(void)
{
	return clock_us;
}

static int64_t unix_time(void)
{
	return unix_s;
}

static int open_keeper(void **state)
{
	char why[SP_STORE_WHY], text[SP_WHY_MAX];
	struct sp_rcbuf *cert, *pem;
	int p[2], b[2];

	if (mkdtemp(dir) == NULL || chdir(dir) != 0 || sp_tls_init() != SP_OK) {
		return -1;
	}
	sp_conf_default(&conf);
	conf.mfa = SP_CONF_MFA_NONE;
	snprintf(conf.target[0].session, sizeof(conf.target[0].session), "my-session");
	k.crypto = &sp_crypto_nettle;
	k.conf = &conf;
	k.now_us = now_us;
	k.unix_time = unix_time;
	clock_us = sp_now_us();
	k.store = sp_store_open("s", true, k.crypto, why);
	k.loop = sp_loop_create();
	if (k.store == NULL || k.loop == NULL || sp_ipc_pair(p) != SP_OK ||
			sp_ipc_pair(b) != SP_OK ||
			sp_cert_make("test.example", 1, &cert, &pem) != SP_OK) {
		return -1;
	}
	key = sp_tls_key_load(sp_span(pem->p, pem->n), text);
	sp_rcbuf_unref(cert);
	sp_cert_key_free(pem);
	k.key = key;
	k.control = p[0];
	parent = p[1];
	k.broker = b[0];
	broker = b[1];
	sp_keeper_init(&k);
	return sp_store_add(k.store, "alice", "", GOOD) == SP_OK &&
					sp_store_add(k.store, "dave", "", GOOD) == SP_OK &&
					sp_store_disable(k.store, "dave", true) == SP_OK &&
					sp_store_add(k.store, "carol", "", GOOD) == SP_OK &&
					sp_store_totp_set(k.store, "carol", secret, 0) == SP_OK
			? 0
			: -1;
}

static int close_keeper(void **state)
{
	sp_keeper_finish(&k);
	sp_store_close(k.store);
	sp_loop_destroy(k.loop);
	sp_tls_key_destroy(key);
	close(k.control);
	close(parent);
	close(k.broker);
	close(broker);
	unlink("s/store.db");
	unlink("s/keeper.key");
	rmdir("s");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

/* Lets the keeper answer everything that lies there. */
static void turn(void)
{
	for (int i = 0; i < 4; i++) {
		assert_int_equal(sp_loop_turn(k.loop, 0), SP_OK);
	}
	assert_int_equal(sp_keeper_control(&k), SP_OK);
	if (k.broker >= 0) {
		assert_int_equal(sp_keeper_broker(&k), SP_OK);
	}
}

/* The next message for one of our ends must be of that type; it is in `in` then. */
static void expect(int fd, enum sp_msg type)
{
	turn();
	sp_mon_in_finish(&in);
	int rc = sp_mon_recv(fd, &in);
	if (rc != 1) {
		fail_msg("%s: nothing came (%d)", sp_msg_name(type), rc);
	}
	assert_string_equal(sp_msg_name(in.type), sp_msg_name(type));
}

static void expect_nothing(int fd)
{
	turn();
	assert_int_equal(sp_mon_recv(fd, &in), 0);
}

static void connect_one(void)
{
	struct sp_msg_conn_open m = {.conn = ++conn};
	int n[2], l[2];

	assert_int_equal(sp_ipc_pair(n), SP_OK);
	assert_int_equal(sp_ipc_pair(l), SP_OK);
	m.source = (struct sp_source){.family = AF_INET, .addr = {192, 0, 2, 7}};
	snprintf(m.source.text, sizeof(m.source.text), "192.0.2.7:5");
	int fds[2] = {n[0], l[0]};
	assert_int_equal(sp_mon_send(parent, SP_MSG_CONN_OPEN, &m, sizeof(m), fds, 2), SP_OK);
	close(n[0]);
	close(l[0]);
	net = n[1];
	login = l[1];
	turn();
	assert_int_equal(k.n, 1);
}

static void closed(uint32_t role, bool crashed, bool deadline)
{
	struct sp_msg_conn_closed m = {.conn = conn,
			.role = role,
			.crashed = crashed,
			.deadline = deadline,
			.status = crashed ? 11 : 0};

	assert_int_equal(sp_mon_say(parent, CONN_CLOSED, &m), SP_OK);
	turn();
}

static void disconnect(void)
{
	close(net);
	close(login);
	closed(SP_ROLE_NET, false, false);
	assert_int_equal(k.n, 0);
	conf.mfa = SP_CONF_MFA_NONE;
	while (sp_mon_recv(parent, &in) == 1) {
		sp_mon_in_finish(&in);
	}
	while (sp_mon_recv(broker, &in) == 1) {
		sp_mon_in_finish(&in);
	}
}

static uint16_t wide(const char *s, uint8_t *out)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_NTLMV2_MAX_NAME);
	sp_utf16_write(&w, s);
	return (uint16_t)w.n;
}

static struct sp_msg_challenge challenge(void)
{
	struct sp_msg_none none = {0};

	assert_int_equal(sp_mon_say(login, ASK_CHALLENGE, &none), SP_OK);
	expect(login, SP_MSG_CHALLENGE);
	return in.body.challenge;
}

static struct sp_msg_proof proof_of(const char *user, const char *password, const uint8_t *server)
{
	struct sp_msg_proof m = {.temp_n = 44};
	uint8_t hash[16], owf[16], name[SP_NTLMV2_MAX_NAME];
	uint16_t n = wide(user, name);

	snprintf(m.user, sizeof(m.user), "%s", user);
	memset(m.temp, 0x77, m.temp_n);
	assert_int_equal(sp_ntlmv2_nt_hash(k.crypto, password, hash), SP_OK);
	assert_int_equal(sp_ntlmv2_owf(k.crypto, hash, sp_span(name, n), sp_span(NULL, 0), owf),
			SP_OK);
	sp_ntlmv2_proof(k.crypto, owf, server, sp_span(m.temp, m.temp_n), m.nt_proof);
	return m;
}

static uint32_t prove(const char *user, const char *password)
{
	struct sp_msg_challenge c = challenge();
	struct sp_msg_proof m = proof_of(user, password, c.challenge);

	assert_int_equal(sp_mon_say(login, PROOF, &m), SP_OK);
	expect(login, SP_MSG_PROOF_RESULT);
	return in.body.proof_result.result;
}

static void done(uint32_t result, uint32_t why, const char *user)
{
	struct sp_msg_done m = {.result = result, .why = why};

	snprintf(m.user, sizeof(m.user), "%s", user);
	assert_int_equal(sp_mon_say(login, DONE, &m), SP_OK);
	turn();
}

static struct sp_msg_verdict verdict(void)
{
	struct sp_msg_none none = {0};

	assert_int_equal(sp_mon_say(net, ASK_VERDICT, &none), SP_OK);
	expect(net, SP_MSG_VERDICT);
	return in.body.verdict;
}

static void open_target(void)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};

	assert_int_equal(sp_mon_say(net, OPEN_TARGET, &m), SP_OK);
	expect(broker, SP_MSG_DESKTOP_OPEN);
}

static void log_in(void)
{
	assert_int_equal(prove("Alice", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "alice");
}

static void sign(void)
{
	struct sp_msg_sign m = {.scheme = 0x0403, .n = 130};

	memset(m.message, ' ', 64);
	memcpy(m.message + 64, "TLS 1.3, server CertificateVerify", 34);
	assert_int_equal(sp_mon_say(net, SIGN, &m), SP_OK);
	expect(net, SP_MSG_SIGNATURE);
	assert_int_equal(in.body.signature.result, SP_SIGN_DONE);
}

/* ---- each question in each state ---- */

static void say_bye(void)
{
	struct sp_msg_bye m = {.why = SP_WHY_BYE};

	assert_int_equal(sp_mon_say(net, BYE, &m), SP_OK);
	turn();
}

static void to_fresh(void)
{
}

static void to_challenged(void)
{
	challenge();
}

static void to_refused(void)
{
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
}

static void to_proved(void)
{
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
}

static void to_failed(void)
{
	to_refused();
	done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
}

static void to_vanished(void)
{
	to_proved();
	shutdown(login, SHUT_RDWR);
	turn();
}

static void to_granted(void)
{
	log_in();
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
}

static void to_denied(void)
{
	to_failed();
	assert_int_equal(verdict().result, SP_VERDICT_DENIED);
}

static void to_waiting(void)
{
	to_granted();
	open_target();
}

static void to_opened(void)
{
	struct sp_msg_desktop_opened m = {.fresh = 1};
	int p[2];

	to_waiting();
	m.conn = conn;
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(sp_mon_send(broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect(net, SP_MSG_TARGET);
	assert_int_equal(in.body.target.result, SP_OPEN_OK);
	assert_int_equal(in.body.target.kind, SP_TARGET_DESKTOP);
	assert_int_equal(in.nfds, 1);
	assert_int_equal(write(in.fds[0], "x", 1), 1);
	close(p[1]);
}

static void to_not_opened(void)
{
	struct sp_msg_desktop_failed m = {.text = "no X server"};

	to_waiting();
	m.conn = conn;
	assert_int_equal(sp_mon_say(broker, DESKTOP_FAILED, &m), SP_OK);
	expect(net, SP_MSG_TARGET);
	assert_int_equal(in.body.target.result, SP_OPEN_DENIED);
	assert_string_equal(in.body.target.text, "no X server");
	assert_int_equal(in.nfds, 0);
}

/* carol has proved her password, and has a code to give. */
static void to_due(void)
{
	conf.mfa = SP_CONF_MFA_REQUIRED;
	unix_s += 300;
	assert_int_equal(prove("carol", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "carol");
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_GRANTED);
	assert_int_equal(v.ask, 1);
}

static void to_code(void)
{
	to_due();
	assert_int_equal(sp_mon_say(net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(net, SP_MSG_PROMPT);
	assert_int_equal(in.body.prompt.kind, SP_PROMPT_CODE);
	assert_int_equal(in.body.prompt.tries, 3);
	assert_int_equal(in.body.prompt.seconds, 120);
}

static uint32_t answer(const char *text)
{
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(net, ANSWER, &m), SP_OK);
	expect(net, SP_MSG_PROMPT);
	return in.body.prompt.kind;
}

static const char *good_code(void)
{
	static char code[SP_TOTP_DIGITS + 1];

	assert_int_equal(sp_totp_code(secret, sp_totp_step(unix_s), code), SP_OK);
	return code;
}

static void to_wrong(void)
{
	to_code();
	assert_int_equal(answer("nonsense"), SP_PROMPT_CODE);
	assert_int_equal(in.body.prompt.tries, 2);
}

static void to_no_tries(void)
{
	to_wrong();
	assert_int_equal(answer(""), SP_PROMPT_CODE);
	assert_int_equal(answer("nonsense"), SP_PROMPT_REFUSED);
}

static void to_right(void)
{
	to_wrong();
	assert_int_equal(answer(good_code()), SP_PROMPT_DONE);
}

static void to_too_late(void)
{
	uint64_t was = clock_us;

	/* The conversation began two minutes ago; its timer is due. */
	to_due();
	k.conns->proved_us -= 121 * UINT64_C(1000000);
	assert_int_equal(sp_mon_say(net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(net, SP_MSG_PROMPT);
	clock_us = was;
	expect(net, SP_MSG_PROMPT);
	assert_int_equal(in.body.prompt.kind, SP_PROMPT_REFUSED);
}

static void to_enrolment(void)
{
	conf.mfa = SP_CONF_MFA_REQUIRED;
	log_in();
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(sp_mon_say(net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(net, SP_MSG_PROMPT);
	assert_int_equal(in.body.prompt.kind, SP_PROMPT_ENROL);
	assert_true(in.body.prompt.qr_side >= 21);
}

/* What sp-net and sp-login may ask, a letter each: S V W A O B and C P D. */
static const struct {
	const char *name;
	void (*reach)(void);
	const char *may_net, *may_login;
} states[] = {
		{"fresh", to_fresh, "SB", "CD"},
		{"challenged", to_challenged, "SB", "PD"},
		{"proof refused", to_refused, "SB", "D"},
		{"proof granted", to_proved, "SB", "D"},
		{"login done", log_in, "SVB", NULL},
		{"login failed", to_failed, "SVB", NULL},
		{"login vanished", to_vanished, "SVB", NULL},
		{"granted", to_granted, "SOB", NULL},
		{"code due", to_due, "SWB", NULL},
		{"code asked for", to_code, "SAB", NULL},
		{"code wrong", to_wrong, "SAB", NULL},
		{"three codes wrong", to_no_tries, "SB", NULL},
		{"code right", to_right, "SOB", NULL},
		{"code too late", to_too_late, "SB", NULL},
		{"enrolment", to_enrolment, "SAB", NULL},
		{"denied", to_denied, "SB", NULL},
		{"waiting for the broker", to_waiting, "SB", NULL},
		{"target opened", to_opened, "SB", NULL},
		{"target not opened", to_not_opened, "SB", NULL},
		{"signed", sign, "B", "CD"},
		{"said bye", say_bye, "S", "CD"},
};

static char letter(uint32_t type)
{
	switch (type) {
	case SP_MSG_SIGN:
		return 'S';
	case SP_MSG_ASK_VERDICT:
		return 'V';
	case SP_MSG_CONVERSE:
		return 'W';
	case SP_MSG_ANSWER:
		return 'A';
	case SP_MSG_OPEN_TARGET:
		return 'O';
	case SP_MSG_BYE:
		return 'B';
	case SP_MSG_ASK_CHALLENGE:
		return 'C';
	case SP_MSG_PROOF:
		return 'P';
	case SP_MSG_DONE:
		return 'D';
	default:
		return '-';
	}
}

/* A body in order, of any type; its descriptors are two of ours. */
static int send_any(int fd, uint32_t type)
{
	static union sp_msg_body b;
	struct sp_geometry g = {.width = 800, .height = 600, .bpp = 24};
	size_t nfds = 0, size = 0;
	int fds[2] = {parent, broker};

	memset(&b, 0, sizeof(b));
	switch (type) {
#define X(name, body, fds_min, fds_max) \
	case SP_MSG_##name: \
		size = sizeof(b.body); \
		nfds = fds_min; \
		break;
		SP_MSG_MAP(X)
#undef X
	}
	b.conn_open.conn = conn + 1000;
	if (type == SP_MSG_CONN_OPEN) {
		b.conn_open.source.family = AF_INET;
	} else if (type == SP_MSG_CONN_CLOSED) {
		b.conn_closed.role = SP_ROLE_NET;
	} else if (type == SP_MSG_NET_START) {
		b.net_start.source.family = AF_INET;
	} else if (type == SP_MSG_OPEN_TARGET) {
		memset(&b, 0, sizeof(b));
		b.open_target.geometry = g;
	} else if (type == SP_MSG_DESKTOP_OPEN) {
		b.desktop_open.geometry = g;
	} else if (type == SP_MSG_PROOF) {
		memset(&b, 0, sizeof(b));
		b.proof.temp_n = 44;
	} else if (type != SP_MSG_CONN_END && type != SP_MSG_DESKTOP_FAILED &&
			type != SP_MSG_DESKTOP_OPENED && type != SP_MSG_CONN_GRANTED) {
		memset(&b, 0, sizeof(b));
	}
	return sp_mon_send(fd, type, &b, size, fds, nfds);
}

/* Was the connection ended by the keeper, with a reason and a penalty? */
static bool was_ended(void)
{
	bool ended = false, punished = false;

	turn();
	while (sp_mon_recv(parent, &in) == 1) {
		if (in.type == SP_MSG_CONN_END) {
			assert_int_equal(in.body.conn_end.conn, conn);
			assert_int_equal(in.body.conn_end.why, SP_WHY_QUESTION);
			ended = true;
		}
		if (in.type == SP_MSG_PENALTY && in.body.penalty.kind == SP_PENALTY_PROTOCOL) {
			assert_int_equal(in.body.penalty.source.addr[3], 7);
			punished = true;
		}
	}
	assert_int_equal(ended, punished);
	if (ended) {
		struct pollfd p[2] = {
				{.fd = net, .events = POLLIN}, {.fd = login, .events = POLLIN}};
		assert_int_equal(poll(p, 2, 0), 2);
		assert_true(p[0].revents & POLLHUP);
		assert_true(p[1].revents & POLLHUP);
	}
	return ended;
}

static void ask(size_t s, uint32_t type, bool as_net)
{
	const char *may = as_net ? states[s].may_net : states[s].may_login;

	connect_one();
	states[s].reach();
	while (sp_mon_recv(parent, &in) == 1) {
		sp_mon_in_finish(&in);
	}
	int rc = send_any(as_net ? net : login, type);
	bool ended = was_ended();
	if (may == NULL) {
		/* Nobody listens there any more. */
		assert_int_equal(rc, SP_ECLOSED);
		assert_false(ended);
	} else {
		assert_int_equal(rc, SP_OK);
		bool want = strchr(may, letter(type)) == NULL;
		if (ended != want) {
			fail_msg("%s, %s from %s: %s", states[s].name, sp_msg_name(type),
					as_net ? "sp-net" : "sp-login",
					ended ? "ended" : "let through");
		}
	}
	disconnect();
}

static void test_each_question_in_each_state(void **state)
{
	for (size_t s = 0; s < SP_LEN(states); s++) {
		for (uint32_t type = 1; type < SP_MSG_COUNT; type++) {
			ask(s, type, true);
			ask(s, type, false);
		}
	}
}

static void test_garbage_ends(void **state)
{
	for (int i = 0; i < 2; i++) {
		connect_one();
		assert_int_equal(sp_ipc_send(i == 0 ? net : login, 0xffffffff, "abc", 3, NULL, 0),
				SP_OK);
		assert_true(was_ended());
		disconnect();
	}
	/* DONE may be said, but not that it went well. */
	connect_one();
	struct sp_msg_done m = {.result = SP_DONE_OK, .why = SP_WHY_OK};
	assert_int_equal(sp_mon_say(login, DONE, &m), SP_OK);
	assert_true(was_ended());
	disconnect();
	connect_one();
	to_refused();
	assert_int_equal(sp_mon_say(login, DONE, &m), SP_OK);
	assert_true(was_ended());
	disconnect();
}

/* ---- what a login is worth ---- */

static void assert_verdict_denied(uint32_t why)
{
	struct sp_msg_verdict v = verdict();

	assert_int_equal(v.result, SP_VERDICT_DENIED);
	assert_int_equal(v.early_user, SP_AUTHZ_ACCESS_DENIED);
	assert_int_equal(v.grant, 0);
	assert_int_equal(v.why, why);
	assert_string_equal(v.user, "");
	disconnect();
}

static void test_login(void **state)
{
	struct sp_user u;

	connect_one();
	struct sp_msg_challenge c = challenge();
	assert_int_equal(c.time, (UINT64_C(11644473600) + (uint64_t)unix_s) * 10000000);
	/* The names give nothing away, and are the same for everybody. */
	assert_int_equal(strlen(c.nb_computer), 15);
	assert_string_equal(c.nb_computer, k.alias);
	assert_string_equal(c.dns_domain, c.nb_domain);
	disconnect();
	connect_one();
	struct sp_msg_challenge d = challenge();
	assert_memory_not_equal(c.challenge, d.challenge, 8);
	assert_string_equal(c.nb_computer, d.nb_computer);
	disconnect();

	connect_one();
	log_in();
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_GRANTED);
	assert_int_equal(v.early_user, SP_AUTHZ_SUCCESS);
	assert_string_equal(v.user, "alice");
	assert_true(v.grant != 0);
	/* The parent stops its clock. */
	expect(parent, SP_MSG_CONN_GRANTED);
	assert_int_equal(in.body.conn_granted.conn, conn);
	assert_int_equal(sp_store_get(k.store, "alice", &u), SP_OK);
	assert_int_equal(u.last_login, unix_s);
	open_target();
	assert_int_equal(in.body.desktop_open.conn, conn);
	assert_string_equal(in.body.desktop_open.user, "alice");
	assert_string_equal(in.body.desktop_open.account, "alice");
	assert_string_equal(in.body.desktop_open.target, "desktop");
	assert_string_equal(in.body.desktop_open.command, "my-session");
	assert_int_equal(in.body.desktop_open.geometry.width, 800);
	disconnect();
}

static void test_refusals(void **state)
{
	static const struct {
		const char *user, *password;
		uint32_t why;
	} rows[] = {
			{"alice", "wrong", SP_WHY_PASSWORD},
			{"nobody", GOOD, SP_WHY_NO_USER},
			{"dave", GOOD, SP_WHY_DISABLED},
			{"", GOOD, SP_WHY_NTLM},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		static const uint8_t zero[16];
		connect_one();
		assert_int_equal(prove(rows[i].user, rows[i].password), SP_PROOF_DENIED);
		assert_memory_equal(in.body.proof_result.session_base_key, zero, 16);
		/* The peer's address pays the same for each of them. */
		expect(parent, SP_MSG_PENALTY);
		assert_int_equal(in.body.penalty.kind, SP_PENALTY_AUTH);
		assert_int_equal(in.body.penalty.seconds, SP_KEEPER_SECONDS_AUTH);
		done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
		expect_nothing(parent);
		assert_verdict_denied(rows[i].why);
	}
}

static void test_done_decides(void **state)
{
	/* The proof alone opens nothing: the server key must have been bound as well. */
	connect_one();
	to_proved();
	done(SP_DONE_FAILED, SP_WHY_BINDING, "");
	expect(parent, SP_MSG_PENALTY);
	assert_verdict_denied(SP_WHY_BINDING);
	connect_one();
	to_vanished();
	assert_verdict_denied(SP_WHY_NO_LOGIN);
	connect_one();
	to_proved();
	done(SP_DONE_OK, SP_WHY_OK, "dave");
	assert_int_equal(verdict().why, SP_WHY_IDENTITY);
	expect(parent, SP_MSG_PENALTY);
	disconnect();
	connect_one();
	to_proved();
	done(SP_DONE_OK, SP_WHY_OK, "ALICE@corp");
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	disconnect();
	connect_one();
	to_proved();
	done(SP_DONE_OK, SP_WHY_OK, "");
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	disconnect();
	/* Somebody who never proved anything. */
	connect_one();
	done(SP_DONE_FAILED, SP_WHY_CREDSSP, "");
	expect(parent, SP_MSG_PENALTY);
	assert_verdict_denied(SP_WHY_CREDSSP);
	/* A peer that only went away pays nothing. */
	connect_one();
	done(SP_DONE_FAILED, SP_WHY_GONE, "");
	expect_nothing(parent);
	assert_verdict_denied(SP_WHY_GONE);
}

static void test_old_challenge(void **state)
{
	connect_one();
	struct sp_msg_challenge c = challenge();
	struct sp_msg_proof m = proof_of("alice", GOOD, c.challenge);
	clock_us += SP_KEEPER_CHALLENGE_US + 1;
	assert_int_equal(sp_mon_say(login, PROOF, &m), SP_OK);
	expect(login, SP_MSG_PROOF_RESULT);
	assert_int_equal(in.body.proof_result.result, SP_PROOF_DENIED);
	done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
	assert_verdict_denied(SP_WHY_STALE);
	/* A proof made for another connection's challenge. */
	connect_one();
	challenge();
	assert_int_equal(sp_mon_say(login, PROOF, &m), SP_OK);
	expect(login, SP_MSG_PROOF_RESULT);
	assert_int_equal(in.body.proof_result.result, SP_PROOF_DENIED);
	disconnect();
}

/* Both questions lie there when the keeper wakes up: DONE was said first and counts first. */
static void test_order(void **state)
{
	struct sp_msg_done m = {.result = SP_DONE_OK, .why = SP_WHY_OK};
	struct sp_msg_none none = {0};

	connect_one();
	to_proved();
	assert_int_equal(sp_mon_say(login, DONE, &m), SP_OK);
	assert_int_equal(sp_mon_say(net, ASK_VERDICT, &none), SP_OK);
	expect(net, SP_MSG_VERDICT);
	assert_int_equal(in.body.verdict.result, SP_VERDICT_GRANTED);
	disconnect();
}

static void test_signatures(void **state)
{
	struct sp_msg_sign m = {.scheme = 0x0403, .n = 32};

	connect_one();
	assert_int_equal(sp_mon_say(net, SIGN, &m), SP_OK);
	expect(net, SP_MSG_SIGNATURE);
	assert_int_equal(in.body.signature.result, SP_SIGN_REFUSED);
	assert_int_equal(in.body.signature.n, 0);
	disconnect();
	k.key = NULL;
	connect_one();
	assert_int_equal(sp_mon_say(net, SIGN, &m), SP_OK);
	expect(net, SP_MSG_SIGNATURE);
	assert_int_equal(in.body.signature.result, SP_SIGN_REFUSED);
	disconnect();
	k.key = key;
}

static void test_no_broker(void **state)
{
	struct sp_msg_open_target m = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	int was = k.broker;

	connect_one();
	to_granted();
	k.broker = -1;
	assert_int_equal(sp_mon_say(net, OPEN_TARGET, &m), SP_OK);
	expect(net, SP_MSG_TARGET);
	assert_int_equal(in.body.target.result, SP_OPEN_DENIED);
	k.broker = was;
	disconnect();
}

static void test_late_broker(void **state)
{
	struct sp_msg_desktop_opened m = {.fresh = 0};
	int p[2];

	/* The connection is gone, or never was: the desktop's socket is closed. */
	connect_one();
	to_waiting();
	m.conn = conn;
	disconnect();
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(sp_mon_send(broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	turn();
	char c;
	assert_int_equal(recv(p[1], &c, 1, MSG_DONTWAIT), 0);
	close(p[1]);
	/* A second answer is dropped. */
	connect_one();
	to_opened();
	m.conn = conn;
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(sp_mon_send(broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect_nothing(net);
	close(p[1]);
	disconnect();
}

static void test_ends(void **state)
{
	connect_one();
	closed(SP_ROLE_LOGIN, true, false);
	expect(parent, SP_MSG_PENALTY);
	assert_int_equal(in.body.penalty.kind, SP_PENALTY_CRASH);
	assert_int_equal(in.body.penalty.seconds, SP_KEEPER_SECONDS_CRASH);
	assert_int_equal(k.n, 1);
	close(net);
	close(login);
	closed(SP_ROLE_NET, false, true);
	expect(parent, SP_MSG_PENALTY);
	assert_int_equal(in.body.penalty.kind, SP_PENALTY_DEADLINE);
	assert_int_equal(k.n, 0);
	/* One that is not known is nobody's fault: it may have been refused. */
	closed(SP_ROLE_NET, false, false);
}

static void test_early_ends(void **state)
{
	static const struct {
		uint32_t why, kind, seconds;
	} rows[] = {
			{SP_WHY_DEADLINE, SP_PENALTY_DEADLINE, SP_KEEPER_SECONDS_DEADLINE},
			{SP_WHY_PROTOCOL, SP_PENALTY_PROTOCOL, SP_KEEPER_SECONDS_PROTOCOL},
			{SP_WHY_TLS, SP_PENALTY_PROBE, SP_KEEPER_SECONDS_PROBE},
			{SP_WHY_NEGOTIATION, SP_PENALTY_PROBE, SP_KEEPER_SECONDS_PROBE},
			{SP_WHY_GONE, SP_PENALTY_PROBE, SP_KEEPER_SECONDS_PROBE},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_msg_bye bye = {.why = rows[i].why};

		connect_one();
		assert_int_equal(sp_mon_say(net, BYE, &bye), SP_OK);
		expect(parent, SP_MSG_PENALTY);
		assert_int_equal(in.body.penalty.kind, rows[i].kind);
		assert_int_equal(in.body.penalty.seconds, rows[i].seconds);
		close(net);
		close(login);
		closed(SP_ROLE_NET, false, false);
		expect_nothing(parent);
	}
}

/* A refused login is paid for once, however sp-net calls its end. */
static void test_one_penalty(void **state)
{
	struct sp_msg_bye bye = {.why = SP_WHY_PROTOCOL};

	connect_one();
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
	expect(parent, SP_MSG_PENALTY);
	assert_int_equal(sp_mon_say(net, BYE, &bye), SP_OK);
	close(net);
	close(login);
	closed(SP_ROLE_NET, false, false);
	expect_nothing(parent);
}

static void test_parent_mistakes(void **state)
{
	struct sp_msg_conn_open m = {.conn = 0};
	int fds[2] = {parent, broker};

	/* The same number twice. */
	connect_one();
	m.conn = conn;
	m.source.family = AF_INET;
	assert_int_equal(sp_mon_send(parent, SP_MSG_CONN_OPEN, &m, sizeof(m), fds, 2), SP_OK);
	assert_int_equal(sp_keeper_control(&k), SP_EFIELD);
	disconnect();
	struct sp_msg_none none = {0};
	assert_int_equal(sp_mon_say(parent, RELOAD, &none), SP_OK);
	turn();
	assert_true(k.reload);
	k.reload = false;
	assert_int_equal(sp_mon_say(parent, ASK_VERDICT, &none), SP_OK);
	assert_int_equal(sp_keeper_control(&k), SP_EDENIED);
}

/* The code in the name: one question less, and good once all the same. */
static void test_code_in_name(void **state)
{
	char name[64];

	for (int again = 0; again < 2; again++) {
		connect_one();
		conf.mfa = SP_CONF_MFA_ENROLLED;
		snprintf(name, sizeof(name), "Carol#desktop#%s", good_code());
		assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
		done(SP_DONE_OK, SP_WHY_OK, name);
		assert_int_equal(verdict().ask, 1);
		assert_int_equal(sp_mon_say(net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
		expect(net, SP_MSG_PROMPT);
		assert_int_equal(in.body.prompt.kind, again ? SP_PROMPT_CODE : SP_PROMPT_DONE);
		if (again) {
			assert_int_equal(in.body.prompt.tries, 2);
			assert_non_null(strstr(in.body.prompt.text, "used already"));
		} else {
			open_target();
		}
		disconnect();
	}
	/* A proof alone spends nothing: clients connect twice. */
	unix_s += 300;
	for (int i = 0; i < 2; i++) {
		connect_one();
		snprintf(name, sizeof(name), "carol##%s", good_code());
		assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
		disconnect();
	}
	connect_one();
	conf.mfa = SP_CONF_MFA_ENROLLED;
	assert_int_equal(prove(name, GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, name);
	verdict();
	assert_int_equal(sp_mon_say(net, CONVERSE, &(struct sp_msg_converse){0}), SP_OK);
	expect(net, SP_MSG_PROMPT);
	assert_int_equal(in.body.prompt.kind, SP_PROMPT_DONE);
	disconnect();
	/* Who has no second factor is let through by "enrolled". */
	connect_one();
	conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in();
	assert_int_equal(verdict().ask, 0);
	open_target();
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_each_question_in_each_state),
			cmocka_unit_test(test_garbage_ends),
			cmocka_unit_test(test_login),
			cmocka_unit_test(test_refusals),
			cmocka_unit_test(test_done_decides),
			cmocka_unit_test(test_old_challenge),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_signatures),
			cmocka_unit_test(test_no_broker),
			cmocka_unit_test(test_late_broker),
			cmocka_unit_test(test_ends),
			cmocka_unit_test(test_early_ends),
			cmocka_unit_test(test_one_penalty),
			cmocka_unit_test(test_parent_mistakes),
			cmocka_unit_test(test_code_in_name),
	};

	return cmocka_run_group_tests(tests, open_keeper, close_keeper);
}
