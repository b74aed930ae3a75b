/* tests/core/view/test_paint.c - pictures of the wire into a frame: clipping, depths, damage. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/interleaved.h"
#include "core/codec/nsc.h"
#include "core/codec/planar.h"
#include "core/codec/rfx.h"
#include "core/pdu/bitmap.h"
#include "core/pdu/surfcmd.h"
#include "core/view/paint.h"

#define W 50
#define H 40

struct canvas {
	struct sp_paint p;
	uint8_t fb[4 * W * H];
	struct sp_wr w;
	struct sp_rect changed;
};

static void canvas_init(struct canvas *c)
{
	memset(c->fb, 0xcc, sizeof(c->fb));
	sp_paint_init(&c->p, c->fb, 4 * W, W, H);
	sp_wr_init(&c->w, 1 << 20);
}

static void canvas_finish(struct canvas *c)
{
	sp_paint_finish(&c->p);
	sp_wr_finish(&c->w);
}

/* Pixel x, y of the test picture. */
static uint32_t pixel(uint32_t x, uint32_t y)
{
	return 0xff000000u | (x * 8 & 0xf8) << 16 | (y * 8 & 0xf8) << 8 | ((x ^ y) * 8 & 0xf8);
}

static void put(struct canvas *c, struct sp_bitmap_rect b, struct sp_span data)
{
	b.data = data;
	sp_bitmap_write(&c->w, 1);
	sp_bitmap_rect_write(&c->w, &b);
}

/* The test picture in the wire's form, w x h, bottom-up; freed by the caller. */
static uint8_t *wire(unsigned depth, uint32_t w, uint32_t h, size_t *n)
{
	size_t bytes = sp_pixel_bytes(depth), row = (w * bytes + 3) & ~(size_t)3;
	uint8_t *out = calloc(h, row);

	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			uint32_t v = pixel(x, h - 1 - y);

			sp_pixel_pack(depth, out + y * row + x * bytes, (const uint8_t *)&v, 1);
		}
	}
	*n = h * row;
	return out;
}

/* Exactly rectangle r shows the picture whose corner lies at left, top. */
static void expect(struct canvas *c, unsigned depth, int32_t left, int32_t top, struct sp_rect r)
{
	for (int32_t y = 0; y < H; y++) {
		for (int32_t x = 0; x < W; x++) {
			const uint8_t *px = c->fb + 4 * (y * W + x);
			bool in = x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h;
			uint32_t v = in ? pixel((uint32_t)(x - left), (uint32_t)(y - top))
					: 0xcccccccc;

			if (in) {
				sp_pixel_quantize(depth, (uint8_t *)&v, (const uint8_t *)&v, 1);
			}
			assert_memory_equal(px, &v, 4);
		}
	}
	assert_memory_equal(&c->changed, &r, sizeof(r));
}

static struct sp_bitmap_rect rect(uint16_t x, uint16_t y, uint16_t w, uint16_t h, uint16_t depth)
{
	return (struct sp_bitmap_rect){.left = x,
			.top = y,
			.right = (uint16_t)(x + w - 1),
			.bottom = (uint16_t)(y + h - 1),
			.width = w,
			.height = h,
			.bpp = depth};
}

static void test_raw(void **state)
{
	static const unsigned depths[] = {8, 15, 16, 24, 32};

	for (size_t i = 0; i < 5; i++) {
		struct canvas c;
		size_t n;
		uint8_t *data = wire(depths[i], 13, 9, &n);

		canvas_init(&c);
		put(&c, rect(7, 5, 13, 9, (uint16_t)depths[i]), sp_span(data, n));
		assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_OK);
		expect(&c, depths[i], 7, 5, (struct sp_rect){7, 5, 13, 9});
		free(data);
		canvas_finish(&c);
	}
}

/* Over the lower right corner, and a destination smaller than the picture. */
static void test_cut(void **state)
{
	for (int compressed = 0; compressed < 3; compressed++) {
		unsigned depth = compressed == 1 ? 32 : 16;
		uint8_t px[4 * 20 * 16];
		struct sp_wr z;
		struct canvas c;
		size_t n;
		uint8_t *data = wire(depth, 20, 16, &n);
		struct sp_bitmap_rect b = rect(W - 10, H - 6, 20, 16, (uint16_t)depth);

		for (uint32_t i = 0; i < 20 * 16; i++) {
			uint32_t v = pixel(i % 20, i / 20);

			memcpy(px + 4 * (size_t)i, &v, 4);
		}
		sp_wr_init(&z, SP_PLANAR_ROOM);
		if (compressed == 1) {
			assert_true(sp_planar_encode(px + 80 * 15, -80, 20, 16, false, &z) > 0);
		} else if (compressed == 2) {
			assert_true(sp_interleaved_encode(16, px + 80 * 15, -80, 20, 16, &z) > 0);
		}
		b.compressed = compressed > 0;
		b.has_header = compressed == 2;
		canvas_init(&c);
		put(&c, b, compressed ? sp_span(z.p, z.n) : sp_span(data, n));
		assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_OK);
		expect(&c, depth, W - 10, H - 6, (struct sp_rect){W - 10, H - 6, 10, 6});
		canvas_finish(&c);

		canvas_init(&c);
		b.left = 3;
		b.top = 2;
		b.right = 3 + 17 - 1;
		b.bottom = 2 + 11 - 1;
		put(&c, b, compressed ? sp_span(z.p, z.n) : sp_span(data, n));
		assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_OK);
		expect(&c, depth, 3, 2, (struct sp_rect){3, 2, 17, 11});
		if (compressed) {
			canvas_finish(&c);
			canvas_init(&c);
			put(&c, b, sp_span(z.p, z.n));
			sp_mem_fail_after(0);
			int rc = sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed);
			sp_mem_fail_after(-1);
			assert_int_equal(rc, SP_ENOMEM);
		}
		canvas_finish(&c);

		canvas_init(&c);
		b.left = W;
		b.right = W + 19;
		put(&c, b, sp_span(data, 0));
		assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_OK);
		expect(&c, depth, 0, 0, (struct sp_rect){0, 0, 0, 0});
		canvas_finish(&c);
		sp_wr_finish(&z);
		free(data);
	}
}

static void test_damaged(void **state)
{
	struct canvas c;
	size_t n;
	uint8_t *data = wire(16, 12, 4, &n);
	struct sp_bitmap_rect b;

	canvas_init(&c);
	put(&c, rect(0, 0, 12, 4, 16), sp_span(data, n - 5));
	assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_ESHORT);
	sp_wr_reset(&c.w);
	b = rect(0, 0, 12, 4, 16);
	b.compressed = true;
	put(&c, b, sp_span("\xff", 1));
	assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_ECODEC);
	sp_wr_reset(&c.w);
	b = rect(0, 0, 9000, 9000, 32);
	b.compressed = true;
	put(&c, b, sp_span("\x30", 1));
	assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_ELIMIT);
	sp_wr_reset(&c.w);
	sp_bitmap_sync_write(&c.w);
	assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_EFIELD);
	assert_int_equal(sp_paint_palette(&c.p, sp_span(c.w.p, c.w.n)), SP_EFIELD);
	free(data);
	canvas_finish(&c);
}

static void cut(struct sp_span in, void *arg)
{
	struct canvas c;

	canvas_init(&c);
	assert_true(sp_paint_bitmap(&c.p, in, &c.changed) < 0);
	canvas_finish(&c);
}

static void test_truncated(void **state)
{
	struct canvas c;
	size_t n;
	uint8_t *data = wire(24, 8, 5, &n);

	canvas_init(&c);
	sp_bitmap_write(&c.w, 2);
	struct sp_bitmap_rect b = rect(1, 1, 8, 5, 24);
	b.data = sp_span(data, n);
	sp_bitmap_rect_write(&c.w, &b);
	b.left += 20;
	b.right += 20;
	sp_bitmap_rect_write(&c.w, &b);
	unit_truncate(sp_span(c.w.p, c.w.n), cut, NULL);
	free(data);
	canvas_finish(&c);
}

static void test_palette(void **state)
{
	uint8_t rgb[256][3] = {{0}};
	struct canvas c;
	uint8_t data[4] = {9, 9, 9, 9};

	rgb[9][0] = 0x11;
	rgb[9][1] = 0x22;
	rgb[9][2] = 0x33;
	canvas_init(&c);
	sp_bitmap_palette_write(&c.w, (const uint8_t(*)[3])rgb);
	assert_int_equal(sp_paint_palette(&c.p, sp_span(c.w.p, c.w.n)), SP_OK);
	assert_int_equal(sp_paint_palette(&c.p, sp_span(c.w.p, c.w.n - 1)), SP_ESHORT);
	sp_wr_reset(&c.w);
	put(&c, rect(0, 0, 4, 1, 8), sp_span(data, 4));
	assert_int_equal(sp_paint_bitmap(&c.p, sp_span(c.w.p, c.w.n), &c.changed), SP_OK);
	assert_memory_equal(c.fb + 4 * 3, "\x33\x22\x11\xff", 4);
	canvas_finish(&c);
}

static void test_surface(void **state)
{
	struct sp_paint_frame frame;
	struct canvas c;
	size_t n;
	uint8_t *data = wire(32, 10, 7, &n);
	struct sp_surfcmd s = {.type = SP_SURFCMD_FRAME_MARKER, .frame = 77};

	canvas_init(&c);
	sp_surfcmd_write(&c.w, &s);
	s = (struct sp_surfcmd){.type = SP_SURFCMD_STREAM_BITS,
			.left = 4,
			.top = 3,
			.width = 10,
			.height = 7,
			.bpp = 32,
			.data = sp_span(data, n)};
	sp_surfcmd_write(&c.w, &s);
	assert_int_equal(sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed, &frame), SP_OK);
	assert_false(frame.marker);
	expect(&c, 32, 4, 3, (struct sp_rect){4, 3, 10, 7});
	sp_surfcmd_write(&c.w,
			&(struct sp_surfcmd){
					.type = SP_SURFCMD_FRAME_MARKER, .end = true, .frame = 77});
	assert_int_equal(sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed, &frame), SP_OK);
	assert_true(frame.marker && frame.id == 77);
	s.codec = 3;
	sp_surfcmd_write(&c.w, &s);
	assert_int_equal(
			sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed, NULL), SP_EPROTO);
	sp_wr_reset(&c.w);
	s.codec = 0;
	s.bpp = 4;
	sp_surfcmd_write(&c.w, &s);
	assert_int_equal(
			sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed, NULL), SP_EFIELD);
	free(data);
	canvas_finish(&c);
}

/* Two flat halves, lower one darker; an encoded picture of 20 x 10 of them. */
static uint8_t *halves(void)
{
	uint8_t *px = malloc(4 * 20 * 10);

	for (size_t i = 0; i < 200; i++) {
		uint32_t v = i < 100 ? 0xff6688aau : 0xff223344u;

		memcpy(px + 4 * i, &v, 4);
	}
	return px;
}

static void near_halves(const struct canvas *c, int32_t top, struct sp_rect r)
{
	for (int32_t y = 0; y < H; y++) {
		for (int32_t x = 0; x < W; x++) {
			const uint8_t *px = c->fb + 4 * (y * W + x);
			bool in = x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h;
			uint32_t v = !in ? 0xcccccccc : y - top < 5 ? 0xff6688aau : 0xff223344u;

			for (size_t k = 0; k < 4; k++) {
				int want = v >> 8 * k & 0xff;

				assert_in_range(px[k], want > 4 ? want - 4 : 0, want + 4);
			}
		}
	}
}

static void encode(bool rfx, struct sp_wr *w)
{
	struct sp_rfx_conf conf = {.rlgr = SP_RLGR1,
			.w = 20,
			.h = 10,
			.n_quants = 1,
			.quant = {SP_RFX_QUANT_FINE}};
	struct sp_nsc_conf nsc = {.loss = 1};
	struct sp_rect all = {0, 0, 20, 10};
	uint8_t *px = halves();

	if (rfx) {
		struct sp_rfx_enc *e = sp_rfx_enc_create(&conf);

		assert_true(sp_rfx_encode(e, px, 80, &all, 1, w) > 0);
		sp_rfx_enc_destroy(e);
	} else {
		struct sp_nsc_enc *e = sp_nsc_enc_create();

		assert_true(sp_nsc_encode(e, &nsc, px + 80 * 9, -80, 20, 10, w) > 0);
		sp_nsc_enc_destroy(e);
	}
	free(px);
}

/* RemoteFX and NSCodec, within the frame, over its edge, beyond it, and where they were not offered. */
static void test_codecs(void **state)
{
	static const struct sp_rect places[] = {{7, 5, 20, 10}, {40, 35, 10, 5}, {60, 50, 0, 0}};

	for (size_t i = 0; i < 2 * SP_LEN(places); i++) {
		bool rfx = i % 2 == 0;
		struct sp_rect at = places[i / 2];
		struct sp_wr data;
		struct canvas c;

		canvas_init(&c);
		sp_wr_init(&data, 1 << 20);
		encode(rfx, &data);
		struct sp_surfcmd s = {.type = SP_SURFCMD_SET_BITS,
				.left = (uint16_t)at.x,
				.top = (uint16_t)at.y,
				.width = 20,
				.height = 10,
				.bpp = 32,
				.codec = rfx ? SP_PAINT_ID_RFX : SP_PAINT_ID_NSC,
				.data = sp_span(data.p, data.n)};
		sp_surfcmd_write(&c.w, &s);
		c.p.allowed[rfx ? SP_PAINT_NSC : SP_PAINT_RFX] = true;
		assert_int_equal(sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed, NULL),
				SP_EPROTO);
		c.p.allowed[rfx ? SP_PAINT_RFX : SP_PAINT_NSC] = true;
		assert_int_equal(sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed, NULL),
				SP_OK);
		near_halves(&c, at.y, at);
		assert_int_equal(c.changed.w, at.w);
		assert_int_equal(c.changed.h, at.h);
		s.data.n /= 2;
		sp_wr_reset(&c.w);
		sp_surfcmd_write(&c.w, &s);
		if (at.w > 0) {
			assert_true(sp_paint_surface(&c.p, sp_span(c.w.p, c.w.n), &c.changed,
						    NULL) < 0);
		}
		sp_wr_finish(&data);
		canvas_finish(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_raw),
			cmocka_unit_test(test_cut),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_palette),
			cmocka_unit_test(test_surface),
			cmocka_unit_test(test_codecs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
