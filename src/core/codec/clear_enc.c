/* core/codec/clear_enc.c - pixels into ClearCodec streams, lossless. */
#include "core/codec/clear_enc.h"

#include "core/base/mem.h"
#include "core/codec/simd.h"

#define STRIP CLEAR_STRIP
#define HEIGHT SP_CLEAR_BAND_HEIGHT
#define GLYPH_RING (512u * 1024)
#define GLYPH_PAYS 24 /* bytes from which a small area is worth a glyph */
#define KEEP_CELLS (256u * 1024) /* memory for more is not kept for the next picture */
#define KEEP_BYTES (1024u * 1024)
#define LITTLE 48 /* bytes of residual for which nothing better is sought */

/* What the residual layer has to paint of a row of a strip. */
enum cover {
	COVER_PIXELS, /* itself */
	COVER_ANY, /* anything: another layer paints it all */
	COVER_COLOR, /* the colour that its mask was replaced by */
};

/* Rows of neighbouring strips that are encoded together. */
struct unit {
	uint32_t strip, strips;
	uint32_t y, h;
	uint32_t background;
	bool line; /* may become bands */
};

struct sp_clear_enc {
	uint8_t seq;
	bool reset; /* the next stream tells the client so */
	struct clear_bands bands;
	struct clear_rlex rlex;
	struct clear_store glyphs;
	uint32_t glyph[SP_CLEAR_GLYPH_AREA];
	/* The picture: masks and covers by row, then by strip. */
	const uint8_t *px;
	size_t stride;
	uint32_t w, h, strips;
	uint64_t *mask; /* bit i: pixel i differs from the one before; never bit 0 */
	uint8_t *cover;
	size_t cells, rows; /* that there is memory for */
	struct unit *unit;
	size_t units;
	/* The units that reach into the strip before, from above, and into this one. */
	uint32_t *left, lefts, passed; /* passed: those that are above all to come */
	uint32_t *here, heres;
	struct sp_wr residual, band, subcodec;
};

static void writers_init(struct sp_clear_enc *e)
{
	size_t max = SP_CLEAR_BOUND(SP_PIXEL_SIDE_MAX, SP_PIXEL_SIDE_MAX);

	sp_wr_init(&e->residual, max);
	sp_wr_init(&e->band, max);
	sp_wr_init(&e->subcodec, max);
}

struct sp_clear_enc *sp_clear_enc_create(void)
{
	struct sp_clear_enc *e = sp_calloc(1, sizeof(*e));

	if (!e) {
		return NULL;
	}
	writers_init(e);
	if (clear_bands_init(&e->bands) != SP_OK || clear_rlex_init(&e->rlex) != SP_OK ||
			clear_store_init(&e->glyphs, SP_CLEAR_GLYPHS, GLYPH_RING) != SP_OK) {
		sp_clear_enc_destroy(e);
		return NULL;
	}
	return e;
}

static void release(struct sp_clear_enc *e)
{
	sp_free(e->mask);
	sp_free(e->cover);
	sp_free(e->unit);
	sp_free(e->left);
	sp_free(e->here);
	e->mask = NULL;
	e->cover = NULL;
	e->unit = NULL;
	e->left = e->here = NULL;
	e->cells = e->rows = 0;
}

void sp_clear_enc_destroy(struct sp_clear_enc *e)
{
	if (!e) {
		return;
	}
	release(e);
	clear_bands_finish(&e->bands);
	clear_rlex_finish(&e->rlex);
	clear_store_finish(&e->glyphs);
	sp_wr_finish(&e->residual);
	sp_wr_finish(&e->band);
	sp_wr_finish(&e->subcodec);
	sp_free(e);
}

void sp_clear_enc_reset(struct sp_clear_enc *e)
{
	clear_bands_reset(&e->bands);
	clear_store_reset(&e->glyphs);
	e->reset = true;
}

void sp_clear_enc_restart(struct sp_clear_enc *e)
{
	sp_clear_enc_reset(e);
	e->seq = 0;
}

static inline const uint8_t *pixel(const struct sp_clear_enc *e, uint32_t x, uint32_t y)
{
	return e->px + y * e->stride + 4 * (size_t)x;
}

static inline uint32_t color_at(const struct sp_clear_enc *e, uint32_t x, uint32_t y)
{
	return sp_simd_load32(pixel(e, x, y)) & CLEAR_COLOR;
}

static inline uint32_t strip_w(const struct sp_clear_enc *e, uint32_t strip)
{
	return strip + 1 < e->strips ? STRIP : e->w - strip * STRIP;
}

static inline uint64_t *mask_at(const struct sp_clear_enc *e, uint32_t strip, uint32_t y)
{
	return &e->mask[(size_t)y * e->strips + strip];
}

static uint64_t changes(const uint8_t *px, uint32_t n)
{
	uint64_t m = 0;
	uint32_t i = 0;

#if defined(SP_SIMD_SSE2)
	for (; i + 5 <= n; i += 4) {
		__m128i d = _mm_xor_si128(_mm_loadu_si128((const __m128i *)(px + 4 * (size_t)i)),
				_mm_loadu_si128((const __m128i *)(px + 4 * (size_t)i + 4)));
		__m128i same = _mm_cmpeq_epi32(_mm_slli_epi32(d, 8), _mm_setzero_si128());

		m |= (uint64_t)(15 ^ _mm_movemask_ps(_mm_castsi128_ps(same))) << i << 1;
	}
#endif
	for (; i + 1 < n; i++) {
		uint32_t d = sp_simd_load32(px + 4 * (size_t)i) ^
				sp_simd_load32(px + 4 * (size_t)i + 4);

		m |= (uint64_t)((d & CLEAR_COLOR) != 0) << i << 1;
	}
	return m;
}

/* Units of a strip are at least a row apart, but for those that others were cut into. */
static size_t units_max(size_t h)
{
	return h / 2 + h / 32 + 4;
}

static int reserve(struct sp_clear_enc *e, size_t cells)
{
	if (cells <= e->cells && e->h <= e->rows) {
		return SP_OK;
	}
	release(e);
	e->mask = sp_malloc(cells * sizeof(*e->mask));
	e->cover = sp_malloc(cells);
	e->unit = sp_malloc(e->strips * units_max(e->h) * sizeof(*e->unit));
	e->left = sp_malloc(units_max(e->h) * sizeof(*e->left));
	e->here = sp_malloc(units_max(e->h) * sizeof(*e->here));
	if (!e->mask || !e->cover || !e->unit || !e->left || !e->here) {
		release(e);
		return SP_ENOMEM;
	}
	e->cells = cells;
	e->rows = e->h;
	return SP_OK;
}

static int begin(struct sp_clear_enc *e)
{
	size_t cells;

	e->strips = (e->w + STRIP - 1) / STRIP;
	cells = (size_t)e->strips * e->h;
	if (reserve(e, cells) != SP_OK) {
		return SP_ENOMEM;
	}
	for (uint32_t y = 0; y < e->h; y++) {
		for (uint32_t s = 0; s < e->strips; s++) {
			*mask_at(e, s, y) = changes(pixel(e, s * STRIP, y), strip_w(e, s));
		}
	}
	memset(e->cover, COVER_PIXELS, cells);
	e->units = 0;
	e->heres = 0;
	return SP_OK;
}

static inline uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static inline uint32_t max(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/*
 * A line goes on in the strip to its right where that has about the same rows: letters reach more
 * or less high. Units may come to share rows of a strip; both then paint what is there.
 */
static bool join(struct unit *v, const struct unit *u)
{
	uint32_t top = min(u->y, v->y), end = max(u->y + u->h, v->y + v->h);
	uint32_t shared = min(u->y + u->h, v->y + v->h) - max(u->y, v->y);

	if (!v->line || !u->line || v->strip + v->strips != u->strip ||
			v->background != u->background ||
			!((v->strips + 1) * STRIP <= CLEAR_UNIT_MAX && end - top <= HEIGHT) ||
			2 * shared < max(u->h, v->h)) {
		return false;
	}
	v->strips++;
	v->y = top;
	v->h = end - top;
	return true;
}

/* Units of a strip come from above. */
static void add_unit(struct sp_clear_enc *e, const struct unit *u)
{
	uint32_t at = (uint32_t)e->units;

	while (e->passed < e->lefts &&
			e->unit[e->left[e->passed]].y + e->unit[e->left[e->passed]].h <= u->y) {
		e->passed++;
	}
	for (uint32_t i = e->passed; i < e->lefts && e->unit[e->left[i]].y < u->y + u->h; i++) {
		if (join(&e->unit[e->left[i]], u)) {
			at = e->left[i];
			break;
		}
	}
	if (at == e->units) {
		e->unit[e->units++] = *u;
	}
	e->here[e->heres++] = at;
}

/* The colour of the longest run in a row of a strip. */
static uint32_t longest(const struct sp_clear_enc *e, uint32_t strip, uint32_t y)
{
	uint64_t m = *mask_at(e, strip, y);
	uint32_t from = 0, best = 0, best_n = 0, w = strip_w(e, strip);

	for (;;) {
		uint32_t end = m ? (uint32_t)__builtin_ctzll(m) : w;

		if (end - from > best_n) {
			best = from;
			best_n = end - from;
		}
		if (!m) {
			return color_at(e, strip * STRIP + best, y);
		}
		from = end;
		m &= m - 1;
	}
}

/* What is around the rows from y0 up to y1: in the row above or else in the one below them. */
static uint32_t background(const struct sp_clear_enc *e, uint32_t strip, uint32_t y0, uint32_t y1)
{
	return longest(e, strip, y0 > 0 ? y0 - 1 : y1 < e->h ? y1 : y0);
}

/* True for a row between lines that only has what goes on above or below it, as a border does. */
static bool plain(const struct sp_clear_enc *e, uint32_t strip, uint32_t y)
{
	uint64_t m = *mask_at(e, strip, y);

	return sp_simd_count(m) <= 4 &&
			((y > 0 && m == *mask_at(e, strip, y - 1)) ||
					(y + 1 < e->h && m == *mask_at(e, strip, y + 1)));
}

/* More rows than a band can have. What plain rows part may be lines; the rest is cut to pieces. */
static void add_tall(struct sp_clear_enc *e, uint32_t strip, uint32_t y0, uint32_t y1)
{
	uint32_t y = y0;

	while (y < y1) {
		uint32_t from;

		while (y < y1 && plain(e, strip, y)) {
			y++;
		}
		from = y;
		while (y < y1 && y - from < STRIP && !plain(e, strip, y)) {
			y++;
		}
		if (from < y) {
			struct unit u = {strip, 1, from, y - from, background(e, strip, from, y),
					y - from <= HEIGHT};

			add_unit(e, &u);
		}
	}
}

static void find_units(struct sp_clear_enc *e)
{
	for (uint32_t s = 0; s < e->strips; s++) {
		uint32_t *left = e->left;

		e->left = e->here;
		e->lefts = e->heres;
		e->here = left;
		e->heres = 0;
		e->passed = 0;
		for (uint32_t y = 0; y < e->h;) {
			uint32_t from;

			while (y < e->h && *mask_at(e, s, y) == 0) {
				y++;
			}
			from = y;
			while (y < e->h && *mask_at(e, s, y) != 0) {
				y++;
			}
			if (from < y && y - from <= HEIGHT) {
				struct unit u = {s, 1, from, y - from, background(e, s, from, y),
						true};

				add_unit(e, &u);
			} else if (from < y) {
				add_tall(e, s, from, y);
			}
		}
	}
}

static void cover(struct sp_clear_enc *e, const struct unit *u, enum cover how)
{
	for (uint32_t y = u->y; y < u->y + u->h; y++) {
		for (uint32_t s = u->strip; s < u->strip + u->strips; s++) {
			e->cover[(size_t)y * e->strips + s] = (uint8_t)how;
			if (how == COVER_COLOR) {
				*mask_at(e, s, y) = u->background;
			}
		}
	}
}

static void put_raw(struct sp_clear_enc *e, uint32_t x, uint32_t y, uint32_t w, uint32_t h)
{
	struct sp_wr *out = &e->subcodec;
	size_t n = 3 * (size_t)w * h;
	uint8_t *o;

	sp_wr_le16(out, (uint16_t)x);
	sp_wr_le16(out, (uint16_t)y);
	sp_wr_le16(out, (uint16_t)w);
	sp_wr_le16(out, (uint16_t)h);
	sp_wr_le32(out, (uint32_t)n);
	sp_wr_u8(out, CLEAR_SUBCODEC_RAW);
	o = sp_wr_room(out, n);
	for (uint32_t i = 0; o && i < h; i++, o += 3 * (size_t)w) {
		sp_pixel_pack(24, o, pixel(e, x, y + i), w);
	}
}

/* What a unit costs in the residual layer. */
static size_t residual_price(const struct sp_clear_enc *e, const struct unit *u)
{
	size_t runs = 0;

	for (uint32_t y = u->y; y < u->y + u->h; y++) {
		for (uint32_t s = u->strip; s < u->strip + u->strips; s++) {
			if (e->cover[(size_t)y * e->strips + s] == COVER_PIXELS) {
				runs += sp_simd_count(*mask_at(e, s, y));
			}
		}
	}
	return 4 * runs;
}

/* Encodes a unit in the way that costs least; what is left as it is goes into the residual. */
static void put_unit(struct sp_clear_enc *e, const struct unit *u)
{
	uint32_t x = u->strip * STRIP, w = min(u->strips * STRIP, e->w - x);
	size_t price = residual_price(e, u), raw = CLEAR_SUBCODEC_HEADER + 3 * (size_t)w * u->h;
	const uint8_t *px = pixel(e, x, u->y);
	bool bands = false;

	if (price <= LITTLE) {
		return;
	}
	price = price < raw ? price : raw;
	if (u->line) {
		size_t as_bands =
				clear_bands_price(&e->bands, px, e->stride, w, u->h, u->background);

		bands = as_bands < price;
		price = bands ? as_bands : price;
	}
	/* Nothing beats columns that are known. */
	if (!(bands && price <= CLEAR_BAND_HEADER + 5 * (size_t)w / 2)) {
		size_t rlex = clear_rlex_price(&e->rlex, px, e->stride, w, u->h, price);

		if (rlex < price) {
			clear_rlex_put(&e->rlex, x, u->y, w, u->h, &e->subcodec);
			cover(e, u, COVER_ANY);
			return;
		}
	}
	if (bands) {
		clear_bands_put(&e->bands, x, u->y, &e->band);
		cover(e, u, COVER_COLOR);
	} else if (price == raw) {
		put_raw(e, x, u->y, w, u->h);
		cover(e, u, COVER_ANY);
	}
}

/* The run that was begun in the residual layer. */
struct run {
	uint8_t *o;
	size_t n;
	uint32_t color; /* ~0: none yet */
};

static inline void go_on(struct run *r, uint32_t color, size_t n)
{
	if (color != r->color && r->color != ~0u) {
		sp_simd_store32(r->o, r->color | (uint32_t)(r->n < 0xff ? r->n : 0xff) << 24);
		r->o += 4;
		if (r->n >= 0xff) {
			r->o = clear_run_length(r->o - 1, r->n);
		}
		r->n = 0;
	}
	r->color = color;
	r->n += n;
}

static void residual_strip(const struct sp_clear_enc *e, struct run *r, uint32_t s, uint32_t y)
{
	const uint8_t *px = pixel(e, s * STRIP, y);
	uint64_t m = *mask_at(e, s, y);
	uint32_t from = 0, w = strip_w(e, s);

	for (; m; m &= m - 1) {
		uint32_t end = (uint32_t)__builtin_ctzll(m);

		go_on(r, sp_simd_load32(px + 4 * (size_t)from) & CLEAR_COLOR, end - from);
		from = end;
	}
	go_on(r, sp_simd_load32(px + 4 * (size_t)from) & CLEAR_COLOR, w - from);
}

/* [MS-RDPEGFX] 2.2.4.1.1.1 CLEARCODEC_RESIDUAL_DATA: all pixels, or nothing where none is needed. */
static int put_residual(struct sp_clear_enc *e)
{
	size_t cells = (size_t)e->strips * e->h, room = 4 * (size_t)e->w + 16;
	struct run r = {.color = ~0u};

	if (!memchr(e->cover, COVER_PIXELS, cells) && !memchr(e->cover, COVER_COLOR, cells)) {
		return SP_OK;
	}
	for (uint32_t y = 0; y < e->h; y++) {
		uint8_t *start = sp_wr_room(&e->residual, room);

		if (!start) {
			return sp_wr_ok(&e->residual);
		}
		r.o = start;
		for (uint32_t s = 0; s < e->strips; s++) {
			switch ((enum cover)e->cover[(size_t)y * e->strips + s]) {
			case COVER_PIXELS:
				residual_strip(e, &r, s, y);
				break;
			case COVER_COLOR:
				go_on(&r, (uint32_t)*mask_at(e, s, y), strip_w(e, s));
				break;
			case COVER_ANY:
				r.n += strip_w(e, s);
				break;
			}
		}
		if (y + 1 == e->h) {
			go_on(&r, ~0u, 0);
		}
		sp_wr_shrink(&e->residual, room - (size_t)(r.o - start));
	}
	return SP_OK;
}

static int put_layers(struct sp_clear_enc *e)
{
	size_t raw = CLEAR_SUBCODEC_HEADER + 3 * (size_t)e->w * e->h;
	int rc = begin(e);

	if (rc != SP_OK) {
		return rc;
	}
	find_units(e);
	for (size_t i = 0; i < e->units; i++) {
		put_unit(e, &e->unit[i]);
	}
	rc = put_residual(e);
	rc = rc == SP_OK ? sp_wr_ok(&e->band) : rc;
	rc = rc == SP_OK ? sp_wr_ok(&e->subcodec) : rc;
	if (rc == SP_OK && e->band.n == 0 && e->residual.n + e->subcodec.n > raw) {
		sp_wr_reset(&e->residual);
		sp_wr_reset(&e->subcodec);
		put_raw(e, 0, 0, e->w, e->h);
		rc = sp_wr_ok(&e->subcodec);
	}
	return rc;
}

/* The header, with a glyph's index when that is not negative. */
static void put_header(struct sp_clear_enc *e, unsigned flags, int32_t glyph, struct sp_wr *out)
{
	sp_wr_u8(out,
			(uint8_t)(flags | (glyph >= 0 ? CLEAR_GLYPH_INDEX : 0) |
					(e->reset ? CLEAR_CACHE_RESET : 0)));
	sp_wr_u8(out, e->seq);
	if (glyph >= 0) {
		sp_wr_le16(out, (uint16_t)glyph);
	}
}

static void put_payload(struct sp_clear_enc *e, struct sp_wr *out)
{
	sp_wr_le32(out, (uint32_t)e->residual.n);
	sp_wr_le32(out, (uint32_t)e->band.n);
	sp_wr_le32(out, (uint32_t)e->subcodec.n);
	sp_wr_put(out, e->residual.p, e->residual.n);
	sp_wr_put(out, e->band.p, e->band.n);
	sp_wr_put(out, e->subcodec.p, e->subcodec.n);
}

static uint32_t hash_glyph(struct sp_clear_enc *e)
{
	uint32_t *to = e->glyph;

	for (uint32_t y = 0; y < e->h; y++) {
		for (uint32_t x = 0; x < e->w; x++) {
			*to++ = color_at(e, x, y);
		}
	}
	return clear_hash(e->glyph, (size_t)e->w * e->h);
}

static int encode(struct sp_clear_enc *e, struct sp_wr *out)
{
	size_t area = (size_t)e->w * e->h, n;
	int32_t glyph = -1;
	uint32_t hash = 0;
	int rc;

	if (area <= SP_CLEAR_GLYPH_AREA) {
		hash = hash_glyph(e);
		glyph = clear_store_find(&e->glyphs, hash, e->glyph, area);
		if (glyph >= 0) {
			put_header(e, CLEAR_GLYPH_HIT, glyph, out);
			return sp_wr_ok(out);
		}
	}
	rc = put_layers(e);
	if (rc != SP_OK) {
		return rc;
	}
	n = e->residual.n + e->band.n + e->subcodec.n;
	if (area <= SP_CLEAR_GLYPH_AREA && n >= GLYPH_PAYS) {
		glyph = (int32_t)clear_store_add(&e->glyphs, hash, e->glyph, area);
	}
	put_header(e, 0, glyph, out);
	put_payload(e, out);
	return sp_wr_ok(out);
}

static void tidy(struct sp_clear_enc *e)
{
	struct sp_wr *w[] = {&e->residual, &e->band, &e->subcodec};

	for (int i = 0; i < 3; i++) {
		if (w[i]->cap > KEEP_BYTES) {
			sp_wr_finish(w[i]);
		}
		sp_wr_reset(w[i]);
	}
	if (e->cells > KEEP_CELLS) {
		release(e);
	}
}

int sp_clear_encode(struct sp_clear_enc *e, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h, struct sp_wr *out)
{
	size_t before = out->n;
	int rc;

	if (!(1 <= w && w <= SP_PIXEL_SIDE_MAX && 1 <= h && h <= SP_PIXEL_SIDE_MAX)) {
		return SP_EARG;
	}
	e->px = px;
	e->stride = stride;
	e->w = w;
	e->h = h;
	rc = encode(e, out);
	tidy(e);
	if (rc != SP_OK) {
		sp_wr_shrink(out, out->n - before);
		sp_clear_enc_reset(e);
		return rc;
	}
	e->seq++;
	e->reset = false;
	return (int)(out->n - before);
}
