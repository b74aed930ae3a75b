/* tests/gate/ship/test_mark.c - up to where a destination is: written, read, damaged. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/ship/mark.h"

static const struct sp_mark some = {.seq = 1234567890123,
		.hash = {0x01, 0xab, [31] = 0xff},
		.wall_ns = 99,
		.missed = 7};

static void test_round(void **state)
{
	(void)state;
	char text[SP_MARK_MAX];
	struct sp_mark m;
	const struct sp_mark biggest = {
			.seq = INT64_MAX - 1, .wall_ns = UINT64_MAX, .missed = UINT64_MAX};
	size_t n = sp_mark_write(&biggest, text);

	assert_true(n < sizeof(text));
	assert_int_equal(sp_mark_read(sp_span(text, n), &m), SP_OK);
	assert_memory_equal(&m, &biggest, sizeof(m));
	n = sp_mark_write(&some, text);
	assert_int_equal(sp_mark_read(sp_span(text, n), &m), SP_OK);
	assert_memory_equal(&m, &some, sizeof(m));
}

static void refused(struct sp_span cut, void *arg)
{
	struct sp_mark m;

	assert_int_equal(sp_mark_read(cut, &m), SP_EFIELD);
}

static void test_damaged(void **state)
{
	(void)state;
	char text[SP_MARK_MAX + 1];
	struct sp_mark m;
	size_t n = sp_mark_write(&some, text);

	unit_truncate(sp_span(text, n), refused, NULL);
	text[n] = '\n';
	assert_int_equal(sp_mark_read(sp_span(text, n + 1), &m), SP_EFIELD);
	static const char *const bad[] = {"", "sallyport ship 2\nseq 1\n",
			"sallyport ship 1\nseq 18446744073709551616\n",
			"sallyport ship 1\nseq -1\nhash"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(sp_mark_read(sp_span(bad[i], strlen(bad[i])), &m), SP_EFIELD);
	}
	/* A digit of the hash that is none. */
	char *hash = strstr(text, "hash ");
	hash[7] = 'G';
	assert_int_equal(sp_mark_read(sp_span(text, n), &m), SP_EFIELD);
}

static void test_file(void **state)
{
	(void)state;
	char dir[] = "/tmp/sp-test-mark-XXXXXX", path[64];
	struct sp_mark m;
	struct stat st;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mark", dir);
	assert_int_equal(sp_mark_load(path, &m), SP_ENOTFOUND);
	assert_int_equal(sp_mark_save(path, &(struct sp_mark){0}), SP_OK);
	assert_int_equal(sp_mark_save(path, &some), SP_OK);
	assert_int_equal(sp_mark_load(path, &m), SP_OK);
	assert_memory_equal(&m, &some, sizeof(m));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(truncate(path, 20), 0);
	assert_int_equal(sp_mark_load(path, &m), SP_EFIELD);
	assert_int_equal(truncate(path, 10000), 0);
	assert_true(sp_mark_load(path, &m) < 0);
	unlink(path);
	rmdir(dir);
}

/* What was a file is moved into the folder of its name, also when that was begun before. */
static void test_folder(void **state)
{
	(void)state;
	char dir[] = "/tmp/sp-test-mark-XXXXXX", one[64], file[80], aside[80];
	struct sp_mark m;

	assert_non_null(mkdtemp(dir));
	snprintf(one, sizeof(one), "%s/siem", dir);
	snprintf(file, sizeof(file), "%s/" SP_MARK_FILE, one);
	snprintf(aside, sizeof(aside), "%s@mark", one);
	assert_int_equal(sp_mark_save(one, &some), SP_OK);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sp_mark_folder(one), SP_OK);
		assert_int_equal(sp_mark_load(file, &m), SP_OK);
		assert_memory_equal(&m, &some, sizeof(m));
	}
	assert_int_equal(rename(file, aside), 0);
	assert_int_equal(rmdir(one), 0);
	assert_int_equal(sp_mark_folder(one), SP_OK);
	assert_int_equal(sp_mark_load(file, &m), SP_OK);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(one), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_file),
			cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
