/* core/codec/rfx_sse41.c - the kernels of rfx_kernel.h in vectors of 8 values. */
#include <smmintrin.h>
#include <string.h>

#include "core/codec/rfx_levels.h"
#include "core/codec/rfx_rlgr.h"
#include "core/codec/rfx_vec8.h"

static inline __attribute__((always_inline)) int16_t split_row(const int16_t *x, unsigned level,
		int16_t end, bool cut, int16_t *low, int16_t *high)
{
	return split_row_8(x, 4 >> level, end, cut, low, high);
}

static inline __attribute__((always_inline)) void join_row(const int16_t *low, const int16_t *high,
		unsigned level, int16_t end, bool mirror, bool cut, int16_t *x)
{
	join_row_8(low, high, 4 >> level, end, mirror, cut, x);
}

static inline __attribute__((always_inline)) void split_columns(
		const int16_t *x, size_t n, int16_t *out)
{
	for (size_t i = 0; i < (n < 64 ? n : 64); i += 8) {
		split_columns_8(x + i, n, out + i);
	}
}

static inline __attribute__((always_inline)) void join_columns(
		const int16_t *in, size_t n, int16_t *x)
{
	for (size_t i = 0; i < (n < 64 ? n : 64); i += 8) {
		join_columns_8(in + i, n, x + i);
	}
}

#include "core/codec/rfx_dwt.h"

/* 4 pixels, as blue and red, and as green and 1, times what becomes one of Y, Cb, Cr. */
static inline __m128i weigh(__m128i br, __m128i g1, int b, int g, int r)
{
	__m128i sum = _mm_add_epi32(_mm_madd_epi16(br, _mm_set1_epi32((b & 0xffff) | r * 65536)),
			_mm_madd_epi16(g1,
					_mm_set1_epi32((g & 0xffff) |
							1 << (SP_RFX_FORWARD - 1 + 16))));

	return _mm_srai_epi32(sum, SP_RFX_FORWARD);
}

static unsigned to_planes(const uint8_t *px, size_t stride, int16_t *y, int16_t *cb, int16_t *cr)
{
	const __m128i mask = _mm_set1_epi32(0x00ff00ff), one = _mm_set1_epi32(0x00010000);
	const __m128i low = _mm_set1_epi32(0xff), level = _mm_set1_epi16(SP_RFX_Y_SHIFT);
	__m128i first[3],
			differ[3] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};

	for (size_t i = 0; i < SP_RFX_COEFS; i += 8) {
		const uint8_t *row = px + i / SP_RFX_TILE * stride + 4 * (i % SP_RFX_TILE);
		const __m128i *p = (const __m128i *)row;

		ahead(row, stride);
		__m128i p0 = _mm_loadu_si128(p), p1 = _mm_loadu_si128(p + 1);
		__m128i br0 = _mm_and_si128(p0, mask), br1 = _mm_and_si128(p1, mask);
		__m128i g0 = _mm_or_si128(_mm_and_si128(_mm_srli_epi32(p0, 8), low), one);
		__m128i g1 = _mm_or_si128(_mm_and_si128(_mm_srli_epi32(p1, 8), low), one);
		__m128i v[3] = {
				_mm_sub_epi16(_mm_packs_epi32(weigh(br0, g0, SP_RFX_Y_B, SP_RFX_Y_G,
									      SP_RFX_Y_R),
							      weigh(br1, g1, SP_RFX_Y_B, SP_RFX_Y_G,
									      SP_RFX_Y_R)),
						level),
				_mm_packs_epi32(weigh(br0, g0, SP_RFX_CB_B, SP_RFX_CB_G,
								SP_RFX_CB_R),
						weigh(br1, g1, SP_RFX_CB_B, SP_RFX_CB_G,
								SP_RFX_CB_R)),
				_mm_packs_epi32(weigh(br0, g0, SP_RFX_CR_B, SP_RFX_CR_G,
								SP_RFX_CR_R),
						weigh(br1, g1, SP_RFX_CR_B, SP_RFX_CR_G,
								SP_RFX_CR_R)),
		};

		for (size_t j = 0; j < 3; j++) {
			if (i == 0) {
				first[j] = _mm_set1_epi16((short)_mm_extract_epi16(v[j], 0));
			}
			differ[j] = _mm_or_si128(differ[j], _mm_xor_si128(v[j], first[j]));
		}
		_mm_storeu_si128((__m128i *)(y + i), v[0]);
		_mm_storeu_si128((__m128i *)(cb + i), v[1]);
		_mm_storeu_si128((__m128i *)(cr + i), v[2]);
	}
	return (unsigned)_mm_testz_si128(differ[0], differ[0]) * SP_RFX_FLAT_Y |
			(unsigned)_mm_testz_si128(differ[1], differ[1]) * SP_RFX_FLAT_CB |
			(unsigned)_mm_testz_si128(differ[2], differ[2]) * SP_RFX_FLAT_CR;
}

static void to_pixels(
		const int16_t *y, const int16_t *cb, const int16_t *cr, uint8_t *px, size_t stride)
{
	const __m128i level = _mm_set1_epi16(SP_RFX_Y_SHIFT + 16), opaque = _mm_set1_epi16(0xff);
	const __m128i r_cr = _mm_set1_epi16(SP_RFX_R_CR), g_cb = _mm_set1_epi16(SP_RFX_G_CB);
	const __m128i g_cr = _mm_set1_epi16(SP_RFX_G_CR), b_cb = _mm_set1_epi16(SP_RFX_B_CB);

	for (size_t i = 0; i < SP_RFX_COEFS; i += 8) {
		uint8_t *row = px + i / SP_RFX_TILE * stride + 4 * (i % SP_RFX_TILE);
		__m128i *p = (__m128i *)row;

		ahead(row, stride);
		__m128i l = _mm_adds_epi16(v_load(y + i), level);
		__m128i u = v_load(cb + i), v = v_load(cr + i);
		__m128i r = _mm_adds_epi16(_mm_adds_epi16(l, v), _mm_mulhrs_epi16(v, r_cr));
		__m128i g = _mm_adds_epi16(_mm_adds_epi16(l, _mm_mulhrs_epi16(u, g_cb)),
				_mm_mulhrs_epi16(v, g_cr));
		__m128i b = _mm_adds_epi16(_mm_adds_epi16(l, u), _mm_mulhrs_epi16(u, b_cb));
		__m128i br = _mm_packus_epi16(_mm_srai_epi16(b, 5), _mm_srai_epi16(r, 5));
		__m128i gx = _mm_packus_epi16(_mm_srai_epi16(g, 5), opaque);
		__m128i bg = _mm_unpacklo_epi8(br, gx), rx = _mm_unpackhi_epi8(br, gx);

		_mm_storeu_si128(p, _mm_unpacklo_epi16(bg, rx));
		_mm_storeu_si128(p + 1, _mm_unpackhi_epi16(bg, rx));
	}
}

static void mark(const int16_t *coef, uint64_t mask[SP_RFX_MASK])
{
	const __m128i zero = _mm_setzero_si128();

	for (size_t i = 0; i < SP_RFX_MASK; i++) {
		uint64_t m = 0;

		for (size_t j = 0; j < 64; j += 16) {
			__m128i v = _mm_packs_epi16(
					v_load(coef + 64 * i + j), v_load(coef + 64 * i + j + 8));

			m |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, zero)) << j;
		}
		mask[i] = ~m;
	}
}

const struct sp_rfx_kernel sp_rfx_sse41 = {
		.to_planes = to_planes,
		.to_pixels = to_pixels,
		.dwt = {dwt_plain, dwt_reduce},
		.idwt = {idwt_plain, idwt_reduce},
		.quantize = quantize_8,
		.dequantize = dequantize_8,
		.mark = mark,
		.rlgr_encode = rlgr_encode,
		.rlgr_decode = rlgr_decode,
};
