/* tests/host/lib/test_pwhash.c - verifiers of passwords. */
#include "unit.h"

#include <string.h>

#include "host/lib/pwhash.h"

static void test_round_trip(void **state)
{
	char a[SP_PWHASH_TEXT], b[SP_PWHASH_TEXT];

	assert_int_equal(sp_pwhash_make("four staples and a horse", a), SP_OK);
	assert_int_equal(sp_pwhash_make("four staples and a horse", b), SP_OK);
	assert_string_not_equal(a, b);
	assert_int_equal(strncmp(a, "$argon2id$v=19$m=65536,t=3,p=1$", 31), 0);
	assert_true(sp_pwhash_check("four staples and a horse", a));
	assert_true(sp_pwhash_check("four staples and a horse", b));
	assert_false(sp_pwhash_check("five staples and a horse", a));
	assert_false(sp_pwhash_check("", a));
}

static void test_damaged(void **state)
{
	char a[SP_PWHASH_TEXT];

	assert_int_equal(sp_pwhash_make("four staples and a horse", a), SP_OK);
	a[60] ^= 1;
	assert_false(sp_pwhash_check("four staples and a horse", a));
	memset(a, 'x', sizeof(a));
	assert_false(sp_pwhash_check("four staples and a horse", a));
	memset(a, 0, sizeof(a));
	assert_false(sp_pwhash_check("four staples and a horse", a));
	assert_false(sp_pwhash_check("", a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
