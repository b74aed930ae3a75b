/* scan/render_html.c - one page that needs nothing else: no script, no font, no picture from anywhere. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/attr.h"
#include "scan/ciphers.h"
#include "scan/html_style.h"
#include "scan/report_part.h"
#include "scan/words.h"

enum pass {
	TABLE,
	SECTIONS,
	PASSES
};

#define URGENT 10

static void put(struct sp_scan_report *r, const char *text)
{
	fputs(text, r->out);
}

static void put_safe(struct sp_scan_report *r, const char *text)
{
	sp_scan_put_xml(r->out, text);
}

static const char *worst_class(const struct sp_scan_judged *j)
{
	return j->n > 0 ? sp_scan_severity_name(j->finding[0].severity) : "fine";
}

static void put_badge(struct sp_scan_report *r, const char *name)
{
	fprintf(r->out, "<span class=\"badge %s\">%s</span>", name, name);
}

/* Classes for all severities in it. */
static void put_has(struct sp_scan_report *r, const struct sp_scan_judged *j)
{
	enum sp_scan_severity last = SP_SCAN_SEVERITY_COUNT;

	for (size_t i = 0; i < j->n; i++) {
		if (j->finding[i].severity != last) {
			last = j->finding[i].severity;
			fprintf(r->out, " has-%s", sp_scan_severity_name(last));
		}
	}
	if (j->n == 0) {
		put(r, " has-fine");
	}
}

static void put_worst(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	if (e->j.n == 0 && e->f.reach != SP_SCAN_RDP) {
		put(r, "<span class=\"badge none\">no RDP</span>");
	} else {
		put_badge(r, worst_class(&e->j));
	}
}

/* ---- head ---- */

static void put_boxes(struct sp_scan_report *r)
{
	const struct sp_scan_totals *t = &r->totals;
	uint64_t listed = sp_scan_spool_count(r->spool), hit = 0;

	for (unsigned i = 0; i < SP_SCAN_SEVERITY_COUNT; i++) {
		hit += t->worst[i];
	}
	for (unsigned i = SP_SCAN_SEVERITY_COUNT; i-- > 0;) {
		const char *name = sp_scan_severity_name((enum sp_scan_severity)i);
		fprintf(r->out,
				"<input class=\"box\" type=\"checkbox\" id=\"%c\" checked "
				"aria-label=\"Show %s\">\n",
				name[0], name);
	}
	put(r,
			"<input class=\"box\" type=\"checkbox\" id=\"f\" checked aria-label=\"Show "
			"what is fine\">\n"
			"<div class=\"bar\">\n");
	for (unsigned i = SP_SCAN_SEVERITY_COUNT; i-- > 0;) {
		const char *name = sp_scan_severity_name((enum sp_scan_severity)i);
		fprintf(r->out, "<label class=\"n %s\" for=\"%c\"><b>%llu</b>%s</label>\n", name,
				name[0], (unsigned long long)t->findings[i], name);
	}
	fprintf(r->out,
			"<label class=\"n fine\" for=\"f\"><b>%llu</b>without "
			"finding</label>\n</div>\n",
			(unsigned long long)(listed - hit));
	put(r, "<p class=\"soft hint\">A number shows or hides what it counts.</p>\n");
}

static void put_part(struct sp_scan_report *r, bool *first, uint64_t n, const char *what)
{
	if (n > 0) {
		fprintf(r->out, "%s%llu %s", *first ? "" : ", ", (unsigned long long)n, what);
		*first = false;
	}
}

static void put_summary(struct sp_scan_report *r)
{
	static const enum sp_scan_nla order[] = {SP_SCAN_NLA_REQUIRED, SP_SCAN_NLA_OPTIONAL,
			SP_SCAN_NLA_ABSENT, SP_SCAN_NLA_UNKNOWN};
	const struct sp_scan_totals *t = &r->totals;
	char time[SP_SCAN_TIME_MAX];
	bool first = true;

	fprintf(r->out, "<p class=\"soft\">sallyport " SP_VERSION ", %s</p>\n<p>%llu endpoint%s: ",
			sp_scan_time(r->o.judge.now, time), (unsigned long long)t->endpoints,
			t->endpoints == 1 ? "" : "s");
	for (unsigned i = SP_SCAN_REACH_COUNT; i-- > 0;) {
		put_part(r, &first, t->reach[i],
				i == SP_SCAN_RDP ? "with RDP" : sp_scan_reach_name(i));
	}
	put(r, ".");
	if (t->reach[SP_SCAN_RDP] > 0) {
		put(r, " Network Level Authentication: ");
		first = true;
		for (size_t i = 0; i < SP_LEN(order); i++) {
			put_part(r, &first, t->nla[order[i]], sp_scan_nla_name(order[i]));
		}
		put(r, ".");
	}
	if (t->not_scanned > 0) {
		fprintf(r->out, " %llu of the baseline had no part in this scan.",
				(unsigned long long)t->not_scanned);
	}
	put(r, t->interrupted ? " <b>Interrupted: this is not all.</b></p>\n" : "</p>\n");
	if (r->authorised != NULL) {
		put(r, "<p>Authorised: ");
		put_safe(r, r->authorised);
		put(r, "</p>\n");
	}
}

/* Many endpoints have the same fault: what to mend first, and on how many. */
static void put_urgent(struct sp_scan_report *r)
{
	if (r->n_urgent == 0 || sp_scan_spool_count(r->spool) < 2) {
		return;
	}
	put(r, "<h2>Begin with</h2>\n<div class=\"card wide\"><table>\n<tbody>\n");
	for (size_t i = 0; i < r->n_urgent && i < URGENT; i++) {
		const struct sp_scan_tally *t = &r->tally[i];

		put(r, "<tr><td>");
		put_badge(r, sp_scan_severity_name(t->worst));
		fprintf(r->out,
				"</td><td class=\"most\">%s <span class=\"soft\">%s%s%s</span></td>"
				"<td class=\"num\">%llu endpoint%s</td></tr>\n",
				t->check->title, t->check->id,
				t->surest != SP_SCAN_CERTAIN ? ", " : "",
				t->surest != SP_SCAN_CERTAIN ? sp_scan_confidence_name(t->surest)
							     : "",
				(unsigned long long)t->n, t->n == 1 ? "" : "s");
	}
	put(r, "</tbody></table></div>\n");
}

static void begin(struct sp_scan_report *r)
{
	put(r,
			"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
			"'none'; style-src "
			"'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
			"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
			"<meta name=\"referrer\" content=\"no-referrer\">\n"
			"<title>RDP exposure</title>\n<style>\n");
	put(r, html_style);
	put(r, "</style>\n</head>\n<body>\n<div class=\"page\">\n<h1>RDP exposure</h1>\n");
	put_summary(r);
	put_boxes(r);
	put_urgent(r);
	put(r, "<main>\n");
	if (sp_scan_spool_count(r->spool) > 0) {
		put(r,
				"<h2>Endpoints</h2>\n<div class=\"card "
				"wide\"><table>\n<thead><tr><th></th>"
				"<th>Endpoint</th><th>Heaviest "
				"finding</th><th>Product</th><th>NLA</th><th>TLS</"
				"th><th>Certificate</th>"
				"</tr></thead>\n<tbody>\n");
	}
}

/* ---- table ---- */

static void put_heaviest(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	const struct sp_scan_judged *j = &e->j;

	if (j->n == 0 || j->finding[0].severity == SP_SCAN_INFO) {
		put_safe(r, e->f.reach != SP_SCAN_RDP && e->f.why[0] ? e->f.why : "-");
		return;
	}
	put(r, j->finding[0].check->title);
	if (j->n > 1) {
		fprintf(r->out, " <span class=\"soft\">and %zu more</span>", j->n - 1);
	}
}

static void put_row(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	const struct sp_scan_facts *f = &e->f;
	bool rdp = f->reach == SP_SCAN_RDP;
	char text[SP_SCAN_LINE], place[SP_SCAN_PLACE_MAX];
	const char *named = sp_scan_named(f);

	put(r, "<tr class=\"row");
	put_has(r, &e->j);
	put(r, "\"><td>");
	put_worst(r, e);
	fprintf(r->out, "</td><td><a href=\"#e%llu\">", (unsigned long long)r->written);
	put_safe(r, sp_scan_place(f, place));
	put(r, "</a>");
	if (named[0] && strcasecmp(named, f->host) != 0) {
		put(r, "<br><span class=\"soft\">");
		put_safe(r, named);
		put(r, "</span>");
	}
	put(r, "</td><td>");
	put_heaviest(r, e);
	fprintf(r->out, "</td><td>%s</td><td>%s</td><td>%s</td><td>",
			!rdp ? "no RDP"
					: f->family == SP_SCAN_FAMILY_UNKNOWN
					? "unknown"
					: sp_scan_family_name(f->family),
			rdp ? sp_scan_nla_name(e->j.nla) : "-",
			rdp ? sp_scan_tls_line(f, text) : "-");
	if (f->tls.cert.seen) {
		const struct sp_scan_cert *c = &f->tls.cert;
		char time[SP_SCAN_TIME_MAX];
		put_safe(r, c->self_signed ? "self-signed" : c->issuer);
		fprintf(r->out, ", %s %u<br><span class=\"soft\">until %.10s</span>",
				sp_scan_key_name(c->key), c->key_bits,
				sp_scan_time(c->not_after, time));
	} else {
		put(r, "-");
	}
	put(r, "</td></tr>\n");
}

/* ---- sections ---- */

static void fact(struct sp_scan_report *r, const char *name, const char *text)
{
	if (text[0] != '\0') {
		fprintf(r->out, "<dt>%s</dt><dd>", name);
		put_safe(r, text);
		put(r, "</dd>\n");
	}
}

static void put_protocols(struct sp_scan_report *r, const struct sp_scan_facts *f)
{
	static const char *const names[SP_SCAN_ASK_COUNT] = {[SP_SCAN_ASK_RDP] = "standard only",
			[SP_SCAN_ASK_TLS] = "TLS only",
			[SP_SCAN_ASK_CREDSSP] = "CredSSP or TLS",
			[SP_SCAN_ASK_RDSTLS] = "RDSTLS",
			[SP_SCAN_ASK_EARLY] = "early authorization or less",
			[SP_SCAN_ASK_AAD] = "RDS AAD"};
	char text[2 * SP_SCAN_LINE] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		const struct sp_scan_nego *a = &f->nego[i];
		if (a->answer == SP_SCAN_NOT_ASKED) {
			continue;
		}
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s \342\206\222 %s",
				n > 0 ? "; " : "", names[i],
				a->answer == SP_SCAN_SELECTED ? sp_scan_protocol_name(a->selected)
						: a->answer == SP_SCAN_DENIED
						? sp_scan_code_name(a->code)
						: sp_scan_answer_name(a->answer));
		if (n >= sizeof(text)) {
			break;
		}
	}
	fact(r, "Asked for", text);
}

static void put_cert(struct sp_scan_report *r, const struct sp_scan_cert *c)
{
	char text[4 * SP_SCAN_TEXT], from[SP_SCAN_TIME_MAX], to[SP_SCAN_TIME_MAX];
	char hex[2 * SP_SCAN_HASH + 1];

	if (!c->seen) {
		return;
	}
	snprintf(text, sizeof(text), "%s, %s, %s %u, %s, %.10s to %.10s", c->subject,
			c->self_signed ? "self-signed" : c->issuer, sp_scan_key_name(c->key),
			c->key_bits, c->signature, sp_scan_time(c->not_before, from),
			sp_scan_time(c->not_after, to));
	fact(r, "Certificate", text);
	put(r, "<dt>SHA-256</dt><dd><code>");
	put(r, sp_scan_hex(c->sha256, sizeof(c->sha256), hex));
	put(r, "</code></dd>\n");
}

static void put_facts(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	const struct sp_scan_facts *f = &e->f;
	const struct sp_scan_ntlm *n = &f->ntlm;
	char text[6 * SP_SCAN_TEXT], line[SP_SCAN_LINE];
	const char *cipher = sp_scan_cipher_name(f->tls.best);

	put(r, "<dl class=\"facts\">\n");
	if (f->reach != SP_SCAN_RDP) {
		fact(r, "RDP", sp_scan_reach_name(f->reach));
	} else {
		fact(r, "NLA", sp_scan_nla_name(e->j.nla));
		put_protocols(r, f);
		snprintf(text, sizeof(text), "%s%s%s", sp_scan_tls_line(f, line),
				cipher != NULL ? ", best " : "", cipher != NULL ? cipher : "");
		fact(r, "TLS", text);
		put_cert(r, &f->tls.cert);
	}
	if (n->challenged) {
		snprintf(text, sizeof(text), "%s, domain %s",
				n->dns_computer[0] ? n->dns_computer : n->nb_computer,
				n->dns_domain[0] ? n->dns_domain : n->nb_domain);
		fact(r, "NTLM", text);
		snprintf(text, sizeof(text), "%u.%u.%u", n->major, n->minor, n->build);
		fact(r, "Version told", n->major != 0 ? text : "");
	}
	if (f->web.open == SP_SCAN_YES) {
		snprintf(text, sizeof(text), "port %u, %s", f->web.port,
				f->web.server[0] ? f->web.server : "no name");
		fact(r, "HTTPS", text);
	}
	fact(r, "Shown by", f->family_why);
	fact(r, "Remark", f->why);
	put(r, "</dl>\n");
}

static void put_references(struct sp_scan_report *r, const char *references)
{
	put(r, "<dt>See</dt><dd>");
	while (references != NULL && *references != '\0') {
		size_t n = strcspn(references, " ");
		fprintf(r->out, "<a href=\"%.*s\">%.*s</a><br>", (int)n, references, (int)n,
				references);
		references += n + strspn(references + n, " ");
	}
	put(r, "</dd>\n");
}

/* Of what is only worth knowing: one paragraph. */
static void put_remark(struct sp_scan_report *r, const struct sp_scan_finding *f)
{
	fputs("<div class=\"finding part has-info\"><div class=\"head\">", r->out);
	put_badge(r, "info");
	fprintf(r->out, "<p><b>%s</b> <span class=\"soft\">%s</span> ", f->check->title,
			f->check->id);
	put_safe(r, f->evidence);
	put(r, "</p></div></div>\n");
}

static void put_finding(struct sp_scan_report *r, const struct sp_scan_entry *e,
		const struct sp_scan_finding *f)
{
	const char *name = sp_scan_severity_name(f->severity);
	const char *on, *fix = sp_scan_fix(f->check, e->f.family, &on);
	char time[SP_SCAN_TIME_MAX];

	if (f->severity == SP_SCAN_INFO) {
		put_remark(r, f);
		return;
	}
	fprintf(r->out, "<div class=\"finding part has-%s\"><div class=\"head\">", name);
	put_badge(r, name);
	fprintf(r->out,
			"<h4>%s</h4> <span class=\"soft\">%s%s%s</span></div>\n<div "
			"class=\"body\"><p>",
			f->check->title, f->check->id, f->confidence != SP_SCAN_CERTAIN ? ", " : "",
			f->confidence != SP_SCAN_CERTAIN ? sp_scan_confidence_name(f->confidence)
							 : "");
	put_safe(r, f->check->why);
	put(r, "</p>\n<dl><dt>Seen</dt><dd>");
	put_safe(r, f->evidence);
	put(r, "</dd>\n");
	if (fix != NULL) {
		fprintf(r->out, "<dt>Fix on %s</dt><dd>", on);
		put_safe(r, fix);
		put(r, "</dd>\n");
	}
	int64_t since = e->before != SIZE_MAX
			? sp_scan_baseline_since(r->o.baseline, e->before, f->check->id)
			: 0;
	if (since != 0) {
		fprintf(r->out, "<dt>Since</dt><dd>%.10s</dd>\n", sp_scan_time(since, time));
	}
	if (f->check->references != NULL) {
		put_references(r, f->check->references);
	}
	put(r, "</dl></div></div>\n");
}

static void put_section(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	char place[SP_SCAN_PLACE_MAX];
	const char *named = sp_scan_named(&e->f);

	put(r, "<section class=\"card part");
	put_has(r, &e->j);
	fprintf(r->out, "\" id=\"e%llu\">\n<div class=\"head\">", (unsigned long long)r->written);
	put_worst(r, e);
	put(r, "<h3>");
	put_safe(r, sp_scan_place(&e->f, place));
	put(r, "</h3> <span class=\"soft\">");
	if (e->f.reach == SP_SCAN_RDP) {
		put(r, sp_scan_family_name(e->f.family));
	}
	if (named[0] && strcasecmp(named, e->f.host) != 0) {
		put(r, " ");
		put_safe(r, named);
	}
	if (strcmp(e->f.host, e->f.address) != 0 && e->f.address[0]) {
		put(r, " ");
		put_safe(r, e->f.address);
	}
	put(r, "</span></div>\n");
	put_facts(r, e);
	for (size_t i = 0; i < e->j.n; i++) {
		put_finding(r, e, &e->j.finding[i]);
	}
	put(r, "</section>\n");
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	if (r->pass == TABLE) {
		put_row(r, e);
		return;
	}
	if (r->written == 0) {
		put(r, "</tbody></table></div>\n<h2>Findings</h2>\n");
	}
	put_section(r, e);
}

static void end(struct sp_scan_report *r)
{
	put(r, "</main>\n</div>\n</body>\n</html>\n");
}

const struct sp_scan_renderer sp_scan_as_html = {.heaviest_first = true,
		.passes = PASSES,
		.begin = begin,
		.endpoint = endpoint,
		.end = end};
