/* core/codec/progressive_enc.c - progressive tiles, their upgrades, and streams of them. */
#include "core/codec/progressive.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/codec/progressive_core.h"
#include "core/codec/rfx.h"

/* Order: HL1 LH1 HH1, HL2 LH2 HH2, HL3 LH3 HH3, LL3. Two tables for each quality: Y, chroma. */
static const struct sp_prog_quant quants[2 * SP_PROG_QUALITIES] = {
		{{6, 6, 7, 6, 6, 6, 6, 6, 6, 6}},
		{{7, 7, 8, 6, 6, 7, 6, 6, 6, 6}},
		{{8, 8, 9, 7, 7, 8, 6, 6, 6, 6}},
		{{8, 8, 9, 7, 7, 8, 6, 6, 6, 6}},
		{{9, 9, 10, 8, 8, 9, 7, 7, 7, 6}},
		{{10, 10, 11, 9, 9, 10, 8, 8, 8, 7}},
};

/* What the first pass and the first upgrade leave for later. */
static const struct sp_prog_step steps[SP_PROG_UPGRADES] = {
		{.quality = 30,
				.c = {{{3, 3, 3, 3, 3, 3, 2, 2, 2, 0}},
						{{4, 4, 4, 4, 4, 4, 3, 3, 3, 0}},
						{{4, 4, 4, 4, 4, 4, 3, 3, 3, 0}}}},
		{.quality = 70,
				.c = {{{1, 1, 1, 1, 1, 1, 0, 0, 0, 0}},
						{{2, 2, 2, 2, 2, 2, 1, 1, 1, 0}},
						{{2, 2, 2, 2, 2, 2, 1, 1, 1, 0}}}},
};
static const struct sp_prog_step whole = {.quality = 100};

/* What the client has of a tile: coefficients down to the bits of a step. */
struct tile {
	int16_t *coef[3]; /* NULL: 0 but for LL3, which is flat throughout */
	int16_t flat[3];
	uint8_t quality;
	uint8_t left; /* upgrades */
	bool known; /* INVARIANT: set when left > 0 */
};

struct sp_prog_enc {
	const struct sp_rfx_kernel *k;
	uint32_t w, h, columns, rows;
	bool diff;
	struct tile tiles[];
};

struct sp_prog_enc *sp_prog_enc_create(uint32_t w, uint32_t h, bool diff)
{
	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return NULL;
	}
	uint32_t columns = (w + SP_PROG_TILE - 1) / SP_PROG_TILE;
	uint32_t rows = (h + SP_PROG_TILE - 1) / SP_PROG_TILE;
	struct sp_prog_enc *e =
			sp_calloc(1, sizeof(*e) + (size_t)columns * rows * sizeof(struct tile));

	if (e) {
		e->k = sp_rfx_kernel(sp_cpu_best());
		e->w = w;
		e->h = h;
		e->columns = columns;
		e->rows = rows;
		e->diff = diff;
	}
	return e;
}

static void tile_free(struct tile *t)
{
	for (size_t c = 0; c < 3; c++) {
		sp_free(t->coef[c]);
	}
	*t = (struct tile){0};
}

void sp_prog_enc_reset(struct sp_prog_enc *e)
{
	for (size_t i = 0; i < (size_t)e->columns * e->rows; i++) {
		tile_free(&e->tiles[i]);
	}
}

void sp_prog_enc_destroy(struct sp_prog_enc *e)
{
	if (e) {
		sp_prog_enc_reset(e);
		sp_free(e);
	}
}

size_t sp_prog_enc_memory(const struct sp_prog_enc *e)
{
	size_t n = 0;

	for (size_t i = 0; i < (size_t)e->columns * e->rows; i++) {
		for (size_t c = 0; c < 3; c++) {
			n += e->tiles[i].coef[c] ? SP_RFX_COEFS * sizeof(int16_t) : 0;
		}
	}
	return n;
}

unsigned sp_prog_enc_left(const struct sp_prog_enc *e, uint32_t tx, uint32_t ty)
{
	return tx < e->columns && ty < e->rows ? e->tiles[(size_t)ty * e->columns + tx].left : 0;
}

/* What the client's coefficients lack at this point. */
static const struct sp_prog_step *step_of(unsigned left)
{
	return left > 0 ? &steps[SP_PROG_UPGRADES - left] : &whole;
}

/* The coefficients that the client has, of one component. */
static void reference(const struct tile *t, size_t c, int16_t *to)
{
	const struct sp_prog_quant *bits = &step_of(t->left)->c[c];
	const uint16_t *at = sp_rfx_band_at[SP_RFX_REDUCE];

	if (!t->coef[c]) {
		memset(to, 0, SP_RFX_COEFS * sizeof(*to));
		for (size_t i = at[SP_RFX_LL3]; i < SP_RFX_COEFS; i++) {
			to[i] = t->flat[c];
		}
		return;
	}
	if (t->left == 0) {
		memcpy(to, t->coef[c], SP_RFX_COEFS * sizeof(*to));
		return;
	}
	sp_prog_cut(t->coef[c], bits, to);
	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		for (size_t i = at[b]; i < at[b + 1]; i++) {
			to[i] = (int16_t)(to[i] * (1 << bits->q[b]));
		}
	}
}

void sp_prog_enc_settle(struct sp_prog_enc *e, uint32_t tx, uint32_t ty)
{
	if (sp_prog_enc_left(e, tx, ty) == 0) {
		return;
	}
	struct tile *t = &e->tiles[(size_t)ty * e->columns + tx];

	if (!e->diff) {
		tile_free(t);
		return;
	}
	for (size_t c = 0; c < 3; c++) {
		int16_t now[SP_RFX_COEFS];

		if (t->coef[c]) {
			reference(t, c, now);
			memcpy(t->coef[c], now, sizeof(now));
		}
	}
	t->left = 0;
}

/* ---- the first pass ---- */

/* One component of the new picture: its coefficients, or one value for all of LL3. */
struct component {
	int16_t *coef; /* NULL when flat */
	int16_t flat;
};

struct job {
	const struct sp_prog_enc *e;
	struct sp_rfx_work *work;
	struct tile *t;
	enum sp_prog_quality q;
	bool keep; /* what was sent is remembered */
	bool diff;
	unsigned left; /* upgrades after this pass */
};

/* Quantized coefficients of a plane; the plane is used up. */
static struct component transform(struct job *j, size_t c, bool flat)
{
	const struct sp_rfx_kernel *k = j->e->k;
	const uint8_t *q = quants[2 * j->q + (c > 0)].q;
	struct component out = {.coef = flat ? NULL : j->work->coef};
	uint8_t shift[SP_RFX_BANDS];

	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		shift[b] = (uint8_t)(q[b] - 1);
	}
	if (flat) {
		out.flat = j->work->plane[c][0];
		k->quantize(&out.flat, 1, shift[SP_RFX_LL3]);
	} else {
		k->dwt[SP_RFX_REDUCE](j->work->plane[c], out.coef);
		sp_rfx_quantize(k, SP_RFX_REDUCE, shift, out.coef);
	}
	return out;
}

/* Makes the coefficients what the tile is said to have. */
static int remember(struct tile *t, size_t c, const struct component *in)
{
	if (!in->coef) {
		sp_free(t->coef[c]);
		t->coef[c] = NULL;
		t->flat[c] = in->flat;
		return SP_OK;
	}
	if (!t->coef[c]) {
		t->coef[c] = sp_malloc(SP_RFX_COEFS * sizeof(int16_t));
	}
	if (!t->coef[c]) {
		return SP_ENOMEM;
	}
	memcpy(t->coef[c], in->coef, SP_RFX_COEFS * sizeof(int16_t));
	return SP_OK;
}

/* coef, whose LL3 is taken apart here, behind what out has; fills in its length. */
static int append_rlgr(struct job *j, int16_t *coef, struct sp_wr *out, size_t at)
{
	struct sp_rfx_work *w = j->work;

	sp_rfx_ll3_delta(SP_RFX_REDUCE, coef);
	j->e->k->mark(coef, w->mask);
	int n = j->e->k->rlgr_encode(SP_RLGR1, coef, w->mask, w->bytes);

	if (n < 0) {
		return n;
	}
	sp_wr_put(out, w->bytes, (size_t)n);
	sp_wr_fill_le16(out, at, (size_t)n);
	return SP_OK;
}

static int append_flat(struct job *j, int16_t v, struct sp_wr *out, size_t at)
{
	struct sp_rfx_work *w = j->work;
	size_t ll3 = sp_rfx_band_at[SP_RFX_REDUCE][SP_RFX_LL3];

	memset(w->coef, 0, sizeof(w->coef));
	memset(w->mask, 0, sizeof(w->mask));
	w->coef[ll3] = v;
	w->mask[ll3 / 64] = (uint64_t)(v != 0) << ll3 % 64;
	int n = j->e->k->rlgr_encode(SP_RLGR1, w->coef, w->mask, w->bytes);

	if (n < 0) {
		return n;
	}
	sp_wr_put(out, w->bytes, (size_t)n);
	sp_wr_fill_le16(out, at, (size_t)n);
	return SP_OK;
}

/* The pixels' coefficients less the client's, into plane c, which transform() has used up. */
static int16_t *difference(struct job *j, size_t c, const struct component *in)
{
	int16_t *d = j->work->plane[c];

	reference(j->t, c, d);
	if (!in->coef) {
		for (size_t i = 0; i < SP_RFX_COEFS; i++) {
			d[i] = (int16_t)((i < sp_rfx_band_at[SP_RFX_REDUCE][SP_RFX_LL3]
									 ? 0
									 : in->flat) -
					d[i]);
		}
	} else {
		for (size_t i = 0; i < SP_RFX_COEFS; i++) {
			d[i] = (int16_t)(in->coef[i] - d[i]);
		}
	}
	return d;
}

/* Coefficients before LL3 that are not 0. */
static unsigned details(const struct sp_rfx_kernel *k, const int16_t *coef, uint64_t *mask)
{
	size_t ll3 = sp_rfx_band_at[SP_RFX_REDUCE][SP_RFX_LL3];
	unsigned n = 0;

	k->mark(coef, mask);
	for (size_t i = 0; i < ll3 / 64; i++) {
		n += sp_prog_popcount(mask[i]);
	}
	return n + sp_prog_popcount(mask[ll3 / 64] & (((uint64_t)1 << ll3 % 64) - 1));
}

/*
 * [MS-RDPEGFX] 3.2.8.1.4: whether the difference has more zeros than what else would be sent.
 * Differences go out whole, so in place of a coarse pass they have to be as small as that.
 */
static void choose(struct job *j, const struct component *y)
{
	struct sp_rfx_work *w = j->work;

	if (!j->e->diff || !j->t->known || j->t->quality != j->q || !y->coef) {
		return;
	}
	unsigned differ = details(j->e->k, difference(j, 0, y), w->mask);
	const int16_t *original = y->coef;
	int16_t coarse[SP_RFX_COEFS];

	if (j->left > 0) {
		sp_prog_cut(y->coef, &step_of(j->left)->c[0], coarse);
		original = coarse;
	}
	j->diff = differ < details(j->e->k, original, w->mask);
	if (j->diff) {
		j->left = 0;
	}
}

static int append_component(
		struct job *j, size_t c, const struct component *in, struct sp_wr *out, size_t at)
{
	int16_t *send = in->coef;

	if (j->diff) {
		send = difference(j, c, in);
	}
	if (j->keep) {
		int rc = remember(j->t, c, in);

		if (rc != SP_OK) {
			return rc;
		}
	}
	if (!send) {
		return append_flat(j, (int16_t)(in->flat >> step_of(j->left)->c[c].q[SP_RFX_LL3]),
				out, at);
	}
	if (j->left > 0) {
		int16_t *room = j->work->plane[c];

		sp_prog_cut(send, &step_of(j->left)->c[c], room);
		send = room;
	}
	return append_rlgr(j, send, out, at);
}

/* [MS-RDPEGFX] 2.2.4.2.1.5.3 RFX_PROGRESSIVE_TILE_SIMPLE, 2.2.4.2.1.5.4 _TILE_FIRST up to flags */
static size_t append_header(
		const struct job *j, unsigned type, uint32_t tx, uint32_t ty, struct sp_wr *out)
{
	sp_wr_le16(out, (uint16_t)type);
	size_t len = sp_wr_hole(out, 4);

	sp_wr_u8(out, (uint8_t)(2 * j->q));
	sp_wr_u8(out, (uint8_t)(2 * j->q + 1));
	sp_wr_u8(out, (uint8_t)(2 * j->q + 1));
	sp_wr_le16(out, (uint16_t)tx);
	sp_wr_le16(out, (uint16_t)ty);
	return len;
}

static int append_first(struct job *j, unsigned flat, uint32_t tx, uint32_t ty, struct sp_wr *out)
{
	size_t start = out->n, lengths;
	struct component y = transform(j, 0, flat & SP_RFX_FLAT_Y);

	choose(j, &y);
	size_t len = append_header(
			j, j->left > 0 ? SP_PROG_TILE_FIRST : SP_PROG_TILE_SIMPLE, tx, ty, out);

	sp_wr_u8(out, j->diff ? SP_PROG_DIFFERENCE : 0);
	if (j->left > 0) {
		sp_wr_u8(out, (uint8_t)(SP_PROG_UPGRADES - j->left));
	}
	lengths = sp_wr_hole(out, 2 * 4); /* yLen, cbLen, crLen, tailLen */
	int rc = append_component(j, 0, &y, out, lengths);

	for (size_t c = 1; rc == SP_OK && c < 3; c++) {
		struct component in = transform(j, c, flat & (SP_RFX_FLAT_Y << c));

		rc = append_component(j, c, &in, out, lengths + 2 * c);
	}
	sp_wr_fill_le32(out, len, out->n - start);
	return rc;
}

/* After an error: what was appended is taken back and the tile begins anew. */
static int take_back(struct tile *t, struct sp_wr *out, size_t start, int rc)
{
	if (sp_wr_ok(out) == SP_OK) {
		sp_wr_shrink(out, out->n - start);
	}
	tile_free(t);
	return rc;
}

int sp_prog_enc_tile(struct sp_prog_enc *e, struct sp_rfx_work *work, const uint8_t *px,
		size_t stride, uint32_t tx, uint32_t ty, enum sp_prog_quality q,
		enum sp_prog_how how, struct sp_wr *out)
{
	if (!(tx < e->columns && ty < e->rows && (unsigned)q < SP_PROG_QUALITIES)) {
		return SP_EARG;
	}
	uint32_t x = tx * SP_PROG_TILE, y = ty * SP_PROG_TILE;
	unsigned w = e->w - x < SP_PROG_TILE ? e->w - x : SP_PROG_TILE;
	unsigned h = e->h - y < SP_PROG_TILE ? e->h - y : SP_PROG_TILE;
	size_t start = out->n;
	struct job j = {
			.e = e,
			.work = work,
			.t = &e->tiles[(size_t)ty * e->columns + tx],
			.q = q,
			.keep = e->diff || how == SP_PROG_COARSE,
			.left = how == SP_PROG_COARSE ? SP_PROG_UPGRADES : 0,
	};

	px += (size_t)y * stride + (size_t)x * 4;
	if (w < SP_PROG_TILE || h < SP_PROG_TILE) {
		sp_rfx_pad(px, stride, w, h, work->tile);
		px = work->tile;
		stride = 4 * SP_PROG_TILE;
	}
	unsigned flat = e->k->to_planes(px, stride, work->plane[0], work->plane[1], work->plane[2]);

	/* Nothing but LL3, and that has no bits for later. */
	if (flat == (SP_RFX_FLAT_Y | SP_RFX_FLAT_CB | SP_RFX_FLAT_CR)) {
		j.left = 0;
	}
	int rc = append_first(&j, flat, tx, ty, out);

	if (rc == SP_OK) {
		rc = sp_wr_ok(out);
	}
	if (rc != SP_OK) {
		return take_back(j.t, out, start, rc);
	}
	if (!e->diff && j.left == 0) {
		tile_free(j.t);
	} else {
		j.t->quality = (uint8_t)q;
		j.t->left = (uint8_t)j.left;
		j.t->known = true;
	}
	return (int)(out->n - start);
}

/* ---- upgrades ---- */

static int upgrade_component(struct sp_prog_enc *e, struct sp_rfx_work *work, const struct tile *t,
		size_t c, struct sp_wr *out, size_t lengths)
{
	const struct sp_prog_quant *from = &step_of(t->left)->c[c];
	const struct sp_prog_quant *to = &step_of(t->left - 1u)->c[c];
	const uint16_t *at = sp_rfx_band_at[SP_RFX_REDUCE];
	struct sp_prog_pass pass = {.n = SP_RFX_BANDS};
	struct sp_prog_passed made;
	uint8_t *raw = (uint8_t *)work->plane[2];
	const int16_t *coef = t->coef[c];

	_Static_assert(sizeof(work->plane[2]) >= SP_PROG_RAW_MAX, "room for the raw bits");
	if (!coef) {
		reference(t, c, work->coef);
		coef = work->coef;
	}
	for (size_t b = 0; b < SP_RFX_BANDS; b++) {
		pass.band[b] = (struct sp_prog_band){
				.at = at[b],
				.n = (uint16_t)(at[b + 1] - at[b]),
				.from = from->q[b],
				.to = to->q[b],
				.ll = b == SP_RFX_LL3,
		};
	}
	int rc = sp_prog_pass_write(e->k, &pass, coef, work->plane[0], work->plane[1], work->bytes,
			SP_RLGR_MAX - 1, raw, &made);

	if (rc != SP_OK) {
		return rc;
	}
	/* 3.1.8.1.5: "an extra zero byte is always emitted after the last SRL byte". */
	work->bytes[made.srl_n++] = 0;
	sp_wr_put(out, work->bytes, made.srl_n);
	sp_wr_put(out, raw, made.raw_n);
	sp_wr_fill_le16(out, lengths, made.srl_n);
	sp_wr_fill_le16(out, lengths + 2, made.raw_n);
	return SP_OK;
}

/* [MS-RDPEGFX] 2.2.4.2.1.5.5 RFX_PROGRESSIVE_TILE_UPGRADE */
int sp_prog_enc_upgrade(struct sp_prog_enc *e, struct sp_rfx_work *work, uint32_t tx, uint32_t ty,
		struct sp_wr *out)
{
	if (sp_prog_enc_left(e, tx, ty) == 0) {
		return 0;
	}
	struct tile *t = &e->tiles[(size_t)ty * e->columns + tx];
	struct job j = {.q = (enum sp_prog_quality)t->quality};
	size_t start = out->n, len = append_header(&j, SP_PROG_TILE_UPGRADE, tx, ty, out);
	int rc = SP_OK;

	sp_wr_u8(out, t->left == 1 ? SP_PROG_FULL : (uint8_t)(SP_PROG_UPGRADES - t->left + 1));
	size_t lengths = sp_wr_hole(out, 2 * 6);

	for (size_t c = 0; rc == SP_OK && c < 3; c++) {
		rc = upgrade_component(e, work, t, c, out, lengths + 4 * c);
	}
	sp_wr_fill_le32(out, len, out->n - start);
	if (rc == SP_OK) {
		rc = sp_wr_ok(out);
	}
	if (rc != SP_OK) {
		return take_back(t, out, start, rc);
	}
	t->left--;
	if (t->left == 0 && !e->diff) {
		tile_free(t);
	}
	return (int)(out->n - start);
}

/* ---- the stream ---- */

static void block(struct sp_wr *out, unsigned type, size_t len)
{
	sp_wr_le16(out, (uint16_t)type);
	sp_wr_le32(out, (uint32_t)len);
}

/* [MS-RDPEGFX] 2.2.4.2.1.5 RFX_PROGRESSIVE_REGION up to its tiles */
static void region(struct sp_wr *out, const struct sp_rect *rects, size_t nrects, size_t ntiles,
		size_t bytes)
{
	const size_t nquants = sizeof(quants) / sizeof(*quants);

	_Static_assert(sizeof(quants) / sizeof(*quants) <= SP_PROG_MAX_QUANTS, "numQuant");
	block(out, SP_PROG_REGION,
			SP_PROG_BLOCK_HEADER + 12 + 8 * nrects + 5 * nquants +
					16 * SP_PROG_UPGRADES + bytes);
	sp_wr_u8(out, SP_PROG_TILE);
	sp_wr_le16(out, (uint16_t)nrects);
	sp_wr_u8(out, (uint8_t)nquants);
	sp_wr_u8(out, SP_PROG_UPGRADES); /* numProgQuant */
	sp_wr_u8(out, SP_PROG_REDUCE_EXTRAPOLATE);
	sp_wr_le16(out, (uint16_t)ntiles);
	sp_wr_le32(out, (uint32_t)bytes);
	for (size_t i = 0; i < nrects; i++) {
		sp_wr_le16(out, (uint16_t)rects[i].x);
		sp_wr_le16(out, (uint16_t)rects[i].y);
		sp_wr_le16(out, (uint16_t)rects[i].w);
		sp_wr_le16(out, (uint16_t)rects[i].h);
	}
	for (size_t i = 0; i < nquants; i++) {
		sp_prog_quant_write(out, &quants[i]);
	}
	for (size_t i = 0; i < SP_PROG_UPGRADES; i++) {
		sp_wr_u8(out, steps[i].quality);
		for (size_t c = 0; c < 3; c++) {
			sp_prog_quant_write(out, &steps[i].c[c]);
		}
	}
}

int sp_prog_enc_stream(const struct sp_prog_enc *e, const struct sp_rect *rects, size_t nrects,
		const struct sp_prog_part *parts, size_t nparts, struct sp_wr *out)
{
	const struct sp_rect surface = {0, 0, (int32_t)e->w, (int32_t)e->h};
	size_t ntiles = 0, bytes = 0, start = out->n;

	for (size_t i = 0; i < nparts; i++) {
		ntiles += parts[i].tiles;
		bytes += parts[i].bytes.n;
	}
	if (!(1 <= nrects && nrects <= UINT16_MAX && ntiles <= UINT16_MAX &&
			    bytes <= INT32_MAX / 2)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < nrects; i++) {
		if (sp_rect_empty(rects[i]) || !sp_rect_contains(surface, rects[i])) {
			return SP_EARG;
		}
	}
	block(out, SP_PROG_SYNC, 12);
	sp_wr_le32(out, SP_PROG_MAGIC);
	sp_wr_le16(out, SP_PROG_VERSION);
	block(out, SP_PROG_CONTEXT, 10);
	sp_wr_u8(out, 0); /* ctxId */
	sp_wr_le16(out, SP_PROG_TILE);
	sp_wr_u8(out, SP_PROG_SUBBAND_DIFFING);
	block(out, SP_PROG_FRAME_BEGIN, 12);
	sp_wr_le32(out, 0); /* frameIndex, ignored */
	sp_wr_le16(out, 1); /* regionCount */
	region(out, rects, nrects, ntiles, bytes);
	for (size_t i = 0; i < nparts; i++) {
		sp_wr_span(out, parts[i].bytes);
	}
	block(out, SP_PROG_FRAME_END, SP_PROG_BLOCK_HEADER);
	return sp_wr_ok(out) == SP_OK ? (int)(out->n - start) : sp_wr_ok(out);
}
