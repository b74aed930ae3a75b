/* tests/gate/net/test_limit.c - the times of a session. */
#include "unit.h"

#include "gate/net/limit.h"

#define S 1000000ull

static void test_none(void **state)
{
	struct sp_limit l = {.warn_us = 60 * S, .start_us = 5 * S};
	struct sp_limit_now now = sp_limit_look(&l, 0, 1000000 * S);

	assert_int_equal(now.why, SP_LIMIT_NONE);
	assert_false(now.over);
	assert_false(now.warn);
	assert_int_equal(now.wake_us, 0);
}

static void test_idle(void **state)
{
	struct sp_limit l = {.idle_us = 600 * S, .warn_us = 120 * S, .start_us = 100 * S};
	struct sp_limit_now now;

	/* Nothing done yet: it counts from the start. */
	now = sp_limit_look(&l, 0, 100 * S);
	assert_int_equal(now.why, SP_LIMIT_IDLE);
	assert_false(now.warn);
	assert_int_equal(now.wake_us, 580 * S);
	/* What was done before the session began is not of it. */
	now = sp_limit_look(&l, 50 * S, 100 * S);
	assert_int_equal(now.wake_us, 580 * S);
	now = sp_limit_look(&l, 200 * S, 300 * S);
	assert_int_equal(now.wake_us, 680 * S);
	/* The first warning, its end, the next one. */
	now = sp_limit_look(&l, 200 * S, 680 * S);
	assert_true(now.warn);
	assert_int_equal(now.left_us, 120 * S);
	assert_int_equal(now.wake_us, 681 * S);
	now = sp_limit_look(&l, 200 * S, 688 * S);
	assert_false(now.warn);
	assert_int_equal(now.wake_us, 740 * S);
	now = sp_limit_look(&l, 200 * S, 740 * S);
	assert_true(now.warn);
	/* A key pressed: no warning. */
	now = sp_limit_look(&l, 741 * S, 742 * S);
	assert_false(now.warn);
	assert_false(now.over);
	now = sp_limit_look(&l, 200 * S, 799 * S + 1);
	assert_false(now.over);
	assert_int_equal(now.wake_us, 800 * S);
	now = sp_limit_look(&l, 200 * S, 800 * S);
	assert_true(now.over);
	assert_int_equal(now.why, SP_LIMIT_IDLE);
}

static void test_time(void **state)
{
	struct sp_limit l = {.idle_us = 600 * S, .max_us = 700 * S, .start_us = 0};
	struct sp_limit_now now;

	now = sp_limit_look(&l, 0, 10 * S);
	assert_int_equal(now.why, SP_LIMIT_IDLE);
	assert_int_equal(now.wake_us, 600 * S); /* no warning asked for */
	now = sp_limit_look(&l, 500 * S, 510 * S);
	assert_int_equal(now.why, SP_LIMIT_TIME);
	assert_int_equal(now.wake_us, 700 * S);
	now = sp_limit_look(&l, 699 * S, 700 * S);
	assert_true(now.over);
	assert_int_equal(now.why, SP_LIMIT_TIME);
	/* A warning longer than the session stands from its beginning. */
	l = (struct sp_limit){.max_us = 30 * S, .warn_us = 300 * S, .start_us = 1000 * S};
	now = sp_limit_look(&l, 0, 1000 * S);
	assert_true(now.warn);
	assert_int_equal(now.left_us, 30 * S);
}

static void test_text(void **state)
{
	char text[16];

	sp_limit_text(120 * S, text);
	assert_string_equal(text, "2 min");
	sp_limit_text(61 * S, text);
	assert_string_equal(text, "2 min");
	sp_limit_text(60 * S, text);
	assert_string_equal(text, "60 s");
	sp_limit_text(1, text);
	assert_string_equal(text, "1 s");
	sp_limit_text(UINT64_MAX, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_none),
			cmocka_unit_test(test_idle),
			cmocka_unit_test(test_time),
			cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
