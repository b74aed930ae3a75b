/* tests/core/view/flow_emit_cache.c - what comes again is taken from the client's cache. */
#include "film.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/codec/zgfx.h"

#define W 1024
#define H 768
#define REST_MS 900

static const struct sp_gfx_client_conf plain = {0};
static const struct sp_gfx_client_conf small = {.small_cache = true};
static const struct sp_rect window = {203, 150, 517, 389};

static struct sp_tilekeys *keys;

static void begin(struct film *f, const struct sp_gfx_client_conf *conf)
{
	film_begin(f, W, H, conf, keys);
	film_scene(f);
	film_pass(f, REST_MS);
	film_assert_exact(f);
}

static struct sp_emit_gfx_stats stats_of(const struct film *f)
{
	struct sp_emit_gfx_stats s;

	sp_emit_gfx_stats(f->e, &s);
	return s;
}

static uint32_t *picture_of(const struct film *f)
{
	uint32_t *p = malloc((size_t)W * H * 4);

	memcpy(p, f->px, (size_t)W * H * 4);
	return p;
}

/* Bytes until the screen is as the picture, which it is within a few frames. */
static uint64_t show(struct film *f, const uint32_t *picture, struct sp_rect r, bool again)
{
	uint64_t bytes = f->bytes;

	memcpy(f->px, picture, (size_t)W * H * 4);
	film_damage(f, r);
	film_pass(f, again ? 20 : REST_MS);
	film_assert_exact(f);
	bytes = f->bytes - bytes;
	film_pass(f, REST_MS);
	film_assert_exact(f);
	return bytes;
}

/* A window comes over others, goes, and comes again. */
static void test_window(void **state)
{
	struct film f;

	begin(&f, &plain);
	uint32_t *without = picture_of(&f);
	uint64_t bytes = f.bytes;
	film_letters(&f, window);
	film_photo(&f, (struct sp_rect){window.x + 20, window.y + 100, 300, 200}, 3, 5);
	film_pass(&f, REST_MS);
	film_assert_exact(&f);
	uint64_t first = f.bytes - bytes;
	uint32_t *with = picture_of(&f);
	for (int i = 0; i < 5; i++) {
		uint64_t away = show(&f, without, window, true);
		uint64_t back = show(&f, with, window, true);

		if (i == 0) {
			print_message("window: %u bytes at first, %u away, %u again\n",
					(unsigned)first, (unsigned)away, (unsigned)back);
		}
		assert_in_range(away, 1, first / 20);
		assert_in_range(back, 1, first / 20);
	}
	/* Another one over it, half of the screen away, and both go. */
	struct sp_rect other = {window.x + 200, window.y + 180, 400, 300};
	film_letters(&f, other);
	film_pass(&f, REST_MS);
	film_assert_exact(&f);
	struct sp_rect both = sp_rect_or(window, other);
	show(&f, with, both, true);
	assert_in_range(show(&f, without, both, true), 1, first / 20);
	free(with);
	free(without);
	film_end(&f);
}

/* Something blinks: once it has been seen it costs next to nothing. */
static void test_blink(void **state)
{
	struct sp_rect r = {310, 205, 96, 40};
	struct film f;

	begin(&f, &small);
	uint32_t *dark = picture_of(&f);
	film_letters(&f, r);
	film_pass(&f, 500);
	film_assert_exact(&f);
	uint32_t *bright = picture_of(&f);
	for (int i = 0; i < 4; i++) {
		show(&f, i % 2 ? bright : dark, r, true);
	}
	uint64_t bytes = f.bytes;
	for (int i = 0; i < 20; i++) {
		show(&f, i % 2 ? bright : dark, r, true);
	}
	print_message("blinking: %u bytes each\n", (unsigned)(f.bytes - bytes) / 20);
	assert_in_range(f.bytes - bytes, 20, 20 * 300);
	free(dark);
	free(bright);
	film_end(&f);
}

/* More than the cache holds: the oldest goes, and nothing is shown that is wrong. */
static void test_bounds(void **state)
{
	struct sp_gfx_client_stats stats;
	struct film f;
	uint32_t *page[8];

	begin(&f, &small);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++) {
			if (round == 0) {
				film_letters(&f, (struct sp_rect){0, 0, W, H});
				film_photo(&f, (struct sp_rect){100, 64, 400, 300}, (uint32_t)i, 9);
				film_pass(&f, REST_MS);
				page[i] = picture_of(&f);
			} else {
				/* Forth, and back from the end. */
				show(&f, page[round == 1 ? i : 7 - i], (struct sp_rect){0, 0, W, H},
						false);
			}
			sp_gfx_client_stats(f.c, &stats);
			assert_in_range(stats.memory, 1,
					SP_GFX_CACHE_BYTES_SMALL + (size_t)W * H * 4);
		}
	}
	struct sp_emit_gfx_stats s = stats_of(&f);
	assert_true(s.stored > SP_GFX_CACHE_SLOTS_SMALL / 4);
	assert_true(s.pastes > 4 * 150);
	/* As many as fit: whole tiles of 16 KB. */
	assert_in_range(stats.cached, 900, 1200);
	for (int i = 0; i < 8; i++) {
		free(page[i]);
	}
	film_end(&f);
}

/* What scrolls or moves is not kept: it has not stood, and does not come again. */
static void test_moving(void **state)
{
	struct film f;

	begin(&f, &plain);
	film_letters(&f, (struct sp_rect){40, 40, 900, 640});
	film_pass(&f, REST_MS);
	for (int i = 0; i < 5; i++) {
		film_copy(&f, (struct sp_rect){40, 40, 900, 624}, 0, -16);
		film_letters(&f, (struct sp_rect){40, 664, 900, 16});
		film_pass(&f, 40);
	}
	struct sp_emit_gfx_stats was = stats_of(&f);
	for (uint32_t t = 0; t < 40; t++) {
		film_copy(&f, (struct sp_rect){40, 40, 900, 624}, 0, -16);
		film_letters(&f, (struct sp_rect){40, 664, 900, 16});
		film_pass(&f, 40);
	}
	struct sp_emit_gfx_stats now = stats_of(&f);
	assert_int_equal(now.stored, was.stored);
	film_pass(&f, 300);
	for (uint32_t t = 0; t < 40; t++) {
		film_photo(&f, (struct sp_rect){100, 100, 400, 300}, t % 4, 0);
		film_pass(&f, 32);
	}
	/* But what was there when it began. */
	now = stats_of(&f);
	assert_in_range(now.stored - was.stored, 1, 48);
	assert_int_equal(now.pastes, was.pastes);
	film_pass(&f, REST_MS);
	film_assert_exact(&f);
	film_end(&f);
}

/* The cache outlives the size of the screen. */
static void test_layout(void **state)
{
	struct film f;

	begin(&f, &plain);
	uint32_t *without = picture_of(&f);
	film_letters(&f, window);
	film_pass(&f, REST_MS);
	film_layout(&f, 800, 600);
	film_pass(&f, REST_MS);
	film_layout(&f, W, H);
	film_pass(&f, REST_MS);
	memcpy(f.px, without, (size_t)W * H * 4);
	struct sp_emit_gfx_stats was = stats_of(&f);
	film_damage(&f, (struct sp_rect){0, 0, W, H});
	film_pass(&f, REST_MS);
	film_assert_exact(&f);
	assert_true(stats_of(&f).pastes > was.pastes);
	free(without);
	film_end(&f);
}

/* ---- a client that keeps its cache */

#define KEPT 600

struct kept {
	struct sp_zgfx_dec *zgfx;
	const struct film *f;
	size_t n;
	struct sp_gfx_entry entry[KEPT];
	uint32_t (*px)[64 * 64];
	struct sp_rect rect[KEPT];
	/* What the second server told. */
	uint16_t slot[SP_GFX_MAX_OFFER];
	bool reads; /* this is about the second one */
	size_t slots, evicted, pasted;
};

static void take(struct kept *k, const struct sp_gfx_store *s)
{
	assert_true(k->n < KEPT);
	k->entry[k->n] = (struct sp_gfx_entry){
			s->key, (uint32_t)s->rect.w * (uint32_t)s->rect.h * 4};
	k->rect[k->n] = s->rect;
	for (int32_t y = 0; y < s->rect.h; y++) {
		/* What the client shows now is what was there until now. */
		memcpy(&k->px[k->n][y * s->rect.w],
				&k->f->shown[(uint32_t)(s->rect.y + y) * W + (uint32_t)s->rect.x],
				4 * (size_t)s->rect.w);
	}
	k->n++;
}

static void check(struct kept *k, const struct sp_gfx_paste *p)
{
	size_t i = 0;

	while (i < k->slots && k->slot[i] != p->slot) {
		i++;
	}
	assert_true(i < k->slots);
	/* The offer had one foreign entry in front. */
	assert_true(i >= 1);
	i--;
	for (size_t at = 0; at < p->n; at++) {
		struct sp_gfx_point to = sp_gfx_point_at(p->points, at);
		int32_t w = k->rect[i].w;

		for (int32_t y = 0; y < k->rect[i].h; y++) {
			for (int32_t x = 0; x < w; x++) {
				uint32_t there = k->f->px[(uint32_t)(to.y + y) * W +
						(uint32_t)(to.x + x)];

				assert_int_equal(there << 8, k->px[i][y * w + x] << 8);
			}
		}
	}
	k->pasted++;
}

static void see(struct kept *k, uint16_t cmd, struct sp_rd *body)
{
	struct sp_gfx_store s;
	struct sp_gfx_paste p;
	struct sp_gfx_list list;

	if (cmd == SP_GFX_STORE && !k->reads) {
		assert_int_equal(sp_gfx_store_read(body, &s), SP_OK);
		take(k, &s);
	} else if (cmd == SP_GFX_PASTE && k->reads) {
		assert_int_equal(sp_gfx_paste_read(body, &p), SP_OK);
		check(k, &p);
	} else if (cmd == SP_GFX_REPLY) {
		assert_int_equal(sp_gfx_reply_read(body, &list), SP_OK);
		k->slots = list.n;
		for (size_t i = 0; i < list.n; i++) {
			k->slot[i] = sp_gfx_slot_at(list.entries, i);
		}
	}
	k->evicted += cmd == SP_GFX_EVICT;
}

static void tap(void *user, struct sp_span message)
{
	struct kept *k = user;
	struct sp_span bytes;
	struct sp_rd r, body;
	uint16_t cmd;

	assert_int_equal(sp_zgfx_decode(k->zgfx, message, &bytes), SP_OK);
	sp_rd_init(&r, bytes.p, bytes.n);
	while (sp_rd_left(&r) > 0) {
		assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_OK);
		see(k, cmd, &body);
	}
}

static struct kept *listen(void)
{
	struct kept *k = calloc(1, sizeof(*k));

	k->px = calloc(KEPT, sizeof(*k->px));
	film_tap = tap;
	film_tap_user = k;
	return k;
}

/* To another connection. */
static void again(struct kept *k, const struct film *f)
{
	sp_zgfx_dec_destroy(k->zgfx);
	k->zgfx = sp_zgfx_dec_create(SP_ZGFX_FULL, 64 << 20);
	k->f = f;
}

static void forget(struct kept *k)
{
	film_tap = NULL;
	sp_zgfx_dec_destroy(k->zgfx);
	free(k->px);
	free(k);
}

static void offer(struct film *f, const struct sp_gfx_entry *v, size_t n)
{
	struct sp_gfx_server_event ev;
	struct sp_wr w;

	sp_wr_init(&w, 1 << 20);
	sp_gfx_offer_write(&w, v, n);
	assert_int_equal(sp_gfx_server_feed(f->s, sp_span(w.p, w.n), f->now), SP_OK);
	assert_true(sp_gfx_server_next(f->s, &ev));
	assert_int_equal(ev.kind, SP_GFX_SERVER_OFFER);
	assert_int_equal(sp_emit_gfx_import(f->e, &ev.offer), SP_OK);
	sp_wr_finish(&w);
}

/* The client of this connection is somebody else: here only what is said to him counts. */
static void drain(struct film *f)
{
	struct sp_rcbuf *b;

	while ((b = sp_gfx_server_out(f->s))) {
		film_tap(film_tap_user, sp_span(b->p, b->n));
		sp_rcbuf_unref(b);
	}
}

static void one_frame(struct film *f)
{
	uint32_t frame;

	film_damage(f, (struct sp_rect){0, 0, W, H});
	assert_int_equal(sp_emit_gfx_begin(f->e, (const uint8_t *)f->px, 4 * W, 8 << 20, 0, f->now),
			1);
	for (size_t i = 0; i < sp_emit_gfx_jobs(f->e); i++) {
		sp_emit_gfx_run(f->e, i, 0);
	}
	assert_int_equal(sp_emit_gfx_end(f->e, f->now, &frame), SP_OK);
	drain(f);
}

static void test_import(void **state)
{
	struct sp_gfx_entry list[KEPT + 2];
	struct kept *k = listen();
	struct film f;

	again(k, &f);
	begin(&f, &plain);
	film_letters(&f, window);
	film_pass(&f, REST_MS);
	film_end(&f);
	assert_in_range(k->n, 40, 70);
	/* What somebody else had told the client to keep stands around it. */
	list[0] = (struct sp_gfx_entry){77, 5000};
	memcpy(list + 1, k->entry, k->n * sizeof(*list));
	list[k->n + 1] = (struct sp_gfx_entry){78, 500000};
	again(k, &f);
	film_begin(&f, W, H, &plain, keys);
	k->reads = true;
	drain(&f);
	offer(&f, list, k->n + 2);
	drain(&f);
	assert_int_equal(k->slots, k->n + 1);
	assert_int_equal(k->evicted, 1);
	film_scene(&f);
	one_frame(&f);
	print_message("kept: %zu tiles of %zu taken\n", k->pasted, k->n);
	assert_true(k->pasted >= k->n - 10); /* some are quite flat, or alike */
	assert_int_equal(stats_of(&f).imported, k->n);
	film_end(&f);
	forget(k);
}

/* Offers that lie, repeat themselves or are of another desktop. */
static void test_import_refused(void **state)
{
	struct sp_tilekeys *others = sp_tilekeys_create((const uint64_t[]){3, 4});
	struct sp_gfx_entry *list = calloc(SP_GFX_MAX_OFFER, sizeof(*list));
	struct kept *k = listen();
	struct film f;

	again(k, &f);
	film_begin(&f, W, H, &small, others);
	drain(&f);
	k->reads = true;
	for (uint32_t i = 0; i < SP_GFX_MAX_OFFER; i++) {
		list[i] = (struct sp_gfx_entry){i % 1000 + 1, i % 7 ? 16384 : UINT32_MAX};
	}
	offer(&f, list, SP_GFX_MAX_OFFER);
	drain(&f);
	assert_int_equal(k->slots, 0);
	/* Ours, twice, without a size, with one that does not fit, and far more than fits. */
	sp_tilekeys_give(others, 5);
	list[0] = (struct sp_gfx_entry){5, 16384};
	list[1] = list[0];
	offer(&f, list, 2);
	drain(&f);
	assert_int_equal(k->slots, 1);
	sp_tilekeys_give(others, 6);
	list[0] = (struct sp_gfx_entry){6, 0};
	offer(&f, list, 1);
	list[0] = (struct sp_gfx_entry){6, UINT32_MAX};
	offer(&f, list, 1);
	drain(&f);
	assert_int_equal(k->slots, 0);
	for (uint32_t i = 0; i < SP_GFX_MAX_OFFER; i++) {
		list[i] = (struct sp_gfx_entry){1000 + i, 16384};
		sp_tilekeys_give(others, 1000 + i);
	}
	offer(&f, list, SP_GFX_MAX_OFFER);
	drain(&f);
	assert_int_equal(k->slots, SP_GFX_CACHE_BYTES_SMALL / 16384 - 1);
	/* And the screen comes all the same; the client did not hear of any of it. */
	film_scene(&f);
	one_frame(&f);
	assert_int_equal(k->pasted, 0);
	film_end(&f);
	forget(k);
	free(list);
	sp_tilekeys_destroy(others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_window),
			cmocka_unit_test(test_blink),
			cmocka_unit_test(test_bounds),
			cmocka_unit_test(test_moving),
			cmocka_unit_test(test_layout),
			cmocka_unit_test(test_import),
			cmocka_unit_test(test_import_refused),
	};

	keys = sp_tilekeys_create((const uint64_t[]){1, 2});
	int rc = keys ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	sp_tilekeys_destroy(keys);
	return rc;
}
