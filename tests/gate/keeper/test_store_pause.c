/* tests/gate/keeper/test_store_pause.c - wrong codes: how many, and how long the pause is then. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_pause.h"
#include "gate/keeper/store_recovery.h"
#include "host/lib/crypto_nettle.h"

#define FROM "192.0.2.7"
#define WRONG "not it"

static const uint8_t secret[SP_TOTP_SECRET] = {1, 2, 3};
static struct sp_pause last;

static int use_as(const char *user, const char *from, bool device, const char *code, int64_t now)
{
	struct sp_source s = kit_source(from);
	struct sp_code_from who = {.user = user, .source = &s, .device = device};

	return sp_store_code_use(kit_st, &who, code, now, &last);
}

static int use(const char *from, const char *code, int64_t now)
{
	return use_as("alice", from, false, code, now);
}

static const char *right(int64_t now)
{
	static char code[SP_TOTP_DIGITS + 1];

	assert_int_equal(sp_totp_code(secret, sp_totp_step(now), code), SP_OK);
	return code;
}

static uint32_t wait_of(const char *user, const char *from, bool device, int64_t now)
{
	struct sp_source s = kit_source(from);
	struct sp_code_from who = {.user = user, .source = &s, .device = device};
	struct sp_pause p;

	assert_int_equal(sp_store_code_ask(kit_st, &who, now, &p), SP_OK);
	assert_false(p.begins);
	return p.wait;
}

static int enrol(void **state)
{
	return kit_open(state) == 0 && sp_store_totp_set(kit_st, "alice", secret, 0) == SP_OK &&
					sp_store_totp_set(kit_st, "bob", secret, 0) == SP_OK
			? 0
			: -1;
}

/* Wrong ones until the pause begins. */
static void pause_there(const char *from, int64_t now)
{
	for (int i = 1; i <= SP_PAUSE_TRIES; i++) {
		assert_int_equal(use(from, WRONG, now), SP_EAUTH);
		assert_int_equal(last.begins, i == SP_PAUSE_TRIES);
		assert_int_equal(last.wait > 0, i == SP_PAUSE_TRIES);
	}
}

static void test_seconds(void **state)
{
	static const uint32_t want[] = {
			0, 600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400, 86400};

	for (uint32_t i = 0; i < SP_LEN(want); i++) {
		assert_int_equal(sp_pause_seconds(i), want[i]);
	}
	assert_int_equal(sp_pause_seconds(UINT32_MAX), SP_PAUSE_MAX);
}

static void test_pause(void **state)
{
	pause_there(FROM, KIT_NOW);
	assert_int_equal(last.wait, 600);
	/* Not even the right one is looked at, and it is not spent. */
	assert_int_equal(use(FROM, right(KIT_NOW + 570), KIT_NOW + 570), SP_ELIMIT);
	assert_int_equal(last.wait, 30);
	assert_false(last.begins);
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW + 570), 30);
	/* From the enrolled device it is, and from everywhere else; and others are not concerned. */
	assert_int_equal(wait_of("alice", FROM, true, KIT_NOW), 0);
	assert_int_equal(use_as("alice", FROM, true, right(KIT_NOW), KIT_NOW), SP_OK);
	assert_int_equal(use("192.0.2.8", right(KIT_NOW + 30), KIT_NOW + 30), SP_OK);
	assert_int_equal(use_as("bob", FROM, false, right(KIT_NOW), KIT_NOW), SP_OK);
	/* What was proved elsewhere does not end the pause here. */
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW + 599), 1);
	assert_int_equal(use(FROM, right(KIT_NOW + 600), KIT_NOW + 600), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM pause"), 0);
}

static void test_device(void **state)
{
	for (int i = 0; i < 50; i++) {
		assert_int_equal(use_as("alice", FROM, true, WRONG, KIT_NOW), SP_EAUTH);
		assert_int_equal(last.wait, 0);
	}
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW), 0);
}

static void test_grows(void **state)
{
	static const uint32_t minutes[] = {10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440};
	int64_t now = KIT_NOW;

	for (size_t i = 0; i < SP_LEN(minutes); i++) {
		pause_there(FROM, now);
		assert_int_equal(last.wait, minutes[i] * 60);
		kit_reopen();
		now += last.wait;
		assert_int_equal(wait_of("alice", FROM, false, now - 1), 1);
		assert_int_equal(wait_of("alice", FROM, false, now), 0);
	}
	/* A day after its end it is forgotten, a second before not. */
	pause_there(FROM, now + SP_PAUSE_MAX - 1);
	assert_int_equal(last.wait, SP_PAUSE_MAX);
	now += SP_PAUSE_MAX - 1 + SP_PAUSE_MAX;
	pause_there(FROM, now + SP_PAUSE_MAX);
	assert_int_equal(last.wait, 600);
	/* A right code as well. */
	now += SP_PAUSE_MAX + 600;
	assert_int_equal(use(FROM, right(now), now), SP_OK);
	pause_there(FROM, now);
	assert_int_equal(last.wait, 600);
}

/* Any ten minutes count, not those of a clock. */
static void test_window(void **state)
{
	for (int i = 0; i < 40; i++) {
		assert_int_equal(use(FROM, WRONG, KIT_NOW + i * 150), SP_EAUTH);
		assert_false(last.begins);
	}
	assert_int_equal(use(FROM, WRONG, KIT_NOW + 39 * 150 + 149), SP_EAUTH);
	assert_true(last.begins);
}

static void test_right_within(void **state)
{
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];

	assert_int_equal(sp_store_recovery_make(kit_st, "alice", codes), SP_OK);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < SP_PAUSE_TRIES - 1; i++) {
			/* Both kinds count together. */
			assert_int_equal(use(FROM, i % 2 ? WRONG : "aaaa-aaaa-aaaaa", KIT_NOW),
					SP_EAUTH);
		}
		assert_int_equal(use(FROM, codes[round], KIT_NOW), SP_OK);
		assert_int_equal(last.wait, 0);
	}
	/* One that is spent is no guess. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(use(FROM, codes[0], KIT_NOW), SP_EDENIED);
	}
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW), 0);
}

static void test_networks(void **state)
{
	pause_there("2001:db8:1:2::7", KIT_NOW);
	assert_int_equal(wait_of("alice", "2001:db8:1:2:9::9", false, KIT_NOW), 600);
	assert_int_equal(wait_of("alice", "2001:db8:1:3::7", false, KIT_NOW), 0);
	/* This machine is never paused. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(use("127.0.0.7", WRONG, KIT_NOW), SP_EAUTH);
		assert_int_equal(use("::1", WRONG, KIT_NOW), SP_EAUTH);
		assert_int_equal(last.wait, 0);
	}
	assert_int_equal(kit_number("SELECT COUNT(*) FROM pause"), 1);
}

struct listed {
	size_t n, stop;
	char net[4][SP_TEXT_ADDR];
	int64_t until[4];
};

static bool list_one(void *arg, const char *net, int64_t until)
{
	struct listed *l = arg;

	snprintf(l->net[l->n], SP_TEXT_ADDR, "%s", net);
	l->until[l->n++] = until;
	return l->n != l->stop;
}

static void test_list_and_unlock(void **state)
{
	struct listed l = {0}, one = {.stop = 1};

	pause_there("2001:db8:1:2::7", KIT_NOW + 5);
	pause_there(FROM, KIT_NOW);
	assert_int_equal(use("192.0.2.9", WRONG, KIT_NOW), SP_EAUTH);
	assert_int_equal(sp_store_pause_list(kit_st, "alice", KIT_NOW, list_one, &l), SP_OK);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.net[0], FROM);
	assert_true(l.until[0] == KIT_NOW + 600);
	assert_string_equal(l.net[1], "2001:db8:1:2::/64");
	assert_int_equal(sp_store_pause_list(kit_st, "alice", KIT_NOW, list_one, &one), SP_OK);
	assert_int_equal(one.n, 1);
	l.n = 0;
	assert_int_equal(sp_store_pause_list(kit_st, "alice", KIT_NOW + 600, list_one, &l), SP_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(sp_store_pause_list(kit_st, "carol", KIT_NOW, list_one, &l), SP_ENOTFOUND);
	assert_int_equal(sp_store_lockout_clear(kit_st, "alice"), SP_OK);
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW), 0);
	/* All of it: the next one is the first again. */
	pause_there(FROM, KIT_NOW);
	assert_int_equal(last.wait, 600);
	/* With the user it goes. */
	assert_int_equal(sp_store_delete(kit_st, "alice"), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM pause"), 0);
}

static void test_bounded(void **state)
{
	kit_tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
		   "30000) INSERT INTO pause (user, net, times, pauses, until, last) "
		   "SELECT 1, randomblob(6), x'', 1, 0, 1700000000 - i FROM n");
	assert_int_equal(use(FROM, WRONG, KIT_NOW + 1), SP_EAUTH);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM pause"), 20000);
	assert_int_equal(use(FROM, WRONG, KIT_NOW + 2 * SP_PAUSE_MAX), SP_EAUTH);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM pause"), 1);
}

static void test_damaged(void **state)
{
	struct sp_source none = {0};
	struct sp_code_from who = {.user = "alice", .source = &none};
	struct listed l = {0};

	pause_there(FROM, KIT_NOW);
	/* An end that no pause can have is of a clock that was wrong. */
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW - 1), 0);
	kit_tamper("UPDATE pause SET until = 9223372036854775807");
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW), 0);
	kit_tamper("UPDATE pause SET pauses = -7, until = 5, times = randomblob(999)");
	assert_int_equal(use(FROM, WRONG, KIT_NOW), SP_EAUTH);
	kit_tamper("UPDATE pause SET pauses = 9223372036854775807, times = x'00'");
	pause_there(FROM, KIT_NOW);
	kit_tamper("UPDATE pause SET net = x'00'");
	assert_int_equal(sp_store_pause_list(kit_st, "alice", KIT_NOW, list_one, &l), SP_OK);
	assert_string_equal(l.net[0], "?");
	assert_int_equal(sp_store_code_use(kit_st, &who, WRONG, KIT_NOW, &last), SP_EARG);
	assert_int_equal(use_as("carol", FROM, false, WRONG, KIT_NOW), SP_ENOTFOUND);
	/* What cannot be counted is not answered. */
	kit_tamper("DROP TABLE pause");
	assert_int_equal(use(FROM, right(KIT_NOW), KIT_NOW), SP_EDB);
	assert_int_equal(use(FROM, WRONG, KIT_NOW), SP_EDB);
	assert_int_equal(last.wait, 0);
}

/* SP_OK: the code was looked at, and wrong. */
static int guess(struct sp_store *st, const void *arg)
{
	struct sp_source s = kit_source(FROM);
	struct sp_code_from who = {.user = "alice", .source = &s};

	return sp_store_code_use(st, &who, arg, KIT_NOW, &last) == SP_EAUTH ? SP_OK : SP_EDENIED;
}

static int guess_often(struct sp_store *st, const void *arg)
{
	for (int i = 0; i < SP_PAUSE_TRIES; i++) {
		if (guess(st, arg) != SP_OK) {
			return SP_EDENIED;
		}
	}
	return SP_OK;
}

/* Twelve at the same moment: five are looked at. */
static void test_at_once(void **state)
{
	assert_int_equal(kit_rivals(12, guess, WRONG), SP_PAUSE_TRIES);
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW), 600);
}

static void test_killed(void **state)
{
	kit_killed_after(guess, WRONG);
	kit_killed_after(guess, WRONG);
	assert_int_equal(use(FROM, WRONG, KIT_NOW), SP_EAUTH);
	assert_int_equal(use(FROM, WRONG, KIT_NOW), SP_EAUTH);
	kit_killed_after(guess, WRONG);
	assert_int_equal(wait_of("alice", FROM, false, KIT_NOW), 600);
	assert_int_equal(sp_store_lockout_clear(kit_st, "alice"), SP_OK);
	kit_killed_after(guess_often, WRONG);
	assert_int_equal(use(FROM, right(KIT_NOW), KIT_NOW), SP_ELIMIT);
}

#define pause_test(f) cmocka_unit_test_setup_teardown(f, enrol, kit_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_seconds),
			pause_test(test_pause),
			pause_test(test_device),
			pause_test(test_grows),
			pause_test(test_window),
			pause_test(test_right_within),
			pause_test(test_networks),
			pause_test(test_list_and_unlock),
			pause_test(test_bounded),
			pause_test(test_damaged),
			pause_test(test_at_once),
			pause_test(test_killed),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
