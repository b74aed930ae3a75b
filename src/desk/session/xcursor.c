/* desk/session/xcursor.c - see cursor.h. */
#include "desk/session/xcursor.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/xfixes.h>

#include "core/base/err.h"
#include "core/base/mem.h"

struct sp_xcursor {
	struct sp_xlink *x;
	bool changed;
	bool any; /* an image has been given */
	struct sp_xcursor_image image;
	uint32_t pixels[SP_XCURSOR_MAX_SIZE * SP_XCURSOR_MAX_SIZE];
};

static void on_event(void *arg, const xcb_generic_event_t *ev)
{
	struct sp_xcursor *c = arg;

	if ((ev->response_type & 0x7f) == c->x->xfixes_event + XCB_XFIXES_CURSOR_NOTIFY) {
		c->changed = true;
	}
}

int sp_xcursor_create(struct sp_xlink *x, struct sp_xcursor **out)
{
	struct sp_xcursor *c = sp_calloc(1, sizeof(*c));

	*out = NULL;
	if (!c) {
		return SP_ENOMEM;
	}
	c->x = x;
	c->changed = true;
	c->image.argb = c->pixels;
	int rc = sp_xlink_listen(x, on_event, c);
	if (rc != SP_OK) {
		sp_free(c);
		return rc;
	}
	xcb_xfixes_select_cursor_input(x->c, x->root, XCB_XFIXES_CURSOR_NOTIFY_MASK_DISPLAY_CURSOR);
	*out = c;
	return SP_OK;
}

void sp_xcursor_destroy(struct sp_xcursor *c)
{
	if (!c) {
		return;
	}
	sp_xlink_unlisten(c->x, c);
	xcb_xfixes_select_cursor_input(c->x->c, c->x->root, 0);
	xcb_flush(c->x->c);
	sp_free(c);
}

static uint64_t hash_image(const struct sp_xcursor_image *i)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a, a word at a time */
	uint64_t head = (uint64_t)i->width << 48 | (uint64_t)i->height << 32 |
			(uint64_t)i->hot_x << 16 | i->hot_y;

	h = (h ^ head) * 1099511628211u;
	for (size_t p = 0; p < (size_t)i->width * i->height; p++) {
		h = (h ^ i->argb[p]) * 1099511628211u;
		h ^= h >> 29;
	}
	return h;
}

/* First column (or row) of the part we keep: the hot spot stays inside. */
static uint32_t cut_from(uint32_t size, uint32_t hot)
{
	uint32_t half = SP_XCURSOR_MAX_SIZE / 2;

	if (size <= SP_XCURSOR_MAX_SIZE || hot <= half) {
		return 0;
	}
	uint32_t last = size - SP_XCURSOR_MAX_SIZE;
	return hot - half < last ? hot - half : last;
}

static void take_image(struct sp_xcursor *c, const xcb_xfixes_get_cursor_image_reply_t *r)
{
	const uint32_t *src = xcb_xfixes_get_cursor_image_cursor_image(r);
	struct sp_xcursor_image *i = &c->image;
	/* A hot spot outside of its image is brought to the border. */
	uint32_t hot_x = r->xhot < r->width ? r->xhot : r->width - 1u;
	uint32_t hot_y = r->yhot < r->height ? r->yhot : r->height - 1u;
	uint32_t x0 = cut_from(r->width, hot_x), y0 = cut_from(r->height, hot_y);
	uint32_t w = r->width < SP_XCURSOR_MAX_SIZE ? r->width : SP_XCURSOR_MAX_SIZE;
	uint32_t h = r->height < SP_XCURSOR_MAX_SIZE ? r->height : SP_XCURSOR_MAX_SIZE;
	uint32_t alpha = 0;

	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			uint32_t px = src[(size_t)(y0 + y) * r->width + x0 + x];

			c->pixels[(size_t)y * w + x] = px;
			alpha |= px >> 24;
		}
	}
	i->hidden = alpha == 0;
	i->width = i->hidden ? 0 : (uint16_t)w;
	i->height = i->hidden ? 0 : (uint16_t)h;
	i->hot_x = i->hidden ? 0 : (uint16_t)(hot_x - x0);
	i->hot_y = i->hidden ? 0 : (uint16_t)(hot_y - y0);
}

int sp_xcursor_poll(struct sp_xcursor *c, const struct sp_xcursor_image **out)
{
	*out = &c->image;
	int rc = sp_xlink_pump(c->x);
	if (rc != SP_OK) {
		return rc;
	}
	if (!c->changed) {
		return 0;
	}
	c->changed = false;
	xcb_xfixes_get_cursor_image_reply_t *r = xcb_xfixes_get_cursor_image_reply(
			c->x->c, xcb_xfixes_get_cursor_image(c->x->c), NULL);
	uint64_t before = c->image.hash;

	if (r && r->width > 0 && r->height > 0) {
		take_image(c, r);
	} else {
		/* No cursor is set anywhere. */
		c->image = (struct sp_xcursor_image){.hidden = true, .argb = c->pixels};
	}
	free(r);
	if (xcb_connection_has_error(c->x->c)) {
		c->x->gone = true;
		return SP_ECLOSED;
	}
	c->image.hash = hash_image(&c->image);
	bool same = c->any && c->image.hash == before;
	c->any = true;
	return same ? 0 : 1;
}
