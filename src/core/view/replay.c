/* core/view/replay.c - see replay.h: what comes, and where it goes. */
#include "core/view/replay.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/active.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/mcs.h"
#include "core/pdu/share.h"
#include "core/pdu/tpkt.h"
#include "core/view/replay_part.h"

#define PUMP (1u << 20) /* what our client would answer is taken out and dropped */

/* ---- the picture ---- */

static void changed(struct sp_replay *r, struct sp_rect area)
{
	r->changed = sp_rect_or(r->changed, area);
}

int replay_new_picture(struct sp_replay *r, uint32_t w, uint32_t h)
{
	if (!(1 <= w && w <= SP_REPLAY_SIDE && 1 <= h && h <= SP_REPLAY_SIDE &&
			    (uint64_t)w * h <= SP_REPLAY_AREA)) {
		return SP_ELIMIT;
	}
	uint8_t *fb = sp_calloc((size_t)w * h, 4);
	if (!fb) {
		return SP_ENOMEM;
	}
	sp_paint_target(&r->paint, fb, (size_t)w * 4, w, h);
	sp_free(r->fb);
	r->fb = fb;
	r->w = w;
	r->h = h;
	r->changed = (struct sp_rect){0, 0, (int32_t)w, (int32_t)h};
	return SP_OK;
}

static void damaged(struct sp_replay *r, int err, const char *what)
{
	sp_log(SP_LOG_DEBUG, "replay: %s: %s", what, sp_err_text(err));
	r->damaged++;
}

/* ---- the graphics pipeline ---- */

static void close_gfx(struct sp_replay *r)
{
	sp_gfx_client_destroy(r->gfx);
	r->gfx = NULL;
	r->port = NULL;
}

static int show(struct sp_replay *r)
{
	struct sp_rect area;

	if (!r->fb) {
		return SP_OK;
	}
	int rc = sp_gfx_client_paint(r->gfx, r->fb, (size_t)r->w * 4, r->w, r->h, r->now_us, &area);
	changed(r, area);
	return rc;
}

static int gfx_events(struct sp_replay *r)
{
	struct sp_gfx_client_event ev;
	int rc = SP_OK;

	while (rc == SP_OK && sp_gfx_client_next(r->gfx, &ev)) {
		if (ev.kind == SP_GFX_CLIENT_RESET &&
				!(r->fb && ev.reset.w == r->w && ev.reset.h == r->h)) {
			rc = replay_new_picture(r, ev.reset.w, ev.reset.h);
		}
	}
	return rc;
}

static void gfx_message(struct sp_replay *r, struct sp_span message)
{
	struct sp_rcbuf *b;
	int rc, late;

	rc = sp_gfx_client_feed(r->gfx, message, r->now_us);
	late = gfx_events(r);
	rc = rc == SP_OK ? late : rc;
	late = show(r);
	rc = rc == SP_OK ? late : rc;
	while ((b = sp_gfx_client_out(r->gfx))) {
		sp_rcbuf_unref(b);
	}
	if (rc != SP_OK) {
		damaged(r, rc, "graphics");
		close_gfx(r);
	}
}

static void gfx_opened(struct sp_replay *r, struct sp_port *port)
{
	struct sp_rcbuf *b;

	if (r->gfx) {
		sp_port_close(port); /* another one beside it is none of ours */
		return;
	}
	r->gfx = sp_gfx_client_create(&r->gfx_conf);
	r->port = port;
	while (r->gfx && (b = sp_gfx_client_out(r->gfx))) {
		sp_rcbuf_unref(b);
	}
	if (!r->gfx) {
		damaged(r, SP_ENOMEM, "graphics");
	}
}

void replay_vc_events(struct sp_replay *r)
{
	struct sp_vc_event ev;

	while (sp_vc_next(r->vc, &ev)) {
		if (ev.kind == SP_VC_OPENED) {
			gfx_opened(r, ev.port);
		} else if (ev.kind == SP_VC_MESSAGE && ev.port == r->port && r->gfx) {
			gfx_message(r, ev.message);
		} else if (ev.kind == SP_VC_CLOSED && ev.port == r->port) {
			close_gfx(r);
		}
	}
}

/* ---- the connection ---- */

static int on_demand(struct sp_replay *r, const struct sp_caps *theirs)
{
	uint32_t w = theirs->bitmap.width, h = theirs->bitmap.height;
	struct sp_caps ours;
	int rc = replay_new_picture(r, sp_caps_has(theirs, SP_CAPS_BITMAP) ? w : 0, h);

	if (rc != SP_OK) {
		return rc;
	}
	if (r->gfx) {
		sp_gfx_client_repaint(r->gfx);
		rc = show(r);
	}
	replay_pointer_reset(&r->pointer);
	sp_client_default_caps(&ours, (uint16_t)w, (uint16_t)h, 32);
	return rc == SP_OK ? sp_client_confirm(r->rdp, &ours) : rc;
}

static int on_update(struct sp_replay *r, uint8_t code, struct sp_span data)
{
	struct sp_rect area = {0, 0, 0, 0};
	int rc = SP_OK;

	if (sp_pointer_is_code(code)) {
		return replay_pointer_update(&r->pointer, code, data, &r->paint.palette);
	}
	if (!r->fb) {
		return SP_OK;
	}
	switch (code) {
	case SP_FP_BITMAP:
		rc = sp_paint_bitmap(&r->paint, data, &area);
		break;
	case SP_FP_PALETTE:
		return sp_paint_palette(&r->paint, data);
	case SP_FP_SURFCMDS:
		rc = sp_paint_surface(&r->paint, data, &area, NULL);
		break;
	default:
		return SP_OK; /* orders are never let through */
	}
	changed(r, area);
	return rc;
}

static int on_event(struct sp_replay *r, const struct sp_event *ev)
{
	int rc;

	switch (ev->kind) {
	case SP_EV_DEMAND_ACTIVE:
		return on_demand(r, ev->caps);
	case SP_EV_CHANNEL:
		rc = sp_vc_feed(r->vc, ev);
		if (rc == SP_OK) {
			replay_vc_events(r);
		}
		return rc;
	case SP_EV_UPDATE:
		rc = on_update(r, ev->update.code, ev->update.data);
		if (rc != SP_OK) {
			damaged(r, rc, "update");
		}
		return SP_OK;
	default:
		return SP_OK;
	}
}

static void drop_answers(struct sp_replay *r)
{
	struct sp_rcbuf *b;

	if (sp_vc_pump(r->vc, PUMP) < 0) {
		sp_log(SP_LOG_DEBUG, "replay: answers are not written");
	}
	while ((b = sp_rdp_out(r->rdp))) {
		sp_rcbuf_unref(b);
	}
}

int sp_replay_out(struct sp_replay *r, struct sp_span pdus, uint64_t now_us)
{
	size_t at = 0;

	r->now_us = now_us;
	while (r->failed == SP_OK && at < pdus.n) {
		struct sp_event ev;
		int used = sp_rdp_feed(r->rdp, pdus.p + at, pdus.n - at, now_us);

		if (used <= 0) {
			r->failed = used < 0 ? used : SP_ESTATE;
			break;
		}
		at += (size_t)used;
		while (r->failed == SP_OK && sp_rdp_next(r->rdp, &ev)) {
			r->failed = on_event(r, &ev);
		}
		drop_answers(r);
	}
	return r->failed;
}

/* ---- what the client said ---- */

static void take_codecs(struct sp_replay *r, const struct sp_caps *caps)
{
	const struct sp_caps_codec *c = sp_caps_codec_find(caps, SP_CODEC_NSCODEC);

	r->paint.id[SP_PAINT_NSC] = c ? c->id : 0;
	c = sp_caps_codec_find(caps, SP_CODEC_REMOTEFX);
	r->paint.id[SP_PAINT_RFX] = c ? c->id : 0;
	c = sp_caps_codec_find(caps, SP_CODEC_IMAGE_REMOTEFX);
	r->paint.image_id = c ? c->id : 0;
}

void sp_replay_confirm(struct sp_replay *r, struct sp_span pdu)
{
	struct sp_active active;
	struct sp_share s;
	struct sp_caps caps;
	struct sp_rd rd, body, sets;

	sp_rd_init(&rd, pdu.p, pdu.n);
	if (sp_share_read(&rd, &s) == SP_OK && s.type == SP_SHARE_CONFIRM_ACTIVE) {
		sp_rd_init(&body, s.body.p, s.body.n);
		if (sp_active_confirm_read(&body, &active) == SP_OK) {
			sp_rd_init(&sets, active.sets.p, active.sets.n);
			if (sp_caps_read(&sets, &caps) == SP_OK) {
				take_codecs(r, &caps);
				return;
			}
		}
	}
	damaged(r, SP_EFIELD, "confirm active");
}

static void share_in(struct sp_replay *r, struct sp_span data)
{
	struct sp_share s;
	struct sp_rd rd;

	sp_rd_init(&rd, data.p, data.n);
	while (sp_rd_left(&rd) > 0 && sp_share_read(&rd, &s) == SP_OK) {
		struct sp_rd body;

		sp_rd_init(&body, s.body.p, s.body.n);
		if (s.type == SP_SHARE_DATA && s.type2 == SP_DATA_INPUT) {
			replay_pointer_slow(&r->pointer, &body);
		}
	}
}

void sp_replay_in(struct sp_replay *r, struct sp_span pdu)
{
	struct sp_mcs m;
	struct sp_rd rd;

	if (pdu.n == 0) {
		return;
	}
	sp_rd_init(&rd, pdu.p, pdu.n);
	if (sp_frame_is_fastpath(pdu.p[0])) {
		replay_pointer_fast(&r->pointer, &rd);
	} else if (sp_mcs_read(&rd, &m) == SP_OK && m.type == SP_MCS_SEND_DATA_REQUEST) {
		share_in(r, m.data);
	}
}

/* ---- what there is to see ---- */

const uint8_t *sp_replay_picture(const struct sp_replay *r, uint32_t *w, uint32_t *h)
{
	*w = r->w;
	*h = r->h;
	return r->fb;
}

struct sp_rect sp_replay_changed(struct sp_replay *r)
{
	struct sp_rect area = r->changed;

	r->changed = (struct sp_rect){0, 0, 0, 0};
	return area;
}

bool sp_replay_active(const struct sp_replay *r)
{
	return sp_rdp_is_active(r->rdp);
}

uint64_t sp_replay_damaged(const struct sp_replay *r)
{
	return r->damaged;
}

uint32_t sp_replay_pointer_serial(const struct sp_replay *r)
{
	return r->pointer.serial;
}

void sp_replay_compose(const struct sp_replay *r, uint8_t *px)
{
	if (r->fb) {
		memcpy(px, r->fb, (size_t)r->w * r->h * 4);
		replay_pointer_draw(&r->pointer, px, r->w, r->h);
	}
}

/* ---- life ---- */

struct sp_replay *sp_replay_create(const struct sp_replay_conf *conf)
{
	struct sp_port_conf port = {.max_message = SP_GFX_CLIENT_MESSAGE};
	struct sp_replay *r = sp_calloc(1, sizeof(*r));

	if (!r) {
		return NULL;
	}
	sp_paint_init(&r->paint, NULL, 0, 0, 0);
	r->paint.allowed[SP_PAINT_RFX] = r->paint.allowed[SP_PAINT_NSC] = true;
	r->gfx_conf = (struct sp_gfx_client_conf){.h264 = conf->h264,
			.h264_history = conf->h264 && conf->saves ? SP_REPLAY_H264 : 0,
			.memory = conf->memory};
	replay_pointer_reset(&r->pointer);
	r->rdp = sp_client_replay_create(conf->client);
	r->vc = r->rdp ? sp_vc_create(r->rdp, false) : NULL;
	if (!r->vc || sp_vc_listen(r->vc, SP_GFX_CHANNEL, &port) != SP_OK) {
		sp_replay_destroy(r);
		return NULL;
	}
	return r;
}

void sp_replay_destroy(struct sp_replay *r)
{
	if (!r) {
		return;
	}
	sp_gfx_client_destroy(r->gfx);
	sp_vc_destroy(r->vc);
	sp_rdp_destroy(r->rdp);
	sp_paint_finish(&r->paint);
	replay_pointer_finish(&r->pointer);
	sp_free(r->fb);
	sp_free(r);
}
