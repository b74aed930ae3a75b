/* core/view/emit_gfx_video.c - the place on the screen that moves, by H.264. */
#include "core/view/emit_gfx_part.h"

#define MIN_TILES 8 /* a smaller place is not worth the encoder */
#define MAX_SIDE 3840 /* what encoders take */
#define IDLE_MS 10000u /* an encoder that nobody needed for so long is given back */
#define FPS 30u
#define BITS 30u /* of 100 pixels, when the line has room for it */
#define SMALLEST 16u
#define CHROMA_QP 18 /* it is one picture, at rest */
#define CHROMA_QP_COARSE 30
#define QP 22 /* not better than this: what rests is sent without loss anyway */
#define HARD 4 /* pixels of chroma in a byte: what takes more is not shown well */
#define COARSE 3 / 4 /* of its bytes: what needs more would have needed more still */
#define SURFACES 0x100u /* numbers from here on are of surfaces that nobody sees */

void sp_emit_gfx_video_end(struct sp_emit_gfx *e)
{
	struct video *v = &e->video;

	sp_avc_enc_destroy(v->enc);
	v->enc = NULL;
	v->area = (struct sp_rect){0};
	v->on = false;
	for (size_t i = 0; e->tile && i < e->n_tiles; i++) {
		sp_emit_gfx_video_leave(e, i);
	}
}

int sp_emit_gfx_video_drop(struct sp_emit_gfx *e)
{
	int rc = e->video.enc ? sp_gfx_server_delete_surface(e->gfx, e->video.surface) : SP_OK;

	sp_emit_gfx_video_end(e);
	return rc;
}

int sp_emit_gfx_video_fail(struct sp_emit_gfx *e)
{
	e->video.broken = true;
	for (size_t i = 0; i < e->n_tiles; i++) {
		if (!sp_rect_empty(e->tile[i].video)) {
			sp_mirror_lose(e->mirror, sp_mirror_rect(e->mirror, i));
		}
	}
	return sp_emit_gfx_video_drop(e);
}

/* A frame that had to wait makes the next pictures smaller, others let them grow again. */
static void adapt(struct video *v, bool held)
{
	unsigned share = held ? v->share - v->share / 8 : v->share + VIDEO_SHARE / 32;

	v->share = share > VIDEO_SHARE ? VIDEO_SHARE : share < SMALLEST ? SMALLEST : share;
}

static uint32_t bit_rate(const struct video *v, struct sp_rect area, size_t budget)
{
	uint64_t wanted = (uint64_t)area.w * (uint64_t)area.h * BITS / 100 * FPS;
	uint64_t most = (uint64_t)budget * 8 * FPS / 2;

	wanted = (wanted < most ? wanted : most) * v->share / VIDEO_SHARE;
	return wanted < UINT32_MAX ? (uint32_t)wanted : UINT32_MAX;
}

static enum sp_avc_mode mode(const struct sp_emit_gfx *e)
{
	const struct sp_gfx_can *can = &e->conf.can;

	return can->avc444v2 ? SP_AVC_444V2 : can->avc444 ? SP_AVC_444 : SP_AVC_420;
}

static struct sp_h264_conf h264_conf(const struct video *v, struct sp_rect area, size_t budget)
{
	return (struct sp_h264_conf){.w = (uint32_t)area.w,
			.h = (uint32_t)area.h,
			.bit_rate = bit_rate(v, area, budget),
			.qp = QP,
			.fps = FPS,
			.low = true,
			.camera = true};
}

static int make(struct sp_emit_gfx *e, struct sp_rect area, size_t budget)
{
	struct sp_avc_enc_conf conf = {.impl = e->conf.h264,
			.cpu = sp_cpu_best(),
			.mode = mode(e),
			.chroma_qp = CHROMA_QP,
			.h264 = h264_conf(&e->video, area, budget)};
	struct video *v = &e->video;
	int rc = sp_emit_gfx_video_drop(e);

	if (rc != SP_OK) {
		return rc;
	}
	if (sp_avc_enc_create(&conf, &v->enc) != SP_OK) {
		v->enc = NULL;
		v->broken = true;
		return SP_OK;
	}
	v->area = area;
	v->surface = (uint16_t)(SURFACES + ((v->surface + 1) & 0xff));
	rc = sp_emit_gfx_open(e);
	return rc == SP_OK ? sp_gfx_server_create_surface(
					     e->gfx, v->surface, (uint16_t)area.w, (uint16_t)area.h)
			   : rc;
}

/* ---- what is coded ---- */

static bool moves(const struct sp_emit_gfx *e, size_t i)
{
	return e->tile[i].class == SP_CLASS_PICTURE &&
			sp_heat_moves(&e->tile[i].heat, sp_emit_gfx_ms(e));
}

/* Around all tiles that move in this frame; n of them. */
static struct sp_rect moving(const struct sp_emit_gfx *e, size_t *n)
{
	struct sp_rect sum = {0};

	*n = 0;
	for (size_t i = 0; i < e->n_tiles; i++) {
		if (sp_mirror_tile(e->mirror, i)->x1 > 0 && moves(e, i)) {
			sum = sp_rect_or(sum, sp_mirror_rect(e->mirror, i));
			++*n;
		}
	}
	return sum;
}

uint32_t sp_emit_gfx_video_idle(const struct sp_emit_gfx *e)
{
	uint32_t idle = sp_emit_gfx_ms(e) - e->video.used_ms;

	return !e->video.enc ? UINT32_MAX : idle < IDLE_MS ? IDLE_MS - idle : 0;
}

int sp_emit_gfx_video(struct sp_emit_gfx *e, size_t budget)
{
	struct video *v = &e->video;
	size_t n;
	int rc = SP_OK;

	v->on = false;
	v->n = 0;
	adapt(v, e->held_ms > 0);
	if (!e->conf.h264 || !e->conf.can.avc420 || v->broken) {
		return SP_OK;
	}
	struct sp_rect area = moving(e, &n);
	if (n < MIN_TILES || e->others) {
		return v->enc && sp_emit_gfx_ms(e) - v->used_ms > IDLE_MS
				? sp_emit_gfx_video_drop(e)
				: SP_OK;
	}
	if (!v->enc || !sp_rect_contains(v->area, area)) {
		/* What moves may be spread: then it is not one place. */
		if (area.w > MAX_SIDE || area.h > MAX_SIDE ||
				(int64_t)area.w * area.h > (int64_t)n * 2 * TILE * TILE) {
			return SP_OK;
		}
		rc = make(e, area, budget);
	} else {
		struct sp_h264_conf conf = h264_conf(v, v->area, budget);

		if (sp_avc_enc_rate(v->enc, &conf) != SP_OK) {
			rc = sp_emit_gfx_video_fail(e);
		}
	}
	if (rc != SP_OK || !v->enc) {
		return rc;
	}
	v->on = true;
	v->what = SP_AVC_LUMA;
	v->picture = bit_rate(v, v->area, budget) / 8 / FPS;
	v->used_ms = sp_emit_gfx_ms(e);
	return sp_emit_gfx_piece(
			e, (struct piece){.r = v->area, .way = WAY_VIDEO, .price = PRICE_VIDEO});
}

bool sp_emit_gfx_video_wants(const struct sp_emit_gfx *e, size_t tile)
{
	return e->video.on && moves(e, tile) &&
			sp_rect_contains(e->video.area, sp_mirror_rect(e->mirror, tile));
}

/* Rectangles in a row, then rows of the same width, become one. */
static bool add(struct video *v, struct sp_rect r)
{
	for (size_t i = v->n; i > 0; i--) {
		struct sp_rect *p = &v->rect[i - 1];

		if (p->y == r.y && p->h == r.h && p->x + p->w == r.x) {
			r.x = p->x;
			r.w += p->w;
			*p = v->rect[--v->n];
			break;
		}
	}
	for (size_t i = v->n; i > 0; i--) {
		struct sp_rect *p = &v->rect[i - 1];

		if (p->x == r.x && p->w == r.w && p->y + p->h == r.y) {
			p->h += r.h;
			return true;
		}
	}
	if (v->n == VIDEO_RECTS) {
		return false;
	}
	v->rect[v->n++] = r;
	return true;
}

/*
 * Colour stands for two pixels by two: FreeRDP 2 writes beyond its planes where a rectangle of
 * AVC444 begins with half of them and ends with the picture.
 */
static struct sp_rect even(struct sp_rect area, struct sp_rect r)
{
	int32_t x = (r.x - area.x) & ~1, y = (r.y - area.y) & ~1;
	int32_t right = (r.x - area.x + r.w + 1) & ~1, bottom = (r.y - area.y + r.h + 1) & ~1;

	return sp_rect_and(area, (struct sp_rect){area.x + x, area.y + y, right - x, bottom - y});
}

void sp_emit_gfx_video_leave(struct sp_emit_gfx *e, size_t tile)
{
	struct tile *t = &e->tile[tile];

	e->video.owed -= t->owed;
	t->video = (struct sp_rect){0};
	t->owed = false;
}

bool sp_emit_gfx_video_take(struct sp_emit_gfx *e, size_t tile, struct sp_rect r)
{
	struct tile *t = &e->tile[tile];

	if (!sp_emit_gfx_video_wants(e, tile)) {
		return false;
	}
	r = even(e->video.area, r);
	if (!sp_rect_contains(t->video, r)) {
		/* All that is shown with loss is to become better together. */
		r = even(e->video.area, sp_rect_or(t->lossy, r));
	}
	if (!add(&e->video, r)) {
		return false;
	}
	sp_emit_gfx_shown(e, tile, SHOWN_POOR, r);
	bool owed = mode(e) != SP_AVC_420;
	e->video.owed += owed - t->owed;
	t->video = sp_rect_or(t->video, r);
	t->owed = owed;
	e->stats.moving += (uint64_t)r.w * (uint64_t)r.h;
	return true;
}

/* ---- the colours that it lacks ---- */

uint32_t sp_emit_gfx_video_wait(const struct sp_emit_gfx *e)
{
	uint32_t now = sp_emit_gfx_ms(e), wait = e->video.owed > 0 ? 0 : UINT32_MAX;

	for (size_t i = 0; e->video.owed > 0 && i < e->n_tiles; i++) {
		uint32_t still = sp_heat_still(&e->tile[i].heat, now);

		if (e->tile[i].owed && still < CHROMA_MS && wait < CHROMA_MS - still) {
			wait = CHROMA_MS - still;
		}
	}
	return wait;
}

int sp_emit_gfx_video_chroma(struct sp_emit_gfx *e)
{
	struct video *v = &e->video;

	v->n = 0;
	for (size_t i = 0; i < e->n_tiles; i++) {
		if (e->tile[i].owed && !add(v, e->tile[i].video)) {
			sp_emit_gfx_video_leave(e, i);
		}
	}
	if (sp_avc_enc_chroma_qp(v->enc, v->coarse ? CHROMA_QP_COARSE : CHROMA_QP) != SP_OK) {
		return sp_emit_gfx_video_fail(e);
	}
	v->on = true;
	v->what = SP_AVC_CHROMA;
	return sp_emit_gfx_piece(
			e, (struct piece){.r = v->area, .way = WAY_VIDEO, .price = PRICE_CHROMA});
}

/* ---- encoding ---- */

int sp_emit_gfx_video_run(struct sp_emit_gfx *e, struct sp_wr *out)
{
	struct video *v = &e->video;
	size_t stride = sp_mirror_stride(e->mirror);
	const uint8_t *px = sp_mirror_pixels(e->mirror) + (size_t)v->area.y * stride +
			4 * (size_t)v->area.x;
	struct sp_rect rects[VIDEO_RECTS];

	for (size_t i = 0; i < v->n; i++) {
		rects[i] = v->rect[i];
		rects[i].x -= v->area.x;
		rects[i].y -= v->area.y;
	}
	int rc = sp_avc_encode(v->enc, px, stride, rects, v->n, v->what, false, out);
	v->sent = sp_avc_enc_sent(v->enc);
	return rc;
}

/* Good it is, unless the encoder had to save. */
static void pay(struct sp_emit_gfx *e, size_t bytes)
{
	struct video *v = &e->video;
	size_t pixels = v->owed * TILE * TILE;
	bool coarse = v->coarse || bytes > pixels / HARD;

	for (size_t i = 0; i < e->n_tiles; i++) {
		if (e->tile[i].owed && !coarse) {
			sp_emit_gfx_shown(e, i, SHOWN_GOOD, e->tile[i].video);
		}
		e->tile[i].owed = false;
	}
	v->owed = 0;
}

int sp_emit_gfx_video_put(struct sp_emit_gfx *e, struct sp_span data)
{
	struct video *v = &e->video;
	enum sp_gfx_codec codec = (enum sp_gfx_codec)mode(e);

	if (data.n == 0) {
		return SP_OK; /* no tile was left to it */
	}
	int rc = sp_gfx_server_put(e->gfx, v->surface, codec, v->sent, data);

	e->stats.moving_bytes += data.n;
	if (v->what == SP_AVC_LUMA) {
		v->coarse = data.n > v->picture * COARSE;
	} else {
		pay(e, data.n);
	}
	for (size_t i = 0; rc == SP_OK && i < v->n; i++) {
		struct sp_gfx_point to = {(int16_t)v->rect[i].x, (int16_t)v->rect[i].y};
		struct sp_rect from = v->rect[i];

		from.x -= v->area.x;
		from.y -= v->area.y;
		rc = sp_gfx_server_copy(e->gfx, v->surface, e->surface, from, &to, 1);
	}
	return rc;
}
