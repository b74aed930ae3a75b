/* core/codec/progressive_dec.c - streams of progressive tiles into the pixels of a surface. */
#include "core/codec/progressive_state.h"

#include <string.h>

#include "core/base/mem.h"

/* Pieces that the rectangles of one region are cut into by the grid, at most. */
#define PIECES_MAX (1u << 19)

/* ---- what changed ---- */

struct changes {
	struct sp_rect *rects;
	size_t n, cap;
};

static void changed(struct changes *c, struct sp_rect r)
{
	if (c->n < c->cap) {
		c->rects[c->n++] = r;
	} else {
		c->rects[c->n - 1] = sp_rect_or(c->rects[c->n - 1], r);
	}
}

/* ---- regions ---- */

static struct sp_rect rect_at(const struct sp_prog_region *g, size_t i)
{
	const uint8_t *p = g->rects.p + 8 * i;
	const struct sp_rect surface = {0, 0, (int32_t)g->d->w, (int32_t)g->d->h};
	/* [MS-RDPRFX] 2.2.2.1.6 TS_RFX_RECT */
	struct sp_rect r = {p[0] | p[1] << 8, p[2] | p[3] << 8, p[4] | p[5] << 8, p[6] | p[7] << 8};

	return sp_rect_and(r, surface);
}

/* The columns or rows of the grid that n pixels from `at` on touch. */
static uint32_t first_tile(int32_t at)
{
	return (uint32_t)at / SP_PROG_TILE;
}

static uint32_t end_tile(int32_t at, int32_t n)
{
	return ((uint32_t)(at + n) + SP_PROG_TILE - 1) / SP_PROG_TILE;
}

static struct sp_prog_piece cut(struct sp_rect r, uint32_t column, uint32_t row)
{
	struct sp_rect tile = {(int32_t)column * SP_PROG_TILE, (int32_t)row * SP_PROG_TILE,
			SP_PROG_TILE, SP_PROG_TILE};
	struct sp_rect p = sp_rect_and(r, tile);

	return (struct sp_prog_piece){(uint8_t)(p.x - tile.x), (uint8_t)(p.y - tile.y),
			(uint8_t)p.w, (uint8_t)p.h};
}

/* Counts what each tile of the grid gets, into first[i + 2], and their box. */
static int pieces_count(struct sp_prog_region *g, uint32_t *total)
{
	uint32_t end_column = 0, end_row = 0;

	*total = 0;
	g->column = g->d->columns;
	g->row = g->d->rows;
	for (size_t i = 0; i < g->nrects; i++) {
		struct sp_rect r = rect_at(g, i);

		if (sp_rect_empty(r)) {
			continue;
		}
		uint32_t x0 = first_tile(r.x), x1 = end_tile(r.x, r.w);
		uint32_t y0 = first_tile(r.y), y1 = end_tile(r.y, r.h);

		*total += (x1 - x0) * (y1 - y0);
		if (*total > PIECES_MAX) {
			return SP_ELIMIT;
		}
		g->column = x0 < g->column ? x0 : g->column;
		g->row = y0 < g->row ? y0 : g->row;
		end_column = x1 > end_column ? x1 : end_column;
		end_row = y1 > end_row ? y1 : end_row;
		for (uint32_t y = y0; y < y1; y++) {
			for (uint32_t x = x0; x < x1; x++) {
				g->first[(size_t)y * g->d->columns + x + 2]++;
			}
		}
	}
	g->columns = end_column > g->column ? end_column - g->column : 0;
	g->rows = end_row > g->row ? end_row - g->row : 0;
	return SP_OK;
}

/* Sorts the region's rectangles by the tiles that they touch. */
static int pieces_make(struct sp_prog_region *g)
{
	size_t n = (size_t)g->d->columns * g->d->rows;
	uint32_t total;

	g->first = sp_calloc(n + 2, sizeof(*g->first));
	if (!g->first) {
		return SP_ENOMEM;
	}
	int rc = pieces_count(g, &total);

	if (rc != SP_OK) {
		return rc;
	}
	g->piece = sp_malloc((total > 0 ? total : 1) * sizeof(*g->piece));
	if (!g->piece) {
		return SP_ENOMEM;
	}
	/* first[i + 1] is where the next piece of tile i goes, and so ends as where they end. */
	for (size_t i = 2; i < n + 2; i++) {
		g->first[i] += g->first[i - 1];
	}
	for (size_t i = 0; i < g->nrects; i++) {
		struct sp_rect r = rect_at(g, i);

		if (sp_rect_empty(r)) {
			continue;
		}
		for (uint32_t y = first_tile(r.y); y < end_tile(r.y, r.h); y++) {
			for (uint32_t x = first_tile(r.x); x < end_tile(r.x, r.w); x++) {
				size_t at = (size_t)y * g->d->columns + x;

				g->piece[g->first[at + 1]++] = cut(r, x, y);
			}
		}
	}
	return SP_OK;
}

/* Tiles of the frame's earlier regions, where rectangles of this one ask for more of them. */
static int paint_shared(struct sp_prog_region *g)
{
	struct sp_prog_dec *d = g->d;

	for (uint32_t y = g->row; y < g->row + g->rows; y++) {
		for (uint32_t x = g->column; x < g->column + g->columns; x++) {
			size_t i = (size_t)y * d->columns + x;
			struct sp_prog_tile *t = d->tiles[i];

			if (!t || !t->sent || t->frame != g->frame || t->unpainted == 0 ||
					t->region == d->region || g->first[i] == g->first[i + 1]) {
				continue;
			}
			if (t->again == SP_PROG_AGAIN_MAX) {
				return SP_ELIMIT;
			}
			t->again++;
			sp_prog_paint(g, i, t);
		}
	}
	return SP_OK;
}

static int region_head_read(struct sp_prog_region *g, struct sp_rd *r)
{
	uint8_t size = sp_rd_u8(r);

	g->nrects = sp_rd_le16(r);
	g->nquants = sp_rd_u8(r);
	g->nsteps = sp_rd_u8(r);
	g->layout = sp_rd_u8(r) & SP_PROG_REDUCE_EXTRAPOLATE ? SP_RFX_REDUCE : SP_RFX_PLAIN;
	g->ntiles = sp_rd_le16(r);
	g->tile_bytes = sp_rd_le32(r);
	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	if (size != SP_PROG_TILE) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.tileSize");
	}
	if (g->nrects == 0) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.numRects");
	}
	if (!(g->nquants <= SP_PROG_MAX_QUANTS)) {
		return sp_rd_fail(r, SP_EFIELD, "progressive.numQuant");
	}
	g->rects = sp_rd_span(r, 8 * (size_t)g->nrects);
	return sp_rd_ok(r);
}

static int quants_read(struct sp_prog_region *g, struct sp_rd *r)
{
	for (size_t i = 0; i < g->nquants; i++) {
		sp_prog_quant_read(r, &g->quant[i]);
		for (size_t b = 0; b < SP_RFX_BANDS; b++) {
			if (g->quant[i].q[b] == 0) {
				return sp_rd_fail(r, SP_EFIELD, "progressive.quantVals");
			}
		}
	}
	for (size_t i = 0; i < g->nsteps; i++) {
		g->step[i].quality = sp_rd_u8(r);
		for (size_t c = 0; c < 3; c++) {
			sp_prog_quant_read(r, &g->step[i].c[c]);
			for (size_t b = 0; b < SP_RFX_BANDS; b++) {
				if (g->step[i].c[c].q[b] > SP_PROG_MAX_BITS) {
					return sp_rd_fail(
							r, SP_EFIELD, "progressive.quantProgVals");
				}
			}
		}
	}
	return sp_rd_ok(r);
}

/* [MS-RDPEGFX] 2.2.4.2.1.5 RFX_PROGRESSIVE_REGION */
static int region_read(struct sp_prog_region *g, struct sp_rd *r, struct changes *out)
{
	int rc = region_head_read(g, r);

	if (rc == SP_OK) {
		rc = quants_read(g, r);
	}
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_rd tiles = sp_rd_sub(r, g->tile_bytes);

	if (sp_rd_ok(r) != SP_OK) {
		return sp_rd_ok(r);
	}
	g->d->region++;
	rc = pieces_make(g);
	if (rc == SP_OK) {
		rc = sp_prog_region_tiles(g, &tiles);
	}
	if (rc == SP_OK) {
		rc = paint_shared(g);
	}
	for (size_t i = 0; rc == SP_OK && i < g->nrects; i++) {
		struct sp_rect rect = rect_at(g, i);

		if (!sp_rect_empty(rect)) {
			changed(out, rect);
		}
	}
	sp_free(g->first);
	sp_free(g->piece);
	g->first = NULL;
	g->piece = NULL;
	return rc;
}

/* One RFX_PROGRESSIVE_DATABLOCK of the stream. */
static int block_read(struct sp_prog_region *g, uint16_t type, struct sp_rd *body, bool *begun,
		struct changes *out)
{
	switch (type) {
	case SP_PROG_CONTEXT:
		sp_rd_skip(body, 1); /* ctxId */
		if (sp_rd_le16(body) != SP_PROG_TILE) {
			return sp_rd_fail(body, SP_EFIELD, "progressive.tileSize");
		}
		sp_rd_skip(body, 1); /* flags: each tile tells whether it is a difference */
		return sp_rd_end(body);
	case SP_PROG_FRAME_BEGIN:
		sp_rd_skip(body, 4 + 2); /* frameIndex, regionCount */
		*begun = true;
		return sp_rd_end(body);
	case SP_PROG_FRAME_END:
		*begun = false;
		return sp_rd_end(body);
	case SP_PROG_REGION:
		/* "the decoder MUST ignore it" outside a frame */
		return *begun ? region_read(g, body, out) : SP_OK;
	case SP_PROG_TILE_SIMPLE:
	case SP_PROG_TILE_FIRST:
	case SP_PROG_TILE_UPGRADE:
		return sp_rd_fail(body, SP_EFIELD, "progressive.blockType");
	default: /* SYNC, whose contents count for nothing, and what the spec does not know */
		return SP_OK;
	}
}

int sp_prog_decode(struct sp_prog_dec *d, struct sp_span in, uint32_t frame, uint8_t *px,
		size_t stride, struct sp_rect *rects, size_t cap)
{
	struct sp_prog_region g = {.d = d, .frame = frame, .px = px, .stride = stride};
	struct changes out = {.rects = rects, .cap = cap};
	bool begun = false;
	struct sp_rd r;

	if (cap == 0) {
		return SP_EARG;
	}
	sp_rd_init(&r, in.p, in.n);
	while (sp_rd_left(&r) > 0) {
		uint16_t type = sp_rd_le16(&r);
		uint32_t len = sp_rd_le32(&r);

		if (sp_rd_ok(&r) == SP_OK && len < SP_PROG_BLOCK_HEADER) {
			sp_rd_fail(&r, SP_EFIELD, "progressive.blockLen");
		}
		if (sp_rd_ok(&r) != SP_OK) {
			return sp_rd_ok(&r);
		}
		struct sp_rd body = sp_rd_sub(&r, len - SP_PROG_BLOCK_HEADER);

		if (sp_rd_ok(&r) != SP_OK) {
			return sp_rd_ok(&r);
		}
		int rc = block_read(&g, type, &body, &begun, &out);

		if (rc != SP_OK) {
			return rc;
		}
	}
	return (int)out.n;
}
