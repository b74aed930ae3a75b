/* gate/net/relay.h - what joins the two legs, for the files of sp-net that have to do with it. */
#ifndef SP_GATE_NET_RELAY_H
#define SP_GATE_NET_RELAY_H

#include "core/rdp/legs.h"
#include "gate/net/net.h"

/* What the rule lets through now; parts that cannot be told apart yet are denied, with a log line. */
void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c);

/* relay_limit.c: the session's times run from its first picture on. */
void sp_relay_limit_start(struct sp_net *n);
void sp_relay_limit_stop(struct sp_net *n);

#endif
