/* core/view/emit_gfx_run.c - encodes the parts of a frame, and puts them into it. */
#include "core/base/mem.h"
#include "core/view/emit_gfx_part.h"

#define QUANT_GOOD 0
#define QUANT_POOR 1
#define RECTS 960 /* of one message of tiles */

/* ---- room to work in ---- */

int sp_emit_gfx_workers(struct sp_emit_gfx *e)
{
	/* Large and not touched before it is used: the system gives it then. */
	for (size_t i = 0; e->n_jobs > 0 && i < SP_EMIT_GFX_WORKERS; i++) {
		if (!e->worker[i]) {
			e->worker[i] = sp_malloc(sizeof(*e->worker[i]));
		}
		if (!e->worker[i]) {
			return SP_ENOMEM;
		}
	}
	return SP_OK;
}

void sp_emit_gfx_workers_finish(struct sp_emit_gfx *e)
{
	for (size_t i = 0; i < SP_EMIT_GFX_WORKERS; i++) {
		sp_free(e->worker[i]);
	}
}

/* ---- in any thread ---- */

static const uint8_t *at(const struct sp_emit_gfx *e, int32_t x, int32_t y)
{
	return sp_mirror_pixels(e->mirror) + (size_t)y * sp_mirror_stride(e->mirror) +
			4 * (size_t)x;
}

static int run_planar(
		const struct sp_emit_gfx *e, struct job *j, const struct piece *p, struct worker *k)
{
	struct sp_wr w;

	sp_wr_fixed(&w, k->planar, sizeof(k->planar));
	int n = sp_planar_encode_exact(at(e, p->r.x, p->r.y),
			(ptrdiff_t)sp_mirror_stride(e->mirror), (uint32_t)p->r.w, (uint32_t)p->r.h,
			&w);
	if (n > 0) {
		sp_wr_put(&j->out, w.p, w.n);
	}
	return n < 0 ? n : sp_wr_ok(&j->out);
}

static int run_rfx(
		const struct sp_emit_gfx *e, struct job *j, const struct piece *p, struct worker *k)
{
	uint32_t columns = sp_mirror_columns(e->mirror);
	struct sp_rect r = sp_mirror_rect(e->mirror, p->tile);
	uint8_t q = p->poor ? QUANT_POOR : QUANT_GOOD;
	struct sp_rfx_tile t = {.x = (uint16_t)(p->tile % columns),
			.y = (uint16_t)(p->tile / columns),
			.quant_y = q,
			.quant_cb = q,
			.quant_cr = q};

	return sp_rfx_tile_encode(e->kernel, &k->tiles, sp_rfx_enc_conf(e->rfx), &t,
			at(e, r.x, r.y), sp_mirror_stride(e->mirror), (unsigned)r.w, (unsigned)r.h,
			&j->out);
}

static int run_prog(struct sp_emit_gfx *e, struct job *j, const struct piece *p, struct worker *k)
{
	uint32_t columns = sp_mirror_columns(e->mirror);
	uint32_t tx = (uint32_t)(p->tile % columns), ty = (uint32_t)(p->tile / columns);

	if (p->way == WAY_UPGRADE) {
		return sp_prog_enc_upgrade(e->prog, &k->tiles, tx, ty, &j->out);
	}
	return sp_prog_enc_tile(e->prog, &k->tiles, sp_mirror_pixels(e->mirror),
			sp_mirror_stride(e->mirror), tx, ty,
			p->poor && p->moves ? SP_PROG_FAIR : SP_PROG_GOOD,
			p->poor ? SP_PROG_COARSE : SP_PROG_WHOLE, &j->out);
}

static int run_piece(struct sp_emit_gfx *e, struct job *j, const struct piece *p, struct worker *k)
{
	switch (j->way) {
	case WAY_CLEAR:
		return sp_clear_encode(e->clear, at(e, p->r.x, p->r.y), sp_mirror_stride(e->mirror),
				(uint32_t)p->r.w, (uint32_t)p->r.h, &j->out);
	case WAY_PLANAR:
		return run_planar(e, j, p, k);
	case WAY_RFX:
		return run_rfx(e, j, p, k);
	case WAY_PROG:
	case WAY_UPGRADE:
		return run_prog(e, j, p, k);
	case WAY_VIDEO:
		return sp_emit_gfx_video_run(e, &j->out);
	case WAYS:
		break;
	}
	return SP_EBUG;
}

void sp_emit_gfx_run(struct sp_emit_gfx *e, size_t job, size_t worker)
{
	struct job *j = &e->job[job];

	for (size_t i = 0; j->err == SP_OK && i < j->n; i++) {
		struct piece *p = &e->piece[j->first + i];

		p->at = j->out.n;
		int rc = run_piece(e, j, p, e->worker[worker]);
		p->n = j->out.n - p->at;
		j->err = rc < 0 ? rc : SP_OK;
	}
}

/* ---- into the frame ---- */

/* Each piece is a command of its own. */
static int put_pieces(struct sp_emit_gfx *e, const struct job *j)
{
	enum sp_gfx_codec codec = j->way == WAY_CLEAR ? SP_GFX_CLEAR : SP_GFX_PLANAR;
	int rc = SP_OK;

	for (size_t i = 0; rc == SP_OK && i < j->n; i++) {
		const struct piece *p = &e->piece[j->first + i];

		rc = sp_gfx_server_put(
				e->gfx, e->surface, codec, p->r, sp_span(j->out.p + p->at, p->n));
		e->stats.lossless_bytes += p->n;
	}
	return rc;
}

/* Tiles of n jobs, in one message. */
static int put_tiles(struct sp_emit_gfx *e, const struct job *j, size_t n)
{
	struct sp_rect all = {0, 0, (int32_t)e->w, (int32_t)e->h}, rects[RECTS];
	struct sp_prog_part parts[RECTS];
	struct sp_span spans[RECTS];
	size_t n_rects = 0;
	int err = SP_OK;

	for (size_t i = 0; i < n; i++) {
		parts[i] = (struct sp_prog_part){.bytes = sp_span(j[i].out.p, j[i].out.n),
				.tiles = (uint32_t)j[i].n};
		spans[i] = parts[i].bytes;
		e->stats.lossy_bytes += j[i].out.n;
		for (size_t k = 0; k < j[i].n; k++) {
			rects[n_rects++] = e->piece[j[i].first + k].r;
		}
	}
	if (n_rects == 0) {
		return SP_OK;
	}
	struct sp_wr *w = j->way == WAY_RFX
			? sp_gfx_server_bits(e->gfx, e->surface, SP_GFX_RFX, all, &err)
			: sp_gfx_server_progressive(e->gfx, e->surface, CONTEXT, &err);
	if (!w) {
		return err;
	}
	int rc = j->way == WAY_RFX ? sp_rfx_message(e->rfx, rects, n_rects, spans, n, n_rects, w)
				   : sp_prog_enc_stream(e->prog, rects, n_rects, parts, n, w);
	err = sp_gfx_server_bits_end(e->gfx, rc >= 0);
	return rc < 0 ? rc : err;
}

static size_t join_jobs(const struct sp_emit_gfx *e, size_t i)
{
	size_t n = 0, pieces = 0;

	while (i + n < e->n_jobs && e->job[i + n].way == e->job[i].way &&
			pieces + e->job[i + n].n <= RECTS) {
		pieces += e->job[i + n].n;
		n++;
	}
	return n;
}

int sp_emit_gfx_put(struct sp_emit_gfx *e)
{
	bool failed = false;
	int rc = SP_OK;

	for (size_t i = 0; rc == SP_OK && i < e->n_jobs; i++) {
		const struct job *j = &e->job[i];

		failed |= j->way == WAY_VIDEO && j->err != SP_OK;
		rc = j->way != WAY_VIDEO ? j->err : SP_OK;
	}
	if (rc == SP_OK && failed) {
		rc = sp_emit_gfx_video_fail(e);
	}
	for (size_t i = 0; rc == SP_OK && i < e->n_jobs;) {
		const struct job *j = &e->job[i];
		size_t n = 1;

		if (j->way == WAY_CLEAR || j->way == WAY_PLANAR) {
			rc = put_pieces(e, j);
		} else if (j->way == WAY_VIDEO && !failed) {
			rc = sp_emit_gfx_video_put(e, sp_span(j->out.p, j->out.n));
		} else if (j->way != WAY_VIDEO) {
			n = join_jobs(e, i);
			rc = put_tiles(e, j, n);
		}
		i += n;
	}
	return rc;
}
