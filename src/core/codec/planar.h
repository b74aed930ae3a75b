/* core/codec/planar.h - planar bitmaps of RDP 6.0, 32 bits per pixel. */
#ifndef SP_CORE_CODEC_PLANAR_H
#define SP_CORE_CODEC_PLANAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"

#define SP_PLANAR_TILE 64 /* most columns or rows that the encoder takes */

/*
 * [MS-RDPEGDI] 2.2.2.5.1 RDP 6.0 Bitmap Compressed Bitmap Stream (RDP6_BITMAP_STREAM). Decodes
 * w x h pixels, with whatever the stream uses: RLE or raw planes, alpha, AYCoCg with colour loss
 * and chroma subsampling. X gets the alpha plane, 0xFF without one. row is where the first row
 * of the stream goes, step what leads to the next one in bytes: negative for the bottom-up
 * pictures of bitmap updates. w and h are at most SP_PIXEL_SIDE_MAX. Bytes behind the last plane
 * are ignored. SP_ESHORT, SP_ECODEC or SP_EARG as sp_interleaved_decode; nothing outside the
 * rectangle is ever written.
 */
sp_nodiscard int sp_planar_decode(
		const uint8_t *src, size_t n, uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h);

/*
 * Appends a tile of w x h pixels (at most SP_PLANAR_TILE each), lossless, RLE or raw, whichever
 * is smaller. The width of the stream is w rounded up to a multiple of 4; the columns added
 * repeat the last one. With alpha an opaque alpha plane is sent too, for a client without
 * DRAW_ALLOW_SKIP_ALPHA; X is never sent. out needs room for SP_PLANAR_ROOM bytes
 * while this runs. Returns the bytes appended (at most SP_PLANAR_BOUND), SP_EARG, or what out
 * failed with.
 */
sp_nodiscard int sp_planar_encode(const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h,
		bool alpha, struct sp_wr *out);

/* The same for the graphics pipeline, where a stream has the columns of its rectangle: w, no alpha. */
sp_nodiscard int sp_planar_encode_exact(
		const uint8_t *row, ptrdiff_t step, uint32_t w, uint32_t h, struct sp_wr *out);

struct sp_planar_conf {
	bool padded; /* to a multiple of 4 columns, as bitmap updates are */
	bool alpha; /* an opaque alpha plane, for a client without DRAW_ALLOW_SKIP_ALPHA */
	uint8_t loss; /* colour loss level: 1 (least) to 7 bits of chroma are dropped */
	bool subsample; /* chroma of 2x2 pixels together */
};

/*
 * The same as luma and chroma, for a client with DRAW_ALLOW_DYNAMIC_COLOR_FIDELITY, and
 * DRAW_ALLOW_COLOR_SUBSAMPLING where conf says so. Greys lose nothing.
 */
sp_nodiscard int sp_planar_encode_lossy(const struct sp_planar_conf *conf, const uint8_t *row,
		ptrdiff_t step, uint32_t w, uint32_t h, struct sp_wr *out);

#define SP_PLANAR_BOUND (2 + 4 * SP_PLANAR_TILE * SP_PLANAR_TILE)
#define SP_PLANAR_ROOM (SP_PLANAR_BOUND + 256)

#endif
