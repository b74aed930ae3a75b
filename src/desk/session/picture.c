/* desk/session/picture.c - see picture.h. */
#include "desk/session/picture.h"

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/view/emit.h"
#include "desk/session/gfx.h"

struct sp_picture {
	struct sp_picture_conf conf;
	struct sp_conn *conn;
	struct sp_server_desktop size;
	struct sp_desk_gfx *gfx; /* NULL: the client did not ask for a pipeline */
	struct sp_emit *emit; /* bitmap updates; NULL while the pipeline is there, or may come */
	struct sp_wr update; /* body of the update being made */
};

static struct sp_rdp *rdp_of(const struct sp_picture *p)
{
	return sp_conn_rdp(p->conn);
}

static enum sp_desk_gfx_state pipeline(const struct sp_picture *p)
{
	return p->gfx ? sp_desk_gfx_state(p->gfx) : SP_DESK_GFX_NONE;
}

static struct sp_rect all_of(const struct sp_picture *p)
{
	return (struct sp_rect){0, 0, p->size.width, p->size.height};
}

/* ---- the pipeline ---- */

static void on_wake(void *user)
{
	struct sp_picture *p = user;

	p->conf.wake(p->conf.user);
}

/* [MS-RDPBCGR] 2.2.1.3.2: nobody has a pipeline below 32 bits, whatever he says (mstsc does). */
static bool asks_for_pipeline(const struct sp_picture *p)
{
	const struct sp_gcc_cs_core *core = &sp_rdp_client_gcc(rdp_of(p))->core;

	return (core->early_capability_flags & SP_GCC_CS_DYNVC_GFX) && p->size.bpp == 32;
}

static int set_layout(struct sp_picture *p)
{
	struct sp_gfx_reset reset = {.w = p->size.width, .h = p->size.height};
	struct sp_screen_layout l;

	sp_screen_monitors(p->conf.screen, &l);
	for (size_t i = 0; i < l.n; i++) {
		struct sp_rect m = sp_rect_and(l.monitor[i], all_of(p));

		/* A program may have made the screen smaller meanwhile. */
		if (sp_rect_empty(m)) {
			continue;
		}
		m.x -= l.monitor[0].x;
		m.y -= l.monitor[0].y;
		reset.monitor[reset.n++] = (struct sp_gfx_monitor){m, i == 0};
	}
	return sp_desk_gfx_layout(p->gfx, &reset);
}

/* ---- life ---- */

struct sp_picture *sp_picture_create(const struct sp_picture_conf *conf)
{
	struct sp_picture *p = sp_calloc(1, sizeof(*p));

	if (p) {
		p->conf = *conf;
		sp_wr_init(&p->update, SP_EMIT_MAX_UPDATE);
	}
	return p;
}

void sp_picture_destroy(struct sp_picture *p)
{
	if (p) {
		sp_desk_gfx_destroy(p->gfx);
		sp_emit_destroy(p->emit);
		sp_wr_finish(&p->update);
		sp_free(p);
	}
}

int sp_picture_active(
		struct sp_picture *p, struct sp_conn *conn, const struct sp_server_desktop *size)
{
	static const struct sp_desk_gfx_calls calls = {.wake = on_wake};

	p->conn = conn;
	p->size = *size;
	sp_emit_destroy(p->emit);
	p->emit = NULL;
	if (!p->gfx && asks_for_pipeline(p)) {
		p->gfx = sp_desk_gfx_create(p->conf.loop, p->conf.pool, &calls, p);
		if (!p->gfx) {
			return SP_ENOMEM;
		}
	}
	return p->gfx ? set_layout(p) : SP_OK;
}

struct sp_part *sp_picture_part(struct sp_picture *p)
{
	return p->gfx ? sp_desk_gfx_part(p->gfx) : NULL;
}

int sp_picture_resize(struct sp_picture *p, uint16_t width, uint16_t height)
{
	if (pipeline(p) == SP_DESK_GFX_NONE) {
		return SP_PICTURE_REACTIVATE;
	}
	if (pipeline(p) == SP_DESK_GFX_OPENING) {
		return SP_PICTURE_WAIT;
	}
	p->size.width = width;
	p->size.height = height;
	int rc = set_layout(p);
	return rc == SP_OK ? SP_PICTURE_FOLLOWED : rc;
}

/* ---- bitmap updates ---- */

static int want_emit(struct sp_picture *p)
{
	const struct sp_caps *caps = sp_rdp_peer_caps(rdp_of(p));
	struct sp_emit_conf conf = {.w = p->size.width,
			.h = p->size.height,
			.depth = p->size.bpp,
			.max_update = sp_server_update_max(rdp_of(p)),
			.no_compr_hdr = caps->general.extra_flags &
					SP_GENERAL_NO_BITMAP_COMPRESSION_HDR,
			.alpha = !(caps->bitmap.drawing_flags & SP_DRAW_ALLOW_SKIP_ALPHA),
			.shadow = true};

	if (p->emit) {
		return SP_OK;
	}
	p->emit = sp_emit_create(&conf);
	if (!p->emit) {
		return SP_ENOMEM;
	}
	sp_emit_refresh(p->emit, all_of(p));
	return SP_OK;
}

static int send_updates(struct sp_picture *p, const struct sp_capture_frame *f)
{
	int rc = want_emit(p);

	while (rc >= 0 && sp_emit_pending(p->emit) && !sp_conn_full(p->conn)) {
		sp_wr_reset(&p->update);
		rc = sp_emit_next(p->emit, f->pixels, f->stride, &p->update);
		if (rc > 0) {
			rc = sp_server_update(
					rdp_of(p), SP_FP_BITMAP, sp_span(p->update.p, p->update.n));
		}
	}
	return rc < 0 ? rc : SP_OK;
}

/* ---- whichever it is ---- */

void sp_picture_damage(struct sp_picture *p, struct sp_rect r)
{
	if (p->emit) {
		sp_emit_damage(p->emit, r);
	} else if (p->gfx) {
		sp_desk_gfx_damage(p->gfx, r);
	}
}

void sp_picture_lose(struct sp_picture *p, struct sp_rect r)
{
	if (p->emit) {
		sp_emit_refresh(p->emit, r);
	} else if (p->gfx) {
		sp_desk_gfx_lose(p->gfx, r);
	}
}

bool sp_picture_pending(const struct sp_picture *p)
{
	switch (pipeline(p)) {
	case SP_DESK_GFX_UP:
		return sp_desk_gfx_pending(p->gfx);
	case SP_DESK_GFX_OPENING:
		return true;
	case SP_DESK_GFX_NONE:
		break;
	}
	return !p->emit || sp_emit_pending(p->emit);
}

int sp_picture_send(struct sp_picture *p, const struct sp_capture_frame *f)
{
	switch (pipeline(p)) {
	case SP_DESK_GFX_UP:
		/* It may have opened late. */
		sp_emit_destroy(p->emit);
		p->emit = NULL;
		return sp_desk_gfx_send(p->gfx, f);
	case SP_DESK_GFX_OPENING:
		return SP_OK;
	case SP_DESK_GFX_NONE:
		break;
	}
	return send_updates(p, f);
}
