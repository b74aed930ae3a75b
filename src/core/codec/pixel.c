/* core/codec/pixel.c - see pixel.h. */
#include "core/codec/pixel.h"

#include <string.h>

#include "core/codec/simd.h"
#include "core/codec/wire.h"

bool sp_pixel_depth_ok(unsigned depth)
{
	return sp_pixel_bytes(depth) > 0;
}

size_t sp_pixel_bytes(unsigned depth)
{
	switch (depth) {
	case 8:
		return 1;
	case 15:
	case 16:
		return 2;
	case 24:
		return 3;
	case 32:
		return 4;
	default:
		return 0;
	}
}

void sp_pixel_palette332(struct sp_palette *out)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t r = (i >> 5) * 255 / 7, g = (i >> 2 & 7) * 255 / 7, b = (i & 3) * 255 / 3;

		out->bgrx[i] = SP_WIRE_OPAQUE | r << 16 | g << 8 | b;
	}
}

static void pack24(uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4, dst += 12, src += 16) {
		uint32_t a = sp_simd_load32(src) & 0xffffff, b = sp_simd_load32(src + 4) & 0xffffff;
		uint32_t c = sp_simd_load32(src + 8) & 0xffffff, d = sp_simd_load32(src + 12);

		sp_simd_store32(dst, a | b << 24);
		sp_simd_store32(dst + 4, b >> 8 | c << 16);
		sp_simd_store32(dst + 8, c >> 16 | d << 8);
	}
	for (; i < n; i++, dst += 3, src += 4) {
		dst[0] = src[0];
		dst[1] = src[1];
		dst[2] = src[2];
	}
}

static void unpack24(uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4, dst += 16, src += 12) {
		uint32_t a = sp_simd_load32(src), b = sp_simd_load32(src + 4);
		uint32_t c = sp_simd_load32(src + 8);

		sp_simd_store32(dst, SP_WIRE_OPAQUE | a);
		sp_simd_store32(dst + 4, SP_WIRE_OPAQUE | a >> 24 | b << 8);
		sp_simd_store32(dst + 8, SP_WIRE_OPAQUE | b >> 16 | c << 16);
		sp_simd_store32(dst + 12, SP_WIRE_OPAQUE | c >> 8);
	}
	for (; i < n; i++, dst += 4, src += 3) {
		dst[0] = src[0];
		dst[1] = src[1];
		dst[2] = src[2];
		dst[3] = 0xff;
	}
}

static inline void store16(uint8_t *p, uint32_t v)
{
	uint16_t half = (uint16_t)v;

	memcpy(p, &half, sizeof(half));
}

static inline uint32_t load16(const uint8_t *p)
{
	uint16_t half;

	memcpy(&half, p, sizeof(half));
	return half;
}

void sp_pixel_pack(unsigned depth, uint8_t *dst, const uint8_t *src, size_t n)
{
	switch (depth) {
	case 8:
		for (size_t i = 0; i < n; i++) {
			dst[i] = (uint8_t)sp_wire_pack(8, sp_simd_load32(src + 4 * i));
		}
		break;
	case 15:
		for (size_t i = 0; i < n; i++) {
			store16(dst + 2 * i, sp_wire_pack(15, sp_simd_load32(src + 4 * i)));
		}
		break;
	case 16:
		for (size_t i = 0; i < n; i++) {
			store16(dst + 2 * i, sp_wire_pack(16, sp_simd_load32(src + 4 * i)));
		}
		break;
	case 24:
		pack24(dst, src, n);
		break;
	case 32:
		memcpy(dst, src, 4 * n);
		break;
	default:
		break;
	}
}

void sp_pixel_unpack(unsigned depth, const struct sp_palette *palette, uint8_t *dst,
		const uint8_t *src, size_t n)
{
	switch (depth) {
	case 8:
		for (size_t i = 0; i < n; i++) {
			sp_simd_store32(dst + 4 * i, palette->bgrx[src[i]]);
		}
		break;
	case 15:
		for (size_t i = 0; i < n; i++) {
			sp_simd_store32(dst + 4 * i,
					SP_WIRE_OPAQUE | sp_wire_unpack(15, load16(src + 2 * i)));
		}
		break;
	case 16:
		for (size_t i = 0; i < n; i++) {
			sp_simd_store32(dst + 4 * i,
					SP_WIRE_OPAQUE | sp_wire_unpack(16, load16(src + 2 * i)));
		}
		break;
	case 24:
		unpack24(dst, src, n);
		break;
	case 32:
		for (size_t i = 0; i < n; i++) {
			sp_simd_store32(dst + 4 * i, SP_WIRE_OPAQUE | sp_simd_load32(src + 4 * i));
		}
		break;
	default:
		break;
	}
}

void sp_pixel_quantize(unsigned depth, uint8_t *dst, const uint8_t *src, size_t n)
{
	struct sp_palette p332;
	uint8_t wire[64 * 4];

	if (depth == 8) {
		sp_pixel_palette332(&p332);
	}
	while (n > 0) {
		size_t part = n < 64 ? n : 64;

		sp_pixel_pack(depth, wire, src, part);
		sp_pixel_unpack(depth, &p332, dst, wire, part);
		dst += 4 * part;
		src += 4 * part;
		n -= part;
	}
}
