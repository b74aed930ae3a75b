/* tests/host/io/test_loop.c - the event loop: order, removal from within, signals, children. */
#include "host/io/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "unit.h"

static struct sp_loop *l;
static char trace[128];

static void note(char c)
{
	size_t n = strlen(trace);

	if (n + 1 < sizeof(trace)) {
		trace[n] = c;
		trace[n + 1] = 0;
	}
}

static int setup(void **state)
{
	(void)state;
	trace[0] = 0;
	l = sp_loop_create();
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	sp_loop_destroy(l);
	return 0;
}

static void on_note(void *user)
{
	note(*(const char *)user);
}

static void on_quit(void *user)
{
	(void)user;
	sp_loop_quit(l, 7);
}

static void test_timers_in_order(void **state)
{
	static char names[] = "abcdefgh";
	static const unsigned order[] = {5, 2, 7, 0, 3, 6, 1, 4};
	struct sp_watch *w[8];
	uint64_t now = sp_now_us();

	(void)state;
	for (int i = 0; i < 8; i++) {
		w[i] = sp_loop_timer(l, on_note, &names[i]);
		assert_non_null(w[i]);
	}
	struct sp_watch *end = sp_loop_timer(l, on_quit, NULL);
	for (int i = 0; i < 8; i++) {
		sp_watch_at(w[order[i]], now + 100 * order[i] + 1);
	}
	sp_watch_at(w[3], 0); /* unset */
	sp_watch_at(w[1], now + 5000); /* moved back */
	sp_watch_at(w[6], now + 1); /* moved forward */
	sp_watch_remove(w[4]);
	sp_watch_at(end, now + 20000);
	assert_int_equal(sp_loop_run(l), 7);
	assert_int_equal(strlen(trace), 6);
	/* a and g are equal in time. */
	assert_true(memcmp(trace, "ag", 2) == 0 || memcmp(trace, "ga", 2) == 0);
	assert_string_equal(trace + 2, "cfhb");
	assert_true(sp_now_us() >= now + 20000);
	/* A timer fires once, and the loop can run again. */
	sp_watch_in(end, 1000);
	assert_int_equal(sp_loop_run(l), 7);
	assert_int_equal(strlen(trace), 6);
}

static struct sp_watch *self;

static void on_again(void *user)
{
	(void)user;
	note('t');
	sp_watch_at(self, 1); /* long past */
}

static void test_timer_in_the_past_cannot_hang(void **state)
{
	(void)state;
	self = sp_loop_timer(l, on_again, NULL);
	sp_watch_at(self, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sp_loop_turn(l, 0), SP_OK);
	}
	assert_string_equal(trace, "ttt");
}

static void test_many_timers(void **state)
{
	static char x = 'x';
	struct sp_watch *w[300];

	(void)state;
	srand(1);
	for (int i = 0; i < 300; i++) {
		w[i] = sp_loop_timer(l, on_note, &x);
		sp_watch_at(w[i], 1000000000000u + (uint64_t)rand());
	}
	for (int i = 0; i < 10000; i++) {
		sp_watch_at(w[rand() % 300], i % 3 ? 1000000000000u + (uint64_t)rand() : 0);
	}
	for (int i = 0; i < 300; i += 2) {
		sp_watch_remove(w[i]);
	}
	assert_int_equal(sp_loop_turn(l, 0), SP_OK);
	assert_string_equal(trace, "");
}

static struct {
	int fds[3][2];
	struct sp_watch *w[3];
} many;

/* Whoever comes first takes the others away, and himself. */
static void on_read_all_gone(void *user, unsigned events)
{
	(void)user;
	assert_true(events & SP_LOOP_READ);
	note('r');
	for (int i = 0; i < 3; i++) {
		sp_watch_remove(many.w[i]);
		close(many.fds[i][0]);
		close(many.fds[i][1]);
	}
}

static void test_remove_within(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, many.fds[i]), 0);
		many.w[i] = sp_loop_fd(l, many.fds[i][0], SP_LOOP_READ, on_read_all_gone, NULL);
		assert_int_equal(write(many.fds[i][1], "x", 1), 1);
	}
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_string_equal(trace, "r");
}

static unsigned seen;

static void on_events(void *user, unsigned events)
{
	(void)user;
	seen = events;
	note('e');
}

static void test_interest_and_hup(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	struct sp_watch *w = sp_loop_fd(l, fds[0], SP_LOOP_READ | SP_LOOP_WRITE, on_events, NULL);
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_int_equal(seen, SP_LOOP_WRITE);
	sp_watch_want(w, SP_LOOP_READ);
	trace[0] = 0;
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_string_equal(trace, "");
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_int_equal(seen, SP_LOOP_READ);
	close(fds[1]);
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_int_equal(seen, SP_LOOP_READ | SP_LOOP_HUP);
	/* Without interest not even that is told, so nothing spins. */
	sp_watch_want(w, 0);
	trace[0] = 0;
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_string_equal(trace, "");
	sp_watch_want(w, SP_LOOP_READ);
	assert_int_equal(sp_loop_turn(l, 1000), SP_OK);
	assert_string_equal(trace, "e");
	sp_watch_remove(w);
	close(fds[0]);
}

static void on_signal(void *user, int signo)
{
	(void)user;
	note(signo == SIGUSR1 ? '1' : '2');
}

static void test_signals(void **state)
{
	(void)state;
	struct sp_watch *w = sp_loop_signal(l, SIGUSR1, on_signal, NULL);
	assert_non_null(w);
	assert_non_null(sp_loop_signal(l, SIGUSR2, on_signal, NULL));
	kill(getpid(), SIGUSR2);
	kill(getpid(), SIGUSR1);
	assert_int_equal(sp_loop_turn(l, 100000), SP_OK);
	assert_int_equal(strlen(trace), 2);
	sp_watch_remove(w);
	kill(getpid(), SIGUSR1);
	assert_int_equal(sp_loop_turn(l, 10000), SP_OK);
	assert_int_equal(strlen(trace), 2);
}

static int ended;

static void on_child(void *user, pid_t pid, int status)
{
	*(pid_t *)user -= pid;
	ended = status;
	sp_loop_quit(l, 0);
}

static void test_children(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (i) {
				kill(getpid(), SIGKILL);
			}
			_exit(3);
		}
		pid_t left = pid;
		struct sp_watch *w = sp_loop_child(l, pid, on_child, &left);
		assert_non_null(w);
		assert_int_equal(sp_loop_run(l), 0);
		assert_int_equal(left, 0);
		assert_true(i ? WIFSIGNALED(ended) : WIFEXITED(ended) && WEXITSTATUS(ended) == 3);
		assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* reaped */
		sp_watch_remove(w);
	}
	assert_null(sp_loop_child(l, 0x3fffffff, on_child, NULL));
}

static struct sp_watch *before;

static void on_before(void *user)
{
	(void)user;
	note('b');
	sp_watch_remove(before);
}

static void test_before(void **state)
{
	(void)state;
	before = sp_loop_before(l, on_before, NULL);
	assert_int_equal(sp_loop_turn(l, 0), SP_OK);
	assert_int_equal(sp_loop_turn(l, 0), SP_OK);
	assert_string_equal(trace, "b");
}

static void test_no_memory(void **state)
{
	(void)state;
	for (long n = 0; n < 2; n++) {
		sp_mem_fail_after(n);
		struct sp_loop *other = sp_loop_create();
		sp_mem_fail_after(-1);
		assert_null(other);
	}
	sp_mem_fail_after(0);
	assert_null(sp_loop_timer(l, on_quit, NULL));
	assert_null(sp_loop_before(l, on_quit, NULL));
	assert_null(sp_loop_fd(l, 0, SP_LOOP_READ, on_events, NULL));
	sp_mem_fail_after(-1);
	assert_null(sp_loop_fd(l, 999, SP_LOOP_READ, on_events, NULL));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
			T(test_timers_in_order),
			T(test_timer_in_the_past_cannot_hang),
			T(test_many_timers),
			T(test_remove_within),
			T(test_interest_and_hup),
			T(test_signals),
			T(test_children),
			T(test_before),
			T(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
