/* desk/session/monitors.c - see monitors.h. */
#include "desk/session/monitors.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/display.h"
#include "core/pdu/gcc_client.h"

/*
 * Clients send a layout for each step of a window that is drawn larger. The last one counts, once
 * no other came for so long; one that goes on drawing sees a new size each so often.
 */
#define QUIET_US 150000
#define LONGEST_US 1000000
#define DPI 96
#define MIN_SCALE 100
#define MAX_SCALE 500
#define FACTORS 4 /* 4 * 4 monitors, each a quarter of the largest one wide and high */

struct sp_monitors {
	struct sp_part part; /* INVARIANT: first */
	struct sp_screen *screen;
	struct sp_port *port; /* NULL: not open */
	struct sp_watch *settle;
	struct sp_display_layout wanted; /* n 0: nothing waits */
	uint64_t since_us; /* when the first of those that wait came */
	bool complained; /* about this client; it may send many */
};

/* ---- the screen ---- */

/* Screens begin at 0, 0, and with the primary monitor. */
static void on_screen(const struct sp_display_layout *in, struct sp_screen_layout *out)
{
	struct sp_rect all = sp_display_bounds(in);

	out->n = 1;
	for (size_t i = 0; i < in->n; i++) {
		const struct sp_display_monitor *m = &in->monitor[i];

		out->monitor[m->primary ? 0 : out->n++] = (struct sp_rect){m->left - all.x,
				m->top - all.y, (int32_t)m->width, (int32_t)m->height};
	}
}

static int show(struct sp_monitors *m, const struct sp_display_layout *l, uint32_t dpi)
{
	struct sp_screen_layout screen;

	if (l->n == 1) {
		return sp_screen_resize(m->screen, l->monitor[0].width, l->monitor[0].height, dpi);
	}
	on_screen(l, &screen);
	return sp_screen_layout(m->screen, &screen, dpi);
}

static uint32_t dpi_of(uint32_t scale)
{
	return MIN_SCALE <= scale && scale <= MAX_SCALE ? DPI * scale / 100 : 0;
}

static const struct sp_display_monitor *primary(const struct sp_display_layout *l)
{
	size_t i = 0;

	while (i + 1 < l->n && !l->monitor[i].primary) {
		i++;
	}
	return &l->monitor[i];
}

/* ---- display control ---- */

static void complain(struct sp_monitors *m, const char *why)
{
	if (!m->complained) {
		sp_log(SP_LOG_INFO, "monitors: the client's layout is not possible: %s", why);
		m->complained = true;
	}
}

static void on_settle(void *user)
{
	struct sp_monitors *m = user;
	struct sp_rect all = sp_display_bounds(&m->wanted);

	if (m->wanted.n == 0) {
		return;
	}
	int rc = show(m, &m->wanted, dpi_of(primary(&m->wanted)->desktop_scale));
	if (rc != SP_OK) {
		complain(m, sp_err_text(rc));
	} else {
		sp_log(SP_LOG_DEBUG, "monitors: %zu, %d x %d", m->wanted.n, all.w, all.h);
	}
	m->wanted.n = 0;
}

static void on_layout(struct sp_monitors *m, struct sp_span message)
{
	struct sp_display_layout l;
	struct sp_rd r;

	sp_rd_init(&r, message.p, message.n);
	if (sp_display_layout_read(&r, &l) != SP_OK) {
		complain(m, r.what ? r.what : "message");
		return;
	}
	const char *why = sp_display_check(&l);
	if (why) {
		complain(m, why);
		return;
	}
	uint64_t now = sp_now_us();
	if (m->wanted.n == 0) {
		m->since_us = now;
	}
	m->wanted = l;
	uint64_t last = m->since_us + LONGEST_US;
	sp_watch_at(m->settle, now + QUIET_US < last ? now + QUIET_US : last);
}

static void send_caps(struct sp_monitors *m)
{
	struct sp_display_caps caps = {.max_monitors = SP_DISPLAY_MAX_MONITORS};
	struct sp_wr w;

	sp_screen_max(m->screen, &caps.factor_a, &caps.factor_b);
	caps.factor_a /= FACTORS;
	caps.factor_b /= FACTORS;
	sp_wr_init(&w, SP_DISPLAY_MAX_MESSAGE);
	sp_display_caps_write(&w, &caps);
	int rc = sp_port_send(m->port, sp_wr_take(&w));
	sp_wr_finish(&w);
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "monitors: caps: %s", sp_err_text(rc));
	}
}

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_monitors *m = (struct sp_monitors *)p;
	struct sp_port_conf conf = {.owner = p, .max_message = SP_DISPLAY_MAX_MESSAGE};

	m->complained = false;
	if (sp_vc_dynamic(vc, SP_DISPLAY_CHANNEL, &conf, &m->port) != SP_OK) {
		m->port = NULL;
	}
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_monitors *m = (struct sp_monitors *)p;

	switch (ev->kind) {
	case SP_VC_OPENED:
		send_caps(m);
		break;
	case SP_VC_MESSAGE:
		on_layout(m, ev->message);
		break;
	case SP_VC_CLOSED:
		m->port = NULL;
		break;
	case SP_VC_ROOM:
		break;
	}
}

static void detach(struct sp_part *p)
{
	struct sp_monitors *m = (struct sp_monitors *)p;

	m->port = NULL;
	m->wanted.n = 0;
	sp_watch_at(m->settle, 0);
}

/* ---- logon ---- */

static uint32_t within(uint32_t v, uint32_t min, uint32_t max)
{
	v = v < min ? min : v;
	return v > max ? max : v;
}

/* The client's monitors, not judged yet; their corners are inclusive. */
static void from_gcc(const struct sp_gcc_client *gcc, struct sp_display_layout *out)
{
	out->n = gcc->has_monitor ? gcc->n_monitors : 0;
	for (size_t i = 0; i < out->n; i++) {
		const struct sp_gcc_monitor *g = &gcc->monitor[i];

		out->monitor[i] = (struct sp_display_monitor){
				.primary = g->flags & SP_GCC_MONITOR_PRIMARY,
				.left = g->left,
				.top = g->top,
				.width = (uint32_t)(g->right - g->left + 1),
				.height = (uint32_t)(g->bottom - g->top + 1)};
	}
}

/* One screen around all monitors, or the size the client names. */
static void single(const struct sp_gcc_client *gcc, uint32_t *w, uint32_t *h)
{
	*w = gcc->core.desktop_width;
	*h = gcc->core.desktop_height;
	if (gcc->has_monitor && gcc->n_monitors > 0) {
		int32_t left = INT32_MAX, top = INT32_MAX, right = INT32_MIN, bottom = INT32_MIN;

		for (size_t i = 0; i < gcc->n_monitors; i++) {
			const struct sp_gcc_monitor *m = &gcc->monitor[i];

			left = m->left < left ? m->left : left;
			top = m->top < top ? m->top : top;
			right = m->right > right ? m->right : right;
			bottom = m->bottom > bottom ? m->bottom : bottom;
		}
		*w = (uint32_t)(right - left + 1);
		*h = (uint32_t)(bottom - top + 1);
	}
	*w = within(*w, SP_DISPLAY_MIN_SIDE, SP_DISPLAY_MAX_SIDE) & ~1u;
	*h = within(*h, SP_DISPLAY_MIN_SIDE, SP_DISPLAY_MAX_SIDE);
}

static uint32_t logon_dpi(const struct sp_gcc_cs_core *core)
{
	/* [MS-RDPBCGR] 2.2.1.3.2: out of range means to ignore it. */
	uint32_t dpi = core->n_tail > SP_GCC_TAIL_DESKTOP_SCALE ? dpi_of(core->desktop_scale_factor)
								: 0;

	return dpi ? dpi : DPI;
}

int sp_monitors_logon(struct sp_monitors *m, const struct sp_gcc_client *gcc)
{
	uint32_t dpi = logon_dpi(&gcc->core), w, h;
	struct sp_display_layout l;

	from_gcc(gcc, &l);
	if (l.n > 1 && !sp_display_check(&l)) {
		int rc = show(m, &l, dpi);

		if (rc == SP_OK || rc == SP_ECLOSED) {
			return rc;
		}
	}
	single(gcc, &w, &h);
	return sp_screen_resize(m->screen, w, h, dpi);
}

/* ---- life ---- */

struct sp_monitors *sp_monitors_create(struct sp_loop *l, struct sp_screen *screen)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};
	struct sp_monitors *m = sp_calloc(1, sizeof(*m));

	if (!m) {
		return NULL;
	}
	m->part.calls = &calls;
	m->screen = screen;
	m->settle = sp_loop_timer(l, on_settle, m);
	if (!m->settle) {
		sp_free(m);
		return NULL;
	}
	return m;
}

void sp_monitors_destroy(struct sp_monitors *m)
{
	if (m) {
		sp_watch_remove(m->settle);
		sp_free(m);
	}
}

struct sp_part *sp_monitors_part(struct sp_monitors *m)
{
	return &m->part;
}
