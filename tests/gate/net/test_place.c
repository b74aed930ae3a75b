/* tests/gate/net/test_place.c - the greeter stands on the primary monitor, or on all there is. */
#include "unit.h"

#include "gate/net/greeter/place.h"

static struct sp_rect area;
static unsigned scale;

static void is(int32_t x, int32_t y, int32_t w, int32_t h)
{
	assert_int_equal(area.x, x);
	assert_int_equal(area.y, y);
	assert_int_equal(area.w, w);
	assert_int_equal(area.h, h);
}

static void test_one(void **state)
{
	struct sp_geometry g = {.width = 1024, .height = 768};

	sp_greeter_place(&g, &area, &scale);
	is(0, 0, 1024, 768);
	assert_int_equal(scale, 1);
	g.desktop_scale = 200;
	sp_greeter_place(&g, &area, &scale);
	assert_int_equal(scale, 2);
}

static void test_several(void **state)
{
	struct sp_geometry g = {.width = 3840,
			.height = 1280,
			.monitors = 3,
			.monitor = {{.left = -1280, .top = -200, .width = 1280, .height = 1024},
					{.primary = 1, .width = 1600, .height = 1080},
					{.left = 1600, .width = 960, .height = 1080}}};

	sp_greeter_place(&g, &area, &scale);
	is(1280, 200, 1600, 1080);
	/* Its own scale counts before the desktop's. */
	g.desktop_scale = 100;
	g.monitor[1].desktop_scale = 175;
	sp_greeter_place(&g, &area, &scale);
	assert_int_equal(scale, 2);
	/* None is primary, or it lies outside of what the client calls its desktop. */
	g.monitor[1].primary = 0;
	sp_greeter_place(&g, &area, &scale);
	is(0, 0, 3840, 1280);
	g.monitor[2].primary = 1;
	g.monitor[2].left = 32767;
	sp_greeter_place(&g, &area, &scale);
	is(0, 0, 3840, 1280);
	g.monitor[0].left = -32768;
	g.monitor[2].width = 8192;
	sp_greeter_place(&g, &area, &scale);
	is(0, 0, 3840, 1280);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_one),
			cmocka_unit_test(test_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
