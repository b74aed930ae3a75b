/* tests/gate/parent/test_slot.c - processes of a connection: started, given it, watched, ended. */
#include "gate/parent/slot.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/ipc.h"
#include "host/monitor/mon.h"
#include "unit.h"

static char dir[] = "/tmp/sp-slot.XXXXXX";
static char net[64], login[64], target[64], roots[64];
static struct sp_loop *l;
static struct sp_slot *slot;
static struct sp_msg_conn_closed ends[8];
static size_t n_ends;
static bool gone;
static struct sp_msg_net_start start_of; /* what sp-net is told */
static int keeper[2] = {-1, -1};

static void on_ended(void *user, struct sp_slot *s, const struct sp_msg_conn_closed *m)
{
	assert_true(n_ends < SP_LEN(ends));
	ends[n_ends++] = *m;
}

static void on_gone(void *user, struct sp_slot *s)
{
	gone = true;
	sp_slot_destroy(s);
	slot = NULL;
}

/* A program of the shell in the place of sp-net or sp-login. */
static void program(const char *path, const char *text)
{
	char whole[512];
	int n = snprintf(whole, sizeof(whole), "#!/bin/sh\n%s\n", text);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, whole, (size_t)n), n);
	close(fd);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

static int start(char why[SP_WHY_MAX])
{
	static const struct sp_slot_calls calls = {.ended = on_ended, .gone = on_gone};
	struct sp_slot_conf conf = {.loop = l,
			.net = net,
			.login = login,
			.target = target,
			.roots = roots,
			.chain_fd = 0,
			.calls = &calls};

	return sp_slot_start(&conf, &slot, why, SP_WHY_MAX);
}

static void started(const char *net_does, const char *login_does)
{
	char why[SP_WHY_MAX] = "";

	program(net, net_does);
	program(login, login_does);
	assert_int_equal(start(why), SP_OK);
	assert_int_equal(sp_slot_conn(slot), 0);
	assert_false(sp_slot_unproven(slot));
}

/* Gives it a connection whose verdict must come within ms. */
static void give(uint32_t ms)
{
	struct sp_msg_conn_open open = {.conn = 7, .source = {.family = AF_INET}};
	uint8_t source[SP_SOURCE_SIZE] = {1, 2, 3};
	int pair[2];

	snprintf(open.source.text, sizeof(open.source.text), "192.0.2.7:5");
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[0]);
	start_of = (struct sp_msg_net_start){.conn = 7,
			.source = open.source,
			.logon_ms = ms,
			.active_ms = 1000,
			.require_token = 1};
	assert_int_equal(sp_slot_give(slot, pair[1], keeper[0], &open, &start_of, source), SP_OK);
	assert_int_equal(sp_slot_conn(slot), 7);
	assert_true(sp_slot_unproven(slot));
	assert_memory_equal(sp_slot_limits_source(slot), source, sizeof(source));
	assert_int_equal(fcntl(pair[1], F_GETFD), -1); /* not ours any more */
}

static void until_gone(void)
{
	uint64_t end = sp_now_us() + 12000000;

	while (!gone && sp_now_us() < end) {
		assert_int_equal(sp_loop_turn(l, 50000), SP_OK);
	}
	assert_true(gone);
}

static int setup(void **state)
{
	l = sp_loop_create();
	n_ends = 0;
	gone = false;
	slot = NULL;
	return l && sp_ipc_pair(keeper) == SP_OK ? 0 : -1;
}

static int teardown(void **state)
{
	sp_slot_destroy(slot);
	sp_loop_destroy(l);
	close(keeper[0]);
	close(keeper[1]);
	return 0;
}

static void test_hand_over(void **state)
{
	struct sp_mon_in in;
	int before = open_fds();

	char text[128], told[1024];

	snprintf(text, sizeof(text), "cat <&3 >%s", roots);
	started(text, "exec sleep 60");
	give(20000);
	/* The keeper gets both question sockets. */
	assert_int_equal(sp_mon_recv(keeper[1], &in), 1);
	assert_int_equal(in.type, SP_MSG_CONN_OPEN);
	assert_int_equal(in.nfds, 2);
	assert_string_equal(in.body.conn_open.source.text, "192.0.2.7:5");
	sp_mon_in_finish(&in);
	sp_slot_granted(slot);
	assert_false(sp_slot_unproven(slot));
	/* The first to end is sp-net, which is told by its socket; sp-login is not waited for. */
	sp_slot_end(slot);
	until_gone();
	int fd = open(roots, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, told, sizeof(told));
	close(fd);
	unlink(roots);
	assert_true(n > 0 && memmem(told, (size_t)n, &start_of, sizeof(start_of)));
	assert_int_equal(n_ends, 2);
	assert_int_equal(ends[0].role, SP_ROLE_NET);
	assert_int_equal(ends[1].role, SP_ROLE_LOGIN);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(ends[i].conn, 7);
		assert_int_equal(ends[i].crashed, 0);
		assert_int_equal(ends[i].deadline, 0);
	}
	assert_int_equal(open_fds(), before);
}

static void test_crashes(void **state)
{
	static const struct {
		const char *signal;
		uint32_t crashed;
	} rows[] = {{"SEGV", 1}, {"ABRT", 1}, {"SYS", 1}, {"KILL", 1}, {"TERM", 0}, {"HUP", 0}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		char text[64];

		n_ends = 0;
		gone = false;
		snprintf(text, sizeof(text), "head -c 1 <&3 >/dev/null; kill -%s $$",
				rows[i].signal);
		started(text, "exec sleep 60");
		give(20000);
		until_gone();
		assert_int_equal(n_ends, 2);
		assert_int_equal(ends[0].role, SP_ROLE_NET);
		assert_int_equal(ends[0].crashed, rows[i].crashed);
		/* The other one was killed by us: nobody's fault. */
		assert_int_equal(ends[1].crashed, 0);
		assert_int_equal(ends[1].deadline, 0);
	}
}

static void test_deadline(void **state)
{
	uint64_t begin = sp_now_us();

	started("exec sleep 60", "exec sleep 60");
	give(100);
	until_gone();
	/* sp-net has five seconds to end by itself. */
	assert_true(sp_now_us() - begin >= 5000000);
	assert_int_equal(n_ends, 2);
	assert_int_equal(ends[0].deadline + ends[1].deadline, 1);
	assert_int_equal(ends[0].crashed + ends[1].crashed, 0);
}

static void test_death_while_waiting(void **state)
{
	static const char *const does[][2] = {
			{"exit 1", "exec sleep 60"}, {"exec sleep 60", "exit 1"}};

	for (size_t i = 0; i < SP_LEN(does); i++) {
		int before = open_fds();

		gone = false;
		started(does[i][0], does[i][1]);
		until_gone(); /* and is not given a connection any more */
		assert_int_equal(n_ends, 0);
		assert_int_equal(open_fds(), before);
	}
}

static void test_no_program(void **state)
{
	char why[SP_WHY_MAX] = "";
	int before = open_fds();

	program(net, "exec sleep 60");
	unlink(login);
	assert_int_equal(start(why), SP_ESYS);
	assert_non_null(strstr(why, "No such file"));
	assert_null(slot);
	assert_int_equal(open_fds(), before);
	program(login, "exec sleep 60");
	unlink(net);
	assert_int_equal(start(why), SP_ESYS);
	assert_int_equal(open_fds(), before);
}

/* The next words on a descriptor of a login, within five seconds. */
static void expect_words(int fd, const char *want)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char got[64] = "";

	assert_int_equal(poll(&p, 1, 5000), 1);
	ssize_t n = read(fd, got, sizeof(got) - 1);
	assert_int_equal(n, strlen(want));
	assert_string_equal(got, want);
}

static void wait_ends(size_t n)
{
	uint64_t end = sp_now_us() + 5000000;

	while (n_ends < n && sp_now_us() < end) {
		assert_int_equal(sp_loop_turn(l, 50000), SP_OK);
	}
	assert_int_equal(n_ends, n);
}

/* Says on its link what its third descriptor holds, and a word on its question socket. */
#define TARGET_LOGIN \
	"if [ -e /proc/self/fd/5 ]; then cat <&5 >&3; else echo none >&3; fi; echo asks >&4; " \
	"exec sleep 60"

static void test_target_login(void **state)
{
	char why[SP_WHY_MAX] = "";
	int fds[2], more[2], before = open_fds();

	program(roots, "roots");
	program(target, TARGET_LOGIN);
	started("cat <&3 >/dev/null", "exec sleep 60");
	assert_int_equal(sp_slot_login(slot, fds, why), SP_ESTATE); /* no connection yet */
	give(20000);
	sp_slot_granted(slot);
	assert_int_equal(sp_slot_login(slot, fds, why), SP_OK);
	expect_words(fds[1], "#!/bin/sh\nroots\n");
	expect_words(fds[0], "asks\n");
	assert_int_equal(n_ends, 0);

	/* Another one: the first is ended for it, which is no crash. This machine has no roots now. */
	unlink(roots);
	assert_int_equal(sp_slot_login(slot, more, why), SP_OK);
	assert_int_equal(n_ends, 1);
	assert_int_equal(ends[0].role, SP_ROLE_LOGIN);
	assert_int_equal(ends[0].crashed, 0);
	expect_words(more[1], "none\n");
	expect_words(more[0], "asks\n");
	assert_int_equal(read(fds[0], why, 1), 0); /* its ends are closed */
	close(fds[0]);
	close(fds[1]);

	/* The end of sp-net is the end of all. */
	sp_slot_end(slot);
	assert_int_equal(sp_slot_login(slot, fds, why), SP_ESTATE);
	until_gone();
	assert_int_equal(n_ends, 4);
	assert_int_equal(ends[1].role, SP_ROLE_NET);
	for (size_t i = 0; i < n_ends; i++) {
		assert_int_equal(ends[i].crashed, 0);
	}
	assert_int_equal(read(more[0], why, 1), 0);
	close(more[0]);
	close(more[1]);
	assert_int_equal(open_fds(), before);
}

static void test_target_login_crashes(void **state)
{
	char why[SP_WHY_MAX] = "";
	int fds[2];

	program(target, "kill -SEGV $$");
	started("cat <&3 >/dev/null", "exec sleep 60");
	give(20000);
	assert_int_equal(sp_slot_login(slot, fds, why), SP_OK);
	wait_ends(1);
	assert_int_equal(ends[0].role, SP_ROLE_LOGIN);
	assert_int_equal(ends[0].conn, 7);
	assert_int_equal(ends[0].crashed, 1);
	assert_int_equal(ends[0].status, SIGSEGV);
	assert_false(gone);
	assert_int_equal(read(fds[0], why, 1), 0);
	close(fds[0]);
	close(fds[1]);
}

static void test_target_logins_are_counted(void **state)
{
	char why[SP_WHY_MAX] = "";
	int fds[2];

	program(target, "exec sleep 60");
	started("cat <&3 >/dev/null", "exec sleep 60");
	give(20000);
	for (int i = 0; i < SP_SLOT_LOGINS; i++) {
		assert_int_equal(sp_slot_login(slot, fds, why), SP_OK);
		close(fds[0]);
		close(fds[1]);
		n_ends = 0;
	}
	assert_int_equal(sp_slot_login(slot, fds, why), SP_ELIMIT);
	assert_string_equal(why, "more than 8 logins in one connection");
}

static void test_no_program_for_a_target(void **state)
{
	char why[SP_WHY_MAX] = "";
	int fds[2];

	started("cat <&3 >/dev/null", "exec sleep 60");
	give(20000);
	int before = open_fds();
	unlink(target);
	assert_int_equal(sp_slot_login(slot, fds, why), SP_ESYS);
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(open_fds(), before);
	assert_int_equal(n_ends, 0);
}

static int group_setup(void **state)
{
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(dir)) {
		return -1;
	}
	snprintf(net, sizeof(net), "%s/sp-net", dir);
	snprintf(login, sizeof(login), "%s/sp-login", dir);
	snprintf(target, sizeof(target), "%s/sp-target", dir);
	snprintf(roots, sizeof(roots), "%s/roots.pem", dir);
	return 0;
}

static int group_teardown(void **state)
{
	unlink(net);
	unlink(login);
	unlink(target);
	return rmdir(dir);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
			T(test_hand_over),
			T(test_crashes),
			T(test_deadline),
			T(test_death_while_waiting),
			T(test_no_program),
			T(test_target_login),
			T(test_target_login_crashes),
			T(test_target_logins_are_counted),
			T(test_no_program_for_a_target),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
