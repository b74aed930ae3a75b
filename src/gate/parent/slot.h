/* gate/parent/slot.h - one sp-net with its sp-login and sp-target: started ahead, given a connection, watched. */
#ifndef SP_GATE_PARENT_SLOT_H
#define SP_GATE_PARENT_SLOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"
#include "gate/parent/limits.h"
#include "host/io/hostlog.h"
#include "host/io/loop.h"
#include "host/io/tcp.h"
#include "host/monitor/msg.h"

struct sp_slot;

/* Logins at targets in the life of one connection: a redirection needs another. */
#define SP_SLOT_LOGINS 8

struct sp_slot_calls {
	/* A child ended; the message is for the keeper (only of a slot that had a connection). */
	void (*ended)(void *user, struct sp_slot *s, const struct sp_msg_conn_closed *m);
	/*
	 * All are gone, or one of a slot that still waited: it is of no use any more. The owner
	 * takes it out of his list and destroys it.
	 */
	void (*gone)(void *user, struct sp_slot *s);
};

struct sp_slot_conf {
	struct sp_loop *loop;
	const char *net, *login, *target; /* paths of the programs; outlive the slot */
	const char *roots; /* path of the CA certificates of this machine; outlives the slot */
	int chain_fd; /* stays the caller's */
	const struct sp_slot_calls *calls;
	void *user;
};

/* Starts both; SP_ESYS and why when that fails. */
sp_nodiscard int sp_slot_start(
		const struct sp_slot_conf *conf, struct sp_slot **out, char *why, size_t why_n);
/* Kills what still runs. Accepts NULL. */
void sp_slot_destroy(struct sp_slot *s);

/*
 * Gives a waiting slot its connection: tells the keeper over keeper_fd, then sp-net. fd is
 * closed here in any case. limits_source is what the limits count it under.
 */
sp_nodiscard int sp_slot_give(struct sp_slot *s, int fd, int keeper_fd,
		const struct sp_msg_conn_open *open, const struct sp_msg_net_start *start,
		const uint8_t limits_source[SP_SOURCE_SIZE]);
/*
 * Starts an sp-target, for the login at a target, and ends the one before. SP_OK and its
 * question socket and sp-net's end of its link, the caller's from then on; else why, a text for
 * the log: SP_ELIMIT after SP_SLOT_LOGINS, SP_ESTATE for a slot that is ending or waits, SP_ESYS.
 */
sp_nodiscard int sp_slot_login(struct sp_slot *s, int fds[2], char why[SP_WHY_MAX]);
/* The login is over: the deadline no longer counts. */
void sp_slot_granted(struct sp_slot *s);
/* Lets it end by itself for a while, then kills it. */
void sp_slot_end(struct sp_slot *s);

/* 0 while it waits for a connection. */
uint64_t sp_slot_conn(const struct sp_slot *s);
const uint8_t *sp_slot_limits_source(const struct sp_slot *s);
/* Accepted, and no verdict yet. */
bool sp_slot_unproven(const struct sp_slot *s);
struct sp_slot *sp_slot_next(const struct sp_slot *s);
void sp_slot_set_next(struct sp_slot *s, struct sp_slot *next);

#endif
