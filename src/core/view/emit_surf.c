/* core/view/emit_surf.c - see emit_surf.h: life, what goes into a frame, and encoding it. */
#include "core/view/emit_surf.h"

#include "core/base/mem.h"
#include "core/codec/planar.h"
#include "core/view/emit_surf_part.h"

#define POOR_MS 120u /* when a tile that stays still is sent better, */
#define GOOD_MS 500u /* and without loss */
#define HEAT_SHARE 4 /* the part of a tile that has to change for it to move */
#define SLACK 2 /* a frame may be so many times as large as it should */
#define PRICE_PIXELS 4096u /* fewer say nothing about a price */
#define KEEP (96u << 10) /* of memory for output, per job, from frame to frame */
#define MAX_JOB_BYTES (4u << 20)
#define QUANT_GOOD 0
#define QUANT_POOR 1
#define RFX_QUANT_POOR ((struct sp_rfx_quant){7, 7, 7, 8, 8, 8, 9, 9, 9, 10})

/* What it was for a desktop of text and photographs; the first frames tell better. */
static const uint32_t first_price[PRICES] = {300, 300, 90, 2000};

/* ---- life ---- */

static bool make_rfx(struct sp_emit_surf *e)
{
	struct sp_rfx_conf conf = {.rlgr = e->conf.rlgr,
			.image = e->conf.image,
			.w = (uint16_t)e->conf.w,
			.h = (uint16_t)e->conf.h,
			.n_quants = 2,
			.quant = {SP_RFX_QUANT_USUAL, RFX_QUANT_POOR}};

	e->kernel = sp_rfx_kernel(sp_cpu_best());
	e->rfx = sp_rfx_enc_create(&conf);
	return e->rfx != NULL;
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
	for (size_t k = 0; k < PRICES; k++) {
		e->price[k] = first_price[k];
	}
	e->mirror = sp_mirror_create(conf->w, conf->h);
	if (e->mirror) {
		e->n_tiles = sp_mirror_tiles(e->mirror);
		e->tile = sp_calloc(e->n_tiles, sizeof(*e->tile));
		e->piece = sp_calloc(2 * e->n_tiles, sizeof(*e->piece));
	}
	if (!e->mirror || !e->tile || !e->piece || (conf->rfx && !make_rfx(e))) {
		sp_emit_surf_destroy(e);
		return NULL;
	}
	for (size_t i = 0; i < e->n_tiles; i++) {
		e->tile[i].shown = SHOWN_EXACT;
	}
	sp_mirror_lose(e->mirror, (struct sp_rect){0, 0, (int32_t)conf->w, (int32_t)conf->h});
	return e;
}

void sp_emit_surf_destroy(struct sp_emit_surf *e)
{
	if (!e) {
		return;
	}
	for (size_t i = 0; i < e->cap_jobs; i++) {
		sp_wr_finish(&e->job[i].out);
	}
	for (size_t i = 0; i < SP_EMIT_SURF_WORKERS; i++) {
		sp_free(e->worker[i].rfx);
		sp_nsc_enc_destroy(e->worker[i].nsc);
	}
	sp_mirror_destroy(e->mirror);
	sp_rfx_enc_destroy(e->rfx);
	sp_wr_finish(&e->scratch);
	sp_free(e->tile);
	sp_free(e->piece);
	sp_free(e->job);
	sp_free(e);
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

/* Milliseconds until the tile is to become better; it is not exact. */
static uint32_t wait_of(const struct sp_emit_surf *e, size_t i)
{
	uint32_t still = sp_heat_still(&e->tile[i].heat, now_ms(e));
	uint32_t limit = e->tile[i].shown == SHOWN_POOR ? POOR_MS : GOOD_MS;

	return still < limit ? limit - still : 0;
}

uint64_t sp_emit_surf_deadline(const struct sp_emit_surf *e)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; e->inexact > 0 && i < e->n_tiles; i++) {
		if (e->tile[i].shown != SHOWN_EXACT) {
			uint32_t wait = wait_of(e, i);

			least = wait < least ? wait : least;
		}
	}
	return least == UINT32_MAX ? 0 : e->now_us + (uint64_t)least * 1000;
}

/* ---- what goes into a frame ---- */

static size_t price_of(const struct sp_emit_surf *e, struct sp_rect r, enum price price)
{
	return (size_t)r.w * (size_t)r.h * e->price[price] / 1000;
}

/* r of the tile is shown so, and all of it no better. */
static void set_shown(struct sp_emit_surf *e, size_t i, enum shown shown, struct sp_rect r)
{
	struct tile *t = &e->tile[i];

	e->inexact -= t->shown != SHOWN_EXACT;
	t->shown = (uint8_t)shown;
	e->inexact += t->shown != SHOWN_EXACT;
	t->lossy = shown == SHOWN_EXACT ? (struct sp_rect){0} : sp_rect_or(t->lossy, r);
}

/* Columns in fours where there are some, as they would be padded anyway. */
static struct sp_rect in_fours(const struct sp_emit_surf *e, size_t i, struct sp_rect r)
{
	struct sp_rect all = sp_mirror_rect(e->mirror, i);
	int32_t end = r.x + r.w + (-(r.x + r.w) & 3);

	r.x &= ~3;
	r.w = (end < all.x + all.w ? end : all.x + all.w) - r.x;
	return r;
}

static void add(struct sp_emit_surf *e, size_t i, struct sp_rect r, enum price price)
{
	bool lossy = price == PRICE_PICTURE || price == PRICE_POOR;
	size_t at = lossy ? e->n_tiles + e->n_lossy++ : e->n_exact++;

	e->piece[at] = (struct piece){.r = r, .tile = i, .price = (uint8_t)price};
	e->cost += price_of(e, r, price);
	e->pixels += (size_t)r.w * (size_t)r.h;
}

/* What each tile that changed is, and about how many bytes that would be. */
static size_t classify(struct sp_emit_surf *e, const uint8_t *fb, size_t stride)
{
	size_t cost = 0;

	for (size_t i = 0; i < e->n_tiles; i++) {
		struct sp_rect r = sp_mirror_box(e->mirror, i);
		struct tile *t = &e->tile[i];

		if (sp_rect_empty(r)) {
			continue;
		}
		enum sp_class class = sp_classify(fb + (size_t)r.y * stride + 4 * (size_t)r.x,
				stride, (uint32_t)r.w, (uint32_t)r.h);
		if (!sp_mirror_fresh(e->mirror, i)) {
			/* It waits, and does not move for that. */
		} else if (r.w * r.h * HEAT_SHARE >= TILE * TILE) {
			sp_heat_change(&t->heat, now_ms(e), 0);
		} else {
			sp_heat_touch(&t->heat, now_ms(e), 0);
		}
		t->class = (uint8_t) class;
		cost += price_of(e, r, class == SP_CLASS_PICTURE ? PRICE_PICTURE : PRICE_SHARP);
	}
	return cost;
}

static void take_tile(
		struct sp_emit_surf *e, size_t i, const uint8_t *fb, size_t stride, bool tight)
{
	struct sp_rect r = sp_mirror_box(e->mirror, i);
	struct tile *t = &e->tile[i];

	sp_mirror_take(e->mirror, i, fb, stride);
	if (t->class == SP_CLASS_PICTURE) {
		/* What is poor becomes good together. */
		r = !tight && t->shown == SHOWN_POOR ? sp_rect_or(r, t->lossy) : r;
		set_shown(e, i, tight ? SHOWN_POOR : SHOWN_GOOD, r);
		add(e, i, r, tight ? PRICE_POOR : PRICE_PICTURE);
		return;
	}
	if (sp_rect_contains(r, t->lossy)) {
		set_shown(e, i, SHOWN_EXACT, r);
	}
	add(e, i, in_fours(e, i, r), PRICE_SHARP);
}

static void choose(struct sp_emit_surf *e, const uint8_t *fb, size_t stride, size_t budget)
{
	bool tight = classify(e, fb, stride) > SLACK * budget;

	/* Where not all of it can go, what seldom changes does not wait behind what always does. */
	for (size_t k = 0; k < 2 * e->n_tiles && e->cost <= SLACK * budget; k++) {
		bool hot = k >= e->n_tiles;
		size_t i = e->at;

		e->at = e->at + 1 < e->n_tiles ? e->at + 1 : 0;
		if (!sp_rect_empty(sp_mirror_box(e->mirror, i)) &&
				hot == (tight && sp_heat_moves(&e->tile[i].heat, now_ms(e)))) {
			take_tile(e, i, fb, stride, tight);
			/* What waited for long does not become better in the same frame. */
			sp_heat_touch(&e->tile[i].heat, now_ms(e), 0);
		}
	}
	for (size_t k = 0; e->inexact > 0 && k < e->n_tiles && e->cost < budget; k++) {
		size_t i = e->at;
		bool poor = e->tile[i].shown == SHOWN_POOR;

		e->at = e->at + 1 < e->n_tiles ? e->at + 1 : 0;
		if (e->tile[i].shown != SHOWN_EXACT && sp_mirror_tile(e->mirror, i)->x1 == 0 &&
				wait_of(e, i) == 0) {
			struct sp_rect r = e->tile[i].lossy;

			set_shown(e, i, poor ? SHOWN_GOOD : SHOWN_EXACT, r);
			add(e, i, poor ? r : in_fours(e, i, r), poor ? PRICE_PICTURE : PRICE_EXACT);
		}
	}
}

/* ---- who encodes it ---- */

static int add_job(struct sp_emit_surf *e, size_t first, size_t n)
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
	j->first = first;
	j->n = n;
	j->err = SP_OK;
	if (j->out.cap > KEEP) {
		sp_wr_finish(&j->out);
		sp_wr_init(&j->out, MAX_JOB_BYTES);
	}
	sp_wr_reset(&j->out);
	return SP_OK;
}

static int add_jobs(struct sp_emit_surf *e, size_t first, size_t n)
{
	int rc = SP_OK;

	for (size_t i = 0; rc == SP_OK && i < n; i += JOB_PIECES) {
		rc = add_job(e, first + i, n - i < JOB_PIECES ? n - i : JOB_PIECES);
	}
	return rc;
}

/* Large and not touched before it is used: the system gives it then. */
static int make_workers(struct sp_emit_surf *e)
{
	for (size_t i = 0; e->n_lossy > 0 && i < SP_EMIT_SURF_WORKERS; i++) {
		struct worker *k = &e->worker[i];

		if (e->rfx && !k->rfx && !(k->rfx = sp_malloc(sizeof(*k->rfx)))) {
			return SP_ENOMEM;
		}
		if (!e->rfx && !k->nsc && !(k->nsc = sp_nsc_enc_create())) {
			return SP_ENOMEM;
		}
	}
	return SP_OK;
}

/* As the frame before this one had them. */
static void learn_prices(struct sp_emit_surf *e)
{
	uint64_t pixels[PRICES] = {0}, bytes[PRICES] = {0};

	for (size_t i = 0; i < e->n_exact + e->n_lossy; i++) {
		const struct piece *p = &e->piece[i < e->n_exact ? i : e->n_tiles + i - e->n_exact];

		pixels[p->price] += (uint64_t)p->r.w * (uint64_t)p->r.h;
		bytes[p->price] += p->data.n;
	}
	for (size_t k = 0; k < PRICES; k++) {
		if (pixels[k] >= PRICE_PIXELS) {
			e->price[k] = (e->price[k] + (uint32_t)(bytes[k] * 1000 / pixels[k]) + 1) /
					2;
		}
	}
}

int sp_emit_surf_begin(struct sp_emit_surf *e, const uint8_t *fb, size_t stride, size_t budget,
		uint64_t now_us)
{
	if (e->stage != STAGE_NONE) {
		return SP_EBUG;
	}
	learn_prices(e);
	e->now_us = now_us;
	e->n_exact = e->n_lossy = e->n_jobs = e->next = e->cost = e->pixels = 0;
	sp_mirror_compare(e->mirror, fb, stride, NULL);
	choose(e, fb, stride, budget);
	if (e->n_exact == 0 && e->n_lossy == 0) {
		return 0;
	}
	int rc = add_jobs(e, 0, e->n_exact);
	if (rc == SP_OK) {
		rc = add_jobs(e, e->n_tiles, e->n_lossy);
	}
	if (rc == SP_OK) {
		rc = make_workers(e);
	}
	if (rc != SP_OK) {
		return rc;
	}
	e->frame++;
	e->stage = e->conf.markers ? STAGE_BEGIN : STAGE_EXACT;
	return 1;
}

size_t sp_emit_surf_jobs(const struct sp_emit_surf *e)
{
	return e->n_jobs;
}

size_t sp_emit_surf_pixels(const struct sp_emit_surf *e)
{
	return e->pixels;
}

/* ---- in any thread ---- */

static const uint8_t *pixels(const struct sp_emit_surf *e, int32_t x, int32_t y)
{
	return sp_mirror_pixels(e->mirror) + (size_t)y * sp_mirror_stride(e->mirror) +
			4 * (size_t)x;
}

static int run_rfx(const struct sp_emit_surf *e, struct worker *k, const struct piece *p,
		struct sp_wr *out)
{
	uint32_t columns = sp_mirror_columns(e->mirror);
	struct sp_rect r = sp_mirror_rect(e->mirror, p->tile);
	uint8_t q = p->price == PRICE_POOR ? QUANT_POOR : QUANT_GOOD;
	struct sp_rfx_tile t = {.x = (uint16_t)(p->tile % columns),
			.y = (uint16_t)(p->tile / columns),
			.quant_y = q,
			.quant_cb = q,
			.quant_cr = q};

	return sp_rfx_tile_encode(e->kernel, k->rfx, sp_rfx_enc_conf(e->rfx), &t,
			pixels(e, r.x, r.y), sp_mirror_stride(e->mirror), (unsigned)r.w,
			(unsigned)r.h, out);
}

static int run_piece(const struct sp_emit_surf *e, struct worker *k, const struct piece *p,
		bool lossy, struct sp_wr *out)
{
	ptrdiff_t step = -(ptrdiff_t)sp_mirror_stride(e->mirror);
	const uint8_t *bottom = pixels(e, p->r.x, p->r.y + p->r.h - 1);

	if (!lossy) {
		return sp_planar_encode(bottom, step, (uint32_t)p->r.w, (uint32_t)p->r.h,
				e->conf.alpha, out);
	}
	if (e->rfx) {
		return run_rfx(e, k, p, out);
	}
	return sp_nsc_encode(k->nsc, p->price == PRICE_POOR ? &e->conf.nsc_poor : &e->conf.nsc,
			bottom, step, (uint32_t)p->r.w, (uint32_t)p->r.h, out);
}

void sp_emit_surf_run(struct sp_emit_surf *e, size_t job, size_t worker)
{
	struct job *j = &e->job[job];
	size_t at[JOB_PIECES + 1] = {0};

	for (size_t i = 0; j->err == SP_OK && i < j->n; i++) {
		int rc = run_piece(e, &e->worker[worker], &e->piece[j->first + i],
				j->first >= e->n_tiles, &j->out);

		j->err = rc < 0 ? rc : SP_OK;
		at[i + 1] = j->out.n;
	}
	/* Only now the bytes stay where they are. */
	for (size_t i = 0; j->err == SP_OK && i < j->n; i++) {
		e->piece[j->first + i].data = sp_span(j->out.p + at[i], at[i + 1] - at[i]);
	}
}
