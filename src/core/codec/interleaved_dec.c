/* core/codec/interleaved_dec.c - interleaved RLE into pixels. */
#include "core/codec/interleaved.h"

#include <stdbool.h>

#include "core/codec/simd.h"
#include "core/codec/wire.h"

/* What an order draws, whatever way its header is written. */
enum order {
	BG_RUN = 0,
	FG_RUN = 1,
	FGBG_IMAGE = 2,
	COLOR_RUN = 3,
	COLOR_IMAGE = 4,
	DITHERED_RUN,
	SPECIAL_FGBG_1,
	SPECIAL_FGBG_2,
	WHITE,
	BLACK,
	INVALID,
};

struct header {
	enum order order;
	bool set_fg;
	uint32_t run;
};

struct dec {
	const uint8_t *p, *end;
	uint8_t *line, *above; /* the row being written, the one before it; NULL in the first */
	ptrdiff_t step;
	uint32_t w, x;
	uint64_t left; /* pixels still to be written; INVARIANT: x < w while left > 0 */
	uint32_t fg; /* unpacked, X is 0 */
	bool first; /* the order began in the first row */
	bool insert; /* the order before was a background run */
};

static uint32_t advance(struct dec *d, uint32_t n)
{
	d->x += n;
	d->left -= n;
	if (d->x == d->w) {
		d->x = 0;
		d->above = d->line;
		if (d->left > 0) {
			d->line += d->step;
		}
	}
	return n;
}

static inline uint32_t span(const struct dec *d, uint32_t n)
{
	return n < d->w - d->x ? n : d->w - d->x;
}

static void put(struct dec *d, uint32_t v)
{
	sp_simd_store32(d->line + 4 * (size_t)d->x, v);
	advance(d, 1);
}

static void fill(struct dec *d, uint32_t v, uint32_t n)
{
	while (n > 0) {
		uint32_t part = span(d, n);

		sp_simd_fill(d->line + 4 * (size_t)d->x, v, part);
		n -= advance(d, part);
	}
}

/* The row above XOR v; an order that began in the first row has black above all of it. */
static void fill_above(struct dec *d, uint32_t v, uint32_t n)
{
	if (d->first) {
		fill(d, SP_WIRE_OPAQUE | v, n);
		return;
	}
	while (n > 0) {
		uint32_t part = span(d, n);
		size_t at = 4 * (size_t)d->x;

		if (v == 0) {
			memcpy(d->line + at, d->above + at, 4 * (size_t)part);
		} else {
			sp_simd_xor(d->line + at, d->above + at, v, part);
		}
		n -= advance(d, part);
	}
}

static void fgbg(struct dec *d, unsigned mask, uint32_t n)
{
	while (n > 0) {
		uint32_t part = span(d, n);
		uint8_t *to = d->line + 4 * (size_t)d->x;

		for (uint32_t i = 0; i < part; i++, mask >>= 1) {
			uint32_t v = d->first ? SP_WIRE_OPAQUE
					      : sp_simd_load32(d->above + 4 * (size_t)(d->x + i));

			sp_simd_store32(to + 4 * (size_t)i, v ^ (d->fg & (0u - (mask & 1))));
		}
		n -= advance(d, part);
	}
}

/* Reads the header of the next order; d->p < d->end. */
static int header(struct dec *d, struct header *out)
{
	unsigned b = *d->p++;
	unsigned bits = b < 0xc0 ? 0x1f : 0x0f;
	bool image;

	*out = (struct header){INVALID, false, 0};
	if (b < 0xa0) {
		out->order = (enum order)(b >> 5);
	} else if (b >= 0xc0 && b < 0xf0) {
		static const enum order lite[] = {FG_RUN, FGBG_IMAGE, DITHERED_RUN};

		out->order = lite[(b >> 4) - 0xc];
		out->set_fg = b < 0xe0;
	} else if (b >= 0xf0) {
		static const enum order mega[16] = {BG_RUN, FG_RUN, FGBG_IMAGE, COLOR_RUN,
				COLOR_IMAGE, INVALID, FG_RUN, FGBG_IMAGE, DITHERED_RUN,
				SPECIAL_FGBG_1, SPECIAL_FGBG_2, INVALID, INVALID, WHITE, BLACK,
				INVALID};

		out->order = mega[b & 0x0f];
		out->set_fg = b == 0xf6 || b == 0xf7;
		if (b <= 0xf8) {
			if (!(d->end - d->p >= 2)) {
				return SP_ESHORT;
			}
			out->run = d->p[0] | (uint32_t)d->p[1] << 8;
			d->p += 2;
		} else {
			out->run = b <= 0xfa ? 8 : 1;
		}
		return out->order == INVALID || out->run == 0 ? SP_ECODEC : SP_OK;
	}
	if (out->order == INVALID) {
		return SP_ECODEC;
	}
	image = out->order == FGBG_IMAGE;
	out->run = (b & bits) * (image ? 8 : 1);
	if (out->run == 0) {
		if (!(d->p < d->end)) {
			return SP_ESHORT;
		}
		out->run = *d->p++ + (image ? 1 : bits + 1);
	}
	return SP_OK;
}

static inline uint32_t read_wire(const uint8_t *p, size_t bytes)
{
	uint32_t v = p[0];

	if (bytes > 1) {
		v |= (uint32_t)p[1] << 8;
	}
	if (bytes > 2) {
		v |= (uint32_t)p[2] << 16;
	}
	return v;
}

static int read_pixel(struct dec *d, unsigned depth, size_t bytes, uint32_t *out)
{
	if (!((size_t)(d->end - d->p) >= bytes)) {
		return SP_ESHORT;
	}
	*out = sp_wire_unpack(depth, read_wire(d->p, bytes));
	d->p += bytes;
	return SP_OK;
}

static int color_image(struct dec *d, unsigned depth, size_t bytes, uint32_t n)
{
	if (!((size_t)(d->end - d->p) / bytes >= n)) {
		return SP_ESHORT;
	}
	while (n > 0) {
		uint32_t part = span(d, n);
		uint8_t *to = d->line + 4 * (size_t)d->x;

		if (depth == 8) {
			for (uint32_t i = 0; i < part; i++) {
				sp_simd_store32(to + 4 * (size_t)i, SP_WIRE_OPAQUE | d->p[i]);
			}
		} else {
			sp_pixel_unpack(depth, NULL, to, d->p, part);
		}
		d->p += part * bytes;
		n -= advance(d, part);
	}
	return SP_OK;
}

static int fgbg_image(struct dec *d, uint32_t n)
{
	if (!((size_t)(d->end - d->p) >= (n + 7) / 8)) {
		return SP_ESHORT;
	}
	while (n > 0) {
		uint32_t part = n < 8 ? n : 8;

		fgbg(d, *d->p++, part);
		n -= part;
	}
	return SP_OK;
}

/* Between two background runs stands one foreground pixel that counts as one of the second. */
static void bg_run(struct dec *d, uint32_t n)
{
	if (d->insert) {
		fill_above(d, d->fg, 1);
		n--;
	}
	fill_above(d, 0, n);
}

static int draw(struct dec *d, const struct header *h, unsigned depth, size_t bytes)
{
	uint32_t a, b;
	int rc = SP_OK;

	if (h->set_fg) {
		rc = read_pixel(d, depth, bytes, &d->fg);
	}
	if (rc == SP_OK && (h->order == COLOR_RUN || h->order == DITHERED_RUN)) {
		rc = read_pixel(d, depth, bytes, &a);
	}
	if (rc == SP_OK && h->order == DITHERED_RUN) {
		rc = read_pixel(d, depth, bytes, &b);
	}
	if (rc != SP_OK) {
		return rc;
	}
	switch (h->order) {
	case BG_RUN:
		bg_run(d, h->run);
		break;
	case FG_RUN:
		fill_above(d, d->fg, h->run);
		break;
	case FGBG_IMAGE:
		rc = fgbg_image(d, h->run);
		break;
	case COLOR_RUN:
		fill(d, SP_WIRE_OPAQUE | a, h->run);
		break;
	case COLOR_IMAGE:
		rc = color_image(d, depth, bytes, h->run);
		break;
	case DITHERED_RUN:
		for (uint32_t i = 0; i < h->run / 2; i++) {
			put(d, SP_WIRE_OPAQUE | a);
			put(d, SP_WIRE_OPAQUE | b);
		}
		break;
	case SPECIAL_FGBG_1:
		fgbg(d, 0x03, 8);
		break;
	case SPECIAL_FGBG_2:
		fgbg(d, 0x05, 8);
		break;
	case WHITE:
		put(d, SP_WIRE_OPAQUE | sp_wire_unpack(depth, 0xffffff));
		break;
	case BLACK:
		put(d, SP_WIRE_OPAQUE);
		break;
	default:
		return SP_ECODEC;
	}
	return rc;
}

/* One switch per depth around the same loop, so that each gets its constants. */
static inline int decode(struct dec *d, unsigned depth, size_t bytes, uint64_t first_row_end)
{
	bool was_first = true;

	while (d->left > 0) {
		struct header h;
		int rc;

		if (!(d->p < d->end)) {
			return SP_ESHORT;
		}
		rc = header(d, &h);
		if (rc != SP_OK) {
			return rc;
		}
		if (h.order == DITHERED_RUN) {
			h.run *= 2; /* it counts pairs */
		}
		if (!(h.run <= d->left)) {
			return SP_ECODEC;
		}
		d->first = d->left > first_row_end;
		if (was_first && !d->first) {
			was_first = false;
			d->insert = false;
		}
		rc = draw(d, &h, depth, bytes);
		if (rc != SP_OK) {
			return rc;
		}
		d->insert = h.order == BG_RUN;
	}
	return SP_OK;
}

static void apply_palette(const struct sp_palette *palette, uint8_t *row, ptrdiff_t step,
		uint32_t w, uint32_t h)
{
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			uint8_t *px = row + 4 * (size_t)x;

			sp_simd_store32(px, palette->bgrx[*px]);
		}
		row += y + 1 < h ? step : 0;
	}
}

int sp_interleaved_decode(unsigned depth, const struct sp_palette *palette, const uint8_t *src,
		size_t n, uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h)
{
	struct dec d = {.p = src, .end = src + n, .line = row, .step = step, .w = w};
	uint64_t below;
	int rc;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	d.left = (uint64_t)w * h;
	below = d.left - w;
	d.fg = sp_wire_unpack(depth, 0xffffff);
	switch (depth) {
	case 8:
		if (!palette) {
			return SP_EARG;
		}
		rc = decode(&d, 8, 1, below);
		if (rc == SP_OK) {
			apply_palette(palette, row, step, w, h);
		}
		return rc;
	case 15:
		return decode(&d, 15, 2, below);
	case 16:
		return decode(&d, 16, 2, below);
	case 24:
		return decode(&d, 24, 3, below);
	default:
		return SP_EARG;
	}
}
