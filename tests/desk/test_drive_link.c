/* tests/desk/test_drive_link.c - links in the desktop folder: only where it is, never over a user's file. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "desk.h"
#include "desk/session/drives_part.h"
#include "unit.h"

#define TARGET "/run/user/0/sallyport/drives/home"

static char home[64];

static int setup(void **state)
{
	(void)state;
	desk_dir(home);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	desk_remove(home);
	return 0;
}

static void path_of(char *out, size_t n, const char *name)
{
	snprintf(out, n, "%s/%s", home, name);
}

static void make_dir(const char *name)
{
	char path[256];

	path_of(path, sizeof(path), name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_file(const char *name, const char *text)
{
	char path[256];

	path_of(path, sizeof(path), name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool is_link(const char *name)
{
	char path[256], target[256];

	path_of(path, sizeof(path), name);
	ssize_t n = readlink(path, target, sizeof(target));
	return n == (ssize_t)strlen(TARGET) && memcmp(target, TARGET, (size_t)n) == 0;
}

static void expect_made(const char *want)
{
	char *made = sp_drive_link_make(home, "home", TARGET);

	if (want) {
		assert_string_equal(made, want);
	} else {
		assert_null(made);
	}
	sp_free(made);
}

static void test_plain(void **state)
{
	(void)state;
	expect_made(NULL);
	make_dir("Desktop");
	expect_made("home");
	assert_true(is_link("Desktop/home"));
	/* One that a predecessor left is taken over. */
	expect_made("home");
	sp_drive_link_remove(home, "home", "/somewhere/else");
	assert_true(is_link("Desktop/home"));
	sp_drive_link_remove(home, "home", TARGET);
	assert_false(is_link("Desktop/home"));
	sp_drive_link_remove(home, "home", TARGET);
}

static void test_taken(void **state)
{
	char path[256];
	struct stat st;

	(void)state;
	make_dir("Desktop");
	make_file("Desktop/home", "the user's own");
	expect_made("home (2)");
	assert_true(is_link("Desktop/home (2)"));
	sp_drive_link_remove(home, "home", TARGET);
	path_of(path, sizeof(path), "Desktop/home");
	assert_int_equal(stat(path, &st), 0);
	make_file("Desktop/home (3)", "");
	make_file("Desktop/home (4)", "");
	sp_drive_link_remove(home, "home (2)", TARGET);
	make_file("Desktop/home (2)", "");
	expect_made(NULL);
}

static void test_named(void **state)
{
	(void)state;
	make_dir("Desktop");
	make_dir("Bureau");
	make_dir(".config");
	make_file(".config/user-dirs.dirs",
			"# comment\nXDG_DESKTOP_DIR=\"$HOME/Bureau\"\nXDG_MUSIC_DIR=\"$HOME/M\"\n");
	expect_made("home");
	assert_true(is_link("Bureau/home"));
	make_file(".config/user-dirs.dirs", "XDG_DESKTOP_DIR=\"$HOME/../Bureau\"");
	expect_made(NULL);
	make_file(".config/user-dirs.dirs", "XDG_DESKTOP_DIR=\"/tmp\"\nXDG_DESKTOP_DIR=\"$HOME/");
	expect_made("home");
	assert_true(is_link("Desktop/home"));
}

static void test_link_as_folder(void **state)
{
	char path[256];

	(void)state;
	make_dir("real");
	path_of(path, sizeof(path), "Desktop");
	assert_int_equal(symlink("real", path), 0);
	expect_made(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
			cmocka_unit_test_setup_teardown(test_taken, setup, teardown),
			cmocka_unit_test_setup_teardown(test_named, setup, teardown),
			cmocka_unit_test_setup_teardown(test_link_as_folder, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
