/* core/view/emit_gfx.c - see emit_gfx.h: life, moves, and frames from beginning to end. */
#include "core/view/emit_gfx.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/view/emit_gfx_part.h"

#define JOB_PIECES 24
#define KEEP (256u << 10) /* of memory for output, per job, from frame to frame */
#define MAX_JOB_BYTES (64u << 20)
#define MOVES 3 /* in one frame */
#define MOVE_PIXELS 3000u /* less that changed is sent rather than looked for */
#define LONGEST_PAUSE 16u /* searches that are left out after some that found nothing */

/* ---- life ---- */

struct sp_emit_gfx *sp_emit_gfx_create(const struct sp_emit_gfx_conf *conf)
{
	struct sp_emit_gfx *e = sp_calloc(1, sizeof(*e));

	if (e) {
		e->conf = *conf;
		e->gfx = conf->gfx;
	}
	return e;
}

static void drop_layout(struct sp_emit_gfx *e)
{
	sp_mirror_destroy(e->mirror);
	sp_motion_destroy(e->motion);
	sp_free(e->tile);
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
	int rc = had ? sp_gfx_server_delete_surface(e->gfx, old) : SP_OK;

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
	e->mirror = sp_mirror_create(layout->w, layout->h);
	e->motion = sp_motion_create(layout->w, layout->h);
	if (!e->mirror || !e->motion) {
		drop_layout(e);
		return SP_ENOMEM;
	}
	e->n_tiles = sp_mirror_tiles(e->mirror);
	e->tile = sp_calloc(e->n_tiles, sizeof(*e->tile));
	if (!e->tile) {
		drop_layout(e);
		return SP_ENOMEM;
	}
	for (size_t i = 0; i < e->n_tiles; i++) {
		e->tile[i].shown = SHOWN_EXACT;
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

uint32_t sp_emit_gfx_ms(const struct sp_emit_gfx *e)
{
	return (uint32_t)(e->now_us / 1000);
}

/* ---- what only moved ---- */

int sp_emit_gfx_open(struct sp_emit_gfx *e)
{
	if (e->open) {
		return SP_OK;
	}
	int rc = sp_gfx_server_start(e->gfx, e->stamp, &e->frame);
	e->open = rc == SP_OK;
	return rc;
}

static bool any_lost(const struct sp_emit_gfx *e, struct sp_rect area)
{
	for (size_t i = 0; i < e->n_tiles; i++) {
		if (sp_mirror_tile(e->mirror, i)->lost &&
				!sp_rect_empty(sp_rect_and(sp_mirror_rect(e->mirror, i), area))) {
			return true;
		}
	}
	return false;
}

/* What is shown with loss is copied with its loss. */
static void copy_shown(struct sp_emit_gfx *e, const struct sp_motion_move *mv)
{
	uint32_t columns = sp_mirror_columns(e->mirror);
	struct sp_rect from = {mv->to.x - mv->dx, mv->to.y - mv->dy, mv->to.w, mv->to.h};
	uint8_t worst = SHOWN_EXACT;

	if (e->inexact == 0) {
		return;
	}
	for (int32_t y = from.y / TILE; y <= (from.y + from.h - 1) / TILE; y++) {
		for (int32_t x = from.x / TILE; x <= (from.x + from.w - 1) / TILE; x++) {
			uint8_t s = e->tile[(size_t)y * columns + (size_t)x].shown;

			worst = s < worst ? s : worst;
		}
	}
	for (int32_t y = mv->to.y / TILE; y <= (mv->to.y + mv->to.h - 1) / TILE; y++) {
		for (int32_t x = mv->to.x / TILE; x <= (mv->to.x + mv->to.w - 1) / TILE; x++) {
			struct tile *t = &e->tile[(size_t)y * columns + (size_t)x];

			if (worst < t->shown) {
				e->inexact += t->shown == SHOWN_EXACT;
				t->shown = worst;
				t->heat.changed_ms = sp_emit_gfx_ms(e);
			}
		}
	}
}

static int send_move(struct sp_emit_gfx *e, const struct sp_motion_move *mv)
{
	struct sp_rect from = {mv->to.x - mv->dx, mv->to.y - mv->dy, mv->to.w, mv->to.h};
	struct sp_gfx_point to = {(int16_t)mv->to.x, (int16_t)mv->to.y};
	int rc = sp_emit_gfx_open(e);

	if (rc == SP_OK) {
		rc = sp_gfx_server_copy(e->gfx, e->surface, e->surface, from, &to, 1);
	}
	if (rc == SP_OK) {
		sp_mirror_copy(e->mirror, mv->to, mv->dx, mv->dy);
		copy_shown(e, mv);
		e->stats.copies++;
		e->stats.copied += (uint64_t)mv->to.w * (uint64_t)mv->to.h;
	}
	return rc;
}

/* After searches that found nothing, more and more are left out. */
static bool left_out(unsigned *skip)
{
	if (*skip == 0) {
		return false;
	}
	--*skip;
	return true;
}

static void searched(bool found, unsigned *skip, unsigned *pause)
{
	*pause = found ? 0 : *pause == 0 ? 1 : *pause < LONGEST_PAUSE ? 2 * *pause : LONGEST_PAUSE;
	*skip = *pause;
}

int sp_emit_gfx_moves(struct sp_emit_gfx *e, const uint8_t *fb, size_t stride,
		struct sp_rect around, size_t pixels)
{
	struct sp_motion_pictures p = {sp_mirror_pixels(e->mirror), fb, sp_mirror_stride(e->mirror),
			stride, e->w, e->h};
	struct sp_motion_move mv;
	int rc = SP_OK;

	if (pixels < MOVE_PIXELS || left_out(&e->skip) || any_lost(e, around)) {
		return SP_OK;
	}
	bool any = !left_out(&e->skip_any), found = false;
	for (int i = 0; rc == SP_OK && i < MOVES && pixels >= MOVE_PIXELS; i++) {
		if (!sp_motion_find(e->motion, &p, around, any, &mv)) {
			break;
		}
		found = true;
		rc = send_move(e, &mv);
		if (rc == SP_OK) {
			pixels = sp_mirror_compare(e->mirror, fb, stride, &around);
		}
	}
	searched(found, &e->skip, &e->pause);
	if (any) {
		searched(found, &e->skip_any, &e->pause_any);
	}
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

static int make_jobs(struct sp_emit_gfx *e)
{
	int rc = SP_OK;

	for (size_t i = 0; rc == SP_OK && i < e->n_pieces;) {
		size_t n = 1;

		while (i + n < e->n_pieces && n < JOB_PIECES &&
				e->piece[i + n].way == e->piece[i].way) {
			n++;
		}
		rc = add_job(e, (enum way)e->piece[i].way, i, n);
		i += n;
	}
	return rc;
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
	e->now_us = now_us;
	e->stamp = stamp;
	e->n_pieces = e->n_jobs = e->pixels = 0;
	e->fill.n = 0;
	size_t changed = sp_mirror_compare(e->mirror, fb, stride, &around);
	int rc = changed > 0 ? sp_emit_gfx_moves(e, fb, stride, around, changed) : SP_OK;
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

static int run_planar(struct sp_emit_gfx *e, struct job *j, struct piece *p, size_t worker)
{
	size_t stride = sp_mirror_stride(e->mirror);
	const uint8_t *px =
			sp_mirror_pixels(e->mirror) + (size_t)p->r.y * stride + 4 * (size_t)p->r.x;
	struct sp_wr w;

	sp_wr_fixed(&w, e->scratch[worker], sizeof(e->scratch[worker]));
	int n = sp_planar_encode(
			px, (ptrdiff_t)stride, (uint32_t)p->r.w, (uint32_t)p->r.h, false, &w);
	if (n > 0) {
		sp_wr_put(&j->out, w.p, w.n);
	}
	return n < 0 ? n : sp_wr_ok(&j->out);
}

void sp_emit_gfx_run(struct sp_emit_gfx *e, size_t job, size_t worker)
{
	struct job *j = &e->job[job];

	for (size_t i = 0; j->err == SP_OK && i < j->n; i++) {
		struct piece *p = &e->piece[j->first + i];

		p->at = j->out.n;
		switch (j->way) {
		case WAY_PLANAR:
			j->err = run_planar(e, j, p, worker);
			break;
		case WAYS:
			j->err = SP_EBUG;
			break;
		}
		p->n = j->out.n - p->at;
	}
}

static int put_job(struct sp_emit_gfx *e, struct job *j)
{
	int rc = j->err;

	for (size_t i = 0; rc == SP_OK && i < j->n; i++) {
		const struct piece *p = &e->piece[j->first + i];

		rc = sp_gfx_server_put(e->gfx, e->surface, SP_GFX_PLANAR, p->r,
				sp_span(j->out.p + p->at, p->n));
		e->stats.lossless_bytes += p->n;
	}
	return rc;
}

int sp_emit_gfx_end(struct sp_emit_gfx *e, uint64_t now_us, uint32_t *frame)
{
	int rc = SP_OK;

	if (!e->open) {
		return SP_EBUG;
	}
	for (size_t i = 0; i < e->n_jobs; i++) {
		if (rc == SP_OK) {
			rc = put_job(e, &e->job[i]);
		}
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

void sp_emit_gfx_stats(const struct sp_emit_gfx *e, struct sp_emit_gfx_stats *out)
{
	*out = e->stats;
}
