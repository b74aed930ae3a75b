/* core/view/cursor.c - see cursor.h. */
#include "core/view/cursor.h"

#include <stdbool.h>
#include <string.h>

#include "core/pdu/pointer.h"

void sp_cursor_straight(uint8_t *dst, const uint8_t *src, size_t n)
{
	for (size_t i = 0; i < 4 * n; i += 4) {
		unsigned a = src[i + 3];

		for (size_t c = 0; c < 3; c++) {
			unsigned v = a > 0 ? (src[i + c] * 255u + a / 2) / a : 0;

			dst[i + c] = (uint8_t)(v < 255 ? v : 255);
		}
		dst[i + 3] = (uint8_t)a;
	}
}

/* The mean of the box [x0, x1) x [y0, y1), colours weighted with their alpha. */
static void mean(const struct sp_cursor *c, uint32_t x0, uint32_t x1, uint32_t y0, uint32_t y1,
		uint8_t out[4])
{
	uint64_t sum[3] = {0}, alpha = 0, n = (uint64_t)(x1 - x0) * (y1 - y0);

	for (uint32_t y = y0; y < y1; y++) {
		for (uint32_t x = x0; x < x1; x++) {
			const uint8_t *px = c->bgra + 4 * ((size_t)y * c->w + x);

			alpha += px[3];
			for (size_t k = 0; k < 3; k++) {
				sum[k] += (uint64_t)px[k] * px[3];
			}
		}
	}
	for (size_t k = 0; k < 3; k++) {
		out[k] = (uint8_t)(alpha > 0 ? (sum[k] + alpha / 2) / alpha : 0);
	}
	out[3] = (uint8_t)((alpha + n / 2) / n);
}

void sp_cursor_fit(struct sp_cursor *c, uint32_t max)
{
	uint32_t big = c->w > c->h ? c->w : c->h;

	if (big > max && max > 0) {
		uint32_t w = c->w * max / big, h = c->h * max / big;

		w = w > 0 ? w : 1;
		h = h > 0 ? h : 1;
		/* What is written lies before what is still to be read. */
		for (uint32_t y = 0; y < h; y++) {
			for (uint32_t x = 0; x < w; x++) {
				uint8_t px[4];

				mean(c, x * c->w / w, (x + 1) * c->w / w, y * c->h / h,
						(y + 1) * c->h / h, px);
				memcpy(c->bgra + 4 * ((size_t)y * w + x), px, 4);
			}
		}
		c->hot_x = c->hot_x * w / c->w;
		c->hot_y = c->hot_y * h / c->h;
		c->w = w;
		c->h = h;
	}
	c->hot_x = c->hot_x < c->w ? c->hot_x : c->w - 1;
	c->hot_y = c->hot_y < c->h ? c->hot_y : c->h - 1;
}

size_t sp_cursor_mask_size(uint32_t w, uint32_t h, unsigned depth)
{
	return h * sp_pointer_stride(w, depth);
}

static bool size_ok(const struct sp_cursor *c)
{
	return 1 <= c->w && c->w <= SP_CURSOR_LARGE_MAX && 1 <= c->h && c->h <= SP_CURSOR_LARGE_MAX;
}

int sp_cursor_masks(const struct sp_cursor *c, unsigned depth, struct sp_wr *xor_mask,
		struct sp_wr *and_mask)
{
	size_t bytes = depth / 8, xor_row = sp_pointer_stride(c->w, depth);
	size_t and_row = sp_pointer_stride(c->w, 1);
	uint8_t *x_out, *a_out;

	if (!size_ok(c) || (depth != 24 && depth != 32)) {
		return SP_EARG;
	}
	x_out = sp_wr_room(xor_mask, c->h * xor_row);
	a_out = sp_wr_room(and_mask, c->h * and_row);
	if (!x_out || !a_out) {
		return x_out ? sp_wr_ok(and_mask) : sp_wr_ok(xor_mask);
	}
	memset(x_out, 0, c->h * xor_row);
	memset(a_out, 0, c->h * and_row);
	for (uint32_t y = 0; y < c->h; y++) {
		const uint8_t *row = c->bgra + 4 * (size_t)(c->h - 1 - y) * c->w;

		for (uint32_t x = 0; x < c->w; x++) {
			const uint8_t *px = row + 4 * (size_t)x;

			if (px[3] < (depth == 32 ? 1 : 128)) {
				/* Screen AND 1, XOR 0: what is there stays. */
				a_out[y * and_row + x / 8] |= (uint8_t)(0x80 >> x % 8);
			} else {
				memcpy(x_out + y * xor_row + x * bytes, px, bytes);
			}
		}
	}
	return SP_OK;
}

/* A pixel of the xor mask; its alpha counts at 32 bits only. */
static uint32_t mask_pixel(
		const uint8_t *row, uint32_t x, unsigned depth, const struct sp_palette *palette)
{
	uint8_t px[4] = {0};
	uint32_t v;

	switch (depth) {
	case 1:
		return row[x / 8] >> (7 - x % 8) & 1 ? 0xffffffffu : 0xff000000u;
	case 32:
		memcpy(&v, row + 4 * (size_t)x, sizeof(v));
		return v;
	default:
		sp_pixel_unpack(depth, palette, px, row + x * sp_pixel_bytes(depth), 1);
		memcpy(&v, px, sizeof(v));
		return v;
	}
}

/* True when any pixel of a 32-bit mask has alpha: else it is an old one, without. */
static bool has_alpha(struct sp_span mask, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (mask.p[4 * i + 3] != 0) {
			return true;
		}
	}
	return false;
}

int sp_cursor_decode(struct sp_cursor *c, unsigned depth, struct sp_span xor_mask,
		struct sp_span and_mask, const struct sp_palette *palette)
{
	size_t xor_row = sp_pointer_stride(c->w, depth), and_row = sp_pointer_stride(c->w, 1);
	bool alpha, has_and;

	if (!size_ok(c) || (depth != 1 && !sp_pixel_depth_ok(depth)) || depth == 15 ||
			(depth == 8 && !palette)) {
		return SP_EARG;
	}
	if (!(xor_mask.n >= c->h * xor_row)) {
		return SP_ESHORT;
	}
	has_and = and_mask.n >= c->h * and_row;
	/* Rows of 32-bit pixels have no padding. */
	alpha = depth == 32 && has_alpha(xor_mask, (size_t)c->w * c->h);
	for (uint32_t y = 0; y < c->h; y++) {
		/* One bit per pixel comes top-down from servers, against the specification. */
		size_t up = depth == 1 ? y : c->h - 1 - y;
		const uint8_t *row = xor_mask.p + up * xor_row;

		for (uint32_t x = 0; x < c->w; x++) {
			uint32_t v = mask_pixel(row, x, depth, palette);
			bool keep = has_and &&
					(and_mask.p[up * and_row + x / 8] >> (7 - x % 8) & 1);

			if (!alpha) {
				v |= 0xff000000u;
				if (keep && (v & 0xffffff) == 0) {
					v = 0;
				} else if (keep) { /* inverts the screen */
					v = (x + y) % 2 == 0 ? 0xff000000u : 0xffffffffu;
				}
			}
			memcpy(c->bgra + 4 * ((size_t)y * c->w + x), &v, sizeof(v));
		}
	}
	return SP_OK;
}
