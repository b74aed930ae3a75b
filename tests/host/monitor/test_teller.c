/* tests/host/monitor/test_teller.c - events on their way to a scribe that is slow, refuses, or dies. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/io/fdio.h"
#include "host/io/ipc.h"
#include "host/monitor/mon.h"
#include "host/monitor/teller.h"

static struct world {
	struct sp_loop *loop;
	struct sp_teller *t;
	int scribe; /* our end */
	uint64_t durable; /* the last that was said */
	uint64_t refused[64];
	size_t n_refused;
	char why[SP_TEXT_WHY];
	uint8_t sender[16];
	bool known;
	struct sp_mon_in in;
} w;

static void on_durable(void *user, uint64_t ticket)
{
	assert_ptr_equal(user, &w);
	w.durable = ticket;
}

static void on_refused(void *user, uint64_t ticket, uint64_t who, const char *why)
{
	assert_int_equal(who, 99);
	assert_true(w.n_refused < sizeof(w.refused) / sizeof(w.refused[0]));
	w.refused[w.n_refused++] = ticket;
	snprintf(w.why, sizeof(w.why), "%s", why);
}

static const struct sp_teller_calls calls = {.durable = on_durable, .refused = on_refused};

static void new_scribe(void)
{
	int p[2];

	sp_fd_close(&w.scribe);
	assert_int_equal(sp_ipc_pair(p), SP_OK);
	w.scribe = p[1];
	assert_int_equal(sp_fd_nonblock(p[1], true), SP_OK);
	assert_int_equal(sp_teller_scribe(w.t, p[0]), SP_OK);
	/* It says who it is, the same each time. */
	assert_int_equal(sp_mon_recv(w.scribe, &w.in), 1);
	assert_int_equal(w.in.type, SP_MSG_AUDIT_HELLO);
	if (!w.known) {
		memcpy(w.sender, w.in.body.audit_hello.sender, sizeof(w.sender));
		w.known = true;
	}
	assert_memory_equal(w.sender, w.in.body.audit_hello.sender, sizeof(w.sender));
}

static int begin(void **state)
{
	w = (struct world){.scribe = -1};
	w.loop = sp_loop_create();
	w.t = w.loop != NULL ? sp_teller_create(w.loop, &calls, &w) : NULL;
	return w.t != NULL ? 0 : -1;
}

static int end(void **state)
{
	sp_teller_destroy(w.t);
	sp_loop_destroy(w.loop);
	sp_fd_close(&w.scribe);
	return 0;
}

static void turn(void)
{
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sp_loop_turn(w.loop, 0), SP_OK);
	}
}

static uint64_t tell(uint64_t conn, bool wait)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_OK);
	sp_audit_num(&e, SP_F_CONN, conn);
	return sp_teller_tell(w.t, &e, wait ? 99 : 0);
}

/* What the scribe hears next: the connection, and the ticket. */
static uint64_t heard(uint64_t *ticket)
{
	struct sp_audit_view v;

	assert_int_equal(sp_mon_recv(w.scribe, &w.in), 1);
	assert_int_equal(w.in.type, SP_MSG_AUDIT);
	const struct sp_msg_audit *m = &w.in.body.audit;
	assert_int_equal(sp_audit_read(sp_span(m->event, m->n), &v), SP_OK);
	*ticket = m->ticket;
	return v.kind == SP_AUDIT_AUDIT_DROPPED ? 1000000 + sp_audit_get_num(&v, SP_F_COUNT)
						: sp_audit_get_num(&v, SP_F_CONN);
}

static void expect(uint64_t conn, uint64_t ticket)
{
	uint64_t got;

	assert_int_equal(heard(&got), conn);
	assert_int_equal(got, ticket);
}

static void quiet(void)
{
	assert_int_equal(sp_mon_recv(w.scribe, &w.in), 0);
}

static void answer(uint64_t ticket, enum sp_audited result, const char *text)
{
	struct sp_msg_audited m = {.ticket = ticket, .result = result};

	snprintf(m.text, sizeof(m.text), "%s", text);
	assert_int_equal(sp_mon_say(w.scribe, AUDITED, &m), SP_OK);
	turn();
}

static void test_durable(void **state)
{
	new_scribe();
	uint64_t a = tell(1, true), b = tell(2, false);
	assert_true(0 < a && a < b);
	expect(1, a);
	expect(2, b);
	quiet();
	assert_int_equal(sp_teller_waiting(w.t), 2);
	answer(a, SP_AUDITED_OK, "");
	assert_int_equal(w.durable, a);
	assert_int_equal(sp_teller_waiting(w.t), 1);
	answer(b, SP_AUDITED_OK, "");
	assert_int_equal(sp_teller_waiting(w.t), 0);
	/* One answer serves all before it; what is answered twice does no harm. */
	uint64_t last = 0;
	for (uint64_t i = 0; i < 10; i++) {
		last = tell(10 + i, true);
	}
	answer(last, SP_AUDITED_OK, "");
	answer(last, SP_AUDITED_OK, "");
	answer(a, SP_AUDITED_REFUSED, "late");
	assert_int_equal(sp_teller_waiting(w.t), 0);
	assert_int_equal(w.n_refused, 0);
}

static void test_refused(void **state)
{
	uint64_t got;

	new_scribe();
	uint64_t a = tell(1, true), b = tell(2, true), c = tell(3, false);
	answer(b, SP_AUDITED_REFUSED, "the disk is full");
	assert_int_equal(w.n_refused, 1);
	assert_int_equal(w.refused[0], b);
	assert_string_equal(w.why, "the disk is full");
	/* Nobody waited for this one, but that it is missing will be told. */
	answer(c, SP_AUDITED_REFUSED, "the disk is full");
	assert_int_equal(w.n_refused, 1);
	answer(a, SP_AUDITED_OK, "");
	assert_int_equal(sp_teller_waiting(w.t), 0);
	uint64_t d = tell(4, false);
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(heard(&got), i);
	}
	assert_int_equal(heard(&got), 1000002);
	expect(4, d);
	quiet();
	/* Those are counted on while that cannot be told either. */
	answer(d - 1, SP_AUDITED_REFUSED, "the disk is full");
	answer(d, SP_AUDITED_REFUSED, "the disk is full");
	uint64_t f = tell(5, false);
	assert_int_equal(heard(&got), 1000003);
	expect(5, f);
	answer(f, SP_AUDITED_OK, "");
	uint64_t g = tell(6, false);
	expect(6, g);
	quiet();
}

/* A scribe that dies is told by the next one whatever it did not say to have. */
static void test_restart(void **state)
{
	new_scribe();
	uint64_t a = tell(1, true), b = tell(2, true), c;
	answer(a, SP_AUDITED_OK, "");
	sp_fd_close(&w.scribe);
	turn();
	c = tell(3, false);
	assert_int_equal(w.n_refused, 0);
	new_scribe();
	expect(2, b);
	expect(3, c);
	quiet();
	answer(c, SP_AUDITED_OK, "");
	assert_int_equal(w.durable, c);
	assert_int_equal(sp_teller_waiting(w.t), 0);
}

/* Before there is one, and when it is slow: in time or not at all. */
static void test_late(void **state)
{
	sp_teller_patience(w.t, 20000);
	uint64_t a = tell(1, true), b = tell(2, false);
	turn();
	assert_int_equal(w.n_refused, 0);
	usleep(25000);
	turn();
	assert_int_equal(w.n_refused, 1);
	assert_int_equal(w.refused[0], a);
	assert_string_equal(w.why, "sp-scribe is not there");
	/* It has been gone for long: the next one is not even waited for. */
	uint64_t c = tell(3, true);
	turn();
	assert_int_equal(w.n_refused, 2);
	assert_int_equal(w.refused[1], c);
	/* They are written all the same, since they tell what was tried. */
	new_scribe();
	expect(1, a);
	expect(2, b);
	expect(3, c);
	uint64_t d = tell(4, true);
	usleep(25000);
	turn();
	assert_int_equal(w.n_refused, 3);
	assert_int_equal(w.refused[2], d);
	assert_string_equal(w.why, "sp-scribe does not answer");
	answer(d, SP_AUDITED_OK, "");
	assert_int_equal(sp_teller_waiting(w.t), 0);
}

/* More than the socket takes, and more than is kept. */
static void test_many(void **state)
{
	uint64_t got, ticket = 0, n = 0;

	new_scribe();
	for (uint64_t i = 0; i < SP_TELLER_EVENTS; i++) {
		assert_int_not_equal(tell(i, false), 0);
	}
	assert_int_equal(tell(0, false), 0);
	uint64_t one = tell(0, true);
	assert_int_not_equal(one, 0);
	assert_int_equal(w.n_refused, 0);
	turn();
	assert_int_equal(w.n_refused, 1);
	assert_int_equal(w.refused[0], one);
	while (n < SP_TELLER_EVENTS) {
		while (n < SP_TELLER_EVENTS && sp_mon_recv(w.scribe, &w.in) == 1) {
			assert_int_equal(w.in.body.audit.ticket, ++ticket);
			n++;
		}
		turn();
	}
	quiet();
	answer(ticket, SP_AUDITED_OK, "");
	assert_int_equal(sp_teller_waiting(w.t), 0);
	one = tell(77, true);
	assert_int_equal(heard(&got), 1000002);
	expect(77, one);
}

static void test_garbage(void **state)
{
	struct sp_msg_audited m = {.result = SP_AUDITED_COUNT};

	new_scribe();
	uint64_t a = tell(1, true);
	expect(1, a);
	assert_int_equal(sp_mon_say(w.scribe, AUDITED, &m), SP_OK);
	turn();
	/* That one is listened to no more. */
	assert_int_equal(sp_mon_recv(w.scribe, &w.in), SP_ECLOSED);
	new_scribe();
	expect(1, a);
}

/* Nothing begins on a full disk, but what ends is told. */
static void test_low(void **state)
{
	struct sp_msg_scribe_state m = {.mood = SP_SCRIBE_LOW, .text = "the disk is nearly full"};

	new_scribe();
	assert_int_equal(sp_mon_say(w.scribe, SCRIBE_STATE, &m), SP_OK);
	turn();
	uint64_t a = tell(1, true), b = tell(2, false);
	assert_int_equal(w.n_refused, 0);
	turn();
	assert_int_equal(w.n_refused, 1);
	assert_int_equal(w.refused[0], a);
	assert_string_equal(w.why, "the disk is nearly full");
	expect(1, a);
	expect(2, b);
	answer(b, SP_AUDITED_OK, "");
	m = (struct sp_msg_scribe_state){.mood = SP_SCRIBE_WELL};
	assert_int_equal(sp_mon_say(w.scribe, SCRIBE_STATE, &m), SP_OK);
	turn();
	a = tell(3, true);
	turn();
	assert_int_equal(w.n_refused, 1);
	answer(a, SP_AUDITED_OK, "");
	assert_int_equal(w.durable, a);
}

static void test_flush(void **state)
{
	new_scribe();
	assert_true(sp_teller_flush(w.t, 0));
	uint64_t a = tell(1, false);
	assert_false(sp_teller_flush(w.t, 1000));
	struct sp_msg_audited m = {.ticket = a, .result = SP_AUDITED_OK};
	assert_int_equal(sp_mon_say(w.scribe, AUDITED, &m), SP_OK);
	assert_true(sp_teller_flush(w.t, 1000000));
}

static void test_no_memory(void **state)
{
	new_scribe();
	sp_mem_fail_after(0);
	uint64_t none = tell(1, false), one = tell(2, true);
	sp_mem_fail_after(-1);
	assert_int_equal(none, 0);
	turn();
	assert_int_equal(w.n_refused, 1);
	assert_int_equal(w.refused[0], one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_durable, begin, end),
			cmocka_unit_test_setup_teardown(test_refused, begin, end),
			cmocka_unit_test_setup_teardown(test_restart, begin, end),
			cmocka_unit_test_setup_teardown(test_late, begin, end),
			cmocka_unit_test_setup_teardown(test_many, begin, end),
			cmocka_unit_test_setup_teardown(test_garbage, begin, end),
			cmocka_unit_test_setup_teardown(test_low, begin, end),
			cmocka_unit_test_setup_teardown(test_flush, begin, end),
			cmocka_unit_test_setup_teardown(test_no_memory, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
