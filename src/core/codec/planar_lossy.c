/* core/codec/planar_lossy.c - pixels into planar bitmaps of luma and reduced chroma. */
#include "core/codec/aycocg.h"
#include "core/codec/planar.h"
#include "core/codec/planar_rows.h"

#define SIDE SP_PLANAR_TILE

struct planes {
	uint8_t value[3][SIDE * SIDE + PLANAR_MARGIN]; /* luma, orange, green: rows of SIDE */
	uint32_t w[3], h[3];
};

/* A row, its last pixel repeated up to SIDE. Red and blue change places, as servers do it. */
static void copy_row(uint8_t *to, const uint8_t *row, uint32_t w)
{
	for (uint32_t x = 0; x < w; x++) {
		uint32_t v = sp_simd_load32(row + 4 * (size_t)x);

		sp_simd_store32(to + 4 * (size_t)x,
				(v & 0xff00) | (v >> 16 & 0xff) | (v & 0xff) << 16);
	}
	sp_simd_fill(to + 4 * (size_t)w, sp_simd_load32(to + 4 * (size_t)(w - 1)), SIDE - w);
}

static void split(struct planes *p, const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h,
		const struct sp_aycocg *c, bool half)
{
	uint8_t line[2][4 * SIDE];

	for (uint32_t y = 0; y < h; y++) {
		uint8_t *luma = p->value[0] + (size_t)y * SIDE;

		copy_row(line[y & 1], row, w);
		row += y + 1 < h ? step : 0;
		for (uint32_t x = 0; !half && x < w; x += 16) {
			sp_aycocg_split16(line[y & 1] + 4 * (size_t)x, luma + x,
					p->value[1] + (size_t)y * SIDE + x,
					p->value[2] + (size_t)y * SIDE + x, c);
		}
		if (!half || (y % 2 == 0 && y + 1 < h)) {
			continue;
		}
		for (uint32_t x = 0; x < w; x += 16) {
			/* A last row without another stands for both. */
			uint32_t above = y % 2 == 0 ? y : y - 1;
			size_t at = (size_t)(y / 2) * SIDE + x / 2;
			const uint8_t *px[2] = {line[above & 1] + 4 * (size_t)x,
					line[y & 1] + 4 * (size_t)x};
			uint8_t *to[2] = {p->value[0] + (size_t)above * SIDE + x, luma + x};

			sp_aycocg_split16x2(px, to, p->value[1] + at, p->value[2] + at, c);
		}
	}
}

static uint8_t *put_rle(const struct planes *p, uint8_t *o, const uint8_t *limit)
{
	uint8_t delta[PLANAR_MARGIN + SIDE + PLANAR_MARGIN] = {0};

	for (int i = 0; i < 3; i++) {
		for (uint32_t y = 0; y < p->h[i] && o < limit; y++) {
			const uint8_t *row = p->value[i] + (size_t)y * SIDE;

			if (y == 0) {
				memcpy(delta + PLANAR_MARGIN, row, SIDE);
			} else {
				sp_simd_delta(delta + PLANAR_MARGIN, row, row - SIDE, p->w[i]);
			}
			o = sp_planar_put_row(o, delta + PLANAR_MARGIN, p->w[i]);
		}
	}
	return o;
}

static uint8_t *put_raw(const struct planes *p, uint8_t *o)
{
	for (int i = 0; i < 3; i++) {
		for (uint32_t y = 0; y < p->h[i]; y++, o += p->w[i]) {
			memcpy(o, p->value[i] + (size_t)y * SIDE, p->w[i]);
		}
	}
	*o++ = 0; /* Pad */
	return o;
}

int sp_planar_encode_lossy(const struct sp_planar_conf *conf, const uint8_t *row, ptrdiff_t step,
		uint32_t w, uint32_t h, struct sp_wr *out)
{
	unsigned half = conf->subsample ? 1 : 0, loss = conf->loss;
	sp_uninit struct planes p;
	struct sp_aycocg c;
	uint32_t wide = conf->padded ? (w + 3) & ~3u : w;
	size_t raw, room, alpha = conf->alpha ? (size_t)wide * h : 0;
	uint8_t *start, *o;

	if (!(1 <= w && w <= SIDE && 1 <= h && h <= SIDE) || !(1 <= loss && loss <= 7)) {
		return SP_EARG;
	}
	for (unsigned i = 0; i < 3; i++) {
		p.w[i] = i > 0 ? (wide + half) >> half : wide;
		p.h[i] = i > 0 ? (h + half) >> half : h;
	}
	raw = 1 + alpha + (size_t)p.w[0] * p.h[0] + 2 * (size_t)p.w[1] * p.h[1] + 1;
	room = raw + 2 * PLANAR_ROW_BOUND;
	start = sp_wr_room(out, room);
	if (!start) {
		return sp_wr_ok(out);
	}
	c = sp_aycocg_make(loss, half);
	split(&p, row, step, w, h, &c, conf->subsample);
	start[0] = (uint8_t)(loss | (half ? PLANAR_SUBSAMPLED : 0) |
			(conf->alpha ? 0 : PLANAR_NO_ALPHA) | PLANAR_RLE);
	o = conf->alpha ? sp_planar_put_alpha(start + 1, wide, h) : start + 1;
	o = put_rle(&p, o, start + raw);
	if (!(o < start + raw)) {
		start[0] &= (uint8_t)~PLANAR_RLE;
		memset(start + 1, 0xff, alpha);
		o = put_raw(&p, start + 1 + alpha);
	}
	sp_wr_shrink(out, room - (size_t)(o - start));
	return (int)(o - start);
}
