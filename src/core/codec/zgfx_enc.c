/* core/codec/zgfx_enc.c - see zgfx.h: the encoder. */
#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/zgfx_token.h"

/* The history and a segment in front of it, rounded up to a power of two. */
#define RING_FULL (1u << 22)
#define RING_LITE (1u << 14)
#define HASH_FULL 16
#define HASH_LITE 11
#define LITERAL_BITS 9
#define NO_MATCH UINT32_MAX

struct sp_zgfx_enc {
	enum sp_zgfx_kind kind;
	uint8_t *ring;
	uint32_t mask; /* of the ring */
	uint32_t at; /* bytes ever seen, modulo 2^32 */
	uint32_t n; /* of them are in the history, at most the window */
	uint32_t *hash; /* where three bytes were last seen */
	unsigned hash_bits;
	struct {
		uint8_t code, bits;
	} literal[256]; /* bits 0: no short code */
};

struct sp_zgfx_enc *sp_zgfx_enc_create(enum sp_zgfx_kind kind)
{
	struct sp_zgfx_enc *e = sp_calloc(1, sizeof(*e));
	uint32_t ring = kind == SP_ZGFX_LITE ? RING_LITE : RING_FULL;

	if (!e) {
		return NULL;
	}
	e->kind = kind;
	e->mask = ring - 1;
	e->hash_bits = kind == SP_ZGFX_LITE ? HASH_LITE : HASH_FULL;
	e->ring = sp_malloc(ring);
	e->hash = sp_calloc((size_t)1 << e->hash_bits, sizeof(*e->hash));
	if (!e->ring || !e->hash) {
		sp_zgfx_enc_destroy(e);
		return NULL;
	}
	for (size_t i = 0; i < ZGFX_LITERALS; i++) {
		e->literal[zgfx_literals[i].value].code = zgfx_literals[i].code;
		e->literal[zgfx_literals[i].value].bits = zgfx_literals[i].bits;
	}
	return e;
}

void sp_zgfx_enc_destroy(struct sp_zgfx_enc *e)
{
	if (!e) {
		return;
	}
	sp_free(e->ring);
	sp_free(e->hash);
	sp_free(e);
}

/* ---- bits, the most significant one first ---- */

struct bits {
	uint8_t *p;
	size_t n, room;
	uint64_t held; /* right-aligned */
	unsigned n_held; /* < 8 between two calls */
	bool over; /* there was no room: the segment goes raw */
};

/* n <= 32 */
static void put(struct bits *b, uint32_t v, unsigned n)
{
	b->held = b->held << n | v;
	b->n_held += n;
	while (b->n_held >= 8) {
		b->n_held -= 8;
		if (b->n < b->room) {
			b->p[b->n++] = (uint8_t)(b->held >> b->n_held);
		} else {
			b->over = true;
		}
	}
}

static void put_literal(const struct sp_zgfx_enc *e, struct bits *b, uint8_t v)
{
	if (e->literal[v].bits > 0) {
		put(b, e->literal[v].code, e->literal[v].bits);
	} else {
		put(b, v, LITERAL_BITS);
	}
}

/* How many 1 bits stand in front of a length. */
static unsigned length_ones(uint32_t length)
{
	unsigned ones = 0;

	while (length >= 4u << ones) {
		ones++;
	}
	return ones;
}

static const struct zgfx_match *match_of(uint32_t distance)
{
	size_t i = ZGFX_MATCHES - 1;

	while (zgfx_matches[i].base > distance) {
		i--;
	}
	return &zgfx_matches[i];
}

static unsigned match_bits(uint32_t distance, uint32_t length)
{
	const struct zgfx_match *m = match_of(distance);
	unsigned ones = length_ones(length);

	return m->bits + m->extra + (ones == 0 ? 1 : 2 * ones + 2);
}

static void put_match(struct bits *b, uint32_t distance, uint32_t length)
{
	const struct zgfx_match *m = match_of(distance);
	unsigned ones = length_ones(length);

	put(b, m->code, m->bits);
	put(b, distance - m->base, m->extra);
	put(b, (1u << (ones + 1)) - 2, ones + 1);
	if (ones > 0) {
		put(b, length - (2u << ones), ones + 1);
	}
}

/* ---- matches ---- */

static uint8_t byte_at(const struct sp_zgfx_enc *e, uint32_t pos)
{
	return e->ring[pos & e->mask];
}

static uint32_t *slot(const struct sp_zgfx_enc *e, uint32_t pos)
{
	uint32_t v = (uint32_t)byte_at(e, pos) << 16 | (uint32_t)byte_at(e, pos + 1) << 8 |
			byte_at(e, pos + 2);

	return &e->hash[v * 2654435761u >> (32 - e->hash_bits)];
}

/* How many bytes at pos, max at most, are what stands distance before. */
static uint32_t match_length(
		const struct sp_zgfx_enc *e, uint32_t pos, uint32_t distance, uint32_t max)
{
	uint32_t n = 0;

	while (n < max && byte_at(e, pos + n) == byte_at(e, pos + n - distance)) {
		n++;
	}
	return n;
}

/* The bytes from e->at on are in the ring; false when they are not shorter as bits. */
static bool encode_bits(struct sp_zgfx_enc *e, uint32_t n, struct bits *b)
{
	uint32_t window = zgfx_window(e->kind), at = 0;

	while (at < n && !b->over) {
		uint32_t pos = e->at + at, length = 0, distance = 0;

		if (n - at >= ZGFX_MIN_MATCH) {
			uint32_t *where = slot(e, pos);
			uint32_t have = e->n + at < window ? e->n + at : window;

			/* What the slot says may be of long ago: only the bytes themselves count. */
			distance = pos - *where;
			*where = pos;
			if (1 <= distance && distance <= have) {
				length = match_length(e, pos, distance, n - at);
			}
		}
		if (length >= ZGFX_MIN_MATCH &&
				match_bits(distance, length) < length * LITERAL_BITS) {
			put_match(b, distance, length);
			for (uint32_t i = 1; i < length && n - at - i >= ZGFX_MIN_MATCH; i++) {
				*slot(e, pos + i) = pos + i;
			}
			at += length;
		} else {
			put_literal(e, b, byte_at(e, pos));
			at++;
		}
	}
	return !b->over;
}

static void enter(struct sp_zgfx_enc *e, struct sp_span in)
{
	for (size_t i = 0; i < in.n; i++) {
		e->ring[(e->at + i) & e->mask] = in.p[i];
	}
}

static void encode_segment(struct sp_zgfx_enc *e, struct sp_span in, bool raw, struct sp_wr *out)
{
	uint32_t n = (uint32_t)in.n, window = zgfx_window(e->kind);
	size_t head = sp_wr_hole(out, 1);
	/* The bits and their trailer are to be shorter than the bytes. */
	uint8_t *p = sp_wr_room(out, in.n);

	if (!p) {
		return;
	}
	struct bits b = {.p = p, .room = in.n > 0 ? in.n - 1 : 0};
	enter(e, in);
	bool packed = !raw && encode_bits(e, n, &b);
	unsigned unused = b.n_held > 0 ? 8 - b.n_held : 0;
	put(&b, 0, unused);
	packed = packed && !b.over && b.n + 1 < in.n;
	if (packed) {
		p[b.n++] = (uint8_t)unused;
		sp_wr_shrink(out, in.n - b.n);
	} else if (in.n > 0) {
		memcpy(p, in.p, in.n);
	}
	sp_wr_fill_u8(out, head, zgfx_type(e->kind) | (packed ? ZGFX_COMPRESSED : 0));
	e->at += n;
	e->n = window - e->n < n ? window : e->n + n;
}

static size_t segments_of(const struct sp_zgfx_enc *e, size_t n)
{
	return n / zgfx_segment(e->kind) + (n % zgfx_segment(e->kind) > 0);
}

/* Each segment behind its length. */
static void encode_part(struct sp_zgfx_enc *e, const struct sp_zgfx_part *part, struct sp_wr *out)
{
	size_t most = zgfx_segment(e->kind);

	for (size_t at = 0; at < part->data.n; at += most) {
		size_t n = part->data.n - at < most ? part->data.n - at : most;
		size_t size = sp_wr_hole(out, 4), begin = out->n;

		encode_segment(e, sp_span(part->data.p + at, n), part->raw, out);
		sp_wr_fill_le32(out, size, out->n - begin);
	}
}

int sp_zgfx_encode_parts(struct sp_zgfx_enc *e, const struct sp_zgfx_part *parts, size_t n,
		struct sp_wr *out)
{
	size_t segments = 0, bytes = 0;

	for (size_t i = 0; i < n; i++) {
		segments += segments_of(e, parts[i].data.n);
		bytes += parts[i].data.n;
	}
	if (!(segments <= ZGFX_MAX_SEGMENTS && bytes <= UINT32_MAX &&
			    (e->kind == SP_ZGFX_FULL || (n == 1 && segments <= 1)))) {
		return SP_EARG;
	}
	if (segments <= 1) {
		const struct sp_zgfx_part *only = parts;

		while (only + 1 < parts + n && only->data.n == 0) {
			only++;
		}
		sp_wr_u8(out, ZGFX_SINGLE);
		encode_segment(e, n > 0 ? only->data : sp_span(NULL, 0), n > 0 && only->raw, out);
		return sp_wr_ok(out);
	}
	sp_wr_u8(out, ZGFX_MULTIPART);
	sp_wr_le16(out, (uint16_t)segments);
	sp_wr_le32(out, (uint32_t)bytes);
	for (size_t i = 0; i < n; i++) {
		encode_part(e, &parts[i], out);
	}
	return sp_wr_ok(out);
}

int sp_zgfx_encode(struct sp_zgfx_enc *e, struct sp_span in, struct sp_wr *out)
{
	struct sp_zgfx_part all = {.data = in};

	return sp_zgfx_encode_parts(e, &all, 1, out);
}
