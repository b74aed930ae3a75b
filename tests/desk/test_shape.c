/* tests/desk/test_shape.c - pointer updates for clients that take more and less. */
#include "desk/session/shape.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/pointer.h"
#include "unit.h"

#define ROOM (1u << 20)

static struct sp_shape *shape;
static struct sp_wr body;
static uint8_t code;
static uint32_t argb[SP_XCURSOR_MAX_SIZE * SP_XCURSOR_MAX_SIZE];

static int setup(void **state)
{
	(void)state;
	shape = calloc(1, sizeof(*shape));
	sp_wr_init(&body, ROOM);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sp_mem_fail_after(-1);
	sp_wr_finish(&body);
	free(shape);
	return 0;
}

static struct sp_caps client(uint16_t cache, uint16_t large)
{
	struct sp_caps c = {.general = {.extra_flags = SP_GENERAL_FASTPATH_OUTPUT},
			.pointer = {.color = true, .color_cache = 20, .cache = cache},
			.large_pointer = large};

	if (large) {
		sp_caps_add(&c, SP_CAPS_LARGE_POINTER);
	}
	return c;
}

/* Opaque but for the right half, which is half transparent. */
static struct sp_xcursor_image image(uint16_t side, uint64_t hash)
{
	struct sp_xcursor_image i = {.width = side,
			.height = side,
			.hot_x = (uint16_t)(side - 1),
			.hot_y = (uint16_t)(side / 2),
			.hash = hash,
			.argb = argb};

	for (uint32_t p = 0; p < (uint32_t)side * side; p++) {
		argb[p] = p % side < side / 2u ? 0xff102030 : 0x80400000;
	}
	return i;
}

static int update(const struct sp_xcursor_image *i, struct sp_pointer *p)
{
	struct sp_rd r;

	sp_wr_reset(&body);
	int rc = sp_shape_update(shape, i, &code, &body);
	if (rc == 1) {
		sp_rd_init(&r, body.p, body.n);
		assert_int_equal(sp_pointer_fast_read(&r, code, p), SP_OK);
	}
	return rc;
}

static void test_kinds(void **state)
{
	static const struct {
		uint16_t cache, large, side;
		size_t max_body;
		uint8_t code;
		uint16_t width, bpp;
	} rows[] = {
			{25, 0, 24, ROOM, SP_FP_POINTER, 24, 32},
			{25, 0, 64, ROOM, SP_FP_POINTER, 32, 32},
			{25, SP_LARGE_POINTER_96, 64, ROOM, SP_FP_POINTER, 64, 32},
			{25, SP_LARGE_POINTER_96, 200, ROOM, SP_FP_POINTER, 96, 32},
			{25, SP_LARGE_POINTER_384, 200, ROOM, SP_FP_LARGE_POINTER, 200, 32},
			{25, SP_LARGE_POINTER_384, 384, ROOM, SP_FP_LARGE_POINTER, 384, 32},
			{25, SP_LARGE_POINTER_384, 384, 100000, SP_FP_POINTER, 96, 32},
			{25, SP_LARGE_POINTER_384, 96, 16000, SP_FP_POINTER, 32, 32},
			{0, 0, 24, ROOM, SP_FP_COLOR, 24, 24},
			{0, SP_LARGE_POINTER_384, 200, ROOM, SP_FP_COLOR, 96, 24},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_caps caps = client(rows[i].cache, rows[i].large);
		struct sp_xcursor_image img = image(rows[i].side, i);
		struct sp_pointer p;

		sp_shape_init(shape, &caps, rows[i].max_body);
		assert_int_equal(update(&img, &p), 1);
		assert_int_equal(code, rows[i].code);
		assert_int_equal(p.width, rows[i].width);
		assert_int_equal(p.height, rows[i].width);
		assert_int_equal(p.bpp, rows[i].bpp);
		assert_true(p.x < p.width && p.y < p.height);
		assert_true(body.n <= rows[i].max_body);
	}
}

/* Alpha is straight on the wire: half a red of 0x40 is one of 0x80. */
static void test_alpha(void **state)
{
	struct sp_caps caps = client(25, 0);
	struct sp_xcursor_image img = image(8, 1);
	struct sp_pointer p;
	uint32_t left, right;

	(void)state;
	sp_shape_init(shape, &caps, ROOM);
	assert_int_equal(update(&img, &p), 1);
	memcpy(&left, p.xor_mask.p, 4);
	memcpy(&right, p.xor_mask.p + 28, 4);
	assert_int_equal(left, 0xff102030);
	assert_int_equal(right, 0x80800000);
}

static void test_cache(void **state)
{
	struct sp_caps caps = client(3, 0);
	struct sp_xcursor_image hidden = {.hidden = true, .hash = 99, .argb = argb};
	struct sp_xcursor_image img[4];
	struct sp_pointer p;

	(void)state;
	sp_shape_init(shape, &caps, ROOM);
	for (uint64_t i = 0; i < 4; i++) {
		img[i] = image(8, i + 1);
	}
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(update(&img[i], &p), 1);
		assert_int_equal(code, SP_FP_POINTER);
		assert_int_equal(p.cache, i);
	}
	assert_int_equal(update(&img[2], &p), 0);
	assert_int_equal(update(&img[0], &p), 1);
	assert_int_equal(code, SP_FP_CACHED);
	assert_int_equal(p.cache, 0);
	/* The one that was not seen for the longest time goes: the second. */
	assert_int_equal(update(&img[3], &p), 1);
	assert_int_equal(code, SP_FP_POINTER);
	assert_int_equal(p.cache, 1);
	assert_int_equal(update(&hidden, &p), 1);
	assert_int_equal(code, SP_FP_PTR_NULL);
	assert_int_equal(body.n, 0);
	assert_int_equal(update(&hidden, &p), 0);
	assert_int_equal(update(&img[2], &p), 1);
	assert_int_equal(code, SP_FP_CACHED);
	assert_int_equal(p.cache, 2);
	assert_int_equal(update(&img[1], &p), 1);
	assert_int_equal(code, SP_FP_POINTER);
}

/* Without memory nothing is noted, so that the next try sends it. */
static void test_no_memory(void **state)
{
	struct sp_caps caps = client(25, 0);
	struct sp_xcursor_image img = image(32, 1);
	struct sp_pointer p;
	int rc = SP_ENOMEM;

	(void)state;
	sp_shape_init(shape, &caps, ROOM);
	for (long n = 0; rc == SP_ENOMEM; n++) {
		assert_true(n < 10);
		sp_wr_finish(&body);
		sp_wr_init(&body, ROOM);
		sp_mem_fail_after(n);
		rc = update(&img, &p);
		sp_mem_fail_after(-1);
	}
	assert_int_equal(rc, 1);
	assert_int_equal(code, SP_FP_POINTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
			cmocka_unit_test_setup_teardown(test_alpha, setup, teardown),
			cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
			cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
