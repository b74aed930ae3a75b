/* gate/parent/limits.h - who may knock now: counts, rates and penalties per source, and in all. */
#ifndef SP_GATE_PARENT_LIMITS_H
#define SP_GATE_PARENT_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/conf/conf.h"
#include "host/monitor/msg.h"

/* A source is an IPv4 address (in mapped form) or the /64 of an IPv6 one. */
#define SP_SOURCE_SIZE 16
/*
 * Sources remembered at a time. A new one takes the place of one that has nothing open and is
 * the soonest to be forgotten; where all are busy strangers share one account.
 */
#define SP_LIMITS_SOURCES 65536
/* A source that has logged in is not dropped at random for so long. */
#define SP_LIMITS_GOOD_S (12 * 3600u)

struct sp_limits_conf {
	uint32_t per_source; /* connections without a verdict at once */
	uint32_t rate, burst; /* new connections a second, and at once after a pause */
	uint32_t total_soft; /* connections without a verdict in all: above it ... */
	uint32_t total_hard; /* ... a part is refused that grows to all of them here */
	const struct sp_conf_net *exempt; /* sources without penalties; outlives the limits */
	size_t n_exempt;
};

/* Refused is 0. */
enum sp_limits_verdict {
	SP_LIMITS_REFUSED_SOURCE,
	SP_LIMITS_REFUSED_RATE,
	SP_LIMITS_REFUSED_PENALTY,
	SP_LIMITS_REFUSED_TOTAL,
	SP_LIMITS_ACCEPTED,
};

struct sp_limits;

/* NULL without memory. */
sp_nodiscard struct sp_limits *sp_limits_create(const struct sp_limits_conf *conf);
/* Accepts NULL. */
void sp_limits_destroy(struct sp_limits *l);
/* Other limits for what comes from now on. */
void sp_limits_set(struct sp_limits *l, const struct sp_limits_conf *conf);

/*
 * A connection has come. draw is a random number for the part above total_soft. Accepted, it
 * counts until sp_limits_done().
 */
sp_nodiscard enum sp_limits_verdict sp_limits_ask(struct sp_limits *l,
		const uint8_t source[SP_SOURCE_SIZE], uint64_t now_us, uint32_t draw);
/* An accepted connection has a verdict, or ended without one. */
void sp_limits_done(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE]);
/*
 * Adds seconds to what the source has to wait; it is refused once more than
 * SP_PENALTY_FREE_S have come together. Penalties wear off second by second, and never reach
 * beyond SP_PENALTY_MAX_S.
 */
#define SP_PENALTY_FREE_S 20
#define SP_PENALTY_MAX_S 900
void sp_limits_penalize(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE], uint32_t seconds,
		uint64_t now_us);
/*
 * What the sources have to wait, for another life of this process: the longest, with unix_s the
 * time of now_us. How often it has changed since the beginning tells whether to ask.
 */
void sp_limits_penalties(const struct sp_limits *l, uint64_t now_us, int64_t unix_s,
		struct sp_msg_penalties *out);
uint64_t sp_limits_penalized(const struct sp_limits *l);
/* How many are refused for it now; looks at all of them. */
size_t sp_limits_waiting(const struct sp_limits *l, uint64_t now_us);
/* Takes them back; no clock that was wrong makes them longer than SP_PENALTY_MAX_S. */
void sp_limits_restore(struct sp_limits *l, const struct sp_msg_penalties *m, uint64_t now_us,
		int64_t unix_s);
/*
 * Somebody at this source has logged in: for a while it is not refused because of the total, up
 * to an eighth above total_hard.
 */
void sp_limits_good(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE], uint64_t now_us);
/* Connections without a verdict now. */
size_t sp_limits_open(const struct sp_limits *l);
/* "too many connections from this source"; static. */
const char *sp_limits_text(enum sp_limits_verdict v);

#endif
