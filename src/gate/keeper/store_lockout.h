/* gate/keeper/store_lockout.h - failed logins: who has to wait, and who sprays. */
#ifndef SP_GATE_KEEPER_STORE_LOCKOUT_H
#define SP_GATE_KEEPER_STORE_LOCKOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_LOCKOUT_FREE 5 /* failures without delay */
#define SP_LOCKOUT_DELAY_MAX 60
#define SP_LOCKOUT_TOKEN_ONLY 20 /* failures of a user from all unfamiliar sources */
#define SP_LOCKOUT_FORGET 86400 /* seconds without a failure after which nothing was */
#define SP_LOCKOUT_FAMILIAR (30 * 86400) /* seconds for which a success makes a source familiar */
#define SP_LOCKOUT_TELL 100 /* failures in a row that are told */
#define SP_SPRAY_USERS 10 /* more of them than this ... */
#define SP_SPRAY_SECONDS 600 /* ... within this time, from one network, is spraying */
#define SP_SPRAY_PENALTY 300 /* seconds that a failure costs a source that sprays */

struct sp_lockout {
	uint32_t wait; /* seconds; 0: a password will do now */
	bool token_only; /* only a token or a device secret will do, however long one waits */
	bool familiar; /* the source is; nothing above is set then */
	uint32_t failures; /* in a row, from wherever; of _show() only */
};

struct sp_lockout_failure {
	uint32_t wait; /* seconds until the next try of this user from there counts */
	uint32_t failures; /* of this user in a row, from wherever */
	bool token_only_now; /* this one made it so: to be told */
	bool tell; /* the SP_LOCKOUT_TELLth in a row: to be told */
	bool spray_now; /* the source's network begins to spray: to be told, once */
	uint32_t users; /* distinct ones that failed from that network lately */
	uint32_t penalty; /* seconds for the source; 0: the usual ones */
	uint64_t who; /* a number that stands for the user, also when the rest failed; 0: none */
};

/*
 * Must a login wait? To be asked after the proof was checked, whatever came of it, so that the
 * wait tells nothing: a right password that must wait is refused like a wrong one. `familiar`
 * says that a device secret or a token was proved. Unknown users cost the same. A source on this
 * machine never waits: it cannot be told apart from others. SP_EDB: refuse.
 */
sp_nodiscard int sp_store_lockout_ask(struct sp_store *st, const char *user,
		const struct sp_source *source, bool familiar, int64_t now, struct sp_lockout *out);
/* A login failed. Kept across a restart and a crash, but not forced to the disk each time. */
sp_nodiscard int sp_store_lockout_failed(struct sp_store *st, const char *user,
		const struct sp_source *source, int64_t now, struct sp_lockout_failure *out);
/*
 * A login was granted, all factors: its source is familiar from now on, its own failures are
 * forgiven. `failures`: how many there were in a row before it, from wherever; for the log.
 */
sp_nodiscard int sp_store_lockout_succeeded(struct sp_store *st, const char *user,
		const struct sp_source *source, int64_t now, uint32_t *failures);
/* Forgets all failures and pauses of a user. SP_ENOTFOUND: no such user. */
sp_nodiscard int sp_store_lockout_clear(struct sp_store *st, const char *user);
/* What stands against a user from sources that are not familiar; for showing. */
sp_nodiscard int sp_store_lockout_show(
		struct sp_store *st, const char *user, int64_t now, struct sp_lockout *out);

/* The ladder itself: seconds of delay after that many failures. */
uint32_t sp_lockout_delay(uint32_t failures);

#endif
