/* core/view/emit_gfx.c - see emit_gfx.h: life, frames from beginning to end. */
#include "core/view/emit_gfx.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/view/emit_gfx_part.h"

#define JOB_PIECES 24
#define RFX_QUANT_POOR ((struct sp_rfx_quant){7, 7, 7, 8, 8, 8, 9, 9, 9, 10})
#define KEEP (96u << 10) /* of memory for output, per job, from frame to frame */
#define HELD_MS 1000u /* what waits for longer is not said to move */
#define MAX_JOB_BYTES (64u << 20)

/* ---- life ---- */

struct sp_emit_gfx *sp_emit_gfx_create(const struct sp_emit_gfx_conf *conf)
{
	struct sp_emit_gfx *e = sp_calloc(1, sizeof(*e));

	if (!e) {
		return NULL;
	}
	e->conf = *conf;
	e->gfx = conf->gfx;
	e->video.share = VIDEO_SHARE;
	sp_emit_gfx_prices(e);
	e->kernel = sp_rfx_kernel(sp_cpu_best());
	e->clear = sp_clear_enc_create();
	e->cache = conf->keys ? sp_tilecache_create(conf->can.cache_slots, conf->can.cache_bytes)
			      : NULL;
	if (!e->clear || (conf->keys && !e->cache)) {
		sp_emit_gfx_destroy(e);
		return NULL;
	}
	return e;
}

static void drop_layout(struct sp_emit_gfx *e)
{
	sp_mirror_destroy(e->mirror);
	sp_motion_destroy(e->motion);
	sp_emit_gfx_video_end(e);
	sp_prog_enc_destroy(e->prog);
	sp_rfx_enc_destroy(e->rfx);
	sp_free(e->tile);
	e->prog = NULL;
	e->rfx = NULL;
	e->mirror = NULL;
	e->motion = NULL;
	e->tile = NULL;
	e->w = e->h = 0;
	e->inexact = 0;
}

void sp_emit_gfx_destroy(struct sp_emit_gfx *e)
{
	if (!e) {
		return;
	}
	drop_layout(e);
	sp_clear_enc_destroy(e->clear);
	sp_tilecache_destroy(e->cache);
	sp_emit_gfx_workers_finish(e);
	for (size_t i = 0; i < e->cap_jobs; i++) {
		sp_wr_finish(&e->job[i].out);
	}
	sp_free(e->job);
	sp_free(e->piece);
	sp_free(e);
}

static int new_surface(struct sp_emit_gfx *e, const struct sp_gfx_reset *layout)
{
	bool had = e->w > 0;
	uint16_t old = e->surface;
	int rc = sp_emit_gfx_video_drop(e);

	if (rc == SP_OK && had) {
		rc = sp_gfx_server_delete_surface(e->gfx, old);
	}
	/* Numbers are not used again soon: a client may be late with what it knows of the old one. */
	e->surface = had ? (uint16_t)((old + 1) & 0xff) : 0;
	if (rc == SP_OK) {
		rc = sp_gfx_server_reset(e->gfx, layout);
	}
	if (rc == SP_OK) {
		rc = sp_gfx_server_create_surface(
				e->gfx, e->surface, (uint16_t)layout->w, (uint16_t)layout->h);
	}
	return rc == SP_OK ? sp_gfx_server_map(e->gfx, e->surface, 0, 0) : rc;
}

/* For pictures: what the client would rather have. */
static bool make_lossy(struct sp_emit_gfx *e, uint32_t w, uint32_t h)
{
	struct sp_rfx_conf conf = {.rlgr = SP_RLGR3,
			.image = true,
			.w = (uint16_t)w,
			.h = (uint16_t)h,
			.n_quants = 2,
			.quant = {SP_RFX_QUANT_USUAL, RFX_QUANT_POOR}};

	if (w > SP_PIXEL_SIDE_MAX || h > SP_PIXEL_SIDE_MAX) {
		return true;
	}
	if (e->conf.can.progressive) {
		e->prog = sp_prog_enc_create(w, h, false);
		return e->prog != NULL;
	}
	e->rfx = sp_rfx_enc_create(&conf);
	return e->rfx != NULL;
}

static bool make_layout(struct sp_emit_gfx *e, uint32_t w, uint32_t h)
{
	e->mirror = sp_mirror_create(w, h);
	e->motion = sp_motion_create(w, h);
	if (!e->mirror || !e->motion || !make_lossy(e, w, h)) {
		return false;
	}
	e->n_tiles = sp_mirror_tiles(e->mirror);
	e->tile = sp_calloc(e->n_tiles, sizeof(*e->tile));
	for (size_t i = 0; e->tile && i < e->n_tiles; i++) {
		e->tile[i].shown = SHOWN_EXACT;
	}
	return e->tile != NULL;
}

int sp_emit_gfx_layout(struct sp_emit_gfx *e, const struct sp_gfx_reset *layout)
{
	if (e->open) {
		return SP_EBUG;
	}
	int rc = new_surface(e, layout);
	if (rc != SP_OK) {
		return rc;
	}
	drop_layout(e);
	if (!make_layout(e, layout->w, layout->h)) {
		drop_layout(e);
		return SP_ENOMEM;
	}
	e->at = 0;
	e->w = layout->w;
	e->h = layout->h;
	sp_mirror_lose(e->mirror, (struct sp_rect){0, 0, (int32_t)e->w, (int32_t)e->h});
	return SP_OK;
}

/* ---- damage ---- */

void sp_emit_gfx_damage(struct sp_emit_gfx *e, struct sp_rect r)
{
	if (e->mirror) {
		sp_mirror_damage(e->mirror, r);
	}
}

void sp_emit_gfx_lose(struct sp_emit_gfx *e, struct sp_rect r)
{
	if (e->mirror) {
		sp_mirror_lose(e->mirror, r);
	}
}

bool sp_emit_gfx_pending(const struct sp_emit_gfx *e)
{
	return e->mirror && sp_mirror_pending(e->mirror);
}

void sp_emit_gfx_held(struct sp_emit_gfx *e)
{
	e->held = true;
}

void sp_emit_gfx_shown(struct sp_emit_gfx *e, size_t tile, enum shown shown, struct sp_rect r)
{
	struct tile *t = &e->tile[tile];

	e->inexact -= t->shown != SHOWN_EXACT;
	t->shown = (uint8_t)shown;
	e->inexact += t->shown != SHOWN_EXACT;
	t->lossy = shown == SHOWN_EXACT ? (struct sp_rect){0} : sp_rect_or(t->lossy, r);
}

uint32_t sp_emit_gfx_ms(const struct sp_emit_gfx *e)
{
	return (uint32_t)(e->now_us / 1000);
}

int sp_emit_gfx_open(struct sp_emit_gfx *e)
{
	if (e->open) {
		return SP_OK;
	}
	int rc = sp_gfx_server_start(e->gfx, e->stamp, &e->frame);
	e->open = rc == SP_OK;
	return rc;
}

/* ---- parts of a frame ---- */

static int add_job(struct sp_emit_gfx *e, enum way way, size_t first, size_t n)
{
	if (e->n_jobs == e->cap_jobs) {
		size_t cap = e->cap_jobs ? 2 * e->cap_jobs : 16;
		struct job *v = sp_realloc(e->job, cap * sizeof(*v));

		if (!v) {
			return SP_ENOMEM;
		}
		for (size_t i = e->cap_jobs; i < cap; i++) {
			sp_wr_init(&v[i].out, MAX_JOB_BYTES);
		}
		e->job = v;
		e->cap_jobs = cap;
	}
	struct job *j = &e->job[e->n_jobs++];
	j->way = way;
	j->first = first;
	j->n = n;
	j->err = SP_OK;
	sp_wr_reset(&j->out);
	return SP_OK;
}

static int by_way(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;

	if (p->way != q->way) {
		return p->way < q->way ? -1 : 1;
	}
	return p->r.y != q->r.y ? (p->r.y < q->r.y ? -1 : 1)
				: (p->r.x > q->r.x) - (p->r.x < q->r.x);
}

/* What counts its streams is encoded by one thread, in order. */
static size_t share(enum way way)
{
	return way == WAY_CLEAR ? SIZE_MAX : JOB_PIECES;
}

static int make_jobs(struct sp_emit_gfx *e)
{
	int rc = SP_OK;

	if (e->n_pieces > 1) {
		qsort(e->piece, e->n_pieces, sizeof(*e->piece), by_way);
	}
	for (size_t i = 0; rc == SP_OK && i < e->n_pieces;) {
		enum way way = (enum way)e->piece[i].way;
		size_t n = 1;

		while (i + n < e->n_pieces && n < share(way) && e->piece[i + n].way == way) {
			n++;
		}
		rc = add_job(e, way, i, n);
		i += n;
	}
	return rc == SP_OK ? sp_emit_gfx_workers(e) : rc;
}

int sp_emit_gfx_begin(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride, size_t budget,
		uint32_t stamp, uint64_t now_us)
{
	struct sp_rect around;

	if (e->open) {
		return SP_EBUG;
	}
	if (!e->mirror) {
		return 0;
	}
	uint64_t since = (now_us - e->now_us) / 1000;
	e->held_ms = !e->held ? 0 : since < HELD_MS ? (uint32_t)since : HELD_MS;
	e->held = false;
	e->now_us = now_us;
	e->stamp = stamp;
	e->n_pieces = e->n_jobs = e->pixels = e->cost = 0;
	e->fill.n = 0;
	e->video.on = false;
	int rc = sp_emit_gfx_video_idle(e) == 0 ? sp_emit_gfx_video_drop(e) : SP_OK;
	size_t changed = sp_mirror_compare(e->mirror, fb, stride, &around);
	if (rc == SP_OK && changed > 0) {
		rc = sp_emit_gfx_cache_keep(e, budget);
	}
	if (rc == SP_OK && changed > 0) {
		rc = sp_emit_gfx_moves(e, fb, stride, around, changed);
	}
	if (rc == SP_OK) {
		rc = sp_emit_gfx_choose(e, fb, stride, budget);
	}
	if (rc == SP_OK) {
		rc = make_jobs(e);
	}
	if (rc == SP_OK && e->n_jobs > 0) {
		rc = sp_emit_gfx_open(e);
	}
	return rc != SP_OK ? rc : e->open;
}

size_t sp_emit_gfx_jobs(const struct sp_emit_gfx *e)
{
	return e->n_jobs;
}

size_t sp_emit_gfx_pixels(const struct sp_emit_gfx *e)
{
	return e->pixels;
}

int sp_emit_gfx_end(struct sp_emit_gfx *e, uint64_t now_us, uint32_t *frame)
{
	if (!e->open) {
		return SP_EBUG;
	}
	int rc = sp_emit_gfx_put(e);
	sp_emit_gfx_prices(e);
	for (size_t i = 0; i < e->n_jobs; i++) {
		if (e->job[i].out.cap > KEEP) {
			sp_wr_finish(&e->job[i].out);
			sp_wr_init(&e->job[i].out, MAX_JOB_BYTES);
		}
	}
	if (rc == SP_OK) {
		rc = sp_gfx_server_end(e->gfx, now_us);
	}
	e->open = false;
	e->stats.frames++;
	*frame = e->frame;
	return rc;
}

int sp_emit_gfx_probe(struct sp_emit_gfx *e, uint64_t now_us, uint32_t *frame)
{
	int rc = e->open ? SP_EBUG : sp_gfx_server_start(e->gfx, 0, frame);

	return rc == SP_OK ? sp_gfx_server_end(e->gfx, now_us) : rc;
}

void sp_emit_gfx_stats(const struct sp_emit_gfx *e, struct sp_emit_gfx_stats *out)
{
	*out = e->stats;
}
