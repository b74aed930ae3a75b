/* tests/desk/test_drive_nodes.c - inodes: found by name, moved, forgotten, their paths. */
#include "desk/session/drive_nodes.h"

#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "unit.h"

static struct sp_drive_nodes *t;
static struct sp_drive_node *root, *drive;

static int setup(void **state)
{
	(void)state;
	t = sp_drive_nodes_create();
	assert_non_null(t);
	root = sp_drive_node_of(t, 1);
	assert_non_null(root);
	drive = sp_drive_node_get(t, root, "home");
	assert_non_null(drive);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sp_drive_nodes_destroy(t);
	return 0;
}

static void expect_path(const struct sp_drive_node *n, const char *name, const char *want)
{
	char path[64];

	assert_int_equal(sp_drive_node_path(t, n, name, path, sizeof(path)), SP_OK);
	assert_string_equal(path, want);
}

static void test_paths(void **state)
{
	char path[8];

	(void)state;
	struct sp_drive_node *dir = sp_drive_node_get(t, drive, "dir");
	struct sp_drive_node *file = sp_drive_node_get(t, dir, "file");

	expect_path(root, NULL, "");
	expect_path(drive, NULL, "");
	expect_path(drive, "x", "x");
	expect_path(file, NULL, "dir/file");
	expect_path(dir, "y", "dir/y");
	assert_int_equal(sp_drive_node_path(t, file, NULL, path, sizeof(path)), SP_ESPACE);
	assert_ptr_equal(sp_drive_node_find(t, dir, "file"), file);
	assert_int_equal(sp_drive_node_move(t, file, drive, "moved"), SP_OK);
	expect_path(file, NULL, "moved");
	assert_null(sp_drive_node_find(t, dir, "file"));
	sp_drive_node_unlink(t, file);
	assert_int_equal(sp_drive_node_path(t, file, NULL, path, sizeof(path)), SP_ENOTFOUND);
	assert_null(sp_drive_node_find(t, drive, "moved"));
}

/* A name that the client writes as it is, and so is to be asked for. */
static void test_raw(void **state)
{
	(void)state;
	struct sp_drive_node *dir = sp_drive_node_get(t, drive, "a:b");
	struct sp_drive_node *file = sp_drive_node_get(t, dir, "c?");

	expect_path(file, NULL, "a:b/c?");
	dir->raw = true;
	expect_path(file, NULL,
			"\xFF"
			"a:b/c?");
	file->raw = true;
	expect_path(dir, "c?",
			"\xFF"
			"a:b/\xFF"
			"c?");
	expect_path(dir, "d?",
			"\xFF"
			"a:b/d?");
}

static void test_replaced(void **state)
{
	(void)state;
	struct sp_drive_node *a = sp_drive_node_get(t, drive, "a");
	struct sp_drive_node *b = sp_drive_node_get(t, drive, "b");

	assert_int_equal(sp_drive_node_move(t, a, drive, "b"), SP_OK);
	assert_ptr_equal(sp_drive_node_find(t, drive, "b"), a);
	assert_false(b->linked);
	assert_int_equal(sp_drive_node_move(t, a, drive, "b"), SP_OK);
	assert_ptr_equal(sp_drive_node_find(t, drive, "b"), a);
}

static void test_forget(void **state)
{
	(void)state;
	struct sp_drive_node *dir = sp_drive_node_get(t, drive, "dir");
	struct sp_drive_node *file = sp_drive_node_get(t, dir, "file");
	uint64_t ino = file->ino, generation = file->generation, dir_ino = dir->ino;

	assert_ptr_equal(sp_drive_node_get(t, dir, "file"), file);
	/* The child keeps its parent. */
	sp_drive_node_unref(t, dir, 1);
	assert_ptr_equal(sp_drive_node_of(t, dir_ino), dir);
	sp_drive_node_unref(t, file, 2);
	assert_null(sp_drive_node_of(t, ino));
	assert_null(sp_drive_node_of(t, dir_ino));
	assert_null(sp_drive_node_of(t, 0));
	assert_null(sp_drive_node_of(t, UINT64_MAX));
	/* More than there are, as only a broken kernel could say. */
	struct sp_drive_node *again = sp_drive_node_get(t, drive, "other");
	assert_true(again->generation > generation);
	sp_drive_node_unref(t, again, 1000);
	sp_drive_node_unref(t, root, 1000);
	assert_ptr_equal(sp_drive_node_of(t, 1), root);
}

/* Names that are others on the wire, and go with whoever takes their place. */
static void test_written(void **state)
{
	(void)state;
	struct sp_drive_node *dir = sp_drive_node_get(t, drive, "dir~1");
	struct sp_drive_node *file = sp_drive_node_get(t, dir, "file");
	struct sp_drive_node *odd = sp_drive_node_get(t, dir, "a:b");

	assert_true(sp_drive_node_written(dir, true, "directory"));
	assert_true(sp_drive_node_written(odd, true, NULL));
	expect_path(dir, NULL,
			"\xFF"
			"directory");
	expect_path(drive, "dir~1",
			"\xFF"
			"directory");
	expect_path(file, NULL,
			"\xFF"
			"directory/file");
	expect_path(dir, "a:b",
			"\xFF"
			"directory/\xFF"
			"a:b");
	assert_int_equal(sp_drive_node_move(t, file, dir, "a:b"), SP_OK);
	expect_path(file, NULL,
			"\xFF"
			"directory/\xFF"
			"a:b");
	assert_int_equal(sp_drive_node_move(t, file, drive, "dir~1"), SP_OK);
	expect_path(file, NULL,
			"\xFF"
			"directory");
	assert_int_equal(sp_drive_node_move(t, file, drive, "plain"), SP_OK);
	expect_path(file, NULL, "plain");
	assert_true(sp_drive_node_written(file, true, "x"));
	sp_mem_fail_after(0);
	assert_false(sp_drive_node_written(file, true, "y"));
	assert_true(sp_drive_node_written(file, true, "x"));
	sp_mem_fail_after(-1);
	expect_path(file, NULL,
			"\xFF"
			"x");
	assert_true(sp_drive_node_written(file, false, NULL));
	expect_path(file, NULL, "plain");
}

static void test_deep(void **state)
{
	char path[SP_DRIVE_SERVER_MAX_PATH];

	(void)state;
	struct sp_drive_node *n = drive;
	for (int i = 0; i < SP_DRIVE_NODES_DEPTH; i++) {
		n = sp_drive_node_get(t, n, "d");
	}
	assert_int_equal(sp_drive_node_path(t, n, NULL, path, sizeof(path)), SP_OK);
	assert_int_equal(sp_drive_node_path(t, n, "e", path, sizeof(path)), SP_ESPACE);
}

static void test_many(void **state)
{
	char name[32];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_non_null(sp_drive_node_get(t, drive, name));
	}
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		struct sp_drive_node *n = sp_drive_node_find(t, drive, name);
		assert_string_equal(n->name, name);
		sp_drive_node_unref(t, n, 1);
	}
	assert_null(sp_drive_node_find(t, drive, "n0"));
}

static void test_no_memory(void **state)
{
	(void)state;
	for (long after = 0; after < 6; after++) {
		sp_mem_fail_after(after);
		struct sp_drive_node *n = sp_drive_node_get(t, drive, "x");
		int rc = n ? sp_drive_node_move(t, n, drive, "y") : SP_OK;
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		sp_drive_node_unref(t, n, 1);
		assert_null(sp_drive_node_find(t, drive, "x"));
	}
	sp_mem_fail_after(0);
	assert_null(sp_drive_nodes_create());
	sp_mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
			cmocka_unit_test_setup_teardown(test_raw, setup, teardown),
			cmocka_unit_test_setup_teardown(test_replaced, setup, teardown),
			cmocka_unit_test_setup_teardown(test_forget, setup, teardown),
			cmocka_unit_test_setup_teardown(test_written, setup, teardown),
			cmocka_unit_test_setup_teardown(test_deep, setup, teardown),
			cmocka_unit_test_setup_teardown(test_many, setup, teardown),
			cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
