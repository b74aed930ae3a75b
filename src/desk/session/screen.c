/* desk/session/screen.c - see screen.h. */
#include "desk/session/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <xcb/randr.h>
#include <xcb/xcbext.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/xserver.h"

#define MAX_RESOURCES 65536
#define REFRESH 60

#define MAX_OWN (2 * SP_SCREEN_MAX_MONITORS) /* modes of the old layout and of the new one */

/* What can show one monitor: an output and a CRTC for it alone. */
struct slot {
	xcb_randr_output_t output;
	xcb_randr_crtc_t crtc;
};

/* A mode that we made. */
struct own {
	xcb_randr_mode_t mode; /* 0: free */
	uint32_t width, height;
	uint32_t outputs; /* bits of the slots whose output has it */
};

/* What a CRTC shows; mode 0: nothing. */
struct place {
	xcb_randr_mode_t mode;
	int32_t x, y;
};

struct sp_screen {
	struct sp_xlink *x;
	struct slot slot[SP_SCREEN_MAX_MONITORS];
	size_t n_slots; /* INVARIANT: >= 1 */
	struct own own[MAX_OWN];
	xcb_atom_t name[SP_SCREEN_MAX_MONITORS]; /* of monitors without outputs; 0: not made yet */
	size_t n_named; /* so many of them are there */
	struct sp_screen_layout layout; /* as it was set last; n 0: not by us */
	uint32_t width, height, dpi;
	uint32_t max_width, max_height;
};

static xcb_randr_get_screen_resources_current_reply_t *resources(struct sp_screen *s)
{
	return xcb_randr_get_screen_resources_current_reply(
			s->x->c, xcb_randr_get_screen_resources_current(s->x->c, s->x->root), NULL);
}

static int read_geometry(struct sp_screen *s)
{
	xcb_get_geometry_reply_t *g = xcb_get_geometry_reply(
			s->x->c, xcb_get_geometry(s->x->c, s->x->root), NULL);

	if (!g) {
		return SP_ECLOSED;
	}
	s->width = g->width;
	s->height = g->height;
	free(g);
	return SP_OK;
}

static bool taken(const struct sp_screen *s, xcb_randr_crtc_t crtc)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		if (s->slot[i].crtc == crtc) {
			return true;
		}
	}
	return false;
}

static void add_slot(struct sp_screen *s, xcb_randr_output_t output,
		const xcb_randr_get_output_info_reply_t *info)
{
	const xcb_randr_crtc_t *possible = xcb_randr_get_output_info_crtcs(info);
	xcb_randr_crtc_t crtc = info->crtc;

	for (int i = 0; !crtc && i < info->num_crtcs; i++) {
		crtc = taken(s, possible[i]) ? 0 : possible[i];
	}
	if (crtc && !taken(s, crtc) && s->n_slots < SP_SCREEN_MAX_MONITORS) {
		s->slot[s->n_slots++] = (struct slot){output, crtc};
	}
}

/*
 * Outputs that show the screen come first, those that only could come behind them: Xorg's dummy
 * driver has some that say they are not connected until they have a mode.
 */
static int find_slots(struct sp_screen *s)
{
	xcb_randr_get_screen_resources_current_reply_t *res = resources(s);

	if (!res) {
		return SP_ECLOSED;
	}
	xcb_randr_output_t *outs = xcb_randr_get_screen_resources_current_outputs(res);
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < res->num_outputs; i++) {
			xcb_randr_get_output_info_reply_t *info =
					xcb_randr_get_output_info_reply(s->x->c,
							xcb_randr_get_output_info(s->x->c, outs[i],
									res->config_timestamp),
							NULL);
			bool first = info && info->connection == XCB_RANDR_CONNECTION_CONNECTED;

			if (info && first == (pass == 0)) {
				add_slot(s, outs[i], info);
			}
			free(info);
		}
		if (s->n_slots == 0) {
			break; /* without a connected one we would not know what the screen is */
		}
	}
	free(res);
	return s->n_slots > 0 ? SP_OK : SP_EPROTO;
}

int sp_screen_create(struct sp_xlink *x, struct sp_screen **out)
{
	struct sp_screen *s = sp_calloc(1, sizeof(*s));

	*out = NULL;
	if (!s) {
		return SP_ENOMEM;
	}
	s->x = x;
	s->dpi = 96;
	if (x->screen->width_in_millimeters > 0) {
		s->dpi = (x->screen->width_in_pixels * 254u / x->screen->width_in_millimeters + 5) /
				10;
	}
	int rc = read_geometry(s);
	if (rc == SP_OK) {
		rc = find_slots(s);
	}
	xcb_randr_get_screen_size_range_reply_t *range = xcb_randr_get_screen_size_range_reply(
			x->c, xcb_randr_get_screen_size_range(x->c, x->root), NULL);
	if (rc == SP_OK && !range) {
		rc = SP_ECLOSED;
	}
	if (rc == SP_OK) {
		s->max_width = range->max_width < SP_SCREEN_MAX_SPAN ? range->max_width
								     : SP_SCREEN_MAX_SPAN;
		s->max_height = range->max_height < SP_SCREEN_MAX_SPAN ? range->max_height
								       : SP_SCREEN_MAX_SPAN;
	}
	free(range);
	if (rc != SP_OK) {
		sp_free(s);
		return rc;
	}
	*out = s;
	return SP_OK;
}

void sp_screen_destroy(struct sp_screen *s)
{
	sp_free(s);
}

void sp_screen_max(const struct sp_screen *s, uint32_t *width, uint32_t *height)
{
	*width = s->max_width < SP_XSERVER_MAX_SIZE ? s->max_width : SP_XSERVER_MAX_SIZE;
	*height = s->max_height < SP_XSERVER_MAX_SIZE ? s->max_height : SP_XSERVER_MAX_SIZE;
}

void sp_screen_size(const struct sp_screen *s, uint32_t *width, uint32_t *height)
{
	*width = s->width;
	*height = s->height;
}

void sp_screen_monitors(const struct sp_screen *s, struct sp_screen_layout *out)
{
	*out = s->layout;
}

static uint32_t fit(uint32_t v, uint32_t max)
{
	max = max < SP_XSERVER_MAX_SIZE ? max : SP_XSERVER_MAX_SIZE;
	v = v < SP_XSERVER_MIN_SIZE ? SP_XSERVER_MIN_SIZE : v;
	return v < max ? v : max;
}

static uint32_t millimetres(uint32_t pixels, uint32_t dpi)
{
	uint32_t mm = (pixels * 254 / dpi + 5) / 10;

	return mm > 0 ? mm : 1;
}

static bool set_size(struct sp_screen *s, uint32_t w, uint32_t h)
{
	xcb_generic_error_t *err = xcb_request_check(s->x->c,
			xcb_randr_set_screen_size_checked(s->x->c, s->x->root, (uint16_t)w,
					(uint16_t)h, millimetres(w, s->dpi),
					millimetres(h, s->dpi)));
	bool ok = !err;

	free(err);
	return ok;
}

static bool set_place(struct sp_screen *s, size_t i, const struct place *p)
{
	xcb_randr_set_crtc_config_reply_t *r = xcb_randr_set_crtc_config_reply(s->x->c,
			xcb_randr_set_crtc_config(s->x->c, s->slot[i].crtc, XCB_CURRENT_TIME,
					XCB_CURRENT_TIME, (int16_t)p->x, (int16_t)p->y, p->mode,
					XCB_RANDR_ROTATION_ROTATE_0, p->mode ? 1 : 0,
					&s->slot[i].output),
			NULL);
	bool ok = r && r->status == XCB_RANDR_SET_CONFIG_SUCCESS;

	free(r);
	return ok;
}

static xcb_randr_mode_t make_mode(struct sp_screen *s, uint32_t w, uint32_t h)
{
	char name[32];
	int len = snprintf(name, sizeof(name), "sallyport-%ux%u", w, h);
	uint32_t htotal = w + 32, vtotal = h + 4;
	uint64_t clock = (uint64_t)htotal * vtotal * REFRESH;
	xcb_randr_mode_info_t info = {
			.width = (uint16_t)w,
			.height = (uint16_t)h,
			.dot_clock = clock < UINT32_MAX ? (uint32_t)clock : UINT32_MAX,
			.hsync_start = (uint16_t)(w + 8),
			.hsync_end = (uint16_t)(w + 16),
			.htotal = (uint16_t)htotal,
			.vsync_start = (uint16_t)(h + 1),
			.vsync_end = (uint16_t)(h + 2),
			.vtotal = (uint16_t)vtotal,
			.name_len = (uint16_t)len,
	};
	xcb_randr_create_mode_reply_t *r = xcb_randr_create_mode_reply(s->x->c,
			xcb_randr_create_mode(s->x->c, s->x->root, info, (uint32_t)len, name),
			NULL);
	xcb_randr_mode_t mode = r ? r->mode : 0;

	free(r);
	return mode;
}

/* A mode of that size which the output already has; 0 when there is none. */
static xcb_randr_mode_t find_mode(struct sp_screen *s, size_t slot, uint32_t w, uint32_t h)
{
	xcb_randr_get_screen_resources_current_reply_t *res = resources(s);
	xcb_randr_mode_t found = 0;

	if (!res) {
		return 0;
	}
	xcb_randr_get_output_info_reply_t *info = xcb_randr_get_output_info_reply(s->x->c,
			xcb_randr_get_output_info(
					s->x->c, s->slot[slot].output, res->config_timestamp),
			NULL);
	xcb_randr_mode_info_t *all = xcb_randr_get_screen_resources_current_modes(res);
	xcb_randr_mode_t *ours = info ? xcb_randr_get_output_info_modes(info) : NULL;

	for (int i = 0; ours && i < info->num_modes; i++) {
		for (int j = 0; j < res->num_modes; j++) {
			if (all[j].id == ours[i] && all[j].width == w && all[j].height == h) {
				found = all[j].id;
			}
		}
	}
	free(info);
	free(res);
	return found;
}

/* One of the output's own, one that we made for another output, or a new one; 0 for none. */
static xcb_randr_mode_t get_mode(struct sp_screen *s, size_t slot, uint32_t w, uint32_t h)
{
	xcb_randr_mode_t mode = find_mode(s, slot, w, h);
	struct own *o = NULL;

	for (size_t i = 0; !mode && i < MAX_OWN; i++) {
		if (s->own[i].mode && s->own[i].width == w && s->own[i].height == h) {
			o = &s->own[i];
			break;
		}
		o = !o && !s->own[i].mode ? &s->own[i] : o;
	}
	if (mode || !o) {
		return mode;
	}
	if (!o->mode) {
		*o = (struct own){.mode = make_mode(s, w, h), .width = w, .height = h};
	}
	if (o->mode && !(o->outputs & 1u << slot)) {
		xcb_randr_add_output_mode(s->x->c, s->slot[slot].output, o->mode);
		o->outputs |= 1u << slot;
	}
	return o->mode;
}

static void read_places(struct sp_screen *s, struct place *out)
{
	for (size_t i = 0; i < s->n_slots; i++) {
		xcb_randr_get_crtc_info_reply_t *r = xcb_randr_get_crtc_info_reply(s->x->c,
				xcb_randr_get_crtc_info(s->x->c, s->slot[i].crtc, XCB_CURRENT_TIME),
				NULL);

		out[i] = r ? (struct place){r->mode, r->x, r->y} : (struct place){0};
		free(r);
	}
}

/* Gives back the modes of ours that no output shows. */
static void drop_modes(struct sp_screen *s)
{
	struct place now[SP_SCREEN_MAX_MONITORS];

	read_places(s, now);
	for (size_t i = 0; i < MAX_OWN; i++) {
		struct own *o = &s->own[i];
		bool used = !o->mode;

		for (size_t k = 0; k < s->n_slots; k++) {
			used = used || now[k].mode == o->mode;
		}
		if (used) {
			continue;
		}
		for (size_t k = 0; k < s->n_slots; k++) {
			if (o->outputs & 1u << k) {
				xcb_randr_delete_output_mode(s->x->c, s->slot[k].output, o->mode);
			}
		}
		xcb_randr_destroy_mode(s->x->c, o->mode);
		*o = (struct own){0};
	}
}

/* All that is shown must fit the screen at each moment, so that is the larger of both meanwhile. */
static bool change(struct sp_screen *s, struct sp_rect from, struct sp_rect to,
		const struct place *is, const struct place *want)
{
	uint32_t w = (uint32_t)(from.w > to.w ? from.w : to.w);
	uint32_t h = (uint32_t)(from.h > to.h ? from.h : to.h);
	bool ok = set_size(s, w, h);

	for (size_t i = 0; ok && i < s->n_slots; i++) {
		if (want[i].mode != is[i].mode || want[i].x != is[i].x || want[i].y != is[i].y) {
			ok = set_place(s, i, &want[i]);
		}
	}
	return ok &&
			(((int32_t)w == to.w && (int32_t)h == to.h) ||
					set_size(s, (uint32_t)to.w, (uint32_t)to.h));
}

/* Shows each monitor by an output of its own; others are switched off. */
static int set_outputs(struct sp_screen *s, struct sp_rect all, const struct sp_rect *m, size_t n)
{
	struct place is[SP_SCREEN_MAX_MONITORS], want[SP_SCREEN_MAX_MONITORS] = {0};
	struct sp_rect old = {0, 0, (int32_t)s->width, (int32_t)s->height};
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		want[i] = (struct place){
				get_mode(s, i, (uint32_t)m[i].w, (uint32_t)m[i].h), m[i].x, m[i].y};
		ok = want[i].mode != 0;
	}
	/* Others see the old layout, then the new one, and nothing between. */
	xcb_grab_server(s->x->c);
	read_places(s, is);
	ok = ok && change(s, old, all, is, want);
	if (ok) {
		xcb_randr_set_output_primary(s->x->c, s->x->root, s->slot[0].output);
	} else {
		struct place now[SP_SCREEN_MAX_MONITORS];

		read_places(s, now);
		if (!change(s, all, old, now, is)) {
			sp_log(SP_LOG_WARN, "screen: the old layout did not come back");
		}
	}
	drop_modes(s);
	xcb_ungrab_server(s->x->c);
	return ok ? SP_OK : SP_EPROTO;
}

static xcb_atom_t monitor_name(struct sp_screen *s, size_t i)
{
	char name[32];
	int len = snprintf(name, sizeof(name), "sallyport-%zu", i + 1);

	if (!s->name[i]) {
		xcb_intern_atom_reply_t *r = xcb_intern_atom_reply(
				s->x->c, xcb_intern_atom(s->x->c, 0, (uint16_t)len, name), NULL);

		s->name[i] = r ? r->atom : 0;
		free(r);
	}
	return s->name[i];
}

/*
 * RRSetMonitor by hand: libxcb's own (1.15) sends four pieces and fills in three. Two more before
 * them are for its internal use.
 */
static void set_monitor(struct sp_screen *s, size_t i, const struct sp_rect *m)
{
	static const xcb_protocol_request_t request = {.count = 1,
			.ext = &xcb_randr_id,
			.opcode = XCB_RANDR_SET_MONITOR,
			.isvoid = 1};
	struct {
		uint8_t major, minor;
		uint16_t length;
		xcb_window_t window;
		xcb_randr_monitor_info_t info;
		xcb_randr_output_t output;
	} out = {.window = s->x->root,
			.info = {.name = s->name[i],
					.primary = i == 0,
					.nOutput = i == 0,
					.x = (int16_t)m->x,
					.y = (int16_t)m->y,
					.width = (uint16_t)m->w,
					.height = (uint16_t)m->h,
					.width_in_millimeters = millimetres((uint32_t)m->w, s->dpi),
					.height_in_millimeters =
							millimetres((uint32_t)m->h, s->dpi)},
			.output = s->slot[0].output};
	struct iovec parts[3] = {[2] = {&out, sizeof(out) - (i == 0 ? 0 : sizeof(out.output))}};

	xcb_send_request(s->x->c, 0, parts + 2, &request);
}

/*
 * A server with fewer outputs than there are monitors shows them all by one, and says to programs
 * how it is divided.
 */
static void set_names(struct sp_screen *s, const struct sp_rect *m, size_t n)
{
	n = n > 1 ? n : 0; /* a single one is the output itself */
	xcb_grab_server(s->x->c);
	for (size_t i = 0; i < s->n_named; i++) {
		xcb_randr_delete_monitor(s->x->c, s->x->root, s->name[i]);
	}
	for (s->n_named = 0; s->n_named < n && monitor_name(s, s->n_named); s->n_named++) {
		set_monitor(s, s->n_named, &m[s->n_named]);
	}
	xcb_ungrab_server(s->x->c);
}

/* Toolkits take the scale from this line of the resource property on the root window. */
static void set_xft_dpi(struct sp_screen *s)
{
	static const char key[] = "Xft.dpi:";
	xcb_get_property_reply_t *r = xcb_get_property_reply(s->x->c,
			xcb_get_property(s->x->c, 0, s->x->root, XCB_ATOM_RESOURCE_MANAGER,
					XCB_ATOM_STRING, 0, MAX_RESOURCES / 4),
			NULL);
	size_t have = r ? (size_t)xcb_get_property_value_length(r) : 0;
	const char *old = r ? xcb_get_property_value(r) : NULL;
	char *text = sp_malloc(have + 64);
	size_t n = 0;

	for (size_t at = 0; text && at < have;) {
		const char *end = memchr(old + at, '\n', have - at);
		size_t len = end ? (size_t)(end - old) + 1 - at : have - at;

		if (!(len >= sizeof(key) - 1 && memcmp(old + at, key, sizeof(key) - 1) == 0)) {
			memcpy(text + n, old + at, len);
			n += len;
		}
		at += len;
	}
	if (text) {
		if (n > 0 && text[n - 1] != '\n') {
			text[n++] = '\n';
		}
		n += (size_t)snprintf(text + n, 32, "%s\t%u\n", key, s->dpi);
		xcb_change_property(s->x->c, XCB_PROP_MODE_REPLACE, s->x->root,
				XCB_ATOM_RESOURCE_MANAGER, XCB_ATOM_STRING, 8, (uint32_t)n, text);
	}
	sp_free(text);
	free(r);
}

static bool same(const struct sp_screen_layout *a, const struct sp_screen_layout *b)
{
	return a->n == b->n && memcmp(a->monitor, b->monitor, a->n * sizeof(a->monitor[0])) == 0;
}

static int set_layout(struct sp_screen *s, const struct sp_screen_layout *l, struct sp_rect all)
{
	bool outputs = l->n <= s->n_slots;
	int rc = set_outputs(s, all, outputs ? l->monitor : &all, outputs ? l->n : 1);

	if (rc == SP_OK) {
		set_names(s, l->monitor, outputs ? 0 : l->n);
		s->layout = *l;
	}
	return rc;
}

static bool possible(const struct sp_screen *s, const struct sp_screen_layout *l)
{
	if (!(1 <= l->n && l->n <= SP_SCREEN_MAX_MONITORS)) {
		return false;
	}
	for (size_t i = 0; i < l->n; i++) {
		const struct sp_rect *m = &l->monitor[i];

		if (!(0 <= m->x && m->x <= SP_SCREEN_MAX_SPAN && 0 <= m->y &&
				    m->y <= SP_SCREEN_MAX_SPAN && 1 <= m->w &&
				    m->w <= SP_SCREEN_MAX_SPAN && 1 <= m->h &&
				    m->h <= SP_SCREEN_MAX_SPAN)) {
			return false;
		}
	}
	return true;
}

int sp_screen_layout(struct sp_screen *s, const struct sp_screen_layout *l, uint32_t dpi)
{
	bool rescale = dpi >= 24 && dpi <= 960 && dpi != s->dpi;
	struct sp_rect all = {0, 0, 0, 0};

	if (!possible(s, l)) {
		return SP_EARG;
	}
	for (size_t i = 0; i < l->n; i++) {
		all = sp_rect_or(all, l->monitor[i]);
	}
	all = (struct sp_rect){0, 0, all.x + all.w, all.y + all.h};
	if (!((uint32_t)all.w <= s->max_width && (uint32_t)all.h <= s->max_height &&
			    (uint64_t)all.w * (uint64_t)all.h <= SP_SCREEN_MAX_AREA)) {
		return SP_ELIMIT;
	}
	int rc = read_geometry(s);
	if (rc != SP_OK) {
		return rc;
	}
	if (rescale) {
		s->dpi = dpi;
		set_xft_dpi(s);
	}
	bool sized = all.w == (int32_t)s->width && all.h == (int32_t)s->height;
	if (sized && (same(l, &s->layout) || (s->layout.n == 0 && l->n == 1))) {
		return rescale && !set_size(s, s->width, s->height) ? SP_EPROTO
								    : sp_xlink_sync(s->x);
	}
	int set = set_layout(s, l, all);
	rc = read_geometry(s);
	return rc == SP_OK ? set : rc;
}

int sp_screen_resize(struct sp_screen *s, uint32_t width, uint32_t height, uint32_t dpi)
{
	uint32_t w = fit(width, s->max_width) & ~1U, h = fit(height, s->max_height);
	struct sp_screen_layout l = {.n = 1, .monitor = {{0, 0, (int32_t)w, (int32_t)h}}};

	return sp_screen_layout(s, &l, dpi);
}
