/* tests/scan/test_judge.c - what facts mean: each kind of endpoint, each check with and without cause. */
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "kit.h"
#include "scan/finding.h"
#include "unit.h"

static const struct sp_scan_judge now = {.now = KIT_NOW};

static void expect(const struct sp_scan_facts *f, const char *name, enum sp_scan_nla nla,
		const char *want)
{
	struct sp_scan_judged j;
	char list[512];

	assert_true(sp_scan_facts_valid(f));
	sp_scan_judge(&now, f, &j);
	kit_list(&j, list, sizeof(list));
	if (strcmp(list, want) != 0 || j.nla != nla) {
		for (size_t i = 0; i < j.n; i++) {
			print_message("%s %s\n", j.finding[i].check->id, j.finding[i].evidence);
		}
		fail_msg("%s: NLA %s\n got %s\nwant %s", name, sp_scan_nla_name(j.nla), list, want);
	}
}

static void test_kinds(void **state)
{
	static const struct {
		enum sp_scan_nla nla;
		const char *list;
	} want[KIT_COUNT] = {
			[KIT_2003] = {SP_SCAN_NLA_ABSENT, "002c 003c 004h 006h"},
			[KIT_2008] = {SP_SCAN_NLA_OPTIONAL,
					"002c 003c 004h 005h 008h 009h 032h 040h 041h "
					"007m 023l 030l 011i 021i 022i"},
			[KIT_2008R2] = {SP_SCAN_NLA_OPTIONAL,
					"005h 009h 040h 041h 007m 010m 042m 023l 030l "
					"011i 021i 022i"},
			[KIT_2012R2] = {SP_SCAN_NLA_REQUIRED,
					"040h 007m 009m 030l 042l 050l 011i 021i 022i"},
			[KIT_2016] = {SP_SCAN_NLA_REQUIRED,
					"007m 009m 030l 042l 050l 011i 021i 022i 051i"},
			[KIT_2019] = {SP_SCAN_NLA_REQUIRED,
					"007m 009m 030l 042l 050l 011i 021i 022i 051i"},
			[KIT_2022] = {SP_SCAN_NLA_REQUIRED, "009m 030l 050l 021i 022i 051i"},
			[KIT_2025] = {SP_SCAN_NLA_REQUIRED, "009m 030l 050l 021i 022i 051i"},
			[KIT_10] = {SP_SCAN_NLA_REQUIRED,
					"007m 009m 040m 030l 050l 011i 021i 022i 051i"},
			[KIT_XRDP] = {SP_SCAN_NLA_ABSENT, "002c 004h 006h 009m 021i 022i"},
			[KIT_SHADOW] = {SP_SCAN_NLA_REQUIRED, "021i 022i 030i"},
			[KIT_WESTON] = {SP_SCAN_NLA_ABSENT, "006h 021i 022i"},
			[KIT_GRD] = {SP_SCAN_NLA_REQUIRED, "021i 022i 030i"},
			[KIT_SALLYPORT] = {SP_SCAN_NLA_REQUIRED, "021i 022i 025i 030i 052i"},
			[KIT_ENTRA] = {SP_SCAN_NLA_ABSENT, "009m 021i 022i 053i"},
			[KIT_GATEWAY] = {SP_SCAN_NLA_UNKNOWN, "030l 060i 062i 063i"},
	};
	struct sp_scan_facts f;

	(void)state;
	for (uint32_t i = 0; i < KIT_COUNT; i++) {
		kit_facts((enum kit_kind)i, &f);
		expect(&f, kit_name((enum kit_kind)i), want[i].nla, want[i].list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
