/* core/view/emit_gfx_choose.c - which pixels go into a frame, and how. */
#include "core/base/mem.h"
#include "core/codec/simd.h"
#include "core/view/emit_gfx_part.h"

#define EXACT_MS 500u /* what was still for so long is sent without loss */
#define HEAT_SHARE 4 /* of a tile has to change that it counts as moving */

/* ---- pieces ---- */

static int add_piece(struct sp_emit_gfx *e, enum way way, struct sp_rect r, size_t tile)
{
	if (e->n_pieces == e->cap_pieces) {
		size_t cap = e->cap_pieces ? 2 * e->cap_pieces : 64;
		struct piece *v = sp_realloc(e->piece, cap * sizeof(*v));

		if (!v) {
			return SP_ENOMEM;
		}
		e->piece = v;
		e->cap_pieces = cap;
	}
	e->piece[e->n_pieces++] = (struct piece){.r = r, .tile = tile, .way = (uint8_t)way};
	e->pixels += (size_t)r.w * (size_t)r.h;
	return SP_OK;
}

static int flush_fill(struct sp_emit_gfx *e)
{
	if (e->fill.n == 0) {
		return SP_OK;
	}
	int rc = sp_emit_gfx_open(e);
	if (rc == SP_OK) {
		rc = sp_gfx_server_fill(e->gfx, e->surface, e->fill.pixel, e->fill.rect, e->fill.n);
	}
	e->fill.n = 0;
	e->stats.fills++;
	return rc;
}

/* Neighbours in a row of tiles become one rectangle. */
static bool join(struct sp_rect *last, struct sp_rect r)
{
	if (last->y == r.y && last->h == r.h && last->x + last->w == r.x) {
		last->w += r.w;
		return true;
	}
	if (last->x == r.x && last->w == r.w && last->y + last->h == r.y) {
		last->h += r.h;
		return true;
	}
	return false;
}

static int add_fill(struct sp_emit_gfx *e, struct sp_rect r, uint32_t pixel)
{
	struct fill *f = &e->fill;
	int rc = SP_OK;

	if (f->n > 0 && f->pixel == pixel && join(&f->rect[f->n - 1], r)) {
		return SP_OK;
	}
	if (f->n == FILL_RECTS || (f->n > 0 && f->pixel != pixel)) {
		rc = flush_fill(e);
	}
	f->pixel = pixel;
	f->rect[f->n++] = r;
	return rc;
}

/* ---- tiles ---- */

static void set_shown(struct sp_emit_gfx *e, struct tile *t, enum shown shown)
{
	e->inexact -= t->shown != SHOWN_EXACT;
	t->shown = (uint8_t)shown;
	e->inexact += t->shown != SHOWN_EXACT;
}

static bool is_whole(const struct sp_emit_gfx *e, size_t i, struct sp_rect r)
{
	struct sp_rect all = sp_mirror_rect(e->mirror, i);

	return r.w == all.w && r.h == all.h;
}

static int take_tile(struct sp_emit_gfx *e, size_t i, const uint8_t *fb, size_t stride)
{
	struct sp_rect r = sp_mirror_box(e->mirror, i);
	const uint8_t *px = fb + (size_t)r.y * stride + 4 * (size_t)r.x;
	struct tile *t = &e->tile[i];
	enum sp_class class = sp_classify(px, stride, (uint32_t)r.w, (uint32_t)r.h);

	if (r.w * r.h * HEAT_SHARE >= TILE * TILE) {
		sp_heat_change(&t->heat, sp_emit_gfx_ms(e));
	} else {
		t->heat.changed_ms = sp_emit_gfx_ms(e);
	}
	t->class = (uint8_t) class;
	sp_mirror_take(e->mirror, i, fb, stride);
	if (is_whole(e, i, r)) {
		set_shown(e, t, SHOWN_EXACT);
	}
	if (class == SP_CLASS_FLAT) {
		return add_fill(e, r, sp_simd_load32(px) | 0xff000000u);
	}
	e->stats.lossless += (uint64_t)r.w * (uint64_t)r.h;
	return add_piece(e, WAY_PLANAR, r, i);
}

static int choose_changed(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget)
{
	int rc = SP_OK;

	for (size_t k = 0; rc == SP_OK && k < e->n_tiles; k++) {
		size_t i = e->at;

		if (e->pixels > budget && e->n_pieces > 0) {
			break;
		}
		e->at = e->at + 1 < e->n_tiles ? e->at + 1 : 0;
		if (sp_mirror_tile(e->mirror, i)->x1 > 0) {
			rc = take_tile(e, i, fb, stride);
		}
	}
	return rc == SP_OK ? flush_fill(e) : rc;
}

int sp_emit_gfx_choose(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget)
{
	if (sp_mirror_pending(e->mirror)) {
		return choose_changed(e, fb, stride, budget);
	}
	return SP_OK;
}

uint64_t sp_emit_gfx_deadline(const struct sp_emit_gfx *e)
{
	return 0;
}
