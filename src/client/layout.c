/* client/layout.c - see layout.h. */
#include "client/layout.h"

#include <ctype.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"

#define MAX_CAPS 64 /* longer ones are none */
#define MIN_SCALE 100
#define MAX_SCALE 500
#define DEVICE_SCALE 100

struct sp_layout {
	struct sp_part part; /* INVARIANT: first */
	struct sp_port *port; /* NULL: not open */
	bool has_caps;
	struct sp_display_caps caps;
};

/* ---- the channel ---- */

static void attach(struct sp_part *p, struct sp_vc *vc)
{
	struct sp_port_conf conf = {.owner = p, .max_message = MAX_CAPS};

	if (sp_vc_listen(vc, SP_DISPLAY_CHANNEL, &conf) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "display control: not listened for");
	}
}

static void event(struct sp_part *p, const struct sp_vc_event *ev)
{
	struct sp_layout *l = (struct sp_layout *)p;
	struct sp_rd r;

	switch (ev->kind) {
	case SP_VC_OPENED:
		l->port = ev->port;
		l->has_caps = false;
		break;
	case SP_VC_MESSAGE:
		sp_rd_init(&r, ev->message.p, ev->message.n);
		l->has_caps = sp_display_caps_read(&r, &l->caps) == SP_OK;
		break;
	case SP_VC_CLOSED:
		l->port = ev->port == l->port ? NULL : l->port;
		break;
	case SP_VC_ROOM:
		break;
	}
}

static void detach(struct sp_part *p)
{
	struct sp_layout *l = (struct sp_layout *)p;

	l->port = NULL;
	l->has_caps = false;
}

int sp_layout_send(struct sp_layout *l, const struct sp_display_layout *in)
{
	struct sp_wr w;

	if (sp_display_check(in)) {
		return SP_EARG;
	}
	if (!l->port || !l->has_caps) {
		return SP_ESTATE;
	}
	if (!(in->n <= l->caps.max_monitors &&
			    sp_display_area(in) <= sp_display_max_area(&l->caps))) {
		return SP_ELIMIT;
	}
	sp_wr_init(&w, SP_DISPLAY_MAX_MESSAGE);
	sp_display_layout_write(&w, in);
	int rc = sp_port_send(l->port, sp_wr_take(&w));
	sp_wr_finish(&w);
	return rc;
}

/* ---- as people write it ---- */

/* Digits at *at within min and max, behind them; -1 without. */
static long number(const char **at, long max)
{
	char *end;

	if (!isdigit((unsigned char)**at)) {
		return -1;
	}
	long v = strtol(*at, &end, 10);
	*at = end;
	return v <= max ? v : -1;
}

static bool offset(const char **at, int32_t *out)
{
	bool minus = **at == '-';

	if (!minus && **at != '+') {
		return false;
	}
	++*at;
	long v = number(at, INT16_MAX);
	*out = (int32_t)(minus ? -v : v);
	return v >= 0;
}

int sp_layout_add(struct sp_display_layout *l, const char *text)
{
	struct sp_display_monitor m = {.primary = l->n == 0,
			.desktop_scale = MIN_SCALE,
			.device_scale = DEVICE_SCALE};
	const char *at = text;

	if (l->n == SP_DISPLAY_MAX_MONITORS) {
		return SP_EARG;
	}
	long w = number(&at, SP_DISPLAY_MAX_SIDE);
	at += *at == 'x';
	long h = w >= 0 && at[-1] == 'x' ? number(&at, SP_DISPLAY_MAX_SIDE) : -1;
	if (!(w >= SP_DISPLAY_MIN_SIDE && w % 2 == 0 && h >= SP_DISPLAY_MIN_SIDE)) {
		return SP_EARG;
	}
	m.width = (uint32_t)w;
	m.height = (uint32_t)h;
	if (*at && *at != '@' && !(offset(&at, &m.left) && offset(&at, &m.top))) {
		return SP_EARG;
	}
	if (*at == '@') {
		at++;
		long scale = number(&at, MAX_SCALE);

		if (scale < MIN_SCALE) {
			return SP_EARG;
		}
		m.desktop_scale = (uint32_t)scale;
	}
	if (*at != '\0') {
		return SP_EARG;
	}
	l->monitor[l->n++] = m;
	return SP_OK;
}

/* ---- life ---- */

struct sp_layout *sp_layout_create(void)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};
	struct sp_layout *l = sp_calloc(1, sizeof(*l));

	if (l) {
		l->part.calls = &calls;
	}
	return l;
}

void sp_layout_destroy(struct sp_layout *l)
{
	sp_free(l);
}

struct sp_part *sp_layout_part(struct sp_layout *l)
{
	return &l->part;
}
