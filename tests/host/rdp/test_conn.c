/* tests/host/rdp/test_conn.c - two live connections joined by a socket pair. */
#include "host/rdp/conn.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/pdu/caps.h"
#include "core/pdu/fastpath.h"
#include "core/pdu/gcc_client.h"
#include "core/pdu/info.h"
#include "core/rdp/client.h"
#include "core/rdp/server.h"
#include "unit.h"

#define BODY 10000
#define UPDATES 200
/* Nothing here takes a second; a wait this long means that nobody was woken. */
#define PATIENCE_US 5000000

struct side {
	struct sp_conn *conn;
	size_t updates, inputs;
	bool active, closed;
	bool keeps; /* does not destroy its connection when it is closed */
	size_t told;
	int err;
};

static struct sp_loop *loop;
static struct side server, client;
static size_t to_send;
static int sockets[2];

/* Sends while there is room, as a desktop does. */
static void produce(void)
{
	static uint8_t body[BODY];

	while (to_send > 0 && !sp_conn_full(server.conn)) {
		to_send--;
		assert_int_equal(sp_server_update(sp_conn_rdp(server.conn), SP_FP_BITMAP,
						 sp_span(body, sizeof(body))),
				SP_OK);
	}
}

static void on_event(void *user, const struct sp_event *ev)
{
	struct side *s = user;
	struct sp_rdp *rdp = sp_conn_rdp(s->conn);
	struct sp_caps caps;

	switch (ev->kind) {
	case SP_EV_LOGON: {
		struct sp_server_desktop d = {800, 600, 32};

		assert_int_equal(sp_server_activate(rdp, &d, sp_now_us()), SP_OK);
		break;
	}
	case SP_EV_DEMAND_ACTIVE:
		sp_client_default_caps(&caps, 800, 600, 32);
		assert_int_equal(sp_client_confirm(rdp, &caps), SP_OK);
		break;
	case SP_EV_ACTIVE:
		s->active = true;
		break;
	case SP_EV_UPDATE:
		assert_int_equal(ev->update.data.n, BODY);
		s->updates++;
		break;
	case SP_EV_INPUT:
		s->inputs += ev->input.n;
		break;
	default:
		break;
	}
}

static void on_closed(void *user, int err, const char *what)
{
	struct side *s = user;

	s->closed = true;
	s->told++;
	s->err = err;
	if (!s->keeps) {
		sp_conn_destroy(s->conn);
		s->conn = NULL;
	}
}

static void on_room(void *user)
{
	if (user == &server) {
		produce();
	}
}

static void join(void)
{
	static const struct sp_conn_calls calls = {
			.event = on_event, .closed = on_closed, .room = on_room};
	static struct sp_gcc_client gcc;
	static struct sp_info info;
	struct sp_client_conf cc = {.gcc = &gcc, .info = &info};
	struct sp_server_conf sc = {0};
	int *fds = sockets;

	memset(&server, 0, sizeof(server));
	memset(&client, 0, sizeof(client));
	gcc.core.version = SP_GCC_VERSION_5;
	gcc.core.desktop_width = 800;
	gcc.core.desktop_height = 600;
	gcc.core.n_tail = SP_GCC_TAIL_ALL;
	sp_gcc_client_set_bpp(&gcc.core, 32);
	info.flags = SP_INFO_UNICODE;
	loop = sp_loop_create();
	assert_non_null(loop);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	struct sp_conn_conf conf = {.fd = fds[0],
			.rdp = sp_server_create(&sc, sp_now_us()),
			.server = true,
			.calls = &calls,
			.user = &server};
	server.conn = sp_conn_create(loop, &conf);
	conf = (struct sp_conn_conf){.fd = fds[1],
			.rdp = sp_client_create(&cc, sp_now_us()),
			.calls = &calls,
			.user = &client};
	client.conn = sp_conn_create(loop, &conf);
	assert_non_null(server.conn);
	assert_non_null(client.conn);
}

/* Turns the loop until the condition holds. */
static void until(bool (*done)(void))
{
	uint64_t end = sp_now_us() + PATIENCE_US;

	while (!done()) {
		uint64_t now = sp_now_us();

		assert_true(now < end);
		assert_int_equal(sp_loop_turn(loop, end - now), SP_OK);
	}
}

static bool both_active(void)
{
	return server.active && client.active;
}

static bool all_seen(void)
{
	return client.updates == UPDATES;
}

static bool input_seen(void)
{
	return server.inputs == 1;
}

static bool both_closed(void)
{
	return server.closed && client.closed;
}

static void test_live(void **state)
{
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};

	(void)state;
	join();
	until(both_active);
	/* Far more than a link holds: each refill waits for room. */
	to_send = UPDATES;
	produce();
	assert_true(to_send > 0);
	until(all_seen);
	assert_int_equal(sp_client_input(sp_conn_rdp(client.conn), &ev, 1), SP_OK);
	until(input_seen);

	assert_int_equal(sp_server_end(sp_conn_rdp(server.conn), 0), SP_OK);
	sp_conn_end(server.conn);
	until(both_closed);
	assert_int_equal(server.err, SP_OK);
	assert_int_equal(client.err, SP_ECLOSED);
	sp_loop_destroy(loop);
}

static void test_gone(void **state)
{
	(void)state;
	join();
	until(both_active);
	sp_conn_destroy(client.conn);
	client.closed = true;
	until(both_closed);
	assert_int_equal(server.err, SP_ECLOSED);
	sp_loop_destroy(loop);
}

/* The last thing that a peer says is an update that is none: no more bytes are waited for. */
static void test_bad_update(void **state)
{
	static const uint8_t compressed[] = {0x00, 7, 0x81, 0x61, 1, 0, 'x'};

	(void)state;
	join();
	until(both_active);
	assert_int_equal(write(sockets[0], compressed, sizeof(compressed)), sizeof(compressed));
	until(both_closed);
	assert_int_equal(client.err, SP_EPROTO);
	sp_loop_destroy(loop);
}

/* A peer that does not let go: the grace ends, then the link, and closed() comes once. */
static void test_closed_once(void **state)
{
	uint64_t end = sp_now_us() + 2500000;

	(void)state;
	join();
	until(both_active);
	server.keeps = true;
	sp_conn_pause(client.conn, true);
	sp_conn_end(server.conn);
	for (uint64_t now = sp_now_us(); now < end; now = sp_now_us()) {
		assert_int_equal(sp_loop_turn(loop, end - now), SP_OK);
	}
	assert_int_equal(server.told, 1);
	assert_int_equal(server.err, SP_OK);
	sp_conn_destroy(server.conn);
	sp_conn_destroy(client.conn);
	sp_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_live),
			cmocka_unit_test(test_gone),
			cmocka_unit_test(test_bad_update),
			cmocka_unit_test(test_closed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
