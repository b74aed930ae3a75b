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

	/* Nor does a login make a right without its second factor, and the rules' last word. */
	static const struct sp_conf_rule rule = {.name = "all"};
	struct sp_policy_verdict v = {.allow = true, .rule = &rule};
	struct sp_grant right;
	struct sp_pending zero_g = {0};
	assert_int_equal(sp_grant_make(5, &g, SP_FACTOR_CODE, &v, "db1", &right), SP_WHY_OK);
	assert_int_equal(right.id, g.id);
	assert_int_equal(right.user.id, 1);
	assert_string_equal(right.target, "db1");
#define NO_RIGHT(why_, id_, pending_, factor_, target_) \
	do { \
		assert_int_equal( \
				sp_grant_make(id_, pending_, factor_, &v, target_, &right), why_); \
		assert_int_equal(right.id, 0); \
		assert_string_equal(right.target, ""); \
	} while (0)
	NO_RIGHT(SP_WHY_NO_LOGIN, 5, &zero_g, SP_FACTOR_CODE, "db1");
	NO_RIGHT(SP_WHY_INTERNAL, 6, &g, SP_FACTOR_CODE, "db1");
	NO_RIGHT(SP_WHY_INTERNAL, 0, &g, SP_FACTOR_CODE, "db1");
	NO_RIGHT(SP_WHY_CODE, 5, &g, SP_FACTOR_MISSING, "db1");
	NO_RIGHT(SP_WHY_CODE, 5, &g, SP_FACTOR_COUNT, "db1");
	NO_RIGHT(SP_WHY_POLICY, 5, &g, SP_FACTOR_CODE, "");
	v.rule = NULL;
	NO_RIGHT(SP_WHY_POLICY, 5, &g, SP_FACTOR_CODE, "db1");
	v = (struct sp_policy_verdict){.rule = &rule};
	NO_RIGHT(SP_WHY_POLICY, 5, &g, SP_FACTOR_CODE, "db1");
#undef NO_RIGHT
}

static void test_texts(void **state)
{
	for (int i = 0; i < SP_FACTOR_COUNT; i++) {
		assert_true(sp_factor_text((enum sp_factor)i)[0] != '\0');
	}
	assert_string_equal(sp_factor_text(SP_FACTOR_COUNT), "no second factor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_grant),
			cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
