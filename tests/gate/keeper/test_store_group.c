/* tests/gate/keeper/test_store_group.c - groups of users. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_group.h"

static char seen[256];

static bool note(void *arg, const char *user)
{
	int *left = arg;

	size_t n = strlen(seen);
	snprintf(seen + n, sizeof(seen) - n, "%s ", user);
	return --*left > 0;
}

static bool note_group(void *arg, const struct sp_group *g)
{
	size_t n = strlen(seen);
	int *left = arg;

	assert_true(g->created > 0);
	snprintf(seen + n, sizeof(seen) - n, "%s%u ", g->name, g->members);
	return --*left > 0;
}

static const char *members(const char *group, int most)
{
	seen[0] = '\0';
	assert_int_equal(sp_store_group_members(kit_st, group, note, &most), SP_OK);
	return seen;
}

static void test_round_trip(void **state)
{
	struct sp_user alice, bob;
	int most = 9;

	assert_int_equal(sp_store_get(kit_st, "alice", &alice), SP_OK);
	assert_int_equal(sp_store_get(kit_st, "bob", &bob), SP_OK);
	assert_int_equal(sp_store_group_add(kit_st, "ops"), SP_OK);
	assert_int_equal(sp_store_group_add(kit_st, "leads"), SP_OK);
	assert_int_equal(sp_store_group_add(kit_st, "ops"), SP_EARG);
	assert_string_equal(sp_store_why(kit_st), "group exists");
	assert_int_equal(sp_store_group_enter(kit_st, "ops", "bob"), SP_OK);
	assert_int_equal(sp_store_group_enter(kit_st, "ops", "alice"), SP_OK);
	assert_int_equal(sp_store_group_enter(kit_st, "ops", "alice"), SP_EARG);
	assert_int_equal(sp_store_group_enter(kit_st, "leads", "bob"), SP_OK);
	kit_reopen();
	assert_string_equal(members("ops", 9), "alice bob ");
	assert_string_equal(members("ops", 1), "alice ");
	assert_true(sp_store_group_member(kit_st, alice.id, "ops"));
	assert_false(sp_store_group_member(kit_st, alice.id, "leads"));
	assert_false(sp_store_group_member(kit_st, alice.id, "@ops"));
	assert_false(sp_store_group_member(kit_st, alice.id, "OPS"));
	assert_false(sp_store_group_member(kit_st, alice.id, ""));
	assert_false(sp_store_group_member(kit_st, 0, "ops"));
	seen[0] = '\0';
	assert_int_equal(sp_store_group_list(kit_st, note_group, &most), SP_OK);
	assert_string_equal(seen, "leads1 ops2 ");
	assert_int_equal(sp_store_group_leave(kit_st, "ops", "alice"), SP_OK);
	assert_int_equal(sp_store_group_leave(kit_st, "ops", "alice"), SP_ENOTFOUND);
	assert_false(sp_store_group_member(kit_st, alice.id, "ops"));
	/* Who is deleted is in no group, and one that is made again begins empty. */
	assert_int_equal(sp_store_delete(kit_st, "bob"), SP_OK);
	assert_false(sp_store_group_member(kit_st, bob.id, "ops"));
	assert_int_equal(sp_store_group_enter(kit_st, "leads", "alice"), SP_OK);
	assert_int_equal(sp_store_group_delete(kit_st, "leads"), SP_OK);
	assert_int_equal(sp_store_group_delete(kit_st, "leads"), SP_ENOTFOUND);
	assert_int_equal(sp_store_group_add(kit_st, "leads"), SP_OK);
	assert_false(sp_store_group_member(kit_st, alice.id, "leads"));
}

static void test_misuse(void **state)
{
	int most = 9;

	assert_int_equal(sp_store_group_add(kit_st, ""), SP_EARG);
	assert_int_equal(sp_store_group_add(kit_st, "@ops"), SP_EARG);
	assert_int_equal(sp_store_group_add(kit_st, "Ops"), SP_EARG);
	assert_int_equal(sp_store_group_add(kit_st, "two words"), SP_EARG);
	assert_int_equal(sp_store_group_enter(kit_st, "ops", "alice"), SP_ENOTFOUND);
	assert_string_equal(sp_store_why(kit_st), "no such group");
	assert_int_equal(sp_store_group_add(kit_st, "ops"), SP_OK);
	assert_int_equal(sp_store_group_enter(kit_st, "ops", "carol"), SP_ENOTFOUND);
	assert_string_equal(sp_store_why(kit_st), "no such user");
	assert_int_equal(sp_store_group_leave(kit_st, "ops", "carol"), SP_ENOTFOUND);
	assert_int_equal(sp_store_group_members(kit_st, "leads", note, &most), SP_ENOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_round_trip),
			kit_test(test_misuse),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
