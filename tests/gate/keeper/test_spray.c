/* tests/gate/keeper/test_spray.c - many users in an hour, and one machine's name from many places. */
#include "store_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/keeper/spray.h"
#include "gate/keeper/store_spray.h"

#define HOUR 3600
#define START (KIT_NOW / HOUR * HOUR)

static struct sp_spray *s;
static struct sp_spray_seen seen;

static int fresh(void **state)
{
	s = calloc(1, sizeof(*s));
	return s != NULL ? 0 : -1;
}

static int drop(void **state)
{
	free(s);
	return 0;
}

static void fail_at(uint64_t user, const char *from, const char *machine, int64_t now)
{
	struct sp_source source = kit_source(from);

	sp_spray_failed(s, user, &source, machine, now, &seen);
}

/* So many users fail in an hour; how often it is told. */
static int fail_many(unsigned users, int64_t now)
{
	int told = 0;

	for (unsigned i = 0; i < users; i++) {
		fail_at(i + 1, "192.0.2.7", "", now + i % HOUR);
		told += seen.users > 0;
		fail_at(i + 1, "192.0.2.8", "", now + i % HOUR);
		told += seen.users > 0;
	}
	return told;
}

static void test_quiet_week(void **state)
{
	assert_int_equal(fail_many(SP_SPRAY_HOUR_USERS, START), 0);
	fail_at(77, "192.0.2.7", "", START + HOUR - 1);
	assert_int_equal(seen.users, SP_SPRAY_HOUR_USERS + 1);
	assert_int_equal(seen.median, 0);
	assert_int_equal(seen.hour, 0);
	/* Once in this hour, and again in the next; the one before is to be kept. */
	assert_int_equal(fail_many(500, START), 0);
	fail_at(1, "192.0.2.7", "", START + HOUR);
	assert_true(seen.hour == START / HOUR);
	assert_int_equal(seen.hour_users, 500);
	assert_int_equal(fail_many(500, START + HOUR), 1);
	/* A clock that goes back a little begins nothing anew; one that was quite wrong does. */
	fail_at(1, "192.0.2.7", "", START + HOUR - 1);
	assert_int_equal(seen.hour, 0);
	fail_at(1, "192.0.2.7", "", START - 5 * HOUR);
	assert_true(seen.hour == START / HOUR + 1);
	assert_int_equal(fail_many(30, START - 5 * HOUR), 1);
}

static void test_median(void **state)
{
	/* 84 hours of 10 and 84 of 20: 15, of which four times are needed. */
	for (int i = 1; i <= SP_SPRAY_HOURS; i++) {
		sp_spray_remember(s, START / HOUR - i, i % 2 ? 10 : 20);
	}
	assert_int_equal(fail_many(60, START), 0);
	fail_at(1000, "192.0.2.7", "", START);
	assert_int_equal(seen.users, 61);
	assert_int_equal(seen.median, 15);
	assert_int_equal(fail_many(200, START), 0);
	/* One bad hour does not change what is usual. */
	assert_int_equal(fail_many(60, START + HOUR), 0);
	/* A week without anything: what was before counts no more. */
	assert_int_equal(fail_many(SP_SPRAY_HOUR_USERS + 1, START + 400 * HOUR), 1);
	assert_int_equal(seen.median, 0);
	sp_spray_remember(s, 0, 7);
	sp_spray_remember(s, -5, 7);
}

static void test_many_users(void **state)
{
	assert_int_equal(fail_many(3 * SP_SPRAY_MAX_USERS, START), 1);
	assert_int_equal(s->n, SP_SPRAY_MAX_USERS);
	/* All in one place of the table, and the number that stands for an empty one. */
	for (uint64_t i = 0; i < 1000; i++) {
		fail_at(i << 32, "192.0.2.7", "", START + HOUR);
	}
	assert_int_equal(s->n, 1000);
}

static void test_machine(void **state)
{
	char from[32];
	int told = 0;

	for (int i = 1; i <= SP_SPRAY_NAME_SOURCES; i++) {
		snprintf(from, sizeof(from), "10.%d.0.1", i);
		fail_at(1, from, "KALI", START + i);
		fail_at(1, from, "kali", START + i);
		assert_int_equal(seen.sources, 0);
		fail_at(1, from, "", START + i);
		snprintf(from, sizeof(from), "M%d", i);
		fail_at(1, "10.9.0.1", from, START + i);
	}
	/* One network of IPv6 is one source. */
	fail_at(1, "2001:db8::1", "PC", START);
	for (int i = 1; i <= 20; i++) {
		snprintf(from, sizeof(from), "2001:db8::%d", i);
		fail_at(1, from, "PC", START);
		assert_int_equal(seen.sources, 0);
	}
	fail_at(1, "2001:db8:1::1", "Kali", START + 10);
	assert_int_equal(seen.sources, SP_SPRAY_NAME_SOURCES + 1);
	for (int i = 0; i < 3000; i++) {
		snprintf(from, sizeof(from), "11.0.%d.%d", i / 250, i % 250);
		fail_at(1, from, "KALI", START + 10 + i);
		told += seen.sources > 0;
	}
	assert_int_equal(told, 0);
	/* It ended, and begins again. */
	int64_t later = START + 3010 + SP_SPRAY_NAME_SECONDS;
	for (int i = 0; i < 20; i++) {
		snprintf(from, sizeof(from), "12.0.0.%d", i);
		fail_at(1, from, "KALI", later);
		assert_int_equal(seen.sources, i == SP_SPRAY_NAME_SOURCES ? i + 1 : 0);
	}
}

/* From six places, but never within ten minutes. */
static void test_slow_machine(void **state)
{
	char from[32];

	for (int i = 0; i < 100; i++) {
		snprintf(from, sizeof(from), "10.0.0.%d", i);
		fail_at(1, from, "LAPTOP", START + i * 120);
		assert_int_equal(seen.sources, 0);
	}
}

static void test_many_machines(void **state)
{
	char name[80], from[32];

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < 6; i++) {
		snprintf(from, sizeof(from), "10.0.0.%d", i);
		fail_at(1, from, "KALI", START + 1000);
		fail_at(1, from, name, START + 1000);
		assert_int_equal(seen.sources, i == 5 ? 6 : 0);
	}
	/* Invented ones push out each other, the oldest first. */
	for (int i = 0; i < SP_SPRAY_MAX_NAMES - 2; i++) {
		snprintf(name, sizeof(name), "invented %d", i);
		fail_at(1, "10.0.0.1", name, START + 1100 + i);
	}
	fail_at(1, "10.0.0.9", "KALI", START + 1500);
	assert_int_equal(seen.sources, 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "more %d", i);
		fail_at(1, "10.0.0.1", name, START + 1600);
	}
	assert_string_equal(s->name[0].name, "more 999");
}

static void add(void *arg, int64_t hour, uint32_t users)
{
	uint32_t *sum = arg;

	assert_true(hour > START / HOUR - SP_SPRAY_HOURS - 2);
	*sum += users;
}

/* What was usual is known after a restart. */
static void test_kept(void **state)
{
	uint32_t sum = 0;

	for (int i = 400; i > 0; i--) {
		assert_int_equal(sp_store_spray_put(kit_st, START / HOUR - i, 2), SP_OK);
	}
	assert_int_equal(sp_store_spray_put(kit_st, START / HOUR - 1, 3), SP_OK);
	kit_reopen();
	assert_int_equal(kit_number("SELECT COUNT(*) FROM spray_hour"), SP_SPRAY_HOURS);
	assert_int_equal(sp_store_spray_each(kit_st, START, add, &sum), SP_OK);
	assert_int_equal(sum, 2 * SP_SPRAY_HOURS + 1);
	/* A clock that was wrong. */
	assert_int_equal(sp_store_spray_put(kit_st, START / HOUR + 100000, 2), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM spray_hour"), 1);
	assert_int_equal(sp_store_spray_put(kit_st, START / HOUR, 2), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM spray_hour"), 1);
	kit_tamper("UPDATE spray_hour SET users = -1");
	sum = 0;
	assert_int_equal(sp_store_spray_each(kit_st, START, add, &sum), SP_OK);
	assert_int_equal(sum, 0);
	kit_tamper("DROP TABLE spray_hour");
	assert_int_equal(sp_store_spray_put(kit_st, START / HOUR, 2), SP_EDB);
	assert_int_equal(sp_store_spray_each(kit_st, START, add, &sum), SP_EDB);
}

#define spray_test(f) cmocka_unit_test_setup_teardown(f, fresh, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
			spray_test(test_quiet_week),
			spray_test(test_median),
			spray_test(test_many_users),
			spray_test(test_machine),
			spray_test(test_slow_machine),
			spray_test(test_many_machines),
			kit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
