/* tests/desk/test_xserver.c - X servers start, keep others out, and end. */
#include "desk/session/xserver.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "desk.h"
#include "desk/session/child.h"
#include "unit.h"

#define NOBODY 65534

static enum sp_xserver_kind kind;
static struct desk d;

static int teardown(void **state)
{
	(void)state;
	desk_close(&d);
	return 0;
}

static void test_start(void **state)
{
	struct stat st;

	(void)state;
	desk_open(&d, kind, 1024, 768);
	assert_int_equal(sp_xserver_kind(d.server), kind);
	assert_true(sp_xserver_alive(d.server));
	assert_int_equal(sp_xserver_display(d.server)[0], ':');
	assert_int_equal(stat(sp_xserver_authority(d.server), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	if (kind == SP_XSERVER_XORG) {
		assert_int_equal(d.screen->width_in_pixels, 1024);
		assert_int_equal(d.screen->height_in_pixels, 768);
	}
	assert_int_equal(d.screen->root_depth, 24);
	pid_t pid = sp_xserver_pid(d.server);
	xcb_disconnect(d.app);
	d.app = NULL;
	/* The last program leaves: the server stays. */
	sp_xlink_destroy(d.x);
	d.x = NULL;
	desk_sleep(200);
	assert_true(sp_xserver_alive(d.server));
	sp_xserver_destroy(d.server);
	d.server = NULL;
	assert_int_equal(kill(pid, 0), -1);
}

/* Without the cookie nobody comes in. */
static void test_cookie(void **state)
{
	char why[200];
	char wrong[100];
	struct sp_xlink *x;

	(void)state;
	desk_open(&d, kind, 800, 600);
	snprintf(wrong, sizeof(wrong), "%s/wrong", d.dir);
	setenv("XAUTHORITY", wrong, 1);
	assert_int_equal(sp_xlink_create(sp_xserver_display(d.server), wrong, &x, why, sizeof(why)),
			SP_ENOTFOUND);
	assert_null(x);
	assert_true(why[0]);
	int fd = open(wrong, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "\0\1\0\377garbage", 11), 11);
	close(fd);
	assert_int_equal(sp_xlink_create(sp_xserver_display(d.server), wrong, &x, why, sizeof(why)),
			SP_ENOTFOUND);
}

/* Two at the same time, each with a display of its own. */
static void test_two(void **state)
{
	struct desk other;

	(void)state;
	desk_open(&d, kind, 800, 600);
	desk_open(&other, kind, 640, 480);
	assert_string_not_equal(sp_xserver_display(d.server), sp_xserver_display(other.server));
	desk_close(&other);
	assert_true(sp_xserver_alive(d.server));
}

/* The first screen has the size asked for, from the smallest to the largest. */
static void test_sizes(void **state)
{
	static const uint32_t sizes[][2] = {{0, 0}, {200, 8192}, {801, 600}, {8192, 8192}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && kind == SP_XSERVER_XORG; i++) {
		uint32_t w = sizes[i][0] ? sizes[i][0] & ~1u : 200;
		uint32_t h = sizes[i][1] ? sizes[i][1] : 200;

		desk_open(&d, kind, sizes[i][0], sizes[i][1]);
		assert_int_equal(d.screen->width_in_pixels, w);
		assert_int_equal(d.screen->height_in_pixels, h);
		desk_close(&d);
	}
}

static void test_failures(void **state)
{
	char why[200];
	struct sp_xserver *x;
	struct sp_xserver_opts opts = {.dir = "/nonexistent", .kind = kind};

	(void)state;
	assert_int_equal(sp_xserver_start(&opts, &x, why, sizeof(why)), SP_ESYS);
	assert_null(x);
	assert_non_null(strstr(why, "/nonexistent"));
	/* A deadline that no server can meet. */
	desk_open(&d, kind, 800, 600);
	opts.dir = d.dir;
	opts.deadline_ms = 1;
	assert_int_equal(sp_xserver_start(&opts, &x, why, sizeof(why)), SP_ETIMEOUT);
	assert_non_null(strstr(why, "1 ms"));
}

/* In a child that is nobody: starts, connects, ends. Its exit status says how far it came. */
static int as_nobody(const char *dir)
{
	char why[300];
	struct sp_xserver *server;
	struct sp_xlink *x;
	struct sp_xserver_opts opts = {.dir = dir, .kind = kind, .width = 800, .height = 600};

	if (setgroups(0, NULL) != 0 || setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
		return 2;
	}
	if (sp_xserver_start(&opts, &server, why, sizeof(why)) != SP_OK) {
		fprintf(stderr, "%s\n", why);
		return 3;
	}
	if (sp_xlink_create(sp_xserver_display(server), sp_xserver_authority(server), &x, why,
			    sizeof(why)) != SP_OK) {
		fprintf(stderr, "%s\n", why);
		return 4;
	}
	sp_xlink_destroy(x);
	sp_xserver_destroy(server);
	return 0;
}

static void test_ordinary_user(void **state)
{
	char dir[64];
	int status;

	(void)state;
	if (geteuid() != 0) {
		skip(); /* all the other tests ran as one */
	}
	/* Only to skip where the server is not installed. */
	desk_open(&d, kind, 800, 600);
	desk_close(&d);
	desk_dir(dir);
	assert_int_equal(chown(dir, NOBODY, NOBODY), 0);
	pid_t pid = fork();
	if (pid == 0) {
		_exit(as_nobody(dir));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	desk_remove(dir);
	assert_int_equal(status, 0);
}

/* Where our own process dies without a word, its server goes too. */
static void test_dies_with_us(void **state)
{
	int ends[2];
	pid_t server = 0;

	(void)state;
	/* Only to skip where the server is not installed. */
	desk_open(&d, kind, 800, 600);
	desk_close(&d);
	assert_int_equal(pipe(ends), 0);
	desk_dir(d.dir);
	pid_t pid = fork();
	if (pid == 0) {
		char why[300];
		struct sp_xserver *x;
		struct sp_xserver_opts opts = {.dir = d.dir, .kind = kind};

		if (sp_xserver_start(&opts, &x, why, sizeof(why)) != SP_OK) {
			_exit(1);
		}
		server = sp_xserver_pid(x);
		if (write(ends[1], &server, sizeof(server)) != sizeof(server)) {
			_exit(1);
		}
		for (;;) {
			pause();
		}
	}
	close(ends[1]);
	ssize_t got = read(ends[0], &server, sizeof(server));
	close(ends[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(got, sizeof(server));
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)server);
	bool gone = false;
	for (int i = 0; i < 300 && !gone; i++) {
		char exe[256];

		/* A process that has ended and waits for its new parent has no program any more. */
		gone = readlink(path, exe, sizeof(exe)) < 0;
		desk_sleep(10);
	}
	assert_true(gone);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_start, teardown),
			cmocka_unit_test_teardown(test_cookie, teardown),
			cmocka_unit_test_teardown(test_two, teardown),
			cmocka_unit_test_teardown(test_sizes, teardown),
			cmocka_unit_test_teardown(test_failures, teardown),
			cmocka_unit_test_teardown(test_ordinary_user, teardown),
			cmocka_unit_test_teardown(test_dies_with_us, teardown),
	};

	kind = desk_kind(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
