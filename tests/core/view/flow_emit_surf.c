/* tests/core/view/flow_emit_surf.c - a desktop by surface commands and bitmap updates, painted again. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/pdu/fastpath.h"
#include "core/view/emit_surf.h"
#include "core/view/paint.h"

#define MS 1000u

struct desk {
	uint32_t w, h;
	uint32_t *px, *shown;
	struct sp_emit_surf *e;
	struct sp_paint paint;
	struct sp_wr update;
	uint64_t now;
	uint32_t seed, frames;
	size_t largest, bytes;
};

static void begin(struct desk *d, struct sp_emit_surf_conf conf)
{
	*d = (struct desk){.w = conf.w, .h = conf.h, .now = 9000 * MS};
	d->px = calloc((size_t)d->w * d->h, 4);
	d->shown = malloc((size_t)d->w * d->h * 4);
	memset(d->shown, 0xee, (size_t)d->w * d->h * 4);
	sp_wr_init(&d->update, 1 << 20);
	sp_paint_init(&d->paint, (uint8_t *)d->shown, 4 * (size_t)d->w, d->w, d->h);
	d->paint.allowed[SP_PAINT_RFX] = d->paint.allowed[SP_PAINT_NSC] = true;
	d->e = sp_emit_surf_create(&conf);
	assert_non_null(d->e);
}

static void end(struct desk *d)
{
	sp_emit_surf_destroy(d->e);
	sp_paint_finish(&d->paint);
	sp_wr_finish(&d->update);
	free(d->px);
	free(d->shown);
}

static void send(struct desk *d, size_t budget)
{
	struct sp_paint_frame f = {0};
	struct sp_rect changed;
	int n, ends = 0;

	int rc = sp_emit_surf_begin(d->e, (const uint8_t *)d->px, 4 * (size_t)d->w, budget, d->now);
	assert_true(rc >= 0);
	if (rc == 0) {
		return;
	}
	/* As threads might: the last one first, and by different workers. */
	for (size_t i = sp_emit_surf_jobs(d->e); i > 0; i--) {
		sp_emit_surf_run(d->e, i - 1, i % SP_EMIT_SURF_WORKERS);
	}
	/* The desktop goes on meanwhile; what was begun is a picture of one moment. */
	while (sp_emit_surf_open(d->e)) {
		uint8_t code;

		sp_wr_reset(&d->update);
		n = sp_emit_surf_next(d->e, &code, &d->update);
		assert_true(n >= 0);
		if (n == 0) {
			break;
		}
		struct sp_span body = sp_span(d->update.p, d->update.n);
		d->largest = body.n > d->largest ? body.n : d->largest;
		d->bytes += body.n;
		rc = code == SP_FP_BITMAP ? sp_paint_bitmap(&d->paint, body, &changed)
					  : sp_paint_surface(&d->paint, body, &changed, &f);
		assert_int_equal(rc, SP_OK);
		ends += f.marker;
		f.marker = false;
	}
	d->frames++;
	assert_int_equal(ends, 1);
	assert_int_equal(f.id, sp_emit_surf_frame(d->e));
}

static void pass(struct desk *d, uint32_t ms, size_t budget)
{
	for (uint32_t i = 0; i < ms; i += 20) {
		uint64_t due = sp_emit_surf_deadline(d->e);

		d->now += 20 * MS;
		if (sp_emit_surf_pending(d->e) || (due != 0 && due <= d->now)) {
			send(d, budget);
		}
	}
}

static double psnr(const struct desk *d)
{
	double sum = 0;

	for (size_t i = 0; i < (size_t)d->w * d->h; i++) {
		for (int k = 0; k < 24; k += 8) {
			int e = (int)(d->px[i] >> k & 255) - (int)(d->shown[i] >> k & 255);

			sum += e * e;
		}
	}
	return sum == 0 ? 100 : 10 * log10(255.0 * 255 * 3 * d->w * d->h / sum);
}

static void draw(struct desk *d, struct sp_rect r, uint32_t t)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		for (int32_t x = r.x; x < r.x + r.w; x++) {
			uint32_t *p = &d->px[(uint32_t)y * d->w + (uint32_t)x];

			d->seed = d->seed * 1664525u + 1013904223u;
			if (x < (int32_t)d->w / 2) {
				*p = y % 14 < 9 && (x / 3 + y / 3 * 7 + (int32_t)t) % 5 < 2
						? 0x202020
						: 0xf0f0f0;
			} else {
				*p = (uint32_t)(120 + 90 * sin(x * 0.02 + t * 0.1)) << 16 |
						(uint32_t)(120 + 90 * cos(y * 0.02 - t * 0.2))
								<< 8 |
						(100 + (d->seed >> 29));
			}
		}
	}
	sp_emit_surf_damage(d->e, r);
}

static struct sp_emit_surf_conf conf_of(uint32_t w, uint32_t h, bool rfx)
{
	return (struct sp_emit_surf_conf){.w = w,
			.h = h,
			.rfx = rfx,
			.codec = rfx ? SP_PAINT_ID_RFX : SP_PAINT_ID_NSC,
			.rlgr = SP_RLGR3,
			.nsc = {.loss = 1},
			.nsc_poor = {.loss = 3, .subsample = true},
			.markers = true,
			.max_update = SP_EMIT_SURF_MIN_UPDATE};
}

static void test_pictures(void **state)
{
	static const uint32_t sizes[][2] = {{640, 480}, {401, 299}, {130, 67}, {5, 3}};

	for (int k = 0; k < 8; k++) {
		struct sp_emit_surf_conf conf =
				conf_of(sizes[k / 2][0], sizes[k / 2][1], k % 2 == 0);
		struct sp_rect all = {0, 0, (int32_t)conf.w, (int32_t)conf.h};
		struct desk d;

		conf.image = k == 0;
		conf.alpha = k == 2;
		conf.stream = k == 3;
		begin(&d, conf);
		draw(&d, all, 0);
		pass(&d, 200, 1 << 20);
		assert_true(psnr(&d) > 38);
		for (uint32_t t = 1; t < 10; t++) {
			draw(&d, (struct sp_rect){(int32_t)t % 3, 1, all.w - 3, all.h - 2}, t);
			pass(&d, 40, k < 4 ? 1 << 20 : 20000);
		}
		pass(&d, 1500, 1 << 20);
		assert_true(psnr(&d) > 99);
		/* And then nothing. */
		uint32_t frames = d.frames;
		sp_emit_surf_damage(d.e, all);
		pass(&d, 1000, 1 << 20);
		assert_int_equal(d.frames, frames);
		memset(d.shown, 0, (size_t)d.w * d.h * 4);
		sp_emit_surf_lose(d.e, all);
		pass(&d, 1500, 1 << 20);
		assert_true(psnr(&d) > 99);
		assert_in_range(d.largest, 1, SP_EMIT_SURF_MIN_UPDATE);
		end(&d);
	}
}

/* Where little may be sent pictures lose more, and get it back when they stand still. */
static void test_tight(void **state)
{
	static const size_t small[] = {1200, 60000};
	struct sp_rect film = {320, 0, 320, 320};

	for (int k = 0; k < 2; k++) {
		size_t bytes[2];
		double quality[2];

		for (int tight = 0; tight < 2; tight++) {
			struct desk d;

			begin(&d, conf_of(640, 480, k == 0));
			draw(&d, (struct sp_rect){0, 0, 640, 480}, 0);
			pass(&d, 1500, 1 << 20);
			d.bytes = 0;
			for (uint32_t t = 1; t < 9; t++) {
				draw(&d, film, t);
				pass(&d, 40, tight ? small[k] : 1 << 20);
			}
			bytes[tight] = d.bytes;
			draw(&d, film, 9);
			pass(&d, 20, tight ? small[k] : 1 << 20);
			quality[tight] = psnr(&d);
			pass(&d, 180, 1 << 20);
			assert_true(psnr(&d) > 38);
			pass(&d, 1000, 1 << 20);
			assert_true(psnr(&d) > 99);
			end(&d);
		}
		print_message("%s: %zu bytes, %.1f dB; where little may go: %zu bytes, %.1f dB\n",
				k == 0 ? "RemoteFX" : "NSCodec", bytes[0], quality[0], bytes[1],
				quality[1]);
		assert_in_range(bytes[1], 1, bytes[0] * 4 / 5);
		assert_true(quality[1] > 26);
	}
}

/* A letter beside a film, where little may be sent, comes with the next frame. */
static void test_typing(void **state)
{
	static const struct sp_rect film = {320, 0, 320, 480}, letter = {100, 200, 8, 12};

	for (int k = 0; k < 2; k++) {
		struct desk d;

		begin(&d, conf_of(640, 480, k == 0));
		draw(&d, (struct sp_rect){0, 0, 640, 480}, 0);
		/* That it took long to come does not make it move. */
		pass(&d, 3000, 3000);
		pass(&d, 3000, 1 << 20);
		assert_true(psnr(&d) > 99);
		for (uint32_t t = 1; t < 40; t++) {
			draw(&d, film, t);
			if (t > 8) {
				for (int32_t y = letter.y; y < letter.y + letter.h; y++) {
					memset(&d.px[y * 640 + letter.x], (int)t, 32);
				}
				sp_emit_surf_damage(d.e, letter);
			}
			pass(&d, 40, 3000);
			assert_true(t <= 8 || (uint8_t)d.shown[205 * 640 + 103] == t);
		}
		end(&d);
	}
}

/* Letters that stand in a film's tiles stay as they are, also while little may be sent. */
static void test_beside(void **state)
{
	static const struct sp_rect film = {325, 71, 202, 290};

	for (int k = 0; k < 4; k++) {
		struct desk d;

		begin(&d, conf_of(640, 480, k & 1));
		draw(&d, (struct sp_rect){0, 0, 640, 480}, 0);
		pass(&d, 1500, 1 << 20);
		for (uint32_t t = 1; t < 60; t++) {
			if (t < 15) {
				draw(&d, film, t);
			}
			pass(&d, 20, k & 2 ? 20000 : 1 << 20);
			for (uint32_t i = 0; i < d.w * d.h; i++) {
				struct sp_rect at = {(int32_t)(i % d.w), (int32_t)(i / d.w), 1, 1};

				assert_true(sp_rect_contains(film, at) ||
						!((d.px[i] ^ d.shown[i]) << 8));
			}
		}
		assert_true(psnr(&d) > 99);
		end(&d);
	}
}

static void test_can(void **state)
{
	/* [MS-RDPRFX] 2.2.1.1 TS_RFX_CLNT_CAPS_CONTAINER with two ICAPs: RLGR1, then RLGR3 in image mode */
	static const uint8_t rfx[] = {49, 0, 0, 0, 1, 0, 0, 0, 37, 0, 0, 0, 0xC0, 0xCB, 8, 0, 0, 0,
			1, 0, 0xC1, 0xCB, 29, 0, 0, 0, 1, 0xC0, 0xCF, 2, 0, 8, 0, 0, 1, 64, 0, 0, 1,
			1, 1, 0, 1, 64, 0, 2, 1, 1, 4};
	static const uint8_t nsc[] = {0, 1, 3};
	struct sp_emit_surf_conf conf;
	struct sp_caps caps = {0};

	assert_false(sp_emit_surf_can(&caps, &conf));
	caps.general.extra_flags = SP_GENERAL_FASTPATH_OUTPUT;
	sp_caps_add(&caps, SP_CAPS_SURFACE_COMMANDS);
	sp_caps_add(&caps, SP_CAPS_BITMAP_CODECS);
	sp_caps_add(&caps, SP_CAPS_MULTIFRAGMENT);
	caps.surface_commands = SP_SURFCMDS_SET_SURFACE_BITS | SP_SURFCMDS_FRAME_MARKER;
	caps.max_request = 70000;
	assert_false(sp_emit_surf_can(&caps, &conf));
	caps.codecs.n = 2;
	caps.codecs.codec[0] = (struct sp_caps_codec){
			.kind = SP_CODEC_NSCODEC, .id = 1, .properties = {nsc, 3}};
	caps.codecs.codec[1] = (struct sp_caps_codec){
			.kind = SP_CODEC_REMOTEFX, .id = 3, .properties = {rfx, sizeof(rfx)}};
	assert_true(sp_emit_surf_can(&caps, &conf));
	assert_true(conf.rfx && conf.image && conf.markers && !conf.acks && !conf.stream);
	assert_int_equal(conf.rlgr, SP_RLGR3);
	assert_int_equal(conf.codec, 3);
	assert_int_equal(conf.max_update, 70000);
	/* Cut short at each byte it is either still of use or left out for the other codec. */
	for (size_t n = 0; n < sizeof(rfx); n++) {
		uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, rfx, n);
		caps.codecs.codec[1].properties = sp_span(cut, n);
		assert_true(sp_emit_surf_can(&caps, &conf));
		assert_true(!conf.rfx || conf.rlgr == SP_RLGR1);
		free(cut);
	}
	caps.codecs.n = 1;
	assert_true(sp_emit_surf_can(&caps, &conf));
	assert_int_equal(conf.nsc.loss, 3);
	assert_true(conf.nsc_poor.loss == 3 && conf.nsc_poor.subsample);
	caps.max_request = 1000;
	assert_false(sp_emit_surf_can(&caps, &conf));
}

static void test_memory(void **state)
{
	struct sp_emit_surf_conf conf = conf_of(200, 100, true);

	for (long n = 0; n < 9; n++) {
		sp_mem_fail_after(n);
		struct sp_emit_surf *e = sp_emit_surf_create(&conf);
		sp_mem_fail_after(-1);
		sp_emit_surf_destroy(e);
	}
	conf.w = SP_PIXEL_SIDE_MAX + 1;
	assert_null(sp_emit_surf_create(&conf));
	conf.w = 0;
	assert_null(sp_emit_surf_create(&conf));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_pictures),
			cmocka_unit_test(test_tight),
			cmocka_unit_test(test_typing),
			cmocka_unit_test(test_beside),
			cmocka_unit_test(test_can),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
