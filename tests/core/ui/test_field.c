/* tests/core/ui/test_field.c - editing, as a table of keys and what they leave. */
#include <stdlib.h>
#include <string.h>

#include "core/ui/field.h"
#include "unit.h"

/*
 * Keys of the table: < > left right, { } with Shift, ( ) with Ctrl, h e Home End, H E with
 * Shift, b d Backspace Delete, B with Ctrl, A select all; '=' types the rest of the row.
 */
static struct sp_ui_key key_of(char c)
{
	switch (c) {
	case '<':
	case '{':
	case '(':
		return (struct sp_ui_key){
				SP_UI_KEY_LEFT, .digit = -1, .shift = c == '{', .ctrl = c == '('};
	case '>':
	case '}':
	case ')':
		return (struct sp_ui_key){
				SP_UI_KEY_RIGHT, .digit = -1, .shift = c == '}', .ctrl = c == ')'};
	case 'h':
	case 'H':
		return (struct sp_ui_key){SP_UI_KEY_HOME, .digit = -1, .shift = c == 'H'};
	case 'e':
	case 'E':
		return (struct sp_ui_key){SP_UI_KEY_END, .digit = -1, .shift = c == 'E'};
	case 'b':
	case 'B':
		return (struct sp_ui_key){SP_UI_KEY_BACKSPACE, .digit = -1, .ctrl = c == 'B'};
	case 'd':
		return (struct sp_ui_key){SP_UI_KEY_DELETE, .digit = -1};
	default:
		return (struct sp_ui_key){SP_UI_KEY_SELECT_ALL, .digit = -1};
	}
}

static void type(struct sp_ui_field *f, uint32_t ch)
{
	struct sp_ui_key key = {SP_UI_KEY_CHAR, .ch = ch,
			.digit = '0' <= ch && ch <= '9' ? (int8_t)(ch - '0') : -1};
	bool edited;

	(void)sp_ui_field_key(f, &key, &edited);
}

static void test_table(void **state)
{
	static const struct {
		enum sp_ui_field_kind kind;
		const char *start, *keys, *want;
		int caret, anchor;
	} rows[] = {
			{SP_UI_FIELD_TEXT, "abc", "", "abc", 3, 3},
			{SP_UI_FIELD_TEXT, "abc", "<=x", "abxc", 3, 3},
			{SP_UI_FIELD_TEXT, "abc", "h<=x", "xabc", 1, 1},
			{SP_UI_FIELD_TEXT, "abc", "b", "ab", 2, 2},
			{SP_UI_FIELD_TEXT, "abc", "hb", "abc", 0, 0},
			{SP_UI_FIELD_TEXT, "abc", "hd", "bc", 0, 0},
			{SP_UI_FIELD_TEXT, "abc", "d", "abc", 3, 3},
			{SP_UI_FIELD_TEXT, "abc", "{{", "abc", 1, 3},
			{SP_UI_FIELD_TEXT, "abc", "{{=x", "ax", 2, 2},
			{SP_UI_FIELD_TEXT, "abc", "{{b", "a", 1, 1},
			{SP_UI_FIELD_TEXT, "abc", "{{<", "abc", 1, 1},
			{SP_UI_FIELD_TEXT, "abc", "{{>", "abc", 3, 3},
			{SP_UI_FIELD_TEXT, "abc", "Ad", "", 0, 0},
			{SP_UI_FIELD_TEXT, "abc", "A=z", "z", 1, 1},
			{SP_UI_FIELD_TEXT, "abc", "hE", "abc", 3, 0},
			{SP_UI_FIELD_TEXT, "abc", "H}", "abc", 1, 3},
			{SP_UI_FIELD_TEXT, "one two", "B", "one ", 4, 4},
			{SP_UI_FIELD_TEXT, "one two", "((=x", "xone two", 1, 1},
			{SP_UI_FIELD_TEXT, "one two", "h)=x", "onex two", 4, 4},
			{SP_UI_FIELD_TEXT, "\xC3\xA4\xC3\xB6", "b", "\xC3\xA4", 2, 2},
			{SP_UI_FIELD_TEXT, "\xC3\xA4\xC3\xB6", "<=x", "\xC3\xA4x\xC3\xB6", 3, 3},
			{SP_UI_FIELD_TEXT, "\xF0\x9F\x98\x80", "hd", "", 0, 0},
			{SP_UI_FIELD_SECRET, "one two", "B", "", 0, 0},
			{SP_UI_FIELD_CODE, "12a3-4", "", "1234", 4, 4},
			{SP_UI_FIELD_CODE, "123456", "=7", "123456", 6, 6},
			{SP_UI_FIELD_CODE, "123456", "h=7", "723456", 1, 1},
			{SP_UI_FIELD_CODE, "123456", "<<b=9", "123956", 4, 4},
			{SP_UI_FIELD_CODE, "123", "=x 9", "1239", 4, 4},
			{SP_UI_FIELD_CODE, "123", "A=9", "9", 1, 1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sp_ui_field f = {.kind = rows[i].kind};
		const char *p = rows[i].keys;
		bool edited;

		sp_ui_field_set(&f, rows[i].start);
		for (; *p && *p != '='; p++) {
			struct sp_ui_key key = key_of(*p);
			(void)sp_ui_field_key(&f, &key, &edited);
		}
		while (*p && *++p) {
			type(&f, (uint8_t)*p);
		}
		if (strcmp(f.text, rows[i].want) != 0 || f.caret != rows[i].caret ||
				f.anchor != rows[i].anchor) {
			fail_msg("\"%s\" %s: \"%s\" %d %d", rows[i].start, rows[i].keys, f.text,
					f.caret, f.anchor);
		}
		assert_int_equal(f.n, strlen(f.text));
	}
}

static void test_limits(void **state)
{
	struct sp_ui_field f = {.max = 3};

	sp_ui_field_set(&f, "\xC3\xA4\xC3\xB6\xC3\xBCx");
	assert_string_equal(f.text, "\xC3\xA4\xC3\xB6\xC3\xBC");
	assert_int_equal(sp_ui_field_chars(&f), 3);
	f = (struct sp_ui_field){.max = 60000};
	for (int i = 0; i < 2000; i++) {
		type(&f, 0x1F600);
	}
	assert_int_equal(f.n, (SP_UI_FIELD_CAP - 1) / 4 * 4);
	assert_int_equal(f.text[f.n], 0);
	f = (struct sp_ui_field){0};
	sp_ui_field_set(&f, "a\nb\t\x7F\xC2\x85z");
	assert_string_equal(f.text, "abz");
	type(&f, 0xD800);
	type(&f, 0x110000);
	assert_string_equal(f.text, "abz");
	sp_ui_field_set(&f, NULL);
	assert_string_equal(f.text, "");
}

static void test_removed_is_wiped(void **state)
{
	static const char zero[SP_UI_FIELD_CAP];
	struct sp_ui_field f = {.kind = SP_UI_FIELD_SECRET};
	struct sp_ui_key all = key_of('A'), del = key_of('d');
	bool edited;

	sp_ui_field_set(&f, "correct horse");
	(void)sp_ui_field_key(&f, &all, &edited);
	assert_true(sp_ui_field_key(&f, &del, &edited) && edited);
	assert_memory_equal(f.text, zero, sizeof(zero));
	sp_ui_field_set(&f, "correct horse");
	sp_ui_field_wipe(&f);
	assert_memory_equal(f.text, zero, sizeof(zero));
}

static void test_click(void **state)
{
	struct sp_ui_field f = {.box = {100, 100, 300, 40}};
	const struct sp_ui_font *font = sp_ui_font(SP_UI_TEXT, 1);

	sp_ui_field_set(&f, "hello world");
	sp_ui_field_click(&f, 0, 1, false);
	assert_int_equal(f.caret, 0);
	sp_ui_field_click(&f, 1000, 1, true);
	assert_int_equal(f.caret, 11);
	assert_int_equal(f.anchor, 0);
	sp_ui_field_click(&f, 112 + sp_ui_text_width(font, "hello", 5) + 1, 1, false);
	assert_int_equal(f.caret, 5);
	f.kind = SP_UI_FIELD_CODE;
	sp_ui_field_set(&f, "1234");
	sp_ui_field_click(&f, 110, 1, false);
	assert_int_equal(f.caret, 0);
	sp_ui_field_click(&f, 390, 1, false);
	assert_int_equal(f.caret, 4);
}

static void test_scroll(void **state)
{
	struct sp_ui_field f = {.box = {0, 0, 120, 40}, .max = 500};
	struct sp_ui_key home = key_of('h');
	bool edited;

	for (int i = 0; i < 400; i++) {
		type(&f, 'w');
		sp_ui_field_show_caret(&f, 1);
		struct sp_rect caret = sp_ui_field_caret(&f, 1);
		assert_true(0 <= caret.x && caret.x + caret.w <= 120);
	}
	assert_true(f.scroll > 0);
	(void)sp_ui_field_key(&f, &home, &edited);
	sp_ui_field_show_caret(&f, 1);
	assert_int_equal(f.scroll, 0);
}

/* The same picture for secrets of the same length. */
static void test_secret_drawn_as_dots(void **state)
{
	static uint8_t a[200 * 40 * 4], b[200 * 40 * 4];
	const char *text[2] = {"iiii", "WWWW"};

	for (int i = 0; i < 2; i++) {
		struct sp_ui_field f = {.kind = SP_UI_FIELD_SECRET, .box = {0, 0, 200, 40}};
		struct sp_ui_canvas c;
		sp_ui_field_set(&f, text[i]);
		sp_ui_canvas_init(&c, i ? b : a, 800, (struct sp_rect){0, 0, 200, 40});
		sp_ui_field_draw(&c, &f, 1, true, true, NULL);
	}
	assert_memory_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_table),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_removed_is_wiped),
			cmocka_unit_test(test_click),
			cmocka_unit_test(test_scroll),
			cmocka_unit_test(test_secret_drawn_as_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
