/* gate/net/relay.h - what joins the two legs, for the files of sp-net that have to do with it. */
#ifndef SP_GATE_NET_RELAY_H
#define SP_GATE_NET_RELAY_H

#include "core/rdp/legs.h"
#include "gate/net/net.h"

/* What the rule lets through now; parts that cannot be told apart yet are denied, with a log line. */
void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c);

#define SP_RELAY_CLIP_LINES 20
#define SP_RELAY_CLIP_SPAN_US 10000000

/* Whether one more may be written; *missed is how many were not since the last one. */
bool sp_relay_clip_may(struct sp_relay_clip *c, uint64_t now_us, unsigned *missed);
/* "clipboard: text, 120 bytes, toward the target" */
void sp_relay_clip_text(char *text, size_t cap, const struct sp_clip_event *ev);

/* relay_limit.c: the session's times run from its first picture on. */
void sp_relay_limit_start(struct sp_net *n);
void sp_relay_limit_stop(struct sp_net *n);

#endif
