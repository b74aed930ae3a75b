/* core/pdu/per.h - the little of aligned PER that MCS and GCC need. */
#ifndef SP_CORE_PDU_PER_H
#define SP_CORE_PDU_PER_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* UserId and DynamicChannelId are INTEGER (1001..65535), [T.125] 7 part 1. */
#define SP_MCS_USER_MIN 1001

/*
 * Length determinant of one or two bytes. The two-byte form has 14 bits in PER; servers that
 * know of no fragments use 15, and so does the reader. Callers compare it with what is left.
 */
size_t sp_per_read_length(struct sp_rd *r, const char *field);
/* Shortest form; a length over 0x3FFF fails with SP_ESPACE. */
void sp_per_write_length(struct sp_wr *w, size_t n);
uint16_t sp_per_read_user(struct sp_rd *r, const char *field);
void sp_per_write_user(struct sp_wr *w, uint16_t user);
/* INTEGER (0..MAX): a length of 1 to 4, then the number. */
uint32_t sp_per_read_uint(struct sp_rd *r, const char *field);
void sp_per_write_uint(struct sp_wr *w, uint32_t v);

#endif
