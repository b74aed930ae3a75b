/* core/base/wr.h - append-only writer with a maximum; the first failure sticks. */
#ifndef SP_CORE_BASE_WR_H
#define SP_CORE_BASE_WR_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"

/*
 * Either grows on the heap up to max, or writes into the caller's fixed memory. After a
 * failure nothing is appended any more; ask sp_wr_ok() once at the end.
 */
struct sp_wr {
	uint8_t *p;
	size_t n, cap, max;
	struct sp_rcbuf *heap; /* owns p when the writer grows by itself */
	int err; /* SP_OK, SP_ENOMEM or SP_ESPACE */
};

/* A writer that grows up to max bytes. Allocates nothing until the first byte. */
void sp_wr_init(struct sp_wr *w, size_t max);
/* A writer into cap bytes of the caller's. */
void sp_wr_fixed(struct sp_wr *w, void *p, size_t cap);
/* Frees what the writer holds; w may be used again after an init. Accepts a zeroed writer. */
void sp_wr_finish(struct sp_wr *w);
/* Forgets the bytes and the failure, keeps the memory. */
void sp_wr_reset(struct sp_wr *w);
/*
 * The bytes as a buffer with one reference that the caller owns; the writer is empty and may
 * be used again. NULL when anything failed (the failure stays), and SP_EARG for a fixed writer.
 */
sp_nodiscard struct sp_rcbuf *sp_wr_take(struct sp_wr *w);

void sp_wr_u8(struct sp_wr *w, uint8_t v);
void sp_wr_le16(struct sp_wr *w, uint16_t v);
void sp_wr_be16(struct sp_wr *w, uint16_t v);
void sp_wr_le32(struct sp_wr *w, uint32_t v);
void sp_wr_be32(struct sp_wr *w, uint32_t v);
void sp_wr_le64(struct sp_wr *w, uint64_t v);
void sp_wr_put(struct sp_wr *w, const void *p, size_t n);
void sp_wr_span(struct sp_wr *w, struct sp_span s);
void sp_wr_zero(struct sp_wr *w, size_t n);
/*
 * Room for n more bytes, to be filled in by the caller at once; NULL after a failure. Valid
 * until the next call on w.
 */
uint8_t *sp_wr_room(struct sp_wr *w, size_t n);
/* Gives back the last n bytes of what was written. */
void sp_wr_shrink(struct sp_wr *w, size_t n);

/* Appends n zero bytes to be filled in later; returns their offset. */
size_t sp_wr_hole(struct sp_wr *w, size_t n);
void sp_wr_fill_u8(struct sp_wr *w, size_t at, uint8_t v);
/* v must fit; a larger value marks the writer SP_ESPACE rather than being cut. */
void sp_wr_fill_le16(struct sp_wr *w, size_t at, size_t v);
void sp_wr_fill_be16(struct sp_wr *w, size_t at, size_t v);
void sp_wr_fill_le32(struct sp_wr *w, size_t at, size_t v);

int sp_wr_fail(struct sp_wr *w, int err);
sp_nodiscard int sp_wr_ok(const struct sp_wr *w);

#endif
