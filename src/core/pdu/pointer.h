/* core/pdu/pointer.h - pointer updates, the same forms in the slow and the fast path. */
#ifndef SP_CORE_PDU_POINTER_H
#define SP_CORE_PDU_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"
#include "core/pdu/fastpath.h"

#define SP_POINTER_MAX 96 /* pixels a side of COLOR and NEW */
#define SP_POINTER_MAX_LARGE 384 /* of LARGE */

enum sp_pointer_kind {
	SP_POINTER_HIDDEN,
	SP_POINTER_DEFAULT,
	SP_POINTER_POSITION,
	SP_POINTER_COLOR, /* bpp 24 */
	SP_POINTER_NEW, /* bpp 1, 4, 8, 16, 24 or 32 */
	SP_POINTER_CACHED,
	SP_POINTER_LARGE, /* as NEW; fast path only */
};

/*
 * [MS-RDPBCGR] 2.2.9.1.1.4.* and 2.2.9.1.2.1.11
 * INVARIANT after reading a shape: width and height are within the limits of the kind (0 by 0
 * is possible); the hot spot lies inside; xor_mask.n and and_mask.n are height times the stride below, or
 * 0 where the peer left a mask out.
 */
struct sp_pointer {
	enum sp_pointer_kind kind;
	uint16_t x, y; /* POSITION; hot spot of a shape */
	uint16_t cache; /* shapes and CACHED; the caller checks it against its cache */
	uint16_t bpp; /* of the xor mask */
	uint16_t width, height;
	struct sp_span xor_mask; /* bottom-up rows, each padded to 2 bytes; borrowed */
	struct sp_span and_mask; /* 1 bpp, bottom-up rows, each padded to 2 bytes; borrowed */
};

/* Bytes of one row of a mask. */
static inline size_t sp_pointer_stride(size_t width, size_t bpp)
{
	return (width * bpp + 15) / 16 * 2;
}

/* [MS-RDPBCGR] 2.2.9.1.1.4 Server Pointer Update PDU, the body behind the Share Data Header. */
sp_nodiscard int sp_pointer_slow_read(struct sp_rd *r, struct sp_pointer *out);
/* LARGE has no slow-path form and fails the writer. */
void sp_pointer_slow_write(struct sp_wr *w, const struct sp_pointer *in);

/* True for the update codes that sp_pointer_fast_read takes. */
bool sp_pointer_is_code(uint8_t code);
/* r is the data of an update with that code. */
sp_nodiscard int sp_pointer_fast_read(struct sp_rd *r, uint8_t code, struct sp_pointer *out);
/* The update code for in, and the data that belongs to it. */
enum sp_fp_code sp_pointer_fast_code(const struct sp_pointer *in);
void sp_pointer_fast_write(struct sp_wr *w, const struct sp_pointer *in);

#endif
