/* core/codec/clear_dec.c - ClearCodec streams into pixels. */
#include <stdbool.h>

#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/codec/clear.h"
#include "core/codec/clear_wire.h"
#include "core/codec/nsc.h"
#include "core/codec/simd.h"
#include "core/codec/wire.h"

/* Columns that were seen, each with its length; 0 is one that never was. */
struct bars {
	uint32_t slots;
	uint32_t cursor; /* INVARIANT: below slots */
	uint8_t *n; /* slots of them; NULL until the first is stored */
	uint32_t *px; /* SP_CLEAR_BAND_HEIGHT each */
};

struct glyph {
	uint32_t *px; /* NULL: never stored */
	uint32_t n;
};

struct sp_clear_dec {
	uint8_t seq; /* of the next stream */
	bool numbered; /* seq is known */
	struct bars full, part; /* V-bars and short ones */
	struct glyph glyph[SP_CLEAR_GLYPHS];
};

/* Where in a rectangle the next pixel goes. */
struct place {
	uint8_t *row;
	size_t stride;
	uint32_t w, x; /* INVARIANT: x < w */
};

struct sp_clear_dec *sp_clear_dec_create(void)
{
	struct sp_clear_dec *d = sp_calloc(1, sizeof(*d));

	if (d) {
		d->full.slots = SP_CLEAR_VBARS;
		d->part.slots = SP_CLEAR_SHORT_VBARS;
	}
	return d;
}

static void forget(struct sp_clear_dec *d)
{
	struct bars *b[] = {&d->full, &d->part};

	for (int i = 0; i < 2; i++) {
		sp_free(b[i]->n);
		sp_free(b[i]->px);
		b[i]->n = NULL;
		b[i]->px = NULL;
		b[i]->cursor = 0;
	}
	for (size_t i = 0; i < SP_CLEAR_GLYPHS; i++) {
		sp_free(d->glyph[i].px);
		d->glyph[i] = (struct glyph){NULL, 0};
	}
	d->seq = 0;
	d->numbered = false;
}

void sp_clear_dec_destroy(struct sp_clear_dec *d)
{
	if (d) {
		forget(d);
		sp_free(d);
	}
}

void sp_clear_dec_renumber(struct sp_clear_dec *d)
{
	d->numbered = false;
}

static int need_bars(struct bars *b)
{
	if (b->n) {
		return SP_OK;
	}
	b->n = sp_calloc(b->slots, 1);
	b->px = sp_calloc((size_t)b->slots * SP_CLEAR_BAND_HEIGHT, sizeof(*b->px));
	if (!b->n || !b->px) {
		sp_free(b->n);
		sp_free(b->px);
		b->n = NULL;
		b->px = NULL;
		return SP_ENOMEM;
	}
	return SP_OK;
}

static inline uint32_t *bar(const struct bars *b, size_t i)
{
	return b->px + i * SP_CLEAR_BAND_HEIGHT;
}

static inline uint32_t load24(const uint8_t *p)
{
	return SP_WIRE_OPAQUE | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/*
 * n pixels of one colour, which there is room for; behind them come after more of the same layer,
 * so a few of those may be written too soon.
 */
static inline void put_run(struct place *at, uint32_t v, size_t n, size_t after)
{
	while (n > 0) {
		uint32_t room = at->w - at->x;
		size_t wide = (n + 3) & ~(size_t)3;

		if (wide <= room && wide - n <= after) {
			sp_simd_fill(at->row + 4 * (size_t)at->x, v, wide);
		} else {
			sp_simd_fill(at->row + 4 * (size_t)at->x, v, n < room ? n : room);
		}
		if (n < room) {
			at->x += (uint32_t)n;
			return;
		}
		n -= room;
		at->x = 0;
		at->row += at->stride;
	}
}

/*
 * A run length of 1, 3 or 7 bytes at *p, [MS-RDPEGFX] 2.2.4.1.1.1.1; false where it is cut. Moves
 * *p behind it.
 */
static inline bool run_length(const uint8_t **p, const uint8_t *end, size_t *n)
{
	const uint8_t *s = *p;

	if (!(s < end)) {
		return false;
	}
	*n = *s++;
	if (*n == 0xff) {
		if (!(2 <= end - s)) {
			return false;
		}
		*n = (size_t)s[0] | (size_t)s[1] << 8;
		s += 2;
		if (*n == 0xffff) {
			if (!(4 <= end - s)) {
				return false;
			}
			*n = sp_simd_load32(s);
			s += 4;
		}
	}
	*p = s;
	return true;
}

/* [MS-RDPEGFX] 2.2.4.1.1.1 CLEARCODEC_RESIDUAL_DATA */
static int decode_residual(struct sp_span in, struct place at, size_t area)
{
	const uint8_t *s = in.p, *end = in.p + in.n;
	size_t total = 0;

	while (s < end) {
		size_t n = 0;

		if (!(3 <= end - s)) {
			return SP_ECODEC;
		}
		s += 3;
		if (!run_length(&s, end, &n) || !(n <= area - total)) {
			return SP_ECODEC;
		}
		total += n;
	}
	for (s = in.p; s < end;) {
		uint32_t v = load24(s);
		size_t n = 0;

		s += 3;
		run_length(&s, end, &n);
		total -= n;
		put_run(&at, v, n, total);
	}
	return SP_OK;
}

/* A column out of its inked part and the background above and below it. */
static void grow(struct sp_clear_dec *d, size_t part, uint32_t on, uint32_t h, uint32_t background)
{
	uint32_t *to = bar(&d->full, d->full.cursor), n = d->part.n[part];
	uint32_t from = on < h ? on : h, upto = n < h - from ? from + n : h;

	for (uint32_t y = 0; y < from; y++) {
		to[y] = background;
	}
	memcpy(to + from, bar(&d->part, part), (size_t)(upto - from) * sizeof(*to));
	for (uint32_t y = upto; y < h; y++) {
		to[y] = background;
	}
	d->full.n[d->full.cursor] = (uint8_t)h;
	d->full.cursor = (d->full.cursor + 1) % d->full.slots;
}

/*
 * [MS-RDPEGFX] 2.2.4.1.1.2.1.1 CLEARCODEC_VBAR. The column of h pixels it stands for. One that was
 * never stored, or stored with another height, is taken as black where it is missing: servers send
 * such after they reset their caches.
 */
static int read_bar(struct sp_clear_dec *d, struct sp_rd *r, uint32_t h, uint32_t background,
		const uint32_t **out)
{
	uint16_t head = sp_rd_le16(r);
	size_t full = d->full.cursor;

	if (head & CLEAR_VBAR_HIT) {
		full = head & (SP_CLEAR_VBARS - 1);
		for (uint32_t y = d->full.n[full]; y < h; y++) {
			bar(&d->full, full)[y] = SP_WIRE_OPAQUE;
		}
		if (d->full.n[full] < h) {
			d->full.n[full] = (uint8_t)h;
		}
	} else if (head & CLEAR_SHORT_HIT) {
		uint8_t on = sp_rd_u8(r);

		grow(d, head & (SP_CLEAR_SHORT_VBARS - 1), on, h, background);
	} else {
		uint32_t on = head & 0xff, off = head >> 8;
		struct sp_span px;

		if (!(on <= off && off - on <= SP_CLEAR_BAND_HEIGHT)) {
			return sp_rd_fail(r, SP_ECODEC, "clear.shortVBarYOff");
		}
		px = sp_rd_span(r, 3 * (size_t)(off - on));
		for (uint32_t i = 0; i < px.n / 3; i++) {
			bar(&d->part, d->part.cursor)[i] = load24(px.p + 3 * (size_t)i);
		}
		d->part.n[d->part.cursor] = (uint8_t)(px.n / 3);
		grow(d, d->part.cursor, on, h, background);
		d->part.cursor = (d->part.cursor + 1) % d->part.slots;
	}
	*out = bar(&d->full, full);
	return sp_rd_ok(r);
}

/* [MS-RDPEGFX] 2.2.4.1.1.2.1 CLEARCODEC_BAND */
static int decode_band(struct sp_clear_dec *d, struct sp_rd *r, uint8_t *px, size_t stride,
		uint32_t w, uint32_t h)
{
	uint32_t x0 = sp_rd_le16(r), x1 = sp_rd_le16(r), y0 = sp_rd_le16(r), y1 = sp_rd_le16(r);
	struct sp_span bgr = sp_rd_span(r, 3);
	uint32_t rows, background;

	if (sp_rd_ok(r) != SP_OK) {
		return SP_ECODEC;
	}
	if (!(x0 <= x1 && y0 <= y1 && y1 - y0 < SP_CLEAR_BAND_HEIGHT && x1 < w && y1 < h)) {
		return SP_ECODEC;
	}
	rows = y1 - y0 + 1;
	background = load24(bgr.p);
	for (uint32_t x = x0; x <= x1; x++) {
		uint8_t *to = px + y0 * stride + 4 * (size_t)x;
		const uint32_t *v;

		if (read_bar(d, r, rows, background, &v) != SP_OK) {
			return SP_ECODEC;
		}
		for (uint32_t y = 0; y < rows; y++, to += stride) {
			sp_simd_store32(to, v[y]);
		}
	}
	return SP_OK;
}

static int decode_bands(struct sp_clear_dec *d, struct sp_span in, uint8_t *px, size_t stride,
		uint32_t w, uint32_t h)
{
	struct sp_rd r;

	if (need_bars(&d->full) != SP_OK || need_bars(&d->part) != SP_OK) {
		return SP_ENOMEM;
	}
	sp_rd_init(&r, in.p, in.n);
	while (sp_rd_left(&r) > 0) {
		int rc = decode_band(d, &r, px, stride, w, h);

		if (rc != SP_OK) {
			return rc;
		}
	}
	return SP_OK;
}

static void decode_raw(const uint8_t *s, uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	for (uint32_t y = 0; y < h; y++, px += stride, s += 3 * (size_t)w) {
		sp_pixel_unpack(24, NULL, px, s, w);
	}
}

/* [MS-RDPEGFX] 2.2.4.1.1.3.1.1 CLEARCODEC_SUBCODEC_RLEX */
static int decode_rlex(struct sp_span in, struct place at, size_t area)
{
	const uint8_t *s = in.p, *end = in.p + in.n;
	uint32_t palette[CLEAR_PALETTE_MAX];
	unsigned colours, bits = 1;

	if (!(1 <= in.n)) {
		return SP_ECODEC;
	}
	colours = *s++;
	if (!(1 <= colours && colours <= CLEAR_PALETTE_MAX && 3 * colours <= in.n - 1)) {
		return SP_ECODEC;
	}
	for (unsigned i = 0; i < colours; i++, s += 3) {
		palette[i] = load24(s);
	}
	while (1u << bits < colours) {
		bits++;
	}
	while (s < end) {
		unsigned stop = *s & ((1u << bits) - 1), depth = *s >> bits;
		size_t n = 0;

		s++;
		if (!run_length(&s, end, &n) || !(stop < colours && depth <= stop) ||
				!(n <= area && depth + 1 <= area - n)) {
			return SP_ECODEC;
		}
		area -= n + depth + 1;
		put_run(&at, palette[stop - depth], n, area + depth + 1);
		for (unsigned i = stop - depth; i <= stop; i++) {
			put_run(&at, palette[i], 1, area + stop - i);
		}
	}
	return area == 0 ? SP_OK : SP_ECODEC;
}

/* [MS-RDPEGFX] 2.2.4.1.1.3.1 CLEARCODEC_SUBCODEC */
static int decode_subcodec(struct sp_rd *r, uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	uint32_t x = sp_rd_le16(r), y = sp_rd_le16(r), sw = sp_rd_le16(r), sh = sp_rd_le16(r);
	uint32_t n = sp_rd_le32(r);
	uint8_t id = sp_rd_u8(r);
	struct sp_span data = sp_rd_span(r, n);
	size_t area = (size_t)sw * sh;

	if (sp_rd_ok(r) != SP_OK) {
		return SP_ECODEC;
	}
	if (!(1 <= sw && x <= w && sw <= w - x && 1 <= sh && y <= h && sh <= h - y)) {
		return SP_ECODEC;
	}
	px += y * stride + 4 * (size_t)x;
	switch (id) {
	case CLEAR_SUBCODEC_RAW:
		if (data.n != 3 * area) {
			return SP_ECODEC;
		}
		decode_raw(data.p, px, stride, sw, sh);
		return SP_OK;
	case CLEAR_SUBCODEC_NSC:
		return sp_nsc_decode(data.p, data.n, px, (ptrdiff_t)stride, sw, sh) == SP_OK
				? SP_OK
				: SP_ECODEC;
	case CLEAR_SUBCODEC_RLEX:
		return decode_rlex(data, (struct place){px, stride, sw, 0}, area);
	default:
		return SP_ECODEC;
	}
}

/* [MS-RDPEGFX] 2.2.4.1.1 CLEARCODEC_COMPOSITE_PAYLOAD */
static int decode_layers(struct sp_clear_dec *d, struct sp_rd *r, uint8_t *px, size_t stride,
		uint32_t w, uint32_t h)
{
	uint32_t n_residual = sp_rd_le32(r), n_bands = sp_rd_le32(r), n_subcodecs = sp_rd_le32(r);
	struct sp_span residual = sp_rd_span(r, n_residual), bands = sp_rd_span(r, n_bands);
	struct sp_rd sub = sp_rd_sub(r, n_subcodecs);
	int rc = SP_OK;

	if (sp_rd_ok(r) != SP_OK) {
		return SP_ESHORT;
	}
	if (residual.n > 0) {
		rc = decode_residual(residual, (struct place){px, stride, w, 0}, (size_t)w * h);
	}
	if (rc == SP_OK && bands.n > 0) {
		rc = decode_bands(d, bands, px, stride, w, h);
	}
	while (rc == SP_OK && sp_rd_left(&sub) > 0) {
		rc = decode_subcodec(&sub, px, stride, w, h);
	}
	return rc;
}

static int store_glyph(struct glyph *g, const uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	uint32_t n = w * h;

	if (g->n != n) {
		sp_free(g->px);
		g->n = 0;
		g->px = sp_malloc(n * sizeof(*g->px));
		if (!g->px) {
			return SP_ENOMEM;
		}
		g->n = n;
	}
	for (uint32_t y = 0; y < h; y++, px += stride) {
		memcpy(g->px + (size_t)y * w, px, 4 * (size_t)w);
	}
	return SP_OK;
}

/* Glyphs are stored without dimensions: another rectangle of the same area may be made of one. */
static int paint_glyph(const struct glyph *g, uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	if (!g->px || !(w * h <= g->n)) {
		return SP_ECODEC;
	}
	for (uint32_t y = 0; y < h; y++, px += stride) {
		memcpy(px, g->px + (size_t)y * w, 4 * (size_t)w);
	}
	return SP_OK;
}

int sp_clear_decode(struct sp_clear_dec *d, struct sp_span in, uint8_t *px, size_t stride,
		uint32_t w, uint32_t h)
{
	struct glyph *g = NULL;
	struct sp_rd r;
	uint8_t flags, seq;
	int rc;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	sp_rd_init(&r, in.p, in.n);
	flags = sp_rd_u8(&r);
	seq = sp_rd_u8(&r);
	if (flags & CLEAR_GLYPH_INDEX) {
		uint16_t index = sp_rd_le16(&r);

		if (!(index < SP_CLEAR_GLYPHS && (size_t)w * h <= SP_CLEAR_GLYPH_AREA)) {
			return SP_ECODEC;
		}
		g = &d->glyph[index];
	}
	if (sp_rd_ok(&r) != SP_OK) {
		return SP_ESHORT;
	}
	if (d->numbered && seq != d->seq) {
		return SP_ESTATE;
	}
	if (!g && flags & CLEAR_GLYPH_HIT) {
		return SP_ECODEC;
	}
	d->seq = (uint8_t)(seq + 1);
	d->numbered = true;
	if (flags & CLEAR_CACHE_RESET) {
		d->full.cursor = d->part.cursor = 0;
	}
	if (g && flags & CLEAR_GLYPH_HIT) {
		return paint_glyph(g, px, stride, w, h);
	}
	rc = decode_layers(d, &r, px, stride, w, h);
	return rc == SP_OK && g ? store_glyph(g, px, stride, w, h) : rc;
}

#define STATE_VERSION 1

static void save_pixels(const uint32_t *px, size_t n, struct sp_wr *out)
{
	for (size_t i = 0; i < n; i++) {
		sp_wr_u8(out, (uint8_t)px[i]);
		sp_wr_u8(out, (uint8_t)(px[i] >> 8));
		sp_wr_u8(out, (uint8_t)(px[i] >> 16));
	}
}

static void save_bars(const struct bars *b, struct sp_wr *out)
{
	uint32_t stored = 0;

	for (uint32_t i = 0; b->n && i < b->slots; i++) {
		stored += b->n[i] > 0;
	}
	sp_wr_le16(out, (uint16_t)b->cursor);
	sp_wr_le16(out, (uint16_t)stored);
	for (uint32_t i = 0; stored > 0 && i < b->slots; i++) {
		if (b->n[i] > 0) {
			sp_wr_le16(out, (uint16_t)i);
			sp_wr_u8(out, b->n[i]);
			save_pixels(bar(b, i), b->n[i], out);
		}
	}
}

int sp_clear_dec_save(const struct sp_clear_dec *d, struct sp_wr *out)
{
	uint16_t stored = 0;

	sp_wr_u8(out, STATE_VERSION);
	sp_wr_u8(out, d->seq);
	sp_wr_u8(out, d->numbered);
	save_bars(&d->full, out);
	save_bars(&d->part, out);
	for (size_t i = 0; i < SP_CLEAR_GLYPHS; i++) {
		stored = (uint16_t)(stored + (d->glyph[i].n > 0));
	}
	sp_wr_le16(out, stored);
	for (size_t i = 0; i < SP_CLEAR_GLYPHS; i++) {
		if (d->glyph[i].n > 0) {
			sp_wr_le16(out, (uint16_t)i);
			sp_wr_le16(out, (uint16_t)d->glyph[i].n);
			save_pixels(d->glyph[i].px, d->glyph[i].n, out);
		}
	}
	return sp_wr_ok(out);
}

static void load_pixels(struct sp_span s, uint32_t *px)
{
	for (size_t i = 0; i < s.n / 3; i++) {
		px[i] = load24(s.p + 3 * i);
	}
}

static int load_bars(struct bars *b, struct sp_rd *r)
{
	uint32_t cursor = sp_rd_le16(r), stored = sp_rd_le16(r);

	if (sp_rd_ok(r) != SP_OK || !(cursor < b->slots && stored <= b->slots)) {
		return SP_EFIELD;
	}
	if (stored > 0 && need_bars(b) != SP_OK) {
		return SP_ENOMEM;
	}
	b->cursor = cursor;
	for (; stored > 0; stored--) {
		uint16_t i = sp_rd_le16(r);
		uint8_t n = sp_rd_u8(r);
		struct sp_span px = sp_rd_span(r, 3 * (size_t)n);

		if (sp_rd_ok(r) != SP_OK || !(i < b->slots && n <= SP_CLEAR_BAND_HEIGHT)) {
			return SP_EFIELD;
		}
		b->n[i] = n;
		load_pixels(px, bar(b, i));
	}
	return SP_OK;
}

static int load_glyph(struct sp_clear_dec *d, struct sp_rd *r)
{
	uint16_t i = sp_rd_le16(r), n = sp_rd_le16(r);
	struct sp_span px = sp_rd_span(r, 3 * (size_t)n);

	if (sp_rd_ok(r) != SP_OK || !(i < SP_CLEAR_GLYPHS && 1 <= n && n <= SP_CLEAR_GLYPH_AREA) ||
			d->glyph[i].px) {
		return SP_EFIELD;
	}
	d->glyph[i].px = sp_malloc(n * sizeof(uint32_t));
	if (!d->glyph[i].px) {
		return SP_ENOMEM;
	}
	d->glyph[i].n = n;
	load_pixels(px, d->glyph[i].px);
	return SP_OK;
}

static int load(struct sp_clear_dec *d, struct sp_rd *r)
{
	uint8_t version = sp_rd_u8(r), seq = sp_rd_u8(r), numbered = sp_rd_u8(r);
	uint16_t glyphs;
	int rc;

	if (sp_rd_ok(r) != SP_OK || version != STATE_VERSION || numbered > 1) {
		return SP_EFIELD;
	}
	d->seq = seq;
	d->numbered = numbered;
	rc = load_bars(&d->full, r);
	rc = rc == SP_OK ? load_bars(&d->part, r) : rc;
	glyphs = sp_rd_le16(r);
	if (rc == SP_OK && (sp_rd_ok(r) != SP_OK || !(glyphs <= SP_CLEAR_GLYPHS))) {
		return SP_EFIELD;
	}
	for (; rc == SP_OK && glyphs > 0; glyphs--) {
		rc = load_glyph(d, r);
	}
	return rc == SP_OK ? sp_rd_end(r) : rc;
}

int sp_clear_dec_load(struct sp_clear_dec *d, struct sp_span in)
{
	struct sp_rd r;
	int rc;

	forget(d);
	sp_rd_init(&r, in.p, in.n);
	rc = load(d, &r);
	if (rc != SP_OK) {
		forget(d);
	}
	return rc;
}
