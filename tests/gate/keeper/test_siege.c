/* tests/gate/keeper/test_siege.c - a hundred thousand sprayed attempts, and somebody who only wants to work. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "gate/keeper/spray.h"
#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_pause.h"

#define ATTEMPTS 100000
#define EACH 500 /* attempts between two logins of the familiar user */
#define DESK "203.0.113.5"

static const uint8_t secret[SP_TOTP_SECRET] = {1, 2, 3};
static struct sp_spray spray;

/* A stranger from one of 65,000 networks; half of them want alice, the rest everybody. */
static void attempt(uint32_t i, int64_t now, struct sp_lockout_failure *f)
{
	struct sp_spray_seen seen;
	char user[16], from[32];

	snprintf(user, sizeof(user), i % 2 ? "alice" : "user%u", i % 5000);
	snprintf(from, sizeof(from), "%u.%u.%u.%u", 11 + i % 64, i / 64 % 256, i % 7, i % 250 + 1);
	struct sp_source s = kit_source(from);
	assert_int_equal(sp_store_lockout_failed(kit_st, user, &s, now, f), SP_OK);
	sp_spray_failed(&spray, f->who, &s, i % 3 ? "KALI" : user, now, &seen);
}

/* Password and code, as a login asks for them; the code is right. */
static void log_in(int64_t now)
{
	struct sp_source s = kit_source(DESK);
	struct sp_code_from who = {.user = "alice", .source = &s};
	char code[SP_TOTP_DIGITS + 1];
	struct sp_lockout lock;
	struct sp_pause pause;
	uint32_t failures;

	assert_int_equal(sp_store_lockout_ask(kit_st, "alice", &s, false, now, &lock), SP_OK);
	assert_true(lock.familiar);
	assert_int_equal(lock.wait, 0);
	assert_false(lock.token_only);
	assert_int_equal(sp_totp_code(secret, sp_totp_step(now), code), SP_OK);
	assert_int_equal(sp_store_code_use(kit_st, &who, code, now, &pause), SP_OK);
	assert_int_equal(sp_store_lockout_succeeded(kit_st, "alice", &s, now, &failures), SP_OK);
}

static void test_siege(void **state)
{
	struct sp_source stranger = kit_source("11.0.0.1"), desk = kit_source(DESK);
	struct sp_lockout_failure f;
	struct sp_lockout lock;
	int64_t now = KIT_NOW;
	uint32_t failures;

	assert_int_equal(sp_store_totp_set(kit_st, "alice", secret, 0), SP_OK);
	assert_int_equal(sp_store_lockout_succeeded(kit_st, "alice", &desk, now, &failures), SP_OK);
	for (uint32_t i = 0; i < ATTEMPTS; i++) {
		attempt(i, now, &f);
		if (i % EACH == 0) {
			now += 60;
			log_in(now);
		}
	}
	/* The siege was none to the strangers' profit, and has filled no disk. */
	assert_int_equal(
			sp_store_lockout_ask(kit_st, "alice", &stranger, false, now, &lock), SP_OK);
	assert_true(lock.token_only);
	assert_true(kit_number("SELECT COUNT(*) FROM lockout") <= 20000 + 256 * 4);
	assert_true(kit_number("SELECT COUNT(*) FROM spray") <= 20000 + 256 * 2);
	assert_true(spray.n > 0);
	kit_reopen();
	log_in(now + 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {kit_test(test_siege)};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
