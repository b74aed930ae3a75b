/* tests/app/test_again.c - commands that are printed to be pasted. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/again.h"
#include "host/conf/conf.h"
#include "unit.h"

static void test_words(void **state)
{
	static const struct {
		const char *text, *word;
	} rows[] = {{"/tmp/x.conf", "/tmp/x.conf"}, {"", "''"}, {"a b", "'a b'"},
			{"it's", "'it'\\''s'"}, {"$(id);`id`", "'$(id);`id`'"}, {"a\nb", "'a\nb'"},
			{"~", "'~'"}, {"\xc3\xa4", "'\xc3\xa4'"}};
	char out[64], small[12];

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		app_shell_word(rows[i].text, out, sizeof(out));
		assert_string_equal(out, rows[i].word);
	}
	/* Cut, but closed. */
	app_shell_word("a b c d e f g h", small, sizeof(small));
	assert_string_equal(small, "'a b c '");
	app_shell_word("a b", small, 2);
	assert_string_equal(small, "");
}

static const char *again(const char *file, const char *dir)
{
	static struct app_service s;
	static char out[APP_AGAIN_MAX];

	s = (struct app_service){.file = file, .dir = dir};
	app_again(&s, "user list", out, sizeof(out));
	return out;
}

static void test_again(void **state)
{
	struct app_service s = {.dir = "/srv/x"};
	char out[APP_AGAIN_MAX], here[PATH_MAX], want[2 * PATH_MAX];

	assert_string_equal(again(NULL, NULL), "sallyport user list");
	assert_string_equal(again(SP_CONF_FILE, NULL), "sallyport user list");
	assert_string_equal(again("/etc/x.conf", NULL), "sallyport user list -c /etc/x.conf");
	assert_string_equal(again(NULL, "/tmp/a b"), "sallyport user list --dir '/tmp/a b'");
	/* Where both are given the file is what counts. */
	assert_string_equal(again("/etc/x.conf", "/tmp"), "sallyport user list -c /etc/x.conf");
	/* Once the file was made of it. */
	snprintf(s.buf, sizeof(s.buf), "/srv/x/sallyport.conf");
	s.file = s.buf;
	app_again(&s, "firewall", out, sizeof(out));
	assert_string_equal(out, "sallyport firewall --dir /srv/x");
	app_again(NULL, "scan x", out, sizeof(out));
	assert_string_equal(out, "sallyport scan x");
	/* From any folder. */
	assert_non_null(getcwd(here, sizeof(here)));
	app_shell_word(here, out, sizeof(out));
	if (strcmp(here, out) == 0) {
		snprintf(want, sizeof(want), "sallyport user list -c %s/x.conf", here);
		assert_string_equal(again("./x.conf", NULL), want);
		snprintf(want, sizeof(want), "sallyport user list --dir %s", here);
		assert_string_equal(again(NULL, "."), want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_words),
			cmocka_unit_test(test_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
