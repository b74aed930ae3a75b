/* core/codec/mppc.c - see mppc.h. */
#include "core/codec/mppc.h"

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/base/rd.h"

#define SHORTEST 8 /* bits of a symbol: fewer than that at the end are padding */

struct sp_mppc_dec {
	uint32_t at; /* HistoryOffset; INVARIANT: at most the size of the history in use */
	uint8_t history[SP_MPPC_MAX];
};

struct bits {
	const uint8_t *p, *end;
	uint64_t held; /* the next bits, from the highest one on; zeros behind them */
	unsigned n; /* how many of these are bits of the input */
};

/* What differs between the two types. */
struct type {
	uint32_t size; /* of the history; a power of two */
	unsigned long_bits; /* of an offset beyond the shorter forms */
	unsigned ones_max; /* in front of a length */
	bool forms; /* there are four forms of an offset rather than three */
};

static const struct type types[] = {
		[SP_MPPC_TYPE_8K] = {8192, 13, 11, false},
		[SP_MPPC_TYPE_64K] = {65536, 16, 14, true},
};

struct sp_mppc_dec *sp_mppc_dec_create(void)
{
	return sp_calloc(1, sizeof(struct sp_mppc_dec));
}

void sp_mppc_dec_destroy(struct sp_mppc_dec *d)
{
	sp_free(d);
}

static void fill(struct bits *b)
{
	while (b->n <= 56 && b->p < b->end) {
		b->held |= (uint64_t)*b->p++ << (56 - b->n);
		b->n += 8;
	}
}

/* 1 <= n <= 16. Ask enough() afterwards. */
static inline uint32_t take(struct bits *b, unsigned n)
{
	uint32_t v = (uint32_t)(b->held >> (64 - n));

	b->held <<= n;
	b->n -= n;
	return v;
}

/* False when more bits were taken than there were. */
static inline bool enough(const struct bits *b)
{
	return b->n <= 64;
}

/* 3.1.8.4.1.2.1 and 3.1.8.4.2.2.1, behind the first two ones. */
static uint32_t take_offset(struct bits *b, const struct type *t)
{
	static const uint32_t base[] = {2368, 320, 64, 0}; /* by the ones that follow */
	static const unsigned width[] = {16, 11, 8, 6};
	unsigned form = 0;

	while (form < (t->forms ? 3u : 2u) && take(b, 1)) {
		form++;
	}
	if (!t->forms) {
		return form == 0 ? 320 + take(b, t->long_bits)
				 : base[form + 1] + take(b, width[form + 1]);
	}
	return base[form] + take(b, width[form]);
}

/* 3.1.8.4.1.2.2 and 3.1.8.4.2.2.2; 0 for what is no length. */
static uint32_t take_length(struct bits *b, const struct type *t)
{
	unsigned ones = 0;

	while (ones <= t->ones_max && take(b, 1)) {
		ones++;
	}
	if (ones == 0) {
		return 3;
	}
	return ones <= t->ones_max ? (2u << ones) + take(b, ones + 1) : 0;
}

static int decompress(struct sp_mppc_dec *d, const struct type *t, struct sp_span in)
{
	struct bits b = {in.p, in.p + in.n, 0, 0};

	for (;;) {
		uint32_t offset, n;

		fill(&b);
		if (b.n < SHORTEST) {
			return SP_OK;
		}
		if (!(d->at < t->size)) {
			return SP_ECODEC;
		}
		if (b.held >> 62 != 3) { /* 0 and seven bits, or 10 and seven bits */
			uint32_t high = take(&b, 1);

			d->history[d->at++] =
					(uint8_t)(high ? 0x80 | (take(&b, 8) & 0x7f) : take(&b, 7));
			if (!enough(&b)) {
				return SP_ECODEC;
			}
			continue;
		}
		take(&b, 2);
		offset = take_offset(&b, t);
		if (!enough(&b)) {
			return SP_ECODEC;
		}
		fill(&b);
		n = take_length(&b, t);
		if (!enough(&b) || n == 0 || !(n <= t->size - d->at)) {
			return SP_ECODEC;
		}
		/* All of the history counts, and it is a ring for who looks back. */
		for (uint32_t from = d->at - offset; n > 0; n--) {
			d->history[d->at++] = d->history[from++ & (t->size - 1)];
		}
	}
}

int sp_mppc_decode(struct sp_mppc_dec *d, unsigned flags, struct sp_span in, struct sp_span *out)
{
	uint32_t start;
	int rc;

	if (!((flags & SP_MPPC_TYPE) <= SP_MPPC_TYPE_64K)) {
		return SP_EPROTO;
	}
	if (flags & SP_MPPC_FLUSHED) {
		memset(d->history, 0, sizeof(d->history));
		d->at = 0;
	}
	if (flags & SP_MPPC_AT_FRONT) {
		d->at = 0;
	}
	if (!(flags & SP_MPPC_COMPRESSED)) {
		*out = in;
		return SP_OK;
	}
	start = d->at;
	rc = decompress(d, &types[flags & SP_MPPC_TYPE], in);
	*out = sp_span(d->history + start, rc == SP_OK ? d->at - start : 0);
	return rc;
}

int sp_mppc_dec_save(const struct sp_mppc_dec *d, struct sp_wr *out)
{
	size_t used = sizeof(d->history);

	while (used > 0 && d->history[used - 1] == 0) {
		used--;
	}
	sp_wr_le32(out, d->at);
	sp_wr_put(out, d->history, used);
	return sp_wr_ok(out);
}

int sp_mppc_dec_load(struct sp_mppc_dec *d, struct sp_span in)
{
	struct sp_rd r;

	memset(d, 0, sizeof(*d));
	sp_rd_init(&r, in.p, in.n);
	uint32_t at = sp_rd_le32(&r);
	struct sp_span history = sp_rd_rest(&r);
	if (sp_rd_ok(&r) != SP_OK) {
		return sp_rd_ok(&r);
	}
	if (!(at <= sizeof(d->history) && history.n <= sizeof(d->history))) {
		return SP_EFIELD;
	}
	if (history.n > 0) {
		memcpy(d->history, history.p, history.n);
	}
	d->at = at;
	return SP_OK;
}
