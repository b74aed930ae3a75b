/* tests/host/io/test_proc.c - children get what they are given and nothing else. */
#include "host/io/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "unit.h"

static char why[SP_WHY_MAX];

/* What the shell prints with out as its standard output. */
static void shell(const char *script, struct sp_proc_spec s, char *out, size_t cap)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	int fds[2], status;
	size_t n = 0;
	ssize_t k;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	s.path = "/bin/sh";
	s.argv = argv;
	s.out = fds[1];
	s.err = -1;
	int rc = sp_proc_start(&s, &pid, why);
	if (rc != SP_OK) {
		print_message("%s\n", why);
	}
	assert_int_equal(rc, SP_OK);
	close(fds[1]);
	while ((k = read(fds[0], out + n, cap - 1 - n)) > 0) {
		n += (size_t)k;
	}
	out[n] = 0;
	close(fds[0]);
	assert_int_equal(sp_proc_reap(pid, sp_now_us() + 5000000, &status), SP_OK);
	assert_true(WIFEXITED(status));
}

static void test_descriptors(void **state)
{
	struct sp_proc_spec s = {0};
	char out[512];
	int a[2], b[2];

	(void)state;
	assert_int_equal(pipe(a), 0);
	assert_int_equal(pipe(b), 0);
	int extra = open("/dev/null", O_RDONLY); /* without close-on-exec, on purpose */
	/* In an order that crosses: the child's 3 is our later one. */
	int give[] = {b[1], a[0], b[1]};
	s.fds = give;
	s.nfds = 3;
	assert_int_equal(write(a[1], "hello\n", 6), 6);
	shell("cd /proc/$$/fd && echo *; echo to-three >&3; echo to-five >&5; read x <&4; echo $x",
			s, out, sizeof(out));
	/* 6 is the shell's own look at the directory. */
	assert_non_null(strstr(out, "0 1 2 3 4 5 6\n"));
	assert_non_null(strstr(out, "hello\n"));
	char got[64];
	ssize_t n = read(b[0], got, sizeof(got));
	assert_true(n > 0);
	assert_memory_equal(got, "to-three\nto-five\n", 17);
	close(extra);
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}

static void test_environment(void **state)
{
	const char *env[] = {"ONE=1", "TWO=2 3", NULL};
	struct sp_proc_spec s = {0};
	char out[512], want[64];

	(void)state;
	setenv("SECRET", "of the parent", 1);
	shell("/usr/bin/env; pwd", s, out, sizeof(out));
	assert_null(strstr(out, "SECRET"));
	assert_null(strstr(out, "HOME"));
	assert_non_null(strstr(out, "\n/\n"));
	s.env = env;
	s.dir = "/tmp";
	shell("echo $ONE-$TWO; pwd", s, out, sizeof(out));
	assert_string_equal(out, "1-2 3\n/tmp\n");
	s.new_session = true;
	shell("exec ps -o sid= -p $$", s, out, sizeof(out));
	snprintf(want, sizeof(want), "%d", (int)getsid(0));
	assert_null(strstr(out, want));
}

static void test_limit_of_files(void **state)
{
	struct sp_proc_spec s = {.files = 123};
	char out[512];

	(void)state;
	shell("ulimit -Sn", s, out, sizeof(out));
	assert_string_equal(out, "123\n");
	s.files = 0;
	shell("ulimit -Sn", s, out, sizeof(out));
	assert_string_not_equal(out, "123\n");
}

static void test_signals(void **state)
{
	struct sp_proc_spec s = {0};
	char out[512];
	sigset_t all, old;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	shell("grep -E 'Sig(Blk|Ign)' /proc/self/status", s, out, sizeof(out));
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_non_null(strstr(out, "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(out, "SigIgn:\t0000000000000000"));
}

static void test_cannot_start(void **state)
{
	const char *argv[] = {"x", NULL};
	struct sp_proc_spec s = {.path = "/no/such/program", .argv = argv, .out = -1, .err = -1};
	int fds[SP_PROC_FDS + 1] = {0};
	pid_t pid;

	(void)state;
	assert_int_equal(sp_proc_start(&s, &pid, why), SP_ESYS);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(pid, -1);
	assert_non_null(strstr(why, "cannot start /no/such/program: No such file"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing left to reap */
	s.path = "/etc/passwd";
	assert_int_equal(sp_proc_start(&s, &pid, why), SP_ESYS);
	assert_int_equal(errno, EACCES);
	s.path = "/bin/true";
	s.dir = "/no/such/directory";
	assert_int_equal(sp_proc_start(&s, &pid, why), SP_ESYS);
	s.fds = fds;
	s.nfds = SP_PROC_FDS + 1;
	assert_int_equal(sp_proc_start(&s, &pid, why), SP_EARG);
	s.nfds = 1;
	fds[0] = 999;
	assert_int_equal(sp_proc_start(&s, &pid, why), SP_ESYS);
	assert_int_equal(errno, EBADF);
}

static void test_reap(void **state)
{
	const char *argv[] = {"sleep", "100", NULL};
	struct sp_proc_spec s = {.path = "/bin/sleep", .argv = argv, .out = -1, .err = -1};
	char text[64];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(sp_proc_start(&s, &pid, why), SP_OK);
	assert_int_equal(sp_proc_reap(pid, sp_now_us() + 20000, &status), SP_OK);
	assert_true(WIFSIGNALED(status));
	sp_proc_status_text(status, text, sizeof(text));
	assert_string_equal(text, "killed by signal 9 (Killed)");
	sp_proc_status_text(3 << 8, text, sizeof(text));
	assert_string_equal(text, "exited with status 3");
	assert_int_equal(sp_proc_reap(pid, 0, &status), SP_ESYS);
}

static void test_dies_with_parent(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid_t middle = fork();
	if (middle == 0) {
		const char *argv[] = {"sleep", "100", NULL};
		int give[] = {fds[1]};
		struct sp_proc_spec s = {.path = "/bin/sleep",
				.argv = argv,
				.out = -1,
				.err = -1,
				.fds = give,
				.nfds = 1,
				.death_signal = SIGKILL};
		pid_t pid;
		_exit(sp_proc_start(&s, &pid, why) == SP_OK ? 0 : 1);
	}
	int status;
	assert_int_equal(waitpid(middle, &status, 0), middle);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(fds[1]);
	/* The end of the pipe comes when the last holder, the sleeper, is gone. */
	char c;
	alarm(20);
	assert_int_equal(read(fds[0], &c, 1), 0);
	alarm(0);
	close(fds[0]);
}

static void test_find(void **state)
{
	char path[4096];

	(void)state;
	/* This very program is beside itself. */
	assert_int_equal(sp_proc_find("io_test_proc", path, sizeof(path)), SP_OK);
	assert_int_equal(access(path, X_OK), 0);
	assert_int_equal(path[0], '/');
	assert_int_equal(sp_proc_find("io_test_proc", path, 5), SP_ENOTFOUND);
	assert_int_equal(sp_proc_find("no-such-program", path, sizeof(path)), SP_ENOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_descriptors),
			cmocka_unit_test(test_environment),
			cmocka_unit_test(test_limit_of_files),
			cmocka_unit_test(test_signals),
			cmocka_unit_test(test_cannot_start),
			cmocka_unit_test(test_reap),
			cmocka_unit_test(test_dies_with_parent),
			cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
