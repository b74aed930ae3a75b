/* tests/core/chan/test_clip_html.c - HTML of the clipboard and its header. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/clip_html.h"

static struct sp_span text(const char *s)
{
	return sp_span(s, strlen(s));
}

/* Written and read again: the fragment is what was given, the offsets are those of the header. */
static void check(const char *html, const char *fragment)
{
	struct sp_span whole, part;
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	assert_int_equal(sp_clip_html_write(&w, text(html)), SP_OK);
	assert_int_equal(w.p[w.n - 1], 0);
	assert_memory_equal(w.p, "Version:0.9\r\nStartHTML:", 23);
	assert_int_equal(sp_clip_html_read(sp_span(w.p, w.n), &whole, &part), SP_OK);
	unit_assert_span(part, text(fragment));
	assert_int_equal(whole.p[0], '<');
	assert_ptr_equal(whole.p + whole.n, w.p + w.n - 1);
	assert_memory_equal(part.p - 20, "<!--StartFragment-->", 20);
	assert_memory_equal(part.p + part.n, "<!--EndFragment-->", 18);
	sp_wr_finish(&w);
}

static void test_write(void **state)
{
	check("<b>x</b>", "<b>x</b>");
	check("", "");
	check("\xC3\xA4\xF0\x9F\x98\x80", "\xC3\xA4\xF0\x9F\x98\x80");
	check("\xEF\xBB\xBF<i>x</i>", "<i>x</i>");
	check("<html><body>x<p>y</body></html>", "x<p>y");
	check("<HTML><head></head><BODY class=a>x</BODY></HTML>", "x");
	check("<html>x</html>", "x</html>");
	check("<body>x", "x");
	check("<bodyguard>x", "<bodyguard>x");
	check("<html><body><!--StartFragment-->a<!--EndFragment-->b</body></html>", "a");
}

static void test_read(void **state)
{
	static const struct {
		const char *wire, *fragment;
		int rc;
	} rows[] = {
			{"Version:0.9\r\nStartHTML:-1\r\nEndHTML:-1\r\nStartFragment:0084\r\n"
			 "EndFragment:0087\r\n<!-- ->abc",
					"abc", SP_OK},
			/* Offsets that lie: what the marks say, or all of it. */
			{"Version:1.0\r\nStartHTML:9999999\r\nEndHTML:1\r\nStartFragment:5\r\n"
			 "EndFragment:2\r\n<p><!--StartFragment-->abc<!--EndFragment--></p>",
					"abc", SP_OK},
			{"Version:1.0\r\nStartFragment:99999999999999999999\r\n<p>abc", "<p>abc",
					SP_OK},
			{"Version:1.0\n<p>abc", "<p>abc", SP_OK},
			{"Version:1.0", "", SP_OK},
			{"<p>abc</p>", NULL, SP_EFIELD},
			{"", NULL, SP_EFIELD},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_span whole, part;

		assert_int_equal(sp_clip_html_read(text(rows[i].wire), &whole, &part), rows[i].rc);
		if (rows[i].rc == SP_OK && i != 4) {
			unit_assert_span(part, text(rows[i].fragment));
		}
	}
}

static void look(struct sp_span cut, void *arg)
{
	struct sp_span whole, part;

	if (sp_clip_html_read(cut, &whole, &part) == SP_OK) {
		assert_true(whole.p >= cut.p && whole.p + whole.n <= cut.p + cut.n);
		assert_true(part.p >= cut.p && part.p + part.n <= cut.p + cut.n);
	}
}

static void test_cut(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	assert_int_equal(sp_clip_html_write(&w, text("<html><body>x</body></html>")), SP_OK);
	unit_truncate(sp_span(w.p, w.n), look, NULL);
	sp_wr_finish(&w);
	sp_wr_init(&w, 100);
	assert_int_equal(sp_clip_html_write(&w, text("<html><body>x</body></html>")), SP_ESPACE);
	sp_wr_finish(&w);
	sp_mem_fail_after(0);
	sp_wr_init(&w, 4096);
	assert_int_equal(sp_clip_html_write(&w, text("x")), SP_ENOMEM);
	sp_mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_write),
			cmocka_unit_test(test_read),
			cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
