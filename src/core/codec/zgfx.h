/* core/codec/zgfx.h - RDP 8.0 bulk compression, of the graphics pipeline and of dynamic channels. */
#ifndef SP_CORE_CODEC_ZGFX_H
#define SP_CORE_CODEC_ZGFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

enum sp_zgfx_kind {
	SP_ZGFX_FULL, /* [MS-RDPEGFX] 3.1.9.1 */
	SP_ZGFX_LITE, /* [MS-RDPEDYC] 2.2.3.3: one small segment at a time, a small history */
};

#define SP_ZGFX_WINDOW 2500000u
#define SP_ZGFX_SEGMENT 65535u
#define SP_ZGFX_LITE_WINDOW 8192u
#define SP_ZGFX_LITE_SEGMENT 8192u
/* What an encoder adds at most to a single segment: descriptor and header. */
#define SP_ZGFX_OVERHEAD 2

struct sp_zgfx_dec;

/* A message longer than max is not decoded. NULL without memory. */
sp_nodiscard struct sp_zgfx_dec *sp_zgfx_dec_create(enum sp_zgfx_kind kind, size_t max);
/* Accepts NULL. */
void sp_zgfx_dec_destroy(struct sp_zgfx_dec *d);
/* Another max. */
void sp_zgfx_dec_limit(struct sp_zgfx_dec *d, size_t max);
/*
 * [MS-RDPEGFX] 2.2.5.1 RDP_SEGMENTED_DATA: in is one, *out its plain bytes, valid until the next
 * call on d. After an error (SP_ECODEC, SP_ELIMIT, SP_ENOMEM) the history is not what the
 * other side believes: d is of no use any more.
 */
sp_nodiscard int sp_zgfx_decode(struct sp_zgfx_dec *d, struct sp_span in, struct sp_span *out);
/* The history, and back into a decoder of the same kind; after an error that is as new. */
sp_nodiscard int sp_zgfx_dec_save(const struct sp_zgfx_dec *d, struct sp_wr *out);
sp_nodiscard int sp_zgfx_dec_load(struct sp_zgfx_dec *d, struct sp_span in);

struct sp_zgfx_enc;

/* NULL without memory. */
sp_nodiscard struct sp_zgfx_enc *sp_zgfx_enc_create(enum sp_zgfx_kind kind);
/* Accepts NULL. */
void sp_zgfx_enc_destroy(struct sp_zgfx_enc *e);
/*
 * Appends one RDP_SEGMENTED_DATA, segments raw where nothing is gained. SP_EARG for more than
 * the kind takes in one (LITE: a segment); or what out failed with, after which e is of no use.
 */
sp_nodiscard int sp_zgfx_encode(struct sp_zgfx_enc *e, struct sp_span in, struct sp_wr *out);

struct sp_zgfx_part {
	struct sp_span data;
	bool raw; /* nothing is to be gained: it is not tried */
};
/* The same of a message in parts, each in segments of its own. LITE takes one. */
sp_nodiscard int sp_zgfx_encode_parts(struct sp_zgfx_enc *e, const struct sp_zgfx_part *parts,
		size_t n, struct sp_wr *out);

#endif
