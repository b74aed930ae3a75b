/* tests/core/codec/test_planar.c - planar bitmaps: vectors, round trips, damage, bounds. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/codec/planar.h"
#include "pictures.h"

#define CANARY 0xa5
/* Hash of all streams of the round trips: the same bytes with every vector unit. */
#define ENCODED 0x9c95313b165fde94u
#define LOSSY 0x3d9bd553eee5e74cu /* the same for the lossy ones */
#define MARGIN 3 /* pixels around the picture that must stay as they are */

/* A frame with a canary around a picture, decoded bottom-up. */
struct frame {
	uint32_t w, h;
	size_t stride;
	uint8_t *p;
};

static struct frame frame_make(uint32_t w, uint32_t h)
{
	struct frame f = {w, h, 4 * (size_t)(w + 2 * MARGIN), NULL};

	f.p = malloc(f.stride * (h + 2 * MARGIN));
	memset(f.p, CANARY, f.stride * (h + 2 * MARGIN));
	return f;
}

static uint8_t *frame_row(const struct frame *f, uint32_t y)
{
	return f->p + f->stride * (y + MARGIN) + 4 * MARGIN;
}

static int frame_decode(struct frame *f, struct sp_span in)
{
	return sp_planar_decode(
			in.p, in.n, frame_row(f, f->h - 1), -(ptrdiff_t)f->stride, f->w, f->h);
}

static void frame_check(const struct frame *f)
{
	for (uint32_t y = 0; y < f->h + 2 * MARGIN; y++) {
		for (size_t x = 0; x < f->stride; x++) {
			bool inside = y >= MARGIN && y < f->h + MARGIN && x >= 4 * MARGIN &&
					x < f->stride - 4 * MARGIN;

			if (!inside) {
				assert_int_equal(f->p[y * f->stride + x], CANARY);
			}
		}
	}
}

static void check_vector(const char *name, uint32_t w, uint32_t h)
{
	char path[128];
	struct frame f = frame_make(w, h);
	struct sp_span in, bmp;

	snprintf(path, sizeof(path), "peer/ironrdp/rdp6-planar/%s.bin", name);
	in = unit_vector(path);
	snprintf(path, sizeof(path), "peer/ironrdp/rdp6-planar/%s.bmp", name);
	bmp = unit_vector(path);
	assert_int_equal(frame_decode(&f, in), SP_OK);
	frame_check(&f);
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) { /* the file took the stream for a top-down one */
			assert_memory_equal(frame_row(&f, y) + 4 * (size_t)x,
					bmp.p + 54 + 3 * ((size_t)y * w + x), 3);
		}
	}
	free(f.p);
}

static void test_vectors(void **state)
{
	check_vector("32x64_rgb_raw", 32, 64);
	check_vector("64x24_argb_rle", 64, 24);
	check_vector("64x64_aycocg_rle", 64, 64);
	check_vector("64x64_ycocg_raw_ss", 64, 64);
	check_vector("64x64_ycocg_rle_ss", 64, 64);
	check_vector("64x35_ycocg_rle_ss", 64, 35);
}

/* [MS-RDPEGDI] 3.1.9.2.1: the scan lines that the text encodes step by step. */
static void test_spec_example(void **state)
{
	static const uint8_t want[3][6] = {{255, 255, 255, 255, 254, 253},
			{254, 192, 132, 96, 75, 25}, {253, 140, 62, 14, 135, 193}};
	struct sp_span plane = unit_hex("13 FF 20 FE FD 60 01 7D F5 C2 9A 38 60 01 67 8B A3 78 AF");
	uint8_t in[128] = {0x30};
	uint8_t out[3][6 * 4];

	for (size_t i = 0; i < 3; i++) {
		memcpy(in + 1 + i * plane.n, plane.p, plane.n);
	}
	assert_int_equal(
			sp_planar_decode(in, 1 + 3 * plane.n, out[0], sizeof(out[0]), 6, 3), SP_OK);
	for (size_t y = 0; y < 3; y++) {
		for (size_t x = 0; x < 6; x++) {
			for (size_t c = 0; c < 4; c++) {
				assert_int_equal(out[y][4 * x + c], c < 3 ? want[y][x] : 255);
			}
		}
	}
}

static void round_trip(enum picture kind, uint32_t w, uint32_t h, bool alpha, uint64_t *hash)
{
	uint32_t padded = (w + 3) & ~3u;
	uint8_t *px = malloc(4 * (size_t)w * h);
	struct frame f = frame_make(padded, h);
	struct sp_wr out;
	int n;

	picture_make(px, kind, w, h, w * 131 + h);
	sp_wr_init(&out, SP_PLANAR_ROOM);
	n = sp_planar_encode(px + 4 * (size_t)w * (h - 1), -4 * (ptrdiff_t)w, w, h, alpha, &out);
	assert_true(n > 0 && n == (int)out.n && n <= SP_PLANAR_BOUND);
	*hash = picture_hash(*hash, out.p, out.n);
	assert_int_equal(frame_decode(&f, sp_span(out.p, out.n)), SP_OK);
	frame_check(&f);
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < padded; x++) {
			const uint8_t *want = px + 4 * ((size_t)y * w + (x < w ? x : w - 1));
			const uint8_t *got = frame_row(&f, y) + 4 * (size_t)x;

			assert_memory_equal(got, want, 3);
			assert_int_equal(got[3], 0xff);
		}
	}
	sp_wr_finish(&out);
	free(f.p);
	free(px);
}

/* As many columns as the picture, as the graphics pipeline wants them. */
static void exact_trip(enum picture kind, uint32_t w, uint32_t h)
{
	uint8_t *px = malloc(4 * (size_t)w * h);
	struct frame f = frame_make(w, h);
	struct sp_wr out;

	picture_make(px, kind, w, h, w * 131 + h);
	sp_wr_init(&out, SP_PLANAR_ROOM);
	assert_true(sp_planar_encode_exact(px, 4 * (ptrdiff_t)w, w, h, &out) > 0);
	assert_int_equal(sp_planar_decode(out.p, out.n, frame_row(&f, 0),
					 frame_row(&f, 1) - frame_row(&f, 0), w, h),
			SP_OK);
	frame_check(&f);
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			assert_memory_equal(frame_row(&f, y) + 4 * (size_t)x,
					px + 4 * ((size_t)y * w + x), 3);
		}
	}
	sp_wr_finish(&out);
	free(f.p);
	free(px);
}

static void test_exact(void **state)
{
	for (int kind = 0; kind < PICTURE_COUNT; kind++) {
		for (uint32_t w = 1; w <= 64; w++) {
			exact_trip(kind, w, 1 + w * 7 % 64);
		}
	}
}

static void test_round_trips(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 48, 63, 64};
	uint64_t hash = 0xcbf29ce484222325u;

	for (int kind = 0; kind < PICTURE_COUNT; kind++) {
		for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
			for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++) {
				round_trip(kind, sides[i], sides[k], (i + k) % 3 == 0, &hash);
			}
		}
	}
	print_message("encoded: %016llx\n", (unsigned long long)hash);
	assert_true(hash == ENCODED);
}

static void lossy_round_trip(enum picture kind, uint32_t w, uint32_t h, struct sp_planar_conf conf,
		uint64_t *hash)
{
	uint32_t wide = conf.padded ? (w + 3) & ~3u : w;
	uint8_t *px = malloc(4 * (size_t)w * h);
	struct frame f = frame_make(wide, h);
	struct sp_wr out;
	int n;

	picture_make(px, kind, w, h, w * 131 + h);
	sp_wr_init(&out, SP_PLANAR_ROOM);
	n = sp_planar_encode_lossy(
			&conf, px + 4 * (size_t)w * (h - 1), -4 * (ptrdiff_t)w, w, h, &out);
	assert_true(n > 0 && n == (int)out.n && n <= SP_PLANAR_BOUND);
	*hash = picture_hash(*hash, out.p, out.n);
	assert_int_equal(frame_decode(&f, sp_span(out.p, out.n)), SP_OK);
	frame_check(&f);
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < wide; x++) {
			const uint8_t *want = px + 4 * ((size_t)y * w + (x < w ? x : w - 1));
			const uint8_t *got = frame_row(&f, y) + 4 * (size_t)x;
			bool grey = kind == TEXT;

			/* What was dropped, and half of what chroma is measured in. */
			for (int i = 0; i < 3 && (!conf.subsample || grey); i++) {
				assert_true(abs(want[i] - got[i]) <=
						(grey ? 0 : (2 << conf.loss) + 3));
			}
			assert_int_equal(got[3], 0xff);
		}
	}
	sp_wr_finish(&out);
	free(f.p);
	free(px);
}

static void test_lossy(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 4, 5, 15, 16, 17, 33, 49, 63, 64};
	uint64_t hash = 0xcbf29ce484222325u;

	for (int kind = 0; kind < PICTURE_COUNT; kind++) {
		for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
			for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++) {
				struct sp_planar_conf conf = {(i + k) % 2, (i + k) % 3 == 0,
						(uint8_t)((i + k) % 7 + 1), (2 * i + k) % 5 < 2};

				lossy_round_trip(kind, sides[i], sides[k], conf, &hash);
			}
		}
	}
	print_message("encoded: %016llx\n", (unsigned long long)hash);
	assert_true(hash == LOSSY);
}

static void test_encoder_refuses(void **state)
{
	struct sp_planar_conf conf = {.loss = 1};
	uint8_t px[4 * 64] = {0};
	uint8_t small[100];
	struct sp_wr out;

	sp_wr_fixed(&out, small, sizeof(small));
	assert_int_equal(sp_planar_encode(px, 256, 65, 1, false, &out), SP_EARG);
	assert_int_equal(sp_planar_encode(px, 256, 0, 1, false, &out), SP_EARG);
	assert_int_equal(sp_planar_encode(px, 256, 64, 1, false, &out), SP_ESPACE);
	sp_wr_fixed(&out, small, sizeof(small));
	assert_int_equal(sp_planar_encode_lossy(&conf, px, 256, 65, 1, &out), SP_EARG);
	assert_int_equal(sp_planar_encode_lossy(&conf, px, 256, 1, 0, &out), SP_EARG);
	assert_int_equal(sp_planar_encode_lossy(&conf, px, 256, 64, 1, &out), SP_ESPACE);
	conf.loss = 8;
	assert_int_equal(sp_planar_encode_lossy(&conf, px, 256, 64, 1, &out), SP_EARG);
	conf.loss = 0;
	assert_int_equal(sp_planar_encode_lossy(&conf, px, 256, 64, 1, &out), SP_EARG);
}

static void cut(struct sp_span in, void *arg)
{
	struct frame f = frame_make(64, 35);

	assert_int_equal(frame_decode(&f, in), SP_ESHORT);
	frame_check(&f);
	free(f.p);
}

static void test_truncated(void **state)
{
	unit_truncate(unit_vector("peer/ironrdp/rdp6-planar/64x35_ycocg_rle_ss.bin"), cut, NULL);
}

static void test_damaged(void **state)
{
	uint8_t out[4 * 8 * 2];
	const struct {
		const char *hex;
		int rc;
	} cases[] = {
			{"", SP_ESHORT},
			{"30", SP_ESHORT},
			{"30 00", SP_ECODEC}, /* a segment of nothing */
			{"30 09", SP_ECODEC}, /* a run past the row */
			{"30 02", SP_ECODEC}, /* a long run past the row */
			{"30 90 000000000000000000", SP_ECODEC}, /* raw past the row */
			{"28 00", SP_ECODEC}, /* subsampling without AYCoCg */
			{"30 08 08 08 08 08", SP_ESHORT}, /* a row is missing */
			{"30 08 08 08 08 08 08", SP_OK},
			{"30 08 08 08 08 08 08 99", SP_OK},
			{"30 80 0102030405060708 08 08 08 08 08", SP_OK},
			{"30 80 01020304050607", SP_ESHORT},
			{"20 00", SP_ESHORT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_span in = unit_hex(cases[i].hex);

		assert_int_equal(sp_planar_decode(in.p, in.n, out, 32, 8, 2), cases[i].rc);
	}
	assert_int_equal(sp_planar_decode(out, 1, out, 32, 0, 2), SP_EARG);
	assert_int_equal(sp_planar_decode(out, 1, out, 32, 8193, 2), SP_EARG);
	assert_int_equal(sp_planar_decode(out, 1, out, 32, 2, 8193), SP_EARG);
}

static void test_mutated(void **state)
{
	struct sp_span in = unit_vector("peer/ironrdp/rdp6-planar/64x64_aycocg_rle.bin");
	uint32_t seed = 5;

	for (int round = 0; round < 3000; round++) {
		struct frame f = frame_make(64, 64);
		uint8_t *copy = unit_bent(in, in.n, &seed);
		int rc = frame_decode(&f, sp_span(copy, in.n));
		assert_true(rc == SP_OK || rc == SP_ESHORT || rc == SP_ECODEC);
		frame_check(&f);
		free(copy);
		free(f.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_vectors),
			cmocka_unit_test(test_spec_example),
			cmocka_unit_test(test_round_trips),
			cmocka_unit_test(test_exact),
			cmocka_unit_test(test_lossy),
			cmocka_unit_test(test_encoder_refuses),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
