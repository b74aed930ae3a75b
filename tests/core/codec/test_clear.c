/* tests/core/codec/test_clear.c - ClearCodec: the specification's examples, round trips, caches. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/codec/clear.h"
#include "frame.h"
#include "pictures.h"

/* Hash of all streams of the round trips: the same bytes with every vector unit. */
#define ENCODED 0x80dc2772c5525f3eu

struct pair {
	struct sp_clear_enc *enc;
	struct sp_clear_dec *dec;
	uint64_t hash;
};

static struct pair pair_make(void)
{
	struct pair p = {sp_clear_enc_create(), sp_clear_dec_create(), 0xcbf29ce484222325u};

	assert_non_null(p.enc);
	assert_non_null(p.dec);
	return p;
}

static void pair_free(struct pair *p)
{
	sp_clear_enc_destroy(p->enc);
	sp_clear_dec_destroy(p->dec);
}

/* Sends a picture and compares what arrives; returns the size of the stream. */
static size_t send(struct pair *p, const uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	struct frame f = frame_make(w, h);
	struct sp_wr out;
	size_t size;
	int n;

	sp_wr_init(&out, SP_CLEAR_BOUND(w, h));
	n = sp_clear_encode(p->enc, px, stride, w, h, &out);
	assert_true(n > 0 && (size_t)n == out.n);
	p->hash = picture_hash(p->hash, out.p, out.n);
	assert_int_equal(sp_clear_decode(p->dec, sp_span(out.p, out.n), frame_row(&f, 0), f.stride,
					 w, h),
			SP_OK);
	frame_check(&f);
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			const uint8_t *got = frame_row(&f, y) + 4 * (size_t)x;

			assert_memory_equal(got, px + y * stride + 4 * (size_t)x, 3);
			assert_int_equal(got[3], 0xff);
		}
	}
	size = out.n;
	sp_wr_finish(&out);
	free(f.p);
	return size;
}

#define PAGE_W 480
#define PAGE_H 200

/* A page of text: letters of recurring shapes with soft edges; first is the number of its top line. */
static void page(uint8_t *px, uint32_t first, uint32_t ink, uint32_t paper)
{
	for (uint32_t i = 0; i < PAGE_W * PAGE_H; i++) {
		memcpy(px + 4 * (size_t)i, &paper, 4);
	}
	for (uint32_t line = 0; line < PAGE_H / 16; line++) {
		uint32_t seed = (first + line) * 977 + 5;
		uint32_t letters = 10 + picture_random(&seed) % 50;

		for (uint32_t i = 0; i < letters; i++) {
			uint32_t shape = picture_random(&seed) % 30;
			uint32_t strokes = (shape + 1) * 2654435761u;

			for (uint32_t k = 0; k < 6 * 11 && shape > 4; k++) {
				uint32_t bit = strokes >> (k * 5 % 29) & 3;
				uint32_t soft = (ink >> 1 & 0x7f7f7f) + (paper >> 1 & 0x7f7f7f);
				size_t x = 6 + i * 7 + k % 6, y = line * 16 + 3 + k / 6;

				if (bit > 1) {
					memcpy(px + 4 * (y * PAGE_W + x), bit == 3 ? &ink : &soft,
							4);
				}
			}
		}
	}
}

static void test_spec_rlex(void **state)
{
	struct sp_span in = unit_vector("spec/MS-RDPEGFX-4.1.1.2-example-2-1.hex");
	struct sp_span want = unit_vector("spec/MS-RDPEGFX-4.1.1.2-decoded-by-libfreerdp2.bgrx");
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint8_t px[78 * 17 * 4];

	assert_int_equal(want.n, sizeof(px));
	assert_int_equal(sp_clear_decode(d, in, px, 4 * 78, 78, 17), SP_OK);
	for (size_t i = 0; i < sizeof(px); i += 4) {
		assert_memory_equal(px + i, want.p + i, 3);
	}
	sp_clear_dec_destroy(d);
}

/* [MS-RDPEGFX] 4.1.1.1 and 4.1.1.5: a glyph comes back, also in another shape. */
static void test_spec_glyph(void **state)
{
	struct sp_span hit = unit_vector("spec/MS-RDPEGFX-4.1.1.1-example-1.hex");
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint8_t px[72 * 4], want[72 * 4];

	assert_int_equal(sp_clear_decode(d, hit, px, 32, 8, 9), SP_ECODEC);
	sp_clear_dec_renumber(d);
	assert_int_equal(sp_clear_decode(d,
					 unit_hex("01c2 1100 08000000 00000000 00000000 "
						  "01020330 09080718"),
					 want, 32, 8, 9),
			SP_OK);
	assert_int_equal(sp_clear_decode(d, hit, px, 32, 8, 9), SP_OK);
	assert_memory_equal(px, want, sizeof(want));
	assert_int_equal(sp_clear_decode(d, unit_hex("03c4 1100"), px, 4, 1, 72), SP_OK);
	assert_memory_equal(px, want, sizeof(want));
	assert_int_equal(px[4 * 47], 1);
	assert_int_equal(px[4 * 48], 9);
	sp_clear_dec_destroy(d);
}

/* 4.1.1.3 and 4.1.1.4 take columns that were sent in earlier streams: those are black here. */
static void test_spec_bands(void **state)
{
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint8_t px[64 * 24 * 4];

	assert_int_equal(sp_clear_decode(d,
					 unit_vector("peer/freerdp/clearcodec/"
						     "TEST_CLEAR_EXAMPLE_3.bin"),
					 px, 4 * 64, 64, 24),
			SP_OK);
	for (size_t y = 0; y < 24; y++) {
		int want = y >= 3 && y <= 11 ? 0 : y == 22 ? 0xff : 0xfe;

		for (size_t x = 0; x < 64; x++) {
			assert_int_equal(px[4 * (64 * y + x) + 1], want);
		}
	}
	sp_clear_dec_renumber(d);
	assert_int_equal(sp_clear_decode(d, unit_vector("spec/MS-RDPEGFX-4.1.1.4-example-4-1.hex"),
					 px, 4 * 7, 7, 15),
			SP_OK);
	assert_memory_equal(px + 4 * (7 * 10), "\xdb\x90\x3a\xff", 4);
	assert_memory_equal(px + 4 * (7 * 14), "\xff\xff\xff\xff", 4);
	assert_memory_equal(px + 4 * (7 * 14 + 1), "\x00\x00\x00\xff", 4);
	sp_clear_dec_destroy(d);
}

static void test_round_trips(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 5, 8, 15, 16, 17, 33, 52, 53, 63, 64, 65, 129};
	struct pair p = pair_make();

	for (int kind = 0; kind < PICTURE_COUNT; kind++) {
		for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
			for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++) {
				uint32_t w = sides[i], h = sides[k];
				uint8_t *px = malloc(4 * (size_t)w * h);

				picture_make(px, kind, w, h, w * 131 + h);
				send(&p, px, 4 * (size_t)w, w, h);
				free(px);
			}
		}
		uint8_t *px = malloc((size_t)4 * 1300 * 300);

		picture_make(px, kind, 1300, 300, 7);
		send(&p, px, (size_t)4 * 1300, 1300, 300);
		send(&p, px, (size_t)4 * 300, 300, 1300);
		free(px);
	}
	print_message("encoded: %016llx\n", (unsigned long long)p.hash);
	assert_true(p.hash == ENCODED);
	pair_free(&p);
}

static void test_flat(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = malloc((size_t)4 * 1000 * 900);

	picture_make(px, FLAT, 1000, 900, 1);
	assert_int_equal(send(&p, px, 4000, 1000, 900), 2 + 12 + 10);
	assert_int_equal(send(&p, px, 4000, 200, 100), 2 + 12 + 6);
	assert_int_equal(send(&p, px, 4000, 20, 10), 2 + 12 + 4);
	free(px);
	pair_free(&p);
}

/* Text that is known costs two bytes a column and the headers of its lines. */
static void test_text_recurs(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);
	size_t sizes[6];

	for (uint32_t i = 0; i < 6; i++) {
		page(px, i * 3, 0x202020, 0xffffff);
		sizes[i] = send(&p, px, (size_t)4 * PAGE_W, PAGE_W, PAGE_H);
	}
	print_message("text: %zu %zu %zu %zu %zu %zu\n", sizes[0], sizes[1], sizes[2], sizes[3],
			sizes[4], sizes[5]);
	assert_true(sizes[5] * 2 < sizes[0]);
	assert_true(sizes[5] < (size_t)PAGE_H / 16 * (2 * PAGE_W + 8 * 11));
	free(px);
	pair_free(&p);
}

static void test_glyphs(void **state)
{
	struct pair p = pair_make();
	uint8_t px[4 * 32 * 32];

	picture_make(px, NOISE, 32, 32, 4);
	assert_true(send(&p, px, 128, 32, 32) > 3000);
	assert_int_equal(send(&p, px, 128, 32, 32), 4);
	assert_int_equal(send(&p, px, 64, 16, 64), 4);
	/* More than there are slots, so the first are forgotten, here as there. */
	for (uint32_t i = 0; i < 2 * SP_CLEAR_GLYPHS + 100; i++) {
		picture_make(px, NOISE, 4, 3, i * 9);
		send(&p, px, 16, 4, 3);
	}
	picture_make(px, NOISE, 32, 32, 4);
	assert_true(send(&p, px, 128, 32, 32) > 3000);
	assert_int_equal(send(&p, px, 128, 32, 32), 4);
	sp_clear_enc_reset(p.enc);
	assert_true(send(&p, px, 128, 32, 32) > 3000);
	pair_free(&p);
}

/* Both caches go round: lines that have too many colours for anything else. */
static void test_wrap(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = calloc((size_t)4 * 1024 * 18, 1);
	uint32_t seed = 9;

	for (int round = 0; round < 45; round++) {
		for (size_t i = 0; i < 1024 * 16; i++) {
			uint32_t color = picture_random(&seed) & 0xffffff;

			/* The upper or the lower half of a column. */
			if ((i & 1) == (i / 1024 < 8)) {
				color = 0;
			}
			memcpy(px + 4 * (1024 + i), &color, 4);
		}
		for (int again = 0; again < 3; again++) {
			size_t n = send(&p, px, (size_t)4 * 1024, 1024, 18);

			assert_true(again == 0 || n == 2 + 12 + 6 + 11 + 2 * 1024);
		}
		if (round == 40) {
			sp_clear_enc_reset(p.enc);
		}
	}
	free(px);
	pair_free(&p);
}

static void test_reset_and_restart(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);

	for (uint32_t i = 0; i < 12; i++) {
		page(px, i, 0x202020, 0xf0f0f0 - i % 3);
		send(&p, px, (size_t)4 * PAGE_W, PAGE_W, PAGE_H);
		if (i == 5) {
			sp_clear_enc_reset(p.enc);
		}
		if (i == 8) {
			sp_clear_enc_restart(p.enc);
			sp_clear_dec_renumber(p.dec);
		}
	}
	free(px);
	pair_free(&p);
}

static void test_save_and_load(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);
	struct sp_wr saved;

	for (uint32_t i = 0; i < 9; i++) {
		struct sp_clear_dec *other = sp_clear_dec_create();

		page(px, i * 2, 0x202020, 0xf0f0f0);
		send(&p, px, (size_t)4 * PAGE_W, PAGE_W, PAGE_H);
		send(&p, px, (size_t)4 * PAGE_W, 30, 30);
		sp_wr_init(&saved, 64u << 20);
		assert_int_equal(sp_clear_dec_save(p.dec, &saved), SP_OK);
		assert_int_equal(sp_clear_dec_load(other, sp_span(saved.p, saved.n)), SP_OK);
		sp_clear_dec_destroy(p.dec);
		p.dec = other;
		sp_wr_finish(&saved);
	}
	free(px);
	pair_free(&p);
}

static void load_cut(struct sp_span in, void *arg)
{
	assert_int_equal(sp_clear_dec_load(arg, in) == SP_OK, false);
}

static void test_load_damaged(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint32_t seed = 3;
	struct sp_wr saved;

	page(px, 1, 0, 0xffffff);
	for (int i = 0; i < 3; i++) {
		send(&p, px, (size_t)4 * PAGE_W, 70, 18);
		send(&p, px, (size_t)4 * PAGE_W, 10, 10);
	}
	sp_wr_init(&saved, 64u << 20);
	assert_int_equal(sp_clear_dec_save(p.dec, &saved), SP_OK);
	unit_truncate(sp_span(saved.p, saved.n), load_cut, d);
	for (int round = 0; round < 500; round++) {
		uint8_t *copy = unit_bent(
				sp_span(saved.p, saved.n), round % 2 ? saved.n : 20, &seed);

		(void)!sp_clear_dec_load(d, sp_span(copy, saved.n));
		free(copy);
	}
	sp_wr_finish(&saved);
	sp_clear_dec_destroy(d);
	free(px);
	pair_free(&p);
}

#define CUT_W 150
#define CUT_H 60

static void cut(struct sp_span in, void *arg)
{
	struct sp_clear_dec *d = sp_clear_dec_create();
	struct frame f = frame_make(CUT_W, CUT_H);

	assert_int_equal(sp_clear_decode(d, in, frame_row(&f, 0), f.stride, CUT_W, CUT_H),
			SP_ESHORT);
	frame_check(&f);
	free(f.p);
	sp_clear_dec_destroy(d);
}

static void test_truncated(void **state)
{
	struct sp_clear_enc *e = sp_clear_enc_create();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);
	struct sp_wr out;

	page(px, 1, 0x202020, 0xffffff);
	memset(px + (size_t)4 * PAGE_W * 32, 0xee, (size_t)4 * PAGE_W * 160);
	for (int i = 0; i < 3; i++) {
		sp_wr_init(&out, SP_CLEAR_BOUND(CUT_W, CUT_H));
		assert_true(sp_clear_encode(e, px, (size_t)4 * PAGE_W, CUT_W, CUT_H, &out) > 0);
		unit_truncate(sp_span(out.p, out.n), cut, NULL);
		sp_wr_finish(&out);
	}
	free(px);
	sp_clear_enc_destroy(e);
}

#define LAYERS(residual, bands, subcodecs) \
	"0000" residual "000000" bands "000000" subcodecs "000000"

static void test_damaged(void **state)
{
	const struct {
		const char *hex;
		int rc;
	} cases[] = {
			{"", SP_ESHORT},
			{"00", SP_ESHORT},
			{LAYERS("00", "00", "00"), SP_OK},
			{LAYERS("04", "00", "00") "01020340", SP_OK},
			{LAYERS("04", "00", "00") "01020320", SP_OK}, /* half of the picture */
			{LAYERS("04", "00", "00") "01020300", SP_OK},
			{LAYERS("06", "00", "00") "010203ff4000", SP_OK},
			{LAYERS("0a", "00", "00") "010203ffffff40000000", SP_OK},
			{LAYERS("04", "00", "00") "01020341", SP_ECODEC},
			{LAYERS("0a", "00", "00") "010203ffffffffffffff", SP_ECODEC},
			{LAYERS("03", "00", "00") "010203", SP_ECODEC},
			{LAYERS("05", "00", "00") "010203ff40", SP_ECODEC},
			{LAYERS("05", "00", "00") "01020340", SP_ESHORT},
			/* a band of a column: pixels, none, known, unknown, too many */
			{LAYERS("00", "10", "00") "0000 0000 0000 0700 010203 0102 090909", SP_OK},
			{LAYERS("00", "0d", "00") "0000 0000 0000 0700 010203 0000", SP_OK},
			{LAYERS("00", "0d", "00") "0000 0000 0000 0700 010203 0080", SP_OK},
			{LAYERS("00", "0e", "00") "0000 0000 0000 0700 010203 004004", SP_OK},
			{LAYERS("00", "0e", "00") "0000 0000 0000 0700 010203 0040ff", SP_OK},
			{LAYERS("00", "0d", "00") "0000 0000 0000 0700 010203 0201", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0000 0000 0000 0700 010203 0001", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0000 0000 0000 0700 010203 003f", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0000 0100 0000 0700 010203 0080", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0800 0800 0000 0700 010203 0080", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0100 0000 0000 0700 010203 0080", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0000 0000 0100 0000 010203 0080", SP_ECODEC},
			{LAYERS("00", "0d", "00") "0000 0000 0000 0800 010203 0080", SP_ECODEC},
			{LAYERS("00", "0a", "00") "0000 0000 0000 0700 0102", SP_ECODEC},
			/* subcodecs: raw, an unknown one, NSCodec, RLEX */
			{LAYERS("00", "00", "10") "0700 0700 0100 0100 03000000 00 010203", SP_OK},
			{LAYERS("00", "00", "10") "0800 0700 0100 0100 03000000 00 010203",
					SP_ECODEC},
			{LAYERS("00", "00", "10") "0700 0700 0200 0100 03000000 00 010203",
					SP_ECODEC},
			{LAYERS("00", "00", "10") "0700 0700 0000 0100 03000000 00 010203",
					SP_ECODEC},
			{LAYERS("00", "00", "10") "0700 0700 0100 0100 03000000 03 010203",
					SP_ECODEC},
			{LAYERS("00", "00", "10") "0700 0700 0100 0100 04000000 00 010203",
					SP_ECODEC},
			{LAYERS("00", "00", "10") "0700 0700 0100 0100 03000000 01 010203",
					SP_ECODEC},
			{LAYERS("00", "00", "25") "0700 0700 0100 0100 18000000 01 "
						  "01000000 01000000 01000000 01000000 01000000 "
						  "800000ff",
					SP_OK},
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "02 010203 040506 033e",
					SP_OK},
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "02 010203 040506 013f",
					SP_OK},
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "02 010203 040506 013e",
					SP_ECODEC}, /* a pixel is missing */
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "02 010203 040506 0340",
					SP_ECODEC}, /* one too many */
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "02 010203 040506 053e",
					SP_ECODEC}, /* a suite from before the palette */
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "03 010203 040506 033f",
					SP_ECODEC}, /* a palette without its end */
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "80 010203 040506 033f",
					SP_ECODEC},
			{LAYERS("00", "00", "16") "0000 0000 0800 0800 09000000 02 "
						  "00 010203 040506 033f",
					SP_ECODEC},
			{"0200"
			 "00000000 00000000 00000000",
					SP_ECODEC}, /* a hit of no glyph */
			{"0100", SP_ESHORT},
			{"0100a00f 00000000 00000000 00000000", SP_ECODEC},
			{"03000000", SP_ECODEC}, /* never stored */
			{"0300", SP_ESHORT},
	};
	uint8_t px[4 * 64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_clear_dec *d = sp_clear_dec_create();

		assert_int_equal(sp_clear_decode(d, unit_hex(cases[i].hex), px, 32, 8, 8),
				cases[i].rc);
		sp_clear_dec_destroy(d);
	}
}

static void test_numbers(void **state)
{
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint8_t px[4 * 1025];
	struct sp_span any = unit_hex("00fe 00000000 00000000 00000000");
	struct sp_span next = unit_hex("00ff 00000000 00000000 00000000");
	struct sp_span wrapped = unit_hex("0000 00000000 00000000 00000000");

	assert_int_equal(sp_clear_decode(d, any, px, 4, 1, 1), SP_OK);
	assert_int_equal(sp_clear_decode(d, next, px, 4, 1, 1), SP_OK);
	assert_int_equal(sp_clear_decode(d, wrapped, px, 4, 1, 1), SP_OK);
	assert_int_equal(sp_clear_decode(d, wrapped, px, 4, 1, 1), SP_ESTATE);
	assert_int_equal(sp_clear_decode(d, any, px, 4, 0, 1), SP_EARG);
	assert_int_equal(sp_clear_decode(d, any, px, 4, 1, 8193), SP_EARG);
	sp_clear_dec_renumber(d);
	assert_int_equal(sp_clear_decode(d, wrapped, px, 4, 1, 1), SP_OK);
	assert_int_equal(sp_clear_decode(d, unit_hex("0101 0100 00000000 00000000 00000000"), px,
					 4 * 1025, 1025, 1),
			SP_ECODEC); /* too large for a glyph */
	sp_clear_dec_destroy(d);
}

static void test_mutated(void **state)
{
	struct sp_clear_enc *e = sp_clear_enc_create();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);
	uint32_t seed = 11;
	struct sp_wr out;

	page(px, 1, 0x202020, 0xffffff);
	for (int i = 0; i < 4; i++) {
		sp_wr_init(&out, SP_CLEAR_BOUND(200, 50));
		assert_true(sp_clear_encode(e, px, (size_t)4 * PAGE_W, 200, 50, &out) > 0);
		for (int round = 0; round < 250; round++) {
			struct sp_clear_dec *d = sp_clear_dec_create();
			struct frame f = frame_make(200, 50);
			uint8_t *copy = unit_bent(sp_span(out.p, out.n), out.n, &seed);
			int rc = sp_clear_decode(d, sp_span(copy, out.n), frame_row(&f, 0),
					f.stride, 200, 50);
			assert_true(rc == SP_OK || rc == SP_ESHORT || rc == SP_ECODEC ||
					rc == SP_ESTATE);
			frame_check(&f);
			free(copy);
			free(f.p);
			sp_clear_dec_destroy(d);
		}
		sp_wr_finish(&out);
	}
	free(px);
	sp_clear_enc_destroy(e);
}

static void test_no_memory(void **state)
{
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H);
	bool done = false;

	page(px, 1, 0x202020, 0xffffff);
	for (long n = 0; !done; n++) {
		struct pair p = {0};
		struct frame f = frame_make(PAGE_W, PAGE_H);
		struct sp_wr out;

		sp_wr_init(&out, SP_CLEAR_BOUND(PAGE_W, PAGE_H));
		sp_mem_fail_after(n);
		p.enc = sp_clear_enc_create();
		p.dec = sp_clear_dec_create();
		if (p.enc && p.dec) {
			done = true;
			for (int i = 0; i < 4 && done; i++) {
				uint32_t w = i == 3 ? 20 : PAGE_W, h = i == 3 ? 20 : PAGE_H;
				int rc;

				sp_wr_reset(&out);
				rc = sp_clear_encode(p.enc, px, (size_t)4 * PAGE_W, w, h, &out);
				assert_true(rc > 0 || rc == SP_ENOMEM);
				if (rc > 0) {
					rc = sp_clear_decode(p.dec, sp_span(out.p, out.n),
							frame_row(&f, 0), f.stride, w, h);
					assert_true(rc == SP_OK || rc == SP_ENOMEM);
				}
				done = rc >= 0;
			}
		}
		sp_mem_fail_after(-1);
		sp_wr_finish(&out);
		free(f.p);
		pair_free(&p);
		assert_true(n < 300);
	}
	free(px);
}

static void test_encoder_refuses(void **state)
{
	struct pair p = pair_make();
	uint8_t *px = malloc((size_t)4 * PAGE_W * PAGE_H), small[1000];
	struct sp_wr out;

	sp_wr_fixed(&out, small, sizeof(small));
	assert_int_equal(sp_clear_encode(p.enc, px, 4, 0, 1, &out), SP_EARG);
	assert_int_equal(sp_clear_encode(p.enc, px, 4, 1, 8193, &out), SP_EARG);
	/* A stream that did not fit was not sent: what comes next still decodes. */
	page(px, 1, 0x202020, 0xffffff);
	for (int i = 0; i < 3; i++) {
		send(&p, px, (size_t)4 * PAGE_W, PAGE_W, PAGE_H);
		page(px, 7 + (uint32_t)i, 0x202020, 0xffffff);
		sp_wr_fixed(&out, small, sizeof(small));
		sp_wr_u8(&out, 1);
		assert_int_equal(sp_clear_encode(p.enc, px, (size_t)4 * PAGE_W, PAGE_W, PAGE_H,
						 &out),
				SP_ESPACE);
		assert_int_equal(out.n, 1);
	}
	send(&p, px, (size_t)4 * PAGE_W, PAGE_W, PAGE_H);
	free(px);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec_rlex),
			cmocka_unit_test(test_spec_glyph),
			cmocka_unit_test(test_spec_bands),
			cmocka_unit_test(test_round_trips),
			cmocka_unit_test(test_flat),
			cmocka_unit_test(test_text_recurs),
			cmocka_unit_test(test_glyphs),
			cmocka_unit_test(test_wrap),
			cmocka_unit_test(test_reset_and_restart),
			cmocka_unit_test(test_save_and_load),
			cmocka_unit_test(test_load_damaged),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_numbers),
			cmocka_unit_test(test_mutated),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_encoder_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
