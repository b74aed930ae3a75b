/* core/codec/progressive_tile.c - one tile: its passes into coefficients, these into pixels. */
#include "core/codec/progressive_state.h"

#include <string.h>

/* ---- painting ---- */

/* The planes of a tile out of its coefficients. */
static void render(struct sp_prog_dec *d, const struct sp_prog_tile *t)
{
	for (size_t c = 0; c < 3; c++) {
		if (t->coef[c]) {
			d->k->idwt[t->layout](t->coef[c], d->plane[c]);
		} else {
			for (size_t i = 0; i < SP_RFX_COEFS; i++) {
				d->plane[c][i] = t->flat[c];
			}
		}
	}
}

void sp_prog_paint(struct sp_prog_region *g, size_t i, struct sp_prog_tile *t)
{
	struct sp_prog_dec *d = g->d;
	size_t x = i % d->columns * SP_PROG_TILE, y = i / d->columns * SP_PROG_TILE;
	const struct sp_prog_piece *p = g->piece + g->first[i], *end = g->piece + g->first[i + 1];
	uint8_t *to = g->px + y * g->stride + 4 * x;

	if (p == end) {
		return;
	}
	render(d, t);
	if (end - p == 1 && p->w == SP_PROG_TILE && p->h == SP_PROG_TILE) {
		d->k->to_pixels(d->plane[0], d->plane[1], d->plane[2], to, g->stride);
		t->unpainted = 0;
		return;
	}
	d->k->to_pixels(d->plane[0], d->plane[1], d->plane[2], d->px, 4 * SP_PROG_TILE);
	for (; p < end; p++) {
		unsigned area = (unsigned)p->w * p->h;

		for (size_t row = p->y; row < (size_t)p->y + p->h; row++) {
			memcpy(to + row * g->stride + 4 * (size_t)p->x,
					d->px + 4 * (row * SP_PROG_TILE + p->x), 4 * (size_t)p->w);
		}
		t->unpainted = (uint16_t)(t->unpainted > area ? t->unpainted - area : 0);
	}
}

/* ---- tiles ---- */

/* Fields of a tile's block that come before its data. */
struct tile_head {
	size_t at; /* in the grid */
	uint8_t quant[3]; /* INVARIANT: index into region.quant */
	const struct sp_prog_step *step;
	bool difference;
};

static const struct sp_prog_step full = {.quality = 100};

static int tile_head_read(struct sp_rd *r, const struct sp_prog_region *g, struct tile_head *out)
{
	for (size_t c = 0; c < 3; c++) {
		out->quant[c] = sp_rd_u8(r);
	}
	uint16_t x = sp_rd_le16(r), y = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (!(x < g->d->columns && y < g->d->rows)) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.xIdx");
	}
	for (size_t c = 0; c < 3; c++) {
		if (!(out->quant[c] < g->nquants)) {
			return sp_rd_fail(r, SP_EFIELD, "progressive.quantIdx");
		}
	}
	out->at = (size_t)y * g->d->columns + x;
	out->step = &full;
	return SP_OK;
}

static int step_read(struct sp_rd *r, const struct sp_prog_region *g, struct tile_head *out)
{
	uint8_t v = sp_rd_u8(r);

	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (v != SP_PROG_FULL && !(v < g->nsteps)) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.progressiveQuality");
	}
	out->step = v == SP_PROG_FULL ? &full : &g->step[v];
	return SP_OK;
}

static unsigned shift_of(const struct sp_prog_tile *t, size_t c, size_t band)
{
	return t->quant[c].q[band] - 1u + t->bits[c].q[band];
}

static void dequantize(
		const struct sp_prog_dec *d, const struct sp_prog_tile *t, size_t c, int16_t *coef)
{
	const uint16_t *at = sp_rfx_band_at[t->layout];

	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		unsigned shift = shift_of(t, c, b);
		size_t n = (size_t)(at[b + 1] - at[b]);

		if (shift < 16) {
			d->k->dequantize(coef + at[b], n, shift);
		} else {
			memset(coef + at[b], 0, n * sizeof(*coef));
		}
	}
}

static void note_signs(const struct sp_prog_dec *d, const int16_t *coef, uint64_t *known,
		uint64_t *negative)
{
	d->k->mark(coef, known);
	for (size_t i = 0; i < SP_RFX_MASK; i++) {
		negative[i] = 0;
		for (uint64_t m = known[i]; m != 0; m &= m - 1) {
			unsigned at = (unsigned)__builtin_ctzll(m);

			negative[i] |= (uint64_t)(coef[64 * i + at] < 0) << at;
		}
	}
}

static int16_t sum(int16_t a, int16_t b)
{
	int32_t v = a + b;

	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

/* The tile's own coefficients, in memory of their own. */
static int materialize(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c)
{
	const size_t ll3 = sp_rfx_band_at[t->layout][SP_RFX_LL3];

	if (t->coef[c]) {
		return SP_OK;
	}
	int rc = sp_prog_tile_own(d, t, c);

	for (size_t i = 0; rc == SP_OK && i < SP_RFX_COEFS; i++) {
		t->coef[c][i] = i < ll3 ? 0 : t->flat[c];
	}
	return rc;
}

/* [MS-RDPEGFX] 3.3.8.2.1.1 for one component */
static int first_component(struct sp_prog_dec *d, struct sp_prog_tile *t, size_t c, bool difference,
		struct sp_span in)
{
	const unsigned ll3 = sp_rfx_band_at[t->layout][SP_RFX_LL3];
	unsigned nonzero = d->k->rlgr_decode(SP_RLGR1, in.p, in.n, d->coef);
	bool flat = nonzero >= ll3;

	for (size_t i = ll3 + 1; flat && i < SP_RFX_COEFS; i++) {
		flat = d->coef[i] == 0;
	}
	if (t->signs) {
		note_signs(d, d->coef, t->signs->known[c], t->signs->negative[c]);
	}
	if (flat) {
		unsigned shift = shift_of(t, c, SP_RFX_LL3);
		int16_t v = (int16_t)(uint16_t)(shift < 16
						? (uint32_t)(uint16_t)d->coef[ll3] << shift
						: 0);

		if (!difference) {
			sp_prog_tile_flatten(d, t, c, v);
			return SP_OK;
		}
		if (!t->coef[c]) {
			t->flat[c] = sum(t->flat[c], v);
			return SP_OK;
		}
	}
	sp_rfx_ll3_sum(t->layout, d->coef);
	dequantize(d, t, c, d->coef);
	int rc = difference ? materialize(d, t, c) : sp_prog_tile_own(d, t, c);

	if (rc != SP_OK) {
		return rc;
	}
	if (!difference) {
		memcpy(t->coef[c], d->coef, SP_RFX_COEFS * sizeof(*d->coef));
		return SP_OK;
	}
	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		t->coef[c][i] = sum(t->coef[c][i], d->coef[i]);
	}
	return SP_OK;
}

static void decoded(struct sp_prog_region *g, size_t i, struct sp_prog_tile *t)
{
	size_t x = i % g->d->columns * SP_PROG_TILE, y = i / g->d->columns * SP_PROG_TILE;
	size_t w = g->d->w - x < SP_PROG_TILE ? g->d->w - x : SP_PROG_TILE;
	size_t h = g->d->h - y < SP_PROG_TILE ? g->d->h - y : SP_PROG_TILE;

	t->frame = g->frame;
	t->region = g->d->region;
	t->unpainted = (uint16_t)(w * h);
	t->again = 0;
	sp_prog_paint(g, i, t);
}

/* [MS-RDPEGFX] 2.2.4.2.1.5.3 RFX_PROGRESSIVE_TILE_SIMPLE, 2.2.4.2.1.5.4 _TILE_FIRST */
static int tile_first(struct sp_prog_region *g, struct sp_rd *r, bool simple)
{
	struct sp_prog_dec *d = g->d;
	struct tile_head head;
	struct sp_prog_tile *t;
	size_t len[3];
	int rc = tile_head_read(r, g, &head);

	if (rc == SP_OK) {
		head.difference = sp_rd_u8(r) & SP_PROG_DIFFERENCE;
		rc = simple ? SP_OK : step_read(r, g, &head);
	}
	if (rc != SP_OK) {
		return rc;
	}
	for (size_t c = 0; c < 3; c++) {
		len[c] = sp_rd_le16(r);
	}
	size_t tail = sp_rd_le16(r);
	struct sp_span data[3];

	for (size_t c = 0; c < 3; c++) {
		data[c] = sp_rd_span(r, len[c]);
	}
	sp_rd_skip(r, tail);
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	rc = sp_prog_tile_get(d, head.at, &t);
	if (rc != SP_OK) {
		return rc;
	}
	/* Bands of another shape have nothing in common with the new ones. */
	if (t->layout != g->layout) {
		for (size_t c = 0; c < 3; c++) {
			sp_prog_tile_flatten(d, t, c, 0);
		}
		t->layout = g->layout;
	}
	t->sent = false; /* until all of it has come */
	for (size_t c = 0; c < 3; c++) {
		t->quant[c] = g->quant[head.quant[c]];
		t->bits[c] = head.step->c[c];
	}
	if (sp_prog_quant_zero(t->bits)) {
		sp_prog_tile_forget_signs(d, t);
	} else {
		rc = sp_prog_tile_signs(d, t);
	}
	for (size_t c = 0; rc == SP_OK && c < 3; c++) {
		rc = first_component(d, t, c, head.difference, data[c]);
	}
	if (rc != SP_OK) {
		return rc;
	}
	t->sent = true;
	decoded(g, head.at, t);
	return SP_OK;
}

/* [MS-RDPEGFX] 3.3.8.2.1.2 for one component; false when it has no bits to come. */
static bool upgrade_pass(const struct sp_prog_tile *t, size_t c, const struct tile_head *head,
		struct sp_prog_pass *out)
{
	const uint16_t *at = sp_rfx_band_at[t->layout];
	bool any = false;

	out->n = SP_RFX_BANDS;
	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		uint8_t from = t->bits[c].q[b], to = head->step->c[c].q[b];

		out->band[b] = (struct sp_prog_band){
				.at = at[b],
				.n = (uint16_t)(at[b + 1] - at[b]),
				.from = from,
				.to = to,
				.shift = (uint8_t)(t->quant[c].q[b] - 1u + to),
				.ll = b == SP_RFX_LL3,
		};
		any = any || from > to;
	}
	return any;
}

/* The tile exists, in the same bands and quantization, and the pass takes nothing away. */
static int upgrade_check(const struct sp_prog_region *g, const struct sp_prog_tile *t,
		const struct tile_head *head)
{
	if (!t || !t->sent) {
		return SP_ESTATE;
	}
	if (t->layout != g->layout) {
		return SP_EFIELD;
	}
	for (size_t c = 0; c < 3; c++) {
		const struct sp_prog_quant *q = &g->quant[head->quant[c]];

		for (size_t b = 0; b < SP_RFX_BANDS; b++) {
			if (q->q[b] != t->quant[c].q[b] ||
					head->step->c[c].q[b] > t->bits[c].q[b]) {
				return SP_EFIELD;
			}
		}
	}
	return SP_OK;
}

/* [MS-RDPEGFX] 2.2.4.2.1.5.5 RFX_PROGRESSIVE_TILE_UPGRADE */
static int tile_upgrade(struct sp_prog_region *g, struct sp_rd *r)
{
	struct sp_prog_dec *d = g->d;
	struct tile_head head;
	size_t len[6];
	int rc = tile_head_read(r, g, &head);

	if (rc == SP_OK) {
		rc = step_read(r, g, &head);
	}
	if (rc != SP_OK) {
		return rc;
	}
	for (size_t i = 0; i < 6; i++) {
		len[i] = sp_rd_le16(r);
	}
	struct sp_prog_tile *t = d->tiles[head.at];

	rc = upgrade_check(g, t, &head);
	if (rc != SP_OK) {
		return sp_rd_fail(r, rc, "progressive.upgrade");
	}
	for (size_t c = 0; c < 3; c++) {
		struct sp_span srl = sp_rd_span(r, len[2 * c]);
		struct sp_span raw = sp_rd_span(r, len[2 * c + 1]);
		struct sp_prog_pass pass;

		if (sp_rd_ok(r) != SP_OK) {
			return sp_rd_ok(r);
		}
		if (!upgrade_pass(t, c, &head, &pass)) {
			continue;
		}
		rc = materialize(d, t, c);
		if (rc == SP_OK) {
			/* Signs are there as long as bits are. */
			rc = sp_prog_pass_read(&pass, t->coef[c], t->signs->known[c],
					t->signs->negative[c], srl, raw);
		}
		if (rc != SP_OK) {
			return sp_rd_fail(r, rc, "progressive.srlData");
		}
		t->bits[c] = head.step->c[c];
	}
	if (sp_prog_quant_zero(t->bits)) {
		sp_prog_tile_forget_signs(d, t);
	}
	decoded(g, head.at, t);
	return SP_OK;
}

int sp_prog_region_tiles(struct sp_prog_region *g, struct sp_rd *r)
{
	for (unsigned n = 0; n < g->ntiles; n++) {
		uint16_t type = sp_rd_le16(r);
		uint32_t len = sp_rd_le32(r);

		if (sp_rd_ok(r) != SP_OK) {
			return sp_rd_ok(r);
		}
		if (len < SP_PROG_BLOCK_HEADER) {
			return sp_rd_fail(r, SP_EFIELD, "progressive.blockLen");
		}
		struct sp_rd body = sp_rd_sub(r, len - SP_PROG_BLOCK_HEADER);
		int rc;

		if (sp_rd_ok(r) != SP_OK) {
			return sp_rd_ok(r);
		}
		switch (type) {
		case SP_PROG_TILE_SIMPLE:
			rc = tile_first(g, &body, true);
			break;
		case SP_PROG_TILE_FIRST:
			rc = tile_first(g, &body, false);
			break;
		case SP_PROG_TILE_UPGRADE:
			rc = tile_upgrade(g, &body);
			break;
		default:
			rc = sp_rd_fail(&body, SP_EFIELD, "progressive.tiles");
			break;
		}
		if (rc != SP_OK) {
			return rc;
		}
		if (sp_rd_end(&body) != SP_OK) {
			return sp_rd_end(&body);
		}
	}
	return sp_rd_end(r);
}
