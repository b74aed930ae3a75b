/* tests/desk/test_child.c - processes start clean, are watched and ended with all of theirs. */
#include "desk/session/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "desk.h"
#include "unit.h"

static struct sp_child child;
static char dir[64];

static int setup(void **state)
{
	(void)state;
	desk_dir(dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sp_child_end(&child, 100);
	desk_remove(dir);
	return 0;
}

static void start(const char *script, const char *log, int pass_fd)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct sp_child_opts opts = {.path = "/bin/sh",
			.argv = argv,
			.cwd = dir,
			.log = log,
			.pass_fd = pass_fd,
			.die_with_us = true};

	assert_int_equal(sp_child_start(&opts, &child), SP_OK);
}

static void expect_end(const char *want)
{
	char text[64];

	assert_int_equal(sp_child_wait(&child, 5000), SP_OK);
	assert_false(sp_child_alive(&child));
	sp_child_text(&child, text, sizeof(text));
	assert_string_equal(text, want);
}

static void test_status(void **state)
{
	(void)state;
	start("exit 7", NULL, -1);
	expect_end("ended with status 7");
	sp_child_end(&child, 0);
	start("kill -9 $$", NULL, -1);
	expect_end("was killed by signal 9");
	sp_child_end(&child, 0);
	const char *argv[] = {"x", NULL};
	struct sp_child_opts opts = {.path = "/nonexistent/x", .argv = argv, .pass_fd = -1};
	assert_int_equal(sp_child_start(&opts, &child), SP_OK);
	expect_end("ended with status 127");
}

static void test_wait(void **state)
{
	(void)state;
	start("exec sleep 100", NULL, -1);
	assert_true(sp_child_alive(&child));
	assert_int_equal(sp_child_wait(&child, 50), SP_ETIMEOUT);
	uint64_t before = desk_now();
	sp_child_end(&child, 5000);
	assert_true(desk_now() - before < 4000);
	/* Once ended, never started: nothing to do. */
	sp_child_end(&child, 5000);
	child = (struct sp_child){0};
	sp_child_end(&child, 5000);
	assert_false(sp_child_alive(&child));
}

static void test_stubborn(void **state)
{
	(void)state;
	start("trap '' TERM HUP; while :; do sleep 1; done", NULL, -1);
	desk_sleep(100);
	uint64_t before = desk_now();
	sp_child_end(&child, 200);
	uint64_t took = desk_now() - before;
	assert_true(200 <= took && took < 3000);
}

static void test_line(void **state)
{
	int ends[2];
	char line[8];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	start("echo one >&3; echo far too long >&3; exec 3>&-; sleep 100", NULL, ends[1]);
	close(ends[1]);
	assert_int_equal(sp_child_line(&child, ends[0], 5000, line, sizeof(line)), SP_OK);
	assert_string_equal(line, "one");
	assert_int_equal(sp_child_line(&child, ends[0], 5000, line, sizeof(line)), SP_ELIMIT);
	assert_int_equal(sp_child_line(&child, ends[0], 5000, line, sizeof(line)), SP_OK);
	assert_string_equal(line, " long");
	assert_int_equal(sp_child_line(&child, ends[0], 5000, line, sizeof(line)), SP_ECLOSED);
	close(ends[0]);
	sp_child_end(&child, 100);
	assert_int_equal(pipe(ends), 0);
	start("sleep 100", NULL, ends[1]);
	assert_int_equal(sp_child_line(&child, ends[0], 50, line, sizeof(line)), SP_ETIMEOUT);
	sp_child_end(&child, 100);
	start("exit 0", NULL, ends[1]);
	/* Our own end of the pipe stays open: the end of the process has to be seen. */
	assert_int_equal(sp_child_line(&child, ends[0], 5000, line, sizeof(line)), SP_ECLOSED);
	close(ends[0]);
	close(ends[1]);
}

static size_t read_file(const char *path, char *out, size_t n)
{
	int fd = open(path, O_RDONLY);
	ssize_t got = fd >= 0 ? read(fd, out, n - 1) : 0;

	if (fd >= 0) {
		close(fd);
	}
	got = got > 0 ? got : 0;
	out[got] = 0;
	return (size_t)got;
}

/* No descriptor of ours is there but the one passed, no signal is ignored, output is in the log. */
static void test_clean(void **state)
{
	char log[128], text[512];
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(log, sizeof(log), "%s/log", dir);
	start("ls /proc/self/fd | tr '\\n' ' '; grep SigIgn /proc/self/status; pwd >&2", log, fd);
	expect_end("ended with status 0");
	read_file(log, text, sizeof(text));
	char want[256];
	snprintf(want, sizeof(want), "0 1 2 3 4 SigIgn:\t0000000000000000\n%s\n", dir);
	assert_string_equal(text, want); /* 4 is the folder that ls reads */
	signal(SIGPIPE, SIG_DFL);
	close(fd);
}

static bool runs(int pid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	return read_file(path, text, sizeof(text)) > 0 && !strstr(text, ") Z ");
}

/* Grandchildren in sessions of their own go with it, also where the leader has gone before. */
static void test_descendants(void **state)
{
	char log[128], text[64];
	int pids[2] = {0, 0};

	(void)state;
	snprintf(log, sizeof(log), "%s/log", dir);
	start("setsid sleep 100 & echo $!; sleep 100 & echo $!; wait", log, -1);
	for (int i = 0; i < 500 && pids[1] == 0; i++) {
		desk_sleep(10);
		read_file(log, text, sizeof(text));
		if (sscanf(text, "%d %d", &pids[0], &pids[1]) != 2) {
			pids[1] = 0;
		}
	}
	assert_true(pids[1] > 0 && runs(pids[0]) && runs(pids[1]));
	sp_child_end(&child, 2000);
	desk_sleep(50);
	assert_false(runs(pids[0]));
	assert_false(runs(pids[1]));

	start("sleep 100 & echo $!", log, -1);
	expect_end("ended with status 0");
	read_file(log, text, sizeof(text));
	pids[0] = (int)strtol(text, NULL, 10);
	assert_true(pids[0] > 0 && runs(pids[0]));
	sp_child_end(&child, 100);
	desk_sleep(50);
	assert_false(runs(pids[0]));
}

static void test_find(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(sp_child_find("sh", "/nonexistent::/bin", path, sizeof(path)), SP_OK);
	assert_string_equal(path, "/bin/sh");
	assert_int_equal(sp_child_find("sh", "/nonexistent", path, sizeof(path)), SP_ENOTFOUND);
	assert_int_equal(sp_child_find("..", "/bin", path, sizeof(path)), SP_ENOTFOUND);
	assert_int_equal(sp_child_find("sh", "/bin", path, 4), SP_ENOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_status, setup, teardown),
			cmocka_unit_test_setup_teardown(test_wait, setup, teardown),
			cmocka_unit_test_setup_teardown(test_stubborn, setup, teardown),
			cmocka_unit_test_setup_teardown(test_line, setup, teardown),
			cmocka_unit_test_setup_teardown(test_clean, setup, teardown),
			cmocka_unit_test_setup_teardown(test_descendants, setup, teardown),
			cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
