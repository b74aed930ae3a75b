/* core/codec/progressive_state.c - the tiles of a decoder: made, bounded, saved and loaded. */
#include "core/codec/progressive_state.h"

#include <string.h>

#include "core/base/mem.h"

#define COEF_BYTES (SP_RFX_COEFS * sizeof(int16_t))
#define SCRATCH_ALIGN 64

/* A saved state: what it begins with, and what flags of a tile say. */
#define SAVE_VERSION 1
#define SAVE_COEF(c) (1u << (c))
#define SAVE_SIGNS 0x08u
#define SAVE_REDUCE 0x10u
#define SAVE_FLAGS 0x1fu
#define SAVE_END UINT32_MAX

_Static_assert(sizeof(struct sp_prog_tile) + sizeof(void *) <=
				SP_PROG_DEC_BYTES(1) - SP_PROG_DEC_BYTES(0),
		"a tile takes more than is said");

struct sp_prog_dec *sp_prog_dec_create(uint32_t w, uint32_t h, size_t max)
{
	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return NULL;
	}
	struct sp_prog_dec *d = sp_calloc(1, sizeof(*d));

	if (!d) {
		return NULL;
	}
	d->k = sp_rfx_kernel(sp_cpu_best());
	d->w = w;
	d->h = h;
	d->max = max;
	d->columns = (w + SP_PROG_TILE - 1) / SP_PROG_TILE;
	d->rows = (h + SP_PROG_TILE - 1) / SP_PROG_TILE;
	d->tiles = sp_calloc((size_t)d->columns * d->rows, sizeof(*d->tiles));
	d->scratch = sp_calloc(1, 4 * COEF_BYTES + sizeof(uint32_t) * SP_RFX_COEFS + SCRATCH_ALIGN);
	if (!d->tiles || !d->scratch) {
		sp_free(d->tiles);
		sp_free(d->scratch);
		sp_free(d);
		return NULL;
	}
	char *p = d->scratch;

	p += (SCRATCH_ALIGN - (uintptr_t)p % SCRATCH_ALIGN) % SCRATCH_ALIGN;
	for (size_t c = 0; c < 3; c++, p += COEF_BYTES) {
		d->plane[c] = (int16_t *)(void *)p;
	}
	d->coef = (int16_t *)(void *)p;
	d->px = (uint8_t *)p + COEF_BYTES;
	return d;
}

static void tile_destroy(struct sp_prog_dec *d, struct sp_prog_tile *t)
{
	for (size_t c = 0; c < 3; c++) {
		sp_prog_tile_flatten(d, t, c, 0);
	}
	sp_prog_tile_forget_signs(d, t);
	sp_free(t);
}

void sp_prog_dec_reset(struct sp_prog_dec *d)
{
	for (size_t i = 0; i < (size_t)d->columns * d->rows; i++) {
		if (d->tiles[i]) {
			tile_destroy(d, d->tiles[i]);
			d->tiles[i] = NULL;
		}
	}
}

void sp_prog_dec_destroy(struct sp_prog_dec *d)
{
	if (d) {
		sp_prog_dec_reset(d);
		sp_free(d->tiles);
		sp_free(d->scratch);
		sp_free(d);
	}
}

size_t sp_prog_dec_memory(const struct sp_prog_dec *d)
{
	return d->used;
}

void sp_prog_dec_limit(struct sp_prog_dec *d, size_t max)
{
	d->max = max;
}

/* n bytes that count against max. */
static int take(struct sp_prog_dec *d, size_t n, void **out)
{
	if (!(d->used <= d->max && n <= d->max - d->used)) {
		return SP_ELIMIT;
	}
	*out = sp_malloc(n);
	if (!*out) {
		return SP_ENOMEM;
	}
	d->used += n;
	return SP_OK;
}

int sp_prog_tile_get(struct sp_prog_dec *d, size_t i, struct sp_prog_tile **out)
{
	if (!d->tiles[i]) {
		d->tiles[i] = sp_calloc(1, sizeof(**out));
	}
	*out = d->tiles[i];
	return *out ? SP_OK : SP_ENOMEM;
}

int sp_prog_tile_own(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c)
{
	void *p;
	int rc = SP_OK;

	if (!t->coef[c]) {
		rc = take(d, COEF_BYTES, &p);
		if (rc == SP_OK) {
			t->coef[c] = p;
		}
	}
	return rc;
}

int sp_prog_tile_signs(struct sp_prog_dec *d, struct sp_prog_tile *t)
{
	void *p;
	int rc = SP_OK;

	if (!t->signs) {
		rc = take(d, sizeof(*t->signs), &p);
		if (rc == SP_OK) {
			t->signs = p;
		}
	}
	return rc;
}

void sp_prog_tile_flatten(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c, int16_t value)
{
	if (t->coef[c]) {
		d->used -= COEF_BYTES;
		sp_free(t->coef[c]);
		t->coef[c] = NULL;
	}
	t->flat[c] = value;
}

void sp_prog_tile_forget_signs(struct sp_prog_dec *d, struct sp_prog_tile *t)
{
	if (t->signs) {
		d->used -= sizeof(*t->signs);
		sp_free(t->signs);
		t->signs = NULL;
	}
}

bool sp_prog_quant_zero(const struct sp_prog_quant q[3])
{
	for (size_t c = 0; c < 3; c++) {
		for (size_t b = 0; b < SP_RFX_BANDS; b++) {
			if (q[c].q[b] != 0) {
				return false;
			}
		}
	}
	return true;
}

/* ---- saving: 7 bits to a byte, the highest bit says that more follow ---- */

static void number_write(struct sp_wr *w, uint32_t v)
{
	for (; v >= 0x80; v >>= 7) {
		sp_wr_u8(w, (uint8_t)(v | 0x80));
	}
	sp_wr_u8(w, (uint8_t)v);
}

static uint32_t number_read(struct sp_rd *r)
{
	uint32_t v = 0;

	for (unsigned shift = 0; shift < 21; shift += 7) {
		uint8_t b = sp_rd_u8(r);

		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			return v;
		}
	}
	sp_rd_fail(r, SP_EFIELD, "progressive.saved.number");
	return 0;
}

/* Runs of zeros, each with the value behind it, until all 4096 are told. */
static void coef_write(struct sp_wr *w, const int16_t *coef)
{
	uint32_t zeros = 0;

	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		if (coef[i] == 0 && i + 1 < SP_RFX_COEFS) {
			zeros++;
			continue;
		}
		number_write(w, zeros);
		number_write(w, (uint16_t)((uint16_t)coef[i] << 1 ^ (coef[i] < 0 ? 0xffff : 0)));
		zeros = 0;
	}
}

static int coef_read(struct sp_rd *r, int16_t *coef)
{
	memset(coef, 0, COEF_BYTES);
	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		uint32_t zeros = number_read(r), v = number_read(r);

		if (sp_rd_ok(r) != SP_OK) {
			return sp_rd_ok(r);
		}
		if (!(zeros < SP_RFX_COEFS - i && v <= UINT16_MAX)) {
			return sp_rd_fail(r, SP_EFIELD, "progressive.saved.coef");
		}
		i += zeros;
		coef[i] = (int16_t)(uint16_t)(v >> 1 ^ (v & 1 ? 0xffff : 0));
	}
	return SP_OK;
}

static void tile_write(struct sp_wr *w, const struct sp_prog_tile *t)
{
	unsigned flags = (t->signs ? SAVE_SIGNS : 0) |
			(t->layout == SP_RFX_REDUCE ? SAVE_REDUCE : 0);

	for (size_t c = 0; c < 3; c++) {
		flags |= t->coef[c] ? SAVE_COEF(c) : 0;
	}
	sp_wr_u8(w, (uint8_t)flags);
	sp_wr_le32(w, t->frame);
	sp_wr_le16(w, t->unpainted);
	sp_wr_u8(w, t->again);
	for (size_t c = 0; c < 3; c++) {
		sp_prog_quant_write(w, &t->quant[c]);
		sp_prog_quant_write(w, &t->bits[c]);
		if (t->coef[c]) {
			coef_write(w, t->coef[c]);
		} else {
			sp_wr_le16(w, (uint16_t)t->flat[c]);
		}
		for (size_t i = 0; t->signs && i < SP_RFX_MASK; i++) {
			sp_wr_le64(w, t->signs->known[c][i]);
			sp_wr_le64(w, t->signs->negative[c][i]);
		}
	}
}

int sp_prog_dec_save(const struct sp_prog_dec *d, struct sp_wr *out)
{
	sp_wr_u8(out, SAVE_VERSION);
	sp_wr_le16(out, (uint16_t)d->w);
	sp_wr_le16(out, (uint16_t)d->h);
	for (size_t i = 0; i < (size_t)d->columns * d->rows; i++) {
		if (d->tiles[i] && d->tiles[i]->sent) {
			sp_wr_le32(out, (uint32_t)i);
			tile_write(out, d->tiles[i]);
		}
	}
	sp_wr_le32(out, SAVE_END);
	return sp_wr_ok(out);
}

static int component_read(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c, unsigned flags,
		struct sp_rd *r)
{
	sp_prog_quant_read(r, &t->quant[c]);
	sp_prog_quant_read(r, &t->bits[c]);
	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		if (!(t->quant[c].q[b] >= 1 && t->bits[c].q[b] <= SP_PROG_MAX_BITS)) {
			return sp_rd_fail(r, SP_EFIELD, "progressive.saved.quant");
		}
	}
	if (flags & SAVE_COEF(c)) {
		int rc = sp_prog_tile_own(d, t, c);

		if (rc == SP_OK) {
			rc = coef_read(r, t->coef[c]);
		}
		if (rc != SP_OK) {
			return rc;
		}
	} else {
		t->flat[c] = (int16_t)sp_rd_le16(r);
	}
	for (size_t i = 0; t->signs && i < SP_RFX_MASK; i++) {
		t->signs->known[c][i] = sp_rd_le64(r);
		t->signs->negative[c][i] = sp_rd_le64(r);
		if (t->signs->negative[c][i] & ~t->signs->known[c][i]) {
			return sp_rd_fail(r, SP_EFIELD, "progressive.saved.signs");
		}
	}
	return sp_rd_ok(r);
}

static int tile_read(struct sp_prog_dec *d, size_t i, struct sp_rd *r)
{
	struct sp_prog_tile *t;
	int rc = sp_prog_tile_get(d, i, &t);

	if (rc != SP_OK) {
		return rc;
	}
	unsigned flags = sp_rd_u8(r);

	t->frame = sp_rd_le32(r);
	t->unpainted = sp_rd_le16(r);
	t->again = sp_rd_u8(r);
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!(flags <= SAVE_FLAGS && t->unpainted <= SP_PROG_TILE * SP_PROG_TILE &&
			    t->again <= SP_PROG_AGAIN_MAX)) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.saved.tile");
	}
	t->layout = flags & SAVE_REDUCE ? SP_RFX_REDUCE : SP_RFX_PLAIN;
	rc = flags & SAVE_SIGNS ? sp_prog_tile_signs(d, t) : SP_OK;
	for (size_t c = 0; rc == SP_OK && c < 3; c++) {
		rc = component_read(d, t, c, flags, r);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (sp_prog_quant_zero(t->bits) != !t->signs) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.saved.signs");
	}
	t->sent = true;
	return SP_OK;
}

static int tiles_read(struct sp_prog_dec *d, struct sp_rd *r)
{
	size_t next = 0, n = (size_t)d->columns * d->rows;

	if (sp_rd_u8(r) != SAVE_VERSION || sp_rd_le16(r) != d->w || sp_rd_le16(r) != d->h) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.saved");
	}
	for (;;) {
		uint32_t i = sp_rd_le32(r);

		if (sp_rd_ok(r) != SP_OK || i == SAVE_END) {
			return sp_rd_end(r);
		}
		if (!(next <= i && i < n)) {
			return sp_rd_fail(r, SP_EFIELD, "progressive.saved.index");
		}
		int rc = tile_read(d, i, r);

		if (rc != SP_OK) {
			return rc;
		}
		next = (size_t)i + 1;
	}
}

int sp_prog_dec_load(struct sp_prog_dec *d, struct sp_span in)
{
	struct sp_rd r;

	sp_prog_dec_reset(d);
	sp_rd_init(&r, in.p, in.n);
	int rc = tiles_read(d, &r);

	if (rc != SP_OK) {
		sp_prog_dec_reset(d);
	}
	return rc;
}
