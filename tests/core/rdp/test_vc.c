/* tests/core/rdp/test_vc.c - channels from end to end: opened, used in both directions, closed. */
#include "ends.h"

#include <string.h>

static int owner_a, owner_b;

static const struct sp_port_conf conf_a = {.owner = &owner_a, .max_message = 8u << 20};
static const struct sp_port_conf conf_b = {.owner = &owner_b, .max_message = 8u << 20};

static void send_bytes(struct sp_port *p, size_t n, uint8_t seed)
{
	assert_int_equal(sp_port_send(p, ends_bytes(n, seed)), SP_OK);
}

static void assert_bytes(const struct ends_seen *saw, size_t n, uint8_t seed)
{
	struct sp_rcbuf *want = ends_bytes(n, seed);

	unit_assert_span(sp_span(saw->message.p, saw->message.n), sp_span(want->p, want->n));
	sp_rcbuf_unref(want);
}

static void test_static(void **state)
{
	static const size_t sizes[] = {0, 1, 1599, 1600, 1601, 3200, 100000};
	struct sp_port *server, *client;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "none", &conf_a, &server), SP_ENOTFOUND);
	assert_int_equal(sp_vc_static(e.server, "CLIPRDR", &conf_a, &server), SP_OK);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf_a, &client), SP_ESTATE);
	assert_int_equal(sp_vc_static(e.client, "cliprdr", &conf_b, &client), SP_OK);
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		send_bytes(server, sizes[i], 1);
		send_bytes(client, sizes[i], 2);
		ends_run(&e);
		assert_int_equal(e.at_client.n[SP_VC_MESSAGE], i + 1);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], i + 1);
		assert_bytes(&e.at_client, sizes[i], 1);
		assert_bytes(&e.at_server, sizes[i], 2);
	}
	assert_ptr_equal(e.at_server.owner, &owner_a);
	assert_ptr_equal(e.at_client.owner, &owner_b);
	assert_true(e.longest < SP_SVC_CHUNK + SP_SVC_HEADER + 32);
	sp_port_close(server);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf_a, &server), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "x", &conf_a, &server), SP_ENOTFOUND);
	ends_finish(&e);
}

static void test_dynamic(void **state)
{
	static const size_t sizes[] = {0, 1, 1589, 1590, 1591, 1600, 65535, 65536, 300000};
	struct sp_port *port, *refused, *client;
	struct ends e;

	ends_start(&e, true);
	assert_int_equal(sp_vc_listen(e.client, "Some::Channel", &conf_b), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "some::channel", &conf_a, &port), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "other", &conf_a, &refused), SP_OK);
	send_bytes(port, 5, 9); /* goes when it is open */
	ends_run(&e);
	assert_int_equal(e.at_server.n[SP_VC_OPENED], 1);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1); /* the other one */
	assert_int_equal(e.at_client.n[SP_VC_OPENED], 1);
	assert_int_equal(e.at_client.n[SP_VC_MESSAGE], 1);
	assert_bytes(&e.at_client, 5, 9);
	client = e.at_client.port;
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		send_bytes(port, sizes[i], 1);
		send_bytes(client, sizes[i], 2);
		ends_run(&e);
		assert_int_equal(e.at_client.n[SP_VC_MESSAGE], i + 2);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], i + 1);
		assert_bytes(&e.at_client, sizes[i], 1);
		assert_bytes(&e.at_server, sizes[i], 2);
	}
	sp_port_close(client);
	ends_run(&e);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 2);
	assert_int_equal(e.at_client.n[SP_VC_CLOSED], 0);
	/* A second one of the same name, closed by the server. */
	assert_int_equal(sp_vc_dynamic(e.server, "SOME::CHANNEL", &conf_a, &port), SP_OK);
	ends_run(&e);
	assert_int_equal(e.at_client.n[SP_VC_OPENED], 2);
	sp_port_close(port);
	ends_run(&e);
	assert_int_equal(e.at_client.n[SP_VC_CLOSED], 1);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 2);
	ends_finish(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_static),
			cmocka_unit_test(test_dynamic),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
