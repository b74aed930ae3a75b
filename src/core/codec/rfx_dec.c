/* core/codec/rfx_dec.c - see rfx.h; messages into pictures. */
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/codec/rfx.h"
#include "core/codec/rfx_wire.h"

#define MAX_RECTS 2048 /* of a region */
#define SAVE_VERSION 1

/* Headers seen since the last TS_RFX_SYNC. */
#define HAVE_SYNC 0x01
#define HAVE_VERSIONS 0x02
#define HAVE_CHANNELS 0x04
#define HAVE_CONTEXT 0x08
#define HAVE_ALL 0x0f

struct sp_rfx_dec {
	const struct sp_rfx_kernel *k;
	uint8_t have;
	uint16_t w, h; /* of the frame, with HAVE_CHANNELS */

	/* Within a message. */
	bool frame, region; /* such a block is open */
	struct sp_rect rects[MAX_RECTS]; /* of the region, clipped to frame and picture */
	size_t n_rects;
	struct sp_rfx_work work;
};

/* The caller's picture and list. */
struct target {
	uint8_t *px;
	size_t stride;
	struct sp_rect whole; /* frame and picture */
	uint32_t w, h;
	struct sp_rect *rects;
	size_t cap, n;
};

struct sp_rfx_dec *sp_rfx_dec_create(void)
{
	struct sp_rfx_dec *d = sp_calloc(1, sizeof(*d));

	if (d) {
		d->k = sp_rfx_kernel(sp_cpu_best());
	}
	return d;
}

void sp_rfx_dec_destroy(struct sp_rfx_dec *d)
{
	sp_free(d);
}

void sp_rfx_dec_reset(struct sp_rfx_dec *d)
{
	d->have = 0;
	d->w = d->h = 0;
}

static int read_sync(struct sp_rfx_dec *d, struct sp_rd *r)
{
	uint32_t magic = sp_rd_le32(r);
	uint16_t version = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (magic != WF_MAGIC) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.sync.magic");
	}
	if (version != WF_VERSION_1_0) {
		return sp_rd_fail(r, SP_EPROTO, "rfx.sync.version");
	}
	sp_rfx_dec_reset(d);
	d->have = HAVE_SYNC;
	return SP_OK;
}

static int read_channels(struct sp_rfx_dec *d, struct sp_rd *r)
{
	uint8_t n = sp_rd_u8(r);

	sp_rd_u8(r); /* channelId */
	uint16_t w = sp_rd_le16(r), h = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (n == 0) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.channels.numChannels");
	}
	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return sp_rd_fail(r, SP_ELIMIT, "rfx.channels.size");
	}
	/* What others there are nobody can refer to: every block names channel 0. */
	d->w = w;
	d->h = h;
	d->have |= HAVE_CHANNELS;
	return SP_OK;
}

static int read_context(struct sp_rfx_dec *d, struct sp_rd *r)
{
	sp_rd_u8(r); /* ctxId */
	uint16_t tile = sp_rd_le16(r);

	sp_rd_le16(r); /* properties: what counts of them is in each tile set again */
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (tile != CT_TILE_64X64) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.context.tileSize");
	}
	d->have |= HAVE_CONTEXT;
	return SP_OK;
}

static int read_region(struct sp_rfx_dec *d, struct sp_rd *r, struct target *t)
{
	sp_rd_u8(r); /* regionFlags */
	uint16_t n = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(n <= MAX_RECTS)) {
		return sp_rd_fail(r, SP_ELIMIT, "rfx.region.numRects");
	}
	t->whole = sp_rect_and((struct sp_rect){0, 0, d->w, d->h},
			(struct sp_rect){0, 0, (int32_t)t->w, (int32_t)t->h});
	d->n_rects = 0;
	if (n == 0) {
		d->rects[d->n_rects++] = t->whole;
	}
	for (uint16_t i = 0; i < n; i++) {
		int32_t x = sp_rd_le16(r), y = sp_rd_le16(r);
		int32_t w = sp_rd_le16(r), h = sp_rd_le16(r);
		struct sp_rect rect = sp_rect_and(t->whole, (struct sp_rect){x, y, w, h});

		d->rects[d->n_rects] = rect;
		d->n_rects += !sp_rect_empty(rect);
	}
	if (sp_rd_ok(r) == SP_OK && sp_rd_le16(r) != CBT_REGION) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.region.regionType");
	}
	sp_rd_le16(r); /* numTilesets */
	return sp_rd_ok(r);
}

/* [MS-RDPRFX] 2.2.2.1.5 TS_RFX_CODEC_QUANT into shifts in the order of the bands. */
static bool read_quant(const uint8_t *p, uint8_t shift[SP_RFX_BANDS])
{
	static const uint8_t place[SP_RFX_BANDS] = {SP_RFX_LL3, SP_RFX_LH3, SP_RFX_HL3, SP_RFX_HH3,
			SP_RFX_LH2, SP_RFX_HL2, SP_RFX_HH2, SP_RFX_LH1, SP_RFX_HL1, SP_RFX_HH1};

	for (size_t i = 0; i < SP_RFX_BANDS; i++) {
		uint8_t v = p[i / 2] >> (i % 2 * 4) & 0xf;

		if (v < RFX_QUANT_MIN) {
			return false;
		}
		shift[place[i]] = (uint8_t)(v - 1);
	}
	return true;
}

static void fill_plane(int16_t *plane, int16_t v)
{
	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		plane[i] = v;
	}
}

static void decode_plane(struct sp_rfx_dec *d, enum sp_rlgr mode, const uint8_t *quant,
		struct sp_span in, int16_t *plane)
{
	const size_t at = sp_rfx_band_at[SP_RFX_PLAIN][SP_RFX_LL3];
	int16_t *coef = d->work.coef;
	uint8_t shift[SP_RFX_BANDS];
	unsigned first = d->k->rlgr_decode(mode, in.p, in.n, coef);

	if (first == SP_RFX_COEFS || !read_quant(quant, shift)) {
		fill_plane(plane, 0);
		return;
	}
	if (first == at && coef[at + 1] == 0 &&
			memcmp(coef + at + 1, coef + at + 2, 2 * (SP_RFX_COEFS - at - 2)) == 0) {
		/* One value throughout. */
		d->k->dequantize(coef + at, 1, shift[SP_RFX_LL3]);
		fill_plane(plane, coef[at]);
		return;
	}
	sp_rfx_ll3_sum(SP_RFX_PLAIN, coef);
	sp_rfx_dequantize(d->k, SP_RFX_PLAIN, shift, coef);
	d->k->idwt[SP_RFX_PLAIN](coef, plane);
}

/*
 * Which pixels of the tile are to be painted, a word for each row; true when it is all of them.
 * So the work for a tile is bounded however often the rectangles overlap.
 */
static bool cover(const struct sp_rfx_dec *d, struct sp_rect tile, uint64_t rows[SP_RFX_TILE],
		bool *any)
{
	*any = false;
	memset(rows, 0, SP_RFX_TILE * sizeof(*rows));
	for (size_t i = 0; i < d->n_rects; i++) {
		struct sp_rect r = sp_rect_and(tile, d->rects[i]);

		if (sp_rect_empty(r)) {
			continue;
		}
		*any = true;
		if (r.w == SP_RFX_TILE && r.h == SP_RFX_TILE) {
			return true;
		}
		uint64_t bits = UINT64_MAX >> (64 - r.w) << (r.x - tile.x);

		for (int32_t y = r.y - tile.y; y < r.y - tile.y + r.h; y++) {
			rows[y] |= bits;
		}
	}
	return false;
}

static void copy_covered(struct target *t, struct sp_rect tile, const uint8_t *from,
		const uint64_t rows[SP_RFX_TILE])
{
	for (size_t y = 0; y < SP_RFX_TILE; y++) {
		const uint8_t *src = from + (size_t)4 * SP_RFX_TILE * y;
		uint64_t left = rows[y];

		while (left != 0) {
			unsigned x = (unsigned)__builtin_ctzll(left);
			uint64_t rest = ~(left >> x);
			unsigned n = rest != 0 ? (unsigned)__builtin_ctzll(rest) : 64;
			uint8_t *to = t->px + ((size_t)tile.y + y) * t->stride +
					(size_t)4 * ((size_t)tile.x + x);

			memcpy(to, src + (size_t)4 * x, (size_t)4 * n);
			left &= n + x < 64 ? UINT64_MAX << (n + x) : 0;
		}
	}
}

struct tileset {
	enum sp_rlgr mode;
	struct sp_span quants;
	size_t n_quants;
};

/* [MS-RDPRFX] 2.2.2.3.4.1 TS_RFX_TILE */
static int read_tile(struct sp_rfx_dec *d, struct sp_rd *r, const struct tileset *set,
		struct target *t, bool *painted)
{
	uint16_t type = sp_rd_le16(r);
	uint32_t size = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (type != CBT_TILE) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.tile.blockType");
	}
	if (!(SP_RFX_TILE_HEADER <= size)) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.tile.blockLen");
	}
	struct sp_rd b = sp_rd_sub(r, size - RFX_BLOCK);
	uint8_t quant[3];
	uint16_t len[3];
	struct sp_span in[3];
	uint64_t rows[SP_RFX_TILE];
	bool any;

	for (size_t i = 0; i < 3; i++) {
		quant[i] = sp_rd_u8(&b);
	}
	int32_t x = sp_rd_le16(&b), y = sp_rd_le16(&b);

	for (size_t i = 0; i < 3; i++) {
		len[i] = sp_rd_le16(&b);
	}
	for (size_t i = 0; i < 3; i++) {
		in[i] = sp_rd_span(&b, len[i]);
	}
	if (sp_rd_ok(&b) != SP_OK) {
		return b.err;
	}
	for (size_t i = 0; i < 3; i++) {
		if (!(quant[i] < set->n_quants)) {
			return sp_rd_fail(&b, SP_EFIELD, "rfx.tile.quantIdx");
		}
	}
	struct sp_rect tile = {x * SP_RFX_TILE, y * SP_RFX_TILE, SP_RFX_TILE, SP_RFX_TILE};
	bool whole = cover(d, tile, rows, &any);

	if (!any) {
		return SP_OK;
	}
	for (size_t i = 0; i < 3; i++) {
		decode_plane(d, set->mode, set->quants.p + RFX_QUANT_SIZE * (size_t)quant[i], in[i],
				d->work.plane[i]);
	}
	if (whole) {
		d->k->to_pixels(d->work.plane[0], d->work.plane[1], d->work.plane[2],
				t->px + (size_t)tile.y * t->stride + (size_t)4 * (size_t)tile.x,
				t->stride);
	} else {
		d->k->to_pixels(d->work.plane[0], d->work.plane[1], d->work.plane[2], d->work.tile,
				(size_t)4 * SP_RFX_TILE);
		copy_covered(t, tile, d->work.tile, rows);
	}
	*painted = true;
	return SP_OK;
}

static void report(struct target *t, const struct sp_rect *rects, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (t->n < t->cap) {
			t->rects[t->n++] = rects[i];
			continue;
		}
		/* Too many: one around all of them. */
		for (size_t j = 1; j < t->n; j++) {
			t->rects[0] = sp_rect_or(t->rects[0], t->rects[j]);
		}
		t->n = 1;
		t->cap = 1;
		t->rects[0] = sp_rect_or(t->rects[0], rects[i]);
	}
}

/* [MS-RDPRFX] 2.2.2.3.4 TS_RFX_TILESET */
static int read_tileset(struct sp_rfx_dec *d, struct sp_rd *r, struct target *t)
{
	uint16_t subtype = sp_rd_le16(r);

	sp_rd_le16(r); /* idx */
	uint16_t properties = sp_rd_le16(r);
	uint8_t n_quants = sp_rd_u8(r);

	sp_rd_u8(r); /* tileSize */
	uint16_t n_tiles = sp_rd_le16(r);
	uint32_t size = sp_rd_le32(r);
	struct tileset set = {.n_quants = n_quants, .mode = (enum sp_rlgr)(properties >> 10 & 0xf)};
	uint8_t shift[SP_RFX_BANDS];
	bool painted = false;

	set.quants = sp_rd_span(r, RFX_QUANT_SIZE * (size_t)n_quants);
	struct sp_rd tiles = sp_rd_sub(r, size);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (subtype != CBT_TILESET) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.tileset.subtype");
	}
	if (set.mode != SP_RLGR1 && set.mode != SP_RLGR3) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.tileset.et");
	}
	for (size_t i = 0; i < n_quants; i++) {
		if (!read_quant(set.quants.p + RFX_QUANT_SIZE * i, shift)) {
			return sp_rd_fail(r, SP_EFIELD, "rfx.tileset.quantVals");
		}
	}
	/* Not more tiles than the frame has room for, so that its cost is bounded. */
	if (!(n_tiles <= (d->w + SP_RFX_TILE - 1) / SP_RFX_TILE *
					    ((d->h + SP_RFX_TILE - 1) / SP_RFX_TILE))) {
		return sp_rd_fail(r, SP_ELIMIT, "rfx.tileset.numTiles");
	}
	for (uint16_t i = 0; i < n_tiles; i++) {
		int rc = read_tile(d, &tiles, &set, t, &painted);

		if (rc != SP_OK) {
			return rc;
		}
	}
	if (painted) {
		report(t, d->rects, d->n_rects);
	}
	return SP_OK;
}

/* What a block needs to have come before it. */
static bool expected(const struct sp_rfx_dec *d, uint16_t type)
{
	switch (type) {
	case WBT_SYNC:
		return true;
	case WBT_CODEC_VERSIONS:
	case WBT_CHANNELS:
	case WBT_CONTEXT:
		return (d->have & HAVE_SYNC) && !d->frame;
	case WBT_FRAME_BEGIN:
		return d->have == HAVE_ALL && !d->frame;
	case WBT_REGION:
	case WBT_FRAME_END:
		return d->frame;
	default:
		return d->region;
	}
}

static int read_block(struct sp_rfx_dec *d, struct sp_rd *r, struct target *t)
{
	uint16_t type = sp_rd_le16(r);
	uint32_t size = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	if (!(WBT_SYNC <= type && type <= WBT_EXTENSION)) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.blockType");
	}
	if (!(RFX_BLOCK <= size)) {
		return sp_rd_fail(r, SP_EFIELD, "rfx.blockLen");
	}
	struct sp_rd b = sp_rd_sub(r, size - RFX_BLOCK);

	if (type >= WBT_CONTEXT) {
		uint8_t codec = sp_rd_u8(&b), channel = sp_rd_u8(&b);

		if (sp_rd_ok(&b) != SP_OK) {
			return b.err;
		}
		if (codec != RFX_CODEC_ID) {
			return sp_rd_fail(&b, SP_EFIELD, "rfx.codecId");
		}
		if (channel != (type == WBT_CONTEXT ? RFX_CHANNEL_CONTEXT : RFX_CHANNEL)) {
			return sp_rd_fail(&b, SP_EFIELD, "rfx.channelId");
		}
	}
	if (!expected(d, type)) {
		return sp_rd_fail(&b, SP_ESTATE, "rfx.blockType");
	}
	switch (type) {
	case WBT_SYNC:
		d->frame = d->region = false;
		return read_sync(d, &b);
	case WBT_CODEC_VERSIONS:
		/* numCodecs and codecs say nothing that TS_RFX_SYNC has not said. */
		sp_rd_skip(&b, 4);
		d->have |= HAVE_VERSIONS;
		return sp_rd_ok(&b);
	case WBT_CHANNELS:
		return read_channels(d, &b);
	case WBT_CONTEXT:
		return read_context(d, &b);
	case WBT_FRAME_BEGIN:
		sp_rd_skip(&b, 4 /* frameIdx */ + 2 /* numRegions */);
		d->frame = true;
		d->region = false;
		return sp_rd_ok(&b);
	case WBT_REGION:
		d->region = true;
		return read_region(d, &b, t);
	case WBT_FRAME_END:
		d->frame = d->region = false;
		return SP_OK;
	default:
		d->region = false;
		return read_tileset(d, &b, t);
	}
}

int sp_rfx_decode(struct sp_rfx_dec *d, struct sp_span message, uint8_t *px, size_t stride,
		uint32_t w, uint32_t h, struct sp_rect *rects, size_t cap)
{
	struct target t = {.px = px, .stride = stride, .w = w, .h = h, .rects = rects, .cap = cap};
	struct sp_rd r;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX && cap > 0)) {
		return SP_EARG;
	}
	d->frame = d->region = false;
	sp_rd_init(&r, message.p, message.n);
	while (sp_rd_left(&r) > 0) {
		int rc = read_block(d, &r, &t);

		if (rc != SP_OK) {
			return rc;
		}
	}
	return (int)t.n;
}

int sp_rfx_save(const struct sp_rfx_dec *d, struct sp_wr *out)
{
	sp_wr_u8(out, SAVE_VERSION);
	sp_wr_u8(out, d->have);
	sp_wr_le16(out, d->w);
	sp_wr_le16(out, d->h);
	return sp_wr_ok(out);
}

int sp_rfx_load(struct sp_rfx_dec *d, struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	uint8_t version = sp_rd_u8(&r), have = sp_rd_u8(&r);
	uint16_t w = sp_rd_le16(&r), h = sp_rd_le16(&r);
	bool sized = (have & HAVE_CHANNELS) != 0;

	sp_rfx_dec_reset(d);
	if (sp_rd_end(&r) != SP_OK || version != SAVE_VERSION || have > HAVE_ALL ||
			(sized != (w > 0)) || (sized != (h > 0)) || w > SP_PIXEL_SIDE_MAX ||
			h > SP_PIXEL_SIDE_MAX || (have != 0 && !(have & HAVE_SYNC))) {
		return SP_EFIELD;
	}
	d->have = have;
	d->w = w;
	d->h = h;
	return SP_OK;
}
