/* core/chan/sieve.h - chunks of a static channel through a filter: short messages whole, long ones as they come. */
#ifndef SP_CORE_CHAN_SIEVE_H
#define SP_CORE_CHAN_SIEVE_H

#include "core/base/wr.h"
#include "core/chan/transfer.h"

#define SP_SIEVE_SMALL_MAX (64u << 10) /* messages that are put together */
#define SP_SIEVE_START_MAX 64

/* What becomes of the chunks of the message under way. */
enum sp_sieve_mode {
	SP_SIEVE_WAIT_FIRST,
	SP_SIEVE_WAIT_START, /* too little of it is there to judge */
	SP_SIEVE_GATHER, /* put together for message() */
	SP_SIEVE_STREAM, /* passed on as it comes */
	SP_SIEVE_REWRITE, /* passed on as data() writes it, byte for byte as long */
	SP_SIEVE_SKIP,
};

/* What a filter does with messages; owner is the filter. */
struct sp_sieve_impl {
	/*
	 * The first bytes of a message: as many as the filter wants, or all. GATHER is only for
	 * totals up to SP_SIEVE_SMALL_MAX.
	 */
	enum sp_sieve_mode (*judge)(
			void *owner, enum sp_side from, struct sp_span start, uint32_t total);
	/* GATHER: it is there. */
	void (*message)(void *owner, enum sp_side from, struct sp_span whole);
	/* STREAM and REWRITE: bytes of it, from the first on; REWRITE puts into w what goes on. */
	void (*data)(void *owner, enum sp_side from, uint32_t at, struct sp_span bytes,
			struct sp_wr *w);
	/* STREAM and REWRITE: it is over. */
	void (*passed)(void *owner, enum sp_side from);
	/* GATHER, STREAM and REWRITE: it will not come to its end. */
	void (*broken)(void *owner, enum sp_side from, enum sp_sieve_mode mode);
};

struct sp_sieve_from {
	enum sp_sieve_mode mode;
	uint32_t total, done; /* bytes of the message */
	uint32_t sent; /* REWRITE: of them */
	uint32_t show; /* SP_SVC_SHOW_PROTOCOL where its chunks have it */
	uint8_t start[SP_SIEVE_START_MAX];
	size_t start_n;
	struct sp_wr data; /* GATHER: the message */
	struct sp_wr later; /* messages for the other side that may not cut into a STREAM */
};

/* The filter embeds it. */
struct sp_sieve {
	const struct sp_sieve_impl *impl;
	void *owner;
	size_t want; /* INVARIANT: 1 <= want <= SP_SIEVE_START_MAX */
	struct sp_sieve_from from[2];
	struct sp_wr out, work;
	size_t out_at;
	struct sp_span fed; /* the chunk, while what follows from it is taken */
};

/* Allocates nothing. */
void sp_sieve_init(struct sp_sieve *s, const struct sp_sieve_impl *impl, void *owner, size_t want);
/* Wipes and frees; accepts a zeroed one. */
void sp_sieve_finish(struct sp_sieve *s);

/*
 * A chunk with its header, as one side sent it; it must stay until sp_sieve_next() is false. Never
 * more than a chunk of a long message is held. SP_ENOMEM is the only error.
 */
sp_nodiscard int sp_sieve_feed(struct sp_sieve *s, enum sp_side from, struct sp_span chunk);

struct sp_sieve_out {
	enum sp_side to;
	struct sp_span chunk; /* with its header; valid until the next feed */
};

/* What follows from the last feed, until false. */
bool sp_sieve_next(struct sp_sieve *s, struct sp_sieve_out *out);

/* ---- for the filter ---- */

enum sp_side sp_side_other(enum sp_side side);
/* A message as it is, now. */
void sp_sieve_put(struct sp_sieve *s, enum sp_side to, struct sp_span message);
/*
 * One of the filter's own, which may have to wait until what passes to that side is whole. What
 * is beyond 64 KiB of them is lost: who asks as much without waiting has no use for an answer.
 */
void sp_sieve_say(struct sp_sieve *s, enum sp_side to, struct sp_span message);
/* What is under way from that side ends here, without a word, and nothing waits behind it. */
void sp_sieve_cut(struct sp_sieve *s, enum sp_side from);
/* Fails the feed. */
void sp_sieve_fail(struct sp_sieve *s, int err);

#endif
