/* tests/desk/test_mount.c - a mount serves, answers late, goes while busy, and removes a dead one's. */
#include "desk/session/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "desk.h"
#include "host/io/fdio.h"
#include "unit.h"

#define TEXT "hello from below\n"
#define INO_FILE 2
#define NOBODY 65534

static char dir[64];
static struct sp_loop *loop;
static struct sp_watch *later;
static fuse_req_t waiting;

static void fill(fuse_ino_t ino, struct stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_ino = ino;
	st->st_uid = geteuid();
	st->st_mode = ino == INO_FILE ? S_IFREG | 0400 : S_IFDIR | 0700;
	st->st_nlink = 1;
	st->st_size = ino == INO_FILE ? sizeof(TEXT) - 1 : 0;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = {.ino = INO_FILE};

	if (strcmp(name, "file") != 0) {
		fuse_reply_err(req, ENOENT);
		return;
	}
	fill(INO_FILE, &e.attr);
	fuse_reply_entry(req, &e);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	fill(ino, &st);
	fuse_reply_attr(req, &st, 0);
}

static void op_read(
		fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	waiting = req;
	sp_watch_in(later, 20000);
}

static void on_later(void *user)
{
	fuse_reply_buf(waiting, TEXT, sizeof(TEXT) - 1);
	waiting = NULL;
}

static const struct fuse_lowlevel_ops ops = {
		.lookup = op_lookup, .getattr = op_getattr, .read = op_read};

static int setup(void **state)
{
	(void)state;
	if (access("/dev/fuse", R_OK | W_OK) != 0) {
		return 0;
	}
	desk_dir(dir);
	loop = sp_loop_create();
	assert_non_null(loop);
	later = sp_loop_timer(loop, on_later, NULL);
	assert_non_null(later);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (loop) {
		sp_loop_destroy(loop);
		loop = NULL;
		desk_remove(dir);
	}
	return 0;
}

/* In a container that may not mount there is nothing to see. */
static struct sp_mount *mount_it(const char *name, void (*lost)(void *user))
{
	struct sp_mount_conf conf = {.base = dir, .name = name, .ops = &ops, .lost = lost};
	char why[SP_WHY_MAX];
	struct sp_mount *m;

	if (!loop) {
		print_message("no /dev/fuse here\n");
		skip();
	}
	if (sp_mount_create(loop, &conf, &m, why) != SP_OK) {
		print_message("%s\n", why);
		skip();
	}
	return m;
}

/* A program of the user: its exit status is 0 when it read what it should. */
static pid_t reader(const char *path)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		char name[620], buf[64];
		snprintf(name, sizeof(name), "%s/file", path);
		int fd = open(name, O_RDONLY);
		ssize_t n = read(fd, buf, sizeof(buf));
		_exit(n == sizeof(TEXT) - 1 && memcmp(buf, TEXT, (size_t)n) == 0 ? 0 : 1);
	}
	return pid;
}

static int turn_until_end(pid_t pid)
{
	int status = -1;

	for (int i = 0; i < 500 && waitpid(pid, &status, WNOHANG) == 0; i++) {
		assert_int_equal(sp_loop_turn(loop, 10000), SP_OK);
	}
	return status;
}

static void test_serve(void **state)
{
	struct stat st;
	char path[600];

	(void)state;
	struct sp_mount *m = mount_it("drives", NULL);
	snprintf(path, sizeof(path), "%s", sp_mount_path(m));
	assert_non_null(strstr(path, "/sallyport/drives"));
	assert_int_equal(turn_until_end(reader(path)), 0);
	assert_true(sp_mount_alive(m));
	sp_mount_destroy(m);
	assert_int_equal(stat(path, &st), -1);
}

static void test_second(void **state)
{
	(void)state;
	struct sp_mount *one = mount_it("drives", NULL), *two = mount_it("drives", NULL);

	assert_non_null(strstr(sp_mount_path(two), "/sallyport/drives-2"));
	assert_int_equal(turn_until_end(reader(sp_mount_path(two))), 0);
	assert_int_equal(turn_until_end(reader(sp_mount_path(one))), 0);
	sp_mount_destroy(one);
	sp_mount_destroy(two);
}

static void test_busy(void **state)
{
	int pair[2];
	char path[600], byte;
	struct stat st;

	(void)state;
	struct sp_mount *m = mount_it("drives", NULL);
	snprintf(path, sizeof(path), "%s", sp_mount_path(m));
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	int back[2];
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char name[620];
		/* Programs do not have our device; with it the kernel would still wait for an answer. */
		for (int fd = 3; fd < 64; fd++) {
			if (fd != pair[1] && fd != back[0]) {
				close(fd);
			}
		}
		snprintf(name, sizeof(name), "%s/file", path);
		int fd = open(name, O_RDONLY);
		struct stat now;
		if (write(pair[1], "x", 1) != 1 || read(back[0], &byte, 1) != 1) {
			_exit(2);
		}
		_exit(fd >= 0 && fstat(fd, &now) != 0 && errno == ENOTCONN ? 0 : 1);
	}
	while (read(pair[0], &byte, 1) != 1) {
		assert_int_equal(sp_loop_turn(loop, 10000), SP_OK);
	}
	sp_mount_destroy(m);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(write(back[1], "x", 1), 1);
	assert_int_equal(turn_until_end(pid), 0);
	close(pair[0]);
	close(pair[1]);
	close(back[0]);
	close(back[1]);
}

static void die_mounted(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct sp_loop *own = sp_loop_create();
		struct sp_mount_conf conf = {.base = dir, .name = "drives", .ops = &ops};
		char why[SP_WHY_MAX];
		struct sp_mount *m;
		_exit(sp_mount_create(own, &conf, &m, why) == SP_OK ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_stale(void **state)
{
	char path[600];
	struct stat st;

	(void)state;
	sp_mount_destroy(mount_it("drives", NULL));
	die_mounted();
	snprintf(path, sizeof(path), "%s/sallyport/drives", dir);
	assert_int_equal(stat(path, &st), -1);
	assert_int_equal(errno, ENOTCONN);
	struct sp_mount *m = mount_it("drives", NULL);
	assert_string_equal(sp_mount_path(m), path);
	assert_int_equal(turn_until_end(reader(path)), 0);
	sp_mount_destroy(m);
}

static bool was_lost;

static void on_lost(void *user)
{
	was_lost = true;
}

static void test_lost(void **state)
{
	char command[700];

	(void)state;
	struct sp_mount *m = mount_it("drives", on_lost);
	was_lost = false;
	snprintf(command, sizeof(command), "%s", sp_mount_path(m));
	pid_t pid = fork();
	if (pid == 0) {
		execlp("fusermount3", "fusermount3", "-u", "-z", command, (char *)NULL);
		_exit(127);
	}
	turn_until_end(pid);
	for (int i = 0; i < 100 && !was_lost; i++) {
		assert_int_equal(sp_loop_turn(loop, 10000), SP_OK);
	}
	assert_true(was_lost);
	assert_false(sp_mount_alive(m));
	sp_mount_destroy(m);
}

/* The same as one without rights, who mounts through fusermount3. */
static void test_ordinary(void **state)
{
	(void)state;
	if (geteuid() != 0 || !loop) {
		skip();
	}
	assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
				setresuid(NOBODY, NOBODY, NOBODY) != 0) {
			_exit(3);
		}
		struct sp_mount_conf conf = {.base = dir, .name = "drives", .ops = &ops};
		char why[SP_WHY_MAX];
		struct sp_mount *m;
		if (sp_mount_create(loop, &conf, &m, why) != SP_OK) {
			fprintf(stderr, "%s\n", why);
			_exit(77);
		}
		sp_mount_destroy(m);
		die_mounted();
		if (sp_mount_create(loop, &conf, &m, why) != SP_OK ||
				turn_until_end(reader(sp_mount_path(m))) != 0) {
			_exit(4);
		}
		sp_mount_destroy(m);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_serve, setup, teardown),
			cmocka_unit_test_setup_teardown(test_second, setup, teardown),
			cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
			cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
			cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
			cmocka_unit_test_setup_teardown(test_ordinary, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
