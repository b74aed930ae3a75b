/* core/codec/interleaved_enc.c - pixels into interleaved RLE. */
#include "core/codec/interleaved.h"

#include <stdbool.h>

#include "core/codec/simd.h"
#include "core/codec/wire.h"

#define SIDE SP_INTERLEAVED_TILE
#define PIXELS (SIDE * SIDE)

/* First bytes of the orders whose length is in the header, and their MEGA_MEGA forms. */
enum {
	BG_RUN = 0x00,
	FG_RUN = 0x20,
	FGBG_IMAGE = 0x40,
	COLOR_RUN = 0x60,
	COLOR_IMAGE = 0x80,
	SET_FG_FG_RUN = 0xc0,
	SET_FG_FGBG_IMAGE = 0xd0,
	DITHERED_RUN = 0xe0,
	MEGA_BG_RUN = 0xf0,
	MEGA_FG_RUN = 0xf1,
	MEGA_FGBG_IMAGE = 0xf2,
	MEGA_COLOR_RUN = 0xf3,
	MEGA_COLOR_IMAGE = 0xf4,
	MEGA_SET_FG_RUN = 0xf6,
	MEGA_SET_FGBG_IMAGE = 0xf7,
	MEGA_DITHERED_RUN = 0xf8,
	SPECIAL_FGBG_1 = 0xf9,
	SPECIAL_FGBG_2 = 0xfa,
	WHITE = 0xfd,
	BLACK = 0xfe,
};

/* An order that may be written at some pixel. */
struct choice {
	enum {
		NONE,
		BG,
		FG,
		COLOR,
		DITHER,
		FGBG
	} kind;
	size_t run; /* pixels */
	int saved; /* bytes, against writing the pixels as they are */
	uint32_t fg; /* of FG and FGBG */
};

struct enc {
	const uint32_t *px; /* pixels of the wire, row after row */
	const uint32_t *x; /* the same XOR the row above; black above the first */
	size_t n, w;
	int bytes;
	uint32_t fg, white;
	bool after_bg; /* the order before was a background run */
	size_t bg_end; /* where that one ended */
	uint8_t *o, *end; /* INVARIANT: o <= end */
};

static inline bool room(struct enc *e, size_t n)
{
	return n <= (size_t)(e->end - e->o);
}

static void put_pixel(struct enc *e, uint32_t v)
{
	*e->o++ = (uint8_t)v;
	if (e->bytes > 1) {
		*e->o++ = (uint8_t)(v >> 8);
	}
	if (e->bytes > 2) {
		*e->o++ = (uint8_t)(v >> 16);
	}
}

/* code with room for a length up to most in its low bits. */
static void put_header(struct enc *e, uint8_t code, uint8_t mega, size_t most, size_t run)
{
	if (run <= most) {
		*e->o++ = (uint8_t)(code | run);
	} else if (run <= most + 256) {
		*e->o++ = code;
		*e->o++ = (uint8_t)(run - most - 1);
	} else {
		*e->o++ = mega;
		*e->o++ = (uint8_t)run;
		*e->o++ = (uint8_t)(run >> 8);
	}
}

static int header_size(size_t most, size_t run)
{
	return run <= most ? 1 : run <= most + 256 ? 2 : 3;
}

/* Pixels [from, to) as they are. False when they do not fit. */
static bool put_raw(struct enc *e, size_t from, size_t to)
{
	size_t run = to - from;

	if (run == 0) {
		return true;
	}
	e->after_bg = false;
	if (!room(e, 3 + run * (size_t)e->bytes)) {
		return false;
	}
	if (run == 1 && (e->px[from] == 0 || e->px[from] == e->white)) {
		*e->o++ = e->px[from] == 0 ? BLACK : WHITE;
		return true;
	}
	put_header(e, COLOR_IMAGE, MEGA_COLOR_IMAGE, 31, run);
	for (size_t i = from; i < to; i++) {
		put_pixel(e, e->px[i]);
	}
	return true;
}

static unsigned fgbg_mask(const struct enc *e, size_t at, size_t n)
{
	unsigned m = 0;

	for (size_t i = 0; i < n; i++) {
		m |= (unsigned)(e->x[at + i] != 0) << i;
	}
	return m;
}

static void put_fgbg(struct enc *e, const struct choice *c, size_t at)
{
	bool set = c->fg != e->fg;
	size_t most = set ? 15 : 31;

	if (!set && c->run == 8) {
		unsigned m = fgbg_mask(e, at, 8);

		if (m == 0x03 || m == 0x05) {
			*e->o++ = m == 0x03 ? SPECIAL_FGBG_1 : SPECIAL_FGBG_2;
			return;
		}
	}
	if (c->run % 8 == 0 && c->run / 8 <= most) {
		*e->o++ = (uint8_t)((set ? SET_FG_FGBG_IMAGE : FGBG_IMAGE) | c->run / 8);
	} else if (c->run <= 256) {
		*e->o++ = set ? SET_FG_FGBG_IMAGE : FGBG_IMAGE;
		*e->o++ = (uint8_t)(c->run - 1);
	} else {
		*e->o++ = set ? MEGA_SET_FGBG_IMAGE : MEGA_FGBG_IMAGE;
		*e->o++ = (uint8_t)c->run;
		*e->o++ = (uint8_t)(c->run >> 8);
	}
	if (set) {
		put_pixel(e, c->fg);
		e->fg = c->fg;
	}
	for (size_t i = 0; i < c->run; i += 8) {
		size_t n = c->run - i < 8 ? c->run - i : 8;

		*e->o++ = (uint8_t)fgbg_mask(e, at + i, n);
	}
}

static bool put_choice(struct enc *e, const struct choice *c, size_t at)
{
	if (!room(e, 3 + 2 * (size_t)e->bytes + (c->kind == FGBG ? (c->run + 7) / 8 : 0))) {
		return false;
	}
	switch (c->kind) {
	case BG:
		put_header(e, BG_RUN, MEGA_BG_RUN, 31, c->run);
		e->bg_end = at + c->run;
		break;
	case FG:
		if (c->fg == e->fg) {
			put_header(e, FG_RUN, MEGA_FG_RUN, 31, c->run);
		} else {
			put_header(e, SET_FG_FG_RUN, MEGA_SET_FG_RUN, 15, c->run);
			put_pixel(e, c->fg);
			e->fg = c->fg;
		}
		break;
	case COLOR:
		put_header(e, COLOR_RUN, MEGA_COLOR_RUN, 31, c->run);
		put_pixel(e, e->px[at]);
		break;
	case DITHER:
		put_header(e, DITHERED_RUN, MEGA_DITHERED_RUN, 15, c->run / 2);
		put_pixel(e, e->px[at]);
		put_pixel(e, e->px[at + 1]);
		break;
	case FGBG:
		put_fgbg(e, c, at);
		break;
	case NONE:
		break;
	}
	e->after_bg = c->kind == BG;
	return true;
}

static void consider(struct choice *best, int kind, size_t run, int saved, uint32_t fg)
{
	if (best->kind == NONE || saved > best->saved) {
		best->kind = kind;
		best->run = run;
		best->saved = saved;
		best->fg = fg;
	}
}

/* How many of 8 bits are set. */
static inline unsigned bits(unsigned v)
{
	v -= v >> 1 & 0x55;
	v = (v & 0x33) + (v >> 2 & 0x33);
	return (v + (v >> 4)) & 0x0f;
}

/*
 * How far the pixels from at on are above or above XOR one colour, in steps of eight. It ends
 * where a run would be as good, and where eight pixels would need as many orders as bits.
 */
static void consider_fgbg(
		const struct enc *e, size_t at, size_t limit, uint32_t fg, struct choice *best)
{
	size_t run = 0, flips = 0;
	unsigned last = e->x[at] != 0 ? 0 : 1;

	while (at + run < limit) {
		size_t n = limit - at - run < 8 ? limit - at - run : 8;
		unsigned m = 0, edges;

		for (size_t i = 0; i < n; i++) {
			uint32_t v = e->x[at + run + i];

			if (v != 0 && v != fg) {
				n = i;
				break;
			}
			m |= (unsigned)(v != 0) << i;
		}
		edges = (m ^ (m << 1 | last)) & ((1u << n) - 1);
		if (edges == 0) {
			break;
		}
		flips += bits(edges);
		run += n;
		if (n < 8) {
			break;
		}
		last = m >> 7;
	}
	if (run < 8) {
		return;
	}
	int cost = 2 + (int)(run + 7) / 8 + (fg != e->fg ? e->bytes : 0);
	/* Every flip begins another run of at least one byte; a lone pixel may cost none. */
	if (cost < (int)flips) {
		consider(best, FGBG, run, (int)run * e->bytes - cost, fg);
	}
}

static void consider_dither(const struct enc *e, size_t at, struct choice *best)
{
	const uint32_t *p = e->px + at;
	size_t left = e->n - at, run = 2;

	if (left < 6 || p[0] != p[2] || p[1] != p[3]) {
		return;
	}
	while (run + 1 < left && p[run] == p[0] && p[run + 1] == p[1]) {
		run += 2;
	}
	consider(best, DITHER, run, (int)run * e->bytes - header_size(15, run / 2) - 2 * e->bytes,
			0);
}

static struct choice choose(const struct enc *e, size_t at)
{
	struct choice best = {NONE, 0, 0, 0};
	/* Decoders differ in what is above an order that leaves the first row. */
	size_t limit = at < e->w ? e->w : e->n;
	uint32_t x = e->x[at];

	if (x == 0) {
		size_t run = sp_simd_run(e->x + at, 0, limit - at);

		consider(&best, BG, run, (int)run * e->bytes - header_size(31, run), 0);
		if (run >= 16) {
			return best;
		}
	} else if (e->after_bg && x == e->fg && at != e->w && e->bg_end == at &&
			!(at + 1 < limit && e->x[at + 1] == x)) {
		/* A second background run begins with a foreground pixel of its own. */
		size_t run = 1 + sp_simd_run(e->x + at + 1, 0, limit - at - 1);

		consider(&best, BG, run, (int)run * e->bytes - header_size(31, run), 0);
	} else if (x == e->fg || (at + 1 < limit && e->x[at + 1] == x)) {
		size_t run = sp_simd_run(e->x + at, x, limit - at);
		bool set = x != e->fg;

		consider(&best, FG, run,
				(int)run * e->bytes - header_size(set ? 15 : 31, run) -
						(set ? e->bytes : 0),
				x);
	}
	if (at + 1 < e->n && e->px[at + 1] == e->px[at]) {
		size_t run = sp_simd_run(e->px + at, e->px[at], e->n - at);

		consider(&best, COLOR, run, (int)run * e->bytes - header_size(31, run) - e->bytes,
				0);
	} else if (best.run < 4) {
		consider_dither(e, at, &best);
	}
	if (best.run < 16 && limit - at >= 8) {
		uint32_t fg = x;

		for (size_t i = at + 1; fg == 0 && i < at + 8; i++) {
			fg = e->x[i];
		}
		if (fg != 0) {
			consider_fgbg(e, at, limit, fg, &best);
		}
	}
	return best;
}

/* The size of the stream at e->o, 0 when it does not fit. */
static size_t encode(struct enc *e)
{
	const uint8_t *start = e->o;
	size_t raw = 0, at = 0;

	while (at < e->n) {
		struct choice c = choose(e, at);

		/* An order among raw pixels costs another header for those behind it. */
		if (c.kind == NONE || c.saved <= (raw < at ? 1 : 0)) {
			at++;
			continue;
		}
		if (!put_raw(e, raw, at)) {
			return 0;
		}
		if (!put_choice(e, &c, at)) {
			return 0;
		}
		at += c.run;
		raw = at;
	}
	return put_raw(e, raw, at) ? (size_t)(e->o - start) : 0;
}

/* The tile in pixels of the wire, the last column repeated up to the padded width. */
static inline void gather(unsigned depth, uint32_t *px, const uint8_t *row, ptrdiff_t step,
		uint32_t w, uint32_t h, uint32_t padded)
{
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t i = 0; i < w; i++) {
			px[i] = sp_wire_pack(depth, sp_simd_load32(row + 4 * (size_t)i));
		}
		for (uint32_t i = w; i < padded; i++) {
			px[i] = px[w - 1];
		}
		px += padded;
		row += y + 1 < h ? step : 0;
	}
}

int sp_interleaved_encode(unsigned depth, const uint8_t *row, ptrdiff_t step, uint32_t w,
		uint32_t h, struct sp_wr *out)
{
	sp_uninit uint32_t px[PIXELS];
	sp_uninit uint32_t x[PIXELS];
	uint32_t padded = (w + 3) & ~3u;
	size_t bytes = sp_pixel_bytes(depth), n = (size_t)padded * h, size;
	struct enc e = {.px = px, .x = x, .n = n, .w = padded, .bytes = (int)bytes};

	if (!(1 <= w && w <= SIDE && 1 <= h && h <= SIDE && 1 <= bytes && bytes <= 3)) {
		return SP_EARG;
	}
	switch (depth) {
	case 8:
		gather(8, px, row, step, w, h, padded);
		break;
	case 15:
		gather(15, px, row, step, w, h, padded);
		break;
	case 16:
		gather(16, px, row, step, w, h, padded);
		break;
	default:
		gather(24, px, row, step, w, h, padded);
		break;
	}
	memcpy(x, px, padded * sizeof(*x));
	for (size_t i = padded; i < n; i++) {
		x[i] = px[i] ^ px[i - padded];
	}
	e.white = sp_wire_pack(depth, 0xffffff);
	e.fg = e.white;
	e.o = sp_wr_room(out, n * bytes);
	if (!e.o) {
		return sp_wr_ok(out);
	}
	e.end = e.o + n * bytes - 1;
	size = encode(&e);
	sp_wr_shrink(out, n * bytes - size);
	return (int)size;
}
