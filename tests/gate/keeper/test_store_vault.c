/* tests/gate/keeper/test_store_vault.c - credentials for targets. */
#include "store_kit.h"

#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_vault.h"

static struct sp_vault_secret got;

static bool count(void *arg, const struct sp_vault_item *v)
{
	int *n = arg;

	assert_true(v->created > 0 && v->changed >= v->created);
	*n += 1;
	return true;
}

static void test_round_trip(void **state)
{
	int n = 0;

	assert_int_equal(sp_store_vault_set(kit_st, "db1", "CORP\\admin", "pass wörd of db1"),
			SP_OK);
	assert_int_equal(sp_store_vault_set(kit_st, "db2", "x@y", "p"), SP_OK);
	assert_false(kit_on_disk("pass wörd of db1"));
	assert_false(kit_on_disk("CORP\\admin"));
	kit_reopen();
	assert_int_equal(sp_store_vault_get(kit_st, "db1", &got), SP_OK);
	assert_string_equal(got.user, "CORP\\admin");
	assert_string_equal(got.password, "pass wörd of db1");
	assert_int_equal(sp_store_vault_set(kit_st, "db1", "root", "other"), SP_OK);
	assert_int_equal(sp_store_vault_get(kit_st, "db1", &got), SP_OK);
	assert_string_equal(got.user, "root");
	assert_string_equal(got.password, "other");
	assert_int_equal(sp_store_vault_list(kit_st, count, &n), SP_OK);
	assert_int_equal(n, 2);
	/* What is sealed says nothing of how long it is. */
	assert_int_equal(kit_number("SELECT COUNT(DISTINCT length(sealed)) FROM vault"), 1);
	assert_int_equal(sp_store_vault_delete(kit_st, "db1"), SP_OK);
	assert_int_equal(sp_store_vault_delete(kit_st, "db1"), SP_ENOTFOUND);
	assert_int_equal(sp_store_vault_get(kit_st, "db1", &got), SP_ENOTFOUND);
	assert_string_equal(got.user, "");
}

static void test_misuse(void **state)
{
	char longest[257];

	memset(longest, 'x', 256);
	longest[256] = '\0';
	assert_int_equal(sp_store_vault_set(kit_st, "", "u", "p"), SP_EARG);
	assert_int_equal(sp_store_vault_set(kit_st, "a b", "u", "p"), SP_EARG);
	assert_int_equal(sp_store_vault_set(kit_st, "a", "", "p"), SP_EARG);
	assert_string_equal(sp_store_why(kit_st), "user name is empty");
	assert_int_equal(sp_store_vault_set(kit_st, "a", "u", ""), SP_EARG);
	assert_string_equal(sp_store_why(kit_st), "password is empty");
	assert_int_equal(sp_store_vault_set(kit_st, "a", "u", longest), SP_EARG);
	assert_int_equal(sp_store_vault_set(kit_st, "a", "u\n", "p"), SP_EARG);
	assert_int_equal(sp_store_vault_set(kit_st, "a", "u", "\xc3"), SP_EARG);
	longest[255] = '\0';
	assert_int_equal(sp_store_vault_set(kit_st, "a", "u", longest), SP_OK);
	assert_int_equal(sp_store_vault_get(kit_st, "a", &got), SP_OK);
	assert_string_equal(got.password, longest);
}

static void test_tampered(void **state)
{
	static const char *const changes[] = {
			"UPDATE vault SET (salt, nonce, sealed) = "
			"(SELECT salt, nonce, sealed FROM vault WHERE name = 'b') WHERE name = 'a'",
			"UPDATE vault SET name = CASE name WHEN 'b' THEN 'c' ELSE 'd' END;"
			"UPDATE vault SET name = 'a' WHERE name = 'c'",
			"UPDATE vault SET sealed = zeroblob(length(sealed))",
			"UPDATE vault SET sealed = x''",
			"UPDATE vault SET version = 2",
			"UPDATE vault SET nonce = x'00'",
	};

	for (size_t i = 0; i < SP_LEN(changes); i++) {
		kit_tamper("DELETE FROM vault");
		assert_int_equal(sp_store_vault_set(kit_st, "a", "u", "p"), SP_OK);
		assert_int_equal(sp_store_vault_set(kit_st, "b", "u", "q"), SP_OK);
		kit_tamper(changes[i]);
		assert_int_equal(sp_store_vault_get(kit_st, "a", &got), SP_EAUTH);
		assert_string_equal(got.user, "");
		assert_string_equal(got.password, "");
	}
	/* Setting it again mends it. */
	assert_int_equal(sp_store_vault_set(kit_st, "a", "u", "p"), SP_OK);
	assert_int_equal(sp_store_vault_get(kit_st, "a", &got), SP_OK);
}

static void test_no_memory(void **state)
{
	for (long n = 0; n < 50; n++) {
		sp_mem_fail_after(n);
		int rc = sp_store_vault_set(kit_st, "a", "u", "p");
		sp_mem_fail_after(-1);
		if (rc == SP_OK) {
			assert_int_equal(sp_store_vault_get(kit_st, "a", &got), SP_OK);
			return;
		}
		assert_true(kit_no_memory(rc));
		assert_int_equal(sp_store_vault_get(kit_st, "a", &got), SP_ENOTFOUND);
	}
	fail();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_round_trip),
			kit_test(test_misuse),
			kit_test(test_tampered),
			kit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
