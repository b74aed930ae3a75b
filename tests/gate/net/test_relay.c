/* tests/gate/net/test_relay.c - sessions through the real sp-net: times, ends, what the keeper says. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/logon.h"
#include "core/pdu/share.h"
#include "core/rdp/machine.h"
#include "stage.h"

static struct stage stage;

static int open_stage(void **state)
{
	const char *build = getenv("SP_BUILD");

	snprintf(stage.program, sizeof(stage.program), "%s/sp-net", build ? build : ".");
	stage.verbose = getenv("SP_TEST_VERBOSE") != NULL;
	return stage_open(&stage) ? 0 : -1;
}

static int close_stage(void **state)
{
	stage_close(&stage);
	return 0;
}

static void rest(struct session *s, uint64_t us)
{
	uint64_t end = sp_now_us() + us;

	while (stage_turn(&stage, end)) {
	}
	assert_non_null(s);
}

/* Until the keeper has heard BYE; the client's end of it as well. */
static uint64_t until_over(struct session *s, uint64_t limit_us)
{
	uint64_t from = sp_now_us(), end = from + limit_us;

	while (!(s->bye && !s->client) && stage_turn(&stage, end)) {
	}
	assert_true(s->bye);
	assert_null(s->client);
	return sp_now_us() - from;
}

static void begin(struct session *s)
{
	assert_true(stage_begin(&stage, s));
	assert_true(stage_wait_active(s));
	rest(s, 50000);
}

static void test_session(void **state)
{
	struct session s = {0};
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};

	begin(&s);
	assert_true(s.up);
	assert_int_equal(s.demands, 1);
	assert_int_equal(s.licenses, 1);
	assert_int_equal(s.infos, 0);
	assert_int_equal(sp_client_input(sp_conn_rdp(s.client), &ev, 1), SP_OK);
	rest(&s, 100000);
	assert_int_equal(s.echoes, 1);
	stage_end(&s);
}

/* Nobody did anything: told why, and the keeper too. What was done puts it off. */
static void test_idle(void **state)
{
	struct session s = {.grant = {.idle_s = 2, .warn_s = 1}};
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};
	struct sp_input_event sync = {.kind = SP_INPUT_SYNC};

	begin(&s);
	rest(&s, 1300000);
	assert_int_equal(s.pointers, 1); /* the warning */
	assert_int_equal(sp_client_input(sp_conn_rdp(s.client), &ev, 1), SP_OK);
	rest(&s, 1000000);
	assert_int_equal(sp_client_input(sp_conn_rdp(s.client), &sync, 1), SP_OK); /* no person */
	uint64_t took = until_over(&s, 3 * STAGE_SECOND);
	assert_in_range(took, 600000, 1600000);
	assert_int_equal(s.error_info, SP_ERRINFO_IDLE_TIMEOUT);
	assert_int_equal(s.last.why, SP_WHY_IDLE);
	stage_end(&s);
}

static void test_time(void **state)
{
	struct session s = {.grant = {.max_s = 2, .warn_s = 5}};

	begin(&s);
	assert_int_equal(s.pointers, 1); /* warned from the beginning */
	until_over(&s, 4 * STAGE_SECOND);
	assert_int_equal(s.error_info, SP_ERRINFO_LOGON_TIMEOUT);
	assert_int_equal(s.last.why, SP_WHY_TIME);
	stage_end(&s);
}

static void test_keeper_ends(void **state)
{
	struct sp_msg_session_end m = {.why = SP_WHY_ADMIN,
			.error_info = SP_ERRINFO_RPC_INITIATED_DISCONNECT,
			.text = "ended by root"};
	struct session s = {0};

	begin(&s);
	assert_int_equal(sp_mon_say(s.keeper, SESSION_END, &m), SP_OK);
	until_over(&s, 4 * STAGE_SECOND);
	assert_int_equal(s.error_info, SP_ERRINFO_RPC_INITIATED_DISCONNECT);
	assert_int_equal(s.last.why, SP_WHY_ADMIN);
	assert_string_equal(s.last.text, "ended by root");
	stage_end(&s);
}

/* The end of the target, with a reason of its own, and without a word. */
static void test_target_ends(void **state)
{
	struct session s = {0};

	begin(&s);
	assert_int_equal(sp_server_end(sp_conn_rdp(s.target), SP_ERRINFO_LOGOFF_BY_USER), SP_OK);
	until_over(&s, 4 * STAGE_SECOND);
	assert_int_equal(s.error_info, SP_ERRINFO_LOGOFF_BY_USER);
	assert_int_equal(s.last.why, SP_WHY_BYE);
	assert_non_null(strstr(s.last.text, "target ended the session: "));
	stage_end(&s);

	begin(&s);
	sp_conn_destroy(s.target);
	s.target = NULL;
	until_over(&s, 4 * STAGE_SECOND);
	assert_int_not_equal(s.error_info, 0);
	assert_int_equal(s.last.why, SP_WHY_TARGET);
	stage_end(&s);
}

static void test_client_leaves(void **state)
{
	struct session s = {0};

	begin(&s);
	assert_int_equal(sp_client_end(sp_conn_rdp(s.client)), SP_OK);
	sp_conn_end(s.client);
	until_over(&s, 4 * STAGE_SECOND);
	assert_int_equal(s.last.why, SP_WHY_BYE);
	assert_string_equal(s.last.text, "client disconnected");
	stage_end(&s);
}

/* Ours goes to the client, the target's to the keeper; a new one of the keeper's to the client. */
static void test_cookies(void **state)
{
	struct session s = {.reconnects = true, .grant = {.arc = {1, 4, "sixteen bytes!!"}}};
	struct sp_msg_arc next = {1, 5, "sixteen others!"};
	struct sp_logon theirs = {.type = SP_LOGON_EXTENDED,
			.has_cookie = true,
			.cookie_logon_id = 9,
			.cookie = "the target's own"};

	begin(&s);
	assert_int_equal(s.infos, 1);
	struct sp_rdp *t = sp_conn_rdp(s.target);
	struct sp_data_marks m = sp_rdp_data_begin(t, SP_DATA_SAVE_SESSION_INFO);
	sp_logon_write(&t->wr, &theirs);
	assert_int_equal(sp_rdp_data_end(t, m), SP_OK);
	rest(&s, 200000);
	assert_int_equal(s.infos, 2);
	assert_int_equal(s.arc.present, 1);
	assert_int_equal(s.arc.logon_id, 9);
	assert_memory_equal(s.arc.bits, theirs.cookie, 16);
	assert_int_equal(sp_mon_say(s.keeper, ARC, &next), SP_OK);
	rest(&s, 200000);
	assert_int_equal(s.infos, 3);
	stage_end(&s);
}

static void give_cookie(struct session *s, uint32_t id)
{
	struct sp_rdp *t = sp_conn_rdp(s->target);
	struct sp_logon theirs = {
			.type = SP_LOGON_EXTENDED, .has_cookie = true, .cookie_logon_id = id};
	struct sp_data_marks m = sp_rdp_data_begin(t, SP_DATA_SAVE_SESSION_INFO);

	sp_logon_write(&t->wr, &theirs);
	assert_int_equal(sp_rdp_data_end(t, m), SP_OK);
}

/* A target cannot keep the keeper busy, which has others to serve; the last cookie counts. */
static void test_cookies_flood(void **state)
{
	struct session s = {0};
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};

	begin(&s);
	for (uint32_t i = 1; i <= 100; i++) {
		give_cookie(&s, i);
	}
	rest(&s, 300000);
	assert_int_equal(s.arcs, 1);
	assert_int_equal(s.arc.logon_id, 1);
	rest(&s, 1000000);
	/* With whatever it says next. */
	assert_int_equal(sp_client_input(sp_conn_rdp(s.client), &ev, 1), SP_OK);
	rest(&s, 100000);
	assert_int_equal(s.arcs, 2);
	assert_int_equal(s.arc.logon_id, 100);
	stage_end(&s);
}

/* A session that is none yet has no limits of its own, but it ends. */
static void test_never_active(void **state)
{
	struct session s = {.stiff = true, .active_ms = 1500};

	assert_true(stage_begin(&stage, &s));
	rest(&s, 1000000);
	assert_true(s.up);
	assert_int_equal(s.demands, 1);
	assert_false(s.bye);
	/* Its end of the connection waits for its confirmation. */
	uint64_t end = sp_now_us() + 3 * STAGE_SECOND;
	while (!s.bye && stage_turn(&stage, end)) {
	}
	assert_true(s.bye);
	assert_int_equal(s.last.why, SP_WHY_DEADLINE);
	stage_end(&s);
}

/* A target that takes its time: after three seconds there is something to be seen. */
static void test_slow_target(void **state)
{
	struct session s = {.mute = true};

	assert_true(stage_begin(&stage, &s));
	rest(&s, 2500000);
	assert_true(s.logon);
	assert_int_equal(s.demands, 0);
	rest(&s, 1500000);
	assert_int_equal(s.demands, 1);
	assert_true(s.got > 1000); /* the greeter's picture */
	assert_false(s.up);
	s.client_active = false;
	stage_speak(&s);
	assert_true(stage_wait_active(&s));
	assert_int_equal(s.demands, 2);
	rest(&s, 100000);
	assert_true(s.up);
	stage_end(&s);
}

static bool until_line(struct session *s, uint32_t mark, uint64_t limit_us)
{
	uint64_t end = sp_now_us() + limit_us;

	while (s->line.mark != mark && stage_turn(&stage, end)) {
	}
	return s->line.mark == mark;
}

/* A desktop of ours hears when what it sent has gone; and nothing that it does not ask for. */
static void test_line(void **state)
{
	static struct session s;
	static uint8_t body[STAGE_BODY];

	s = (struct session){.own = true};
	begin(&s);
	struct sp_rdp *desk = sp_conn_rdp(s.target);
	assert_int_equal(s.lines, 1); /* that there is somebody to ask */
	assert_int_equal(s.line.mark, 0);
	assert_int_equal(sp_server_mark(desk, 1), SP_OK);
	assert_true(until_line(&s, 1, STAGE_SECOND));
	assert_int_equal(s.line.unsent, 0);
	assert_true(s.line.rtt_us > 0);
	rest(&s, 100000);
	assert_int_equal(s.lines, 2);
	/* A client that reads nothing: the answer waits, until it does. */
	sp_conn_pause(s.client, true);
	for (uint32_t i = 0; i < 600; i++) {
		assert_int_equal(sp_server_update(desk, SP_FP_BITMAP, sp_span(body, sizeof(body))),
				SP_OK);
		assert_int_equal(sp_server_mark(desk, 2 + i), SP_OK);
	}
	assert_false(until_line(&s, 601, STAGE_SECOND / 2));
	sp_conn_pause(s.client, false);
	assert_true(until_line(&s, 601, 5 * STAGE_SECOND));
	assert_int_equal(s.line.unsent, 0);
	assert_int_equal(s.got, 600 * sizeof(body));
	stage_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_session),
			cmocka_unit_test(test_line),
			cmocka_unit_test(test_idle),
			cmocka_unit_test(test_time),
			cmocka_unit_test(test_keeper_ends),
			cmocka_unit_test(test_target_ends),
			cmocka_unit_test(test_client_leaves),
			cmocka_unit_test(test_cookies),
			cmocka_unit_test(test_cookies_flood),
			cmocka_unit_test(test_never_active),
			cmocka_unit_test(test_slow_target),
	};
	return cmocka_run_group_tests(tests, open_stage, close_stage);
}
