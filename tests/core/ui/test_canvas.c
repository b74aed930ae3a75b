/* tests/core/ui/test_canvas.c - shapes and text stay inside the window and its clip. */
#include <stdlib.h>
#include <string.h>

#include "core/ui/canvas.h"
#include "unit.h"

#define W 40
#define H 30
#define STRIDE (4 * W + 24) /* with room that nobody may touch */
#define CANARY 0xA5

static uint8_t *fb;

static struct sp_ui_canvas canvas(void)
{
	struct sp_ui_canvas c;

	free(fb);
	fb = malloc(STRIDE * (H - 1) + 4 * W); /* the last row ends with its pixels */
	assert_non_null(fb);
	memset(fb, CANARY, STRIDE * (H - 1) + 4 * W);
	sp_ui_canvas_init(&c, fb, STRIDE, (struct sp_rect){1000, 500, W, H});
	return c;
}

static bool touched(int x, int y)
{
	const uint8_t *p = fb + y * STRIDE + 4 * x;

	return p[0] != CANARY || p[1] != CANARY || p[2] != CANARY || p[3] != CANARY;
}

/* Bytes between the rows are as they were, and pixels outside of r as well. */
static void assert_inside(struct sp_rect r)
{
	for (int y = 0; y < H; y++) {
		for (int i = 4 * W; y < H - 1 && i < STRIDE; i++) {
			assert_int_equal(fb[y * STRIDE + i], CANARY);
		}
		for (int x = 0; x < W; x++) {
			bool in = r.x <= x + 1000 && x + 1000 < r.x + r.w && r.y <= y + 500 &&
					y + 500 < r.y + r.h;
			assert_true(in || !touched(x, y));
		}
	}
}

static void draw_all(struct sp_ui_canvas *c, int32_t x, int32_t y)
{
	static const uint8_t modules[9] = {1, 0, 1, 0, 1, 0, 1, 1, 1};
	struct sp_rect r = {x, y, 33, 27};

	sp_ui_fill(c, r, 0x123456);
	sp_ui_round(c, r, 9, 0xFFFFFF);
	sp_ui_frame(c, r, 7, 2, 0xFF0000);
	sp_ui_disc(c, 16 * x, 16 * y, 150, 0x00FF00);
	sp_ui_modules(c, x, y, modules, 3, 8, 0);
	for (int i = 0; i <= SP_UI_ICON_COUNT; i++) {
		sp_ui_icon(c, (enum sp_ui_icon)i, x, y, 24, 0xFFFF00);
	}
	sp_ui_text(c, sp_ui_font(SP_UI_TITLE, 2), x, y, "\xC3\x84jg\xE4\xB8\xAD\xFFx", 20,
			0x0000FF);
	sp_ui_label(c, sp_ui_font(SP_UI_TEXT, 1), r, SP_UI_CENTRE, "a text of some length",
			0xFFFFFF);
	sp_ui_scrollbar(c, r, 1, 3, 4, 90);
}

static void test_canary(void **state)
{
	for (int32_t y = -60; y < H + 60; y += 7) {
		for (int32_t x = -60; x < W + 60; x += 5) {
			struct sp_ui_canvas c = canvas();
			draw_all(&c, 1000 + x, 500 + y);
			assert_inside((struct sp_rect){1000, 500, W, H});
		}
	}
}

static void test_clip(void **state)
{
	struct sp_ui_canvas c = canvas();
	struct sp_rect r = {1010, 508, 9, 6}, before = sp_ui_canvas_clip(&c, r);

	draw_all(&c, 1002, 501);
	assert_inside(r);
	assert_int_equal(before.w, W);
	sp_ui_canvas_clip(&c, (struct sp_rect){0, 0, 10, 10});
	draw_all(&c, 1002, 501);
	assert_inside(r);
}

static void test_shapes(void **state)
{
	struct sp_ui_canvas c = canvas();

	sp_ui_round(&c, (struct sp_rect){1000, 500, 20, 20}, 6, 0xFF8040);
	assert_false(touched(0, 0)); /* the corner is cut */
	assert_true(touched(0, 10) && touched(10, 0) && touched(19, 10) && touched(10, 19));
	assert_false(touched(20, 10));
	const uint8_t *p = fb + 10 * STRIDE + 4 * 10;
	const uint8_t want[4] = {0x40, 0x80, 0xFF, 0xFF};
	assert_memory_equal(p, want, 4);

	c = canvas();
	sp_ui_frame(&c, (struct sp_rect){1000, 500, 20, 20}, 6, 1, 0xFFFFFF);
	assert_true(touched(10, 0) && touched(0, 10) && touched(19, 10) && touched(10, 19));
	assert_false(touched(10, 1));
	assert_false(touched(10, 10));
}

static void test_measure(void **state)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, 1);
	struct sp_ui_canvas c = canvas();

	assert_int_equal(sp_ui_text_width(f, "", 9), 0);
	assert_true(sp_ui_text_width(f, "iii", 3) < sp_ui_text_width(f, "WWW", 3));
	assert_int_equal(sp_ui_text_width(f, "ab\ncd", 2), sp_ui_text_width(f, "ab", 9));
	assert_int_equal(sp_ui_text_width(f, "a\tb\x01", 9), sp_ui_text_width(f, "ab", 9));
	assert_int_equal(sp_ui_text(&c, f, 1000, 500, "ab", 2, 0),
			1000 + sp_ui_text_width(f, "ab", 2));
	assert_in_range(sp_ui_text_width(sp_ui_font(SP_UI_TEXT, 2), "Sallyport", 9),
			2 * (uintmax_t)sp_ui_text_width(f, "Sallyport", 9) - 3,
			2 * (uintmax_t)sp_ui_text_width(f, "Sallyport", 9) + 3);
}

static void test_wrap(void **state)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, 1);
	const char *s = "one two  three\n\nfour", *line;
	const char *const want[] = {"one", "two", "three", "", "four"};
	int32_t w = sp_ui_text_width(f, "three", 5);
	size_t n;

	for (size_t i = 0; i < 5; i++) {
		assert_true(sp_ui_wrap(f, w, &s, &line, &n));
		assert_int_equal(n, strlen(want[i]));
		assert_memory_equal(line, want[i], n);
	}
	assert_false(sp_ui_wrap(f, w, &s, &line, &n));
	assert_int_equal(sp_ui_wrap_lines(f, w, "one two three", 2), 2);
	assert_int_equal(sp_ui_wrap_lines(f, 1000, "one two three", 9), 1);
	/* No room for anything still moves on, a whole character at a time. */
	assert_int_equal(sp_ui_wrap_lines(f, 0, "\xC3\xA4\xC3\xB6\xC3\xBC", 9), 3);
	assert_int_equal(sp_ui_wrap_lines(f, -5, "\xFF\xFE", 9), 2);
	s = "Donaudampfschiff";
	assert_true(sp_ui_wrap(f, w, &s, &line, &n));
	assert_true(n > 0 && sp_ui_text_width(f, line, n) <= w);
}

static void test_ellipsis(void **state)
{
	struct sp_ui_canvas c = canvas();
	struct sp_rect r = {1004, 502, 30, 24};

	sp_ui_label(&c, sp_ui_font(SP_UI_TEXT, 1), r, SP_UI_RIGHT, "wwwwwwwwwwwwwwww", 0xFFFFFF);
	assert_inside(r);
	c = canvas();
	sp_ui_label(&c, sp_ui_font(SP_UI_TEXT, 1), (struct sp_rect){1004, 502, 3, 24}, SP_UI_LEFT,
			"www", 0xFFFFFF);
	assert_inside((struct sp_rect){1004, 502, 3, 24});
}

static int done(void **state)
{
	free(fb);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_canary),
			cmocka_unit_test(test_clip),
			cmocka_unit_test(test_shapes),
			cmocka_unit_test(test_measure),
			cmocka_unit_test(test_wrap),
			cmocka_unit_test(test_ellipsis),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
