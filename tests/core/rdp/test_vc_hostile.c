/* tests/core/rdp/test_vc_hostile.c - what another side may not do on channels, and what comes of it. */
#include "ends.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/rdp/vc_port.h"

#define FIRST SP_SVC_FIRST
#define LAST SP_SVC_LAST

static int owner;
static const struct sp_port_conf conf = {.owner = &owner, .max_message = 1000};
static const struct sp_port_conf large = {.owner = &owner, .max_message = 512u << 20};

static struct sp_span bytes(size_t n)
{
	static uint8_t v[SP_SVC_CHUNK_MAX + 1];

	return sp_span(v, n);
}

static int chunk(struct ends *e, uint32_t total, uint32_t flags, size_t n)
{
	return ends_feed(e, true, ENDS_CLIPRDR, total, flags, bytes(n));
}

/* A claim is not memory, and what never ends is ended at its maximum. */
static void test_claims(void **state)
{
	struct sp_port *p;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &large, &p), SP_OK);
	assert_int_equal(chunk(&e, 500u << 20, FIRST, 7), SP_OK);
	assert_true(p->in.data.cap < 64u << 10);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 0);
	/* The budget of all channels ends it, but not before the longest clipboard is through. */
	size_t came = 0;
	while (came < 256u << 20 && e.at_server.n[SP_VC_CLOSED] == 0) {
		assert_int_equal(chunk(&e, 500u << 20, 0, SP_SVC_CHUNK_MAX), SP_OK);
		came += SP_SVC_CHUNK_MAX;
	}
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1);
	assert_true(came > 128u << 20);
	assert_int_equal(e.server->held, 0);
	/* It stays silent: neither more of it nor a new message is heard. */
	assert_int_equal(chunk(&e, 1, FIRST | LAST, 1), SP_OK);
	assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 0);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf, &p), SP_ESTATE);
	ends_finish(&e);
}

struct step {
	uint32_t total, flags;
	size_t n;
};

/* Every way not to be a message: the channel closes, once, and the others live. */
static void test_pieces(void **state)
{
	static const struct {
		struct step step[3];
		size_t n;
	} rows[] = {
			{{{1001, FIRST, 10}}, 1}, /* too long, as soon as it says so */
			{{{UINT32_MAX, FIRST, 10}}, 1},
			{{{10, FIRST, 4}, {10, LAST, 5}}, 2}, /* one less */
			{{{10, FIRST, 4}, {10, LAST, 7}}, 2}, /* one more */
			{{{10, FIRST, 4}, {10, 0, 7}}, 2},
			{{{10, FIRST, 4}, {11, LAST, 6}}, 2}, /* another total */
			{{{10, FIRST, 4}, {10, FIRST, 4}}, 2}, /* another first */
			{{{10, FIRST | LAST, 9}}, 1}, {{{10, FIRST | LAST, 11}}, 1},
			{{{10, LAST, 10}}, 1}, /* no first */
			{{{10, 0, 10}}, 1},
			{{{10, FIRST | LAST | SP_SVC_COMPRESSED, 10}}, 1}, /* not negotiated */
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_port *p, *other;
		struct ends e;

		ends_start(&e, false);
		assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf, &p), SP_OK);
		assert_int_equal(sp_vc_static(e.server, "rdpdr", &conf, &other), SP_OK);
		for (size_t k = 0; k < rows[i].n; k++) {
			const struct step *s = &rows[i].step[k];

			assert_int_equal(e.at_server.n[SP_VC_CLOSED], 0);
			assert_int_equal(chunk(&e, s->total, s->flags, s->n), SP_OK);
		}
		assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 0);
		assert_int_equal(ends_feed(&e, true, 0, 3, FIRST | LAST, bytes(3)), SP_OK);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 1);
		assert_ptr_equal(e.at_server.port, other);
		ends_finish(&e);
	}
}

/* Pieces without a byte: passed over, each at the cost of itself. */
static void test_empty_pieces(void **state)
{
	struct sp_port *p;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf, &p), SP_OK);
	assert_int_equal(chunk(&e, 10, FIRST, 0), SP_OK);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(chunk(&e, 10, 0, 0), SP_OK);
		assert_int_equal(chunk(&e, 0, SP_SVC_SUSPEND, 0), SP_OK);
	}
	assert_int_equal(chunk(&e, 10, LAST, 10), SP_OK);
	assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 1);
	assert_int_equal(e.at_server.message.n, 10);
	ends_finish(&e);
}

/* Channels that nobody is behind, and indexes that are none. */
static void test_not_open(void **state)
{
	struct sp_event ev = {.kind = SP_EV_CHANNEL};
	struct ends e;

	ends_start(&e, true);
	for (size_t i = 0; i < 40; i++) {
		ev.channel.index = i;
		ev.channel.data = sp_span(NULL, 0);
		if (i != ENDS_DYNAMIC) {
			assert_int_equal(sp_vc_feed(e.server, &ev), SP_OK);
			assert_int_equal(ends_feed(&e, true, i, 3, FIRST | LAST, bytes(3)), SP_OK);
		}
	}
	/* Data, answers and closes for dynamic channels that nobody asked for. */
	static const char *const stray[] = {"10 01 00000000", "30 01 aabb", "24 01 1000 aa",
			"40 01", "50 00 0300", "10 07 01000000"};
	for (size_t i = 0; i < SP_LEN(stray); i++) {
		assert_int_equal(ends_feed_dynamic(&e, true, stray[i]), SP_OK);
	}
	ends_run(&e);
	for (unsigned i = 0; i <= SP_VC_CLOSED; i++) {
		assert_int_equal(e.at_server.n[i], 0);
	}
	assert_int_equal(sp_vc_queued(e.server), 0);
	/* And none of it kept the channels from working. */
	struct sp_port *p;
	assert_int_equal(sp_vc_listen(e.client, "x", &conf), SP_OK);
	assert_int_equal(sp_vc_dynamic(e.server, "x", &conf, &p), SP_OK);
	ends_run(&e);
	assert_int_equal(e.at_server.n[SP_VC_OPENED], 1);
	ends_finish(&e);
}

static struct sp_port *open_dynamic(struct ends *e)
{
	struct sp_port *p;

	ends_start(e, true);
	assert_int_equal(sp_vc_listen(e->client, "x", &conf), SP_OK);
	assert_int_equal(sp_vc_dynamic(e->server, "x", &conf, &p), SP_OK);
	ends_run(e);
	assert_int_equal(e->at_server.n[SP_VC_OPENED], 1);
	return p;
}

/* A creation without an answer ends by itself; what comes later is not heard. */
static void test_unanswered(void **state)
{
	const uint64_t begin = 1000, end = begin + 30000000;
	struct sp_port *p, *q;
	struct ends e;

	for (int caps = 0; caps < 2; caps++) {
		ends_start(&e, true);
		assert_int_equal(sp_vc_deadline(e.server), 0);
		assert_int_equal(sp_vc_dynamic(e.server, "x", &conf, &p), SP_OK);
		assert_int_equal(sp_vc_tick(e.server, begin), SP_OK);
		assert_int_equal(sp_vc_deadline(e.server), end);
		if (caps) {
			assert_int_equal(ends_feed_dynamic(&e, true, "5000 0300"), SP_OK);
		}
		assert_int_equal(sp_vc_dynamic(e.server, "y", &conf, &q), SP_OK);
		assert_int_equal(sp_vc_tick(e.server, end - 1), SP_OK);
		assert_int_equal(sp_vc_deadline(e.server), end);
		ends_events(&e, true);
		assert_int_equal(e.at_server.n[SP_VC_CLOSED], 0);
		assert_int_equal(sp_vc_tick(e.server, end), SP_OK);
		ends_events(&e, true);
		assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1);
		assert_ptr_equal(e.at_server.port, p);
		/* The other one has its own time. */
		assert_int_equal(sp_vc_deadline(e.server), end - 1 + 30000000);
		assert_int_equal(ends_feed_dynamic(&e, true, "1001 00000000"), SP_OK);
		ends_events(&e, true);
		assert_int_equal(e.at_server.n[SP_VC_OPENED], 0);
		if (caps) {
			assert_int_equal(ends_feed_dynamic(&e, true, "1002 00000000"), SP_OK);
			ends_events(&e, true);
			assert_int_equal(e.at_server.n[SP_VC_OPENED], 1);
			assert_int_equal(sp_vc_deadline(e.server), 0);
		}
		ends_finish(&e);
	}
}

/* Late, twice, after the close: not heard. */
static void test_stale(void **state)
{
	struct sp_port *next;
	struct ends e;
	struct sp_port *p = open_dynamic(&e);

	assert_int_equal(ends_feed_dynamic(&e, true, "10 01 00000000"), SP_OK);
	assert_int_equal(ends_feed_dynamic(&e, true, "10 01 010000c0"), SP_OK);
	assert_int_equal(ends_feed_dynamic(&e, true, "50 00 0100"), SP_OK);
	assert_int_equal(e.at_server.n[SP_VC_OPENED], 1);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 0);
	sp_port_close(p);
	assert_int_equal(sp_port_send(p, ends_bytes(1, 1)), SP_ECLOSED);
	assert_int_equal(sp_vc_dynamic(e.server, "x", &conf, &next), SP_OK);
	assert_int_equal(ends_feed_dynamic(&e, true, "30 01 aabb"), SP_OK);
	assert_int_equal(ends_feed_dynamic(&e, true, "30 02 aabb"), SP_OK); /* not open yet */
	assert_int_equal(ends_feed_dynamic(&e, true, "40 01"), SP_OK);
	assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 0);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 0);
	ends_run(&e);
	assert_int_equal(e.at_server.n[SP_VC_OPENED], 2);
	ends_finish(&e);
}

/* A message that is too long or in disorder ends its channel, and the other side is told. */
static void test_one_ends(void **state)
{
	static const char *const rows[][2] = {
			{"24 01 e903 aa"}, /* 1001 */
			{"28 01 ffffffff aa"},
			{"20 01 02 aabbcc"}, /* longer than it said */
			{"20 01 03 aa", "20 01 03 bb"}, /* a second first */
			{"20 01 03 aa", "30 01 bbccdd"},
			{"70 01 e0 26 88 40 00"}, /* no such history */
			{"70 01 e1 0100 01000000"},
			{"60 01 01 e0 06 7171"},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_port *p;
		struct ends e;

		open_dynamic(&e);
		assert_int_equal(sp_vc_dynamic(e.server, "x", &conf, &p), SP_OK);
		ends_run(&e);
		assert_int_equal(ends_feed_dynamic(&e, true, rows[i][0]), SP_OK);
		if (rows[i][1]) {
			assert_int_equal(e.at_server.n[SP_VC_CLOSED], 0);
			assert_int_equal(ends_feed_dynamic(&e, true, rows[i][1]), SP_OK);
		}
		assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 0);
		assert_int_equal(e.server->held, 0);
		ends_run(&e);
		assert_int_equal(e.at_client.n[SP_VC_CLOSED], 1);
		/* The other one lives. */
		assert_int_equal(ends_feed_dynamic(&e, true, "30 02 aa"), SP_OK);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 1);
		assert_ptr_equal(e.at_server.port, p);
		ends_finish(&e);
	}
}

/* [MS-RDPEDYC] 3.1.5.2.4: what is no message ends them all. */
static void test_all_end(void **state)
{
	static const struct {
		bool server; /* is the one that gets it */
		const char *hex;
	} rows[] = {
			{true, "33 00000000"}, /* cbId */
			{true, "2c 01 0000"}, /* Len */
			{true, "31 01"}, /* cut short */
			{true, "10 01 0000"},
			{true, "10 01 00000000 00"},
			{true, "50 00 0000"}, /* no such version */
			{true, "50 00"},
			{true, "50 00 0300 00"},
			{true, "80 00 00000000"}, /* soft sync is a server's, and never ours */
			{true, "90 00 00000000"},
			{true, "a0 01"},
			{true, "00 01"},
			{false, "10 01 7800"}, /* an id that is in use */
			{false, "50 00 0200 0000"},
			{false, "50 00 0000"},
			{false, "90 00 00000000"},
			{false, "f0"},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_port *p;
		struct ends e;

		open_dynamic(&e);
		struct ends_seen *saw = rows[i].server ? &e.at_server : &e.at_client;
		assert_int_equal(ends_feed_dynamic(&e, rows[i].server, rows[i].hex), SP_OK);
		assert_int_equal(saw->n[SP_VC_CLOSED], 1);
		if (rows[i].server) {
			assert_int_equal(sp_vc_dynamic(e.server, "x", &conf, &p), SP_ENOTFOUND);
		}
		assert_int_equal(ends_feed_dynamic(&e, rows[i].server, "30 01 aa"), SP_OK);
		assert_int_equal(saw->n[SP_VC_MESSAGE], 0);
		assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf, &p), SP_OK);
		assert_int_equal(chunk(&e, 1, FIRST | LAST, 1), SP_OK);
		assert_int_equal(e.at_server.n[SP_VC_MESSAGE], 1);
		ends_finish(&e);
	}
}

/* A soft sync that a server asks for gets no answer, which is what refuses it. */
static void test_soft_sync(void **state)
{
	struct ends e;

	open_dynamic(&e);
	assert_int_equal(ends_feed_dynamic(&e, false, "80 00 08000000 0100 0000"), SP_OK);
	assert_int_equal(sp_vc_queued(e.client), 0);
	assert_int_equal(e.at_client.n[SP_VC_CLOSED], 0);
	ends_finish(&e);
}

/* A server that creates without end, and never takes an answer. */
static void test_many(void **state)
{
	struct ends e;
	char hex[64];

	ends_start(&e, true);
	assert_int_equal(sp_vc_listen(e.client, "x", &conf), SP_OK);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(hex, sizeof(hex), "12 %02x%02x0100 7800", i & 0xff, i >> 8);
		assert_int_equal(ends_feed_dynamic(&e, false, hex), SP_OK);
		assert_true(e.client->n <= SP_VC_DYNAMIC_MAX);
	}
	assert_int_equal(e.at_client.n[SP_VC_OPENED], SP_VC_DYNAMIC_MAX);
	assert_int_equal(e.at_client.n[SP_VC_CLOSED], SP_VC_DYNAMIC_MAX); /* too much */
	assert_int_equal(sp_vc_queued(e.client), 0);
	ends_finish(&e);
	/* One that takes them gets no more than so many, and gets others when it closes some. */
	ends_start(&e, true);
	assert_int_equal(sp_vc_listen(e.client, "x", &conf), SP_OK);
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(hex, sizeof(hex), "12 %02x%02x0100 7800", i & 0xff, i >> 8);
		assert_int_equal(ends_feed_dynamic(&e, false, hex), SP_OK);
		snprintf(hex, sizeof(hex), "42 %02x%02x0100", i & 0xff, i >> 8);
		assert_int_equal(ends_feed_dynamic(&e, false, hex), SP_OK);
		assert_true(sp_vc_pump(e.client, 1000) > 0);
		sp_rcbuf_unref(sp_rdp_out(e.pair.client));
		sp_rcbuf_unref(sp_rdp_out(e.pair.client));
	}
	assert_int_equal(e.at_client.n[SP_VC_OPENED], 3000);
	assert_int_equal(e.at_client.n[SP_VC_CLOSED], 3000);
	assert_int_equal(e.client->n, 0);
	ends_finish(&e);
}

/* A server that creates before it has said what it can; names of any case, and names that are none. */
static void test_names(void **state)
{
	static char name[SP_DVC_NAME + 8];
	struct sp_port *p;
	struct ends e;

	ends_start(&e, true);
	assert_int_equal(sp_vc_listen(e.client, "X::y", &conf), SP_OK);
	assert_int_equal(ends_feed_dynamic(&e, false, "1c 05 78 3a 3a 59 00"), SP_OK);
	assert_int_equal(e.at_client.n[SP_VC_OPENED], 1);
	assert_int_equal(e.at_client.port->priority, 3);
	assert_int_equal(sp_vc_queued(e.client), 4 + 6); /* capabilities, then the answer */
	memset(name, 'a', sizeof(name) - 1);
	assert_int_equal(sp_vc_listen(e.client, name, &conf), SP_EARG);
	assert_int_equal(sp_vc_listen(e.client, "", &conf), SP_EARG);
	assert_int_equal(sp_vc_listen(e.server, "x", &conf), SP_EARG);
	assert_int_equal(sp_vc_dynamic(e.server, name, &conf, &p), SP_EARG);
	assert_int_equal(sp_vc_dynamic(e.client, "x", &conf, &p), SP_EARG);
	int rc = SP_OK;
	for (unsigned i = 0; i < 100 && rc == SP_OK; i++) {
		rc = sp_vc_listen(e.client, "z", &conf);
	}
	assert_int_equal(rc, SP_ELIMIT);
	ends_finish(&e);
}

/* [MS-RDPEDYC] 2.2.1.1.2: shares in inverse proportion to the charges. */
static void test_charges(void **state)
{
	struct ends e;

	ends_start(&e, true);
	assert_int_equal(ends_feed_dynamic(&e, false, "50 00 0200 a803 cc0c 9224 5555"), SP_OK);
	struct sp_port p = {.vc = e.client};
	assert_int_equal(sp_vc_dynamic_share(&p), SP_VC_TURN);
	p.priority = 1;
	assert_int_equal(sp_vc_dynamic_share(&p), SP_VC_TURN * 936 / 3276);
	p.priority = 3;
	assert_int_equal(sp_vc_dynamic_share(&p), 1);
	e.client->caps.charge[3] = 0;
	assert_int_equal(sp_vc_dynamic_share(&p), SP_VC_TURN);
	ends_finish(&e);
}

static void cut_to_server(struct sp_span cut, void *arg)
{
	struct ends e;

	open_dynamic(&e);
	assert_int_equal(ends_feed(&e, true, ENDS_DYNAMIC, (uint32_t)cut.n, FIRST | LAST, cut),
			SP_OK);
	ends_finish(&e);
}

static void cut_to_client(struct sp_span cut, void *arg)
{
	struct ends e;

	open_dynamic(&e);
	assert_int_equal(ends_feed(&e, false, ENDS_DYNAMIC, (uint32_t)cut.n, FIRST | LAST, cut),
			SP_OK);
	ends_finish(&e);
}

static void cut_chunk(struct sp_span cut, void *arg)
{
	struct sp_event ev = {
			.kind = SP_EV_CHANNEL, .channel = {.index = ENDS_CLIPRDR, .data = cut}};
	struct sp_port *p;
	struct ends e;

	ends_start(&e, false);
	assert_int_equal(sp_vc_static(e.server, "cliprdr", &conf, &p), SP_OK);
	assert_int_equal(sp_vc_feed(e.server, &ev), SP_OK);
	ends_events(&e, true);
	assert_int_equal(e.at_server.n[SP_VC_CLOSED], 1);
	ends_finish(&e);
}

static void test_truncated(void **state)
{
	static const char *const server[] = {"10 02 00000000", "24 01 0a00 0102", "50 00 0300"};
	static const char *const client[] = {
			"50 00 0300 a803cc0c92245555", "10 09 7800", "64 01 3b06 e02638c43ff47401"};

	for (size_t i = 0; i < SP_LEN(server); i++) {
		unit_truncate(unit_hex(server[i]), cut_to_server, NULL);
	}
	for (size_t i = 0; i < SP_LEN(client); i++) {
		unit_truncate(unit_hex(client[i]), cut_to_client, NULL);
	}
	unit_truncate(unit_hex("04000000 03000000 01020304"), cut_chunk, NULL);
}

/* Memory may end anywhere: an error says so, nothing leaks, nothing is used that is gone. */
static void test_no_memory(void **state)
{
	static const char *const pdus[] = {"50 00 0300 a803cc0c92245555", "10 01 7800",
			"20 01 05 0102", "30 01 030405", "70 01 e02638c43ff47401", "40 01"};
	struct sp_span pdu[SP_LEN(pdus)];

	for (size_t i = 0; i < SP_LEN(pdus); i++) {
		pdu[i] = unit_hex(pdus[i]);
	}
	for (long n = 0; n < 40; n++) {
		struct sp_port *a = NULL, *b = NULL;
		struct sp_event ev = {.kind = SP_EV_CHANNEL};
		struct ends e;

		ends_start(&e, true);
		sp_mem_fail_after(n);
		int rc = sp_vc_listen(e.client, "x", &conf);
		rc = rc == SP_OK ? sp_vc_static(e.client, "cliprdr", &conf, &b) : rc;
		rc = rc == SP_OK ? sp_vc_dynamic(e.server, "x", &conf, &a) : rc;
		rc = rc == SP_OK ? sp_port_send(b, sp_rcbuf_create(9)) : rc;
		for (size_t i = 0; rc == SP_OK && i < SP_LEN(pdus); i++) {
			uint8_t head[SP_SVC_HEADER + 64];
			struct sp_wr w;

			sp_wr_fixed(&w, head, sizeof(head));
			sp_svc_write(&w,
					&(struct sp_svc_chunk){.total = (uint32_t)pdu[i].n,
							.flags = FIRST | LAST,
							.data = pdu[i]});
			ev.channel.index = ENDS_DYNAMIC;
			ev.channel.data = sp_span(head, w.n);
			rc = sp_vc_feed(e.client, &ev);
			struct sp_vc_event out;
			while (sp_vc_next(e.client, &out)) {
			}
		}
		rc = rc == SP_OK ? sp_vc_pump(e.client, 1 << 20) : rc;
		sp_mem_fail_after(-1);
		assert_true(rc >= 0 || rc == SP_ENOMEM);
		if (n > 35) {
			assert_true(rc > 0);
		}
		ends_finish(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_claims),
			cmocka_unit_test(test_pieces),
			cmocka_unit_test(test_empty_pieces),
			cmocka_unit_test(test_not_open),
			cmocka_unit_test(test_unanswered),
			cmocka_unit_test(test_stale),
			cmocka_unit_test(test_one_ends),
			cmocka_unit_test(test_all_end),
			cmocka_unit_test(test_soft_sync),
			cmocka_unit_test(test_many),
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_charges),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
