/* core/codec/nsc_avx2.c - the kernels of nsc_kernel.h for AVX2. */
#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline void store(uint8_t *p, __m256i v)
{
	_mm256_storeu_si256((__m256i *)(void *)p, v);
}

static inline uint64_t equal64(const uint8_t *p)
{
	__m256i a = _mm256_cmpeq_epi8(load(p), load(p + 1));
	__m256i b = _mm256_cmpeq_epi8(load(p + 32), load(p + 33));

	return (uint32_t)_mm256_movemask_epi8(a) |
			(uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

static inline unsigned count64(uint64_t m)
{
	return (unsigned)__builtin_popcountll(m);
}

static inline void copy32(uint8_t *o, const uint8_t *p)
{
	store(o, load(p));
}

static inline void fill32(uint8_t *o, uint8_t v)
{
	store(o, _mm256_set1_epi8((char)v));
}

#include "core/codec/nsc_runs.h"

/* Of eight pixels of BGRX, the sum of each with these factors. */
static inline __m256i weigh(__m256i px, int b, int g, int r)
{
	const __m256i factors = _mm256_set1_epi32(
			(int)((uint32_t)(r & 0xff) << 16 | (uint32_t)(g & 0xff) << 8 | (b & 0xff)));

	return _mm256_madd_epi16(_mm256_maddubs_epi16(px, factors), _mm256_set1_epi16(1));
}

/* The order that packing twice leaves, undone. */
static inline __m256i ordered(__m256i v)
{
	return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

static inline __m256i luma(const __m256i px[4])
{
	__m256i v[2];

	for (int i = 0; i < 2; i++) {
		v[i] = _mm256_packs_epi32(weigh(px[2 * i], 1, 2, 1), weigh(px[2 * i + 1], 1, 2, 1));
		v[i] = _mm256_srli_epi16(_mm256_add_epi16(v[i], _mm256_set1_epi16(2)), 2);
	}
	return ordered(_mm256_packus_epi16(v[0], v[1]));
}

static inline __m256i send(__m256i v, int round, __m128i shift, const struct sp_aycocg *c)
{
	v = _mm256_sra_epi16(_mm256_add_epi16(v, _mm256_set1_epi16((short)round)), shift);
	v = _mm256_min_epi16(v, _mm256_set1_epi16((short)c->max));
	return _mm256_and_si256(v, _mm256_set1_epi16((short)c->mask));
}

/* g is 0 for R - B, else 2 for 2G - R - B. */
static inline __m256i chroma(
		const __m256i px[4], int g, int round, __m128i shift, const struct sp_aycocg *c)
{
	const int r = g ? -1 : 1;
	__m256i v[2];

	for (int i = 0; i < 2; i++) {
		v[i] = _mm256_packs_epi32(
				weigh(px[2 * i], -1, g, r), weigh(px[2 * i + 1], -1, g, r));
		v[i] = send(v[i], round, shift, c);
	}
	return ordered(_mm256_packus_epi16(v[0], v[1]));
}

/* Of two by two: 16 values, in the lower half. */
static inline __m128i chroma2(const __m256i a[4], const __m256i b[4], int g, int round,
		__m128i shift, const struct sp_aycocg *c)
{
	const int r = g ? -1 : 1;
	__m256i v[4], pairs[2];

	for (int i = 0; i < 4; i++) {
		v[i] = _mm256_add_epi32(weigh(a[i], -1, g, r), weigh(b[i], -1, g, r));
	}
	for (int i = 0; i < 2; i++) {
		pairs[i] = _mm256_madd_epi16(
				_mm256_packs_epi32(v[2 * i], v[2 * i + 1]), _mm256_set1_epi16(1));
	}
	v[0] = send(_mm256_packs_epi32(pairs[0], pairs[1]), round, shift, c);
	/* The lanes have two values each by turns. */
	return _mm_unpacklo_epi16(_mm_packus_epi16(_mm256_castsi256_si128(v[0]),
						  _mm256_castsi256_si128(v[0])),
			_mm_packus_epi16(_mm256_extracti128_si256(v[0], 1),
					_mm256_extracti128_si256(v[0], 1)));
}

static inline void load4(__m256i v[4], const uint8_t *px)
{
	for (int i = 0; i < 4; i++) {
		v[i] = load(px + 32 * (size_t)i);
	}
}

static void split(const uint8_t *px, size_t n, uint8_t *y, uint8_t *co, uint8_t *cg,
		const struct sp_aycocg *c)
{
	const __m128i so = _mm_cvtsi32_si128(c->shift_co), sg = _mm_cvtsi32_si128(c->shift_cg);
	size_t x = 0;

	for (; x + 32 <= n; x += 32) {
		__m256i v[4];

		load4(v, px + 4 * x);
		store(y + x, luma(v));
		store(co + x, chroma(v, 0, c->round_co, so, c));
		store(cg + x, chroma(v, 2, c->round_cg, sg, c));
	}
	if (x < n) {
		sp_aycocg_split16(px + 4 * x, y + x, co + x, cg + x, c);
	}
}

static void split2(const uint8_t *const px[2], size_t n, uint8_t *const y[2], uint8_t *co,
		uint8_t *cg, const struct sp_aycocg *c)
{
	const __m128i so = _mm_cvtsi32_si128(c->shift_co), sg = _mm_cvtsi32_si128(c->shift_cg);
	size_t x = 0;

	for (; x + 32 <= n; x += 32) {
		__m256i a[4], b[4];

		load4(a, px[0] + 4 * x);
		load4(b, px[1] + 4 * x);
		store(y[0] + x, luma(a));
		store(y[1] + x, luma(b));
		_mm_storeu_si128((__m128i *)(void *)(co + x / 2),
				chroma2(a, b, 0, c->round_co, so, c));
		_mm_storeu_si128((__m128i *)(void *)(cg + x / 2),
				chroma2(a, b, 2, c->round_cg, sg, c));
	}
	if (x < n) {
		const uint8_t *in[2] = {px[0] + 4 * x, px[1] + 4 * x};
		uint8_t *const out[2] = {y[0] + x, y[1] + x};

		sp_aycocg_split16x2(in, out, co + x / 2, cg + x / 2, c);
	}
}

const struct sp_nsc_kernel sp_nsc_avx2 = {
		.split = split,
		.split2 = split2,
		.put = put,
		.expand = expand,
};
