/* host/audit/store_part.h - what the files of the audit's store share. */
#ifndef SP_HOST_AUDIT_STORE_PART_H
#define SP_HOST_AUDIT_STORE_PART_H

#include <limits.h>

#include "host/audit/store.h"
#include "host/db/db.h"

/* The end of the chain, as its row has it. */
struct sp_audit_head {
	bool there;
	uint64_t seq;
	uint8_t hash[SP_RECORD_HASH];
	uint64_t since; /* records since the last checkpoint */
	bool living; /* a service writes, or died writing */
};

struct sp_audit_store {
	struct sp_db *db;
	char dir[PATH_MAX];
	bool writer; /* has keys, boot and host */
	bool service; /* between sp_audit_start() and sp_audit_stop() */
	struct sp_audit_keys keys;
	uint8_t boot[SP_RECORD_BOOT];
	char host[SP_RECORD_HOST];
	struct sp_audit_head head; /* within a group: as it will be */
	struct sp_audit_head kept; /* as it is in the database */
	int64_t hour; /* of hour_seq, the last record that was appended here; 0: not known */
	uint64_t hour_seq;
	bool lost; /* another audit was here, that began with the key `before`; nobody was told yet */
	uint8_t before[SP_SIGN_PUBLIC];
	uint8_t bytes[SP_RECORD_MAX];
	char why[SP_AUDIT_WHY];
};

sp_printf(3, 4) int sp_audit_fail(struct sp_audit_store *st, int err, const char *fmt, ...);
int sp_audit_db_fail(struct sp_audit_store *st, int err);
/* Prepares a statement; NULL, and why noted. */
sp_nodiscard struct sp_stmt *sp_audit_stmt(struct sp_audit_store *st, const char *sql);
/* Runs one without rows; why noted. */
sp_nodiscard int sp_audit_run(struct sp_audit_store *st, struct sp_stmt *s);
/* Reads the row of the end; an audit without any record has none. */
sp_nodiscard int sp_audit_read_head(
		struct sp_audit_store *st, struct sp_audit_head *h, struct sp_audit_signed *sign);

/* ---- which records are of which hour: store_time.c ---- */

/* Within a group: the record that was just appended. */
sp_nodiscard int sp_audit_note_time(struct sp_audit_store *st, uint64_t seq, uint64_t wall_ns);
/* Makes the table of an audit that was written by an earlier version. */
sp_nodiscard int sp_audit_fill_times(struct sp_audit_store *st);
/* Within a transaction: hours all of whose records are gone. */
sp_nodiscard int sp_audit_forget_times(struct sp_audit_store *st);

/* A walk along the chain that looks whether the table hides a record. */
struct sp_audit_times {
	struct sp_audit_store *st;
	bool there; /* the table */
	int64_t hour; /* of the records from first to last; first 0: none yet */
	uint64_t first, last;
};

void sp_audit_times_init(struct sp_audit_times *t, struct sp_audit_store *st);
/* The record that the chain has just taken; SP_EFIELD: those before are hidden, as c says. */
sp_nodiscard int sp_audit_times_feed(struct sp_audit_times *t, struct sp_chain *c);
sp_nodiscard int sp_audit_times_end(struct sp_audit_times *t, struct sp_chain *c);

#endif
