/* tests/gate/net/test_warning.c - words as a pointer, in every size that clients have. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/view/cursor.h"
#include "gate/net/warning.h"

static void draw(unsigned side, struct sp_pointer *p, struct sp_wr *bits)
{
	sp_wr_init(bits, 1u << 20);
	assert_int_equal(sp_warning_draw(p, bits, side, "move the mouse to stay", "14 min"), SP_OK);
}

static void test_sizes(void **state)
{
	static const unsigned sides[] = {32, 96, 384};

	for (size_t i = 0; i < SP_LEN(sides); i++) {
		struct sp_pointer p;
		struct sp_wr bits;

		draw(sides[i], &p, &bits);
		assert_in_range(p.width, 20, sides[i]);
		assert_in_range(p.height, 20, sides[i]);
		assert_int_equal(p.bpp, 24);
		assert_int_equal(p.x, 0);
		assert_int_equal(p.y, 0);
		assert_int_equal(p.xor_mask.n, p.height * sp_pointer_stride(p.width, 24));
		assert_int_equal(p.and_mask.n, p.height * sp_pointer_stride(p.width, 1));
		sp_wr_finish(&bits);
	}
}

/* The tip of the arrow is where it points, something is written, and around it one sees through. */
static void test_picture(void **state)
{
	struct sp_palette none = {0};
	struct sp_pointer p;
	struct sp_wr bits;
	size_t opaque = 0, light = 0;

	draw(96, &p, &bits);
	uint8_t *px = calloc((size_t)p.width * p.height, 4);
	struct sp_cursor c = {.w = p.width, .h = p.height, .bgra = px};
	assert_int_equal(sp_cursor_decode(&c, 24, p.xor_mask, p.and_mask, &none), SP_OK);
	for (size_t i = 0; i < (size_t)p.width * p.height; i++) {
		opaque += px[4 * i + 3] == 0xFF;
		light += px[4 * i + 3] == 0xFF && px[4 * i] > 0xC0;
	}
	assert_int_equal(px[3], 0xFF);
	assert_int_equal(px[4 * (p.width - 1) + 3], 0);
	assert_in_range(opaque, 500, (size_t)p.width * p.height - 200);
	assert_in_range(light, 50, opaque);
	free(px);
	sp_wr_finish(&bits);
}

static void test_no_memory(void **state)
{
	for (long n = 0; n < 4; n++) {
		struct sp_pointer p;
		struct sp_wr bits;

		sp_wr_init(&bits, 1u << 20);
		sp_mem_fail_after(n);
		int rc = sp_warning_draw(&p, &bits, 96, "its time is over then", "45 s");
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
		sp_wr_finish(&bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_sizes),
			cmocka_unit_test(test_picture),
			cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
