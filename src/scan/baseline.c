/* scan/baseline.c - see baseline.h */
#include "scan/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/lib/json.h"
#include "scan/public.h"
#include "scan/report_part.h"
#include "scan/words.h"

#define ENDPOINTS_MAX (1u << 20)

struct then {
	char host[SP_SCAN_TEXT], address[64];
	uint16_t port;
	bool rdp;
	uint32_t nla, family;
	bool answered[SP_SCAN_ASK_COUNT]; /* with yes or no */
	uint32_t selected[SP_SCAN_ASK_COUNT]; /* UINT32_MAX: it was no */
	bool cert;
	uint8_t sha256[SP_SCAN_HASH], spki[SP_SCAN_HASH];
	char name[SP_SCAN_TEXT], version[32];
	uint32_t n;
	struct {
		const struct sp_scan_check *check;
		int64_t since;
	} finding[SP_SCAN_MAX_FINDINGS];
};

struct sp_scan_baseline {
	struct then *e; /* by host, port and address */
	size_t n;
	bool part; /* its scan was interrupted */
};

/* ---- reading ---- */

struct reader {
	char *why;
	size_t at; /* endpoint */
};

static int bad(struct reader *r, const char *field, const char *what)
{
	snprintf(r->why, SP_SCAN_BASELINE_WHY, "endpoints[%zu].%s: %s", r->at, field, what);
	return SP_EFIELD;
}

/* A text that fits; a missing one or null is "" where that may be. */
static int text_of(struct reader *r, const struct sp_json *o, const char *field, bool must,
		char *out, size_t cap)
{
	const struct sp_json *v = sp_json_get(o, field);
	const char *text = sp_json_text(v);

	out[0] = '\0';
	if (text == NULL) {
		return !must && (v == NULL || sp_json_is_null(v)) ? SP_OK
								  : bad(r, field, "is no text");
	}
	if (strlen(text) >= cap) {
		return bad(r, field, "is too long");
	}
	memcpy(out, text, strlen(text) + 1);
	return SP_OK;
}

static int hash_of(struct reader *r, const struct sp_json *o, const char *field,
		uint8_t out[SP_SCAN_HASH])
{
	char text[2 * SP_SCAN_HASH + 1];
	int rc = text_of(r, o, field, true, text, sizeof(text));

	if (rc != SP_OK) {
		return rc;
	}
	if (strlen(text) != 2 * SP_SCAN_HASH ||
			strspn(text, "0123456789abcdef") != 2 * SP_SCAN_HASH) {
		return bad(r, field, "is no SHA-256");
	}
	for (size_t i = 0; i < SP_SCAN_HASH; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return SP_OK;
}

static int protocols_of(struct reader *r, const struct sp_json *o, struct then *t)
{
	for (uint32_t i = 0; i < SP_SCAN_ASK_COUNT; i++) {
		const struct sp_json *p = sp_json_get(o, sp_scan_ask_name(i));
		const char *answer = sp_json_text(sp_json_get(p, "answer"));
		int64_t selected = 0;

		t->selected[i] = UINT32_MAX;
		if (answer == NULL) {
			return bad(r, "protocols", "an answer is missing");
		}
		if (strcmp(answer, sp_scan_answer_name(SP_SCAN_SELECTED)) == 0) {
			if (!sp_json_int(sp_json_get(p, "selected"), &selected) || selected < 0 ||
					selected >= UINT32_MAX) {
				return bad(r, "protocols", "selected is no protocol");
			}
			t->selected[i] = (uint32_t)selected;
			t->answered[i] = true;
		} else {
			t->answered[i] = strcmp(answer, sp_scan_answer_name(SP_SCAN_DENIED)) == 0 ||
					strcmp(answer, sp_scan_answer_name(SP_SCAN_CLOSED)) == 0;
		}
	}
	return SP_OK;
}

static int findings_of(struct reader *r, const struct sp_json *a, struct then *t)
{
	if (!sp_json_is_array(a) || sp_json_count(a) > SP_SCAN_MAX_FINDINGS) {
		return bad(r, "findings", "is no list of findings");
	}
	for (size_t i = 0; i < sp_json_count(a); i++) {
		const struct sp_json *f = sp_json_at(a, i);
		const char *id = sp_json_text(sp_json_get(f, "id"));
		const char *since = sp_json_text(sp_json_get(f, "first_seen"));
		struct tm tm = {0};
		const char *end = since != NULL ? strptime(since, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

		if (id == NULL || end == NULL || *end != '\0') {
			return bad(r, "findings", "one lacks its id or when it was seen first");
		}
		/* A check of another version is none of ours. */
		if (sp_scan_check_of(id) != NULL) {
			t->finding[t->n].check = sp_scan_check_of(id);
			t->finding[t->n++].since = timegm(&tm);
		}
	}
	return SP_OK;
}

static uint32_t family_of(const char *id)
{
	uint32_t i = 0;

	while (i < SP_SCAN_FAMILY_COUNT && strcmp(sp_scan_family_id(i), id) != 0) {
		i++;
	}
	return i < SP_SCAN_FAMILY_COUNT ? i : SP_SCAN_FAMILY_UNKNOWN;
}

static uint32_t nla_of(const char *name)
{
	uint32_t i = 0;

	while (i < SP_SCAN_NLA_COUNT && strcmp(sp_scan_nla_name((enum sp_scan_nla)i), name) != 0) {
		i++;
	}
	return i;
}

static int names_of(struct reader *r, const struct sp_json *ntlm, struct then *t)
{
	int rc = SP_OK;

	if (ntlm == NULL || sp_json_is_null(ntlm)) {
		return SP_OK;
	}
	rc = text_of(r, ntlm, "dns_computer", false, t->name, sizeof(t->name));
	if (rc == SP_OK && t->name[0] == '\0') {
		rc = text_of(r, ntlm, "netbios_computer", false, t->name, sizeof(t->name));
	}
	return rc == SP_OK ? text_of(r, ntlm, "version", false, t->version, sizeof(t->version))
			   : rc;
}

static int endpoint_of(struct reader *r, const struct sp_json *o, struct then *t)
{
	const struct sp_json *cert = sp_json_get(o, "certificate");
	char reach[32], nla[32], family[64];
	int64_t port = 0;
	int rc;

	if (!sp_json_is_object(o)) {
		return bad(r, "host", "is missing");
	}
	if ((rc = text_of(r, o, "host", true, t->host, sizeof(t->host))) != SP_OK ||
			(rc = text_of(r, o, "address", false, t->address, sizeof(t->address))) !=
					SP_OK ||
			(rc = text_of(r, o, "reach", true, reach, sizeof(reach))) != SP_OK ||
			(rc = text_of(r, o, "nla", true, nla, sizeof(nla))) != SP_OK ||
			(rc = text_of(r, o, "family", true, family, sizeof(family))) != SP_OK) {
		return rc;
	}
	if (!sp_json_int(sp_json_get(o, "port"), &port) || !(0 < port && port < 65536)) {
		return bad(r, "port", "is no port");
	}
	t->port = (uint16_t)port;
	t->rdp = strcmp(reach, sp_scan_reach_name(SP_SCAN_RDP)) == 0;
	t->family = family_of(family);
	t->nla = nla_of(nla);
	if (t->nla == SP_SCAN_NLA_COUNT) {
		return bad(r, "nla", "is none of its words");
	}
	if ((rc = findings_of(r, sp_json_get(o, "findings"), t)) != SP_OK ||
			(rc = protocols_of(r, sp_json_get(o, "protocols"), t)) != SP_OK ||
			(rc = names_of(r, sp_json_get(o, "ntlm"), t)) != SP_OK) {
		return rc;
	}
	if (cert != NULL && !sp_json_is_null(cert)) {
		t->cert = true;
		rc = hash_of(r, cert, "sha256", t->sha256);
		rc = rc == SP_OK ? hash_of(r, cert, "spki_sha256", t->spki) : rc;
	}
	return rc;
}

static int compare(const void *a, const void *b)
{
	const struct then *x = a, *y = b;
	int c = strcmp(x->host, y->host);

	if (c == 0) {
		c = (int)x->port - (int)y->port;
	}
	return c != 0 ? c : strcmp(x->address, y->address);
}

static int read_all(const struct sp_json *doc, struct sp_scan_baseline *b, char *why)
{
	const struct sp_json *list = sp_json_get(doc, "endpoints");
	struct reader r = {.why = why};
	int64_t version = 0;

	if (!sp_json_int(sp_json_get(doc, "version"), &version) || version != 1 ||
			!sp_json_is_array(list)) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "is no report of a scan (version 1)");
		return SP_EFIELD;
	}
	if (sp_json_count(list) > ENDPOINTS_MAX) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "has more than %u endpoints", ENDPOINTS_MAX);
		return SP_ELIMIT;
	}
	b->part = sp_json_is_false(sp_json_get(sp_json_get(doc, "summary"), "complete"));
	b->e = sp_calloc(sp_json_count(list) + 1, sizeof(*b->e));
	if (b->e == NULL) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "out of memory");
		return SP_ENOMEM;
	}
	for (r.at = 0; r.at < sp_json_count(list); r.at++) {
		int rc = endpoint_of(&r, sp_json_at(list, r.at), &b->e[b->n]);
		if (rc != SP_OK) {
			return rc;
		}
		b->n++;
	}
	qsort(b->e, b->n, sizeof(*b->e), compare);
	return SP_OK;
}

int sp_scan_baseline_read(
		struct sp_span json, struct sp_scan_baseline **out, char why[SP_SCAN_BASELINE_WHY])
{
	struct sp_scan_baseline *b = NULL;
	struct sp_json *doc = NULL;
	char text[SP_JSON_WHY];
	int rc = sp_json_parse(json, &doc, text);

	if (rc != SP_OK) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "is not JSON as --format json writes it: %s",
				text);
		return rc;
	}
	b = sp_calloc(1, sizeof(*b));
	rc = b != NULL ? read_all(doc, b, why) : SP_ENOMEM;
	sp_json_free(doc);
	if (rc != SP_OK) {
		sp_scan_baseline_destroy(b);
		return rc;
	}
	*out = b;
	return SP_OK;
}

int sp_scan_baseline_load(
		const char *path, struct sp_scan_baseline **out, char why[SP_SCAN_BASELINE_WHY])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	uint8_t *p = NULL;
	size_t n = 0;
	int rc = SP_ESYS;

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "%s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "is no file");
		goto out;
	}
	if (st.st_size > (off_t)SP_SCAN_BASELINE_MAX) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "is larger than %u MiB",
				SP_SCAN_BASELINE_MAX >> 20);
		rc = SP_ELIMIT;
		goto out;
	}
	p = sp_malloc((size_t)st.st_size + 1);
	if (p == NULL) {
		snprintf(why, SP_SCAN_BASELINE_WHY, "out of memory");
		rc = SP_ENOMEM;
		goto out;
	}
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, p + n, (size_t)st.st_size - n);
		if (got <= 0) {
			snprintf(why, SP_SCAN_BASELINE_WHY, "%s",
					got < 0 ? strerror(errno) : "became shorter");
			goto out;
		}
		n += (size_t)got;
	}
	rc = sp_scan_baseline_read(sp_span(p, n), out, why);
out:
	sp_free(p);
	if (fd >= 0) {
		close(fd);
	}
	return rc;
}

void sp_scan_baseline_destroy(struct sp_scan_baseline *b)
{
	if (b != NULL) {
		sp_free(b->e);
		sp_free(b);
	}
}

/* ---- asking ---- */

size_t sp_scan_baseline_count(const struct sp_scan_baseline *b)
{
	return b->n;
}

size_t sp_scan_baseline_find(const struct sp_scan_baseline *b, const struct sp_scan_facts *f)
{
	size_t low = 0, high = b->n;

	/* The first with this host and port: an empty address sorts before all others. */
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(b->e[mid].host, f->host);
		if (c < 0 || (c == 0 && b->e[mid].port < f->port)) {
			low = mid + 1;
		} else {
			high = mid;
		}
	}
	size_t first = low;
	for (; low < b->n && strcmp(b->e[low].host, f->host) == 0 && b->e[low].port == f->port;
			low++) {
		if (strcmp(b->e[low].address, f->address) == 0) {
			return low;
		}
	}
	return first < low ? first : SIZE_MAX;
}

int64_t sp_scan_baseline_since(const struct sp_scan_baseline *b, size_t endpoint, const char *id)
{
	const struct then *t = &b->e[endpoint];

	for (uint32_t i = 0; i < t->n; i++) {
		if (strcmp(t->finding[i].check->id, id) == 0) {
			return t->finding[i].since;
		}
	}
	return 0;
}

/* ---- what changed ---- */

static void drift(struct sp_scan_judged *j, enum sp_scan_severity severity,
		enum sp_scan_confidence confidence, const char *fmt, ...) sp_printf(4, 5);

static void drift(struct sp_scan_judged *j, enum sp_scan_severity severity,
		enum sp_scan_confidence confidence, const char *fmt, ...)
{
	char text[3 * SP_SCAN_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sp_scan_judged_add(j, "RDP-080", severity, confidence, text);
}

static void compare_nla(const struct then *t, struct sp_scan_judged *j)
{
	if (t->nla == j->nla || t->nla == SP_SCAN_NLA_UNKNOWN || j->nla == SP_SCAN_NLA_UNKNOWN) {
		return;
	}
	/* Required, optional, absent: in the order of the enumeration. */
	drift(j, j->nla > t->nla ? SP_SCAN_HIGH : SP_SCAN_INFO, SP_SCAN_CERTAIN,
			"NLA was %s and is %s", sp_scan_nla_name((enum sp_scan_nla)t->nla),
			sp_scan_nla_name(j->nla));
}

static void compare_protocols(
		const struct then *t, const struct sp_scan_facts *f, struct sp_scan_judged *j)
{
	/* Each protocol by the question that asks for it. */
	static const struct {
		uint32_t ask, protocol;
	} of[] = {{SP_SCAN_ASK_RDP, 0}, {SP_SCAN_ASK_TLS, 1}, {SP_SCAN_ASK_CREDSSP, 2},
			{SP_SCAN_ASK_RDSTLS, 4}, {SP_SCAN_ASK_AAD, 16}};

	for (size_t i = 0; i < SP_LEN(of); i++) {
		const struct sp_scan_nego *n = &f->nego[of[i].ask];
		bool selected = n->answer == SP_SCAN_SELECTED;
		bool answered = selected || n->answer == SP_SCAN_DENIED ||
				n->answer == SP_SCAN_CLOSED;
		bool is = selected && n->selected == of[i].protocol;
		bool was = t->selected[of[i].ask] == of[i].protocol;

		if (!answered || !t->answered[of[i].ask] || is == was) {
			continue;
		}
		drift(j,
				!is                                   ? SP_SCAN_INFO
						: of[i].protocol == 0 ? SP_SCAN_HIGH
								      : SP_SCAN_LOW,
				SP_SCAN_CERTAIN, "%s is %s accepted",
				sp_scan_protocol_name(of[i].protocol), is ? "now" : "no longer");
	}
}

static void compare_cert(
		const struct then *t, const struct sp_scan_facts *f, struct sp_scan_judged *j)
{
	const struct sp_scan_cert *c = &f->tls.cert;
	bool vouched = c->trusted == SP_SCAN_YES && !c->self_signed &&
			c->name_matches != SP_SCAN_NO;
	char was[2 * 8 + 1], is[2 * 8 + 1];

	if (!t->cert || !c->seen || memcmp(t->sha256, c->sha256, sizeof(t->sha256)) == 0) {
		return;
	}
	if (memcmp(t->spki, c->spki, sizeof(t->spki)) == 0) {
		drift(j, SP_SCAN_INFO, SP_SCAN_CERTAIN, "a new certificate for the same key");
		return;
	}
	drift(j, vouched ? SP_SCAN_LOW : SP_SCAN_MEDIUM, SP_SCAN_CERTAIN,
			"another key: %s... became %s...", sp_scan_hex(t->spki, 8, was),
			sp_scan_hex(c->spki, 8, is));
}

static void compare_host(
		const struct then *t, const struct sp_scan_facts *f, struct sp_scan_judged *j)
{
	const struct sp_scan_ntlm *n = &f->ntlm;
	const char *name = n->dns_computer[0] ? n->dns_computer : n->nb_computer;
	char version[32];

	if (t->name[0] && name[0] && strcmp(t->name, name) != 0) {
		drift(j, SP_SCAN_MEDIUM, SP_SCAN_CERTAIN, "it was named %s and is named %s",
				t->name, name);
	}
	snprintf(version, sizeof(version), "%u.%u.%u", n->major, n->minor, n->build);
	if (t->version[0] && n->major != 0 && strcmp(t->version, version) != 0) {
		drift(j, SP_SCAN_INFO, SP_SCAN_CERTAIN, "its version was %s and is %s", t->version,
				version);
	}
	if (t->family != SP_SCAN_FAMILY_UNKNOWN && f->family != SP_SCAN_FAMILY_UNKNOWN &&
			t->family != f->family) {
		drift(j, SP_SCAN_MEDIUM, SP_SCAN_LIKELY, "it was %s and is %s",
				sp_scan_family_name(t->family), sp_scan_family_name(f->family));
	}
}

void sp_scan_baseline_compare(const struct sp_scan_baseline *b, const struct sp_scan_facts *f,
		struct sp_scan_judged *judged)
{
	size_t i = sp_scan_baseline_find(b, f);
	const struct then *t = i != SIZE_MAX ? &b->e[i] : NULL;
	bool rdp = f->reach == SP_SCAN_RDP;

	if (rdp && t == NULL && b->part) {
		return; /* that it is new is not known */
	}
	if (rdp && (t == NULL || !t->rdp)) {
		drift(judged, sp_scan_public(f->address) ? SP_SCAN_HIGH : SP_SCAN_MEDIUM,
				t != NULL ? SP_SCAN_CERTAIN : SP_SCAN_LIKELY,
				t != NULL ? "RDP answers where it did not"
					  : "RDP answers, and the baseline does not know the "
					    "endpoint");
	} else if (!rdp && t != NULL && t->rdp && f->reach != SP_SCAN_NOT_TRIED) {
		drift(judged, SP_SCAN_LOW, SP_SCAN_LIKELY, "RDP answered, and is now gone: %s",
				sp_scan_reach_name(f->reach));
	} else if (rdp) {
		compare_nla(t, judged);
		compare_protocols(t, f, judged);
		compare_cert(t, f, judged);
		compare_host(t, f, judged);
	}
}
