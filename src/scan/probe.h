/* scan/probe.h - one endpoint, question by question: what comes next, and what an answer shows. */
#ifndef SP_SCAN_PROBE_H
#define SP_SCAN_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "scan/facts.h"
#include "scan/probe_link.h"
#include "scan/probe_talk.h"

struct sp_probe {
	struct sp_scan_facts facts;
	struct sp_probe_order order;
	unsigned step; /* of the list of questions */
	unsigned round; /* of a question that is asked more than once */
	unsigned lost; /* answers that did not come in time */
	struct sp_probe_http http[SP_SCAN_PATH_COUNT];
	bool group_over; /* a group of cipher suites had its last yes */
	bool legacy_any; /* one set of methods was accepted */
	bool web_over, over;
};

/* now_ms: since 1970. */
void sp_probe_begin(struct sp_probe *p, const struct sp_probe_order *order, int64_t now_ms);
/* The next question; false when there is none. */
bool sp_probe_next(struct sp_probe *p, struct sp_probe_task *task);
/* No connection: how that looked. */
void sp_probe_unreached(
		struct sp_probe *p, const struct sp_probe_task *task, enum sp_scan_reach how);
/* The answer to the last question. */
void sp_probe_answer(struct sp_probe *p, const struct sp_probe_task *task,
		const struct sp_talk_result *r);
/* A datagram was answered, or refused: 3389 or 3391. */
void sp_probe_datagram(struct sp_probe *p, bool gateway, enum sp_scan_tri answer);
/* No more questions; why is added to the facts. */
void sp_probe_cut(struct sp_probe *p, const char *why);

#endif
