/* gate/net/relay.h - what joins the two legs, for the files of sp-net that have to do with it. */
#ifndef SP_GATE_NET_RELAY_H
#define SP_GATE_NET_RELAY_H

#include "core/rdp/legs.h"
#include "gate/net/net.h"

/* relay_rules.c: what the rule lets through now. */
void sp_relay_rules(struct sp_legs_rules *out, const struct sp_channels *c);

/* relay_transfer.c */
void sp_relay_transfer_message(struct sp_msg_transfer *m, const struct sp_transfer *t);
/* Tells the keeper what has passed, or was refused. */
void sp_relay_transfers(struct sp_net *n);
/* The same, and what was under way: nothing more will pass. */
void sp_relay_transfers_end(struct sp_net *n);

/* relay_limit.c: the session's times run from its first picture on. */
void sp_relay_limit_start(struct sp_net *n);
void sp_relay_limit_stop(struct sp_net *n);

/* relay_record.c */
/*
 * A stream to a recorder, -1 for none; before the target's leg is made. An error: it has to be
 * recorded and cannot be.
 */
sp_nodiscard int sp_relay_record(struct sp_net *n, int fd, const struct sp_msg_target *t);
/* The legs are joined. */
void sp_relay_record_begin(struct sp_net *n);
/* True when there is nothing to wait for; else the loop is ended once all of it is written. */
bool sp_relay_record_end(struct sp_net *n);

#endif
