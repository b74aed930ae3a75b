/* tests/core/view/flow_emit_gfx.c - a desktop through the pipeline, and what its client shows of it. */
#include "film.h"

#include "core/base/err.h"
#include "core/base/mem.h"

#define REST_MS 900 /* half a second, and the line has time for it */

static struct sp_tilekeys *keys; /* of all tests */

static const struct sp_gfx_client_conf kinds[] = {
		{.max_version = 0},
		{.max_version = SP_GFX_V8, .thin_client = true},
		{.max_version = SP_GFX_V81},
};

static void test_rest(void **state)
{
	static const uint32_t sizes[][2] = {{640, 480}, {801, 599}, {202, 201}, {65, 63}, {1, 1}};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
			struct film f;

			film_begin(&f, sizes[i][0], sizes[i][1], &kinds[k], keys);
			if (f.w > 100) {
				film_scene(&f);
			}
			film_pass(&f, 200);
			assert_true(film_psnr(&f) > 38);
			film_pass(&f, REST_MS);
			film_assert_exact(&f);
			/* Now nothing goes any more. */
			uint64_t bytes = f.bytes;
			film_damage(&f, (struct sp_rect){0, 0, 1000, 1000});
			film_pass(&f, 1000);
			assert_int_equal(f.bytes, bytes);
			assert_int_equal(sp_emit_gfx_deadline(f.e), 0);
			sp_emit_gfx_lose(f.e, (struct sp_rect){0, 0, 1000, 1000});
			film_pass(&f, REST_MS + 200);
			film_assert_exact(&f);
			assert_true(f.bytes > bytes);
			film_end(&f);
		}
	}
}

/* A hundred lines a second come to a terminal. */
static void test_scroll(void **state)
{
	struct sp_emit_gfx_stats stats;
	struct film f;

	film_begin(&f, 1280, 800, &kinds[0], keys);
	film_letters(&f, (struct sp_rect){40, 40, 1000, 640});
	film_damage(&f, (struct sp_rect){0, 0, 1280, 800});
	film_pass(&f, 200);
	uint64_t bytes = f.bytes;
	size_t frames = f.frames;
	for (int i = 0; i < 100; i++) {
		film_copy(&f, (struct sp_rect){40, 40, 1000, 624}, 0, -16);
		film_letters(&f, (struct sp_rect){40, 664, 1000, 16});
		film_pass(&f, 8);
		film_assert_exact(&f);
	}
	sp_emit_gfx_stats(f.e, &stats);
	assert_in_range(stats.copies, 90, 300);
	assert_in_range(f.frames - frames, 100, 200);
	assert_in_range(f.bytes - bytes, 1, 300000);
	print_message("scroll: %llu bytes a line\n", (unsigned long long)(f.bytes - bytes) / 100);
	film_end(&f);
}

/* The same beside a film, and in its place soon after it: what found nothing there does not count. */
static void test_scroll_and_film(void **state)
{
	static const struct sp_rect page = {40, 40, 600, 640}, screen = {660, 100, 512, 384};
	struct sp_emit_gfx_stats was, now;
	struct film f;

	film_begin(&f, 1280, 800, &kinds[0], keys);
	film_letters(&f, page);
	film_damage(&f, (struct sp_rect){0, 0, 1280, 800});
	film_pass(&f, 1000);
	sp_emit_gfx_stats(f.e, &was);
	for (uint32_t t = 0; t < 50; t++) {
		film_photo(&f, screen, t, 3);
		if (t % 10 == 9) {
			film_copy(&f, (struct sp_rect){page.x, page.y, page.w, page.h - 16}, 0,
					-16);
			film_letters(&f,
					(struct sp_rect){page.x, page.y + page.h - 16, page.w, 16});
		}
		film_pass(&f, 32);
	}
	sp_emit_gfx_stats(f.e, &now);
	assert_int_equal(now.copies - was.copies, 5);
	film_pass(&f, 1000);
	was = now;
	film_copy(&f, (struct sp_rect){screen.x, screen.y, screen.w, screen.h - 16}, 0, -16);
	film_pass(&f, 1000);
	sp_emit_gfx_stats(f.e, &now);
	assert_int_equal(now.copies - was.copies, 1);
	film_assert_exact(&f);
	film_end(&f);
}

static void test_window(void **state)
{
	struct sp_emit_gfx_stats stats;
	struct film f;
	struct sp_rect at = {100, 80, 400, 300};

	film_begin(&f, 1024, 768, &kinds[0], keys);
	film_letters(&f, at);
	film_photo(&f, (struct sp_rect){120, 100, 200, 150}, 3, 4);
	film_damage(&f, (struct sp_rect){0, 0, 1024, 768});
	film_pass(&f, 1200);
	film_assert_exact(&f);
	uint64_t bytes = f.bytes;
	for (int i = 0; i < 40; i++) {
		struct sp_rect to = {at.x + 7, at.y + (i % 3) - 1 + 5, at.w, at.h};
		int32_t dx = to.x - at.x, dy = to.y - at.y;

		film_copy(&f, to, dx, dy);
		for (int32_t y = at.y; y < at.y + at.h; y++) {
			for (int32_t x = at.x; x < at.x + at.w; x++) {
				if (x < to.x || y < to.y) {
					f.px[(uint32_t)y * f.w + (uint32_t)x] = 0x555555;
				}
			}
		}
		film_damage(&f, at);
		at = to;
		film_pass(&f, 12);
	}
	film_pass(&f, REST_MS);
	film_assert_exact(&f);
	sp_emit_gfx_stats(f.e, &stats);
	assert_true(stats.copies >= 30);
	assert_in_range(f.bytes - bytes, 1, 400000);
	film_end(&f);
}

static void test_moving(void **state)
{
	for (size_t k = 0; k < sizeof(kinds) / sizeof(*kinds); k++) {
		struct film f;

		film_begin(&f, 800, 600, &kinds[k], keys);
		film_scene(&f);
		film_pass(&f, 100);
		size_t frames = f.frames;
		for (uint32_t t = 0; t < 20; t++) {
			film_photo(&f, (struct sp_rect){100, 100, 400, 300}, t, 3);
			film_pass(&f, 32);
			if (t > 5) {
				assert_true(film_psnr(&f) > 33);
			}
		}
		assert_in_range(f.frames - frames, 18, 60);
		film_pass(&f, 200);
		assert_true(film_psnr(&f) > 38);
		film_pass(&f, REST_MS);
		film_assert_exact(&f);
		film_end(&f);
	}
}

static void test_noise(void **state)
{
	struct film f;

	film_begin(&f, 500, 400, &kinds[0], keys);
	for (int i = 0; i < 5; i++) {
		film_photo(&f, (struct sp_rect){0, 0, 500, 400}, 0, 130);
		film_pass(&f, 40);
	}
	film_pass(&f, 3 * REST_MS);
	film_assert_exact(&f);
	film_end(&f);
}

static void test_resize(void **state)
{
	static const uint32_t sizes[][2] = {{640, 480}, {1024, 700}, {333, 222}, {801, 599}};
	struct film f;

	film_begin(&f, 800, 600, &kinds[0], keys);
	for (size_t i = 0; i < 4; i++) {
		film_scene(&f);
		film_pass(&f, 32);
		film_layout(&f, sizes[i][0], sizes[i][1]);
		film_scene(&f);
		film_pass(&f, 200);
		assert_true(film_psnr(&f) > 38);
	}
	film_pass(&f, REST_MS);
	film_assert_exact(&f);
	film_end(&f);
}

/* Answers that are slow, that stop, that never come: the picture comes all the same. */
static void test_answers(void **state)
{
	struct sp_gfx_client_conf mute = {.no_acks = true};
	struct film f;

	for (int k = 0; k < 3; k++) {
		film_begin(&f, 640, 480, k == 1 ? &mute : &kinds[0], keys);
		f.ack_us = k == 0 ? 300 * MS : 0;
		f.deaf = k == 2;
		for (uint32_t t = 0; t < 30; t++) {
			film_scene(&f);
			film_photo(&f, (struct sp_rect){50, 50, 300, 200}, t, 2);
			film_pass(&f, 40);
		}
		/* What is on its way stays little, however long nobody answers. */
		assert_in_range(f.frames, k == 1 ? 25 : 1, k == 0 ? 31 : 60);
		film_pass(&f, 12 * REST_MS);
		film_assert_exact(&f);
		film_end(&f);
	}
}

/* Text that has to wait for the line does not move, and is sharp when it comes. */
static void test_waiting(void **state)
{
	struct sp_emit_gfx_stats stats;
	struct film f;

	film_begin(&f, 1024, 768, &kinds[0], keys);
	f.rate = 20000;
	film_pass(&f, 2000);
	for (int i = 0; i < 3; i++) {
		film_letters(&f, (struct sp_rect){20, 20, 980, 700});
		film_pass(&f, 8000);
		film_assert_exact(&f);
	}
	sp_emit_gfx_stats(f.e, &stats);
	assert_int_equal(stats.lossy, 0);
	film_end(&f);
}

/* A thin line costs quality and frames; what is on it stays little. */
static void test_thin(void **state)
{
	static const uint64_t rates[] = {60000, 300000, 2000000};

	for (size_t k = 0; k < 3; k++) {
		struct film f;

		film_begin(&f, 640, 480, &kinds[0], keys);
		f.rate = rates[k];
		film_scene(&f);
		film_pass(&f, 4000);
		f.worst_us = 0;
		size_t frames = f.frames;
		for (uint32_t t = 0; t < 150; t++) {
			film_photo(&f, (struct sp_rect){100, 100, 320, 256}, t, 3);
			film_pass(&f, 32);
		}
		print_message("%u bytes a second: %zu frames, %.1f dB, at most %u ms behind\n",
				(unsigned)f.rate, f.frames - frames, film_psnr(&f),
				(unsigned)(f.worst_us / 1000));
		assert_in_range(f.worst_us, 0, 700 * MS);
		assert_in_range(f.frames - frames, 10, 200);
		film_pass(&f, 20000);
		film_assert_exact(&f);
		film_end(&f);
	}
}

/* Memory that is not there is an error and nothing worse. */
static void test_memory(void **state)
{
	for (long n = 0; n < 40; n++) {
		struct sp_gfx_server_conf sc = {0};
		struct sp_gfx_server *s = sp_gfx_server_create(&sc);
		struct sp_emit_gfx_conf conf = {.gfx = s};
		struct sp_gfx_reset r = {.w = 200, .h = 100};

		sp_mem_fail_after(n);
		struct sp_emit_gfx *e = sp_emit_gfx_create(&conf);
		int rc = e ? sp_emit_gfx_layout(e, &r) : SP_ENOMEM;
		sp_mem_fail_after(-1);
		assert_true(rc < 0); /* that server has no client */
		sp_emit_gfx_destroy(e);
		sp_gfx_server_destroy(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rest),
			cmocka_unit_test(test_scroll),
			cmocka_unit_test(test_scroll_and_film),
			cmocka_unit_test(test_window),
			cmocka_unit_test(test_moving),
			cmocka_unit_test(test_noise),
			cmocka_unit_test(test_resize),
			cmocka_unit_test(test_answers),
			cmocka_unit_test(test_waiting),
			cmocka_unit_test(test_thin),
			cmocka_unit_test(test_memory),
	};

	keys = sp_tilekeys_create((const uint64_t[]){1, 2});
	int rc = keys ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	sp_tilekeys_destroy(keys);
	return rc;
}
