/* tests/host/io/test_tcp.c - addresses as text, listening, dialling. */
#include "host/io/tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "unit.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *again, *host;
	} rows[] = {
			{"127.0.0.1:3389", "127.0.0.1:3389", "127.0.0.1"},
			{"0.0.0.0:0", "0.0.0.0:0", "0.0.0.0"},
			{"[::]:3389", "[::]:3389", "::"},
			{"[2001:db8::1]:65535", "[2001:db8::1]:65535", "2001:db8::1"},
			{"[::ffff:192.0.2.1]:1", "192.0.2.1:1", "192.0.2.1"},
			{"", NULL, NULL},
			{"127.0.0.1", NULL, NULL},
			{"127.0.0.1:", NULL, NULL},
			{"127.0.0.1:65536", NULL, NULL},
			{"127.0.0.1:-1", NULL, NULL},
			{"127.0.0.1:1x", NULL, NULL},
			{"localhost:1", NULL, NULL},
			{"::1", NULL, NULL},
			{"::1:3389", NULL, NULL},
			{"[::1]", NULL, NULL},
			{"[::1]3389", NULL, NULL},
			{"[127.0.0.1]:1", NULL, NULL},
			{"[::1:3389", NULL, NULL},
			{":3389", NULL, NULL},
			{"[]:3389", NULL, NULL},
			{"[", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_addr a;
		char text[SP_ADDR_TEXT_MAX];
		int rc = sp_addr_parse(rows[i].text, &a);

		assert_int_equal(rc, rows[i].again ? SP_OK : SP_EARG);
		if (rc == SP_OK) {
			sp_addr_text(&a, text);
			assert_string_equal(text, rows[i].again);
			sp_addr_host_text(&a, text);
			assert_string_equal(text, rows[i].host);
		}
	}
}

static void test_split(void **state)
{
	static const struct {
		const char *text, *host;
		int port;
	} rows[] = {
			{"db1.example.org", "db1.example.org", 3389},
			{"db1.example.org:1234", "db1.example.org", 1234},
			{"[::1]:1234", "::1", 1234},
			{"[::1]", "::1", 3389},
			{"2001:db8::1", "2001:db8::1", 3389},
			{"10.0.0.5:3390", "10.0.0.5", 3390},
			{"", NULL, 0},
			{":1", NULL, 0},
			{"h:", NULL, 0},
			{"h:99999", NULL, 0},
			{"[::1", NULL, 0},
			{"[::1]x", NULL, 0},
			{"a-name-that-is-far-too-long-for-the-room-there-is", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		char host[32];
		uint16_t port;
		int rc = sp_addr_split(rows[i].text, 3389, host, sizeof(host), &port);

		assert_int_equal(rc, rows[i].host ? SP_OK : SP_EARG);
		if (rc == SP_OK) {
			assert_string_equal(host, rows[i].host);
			assert_int_equal(port, rows[i].port);
		}
	}
}

static void test_source(void **state)
{
	struct sp_addr a, b;
	uint8_t x[16], y[16];

	(void)state;
	assert_int_equal(sp_addr_parse("192.0.2.1:5", &a), SP_OK);
	assert_int_equal(sp_addr_parse("[::ffff:192.0.2.1]:9", &b), SP_OK);
	sp_addr_source(&a, x);
	sp_addr_source(&b, y);
	assert_memory_equal(x, y, 16);
	assert_int_equal(sp_addr_parse("[2001:db8:1:2::3]:5", &a), SP_OK);
	assert_int_equal(sp_addr_parse("[2001:db8:1:2:ffff::9]:5", &b), SP_OK);
	sp_addr_source(&a, x);
	sp_addr_source(&b, y);
	assert_memory_equal(x, y, 16);
	assert_int_equal(sp_addr_parse("[2001:db8:1:3::3]:5", &b), SP_OK);
	sp_addr_source(&b, y);
	assert_memory_not_equal(x, y, 16);

	static const char *const loop[] = {
			"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"};
	static const char *const away[] = {"0.0.0.0:1", "10.0.0.1:1", "[::]:1", "[::2]:1"};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(sp_addr_parse(loop[i], &a), SP_OK);
		assert_true(sp_addr_loopback(&a));
		assert_int_equal(sp_addr_parse(away[i], &a), SP_OK);
		assert_false(sp_addr_loopback(&a));
	}
}

static bool have_v6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sp_addr b = {.u.v6 = a};
	bool ok = fd >= 0 && bind(fd, &b.u.sa, sizeof(a)) == 0;

	close(fd);
	return ok;
}

static void accept_one(const char *where, const char *dial)
{
	char why[SP_WHY_MAX] = "", text[SP_ADDR_TEXT_MAX], back[SP_ADDR_TEXT_MAX];
	struct sp_addr at, peer, mine;
	char name[SP_TCP_INTERFACE_MAX];
	bool v6 = where[0] == '[';
	struct sp_tcp_state ts;
	int listener, out, in;

	assert_int_equal(sp_tcp_listen(where, &listener, why), SP_OK);
	assert_int_equal(sp_tcp_local(listener, &at), SP_OK);
	assert_true(sp_addr_port(&at) != 0);
	assert_int_equal(sp_tcp_accept(listener, &in, &peer), 0);
	uint64_t soon = sp_now_us() + 5000000;
	assert_int_equal(sp_tcp_connect(dial, sp_addr_port(&at), soon, &out, why), SP_OK);
	struct pollfd p = {.fd = listener, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(sp_tcp_accept(listener, &in, &peer), 1);
	assert_true(fcntl(in, F_GETFL) & O_NONBLOCK);
	assert_int_equal(fcntl(in, F_GETFD), FD_CLOEXEC);
	int on = 0, idle = 0;
	socklen_t n = sizeof(on);
	assert_int_equal(getsockopt(in, SOL_SOCKET, SO_KEEPALIVE, &on, &n), 0);
	assert_int_equal(getsockopt(in, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &n), 0);
	assert_true(on);
	assert_int_equal(idle, 60);
	assert_int_equal(sp_tcp_local(out, &mine), SP_OK);
	sp_addr_text(&mine, text);
	sp_addr_text(&peer, back);
	assert_string_equal(text, back);
	assert_int_equal(sp_tcp_peer(in, &mine), SP_OK);
	sp_addr_text(&mine, text);
	assert_string_equal(text, back);
	assert_true(sp_addr_loopback(&peer));

	assert_true(sp_tcp_interface(in, name));
	assert_string_equal(name, "lo");
	/* What makes the socket tell is off again. */
	assert_int_equal(getsockopt(in, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
					 v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, &n),
			0);
	assert_int_equal(on, 0);

	assert_int_equal(sp_tcp_tune(in, SP_TCP_SEND_BUF, SP_TCP_LOWAT), SP_OK);
	assert_int_equal(write(in, "x", 1), 1);
	assert_int_equal(sp_tcp_state(in, &ts), SP_OK);
	assert_true(ts.rtt_us > 0);

	/* The port is taken, and the message says which. */
	int again;
	snprintf(text, sizeof(text), *dial == ':' ? "[::1]:%u" : "127.0.0.1:%u", sp_addr_port(&at));
	assert_int_equal(sp_tcp_listen(text, &again, why), SP_ESYS);
	assert_non_null(strstr(why, text));
	assert_int_equal(again, -1);
	close(in);
	close(out);
	close(listener);
	/* Nobody there any more. */
	assert_int_equal(sp_tcp_connect(dial, sp_addr_port(&at), soon, &out, why), SP_ESYS);
	assert_non_null(strstr(why, "refused"));
	/* And the port can be listened on again at once. */
	assert_int_equal(sp_tcp_listen(text, &again, why), SP_OK);
	close(again);
}

static void test_accept(void **state)
{
	(void)state;
	accept_one("127.0.0.1:0", "127.0.0.1");
	if (have_v6()) {
		accept_one("[::1]:0", "::1");
		accept_one("[::]:0", "127.0.0.1");
	}
}

/* One port for each kind of address, as ["0.0.0.0:3389", "[::]:3389"] says it. */
static void test_both(void **state)
{
	char why[SP_WHY_MAX], text[SP_ADDR_TEXT_MAX];
	struct sp_addr at;
	int four, six;

	(void)state;
	if (!have_v6()) {
		return;
	}
	assert_int_equal(sp_tcp_listen("0.0.0.0:0", &four, why), SP_OK);
	assert_int_equal(sp_tcp_local(four, &at), SP_OK);
	snprintf(text, sizeof(text), "[::]:%u", sp_addr_port(&at));
	assert_int_equal(sp_tcp_listen(text, &six, why), SP_ESYS);
	assert_int_equal(sp_tcp_listen_six(text, &six, why), SP_OK);
	close(four);
	close(six);
}

static void test_errors(void **state)
{
	char why[SP_WHY_MAX] = "";
	struct sp_addr all[4];
	struct sp_tcp_state ts;
	char name[SP_TCP_INTERFACE_MAX] = "x";
	int fd, pair[2];

	(void)state;
	assert_int_equal(sp_tcp_listen("nonsense", &fd, why), SP_EARG);
	assert_non_null(strstr(why, "nonsense"));
	assert_int_equal(sp_tcp_listen("192.0.2.123:1", &fd, why), SP_ESYS);
	assert_non_null(strstr(why, "192.0.2.123:1"));
	assert_int_equal(sp_tcp_resolve("127.0.0.1", 5, all, 4, why), 1);
	assert_int_equal(sp_addr_port(&all[0]), 5);
	assert_int_equal(sp_tcp_resolve("no such host", 5, all, 4, why), SP_ENOTFOUND);
	assert_non_null(strstr(why, "no such host"));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_false(sp_tcp_interface(pair[0], name));
	assert_string_equal(name, "");
	assert_int_equal(sp_tcp_tune(pair[0], 1000, 1000), SP_OK);
	assert_int_equal(sp_tcp_state(pair[0], &ts), SP_EARG);
	close(pair[0]);
	close(pair[1]);
	assert_int_equal(sp_tcp_tune(-1, 0, 0), SP_ESYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_parse),
			cmocka_unit_test(test_split),
			cmocka_unit_test(test_source),
			cmocka_unit_test(test_accept),
			cmocka_unit_test(test_both),
			cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
