/* tests/core/chan/test_gfx_server.c - what the server's machine sends, and what it makes of answers. */
#include "unit.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/chan/gfx_server.h"
#include "core/codec/zgfx.h"

#define T0 1000000u

struct rig {
	struct sp_gfx_server *s;
	struct sp_zgfx_dec *zgfx;
	uint8_t plain[1 << 20];
	size_t n, messages, largest; /* bytes of all messages, how many, the longest as sent */
};

/* Everything that waits, decoded. */
static struct sp_span drain(struct rig *g)
{
	struct sp_rcbuf *b;
	struct sp_span out;

	g->n = g->messages = g->largest = 0;
	while ((b = sp_gfx_server_out(g->s))) {
		assert_int_equal(sp_zgfx_decode(g->zgfx, sp_span(b->p, b->n), &out), SP_OK);
		assert_true(g->n + out.n <= sizeof(g->plain));
		memcpy(g->plain + g->n, out.p, out.n);
		g->n += out.n;
		g->messages++;
		g->largest = b->n > g->largest ? b->n : g->largest;
		sp_rcbuf_unref(b);
	}
	return sp_span(g->plain, g->n);
}

static void setup(struct rig *g, const struct sp_gfx_server_conf *conf)
{
	memset(g, 0, sizeof(*g));
	g->s = sp_gfx_server_create(conf);
	g->zgfx = sp_zgfx_dec_create(SP_ZGFX_FULL, 64u << 20);
	assert_non_null(g->s);
	assert_non_null(g->zgfx);
}

static void teardown(struct rig *g)
{
	sp_gfx_server_destroy(g->s);
	sp_zgfx_dec_destroy(g->zgfx);
}

static int feed(struct rig *g, const char *hex, uint64_t now)
{
	return sp_gfx_server_feed(g->s, unit_hex(hex), now);
}

static int advertise(struct rig *g, const struct sp_gfx_caps *sets, size_t n)
{
	struct sp_gfx_advertise a = {.n = n};
	uint8_t buf[1024];
	struct sp_wr w;

	memcpy(a.set, sets, n * sizeof(*sets));
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_gfx_advertise_write(&w, &a);
	return sp_gfx_server_feed(g->s, sp_span(buf, w.n), T0);
}

static void begin(struct rig *g, uint32_t version, uint32_t flags)
{
	struct sp_gfx_caps caps = {version, flags};
	struct sp_gfx_server_event ev;

	assert_int_equal(advertise(g, &caps, 1), SP_OK);
	assert_true(sp_gfx_server_next(g->s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_READY);
	drain(g);
}

static void test_versions(void **state)
{
	static const struct {
		uint32_t max;
		size_t n;
		struct sp_gfx_caps in[3], out;
		bool progressive, avc420, avc444, avc444v2, mixed, small;
	} rows[] = {
			{0, 3, {{SP_GFX_V8, 2}, {SP_GFX_V107, 0x82}, {SP_GFX_V104, 0}},
					{SP_GFX_V107, 0x82}, true, true, true, true, true, true},
			{0, 2, {{SP_GFX_V106, 0x20}, {SP_GFX_V106_ERRATA, 0x20}},
					{SP_GFX_V106_ERRATA, 0x20}, true, false, false, false,
					false, false},
			{SP_GFX_V81, 3, {{SP_GFX_V8, 1}, {SP_GFX_V81, 0x12}, {SP_GFX_V107, 0}},
					{SP_GFX_V81, 0x12}, true, true, false, false, false, true},
			{0, 1, {{SP_GFX_V8, 1}}, {SP_GFX_V8, 1}, false, false, false, false, false,
					true},
			{0, 1, {{SP_GFX_V10, 0}}, {SP_GFX_V10, 0}, true, true, true, false, false,
					false},
			{0, 2, {{SP_GFX_V10, 0}, {SP_GFX_V101, 0}}, {SP_GFX_V101, 0}, true, true,
					true, true, false, false},
			{0, 1, {{SP_GFX_V103, 0x40}}, {SP_GFX_V103, 0x40}, true, true, true, true,
					false, true},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_gfx_server_conf conf = {.max_version = rows[i].max};
		struct sp_gfx_server_event ev;
		struct sp_gfx_caps got;
		struct sp_rd r, body;
		struct rig *g = sp_calloc(1, sizeof(*g));
		uint16_t cmd;

		setup(g, &conf);
		assert_int_equal(advertise(g, rows[i].in, rows[i].n), SP_OK);
		assert_true(sp_gfx_server_next(g->s, &ev));
		assert_int_equal(ev.can.version, rows[i].out.version);
		assert_int_equal(ev.can.progressive, rows[i].progressive);
		assert_int_equal(ev.can.avc420, rows[i].avc420);
		assert_int_equal(ev.can.avc444, rows[i].avc444);
		assert_int_equal(ev.can.avc444v2, rows[i].avc444v2);
		assert_int_equal(ev.can.mixed, rows[i].mixed);
		assert_int_equal(ev.can.cache_slots, rows[i].small ? 4096 : 25600);
		assert_false(sp_gfx_server_next(g->s, &ev));
		struct sp_span out = drain(g);
		sp_rd_init(&r, out.p, out.n);
		assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_OK);
		assert_int_equal(cmd, SP_GFX_CONFIRM);
		assert_int_equal(sp_gfx_confirm_read(&body, &got), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(got.version, rows[i].out.version);
		assert_int_equal(got.flags, rows[i].out.flags);
		assert_int_equal(out.n, rows[i].out.version == SP_GFX_V101 ? 32 : 20);
		teardown(g);
		sp_free(g);
	}
}

/* Nothing before the client's abilities are known, nothing of what it does not have after. */
static void test_order(void **state)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	struct sp_rect all = {0, 0, 64, 64};
	static struct rig g;
	int err;

	setup(&g, &conf);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 1, 64, 64), SP_ESTATE);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_ESTATE);
	assert_int_equal(feed(&g, "0d00 0000 14000000 00000000 01000000 01000000", T0), SP_ESTATE);
	assert_int_equal(feed(&g, "1200 0000 16000000 0100 99990b00 04000000 00000000", T0),
			SP_EPROTO);
	assert_null(sp_gfx_server_out(g.s));
	begin(&g, SP_GFX_V8, SP_GFX_THINCLIENT);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 1, 64, 64), SP_OK);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 1, 64, 64), SP_EARG);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 2, 0, 64), SP_EARG);
	assert_int_equal(sp_gfx_server_fill(g.s, 1, 0, &all, 1), SP_ESTATE);
	assert_int_equal(sp_gfx_server_end(g.s, T0), SP_ESTATE);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_OK);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_ESTATE);
	assert_int_equal(sp_gfx_server_fill(g.s, 2, 0, &all, 1), SP_EARG);
	assert_null(sp_gfx_server_bits(g.s, 1, SP_GFX_AVC420, all, &err));
	assert_int_equal(err, SP_EARG);
	assert_null(sp_gfx_server_progressive(g.s, 1, 1, &err));
	assert_int_equal(err, SP_EARG);
	all.w++;
	assert_null(sp_gfx_server_bits(g.s, 1, SP_GFX_PLANAR, all, &err));
	assert_int_equal(sp_gfx_server_fill(g.s, 1, 0, &all, 1), SP_EARG);
	all.w = 0;
	assert_int_equal(sp_gfx_server_fill(g.s, 1, 0, &all, 1), SP_EARG);
	assert_int_equal(sp_gfx_server_bits_end(g.s, true), SP_ESTATE);
	all.w = 64;
	assert_non_null(sp_gfx_server_bits(g.s, 1, SP_GFX_PLANAR, all, &err));
	assert_int_equal(sp_gfx_server_fill(g.s, 1, 0, &all, 1), SP_ESTATE);
	assert_int_equal(sp_gfx_server_bits_end(g.s, false), SP_OK);
	assert_int_equal(sp_gfx_server_end(g.s, T0), SP_OK);
	/* The command that was taken back left nothing: a frame of two. */
	drain(&g);
	assert_int_equal(g.n, 15 + 16 + 12);
	assert_int_equal(sp_gfx_server_delete_surface(g.s, 1), SP_OK);
	assert_int_equal(sp_gfx_server_delete_surface(g.s, 1), SP_EARG);
	for (uint16_t i = 0; i < SP_GFX_SERVER_SURFACES; i++) {
		assert_int_equal(sp_gfx_server_create_surface(g.s, i, 8, 8), SP_OK);
	}
	assert_int_equal(sp_gfx_server_create_surface(g.s, 999, 8, 8), SP_ELIMIT);
	assert_int_equal(feed(&g, "0900 0000 0f000000 0300 8007 3804 20", T0), SP_EPROTO);
	teardown(&g);
}

static void test_cache(void **state)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	struct sp_gfx_point at[] = {{0, 0}, {100, 100}}, out = {2000, 0};
	struct sp_rect half = {0, 0, 2048, 1024}, tile = {0, 0, 64, 64};
	static struct rig g;

	setup(&g, &conf);
	begin(&g, SP_GFX_V8, SP_GFX_SMALL_CACHE);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 0, 2048, 2048), SP_OK);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_OK);
	assert_int_equal(sp_gfx_server_store(g.s, 0, 0, 1, tile), SP_EARG);
	assert_int_equal(sp_gfx_server_store(g.s, 0, 4097, 1, tile), SP_EARG);
	assert_int_equal(sp_gfx_server_store(g.s, 0, 4096, 1, tile), SP_OK);
	assert_int_equal(sp_gfx_server_paste(g.s, 1, 0, at, 1), SP_EARG);
	assert_int_equal(sp_gfx_server_paste(g.s, 4096, 0, at, 2), SP_OK);
	assert_int_equal(sp_gfx_server_paste(g.s, 4096, 0, &out, 1), SP_EARG);
	assert_int_equal(sp_gfx_server_paste(g.s, 4096, 0, at, 0), SP_EARG);
	/* 16 MB: one half and the tile, but no other half before the tile is gone. */
	assert_int_equal(sp_gfx_server_store(g.s, 0, 1, 2, half), SP_OK);
	assert_int_equal(sp_gfx_server_store(g.s, 0, 2, 2, half), SP_ELIMIT);
	assert_int_equal(sp_gfx_server_store(g.s, 0, 1, 2, half), SP_OK);
	assert_int_equal(sp_gfx_server_evict(g.s, 4096), SP_OK);
	assert_int_equal(sp_gfx_server_evict(g.s, 4096), SP_EARG);
	assert_int_equal(sp_gfx_server_store(g.s, 0, 2, 2, half), SP_OK);
	assert_int_equal(sp_gfx_server_copy(g.s, 0, 0, tile, at, 2), SP_OK);
	assert_int_equal(sp_gfx_server_copy(g.s, 0, 0, tile, &out, 1), SP_EARG);
	assert_int_equal(sp_gfx_server_end(g.s, T0), SP_OK);
	teardown(&g);
}

static void test_offer(void **state)
{
	static const char offer[] = "1000 0000 22000000 0200 efcdab8967452301 00400000 "
				    "0100000000000000 00080000";
	struct sp_gfx_server_conf conf = {.import = true};
	struct sp_gfx_server_event ev;
	struct sp_gfx_point at = {0, 0};
	uint16_t slots[] = {7, 9};
	static struct rig g;

	setup(&g, &conf);
	begin(&g, SP_GFX_V107, 0);
	assert_int_equal(sp_gfx_server_import(g.s, slots, 0), SP_ESTATE);
	struct sp_span in = unit_hex(offer);
	assert_int_equal(sp_gfx_server_feed(g.s, in, T0), SP_OK);
	assert_true(sp_gfx_server_next(g.s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_OFFER);
	assert_int_equal(ev.offer.n, 2);
	assert_int_equal(sp_gfx_entry_at(ev.offer.entries, 1).bytes, 2048);
	assert_int_equal(sp_gfx_server_import(g.s, slots, 3), SP_EARG);
	assert_int_equal(sp_gfx_server_import(g.s, slots, 2), SP_OK);
	unit_assert_span(drain(&g), unit_hex("1100 0000 0e000000 0200 0700 0900"));
	assert_int_equal(sp_gfx_server_create_surface(g.s, 0, 64, 64), SP_OK);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_OK);
	assert_int_equal(sp_gfx_server_paste(g.s, 9, 0, &at, 1), SP_OK);
	teardown(&g);

	/* Without somebody who wants them the answer is at once that none are taken. */
	conf.import = false;
	setup(&g, &conf);
	begin(&g, SP_GFX_V107, 0);
	assert_int_equal(feed(&g, offer, T0), SP_OK);
	assert_false(sp_gfx_server_next(g.s, &ev));
	unit_assert_span(drain(&g), unit_hex("1100 0000 0a000000 0000"));
	teardown(&g);
}

static int ack(struct rig *g, uint32_t depth, uint32_t frame, uint64_t now)
{
	struct sp_gfx_ack a = {depth, frame, frame};
	uint8_t buf[32];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_gfx_ack_write(&w, &a);
	return sp_gfx_server_feed(g->s, sp_span(buf, w.n), now);
}

static void test_acks(void **state)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	struct sp_gfx_server_event ev;
	struct sp_gfx_server_stats st;
	uint32_t frame;
	static struct rig g;

	setup(&g, &conf);
	begin(&g, SP_GFX_V107, 0);
	assert_int_equal(ack(&g, 0, 1, T0), SP_ESTATE);
	for (uint32_t i = 1; i <= 5; i++) {
		assert_int_equal(sp_gfx_server_start(g.s, 0, &frame), SP_OK);
		assert_int_equal(frame, i);
		assert_int_equal(sp_gfx_server_end(g.s, T0 + i * 1000), SP_OK);
	}
	sp_gfx_server_stats(g.s, &st);
	assert_int_equal(st.in_flight, 5);
	assert_true(st.waiting > 0);
	drain(&g);
	sp_gfx_server_stats(g.s, &st);
	assert_int_equal(st.waiting, 0);
	assert_int_equal(ack(&g, 0, 6, T0), SP_ESTATE);
	assert_int_equal(ack(&g, 0, 0, T0), SP_ESTATE);
	assert_int_equal(ack(&g, 0, 0xFF000001, T0), SP_ESTATE);
	/* Two were passed over, as old clients do. */
	assert_int_equal(ack(&g, 77, 3, T0 + 9000), SP_OK);
	assert_true(sp_gfx_server_next(g.s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_ACK);
	assert_int_equal(ev.frame, 3);
	assert_int_equal(ev.depth, 77);
	assert_int_equal(ev.took_us, 6000);
	assert_true(ev.sent > 0 && ev.sent < st.sent);
	sp_gfx_server_stats(g.s, &st);
	assert_int_equal(st.in_flight, 2);
	assert_int_equal(st.acked_us, T0 + 9000);
	assert_int_equal(ack(&g, 0, 2, T0), SP_ESTATE);
	assert_int_equal(ack(&g, 0, 3, T0), SP_ESTATE);
	assert_int_equal(ack(&g, SP_GFX_SUSPEND, 4, T0), SP_OK);
	assert_true(sp_gfx_server_next(g.s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_SUSPENDED);
	sp_gfx_server_stats(g.s, &st);
	assert_true(st.suspended);
	assert_int_equal(st.in_flight, 0);
	/* It changed its mind. */
	assert_int_equal(ack(&g, 0, 5, T0), SP_OK);
	sp_gfx_server_stats(g.s, &st);
	assert_false(st.suspended);
	assert_int_equal(st.in_flight, 0);
	assert_true(sp_gfx_server_next(g.s, &ev));
	assert_int_equal(feed(&g, "1600 0000 14000000 05000000 10270000 0500 0700", T0), SP_OK);
	assert_true(sp_gfx_server_next(g.s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_QOE);
	assert_int_equal(ev.decode_ms, 5);
	assert_int_equal(ev.show_ms, 7);
	assert_int_equal(feed(&g, "1600 0000 14000000 06000000 10270000 0500 0700", T0), SP_ESTATE);
	teardown(&g);
}

/* A client of 10.3 and later may begin again; nothing of before is left, not even in the history. */
static void test_again(void **state)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	struct sp_gfx_caps caps = {SP_GFX_V102, 0};
	struct sp_gfx_server_event ev;
	struct sp_gfx_server_stats st;
	struct sp_rect all = {0, 0, 64, 64};
	static struct rig g;

	setup(&g, &conf);
	begin(&g, SP_GFX_V102, 0);
	assert_int_equal(advertise(&g, &caps, 1), SP_ESTATE);
	teardown(&g);
	setup(&g, &conf);
	begin(&g, SP_GFX_V107, 0);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 0, 64, 64), SP_OK);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_OK);
	assert_int_equal(sp_gfx_server_fill(g.s, 0, 0, &all, 1), SP_OK);
	caps.version = SP_GFX_V104;
	assert_int_equal(advertise(&g, &caps, 1), SP_OK);
	assert_true(sp_gfx_server_next(g.s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_READY);
	assert_int_equal(ev.can.version, SP_GFX_V104);
	/* The client may have a fresh history, too. */
	sp_zgfx_dec_destroy(g.zgfx);
	g.zgfx = sp_zgfx_dec_create(SP_ZGFX_FULL, 64u << 20);
	assert_non_null(g.zgfx);
	drain(&g);
	assert_int_equal(g.n, 20);
	assert_int_equal(sp_gfx_server_fill(g.s, 0, 0, &all, 1), SP_ESTATE);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 0, 64, 64), SP_OK);
	sp_gfx_server_stats(g.s, &st);
	assert_int_equal(st.in_flight, 0);
	drain(&g);
	teardown(&g);
}

/* A frame of many commands goes in messages of one segment; a command may be longer than one. */
static void test_messages(void **state)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	struct sp_rect tile = {0, 0, 64, 64};
	struct sp_gfx_server_stats st;
	static uint8_t data[300000];
	static struct rig g;
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(data); i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 24);
	}
	setup(&g, &conf);
	begin(&g, SP_GFX_V107, 0);
	assert_int_equal(sp_gfx_server_create_surface(g.s, 0, 64, 64), SP_OK);
	drain(&g);
	assert_int_equal(sp_gfx_server_start(g.s, 0, NULL), SP_OK);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(sp_gfx_server_put(g.s, 0, SP_GFX_CLEAR, tile,
						 sp_span(data + i * 16384, 16384)),
				SP_OK);
		assert_int_equal(sp_gfx_server_put_progressive(
						 g.s, 0, 1, sp_span(data + i * 100, 600)),
				SP_OK);
	}
	/* The same once more: the history has it. */
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(sp_gfx_server_put(g.s, 0, SP_GFX_CLEAR, tile,
						 sp_span(data + i * 16384, 16384)),
				SP_OK);
	}
	assert_int_equal(sp_gfx_server_put_progressive(g.s, 0, 1, sp_span(data, sizeof(data))),
			SP_OK);
	assert_int_equal(sp_gfx_server_forget(g.s, 0, 1), SP_OK);
	assert_int_equal(sp_gfx_server_end(g.s, T0), SP_OK);
	sp_gfx_server_stats(g.s, &st);
	assert_true(st.plain > st.sent + 150000);
	struct sp_span out = drain(&g);
	assert_int_equal(out.n,
			16 + 20 * (25 + 16384) + 10 * (21 + 600) + 21 + sizeof(data) + 14 + 12);
	assert_true(g.messages >= 6 && g.messages <= 9);
	struct sp_rd r, body;
	uint16_t cmd;
	size_t n = 0;
	sp_rd_init(&r, out.p, out.n);
	while (sp_rd_left(&r) > 0) {
		struct sp_gfx_bits b;

		assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_OK);
		if (cmd == SP_GFX_BITS) {
			assert_int_equal(sp_gfx_bits_read(&body, &b), SP_OK);
			assert_memory_equal(b.data.p, data + (n % 10) * 16384, 16384);
			n++;
		}
	}
	assert_int_equal(n, 20);
	teardown(&g);
}

/* Without memory at any point: an error, and no leak. */
static void test_memory(void **state)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	struct sp_gfx_caps caps = {SP_GFX_V107, 0};
	struct sp_rect tile = {0, 0, 64, 64};
	static const uint8_t data[70000];

	for (long n = 0;; n++) {
		static struct rig g;

		memset(&g, 0, sizeof(g));
		sp_mem_fail_after(n);
		g.s = sp_gfx_server_create(&conf);
		int rc = g.s ? advertise(&g, &caps, 1) : SP_ENOMEM;
		rc = rc == SP_OK ? sp_gfx_server_create_surface(g.s, 0, 64, 64) : rc;
		rc = rc == SP_OK ? sp_gfx_server_start(g.s, 0, NULL) : rc;
		rc = rc == SP_OK ? sp_gfx_server_store(g.s, 0, 300, 1, tile) : rc;
		rc = rc == SP_OK ? sp_gfx_server_put(g.s, 0, SP_GFX_CLEAR, tile,
						   sp_span(data, sizeof(data)))
				 : rc;
		rc = rc == SP_OK ? sp_gfx_server_end(g.s, T0) : rc;
		sp_mem_fail_after(-1);
		sp_gfx_server_destroy(g.s);
		if (rc == SP_OK) {
			assert_true(n > 5);
			return;
		}
		assert_int_equal(rc, SP_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_versions),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_cache),
			cmocka_unit_test(test_offer),
			cmocka_unit_test(test_acks),
			cmocka_unit_test(test_again),
			cmocka_unit_test(test_messages),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
