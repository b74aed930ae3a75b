/* tests/desk/test_clipfiles.c - files on the clipboard: lists of URIs, trees of a client, walks. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/clip_files.h"
#include "desk.h"
#include "desk/session/copied.h"
#include "desk/session/pasted_tree.h"
#include "desk/session/urilist.h"
#include "unit.h"

/* ---- URIs ---- */

static void test_uris(void **state)
{
	static const char *const paths[] = {"/a", "/with blank/and%percent", "/gr\xc3\xbc\xc3\x9f",
			"/tab\tand\nline", "/#?&"};
	char path[SP_URILIST_PATH];

	(void)state;
	for (int form = SP_URILIST_PLAIN; form <= SP_URILIST_GNOME; form++) {
		struct sp_wr w;

		sp_wr_init(&w, 1 << 16);
		sp_urilist_begin(&w, (enum sp_urilist_form)form);
		for (size_t i = 0; i < SP_LEN(paths); i++) {
			sp_urilist_add(&w, (enum sp_urilist_form)form, paths[i]);
		}
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		struct sp_span rest = sp_span(w.p, w.n);
		for (size_t i = 0; i < SP_LEN(paths); i++) {
			assert_true(sp_urilist_next(&rest, path));
			assert_string_equal(path, paths[i]);
		}
		assert_false(sp_urilist_next(&rest, path));
		for (size_t n = 0; n < w.n; n++) {
			uint8_t *cut = malloc(n + 1);

			memcpy(cut, w.p, n);
			rest = sp_span(cut, n);
			while (sp_urilist_next(&rest, path)) {
				assert_int_equal(path[0], '/');
			}
			free(cut);
		}
		sp_wr_finish(&w);
	}
}

static void test_foreign_uris(void **state)
{
	static const char list[] = "# a comment\r\n\r\nhttp://host/x\r\nfile://elsewhere/x\r\n"
				   "file:relative\r\nfile:///bad%2\r\nfile:///nul%00x\r\nfile:\r\n"
				   "FILE://LocalHost/one//\r\nfile:/two\nfile:///three";
	static const char *const want[] = {"/one", "/two", "/three"};
	struct sp_span rest = sp_span(list, sizeof(list));
	char path[SP_URILIST_PATH];

	(void)state;
	for (size_t i = 0; i < SP_LEN(want); i++) {
		assert_true(sp_urilist_next(&rest, path));
		assert_string_equal(path, want[i]);
	}
	assert_false(sp_urilist_next(&rest, path));
	char *lengthy = malloc(SP_URILIST_PATH + 20);
	memset(lengthy, 'x', SP_URILIST_PATH + 20);
	memcpy(lengthy, "file:///", 8);
	rest = sp_span(lengthy, SP_URILIST_PATH + 20);
	assert_false(sp_urilist_next(&rest, path));
	free(lengthy);
}

/* ---- a client's tree ---- */

static void entry(struct sp_wr *w, const char *name, bool dir, uint64_t size)
{
	struct sp_clip_file f = {.dir = dir, .has_size = !dir, .size = size};

	snprintf(f.name, sizeof(f.name), "%s", name);
	assert_int_equal(sp_clip_file_write(w, &f), SP_NAME_FINE);
}

/* The name of an entry as a hostile client writes it. */
static void rename_last(struct sp_wr *w, const char *name)
{
	uint8_t *p = w->p + w->n - 520;

	memset(p, 0, 520);
	for (size_t i = 0; name[i]; i++) {
		p[2 * i] = (uint8_t)name[i];
	}
}

static uint32_t find(const struct sp_pasted_tree *t, uint32_t dir, const char *name)
{
	return sp_pasted_tree_find(t, dir, name, strlen(name));
}

static void test_tree(void **state)
{
	static const char *const bad[] = {"..\\up", "\\root", "C:\\x", "a\\..\\..\\b", "a\\\\b",
			"\\\\host\\share\\x", "x\\.", "/etc/passwd", "dir\\file\\below"};
	struct sp_pasted_tree t;
	struct sp_wr w;

	(void)state;
	sp_wr_init(&w, 1 << 20);
	size_t mark = sp_clip_files_begin(&w);
	entry(&w, "dir", true, 0);
	entry(&w, "dir/file", false, 7);
	entry(&w, "made/on the way/x", false, 1);
	entry(&w, "dir/file", false, 9);
	entry(&w, "dir", true, 0);
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		entry(&w, "a name", false, 1);
		rename_last(&w, bad[i]);
	}
	entry(&w, "last", false, 3);
	sp_clip_files_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_OK);

	assert_int_equal(sp_pasted_tree_read(&t, sp_span(w.p, w.n), 5), SP_OK);
	assert_int_equal(t.left_out, 1 + SP_LEN(bad));
	assert_int_equal(t.n, 1 + 6);
	uint32_t dir = find(&t, SP_PASTED_ROOT, "dir");
	assert_true(t.node[dir].dir);
	uint32_t file = find(&t, dir, "file");
	assert_int_equal(t.node[file].size, 7);
	assert_int_equal(t.node[file].index, 1);
	uint32_t way = find(&t, find(&t, SP_PASTED_ROOT, "made"), "on the way");
	assert_int_equal(t.node[find(&t, way, "x")].index, 2);
	assert_int_equal(t.node[find(&t, SP_PASTED_ROOT, "last")].index, 5 + SP_LEN(bad));
	assert_int_equal(find(&t, SP_PASTED_ROOT, "las"), SP_PASTED_NONE);
	assert_int_equal(find(&t, SP_PASTED_ROOT, ".."), SP_PASTED_NONE);
	sp_pasted_tree_finish(&t);

	for (size_t n = 0; n < w.n; n += 7) {
		assert_int_not_equal(sp_pasted_tree_read(&t, sp_span(w.p, n), 5), SP_OK);
	}
	for (long n = 0; n < 9; n++) {
		sp_mem_fail_after(n);
		int rc = sp_pasted_tree_read(&t, sp_span(w.p, w.n), 5);
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
	}
	sp_wr_reset(&w);
	mark = sp_clip_files_begin(&w);
	sp_clip_files_end(&w, mark);
	assert_int_equal(sp_pasted_tree_read(&t, sp_span(w.p, w.n), 5), SP_ENOTFOUND);
	sp_wr_finish(&w);
}

/* Paths of many parts make more directories than there are entries: bounded as well. */
static void test_deep_tree(void **state)
{
	struct sp_pasted_tree t;
	struct sp_wr w;

	(void)state;
	sp_wr_init(&w, 4 << 20);
	size_t mark = sp_clip_files_begin(&w);
	for (unsigned i = 0; i < 1000; i++) {
		char name[200];
		size_t n = (size_t)snprintf(name, sizeof(name), "%u", i);

		for (unsigned j = 0; j < 60; j++) {
			memcpy(name + n, "/x", 3);
			n += 2;
		}
		entry(&w, name, false, 1);
	}
	sp_clip_files_end(&w, mark);
	assert_int_equal(sp_pasted_tree_read(&t, sp_span(w.p, w.n), 5), SP_ELIMIT);
	sp_wr_finish(&w);
}

/* ---- walks ---- */

static char dir[64];

static void put(const char *name, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static struct sp_given *walk(const char *first, const char *second, int want)
{
	char list[700];
	struct sp_given *c = NULL;

	int n = snprintf(list, sizeof(list), "file://%s/%s\r\nfile://%s/%s\r\n", dir, first, dir,
			second);
	assert_int_equal(sp_copied_create(sp_span(list, (size_t)n), &c), want);
	return c;
}

static size_t count(const struct sp_given *c, char names[][SP_WIRE_NAME_TEXT], size_t max)
{
	struct sp_wr w;
	struct sp_rd r;
	struct sp_clip_file f;
	size_t n;

	sp_wr_init(&w, 1 << 20);
	assert_int_equal(sp_given_list(c, &w), SP_OK);
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_OK);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sp_clip_file_read(&r, &f), SP_OK);
		if (i < max) {
			memcpy(names[i], f.name, sizeof(f.name));
		}
	}
	sp_wr_finish(&w);
	return n;
}

static void test_walk(void **state)
{
	char path[300], names[8][SP_WIRE_NAME_TEXT];
	uint8_t bytes[32];
	uint64_t size;

	(void)state;
	desk_dir(dir);
	snprintf(path, sizeof(path), "%s/tree", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put("tree/file", "hello world");
	snprintf(path, sizeof(path), "%s/tree/out", dir);
	assert_int_equal(symlink("/etc", path), 0);
	snprintf(path, sizeof(path), "%s/tree/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/tree/proc", dir);
	assert_int_equal(symlink("/proc/self/fd/0", path), 0);
	snprintf(path, sizeof(path), "%s/way", dir);
	assert_int_equal(symlink("./tree/../tree", path), 0);

	walk("missing", "tree/fifo", SP_ENOTFOUND);
	walk("tree/proc", "tree/proc/..", SP_ENOTFOUND);
	struct sp_given *c = walk("way/file", "way/../tree/./file", SP_OK);
	assert_int_equal(count(c, names, 2), 2);
	assert_string_equal(names[0], "file");
	assert_string_equal(names[1], "file");
	sp_given_destroy(c);

	c = walk("tree", "missing", SP_OK);
	assert_int_equal(count(c, names, 2), 2);
	assert_string_equal(names[0], "tree");
	assert_string_equal(names[1], "tree/file");
	assert_int_equal(sp_given_size(c, 1, &size), SP_OK);
	assert_int_equal(size, 11);
	assert_int_equal(sp_given_read(c, 1, 6, bytes, sizeof(bytes)), 5);
	assert_memory_equal(bytes, "world", 5);
	assert_int_equal(sp_given_read(c, 1, 11, bytes, 4), 0);
	assert_int_equal(sp_given_read(c, 1, UINT64_MAX, bytes, 4), 0);
	assert_int_equal(sp_given_read(c, 0, 0, bytes, 4), SP_ENOTFOUND);
	assert_int_equal(sp_given_read(c, 2, 0, bytes, 4), SP_ENOTFOUND);
	sp_given_destroy(c);

	/* What was a file becomes a link out before it is read. */
	c = walk("tree", "missing", SP_OK);
	snprintf(path, sizeof(path), "%s/tree/file", dir);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(sp_given_read(c, 1, 0, bytes, 4), SP_ENOTFOUND);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(sp_given_read(c, 1, 0, bytes, 4), SP_ENOTFOUND);
	sp_given_destroy(c);
	for (long n = 0; n < 4; n++) {
		char list[300];
		int len = snprintf(list, sizeof(list), "file://%s/tree\r\n", dir);

		sp_mem_fail_after(n);
		int rc = sp_copied_create(sp_span(list, (size_t)len), &c);
		sp_mem_fail_after(-1);
		assert_true(rc == SP_ENOMEM || rc == SP_OK);
		sp_given_destroy(rc == SP_OK ? c : NULL);
	}
	desk_remove(dir);
}

#define RACES 4000
static atomic_bool stop;

/* Under one name take turns: a file, a link out of here, a pipe, and a directory with a link. */
static void *take_turns(void *arg)
{
	static const char *const names[] = {"file", "link", "pipe", "folder"};
	char at[128], mine[SP_LEN(names)][128];

	snprintf(at, sizeof(at), "%s/tree/at", dir);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(mine[i], sizeof(mine[i]), "%s/%s", dir, names[i]);
	}
	for (size_t i = 0; !atomic_load(&stop); i = (i + 1) % SP_LEN(names)) {
		(void)!rename(mine[i], at);
		(void)!rename(at, mine[i]);
	}
	return NULL;
}

static void test_race(void **state)
{
	char path[300], list[300];
	size_t good = 0, bad = 0;
	pthread_t t;

	(void)state;
	desk_dir(dir);
	snprintf(path, sizeof(path), "%s/tree", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/folder", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put("secret", "outside");
	put("file", "inside");
	snprintf(path, sizeof(path), "%s/link", dir);
	assert_int_equal(symlink("../secret", path), 0);
	snprintf(path, sizeof(path), "%s/folder/link", dir);
	assert_int_equal(symlink("../secret", path), 0);
	snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	int n = snprintf(list, sizeof(list), "file://%s/tree\r\n", dir);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&t, NULL, take_turns, NULL), 0);
	for (size_t i = 0; i < RACES; i++) {
		struct sp_given *c = NULL;

		assert_int_equal(sp_copied_create(sp_span(list, (size_t)n), &c), SP_OK);
		for (uint32_t k = 0; k < 4; k++) {
			char text[16] = "";
			uint64_t size = 0;
			int rc = sp_given_size(c, k, &size);
			int64_t got = sp_given_read(c, k, 0, text, sizeof(text) - 1);

			assert_true(rc != SP_OK || size == 6);
			assert_true(got < 0 || strcmp(text, "inside") == 0);
			good += got == 6;
			bad += got < 0;
		}
		sp_given_destroy(c);
	}
	atomic_store(&stop, true);
	pthread_join(t, NULL);
	assert_int_equal(good + bad, 4 * RACES);
	desk_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_uris),
			cmocka_unit_test(test_foreign_uris),
			cmocka_unit_test(test_tree),
			cmocka_unit_test(test_deep_tree),
			cmocka_unit_test(test_walk),
			cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
