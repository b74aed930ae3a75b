/* core/codec/zgfx_dec.c - see zgfx.h: the decoder. */
#include "core/base/err.h"
#include "core/base/load.h"
#include "core/base/mem.h"
#include "core/base/rd.h"
#include "core/codec/zgfx_token.h"

#define TOP 9 /* bits that tell every token, and all of a literal */
#define MATCH 0x1000 /* in the table: the low byte is a place in zgfx_matches, else the literal */
#define GO_ON 0x2000 /* in no table: not known yet */
#define RUN_BITS 48 /* of 57 that one look gives, before the last literal of a run */
#define RUN_ROOM 16 /* bytes: more literals than that are not in them */
#define KEEP (256u << 10) /* output memory that is kept for the next message */

struct sp_zgfx_dec {
	enum sp_zgfx_kind kind;
	uint16_t token[1 << TOP]; /* bits of the token << 8, what it is; 0: no token begins so */
	struct sp_wr out;
	/* The last bytes of earlier messages, a ring; what this message has is in out. */
	uint8_t *ring;
	uint32_t size, at, n; /* n of them are there, at is where the next one goes */
};

static uint16_t token_of(unsigned bits)
{
	if (bits >> (TOP - 1) == 0) {
		return (uint16_t)(TOP << 8 | bits); /* a 0 and eight bits */
	}
	for (unsigned k = 0; k < ZGFX_LITERALS; k++) {
		if (bits >> (TOP - zgfx_literals[k].bits) == zgfx_literals[k].code) {
			return (uint16_t)(zgfx_literals[k].bits << 8 | zgfx_literals[k].value);
		}
	}
	for (unsigned k = 0; k < ZGFX_MATCHES; k++) {
		if (bits >> (TOP - zgfx_matches[k].bits) == zgfx_matches[k].code) {
			return (uint16_t)(MATCH | zgfx_matches[k].bits << 8 | k);
		}
	}
	return 0;
}

struct sp_zgfx_dec *sp_zgfx_dec_create(enum sp_zgfx_kind kind, size_t max)
{
	struct sp_zgfx_dec *d = sp_calloc(1, sizeof(*d));

	if (!d) {
		return NULL;
	}
	d->kind = kind;
	d->size = zgfx_window(kind);
	d->ring = sp_malloc(d->size);
	if (!d->ring) {
		sp_free(d);
		return NULL;
	}
	/* A segment is written where there is room for the longest one. */
	sp_wr_init(&d->out, max + zgfx_segment(kind));
	for (unsigned i = 0; i < 1u << TOP; i++) {
		d->token[i] = token_of(i);
	}
	return d;
}

void sp_zgfx_dec_destroy(struct sp_zgfx_dec *d)
{
	if (!d) {
		return;
	}
	sp_wr_finish(&d->out);
	sp_free(d->ring);
	sp_free(d);
}

/* ---- bits, the most significant one first ---- */

struct bits {
	const uint8_t *p;
	size_t n; /* bytes there are */
	size_t at, end; /* in bits; end is behind the last one that counts */
};

/* The next 57 bits at least, left-aligned; zeros behind the end of the memory. */
static uint64_t peek(const struct bits *b)
{
	size_t byte = b->at >> 3;
	uint64_t v = 0;

	if (byte <= b->n && b->n - byte >= sizeof(v)) {
		v = sp_load_be64(b->p + byte);
	} else {
		for (size_t i = 0; i < sizeof(v); i++) {
			v = v << 8 | (byte + i < b->n ? b->p[byte + i] : 0);
		}
	}
	return v << (b->at & 7);
}

/* n <= 32 */
static uint32_t take(struct bits *b, unsigned n)
{
	uint32_t v = n > 0 ? (uint32_t)(peek(b) >> (64 - n)) : 0;

	b->at += n;
	return v;
}

/* ---- segments ---- */

/* Where the segment under way is written. */
struct sink {
	uint8_t *p;
	size_t n, room;
};

/* The match length behind a distance; 0 for a prefix that is none. */
static uint32_t take_length(struct bits *b)
{
	uint64_t v = peek(b);
	unsigned ones = 0;

	while (ones < 15 && v >> 63) {
		v <<= 1;
		ones++;
	}
	b->at += ones + 1;
	if (ones == 0) {
		return ZGFX_MIN_MATCH;
	}
	return ones < 15 ? (2u << ones) + take(b, ones + 1) : 0;
}

static int copy_match(const struct sp_zgfx_dec *d, struct sink *s, size_t before, uint32_t distance,
		uint32_t length)
{
	size_t have = before + s->n; /* of this message */
	uint8_t *to = s->p + s->n;

	if (!(distance <= d->size && distance <= have + d->n) || length == 0 ||
			!(length <= s->room - s->n)) {
		return SP_ECODEC;
	}
	s->n += length;
	if (distance > have) {
		uint32_t back = (uint32_t)(distance - have);
		uint32_t from = d->at >= back ? d->at - back : d->at + d->size - back;

		for (; back > 0 && length > 0; back--, length--) {
			*to++ = d->ring[from++];
			from = from < d->size ? from : 0;
		}
	}
	const uint8_t *from = to - distance;
	if (distance >= length) {
		if (length > 0) {
			memcpy(to, from, length);
		}
		return SP_OK;
	}
	while (length-- > 0) {
		*to++ = *from++;
	}
	return SP_OK;
}

static int copy_raw(struct bits *b, struct sink *s)
{
	uint32_t n = take(b, 15);

	b->at = (b->at + 7) & ~(size_t)7;
	if (!(b->at <= b->end && n <= (b->end - b->at) >> 3 && n <= s->room - s->n)) {
		return SP_ECODEC;
	}
	if (n > 0) {
		memcpy(s->p + s->n, b->p + (b->at >> 3), n);
	}
	b->at += (size_t)n << 3;
	s->n += n;
	return SP_OK;
}

/* Literals that follow each other, from one look; returns the token behind them, or GO_ON. */
static unsigned take_literals(const struct sp_zgfx_dec *d, struct bits *b, struct sink *s)
{
	uint64_t v = peek(b);
	unsigned token = d->token[v >> (64 - TOP)], used = 0;
	bool run = b->end - b->at >= 64 && s->room - s->n >= RUN_ROOM;
	unsigned most = run ? RUN_BITS : 0;
	uint8_t *to = s->p + s->n;

	if (s->n == s->room) {
		return token & MATCH ? token : 0;
	}
	while (token != 0 && !(token & MATCH) && used <= most) {
		unsigned n = token >> 8;

		*to++ = (uint8_t)token;
		used += n;
		v <<= n;
		token = d->token[v >> (64 - TOP)];
	}
	s->n = (size_t)(to - s->p);
	b->at += used;
	return used <= most ? token : GO_ON;
}

static int take_match(const struct sp_zgfx_dec *d, struct bits *b, struct sink *s, size_t before,
		unsigned token)
{
	const struct zgfx_match *m = &zgfx_matches[token & 0xFF];

	b->at += m->bits;
	uint32_t distance = m->base + take(b, m->extra);
	return distance == 0 ? copy_raw(b, s) : copy_match(d, s, before, distance, take_length(b));
}

static int decode_bits(const struct sp_zgfx_dec *d, struct bits *b, struct sink *s, size_t before)
{
	while (b->at < b->end) {
		unsigned token = take_literals(d, b, s);
		int rc = SP_OK;

		if (token != GO_ON) {
			rc = token & MATCH ? take_match(d, b, s, before, token) : SP_ECODEC;
		}
		/* A token that runs over the end was never one. */
		if (rc != SP_OK || b->at > b->end) {
			return SP_ECODEC;
		}
	}
	return SP_OK;
}

/* [MS-RDPEGFX] 2.2.5.3 RDP8_BULK_ENCODED_DATA */
static int decode_segment(struct sp_zgfx_dec *d, struct sp_span in, size_t max)
{
	size_t before = d->out.n, room = zgfx_segment(d->kind);

	if (in.n < 1 || (in.p[0] & ZGFX_TYPE_MASK) != zgfx_type(d->kind)) {
		return SP_ECODEC;
	}
	struct sp_span data = sp_span(in.p + 1, in.n - 1);
	if (!(in.p[0] & ZGFX_COMPRESSED)) {
		if (!(data.n <= room)) {
			return SP_ECODEC;
		}
		if (!(data.n <= max - before)) {
			return SP_ELIMIT;
		}
		sp_wr_span(&d->out, data);
		return sp_wr_ok(&d->out);
	}
	if (data.n < 1 || data.p[data.n - 1] > 7 || (data.n == 1 && data.p[0] > 0)) {
		return SP_ECODEC;
	}
	struct bits b = {.p = data.p, .n = data.n - 1};
	b.end = (data.n - 1) * 8 - data.p[data.n - 1];
	struct sink s = {.p = sp_wr_room(&d->out, room), .room = room};
	if (!s.p) {
		return sp_wr_ok(&d->out);
	}
	int rc = decode_bits(d, &b, &s, before);
	sp_wr_shrink(&d->out, room - s.n);
	return rc == SP_OK && !(d->out.n <= max) ? SP_ELIMIT : rc;
}

/* ---- messages ---- */

static int decode_parts(struct sp_zgfx_dec *d, struct sp_rd *r, size_t max)
{
	size_t n = sp_rd_le16(r);
	uint32_t size = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK || d->kind == SP_ZGFX_LITE) {
		return SP_ECODEC;
	}
	if (!(size <= max)) {
		return SP_ELIMIT;
	}
	for (; n > 0; n--) {
		struct sp_span segment = sp_rd_span(r, sp_rd_le32(r));
		int rc = sp_rd_ok(r) == SP_OK ? decode_segment(d, segment, size) : SP_ECODEC;

		if (rc != SP_OK) {
			return rc == SP_ELIMIT ? SP_ECODEC : rc;
		}
	}
	return sp_rd_end(r) == SP_OK && d->out.n == size ? SP_OK : SP_ECODEC;
}

/* What was decoded is history for the next message. */
static void remember(struct sp_zgfx_dec *d)
{
	const uint8_t *p = d->out.p;
	size_t n = d->out.n;

	if (n > d->size) {
		p += n - d->size;
		n = d->size;
	}
	size_t first = d->size - d->at < n ? d->size - d->at : n;
	if (n > 0) {
		memcpy(d->ring + d->at, p, first);
		memcpy(d->ring, p + first, n - first);
	}
	d->at = (uint32_t)((d->at + n) % d->size);
	d->n = d->size - d->n < n ? d->size : d->n + (uint32_t)n;
}

void sp_zgfx_dec_limit(struct sp_zgfx_dec *d, size_t max)
{
	d->out.max = max + zgfx_segment(d->kind);
}

int sp_zgfx_decode(struct sp_zgfx_dec *d, struct sp_span in, struct sp_span *out)
{
	size_t max = d->out.max - zgfx_segment(d->kind);
	struct sp_rd r;
	int rc;

	if (d->out.cap > KEEP) {
		sp_wr_finish(&d->out);
		sp_wr_init(&d->out, max + zgfx_segment(d->kind));
	}
	sp_wr_reset(&d->out);
	sp_rd_init(&r, in.p, in.n);
	uint8_t descriptor = sp_rd_u8(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return SP_ECODEC;
	}
	if (descriptor == ZGFX_SINGLE) {
		rc = decode_segment(d, sp_rd_rest(&r), max);
	} else if (descriptor == ZGFX_MULTIPART) {
		rc = decode_parts(d, &r, max);
	} else if (d->kind == SP_ZGFX_LITE) {
		/* [MS-RDPEDYC] 4.3.4: the last PDU of the example has no descriptor. */
		rc = decode_segment(d, in, max);
	} else {
		rc = SP_ECODEC;
	}
	if (rc == SP_OK) {
		remember(d);
		*out = sp_span(d->out.p, d->out.n);
	}
	return rc;
}

int sp_zgfx_dec_save(const struct sp_zgfx_dec *d, struct sp_wr *out)
{
	/* The oldest byte first. */
	uint32_t begin = (d->at + d->size - d->n) % d->size;
	uint32_t first = d->size - begin < d->n ? d->size - begin : d->n;

	sp_wr_u8(out, zgfx_type(d->kind));
	sp_wr_put(out, d->ring + begin, first);
	sp_wr_put(out, d->ring, d->n - first);
	return sp_wr_ok(out);
}

int sp_zgfx_dec_load(struct sp_zgfx_dec *d, struct sp_span in)
{
	struct sp_rd r;

	d->at = d->n = 0;
	sp_rd_init(&r, in.p, in.n);
	uint8_t type = sp_rd_u8(&r);
	struct sp_span bytes = sp_rd_rest(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return r.err;
	}
	if (!(type == zgfx_type(d->kind) && bytes.n <= d->size)) {
		return SP_EFIELD;
	}
	if (bytes.n > 0) {
		memcpy(d->ring, bytes.p, bytes.n);
	}
	d->n = (uint32_t)bytes.n;
	d->at = d->n % d->size;
	return SP_OK;
}
