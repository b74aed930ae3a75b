/* tests/gate/keeper/test_login.c - what a login is worth. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"

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
	assert_int_equal(c.time, (UINT64_C(11644473600) + (uint64_t)rig.unix_s) * 10000000);
	/* The names give nothing away, and are the same for everybody. */
	assert_int_equal(strlen(c.nb_computer), 15);
	assert_string_equal(c.nb_computer, rig.k.alias);
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
	expect(rig.parent, SP_MSG_CONN_GRANTED);
	assert_int_equal(rig.in.body.conn_granted.conn, rig.conn);
	assert_int_equal(sp_store_get(rig.k.store, "alice", &u), SP_OK);
	assert_int_equal(u.last_login, rig.unix_s);
	open_target();
	assert_int_equal(rig.in.body.desktop_open.conn, rig.conn);
	assert_string_equal(rig.in.body.desktop_open.user, "alice");
	assert_string_equal(rig.in.body.desktop_open.account, "alice");
	assert_string_equal(rig.in.body.desktop_open.target, "desktop");
	assert_string_equal(rig.in.body.desktop_open.command, "my-session");
	assert_int_equal(rig.in.body.desktop_open.geometry.width, 800);
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
		assert_memory_equal(rig.in.body.proof_result.session_base_key, zero, 16);
		/* The peer's address pays the same for each of them. */
		expect(rig.parent, SP_MSG_PENALTY);
		assert_int_equal(rig.in.body.penalty.kind, SP_PENALTY_AUTH);
		assert_int_equal(rig.in.body.penalty.seconds, SP_KEEPER_SECONDS_AUTH);
		done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
		expect_nothing(rig.parent);
		assert_verdict_denied(rows[i].why);
	}
}

static void test_done_decides(void **state)
{
	/* The proof alone opens nothing: the server key must have been bound as well. */
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_FAILED, SP_WHY_BINDING, "");
	expect(rig.parent, SP_MSG_PENALTY);
	assert_verdict_denied(SP_WHY_BINDING);
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	shutdown(rig.login, SHUT_RDWR);
	turn();
	assert_verdict_denied(SP_WHY_NO_LOGIN);
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "dave");
	assert_int_equal(verdict().why, SP_WHY_IDENTITY);
	expect(rig.parent, SP_MSG_PENALTY);
	disconnect();
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "ALICE@corp");
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	disconnect();
	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	done(SP_DONE_OK, SP_WHY_OK, "");
	assert_int_equal(verdict().result, SP_VERDICT_GRANTED);
	disconnect();
	/* Somebody who never proved anything. */
	connect_one();
	done(SP_DONE_FAILED, SP_WHY_CREDSSP, "");
	expect(rig.parent, SP_MSG_PENALTY);
	assert_verdict_denied(SP_WHY_CREDSSP);
	/* A peer that only went away pays nothing. */
	connect_one();
	done(SP_DONE_FAILED, SP_WHY_GONE, "");
	expect_nothing(rig.parent);
	assert_verdict_denied(SP_WHY_GONE);
}

static void test_old_challenge(void **state)
{
	connect_one();
	struct sp_msg_challenge c = challenge();
	struct sp_msg_proof m = proof_of("alice", GOOD, c.challenge);
	rig.clock_us += SP_KEEPER_CHALLENGE_US + 1;
	assert_int_equal(sp_mon_say(rig.login, PROOF, &m), SP_OK);
	expect(rig.login, SP_MSG_PROOF_RESULT);
	assert_int_equal(rig.in.body.proof_result.result, SP_PROOF_DENIED);
	done(SP_DONE_FAILED, SP_WHY_PASSWORD, "");
	assert_verdict_denied(SP_WHY_STALE);
	/* A proof made for another connection's challenge. */
	connect_one();
	challenge();
	assert_int_equal(sp_mon_say(rig.login, PROOF, &m), SP_OK);
	expect(rig.login, SP_MSG_PROOF_RESULT);
	assert_int_equal(rig.in.body.proof_result.result, SP_PROOF_DENIED);
	disconnect();
}

/* Both questions lie there when the keeper wakes up: DONE was said first and counts first. */
static void test_order(void **state)
{
	struct sp_msg_done m = {.result = SP_DONE_OK, .why = SP_WHY_OK};
	struct sp_msg_none none = {0};

	connect_one();
	assert_int_equal(prove("alice", GOOD), SP_PROOF_GRANTED);
	assert_int_equal(sp_mon_say(rig.login, DONE, &m), SP_OK);
	assert_int_equal(sp_mon_say(rig.net, ASK_VERDICT, &none), SP_OK);
	expect(rig.net, SP_MSG_VERDICT);
	assert_int_equal(rig.in.body.verdict.result, SP_VERDICT_GRANTED);
	disconnect();
}

static void test_signatures(void **state)
{
	struct sp_msg_sign m = {.scheme = 0x0403, .n = 32};

	connect_one();
	assert_int_equal(sp_mon_say(rig.net, SIGN, &m), SP_OK);
	expect(rig.net, SP_MSG_SIGNATURE);
	assert_int_equal(rig.in.body.signature.result, SP_SIGN_REFUSED);
	assert_int_equal(rig.in.body.signature.n, 0);
	disconnect();
	const struct sp_tls_key *key = rig.k.key;
	rig.k.key = NULL;
	connect_one();
	assert_int_equal(sp_mon_say(rig.net, SIGN, &m), SP_OK);
	expect(rig.net, SP_MSG_SIGNATURE);
	assert_int_equal(rig.in.body.signature.result, SP_SIGN_REFUSED);
	disconnect();
	rig.k.key = key;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_login),
			cmocka_unit_test(test_refusals),
			cmocka_unit_test(test_done_decides),
			cmocka_unit_test(test_old_challenge),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_signatures),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
