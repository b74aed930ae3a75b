/* tests/core/chan/test_echo.c - asked, answered, measured. */
#include "unit.h"

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/echo.h"

/* [MS-RDPEECO] 4.1 and 4.2 */
static void test_answer(void **state)
{
	struct sp_rcbuf *b;
	struct sp_span request = unit_vector("spec/MS-RDPEECO-4.1-echo-request-pdu.hex");

	assert_int_equal(sp_echo_answer(request, &b), SP_OK);
	unit_assert_span(sp_span(b->p, b->n),
			unit_vector("spec/MS-RDPEECO-4.2-echo-response-pdu.hex"));
	sp_rcbuf_unref(b);
}

static void test_limits(void **state)
{
	static uint8_t much[SP_ECHO_MAX + 1];
	struct sp_rcbuf *b;

	assert_int_equal(sp_echo_answer(sp_span(NULL, 0), &b), SP_EFIELD);
	assert_null(b);
	assert_int_equal(sp_echo_answer(sp_span(much, sizeof(much)), &b), SP_ELIMIT);
	assert_int_equal(sp_echo_answer(sp_span(much, SP_ECHO_MAX), &b), SP_OK);
	assert_int_equal(b->n, SP_ECHO_MAX);
	sp_rcbuf_unref(b);
	sp_mem_fail_after(0);
	assert_int_equal(sp_echo_answer(sp_span(much, 1), &b), SP_ENOMEM);
	sp_mem_fail_after(-1);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_echo *e = arg;

	assert_false(sp_echo_feed(e, in, 200));
}

static void test_measure(void **state)
{
	struct sp_echo e;
	struct sp_rcbuf *first, *b;

	sp_echo_init(&e);
	assert_false(sp_echo_feed(&e, sp_span(NULL, 0), 50)); /* nothing was asked */
	first = sp_echo_ask(&e, 100);
	assert_non_null(first);
	assert_int_equal(first->n, SP_ECHO_PROBE);
	assert_null(sp_echo_ask(&e, 110)); /* one at a time */
	unit_truncate(sp_span(first->p, first->n), cut, &e);
	assert_true(sp_echo_feed(&e, sp_span(first->p, first->n), 400));
	assert_int_equal(e.rtt_us, 300);
	assert_false(sp_echo_feed(&e, sp_span(first->p, first->n), 500)); /* twice */
	b = sp_echo_ask(&e, 1000);
	assert_false(sp_echo_feed(&e, sp_span(first->p, first->n), 1100)); /* late */
	assert_false(sp_echo_feed(&e, sp_span(b->p, b->n), 999)); /* before it was asked */
	assert_true(sp_echo_feed(&e, sp_span(b->p, b->n), 1900));
	assert_int_equal(e.rtt_us, 900);
	assert_int_equal(e.least_us, 300);
	sp_rcbuf_unref(b);
	b = sp_echo_ask(&e, 2000);
	sp_echo_forget(&e);
	assert_false(sp_echo_feed(&e, sp_span(b->p, b->n), 2100));
	sp_rcbuf_unref(b);
	sp_rcbuf_unref(first);
	sp_mem_fail_after(0);
	assert_null(sp_echo_ask(&e, 3000));
	sp_mem_fail_after(-1);
	b = sp_echo_ask(&e, 3000);
	assert_non_null(b);
	sp_rcbuf_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_answer),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_measure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
