/* tests/core/codec/test_avc.c - AVC metadata, views, and coding around a library that is made up. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/avc.h"
#include "core/codec/avc_view.h"
#include "pictures.h"

#define W 61
#define H 37
#define AW 64 /* in whole blocks */
#define AH 48
#define STRIDE (4 * (size_t)W)

/* ---- a library whose streams are planes as they are */

#define FAKE_HEAD 5 /* start code, NAL header, and how many blocks the sides have */

struct sp_h264_dec {
	uint8_t *planes;
	uint32_t w, h;
	bool begun;
};

static bool fake_missing;
static uint32_t fake_larger; /* pixels that a decoder puts to what it was asked for */

static int fake_dec_create(uint32_t w, uint32_t h, struct sp_h264_dec **out)
{
	if (fake_missing) {
		return SP_ENOTFOUND;
	}
	struct sp_h264_dec *d = sp_calloc(1, sizeof(*d));

	if (!d) {
		return SP_ENOMEM;
	}
	d->w = w + fake_larger;
	d->h = h + fake_larger;
	d->planes = sp_calloc((size_t)d->w * d->h, 2);
	if (!d->planes) {
		sp_free(d);
		return SP_ENOMEM;
	}
	*out = d;
	return SP_OK;
}

static void fake_dec_destroy(struct sp_h264_dec *d)
{
	if (d) {
		sp_free(d->planes);
		sp_free(d);
	}
}

/* Adds what is there to what was there, as pictures that need others do. */
static int fake_dec_decode(struct sp_h264_dec *d, struct sp_span in, struct sp_h264_picture *out)
{
	size_t n = (size_t)d->w * d->h;
	bool idr = in.p[3] == 0x65;

	if (in.n != FAKE_HEAD - 1 + n + n / 2 || (!idr && !d->begun)) {
		return SP_ECODEC;
	}
	for (size_t i = 0; i < n + n / 2; i++) {
		d->planes[i] = (uint8_t)(in.p[4 + i] + (idr ? 0 : d->planes[i]));
	}
	d->begun = true;
	*out = (struct sp_h264_picture){d->planes, d->planes + n, d->planes + n + n / 4, d->w,
			d->w / 2, d->w, d->h};
	return SP_OK;
}

static const struct sp_h264_impl fake = {.dec_create = fake_dec_create,
		.dec_destroy = fake_dec_destroy,
		.dec_decode = fake_dec_decode};

/* What the next fake picture is the difference to. */
struct server {
	uint8_t last[AW * AH * 3 / 2];
};

static void put_unit(struct server *s, const struct sp_avc_planes *p, bool idr, struct sp_wr *out)
{
	const uint8_t head[4] = {0, 0, 1, idr ? 0x65 : 0x61};

	sp_wr_put(out, head, sizeof(head));
	for (size_t i = 0; i < sizeof(s->last); i++) {
		sp_wr_u8(out, (uint8_t)(p->y[i] - (idr ? 0 : s->last[i])));
	}
	memcpy(s->last, p->y, sizeof(s->last));
}

static void put_meta(struct sp_wr *out, struct sp_rect r)
{
	struct sp_avc_region region = {.rect = r, .qp = 22, .quality = 100};

	sp_avc_meta_write(out, &region, 1);
}

/* ---- metadata */

static void test_meta(void **state)
{
	static const struct sp_avc_region in[2] = {
			{{1, 2, 3, 4}, 22, 100, false}, {{0x1000, 0, 0x2000, 0xffff}, 51, 7, true}};
	uint8_t bytes[64];
	struct sp_wr w;
	struct sp_rd r;
	struct sp_avc_meta m;

	sp_wr_fixed(&w, bytes, sizeof(bytes));
	sp_avc_meta_write(&w, in, 2);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(w.p, w.n),
			unit_hex("02000000 0100 0200 0400 0600 0010 0000 0030 ffff 1664 b307"));
	sp_rd_init(&r, w.p, w.n);
	assert_int_equal(sp_avc_meta_read(&r, &m), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(m.n, 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct sp_avc_region got;

		assert_int_equal(sp_avc_meta_region(&m, i, 0xffff, 0xffff, &got), SP_OK);
		assert_memory_equal(&got.rect, &in[i].rect, sizeof(got.rect));
		assert_int_equal(got.qp, in[i].qp);
		assert_int_equal(got.quality, in[i].quality);
		assert_int_equal(got.progressive, in[i].progressive);
	}
}

static int read_meta(const char *hex, uint32_t w, uint32_t h, struct sp_avc_region *out)
{
	struct sp_span in = unit_hex(hex);
	struct sp_avc_meta m;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_avc_meta_read(&r, &m);
	return rc == SP_OK ? sp_avc_meta_region(&m, 0, w, h, out) : rc;
}

static void test_meta_range(void **state)
{
	struct sp_avc_region g;
	struct sp_rect cut = {10, 10, 90, 40};
	struct sp_wr w;

	assert_int_equal(read_meta("01000000 0a00 0a00 ffff ffff 3664", 100, 50, &g), SP_OK);
	assert_memory_equal(&g.rect, &cut, sizeof(cut));
	assert_int_equal(g.qp, SP_H264_QP_MAX);
	assert_int_equal(read_meta("01000000 6400 0000 ffff ffff 16ff", 100, 50, &g), SP_OK);
	assert_true(sp_rect_empty(g.rect));
	assert_int_equal(g.quality, 100);
	assert_int_equal(read_meta("01000000 0a00 0000 0900 ffff 1664", 100, 50, &g), SP_EFIELD);
	assert_int_equal(read_meta("01000000 0000 0a00 0900 0900 1664", 100, 50, &g), SP_EFIELD);
	assert_int_equal(read_meta("00000000", 100, 50, &g), SP_EARG);
	assert_int_equal(read_meta("01000000 0000 0a00 0900 0900 16", 100, 50, &g), SP_ESHORT);
	assert_int_equal(read_meta("01100000", 100, 50, &g), SP_ELIMIT);
	assert_int_equal(read_meta("ffffffff", 100, 50, &g), SP_ELIMIT);
	g = (struct sp_avc_region){.rect = {0, 0, 0x10000, 1}};
	sp_wr_init(&w, 1000);
	sp_avc_meta_write(&w, &g, 1);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
	sp_wr_finish(&w);
}

static void test_stream_vector(void **state)
{
	struct sp_rect want = {1792, 1056, 16, 16};
	struct sp_avc_region region;
	struct sp_avc_stream s;
	struct sp_span in = unit_vector("peer/ironrdp/pdu/ironrdp-testsuite-core.graphics_messages/"
					"avc_444_message_correct_len.bin");

	assert_int_equal(sp_avc_stream_read(in, SP_AVC_444, &s), SP_OK);
	assert_true(!s.has_luma && s.has_chroma);
	assert_int_equal(s.chroma.meta.n, 1);
	assert_int_equal(sp_avc_meta_region(&s.chroma.meta, 0, 1920, 1080, &region), SP_OK);
	assert_memory_equal(&region.rect, &want, sizeof(want));
	assert_int_equal(region.qp, 22);
	assert_int_equal(s.chroma.h264.n, in.n - 4 - 4 - 8 - 2);
	in = unit_vector("peer/ironrdp/pdu/ironrdp-testsuite-core.graphics_messages/"
			 "avc_444_message_incorrect_len.bin");
	/* Only its size is wrong, and that is the one by the book: 0. */
	assert_int_equal(sp_avc_stream_read(in, SP_AVC_444, &s), SP_OK);
	assert_true(!s.has_luma && s.has_chroma);
	((uint8_t *)in.p)[0] = 0x53;
	assert_int_equal(sp_avc_stream_read(in, SP_AVC_444, &s), SP_EFIELD);
}

static void read_cut(struct sp_span cut, void *arg)
{
	struct sp_avc_stream s;

	(void)!sp_avc_stream_read(cut, *(enum sp_avc_mode *)arg, &s);
}

static void test_stream(void **state)
{
	struct sp_avc_stream s;
	enum sp_avc_mode modes[] = {SP_AVC_420, SP_AVC_444, SP_AVC_444V2};
	struct sp_span both = unit_hex("10000000 01000000 0000 0000 1000 1000 1664 aabb"
				       "01000000 0000 0000 0800 0800 1664 cc");
	struct sp_span luma = unit_hex("0f000040 01000000 0000 0000 1000 1000 1664 aa");
	struct sp_span chroma = unit_hex("00000080 01000000 0000 0000 1000 1000 1664 aa");

	assert_int_equal(sp_avc_stream_read(both, SP_AVC_444, &s), SP_OK);
	assert_true(s.has_luma && s.has_chroma);
	unit_assert_span(s.luma.h264, unit_hex("aabb"));
	unit_assert_span(s.chroma.h264, unit_hex("cc"));
	assert_int_equal(sp_avc_stream_read(luma, SP_AVC_444V2, &s), SP_OK);
	assert_true(s.has_luma && !s.has_chroma);
	unit_assert_span(s.luma.h264, unit_hex("aa"));
	assert_int_equal(sp_avc_stream_read(chroma, SP_AVC_444, &s), SP_OK);
	assert_true(!s.has_luma && s.has_chroma);
	unit_assert_span(s.chroma.h264, unit_hex("aa"));
	assert_int_equal(sp_avc_stream_read(unit_hex("000000c0 00000000"), SP_AVC_444, &s),
			SP_EFIELD);
	assert_int_equal(sp_avc_stream_read(unit_hex("05000040 00000000"), SP_AVC_444, &s),
			SP_EFIELD);
	assert_int_equal(sp_avc_stream_read(unit_hex("05000000 00000000"), SP_AVC_444, &s),
			SP_ESHORT);
	assert_int_equal(sp_avc_stream_read(unit_hex("02000000 00000000"), SP_AVC_444, &s),
			SP_ESHORT);
	for (size_t i = 0; i < SP_LEN(modes); i++) {
		unit_truncate(both, read_cut, &modes[i]);
	}
}

/* ---- kernels and views */

/* The formulas of [MS-RDPEGFX] 3.3.8.3.1 as they stand there. */
static void spec_forward(const uint8_t *p, int yuv[3])
{
	int b = p[0], g = p[1], r = p[2];

	yuv[0] = (54 * r + 183 * g + 18 * b) >> 8;
	yuv[1] = ((-29 * r - 99 * g + 128 * b) >> 8) + 128;
	yuv[2] = ((128 * r - 116 * g - 12 * b) >> 8) + 128;
}

static uint8_t clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void test_matrix(void **state)
{
	const struct sp_avc_kernel *k = sp_avc_kernel(sp_cpu_best());
	uint32_t seed = 3;

	for (int i = 0; i < 200000; i++) {
		uint32_t v = i < 256 ? (uint32_t)i * 0x010101 : picture_random(&seed);
		uint8_t px[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), 9}, back[4];
		uint8_t y, u, w;
		int want[3];

		k->from_bgrx(px, 1, &y, &u, &w);
		spec_forward(px, want);
		assert_in_range(y, want[0], want[0] + 2);
		assert_in_range(u, want[1], want[1] + 1);
		assert_in_range(w, want[2], want[2] + 1);
		k->to_bgrx(&y, &u, &w, 1, back);
		assert_int_equal(back[0], clamp((256 * y + 475 * (u - 128)) >> 8));
		assert_int_equal(back[1], clamp((256 * y - 48 * (u - 128) - 120 * (w - 128)) >> 8));
		assert_int_equal(back[2], clamp((256 * y + 403 * (w - 128)) >> 8));
		assert_int_equal(back[3], 0xff);
		if (i < 256) {
			assert_memory_equal(px, back, 3); /* greys come back as they were */
		}
	}
}

#define ROW 203

static void fill(uint8_t *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t v = picture_random(&seed);

		/* Extremes matter most. */
		p[i] = (uint8_t)(v % 4 == 0 ? 0 : v % 4 == 1 ? 255 : v >> 8);
	}
}

static void test_levels(void **state)
{
	uint8_t in[4][4 * ROW], want[3][4 * ROW], got[3][4 * ROW];

	for (int level = 0; level <= (int)sp_cpu_best(); level++) {
		const struct sp_avc_kernel *k = sp_avc_kernel((enum sp_cpu)level);
		const struct sp_avc_kernel *p = &sp_avc_plain;

		for (size_t n = 0; n <= ROW; n++) {
			for (uint32_t i = 0; i < 4; i++) {
				fill(in[i], sizeof(in[i]), (uint32_t)n * 4 + i);
			}
			memset(want, 0xa5, sizeof(want));
			memset(got, 0xa5, sizeof(got));
			p->from_bgrx(in[0], n, want[0], want[1], want[2]);
			k->from_bgrx(in[0], n, got[0], got[1], got[2]);
			assert_memory_equal(got, want, sizeof(got));
			p->to_bgrx(in[0], in[1], in[2], n, want[0]);
			k->to_bgrx(in[0], in[1], in[2], n, got[0]);
			p->mean(in[0], in[1], n, want[1]);
			k->mean(in[0], in[1], n, got[1]);
			assert_memory_equal(got, want, sizeof(got));
			p->split(in[0], n, want[0], want[1]);
			k->split(in[0], n, got[0], got[1]);
			p->join(in[0], in[1], n, want[2]);
			k->join(in[0], in[1], n, got[2]);
			assert_memory_equal(got, want, sizeof(got));
			p->unmean(in[0], in[1], in[2], in[3], n, want[0]);
			k->unmean(in[0], in[1], in[2], in[3], n, got[0]);
			assert_memory_equal(got, want, sizeof(got));
		}
	}
}

/* The layouts of 3.3.8.3.2 and .3, pixel by pixel. */
static void check_views(const uint8_t *u444, const uint8_t *v444, enum sp_avc_mode mode,
		const struct sp_avc_planes *aux)
{
	for (uint32_t y = 0; y < AH; y++) {
		for (uint32_t x = 0; x < AW; x++) {
			const uint8_t *c[2] = {u444, v444};

			for (uint32_t i = 0; i < 2; i++) {
				uint8_t got, want = c[i][y * AW + x];

				if (x % 2 == 0 && y % 2 == 0) {
					continue; /* in the means only */
				}
				if (mode == SP_AVC_444) {
					const uint8_t *plane = i ? aux->v : aux->u;

					got = y % 2 ? aux->y[(y / 16 * 16 + i * 8 + y % 16 / 2) *
										      AW +
								      x]
						    : plane[y / 2 * (AW / 2) + x / 2];
				} else if (x % 2) {
					got = aux->y[y * AW + i * (AW / 2) + x / 2];
				} else {
					const uint8_t *plane = x % 4 ? aux->v : aux->u;

					got = plane[y / 2 * (AW / 2) + i * (AW / 4) + x / 4];
				}
				assert_int_equal(got, want);
			}
		}
	}
}

static void test_views(void **state)
{
	enum sp_avc_mode modes[] = {SP_AVC_444, SP_AVC_444V2};
	uint8_t px[STRIDE * H], shown[STRIDE * H];
	uint8_t yuv[3][AW * AH];
	struct sp_avc_planes main, aux;

	picture_make(px, MIXED, W, H, 5);
	assert_int_equal(sp_avc_planes_init(&main, AW, AH), SP_OK);
	assert_int_equal(sp_avc_planes_init(&aux, AW, AH), SP_OK);
	for (uint32_t y = 0; y < AH; y++) { /* the edges repeated */
		for (uint32_t x = 0; x < AW; x++) {
			size_t at = y * AW + x;

			sp_avc_plain.from_bgrx(px + STRIDE * (y < H ? y : H - 1) +
							4 * (size_t)(x < W ? x : W - 1),
					1, &yuv[0][at], &yuv[1][at], &yuv[2][at]);
		}
	}
	for (int level = 0; level <= (int)sp_cpu_best(); level++) {
		const struct sp_avc_kernel *k = sp_avc_kernel((enum sp_cpu)level);
		struct sp_avc_image image = {px, STRIDE, W, H};
		struct sp_rect all = {0, 0, W, H}, blocks = sp_avc_view_blocks(all);

		assert_int_equal(blocks.w, AW);
		assert_int_equal(blocks.h, AH);
		sp_avc_view_luma(k, &image, blocks, &main);
		assert_memory_equal(main.y, yuv[0], sizeof(yuv[0]));
		for (size_t m = 0; m < SP_LEN(modes); m++) {
			sp_avc_view_chroma(k, &image, modes[m], blocks, &aux);
			check_views(yuv[1], yuv[2], modes[m], &aux);
			struct sp_h264_picture pm = sp_avc_planes_picture(&main);
			struct sp_h264_picture pa = sp_avc_planes_picture(&aux);
			/* Odd ones, so that every edge of a region is cut through once. */
			struct sp_rect rects[] = {all, {1, 1, 1, 1}, {3, 5, 30, 7}, {58, 34, 3, 3}};

			for (size_t i = 0; i < SP_LEN(rects); i++) {
				struct sp_rect r = rects[i];

				memset(shown, 0x5a, sizeof(shown));
				sp_avc_view_paint444(k, modes[m], &pm, &pa, r, shown, STRIDE);
				for (int32_t y = 0; y < H; y++) {
					for (int32_t x = 0; x < W; x++) {
						size_t at = (size_t)y * AW + (size_t)x;
						const uint8_t *got = shown + STRIDE * (size_t)y +
								4 * (size_t)x;
						uint8_t want[4] = {0x5a, 0x5a, 0x5a, 0x5a};
						bool in = x >= r.x && y >= r.y && x < r.x + r.w &&
								y < r.y + r.h;

						if (in && x % 2 == 0 && y % 2 == 0) {
							continue; /* within the threshold */
						}
						if (in) {
							sp_avc_plain.to_bgrx(&yuv[0][at],
									&yuv[1][at], &yuv[2][at], 1,
									want);
						}
						assert_memory_equal(got, want, 4);
					}
				}
			}
		}
	}
	sp_avc_planes_finish(&main);
	sp_avc_planes_finish(&aux);
}

/* ---- decoder */

struct client {
	struct sp_avc_dec *dec;
	uint8_t px[STRIDE * H];
};

static struct sp_avc_dec *make(size_t history)
{
	struct sp_avc_dec_conf conf = {
			.impl = &fake, .cpu = sp_cpu_best(), .w = W, .h = H, .history = history};

	return sp_avc_dec_create(&conf);
}

/* The stream of picture number i; luma, chroma or both, of a rectangle. */
static void stream(struct server *s, struct sp_wr *out, enum sp_avc_mode mode, int i, unsigned lc,
		bool idr, struct sp_rect r)
{
	const struct sp_avc_kernel *k = sp_avc_kernel(sp_cpu_best());
	struct sp_rect blocks = {0, 0, AW, AH};
	uint8_t px[STRIDE * H];
	struct sp_avc_image image = {px, STRIDE, W, H};
	struct sp_avc_planes p;
	size_t at;

	picture_make(px, i % 2 ? GRADIENT : DITHER, W, H, (uint32_t)i);
	assert_int_equal(sp_avc_planes_init(&p, AW, AH), SP_OK);
	sp_wr_reset(out);
	at = mode == SP_AVC_420 ? 0 : sp_wr_hole(out, 4);
	if (lc != 2) {
		sp_avc_view_luma(k, &image, blocks, &p);
		put_meta(out, r);
		put_unit(s, &p, idr, out);
	}
	if (mode != SP_AVC_420) {
		sp_wr_fill_le32(out, at, (lc == 2 ? 0 : (uint32_t)out->n - 4) | lc << 30);
	}
	if (mode != SP_AVC_420 && lc != 1) {
		sp_avc_view_chroma(k, &image, mode, blocks, &p);
		put_meta(out, r);
		put_unit(s, &p, false, out);
	}
	sp_avc_planes_finish(&p);
	assert_int_equal(sp_wr_ok(out), SP_OK);
}

static int show(struct client *c, enum sp_avc_mode mode, const struct sp_wr *in)
{
	struct sp_rect changed;

	return sp_avc_decode(c->dec, mode, sp_span(in->p, in->n), c->px, STRIDE, &changed);
}

static const struct sp_rect all = {0, 0, W, H}, some = {5, 3, 40, 22};

static void test_decode(void **state)
{
	enum sp_avc_mode modes[] = {SP_AVC_420, SP_AVC_444, SP_AVC_444V2};
	struct server s = {0};
	struct sp_wr w;

	sp_wr_init(&w, 1 << 20);
	for (size_t m = 0; m < SP_LEN(modes); m++) {
		struct client c = {.dec = make(0)}, d = {.dec = make(0)};

		assert_non_null(c.dec);
		stream(&s, &w, modes[m], 0, modes[m] == SP_AVC_420 ? 1 : 0, true, all);
		assert_int_equal(show(&c, modes[m], &w), SP_OK);
		if (modes[m] != SP_AVC_420) {
			/* Luma and chroma one after the other lead to the same picture. */
			stream(&s, &w, modes[m], 0, 1, true, all);
			assert_int_equal(show(&d, modes[m], &w), SP_OK);
			assert_true(memcmp(c.px, d.px, sizeof(c.px)) != 0);
			stream(&s, &w, modes[m], 0, 2, false, all);
			assert_int_equal(show(&d, modes[m], &w), SP_OK);
			assert_memory_equal(c.px, d.px, sizeof(c.px));
		}
		sp_avc_dec_destroy(c.dec);
		sp_avc_dec_destroy(d.dec);
	}
	sp_wr_finish(&w);
}

static void test_refused(void **state)
{
	struct server s = {0};
	struct client c = {.dec = make(0)};
	struct sp_rect changed;
	struct sp_avc_region many[2] = {{.rect = all}, {.rect = all}};
	struct sp_wr w, other;

	sp_wr_init(&w, 1 << 20);
	sp_wr_init(&other, 1 << 20);
	assert_int_equal(sp_avc_decode(c.dec, (enum sp_avc_mode)12, sp_span("", 0), c.px, STRIDE,
					 &changed),
			SP_EARG);
	stream(&s, &w, SP_AVC_444, 0, 2, false, all);
	assert_int_equal(show(&c, SP_AVC_444, &w), SP_ESTATE); /* chroma of nothing */
	stream(&s, &w, SP_AVC_420, 0, 1, false, all);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_ECODEC); /* no picture to begin with */
	stream(&s, &w, SP_AVC_420, 0, 1, true, all);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_OK);
	w.n--;
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_ECODEC); /* cut */
	stream(&s, &w, SP_AVC_420, 0, 1, false, all);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_ESTATE); /* damaged until the next IDR */
	stream(&s, &w, SP_AVC_420, 0, 1, true, all);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_OK);

	/* Regions that paint everything again and again. */
	sp_wr_le32(&other, SP_AVC_OVERLAP + 1);
	for (int i = 0; i <= SP_AVC_OVERLAP; i++) {
		sp_wr_le32(&other, 0);
		sp_wr_le16(&other, W);
		sp_wr_le16(&other, H);
	}
	sp_wr_zero(&other, 2 * (SP_AVC_OVERLAP + 1));
	assert_int_equal(show(&c, SP_AVC_420, &other), SP_ELIMIT);
	/* Two of them are none of our business. */
	sp_wr_reset(&other);
	sp_avc_meta_write(&other, many, 2);
	sp_wr_put(&other, w.p + 14, w.n - 14);
	assert_int_equal(show(&c, SP_AVC_420, &other), SP_OK);

	/* A picture that is not what was asked for is not touched. */
	sp_avc_dec_destroy(c.dec);
	fake_larger = 16;
	c.dec = make(0);
	sp_wr_reset(&other);
	put_meta(&other, all);
	sp_wr_put(&other, "\0\0\1\x65", 4);
	sp_wr_zero(&other, (AW + 16) * (AH + 16) * 3 / 2 - 1);
	sp_wr_u8(&other, 0x80); /* no zeros at the end */
	assert_int_equal(show(&c, SP_AVC_420, &other), SP_ECODEC);
	fake_larger = 0;
	fake_missing = true;
	sp_avc_dec_destroy(c.dec);
	c.dec = make(0);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_ENOTFOUND);
	fake_missing = false;
	sp_avc_dec_destroy(c.dec);
	sp_wr_finish(&w);
	sp_wr_finish(&other);
}

/* An SPS for 1280x720 before the picture, which the decoder must not see. */
static void test_sps_size(void **state)
{
	struct server s = {0};
	struct client c = {.dec = make(0)};
	struct sp_span sps = unit_hex("000000016742c01f8c8d40280 2dd3701010107844235");
	struct sp_wr w, other;

	sp_wr_init(&w, 1 << 20);
	sp_wr_init(&other, 1 << 20);
	stream(&s, &w, SP_AVC_420, 0, 1, true, all);
	sp_wr_put(&other, w.p, 14);
	sp_wr_span(&other, sps);
	sp_wr_put(&other, w.p + 14, w.n - 14);
	assert_int_equal(show(&c, SP_AVC_420, &other), SP_ECODEC);
	sp_avc_dec_destroy(c.dec);
	sp_wr_finish(&w);
	sp_wr_finish(&other);
}

/* At each picture the state goes into a fresh decoder, which shows the rest just the same. */
static void save_at(int at, enum sp_avc_mode mode, struct sp_rect first)
{
	static const unsigned lcs[8] = {0, 1, 1, 2, 1, 0, 2, 1};
	struct server s = {0};
	struct client c = {.dec = make(1 << 20)}, d = {.dec = make(1 << 20)};
	struct sp_wr w, saved;

	sp_wr_init(&w, 1 << 20);
	sp_wr_init(&saved, 1 << 20);
	for (int i = 0; i < 8; i++) {
		bool idr = i == 0 || i == 4;

		if (i == at) {
			assert_int_equal(sp_avc_dec_save(c.dec, &saved), SP_OK);
			assert_int_equal(sp_avc_dec_load(d.dec, sp_span(saved.p, saved.n)), SP_OK);
			memcpy(d.px, c.px, sizeof(d.px)); /* the surface is saved elsewhere */
		}
		stream(&s, &w, mode, i, mode == SP_AVC_420 ? 1 : lcs[i], idr, idr ? first : some);
		assert_int_equal(show(&c, mode, &w), SP_OK);
		if (i >= at) {
			assert_int_equal(show(&d, mode, &w), SP_OK);
			assert_memory_equal(c.px, d.px, sizeof(c.px));
		}
	}
	sp_avc_dec_destroy(c.dec);
	sp_avc_dec_destroy(d.dec);
	sp_wr_finish(&w);
	sp_wr_finish(&saved);
}

static void test_save(void **state)
{
	for (int at = 0; at < 8; at++) {
		save_at(at, SP_AVC_420, all);
		save_at(at, SP_AVC_444, all);
		save_at(at, SP_AVC_444V2, all);
		save_at(at, SP_AVC_444, some); /* the log alone does not tell all of the luma */
	}
}

static void load_cut(struct sp_span cut, void *arg)
{
	struct sp_avc_dec *d = make(1 << 20);

	assert_non_null(d);
	assert_true(sp_avc_dec_load(d, cut) < 0);
	sp_avc_dec_destroy(d);
}

static void test_save_lost(void **state)
{
	struct server s = {0};
	struct client c = {.dec = make(6000)}, d = {.dec = make(6000)};
	struct sp_wr w, saved;

	sp_wr_init(&w, 1 << 20);
	sp_wr_init(&saved, 1 << 20);
	stream(&s, &w, SP_AVC_420, 0, 1, true, all);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_OK);
	assert_int_equal(sp_avc_dec_save(c.dec, &saved), SP_OK);
	assert_true(saved.n > 4000);
	unit_truncate(sp_span(saved.p, 200), load_cut, NULL);
	stream(&s, &w, SP_AVC_420, 1, 1, false, all);
	assert_int_equal(show(&c, SP_AVC_420, &w), SP_OK); /* more than is kept */
	sp_wr_reset(&saved);
	assert_int_equal(sp_avc_dec_save(c.dec, &saved), SP_OK);
	assert_int_equal(saved.n, 10);
	assert_int_equal(sp_avc_dec_load(d.dec, sp_span(saved.p, saved.n)), SP_OK);
	stream(&s, &w, SP_AVC_420, 2, 1, false, all);
	assert_int_equal(show(&d, SP_AVC_420, &w), SP_ESTATE);
	stream(&s, &w, SP_AVC_420, 3, 1, true, all);
	assert_int_equal(show(&d, SP_AVC_420, &w), SP_OK);
	/* With the IDR picture there is a whole history again. */
	sp_wr_reset(&saved);
	assert_int_equal(sp_avc_dec_save(d.dec, &saved), SP_OK);
	assert_true(saved.n > 4000);
	sp_avc_dec_destroy(c.dec);
	sp_avc_dec_destroy(d.dec);
	sp_wr_finish(&w);
	sp_wr_finish(&saved);
}

static void test_no_memory(void **state)
{
	struct server s = {0};
	struct sp_wr w;
	long n = 0;
	int rc = SP_ENOMEM;

	sp_wr_init(&w, 1 << 20);
	stream(&s, &w, SP_AVC_444, 0, 0, true, all);
	for (; n < 20 && rc != SP_OK; n++) {
		struct client c = {0};

		sp_mem_fail_after(n);
		c.dec = make(1 << 20);
		rc = c.dec ? show(&c, SP_AVC_444, &w) : SP_ENOMEM;
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		sp_avc_dec_destroy(c.dec);
	}
	assert_in_range(n, 4, 19);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_meta),
			cmocka_unit_test(test_meta_range),
			cmocka_unit_test(test_stream_vector),
			cmocka_unit_test(test_stream),
			cmocka_unit_test(test_matrix),
			cmocka_unit_test(test_levels),
			cmocka_unit_test(test_views),
			cmocka_unit_test(test_decode),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_sps_size),
			cmocka_unit_test(test_save),
			cmocka_unit_test(test_save_lost),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
