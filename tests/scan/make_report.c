/* tests/scan/make_report.c - reports on made-up endpoints, hostile ones among them, for parsers that are not ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "kit.h"
#include "scan/report.h"

/* make_report FORMAT [kinds|hostile|none|cut] [BASELINE] [TIME] [colour] [WIDTH]; lists the hostile texts with "texts". */
static const char *const corpus[] = {
		"line\r\nfeed\n",
		"\"}], \"forged\": true, \"x\": [{\"",
		"\033[2J\033]0;title\007",
		"quote\" apostrophe' backslash\\ comma, semi; tab\t",
		"]]>&<script>alert(1)</script><!-- --> &amp; </style>",
		"=cmd|' /C calc'!A0",
		"+1+1",
		"-2+3",
		"@SUM(1)",
		"  =1",
		"\xe2\x80\xae"
		"gnp.exe \xe2\x81\xa6left\xe2\x81\xa9 \xd8\x9c",
		"sep\xe2\x80\xa8"
		"ara\xe2\x80\xa9tor nel\xc2\x85",
		"\x80\xff\xc0\xaf\xed\xa0\x80\xf5\x80\x80\x80 cut\xe2\x82",
		"\xf0\x9f\x9a\x80 \xf3\xa0\x81\x81 \xc3\xa4\xc3\xb6 \xe4\xb8\xad \xef\xbf\xbe",
		"\x01\x08\x0b\x0c\x0e\x1f\x7f",
		"%s%n%00 ${jndi:x} $(touch /tmp/x) `id`",
		"} 1\nsallyport_scan_forged 1\n#",
		"\xef\xbb\xbf"
		"bom",
};

#define SET(a, text) snprintf(a, sizeof(a), "%s", text)

static void add(struct sp_scan_report *r, const struct sp_scan_facts *f)
{
	if (!sp_scan_facts_valid(f) || sp_scan_report_add(r, f) != SP_OK) {
		fprintf(stderr, "not added\n");
		exit(1);
	}
}

static void hostile(struct sp_scan_report *r)
{
	struct sp_scan_facts f;

	for (size_t i = 0; i < SP_LEN(corpus); i++) {
		const char *text = corpus[i];
		kit_facts(KIT_2008, &f);
		f.number = i;
		SET(f.host, text);
		SET(f.why, text);
		SET(f.family_why, text);
		SET(f.tls.cert.subject, text);
		SET(f.tls.cert.issuer, text);
		SET(f.tls.cert.names[0], text);
		SET(f.tls.cert.serial, text);
		snprintf(f.tls.cert.signature, sizeof(f.tls.cert.signature), "sha1 %.40s", text);
		SET(f.ntlm.target, text);
		SET(f.ntlm.nb_domain, text);
		SET(f.ntlm.nb_computer, text);
		SET(f.ntlm.dns_domain, text);
		SET(f.ntlm.dns_computer, text);
		SET(f.ntlm.dns_tree, text);
		SET(f.web.server, text);
		f.web.asked = 1;
		f.web.open = SP_SCAN_YES;
		f.tls.cert.spki[0] = f.tls.cert.sha256[0] = (uint8_t)i;
		add(r, &f);
	}
}

static void kinds(struct sp_scan_report *r)
{
	struct sp_scan_facts f;

	/* The order in which endpoints answer is not that in which they were asked. */
	for (uint32_t i = KIT_COUNT; i-- > 0;) {
		kit_facts((enum kit_kind)i, &f);
		f.number = i;
		snprintf(f.host, sizeof(f.host), "10.0.0.%u", i + 1);
		snprintf(f.address, sizeof(f.address), "10.0.0.%u", i + 1);
		f.ntlm.dns_computer[0] = f.ntlm.dns_computer[0] ? (char)('a' + (int)i) : '\0';
		/* The last two have one key. */
		f.tls.cert.spki[0] = (uint8_t)(i == KIT_ENTRA ? KIT_SALLYPORT : i);
		add(r, &f);
	}
	kit_facts(KIT_2022, &f);
	f.number = KIT_COUNT;
	snprintf(f.host, sizeof(f.host), "2a00:1450:4001::5");
	snprintf(f.address, sizeof(f.address), "2a00:1450:4001::5");
	f.port = 13389;
	f.tls.cert.spki[0] = f.ntlm.dns_computer[0] = 'z';
	add(r, &f);
	memset(&f, 0, sizeof(f));
	f.number = KIT_COUNT + 1;
	snprintf(f.host, sizeof(f.host), "gone.example");
	f.port = 3389;
	f.reach = SP_SCAN_NO_NAME;
	snprintf(f.why, sizeof(f.why), "the name has no address");
	add(r, &f);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "kinds";
	struct sp_scan_report_options o = {.closed = true,
			.colour = argc > 5 && argv[5][0],
			.width = argc > 6 ? (uint32_t)strtoul(argv[6], NULL, 10) : 0,
			.fail_on = SP_SCAN_FAIL_ON,
			.authorised = strcmp(what, "hostile") == 0 ? corpus[4]
								   : "ours, ticket 4711",
			.judge = {.now = argc > 4 ? atoll(argv[4]) : KIT_NOW}};
	struct sp_scan_baseline *b = NULL;
	struct sp_scan_totals t;
	char why[SP_SCAN_BASELINE_WHY];

	if (argc > 1 && strcmp(argv[1], "texts") == 0) {
		for (size_t i = 0; i < SP_LEN(corpus); i++) {
			for (const char *p = corpus[i]; *p != '\0'; p++) {
				printf("%02x", (uint8_t)*p);
			}
			putchar('\n');
		}
		return 0;
	}
	o.format = argc > 1 ? sp_scan_format_of(argv[1]) : SP_SCAN_FORMAT_COUNT;
	if (o.format == SP_SCAN_FORMAT_COUNT) {
		return 2;
	}
	if (argc > 3 && argv[3][0]) {
		if (sp_scan_baseline_load(argv[3], &b, why) != SP_OK) {
			fprintf(stderr, "%s\n", why);
			return 1;
		}
		o.baseline = b;
	}
	struct sp_scan_report *r = sp_scan_report_create(&o, stdout);
	if (r == NULL) {
		return 1;
	}
	if (strcmp(what, "hostile") == 0) {
		hostile(r);
	} else if (strcmp(what, "kinds") == 0) {
		kinds(r);
	}
	if (strcmp(what, "cut") == 0) {
		sp_scan_report_interrupted(r);
	}
	int rc = sp_scan_report_end(r, &t);
	sp_scan_report_destroy(r);
	sp_scan_baseline_destroy(b);
	return rc == SP_OK ? sp_scan_totals_fail(&t, SP_SCAN_FAIL_ON) : 3;
}
