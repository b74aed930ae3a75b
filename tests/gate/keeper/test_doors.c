/* tests/gate/keeper/test_doors.c - what the rules, a token, a device and failures mean at the verdict. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/session.h"
#include "gate/keeper/store_device.h"
#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_token.h"

static void assert_denied(const char *name, const char *said)
{
	log_in_as(name, GOOD);
	struct sp_msg_verdict v = verdict();
	assert_int_equal(v.result, SP_VERDICT_DENIED);
	assert_int_equal(v.early_user, SP_AUTHZ_ACCESS_DENIED);
	assert_int_equal(v.why, SP_WHY_POLICY);
	assert_int_equal(v.grant, 0);
	assert_string_equal(v.user, "");
	/* Why is for the log; what sp-net gets is the same for all of them. */
	assert_string_equal(v.text, sp_why_text(SP_WHY_POLICY));
	assert_true(logged("login of \"alice\" refused: no rule allows it", said));
	assert_int_equal(sp_sessions_first(rig.k.sessions) == NULL, true);
	/* It was the right password: others may come from there, too. */
	expect_nothing(rig.parent);
	disconnect();
}

static void test_rules_at_the_verdict(void **state)
{
	struct sp_conf_rule *r;

	connect_one();
	with_db1();
	assert_denied("alice#db2", "there is no such target");
	connect_one();
	with_db1();
	r = with_rule("operators");
	r->n_targets = 1;
	snprintf(r->targets[0], SP_CONF_NAME, "desktop");
	assert_denied("alice#db1", "");
	connect_one();
	r = with_rule("operators");
	r->n_users = 1;
	snprintf(r->users[0], SP_CONF_NAME, "bob");
	assert_denied("alice", "no rule lets alice in");
	connect_one();
	r = with_rule("operators");
	r->n_from = 1;
	r->from[0] = (struct sp_conf_net){.family = AF_INET, .bits = 8, .addr = {10}};
	assert_denied("alice#desktop", "no rule lets alice reach desktop from 127.0.0.7");
	/* The password comes first: who does not have it learns nothing of the rules. */
	connect_one();
	with_rule("operators")->n_users = 1;
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
	done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
	assert_int_equal(verdict().why, SP_WHY_PASSWORD);
	disconnect();
	/* The only one in reach is it. */
	connect_one();
	with_db1();
	r = with_rule("operators");
	r->n_targets = 1;
	snprintf(r->targets[0], SP_CONF_NAME, "desktop");
	log_in();
	assert_int_equal(verdict().ask, 0);
	assert_true(logged("user alice logged in to desktop by rule \"operators\"", ""));
	open_target();
	assert_string_equal(rig.in.body.desktop_open.target, "desktop");
	disconnect();
}

/* What was right at the verdict is asked again before the right is made. */
static void test_rules_change(void **state)
{
	connect_one();
	struct sp_conf_rule *r = with_rule("operators");
	rig.conf.mfa = SP_CONF_MFA_REQUIRED;
	rig.unix_s += 300;
	assert_int_equal(prove("carol", GOOD), SP_PROOF_GRANTED);
	done_with("carol", GOOD);
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse(), SP_PROMPT_CODE);
	r->n_users = 1;
	snprintf(r->users[0], SP_CONF_NAME, "bob");
	assert_int_equal(answer(good_code()), SP_PROMPT_REFUSED);
	disconnect();
	/* And again when the target is opened. */
	connect_one();
	r = with_rule("operators");
	log_in();
	verdict();
	open_target();
	r->n_users = 1;
	snprintf(r->users[0], SP_CONF_NAME, "bob");
	struct sp_msg_desktop_opened m = {.conn = rig.conn};
	int p[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect(rig.net, SP_MSG_TARGET);
	assert_int_equal(rig.in.body.target.result, SP_OPEN_DENIED);
	close(p[1]);
	disconnect();
}

static void test_channels_and_times(void **state)
{
	connect_one();
	struct sp_conf_rule *r = with_rule("operators");
	r->channels = (struct sp_conf_channels){.clipboard = SP_CONF_CLIP_TEXT_IN,
			.drives = SP_CONF_DRIVES_READ,
			.limit = 1u << 20,
			.sound = true};
	r->idle_s = 600;
	r->max_s = 3600;
	log_in();
	verdict();
	open_target();
	struct sp_msg_desktop_opened m = {.conn = rig.conn};
	int p[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p), 0);
	assert_int_equal(
			sp_mon_send(rig.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), p, 1), SP_OK);
	close(p[0]);
	expect(rig.net, SP_MSG_TARGET);
	const struct sp_msg_target *t = &rig.in.body.target;
	assert_int_equal(t->channels.clipboard, SP_CLIP_RIGHT_TEXT_IN);
	assert_int_equal(t->channels.drives, SP_DRIVES_READ);
	assert_int_equal(t->channels.limit, 1u << 20);
	assert_int_equal(t->channels.sound, 1);
	assert_int_equal(t->channels.microphone, 0);
	assert_int_equal(t->channels.other, 0);
	assert_int_equal(t->idle_s, 600);
	assert_int_equal(t->max_s, 3600);
	assert_true(t->warn_s > 0);
	assert_int_equal(t->arc.present, 1);
	close(p[1]);
	disconnect();
}

static void new_token(const char *target, char text[SP_TOKEN_TEXT], char route[SP_TOKEN_ROUTE])
{
	struct sp_token ask = {.user = "alice"};
	int64_t id;

	snprintf(ask.target, sizeof(ask.target), "%s", target);
	assert_int_equal(sp_store_token_new(rig.k.store, &ask, 120, rig.unix_s, text, route, &id),
			SP_OK);
}

/* A token is both factors, for its target, once; clients may prove it twice. */
static void test_token(void **state)
{
	char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE];

	new_token("db1", text, route);
	connect_one();
	assert_int_equal(prove("alice", text), SP_PROOF_GRANTED);
	disconnect();
	connect_one();
	with_db1();
	with_rule("tokens")->mfa = SP_CONF_FACTOR_TOKEN;
	assert_int_equal(prove("alice", text), SP_PROOF_GRANTED);
	done_with("alice", text);
	/* What db1 takes as "same" is the password, and a token is none: it is asked for. */
	assert_int_equal(verdict().ask, 1);
	assert_int_equal(converse(), SP_PROMPT_LOGIN);
	assert_int_equal(answer_as(SP_ANSWER_OK, "alice", "secret"), SP_PROMPT_DONE);
	assert_true(logged("user alice logged in to db1 by rule \"tokens\"", "one-time token"));
	disconnect();
	connect_one();
	assert_int_equal(prove("alice", text), SP_PROOF_DENIED);
	disconnect();
	/* Not for another target. */
	new_token("db1", text, route);
	connect_one();
	with_db1();
	assert_int_equal(prove("alice#desktop", text), SP_PROOF_GRANTED);
	done_with("alice#desktop", text);
	assert_int_equal(verdict().why, SP_WHY_POLICY);
	disconnect();
}

static void test_route(void **state)
{
	char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE];
	struct sp_msg_route m = {0};

	connect_one();
	snprintf(m.token, sizeof(m.token), "rAAAAAAAAAAAAAAAAAAAAAA");
	assert_int_equal(sp_mon_say(rig.net, ROUTE, &m), SP_OK);
	expect(rig.net, SP_MSG_ROUTED);
	assert_int_equal(rig.in.body.routed.result, SP_ROUTED_DENIED);
	disconnect();
	new_token("", text, route);
	connect_one();
	snprintf(m.token, sizeof(m.token), "%s", route);
	assert_int_equal(sp_mon_say(rig.net, ROUTE, &m), SP_OK);
	expect(rig.net, SP_MSG_ROUTED);
	assert_int_equal(rig.in.body.routed.result, SP_ROUTED_OK);
	/* Asked once. */
	assert_int_equal(sp_mon_say(rig.net, ROUTE, &m), SP_OK);
	assert_true(was_ended());
	disconnect();
}

/* As test_route, on a connection that needs one; true when it may go on. */
static bool routed(const char *token)
{
	struct sp_msg_route m = {0};

	snprintf(m.token, sizeof(m.token), "%s", token);
	assert_int_equal(sp_mon_say(rig.net, ROUTE, &m), SP_OK);
	expect(rig.net, SP_MSG_ROUTED);
	return rig.in.body.routed.result == SP_ROUTED_OK;
}

/* What the first packet brings is one user's, for one login, and for his way back. */
static void test_route_binds(void **state)
{
	char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE];
	struct sp_msg_sign sign = {.scheme = 0x0403, .n = 1};

	/* Without a token there is no signature, whatever sp-net thinks. */
	connect_one();
	disconnect();
	rig.conf.require_token = true;
	connect_one();
	assert_int_equal(sp_mon_say(rig.net, SIGN, &sign), SP_OK);
	assert_true(was_ended());
	disconnect();
	/* Another user's login. */
	new_token("", text, route);
	connect_one();
	assert_true(routed(route));
	assert_int_equal(sp_mon_say(rig.net, SIGN, &sign), SP_OK);
	expect(rig.net, SP_MSG_SIGNATURE);
	log_in_as("carol", GOOD);
	assert_int_equal(verdict().why, SP_WHY_ROUTE);
	disconnect();
	/* His own spends it, and his client may come back while the session lives. */
	connect_one();
	assert_true(routed(route));
	with_rule("all")->mfa = SP_CONF_FACTOR_NONE;
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	done_with("alice", GOOD);
	assert_int_equal(verdict().ask, 0);
	struct sp_token t;
	assert_int_equal(sp_store_token_route(rig.k.store, route, &rig.source, rig.unix_s, &t),
			SP_EDENIED);
	disconnect();
	connect_one();
	assert_false(routed(route));
	disconnect();
	rig.conf.require_token = false;
}

static void test_device(void **state)
{
	char secret[SP_DEVICE_TEXT];
	int64_t id;

	assert_int_equal(sp_store_device_add(rig.k.store, "alice", "laptop", secret, &id), SP_OK);
	connect_one();
	struct sp_conf_rule *r = with_rule("devices");
	r->devices = SP_CONF_DEVICE_ENROLLED;
	r->mfa = SP_CONF_FACTOR_DEVICE;
	assert_int_equal(prove("alice", secret), SP_PROOF_GRANTED);
	done_with("alice", secret);
	assert_int_equal(verdict().ask, 0);
	assert_true(logged("user alice logged in to desktop by rule \"devices\"", "device secret"));
	disconnect();
	connect_one();
	r = with_rule("devices");
	r->devices = SP_CONF_DEVICE_ENROLLED;
	assert_denied("alice", "");
}

/* A stranger's failures make that stranger wait, also with the right password. */
static void test_lockout(void **state)
{
	struct sp_source was = rig.source;

	rig.source = (struct sp_source){
			.family = AF_INET, .addr = {198, 51, 100, 7}, .text = "198.51.100.7:5"};
	for (int i = 0; i <= SP_LOCKOUT_FREE; i++) {
		connect_one();
		assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
		disconnect();
	}
	connect_one();
	assert_int_equal(prove("ALICE", GOOD), SP_PROOF_DENIED);
	expect(rig.parent, SP_MSG_PENALTY);
	done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
	assert_int_equal(verdict().why, SP_WHY_LOCKED);
	assert_true(logged("login of \"ALICE\" refused: too many failures", ""));
	disconnect();
	/* Later it is good again. */
	rig.unix_s += 3600;
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	done_with("alice", GOOD);
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	assert_true(logged("before this login user alice failed", ""));
	disconnect();
	rig.source = was;
}

static void test_spraying(void **state)
{
	struct sp_source was = rig.source;
	bool told = false;
	char name[16];

	rig.source = (struct sp_source){
			.family = AF_INET, .addr = {203, 0, 113, 7}, .text = "203.0.113.7:5"};
	for (int i = 0; i < SP_SPRAY_USERS + 4; i++) {
		connect_one();
		snprintf(name, sizeof(name), "user%d", i);
		assert_int_equal(prove(name, "wrong"), SP_PROOF_DENIED);
		expect(rig.parent, SP_MSG_PENALTY);
		if (logged("0 conn", "spraying")) {
			assert_false(told);
			told = true;
		}
		assert_true(rig.in.body.penalty.seconds >=
				(told ? SP_SPRAY_PENALTY : SP_KEEPER_SECONDS_AUTH));
		disconnect();
	}
	assert_true(told);
	rig.source = was;
}

/* Many users from as many places, and from machines that call themselves the same. */
static void test_spread_out(void **state)
{
	struct sp_source was = rig.source;
	int users = 0, machines = 0;

	rig.unix_s += 2 * 3600;
	for (int i = 0; i < 40; i++) {
		rig.source = (struct sp_source){.family = AF_INET, .addr = {10, (uint8_t)i, 1, 1}};
		snprintf(rig.source.text, sizeof(rig.source.text), "10.%d.1.1:5", i);
		connect_one();
		struct sp_msg_challenge c = challenge();
		struct sp_msg_proof m = proof_of("alice", "wrong", c.challenge);
		snprintf(m.user, sizeof(m.user), "user%d", i);
		snprintf(m.machine, sizeof(m.machine), "a\"b\\\n\x1b[2J");
		assert_int_equal(sp_mon_say(rig.login, PROOF, &m), SP_OK);
		expect(rig.login, SP_MSG_PROOF_RESULT);
		expect(rig.parent, SP_MSG_PENALTY);
		/* It is told, and that is all. */
		assert_int_equal(rig.in.body.penalty.seconds, SP_KEEPER_SECONDS_AUTH);
		users += logged("0 spraying: 21 users failed within this hour", "0 are usual");
		machines += logged("1 spraying: logins failed from 6 or more sources within 10 "
				   "minutes, all from a machine that calls itself "
				   "\"a\\\"b\\\\??[2J\"",
				"");
		assert_int_equal(users, i >= 20);
		assert_int_equal(machines, i >= 5);
		disconnect();
	}
	rig.source = was;
	connect_one();
	log_in();
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	disconnect();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rules_at_the_verdict),
			cmocka_unit_test(test_rules_change),
			cmocka_unit_test(test_channels_and_times),
			cmocka_unit_test(test_token),
			cmocka_unit_test(test_route),
			cmocka_unit_test(test_route_binds),
			cmocka_unit_test(test_device),
			cmocka_unit_test(test_lockout),
			cmocka_unit_test(test_spraying),
			cmocka_unit_test(test_spread_out),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
