/* core/codec/rfx_enc.c - see rfx.h; pictures into messages. */
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/rfx.h"
#include "core/codec/rfx_wire.h"

struct sp_rfx_enc {
	struct sp_rfx_conf conf;
	const struct sp_rfx_kernel *k;
	struct sp_rfx_work *work; /* for sp_rfx_encode, when first called */
	uint32_t frame;
	bool headers; /* were sent */
};

static void shifts(const struct sp_rfx_quant *q, uint8_t out[SP_RFX_BANDS])
{
	const uint8_t in[SP_RFX_BANDS] = {q->hl1, q->lh1, q->hh1, q->hl2, q->lh2, q->hh2, q->hl3,
			q->lh3, q->hh3, q->ll3};

	for (size_t i = 0; i < SP_RFX_BANDS; i++) {
		out[i] = (uint8_t)(in[i] - 1);
	}
}

/* A plane into work->bytes; returns the length of the stream or SP_ESPACE. */
static int encode_plane(const struct sp_rfx_kernel *k, struct sp_rfx_work *work,
		const struct sp_rfx_conf *conf, const struct sp_rfx_quant *quant, int16_t *plane,
		bool flat)
{
	const size_t ll3 = sp_rfx_band_at[SP_RFX_PLAIN][SP_RFX_LL3];
	uint8_t shift[SP_RFX_BANDS];

	shifts(quant, shift);
	if (flat) {
		/* The wavelet of one value is that value and nothing else. */
		memset(work->coef, 0, sizeof(work->coef));
		memset(work->mask, 0, sizeof(work->mask));
		work->coef[ll3] = plane[0];
		k->quantize(work->coef + ll3, 1, shift[SP_RFX_LL3]);
		work->mask[ll3 / 64] = work->coef[ll3] != 0;
	} else {
		k->dwt[SP_RFX_PLAIN](plane, work->coef);
		sp_rfx_quantize(k, SP_RFX_PLAIN, shift, work->coef);
		sp_rfx_ll3_delta(SP_RFX_PLAIN, work->coef);
		k->mark(work->coef, work->mask);
	}
	return k->rlgr_encode(conf->rlgr, work->coef, work->mask, work->bytes);
}

/* [MS-RDPRFX] 2.2.2.3.4.1 TS_RFX_TILE */
int sp_rfx_tile_encode(const struct sp_rfx_kernel *k, struct sp_rfx_work *work,
		const struct sp_rfx_conf *conf, const struct sp_rfx_tile *tile, const uint8_t *px,
		size_t stride, unsigned w, unsigned h, struct sp_wr *out)
{
	const uint8_t quant[3] = {tile->quant_y, tile->quant_cb, tile->quant_cr};
	size_t start = out->n, lengths;

	if (!(1 <= w && w <= SP_RFX_TILE && 1 <= h && h <= SP_RFX_TILE)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < 3; i++) {
		if (!(quant[i] < conf->n_quants)) {
			return SP_EARG;
		}
	}
	if (w < SP_RFX_TILE || h < SP_RFX_TILE) {
		sp_rfx_pad(px, stride, w, h, work->tile);
		px = work->tile;
		stride = (size_t)4 * SP_RFX_TILE;
	}
	unsigned flat = k->to_planes(px, stride, work->plane[0], work->plane[1], work->plane[2]);

	sp_wr_le16(out, CBT_TILE);
	sp_wr_hole(out, 4 /* blockLen */);
	sp_wr_u8(out, tile->quant_y);
	sp_wr_u8(out, tile->quant_cb);
	sp_wr_u8(out, tile->quant_cr);
	sp_wr_le16(out, tile->x);
	sp_wr_le16(out, tile->y);
	lengths = sp_wr_hole(out, 6 /* YLen, CbLen, CrLen */);
	for (unsigned i = 0; i < 3; i++) {
		int n = encode_plane(k, work, conf, &conf->quant[quant[i]], work->plane[i],
				(flat >> i & 1) != 0);

		if (n < 0) {
			return sp_wr_fail(out, n);
		}
		sp_wr_fill_le16(out, lengths + 2 * i, (size_t)n);
		sp_wr_put(out, work->bytes, (size_t)n);
	}
	sp_wr_fill_le32(out, start + 2, out->n - start);
	int rc = sp_wr_ok(out);

	return rc == SP_OK ? (int)(out->n - start) : rc;
}

static bool quant_ok(const struct sp_rfx_quant *q)
{
	uint8_t v[SP_RFX_BANDS];

	shifts(q, v);
	for (size_t i = 0; i < SP_RFX_BANDS; i++) {
		if (!(RFX_QUANT_MIN - 1 <= v[i] && v[i] <= RFX_QUANT_MAX - 1)) {
			return false;
		}
	}
	return true;
}

static bool conf_ok(const struct sp_rfx_conf *c)
{
	if (c->rlgr != SP_RLGR1 && c->rlgr != SP_RLGR3) {
		return false;
	}
	if (!(1 <= c->w && c->w <= SP_PIXEL_SIDE_MAX && 1 <= c->h && c->h <= SP_PIXEL_SIDE_MAX) ||
			!(1 <= c->n_quants && c->n_quants <= SP_RFX_MAX_QUANTS)) {
		return false;
	}
	for (size_t i = 0; i < c->n_quants; i++) {
		if (!quant_ok(&c->quant[i])) {
			return false;
		}
	}
	return true;
}

struct sp_rfx_enc *sp_rfx_enc_create(const struct sp_rfx_conf *conf)
{
	struct sp_rfx_enc *e = conf_ok(conf) ? sp_calloc(1, sizeof(*e)) : NULL;

	if (e) {
		e->conf = *conf;
		e->k = sp_rfx_kernel(sp_cpu_best());
	}
	return e;
}

void sp_rfx_enc_destroy(struct sp_rfx_enc *e)
{
	if (e) {
		sp_free(e->work);
		sp_free(e);
	}
}

const struct sp_rfx_conf *sp_rfx_enc_conf(const struct sp_rfx_enc *e)
{
	return &e->conf;
}

void sp_rfx_enc_restart(struct sp_rfx_enc *e)
{
	e->headers = false;
}

static void block(struct sp_wr *out, uint16_t type, size_t size)
{
	sp_wr_le16(out, type);
	sp_wr_le32(out, (uint32_t)size);
}

/* [MS-RDPRFX] 2.2.2.1.2 TS_RFX_CODEC_CHANNELT */
static void channel_block(struct sp_wr *out, uint16_t type, size_t size)
{
	block(out, type, size);
	sp_wr_u8(out, RFX_CODEC_ID);
	sp_wr_u8(out, type == WBT_CONTEXT ? RFX_CHANNEL_CONTEXT : RFX_CHANNEL);
}

/* [MS-RDPRFX] 2.2.2.2 Encode Header Messages */
static void write_headers(const struct sp_rfx_conf *conf, struct sp_wr *out)
{
	block(out, WBT_SYNC, RFX_SYNC_SIZE);
	sp_wr_le32(out, WF_MAGIC);
	sp_wr_le16(out, WF_VERSION_1_0);

	block(out, WBT_CODEC_VERSIONS, RFX_VERSIONS_SIZE);
	sp_wr_u8(out, 1); /* numCodecs */
	sp_wr_u8(out, RFX_CODEC_ID);
	sp_wr_le16(out, WF_VERSION_1_0);

	block(out, WBT_CHANNELS, RFX_CHANNELS_SIZE);
	sp_wr_u8(out, 1); /* numChannels */
	sp_wr_u8(out, RFX_CHANNEL);
	sp_wr_le16(out, conf->w);
	sp_wr_le16(out, conf->h);

	channel_block(out, WBT_CONTEXT, RFX_CONTEXT_SIZE);
	sp_wr_u8(out, 0); /* ctxId */
	sp_wr_le16(out, CT_TILE_64X64);
	sp_wr_le16(out,
			(uint16_t)((conf->image ? CODEC_MODE : 0) | COL_CONV_ICT << 3 |
					CLW_XFORM_DWT_53_A << 5 | (unsigned)conf->rlgr << 9 |
					SCALAR_QUANTIZATION << 13));
}

/* The same values lie elsewhere in TS_RFX_TILESET. */
static uint16_t tileset_properties(const struct sp_rfx_conf *conf)
{
	return (uint16_t)(1 /* lt */ | (conf->image ? CODEC_MODE : 0) << 1 | COL_CONV_ICT << 4 |
			CLW_XFORM_DWT_53_A << 6 | (unsigned)conf->rlgr << 10 |
			SCALAR_QUANTIZATION << 14);
}

/* [MS-RDPRFX] 2.2.2.1.5 TS_RFX_CODEC_QUANT */
static void write_quant(const struct sp_rfx_quant *q, struct sp_wr *out)
{
	sp_wr_u8(out, (uint8_t)(q->ll3 | q->lh3 << 4));
	sp_wr_u8(out, (uint8_t)(q->hl3 | q->hh3 << 4));
	sp_wr_u8(out, (uint8_t)(q->lh2 | q->hl2 << 4));
	sp_wr_u8(out, (uint8_t)(q->hh2 | q->lh1 << 4));
	sp_wr_u8(out, (uint8_t)(q->hl1 | q->hh1 << 4));
}

/*
 * Everything up to the tiles. Returns the offset of the tile set, whose counts write_end() puts
 * in.
 */
static size_t write_begin(struct sp_rfx_enc *e, const struct sp_rect *rects, size_t n_rects,
		struct sp_wr *out)
{
	const struct sp_rfx_conf *conf = &e->conf;

	if (conf->image || !e->headers) {
		write_headers(conf, out);
	}
	channel_block(out, WBT_FRAME_BEGIN, RFX_FRAME_BEGIN_SIZE);
	sp_wr_le32(out, e->frame);
	sp_wr_le16(out, 1); /* numRegions */

	channel_block(out, WBT_REGION, RFX_REGION_SIZE + RFX_RECT_SIZE * n_rects);
	sp_wr_u8(out, 1); /* regionFlags: lrf */
	sp_wr_le16(out, (uint16_t)n_rects);
	for (size_t i = 0; i < n_rects; i++) {
		sp_wr_le16(out, (uint16_t)rects[i].x);
		sp_wr_le16(out, (uint16_t)rects[i].y);
		sp_wr_le16(out, (uint16_t)rects[i].w);
		sp_wr_le16(out, (uint16_t)rects[i].h);
	}
	sp_wr_le16(out, CBT_REGION);
	sp_wr_le16(out, 1); /* numTilesets */

	size_t tileset = out->n;

	channel_block(out, WBT_EXTENSION, 0);
	sp_wr_le16(out, CBT_TILESET);
	sp_wr_le16(out, 0); /* idx */
	sp_wr_le16(out, tileset_properties(conf));
	sp_wr_u8(out, conf->n_quants);
	sp_wr_u8(out, SP_RFX_TILE);
	sp_wr_hole(out, 2 /* numTiles */ + 4 /* tilesDataSize */);
	for (size_t i = 0; i < conf->n_quants; i++) {
		write_quant(&conf->quant[i], out);
	}
	return tileset;
}

static int write_end(struct sp_rfx_enc *e, size_t start, size_t tileset, size_t n_tiles,
		struct sp_wr *out)
{
	size_t size = out->n - tileset;

	sp_wr_fill_le32(out, tileset + 2, size);
	sp_wr_fill_le16(out, tileset + 16, n_tiles);
	sp_wr_fill_le32(out, tileset + 18,
			size - RFX_TILESET_SIZE - RFX_QUANT_SIZE * (size_t)e->conf.n_quants);
	channel_block(out, WBT_FRAME_END, RFX_FRAME_END_SIZE);
	if (sp_wr_ok(out) == SP_OK && out->n - start > INT32_MAX) {
		return sp_wr_fail(out, SP_ESPACE);
	}
	int rc = sp_wr_ok(out);

	if (rc != SP_OK) {
		return rc;
	}
	e->headers = true;
	e->frame++;
	return (int)(out->n - start);
}

static bool rect_ok(const struct sp_rfx_conf *conf, struct sp_rect r)
{
	return 0 <= r.x && 0 <= r.y && 1 <= r.w && 1 <= r.h && r.x < conf->w && r.y < conf->h &&
			r.w <= conf->w - r.x && r.h <= conf->h - r.y;
}

int sp_rfx_message(struct sp_rfx_enc *e, const struct sp_rect *rects, size_t n_rects,
		const struct sp_span *spans, size_t n_spans, size_t n_tiles, struct sp_wr *out)
{
	size_t start = out->n;

	if (!(1 <= n_rects && n_rects <= SP_RFX_MAX_RECTS) || n_tiles > UINT16_MAX) {
		return SP_EARG;
	}
	for (size_t i = 0; i < n_rects; i++) {
		if (!rect_ok(&e->conf, rects[i])) {
			return SP_EARG;
		}
	}
	size_t tileset = write_begin(e, rects, n_rects, out);

	for (size_t i = 0; i < n_spans; i++) {
		sp_wr_span(out, spans[i]);
	}
	return write_end(e, start, tileset, n_tiles, out);
}

static bool touched(struct sp_rect tile, const struct sp_rect *rects, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!sp_rect_empty(sp_rect_and(tile, rects[i]))) {
			return true;
		}
	}
	return false;
}

int sp_rfx_encode(struct sp_rfx_enc *e, const uint8_t *px, size_t stride,
		const struct sp_rect *rects, size_t n_rects, struct sp_wr *out)
{
	struct sp_rect whole = {0, 0, e->conf.w, e->conf.h}, all = {0, 0, 0, 0};
	struct sp_rect clipped[SP_RFX_MAX_RECTS];
	size_t n = 0, n_tiles = 0, start = out->n;

	if (n_rects > SP_RFX_MAX_RECTS) {
		return SP_EARG;
	}
	for (size_t i = 0; i < n_rects; i++) {
		clipped[n] = sp_rect_and(whole, rects[i]);
		all = sp_rect_or(all, clipped[n]);
		n += !sp_rect_empty(clipped[n]);
	}
	if (n == 0) {
		return 0;
	}
	if (!e->work) {
		e->work = sp_malloc(sizeof(*e->work));
		if (!e->work) {
			return SP_ENOMEM;
		}
	}
	size_t tileset = write_begin(e, clipped, n, out);

	for (int32_t y = all.y / SP_RFX_TILE; y * SP_RFX_TILE < all.y + all.h; y++) {
		for (int32_t x = all.x / SP_RFX_TILE; x * SP_RFX_TILE < all.x + all.w; x++) {
			struct sp_rect r = sp_rect_and(whole,
					(struct sp_rect){x * SP_RFX_TILE, y * SP_RFX_TILE,
							SP_RFX_TILE, SP_RFX_TILE});
			struct sp_rfx_tile tile = {.x = (uint16_t)x, .y = (uint16_t)y};

			if (!touched(r, clipped, n)) {
				continue;
			}
			int rc = sp_rfx_tile_encode(e->k, e->work, &e->conf, &tile,
					px + (size_t)r.y * stride + (size_t)4 * (size_t)r.x, stride,
					(unsigned)r.w, (unsigned)r.h, out);

			if (rc < 0) {
				return rc;
			}
			n_tiles++;
		}
	}
	return write_end(e, start, tileset, n_tiles, out);
}
