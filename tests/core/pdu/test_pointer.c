/* tests/core/pdu/test_pointer.c - pointer updates and the limits of their masks. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/pdu/pointer.h"

#define PEER "peer/ironrdp/pointer/"

static int fast(struct sp_span in, uint8_t code, struct sp_pointer *out)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_pointer_fast_read(&r, code, out);
}

static int slow(const char *hex, struct sp_pointer *out)
{
	struct sp_span in = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_pointer_slow_read(&r, out);
}

static void test_peer(void **state)
{
	struct sp_pointer p;

	assert_int_equal(fast(unit_vector(PEER "color_pointer_24bpp.bin"), SP_FP_COLOR, &p), SP_OK);
	assert_int_equal(p.width, 41);
	assert_int_equal(p.height, 39);
	assert_int_equal(p.x, 3);
	assert_int_equal(p.y, 11);
	assert_int_equal(p.xor_mask.n, 39 * 124);
	assert_int_equal(p.and_mask.n, 39 * 6);
	assert_int_equal(fast(unit_vector(PEER "new_pointer_32bpp.bin"), SP_FP_POINTER, &p), SP_OK);
	assert_int_equal(p.bpp, 32);
	assert_int_equal(p.xor_mask.n, 39 * 164);
	assert_int_equal(fast(unit_vector(PEER "large_pointer_32bpp.bin"), SP_FP_LARGE_POINTER, &p),
			SP_OK);
	assert_int_equal(p.width, 112);
	assert_int_equal(p.cache, 12);
	assert_int_equal(p.xor_mask.n, 112 * 112 * 4);
	assert_int_equal(fast(unit_vector(PEER "cached_pointer.bin"), SP_FP_CACHED, &p), SP_OK);
	assert_int_equal(p.cache, 0);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_pointer p;
	const size_t *pad = arg;
	int rc = fast(in, SP_FP_POINTER, &p);

	assert_true(rc == SP_ESHORT || (rc == SP_OK && in.n >= *pad));
}

static void test_truncate(void **state)
{
	struct sp_span in = unit_vector(PEER "new_pointer_32bpp.bin");
	size_t need = 2 + 14 + 39 * (164 + 6);

	unit_truncate(in, cut, &need);
}

static void test_slow(void **state)
{
	struct sp_pointer p;

	assert_int_equal(slow("0100 0000 00000000", &p), SP_OK);
	assert_int_equal(p.kind, SP_POINTER_HIDDEN);
	assert_int_equal(slow("0100 0000 007f0000", &p), SP_OK);
	assert_int_equal(p.kind, SP_POINTER_DEFAULT);
	assert_int_equal(slow("0300 0000 0100 0200", &p), SP_OK);
	assert_int_equal(p.kind, SP_POINTER_POSITION);
	assert_int_equal(p.y, 2);
	assert_int_equal(slow("0700 0000 0500", &p), SP_OK);
	assert_int_equal(p.cache, 5);
	assert_int_equal(slow("0200 0000 00000000", &p), SP_EFIELD);
	assert_int_equal(slow("0100 0000 0000", &p), SP_ESHORT);
	assert_int_equal(slow("0100", &p), SP_ESHORT);
}

/* A shape of that size with masks of the size it needs. */
static struct sp_pointer shape(enum sp_pointer_kind kind, uint16_t side, uint16_t bpp)
{
	static const uint8_t bits[384 * 384 * 4];
	struct sp_pointer p = {.kind = kind, .cache = 1, .bpp = bpp, .width = side, .height = side};

	p.xor_mask = sp_span(bits, side * sp_pointer_stride(side, bpp));
	p.and_mask = sp_span(bits, side * sp_pointer_stride(side, 1));
	return p;
}

static int again(const struct sp_pointer *in, struct sp_pointer *out)
{
	static uint8_t buf[1 << 20];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_pointer_fast_write(&w, in);
	if (sp_wr_ok(&w) != SP_OK) {
		return sp_wr_ok(&w);
	}
	return fast(sp_span(buf, w.n), (uint8_t)sp_pointer_fast_code(in), out);
}

static void test_sizes(void **state)
{
	static const uint16_t depths[] = {1, 4, 8, 16, 24, 32};
	static const uint16_t sides[] = {0, 1, 3, 7, 32, 33, 96};
	struct sp_pointer out;

	assert_int_equal(sp_pointer_stride(3, 24), 10);
	assert_int_equal(sp_pointer_stride(7, 1), 2);
	assert_int_equal(sp_pointer_stride(17, 1), 4);
	for (size_t i = 0; i < SP_LEN(sides); i++) {
		for (size_t k = 0; k < SP_LEN(depths); k++) {
			struct sp_pointer in = shape(SP_POINTER_NEW, sides[i], depths[k]);

			assert_int_equal(again(&in, &out), SP_OK);
			assert_int_equal(out.xor_mask.n, in.xor_mask.n);
			assert_int_equal(out.and_mask.n, in.and_mask.n);
			assert_int_equal(out.bpp, depths[k]);
		}
	}
	struct sp_pointer in = shape(SP_POINTER_LARGE, 384, 32);
	assert_int_equal(again(&in, &out), SP_OK);
	in = shape(SP_POINTER_NEW, 97, 32);
	assert_int_equal(again(&in, &out), SP_ELIMIT);
	in = shape(SP_POINTER_COLOR, 97, 24);
	assert_int_equal(again(&in, &out), SP_ELIMIT);
	in = shape(SP_POINTER_LARGE, 384, 32);
	in.width = 385;
	assert_int_equal(again(&in, &out), SP_ELIMIT);
	in = shape(SP_POINTER_NEW, 8, 2);
	assert_int_equal(again(&in, &out), SP_EFIELD);
	in = shape(SP_POINTER_NEW, 8, 15);
	assert_int_equal(again(&in, &out), SP_EFIELD);
}

static void test_masks(void **state)
{
	struct sp_pointer in = shape(SP_POINTER_COLOR, 32, 24), out;

	in.xor_mask.n--;
	assert_int_equal(again(&in, &out), SP_EFIELD);
	in.xor_mask.n += 2; /* longer than needed: cut */
	assert_int_equal(again(&in, &out), SP_OK);
	assert_int_equal(out.xor_mask.n, 32 * 96);
	in.xor_mask.n = 0; /* left out */
	assert_int_equal(again(&in, &out), SP_OK);
	assert_int_equal(out.xor_mask.n, 0);
	in.and_mask.n = 127;
	assert_int_equal(again(&in, &out), SP_EFIELD);

	/* The hot spot goes to the corner when it is outside. */
	in = shape(SP_POINTER_COLOR, 32, 24);
	in.x = 31;
	in.y = 32;
	assert_int_equal(again(&in, &out), SP_OK);
	assert_int_equal(out.x, 31);
	assert_int_equal(out.y, 0);
	in.x = 0xFFFF;
	assert_int_equal(again(&in, &out), SP_OK);
	assert_int_equal(out.x, 0);
}

static void test_write(void **state)
{
	static const enum sp_pointer_kind kinds[] = {SP_POINTER_HIDDEN, SP_POINTER_DEFAULT,
			SP_POINTER_POSITION, SP_POINTER_CACHED};
	static uint8_t buf[65536];
	struct sp_pointer out;
	struct sp_wr w;
	struct sp_rd r;

	for (size_t i = 0; i < SP_LEN(kinds); i++) {
		struct sp_pointer in = {.kind = kinds[i], .x = 3, .y = 4, .cache = 5};

		assert_int_equal(again(&in, &out), SP_OK);
		assert_int_equal(out.kind, kinds[i]);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_pointer_slow_write(&w, &in);
		sp_rd_init(&r, buf, w.n);
		assert_int_equal(sp_pointer_slow_read(&r, &out), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(out.kind, kinds[i]);
	}
	struct sp_pointer in = shape(SP_POINTER_NEW, 96, 32);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_pointer_slow_write(&w, &in);
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_pointer_slow_read(&r, &out), SP_OK);
	assert_int_equal(out.xor_mask.n, 96 * 96 * 4);
	in = shape(SP_POINTER_LARGE, 96, 32);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_pointer_slow_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);

	for (unsigned code = 0; code < 256; code++) {
		bool known = code == 5 || code == 6 || (code >= 8 && code <= 12);

		assert_int_equal(sp_pointer_is_code((uint8_t)code), known);
	}
	assert_int_equal(fast(sp_span("", 0), SP_FP_BITMAP, &out), SP_EFIELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_truncate),
			cmocka_unit_test(test_slow),
			cmocka_unit_test(test_sizes),
			cmocka_unit_test(test_masks),
			cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
