/* tests/desk/test_capture.c - known pictures on a real X server, compared pixel for pixel. */
#include "desk/session/capture.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk.h"
#include "desk/session/screen.h"
#include "unit.h"

#define WAIT_MS 3000

static enum sp_xserver_kind kind;
static struct desk d;
static struct sp_screen *screen;

/* What the screen must show: our own painting of the same things. */
static uint32_t *model;
static uint32_t width, height;

static void model_new(uint32_t w, uint32_t h)
{
	free(model);
	model = calloc((size_t)w * h, sizeof(*model));
	assert_non_null(model);
	width = w;
	height = h;
}

static void model_fill(int x0, int y0, int w, int h, uint32_t colour)
{
	for (int y = y0; y < y0 + h; y++) {
		for (int x = x0; x < x0 + w; x++) {
			if (x >= 0 && y >= 0 && x < (int)width && y < (int)height) {
				model[(size_t)y * width + (size_t)x] = colour;
			}
		}
	}
}

static xcb_gcontext_t gc_of(xcb_window_t win, uint32_t colour)
{
	xcb_gcontext_t gc = xcb_generate_id(d.app);

	xcb_create_gc(d.app, gc, win, XCB_GC_FOREGROUND, &colour);
	return gc;
}

/* On the window, whose corner is the screen's. */
static void fill(xcb_window_t win, int x, int y, int w, int h, uint32_t colour)
{
	xcb_gcontext_t gc = gc_of(win, colour);
	xcb_rectangle_t r = {(int16_t)x, (int16_t)y, (uint16_t)w, (uint16_t)h};

	xcb_poly_fill_rectangle(d.app, win, gc, 1, &r);
	xcb_free_gc(d.app, gc);
	model_fill(x, y, w, h, colour);
}

static void put_noise(xcb_window_t win, int x0, int y0, int w, int h, uint32_t seed)
{
	xcb_gcontext_t gc = gc_of(win, 0);
	uint32_t *row = calloc((size_t)w, sizeof(*row));

	assert_non_null(row);
	for (int y = 0; y < h; y++) {
		for (int x = 0; x < w; x++) {
			seed = seed * 1664525u + 1013904223u;
			row[x] = seed >> 8;
			model_fill(x0 + x, y0 + y, 1, 1, row[x]);
		}
		xcb_put_image(d.app, XCB_IMAGE_FORMAT_Z_PIXMAP, win, gc, (uint16_t)w, 1,
				(int16_t)x0, (int16_t)(y0 + y), 0, d.screen->root_depth,
				(uint32_t)w * 4, (uint8_t *)row);
	}
	free(row);
	xcb_free_gc(d.app, gc);
}

/* Number of pixels that differ; whether sizes agree is asserted. */
static size_t differing(const struct sp_capture *c)
{
	const struct sp_capture_frame *f = sp_capture_frame(c);
	size_t n = 0;

	assert_int_equal(f->width, width);
	assert_int_equal(f->height, height);
	for (uint32_t y = 0; y < height; y++) {
		const uint8_t *p = f->pixels + (size_t)y * f->stride;

		for (uint32_t x = 0; x < width; x++, p += 4) {
			uint32_t px = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;

			n += px != (model[(size_t)y * width + x] & 0xffffff);
		}
	}
	return n;
}

static void check_damage(const struct sp_capture *c, const struct sp_capture_damage *dmg)
{
	const struct sp_capture_frame *f = sp_capture_frame(c);
	struct sp_rect whole = {0, 0, (int32_t)f->width, (int32_t)f->height};

	assert_true(dmg->n <= SP_CAPTURE_MAX_RECTS);
	for (size_t i = 0; i < dmg->n; i++) {
		assert_false(sp_rect_empty(dmg->rects[i]));
		assert_true(sp_rect_contains(whole, dmg->rects[i]));
		for (size_t j = 0; j < i; j++) {
			assert_true(sp_rect_empty(sp_rect_and(dmg->rects[i], dmg->rects[j])));
		}
	}
}

/* Follows the damage, and nothing else, until the frame is the model. */
static void follow(struct sp_capture *c)
{
	uint64_t end = desk_now() + WAIT_MS;
	struct sp_capture_damage dmg;

	desk_app_sync(&d);
	for (;;) {
		assert_int_equal(sp_capture_poll(c, &dmg), SP_OK);
		check_damage(c, &dmg);
		assert_int_equal(sp_capture_fetch(c, dmg.rects, dmg.n), SP_OK);
		const struct sp_capture_frame *f = sp_capture_frame(c);

		if (dmg.n == 0 && f->width == width && f->height == height && differing(c) == 0) {
			return;
		}
		if (desk_now() > end) {
			fail_msg("%ux%u and not %ux%u, or %zu pixels differ", f->width, f->height,
					width, height, differing(c));
		}
		if (dmg.n == 0) {
			desk_sleep(2);
		}
	}
}

static xcb_window_t open_screen(uint32_t w, uint32_t h)
{
	model_new(w, h);
	return desk_window(&d, 0, 0, (uint16_t)w, (uint16_t)h);
}

static void draw_and_follow(struct sp_capture *c, xcb_window_t win)
{
	put_noise(win, 0, 0, (int)width, (int)height, width);
	follow(c);
	/* Narrow, wide, one pixel, across the border. */
	fill(win, 10, 10, 30, 20, 0x112233);
	follow(c);
	fill(win, 0, 50, (int)width, 3, 0xffffff);
	follow(c);
	fill(win, (int)width - 1, (int)height - 1, 1, 1, 0xff0000);
	follow(c);
	fill(win, -5, -5, 20, 20, 0x00ff00);
	follow(c);
	/* Tall and a little less than half as wide: more than the scratch area holds. */
	put_noise(win, 8, 0, (int)width / 2 - 16, (int)height, 99);
	follow(c);
}

static void with_capture(void (*fn)(struct sp_capture *c))
{
	struct sp_capture *c = NULL;

	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_screen_create(d.x, &screen), SP_OK);
	assert_int_equal(sp_screen_resize(screen, 800, 600, 0), SP_OK);
	assert_int_equal(sp_capture_create(d.x, &c), SP_OK);
	fn(c);
	sp_capture_destroy(c);
}

static int teardown(void **state)
{
	(void)state;
	sp_screen_destroy(screen);
	screen = NULL;
	desk_close(&d);
	return 0;
}

static void body_pictures(struct sp_capture *c)
{
	draw_and_follow(c, open_screen(800, 600));
}

static void test_pictures(void **state)
{
	(void)state;
	with_capture(body_pictures);
}

static void test_pictures_sysv(void **state)
{
	struct sp_capture *c = NULL;

	(void)state;
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_screen_create(d.x, &screen), SP_OK);
	assert_int_equal(sp_screen_resize(screen, 800, 600, 0), SP_OK);
	d.x->shm_fd = false;
	assert_int_equal(sp_capture_create(d.x, &c), SP_OK);
	draw_and_follow(c, open_screen(800, 600));
	sp_capture_destroy(c);
	/* And through the socket. */
	d.x->shm = false;
	assert_int_equal(sp_capture_create(d.x, &c), SP_OK);
	draw_and_follow(c, open_screen(800, 600));
	sp_capture_destroy(c);
}

/* A chequered field in one go: more rectangles than are reported. */
static void body_many(struct sp_capture *c)
{
	xcb_window_t win = open_screen(800, 600);

	fill(win, 0, 0, 800, 600, 0);
	follow(c);
	for (int y = 0; y < 600; y += 20) {
		for (int x = 0; x < 800; x += 20) {
			fill(win, x, y, 7, 5, (uint32_t)(x * 1000 + y));
		}
	}
	follow(c);
}

static void test_many(void **state)
{
	(void)state;
	with_capture(body_many);
}

static void body_resize(struct sp_capture *c)
{
	static const uint32_t sizes[][2] = {{1366, 768}, {200, 200}, {1920, 1080}, {1080, 1920},
			{800, 600}, {1602, 901}, {2560, 1440}, {200, 1440}, {640, 480}};
	uint32_t max_w, max_h;

	sp_xserver_max(d.server, &max_w, &max_h);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t w = sizes[i][0], h = sizes[i][1], got_w, got_h;
		struct sp_capture_damage dmg;

		assert_int_equal(sp_screen_resize(screen, w, h, 96), SP_OK);
		sp_screen_size(screen, &got_w, &got_h);
		assert_int_equal(got_w, w);
		assert_int_equal(got_h, h);
		assert_int_equal(sp_capture_poll(c, &dmg), SP_OK);
		assert_true(dmg.resized);
		assert_int_equal(dmg.n, 1);
		xcb_window_t win = open_screen(w, h);
		put_noise(win, 0, 0, (int)w, (int)h, (uint32_t)i);
		follow(c);
		xcb_destroy_window(d.app, win);
	}
}

static void test_resize(void **state)
{
	(void)state;
	with_capture(body_resize);
}

/* What cannot be is brought to what can. */
static void test_resize_limits(void **state)
{
	uint32_t w, h, max_w, max_h;

	(void)state;
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_screen_create(d.x, &screen), SP_OK);
	sp_xserver_max(d.server, &max_w, &max_h);
	assert_int_equal(sp_screen_resize(screen, 1, 0, 0), SP_OK);
	sp_screen_size(screen, &w, &h);
	assert_int_equal(w, 200);
	assert_int_equal(h, 200);
	assert_int_equal(sp_screen_resize(screen, 1001, 701, 0), SP_OK);
	sp_screen_size(screen, &w, &h);
	assert_int_equal(w, 1000);
	assert_int_equal(h, 701);
	assert_int_equal(sp_screen_resize(screen, 100000, UINT32_MAX, 0), SP_OK);
	sp_screen_size(screen, &w, &h);
	assert_int_equal(w, max_w);
	assert_int_equal(h, max_h);
	assert_int_equal(sp_screen_resize(screen, 1024, 768, 0), SP_OK);
	sp_screen_size(screen, &w, &h);
	assert_int_equal(w, 1024);
	assert_int_equal(h, 768);
}

/* The old lines of the resource property stay, the scale is exchanged. */
static void test_dpi(void **state)
{
	static const char before[] = "XTerm*foo: 1\nXft.dpi:\t75\nXft.antialias: 1";

	(void)state;
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_screen_create(d.x, &screen), SP_OK);
	xcb_change_property(d.app, XCB_PROP_MODE_REPLACE, d.screen->root, XCB_ATOM_RESOURCE_MANAGER,
			XCB_ATOM_STRING, 8, sizeof(before) - 1, before);
	desk_app_sync(&d);
	assert_int_equal(sp_screen_resize(screen, 1600, 1200, 192), SP_OK);
	xcb_get_property_reply_t *r = xcb_get_property_reply(d.app,
			xcb_get_property(d.app, 0, d.screen->root, XCB_ATOM_RESOURCE_MANAGER,
					XCB_ATOM_STRING, 0, 100),
			NULL);
	assert_non_null(r);
	char text[200];
	snprintf(text, sizeof(text), "%.*s", xcb_get_property_value_length(r),
			(char *)xcb_get_property_value(r));
	free(r);
	assert_string_equal(text, "XTerm*foo: 1\nXft.antialias: 1\nXft.dpi:\t192\n");
}

static void body_server_gone(struct sp_capture *c)
{
	struct sp_capture_damage dmg;
	int rc = SP_OK;

	assert_int_equal(kill(sp_xserver_pid(d.server), SIGKILL), 0);
	for (int i = 0; i < 300 && rc == SP_OK; i++) {
		rc = sp_capture_poll(c, &dmg);
		desk_sleep(10);
	}
	assert_int_equal(rc, SP_ECLOSED);
	struct sp_rect r = {0, 0, 10, 10};
	assert_int_equal(sp_capture_fetch(c, &r, 1), SP_ECLOSED);
	assert_int_equal(sp_screen_resize(screen, 1000, 800, 0), SP_ECLOSED);
	assert_int_equal(sp_xlink_sync(d.x), SP_ECLOSED);
	assert_false(sp_xserver_alive(d.server));
}

static void test_server_gone(void **state)
{
	(void)state;
	with_capture(body_server_gone);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_pictures, teardown),
			cmocka_unit_test_teardown(test_pictures_sysv, teardown),
			cmocka_unit_test_teardown(test_many, teardown),
			cmocka_unit_test_teardown(test_resize, teardown),
			cmocka_unit_test_teardown(test_resize_limits, teardown),
			cmocka_unit_test_teardown(test_dpi, teardown),
			cmocka_unit_test_teardown(test_server_gone, teardown),
	};

	kind = desk_kind(argc, argv);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(model);
	return failed;
}
