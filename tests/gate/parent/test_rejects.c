/* tests/gate/parent/test_rejects.c - a flood is a few events and a number. */
#include "gate/parent/rejects.h"

#include <string.h>

#include "unit.h"

#define S UINT64_C(1000000)

static struct sp_rejects r;
static uint64_t now = 1000 * S;

static const uint8_t *net(uint32_t n)
{
	static uint8_t a[SP_SOURCE_SIZE];

	memset(a, 0, sizeof(a));
	memcpy(a + 12, &n, sizeof(n));
	return a;
}

static unsigned knock(uint32_t who, unsigned times)
{
	unsigned told = 0;

	for (unsigned i = 0; i < times; i++) {
		told += sp_rejects_may(&r, net(who), now);
	}
	return told;
}

static void test_one(void **state)
{
	uint64_t n;
	const uint8_t *of;

	memset(&r, 0, sizeof(r));
	assert_int_equal(knock(1, 7), 7);
	assert_false(sp_rejects_due(&r, now + 600 * S, false, &n, &of));
	assert_int_equal(knock(1, 100000), 3);
	assert_int_equal(knock(2, 1), 1);
	assert_false(sp_rejects_due(&r, now + 59 * S, false, &n, &of));
	now += 60 * S;
	assert_true(sp_rejects_due(&r, now, false, &n, &of));
	assert_int_equal(n, 100000 - 3);
	assert_memory_equal(of, net(1), SP_SOURCE_SIZE);
	assert_false(sp_rejects_due(&r, now, false, &n, &of));
	/* The next minute is a new one. */
	assert_int_equal(knock(1, 20), 10);
	assert_false(sp_rejects_due(&r, now, false, &n, &of));
	assert_true(sp_rejects_due(&r, now, true, &n, &of));
	assert_int_equal(n, 10);
	/* And after a quiet one, too. */
	now += 120 * S;
	assert_int_equal(knock(1, 20), 10);
	assert_true(sp_rejects_due(&r, now, true, &n, &of));
}

/* From everywhere at once: bounded all the same, and nothing is lost count of. */
static void test_many(void **state)
{
	uint64_t n, sum = 0;
	const uint8_t *of;
	unsigned told = 0, events = 0;

	memset(&r, 0, sizeof(r));
	for (uint32_t who = 1; who <= 5000; who++) {
		told += knock(who, 3);
	}
	assert_int_equal(told, SP_REJECTS_ALL);
	now += 60 * S;
	while (sp_rejects_due(&r, now, false, &n, &of)) {
		sum += n;
		events++;
	}
	assert_int_equal(told + sum, 15000);
	assert_true(events <= SP_REJECTS_NETS + 1);
	/* Places are free again. */
	now += 60 * S;
	assert_int_equal(knock(9999, 2), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_one),
			cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
