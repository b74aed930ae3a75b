/* core/view/pace.c - see pace.h. */
#include "core/view/pace.h"

#define WHILE_US 5000000u /* measurements older than one to two of these are forgotten */
#define RTT_WHILE_US 10000000u /* then the line is let run empty, to see it anew */
#define DRAIN_US 500000u /* buffers on the way are full by then */
#define LOST_US 1000000u /* and four round trips: a frame without an answer counts no more */
#define FRAME_US 40000u /* what one frame may take on the line */
#define SLACK_US 20000u /* more than the round trip is in flight, so that the line never idles */
#define SLACK_BYTES (4u << 10)
#define MIN_BUDGET (4u << 10)
#define UNKNOWN_BUDGET (512u << 10)
#define MAX_BUDGET (8u << 20)
#define PER_FRAME_US 16000u
#define MIN_FRAMES 2u
#define QUICK_US 80000u
#define MAX_RTT_US 10000000u
#define MAX_RATE 2000000000u
#define MIN_SAMPLE (2u << 10) /* fewer bytes say nothing about the line */

void sp_pace_init(struct sp_pace *p)
{
	*p = (struct sp_pace){.starved = true};
}

static void drop_first(struct sp_pace *p)
{
	p->bytes -= p->flight[p->first].bytes;
	p->first = (p->first + 1) % SP_PACE_FRAMES;
	p->n--;
}

void sp_pace_sent(struct sp_pace *p, uint32_t id, size_t bytes, uint64_t now_us)
{
	if (p->silent) {
		return;
	}
	if (p->n == SP_PACE_FRAMES) {
		drop_first(p);
	}
	if (p->drain_us == 0) {
		p->drain_us = now_us;
		p->drained = 0;
	}
	if (p->n == 0) {
		/* The line was empty: its rate counts from now. */
		p->arrived_us = now_us;
	}
	size_t at = (p->first + p->n) % SP_PACE_FRAMES;
	p->flight[at].id = id;
	p->flight[at].bytes = bytes;
	p->flight[at].sent_us = now_us;
	p->flight[at].arrived = p->arrived;
	p->flight[at].arrived_us = p->arrived_us;
	p->flight[at].limited = p->starved;
	p->flight[at].alone = p->n == 0;
	p->starved = false;
	p->n++;
	p->bytes += bytes;
}

static void take_rate(struct sp_pace *p, uint64_t rate, bool limited, uint64_t now_us)
{
	if (now_us - p->rate_seen_us > WHILE_US) {
		/* A line that nobody filled is believed to be what it was. */
		if (!limited || p->rate > 0) {
			p->older_rate = p->rate;
			p->rate = 0;
		}
		p->rate_seen_us = now_us;
	}
	if (rate > p->rate && (!limited || rate > p->older_rate)) {
		p->rate = rate;
	}
}

void sp_pace_rtt(struct sp_pace *p, uint64_t rtt_us, uint64_t now_us)
{
	rtt_us = rtt_us > 0 ? rtt_us : 1;
	rtt_us = rtt_us < MAX_RTT_US ? rtt_us : MAX_RTT_US;
	if (p->rtt_us == 0 || rtt_us <= p->rtt_us || now_us - p->rtt_seen_us > RTT_WHILE_US) {
		p->rtt_us = rtt_us;
		p->rtt_seen_us = now_us;
	}
}

void sp_pace_rate_seen(struct sp_pace *p, uint64_t rate, bool limited, uint64_t now_us)
{
	/* What was seen with the line full counts more. */
	if (rate > 0 && (p->drained_us == 0 || now_us - p->drained_us > RTT_WHILE_US)) {
		take_rate(p, rate < MAX_RATE ? rate : MAX_RATE, limited, now_us);
	}
}

void sp_pace_rate_told(struct sp_pace *p, uint64_t rate, uint64_t now_us)
{
	uint64_t known = sp_pace_rate(p);

	if (rate > 0 && (known == 0 || rate < known / 2)) {
		p->rate = rate < MAX_RATE ? rate : MAX_RATE;
		p->older_rate = 0;
		p->rate_seen_us = now_us;
	}
}

/* How many frames are before this one; n when it is not in flight. */
static size_t find(const struct sp_pace *p, uint32_t id)
{
	size_t k = 0;

	while (k < p->n && p->flight[(p->first + k) % SP_PACE_FRAMES].id != id) {
		k++;
	}
	return k;
}

void sp_pace_left(struct sp_pace *p, uint32_t id, uint64_t now_us)
{
	size_t k = find(p, id);

	if (k == p->n) {
		return;
	}
	for (size_t i = 0; i <= k; i++) {
		p->drained += p->flight[p->first].bytes;
		drop_first(p);
	}
	uint64_t took = p->drain_us != 0 ? now_us - p->drain_us : 0;
	if (took >= DRAIN_US + 2 * p->rtt_us && p->drained >= MIN_SAMPLE) {
		/* Over so long a while no buffer on the way makes it look fast. */
		uint64_t rate = p->drained * 1000000u / took;
		p->rate = p->drained_us != 0 ? (p->rate + rate) / 2 : rate;
		p->older_rate = 0;
		p->rate_seen_us = p->drained_us = p->drain_us = now_us;
		p->drained = 0;
	}
}

void sp_pace_restart(struct sp_pace *p)
{
	while (p->n > 0) {
		drop_first(p);
	}
	p->silent = false;
	p->starved = true;
	p->drain_us = 0;
}

void sp_pace_acked(struct sp_pace *p, uint32_t id, uint64_t now_us)
{
	size_t k = find(p, id);

	if (k == p->n) {
		return;
	}
	size_t at = (p->first + k) % SP_PACE_FRAMES;
	uint64_t sent = p->flight[at].sent_us;
	bool alone = p->flight[at].alone;
	uint64_t was = p->flight[at].arrived, was_us = p->flight[at].arrived_us;
	bool limited = p->flight[at].limited;

	for (size_t i = 0; i <= k; i++) {
		p->arrived += p->flight[p->first].bytes;
		drop_first(p);
	}
	uint64_t bytes = p->arrived - was;
	uint64_t took = now_us - was_us;
	p->arrived_us = now_us;
	uint64_t trip = now_us - sent;
	p->smooth_us = p->smooth_us == 0 ? trip : (7 * p->smooth_us + trip) / 8;
	/* Behind other frames it took longer than the round trip, but never less. */
	if (alone || trip < p->rtt_us) {
		sp_pace_rtt(p, trip, now_us);
	}
	if (bytes >= MIN_SAMPLE) {
		/* A single frame's time has a round trip in it, which is no matter of the rate. */
		if (took > 2 * p->rtt_us) {
			took -= p->rtt_us / 2;
		}
		sp_pace_rate_seen(p, bytes * 1000000u / (took > 0 ? took : 1), limited, now_us);
	}
}

void sp_pace_silent(struct sp_pace *p, bool silent)
{
	if (silent == p->silent) {
		return;
	}
	p->silent = silent;
	while (p->n > 0) {
		drop_first(p);
	}
}

void sp_pace_idle(struct sp_pace *p)
{
	p->drain_us = p->n > 0 ? p->drain_us : 0;
	p->starved = true;
}

uint64_t sp_pace_rate(const struct sp_pace *p)
{
	return p->rate > p->older_rate ? p->rate : p->older_rate;
}

/* So much may be in flight before the next frame is added. */
static size_t window(const struct sp_pace *p)
{
	uint64_t rate = sp_pace_rate(p);

	return rate == 0 ? UNKNOWN_BUDGET
			 : (size_t)(rate * (p->rtt_us + SLACK_US) / 1000000u) + SLACK_BYTES;
}

static size_t frames(const struct sp_pace *p)
{
	size_t n = MIN_FRAMES + (size_t)(p->rtt_us / PER_FRAME_US);

	return n < SP_PACE_FRAMES ? n : SP_PACE_FRAMES;
}

static bool room(const struct sp_pace *p, uint64_t now_us)
{
	return p->n < frames(p) && p->bytes < window(p) && now_us - p->rtt_seen_us <= RTT_WHILE_US;
}

static uint64_t lost_at(const struct sp_pace *p)
{
	size_t last = (p->first + p->n - 1) % SP_PACE_FRAMES;

	return p->flight[last].sent_us + LOST_US + 4 * p->smooth_us;
}

bool sp_pace_ready(const struct sp_pace *p, uint64_t now_us)
{
	if (p->silent || p->n == 0) {
		return true;
	}
	return room(p, now_us) || now_us >= lost_at(p);
}

uint64_t sp_pace_deadline(const struct sp_pace *p)
{
	return p->silent || p->n == 0 ? 0 : lost_at(p);
}

size_t sp_pace_budget(const struct sp_pace *p)
{
	uint64_t rate = sp_pace_rate(p);

	if (rate == 0) {
		return UNKNOWN_BUDGET;
	}
	uint64_t n = rate * FRAME_US / 1000000u;
	n = n < MIN_BUDGET ? MIN_BUDGET : n;
	return n < MAX_BUDGET ? (size_t)n : MAX_BUDGET;
}
