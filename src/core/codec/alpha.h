/* core/codec/alpha.h - the alpha codec: the opacity of each pixel of a surface. */
#ifndef SP_CORE_CODEC_ALPHA_H
#define SP_CORE_CODEC_ALPHA_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"

/*
 * [MS-RDPEGFX] 2.2.4.3 ALPHACODEC_BITMAP_STREAM. Sets X of w x h pixels at px (at most
 * SP_PIXEL_SIDE_MAX each), rows top-down, and leaves their colours. The stream has to hold exactly
 * as many values. SP_ESHORT, SP_ECODEC, SP_EARG.
 */
sp_nodiscard int sp_alpha_decode(
		struct sp_span in, uint8_t *px, size_t stride, uint32_t w, uint32_t h);
/*
 * Appends X of w x h pixels, run-length encoded or raw, whichever is smaller. Returns the bytes
 * appended, SP_EARG, or what out failed with, after which out is as it was but for its failure.
 */
sp_nodiscard int sp_alpha_encode(
		const uint8_t *px, size_t stride, uint32_t w, uint32_t h, struct sp_wr *out);
#define SP_ALPHA_BOUND(w, h) (4 + (size_t)(w) * (h))

#endif
