/* gate/net/greeter/greeter.c - see greeter.h. */
#include "gate/net/greeter/greeter.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/rdp/server.h"
#include "core/ui/screen.h"
#include "core/view/emit.h"
#include "gate/net/greeter/place.h"

#define REFUSAL_US 3000000
#define SECOND_US 1000000

struct sp_greeter {
	struct sp_loop *loop;
	struct sp_conn *conn;
	const struct sp_greeter_calls *calls;
	void *user;
	struct sp_geometry geometry;
	struct sp_rect area; /* the primary monitor */
	unsigned scale;
	char who[SP_TEXT_USER];
	uint8_t *fb;
	size_t stride;
	struct sp_emit *emit; /* NULL until the client is active */
	struct sp_wr update;
	struct sp_watch *tick, *end;
	struct sp_ui_keyboard keyboard;
	struct sp_ui_screen screen;
	bool asking; /* the prompt waits for its answer */
	bool synced; /* the keyboard's locks are known */
	bool suppressed; /* the client does not look */
	uint64_t until_us; /* the conversation's time; 0: none runs */
	struct sp_msg_prompt prompt; /* what the screen borrows from */
	char text[512], error[SP_TEXT_WHY + 32], footer[64];
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

static void draw(struct sp_greeter *g, struct sp_rect r)
{
	struct sp_rect all = {0, 0, (int32_t)g->geometry.width, (int32_t)g->geometry.height};
	struct sp_ui_canvas c;

	r = sp_rect_and(r, g->area);
	if (sp_rect_empty(r)) {
		return;
	}
	sp_ui_canvas_init(&c, g->fb, g->stride, all);
	sp_ui_canvas_clip(&c, r);
	sp_ui_screen_draw(&c, &g->screen);
	if (g->emit) {
		sp_emit_damage(g->emit, r);
	}
}

static void draw_all(struct sp_greeter *g, const struct sp_ui_damage *d)
{
	for (size_t i = 0; i < d->n; i++) {
		draw(g, d->r[i]);
	}
}

/* The caret, the bar, or the seconds in the footer: whatever is next. */
static void plan(struct sp_greeter *g)
{
	uint64_t now = sp_now_us(), at = sp_ui_screen_deadline(&g->screen);

	if (g->until_us > now) {
		uint64_t second = now + (g->until_us - now - 1) % SECOND_US + 1;
		at = at == 0 || second < at ? second : at;
	}
	sp_watch_at(g->tick, at);
}

static void count_down(struct sp_greeter *g, uint64_t now)
{
	char footer[sizeof(g->footer)] = "";
	uint64_t left = g->until_us > now ? (g->until_us - now + SECOND_US / 2) / SECOND_US : 0;

	if (g->until_us != 0) {
		snprintf(footer, sizeof(footer), "%llu:%02llu left", (unsigned long long)left / 60,
				(unsigned long long)left % 60);
	}
	if (strcmp(footer, g->footer) != 0) {
		memcpy(g->footer, footer, sizeof(footer));
		draw(g, g->screen.footer_box);
	}
}

static void on_tick(void *user)
{
	struct sp_greeter *g = user;
	uint64_t now = sp_now_us();
	struct sp_ui_damage d = sp_ui_screen_tick(&g->screen, now);

	draw_all(g, &d);
	count_down(g, now);
	plan(g);
	send(g);
}

static void on_end(void *user)
{
	struct sp_greeter *g = user;

	g->calls->leave(g->user);
}

/* ---- screens ---- */

static struct sp_ui_screen *fresh(struct sp_greeter *g)
{
	sp_ui_screen_wipe(&g->screen);
	memset(&g->screen, 0, sizeof(g->screen));
	g->asking = false;
	return &g->screen;
}

static void show(struct sp_greeter *g)
{
	uint64_t now = sp_now_us();

	g->screen.footer = g->footer;
	count_down(g, now);
	sp_ui_screen_layout(&g->screen, g->area, g->scale, now);
	draw(g, g->area);
	plan(g);
	send(g);
}

static void ask_code(struct sp_greeter *g, struct sp_ui_screen *s)
{
	const struct sp_msg_prompt *p = &g->prompt;

	if (p->kind == SP_PROMPT_ENROL) {
		s->icon = SP_UI_ICON_SHIELD;
		s->title = "Set up your second factor";
		snprintf(g->text, sizeof(g->text),
				"Scan this code with an authenticator app, %s, then type the six "
				"digits that it shows. From now on you need the app to log in.",
				g->who);
		s->qr = p->qr;
		s->qr_n = p->qr_side;
		s->qr_text = p->secret;
	} else {
		s->icon = SP_UI_ICON_LOCK;
		s->title = "One-time code";
		snprintf(g->text, sizeof(g->text),
				"Hello, %s. Type the six digits that your authenticator app shows "
				"for Sallyport.",
				g->who);
	}
	s->text = g->text;
	if (p->text[0] != '\0') {
		snprintf(g->error, sizeof(g->error),
				p->tries == 1 ? "%s One try is left." : "%s %u tries are left.",
				p->text, p->tries);
		s->error = g->error;
	}
	s->field[0] = (struct sp_ui_field){.kind = SP_UI_FIELD_CODE, .label = "Code", .max = 6};
	s->n_fields = 1;
	s->button[0] = (struct sp_ui_button){.text = "Continue", .primary = true};
	s->button[1] = (struct sp_ui_button){.text = "Cancel", .cancel = true};
	s->n_buttons = 2;
	g->until_us = sp_now_us() + p->seconds * (uint64_t)SECOND_US;
	g->asking = true;
}

void sp_greeter_prompt(struct sp_greeter *g, const struct sp_msg_prompt *p)
{
	struct sp_ui_screen *s = fresh(g);

	g->prompt = *p;
	if (p->kind == SP_PROMPT_CODE || p->kind == SP_PROMPT_ENROL) {
		ask_code(g, s);
	} else {
		g->until_us = 0;
		s->icon = SP_UI_ICON_CROSS;
		s->title = "Not logged in";
		s->text = g->prompt.text;
		s->button[0] = (struct sp_ui_button){
				.text = "Close", .primary = true, .cancel = true};
		s->n_buttons = 1;
		/* Counted from when it can be seen. */
		if (g->emit) {
			sp_watch_in(g->end, REFUSAL_US);
		}
	}
	show(g);
}

void sp_greeter_wait(struct sp_greeter *g)
{
	struct sp_ui_screen *s = fresh(g);

	sp_wipe(&g->prompt, sizeof(g->prompt));
	g->until_us = 0;
	s->icon = SP_UI_ICON_CHECK;
	s->title = "Opening your desktop";
	s->busy = true;
	show(g);
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
	if (g->prompt.kind == SP_PROMPT_REFUSED) {
		sp_watch_in(g->end, REFUSAL_US);
	}
	send(g);
}

/* True when the greeter may be gone now. */
static bool submit(struct sp_greeter *g, size_t button)
{
	char text[SP_UI_FIELD_CAP];

	if (g->screen.n_buttons == 0) {
		return false;
	}
	if (!g->asking || g->screen.button[button].cancel) {
		g->calls->leave(g->user);
		return true;
	}
	if (sp_ui_field_chars(&g->screen.field[0]) == 0) {
		return false;
	}
	memcpy(text, g->screen.field[0].text, sizeof(text));
	sp_ui_field_wipe(&g->screen.field[0]);
	g->asking = false;
	g->calls->answer(g->user, text);
	sp_wipe(text, sizeof(text));
	return true;
}

static void on_input(struct sp_greeter *g, const struct sp_event *ev)
{
	for (size_t i = 0; i < ev->input.n; i++) {
		struct sp_input_event in = ev->input.v[i];

		g->synced = g->synced || in.kind == SP_INPUT_SYNC;
		if (in.kind == SP_INPUT_SCANCODE) {
			/* FreeRDP's slow path says so of every press: held keys are known here. */
			in.key &= (uint8_t)~SP_KEY_REPEAT;
		}
		struct sp_ui_result r =
				sp_ui_screen_input(&g->screen, &g->keyboard, &in, sp_now_us());

		draw_all(g, &r.damage);
		if (r.action == SP_UI_CANCEL && g->screen.n_buttons > 0) {
			g->calls->leave(g->user);
			return;
		}
		/* What comes behind an answer in the same bundle was not meant for the next screen. */
		if (r.action == SP_UI_SUBMIT && submit(g, r.button)) {
			return;
		}
	}
	plan(g);
	send(g);
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

bool sp_greeter_locks(const struct sp_greeter *g, uint16_t *locks)
{
	*locks = g->keyboard.locks;
	return g->synced;
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

	if (!g) {
		return NULL;
	}
	g->loop = loop;
	g->conn = conn;
	g->calls = calls;
	g->user = user;
	g->geometry = *geometry;
	snprintf(g->who, sizeof(g->who), "%s", who);
	sp_greeter_place(geometry, &g->area, &g->scale);
	sp_wr_init(&g->update, SP_EMIT_MAX_UPDATE);
	sp_ui_keyboard_init(&g->keyboard, geometry->keyboard_layout);
	g->stride = (size_t)geometry->width * 4;
	g->fb = sp_calloc(geometry->height, g->stride);
	g->tick = sp_loop_timer(loop, on_tick, g);
	g->end = sp_loop_timer(loop, on_end, g);
	if (!g->fb || !g->tick || !g->end ||
			sp_server_activate(sp_conn_rdp(conn), &d, sp_now_us()) != SP_OK) {
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
	sp_watch_remove(g->end);
	sp_ui_screen_wipe(&g->screen);
	sp_emit_destroy(g->emit);
	sp_wr_finish(&g->update);
	/* A secret may stand there as a QR code. */
	sp_freezero(g->fb, g->fb ? g->stride * g->geometry.height : 0);
	sp_freezero(g, sizeof(*g));
}
