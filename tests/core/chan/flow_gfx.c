/* tests/core/chan/flow_gfx.c - both ends of the graphics pipeline, joined in memory, and a model beside. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/chan/gfx_client.h"
#include "core/chan/gfx_server.h"
#include "core/codec/clear.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"

#define SURFACES 4
#define SIDE 80 /* most columns of a surface */
#define ROWS 64
#define SLOTS 12
#define OUT_W (2 * SIDE)
#define OUT_H (2 * ROWS)

struct model_surface {
	bool there, mapped;
	uint32_t w, h, x, y;
	uint32_t px[SIDE * ROWS];
	struct sp_prog_enc *enc; /* NULL before the first use */
	struct sp_prog_dec *dec; /* the model's own */
	uint32_t source[SIDE * ROWS]; /* what was encoded last */
};

struct model_slot {
	uint32_t w, h; /* 0: empty */
	uint32_t px[SIDE * ROWS];
};

struct duo {
	struct sp_gfx_server *s;
	struct sp_gfx_client *c;
	struct sp_gfx_client_conf cc;
	uint64_t now;
	unsigned ready, acks, qoes, suspended, resets, frames;
	struct model_surface surface[SURFACES];
	struct model_slot slot[SLOTS + 1];
	uint32_t out[OUT_W * OUT_H]; /* what the model shows */
	uint32_t fb[OUT_W * OUT_H]; /* what the client shows */
	uint32_t seed;
	struct sp_clear_enc *clear;
	struct sp_rfx_dec *rfx; /* the model's own */
	struct sp_rfx_work work;
};

static uint32_t any(struct duo *d, uint32_t n)
{
	d->seed = d->seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(d->seed >> 4) * n) >> 28);
}

static void carry(struct duo *d)
{
	struct sp_gfx_server_event se;
	struct sp_gfx_client_event ce;
	struct sp_rcbuf *b;

	for (bool more = true; more;) {
		more = false;
		while ((b = sp_gfx_client_out(d->c))) {
			assert_int_equal(sp_gfx_server_feed(d->s, sp_span(b->p, b->n), d->now),
					SP_OK);
			sp_rcbuf_unref(b);
			more = true;
			while (sp_gfx_server_next(d->s, &se)) {
				d->ready += se.kind == SP_GFX_SERVER_READY;
				d->acks += se.kind == SP_GFX_SERVER_ACK;
				d->qoes += se.kind == SP_GFX_SERVER_QOE;
				d->suspended += se.kind == SP_GFX_SERVER_SUSPENDED;
			}
		}
		while ((b = sp_gfx_server_out(d->s))) {
			assert_int_equal(sp_gfx_client_feed(d->c, sp_span(b->p, b->n), d->now),
					SP_OK);
			sp_rcbuf_unref(b);
			more = true;
			while (sp_gfx_client_next(d->c, &ce)) {
				d->resets += ce.kind == SP_GFX_CLIENT_RESET;
				d->frames += ce.kind == SP_GFX_CLIENT_FRAME;
			}
		}
		d->now += 1000;
	}
}

static void setup(struct duo *d, const struct sp_gfx_client_conf *cc)
{
	struct sp_gfx_server_conf sc = {.max_version = 0};
	struct sp_gfx_reset reset = {
			.w = OUT_W, .h = OUT_H, .n = 1, .monitor = {{{0, 0, OUT_W, OUT_H}, true}}};

	memset(d, 0, sizeof(*d));
	d->now = 1000000;
	d->seed = 5;
	d->cc = *cc;
	d->s = sp_gfx_server_create(&sc);
	d->c = sp_gfx_client_create(cc);
	d->clear = sp_clear_enc_create();
	d->rfx = sp_rfx_dec_create();
	assert_non_null(d->s);
	assert_non_null(d->c);
	carry(d);
	assert_int_equal(d->ready, 1);
	assert_int_equal(sp_gfx_server_reset(d->s, &reset), SP_OK);
	carry(d);
	assert_int_equal(d->resets, 1);
	for (size_t i = 0; i < OUT_W * OUT_H; i++) {
		d->out[i] = 0xff000000u;
	}
}

static void teardown(struct duo *d)
{
	for (size_t i = 0; i < SURFACES; i++) {
		sp_prog_enc_destroy(d->surface[i].enc);
		sp_prog_dec_destroy(d->surface[i].dec);
	}
	sp_clear_enc_destroy(d->clear);
	sp_rfx_dec_destroy(d->rfx);
	sp_gfx_server_destroy(d->s);
	sp_gfx_client_destroy(d->c);
}

/* ---- commands on both ---- */

static struct sp_rect some_rect(struct duo *d, uint32_t w, uint32_t h)
{
	int32_t x = (int32_t)any(d, w), y = (int32_t)any(d, h);

	return (struct sp_rect){x, y, 1 + (int32_t)any(d, w - (uint32_t)x),
			1 + (int32_t)any(d, h - (uint32_t)y)};
}

static void do_fill(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];
	struct sp_rect r[3];
	uint32_t pixel = any(d, 1u << 28);
	size_t n = 1 + any(d, 3);

	for (size_t i = 0; i < n; i++) {
		r[i] = some_rect(d, m->w, m->h);
		for (int32_t y = r[i].y; y < r[i].y + r[i].h; y++) {
			for (int32_t x = r[i].x; x < r[i].x + r[i].w; x++) {
				m->px[(uint32_t)y * m->w + (uint32_t)x] = pixel | 0xff000000u;
			}
		}
	}
	assert_int_equal(sp_gfx_server_fill(d->s, id, pixel, r, n), SP_OK);
}

/* One picture over another at x, y. */
static void lay(struct model_surface *to, uint32_t x, uint32_t y, const uint32_t *px, uint32_t w,
		uint32_t h)
{
	for (uint32_t i = 0; i < h; i++) {
		memcpy(to->px + (y + i) * to->w + x, px + i * w, 4 * (size_t)w);
	}
}

static void cut(const struct model_surface *from, struct sp_rect r, uint32_t *px)
{
	for (int32_t i = 0; i < r.h; i++) {
		memcpy(px + i * r.w, from->px + (uint32_t)(r.y + i) * from->w + r.x,
				4 * (size_t)r.w);
	}
}

/* Places for a picture of w x h; none when it is too large. */
static size_t some_points(struct duo *d, const struct model_surface *to, uint32_t w, uint32_t h,
		struct sp_gfx_point p[3])
{
	size_t n = 1 + any(d, 3);

	if (w > to->w || h > to->h) {
		return 0;
	}
	for (size_t i = 0; i < n; i++) {
		p[i].x = (int16_t)any(d, to->w - w + 1);
		p[i].y = (int16_t)any(d, to->h - h + 1);
	}
	return n;
}

static void do_copy(struct duo *d, uint16_t id)
{
	struct model_surface *from = &d->surface[id];
	uint16_t other = any(d, 2) ? id : (uint16_t)any(d, SURFACES);
	struct model_surface *to = &d->surface[other];
	struct sp_rect r = some_rect(d, from->w, from->h);
	struct sp_gfx_point p[3];
	static uint32_t px[SIDE * ROWS];

	if (!to->there) {
		return;
	}
	size_t n = some_points(d, to, (uint32_t)r.w, (uint32_t)r.h, p);
	if (n == 0) {
		return;
	}
	assert_int_equal(sp_gfx_server_copy(d->s, id, other, r, p, n), SP_OK);
	for (size_t i = 0; i < n; i++) {
		cut(from, r, px);
		lay(to, (uint32_t)p[i].x, (uint32_t)p[i].y, px, (uint32_t)r.w, (uint32_t)r.h);
	}
}

static void do_store(struct duo *d, uint16_t id)
{
	struct model_surface *from = &d->surface[id];
	struct sp_rect r = some_rect(d, from->w, from->h);
	uint16_t slot = (uint16_t)(1 + any(d, SLOTS));

	assert_int_equal(sp_gfx_server_store(d->s, id, slot, slot * 77u, r), SP_OK);
	d->slot[slot].w = (uint32_t)r.w;
	d->slot[slot].h = (uint32_t)r.h;
	cut(from, r, d->slot[slot].px);
}

static void do_paste(struct duo *d, uint16_t id)
{
	struct model_surface *to = &d->surface[id];
	uint16_t slot = (uint16_t)(1 + any(d, SLOTS));
	const struct model_slot *from = &d->slot[slot];
	struct sp_gfx_point p[3];

	if (from->w == 0) {
		return;
	}
	if (any(d, 10) == 0) {
		assert_int_equal(sp_gfx_server_evict(d->s, slot), SP_OK);
		d->slot[slot].w = 0;
		return;
	}
	size_t n = some_points(d, to, from->w, from->h, p);
	if (n == 0) {
		return;
	}
	assert_int_equal(sp_gfx_server_paste(d->s, slot, id, p, n), SP_OK);
	for (size_t i = 0; i < n; i++) {
		lay(to, (uint32_t)p[i].x, (uint32_t)p[i].y, from->px, from->w, from->h);
	}
}

static void do_bits(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];
	struct sp_rect r = some_rect(d, m->w, m->h);
	static uint32_t px[SIDE * ROWS];
	bool raw = any(d, 3) == 0;
	int err;

	r.w = r.w < SP_PLANAR_TILE ? r.w : SP_PLANAR_TILE;
	r.h = r.h < SP_PLANAR_TILE ? r.h : SP_PLANAR_TILE;
	for (int32_t i = 0; i < r.w * r.h; i++) {
		px[i] = 0xff000000u | (any(d, 4) ? 0x336699u : any(d, 1u << 24));
	}
	lay(m, (uint32_t)r.x, (uint32_t)r.y, px, (uint32_t)r.w, (uint32_t)r.h);
	struct sp_wr *w = sp_gfx_server_bits(d->s, id, raw ? SP_GFX_RAW : SP_GFX_PLANAR, r, &err);
	assert_non_null(w);
	if (raw) {
		sp_wr_put(w, px, 4 * (size_t)r.w * (size_t)r.h);
	} else {
		assert_true(sp_planar_encode_exact((const uint8_t *)px, 4 * (ptrdiff_t)r.w,
					    (uint32_t)r.w, (uint32_t)r.h, w) > 0);
	}
	assert_int_equal(sp_gfx_server_bits_end(d->s, true), SP_OK);
}

/* Text on a ground, in a rectangle of the surface. */
static struct sp_rect some_picture(struct duo *d, const struct model_surface *m, uint32_t *px)
{
	struct sp_rect r = some_rect(d, m->w, m->h);

	for (int32_t i = 0; i < r.w * r.h; i++) {
		px[i] = 0xff000000u | (any(d, 6) ? 0xd0e0f0u : any(d, 1u << 24));
	}
	return r;
}

static void do_clear(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];
	static uint32_t px[SIDE * ROWS];
	struct sp_rect r = some_picture(d, m, px);
	int err;

	lay(m, (uint32_t)r.x, (uint32_t)r.y, px, (uint32_t)r.w, (uint32_t)r.h);
	struct sp_wr *w = sp_gfx_server_bits(d->s, id, SP_GFX_CLEAR, r, &err);
	assert_non_null(w);
	assert_true(sp_clear_encode(d->clear, (const uint8_t *)px, 4 * (size_t)r.w, (uint32_t)r.w,
				    (uint32_t)r.h, w) > 0);
	assert_int_equal(sp_gfx_server_bits_end(d->s, true), SP_OK);
}

static void do_rfx(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];
	static uint32_t px[SIDE * ROWS];
	struct sp_rect changed, r = some_picture(d, m, px), all = {0, 0, r.w, r.h};
	struct sp_rfx_conf conf = {.rlgr = SP_RLGR3,
			.image = true,
			.w = (uint16_t)r.w,
			.h = (uint16_t)r.h,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_USUAL}};
	struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);
	struct sp_wr w;

	assert_non_null(e);
	sp_wr_init(&w, 1u << 20);
	assert_true(sp_rfx_encode(e, (const uint8_t *)px, 4 * (size_t)r.w, &all, 1, &w) > 0);
	assert_int_equal(sp_gfx_server_put(d->s, id, SP_GFX_RFX, r, sp_span(w.p, w.n)), SP_OK);
	assert_int_equal(sp_rfx_decode(d->rfx, sp_span(w.p, w.n),
					 (uint8_t *)(m->px + (uint32_t)r.y * m->w + r.x),
					 4 * (size_t)m->w, (uint32_t)r.w, (uint32_t)r.h, &changed,
					 1),
			1);
	sp_wr_finish(&w);
	sp_rfx_enc_destroy(e);
}

/* A tile anew, coarse or whole, or a better one. */
static void do_progressive(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];
	uint32_t tx = any(d, (m->w + 63) / 64);
	struct sp_rect area = {(int32_t)tx * 64, 0,
			(int32_t)(m->w - tx * 64 < 64 ? m->w - tx * 64 : 64), (int32_t)m->h};
	struct sp_prog_part part = {.tiles = 1};
	struct sp_rect changed[4];
	struct sp_wr tile, w;

	if (!m->enc) {
		m->enc = sp_prog_enc_create(m->w, m->h, true);
		m->dec = sp_prog_dec_create(m->w, m->h, 1u << 20);
		assert_non_null(m->enc);
		assert_non_null(m->dec);
	}
	sp_wr_init(&tile, 1u << 20);
	sp_wr_init(&w, 1u << 20);
	if (sp_prog_enc_left(m->enc, tx, 0) > 0 && any(d, 3)) {
		assert_true(sp_prog_enc_upgrade(m->enc, &d->work, tx, 0, &tile) > 0);
	} else {
		static uint32_t px[SIDE * ROWS];
		struct sp_rect r = some_picture(d, m, px);

		for (int32_t i = 0; i < r.h; i++) {
			memcpy(m->source + (uint32_t)(r.y + i) * m->w + r.x, px + i * r.w,
					4 * (size_t)r.w);
		}
		assert_true(sp_prog_enc_tile(m->enc, &d->work, (const uint8_t *)m->source,
					    4 * (size_t)m->w, tx, 0, SP_PROG_GOOD,
					    any(d, 2) ? SP_PROG_COARSE : SP_PROG_WHOLE, &tile) > 0);
	}
	part.bytes = sp_span(tile.p, tile.n);
	assert_int_equal(sp_prog_enc_stream(m->enc, &area, 1, &part, 1, &w) < 0, 0);
	assert_int_equal(sp_gfx_server_put_progressive(d->s, id, 1, sp_span(w.p, w.n)), SP_OK);
	assert_true(sp_prog_decode(m->dec, sp_span(w.p, w.n), d->frames, (uint8_t *)m->px,
				    4 * (size_t)m->w, changed, 4) > 0);
	sp_wr_finish(&tile);
	sp_wr_finish(&w);
}

static void do_create(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];

	m->w = 1 + any(d, SIDE);
	m->h = 1 + any(d, ROWS);
	m->there = true;
	m->mapped = false;
	sp_prog_enc_destroy(m->enc);
	sp_prog_dec_destroy(m->dec);
	m->enc = NULL;
	m->dec = NULL;
	memset(m->source, 0, sizeof(m->source));
	for (size_t i = 0; i < SIDE * ROWS; i++) {
		m->px[i] = 0xff000000u;
	}
	assert_int_equal(sp_gfx_server_create_surface(d->s, id, (uint16_t)m->w, (uint16_t)m->h),
			SP_OK);
}

static void do_map(struct duo *d, uint16_t id)
{
	struct model_surface *m = &d->surface[id];

	/* Side by side: which of two lies above is not defined. */
	m->mapped = true;
	m->x = id % 2 * SIDE;
	m->y = id / 2 * ROWS;
	assert_int_equal(sp_gfx_server_map(d->s, id, m->x, m->y), SP_OK);
}

static void show(struct duo *d)
{
	for (size_t i = 0; i < SURFACES; i++) {
		const struct model_surface *m = &d->surface[i];

		for (uint32_t y = 0; m->there && m->mapped && y < m->h; y++) {
			memcpy(d->out + (m->y + y) * OUT_W + m->x, m->px + y * m->w,
					4 * (size_t)m->w);
		}
	}
}

static void command(struct duo *d)
{
	uint16_t id = (uint16_t)any(d, SURFACES);

	if (!d->surface[id].there) {
		do_create(d, id);
		do_map(d, id);
		return;
	}
	switch (any(d, 8)) {
	case 0:
		do_fill(d, id);
		break;
	case 1:
		do_copy(d, id);
		break;
	case 2:
		do_store(d, id);
		break;
	case 3:
		do_paste(d, id);
		break;
	case 4:
		do_clear(d, id);
		break;
	case 5:
		do_rfx(d, id);
		break;
	case 6:
		do_progressive(d, id);
		break;
	default:
		do_bits(d, id);
		break;
	}
}

/* Another client takes over with what this one knows. */
static void change_client(struct duo *d)
{
	struct sp_gfx_client *fresh = sp_gfx_client_create(&d->cc);
	struct sp_rect changed;
	struct sp_wr w;

	sp_wr_init(&w, 64u << 20);
	assert_int_equal(sp_gfx_client_save(d->c, &w), SP_OK);
	assert_int_equal(sp_gfx_client_load(fresh, sp_span(w.p, w.n)), SP_OK);
	assert_null(sp_gfx_client_out(fresh));
	sp_gfx_client_repaint(fresh);
	sp_wr_finish(&w);
	sp_gfx_client_destroy(d->c);
	d->c = fresh;
	/* What surfaces that are gone have left in the output is not part of the state. */
	memset(d->fb, 0, sizeof(d->fb));
	for (size_t i = 0; i < OUT_W * OUT_H; i++) {
		d->out[i] = 0xff000000u;
	}
	assert_int_equal(sp_gfx_client_paint(d->c, (uint8_t *)d->fb, OUT_W * 4, OUT_W, OUT_H,
					 d->now, &changed),
			SP_OK);
	show(d);
	assert_memory_equal(d->fb, d->out, sizeof(d->out));
}

static void check(struct duo *d)
{
	struct sp_rect changed;
	static uint32_t before[OUT_W * OUT_H];

	memcpy(before, d->fb, sizeof(before));
	assert_int_equal(sp_gfx_client_paint(d->c, (uint8_t *)d->fb, OUT_W * 4, OUT_W, OUT_H,
					 d->now, &changed),
			SP_OK);
	for (size_t i = 0; i < OUT_W * OUT_H; i++) {
		int32_t x = (int32_t)(i % OUT_W), y = (int32_t)(i / OUT_W);
		struct sp_rect here = {x, y, 1, 1};

		if (d->fb[i] != before[i]) {
			assert_true(sp_rect_contains(changed, here));
		}
	}
}

static void frame(struct duo *d)
{
	uint32_t n = 1 + any(d, 12);

	assert_int_equal(sp_gfx_server_start(d->s, 0, NULL), SP_OK);
	for (; n > 0; n--) {
		command(d);
	}
	if (any(d, 20) == 0) {
		uint16_t id = (uint16_t)any(d, SURFACES);

		if (d->surface[id].there) {
			d->surface[id].there = false;
			assert_int_equal(sp_gfx_server_delete_surface(d->s, id), SP_OK);
		}
	}
	assert_int_equal(sp_gfx_server_end(d->s, d->now), SP_OK);
	carry(d);
	check(d);
	carry(d);
	show(d);
	assert_memory_equal(d->fb, d->out, sizeof(d->out));
}

static void test_random(void **state)
{
	struct sp_gfx_client_conf cc = {.max_version = 0};
	struct sp_gfx_server_stats st;
	struct sp_gfx_client_stats ct;
	static struct duo d;
	uint64_t messages = 0;

	setup(&d, &cc);
	for (unsigned i = 0; i < 400; i++) {
		frame(&d);
		if (i % 50 == 17) {
			sp_gfx_client_stats(d.c, &ct);
			messages += ct.bytes;
			change_client(&d);
		}
	}
	sp_gfx_server_stats(d.s, &st);
	sp_gfx_client_stats(d.c, &ct);
	assert_int_equal(d.acks, 400);
	assert_int_equal(d.qoes, 400);
	assert_int_equal(st.in_flight, 0);
	assert_int_equal(st.decoded, 400);
	assert_true(st.sent == messages + ct.bytes);
	assert_true(ct.pixels[SP_GFX_PLANAR] > 0 && ct.pixels[SP_GFX_RAW] > 0 &&
			ct.pixels[SP_GFX_RFX] > 0 && ct.pixels[SP_GFX_CLEAR] > 0 &&
			ct.pixels[SP_GFX_PROGRESSIVE] > 0);
	teardown(&d);
}

/* A server is told not to wait: it counts no frames as being on their way. */
static void test_no_acks(void **state)
{
	struct sp_gfx_client_conf cc = {.no_acks = true, .max_version = SP_GFX_V81};
	struct sp_gfx_server_stats st;
	static struct duo d;

	setup(&d, &cc);
	for (unsigned i = 0; i < 5; i++) {
		frame(&d);
	}
	sp_gfx_server_stats(d.s, &st);
	assert_int_equal(d.acks, 0);
	assert_int_equal(d.suspended, 1);
	/* QoE is of 10.0 and later. */
	assert_int_equal(d.qoes, 0);
	assert_int_equal(st.in_flight, 0);
	assert_true(st.suspended);
	teardown(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_random),
			cmocka_unit_test(test_no_acks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
