/* tests/core/view/test_cursor.c - pointer images into masks and back. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/pdu/pointer.h"
#include "core/view/cursor.h"

static void fill(uint8_t *px, uint32_t w, uint32_t h)
{
	for (uint32_t i = 0; i < w * h; i++) {
		uint8_t a = (uint8_t)(i % 3 == 0 ? 0 : i % 3 == 1 ? 255 : 40 + i);
		uint8_t v[4] = {(uint8_t)i, (uint8_t)(3 * i), (uint8_t)(7 * i + 1), a};

		memcpy(px + 4 * (size_t)i, v, 4);
	}
}

static void test_round_trip(void **state)
{
	static const uint32_t sides[] = {1, 7, 16, 24, 32, 33, 96};

	for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
		for (unsigned depth = 24; depth <= 32; depth += 8) {
			uint32_t w = sides[i], h = sides[(i + 3) % 7];
			uint8_t *px = malloc(4 * (size_t)w * h), *back = malloc(4 * (size_t)w * h);
			struct sp_cursor c = {w, h, 0, 0, px}, d = {w, h, 0, 0, back};
			struct sp_wr xor_mask, and_mask;

			fill(px, w, h);
			sp_wr_init(&xor_mask, 1 << 20);
			sp_wr_init(&and_mask, 1 << 20);
			assert_int_equal(sp_cursor_masks(&c, depth, &xor_mask, &and_mask), SP_OK);
			assert_int_equal(xor_mask.n, sp_cursor_mask_size(w, h, depth));
			assert_int_equal(and_mask.n, sp_cursor_mask_size(w, h, 1));
			assert_int_equal(
					sp_cursor_decode(&d, depth, sp_span(xor_mask.p, xor_mask.n),
							sp_span(and_mask.p, and_mask.n), NULL),
					SP_OK);
			for (uint32_t k = 0; k < w * h; k++) {
				const uint8_t *a = px + 4 * (size_t)k, *b = back + 4 * (size_t)k;

				if (a[3] < (depth == 32 ? 1 : 128)) {
					assert_int_equal(b[3], 0);
				} else {
					assert_memory_equal(a, b, 3);
					assert_int_equal(b[3], depth == 32 ? a[3] : 255);
				}
			}
			sp_wr_finish(&xor_mask);
			sp_wr_finish(&and_mask);
			free(px);
			free(back);
		}
	}
}

/* [MS-RDPBCGR] 2.2.9.1.1.4.4: 3x3 pixels of 24 bits take 10 bytes a row, 7 of 1 bit take 2. */
static void test_padding(void **state)
{
	assert_int_equal(sp_cursor_mask_size(3, 3, 24), 30);
	assert_int_equal(sp_cursor_mask_size(7, 7, 1), 14);
	assert_int_equal(sp_cursor_mask_size(32, 32, 32), 4096);
}

static void test_bottom_up(void **state)
{
	uint8_t px[2 * 4] = {1, 2, 3, 255, 4, 5, 6, 0}; /* one column, the lower one transparent */
	struct sp_cursor c = {1, 2, 0, 0, px};
	uint8_t x[8], a[4];
	struct sp_wr xor_mask, and_mask;

	sp_wr_fixed(&xor_mask, x, sizeof(x));
	sp_wr_fixed(&and_mask, a, sizeof(a));
	assert_int_equal(sp_cursor_masks(&c, 24, &xor_mask, &and_mask), SP_OK);
	assert_memory_equal(x, "\0\0\0\0\1\2\3\0", 8);
	assert_memory_equal(a, "\x80\0\0\0", 4);
	assert_int_equal(sp_cursor_masks(&c, 24, &xor_mask, &and_mask), SP_ESPACE);
	assert_int_equal(sp_cursor_masks(&c, 16, &xor_mask, &and_mask), SP_EARG);
}

static void test_straight(void **state)
{
	uint8_t px[] = {50, 100, 0, 128, 9, 9, 9, 0, 200, 255, 3, 255, 255, 0, 0, 100};

	sp_cursor_straight(px, px, 4);
	assert_memory_equal(px, "\x64\xc7\x00\x80\0\0\0\0\xc8\xff\x03\xff\xff\0\0\x64", 16);
}

static void test_fit(void **state)
{
	uint8_t px[4 * 64 * 48];
	struct sp_cursor c = {64, 48, 40, 100, px};

	for (size_t i = 0; i < 64 * 48; i++) {
		uint8_t v[4] = {10, 20, 30, (uint8_t)(i % 2 ? 255 : 0)};

		memcpy(px + 4 * i, v, 4);
	}
	sp_cursor_fit(&c, 96);
	assert_true(c.w == 64 && c.h == 48 && c.hot_x == 40 && c.hot_y == 47);
	sp_cursor_fit(&c, 32);
	assert_true(c.w == 32 && c.h == 24 && c.hot_x == 20 && c.hot_y == 23);
	for (size_t i = 0; i < 32 * 24; i++) {
		assert_memory_equal(px + 4 * i, "\x0a\x14\x1e\x80", 4);
	}
	c = (struct sp_cursor){1, 64, 0, 63, px};
	sp_cursor_fit(&c, 32);
	assert_true(c.w == 1 && c.h == 32 && c.hot_y == 31);
}

static void test_decode_forms(void **state)
{
	/* Two pixels of one bit: and 0 xor 1 is white, and 1 xor 1 inverts; rows come top-down. */
	uint8_t px[4 * 2 * 2];
	struct sp_cursor c = {2, 2, 0, 0, px};

	assert_int_equal(
			sp_cursor_decode(&c, 1, unit_hex("C000 0000"), unit_hex("4000 C000"), NULL),
			SP_OK);
	assert_memory_equal(px, "\xff\xff\xff\xff\xff\xff\xff\xff", 8);
	assert_memory_equal(px + 8, "\0\0\0\0\0\0\0\0", 8);
	/* 32 bits without any alpha is an old pointer; its and mask counts. */
	assert_int_equal(sp_cursor_decode(&c, 32, unit_hex("01020300 00000000 04050600 07080900"),
					 unit_hex("4000 0000"), NULL),
			SP_OK);
	assert_memory_equal(px, "\4\5\6\xff\7\x8\x9\xff\1\2\3\xff\0\0\0\0", 16);
	/* No and mask at all. */
	assert_int_equal(sp_cursor_decode(&c, 16, unit_hex("ffff 0000 00f8 e007"), sp_span(NULL, 0),
					 NULL),
			SP_OK);
	assert_memory_equal(px, "\0\0\xff\xff\0\xff\0\xff\xff\xff\xff\xff\0\0\0\xff", 16);
	assert_int_equal(sp_cursor_decode(&c, 16, unit_hex("ffff 0000 00f8"), sp_span(NULL, 0),
					 NULL),
			SP_ESHORT);
	assert_int_equal(sp_cursor_decode(&c, 4, unit_hex("00"), sp_span(NULL, 0), NULL), SP_EARG);
	/* There are no pointers of 15 bits: their rows would be shorter than their pixels. */
	assert_int_equal(sp_cursor_decode(&c, 15, unit_hex("ffff 0000 00f8 e007"), sp_span(NULL, 0),
					 NULL),
			SP_EARG);
	c.w = 385;
	assert_int_equal(sp_cursor_decode(&c, 32, sp_span(NULL, 0), sp_span(NULL, 0), NULL),
			SP_EARG);
}

/* Another project's captures parse and decode: an arrow has both kinds of pixels. */
static void check_capture(const char *name, uint8_t code, uint32_t side)
{
	struct sp_span in = unit_vector(name);
	static uint8_t px[4 * SP_CURSOR_LARGE_MAX * SP_CURSOR_LARGE_MAX];
	size_t opaque = 0, clear = 0;
	struct sp_pointer p;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_pointer_fast_read(&r, code, &p), SP_OK);
	struct sp_cursor c = {p.width, p.height, p.x, p.y, px};
	assert_true(c.w <= side && c.h <= side);
	assert_int_equal(sp_cursor_decode(&c, p.bpp, p.xor_mask, p.and_mask, NULL), SP_OK);
	for (size_t i = 0; i < (size_t)c.w * c.h; i++) {
		opaque += px[4 * i + 3] == 255;
		clear += px[4 * i + 3] == 0;
	}
	assert_true(opaque > 10 && clear > 10);
}

static void test_captures(void **state)
{
	check_capture("peer/ironrdp/pointer/color_pointer_24bpp.bin", SP_FP_COLOR, 96);
	check_capture("peer/ironrdp/pointer/new_pointer_32bpp.bin", SP_FP_POINTER, 96);
	check_capture("peer/ironrdp/pointer/large_pointer_32bpp.bin", SP_FP_LARGE_POINTER, 384);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_padding),
			cmocka_unit_test(test_bottom_up),
			cmocka_unit_test(test_straight),
			cmocka_unit_test(test_fit),
			cmocka_unit_test(test_decode_forms),
			cmocka_unit_test(test_captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
