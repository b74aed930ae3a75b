/* core/codec/alpha.c - the alpha codec, both directions. */
#include "core/codec/alpha.h"

#include "core/base/rd.h"
#include "core/codec/simd.h"

#define SIGNATURE 0x414c
#define HEADER 4

/* Where in the picture we are; x < w but at the end. */
struct place {
	uint8_t *row;
	size_t stride;
	uint32_t w, x;
};

static void set_run(struct place *at, uint8_t v, size_t n)
{
	while (n > 0) {
		size_t here = at->w - at->x < n ? at->w - at->x : n;

		for (size_t i = 0; i < here; i++) {
			at->row[4 * (at->x + i) + 3] = v;
		}
		n -= here;
		at->x += (uint32_t)here;
		if (at->x == at->w) {
			at->x = 0;
			at->row += at->stride;
		}
	}
}

static int decode_runs(struct sp_rd *r, struct place *at, size_t left)
{
	while (left > 0) {
		uint8_t v = sp_rd_u8(r);
		size_t n = sp_rd_u8(r);

		if (n == 0xff) {
			n = sp_rd_le16(r);
			if (n == 0xffff) {
				n = sp_rd_le32(r);
			}
		}
		if (sp_rd_ok(r) != SP_OK) {
			return SP_ESHORT;
		}
		if (!(n <= left)) {
			return SP_ECODEC;
		}
		set_run(at, v, n);
		left -= n;
	}
	return SP_OK;
}

int sp_alpha_decode(struct sp_span in, uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	struct place at = {px, stride, w, 0};
	size_t n = (size_t)w * h;
	struct sp_rd r;
	uint16_t sig, compressed;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	sp_rd_init(&r, in.p, in.n);
	sig = sp_rd_le16(&r);
	compressed = sp_rd_le16(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return SP_ESHORT;
	}
	if (sig != SIGNATURE) {
		return SP_ECODEC;
	}
	if (compressed) {
		int rc = decode_runs(&r, &at, n);

		if (rc != SP_OK) {
			return rc;
		}
	} else {
		struct sp_span raw = sp_rd_span(&r, n);

		if (sp_rd_ok(&r) != SP_OK) {
			return SP_ESHORT;
		}
		for (size_t i = 0; i < n; i++) {
			set_run(&at, raw.p[i], 1);
		}
	}
	return sp_rd_left(&r) == 0 ? SP_OK : SP_ECODEC;
}

/* How many of the first n pixels have the X of the first. */
static size_t run(const uint8_t *px, size_t n)
{
	size_t i = 1;

	while (i < n && px[4 * i + 3] == px[3]) {
		i++;
	}
	return i;
}

/* A segment at o, at most 8 bytes long; n > 0. */
static uint8_t *put_segment(uint8_t *o, uint8_t v, size_t n)
{
	*o++ = v;
	if (n < 0xff) {
		*o++ = (uint8_t)n;
		return o;
	}
	*o++ = 0xff;
	if (n < 0xffff) {
		*o++ = (uint8_t)n;
		*o++ = (uint8_t)(n >> 8);
		return o;
	}
	*o++ = 0xff;
	*o++ = 0xff;
	sp_simd_store32(o, (uint32_t)n);
	return o + 4;
}

/* The end of the segments, or NULL when they are not below limit, which has 8 bytes behind it. */
static uint8_t *put_runs(uint8_t *o, const uint8_t *limit, const uint8_t *px, size_t stride,
		uint32_t w, uint32_t h)
{
	uint8_t v = px[3];
	size_t n = 0; /* of v */

	for (uint32_t y = 0; y < h; y++, px += stride) {
		for (uint32_t x = 0; x < w;) {
			size_t here = run(px + 4 * (size_t)x, w - x);

			if (px[4 * (size_t)x + 3] != v) {
				o = put_segment(o, v, n);
				if (!(o < limit)) {
					return NULL;
				}
				v = px[4 * (size_t)x + 3];
				n = 0;
			}
			n += here;
			x += (uint32_t)here;
		}
	}
	o = put_segment(o, v, n);
	return o < limit ? o : NULL;
}

int sp_alpha_encode(const uint8_t *px, size_t stride, uint32_t w, uint32_t h, struct sp_wr *out)
{
	size_t n = (size_t)w * h, room = HEADER + n + 8;
	uint8_t *start, *o;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	start = sp_wr_room(out, room);
	if (!start) {
		return sp_wr_ok(out);
	}
	sp_simd_store32(start, SIGNATURE | 1u << 16);
	o = put_runs(start + HEADER, start + HEADER + n, px, stride, w, h);
	if (!o) {
		sp_simd_store32(start, SIGNATURE);
		o = start + HEADER;
		for (uint32_t y = 0; y < h; y++, px += stride) {
			for (uint32_t x = 0; x < w; x++) {
				*o++ = px[4 * (size_t)x + 3];
			}
		}
	}
	sp_wr_shrink(out, room - (size_t)(o - start));
	return (int)(o - start);
}
