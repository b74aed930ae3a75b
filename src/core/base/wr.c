/* core/base/wr.c - see wr.h. */
#include "core/base/wr.h"

#include "core/base/mem.h"

#define FIRST_SIZE 256

void sp_wr_init(struct sp_wr *w, size_t max)
{
	*w = (struct sp_wr){.max = max};
}

void sp_wr_fixed(struct sp_wr *w, void *p, size_t cap)
{
	*w = (struct sp_wr){.p = p, .cap = cap, .max = cap};
}

void sp_wr_finish(struct sp_wr *w)
{
	sp_free(w->heap);
	*w = (struct sp_wr){.max = w->max};
}

void sp_wr_reset(struct sp_wr *w)
{
	w->n = 0;
	w->err = SP_OK;
}

int sp_wr_fail(struct sp_wr *w, int err)
{
	if (w->err == SP_OK) {
		w->err = err;
	}
	return w->err;
}

int sp_wr_ok(const struct sp_wr *w)
{
	return w->err;
}

static bool grow(struct sp_wr *w, size_t need)
{
	size_t cap = w->cap ? w->cap : FIRST_SIZE;

	if (!(need <= w->max) || (w->p && !w->heap)) {
		sp_wr_fail(w, SP_ESPACE);
		return false;
	}
	while (cap < need) {
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	}
	if (cap > w->max) {
		cap = w->max;
	}
	struct sp_rcbuf *heap = sp_realloc(w->heap, sizeof(*heap) + cap);
	if (!heap) {
		sp_wr_fail(w, SP_ENOMEM);
		return false;
	}
	w->heap = heap;
	w->p = heap->p;
	w->cap = cap;
	return true;
}

uint8_t *sp_wr_room(struct sp_wr *w, size_t n)
{
	if (w->err != SP_OK) {
		return NULL;
	}
	if (!(n <= w->max - w->n)) {
		sp_wr_fail(w, SP_ESPACE);
		return NULL;
	}
	if ((!w->p || n > w->cap - w->n) && !grow(w, w->n + n)) {
		return NULL;
	}
	uint8_t *p = w->p + w->n;
	w->n += n;
	return p;
}

void sp_wr_shrink(struct sp_wr *w, size_t n)
{
	w->n -= n <= w->n ? n : w->n;
}

struct sp_rcbuf *sp_wr_take(struct sp_wr *w)
{
	if (w->p && !w->heap) {
		sp_wr_fail(w, SP_EARG); /* the caller's memory is not ours to give away */
	}
	if (w->err != SP_OK || (!w->heap && !sp_wr_room(w, 0))) {
		return NULL;
	}
	struct sp_rcbuf *b = w->heap;
	b->n = w->n;
	b->refs = 1;
	b->next = NULL;
	*w = (struct sp_wr){.max = w->max};
	return b;
}

void sp_wr_u8(struct sp_wr *w, uint8_t v)
{
	uint8_t *p = sp_wr_room(w, 1);

	if (p) {
		*p = v;
	}
}

void sp_wr_le16(struct sp_wr *w, uint16_t v)
{
	uint8_t *p = sp_wr_room(w, 2);

	if (p) {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)(v >> 8);
	}
}

void sp_wr_be16(struct sp_wr *w, uint16_t v)
{
	sp_wr_le16(w, (uint16_t)(v << 8 | v >> 8));
}

void sp_wr_le32(struct sp_wr *w, uint32_t v)
{
	uint8_t *p = sp_wr_room(w, 4);

	if (p) {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)(v >> 8);
		p[2] = (uint8_t)(v >> 16);
		p[3] = (uint8_t)(v >> 24);
	}
}

void sp_wr_be32(struct sp_wr *w, uint32_t v)
{
	sp_wr_be16(w, (uint16_t)(v >> 16));
	sp_wr_be16(w, (uint16_t)v);
}

void sp_wr_le64(struct sp_wr *w, uint64_t v)
{
	sp_wr_le32(w, (uint32_t)v);
	sp_wr_le32(w, (uint32_t)(v >> 32));
}

void sp_wr_put(struct sp_wr *w, const void *from, size_t n)
{
	uint8_t *p = sp_wr_room(w, n);

	if (p && n > 0) {
		memcpy(p, from, n);
	}
}

void sp_wr_span(struct sp_wr *w, struct sp_span s)
{
	sp_wr_put(w, s.p, s.n);
}

void sp_wr_zero(struct sp_wr *w, size_t n)
{
	uint8_t *p = sp_wr_room(w, n);

	if (p && n > 0) {
		memset(p, 0, n);
	}
}

size_t sp_wr_hole(struct sp_wr *w, size_t n)
{
	size_t at = w->n;

	sp_wr_zero(w, n);
	return at;
}

/* The n bytes at offset at, or NULL when they were never written or v does not fit in them. */
static uint8_t *hole(struct sp_wr *w, size_t at, size_t n, size_t v)
{
	if (w->err != SP_OK) {
		return NULL;
	}
	if (!(at <= w->n && n <= w->n - at) || (n < sizeof(v) && v >> (n * 8) != 0)) {
		sp_wr_fail(w, SP_ESPACE);
		return NULL;
	}
	return w->p + at;
}

void sp_wr_fill_u8(struct sp_wr *w, size_t at, uint8_t v)
{
	uint8_t *p = hole(w, at, 1, v);

	if (p) {
		*p = v;
	}
}

void sp_wr_fill_le16(struct sp_wr *w, size_t at, size_t v)
{
	uint8_t *p = hole(w, at, 2, v);

	if (p) {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)(v >> 8);
	}
}

void sp_wr_fill_be16(struct sp_wr *w, size_t at, size_t v)
{
	uint8_t *p = hole(w, at, 2, v);

	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

void sp_wr_fill_le32(struct sp_wr *w, size_t at, size_t v)
{
	uint8_t *p = hole(w, at, 4, v);

	if (p) {
		p[0] = (uint8_t)v;
		p[1] = (uint8_t)(v >> 8);
		p[2] = (uint8_t)(v >> 16);
		p[3] = (uint8_t)(v >> 24);
	}
}
