/* tests/core/ui/test_atlas.c - the atlas has the characters of its languages, and all of each. */
#include <stdlib.h>

#include "core/ui/atlas.h"
#include "unit.h"

static void fonts(void (*fn)(const struct sp_ui_font *))
{
	for (int style = 0; style < SP_UI_STYLE_COUNT; style++) {
		for (unsigned scale = 1; scale <= SP_UI_MAX_SCALE; scale++) {
			fn(sp_ui_font((enum sp_ui_style)style, scale));
		}
	}
}

static void has_ranges(const struct sp_ui_font *f)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {{0x20, 0x7E}, {0xA0, 0x148}, {0x14A, 0x17E}, {0x386, 0x386}, {0x388, 0x38A},
			{0x38E, 0x3A1}, {0x3A3, 0x3CE}, {0x400, 0x45F}, {0x490, 0x491},
			{0x2010, 0x2011}, {0x2013, 0x2014}, {0x2018, 0x201E}, {0x2020, 0x2022},
			{0x2026, 0x2026}, {0x2039, 0x203A}, {0x20AC, 0x20AC}, {0x20B4, 0x20B4},
			{0x20BD, 0x20BD}, {0x2116, 0x2116}, {0x2122, 0x2122}, {0x2190, 0x2193},
			{0x2212, 0x2212}, {0x25CF, 0x25CF}, {0x2713, 0x2713}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		for (uint32_t ch = ranges[i].from; ch <= ranges[i].to; ch++) {
			if (sp_ui_glyph(f, ch)->code != ch) {
				fail_msg("size %d lacks U+%04X", f->size, ch);
			}
		}
	}
}

static void test_ranges(void **state)
{
	fonts(has_ranges);
}

static void is_whole(const struct sp_ui_font *f)
{
	assert_true(f->line >= f->ascent + f->descent);
	assert_true(f->n > 600);
	for (size_t i = 0; i < f->n; i++) {
		const struct sp_ui_glyph *g = &f->glyph[i];
		assert_true(g->at + (size_t)g->w * g->h <= f->n_coverage);
		assert_true(i == 0 || g->code > g[-1].code);
		assert_true(abs(g->left) <= f->size && abs(g->top) <= 2 * f->size);
		assert_ptr_equal(sp_ui_glyph(f, g->code), g);
	}
	const struct sp_ui_glyph *m = sp_ui_glyph(f, 'M');
	bool ink = false;

	for (size_t i = 0; i < (size_t)m->w * m->h; i++) {
		ink |= f->coverage[m->at + i] == 255;
	}
	assert_true(ink);
}

static void test_whole(void **state)
{
	fonts(is_whole);
}

static void test_box(void **state)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, 1);

	assert_ptr_equal(sp_ui_glyph(f, 0x4E2D), &f->glyph[0]);
	assert_ptr_equal(sp_ui_glyph(f, 0xFFFFFFFF), &f->glyph[0]);
	assert_true(f->glyph[0].w > 0 && f->glyph[0].h > 0);
	assert_int_equal(sp_ui_font(SP_UI_TEXT, 2)->size, 2 * f->size);
	assert_ptr_equal(sp_ui_font(SP_UI_TEXT, 77), f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_ranges),
			cmocka_unit_test(test_whole),
			cmocka_unit_test(test_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
