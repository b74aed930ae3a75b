/* tests/gate/net/test_door_token.c - the real sp-net in its jail, where a token is required. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pdu/x224.h"
#include "host/io/cert.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"
#include "host/monitor/mon.h"

#define SECOND 1000000ull

struct rig {
	int parent, keeper, login; /* our ends */
	int client; /* connected to it */
	pid_t pid;
	uint64_t began;
};

static struct sp_mon_in in;

static int chain_file(void)
{
	char name[] = "/tmp/sp-chain-XXXXXX";
	struct sp_rcbuf *cert, *key;
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(sp_cert_make("gate.test", 30, &cert, &key), SP_OK);
	assert_int_equal(write(fd, cert->p, cert->n), (ssize_t)cert->n);
	sp_rcbuf_unref(cert);
	sp_cert_key_free(key);
	return fd;
}

static pid_t start(const int ends[4])
{
	char program[512];
	const char *build = getenv("SP_BUILD");
	pid_t pid;

	assert_non_null(build);
	snprintf(program, sizeof(program), "%s/sp-net", build);
	pid = fork();
	if (pid != 0) {
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	int moved[4];
	for (int i = 0; i < 4; i++) {
		moved[i] = fcntl(ends[i], F_DUPFD, 20);
	}
	for (int i = 0; i < 4; i++) {
		dup2(moved[i], 3 + i);
		close(moved[i]);
	}
	execl(program, program, (char *)NULL);
	_exit(127);
}

static void open_rig(struct rig *r)
{
	struct sp_msg_net_start m = {.conn = 1,
			.source = {.family = AF_INET, .port = 5, .text = "192.0.2.1:5"},
			.logon_ms = 30000,
			.active_ms = 30000,
			.require_token = 1};
	int parent[2], keeper[2], login[2], listener, accepted;
	struct sp_addr at;
	char why[SP_WHY_MAX];

	assert_int_equal(sp_ipc_pair(parent), SP_OK);
	assert_int_equal(sp_ipc_pair(keeper), SP_OK);
	assert_int_equal(sp_ipc_pair(login), SP_OK);
	int chain = chain_file();
	r->pid = start((const int[]){parent[1], keeper[1], login[1], chain});
	close(parent[1]);
	close(keeper[1]);
	close(login[1]);
	close(chain);
	r->parent = parent[0];
	r->keeper = keeper[0];
	r->login = login[0];
	assert_int_equal(sp_tcp_listen("127.0.0.1:0", &listener, why), SP_OK);
	assert_int_equal(sp_tcp_local(listener, &at), SP_OK);
	r->client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(r->client, &at.u.sa, at.n), 0);
	accepted = accept(listener, NULL, NULL);
	assert_true(accepted >= 0);
	close(listener);
	assert_int_equal(sp_mon_send(r->parent, SP_MSG_NET_START, &m, sizeof(m), &accepted, 1),
			SP_OK);
	close(accepted);
	r->began = sp_now_us();
}

static void close_rig(struct rig *r)
{
	int status;

	close(r->client);
	close(r->parent);
	close(r->keeper);
	close(r->login);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void await_message(struct rig *r, uint32_t type)
{
	struct pollfd p = {.fd = r->keeper, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 15000), 1);
	assert_int_equal(sp_mon_recv(r->keeper, &in), 1);
	assert_int_equal(in.type, type);
}

/* No byte, a reset and not an end, not later than two seconds after what caused it. */
static void is_silent(struct rig *r, uint64_t after_us, const char *text)
{
	struct pollfd p = {.fd = r->client, .events = POLLIN};
	char byte;

	assert_int_equal(poll(&p, 1, 15000), 1);
	uint64_t took = sp_now_us() - r->began;
	assert_int_equal(recv(r->client, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_in_range(took, after_us, after_us + 3 * SECOND);
	await_message(r, SP_MSG_BYE);
	assert_int_equal(in.body.bye.why, SP_WHY_ROUTE);
	assert_string_equal(in.body.bye.text, text);
}

static void send_request(struct rig *r, const char *cookie, const char *token)
{
	struct sp_x224_request q = {.has_neg = true, .protocols = 3};
	uint8_t buf[512];
	struct sp_wr w;

	q.cookie = sp_span(cookie, cookie ? strlen(cookie) : 0);
	q.token = sp_span(token, token ? strlen(token) : 0);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_x224_request_write(&w, &q);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	/* In pieces, so that it is looked at more than once. */
	assert_int_equal(send(r->client, buf, 3, 0), 3);
	usleep(60000);
	assert_int_equal(send(r->client, buf + 3, w.n - 3, 0), (ssize_t)(w.n - 3));
}

static void test_garbage(void **state)
{
	static const char *const rows[] = {"GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02",
			"\x03\x00\xff\xff\x00", "\x03\x00\x00\x0b\x06\xd0\x00\x00\x00\x00\x00"};
	static const size_t sizes[] = {18, 4, 5, 11};

	for (size_t i = 0; i < 4; i++) {
		struct rig r;

		open_rig(&r);
		assert_int_equal(send(r.client, rows[i], sizes[i], 0), (ssize_t)sizes[i]);
		is_silent(&r, 0, "first packet is no connection request");
		close_rig(&r);
	}
}

static void test_no_token(void **state)
{
	static const char too_long[] = "Cookie: msts=0123456789012345678901234567890123456789"
				       "012345678901234567890123456789";
	struct rig r;

	open_rig(&r);
	send_request(&r, NULL, NULL);
	is_silent(&r, 0, "no token in the first packet");
	close_rig(&r);
	open_rig(&r);
	send_request(&r, NULL, too_long);
	is_silent(&r, 0, "no token in the first packet");
	close_rig(&r);
}

static void test_silence(void **state)
{
	struct rig r;

	open_rig(&r);
	is_silent(&r, 5 * SECOND, "no whole first packet in time");
	close_rig(&r);
}

static void answer(struct rig *r, uint32_t result, const char *token)
{
	struct sp_msg_routed m = {.result = result};

	await_message(r, SP_MSG_ROUTE);
	assert_string_equal(in.body.route.token, token);
	assert_int_equal(sp_mon_say(r->keeper, ROUTED, &m), SP_OK);
}

static void test_wrong_token(void **state)
{
	struct rig r;

	open_rig(&r);
	send_request(&r, NULL, "Cookie: msts=rNotOneOfOurs ");
	answer(&r, SP_ROUTED_DENIED, "rNotOneOfOurs");
	is_silent(&r, 0, "the first packet's token is not valid");
	close_rig(&r);
}

/* With it the connection goes on as anywhere: the confirm comes. */
static void test_right_token(void **state)
{
	static const struct {
		const char *cookie, *token;
	} rows[] = {{NULL, "Cookie: msts=rRight"}, {"rRight", NULL}};

	for (size_t i = 0; i < 2; i++) {
		struct sp_x224_confirm confirm;
		uint8_t buf[64];
		struct sp_rd rd;
		struct rig r;

		open_rig(&r);
		send_request(&r, rows[i].cookie, rows[i].token);
		answer(&r, SP_ROUTED_OK, "rRight");
		struct pollfd p = {.fd = r.client, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 5000), 1);
		ssize_t n = recv(r.client, buf, sizeof(buf), 0);
		assert_true(n > 0);
		sp_rd_init(&rd, buf, (size_t)n);
		assert_int_equal(sp_x224_confirm_read(&rd, &confirm), SP_OK);
		assert_int_equal(confirm.kind, SP_X224_CONFIRM_RESPONSE);
		assert_int_equal(confirm.selected, SP_PROTO_HYBRID);
		close_rig(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_garbage),
			cmocka_unit_test(test_no_token),
			cmocka_unit_test(test_silence),
			cmocka_unit_test(test_wrong_token),
			cmocka_unit_test(test_right_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
