/* core/codec/simd.h - the inner loops of the codecs: SSE2, and plain C that does the same. */
#ifndef SP_CORE_CODEC_SIMD_H
#define SP_CORE_CODEC_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/base/attr.h"

/* SP_SIMD_PORTABLE takes the plain C on every machine: the tests run both. */
#if defined(__SSE2__) && !defined(SP_SIMD_PORTABLE)
#define SP_SIMD_SSE2 1
#include <emmintrin.h>
#endif

/* Bytes behind (and for sp_simd_mask 1 before) a row that may be read or rewritten. */
#define SP_SIMD_SLACK 16

static inline uint32_t sp_simd_load32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void sp_simd_store32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* n pixels of 4 bytes become v. */
static inline void sp_simd_fill(uint8_t *dst, uint32_t v, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i vv = _mm_set1_epi32((int)v);

	for (; i + 4 <= n; i += 4) {
		_mm_storeu_si128((__m128i *)(dst + 4 * i), vv);
	}
#endif
	for (; i < n; i++) {
		sp_simd_store32(dst + 4 * i, v);
	}
}

/* dst = src XOR v, n pixels of 4 bytes. */
static inline void sp_simd_xor(uint8_t *dst, const uint8_t *src, uint32_t v, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i vv = _mm_set1_epi32((int)v);

	for (; i + 4 <= n; i += 4) {
		__m128i s = _mm_loadu_si128((const __m128i *)(src + 4 * i));

		_mm_storeu_si128((__m128i *)(dst + 4 * i), _mm_xor_si128(s, vv));
	}
#endif
	for (; i < n; i++) {
		sp_simd_store32(dst + 4 * i, sp_simd_load32(src + 4 * i) ^ v);
	}
}

/* How many of the first n values are v. */
static inline size_t sp_simd_run(const uint32_t *a, uint32_t v, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i vv = _mm_set1_epi32((int)v);

	for (; i + 4 <= n; i += 4) {
		__m128i eq = _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(a + i)), vv);
		unsigned m = (unsigned)_mm_movemask_epi8(eq);

		if (m != 0xffff) {
			return i + (size_t)__builtin_ctz(~m) / 4;
		}
	}
#endif
	while (i < n && a[i] == v) {
		i++;
	}
	return i;
}

/* The first of n pixels whose colours differ, n when none do; X does not count. */
static inline size_t sp_simd_differ(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	for (; i + 4 <= n; i += 4) {
		__m128i d = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(a + 4 * i)),
				_mm_loadu_si128((const __m128i *)(b + 4 * i)));

		d = _mm_cmpeq_epi32(_mm_slli_epi32(d, 8), _mm_setzero_si128());
		if (_mm_movemask_epi8(d) != 0xffff) {
			break;
		}
	}
#endif
	while (i < n && ((sp_simd_load32(a + 4 * i) ^ sp_simd_load32(b + 4 * i)) << 8) == 0) {
		i++;
	}
	return i;
}

/* One behind the last of n pixels whose colours differ, 0 when none do. */
static inline size_t sp_simd_differ_end(const uint8_t *a, const uint8_t *b, size_t n)
{
	while (n > 0 &&
			((sp_simd_load32(a + 4 * n - 4) ^ sp_simd_load32(b + 4 * n - 4)) << 8) ==
					0) {
		n--;
	}
	return n;
}

/* Rows of blue, green, red out of n pixels; n is a multiple of 4. */
static inline void sp_simd_split(uint8_t *b, uint8_t *g, uint8_t *r, const uint8_t *bgrx, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i low = _mm_set1_epi16(0x00ff);

	for (; i + 16 <= n; i += 16) {
		const __m128i *s = (const __m128i *)(bgrx + 4 * i);
		__m128i p0 = _mm_loadu_si128(s), p1 = _mm_loadu_si128(s + 1);
		__m128i p2 = _mm_loadu_si128(s + 2), p3 = _mm_loadu_si128(s + 3);
		/* 16-bit lanes: B R B R ... and G X G X ... */
		__m128i br0 = _mm_packus_epi16(_mm_and_si128(p0, low), _mm_and_si128(p1, low));
		__m128i br1 = _mm_packus_epi16(_mm_and_si128(p2, low), _mm_and_si128(p3, low));
		__m128i gx0 = _mm_packus_epi16(_mm_srli_epi16(p0, 8), _mm_srli_epi16(p1, 8));
		__m128i gx1 = _mm_packus_epi16(_mm_srli_epi16(p2, 8), _mm_srli_epi16(p3, 8));

		_mm_storeu_si128((__m128i *)(b + i),
				_mm_packus_epi16(_mm_and_si128(br0, low), _mm_and_si128(br1, low)));
		_mm_storeu_si128((__m128i *)(r + i),
				_mm_packus_epi16(_mm_srli_epi16(br0, 8), _mm_srli_epi16(br1, 8)));
		_mm_storeu_si128((__m128i *)(g + i),
				_mm_packus_epi16(_mm_and_si128(gx0, low), _mm_and_si128(gx1, low)));
	}
#endif
	for (; i < n; i++) {
		b[i] = bgrx[4 * i];
		g[i] = bgrx[4 * i + 1];
		r[i] = bgrx[4 * i + 2];
	}
}

/* The other way, with a fourth row for X. Any n; the rows have slack behind them. */
static inline void sp_simd_join(uint8_t *bgrx, const uint8_t *b, const uint8_t *g, const uint8_t *r,
		const uint8_t *x, size_t n)
{
	size_t i = 0;

#if defined(SP_SIMD_SSE2)
	for (; i + 16 <= n; i += 16) {
		__m128i vb = _mm_loadu_si128((const __m128i *)(b + i));
		__m128i vg = _mm_loadu_si128((const __m128i *)(g + i));
		__m128i vr = _mm_loadu_si128((const __m128i *)(r + i));
		__m128i vx = _mm_loadu_si128((const __m128i *)(x + i));
		__m128i bg = _mm_unpacklo_epi8(vb, vg), rx = _mm_unpacklo_epi8(vr, vx);
		__m128i *d = (__m128i *)(bgrx + 4 * i);

		_mm_storeu_si128(d, _mm_unpacklo_epi16(bg, rx));
		_mm_storeu_si128(d + 1, _mm_unpackhi_epi16(bg, rx));
		bg = _mm_unpackhi_epi8(vb, vg);
		rx = _mm_unpackhi_epi8(vr, vx);
		_mm_storeu_si128(d + 2, _mm_unpacklo_epi16(bg, rx));
		_mm_storeu_si128(d + 3, _mm_unpackhi_epi16(bg, rx));
	}
#endif
	for (; i < n; i++) {
		bgrx[4 * i] = b[i];
		bgrx[4 * i + 1] = g[i];
		bgrx[4 * i + 2] = r[i];
		bgrx[4 * i + 3] = x[i];
	}
}

/*
 * The difference of two rows as the planar codec writes it: sign in the lowest bit. n is rounded
 * up to SP_SIMD_SLACK, so all three have slack.
 */
static inline void sp_simd_delta(uint8_t *dst, const uint8_t *row, const uint8_t *above, size_t n)
{
#if defined(SP_SIMD_SSE2)
	for (size_t i = 0; i < n; i += 16) {
		__m128i d = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(row + i)),
				_mm_loadu_si128((const __m128i *)(above + i)));
		__m128i sign = _mm_cmpgt_epi8(_mm_setzero_si128(), d);

		_mm_storeu_si128((__m128i *)(dst + i), _mm_xor_si128(_mm_add_epi8(d, d), sign));
	}
#else
	for (size_t i = 0; i < n; i++) {
		uint8_t d = (uint8_t)(row[i] - above[i]);

		dst[i] = (uint8_t)(d << 1 ^ (d & 0x80 ? 0xff : 0));
	}
#endif
}

static inline uint8_t sp_simd_undelta(uint8_t v)
{
	return (uint8_t)(v >> 1 ^ (v & 1 ? 0xff : 0));
}

#if defined(SP_SIMD_SSE2)
/* All ones in the first n of 16 bytes. */
static inline __m128i sp_simd_first(size_t n)
{
	const __m128i index = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

	return _mm_cmpgt_epi8(_mm_set1_epi8((char)(n < 16 ? n : 16)), index);
}
#endif

/* Adds n < 16 differences as written by sp_simd_delta; both have slack. */
static inline void sp_simd_add(uint8_t *row, const uint8_t *delta, size_t n)
{
#if defined(SP_SIMD_SSE2)
	__m128i v = _mm_loadu_si128((const __m128i *)delta);
	__m128i half = _mm_and_si128(_mm_srli_epi16(v, 1), _mm_set1_epi8(0x7f));
	__m128i sign = _mm_sub_epi8(_mm_setzero_si128(), _mm_and_si128(v, _mm_set1_epi8(1)));
	__m128i d = _mm_and_si128(_mm_xor_si128(half, sign), sp_simd_first(n));

	_mm_storeu_si128((__m128i *)row, _mm_add_epi8(_mm_loadu_si128((__m128i *)row), d));
#else
	for (size_t i = 0; i < n; i++) {
		row[i] = (uint8_t)(row[i] + sp_simd_undelta(delta[i]));
	}
#endif
}

/* Adds the same d to n bytes; the row has slack. */
static inline void sp_simd_add_run(uint8_t *row, uint8_t d, size_t n)
{
#if defined(SP_SIMD_SSE2)
	const __m128i dd = _mm_set1_epi8((char)d);

	for (size_t i = 0; i < n; i += 16) {
		__m128i v = _mm_loadu_si128((__m128i *)(row + i));

		v = _mm_add_epi8(v, _mm_and_si128(dd, sp_simd_first(n - i)));
		_mm_storeu_si128((__m128i *)(row + i), v);
	}
#else
	for (size_t i = 0; i < n; i++) {
		row[i] = (uint8_t)(row[i] + d);
	}
#endif
}

/*
 * Bit i is set where byte i equals the one before it, for 64 bytes; the first is compared with
 * row[-1]. n tells how many of them count, the other bits are 0.
 */
static inline uint64_t sp_simd_mask(const uint8_t *row, size_t n)
{
	uint64_t m = 0;

#if defined(SP_SIMD_SSE2)
	for (size_t i = 0; i < n; i += 16) {
		__m128i eq = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(row + i)),
				_mm_loadu_si128((const __m128i *)(row + i - 1)));

		m |= (uint64_t)(unsigned)_mm_movemask_epi8(eq) << i;
	}
#else
	for (size_t i = 0; i < n; i++) {
		m |= (uint64_t)(row[i] == row[(ptrdiff_t)i - 1]) << i;
	}
#endif
	return n < 64 ? m & (((uint64_t)1 << n) - 1) : m;
}

/* Bits that are set. Not the compiler's own, which calls a function on the base level. */
static inline unsigned sp_simd_count(uint64_t m)
{
	m -= m >> 1 & 0x5555555555555555u;
	m = (m & 0x3333333333333333u) + (m >> 2 & 0x3333333333333333u);
	m = (m + (m >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (unsigned)(m * 0x0101010101010101u >> 56);
}

#endif
