/* core/codec/nsc_enc.c - pixels into NSCodec bitmaps. */
#include "core/base/mem.h"
#include "core/codec/nsc.h"
#include "core/codec/simd.h"

#define HEADER 20
#define RAW_END 4 /* the last bytes of an encoded plane are not encoded */
#define MARGIN 128 /* behind a plane and its encoding, for what is read or written past them */

struct sp_nsc_enc {
	uint8_t *buf; /* three planes, each with a margin */
	size_t cap;
};

/* How chroma becomes what is sent, [MS-RDPEGDI] 3.1.9.1.4, rounded rather than cut. */
struct chroma {
	int round_co, round_cg; /* half of what is dropped */
	int shift_co, shift_cg;
	int max; /* rounding may lead one beyond it */
	int mask; /* the bits that are sent */
};

struct sp_nsc_enc *sp_nsc_enc_create(void)
{
	return sp_calloc(1, sizeof(struct sp_nsc_enc));
}

void sp_nsc_enc_destroy(struct sp_nsc_enc *e)
{
	if (e) {
		sp_free(e->buf);
		sp_free(e);
	}
}

#if defined(SP_SIMD_SSE2)
/* Eight pixels as numbers of 16 bits: luma, R - B and 2G - R - B. */
static inline void split8(const uint8_t *px, __m128i *luma, __m128i *co, __m128i *cg)
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

static inline __m128i send8(__m128i v, int round, __m128i shift, const struct chroma *c)
{
	v = _mm_sra_epi16(_mm_add_epi16(v, _mm_set1_epi16((short)round)), shift);
	v = _mm_min_epi16(v, _mm_set1_epi16((short)c->max));
	return _mm_and_si128(v, _mm_set1_epi16((short)c->mask));
}

/* Sums of neighbours of two rows of eight: four values, twice. */
static inline __m128i pairs(__m128i a, __m128i b)
{
	__m128i v = _mm_madd_epi16(_mm_add_epi16(a, b), _mm_set1_epi16(1));

	return _mm_packs_epi32(v, v);
}
#else
static uint8_t send_chroma(int v, int round, int shift, const struct chroma *c)
{
	v = (v + round) >> shift;
	return (uint8_t)((v < c->max ? v : c->max) & c->mask);
}
#endif

/* 16 pixels into 16 values of each plane. */
static void split16(const uint8_t *px, uint8_t *y, uint8_t *co, uint8_t *cg, const struct chroma *c)
{
#if defined(SP_SIMD_SSE2)
	const __m128i so = _mm_cvtsi32_si128(c->shift_co), sg = _mm_cvtsi32_si128(c->shift_cg);
	__m128i y0, o0, g0, y1, o1, g1;

	split8(px, &y0, &o0, &g0);
	split8(px + 32, &y1, &o1, &g1);
	_mm_storeu_si128((__m128i *)y, _mm_packus_epi16(y0, y1));
	_mm_storeu_si128((__m128i *)co,
			_mm_packus_epi16(send8(o0, c->round_co, so, c),
					send8(o1, c->round_co, so, c)));
	_mm_storeu_si128((__m128i *)cg,
			_mm_packus_epi16(send8(g0, c->round_cg, sg, c),
					send8(g1, c->round_cg, sg, c)));
#else
	for (int i = 0; i < 16; i++, px += 4) {
		y[i] = (uint8_t)((px[0] + 2 * px[1] + px[2] + 2) >> 2);
		co[i] = send_chroma(px[2] - px[0], c->round_co, c->shift_co, c);
		cg[i] = send_chroma(2 * px[1] - px[2] - px[0], c->round_cg, c->shift_cg, c);
	}
#endif
}

/* Two rows of 16 pixels into 16 values of luma each and 8 of chroma. */
static void split16x2(const uint8_t *const px[2], uint8_t *const y[2], uint8_t *co, uint8_t *cg,
		const struct chroma *c)
{
#if defined(SP_SIMD_SSE2)
	const __m128i so = _mm_cvtsi32_si128(c->shift_co), sg = _mm_cvtsi32_si128(c->shift_cg);
	__m128i ya, oa, ga, yb, ob, gb, yc, oc, gc, yd, od, gd, o, g;

	split8(px[0], &ya, &oa, &ga);
	split8(px[0] + 32, &yb, &ob, &gb);
	_mm_storeu_si128((__m128i *)y[0], _mm_packus_epi16(ya, yb));
	split8(px[1], &yc, &oc, &gc);
	split8(px[1] + 32, &yd, &od, &gd);
	_mm_storeu_si128((__m128i *)y[1], _mm_packus_epi16(yc, yd));
	o = _mm_unpacklo_epi64(pairs(oa, oc), pairs(ob, od));
	g = _mm_unpacklo_epi64(pairs(ga, gc), pairs(gb, gd));
	o = send8(o, c->round_co, so, c);
	g = send8(g, c->round_cg, sg, c);
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
		co[i / 2] = send_chroma(o, c->round_co, c->shift_co, c);
		cg[i / 2] = send_chroma(g, c->round_cg, c->shift_cg, c);
	}
#endif
}

/* The last pixels of a row, fewer than 16, repeated to that many. */
static void pad(uint8_t *to, const uint8_t *row, uint32_t x, uint32_t w)
{
	memcpy(to, row + 4 * (size_t)x, 4 * (size_t)(w - x));
	sp_simd_fill(to + 4 * (size_t)(w - x), sp_simd_load32(row + 4 * (size_t)(w - 1)),
			16 - (w - x));
}

static void split_full(uint8_t *const *plane, const uint8_t *row, ptrdiff_t step, uint32_t w,
		uint32_t h, const struct chroma *c)
{
	uint8_t padded[64];
	size_t at = 0;

	for (uint32_t y = 0; y < h; y++, at += w) {
		uint32_t x = 0;

		for (; x + 16 <= w; x += 16) {
			split16(row + 4 * (size_t)x, plane[0] + at + x, plane[1] + at + x,
					plane[2] + at + x, c);
		}
		if (x < w) {
			pad(padded, row, x, w);
			split16(padded, plane[0] + at + x, plane[1] + at + x, plane[2] + at + x, c);
		}
		row += y + 1 < h ? step : 0;
	}
}

/* With the planes padded as [MS-RDPNSC] 3.1.8.2 wants it; what is added repeats the edge. */
static void split_half(uint8_t *const *plane, const uint8_t *row, ptrdiff_t step, uint32_t w,
		uint32_t h, const struct chroma *c)
{
	size_t luma_w = (w + 7) & ~7u, chroma_w = luma_w / 2;
	uint8_t padded[2][64], spare[2][16];

	for (uint32_t y = 0; y < h; y += 2) {
		const uint8_t *rows[2] = {row, y + 1 < h ? row + step : row};
		size_t at = y * luma_w, chroma_at = y / 2 * chroma_w;
		uint32_t x = 0;

		for (; x < w; x += 16) {
			const uint8_t *px[2] = {rows[0] + 4 * (size_t)x, rows[1] + 4 * (size_t)x};
			uint8_t *luma[2] = {plane[0] + at + x, plane[0] + at + luma_w + x};
			bool last = x + 16 > luma_w;

			if (x + 16 > w) {
				pad(padded[0], rows[0], x, w);
				pad(padded[1], rows[1], x, w);
				px[0] = padded[0];
				px[1] = padded[1];
			}
			if (last || y + 1 == h) { /* no room behind, or none for a second row */
				luma[0] = spare[0];
				luma[1] = spare[1];
			}
			split16x2(px, luma, plane[1] + chroma_at + x / 2,
					plane[2] + chroma_at + x / 2, c);
			if (luma[0] == spare[0]) {
				memcpy(plane[0] + at + x, spare[0], last ? 8 : 16);
				if (y + 1 < h) {
					memcpy(plane[0] + at + luma_w + x, spare[1], last ? 8 : 16);
				}
			}
		}
		row += y + 2 < h ? 2 * step : 0;
	}
}

static uint8_t *put_run(uint8_t *o, uint8_t v, size_t n)
{
	o[0] = o[1] = v;
	if (n <= 256) {
		o[2] = (uint8_t)(n - 2);
		return o + 3;
	}
	o[2] = 0xff;
	sp_simd_store32(o + 3, (uint32_t)n);
	return o + 7;
}

/* How many values go on with that of p[-1]. */
static size_t same(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n) {
		uint64_t m = ~sp_simd_mask(p + i, n - i < 64 ? n - i : 64);

		if (m != 0) {
			size_t k = (size_t)__builtin_ctzll(m);

			return i + k < n ? i + k : n;
		}
		i += 64;
	}
	return n;
}

/*
 * [MS-RDPNSC] 3.1.8.1. n values of a plane, encoded where that is shorter; returns the end of what
 * was written, at most n bytes. Both have a margin behind them.
 */
static uint8_t *put_plane(uint8_t *out, const uint8_t *p, size_t n)
{
	size_t body = n > RAW_END ? n - RAW_END : 0, at = 0;
	uint8_t *o = out;
	const uint8_t *limit = out + body;

	while (at < body && o < limit) {
		/* Bit i: value i is that of its successor, which is no raw one. */
		size_t left = body - at;
		uint64_t m = left > 1 ? sp_simd_mask(p + at + 1, left - 1 < 64 ? left - 1 : 64) : 0;
		size_t here = left < 64 ? left : 64, i = 0;

		while (i < here) {
			uint64_t ahead = m >> i;
			size_t k = ahead ? (size_t)__builtin_ctzll(ahead) : here - i, run;

			for (size_t copied = 0; copied < k; copied += 16) {
				memcpy(o + copied, p + at + i + copied, 16);
			}
			o += k;
			i += k;
			if (!ahead) {
				break;
			}
			run = ~(m >> i) ? (size_t)__builtin_ctzll(~(m >> i)) : 64;
			if (i + run >= 64) {
				run += same(p + at + i + run + 1, left - i - run - 1);
			}
			o = put_run(o, p[at + i], run + 1);
			i += run + 1;
		}
		at += i;
	}
	if (!(o < limit)) {
		memcpy(out, p, n);
		return out + n;
	}
	memcpy(o, p + body, RAW_END);
	return o + RAW_END;
}

static uint8_t *put_opaque(uint8_t *o, size_t n)
{
	if (n <= 11) {
		memset(o, 0xff, n);
		return o + n;
	}
	o = put_run(o, 0xff, n - RAW_END);
	memset(o, 0xff, RAW_END);
	return o + RAW_END;
}

static int reserve(struct sp_nsc_enc *e, size_t n)
{
	if (n > e->cap) {
		sp_free(e->buf);
		e->cap = 0;
		e->buf = sp_malloc(n);
		if (!e->buf) {
			return SP_ENOMEM;
		}
		e->cap = n;
	}
	return SP_OK;
}

int sp_nsc_encode(struct sp_nsc_enc *e, const struct sp_nsc_conf *conf, const uint8_t *row,
		ptrdiff_t step, uint32_t w, uint32_t h, struct sp_wr *out)
{
	unsigned half = conf->subsample ? 1 : 0, loss = conf->loss;
	struct chroma c = {.shift_co = (int)(loss + 2 * half),
			.shift_cg = (int)(loss + 1 + 2 * half),
			.max = (0x100 >> (loss & 7)) - 1,
			.mask = 0xff >> ((loss - 1) & 7)};
	uint8_t *start, *o, *plane[3];
	size_t n[3], room, luma_w;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX) ||
			!(1 <= loss && loss <= 7)) {
		return SP_EARG;
	}
	c.round_co = 1 << (c.shift_co - 1);
	c.round_cg = 1 << (c.shift_cg - 1);
	luma_w = half ? (w + 7) & ~7u : w;
	n[0] = luma_w * h;
	n[1] = n[2] = (luma_w >> half) * ((h + half) >> half);
	if (reserve(e, n[0] + n[1] + n[2] + 3 * (size_t)MARGIN) != SP_OK) {
		return SP_ENOMEM;
	}
	room = HEADER + n[0] + n[1] + n[2] + 11 + MARGIN;
	start = sp_wr_room(out, room);
	if (!start) {
		return sp_wr_ok(out);
	}
	plane[0] = e->buf;
	plane[1] = plane[0] + n[0] + MARGIN;
	plane[2] = plane[1] + n[1] + MARGIN;
	if (half) {
		split_half(plane, row, step, w, h, &c);
	} else {
		split_full(plane, row, step, w, h, &c);
	}
	o = start + HEADER;
	for (int i = 0; i < 4; i++) {
		uint8_t *end = i < 3 ? put_plane(o, plane[i], n[i]) : put_opaque(o, (size_t)w * h);

		sp_simd_store32(start + 4 * i, (uint32_t)(end - o));
		o = end;
	}
	sp_simd_store32(start + 16, loss | half << 8);
	sp_wr_shrink(out, room - (size_t)(o - start));
	return (int)(o - start);
}
