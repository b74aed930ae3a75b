/*
 * bench/desktop/probe.c - the session of a measured desktop: a still picture over all of the
 * screen, and a block that changes its colour as soon as a key is pressed; on other keys a page
 * of text that scrolls, or a film.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <time.h>
#include <xcb/shm.h>
#include <xcb/xcb.h>

#include "desktop/picture.h"

struct probe {
	xcb_connection_t *c;
	xcb_screen_t *screen;
	xcb_window_t window;
	xcb_gcontext_t gc;
	bool font;
	unsigned colour;
	enum picture_work work;
	unsigned number; /* of the next line or frame */
	uint64_t due_us; /* of it */
	uint32_t *film; /* made when it is first wanted */
	uint32_t *frame; /* shared with the X server, or NULL */
	xcb_shm_seg_t segment;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

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

/* ---- workloads ---- */

static void scroll_line(struct probe *p)
{
	static uint32_t line[PICTURE_LINE_H * PICTURE_LINE_W];
	int16_t last = PICTURE_PAGE_Y + PICTURE_PAGE_H - PICTURE_LINE_H;

	xcb_copy_area(p->c, p->window, p->window, p->gc, PICTURE_PAGE_X,
			PICTURE_PAGE_Y + PICTURE_LINE_H, PICTURE_PAGE_X, PICTURE_PAGE_Y,
			PICTURE_PAGE_W, PICTURE_PAGE_H - PICTURE_LINE_H);
	picture_line(line, PICTURE_LINE_W, p->number);
	xcb_put_image(p->c, XCB_IMAGE_FORMAT_Z_PIXMAP, p->window, p->gc, PICTURE_LINE_W,
			PICTURE_LINE_H, PICTURE_PAGE_X, last, 0, p->screen->root_depth,
			sizeof(line), (const uint8_t *)line);
}

static void show_frame(struct probe *p)
{
	xcb_generic_error_t *error = NULL;

	picture_frame(p->film, p->frame, PICTURE_VIDEO_W, p->number);
	xcb_shm_put_image(p->c, p->window, p->gc, PICTURE_VIDEO_W, PICTURE_VIDEO_H, 0, 0,
			PICTURE_VIDEO_W, PICTURE_VIDEO_H, PICTURE_VIDEO_X, PICTURE_VIDEO_Y,
			p->screen->root_depth, XCB_IMAGE_FORMAT_Z_PIXMAP, 0, p->segment, 0);
	/* The next one is drawn into the same memory: the server has read this one then. */
	free(xcb_get_input_focus_reply(p->c, xcb_get_input_focus(p->c), &error));
	free(error);
}

static bool make_film(struct probe *p)
{
	if (p->frame) {
		return true;
	}
	int id = shmget(IPC_PRIVATE, sizeof(*p->frame) * PICTURE_VIDEO_W * PICTURE_VIDEO_H,
			IPC_CREAT | 0600);
	void *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);

	p->film = picture_film();
	if (at == (void *)-1 || !p->film) {
		fprintf(stderr, "bench-probe: no memory for the film\n");
		return false;
	}
	p->segment = xcb_generate_id(p->c);
	free(xcb_request_check(p->c, xcb_shm_attach_checked(p->c, p->segment, (uint32_t)id, 0)));
	shmctl(id, IPC_RMID, NULL);
	p->frame = at;
	return true;
}

static void begin(struct probe *p, enum picture_work work)
{
	if (work == PICTURE_VIDEO && !make_film(p)) {
		return;
	}
	p->work = work;
	p->number = 1;
	p->due_us = now_us();
}

/* Frames that are late are left out, as a player does; lines are not. */
static void step(struct probe *p)
{
	uint64_t now = now_us();

	while (p->work == PICTURE_TEXT && p->due_us <= now) {
		scroll_line(p);
		p->number++;
		p->due_us += PICTURE_TEXT_US;
	}
	if (p->work == PICTURE_VIDEO && p->due_us <= now) {
		unsigned late = (unsigned)((now - p->due_us) / PICTURE_VIDEO_US);

		p->number += late;
		show_frame(p);
		p->number++;
		p->due_us += (uint64_t)(late + 1) * PICTURE_VIDEO_US;
	}
	xcb_flush(p->c);
}

/* ---- events ---- */

static void open_window(struct probe *p)
{
	uint32_t values[] = {PICTURE_GROUND, 1,
			XCB_EVENT_MASK_KEY_PRESS | XCB_EVENT_MASK_EXPOSURE |
					XCB_EVENT_MASK_STRUCTURE_NOTIFY};
	uint32_t watch = XCB_EVENT_MASK_STRUCTURE_NOTIFY, no = 0;
	xcb_font_t font = xcb_generate_id(p->c);

	p->window = xcb_generate_id(p->c);
	xcb_create_window(p->c, XCB_COPY_FROM_PARENT, p->window, p->screen->root, 0, 0,
			p->screen->width_in_pixels, p->screen->height_in_pixels, 0,
			XCB_WINDOW_CLASS_INPUT_OUTPUT, p->screen->root_visual,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT | XCB_CW_EVENT_MASK, values);
	xcb_change_window_attributes(p->c, p->screen->root, XCB_CW_EVENT_MASK, &watch);
	p->gc = xcb_generate_id(p->c);
	xcb_create_gc(p->c, p->gc, p->window, XCB_GC_GRAPHICS_EXPOSURES, &no);
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

static void pressed(struct probe *p, xcb_keycode_t key)
{
	switch (key) {
	case PICTURE_X_KEY(PICTURE_KEY_STILL):
		p->work = PICTURE_STILL;
		break;
	case PICTURE_X_KEY(PICTURE_KEY_CLEAR):
		p->work = PICTURE_STILL;
		xcb_clear_area(p->c, 0, p->window, 0, 0, 0, 0);
		draw(p);
		break;
	case PICTURE_X_KEY(PICTURE_KEY_TEXT):
		begin(p, PICTURE_TEXT);
		break;
	case PICTURE_X_KEY(PICTURE_KEY_VIDEO):
		begin(p, PICTURE_VIDEO);
		break;
	default:
		p->colour = (p->colour + 1) % PICTURE_COLOURS;
		draw_block(p);
	}
}

static void on_event(struct probe *p, const xcb_generic_event_t *ev)
{
	switch (ev->response_type & 0x7f) {
	case XCB_KEY_PRESS:
		pressed(p, ((const xcb_key_press_event_t *)ev)->detail);
		break;
	case XCB_EXPOSE:
		if (((const xcb_expose_event_t *)ev)->count == 0) {
			draw(p);
		}
		break;
	case XCB_MAP_NOTIFY:
		xcb_set_input_focus(
				p->c, XCB_INPUT_FOCUS_POINTER_ROOT, p->window, XCB_CURRENT_TIME);
		xcb_flush(p->c);
		break;
	case XCB_CONFIGURE_NOTIFY:
		configured(p, (const xcb_configure_notify_event_t *)ev);
		break;
	default:
		break;
	}
}

static bool turn(struct probe *p)
{
	struct pollfd fd = {.fd = xcb_get_file_descriptor(p->c), .events = POLLIN};
	xcb_generic_event_t *ev;
	struct timespec wait = {0};
	uint64_t now = now_us();

	while ((ev = xcb_poll_for_event(p->c)) != NULL) {
		on_event(p, ev);
		free(ev);
	}
	if (p->work != PICTURE_STILL && p->due_us <= now) {
		step(p);
		return !xcb_connection_has_error(p->c);
	}
	if (p->work != PICTURE_STILL) {
		wait.tv_nsec = (long)(p->due_us - now) * 1000;
	}
	ppoll(&fd, 1, p->work == PICTURE_STILL ? NULL : &wait, NULL);
	return !xcb_connection_has_error(p->c);
}

int main(void)
{
	struct probe p = {.c = xcb_connect(NULL, NULL)};

	if (xcb_connection_has_error(p.c)) {
		fprintf(stderr, "bench-probe: cannot open the display\n");
		return 1;
	}
	p.screen = xcb_setup_roots_iterator(xcb_get_setup(p.c)).data;
	open_window(&p);
	while (turn(&p)) {
	}
	xcb_disconnect(p.c);
	return 0;
}
