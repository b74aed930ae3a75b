/* tests/core/base/test_base.c - errors, log lines, rectangles, UTF-16, secrets. */
#include "unit.h"

#include <stdio.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/rect.h"
#include "core/base/secret.h"
#include "core/base/utf16.h"

static void test_errors(void **state)
{
	assert_string_equal(sp_err_text(SP_ESHORT), "message too short");
	assert_string_equal(sp_err_name(SP_ENOMEM), "SP_ENOMEM");
	assert_int_equal(sp_err_class(SP_ETLS), SP_ERR_CLASS_HOST);
	assert_string_equal(sp_err_text(-9999), "unknown error");
	assert_string_equal(sp_err_text(5), "unknown error");
}

static char logged[600];

static void take_line(enum sp_log_level level, const char *text)
{
	snprintf(logged, sizeof(logged), "%d %s", level, text);
}

static void test_log_cannot_be_forged(void **state)
{
	sp_log_set(take_line, SP_LOG_INFO);
	sp_log(SP_LOG_INFO, "user %s", "a\nroot logged in\x1b[1m");
	assert_string_equal(logged, "2 user a?root logged in?[1m");
	sp_log(SP_LOG_DEBUG, "not seen");
	assert_string_equal(logged, "2 user a?root logged in?[1m");
	/* U+009B is what ESC [ is; U+00A0 and the rest of Latin-1 are text. */
	sp_log(SP_LOG_INFO, "user %s",
			"a\xc2\x9b"
			"1m\xc2\x85 \xc2\xa0\xc3\x85 \xc2");
	assert_string_equal(logged, "2 user a??1m?? \xc2\xa0\xc3\x85 ?");
	/* Neither can a name stand elsewhere than where it was put. */
	sp_log(SP_LOG_INFO, "%s refused \x9b \xe2\x82",
			"a\xe2\x80\xae"
			"b\xf3\xa0\x80\x81\xe2\x82\xac");
	assert_string_equal(logged, "2 a???b????\xe2\x82\xac refused ? ??");
	sp_log_set(NULL, SP_LOG_INFO);
}

static void test_rects(void **state)
{
	struct sp_rect a = {0, 0, 10, 10}, b = {5, 5, 10, 10}, far = {20, 20, 1, 1};
	struct sp_rect both = sp_rect_and(a, b), all = sp_rect_or(a, b);

	assert_true(both.x == 5 && both.y == 5 && both.w == 5 && both.h == 5);
	assert_true(all.x == 0 && all.w == 15);
	assert_true(sp_rect_empty(sp_rect_and(a, far)));
	assert_true(sp_rect_contains(all, b) && !sp_rect_contains(a, b));
}

static void test_utf16(void **state)
{
	char out[32];
	struct sp_wr w;

	assert_true(sp_utf16_to_utf8(
			unit_hex("6100 e400 ac20 3dd8 00de 0000 6200"), out, sizeof(out)));
	assert_string_equal(out, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	sp_wr_init(&w, 64);
	sp_utf16_write(&w, out);
	unit_assert_span(sp_span(w.p, w.n), unit_hex("6100 e400 ac20 3dd8 00de"));
	assert_int_equal(sp_utf16_units(out), 5);
	sp_wr_finish(&w);
	assert_false(sp_utf16_to_utf8(unit_hex("6100 e400 ac20"), out, 4));
	assert_string_equal(out, "a\xc3\xa4");
	assert_true(sp_utf16_to_utf8(unit_hex("3dd8 6100 00"), out, sizeof(out)));
	assert_string_equal(out,
			"\xef\xbf\xbd"
			"a");
	sp_wr_init(&w, 64);
	sp_utf16_write(&w, "\xc0\x80\xed\xa0\x80\xff");
	assert_int_equal(w.n % 2, 0);
	sp_wr_finish(&w);
}

static void test_secret(void **state)
{
	struct sp_secret s;
	uint8_t big[SP_SECRET_MAX + 1] = {0};

	assert_true(sp_secret_set(&s, "abc", 3));
	assert_true(sp_secret_eq(s.p, "abc", 3));
	assert_false(sp_secret_eq(s.p, "abd", 3));
	assert_false(sp_secret_set(&s, big, sizeof(big)));
	assert_int_equal(s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_errors),
			cmocka_unit_test(test_log_cannot_be_forged),
			cmocka_unit_test(test_rects),
			cmocka_unit_test(test_utf16),
			cmocka_unit_test(test_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
