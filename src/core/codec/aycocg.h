/* core/codec/aycocg.h - colours as luma and two chromas, as NSCodec and planar send them. */
#ifndef SP_CORE_CODEC_AYCOCG_H
#define SP_CORE_CODEC_AYCOCG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/simd.h"

/* How chroma becomes what is sent, [MS-RDPEGDI] 3.1.9.1.4, rounded rather than cut. */
struct sp_aycocg {
	int round_co, round_cg; /* half of what is dropped */
	int shift_co, shift_cg;
	int max; /* rounding may lead one beyond it */
	int mask; /* the bits that are sent */
};

/* loss: 1 to 7; half: 1 where chroma of 2x2 pixels is sent together. */
static inline struct sp_aycocg sp_aycocg_make(unsigned loss, unsigned half)
{
	struct sp_aycocg c = {.shift_co = (int)(loss + 2 * half),
			.shift_cg = (int)(loss + 1 + 2 * half),
			.max = (0x100 >> (loss & 7)) - 1,
			.mask = 0xff >> ((loss - 1) & 7)};

	c.round_co = 1 << (c.shift_co - 1);
	c.round_cg = 1 << (c.shift_cg - 1);
	return c;
}

#if defined(SP_SIMD_SSE2)
/* Eight pixels as numbers of 16 bits: luma, R - B and 2G - R - B. */
static inline void sp_aycocg_split8(const uint8_t *px, __m128i *luma, __m128i *co, __m128i *cg)
{
	const __m128i low = _mm_set1_epi16(0x00ff), low32 = _mm_set1_epi32(0x000000ff);
	__m128i p0 = _mm_loadu_si128((const __m128i *)px);
	__m128i p1 = _mm_loadu_si128((const __m128i *)px + 1);
	/* Below 2^15, so the signed pack keeps them. */
	__m128i b = _mm_packs_epi32(_mm_and_si128(p0, low32), _mm_and_si128(p1, low32));
	__m128i g = _mm_packs_epi32(_mm_and_si128(_mm_srli_epi32(p0, 8), low32),
			_mm_and_si128(_mm_srli_epi32(p1, 8), low32));
	__m128i r = _mm_packs_epi32(_mm_and_si128(_mm_srli_epi32(p0, 16), low),
			_mm_and_si128(_mm_srli_epi32(p1, 16), low));
	__m128i rb = _mm_add_epi16(r, b), gg = _mm_add_epi16(g, g);

	*luma = _mm_srli_epi16(_mm_add_epi16(_mm_add_epi16(rb, gg), _mm_set1_epi16(2)), 2);
	*co = _mm_sub_epi16(r, b);
	*cg = _mm_sub_epi16(gg, rb);
}

static inline __m128i sp_aycocg_send8(
		__m128i v, int round, __m128i shift, const struct sp_aycocg *c)
{
	v = _mm_sra_epi16(_mm_add_epi16(v, _mm_set1_epi16((short)round)), shift);
	v = _mm_min_epi16(v, _mm_set1_epi16((short)c->max));
	return _mm_and_si128(v, _mm_set1_epi16((short)c->mask));
}

/* Sums of neighbours of two rows of eight: four values, twice. */
static inline __m128i sp_aycocg_pairs(__m128i a, __m128i b)
{
	__m128i v = _mm_madd_epi16(_mm_add_epi16(a, b), _mm_set1_epi16(1));

	return _mm_packs_epi32(v, v);
}
#else
static inline uint8_t sp_aycocg_send(int v, int round, int shift, const struct sp_aycocg *c)
{
	v = (v + round) >> shift;
	return (uint8_t)((v < c->max ? v : c->max) & c->mask);
}
#endif

/* 16 pixels into 16 values of each plane. */
static inline void sp_aycocg_split16(
		const uint8_t *px, uint8_t *y, uint8_t *co, uint8_t *cg, const struct sp_aycocg *c)
{
#if defined(SP_SIMD_SSE2)
	const __m128i so = _mm_cvtsi32_si128(c->shift_co), sg = _mm_cvtsi32_si128(c->shift_cg);
	__m128i y0, o0, g0, y1, o1, g1;

	sp_aycocg_split8(px, &y0, &o0, &g0);
	sp_aycocg_split8(px + 32, &y1, &o1, &g1);
	_mm_storeu_si128((__m128i *)y, _mm_packus_epi16(y0, y1));
	_mm_storeu_si128((__m128i *)co,
			_mm_packus_epi16(sp_aycocg_send8(o0, c->round_co, so, c),
					sp_aycocg_send8(o1, c->round_co, so, c)));
	_mm_storeu_si128((__m128i *)cg,
			_mm_packus_epi16(sp_aycocg_send8(g0, c->round_cg, sg, c),
					sp_aycocg_send8(g1, c->round_cg, sg, c)));
#else
	for (int i = 0; i < 16; i++, px += 4) {
		y[i] = (uint8_t)((px[0] + 2 * px[1] + px[2] + 2) >> 2);
		co[i] = sp_aycocg_send(px[2] - px[0], c->round_co, c->shift_co, c);
		cg[i] = sp_aycocg_send(2 * px[1] - px[2] - px[0], c->round_cg, c->shift_cg, c);
	}
#endif
}

/* Two rows of 16 pixels into 16 values of luma each and 8 of chroma. */
static inline void sp_aycocg_split16x2(const uint8_t *const px[2], uint8_t *const y[2], uint8_t *co,
		uint8_t *cg, const struct sp_aycocg *c)
{
#if defined(SP_SIMD_SSE2)
	const __m128i so = _mm_cvtsi32_si128(c->shift_co), sg = _mm_cvtsi32_si128(c->shift_cg);
	__m128i ya, oa, ga, yb, ob, gb, yc, oc, gc, yd, od, gd, o, g;

	sp_aycocg_split8(px[0], &ya, &oa, &ga);
	sp_aycocg_split8(px[0] + 32, &yb, &ob, &gb);
	_mm_storeu_si128((__m128i *)y[0], _mm_packus_epi16(ya, yb));
	sp_aycocg_split8(px[1], &yc, &oc, &gc);
	sp_aycocg_split8(px[1] + 32, &yd, &od, &gd);
	_mm_storeu_si128((__m128i *)y[1], _mm_packus_epi16(yc, yd));
	o = _mm_unpacklo_epi64(sp_aycocg_pairs(oa, oc), sp_aycocg_pairs(ob, od));
	g = _mm_unpacklo_epi64(sp_aycocg_pairs(ga, gc), sp_aycocg_pairs(gb, gd));
	o = sp_aycocg_send8(o, c->round_co, so, c);
	g = sp_aycocg_send8(g, c->round_cg, sg, c);
	_mm_storel_epi64((__m128i *)co, _mm_packus_epi16(o, o));
	_mm_storel_epi64((__m128i *)cg, _mm_packus_epi16(g, g));
#else
	for (int i = 0; i < 16; i += 2) {
		int o = 0, g = 0;

		for (int k = 0; k < 4; k++) {
			size_t x = (size_t)(i + (k & 1));
			const uint8_t *p = px[k >> 1] + 4 * x;

			y[k >> 1][x] = (uint8_t)((p[0] + 2 * p[1] + p[2] + 2) >> 2);
			o += p[2] - p[0];
			g += 2 * p[1] - p[2] - p[0];
		}
		co[i / 2] = sp_aycocg_send(o, c->round_co, c->shift_co, c);
		cg[i / 2] = sp_aycocg_send(g, c->round_cg, c->shift_cg, c);
	}
#endif
}

static inline uint8_t sp_aycocg_clamp(int v)
{
	return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

#if defined(SP_SIMD_SSE2)
/*
 * Eight values of chroma, in the high bytes of their lanes: [MS-RDPEGDI] 3.1.9.1.4 undone, but
 * halved, as the matrix needs it.
 */
static inline __m128i sp_aycocg_chroma(__m128i v, unsigned shift)
{
	return _mm_srai_epi16(_mm_slli_epi16(v, (int)shift), 8);
}

static inline void sp_aycocg_join16(uint8_t *out, __m128i y, __m128i co, __m128i cg, __m128i x,
		unsigned shift, bool swapped)
{
	const __m128i zero = _mm_setzero_si128();
	__m128i y0 = _mm_unpacklo_epi8(y, zero), y1 = _mm_unpackhi_epi8(y, zero);
	__m128i co0 = sp_aycocg_chroma(_mm_unpacklo_epi8(zero, co), shift);
	__m128i co1 = sp_aycocg_chroma(_mm_unpackhi_epi8(zero, co), shift);
	__m128i cg0 = sp_aycocg_chroma(_mm_unpacklo_epi8(zero, cg), shift);
	__m128i cg1 = sp_aycocg_chroma(_mm_unpackhi_epi8(zero, cg), shift);
	__m128i g = _mm_packus_epi16(_mm_add_epi16(y0, cg0), _mm_add_epi16(y1, cg1));
	__m128i t0 = _mm_sub_epi16(y0, cg0), t1 = _mm_sub_epi16(y1, cg1);
	__m128i r = _mm_packus_epi16(_mm_add_epi16(t0, co0), _mm_add_epi16(t1, co1));
	__m128i b = _mm_packus_epi16(_mm_sub_epi16(t0, co0), _mm_sub_epi16(t1, co1));
	__m128i first = swapped ? r : b, third = swapped ? b : r;
	__m128i bg = _mm_unpacklo_epi8(first, g), rx = _mm_unpacklo_epi8(third, x);
	__m128i *d = (__m128i *)out;

	_mm_storeu_si128(d, _mm_unpacklo_epi16(bg, rx));
	_mm_storeu_si128(d + 1, _mm_unpackhi_epi16(bg, rx));
	bg = _mm_unpackhi_epi8(first, g);
	rx = _mm_unpackhi_epi8(third, x);
	_mm_storeu_si128(d + 2, _mm_unpacklo_epi16(bg, rx));
	_mm_storeu_si128(d + 3, _mm_unpackhi_epi16(bg, rx));
}
#endif

/*
 * One row: luma, chroma (half as many with half 1) and alpha into pixels, [MS-RDPEGDI] 3.1.9.1.2;
 * swapped exchanges red and blue. The rows of values have slack behind them.
 */
static inline void sp_aycocg_join(uint8_t *out, const uint8_t *y, const uint8_t *co,
		const uint8_t *cg, const uint8_t *a, size_t w, unsigned half, unsigned shift,
		bool swapped)
{
	size_t x = 0;

#if defined(SP_SIMD_SSE2)
	for (; x + 16 <= w; x += 16) {
		__m128i vo, vg;

		if (half) {
			vo = _mm_loadl_epi64((const __m128i *)(co + x / 2));
			vo = _mm_unpacklo_epi8(vo, vo);
			vg = _mm_loadl_epi64((const __m128i *)(cg + x / 2));
			vg = _mm_unpacklo_epi8(vg, vg);
		} else {
			vo = _mm_loadu_si128((const __m128i *)(co + x));
			vg = _mm_loadu_si128((const __m128i *)(cg + x));
		}
		sp_aycocg_join16(out + 4 * x, _mm_loadu_si128((const __m128i *)(y + x)), vo, vg,
				_mm_loadu_si128((const __m128i *)(a + x)), shift, swapped);
	}
#endif
	for (; x < w; x++) {
		int o = (int8_t)(uint8_t)(co[x >> half] << shift);
		int g = (int8_t)(uint8_t)(cg[x >> half] << shift);

		out[4 * x + (swapped ? 2 : 0)] = sp_aycocg_clamp(y[x] - g - o);
		out[4 * x + 1] = sp_aycocg_clamp(y[x] + g);
		out[4 * x + (swapped ? 0 : 2)] = sp_aycocg_clamp(y[x] - g + o);
		out[4 * x + 3] = a[x];
	}
}

#endif
