/* desk/session/line.c - see line.h. */
#include "desk/session/line.h"

#include "core/rdp/server.h"

#define APART_US 1000000u /* between two measurements of a client that acknowledges */
#define LARGE (16u << 10) /* a frame that fills the line for a while */
#define DEAF_US 3000000u
#define MARK 0x80000000u /* no number of a question for a round trip has it */

void sp_desk_line_init(struct sp_desk_line *l, struct sp_rdp *rdp)
{
	*l = (struct sp_desk_line){.rdp = rdp};
	sp_pace_init(&l->pace);
	sp_desk_line_restart(l, false);
}

static bool by_trips(const struct sp_desk_line *l)
{
	return sp_server_detects(l->rdp) && sp_rdp_is_active(l->rdp) && !l->deaf;
}

/* Without any of the three the connection's own back-pressure is all there is. */
static void judge(struct sp_desk_line *l)
{
	sp_pace_silent(&l->pace, !l->acks && !l->gate && !by_trips(l));
}

void sp_desk_line_restart(struct sp_desk_line *l, bool acks)
{
	sp_pace_restart(&l->pace);
	l->n = 0;
	l->due = false;
	l->acks = acks;
	judge(l);
}

void sp_desk_line_acks(struct sp_desk_line *l, bool acks)
{
	if (l->acks != acks) {
		sp_desk_line_restart(l, acks);
	}
}

int sp_desk_line_begin(struct sp_desk_line *l, uint64_t now_us)
{
	/* Frames that follow a large one are mostly large. */
	if (!by_trips(l) || l->measuring || l->bytes < LARGE ||
			now_us - l->measured_us < APART_US) {
		return SP_OK;
	}
	l->measuring = true;
	l->measured_us = now_us;
	return sp_server_measure(l->rdp, now_us);
}

void sp_desk_line_sent(struct sp_desk_line *l, uint32_t frame, size_t bytes, uint64_t now_us)
{
	sp_pace_sent(&l->pace, frame, bytes, now_us);
	l->frame = frame;
	l->bytes = bytes;
	l->due = true;
}

static void remember(struct sp_desk_line *l, uint32_t tag)
{
	if (l->n == SP_DETECT_TRIPS) {
		l->first = (l->first + 1) % SP_DETECT_TRIPS;
		l->n--;
	}
	size_t at = (l->first + l->n++) % SP_DETECT_TRIPS;
	l->asked[at].tag = tag;
	l->asked[at].frame = l->frame;
}

static int ask_trip(struct sp_desk_line *l, uint64_t now_us)
{
	uint16_t id;
	int rc = sp_server_ask_trip(l->rdp, now_us, &id);

	if (rc == SP_OK) {
		l->asked_us = now_us;
		remember(l, id);
	}
	return rc;
}

static int ask_gate(struct sp_desk_line *l)
{
	l->mark = MARK | (l->mark + 1);
	remember(l, l->mark);
	return sp_server_mark(l->rdp, l->mark);
}

static int ask(struct sp_desk_line *l, uint64_t now_us)
{
	uint64_t oldest = sp_server_trip_waits(l->rdp);

	if (by_trips(l) && oldest != 0 && now_us - oldest > DEAF_US + 4 * l->pace.smooth_us) {
		l->deaf = true;
		l->n = 0;
		judge(l);
	}
	if (l->acks) {
		return by_trips(l) && now_us - l->asked_us >= APART_US ? ask_trip(l, now_us)
								       : SP_OK;
	}
	if (by_trips(l)) {
		return ask_trip(l, now_us);
	}
	return l->gate && sp_rdp_is_active(l->rdp) ? ask_gate(l) : SP_OK;
}

int sp_desk_line_out(struct sp_desk_line *l, uint64_t now_us)
{
	int rc = SP_OK;

	if (!l->due) {
		return SP_OK;
	}
	l->due = false;
	if (l->measuring && sp_rdp_is_active(l->rdp)) {
		l->measuring = false;
		rc = sp_server_measure_stop(l->rdp);
	}
	return rc == SP_OK ? ask(l, now_us) : rc;
}

/* The frame that was asked behind with this tag, and all before it; false: nobody asked. */
static bool answered(struct sp_desk_line *l, uint32_t tag, uint32_t *frame)
{
	for (size_t k = 0; k < l->n; k++) {
		size_t at = (l->first + k) % SP_DETECT_TRIPS;

		if (l->asked[at].tag == tag) {
			*frame = l->asked[at].frame;
			l->first = (at + 1) % SP_DETECT_TRIPS;
			l->n -= k + 1;
			return true;
		}
	}
	return false;
}

static bool on_trip(struct sp_desk_line *l, const struct sp_event *ev, uint64_t now_us)
{
	uint32_t frame;

	l->deaf = false;
	judge(l);
	if (answered(l, ev->trip.id, &frame) && !l->acks) {
		sp_pace_acked(&l->pace, frame, now_us);
		return true;
	}
	/* There may have been a queue before it. */
	if (l->pace.rtt_us == 0 || ev->trip.rtt_us <= l->pace.rtt_us) {
		sp_pace_rtt(&l->pace, ev->trip.rtt_us, now_us);
	}
	return false;
}

static bool on_line(struct sp_desk_line *l, const struct sp_line *line, uint64_t now_us)
{
	uint32_t frame;

	l->gate = true;
	judge(l);
	if (line->rtt_min_us != 0) {
		sp_pace_rtt(&l->pace, line->rtt_min_us, now_us);
	}
	if (line->mark == 0) {
		/* Of the time before there was a picture: the client measured it. */
		sp_pace_rate_told(&l->pace, line->rate, now_us);
		return false;
	}
	sp_pace_rate_seen(&l->pace, line->rate, line->limited, now_us);
	if (!(line->mark & MARK) || !answered(l, line->mark, &frame)) {
		return false;
	}
	sp_pace_left(&l->pace, frame, now_us);
	return true;
}

bool sp_desk_line_event(struct sp_desk_line *l, const struct sp_event *ev, uint64_t now_us)
{
	switch (ev->kind) {
	case SP_EV_TRIP:
		return on_trip(l, ev, now_us);
	case SP_EV_RATE:
		sp_pace_rate_told(&l->pace, ev->rate, now_us);
		return false;
	case SP_EV_LINE:
		return on_line(l, &ev->line, now_us);
	default:
		return false;
	}
}
