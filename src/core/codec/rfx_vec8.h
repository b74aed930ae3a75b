/* core/codec/rfx_vec8.h - the steps of rfx_vec.h, 8 values at a time, for SSE4.1 and what has it. */
#ifndef SP_CORE_CODEC_RFX_VEC8_H
#define SP_CORE_CODEC_RFX_VEC8_H

#include <smmintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/rfx_kernel.h"

#define V __m128i
#define VN 8
#define VF(name) name##_8
#define v_load(p) _mm_loadu_si128((const __m128i *)(p))
#define v_store(p, v) _mm_storeu_si128((__m128i *)(p), v)
#define v_set1(v) _mm_set1_epi16(v)
#define v_adds(a, b) _mm_adds_epi16(a, b)
#define v_subs(a, b) _mm_subs_epi16(a, b)
#define v_sra1(v) _mm_srai_epi16(v, 1)
#define v_sra(v, by) _mm_sra_epi16(v, by)
#define v_sll(v, by) _mm_sll_epi16(v, by)
/* The values moved one place down or up, with that of the neighbour, or with the first again. */
#define v_next(v, after) _mm_alignr_epi8(after, v, 2)
#define v_prev(before, v) _mm_alignr_epi8(v, before, 14)
#define v_prev_first(v) _mm_alignr_epi8(v, _mm_slli_si128(v, 14), 14)
#define v_cut(v) _mm_insert_epi16(v, 0, 7)
#define v_last(v) ((int16_t)_mm_extract_epi16(v, 7))
#define v_split(a, b, even, odd) split_8(a, b, even, odd)
#define v_zip(even, odd, a, b) \
	(*(a) = _mm_unpacklo_epi16(even, odd), *(b) = _mm_unpackhi_epi16(even, odd))

/*
 * Asks for the pixels 24 rows further on, be they of this tile or not: rows of a picture lie so
 * far apart that no machine guesses the next ones.
 */
static inline void ahead(const uint8_t *px, size_t stride)
{
	_mm_prefetch((const char *)((uintptr_t)px + 24 * stride), _MM_HINT_T0);
}

static inline void split_8(__m128i a, __m128i b, __m128i *even, __m128i *odd)
{
	const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);

	a = _mm_shuffle_epi8(a, order);
	b = _mm_shuffle_epi8(b, order);
	*even = _mm_unpacklo_epi64(a, b);
	*odd = _mm_unpackhi_epi64(a, b);
}

#include "core/codec/rfx_vec.h"

#endif
