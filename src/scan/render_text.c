/* scan/render_text.c - for people: an endpoint in two lines, then what is wrong with it, heaviest first. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/attr.h"
#include "scan/report_part.h"
#include "scan/words.h"

#define WIDTH 100
#define INDENT 21
#define INDENT_FACTS 4
#define URGENT 8

static const char *const colours[SP_SCAN_SEVERITY_COUNT] = {[SP_SCAN_INFO] = "2",
		[SP_SCAN_LOW] = "36",
		[SP_SCAN_MEDIUM] = "33",
		[SP_SCAN_HIGH] = "1;31",
		[SP_SCAN_CRITICAL] = "1;37;41"};

static void paint(struct sp_scan_report *r, const char *colour)
{
	if (r->o.colour) {
		fprintf(r->out, "\033[%sm", colour);
	}
}

/* A severity, or what there is in its place, in a column of eight. */
static void put_severity(struct sp_scan_report *r, enum sp_scan_severity s, const char *fine)
{
	const char *name = s < SP_SCAN_SEVERITY_COUNT ? sp_scan_severity_name(s) : fine;
	char upper[16];
	size_t n = strlen(name);

	for (size_t i = 0; i <= n; i++) {
		bool raise = s >= SP_SCAN_HIGH && 'a' <= name[i] && name[i] <= 'z';
		upper[i] = (char)(raise && s < SP_SCAN_SEVERITY_COUNT ? name[i] - 'a' + 'A'
								      : name[i]);
	}
	paint(r, s < SP_SCAN_SEVERITY_COUNT ? colours[s] : *fine == 'f' ? "32" : "2");
	fputs(upper, r->out);
	paint(r, "0");
	fprintf(r->out, "%*s", n < 8 ? (int)(8 - n) : 0, "");
}

/* Words up to the width, then on the next line behind `indent`. The cursor stands at column `at`. */
static void put_words(struct sp_scan_report *r, const char *text, size_t at, size_t indent)
{
	size_t width = r->o.width != 0 && r->o.width < WIDTH ? r->o.width : WIDTH;
	char word[SP_SCAN_LINE];
	bool first = true;

	while (*text != '\0') {
		size_t n = strcspn(text, " ");
		snprintf(word, sizeof(word), "%.*s", (int)n, text);
		if (!first && at + 1 + n > width) {
			fprintf(r->out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			putc(' ', r->out);
			at++;
		}
		sp_scan_put_text(r->out, word);
		at += n;
		text += n;
		text += *text == ' ';
		first = false;
	}
	putc('\n', r->out);
}

static void put_wrapped(struct sp_scan_report *r, const char *text, size_t at)
{
	put_words(r, text, at, INDENT);
}

static void put_labelled(struct sp_scan_report *r, const char *label, const char *text)
{
	fprintf(r->out, "%*s", INDENT, "");
	paint(r, "2");
	fputs(label, r->out);
	paint(r, "0");
	put_wrapped(r, text, INDENT + strlen(label));
}

static void begin(struct sp_scan_report *r)
{
	if (r->authorised != NULL) {
		fputs("Authorised: ", r->out);
		sp_scan_put_text(r->out, r->authorised);
		fputs("\n\n", r->out);
	}
}

static void put_finding(struct sp_scan_report *r, const struct sp_scan_entry *e,
		const struct sp_scan_finding *f)
{
	const char *on, *fix = sp_scan_fix(f->check, e->f.family, &on);
	size_t n;
	ptrdiff_t i = f->check - sp_scan_checks(&n);
	char label[64];

	fputs("  ", r->out);
	put_severity(r, f->severity, "");
	fprintf(r->out, "  %s  ", f->check->id);
	if (f->severity == SP_SCAN_INFO && !r->o.verbose) {
		char line[2 * SP_SCAN_LINE];
		snprintf(line, sizeof(line), "%s: %s", f->check->title, f->evidence);
		put_wrapped(r, line, INDENT);
		return;
	}
	paint(r, "1");
	fputs(f->check->title, r->out);
	paint(r, "0");
	if (f->confidence != SP_SCAN_CERTAIN) {
		fprintf(r->out, " (%s)", sp_scan_confidence_name(f->confidence));
	}
	putc('\n', r->out);
	put_labelled(r, "seen: ", f->evidence);
	if (r->o.verbose) {
		put_labelled(r, "why: ", f->check->why);
		if (fix != NULL) {
			snprintf(label, sizeof(label), "fix on %s: ", on);
			put_labelled(r, label, fix);
		}
		if (f->check->references != NULL) {
			put_labelled(r, "see: ", f->check->references);
		}
	}
	/* Who does not know whose it is does. */
	bool unknown = e->f.family == SP_SCAN_FAMILY_UNKNOWN;
	r->fixes[i][unknown ? SP_SCAN_FAMILY_WINDOWS : e->f.family] = true;
	r->fixes[i][SP_SCAN_FAMILY_XRDP] |= unknown;
	r->fixes[i][SP_SCAN_FAMILY_GRD] |= unknown;
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	const struct sp_scan_facts *f = &e->f;
	char place[SP_SCAN_PLACE_MAX], tls[SP_SCAN_LINE], cert[SP_SCAN_LINE];
	char line[4 * SP_SCAN_LINE];
	const char *named = sp_scan_named(f);

	put_severity(r, sp_scan_worst(&e->j), f->reach == SP_SCAN_RDP ? "fine" : "-");
	fputs("  ", r->out);
	paint(r, "1");
	sp_scan_put_text(r->out, sp_scan_place(f, place));
	paint(r, "0");
	if (strcmp(f->host, f->address) != 0 && f->address[0]) {
		fputs("  ", r->out);
		sp_scan_put_text(r->out, f->address);
	}
	if (f->reach == SP_SCAN_RDP) {
		fprintf(r->out, "  %s", sp_scan_family_name(f->family));
		if (named[0] && strcasecmp(named, f->host) != 0) {
			putc(' ', r->out);
			sp_scan_put_text(r->out, named);
		}
		fputs("\n  ", r->out);
		snprintf(line, sizeof(line), "NLA %s; %s; %s%s%s", sp_scan_nla_name(e->j.nla),
				sp_scan_tls_line(f, tls), sp_scan_cert_line(&f->tls.cert, cert),
				f->why[0] ? "; " : "", f->why);
		put_words(r, line, 2, INDENT_FACTS);
	} else {
		fputs("  no RDP: ", r->out);
		sp_scan_put_text(r->out, f->why[0] ? f->why : sp_scan_reach_name(f->reach));
		putc('\n', r->out);
	}
	for (size_t i = 0; i < e->j.n; i++) {
		put_finding(r, e, &e->j.finding[i]);
	}
	putc('\n', r->out);
}

static void put_count(struct sp_scan_report *r, bool *first, uint64_t n, const char *what)
{
	if (n > 0) {
		fprintf(r->out, "%s%llu %s", *first ? "" : ", ", (unsigned long long)n, what);
		*first = false;
	}
}

/* Many hosts have the same disease: the cure is told once. */
static void put_fixes(struct sp_scan_report *r)
{
	size_t n;
	const struct sp_scan_check *c = sp_scan_checks(&n);
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		const char *told = NULL;
		for (uint32_t family = 0; family < SP_SCAN_FAMILY_COUNT; family++) {
			const char *on, *fix = sp_scan_fix(&c[i], family, &on);
			if (!r->fixes[i][family] || fix == NULL || fix == told) {
				continue;
			}
			told = fix;
			if (first) {
				paint(r, "1");
				fputs("How to fix it\n", r->out);
				paint(r, "0");
				first = false;
			}
			char line[4096];
			snprintf(line, sizeof(line), "%s: %s", on, fix);
			fprintf(r->out, "            %s  ", c[i].id);
			put_wrapped(r, line, INDENT);
		}
	}
	if (!first) {
		putc('\n', r->out);
	}
}

/* Of many endpoints: what to mend first. It stands last, where a terminal still shows it. */
static void put_urgent(struct sp_scan_report *r)
{
	char line[SP_SCAN_TALLY_PLACES * (SP_SCAN_PLACE_MAX + 2) + 256];
	size_t most = r->n_urgent < URGENT ? r->n_urgent : URGENT;

	if (r->written < 2 || most == 0) {
		return;
	}
	paint(r, "1");
	fputs("Begin with\n", r->out);
	paint(r, "0");
	for (size_t i = 0; i < most; i++) {
		const struct sp_scan_tally *t = &r->tally[i];
		bool sure = t->surest == SP_SCAN_CERTAIN;
		int n = snprintf(line, sizeof(line), "%s%s%s%s:", t->check->title, sure ? "" : " (",
				sure ? "" : sp_scan_confidence_name(t->surest), sure ? "" : ")");

		for (size_t k = 0; k < t->n_places; k++) {
			n += snprintf(line + n, sizeof(line) - (size_t)n, "%s %s", k > 0 ? "," : "",
					t->place[k]);
		}
		if (t->n > t->n_places) {
			snprintf(line + n, sizeof(line) - (size_t)n, " and %llu more",
					(unsigned long long)(t->n - t->n_places));
		}
		fputs("  ", r->out);
		put_severity(r, t->worst, "");
		fprintf(r->out, "  %s  ", t->check->id);
		put_wrapped(r, line, INDENT);
	}
	putc('\n', r->out);
}

static void end(struct sp_scan_report *r)
{
	const struct sp_scan_totals *t = &r->totals;
	bool first = true;

	if (!r->o.verbose) {
		put_fixes(r);
	}
	put_urgent(r);
	for (size_t i = 0; i < sp_scan_keys_count(r->keys); i++) {
		const struct sp_scan_shared *k = sp_scan_keys_at(r->keys, i);
		char hex[2 * 8 + 1];
		if (k->more > 0) {
			fputs("The same key: ", r->out);
			sp_scan_put_text(r->out, k->place);
			fputs(k->more > 1 ? ", " : " and ", r->out);
			sp_scan_put_text(r->out, k->second != NULL ? k->second : "another host");
			if (k->more > 1) {
				fprintf(r->out, " and %llu more", (unsigned long long)k->more - 1);
			}
			fprintf(r->out, " (SPKI %s...)\n", sp_scan_hex(k->spki, 8, hex));
		}
	}
	fprintf(r->out, "%llu endpoint%s: ", (unsigned long long)t->endpoints,
			t->endpoints == 1 ? "" : "s");
	for (unsigned i = SP_SCAN_REACH_COUNT; i-- > 0;) {
		put_count(r, &first, t->reach[i],
				i == SP_SCAN_RDP ? "with RDP" : sp_scan_reach_name(i));
	}
	if (t->reach[SP_SCAN_RDP] > 0) {
		static const enum sp_scan_nla order[] = {SP_SCAN_NLA_REQUIRED, SP_SCAN_NLA_OPTIONAL,
				SP_SCAN_NLA_ABSENT, SP_SCAN_NLA_UNKNOWN};
		fputs(". NLA: ", r->out);
		first = true;
		for (size_t i = 0; i < SP_LEN(order); i++) {
			put_count(r, &first, t->nla[order[i]], sp_scan_nla_name(order[i]));
		}
	}
	fputs(".\nFindings: ", r->out);
	first = true;
	for (unsigned i = SP_SCAN_SEVERITY_COUNT; i-- > 0;) {
		put_count(r, &first, t->findings[i],
				sp_scan_severity_name((enum sp_scan_severity)i));
	}
	fprintf(r->out, "%s.\n", first ? "none" : "");
	if (t->interrupted) {
		fputs("Interrupted: this is not all.\n", r->out);
	}
	if (t->not_scanned > 0) {
		fprintf(r->out, "%llu endpoint%s of the baseline had no part in this scan.\n",
				(unsigned long long)t->not_scanned, t->not_scanned == 1 ? "" : "s");
	}
}

const struct sp_scan_renderer sp_scan_as_text = {
		.streams = true, .begin = begin, .endpoint = endpoint, .end = end};
