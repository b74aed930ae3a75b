/* host/monitor/teller.h - tells the scribe what happened, and knows what of it is durable. */
#ifndef SP_HOST_MONITOR_TELLER_H
#define SP_HOST_MONITOR_TELLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/audit/event.h"
#include "host/io/loop.h"

/* Events that are kept until the scribe has them; what comes after that is counted only. */
#define SP_TELLER_EVENTS 8192
/* How long a scribe may be gone, or silent, before somebody who waits for it is refused. */
#define SP_TELLER_WAIT_US (5 * UINT64_C(1000000))

struct sp_teller;

/*
 * What becomes of the tickets; both come from the loop, never from sp_teller_tell(). A refused
 * ticket was given for an event that somebody waits for: he must not go on. Whatever was not
 * refused is durable once a ticket that is not smaller is.
 */
struct sp_mon_in;

struct sp_teller_calls {
	void (*durable)(void *user, uint64_t ticket);
	void (*refused)(void *user, uint64_t ticket, uint64_t who, const char *why);
	/* What else the scribe says. May be NULL. */
	void (*other)(void *user, struct sp_mon_in *in);
};

/* Without a scribe yet. `calls` may be NULL for who never waits. NULL without memory. */
sp_nodiscard struct sp_teller *sp_teller_create(
		struct sp_loop *loop, const struct sp_teller_calls *calls, void *user);
/* What was not taken is lost. Accepts NULL. */
void sp_teller_destroy(struct sp_teller *t);
/*
 * A (new) scribe listens on this socket, which is the teller's from now on: it is told everything
 * that none before it said to be durable, and keeps once what it gets twice. -1: there is none for now. SP_ENOMEM, SP_ESYS.
 */
sp_nodiscard int sp_teller_scribe(struct sp_teller *t, int fd);
/* Another time than SP_TELLER_WAIT_US, from the next event on. */
void sp_teller_patience(struct sp_teller *t, uint64_t us);

/*
 * Tells an event; the ticket for it, or 0: there is no room, and it is counted as dropped. `who`
 * waits for it, a number that comes back with a refusal: it will be durable or refused. 0: nobody
 * does. Tickets rise.
 */
uint64_t sp_teller_tell(struct sp_teller *t, const struct sp_audit_event *e, uint64_t who);
/* For what else is to be said to the scribe; -1: there is none. It stays the teller's. */
int sp_teller_fd(const struct sp_teller *t);
/* Events that the scribe does not have, or did not say to be durable. */
size_t sp_teller_waiting(const struct sp_teller *t);
/*
 * For the end of a process: sends what it can and waits for the answers, at most so long. False
 * when something is left.
 */
bool sp_teller_flush(struct sp_teller *t, uint64_t us);

#endif
