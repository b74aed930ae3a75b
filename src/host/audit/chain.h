/* host/audit/chain.h - following the records of the audit one by one: does each continue the one before? */
#ifndef SP_HOST_AUDIT_CHAIN_H
#define SP_HOST_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "host/audit/checkpoint.h"
#include "host/audit/record.h"

/* A walk along the chain. Embed it; nothing has to be freed. */
struct sp_chain {
	uint8_t key[SP_SIGN_PUBLIC]; /* who signs here */
	uint8_t next[SP_SIGN_PUBLIC]; /* who signs after that; where `named` */
	bool named;
	bool loose; /* without keys: signatures are not looked at */
	uint64_t first, seq; /* of the first and the last record so far; 0: none */
	uint8_t before[SP_RECORD_HASH]; /* what the first one says was before it */
	uint8_t hash[SP_RECORD_HASH]; /* of the last one */
	uint64_t records, checkpoints, turns; /* turns: of keys */
	uint64_t steps, recovered; /* clock.step, audit.recovered */
	uint64_t checkpoint_seq, checkpoint_ns; /* the last one and when it was signed */
	uint64_t anchor; /* sequence of the last anchor */
	struct sp_record record; /* the last one; borrows its event */
	struct sp_audit_view event; /* of the last one */
	struct sp_audit_signed retention; /* seq 0: the last one is no audit.retention */
	uint64_t bad; /* the first bad record, once something failed */
	char why[SP_AUDIT_WHY]; /* "record 17 was changed" */
};

/* Begins with the root of trust; NULL: signatures are not looked at. */
void sp_chain_init(struct sp_chain *c, const uint8_t root[SP_SIGN_PUBLIC]);
/*
 * A checkpoint out of a part that retention removed: kept for the names of the keys. In order,
 * before all records. SP_EFIELD, and why.
 */
sp_nodiscard int sp_chain_anchor(struct sp_chain *c, uint64_t seq, struct sp_span bytes);
/*
 * The next record as a row has it: its number, bytes and hash. The first one may have any number.
 * SP_EFIELD, bad and why. After a failure the walk is over.
 */
sp_nodiscard int sp_chain_feed(
		struct sp_chain *c, int64_t row, struct sp_span bytes, struct sp_span hash);
/* Whether these keys may sign here: today's, or the next one's. */
bool sp_chain_signer(const struct sp_chain *c, const struct sp_audit_signed *s);
/* Notes the first bad record and why; SP_EFIELD. */
sp_printf(3, 4) int sp_chain_fail(struct sp_chain *c, uint64_t bad, const char *fmt, ...);

#endif
