/* tests/core/ui/test_screen.c - every screen in every size, driven by keys and mouse. */
#include <stdlib.h>
#include <string.h>

#include "core/ui/screen.h"
#include "core/ui/screen_part.h"
#include "gallery.h"
#include "unit.h"

static struct sp_ui_screen s;
static struct sp_ui_keyboard k;
static uint64_t now = 1000000;

static void show(enum gallery which, int32_t w, int32_t h)
{
	gallery_fill(&s, which);
	sp_ui_keyboard_init(&k, 0x409);
	sp_ui_screen_layout(&s, (struct sp_rect){0, 0, w, h}, sp_ui_scale(w, 100), now);
}

static struct sp_ui_result scan(uint16_t code, uint8_t flags)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = code, .key = flags};

	return sp_ui_screen_input(&s, &k, &ev, now);
}

static struct sp_ui_result tap(uint16_t code)
{
	struct sp_ui_result out = scan(code, 0);

	(void)scan(code, SP_KEY_RELEASE);
	return out;
}

static struct sp_ui_result mouse(uint16_t flags, int32_t x, int32_t y)
{
	struct sp_input_event ev = {.kind = SP_INPUT_MOUSE, .flags = flags, .x = x, .y = y};

	return sp_ui_screen_input(&s, &k, &ev, now);
}

static struct sp_ui_result click(struct sp_rect r)
{
	int32_t x = r.x + r.w / 2, y = r.y + r.h / 2;

	(void)mouse(SP_MOUSE_MOVE, x, y);
	struct sp_ui_result down = mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, x, y),
			    up = mouse(SP_MOUSE_BUTTON1, x, y);

	return up.action != SP_UI_NONE ? up : down;
}

enum {
	TAB = 0x0F,
	ENTER = 0x1C,
	ESC = 0x01,
	SHIFT = 0x2A,
	DOWN = 0x50,
	SPACE = 0x39
};

static void test_sizes(void **state)
{
	static const int32_t sizes[][2] = {{800, 600}, {1024, 768}, {1366, 768}, {1920, 1080},
			{2560, 1440}, {3840, 2160}, {7680, 4320}};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct sp_rect area = {-1000, 37, sizes[i][0], sizes[i][1]};

		for (int g = 0; g < GALLERY_LONG; g++) {
			gallery_fill(&s, (enum gallery)g);
			sp_ui_screen_layout(&s, area, sp_ui_scale(area.w, 100), now);
			assert_int_equal(s.scale, area.w >= 3000 ? 2 : 1);
			assert_true(sp_rect_contains(area, s.card));
			assert_true(sp_rect_contains(area, s.bounds));
			for (size_t w = SP_UI_W_FIELD; w < SP_UI_W_COUNT; w++) {
				struct sp_rect r = sp_ui_screen_box(&s, w);
				assert_true(sp_rect_empty(r) || sp_rect_contains(s.card, r));
			}
			for (size_t a = SP_UI_W_FIELD; a < SP_UI_W_COUNT; a++) {
				for (size_t b = a + 1; b < SP_UI_W_COUNT; b++) {
					assert_true(sp_rect_empty(
							sp_rect_and(sp_ui_screen_box(&s, a),
									sp_ui_screen_box(&s, b))));
				}
			}
			assert_true(s.focus != SP_UI_W_NONE);
		}
	}
}

/* Nothing is drawn outside of bounds, and any part drawn alone equals that part of the whole. */
static void test_parts_equal_whole(void **state)
{
	int32_t w = 800, h = 600;
	uint8_t *whole = malloc((size_t)w * (size_t)h * 4), *part = malloc(64 * 64 * 4);

	assert_true(whole && part);
	for (int g = 0; g < GALLERY_COUNT; g++) {
		struct sp_ui_canvas c;

		show((enum gallery)g, w, h);
		memset(whole, 0, (size_t)w * (size_t)h * 4);
		sp_ui_canvas_init(&c, whole, (size_t)w * 4, (struct sp_rect){0, 0, w, h});
		sp_ui_screen_draw(&c, &s);
		for (int32_t y = 0; y + 64 <= h; y += 64) {
			for (int32_t x = 0; x + 64 <= w; x += 64) {
				sp_ui_canvas_init(&c, part, 256, (struct sp_rect){x, y, 64, 64});
				sp_ui_screen_draw(&c, &s);
				for (int32_t row = 0; row < 64; row++) {
					assert_memory_equal(part + 256 * row,
							whole + ((y + row) * w + x) * 4, 256);
				}
			}
		}
		for (int32_t i = 0; i < w * h; i++) {
			const uint8_t *p = whole + 4 * i;
			bool background = (p[2] << 16 | p[1] << 8 | p[0]) == SP_UI_BACKGROUND;
			assert_true(background ||
					sp_rect_contains(s.bounds,
							(struct sp_rect){i % w, i / w, 1, 1}));
			assert_int_equal(p[3], 0xFF);
		}
	}
	free(part);
	free(whole);
}

/* What an event changes on the screen lies inside its damage. */
static void check_damage(
		uint8_t *fb, uint8_t *fresh, int32_t w, int32_t h, const struct sp_ui_damage *d)
{
	struct sp_ui_canvas c;

	for (size_t i = 0; i < d->n; i++) { /* nothing that one could see changes without damage */
		assert_true(sp_rect_contains(s.bounds, d->r[i]));
		sp_ui_canvas_init(&c, fb, (size_t)w * 4, (struct sp_rect){0, 0, w, h});
		sp_ui_canvas_clip(&c, d->r[i]);
		sp_ui_screen_draw(&c, &s);
	}
	sp_ui_canvas_init(&c, fresh, (size_t)w * 4, (struct sp_rect){0, 0, w, h});
	sp_ui_screen_draw(&c, &s);
	assert_memory_equal(fb, fresh, (size_t)w * (size_t)h * 4);
}

static uint32_t noise(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 9;
}

static void test_garbage(void **state)
{
	int32_t w = 640, h = 560;
	uint8_t *fb = malloc((size_t)w * (size_t)h * 4), *fresh = malloc((size_t)w * (size_t)h * 4);
	uint32_t seed = 1;

	assert_true(fb && fresh);
	for (int g = 0; g < GALLERY_COUNT; g++) {
		struct sp_ui_canvas c;

		show((enum gallery)g, w, h);
		sp_ui_canvas_init(&c, fb, (size_t)w * 4, (struct sp_rect){0, 0, w, h});
		sp_ui_screen_draw(&c, &s);
		for (int i = 0; i < 60; i++) {
			struct sp_input_event ev = {
					.kind = (enum sp_input_kind)(noise(&seed) % 4 * 2 % 7),
					.key = (uint8_t)(noise(&seed) % 4),
					.code = (uint16_t)(noise(&seed) % 0x60),
					.flags = (uint16_t)noise(&seed),
					.x = (int32_t)noise(&seed) % w,
					.y = (int32_t)noise(&seed) % h};
			struct sp_ui_result out;

			if (i % 3 == 0) {
				ev.kind = SP_INPUT_SCANCODE;
			}
			now += noise(&seed) % 400000;
			out = sp_ui_screen_input(&s, &k, &ev, now);
			check_damage(fb, fresh, w, h, &out.damage);
			struct sp_ui_damage d = sp_ui_screen_tick(&s, now);
			check_damage(fb, fresh, w, h, &d);
		}
	}
	free(fresh);
	free(fb);
}

static void test_code(void **state)
{
	static const uint32_t layouts[] = {0x409, 0x40C};
	static const uint16_t row[6] = {0x02, 0x03, 0x0B, 0x0A, 0x05, 0x06},
			      pad[6] = {0x4F, 0x50, 0x52, 0x49, 0x4B, 0x4C};

	for (size_t i = 0; i < 2; i++) {
		for (int way = 0; way < 2; way++) {
			show(GALLERY_CODE, 1024, 768);
			sp_ui_keyboard_init(&k, layouts[i]);
			assert_int_equal(tap(0x10).action, SP_UI_NONE);
			for (int n = 0; n < 6; n++) {
				assert_int_equal(tap(way ? pad[n] : row[n]).action, SP_UI_CHANGED);
			}
			assert_string_equal(s.field[0].text, "120945");
			struct sp_ui_result out = tap(ENTER);
			assert_int_equal(out.action, SP_UI_SUBMIT);
			assert_int_equal(out.button, 0);
		}
	}
	sp_ui_screen_wipe(&s);
	assert_string_equal(s.field[0].text, "");
}

static void test_tab_order(void **state)
{
	show(GALLERY_PASSWORD, 1024, 768);
	static const size_t want[] = {SP_UI_W_FIELD, SP_UI_W_FIELD + 1, SP_UI_W_BUTTON,
			SP_UI_W_BUTTON + 1, SP_UI_W_FIELD};

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(s.focus, want[i]);
		struct sp_ui_result out = tap(TAB);
		assert_int_equal(out.action, SP_UI_NONE);
		assert_int_equal(out.damage.n, 2);
	}
	(void)scan(SHIFT, 0);
	(void)tap(TAB);
	(void)tap(TAB);
	assert_int_equal(s.focus, SP_UI_W_BUTTON + 1);
	(void)scan(SHIFT, SP_KEY_RELEASE);
	struct sp_ui_result out = tap(SPACE);
	assert_int_equal(out.action, SP_UI_SUBMIT);
	assert_int_equal(out.button, 1);
	(void)scan(0x4D, SP_KEY_EXTENDED); /* to the right: the default button stands there */
	assert_int_equal(s.focus, SP_UI_W_BUTTON);
	s.button[0].disabled = true;
	sp_ui_screen_layout(&s, s.area, 1, now);
	assert_int_equal(s.focus, SP_UI_W_FIELD);
	assert_int_equal(tap(ENTER).action, SP_UI_NONE);
}

static void test_enter_and_escape(void **state)
{
	show(GALLERY_NOTICE, 1024, 768);
	struct sp_ui_result out = scan(ENTER, 0);
	assert_int_equal(out.action, SP_UI_SUBMIT);
	assert_int_equal(out.button, 0);
	/* The key stays down while the next screen comes. */
	gallery_fill(&s, GALLERY_CODE);
	sp_ui_screen_layout(&s, s.area = (struct sp_rect){0, 0, 1024, 768}, 1, now);
	assert_int_equal(scan(ENTER, 0).action, SP_UI_NONE);
	(void)scan(ENTER, SP_KEY_RELEASE);
	assert_int_equal(scan(ENTER, 0).action, SP_UI_SUBMIT);
	out = tap(ESC);
	assert_int_equal(out.action, SP_UI_SUBMIT);
	assert_int_equal(out.button, 1);
	s.button[1].cancel = false;
	assert_int_equal(tap(ESC).action, SP_UI_CANCEL);
}

static void test_buttons_by_mouse(void **state)
{
	show(GALLERY_CODE, 1024, 768);
	for (size_t i = 0; i < 3; i++) {
		struct sp_ui_result out = click(s.button[i].box);
		assert_int_equal(out.action, SP_UI_SUBMIT);
		assert_int_equal(out.button, i);
	}
	/* Pressed here, let go elsewhere. */
	(void)mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, s.button[0].box.x + 5, s.button[0].box.y + 5);
	assert_int_equal(mouse(SP_MOUSE_BUTTON1, 1, 1).action, SP_UI_NONE);
	(void)mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, 1, 1);
	assert_int_equal(mouse(SP_MOUSE_BUTTON1, s.button[0].box.x + 5, s.button[0].box.y + 5)
					 .action,
			SP_UI_NONE);
	(void)click(s.field[0].box);
	assert_int_equal(s.focus, SP_UI_W_FIELD);
}

static void test_list(void **state)
{
	show(GALLERY_TARGETS, 800, 600);
	assert_int_equal(s.focus, SP_UI_W_FILTER);
	(void)scan(DOWN, SP_KEY_EXTENDED);
	gallery_type(&s, &k, "cad");
	assert_int_equal(s.list.n_shown, 2);
	assert_int_equal(scan(DOWN, SP_KEY_EXTENDED).action, SP_UI_CHANGED);
	assert_string_equal(s.list.item[sp_ui_list_chosen(&s.list)].name, "cad-02.example.com");
	assert_int_equal(tap(ENTER).action, SP_UI_SUBMIT);
	gallery_type(&s, &k, "zzz");
	assert_int_equal(s.list.n_shown, 0);
	assert_int_equal(tap(ENTER).action, SP_UI_NONE);
	assert_int_equal(click(s.button[0].box).action, SP_UI_NONE);
	assert_int_equal(tap(ESC).action, SP_UI_SUBMIT); /* cancel needs no choice */

	show(GALLERY_TARGETS, 800, 600);
	struct sp_rect row = {s.list.box.x + 8, s.list.box.y + 4 + s.list.row_h, 20, s.list.row_h};
	assert_int_equal(click(row).action, SP_UI_CHANGED);
	assert_int_equal(sp_ui_list_chosen(&s.list), 1);
	assert_int_equal(s.focus, SP_UI_W_FILTER);
	assert_int_equal(click(row).action, SP_UI_SUBMIT);
	now += 2000000;
	assert_int_equal(click(row).action, SP_UI_NONE);
	(void)mouse(SP_MOUSE_WHEEL | SP_MOUSE_WHEEL_NEGATIVE | 0x88, row.x, row.y);
	assert_int_equal(s.list.top, 3);
	(void)mouse(SP_MOUSE_BUTTON1 | SP_MOUSE_DOWN, s.list.box.x + s.list.box.w - 4,
			s.list.box.y + s.list.box.h - 1);
	assert_int_equal(s.list.top, s.list.n_shown - s.list.rows);
	(void)mouse(SP_MOUSE_MOVE, 0, 0);
	assert_int_equal(s.list.top, 0);
}

static void test_notice(void **state)
{
	show(GALLERY_NOTICE, 800, 600);
	assert_int_equal(s.focus, SP_UI_W_BUTTON);
	assert_true(s.notice_lines > s.notice_rows);
	assert_int_equal(scan(0x51, SP_KEY_EXTENDED).damage.n, 1); /* also from the button */
	assert_int_equal(s.notice_top,
			s.notice_lines - s.notice_rows < s.notice_rows - 1
					? s.notice_lines - s.notice_rows
					: s.notice_rows - 1);
	(void)mouse(SP_MOUSE_WHEEL | 0x78, s.notice_box.x + 9, s.notice_box.y + 9);
	(void)tap(TAB);
	(void)tap(TAB);
	assert_int_equal(s.focus, SP_UI_W_NOTICE);
	(void)scan(0x47, SP_KEY_EXTENDED);
	assert_int_equal(s.notice_top, 0);
}

static void test_time(void **state)
{
	now = 10000000;
	show(GALLERY_CODE, 800, 600);
	assert_true(s.caret_on);
	uint64_t next = sp_ui_screen_deadline(&s);
	assert_true(next > now && next <= now + 1000000);
	assert_int_equal(sp_ui_screen_tick(&s, next - 1).n, 0);
	assert_int_equal(sp_ui_screen_tick(&s, next).n, 1);
	assert_false(s.caret_on);
	(void)sp_ui_screen_tick(&s, now + 60000000); /* nobody types: it stands still */
	assert_true(s.caret_on);
	assert_int_equal(sp_ui_screen_deadline(&s), 0);
	show(GALLERY_WAIT, 800, 600);
	uint64_t at = now;
	for (int i = 0; i < 200; i++) {
		at = sp_ui_screen_deadline(&s);
		assert_true(at > now);
		struct sp_ui_damage d = sp_ui_screen_tick(&s, at);
		assert_int_equal(d.n, 1);
	}
	assert_true(at - now > 15000000);
	s.progress = 500;
	sp_ui_screen_layout(&s, s.area, 1, now);
	assert_int_equal(sp_ui_screen_deadline(&s), 0);
}

static void test_two_alphabets(void **state)
{
	show(GALLERY_REASON, 800, 600);
	sp_ui_keyboard_init(&k, 0x419);
	(void)tap(0x10);
	assert_string_equal(s.field[0].text, "\xD0\xB9");
	assert_string_equal(s.badge, "\xD0\xA0\xD0\xA3");
	(void)scan(0x38, 0);
	(void)scan(SHIFT, 0);
	(void)scan(SHIFT, SP_KEY_RELEASE);
	(void)scan(0x38, SP_KEY_RELEASE);
	assert_string_equal(s.badge, "EN");
	(void)tap(0x10);
	assert_string_equal(s.field[0].text, "\xD0\xB9q");
}

static void test_needs(void **state)
{
	show(GALLERY_PASSWORD, 1024, 768);
	s.button[0].needs = true;
	sp_ui_screen_layout(&s, s.area, 1, now);
	assert_true(s.ready);
	sp_ui_field_wipe(&s.field[1]);
	sp_ui_screen_layout(&s, s.area, 1, now);
	assert_int_equal(tap(ENTER).action, SP_UI_NONE);
	assert_int_equal(s.focus, SP_UI_W_FIELD + 1); /* which lacks something */
	assert_int_equal(click(s.button[0].box).action, SP_UI_NONE);
	(void)tap(TAB);
	assert_int_equal(s.focus, SP_UI_W_BUTTON + 1);
	(void)tap(TAB);
	(void)tap(TAB);
	struct sp_ui_result out = tap(0x1E);
	assert_int_equal(out.damage.n, 2); /* the field and the button */
	out = tap(ENTER);
	assert_int_equal(out.action, SP_UI_SUBMIT);
	assert_int_equal(out.button, 0);
}

static void test_codes(void **state)
{
	static const char *const codes[SP_UI_MAX_CODES + 1] = {
			"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "mm-mm", "l", "m"};
	int32_t letter;

	for (size_t n = 0; n <= SP_UI_MAX_CODES + 1; n++) {
		s = (struct sp_ui_screen){.codes = codes, .n_codes = n};
		sp_ui_screen_layout(&s, (struct sp_rect){0, 0, 800, 600}, 1, now);
		size_t shown = n < SP_UI_MAX_CODES ? n : SP_UI_MAX_CODES;
		assert_int_equal(sp_rect_empty(s.codes_box), n == 0);
		for (size_t a = 0; a < shown; a++) {
			struct sp_rect r = sp_ui_screen_code(&s, a, &letter);

			assert_true(letter > 0);
			assert_true(sp_rect_contains(s.codes_box, r));
			for (size_t b = a + 1; b < shown; b++) {
				assert_true(sp_rect_empty(
						sp_rect_and(r, sp_ui_screen_code(&s, b, &letter))));
			}
		}
	}
}

static void test_odd_screens(void **state)
{
	static const struct sp_rect areas[] = {{0, 0, 0, 0}, {0, 0, 1, 1}, {5, 5, 200, 100},
			{0, 0, 320, 240}, {0, 0, 65535, 65535}, {-32000, -32000, 640, 480}};

	s = (struct sp_ui_screen){0};
	for (int g = -1; g < GALLERY_COUNT; g++) {
		for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
			for (unsigned scale = 0; scale < 4; scale++) {
				uint8_t fb[32 * 32 * 4];
				struct sp_ui_canvas c;

				if (g >= 0) {
					gallery_fill(&s, (enum gallery)g);
				}
				sp_ui_screen_layout(&s, areas[i], scale, now);
				assert_true(sp_rect_empty(s.bounds) ||
						sp_rect_contains(areas[i], s.bounds));
				sp_ui_canvas_init(&c, fb, 128,
						(struct sp_rect){s.card.x, s.card.y, 32, 32});
				sp_ui_screen_draw(&c, &s);
				(void)tap(TAB);
				(void)tap(ENTER);
			}
		}
	}
	/* Counts that are too high are cut. */
	s = (struct sp_ui_screen){
			.n_fields = 99, .n_buttons = 99, .qr = (const uint8_t *)"x", .qr_n = 1000};
	sp_ui_screen_layout(&s, (struct sp_rect){0, 0, 800, 600}, 1, now);
	assert_true(sp_rect_empty(s.qr_box));
	(void)tap(TAB);
}

static void test_scale(void **state)
{
	assert_int_equal(sp_ui_scale(1920, 100), 1);
	assert_int_equal(sp_ui_scale(1920, 0), 1);
	assert_int_equal(sp_ui_scale(1920, 150), 2);
	assert_int_equal(sp_ui_scale(3000, 100), 2);
	/* No room for twice the size. */
	gallery_fill(&s, GALLERY_CODE);
	sp_ui_screen_layout(&s, (struct sp_rect){0, 0, 800, 600}, 2, now);
	assert_int_equal(s.scale, 1);
	sp_ui_screen_layout(&s, (struct sp_rect){0, 0, 1920, 1080}, 2, now);
	assert_int_equal(s.scale, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_sizes),
			cmocka_unit_test(test_parts_equal_whole),
			cmocka_unit_test(test_garbage),
			cmocka_unit_test(test_code),
			cmocka_unit_test(test_tab_order),
			cmocka_unit_test(test_enter_and_escape),
			cmocka_unit_test(test_buttons_by_mouse),
			cmocka_unit_test(test_list),
			cmocka_unit_test(test_notice),
			cmocka_unit_test(test_time),
			cmocka_unit_test(test_two_alphabets),
			cmocka_unit_test(test_needs),
			cmocka_unit_test(test_codes),
			cmocka_unit_test(test_odd_screens),
			cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
