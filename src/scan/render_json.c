/* scan/render_json.c - everything that is known, for programs: one document, or an object per line. */
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "scan/ciphers.h"
#include "scan/js.h"
#include "scan/report_part.h"
#include "scan/words.h"

static void put_nego(struct sp_scan_js *js, const struct sp_scan_facts *f)
{
	sp_scan_js_open(js, "protocols", '{');
	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		const struct sp_scan_nego *n = &f->nego[i];
		sp_scan_js_open(js, sp_scan_ask_name(i), '{');
		sp_scan_js_text(js, "answer", sp_scan_answer_name(n->answer));
		if (n->answer == SP_SCAN_SELECTED) {
			sp_scan_js_num(js, "selected", n->selected);
			sp_scan_js_text(js, "name", sp_scan_protocol_name(n->selected));
			sp_scan_js_num(js, "flags", n->flags);
			sp_scan_js_bool(js, "negotiated", !n->bare);
		} else if (n->answer == SP_SCAN_DENIED) {
			sp_scan_js_num(js, "code", n->code);
			sp_scan_js_text(js, "name", sp_scan_code_name(n->code));
		}
		if (n->n_evidence > 0) {
			sp_scan_js_hex(js, "evidence", n->evidence, n->n_evidence);
		}
		sp_scan_js_close(js, '}');
	}
	sp_scan_js_close(js, '}');
}

static void put_legacy(struct sp_scan_js *js, const struct sp_scan_legacy *l)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} methods[] = {{1, "40 bit"}, {8, "56 bit"}, {2, "128 bit"}, {0x10, "FIPS"}};

	if (!l->asked) {
		sp_scan_js_null(js, "standard_security");
		return;
	}
	sp_scan_js_open(js, "standard_security", '{');
	sp_scan_js_open(js, "methods", '[');
	if (l->none) {
		sp_scan_js_text(js, NULL, "none");
	}
	for (size_t i = 0; i < SP_LEN(methods); i++) {
		if (l->methods & methods[i].bit) {
			sp_scan_js_text(js, NULL, methods[i].name);
		}
	}
	sp_scan_js_close(js, ']');
	sp_scan_js_num(js, "level", l->level);
	sp_scan_js_num(js, "lowest_level", l->lowest);
	sp_scan_js_text(js, "certificate",
			l->proprietary == 1                   ? "proprietary"
					: l->proprietary == 2 ? "x509"
							      : NULL);
	sp_scan_js_num(js, "key_bits", l->key_bits);
	sp_scan_js_close(js, '}');
}

static void put_cipher(struct sp_scan_js *js, const char *key, uint16_t number)
{
	char hex[16];

	snprintf(hex, sizeof(hex), "0x%04x", number);
	sp_scan_js_open(js, key, '{');
	sp_scan_js_text(js, "number", hex);
	sp_scan_js_text(js, "name", sp_scan_cipher_name(number));
	sp_scan_js_bool(js, "weak", sp_scan_cipher_weak(number) != 0);
	sp_scan_js_close(js, '}');
}

static void put_group(struct sp_scan_js *js, const char *key, uint16_t group)
{
	char hex[16];
	const char *name = sp_scan_group_name(group);

	snprintf(hex, sizeof(hex), "0x%04x", group);
	sp_scan_js_text(js, key, group == 0 ? NULL : name != NULL ? name : hex);
}

static void put_tls(struct sp_scan_js *js, const struct sp_scan_tls *t)
{
	char hex[16];

	if (!t->asked) {
		sp_scan_js_null(js, "tls");
		return;
	}
	sp_scan_js_open(js, "tls", '{');
	sp_scan_js_open(js, "versions", '{');
	for (uint32_t i = 0; i < SP_SCAN_VERSIONS; i++) {
		sp_scan_js_text(js, sp_scan_version_id(i), sp_scan_tri_name(t->version[i]));
	}
	sp_scan_js_close(js, '}');
	sp_scan_js_open(js, "ciphers", '[');
	for (size_t i = 0; i < t->n_ciphers; i++) {
		put_cipher(js, NULL, t->cipher[i]);
	}
	sp_scan_js_close(js, ']');
	if (t->best != 0) {
		put_cipher(js, "best", t->best);
		snprintf(hex, sizeof(hex), "0x%04x", t->best_version);
		sp_scan_js_text(js, "best_version", hex);
	}
	sp_scan_js_num(js, "dh_bits", t->dh_bits);
	put_group(js, "group", t->group);
	put_group(js, "weak_group", t->weak_group);
	sp_scan_js_close(js, '}');
}

static void put_cert(struct sp_scan_js *js, const struct sp_scan_cert *c)
{
	if (!c->seen) {
		sp_scan_js_null(js, "certificate");
		return;
	}
	sp_scan_js_open(js, "certificate", '{');
	sp_scan_js_num(js, "chain", c->chain);
	sp_scan_js_text(js, "subject", c->subject);
	sp_scan_js_text(js, "issuer", c->issuer);
	sp_scan_js_open(js, "names", '[');
	for (size_t i = 0; i < SP_SCAN_MAX_CERT_NAMES && c->names[i][0]; i++) {
		sp_scan_js_text(js, NULL, c->names[i]);
	}
	sp_scan_js_close(js, ']');
	sp_scan_js_text(js, "serial", c->serial);
	sp_scan_js_text(js, "signature", c->signature);
	sp_scan_js_text(js, "key", sp_scan_key_name(c->key));
	sp_scan_js_num(js, "key_bits", c->key_bits);
	sp_scan_js_bool(js, "self_signed", c->self_signed);
	sp_scan_js_text(js, "trusted", sp_scan_tri_name(c->trusted));
	sp_scan_js_text(js, "name_matches", sp_scan_tri_name(c->name_matches));
	sp_scan_js_time(js, "not_before", c->not_before);
	sp_scan_js_time(js, "not_after", c->not_after);
	sp_scan_js_hex(js, "sha256", c->sha256, sizeof(c->sha256));
	sp_scan_js_hex(js, "spki_sha256", c->spki, sizeof(c->spki));
	sp_scan_js_close(js, '}');
}

static void put_ntlm(struct sp_scan_js *js, const struct sp_scan_ntlm *n)
{
	char version[32];

	if (!n->asked && !n->challenged) {
		sp_scan_js_null(js, "ntlm");
		return;
	}
	sp_scan_js_open(js, "ntlm", '{');
	sp_scan_js_bool(js, "challenged", n->challenged);
	sp_scan_js_num(js, "credssp", n->credssp);
	sp_scan_js_text(js, "kerberos", sp_scan_tri_name(n->kerberos));
	sp_scan_js_num(js, "error", n->error);
	sp_scan_js_text(js, "target", n->target);
	sp_scan_js_text(js, "netbios_domain", n->nb_domain);
	sp_scan_js_text(js, "netbios_computer", n->nb_computer);
	sp_scan_js_text(js, "dns_domain", n->dns_domain);
	sp_scan_js_text(js, "dns_computer", n->dns_computer);
	sp_scan_js_text(js, "dns_tree", n->dns_tree);
	snprintf(version, sizeof(version), "%u.%u.%u", n->major, n->minor, n->build);
	sp_scan_js_text(js, "version", n->major != 0 ? version : NULL);
	sp_scan_js_time(js, "time", n->time);
	sp_scan_js_num(js, "skew_ms", n->time != 0 ? n->skew_ms : 0);
	sp_scan_js_close(js, '}');
}

static void put_web(struct sp_scan_js *js, const struct sp_scan_web *w)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} schemes[] = {{SP_SCAN_AUTH_BASIC, "Basic"}, {SP_SCAN_AUTH_NTLM, "NTLM"},
			{SP_SCAN_AUTH_NEGOTIATE, "Negotiate"}, {SP_SCAN_AUTH_BEARER, "Bearer"},
			{SP_SCAN_AUTH_OTHER, "other"}};

	if (!w->asked) {
		sp_scan_js_null(js, "web");
		return;
	}
	sp_scan_js_open(js, "web", '{');
	sp_scan_js_num(js, "port", w->port);
	sp_scan_js_text(js, "open", sp_scan_tri_name(w->open));
	sp_scan_js_text(js, "server", w->server);
	sp_scan_js_open(js, "paths", '{');
	for (uint32_t i = 0; i < SP_SCAN_PATH_COUNT; i++) {
		sp_scan_js_open(js, sp_scan_path_name(i), '{');
		sp_scan_js_text(js, "present", sp_scan_tri_name(w->present[i]));
		sp_scan_js_num(js, "status", w->status[i]);
		sp_scan_js_open(js, "auth", '[');
		for (size_t k = 0; k < SP_LEN(schemes); k++) {
			if (w->auth[i] & schemes[k].bit) {
				sp_scan_js_text(js, NULL, schemes[k].name);
			}
		}
		sp_scan_js_close(js, ']');
		sp_scan_js_close(js, '}');
	}
	sp_scan_js_close(js, '}');
	put_cert(js, &w->cert);
	put_ntlm(js, &w->ntlm);
	sp_scan_js_close(js, '}');
}

static void put_fixes(struct sp_scan_js *js, const struct sp_scan_check *c)
{
	const struct {
		const char *on, *fix;
	} fixes[] = {{"windows", c->fix_windows}, {"xrdp", c->fix_xrdp},
			{"gnome-remote-desktop", c->fix_grd}, {"freerdp", c->fix_freerdp},
			{"sallyport", c->fix_sallyport}};

	sp_scan_js_open(js, "fix", '{');
	for (size_t i = 0; i < SP_LEN(fixes); i++) {
		if (fixes[i].fix != NULL) {
			sp_scan_js_text(js, fixes[i].on, fixes[i].fix);
		}
	}
	sp_scan_js_close(js, '}');
}

static void put_findings(struct sp_scan_js *js, const struct sp_scan_report *r,
		const struct sp_scan_entry *e)
{
	char print[SP_SCAN_PRINT_MAX];

	sp_scan_js_open(js, "findings", '[');
	for (size_t i = 0; i < e->j.n; i++) {
		const struct sp_scan_finding *f = &e->j.finding[i];
		int64_t since = e->before != SIZE_MAX
				? sp_scan_baseline_since(r->o.baseline, e->before, f->check->id)
				: 0;
		sp_scan_js_open(js, NULL, '{');
		sp_scan_js_text(js, "id", f->check->id);
		sp_scan_js_text(js, "title", f->check->title);
		sp_scan_js_text(js, "severity", sp_scan_severity_name(f->severity));
		sp_scan_js_text(js, "confidence", sp_scan_confidence_name(f->confidence));
		sp_scan_js_text(js, "evidence", f->evidence);
		sp_scan_js_text(js, "why", f->check->why);
		put_fixes(js, f->check);
		sp_scan_js_words(js, "aliases", f->check->aliases);
		sp_scan_js_words(js, "references", f->check->references);
		sp_scan_js_text(js, "fingerprint", sp_scan_print(&e->f, f->check->id, print));
		sp_scan_js_time(js, "first_seen", since != 0 ? since : r->o.judge.now);
		sp_scan_js_time(js, "last_seen", r->o.judge.now);
		sp_scan_js_close(js, '}');
	}
	sp_scan_js_close(js, ']');
}

static void put_entry(struct sp_scan_js *js, const struct sp_scan_report *r,
		const struct sp_scan_entry *e)
{
	const struct sp_scan_facts *f = &e->f;
	enum sp_scan_severity worst = sp_scan_worst(&e->j);
	char version[16];

	sp_scan_js_text(js, "host", f->host);
	sp_scan_js_text(js, "address", f->address);
	sp_scan_js_num(js, "port", f->port);
	sp_scan_js_text(js, "reach", sp_scan_reach_name(f->reach));
	sp_scan_js_text(js, "why", f->why);
	sp_scan_js_time(js, "started", f->started_ms / 1000);
	sp_scan_js_num(js, "took_ms", f->took_ms);
	sp_scan_js_num(js, "connections", f->connections);
	sp_scan_js_text(js, "family", sp_scan_family_id(f->family));
	sp_scan_js_text(js, "family_why", f->family_why);
	sp_scan_js_text(js, "nla", sp_scan_nla_name(e->j.nla));
	sp_scan_js_text(js, "severity",
			worst < SP_SCAN_SEVERITY_COUNT ? sp_scan_severity_name(worst) : NULL);
	put_findings(js, r, e);
	put_nego(js, f);
	snprintf(version, sizeof(version), "0x%08x", f->rdp_version);
	sp_scan_js_text(js, "rdp_version", f->rdp_version != 0 ? version : NULL);
	put_legacy(js, &f->legacy);
	put_tls(js, &f->tls);
	put_cert(js, &f->tls.cert);
	put_ntlm(js, &f->ntlm);
	put_web(js, &f->web);
	sp_scan_js_open(js, "udp", '{');
	sp_scan_js_text(js, "3389", sp_scan_tri_name(f->udp_3389));
	sp_scan_js_text(js, "3391", sp_scan_tri_name(f->udp_3391));
	sp_scan_js_close(js, '}');
	sp_scan_js_text(js, "by_cookie", sp_scan_tri_name(f->by_cookie));
}

static void put_head(struct sp_scan_js *js, const struct sp_scan_report *r)
{
	sp_scan_js_num(js, "version", 1);
	sp_scan_js_text(js, "tool", "sallyport " SP_VERSION);
	sp_scan_js_time(js, "time", r->o.judge.now);
	sp_scan_js_text(js, "authorised", r->authorised);
}

static void put_totals(struct sp_scan_js *js, const struct sp_scan_report *r)
{
	const struct sp_scan_totals *t = &r->totals;

	sp_scan_js_num(js, "endpoints", (int64_t)t->endpoints);
	sp_scan_js_open(js, "reach", '{');
	for (unsigned i = 0; i < SP_SCAN_REACH_COUNT; i++) {
		sp_scan_js_num(js, sp_scan_reach_name(i), (int64_t)t->reach[i]);
	}
	sp_scan_js_close(js, '}');
	sp_scan_js_open(js, "nla", '{');
	for (unsigned i = 0; i < SP_SCAN_NLA_COUNT; i++) {
		sp_scan_js_num(js, sp_scan_nla_name((enum sp_scan_nla)i), (int64_t)t->nla[i]);
	}
	sp_scan_js_close(js, '}');
	sp_scan_js_open(js, "findings", '{');
	for (unsigned i = 0; i < SP_SCAN_SEVERITY_COUNT; i++) {
		sp_scan_js_num(js, sp_scan_severity_name((enum sp_scan_severity)i),
				(int64_t)t->findings[i]);
	}
	sp_scan_js_close(js, '}');
	sp_scan_js_open(js, "shared_keys", '[');
	for (size_t i = 0; i < sp_scan_keys_count(r->keys); i++) {
		const struct sp_scan_shared *k = sp_scan_keys_at(r->keys, i);
		if (k->more > 0) {
			sp_scan_js_open(js, NULL, '{');
			sp_scan_js_hex(js, "spki_sha256", k->spki, sizeof(k->spki));
			sp_scan_js_text(js, "first", k->place);
			sp_scan_js_num(js, "others", (int64_t)k->more);
			sp_scan_js_close(js, '}');
		}
	}
	sp_scan_js_close(js, ']');
	sp_scan_js_num(js, "not_scanned", (int64_t)t->not_scanned);
	sp_scan_js_bool(js, "complete", !t->interrupted);
}

/* ---- one document ---- */

static struct sp_scan_js document(const struct sp_scan_report *r, uint32_t depth, bool filled)
{
	return (struct sp_scan_js){.out = r->out, .depth = depth, .filled = filled, .pretty = true};
}

static void begin(struct sp_scan_report *r)
{
	struct sp_scan_js js = document(r, 0, false);

	sp_scan_js_open(&js, NULL, '{');
	put_head(&js, r);
	sp_scan_js_open(&js, "summary", '{');
	put_totals(&js, r);
	sp_scan_js_close(&js, '}');
	sp_scan_js_open(&js, "endpoints", '[');
}

static void endpoint(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	struct sp_scan_js js = document(r, 2, r->written > 0);

	sp_scan_js_open(&js, NULL, '{');
	put_entry(&js, r, e);
	sp_scan_js_close(&js, '}');
}

static void end(struct sp_scan_report *r)
{
	struct sp_scan_js js = document(r, 2, r->written > 0);

	sp_scan_js_close(&js, ']');
	sp_scan_js_close(&js, '}');
	putc('\n', r->out);
}

const struct sp_scan_renderer sp_scan_as_json = {.begin = begin, .endpoint = endpoint, .end = end};

/* ---- lines ---- */

static void line_begin(struct sp_scan_report *r)
{
	struct sp_scan_js js = {.out = r->out};

	sp_scan_js_open(&js, NULL, '{');
	sp_scan_js_text(&js, "type", "scan");
	put_head(&js, r);
	sp_scan_js_close(&js, '}');
	putc('\n', r->out);
}

static void line(struct sp_scan_report *r, const struct sp_scan_entry *e)
{
	struct sp_scan_js js = {.out = r->out};

	sp_scan_js_open(&js, NULL, '{');
	sp_scan_js_text(&js, "type", "endpoint");
	put_entry(&js, r, e);
	sp_scan_js_close(&js, '}');
	putc('\n', r->out);
}

static void line_end(struct sp_scan_report *r)
{
	struct sp_scan_js js = {.out = r->out};

	sp_scan_js_open(&js, NULL, '{');
	sp_scan_js_text(&js, "type", "summary");
	put_totals(&js, r);
	sp_scan_js_close(&js, '}');
	putc('\n', r->out);
}

const struct sp_scan_renderer sp_scan_as_jsonl = {
		.streams = true, .begin = line_begin, .endpoint = line, .end = line_end};
