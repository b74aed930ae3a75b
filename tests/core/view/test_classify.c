/* tests/core/view/test_classify.c - colours, letters, pictures; what moves. */
#include "unit.h"

#include <stdlib.h>

#include "core/view/classify.h"

#define SIDE 64

static uint32_t px[SIDE * SIDE];

static enum sp_class classify(uint32_t w, uint32_t h)
{
	return sp_classify((const uint8_t *)px, 4 * SIDE, w, h);
}

static void test_flat(void **state)
{
	for (size_t i = 0; i < SIDE * SIDE; i++) {
		px[i] = 0x123456 | (uint32_t)i << 24; /* X says nothing */
	}
	assert_int_equal(classify(SIDE, SIDE), SP_CLASS_FLAT);
	assert_int_equal(classify(1, 1), SP_CLASS_FLAT);
	px[5 * SIDE + 63] ^= 1;
	assert_int_equal(classify(SIDE, SIDE), SP_CLASS_SHARP);
	assert_int_equal(classify(63, SIDE), SP_CLASS_FLAT);
}

static void test_letters(void **state)
{
	for (size_t i = 0; i < SIDE * SIDE; i++) {
		size_t x = i % SIDE, y = i / SIDE;
		bool stroke = y % 16 < 11 && (x % 8 == 2 || (x % 8 < 6 && y % 5 == 1));

		px[i] = stroke ? 0x101010 : x % 8 == 3 && y % 16 < 11 ? 0x909090 : 0xf8f8f8;
	}
	assert_int_equal(classify(SIDE, SIDE), SP_CLASS_SHARP);
	assert_int_equal(classify(40, 13), SP_CLASS_SHARP);
}

static void test_pictures(void **state)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < SIDE * SIDE; i++) {
		size_t x = i % SIDE, y = i / SIDE;

		seed = seed * 1664525u + 1013904223u;
		px[i] = (uint32_t)((x * 3 + (seed >> 24) % 6) << 16 | (y * 2 + 40) << 8 | (x + y));
	}
	assert_int_equal(classify(SIDE, SIDE), SP_CLASS_PICTURE);
	assert_int_equal(classify(37, 61), SP_CLASS_PICTURE);
	assert_int_equal(classify(10, 10), SP_CLASS_SHARP); /* too small to matter */
	for (size_t i = 0; i < SIDE * SIDE; i++) {
		seed = seed * 1664525u + 1013904223u;
		px[i] = seed >> 8;
	}
	assert_int_equal(classify(SIDE, SIDE), SP_CLASS_PICTURE);
}

static void test_heat(void **state)
{
	struct sp_heat h = {0};
	uint32_t now = 1000000;

	assert_false(sp_heat_moves(&h, now));
	for (int i = 0; i < 10; i++) {
		now += 40;
		sp_heat_change(&h, now, 0);
		assert_int_equal(sp_heat_moves(&h, now), i + 1 >= SP_HEAT_MOVING);
	}
	assert_true(sp_heat_moves(&h, now + SP_HEAT_PAUSE_MS));
	assert_false(sp_heat_moves(&h, now + SP_HEAT_PAUSE_MS + 1));
	assert_int_equal(sp_heat_still(&h, now + 500), 500);
	/* Somebody types: never without a pause. */
	for (int i = 0; i < 10; i++) {
		now += 300;
		sp_heat_change(&h, now, 0);
		assert_false(sp_heat_moves(&h, now));
	}
	/* It moves all the same when nobody could look more often. */
	for (int i = 0; i < 5; i++) {
		now += 900;
		sp_heat_change(&h, now, 700);
	}
	assert_true(sp_heat_moves(&h, now));
	/* A letter later on does not make it move again. */
	now += 2000;
	sp_heat_touch(&h, now, 0);
	assert_false(sp_heat_moves(&h, now));
	assert_int_equal(sp_heat_still(&h, now + 40), 40);
	/* The clock may go round. */
	h.changed_ms = UINT32_MAX - 5;
	assert_int_equal(sp_heat_still(&h, 4), 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_flat),
			cmocka_unit_test(test_letters),
			cmocka_unit_test(test_pictures),
			cmocka_unit_test(test_heat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
