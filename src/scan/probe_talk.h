/* scan/probe_talk.h - one connection's conversation over memory: what is sent, what comes back. */
#ifndef SP_SCAN_PROBE_TALK_H
#define SP_SCAN_PROBE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "scan/facts.h"

/* What follows once the negotiation has chosen what this needs. */
enum sp_probe_then {
	SP_PROBE_NEGOTIATE, /* nothing: its answer was the question */
};

struct sp_probe_task {
	uint16_t port;
	enum sp_scan_ask ask;
	bool other_name; /* another name in the cookie */
	enum sp_probe_then then;
};

enum sp_talk_end {
	SP_TALK_GOES_ON,
	SP_TALK_ANSWERED, /* as far as the task goes */
	SP_TALK_CLOSED, /* the peer ended it before */
	SP_TALK_TIMEOUT,
	SP_TALK_NONSENSE, /* what came is not of the protocol, or too much of it */
	SP_TALK_FAILED, /* for want of memory here */
};

/* Plain data, valid as long as the talk. */
struct sp_talk_result {
	enum sp_talk_end end;
	struct sp_scan_nego nego;
};

struct sp_talk;

/* Its first bytes are ready to be taken. task must outlive it. NULL without memory. */
sp_nodiscard struct sp_talk *sp_talk_create(const struct sp_probe_task *task);
/* Accepts NULL. */
void sp_talk_destroy(struct sp_talk *t);
/* Bytes of the peer; what comes after the end is dropped. */
void sp_talk_feed(struct sp_talk *t, const uint8_t *p, size_t n);
/* The peer has closed, or the time for a step is over. */
void sp_talk_stop(struct sp_talk *t, enum sp_talk_end end);
/* What is to be sent; valid until the next call. sent says how much of it was. */
struct sp_span sp_talk_out(const struct sp_talk *t);
void sp_talk_sent(struct sp_talk *t, size_t n);
/* Counts the steps that were made: each has a time of its own. */
unsigned sp_talk_step(const struct sp_talk *t);
const struct sp_talk_result *sp_talk_result(const struct sp_talk *t);

#endif
