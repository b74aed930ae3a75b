/* core/base/rd.c - see rd.h. */
#include "core/base/rd.h"

void sp_rd_init(struct sp_rd *r, const void *p, size_t n)
{
	static const uint8_t nothing;

	*r = (struct sp_rd){.p = p ? p : &nothing};
	r->start = r->p;
	r->end = r->p + (p ? n : 0);
}

int sp_rd_fail(struct sp_rd *r, int err, const char *field)
{
	if (r->err != SP_OK) {
		return r->err;
	}
	r->err = err;
	r->what = field;
	r->at = (size_t)(r->p - r->start);
	for (struct sp_rd *up = r->up; up && up->err == SP_OK; up = up->up) {
		up->err = err;
		up->what = field;
		up->at = (size_t)(r->p - up->start);
	}
	return err;
}

/* True when n more bytes are there; marks the cursor short otherwise. */
static bool has(struct sp_rd *r, size_t n)
{
	if (r->err != SP_OK) {
		return false;
	}
	if (!(n <= (size_t)(r->end - r->p))) {
		sp_rd_fail(r, SP_ESHORT, r->what ? r->what : "length");
		return false;
	}
	return true;
}

uint8_t sp_rd_u8(struct sp_rd *r)
{
	return has(r, 1) ? *r->p++ : 0;
}

uint16_t sp_rd_le16(struct sp_rd *r)
{
	if (!has(r, 2)) {
		return 0;
	}
	uint16_t v = (uint16_t)(r->p[0] | r->p[1] << 8);
	r->p += 2;
	return v;
}

uint16_t sp_rd_be16(struct sp_rd *r)
{
	if (!has(r, 2)) {
		return 0;
	}
	uint16_t v = (uint16_t)(r->p[0] << 8 | r->p[1]);
	r->p += 2;
	return v;
}

uint32_t sp_rd_le32(struct sp_rd *r)
{
	if (!has(r, 4)) {
		return 0;
	}
	uint32_t v = r->p[0] | (uint32_t)r->p[1] << 8 | (uint32_t)r->p[2] << 16 |
			(uint32_t)r->p[3] << 24;
	r->p += 4;
	return v;
}

uint32_t sp_rd_be32(struct sp_rd *r)
{
	if (!has(r, 4)) {
		return 0;
	}
	uint32_t v = (uint32_t)r->p[0] << 24 | (uint32_t)r->p[1] << 16 | (uint32_t)r->p[2] << 8 |
			r->p[3];
	r->p += 4;
	return v;
}

uint64_t sp_rd_le64(struct sp_rd *r)
{
	if (!has(r, 8)) {
		return 0;
	}
	uint64_t low = sp_rd_le32(r);
	return low | (uint64_t)sp_rd_le32(r) << 32;
}

struct sp_span sp_rd_span(struct sp_rd *r, size_t n)
{
	if (!has(r, n)) {
		return (struct sp_span){NULL, 0};
	}
	struct sp_span s = {r->p, n};
	r->p += n;
	return s;
}

struct sp_span sp_rd_rest(struct sp_rd *r)
{
	return sp_rd_span(r, sp_rd_left(r));
}

void sp_rd_copy(struct sp_rd *r, void *to, size_t n)
{
	if (!has(r, n)) {
		memset(to, 0, n);
		return;
	}
	memcpy(to, r->p, n);
	r->p += n;
}

void sp_rd_skip(struct sp_rd *r, size_t n)
{
	if (has(r, n)) {
		r->p += n;
	}
}

struct sp_rd sp_rd_sub(struct sp_rd *r, size_t n)
{
	struct sp_rd sub = {.p = r->p, .end = r->p, .start = r->p, .up = r};

	if (has(r, n)) {
		sub.end = r->p + n;
		r->p += n;
	} else {
		sub.err = r->err;
		sub.what = r->what;
	}
	return sub;
}

size_t sp_rd_left(const struct sp_rd *r)
{
	return r->err == SP_OK ? (size_t)(r->end - r->p) : 0;
}

size_t sp_rd_at(const struct sp_rd *r)
{
	return (size_t)(r->p - r->start);
}

int sp_rd_ok(const struct sp_rd *r)
{
	return r->err;
}

int sp_rd_end(struct sp_rd *r)
{
	if (r->err == SP_OK && r->p != r->end) {
		return sp_rd_fail(r, SP_ETRAIL, r->what ? r->what : "length");
	}
	return r->err;
}
