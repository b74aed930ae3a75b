/* tests/core/rdp/test_vc.c - channels from end to end: opened, used in both directions, closed. */
#include "ends.h"

#include <string.h>

#include "core/rdp/machine.h"

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
	static const size_t sizes[] = {0, 1, 16255, 16256, 16257, 32512, 100000};
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
	assert_true(e.longest < SP_SVC_CHUNK_MAX + SP_SVC_HEADER + 32);
	sp_port_close(server);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf_a, &server), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "x", &conf_a, &server), SP_ENOTFOUND);
	ends_finish(&e);
}

/* [MS-RDPBCGR] 2.2.7.1.10: what the other side takes, within what there is. */
static void test_chunk_size(void **state)
{
	static const struct {
		uint32_t says, takes;
	} rows[] = {{0, 1600}, {1599, 1600}, {1600, 1600}, {5000, 5000}, {16256, 16256},
			{16257, 16256}, {UINT32_MAX, 16256}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_port *server, *client;
		struct ends e;

		ends_start(&e, false);
		assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf_a, &server), SP_OK);
		assert_int_equal(sp_vc_static(e.client, "cliprdr", &conf_b, &client), SP_OK);
		e.pair.server->caps.vc.chunk_size = rows[i].says;
		send_bytes(server, 50000, 1);
		ends_run(&e);
		assert_bytes(&e.at_client, 50000, 1);
		assert_in_range(e.longest, rows[i].takes + SP_SVC_HEADER,
				rows[i].takes + SP_SVC_HEADER + 32);
		ends_finish(&e);
	}
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

/* Both sides speak at once, and what is on the way comes in two parts, cut everywhere. */
static void test_split(void **state)
{
	for (size_t split = 1; split < 60; split++) {
		struct sp_port *a, *b, *port, *other;
		struct ends e;

		ends_start(&e, true);
		e.split = split;
		assert_int_equal(sp_vc_listen(e.client, "x", &conf_b), SP_OK);
		assert_int_equal(sp_vc_static(e.server, "rdpdr", &conf_a, &a), SP_OK);
		assert_int_equal(sp_vc_static(e.client, "rdpdr", &conf_b, &b), SP_OK);
		assert_int_equal(sp_vc_dynamic(e.server, "x", &conf_a, &port), SP_OK);
		send_bytes(a, 20, 1);
		send_bytes(b, 10, 2);
		send_bytes(port, 30, 3);
		ends_run(&e);
		assert_int_equal(e.at_client.n[SP_VC_MESSAGE], 2);
		assert_int_equal(e.at_client.bytes, 50);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 1);
		assert_bytes(&e.at_server, 10, 2);
		assert_int_equal(sp_vc_dynamic(e.server, "y", &conf_a, &other), SP_OK);
		ends_run(&e);
		assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1);
		ends_finish(&e);
	}
}

/* Byte by byte, with messages of several PDUs. */
static void test_byte_by_byte(void **state)
{
	struct sp_port *a, *b, *port;
	struct ends e;

	ends_start(&e, true);
	e.step = 1;
	e.pump = 1;
	assert_int_equal(sp_vc_listen(e.client, "x", &conf_b), SP_OK);
	assert_int_equal(sp_vc_static(e.server, "rdpdr", &conf_a, &a), SP_OK);
	assert_int_equal(sp_vc_static(e.client, "rdpdr", &conf_b, &b), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "x", &conf_a, &port), SP_OK);
	send_bytes(a, 50000, 1);
	send_bytes(b, 40000, 2);
	send_bytes(port, 3195, 3);
	ends_run(&e);
	assert_int_equal(e.at_client.n[SP_VC_MESSAGE], 2);
	assert_int_equal(e.at_client.bytes, 50000 + 3195);
	assert_bytes(&e.at_server, 40000, 2);
	ends_finish(&e);
}

/* [MS-RDPEDYC] 4.3.3: a client that compresses is answered the same way. */
static void test_compressed(void **state)
{
	struct sp_port *port;
	struct ends e;

	ends_start(&e, true);
	assert_int_equal(sp_vc_listen(e.client, "x", &conf_b), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "x", &conf_a, &port), SP_OK);
	ends_run(&e);
	struct sp_port *client = e.at_client.port;
	struct sp_rcbuf *same = sp_rcbuf_create(20000);
	memset(same->p, 'q', same->n);
	assert_int_equal(sp_port_send(port, sp_rcbuf_ref(same)), SP_OK);
	assert_true(sp_vc_pump(e.server, 1 << 20) > 20000);
	assert_true(sp_rdp_queued(e.pair.server) > 20000); /* nothing is known of the client */
	ends_run(&e);
	/* The first PDU is a message of its own here. */
	assert_int_equal(ends_feed_dynamic(&e, true, "64 01 3b06 e0 26 38 c4 3f f4 74 01"), SP_OK);
	assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 1);
	assert_int_equal(e.at_server.bytes, 1595);
	assert_int_equal(ends_feed_dynamic(&e, true, "70 01 e0 26 88 7f e8 f4 02"), SP_OK);
	assert_int_equal(e.at_server.bytes, 1595 + 1597);
	assert_int_equal(ends_feed_dynamic(&e, true, "70 01 06 71 71 71"), SP_OK);
	assert_int_equal(e.at_server.bytes, 3195);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sp_port_send(port, sp_rcbuf_ref(same)), SP_OK);
		assert_true(sp_vc_pump(e.server, 1 << 20) < 1000);
		assert_true(sp_rdp_queued(e.pair.server) < 1000);
		ends_run(&e);
		assert_int_equal(e.at_client.n[SP_VC_MESSAGE], i + 2);
		unit_assert_span(sp_span(e.at_client.message.p, e.at_client.message.n),
				sp_span(same->p, same->n));
	}
	/* What does not get smaller is not much larger, and now the client does it too. */
	send_bytes(client, 50000, 77);
	ends_run(&e);
	assert_bytes(&e.at_server, 50000, 77);
	send_bytes(client, 0, 1);
	ends_run(&e);
	assert_int_equal(e.at_server.message.n, 0);
	sp_rcbuf_unref(same);
	ends_finish(&e);
}

static void test_room(void **state)
{
	struct sp_port *a, *b;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "rdpdr", &conf_a, &a), SP_OK);
	assert_int_equal(sp_vc_static(e.client, "rdpdr", &conf_b, &b), SP_OK);
	assert_false(sp_port_full(a));
	send_bytes(a, SP_PORT_FULL - 1, 1);
	assert_false(sp_port_full(a));
	send_bytes(a, 1, 1);
	assert_true(sp_port_full(a));
	assert_int_equal(sp_vc_queued(e.server), SP_PORT_FULL);
	assert_true(sp_vc_pump(e.server, 10000) >= 10000);
	ends_events(&e, true);
	assert_int_equal(e.at_server.n[SP_VC_ROOM], 1);
	ends_run(&e);
	assert_int_equal(e.at_server.n[SP_VC_ROOM], 1);
	assert_int_equal(e.at_client.n[SP_VC_MESSAGE], 2);
	assert_int_equal(sp_vc_queued(e.server), 0);
	/* An owner that never looks is stopped. */
	struct sp_rcbuf *large = sp_rcbuf_create(16 << 20);
	int rc = SP_OK;
	for (unsigned i = 0; i < 8 && rc == SP_OK; i++) {
		rc = sp_port_send(a, sp_rcbuf_ref(large));
	}
	assert_int_equal(rc, SP_ELIMIT);
	assert_int_equal(sp_port_send(a, NULL), SP_ENOMEM);
	sp_rcbuf_unref(large);
	ends_finish(&e);
}

/* Nobody waits for another's long message. */
static void test_in_turn(void **state)
{
	struct sp_port *a, *b, *c, *d;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "rdpdr", &conf_a, &a), SP_OK);
	assert_int_equal(sp_vc_static(e.client, "rdpdr", &conf_b, &b), SP_OK);
	assert_int_equal(sp_vc_static(e.server, "rdpsnd", &conf_a, &c), SP_OK);
	assert_int_equal(sp_vc_static(e.client, "rdpsnd", &conf_b, &d), SP_OK);
	e.pump = 4000;
	send_bytes(a, 1 << 20, 1);
	send_bytes(c, 100, 2);
	for (unsigned i = 0; i < 6; i++) {
		assert_true(sp_vc_pump(e.server, 4000) > 0);
	}
	assert_int_equal(sp_vc_pump(e.client, 4000), 0);
	e.pump = 1;
	struct sp_rcbuf *out;
	bool there = false;
	while ((out = sp_rdp_out(e.pair.server)) != NULL) {
		there |= out->n > 100 && out->n < 200;
		sp_rcbuf_unref(out);
	}
	assert_true(there);
	ends_finish(&e);
}

/* While the server activates another screen, channels wait. */
static void test_reactivation(void **state)
{
	struct sp_server_desktop d = {.width = 800, .height = 600, .bpp = 32};
	struct sp_port *a;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "rdpdr", &conf_a, &a), SP_OK);
	assert_int_equal(sp_server_activate(e.pair.server, &d, 1), SP_OK);
	send_bytes(a, 10, 1);
	assert_int_equal(sp_vc_pump(e.server, 1000), 0);
	pair_run(&e.pair);
	assert_true(sp_vc_pump(e.server, 1000) > 0);
	ends_finish(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_static),
			cmocka_unit_test(test_chunk_size),
			cmocka_unit_test(test_dynamic),
			cmocka_unit_test(test_split),
			cmocka_unit_test(test_byte_by_byte),
			cmocka_unit_test(test_compressed),
			cmocka_unit_test(test_room),
			cmocka_unit_test(test_in_turn),
			cmocka_unit_test(test_reactivation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
