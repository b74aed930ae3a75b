/* scan/render_junit.c - endpoints as suites and checks as cases, for what shows tests. */
#include <stdio.h>

#include "scan/report_part.h"
#include "scan/words.h"

static void begin(struct sp_scan_report *r)
{
	uint64_t failures = 0;

	for (unsigned i = r->o.fail_on; i < SP_SCAN_SEVERITY_COUNT; i++) {
		failures += r->totals.findings[i];
	}
	fprintf(r->out,
			"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			"<testsuites name=\"sallyport scan\" failures=\"%llu\" errors=\"%d\">\n",
			(unsigned long long)failures, r->totals.interrupted);
}

static const struct sp_scan_finding *finding_of(
		const struct sp_scan_judged *j, const struct sp_scan_check *c)
{
	for (size_t i = 0; i < j->n; i++) {
		if (j->finding[i].check == c) {
			return &j->finding[i];
		}
	}
	return NULL;
}

static void attribute(struct sp_scan_report *r, const char *name, const char *value)
{
	fprintf(r->out, " %s=\"", name);
	sp_scan_put_xml(r->out, value);
	putc('"', r->out);
}

static void put_case(struct sp_scan_report *r, const struct sp_scan_entry *e,
		const struct sp_scan_check *c)
{
	const struct sp_scan_finding *f = finding_of(&e->j, c);
	bool failed = f != NULL && f->severity >= r->o.fail_on;
	char place[SP_SCAN_PLACE_MAX], name[128];
	const char *on, *fix = sp_scan_fix(c, e->f.family, &on);

	snprintf(name, sizeof(name), "%s %s", c->id, c->title);
	fputs("    <testcase", r->out);
	attribute(r, "classname", sp_scan_place(&e->f, place));
	attribute(r, "name", name);
	fputs(" time=\"0\"", r->out);
	if (f == NULL) {
		fputs("/>\n", r->out);
		return;
	}
	fputs(failed ? ">\n      <failure" : ">\n      <system-out>", r->out);
	if (failed) {
		attribute(r, "type", sp_scan_severity_name(f->severity));
		attribute(r, "message", f->evidence);
		putc('>', r->out);
	}
	fprintf(r->out, "%s, %s: ", sp_scan_severity_name(f->severity),
			sp_scan_confidence_name(f->confidence));
	sp_scan_put_xml(r->out, f->evidence);
	putc('\n', r->out);
	sp_scan_put_xml(r->out, c->why);
	if (fix != NULL) {
		fprintf(r->out, "\nOn %s: ", on);
		sp_scan_put_xml(r->out, fix);
	}
	fprintf(r->out, "</%s>\n    </testcase>\n", failed ? "failure" : "system-out");
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	size_t n, failures = 0;
	const struct sp_scan_check *c = sp_scan_checks(&n);
	bool judged = e->f.reach == SP_SCAN_RDP || e->j.n > 0;
	char place[SP_SCAN_PLACE_MAX], time[SP_SCAN_TIME_MAX];

	for (size_t i = 0; i < e->j.n; i++) {
		failures += e->j.finding[i].severity >= r->o.fail_on;
	}
	fputs("  <testsuite", r->out);
	attribute(r, "name", sp_scan_place(&e->f, place));
	fprintf(r->out,
			" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%d\" "
			"time=\"%u.%03u\"",
			judged ? n : (size_t)1, failures, !judged, e->f.took_ms / 1000,
			e->f.took_ms % 1000);
	sp_scan_time(e->f.started_ms / 1000, time);
	if (time[0]) {
		fprintf(r->out, " timestamp=\"%.19s\"", time);
	}
	fputs(">\n", r->out);
	for (size_t i = 0; judged && i < n; i++) {
		put_case(r, e, &c[i]);
	}
	if (!judged) {
		fputs("    <testcase", r->out);
		attribute(r, "classname", place);
		fprintf(r->out,
				" name=\"RDP answers\" time=\"0\">\n      <skipped "
				"message=\"%s\"/>\n"
				"    </testcase>\n",
				sp_scan_reach_name(e->f.reach));
	}
	fputs("  </testsuite>\n", r->out);
}

static void end(struct sp_scan_report *r)
{
	if (r->totals.interrupted) {
		fputs("  <testsuite name=\"scan\" tests=\"1\" failures=\"0\" errors=\"1\" "
		      "skipped=\"0\" time=\"0\">\n"
		      "    <testcase classname=\"scan\" name=\"complete\" time=\"0\">\n"
		      "      <error type=\"interrupted\" message=\"interrupted: this is not "
		      "all\"/>\n"
		      "    </testcase>\n"
		      "  </testsuite>\n",
				r->out);
	}
	fputs("</testsuites>\n", r->out);
}

const struct sp_scan_renderer sp_scan_as_junit = {.begin = begin, .endpoint = endpoint, .end = end};
