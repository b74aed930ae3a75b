/* desk/session/picture.c - see picture.h. */
#include "desk/session/picture.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/view/emit.h"
#include "core/view/emit_surf.h"
#include "desk/session/gfx.h"
#include "desk/session/line.h"

struct sp_picture {
	struct sp_picture_conf conf;
	struct sp_conn *conn;
	struct sp_server_desktop size;
	struct sp_desk_gfx *gfx; /* NULL: the client did not ask for a pipeline */
	/* One of them; none while the pipeline is there, or may come. */
	struct sp_emit_surf *surf; /* surface commands */
	bool encoding; /* a frame of these is with the pool */
	struct sp_emit *emit; /* bitmap updates */
	struct sp_desk_line line;
	bool open; /* a frame of bitmap updates is not through */
	uint32_t frame; /* their number */
	size_t frame_bytes;
	struct sp_watch *later; /* what waits for time to pass */
	struct sp_wr update; /* body of the update being made */
};

#define MAX_UPDATE (1u << 20)

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
	struct sp_rect all = all_of(p), sum = {0};
	for (size_t i = 0; i < l.n; i++) {
		sum = sp_rect_or(sum, l.monitor[i]);
	}
	/* A program may have made the screen another size since: then it is one monitor. */
	if (l.n == 0 || sum.x + sum.w != all.w || sum.y + sum.h != all.h) {
		l = (struct sp_screen_layout){.n = 1, .monitor = {all}};
	}
	for (size_t i = 0; i < l.n; i++) {
		struct sp_rect m = l.monitor[i];

		m.x -= l.monitor[0].x;
		m.y -= l.monitor[0].y;
		reset.monitor[reset.n++] = (struct sp_gfx_monitor){m, i == 0};
	}
	return sp_desk_gfx_layout(p->gfx, &reset);
}

/* ---- life ---- */

static void drop_emitters(struct sp_picture *p)
{
	if (p->encoding) {
		sp_pool_wait(p->conf.pool);
	}
	sp_emit_destroy(p->emit);
	sp_emit_surf_destroy(p->surf);
	p->emit = NULL;
	p->surf = NULL;
}

struct sp_picture *sp_picture_create(const struct sp_picture_conf *conf)
{
	struct sp_picture *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->conf = *conf;
	sp_wr_init(&p->update, MAX_UPDATE);
	p->later = sp_loop_timer(conf->loop, on_wake, p);
	if (!p->later) {
		sp_picture_destroy(p);
		return NULL;
	}
	return p;
}

void sp_picture_destroy(struct sp_picture *p)
{
	if (p) {
		sp_desk_gfx_destroy(p->gfx);
		drop_emitters(p);
		sp_watch_remove(p->later);
		sp_wr_finish(&p->update);
		sp_free(p);
	}
}

void sp_picture_connect(struct sp_picture *p, struct sp_conn *conn)
{
	p->conn = conn;
	sp_desk_line_init(&p->line, rdp_of(p));
}

int sp_picture_active(struct sp_picture *p, const struct sp_server_desktop *size)
{
	static const struct sp_desk_gfx_calls calls = {.wake = on_wake};

	p->size = *size;
	drop_emitters(p);
	if (!p->gfx && asks_for_pipeline(p)) {
		struct sp_desk_gfx_conf conf = {.loop = p->conf.loop,
				.pool = p->conf.pool,
				.keys = p->conf.keys,
				.line = &p->line,
				.calls = &calls,
				.user = p};

		p->gfx = sp_desk_gfx_create(&conf);
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

/* ---- surface commands and bitmap updates ---- */

/* True when the client takes surface commands; then surf is there, or memory is not. */
static bool by_commands(struct sp_picture *p, const struct sp_caps *caps)
{
	struct sp_emit_surf_conf conf;

	if (!p->size.codecs || p->size.width > SP_PIXEL_SIDE_MAX ||
			p->size.height > SP_PIXEL_SIDE_MAX || !sp_emit_surf_can(caps, &conf)) {
		return false;
	}
	conf.w = p->size.width;
	conf.h = p->size.height;
	p->surf = sp_emit_surf_create(&conf);
	sp_desk_line_restart(&p->line, conf.acks);
	sp_log(SP_LOG_INFO, "pictures: surface commands, %s%s", conf.rfx ? "RemoteFX" : "NSCodec",
			conf.acks ? ", acknowledged" : "");
	return true;
}

static int want_emitter(struct sp_picture *p)
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

	if (p->emit || p->surf) {
		return SP_OK;
	}
	if (by_commands(p, caps)) {
		return p->surf ? SP_OK : SP_ENOMEM;
	}
	p->emit = sp_emit_create(&conf);
	if (!p->emit) {
		return SP_ENOMEM;
	}
	p->open = false;
	sp_desk_line_restart(&p->line, false);
	sp_emit_refresh(p->emit, all_of(p));
	return SP_OK;
}

/* A frame is in the connection's output. */
static int frame_out(struct sp_picture *p, uint32_t frame, uint64_t now)
{
	sp_desk_line_sent(&p->line, frame, p->frame_bytes, now);
	return sp_desk_line_out(&p->line, now);
}

/*
 * As many updates as the line takes in a short while are a frame. All of what they show is new,
 * whatever the client has not been sent of what was there before.
 */
static int send_updates(struct sp_picture *p, const struct sp_capture_frame *f)
{
	uint64_t now = sp_now_us();
	int rc = SP_OK;

	while (rc >= 0 && sp_emit_pending(p->emit) && !sp_conn_full(p->conn)) {
		if (!p->open && !sp_pace_ready(&p->line.pace, now)) {
			break;
		}
		if (!p->open) {
			p->open = true;
			p->frame_bytes = 0;
			rc = sp_desk_line_begin(&p->line, now);
		}
		sp_wr_reset(&p->update);
		rc = rc < 0 ? rc : sp_emit_next(p->emit, f->pixels, f->stride, &p->update);
		if (rc > 0) {
			p->frame_bytes += p->update.n;
			rc = sp_server_update(
					rdp_of(p), SP_FP_BITMAP, sp_span(p->update.p, p->update.n));
		}
		if (rc >= 0 &&
				(!sp_emit_pending(p->emit) ||
						p->frame_bytes >= sp_pace_budget(&p->line.pace))) {
			p->open = false;
			rc = p->frame_bytes > 0 ? frame_out(p, ++p->frame, now) : SP_OK;
		}
	}
	if (!sp_emit_pending(p->emit)) {
		sp_pace_idle(&p->line.pace);
	}
	uint64_t due = sp_emit_pending(p->emit) ? sp_pace_deadline(&p->line.pace) : 0;
	sp_watch_at(p->later, due > now ? due : 0);
	return rc < 0 ? rc : SP_OK;
}

/* Comes back when time alone lets something go. */
static void arm(struct sp_picture *p, uint64_t now)
{
	uint64_t due = sp_emit_surf_deadline(p->surf), pace = sp_pace_deadline(&p->line.pace);

	if (sp_emit_surf_open(p->surf)) {
		due = 0; /* the connection tells of its room */
	} else if (sp_emit_surf_pending(p->surf) || (due != 0 && due <= now)) {
		due = pace; /* before that an acknowledgement wakes us */
	}
	sp_watch_at(p->later, due > now ? due : 0);
}

static bool may_begin(struct sp_picture *p, uint64_t now)
{
	uint64_t due = sp_emit_surf_deadline(p->surf);

	if (!sp_emit_surf_pending(p->surf) && (due == 0 || now < due)) {
		sp_pace_idle(&p->line.pace);
		return false;
	}
	return sp_pace_ready(&p->line.pace, now);
}

static void on_piece(void *user, size_t piece, size_t worker)
{
	struct sp_picture *p = user;

	sp_emit_surf_run(p->surf, piece, worker);
}

static void on_encoded(void *user)
{
	struct sp_picture *p = user;

	p->encoding = false;
	p->conf.wake(p->conf.user);
}

/* The frame that was begun: by threads when it is large, else at once. */
static void encode(struct sp_picture *p)
{
	struct sp_pool_work work = {.piece = on_piece,
			.done = on_encoded,
			.user = p,
			.n = sp_emit_surf_jobs(p->surf)};

	if (sp_emit_surf_pixels(p->surf) > SP_DESK_GFX_OWN_PIXELS && work.n > 1 && p->conf.pool &&
			!sp_pool_busy(p->conf.pool) && sp_pool_run(p->conf.pool, &work) == SP_OK) {
		p->encoding = true;
		return;
	}
	for (size_t i = 0; i < work.n; i++) {
		sp_emit_surf_run(p->surf, i, 0);
	}
}

static int send_commands(struct sp_picture *p, const struct sp_capture_frame *f)
{
	uint64_t now = sp_now_us();
	int rc = SP_OK;

	while (rc >= 0 && !p->encoding && !sp_conn_full(p->conn)) {
		uint8_t code;

		if (!sp_emit_surf_open(p->surf)) {
			p->frame_bytes = 0;
			rc = may_begin(p, now) ? sp_emit_surf_begin(p->surf, f->pixels, f->stride,
								 sp_pace_budget(&p->line.pace), now)
					       : 0;
			if (rc <= 0) {
				break;
			}
			encode(p);
			continue;
		}
		sp_wr_reset(&p->update);
		rc = p->frame_bytes == 0 ? sp_desk_line_begin(&p->line, now) : SP_OK;
		rc = rc < 0 ? rc : sp_emit_surf_next(p->surf, &code, &p->update);
		if (rc > 0) {
			p->frame_bytes += p->update.n;
			rc = sp_server_update(rdp_of(p), code, sp_span(p->update.p, p->update.n));
		}
		if (rc >= 0 && !sp_emit_surf_open(p->surf)) {
			rc = frame_out(p, sp_emit_surf_frame(p->surf), now);
		}
	}
	arm(p, now);
	return rc < 0 ? rc : SP_OK;
}

void sp_picture_acked(struct sp_picture *p, uint32_t frame)
{
	if (!p->surf) {
		return;
	}
	if (frame == SP_RDP_ALL_FRAMES) {
		frame = sp_emit_surf_frame(p->surf) - sp_emit_surf_open(p->surf);
	}
	sp_pace_acked(&p->line.pace, frame, sp_now_us());
	p->conf.wake(p->conf.user);
}

/* ---- whichever it is ---- */

int sp_picture_out(struct sp_picture *p)
{
	return pipeline(p) == SP_DESK_GFX_UP ? sp_desk_gfx_out(p->gfx) : SP_OK;
}

void sp_picture_event(struct sp_picture *p, const struct sp_event *ev)
{
	if (sp_desk_line_event(&p->line, ev, sp_now_us())) {
		p->conf.wake(p->conf.user);
	}
}

void sp_picture_damage(struct sp_picture *p, struct sp_rect r)
{
	if (p->emit) {
		sp_emit_damage(p->emit, r);
	} else if (p->surf) {
		sp_emit_surf_damage(p->surf, r);
	} else if (p->gfx) {
		sp_desk_gfx_damage(p->gfx, r);
	}
}

void sp_picture_lose(struct sp_picture *p, struct sp_rect r)
{
	if (p->emit) {
		sp_emit_refresh(p->emit, r);
	} else if (p->surf) {
		sp_emit_surf_lose(p->surf, r);
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
	if (p->surf) {
		return sp_emit_surf_pending(p->surf);
	}
	return !p->emit || sp_emit_pending(p->emit);
}

int sp_picture_send(struct sp_picture *p, const struct sp_capture_frame *f)
{
	switch (pipeline(p)) {
	case SP_DESK_GFX_UP:
		/* It may have opened late. */
		drop_emitters(p);
		return sp_desk_gfx_send(p->gfx, f);
	case SP_DESK_GFX_OPENING:
		return SP_OK;
	case SP_DESK_GFX_NONE:
		break;
	}
	int rc = want_emitter(p);
	if (rc == SP_OK) {
		rc = p->surf ? send_commands(p, f) : send_updates(p, f);
	}
	return rc;
}
