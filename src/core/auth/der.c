/* core/auth/der.c - see der.h. */
#include "core/auth/der.h"

#include <string.h>

#define LONG_FORM 0x80
#define MAX_LENGTH_BYTES 3

/* The content length behind a tag: definite and in the shortest form. */
static size_t length(struct sp_rd *r, const char *field)
{
	uint8_t first = sp_rd_u8(r);
	unsigned n = first & 0x7F;
	size_t len = 0;

	if (first < LONG_FORM) {
		return first;
	}
	if (n == 0 || n > MAX_LENGTH_BYTES) {
		sp_rd_fail(r, n == 0 ? SP_EFIELD : SP_ELIMIT, field);
		return 0;
	}
	for (unsigned i = 0; i < n; i++) {
		len = len << 8 | sp_rd_u8(r);
	}
	if (sp_rd_ok(r) == SP_OK && (len < LONG_FORM || len >> (8 * (n - 1)) == 0)) {
		sp_rd_fail(r, SP_EFIELD, field);
	}
	return len;
}

int sp_der_size(struct sp_span in, size_t max)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	sp_rd_skip(&r, 1);
	size_t len = length(&r, "der.length");
	if (sp_rd_ok(&r) == SP_ESHORT) {
		return 0;
	}
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	len += sp_rd_at(&r);
	return len <= max ? (int)len : SP_ELIMIT;
}

bool sp_der_is(const struct sp_rd *r, uint8_t tag)
{
	return sp_rd_left(r) > 0 && *r->p == tag;
}

/* Reads tag and length; the length is 0 after a failure. */
static size_t header(struct sp_rd *r, uint8_t tag, const char *field)
{
	if (sp_rd_left(r) > 0 && !sp_der_is(r, tag)) {
		sp_rd_fail(r, SP_EFIELD, field);
	}
	sp_rd_skip(r, 1);
	size_t len = length(r, field);
	if (sp_rd_ok(r) == SP_OK && !(len <= sp_rd_left(r))) {
		sp_rd_fail(r, SP_ESHORT, field);
	}
	return sp_rd_ok(r) == SP_OK ? len : 0;
}

struct sp_rd sp_der_enter(struct sp_rd *r, uint8_t tag, const char *field)
{
	unsigned depth = 0;

	for (const struct sp_rd *up = r; up; up = up->up) {
		depth++;
	}
	if (!(depth <= SP_DER_MAX_DEPTH)) {
		sp_rd_fail(r, SP_ELIMIT, field);
	}
	size_t len = header(r, tag, field);
	return sp_rd_sub(r, len);
}

void sp_der_leave(struct sp_rd *r)
{
	if (sp_rd_left(r) > 0) {
		sp_rd_fail(r, SP_ETRAIL, r->what ? r->what : "der.length");
	}
}

struct sp_span sp_der_take(struct sp_rd *r, uint8_t tag, const char *field)
{
	size_t len = header(r, tag, field);

	return sp_rd_span(r, len);
}

struct sp_span sp_der_element(struct sp_rd *r, uint8_t tag, const char *field)
{
	const uint8_t *start = r->p;
	struct sp_span content = sp_der_take(r, tag, field);

	if (!content.p) {
		return content;
	}
	return sp_span(start, (size_t)(r->p - start));
}

uint32_t sp_der_u32(struct sp_rd *r, uint8_t tag, const char *field)
{
	struct sp_span c = sp_der_take(r, tag, field);

	if (sp_rd_ok(r) != SP_OK) {
		return 0;
	}
	bool padded = c.n > 1 &&
			((c.p[0] == 0 && c.p[1] < 0x80) || (c.p[0] == 0xFF && c.p[1] >= 0x80));
	if (c.n == 0 || c.n > 5 || padded || (c.n == 5 && c.p[0] != 0)) {
		sp_rd_fail(r, SP_EFIELD, field);
		return 0;
	}
	uint32_t v = c.p[0] >= 0x80 ? UINT32_MAX : 0;
	for (size_t i = 0; i < c.n; i++) {
		v = v << 8 | c.p[i];
	}
	return v;
}

struct sp_span sp_der_optional_octets(struct sp_rd *r, unsigned n, const char *field)
{
	uint8_t tag = (uint8_t)(SP_DER_CONTEXT + n);

	if (!sp_der_is(r, tag)) {
		return (struct sp_span){NULL, 0};
	}
	struct sp_rd sub = sp_der_enter(r, tag, field);
	struct sp_span content = sp_der_take(&sub, SP_DER_OCTETS, field);
	if (sp_rd_end(&sub) != SP_OK) {
		return (struct sp_span){NULL, 0};
	}
	return content;
}

size_t sp_der_open(struct sp_wr *w, uint8_t tag)
{
	sp_wr_u8(w, tag);
	return w->n;
}

static unsigned length_bytes(size_t len)
{
	return len < LONG_FORM ? 1 : len < 0x100 ? 2 : len < 0x10000 ? 3 : 4;
}

void sp_der_close(struct sp_wr *w, size_t mark)
{
	if (sp_wr_ok(w) != SP_OK) {
		return;
	}
	size_t len = w->n - mark;
	unsigned n = length_bytes(len);
	if (len >= 1u << (8 * MAX_LENGTH_BYTES) || !sp_wr_room(w, n)) {
		sp_wr_fail(w, SP_ESPACE);
		return;
	}
	uint8_t *p = w->p + mark;
	memmove(p + n, p, len);
	if (n == 1) {
		p[0] = (uint8_t)len;
		return;
	}
	p[0] = (uint8_t)(LONG_FORM | (n - 1));
	for (unsigned i = 1; i < n; i++) {
		p[i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	}
}

void sp_der_put(struct sp_wr *w, uint8_t tag, struct sp_span content)
{
	size_t mark = sp_der_open(w, tag);

	sp_wr_span(w, content);
	sp_der_close(w, mark);
}

void sp_der_put_int(struct sp_wr *w, int32_t v)
{
	uint32_t bits = (uint32_t)v;
	unsigned n = 4;

	while (n > 1 && v >= -(1 << (8 * n - 9)) && v < 1 << (8 * n - 9)) {
		n--;
	}
	sp_wr_u8(w, SP_DER_INTEGER);
	sp_wr_u8(w, (uint8_t)n);
	while (n-- > 0) {
		sp_wr_u8(w, (uint8_t)(bits >> (8 * n)));
	}
}

void sp_der_put_octets(struct sp_wr *w, unsigned n, struct sp_span content)
{
	size_t mark = sp_der_open(w, (uint8_t)(SP_DER_CONTEXT + n));

	sp_der_put(w, SP_DER_OCTETS, content);
	sp_der_close(w, mark);
}
