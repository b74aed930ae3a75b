/*
 * tests/peer/probe.c - draws on an X display and tells its state, as a test says on a socket.
 *
 * probe FD: one command a line, one line of answer ("ok", "error" or what was asked for).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xcb/xcb.h>
#include <xcb/xfixes.h>

#include "core/base/attr.h"

#define MAX_WORDS 8
#define LINE 1024

struct probe {
	xcb_connection_t *c;
	xcb_screen_t *screen;
	xcb_window_t window; /* 0 until something is drawn */
	xcb_gcontext_t gc;
	FILE *out;
};

/* Over all of the screen, whatever its size becomes, and without a window manager. */
static void cover(struct probe *p)
{
	uint32_t values[] = {p->screen->black_pixel, 1};
	uint32_t none = 0;

	if (p->window) {
		return;
	}
	p->window = xcb_generate_id(p->c);
	p->gc = xcb_generate_id(p->c);
	xcb_create_window(p->c, XCB_COPY_FROM_PARENT, p->window, p->screen->root, 0, 0, 8192, 8192,
			0, XCB_WINDOW_CLASS_INPUT_OUTPUT, XCB_COPY_FROM_PARENT,
			XCB_CW_BACK_PIXEL | XCB_CW_OVERRIDE_REDIRECT, values);
	xcb_create_gc(p->c, p->gc, p->window, XCB_GC_GRAPHICS_EXPOSURES, &none);
	xcb_map_window(p->c, p->window);
}

static bool sync_up(struct probe *p)
{
	xcb_get_input_focus_reply_t *r =
			xcb_get_input_focus_reply(p->c, xcb_get_input_focus(p->c), NULL);
	bool there = r != NULL;

	free(r);
	return there;
}

static int number(const char *word)
{
	return (int)strtol(word, NULL, 0);
}

/* show FILE X Y: a binary PPM of 8 bits per sample. */
static bool show(struct probe *p, char **w)
{
	unsigned width, height;
	FILE *f = fopen(w[1], "rb");

	if (!f) {
		return false;
	}
	if (fscanf(f, "P6 %u %u 255", &width, &height) != 2 || fgetc(f) == EOF || width > 8192) {
		fclose(f);
		return false;
	}
	uint8_t *rgb = malloc((size_t)width * 3), *row = malloc((size_t)width * 4);
	cover(p);
	for (unsigned y = 0; rgb && row && y < height; y++) {
		if (fread(rgb, 3, width, f) != width) {
			break;
		}
		for (unsigned x = 0; x < width; x++) {
			row[4 * x] = rgb[3 * x + 2];
			row[4 * x + 1] = rgb[3 * x + 1];
			row[4 * x + 2] = rgb[3 * x];
			row[4 * x + 3] = 0;
		}
		xcb_put_image(p->c, XCB_IMAGE_FORMAT_Z_PIXMAP, p->window, p->gc, (uint16_t)width, 1,
				(int16_t)number(w[2]), (int16_t)(number(w[3]) + (int)y), 0, 24,
				width * 4, row);
	}
	free(rgb);
	free(row);
	fclose(f);
	return true;
}

/* fill X Y W H RRGGBB */
static bool fill(struct probe *p, char **w)
{
	uint32_t pixel = (uint32_t)strtoul(w[5], NULL, 16);
	xcb_rectangle_t r = {(int16_t)number(w[1]), (int16_t)number(w[2]), (uint16_t)number(w[3]),
			(uint16_t)number(w[4])};

	cover(p);
	xcb_change_gc(p->c, p->gc, XCB_GC_FOREGROUND, &pixel);
	xcb_poly_fill_rectangle(p->c, p->window, p->gc, 1, &r);
	return true;
}

/* copy X Y W H TO_X TO_Y: as scrolling does it. */
static bool copy(struct probe *p, char **w)
{
	cover(p);
	xcb_copy_area(p->c, p->window, p->window, p->gc, (int16_t)number(w[1]),
			(int16_t)number(w[2]), (int16_t)number(w[5]), (int16_t)number(w[6]),
			(uint16_t)number(w[3]), (uint16_t)number(w[4]));
	return true;
}

static uint32_t shade(unsigned v)
{
	v &= 511;
	return v < 256 ? v : 511 - v;
}

/* film X Y W H FRAMES: clouds of colour that drift in different directions, 30 frames a second. */
static bool film(struct probe *p, char **w)
{
	struct timespec pause = {.tv_nsec = 33000000};
	unsigned width = (unsigned)number(w[3]), height = (unsigned)number(w[4]);
	uint32_t *row = malloc((size_t)width * 4), grain = 1;

	cover(p);
	for (unsigned n = 0; row && n < (unsigned)number(w[5]); n++) {
		for (unsigned y = 0; y < height; y++) {
			for (unsigned x = 0; x < width; x++) {
				grain = grain * 1664525u + 1013904223u;
				row[x] = shade(x + y / 2 + 5 * n + (grain >> 30)) << 16 |
						shade(2 * y + x / 3 - 7 * n) << 8 |
						shade(x + 3 * n);
			}
			xcb_put_image(p->c, XCB_IMAGE_FORMAT_Z_PIXMAP, p->window, p->gc,
					(uint16_t)width, 1, (int16_t)number(w[1]),
					(int16_t)(number(w[2]) + (int)y), 0, 24, width * 4,
					(const uint8_t *)row);
		}
		xcb_flush(p->c);
		nanosleep(&pause, NULL);
	}
	free(row);
	return true;
}

/* hide: takes the cover away. */
static bool hide(struct probe *p, char **w)
{
	if (p->window) {
		xcb_destroy_window(p->c, p->window);
		xcb_free_gc(p->c, p->gc);
		p->window = 0;
	}
	return true;
}

/* shape: width, height, hot spot and pixels of the cursor now shown. */
static bool shape(struct probe *p, char **w)
{
	xcb_xfixes_get_cursor_image_reply_t *r = xcb_xfixes_get_cursor_image_reply(
			p->c, xcb_xfixes_get_cursor_image(p->c), NULL);

	if (!r) {
		return false;
	}
	const uint32_t *pixels = xcb_xfixes_get_cursor_image_cursor_image(r);
	fprintf(p->out, "%u %u %u %u ", r->width, r->height, r->xhot, r->yhot);
	for (size_t i = 0; i < (size_t)r->width * r->height; i++) {
		fprintf(p->out, "%08x", pixels[i]);
	}
	fputc('\n', p->out);
	free(r);
	return true;
}

/* state: pointer position, mask of modifiers and buttons, keycodes that are down. */
static bool state(struct probe *p, char **w)
{
	xcb_query_keymap_reply_t *k = xcb_query_keymap_reply(p->c, xcb_query_keymap(p->c), NULL);
	xcb_query_pointer_reply_t *q = xcb_query_pointer_reply(
			p->c, xcb_query_pointer(p->c, p->screen->root), NULL);
	bool there = k && q;

	if (there) {
		fprintf(p->out, "%d %d %u", q->root_x, q->root_y, q->mask);
		for (int i = 8; i < 256; i++) {
			if (k->keys[i / 8] & 1 << i % 8) {
				fprintf(p->out, " %d", i);
			}
		}
		fputc('\n', p->out);
	}
	free(k);
	free(q);
	return there;
}

static const struct {
	const char *name;
	int words;
	bool answers; /* by itself, when it could */
	bool (*run)(struct probe *p, char **words);
} commands[] = {
		{"show", 4, false, show},
		{"fill", 6, false, fill},
		{"copy", 7, false, copy},
		{"film", 6, false, film},
		{"hide", 1, false, hide},
		{"shape", 1, true, shape},
		{"state", 1, true, state},
};

static void obey(struct probe *p, char *line)
{
	char *words[MAX_WORDS + 1] = {NULL};
	int n = 0;

	for (char *w; n < MAX_WORDS && (w = strsep(&line, " \n")) != NULL;) {
		if (*w) {
			words[n++] = w;
		}
	}
	for (size_t i = 0; i < SP_LEN(commands) && n > 0; i++) {
		if (strcmp(words[0], commands[i].name) == 0 && n == commands[i].words) {
			bool good = commands[i].run(p, words);

			if (!(good && commands[i].answers)) {
				fputs(good && sync_up(p) ? "ok\n" : "error\n", p->out);
			}
			fflush(p->out);
			return;
		}
	}
	fputs("error\n", p->out);
	fflush(p->out);
}

int main(int argc, char **argv)
{
	struct probe p = {.c = xcb_connect(NULL, NULL)};
	char line[LINE];

	if (argc != 2 || xcb_connection_has_error(p.c)) {
		fprintf(stderr, "usage: probe FD, with DISPLAY\n");
		return 2;
	}
	p.screen = xcb_setup_roots_iterator(xcb_get_setup(p.c)).data;
	free(xcb_xfixes_query_version_reply(p.c, xcb_xfixes_query_version(p.c, 4, 0), NULL));
	FILE *in = fdopen(number(argv[1]), "r");
	p.out = fdopen(number(argv[1]), "w");
	while (in && p.out && fgets(line, sizeof(line), in)) {
		xcb_generic_event_t *ev;

		while ((ev = xcb_poll_for_event(p.c))) {
			free(ev);
		}
		obey(&p, line);
	}
	xcb_disconnect(p.c);
	return 0;
}
