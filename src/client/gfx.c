/* client/gfx.c - see gfx.h. */
#include "client/gfx.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/loop.h"

static void failed(struct sp_client_gfx *g, int err, const char *what, const char *why)
{
	sp_log(SP_LOG_DEBUG, "graphics: %s: %s", what, sp_err_text(err));
	g->calls->failed(g->user, err, why);
}

static int flush(struct sp_client_gfx *g)
{
	struct sp_rcbuf *b;
	int rc = SP_OK;

	while (g->machine && (b = sp_gfx_client_out(g->machine))) {
		if (rc == SP_OK && g->port) {
			rc = sp_port_send(g->port, b);
		} else {
			sp_rcbuf_unref(b);
		}
	}
	return rc;
}

static int show(struct sp_client_gfx *g)
{
	struct sp_rect area;
	uint32_t w, h;
	uint8_t *fb = g->calls->picture(g->user, &w, &h);

	if (!fb) {
		return SP_OK;
	}
	int rc = sp_gfx_client_paint(g->machine, fb, (size_t)w * 4, w, h, sp_now_us(), &area);
	if (!sp_rect_empty(area)) {
		g->calls->painted(g->user, area);
	}
	return rc;
}

static void close_machine(struct sp_client_gfx *g)
{
	struct sp_gfx_client_stats st;

	if (g->machine) {
		sp_gfx_client_stats(g->machine, &st);
		for (size_t i = 0; i < SP_GFX_CODECS; i++) {
			g->pixels[i] += st.pixels[i];
		}
		g->filled += st.filled;
	}
	sp_gfx_client_destroy(g->machine);
	g->machine = NULL;
	g->port = NULL;
}

static int take_events(struct sp_client_gfx *g)
{
	struct sp_gfx_client_event ev;
	int rc = SP_OK;

	while (rc == SP_OK && sp_gfx_client_next(g->machine, &ev)) {
		if (ev.kind == SP_GFX_CLIENT_CONFIRMED) {
			sp_log(SP_LOG_DEBUG, "graphics: version %08x, flags %02x", ev.caps.version,
					ev.caps.flags);
		} else if (ev.kind == SP_GFX_CLIENT_RESET) {
			rc = g->calls->resize(g->user, ev.reset.w, ev.reset.h);
		}
	}
	return rc;
}

static void on_message(struct sp_client_gfx *g, struct sp_span message)
{
	int rc, late;

	if (!g->machine) {
		return;
	}
	sp_gfx_client_allow(g->machine, g->area);
	rc = sp_gfx_client_feed(g->machine, message, sp_now_us());
	late = take_events(g);
	rc = rc == SP_OK ? late : rc;
	late = show(g);
	rc = rc == SP_OK ? late : rc;
	late = flush(g);
	rc = rc == SP_OK ? late : rc;
	if (rc != SP_OK) {
		const char *why = sp_gfx_client_why(g->machine);

		close_machine(g);
		failed(g, rc, "message", why);
	}
}

static void on_opened(struct sp_client_gfx *g, struct sp_port *port)
{
	if (g->machine) {
		/* Another one beside it is none of ours. */
		sp_port_close(port);
		return;
	}
	g->machine = sp_gfx_client_create(&g->conf);
	g->port = port;
	int rc = g->machine ? flush(g) : SP_ENOMEM;
	if (rc != SP_OK) {
		failed(g, rc, "open", NULL);
	}
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_client_gfx *g = (struct sp_client_gfx *)p;

	switch (ev->kind) {
	case SP_VC_OPENED:
		on_opened(g, ev->port);
		break;
	case SP_VC_MESSAGE:
		if (ev->port == g->port) {
			on_message(g, ev->message);
		}
		break;
	case SP_VC_CLOSED:
		if (ev->port == g->port) {
			close_machine(g);
		}
		break;
	default:
		break;
	}
}

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_port_conf conf = {.owner = p, .max_message = SP_GFX_CLIENT_MESSAGE};
	int rc = sp_vc_listen(vc, SP_GFX_CHANNEL, &conf);

	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "graphics: not listened for: %s", sp_err_text(rc));
	}
}

static void detach(struct sp_part *p)
{
	close_machine((struct sp_client_gfx *)p);
}

void sp_client_gfx_init(struct sp_client_gfx *g, const struct sp_gfx_client_conf *conf,
		const struct sp_client_gfx_calls *calls, void *user)
{
	static const struct sp_part_calls part = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};

	memset(g, 0, sizeof(*g));
	g->part.calls = &part;
	g->conf = *conf;
	g->calls = calls;
	g->user = user;
}

void sp_client_gfx_finish(struct sp_client_gfx *g)
{
	close_machine(g);
}

void sp_client_gfx_repaint(struct sp_client_gfx *g)
{
	if (g->machine) {
		sp_gfx_client_repaint(g->machine);
		if (show(g) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "graphics: out of memory");
		}
	}
}

const char *sp_client_gfx_codec(const struct sp_client_gfx *g, uint64_t *pixels)
{
	static const char *const names[SP_GFX_CODECS] = {
			[SP_GFX_RAW] = "gfx-raw",
			[SP_GFX_RFX] = "gfx-rfx",
			[SP_GFX_CLEAR] = "gfx-clear",
			[SP_GFX_PROGRESSIVE] = "gfx-progressive",
			[SP_GFX_PLANAR] = "gfx-planar",
			[SP_GFX_AVC420] = "gfx-avc420",
			[SP_GFX_AVC444] = "gfx-avc444",
			[SP_GFX_AVC444V2] = "gfx-avc444v2",
	};
	struct sp_gfx_client_stats st = {0};
	const char *name = NULL;

	if (g->machine) {
		sp_gfx_client_stats(g->machine, &st);
	}
	*pixels = g->filled + st.filled;
	name = *pixels > 0 ? "gfx-fill" : NULL;
	for (size_t i = 0; i < SP_GFX_CODECS; i++) {
		uint64_t n = g->pixels[i] + st.pixels[i];

		if (names[i] && n > 0 && n >= *pixels) {
			*pixels = n;
			name = names[i];
		}
	}
	return name;
}
