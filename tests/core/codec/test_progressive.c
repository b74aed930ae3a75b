/* tests/core/codec/test_progressive.c - progressive tiles against the spec, and there and back. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/codec/progressive.h"
#include "core/codec/progressive_core.h"
#include "core/codec/rfx.h"
#include "pictures.h"

#define W 150 /* 3 x 2 tiles, none of the last row or column whole */
#define H 100
#define STRIDE (4 * W + 12)
#define COLUMNS 3
#define ROWS 2
#define ALL ((struct sp_rect){0, 0, W, H})
#define ENOUGH ((size_t)1 << 24)

static struct sp_rfx_work work;

static struct sp_prog_enc *enc_create(bool diff)
{
	struct sp_prog_enc *e = sp_prog_enc_create(W, H, diff);

	assert_non_null(e);
	return e;
}

static struct sp_prog_dec *dec_create(void)
{
	struct sp_prog_dec *d = sp_prog_dec_create(W, H, ENOUGH);

	assert_non_null(d);
	return d;
}

static void picture(uint8_t *px, enum picture kind, uint32_t seed)
{
	static uint8_t dense[4 * W * H];

	picture_make(dense, kind, W, H, seed);
	memset(px, 0xaa, (size_t)STRIDE * H);
	for (size_t y = 0; y < H; y++) {
		memcpy(px + y * STRIDE, dense + y * 4 * W, (size_t)4 * W);
	}
}

static double psnr(const uint8_t *a, const uint8_t *b)
{
	double sum = 0;

	for (size_t y = 0; y < H; y++) {
		for (size_t x = 0; x < (size_t)4 * W; x++) {
			int d = x % 4 == 3 ? 0 : a[y * STRIDE + x] - b[y * STRIDE + x];

			sum += d * d;
		}
	}
	return sum == 0 ? 99 : 10 * log10(255.0 * 255.0 * 3 * W * H / sum);
}

static struct sp_span wrap(const struct sp_prog_enc *e, struct sp_wr *tiles, uint32_t n,
		const struct sp_rect *rects, size_t nrects, struct sp_wr *out)
{
	struct sp_prog_part part = {sp_span(tiles->p, tiles->n), n};

	sp_wr_init(out, ENOUGH);
	assert_true(sp_prog_enc_stream(e, rects, nrects, &part, 1, out) > 0);
	assert_int_equal(out->n,
			tiles->n + SP_PROG_STREAM_BYTES(nrects) -
					(SP_PROG_STREAM_BYTES(0) -
							(12 + 10 + 12 + 18 + 5 * 6 + 16 * 2 + 6)));
	return sp_span(out->p, out->n);
}

/* A stream of all tiles, as a buffer that the caller finishes. */
static void encode(struct sp_prog_enc *e, const uint8_t *px, enum sp_prog_quality q,
		enum sp_prog_how how, struct sp_wr *out)
{
	struct sp_wr tiles;
	struct sp_rect all = ALL;

	sp_wr_init(&tiles, ENOUGH);
	for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
		size_t before = tiles.n;
		int n = sp_prog_enc_tile(
				e, &work, px, STRIDE, i % COLUMNS, i / COLUMNS, q, how, &tiles);

		assert_true(n > 0 && before + (size_t)n == tiles.n);
	}
	wrap(e, &tiles, COLUMNS * ROWS, &all, 1, out);
	sp_wr_finish(&tiles);
}

/* The next pass of all tiles; false, and no buffer, when there is none. */
static bool upgrade(struct sp_prog_enc *e, struct sp_wr *out)
{
	struct sp_wr tiles;
	struct sp_rect all = ALL;
	uint32_t got = 0;

	sp_wr_init(&tiles, ENOUGH);
	for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
		unsigned left = sp_prog_enc_left(e, i % COLUMNS, i / COLUMNS);
		int n = sp_prog_enc_upgrade(e, &work, i % COLUMNS, i / COLUMNS, &tiles);

		assert_true(n >= 0);
		assert_int_equal(n > 0, left > 0);
		got += n > 0;
	}
	wrap(e, &tiles, got, &all, 1, out);
	sp_wr_finish(&tiles);
	if (got == 0) {
		sp_wr_finish(out);
	}
	return got > 0;
}

static int decode(struct sp_prog_dec *d, const struct sp_wr *in, uint32_t frame, uint8_t *px)
{
	struct sp_rect changed[4];

	return sp_prog_decode(d, sp_span(in->p, in->n), frame, px, STRIDE, changed, 4);
}

/* ---- the spec's example ---- */

static const struct sp_prog_pass to_50 = {
		.n = 3,
		.band = {{0, 5, 4, 0, 0, false}, {5, 5, 3, 1, 1, false}, {10, 4, 2, 2, 2, true}},
};
static const struct sp_prog_pass to_100 = {
		.n = 3,
		.band = {{0, 5, 0, 0, 0, false}, {5, 5, 1, 0, 0, false}, {10, 4, 2, 0, 0, true}},
};
/* DwtQ of frame 1, and what frame 2 has in place of what the decoder then has. */
static const int16_t frame1[14] = {-34, -13, 15, -3, 0, 0, -7, 5, -3, 9, 15, 17, -9, 12};
static const int16_t frame2[14] = {32, 11, -12, 0, 1, 3, -1, 1, 0, -7, 12, -3, 30, -7};

static void pass_is(const struct sp_prog_pass *pass, const int16_t *sb, const int16_t *had,
		const int16_t *want, const uint64_t signs[4], struct sp_span srl,
		struct sp_span raw)
{
	int16_t coef[SP_RFX_COEFS] = {0}, before[SP_RFX_COEFS] = {0}, after[SP_RFX_COEFS] = {0};
	uint64_t known[SP_RFX_MASK] = {signs[0]}, negative[SP_RFX_MASK] = {signs[1]};
	uint8_t made_srl[64], made_raw[SP_PROG_RAW_MAX];
	struct sp_prog_passed made;

	memcpy(coef, sb, 14 * sizeof(*coef));
	assert_int_equal(sp_prog_pass_write(sp_rfx_kernel(sp_cpu_best()), pass, coef, before, after,
					 made_srl, sizeof(made_srl), made_raw, &made),
			SP_OK);
	unit_assert_span(sp_span(made_srl, made.srl_n), srl);
	unit_assert_span(sp_span(made_raw, made.raw_n), raw);

	memset(coef, 0, sizeof(coef));
	memcpy(coef, had, 14 * sizeof(*coef));
	assert_int_equal(sp_prog_pass_read(pass, coef, known, negative, srl, raw), SP_OK);
	assert_memory_equal(coef, want, 14 * sizeof(*coef));
	assert_int_equal(coef[14], 0);
	assert_int_equal(known[0], signs[2]);
	assert_int_equal(negative[0], signs[3]);
	if (srl.n > 0) {
		struct sp_span cut = {srl.p, srl.n - 1};

		memset(known, 0, sizeof(known));
		assert_int_equal(
				sp_prog_pass_read(pass, coef, known, negative, sp_span("", 0), raw),
				SP_ECODEC);
		assert_true(cut.n < srl.n);
	}
}

static void test_example(void **state)
{
	(void)state;
	const int16_t had1[14] = {-32, 0, 0, 0, 0, 0, 0, 0, 0, 8, 12, 16, -12, 12};
	const int16_t want1[14] = {-34, -13, 15, -3, 0, 0, -6, 4, -2, 8, 12, 16, -12, 12};
	const uint64_t signs1[4] = {0x201, 0x001, 0x3cf, 0x14b};

	pass_is(&to_50, frame1, had1, want1, signs1, unit_hex("a0018000c949e0"), unit_hex("20"));

	const int16_t had2[14] = {-2, -13, 15, -3, 0, 0, -6, 4, -2, 8, 24, 12, 16, 4};
	const int16_t want2[14] = {-2, -2, 3, -3, 1, 2, -6, 4, -2, 2, 24, 12, 16, 4};
	const uint64_t signs2[4] = {0x001, 0x000, 0x237, 0x204};

	/* As printed ("80 07 00 16 9c") the value 1 behind the run of one zero is missing. */
	pass_is(&to_50, frame2, had2, want2, signs2, unit_hex("80070015a700"), unit_hex("00"));

	const int16_t want3[14] = {-2, -2, 3, -3, 1, 3, -7, 5, -2, 1, 24, 13, 18, 5};
	const uint64_t signs3[4] = {0x237, 0x204, 0x2f7, 0x244};

	pass_is(&to_100, frame2, want2, want3, signs3, unit_hex("b0"), unit_hex("c640"));
}

/* Frame 1 at 25%: what the first pass makes of the coefficients. */
static void test_example_first(void **state)
{
	(void)state;
	struct sp_span rlgr = unit_hex("a8626dfff700");
	const int16_t want[14] = {-2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 1, -7, 6};
	int16_t coef[SP_RFX_COEFS];

	sp_rfx_kernel(sp_cpu_best())->rlgr_decode(SP_RLGR1, rlgr.p, rlgr.n, coef);
	assert_memory_equal(coef, want, sizeof(want));
}

/* Any coefficients and any steps: what was written is read, and in the end all of it. */
static void test_passes(void **state)
{
	(void)state;
	const uint16_t *at = sp_rfx_band_at[SP_RFX_REDUCE];
	uint32_t seed = 7;

	for (unsigned round = 0; round < 60; round++) {
		static int16_t coef[SP_RFX_COEFS], got[SP_RFX_COEFS], a[SP_RFX_COEFS],
				b[SP_RFX_COEFS];
		static uint8_t srl[1 << 18], raw[SP_PROG_RAW_MAX];
		uint64_t known[SP_RFX_MASK], negative[SP_RFX_MASK] = {0};
		struct sp_prog_quant bits;
		unsigned dense = round % 5 + 1;

		for (size_t i = 0; i < SP_RFX_BANDS; i++) {
			bits.q[i] = (uint8_t)(picture_random(&seed) % 9);
		}
		for (size_t i = 0; i < SP_RFX_COEFS; i++) {
			uint32_t r = picture_random(&seed);

			coef[i] = r % (1u << 2 * dense) != 0 ? 0
							     : (int16_t)((r >> 12) % 1024 - 512);
		}
		sp_prog_cut(coef, &bits, got);
		sp_rfx_kernel(sp_cpu_best())->mark(got, known);
		for (size_t i = 0; i < SP_RFX_COEFS; i++) {
			negative[i / 64] |= (uint64_t)(got[i] < 0) << i % 64;
		}
		for (size_t i = 0; i < SP_RFX_BANDS; i++) {
			for (size_t j = at[i]; j < at[i + 1]; j++) {
				got[j] = (int16_t)(got[j] * (1 << bits.q[i]));
			}
		}
		for (bool done = false; !done;) {
			struct sp_prog_pass pass = {.n = SP_RFX_BANDS};
			struct sp_prog_passed made;

			done = true;
			for (size_t i = 0; i < SP_RFX_BANDS; i++) {
				uint8_t from = bits.q[i];

				bits.q[i] = (uint8_t)(round % 3 == 0 ? 0
								     : picture_random(&seed) %
										(from + 1u));
				done = done && bits.q[i] == 0;
				pass.band[i] = (struct sp_prog_band){at[i],
						(uint16_t)(at[i + 1] - at[i]), from, bits.q[i],
						bits.q[i], i == SP_RFX_LL3};
			}
			assert_int_equal(sp_prog_pass_write(sp_rfx_kernel(sp_cpu_best()), &pass,
							 coef, a, b, srl, sizeof(srl), raw, &made),
					SP_OK);
			assert_int_equal(sp_prog_pass_read(&pass, got, known, negative,
							 sp_span(srl, made.srl_n),
							 sp_span(raw, made.raw_n)),
					SP_OK);
		}
		assert_memory_equal(got, coef, sizeof(coef));
	}
}

static void test_pass_space(void **state)
{
	(void)state;
	static int16_t coef[SP_RFX_COEFS], a[SP_RFX_COEFS], b[SP_RFX_COEFS];
	static uint8_t srl[4096], raw[SP_PROG_RAW_MAX];
	const struct sp_prog_pass pass = {.n = 1, .band = {{0, 4096, 8, 0, 0, false}}};
	struct sp_prog_passed made;

	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		coef[i] = 255;
	}
	assert_int_equal(sp_prog_pass_write(sp_rfx_kernel(sp_cpu_best()), &pass, coef, a, b, srl,
					 sizeof(srl), raw, &made),
			SP_ESPACE);
}

/* ---- there and back ---- */

static const double least[PICTURE_COUNT][SP_PROG_QUALITIES] = {
		[FLAT] = {45, 45, 45},
		[GRADIENT] = {42, 38, 34},
		[TEXT] = {38, 30, 24},
		[NOISE] = {26, 20, 14},
		[DITHER] = {14, 14, 14},
		[STRIPES] = {30, 26, 20},
		[MIXED] = {30, 24, 20},
};

static void test_whole(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], got[STRIDE * H];

	for (unsigned kind = 0; kind < PICTURE_COUNT; kind++) {
		picture(px, (enum picture)kind, kind);
		for (unsigned q = 0; q < SP_PROG_QUALITIES; q++) {
			struct sp_prog_enc *e = enc_create(false);
			struct sp_prog_dec *d = dec_create();
			struct sp_rect changed[1];
			struct sp_wr out;

			encode(e, px, (enum sp_prog_quality)q, SP_PROG_WHOLE, &out);
			assert_int_equal(sp_prog_enc_memory(e), 0);
			memset(got, 0x55, sizeof(got));
			assert_int_equal(sp_prog_decode(d, sp_span(out.p, out.n), 1, got, STRIDE,
							 changed, 1),
					1);
			assert_memory_equal(&changed[0], &ALL, sizeof(ALL));
			double p = psnr(px, got);

			if (p < least[kind][q]) {
				fail_msg("picture %u quality %u: %.1f dB", kind, q, p);
			}
			for (size_t y = 0; y < H; y++) {
				for (size_t x = (size_t)4 * W; x < STRIDE; x++) {
					assert_int_equal(got[y * STRIDE + x], 0x55);
				}
			}
			sp_wr_finish(&out);
			sp_prog_enc_destroy(e);
			sp_prog_dec_destroy(d);
		}
	}
}

/* Passes make it better, never worse, and end in what one pass says. */
static void test_upgrades(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], once[STRIDE * H], got[STRIDE * H];

	for (unsigned i = 0; i < 2 * PICTURE_COUNT * SP_PROG_QUALITIES; i++) {
		enum picture kind = (enum picture)(i % PICTURE_COUNT);
		enum sp_prog_quality q =
				(enum sp_prog_quality)(i / PICTURE_COUNT % SP_PROG_QUALITIES);
		struct sp_prog_enc *e = enc_create(i % 2), *plain = enc_create(false);
		struct sp_prog_dec *d = dec_create(), *d1 = dec_create();
		struct sp_wr out;

		picture(px, kind, i);
		encode(plain, px, q, SP_PROG_WHOLE, &out);
		assert_int_equal(decode(d1, &out, 1, once), 1);
		size_t whole = out.n, coarse;

		sp_wr_finish(&out);
		encode(e, px, q, SP_PROG_COARSE, &out);
		assert_int_equal(decode(d, &out, 1, got), 1);
		coarse = out.n;
		sp_wr_finish(&out);
		if (kind == TEXT || kind == NOISE || kind == STRIPES) {
			assert_true(coarse < whole * 7 / 10);
		}
		double was = psnr(px, got);
		unsigned passes = 0;

		for (uint32_t frame = 2; upgrade(e, &out); frame++, passes++) {
			assert_int_equal(decode(d, &out, frame, got), 1);
			double now = psnr(px, got);

			assert_true(now >= was - 0.3);
			was = now;
			sp_wr_finish(&out);
		}
		sp_wr_finish(&out);
		assert_int_equal(passes, kind == FLAT ? 0 : SP_PROG_UPGRADES);
		assert_memory_equal(got, once, (size_t)4 * W);
		for (size_t y = 0; y < H; y++) {
			assert_memory_equal(got + y * STRIDE, once + y * STRIDE, (size_t)4 * W);
		}
		assert_int_equal(sp_prog_enc_memory(e) == 0, i % 2 == 0 || kind == FLAT);
		sp_prog_enc_destroy(e);
		sp_prog_enc_destroy(plain);
		sp_prog_dec_destroy(d);
		sp_prog_dec_destroy(d1);
	}
}

static void spot(uint8_t *px, size_t x, size_t y, uint32_t color)
{
	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 3; j++) {
			memcpy(px + (y + i) * STRIDE + 4 * (x + j), &color, 4);
		}
	}
}

/* A small change costs little, whatever passes were there before, and ends in the same picture. */
static void test_difference(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], once[STRIDE * H], got[STRIDE * H];

	for (unsigned i = 0; i < 8 * PICTURE_COUNT; i++) {
		struct sp_prog_enc *e = enc_create(true), *plain = enc_create(false);
		struct sp_prog_dec *d = dec_create(), *d1 = dec_create();
		struct sp_wr out;
		uint32_t frame = 1;

		picture(px, (enum picture)(i % PICTURE_COUNT), i);
		encode(e, px, SP_PROG_GOOD, i & 8 ? SP_PROG_COARSE : SP_PROG_WHOLE, &out);
		assert_int_equal(decode(d, &out, frame++, got), 1);
		size_t first = out.n;

		sp_wr_finish(&out);
		for (unsigned n = 0; n < i / PICTURE_COUNT % 3 && upgrade(e, &out); n++) {
			assert_int_equal(decode(d, &out, frame++, got), 1);
			sp_wr_finish(&out);
		}
		if (i & 16) {
			sp_prog_enc_settle(e, 0, 0);
			assert_int_equal(sp_prog_enc_left(e, 0, 0), 0);
		}
		spot(px, 20, 20, 0x00ff3020);
		encode(e, px, SP_PROG_GOOD, i & 8 ? SP_PROG_COARSE : SP_PROG_WHOLE, &out);
		if (!(i & 8) && i % PICTURE_COUNT != FLAT) {
			assert_true(out.n < first / 2 + 400);
		}
		do {
			assert_int_equal(decode(d, &out, frame++, got), 1);
			sp_wr_finish(&out);
		} while (upgrade(e, &out));
		sp_wr_finish(&out);
		encode(plain, px, SP_PROG_GOOD, SP_PROG_WHOLE, &out);
		assert_int_equal(decode(d1, &out, 1, once), 1);
		sp_wr_finish(&out);
		for (size_t y = 0; y < H; y++) {
			assert_memory_equal(got + y * STRIDE, once + y * STRIDE, (size_t)4 * W);
		}
		sp_prog_enc_destroy(e);
		sp_prog_enc_destroy(plain);
		sp_prog_dec_destroy(d);
		sp_prog_dec_destroy(d1);
	}
}

/* Another quality is no base for a difference; nor is what was before a reset. */
static void test_no_difference(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], got[STRIDE * H];
	struct sp_prog_enc *e = enc_create(true);
	struct sp_wr a, b;

	picture(px, TEXT, 3);
	encode(e, px, SP_PROG_GOOD, SP_PROG_WHOLE, &a);
	sp_wr_finish(&a);
	sp_prog_enc_reset(e);
	assert_int_equal(sp_prog_enc_memory(e), 0);
	encode(e, px, SP_PROG_FAIR, SP_PROG_WHOLE, &a);
	encode(e, px, SP_PROG_FINE, SP_PROG_WHOLE, &b);
	for (unsigned i = 0; i < 2; i++) {
		struct sp_prog_dec *d = dec_create();

		assert_int_equal(decode(d, i ? &b : &a, 1, got), 1);
		assert_true(psnr(px, got) > least[TEXT][i ? SP_PROG_FINE : SP_PROG_FAIR]);
		sp_prog_dec_destroy(d);
	}
	sp_wr_finish(&a);
	sp_wr_finish(&b);
	sp_prog_enc_destroy(e);
}

/* ---- what is painted where ---- */

static void test_rects(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], want[STRIDE * H], got[STRIDE * H];
	const struct sp_rect rects[] = {{3, 5, 20, 10}, {60, 60, 70, 30}, {149, 99, 1, 1}};
	const struct sp_rect later[] = {{30, 5, 90, 40}, {3, 5, 1, 1}};
	struct sp_prog_enc *e = enc_create(false);
	struct sp_prog_dec *d = dec_create();
	struct sp_rect changed[4];
	struct sp_wr out, tiles;

	picture(px, STRIPES, 1);
	encode(e, px, SP_PROG_GOOD, SP_PROG_WHOLE, &out);
	assert_int_equal(decode(d, &out, 1, want), 1);
	sp_wr_finish(&out);
	sp_prog_dec_reset(d);
	assert_int_equal(sp_prog_dec_memory(d), 0);

	sp_wr_init(&tiles, ENOUGH);
	for (uint32_t i = 0; i < COLUMNS * ROWS; i++) {
		assert_true(sp_prog_enc_tile(e, &work, px, STRIDE, i % COLUMNS, i / COLUMNS,
					    SP_PROG_GOOD, SP_PROG_WHOLE, &tiles) > 0);
	}
	wrap(e, &tiles, COLUMNS * ROWS, rects, 3, &out);
	memset(got, 0, sizeof(got));
	assert_int_equal(sp_prog_decode(d, sp_span(out.p, out.n), 2, got, STRIDE, changed, 4), 3);
	assert_memory_equal(changed, rects, sizeof(rects));
	assert_int_equal(sp_prog_decode(d, sp_span(out.p, out.n), 2, got, STRIDE, changed, 2), 2);
	assert_memory_equal(&changed[1], &((struct sp_rect){60, 60, 90, 40}), sizeof(*changed));
	sp_wr_finish(&out);

	/* The same frame's tiles serve another region, those of a frame before do not. */
	sp_wr_reset(&tiles);
	wrap(e, &tiles, 0, later, 2, &out);
	for (uint32_t frame = 3; frame > 1; frame--) {
		assert_int_equal(sp_prog_decode(d, sp_span(out.p, out.n), frame, got, STRIDE,
						 changed, 4),
				2);
		for (size_t y = 0; y < H; y++) {
			for (size_t x = 0; x < W; x++) {
				bool in = false;

				for (size_t i = 0; i < 5; i++) {
					struct sp_rect r = i < 3 ? rects[i] : later[i - 3];

					in = in ||
							((i < 3 || frame == 2) &&
									sp_rect_contains(r,
											(struct sp_rect){
													(int32_t)x,
													(int32_t)y,
													1,
													1}));
				}
				uint32_t a, b = 0;

				memcpy(&a, got + y * STRIDE + 4 * x, 4);
				if (in) {
					memcpy(&b, want + y * STRIDE + 4 * x, 4);
				}
				assert_int_equal(a, b);
			}
		}
	}
	sp_wr_finish(&out);
	sp_wr_finish(&tiles);
	sp_prog_enc_destroy(e);
	sp_prog_dec_destroy(d);
}

/* ---- what a peer may not do ---- */

static const struct bad {
	size_t at; /* in the stream of one tile that test_fields makes */
	uint8_t v;
	int rc;
} bads[] = {
		{2, 5, SP_EFIELD}, /* blockLen of sync below its header */
		{13, 0xcd, SP_OK}, /* an unknown block is passed over */
		{18 + 1, 32, SP_EFIELD}, /* tileSize of the context */
		{34 + 0, 0xc5, SP_EFIELD}, /* a tile where a region stands */
		{34 + 6, 63, SP_EFIELD}, /* tileSize of the region */
		{34 + 7, 0, SP_EFIELD}, /* numRects */
		{34 + 9, 8, SP_EFIELD}, /* numQuant */
		{34 + 12, 2, SP_ESHORT}, /* numTiles */
		{34 + 12, 0, SP_ETRAIL}, {34 + 17, 0xff, SP_ESHORT}, /* tileDataSize */
		{34 + 26, 0x06, SP_EFIELD}, /* a quant of 0 */
		{34 + 26 + 30 + 1, 0x99, SP_EFIELD}, /* bits above 8 */
		{34 + 88 + 0, 0xc4, SP_EFIELD}, /* not a tile */
		{34 + 88 + 3, 0xff, SP_ESHORT}, /* its length */
		{34 + 88 + 6, 6, SP_EFIELD}, /* quantIdxY */
		{34 + 88 + 7, 7, SP_EFIELD}, /* quantIdxCb */
		{34 + 88 + 9, 3, SP_EFIELD}, /* xIdx */
		{34 + 88 + 11, 2, SP_EFIELD}, /* yIdx */
		{34 + 88 + 14, 2, SP_EFIELD}, /* progressiveQuality */
		{34 + 88 + 14, 1, SP_OK}, {34 + 88 + 14, 0xff, SP_OK},
		{34 + 88 + 15 + 7, 0x7f, SP_ESHORT}, /* tailLen */
};

static void test_fields(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], got[STRIDE * H];
	struct sp_prog_enc *e = enc_create(false);
	struct sp_rect all = ALL;
	struct sp_wr tiles, out, up;

	picture(px, TEXT, 1);
	sp_wr_init(&tiles, ENOUGH);
	assert_true(sp_prog_enc_tile(e, &work, px, STRIDE, 1, 1, SP_PROG_GOOD, SP_PROG_COARSE,
				    &tiles) > 0);
	wrap(e, &tiles, 1, &all, 1, &out);
	for (size_t i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		struct sp_prog_dec *d = dec_create();
		uint8_t was = out.p[bads[i].at];

		out.p[bads[i].at] = bads[i].v;
		int rc = decode(d, &out, 1, got);

		if ((rc < 0 ? rc : SP_OK) != bads[i].rc) {
			fail_msg("case %zu: %s", i, sp_err_name(rc));
		}
		out.p[bads[i].at] = was;
		sp_prog_dec_destroy(d);
	}

	struct sp_prog_dec *d = dec_create();
	uint8_t length[2] = {out.p[34 + 88 + 2], out.p[34 + 88 + 3]};

	out.p[34 + 88 + 2] = 5;
	out.p[34 + 88 + 3] = 0;
	assert_int_equal(decode(d, &out, 1, got), SP_EFIELD);
	memcpy(&out.p[34 + 88 + 2], length, 2);

	/* Upgrades need a first pass, its bands and its quantization. */
	sp_prog_dec_reset(d);
	sp_wr_reset(&tiles);
	assert_true(sp_prog_enc_upgrade(e, &work, 1, 1, &tiles) > 0);
	wrap(e, &tiles, 1, &all, 1, &up);
	assert_int_equal(decode(d, &up, 1, got), SP_ESTATE);
	sp_prog_dec_reset(d);
	assert_int_equal(decode(d, &out, 1, got), 1);
	up.p[34 + 11] ^= 1; /* another layout */
	assert_int_equal(decode(d, &up, 2, got), SP_EFIELD);
	up.p[34 + 11] ^= 1;
	up.p[34 + 88 + 6] ^= 1; /* the chroma's table, which is the same for this quality */
	up.p[34 + 88 + 7] = 5; /* another one */
	assert_int_equal(decode(d, &up, 2, got), SP_EFIELD);
	up.p[34 + 88 + 7] = 3;
	assert_int_equal(decode(d, &up, 2, got), 1);
	/* Nothing is taken away again, and the same twice says nothing. */
	assert_int_equal(decode(d, &up, 2, got), 1);
	up.p[34 + 88 + 13] = 0;
	assert_int_equal(decode(d, &up, 2, got), SP_EFIELD);
	sp_prog_dec_destroy(d);

	/* Beyond what the state may take. */
	for (size_t max = 0;; max += 3000) {
		d = sp_prog_dec_create(W, H, max);
		int rc = decode(d, &out, 1, got);

		assert_true(sp_prog_dec_memory(d) <= max);
		sp_prog_dec_destroy(d);
		if (rc == 1) {
			assert_in_range(max, 11000, 15000);
			break;
		}
		assert_int_equal(rc, SP_ELIMIT);
	}
	/* What the header says a tile may take does for tiles that have everything. */
	picture(px, NOISE, 1);
	d = sp_prog_dec_create(W, H, COLUMNS * ROWS * SP_PROG_STATE_MAX);
	sp_wr_finish(&out);
	encode(e, px, SP_PROG_FINE, SP_PROG_COARSE, &out);
	assert_int_equal(decode(d, &out, 1, got), 1);
	assert_int_equal(sp_prog_dec_memory(d), COLUMNS * ROWS * SP_PROG_STATE_MAX);
	sp_prog_dec_destroy(d);
	sp_wr_finish(&out);
	sp_wr_finish(&up);
	sp_wr_finish(&tiles);
	sp_prog_enc_destroy(e);
}

/* Rectangles cost what they cost; a stream cannot make the decoder paint without end. */
static void test_limits(void **state)
{
	(void)state;
	struct sp_prog_dec *d = sp_prog_dec_create(SP_PIXEL_SIDE_MAX, SP_PIXEL_SIDE_MAX, ENOUGH);
	struct sp_prog_enc *e = sp_prog_enc_create(SP_PIXEL_SIDE_MAX, SP_PIXEL_SIDE_MAX, false);
	struct sp_rect rects[40], changed[1];
	struct sp_wr out;
	uint8_t px[4];

	for (size_t i = 0; i < 40; i++) {
		rects[i] = (struct sp_rect){0, 0, SP_PIXEL_SIDE_MAX, SP_PIXEL_SIDE_MAX};
	}
	sp_wr_init(&out, ENOUGH);
	assert_true(sp_prog_enc_stream(e, rects, 40, NULL, 0, &out) > 0);
	assert_int_equal(sp_prog_decode(d, sp_span(out.p, out.n), 1, px, 4, changed, 1), SP_ELIMIT);
	assert_int_equal(sp_prog_decode(d, sp_span(out.p, out.n), 1, px, 4, changed, 0), SP_EARG);
	sp_wr_finish(&out);
	rects[0].w++;
	assert_int_equal(sp_prog_enc_stream(e, rects, 1, NULL, 0, &out), SP_EARG);
	assert_int_equal(sp_prog_enc_stream(e, rects, 0, NULL, 0, &out), SP_EARG);
	sp_prog_dec_destroy(d);
	sp_prog_enc_destroy(e);
	assert_null(sp_prog_dec_create(0, 1, 1));
	assert_null(sp_prog_dec_create(1, SP_PIXEL_SIDE_MAX + 1, 1));
	assert_null(sp_prog_enc_create(0, 1, false));
}

/* ---- damage ---- */

/* The three streams of a coarse picture and its upgrades. */
static void three(struct sp_wr out[3])
{
	static uint8_t px[STRIDE * H];
	struct sp_prog_enc *e = enc_create(true);

	picture(px, MIXED, 5);
	encode(e, px, SP_PROG_GOOD, SP_PROG_COARSE, &out[0]);
	assert_true(upgrade(e, &out[1]));
	assert_true(upgrade(e, &out[2]));
	sp_prog_enc_destroy(e);
}

struct cut_arg {
	struct sp_prog_dec *d;
	struct sp_span state;
};

static void cut(struct sp_span in, void *arg)
{
	static uint8_t got[STRIDE * H];
	struct cut_arg *a = arg;
	struct sp_rect changed[2];

	if (in.n % 3 != 0 && in.n > 300) {
		return;
	}
	if (a->state.n > 0) {
		assert_int_equal(sp_prog_dec_load(a->d, a->state), SP_OK);
	} else {
		sp_prog_dec_reset(a->d);
	}
	int rc = sp_prog_decode(a->d, in, 2, got, STRIDE, changed, 2);

	/* Whole blocks may be missing; half ones are not passed over. */
	assert_true(rc == SP_ESHORT || rc == 0 || rc == 1);
}

static void test_truncated(void **state)
{
	(void)state;
	static uint8_t got[STRIDE * H];
	struct sp_prog_dec *d = dec_create();
	struct cut_arg arg = {.d = dec_create()};
	struct sp_wr out[3], saved;

	three(out);
	unit_truncate(sp_span(out[0].p, out[0].n), cut, &arg);
	assert_int_equal(decode(d, &out[0], 1, got), 1);
	sp_wr_init(&saved, ENOUGH);
	assert_int_equal(sp_prog_dec_save(d, &saved), SP_OK);
	arg.state = sp_span(saved.p, saved.n);
	unit_truncate(sp_span(out[1].p, out[1].n), cut, &arg);
	for (size_t i = 0; i < 3; i++) {
		sp_wr_finish(&out[i]);
	}
	sp_wr_finish(&saved);
	sp_prog_dec_destroy(d);
	sp_prog_dec_destroy(arg.d);
}

static void test_mutated(void **state)
{
	(void)state;
	static uint8_t got[STRIDE * H];
	struct sp_wr out[3];
	uint32_t seed = 11;

	three(out);
	for (unsigned round = 0; round < 250; round++) {
		struct sp_prog_dec *d = dec_create();

		for (size_t i = 0; i < 3; i++) {
			struct sp_span in = sp_span(out[i].p, out[i].n);
			uint8_t *copy = unit_bent(in, round % 2 ? 160 : in.n, &seed);
			struct sp_rect changed[2];
			int rc = sp_prog_decode(d, sp_span(copy, out[i].n), (uint32_t)i, got,
					STRIDE, changed, 2);

			assert_true(rc <= 2);
			free(copy);
		}
		sp_prog_dec_destroy(d);
	}
	for (size_t i = 0; i < 3; i++) {
		sp_wr_finish(&out[i]);
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], got[STRIDE * H], want[STRIDE * H];
	struct sp_wr out[3];
	struct sp_prog_dec *fine = dec_create();

	three(out);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(decode(fine, &out[i], 1, want), 1);
	}
	sp_prog_dec_destroy(fine);
	for (long n = 0;; n++) {
		int rc = SP_ENOMEM;

		sp_mem_fail_after(n);
		struct sp_prog_dec *d = sp_prog_dec_create(W, H, ENOUGH);

		for (size_t i = 0; d && i < 3; i++) {
			rc = decode(d, &out[i], 1, got);
			if (rc == SP_ENOMEM) {
				/* An upgrade of what failed is not taken for one. */
				sp_mem_fail_after(-1);
				assert_true(decode(d, &out[1], 1, got) <= 1);
				break;
			}
		}
		sp_mem_fail_after(-1);
		sp_prog_dec_destroy(d);
		if (rc == 1) {
			for (size_t y = 0; y < H; y++) {
				assert_memory_equal(
						got + y * STRIDE, want + y * STRIDE, (size_t)4 * W);
			}
			break;
		}
		assert_int_equal(rc, SP_ENOMEM);
	}
	for (size_t i = 0; i < 3; i++) {
		sp_wr_finish(&out[i]);
	}

	/* The encoder: a tile that failed begins anew, and nothing of it is left in out. */
	picture(px, NOISE, 2);
	for (long n = 0;; n++) {
		struct sp_wr tiles;
		int rc = SP_ENOMEM;

		sp_wr_init(&tiles, ENOUGH);
		sp_mem_fail_after(n);
		struct sp_prog_enc *e = sp_prog_enc_create(W, H, true);

		if (e) {
			rc = sp_prog_enc_tile(e, &work, px, STRIDE, 0, 0, SP_PROG_GOOD,
					SP_PROG_COARSE, &tiles);
			sp_mem_fail_after(-1);
			if (rc < 0) {
				assert_int_equal(rc, SP_ENOMEM);
				assert_true(tiles.n == 0 || sp_wr_ok(&tiles) != SP_OK);
				assert_int_equal(sp_prog_enc_left(e, 0, 0), 0);
				assert_int_equal(sp_prog_enc_memory(e), 0);
			}
		}
		sp_mem_fail_after(-1);
		sp_prog_enc_destroy(e);
		sp_wr_finish(&tiles);
		if (rc > 0) {
			break;
		}
	}
}

/* No room for a tile is an error, and the next one is not sent as if this one had been. */
static void test_no_space(void **state)
{
	(void)state;
	static uint8_t px[STRIDE * H], room[600];
	struct sp_prog_enc *e = enc_create(true);
	struct sp_wr out;

	picture(px, NOISE, 2);
	sp_wr_fixed(&out, room, sizeof(room));
	assert_int_equal(sp_prog_enc_tile(e, &work, px, STRIDE, 0, 0, SP_PROG_GOOD, SP_PROG_WHOLE,
					 &out),
			SP_ESPACE);
	assert_int_equal(sp_prog_enc_memory(e), 0);
	assert_int_equal(sp_prog_enc_tile(e, &work, px, STRIDE, 3, 0, SP_PROG_GOOD, SP_PROG_WHOLE,
					 &out),
			SP_EARG);
	assert_int_equal(sp_prog_enc_upgrade(e, &work, 9, 9, &out), 0);
	sp_prog_enc_destroy(e);
}

/* ---- saved and loaded ---- */

static void load_cut(struct sp_span in, void *arg)
{
	if (in.n % 7 == 0 || in.n < 200) {
		assert_true(sp_prog_dec_load(arg, in) < 0);
		assert_int_equal(sp_prog_dec_memory(arg), 0);
	}
}

static void test_saved(void **state)
{
	(void)state;
	static uint8_t got[STRIDE * H], other[STRIDE * H], px[STRIDE * H];
	struct sp_prog_enc *e = enc_create(true);
	struct sp_prog_dec *d = dec_create();
	struct sp_wr s[8];
	uint32_t n = 0, seed = 3;

	picture(px, TEXT, 5);
	encode(e, px, SP_PROG_GOOD, SP_PROG_COARSE, &s[n++]);
	upgrade(e, &s[n++]);
	spot(px, 70, 70, 0xff00ff00);
	encode(e, px, SP_PROG_GOOD, SP_PROG_WHOLE, &s[n++]);
	picture(px, MIXED, 5);
	encode(e, px, SP_PROG_FAIR, SP_PROG_COARSE, &s[n++]);
	upgrade(e, &s[n++]);
	upgrade(e, &s[n++]);
	for (uint32_t at = 0; at <= n; at++) {
		struct sp_prog_dec *fresh = dec_create();
		struct sp_wr saved, again;

		sp_wr_init(&saved, ENOUGH);
		sp_wr_init(&again, ENOUGH);
		sp_prog_dec_reset(d);
		for (uint32_t i = 0; i < at; i++) {
			assert_int_equal(decode(d, &s[i], i, got), 1);
		}
		assert_int_equal(sp_prog_dec_save(d, &saved), SP_OK);
		assert_int_equal(sp_prog_dec_load(fresh, sp_span(saved.p, saved.n)), SP_OK);
		assert_int_equal(sp_prog_dec_memory(fresh), sp_prog_dec_memory(d));
		assert_int_equal(sp_prog_dec_save(fresh, &again), SP_OK);
		unit_assert_span(sp_span(again.p, again.n), sp_span(saved.p, saved.n));
		memcpy(other, got, sizeof(got));
		for (uint32_t i = at; i < n; i++) {
			assert_int_equal(decode(d, &s[i], i, got), 1);
			assert_int_equal(decode(fresh, &s[i], i, other), 1);
			assert_memory_equal(got, other, sizeof(got));
		}
		if (at == 1 || at == n) {
			unit_truncate(sp_span(saved.p, saved.n), load_cut, fresh);
		}
		for (unsigned i = 0; i < 200 && at == 1; i++) {
			size_t where = picture_random(&seed) % (i % 2 ? 60 : saved.n);
			uint8_t was = saved.p[where];

			saved.p[where] = (uint8_t)picture_random(&seed);
			if (sp_prog_dec_load(fresh, sp_span(saved.p, saved.n)) == SP_OK) {
				assert_true(decode(fresh, &s[1], 1, other) <= 1);
			}
			saved.p[where] = was;
		}
		sp_wr_finish(&saved);
		sp_wr_finish(&again);
		sp_prog_dec_destroy(fresh);
	}
	while (n > 0) {
		sp_wr_finish(&s[--n]);
	}
	sp_prog_enc_destroy(e);
	sp_prog_dec_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_example),
			cmocka_unit_test(test_example_first),
			cmocka_unit_test(test_passes),
			cmocka_unit_test(test_pass_space),
			cmocka_unit_test(test_whole),
			cmocka_unit_test(test_upgrades),
			cmocka_unit_test(test_difference),
			cmocka_unit_test(test_no_difference),
			cmocka_unit_test(test_rects),
			cmocka_unit_test(test_fields),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_mutated),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_no_space),
			cmocka_unit_test(test_saved),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
