/* core/codec/planar_enc.c - pixels into planar bitmaps, lossless. */
#include "core/codec/planar_rows.h"
#include "core/codec/simd.h"

struct tile {
	uint32_t w, h;
	size_t n; /* w * h */
	uint8_t delta[3][PLANAR_MARGIN + SP_PLANAR_TILE * SP_PLANAR_TILE +
			PLANAR_MARGIN]; /* red, green, blue, without gaps */
};

/* Raw bytes in pieces of 15 but for the last, which is left to the caller. */
static uint8_t *put_pieces(uint8_t *o, const uint8_t **raw, size_t *n)
{
	while (*n > 15) {
		*o++ = 0xf0;
		memcpy(o, *raw, SP_SIMD_SLACK);
		o += 15;
		*raw += 15;
		*n -= 15;
	}
	return o;
}

/*
 * One segment: raw bytes, then a run of the last of them. Returns how much of the run it took:
 * one or two values at its end may be left, which no segment can hold as a run.
 */
static size_t put_segment(uint8_t **out, const uint8_t *raw, size_t n_raw, size_t run)
{
	uint8_t *o = put_pieces(*out, &raw, &n_raw);
	size_t left = run;

	if (n_raw > 0 || run < 16) {
		size_t now = run < 15 ? run : 15;

		*o++ = (uint8_t)(n_raw << 4 | now);
		memcpy(o, raw, SP_SIMD_SLACK);
		o += n_raw;
		left -= now;
	}
	while (left >= 3) {
		size_t now = left < 47 ? left : 47;

		if (now >= 32) {
			*o++ = (uint8_t)((now - 32) << 4 | 2);
		} else if (now >= 16) {
			*o++ = (uint8_t)((now - 16) << 4 | 1);
		} else {
			*o++ = (uint8_t)now;
		}
		left -= now;
	}
	*out = o;
	return run - left;
}

uint8_t *sp_planar_put_row(uint8_t *o, const uint8_t *row, size_t w)
{
	uint64_t same = sp_simd_mask(row, w), runs;
	size_t at = 0;

	/* The value before the first is zero. */
	same = (same & ~(uint64_t)1) | (row[0] == 0);
	runs = same & same >> 1 & same >> 2;
	while (at < w) {
		uint64_t ahead = runs >> at;
		size_t n_raw, run = 0;

		if (ahead == 0) {
			n_raw = w - at;
		} else {
			uint64_t from;

			n_raw = (size_t)__builtin_ctzll(ahead);
			from = ~(same >> (at + n_raw));
			run = from == 0 ? 64 : (size_t)__builtin_ctzll(from);
		}
		at += n_raw + put_segment(&o, row + at, n_raw, run);
	}
	return o;
}

static uint32_t columns(uint32_t w)
{
	return (w + 3) & ~3u;
}

static void split(struct tile *t, const uint8_t *row, ptrdiff_t step, uint32_t w)
{
	uint8_t line[2][3][SP_PLANAR_TILE + PLANAR_MARGIN];
	uint8_t padding[4 * SP_PLANAR_TILE];
	uint32_t wide = columns(w);

	for (uint32_t y = 0; y < t->h; y++) {
		uint8_t(*now)[SP_PLANAR_TILE + PLANAR_MARGIN] = line[y & 1];
		uint8_t(*before)[SP_PLANAR_TILE + PLANAR_MARGIN] = line[~y & 1];
		const uint8_t *from = row;

		if (w < wide) {
			memcpy(padding, row, 4 * (size_t)w);
			sp_simd_fill(padding + 4 * (size_t)w,
					sp_simd_load32(row + 4 * (size_t)(w - 1)), wide - w);
			from = padding;
		}
		sp_simd_split(now[2], now[1], now[0], from, wide);
		for (int i = 0; i < 3; i++) {
			uint8_t *to = t->delta[i] + PLANAR_MARGIN + (size_t)y * t->w;

			if (y == 0) {
				memcpy(to, now[i], t->w);
			} else {
				sp_simd_delta(to, now[i], before[i], t->w);
			}
		}
		row += y + 1 < t->h ? step : 0;
	}
}

/* A row of 0xff, and no difference in any other. */
uint8_t *sp_planar_put_alpha(uint8_t *o, uint32_t w, uint32_t h)
{
	uint8_t buf[PLANAR_MARGIN + SP_PLANAR_TILE + PLANAR_MARGIN] = {0};
	uint8_t *row = buf + PLANAR_MARGIN;

	memset(row, 0xff, w);
	for (uint32_t y = 0; y < h; y++) {
		o = sp_planar_put_row(o, row, w);
		if (y == 0) {
			memset(row, 0, w);
		}
	}
	return o;
}

/* The end of the RLE planes, or NULL when they are not smaller than raw ones. */
static uint8_t *put_rle(const struct tile *t, bool alpha, uint8_t *o, const uint8_t *limit)
{
	if (alpha) {
		o = sp_planar_put_alpha(o, t->w, t->h);
	}
	for (int i = 0; i < 3; i++) {
		const uint8_t *row = t->delta[i] + PLANAR_MARGIN;

		for (uint32_t y = 0; y < t->h && o < limit; y++, row += t->w) {
			o = sp_planar_put_row(o, row, t->w);
		}
	}
	return o < limit ? o : NULL;
}

static uint8_t *put_raw(const uint8_t *row, ptrdiff_t step, uint32_t w, const struct tile *t,
		bool alpha, uint8_t *o)
{
	if (alpha) {
		memset(o, 0xff, t->n);
		o += t->n;
	}
	for (uint32_t y = 0; y < t->h; y++) {
		for (uint32_t x = 0; x < t->w; x++) {
			const uint8_t *px = row + 4 * (size_t)(x < w ? x : w - 1);
			size_t at = (size_t)y * t->w + x;

			o[at] = px[2];
			o[at + t->n] = px[1];
			o[at + 2 * t->n] = px[0];
		}
		row += y + 1 < t->h ? step : 0;
	}
	o += 3 * t->n;
	*o++ = 0; /* Pad */
	return o;
}

static int encode(const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h, bool padded,
		bool alpha, struct sp_wr *out)
{
	sp_uninit struct tile t;
	uint8_t *start, *o;
	size_t raw, room;

	if (!(1 <= w && w <= SP_PLANAR_TILE && 1 <= h && h <= SP_PLANAR_TILE)) {
		return SP_EARG;
	}
	t.w = padded ? columns(w) : w;
	t.h = h;
	t.n = (size_t)t.w * h;
	raw = 1 + (alpha ? 4 : 3) * t.n + 1;
	room = raw + 2 * PLANAR_ROW_BOUND;
	start = sp_wr_room(out, room);
	if (!start) {
		return sp_wr_ok(out);
	}
	split(&t, row, step, w);
	start[0] = PLANAR_RLE | (alpha ? 0 : PLANAR_NO_ALPHA);
	o = put_rle(&t, alpha, start + 1, start + raw);
	if (!o) {
		start[0] = alpha ? 0 : PLANAR_NO_ALPHA;
		o = put_raw(row, step, w, &t, alpha, start + 1);
	}
	sp_wr_shrink(out, room - (size_t)(o - start));
	return (int)(o - start);
}

int sp_planar_encode(const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h, bool alpha,
		struct sp_wr *out)
{
	return encode(row, step, w, h, true, alpha, out);
}

int sp_planar_encode_exact(
		const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h, struct sp_wr *out)
{
	return encode(row, step, w, h, false, false, out);
}
