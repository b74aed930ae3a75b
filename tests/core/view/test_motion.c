/* tests/core/view/test_motion.c - what was moved is found, as far as it reaches. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/view/motion.h"

#define W 640
#define H 480

struct screen {
	uint32_t was[W * H], now[W * H];
	uint32_t seed;
};

static uint32_t dice(struct screen *s)
{
	s->seed = s->seed * 1664525u + 1013904223u;
	return s->seed >> 8;
}

static struct sp_motion_pictures pictures(const struct screen *s)
{
	return (struct sp_motion_pictures){
			(const uint8_t *)s->was, (const uint8_t *)s->now, 4 * W, 4 * W, W, H};
}

/* Something like letters: dark cells of many shapes on a light ground. */
static void letters(struct screen *s, uint32_t *px, struct sp_rect r)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			px[y * W + x] = 0xffffff;
		}
	}
	for (int32_t y = r.y + 2; y + 10 <= r.y + r.h; y += 16) {
		for (int32_t x = r.x + 2; x + 6 <= r.x + r.w; x += 8) {
			uint32_t shape = dice(s);

			for (int32_t i = 0; i < 24; i++) {
				if (shape >> i & 1) {
					px[(y + i / 3 + i / 12) * W + x + i % 3 * 2] = 0x202020;
				}
			}
		}
	}
}

static struct screen *make(void)
{
	struct screen *s = calloc(1, sizeof(*s));

	s->seed = 7;
	for (size_t i = 0; i < W * H; i++) {
		s->was[i] = 0x335577;
	}
	letters(s, s->was, (struct sp_rect){40, 30, 500, 400});
	memcpy(s->now, s->was, sizeof(s->was));
	return s;
}

static void move(struct screen *s, struct sp_rect to, int32_t dx, int32_t dy)
{
	for (int32_t y = to.y; y < to.y + to.h; y++) {
		memcpy(&s->now[y * W + to.x], &s->was[(y - dy) * W + to.x - dx], 4 * (size_t)to.w);
	}
}

static bool find(const struct screen *s, struct sp_rect area, bool any, struct sp_motion_move *mv)
{
	struct sp_motion *m = sp_motion_create(W, H);
	struct sp_motion_pictures p = pictures(s);

	assert_non_null(m);
	bool found = sp_motion_find(m, &p, area, any, mv);
	sp_motion_destroy(m);
	return found;
}

static void assert_move(const struct screen *s, const struct sp_motion_move *mv, struct sp_rect to,
		int32_t dx, int32_t dy)
{
	struct sp_rect both = sp_rect_and(mv->to, to);

	assert_int_equal(mv->dx, dx);
	assert_int_equal(mv->dy, dy);
	assert_true(both.w * both.h >= to.w * to.h * 8 / 10);
	/* It may reach further, where the same move makes things right. */
	int32_t wrong = 0;
	for (int32_t y = mv->to.y; y < mv->to.y + mv->to.h; y++) {
		for (int32_t x = mv->to.x; x < mv->to.x + mv->to.w; x++) {
			wrong += s->now[y * W + x] != s->was[(y - dy) * W + x - dx];
		}
	}
	assert_in_range(wrong, 0, mv->to.w * mv->to.h / 20);
}

static void test_scroll(void **state)
{
	static const int32_t by[] = {-1, 1, -16, 16, -48, 111, -200, 300};

	for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
		struct screen *s = make();
		int32_t up = by[i] < 0 ? -by[i] : 0, down = by[i] > 0 ? by[i] : 0;
		struct sp_rect to = {40, 30 + down, 500, 400 - up - down};
		struct sp_motion_move mv;

		move(s, to, 0, by[i]);
		letters(s, s->now, (struct sp_rect){40, by[i] > 0 ? 30 : 430 - up, 500, up + down});
		assert_true(find(s, (struct sp_rect){40, 30, 500, 400}, false, &mv));
		assert_move(s, &mv, to, 0, by[i]);
		free(s);
	}
}

/* A pane that scrolls beside one that does not, and a scroll bar of its own. */
static void test_pane(void **state)
{
	struct screen *s = make();
	struct sp_rect to = {40, 30, 300, 384};
	struct sp_motion_move mv;

	move(s, to, 0, -16);
	for (int32_t y = 100; y < 200; y++) {
		s->now[y * W + 536] = s->now[y * W + 537] = 0xff0000;
	}
	assert_true(find(s, (struct sp_rect){40, 30, 500, 400}, false, &mv));
	assert_move(s, &mv, to, 0, -16);
	free(s);
}

static void test_window(void **state)
{
	static const int32_t by[][2] = {{5, 3}, {-30, 20}, {60, -29}, {-1, 0}, {90, 0}};

	for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
		struct screen *s = make();
		struct sp_rect window = {150, 100, 250, 200};
		struct sp_rect to = {150 + by[i][0], 100 + by[i][1], 250, 200};
		struct sp_motion_move mv;

		for (size_t k = 0; k < W * H; k++) {
			s->was[k] = s->now[k] = 0x335577;
		}
		letters(s, s->was, window);
		move(s, to, by[i][0], by[i][1]);
		struct sp_rect area = sp_rect_or(window, to);
		/* Where it was one sees what is under it again; that costs nothing here. */
		for (int32_t y = area.y; y < area.y + area.h; y++) {
			for (int32_t x = area.x; x < area.x + area.w; x++) {
				if (x < to.x || x >= to.x + to.w || y < to.y || y >= to.y + to.h) {
					s->now[y * W + x] = 0x335577;
				}
			}
		}
		assert_true(find(s, area, true, &mv));
		assert_move(s, &mv, to, by[i][0], by[i][1]);
		free(s);
	}
}

static void test_nothing(void **state)
{
	struct screen *s = make();
	struct sp_rect all = {0, 0, W, H};
	struct sp_motion_move mv;

	/* No change; then other letters; then noise; then a place that is too small. */
	assert_false(find(s, all, true, &mv));
	letters(s, s->now, (struct sp_rect){40, 30, 500, 400});
	assert_false(find(s, all, true, &mv));
	for (size_t i = 0; i < W * H; i++) {
		s->now[i] = dice(s) & 0xffffff;
	}
	assert_false(find(s, all, true, &mv));
	assert_false(find(s, (struct sp_rect){0, 0, 5, 5}, true, &mv));
	assert_false(find(s, (struct sp_rect){-5, -5, 3, 3}, true, &mv));
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_scroll),
			cmocka_unit_test(test_pane),
			cmocka_unit_test(test_window),
			cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
