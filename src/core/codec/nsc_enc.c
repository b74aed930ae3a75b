/* core/codec/nsc_enc.c - pixels into NSCodec bitmaps. */
#include "core/base/mem.h"
#include "core/codec/nsc.h"
#include "core/codec/nsc_kernel.h"
#include "core/codec/simd.h"

#define HEADER 20
#define AHEAD 8 /* rows */

struct sp_nsc_enc {
	const struct sp_nsc_kernel *kernel;
	uint8_t *buf; /* three planes, each with a margin */
	size_t cap;
};

struct sp_nsc_enc *sp_nsc_enc_create(void)
{
	struct sp_nsc_enc *e = sp_calloc(1, sizeof(*e));

	if (e) {
		e->kernel = sp_nsc_kernel(sp_cpu_best());
	}
	return e;
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

/*
 * Asks for the row that comes AHEAD rows later: of a tile in a wide picture the machine does not
 * guess it, and waiting for it was most of what encoding took.
 */
static inline __attribute__((always_inline)) void ask_ahead(
		const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t left)
{
	if (left > AHEAD) {
		const uint8_t *later = row + AHEAD * step;

		for (size_t i = 0; i < 4 * (size_t)w; i += 64) {
			__builtin_prefetch(later + i);
		}
	}
}

static void split_full(const struct sp_nsc_enc *e, uint8_t *const *plane, const uint8_t *row,
		ptrdiff_t step, uint32_t w, uint32_t h, const struct sp_aycocg *c)
{
	uint32_t whole = w & ~15u;
	uint8_t padded[64];
	size_t at = 0;

	for (uint32_t y = 0; y < h; y++, at += w) {
		size_t end = at + whole;

		ask_ahead(row, step, w, h - y);
		e->kernel->split(row, whole, plane[0] + at, plane[1] + at, plane[2] + at, c);
		if (whole < w) {
			pad(padded, row, whole, w);
			e->kernel->split(padded, 16, plane[0] + end, plane[1] + end, plane[2] + end,
					c);
		}
		row += y + 1 < h ? step : 0;
	}
}

/* With the planes padded as [MS-RDPNSC] 3.1.8.2 wants it; what is added repeats the edge. */
static void split_half(const struct sp_nsc_enc *e, uint8_t *const *plane, const uint8_t *row,
		ptrdiff_t step, uint32_t w, uint32_t h, const struct sp_aycocg *c)
{
	uint32_t whole = w & ~15u, luma_w = (w + 7) & ~7u;
	size_t chroma_w = luma_w / 2;
	uint8_t padded[2][64], spare[2][16];

	for (uint32_t y = 0; y < h; y += 2) {
		bool odd = y + 1 == h; /* the last row stands for both, and its luma comes once */
		const uint8_t *rows[2] = {row, odd ? row : row + step};
		uint8_t *luma = plane[0] + (size_t)y * luma_w, *luma2 = luma + (odd ? 0 : luma_w);
		uint8_t *co = plane[1] + y / 2 * chroma_w, *cg = plane[2] + y / 2 * chroma_w;

		ask_ahead(row, step, w, h - y);
		ask_ahead(rows[1], step, w, h - y - 1);
		e->kernel->split2(rows, whole, (uint8_t *const[2]){luma, luma2}, co, cg, c);
		if (whole < w) {
			pad(padded[0], rows[0], whole, w);
			pad(padded[1], rows[1], whole, w);
			e->kernel->split2((const uint8_t *const[2]){padded[0], padded[1]}, 16,
					(uint8_t *const[2]){spare[0], spare[1]}, co + whole / 2,
					cg + whole / 2, c);
			memcpy(luma + whole, spare[0], luma_w - whole);
			memcpy(luma2 + whole, spare[1], luma_w - whole);
		}
		row += y + 2 < h ? 2 * step : 0;
	}
}

static uint8_t *put_opaque(uint8_t *o, size_t n)
{
	if (n <= 11) {
		memset(o, 0xff, n);
		return o + n;
	}
	o = sp_nsc_put_run(o, 0xff, n - SP_NSC_RAW_END);
	memset(o, 0xff, SP_NSC_RAW_END);
	return o + SP_NSC_RAW_END;
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
	if (reserve(e, n[0] + n[1] + n[2] + 3 * (size_t)SP_NSC_MARGIN) != SP_OK) {
		return SP_ENOMEM;
	}
	room = HEADER + n[0] + n[1] + n[2] + 11 + SP_NSC_MARGIN;
	start = sp_wr_room(out, room);
	if (!start) {
		return sp_wr_ok(out);
	}
	plane[0] = e->buf;
	plane[1] = plane[0] + n[0] + SP_NSC_MARGIN;
	plane[2] = plane[1] + n[1] + SP_NSC_MARGIN;
	if (half) {
		split_half(e, plane, row, step, w, h, &c);
	} else {
		split_full(e, plane, row, step, w, h, &c);
	}
	o = start + HEADER;
	for (int i = 0; i < 4; i++) {
		uint8_t *end = i < 3 ? e->kernel->put(o, plane[i], n[i])
				     : put_opaque(o, (size_t)w * h);

		sp_simd_store32(start + 4 * i, (uint32_t)(end - o));
		o = end;
	}
	sp_simd_store32(start + 16, loss | half << 8);
	sp_wr_shrink(out, room - (size_t)(o - start));
	return (int)(o - start);
}
