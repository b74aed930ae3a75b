/* tests/core/chan/test_clip_text.c - text of the clipboard. */
#include "unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/chan/clip_text.h"

static const struct {
	const char *utf8, *wire; /* hex; NULL: not in this direction */
	const char *back; /* NULL: utf8 */
} rows[] = {
		{"", "0000", NULL},
		{"6162", "6100 6200 0000", NULL},
		{"610a62", "6100 0d00 0a00 6200 0000", NULL},
		{"0a0a", "0d00 0a00 0d00 0a00 0000", NULL},
		{"610d0a62", "6100 0d00 0a00 6200 0000", "610a62"},
		{"0d61", "0d00 6100 0000", NULL},
		{"c3a4 e282ac f09f9880", "e400 ac20 3dd8 00de 0000", NULL},
		{"f48fbfbf ee8080", "ffdb ffdf 00e0 0000", NULL},
		{"61 00 62", "6100 0000", "61"},
		{"ff 61 c3", "fdff 6100 fdff 0000", "efbfbd 61 efbfbd"},
		{"eda080", "fdff fdff fdff 0000", "efbfbd efbfbd efbfbd"},
		{"c080", "fdff fdff 0000", "efbfbd efbfbd"},
};

static void test_rows(void **state)
{
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_wr wire, text;

		sp_wr_init(&wire, 256);
		sp_wr_init(&text, 256);
		assert_int_equal(sp_clip_text_write(&wire, unit_hex(rows[i].utf8)), SP_OK);
		unit_assert_span(sp_span(wire.p, wire.n), unit_hex(rows[i].wire));
		assert_int_equal(sp_clip_text_read(sp_span(wire.p, wire.n), &text), SP_OK);
		unit_assert_span(sp_span(text.p, text.n),
				unit_hex(rows[i].back ? rows[i].back : rows[i].utf8));
		sp_wr_finish(&wire);
		sp_wr_finish(&text);
	}
}

static void test_odd_wire(void **state)
{
	static const char *const odd[][2] = {
			{"6100", "61"},
			{"6100 62", "61"},
			{"", ""},
			{"00d8", "efbfbd"},
			{"00dc 6100", "efbfbd 61"},
			{"00d8 6100 0000", "efbfbd 61"},
			{"3dd8 3dd8 00de", "efbfbd f09f9880"},
			{"6100 0000 6200", "61"},
			{"0d00", "0d"},
	};

	for (size_t i = 0; i < SP_LEN(odd); i++) {
		struct sp_wr text;

		sp_wr_init(&text, 256);
		assert_int_equal(sp_clip_text_read(unit_hex(odd[i][0]), &text), SP_OK);
		unit_assert_span(sp_span(text.p, text.n), unit_hex(odd[i][1]));
		sp_wr_finish(&text);
	}
}

/* [MS-RDPECLIP] 4.4.2 is "Hello World" as CF_UNICODETEXT. */
static void test_spec(void **state)
{
	struct sp_span pdu = unit_vector("spec/MS-RDPECLIP-4.4.2-format-data-response-pdu.hex");
	struct sp_span data = sp_span(pdu.p + 8, pdu.n - 8);
	struct sp_wr text, wire;

	sp_wr_init(&text, 256);
	sp_wr_init(&wire, 256);
	assert_int_equal(sp_clip_text_read(data, &text), SP_OK);
	unit_assert_span(sp_span(text.p, text.n), sp_span("hello world", 11));
	assert_int_equal(sp_clip_text_write(&wire, sp_span(text.p, text.n)), SP_OK);
	unit_assert_span(sp_span(wire.p, wire.n), data);
	sp_wr_finish(&text);
	sp_wr_finish(&wire);
}

static void test_every_character(void **state)
{
	struct sp_wr utf8, wire, back;

	sp_wr_init(&utf8, 8u << 20);
	sp_wr_init(&wire, 8u << 20);
	sp_wr_init(&back, 8u << 20);
	for (uint32_t c = 1; c <= 0x10FFFF; c++) {
		uint8_t b[4] = {(uint8_t)c};
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

		if (c == '\r' || (c >= 0xD800 && c < 0xE000)) {
			continue;
		}
		for (size_t i = n - 1, v = c; n > 1; i--, v >>= 6) {
			b[i] = (uint8_t)(0x80 | (v & 0x3F));
			if (i == 0) {
				b[0] = (uint8_t)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | v);
				break;
			}
		}
		sp_wr_put(&utf8, b, n);
	}
	assert_int_equal(sp_clip_text_write(&wire, sp_span(utf8.p, utf8.n)), SP_OK);
	assert_int_equal(sp_clip_text_read(sp_span(wire.p, wire.n), &back), SP_OK);
	unit_assert_span(sp_span(back.p, back.n), sp_span(utf8.p, utf8.n));
	sp_wr_finish(&utf8);
	sp_wr_finish(&wire);
	sp_wr_finish(&back);
}

static void test_bounds(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 7);
	assert_int_equal(sp_clip_text_write(&w, sp_span("abc", 3)), SP_ESPACE);
	sp_wr_init(&w, 8);
	assert_int_equal(sp_clip_text_write(&w, sp_span("abc", 3)), SP_OK);
	sp_wr_finish(&w);
	sp_wr_init(&w, 2);
	assert_int_equal(sp_clip_text_read(unit_hex("6100 6200 6300"), &w), SP_ESPACE);
	sp_mem_fail_after(0);
	sp_wr_init(&w, 64);
	assert_int_equal(sp_clip_text_write(&w, sp_span("abc", 3)), SP_ENOMEM);
	sp_wr_init(&w, 64);
	assert_int_equal(sp_clip_text_read(unit_hex("6100 6200 6300"), &w), SP_ENOMEM);
	sp_mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rows),
			cmocka_unit_test(test_odd_wire),
			cmocka_unit_test(test_spec),
			cmocka_unit_test(test_every_character),
			cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
