/* tests/core/view/test_emit.c - emit and paint joined: the picture comes out as it went in. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/pdu/bitmap.h"
#include "core/view/emit.h"
#include "core/view/paint.h"

/* A desktop, its emitter, and the client's copy of it. */
struct pair {
	uint32_t w, h;
	size_t stride; /* of the desktop; wider than its rows */
	uint8_t *fb, *client;
	struct sp_emit_conf conf;
	struct sp_emit *e;
	struct sp_paint paint;
	uint32_t seed;
	size_t updates, bytes, rects;
};

static uint32_t dice(struct pair *p, uint32_t n)
{
	p->seed = p->seed * 1664525u + 1013904223u;
	return (p->seed >> 8) % n;
}

static void pair_init(struct pair *p, struct sp_emit_conf conf)
{
	struct sp_wr w;

	*p = (struct pair){.w = conf.w, .h = conf.h, .conf = conf, .seed = conf.w * 7 + conf.depth};
	p->stride = 4 * (size_t)conf.w + 12;
	p->fb = malloc(p->stride * conf.h);
	for (size_t i = 0; i < p->stride * conf.h; i++) {
		p->fb[i] = (uint8_t)(dice(p, 4) ? 0x40 : dice(p, 256));
	}
	p->client = malloc(4 * (size_t)conf.w * conf.h);
	memset(p->client, 0xee, 4 * (size_t)conf.w * conf.h);
	sp_paint_init(&p->paint, p->client, 4 * (size_t)conf.w, conf.w, conf.h);
	p->e = sp_emit_create(&conf);
	assert_non_null(p->e);
	assert_false(sp_emit_pending(p->e));
	sp_wr_init(&w, 1024);
	sp_emit_palette(&w);
	assert_int_equal(sp_paint_palette(&p->paint, sp_span(w.p, w.n)), SP_OK);
	sp_wr_finish(&w);
}

static void pair_finish(struct pair *p)
{
	sp_emit_destroy(p->e);
	sp_paint_finish(&p->paint);
	free(p->fb);
	free(p->client);
}

/* Draws something of a desktop's kind and says where. */
static struct sp_rect draw(struct pair *p)
{
	struct sp_rect r = {(int32_t)dice(p, p->w), (int32_t)dice(p, p->h), 0, 0};
	uint32_t kind = dice(p, 4), a = dice(p, 1u << 24), b = dice(p, 1u << 24);

	r.w = 1 + (int32_t)dice(p, dice(p, 3) ? 20 : p->w);
	r.h = 1 + (int32_t)dice(p, dice(p, 3) ? 20 : p->h);
	r = sp_rect_and(r, (struct sp_rect){0, 0, (int32_t)p->w, (int32_t)p->h});
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t v = kind == 0      ? a
					: kind == 1 ? dice(p, 1u << 24)
					: kind == 2 ? (x + y) % 3 ? a : b
						    : a + (uint32_t)x * 0x010203;

			memcpy(p->fb + (size_t)y * p->stride + 4 * (size_t)x, &v, 4);
		}
	}
	return r;
}

static void flush(struct pair *p)
{
	struct sp_wr w;

	sp_wr_init(&w, 4 + p->conf.max_update);
	while (sp_emit_pending(p->e)) {
		struct sp_rect changed;
		struct sp_rd r;
		size_t n;
		uint16_t type;

		sp_wr_reset(&w);
		sp_wr_le32(&w, 0x12345678); /* appended behind what is there */
		int rc = sp_emit_next(p->e, p->fb, p->stride, &w);
		assert_true(rc >= 0);
		assert_true((size_t)rc + 4 == w.n && (size_t)rc <= p->conf.max_update);
		if (rc == 0) {
			assert_false(sp_emit_pending(p->e));
			break;
		}
		sp_rd_init(&r, w.p + 4, w.n - 4);
		assert_int_equal(sp_bitmap_update_read(&r, &type), SP_OK);
		assert_int_equal(sp_bitmap_read(&r, &n), SP_OK);
		assert_true(n >= 1 && !(p->conf.one_rect && n != 1));
		for (size_t i = 0; i < n; i++) {
			struct sp_bitmap_rect b;

			assert_int_equal(sp_bitmap_rect_read(&r, &b), SP_OK);
			assert_true(b.width % 4 == 0 && b.width <= 64 && b.height <= 64);
			assert_true(b.right < p->w && b.bottom < p->h);
			assert_true(b.left / 64 == b.right / 64 && b.top / 64 == b.bottom / 64);
			assert_int_equal(b.bpp, p->conf.depth);
			assert_true(!b.compressed || b.has_header == !p->conf.no_compr_hdr);
		}
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal(sp_paint_bitmap(&p->paint, sp_span(w.p + 4, w.n - 4), &changed),
				SP_OK);
		assert_false(sp_rect_empty(changed));
		p->updates++;
		p->bytes += (size_t)rc;
		p->rects += n;
	}
	sp_wr_finish(&w);
}

static void check(struct pair *p)
{
	uint8_t *want = malloc(4 * (size_t)p->w);

	for (uint32_t y = 0; y < p->h; y++) {
		sp_pixel_quantize(p->conf.depth, want, p->fb + y * p->stride, p->w);
		assert_memory_equal(p->client + 4 * (size_t)p->w * y, want, 4 * (size_t)p->w);
	}
	free(want);
}

static void run(struct sp_emit_conf conf, int rounds)
{
	struct pair p;

	pair_init(&p, conf);
	sp_emit_damage(p.e, (struct sp_rect){0, 0, (int32_t)p.w, (int32_t)p.h});
	flush(&p);
	check(&p);
	for (int i = 0; i < rounds; i++) {
		for (uint32_t n = dice(&p, 4); n > 0; n--) {
			sp_emit_damage(p.e, draw(&p));
		}
		if (dice(&p, 2)) {
			flush(&p);
			check(&p);
		}
	}
	flush(&p);
	check(&p);
	pair_finish(&p);
}

static void test_every_depth(void **state)
{
	static const unsigned depths[] = {8, 15, 16, 24, 32};
	static const size_t sizes[] = {SP_EMIT_MIN_UPDATE, 3000, SP_EMIT_MAX_UPDATE};

	for (size_t d = 0; d < 5; d++) {
		for (size_t s = 0; s < 3; s++) {
			for (int flags = 0; flags < 16; flags += 3) {
				run((struct sp_emit_conf){.w = 203 + 3 * (uint32_t)flags,
						    .h = 141,
						    .depth = depths[d],
						    .max_update = sizes[s],
						    .one_rect = flags & 1,
						    .no_compr_hdr = flags & 2,
						    .alpha = flags & 4,
						    .shadow = flags & 8},
						12);
			}
		}
	}
}

static void test_small_desktops(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 5, 63, 64, 65, 128};

	for (size_t i = 0; i < 8; i++) {
		for (size_t k = 0; k < 8; k++) {
			run((struct sp_emit_conf){.w = sides[i],
					    .h = sides[k],
					    .depth = k % 2 ? 32 : 16,
					    .max_update = SP_EMIT_MAX_UPDATE,
					    .shadow = i % 2},
					4);
		}
	}
}

static struct sp_emit_conf plain = {.w = 640,
		.h = 480,
		.depth = 32,
		.max_update = SP_EMIT_MAX_UPDATE,
		.no_compr_hdr = true,
		.shadow = true};

/* What the client has already is not sent; a refresh is. */
static void test_shadow(void **state)
{
	struct sp_rect all = {0, 0, 640, 480};
	struct pair p;
	struct sp_wr w;

	pair_init(&p, plain);
	sp_wr_init(&w, 1 << 16);
	sp_emit_damage(p.e, all);
	flush(&p);
	p.bytes = p.rects = 0;
	sp_emit_damage(p.e, all);
	assert_true(sp_emit_pending(p.e));
	assert_int_equal(sp_emit_next(p.e, p.fb, p.stride, &w), 0);
	assert_int_equal(w.n, 0);
	assert_false(sp_emit_pending(p.e));
	/* One pixel among all damage; the unused byte is none. */
	p.fb[100 * p.stride + 4 * 333] ^= 0x55;
	p.fb[200 * p.stride + 4 * 333 + 3] ^= 0x55;
	sp_emit_damage(p.e, all);
	flush(&p);
	check(&p);
	assert_true(p.bytes < 64 && p.rects == 1);
	p.rects = 0;
	memset(p.client, 0, 4 * 640 * 480);
	sp_emit_refresh(p.e, (struct sp_rect){100, 100, 10, 10});
	flush(&p);
	assert_int_equal(p.rects, 1);
	sp_emit_refresh(p.e, all);
	flush(&p);
	check(&p);
	assert_int_equal(p.rects, 1 + 10 * 8);
	sp_wr_finish(&w);
	pair_finish(&p);
}

/* A letter, typed again and again in one place, does not wait for all of a film to come round. */
static void test_typing(void **state)
{
	static const struct sp_rect film = {0, 0, 640, 384}, letter = {300, 440, 8, 12};
	struct pair p;
	struct sp_wr w;

	pair_init(&p, plain);
	sp_wr_init(&w, 1 << 16);
	sp_emit_damage(p.e, (struct sp_rect){0, 0, 640, 480});
	flush(&p);
	for (int t = 0; t < 30; t++) {
		struct sp_rect changed;

		for (int32_t y = film.y; y < film.y + film.h; y++) {
			for (size_t x = 0; x < 4 * (size_t)film.w; x++) {
				p.fb[(size_t)y * p.stride + x] = (uint8_t)dice(&p, 256);
			}
		}
		sp_emit_damage(p.e, film);
		for (int32_t y = letter.y; y < letter.y + letter.h; y++) {
			memset(p.fb + (size_t)y * p.stride + 4 * (size_t)letter.x, t, 32);
		}
		sp_emit_damage(p.e, letter);
		/* One update of 16 KB is all that the line takes. */
		sp_wr_reset(&w);
		assert_true(sp_emit_next(p.e, p.fb, p.stride, &w) > 0);
		assert_int_equal(sp_paint_bitmap(&p.paint, sp_span(w.p, w.n), &changed), SP_OK);
		assert_int_equal(p.client[4 * (640 * 445 + 303)], t);
	}
	sp_wr_finish(&w);
	pair_finish(&p);
}

/* Damage outside and absurd damage does not hurt. */
static void test_clipping(void **state)
{
	static const struct sp_rect odd[] = {{-5, -5, 5, 5}, {640, 0, 1, 1}, {0, 480, 10, 10},
			{10, 10, 0, 5}, {10, 10, 5, -5},
			{INT32_MIN, INT32_MIN, INT32_MAX, INT32_MAX},
			{INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX}, {-1, 5, 1, INT32_MAX}};
	struct pair p;

	pair_init(&p, plain);
	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		sp_emit_damage(p.e, odd[i]);
		assert_false(sp_emit_pending(p.e));
	}
	sp_emit_damage(p.e, (struct sp_rect){-1000, -1000, INT32_MAX, INT32_MAX});
	flush(&p);
	check(&p);
	assert_int_equal(p.rects, 10 * 8);
	sp_emit_damage(p.e, (struct sp_rect){600, 400, INT32_MAX, INT32_MAX});
	sp_emit_damage(p.e, (struct sp_rect){INT32_MIN + 1, 0, INT32_MAX, 10});
	assert_true(sp_emit_pending(p.e));
	pair_finish(&p);
}

/* When the writer fails, damage stays. */
static void test_no_room(void **state)
{
	uint8_t small[100];
	struct sp_wr w;
	struct pair p;

	pair_init(&p, plain);
	sp_emit_damage(p.e, (struct sp_rect){0, 0, 640, 480});
	sp_wr_fixed(&w, small, sizeof(small));
	assert_int_equal(sp_emit_next(p.e, p.fb, p.stride, &w), SP_ESPACE);
	flush(&p);
	check(&p);
	pair_finish(&p);
}

static void test_create(void **state)
{
	struct sp_emit_conf bad = plain;

	bad.w = 0;
	assert_null(sp_emit_create(&bad));
	bad.w = SP_EMIT_MAX_SIDE + 1;
	assert_null(sp_emit_create(&bad));
	bad.w = 8193;
	bad.h = 8192;
	assert_null(sp_emit_create(&bad));
	bad = plain;
	bad.depth = 4;
	assert_null(sp_emit_create(&bad));
	bad = plain;
	bad.max_update = SP_EMIT_MIN_UPDATE - 1;
	assert_null(sp_emit_create(&bad));
	for (long n = 0; n < 3; n++) {
		sp_mem_fail_after(n);
		struct sp_emit *e = sp_emit_create(&plain);
		sp_mem_fail_after(-1);
		assert_null(e);
	}
	sp_emit_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_every_depth),
			cmocka_unit_test(test_small_desktops),
			cmocka_unit_test(test_shadow),
			cmocka_unit_test(test_typing),
			cmocka_unit_test(test_clipping),
			cmocka_unit_test(test_no_room),
			cmocka_unit_test(test_create),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
