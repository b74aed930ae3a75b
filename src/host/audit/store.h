/* host/audit/store.h - where the records are: one database, one chain, several hands. */
#ifndef SP_HOST_AUDIT_STORE_H
#define SP_HOST_AUDIT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/wr.h"
#include "host/audit/chain.h"
#include "host/audit/checkpoint.h"
#include "host/audit/event.h"
#include "host/audit/record.h"

#define SP_AUDIT_FOLDER "audit" /* below the state directory */
#define SP_AUDIT_FILE "audit.db"
#define SP_AUDIT_EACH 1000 /* records from one checkpoint to the next, at most */
#define SP_AUDIT_SENDER 16
#define SP_AUDIT_TAIL 2000 /* records that are looked at after a crash */

/*
 * The audit of a service. sp-scribe writes to it, and so may a command of the same account: each
 * group of records is a transaction, which begins by looking where the chain ends now.
 */
struct sp_audit_store;

struct sp_audit_now {
	uint64_t mono_ns; /* since the machine's boot, sleep included */
	uint64_t wall_ns; /* since 1970 */
};

/* What the clocks say. */
struct sp_audit_now sp_audit_now(void);

/*
 * Opens it for writing; a folder without one gets one. url says where the records are: "" or NULL
 * beside the keys in the folder, else in PostgreSQL (host/db/db.h), as the configuration's `store`
 * says. NULL and why.
 */
sp_nodiscard struct sp_audit_store *sp_audit_store_open(
		const char *dir, const char *url, struct sp_audit_now now, char why[SP_AUDIT_WHY]);
/* Opens it for looking only, while others write. NULL and why; *missing when there is none. */
sp_nodiscard struct sp_audit_store *sp_audit_store_read(
		const char *dir, const char *url, bool *missing, char why[SP_AUDIT_WHY]);
/* Accepts NULL. */
void sp_audit_store_close(struct sp_audit_store *st);
/* Why the last call failed. */
const char *sp_audit_store_why(const struct sp_audit_store *st);

/* ---- the service that writes; not for commands ---- */

/* What was found at the start. */
struct sp_audit_found {
	bool fresh; /* no service had a hand in it before */
	bool lost; /* there was another audit, of which only the files beside it are left */
	uint8_t before[SP_SIGN_PUBLIC]; /* its first key */
	bool crashed; /* the last life of the service did not end in order */
	uint64_t checked; /* records of the end that were looked at */
	uint64_t cut; /* records beyond the end, which nobody was told of: they are gone now */
	uint64_t bad; /* the first one that is not right; 0: all are */
	char why[SP_AUDIT_WHY]; /* of bad */
	struct sp_audit_now last; /* of the last record; zeroes where there is none */
	bool same_boot; /* the last record was of this boot of the machine */
};

/* What is to be told of `lost`. */
void sp_audit_lost_event(const uint8_t first[SP_SIGN_PUBLIC], struct sp_audit_event *e);
/*
 * Begins a life of the service: looks at the end of the chain if the last one crashed, writes
 * audit.recovered then, and the first checkpoint of a new audit.
 */
sp_nodiscard int sp_audit_start(
		struct sp_audit_store *st, struct sp_audit_now now, struct sp_audit_found *out);
/* Ends it in order, with a checkpoint. */
sp_nodiscard int sp_audit_stop(struct sp_audit_store *st, struct sp_audit_now now);
/* A new day by the clock, or one of long before the key's: a checkpoint, and the next key signs from then on. */
bool sp_audit_is_new_day(const struct sp_audit_store *st, struct sp_audit_now now);
sp_nodiscard int sp_audit_turn_day(struct sp_audit_store *st, struct sp_audit_now now);

/* The last ticket of this sender that was kept; 0: none. */
sp_nodiscard int sp_audit_ticket(
		struct sp_audit_store *st, const uint8_t sender[SP_AUDIT_SENDER], uint64_t *out);
/* Within a group: the last ticket that is in it. */
sp_nodiscard int sp_audit_set_ticket(struct sp_audit_store *st,
		const uint8_t sender[SP_AUDIT_SENDER], uint64_t ticket, struct sp_audit_now now);

/* ---- writing ---- */

/* Begins a group of records. Waits for another writer up to 5 s. */
sp_nodiscard int sp_audit_begin(struct sp_audit_store *st);
/*
 * Appends an event in its canonical form (else SP_EFIELD). When this fails otherwise the group is
 * to be rolled back. seq may be NULL.
 */
sp_nodiscard int sp_audit_append(struct sp_audit_store *st, struct sp_span event,
		struct sp_audit_now now, uint64_t *seq);
/* A checkpoint within the group. */
sp_nodiscard int sp_audit_checkpoint(struct sp_audit_store *st, struct sp_audit_now now);
/* Ends the group: all of it is durable once this is SP_OK, and nothing of it is there otherwise. */
sp_nodiscard int sp_audit_commit(struct sp_audit_store *st, struct sp_audit_now now);
/* Outside of a group it does nothing. */
void sp_audit_rollback(struct sp_audit_store *st);
/* One event, durable. For commands, and whoever has just one. */
sp_nodiscard int sp_audit_note(
		struct sp_audit_store *st, const struct sp_audit_event *e, struct sp_audit_now now);
/* Records since the last checkpoint; and the last record that there is. */
uint64_t sp_audit_open_records(const struct sp_audit_store *st);
uint64_t sp_audit_seq(const struct sp_audit_store *st);

/*
 * Removes all records before the first one that is not older than wall_ns, and says so in an
 * audit.retention; admin is who did it. *n: how many; 0 where there is nothing that old.
 */
sp_nodiscard int sp_audit_prune(struct sp_audit_store *st, uint64_t wall_ns, const char *admin,
		struct sp_audit_now now, uint64_t *n);

/* ---- what somebody behind the commits remembers; no part of the chain ---- */

/* Durable; not within a group. */
sp_nodiscard int sp_audit_state_put(
		struct sp_audit_store *st, const char *name, struct sp_span bytes);
/* Appends it to out; SP_ENOTFOUND. */
sp_nodiscard int sp_audit_state_get(struct sp_audit_store *st, const char *name, struct sp_wr *out);

/* ---- reading ---- */

/* One record; `event` is what is in it. Answer SP_OK to go on, 1 to stop. */
typedef int (*sp_audit_each_fn)(
		void *user, const struct sp_record *r, const struct sp_audit_view *event);
/*
 * Records from first to last, or from last to first where `back`. What cannot be read is passed
 * over and counted in *damaged (may be NULL): verify names it.
 */
sp_nodiscard int sp_audit_each(struct sp_audit_store *st, uint64_t first, uint64_t last, bool back,
		sp_audit_each_fn fn, void *user, uint64_t *damaged);
/*
 * All records that were written at or after since_ns and before until_ns stand from *first to
 * *last; others may stand between them. *first > *last: there are none.
 */
sp_nodiscard int sp_audit_between(struct sp_audit_store *st, uint64_t since_ns, uint64_t until_ns,
		uint64_t *first, uint64_t *last);
/* The last record that there is, 0 for none; looked up now. */
sp_nodiscard int sp_audit_last(struct sp_audit_store *st, uint64_t *seq);

/*
 * Follows the whole chain, with signatures from the root of trust on. SP_OK: all is as it was
 * written. SP_EFIELD: c->bad and c->why name the first that is not. SP_EDB: it cannot be read.
 * at_seq (0: none): a record that must have the hash at_hash, as somebody wrote it down elsewhere.
 */
sp_nodiscard int sp_audit_verify(struct sp_audit_store *st, const uint8_t root[SP_SIGN_PUBLIC],
		uint64_t at_seq, const uint8_t at_hash[SP_RECORD_HASH], struct sp_chain *c);

/*
 * The same for the end only, from a checkpoint on that has at least so many records behind it, where
 * there is one; whose keys those are is not asked.
 */
sp_nodiscard int sp_audit_verify_end(struct sp_audit_store *st, uint64_t least, struct sp_chain *c);

#endif
