/* tests/app/test_when.c - moments as people type them, and as records have them. */
#include "unit.h"

#include "app/when.h"

/* 2026-11-23 15:00:00 UTC, which is 16:00 in Berlin. */
#define NOW 1795446000
#define MIDNIGHT (NOW - 16 * 3600) /* of that day, in Berlin */

static struct sp_zone *berlin;

static int begin(void **state)
{
	return sp_zone_load("Europe/Berlin", &berlin);
}

static int end(void **state)
{
	sp_zone_destroy(berlin);
	return 0;
}

static void test_good(void **state)
{
	static const struct {
		const char *text;
		int64_t t;
	} good[] = {{"16:00", NOW}, {"16:00:30", NOW + 30}, {"2026-11-23", MIDNIGHT},
			{"2026-11-22", MIDNIGHT - 86400}, {"2026-11-23 16:00", NOW},
			{"2026-11-23T16:00:30", NOW + 30}, {"2026-11-23T15:00:00Z", NOW},
			{"2026-11-23T15:00:00.123456789Z", NOW}, {"15:00:00.5 Z", NOW},
			{"2026-11-23 15:00:00 +0000", NOW}, {"2026-11-23 10:00 -05:00", NOW}};
	int64_t t;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		if (!app_when_parse(good[i].text, berlin, NOW, &t) || t != good[i].t) {
			fail_msg("\"%s\" was not understood", good[i].text);
		}
	}
}

static void test_bad(void **state)
{
	static const char *const bad[] = {"", "2026", "2026-11", "2026-13-01", "2026-02-30",
			"2026-11-23 ", "2026-11-23T", "2026-11-23Z", "24:00", "16:00:30.",
			"16:00.5", "16:00:30.5x", "2026-11-23 16", "yesterday"};
	int64_t t;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (app_when_parse(bad[i], berlin, NOW, &t)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
