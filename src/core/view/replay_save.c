/* core/view/replay_save.c - see replay.h: all that a replay knows, and back. */
#include <string.h>

#include "core/base/mem.h"
#include "core/codec/rfx.h"
#include "core/view/replay_part.h"

#define MAGIC 0x31594c50u /* "PLY1" */

/* ---- out ---- */

static size_t begin(struct sp_wr *w)
{
	return sp_wr_hole(w, 4);
}

static int end(struct sp_wr *w, size_t mark, int rc)
{
	sp_wr_fill_le32(w, mark, w->n - mark - 4);
	return rc == SP_OK ? sp_wr_ok(w) : rc;
}

static int save_paint(const struct sp_paint *p, struct sp_wr *w)
{
	for (size_t i = 0; i < SP_PAINT_CODECS; i++) {
		sp_wr_u8(w, p->id[i]);
	}
	sp_wr_u8(w, p->image_id);
	for (size_t i = 0; i < 256; i++) {
		sp_wr_le32(w, p->palette.bgrx[i]);
	}
	size_t mark = begin(w);
	return end(w, mark, p->rfx ? sp_rfx_save(p->rfx, w) : SP_OK);
}

int sp_replay_save(const struct sp_replay *r, struct sp_wr *w)
{
	int rc;

	if (r->failed != SP_OK || (r->gfx && !sp_gfx_client_saves(r->gfx))) {
		return SP_ESTATE;
	}
	sp_wr_le32(w, MAGIC);
	sp_wr_le16(w, (uint16_t)r->w);
	sp_wr_le16(w, (uint16_t)r->h);
	sp_wr_put(w, r->fb, (size_t)r->w * r->h * 4);
	sp_wr_le64(w, r->damaged);
	size_t mark = begin(w);
	rc = end(w, mark, sp_client_replay_save(r->rdp, w));
	mark = begin(w);
	rc = rc == SP_OK ? end(w, mark, sp_vc_replay_save(r->vc, w)) : rc;
	rc = rc == SP_OK ? save_paint(&r->paint, w) : rc;
	rc = rc == SP_OK ? replay_pointer_save(&r->pointer, w) : rc;
	if (rc == SP_OK) {
		mark = begin(w);
		rc = end(w, mark, r->gfx ? sp_gfx_client_save(r->gfx, w) : SP_OK);
	}
	return rc;
}

/* ---- in ---- */

static struct sp_span block(struct sp_rd *rd)
{
	return sp_rd_span(rd, sp_rd_le32(rd));
}

static int load_picture(struct sp_replay *r, struct sp_rd *rd)
{
	uint32_t w = sp_rd_le16(rd), h = sp_rd_le16(rd);

	if (w == 0 && h == 0) {
		return sp_rd_ok(rd);
	}
	struct sp_span px = sp_rd_span(rd, (size_t)w * h * 4);
	int rc = sp_rd_ok(rd);
	rc = rc == SP_OK ? replay_new_picture(r, w, h) : rc;
	if (rc == SP_OK) {
		memcpy(r->fb, px.p, px.n);
	}
	return rc;
}

static int load_paint(struct sp_paint *p, struct sp_rd *rd)
{
	for (size_t i = 0; i < SP_PAINT_CODECS; i++) {
		p->id[i] = sp_rd_u8(rd);
	}
	p->image_id = sp_rd_u8(rd);
	for (size_t i = 0; i < 256; i++) {
		p->palette.bgrx[i] = sp_rd_le32(rd);
	}
	struct sp_span rfx = block(rd);
	if (sp_rd_ok(rd) != SP_OK || rfx.n == 0) {
		return sp_rd_ok(rd);
	}
	if (!p->rfx) {
		p->rfx = sp_rfx_dec_create();
	}
	return p->rfx ? sp_rfx_load(p->rfx, rfx) : SP_ENOMEM;
}

int sp_replay_load(struct sp_replay *r, struct sp_span state)
{
	struct sp_rd rd;
	int rc;

	if (r->fb || r->gfx) {
		return SP_EARG;
	}
	sp_rd_init(&rd, state.p, state.n);
	if (sp_rd_le32(&rd) != MAGIC) {
		sp_rd_fail(&rd, SP_EFIELD, "replay.state.magic");
	}
	rc = sp_rd_ok(&rd);
	rc = rc == SP_OK ? load_picture(r, &rd) : rc;
	r->damaged = sp_rd_le64(&rd);
	struct sp_span rdp = block(&rd), vc = block(&rd);
	rc = rc == SP_OK ? sp_rd_ok(&rd) : rc;
	rc = rc == SP_OK ? sp_client_replay_load(r->rdp, rdp) : rc;
	rc = rc == SP_OK ? sp_vc_replay_load(r->vc, vc) : rc;
	if (rc == SP_OK) {
		replay_vc_events(r); /* the pipeline's channel is open again */
		rc = load_paint(&r->paint, &rd);
	}
	rc = rc >= SP_OK ? replay_pointer_load(&r->pointer, &rd) : rc;
	struct sp_span gfx = block(&rd);
	rc = rc == SP_OK ? sp_rd_end(&rd) : rc;
	if (rc == SP_OK && gfx.n > 0) {
		rc = r->gfx ? sp_gfx_client_load(r->gfx, gfx) : SP_EFIELD;
	} else if (rc == SP_OK && r->gfx) {
		/* The channel is open, but what is behind it had ended. */
		sp_gfx_client_destroy(r->gfx);
		r->gfx = NULL;
	}
	r->failed = rc;
	return rc;
}
