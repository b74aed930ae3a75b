/* tests/desk/flow_session.c - a real desktop seen and used through RDP, pixel for pixel. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/xtest.h>

#include "core/codec/pixel.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/pointer.h"
#include "core/rdp/client.h"
#include "unit.h"
#include "viewer.h"

#define QUIET "exec sleep 1000"
#define PIC_W 301
#define PIC_H 203
#define PIC_X 37
#define PIC_Y 41
#define PRESSES 60

static const char *server = "xorg";
static struct session s;
static struct viewer v, w;

static int teardown(void **state)
{
	(void)state;
	viewer_close(&v);
	viewer_close(&w);
	session_close(&s);
	return 0;
}

/* ---- pictures ---- */

/* Gradients, noise, text-like stripes and flat areas. */
static uint32_t known(unsigned x, unsigned y)
{
	uint32_t r = (x * 2654435761u) ^ (y * 2246822519u);

	r = (r ^ r >> 15) * 2654435761u;
	if (y < 60) {
		return (x * 255 / PIC_W) << 16 | (y * 4 & 0xff) << 8 | (255 - x * 255 / PIC_W);
	}
	if (y < 120) {
		return r & 0xffffff;
	}
	if (y < 160) {
		return (x / 3 + y / 5) % 2 ? 0xffffff : 0x102030;
	}
	return x < 150 ? 0x335577 : 0xfe0180;
}

static void draw_known(xcb_window_t win)
{
	static uint32_t pixels[PIC_W * PIC_H];
	xcb_gcontext_t gc = xcb_generate_id(s.app);

	xcb_create_gc(s.app, gc, win, 0, NULL);
	for (unsigned y = 0; y < PIC_H; y++) {
		for (unsigned x = 0; x < PIC_W; x++) {
			pixels[y * PIC_W + x] = known(x, y);
		}
	}
	for (unsigned y = 0; y < PIC_H; y += 40) {
		unsigned rows = PIC_H - y < 40 ? PIC_H - y : 40;

		xcb_put_image(s.app, XCB_IMAGE_FORMAT_Z_PIXMAP, win, gc, PIC_W, (uint16_t)rows, 0,
				(int16_t)y, 0, s.screen->root_depth, rows * PIC_W * 4,
				(const uint8_t *)&pixels[y * PIC_W]);
	}
	xcb_free_gc(s.app, gc);
	session_sync(&s);
}

static void picture(uint8_t bpp)
{
	session_open(&s, server, QUIET, 800, 600);
	viewer_open(&v, &s, 800, 600, bpp);
	viewer_until_active(&v, &s);
	assert_int_equal(v.width, 800);
	assert_int_equal(v.height, 600);
	assert_int_equal(v.bpp, bpp);
	viewer_until(&s, viewer_equal, &v);
	xcb_window_t win = session_window(&s, PIC_X, PIC_Y, PIC_W, PIC_H);
	draw_known(win);
	viewer_until(&s, viewer_equal, &v);
	for (unsigned y = 0; y < PIC_H; y++) {
		for (unsigned x = 0; x < PIC_W; x++) {
			assert_int_equal(viewer_pixel(&v, PIC_X + x, PIC_Y + y),
					viewer_quantized(known(x, y), bpp));
		}
	}
}

static void test_picture_32(void **state)
{
	(void)state;
	picture(32);
}

static void test_picture_24(void **state)
{
	(void)state;
	picture(24);
}

static void test_picture_16(void **state)
{
	(void)state;
	picture(16);
}

static void test_picture_15(void **state)
{
	(void)state;
	picture(15);
}

/* ---- keys ---- */

static char typed[64];
static size_t n_typed;

/* Characters of the keys pressed, by what the X server says they mean. */
static void take_keys(void)
{
	xcb_generic_event_t *ev;

	while ((ev = xcb_poll_for_event(s.app))) {
		if ((ev->response_type & 0x7f) == XCB_KEY_PRESS) {
			const xcb_key_press_event_t *k = (const xcb_key_press_event_t *)ev;
			xcb_get_keyboard_mapping_reply_t *m = xcb_get_keyboard_mapping_reply(
					s.app, xcb_get_keyboard_mapping(s.app, k->detail, 1), NULL);
			bool shift = k->state & XCB_MOD_MASK_SHIFT;

			assert_non_null(m);
			xcb_keysym_t sym = xcb_get_keyboard_mapping_keysyms(m)[shift ? 1 : 0];
			if (sym < 0x80 && n_typed + 1 < sizeof(typed)) {
				typed[n_typed++] = (char)sym;
				typed[n_typed] = 0;
			}
			free(m);
		}
		free(ev);
	}
}

static bool all_typed(void *arg)
{
	take_keys();
	return strcmp(typed, arg) == 0;
}

static void test_typing(void **state)
{
	static const uint16_t hello[] = {0x23, 0x12, 0x26, 0x26, 0x18};
	struct sp_input_event shift = {.kind = SP_INPUT_SCANCODE, .code = 0x2a};

	(void)state;
	n_typed = 0;
	session_open(&s, server, QUIET, 640, 480);
	viewer_open(&v, &s, 640, 480, 32);
	viewer_until(&s, viewer_equal, &v);
	session_window(&s, 0, 0, 300, 200);
	for (size_t i = 0; i < SP_LEN(hello); i++) {
		viewer_key(&v, hello[i]);
	}
	assert_int_equal(sp_client_input(sp_conn_rdp(v.conn), &shift, 1), SP_OK);
	viewer_key(&v, 0x1e);
	viewer_until(&s, all_typed, (void *)(uintptr_t) "helloA");
}

/* ---- the time from a key press to the pixel ---- */

struct press {
	xcb_window_t win;
	xcb_gcontext_t gc;
	uint32_t color;
};

static void draw_on_key(void *user, unsigned events)
{
	struct press *p = user;
	xcb_generic_event_t *ev;

	while ((ev = xcb_poll_for_event(s.app))) {
		if ((ev->response_type & 0x7f) == XCB_KEY_PRESS) {
			xcb_rectangle_t r = {0, 0, 64, 64};

			xcb_change_gc(s.app, p->gc, XCB_GC_FOREGROUND, &p->color);
			xcb_poly_fill_rectangle(s.app, p->win, p->gc, 1, &r);
			xcb_flush(s.app);
		}
		free(ev);
	}
}

static bool color_shown(void *arg)
{
	const struct press *p = arg;

	return viewer_pixel(&v, 100, 100) == p->color && viewer_pixel(&v, 163, 163) == p->color;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void test_latency(void **state)
{
	uint64_t us[PRESSES];
	struct press p = {0};

	(void)state;
	session_open(&s, server, QUIET, 1920, 1080);
	viewer_open(&v, &s, 1920, 1080, 32);
	viewer_until(&s, viewer_equal, &v);
	p.win = session_window(&s, 100, 100, 64, 64);
	p.gc = xcb_generate_id(s.app);
	xcb_create_gc(s.app, p.gc, p.win, 0, NULL);
	struct sp_watch *app = sp_loop_fd(
			s.loop, xcb_get_file_descriptor(s.app), SP_LOOP_READ, draw_on_key, &p);
	assert_non_null(app);
	viewer_run(&s, 200);
	for (unsigned i = 0; i < PRESSES; i++) {
		viewer_run(&s, 20 + i % 7);
		p.color = 0x102030 * (i % 2 + 1) + i;
		uint64_t begin = sp_now_us();
		viewer_key(&v, 0x1e);
		viewer_until(&s, color_shown, &p);
		us[i] = sp_now_us() - begin;
	}
	sp_watch_remove(app);
	qsort(us, PRESSES, sizeof(us[0]), by_value);
	print_message("key press to pixel: median %.2f ms, 95%% %.2f ms, most %.2f ms\n",
			(double)us[PRESSES / 2] / 1000, (double)us[PRESSES * 95 / 100] / 1000,
			(double)us[PRESSES - 1] / 1000);
	/* A generous bound: a timer or a poll somewhere on the way would exceed it. */
	assert_true(us[PRESSES / 2] < 20000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_picture_32, teardown),
			cmocka_unit_test_teardown(test_picture_24, teardown),
			cmocka_unit_test_teardown(test_picture_16, teardown),
			cmocka_unit_test_teardown(test_picture_15, teardown),
			cmocka_unit_test_teardown(test_typing, teardown),
			cmocka_unit_test_teardown(test_latency, teardown),
	};

	if (argc > 1) {
		server = argv[1];
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
