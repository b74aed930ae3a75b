/* tests/gate/dial/test_process.c - the real sp-dial in its jail: names, addresses, limits, ends. */
#include "unit.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/dial/dial.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"
#include "host/monitor/mon.h"

#define SERVER "127.77.0.53"

static char dir[] = "/tmp/sp-dial-XXXXXX";
static char program[512], script[768];
static int keeper = -1, output = -1;
static pid_t pid, dns;
static struct sp_mon_in in;

/* ---- a name server of its own, in a mount namespace of its own ---- */

static size_t put_answer(uint8_t *p, const uint8_t address[4])
{
	static const uint8_t head[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};

	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), address, 4);
	return sizeof(head) + 4;
}

/* hang.* gets no answer, none.* an NXDOMAIN; the others some addresses, IPv4 only. */
static size_t answer(uint8_t *p, size_t n)
{
	const uint8_t *name = p + 12;
	size_t end = 12, many;

	while (end < n && p[end] != 0) {
		end += 1 + p[end];
	}
	if (end + 5 > n || memcmp(name + 1, "hang", 4) == 0) {
		return 0;
	}
	bool v4 = p[end + 2] == 1;
	n = end + 5;
	p[2] = 0x81, p[3] = memcmp(name + 1, "none", 4) == 0 ? 0x83 : 0x80;
	p[7] = p[9] = p[11] = 0;
	if (p[3] == 0x83 || !v4) {
		return n;
	}
	many = memcmp(name + 1, "many", 4) == 0 ? 20 : 1;
	for (size_t i = 0; i < many; i++) {
		const uint8_t good[4] = {127, 0, 0, (uint8_t)(1 + i)}, zero[4] = {0};
		n += put_answer(p + n, memcmp(name + 1, "zero", 4) == 0 ? zero : good);
		p[7]++;
	}
	return n;
}

static int name_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)}, from;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, SERVER, &a.sin_addr);
	if (fd < 0 || bind(fd, (void *)&a, sizeof(a)) < 0) {
		return -1;
	}
	dns = fork();
	if (dns != 0) {
		close(fd);
		return dns > 0 ? 0 : -1;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		static uint8_t p[1024];
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, p, 512, 0, (void *)&from, &len);

		n = n > 12 ? (ssize_t)answer(p, (size_t)n) : 0;
		if (n > 0) {
			(void)!sendto(fd, p, (size_t)n, 0, (void *)&from, len);
		}
	}
}

static void write_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_dir(void **state)
{
	const char *build = getenv("SP_BUILD");

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL || build == NULL) {
		return -1;
	}
	snprintf(program, sizeof(program), "%s/sp-dial", build);
	write_file("hosts",
			"127.0.0.1 localhost\n::1 six.test\n127.0.0.8 two.test\n"
			"127.0.0.9 two.test\n224.0.0.1 group.test\n");
	write_file("resolv.conf", "nameserver " SERVER "\n");
	snprintf(script, sizeof(script),
			"mount --bind %s/hosts /etc/hosts && "
			"mount --bind %s/resolv.conf /etc/resolv.conf && exec %s",
			dir, dir, program);
	if (geteuid() == 0 && name_server() != 0) {
		print_message("no name server on " SERVER ": %s\n", strerror(errno));
	}
	return 0;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {"hosts", "resolv.conf"};
	char path[128];

	if (dns > 0) {
		kill(dns, SIGKILL);
		waitpid(dns, NULL, 0);
	}
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return rmdir(dir);
}

/* ---- the process ---- */

static int start_program(const char *path, const char *const *argv)
{
	const char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SP_LOG_DEBUG=1",
			"ASAN_OPTIONS=detect_leaks=0", NULL};
	char why[SP_WHY_MAX];
	int pair[2], lines[2];

	if (sp_ipc_pair(pair) != SP_OK) {
		return -1;
	}
	/* A pipe takes its lines: the jail lets it write to no file. */
	if (pipe2(lines, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -1;
	}
	output = lines[0];
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = &pair[1],
			.nfds = 1,
			.out = lines[1],
			.err = lines[1],
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, &pid, why);
	close(pair[1]);
	close(lines[1]);
	keeper = pair[0];
	return rc == SP_OK ? 0 : -1;
}

static int start(void **state)
{
	const char *argv[] = {"sp-dial", NULL};

	return start_program(program, argv);
}

/* With our own names, where root runs the test. */
static int start_apart(void **state)
{
	const char *argv[] = {"unshare", "-m", "sh", "-c", script, NULL};

	return dns > 0 ? start_program("/usr/bin/unshare", argv) : 0;
}

static int stop(void **state)
{
	close(keeper);
	close(output);
	keeper = output = -1;
	if (pid > 0) {
		int status;
		(void)!sp_proc_reap(pid, sp_now_us() + 5000000, &status);
		pid = 0;
	}
	sp_mon_in_finish(&in);
	return 0;
}

static const char *log_text(void)
{
	static char log[65536];
	static size_t at;
	ssize_t n = read(output, log + at, sizeof(log) - 1 - at);

	at += n > 0 ? (size_t)n : 0;
	log[at] = '\0';
	return log;
}

static void dial(uint64_t conn, const char *address, uint32_t ms)
{
	struct sp_msg_dial m = {.conn = conn, .timeout_ms = ms};

	snprintf(m.address, sizeof(m.address), "%s", address);
	assert_int_equal(sp_mon_say(keeper, DIAL, &m), SP_OK);
}

/* The next answer of any dial. */
static void next(void)
{
	struct pollfd p = {.fd = keeper, .events = POLLIN};
	int rc = 0;

	memset(&in, 0, sizeof(in));
	for (int i = 0; i < 150 && (rc = sp_mon_recv(keeper, &in)) == 0; i++) {
		poll(&p, 1, 100);
	}
	if (rc != 1) {
		fail_msg("no answer (%d):\n%s", rc, log_text());
	}
}

static void expect_failed(uint64_t conn, const char *text)
{
	next();
	if (in.type != SP_MSG_DIAL_FAILED || strcmp(in.body.dial_failed.text, text) != 0) {
		fail_msg("%s \"%s\" instead of \"%s\":\n%s", sp_msg_name(in.type),
				in.type == SP_MSG_DIAL_FAILED ? in.body.dial_failed.text : "", text,
				log_text());
	}
	assert_int_equal(in.body.dial_failed.conn, conn);
	sp_mon_in_finish(&in);
}

/* The socket; whoever listens finds it there. */
static int expect_dialed(uint64_t conn, const char *address)
{
	next();
	if (in.type != SP_MSG_DIALED) {
		fail_msg("\"%s\":\n%s", in.body.dial_failed.text, log_text());
	}
	assert_int_equal(in.body.dialed.conn, conn);
	assert_string_equal(in.body.dialed.address, address);
	int fd = sp_mon_take_fd(&in, 0);
	sp_mon_in_finish(&in);
	return fd;
}

static int listener(const char *where, char text[SP_ADDR_TEXT_MAX])
{
	char why[SP_WHY_MAX] = "";
	struct sp_addr a;
	int fd;

	if (sp_tcp_listen(where, &fd, why) != SP_OK) {
		return -1;
	}
	assert_int_equal(sp_tcp_local(fd, &a), SP_OK);
	sp_addr_text(&a, text);
	return fd;
}

/* An address at which nobody answers: the queue of its listener is full. */
static int silent(const char *where, int fill[8], char text[SP_ADDR_TEXT_MAX])
{
	int fd = listener(where, text);
	struct sp_addr a;

	assert_true(fd >= 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(sp_tcp_local(fd, &a), SP_OK);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(sp_tcp_dial(&a, &fill[i]), SP_OK);
	}
	usleep(50000);
	return fd;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		close(fds[i]);
	}
}

static uint64_t ms_since(uint64_t begin)
{
	return (sp_now_us() - begin) / 1000;
}

static void test_address(void **state)
{
	char text[SP_ADDR_TEXT_MAX];
	int l = listener("127.0.0.1:0", text), on = 0, idle = 0, got;
	socklen_t n = sizeof(on);
	struct sp_addr peer;

	dial(7, text, 0);
	int fd = expect_dialed(7, text);
	assert_int_equal(sp_tcp_accept(l, &got, &peer), 1);
	assert_int_equal(write(got, "hello", 5), 5);
	assert_int_equal(read(fd, text, 5), 5);
	/* Ready for a relay: no delay, keep-alive, nonblocking. */
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
	assert_int_equal(on, 1);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &n), 0);
	assert_int_equal(idle, 60);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	close(got);
	close(fd);
	close(l);
	assert_non_null(strstr(log_text(), "jailed: "));
}

static void test_refused(void **state)
{
	char text[SP_ADDR_TEXT_MAX];

	close(listener("127.0.0.1:0", text));
	dial(1, text, 0);
	expect_failed(1, "connection refused");
	dial(2, "localhost:1", 0);
	expect_failed(2, "connection refused");
}

static void test_not_sensible(void **state)
{
	static const struct {
		const char *address, *text;
	} rows[] = {
			{"", "not an address"},
			{"127.0.0.1:70000", "not an address"},
			{"[::1", "not an address"},
			{"a b:3389", "not an address"},
			{"-x:3389", "not an address"},
			{"../etc:3389", "not an address"},
			{"127.0.0.1:0", "no address that a connection could be opened to"},
			{"0.0.0.0:3389", "no address that a connection could be opened to"},
			{"[::]:3389", "no address that a connection could be opened to"},
			{"[::ffff:0.0.0.0]:3389",
					"no address that a connection could be opened to"},
			{"224.0.0.1:3389", "no address that a connection could be opened to"},
			{"255.255.255.255:3389", "no address that a connection could be opened to"},
			{"[ff02::1]:3389", "no address that a connection could be opened to"},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		dial(i + 1, rows[i].address, 0);
		expect_failed(i + 1, rows[i].text);
	}
}

static void test_v6(void **state)
{
	char text[SP_ADDR_TEXT_MAX];
	int l = listener("[::1]:0", text);

	if (l < 0) {
		skip(); /* a machine without IPv6 */
	}
	dial(7, text, 0);
	close(expect_dialed(7, text));
	close(l);
	dial(8, text, 0);
	expect_failed(8, "connection refused");
}

static void test_no_answer(void **state)
{
	char text[SP_ADDR_TEXT_MAX];
	int fill[8], l = silent("127.0.0.1:0", fill, text);
	uint64_t begin = sp_now_us();

	dial(7, text, 400);
	dial(8, "127.0.0.1:1", 400);
	expect_failed(8, "connection refused"); /* nobody waits for another */
	assert_true(ms_since(begin) < 300);
	expect_failed(7, "no answer");
	assert_in_range(ms_since(begin), 390, 1500);
	close_all(fill, 8);
	close(l);
}

static void test_too_many(void **state)
{
	char text[SP_ADDR_TEXT_MAX];
	int fill[8], l = silent("127.0.0.1:0", fill, text);

	for (uint64_t i = 1; i <= SP_DIALS; i++) {
		dial(i, text, 1000);
	}
	dial(100, text, 1000);
	expect_failed(100, "too many connections are being opened");
	for (uint64_t i = 1; i <= SP_DIALS; i++) {
		next();
		assert_int_equal(in.type, SP_MSG_DIAL_FAILED);
		assert_string_equal(in.body.dial_failed.text, "no answer");
		sp_mon_in_finish(&in);
	}
	/* All places are free again. */
	dial(101, "127.0.0.1:1", 0);
	expect_failed(101, "connection refused");
	close_all(fill, 8);
	close(l);
}

static void need_names(void)
{
	if (dns <= 0) {
		skip(); /* only root can have names of its own */
	}
}

static void test_names(void **state)
{
	char text[SP_ADDR_TEXT_MAX], address[SP_ADDR_TEXT_MAX];
	uint16_t port;

	need_names();
	int l = listener("127.0.0.1:0", text);
	assert_int_equal(sp_addr_split(text, 0, address, sizeof(address), &port), SP_OK);
	snprintf(address, sizeof(address), "good.test:%u", port);
	dial(1, address, 0);
	close(expect_dialed(1, text));
	/* Twenty addresses, of which the first answers; only some are looked at. */
	snprintf(address, sizeof(address), "many.test:%u", port);
	dial(2, address, 0);
	close(expect_dialed(2, text));
	dial(3, "none.test:3389", 0);
	expect_failed(3, "no such host");
	dial(4, "zero.test:3389", 0);
	expect_failed(4, "no address that a connection could be opened to");
	dial(5, "group.test:3389", 0);
	expect_failed(5, "no address that a connection could be opened to");
	dial(6, "six.test:1", 0);
	expect_failed(6, "connection refused");
	close(l);
}

static void test_hanging_name_server(void **state)
{
	need_names();
	uint64_t begin = sp_now_us();
	char address[64];

	/* Neither one nor all of them hold up what has an answer. */
	for (uint64_t i = 1; i < SP_DIALS; i++) {
		snprintf(address, sizeof(address), "hang%u.test:3389", (unsigned)i);
		dial(i, address, 2500);
	}
	dial(100, "127.0.0.1:1", 2500);
	expect_failed(100, "connection refused");
	dial(101, "good.test:1", 2500);
	expect_failed(101, "connection refused");
	assert_true(ms_since(begin) < 2300);
	for (uint64_t i = 1; i < SP_DIALS; i++) {
		next();
		assert_int_equal(in.type, SP_MSG_DIAL_FAILED);
		assert_string_equal(in.body.dial_failed.text,
				"the name cannot be looked up: no name server answers");
		sp_mon_in_finish(&in);
	}
	assert_in_range(ms_since(begin), 2490, 6000);
	/* Their children are gone, and do not count any more. */
	usleep(300000);
	for (uint64_t i = 1; i <= 3; i++) {
		dial(i, "good.test:1", 2500);
		expect_failed(i, "connection refused");
	}
}

/* One address of the name is silent: the other one wins without waiting for its end. */
static void test_race(void **state)
{
	char text[SP_ADDR_TEXT_MAX], address[SP_ADDR_TEXT_MAX];
	uint64_t slowest = 0;
	int fill[8];
	uint16_t port;

	need_names();
	for (int i = 0; i < 2; i++) {
		const char *quiet = i ? "127.0.0.9" : "127.0.0.8";
		const char *good = i ? "127.0.0.8" : "127.0.0.9";

		snprintf(address, sizeof(address), "%s:0", quiet);
		int s = silent(address, fill, text);
		assert_int_equal(sp_addr_split(text, 0, address, sizeof(address), &port), SP_OK);
		snprintf(address, sizeof(address), "%s:%u", good, port);
		int l = listener(address, text);
		assert_true(l >= 0);
		snprintf(address, sizeof(address), "two.test:%u", port);
		uint64_t begin = sp_now_us();
		dial(1, address, 5000);
		close(expect_dialed(1, text));
		slowest = ms_since(begin) > slowest ? ms_since(begin) : slowest;
		close_all(fill, 8);
		close(s);
		close(l);
	}
	assert_in_range(slowest, 290, 2000);
}

/* The first child of the process, or 0. */
static pid_t child_of(pid_t parent)
{
	DIR *d = opendir("/proc");
	pid_t found = 0;

	for (struct dirent *e; found == 0 && (e = readdir(d)) != NULL;) {
		char path[300], line[512] = "";
		int ppid = 0;

		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		FILE *f = strspn(e->d_name, "0123456789") > 0 ? fopen(path, "r") : NULL;
		if (f && fgets(line, sizeof(line), f) && strrchr(line, ')') &&
				sscanf(strrchr(line, ')'), ") %*c %d", &ppid) == 1 &&
				ppid == parent) {
			found = (pid_t)strtol(e->d_name, NULL, 10);
		}
		if (f) {
			fclose(f);
		}
	}
	closedir(d);
	return found;
}

static void test_child_killed(void **state)
{
	pid_t child = 0;

	need_names();
	dial(1, "hang.test:3389", 15000);
	for (int i = 0; i < 500 && child == 0; i++) {
		usleep(20000);
		child = child_of(pid);
	}
	assert_true(child > 0);
	assert_int_equal(kill(child, SIGKILL), 0);
	expect_failed(1, "the name cannot be looked up");
	assert_non_null(strstr(log_text(), "a resolver ended with signal 9"));
	dial(2, "127.0.0.1:1", 0);
	expect_failed(2, "connection refused");
}

static void expect_end(int code)
{
	int status = -1;

	assert_int_equal(sp_proc_reap(pid, sp_now_us() + 3000000, &status), SP_OK);
	pid = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != code) {
		fail_msg("status %d:\n%s", status, log_text());
	}
}

static void test_keeper_gone(void **state)
{
	char text[SP_ADDR_TEXT_MAX];
	int fill[8], l = silent("127.0.0.1:0", fill, text);

	dial(1, text, 5000);
	usleep(100000);
	close(keeper);
	keeper = -1;
	expect_end(0);
	close_all(fill, 8);
	close(l);
}

/* Whatever looks up a name ends with it. */
static void test_keeper_gone_while_resolving(void **state)
{
	pid_t child = 0;

	need_names();
	dial(1, "hang.test:3389", 30000);
	for (int i = 0; i < 100 && child == 0; i++) {
		usleep(20000);
		child = child_of(pid);
	}
	assert_true(child > 0);
	close(keeper);
	keeper = -1;
	expect_end(0);
	for (int i = 0; i < 100 && kill(child, 0) == 0; i++) {
		usleep(20000);
	}
	assert_int_equal(kill(child, 0), -1);
}

static void test_other_message(void **state)
{
	struct sp_msg_none none = {0};

	assert_int_equal(sp_mon_say(keeper, RELOAD, &none), SP_OK);
	expect_end(1);
}

static void test_usage(void **state)
{
	const char *argv[] = {"sp-dial", NULL};
	struct sp_proc_spec spec = {.path = program, .argv = argv, .out = -1, .err = -1};
	char why[SP_WHY_MAX];

	assert_int_equal(sp_proc_start(&spec, &pid, why), SP_OK);
	expect_end(2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
#define APART(f) cmocka_unit_test_setup_teardown(f, start_apart, stop)
	const struct CMUnitTest tests[] = {
			T(test_address),
			T(test_refused),
			T(test_not_sensible),
			T(test_v6),
			T(test_no_answer),
			T(test_too_many),
			APART(test_names),
			APART(test_hanging_name_server),
			APART(test_race),
			APART(test_child_killed),
			T(test_keeper_gone),
			APART(test_keeper_gone_while_resolving),
			T(test_other_message),
			cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
