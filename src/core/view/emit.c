/* core/view/emit.c - see emit.h. */
#include "core/view/emit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/codec/interleaved.h"
#include "core/codec/pixel.h"
#include "core/codec/planar.h"
#include "core/codec/simd.h"
#include "core/pdu/bitmap.h"

#define TILE 64
#define UPDATE_HEADER 4 /* updateType and numberRectangles */
#define PICKS 16 /* tiles of an update that are looked for among all */

/* The damage of one tile of the 64x64 grid: the box around all of it, from the tile's corner. */
struct tile {
	uint8_t x0, y0, x1, y1; /* right and bottom exclusive; INVARIANT: clean when x1 is 0 */
	bool forced; /* the shadow says nothing about it yet */
	bool whole; /* the box began as the whole tile; it may have been sent in part */
	uint64_t served; /* pixels, on the clock below; who had nothing to send does not save up */
};

struct sp_emit {
	struct sp_emit_conf conf;
	uint32_t cols, rows;
	size_t n, at, dirty; /* tiles, the next to look at, how many are not clean */
	uint64_t clock; /* pixels: so far all tiles are served that always have something */
	bool partly; /* the tile at which we are was not sent to its end */
	struct tile *tile;
	uint8_t *shadow; /* w * h pixels as the client has them, or NULL */
	uint8_t scratch[SP_PLANAR_ROOM];
};

struct sp_emit *sp_emit_create(const struct sp_emit_conf *conf)
{
	struct sp_emit *e;

	if (!(1 <= conf->w && conf->w <= SP_EMIT_MAX_SIDE && 1 <= conf->h &&
			    conf->h <= SP_EMIT_MAX_SIDE && conf->w * conf->h <= SP_EMIT_MAX_AREA &&
			    sp_pixel_depth_ok(conf->depth) &&
			    SP_EMIT_MIN_UPDATE <= conf->max_update)) {
		return NULL;
	}
	e = sp_calloc(1, sizeof(*e));
	if (!e) {
		return NULL;
	}
	e->conf = *conf;
	if (e->conf.max_update > SP_EMIT_MAX_UPDATE) {
		e->conf.max_update = SP_EMIT_MAX_UPDATE;
	}
	e->cols = (conf->w + TILE - 1) / TILE;
	e->rows = (conf->h + TILE - 1) / TILE;
	e->n = (size_t)e->cols * e->rows;
	e->tile = sp_calloc(e->n, sizeof(*e->tile));
	if (conf->shadow) {
		e->shadow = sp_malloc(4 * (size_t)conf->w * conf->h);
	}
	if (!e->tile || (conf->shadow && !e->shadow)) {
		sp_emit_destroy(e);
		return NULL;
	}
	for (size_t i = 0; i < e->n; i++) {
		e->tile[i].forced = true;
	}
	return e;
}

void sp_emit_destroy(struct sp_emit *e)
{
	if (e) {
		sp_free(e->tile);
		sp_free(e->shadow);
		sp_free(e);
	}
}

/* The whole of a tile, less what is outside of the desktop. */
static struct sp_rect tile_rect(const struct sp_emit *e, size_t i)
{
	struct sp_rect all = {0, 0, (int32_t)e->conf.w, (int32_t)e->conf.h};
	struct sp_rect r = {
			(int32_t)(i % e->cols) * TILE, (int32_t)(i / e->cols) * TILE, TILE, TILE};

	return sp_rect_and(r, all);
}

static void tile_damage(struct sp_emit *e, size_t i, struct sp_rect r)
{
	struct sp_rect all = tile_rect(e, i), part = sp_rect_and(all, r);
	struct tile *t = &e->tile[i];
	uint8_t x0 = (uint8_t)(part.x - all.x), y0 = (uint8_t)(part.y - all.y);
	uint8_t x1 = (uint8_t)(x0 + part.w), y1 = (uint8_t)(y0 + part.h);

	if (t->x1 == 0) {
		e->dirty++;
		t->served = t->served > e->clock ? t->served : e->clock;
		t->x0 = x0;
		t->y0 = y0;
		t->x1 = x1;
		t->y1 = y1;
	} else {
		t->x0 = x0 < t->x0 ? x0 : t->x0;
		t->y0 = y0 < t->y0 ? y0 : t->y0;
		t->x1 = x1 > t->x1 ? x1 : t->x1;
		t->y1 = y1 > t->y1 ? y1 : t->y1;
	}
	if (t->x1 - t->x0 == all.w && t->y1 - t->y0 == all.h) {
		t->whole = true;
	}
}

static void damage(struct sp_emit *e, struct sp_rect r, bool refresh)
{
	struct sp_rect all = {0, 0, (int32_t)e->conf.w, (int32_t)e->conf.h};

	/* Wide of the desktop nothing may overflow in the arithmetic below. */
	if (sp_rect_empty(r) || r.x >= all.w || r.y >= all.h || (int64_t)r.x + r.w <= 0 ||
			(int64_t)r.y + r.h <= 0) {
		return;
	}
	if ((int64_t)r.x + r.w > all.w) {
		r.w = r.x < 0 ? INT32_MAX : all.w - r.x;
	}
	if ((int64_t)r.y + r.h > all.h) {
		r.h = r.y < 0 ? INT32_MAX : all.h - r.y;
	}
	r = sp_rect_and(r, all);
	for (int32_t row = r.y / TILE; row <= (r.y + r.h - 1) / TILE; row++) {
		for (int32_t col = r.x / TILE; col <= (r.x + r.w - 1) / TILE; col++) {
			size_t i = (size_t)row * e->cols + (size_t)col;

			if (refresh) {
				e->tile[i].forced = true;
			}
			tile_damage(e, i, refresh ? all : r);
		}
	}
}

void sp_emit_damage(struct sp_emit *e, struct sp_rect r)
{
	damage(e, r, false);
}

void sp_emit_refresh(struct sp_emit *e, struct sp_rect r)
{
	damage(e, r, true);
}

bool sp_emit_pending(const struct sp_emit *e)
{
	return e->dirty > 0;
}

static void tile_clean(struct sp_emit *e, struct tile *t)
{
	if (t->whole) {
		t->forced = false;
		t->whole = false;
	}
	t->x0 = t->y0 = t->x1 = t->y1 = 0;
	e->dirty--;
}

/* The part of a tile's damage that differs from the shadow; empty when nothing does. */
static struct sp_rect changed(
		const struct sp_emit *e, struct sp_rect r, const uint8_t *fb, size_t stride)
{
	size_t x0 = (size_t)r.w, x1 = 0;
	int32_t y0 = r.h, y1 = 0;

	for (int32_t y = 0; y < r.h; y++) {
		const uint8_t *now = fb + (size_t)(r.y + y) * stride + 4 * (size_t)r.x;
		const uint8_t *sent = e->shadow + 4 * ((size_t)(r.y + y) * e->conf.w + (size_t)r.x);
		size_t first = sp_simd_differ(now, sent, (size_t)r.w), last;

		if (first == (size_t)r.w) {
			continue;
		}
		last = sp_simd_differ_end(now, sent, (size_t)r.w);
		x0 = first < x0 ? first : x0;
		x1 = last > x1 ? last : x1;
		y0 = y < y0 ? y : y0;
		y1 = y + 1;
	}
	return (struct sp_rect){r.x + (int32_t)x0, r.y + y0, (int32_t)x1 - (int32_t)x0, y1 - y0};
}

static void remember(struct sp_emit *e, struct sp_rect r, const uint8_t *fb, size_t stride)
{
	for (int32_t y = r.y; e->shadow && y < r.y + r.h; y++) {
		memcpy(e->shadow + 4 * ((size_t)y * e->conf.w + (size_t)r.x),
				fb + (size_t)y * stride + 4 * (size_t)r.x, 4 * (size_t)r.w);
	}
}

/* The pixels of r as they are on the wire, bottom-up, rows padded by repeating the last. */
static size_t put_raw(struct sp_emit *e, struct sp_rect r, uint32_t width, const uint8_t *fb,
		size_t stride)
{
	size_t bytes = sp_pixel_bytes(e->conf.depth);
	uint8_t *o = e->scratch;

	for (int32_t y = r.y + r.h - 1; y >= r.y; y--) {
		const uint8_t *row = fb + (size_t)y * stride + 4 * (size_t)r.x;

		sp_pixel_pack(e->conf.depth, o, row, (size_t)r.w);
		for (uint32_t x = (uint32_t)r.w; x < width; x++) {
			sp_pixel_pack(e->conf.depth, o + x * bytes, row + 4 * (size_t)(r.w - 1), 1);
		}
		o += width * bytes;
	}
	return (size_t)(o - e->scratch);
}

/* Encodes r into out; SP_ESPACE when it does not fit. */
static int put_rect(struct sp_emit *e, struct sp_rect r, const uint8_t *fb, size_t stride,
		struct sp_wr *out)
{
	const uint8_t *last = fb + (size_t)(r.y + r.h - 1) * stride + 4 * (size_t)r.x;
	struct sp_bitmap_rect b = sp_bitmap_rect_of(r, e->conf.depth);
	struct sp_wr w;
	int n;

	b.has_header = !e->conf.no_compr_hdr;
	sp_wr_fixed(&w, e->scratch, sizeof(e->scratch));
	if (e->conf.depth == 32) {
		n = sp_planar_encode(last, -(ptrdiff_t)stride, (uint32_t)r.w, (uint32_t)r.h,
				e->conf.alpha, &w);
	} else {
		n = sp_interleaved_encode(e->conf.depth, last, -(ptrdiff_t)stride, (uint32_t)r.w,
				(uint32_t)r.h, &w);
	}
	if (n < 0) {
		return n;
	}
	b.compressed = n > 0;
	b.data = sp_span(e->scratch, n > 0 ? (size_t)n : put_raw(e, r, b.width, fb, stride));
	if (SP_BITMAP_RECT_HEADER + (b.compressed && b.has_header ? SP_BITMAP_CD_HEADER : 0) +
					b.data.n >
			out->max - out->n) {
		return SP_ESPACE;
	}
	sp_bitmap_rect_write(out, &b);
	return sp_wr_ok(out);
}

/* What is to be sent of a tile now; empty when the client has it already. */
static struct sp_rect tile_todo(struct sp_emit *e, size_t i, const uint8_t *fb, size_t stride)
{
	const struct tile *t = &e->tile[i];
	struct sp_rect all = tile_rect(e, i);
	struct sp_rect r = {all.x + t->x0, all.y + t->y0, t->x1 - t->x0, t->y1 - t->y0};
	int32_t end;

	if (e->shadow && !t->forced) {
		r = changed(e, r, fb, stride);
		if (sp_rect_empty(r)) {
			return r;
		}
	}
	/* Columns in fours where there are some, as they would be padded anyway. */
	end = r.x + r.w + (-(r.x + r.w) & 3);
	r.x &= ~3;
	r.w = (end < all.x + all.w ? end : all.x + all.w) - r.x;
	return r;
}

/*
 * Puts one tile, or as many of its rows as fit when nothing else is in the update. Returns the
 * rectangles added, 0 when it has to wait for the next update, or an error.
 */
static int put_tile(struct sp_emit *e, size_t i, bool alone, const uint8_t *fb, size_t stride,
		struct sp_wr *out)
{
	struct tile *t = &e->tile[i];
	struct sp_rect r = tile_todo(e, i, fb, stride), part = r;
	int rc;

	if (sp_rect_empty(r)) {
		tile_clean(e, t);
		return 0;
	}
	rc = put_rect(e, part, fb, stride, out);
	while (rc == SP_ESPACE && alone && part.h > 1) {
		part.h = (part.h + 1) / 2;
		rc = put_rect(e, part, fb, stride, out);
	}
	if (rc != SP_OK) {
		return rc == SP_ESPACE && !alone ? 0 : rc;
	}
	remember(e, part, fb, stride);
	t->served += (uint64_t)part.w * (uint64_t)part.h;
	if (part.h < r.h) {
		t->y0 = (uint8_t)(part.y + part.h - tile_rect(e, i).y);
	} else {
		tile_clean(e, t);
	}
	return 1;
}

/*
 * The dirty tile that would be served first if all were at once, each with the same share of the
 * line: what seldom or hardly changes does not wait behind what always does.
 */
static size_t next_tile(const struct sp_emit *e)
{
	uint64_t least = UINT64_MAX;
	size_t best = 0;

	for (size_t i = 0; i < e->n; i++) {
		const struct tile *t = &e->tile[i];
		uint64_t end = t->served + (uint64_t)(t->x1 - t->x0) * (uint64_t)(t->y1 - t->y0);

		if (t->x1 != 0 && end < least) {
			best = i;
			least = end;
		}
	}
	return best;
}

int sp_emit_next(struct sp_emit *e, const uint8_t *fb, size_t stride, struct sp_wr *out)
{
	size_t room = e->conf.max_update;
	uint16_t rects = 0;
	struct sp_wr body;
	uint8_t *p;

	if (e->dirty == 0) {
		return 0;
	}
	/* With the memory in hand nothing can fail once damage is forgotten. */
	p = sp_wr_room(out, room);
	if (!p) {
		return sp_wr_ok(out);
	}
	sp_wr_fixed(&body, p, room);
	sp_bitmap_write(&body, 0);
	for (int k = 0; e->dirty > 0 && !(e->conf.one_rect && rects == 1); k++) {
		bool was_dirty;
		int n;

		if (k < PICKS && !(e->partly && e->tile[e->at].x1 != 0)) {
			e->at = next_tile(e);
		}
		while (e->tile[e->at].x1 == 0) {
			e->at = e->at + 1 < e->n ? e->at + 1 : 0;
		}
		if (e->tile[e->at].served > e->clock) {
			e->clock = e->tile[e->at].served;
		}
		n = put_tile(e, e->at, rects == 0, fb, stride, &body);
		was_dirty = e->tile[e->at].x1 != 0;
		e->partly = was_dirty && n > 0;
		if (n < 0) {
			sp_wr_shrink(out, room);
			return n;
		}
		rects = (uint16_t)(rects + n);
		if (was_dirty) {
			break; /* the update is full */
		}
	}
	if (rects == 0) {
		sp_wr_shrink(out, room);
		return 0;
	}
	sp_wr_fill_le16(&body, 2, rects);
	sp_wr_shrink(out, room - body.n);
	return (int)body.n;
}

void sp_emit_palette(struct sp_wr *out)
{
	struct sp_palette palette;
	uint8_t rgb[256][3];

	sp_pixel_palette332(&palette);
	for (size_t i = 0; i < 256; i++) {
		rgb[i][0] = (uint8_t)(palette.bgrx[i] >> 16);
		rgb[i][1] = (uint8_t)(palette.bgrx[i] >> 8);
		rgb[i][2] = (uint8_t)palette.bgrx[i];
	}
	sp_bitmap_palette_write(out, (const uint8_t(*)[3])rgb);
}
