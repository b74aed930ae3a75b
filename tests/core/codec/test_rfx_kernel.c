/* tests/core/codec/test_rfx_kernel.c - RemoteFX, part by part: vectors, trips, all levels alike. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/codec/rfx_kernel.h"
#include "core/codec/wire.h"
#include "pictures.h"

#define COEFS SP_RFX_COEFS
#define STRIDE ((size_t)4 * SP_RFX_TILE)

/* Every level that this machine has. */
static const struct sp_rfx_kernel *levels[SP_CPU_LEVELS];
static size_t n_levels;

static int setup(void **state)
{
	for (unsigned i = 0; i <= (unsigned)sp_cpu_best(); i++) {
		levels[n_levels++] = sp_rfx_kernel((enum sp_cpu)i);
	}
	return 0;
}

/* The numbers of a vector, base 10 or 16. */
static size_t numbers(const char *name, int base, int32_t *out, size_t cap)
{
	struct sp_span text = unit_vector(name);
	const char *p = (const char *)text.p;
	size_t n = 0;

	while (*p) {
		if (*p == '#') {
			p += strcspn(p, "\n");
		}
		char *end;
		long v = strtol(p, &end, base);

		if (end != p) {
			if (n < cap) {
				out[n] = (int32_t)v;
			}
			n++;
			p = end;
		} else if (*p) {
			p++;
		}
	}
	assert_true(n > 0);
	return n < cap ? n : cap;
}

static void read_plane(const char *name, int16_t *out)
{
	int32_t v[COEFS];

	assert_int_equal(numbers(name, 10, v, COEFS), COEFS);
	for (size_t i = 0; i < COEFS; i++) {
		out[i] = (int16_t)v[i];
	}
}

static int distance(const int16_t *a, const int16_t *b, size_t n)
{
	int most = 0;

	for (size_t i = 0; i < n; i++) {
		int d = abs(a[i] - b[i]);

		most = d > most ? d : most;
	}
	return most;
}

static const char *const planes[] = {
		"spec/MS-RDPRFX-4.2.4.2.1-y-component-data.i16",
		"spec/MS-RDPRFX-4.2.4.2.2-cb-component-data.i16",
		"spec/MS-RDPRFX-4.2.4.2.3-cr-component-data.i16",
};

/* The three streams of the tile in the specification. */
static struct sp_span spec_stream(size_t i)
{
	static const size_t at[] = {46, 988, 1963}, n[] = {942, 975, 915};
	struct sp_span tile =
			unit_vector("spec/MS-RDPRFX-4.2.4.1-input-ts-rfx-tileset-message.hex");

	assert_true(at[i] + n[i] <= tile.n);
	return sp_span(tile.p + at[i], n[i]);
}

static void test_spec_rlgr3(void **state)
{
	static uint8_t out[SP_RLGR_ROOM];
	int16_t want[COEFS], got[COEFS];
	uint64_t mask[SP_RFX_MASK];

	for (size_t i = 0; i < 3; i++) {
		struct sp_span s = spec_stream(i);

		read_plane(planes[i], want);
		for (size_t l = 0; l < n_levels; l++) {
			unsigned first = levels[l]->rlgr_decode(SP_RLGR3, s.p, s.n, got);

			assert_memory_equal(got, want, sizeof(got));
			assert_true(first < COEFS && got[first] != 0);
			levels[l]->mark(want, mask);
			int n = levels[l]->rlgr_encode(SP_RLGR3, want, mask, out);

			/*
			 * The last value stands alone; which one the other encoder took for its
			 * partner, behind the end, we do not know.
			 */
			assert_true(n > 4 && (size_t)n <= s.n);
			assert_memory_equal(out, s.p, (size_t)n - 4);
			levels[l]->rlgr_decode(SP_RLGR3, out, (size_t)n, got);
			assert_memory_equal(got, want, sizeof(got));
		}
	}
}

/* [MS-RDPRFX] 4.2.4.2 to 4.2.4.4 */
static void test_spec_picture(void **state)
{
	static const struct {
		const char *name;
		enum sp_rfx_band band;
	} bands[] = {
			{"spec/MS-RDPRFX-4.2.4.3.1.1-ll3-q11_5.i16", SP_RFX_LL3},
			{"spec/MS-RDPRFX-4.2.4.3.1.2-hl3-q11_5.i16", SP_RFX_HL3},
			{"spec/MS-RDPRFX-4.2.4.3.1.3-lh3-q11_5.i16", SP_RFX_LH3},
			{"spec/MS-RDPRFX-4.2.4.3.1.4-hh3-q11_5.i16", SP_RFX_HH3},
			{"spec/MS-RDPRFX-4.2.4.3.2.2-hl2-q11_5.i16", SP_RFX_HL2},
			{"spec/MS-RDPRFX-4.2.4.3.2.3-lh2-q11_5.i16", SP_RFX_LH2},
			{"spec/MS-RDPRFX-4.2.4.3.2.4-hh2-q11_5.i16", SP_RFX_HH2},
			{"spec/MS-RDPRFX-4.2.4.3.3.2-hl1-q11_5.i16", SP_RFX_HL1},
			{"spec/MS-RDPRFX-4.2.4.3.3.3-lh1-q11_5.i16", SP_RFX_LH1},
			{"spec/MS-RDPRFX-4.2.4.3.3.4-hh1-q11_5.i16", SP_RFX_HH1},
	};
	static const char *const results[] = {
			"spec/MS-RDPRFX-4.2.4.3.3.7-inverse-dwt-y-l0-h0-q11_5.i16",
			"spec/MS-RDPRFX-4.2.4.3.5-reconstructed-cb-component-q11_5.i16",
			"spec/MS-RDPRFX-4.2.4.3.6-reconstructed-cr-component-q11_5.i16",
	};
	/* 6 6 6 6 7 7 8 8 8 9, from LL3 on, less 1, in the order of the bands here. */
	static const uint8_t shift[SP_RFX_BANDS] = {7, 7, 8, 6, 6, 7, 5, 5, 5, 5};
	const uint16_t *at = sp_rfx_band_at[SP_RFX_PLAIN];
	int16_t coef[COEFS], want[COEFS], plane[3][COEFS];
	int32_t v[COEFS];
	uint8_t px[STRIDE * SP_RFX_TILE];

	for (size_t l = 0; l < n_levels; l++) {
		for (size_t i = 0; i < 3; i++) {
			read_plane(planes[i], coef);
			sp_rfx_ll3_sum(SP_RFX_PLAIN, coef);
			sp_rfx_dequantize(levels[l], SP_RFX_PLAIN, shift, coef);
			for (size_t b = 0; i == 0 && b < SP_RFX_BANDS; b++) {
				enum sp_rfx_band band = bands[b].band;
				size_t n = (size_t)(at[band + 1] - at[band]);

				assert_true(numbers(bands[b].name, 10, v, n) == n);
				for (size_t j = 0; j < n; j++) {
					assert_int_equal(coef[at[band] + j], v[j]);
				}
			}
			levels[l]->idwt[SP_RFX_PLAIN](coef, plane[i]);
			read_plane(results[i], want);
			assert_true(distance(plane[i], want, COEFS) <= 2);
		}
		levels[l]->to_pixels(plane[0], plane[1], plane[2], px, STRIDE);
		assert_int_equal(
				numbers("spec/MS-RDPRFX-4.2.4.4-inverse-color-conversion-xrgb.xrgb",
						16, v, COEFS),
				COEFS);
		for (size_t i = 0; i < COEFS; i++) {
			for (size_t c = 0; c < 3; c++) {
				assert_in_range(px[4 * i + c] + 1 - (v[i] >> (8 * c) & 0xff), 0, 2);
			}
			assert_int_equal(px[4 * i + 3], 0xff);
		}
	}
}

static int16_t wild(uint32_t *seed, unsigned bits)
{
	uint32_t r = picture_random(seed);

	return (int16_t)((int32_t)(r & ((1u << bits) - 1)) - (1 << bits >> 1));
}

/* Coefficients of every density and size; even the largest come back or are refused. */
static void fill(int16_t *coef, unsigned kind, uint32_t *seed)
{
	unsigned rare = 1u << kind % 9, bits = 2 + kind / 9 % 15;

	for (size_t i = 0; i < COEFS; i++) {
		coef[i] = picture_random(seed) % rare == 0 ? wild(seed, bits) : 0;
	}
}

static void test_rlgr_trip(void **state)
{
	static uint8_t first[SP_RLGR_ROOM], out[SP_RLGR_ROOM];
	int16_t coef[COEFS], back[COEFS];
	uint64_t mask[SP_RFX_MASK], marked[SP_RFX_MASK];
	uint32_t seed = 1;

	for (unsigned kind = 0; kind < 9 * 15; kind++) {
		for (unsigned m = 0; m < 2; m++) {
			enum sp_rlgr mode = m ? SP_RLGR3 : SP_RLGR1;
			int n_first = 0;

			fill(coef, kind, &seed);
			for (size_t l = 0; l < n_levels; l++) {
				levels[l]->mark(coef, mask);
				for (size_t i = 0; i < COEFS; i++) {
					assert_int_equal(
							mask[i / 64] >> (i % 64) & 1, coef[i] != 0);
				}
				assert_true(l == 0 || memcmp(mask, marked, sizeof(mask)) == 0);
				memcpy(marked, mask, sizeof(mask));
				int n = levels[l]->rlgr_encode(mode, coef, mask, out);

				if (l == 0) {
					n_first = n;
					memcpy(first, out, sizeof(first));
				}
				assert_int_equal(n, n_first);
				if (n < 0) {
					assert_int_equal(n, SP_ESPACE);
					assert_true(kind / 9 % 15 + 2 > 12);
					continue;
				}
				assert_memory_equal(out, first, (size_t)n);
				unsigned at = levels[l]->rlgr_decode(mode, out, (size_t)n, back);

				/* -32768 is no coefficient; it comes back as -32767. */
				assert_true(distance(coef, back, COEFS) <= 1);
				assert_true(at == COEFS || coef[at] != 0);
				for (size_t i = 0; i < at; i++) {
					assert_int_equal(coef[i], 0);
				}
			}
		}
	}
}

struct cut {
	enum sp_rlgr mode;
	const int16_t *whole;
};

/* What a cut stream still tells is right, the rest is 0. */
static void cut_rlgr(struct sp_span in, void *arg)
{
	const struct cut *c = arg;
	int16_t got[COEFS], other[COEFS];
	size_t i = 0, same = 0;

	levels[0]->rlgr_decode(c->mode, in.p, in.n, got);
	for (size_t l = 1; l < n_levels; l++) {
		levels[l]->rlgr_decode(c->mode, in.p, in.n, other);
		assert_memory_equal(got, other, sizeof(got));
	}
	while (same < COEFS && got[same] == c->whole[same]) {
		same++;
	}
	for (i = same; i < COEFS; i++) {
		assert_int_equal(got[i], 0);
	}
}

static void test_rlgr_cut(void **state)
{
	static uint8_t out[SP_RLGR_ROOM];
	int16_t coef[COEFS];
	uint64_t mask[SP_RFX_MASK];
	uint32_t seed = 5;

	for (unsigned m = 0; m < 2; m++) {
		struct cut c = {m ? SP_RLGR3 : SP_RLGR1, coef};

		fill(coef, 9 * 4 + 3, &seed);
		levels[0]->mark(coef, mask);
		int n = levels[0]->rlgr_encode(c.mode, coef, mask, out);

		assert_true(n > 0);
		unit_truncate(sp_span(out, (size_t)n), cut_rlgr, &c);
	}
}

/* Any bytes end, and end alike at every level. */
static void test_rlgr_rubbish(void **state)
{
	static uint8_t in[70000];
	int16_t got[COEFS], other[COEFS];
	uint32_t seed = 9;

	for (unsigned round = 0; round < 400; round++) {
		size_t n = round < 10 ? sizeof(in) : picture_random(&seed) % 3000;
		uint8_t ones = round % 3 == 0 ? 0xff : 0, zeros = round % 3 == 1 ? 0 : 0xff;

		for (size_t i = 0; i < n; i++) {
			in[i] = (uint8_t)picture_random(&seed);
			in[i] |= ones && picture_random(&seed) % 4 ? ones : 0;
			in[i] &= !zeros && picture_random(&seed) % 4 ? zeros : 0xff;
		}
		for (size_t l = 0; l < n_levels; l++) {
			unsigned first = levels[l]->rlgr_decode(
					round & 1 ? SP_RLGR1 : SP_RLGR3, in, n, l ? other : got);

			assert_true(first <= COEFS);
			assert_true(l == 0 || memcmp(got, other, sizeof(got)) == 0);
		}
	}
}

/* Each kernel of each level does what plain C does, whatever the values. */
static void test_alike(void **state)
{
	static uint8_t px[2][STRIDE * SP_RFX_TILE], in[STRIDE * SP_RFX_TILE];
	static int16_t a[3][COEFS], b[3][COEFS], plane[COEFS];
	uint32_t seed = 3;

	for (size_t l = 1; l < n_levels; l++) {
		for (unsigned round = 0; round < 60; round++) {
			unsigned bits = 1 + round % 16, shift = round % 16;

			picture_make(in, (enum picture)(round % PICTURE_COUNT), SP_RFX_TILE,
					SP_RFX_TILE, round);
			assert_int_equal(levels[0]->to_planes(in, STRIDE, a[0], a[1], a[2]),
					levels[l]->to_planes(in, STRIDE, b[0], b[1], b[2]));
			assert_memory_equal(a, b, sizeof(a));
			for (size_t i = 0; i < COEFS; i++) {
				a[0][i] = wild(&seed, bits);
				a[1][i] = wild(&seed, bits);
				a[2][i] = wild(&seed, bits);
			}
			levels[0]->to_pixels(a[0], a[1], a[2], px[0], STRIDE);
			levels[l]->to_pixels(a[0], a[1], a[2], px[1], STRIDE);
			assert_memory_equal(px[0], px[1], sizeof(px[0]));
			for (unsigned layout = 0; layout < SP_RFX_LAYOUTS; layout++) {
				levels[0]->idwt[layout](a[0], b[0]);
				levels[l]->idwt[layout](a[0], b[1]);
				assert_memory_equal(b[0], b[1], sizeof(b[0]));
				memcpy(plane, a[0], sizeof(plane));
				levels[0]->dwt[layout](plane, b[0]);
				memcpy(plane, a[0], sizeof(plane));
				levels[l]->dwt[layout](plane, b[1]);
				assert_memory_equal(b[0], b[1], sizeof(b[0]));
			}
			memcpy(b[0], a[0], sizeof(b[0]));
			levels[0]->quantize(b[0], COEFS - round, shift);
			memcpy(b[1], a[0], sizeof(b[1]));
			levels[l]->quantize(b[1], COEFS - round, shift);
			assert_memory_equal(b[0], b[1], sizeof(b[0]));
			levels[0]->dequantize(b[0], COEFS - round, shift);
			levels[l]->dequantize(b[1], COEFS - round, shift);
			assert_memory_equal(b[0], b[1], sizeof(b[0]));
		}
	}
}

/* Without quantization a picture comes back but for rounding. */
static void test_there_and_back(void **state)
{
	static uint8_t in[STRIDE * SP_RFX_TILE], out[STRIDE * SP_RFX_TILE];
	static int16_t p[3][COEFS], coef[COEFS], q[3][COEFS];

	for (size_t l = 0; l < n_levels; l++) {
		for (unsigned kind = 0; kind < 2 * PICTURE_COUNT; kind++) {
			unsigned layout = kind % 2;

			picture_make(in, (enum picture)(kind / 2), SP_RFX_TILE, SP_RFX_TILE, 1);
			unsigned flat = levels[l]->to_planes(in, STRIDE, p[0], p[1], p[2]);

			assert_int_equal(flat == 7, kind / 2 == FLAT);
			for (size_t i = 0; i < 3; i++) {
				memcpy(q[i], p[i], sizeof(q[i]));
				levels[l]->dwt[layout](q[i], coef);
				sp_rfx_ll3_delta((enum sp_rfx_layout)layout, coef);
				sp_rfx_ll3_sum((enum sp_rfx_layout)layout, coef);
				levels[l]->idwt[layout](coef, q[i]);
				/* Each of six steps loses half a unit of 1/32. */
				if (layout == SP_RFX_PLAIN || kind / 2 != DITHER) {
					assert_true(distance(p[i], q[i], COEFS) <= 24);
				}
			}
			levels[l]->to_pixels(q[0], q[1], q[2], out, STRIDE);
			for (size_t i = 0; i < sizeof(in); i++) {
				if (i % 4 < 3 && (layout == SP_RFX_PLAIN || kind / 2 != DITHER)) {
					assert_in_range(out[i] + 2 - in[i], 0, 4);
				}
			}
		}
	}
}

static void test_pad(void **state)
{
	uint8_t in[3 * 4 * 5], tile[STRIDE * SP_RFX_TILE];

	picture_make(in, NOISE, 5, 3, 1);
	sp_rfx_pad(in, 20, 5, 3, tile);
	for (size_t y = 0; y < SP_RFX_TILE; y++) {
		for (size_t x = 0; x < SP_RFX_TILE; x++) {
			assert_memory_equal(tile + y * STRIDE + 4 * x,
					in + (y < 3 ? y : 2) * 20 + 4 * (x < 5 ? x : 4), 4);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec_rlgr3),
			cmocka_unit_test(test_spec_picture),
			cmocka_unit_test(test_rlgr_trip),
			cmocka_unit_test(test_rlgr_cut),
			cmocka_unit_test(test_rlgr_rubbish),
			cmocka_unit_test(test_alike),
			cmocka_unit_test(test_there_and_back),
			cmocka_unit_test(test_pad),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
