/* gate/net/greeter/greeter.c - see greeter.h. */
#include "gate/net/greeter/greeter.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/rdp/server.h"
#include "core/view/emit.h"
#include "gate/net/greeter/place.h"
#include "gate/net/greeter/screens.h"

struct sp_greeter {
	struct sp_loop *loop;
	struct sp_conn *conn;
	const struct sp_greeter_calls *calls;
	void *user;
	struct sp_geometry geometry;
	uint8_t *fb;
	size_t stride;
	struct sp_emit *emit; /* NULL until the client is active */
	struct sp_wr update;
	struct sp_watch *tick;
	struct sp_ui_keyboard keyboard;
	struct sp_screens screens;
	bool suppressed; /* the client does not look */
};

static void send(struct sp_greeter *g)
{
	int n = SP_OK;

	while (g->emit && !g->suppressed && n >= 0 && sp_emit_pending(g->emit) &&
			!sp_conn_full(g->conn)) {
		sp_wr_reset(&g->update);
		n = sp_emit_next(g->emit, g->fb, g->stride, &g->update);
		if (n > 0) {
			n = sp_server_update(sp_conn_rdp(g->conn), SP_FP_BITMAP,
					sp_span(g->update.p, g->update.n));
		}
	}
	if (n < 0) {
		g->calls->failed(g->user, n);
	}
}

static void draw(struct sp_greeter *g, const struct sp_ui_damage *d)
{
	struct sp_rect all = {0, 0, (int32_t)g->geometry.width, (int32_t)g->geometry.height};

	for (size_t i = 0; i < d->n; i++) {
		struct sp_rect r = sp_rect_and(d->r[i], g->screens.area);
		struct sp_ui_canvas c;

		if (sp_rect_empty(r)) {
			continue;
		}
		sp_ui_canvas_init(&c, g->fb, g->stride, all);
		sp_ui_canvas_clip(&c, r);
		sp_screens_draw(&c, &g->screens);
		if (g->emit) {
			sp_emit_damage(g->emit, r);
		}
	}
}

/* Draws, sets the clock for what moves next, and sends. */
static void show(struct sp_greeter *g, const struct sp_ui_damage *d)
{
	draw(g, d);
	sp_watch_at(g->tick, sp_screens_deadline(&g->screens, sp_now_us()));
	send(g);
}

static void on_tick(void *user)
{
	struct sp_greeter *g = user;
	uint64_t now = sp_now_us();

	if (g->emit && sp_screens_over(&g->screens, now)) {
		g->calls->leave(g->user);
		return;
	}
	struct sp_ui_damage d = sp_screens_tick(&g->screens, now);

	show(g, &d);
}

void sp_greeter_prompt(struct sp_greeter *g, const struct sp_msg_prompt *p)
{
	struct sp_ui_damage d = sp_screens_prompt(&g->screens, p, sp_now_us());

	show(g, &d);
}

void sp_greeter_open(struct sp_greeter *g, const char *target)
{
	struct sp_ui_damage d = sp_screens_open(&g->screens, target, sp_now_us());

	show(g, &d);
}

/* ---- the client ---- */

static void on_active(struct sp_greeter *g, const struct sp_caps *caps)
{
	struct sp_rdp *rdp = sp_conn_rdp(g->conn);
	struct sp_emit_conf conf = {.w = g->geometry.width,
			.h = g->geometry.height,
			.depth = g->geometry.bpp,
			.max_update = sp_server_update_max(rdp),
			.one_rect = true,
			.no_compr_hdr = caps->general.extra_flags &
					SP_GENERAL_NO_BITMAP_COMPRESSION_HDR,
			.alpha = !(caps->bitmap.drawing_flags & SP_DRAW_ALLOW_SKIP_ALPHA)};

	if (conf.max_update > SP_EMIT_MAX_UPDATE) {
		conf.max_update = SP_EMIT_MAX_UPDATE;
	}
	g->emit = sp_emit_create(&conf);
	if (!g->emit) {
		g->calls->failed(g->user, SP_ENOMEM);
		return;
	}
	sp_emit_refresh(g->emit,
			(struct sp_rect){0, 0, (int32_t)g->geometry.width,
					(int32_t)g->geometry.height});
	sp_log(SP_LOG_DEBUG, "greeter shown");
	if (g->screens.prompt.kind == SP_PROMPT_REFUSED) {
		/* Counted from when it can be seen. */
		sp_greeter_prompt(g, &g->screens.prompt);
		return;
	}
	send(g);
}

static void answer(struct sp_greeter *g)
{
	struct sp_msg_answer a;

	sp_screens_answer(&g->screens, &a);
	g->calls->answer(g->user, &a);
	sp_wipe(&a, sizeof(a));
}

static void on_input(struct sp_greeter *g, const struct sp_event *ev)
{
	for (size_t i = 0; i < ev->input.n; i++) {
		struct sp_input_event in = ev->input.v[i];

		if (in.kind == SP_INPUT_SCANCODE) {
			/* FreeRDP's slow path says so of every press: held keys are known here. */
			in.key &= (uint8_t)~SP_KEY_REPEAT;
		}
		struct sp_screens_result r =
				sp_screens_input(&g->screens, &g->keyboard, &in, sp_now_us());

		draw(g, &r.damage);
		/* What comes behind it in the same bundle was not meant for the next screen. */
		if (r.said == SP_SCREENS_LEAVE) {
			g->calls->leave(g->user);
			return;
		}
		if (r.said == SP_SCREENS_ANSWER) {
			answer(g);
			return;
		}
	}
	show(g, &(struct sp_ui_damage){0});
}

void sp_greeter_event(struct sp_greeter *g, const struct sp_event *ev)
{
	switch (ev->kind) {
	case SP_EV_ACTIVE:
		on_active(g, ev->caps);
		return;
	case SP_EV_INPUT:
		on_input(g, ev);
		return;
	case SP_EV_REFRESH:
		if (g->emit) {
			sp_emit_refresh(g->emit, ev->refresh);
			send(g);
		}
		return;
	case SP_EV_SUPPRESS:
		g->suppressed = !ev->suppress.allow;
		if (g->emit && ev->suppress.allow) {
			sp_emit_refresh(g->emit, ev->suppress.area);
		}
		send(g);
		return;
	case SP_EV_SHUTDOWN_REQUEST:
		g->calls->leave(g->user);
		return;
	default:
		return;
	}
}

void sp_greeter_room(struct sp_greeter *g)
{
	send(g);
}

/* ---- life ---- */

static void fill(struct sp_greeter *g)
{
	struct sp_rect all = {0, 0, (int32_t)g->geometry.width, (int32_t)g->geometry.height};
	struct sp_ui_canvas c;

	sp_ui_canvas_init(&c, g->fb, g->stride, all);
	sp_ui_fill(&c, all, SP_UI_BACKGROUND);
}

struct sp_greeter *sp_greeter_create(struct sp_loop *loop, struct sp_conn *conn,
		const struct sp_geometry *geometry, const char *who,
		const struct sp_greeter_calls *calls, void *user)
{
	struct sp_greeter *g = sp_calloc(1, sizeof(*g));
	struct sp_server_desktop d = {.width = (uint16_t)geometry->width,
			.height = (uint16_t)geometry->height,
			.bpp = (uint8_t)geometry->bpp,
			.superset = true};
	struct sp_rect area;
	unsigned scale;

	if (!g) {
		return NULL;
	}
	g->loop = loop;
	g->conn = conn;
	g->calls = calls;
	g->user = user;
	g->geometry = *geometry;
	sp_greeter_place(geometry, &area, &scale);
	sp_screens_init(&g->screens, who, area, scale);
	sp_wr_init(&g->update, SP_EMIT_MAX_UPDATE);
	sp_ui_keyboard_init(&g->keyboard, geometry->keyboard_layout);
	g->stride = (size_t)geometry->width * 4;
	g->fb = sp_calloc(geometry->height, g->stride);
	g->tick = sp_loop_timer(loop, on_tick, g);
	if (!g->fb || !g->tick || sp_server_activate(sp_conn_rdp(conn), &d, sp_now_us()) != SP_OK) {
		sp_greeter_destroy(g);
		return NULL;
	}
	fill(g);
	return g;
}

void sp_greeter_destroy(struct sp_greeter *g)
{
	if (!g) {
		return;
	}
	sp_watch_remove(g->tick);
	sp_screens_finish(&g->screens);
	sp_emit_destroy(g->emit);
	sp_wipe(g->update.p, g->update.cap);
	sp_wr_finish(&g->update);
	/* A secret may stand there as a QR code. */
	sp_freezero(g->fb, g->fb ? g->stride * g->geometry.height : 0);
	sp_freezero(g, sizeof(*g));
}
