/* tests/desk/test_drive_name.c - names that can be written, folders of drives, errors. */
#include "desk/session/drive_name.h"

#include <errno.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "unit.h"

static void strcat_unit(char *name, const char *unit)
{
	size_t n = strlen(name);

	memcpy(name + n, unit, strlen(unit) + 1);
}

static void test_ok(void **state)
{
	static const char *const plain[] = {"a", ".profile", "two words.txt", "Grüße", "東京.txt",
			"سلام", "e\xCC\x81", "\xF0\x9F\x98\x80", "CONSOLE", "com", "com10", "nul1",
			"a'b", "100%", "~", "x;y"};
	static const char *const odd[] = {"a\\b", "a:b", "a*", "a?", "\"", "<", ">", "a|b",
			"tab\there", "new\nline", "dot.", "blank ", "con", "Con.txt", "NUL",
			"nul .txt", "aux.tar.gz", "COM1", "lpt9.x", "a\xEF\x80\xBA", "..."};
	static const char *const bad[] = {
			"", "a/b", ".", "..", "\xFF", "\xC3", "\xED\xA0\x80", "\xEF\xBF\xBD"};
	char longest[257];

	(void)state;
	for (size_t i = 0; i < SP_LEN(plain); i++) {
		if (!sp_drive_name_ok(plain[i]) || sp_drive_name_odd(plain[i])) {
			fail_msg("refused: %s", plain[i]);
		}
	}
	for (size_t i = 0; i < SP_LEN(odd); i++) {
		if (!sp_drive_name_ok(odd[i]) || !sp_drive_name_odd(odd[i])) {
			fail_msg("not odd: %s", odd[i]);
		}
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_drive_name_ok(bad[i])) {
			fail_msg("taken: %s", bad[i]);
		}
	}
	memset(longest, 'x', sizeof(longest));
	longest[256] = 0;
	assert_false(sp_drive_name_ok(longest));
	longest[255] = 0;
	assert_true(sp_drive_name_ok(longest));
}

/* 255 units of any script, which are up to 765 bytes. */
static void test_shorten(void **state)
{
	static const struct {
		const char *unit, *end, *kept;
	} rows[] = {{"\xE6\x9D\xB1", ".docx", ".docx"}, {"\xC3\xA9", "", ""},
			{"\xF0\x9F\x98\x80", ".tar.gz", ".gz"},
			{"\xE6\x9D\xB1", ".this is no ending at all, but words", ""}};
	char name[800], out[NAME_MAX + 1], again[NAME_MAX + 1], folder[NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		name[0] = 0;
		for (size_t n = 0; n < 100; n++) {
			strcat_unit(name, rows[i].unit);
		}
		strcat_unit(name, "1");
		strcat_unit(name, rows[i].end);
		if (strlen(name) <= NAME_MAX) {
			strcat_unit(name,
					"012345678901234567890123456789012345678901234567890123456"
					"7");
		}
		sp_drive_name_shorten(name, out);
		assert_true(strlen(out) <= NAME_MAX);
		assert_true(sp_drive_name_ok(out));
		assert_true(sp_drive_name_odd(out));
		const char *dot = strrchr(out, '.');
		assert_string_equal(dot ? dot : "", rows[i].kept);
		sp_drive_name_shorten(name, again);
		assert_string_equal(out, again);
		*strrchr(name, '1') = '2';
		sp_drive_name_shorten(name, again);
		assert_string_not_equal(out, again);
	}
	/* Long, but nothing was left out. */
	memset(folder, 'x', NAME_MAX);
	folder[NAME_MAX] = 0;
	assert_false(sp_drive_name_odd(folder));
}

static void expect_folder(const char *name, size_t cap, const char *want)
{
	char out[64];

	sp_drive_name_folder(name, out, cap);
	assert_string_equal(out, want);
}

static void test_folder(void **state)
{
	(void)state;
	expect_folder("C:", 64, "C");
	expect_folder("home", 64, "home");
	expect_folder("my/../files", 64, "my_.._files");
	expect_folder("..", 64, "drive");
	expect_folder("", 64, "drive");
	expect_folder(".hidden", 64, "drive");
	expect_folder("a\nb", 64, "a_b");
	expect_folder("x. .", 64, "x");
	expect_folder("\xFF\xFE", 64, "drive");
	expect_folder("日本語", 8, "日本");
}

static void test_errno(void **state)
{
	(void)state;
	assert_int_equal(sp_drive_errno(SP_DRIVE_FAIL_NONE), 0);
	assert_int_equal(sp_drive_errno(SP_DRIVE_FAIL_ACCESS), EACCES);
	assert_int_equal(sp_drive_errno(SP_DRIVE_FAIL_NODEV), EIO);
	assert_int_equal(sp_drive_errno(SP_DRIVE_FAIL_TIMEDOUT), EIO);
	assert_int_equal(sp_drive_errno(SP_DRIVE_FAIL_NOTEMPTY), ENOTEMPTY);
	assert_int_equal(sp_drive_errno((enum sp_drive_fail)9999), EIO);
	assert_int_equal(sp_drive_errno_unsent(SP_ENOTFOUND), EIO);
	assert_int_equal(sp_drive_errno_unsent(SP_EARG), EINVAL);
	assert_int_equal(sp_drive_errno_unsent(SP_ESPACE), ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_ok),
			cmocka_unit_test(test_shorten),
			cmocka_unit_test(test_folder),
			cmocka_unit_test(test_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
