/* gate/net/relay.h - what the relay has for the other parts of sp-net. */
#ifndef SP_GATE_NET_RELAY_H
#define SP_GATE_NET_RELAY_H

#include "core/rdp/legs.h"
#include "gate/net/net.h"

/* What the client brought in its Client Info that may stand for a second factor. */
void sp_relay_converse(struct sp_msg_converse *out, const struct sp_info *info);
/* What the rule lets through now; parts that cannot be told apart yet are denied, with a log line. */
void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c);

#endif
