/* gate/keeper/conn_way.h - the way to a target on another machine: dialled, logged in to, left. */
#ifndef SP_GATE_KEEPER_CONN_WAY_H
#define SP_GATE_KEEPER_CONN_WAY_H

#include "gate/keeper/conn_part.h"

#define SP_CONN_DIAL_MS 10000
#define SP_CONN_REDIRECTS 3

/* Asks sp-dial for the address, which is the configuration's or one that it lets through. */
int sp_conn_way_open(struct sp_conn *c, const char *address);
/* Gives back what sp-net did not get. */
void sp_conn_way_close(struct sp_conn *c);
/* What was waited for did not come in time. */
void sp_conn_way_late(struct sp_conn *c);
/* The host of "host:port" or "[address]:port". */
void sp_conn_way_host(const char *address, char host[SP_TEXT_HOST]);
/*
 * May a target send its clients to this address? Only to itself, or to one of its configured
 * networks: "" is the same host; else a number, with or without a port. Fills in where to dial.
 */
sp_nodiscard bool sp_conn_way_allowed(const struct sp_conf_target *t, const struct sp_conn_way *way,
		const char *address, char dial[SP_TEXT_HOST]);

/* conn_target.c: what the rules say of the session; false when they do not allow it any more. */
sp_nodiscard bool sp_conn_fill_target(
		struct sp_conn *c, const struct sp_conf_target *t, struct sp_msg_target *m);

#endif
