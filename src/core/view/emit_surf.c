/* core/view/emit_surf.c - see emit_surf.h. */
#include "core/view/emit_surf.h"

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/codec/planar.h"
#include "core/pdu/bitmap.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/surfcmd.h"
#include "core/view/classify.h"
#include "core/view/mirror.h"

#define TILE SP_MIRROR_TILE
#define GOOD_MS 500u /* what was still for so long is sent without loss */
#define HEAT_SHARE 4 /* the part of a tile that has to change for it to move */
#define COST_SHARP 300u /* bytes of a thousand pixels, about */
#define COST_PICTURE 300u
#define COST_EXACT 2000u
#define MARKER 8u /* bytes of a frame marker */
#define MAX_REQUEST (256u << 10) /* as our own capabilities say */

enum stage {
	STAGE_NONE, /* no frame */
	STAGE_BEGIN, /* the marker is next */
	STAGE_EXACT, /* bitmap updates */
	STAGE_LOSSY, /* surface commands */
	STAGE_END,
};

struct tile {
	struct sp_heat heat;
	uint8_t class; /* enum sp_class */
	bool inexact; /* the client has it with loss */
};

struct piece {
	struct sp_rect r;
	size_t tile;
};

struct sp_emit_surf {
	struct sp_emit_surf_conf conf;
	struct sp_mirror *mirror;
	struct tile *tile;
	size_t n_tiles, at, inexact;
	const struct sp_rfx_kernel *kernel;
	struct sp_rfx_enc *rfx;
	struct sp_rfx_work *work;
	struct sp_nsc_enc *nsc;
	struct sp_wr scratch; /* what is encoded before its header can be written */

	/* The frame that was begun: first what is exact, then what is not. */
	enum stage stage;
	uint32_t frame;
	uint64_t now_us;
	struct piece *exact, *lossy; /* n_tiles of each */
	size_t n_exact, n_lossy, next, cost;
};

/* ---- what a client can ---- */

/* [MS-RDPRFX] 2.2.1.1.1 TS_RFX_CAPS to 2.2.1.1.1.1.1 TS_RFX_ICAP: the best one that is there */
static bool read_icaps(struct sp_span properties, struct sp_emit_surf_conf *out)
{
	bool found = false;
	struct sp_rd r;

	sp_rd_init(&r, properties.p, properties.n);
	sp_rd_skip(&r, 4 /* length */ + 4 /* captureFlags */ + 4 /* capsLength */);
	sp_rd_skip(&r, 2 /* blockType */ + 4 /* blockLen */ + 2 /* numCapsets */);
	sp_rd_skip(&r, 2 /* blockType */ + 4 /* blockLen */ + 1 /* codecId */ + 2 /* capsetType */);
	uint16_t n = sp_rd_le16(&r);
	uint16_t len = sp_rd_le16(&r);
	for (uint16_t i = 0; i < n && i < 16 && len >= 8 && sp_rd_ok(&r) == SP_OK; i++) {
		struct sp_rd icap = sp_rd_sub(&r, len);

		sp_rd_skip(&icap, 2 /* version */ + 2 /* tileSize */);
		uint8_t flags = sp_rd_u8(&icap);
		sp_rd_skip(&icap, 1 /* colConvBits */ + 1 /* transformBits */);
		uint8_t entropy = sp_rd_u8(&icap);
		if (sp_rd_ok(&icap) == SP_OK && (entropy == SP_RLGR1 || entropy == SP_RLGR3) &&
				(!found || entropy == SP_RLGR3)) {
			found = true;
			out->rlgr = (enum sp_rlgr)entropy;
			out->image = flags & 0x02;
		}
	}
	return found;
}

bool sp_emit_surf_can(const struct sp_caps *caps, struct sp_emit_surf_conf *out)
{
	const struct sp_caps_codec *c;

	*out = (struct sp_emit_surf_conf){.no_compr_hdr = caps->general.extra_flags &
					SP_GENERAL_NO_BITMAP_COMPRESSION_HDR,
			.alpha = !(caps->bitmap.drawing_flags & SP_DRAW_ALLOW_SKIP_ALPHA)};
	if (!(caps->general.extra_flags & SP_GENERAL_FASTPATH_OUTPUT) ||
			!sp_caps_has(caps, SP_CAPS_SURFACE_COMMANDS) ||
			!sp_caps_has(caps, SP_CAPS_BITMAP_CODECS) ||
			!sp_caps_has(caps, SP_CAPS_MULTIFRAGMENT) ||
			!(caps->surface_commands &
					(SP_SURFCMDS_SET_SURFACE_BITS |
							SP_SURFCMDS_STREAM_SURFACE_BITS)) ||
			!(caps->max_request >= SP_EMIT_SURF_MIN_UPDATE)) {
		return false;
	}
	out->max_update = caps->max_request < MAX_REQUEST ? caps->max_request : MAX_REQUEST;
	out->stream = !(caps->surface_commands & SP_SURFCMDS_SET_SURFACE_BITS);
	out->markers = caps->surface_commands & SP_SURFCMDS_FRAME_MARKER;
	out->acks = out->markers && sp_caps_has(caps, SP_CAPS_FRAME_ACKNOWLEDGE);
	c = sp_caps_codec_find(caps, SP_CODEC_REMOTEFX);
	if (!c) {
		c = sp_caps_codec_find(caps, SP_CODEC_IMAGE_REMOTEFX);
	}
	if (c && read_icaps(c->properties, out)) {
		out->rfx = true;
		out->codec = c->id;
		return true;
	}
	c = sp_caps_codec_find(caps, SP_CODEC_NSCODEC);
	if (!c || c->properties.n < 3) {
		return false;
	}
	out->codec = c->id;
	/* Least loss where it may be chosen, what was agreed on where not. */
	out->nsc.loss = c->properties.p[0] ? 1 : c->properties.p[2];
	return 1 <= out->nsc.loss && out->nsc.loss <= 7;
}

/* ---- life ---- */

static bool make_codec(struct sp_emit_surf *e)
{
	struct sp_rfx_conf conf = {.rlgr = e->conf.rlgr,
			.image = e->conf.image,
			.w = (uint16_t)e->conf.w,
			.h = (uint16_t)e->conf.h,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_USUAL}};

	if (!e->conf.rfx) {
		e->nsc = sp_nsc_enc_create();
		return e->nsc != NULL;
	}
	e->kernel = sp_rfx_kernel(sp_cpu_best());
	e->rfx = sp_rfx_enc_create(&conf);
	e->work = sp_malloc(sizeof(*e->work));
	return e->rfx && e->work;
}

struct sp_emit_surf *sp_emit_surf_create(const struct sp_emit_surf_conf *conf)
{
	struct sp_emit_surf *e;

	if (!(conf->w <= SP_PIXEL_SIDE_MAX && conf->h <= SP_PIXEL_SIDE_MAX &&
			    conf->max_update >= SP_EMIT_SURF_MIN_UPDATE)) {
		return NULL;
	}
	e = sp_calloc(1, sizeof(*e));
	if (!e) {
		return NULL;
	}
	e->conf = *conf;
	sp_wr_init(&e->scratch, MAX_REQUEST);
	e->mirror = sp_mirror_create(conf->w, conf->h);
	if (e->mirror) {
		e->n_tiles = sp_mirror_tiles(e->mirror);
		e->tile = sp_calloc(e->n_tiles, sizeof(*e->tile));
		e->exact = sp_calloc(e->n_tiles, sizeof(*e->exact));
		e->lossy = sp_calloc(e->n_tiles, sizeof(*e->lossy));
	}
	if (!e->mirror || !e->tile || !e->exact || !e->lossy || !make_codec(e)) {
		sp_emit_surf_destroy(e);
		return NULL;
	}
	sp_mirror_lose(e->mirror, (struct sp_rect){0, 0, (int32_t)conf->w, (int32_t)conf->h});
	return e;
}

void sp_emit_surf_destroy(struct sp_emit_surf *e)
{
	if (e) {
		sp_mirror_destroy(e->mirror);
		sp_rfx_enc_destroy(e->rfx);
		sp_nsc_enc_destroy(e->nsc);
		sp_wr_finish(&e->scratch);
		sp_free(e->work);
		sp_free(e->tile);
		sp_free(e->exact);
		sp_free(e->lossy);
		sp_free(e);
	}
}

void sp_emit_surf_damage(struct sp_emit_surf *e, struct sp_rect r)
{
	sp_mirror_damage(e->mirror, r);
}

void sp_emit_surf_lose(struct sp_emit_surf *e, struct sp_rect r)
{
	sp_mirror_lose(e->mirror, r);
}

bool sp_emit_surf_pending(const struct sp_emit_surf *e)
{
	return e->stage != STAGE_NONE || sp_mirror_pending(e->mirror);
}

bool sp_emit_surf_open(const struct sp_emit_surf *e)
{
	return e->stage != STAGE_NONE;
}

uint32_t sp_emit_surf_frame(const struct sp_emit_surf *e)
{
	return e->frame;
}

static uint32_t now_ms(const struct sp_emit_surf *e)
{
	return (uint32_t)(e->now_us / 1000);
}

uint64_t sp_emit_surf_deadline(const struct sp_emit_surf *e)
{
	uint32_t now = now_ms(e), least = UINT32_MAX;

	for (size_t i = 0; e->inexact > 0 && i < e->n_tiles; i++) {
		if (e->tile[i].inexact) {
			uint32_t still = sp_heat_still(&e->tile[i].heat, now);
			uint32_t wait = still < GOOD_MS ? GOOD_MS - still : 0;

			least = wait < least ? wait : least;
		}
	}
	return least == UINT32_MAX ? 0 : e->now_us + (uint64_t)least * 1000;
}

/* ---- what goes into a frame ---- */

static void set_inexact(struct sp_emit_surf *e, size_t i, bool inexact)
{
	e->inexact += inexact;
	e->inexact -= e->tile[i].inexact;
	e->tile[i].inexact = inexact;
}

static void add(struct sp_emit_surf *e, size_t i, struct sp_rect r, bool lossy, size_t cost)
{
	struct piece p = {r, i};

	if (lossy) {
		e->lossy[e->n_lossy++] = p;
	} else {
		e->exact[e->n_exact++] = p;
	}
	e->cost += (size_t)r.w * (size_t)r.h * cost / 1000;
}

static void take_tile(struct sp_emit_surf *e, size_t i, const uint8_t *fb, size_t stride)
{
	struct sp_rect r = sp_mirror_box(e->mirror, i), all = sp_mirror_rect(e->mirror, i);
	struct tile *t = &e->tile[i];
	enum sp_class class = sp_classify(fb + (size_t)r.y * stride + 4 * (size_t)r.x, stride,
			(uint32_t)r.w, (uint32_t)r.h);

	if (r.w * r.h * HEAT_SHARE >= TILE * TILE) {
		sp_heat_change(&t->heat, now_ms(e), 0);
	} else {
		t->heat.changed_ms = now_ms(e);
	}
	t->class = (uint8_t) class;
	sp_mirror_take(e->mirror, i, fb, stride);
	if (class == SP_CLASS_PICTURE) {
		set_inexact(e, i, true);
		add(e, i, r, true, COST_PICTURE);
		return;
	}
	if (r.w == all.w && r.h == all.h) {
		set_inexact(e, i, false);
	}
	/* Columns in fours where there are some, as they would be padded anyway. */
	int32_t end = r.x + r.w + (-(r.x + r.w) & 3);
	r.x &= ~3;
	r.w = (end < all.x + all.w ? end : all.x + all.w) - r.x;
	add(e, i, r, false, COST_SHARP);
}

static void choose(struct sp_emit_surf *e, const uint8_t *fb, size_t stride, size_t budget)
{
	for (size_t k = 0; k < e->n_tiles && e->cost <= 2 * budget; k++) {
		size_t i = e->at;

		e->at = e->at + 1 < e->n_tiles ? e->at + 1 : 0;
		if (!sp_rect_empty(sp_mirror_box(e->mirror, i))) {
			take_tile(e, i, fb, stride);
		}
	}
	for (size_t i = 0; e->inexact > 0 && i < e->n_tiles && e->cost < budget; i++) {
		if (e->tile[i].inexact && sp_mirror_tile(e->mirror, i)->x1 == 0 &&
				sp_heat_still(&e->tile[i].heat, now_ms(e)) >= GOOD_MS) {
			set_inexact(e, i, false);
			add(e, i, sp_mirror_rect(e->mirror, i), false, COST_EXACT);
		}
	}
}

int sp_emit_surf_begin(struct sp_emit_surf *e, const uint8_t *fb, size_t stride, size_t budget,
		uint64_t now_us)
{
	if (e->stage != STAGE_NONE) {
		return 1;
	}
	e->now_us = now_us;
	e->n_exact = e->n_lossy = e->next = e->cost = 0;
	sp_mirror_compare(e->mirror, fb, stride, NULL);
	choose(e, fb, stride, budget);
	if (e->n_exact == 0 && e->n_lossy == 0) {
		return 0;
	}
	e->frame++;
	e->stage = e->conf.markers ? STAGE_BEGIN : STAGE_EXACT;
	return 1;
}

/* ---- its updates ---- */

static const uint8_t *pixels(const struct sp_emit_surf *e, int32_t x, int32_t y)
{
	return sp_mirror_pixels(e->mirror) + (size_t)y * sp_mirror_stride(e->mirror) +
			4 * (size_t)x;
}

static void put_marker(const struct sp_emit_surf *e, bool end, struct sp_wr *out)
{
	sp_surfcmd_write(out,
			&(struct sp_surfcmd){.type = SP_SURFCMD_FRAME_MARKER,
					.end = end,
					.frame = e->frame});
}

/* One rectangle of a bitmap update; 0 when it does not fit any more. */
static int put_exact(struct sp_emit_surf *e, struct sp_rect r, size_t room, struct sp_wr *out)
{
	ptrdiff_t stride = (ptrdiff_t)sp_mirror_stride(e->mirror);
	struct sp_bitmap_rect b = sp_bitmap_rect_of(r, 32);

	b.compressed = true;
	b.has_header = !e->conf.no_compr_hdr;
	sp_wr_reset(&e->scratch);
	int n = sp_planar_encode(pixels(e, r.x, r.y + r.h - 1), -stride, (uint32_t)r.w,
			(uint32_t)r.h, e->conf.alpha, &e->scratch);
	if (n < 0) {
		return n;
	}
	if (SP_BITMAP_RECT_HEADER + SP_BITMAP_CD_HEADER + (size_t)n > room) {
		return 0;
	}
	b.data = sp_span(e->scratch.p, (size_t)n);
	sp_bitmap_rect_write(out, &b);
	return sp_wr_ok(out) == SP_OK ? 1 : sp_wr_ok(out);
}

static int next_exact(struct sp_emit_surf *e, struct sp_wr *out)
{
	size_t begin = out->n;
	uint16_t rects = 0;
	int rc = 1;

	sp_bitmap_write(out, 0);
	while (rc == 1 && e->next < e->n_exact) {
		rc = put_exact(e, e->exact[e->next].r, e->conf.max_update - (out->n - begin), out);
		if (rc == 1) {
			e->next++;
			rects++;
		}
	}
	if (rc < 0) {
		return rc;
	}
	sp_wr_fill_le16(out, begin + 2, rects);
	return rects > 0 ? (int)(out->n - begin) : SP_EBUG;
}

static void put_bits(struct sp_emit_surf *e, struct sp_rect r, struct sp_wr *out)
{
	sp_surfcmd_write(out,
			&(struct sp_surfcmd){.type = e->conf.stream ? SP_SURFCMD_STREAM_BITS
								    : SP_SURFCMD_SET_BITS,
					.left = (uint16_t)r.x,
					.top = (uint16_t)r.y,
					.right = (uint16_t)(r.x + r.w),
					.bottom = (uint16_t)(r.y + r.h),
					.bpp = 32,
					.codec = e->conf.codec,
					.width = (uint16_t)r.w,
					.height = (uint16_t)r.h,
					.data = sp_span(e->scratch.p, e->scratch.n)});
}

/* Tiles until the update is full, as one message. */
static int next_rfx(struct sp_emit_surf *e, struct sp_wr *out)
{
	struct sp_rect all = {0, 0, (int32_t)e->conf.w, (int32_t)e->conf.h};
	struct sp_rect rects[SP_RFX_MAX_RECTS];
	uint32_t columns = sp_mirror_columns(e->mirror);
	size_t n = 0, begin = out->n, most = e->conf.max_update;
	struct sp_wr tiles;
	int rc = 0;

	most -= SP_SURFCMD_BITS_HEADER + SP_RFX_OVERHEAD + 2 * MARKER;
	sp_wr_init(&tiles, MAX_REQUEST + SP_RFX_TILE_BOUND);
	while (rc >= 0 && e->next < e->n_lossy && n < SP_RFX_MAX_RECTS) {
		const struct piece *p = &e->lossy[e->next];
		struct sp_rect r = sp_mirror_rect(e->mirror, p->tile);
		struct sp_rfx_tile t = {.x = (uint16_t)(p->tile % columns),
				.y = (uint16_t)(p->tile / columns)};
		size_t before = tiles.n;

		rc = sp_rfx_tile_encode(e->kernel, e->work, sp_rfx_enc_conf(e->rfx), &t,
				pixels(e, r.x, r.y), sp_mirror_stride(e->mirror), (unsigned)r.w,
				(unsigned)r.h, &tiles);
		if (rc >= 0 && n > 0 && tiles.n + 8 * (n + 1) > most) {
			sp_wr_shrink(&tiles, tiles.n - before);
			break;
		}
		rects[n++] = p->r;
		e->next++;
	}
	struct sp_span span = sp_span(tiles.p, tiles.n);
	sp_wr_reset(&e->scratch);
	rc = rc < 0 ? rc : sp_rfx_message(e->rfx, rects, n, &span, 1, n, &e->scratch);
	sp_wr_finish(&tiles);
	if (rc < 0) {
		return rc;
	}
	put_bits(e, all, out);
	return sp_wr_ok(out) == SP_OK ? (int)(out->n - begin) : sp_wr_ok(out);
}

static int next_nsc(struct sp_emit_surf *e, struct sp_wr *out)
{
	ptrdiff_t stride = (ptrdiff_t)sp_mirror_stride(e->mirror);
	size_t begin = out->n;
	int rc = 0;

	while (rc >= 0 && e->next < e->n_lossy &&
			SP_NSC_ROOM(TILE, TILE) + SP_SURFCMD_BITS_HEADER <=
					e->conf.max_update - (out->n - begin)) {
		struct sp_rect r = e->lossy[e->next++].r;

		sp_wr_reset(&e->scratch);
		rc = sp_nsc_encode(e->nsc, &e->conf.nsc, pixels(e, r.x, r.y + r.h - 1), -stride,
				(uint32_t)r.w, (uint32_t)r.h, &e->scratch);
		if (rc >= 0) {
			put_bits(e, r, out);
			rc = sp_wr_ok(out);
		}
	}
	return rc < 0 ? rc : (int)(out->n - begin);
}

int sp_emit_surf_next(struct sp_emit_surf *e, uint8_t *code, struct sp_wr *out)
{
	size_t begin = out->n;

	*code = SP_FP_SURFCMDS;
	if (e->stage == STAGE_BEGIN) {
		e->stage = STAGE_EXACT;
		put_marker(e, false, out);
		return sp_wr_ok(out) == SP_OK ? (int)(out->n - begin) : sp_wr_ok(out);
	}
	if (e->stage == STAGE_EXACT) {
		if (e->next < e->n_exact) {
			*code = SP_FP_BITMAP;
			return next_exact(e, out);
		}
		e->stage = STAGE_LOSSY;
		e->next = 0;
	}
	if (e->stage == STAGE_LOSSY) {
		if (e->next < e->n_lossy) {
			return e->conf.rfx ? next_rfx(e, out) : next_nsc(e, out);
		}
		e->stage = STAGE_END;
	}
	if (e->stage == STAGE_END && e->conf.markers) {
		e->stage = STAGE_NONE;
		put_marker(e, true, out);
		return sp_wr_ok(out) == SP_OK ? (int)(out->n - begin) : sp_wr_ok(out);
	}
	e->stage = STAGE_NONE;
	return 0;
}
