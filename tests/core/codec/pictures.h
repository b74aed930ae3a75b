/* tests/core/codec/pictures.h - pictures that each bring out another part of a codec. */
#ifndef SP_TESTS_PICTURES_H
#define SP_TESTS_PICTURES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum picture {
	FLAT,
	GRADIENT,
	TEXT,
	NOISE,
	DITHER,
	STRIPES,
	MIXED,
	PICTURE_COUNT
};

static inline uint32_t picture_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static inline uint32_t picture_pixel(enum picture kind, uint32_t x, uint32_t y, uint32_t *seed)
{
	uint32_t r = picture_random(seed);

	switch (kind) {
	case FLAT:
		return 0x336699;
	case GRADIENT:
		return x * 4 << 16 | y * 4 << 8 | (x + y);
	case TEXT:
		return (y / 3 % 5 != 0 && (x * 7 + y / 6 * 3) % 11 < 4) ? 0x101010 : 0xffffff;
	case NOISE:
		return r & 0xffffff;
	case DITHER:
		return (x + y) % 2 ? 0xff0000 : 0x0000ff;
	case STRIPES:
		return y % 7 < 3 ? 0 : x % 9 < 4 ? 0xffffff : 0x00ff00 + y;
	default:
		return x / 16 % 2        ? picture_pixel((enum picture)(y / 8 % MIXED), x, y, seed)
				: r % 23 ? 0xd0d0d0
					 : r & 0xffffff;
	}
}

/* w x h pixels without gaps; X is rubbish on purpose. */
static inline void picture_make(
		uint8_t *out, enum picture kind, uint32_t w, uint32_t h, uint32_t seed)
{
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			uint32_t v = picture_pixel(kind, x, y, &seed);
			uint8_t px[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
					(uint8_t)(x + y)};

			memcpy(out + 4 * ((size_t)y * w + x), px, 4);
		}
	}
}

static inline uint64_t picture_hash(uint64_t h, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		h = (h ^ p[i]) * 0x100000001b3u;
	}
	return h;
}

#endif
