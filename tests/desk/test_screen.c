/* tests/desk/test_screen.c - monitors as programs on the X server see them. */
#include "desk/session/screen.h"

#include <stdlib.h>
#include <string.h>
#include <xcb/randr.h>

#include "core/base/err.h"
#include "desk.h"
#include "unit.h"

static enum sp_xserver_kind kind;
static struct desk d;
static struct sp_screen *screen;

static int setup(void **state)
{
	(void)state;
	screen = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sp_screen_destroy(screen);
	desk_close(&d);
	return 0;
}

static void open_screen(void)
{
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_screen_create(d.x, &screen), SP_OK);
}

/* A program asks which monitors there are: these, the primary one first. */
static void see(const struct sp_screen_layout *want)
{
	struct sp_rect all = {0};
	uint32_t w, h;
	size_t n = 0;
	xcb_randr_get_monitors_reply_t *r = xcb_randr_get_monitors_reply(
			d.app, xcb_randr_get_monitors(d.app, d.screen->root, 1), NULL);

	assert_non_null(r);
	for (xcb_randr_monitor_info_iterator_t i = xcb_randr_get_monitors_monitors_iterator(r);
			i.rem > 0; xcb_randr_monitor_info_next(&i), n++) {
		struct sp_rect m = {i.data->x, i.data->y, i.data->width, i.data->height};
		bool known = false;

		for (size_t k = 0; k < want->n; k++) {
			if (memcmp(&m, &want->monitor[k], sizeof(m)) == 0) {
				known = true;
				assert_int_equal(i.data->primary,
						want->n > 1 ? k == 0 : i.data->primary);
			}
		}
		assert_true(known);
		all = sp_rect_or(all, m);
	}
	free(r);
	assert_int_equal(n, want->n);
	sp_screen_size(screen, &w, &h);
	assert_int_equal(w, all.x + all.w);
	assert_int_equal(h, all.y + all.h);
	xcb_get_geometry_reply_t *g = xcb_get_geometry_reply(
			d.app, xcb_get_geometry(d.app, d.screen->root), NULL);
	assert_non_null(g);
	assert_int_equal(g->width, w);
	assert_int_equal(g->height, h);
	free(g);
}

static void show(const struct sp_screen_layout *l)
{
	assert_int_equal(sp_screen_layout(screen, l, 0), SP_OK);
	see(l);
}

static const struct sp_screen_layout one = {.n = 1, .monitor = {{0, 0, 1000, 700}}};
static const struct sp_screen_layout two = {
		.n = 2, .monitor = {{600, 100, 1024, 768}, {0, 0, 600, 800}}};
static const struct sp_screen_layout three = {
		.n = 3, .monitor = {{0, 0, 800, 600}, {800, 0, 800, 600}, {0, 600, 1600, 400}}};

static void test_layouts(void **state)
{
	static const struct sp_screen_layout *const order[] = {
			&two, &three, &one, &three, &two, &two, &one, &one};

	(void)state;
	open_screen();
	for (size_t i = 0; i < SP_LEN(order); i++) {
		show(order[i]);
	}
}

static void test_as_many_as_can_be(void **state)
{
	struct sp_screen_layout l = {.n = SP_SCREEN_MAX_MONITORS};

	(void)state;
	open_screen();
	for (size_t i = 0; i < l.n; i++) {
		l.monitor[i] = (struct sp_rect){
				(int32_t)(i % 4) * 400, (int32_t)(i / 4) * 300, 400, 300};
	}
	show(&l);
	show(&one);
	show(&l);
}

/* Sizes come and go, and nothing is left of them on the server. */
static void test_no_modes_are_left(void **state)
{
	struct sp_screen_layout l = {.n = 2};
	uint16_t before = 0;

	(void)state;
	open_screen();
	for (int32_t i = 0; i < 40; i++) {
		l.monitor[0] = (struct sp_rect){0, 0, 900 + 2 * i, 701};
		l.monitor[1] = (struct sp_rect){900 + 2 * i, 0, 640 + 2 * i, 487};
		show(&l);
		xcb_randr_get_screen_resources_current_reply_t *r =
				xcb_randr_get_screen_resources_current_reply(d.app,
						xcb_randr_get_screen_resources_current(
								d.app, d.screen->root),
						NULL);
		assert_non_null(r);
		before = i == 0 ? r->num_modes : before;
		assert_int_equal(r->num_modes, before);
		free(r);
	}
}

/* What cannot be leaves everything as it was. */
static void test_refused(void **state)
{
	struct sp_screen_layout l = {.n = 2, .monitor = {{0, 0, 8192, 8192}, {8192, 0, 8192, 200}}};

	(void)state;
	open_screen();
	show(&two);
	assert_int_equal(sp_screen_layout(screen, &l, 0), SP_ELIMIT);
	l.monitor[0].x = -1;
	assert_int_equal(sp_screen_layout(screen, &l, 0), SP_EARG);
	l.monitor[0] = (struct sp_rect){0, 0, 800, INT32_MAX};
	assert_int_equal(sp_screen_layout(screen, &l, 0), SP_EARG);
	l.n = 0;
	assert_int_equal(sp_screen_layout(screen, &l, 0), SP_EARG);
	l.n = SP_SCREEN_MAX_MONITORS + 1;
	assert_int_equal(sp_screen_layout(screen, &l, 0), SP_EARG);
	see(&two);
}

/* A program on the desktop set a size of its own; the next layout of a client holds again. */
static void test_after_a_program(void **state)
{
	(void)state;
	open_screen();
	show(&two);
	struct sp_screen *other;
	assert_int_equal(sp_screen_create(d.x, &other), SP_OK);
	assert_int_equal(sp_screen_resize(other, 640, 480, 0), SP_OK);
	sp_screen_destroy(other);
	show(&two);
	show(&one);
}

/* Three of 4K beside each other, where the server can do that. */
static void test_wide(void **state)
{
	struct sp_screen_layout l = {.n = 3,
			.monitor = {{0, 0, 3840, 2160}, {3840, 0, 3840, 2160},
					{7680, 0, 3840, 2160}}};

	(void)state;
	open_screen();
	if (kind == SP_XSERVER_XVFB) {
		assert_int_equal(sp_screen_layout(screen, &l, 0), SP_ELIMIT);
		return;
	}
	show(&l);
	show(&two);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_layouts, setup, teardown),
			cmocka_unit_test_setup_teardown(test_as_many_as_can_be, setup, teardown),
			cmocka_unit_test_setup_teardown(test_no_modes_are_left, setup, teardown),
			cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
			cmocka_unit_test_setup_teardown(test_after_a_program, setup, teardown),
			cmocka_unit_test_setup_teardown(test_wide, setup, teardown),
	};

	kind = desk_kind(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
