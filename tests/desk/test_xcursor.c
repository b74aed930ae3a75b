/* tests/desk/test_xcursor.c - the pointer shapes that programs set. */
#include "desk/session/xcursor.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/xtest.h>

#include "core/base/err.h"
#include "desk.h"
#include "unit.h"

#define WAIT_MS 2000

static enum sp_xserver_kind kind;
static struct desk d;
static struct sp_xcursor *cursor;

static int teardown(void **state)
{
	(void)state;
	sp_xcursor_destroy(cursor);
	cursor = NULL;
	desk_close(&d);
	return 0;
}

static const struct sp_xcursor_image *next_shape(void)
{
	const struct sp_xcursor_image *img;
	uint64_t end = desk_now() + WAIT_MS;

	while (desk_now() < end) {
		int rc = sp_xcursor_poll(cursor, &img);

		assert_true(rc >= 0);
		if (rc == 1) {
			return img;
		}
		desk_sleep(2);
	}
	fail_msg("no new shape");
	return NULL;
}

/* A two-colour cursor: bit x of row y from the functions given. */
static xcb_cursor_t make_cursor(uint16_t w, uint16_t h, bool (*source)(int x, int y),
		bool (*mask)(int x, int y), uint16_t hot_x, uint16_t hot_y)
{
	xcb_cursor_t cur = xcb_generate_id(d.app);
	xcb_pixmap_t maps[2];
	bool (*const fns[2])(int, int) = {source, mask};

	for (int i = 0; i < 2; i++) {
		maps[i] = xcb_generate_id(d.app);
		xcb_create_pixmap(d.app, 1, maps[i], d.screen->root, w, h);
		for (uint32_t bit = 0; bit < 2; bit++) {
			xcb_gcontext_t gc = xcb_generate_id(d.app);

			xcb_create_gc(d.app, gc, maps[i], XCB_GC_FOREGROUND, &bit);
			for (int y = 0; y < h; y++) {
				for (int x = 0; x < w; x++) {
					xcb_point_t p = {(int16_t)x, (int16_t)y};

					if (fns[i](x, y) == (bit != 0)) {
						xcb_poly_point(d.app, XCB_COORD_MODE_ORIGIN,
								maps[i], gc, 1, &p);
					}
				}
			}
			xcb_free_gc(d.app, gc);
		}
	}
	xcb_create_cursor(d.app, cur, maps[0], maps[1], 0xffff, 0x8080, 0, 0, 0, 0xffff, hot_x,
			hot_y);
	xcb_free_pixmap(d.app, maps[0]);
	xcb_free_pixmap(d.app, maps[1]);
	return cur;
}

static bool diagonal(int x, int y)
{
	return x == y;
}

static bool upper(int x, int y)
{
	return x >= y;
}

static bool nowhere(int x, int y)
{
	(void)x;
	(void)y;
	return false;
}

static void set(xcb_window_t win, xcb_cursor_t cur)
{
	xcb_change_window_attributes(d.app, win, XCB_CW_CURSOR, &cur);
	desk_app_sync(&d);
}

static void open_all(xcb_window_t *win)
{
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_xcursor_create(d.x, &cursor), SP_OK);
	*win = desk_window(&d, 0, 0, 800, 600);
	xcb_test_fake_input(d.app, XCB_MOTION_NOTIFY, 0, 0, d.screen->root, 100, 100, 0);
	desk_app_sync(&d);
	next_shape();
	desk_sleep(50);
}

static void test_shapes(void **state)
{
	xcb_window_t win;
	const struct sp_xcursor_image *img;

	(void)state;
	open_all(&win);
	set(win, make_cursor(24, 17, diagonal, upper, 3, 5));
	img = next_shape();
	assert_false(img->hidden);
	assert_int_equal(img->width, 24);
	assert_int_equal(img->height, 17);
	assert_int_equal(img->hot_x, 3);
	assert_int_equal(img->hot_y, 5);
	for (int y = 0; y < 17; y++) {
		for (int x = 0; x < 24; x++) {
			uint32_t want = !upper(x, y) ? 0 : diagonal(x, y) ? 0xffff8000 : 0xff0000ff;

			assert_int_equal(img->argb[y * 24 + x], want);
		}
	}
	uint64_t first = img->hash;
	assert_int_equal(sp_xcursor_poll(cursor, &img), 0);

	set(win, make_cursor(64, 64, diagonal, upper, 63, 63));
	img = next_shape();
	assert_int_equal(img->width, 64);
	assert_int_equal(img->hot_x, 63);
	assert_true(img->hash != first);

	/* The first again: the same hash, so a cache knows it. */
	set(win, make_cursor(24, 17, diagonal, upper, 3, 5));
	assert_true(next_shape()->hash == first);
	/* Only the hot spot differs. */
	set(win, make_cursor(24, 17, diagonal, upper, 4, 5));
	assert_true(next_shape()->hash != first);
}

static void test_hidden(void **state)
{
	xcb_window_t win;
	const struct sp_xcursor_image *img;

	(void)state;
	open_all(&win);
	set(win, make_cursor(16, 16, nowhere, nowhere, 0, 0));
	img = next_shape();
	assert_true(img->hidden);
	assert_int_equal(img->width, 0);
	set(win, make_cursor(16, 16, diagonal, upper, 0, 0));
	assert_false(next_shape()->hidden);
}

/* Greater than what a large pointer may be: cut around the hot spot. */
static void test_large(void **state)
{
	xcb_window_t win;
	const struct sp_xcursor_image *img;

	(void)state;
	open_all(&win);
	set(win, make_cursor(500, 400, diagonal, upper, 490, 10));
	img = next_shape();
	assert_int_equal(img->width, SP_XCURSOR_MAX_SIZE);
	assert_int_equal(img->height, SP_XCURSOR_MAX_SIZE);
	assert_int_equal(img->hot_x, 490 - (500 - SP_XCURSOR_MAX_SIZE));
	assert_int_equal(img->hot_y, 10);
	assert_int_equal(img->argb[0], 0xff0000ff);
}

/* Programs such as xsetroot set the cursor of the screen and end. */
static void test_owner_gone(void **state)
{
	(void)state;
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_xcursor_create(d.x, &cursor), SP_OK);
	xcb_test_fake_input(d.app, XCB_MOTION_NOTIFY, 0, 0, d.screen->root, 100, 100, 0);
	desk_app_sync(&d);
	next_shape();
	desk_sleep(50);
	set(d.screen->root, make_cursor(24, 17, diagonal, upper, 3, 5));
	xcb_disconnect(d.app);
	d.app = NULL;
	desk_sleep(50);
	const struct sp_xcursor_image *img = next_shape();

	assert_false(img->hidden);
	assert_int_equal(img->width, 24);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_shapes, teardown),
			cmocka_unit_test_teardown(test_hidden, teardown),
			cmocka_unit_test_teardown(test_large, teardown),
			cmocka_unit_test_teardown(test_owner_gone, teardown),
	};

	kind = desk_kind(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
