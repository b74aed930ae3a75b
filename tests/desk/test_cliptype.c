/* tests/desk/test_cliptype.c - what is on a clipboard, for X and for the wire. */
#include "desk/session/cliptype.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/clip_html.h"
#include "core/chan/clip_image.h"
#include "host/lib/png.h"
#include "unit.h"

static const struct sp_cliptype *type_of(const char *name, uint32_t contents)
{
	const struct sp_cliptype *t[SP_CLIPTYPE_TARGETS];
	size_t n = sp_cliptype_of_contents(contents, t);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(t[i]->name, name) == 0) {
			return t[i];
		}
	}
	return NULL;
}

static void test_names(void **state)
{
	static const char *const browser[] = {"TIMESTAMP", "TARGETS", "text/html", "TEXT", "STRING",
			"UTF8_STRING", "text/plain"};
	static const char *const files[] = {"x-special/gnome-copied-files", "text/uri-list"};
	static const char *const picture[] = {"image/png", "image/bmp", "image/x-icon"};
	const struct sp_cliptype *t[SP_CLIPTYPE_TARGETS];

	(void)state;
	assert_int_equal(sp_cliptype_contents(browser, SP_LEN(browser)),
			SP_CLIPBOARD_TEXT | SP_CLIPBOARD_HTML);
	assert_string_equal(sp_cliptype_choose(SP_CLIPBOARD_TEXT, browser, SP_LEN(browser)),
			"UTF8_STRING");
	assert_null(sp_cliptype_choose(SP_CLIPBOARD_PNG, browser, SP_LEN(browser)));
	assert_int_equal(sp_cliptype_contents(files, 2), SP_CLIPBOARD_FILES);
	assert_string_equal(sp_cliptype_choose(SP_CLIPBOARD_FILES, files, 2), "text/uri-list");
	assert_int_equal(sp_cliptype_contents(picture, 3), SP_CLIPBOARD_PNG | SP_CLIPBOARD_DIB);
	assert_string_equal(sp_cliptype_choose(SP_CLIPBOARD_DIB, picture, 3), "image/bmp");
	assert_string_equal(sp_cliptype_choose(SP_CLIPBOARD_DIB, picture, 1), "image/png");
	assert_int_equal(sp_cliptype_contents(NULL, 0), 0);

	assert_int_equal(sp_cliptype_of_contents(0, t), 0);
	assert_true(sp_cliptype_of_contents(SP_CLIPBOARD_ANY, t) <= SP_CLIPTYPE_TARGETS);
	uint32_t both = SP_CLIPBOARD_DIB | SP_CLIPBOARD_DIBV5;
	assert_int_equal(sp_cliptype_source(type_of("image/png", both), both), SP_CLIPBOARD_DIBV5);
	assert_int_equal(sp_cliptype_source(type_of("image/bmp", both), both), SP_CLIPBOARD_DIB);
	assert_int_equal(sp_cliptype_source(type_of("TEXT", SP_CLIPBOARD_TEXT), SP_CLIPBOARD_ANY),
			SP_CLIPBOARD_TEXT);
	/* One alone is always what its targets are made of; gcc 12 without the root's flag fails here. */
	for (uint32_t content = 1; content < SP_CLIPBOARD_ANY; content <<= 1) {
		size_t n = sp_cliptype_of_contents(content, t);

		for (size_t i = 0; i < n; i++) {
			assert_int_equal(sp_cliptype_source(t[i], content), content);
		}
	}
	assert_int_equal(type_of("text/uri-list", SP_CLIPBOARD_FILES)->kind, SP_CLIPTYPE_URIS);
	assert_null(type_of("text/html", SP_CLIPBOARD_TEXT));
}

static struct sp_rcbuf *to_x(const char *name, enum sp_clipboard_content content, const void *p,
		size_t n, int want)
{
	struct sp_rcbuf *out;
	const struct sp_cliptype *t = type_of(name, content);

	assert_non_null(t);
	assert_int_equal(sp_cliptype_to_x(t, content, sp_span(p, n), &out), want);
	return out;
}

static struct sp_rcbuf *to_wire(enum sp_clipboard_content content, const char *target,
		const char *type, const void *p, size_t n, int want)
{
	struct sp_rcbuf *in = sp_rcbuf_from(p, n), *out;

	assert_int_equal(sp_cliptype_to_wire(content, target, type, in, &out), want);
	sp_rcbuf_unref(in);
	return out;
}

static void is(struct sp_rcbuf *b, const void *p, size_t n)
{
	assert_non_null(b);
	assert_int_equal(b->n, n);
	assert_memory_equal(b->p, p, n);
	sp_rcbuf_unref(b);
}

static void test_text(void **state)
{
	static const uint8_t wire[] = "\xfc\0\r\0\n\0\xac\x20\x3d\xd8\x00\xde\0";

	(void)state;
	is(to_x("UTF8_STRING", SP_CLIPBOARD_TEXT, wire, sizeof(wire), SP_OK),
			"\xc3\xbc\n\xe2\x82\xac\xf0\x9f\x98\x80", 10);
	is(to_x("STRING", SP_CLIPBOARD_TEXT, wire, sizeof(wire), SP_OK), "\xfc\n??", 4);
	is(to_x("STRING", SP_CLIPBOARD_TEXT, wire, 0, SP_OK), "", 0);
	is(to_wire(SP_CLIPBOARD_TEXT, "STRING", "STRING", "\xfc\n", 2, SP_OK), "\xfc\0\r\0\n\0\0\0",
			8);
	is(to_wire(SP_CLIPBOARD_TEXT, "STRING", "STRING", "\xc3\xbc", 2, SP_OK), "\xfc\0\0\0", 4);
	/* Cut and overlong UTF-8 is taken for Latin-1, which everything is. */
	is(to_wire(SP_CLIPBOARD_TEXT, "UTF8_STRING", "UTF8_STRING", "\xe2\x82", 2, SP_OK),
			"\xe2\0\x82\0\0\0", 6);
	is(to_wire(SP_CLIPBOARD_TEXT, "UTF8_STRING", "UTF8_STRING", "\xc0\x80", 2, SP_OK),
			"\xc0\0\x80\0\0\0", 6);
	is(to_wire(SP_CLIPBOARD_TEXT, "UTF8_STRING", "UTF8_STRING", "", 0, SP_OK), "\0\0", 2);
	to_wire(SP_CLIPBOARD_TEXT, "STRING", "COMPOUND_TEXT", "\x1b%G", 3, SP_EFIELD);
}

static void test_html(void **state)
{
	static const char *const same[] = {"<b>\xc3\xbc</b>", "\xff\xfe<\0b\0>\0\xfc\0<\0/\0b\0>\0",
			"\xfe\xff\0<\0b\0>\0\xfc\0<\0/\0b\0>", "<\0b\0>\0\xfc\0<\0/\0b\0>\0"};
	static const size_t n[] = {9, 18, 18, 16};

	(void)state;
	for (size_t i = 0; i < SP_LEN(same); i++) {
		struct sp_rcbuf *b = to_wire(
				SP_CLIPBOARD_HTML, "text/html", "text/html", same[i], n[i], SP_OK);
		struct sp_span whole, fragment;

		assert_int_equal(sp_clip_html_read(sp_span(b->p, b->n), &whole, &fragment), SP_OK);
		assert_true(sp_span_eq(fragment, sp_span(same[0], n[0])));
		struct sp_rcbuf *x = to_x("text/html", SP_CLIPBOARD_HTML, b->p, b->n, SP_OK);
		assert_memory_equal(x->p, "<meta http-equiv", 16);
		sp_rcbuf_unref(x);
		sp_rcbuf_unref(b);
	}
	is(to_x("text/html", SP_CLIPBOARD_HTML, "<p charset=x>\0", 14, SP_OK), "<p charset=x>", 13);
	sp_rcbuf_unref(to_wire(SP_CLIPBOARD_HTML, "text/html", "text/html", "\xff\xfe<", 3, SP_OK));
	sp_rcbuf_unref(to_wire(SP_CLIPBOARD_HTML, "text/html", "text/html", "", 0, SP_OK));
}

static void test_pictures(void **state)
{
	uint8_t px[5 * 3 * 4];
	struct sp_wr w;
	struct sp_png png;
	bool alpha;

	(void)state;
	for (size_t i = 0; i < sizeof(px); i++) {
		px[i] = i % 4 == 3 ? 255 : (uint8_t)(i * 11);
	}
	sp_wr_init(&w, 1 << 16);
	assert_int_equal(sp_clip_dib_write(&w, px, 20, 5, 3), SP_OK);
	struct sp_rcbuf *file = to_x("image/png", SP_CLIPBOARD_DIB, w.p, w.n, SP_OK);
	assert_int_equal(sp_png_decode(sp_span(file->p, file->n), &png, &alpha), SP_OK);
	assert_memory_equal(png.bgrx, px, sizeof(px));
	sp_png_finish(&png);
	is(to_wire(SP_CLIPBOARD_DIB, "image/png", "image/png", file->p, file->n, SP_OK), w.p, w.n);
	is(to_wire(SP_CLIPBOARD_PNG, "image/png", "image/png", file->p, file->n, SP_OK), file->p,
			file->n);
	is(to_x("image/png", SP_CLIPBOARD_PNG, file->p, file->n, SP_OK), file->p, file->n);
	struct sp_rcbuf *bmp = to_x("image/bmp", SP_CLIPBOARD_PNG, file->p, file->n, SP_OK);
	is(to_wire(SP_CLIPBOARD_DIB, "image/bmp", "image/bmp", bmp->p, bmp->n, SP_OK), w.p, w.n);
	is(to_x("image/bmp", SP_CLIPBOARD_DIB, w.p, w.n, SP_OK), bmp->p, bmp->n);
	for (size_t n = 0; n < w.n; n++) {
		struct sp_rcbuf *out;

		assert_int_not_equal(sp_cliptype_to_x(type_of("image/png", SP_CLIPBOARD_DIB),
						     SP_CLIPBOARD_DIB, sp_span(w.p, n), &out),
				SP_OK);
	}
	to_x("image/bmp", SP_CLIPBOARD_PNG, "GIF89a", 6, SP_ECODEC);
	to_wire(SP_CLIPBOARD_DIB, "image/png", "image/png", "GIF89a", 6, SP_ECODEC);
	for (long n = 0; n < 3; n++) {
		struct sp_rcbuf *out;

		sp_mem_fail_after(n);
		int rc = sp_cliptype_to_x(type_of("image/bmp", SP_CLIPBOARD_PNG), SP_CLIPBOARD_PNG,
				sp_span(file->p, file->n), &out);
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
	}
	sp_rcbuf_unref(bmp);
	sp_rcbuf_unref(file);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_text),
			cmocka_unit_test(test_html),
			cmocka_unit_test(test_pictures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
