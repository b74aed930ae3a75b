/* tests/host/io/test_jail.c - what a jailed process can and cannot do, in real processes. */
#include "host/io/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/ipc.h"
#include "host/io/jail_seccomp.h"
#include "host/io/link.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"
#include "unit.h"

#define ORDINARY 65534

static void test_selftest(void **state)
{
	char failed[SP_WHY_MAX];
	struct sp_jail_path paths[] = {{"/dev/shm", true}};
	struct sp_jail_spec specs[] = {
			{.class = SP_JAIL_NET},
			{.class = SP_JAIL_LOGIN},
			{.class = SP_JAIL_RECORD},
			{.class = SP_JAIL_PLAYER},
			{.class = SP_JAIL_PROBE},
			{.class = SP_JAIL_DIAL, .paths = paths, .npaths = 1},
			{.class = SP_JAIL_KEEPER, .paths = paths, .npaths = 1},
			{.class = SP_JAIL_SHIP, .paths = paths, .npaths = 1},
			{.class = SP_JAIL_SHIP_NET, .paths = paths, .npaths = 1},
			{.class = SP_JAIL_SHIP_NET, .paths = paths, .npaths = 1, .database = true},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(specs); i++) {
		int rc = sp_jail_selftest(&specs[i], failed);
		if (rc != SP_OK) {
			print_message("class %zu: %s\n", i, failed);
		}
		assert_int_equal(rc, SP_OK);
	}
}

/* Runs fn in a child; its wait status. */
static int in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Without stdio, which asks for more than a jail gives. */
static void say(const char *text)
{
	(void)!write(2, text, strlen(text));
	(void)!write(2, "\n", 1);
}

#define NEED(cond) \
	do { \
		if (!(cond)) { \
			dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			_exit(1); \
		} \
	} while (0)

static void enter(const struct sp_jail_spec *s)
{
	struct sp_jail_report r;
	char why[SP_WHY_MAX] = "";

	if (sp_jail_enter(s, &r, why) != SP_OK) {
		say(why);
		_exit(1);
	}
	NEED(strlen(r.text) > 10);
	NEED(r.seccomp == !SP_JAIL_SANITIZER || s->class == SP_JAIL_PARENT);
	say(r.text);
}

static bool got_bytes;

static void on_bytes(void *user, const uint8_t *p, size_t n)
{
	struct sp_loop *l = user;

	got_bytes = n == 5 && memcmp(p, "hello", 5) == 0;
	sp_loop_quit(l, 0);
}

static void on_closed(void *user, int err)
{
	(void)user, (void)err;
}

static void on_timer(void *user)
{
	sp_watch_in(*(struct sp_watch **)user, 1000000);
}

/* All that a relay does, behind the filter. */
static void work_as_net(void)
{
	static struct sp_ipc_msg m;
	struct sp_loop *l = sp_loop_create();
	struct sp_link_calls calls = {.bytes = on_bytes, .closed = on_closed};
	struct sp_jail_spec s = {.class = SP_JAIL_NET};
	struct sp_watch *timer = sp_loop_timer(l, on_timer, &timer);
	struct sp_tcp_state ts;
	int pair[2], ipc[2], listener, out, in = -1, late[2];
	struct sp_addr a;
	char why[SP_WHY_MAX];

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && sp_ipc_pair(ipc) == SP_OK);
	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, late) == 0);
	NEED(sp_tcp_listen("127.0.0.1:0", &listener, why) == SP_OK);
	NEED(sp_tcp_local(listener, &a) == SP_OK && sp_tcp_dial(&a, &out) == SP_OK);
	while (sp_tcp_accept(listener, &in, &a) == 0) {
		usleep(1000);
	}
	NEED(sp_ipc_send(ipc[1], 7, "x", 1, &late[0], 1) == SP_OK);

	enter(&s);
	NEED(sp_tcp_tune(in, SP_TCP_SEND_BUF, SP_TCP_LOWAT) == SP_OK);
	NEED(sp_tcp_state(in, &ts) == SP_OK);
	sp_watch_in(timer, 1);
	/* A descriptor that comes later, as a target's socket does. */
	NEED(sp_ipc_wait(ipc[0], &m, 1, sp_now_us() + 1000000) == SP_OK && m.nfds == 1);
	struct sp_link *k = sp_link_create(l, sp_ipc_take_fd(&m, 0), &calls, l);
	NEED(k && write(late[1], "hello", 5) == 5);
	NEED(sp_link_send_copy(k, "back", 4) == SP_OK);
	NEED(sp_loop_run(l) == 0 && got_bytes);
	uint8_t *big = sp_malloc(8 * 1024 * 1024);
	NEED(big);
	memset(big, 1, 8 * 1024 * 1024);
	big = sp_realloc(big, 16 * 1024 * 1024);
	NEED(big);
	sp_free(big);
	errno = 0;
	NEED(SP_JAIL_SANITIZER || (open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES));
	sp_link_destroy(k);
	sp_loop_destroy(l);
}

static void test_net_can_work(void **state)
{
	(void)state;
	int status = in_child(work_as_net);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void ordinary_then_work(void)
{
	NEED(setgid(ORDINARY) == 0 && setuid(ORDINARY) == 0);
	work_as_net();
}

static void test_ordinary_user(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip(); /* then every other test is this one */
	}
	int status = in_child(ordinary_then_work);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void forbidden_option(void)
{
	struct sp_jail_spec s = {.class = SP_JAIL_LOGIN};
	struct sp_tcp_state ts;
	int fds[2];

	NEED(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
	enter(&s);
	(void)!sp_tcp_state(fds[0], &ts);
}

static void test_unlisted_call_kills(void **state)
{
	(void)state;
	if (SP_JAIL_SANITIZER) {
		skip();
	}
	int status = in_child(forbidden_option);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void look_at_self(void)
{
	struct sp_jail_spec s = {.class = SP_JAIL_NET, .keep_root = true};
	struct sp_jail_report r;
	char why[SP_WHY_MAX];

	bool root = geteuid() == 0;
	NEED(sp_jail_enter(&s, &r, why) == SP_OK && r.user == !root && !r.root_dir);
}

static void test_keep_root(void **state)
{
	(void)state;
	int status = in_child(look_at_self);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void become_nobody_in_particular(void)
{
	/* The ids are looked at after the drop and before the filter: PARENT has none. */
	struct sp_jail_spec s = {.class = SP_JAIL_PARENT, .uid = 61000, .gid = 61001};
	gid_t groups[4];

	enter(&s);
	NEED(getuid() == 61000 && geteuid() == 61000 && getgid() == 61001);
	NEED(getgroups(4, groups) == 0);
	NEED(setuid(0) != 0);
}

static void test_drop(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	int status = in_child(become_nobody_in_particular);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* As on a kernel without Landlock: its first call answers ENOSYS. */
static void without_landlock(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	struct sp_jail_path p = {"/tmp", true};
	struct sp_jail_spec keeper = {.class = SP_JAIL_KEEPER, .paths = &p, .npaths = 1};
	struct sp_jail_spec net = {.class = SP_JAIL_NET};
	struct sp_jail_report r;
	char text[SP_WHY_MAX];

	NEED(seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(landlock_create_ruleset), 0) ==
			0);
	NEED(seccomp_load(f) == 0);
	seccomp_release(f);
	NEED(sp_jail_selftest(&keeper, text) == SP_OK);
	NEED(sp_jail_selftest(&net, text) == SP_OK);
	NEED(sp_jail_enter(&net, &r, text) == SP_OK && r.landlock == 0);
	NEED(strstr(r.text, "no landlock"));
}

static void test_without_landlock(void **state)
{
	(void)state;
	int status = in_child(without_landlock);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Where the filter is missing, the self-test must say so. */
static void test_selftest_finds_holes(void **state)
{
	struct sp_jail_path everything = {"/", true};
	struct sp_jail_spec s = {.class = SP_JAIL_KEEPER, .paths = &everything, .npaths = 1};
	char failed[SP_WHY_MAX];

	(void)state;
	if (SP_JAIL_SANITIZER) {
		skip();
	}
	/* What a test left that was interrupted. */
	unlink("/tmp/sallyport-probe");
	assert_int_equal(sp_jail_selftest(&s, failed), SP_EDENIED);
	assert_string_equal(failed, "open, open a program, create");
	unlink("/tmp/sallyport-probe");
	s.paths = &(struct sp_jail_path){"/no/such/place", true};
	assert_int_equal(sp_jail_selftest(&s, failed), SP_ESYS);
	s.class = SP_JAIL_PARENT;
	assert_int_equal(sp_jail_selftest(&s, failed), SP_EARG);
}

static void keep_files(void)
{
	char dir[] = "/tmp/sp-jail-XXXXXX", path[64], other[64];
	struct sp_jail_path p = {dir, true};
	struct sp_jail_spec s = {.class = SP_JAIL_KEEPER, .paths = &p, .npaths = 1};
	struct sp_jail_report r;
	char why[SP_WHY_MAX];

	NEED(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/store", dir);
	snprintf(other, sizeof(other), "%s.other", dir);
	NEED(sp_jail_enter(&s, &r, why) == SP_OK);
	NEED(sp_file_write(path, 0600, sp_span("data", 4)) == SP_OK);
	struct sp_rcbuf *b;
	NEED(sp_file_read(path, 100, &b) == SP_OK && b->n == 4);
	sp_rcbuf_unref(b);
	if (r.landlock) {
		NEED(open(other, O_CREAT | O_WRONLY, 0600) < 0);
		NEED(open("/etc/passwd", O_RDONLY) < 0);
	}
	NEED(unlink(path) == 0);
	(void)!rmdir(dir);
}

static void test_keeper_files(void **state)
{
	(void)state;
	int status = in_child(keep_files);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A connection out, as sp-dial makes it; a fork of it as its resolver: less and less is left. */
static void dial_out(void)
{
	struct sp_jail_path etc = {"/etc", false}, hosts = {"/etc/hosts", false};
	struct sp_jail_spec s = {.class = SP_JAIL_DIAL, .paths = &etc, .npaths = 1};
	struct sp_jail_report r;
	char why[SP_WHY_MAX] = "";
	int listener, fd, status = -1;
	struct sp_addr a;

	NEED(sp_tcp_listen("127.0.0.1:0", &listener, why) == SP_OK);
	NEED(sp_tcp_local(listener, &a) == SP_OK);
	bool root = geteuid() == 0;
	NEED(sp_jail_enter(&s, &r, why) == SP_OK);
	NEED(!root || (r.user && !r.root_dir && geteuid() >= 61184));
	NEED(sp_tcp_dial(&a, &fd) == SP_OK && sp_tcp_dialled(fd) == SP_OK);
	NEED(sp_tcp_tune(fd, SP_TCP_SEND_BUF, SP_TCP_LOWAT) == SP_OK);
	NEED(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
	if (r.landlock > 0) {
		NEED(open("/bin/sh", O_RDONLY | O_CLOEXEC) < 0);
	}
	pid_t pid = fork();
	NEED(pid >= 0);
	if (pid == 0) {
		NEED(sp_jail_resolver(&hosts, 1, why) == SP_OK);
		NEED(open("/etc/hosts", O_RDONLY | O_CLOEXEC) >= 0);
		NEED(r.landlock == 0 || open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0);
		NEED(r.landlock < 4 || (sp_tcp_dial(&a, &fd) != SP_OK && errno == EACCES));
		NEED(!root || fork() < 0);
		_exit(0);
	}
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_dial(void **state)
{
	(void)state;
	int status = in_child(dial_out);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void dial_and_listen(void)
{
	struct sp_jail_spec s = {.class = SP_JAIL_DIAL};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	enter(&s);
	(void)!listen(fd, 1);
}

static void dial_raw(void)
{
	struct sp_jail_spec s = {.class = SP_JAIL_DIAL};

	enter(&s);
	/* An answer, because the C library tries; everything else is none of its business. */
	NEED(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 && errno == EAFNOSUPPORT);
	(void)!socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
}

static void test_dial_is_killed(void **state)
{
	void (*const all[])(void) = {dial_and_listen, dial_raw};

	(void)state;
	if (SP_JAIL_SANITIZER) {
		skip();
	}
	for (size_t i = 0; i < SP_LEN(all); i++) {
		int status = in_child(all[i]);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGSYS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_selftest),
			cmocka_unit_test(test_net_can_work),
			cmocka_unit_test(test_ordinary_user),
			cmocka_unit_test(test_unlisted_call_kills),
			cmocka_unit_test(test_keep_root),
			cmocka_unit_test(test_drop),
			cmocka_unit_test(test_without_landlock),
			cmocka_unit_test(test_selftest_finds_holes),
			cmocka_unit_test(test_keeper_files),
			cmocka_unit_test(test_dial),
			cmocka_unit_test(test_dial_is_killed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
