/* host/audit/record.h - one kept event with its place in the chain, and the bytes that are hashed. */
#ifndef SP_HOST_AUDIT_RECORD_H
#define SP_HOST_AUDIT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"
#include "host/audit/event.h"

#define SP_RECORD_HASH 32 /* SHA-256 */
#define SP_RECORD_BOOT 16
#define SP_RECORD_HOST 65 /* HOST_NAME_MAX and a NUL */
#define SP_RECORD_HEAD 77 /* all but host and event */
#define SP_RECORD_MAX (SP_RECORD_HEAD + SP_RECORD_HOST + SP_AUDIT_MAX)

/*
 * Bytes of a record, little endian: version (1), hash of the record before (32, zeroes for the
 * first), sequence (8), boot id (16), nanoseconds since that boot (8), nanoseconds since 1970 (8),
 * host: length (2), bytes; event: length (2), bytes. Its hash is SHA-256 over all of them.
 */
struct sp_record {
	uint64_t seq; /* from 1, without gaps */
	uint8_t boot[SP_RECORD_BOOT]; /* the machine's boot id */
	uint64_t mono_ns; /* since that boot; goes on while the machine sleeps */
	uint64_t wall_ns; /* since 1970, UTC, as the machine's clock said */
	char host[SP_RECORD_HOST]; /* name of the machine; any bytes but NUL */
	struct sp_span event; /* canonical bytes, event.h; borrowed */
	uint8_t prev[SP_RECORD_HASH];
	uint8_t hash[SP_RECORD_HASH]; /* of this one; not among its bytes */
};

/* Writes the bytes, sets r->hash, and says how many they are. The event has at most SP_AUDIT_MAX. */
size_t sp_record_write(struct sp_record *r, uint8_t out[SP_RECORD_MAX]);
/*
 * Takes them apart again: nothing but what sp_record_write() makes. The event is borrowed and not
 * looked at. Sets the hash to what the bytes have. SP_ESHORT, SP_EFIELD, SP_ELIMIT, SP_ETRAIL.
 */
sp_nodiscard int sp_record_read(struct sp_span bytes, struct sp_record *out);

#endif
