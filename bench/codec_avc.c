/* bench/codec_avc.c - see codec_avc.h. */
#include "codec_avc.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/err.h"
#include "core/codec/avc.h"
#include "core/codec/avc_view.h"
#include "host/lib/h264.h"

#define FRAMES 16 /* in one run: an IDR picture and what follows it */
#define STEP 4 /* rows that each picture is scrolled by */
#define VIDEO_W 1280
#define VIDEO_H 720
#define RUNS 3

struct scene {
	const char *name;
	enum sp_avc_mode mode;
	enum sp_avc_what what;
	bool low, camera, video; /* video: 1280x720 of it, moving aslant */
	uint32_t bit_rate;
	uint8_t qp;
};

/* One core, one picture after the other, as in a session. */
static const struct scene scenes[] = {
		{"avc420", SP_AVC_420, SP_AVC_LUMA, .camera = true, .qp = 24},
		{"avc420 screen", SP_AVC_420, SP_AVC_LUMA, .qp = 24},
		{"avc444v2 luma", SP_AVC_444V2, SP_AVC_LUMA, .camera = true, .qp = 24},
		{"avc444v2 both", SP_AVC_444V2, SP_AVC_BOTH, .camera = true, .qp = 24},
		{"avc444 both", SP_AVC_444, SP_AVC_BOTH, .camera = true, .qp = 24},
		{"avc420 720p", SP_AVC_420, SP_AVC_LUMA, .camera = true, .video = true,
				.bit_rate = 4000000, .qp = 18},
		{"avc420 720p screen", SP_AVC_420, SP_AVC_LUMA, .video = true, .bit_rate = 4000000,
				.qp = 18},
};

struct figures {
	double first, encode, decode; /* CPU seconds: of the IDR picture, of each other one */
	double first_bytes, bytes, psnr;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double error_of(const uint8_t *a, size_t stride, const uint8_t *b, uint32_t w, uint32_t h)
{
	double sum = 0;

	for (uint32_t y = 0; y < h; y++) {
		for (size_t x = 0; x < 4 * (size_t)w; x++) {
			double d = x % 4 < 3 ? (double)a[y * stride + x] - b[y * 4 * (size_t)w + x]
					     : 0;

			sum += d * d;
		}
	}
	return sum / (3.0 * w * h);
}

static bool run(const struct scene *s, const uint8_t *bgrx, size_t stride, uint32_t w, uint32_t h,
		struct figures *f)
{
	struct sp_avc_enc_conf enc_conf = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.mode = s->mode,
			.h264 = {w, h, s->bit_rate, s->qp, 30, s->low, s->camera}};
	struct sp_avc_dec_conf dec_conf = {
			.impl = &sp_h264_openh264, .cpu = sp_cpu_best(), .w = w, .h = h};
	struct sp_avc_dec *d = sp_avc_dec_create(&dec_conf);
	struct sp_rect whole = {0, 0, (int32_t)w, (int32_t)h}, changed;
	uint8_t *shown = malloc(4 * (size_t)w * h);
	struct sp_avc_enc *e = NULL;
	struct sp_wr out;
	bool ok = d && shown && sp_avc_enc_create(&enc_conf, &e) == SP_OK;
	double error = 0;

	*f = (struct figures){0};
	sp_wr_init(&out, 1 << 26);
	for (uint32_t i = 0; ok && i < FRAMES; i++) {
		const uint8_t *px = bgrx + stride * STEP * i + (s->video ? 12 * i : 0);
		double start = now();

		sp_wr_reset(&out);
		int n = sp_avc_encode(e, px, stride, &whole, 1, s->what, false, &out);
		double encoded = now();

		ok = n > 0 &&
				sp_avc_decode(d, s->mode, sp_span(out.p, out.n), shown,
						4 * (size_t)w, &changed) == SP_OK;
		if (i == 0) {
			f->first = encoded - start;
			f->first_bytes = n;
		} else {
			f->encode += (encoded - start) / (FRAMES - 1);
			f->decode += (now() - encoded) / (FRAMES - 1);
			f->bytes += (double)n / (FRAMES - 1);
		}
		if (i == FRAMES - 1) {
			error = error_of(px, stride, shown, w, h);
		}
	}
	f->psnr = error > 0 ? 10 * log10(255 * 255 / error) : 99;
	sp_wr_finish(&out);
	sp_avc_enc_destroy(e);
	sp_avc_dec_destroy(d);
	free(shown);
	return ok;
}

static bool scene(const struct scene *s, const uint8_t *bgrx, uint32_t w, uint32_t h,
		bench_avc_row row, void *data)
{
	uint32_t room_h = h - STEP * FRAMES, room_w = w - 3 * FRAMES;
	uint32_t to_w = s->video ? (VIDEO_W < room_w ? VIDEO_W : room_w) : w;
	uint32_t to_h = s->video && VIDEO_H < room_h ? VIDEO_H : room_h;
	double mp = (double)to_w * to_h / 1e6;
	struct figures best = {0}, f;

	for (int i = 0; i < RUNS; i++) {
		if (!run(s, bgrx, 4 * (size_t)w, to_w, to_h, &f)) {
			return false;
		}
		if (i == 0 || f.encode < best.encode) {
			best = f;
		}
	}
	row(data, s->name, "IDR picture", "ms", best.first * 1e3, "lower");
	row(data, s->name, "IDR picture", "kB", best.first_bytes / 1e3, "lower");
	row(data, s->name, "encode", "ms/picture", best.encode * 1e3, "lower");
	row(data, s->name, "encode", "MP/s", mp / best.encode, "higher");
	row(data, s->name, "decode", "MP/s", mp / best.decode, "higher");
	row(data, s->name, "size", "kB/picture", best.bytes / 1e3, "lower");
	row(data, s->name, "psnr", "dB", best.psnr, "higher");
	return true;
}

/* What stands around the library: pixels into planes and back. */
static bool views(const uint8_t *bgrx, uint32_t w, uint32_t h, double seconds, bench_avc_row row,
		void *data)
{
	static const char *names[] = {"to 4:2:0", "to chroma v2", "from 4:2:0", "from 4:4:4 v2"};
	const struct sp_avc_kernel *k = sp_avc_kernel(sp_cpu_best());
	struct sp_avc_image image = {bgrx, 4 * (size_t)w, w, h};
	struct sp_rect whole = {0, 0, (int32_t)w, (int32_t)h};
	struct sp_rect blocks = sp_avc_view_blocks(whole);
	struct sp_avc_planes main = {0}, aux = {0};
	uint8_t *shown = malloc(4 * (size_t)w * h);
	bool ok = shown &&
			sp_avc_planes_init(&main, (uint32_t)blocks.w, (uint32_t)blocks.h) ==
					SP_OK &&
			sp_avc_planes_init(&aux, (uint32_t)blocks.w, (uint32_t)blocks.h) == SP_OK;

	for (int what = 0; ok && what < 4; what++) {
		struct sp_h264_picture m = sp_avc_planes_picture(&main);
		struct sp_h264_picture a = sp_avc_planes_picture(&aux);
		double start = now(), end;
		int rounds = 0;

		do {
			if (what == 0) {
				sp_avc_view_luma(k, &image, blocks, &main);
			} else if (what == 1) {
				sp_avc_view_chroma(k, &image, SP_AVC_444V2, blocks, &aux);
			} else if (what == 2) {
				sp_avc_view_paint420(k, &m, whole, shown, image.stride);
			} else {
				sp_avc_view_paint444(k, SP_AVC_444V2, &m, &a, whole, shown,
						image.stride);
			}
			rounds++;
			end = now();
		} while (end - start < seconds);
		row(data, "avc conversion", names[what], "MP/s",
				rounds * (double)w * h / (end - start) / 1e6, "higher");
	}
	sp_avc_planes_finish(&main);
	sp_avc_planes_finish(&aux);
	free(shown);
	return ok;
}

bool bench_avc(const uint8_t *bgrx, uint32_t w, uint32_t h, double seconds, bench_avc_row row,
		void *data)
{
	if (w < 256 || h < 256) {
		return true;
	}
	bool ok = views(bgrx, w, h, seconds, row, data);

	for (size_t i = 0; ok && sp_h264_there() && i < SP_LEN(scenes); i++) {
		ok = scene(&scenes[i], bgrx, w, h, row, data);
	}
	return ok;
}
