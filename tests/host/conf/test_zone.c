/* tests/host/conf/test_zone.c - our tables of time zones against the C library's, and damaged files. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/conf/zone.h"
#include "host/conf/zone_rule.h"

#define HOUR 3600
#define DAY 86400

static const char *const names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
		"Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia",
		"Europe/Dublin", "Antarctica/Troll", "Etc/UTC", "America/Sao_Paulo", "Asia/Tehran",
		"Pacific/Auckland", "America/Nuuk", "Etc/GMT+12", "Asia/Gaza"};

static struct sp_zone *load(const char *name)
{
	struct sp_zone *z;

	if (access(SP_ZONE_FOLDER "/Europe/Berlin", R_OK) != 0) {
		print_message("skipped: no tzdata\n");
		skip();
	}
	assert_int_equal(sp_zone_load(name, &z), SP_OK);
	return z;
}

static int32_t offset_of_libc(int64_t t)
{
	time_t when = (time_t)t;
	struct tm tm;

	assert_non_null(localtime_r(&when, &tm));
	return (int32_t)tm.tm_gmtoff;
}

static void test_against_libc(void **state)
{
	/* 1901 to 2150: before the tables, in them, and behind them. */
	for (size_t i = 0; i < SP_LEN(names); i++) {
		struct sp_zone *z = load(names[i]);
		setenv("TZ", names[i], 1);
		tzset();
		for (int64_t t = INT64_C(-2177452800); t < INT64_C(5680281600); t += 5 * DAY + 1) {
			struct sp_zone_now now = sp_zone_at(z, t);
			if (now.offset != offset_of_libc(t)) {
				fail_msg("%s at %lld: %d, not %d", names[i], (long long)t,
						now.offset, offset_of_libc(t));
			}
			/* Nothing changes before it says, and both sides of it are right. */
			assert_true(now.change > t);
			if (now.change < t + 5 * DAY) {
				assert_int_equal(sp_zone_at(z, now.change - 1).offset,
						offset_of_libc(now.change - 1));
				assert_int_equal(sp_zone_at(z, now.change).offset,
						offset_of_libc(now.change));
			}
		}
		sp_zone_destroy(z);
	}
	unsetenv("TZ");
	tzset();
}

static int64_t at(int64_t year, uint32_t month, uint32_t day, int hour, int minute)
{
	return sp_zone_days(year, month, day) * DAY + hour * HOUR + minute * 60;
}

static void test_days(void **state)
{
	assert_int_equal(sp_zone_days(1970, 1, 1), 0);
	assert_int_equal(sp_zone_days(1969, 12, 31), -1);
	assert_int_equal(sp_zone_days(2000, 3, 1), 11017);
	assert_int_equal(sp_zone_days(1900, 3, 1), -25508);
	assert_int_equal(sp_zone_days(2100, 2, 28) + 1, sp_zone_days(2100, 3, 1));
	for (int64_t t = -DAY * INT64_C(200000); t < DAY * INT64_C(200000); t += DAY * 37) {
		time_t when = (time_t)t;
		struct tm tm;
		assert_non_null(gmtime_r(&when, &tm));
		assert_int_equal(sp_zone_days(tm.tm_year + 1900, (uint32_t)tm.tm_mon + 1,
						 (uint32_t)tm.tm_mday) *
						DAY,
				t);
	}
}

static void test_wall_clock_to_utc(void **state)
{
	struct sp_zone *z = load("Europe/Berlin");

	assert_int_equal(sp_zone_utc(z, at(2026, 11, 22, 22, 0)), at(2026, 11, 22, 21, 0));
	assert_int_equal(sp_zone_utc(z, at(2026, 7, 1, 8, 0)), at(2026, 7, 1, 6, 0));
	/* 2026-03-29: 2:00 to 3:00 does not exist. */
	assert_int_equal(sp_zone_utc(z, at(2026, 3, 29, 1, 59)), at(2026, 3, 29, 0, 59));
	assert_int_equal(sp_zone_utc(z, at(2026, 3, 29, 2, 30)), at(2026, 3, 29, 1, 0));
	assert_int_equal(sp_zone_utc(z, at(2026, 3, 29, 3, 0)), at(2026, 3, 29, 1, 0));
	/* 2026-10-25: 2:00 to 3:00 is there twice. */
	assert_int_equal(sp_zone_utc(z, at(2026, 10, 25, 2, 30)), at(2026, 10, 25, 0, 30));
	assert_int_equal(sp_zone_utc(z, at(2026, 10, 25, 3, 0)), at(2026, 10, 25, 2, 0));
	/* Behind the table, by its rule. */
	assert_int_equal(sp_zone_utc(z, at(2120, 7, 1, 8, 0)), at(2120, 7, 1, 6, 0));
	sp_zone_destroy(z);
}

static void test_names(void **state)
{
	static const char *const none[] = {"Europe/Nowhere", "../../../etc/localtime",
			"/etc/localtime", "Europe//Berlin", "Europe/Berlin ", "Europe.Berlin", "."};
	struct sp_zone *z = load("");

	sp_zone_destroy(z);
	for (size_t i = 0; i < SP_LEN(none); i++) {
		assert_int_equal(sp_zone_load(none[i], &z), SP_ENOTFOUND);
		assert_null(z);
	}
	/* A folder, and a file that is something else. */
	assert_int_equal(sp_zone_load("Europe", &z), SP_EFIELD);
}

static void test_rules(void **state)
{
	static const char *const good[] = {"UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+0330>-3:30",
			"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "IST-1GMT0,M10.5.0,M3.5.0/1",
			"XXX3EDT4,0/0,J365/23", "EST5EDT4:30:15,J60,59",
			"AAA+24BBB,M12.1.6/167,M1.5.0/-167"};
	static const char *const bad[] = {"", "U", "UTC", "UTC25", "UTC0x", "CET-1CEST",
			"CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x",
			"CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.6.0,M1.1.1",
			"CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J3", "CET-1CEST,366,3", "<+03-3",
			"CET-1:60", "CET-1C,M3.5.0,M10.5.0", "CET-1CEST,M3.5.0/168,M10.5.0",
			"CET-1CEST-,M3.5.0,M10.5.0"};
	struct sp_zone_rule r;
	struct sp_zone_now now;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_true(sp_zone_rule_parse(good[i], &r));
		sp_zone_rule_at(&r, INT64_C(1800000000), &now);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_zone_rule_parse(bad[i], &r)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
	/* Daylight saving that never ends. */
	assert_true(sp_zone_rule_parse("XXX3EDT4,0/0,J365/23", &r));
	assert_int_equal(r.saving, -4 * HOUR);
	/* The 60th day is March 1 with J, also in leap years; without it, it is counted from 0. */
	assert_true(sp_zone_rule_parse("EST5EDT,J60,59", &r));
	sp_zone_rule_at(&r, at(2028, 3, 1, 6, 59), &now);
	assert_int_equal(now.change, at(2028, 3, 1, 7, 0));
	/* Far away in both directions. */
	sp_zone_rule_at(&r, INT64_MAX, &now);
	assert_int_equal(now.change, SP_ZONE_NEVER);
	sp_zone_rule_at(&r, INT64_MIN, &now);
	assert_int_equal(now.offset, -5 * HOUR);
	sp_zone_rule_at(&r, -(INT64_C(1) << 40) + 1, &now);
	sp_zone_rule_at(&r, (INT64_C(1) << 40) - 1, &now);
}

static void no_zone(struct sp_span cut, void *arg)
{
	struct sp_zone *z;

	assert_int_equal(sp_zone_parse(cut, &z), SP_EFIELD);
	assert_null(z);
}

static void test_damaged(void **state)
{
	uint8_t bytes[4096], copy[4096];
	struct sp_zone *z;

	sp_zone_destroy(load("Europe/Berlin"));
	FILE *f = fopen(SP_ZONE_FOLDER "/Europe/Berlin", "rb");
	assert_non_null(f);
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	assert_true(0 < n && n < sizeof(bytes));
	unit_truncate(sp_span(bytes, n), no_zone, NULL);
	/* Any byte may be any other; what is taken can be asked. */
	for (size_t i = 0; i < n; i++) {
		memcpy(copy, bytes, n);
		copy[i] ^= 0xff;
		if (sp_zone_parse(sp_span(copy, n), &z) == SP_OK) {
			sp_zone_at(z, 0);
			sp_zone_utc(z, INT64_C(1800000000));
			sp_zone_destroy(z);
		}
	}
	for (long fail = 0; fail < 3; fail++) {
		sp_mem_fail_after(fail);
		assert_int_equal(sp_zone_parse(sp_span(bytes, n), &z), SP_ENOMEM);
		sp_mem_fail_after(-1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_against_libc),
			cmocka_unit_test(test_days),
			cmocka_unit_test(test_wall_clock_to_utc),
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_rules),
			cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
