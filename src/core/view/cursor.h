/* core/view/cursor.h - pointer images into the masks of the wire and back. */
#ifndef SP_CORE_VIEW_CURSOR_H
#define SP_CORE_VIEW_CURSOR_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"

#define SP_CURSOR_MAX 96 /* of a new pointer with the large pointer flag */
#define SP_CURSOR_SMALL 32 /* what every client takes */
#define SP_CURSOR_LARGE_MAX 384 /* of a fast-path large pointer */

/* Pixels are B, G, R, A in memory, top-down without gaps between rows, straight alpha. */
struct sp_cursor {
	uint32_t w, h; /* INVARIANT: 1 <= both <= SP_CURSOR_LARGE_MAX */
	uint32_t hot_x, hot_y; /* INVARIANT: inside */
	uint8_t *bgra; /* w * h * 4 bytes of the caller's */
};

/* n pixels with premultiplied alpha, as X gives them, into straight ones. dst may be src. */
void sp_cursor_straight(uint8_t *dst, const uint8_t *src, size_t n);
/*
 * Shrinks the image in place until neither side is above max (the hot spot follows) and pulls
 * a hot spot from outside back in.
 */
void sp_cursor_fit(struct sp_cursor *c, uint32_t max);

/*
 * [MS-RDPBCGR] 2.2.9.1.1.4.4 xorMaskData and andMaskData, bottom-up, rows padded to 2 bytes.
 * depth is 32 (new pointer: xor mask with alpha, and mask set where it is 0) or 24 (colour
 * pointer: alpha below one half is transparent).
 */
sp_nodiscard int sp_cursor_masks(const struct sp_cursor *c, unsigned depth, struct sp_wr *xor_mask,
		struct sp_wr *and_mask);
/* Bytes of a mask of the given depth; the and mask's depth is 1. */
size_t sp_cursor_mask_size(uint32_t w, uint32_t h, unsigned depth);

/*
 * The other way: c->w, c->h and c->bgra are given, the pixels are filled in. depth is 1, 8, 16,
 * 24 or 32; the palette is read at 8 only. An absent or short and mask is one without a bit
 * set, as clients take it. Pixels that invert the screen become black where x + y is even and
 * white elsewhere. SP_ESHORT when the xor mask is short, SP_EARG for a size or depth out of range.
 */
sp_nodiscard int sp_cursor_decode(struct sp_cursor *c, unsigned depth, struct sp_span xor_mask,
		struct sp_span and_mask, const struct sp_palette *palette);

#endif
