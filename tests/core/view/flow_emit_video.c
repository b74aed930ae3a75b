/* tests/core/view/flow_emit_video.c - what moves goes as H.264, and what it becomes when it stops. */
#include "film.h"

#include "core/base/err.h"
#include "host/lib/h264.h"

/* Versions by what they take: AVC420, AVC444 alone in its frame, AVC444v2 alone, and with others. */
static const uint32_t versions[] = {SP_GFX_V81, SP_GFX_V10, SP_GFX_V102, SP_GFX_V107};

static struct sp_tilekeys *keys;

static const struct sp_rect place = {96, 64, 320, 256};

static void begin(struct film *f, uint32_t version, uint64_t rate)
{
	struct sp_gfx_client_conf conf = {.max_version = version, .h264 = &sp_h264_openh264};

	if (!sp_h264_there()) {
		skip();
	}
	film_begin(f, 640, 480, &conf, keys);
	f->rate = rate;
	film_scene(f);
	film_pass(f, rate > 0 ? 12000 : 1500);
	film_assert_exact(f);
}

static struct sp_emit_gfx_stats stats_of(const struct film *f)
{
	struct sp_emit_gfx_stats s;

	sp_emit_gfx_stats(f->e, &s);
	return s;
}

/* Thirty pictures a second, in a place that is at no tile's corner. */
static void play(struct film *f, struct sp_rect r, uint32_t noise, uint32_t from, uint32_t to)
{
	for (uint32_t t = from; t < to; t++) {
		/* As network detection tells it: frames know it less well when the line is full. */
		sp_pace_rtt(&f->pace, 4 * MS, f->now);
		film_photo(f, r, t, noise);
		film_pass(f, 32);
	}
}

static void test_moving(void **state)
{
	for (size_t k = 0; k < SP_LEN(versions); k++) {
		struct sp_rect r = {90, 70, 331, 261};
		struct film f;

		begin(&f, versions[k], 0);
		struct sp_emit_gfx_stats was = stats_of(&f);
		assert_int_equal(was.moving, 0);
		play(&f, r, 3, 0, 8);
		struct sp_emit_gfx_stats hot = stats_of(&f);
		assert_true(hot.moving > was.moving);
		size_t frames = f.frames;
		play(&f, r, 3, 8, 30);
		struct sp_emit_gfx_stats now = stats_of(&f);
		/* By H.264 only, each picture, and few bytes. */
		assert_int_equal(now.lossy, hot.lossy);
		assert_true(now.moving - hot.moving >= 20u * 331 * 261);
		assert_in_range(now.moving_bytes - hot.moving_bytes, 1, 22 * 12000);
		assert_in_range(f.frames - frames, 21, 70);
		double moving = film_psnr_of(&f, r);
		assert_true(moving > 33);
		film_pass(&f, 200);
		double still = film_psnr_of(&f, r);
		print_message("version %x: %.1f dB in motion, %.1f dB at rest; %u bytes a "
			      "picture\n",
				versions[k], moving, still,
				(unsigned)(now.moving_bytes - hot.moving_bytes) / 22);
		assert_true(still > 38);
		film_pass(&f, 900);
		film_assert_exact(&f);
		/* And nothing more of it. */
		now = stats_of(&f);
		film_letters(&f, r);
		film_pass(&f, 1000);
		film_assert_exact(&f);
		assert_int_equal(stats_of(&f).moving, now.moving);
		/* It can begin again, also elsewhere. */
		play(&f, (struct sp_rect){200, 150, 400, 300}, 3, 0, 20);
		assert_true(stats_of(&f).moving > now.moving);
		film_pass(&f, 1200);
		film_assert_exact(&f);
		film_end(&f);
	}
}

/* Red letters that stand on blue, which is never quite the same. */
static void colours(struct film *f, struct sp_rect r, int32_t t)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t n = (uint32_t)(x * 7 + y * 3 + t) % 4;
			bool letter = y % 20 < 15 && (x / 3 * 5 + y / 5 * 3) % 11 < 5;

			f->px[(uint32_t)y * f->w + (uint32_t)x] = letter
					? (0xe0 + 2 * n) << 16 | 3 * n << 8 | 8
					: 2 * n << 16 | (8 - 2 * n) << 8 | (0xd8 + 2 * n);
		}
	}
	film_damage(f, r);
}

static void test_chroma(void **state)
{
	for (size_t k = 1; k < SP_LEN(versions); k++) {
		struct film f;

		begin(&f, versions[k], 0);
		for (int32_t t = 0; t < 20; t++) {
			colours(&f, place, t);
			film_pass(&f, 32);
		}
		film_pass(&f, 20); /* 52 since it stopped */
		struct sp_emit_gfx_stats luma = stats_of(&f);
		double without = film_psnr_of(&f, place);
		film_pass(&f, 52); /* 104: before anything else would come */
		struct sp_emit_gfx_stats chroma = stats_of(&f);
		double with = film_psnr_of(&f, place);
		print_message("version %x: %.1f dB by luma alone, %.1f dB with chroma in %u "
			      "bytes\n",
				versions[k], without, with,
				(unsigned)(chroma.moving_bytes - luma.moving_bytes));
		assert_int_equal(chroma.lossy, luma.lossy);
		assert_int_equal(chroma.frames, luma.frames + 1);
		assert_true(chroma.moving_bytes > luma.moving_bytes);
		assert_true(with > without + 6);
		assert_true(with > 28);
		film_pass(&f, 900);
		film_assert_exact(&f);
		/* One pass it was. */
		assert_int_equal(stats_of(&f).moving_bytes, chroma.moving_bytes);
		film_end(&f);
	}
}

/* Colours that meet at each pixel, as in what is drawn, not photographed. */
static void points(struct film *f, struct sp_rect r)
{
	static const uint32_t colour[] = {0xff0000, 0x00ff00, 0x0000ff, 0xffffff};

	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			f->px[(uint32_t)y * f->w + (uint32_t)x] =
					(x ^ y) & 1 ? colour[x / 16 % 4] : 0;
		}
	}
	film_damage(f, r);
}

/* In the tiles that a film begins and ends in, what stands beside it stays as it is. */
static void assert_beside(const struct film *f, struct sp_rect r)
{
	for (int32_t y = 0; y < (int32_t)f->h; y++) {
		for (int32_t x = 0; x < (int32_t)f->w; x++) {
			size_t i = (size_t)y * f->w + (size_t)x;

			if (!sp_rect_contains(r, (struct sp_rect){x, y, 1, 1})) {
				assert_int_equal(f->px[i] & 0xffffff, f->shown[i] & 0xffffff);
			}
		}
	}
}

static void test_beside(void **state)
{
	struct sp_rect screen = {101, 81, 230, 230};

	for (size_t k = 0; k < SP_LEN(versions); k++) {
		struct film f;

		begin(&f, versions[k], 0);
		points(&f, (struct sp_rect){64, 64, 320, 256});
		film_pass(&f, 1500);
		film_assert_exact(&f);
		for (uint32_t t = 0; t < 30; t++) {
			play(&f, screen, 3, t, t + 1);
			/* Colour is of two by two pixels. */
			assert_beside(&f, (struct sp_rect){100, 80, 232, 232});
		}
		for (int i = 0; i < 50; i++) {
			film_pass(&f, 20);
			assert_beside(&f, (struct sp_rect){100, 80, 232, 232});
		}
		film_assert_exact(&f);
		film_end(&f);
	}
}

/* Something is written over a part of it before the chroma comes: that stays as it is. */
static void test_chroma_over(void **state)
{
	for (size_t k = 1; k < SP_LEN(versions); k++) {
		struct film f;

		begin(&f, versions[k], 0);
		for (int32_t t = 0; t < 40; t++) {
			struct sp_rect over = {place.x + 30 + 3 * t, place.y + 40, 90, 30};

			colours(&f, place, t);
			film_pass(&f, 32);
			if (t % 8 == 7) {
				film_pass(&f, 40);
				film_letters(&f, over);
				film_pass(&f, t % 16 == 7 ? 8 : 70);
				if (t == 39) {
					film_copy(&f, (struct sp_rect){over.x, over.y + 60, 90, 30},
							0, 60);
				}
			}
		}
		film_pass(&f, 200);
		assert_true(film_psnr(&f) > 36);
		film_pass(&f, 900);
		film_assert_exact(&f);
		film_end(&f);
	}
}

/* A thin line costs quality and pictures; nothing queues on it. */
static void test_thin(void **state)
{
	static const uint64_t rates[] = {40000, 200000};
	for (size_t k = 0; k < SP_LEN(rates); k++) {
		struct film f;

		begin(&f, SP_GFX_V107, rates[k]);
		play(&f, place, 12, 0, 40);
		f.worst_us = 0;
		uint64_t bytes = f.bytes;
		size_t frames = f.frames;
		play(&f, place, 12, 40, 140);
		double moving = film_psnr_of(&f, place);
		print_message("%u bytes a second: %zu frames, %u bytes a second, %.1f dB, at most "
			      "%u ms "
			      "behind\n",
				(unsigned)f.rate, f.frames - frames,
				(unsigned)((f.bytes - bytes) * 1000 / 3200), moving,
				(unsigned)(f.worst_us / 1000));
		assert_in_range(f.worst_us, 0, 300 * MS);
		assert_in_range(f.bytes - bytes, 1, f.rate * 32 / 10 + f.rate / 4);
		assert_in_range(f.frames - frames, 70, 250);
		assert_true(moving > 20);
		film_pass(&f, 12000);
		film_assert_exact(&f);
		film_end(&f);
	}
}

/*
 * Wider than the tiled codecs go, and our own client: what moves is still video, and then without
 * loss at once.
 */
static void wide(uint32_t version)
{
	struct sp_gfx_client_conf conf = {.max_version = version, .h264 = &sp_h264_openh264};
	struct sp_rcbuf *b;
	uint32_t frame;
	struct film f;

	film_begin(&f, 8320, 300, &conf, keys);
	for (uint32_t t = 0; t < 130; t++) {
		if (t < 20) {
			film_photo(&f, (struct sp_rect){7900, 10, 400, 280}, t, 3);
		}
		f.now += (t < 20 ? 32 : 100) * MS;
		int rc = sp_emit_gfx_begin(
				f.e, (const uint8_t *)f.px, 4 * (size_t)f.w, 8 << 20, 0, f.now);
		assert_true(rc >= 0);
		for (size_t i = 0; rc > 0 && i < sp_emit_gfx_jobs(f.e); i++) {
			sp_emit_gfx_run(f.e, i, 0);
		}
		assert_true(rc == 0 || sp_emit_gfx_end(f.e, f.now, &frame) == SP_OK);
		while ((b = sp_gfx_server_out(f.s))) {
			sp_rcbuf_unref(b);
		}
	}
	struct sp_emit_gfx_stats s = stats_of(&f);
	assert_true(s.moving > 0 && s.lossy == 0);
	assert_int_equal(sp_emit_gfx_deadline(f.e), 0);
	film_end(&f);
}

static void test_wide(void **state)
{
	if (!sp_h264_there()) {
		skip();
	}
	wide(SP_GFX_V81);
	wide(SP_GFX_V107);
}

/* ---- a library that fails ---- */

static int encodes, rates; /* so many go well */

static int weak_encode(struct sp_h264_enc *e, const struct sp_h264_picture *in, bool idr,
		struct sp_wr *out)
{
	return encodes-- > 0 ? sp_h264_openh264.enc_encode(e, in, idr, out) : SP_ENOMEM;
}

static int weak_rate(struct sp_h264_enc *e, const struct sp_h264_conf *conf)
{
	return rates-- > 0 ? sp_h264_openh264.enc_rate(e, conf) : SP_EARG;
}

/* The film goes on in another way, and nothing of it stays. */
static void test_failing(void **state)
{
	struct sp_h264_impl weak = sp_h264_openh264;

	if (!sp_h264_there()) {
		skip();
	}
	weak.enc_encode = weak_encode;
	weak.enc_rate = weak_rate;
	for (int k = 0; k < 5; k++) {
		struct sp_gfx_client_conf conf = {
				.max_version = versions[k % SP_LEN(versions)], .h264 = &weak};
		struct sp_gfx_client_stats stats;
		struct film f;

		encodes = k < 4 ? 4 * k : 1000;
		rates = k < 4 ? 1000 : 0;
		film_begin(&f, 640, 480, &conf, keys);
		film_scene(&f);
		film_pass(&f, 1500);
		play(&f, place, 3, 0, 10);
		film_pass(&f, k == 3 ? 300 : 8);
		f.rate = k < 4 ? 0 : 20000;
		play(&f, place, k < 4 ? 3 : 12, 10, k < 4 ? 30 : 80);
		sp_gfx_client_stats(f.c, &stats);
		assert_int_equal(stats.surfaces, 1);
		assert_true(f.rate > 0 || film_psnr_of(&f, place) > 33);
		f.rate = 0;
		film_pass(&f, k < 4 ? 1000 : 6000);
		film_assert_exact(&f);
		film_end(&f);
	}
}

/* An encoder is large: when no film has come for a while it goes, and then nothing is left to do. */
static void test_idle(void **state)
{
	struct sp_gfx_client_stats stats;
	struct film f;

	begin(&f, SP_GFX_V107, 0);
	play(&f, place, 3, 0, 20);
	film_pass(&f, 8000);
	sp_gfx_client_stats(f.c, &stats);
	assert_int_equal(stats.surfaces, 2);
	uint64_t bytes = f.bytes;
	assert_in_range(sp_emit_gfx_deadline(f.e), f.now, f.now + 4000 * MS);
	film_pass(&f, 4000);
	sp_gfx_client_stats(f.c, &stats);
	assert_int_equal(stats.surfaces, 1);
	assert_in_range(f.bytes - bytes, 1, 40);
	assert_int_equal(sp_emit_gfx_deadline(f.e), 0);
	film_assert_exact(&f);
	play(&f, place, 3, 0, 20);
	sp_gfx_client_stats(f.c, &stats);
	assert_int_equal(stats.surfaces, 2);
	film_end(&f);
}

/* Of each size that the screen had a client keeps nothing, though something moves all the time. */
static void test_sizes(void **state)
{
	struct sp_gfx_client_stats stats;
	struct film f;

	begin(&f, SP_GFX_V107, 0);
	for (uint32_t i = 0; i < 5; i++) {
		film_layout(&f, 600 + i % 2 * 40, 480);
		play(&f, place, 3, 0, 6);
	}
	sp_gfx_client_stats(f.c, &stats);
	assert_int_equal(stats.surfaces, 2);
	film_pass(&f, 1200);
	film_assert_exact(&f);
	film_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_moving),
			cmocka_unit_test(test_chroma),
			cmocka_unit_test(test_beside),
			cmocka_unit_test(test_chroma_over),
			cmocka_unit_test(test_thin),
			cmocka_unit_test(test_wide),
			cmocka_unit_test(test_failing),
			cmocka_unit_test(test_idle),
			cmocka_unit_test(test_sizes),
	};

	keys = sp_tilekeys_create((const uint64_t[]){1, 2});
	int rc = keys ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
	sp_tilekeys_destroy(keys);
	return rc;
}
