/* tests/host/io/test_ipc.c - messages between processes: whole, with descriptors, or refused. */
#include "host/io/ipc.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "unit.h"

static int fds[2];
static struct sp_ipc_msg m;

static int setup(void **state)
{
	(void)state;
	return sp_ipc_pair(fds);
}

static int teardown(void **state)
{
	(void)state;
	close(fds[0]);
	close(fds[1]);
	return 0;
}

static size_t open_fds(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++) {
		n += fcntl(fd, F_GETFD) >= 0;
	}
	return n;
}

static void test_round_trip(void **state)
{
	static uint8_t big[SP_IPC_MAX + 1];
	struct {
		int x, y;
	} body = {1, 2}, got;

	(void)state;
	assert_int_equal(sp_ipc_recv(fds[1], &m, 0), 0);
	assert_int_equal(sp_ipc_send(fds[0], 9, &body, sizeof(body), NULL, 0), SP_OK);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 0), 1);
	assert_int_equal(m.type, 9);
	assert_int_equal(sp_ipc_body(&m, &got, sizeof(got)), SP_OK);
	assert_int_equal(got.y, 2);
	assert_int_equal(sp_ipc_body(&m, &got, 4), SP_EFIELD);
	assert_int_equal(sp_ipc_body(&m, &got, 13), SP_EFIELD);

	memset(big, 0x5a, sizeof(big));
	assert_int_equal(sp_ipc_send(fds[0], 1, big, SP_IPC_MAX, NULL, 0), SP_OK);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 0), 1);
	assert_int_equal(m.n, SP_IPC_MAX);
	assert_memory_equal(m.p, big, SP_IPC_MAX);
	assert_int_equal(sp_ipc_send(fds[0], 1, big, SP_IPC_MAX + 1, NULL, 0), SP_EARG);
	assert_int_equal(sp_ipc_send(fds[0], 2, NULL, 0, NULL, 0), SP_OK);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 0), 1);
	assert_int_equal(m.n, 0);
}

static void test_fds(void **state)
{
	int pipes[2], many[5] = {0, 0, 0, 0, 0};
	char c;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(sp_ipc_send(fds[0], 1, "x", 1, pipes, 2), SP_OK);
	assert_int_equal(sp_ipc_send(fds[0], 1, "x", 1, many, 5), SP_EARG);
	size_t before = open_fds();
	assert_int_equal(sp_ipc_recv(fds[1], &m, 2), 1);
	assert_int_equal(m.nfds, 2);
	assert_int_equal(open_fds(), before + 2);
	assert_int_equal(fcntl(m.fds[0], F_GETFD), FD_CLOEXEC);
	int w = sp_ipc_take_fd(&m, 1);
	assert_int_equal(sp_ipc_take_fd(&m, 1), -1);
	assert_int_equal(sp_ipc_take_fd(&m, 2), -1);
	assert_int_equal(write(w, "!", 1), 1);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	close(w);
	sp_ipc_drop_fds(&m);
	assert_int_equal(open_fds(), before);
	close(pipes[0]);
	close(pipes[1]);
}

static void test_unwanted_fds_are_closed(void **state)
{
	int four[4] = {0, 1, 2, 0};

	(void)state;
	size_t before = open_fds();
	for (size_t max = 0; max < 4; max++) {
		assert_int_equal(sp_ipc_send(fds[0], 1, "x", 1, four, 4), SP_OK);
		assert_int_equal(sp_ipc_recv(fds[1], &m, max), SP_ELIMIT);
		assert_int_equal(m.nfds, 0);
		assert_int_equal(open_fds(), before);
	}
}

/* Sends raw bytes with raw descriptors, as a process that was taken over could. */
static void send_raw(const void *p, size_t n, size_t nfds)
{
	struct iovec iov = {(void *)(uintptr_t)p, n};
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(16 * sizeof(int))];
	} c;
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};

	if (nfds > 0) {
		memset(&c, 0, sizeof(c));
		h.msg_control = &c;
		h.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *cm = CMSG_FIRSTHDR(&h);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(nfds * sizeof(int)); /* all zero: fd 0 */
	}
	assert_int_equal(sendmsg(fds[0], &h, 0), n);
}

static void test_damaged(void **state)
{
	static uint8_t raw[SP_IPC_MAX + 100];
	uint32_t head[4] = {5, 4, 0, 0xaaaaaaaa};
	size_t before = open_fds();

	(void)state;
	for (size_t n = 1; n < 12; n++) {
		send_raw(head, n, 1);
		assert_int_equal(sp_ipc_recv(fds[1], &m, 4), SP_ESHORT);
	}
	for (size_t n = 12; n < 16; n++) { /* says 4 bytes, has fewer */
		send_raw(head, n, 0);
		assert_int_equal(sp_ipc_recv(fds[1], &m, 4), SP_EFIELD);
	}
	send_raw(head, 16, 0);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 4), 1);
	head[1] = 3;
	send_raw(head, 16, 0);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 4), SP_EFIELD);
	head[1] = 0xffffffff;
	send_raw(head, 16, 0);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 4), SP_EFIELD);
	head[1] = 4;
	for (uint32_t says = 0; says < 3; says++) { /* says another number of descriptors */
		head[2] = says;
		for (size_t nfds = 0; nfds < 4; nfds++) {
			send_raw(head, 16, nfds);
			assert_int_equal(sp_ipc_recv(fds[1], &m, 4), nfds == says ? 1 : SP_EFIELD);
			sp_ipc_drop_fds(&m);
		}
	}
	head[2] = 16;
	send_raw(head, 16, 16);
	assert_true(sp_ipc_recv(fds[1], &m, 4) < 0);
	send_raw(raw, sizeof(raw), 2);
	assert_int_equal(sp_ipc_recv(fds[1], &m, 4), SP_ELIMIT);
	assert_int_equal(open_fds(), before);
}

static void test_closed_and_full(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(sp_ipc_pair(pair), SP_OK);
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	int rc = SP_OK;
	for (int i = 0; i < 10000 && rc == SP_OK; i++) {
		rc = sp_ipc_send(pair[0], 1, m.p, 4096, NULL, 0);
	}
	assert_int_equal(rc, SP_ESPACE);
	close(pair[1]);
	assert_int_equal(sp_ipc_send(pair[0], 1, "x", 1, NULL, 0), SP_ECLOSED);
	assert_int_equal(sp_ipc_recv(pair[0], &m, 0), SP_ECLOSED);
	close(pair[0]);
}

static void test_ask(void **state)
{
	int number = 20;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 2; i++) {
			int v;
			if (sp_ipc_wait(fds[1], &m, 0, sp_now_us() + 5000000) != SP_OK ||
					sp_ipc_body(&m, &v, sizeof(v)) != SP_OK) {
				_exit(1);
			}
			v++;
			if (sp_ipc_send(fds[1], 2, &v, sizeof(v), NULL, 0) != SP_OK) {
				_exit(2);
			}
		}
		_exit(0);
	}
	uint64_t soon = sp_now_us() + 5000000;
	assert_int_equal(sp_ipc_ask(fds[0], 1, &number, sizeof(number), 2, &m, 0, soon), SP_OK);
	assert_int_equal(sp_ipc_body(&m, &number, sizeof(number)), SP_OK);
	assert_int_equal(number, 21);
	assert_int_equal(sp_ipc_ask(fds[0], 1, &number, sizeof(number), 3, &m, 0, soon), SP_ESTATE);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);

	uint64_t now = sp_now_us();
	assert_int_equal(sp_ipc_ask(fds[0], 1, NULL, 0, 2, &m, 0, now + 30000), SP_ETIMEOUT);
	assert_true(sp_now_us() >= now + 30000);
	/* A question that cannot even be put, because nobody takes any. */
	int rc = SP_OK;
	for (int i = 0; i < 1000 && rc == SP_OK; i++) {
		now = sp_now_us();
		rc = sp_ipc_ask(fds[0], 1, m.p, 60000, 2, &m, 0, now);
		rc = rc == SP_ETIMEOUT && i < 20 ? SP_OK : rc;
	}
	assert_int_equal(rc, SP_ETIMEOUT);
	/* The other end gone: at once, not at the deadline. */
	close(fds[1]);
	fds[1] = dup(0);
	now = sp_now_us();
	assert_int_equal(sp_ipc_ask(fds[0], 1, NULL, 0, 2, &m, 0, now + 10000000), SP_ECLOSED);
	assert_true(sp_now_us() < now + 5000000);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
			T(test_round_trip),
			T(test_fds),
			T(test_unwanted_fds_are_closed),
			T(test_damaged),
			T(test_closed_and_full),
			T(test_ask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
