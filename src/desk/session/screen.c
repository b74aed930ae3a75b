/* desk/session/screen.c - see screen.h. */
#include "desk/session/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk/session/xserver.h"

#define MAX_RESOURCES 65536
#define REFRESH 60

struct sp_screen {
	struct sp_xlink *x;
	xcb_randr_output_t output;
	xcb_randr_crtc_t crtc;
	xcb_randr_mode_t own; /* the mode we made for the size now set; 0: none */
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

/* The output that shows the screen: a connected one that has a CRTC or can have one. */
static int find_output(struct sp_screen *s)
{
	xcb_randr_get_screen_resources_current_reply_t *res = resources(s);
	int rc = SP_EPROTO;

	if (!res) {
		return SP_ECLOSED;
	}
	xcb_randr_output_t *outs = xcb_randr_get_screen_resources_current_outputs(res);
	for (int i = 0; i < res->num_outputs && rc != SP_OK; i++) {
		xcb_randr_get_output_info_reply_t *info = xcb_randr_get_output_info_reply(s->x->c,
				xcb_randr_get_output_info(s->x->c, outs[i], res->config_timestamp),
				NULL);

		if (info && info->connection == XCB_RANDR_CONNECTION_CONNECTED &&
				(info->crtc || info->num_crtcs > 0)) {
			s->output = outs[i];
			s->crtc = info->crtc ? info->crtc
					     : xcb_randr_get_output_info_crtcs(info)[0];
			rc = SP_OK;
		}
		free(info);
	}
	free(res);
	return rc;
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
		rc = find_output(s);
	}
	xcb_randr_get_screen_size_range_reply_t *range = xcb_randr_get_screen_size_range_reply(
			x->c, xcb_randr_get_screen_size_range(x->c, x->root), NULL);
	if (rc == SP_OK && !range) {
		rc = SP_ECLOSED;
	}
	if (rc == SP_OK) {
		s->max_width = range->max_width;
		s->max_height = range->max_height;
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

void sp_screen_size(const struct sp_screen *s, uint32_t *width, uint32_t *height)
{
	*width = s->width;
	*height = s->height;
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

static bool set_mode(struct sp_screen *s, xcb_randr_mode_t mode)
{
	xcb_randr_set_crtc_config_reply_t *r = xcb_randr_set_crtc_config_reply(s->x->c,
			xcb_randr_set_crtc_config(s->x->c, s->crtc, XCB_CURRENT_TIME,
					XCB_CURRENT_TIME, 0, 0, mode, XCB_RANDR_ROTATION_ROTATE_0,
					1, &s->output),
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
	if (mode) {
		xcb_randr_add_output_mode(s->x->c, s->output, mode);
	}
	return mode;
}

static void drop_mode(struct sp_screen *s, xcb_randr_mode_t mode)
{
	if (mode) {
		xcb_randr_delete_output_mode(s->x->c, s->output, mode);
		xcb_randr_destroy_mode(s->x->c, mode);
	}
}

/* A mode of that size which the output already has; 0 when there is none. */
static xcb_randr_mode_t find_mode(struct sp_screen *s, uint32_t w, uint32_t h)
{
	xcb_randr_get_screen_resources_current_reply_t *res = resources(s);
	xcb_randr_mode_t found = 0;

	if (!res) {
		return 0;
	}
	xcb_randr_get_output_info_reply_t *info = xcb_randr_get_output_info_reply(s->x->c,
			xcb_randr_get_output_info(s->x->c, s->output, res->config_timestamp), NULL);
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

/* The mode must fit the screen at each moment, so the screen is the larger of both meanwhile. */
static bool change(struct sp_screen *s, uint32_t w, uint32_t h, xcb_randr_mode_t mode)
{
	uint32_t tw = w > s->width ? w : s->width;
	uint32_t th = h > s->height ? h : s->height;

	if ((tw != s->width || th != s->height) && !set_size(s, tw, th)) {
		return false;
	}
	return set_mode(s, mode) && ((tw == w && th == h) || set_size(s, w, h));
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

int sp_screen_resize(struct sp_screen *s, uint32_t width, uint32_t height, uint32_t dpi)
{
	uint32_t w = fit(width, s->max_width) & ~1U, h = fit(height, s->max_height);
	bool rescale = dpi >= 24 && dpi <= 960 && dpi != s->dpi;
	int rc = read_geometry(s);

	if (rc != SP_OK) {
		return rc;
	}
	if (rescale) {
		s->dpi = dpi;
		set_xft_dpi(s);
	}
	if (w == s->width && h == s->height) {
		return rescale && !set_size(s, w, h) ? SP_EPROTO : sp_xlink_sync(s->x);
	}
	uint32_t old_width = s->width, old_height = s->height;
	xcb_randr_mode_t mode = find_mode(s, w, h), made = 0;
	if (!mode) {
		mode = made = make_mode(s, w, h);
	}
	/* Others see the old size, then the new one, and nothing between. */
	xcb_grab_server(s->x->c);
	bool ok = mode && change(s, w, h, mode);
	if (!ok) {
		set_size(s, old_width, old_height);
	}
	xcb_ungrab_server(s->x->c);
	if (!ok) {
		drop_mode(s, made);
	} else if (s->own != mode) {
		drop_mode(s, s->own);
		s->own = made;
	}
	rc = read_geometry(s);
	if (rc == SP_OK && !ok) {
		rc = SP_EPROTO;
	}
	return rc;
}
