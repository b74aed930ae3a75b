/* tests/gate/keeper/test_store_license.c - licences of targets. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_license.h"

static uint8_t big[SP_LICENSE_MAX + 1], got[SP_LICENSE_MAX];
static size_t n;

static int put(const char *target, const char *client, size_t size)
{
	memset(big, 0x5a, sizeof(big));
	return sp_store_license_put(kit_st, target, client, sp_span(big, size));
}

static void test_round_trip(void **state)
{
	assert_int_equal(sp_store_license_get(kit_st, "db1", "PC", got, &n), SP_ENOTFOUND);
	assert_int_equal(n, 0);
	assert_int_equal(put("db1", "PC", SP_LICENSE_MAX), SP_OK);
	assert_int_equal(put("db1", "OTHER", 1), SP_OK);
	assert_int_equal(put("db2", "PC", 5), SP_OK);
	kit_reopen();
	assert_int_equal(sp_store_license_get(kit_st, "db1", "PC", got, &n), SP_OK);
	assert_int_equal(n, SP_LICENSE_MAX);
	assert_memory_equal(got, big, n);
	assert_int_equal(put("db1", "PC", 7), SP_OK);
	assert_int_equal(sp_store_license_get(kit_st, "db1", "PC", got, &n), SP_OK);
	assert_int_equal(n, 7);
	assert_int_equal(sp_store_license_get(kit_st, "db1", "OTHER", got, &n), SP_OK);
	assert_int_equal(n, 1);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM license"), 3);
	assert_int_equal(put("db1", "PC", 0), SP_EARG);
	assert_int_equal(put("db1", "PC", SP_LICENSE_MAX + 1), SP_EARG);
	assert_int_equal(put("", "PC", 1), SP_EARG);
	assert_int_equal(put("db1", "", 1), SP_EARG);
}

static void test_tampered(void **state)
{
	static const char *const changes[] = {
			"UPDATE license SET target = 'db2'",
			"UPDATE license SET sealed = zeroblob(21)",
			"UPDATE license SET sealed = zeroblob(9000)",
			"UPDATE license SET sealed = x''",
			"UPDATE license SET sealed = zeroblob(16)",
			"UPDATE license SET version = 3",
	};

	for (size_t i = 0; i < SP_LEN(changes); i++) {
		kit_tamper("DELETE FROM license");
		assert_int_equal(put("db1", "PC", 5), SP_OK);
		kit_tamper(changes[i]);
		assert_int_equal(
				sp_store_license_get(kit_st, i == 0 ? "db2" : "db1", "PC", got, &n),
				SP_EAUTH);
		assert_int_equal(n, 0);
		/* Without it the target gives another one. */
		assert_int_equal(kit_number("SELECT COUNT(*) FROM license"), 0);
	}
}

/* The oldest make room. */
static void test_full(void **state)
{
	kit_tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 256) "
		   "INSERT INTO license (target, client, version, salt, nonce, sealed) "
		   "SELECT 'db1', 'c' || i, 1, x'', x'', x'' FROM n");
	assert_int_equal(put("db1", "PC", 5), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM license"), 256);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM license WHERE client = 'c1'"), 0);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM license WHERE client = 'c2'"), 1);
	kit_tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1024) "
		   "INSERT INTO license (target, client, version, salt, nonce, sealed) "
		   "SELECT 't' || i, 'PC', 1, x'', x'', x'' FROM n");
	assert_int_equal(put("new", "PC", 5), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM license"), SP_LICENSES_MAX);
	assert_int_equal(sp_store_license_get(kit_st, "new", "PC", got, &n), SP_OK);
}

static void test_no_memory(void **state)
{
	for (long i = 0; i < 50; i++) {
		sp_mem_fail_after(i);
		int rc = put("db1", "PC", 5);
		sp_mem_fail_after(-1);
		if (rc == SP_OK) {
			return;
		}
		assert_true(kit_no_memory(rc));
		assert_int_equal(kit_number("SELECT COUNT(*) FROM license"), 0);
	}
	fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_round_trip),
			kit_test(test_tampered),
			kit_test(test_full),
			kit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
