/* core/codec/rfx_kernel.c - see rfx_kernel.h; the plain C that all other kernels are equal to. */
#include "core/codec/rfx_kernel.h"

#include <string.h>

#include "core/codec/rfx_levels.h"
#include "core/codec/rfx_rlgr.h"
#include "core/codec/wire.h"

#define SIDE SP_RFX_TILE

const uint16_t sp_rfx_band_at[SP_RFX_LAYOUTS][SP_RFX_BANDS + 1] = {
		{0, 1024, 2048, 3072, 3328, 3584, 3840, 3904, 3968, 4032, 4096},
		{0, 1023, 2046, 3007, 3279, 3551, 3807, 3879, 3951, 4015, 4096},
};

static inline int16_t sat(int32_t v)
{
	return (int16_t)(v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v);
}

static inline int16_t add(int16_t a, int16_t b)
{
	return sat(a + b);
}

static inline int16_t sub(int16_t a, int16_t b)
{
	return sat(a - b);
}

static bool flat(const int16_t *plane)
{
	for (size_t i = 1; i < SP_RFX_COEFS; i++) {
		if (plane[i] != plane[0]) {
			return false;
		}
	}
	return true;
}

static unsigned to_planes(const uint8_t *px, size_t stride, int16_t *y, int16_t *cb, int16_t *cr)
{
	const int32_t half = 1 << (SP_RFX_FORWARD - 1);

	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		const uint8_t *p = px + i / SIDE * stride + 4 * (i % SIDE);
		int32_t b = p[0], g = p[1], r = p[2];

		y[i] = (int16_t)(((r * SP_RFX_Y_R + g * SP_RFX_Y_G + b * SP_RFX_Y_B + half) >>
						 SP_RFX_FORWARD) -
				SP_RFX_Y_SHIFT);
		cb[i] = (int16_t)((r * SP_RFX_CB_R + g * SP_RFX_CB_G + b * SP_RFX_CB_B + half) >>
				SP_RFX_FORWARD);
		cr[i] = (int16_t)((r * SP_RFX_CR_R + g * SP_RFX_CR_G + b * SP_RFX_CR_B + half) >>
				SP_RFX_FORWARD);
	}
	return (flat(y) ? SP_RFX_FLAT_Y : 0) | (flat(cb) ? SP_RFX_FLAT_CB : 0) |
			(flat(cr) ? SP_RFX_FLAT_CR : 0);
}

static inline int16_t part(int16_t v, int32_t by)
{
	return (int16_t)((v * by + 16384) >> 15);
}

static inline uint32_t colour(int16_t v)
{
	return v < 0 ? 0 : v > 0x1fff ? 0xff : (uint32_t)v >> 5;
}

static void to_pixels(
		const int16_t *y, const int16_t *cb, const int16_t *cr, uint8_t *px, size_t stride)
{
	for (size_t i = 0; i < SP_RFX_COEFS; i++) {
		int16_t l = add(y[i], SP_RFX_Y_SHIFT + 16);
		int16_t r = add(add(l, cr[i]), part(cr[i], SP_RFX_R_CR));
		int16_t g = add(add(l, part(cb[i], SP_RFX_G_CB)), part(cr[i], SP_RFX_G_CR));
		int16_t b = add(add(l, cb[i]), part(cb[i], SP_RFX_B_CB));
		uint32_t v = SP_WIRE_OPAQUE | colour(r) << 16 | colour(g) << 8 | colour(b);

		memcpy(px + i / SIDE * stride + 4 * (i % SIDE), &v, 4);
	}
}

/*
 * [MS-RDPRFX] 3.1.8.1.4: n values, step apart, into (n + 1) / 2 low and n / 2 high ones. n = 65
 * stands for 64 and one more in line with the last two; the last high one is 0 then, and left
 * out.
 */
static void split(const int16_t *x, size_t step, unsigned n, int16_t *low, size_t low_step,
		int16_t *high, size_t high_step)
{
	unsigned n_high = n == 65 ? 31 : n / 2, n_low = (n + 1) / 2;
	int16_t line[66], h[33];

	for (unsigned i = 0; i < (n < 64 ? n : 64); i++) {
		line[i] = x[i * step];
	}
	if (n == 65) {
		line[64] = sub(add(line[63], line[63]), line[62]);
	}
	line[n] = line[n - 2];
	for (unsigned i = 0; i < n / 2; i++) {
		int16_t mean = (int16_t)(add(line[2 * i], line[2 * i + 2]) >> 1);

		h[i] = i < n_high ? (int16_t)(sub(line[2 * i + 1], mean) >> 1) : 0;
	}
	h[n / 2] = h[n / 2 - 1];
	for (unsigned i = 0; i < n_low; i++) {
		int16_t before = h[i > 0 ? i - 1 : 0];

		low[i * low_step] = add(line[2 * i], (int16_t)(add(before, h[i]) >> 1));
	}
	for (unsigned i = 0; i < n_high; i++) {
		high[i * high_step] = h[i];
	}
}

/* [MS-RDPRFX] 3.1.8.2.4: the other way. */
static void join(const int16_t *low, size_t low_step, const int16_t *high, size_t high_step,
		unsigned n, int16_t *x, size_t step)
{
	unsigned n_high = n == 65 ? 31 : n / 2, n_low = (n + 1) / 2;
	int16_t line[66], h[33];

	for (unsigned i = 0; i < n / 2; i++) {
		h[i] = i < n_high ? high[i * high_step] : 0;
	}
	h[n / 2] = h[n / 2 - 1];
	for (unsigned i = 0; i < n_low; i++) {
		int16_t before = h[i > 0 ? i - 1 : 0];

		line[2 * i] = sub(low[i * low_step], (int16_t)(add(add(before, h[i]), 1) >> 1));
	}
	if (n % 2 == 0) {
		line[n] = line[n - 2];
	}
	for (unsigned i = 0; i < n / 2; i++) {
		int16_t mean = (int16_t)(add(line[2 * i], line[2 * i + 2]) >> 1);

		line[2 * i + 1] = add(add(h[i], h[i]), mean);
	}
	for (unsigned i = 0; i < (n < 64 ? n : 64); i++) {
		x[i * step] = line[i];
	}
}

/* Values on a side before each level, and the bands they become. */
static const unsigned sides[SP_RFX_LAYOUTS][3] = {{64, 32, 16}, {65, 33, 17}};

static void dwt(enum sp_rfx_layout layout, int16_t *plane, int16_t *coef)
{
	const uint16_t *at = sp_rfx_band_at[layout];
	int16_t rows[66 * SIDE];

	for (unsigned level = 0; level < 3; level++) {
		unsigned n = sides[layout][level], n_low = (n + 1) / 2;
		unsigned width = n < SIDE ? n : SIDE, n_high = width - n_low;
		int16_t *hl = coef + at[3 * level], *lh = coef + at[3 * level + 1];
		int16_t *hh = coef + at[3 * level + 2];
		int16_t *ll = level == 2 ? coef + at[SP_RFX_LL3] : plane;
		size_t ll_stride = level == 2 ? n_low : SIDE;

		for (unsigned x = 0; x < width; x++) {
			split(plane + x, SIDE, n, rows + x, SIDE, rows + n_low * SIDE + x, SIDE);
		}
		for (unsigned y = 0; y < n_low; y++) {
			split(rows + y * SIDE, 1, n, ll + y * ll_stride, 1, hl + y * n_high, 1);
		}
		for (unsigned y = 0; y < n_high; y++) {
			split(rows + (n_low + y) * SIDE, 1, n, lh + y * n_low, 1, hh + y * n_high,
					1);
		}
	}
}

static void idwt(enum sp_rfx_layout layout, const int16_t *coef, int16_t *plane)
{
	const uint16_t *at = sp_rfx_band_at[layout];
	int16_t rows[66 * SIDE];

	for (unsigned level = 3; level-- > 0;) {
		unsigned n = sides[layout][level], n_low = (n + 1) / 2;
		unsigned width = n < SIDE ? n : SIDE, n_high = width - n_low;
		const int16_t *hl = coef + at[3 * level], *lh = coef + at[3 * level + 1];
		const int16_t *hh = coef + at[3 * level + 2];
		const int16_t *ll = level == 2 ? coef + at[SP_RFX_LL3] : plane;
		size_t ll_stride = level == 2 ? n_low : SIDE;

		for (unsigned y = 0; y < n_low; y++) {
			join(ll + y * ll_stride, 1, hl + y * n_high, 1, n, rows + y * SIDE, 1);
		}
		for (unsigned y = 0; y < n_high; y++) {
			join(lh + y * n_low, 1, hh + y * n_high, 1, n, rows + (n_low + y) * SIDE,
					1);
		}
		for (unsigned x = 0; x < width; x++) {
			join(rows + x, SIDE, rows + n_low * SIDE + x, SIDE, n, plane + x, SIDE);
		}
	}
}

static void dwt_plain(int16_t *plane, int16_t *coef)
{
	dwt(SP_RFX_PLAIN, plane, coef);
}

static void dwt_reduce(int16_t *plane, int16_t *coef)
{
	dwt(SP_RFX_REDUCE, plane, coef);
}

static void idwt_plain(const int16_t *coef, int16_t *plane)
{
	idwt(SP_RFX_PLAIN, coef, plane);
}

static void idwt_reduce(const int16_t *coef, int16_t *plane)
{
	idwt(SP_RFX_REDUCE, coef, plane);
}

static void quantize(int16_t *coef, size_t n, unsigned shift)
{
	int16_t half = (int16_t)(shift > 0 ? 1 << (shift - 1) : 0);

	for (size_t i = 0; i < n; i++) {
		coef[i] = (int16_t)(add(coef[i], half) >> shift);
	}
}

static void dequantize(int16_t *coef, size_t n, unsigned shift)
{
	for (size_t i = 0; i < n; i++) {
		coef[i] = (int16_t)(uint16_t)((uint32_t)(uint16_t)coef[i] << shift);
	}
}

static void mark(const int16_t *coef, uint64_t mask[SP_RFX_MASK])
{
	for (size_t i = 0; i < SP_RFX_MASK; i++) {
		mask[i] = 0;
		for (size_t j = 0; j < 64; j++) {
			mask[i] |= (uint64_t)(coef[64 * i + j] != 0) << j;
		}
	}
}

const struct sp_rfx_kernel sp_rfx_plain = {
		.to_planes = to_planes,
		.to_pixels = to_pixels,
		.dwt = {dwt_plain, dwt_reduce},
		.idwt = {idwt_plain, idwt_reduce},
		.quantize = quantize,
		.dequantize = dequantize,
		.mark = mark,
		.rlgr_encode = rlgr_encode,
		.rlgr_decode = rlgr_decode,
};

const struct sp_rfx_kernel *sp_rfx_kernel(enum sp_cpu level)
{
#if defined(SP_RFX_X86)
	switch (level) {
	case SP_CPU_AVX2:
		return &sp_rfx_avx2;
	case SP_CPU_SSE41:
		return &sp_rfx_sse41;
	case SP_CPU_PLAIN:
		break;
	}
#endif
	return &sp_rfx_plain;
}

void sp_rfx_quantize(const struct sp_rfx_kernel *k, enum sp_rfx_layout layout,
		const uint8_t shift[SP_RFX_BANDS], int16_t *coef)
{
	const uint16_t *at = sp_rfx_band_at[layout];

	for (size_t i = 0; i < SP_RFX_BANDS; i++) {
		k->quantize(coef + at[i], (size_t)(at[i + 1] - at[i]), shift[i]);
	}
}

void sp_rfx_dequantize(const struct sp_rfx_kernel *k, enum sp_rfx_layout layout,
		const uint8_t shift[SP_RFX_BANDS], int16_t *coef)
{
	const uint16_t *at = sp_rfx_band_at[layout];

	for (size_t i = 0; i < SP_RFX_BANDS; i++) {
		k->dequantize(coef + at[i], (size_t)(at[i + 1] - at[i]), shift[i]);
	}
}

void sp_rfx_ll3_delta(enum sp_rfx_layout layout, int16_t *coef)
{
	for (size_t i = SP_RFX_COEFS - 1; i > sp_rfx_band_at[layout][SP_RFX_LL3]; i--) {
		coef[i] = sub(coef[i], coef[i - 1]);
	}
}

void sp_rfx_ll3_sum(enum sp_rfx_layout layout, int16_t *coef)
{
	for (size_t i = sp_rfx_band_at[layout][SP_RFX_LL3] + 1u; i < SP_RFX_COEFS; i++) {
		coef[i] = add(coef[i], coef[i - 1]);
	}
}

void sp_rfx_pad(const uint8_t *px, size_t stride, unsigned w, unsigned h, uint8_t *tile)
{
	for (unsigned y = 0; y < SIDE; y++) {
		uint8_t *row = tile + (size_t)4 * SIDE * y;

		memcpy(row, px + (y < h ? y : h - 1) * stride, (size_t)4 * w);
		for (unsigned x = w; x < SIDE; x++) {
			memcpy(row + (size_t)4 * x, row + (size_t)4 * (w - 1), 4);
		}
	}
}
