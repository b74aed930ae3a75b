/* core/codec/avc_view.c - see avc_view.h. */
#include "core/codec/avc_view.h"

#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define STRIP 512 /* columns that are worked on at a time, so that rows between stay in cache */
#define BLOCK SP_H264_BLOCK

int sp_avc_planes_init(struct sp_avc_planes *p, uint32_t w, uint32_t h)
{
	size_t n = (size_t)w * h;

	*p = (struct sp_avc_planes){.w = w, .h = h};
	p->y = sp_calloc(n + n / 2, 1);
	if (!p->y) {
		return SP_ENOMEM;
	}
	p->u = p->y + n;
	p->v = p->u + n / 4;
	return SP_OK;
}

void sp_avc_planes_finish(struct sp_avc_planes *p)
{
	sp_free(p->y);
	*p = (struct sp_avc_planes){0};
}

struct sp_h264_picture sp_avc_planes_picture(const struct sp_avc_planes *p)
{
	return (struct sp_h264_picture){p->y, p->u, p->v, p->w, p->w / 2, p->w, p->h};
}

struct sp_rect sp_avc_view_blocks(struct sp_rect r)
{
	int32_t x = r.x & ~(BLOCK - 1), y = r.y & ~(BLOCK - 1);

	return (struct sp_rect){x, y, (r.x + r.w - x + BLOCK - 1) & ~(BLOCK - 1),
			(r.y + r.h - y + BLOCK - 1) & ~(BLOCK - 1)};
}

/* Where the part of a strip lies in a plane of w columns that is 1 / div of the picture. */
static uint8_t *at(uint8_t *plane, uint32_t w, uint32_t x, uint32_t y)
{
	return plane + (size_t)y * w + x;
}

static const uint8_t *at_const(const uint8_t *plane, size_t stride, uint32_t x, uint32_t y)
{
	return plane + (size_t)y * stride + x;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* n pixels of row y from x on; both may lie outside, where the edge is repeated. */
static void row(const struct sp_avc_kernel *k, const struct sp_avc_image *in, uint32_t x,
		uint32_t y, uint32_t n, uint8_t *to_y, uint8_t *to_u, uint8_t *to_v)
{
	uint32_t real = least(n, in->w - x);

	k->from_bgrx(in->px + in->stride * least(y, in->h - 1) + 4 * (size_t)x, real, to_y, to_u,
			to_v);
	for (uint32_t i = real; i < n; i++) {
		to_y[i] = to_y[real - 1];
		to_u[i] = to_u[real - 1];
		to_v[i] = to_v[real - 1];
	}
}

void sp_avc_view_luma(const struct sp_avc_kernel *k, const struct sp_avc_image *in,
		struct sp_rect blocks, struct sp_avc_planes *main)
{
	uint8_t u[2][STRIP] sp_uninit, v[2][STRIP] sp_uninit;
	uint32_t end = (uint32_t)(blocks.x + blocks.w), bottom = (uint32_t)(blocks.y + blocks.h);

	for (uint32_t x = (uint32_t)blocks.x; x < end; x += STRIP) {
		uint32_t n = least(STRIP, end - x);

		for (uint32_t y = (uint32_t)blocks.y; y < bottom; y += 2) {
			row(k, in, x, y, n, at(main->y, main->w, x, y), u[0], v[0]);
			row(k, in, x, y + 1, n, at(main->y, main->w, x, y + 1), u[1], v[1]);
			k->mean(u[0], u[1], n / 2, at(main->u, main->w / 2, x / 2, y / 2));
			k->mean(v[0], v[1], n / 2, at(main->v, main->w / 2, x / 2, y / 2));
		}
	}
}

/* Two rows of one component, its share of the auxiliary view. second: V rather than U. */
static void chroma_v1(const struct sp_avc_kernel *k, uint8_t (*c)[STRIP], uint32_t x, uint32_t y,
		uint32_t n, bool second, struct sp_avc_planes *aux)
{
	uint8_t unused[STRIP / 2] sp_uninit;
	/* Of 16 rows of Y the first 8 are odd rows of U, the others those of V. */
	uint32_t in_block = y % BLOCK / 2 + (second ? BLOCK / 2 : 0);

	memcpy(at(aux->y, aux->w, x, y / BLOCK * BLOCK + in_block), c[1], n);
	k->split(c[0], n / 2, unused, at(second ? aux->v : aux->u, aux->w / 2, x / 2, y / 2));
}

static void chroma_v2(const struct sp_avc_kernel *k, uint8_t (*c)[STRIP], uint32_t x, uint32_t y,
		uint32_t n, bool second, struct sp_avc_planes *aux)
{
	uint8_t even[STRIP / 2] sp_uninit;
	/* U is in the left half of each plane, V in the right. */
	uint32_t half = x / 2 + (second ? aux->w / 2 : 0);
	uint32_t quarter = x / 4 + (second ? aux->w / 4 : 0);

	k->split(c[0], n / 2, even, at(aux->y, aux->w, half, y));
	k->split(c[1], n / 2, even, at(aux->y, aux->w, half, y + 1));
	k->split(even, n / 4, at(aux->u, aux->w / 2, quarter, y / 2),
			at(aux->v, aux->w / 2, quarter, y / 2));
}

void sp_avc_view_chroma(const struct sp_avc_kernel *k, const struct sp_avc_image *in,
		enum sp_avc_mode mode, struct sp_rect blocks, struct sp_avc_planes *aux)
{
	uint8_t luma[STRIP] sp_uninit, u[2][STRIP] sp_uninit, v[2][STRIP] sp_uninit;
	uint32_t end = (uint32_t)(blocks.x + blocks.w), bottom = (uint32_t)(blocks.y + blocks.h);

	for (uint32_t x = (uint32_t)blocks.x; x < end; x += STRIP) {
		uint32_t n = least(STRIP, end - x);

		for (uint32_t y = (uint32_t)blocks.y; y < bottom; y += 2) {
			row(k, in, x, y, n, luma, u[0], v[0]);
			row(k, in, x, y + 1, n, luma, u[1], v[1]);
			if (mode == SP_AVC_444) {
				chroma_v1(k, u, x, y, n, false, aux);
				chroma_v1(k, v, x, y, n, true, aux);
			} else {
				chroma_v2(k, u, x, y, n, false, aux);
				chroma_v2(k, v, x, y, n, true, aux);
			}
		}
	}
}

static void copy_plane(
		const uint8_t *from, size_t stride, uint8_t *to, uint32_t to_w, struct sp_rect r)
{
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		memcpy(at(to, to_w, (uint32_t)r.x, (uint32_t)y),
				at_const(from, stride, (uint32_t)r.x, (uint32_t)y), (size_t)r.w);
	}
}

void sp_avc_view_copy(
		const struct sp_h264_picture *from, struct sp_rect r, struct sp_avc_planes *to)
{
	struct sp_rect half = {r.x / 2, r.y / 2, (r.x + r.w + 1) / 2 - r.x / 2,
			(r.y + r.h + 1) / 2 - r.y / 2};

	copy_plane(from->y, from->stride, to->y, to->w, r);
	copy_plane(from->u, from->chroma_stride, to->u, to->w / 2, half);
	copy_plane(from->v, from->chroma_stride, to->v, to->w / 2, half);
}

/* Columns x to end of the rows of a pair that lie in r; u and v begin at column from. */
static void paint_rows(const struct sp_avc_kernel *k, const struct sp_h264_picture *main,
		struct sp_rect r, uint32_t y, uint32_t x, uint32_t end, uint32_t from,
		const uint8_t *const u[2], const uint8_t *const v[2], uint8_t *px, size_t stride)
{
	for (uint32_t i = 0; i < 2; i++) {
		if (y + i >= (uint32_t)r.y && y + i < (uint32_t)(r.y + r.h)) {
			k->to_bgrx(at_const(main->y, main->stride, x, y + i), u[i] + (x - from),
					v[i] + (x - from), end - x,
					px + stride * (y + i) + 4 * (size_t)x);
		}
	}
}

void sp_avc_view_paint420(const struct sp_avc_kernel *k, const struct sp_h264_picture *main,
		struct sp_rect r, uint8_t *px, size_t stride)
{
	uint8_t u[STRIP] sp_uninit, v[STRIP] sp_uninit;
	uint32_t right = (uint32_t)(r.x + r.w), bottom = (uint32_t)(r.y + r.h);

	for (uint32_t from = (uint32_t)r.x & ~1u; from < right; from += STRIP) {
		uint32_t x = from < (uint32_t)r.x ? (uint32_t)r.x : from;
		uint32_t end = least(from + STRIP, right), n = (end - from + 1) / 2;

		for (uint32_t y = (uint32_t)r.y & ~1u; y < bottom; y += 2) {
			const uint8_t *pu = at_const(main->u, main->chroma_stride, from / 2, y / 2);
			const uint8_t *pv = at_const(main->v, main->chroma_stride, from / 2, y / 2);

			k->join(pu, pu, n, u);
			k->join(pv, pv, n, v);
			paint_rows(k, main, r, y, x, end, from, (const uint8_t *[2]){u, u},
					(const uint8_t *[2]){v, v}, px, stride);
		}
	}
}

/* Two rows of n values of one component, n a multiple of 4. */
static void restore(const struct sp_avc_kernel *k, enum sp_avc_mode mode, const uint8_t *mean,
		const struct sp_h264_picture *aux, bool second, uint32_t x, uint32_t y, uint32_t n,
		uint8_t (*c)[STRIP])
{
	uint8_t even[2][STRIP / 2] sp_uninit, odd[STRIP / 2] sp_uninit;
	const uint8_t *odd0, *odd1;

	if (mode == SP_AVC_444) {
		uint32_t in_block = y % BLOCK / 2 + (second ? BLOCK / 2 : 0);

		odd0 = at_const(second ? aux->v : aux->u, aux->chroma_stride, x / 2, y / 2);
		memcpy(c[1], at_const(aux->y, aux->stride, x, y / BLOCK * BLOCK + in_block), n);
		k->split(c[1], n / 2, even[1], odd);
		odd1 = odd;
	} else {
		uint32_t half = x / 2 + (second ? aux->w / 2 : 0);
		uint32_t quarter = x / 4 + (second ? aux->w / 4 : 0);

		odd0 = at_const(aux->y, aux->stride, half, y);
		odd1 = at_const(aux->y, aux->stride, half, y + 1);
		k->join(at_const(aux->u, aux->chroma_stride, quarter, y / 2),
				at_const(aux->v, aux->chroma_stride, quarter, y / 2), n / 4,
				even[1]);
		k->join(even[1], odd1, n / 2, c[1]);
	}
	k->unmean(mean, odd0, even[1], odd1, n / 2, even[0]);
	k->join(even[0], odd0, n / 2, c[0]);
}

void sp_avc_view_paint444(const struct sp_avc_kernel *k, enum sp_avc_mode mode,
		const struct sp_h264_picture *main, const struct sp_h264_picture *aux,
		struct sp_rect r, uint8_t *px, size_t stride)
{
	uint8_t u[2][STRIP] sp_uninit, v[2][STRIP] sp_uninit;
	uint32_t right = (uint32_t)(r.x + r.w), bottom = (uint32_t)(r.y + r.h);

	for (uint32_t from = (uint32_t)r.x & ~3u; from < right; from += STRIP) {
		uint32_t x = from < (uint32_t)r.x ? (uint32_t)r.x : from;
		uint32_t end = least(from + STRIP, right), n = (end - from + 3) & ~3u;

		for (uint32_t y = (uint32_t)r.y & ~1u; y < bottom; y += 2) {
			restore(k, mode, at_const(main->u, main->chroma_stride, from / 2, y / 2),
					aux, false, from, y, n, u);
			restore(k, mode, at_const(main->v, main->chroma_stride, from / 2, y / 2),
					aux, true, from, y, n, v);
			paint_rows(k, main, r, y, x, end, from, (const uint8_t *[2]){u[0], u[1]},
					(const uint8_t *[2]){v[0], v[1]}, px, stride);
		}
	}
}
