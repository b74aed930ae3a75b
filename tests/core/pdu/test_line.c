/* tests/core/pdu/test_line.c - marks and reports between the gate and its desktops. */
#include "unit.h"

#include "core/pdu/line.h"

static const struct sp_line some = {.mark = 7,
		.rtt_us = 100000,
		.rtt_min_us = 90000,
		.rate = 125000,
		.limited = true,
		.unsent = 4096};

static int parse(struct sp_span in, struct sp_line *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_line_read(&r, out);
}

static int parse_mark(struct sp_span in, uint32_t *id)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_line_mark_read(&r, id);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_line line;

	assert_int_equal(parse(in, &line), SP_ESHORT);
}

static void cut_mark(struct sp_span in, void *arg)
{
	uint32_t id;

	assert_int_equal(parse_mark(in, &id), SP_ESHORT);
}

static void test_report(void **state)
{
	struct sp_line out;
	struct sp_wr w;
	uint32_t id;

	sp_wr_init(&w, 100);
	sp_line_write(&w, &some);
	unit_assert_span(sp_span(w.p, w.n),
			unit_hex("02 07000000 a0860100 905f0100 48e8010000000000 00100000 01"));
	assert_int_equal(parse(sp_span(w.p, w.n), &out), SP_OK);
	assert_int_equal(out.mark, some.mark);
	assert_int_equal(out.rtt_us, some.rtt_us);
	assert_int_equal(out.rtt_min_us, some.rtt_min_us);
	assert_int_equal(out.rate, some.rate);
	assert_int_equal(out.unsent, some.unsent);
	assert_true(out.limited);
	unit_truncate(sp_span(w.p, w.n), cut, NULL);
	assert_int_equal(parse_mark(sp_span(w.p, w.n), &id), SP_EFIELD);
	sp_wr_u8(&w, 0);
	assert_int_equal(parse(sp_span(w.p, w.n), &out), SP_ETRAIL);
	sp_wr_finish(&w);
}

static void test_mark(void **state)
{
	struct sp_line line;
	struct sp_wr w;
	uint32_t id;

	sp_wr_init(&w, 100);
	sp_line_mark_write(&w, 0x01020304);
	unit_assert_span(sp_span(w.p, w.n), unit_hex("01 04030201"));
	assert_int_equal(parse_mark(sp_span(w.p, w.n), &id), SP_OK);
	assert_int_equal(id, 0x01020304);
	unit_truncate(sp_span(w.p, w.n), cut_mark, NULL);
	assert_int_equal(parse(sp_span(w.p, w.n), &line), SP_EFIELD);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_report),
			cmocka_unit_test(test_mark),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
