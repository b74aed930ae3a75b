/* tests/core/chan/test_gfx_client.c - what the client's machine shows, answers and refuses. */
#include "gfx_rig.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

/* A client with an output and a surface of all of it. */
static void usual(struct rig *g)
{
	struct sp_gfx_client_conf conf = {.max_version = 0};

	open_as(g, &conf, SP_GFX_V107, SP_GFX_AVC_DISABLED);
	reset(g, W, H);
	create(g, 1, W, H);
	map(g, 1, 0, 0);
	assert_int_equal(send(g), SP_OK);
}

static void test_advertise(void **state)
{
	static const struct {
		struct sp_gfx_client_conf conf;
		size_t n;
		struct sp_gfx_caps first, last;
	} rows[] = {
			{{.max_version = 0}, 10, {SP_GFX_V8, 0}, {SP_GFX_V107, 0xa0}},
			{{.small_cache = true}, 10, {SP_GFX_V8, 2}, {SP_GFX_V107, 0xa2}},
			{{.max_version = SP_GFX_V81, .thin_client = true}, 2, {SP_GFX_V8, 1},
					{SP_GFX_V81, 1}},
			{{.max_version = SP_GFX_V104}, 6, {SP_GFX_V8, 0}, {SP_GFX_V104, 0x20}},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_gfx_client *c = sp_gfx_client_create(&rows[i].conf);
		struct sp_rcbuf *b = sp_gfx_client_out(c);
		struct sp_gfx_advertise a;
		struct sp_rd r, body;
		uint16_t cmd;

		sp_rd_init(&r, b->p, b->n);
		assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_OK);
		assert_int_equal(cmd, SP_GFX_ADVERTISE);
		assert_int_equal(sp_gfx_advertise_read(&body, &a), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(a.n, rows[i].n);
		assert_int_equal(a.set[0].version, rows[i].first.version);
		assert_int_equal(a.set[0].flags, rows[i].first.flags);
		assert_int_equal(a.set[a.n - 1].version, rows[i].last.version);
		assert_int_equal(a.set[a.n - 1].flags, rows[i].last.flags);
		assert_null(sp_gfx_client_out(c));
		sp_rcbuf_unref(b);
		sp_gfx_client_destroy(c);
	}
}

/* Frames are shown when they end, and told of then. */
static void test_frame(void **state)
{
	struct sp_gfx_client_event ev;
	static struct rig g;
	struct sp_rcbuf *b;
	uint32_t w, h;

	usual(&g);
	assert_true(sp_gfx_client_next(g.c, &ev));
	assert_int_equal(ev.kind, SP_GFX_CLIENT_CONFIRMED);
	assert_int_equal(ev.caps.version, SP_GFX_V107);
	assert_true(sp_gfx_client_next(g.c, &ev));
	assert_int_equal(ev.kind, SP_GFX_CLIENT_RESET);
	assert_int_equal(ev.reset.w, W);
	assert_false(sp_gfx_client_next(g.c, &ev));
	sp_gfx_client_size(g.c, &w, &h);
	assert_int_equal(w, W);
	assert_int_equal(h, H);
	paint(&g);
	assert_int_equal(g.changed.w, W);
	assert_int_equal(g.fb[H - 1][W - 1], 0xff000000u);
	frame(&g, true, 7);
	fill(&g, 1, 0x123456, (struct sp_rect){10, 20, 30, 5});
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	assert_true(sp_rect_empty(g.changed));
	assert_null(sp_gfx_client_out(g.c));
	frame(&g, false, 7);
	assert_int_equal(send(&g), SP_OK);
	assert_true(sp_gfx_client_next(g.c, &ev));
	assert_int_equal(ev.kind, SP_GFX_CLIENT_FRAME);
	assert_int_equal(ev.frame, 7);
	b = sp_gfx_client_out(g.c);
	unit_assert_span(sp_span(b->p, b->n),
			unit_hex("0d00 0000 14000000 00000000 07000000 01000000"));
	sp_rcbuf_unref(b);
	assert_null(sp_gfx_client_out(g.c));
	g.now += 5000;
	paint(&g);
	assert_int_equal(g.changed.x, 10);
	assert_int_equal(g.changed.y, 20);
	assert_int_equal(g.changed.w, 30);
	assert_int_equal(g.changed.h, 5);
	assert_int_equal(g.fb[20][10], 0xff123456u);
	assert_int_equal(g.fb[24][39], 0xff123456u);
	assert_int_equal(g.fb[25][39], 0xff000000u);
	/* Begun at 1003 ms, ended a message later, shown 5 ms after. */
	b = sp_gfx_client_out(g.c);
	unit_assert_span(sp_span(b->p, b->n),
			unit_hex("1600 0000 14000000 07000000 eb030000 0100 0500"));
	sp_rcbuf_unref(b);
	close_it(&g);
}

/* Neither a start too many nor an end too many is worth the session. */
static void test_unbalanced(void **state)
{
	static struct rig g;
	struct sp_rcbuf *b;
	size_t n = 0;

	usual(&g);
	frame(&g, false, 3);
	frame(&g, true, 4);
	frame(&g, true, 5);
	fill(&g, 1, 0x111111, (struct sp_rect){0, 0, W, H});
	frame(&g, false, 4);
	frame(&g, false, 5);
	fill(&g, 1, 0x222222, (struct sp_rect){0, 0, 1, 1});
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	assert_int_equal(g.fb[0][0], 0xff222222u);
	assert_int_equal(g.fb[0][1], 0xff111111u);
	while ((b = sp_gfx_client_out(g.c))) {
		sp_rcbuf_unref(b);
		n++;
	}
	assert_int_equal(n, 3 + 3);
	close_it(&g);
}

static void test_mapping(void **state)
{
	static struct rig g;
	struct sp_gfx_map scaled = {.surface = 2, .x = 50, .y = 40, .w = 8, .h = 6};

	usual(&g);
	create(&g, 2, 4, 3);
	fill(&g, 2, 0x445566, (struct sp_rect){0, 0, 2, 3});
	sp_gfx_map_scaled_write(&g.w, &scaled);
	/* Partly outside, and wholly. */
	create(&g, 3, 10, 10);
	fill(&g, 3, 0x778899, (struct sp_rect){0, 0, 10, 10});
	map(&g, 3, W - 4, H - 4);
	create(&g, 4, 10, 10);
	map(&g, 4, 30000, 30000);
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	assert_int_equal(g.fb[40][50], 0xff445566u);
	assert_int_equal(g.fb[45][53], 0xff445566u);
	assert_int_equal(g.fb[45][54], 0xff000000u);
	assert_int_equal(g.fb[H - 1][W - 1], 0xff778899u);
	/* Elsewhere: what was there before stays until it is painted over. */
	map(&g, 3, 0, 0);
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	assert_int_equal(g.fb[0][0], 0xff778899u);
	assert_int_equal(g.fb[H - 1][W - 1], 0xff778899u);
	/* A smaller frame buffer than the output: nothing beyond it. */
	reset(&g, 32766, 32766);
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	assert_int_equal(g.changed.w, W);
	assert_int_equal(g.changed.h, H);
	assert_int_equal(g.fb[H - 1][W - 1], 0xff000000u);
	map(&g, 3, 32767, 0);
	assert_int_equal(send(&g), SP_EFIELD);
	close_it(&g);
}

/* Many surfaces of a pixel, each as large as the output: not more than a server has a use for. */
static void test_scaled_bomb(void **state)
{
	enum {
		SIDE = 4096,
		FEW = (128 << 20) / (SIDE * SIDE)
	};
	struct sp_gfx_client_conf conf = {.max_version = 0};
	uint8_t *fb = malloc((size_t)SIDE * SIDE * 4);
	struct sp_rect changed;
	static struct rig g;

	assert_non_null(fb);
	open_as(&g, &conf, SP_GFX_V105, 0);
	reset(&g, SIDE, SIDE);
	for (uint16_t i = 0; i <= FEW; i++) {
		create(&g, i, 1, 1);
		sp_gfx_map_scaled_write(
				&g.w, &(struct sp_gfx_map){.surface = i, .w = 32766, .h = 32766});
	}
	assert_int_equal(send(&g), SP_OK);
	assert_int_equal(sp_gfx_client_paint(g.c, fb, (size_t)SIDE * 4, SIDE, SIDE, T0, &changed),
			SP_ELIMIT);
	free(fb);
	close_it(&g);
}

/* The alpha of a surface that has it is kept, and never shown. */
static void test_alpha(void **state)
{
	static struct rig g;
	struct sp_rect r = {0, 0, 2, 2};
	struct sp_gfx_bits bits = {
			.surface = 1, .codec = SP_GFX_RAW, .format = SP_GFX_ARGB, .to = r};
	static const uint8_t px[16] = {1, 2, 3, 4, 5, 6, 7, 8};

	usual(&g);
	sp_gfx_create_write(&g.w, &(struct sp_gfx_create){2, 4, 4, SP_GFX_ARGB});
	map(&g, 2, 10, 10);
	fill(&g, 2, 0x80112233, r);
	size_t mark = sp_gfx_bits_begin(&g.w, &bits);
	sp_wr_put(&g.w, px, sizeof(px));
	sp_gfx_bits_end(&g.w, mark);
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	assert_int_equal(g.fb[10][10], 0xff112233u);
	assert_int_equal(g.fb[0][0], 0xff030201u);
	assert_int_equal(g.fb[0][1], 0xff070605u);
	close_it(&g);
}

/* One thing each that no server may say; what was there before is not touched by it. */
static void refuse(void (*say)(struct rig *g), int err)
{
	static struct rig g;

	usual(&g);
	say(&g);
	assert_int_equal(send(&g), err);
	paint(&g);
	close_it(&g);
}

static void say_twice(struct rig *g)
{
	create(g, 1, 5, 5);
}

static void say_huge(struct rig *g)
{
	create(g, 2, 8193, 8);
}

static void say_empty(struct rig *g)
{
	create(g, 2, 0, 8);
}

static void say_much(struct rig *g)
{
	create(g, 2, 8192, 8192); /* 256 MB, and there is one already */
}

static void say_many(struct rig *g)
{
	for (uint16_t i = 2; i < 300; i++) {
		create(g, i, 1, 1);
	}
}

static void say_fill_unknown(struct rig *g)
{
	fill(g, 9, 0, (struct sp_rect){0, 0, 1, 1});
}

static void say_fill_outside(struct rig *g)
{
	fill(g, 1, 0, (struct sp_rect){W - 1, 0, 2, 1});
}

static void say_map_unknown(struct rig *g)
{
	map(g, 9, 0, 0);
}

static void say_store_zero(struct rig *g)
{
	sp_gfx_store_write(&g->w, &(struct sp_gfx_store){1, 0, 1, {0, 0, 4, 4}});
}

static void say_store_over(struct rig *g)
{
	sp_gfx_store_write(
			&g->w, &(struct sp_gfx_store){1, SP_GFX_CACHE_SLOTS + 1, 1, {0, 0, 4, 4}});
}

static void say_store_outside(struct rig *g)
{
	sp_gfx_store_write(&g->w, &(struct sp_gfx_store){1, 1, 1, {0, H, 4, 4}});
}

static void say_paste_empty(struct rig *g)
{
	struct sp_gfx_point p = {0, 0};

	sp_gfx_paste_write(&g->w, &(struct sp_gfx_paste){.slot = 7, .surface = 1}, &p, 1);
}

static void say_paste_outside(struct rig *g)
{
	struct sp_gfx_point p[] = {{0, 0}, {-1, 0}};

	sp_gfx_store_write(&g->w, &(struct sp_gfx_store){1, 7, 1, {0, 0, 4, 4}});
	sp_gfx_paste_write(&g->w, &(struct sp_gfx_paste){.slot = 7, .surface = 1}, p, 2);
}

static void say_copy_outside(struct rig *g)
{
	struct sp_gfx_point p = {W - 3, 0};

	sp_gfx_copy_write(&g->w, &(struct sp_gfx_copy){.from = 1, .to = 1, .rect = {0, 0, 4, 4}},
			&p, 1);
}

static void say_copy_from_outside(struct rig *g)
{
	struct sp_gfx_point p = {0, 0};

	sp_gfx_copy_write(&g->w,
			&(struct sp_gfx_copy){.from = 1, .to = 1, .rect = {65535, 0, 0, 4}}, &p, 1);
}

static void bits(struct rig *g, uint16_t codec, struct sp_rect to, size_t n)
{
	struct sp_gfx_bits b = {.surface = 1, .codec = codec, .format = SP_GFX_XRGB, .to = to};
	size_t mark = sp_gfx_bits_begin(&g->w, &b);

	sp_wr_zero(&g->w, n);
	sp_gfx_bits_end(&g->w, mark);
}

static void say_raw_short(struct rig *g)
{
	bits(g, SP_GFX_RAW, (struct sp_rect){0, 0, 4, 4}, 63);
}

static void say_raw_outside(struct rig *g)
{
	bits(g, SP_GFX_RAW, (struct sp_rect){65535, 65535, 0, 0}, 0);
}

static void say_avc(struct rig *g)
{
	bits(g, SP_GFX_AVC420, (struct sp_rect){0, 0, W, H}, 100);
}

static void say_unknown_codec(struct rig *g)
{
	bits(g, 0x77, (struct sp_rect){0, 0, W, H}, 100);
}

static void say_progressive_as_bits(struct rig *g)
{
	bits(g, SP_GFX_PROGRESSIVE, (struct sp_rect){0, 0, W, H}, 100);
}

static void say_confirm_again(struct rig *g)
{
	sp_gfx_confirm_write(&g->w, &(struct sp_gfx_caps){SP_GFX_V107, 0});
}

static void say_imported(struct rig *g)
{
	uint16_t slot = 1;

	sp_gfx_reply_write(&g->w, &slot, 1);
}

static void say_much_work(struct rig *g)
{
	struct sp_rect all[1000];

	create(g, 2, 4096, 4096);
	for (size_t i = 0; i < SP_LEN(all); i++) {
		all[i] = (struct sp_rect){0, 0, 4096, 4096};
	}
	sp_gfx_fill_write(&g->w, &(struct sp_gfx_fill){.surface = 2}, all, SP_LEN(all));
}

/* Nearly nothing on the wire. */
static void say_bomb(struct rig *g)
{
	for (int i = 0; i < 20; i++) {
		bits(g, SP_GFX_RAW, (struct sp_rect){0, 0, W, H}, 1u << 20);
	}
}

static void test_refused(void **state)
{
	refuse(say_twice, SP_ESTATE);
	refuse(say_huge, SP_ELIMIT);
	refuse(say_empty, SP_EFIELD);
	refuse(say_much, SP_ELIMIT);
	refuse(say_many, SP_ELIMIT);
	refuse(say_fill_unknown, SP_ESTATE);
	refuse(say_fill_outside, SP_EFIELD);
	refuse(say_map_unknown, SP_ESTATE);
	refuse(say_store_zero, SP_EFIELD);
	refuse(say_store_over, SP_EFIELD);
	refuse(say_store_outside, SP_EFIELD);
	refuse(say_paste_empty, SP_EFIELD);
	refuse(say_paste_outside, SP_EFIELD);
	refuse(say_copy_outside, SP_EFIELD);
	refuse(say_copy_from_outside, SP_EFIELD);
	refuse(say_raw_short, SP_ESHORT);
	refuse(say_raw_outside, SP_EFIELD);
	refuse(say_avc, SP_EPROTO);
	refuse(say_unknown_codec, SP_EPROTO);
	refuse(say_progressive_as_bits, SP_EPROTO);
	refuse(say_confirm_again, SP_ESTATE);
	refuse(say_imported, SP_ESTATE);
	refuse(say_much_work, SP_ELIMIT);
	refuse(say_bomb, SP_ELIMIT);
}

/* Every rectangle made of these edges, in each command that has one: within the surface, or refused. */
static void test_edges(void **state)
{
	static const uint16_t edges[] = {0, 1, 63, 64, 65, 0x7fff, 0x8000, 0xffff};
	static const uint8_t kinds[] = {SP_GFX_FILL, SP_GFX_STORE, SP_GFX_BITS};
	static struct rig g;
	size_t n = SP_LEN(edges);
	bool is_open = false;

	for (size_t i = 0; i < n * n * n * n; i++) {
		uint16_t v[4] = {edges[i % n], edges[i / n % n], edges[i / n / n % n],
				edges[i / n / n / n]};
		uint8_t kind = kinds[i % SP_LEN(kinds)];
		bool empty = v[0] == v[2] || v[1] == v[3];
		bool good = v[0] <= v[2] && v[1] <= v[3] && v[2] <= 64 && v[3] <= 64 &&
				!(kind == SP_GFX_STORE && empty);

		if (!is_open) {
			usual(&g);
			create(&g, 2, 64, 64);
			is_open = true;
		}
		size_t mark = sp_gfx_begin(&g.w, kind);
		sp_wr_le16(&g.w, 2);
		if (kind == SP_GFX_FILL) {
			sp_wr_le32(&g.w, 0);
			sp_wr_le16(&g.w, 1);
		} else if (kind == SP_GFX_STORE) {
			sp_wr_le64(&g.w, 0);
			sp_wr_le16(&g.w, 1);
		} else {
			sp_wr_le16(&g.w, SP_GFX_RAW);
			sp_wr_u8(&g.w, SP_GFX_XRGB);
		}
		for (size_t k = 0; k < 4; k++) {
			sp_wr_le16(&g.w, v[k]);
		}
		if (kind == SP_GFX_BITS) {
			sp_wr_le32(&g.w, 64 * 64 * 4);
			sp_wr_zero(&g.w, 64 * 64 * 4);
		}
		sp_gfx_end(&g.w, mark);
		assert_int_equal(send(&g), good ? SP_OK : SP_EFIELD);
		if (!good) {
			close_it(&g);
			is_open = false;
		}
	}
	if (is_open) {
		close_it(&g);
	}
}

/* What is gone already may go again. */
static void test_forgiven(void **state)
{
	static struct rig g;

	usual(&g);
	sp_gfx_u16_write(&g.w, SP_GFX_DELETE, 77);
	sp_gfx_u16_write(&g.w, SP_GFX_EVICT, 0);
	sp_gfx_u16_write(&g.w, SP_GFX_EVICT, 65535);
	sp_gfx_forget_write(&g.w, &(struct sp_gfx_forget){9, 9});
	sp_gfx_reply_write(&g.w, NULL, 0);
	sp_gfx_end(&g.w, sp_gfx_begin(&g.w, 0x99));
	sp_gfx_u16_write(&g.w, SP_GFX_DELETE, 1);
	assert_int_equal(send(&g), SP_OK);
	paint(&g);
	close_it(&g);
}

static void test_order(void **state)
{
	struct sp_gfx_client_conf conf = {.max_version = SP_GFX_V81};
	static struct rig g;

	memset(&g, 0, sizeof(g));
	g.c = sp_gfx_client_create(&conf);
	g.zgfx = sp_zgfx_enc_create(SP_ZGFX_FULL);
	sp_wr_init(&g.w, 1u << 20);
	reset(&g, W, H);
	assert_int_equal(send(&g), SP_ESTATE);
	close_it(&g);
	memset(&g, 0, sizeof(g));
	g.c = sp_gfx_client_create(&conf);
	g.zgfx = sp_zgfx_enc_create(SP_ZGFX_FULL);
	sp_wr_init(&g.w, 1u << 20);
	/* A version that was not said. */
	sp_gfx_confirm_write(&g.w, &(struct sp_gfx_caps){SP_GFX_V10, 0});
	assert_int_equal(send(&g), SP_EPROTO);
	close_it(&g);
	conf.thin_client = true;
	open_as(&g, &conf, SP_GFX_V81, SP_GFX_THINCLIENT);
	create(&g, 1, 64, 64);
	struct sp_gfx_bits b = {.surface = 1, .codec = SP_GFX_PROGRESSIVE};
	sp_gfx_bits2_end(&g.w, sp_gfx_bits2_begin(&g.w, &b));
	assert_int_equal(send(&g), SP_EPROTO);
	close_it(&g);
}

/* 16 MB, and not a pixel more; what is replaced does not count. */
static void test_small_cache(void **state)
{
	struct sp_gfx_client_conf conf = {.small_cache = true};
	struct sp_gfx_store store = {1, 1, 1, {0, 0, 2048, 1024}};
	struct sp_gfx_client_stats st;
	static struct rig g;

	open_as(&g, &conf, SP_GFX_V8, SP_GFX_SMALL_CACHE);
	create(&g, 1, 2048, 1024);
	sp_gfx_store_write(&g.w, &store);
	sp_gfx_store_write(&g.w, &store);
	store.slot = 4096;
	sp_gfx_store_write(&g.w, &store);
	assert_int_equal(send(&g), SP_OK);
	sp_gfx_client_stats(g.c, &st);
	assert_int_equal(st.cached, 2);
	assert_int_equal(st.memory, 3 * 2048 * 1024 * 4);
	store.slot = 2;
	store.rect = (struct sp_rect){0, 0, 1, 1};
	sp_gfx_store_write(&g.w, &store);
	assert_int_equal(send(&g), SP_ELIMIT);
	close_it(&g);
	open_as(&g, &conf, SP_GFX_V8, SP_GFX_SMALL_CACHE);
	create(&g, 1, 64, 64);
	store.slot = 4097;
	sp_gfx_store_write(&g.w, &store);
	assert_int_equal(send(&g), SP_EFIELD);
	close_it(&g);
}

static void cut_state(struct sp_span in, void *arg)
{
	assert_int_not_equal(sp_gfx_client_load(arg, in), SP_OK);
}

static void test_state(void **state)
{
	struct sp_gfx_client_conf conf = {.memory = 1u << 20};
	struct sp_gfx_client *c = sp_gfx_client_create(&conf);
	static struct rig g;
	struct sp_wr w;

	usual(&g);
	create(&g, 2, 3, 2);
	sp_gfx_store_write(&g.w, &(struct sp_gfx_store){1, 1, 1, {0, 0, 2, 2}});
	sp_gfx_u16_write(&g.w, SP_GFX_DELETE, 1);
	assert_int_equal(send(&g), SP_OK);
	sp_wr_init(&w, 1u << 20);
	assert_int_equal(sp_gfx_client_save(g.c, &w), SP_OK);
	unit_truncate(sp_span(w.p, w.n), cut_state, c);
	assert_int_equal(sp_gfx_client_load(c, sp_span(w.p, w.n)), SP_OK);
	/* Any byte may be another: never more than the memory that there is. */
	for (size_t i = 0; i < w.n; i++) {
		struct sp_gfx_client_stats st;

		w.p[i] ^= 0xff;
		assert_true(sp_gfx_client_load(c, sp_span(w.p, w.n)) <= SP_OK);
		w.p[i] ^= 0xff;
		sp_gfx_client_stats(c, &st);
		assert_true(st.memory <= conf.memory);
	}
	sp_wr_finish(&w);
	sp_gfx_client_destroy(c);
	close_it(&g);
}

static int session(void)
{
	struct sp_gfx_client_conf conf = {.max_version = 0};
	struct sp_gfx_client *c = sp_gfx_client_create(&conf);
	static uint32_t fb[H][W];
	struct sp_rect changed;
	uint8_t buf[1024] = {0xe0, 0x04};
	struct sp_wr w;
	struct sp_rd r;

	if (!c) {
		return SP_ENOMEM;
	}
	sp_wr_fixed(&w, buf + 2, sizeof(buf) - 2);
	sp_gfx_confirm_write(&w, &(struct sp_gfx_caps){SP_GFX_V107, 0});
	sp_gfx_reset_write(&w, &(struct sp_gfx_reset){.w = W, .h = H});
	sp_gfx_create_write(&w, &(struct sp_gfx_create){1, W, H, SP_GFX_XRGB});
	sp_gfx_map_write(&w, &(struct sp_gfx_map){.surface = 1});
	sp_gfx_start_write(&w, &(struct sp_gfx_start){0, 1});
	sp_gfx_store_write(&w, &(struct sp_gfx_store){1, 1000, 1, {0, 0, 4, 4}});
	sp_gfx_u32_write(&w, SP_GFX_END, 1);
	sp_rd_init(&r, buf, 2 + w.n);
	int rc = sp_gfx_client_feed(c, sp_span(buf, 2 + w.n), T0);
	if (rc == SP_OK) {
		rc = sp_gfx_client_paint(c, (uint8_t *)fb, W * 4, W, H, T0, &changed);
	}
	sp_gfx_client_destroy(c);
	return rc;
}

static void test_memory(void **state)
{
	long n = 0;
	int rc;

	do {
		sp_mem_fail_after(n++);
		rc = session();
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
	} while (rc != SP_OK);
	assert_true(n > 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_advertise),
			cmocka_unit_test(test_frame),
			cmocka_unit_test(test_unbalanced),
			cmocka_unit_test(test_mapping),
			cmocka_unit_test(test_scaled_bomb),
			cmocka_unit_test(test_alpha),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_edges),
			cmocka_unit_test(test_forgiven),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_small_cache),
			cmocka_unit_test(test_state),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
