/* core/codec/nsc.h - NSCodec bitmaps: luma and chroma planes, each run-length encoded or raw. */
#ifndef SP_CORE_CODEC_NSC_H
#define SP_CORE_CODEC_NSC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"

/*
 * row is where the first row of the stream comes from or goes to, step what leads to the next one
 * in bytes: negative for the bottom-up pictures of surface commands and cached bitmaps, positive
 * inside ClearCodec.
 */

/* What both sides agreed on, [MS-RDPNSC] 2.2.1, or less. */
struct sp_nsc_conf {
	uint8_t loss; /* colour loss level: 1 (least) to 7 bits of chroma are dropped */
	bool subsample; /* chroma of 2x2 pixels together */
};

/*
 * [MS-RDPNSC] 2.2.2 NSCodec Compressed Bitmap Stream (NSCODEC_BITMAP_STREAM). Decodes w x h
 * pixels (at most SP_PIXEL_SIDE_MAX each); X gets the alpha plane, 0xFF without one. Bytes behind
 * the last plane are ignored. SP_ESHORT, SP_ECODEC or SP_EARG; nothing outside the rectangle is
 * ever written, but after an error part of it may be.
 */
sp_nodiscard int sp_nsc_decode(
		const uint8_t *src, size_t n, uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h);

/* Room to work in; each thread that encodes has one of its own. */
struct sp_nsc_enc;

/* NULL without memory. */
sp_nodiscard struct sp_nsc_enc *sp_nsc_enc_create(void);
/* Accepts NULL. */
void sp_nsc_enc_destroy(struct sp_nsc_enc *e);
/*
 * Appends a picture of w x h pixels (at most SP_PIXEL_SIDE_MAX each), opaque; X is not read. Keeps
 * nothing between calls. out needs room for SP_NSC_ROOM(w, h) bytes while this runs. Returns the
 * bytes appended, SP_EARG, SP_ENOMEM, or what out failed with.
 */
sp_nodiscard int sp_nsc_encode(struct sp_nsc_enc *e, const struct sp_nsc_conf *conf,
		const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h, struct sp_wr *out);

/* Planes without gain are sent raw: three of them, padded, the alpha plane, and some slack. */
#define SP_NSC_ROOM(w, h) (20 + 3 * (((size_t)(w) + 7) & ~(size_t)7) * ((size_t)(h) + 1) + 256)

#endif
