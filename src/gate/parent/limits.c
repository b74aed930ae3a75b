/* gate/parent/limits.c - see limits.h. */
#include "gate/parent/limits.h"

#include <string.h>
#include <sys/socket.h>

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
	uint64_t penalized;
	uint32_t bucket[BUCKETS];
	uint32_t free_first, sweep;
	uint32_t touched; /* from here on source[] was never used, and costs no memory */
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
	l->free_first = NONE;
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
	bool full = l->free_first == NONE && l->touched == SP_LIMITS_SOURCES;
	int looks = l->touched == 0 ? 0 : full ? SWEEP_FULL : SWEEP;
	uint32_t first = NONE;

	for (int k = 0; k < looks; k++) {
		l->sweep = (l->sweep + 1) % l->touched;
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
	if (full && l->free_first == NONE && first != NONE) {
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
	if (l->free_first == NONE && l->touched < SP_LIMITS_SOURCES) {
		l->source[l->touched].next = NONE;
		l->free_first = l->touched++;
	}
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

/* A source is known by the first 64 bits of an IPv6 address only. */
static bool in_net(const uint8_t source[SP_SOURCE_SIZE], const struct sp_conf_net *net)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool v4 = memcmp(source, mapped, sizeof(mapped)) == 0;
	const uint8_t *p = v4 ? source + sizeof(mapped) : source;
	uint32_t bits = !v4 && net->bits > 64 ? 64 : net->bits;

	if (v4 != (net->family == AF_INET)) {
		return false;
	}
	for (uint32_t i = 0; i < bits; i++) {
		if (((p[i / 8] ^ net->addr[i / 8]) & 0x80u >> i % 8) != 0) {
			return false;
		}
	}
	return true;
}

static bool exempt(const struct sp_limits *l, const uint8_t source[SP_SOURCE_SIZE])
{
	for (size_t i = 0; i < l->conf.n_exempt; i++) {
		if (in_net(source, &l->conf.exempt[i])) {
			return true;
		}
	}
	return false;
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
	if (s->penalty_us > now_us + SP_PENALTY_FREE_S * SECOND_US && !exempt(l, source)) {
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

	if (s == &l->others || exempt(l, source)) {
		return; /* not all strangers for one of them */
	}
	l->penalized++;
	s->penalty_us = from + seconds * SECOND_US;
	if (s->penalty_us > most) {
		s->penalty_us = most;
	}
}

uint64_t sp_limits_penalized(const struct sp_limits *l)
{
	return l->penalized;
}

static bool waits(const struct source *s, uint64_t now_us)
{
	return s->penalty_us > now_us + SP_PENALTY_FREE_S * SECOND_US;
}

size_t sp_limits_waiting(const struct sp_limits *l, uint64_t now_us)
{
	size_t n = 0;

	for (uint32_t i = 0; i < l->touched; i++) {
		const struct source *s = &l->source[i];

		n += s->used && waits(s, now_us) && !exempt(l, s->addr);
	}
	return n;
}

static uint32_t shortest_of(const struct sp_msg_penalties *m)
{
	uint32_t at = 0;

	for (uint32_t i = 1; i < m->n; i++) {
		at = m->v[i].until < m->v[at].until ? i : at;
	}
	return at;
}

void sp_limits_penalties(const struct sp_limits *l, uint64_t now_us, int64_t unix_s,
		struct sp_msg_penalties *out)
{
	uint32_t shortest = 0;

	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < l->touched; i++) {
		const struct source *s = &l->source[i];
		struct sp_kept_penalty p = {.until = unix_s};

		if (s->used && s->penalty_us > now_us) {
			memcpy(p.source, s->addr, sizeof(p.source));
			p.until += (int64_t)((s->penalty_us - now_us + SECOND_US - 1) / SECOND_US);
			if (out->n < SP_PENALTIES) {
				out->v[out->n++] = p;
				shortest = shortest_of(out);
			} else if (p.until > out->v[shortest].until) {
				out->v[shortest] = p;
				shortest = shortest_of(out);
			}
		}
	}
}

void sp_limits_restore(struct sp_limits *l, const struct sp_msg_penalties *m, uint64_t now_us,
		int64_t unix_s)
{
	for (uint32_t i = 0; i < m->n && i < SP_PENALTIES; i++) {
		int64_t left = m->v[i].until > unix_s ? m->v[i].until - unix_s : 0;

		if (left > 0) {
			sp_limits_penalize(l, m->v[i].source,
					left < SP_PENALTY_MAX_S ? (uint32_t)left : SP_PENALTY_MAX_S,
					now_us);
		}
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
