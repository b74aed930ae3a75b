/* tests/core/codec/test_interleaved.c - interleaved RLE: vectors, round trips, damage, bounds. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/codec/interleaved.h"
#include "pictures.h"

#define MARGIN 16 /* bytes of canary before and behind each picture */
#define CANARY 0xa5
/* Hash of all streams of the round trips: the same bytes with every vector unit. */
#define ENCODED 0xf4600b822d0b27ddu

static const unsigned depths[] = {8, 15, 16, 24};

/* Decodes top-down into memory with canaries; the result is the caller's to free, at + MARGIN. */
static int decode(unsigned depth, struct sp_span in, uint32_t w, uint32_t h, uint8_t **out)
{
	size_t n = 4 * (size_t)w * h;
	uint8_t *p = malloc(n + 2 * MARGIN);
	struct sp_palette pal;
	int rc;

	sp_pixel_palette332(&pal);
	memset(p, CANARY, n + 2 * MARGIN);
	rc = sp_interleaved_decode(depth, &pal, in.p, in.n, p + MARGIN, 4 * (ptrdiff_t)w, w, h);
	for (size_t i = 0; i < MARGIN; i++) {
		assert_int_equal(p[i], CANARY);
		assert_int_equal(p[MARGIN + n + i], CANARY);
	}
	*out = p;
	return rc;
}

/* Decodes and compares with wire pixels in the order of the stream. */
static void check(unsigned depth, struct sp_span in, uint32_t w, uint32_t h, struct sp_span want)
{
	size_t bytes = sp_pixel_bytes(depth);
	uint8_t *wire = malloc(w * h * bytes), *px;

	assert_int_equal(decode(depth, in, w, h, &px), SP_OK);
	sp_pixel_pack(depth, wire, px + MARGIN, (size_t)w * h);
	assert_true(want.n >= w * h * bytes);
	assert_memory_equal(wire, want.p, w * h * bytes);
	free(px);
	free(wire);
}

static void test_spec_vectors(void **state)
{
	check(16, unit_vector("spec/MS-RDPEGDI-4.2.2-cache-bitmap-revision-2-2.hex"), 32, 32,
			unit_vector("spec/MS-RDPEGDI-4.2.2-cache-bitmap-revision-2-3.hex"));
	check(8, unit_vector("spec/MS-RDPEGDI-4.2.1-cache-bitmap-revision-1-2.hex"), 16, 1,
			unit_hex("00000000000000000000000000000000"));
}

static void test_captured_tiles(void **state)
{
	static const struct {
		const char *name;
		uint32_t h;
	} tiles[] = {
			{"27019fd9f222cebce9dfebcddb12bfa0", 64},
			{"284f668a9366a95e45f15b6bf634a633", 64},
			{"28c08e75c82ab598c5ab85d1bfc00253", 64},
			{"2de3f3262a5eeecc3152552c178b782a", 64},
			{"3fc8124af9be2fe88b445db60c36eddc", 64},
			{"4d75aa6a18c435c6230ba739b802a861", 64},
			{"8b8ccc77526730d0cd8989901cc031ec", 64},
			{"aa326e7a536cc8a0420c44bdf4ef8d97", 64},
	};
	char path[160];

	for (size_t i = 0; i < sizeof(tiles) / sizeof(*tiles); i++) {
		uint8_t *px;

		snprintf(path, sizeof(path), "peer/ironrdp/rle/tile-%s-compressed.bin",
				tiles[i].name);
		struct sp_span in = unit_vector(path);
		snprintf(path, sizeof(path), "peer/ironrdp/rle/tile-%s-decompressed.bin",
				tiles[i].name);
		/* Some hold 56 rows only; a stream says nothing about its size. */
		uint32_t h = decode(16, in, 64, 64, &px) == SP_OK ? 64 : 56;
		free(px);
		check(16, in, 64, h, unit_vector(path));
	}
}

/* Another encoder's streams decode to the pixels that it was given. */
static void test_peer_encoder(void **state)
{
	static const unsigned peer_depths[] = {15, 16, 24};
	char path[160];

	for (size_t i = 0; i < 3; i++) {
		size_t bytes = sp_pixel_bytes(peer_depths[i]);
		uint8_t wire[64 * 64 * 3], *px;

		/* Number 2 is our own pixel format. */
		struct sp_span bmp = unit_vector(
				"peer/freerdp/interleaved/interleaved-bmp-encoder_test_02.bin");
		snprintf(path, sizeof(path),
				"peer/freerdp/interleaved/interleaved-enc-%u-encoder_test_02.bin",
				peer_depths[i]);
		assert_int_equal(decode(peer_depths[i], unit_vector(path), 64, 64, &px), SP_OK);
		sp_pixel_pack(peer_depths[i], wire, bmp.p, 64 * 64);
		uint8_t got[64 * 64 * 3];
		sp_pixel_pack(peer_depths[i], got, px + MARGIN, 64 * 64);
		/* Its encoder begins with the last row. */
		for (size_t y = 0; y < 64; y++) {
			assert_memory_equal(got + y * 64 * bytes, wire + (63 - y) * 64 * bytes,
					64 * bytes);
		}
		free(px);
	}
}

/* Every order by hand, 8 bits per pixel, 8 columns: what each draws in the first row and below. */
static void test_orders(void **state)
{
	static const struct {
		const char *stream, *want;
	} cases[] = {
			/* background: black in the first row, then the row above */
			{"08 84 01020304 04 08",
					"0000000000000000 0102030400000000 fe02030400000000"},
			{"00 00", NULL}, /* 32 pixels, more than there are */
			/* foreground: white at first; set foreground */
			{"28 28 08", "ffffffffffffffff 0000000000000000 0000000000000000"},
			{"c8 55 28 08", "5555555555555555 0000000000000000 0000000000000000"},
			/* foreground/background images, LSB first */
			{"41 0f 41 f0 08", "ffffffff00000000 ffffffffffffffff ffffffffffffffff"},
			{"d1 11 03 40 0f 03 00",
					"1111000000000000 0000000000000000 0000000000000000"},
			{"f9 fa 08", "ffff000000000000 00ffff0000000000 00ffff0000000000"},
			/* colour run, across rows; dithered run counts pairs */
			{"78 07 e8 01 02", "0707070707070707 0707070707070707 0707070707070707"},
			{"ec 01 02", "0102010201020102 0102010201020102 0102010201020102"},
			/* single pixels and MEGA_MEGA */
			{"fd fe f4 0600 010203040506 f3 1000 09",
					"ff00010203040506 0909090909090909 0909090909090909"},
			/* two background runs with an implied pixel; none between first row and second */
			{"03 05 08 08", "000000ff00000000 000000ff00000000 ff0000ff00000000"},
			{"f1 0800 f2 0800 01 f0 0800",
					"ffffffffffffffff 00ffffffffffffff 00ffffffffffffff"},
			{"f6 0800 22 f7 0800 33 02 f8 0400 0102",
					"2222222222222222 2211222222222222 0102010201020102"},
	};
	struct sp_palette gray;

	for (uint32_t i = 0; i < 256; i++) {
		gray.bgrx[i] = 0xff000000u | i * 0x010101u;
	}
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_span in = unit_hex(cases[i].stream);
		uint8_t px[8 * 3 * 4];
		int rc = sp_interleaved_decode(8, &gray, in.p, in.n, px, 32, 8, 3);

		if (!cases[i].want) {
			assert_int_equal(rc, SP_ECODEC);
			continue;
		}
		struct sp_span want = unit_hex(cases[i].want);
		/* A stream that leaves rows out of its example is short by exactly those. */
		if (rc != SP_OK) {
			print_message("case %zu: %d\n", i, rc);
		}
		assert_int_equal(rc, SP_OK);
		for (size_t k = 0; k < want.n; k++) {
			assert_int_equal(px[4 * k], want.p[k]);
		}
	}
}

static void test_damaged(void **state)
{
	static const struct {
		const char *hex;
		int rc;
	} cases[] = {
			{"", SP_ESHORT},
			{"00", SP_ESHORT},
			{"60", SP_ESHORT},
			{"6f", SP_ESHORT},
			{"a1", SP_ECODEC},
			{"bf", SP_ECODEC},
			{"f5 0100", SP_ECODEC},
			{"fb", SP_ECODEC},
			{"fc", SP_ECODEC},
			{"ff", SP_ECODEC},
			{"f0 00", SP_ESHORT},
			{"f0 0000", SP_ECODEC},
			{"f0 1900", SP_ECODEC},
			{"83 0102", SP_ESHORT},
			{"41", SP_ESHORT},
			{"c4", SP_ESHORT},
			{"d1 01", SP_ESHORT},
			{"e2 01", SP_ESHORT},
			{"ed 01 02", SP_ECODEC},
			{"18", SP_OK},
			{"0c 0b", SP_ESHORT},
			{"18 ff", SP_OK},
	};
	struct sp_palette pal;
	uint8_t px[8 * 3 * 4];

	sp_pixel_palette332(&pal);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_span in = unit_hex(cases[i].hex);
		int rc = sp_interleaved_decode(8, &pal, in.p, in.n, px, 32, 8, 3);

		if (rc != cases[i].rc) {
			print_message("%s: %d\n", cases[i].hex, rc);
		}
		assert_int_equal(rc, cases[i].rc);
	}
	assert_int_equal(sp_interleaved_decode(8, NULL, px, 1, px, 32, 8, 3), SP_EARG);
	assert_int_equal(sp_interleaved_decode(32, &pal, px, 1, px, 32, 8, 3), SP_EARG);
	assert_int_equal(sp_interleaved_decode(16, &pal, px, 1, px, 32, 0, 3), SP_EARG);
	assert_int_equal(sp_interleaved_decode(16, &pal, px, 1, px, 32, 8, 8193), SP_EARG);
}

static size_t round_trip(unsigned depth, enum picture kind, uint32_t w, uint32_t h, uint64_t *hash)
{
	uint32_t padded = (w + 3) & ~3u;
	size_t bytes = sp_pixel_bytes(depth), size;
	uint8_t *px = malloc(4 * (size_t)w * h), *got, *want = malloc(4 * (size_t)w);
	struct sp_wr out;
	int n;

	picture_make(px, kind, w, h, w * 131 + h);
	sp_wr_init(&out, 64 * 64 * 3);
	n = sp_interleaved_encode(depth, px, 4 * (ptrdiff_t)w, w, h, &out);
	assert_true(n >= 0 && n == (int)out.n && (size_t)n < padded * h * bytes);
	if (n > 0) {
		assert_int_equal(decode(depth, sp_span(out.p, out.n), padded, h, &got), SP_OK);
		for (uint32_t y = 0; y < h; y++) {
			const uint8_t *row = got + MARGIN + 4 * (size_t)padded * y;

			sp_pixel_quantize(depth, want, px + 4 * (size_t)w * y, w);
			assert_memory_equal(row, want, 4 * (size_t)w);
			for (uint32_t x = w; x < padded; x++) {
				assert_memory_equal(row + 4 * (size_t)x, want + 4 * (w - 1), 4);
			}
		}
		free(got);
	} else {
		assert_true(kind == NOISE || kind == MIXED || kind == GRADIENT ||
				(size_t)w * h < 64);
	}
	*hash = picture_hash(*hash, out.p, out.n);
	size = out.n;
	sp_wr_finish(&out);
	free(px);
	free(want);
	return size;
}

static void test_round_trips(void **state)
{
	static const uint32_t sides[] = {1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 48, 63, 64};
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t d = 0; d < 4; d++) {
		for (int kind = 0; kind < PICTURE_COUNT; kind++) {
			for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
				for (size_t k = 0; k < sizeof(sides) / sizeof(*sides); k++) {
					round_trip(depths[d], kind, sides[i], sides[k], &hash);
				}
			}
		}
	}
	print_message("encoded: %016llx\n", (unsigned long long)hash);
	assert_true(hash == ENCODED);
}

/* The encoder finds what there is to find. */
static void test_sizes(void **state)
{
	uint64_t hash = 0;

	assert_true(round_trip(16, FLAT, 64, 64, &hash) <= 8);
	assert_true(round_trip(16, DITHER, 64, 64, &hash) <= 400);
	assert_true(round_trip(16, TEXT, 64, 64, &hash) <= 700);
	assert_true(round_trip(24, STRIPES, 64, 64, &hash) <= 1700);
}

static void test_encoder_refuses(void **state)
{
	uint8_t px[4 * 64] = {0}, small[16];
	struct sp_wr out;

	sp_wr_fixed(&out, small, sizeof(small));
	assert_int_equal(sp_interleaved_encode(16, px, 0, 65, 1, &out), SP_EARG);
	assert_int_equal(sp_interleaved_encode(16, px, 0, 1, 65, &out), SP_EARG);
	assert_int_equal(sp_interleaved_encode(32, px, 0, 1, 1, &out), SP_EARG);
	assert_int_equal(sp_interleaved_encode(16, px, 256, 64, 1, &out), SP_ESPACE);
}

static void cut(struct sp_span in, void *arg)
{
	uint8_t *px;

	assert_int_equal(decode(16, in, 32, 32, &px), SP_ESHORT);
	free(px);
}

static void test_truncated(void **state)
{
	unit_truncate(unit_vector("spec/MS-RDPEGDI-4.2.2-cache-bitmap-revision-2-2.hex"), cut,
			NULL);
}

static void test_mutated(void **state)
{
	struct sp_span in = unit_vector("spec/MS-RDPEGDI-4.2.2-cache-bitmap-revision-2-2.hex");
	uint32_t seed = 11;

	for (int round = 0; round < 20000; round++) {
		uint8_t *copy = unit_bent(in, in.n, &seed), *px;
		int rc = decode(depths[round % 4], sp_span(copy, in.n), 32, 32, &px);
		assert_true(rc == SP_OK || rc == SP_ESHORT || rc == SP_ECODEC);
		free(copy);
		free(px);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec_vectors),
			cmocka_unit_test(test_captured_tiles),
			cmocka_unit_test(test_peer_encoder),
			cmocka_unit_test(test_orders),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_round_trips),
			cmocka_unit_test(test_sizes),
			cmocka_unit_test(test_encoder_refuses),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
