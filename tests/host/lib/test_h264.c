/* tests/host/lib/test_h264.c - AVC420 and AVC444 through OpenH264: quality, turns of views, vectors. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/avc.h"
#include "host/lib/h264.h"
#include "host/lib/png.h"

#define W 330 /* neither whole blocks nor a multiple of four */
#define H 214
#define STRIDE (4 * (size_t)W)
#define ROOM (4u << 20)

static uint32_t noise(uint32_t x, uint32_t y)
{
	uint32_t v = x * 73856093u ^ y * 19349663u;

	v = (v ^ v >> 13) * 1274126177u;
	return v ^ v >> 16;
}

/* A desktop: a soft background, a window with coloured text, a picture that moves with step. */
static void draw(uint8_t *px, int step)
{
	for (uint32_t y = 0; y < H; y++) {
		for (uint32_t x = 0; x < W; x++) {
			uint32_t v = 0x305070 + (x / 8 << 16 | y / 8);

			if (x >= 20 && x < 180 && y >= 20 && y < 190) {
				uint32_t glyph = noise(x / 6, y / 12) >>
						(x % 6 + y % 12 / 2 % 4 * 6);

				v = y % 12 < 9 && x % 6 < 5 && (glyph & 1)
						? (y / 12 % 3 == 0 ? 0xd01020 : 0x101018)
						: 0xf4f4f4;
			} else if (x >= 200 && x < 310 && y >= 40 && y < 150) {
				double a = (x + 3 * step) * 0.07, b = (y + 2 * step) * 0.05;
				uint32_t r = (uint32_t)(127 + 100 * sin(a) * cos(b));
				uint32_t g = (uint32_t)(127 + 100 * sin(a + b));

				v = r << 16 | g << 8 | (255 - r);
			}
			uint8_t *p = px + y * STRIDE + 4 * x;

			p[0] = (uint8_t)v;
			p[1] = (uint8_t)(v >> 8);
			p[2] = (uint8_t)(v >> 16);
			p[3] = 0x77;
		}
	}
}

static double psnr(const uint8_t *a, const uint8_t *b, uint32_t w, uint32_t h)
{
	double sum = 0;

	for (size_t i = 0; i < 4 * (size_t)w * h; i++) {
		double d = i % 4 == 3 ? 0 : (double)a[i] - b[i];

		sum += d * d;
	}
	sum /= 3.0 * w * h;
	return sum > 0 ? 10 * log10(255 * 255 / sum) : 99;
}

/* A server and a client. */
struct pair {
	struct sp_avc_enc *enc;
	struct sp_avc_dec *dec;
	enum sp_avc_mode mode;
	uint8_t screen[STRIDE * H], shown[STRIDE * H];
	struct sp_wr out;
};

static struct pair *pair_create(enum sp_avc_mode mode, struct sp_h264_conf h264)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct sp_avc_enc_conf enc = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.mode = mode,
			.h264 = h264};
	struct sp_avc_dec_conf dec = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.w = W,
			.h = H,
			.history = ROOM};

	p->mode = mode;
	assert_int_equal(sp_avc_enc_create(&enc, &p->enc), SP_OK);
	p->dec = sp_avc_dec_create(&dec);
	assert_non_null(p->dec);
	sp_wr_init(&p->out, ROOM);
	draw(p->screen, 0);
	return p;
}

static void pair_destroy(struct pair *p)
{
	sp_avc_enc_destroy(p->enc);
	sp_avc_dec_destroy(p->dec);
	sp_wr_finish(&p->out);
	free(p);
}

static size_t pair_send(struct pair *p, struct sp_rect r, enum sp_avc_what what, bool idr)
{
	struct sp_rect changed;

	sp_wr_reset(&p->out);
	int n = sp_avc_encode(p->enc, p->screen, STRIDE, &r, 1, what, idr, &p->out);

	assert_true(n > 0);
	assert_int_equal(n, p->out.n);
	assert_int_equal(sp_avc_decode(p->dec, p->mode, sp_span(p->out.p, p->out.n), p->shown,
					 STRIDE, &changed),
			SP_OK);
	struct sp_rect sent = sp_avc_enc_sent(p->enc);
	assert_memory_equal(&changed, &sent, sizeof(changed));
	return (size_t)n;
}

static const struct sp_rect whole = {0, 0, W, H}, moving = {200, 40, 110, 110};
static const struct sp_h264_conf by_qp = {.w = W, .h = H, .qp = 18, .fps = 30};
static const enum sp_avc_mode both[] = {SP_AVC_444, SP_AVC_444V2};

static double quality(const struct pair *p)
{
	return psnr(p->screen, p->shown, W, H);
}

static void skip_without_library(void)
{
	if (!sp_h264_there()) {
		skip();
	}
}

static void test_quality(void **state)
{
	double luma_only[2];

	skip_without_library();
	struct pair *p = pair_create(SP_AVC_420, by_qp);

	for (int i = 0; i < 10; i++) {
		draw(p->screen, i);
		size_t n = pair_send(p, i ? moving : whole, SP_AVC_LUMA, false);

		/* What moves is predicted: a fraction of the whole. */
		assert_in_range(n, 20, i ? 4000 : 60000);
	}
	double plain = quality(p);

	pair_destroy(p);
	for (int v = 0; v < 2; v++) {
		p = pair_create(both[v], by_qp);
		pair_send(p, whole, SP_AVC_LUMA, false);
		luma_only[v] = quality(p);
		pair_send(p, whole, SP_AVC_CHROMA, false);
		/* Coloured text is what 4:2:0 cannot show. */
		assert_true(quality(p) > 38);
		assert_true(quality(p) > luma_only[v] + 4);
		assert_true(quality(p) > plain + 4);
		pair_destroy(p);
	}
}

/* Without text the colours are soft enough for 4:2:0. */
static void test_quality_420(void **state)
{
	struct sp_rect rest = {184, 0, W - 184, H};

	skip_without_library();
	struct pair *p = pair_create(SP_AVC_420, by_qp);

	pair_send(p, whole, SP_AVC_LUMA, false);
	memset(p->shown, 0, sizeof(p->shown));
	memset(p->screen, 0, sizeof(p->screen));
	draw(p->screen, 1);
	pair_send(p, rest, SP_AVC_LUMA, false);
	for (uint32_t y = 0; y < H; y++) { /* only the region was painted */
		for (uint32_t x = 0; x < 184; x++) {
			assert_int_equal(p->shown[y * STRIDE + 4 * x], 0);
			memset(p->screen + y * STRIDE + 4 * x, 0, 4);
		}
	}
	assert_true(quality(p) > 38);
	pair_destroy(p);
}

/*
 * The turns that luma and chroma take, with an IDR picture in between: what is at rest is always
 * sharp, and neither view costs more for the other's pictures before it.
 */
static void test_turns(void **state)
{
	static const enum sp_avc_what turns[] = {SP_AVC_BOTH, SP_AVC_LUMA, SP_AVC_LUMA, SP_AVC_LUMA,
			SP_AVC_CHROMA, SP_AVC_BOTH, SP_AVC_BOTH, SP_AVC_LUMA, SP_AVC_CHROMA,
			SP_AVC_LUMA, SP_AVC_LUMA, SP_AVC_CHROMA, SP_AVC_BOTH};

	skip_without_library();
	for (int v = 0; v < 2; v++) {
		struct pair *p = pair_create(both[v], by_qp);

		for (size_t i = 0; i < SP_LEN(turns); i++) {
			bool idr = i == 9;

			if (turns[i] != SP_AVC_CHROMA) {
				draw(p->screen, (int)i);
			}
			size_t n = pair_send(p, i ? moving : whole, turns[i], idr);
			struct sp_rect owed = sp_avc_enc_owed(p->enc);

			assert_int_equal(sp_rect_empty(owed), turns[i] != SP_AVC_LUMA);
			if (i == 0 || idr || i == 11) {
				assert_in_range(n, 4000, 80000);
			} else {
				assert_in_range(n, 20, 6000);
			}
			if (turns[i] != SP_AVC_LUMA) {
				assert_true(quality(p) > 38);
			}
		}
		pair_destroy(p);
	}
}

/* Numbers of pictures run over; a chroma picture that rested too long is sent away before. */
static void test_long(void **state)
{
	struct sp_h264_conf small = {.w = W, .h = H, .qp = 40, .fps = 30, .low = true};
	struct sp_rect spot = {300, 200, 4, 4};

	skip_without_library();
	struct pair *p = pair_create(SP_AVC_444V2, small);

	pair_send(p, whole, SP_AVC_BOTH, false);
	for (int i = 0; i < 300; i++) {
		pair_send(p, spot, i % 50 == 49 ? SP_AVC_BOTH : SP_AVC_LUMA, false);
	}
	double before = quality(p);

	pair_send(p, whole, SP_AVC_BOTH, false);
	assert_true(quality(p) > before - 1);
	pair_destroy(p);
}

static void test_rate(void **state)
{
	struct sp_h264_conf conf = by_qp;
	size_t bytes[2] = {0};

	skip_without_library();
	conf.bit_rate = 2000000;
	conf.qp = 10;
	conf.camera = true;
	struct pair *p = pair_create(SP_AVC_420, conf);

	for (int half = 0; half < 2; half++) {
		for (int i = 0; i < 45; i++) {
			draw(p->screen, 7 * (i + 50 * half));
			size_t n = pair_send(p, moving, SP_AVC_LUMA, false);

			bytes[half] += i >= 15 ? n : 0;
		}
		conf.bit_rate = 300000;
		assert_int_equal(sp_avc_enc_rate(p->enc, &conf), SP_OK);
	}
	assert_in_range(bytes[0], 20000, 350000);
	assert_true(bytes[1] < 60000);
	conf.bit_rate = 0;
	assert_int_equal(sp_avc_enc_rate(p->enc, &conf), SP_EARG);
	/* Whatever somebody measured is brought into what the library takes. */
	conf.bit_rate = UINT32_MAX;
	assert_int_equal(sp_avc_enc_rate(p->enc, &conf), SP_OK);
	pair_send(p, moving, SP_AVC_LUMA, false);
	conf.bit_rate = 1;
	assert_int_equal(sp_avc_enc_rate(p->enc, &conf), SP_OK);
	pair_send(p, moving, SP_AVC_LUMA, false);
	pair_destroy(p);

	/* By quantizer instead. */
	conf = by_qp;
	conf.qp = 45;
	p = pair_create(SP_AVC_420, conf);
	size_t rough = pair_send(p, whole, SP_AVC_LUMA, true);

	conf.qp = 15;
	assert_int_equal(sp_avc_enc_rate(p->enc, &conf), SP_OK);
	assert_true(pair_send(p, whole, SP_AVC_LUMA, true) > 2 * rough);
	conf.qp = 52;
	assert_int_equal(sp_avc_enc_rate(p->enc, &conf), SP_EARG);
	pair_destroy(p);
}

/* A decoder is loaded from what another saved, at any picture, and shows the same from then on. */
static void test_save(void **state)
{
	struct sp_avc_dec_conf conf = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.w = W,
			.h = H,
			.history = ROOM};

	skip_without_library();
	for (int at = 0; at < 6; at += 2) {
		struct pair *p = pair_create(SP_AVC_444V2, by_qp);
		uint8_t *shown = malloc(sizeof(p->shown));
		struct sp_avc_dec *d = sp_avc_dec_create(&conf);
		struct sp_rect changed;
		struct sp_wr saved;

		sp_wr_init(&saved, 2 * ROOM);
		for (int i = 0; i < 6; i++) {
			if (i == at) {
				assert_int_equal(sp_avc_dec_save(p->dec, &saved), SP_OK);
				assert_int_equal(sp_avc_dec_load(d, sp_span(saved.p, saved.n)),
						SP_OK);
				memcpy(shown, p->shown, sizeof(p->shown));
			}
			draw(p->screen, i);
			pair_send(p, i ? moving : whole, i % 2 ? SP_AVC_LUMA : SP_AVC_BOTH, i == 3);
			if (i >= at) {
				assert_int_equal(sp_avc_decode(d, p->mode,
								 sp_span(p->out.p, p->out.n), shown,
								 STRIDE, &changed),
						SP_OK);
				assert_memory_equal(shown, p->shown, sizeof(p->shown));
			}
		}
		sp_avc_dec_destroy(d);
		sp_wr_finish(&saved);
		free(shown);
		pair_destroy(p);
	}
}

static void decode_cut(struct sp_span cut, void *arg)
{
	struct pair *p = arg;
	struct sp_rect changed;

	(void)!sp_avc_decode(p->dec, p->mode, cut, p->shown, STRIDE, &changed);
}

static void test_damage(void **state)
{
	skip_without_library();
	struct pair *p = pair_create(SP_AVC_444, by_qp);
	struct sp_rect changed;
	uint32_t seed = 1;

	pair_send(p, whole, SP_AVC_BOTH, false);
	unit_truncate(sp_span(p->out.p, 400), decode_cut, p);
	for (int i = 0; i < 150; i++) {
		uint8_t *copy = malloc(p->out.n);

		memcpy(copy, p->out.p, p->out.n);
		for (int k = 0; k < 3; k++) {
			seed = seed * 1664525u + 1013904223u;
			copy[(seed >> 8) % (k ? p->out.n : 200)] ^=
					(uint8_t)(1u << (seed >> 5 & 7));
		}
		(void)!sp_avc_decode(p->dec, p->mode, sp_span(copy, p->out.n), p->shown, STRIDE,
				&changed);
		free(copy);
	}
	/* Whatever that was, with an IDR picture all is well again. */
	draw(p->screen, 5);
	pair_send(p, whole, SP_AVC_BOTH, true);
	assert_true(quality(p) > 37);
	pair_destroy(p);
}

/* A server whose stream is not of the surface's size. */
static void test_size(void **state)
{
	struct sp_avc_dec_conf conf = {
			.impl = &sp_h264_openh264, .cpu = sp_cpu_best(), .w = W, .h = H + 16};
	struct sp_rect changed;

	skip_without_library();
	struct pair *p = pair_create(SP_AVC_420, by_qp);
	struct sp_avc_dec *d = sp_avc_dec_create(&conf);

	pair_send(p, whole, SP_AVC_LUMA, false);
	assert_int_equal(sp_avc_decode(d, SP_AVC_420, sp_span(p->out.p, p->out.n), p->shown, STRIDE,
					 &changed),
			SP_ECODEC);
	sp_avc_dec_destroy(d);
	pair_destroy(p);
}

static void test_no_memory(void **state)
{
	struct sp_avc_enc_conf conf = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.mode = SP_AVC_444,
			.h264 = by_qp};
	static uint8_t px[STRIDE * H];
	int rc = SP_ENOMEM;
	long n = 0;

	skip_without_library();
	draw(px, 0);
	for (; n < 40 && rc < 0; n++) {
		struct sp_avc_enc *e = NULL;
		struct sp_wr out;

		sp_wr_init(&out, ROOM);
		sp_mem_fail_after(n);
		rc = sp_avc_enc_create(&conf, &e);
		if (rc == SP_OK) {
			rc = sp_avc_encode(e, px, STRIDE, &whole, 1, SP_AVC_BOTH, false, &out);
		}
		sp_mem_fail_after(-1);
		assert_true(rc > 0 || rc == SP_ENOMEM);
		sp_avc_enc_destroy(e);
		sp_wr_finish(&out);
	}
	assert_in_range(n, 6, 39);
}

static void test_arguments(void **state)
{
	struct sp_h264_conf bad[] = {{.w = 16, .h = 16, .qp = 20, .fps = 0},
			{.w = 16, .h = 16, .qp = 52, .fps = 30},
			{.w = 16, .h = 24, .qp = 20, .fps = 30},
			{.w = 0, .h = 16, .qp = 20, .fps = 30},
			{.w = 16384, .h = 16, .qp = 20, .fps = 30}};
	struct sp_h264_enc *e = NULL;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_h264_openh264.enc_create(&bad[i], &e), SP_EARG);
	}
	sp_h264_openh264.enc_destroy(NULL);
	sp_h264_openh264.dec_destroy(NULL);
	skip_without_library();
	struct pair *p = pair_create(SP_AVC_420, by_qp);

	assert_int_equal(sp_avc_encode(p->enc, p->screen, STRIDE, &whole, 1, SP_AVC_BOTH, false,
					 &p->out),
			SP_EARG);
	pair_send(p, whole, SP_AVC_LUMA, false);
	/* Nothing changed, nothing is sent. */
	assert_int_equal(sp_avc_encode(p->enc, p->screen, STRIDE, &whole, 0, SP_AVC_LUMA, false,
					 &p->out),
			0);
	pair_destroy(p);
}

/* ---- streams of Microsoft's protocol test suites, with the pictures they were made of */

#define VECTOR_W 640
#define VECTOR_H 480

static void append(struct sp_wr *out, const char *name, int frame, int stream)
{
	struct sp_avc_region region = {
			.rect = {0, 0, VECTOR_W, VECTOR_H}, .qp = 18, .quality = 100};
	char path[128];

	sp_avc_meta_write(out, &region, 1);
	snprintf(path, sizeof(path), "peer/wpts/h264/%s-frame%d-stream%d.h264", name, frame,
			stream);
	sp_wr_span(out, unit_vector(path));
}

/* Pictures of one file; lc as in the stream, 3: LC 1 and 2 in turns for each picture. */
static void check_vector(const char *name, enum sp_avc_mode mode, unsigned lc, double least)
{
	struct sp_avc_dec_conf conf = {.impl = &sp_h264_openh264,
			.cpu = sp_cpu_best(),
			.w = VECTOR_W,
			.h = VECTOR_H};
	struct sp_avc_dec *d = sp_avc_dec_create(&conf);
	size_t size = 4 * (size_t)VECTOR_W * VECTOR_H;
	uint8_t *px = calloc(1, size);
	int frames = lc == 3 ? 20 : 10;
	struct sp_wr w;

	sp_wr_init(&w, 1 << 22);
	for (int i = 1; i <= frames; i++) {
		unsigned now = lc == 3 ? 2 - (unsigned)(i % 2) : lc;
		struct sp_rect changed;
		struct sp_png png;
		char path[512];
		bool alpha;
		size_t at = 0;

		sp_wr_reset(&w);
		if (mode != SP_AVC_420) {
			at = sp_wr_hole(&w, 4);
		}
		append(&w, name, i, 1);
		if (mode != SP_AVC_420) {
			sp_wr_fill_le32(&w, at, (now == 2 ? 0 : (uint32_t)w.n - 4) | now << 30);
		}
		if (mode != SP_AVC_420 && now == 0) {
			append(&w, name, i, 2);
		}
		assert_int_equal(sp_avc_decode(d, mode, sp_span(w.p, w.n), px, 4 * VECTOR_W,
						 &changed),
				SP_OK);
		assert_int_equal(changed.w, VECTOR_W);
		snprintf(path, sizeof(path), "peer/wpts/pictures/OriginalPic_%d.png",
				lc == 3 ? (i + 1) / 2 : i);
		assert_int_equal(sp_png_decode(unit_vector(path), &png, &alpha), SP_OK);
		double got = psnr(png.bgrx, px, VECTOR_W, VECTOR_H);

		assert_true(got > (now == 1 ? 33 : least));
		sp_png_finish(&png);
	}
	sp_wr_finish(&w);
	free(px);
	sp_avc_dec_destroy(d);
}

static void test_vectors(void **state)
{
	skip_without_library();
	check_vector("AVC420_BaseProfile", SP_AVC_420, 1, 33);
	check_vector("AVC420_MainProfile", SP_AVC_420, 1, 33);
	check_vector("AVC420_MainProfile_CABACEnabled", SP_AVC_420, 1, 33);
	check_vector("AVC444_YUV420Only_MainProfile", SP_AVC_444, 1, 33);
	check_vector("AVC444_YUV420Chroma420Together_MainProfile", SP_AVC_444, 0, 40);
	check_vector("AVC444_YUV420Chroma420Separated_MainProfile", SP_AVC_444, 3, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_quality),
			cmocka_unit_test(test_quality_420),
			cmocka_unit_test(test_turns),
			cmocka_unit_test(test_long),
			cmocka_unit_test(test_rate),
			cmocka_unit_test(test_save),
			cmocka_unit_test(test_damage),
			cmocka_unit_test(test_size),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_arguments),
			cmocka_unit_test(test_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
