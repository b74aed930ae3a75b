/* tests/gate/keeper/test_grant.c - what makes a login, and what makes a right of it. */
#include "unit.h"

#include <stdio.h>

#include "gate/keeper/grant.h"
#include "host/lib/crypto_nettle.h"

static void test_grant(void **state)
{
	struct sp_checked c = {.result = SP_PROOF_GRANTED, .why = SP_WHY_OK};
	struct sp_msg_done d = {.result = SP_DONE_OK, .why = SP_WHY_OK};
	struct sp_pending g;

	c.user.id = 1;
	snprintf(c.user.name, sizeof(c.user.name), "alice");
	assert_int_equal(sp_pending_make(&sp_crypto_nettle, 5, &c, &d, &g), SP_WHY_OK);
	assert_int_equal(g.conn, 5);
	assert_true(g.id != 0);

	/* Each thing that is not right by itself prevents it. */
	struct sp_checked zero_c = {0};
	struct sp_msg_done zero_d = {0};
#define NONE(id_, checked, ended) \
	do { \
		assert_int_not_equal(sp_pending_make(&sp_crypto_nettle, id_, checked, ended, &g), \
				SP_WHY_OK); \
		assert_int_equal(g.id, 0); \
		assert_int_equal(g.conn, 0); \
		assert_int_equal(g.user.id, 0); \
	} while (0)
	NONE(0, &c, &d);
	NONE(5, &zero_c, &d);
	NONE(5, &c, &zero_d);
	NONE(5, &zero_c, &zero_d);
	c.result = SP_PROOF_DENIED;
	NONE(5, &c, &d);
	c.result = SP_PROOF_GRANTED;
	c.why = SP_WHY_STORE;
	NONE(5, &c, &d);
	c.why = SP_WHY_OK;
	c.user.disabled = true;
	NONE(5, &c, &d);
	c.user.disabled = false;
	c.user.id = 0;
	NONE(5, &c, &d);
	c.user.id = 1;
	d.result = SP_DONE_FAILED;
	NONE(5, &c, &d);
	d.result = SP_DONE_OK;
	snprintf(d.user, sizeof(d.user), "bob");
	NONE(5, &c, &d);
	/* The code and the target that came with the name are no part of it. */
	snprintf(d.user, sizeof(d.user), "bob##123456");
	NONE(5, &c, &d);
	snprintf(d.user, sizeof(d.user), "Alice#desktop#123456");
	assert_int_equal(sp_pending_make(&sp_crypto_nettle, 5, &c, &d, &g), SP_WHY_OK);
#undef NONE

	struct sp_grant right;
	struct sp_pending zero_g = {0};
	assert_int_equal(sp_grant_make(5, &g, SP_FACTOR_CODE, &right), SP_WHY_OK);
	assert_int_equal(right.id, g.id);
	assert_int_equal(right.user.id, 1);
	assert_int_not_equal(sp_grant_make(5, &zero_g, SP_FACTOR_CODE, &right), SP_WHY_OK);
	assert_int_equal(right.id, 0);
	assert_int_not_equal(sp_grant_make(6, &g, SP_FACTOR_CODE, &right), SP_WHY_OK);
	assert_int_not_equal(sp_grant_make(0, &g, SP_FACTOR_CODE, &right), SP_WHY_OK);
	assert_int_equal(sp_grant_make(5, &g, SP_FACTOR_MISSING, &right), SP_WHY_CODE);
	assert_int_equal(sp_grant_make(5, &g, SP_FACTOR_COUNT, &right), SP_WHY_CODE);
	assert_int_equal(right.id, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_grant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
