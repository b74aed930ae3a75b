/* tests/host/audit/detect_kit.h - synthetic records for the rules of detection. */
#ifndef SP_TESTS_DETECT_KIT_H
#define SP_TESTS_DETECT_KIT_H

#include "host/audit/detect.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400
/* A Monday, 10:00 UTC. */
#define START (INT64_C(1767607200))

/* One engine with a configuration of its own, whose parameters a test may change. */
struct kit {
	struct sp_conf conf;
	struct sp_detect *d;
	uint64_t seq;
	struct sp_detect_alert alert; /* the last one of kit_feed() */
};

void kit_begin(struct kit *k);
void kit_end(struct kit *k);
/*
 * Feeds an event with fields like "actor.user=alice src.ip=192.0.2.7"; src.net follows from
 * src.ip. Answers how many alerts of this rule came; SP_ALERT_RULES: of any.
 */
unsigned kit_feed(struct kit *k, enum sp_alert_rule rule, int64_t at, const char *event,
		enum sp_outcome outcome, const char *fields);
/* The same with a place. */
unsigned kit_feed_at(struct kit *k, enum sp_alert_rule rule, int64_t at, const char *event,
		const char *fields, double lat, double lon);
void kit_event(struct sp_audit_event *e, const char *event, enum sp_outcome outcome,
		const char *fields);
/* Takes the waiting alerts. */
unsigned kit_take(struct kit *k, enum sp_alert_rule rule);

#endif
