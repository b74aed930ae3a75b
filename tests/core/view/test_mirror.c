/* tests/core/view/test_mirror.c - damage shrinks to what differs; copies are followed. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/view/mirror.h"

#define W 150
#define H 100

static uint8_t fb[4 * W * H];

static struct sp_mirror *all_sent(void)
{
	struct sp_mirror *m = sp_mirror_create(W, H);
	struct sp_rect around;

	assert_non_null(m);
	for (size_t i = 0; i < sizeof(fb); i++) {
		fb[i] = (uint8_t)(i * 7 + i / 600);
	}
	assert_false(sp_mirror_pending(m));
	sp_mirror_damage(m, (struct sp_rect){-10, -10, 1000, INT32_MAX});
	assert_int_equal(sp_mirror_compare(m, fb, 4 * W, &around), W * H);
	assert_int_equal(around.w, W);
	assert_int_equal(around.h, H);
	for (size_t i = 0; i < sp_mirror_tiles(m); i++) {
		assert_true(sp_mirror_tile(m, i)->lost);
		sp_mirror_take(m, i, fb, 4 * W);
		assert_false(sp_mirror_tile(m, i)->lost);
	}
	assert_false(sp_mirror_pending(m));
	assert_memory_equal(sp_mirror_pixels(m), fb, sizeof(fb));
	return m;
}

static void test_compare(void **state)
{
	struct sp_mirror *m = all_sent();
	struct sp_rect around;

	sp_mirror_damage(m, (struct sp_rect){0, 0, W, H});
	assert_true(sp_mirror_pending(m));
	assert_int_equal(sp_mirror_compare(m, fb, 4 * W, NULL), 0);
	assert_false(sp_mirror_pending(m));
	fb[4 * (70 * W + 66) + 1] ^= 1;
	fb[4 * (73 * W + 71) + 2] ^= 1;
	fb[4 * (3 * W + 3) + 3] ^= 1; /* X says nothing */
	sp_mirror_damage(m, (struct sp_rect){0, 0, W, H});
	assert_int_equal(sp_mirror_compare(m, fb, 4 * W, &around), 6 * 4);
	assert_int_equal(around.x, 66);
	assert_int_equal(around.y, 70);
	struct sp_rect box = sp_mirror_box(m, 1 * 3 + 1);
	assert_memory_equal(&box, &around, sizeof(box));
	sp_mirror_take(m, 4, fb, 4 * W);
	assert_false(sp_mirror_pending(m));
	assert_int_equal(sp_mirror_pixels(m)[4 * (70 * W + 66) + 1], fb[4 * (70 * W + 66) + 1]);
	sp_mirror_destroy(m);
}

static void test_lose(void **state)
{
	struct sp_mirror *m = all_sent();

	sp_mirror_lose(m, (struct sp_rect){64, 64, 1, 1});
	assert_int_equal(sp_mirror_compare(m, fb, 4 * W, NULL), 64 * (H - 64));
	sp_mirror_take(m, 4, fb, 4 * W);
	assert_false(sp_mirror_pending(m));
	/* Nothing of it lies on the screen. */
	sp_mirror_lose(m, (struct sp_rect){W, 0, 5, 5});
	sp_mirror_lose(m, (struct sp_rect){INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX});
	sp_mirror_lose(m, (struct sp_rect){INT32_MIN, INT32_MIN, 5, 5});
	assert_false(sp_mirror_pending(m));
	sp_mirror_destroy(m);
}

static void test_copy(void **state)
{
	static const int32_t by[][2] = {{0, 5}, {0, -5}, {7, 0}, {-7, 0}, {20, 30}, {-20, -30}};

	for (size_t i = 0; i < sizeof(by) / sizeof(*by); i++) {
		struct sp_mirror *m = all_sent();
		struct sp_rect to = {40, 35, 80, 30};
		static uint8_t want[sizeof(fb)];

		memcpy(want, fb, sizeof(fb));
		for (int32_t y = to.y; y < to.y + to.h; y++) {
			memcpy(want + 4 * (y * W + to.x),
					fb + 4 * ((y - by[i][1]) * W + to.x - by[i][0]),
					4 * (size_t)to.w);
		}
		sp_mirror_copy(m, to, by[i][0], by[i][1]);
		assert_memory_equal(sp_mirror_pixels(m), want, sizeof(want));
		assert_int_equal(sp_mirror_compare(m, want, 4 * W, NULL), 0);
		sp_mirror_damage(m, to);
		assert_true(sp_mirror_compare(m, fb, 4 * W, NULL) > 0);
		sp_mirror_destroy(m);
	}
}

static void test_limits(void **state)
{
	assert_null(sp_mirror_create(0, 5));
	assert_null(sp_mirror_create(5, 32767));
	assert_null(sp_mirror_create(32766, 32766));
	for (long k = 0; k < 3; k++) {
		sp_mem_fail_after(k);
		assert_null(sp_mirror_create(W, H));
		sp_mem_fail_after(-1);
	}
	sp_mirror_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_compare),
			cmocka_unit_test(test_lose),
			cmocka_unit_test(test_copy),
			cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
