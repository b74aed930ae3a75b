/* tests/host/io/test_hostlog.c - log lines as they reach standard error, and the service manager. */
#include "host/io/hostlog.h"

#include <fcntl.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/fdio.h"
#include "host/io/notify.h"
#include "unit.h"

static int saved, got[2];

/* Standard error goes into a pipe from here... */
static void catch_start(void)
{
	assert_int_equal(pipe2(got, O_NONBLOCK), 0);
	saved = dup(2);
	dup2(got[1], 2);
}

/* ...to here; returns what was written. */
static char *catch_end(void)
{
	static char out[32768];

	dup2(saved, 2);
	close(saved);
	ssize_t n = read(got[0], out, sizeof(out) - 1);
	out[n > 0 ? n : 0] = 0;
	close(got[0]);
	close(got[1]);
	return out;
}

static void assert_matches(const char *text, const char *pattern)
{
	regex_t re;

	assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&re, text, 0, NULL, 0) != 0) {
		print_message("%s\n", text);
		fail();
	}
	regfree(&re);
}

#define STAMP "^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z "

static void test_lines(void **state)
{
	char want[200], now[32], *out;
	time_t t = time(NULL);

	(void)state;
	catch_start();
	sp_hostlog_open("sallyportd", SP_LOG_INFO);
	sp_log(SP_LOG_INFO, "peer %s: tls up\nforged", "192.0.2.1");
	sp_log(SP_LOG_DEBUG, "not shown");
	out = catch_end();
	snprintf(want, sizeof(want),
			STAMP "info sallyportd\\[%d\\]: peer 192.0.2.1: tls up\\?forged\n$",
			(int)getpid());
	assert_matches(out, want);
	strftime(now, sizeof(now), "%Y-%m-%dT%H:%M", gmtime(&t));
	if (t % 60 < 58) {
		assert_memory_equal(out, now, strlen(now));
	}
	sp_log_set(NULL, SP_LOG_INFO);
}

/* A reader that stops: lines are lost, and counted, but nobody waits for him. */
static void test_reader_stops(void **state)
{
	char buf[65536], *out;
	size_t n = 0;

	(void)state;
	assert_int_equal(pipe(got), 0); /* one that blocks, as a shell makes it */
	saved = dup(2);
	dup2(got[1], 2);
	sp_hostlog_open("sallyportd", SP_LOG_INFO);
	alarm(20); /* else it would wait for ever */
	for (int i = 0; i < 3000; i++) {
		sp_log(SP_LOG_INFO, "line %d: %0100d", i, 0);
	}
	alarm(0);
	assert_int_equal(fcntl(got[0], F_SETFL, O_NONBLOCK), 0);
	while (read(got[0], buf, sizeof(buf)) > 0) {
		n++;
	}
	sp_log(SP_LOG_INFO, "again");
	out = catch_end();
	assert_true(n > 0);
	assert_matches(out, "^\\.\\.\\. [0-9]{4} lines before this one are lost\n20.* again\n$");
	sp_log_set(NULL, SP_LOG_INFO);
}

static void test_pipe(void **state)
{
	static char longest[2000];
	struct sp_loop *l = sp_loop_create();
	int fds[2];

	(void)state;
	memset(longest, 'y', sizeof(longest) - 1);
	assert_int_equal(pipe(fds), 0);
	struct sp_hostlog_pipe *p = sp_hostlog_pipe_create(l, fds[0], "sp-net", 77);
	assert_non_null(p);
	saved = dup(2);
	dup2(fds[1], 2);
	sp_hostlog_open_raw(SP_LOG_DEBUG);
	sp_log(SP_LOG_WARN, "from %s", "inside");
	sp_hostlog_prefix("conn %d from %s: ", 5, "192.0.2.1:7");
	sp_log(SP_LOG_INFO, "with a prefix");
	sp_log(SP_LOG_DEBUG, "%s", longest);
	dup2(saved, 2);
	close(saved);
	sp_log_set(NULL, SP_LOG_INFO);
	sp_hostlog_prefix("%s", "");
	dprintf(fds[1], "Zunknown mark\n\nIescape \x1b[2J\nIhalf");

	catch_start();
	assert_int_equal(sp_loop_turn(l, 100000), SP_OK);
	(void)!write(fds[1], longest, sizeof(longest) - 1); /* makes a line of 2003 */
	dprintf(fds[1], "\nEafter\nIlast");
	close(fds[1]);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	}
	sp_hostlog_pipe_destroy(p);
	sp_loop_destroy(l);
	char *out = catch_end();
	assert_matches(out, STAMP "warn sp-net\\[77\\]: from inside\n");
	assert_non_null(strstr(out, "Z info sp-net[77]: conn 5 from 192.0.2.1:7: with a prefix\n"));
	assert_non_null(strstr(out, "Z debug sp-net[77]: conn 5 from 192.0.2.1:7: yyyy"));
	assert_non_null(strstr(out, "Z warn sp-net[77]: Zunknown mark\n"));
	assert_non_null(strstr(out, "Z info sp-net[77]: escape ?[2J\n"));
	assert_non_null(strstr(out, "Z info sp-net[77]: halfyyyy"));
	assert_non_null(strstr(out, "Z error sp-net[77]: after\n"));
	assert_non_null(strstr(out, "Z info sp-net[77]: last\n"));
	size_t lines = 0;
	for (char *c = out; *c; c++) {
		lines += *c == '\n';
	}
	assert_int_equal(lines, 8);
}

static void test_flood(void **state)
{
	struct sp_loop *l = sp_loop_create();
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	struct sp_hostlog_pipe *p = sp_hostlog_pipe_create(l, fds[0], "sp-net", 77);
	for (int i = 0; i < 1000; i++) {
		dprintf(fds[1], "Iline %d\n", i);
	}
	close(fds[1]);
	catch_start();
	sp_hostlog_pipe_destroy(p);
	char *out = catch_end();
	sp_loop_destroy(l);
	size_t lines = 0;
	for (char *c = out; *c; c++) {
		lines += *c == '\n';
	}
	assert_int_equal(lines, SP_HOSTLOG_PER_MIN + 1);
	assert_non_null(strstr(out, "950 lines left out"));
}

static void test_rate(void **state)
{
	struct sp_log_rate r;
	unsigned dropped;
	uint64_t now = 5;

	(void)state;
	sp_log_rate_init(&r, 60, 3);
	for (int i = 0; i < 3; i++) {
		assert_true(sp_log_rate_ok(&r, now, &dropped));
	}
	assert_false(sp_log_rate_ok(&r, now, &dropped));
	assert_false(sp_log_rate_ok(&r, now + 900000, &dropped));
	assert_true(sp_log_rate_ok(&r, now + 1000000, &dropped));
	assert_int_equal(dropped, 2);
	assert_false(sp_log_rate_ok(&r, now + 1000001, &dropped));
	/* Long silence earns no more than the burst. */
	now += 3600u * 1000000;
	for (int i = 0; i < 3; i++) {
		assert_true(sp_log_rate_ok(&r, now, &dropped));
	}
	assert_false(sp_log_rate_ok(&r, now, &dropped));
}

static void test_levels(void **state)
{
	enum sp_log_level level;

	(void)state;
	assert_true(sp_hostlog_level("debug", &level));
	assert_int_equal(level, SP_LOG_DEBUG);
	assert_false(sp_hostlog_level("loud", &level));
}

static void test_notify(void **state)
{
	char dir[] = "/tmp/sp-notify-XXXXXX", text[64] = "";
	union {
		struct sockaddr sa;
		struct sockaddr_un un;
	} a = {.un.sun_family = AF_UNIX};

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(sp_notify("READY=1"), SP_OK);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(sp_notify("READY=1"), SP_EARG);
	assert_non_null(mkdtemp(dir));
	snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%s/s", dir);
	setenv("NOTIFY_SOCKET", a.un.sun_path, 1);
	assert_int_equal(sp_notify("READY=1"), SP_ESYS);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, &a.sa, sizeof(a.un)), 0);
	assert_int_equal(sp_notify("READY=1"), SP_OK);
	assert_int_equal(read(fd, text, sizeof(text)), 7);
	assert_string_equal(text, "READY=1");
	close(fd);
	unlink(a.un.sun_path);
	rmdir(dir);
	unsetenv("NOTIFY_SOCKET");
}

static void test_files(void **state)
{
	char dir[] = "/tmp/sp-file-XXXXXX", path[64];
	struct sp_rcbuf *b;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_int_equal(sp_file_read(path, 10, &b), SP_ENOTFOUND);
	assert_int_equal(sp_file_write(path, 0600, sp_span("one", 3)), SP_OK);
	assert_int_equal(sp_file_write(path, 0640, sp_span("second", 6)), SP_OK);
	assert_int_equal(sp_file_read(path, 6, &b), SP_OK);
	unit_assert_span(sp_span(b->p, b->n), sp_span("second", 6));
	sp_rcbuf_unref(b);
	assert_int_equal(sp_file_read(path, 5, &b), SP_ELIMIT);
	assert_int_equal(sp_file_read(dir, 5, &b), SP_ESYS);
	assert_int_equal(sp_file_write("/no/such/place", 0600, sp_span("x", 1)), SP_ESYS);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* no temporary file was left */
	assert_int_equal(sp_file_read("/proc/self/status", 100000, &b), SP_OK);
	assert_true(b->n > 100);
	sp_rcbuf_unref(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_lines),
			cmocka_unit_test(test_reader_stops),
			cmocka_unit_test(test_pipe),
			cmocka_unit_test(test_flood),
			cmocka_unit_test(test_rate),
			cmocka_unit_test(test_levels),
			cmocka_unit_test(test_notify),
			cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
