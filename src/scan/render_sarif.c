/* scan/render_sarif.c - SARIF 2.1.0, for what collects findings of many tools. */
#include <stdio.h>
#include <string.h>

#include "scan/js.h"
#include "scan/report_part.h"
#include "scan/words.h"

#define SCHEMA \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/" \
	"sarif-schema-2.1.0.json"

/* Findings that are only informational have a kind of their own, and then no level [3.27.10]. */
static const char *level_of(enum sp_scan_severity s)
{
	return s >= SP_SCAN_HIGH              ? "error"
			: s == SP_SCAN_MEDIUM ? "warning"
			: s == SP_SCAN_LOW    ? "note"
					      : "none";
}

/* As CVSS counts, in the middle of each class; NULL for information. */
static const char *score_of(enum sp_scan_severity s)
{
	static const char *const scores[SP_SCAN_SEVERITY_COUNT] = {[SP_SCAN_LOW] = "3.0",
			[SP_SCAN_MEDIUM] = "5.5",
			[SP_SCAN_HIGH] = "8.0",
			[SP_SCAN_CRITICAL] = "9.5"};

	return scores[s];
}

static void put_message(struct sp_scan_js *js, const char *key, const char *text)
{
	sp_scan_js_open(js, key, '{');
	sp_scan_js_text(js, "text", text);
	sp_scan_js_close(js, '}');
}

static void put_help(struct sp_scan_js *js, const struct sp_scan_check *c)
{
	const struct {
		const char *on, *fix;
	} fixes[] = {{"Windows", c->fix_windows}, {"xrdp", c->fix_xrdp},
			{"gnome-remote-desktop", c->fix_grd}, {"FreeRDP", c->fix_freerdp},
			{"Sallyport", c->fix_sallyport}};
	char text[4096];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", c->why);

	for (size_t i = 0; i < SP_LEN(fixes) && n < sizeof(text); i++) {
		if (fixes[i].fix != NULL) {
			n += (size_t)snprintf(text + n, sizeof(text) - n, "\n%s: %s", fixes[i].on,
					fixes[i].fix);
		}
	}
	put_message(js, "help", text);
}

static void put_rule(struct sp_scan_js *js, const struct sp_scan_check *c)
{
	char uri[256];

	sp_scan_js_open(js, NULL, '{');
	sp_scan_js_text(js, "id", c->id);
	put_message(js, "shortDescription", c->title);
	put_message(js, "fullDescription", c->why);
	put_help(js, c);
	if (c->references != NULL) {
		snprintf(uri, sizeof(uri), "%.*s", (int)strcspn(c->references, " "), c->references);
		sp_scan_js_text(js, "helpUri", uri);
	}
	sp_scan_js_open(js, "defaultConfiguration", '{');
	sp_scan_js_text(js, "level", level_of(c->severity));
	sp_scan_js_close(js, '}');
	sp_scan_js_open(js, "properties", '{');
	if (score_of(c->severity) != NULL) {
		sp_scan_js_text(js, "security-severity", score_of(c->severity));
	}
	sp_scan_js_words(js, "tags", "security rdp");
	sp_scan_js_words(js, "aliases", c->aliases);
	sp_scan_js_close(js, '}');
	sp_scan_js_close(js, '}');
}

static struct sp_scan_js results(const struct sp_scan_report *r)
{
	return (struct sp_scan_js){
			.out = r->out, .depth = 4, .filled = r->results > 0, .pretty = true};
}

static void begin(struct sp_scan_report *r)
{
	struct sp_scan_js js = {.out = r->out, .pretty = true};
	size_t n;
	const struct sp_scan_check *c = sp_scan_checks(&n);

	sp_scan_js_open(&js, NULL, '{');
	sp_scan_js_text(&js, "$schema", SCHEMA);
	sp_scan_js_text(&js, "version", "2.1.0");
	sp_scan_js_open(&js, "runs", '[');
	sp_scan_js_open(&js, NULL, '{');
	sp_scan_js_open(&js, "tool", '{');
	sp_scan_js_open(&js, "driver", '{');
	sp_scan_js_text(&js, "name", "sallyport");
	sp_scan_js_text(&js, "version", SP_VERSION);
	sp_scan_js_text(&js, "semanticVersion", SP_VERSION);
	sp_scan_js_open(&js, "rules", '[');
	for (size_t i = 0; i < n; i++) {
		put_rule(&js, &c[i]);
	}
	sp_scan_js_close(&js, ']');
	sp_scan_js_close(&js, '}');
	sp_scan_js_close(&js, '}');
	sp_scan_js_open(&js, "invocations", '[');
	sp_scan_js_open(&js, NULL, '{');
	sp_scan_js_bool(&js, "executionSuccessful", !r->totals.interrupted);
	sp_scan_js_time(&js, "endTimeUtc", r->o.judge.now);
	if (r->authorised != NULL) {
		sp_scan_js_open(&js, "properties", '{');
		sp_scan_js_text(&js, "authorised", r->authorised);
		sp_scan_js_close(&js, '}');
	}
	sp_scan_js_close(&js, '}');
	sp_scan_js_close(&js, ']');
	sp_scan_js_open(&js, "results", '[');
}

static void put_location(struct sp_scan_js *js, const struct sp_scan_facts *f)
{
	char place[SP_SCAN_PLACE_MAX], uri[SP_SCAN_URI_MAX];

	sp_scan_js_open(js, "locations", '[');
	sp_scan_js_open(js, NULL, '{');
	sp_scan_js_open(js, "physicalLocation", '{');
	sp_scan_js_open(js, "artifactLocation", '{');
	sp_scan_js_text(js, "uri", sp_scan_uri(f, uri));
	sp_scan_js_close(js, '}');
	sp_scan_js_close(js, '}');
	sp_scan_js_open(js, "logicalLocations", '[');
	sp_scan_js_open(js, NULL, '{');
	sp_scan_js_text(js, "name", sp_scan_place(f, place));
	sp_scan_js_text(js, "fullyQualifiedName", uri);
	sp_scan_js_text(js, "kind", "resource");
	sp_scan_js_close(js, '}');
	sp_scan_js_close(js, ']');
	sp_scan_js_close(js, '}');
	sp_scan_js_close(js, ']');
}

static void put_result(struct sp_scan_report *r, struct sp_scan_js *js,
		const struct sp_scan_entry *e, const struct sp_scan_finding *f)
{
	const struct sp_scan_check *all;
	char print[SP_SCAN_PRINT_MAX], text[2 * SP_SCAN_LINE];
	size_t n;

	all = sp_scan_checks(&n);
	sp_scan_js_open(js, NULL, '{');
	sp_scan_js_text(js, "ruleId", f->check->id);
	sp_scan_js_num(js, "ruleIndex", f->check - all);
	sp_scan_js_text(js, "kind", f->severity == SP_SCAN_INFO ? "informational" : "fail");
	sp_scan_js_text(js, "level", level_of(f->severity));
	snprintf(text, sizeof(text), "%s: %s", f->check->title, f->evidence);
	put_message(js, "message", text);
	put_location(js, &e->f);
	sp_scan_js_open(js, "partialFingerprints", '{');
	sp_scan_js_text(js, "sallyportScan/v1", sp_scan_print(&e->f, f->check->id, print));
	sp_scan_js_close(js, '}');
	if (r->o.baseline != NULL) {
		bool known = e->before != SIZE_MAX &&
				sp_scan_baseline_since(r->o.baseline, e->before, f->check->id) != 0;
		sp_scan_js_text(js, "baselineState", known ? "unchanged" : "new");
	}
	sp_scan_js_open(js, "properties", '{');
	sp_scan_js_text(js, "severity", sp_scan_severity_name(f->severity));
	sp_scan_js_text(js, "confidence", sp_scan_confidence_name(f->confidence));
	if (score_of(f->severity) != NULL) {
		sp_scan_js_text(js, "security-severity", score_of(f->severity));
	}
	sp_scan_js_text(js, "product", sp_scan_family_id(e->f.family));
	sp_scan_js_close(js, '}');
	sp_scan_js_close(js, '}');
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	struct sp_scan_js js = results(r);

	for (size_t i = 0; i < e->j.n; i++) {
		put_result(r, &js, e, &e->j.finding[i]);
		r->results++;
	}
}

static void end(struct sp_scan_report *r)
{
	struct sp_scan_js js = results(r);

	sp_scan_js_close(&js, ']');
	sp_scan_js_text(&js, "columnKind", "utf16CodeUnits");
	sp_scan_js_close(&js, '}');
	sp_scan_js_close(&js, ']');
	sp_scan_js_close(&js, '}');
	putc('\n', r->out);
}

const struct sp_scan_renderer sp_scan_as_sarif = {.begin = begin, .endpoint = endpoint, .end = end};
