/* desk/session/gfx.c - see gfx.h. */
#include "desk/session/gfx.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/view/emit_gfx.h"
#include "host/lib/h264.h"

#define MAX_MESSAGE (128u << 10) /* a cache import offer is the longest that a client sends */
/* A client that said it has a pipeline and does not open it gets pictures without. */
#define OPEN_US 3000000u
#define DAY_MS 86400000u
#define HELD (16u << 10) /* so much of a frame may wait in the channel when the next one is made */

struct sp_desk_gfx {
	struct sp_part part; /* INVARIANT: first */
	const struct sp_desk_gfx_calls *calls;
	void *user;
	enum sp_desk_gfx_state state;
	struct sp_port *port; /* NULL: not open */
	struct sp_gfx_server *gfx;
	struct sp_emit_gfx *emit;
	struct sp_desk_line *line; /* borrowed */
	struct sp_watch *opening; /* no longer than this */
	struct sp_watch *later; /* a frame that waits for time to pass */
	struct sp_gfx_reset layout;
	struct sp_pool *pool; /* borrowed */
	struct sp_tilekeys *keys; /* borrowed */
	bool encoding; /* a frame is with the pool */
	uint64_t sent; /* bytes of all frames */
};

static void set_state(struct sp_desk_gfx *g, enum sp_desk_gfx_state state)
{
	if (g->state != state) {
		g->state = state;
		g->calls->wake(g->user);
	}
}

/* Nothing of the emitter may be touched while the pool is at it; its end comes before this returns. */
static void settle(struct sp_desk_gfx *g)
{
	if (g->encoding) {
		sp_pool_wait(g->pool);
	}
}

static void drop(struct sp_desk_gfx *g)
{
	struct sp_emit_gfx_stats s;

	settle(g);
	if (g->emit) {
		sp_emit_gfx_stats(g->emit, &s);
		sp_log(SP_LOG_INFO,
				"pipeline: %llu frames, %llu bytes; %llu fills, %llu copies of "
				"%llu pixels; %llu of the client's cache (%llu stored, %llu "
				"imported); %llu pixels sharp in %llu bytes, %llu lossy in %llu, "
				"%llu moving in %llu",
				(unsigned long long)s.frames, (unsigned long long)g->sent,
				(unsigned long long)s.fills, (unsigned long long)s.copies,
				(unsigned long long)s.copied, (unsigned long long)s.pasted,
				(unsigned long long)s.stored, (unsigned long long)s.imported,
				(unsigned long long)s.lossless,
				(unsigned long long)s.lossless_bytes, (unsigned long long)s.lossy,
				(unsigned long long)s.lossy_bytes, (unsigned long long)s.moving,
				(unsigned long long)s.moving_bytes);
	}
	sp_emit_gfx_destroy(g->emit);
	sp_gfx_server_destroy(g->gfx);
	g->emit = NULL;
	g->gfx = NULL;
}

static void give_up(struct sp_desk_gfx *g, const char *why)
{
	sp_log(SP_LOG_DEBUG, "pipeline: none: %s", why);
	sp_port_close(g->port);
	g->port = NULL;
	drop(g);
	sp_watch_at(g->opening, 0);
	sp_watch_at(g->later, 0);
	set_state(g, SP_DESK_GFX_NONE);
}

static void flush(struct sp_desk_gfx *g)
{
	struct sp_rcbuf *b;

	while (g->port && (b = sp_gfx_server_out(g->gfx)) != NULL) {
		g->sent += b->n;
		int rc = sp_port_send(g->port, b);

		if (rc != SP_OK) {
			give_up(g, sp_err_text(rc));
			return;
		}
	}
}

/* ---- the channel ---- */

static void on_opening(void *user)
{
	give_up(user, "the client does not open it");
}

static void on_later(void *user)
{
	struct sp_desk_gfx *g = user;

	g->calls->wake(g->user);
}

/* What the first picture takes says nothing of the round trip. */
static int probe(struct sp_desk_gfx *g)
{
	uint64_t before = g->sent, now = sp_now_us();
	uint32_t frame = 0;
	int rc = sp_emit_gfx_probe(g->emit, now, &frame);

	flush(g);
	sp_desk_line_sent(g->line, frame, (size_t)(g->sent - before), now);
	return rc;
}

static void on_ready(struct sp_desk_gfx *g, const struct sp_gfx_can *can)
{
	struct sp_emit_gfx_conf conf = {.gfx = g->gfx,
			.can = *can,
			.keys = g->keys,
			.h264 = can->avc420 && sp_h264_there() ? &sp_h264_openh264 : NULL};

	sp_log(SP_LOG_INFO, "pipeline: version 0x%08x, flags 0x%x%s%s%s", can->version, can->flags,
			can->progressive ? ", progressive" : "", can->avc420 ? ", AVC420" : "",
			can->avc444 ? ", AVC444" : "");
	sp_watch_at(g->opening, 0);
	settle(g);
	sp_emit_gfx_destroy(g->emit);
	sp_desk_line_restart(g->line, true);
	g->emit = sp_emit_gfx_create(&conf);
	int rc = g->emit ? sp_emit_gfx_layout(g->emit, &g->layout) : SP_ENOMEM;
	if (rc == SP_OK) {
		rc = probe(g);
	}
	if (rc != SP_OK) {
		give_up(g, sp_err_text(rc));
	}
	if (!g->emit) {
		return; /* it may have been given up while it was told of its surface */
	}
	set_state(g, SP_DESK_GFX_UP);
	g->calls->wake(g->user);
}

static void on_offer(struct sp_desk_gfx *g, const struct sp_gfx_list *offer)
{
	int rc = g->emit ? sp_emit_gfx_import(g->emit, offer) : SP_ESTATE;

	if (rc != SP_OK) {
		give_up(g, sp_err_text(rc));
	}
}

/* Whether the client begins anew, or offers what it has cached: no frame may be under way. */
static bool interrupts(struct sp_span message)
{
	struct sp_rd r, body;
	uint16_t cmd = 0;

	sp_rd_init(&r, message.p, message.n);
	while (sp_rd_left(&r) > 0 && sp_gfx_next(&r, &cmd, &body) == SP_OK) {
		if (cmd == SP_GFX_ADVERTISE || cmd == SP_GFX_OFFER) {
			return true;
		}
	}
	return false;
}

static void on_message(struct sp_desk_gfx *g, struct sp_span message)
{
	struct sp_gfx_server_event ev;
	uint64_t now = sp_now_us();

	if (interrupts(message)) {
		settle(g);
	}
	if (!g->gfx) {
		return;
	}
	int rc = sp_gfx_server_feed(g->gfx, message, now);
	if (rc == SP_ENOMEM) {
		give_up(g, sp_err_text(rc));
		return;
	}
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "pipeline: message ignored: %s", sp_err_text(rc));
	}
	while (g->gfx && sp_gfx_server_next(g->gfx, &ev)) {
		switch (ev.kind) {
		case SP_GFX_SERVER_READY:
			on_ready(g, &ev.can);
			break;
		case SP_GFX_SERVER_ACK:
			sp_desk_line_acks(g->line, true);
			sp_pace_acked(&g->line->pace, ev.frame, now);
			g->calls->wake(g->user);
			break;
		case SP_GFX_SERVER_SUSPENDED:
			sp_desk_line_acks(g->line, false);
			g->calls->wake(g->user);
			break;
		case SP_GFX_SERVER_OFFER:
			on_offer(g, &ev.offer);
			break;
		case SP_GFX_SERVER_QOE:
			break;
		}
	}
	if (g->gfx) {
		flush(g);
	}
}

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_desk_gfx *g = (struct sp_desk_gfx *)p;
	struct sp_port_conf port = {.owner = p, .max_message = MAX_MESSAGE, .dense = true};
	struct sp_gfx_server_conf conf = {.import = true};

	g->gfx = sp_gfx_server_create(&conf);
	int rc = g->gfx ? sp_vc_dynamic(vc, SP_GFX_CHANNEL, &port, &g->port) : SP_ENOMEM;
	if (rc != SP_OK) {
		g->port = NULL;
		give_up(g, sp_err_text(rc));
		return;
	}
	g->state = SP_DESK_GFX_OPENING;
	sp_watch_in(g->opening, OPEN_US);
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_desk_gfx *g = (struct sp_desk_gfx *)p;

	switch (ev->kind) {
	case SP_VC_OPENED:
		break; /* the client begins */
	case SP_VC_MESSAGE:
		if (g->gfx) {
			on_message(g, ev->message);
		}
		break;
	case SP_VC_CLOSED:
		g->port = NULL;
		give_up(g, "the channel is closed");
		break;
	case SP_VC_ROOM:
		g->calls->wake(g->user);
		break;
	}
}

static void detach(struct sp_part *p)
{
	struct sp_desk_gfx *g = (struct sp_desk_gfx *)p;

	g->port = NULL;
	drop(g);
	g->state = SP_DESK_GFX_NONE;
	sp_watch_at(g->opening, 0);
	sp_watch_at(g->later, 0);
}

/* ---- pictures ---- */

enum sp_desk_gfx_state sp_desk_gfx_state(const struct sp_desk_gfx *g)
{
	return g->state;
}

int sp_desk_gfx_layout(struct sp_desk_gfx *g, const struct sp_gfx_reset *layout)
{
	g->layout = *layout;
	settle(g);
	if (g->state != SP_DESK_GFX_UP) {
		return SP_OK;
	}
	int rc = sp_emit_gfx_layout(g->emit, layout);
	if (rc == SP_OK) {
		flush(g);
	}
	return rc;
}

void sp_desk_gfx_damage(struct sp_desk_gfx *g, struct sp_rect r)
{
	if (g->emit) {
		sp_emit_gfx_damage(g->emit, r);
	}
}

void sp_desk_gfx_lose(struct sp_desk_gfx *g, struct sp_rect r)
{
	if (g->emit) {
		sp_emit_gfx_lose(g->emit, r);
	}
}

bool sp_desk_gfx_pending(const struct sp_desk_gfx *g)
{
	return g->emit && sp_emit_gfx_pending(g->emit);
}

/* Comes back when time alone lets a frame go. */
static void arm(struct sp_desk_gfx *g, uint64_t now)
{
	uint64_t due = sp_emit_gfx_deadline(g->emit);

	/* Between the two an acknowledgement wakes us. */
	if (sp_emit_gfx_pending(g->emit) || (due != 0 && due <= now)) {
		due = sp_pace_deadline(&g->line->pace);
	}
	sp_watch_at(g->later, due > now ? due : 0);
}

static int end_frame(struct sp_desk_gfx *g)
{
	uint64_t before = g->sent, now = sp_now_us();
	uint32_t frame = 0;
	int rc = sp_emit_gfx_end(g->emit, now, &frame);

	if (rc == SP_OK) {
		rc = sp_desk_line_begin(g->line, now);
	}
	if (rc != SP_OK) {
		return rc;
	}
	flush(g);
	sp_desk_line_sent(g->line, frame, (size_t)(g->sent - before), now);
	return SP_OK;
}

static void on_piece(void *user, size_t piece, size_t worker)
{
	struct sp_desk_gfx *g = user;

	sp_emit_gfx_run(g->emit, piece, worker);
}

static void on_encoded(void *user)
{
	struct sp_desk_gfx *g = user;

	g->encoding = false;
	int rc = end_frame(g);
	if (rc != SP_OK) {
		give_up(g, sp_err_text(rc));
	}
	g->calls->wake(g->user);
}

static bool by_pool(struct sp_desk_gfx *g)
{
	struct sp_pool_work work = {.piece = on_piece,
			.done = on_encoded,
			.user = g,
			.n = sp_emit_gfx_jobs(g->emit)};

	if (sp_emit_gfx_pixels(g->emit) <= SP_DESK_GFX_OWN_PIXELS || work.n < 2 || !g->pool ||
			sp_pool_busy(g->pool)) {
		return false;
	}
	g->encoding = sp_pool_run(g->pool, &work) == SP_OK;
	return g->encoding;
}

static int make_frame(struct sp_desk_gfx *g, const struct sp_capture_frame *f, uint64_t now)
{
	int rc = sp_emit_gfx_begin(g->emit, f->pixels, f->stride, sp_pace_budget(&g->line->pace),
			sp_gfx_stamp((uint32_t)(now / 1000 % DAY_MS)), now);

	if (rc == 0) {
		flush(g); /* a surface that is not needed any more */
	}
	if (rc <= 0 || by_pool(g)) {
		return rc < 0 ? rc : SP_OK;
	}
	for (size_t i = 0; i < sp_emit_gfx_jobs(g->emit); i++) {
		sp_emit_gfx_run(g->emit, i, 0);
	}
	return end_frame(g);
}

int sp_desk_gfx_out(struct sp_desk_gfx *g)
{
	return g->port && sp_port_queued(g->port) == 0 ? sp_desk_line_out(g->line, sp_now_us())
						       : SP_OK;
}

int sp_desk_gfx_send(struct sp_desk_gfx *g, const struct sp_capture_frame *f)
{
	uint64_t now = sp_now_us(), due;
	int rc = SP_OK;

	if (g->encoding) {
		return SP_OK; /* its end wakes the owner */
	}
	due = sp_emit_gfx_deadline(g->emit);
	if (!sp_emit_gfx_pending(g->emit) && (due == 0 || now < due)) {
		sp_pace_idle(&g->line->pace);
	} else if (sp_pace_ready(&g->line->pace, now) && sp_port_queued(g->port) <= HELD) {
		rc = make_frame(g, f, now);
	} else {
		sp_emit_gfx_held(g->emit);
	}
	if (g->state == SP_DESK_GFX_UP && !g->encoding) {
		arm(g, now);
	}
	return rc;
}

/* ---- life ---- */

struct sp_desk_gfx *sp_desk_gfx_create(const struct sp_desk_gfx_conf *conf)
{
	static const struct sp_part_calls part = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};
	struct sp_desk_gfx *g = sp_calloc(1, sizeof(*g));

	if (!g) {
		return NULL;
	}
	g->part.calls = &part;
	g->calls = conf->calls;
	g->user = conf->user;
	g->pool = conf->pool;
	g->keys = conf->keys;
	g->line = conf->line;
	g->opening = sp_loop_timer(conf->loop, on_opening, g);
	g->later = sp_loop_timer(conf->loop, on_later, g);
	if (!g->opening || !g->later) {
		sp_desk_gfx_destroy(g);
		return NULL;
	}
	return g;
}

void sp_desk_gfx_destroy(struct sp_desk_gfx *g)
{
	if (!g) {
		return;
	}
	drop(g);
	sp_watch_remove(g->opening);
	sp_watch_remove(g->later);
	sp_free(g);
}

struct sp_part *sp_desk_gfx_part(struct sp_desk_gfx *g)
{
	return &g->part;
}
