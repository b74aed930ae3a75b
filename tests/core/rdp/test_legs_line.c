/* tests/core/rdp/test_legs_line.c - what a desktop of ours, and nobody else, hears of the client's line. */
#include "chain.h"

#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/pdu/tpkt.h"

static void able(struct sp_gcc_client *gcc)
{
	gcc->core.early_capability_flags |= SP_GCC_CS_NETCHAR_AUTODETECT;
}

static void no_message(struct sp_gcc_client *gcc)
{
	able(gcc);
	gcc->has_msgchannel = false;
}

static size_t count(const struct chain_log *log, uint16_t channel, uint16_t flag)
{
	size_t n = 0;

	for (size_t i = 0; i < log->n; i++) {
		struct sp_mcs m;
		struct sp_rd r;
		uint16_t flags;

		sp_rd_init(&r, log->pdu[i]->p, log->pdu[i]->n);
		if (!sp_frame_is_fastpath(log->pdu[i]->p[0]) && sp_mcs_read(&r, &m) == SP_OK &&
				m.channel == channel && channel != 0) {
			sp_rd_init(&r, m.data.p, m.data.n);
			n += sp_sec_read(&r, &flags) == SP_OK && (flags & flag);
		}
	}
	return n;
}

static void send_mark(struct sp_rdp *s, uint32_t id)
{
	size_t mark = sp_rdp_send_begin(s, s->message_id);

	sp_sec_write(&s->wr, SP_SEC_LINE);
	sp_line_mark_write(&s->wr, id);
	assert_int_equal(sp_rdp_send_end(s, mark), SP_OK);
}

static void test_own(void **state)
{
	for (int i = 0; i < 4; i++) {
		struct chain_conf conf = chain_default;
		struct sp_line line = {.mark = 9, .rate = 1000};
		struct chain c;
		uint32_t id;

		conf.user.gcc = i % 2 ? no_message : able;
		conf.user.detect = true;
		conf.legs.rules.own = true;
		conf.own_desktop = i >= 2; /* after the greeter */
		chain_open(&c, &conf);
		assert_int_equal(c.err, SP_OK);
		assert_true(sp_rdp_is_active(c.user.client) && sp_rdp_is_active(c.desk.server));
		/* The channel is there for us also where the client has none. */
		assert_int_not_equal(c.desk.server->message_id, 0);
		assert_int_equal(sp_server_detects(c.desk.server), i % 2 == 0);
		size_t told = c.desk.saw_server.n[SP_EV_LINE];
		assert_true(told >= 1);
		assert_false(sp_legs_take_mark(c.legs, &id));
		assert_int_equal(sp_server_mark(c.desk.server, 9), SP_OK);
		chain_run(&c);
		assert_int_equal(count(&c.to_user, c.user.client->message_id, SP_SEC_LINE), 0);
		assert_true(sp_legs_take_mark(c.legs, &id));
		assert_int_equal(id, 9);
		assert_false(sp_legs_take_mark(c.legs, &id));
		assert_int_equal(sp_legs_tell_line(c.legs, &line), SP_OK);
		chain_run(&c);
		assert_int_equal(c.desk.saw_server.n[SP_EV_LINE], told + 1);
		assert_int_equal(c.err, SP_OK);
		chain_finish(&c);
	}
}

/* Of the connect-time phase, whose answers come when they come, a target sees nothing. */
static void test_late_answers(void **state)
{
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.user.gcc = able;
	conf.user.detect = true;
	chain_open(&c, &conf);
	assert_true(sp_legs_active(c.legs));
	/* The gate's result, with the licence. */
	assert_int_equal(count(&c.to_user, c.user.client->message_id, SP_SEC_AUTODETECT_REQ), 1);
	assert_int_equal(count(&c.to_desk, c.desk.server->message_id, SP_SEC_AUTODETECT_RSP), 0);
	/* Then the target asks, and gets its answer. */
	uint16_t id;
	assert_int_equal(sp_server_ask_trip(c.desk.server, 5, &id), SP_OK);
	chain_run(&c);
	assert_int_equal(count(&c.to_desk, c.desk.server->message_id, SP_SEC_AUTODETECT_RSP), 1);
	assert_int_equal(c.desk.saw_server.n[SP_EV_TRIP], 1);
	chain_finish(&c);
}

static void test_foreign(void **state)
{
	struct chain_conf conf = chain_default;
	struct sp_line line = {.mark = 1};
	struct chain c;
	uint32_t id;

	conf.user.gcc = no_message;
	chain_open(&c, &conf);
	assert_int_equal(c.desk.server->message_id, 0);
	assert_int_equal(sp_legs_tell_line(c.legs, &line), SP_OK);
	chain_finish(&c);

	conf.user.gcc = able;
	chain_open(&c, &conf);
	uint16_t desk = c.desk.server->message_id, user = c.user.client->message_id;
	send_mark(c.desk.server, 3);
	assert_int_equal(sp_legs_tell_line(c.legs, &line), SP_OK);
	chain_run(&c);
	assert_false(sp_legs_take_mark(c.legs, &id));
	assert_int_equal(count(&c.to_desk, desk, SP_SEC_LINE), 0);
	assert_int_equal(count(&c.to_user, user, SP_SEC_LINE), 0);
	chain_finish(&c);
}

/* A client that plays the gate. */
static void test_forged(void **state)
{
	static const uint16_t flags[] = {SP_SEC_LINE, SP_SEC_LINE | SP_SEC_AUTODETECT_RSP};
	struct sp_line line = {.mark = 1, .rate = UINT64_MAX};
	struct chain_conf conf = chain_default;
	struct chain c;

	conf.legs.rules.own = true;
	chain_open(&c, &conf);
	size_t told = c.desk.saw_server.n[SP_EV_LINE];
	for (size_t i = 0; i < 2; i++) {
		struct sp_rdp *u = c.user.client;
		size_t mark = sp_rdp_send_begin(u, u->message_id);

		sp_sec_write(&u->wr, flags[i]);
		sp_line_write(&u->wr, &line);
		assert_int_equal(sp_rdp_send_end(u, mark), SP_OK);
		chain_run(&c);
	}
	assert_int_equal(c.err, SP_OK);
	assert_int_equal(c.desk.saw_server.n[SP_EV_LINE], told);
	/* A mark that is none. */
	send_mark(c.desk.server, 3);
	size_t mark = sp_rdp_send_begin(c.desk.server, c.desk.server->message_id);
	sp_sec_write(&c.desk.server->wr, SP_SEC_LINE);
	sp_wr_u8(&c.desk.server->wr, 77);
	assert_int_equal(sp_rdp_send_end(c.desk.server, mark), SP_OK);
	chain_run(&c);
	assert_int_equal(c.err, SP_OK);
	chain_finish(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_own),
			cmocka_unit_test(test_late_answers),
			cmocka_unit_test(test_foreign),
			cmocka_unit_test(test_forged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
