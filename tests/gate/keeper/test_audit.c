/* tests/gate/keeper/test_audit.c - what a connection tells, and what waits until it is written. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/audit.h"
#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_token.h"
#include "gate/keeper/store_vault.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/monitor/teller.h"

static void bye(uint32_t why, const char *text)
{
	struct sp_msg_bye m = {.why = why, .bytes_in = 1000, .bytes_out = 70000};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(rig.net, BYE, &m), SP_OK);
	turn();
}

/* sp-target shows a certificate; nothing is read of what comes. */
static void show_cert(void)
{
	struct sp_msg_none none = {0};
	struct sp_msg_target_cert cert = {.verified = 1, .nla = 1, .spki = {1, 2, 3}};

	assert_int_equal(sp_mon_say(rig.leg, ASK_TRUST, &none), SP_OK);
	expect(rig.leg, SP_MSG_TRUST);
	assert_int_equal(sp_mon_say(rig.leg, TARGET_CERT, &cert), SP_OK);
	turn();
}

static void test_failures(void **state)
{
	connect_one();
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
	assert_true(told("conn.open outcome=ok src.ip=127.0.0.7 src.net=127.0.0.7/32 src.port=0"));
	assert_true(told("auth.fail outcome=failed reason=wrong-password actor.user=alice "
			 "actor.known=1 claimed.user=alice auth.method=ntlm"));
	disconnect();
	assert_true(told("conn.close reason=gone"));
	connect_one();
	assert_int_equal(prove("Mallory", GOOD), SP_PROOF_DENIED);
	assert_true(told("auth.fail reason=unknown-user actor.known=0 claimed.user=Mallory"));
	assert_false(told("auth.fail actor.user=Mallory"));
	disconnect();
	connect_one();
	assert_int_equal(prove("dave", GOOD), SP_PROOF_DENIED);
	assert_true(told("auth.fail reason=disabled actor.user=dave actor.known=1"));
	assert_int_equal(told_times("auth.fail"), 1);
	disconnect();
}

/* From a network that is not this machine, so that one has to wait. */
static void test_lockout(void **state)
{
	struct sp_source was = rig.source;

	rig.source = (struct sp_source){
			.family = AF_INET, .addr = {192, 0, 2, 7}, .text = "192.0.2.7:5"};
	for (int i = 0; i < 7; i++) {
		connect_one();
		assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
		assert_true(told("auth.fail src.net=192.0.2.7/32"));
		assert_int_equal(told_times("lock.step"), i >= SP_LOCKOUT_FREE);
		disconnect();
	}
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_DENIED);
	assert_true(told("auth.fail outcome=denied reason=locked actor.user=alice"));
	disconnect();
	/* In time she is let in, and that lifts it: after that is written. */
	rig.unix_s += 61;
	connect_one();
	log_in();
	rig.scribe_waits = true;
	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &(struct sp_msg_none){0}), SP_OK);
	expect_nothing(rig.net);
	assert_true(told("lock.end reason=login actor.user=alice count=7"));
	struct sp_lockout lock;
	assert_int_equal(sp_store_lockout_show(rig.k.store, "alice", rig.unix_s, &lock), SP_OK);
	assert_int_equal(lock.failures, 7);
	rig.scribe_waits = false;
	scribe_answers();
	expect(rig.net, SP_MSG_VERDICT);
	assert_int_equal(sp_store_lockout_show(rig.k.store, "alice", rig.unix_s, &lock), SP_OK);
	assert_int_equal(lock.failures, 0);
	disconnect();
	rig.source = was;
}

static void test_factor(void **state)
{
	char code[SP_TOTP_DIGITS + 1];

	rig.unix_s += 300;
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in_as("carol#desktop", GOOD);
	assert_int_equal(verdict().ask, 1);
	assert_true(told("auth.ok outcome=ok actor.user=carol auth.method=ntlm"));
	assert_int_equal(converse(), SP_PROMPT_CODE);
	assert_int_equal(answer("000000"), SP_PROMPT_CODE);
	assert_true(told("mfa.fail reason=wrong-code auth.attempts=1 auth.mfa=otp"));
	snprintf(code, sizeof(code), "%s", good_code());
	assert_int_equal(answer(code), SP_PROMPT_DONE);
	assert_true(told("mfa.ok auth.mfa=otp auth.attempts=2 actor.user=carol"));
	assert_true(told("policy.allow target.name=desktop auth.mfa=otp"));
	disconnect();
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in_as("carol#desktop", GOOD);
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse(), SP_PROMPT_CODE);
	assert_int_equal(answer(code), SP_PROMPT_CODE);
	assert_true(told("mfa.fail reason=spent-code"));
	assert_true(told("token.misuse auth.method=otp actor.user=carol"));
	/* The next one is right, and waits. */
	rig.unix_s += 60;
	rig.scribe_waits = true;
	struct sp_msg_answer m = {.kind = SP_ANSWER_OK};
	snprintf(m.text, sizeof(m.text), "%s", good_code());
	assert_int_equal(sp_mon_say(rig.net, ANSWER, &m), SP_OK);
	expect_nothing(rig.net);
	assert_true(told("mfa.ok"));
	/* Nothing is asked meanwhile, be it allowed or not. */
	struct sp_msg_open_target o = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &o), SP_OK);
	expect_nothing(rig.broker);
	rig.scribe_waits = false;
	scribe_answers();
	expect(rig.net, SP_MSG_PROMPT);
	assert_int_equal(rig.in.body.prompt.kind, SP_PROMPT_DONE);
	expect(rig.broker, SP_MSG_DESKTOP_OPEN);
	disconnect();
}

static void test_timeout(void **state)
{
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in_as("carol#desktop", GOOD);
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse(), SP_PROMPT_CODE);
	rig.clock_us += 121 * UINT64_C(1000000);
	sp_watch_at(rig.k.conns->timer, 1);
	expect(rig.net, SP_MSG_PROMPT);
	assert_true(told("mfa.timeout reason=deadline auth.attempts=0"));
	disconnect();
}

static void test_token(void **state)
{
	char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE], id[48];
	struct sp_token ask = {.user = "alice"};
	int64_t n;

	assert_int_equal(sp_store_token_new(rig.k.store, &ask, 600, rig.unix_s, text, route, &n),
			SP_OK);
	connect_one();
	log_in_as("alice#desktop", text);
	verdict();
	snprintf(id, sizeof(id), "token.use auth.method=token");
	assert_true(told(id));
	disconnect();
	connect_one();
	assert_int_equal(prove("alice#desktop", text), SP_PROOF_DENIED);
	assert_true(told("auth.fail reason=spent-token actor.user=alice"));
	assert_true(told("token.misuse severity=high auth.method=token actor.user=alice"));
	disconnect();
}

/* Denied by the rules: who it was is known, and why. */
static void test_denied(void **state)
{
	connect_one();
	with_db1();
	log_in_as("alice#nowhere", GOOD);
	assert_int_equal(verdict().result, SP_VERDICT_DENIED);
	assert_true(told("auth.ok actor.user=alice"));
	assert_true(told("policy.deny outcome=denied reason=policy actor.user=alice "
			 "target.name=nowhere"));
	assert_int_equal(told_times("auth.fail"), 0);
	disconnect();
	assert_int_equal(told_times("conn.close"), 1);
}

static void test_session(void **state)
{
	connect_one();
	to_given();
	assert_true(told("policy.allow policy.rule=operators target.name=db1"));
	assert_true(told("target.connect target.ip=192.0.2.9:3389 target.kind=rdp"));
	assert_true(told("session.start session.width=800 session.height=600 target.name=db1 "
			 "policy.rule=operators"));
	show_cert();
	assert_true(told("target.cert severity=low reason=first-seen outcome=ok"));
	assert_true(told("target.login outcome=none reason=same target.user=alice"));
	expect(rig.leg, SP_MSG_TARGET_LOGIN);
	struct sp_msg_target_done done = {.result = SP_DONE_OK};
	assert_int_equal(sp_mon_say(rig.leg, TARGET_DONE, &done), SP_OK);
	turn();
	assert_true(told("target.login outcome=ok"));
	struct sp_msg_none none = {0};
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &none), SP_OK);
	struct sp_msg_channel ch = {.verdict = SP_TOLD_REFUSED, .name = "rdpsnd", .missed = 3};
	assert_int_equal(sp_mon_say(rig.net, CHANNEL, &ch), SP_OK);
	struct sp_msg_transfer t = {.channel = SP_TOLD_CLIPBOARD,
			.way = SP_TOLD_OUT,
			.kind = SP_TOLD_FILE,
			.verdict = SP_TOLD_PASSED,
			.bytes = 12,
			.has_sha256 = 1,
			.sha256 = {0xab},
			.name = "a/b.txt",
			.sent = "a\\b.txt"};
	assert_int_equal(sp_mon_say(rig.net, TRANSFER, &t), SP_OK);
	t.kind = SP_TOLD_TEXT;
	t.verdict = SP_TOLD_REFUSED;
	t.missed = 7;
	assert_int_equal(sp_mon_say(rig.net, TRANSFER, &t), SP_OK);
	turn();
	assert_true(told("transfer.missed transfer.missed=3"));
	assert_true(told("channel.deny channel.name=rdpsnd transfer.kind=static"));
	assert_true(told("file.transfer outcome=ok transfer.way=out transfer.kind=file "
			 "transfer.bytes=12 transfer.name=a/b.txt claimed.name=a\\b.txt"));
	assert_true(told("transfer.missed transfer.missed=7"));
	assert_true(told("clip.transfer outcome=denied transfer.verdict=refused"));
	rig.clock_us += 5000000;
	bye(SP_WHY_BYE, "client disconnected");
	assert_true(told("session.end reason=user session.bytes-in=1000 session.bytes-out=70000 "
			 "session.duration-ms=5000 target.name=db1 actor.user=alice"));
	disconnect();
	assert_true(told("conn.close reason=user session.bytes-in=1000"));
	assert_int_equal(told_times("session.end"), 1);
	assert_int_equal(told_times("session.start"), 1);
	assert_int_equal(told_times("conn.close"), 1);
}

/* The vault is opened only when that is written. */
static void test_vault(void **state)
{
	connect_one();
	struct sp_conf_target *t = with_db1();
	t->login = SP_CONF_LOGIN_SECRET;
	snprintf(t->secret, sizeof(t->secret), "db-root");
	assert_int_equal(sp_store_vault_set(rig.k.store, "db-root", "CORP\\root", "pw"), SP_OK);
	to_given();
	assert_true(told("priv.grant vault.secret=db-root target.name=db1"));
	rig.scribe_waits = true;
	show_cert();
	expect_nothing(rig.leg);
	assert_true(told("vault.use vault.secret=db-root actor.user=alice"));
	assert_true(told("target.login outcome=none reason=vault"));
	assert_null(rig.k.conns->secret);
	rig.scribe_waits = false;
	scribe_answers();
	expect(rig.leg, SP_MSG_TARGET_LOGIN);
	assert_int_equal(rig.in.body.target_login.result, SP_TARGET_LOGIN_OK);
	assert_string_equal(rig.in.body.target_login.user, "root");
	disconnect();
	/* And not at all when it cannot be. */
	connect_one();
	t = with_db1();
	t->login = SP_CONF_LOGIN_SECRET;
	snprintf(t->secret, sizeof(t->secret), "db-root");
	to_given();
	rig.scribe_refuses = "the disk is full";
	show_cert();
	expect(rig.leg, SP_MSG_TARGET_LOGIN);
	assert_int_equal(rig.in.body.target_login.result, SP_TARGET_LOGIN_DENIED);
	assert_string_equal(rig.in.body.target_login.password, "");
	rig.scribe_refuses = NULL;
	disconnect();
}

/* Before the verdict, the right, the session: nothing is said, or a refusal. */
static void test_refused(void **state)
{
	struct sp_msg_none none = {0};

	connect_one();
	log_in_as("alice#desktop", GOOD);
	rig.scribe_refuses = "the disk is full";
	/* The password was right, and there is a right already: it is taken back. */
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_GRANTED);
	assert_int_equal(v.ask, 1);
	assert_int_equal(rig.k.conns->grant.id, 0);
	assert_true(logged("the audit cannot be written", "the disk is full"));
	assert_int_equal(converse(), SP_PROMPT_REFUSED);
	assert_non_null(strstr(rig.in.body.prompt.text, "administrator"));
	rig.scribe_refuses = NULL;
	struct sp_msg_open_target o = {.geometry = {.width = 800, .height = 600, .bpp = 16}};
	assert_int_equal(sp_mon_say(rig.net, OPEN_TARGET, &o), SP_OK);
	assert_true(was_ended());
	expect_nothing(rig.broker);
	disconnect();
	assert_true(told("policy.deny reason=audit actor.user=alice"));
	assert_true(told("audit.dropped"));

	/* A code that is right, and a target that is there. */
	rig.unix_s += 300;
	connect_one();
	rig.conf.mfa = SP_CONF_MFA_ENROLLED;
	log_in_as("carol#desktop", GOOD);
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse(), SP_PROMPT_CODE);
	rig.scribe_refuses = "the disk is full";
	assert_int_equal(answer(good_code()), SP_PROMPT_REFUSED);
	assert_int_equal(rig.k.conns->grant.id, 0);
	rig.scribe_refuses = NULL;
	disconnect();

	connect_one();
	struct sp_msg_desktop_opened m = {.conn = rig.conn};
	int p[2];
	log_in();
	verdict();
	open_target();
	rig.scribe_refuses = "the disk is full";
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	assert_non_null(strstr(rig.in.body.target.text, "audit"));
	close(p[1]);
	assert_int_equal(sp_mon_say(rig.net, TARGET_UP, &none), SP_OK);
	rig.scribe_refuses = NULL;
	disconnect();

	/* Unless that is not minded. */
	connect_one();
	rig.conf.audit_open = true;
	rig.scribe_refuses = "the disk is full";
	log_in();
	assert_int_equal(verdict().ask, 0);
	open_target();
	rig.scribe_refuses = NULL;
	disconnect();
	rig.conf.audit_open = false;
}

/* The scribe dies: who waits is served by the next one, or refused; what runs goes on. */
static void test_restart(void **state)
{
	struct sp_msg_none none = {0};

	connect_one();
	log_in();
	rig.scribe_waits = true;
	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &none), SP_OK);
	expect_nothing(rig.net);
	sp_fd_close(&rig.scribe);
	expect_nothing(rig.net);
	rig.scribe_waits = false;
	new_scribe();
	expect(rig.net, SP_MSG_VERDICT);
	assert_int_equal(rig.in.body.verdict.ask, 0);
	assert_int_equal(told_times("auth.ok"), 2);
	/* This one runs while there is none. */
	sp_teller_patience(rig.k.teller, 1000);
	sp_fd_close(&rig.scribe);
	turn();
	open_target();
	bye(SP_WHY_BYE, "client disconnected");
	disconnect();
	/* The next one is not let in. */
	connect_one();
	log_in();
	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &none), SP_OK);
	usleep(3000);
	expect(rig.net, SP_MSG_VERDICT);
	assert_int_equal(rig.in.body.verdict.ask, 1);
	assert_int_equal(converse(), SP_PROMPT_REFUSED);
	disconnect();
	/* And all of it is told when there is one again. */
	new_scribe();
	assert_true(told("policy.deny reason=audit"));
	sp_teller_patience(rig.k.teller, SP_TELLER_WAIT_US);
	connect_one();
	log_in();
	assert_int_equal(verdict().ask, 0);
	disconnect();
}

/* Whoever goes away, or is ended, while he waits leaves nothing behind. */
static void test_gone(void **state)
{
	struct sp_msg_none none = {0};

	connect_one();
	log_in();
	rig.scribe_waits = true;
	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &none), SP_OK);
	expect_nothing(rig.net);
	disconnect();
	rig.scribe_waits = false;
	scribe_answers();
	/* Ended by somebody: told in its turn. */
	connect_one();
	log_in();
	rig.scribe_waits = true;
	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &none), SP_OK);
	expect_nothing(rig.net);
	/* That sp-login is gone says nothing. */
	closed(SP_ROLE_LOGIN, false, false);
	expect_nothing(rig.net);
	sp_session_end(sp_sessions_first(rig.k.sessions), SP_WHY_ADMIN, SP_SESSION_INFO_ADMIN,
			"go home", rig.clock_us);
	expect_nothing(rig.net);
	rig.scribe_waits = false;
	scribe_answers();
	expect(rig.net, SP_MSG_VERDICT);
	expect(rig.net, SP_MSG_SESSION_END);
	disconnect();
}

static void test_crash(void **state)
{
	connect_one();
	to_given();
	closed(SP_ROLE_LOGIN, true, false);
	assert_true(told("proc.crash process.name=sp-login process.signal=11"));
	close(rig.net);
	close(rig.login);
	closed(SP_ROLE_NET, true, false);
	assert_true(told("proc.crash process.name=sp-net process.signal=11 "
			 "process.version=" SP_VERSION));
	assert_true(told("session.end reason=crash"));
	assert_true(told("conn.close reason=crash"));
	rig.net = rig.login = -1;
	sp_fd_close(&rig.leg);
	sp_fd_close(&rig.host);
	connect_one();
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_failures),
			cmocka_unit_test(test_lockout),
			cmocka_unit_test(test_factor),
			cmocka_unit_test(test_timeout),
			cmocka_unit_test(test_token),
			cmocka_unit_test(test_denied),
			cmocka_unit_test(test_session),
			cmocka_unit_test(test_vault),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_restart),
			cmocka_unit_test(test_gone),
			cmocka_unit_test(test_crash),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
