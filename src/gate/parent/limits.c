/* gate/parent/limits.c - see limits.h. */
#include "gate/parent/limits.h"

#include <string.h>

#include "core/base/mem.h"

#define SECOND_US 1000000ull
#define BUCKETS (SP_LIMITS_SOURCES * 2) /* a power of two */
#define NONE UINT32_MAX
#define SWEEP 8 /* entries looked at for each new source */
#define SWEEP_FULL 64 /* the same when there is no room */

struct source {
	uint8_t addr[SP_SOURCE_SIZE];
	uint32_t next; /* in its bucket, or in the free list */
	bool used;
	uint32_t open; /* connections without a verdict */
	uint64_t credit_us; /* time that was saved up; one connection costs a second / rate */
	uint64_t seen_us;
	uint64_t penalty_us; /* until when, on the clock of now_us */
	uint64_t good_us; /* until when a login of it counts */
};

struct sp_limits {
	struct sp_limits_conf conf;
	size_t open;
	uint32_t bucket[BUCKETS];
	uint32_t free_first, sweep;
	struct source source[SP_LIMITS_SOURCES];
	struct source others; /* the account of those who found no place */
};

struct sp_limits *sp_limits_create(const struct sp_limits_conf *conf)
{
	struct sp_limits *l = sp_calloc(1, sizeof(*l));

	if (!l) {
		return NULL;
	}
	l->conf = *conf;
	for (size_t i = 0; i < BUCKETS; i++) {
		l->bucket[i] = NONE;
	}
	for (uint32_t i = 0; i < SP_LIMITS_SOURCES; i++) {
		l->source[i].next = i + 1 < SP_LIMITS_SOURCES ? i + 1 : NONE;
	}
	return l;
}

void sp_limits_destroy(struct sp_limits *l)
{
	sp_free(l);
}

void sp_limits_set(struct sp_limits *l, const struct sp_limits_conf *conf)
{
	l->conf = *conf;
}

static uint32_t bucket_of(const uint8_t addr[SP_SOURCE_SIZE])
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < SP_SOURCE_SIZE; i++) {
		h = (h ^ addr[i]) * 16777619u;
	}
	return (h ^ h >> 15) & (BUCKETS - 1);
}

static uint64_t cost_us(const struct sp_limits *l)
{
	return SECOND_US / (l->conf.rate ? l->conf.rate : 1);
}

/* When nothing will tell it from a stranger any more; only once nothing of it is open. */
static uint64_t forgotten_us(const struct sp_limits *l, const struct source *s)
{
	uint64_t when = s->seen_us + cost_us(l) * l->conf.burst;

	when = s->penalty_us > when ? s->penalty_us : when;
	return s->good_us > when ? s->good_us : when;
}

static void forget(struct sp_limits *l, uint32_t i)
{
	uint32_t *link = &l->bucket[bucket_of(l->source[i].addr)];

	while (*link != i) {
		link = &l->source[*link].next;
	}
	*link = l->source[i].next;
	l->source[i] = (struct source){.next = l->free_first};
	l->free_first = i;
}

/*
 * Looks at a few old entries each time, so that no single call pays for all. Where there is no
 * room the one goes that would have gone first.
 */
static void sweep(struct sp_limits *l, uint64_t now_us)
{
	int looks = l->free_first == NONE ? SWEEP_FULL : SWEEP;
	uint32_t first = NONE;

	for (int k = 0; k < looks; k++) {
		l->sweep = (l->sweep + 1) % SP_LIMITS_SOURCES;
		struct source *s = &l->source[l->sweep];
		if (!s->used || s->open > 0) {
			continue;
		}
		if (forgotten_us(l, s) <= now_us) {
			forget(l, l->sweep);
		} else if (first == NONE ||
				forgotten_us(l, s) < forgotten_us(l, &l->source[first])) {
			first = l->sweep;
		}
	}
	if (l->free_first == NONE && first != NONE) {
		forget(l, first);
	}
}

static struct source *find(struct sp_limits *l, const uint8_t addr[SP_SOURCE_SIZE])
{
	for (uint32_t i = l->bucket[bucket_of(addr)]; i != NONE; i = l->source[i].next) {
		if (memcmp(l->source[i].addr, addr, SP_SOURCE_SIZE) == 0) {
			return &l->source[i];
		}
	}
	return NULL;
}

static struct source *find_or_add(
		struct sp_limits *l, const uint8_t addr[SP_SOURCE_SIZE], uint64_t now_us)
{
	struct source *s = find(l, addr);

	if (s) {
		return s;
	}
	sweep(l, now_us);
	if (l->free_first == NONE) {
		return &l->others;
	}
	uint32_t i = l->free_first;
	uint32_t *bucket = &l->bucket[bucket_of(addr)];
	s = &l->source[i];
	l->free_first = s->next;
	*s = (struct source){.next = *bucket, .used = true, .seen_us = now_us};
	s->credit_us = cost_us(l) * l->conf.burst;
	memcpy(s->addr, addr, SP_SOURCE_SIZE);
	*bucket = i;
	return s;
}

enum sp_limits_verdict sp_limits_ask(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE],
		uint64_t now_us, uint32_t draw)
{
	struct source *s = find_or_add(l, source, now_us);
	uint64_t most = cost_us(l) * l->conf.burst;

	s->credit_us += now_us - s->seen_us;
	s->seen_us = now_us;
	if (s->credit_us > most) {
		s->credit_us = most;
	}
	if (s->penalty_us > now_us + SP_PENALTY_FREE_S * SECOND_US) {
		return SP_LIMITS_REFUSED_PENALTY;
	}
	if (s->open >= l->conf.per_source) {
		return SP_LIMITS_REFUSED_SOURCE;
	}
	if (s->credit_us < cost_us(l)) {
		return SP_LIMITS_REFUSED_RATE;
	}
	bool good = s->good_us > now_us;
	if (l->open >= l->conf.total_hard + (good ? l->conf.total_hard / 8 : 0)) {
		return SP_LIMITS_REFUSED_TOTAL;
	}
	if (l->open >= l->conf.total_soft && !good) {
		/* From 30 % at the soft limit to all at the hard one. */
		uint64_t span = l->conf.total_hard - l->conf.total_soft;
		uint64_t part = 30 + 70 * (l->open - l->conf.total_soft) / (span ? span : 1);

		if (draw % 100 < part) {
			return SP_LIMITS_REFUSED_TOTAL;
		}
	}
	s->credit_us -= cost_us(l);
	s->open++;
	l->open++;
	return SP_LIMITS_ACCEPTED;
}

void sp_limits_done(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE])
{
	struct source *s = find(l, source);

	if (!s || s->open == 0) {
		s = &l->others;
	}
	if (s->open > 0) {
		s->open--;
		l->open--;
	}
}

void sp_limits_penalize(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE], uint32_t seconds,
		uint64_t now_us)
{
	struct source *s = find_or_add(l, source, now_us);
	uint64_t from = s->penalty_us > now_us ? s->penalty_us : now_us;
	uint64_t most = now_us + SP_PENALTY_MAX_S * SECOND_US;

	if (s == &l->others) {
		return; /* not all strangers for one of them */
	}
	s->penalty_us = from + seconds * SECOND_US;
	if (s->penalty_us > most) {
		s->penalty_us = most;
	}
}

void sp_limits_good(struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE], uint64_t now_us)
{
	struct source *s = find_or_add(l, source, now_us);

	if (s != &l->others) {
		s->good_us = now_us + SP_LIMITS_GOOD_S * SECOND_US;
	}
}

size_t sp_limits_open(const struct sp_limits *l)
{
	return l->open;
}

const char *sp_limits_text(enum sp_limits_verdict v)
{
	switch (v) {
	case SP_LIMITS_REFUSED_SOURCE:
		return "too many connections from this source";
	case SP_LIMITS_REFUSED_RATE:
		return "source connects too often";
	case SP_LIMITS_REFUSED_PENALTY:
		return "source has to wait";
	case SP_LIMITS_REFUSED_TOTAL:
		return "too many connections";
	case SP_LIMITS_ACCEPTED:
		return "accepted";
	}
	return "refused";
}
