/* tests/scan/test_baseline.c - reports that were kept: what they say, what is no report, what changed since. */
#include "scan/baseline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "kit.h"
#include "scan/report.h"
#include "unit.h"

static char why[SP_SCAN_BASELINE_WHY];

/* A report as it is written; freed by whoever calls. */
static struct sp_span report(const struct sp_scan_facts *f, size_t n, bool cut, char **memory)
{
	const struct sp_scan_report_options o = {
			.format = SP_SCAN_FORMAT_JSON, .closed = true, .judge = {.now = KIT_NOW}};
	size_t size = 0;
	FILE *out = open_memstream(memory, &size);
	struct sp_scan_report *r = sp_scan_report_create(&o, out);

	assert_non_null(r);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sp_scan_report_add(r, &f[i]), SP_OK);
	}
	if (cut) {
		sp_scan_report_interrupted(r);
	}
	assert_int_equal(sp_scan_report_end(r, NULL), SP_OK);
	assert_int_equal(sp_scan_report_end(r, NULL), SP_ESTATE);
	sp_scan_report_destroy(r);
	fclose(out);
	return sp_span(*memory, size);
}

static struct sp_scan_baseline *before_of(const struct sp_scan_facts *f, size_t n)
{
	struct sp_scan_baseline *b = NULL;
	char *memory;

	int rc = sp_scan_baseline_read(report(f, n, false, &memory), &b, why);
	free(memory);
	if (rc != SP_OK) {
		fail_msg("%s", why);
	}
	return b;
}

/* Only what a comparison adds: "080h", with its evidence. */
static void expect(const struct sp_scan_baseline *b, const struct sp_scan_facts *f,
		const char *want, const char *evidence)
{
	static struct sp_scan_judged j;
	char list[64];

	memset(&j, 0, sizeof(j));
	j.nla = sp_scan_nla_of(f);
	sp_scan_baseline_compare(b, f, &j);
	kit_list(&j, list, sizeof(list));
	assert_string_equal(j.n > 0 ? j.finding[0].evidence : "", evidence);
	assert_string_equal(list, want);
}

static void test_drift(void **state)
{
	struct sp_scan_facts was, is;
	struct sp_scan_baseline *b;

	(void)state;
	kit_facts(KIT_2022, &was);
	b = before_of(&was, 1);
	expect(b, &was, "", "");

	is = was;
	is.tls.cert.sha256[0]++;
	expect(b, &is, "080i", "a new certificate for the same key");
	is.tls.cert.spki[0]++;
	expect(b, &is, "080m", "another key: a5a5a5a5a5a5a5a5... became a6a5a5a5a5a5a5a5...");
	is.tls.cert.self_signed = 0;
	is.tls.cert.trusted = is.tls.cert.name_matches = SP_SCAN_YES;
	expect(b, &is, "080l", "another key: a5a5a5a5a5a5a5a5... became a6a5a5a5a5a5a5a5...");
	is.tls.cert.seen = 0;
	expect(b, &is, "", "");

	is = was;
	kit_select(&is, SP_SCAN_ASK_TLS, 1, 0);
	expect(b, &is, "080h", "NLA was required and is optional; TLS is now accepted");
	kit_select(&is, SP_SCAN_ASK_RDP, 0, 0);
	expect(b, &is, "080h",
			"NLA was required and is optional; Standard RDP Security is now accepted; "
			"TLS is "
			"now accepted");
	/* The way back is good news. */
	struct sp_scan_baseline *worse = before_of(&is, 1);
	expect(worse, &was, "080i",
			"NLA was optional and is required; Standard RDP Security is no longer "
			"accepted; "
			"TLS is no longer accepted");
	sp_scan_baseline_destroy(worse);

	/* Who did not answer said nothing. */
	is = was;
	is.nego[SP_SCAN_ASK_CREDSSP].answer = SP_SCAN_TIMEOUT;
	expect(b, &is, "", "");
	is = was;
	kit_select(&is, SP_SCAN_ASK_AAD, 16, 0);
	expect(b, &is, "080l", "RDS AAD is now accepted");

	is = was;
	snprintf(is.ntlm.dns_computer, sizeof(is.ntlm.dns_computer), "evil.example");
	expect(b, &is, "080m", "it was named rdp01.corp.example and is named evil.example");
	is = was;
	is.ntlm.build = 26100;
	expect(b, &is, "080i", "its version was 10.0.20348 and is 10.0.26100");
	is = was;
	is.family = SP_SCAN_FAMILY_XRDP;
	expect(b, &is, "080m", "it was Windows and is xrdp");
	is.family = SP_SCAN_FAMILY_UNKNOWN;
	expect(b, &is, "", "");

	is = was;
	is.reach = SP_SCAN_SILENT;
	expect(b, &is, "080l", "RDP answered, and is now gone: silent");
	is = was;
	is.port = 3390;
	expect(b, &is, "080m", "RDP answers, and the baseline does not know the endpoint");
	snprintf(is.address, sizeof(is.address), "8.8.8.8");
	expect(b, &is, "080h", "RDP answers, and the baseline does not know the endpoint");
	is.reach = SP_SCAN_REFUSED;
	expect(b, &is, "", "");
	sp_scan_baseline_destroy(b);

	is = was;
	is.reach = SP_SCAN_REFUSED;
	b = before_of(&is, 1);
	expect(b, &is, "", "");
	expect(b, &was, "080m", "RDP answers where it did not");
	sp_scan_baseline_destroy(b);

	/* Of a scan that did not come to its end: what it does not know need not be new. */
	char *memory;
	assert_int_equal(sp_scan_baseline_read(report(&is, 1, true, &memory), &b, why), SP_OK);
	free(memory);
	expect(b, &was, "080m", "RDP answers where it did not");
	was.port = 3390;
	expect(b, &was, "", "");
	sp_scan_baseline_destroy(b);
}

/* One name with two addresses, and neighbours with other ports. */
static void test_find(void **state)
{
	static const struct {
		const char *host, *address;
		uint16_t port;
	} rows[] = {{"b.example", "10.0.0.2", 3389}, {"b.example", "10.0.0.1", 3389},
			{"b.example", "10.0.0.1", 3390}, {"a.example", "10.0.0.1", 3389},
			{"c.example", "", 3389}};
	struct sp_scan_facts f[5];
	struct sp_scan_baseline *b;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		kit_facts(KIT_2022, &f[i]);
		snprintf(f[i].host, sizeof(f[i].host), "%s", rows[i].host);
		snprintf(f[i].address, sizeof(f[i].address), "%s", rows[i].address);
		f[i].port = rows[i].port;
	}
	b = before_of(f, 5);
	assert_int_equal(sp_scan_baseline_count(b), 5);
	assert_int_equal(sp_scan_baseline_find(b, &f[3]), 0);
	assert_int_equal(sp_scan_baseline_find(b, &f[1]), 1);
	assert_int_equal(sp_scan_baseline_find(b, &f[0]), 2);
	assert_int_equal(sp_scan_baseline_find(b, &f[2]), 3);
	assert_int_equal(sp_scan_baseline_find(b, &f[4]), 4);
	/* An address that is new to a known name. */
	snprintf(f[0].address, sizeof(f[0].address), "10.0.0.9");
	assert_int_equal(sp_scan_baseline_find(b, &f[0]), 1);
	f[0].port = 1;
	assert_true(sp_scan_baseline_find(b, &f[0]) == SIZE_MAX);
	f[0].port = 65535;
	assert_true(sp_scan_baseline_find(b, &f[0]) == SIZE_MAX);
	snprintf(f[0].host, sizeof(f[0].host), "z");
	assert_true(sp_scan_baseline_find(b, &f[0]) == SIZE_MAX);
	assert_int_equal(sp_scan_baseline_since(b, 0, "RDP-030"), KIT_NOW);
	assert_int_equal(sp_scan_baseline_since(b, 0, "RDP-002"), 0);
	sp_scan_baseline_destroy(b);
}

/* ---- what is no report ---- */

static void refuse(const char *text, const char *want)
{
	struct sp_scan_baseline *b = NULL;

	assert_int_not_equal(sp_scan_baseline_read(sp_span(text, strlen(text)), &b, why), SP_OK);
	assert_null(b);
	if (strstr(why, want) == NULL) {
		fail_msg("%s\n got %s\nwant %s", text, why, want);
	}
}

/* The report with one part of it exchanged. */
static void refuse_with(const char *from, const char *to, const char *want)
{
	struct sp_scan_facts f;
	char *memory, text[1 << 15];

	kit_facts(KIT_2022, &f);
	struct sp_span whole = report(&f, 1, false, &memory);
	char *at = memmem(memory, whole.n, from, strlen(from));
	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - memory), memory, to, at + strlen(from));
	free(memory);
	refuse(text, want);
}

static void test_refused(void **state)
{
	(void)state;
	refuse("", "line 1");
	refuse("{", "line 1");
	refuse("[]", "is no report of a scan");
	refuse("{}", "is no report of a scan");
	refuse("{\"version\": 2, \"endpoints\": []}", "is no report of a scan");
	refuse("{\"version\": 1, \"endpoints\": {}}", "is no report of a scan");
	refuse("{\"version\": 1, \"version\": 1, \"endpoints\": []}", "duplicate");
	refuse("{\"version\": 1, \"endpoints\": []} x", "line 1");
	refuse("{\"version\": 1, \"endpoints\": [1]}", "endpoints[0].host: is missing");
	refuse("{\"version\": 1, \"endpoints\": [{}]}", "endpoints[0].host: is no text");
	refuse_with("\"port\": 3389", "\"port\": 0", "endpoints[0].port: is no port");
	refuse_with("\"port\": 3389", "\"port\": 65536", "endpoints[0].port: is no port");
	refuse_with("\"port\": 3389", "\"port\": 3389.5", "endpoints[0].port: is no port");
	refuse_with("\"nla\": \"required\"", "\"nla\": \"maybe\"", "endpoints[0].nla: is none");
	refuse_with("\"nla\": \"required\"", "\"nla\": null", "endpoints[0].nla: is no text");
	refuse_with("\"spki_sha256\": \"a5", "\"spki_sha256\": \"A5", "spki_sha256: is no SHA-256");
	refuse_with("\"spki_sha256\": \"a5", "\"spki_sha256\": \"", "spki_sha256: is no SHA-256");
	refuse_with("\"selected\": 2", "\"selected\": -2", "protocols: selected is no protocol");
	refuse_with("\"rdstls\"", "\"rdtls\"", "protocols: an answer is missing");
	refuse_with("\"first_seen\": \"2026", "\"first_seen\": \"x", "findings: one lacks");
	refuse_with("\"findings\": [", "\"findings\": 1, \"rest\": [", "findings: is no list");
	refuse_with("\"host\": \"10.0.0.5\"", "\"host\": \"\\u0000\"", "line");
}

static void on_cut(struct sp_span cut, void *arg)
{
	struct sp_scan_baseline *b = NULL;

	(void)arg;
	assert_int_not_equal(sp_scan_baseline_read(cut, &b, why), SP_OK);
}

static void test_cut(void **state)
{
	struct sp_span two = unit_file("tests/corpus/scan_baseline/two");
	struct sp_scan_baseline *b = NULL;

	(void)state;
	assert_int_equal(sp_scan_baseline_read(two, &b, why), SP_OK);
	assert_int_equal(sp_scan_baseline_count(b), 2);
	sp_scan_baseline_destroy(b);
	unit_truncate(two, on_cut, NULL);
}

static void test_memory(void **state)
{
	struct sp_scan_baseline *b = NULL;
	struct sp_scan_facts f;
	char *memory;

	(void)state;
	kit_facts(KIT_2022, &f);
	struct sp_span whole = report(&f, 1, false, &memory);
	for (long i = 0; i < 2; i++) {
		sp_mem_fail_after(i);
		int rc = sp_scan_baseline_read(whole, &b, why);
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
	}
	free(memory);
}

static void test_file(void **state)
{
	struct sp_scan_baseline *b = NULL;

	(void)state;
	assert_int_equal(sp_scan_baseline_load("/nonexistent", &b, why), SP_ESYS);
	assert_string_equal(why, "No such file or directory");
	assert_int_equal(sp_scan_baseline_load("/", &b, why), SP_ESYS);
	assert_string_equal(why, "is no file");
	assert_int_equal(sp_scan_baseline_load("/dev/zero", &b, why), SP_ESYS);
	assert_string_equal(why, "is no file");
}

/* No memory for a report, or in the middle of it. */
static void test_report_memory(void **state)
{
	static const enum sp_scan_format forms[] = {SP_SCAN_FORMAT_TEXT, SP_SCAN_FORMAT_HTML};
	struct sp_scan_facts f;
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	kit_facts(KIT_2022, &f);
	for (size_t k = 0; k < 2; k++) {
		const struct sp_scan_report_options o = {.format = forms[k], .authorised = "x"};
		bool whole = false;
		for (long i = 0; !whole; i++) {
			sp_mem_fail_after(i);
			struct sp_scan_report *r = sp_scan_report_create(&o, out);
			int rc = r != NULL ? sp_scan_report_add(r, &f) : SP_ENOMEM;
			rc = rc == SP_OK ? sp_scan_report_end(r, NULL) : rc;
			sp_mem_fail_after(-1);
			assert_true(rc == SP_OK || rc == SP_ENOMEM);
			sp_scan_report_destroy(r);
			whole = rc == SP_OK;
			assert_in_range(i, 0, 20);
		}
	}
	fclose(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_drift),
			cmocka_unit_test(test_find), cmocka_unit_test(test_refused),
			cmocka_unit_test(test_cut), cmocka_unit_test(test_memory),
			cmocka_unit_test(test_file), cmocka_unit_test(test_report_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
