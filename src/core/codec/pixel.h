/* core/codec/pixel.h - our frame buffer's pixels into those of the wire and back. */
#ifndef SP_CORE_CODEC_PIXEL_H
#define SP_CORE_CODEC_PIXEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A frame buffer of ours is BGRX32 everywhere: bytes B, G, R, X in memory, rows top-down with a
 * stride in bytes. X is ignored when read and written as 0xFF.
 *
 * Depths of the wire: 8 (index into a palette), 15 (x555), 16 (565), 24 (B, G, R), 32 (B, G, R,
 * X), all little-endian.
 */
#define SP_PIXEL_SIDE_MAX 8192 /* most columns or rows of any picture */

struct sp_palette {
	uint32_t bgrx[256]; /* as read from memory on a little-endian machine: 0xFFRRGGBB */
};

bool sp_pixel_depth_ok(unsigned depth);
/* Bytes per pixel: 1, 2, 2, 3, 4. 0 for any other depth. */
size_t sp_pixel_bytes(unsigned depth);
/* The palette that sp_pixel_pack assumes at 8 bits: 3 bits of red, 3 of green, 2 of blue. */
void sp_pixel_palette332(struct sp_palette *out);

/* n pixels of a frame buffer into n of the wire. dst and src do not overlap. */
void sp_pixel_pack(unsigned depth, uint8_t *dst, const uint8_t *src, size_t n);
/*
 * n pixels of the wire into n of a frame buffer; the palette is read at 8 bits only. What was
 * unpacked is packed into the same wire pixels again, but for the unused bit at 15.
 */
void sp_pixel_unpack(unsigned depth, const struct sp_palette *palette, uint8_t *dst,
		const uint8_t *src, size_t n);
/* dst may be src. What n pixels look like after a trip through the given depth. */
void sp_pixel_quantize(unsigned depth, uint8_t *dst, const uint8_t *src, size_t n);

#endif
