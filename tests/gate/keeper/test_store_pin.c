/* tests/gate/keeper/test_store_pin.c - keys of targets, seen first and changed. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_pin.h"

static const uint8_t one[SP_PIN_SIZE] = {1}, two[SP_PIN_SIZE] = {2};
static struct sp_pin pin;

static enum sp_pin_result check(const char *target, const char *host, const uint8_t *spki)
{
	return sp_store_pin_check(kit_st, target, host, spki, KIT_NOW, &pin);
}

static bool count(void *arg, const struct sp_pin *p)
{
	int *n = arg;

	*n += 1;
	return true;
}

static void test_first_seen(void **state)
{
	int n = 0;

	assert_int_equal(sp_store_pin_get(kit_st, "db1", "h:3389", &pin), SP_ENOTFOUND);
	assert_int_equal(check("db1", "h:3389", one), SP_PIN_FIRST);
	assert_int_equal(pin.first_seen, KIT_NOW);
	kit_reopen();
	assert_int_equal(check("db1", "h:3389", one), SP_PIN_SAME);
	assert_false(pin.changed);
	assert_int_equal(check("db1", "h:3389", two), SP_PIN_CHANGED);
	assert_memory_equal(pin.spki, one, SP_PIN_SIZE);
	assert_memory_equal(pin.offered, two, SP_PIN_SIZE);
	kit_reopen();
	/* Saying it again does not make it right. */
	assert_int_equal(check("db1", "h:3389", two), SP_PIN_CHANGED);
	assert_int_equal(check("db1", "h:3389", one), SP_PIN_SAME);
	assert_int_equal(sp_store_pin_get(kit_st, "db1", "h:3389", &pin), SP_OK);
	assert_true(pin.changed);
	assert_int_equal(pin.offered_at, KIT_NOW);
	/* Another host, another target: other keys. */
	assert_int_equal(check("db1", "i:3389", two), SP_PIN_FIRST);
	assert_int_equal(check("db2", "h:3389", two), SP_PIN_FIRST);
	assert_int_equal(sp_store_pin_list(kit_st, count, &n), SP_OK);
	assert_int_equal(n, 3);
	assert_int_equal(sp_store_pin_forget(kit_st, "db1"), SP_OK);
	assert_int_equal(sp_store_pin_forget(kit_st, "db1"), SP_ENOTFOUND);
	assert_int_equal(check("db1", "h:3389", two), SP_PIN_FIRST);
	assert_int_equal(check("db2", "h:3389", two), SP_PIN_SAME);
}

static void test_damaged(void **state)
{
	char long_host[SP_TEXT_HOST + 1];

	assert_int_equal(check("db1", "h", one), SP_PIN_FIRST);
	kit_tamper("UPDATE pin SET spki = x'01'");
	assert_int_equal(check("db1", "h", one), SP_PIN_FAILED);
	assert_int_equal(sp_store_pin_get(kit_st, "db1", "h", &pin), SP_EDB);
	assert_int_equal(sp_store_pin_forget(kit_st, "db1"), SP_OK);
	assert_int_equal(check("", "h", one), SP_PIN_FAILED);
	assert_int_equal(check("db1", "", one), SP_PIN_FAILED);
	memset(long_host, 'x', sizeof(long_host));
	long_host[SP_TEXT_HOST] = '\0';
	assert_int_equal(check("db1", long_host, one), SP_PIN_FAILED);
	kit_tamper("DROP TABLE pin");
	assert_int_equal(check("db1", "h", one), SP_PIN_FAILED);
}

static void test_full(void **state)
{
	kit_tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4096) "
		   "INSERT INTO pin (target, host, spki, first_seen) "
		   "SELECT 't' || i, 'h', zeroblob(32), 1 FROM n");
	assert_int_equal(check("db1", "h", one), SP_PIN_FAILED);
	assert_int_equal(sp_store_pin_forget(kit_st, "t1"), SP_OK);
	assert_int_equal(check("db1", "h", one), SP_PIN_FIRST);
}

static int see(struct sp_store *st, const void *arg)
{
	struct sp_pin p;

	return sp_store_pin_check(st, "db1", "h", arg, KIT_NOW, &p) == SP_PIN_FIRST ? SP_OK
										    : SP_EDENIED;
}

/* Two who see it first at the same time: one of them does. */
static void test_at_once(void **state)
{
	assert_int_equal(kit_rivals(6, see, one), 1);
	assert_int_equal(sp_store_pin_forget(kit_st, "db1"), SP_OK);
	kit_killed_after(see, two);
	assert_int_equal(check("db1", "h", one), SP_PIN_CHANGED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_first_seen),
			kit_test(test_damaged),
			kit_test(test_full),
			kit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
