/* core/rdp/detect.c - see detect.h. */
#include "core/rdp/detect.h"

/* What took less was read in one gulp, or is beyond the client's clock. */
#define MIN_US 10000u

struct sp_autodetect sp_detect_trip(struct sp_detect *d, bool connect, uint64_t now_us)
{
	struct sp_autodetect out = {
			.type = connect ? SP_AD_RTT_REQUEST_CONNECT : SP_AD_RTT_REQUEST};

	if (d->n == SP_DETECT_TRIPS) {
		d->first = (d->first + 1) % SP_DETECT_TRIPS;
		d->n--;
	}
	size_t at = (d->first + d->n++) % SP_DETECT_TRIPS;
	out.sequence = d->trip[at].sequence = d->sequence++;
	d->trip[at].sent_us = now_us;
	return out;
}

struct sp_autodetect sp_detect_start(
		struct sp_detect *d, bool connect, uint64_t sent, uint64_t now_us)
{
	d->rate = SP_DETECT_STARTED;
	d->connect = connect;
	d->rate_sequence = d->sequence++;
	d->rate_us = now_us;
	d->rate_at = sent;
	return (struct sp_autodetect){.type = connect ? SP_AD_BW_START_CONNECT : SP_AD_BW_START,
			.sequence = d->rate_sequence};
}

struct sp_autodetect sp_detect_stop(struct sp_detect *d, uint64_t sent)
{
	d->rate = SP_DETECT_STOPPED;
	d->rate_bytes = sent - d->rate_at;
	return (struct sp_autodetect){.type = d->connect ? SP_AD_BW_STOP_CONNECT : SP_AD_BW_STOP,
			.sequence = d->rate_sequence};
}

/* Which question for a round trip has this number; n for none. */
static size_t find(const struct sp_detect *d, uint16_t sequence)
{
	size_t k = 0;

	while (k < d->n && d->trip[(d->first + k) % SP_DETECT_TRIPS].sequence != sequence) {
		k++;
	}
	return k;
}

bool sp_detect_ours(const struct sp_detect *d, const struct sp_autodetect *in)
{
	switch (in->response ? in->type : UINT16_MAX) {
	case SP_AD_RTT_RESPONSE:
		return find(d, in->sequence) < d->n;
	case SP_AD_BW_RESULTS:
		return d->rate == SP_DETECT_STOPPED && !d->connect &&
				in->sequence == d->rate_sequence;
	case SP_AD_BW_RESULTS_CONNECT:
		return d->rate == SP_DETECT_STOPPED && d->connect &&
				in->sequence == d->rate_sequence;
	case SP_AD_NETCHAR_SYNC:
		return d->rate != SP_DETECT_IDLE && d->connect;
	default:
		return false;
	}
}

static void take_trip(struct sp_detect *d, uint16_t sequence, uint64_t now_us,
		struct sp_detect_answer *out)
{
	size_t k = find(d, sequence);
	uint64_t sent = d->trip[(d->first + k) % SP_DETECT_TRIPS].sent_us;
	uint64_t took = now_us > sent ? now_us - sent : 1;

	d->first = (d->first + k + 1) % SP_DETECT_TRIPS;
	d->n -= k + 1;
	out->kind = SP_DETECT_TRIP;
	out->sequence = sequence;
	out->rtt_us = took < SP_DETECT_MAX_US ? took : SP_DETECT_MAX_US;
}

static void take_rate(struct sp_detect *d, uint32_t delta_ms, uint64_t now_us,
		struct sp_detect_answer *out)
{
	uint64_t took = (uint64_t)delta_ms * 1000;
	/* It cannot have taken longer than it did here. */
	uint64_t most = now_us > d->rate_us ? now_us - d->rate_us : 1;

	d->rate = SP_DETECT_IDLE;
	took = took < most ? took : most;
	if (took < MIN_US) {
		return;
	}
	out->kind = SP_DETECT_RATE;
	out->rate = d->rate_bytes < SP_DETECT_MAX_RATE ? d->rate_bytes * 1000000u / took
						       : SP_DETECT_MAX_RATE;
	out->rate = out->rate < SP_DETECT_MAX_RATE ? out->rate : SP_DETECT_MAX_RATE;
}

static void take_sync(const struct sp_autodetect *in, struct sp_detect_answer *out)
{
	uint64_t rate = (uint64_t)in->bandwidth * 1000 / 8;
	uint64_t rtt = (uint64_t)in->average_rtt * 1000;

	out->kind = SP_DETECT_SYNC;
	out->rate = rate < SP_DETECT_MAX_RATE ? rate : SP_DETECT_MAX_RATE;
	out->rtt_us = rtt < SP_DETECT_MAX_US ? rtt : SP_DETECT_MAX_US;
}

void sp_detect_answer(struct sp_detect *d, const struct sp_autodetect *in, uint64_t now_us,
		struct sp_detect_answer *out)
{
	*out = (struct sp_detect_answer){.kind = SP_DETECT_NOTHING};
	if (!sp_detect_ours(d, in)) {
		return;
	}
	switch (in->type) {
	case SP_AD_RTT_RESPONSE:
		take_trip(d, in->sequence, now_us, out);
		return;
	case SP_AD_BW_RESULTS:
	case SP_AD_BW_RESULTS_CONNECT:
		take_rate(d, in->time_delta, now_us, out);
		return;
	default:
		take_sync(in, out);
		return;
	}
}

bool sp_detect_waits(const struct sp_detect *d)
{
	return d->n > 0 || d->rate != SP_DETECT_IDLE;
}

uint64_t sp_detect_oldest(const struct sp_detect *d)
{
	return d->n > 0 ? d->trip[d->first].sent_us : 0;
}
