/* tests/core/chan/flow_gfx_save.c - a client's state out and in at any message: the rest is the same. */
#include "gfx_rig.h"

#include <stdlib.h>

#include "core/codec/alpha.h"
#include "core/codec/avc.h"
#include "core/codec/clear.h"
#include "core/codec/planar.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"
#include "host/lib/h264.h"

#define SIDE 48 /* of a surface */
#define AREA (SIDE * SIDE)
#define STRIDE (4 * (size_t)SIDE)
#define STATE_MAX (64u << 20)
#define HISTORY (1u << 20)

/* Surfaces: one for what is no film, one for each kind of film, one that has alpha. */
enum {
	PLAIN = 1,
	AVC420,
	AVC444,
	AVC444V2,
	ALPHA
};

static const enum sp_gfx_codec films[] = {
		[AVC420] = SP_GFX_AVC420, [AVC444] = SP_GFX_AVC444, [AVC444V2] = SP_GFX_AVC444V2};

struct duo {
	struct rig g; /* its client runs straight through */
	struct sp_gfx_client *hop; /* is another one after each message */
	struct sp_gfx_client_conf conf;
	uint32_t fb[H][W]; /* the hopping one's */
	uint32_t px[AREA]; /* what is encoded */
	struct sp_avc_enc *film[AVC444V2 + 1];
	struct sp_clear_enc *clear;
	struct sp_prog_enc *prog;
	struct sp_rfx_work work;
	struct sp_wr a, b; /* states */
	uint32_t seed;
};

static uint32_t any(struct duo *d, uint32_t n)
{
	d->seed = d->seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)(d->seed >> 4) * n) >> 28);
}

static const struct sp_h264_impl *library(void)
{
	return sp_h264_there() ? &sp_h264_openh264 : NULL;
}

/* ---- both clients ---- */

static void swap_hop(struct duo *d)
{
	struct sp_gfx_client *fresh = sp_gfx_client_create(&d->conf);

	assert_non_null(fresh);
	assert_int_equal(sp_gfx_client_load(fresh, sp_span(d->b.p, d->b.n)), SP_OK);
	assert_null(sp_gfx_client_out(fresh));
	sp_gfx_client_destroy(d->hop);
	d->hop = fresh;
}

static void compare_states(struct duo *d)
{
	sp_wr_reset(&d->a);
	sp_wr_reset(&d->b);
	assert_int_equal(sp_gfx_client_save(d->g.c, &d->a), SP_OK);
	assert_int_equal(sp_gfx_client_save(d->hop, &d->b), SP_OK);
	assert_int_equal(d->a.n, d->b.n);
	assert_memory_equal(d->a.p, d->b.p, d->a.n);
}

/* The same acknowledgements; how long showing took is told by the one that was there. */
static void compare_answers(struct duo *d)
{
	struct sp_rcbuf *a, *b;

	while ((a = sp_gfx_client_out(d->g.c))) {
		b = sp_gfx_client_out(d->hop);
		assert_non_null(b);
		unit_assert_span(sp_span(a->p, a->n), sp_span(b->p, b->n));
		sp_rcbuf_unref(a);
		sp_rcbuf_unref(b);
	}
	assert_null(sp_gfx_client_out(d->hop));
}

static void message(struct duo *d)
{
	struct sp_rect changed;
	struct sp_wr packed;

	sp_wr_init(&packed, 1u << 22);
	assert_int_equal(sp_wr_ok(&d->g.w), SP_OK);
	assert_int_equal(sp_zgfx_encode(d->g.zgfx, sp_span(d->g.w.p, d->g.w.n), &packed), SP_OK);
	d->g.now += 1000;
	assert_int_equal(sp_gfx_client_feed(d->g.c, sp_span(packed.p, packed.n), d->g.now), SP_OK);
	assert_int_equal(sp_gfx_client_feed(d->hop, sp_span(packed.p, packed.n), d->g.now), SP_OK);
	sp_wr_finish(&packed);
	sp_wr_reset(&d->g.w);
	compare_states(d);
	compare_answers(d);
	swap_hop(d);
	paint(&d->g);
	assert_int_equal(sp_gfx_client_paint(
					 d->hop, (uint8_t *)d->fb, W * 4, W, H, d->g.now, &changed),
			SP_OK);
	assert_memory_equal(&changed, &d->g.changed, sizeof(changed));
	assert_memory_equal(d->fb, d->g.fb, sizeof(d->fb));
	struct sp_rcbuf *b;
	while ((b = sp_gfx_client_out(d->g.c))) {
		sp_rcbuf_unref(b);
	}
}

static void make_film(struct duo *d, int surface)
{
	struct sp_avc_enc_conf conf = {.impl = library(),
			.cpu = sp_cpu_best(),
			.mode = (enum sp_avc_mode)films[surface],
			.h264 = {.w = SIDE, .h = SIDE, .qp = 26, .fps = 30, .camera = true}};

	sp_avc_enc_destroy(d->film[surface]);
	assert_int_equal(sp_avc_enc_create(&conf, &d->film[surface]), SP_OK);
}

static void surfaces(struct duo *d)
{
	for (uint16_t i = PLAIN; i <= ALPHA; i++) {
		sp_gfx_create_write(&d->g.w,
				&(struct sp_gfx_create){i, SIDE, SIDE,
						i == ALPHA ? SP_GFX_ARGB : SP_GFX_XRGB});
		/* Over each other, so that their order counts. */
		map(&d->g, i, (i - 1) % 3 * 30, (i - 1) / 3 * 25);
		if (AVC420 <= i && i <= AVC444V2 && library()) {
			make_film(d, i);
		}
	}
	sp_prog_enc_destroy(d->prog);
	d->prog = sp_prog_enc_create(SIDE, SIDE, true);
	assert_non_null(d->prog);
	message(d);
}

static void setup(struct duo *d, size_t history)
{
	memset(d, 0, sizeof(*d));
	d->seed = 11;
	d->conf = (struct sp_gfx_client_conf){.h264 = library(), .h264_history = history};
	open_as(&d->g, &d->conf, SP_GFX_V107, library() ? 0 : SP_GFX_AVC_DISABLED);
	d->hop = sp_gfx_client_create(&d->conf);
	d->clear = sp_clear_enc_create();
	assert_non_null(d->hop);
	assert_non_null(d->clear);
	sp_wr_init(&d->a, STATE_MAX);
	sp_wr_init(&d->b, STATE_MAX);
	assert_int_equal(sp_gfx_client_save(d->g.c, &d->b), SP_OK);
	swap_hop(d);
	for (size_t i = 0; i < AREA; i++) {
		d->px[i] = 0xff8090a0u;
	}
}

static void teardown(struct duo *d)
{
	for (int i = 0; i <= AVC444V2; i++) {
		sp_avc_enc_destroy(d->film[i]);
	}
	sp_prog_enc_destroy(d->prog);
	sp_clear_enc_destroy(d->clear);
	sp_wr_finish(&d->a);
	sp_wr_finish(&d->b);
	sp_gfx_client_destroy(d->hop);
	close_it(&d->g);
}

/* ---- what is sent ---- */

static struct sp_rect draw(struct duo *d)
{
	struct sp_rect r = {(int32_t)any(d, SIDE), (int32_t)any(d, SIDE), 0, 0};
	uint32_t ground = any(d, 1u << 24), kind = any(d, 3);

	r.w = 1 + (int32_t)any(d, SIDE - (uint32_t)r.x);
	r.h = 1 + (int32_t)any(d, SIDE - (uint32_t)r.y);
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t v = kind == 0 ? (uint32_t)(x * 5 + y * 3) * 0x10203u
					: kind == 1 && any(d, 5) == 0 ? any(d, 1u << 24)
								      : ground;

			d->px[y * SIDE + x] = v << 8 >> 8 | any(d, 256) << 24;
		}
	}
	return r;
}

static void send_bits(struct duo *d, enum sp_gfx_codec codec)
{
	struct sp_rect r = draw(d), all = {0, 0, r.w, r.h};
	struct sp_gfx_bits b = {.surface = codec == SP_GFX_ALPHA ? ALPHA : PLAIN,
			.codec = (uint16_t)codec,
			.format = SP_GFX_XRGB,
			.to = r};
	const uint8_t *px = (const uint8_t *)&d->px[r.y * SIDE + r.x];
	uint32_t w = (uint32_t)r.w, h = (uint32_t)r.h;
	struct sp_rfx_conf conf = {.rlgr = any(d, 2) ? SP_RLGR1 : SP_RLGR3,
			.image = true,
			.w = (uint16_t)w,
			.h = (uint16_t)h,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_USUAL}};
	size_t mark = sp_gfx_bits_begin(&d->g.w, &b);
	int rc = 1;

	if (codec == SP_GFX_PLANAR) {
		rc = sp_planar_encode_exact(px, (ptrdiff_t)STRIDE, w, h, &d->g.w);
	} else if (codec == SP_GFX_CLEAR) {
		rc = sp_clear_encode(d->clear, px, STRIDE, w, h, &d->g.w);
	} else if (codec == SP_GFX_ALPHA) {
		rc = sp_alpha_encode(px, STRIDE, w, h, &d->g.w);
	} else if (codec == SP_GFX_RFX) {
		struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);

		rc = sp_rfx_encode(e, px, STRIDE, &all, 1, &d->g.w);
		sp_rfx_enc_destroy(e);
	} else {
		for (uint32_t y = 0; y < h; y++) {
			sp_wr_put(&d->g.w, px + y * STRIDE, 4 * (size_t)w);
		}
	}
	assert_true(rc > 0);
	sp_gfx_bits_end(&d->g.w, mark);
}

static void send_progressive(struct duo *d)
{
	struct sp_gfx_bits b = {.surface = PLAIN, .codec = SP_GFX_PROGRESSIVE, .context = 1};
	struct sp_rect all = {0, 0, SIDE, SIDE};
	struct sp_prog_part part = {.tiles = 1};
	struct sp_wr tile;

	sp_wr_init(&tile, SP_PROG_TILE_BOUND);
	if (sp_prog_enc_left(d->prog, 0, 0) > 0 && any(d, 3)) {
		assert_true(sp_prog_enc_upgrade(d->prog, &d->work, 0, 0, &tile) > 0);
	} else {
		draw(d);
		assert_true(sp_prog_enc_tile(d->prog, &d->work, (const uint8_t *)d->px, STRIDE, 0,
					    0, SP_PROG_GOOD,
					    any(d, 3) ? SP_PROG_COARSE : SP_PROG_WHOLE, &tile) > 0);
	}
	part.bytes = sp_span(tile.p, tile.n);
	size_t mark = sp_gfx_bits2_begin(&d->g.w, &b);
	assert_false(sp_prog_enc_stream(d->prog, &all, 1, &part, 1, &d->g.w) < 0);
	sp_gfx_bits2_end(&d->g.w, mark);
	sp_wr_finish(&tile);
}

static void send_film(struct duo *d, int surface, bool idr, enum sp_avc_what what)
{
	struct sp_rect r = draw(d);
	struct sp_wr w;

	sp_wr_init(&w, 1u << 20);
	assert_true(sp_avc_encode(d->film[surface], (const uint8_t *)d->px, STRIDE, &r, 1, what,
				    idr, &w) > 0);
	struct sp_gfx_bits b = {.surface = (uint16_t)surface,
			.codec = (uint16_t)films[surface],
			.format = SP_GFX_XRGB,
			.to = sp_avc_enc_sent(d->film[surface])};
	size_t mark = sp_gfx_bits_begin(&d->g.w, &b);
	sp_wr_put(&d->g.w, w.p, w.n);
	sp_gfx_bits_end(&d->g.w, mark);
	sp_wr_finish(&w);
}

static void send_command(struct duo *d)
{
	struct sp_rect r = draw(d);
	struct sp_gfx_point to = {(int16_t)any(d, SIDE - (uint32_t)r.w + 1),
			(int16_t)any(d, SIDE - (uint32_t)r.h + 1)};
	uint16_t from = (uint16_t)(PLAIN + any(d, ALPHA)), slot = (uint16_t)(1 + any(d, 300));

	sp_gfx_store_write(&d->g.w, &(struct sp_gfx_store){from, slot, slot, r});
	switch (any(d, 4)) {
	case 0:
		fill(&d->g, from, any(d, 1u << 28), r);
		break;
	case 1:
		sp_gfx_copy_write(&d->g.w,
				&(struct sp_gfx_copy){.from = from, .to = PLAIN, .rect = r}, &to,
				1);
		break;
	case 2:
		sp_gfx_paste_write(&d->g.w, &(struct sp_gfx_paste){.slot = slot, .surface = PLAIN},
				&to, 1);
		break;
	default:
		sp_gfx_u16_write(&d->g.w, SP_GFX_EVICT, slot);
		break;
	}
}

static void send_something(struct duo *d)
{
	static const enum sp_gfx_codec codecs[] = {
			SP_GFX_RAW, SP_GFX_PLANAR, SP_GFX_CLEAR, SP_GFX_RFX, SP_GFX_ALPHA};
	uint32_t what = any(d, 12);

	if (what < SP_LEN(codecs)) {
		send_bits(d, codecs[what]);
	} else if (what < 7) {
		send_progressive(d);
	} else if (what < 10 && library()) {
		/* Luma alone as well: what it owes must not be lost. */
		send_film(d, (int)what - 7 + AVC420, any(d, 9) == 0,
				what == 7 || any(d, 2) ? SP_AVC_LUMA : SP_AVC_BOTH);
	} else {
		send_command(d);
	}
}

/* Every codec, the cache, and surfaces that come and go; a message may end within a frame. */
static void test_any_message(void **state)
{
	struct sp_gfx_client_stats st;
	static struct duo d;

	setup(&d, HISTORY);
	reset(&d.g, W, H);
	surfaces(&d);
	for (uint32_t i = 1; i < 260; i++) {
		if (i % 90 == 0) {
			for (uint16_t k = PLAIN; k <= ALPHA; k++) {
				sp_gfx_u16_write(&d.g.w, SP_GFX_DELETE, k);
			}
			message(&d);
			reset(&d.g, W - i / 10, H);
			sp_clear_enc_restart(d.clear);
			sp_clear_enc_reset(d.clear);
			surfaces(&d);
		}
		frame(&d.g, true, i);
		for (uint32_t n = 1 + any(&d, 3); n > 0; n--) {
			send_something(&d);
			if (any(&d, 3) == 0) {
				message(&d);
			}
		}
		frame(&d.g, false, i);
		message(&d);
		assert_true(sp_gfx_client_saves(d.g.c));
	}
	sp_gfx_client_stats(d.g.c, &st);
	for (size_t i = 0; i < SP_GFX_CODECS; i++) {
		bool film = i == SP_GFX_AVC420 || i == SP_GFX_AVC444 || i == SP_GFX_AVC444V2;
		bool known = i == SP_GFX_RAW || i == SP_GFX_PLANAR || i == SP_GFX_CLEAR ||
				i == SP_GFX_RFX || i == SP_GFX_ALPHA || i == SP_GFX_PROGRESSIVE;

		assert_int_equal(st.pixels[i] > 0, known || (film && library()));
	}
	teardown(&d);
}

/* ---- films without enough history ---- */

#define FRAMES 24
#define IDR_EACH 8

static int feed_one(struct sp_gfx_client *c, const struct sp_wr *tape)
{
	return sp_gfx_client_feed(c, sp_span(tape->p, tape->n), T0);
}

static void assert_same_picture(struct sp_gfx_client *a, struct sp_gfx_client *b)
{
	static uint32_t one[H][W], two[H][W];
	struct sp_rect changed;

	sp_gfx_client_repaint(a);
	sp_gfx_client_repaint(b);
	assert_int_equal(sp_gfx_client_paint(a, (uint8_t *)one, W * 4, W, H, T0, &changed), SP_OK);
	assert_int_equal(sp_gfx_client_paint(b, (uint8_t *)two, W * 4, W, H, T0, &changed), SP_OK);
	assert_memory_equal(one, two, sizeof(one));
}

/*
 * Saved at any frame. With the history it goes on with the next one; where that was too long the
 * client says so before, and goes on with the next IDR picture. Returns
 * a history that the first pictures fit into.
 */
static size_t film_restarts(int surface, size_t history)
{
	static struct duo d;
	struct sp_wr tape[FRAMES], state[FRAMES];
	bool saves[FRAMES];
	unsigned lost = 0;

	setup(&d, history);
	/* Each picture is a message of its own, without history of ZGFX between them. */
	reset(&d.g, W, H);
	create(&d.g, (uint16_t)surface, SIDE, SIDE);
	map(&d.g, (uint16_t)surface, 0, 0);
	make_film(&d, surface);
	assert_int_equal(send(&d.g), SP_OK);
	for (unsigned i = 0; i < FRAMES; i++) {
		sp_wr_init(&tape[i], 1u << 20);
		sp_wr_init(&state[i], STATE_MAX);
		frame(&d.g, true, i);
		send_film(&d, surface, i % IDR_EACH == 0,
				surface == AVC420 ? SP_AVC_LUMA : SP_AVC_BOTH);
		frame(&d.g, false, i);
		sp_wr_put(&tape[i], "\xe0\x04", 2);
		sp_wr_put(&tape[i], d.g.w.p, d.g.w.n);
		sp_wr_reset(&d.g.w);
		assert_int_equal(feed_one(d.g.c, &tape[i]), SP_OK);
		assert_int_equal(sp_gfx_client_save(d.g.c, &state[i]), SP_OK);
		saves[i] = sp_gfx_client_saves(d.g.c);
		lost += !saves[i];
	}
	assert_true(history == HISTORY ? lost == 0 : lost > 0 && lost < FRAMES);
	for (unsigned i = 0; i < FRAMES; i++) {
		struct sp_gfx_client *c = sp_gfx_client_create(&d.conf);
		unsigned next = i + 1;

		assert_non_null(c);
		assert_int_equal(sp_gfx_client_load(c, sp_span(state[i].p, state[i].n)), SP_OK);
		assert_int_equal(sp_gfx_client_saves(c), saves[i]);
		if (!saves[i] && next % IDR_EACH != 0) {
			struct sp_gfx_client *late = sp_gfx_client_create(&d.conf);

			assert_int_equal(sp_gfx_client_load(late, sp_span(state[i].p, state[i].n)),
					SP_OK);
			if (next < FRAMES) {
				assert_int_equal(feed_one(late, &tape[next]), SP_ESTATE);
			}
			sp_gfx_client_destroy(late);
			next += IDR_EACH - next % IDR_EACH;
		}
		for (; next < FRAMES; next++) {
			assert_int_equal(feed_one(c, &tape[next]), SP_OK);
		}
		if (saves[i] || i + IDR_EACH < FRAMES) {
			assert_same_picture(c, d.g.c);
		}
		sp_gfx_client_destroy(c);
	}
	size_t few = tape[0].n + tape[1].n + tape[2].n;
	for (unsigned i = 0; i < FRAMES; i++) {
		sp_wr_finish(&tape[i]);
		sp_wr_finish(&state[i]);
	}
	teardown(&d);
	return few;
}

static void test_film(void **state)
{
	if (!library()) {
		skip();
	}
	for (int surface = AVC420; surface <= AVC444V2; surface++) {
		film_restarts(surface, film_restarts(surface, HISTORY));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_any_message),
			cmocka_unit_test(test_film),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
