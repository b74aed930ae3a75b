/* core/codec/clear_bands.c - lines of text as columns of pixels, which both sides remember. */
#include "core/base/mem.h"
#include "core/codec/clear_enc.h"
#include "core/codec/simd.h"

#define HEIGHT SP_CLEAR_BAND_HEIGHT
#define SEEN 16384 /* a power of two */
#define GAP 8 /* blank columns that are better left out, though another header follows */
/* What our side of the caches holds: enough for all slots if they are filled with lines of text. */
#define FULL_RING (768u * 1024)
#define PART_RING (256u * 1024)

struct clear_slot {
	uint64_t at; /* what head was before its pixels */
	uint32_t hash;
	uint32_t n; /* 0: empty */
};

int clear_store_init(struct clear_store *s, uint32_t slots, size_t ring)
{
	*s = (struct clear_store){.slots = slots, .ring = ring, .sets = 1};
	while (2 * s->sets < slots) {
		s->sets *= 2;
	}
	s->slot = sp_calloc(slots, sizeof(*s->slot));
	s->px = sp_malloc(ring * sizeof(*s->px));
	s->set = sp_calloc(s->sets, sizeof(*s->set));
	if (!s->slot || !s->px || !s->set) {
		clear_store_finish(s);
		return SP_ENOMEM;
	}
	return SP_OK;
}

void clear_store_finish(struct clear_store *s)
{
	sp_free(s->slot);
	sp_free(s->px);
	sp_free(s->set);
	s->slot = NULL;
	s->px = NULL;
	s->set = NULL;
}

void clear_store_reset(struct clear_store *s)
{
	if (s->cursor == 0 && s->head == 0) {
		return;
	}
	memset(s->slot, 0, s->slots * sizeof(*s->slot));
	memset(s->set, 0, s->sets * sizeof(*s->set));
	s->cursor = 0;
	s->head = 0;
}

uint32_t clear_hash(const uint32_t *px, size_t n)
{
	uint64_t a = 0x9e3779b97f4a7c15u ^ n, b = 0xc2b2ae3d27d4eb4fu;
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		a = (a ^ (px[i] | (uint64_t)px[i + 1] << 32)) * 0xff51afd7ed558ccdu;
		b = (b ^ (px[i + 2] | (uint64_t)px[i + 3] << 32)) * 0xc4ceb9fe1a85ec53u;
		a ^= a >> 32;
		b ^= b >> 29;
	}
	for (; i < n; i++) {
		a = (a ^ px[i]) * 0xff51afd7ed558ccdu;
		a ^= a >> 32;
	}
	a = (a ^ b) * 0x9fb21c651e98df25u;
	return (uint32_t)(a >> 32);
}

/* An entry of a set: the half of the hash that did not choose the set, and the slot. */
static inline uint32_t entry(uint32_t hash, uint32_t slot)
{
	return (hash & 0xffff0000u) | slot;
}

static inline uint32_t *set_of(const struct clear_store *s, uint32_t hash)
{
	/* The upper half goes into the entry, so the lower one has to choose: 14 bits at most. */
	return s->set[hash & (s->sets - 1)];
}

int32_t clear_store_find(const struct clear_store *s, uint32_t hash, const uint32_t *px, size_t n)
{
	const uint32_t *set = set_of(s, hash);

	for (int i = 0; i < 4; i++) {
		const struct clear_slot *slot = &s->slot[set[i] & 0xffff];

		if ((set[i] & 0xffff0000u) == (hash & 0xffff0000u) && slot->hash == hash &&
				slot->n == n && s->head - slot->at <= s->ring &&
				memcmp(s->px + slot->at % s->ring, px, n * sizeof(*px)) == 0) {
			return (int32_t)(set[i] & 0xffff);
		}
	}
	return -1;
}

uint32_t clear_store_add(struct clear_store *s, uint32_t hash, const uint32_t *px, size_t n)
{
	uint32_t slot = s->cursor, *set = set_of(s, hash);

	/* Pixels of one slot are not torn. */
	if (s->head % s->ring + n > s->ring) {
		s->head += s->ring - s->head % s->ring;
	}
	s->slot[slot] = (struct clear_slot){s->head, hash, (uint32_t)n};
	memcpy(s->px + s->head % s->ring, px, n * sizeof(*px));
	s->head += n;
	s->cursor = (slot + 1) % s->slots;
	memmove(set + 1, set, 3 * sizeof(*set));
	set[0] = entry(hash, slot);
	return slot;
}

int clear_bands_init(struct clear_bands *b)
{
	int rc = clear_store_init(&b->full, SP_CLEAR_VBARS, FULL_RING);

	rc = rc == SP_OK ? clear_store_init(&b->part, SP_CLEAR_SHORT_VBARS, PART_RING) : rc;
	b->seen = sp_calloc(SEEN, sizeof(*b->seen));
	b->column = sp_malloc(CLEAR_UNIT_MAX * sizeof(*b->column));
	b->px = sp_malloc((size_t)CLEAR_UNIT_MAX * HEIGHT * sizeof(*b->px));
	return b->seen && b->column && b->px ? rc : SP_ENOMEM;
}

void clear_bands_finish(struct clear_bands *b)
{
	clear_store_finish(&b->full);
	clear_store_finish(&b->part);
	sp_free(b->seen);
	sp_free(b->column);
	sp_free(b->px);
	b->seen = NULL;
	b->column = NULL;
	b->px = NULL;
}

void clear_bands_reset(struct clear_bands *b)
{
	clear_store_reset(&b->full);
	clear_store_reset(&b->part);
	memset(b->seen, 0, SEEN * sizeof(*b->seen));
}

/* Rows into columns, and nothing of a pixel but its colour. */
static void turn(uint32_t *to, const uint8_t *px, size_t stride, uint32_t w, uint32_t h)
{
	uint32_t x = 0;

#if defined(SP_SIMD_SSE2)
	const __m128i color = _mm_set1_epi32(CLEAR_COLOR);

	for (; x + 4 <= w; x += 4) {
		const uint8_t *p = px + 4 * (size_t)x;
		uint32_t *c = to + (size_t)x * h, y = 0;

		for (; y + 4 <= h; y += 4, p += 4 * stride, c += 4) {
			__m128i r0 = _mm_loadu_si128((const __m128i *)p);
			__m128i r1 = _mm_loadu_si128((const __m128i *)(p + stride));
			__m128i r2 = _mm_loadu_si128((const __m128i *)(p + 2 * stride));
			__m128i r3 = _mm_loadu_si128((const __m128i *)(p + 3 * stride));
			__m128i a = _mm_unpacklo_epi32(r0, r1), b = _mm_unpackhi_epi32(r0, r1);
			__m128i d = _mm_unpacklo_epi32(r2, r3), e = _mm_unpackhi_epi32(r2, r3);

			_mm_storeu_si128((__m128i *)c,
					_mm_and_si128(_mm_unpacklo_epi64(a, d), color));
			_mm_storeu_si128((__m128i *)(c + h),
					_mm_and_si128(_mm_unpackhi_epi64(a, d), color));
			_mm_storeu_si128((__m128i *)(c + 2 * h),
					_mm_and_si128(_mm_unpacklo_epi64(b, e), color));
			_mm_storeu_si128((__m128i *)(c + 3 * h),
					_mm_and_si128(_mm_unpackhi_epi64(b, e), color));
		}
		for (; y < h; y++, p += stride, c++) {
			for (uint32_t i = 0; i < 4; i++) {
				c[i * h] = sp_simd_load32(p + 4 * (size_t)i) & CLEAR_COLOR;
			}
		}
	}
#endif
	for (; x < w; x++) {
		for (uint32_t y = 0; y < h; y++) {
			to[(size_t)x * h + y] = sp_simd_load32(px + y * stride + 4 * (size_t)x) &
					CLEAR_COLOR;
		}
	}
}

size_t clear_bands_price(struct clear_bands *b, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h, uint32_t background)
{
	size_t price = CLEAR_BAND_HEADER;

	b->w = w;
	b->h = h;
	b->background = background;
	turn(b->px, px, stride, w, h);
	for (uint32_t x = 0; x < w; x++) {
		const uint32_t *p = b->px + (size_t)x * h;
		struct clear_column *c = &b->column[x];
		size_t on = sp_simd_run(p, background, h), end = h;
		uint32_t *seen;

		while (end > on && p[end - 1] == background) {
			end--;
		}
		c->on = (uint8_t)(on < end ? on : 0);
		c->n = (uint8_t)(end - on);
		c->hash = clear_hash(p, h);
		if (c->n == 0 || clear_store_find(&b->full, c->hash, p, h) >= 0) {
			price += 2;
			continue;
		}
		if (clear_store_find(&b->part, clear_hash(p + c->on, c->n), p + c->on, c->n) >= 0) {
			price += 3;
			continue;
		}
		seen = &b->seen[c->hash & (SEEN - 1)];
		price += 2 + (*seen == c->hash ? c->n * 3u / 4 : c->n * 3u);
		*seen = c->hash;
	}
	return price;
}

/* [MS-RDPEGFX] 2.2.4.1.1.2.1.1 CLEARCODEC_VBAR */
static uint8_t *put_column(
		struct clear_bands *b, const struct clear_column *c, const uint32_t *p, uint8_t *o)
{
	int32_t slot = clear_store_find(&b->full, c->hash, p, b->h);
	uint32_t hash, head;

	if (slot >= 0) {
		head = CLEAR_VBAR_HIT | (uint32_t)slot;
		*o++ = (uint8_t)head;
		*o++ = (uint8_t)(head >> 8);
		return o;
	}
	clear_store_add(&b->full, c->hash, p, b->h);
	hash = clear_hash(p + c->on, c->n);
	slot = c->n > 0 ? clear_store_find(&b->part, hash, p + c->on, c->n) : -1;
	if (slot >= 0) {
		head = CLEAR_SHORT_HIT | (uint32_t)slot;
		*o++ = (uint8_t)head;
		*o++ = (uint8_t)(head >> 8);
		*o++ = c->on;
		return o;
	}
	clear_store_add(&b->part, hash, p + c->on, c->n);
	*o++ = c->on;
	*o++ = (uint8_t)(c->on + c->n);
	for (size_t i = c->on; i < (size_t)c->on + c->n; i++) {
		*o++ = (uint8_t)p[i];
		*o++ = (uint8_t)(p[i] >> 8);
		*o++ = (uint8_t)(p[i] >> 16);
	}
	return o;
}

/* [MS-RDPEGFX] 2.2.4.1.1.2.1 CLEARCODEC_BAND, of the columns from x0 up to x1. */
static void put_band(struct clear_bands *b, uint32_t x0, uint32_t x1, uint32_t x, uint32_t y,
		struct sp_wr *out)
{
	size_t room = (size_t)(x1 - x0) * (2 + 3 * HEIGHT);
	uint8_t *start, *o;

	sp_wr_le16(out, (uint16_t)(x + x0));
	sp_wr_le16(out, (uint16_t)(x + x1 - 1));
	sp_wr_le16(out, (uint16_t)y);
	sp_wr_le16(out, (uint16_t)(y + b->h - 1));
	sp_wr_u8(out, (uint8_t)b->background);
	sp_wr_u8(out, (uint8_t)(b->background >> 8));
	sp_wr_u8(out, (uint8_t)(b->background >> 16));
	start = o = sp_wr_room(out, room);
	if (!start) {
		return;
	}
	for (uint32_t i = x0; i < x1; i++) {
		o = put_column(b, &b->column[i], b->px + (size_t)i * b->h, o);
	}
	sp_wr_shrink(out, room - (size_t)(o - start));
}

void clear_bands_put(struct clear_bands *b, uint32_t x, uint32_t y, struct sp_wr *out)
{
	uint32_t i = 0;

	while (i < b->w) {
		uint32_t from, end, blank = 0;

		while (i < b->w && b->column[i].n == 0) {
			i++;
		}
		from = end = i;
		for (; i < b->w && blank < GAP; i++) {
			blank = b->column[i].n == 0 ? blank + 1 : 0;
			end = blank == 0 ? i + 1 : end;
		}
		if (from < end) {
			put_band(b, from, end, x, y, out);
		}
	}
}
