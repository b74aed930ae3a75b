/* tests/gate/keeper/test_store_lockout.c - who has to wait, who never does, and who sprays. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "gate/keeper/store_lockout.h"

static struct sp_lockout_failure last;

static struct sp_lockout ask_as(const char *user, const char *from, bool familiar, int64_t now)
{
	struct sp_source s = kit_source(from);
	struct sp_lockout l;

	assert_int_equal(sp_store_lockout_ask(kit_st, user, &s, familiar, now, &l), SP_OK);
	return l;
}

static uint32_t wait_of(const char *user, const char *from, int64_t now)
{
	return ask_as(user, from, false, now).wait;
}

static bool token_only(const char *user, const char *from, int64_t now)
{
	return ask_as(user, from, false, now).token_only;
}

static void fail_at(const char *user, const char *from, int64_t now)
{
	struct sp_source s = kit_source(from);

	assert_int_equal(sp_store_lockout_failed(kit_st, user, &s, now, &last), SP_OK);
}

static uint32_t succeed(const char *user, const char *from, int64_t now)
{
	struct sp_source s = kit_source(from);
	uint32_t failures;

	assert_int_equal(sp_store_lockout_succeeded(kit_st, user, &s, now, &failures), SP_OK);
	return failures;
}

static void test_delays(void **state)
{
	static const uint32_t want[] = {0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};

	for (uint32_t i = 0; i < SP_LEN(want); i++) {
		assert_int_equal(sp_lockout_delay(i), want[i]);
	}
	assert_int_equal(sp_lockout_delay(UINT32_MAX), 60);
}

/* The ladder is the same for somebody who is not there. */
static void ladder(const char *user, const char *from)
{
	static const uint32_t want[] = {0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
	int64_t now = KIT_NOW;

	for (size_t i = 0; i < SP_LEN(want); i++) {
		assert_int_equal(wait_of(user, from, now), 0);
		fail_at(user, from, now);
		assert_int_equal(last.wait, want[i]);
		assert_int_equal(last.failures, i + 1);
		assert_int_equal(wait_of(user, from, now), want[i]);
		if (want[i] > 0) {
			assert_int_equal(wait_of(user, from, now + want[i] - 1), 1);
		}
		now += want[i];
		if (i == 7) {
			kit_reopen();
		}
	}
	assert_int_equal(wait_of(user, from, now + SP_LOCKOUT_FORGET), 0);
	fail_at(user, from, now + SP_LOCKOUT_FORGET);
	assert_int_equal(last.wait, 0);
}

static void test_ladder(void **state)
{
	ladder("alice", "192.0.2.7");
	ladder("nobody", "198.51.100.7");
	ladder("bob", "2001:db8:1:2::7");
	/* The name in every form is one user; another address of the /64 is one source. */
	for (int i = 0; i < 6; i++) {
		fail_at(i % 2 ? "BOB@corp" : "bob", "2001:db8:9:9::1", KIT_NOW);
	}
	assert_int_equal(wait_of("Bob", "2001:db8:9:9:ffff::1", KIT_NOW), 1);
	assert_int_equal(wait_of("bob", "2001:db8:9:8::1", KIT_NOW), 0);
	/* A clock that was set back keeps nobody out for longer. */
	assert_true(wait_of("bob", "2001:db8:9:9::1", KIT_NOW - 100000) <= SP_LOCKOUT_DELAY_MAX);
}

/* Moving within a network helps for a while only. */
static void test_network(void **state)
{
	char from[32];

	for (int i = 0; i < 10; i++) {
		snprintf(from, sizeof(from), "192.0.2.%d", i + 1);
		assert_int_equal(wait_of("alice", from, KIT_NOW), 0);
		fail_at("alice", from, KIT_NOW);
	}
	fail_at("alice", "192.0.2.99", KIT_NOW);
	assert_int_equal(last.wait, 1);
	assert_int_equal(wait_of("alice", "192.0.2.100", KIT_NOW), 1);
	assert_int_equal(wait_of("alice", "192.0.3.100", KIT_NOW), 0);
	assert_int_equal(wait_of("bob", "192.0.2.100", KIT_NOW), 0);
}

static void test_familiar(void **state)
{
	char from[32];

	assert_int_equal(succeed("alice", "203.0.113.5", KIT_NOW), 0);
	assert_true(ask_as("alice", "203.0.113.5", false, KIT_NOW).familiar);
	assert_false(ask_as("bob", "203.0.113.5", false, KIT_NOW).familiar);
	assert_false(ask_as("alice", "203.0.113.6", false, KIT_NOW).familiar);
	/* A stranger shuts out nobody at the usual desk. */
	for (int i = 0; i < 60; i++) {
		snprintf(from, sizeof(from), "198.%d.100.1", i);
		assert_int_equal(
				token_only("alice", from, KIT_NOW + 1), i >= SP_LOCKOUT_TOKEN_ONLY);
		fail_at("alice", from, KIT_NOW + 1);
		assert_int_equal(last.token_only_now, i + 1 == SP_LOCKOUT_TOKEN_ONLY);
	}
	kit_reopen();
	assert_true(token_only("alice", "198.77.100.1", KIT_NOW + 2));
	assert_false(token_only("alice", "203.0.113.5", KIT_NOW + 2));
	assert_int_equal(wait_of("alice", "203.0.113.5", KIT_NOW + 2), 0);
	/* Nor by failing from the desk's own address, or where a device or a token was proved. */
	for (int i = 0; i < 60; i++) {
		fail_at("alice", "203.0.113.5", KIT_NOW + 2);
		assert_int_equal(last.wait, 0);
	}
	assert_int_equal(wait_of("alice", "203.0.113.5", KIT_NOW + 2), 0);
	assert_false(ask_as("alice", "198.77.100.1", true, KIT_NOW + 2).token_only);
	/* A login from there makes it familiar; the failures from elsewhere stay. */
	assert_int_equal(succeed("alice", "198.77.100.1", KIT_NOW + 3), 120);
	assert_int_equal(succeed("alice", "198.77.100.1", KIT_NOW + 3), 0);
	assert_false(token_only("alice", "198.77.100.1", KIT_NOW + 4));
	assert_true(token_only("alice", "198.78.100.1", KIT_NOW + 4));
	/* Thirty days later it is not any more. */
	assert_true(ask_as("alice", "203.0.113.5", false, KIT_NOW + SP_LOCKOUT_FAMILIAR - 1)
					.familiar);
	assert_false(ask_as("alice", "203.0.113.5", false, KIT_NOW + SP_LOCKOUT_FAMILIAR).familiar);
	assert_false(token_only("alice", "198.78.100.1", KIT_NOW + 1 + SP_LOCKOUT_FORGET));
}

static void test_unlock(void **state)
{
	struct sp_lockout l;

	for (int i = 0; i < 30; i++) {
		fail_at("alice", "192.0.2.7", KIT_NOW);
		fail_at("bob", "192.0.2.7", KIT_NOW);
	}
	assert_int_equal(sp_store_lockout_show(kit_st, "alice", KIT_NOW, &l), SP_OK);
	assert_true(l.token_only);
	assert_int_equal(sp_store_lockout_clear(kit_st, "alice"), SP_OK);
	assert_false(token_only("alice", "192.0.2.7", KIT_NOW));
	assert_int_equal(wait_of("alice", "192.0.2.7", KIT_NOW), 0);
	assert_true(token_only("bob", "192.0.2.7", KIT_NOW));
	assert_int_equal(sp_store_lockout_show(kit_st, "alice", KIT_NOW, &l), SP_OK);
	assert_false(l.token_only);
	assert_int_equal(sp_store_lockout_clear(kit_st, "carol"), SP_ENOTFOUND);
	/* His own mistakes before a success are forgiven. */
	for (int i = 0; i < 19; i++) {
		fail_at("alice", "192.0.2.7", KIT_NOW);
	}
	assert_int_equal(succeed("alice", "192.0.2.7", KIT_NOW), 19);
	fail_at("alice", "192.9.2.7", KIT_NOW);
	assert_false(last.token_only_now);
	assert_int_equal(last.failures, 1);
}

static void test_told(void **state)
{
	int told = 0;

	for (int i = 1; i <= 250; i++) {
		fail_at("alice", "192.0.2.7", KIT_NOW + i);
		told += last.tell;
		assert_int_equal(last.tell, i == 100 || i == 200);
	}
	assert_int_equal(told, 2);
}

static void test_spray(void **state)
{
	char user[16];
	int alarms = 0;

	for (int i = 0; i < 30; i++) {
		snprintf(user, sizeof(user), i == 3 ? "alice" : "user%d", i);
		fail_at(user, "192.0.2.7", KIT_NOW + i);
		/* The same one again is none more. */
		fail_at(user, "192.0.2.7", KIT_NOW + i);
		assert_false(last.spray_now);
		alarms += last.users == SP_SPRAY_USERS + 1;
		assert_int_equal(last.users, i + 1);
		assert_int_equal(last.penalty, i >= SP_SPRAY_USERS ? SP_SPRAY_PENALTY : 0);
	}
	assert_int_equal(alarms, 1);
	kit_reopen();
	/* From elsewhere in its network too; not from another. */
	fail_at("alice", "192.0.2.8", KIT_NOW + 40);
	assert_int_equal(last.penalty, SP_SPRAY_PENALTY);
	fail_at("alice", "192.0.3.8", KIT_NOW + 40);
	assert_int_equal(last.penalty, 0);
	/* Long after, it begins anew. */
	fail_at("alice", "192.0.2.7", KIT_NOW + 3000);
	assert_int_equal(last.users, 1);
	assert_int_equal(last.penalty, 0);
}

static void test_spray_told_once(void **state)
{
	char user[16], from[32];
	int alarms = 0;

	for (int i = 0; i < 200; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		snprintf(from, sizeof(from), "192.0.2.%d", i % 250 + 1);
		fail_at(user, from, KIT_NOW + i);
		alarms += last.spray_now;
	}
	assert_int_equal(alarms, 1);
	assert_in_range(last.users, SP_SPRAY_USERS, 64);
}

/* Whoever is on this machine cannot be told apart. */
static void test_loopback(void **state)
{
	char user[16];

	for (int i = 0; i < 50; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		fail_at(user, "127.1.2.3", KIT_NOW);
		fail_at("alice", "127.0.0.1", KIT_NOW);
		fail_at("alice", "::1", KIT_NOW);
		assert_int_equal(last.wait, 0);
		assert_int_equal(last.penalty, 0);
		assert_false(last.spray_now);
	}
	assert_int_equal(kit_number("SELECT COUNT(*) FROM lockout"), 0);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM spray"), 0);
	assert_int_equal(succeed("alice", "127.0.0.1", KIT_NOW), 0);
	assert_true(ask_as("alice", "127.0.0.1", false, KIT_NOW).familiar);
	assert_false(ask_as("alice", "192.0.2.1", false, KIT_NOW).familiar);
}

/* Invented names fill no disk, and push out nobody who is there. */
static void test_bounded(void **state)
{
	for (int i = 0; i < 25; i++) {
		fail_at("alice", "203.0.113.5", KIT_NOW);
	}
	kit_tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
		   "60000) "
		   "INSERT INTO lockout (user, net, known, failures, last) "
		   "SELECT randomblob(16), x'01', 0, 1, 1700000100 FROM n");
	kit_tamper("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
		   "60000) "
		   "INSERT INTO spray (net, user, last) "
		   "SELECT randomblob(6), randomblob(16), 1700000100 FROM n");
	kit_reopen();
	fail_at("nobody", "192.0.2.7", KIT_NOW + 100);
	assert_true(kit_number("SELECT COUNT(*) FROM lockout") <= 20000);
	assert_true(kit_number("SELECT COUNT(*) FROM spray") <= 20000);
	assert_true(token_only("alice", "192.0.2.7", KIT_NOW + 100));
	/* Familiar networks of a user are few as well. */
	for (int i = 0; i < 50; i++) {
		char from[32];
		snprintf(from, sizeof(from), "10.0.%d.1", i);
		assert_int_equal(succeed("bob", from, KIT_NOW + i), 0);
	}
	assert_int_equal(kit_number("SELECT COUNT(*) FROM familiar"), 32);
	assert_true(ask_as("bob", "10.0.49.1", false, KIT_NOW + 50).familiar);
	assert_false(ask_as("bob", "10.0.1.1", false, KIT_NOW + 50).familiar);
	/* Nor do names lie there in clear. */
	assert_false(kit_on_disk("nobody"));
}

static void test_damaged(void **state)
{
	struct sp_source s = kit_source("192.0.2.7"), none = {0};
	struct sp_lockout l;
	uint32_t n;

	fail_at("alice", "192.0.2.7", KIT_NOW);
	kit_tamper("UPDATE lockout SET failures = -5");
	assert_int_equal(wait_of("alice", "192.0.2.7", KIT_NOW), 0);
	kit_tamper("UPDATE lockout SET failures = 9223372036854775807");
	assert_int_equal(wait_of("alice", "192.0.2.7", KIT_NOW), 60);
	fail_at("alice", "192.0.2.7", KIT_NOW);
	kit_tamper("UPDATE lockout SET last = 9223372036854775000");
	assert_int_equal(wait_of("alice", "192.0.2.7", KIT_NOW), 60);
	assert_int_equal(sp_store_lockout_ask(kit_st, "alice", &none, false, KIT_NOW, &l), SP_EARG);
	assert_int_equal(l.wait, 60);
	assert_int_equal(sp_store_lockout_failed(kit_st, "alice", &none, KIT_NOW, &last), SP_EARG);
	assert_int_equal(sp_store_lockout_succeeded(kit_st, "nobody", &s, KIT_NOW, &n),
			SP_ENOTFOUND);
	/* Whoever does not look at the result has somebody wait. */
	kit_tamper("DROP TABLE lockout");
	assert_int_equal(sp_store_lockout_ask(kit_st, "alice", &s, false, KIT_NOW, &l), SP_EDB);
	assert_int_equal(l.wait, 60);
	assert_int_equal(sp_store_lockout_failed(kit_st, "alice", &s, KIT_NOW, &last), SP_EDB);
}

static int fail_often(struct sp_store *st, const void *arg)
{
	struct sp_source s = kit_source(arg);
	int rc = SP_OK;

	for (int i = 0; rc == SP_OK && i < 5; i++) {
		rc = sp_store_lockout_failed(st, "alice", &s, KIT_NOW, &last);
	}
	return rc;
}

/* No failure is lost when many come at once, nor by a kill -9. */
static void test_at_once(void **state)
{
	assert_int_equal(kit_rivals(4, fail_often, "192.0.2.7"), 4);
	kit_killed_after(fail_often, "192.0.2.7");
	fail_at("alice", "192.0.2.7", KIT_NOW);
	assert_int_equal(last.failures, 26);
	assert_true(token_only("alice", "192.1.2.7", KIT_NOW));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_delays),
			kit_test(test_ladder),
			kit_test(test_network),
			kit_test(test_familiar),
			kit_test(test_unlock),
			kit_test(test_told),
			kit_test(test_spray),
			kit_test(test_spray_told_once),
			kit_test(test_loopback),
			kit_test(test_bounded),
			kit_test(test_damaged),
			kit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
