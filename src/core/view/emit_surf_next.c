/* core/view/emit_surf_next.c - the updates of a frame that was encoded; see emit_surf.h. */
#include "core/pdu/bitmap.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/surfcmd.h"
#include "core/view/emit_surf_part.h"

#define MARKER 8u /* bytes of a frame marker */

static void put_marker(const struct sp_emit_surf *e, bool end, struct sp_wr *out)
{
	sp_surfcmd_write(out,
			&(struct sp_surfcmd){.type = SP_SURFCMD_FRAME_MARKER,
					.end = end,
					.frame = e->frame});
}

static int next_exact(struct sp_emit_surf *e, struct sp_wr *out)
{
	size_t begin = out->n;
	uint16_t rects = 0;

	sp_bitmap_write(out, 0);
	while (e->next < e->n_exact) {
		const struct piece *p = &e->piece[e->next];
		struct sp_bitmap_rect b = sp_bitmap_rect_of(p->r, 32);

		if (SP_BITMAP_RECT_HEADER + SP_BITMAP_CD_HEADER + p->data.n >
				e->conf.max_update - (out->n - begin)) {
			break;
		}
		b.compressed = true;
		b.has_header = !e->conf.no_compr_hdr;
		b.data = p->data;
		sp_bitmap_rect_write(out, &b);
		e->next++;
		rects++;
	}
	if (sp_wr_ok(out) != SP_OK) {
		return sp_wr_ok(out);
	}
	sp_wr_fill_le16(out, begin + 2, rects);
	return rects > 0 ? (int)(out->n - begin) : SP_EBUG;
}

static void put_bits(const struct sp_emit_surf *e, struct sp_rect r, struct sp_span data,
		struct sp_wr *out)
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
					.data = data});
}

/* Tiles until the update is full, as one message. */
static int next_rfx(struct sp_emit_surf *e, struct sp_wr *out)
{
	struct sp_rect all = {0, 0, (int32_t)e->conf.w, (int32_t)e->conf.h};
	struct sp_rect rects[SP_RFX_MAX_RECTS];
	struct sp_span spans[SP_RFX_MAX_RECTS];
	size_t n = 0, begin = out->n, most = e->conf.max_update, bytes = 0;

	most -= SP_SURFCMD_BITS_HEADER + SP_RFX_OVERHEAD + 2 * MARKER;
	while (e->next < e->n_lossy && n < SP_RFX_MAX_RECTS) {
		const struct piece *p = &e->piece[e->n_tiles + e->next];

		bytes += p->data.n;
		if (n > 0 && bytes + 8 * (n + 1) > most) {
			break;
		}
		rects[n] = p->r;
		spans[n++] = p->data;
		e->next++;
	}
	sp_wr_reset(&e->scratch);
	int rc = sp_rfx_message(e->rfx, rects, n, spans, n, n, &e->scratch);
	if (rc < 0) {
		return rc;
	}
	put_bits(e, all, sp_span(e->scratch.p, e->scratch.n), out);
	return sp_wr_ok(out) == SP_OK ? (int)(out->n - begin) : sp_wr_ok(out);
}

static int next_nsc(struct sp_emit_surf *e, struct sp_wr *out)
{
	size_t begin = out->n;

	while (e->next < e->n_lossy) {
		const struct piece *p = &e->piece[e->n_tiles + e->next];

		if (out->n > begin &&
				p->data.n + SP_SURFCMD_BITS_HEADER >
						e->conf.max_update - (out->n - begin)) {
			break;
		}
		put_bits(e, p->r, p->data, out);
		e->next++;
	}
	return sp_wr_ok(out) == SP_OK ? (int)(out->n - begin) : sp_wr_ok(out);
}

/* What the jobs made, before anything of it is given out. */
static int failed(const struct sp_emit_surf *e)
{
	for (size_t i = 0; i < e->n_jobs; i++) {
		if (e->job[i].err != SP_OK) {
			return e->job[i].err;
		}
	}
	return SP_OK;
}

int sp_emit_surf_next(struct sp_emit_surf *e, uint8_t *code, struct sp_wr *out)
{
	size_t begin = out->n;
	int rc = failed(e);

	*code = SP_FP_SURFCMDS;
	if (rc != SP_OK) {
		return rc;
	}
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
