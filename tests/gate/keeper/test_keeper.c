/* tests/gate/keeper/test_keeper.c - the keeper between its parent and the connections. */
#include "rig.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"

static void test_ends(void **state)
{
	connect_one();
	closed(SP_ROLE_LOGIN, true, false);
	expect(rig.parent, SP_MSG_PENALTY);
	assert_int_equal(rig.in.body.penalty.kind, SP_PENALTY_CRASH);
	assert_int_equal(rig.in.body.penalty.seconds, SP_KEEPER_SECONDS_CRASH);
	assert_int_equal(rig.k.n, 1);
	close(rig.net);
	close(rig.login);
	closed(SP_ROLE_NET, false, true);
	expect(rig.parent, SP_MSG_PENALTY);
	assert_int_equal(rig.in.body.penalty.kind, SP_PENALTY_DEADLINE);
	assert_int_equal(rig.k.n, 0);
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
		assert_int_equal(sp_mon_say(rig.net, BYE, &bye), SP_OK);
		expect(rig.parent, SP_MSG_PENALTY);
		assert_int_equal(rig.in.body.penalty.kind, rows[i].kind);
		assert_int_equal(rig.in.body.penalty.seconds, rows[i].seconds);
		close(rig.net);
		close(rig.login);
		closed(SP_ROLE_NET, false, false);
		expect_nothing(rig.parent);
	}
}

/* A refused login is paid for once, however sp-net calls its end. */
static void test_one_penalty(void **state)
{
	struct sp_msg_bye bye = {.why = SP_WHY_PROTOCOL};

	connect_one();
	assert_int_equal(prove("alice", "wrong"), SP_PROOF_DENIED);
	expect(rig.parent, SP_MSG_PENALTY);
	assert_int_equal(sp_mon_say(rig.net, BYE, &bye), SP_OK);
	close(rig.net);
	close(rig.login);
	closed(SP_ROLE_NET, false, false);
	expect_nothing(rig.parent);
}

static void test_parent_mistakes(void **state)
{
	struct sp_msg_conn_open m = {.conn = 0};
	int fds[2] = {rig.parent, rig.broker};

	/* The same number twice. */
	connect_one();
	m.conn = rig.conn;
	m.source.family = AF_INET;
	assert_int_equal(sp_mon_send(rig.parent, SP_MSG_CONN_OPEN, &m, sizeof(m), fds, 2), SP_OK);
	assert_int_equal(sp_keeper_control(&rig.k), SP_EFIELD);
	disconnect();
	struct sp_msg_none none = {0};
	assert_int_equal(sp_mon_say(rig.parent, RELOAD, &none), SP_OK);
	turn();
	assert_true(rig.k.reload);
	rig.k.reload = false;
	assert_int_equal(sp_mon_say(rig.parent, ASK_VERDICT, &none), SP_OK);
	assert_int_equal(sp_keeper_control(&rig.k), SP_EDENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_ends),
			cmocka_unit_test(test_early_ends),
			cmocka_unit_test(test_one_penalty),
			cmocka_unit_test(test_parent_mistakes),
	};

	return cmocka_run_group_tests(tests, rig_open, rig_close);
}
