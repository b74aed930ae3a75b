/* tests/core/rdp/test_detect.c - measurements of the way to a client, and clients that lie about it. */
#include "pair.h"

#include <stdlib.h>

#include "core/pdu/fastpath.h"
#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/pdu/tpkt.h"
#include "core/rdp/detect.h"
#include "core/rdp/machine.h"

#define MS 1000u

/* ---- by itself ---- */

static struct sp_detect_answer answer(struct sp_detect *d, uint16_t type, uint16_t sequence,
		uint32_t delta_ms, uint64_t now)
{
	struct sp_autodetect in = {.response = true,
			.type = type,
			.sequence = sequence,
			.time_delta = delta_ms,
			.byte_count = 0xFFFFFFFF,
			.bandwidth = delta_ms,
			.average_rtt = delta_ms};
	struct sp_detect_answer out;

	sp_detect_answer(d, &in, now, &out);
	return out;
}

static void test_trips(void **state)
{
	struct sp_detect d = {.sequence = 0xFFFE};
	struct sp_detect_answer a;

	assert_int_equal(answer(&d, SP_AD_RTT_RESPONSE, 0, 0, 5).kind, SP_DETECT_NOTHING);
	assert_int_equal(sp_detect_oldest(&d), 0);
	for (uint16_t i = 0; i < 4; i++) {
		struct sp_autodetect q = sp_detect_trip(&d, false, 10 * MS + i);

		assert_int_equal(q.type, SP_AD_RTT_REQUEST);
		assert_int_equal(q.sequence, (uint16_t)(0xFFFE + i));
	}
	assert_int_equal(sp_detect_oldest(&d), 10 * MS);
	/* The second one; the first needs no answer any more, and twice counts once. */
	a = answer(&d, SP_AD_RTT_RESPONSE, 0xFFFF, 0, 15 * MS + 1);
	assert_int_equal(a.kind, SP_DETECT_TRIP);
	assert_int_equal(a.sequence, 0xFFFF);
	assert_int_equal(a.rtt_us, 5 * MS);
	assert_int_equal(
			answer(&d, SP_AD_RTT_RESPONSE, 0xFFFF, 0, 16 * MS).kind, SP_DETECT_NOTHING);
	assert_int_equal(
			answer(&d, SP_AD_RTT_RESPONSE, 0xFFFE, 0, 16 * MS).kind, SP_DETECT_NOTHING);
	/* A clock that did not move, and a client that took a year. */
	assert_int_equal(answer(&d, SP_AD_RTT_RESPONSE, 0, 0, 10 * MS + 2).rtt_us, 1);
	a = answer(&d, SP_AD_RTT_RESPONSE, 1, 0, UINT64_MAX);
	assert_int_equal(a.rtt_us, SP_DETECT_MAX_US);
	assert_false(sp_detect_waits(&d));
	/* Nobody answers: the oldest are forgotten. */
	for (uint64_t i = 0; i < 1000; i++) {
		sp_detect_trip(&d, false, i);
	}
	assert_int_equal(d.n, SP_DETECT_TRIPS);
	assert_int_equal(sp_detect_oldest(&d), 1000 - SP_DETECT_TRIPS);
}

static void test_rates(void **state)
{
	struct sp_detect d = {0};
	struct sp_detect_answer a;

	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 0, 10, 5).kind, SP_DETECT_NOTHING);
	sp_detect_start(&d, false, 1000, 0);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 0, 10, 5).kind, SP_DETECT_NOTHING);
	assert_int_equal(sp_detect_stop(&d, 101000).type, SP_AD_BW_STOP);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 1, 10, 5).kind, SP_DETECT_NOTHING);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS_CONNECT, 0, 10, 5).kind, SP_DETECT_NOTHING);
	/* 100,000 bytes of ours in half a second; what the client counted is its own business. */
	a = answer(&d, SP_AD_BW_RESULTS, 0, 500, 600 * MS);
	assert_int_equal(a.kind, SP_DETECT_RATE);
	assert_int_equal(a.rate, 200000);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 0, 500, 600 * MS).kind, SP_DETECT_NOTHING);
	/* Longer than it was ago; in no time; nothing at all; as much as nobody sends. */
	sp_detect_start(&d, false, 0, 1000 * MS);
	sp_detect_stop(&d, 100000);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 1, UINT32_MAX, 2000 * MS).rate, 100000);
	sp_detect_start(&d, false, 0, 0);
	sp_detect_stop(&d, 100000);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 2, 0, 1000 * MS).kind, SP_DETECT_NOTHING);
	assert_false(sp_detect_waits(&d));
	sp_detect_start(&d, false, 5, 0);
	sp_detect_stop(&d, 5);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 3, 20, 1000 * MS).rate, 0);
	sp_detect_start(&d, false, 0, 0);
	sp_detect_stop(&d, UINT64_MAX);
	assert_int_equal(answer(&d, SP_AD_BW_RESULTS, 4, 20, 1000 * MS).rate, SP_DETECT_MAX_RATE);
}

static void test_sync(void **state)
{
	struct sp_detect d = {0};
	struct sp_detect_answer a;

	sp_detect_start(&d, false, 0, 0);
	assert_int_equal(answer(&d, SP_AD_NETCHAR_SYNC, 0, 8, 5).kind, SP_DETECT_NOTHING);
	assert_int_equal(sp_detect_start(&d, true, 0, 0).type, SP_AD_BW_START_CONNECT);
	a = answer(&d, SP_AD_NETCHAR_SYNC, 0, 80, 5);
	assert_int_equal(a.kind, SP_DETECT_SYNC);
	assert_int_equal(a.rate, 10000);
	assert_int_equal(a.rtt_us, 80 * MS);
	a = answer(&d, SP_AD_NETCHAR_SYNC, 0, UINT32_MAX, 5);
	assert_int_equal(a.rate, SP_DETECT_MAX_RATE);
	assert_int_equal(a.rtt_us, SP_DETECT_MAX_US);
}

/* ---- a server and a client ---- */

static void able(struct sp_gcc_client *gcc)
{
	gcc->core.early_capability_flags |= SP_GCC_CS_NETCHAR_AUTODETECT;
}

static void no_channel(struct sp_gcc_client *gcc)
{
	able(gcc);
	gcc->has_msgchannel = false;
}

static struct pair_conf conf_detect(void)
{
	struct pair_conf conf = pair_default;

	conf.detect = true;
	conf.gcc = able;
	return conf;
}

/* The message of the message channel in a PDU; false when it is none. */
static bool message(const struct sp_rcbuf *b, uint16_t channel, struct sp_autodetect *out)
{
	struct sp_mcs m;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, b->p, b->n);
	if (b->n < 12 || sp_frame_is_fastpath(b->p[0]) || sp_mcs_read(&r, &m) != SP_OK ||
			(m.type != SP_MCS_SEND_DATA_INDICATION &&
					m.type != SP_MCS_SEND_DATA_REQUEST) ||
			m.channel != channel) {
		return false;
	}
	sp_rd_init(&r, m.data.p, m.data.n);
	return sp_sec_read(&r, &flags) == SP_OK &&
			(flags & (SP_SEC_AUTODETECT_REQ | SP_SEC_AUTODETECT_RSP)) &&
			sp_autodetect_read(&r, out) == SP_OK;
}

static size_t count(struct sp_rcbuf *const *pdu, size_t n, uint16_t channel, uint16_t type,
		struct sp_autodetect *last)
{
	struct sp_autodetect a;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		if (message(pdu[i], channel, &a) && a.type == type) {
			found++;
			*last = a;
		}
	}
	return found;
}

/* As pair_run(), over a line of 100 bytes a millisecond and 20 ms each way. */
static bool answer_slowly(struct pair *p)
{
	struct sp_rcbuf *b;
	bool moved = false;

	while ((b = sp_rdp_out(p->client)) != NULL) {
		assert_int_equal(sp_rdp_feed(p->server, b->p, b->n, p->now + 40 * MS), b->n);
		pair_events(p, p->server, true);
		sp_rcbuf_unref(b);
		moved = true;
	}
	return moved;
}

static void run_slowly(struct pair *p)
{
	bool moved;

	do {
		struct sp_rcbuf *b = sp_rdp_out(p->server);

		moved = b != NULL;
		if (b) {
			p->now += b->n * 10;
			if (p->n_told < PAIR_MAX_PDUS) {
				p->told[p->n_told++] = sp_rcbuf_ref(b);
			}
			assert_int_equal(sp_rdp_feed(p->client, b->p, b->n, p->now), b->n);
			pair_events(p, p->client, false);
			sp_rcbuf_unref(b);
		}
		moved = answer_slowly(p) || moved;
	} while (moved);
}

static void start_held(struct pair *p, const struct pair_conf *conf)
{
	pair_start(p, conf, 0);
	p->hold = true;
	/* Up to LOGON: what follows is the test's. */
	p->relay = true;
	while (p->saw_server.n[SP_EV_LOGON] == 0) {
		struct sp_rcbuf *b;

		pair_run(p);
		while (p->saw_server.n[SP_EV_LOGON] == 0 && (b = sp_rdp_out(p->server)) != NULL) {
			assert_int_equal(sp_rdp_feed(p->client, b->p, b->n, p->now), b->n);
			pair_events(p, p->client, false);
			sp_rcbuf_unref(b);
		}
	}
	p->relay = false;
}

static void test_connect(void **state)
{
	struct pair_conf conf = conf_detect();
	struct sp_server_desktop d = {1024, 768, 32};
	struct sp_autodetect a;
	struct sp_line found;
	struct pair p;

	start_held(&p, &conf);
	run_slowly(&p);
	sp_server_found(p.server, &found);
	assert_in_range(found.rtt_us, 40 * MS, 45 * MS);
	assert_in_range(found.rate, 90000, 110000);
	assert_int_equal(p.saw_client.n[SP_EV_LICENSED], 0);
	assert_int_equal(p.saw_server.n[SP_EV_TRIP], 1);
	assert_int_equal(p.saw_server.n[SP_EV_RATE], 1);
	/* The owner has its target: the result ends the phase. */
	assert_int_equal(sp_server_activate(p.server, &d, p.now), SP_OK);
	run_slowly(&p);
	assert_true(sp_rdp_is_active(p.client));
	assert_int_equal(count(p.told, p.n_told, p.client->message_id, SP_AD_NETCHAR_ALL, &a), 1);
	assert_in_range(a.base_rtt, 40, 45);
	assert_in_range(a.bandwidth, 720, 880);
	pair_finish(&p);
}

/* The owner is quicker than the line: nothing waits, and the answers come all the same. */
static void test_not_waited_for(void **state)
{
	struct pair_conf conf = conf_detect();
	struct sp_server_desktop d = {1024, 768, 32};
	struct sp_autodetect a;
	struct sp_line found;
	struct pair p;

	start_held(&p, &conf);
	assert_int_equal(sp_server_activate(p.server, &d, p.now), SP_OK);
	run_slowly(&p);
	assert_true(sp_rdp_is_active(p.server));
	assert_int_equal(count(p.told, p.n_told, p.client->message_id, SP_AD_NETCHAR_ALL, &a), 0);
	sp_server_found(p.server, &found);
	assert_true(found.rtt_us >= 40 * MS);
	assert_in_range(found.rate, 90000, 110000);
	pair_finish(&p);
}

/* Who cannot is not asked; who can goes through it however his bytes come. */
static void test_who_is_asked(void **state)
{
	struct pair_conf conf = conf_detect();
	struct sp_autodetect a;
	struct pair p;

	for (int i = 0; i < 3; i++) {
		conf.gcc = i == 0 ? NULL : i == 1 ? no_channel : able;
		conf.detect = i < 2;
		pair_start(&p, &conf, 0);
		pair_run(&p);
		assert_true(sp_rdp_is_active(p.server));
		assert_int_equal(count(p.told, p.n_told, p.client->message_id,
						 SP_AD_RTT_REQUEST_CONNECT, &a),
				0);
		assert_int_equal(sp_server_detects(p.server), i == 2);
		pair_finish(&p);
	}
	conf = conf_detect();
	for (size_t chunk = 0; chunk < 40; chunk++) {
		conf.skip_joins = chunk % 2;
		pair_start(&p, &conf, chunk);
		pair_run(&p);
		assert_int_equal(p.server_err, SP_OK);
		assert_true(sp_rdp_is_active(p.server) && sp_rdp_is_active(p.client));
		assert_int_equal(p.saw_server.n[SP_EV_TRIP], 1);
		pair_finish(&p);
	}
}

static void forget_sent(struct pair *p)
{
	while (p->n_sent > 0) {
		sp_rcbuf_unref(p->sent[--p->n_sent]);
	}
}

static void test_continuous(void **state)
{
	struct pair_conf conf = pair_default;
	struct sp_autodetect a;
	uint8_t body[8000] = {0};
	struct pair p;
	uint16_t id;

	conf.gcc = able;
	pair_start(&p, &conf, 0);
	assert_int_equal(sp_server_ask_trip(p.server, 1, &id), SP_EARG);
	pair_run(&p);
	assert_int_equal(sp_server_measure_stop(p.server), SP_EARG);
	forget_sent(&p);
	assert_int_equal(sp_server_measure(p.server, p.now), SP_OK);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sp_server_update(p.server, SP_FP_BITMAP,
						 sp_span(body, sizeof(body))),
				SP_OK);
	}
	assert_int_equal(sp_server_measure_stop(p.server), SP_OK);
	assert_int_equal(sp_server_ask_trip(p.server, p.now, &id), SP_OK);
	assert_int_equal(sp_server_trip_waits(p.server), p.now);
	run_slowly(&p);
	assert_int_equal(p.saw_server.n[SP_EV_RATE], 1);
	assert_int_equal(p.saw_server.n[SP_EV_TRIP], 1);
	assert_int_equal(sp_server_trip_waits(p.server), 0);
	pair_finish(&p);
	/* And what the client says of it. */
	pair_start(&p, &conf, 0);
	pair_run(&p);
	forget_sent(&p);
	assert_int_equal(sp_server_measure(p.server, p.now), SP_OK);
	assert_int_equal(sp_server_update(p.server, SP_FP_BITMAP, sp_span(body, sizeof(body))),
			SP_OK);
	assert_int_equal(sp_server_measure_stop(p.server), SP_OK);
	pair_run(&p);
	assert_int_equal(count(p.sent, p.n_sent, p.server->message_id, SP_AD_BW_RESULTS, &a), 1);
	assert_in_range(a.byte_count, sizeof(body), sizeof(body) + 100);
	pair_finish(&p);
}

/* ---- who lies ---- */

static int say(struct pair *p, uint16_t flags, struct sp_span body)
{
	struct sp_rdp *c = p->client;
	size_t mark = sp_rdp_send_begin(c, p->server->message_id);

	sp_sec_write(&c->wr, flags);
	sp_wr_span(&c->wr, body);
	assert_int_equal(sp_rdp_send_end(c, mark), SP_OK);
	pair_run(p);
	return p->server_err;
}

static void test_hostile(void **state)
{
	struct pair_conf conf = pair_default;
	struct sp_autodetect all[] = {{.response = true, .type = SP_AD_RTT_RESPONSE},
			{.response = true, .type = SP_AD_BW_RESULTS},
			{.response = true, .type = SP_AD_BW_RESULTS_CONNECT},
			{.response = true, .type = SP_AD_NETCHAR_SYNC, .bandwidth = UINT32_MAX},
			{.type = SP_AD_RTT_REQUEST}};
	struct pair p;

	conf.gcc = able;
	conf.detect = true;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	size_t trips = p.saw_server.n[SP_EV_TRIP], rates = p.saw_server.n[SP_EV_RATE];
	for (size_t i = 0; i < SP_LEN(all); i++) {
		uint8_t buf[64];
		struct sp_wr w;

		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_autodetect_write(&w, &all[i]);
		for (size_t n = 0; n <= w.n; n++) {
			assert_int_equal(say(&p, SP_SEC_AUTODETECT_RSP, sp_span(buf, n)), SP_OK);
			assert_int_equal(say(&p, SP_SEC_AUTODETECT_REQ, sp_span(buf, n)), SP_OK);
		}
	}
	assert_int_equal(p.saw_server.n[SP_EV_TRIP], trips);
	assert_int_equal(p.saw_server.n[SP_EV_RATE], rates);
	/* The gate's words from a client. */
	assert_int_equal(say(&p, SP_SEC_LINE,
					 unit_hex("02 07000000 a0860100 905f0100 "
						  "48e8010000000000 00100000 01")),
			SP_OK);
	assert_int_equal(p.saw_server.n[SP_EV_LINE], 0);
	assert_int_equal(sp_server_mark(p.server, 1), SP_EARG);
	pair_finish(&p);
}

static void test_private(void **state)
{
	struct pair_conf conf = pair_default;
	struct pair p;

	conf.offer = conf.ask = SP_PROTO_RDP;
	pair_start(&p, &conf, 0);
	pair_run(&p);
	assert_int_equal(say(&p, SP_SEC_LINE,
					 unit_hex("02 07000000 a0860100 905f0100 "
						  "48e8010000000000 00100000")),
			SP_OK);
	assert_int_equal(p.saw_server.n[SP_EV_LINE], 0); /* it is cut */
	assert_int_equal(say(&p, SP_SEC_LINE,
					 unit_hex("02 07000000 a0860100 905f0100 "
						  "48e8010000000000 00100000 01")),
			SP_OK);
	assert_int_equal(p.saw_server.n[SP_EV_LINE], 1);
	assert_int_equal(sp_server_mark(p.server, 1), SP_OK);
	pair_run(&p);
	assert_int_equal(p.client_err, SP_OK);
	pair_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_trips),
			cmocka_unit_test(test_rates),
			cmocka_unit_test(test_sync),
			cmocka_unit_test(test_connect),
			cmocka_unit_test(test_not_waited_for),
			cmocka_unit_test(test_who_is_asked),
			cmocka_unit_test(test_continuous),
			cmocka_unit_test(test_hostile),
			cmocka_unit_test(test_private),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
