/* core/view/emit_gfx_choose.c - which pixels go into a frame, and how. */
#include "core/base/mem.h"
#include "core/codec/simd.h"
#include "core/view/emit_gfx_part.h"

#define HEAT_SHARE 4 /* the part of a tile that has to change for it to move */
#define HEAT_SHARE_PICTURE 16 /* at the edges of a film there may be less of it */
#define SLACK 2 /* a frame may be so many times as large as it should */

#define PRICE_PIXELS 4096u /* fewer say nothing about a price */

/* What it was for a desktop of text and photographs; the first frames tell better. */
static const uint32_t first_price[PRICES] = {250, 220, 70, 120, 2000, 12, 50};

void sp_emit_gfx_prices(struct sp_emit_gfx *e)
{
	for (size_t k = 0; k < PRICES; k++) {
		uint64_t pixels = 0, bytes = 0;

		for (size_t i = 0; i < e->n_pieces; i++) {
			const struct piece *p = &e->piece[i];

			if (p->price == k) {
				pixels += (uint64_t)p->r.w * (uint64_t)p->r.h;
				bytes += p->n;
			}
		}
		if (e->price[k] == 0) {
			e->price[k] = first_price[k];
		}
		if (pixels >= PRICE_PIXELS) {
			e->price[k] = (e->price[k] + (uint32_t)(bytes * 1000 / pixels) + 1) / 2;
		}
	}
}

static size_t price_of(const struct sp_emit_gfx *e, struct sp_rect r, enum price price)
{
	return (size_t)r.w * (size_t)r.h * e->price[price] / 1000;
}

/* ---- pieces ---- */

int sp_emit_gfx_piece(struct sp_emit_gfx *e, struct piece p)
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
	e->piece[e->n_pieces++] = p;
	e->pixels += (size_t)p.r.w * (size_t)p.r.h;
	e->cost += price_of(e, p.r, (enum price)p.price);
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

/* What stands side by side becomes one rectangle. */
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

/* The run goes under one above that is as wide, or becomes a piece. */
static int flush_run(struct sp_emit_gfx *e)
{
	struct sp_rect r = e->run;

	e->run = (struct sp_rect){0};
	if (sp_rect_empty(r)) {
		return SP_OK;
	}
	e->stats.lossless += (uint64_t)r.w * (uint64_t)r.h;
	for (size_t i = e->n_pieces, looked = 0; i > 0 && looked < TILE; i--, looked++) {
		struct piece *p = &e->piece[i - 1];

		if (p->way == WAY_CLEAR && p->r.x == r.x && p->r.w == r.w &&
				p->r.y + p->r.h == r.y) {
			p->r.h += r.h;
			e->pixels += (size_t)r.w * (size_t)r.h;
			e->cost += price_of(e, r, PRICE_SHARP);
			return SP_OK;
		}
	}
	return sp_emit_gfx_piece(e, (struct piece){.r = r, .way = WAY_CLEAR, .price = PRICE_SHARP});
}

/*
 * Letters are found best where a line of them is in one piece: neighbours in a row of tiles are
 * joined when not much more is sent by that, and what lies between them is as the client has it.
 */
static int add_sharp(struct sp_emit_gfx *e, struct sp_rect r)
{
	struct sp_rect *run = &e->run, both = sp_rect_or(*run, r);
	int rc = SP_OK;

	if (sp_rect_empty(*run)) {
		*run = r;
		return SP_OK;
	}
	if (run->y / TILE == r.y / TILE && run->x + run->w == r.x &&
			both.w * both.h <= (run->w * run->h + r.w * r.h) * 3 / 2) {
		*run = both;
		return SP_OK;
	}
	rc = flush_run(e);
	*run = r;
	return rc;
}

/* ---- tiles that changed ---- */

static bool is_whole(const struct sp_emit_gfx *e, size_t i, struct sp_rect r)
{
	struct sp_rect all = sp_mirror_rect(e->mirror, i);

	return r.w == all.w && r.h == all.h;
}

static bool has_lossy(const struct sp_emit_gfx *e)
{
	return e->prog || e->rfx;
}

/* Something else is painted over what may still have been on its way to become better. */
static void settle(struct sp_emit_gfx *e, size_t i)
{
	uint32_t columns = sp_mirror_columns(e->mirror);

	if (e->prog) {
		sp_prog_enc_settle(e->prog, (uint32_t)(i % columns), (uint32_t)(i / columns));
	}
}

static int add_picture(struct sp_emit_gfx *e, size_t i, struct sp_rect r, bool poor)
{
	struct piece p = {.r = r, .tile = i, .way = e->prog ? WAY_PROG : WAY_RFX, .poor = poor};

	/* An upgrade paints the whole tile, which must not have been better than that. */
	if (e->prog && poor && !is_whole(e, i, r)) {
		if (e->tile[i].shown == SHOWN_EXACT) {
			p.poor = false;
		} else {
			p.r = sp_mirror_rect(e->mirror, i);
		}
	}
	/* And nothing of it stays poor then. */
	if (!p.poor && e->tile[i].shown == SHOWN_POOR) {
		p.r = sp_rect_or(p.r, e->tile[i].lossy);
	}
	sp_emit_gfx_shown(e, i, p.poor ? SHOWN_POOR : SHOWN_GOOD, p.r);
	e->stats.lossy += (uint64_t)r.w * (uint64_t)r.h;
	p.price = p.poor ? PRICE_POOR : PRICE_PICTURE;
	p.moves = sp_heat_moves(&e->tile[i].heat, sp_emit_gfx_ms(e));
	return sp_emit_gfx_piece(e, p);
}

static int take_tile(struct sp_emit_gfx *e, size_t i, const uint8_t *fb, size_t stride, bool tight)
{
	struct sp_rect r = sp_mirror_box(e->mirror, i);
	uint32_t pixel = sp_simd_load32(fb + (size_t)r.y * stride + 4 * (size_t)r.x);
	struct tile *t = &e->tile[i];
	bool lossy = has_lossy(e) &&
			(t->class == SP_CLASS_PICTURE ||
					(t->class == SP_CLASS_SHARP && tight &&
							sp_heat_moves(&t->heat,
									sp_emit_gfx_ms(e))));

	sp_mirror_take(e->mirror, i, fb, stride);
	sp_emit_gfx_cache_changed(e, i);
	int rc = sp_emit_gfx_cache_paste(e, i, r);
	if (rc != 0) {
		sp_emit_gfx_video_leave(e, i);
		settle(e, i);
		sp_emit_gfx_shown(e, i, SHOWN_EXACT, r);
		return rc < 0 ? rc : SP_OK;
	}
	if (sp_emit_gfx_video_take(e, i, r)) {
		settle(e, i);
		return SP_OK;
	}
	sp_emit_gfx_video_leave(e, i);
	if (lossy) {
		return add_picture(e, i, r, tight);
	}
	settle(e, i);
	if (sp_rect_contains(r, t->lossy)) {
		sp_emit_gfx_shown(e, i, SHOWN_EXACT, r);
	}
	if (t->class == SP_CLASS_FLAT) {
		return add_fill(e, r, pixel | 0xff000000u);
	}
	if (t->class == SP_CLASS_SHARP) {
		return add_sharp(e, r);
	}
	e->stats.lossless += (uint64_t)r.w * (uint64_t)r.h;
	return sp_emit_gfx_piece(e,
			(struct piece){.r = r, .tile = i, .way = WAY_PLANAR, .price = PRICE_EXACT});
}

/* What each tile that changed is, and about how many bytes that would be. */
static size_t classify(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride)
{
	uint32_t now = sp_emit_gfx_ms(e);
	size_t cost = 0;

	for (size_t i = 0; i < e->n_tiles; i++) {
		struct sp_rect r = sp_mirror_box(e->mirror, i);
		struct tile *t = &e->tile[i];

		if (sp_rect_empty(r)) {
			continue;
		}
		enum sp_class class = sp_classify(fb + (size_t)r.y * stride + 4 * (size_t)r.x,
				stride, (uint32_t)r.w, (uint32_t)r.h);
		size_t n = (size_t)r.w * (size_t)r.h;
		size_t share = class == SP_CLASS_PICTURE ? HEAT_SHARE_PICTURE : HEAT_SHARE;
		if (!sp_mirror_fresh(e->mirror, i)) {
			/* It waits, and does not move for that. */
		} else if (n * share >= TILE * TILE) {
			sp_heat_change(&t->heat, now, e->held_ms);
		} else {
			sp_heat_touch(&t->heat, now, e->held_ms);
		}
		t->class = (uint8_t) class;
		cost += class == SP_CLASS_FLAT
				? 0
				: price_of(e, r,
						  class == SP_CLASS_SHARP ? PRICE_SHARP
									  : PRICE_PICTURE);
	}
	return cost;
}

static int choose_changed(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget)
{
	bool tight = classify(e, fb, stride) > SLACK * budget;
	int rc = sp_emit_gfx_video(e, budget);
	/* Some clients take no other codec in a frame with video. */
	bool alone = e->video.on && !e->conf.can.mixed;

	/* Where not all of it can go, what seldom changes does not wait behind what always does. */
	for (size_t k = 0; rc == SP_OK && k < 2 * e->n_tiles && e->cost <= SLACK * budget; k++) {
		bool hot = k >= e->n_tiles;
		size_t i = e->at;

		e->at = e->at + 1 < e->n_tiles ? e->at + 1 : 0;
		if (!sp_rect_empty(sp_mirror_box(e->mirror, i)) &&
				hot ==
						(tight &&
								sp_heat_moves(&e->tile[i].heat,
										sp_emit_gfx_ms(e))) &&
				(!alone || sp_emit_gfx_video_wants(e, i))) {
			rc = take_tile(e, i, fb, stride, tight);
			/* What waited for long does not become better in the same frame. */
			sp_heat_touch(&e->tile[i].heat, sp_emit_gfx_ms(e), e->held_ms);
		}
	}
	e->others = alone && sp_mirror_pending(e->mirror);
	if (rc == SP_OK) {
		rc = flush_run(e);
	}
	return rc == SP_OK ? flush_fill(e) : rc;
}

/* ---- tiles that are still ---- */

/* Milliseconds until the tile is to become better; it is not exact. */
static uint32_t wait_of(const struct sp_emit_gfx *e, size_t i, uint32_t now)
{
	const struct tile *t = &e->tile[i];
	uint32_t still = sp_heat_still(&t->heat, now);
	uint32_t limit = t->shown == SHOWN_POOR ? POOR_MS : GOOD_MS;

	return still < limit ? limit - still : 0;
}

static unsigned passes_left(const struct sp_emit_gfx *e, size_t i)
{
	uint32_t columns = sp_mirror_columns(e->mirror);

	return e->prog ? sp_prog_enc_left(e->prog, (uint32_t)(i % columns), (uint32_t)(i / columns))
		       : 0;
}

static int improve(struct sp_emit_gfx *e, size_t i)
{
	struct sp_rect r = sp_mirror_rect(e->mirror, i);
	struct tile *t = &e->tile[i];
	unsigned left = t->shown == SHOWN_POOR ? passes_left(e, i) : 0;

	sp_emit_gfx_video_leave(e, i);
	if (left > 0) {
		if (left == 1) {
			sp_emit_gfx_shown(e, i, SHOWN_GOOD, r);
		}
		return sp_emit_gfx_piece(e,
				(struct piece){.r = r,
						.tile = i,
						.way = WAY_UPGRADE,
						.price = PRICE_UPGRADE});
	}
	r = t->lossy;
	if (t->shown == SHOWN_POOR && has_lossy(e)) {
		return add_picture(e, i, r, false);
	}
	settle(e, i);
	sp_emit_gfx_shown(e, i, SHOWN_EXACT, r);
	if (t->class == SP_CLASS_SHARP) {
		return add_sharp(e, r);
	}
	e->stats.lossless += (uint64_t)r.w * (uint64_t)r.h;
	return sp_emit_gfx_piece(e,
			(struct piece){.r = r, .tile = i, .way = WAY_PLANAR, .price = PRICE_EXACT});
}

static int choose_still(struct sp_emit_gfx *e, size_t budget)
{
	uint32_t now = sp_emit_gfx_ms(e);
	int rc = SP_OK;

	if (!e->video.on && (e->conf.can.mixed || e->n_pieces == 0) &&
			sp_emit_gfx_video_wait(e) == 0) {
		/* Nothing that would be painted over by it, or the other way round. */
		return sp_emit_gfx_video_chroma(e);
	}
	for (size_t k = 0; rc == SP_OK && e->inexact > 0 && k < e->n_tiles && e->cost <= budget;
			k++) {
		size_t i = e->at;

		e->at = e->at + 1 < e->n_tiles ? e->at + 1 : 0;
		if (e->tile[i].shown != SHOWN_EXACT && wait_of(e, i, now) == 0 &&
				sp_mirror_tile(e->mirror, i)->x1 == 0) {
			rc = improve(e, i);
		}
	}
	return rc == SP_OK ? flush_run(e) : rc;
}

int sp_emit_gfx_choose(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget)
{
	int rc = sp_mirror_pending(e->mirror) ? choose_changed(e, fb, stride, budget) : SP_OK;

	/* Something may move all the time: what is left of the frame goes to what does not. */
	bool alone = e->video.on && !e->conf.can.mixed;
	return rc == SP_OK && !alone && e->cost < budget ? choose_still(e, budget) : rc;
}

uint64_t sp_emit_gfx_deadline(const struct sp_emit_gfx *e)
{
	uint32_t now = sp_emit_gfx_ms(e), least = sp_emit_gfx_video_wait(e);
	uint32_t idle = sp_emit_gfx_video_idle(e);

	least = idle < least ? idle : least;
	for (size_t i = 0; e->inexact > 0 && i < e->n_tiles; i++) {
		if (e->tile[i].shown != SHOWN_EXACT) {
			uint32_t wait = wait_of(e, i, now);

			least = wait < least ? wait : least;
		}
	}
	return least == UINT32_MAX ? 0 : e->now_us + (uint64_t)least * 1000;
}
