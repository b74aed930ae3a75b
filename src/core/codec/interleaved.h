/* core/codec/interleaved.h - interleaved RLE bitmaps of 8, 15, 16 and 24 bits per pixel. */
#ifndef SP_CORE_CODEC_INTERLEAVED_H
#define SP_CORE_CODEC_INTERLEAVED_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"

#define SP_INTERLEAVED_TILE 64 /* most columns or rows that the encoder takes */

/*
 * [MS-RDPBCGR] 2.2.9.1.1.3.1.2.4 RLE Compressed Bitmap Stream (RLE_BITMAP_STREAM). Decodes w x h
 * pixels into BGRX. row is where the first row of the stream goes, step what leads to the next
 * one in bytes: negative for the bottom-up pictures of bitmap updates. w and h are at most
 * SP_PIXEL_SIDE_MAX. The palette is read at 8 bits only.
 * SP_ESHORT when the stream ends early, SP_ECODEC when it is damaged, SP_EARG for a size or
 * depth out of range; some of the rectangle may be written then, nothing outside ever.
 */
sp_nodiscard int sp_interleaved_decode(unsigned depth, const struct sp_palette *palette,
		const uint8_t *src, size_t n, uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h);

/*
 * Appends a tile of w x h pixels (at most SP_INTERLEAVED_TILE each) as one stream whose width is
 * w rounded up to a multiple of 4; the columns added repeat the last one. row and step as
 * above. Returns the bytes appended; 0, and nothing appended, when that would not be less than
 * the tile has uncompressed; SP_EARG, or what out failed with. out needs room for
 * the uncompressed tile while this runs.
 */
sp_nodiscard int sp_interleaved_encode(unsigned depth, const uint8_t *row, ptrdiff_t step,
		uint32_t w, uint32_t h, struct sp_wr *out);

#endif
