/* tests/desk/test_line.c - pictures over slow lines, to clients that acknowledge, answer, or do neither. */
#include "pair.h"

#include "core/pdu/fastpath.h"
#include "core/pdu/mcs.h"
#include "core/pdu/sec.h"
#include "core/pdu/tpkt.h"
#include "core/rdp/machine.h"
#include "desk/session/line.h"

#define MS 1000u
#define FAR 8192

enum kind {
	ACKS, /* of frames, and no measurements */
	TRIPS, /* measurements are answered */
	DEAF, /* they are promised, and never answered */
	GATE, /* neither, but the gate knows what has gone */
	NOTHING,
};

/* The desktop's server, a line of some rate and delay, and what stands behind it. */
struct world {
	enum kind kind;
	struct pair p;
	struct sp_desk_line line;
	uint64_t now, rate, delay_us;
	/* PDUs on their way down, and answers on their way up. */
	struct {
		struct sp_rcbuf *b;
		uint64_t at;
	} down[FAR], up[FAR];
	size_t down_first, down_n, up_first, up_n;
	uint64_t free_us; /* when the line has carried what it was given */
	size_t waits, most; /* bytes that were sent and are not there; the most of it */
	uint64_t there; /* bytes of frames that are */
	uint32_t frame;
	uint64_t sent_us[FAR]; /* by frame */
	uint64_t worst_us; /* from sending a frame to its last byte */
};

static void able(struct sp_gcc_client *gcc)
{
	gcc->core.early_capability_flags |= SP_GCC_CS_NETCHAR_AUTODETECT;
}

static void push_up(struct world *w, uint64_t at)
{
	struct sp_rcbuf *b;

	while ((b = sp_rdp_out(w->p.client)) != NULL) {
		assert_true(w->up_n - w->up_first < FAR);
		w->up[w->up_n % FAR].b = b;
		w->up[w->up_n++ % FAR].at = at;
	}
}

/* The gate's word, over the socket pair. */
static void report(struct world *w, uint32_t mark, uint64_t at)
{
	struct sp_line line = {.mark = mark, .rate = 900000000, .rtt_min_us = 20};
	struct sp_rdp *c = w->p.client;
	size_t m = sp_rdp_send_begin(c, w->p.server->message_id);

	sp_sec_write(&c->wr, SP_SEC_LINE);
	sp_line_write(&c->wr, &line);
	assert_int_equal(sp_rdp_send_end(c, m), SP_OK);
	push_up(w, at);
}

/* A mark of the desktop, which the gate keeps; false: it goes to the client. */
static bool is_mark(const struct sp_rcbuf *b, uint32_t *id)
{
	struct sp_mcs m;
	struct sp_rd r;
	uint16_t flags;

	sp_rd_init(&r, b->p, b->n);
	if (sp_frame_is_fastpath(b->p[0]) || sp_mcs_read(&r, &m) != SP_OK) {
		return false;
	}
	sp_rd_init(&r, m.data.p, m.data.n);
	return sp_sec_read(&r, &flags) == SP_OK && flags == SP_SEC_LINE &&
			sp_line_mark_read(&r, id) == SP_OK;
}

static void take_events(struct world *w)
{
	struct sp_event ev;

	while (sp_rdp_next(w->p.server, &ev)) {
		sp_desk_line_event(&w->line, &ev, w->now);
	}
}

static void push_down(struct world *w)
{
	struct sp_rcbuf *b;
	uint32_t id;

	while ((b = sp_rdp_out(w->p.server)) != NULL) {
		if (is_mark(b, &id)) {
			report(w, id, w->free_us > w->now ? w->free_us : w->now);
			sp_rcbuf_unref(b);
			continue;
		}
		w->free_us = (w->free_us > w->now ? w->free_us : w->now) +
				b->n * 1000000u / w->rate;
		assert_true(w->down_n - w->down_first < FAR);
		w->down[w->down_n % FAR].b = b;
		w->down[w->down_n++ % FAR].at = w->free_us + w->delay_us;
		w->waits += b->n;
		w->most = w->waits > w->most ? w->waits : w->most;
	}
}

static void arrive(struct world *w)
{
	while (w->down_first < w->down_n && w->down[w->down_first % FAR].at <= w->now) {
		struct sp_rcbuf *b = w->down[w->down_first++ % FAR].b;
		struct sp_event ev;

		w->waits -= b->n;
		assert_int_equal(sp_rdp_feed(w->p.client, b->p, b->n, w->now), b->n);
		while (sp_rdp_next(w->p.client, &ev)) {
			if (ev.kind == SP_EV_UPDATE && ev.update.data.n >= 7) {
				uint32_t frame;
				struct sp_rd r;

				sp_rd_init(&r, ev.update.data.p + 2, 5);
				frame = sp_rd_le32(&r);
				uint64_t took = w->now - w->sent_us[frame % FAR];
				w->worst_us = took > w->worst_us ? took : w->worst_us;
				w->there += ev.update.data.n;
				if (w->kind == ACKS && sp_rd_u8(&r)) {
					assert_int_equal(sp_client_frame_ack(w->p.client, frame),
							SP_OK);
				}
			}
		}
		sp_rcbuf_unref(b);
		if (w->kind == DEAF) {
			while ((b = sp_rdp_out(w->p.client)) != NULL) {
				sp_rcbuf_unref(b);
			}
		}
		push_up(w, w->now + w->delay_us);
	}
	while (w->up_first < w->up_n && w->up[w->up_first % FAR].at <= w->now) {
		struct sp_rcbuf *b = w->up[w->up_first++ % FAR].b;
		struct sp_event ev;

		assert_int_equal(sp_rdp_feed(w->p.server, b->p, b->n, w->now), b->n);
		while (sp_rdp_next(w->p.server, &ev)) {
			if (ev.kind == SP_EV_FRAME_ACK) {
				sp_pace_acked(&w->line.pace, ev.frame, w->now);
			} else {
				sp_desk_line_event(&w->line, &ev, w->now);
			}
		}
		sp_rcbuf_unref(b);
	}
}

/* A frame in updates with its number in front. */
static void send_some(struct world *w, size_t left)
{
	static uint8_t body[8192];
	size_t n;

	w->frame++;
	w->sent_us[w->frame % FAR] = w->now;
	assert_int_equal(sp_desk_line_begin(&w->line, w->now), SP_OK);
	size_t all = left;
	for (; left > 0; left -= n) {
		struct sp_wr wr;

		n = left < sizeof(body) ? left : sizeof(body);
		n = n < 7 ? 7 : n;
		left = left < n ? n : left;
		sp_wr_fixed(&wr, body, 7);
		sp_wr_le16(&wr, SP_FP_BITMAP);
		sp_wr_le32(&wr, w->frame);
		sp_wr_u8(&wr, n == left); /* the last one */
		assert_int_equal(sp_server_update(w->p.server, SP_FP_BITMAP, sp_span(body, n)),
				SP_OK);
	}
	sp_desk_line_sent(&w->line, w->frame, all, w->now);
	assert_int_equal(sp_desk_line_out(&w->line, w->now), SP_OK);
}

/* Of the budget's size. */
static void send_frame(struct world *w)
{
	size_t n = sp_pace_budget(&w->line.pace);

	send_some(w, n < 100000 ? n : 100000);
}

static void open_world(struct world *w, enum kind kind, uint64_t rate, uint64_t delay_us)
{
	struct pair_conf conf = pair_default;

	*w = (struct world){.kind = kind, .rate = rate, .delay_us = delay_us, .now = 1};
	conf.offer = conf.ask = SP_PROTO_RDP;
	conf.gcc = kind == TRIPS || kind == DEAF ? able : NULL;
	pair_start(&w->p, &conf, 0);
	pair_run(&w->p);
	sp_desk_line_init(&w->line, w->p.server);
	if (kind == GATE || kind == DEAF) {
		report(w, 0, 1);
	}
	arrive(w);
	sp_desk_line_restart(&w->line, kind == ACKS);
	if (kind != NOTHING) {
		send_some(w, 30); /* as a pipeline does, to know the round trip */
		push_down(w);
	}
}

static void close_world(struct world *w)
{
	while (w->down_first < w->down_n) {
		sp_rcbuf_unref(w->down[w->down_first++ % FAR].b);
	}
	while (w->up_first < w->up_n) {
		sp_rcbuf_unref(w->up[w->up_first++ % FAR].b);
	}
	pair_finish(&w->p);
}

/* There is always more to show, for so long. */
static void run(struct world *w, uint64_t us)
{
	for (uint64_t end = w->now + us; w->now < end; w->now += MS) {
		arrive(w);
		take_events(w);
		for (int i = 0; i < 4 && sp_pace_ready(&w->line.pace, w->now); i++) {
			send_frame(w);
			push_down(w);
		}
	}
}

/* Whoever it is, what he sees is new, the line is used, and nothing piles up. */
static void test_slow_lines(void **state)
{
	static const uint64_t rates[] = {125000, 1250000};
	static const uint64_t delays[] = {1 * MS, 50 * MS};
	static struct world w;

	for (int k = ACKS; k <= GATE; k++) {
		for (size_t i = 0; i < 4; i++) {
			open_world(&w, (enum kind)k, rates[i / 2], delays[i % 2]);
			run(&w, 8000 * MS);
			w.worst_us = w.there = w.most = 0;
			run(&w, 10000 * MS);
			assert_in_range(w.worst_us, 0, 2 * w.delay_us + 350 * MS);
			assert_in_range(w.there, w.rate * 10 * 7 / 10, w.rate * 10 * 11 / 10);
			assert_in_range(w.most, 0, w.rate * (2 * w.delay_us + 350 * MS) / 1000000);
			assert_int_equal(w.line.deaf, k == DEAF);
			close_world(&w);
		}
	}
}

/* Nobody is there to ask: the connection's back-pressure is all that there is. */
static void test_nobody(void **state)
{
	static struct world w;

	open_world(&w, NOTHING, 125000, MS);
	for (int i = 0; i < 50; i++) {
		assert_true(sp_pace_ready(&w.line.pace, w.now));
		send_frame(&w);
	}
	close_world(&w);
}

/* Nothing is asked but behind a frame, and of a client that acknowledges once a second. */
static void test_idle(void **state)
{
	static struct world w;
	struct sp_rcbuf *b;
	size_t asked = 0;

	open_world(&w, TRIPS, 125000, MS);
	w.kind = ACKS;
	sp_desk_line_acks(&w.line, true);
	w.now += 2000 * MS;
	assert_int_equal(sp_desk_line_out(&w.line, w.now), SP_OK);
	assert_null(sp_rdp_out(w.p.server));
	for (int i = 0; i < 100; i++, w.now += 100 * MS) {
		sp_desk_line_sent(&w.line, (uint32_t)i, 100, w.now);
		assert_int_equal(sp_desk_line_out(&w.line, w.now), SP_OK);
		sp_pace_acked(&w.line.pace, (uint32_t)i, w.now);
		while ((b = sp_rdp_out(w.p.server)) != NULL) {
			asked++;
			sp_rcbuf_unref(b);
		}
	}
	/* Nobody answers here, so that is given up after three seconds. */
	assert_in_range(asked, 2, 5);
	close_world(&w);
}

/* Answers that nobody asked for, and a liar: he alone is hurt. */
static void test_hostile(void **state)
{
	static struct world w;
	struct sp_event trip = {.kind = SP_EV_TRIP, .trip = {.id = 0x7777, .rtt_us = UINT64_MAX}};
	struct sp_event rate = {.kind = SP_EV_RATE, .rate = UINT64_MAX};
	struct sp_event line = {.kind = SP_EV_LINE,
			.line = {.mark = 99, .rtt_min_us = UINT32_MAX, .rate = UINT64_MAX}};

	open_world(&w, TRIPS, 125000, MS);
	for (int i = 0; i < 100; i++) {
		assert_false(sp_desk_line_event(&w.line, &trip, w.now));
		assert_false(sp_desk_line_event(&w.line, &rate, w.now));
		assert_false(sp_desk_line_event(&w.line, &line, w.now));
		send_frame(&w);
	}
	assert_true(w.line.n <= SP_DETECT_TRIPS);
	assert_true(w.line.pace.n <= SP_PACE_FRAMES);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_slow_lines),
			cmocka_unit_test(test_nobody),
			cmocka_unit_test(test_idle),
			cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
