/*
 * bench/desktop/probe.c - the session of a measured desktop: a still picture over all of the
 * screen, and a block that changes its colour as soon as a key is pressed.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xcb/xcb.h>

#include "desktop/picture.h"

struct probe {
	xcb_connection_t *c;
	xcb_screen_t *screen;
	xcb_window_t window;
	xcb_gcontext_t gc;
	bool font;
	unsigned colour;
};

static void fill(struct probe *p, uint32_t colour, int16_t x, int16_t y, uint16_t w, uint16_t h)
{
	xcb_change_gc(p->c, p->gc, XCB_GC_FOREGROUND, &colour);
	xcb_poly_fill_rectangle(p->c, p->window, p->gc, 1, &(xcb_rectangle_t){x, y, w, h});
}

static void draw_block(struct probe *p)
{
	fill(p, picture_colours[p->colour], PICTURE_BLOCK_X, PICTURE_BLOCK_Y, PICTURE_BLOCK_SIDE,
			PICTURE_BLOCK_SIDE);
	xcb_flush(p->c);
}

/* Words of letters that are the same on every desktop. */
static void draw_text(struct probe *p)
{
	uint32_t values[] = {PICTURE_INK, PICTURE_PAPER}, seed = 7;

	xcb_change_gc(p->c, p->gc, XCB_GC_FOREGROUND | XCB_GC_BACKGROUND, values);
	for (int16_t line = 0; line < PICTURE_LINES; line++) {
		char text[PICTURE_COLUMNS];

		for (size_t i = 0; i < sizeof(text); i++) {
			seed = seed * 1664525u + 1013904223u;
			text[i] = seed >> 29 == 0 ? ' ' : (char)('a' + (seed >> 16) % 26);
		}
		xcb_image_text_8(p->c, sizeof(text), p->window, p->gc, PICTURE_PAGE_X + 10,
				(int16_t)(PICTURE_PAGE_Y + 22 + 13 * line), text);
	}
}

static void draw(struct probe *p)
{
	fill(p, PICTURE_PAPER, PICTURE_PAGE_X, PICTURE_PAGE_Y, PICTURE_PAGE_W, PICTURE_PAGE_H);
	if (p->font) {
		draw_text(p);
	}
	draw_block(p);
}

static void open_window(struct probe *p)
{
	uint32_t values[] = {PICTURE_GROUND, 1,
			XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_EXPOSURE |
					XCB_EVENT_MASK_STRUCTURE_NOTIFY};
	uint32_t watch = XCB_EVENT_MASK_STRUCTURE_NOTIFY;
	xcb_font_t font = xcb_generate_id(p->c);

	p->window = xcb_generate_id(p->c);
	xcb_create_window(p->c, XCB_COPY_FROM_PARENT, p->window, p->screen->root, 0, 0,
			p->screen->width_in_pixels, p->screen->height_in_pixels, 0,
			XCB_WINDOW_CLASS_INPUT_OUTPUT, p->screen->root_visual,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
	xcb_change_window_attributes(p->c, p->screen->root, XCB_CW_EVENT_MASK, &watch);
	p->gc = xcb_generate_id(p->c);
	xcb_create_gc(p->c, p->gc, p->window, 0, NULL);
	p->font = xcb_request_check(p->c,
				  xcb_open_font_checked(p->c, font, strlen("fixed"), "fixed")) ==
			NULL;
	if (p->font) {
		xcb_change_gc(p->c, p->gc, XCB_GC_FONT, &font);
	}
	xcb_map_window(p->c, p->window);
	xcb_flush(p->c);
}

static void configured(struct probe *p, const xcb_configure_notify_event_t *ev)
{
	uint32_t size[] = {ev->width, ev->height};

	if (ev->window == p->screen->root) {
		xcb_configure_window(p->c, p->window,
				XCB_CONFIG_WINDOW_WIDTH | XCB_CONFIG_WINDOW_HEIGHT, size);
		xcb_flush(p->c);
	}
}

int main(void)
{
	struct probe p = {.c = xcb_connect(NULL, NULL)};
	xcb_generic_event_t *ev;

	if (xcb_connection_has_error(p.c)) {
		fprintf(stderr, "bench-probe: cannot open the display\n");
		return 1;
	}
	p.screen = xcb_setup_roots_iterator(xcb_get_setup(p.c)).data;
	open_window(&p);
	while ((ev = xcb_wait_for_event(p.c)) != NULL) {
		switch (ev->response_type & 0x7f) {
		case XCB_KEY_PRESS:
			p.colour = (p.colour + 1) % PICTURE_COLOURS;
			draw_block(&p);
			break;
		case XCB_EXPOSE:
			if (((xcb_expose_event_t *)ev)->count == 0) {
				draw(&p);
			}
			break;
		case XCB_MAP_NOTIFY:
			xcb_set_input_focus(p.c, XCB_INPUT_FOCUS_POINTER_ROOT, p.window,
					XCB_CURRENT_TIME);
			xcb_flush(p.c);
			break;
		case XCB_CONFIGURE_NOTIFY:
			configured(&p, (xcb_configure_notify_event_t *)ev);
			break;
		default:
			break;
		}
		free(ev);
	}
	xcb_disconnect(p.c);
	return 0;
}
