/* tests/client/test_clip_files.c - files that go over the clipboard: read here, and written here. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/clip_fetch.h"
#include "client/clip_local.h"
#include "core/base/err.h"
#include "core/chan/clip_files.h"

static char root[64], *where;

static int set_up(void **state)
{
	snprintf(root, sizeof(root), "/tmp/sp-clip-XXXXXX");
	where = mkdtemp(root);
	return where && chdir(where) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	int status = chdir("/");
	pid_t pid = fork();

	if (pid == 0) {
		execlp("rm", "rm", "-rf", where, (char *)NULL);
		_exit(1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static size_t names(const struct sp_given *l, struct sp_clip_file f[16])
{
	struct sp_wr w;
	struct sp_rd r;
	size_t n;

	sp_wr_init(&w, SP_CLIP_FILES_BYTES);
	assert_int_equal(sp_given_list(l, &w), SP_OK);
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_clip_files_read(&r, &n), SP_OK);
	assert_true(n <= 16);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(sp_clip_file_read(&r, &f[i]), SP_OK);
	}
	sp_wr_finish(&w);
	return n;
}

/* Links, pipes and what the links show are not there, and do not come in later. */
static void test_local(void **state)
{
	static struct sp_clip_file f[16];
	const char *paths[] = {"tree", "single"};
	struct sp_given *l;
	char why[SP_WHY_MAX], bytes[16];
	uint64_t size;
	uint32_t file = 0;

	put("secret", "secret");
	put("single", "one");
	assert_int_equal(mkdir("tree", 0755), 0);
	put("tree/file", "0123456789");
	assert_int_equal(symlink("../secret", "tree/link"), 0);
	assert_int_equal(symlink("/etc", "tree/out"), 0);
	assert_int_equal(mkfifo("tree/pipe", 0644), 0);
	put("tree/a\xFF", "no name for the wire");
	assert_int_equal(sp_clip_local_create(paths, 2, &l, why), SP_OK);
	assert_int_equal(names(l, f), 3);
	assert_string_equal(f[0].name, "tree");
	assert_true(f[0].dir);
	assert_string_equal(f[1].name, "tree/file");
	assert_string_equal(f[2].name, "single");
	file = 1;
	assert_int_equal(sp_given_size(l, file, &size), SP_OK);
	assert_int_equal(size, 10);
	assert_int_equal(sp_given_read(l, file, 4, bytes, 3), 3);
	assert_memory_equal(bytes, "456", 3);
	assert_int_equal(sp_given_read(l, file, 8, bytes, 16), 2);
	assert_int_equal(sp_given_read(l, file, 100, bytes, 16), 0);
	assert_int_equal(sp_given_read(l, file, UINT64_MAX, bytes, 16), 0);
	assert_int_equal(sp_given_size(l, 0, &size), SP_ENOTFOUND); /* a directory */
	assert_int_equal(sp_given_size(l, 3, &size), SP_ENOTFOUND);
	assert_int_equal(sp_given_size(l, UINT32_MAX, &size), SP_ENOTFOUND);
	/* A file that becomes a link or a pipe is none any more, unless it is open already. */
	assert_int_equal(sp_given_size(l, 2, &size), SP_OK);
	sp_given_destroy(l);
	assert_int_equal(sp_clip_local_create(paths, 2, &l, why), SP_OK);
	assert_int_equal(unlink("tree/file"), 0);
	assert_int_equal(symlink("../secret", "tree/file"), 0);
	assert_int_equal(sp_given_read(l, 1, 0, bytes, 4), SP_ENOTFOUND);
	assert_int_equal(unlink("tree/file"), 0);
	assert_int_equal(mkfifo("tree/file", 0644), 0);
	assert_int_equal(sp_given_size(l, 1, &size), SP_ENOTFOUND);
	sp_given_destroy(l);
	paths[0] = "nothing";
	assert_int_equal(sp_clip_local_create(paths, 1, &l, why), SP_ENOTFOUND);
	paths[0] = "tree/pipe";
	assert_int_equal(sp_clip_local_create(paths, 1, &l, why), SP_ENOTFOUND);
	paths[0] = "/";
	assert_int_equal(sp_clip_local_create(paths, 1, &l, why), SP_ELIMIT);
	sp_given_destroy(NULL);
}

#define RACE_FILES 10 /* more than are kept open */

static atomic_bool swapped_enough;

static void *swap(void *arg)
{
	while (!atomic_load(&swapped_enough)) {
		(void)!rename("race/dir", "race/two");
		(void)!rename("race/one", "race/dir");
		(void)!rename("race/dir", "race/one");
		(void)!rename("race/two", "race/dir");
	}
	return NULL;
}

/* A directory that is a link to one outside every other moment: never what is out there. N-F1 */
static void test_race(void **state)
{
	const char *paths[] = {"race"};
	struct sp_given *l;
	char why[SP_WHY_MAX];
	unsigned given = 0;
	pthread_t t;

	assert_int_equal(mkdir("race", 0755), 0);
	assert_int_equal(mkdir("race/dir", 0755), 0);
	assert_int_equal(mkdir("outside", 0755), 0);
	for (unsigned i = 0; i < RACE_FILES; i++) {
		char name[32];

		snprintf(name, sizeof(name), "race/dir/%u", i);
		put(name, "inside");
		snprintf(name, sizeof(name), "outside/%u", i);
		put(name, "secret");
	}
	assert_int_equal(symlink("../outside", "race/one"), 0);
	assert_int_equal(sp_clip_local_create(paths, 1, &l, why), SP_OK);
	atomic_store(&swapped_enough, false);
	assert_int_equal(pthread_create(&t, NULL, swap, NULL), 0);
	/* In turns, so that each is opened anew; on until the other one has been let run. */
	for (uint32_t i = 0; i < 10000 || (given == 0 && i < 10000000); i++) {
		char text[8] = "";
		int64_t n = sp_given_read(l, 2 + i % RACE_FILES, 0, text, 7);

		assert_true(n == 6 || n == SP_ENOTFOUND);
		given += n == 6;
		assert_string_equal(text, n == 6 ? "inside" : "");
	}
	atomic_store(&swapped_enough, true);
	pthread_join(t, NULL);
	assert_true(given > 0);
	sp_given_destroy(l);
}

/* ---- fetching ---- */

struct far {
	struct sp_clipboard *ours, *theirs;
	uint64_t now;
	bool short_answers;
};

static void carry(struct far *f, struct sp_clip_fetch *fetch, int *rc, char why[SP_WHY_MAX])
{
	struct sp_clipboard *end[2] = {f->ours, f->theirs};
	struct sp_clipboard_event ev;
	struct sp_rcbuf *b;

	for (bool moved = true; moved;) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			while ((b = sp_clipboard_out(end[i])) != NULL) {
				moved = true;
				assert_int_equal(sp_clipboard_feed(end[!i], sp_span(b->p, b->n),
								 f->now),
						SP_OK);
				while (end[!i] == f->ours && sp_clipboard_next(f->ours, &ev)) {
					if (fetch && ev.kind == SP_CLIPBOARD_ANSWER && *rc >= 0) {
						*rc = sp_clip_fetch_answer(fetch, &ev, why);
					}
				}
				sp_rcbuf_unref(b);
			}
		}
		/* A file's bytes are its index and where they are; every third one is empty space. */
		while (sp_clipboard_next(f->theirs, &ev)) {
			static uint8_t bytes[SP_CLIPBOARD_RANGE_MAX];
			uint32_t n = f->short_answers && ev.n > 1 ? ev.n / 2 : ev.n;

			moved = true;
			memset(bytes, ev.index % 3 == 2 ? 0 : (int)(ev.index + 1), n);
			if (ev.kind == SP_CLIPBOARD_RANGE_WANTED) {
				assert_int_equal(sp_clipboard_give(f->theirs, ev.ask,
								 sp_span(bytes, n)),
						SP_OK);
			} else if (ev.kind == SP_CLIPBOARD_SIZE_WANTED) {
				assert_int_equal(sp_clipboard_give_size(f->theirs, ev.ask,
								 ev.index == 9 ? 0 : 5),
						SP_OK);
			}
		}
		if (!moved && fetch && *rc >= 0) {
			*rc = sp_clip_fetch_pump(fetch, f->ours, f->now, why);
			moved = *rc == 1;
		}
	}
}

static void far_start(struct far *f)
{
	int rc = 0;

	*f = (struct far){.ours = sp_clipboard_create(false),
			.theirs = sp_clipboard_create(true),
			.now = 1000};
	carry(f, NULL, &rc, NULL);
	assert_int_equal(sp_clipboard_offer(f->theirs, SP_CLIPBOARD_FILES, f->now, NULL), SP_OK);
	carry(f, NULL, &rc, NULL);
	assert_int_equal(sp_clipboard_theirs(f->ours), SP_CLIPBOARD_FILES);
}

static void far_finish(struct far *f)
{
	sp_clipboard_destroy(f->ours);
	sp_clipboard_destroy(f->theirs);
}

static void add(struct sp_wr *w, const char *name, bool dir, bool has_size, uint64_t size)
{
	struct sp_clip_file f = {.dir = dir,
			.has_size = has_size,
			.size = size,
			.has_time = true,
			.time_us = 1500000000000000};

	snprintf(f.name, sizeof(f.name), "%s", name);
	assert_int_equal(sp_clip_file_write(w, &f), SP_NAME_FINE);
}

static off_t size_of(const char *path, blkcnt_t *blocks)
{
	struct stat st;

	if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
		return -1;
	}
	assert_int_equal(st.st_mtime, 1500000000);
	*blocks = st.st_blocks;
	return st.st_size;
}

static void test_fetch(void **state)
{
	for (int times = 0; times < 2; times++) {
		const char *dir = times ? "into2" : "into";
		struct sp_clip_fetch *fetch;
		char why[SP_WHY_MAX] = "";
		blkcnt_t blocks;
		struct far f;
		struct sp_wr w;
		int rc = 1;

		far_start(&f);
		f.short_answers = times;
		sp_wr_init(&w, SP_CLIP_FILES_BYTES);
		size_t mark = sp_clip_files_begin(&w);
		add(&w, "dir", true, false, 0);
		add(&w, "dir/small", false, true, 100);
		add(&w, "hole", false, true, 40000000);
		add(&w, "dir/large", false, true, 20000001);
		add(&w, "not/listed/before", false, true, 3);
		add(&w, "empty", false, true, 0);
		add(&w, "no size", false, false, 0);
		add(&w, "odd:?", false, true, 1);
		sp_clip_files_end(&w, mark);
		assert_int_equal(sp_clip_fetch_create(dir, sp_span(w.p, w.n), 0, &fetch, why),
				SP_OK);
		carry(&f, fetch, &rc, why);
		assert_string_equal(why, "out of memory"); /* which nobody says */
		assert_int_equal(rc, 0);
		assert_int_equal(chdir(dir), 0);
		assert_int_equal(size_of("dir/small", &blocks), 100);
		assert_int_equal(size_of("dir/large", &blocks), 20000001);
		assert_true(blocks >= 20000001 / 512);
		assert_int_equal(size_of("hole", &blocks), 40000000);
		assert_true(blocks < 100);
		assert_int_equal(size_of("not/listed/before", &blocks), 3);
		assert_int_equal(size_of("empty", &blocks), 0);
		assert_int_equal(size_of("no size", &blocks), 5);
		assert_int_equal(size_of("odd:?", &blocks), 1);
		assert_int_equal(chdir(".."), 0);
		sp_clip_fetch_destroy(fetch);
		/* Not into what is there already. */
		assert_int_equal(sp_clip_fetch_create(dir, sp_span(w.p, w.n), 0, &fetch, why),
				SP_ESYS);
		sp_wr_finish(&w);
		far_finish(&f);
	}
}

/* Nothing at all is written for a list with one name that is not to be used. */
static void test_bad_lists(void **state)
{
	static const char *const bad[] = {"..\\x", "a\\..\\..\\x", "\\x", "C:\\x", "C:x",
			"\\\\h\\s", "\\\\?\\C:\\x", "NUL", "a\nb", "x:y", "a\\", "x."};
	struct sp_clip_fetch *fetch;
	char why[SP_WHY_MAX];
	struct stat st;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_wr w;

		sp_wr_init(&w, SP_CLIP_FILES_BYTES);
		size_t mark = sp_clip_files_begin(&w);
		add(&w, "good", false, true, 1);
		add(&w, "good2", false, true, 1);
		sp_clip_files_end(&w, mark);
		uint8_t *name = w.p + 4 + SP_CLIP_FILE_ENTRY + 72;
		memset(name, 0, 520);
		for (size_t k = 0; bad[i][k]; k++) {
			name[2 * k] = (uint8_t)bad[i][k];
		}
		assert_int_equal(sp_clip_fetch_create("bad", sp_span(w.p, w.n), 0, &fetch, why),
				SP_EDENIED);
		assert_int_equal(stat("bad", &st), -1);
		sp_wr_finish(&w);
	}
	struct sp_span none = unit_hex("00000000"), cut = unit_hex("01000000 00");
	assert_int_equal(sp_clip_fetch_create("bad", none, 0, &fetch, why), SP_EFIELD);
	assert_int_equal(sp_clip_fetch_create("bad", cut, 0, &fetch, why), SP_EFIELD);
	assert_int_equal(stat("bad", &st), -1);
}

/* The same name twice, a file as a directory, and a link that comes in between. */
static void test_collisions(void **state)
{
	static const char *const pairs[][2] = {{"a", "a"}, {"a", "a/b"}, {"l/x", "l/y"}};

	for (size_t i = 0; i < SP_LEN(pairs); i++) {
		struct sp_clip_fetch *fetch;
		char why[SP_WHY_MAX] = "", dir[16];
		struct far f;
		struct sp_wr w;
		int rc = 1;

		far_start(&f);
		snprintf(dir, sizeof(dir), "twice%zu", i);
		sp_wr_init(&w, SP_CLIP_FILES_BYTES);
		size_t mark = sp_clip_files_begin(&w);
		add(&w, pairs[i][0], false, true, 1);
		add(&w, pairs[i][1], false, true, 1);
		sp_clip_files_end(&w, mark);
		assert_int_equal(sp_clip_fetch_create(dir, sp_span(w.p, w.n), 0, &fetch, why),
				SP_OK);
		if (i == 2) {
			char link[32];

			snprintf(link, sizeof(link), "%s/l", dir);
			assert_int_equal(symlink("..", link), 0);
		}
		carry(&f, fetch, &rc, why);
		assert_int_equal(rc, SP_ESYS);
		sp_clip_fetch_destroy(fetch);
		sp_wr_finish(&w);
		far_finish(&f);
	}
	assert_int_equal(access("x", F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_local),
			cmocka_unit_test(test_race),
			cmocka_unit_test(test_fetch),
			cmocka_unit_test(test_bad_lists),
			cmocka_unit_test(test_collisions),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
