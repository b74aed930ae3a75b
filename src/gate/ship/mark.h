/* gate/ship/mark.h - up to where a destination has the records: one small file. */
#ifndef SP_GATE_SHIP_MARK_H
#define SP_GATE_SHIP_MARK_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"
#include "host/audit/record.h"

#define SP_MARK_MAX 256 /* bytes of the file */

/* A place in the audit: this record and all before it. */
struct sp_mark {
	uint64_t seq; /* 0: none */
	uint8_t hash[SP_RECORD_HASH]; /* of that record, to know the audit again; zeroes for 0 */
	uint64_t wall_ns; /* when that was written */
	uint64_t missed; /* records before it that were gone before they were shipped */
};

/* The text of the file; its length. */
size_t sp_mark_write(const struct sp_mark *m, char out[SP_MARK_MAX]);
/* Nothing but what sp_mark_write() makes: else SP_EFIELD. */
sp_nodiscard int sp_mark_read(struct sp_span text, struct sp_mark *out);

/* The file in a destination's folder. */
#define SP_MARK_FILE "mark"
/* Makes the folder of a destination, which no other may touch; a file in its place was its mark. SP_ESYS. */
sp_nodiscard int sp_mark_folder(const char *path);

/* SP_ENOTFOUND, SP_EFIELD, SP_ELIMIT, SP_ESYS. */
sp_nodiscard int sp_mark_load(const char *path, struct sp_mark *out);
/* Durable, whole or not at all. */
sp_nodiscard int sp_mark_save(const char *path, const struct sp_mark *m);

#endif
