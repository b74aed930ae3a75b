/* host/audit/event.c - an event's bytes, written and read. */
#include "host/audit/event.h"

#include <string.h>

#include "core/base/rd.h"

#define VERSION 1
#define HEAD 8
#define FIELD_HEAD 4
#define COUNT_AT 6

/* ---- the lists ---- */

static const struct kind {
	uint32_t number;
	uint32_t win;
	enum sp_severity severity;
	const char *name;
} kinds[] = {
#define X(name, number, text, severity, win) {number, win, SP_SEVERITY_##severity, text},
		SP_AUDIT_MAP(X)
#undef X
};

static const struct field {
	uint32_t number;
	enum sp_field_type type;
	const char *name;
} fields[] = {
#define X(name, number, text, type) {number, SP_FIELD_##type, text},
		SP_FIELD_MAP(X)
#undef X
};

static const char *const severities[] = {"none", "info", "low", "medium", "high", "critical"};
static const char *const outcomes[] = {"none", "ok", "failed", "denied"};

_Static_assert(sizeof(severities) / sizeof(severities[0]) == SP_SEVERITY_COUNT, "a word for each");
_Static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == SP_OUTCOME_COUNT, "a word for each");

static const struct kind *kind_of(uint32_t number)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].number == number) {
			return &kinds[i];
		}
	}
	return NULL;
}

static const struct field *field_of(uint32_t number)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].number == number) {
			return &fields[i];
		}
	}
	return NULL;
}

const char *sp_audit_name(uint32_t kind)
{
	const struct kind *k = kind_of(kind);

	return k ? k->name : NULL;
}

enum sp_audit_kind sp_audit_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			return (enum sp_audit_kind)kinds[i].number;
		}
	}
	return SP_AUDIT_NONE;
}

enum sp_severity sp_audit_severity(uint32_t kind)
{
	const struct kind *k = kind_of(kind);

	return k ? k->severity : SP_SEVERITY_NONE;
}

uint32_t sp_audit_win(uint32_t kind)
{
	const struct kind *k = kind_of(kind);

	return k ? k->win : 0;
}

const char *sp_field_name(uint32_t field)
{
	const struct field *f = field_of(field);

	return f ? f->name : NULL;
}

enum sp_field sp_field_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].name, name) == 0) {
			return (enum sp_field)fields[i].number;
		}
	}
	return SP_F_NONE;
}

enum sp_field_type sp_field_type(uint32_t field)
{
	const struct field *f = field_of(field);

	return f ? f->type : SP_FIELD_NONE;
}

const char *sp_severity_text(uint32_t severity)
{
	return severity < SP_SEVERITY_COUNT ? severities[severity] : "?";
}

const char *sp_outcome_text(uint32_t outcome)
{
	return outcome < SP_OUTCOME_COUNT ? outcomes[outcome] : "?";
}

bool sp_severity_by_text(const char *text, enum sp_severity *out)
{
	*out = SP_SEVERITY_NONE;
	for (uint32_t i = SP_SEVERITY_INFO; i < SP_SEVERITY_COUNT; i++) {
		if (strcmp(severities[i], text) == 0) {
			*out = (enum sp_severity)i;
			return true;
		}
	}
	return false;
}

/* ---- writing ---- */

static uint32_t le16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

void sp_audit_init(struct sp_audit_event *e, enum sp_audit_kind kind, enum sp_outcome outcome)
{
	memset(e, 0, sizeof(*e));
	e->b[0] = VERSION;
	e->b[1] = (uint8_t)sp_audit_severity(kind);
	e->b[2] = (uint8_t)outcome;
	put16(e->b + 4, kind);
	e->n = HEAD;
}

void sp_audit_set_severity(struct sp_audit_event *e, enum sp_severity severity)
{
	e->b[1] = (uint8_t)severity;
}

void sp_audit_set_outcome(struct sp_audit_event *e, enum sp_outcome outcome)
{
	e->b[2] = (uint8_t)outcome;
}

/* Where the field is, or would have to be. */
static size_t place(const struct sp_audit_event *e, uint32_t field, bool *there)
{
	size_t at = HEAD;

	while (at < e->n && le16(e->b + at) < field) {
		at += FIELD_HEAD + le16(e->b + at + 2);
	}
	*there = at < e->n && le16(e->b + at) == field;
	return at;
}

static void take_out(struct sp_audit_event *e, size_t at)
{
	size_t n = FIELD_HEAD + le16(e->b + at + 2);

	memmove(e->b + at, e->b + at + n, e->n - at - n);
	e->n -= n;
	memset(e->b + e->n, 0, n);
	put16(e->b + COUNT_AT, le16(e->b + COUNT_AT) - 1);
}

static void add(struct sp_audit_event *e, enum sp_field field, enum sp_field_type type,
		const void *p, size_t n)
{
	bool there;
	size_t at = place(e, field, &there);

	if (there) {
		take_out(e, at);
	}
	if (n == 0) {
		return;
	}
	if (sp_field_type(field) != type || le16(e->b + COUNT_AT) >= SP_AUDIT_FIELDS ||
			n > SP_AUDIT_TEXT_MAX || n + FIELD_HEAD > sizeof(e->b) - e->n) {
		e->dropped++;
		return;
	}
	memmove(e->b + at + FIELD_HEAD + n, e->b + at, e->n - at);
	put16(e->b + at, field);
	put16(e->b + at + 2, n);
	memcpy(e->b + at + FIELD_HEAD, p, n);
	e->n += FIELD_HEAD + n;
	put16(e->b + COUNT_AT, le16(e->b + COUNT_AT) + 1);
}

void sp_audit_text(struct sp_audit_event *e, enum sp_field field, const char *text)
{
	size_t n = text ? strnlen(text, SP_AUDIT_TEXT_MAX + 1) : 0;

	if (n > SP_AUDIT_TEXT_MAX) {
		n = SP_AUDIT_TEXT_MAX;
		while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80) {
			n--;
		}
	}
	add(e, field, SP_FIELD_TEXT, text, n);
}

void sp_audit_num(struct sp_audit_event *e, enum sp_field field, uint64_t v)
{
	uint8_t b[8];

	for (size_t i = 0; i < sizeof(b); i++) {
		b[i] = (uint8_t)(v >> (8 * i));
	}
	add(e, field, SP_FIELD_NUM, b, sizeof(b));
}

void sp_audit_bytes(struct sp_audit_event *e, enum sp_field field, const void *p, size_t n)
{
	add(e, field, SP_FIELD_BYTES, p, n);
}

/* ---- reading ---- */

static int read_field(struct sp_rd *r, uint32_t after, struct sp_audit_field *f)
{
	f->field = sp_rd_le16(r);
	f->bytes = sp_rd_span(r, sp_rd_le16(r));
	f->type = sp_field_type(f->field);
	f->num = 0;
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (f->type == SP_FIELD_NONE || f->field <= after) {
		return sp_rd_fail(r, SP_EFIELD, "audit.field");
	}
	if (f->bytes.n == 0 || f->bytes.n > SP_AUDIT_TEXT_MAX ||
			(f->type == SP_FIELD_NUM && f->bytes.n != 8)) {
		return sp_rd_fail(r, SP_EFIELD, "audit.length");
	}
	if (f->type == SP_FIELD_TEXT && memchr(f->bytes.p, 0, f->bytes.n) != NULL) {
		return sp_rd_fail(r, SP_EFIELD, "audit.text");
	}
	for (size_t i = 0; f->type == SP_FIELD_NUM && i < 8; i++) {
		f->num |= (uint64_t)f->bytes.p[i] << (8 * i);
	}
	return SP_OK;
}

int sp_audit_read(struct sp_span bytes, struct sp_audit_view *out)
{
	struct sp_rd r;
	uint32_t after = 0;

	sp_rd_init(&r, bytes.p, bytes.n);
	uint32_t version = sp_rd_u8(&r), severity = sp_rd_u8(&r), outcome = sp_rd_u8(&r);
	uint32_t zero = sp_rd_u8(&r), kind = sp_rd_le16(&r), n = sp_rd_le16(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return r.err;
	}
	if (bytes.n > SP_AUDIT_MAX || n > SP_AUDIT_FIELDS) {
		return SP_ELIMIT;
	}
	if (version != VERSION || zero != 0 || severity == SP_SEVERITY_NONE ||
			severity >= SP_SEVERITY_COUNT || outcome >= SP_OUTCOME_COUNT ||
			kind_of(kind) == NULL) {
		return SP_EFIELD;
	}
	out->kind = (enum sp_audit_kind)kind;
	out->severity = (enum sp_severity)severity;
	out->outcome = (enum sp_outcome)outcome;
	out->n = n;
	for (size_t i = 0; i < n; i++) {
		int rc = read_field(&r, after, &out->f[i]);
		if (rc != SP_OK) {
			return rc;
		}
		after = out->f[i].field;
	}
	return sp_rd_end(&r);
}

const struct sp_audit_field *sp_audit_get(const struct sp_audit_view *v, enum sp_field field)
{
	for (size_t i = 0; i < v->n; i++) {
		if (v->f[i].field == field) {
			return &v->f[i];
		}
	}
	return NULL;
}

uint64_t sp_audit_get_num(const struct sp_audit_view *v, enum sp_field field)
{
	const struct sp_audit_field *f = sp_audit_get(v, field);

	return f ? f->num : 0;
}

bool sp_audit_is(const struct sp_audit_view *v, enum sp_field field, const char *text)
{
	const struct sp_audit_field *f = sp_audit_get(v, field);

	return f && f->type == SP_FIELD_TEXT && sp_span_eq(f->bytes, sp_span(text, strlen(text)));
}

void sp_audit_copy(const struct sp_audit_view *v, enum sp_field field, char *to, size_t size)
{
	const struct sp_audit_field *f = sp_audit_get(v, field);
	size_t n = f && f->type == SP_FIELD_TEXT ? f->bytes.n : 0;

	if (n > size - 1) {
		n = size - 1;
	}
	if (n > 0) {
		memcpy(to, f->bytes.p, n);
	}
	to[n] = '\0';
}
