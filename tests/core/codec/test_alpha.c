/* tests/core/codec/test_alpha.c - the alpha codec: round trips, damage, bounds. */
#include "unit.h"

#include "core/codec/alpha.h"
#include "frame.h"
#include "pictures.h"

/* kind 0: opaque; 1: an edge; 2: noise; 3: long runs of several lengths. */
static uint8_t opacity(int kind, uint32_t x, uint32_t y, uint32_t *seed)
{
	switch (kind) {
	case 0:
		return 0xff;
	case 1:
		return x < y ? 0 : x == y ? 0x80 : 0xff;
	case 2:
		return (uint8_t)picture_random(seed);
	default:
		return (uint8_t)((y * 3000 + x) / 70001);
	}
}

static size_t round_trip(int kind, uint32_t w, uint32_t h)
{
	struct frame from = frame_make(w, h), to = frame_make(w, h);
	uint32_t seed = w * 7 + h;
	struct sp_wr out;
	size_t size;
	int n;

	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			frame_row(&from, y)[4 * (size_t)x + 3] = opacity(kind, x, y, &seed);
		}
	}
	sp_wr_init(&out, SP_ALPHA_BOUND(w, h) + 8);
	n = sp_alpha_encode(frame_row(&from, 0), from.stride, w, h, &out);
	assert_true(n > 0 && n == (int)out.n && out.n <= SP_ALPHA_BOUND(w, h));
	assert_int_equal(sp_alpha_decode(sp_span(out.p, out.n), frame_row(&to, 0), to.stride, w, h),
			SP_OK);
	frame_check(&to);
	/* The colours of both are the canary. */
	assert_memory_equal(from.p, to.p, from.stride * (h + 2 * FRAME_MARGIN));
	size = out.n;
	sp_wr_finish(&out);
	free(from.p);
	free(to.p);
	return size;
}

static void test_round_trips(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 15, 16, 17, 64, 255, 256};

	for (int kind = 0; kind < 4; kind++) {
		for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
			for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++) {
				round_trip(kind, sides[i], sides[k]);
			}
		}
	}
	assert_int_equal(round_trip(0, 14, 18), 6);
	assert_int_equal(round_trip(0, 15, 17), 8);
	assert_int_equal(round_trip(0, 255, 257), 12);
	assert_int_equal(round_trip(3, 3000, 100), 4 + 4 * 8 + 4);
	assert_int_equal(round_trip(2, 64, 64), SP_ALPHA_BOUND(64, 64));
}

static void test_refuses(void **state)
{
	uint8_t px[16] = {0}, small[8];
	struct sp_wr out;
	const struct {
		const char *hex;
		int rc;
	} cases[] = {
			{"4c41 0000 01020304", SP_OK},
			{"4c41 0100 ff04", SP_OK},
			{"4c41 0100 ffff0400", SP_OK},
			{"4c41 0100 ffffffff04000000", SP_OK},
			{"4c41 0100 ff00 0004", SP_OK}, /* a run of nothing */
			{"4c41 0100 ff01 0002 ff01", SP_OK},
			{"414c 0100 ff04", SP_ECODEC},
			{"4c41 0100 ff05", SP_ECODEC},
			{"4c41 0100 ffffffffffffffff", SP_ECODEC},
			{"4c41 0100 ff04 00", SP_ECODEC},
			{"4c41 0000 0102030405", SP_ECODEC},
			{"4c41 0000 010203", SP_ESHORT},
			{"4c41 0100 ff03", SP_ESHORT},
			{"4c41 0100 ff03 00", SP_ESHORT},
			{"4c41 0100 ff03 00ff01", SP_ESHORT},
			{"4c41 0100 ff03 00ffffff010000", SP_ESHORT},
			{"4c41 00", SP_ESHORT},
			{"", SP_ESHORT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(sp_alpha_decode(unit_hex(cases[i].hex), px, 8, 2, 2), cases[i].rc);
	}
	assert_int_equal(sp_alpha_decode(unit_hex("4c41"), px, 8, 0, 2), SP_EARG);
	assert_int_equal(sp_alpha_decode(unit_hex("4c41"), px, 8, 2, 8193), SP_EARG);
	sp_wr_fixed(&out, small, sizeof(small));
	assert_int_equal(sp_alpha_encode(px, 8, 2, 0, &out), SP_EARG);
	assert_int_equal(sp_alpha_encode(px, 8, 8193, 1, &out), SP_EARG);
	assert_int_equal(sp_alpha_encode(px, 8, 2, 2, &out), SP_ESPACE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trips),
			cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
