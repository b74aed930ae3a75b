/* gate/keeper/audit.h - what the keeper tells the audit, and what may go on only once it is written. */
#ifndef SP_GATE_KEEPER_AUDIT_H
#define SP_GATE_KEEPER_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/keeper.h"
#include "host/audit/event.h"

#define SP_AUDIT_NET 64 /* "2001:db8::/64" */

/*
 * Somebody who goes on once all that he told with it is durable. Zeroed but for fn and arg he
 * waits for nothing. He stays where he is in memory until he was called, or sp_keeper_unwait().
 */
struct sp_wait {
	struct sp_wait *next;
	uint64_t who, ticket; /* 0: waits for nothing */
	/* Called from the loop, once. Not ok: it is not written, and he must not go on. */
	void (*fn)(void *arg, bool ok, const char *why);
	void *arg;
};

/* Tells the scribe on this socket from now on. SP_ENOMEM, SP_ESYS. */
sp_nodiscard int sp_keeper_audit(struct sp_keeper *k, int scribe);
/* Nobody is called any more; what can still be told is. */
void sp_keeper_audit_end(struct sp_keeper *k);
/* Puts the hash of the configuration into what is told from now on. */
void sp_keeper_policy_hash(struct sp_keeper *k);

/* Tells an event for which nobody waits. */
void sp_keeper_tell(struct sp_keeper *k, struct sp_audit_event *e);
/* Tells one, and w goes on only after it. Without an audit he does not wait. */
void sp_keeper_tell_first(struct sp_keeper *k, struct sp_wait *w, struct sp_audit_event *e);
/* He does not want to be called any more. */
void sp_keeper_unwait(struct sp_keeper *k, struct sp_wait *w);

/* Fields of a source. */
void sp_keeper_event_source(const struct sp_keeper *k, struct sp_audit_event *e,
		const struct sp_source *source, const char *interface);
/* "wrong-password": what went wrong, for REASON; static. */
const char *sp_audit_reason(uint32_t why);

#endif
