/* tests/client/test_layout.c - monitors as people write them. */
#include "unit.h"

#include <string.h>

#include "client/layout.h"
#include "core/base/err.h"

static void test_good(void **state)
{
	static const struct {
		const char *text;
		int32_t x, y;
		uint32_t w, h, scale;
	} rows[] = {
			{"800x600", 0, 0, 800, 600, 100},
			{"8192x201@500", 0, 0, 8192, 201, 500},
			{"1920x1080+1024+0", 1024, 0, 1920, 1080, 100},
			{"1920x1080-1920-56@150", -1920, -56, 1920, 1080, 150},
			{"200x200+32767-32767", 32767, -32767, 200, 200, 100},
	};
	struct sp_display_layout l = {0};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(sp_layout_add(&l, rows[i].text), SP_OK);
		const struct sp_display_monitor *m = &l.monitor[i];
		assert_int_equal(m->primary, i == 0);
		assert_int_equal(m->left, rows[i].x);
		assert_int_equal(m->top, rows[i].y);
		assert_int_equal(m->width, rows[i].w);
		assert_int_equal(m->height, rows[i].h);
		assert_int_equal(m->desktop_scale, rows[i].scale);
	}
	assert_int_equal(l.n, SP_LEN(rows));
}

static void test_wrong(void **state)
{
	static const char *const texts[] = {"", "x", "800", "800x", "x600", "800y600", "801x600",
			"198x600", "8194x600", "800x199", "800x8193", "800x600 ", "800x600+",
			"800x600+1", "800x600+1+", "800x600+1+2+3", "800x600+-1+2", "800x600@",
			"800x600@99", "800x600@501", "800x600@150+1+2", "-800x600", "+800x600",
			"99999999999999999999x600", "800x600+32768+0"};

	for (size_t i = 0; i < SP_LEN(texts); i++) {
		struct sp_display_layout l = {0};

		assert_int_equal(sp_layout_add(&l, texts[i]), SP_EARG);
		assert_int_equal(l.n, 0);
	}
}

static void test_too_many(void **state)
{
	struct sp_display_layout l = {0};

	for (size_t i = 0; i < SP_DISPLAY_MAX_MONITORS; i++) {
		assert_int_equal(sp_layout_add(&l, "200x200"), SP_OK);
	}
	assert_int_equal(sp_layout_add(&l, "200x200"), SP_EARG);
}

/* Nobody to send to, and what nobody could show. */
static void test_send(void **state)
{
	struct sp_layout *l = sp_layout_create();
	struct sp_display_layout in = {0};

	assert_non_null(l);
	assert_int_equal(sp_layout_send(l, &in), SP_EARG);
	assert_int_equal(sp_layout_add(&in, "800x600"), SP_OK);
	assert_int_equal(sp_layout_send(l, &in), SP_ESTATE);
	sp_layout_part(l)->calls->detach(sp_layout_part(l));
	sp_layout_destroy(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_wrong),
			cmocka_unit_test(test_too_many),
			cmocka_unit_test(test_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
