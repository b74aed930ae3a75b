/* core/codec/rfx_avx2.c - the kernels of rfx_kernel.h in vectors of 16 values. */
#include <immintrin.h>
#include <string.h>

#include "core/codec/rfx_levels.h"
#include "core/codec/rfx_rlgr.h"
#include "core/codec/rfx_vec8.h"

/* Rows of the third level have 8 values of a kind, and take the steps above. */
#undef V
#undef VN
#undef VF
#undef v_load
#undef v_store
#undef v_set1
#undef v_adds
#undef v_subs
#undef v_sra1
#undef v_sra
#undef v_sll
#undef v_next
#undef v_prev
#undef v_prev_first
#undef v_cut
#undef v_last
#undef v_split
#undef v_zip

#define V __m256i
#define VN 16
#define VF(name) name##_16
#define v_load(p) _mm256_loadu_si256((const __m256i *)(p))
#define v_store(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#define v_set1(v) _mm256_set1_epi16(v)
#define v_adds(a, b) _mm256_adds_epi16(a, b)
#define v_subs(a, b) _mm256_subs_epi16(a, b)
#define v_sra1(v) _mm256_srai_epi16(v, 1)
#define v_sra(v, by) _mm256_sra_epi16(v, by)
#define v_sll(v, by) _mm256_sll_epi16(v, by)
#define v_next(v, after) _mm256_alignr_epi8(_mm256_permute2x128_si256(v, after, 0x21), v, 2)
#define v_prev(before, v) _mm256_alignr_epi8(v, _mm256_permute2x128_si256(before, v, 0x21), 14)
#define v_prev_first(v) v_prev(_mm256_broadcastw_epi16(_mm256_castsi256_si128(v)), v)
#define v_cut(v) _mm256_insert_epi16(v, 0, 15)
#define v_last(v) ((int16_t)_mm256_extract_epi16(v, 15))
#define v_split(a, b, even, odd) split_16(a, b, even, odd)
#define v_zip(even, odd, a, b) zip_16(even, odd, a, b)

static inline void split_16(__m256i a, __m256i b, __m256i *even, __m256i *odd)
{
	const __m256i order = _mm256_broadcastsi128_si256(
			_mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15));

	a = _mm256_shuffle_epi8(a, order);
	b = _mm256_shuffle_epi8(b, order);
	*even = _mm256_permute4x64_epi64(_mm256_unpacklo_epi64(a, b), 0xd8);
	*odd = _mm256_permute4x64_epi64(_mm256_unpackhi_epi64(a, b), 0xd8);
}

static inline void zip_16(__m256i even, __m256i odd, __m256i *a, __m256i *b)
{
	__m256i low = _mm256_unpacklo_epi16(even, odd), high = _mm256_unpackhi_epi16(even, odd);

	*a = _mm256_permute2x128_si256(low, high, 0x20);
	*b = _mm256_permute2x128_si256(low, high, 0x31);
}

#include "core/codec/rfx_vec.h"

static inline __attribute__((always_inline)) int16_t split_row(const int16_t *x, unsigned level,
		int16_t end, bool cut, int16_t *low, int16_t *high)
{
	return level < 2 ? split_row_16(x, 2 >> level, end, cut, low, high)
			 : split_row_8(x, 1, end, cut, low, high);
}

static inline __attribute__((always_inline)) void join_row(const int16_t *low, const int16_t *high,
		unsigned level, int16_t end, bool mirror, bool cut, int16_t *x)
{
	if (level < 2) {
		join_row_16(low, high, 2 >> level, end, mirror, cut, x);
	} else {
		join_row_8(low, high, 1, end, mirror, cut, x);
	}
}

static inline __attribute__((always_inline)) void split_columns(
		const int16_t *x, size_t n, int16_t *out)
{
	size_t i = 0;

	for (; i + 16 <= (n < 64 ? n : 64); i += 16) {
		split_columns_16(x + i, n, out + i);
	}
	if (n % 2 != 0 && n < 64) {
		split_columns_8(x + i, n, out + i);
	}
}

static inline __attribute__((always_inline)) void join_columns(
		const int16_t *in, size_t n, int16_t *x)
{
	size_t i = 0;

	for (; i + 16 <= (n < 64 ? n : 64); i += 16) {
		join_columns_16(in + i, n, x + i);
	}
	if (n % 2 != 0 && n < 64) {
		join_columns_8(in + i, n, x + i);
	}
}

#include "core/codec/rfx_dwt.h"

/* 8 pixels, as blue and red, and as green and 1, times what becomes one of Y, Cb, Cr. */
static inline __m256i weigh(__m256i br, __m256i g1, int b, int g, int r)
{
	__m256i sum = _mm256_add_epi32(
			_mm256_madd_epi16(br, _mm256_set1_epi32((b & 0xffff) | r * 65536)),
			_mm256_madd_epi16(g1,
					_mm256_set1_epi32((g & 0xffff) |
							1 << (SP_RFX_FORWARD - 1 + 16))));

	return _mm256_srai_epi32(sum, SP_RFX_FORWARD);
}

static inline __m256i weigh_16(const __m256i br[2], const __m256i g1[2], int b, int g, int r)
{
	return _mm256_permute4x64_epi64(_mm256_packs_epi32(weigh(br[0], g1[0], b, g, r),
							weigh(br[1], g1[1], b, g, r)),
			0xd8);
}

static unsigned to_planes(const uint8_t *px, size_t stride, int16_t *y, int16_t *cb, int16_t *cr)
{
	const __m256i mask = _mm256_set1_epi32(0x00ff00ff), one = _mm256_set1_epi32(0x00010000);
	const __m256i low = _mm256_set1_epi32(0xff), level = _mm256_set1_epi16(SP_RFX_Y_SHIFT);
	__m256i first[3], differ[3];

	for (size_t j = 0; j < 3; j++) {
		first[j] = differ[j] = _mm256_setzero_si256();
	}
	for (size_t i = 0; i < SP_RFX_COEFS; i += 16) {
		const uint8_t *p = px + i / SP_RFX_TILE * stride + 4 * (i % SP_RFX_TILE);
		__m256i br[2], g1[2], v[3];

		ahead(p, stride);
		for (size_t j = 0; j < 2; j++) {
			__m256i q = v_load(p + 32 * j);

			br[j] = _mm256_and_si256(q, mask);
			g1[j] = _mm256_or_si256(
					_mm256_and_si256(_mm256_srli_epi32(q, 8), low), one);
		}
		v[0] = _mm256_sub_epi16(
				weigh_16(br, g1, SP_RFX_Y_B, SP_RFX_Y_G, SP_RFX_Y_R), level);
		v[1] = weigh_16(br, g1, SP_RFX_CB_B, SP_RFX_CB_G, SP_RFX_CB_R);
		v[2] = weigh_16(br, g1, SP_RFX_CR_B, SP_RFX_CR_G, SP_RFX_CR_R);
		for (size_t j = 0; j < 3; j++) {
			if (i == 0) {
				first[j] = _mm256_broadcastw_epi16(_mm256_castsi256_si128(v[j]));
			}
			differ[j] = _mm256_or_si256(differ[j], _mm256_xor_si256(v[j], first[j]));
		}
		v_store(y + i, v[0]);
		v_store(cb + i, v[1]);
		v_store(cr + i, v[2]);
	}
	return (unsigned)_mm256_testz_si256(differ[0], differ[0]) * SP_RFX_FLAT_Y |
			(unsigned)_mm256_testz_si256(differ[1], differ[1]) * SP_RFX_FLAT_CB |
			(unsigned)_mm256_testz_si256(differ[2], differ[2]) * SP_RFX_FLAT_CR;
}

static void to_pixels(
		const int16_t *y, const int16_t *cb, const int16_t *cr, uint8_t *px, size_t stride)
{
	const __m256i level = v_set1(SP_RFX_Y_SHIFT + 16), opaque = v_set1(0xff);
	const __m256i r_cr = v_set1(SP_RFX_R_CR), g_cb = v_set1(SP_RFX_G_CB);
	const __m256i g_cr = v_set1(SP_RFX_G_CR), b_cb = v_set1(SP_RFX_B_CB);

	for (size_t i = 0; i < SP_RFX_COEFS; i += 16) {
		uint8_t *p = px + i / SP_RFX_TILE * stride + 4 * (i % SP_RFX_TILE);

		ahead(p, stride);
		__m256i l = v_adds(v_load(y + i), level), u = v_load(cb + i), v = v_load(cr + i);
		__m256i r = v_adds(v_adds(l, v), _mm256_mulhrs_epi16(v, r_cr));
		__m256i g = v_adds(v_adds(l, _mm256_mulhrs_epi16(u, g_cb)),
				_mm256_mulhrs_epi16(v, g_cr));
		__m256i b = v_adds(v_adds(l, u), _mm256_mulhrs_epi16(u, b_cb));
		__m256i br = _mm256_packus_epi16(_mm256_srai_epi16(b, 5), _mm256_srai_epi16(r, 5));
		__m256i gx = _mm256_packus_epi16(_mm256_srai_epi16(g, 5), opaque);
		__m256i bg = _mm256_unpacklo_epi8(br, gx), rx = _mm256_unpackhi_epi8(br, gx);
		__m256i even = _mm256_unpacklo_epi16(bg, rx), odd = _mm256_unpackhi_epi16(bg, rx);

		v_store(p, _mm256_permute2x128_si256(even, odd, 0x20));
		v_store(p + 32, _mm256_permute2x128_si256(even, odd, 0x31));
	}
}

static void mark(const int16_t *coef, uint64_t mask[SP_RFX_MASK])
{
	const __m256i zero = _mm256_setzero_si256();

	for (size_t i = 0; i < SP_RFX_MASK; i++) {
		uint64_t m = 0;

		for (size_t j = 0; j < 64; j += 32) {
			__m256i v = _mm256_packs_epi16(
					v_load(coef + 64 * i + j), v_load(coef + 64 * i + j + 16));

			v = _mm256_permute4x64_epi64(_mm256_cmpeq_epi8(v, zero), 0xd8);
			m |= (uint64_t)(unsigned)_mm256_movemask_epi8(v) << j;
		}
		mask[i] = ~m;
	}
}

const struct sp_rfx_kernel sp_rfx_avx2 = {
		.to_planes = to_planes,
		.to_pixels = to_pixels,
		.dwt = {dwt_plain, dwt_reduce},
		.idwt = {idwt_plain, idwt_reduce},
		.quantize = quantize_16,
		.dequantize = dequantize_16,
		.mark = mark,
		.rlgr_encode = rlgr_encode,
		.rlgr_decode = rlgr_decode,
};
