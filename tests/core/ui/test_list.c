/* tests/core/ui/test_list.c - filter and choice. */
#include <stdio.h>
#include <stdlib.h>

#include "core/ui/list.h"
#include "unit.h"

static const struct sp_ui_item items[] = {
		{"app-01", "Windows Server"},
		{"app-02", "Windows 11"},
		{"db", NULL},
		{"\xC3\x84pfel", "Lager"},
		{"\xD0\xA1\xD0\xB5\xD1\x80\xD0\xB2\xD0\xB5\xD1\x80", "Debian"},
		{NULL, "nameless"},
};

static struct sp_ui_list list(size_t rows)
{
	struct sp_ui_list l = {.item = items,
			.n = 6,
			.rows = rows,
			.row_h = 10,
			.box = {0, 0, 100, 10 * (int)rows}};

	sp_ui_list_filter(&l, "");
	return l;
}

static void test_filter(void **state)
{
	static const struct {
		const char *filter;
		size_t n, first;
	} rows[] = {{"", 6, 0}, {"app", 2, 0}, {"APP", 2, 0}, {"02", 1, 1}, {"windows 11", 1, 1},
			{"11 win app", 1, 1}, {"  db ", 1, 2}, {"zzz", 0, 6}, {"\xC3\xA4PF", 1, 3},
			{"\xD1\x81\xD0\x95\xD1\x80", 1, 4}, {"nameless", 1, 5}, {"windowsx", 0, 6},
			{"app-011", 0, 6}, {"\xFF", 0, 6}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_ui_list l = list(3);

		sp_ui_list_filter(&l, rows[i].filter);
		assert_int_equal(l.n_shown, rows[i].n);
		assert_int_equal(sp_ui_list_chosen(&l), rows[i].first);
	}
}

static void test_choice_survives_filter(void **state)
{
	struct sp_ui_list l = list(3);

	sp_ui_list_choose(&l, 4);
	sp_ui_list_filter(&l, "deb");
	assert_int_equal(sp_ui_list_chosen(&l), 4);
	sp_ui_list_filter(&l, "");
	assert_int_equal(sp_ui_list_chosen(&l), 4);
	sp_ui_list_filter(&l, "app");
	assert_int_equal(sp_ui_list_chosen(&l), 0);
}

static bool key(struct sp_ui_list *l, enum sp_ui_key_kind kind, bool plain)
{
	struct sp_ui_key k = {.kind = kind, .digit = -1};

	return sp_ui_list_key(l, &k, plain);
}

static void test_keys(void **state)
{
	struct sp_ui_list l = list(3);

	assert_false(key(&l, SP_UI_KEY_UP, true));
	for (int i = 0; i < 3; i++) {
		assert_true(key(&l, SP_UI_KEY_DOWN, true));
	}
	assert_int_equal(l.at, 3);
	assert_int_equal(l.top, 1);
	assert_true(key(&l, SP_UI_KEY_PAGE_DOWN, true));
	assert_int_equal(l.at, 5);
	assert_int_equal(l.top, 3);
	assert_false(key(&l, SP_UI_KEY_DOWN, true));
	assert_false(key(&l, SP_UI_KEY_HOME, false));
	assert_true(key(&l, SP_UI_KEY_HOME, true));
	assert_int_equal(l.top, 0);
	assert_true(key(&l, SP_UI_KEY_END, true));
	assert_true(key(&l, SP_UI_KEY_PAGE_UP, true));
	assert_int_equal(l.at, 3);
	assert_false(key(&l, SP_UI_KEY_ENTER, true));
	sp_ui_list_filter(&l, "zzz");
	assert_false(key(&l, SP_UI_KEY_DOWN, true));
	assert_false(key(&l, SP_UI_KEY_END, true));
}

static void test_mouse(void **state)
{
	struct sp_ui_list l = list(3);

	assert_true(sp_ui_list_scroll(&l, 2));
	assert_int_equal(sp_ui_list_at(&l, 5, 15), 3);
	assert_true(sp_ui_list_scroll(&l, 1000));
	assert_int_equal(l.top, 3);
	assert_false(sp_ui_list_scroll(&l, 1));
	assert_true(sp_ui_list_scroll(&l, -1000));
	assert_int_equal(l.top, 0);
	assert_int_equal(sp_ui_list_at(&l, 5, -1), 6);
	assert_int_equal(sp_ui_list_at(&l, 5, 30), 6);
	assert_int_equal(sp_ui_list_at(&l, 100, 5), 6);
	sp_ui_list_filter(&l, "db");
	assert_int_equal(sp_ui_list_at(&l, 5, 15), 1);
}

static void test_many(void **state)
{
	static struct sp_ui_item many[SP_UI_LIST_MAX + 100];
	static struct sp_ui_list l;

	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		many[i].name = "x";
	}
	l = (struct sp_ui_list){.item = many, .n = sizeof(many) / sizeof(many[0]), .rows = 5};
	sp_ui_list_filter(&l, "X");
	assert_int_equal(l.n_shown, SP_UI_LIST_MAX);
	sp_ui_list_choose(&l, SP_UI_LIST_MAX + 50);
	assert_int_equal(sp_ui_list_chosen(&l), 0);
}

/* Names and details side by side where all fit, else below each other. */
static void test_place(void **state)
{
	static const struct sp_ui_item wide[] = {
			{"app", "A text of several words, which is too long"}, {"db", NULL}};
	struct sp_ui_list l = list(3);

	for (unsigned scale = 1; scale <= 2; scale++) {
		int32_t w = sp_ui_list_width(&l, scale);

		sp_ui_list_place(&l, w, scale);
		assert_int_equal(l.lines, 0);
		assert_int_equal(l.row_h, 36 * (int32_t)scale);
		sp_ui_list_place(&l, w - 1, scale);
		assert_int_equal(l.lines, 1);
		assert_true(l.row_h > 36 * (int32_t)scale);
	}
	l.item = wide;
	l.n = 2;
	sp_ui_list_place(&l, 150, 1);
	assert_int_equal(l.lines, 2);
	/* Without a detail there is nothing to put below. */
	l.item = wide + 1;
	l.n = 1;
	sp_ui_list_place(&l, 10, 1);
	assert_int_equal(l.lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_filter),
			cmocka_unit_test(test_choice_survives_filter),
			cmocka_unit_test(test_keys),
			cmocka_unit_test(test_mouse),
			cmocka_unit_test(test_many),
			cmocka_unit_test(test_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
