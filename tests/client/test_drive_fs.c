/* tests/client/test_drive_fs.c - what a server may do to a directory, and what it may try. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "client/drive_fs.h"
#include "core/base/utf16.h"

static char base[64], dir[80];
static struct sp_drive_fs fs;
static uint8_t path_buf[16384];

static struct sp_span wide(const char *s)
{
	struct sp_wr w;

	sp_wr_fixed(&w, path_buf, sizeof(path_buf));
	sp_utf16_write(&w, s);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(path_buf, w.n);
}

static uint32_t open_as(const char *path, uint32_t access, uint32_t disposition, uint32_t options,
		struct sp_drive_fs_file *f)
{
	struct sp_drive_io_create c = {.access = access,
			.disposition = disposition,
			.options = options,
			.path = wide(path)};
	enum sp_drive_io_created how;

	return sp_drive_fs_open(&fs, &c, f, &how);
}

static uint32_t try_read(const char *path)
{
	struct sp_drive_fs_file f;
	uint32_t status = open_as(path, SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, &f);

	if (status == SP_DRIVE_OK) {
		sp_drive_fs_drop(&f);
	}
	return status;
}

static char *in_dir(const char *name)
{
	static char buf[2][512];
	static int turn;

	turn = !turn;
	snprintf(buf[turn], sizeof(buf[turn]), "%s/%s", dir, name);
	return buf[turn];
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int setup(void **state)
{
	snprintf(base, sizeof(base), "/tmp/sp-drive-XXXXXX");
	assert_non_null(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/in", base);
	assert_int_equal(mkdir(dir, 0755), 0);
	char secret[96];
	snprintf(secret, sizeof(secret), "%s/secret", base);
	put(secret, "not for you");
	assert_int_equal(sp_drive_fs_init(&fs, dir, "home", false), SP_OK);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int teardown(void **state)
{
	sp_drive_fs_finish(&fs);
	return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

static void test_names(void **state)
{
	/* Ways out, ways round, ways to something that is no file: none of them opens anything. */
	static const char *const bad[] = {"..", "\\..", "\\..\\secret", "/../secret",
			"a\\..\\..\\secret", "\\a\\..\\..\\secret", "\\\\server\\share\\x",
			"//server/share", "\\/server", "\\\\?\\C:\\x", "\\\\.\\pipe\\x",
			"C:", "C:x", "\\C:\\x", "C:\\x", "\\C:x", ".", "\\.", "a\\.\\b", "CON",
			"\\con", "con.txt", "AUX", "PRN", "NUL", "nul.tar.gz", "COM1", "LPT9.x",
			"\\a\\COM5", "a.", "a ", "\\a.\\b", "a\\b ", "file:stream", "file::$DATA",
			"a*b", "a?b", "a<b", "a>b", "a|b", "a\"b", "a\x01b", "a\nb", "a\\\\b",
			"\\a//b", "..\\", "...\\", "\\..secret\\..\\..\\secret", "\x7f"};

	mkdir(in_dir("a"), 0755);
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		uint32_t status = try_read(bad[i]);

		if (status != SP_DRIVE_NAME_INVALID && status != SP_DRIVE_ACCESS_DENIED) {
			fail_msg("\"%s\": %08x", bad[i], status);
		}
	}
	/* Fullwidth dots and slashes are characters, lone surrogates and halves are none. */
	assert_int_equal(try_read("\xEF\xBC\x8E\xEF\xBC\x8E\xEF\xBC\x8Fsecret"),
			SP_DRIVE_NO_SUCH_FILE);
	char out[SP_DRIVE_FS_PATH];
	assert_int_equal(sp_drive_fs_path(unit_hex("00d8"), out), SP_DRIVE_NAME_INVALID);
	assert_int_equal(sp_drive_fs_path(unit_hex("61"), out), SP_DRIVE_NAME_INVALID);
	/* Overlong. */
	static char text[6000];
	memset(text, 'a', 5000);
	assert_int_equal(try_read(text), SP_DRIVE_NAME_TOO_LONG);
	for (size_t i = 0; i < 5000; i += 100) {
		text[i] = '\\';
	}
	assert_int_equal(try_read(text), SP_DRIVE_NAME_TOO_LONG);
}

static void test_good_names(void **state)
{
	static const char *const good[] = {
			"", "\\", "/", "\\a", "a", "/a", "\\a\\", "a/", "\\a\\b", "a/b", "\\a/b"};

	mkdir(in_dir("a"), 0755);
	put(in_dir("a/b"), "x");
	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_int_equal(try_read(good[i]), SP_DRIVE_OK);
	}
	assert_int_equal(try_read("\\nothing"), SP_DRIVE_NO_SUCH_FILE);
	assert_int_equal(try_read("\\a\\b\\c"), SP_DRIVE_PATH_NOT_FOUND);
}

/* Links, pipes, devices, sockets: nothing of it is opened, nothing blocks. */
static void test_special(void **state)
{
	assert_int_equal(symlink("../secret", in_dir("link")), 0);
	assert_int_equal(symlink("..", in_dir("up")), 0);
	assert_int_equal(symlink("/etc", in_dir("etc")), 0);
	assert_int_equal(symlink("/proc/self/root", in_dir("magic")), 0);
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	static const char *const bad[] = {"link", "up", "up\\secret", "etc\\passwd", "magic",
			"magic\\etc\\passwd", "fifo"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_drive_fs_file f;

		assert_int_equal(try_read(bad[i]), SP_DRIVE_ACCESS_DENIED);
		assert_int_equal(open_as(bad[i], SP_DRIVE_IO_READ_ATTRIBUTES, SP_DRIVE_IO_OPEN, 0,
						 &f),
				SP_DRIVE_ACCESS_DENIED);
		assert_int_equal(open_as(bad[i], SP_DRIVE_IO_GENERIC_WRITE, SP_DRIVE_IO_OPEN_IF, 0,
						 &f),
				SP_DRIVE_ACCESS_DENIED);
	}
	if (mknod(in_dir("null"), S_IFCHR | 0666, 0x103) == 0) {
		assert_int_equal(try_read("null"), SP_DRIVE_ACCESS_DENIED);
	}
	/* And none of it is listed. */
	struct sp_drive_fs_file f;
	struct sp_drive_io_directory q = {SP_DRIVE_INFO_BOTH_DIRECTORY, true, wide("\\*")};
	uint8_t buf[4096];
	struct sp_wr w;
	assert_int_equal(open_as("", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, &f), SP_DRIVE_OK);
	q.path = wide("\\*");
	sp_wr_fixed(&w, buf, sizeof(buf));
	assert_int_equal(sp_drive_fs_list(&f, &q, &w), SP_DRIVE_NO_SUCH_FILE);
	sp_drive_fs_drop(&f);
}

#define RACES 100000
static atomic_bool stop;

/* A directory and a link out of here take turns under one name. */
static void *swap(void *arg)
{
	char a[96], b[96], c[96];

	snprintf(a, sizeof(a), "%s/swap", dir);
	snprintf(b, sizeof(b), "%s/one", dir);
	snprintf(c, sizeof(c), "%s/two", dir);
	while (!atomic_load(&stop)) {
		(void)!rename(a, c);
		(void)!rename(b, a);
		(void)!rename(a, b);
		(void)!rename(c, a);
	}
	return NULL;
}

static void test_race(void **state)
{
	pthread_t t;
	unsigned opened = 0, refused = 0;
	unsigned before;

	mkdir(in_dir("swap"), 0755);
	put(in_dir("swap/secret"), "inside");
	assert_int_equal(symlink("..", in_dir("one")), 0);
	atomic_store(&stop, false);
	assert_int_equal(pthread_create(&t, NULL, swap, NULL), 0);
	before = open_fds();
	for (int i = 0; i < RACES; i++) {
		struct sp_drive_fs_file f;
		char text[32] = "";
		size_t n = sizeof(text) - 1;
		uint32_t status = open_as(
				"swap\\secret", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, &f);

		if (status != SP_DRIVE_OK) {
			refused++;
			continue;
		}
		opened++;
		assert_int_equal(sp_drive_fs_read(&f, 0, text, &n), SP_DRIVE_OK);
		assert_string_equal(text, "inside");
		sp_drive_fs_drop(&f);
	}
	atomic_store(&stop, true);
	pthread_join(t, NULL);
	assert_int_equal(open_fds(), before);
	assert_int_equal(opened + refused, RACES);
}

/* Opens that fail, a million when asked for by SP_LONG, early and late: no descriptor stays. */
static void test_no_leak(void **state)
{
	static const struct {
		const char *path;
		uint32_t access, disposition, options;
	} rows[] = {
			{"nothing", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0},
			{"d", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN,
					SP_DRIVE_IO_NON_DIRECTORY_FILE},
			{"f", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, SP_DRIVE_IO_DIRECTORY_FILE},
			{"f", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_CREATE_NEW, 0},
			{"d", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_CREATE_NEW,
					SP_DRIVE_IO_DIRECTORY_FILE},
			{"d", SP_DRIVE_IO_WRITE_DATA, SP_DRIVE_IO_OVERWRITE, 0},
			{"d\\x\\y", SP_DRIVE_IO_WRITE_DATA, SP_DRIVE_IO_CREATE_NEW, 0},
			{"fifo", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0},
			{"link", SP_DRIVE_IO_WRITE_DATA, SP_DRIVE_IO_OPEN_IF, 0},
			{"..", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0},
			{"f", SP_DRIVE_IO_READ_DATA, 77, 0},
	};
	struct sp_drive_fs_file f;

	mkdir(in_dir("d"), 0755);
	put(in_dir("f"), "x");
	mkfifo(in_dir("fifo"), 0600);
	assert_int_equal(symlink("/etc/passwd", in_dir("link")), 0);
	const size_t tries = getenv("SP_LONG") ? 1000000 : 100000;
	unsigned before = open_fds();
	for (size_t i = 0; i < tries; i++) {
		size_t k = i % SP_LEN(rows);

		assert_int_not_equal(open_as(rows[k].path, rows[k].access, rows[k].disposition,
						     rows[k].options, &f),
				SP_DRIVE_OK);
	}
	assert_int_equal(open_fds(), before);
}

static uint32_t set(struct sp_drive_fs_file *f, uint32_t info_class, struct sp_span buffer)
{
	struct sp_drive_io_info in = {info_class, buffer, (uint32_t)buffer.n};

	return sp_drive_fs_set(&fs, f, &in);
}

static uint32_t rename_to(struct sp_drive_fs_file *f, const char *to, bool replace)
{
	struct sp_drive_info_rename r = {replace, wide(to)};
	static uint8_t buf[16384];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_drive_info_rename_write(&w, &r);
	return set(f, SP_DRIVE_INFO_RENAME, sp_span(buf, w.n));
}

static void test_life(void **state)
{
	struct sp_drive_fs_file f, g;
	char text[16] = "";
	size_t n = sizeof(text);
	struct stat st;
	uint32_t rw = SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_WRITE_DATA;

	assert_int_equal(open_as("\\d", rw, SP_DRIVE_IO_CREATE_NEW, SP_DRIVE_IO_DIRECTORY_FILE, &g),
			SP_DRIVE_OK);
	assert_true(g.directory);
	assert_int_equal(open_as("\\d\\f", rw, SP_DRIVE_IO_OPEN_IF, 0, &f), SP_DRIVE_OK);
	assert_int_equal(sp_drive_fs_write(&f, 3, sp_span("abc", 3)), SP_DRIVE_OK);
	assert_int_equal(sp_drive_fs_write(&f, UINT64_MAX, sp_span("d", 1)), SP_DRIVE_OK);
	assert_int_equal(sp_drive_fs_write(&f, INT64_MAX, sp_span("d", 1)),
			SP_DRIVE_INVALID_PARAMETER);
	assert_int_equal(sp_drive_fs_read(&f, 0, text, &n), SP_DRIVE_OK);
	assert_int_equal(n, 7);
	assert_memory_equal(text, "\0\0\0abcd", 7);
	assert_int_equal(set(&f, SP_DRIVE_INFO_END_OF_FILE, unit_hex("0500000000000000")),
			SP_DRIVE_OK);
	assert_int_equal(set(&f, SP_DRIVE_INFO_END_OF_FILE, unit_hex("ffffffffffffffff")),
			SP_DRIVE_INVALID_PARAMETER);
	assert_int_equal(set(&f, SP_DRIVE_INFO_END_OF_FILE, unit_hex("05")),
			SP_DRIVE_INVALID_PARAMETER);
	assert_int_equal(set(&f, 99, unit_hex("05")), SP_DRIVE_INVALID_CLASS);
	/* Written at 1970 + 1 s, attributes read only and back. */
	uint8_t buf[64];
	struct sp_wr w;
	struct sp_drive_info_basic basic = {.written = SP_DRIVE_INFO_EPOCH + 10000000,
			.attributes = SP_DRIVE_INFO_READONLY};
	for (int i = 0; i < 2; i++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_info_basic_write(&w, &basic);
		assert_int_equal(set(&f, SP_DRIVE_INFO_BASIC, sp_span(buf, w.n)), SP_DRIVE_OK);
		assert_int_equal(stat(in_dir("d/f"), &st), 0);
		assert_int_equal(st.st_mode & 0222 ? 1 : 0, i);
		assert_int_equal(st.st_mtime, 1);
		assert_int_equal(st.st_size, 5);
		basic.attributes = SP_DRIVE_INFO_NORMAL;
	}
	/* A directory with something in it is not removed; names lead nowhere else. */
	assert_int_equal(set(&g, SP_DRIVE_INFO_DISPOSITION, sp_span(NULL, 0)),
			SP_DRIVE_DIRECTORY_NOT_EMPTY);
	assert_int_equal(rename_to(&f, "\\..\\f", true), SP_DRIVE_NAME_INVALID);
	assert_int_equal(rename_to(&f, "\\none\\f", true), SP_DRIVE_PATH_NOT_FOUND);
	put(in_dir("there"), "there");
	assert_int_equal(rename_to(&f, "\\there", false), SP_DRIVE_NAME_COLLISION);
	assert_int_equal(rename_to(&f, "\\there", true), SP_DRIVE_OK);
	assert_int_equal(access(in_dir("d/f"), F_OK), -1);
	assert_int_equal(set(&f, SP_DRIVE_INFO_DISPOSITION, unit_hex("01")), SP_DRIVE_OK);
	assert_int_equal(access(in_dir("there"), F_OK), 0);
	assert_int_equal(sp_drive_fs_close(&fs, &f), SP_DRIVE_OK);
	assert_int_equal(access(in_dir("there"), F_OK), -1);
	assert_int_equal(set(&g, SP_DRIVE_INFO_DISPOSITION, sp_span(NULL, 0)), SP_DRIVE_OK);
	assert_int_equal(sp_drive_fs_close(&fs, &g), SP_DRIVE_OK);
	assert_int_equal(access(in_dir("d"), F_OK), -1);
	/* The directory itself stays. */
	assert_int_equal(open_as("", SP_DRIVE_IO_DELETE, SP_DRIVE_IO_OPEN, 0, &g), SP_DRIVE_OK);
	assert_int_equal(set(&g, SP_DRIVE_INFO_DISPOSITION, sp_span(NULL, 0)),
			SP_DRIVE_CANNOT_DELETE);
	assert_int_equal(rename_to(&g, "\\x", true), SP_DRIVE_ACCESS_DENIED);
	sp_drive_fs_drop(&g);
}

/* What cannot be opened cannot be replaced either. */
static void test_replace(void **state)
{
	static const char *const odd[] = {"pipe", "dangling", "symlink", "out"};
	struct sp_drive_fs_file f, g;
	uint32_t rw = SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_WRITE_DATA;
	struct stat st;

	put(in_dir("plain"), "plain");
	assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
	assert_int_equal(symlink("nowhere", in_dir("dangling")), 0);
	assert_int_equal(symlink("plain", in_dir("symlink")), 0);
	assert_int_equal(symlink("/", in_dir("out")), 0);
	assert_int_equal(open_as("\\from", rw, SP_DRIVE_IO_CREATE_NEW, 0, &f), SP_DRIVE_OK);
	for (size_t i = 0; i < SP_LEN(odd); i++) {
		char to[32];

		snprintf(to, sizeof(to), "\\%s", odd[i]);
		assert_int_equal(rename_to(&f, to, true), SP_DRIVE_ACCESS_DENIED);
		assert_int_equal(rename_to(&f, to, false), SP_DRIVE_NAME_COLLISION);
		assert_int_equal(lstat(in_dir(odd[i]), &st), 0);
		assert_true(S_ISFIFO(st.st_mode) || S_ISLNK(st.st_mode));
		assert_int_equal(unlink(in_dir(odd[i])), 0);
	}
	assert_int_equal(rename_to(&f, "\\plain", true), SP_DRIVE_OK);
	/* A directory only over an empty one. */
	assert_int_equal(open_as("\\d", rw, SP_DRIVE_IO_CREATE_NEW, SP_DRIVE_IO_DIRECTORY_FILE, &g),
			SP_DRIVE_OK);
	assert_int_equal(mkdir(in_dir("empty"), 0700), 0);
	assert_int_equal(mkdir(in_dir("full"), 0700), 0);
	put(in_dir("full/x"), "x");
	assert_int_equal(rename_to(&f, "\\empty", true), SP_DRIVE_IS_DIRECTORY);
	assert_int_equal(rename_to(&g, "\\full", true), SP_DRIVE_DIRECTORY_NOT_EMPTY);
	assert_int_equal(rename_to(&g, "\\empty", true), SP_DRIVE_OK);
	sp_drive_fs_drop(&g);
	sp_drive_fs_drop(&f);
	assert_int_equal(unlink(in_dir("full/x")), 0);
	assert_int_equal(rmdir(in_dir("full")), 0);
	assert_int_equal(rmdir(in_dir("empty")), 0);
	assert_int_equal(unlink(in_dir("plain")), 0);
}

/* Somebody puts another file under the name of one that is to be removed: it stays. */
static void test_other_file(void **state)
{
	struct sp_drive_fs_file f;

	put(in_dir("f"), "x");
	assert_int_equal(open_as("f", SP_DRIVE_IO_DELETE, SP_DRIVE_IO_OPEN,
					 SP_DRIVE_IO_DELETE_ON_CLOSE, &f),
			SP_DRIVE_OK);
	put(in_dir("g"), "y");
	assert_int_equal(rename(in_dir("g"), in_dir("f")), 0);
	assert_int_equal(sp_drive_fs_close(&fs, &f), SP_DRIVE_NO_SUCH_FILE);
	assert_int_equal(access(in_dir("f"), F_OK), 0);
}

static void test_read_only(void **state)
{
	struct sp_drive_fs_file f;
	static const uint32_t dispositions[] = {SP_DRIVE_IO_SUPERSEDE, SP_DRIVE_IO_CREATE_NEW,
			SP_DRIVE_IO_OPEN_IF, SP_DRIVE_IO_OVERWRITE, SP_DRIVE_IO_OVERWRITE_IF};

	put(in_dir("f"), "kept");
	fs.read_only = true;
	assert_int_equal(try_read("f"), SP_DRIVE_OK);
	for (uint32_t bit = 0; bit < 32; bit++) {
		uint32_t access = UINT32_C(1) << bit;
		uint32_t status = open_as("f", access, SP_DRIVE_IO_OPEN, 0, &f);

		assert_int_equal(status,
				access & SP_DRIVE_IO_CHANGING ? SP_DRIVE_WRITE_PROTECTED
							      : SP_DRIVE_OK);
		if (status == SP_DRIVE_OK) {
			assert_int_equal(sp_drive_fs_write(&f, 0, sp_span("x", 1)),
					SP_DRIVE_ACCESS_DENIED);
			assert_int_equal(set(&f, SP_DRIVE_INFO_DISPOSITION, sp_span(NULL, 0)),
					SP_DRIVE_WRITE_PROTECTED);
			assert_int_equal(rename_to(&f, "\\g", true), SP_DRIVE_WRITE_PROTECTED);
			sp_drive_fs_drop(&f);
		}
	}
	for (size_t i = 0; i < SP_LEN(dispositions); i++) {
		assert_int_equal(open_as("new", SP_DRIVE_IO_READ_DATA, dispositions[i], 0, &f),
				SP_DRIVE_WRITE_PROTECTED);
	}
	assert_int_equal(open_as("f", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN,
					 SP_DRIVE_IO_DELETE_ON_CLOSE, &f),
			SP_DRIVE_WRITE_PROTECTED);
	fs.read_only = false;
	assert_int_equal(access(in_dir("f"), F_OK), 0);
	assert_int_equal(access(in_dir("new"), F_OK), -1);
}

static void test_list(void **state)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_DIRECTORY, SP_DRIVE_INFO_FULL_DIRECTORY,
			SP_DRIVE_INFO_BOTH_DIRECTORY, SP_DRIVE_INFO_NAMES};
	struct sp_drive_fs_file f;

	for (int i = 0; i < 50; i++) {
		char name[32];

		snprintf(name, sizeof(name), "file%d.txt", i);
		put(in_dir(name), "x");
	}
	put(in_dir("a:b"), "x");
	mkdir(in_dir("sub"), 0755);
	assert_int_equal(open_as("", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, &f), SP_DRIVE_OK);
	for (size_t i = 0; i < SP_LEN(classes); i++) {
		static const struct {
			const char *pattern;
			unsigned n;
		} rows[] = {{"\\*", 52}, {"\\*.*", 52}, {"*.TXT", 50}, {"\\file1?.txt", 10},
				{"\\sub", 1}, {"\\nothing", 0}, {"\\", 52}};

		for (size_t k = 0; k < SP_LEN(rows); k++) {
			struct sp_drive_io_directory q = {classes[i], true, wide(rows[k].pattern)};
			unsigned n = 0;
			uint32_t status;
			uint8_t buf[4096];

			for (;;) {
				struct sp_drive_info_entry e;
				struct sp_wr w;
				struct sp_rd r;

				sp_wr_fixed(&w, buf, sizeof(buf));
				status = sp_drive_fs_list(&f, &q, &w);
				if (status != SP_DRIVE_OK) {
					break;
				}
				sp_rd_init(&r, buf, w.n);
				assert_int_equal(sp_drive_info_entry_read(&r, classes[i], &e), 1);
				q.initial = false;
				n++;
			}
			assert_int_equal(n, rows[k].n);
			assert_int_equal(status,
					n == 0 ? SP_DRIVE_NO_SUCH_FILE : SP_DRIVE_NO_MORE_FILES);
		}
	}
	sp_drive_fs_drop(&f);
	/* What Windows cannot write comes back under the name it is told. */
	assert_int_equal(try_read("a\xEF\x80\xBA"
				  "b"),
			SP_DRIVE_OK);
}

/* Of two files that are called the same on the wire one is shown; the other one is when it is alone. */
static void test_one_name(void **state)
{
	static const char plain[] = "a\xEF\x80\xBA"
				    "b";
	static const char on_wire[] = "\\a\xEF\x80\xBA"
				      "b";
	struct sp_drive_fs_file d, f;
	char text[8];

	(void)state;
	put(in_dir(plain), "plain");
	for (int both = 0; both < 2; both++) {
		size_t n = sizeof(text), listed = 0;
		uint8_t buf[1024];
		struct sp_wr w;

		if (both) {
			put(in_dir("a:b"), "colon");
		}
		assert_int_equal(open_as(on_wire, SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, &f),
				SP_DRIVE_OK);
		assert_int_equal(sp_drive_fs_read(&f, 0, text, &n), SP_DRIVE_OK);
		assert_int_equal(n, 5);
		assert_memory_equal(text, both ? "colon" : "plain", 5);
		sp_drive_fs_drop(&f);
		assert_int_equal(open_as("\\", SP_DRIVE_IO_READ_DATA, SP_DRIVE_IO_OPEN, 0, &d),
				SP_DRIVE_OK);
		struct sp_drive_io_directory in = {.class = SP_DRIVE_INFO_NAMES,
				.initial = true,
				.path = wide("\\a*")};
		for (;; in.initial = false) {
			sp_wr_fixed(&w, buf, sizeof(buf));
			if (sp_drive_fs_list(&d, &in, &w) != SP_DRIVE_OK) {
				break;
			}
			listed++;
		}
		assert_int_equal(listed, 1);
		sp_drive_fs_drop(&d);
	}
	/* Nothing of either is made anew. */
	assert_int_equal(open_as(on_wire, SP_DRIVE_IO_WRITE_DATA, SP_DRIVE_IO_CREATE_NEW, 0, &f),
			SP_DRIVE_NAME_COLLISION);
	/* What a control stands for comes back. */
	assert_int_equal(open_as("\\x\xEF\x80\x8A", SP_DRIVE_IO_WRITE_DATA, SP_DRIVE_IO_CREATE_NEW,
					 0, &f),
			SP_DRIVE_OK);
	sp_drive_fs_drop(&f);
	assert_int_equal(access(in_dir("x\n"), F_OK), 0);
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool fits;
	} rows[] = {{"*", "a", true}, {"*", "", true}, {"a*b*c", "aXXbYYc", true},
			{"a*b*c", "aXXbYY", false}, {"?", "\xC3\xA4", true}, {"??", "a", false},
			{"*.c", "x.C", true}, {"*.c", "x.cc", false}, {"<.c", "x.y.c", true},
			{"x\"y", "x.y", true}, {"", "a", false}, {"a", "", false},
			{"*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(sp_drive_fs_fits(rows[i].pattern, rows[i].name), rows[i].fits);
	}
}

static uint32_t lock(struct sp_drive_fs_file *f, uint32_t operation, const char *ranges)
{
	struct sp_span s = unit_hex(ranges);
	struct sp_drive_io_locks l = {operation, false, (uint32_t)(s.n / 16), s};

	return sp_drive_fs_lock(f, &l);
}

static void test_locks(void **state)
{
	struct sp_drive_fs_file a, b;
	uint32_t rw = SP_DRIVE_IO_READ_DATA | SP_DRIVE_IO_WRITE_DATA;
#define FIRST "0a00000000000000 0000000000000000"
#define SECOND "0a00000000000000 6400000000000000"

	put(in_dir("f"), "x");
	assert_int_equal(open_as("f", rw, SP_DRIVE_IO_OPEN, 0, &a), SP_DRIVE_OK);
	assert_int_equal(open_as("f", rw, SP_DRIVE_IO_OPEN, 0, &b), SP_DRIVE_OK);
	assert_int_equal(lock(&a, SP_DRIVE_IO_LOCK_EXCLUSIVE, SECOND), SP_DRIVE_OK);
	/* All or none. */
	assert_int_equal(lock(&b, SP_DRIVE_IO_LOCK_EXCLUSIVE, FIRST SECOND),
			SP_DRIVE_LOCK_NOT_GRANTED);
	assert_int_equal(lock(&a, SP_DRIVE_IO_LOCK_EXCLUSIVE, FIRST), SP_DRIVE_OK);
	assert_int_equal(lock(&a, SP_DRIVE_IO_UNLOCK_MULTIPLE, FIRST SECOND), SP_DRIVE_OK);
	assert_int_equal(lock(&b, SP_DRIVE_IO_LOCK_SHARED, FIRST SECOND), SP_DRIVE_OK);
	assert_int_equal(lock(&a, SP_DRIVE_IO_LOCK_SHARED, FIRST), SP_DRIVE_OK);
	assert_int_equal(lock(&a, SP_DRIVE_IO_LOCK_SHARED, "0100000000000000 ffffffffffffffff"),
			SP_DRIVE_INVALID_PARAMETER);
	assert_int_equal(lock(&a, SP_DRIVE_IO_LOCK_SHARED, "ffffffffffffffff 0100000000000000"),
			SP_DRIVE_OK);
	/* They end with the file. */
	sp_drive_fs_drop(&b);
	assert_int_equal(lock(&a, SP_DRIVE_IO_LOCK_EXCLUSIVE, SECOND), SP_DRIVE_OK);
	sp_drive_fs_drop(&a);
}

static void test_volume(void **state)
{
	static const uint32_t classes[] = {SP_DRIVE_INFO_VOLUME, SP_DRIVE_INFO_SIZE,
			SP_DRIVE_INFO_FULL_SIZE, SP_DRIVE_INFO_DEVICE, SP_DRIVE_INFO_FS};
	struct sp_drive_info_size size;
	uint8_t buf[512];
	struct sp_wr w;
	struct sp_rd r;

	for (size_t i = 0; i < SP_LEN(classes); i++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		assert_int_equal(sp_drive_fs_volume(&fs, classes[i], &w), SP_DRIVE_OK);
		if (classes[i] == SP_DRIVE_INFO_FULL_SIZE) {
			sp_rd_init(&r, buf, w.n);
			assert_int_equal(sp_drive_info_size_read(&r, true, &size), SP_OK);
			assert_true(size.total > 0 && size.total >= size.free);
		}
	}
	assert_int_equal(sp_drive_fs_volume(&fs, 99, &w), SP_DRIVE_INVALID_CLASS);
	assert_false(sp_drive_fs_gone(&fs));
	assert_int_equal(rmdir(dir), 0);
	assert_true(sp_drive_fs_gone(&fs));
	assert_int_equal(try_read("a"), SP_DRIVE_NO_SUCH_FILE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
			TEST(test_names),
			TEST(test_good_names),
			TEST(test_special),
			TEST(test_race),
			TEST(test_no_leak),
			TEST(test_life),
			TEST(test_replace),
			TEST(test_other_file),
			TEST(test_read_only),
			TEST(test_list),
			TEST(test_one_name),
			TEST(test_patterns),
			TEST(test_locks),
			TEST(test_volume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
