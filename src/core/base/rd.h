/* core/base/rd.h - read cursor over borrowed bytes; the first failure sticks. */
#ifndef SP_CORE_BASE_RD_H
#define SP_CORE_BASE_RD_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

/*
 * Every read checks. After the first failure all reads give 0, an empty span or an empty
 * cursor, and nothing moves, so a PDU is read like the table in its specification and checked
 * once at the end. No loop bound, allocation size or array index may come from a cursor before
 * sp_rd_ok() was asked.
 */
struct sp_rd {
	const uint8_t *p, *end;
	const uint8_t *start;
	int err; /* SP_OK or the first failure */
	const char *what; /* the field that failed, "tpkt.length"; static */
	size_t at; /* offset from start of that failure */
	struct sp_rd *up; /* the cursor this one is a part of; takes over its failure */
};

void sp_rd_init(struct sp_rd *r, const void *p, size_t n);

uint8_t sp_rd_u8(struct sp_rd *r);
uint16_t sp_rd_le16(struct sp_rd *r);
uint16_t sp_rd_be16(struct sp_rd *r);
uint32_t sp_rd_le32(struct sp_rd *r);
uint32_t sp_rd_be32(struct sp_rd *r);
uint64_t sp_rd_le64(struct sp_rd *r);
/* The next n bytes, borrowed from the input. */
struct sp_span sp_rd_span(struct sp_rd *r, size_t n);
/* All bytes that are left. */
struct sp_span sp_rd_rest(struct sp_rd *r);
void sp_rd_copy(struct sp_rd *r, void *to, size_t n);
void sp_rd_skip(struct sp_rd *r, size_t n);
/*
 * A cursor over the next n bytes, for a structure with a length of its own; r moves behind
 * them. A failure in the part becomes a failure of r as well, so r must outlive it.
 */
struct sp_rd sp_rd_sub(struct sp_rd *r, size_t n);

size_t sp_rd_left(const struct sp_rd *r);
/* Bytes read so far. */
size_t sp_rd_at(const struct sp_rd *r);
/* Marks the cursor failed unless it is already; returns the error that sticks. */
int sp_rd_fail(struct sp_rd *r, int err, const char *field);
sp_nodiscard int sp_rd_ok(const struct sp_rd *r);
/* SP_OK only when nothing failed and no byte is left over. */
sp_nodiscard int sp_rd_end(struct sp_rd *r);

#endif
