/* core/codec/wire.h - one pixel of a frame buffer into one of the wire and back. */
#ifndef SP_CORE_CODEC_WIRE_H
#define SP_CORE_CODEC_WIRE_H

#include <stdint.h>

#define SP_WIRE_OPAQUE 0xff000000u /* X of the pixels we write */

/* bgrx is 0xXXRRGGBB. */
static inline uint32_t sp_wire_pack(unsigned depth, uint32_t bgrx)
{
	switch (depth) {
	case 8:
		return (bgrx >> 16 & 0xe0) | (bgrx >> 11 & 0x1c) | (bgrx >> 6 & 0x03);
	case 15:
		return (bgrx >> 9 & 0x7c00) | (bgrx >> 6 & 0x03e0) | (bgrx >> 3 & 0x001f);
	case 16:
		return (bgrx >> 8 & 0xf800) | (bgrx >> 5 & 0x07e0) | (bgrx >> 3 & 0x001f);
	default:
		return bgrx & 0xffffff;
	}
}

/*
 * 0x00RRGGBB; at 8 bits the index itself. Every bit of the result is one bit of the wire pixel,
 * so what is XORed on the wire may as well be XORed after unpacking.
 */
static inline uint32_t sp_wire_unpack(unsigned depth, uint32_t v)
{
	switch (depth) {
	case 8:
		return v & 0xff;
	case 15:
		return (v << 9 & 0xf80000) | (v << 4 & 0x070000) | (v << 6 & 0xf800) |
				(v << 1 & 0x0700) | (v << 3 & 0xf8) | (v >> 2 & 0x07);
	case 16:
		return (v << 8 & 0xf80000) | (v << 3 & 0x070000) | (v << 5 & 0xfc00) |
				(v >> 1 & 0x0300) | (v << 3 & 0xf8) | (v >> 2 & 0x07);
	default:
		return v & 0xffffff;
	}
}

#endif
