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
			[KIT_2003] = {SP_SCAN_NLA_ABSENT, "002c 003c 004h 006h 040h 041h"},
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

/* ---- one check at a time, on an endpoint that is otherwise fine ---- */

static struct sp_scan_facts fine;

static void on_fine(struct sp_scan_facts *f)
{
	kit_facts(KIT_2022, f);
	f->tls.n_ciphers = 1;
	f->nego[SP_SCAN_ASK_CREDSSP].flags = f->nego[SP_SCAN_ASK_EARLY].flags = 7;
	f->tls.cert.self_signed = 0;
	f->tls.cert.trusted = f->tls.cert.name_matches = SP_SCAN_YES;
	memset(&f->ntlm, 0, sizeof(f->ntlm));
}

static int setup(void **state)
{
	(void)state;
	on_fine(&fine);
	return 0;
}

/* The only finding, or "" for none; its evidence. */
static const char *only(const struct sp_scan_facts *f, char list[64], char evidence[SP_SCAN_TEXT])
{
	static struct sp_scan_judged j;

	assert_true(sp_scan_facts_valid(f));
	sp_scan_judge(&now, f, &j);
	kit_list(&j, list, 64);
	snprintf(evidence, SP_SCAN_TEXT, "%s", j.n > 0 ? j.finding[0].evidence : "");
	return list;
}

#define expect_only(want) \
	do { \
		char list_[64], evidence_[SP_SCAN_TEXT]; \
		assert_string_equal(only(&fine, list_, evidence_), want); \
	} while (0)

#define expect_evidence(want, text) \
	do { \
		char list_[64], evidence_[SP_SCAN_TEXT]; \
		assert_string_equal(only(&fine, list_, evidence_), want); \
		assert_string_equal(evidence_, text); \
	} while (0)

static void test_fine(void **state)
{
	(void)state;
	expect_only("");
}

static void test_place(void **state)
{
	(void)state;
	fine.port = 3390;
	expect_evidence("072i", "port 3390");
	fine.port = 3389;
	snprintf(fine.address, sizeof(fine.address), "8.8.8.8");
	expect_evidence("001h", "8.8.8.8 port 3389 answers");
	/* What weighs more there. */
	fine.tls.cert.trusted = SP_SCAN_NO;
	expect_only("001h 021m");
	setup(NULL);
	fine.by_cookie = SP_SCAN_YES;
	expect_only("071i");
	fine.by_cookie = SP_SCAN_NO;
	expect_only("");
	fine.udp_3391 = SP_SCAN_YES;
	expect_only("061m");
	fine.udp_3391 = SP_SCAN_NO;
	fine.udp_3389 = SP_SCAN_YES;
	expect_only("");
}

static void test_flags(void **state)
{
	(void)state;
	fine.nego[SP_SCAN_ASK_CREDSSP].flags = 8;
	expect_only("050l");
	fine.nego[SP_SCAN_ASK_CREDSSP].flags = 16;
	expect_only("051i");
	fine.nego[SP_SCAN_ASK_CREDSSP].flags = 0x27;
	expect_only("");
	/* Without CredSSP there are no credentials to be careful with. */
	setup(NULL);
	kit_select(&fine, SP_SCAN_ASK_RDSTLS, 4, 0x1f);
	expect_only("052i");
	setup(NULL);
	kit_select(&fine, SP_SCAN_ASK_AAD, 16, 0x1f);
	expect_only("053i");
}

static void test_legacy(void **state)
{
	(void)state;
	kit_select(&fine, SP_SCAN_ASK_RDP, 0, 0);
	expect_only("002c 005h");
	fine.legacy = (struct sp_scan_legacy){.asked = 1, .methods = 2, .level = 3, .lowest = 3};
	expect_only("002c 004h 005h");
	fine.legacy.methods = 0x10;
	fine.legacy.level = fine.legacy.lowest = 4;
	expect_only("002c 004h 005h");
	fine.legacy.methods = 1;
	fine.legacy.lowest = 3;
	expect_only("002c 003c 005h");
	fine.legacy.methods = 8;
	expect_only("002c 003c 005h");
	fine.legacy.methods = 2;
	fine.legacy.lowest = 2;
	expect_only("002c 003c 004h 005h");
	fine.legacy = (struct sp_scan_legacy){.asked = 1, .none = 1};
	expect_only("002c 003c 005h");
	/* Nothing was accepted after all. */
	fine.legacy = (struct sp_scan_legacy){.asked = 1};
	expect_only("002c 005h");
}

static void test_nla(void **state)
{
	(void)state;
	/* Its own words do without the other answer. */
	memset(&fine.nego[SP_SCAN_ASK_RDP], 0, sizeof(fine.nego[0]));
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_REQUIRED);
	/* Others do not. */
	kit_deny(&fine, SP_SCAN_ASK_TLS, 2);
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_UNKNOWN);
	kit_deny(&fine, SP_SCAN_ASK_RDP, 1);
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_REQUIRED);
	fine.nego[SP_SCAN_ASK_TLS].answer = SP_SCAN_TIMEOUT;
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_UNKNOWN);
	fine.nego[SP_SCAN_ASK_TLS].answer = SP_SCAN_NONSENSE;
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_UNKNOWN);
	fine.nego[SP_SCAN_ASK_TLS].answer = SP_SCAN_CLOSED;
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_REQUIRED);
	/* Other ways that ask for a proof. */
	kit_select(&fine, SP_SCAN_ASK_RDSTLS, 4, 0);
	kit_select(&fine, SP_SCAN_ASK_AAD, 16, 0);
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_REQUIRED);
	kit_select(&fine, SP_SCAN_ASK_TLS, 1, 0);
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_OPTIONAL);
	expect_only("005h 052i 053i");
	/* It selects TLS where it was offered more. */
	kit_select(&fine, SP_SCAN_ASK_CREDSSP, 1, 0);
	kit_select(&fine, SP_SCAN_ASK_EARLY, 1, 0);
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_ABSENT);
	expect_only("006h 052i 053i");
	/* Nobody knows whether it has CredSSP, but who leaves it out gets in. */
	fine.nego[SP_SCAN_ASK_CREDSSP].answer = fine.nego[SP_SCAN_ASK_EARLY].answer =
			SP_SCAN_TIMEOUT;
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_UNKNOWN);
	expect_only("005h 052i 053i");
	memset(fine.nego, 0, sizeof(fine.nego));
	assert_int_equal(sp_scan_nla_of(&fine), SP_SCAN_NLA_UNKNOWN);
	expect_only("");
}

static void test_tls(void **state)
{
	static const struct {
		uint16_t cipher;
		const char *want;
	} ciphers[] = {{0x0002, "009h"}, {0x0018, "009h"}, {0x0003, "009h"}, {0xc011, "009h"},
			{0x0015, "009h"}, {0xc012, "009m"}, {0x009d, "009m"}, {0xc02f, ""},
			{0x0033, ""}, {0xccaa, ""}, {0x1301, ""}, {0xfefe, ""}};

	(void)state;
	for (size_t i = 0; i < SP_LEN(ciphers); i++) {
		fine.tls.cipher[0] = ciphers[i].cipher;
		expect_only(ciphers[i].want);
	}
	fine.tls.version[0] = SP_SCAN_YES;
	expect_only("008h");
	fine.tls.version[0] = SP_SCAN_UNKNOWN;
	fine.tls.version[1] = SP_SCAN_YES;
	expect_only("008h");
	fine.tls.version[1] = SP_SCAN_NO;
	fine.tls.version[2] = SP_SCAN_YES;
	expect_evidence("007m", "accepts TLS 1.0");
	fine.tls.version[2] = SP_SCAN_NO;
	fine.tls.version[3] = SP_SCAN_YES;
	expect_evidence("007m", "accepts TLS 1.1");
	fine.tls.version[3] = SP_SCAN_NO;
	fine.tls.version[5] = SP_SCAN_NO;
	expect_only("011i");
	fine.tls.version[5] = SP_SCAN_UNKNOWN;
	expect_only("");
	fine.tls.dh_bits = 2047;
	expect_only("010m");
	fine.tls.dh_bits = 2048;
	expect_only("");
	fine.tls.weak_group = 0x13;
	expect_evidence("010m", "curve P-192 (0x0013)");
	fine.tls.asked = 0;
	expect_only("");
}

static void test_cert(void **state)
{
	struct sp_scan_cert *c = &fine.tls.cert;

	(void)state;
	c->not_after = KIT_NOW - 1;
	expect_only("020m");
	c->not_after = KIT_NOW;
	expect_only("");
	c->not_before = KIT_NOW + 60;
	c->not_after = KIT_NOW + 3600;
	expect_only("020m");
	setup(NULL);
	c->not_after = c->not_before + 398 * (int64_t)KIT_DAY;
	expect_only("");
	c->not_after += KIT_DAY;
	expect_only("025i");
	setup(NULL);
	/* Dates that no calendar has. */
	c->not_before = INT64_MIN;
	c->not_after = INT64_MAX;
	expect_only("025i");
	c->not_before = INT64_MAX;
	c->not_after = INT64_MIN;
	expect_only("020m");
	setup(NULL);
	c->key_bits = 2047;
	expect_only("023m");
	c->key = SP_SCAN_KEY_EC;
	c->key_bits = 192;
	expect_only("023m");
	c->key_bits = 256;
	expect_only("");
	c->key = SP_SCAN_KEY_DSA;
	expect_only("023m");
	setup(NULL);
	snprintf(c->signature, sizeof(c->signature), "ecdsa-with-SHA1");
	expect_only("023m");
	c->self_signed = 1;
	expect_only("023l 021i");
	setup(NULL);
	c->trusted = SP_SCAN_UNKNOWN;
	expect_only("");
	c->trusted = SP_SCAN_NO;
	expect_only("021i");
	setup(NULL);
	c->name_matches = SP_SCAN_NO;
	expect_only("022i");
	snprintf(fine.host, sizeof(fine.host), "rdp.example");
	expect_only("022l");
	setup(NULL);
	c->eku = 8;
	expect_only("026l");
	c->eku = 8 | 2;
	expect_only("");
	c->eku = 4;
	expect_only("");
	c->eku = 0;
	expect_only("");
}

static void test_ntlm(void **state)
{
	struct sp_scan_ntlm *n = &fine.ntlm;

	(void)state;
	n->asked = 1;
	n->credssp = 4;
	expect_only("032h");
	n->credssp = 5;
	expect_only("");
	n->challenged = 1;
	expect_only("");
	n->time = KIT_NOW;
	n->skew_ms = 300001;
	expect_evidence("031l", "its clock is 300 s ahead of ours");
	n->skew_ms = -300001;
	expect_evidence("031l", "its clock is 300 s behind ours");
	n->skew_ms = 300000;
	expect_only("");
	n->skew_ms = INT64_MIN;
	expect_only("031l");
	n->skew_ms = 0;
	snprintf(n->nb_computer, sizeof(n->nb_computer), "HOST");
	snprintf(n->nb_domain, sizeof(n->nb_domain), "host");
	expect_only("030i");
	snprintf(n->nb_domain, sizeof(n->nb_domain), "CORP");
	expect_evidence("030l", "computer HOST, domain CORP");
	snprintf(fine.address, sizeof(fine.address), "8.8.8.8");
	expect_only("001h 030m");
}

static void test_kerberos(void **state)
{
	const struct sp_scan_judge strict = {.now = KIT_NOW, .kerberos_only = true};
	struct sp_scan_judged j;

	(void)state;
	fine.ntlm.asked = 1;
	fine.ntlm.kerberos = SP_SCAN_YES;
	sp_scan_judge(&strict, &fine, &j);
	assert_int_equal(j.n, 0);
	fine.ntlm.challenged = 1;
	sp_scan_judge(&strict, &fine, &j);
	assert_int_equal(j.n, 1);
	assert_string_equal(j.finding[0].check->id, "RDP-033");
}

/* The same build at different times, and of somebody who only says so. */
static void test_support(void **state)
{
	static const struct {
		uint16_t build;
		int64_t now;
		const char *want;
	} builds[] = {{9600, 1696895999, "030l 042l"}, /* 2023-10-09 */
			{9600, 1697068800, "040m 030l 042l"}, /* 2023-10-12, sold for three years */
			{9600, 1791892800, "040m 030l 042l"}, /* 2026-10-13 */
			{9600, 1791936000, "040h 030l 042l"}, /* 2026-10-14 */
			{14393, KIT_NOW, "030l 042l"},
			{14393, 1799798400, "040h 030l 042l"}, /* 2027-01-13 */
			{17763, KIT_NOW, "030l 042l"}, {22621, KIT_NOW, "040h 030l"},
			/* 1909 came with the repair of what 1903 had. */
			{18362, KIT_NOW, "040h 030l 042l"}, {18363, KIT_NOW, "040h 030l"},
			{20348, KIT_NOW, "030l"}, {26100, KIT_NOW, "030l"},
			{60000, KIT_NOW, "030l"}, {20348, 0, "030l"}, {20348, INT64_MAX, "030l"},
			{20348, INT64_MIN, "030l"}};
	struct sp_scan_judged j;
	char list[64];

	(void)state;
	fine.ntlm.asked = fine.ntlm.challenged = 1;
	fine.ntlm.major = 10;
	memset(&fine.tls, 0, sizeof(fine.tls));
	for (size_t i = 0; i < SP_LEN(builds); i++) {
		const struct sp_scan_judge when = {.now = builds[i].now};
		fine.ntlm.build = builds[i].build;
		sp_scan_judge(&when, &fine, &j);
		kit_list(&j, list, sizeof(list));
		assert_string_equal(list, builds[i].want);
	}
	fine.ntlm.build = 7601;
	fine.family = SP_SCAN_FAMILY_FREERDP;
	expect_only("");
	fine.family = SP_SCAN_FAMILY_UNKNOWN;
	expect_only("030l");
}

static void test_web(void **state)
{
	struct sp_scan_web *w = &fine.web;

	(void)state;
	w->asked = 1;
	w->open = SP_SCAN_YES;
	w->port = 443;
	w->cert = fine.tls.cert;
	w->cert.not_after = 1;
	expect_only("");
	w->present[SP_SCAN_RDWEB] = SP_SCAN_YES;
	w->status[SP_SCAN_RDWEB] = 200;
	expect_only("020m 062i");
	w->cert.not_after = fine.tls.cert.not_after;
	w->present[SP_SCAN_RDWEB] = SP_SCAN_NO;
	w->present[SP_SCAN_KDC] = SP_SCAN_YES;
	expect_only("063i");
	w->present[SP_SCAN_KDC] = SP_SCAN_UNKNOWN;
	w->present[SP_SCAN_RPC] = SP_SCAN_YES;
	w->status[SP_SCAN_RPC] = 401;
	w->auth[SP_SCAN_RPC] = SP_SCAN_AUTH_NTLM;
	expect_evidence("060i", "rpcproxy on port 443 answered 401, and offers NTLM");
	w->auth[SP_SCAN_RPC] = SP_SCAN_AUTH_BASIC;
	expect_only("060m");
	snprintf(fine.address, sizeof(fine.address), "8.8.8.8");
	expect_only("001h 060h");
	w->auth[SP_SCAN_RPC] = SP_SCAN_AUTH_BEARER;
	expect_only("001h 060m");
	w->present[SP_SCAN_RPC] = SP_SCAN_NO;
	w->present[SP_SCAN_RDWEB] = w->present[SP_SCAN_KDC] = SP_SCAN_YES;
	expect_only("001h 062l 063l");
}

/* Whatever is in facts that are valid: no check reads beyond them, and evidence ends. */
static void test_noise(void **state)
{
	struct sp_scan_judged j;
	struct sp_scan_facts f;
	uint32_t seed = 4711;
	size_t valid = 0;

	(void)state;
	for (uint32_t i = 0; i < 4000; i++) {
		kit_facts((enum kit_kind)(i % KIT_COUNT), &f);
		uint8_t *p = (uint8_t *)&f;
		for (uint32_t k = 0; k < 1 + i % 64; k++) {
			seed = seed * 1664525 + 1013904223;
			p[(seed >> 4) % sizeof(f)] = (uint8_t)(seed >> 24);
		}
		if (sp_scan_facts_valid(&f)) {
			sp_scan_judge(&now, &f, &j);
			assert_in_range(j.n, 0, SP_SCAN_MAX_FINDINGS);
			for (size_t k = 0; k < j.n; k++) {
				assert_non_null(memchr(j.finding[k].evidence, 0, SP_SCAN_TEXT));
			}
			valid++;
		}
	}
	assert_true(valid > 100);
}

/* ---- the list ---- */

static void test_add(void **state)
{
	struct sp_scan_judged j = {0};
	char list[64], text[2 * SP_SCAN_TEXT];

	(void)state;
	sp_scan_judged_add(&j, "RDP-011", SP_SCAN_INFO, SP_SCAN_CERTAIN, "one");
	sp_scan_judged_add(&j, "RDP-080", SP_SCAN_LOW, SP_SCAN_POSSIBLE, "two");
	sp_scan_judged_add(&j, "RDP-002", SP_SCAN_LOW, SP_SCAN_CERTAIN, "three");
	sp_scan_judged_add(&j, "RDP-999", SP_SCAN_HIGH, SP_SCAN_CERTAIN, "none of ours");
	kit_list(&j, list, sizeof(list));
	assert_string_equal(list, "002l 080l 011i");
	/* Again, and heavier. */
	sp_scan_judged_add(&j, "RDP-011", SP_SCAN_HIGH, SP_SCAN_LIKELY, "four");
	sp_scan_judged_add(&j, "RDP-080", SP_SCAN_INFO, SP_SCAN_CERTAIN, "five");
	kit_list(&j, list, sizeof(list));
	assert_string_equal(list, "011h 002l 080l");
	assert_string_equal(j.finding[0].evidence, "one; four");
	assert_int_equal(j.finding[0].confidence, SP_SCAN_LIKELY);
	assert_int_equal(j.finding[2].confidence, SP_SCAN_POSSIBLE);
	/* Cut at a letter, and visibly. */
	memset(text, 0, sizeof(text));
	for (size_t i = 0; i + 2 < sizeof(text); i += 2) {
		memcpy(text + i, "\303\244", 2);
	}
	sp_scan_judged_add(&j, "RDP-002", SP_SCAN_LOW, SP_SCAN_CERTAIN, text);
	size_t n = strlen(j.finding[1].evidence);
	assert_in_range(n, SP_SCAN_TEXT - 3, SP_SCAN_TEXT - 1);
	assert_string_equal(j.finding[1].evidence + n - 5, "\303\244...");
}

static void test_catalogue(void **state)
{
	size_t n;
	const struct sp_scan_check *c = sp_scan_checks(&n);

	(void)state;
	assert_true(n > 30);
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || strcmp(c[i - 1].id, c[i].id) < 0);
		assert_ptr_equal(sp_scan_check_of(c[i].id), &c[i]);
		assert_int_equal(strlen(c[i].id), 7);
		assert_true(c[i].why[0] != '\0' && c[i].why[strlen(c[i].why) - 1] == '.');
	}
	assert_null(sp_scan_check_of("RDP-000"));
	for (int i = 0; i < SP_SCAN_SEVERITY_COUNT; i++) {
		assert_int_equal(sp_scan_severity_of(
						 sp_scan_severity_name((enum sp_scan_severity)i)),
				i);
	}
	assert_int_equal(sp_scan_severity_of("grave"), SP_SCAN_SEVERITY_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds),
			cmocka_unit_test_setup(test_fine, setup),
			cmocka_unit_test_setup(test_place, setup),
			cmocka_unit_test_setup(test_flags, setup),
			cmocka_unit_test_setup(test_legacy, setup),
			cmocka_unit_test_setup(test_nla, setup),
			cmocka_unit_test_setup(test_tls, setup),
			cmocka_unit_test_setup(test_cert, setup),
			cmocka_unit_test_setup(test_ntlm, setup),
			cmocka_unit_test_setup(test_kerberos, setup),
			cmocka_unit_test_setup(test_support, setup),
			cmocka_unit_test_setup(test_web, setup), cmocka_unit_test(test_noise),
			cmocka_unit_test(test_add), cmocka_unit_test(test_catalogue)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
