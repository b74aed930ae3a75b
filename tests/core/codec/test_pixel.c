/* tests/core/codec/test_pixel.c - depths of the wire: values, round trips, bounds. */
#include "unit.h"

#include <stdlib.h>

#include "core/codec/pixel.h"
#include "pictures.h"

static const unsigned depths[] = {8, 15, 16, 24, 32};

static void test_known_values(void **state)
{
	const uint8_t px[] = {
			0x11, 0x22, 0x33, 0x77, 0xff, 0xff, 0xff, 0x00, 0x00, 0x80, 0xf8, 0x00};
	uint8_t wire[12], back[12];
	struct sp_palette pal;

	sp_pixel_palette332(&pal);
	assert_true(pal.bgrx[0] == 0xff000000 && pal.bgrx[255] == 0xffffffff);
	assert_true(pal.bgrx[0xe0] == 0xffff0000);
	sp_pixel_pack(16, wire, px, 3);
	assert_memory_equal(wire, "\x02\x31\xff\xff\x00\xfc", 6); /* 0x3102, 0xffff, 0xfc00 */
	sp_pixel_unpack(16, NULL, back, wire, 3);
	assert_memory_equal(back, "\x10\x20\x31\xff\xff\xff\xff\xff\x00\x82\xff\xff", 12);
	sp_pixel_pack(15, wire, px, 2);
	assert_memory_equal(wire, "\x82\x18\xff\x7f", 4);
	sp_pixel_unpack(15, NULL, back, (const uint8_t *)"\xff\xff", 1);
	assert_memory_equal(back, "\xff\xff\xff\xff", 4);
	sp_pixel_pack(24, wire, px, 3);
	assert_memory_equal(wire, "\x11\x22\x33\xff\xff\xff\x00\x80\xf8", 9);
	sp_pixel_pack(8, wire, px, 3);
	assert_memory_equal(wire, "\x24\xff\xf0", 3);
	sp_pixel_unpack(8, &pal, back, wire, 2);
	assert_memory_equal(back, "\x00\x24\x24\xff\xff\xff\xff\xff", 8);
}

static void test_round_trips(void **state)
{
	struct sp_palette pal;
	uint8_t px[4 * 1031], back[4 * 1031], twice[4 * 1031];

	sp_pixel_palette332(&pal);
	picture_make(px, NOISE, 1031, 1, 7);
	for (size_t d = 0; d < sizeof(depths) / sizeof(*depths); d++) {
		size_t bytes = sp_pixel_bytes(depths[d]);

		for (size_t n = 0; n <= 1031; n = n < 20 ? n + 1 : n + 337) {
			uint8_t *exact = malloc(n * bytes + 1), *wire = malloc(n * bytes + 1);

			exact[n * bytes] = 0xa5;
			sp_pixel_pack(depths[d], exact, px, n);
			assert_int_equal(exact[n * bytes], 0xa5);
			memset(back, 0, sizeof(back));
			sp_pixel_unpack(depths[d], &pal, back, exact, n);
			assert_int_equal(back[4 * n < sizeof(back) ? 4 * n : 0],
					4 * n < sizeof(back) ? 0 : back[0]);
			sp_pixel_pack(depths[d], wire, back, n);
			if (depths[d] != 32) {
				assert_memory_equal(wire, exact, n * bytes);
			}
			sp_pixel_quantize(depths[d], twice, px, n);
			assert_memory_equal(twice, back, 4 * n);
			for (size_t i = 0; i < n; i++) {
				assert_int_equal(back[4 * i + 3], 0xff);
			}
			free(exact);
			free(wire);
		}
	}
	sp_pixel_quantize(24, back, px, 1031);
	for (size_t i = 0; i < 1031; i++) {
		assert_memory_equal(back + 4 * i, px + 4 * i, 3);
	}
}

static void test_depths(void **state)
{
	assert_false(sp_pixel_depth_ok(0));
	assert_false(sp_pixel_depth_ok(4));
	assert_false(sp_pixel_depth_ok(33));
	for (size_t d = 0; d < sizeof(depths) / sizeof(*depths); d++) {
		assert_true(sp_pixel_depth_ok(depths[d]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_known_values),
			cmocka_unit_test(test_round_trips),
			cmocka_unit_test(test_depths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
