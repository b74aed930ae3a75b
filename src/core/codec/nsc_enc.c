/* core/codec/nsc_enc.c - pixels into NSCodec bitmaps. */
#include "core/base/mem.h"
#include "core/codec/aycocg.h"
#include "core/codec/nsc.h"
#include "core/codec/simd.h"

#define HEADER 20
#define RAW_END 4 /* the last bytes of an encoded plane are not encoded */
#define PROBE 512 /* values after which we ask whether encoding pays */
#define MARGIN 128 /* behind a plane and its encoding, for what is read or written past them */

struct sp_nsc_enc {
	uint8_t *buf; /* three planes, each with a margin */
	size_t cap;
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

/* The last pixels of a row, fewer than 16, repeated to that many. */
static void pad(uint8_t *to, const uint8_t *row, uint32_t x, uint32_t w)
{
	memcpy(to, row + 4 * (size_t)x, 4 * (size_t)(w - x));
	sp_simd_fill(to + 4 * (size_t)(w - x), sp_simd_load32(row + 4 * (size_t)(w - 1)),
			16 - (w - x));
}

static void split_full(uint8_t *const *plane, const uint8_t *row, ptrdiff_t step, uint32_t w,
		uint32_t h, const struct sp_aycocg *c)
{
	uint8_t padded[64];
	size_t at = 0;

	for (uint32_t y = 0; y < h; y++, at += w) {
		uint32_t x = 0;

		for (; x + 16 <= w; x += 16) {
			sp_aycocg_split16(row + 4 * (size_t)x, plane[0] + at + x, plane[1] + at + x,
					plane[2] + at + x, c);
		}
		if (x < w) {
			pad(padded, row, x, w);
			sp_aycocg_split16(padded, plane[0] + at + x, plane[1] + at + x,
					plane[2] + at + x, c);
		}
		row += y + 1 < h ? step : 0;
	}
}

/* With the planes padded as [MS-RDPNSC] 3.1.8.2 wants it; what is added repeats the edge. */
static void split_half(uint8_t *const *plane, const uint8_t *row, ptrdiff_t step, uint32_t w,
		uint32_t h, const struct sp_aycocg *c)
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
			sp_aycocg_split16x2(px, luma, plane[1] + chroma_at + x / 2,
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

/* About how many bytes n values become. */
static size_t price(const uint8_t *p, size_t n)
{
	size_t bytes = n;

	for (size_t i = 1; i < n; i += 64) {
		uint64_t m = sp_simd_mask(p + i, n - i < 64 ? n - i : 64);

		/* Three bytes for a run, of one value more than bits. */
		bytes -= sp_simd_count(m);
		bytes += 2 * sp_simd_count(m & ~(m << 1));
	}
	return bytes;
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
	bool doubted = false;

	while (at < body && o < limit) {
		/* Noise is not worth the trouble. */
		if (!doubted && at >= PROBE) {
			doubted = true;
			if ((size_t)(o - out) > at - at / 32 &&
					(size_t)(o - out) + price(p + at, body - at) >= body) {
				o = out + body;
				break;
			}
		}
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
	struct sp_aycocg c;
	uint8_t *start, *o, *plane[3];
	size_t n[3], room, luma_w;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX) ||
			!(1 <= loss && loss <= 7)) {
		return SP_EARG;
	}
	c = sp_aycocg_make(loss, half);
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
