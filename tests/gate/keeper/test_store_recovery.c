/* tests/gate/keeper/test_store_recovery.c - recovery codes, each once. */
#include "store_kit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_recovery.h"

static char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];

static int use(const char *user, const char *code)
{
	return sp_store_recovery_use(kit_st, user, code, KIT_NOW);
}

static uint32_t left(const char *user)
{
	uint32_t n;

	assert_int_equal(sp_store_recovery_left(kit_st, user, &n), SP_OK);
	return n;
}

static void make(void)
{
	assert_int_equal(sp_store_recovery_make(kit_st, "alice", codes), SP_OK);
}

static void test_once(void **state)
{
	char old[SP_RECOVERY_TEXT];

	assert_int_equal(left("alice"), 0);
	make();
	assert_int_equal(left("alice"), 10);
	for (int i = 0; i < SP_RECOVERY_COUNT; i++) {
		assert_int_equal(strlen(codes[i]), 15);
		assert_true(sp_recovery_looks(codes[i]));
		assert_false(kit_on_disk(codes[i]));
		for (int k = 0; k < i; k++) {
			assert_string_not_equal(codes[i], codes[k]);
		}
	}
	kit_reopen();
	assert_int_equal(use("bob", codes[0]), SP_EAUTH);
	assert_int_equal(use("alice", codes[0]), SP_OK);
	assert_int_equal(use("alice", codes[0]), SP_EDENIED);
	assert_int_equal(left("alice"), 9);
	for (int i = 1; i < SP_RECOVERY_COUNT; i++) {
		assert_int_equal(use("alice", codes[i]), SP_OK);
	}
	assert_int_equal(left("alice"), 0);
	assert_int_equal(left("bob"), 0);
	/* New ones void all older ones. */
	make();
	memcpy(old, codes[3], sizeof(old));
	make();
	assert_int_equal(use("alice", old), SP_EAUTH);
	assert_int_equal(left("alice"), 10);
	assert_int_equal(sp_store_disable(kit_st, "alice", true), SP_OK);
	assert_int_equal(use("alice", codes[1]), SP_EAUTH);
	assert_int_equal(left("alice"), 10);
	assert_int_equal(sp_store_delete(kit_st, "alice"), SP_OK);
	assert_int_equal(use("alice", codes[1]), SP_ENOTFOUND);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM recovery"), 0);
}

/* As people write it. */
static void test_forms(void **state)
{
	char text[64];
	size_t n = 0;

	make();
	for (const char *p = codes[0]; *p != '\0'; p++) {
		char c = *p == '0' ? 'O' : *p == '1' ? 'l' : (char)toupper(*p);
		if (c != '-') {
			text[n++] = c;
			text[n++] = ' ';
		}
	}
	text[n] = '\0';
	assert_true(sp_recovery_looks(text));
	assert_int_equal(use("alice", text), SP_OK);
	static const char *const wrong[] = {"", "123456", "----", "0000-0000-00000",
			"0000-0000-000000", "0000-0000-0000", "uuuu-uuuu-uuuuu", "äöü",
			"0000-0000-0000\n"};
	for (size_t i = 0; i < SP_LEN(wrong); i++) {
		assert_int_equal(use("alice", wrong[i]), SP_EAUTH);
	}
	assert_false(sp_recovery_looks("123456"));
	assert_true(sp_recovery_looks("0000-0000-00000"));
	assert_int_equal(sp_store_recovery_make(kit_st, "carol", codes), SP_ENOTFOUND);
	assert_string_equal(codes[0], "");
}

static int use_one(struct sp_store *st, const void *arg)
{
	return sp_store_recovery_use(st, "alice", arg, KIT_NOW);
}

static void test_at_once(void **state)
{
	make();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(kit_rivals(6, use_one, codes[i]), 1);
	}
	assert_int_equal(left("alice"), 7);
}

static void test_killed(void **state)
{
	make();
	kit_killed_after(use_one, codes[0]);
	assert_int_equal(use("alice", codes[0]), SP_EDENIED);
	assert_int_equal(left("alice"), 9);
}

/* With the database alone nobody makes a code, nor takes one to somebody else. */
static void test_tampered(void **state)
{
	make();
	kit_tamper("UPDATE recovery SET user = 2");
	assert_int_equal(use("bob", codes[0]), SP_EAUTH);
	assert_int_equal(use("alice", codes[0]), SP_EAUTH);
	kit_tamper("UPDATE recovery SET hash = randomblob(500)");
	assert_int_equal(use("bob", codes[0]), SP_EAUTH);
}

/* They stand for one-time codes, and go with them. */
static void test_with_totp(void **state)
{
	static const uint8_t secret[] = "12345678901234567890";

	assert_int_equal(sp_store_totp_enrol(kit_st, "alice", secret, 0), SP_OK);
	make();
	assert_int_equal(sp_store_totp_clear(kit_st, "alice"), SP_OK);
	assert_int_equal(left("alice"), 0);
	assert_int_equal(use("alice", codes[0]), SP_EAUTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_once),
			kit_test(test_forms),
			kit_test(test_at_once),
			kit_test(test_killed),
			kit_test(test_tampered),
			kit_test(test_with_totp),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
