/* fuzz/fuzz_interleaved.c - decodes anything at each depth; what it encodes it decodes again. */
#include <stdlib.h>
#include <string.h>

#include "core/codec/interleaved.h"

#define SIDE 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(unsigned depth, const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	struct sp_palette pal;
	uint8_t *px = malloc(4 * (size_t)w * h);

	sp_pixel_palette332(&pal);
	if (sp_interleaved_decode(depth, &pal, data, size, px + 4 * (size_t)w * (h - 1),
			    -4 * (ptrdiff_t)w, w, h) > 0) {
		abort();
	}
	free(px);
}

static void encode(unsigned depth, const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	static uint8_t px[4 * SIDE * SIDE], want[4 * SIDE * SIDE], got[4 * SIDE * SIDE];
	uint32_t padded = (w + 3) & ~3u;
	struct sp_palette pal;
	struct sp_wr out;

	for (size_t i = 0; i < sizeof(px); i++) {
		px[i] = size > 0 ? data[i % size] : 0;
	}
	sp_pixel_palette332(&pal);
	sp_wr_init(&out, 3 * SIDE * SIDE);
	int n = sp_interleaved_encode(depth, px, 4 * SIDE, w, h, &out);
	if (n < 0) {
		abort();
	}
	if (n > 0) {
		if (sp_interleaved_decode(depth, &pal, out.p, out.n, got, 4 * SIDE, padded, h) !=
				SP_OK) {
			abort();
		}
		for (uint32_t y = 0; y < h; y++) {
			sp_pixel_quantize(depth, want, px + (size_t)y * 4 * SIDE, w);
			if (memcmp(got + (size_t)y * 4 * SIDE, want, 4 * (size_t)w) != 0) {
				abort();
			}
		}
	}
	sp_wr_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned depths[] = {8, 15, 16, 24};

	if (size < 3) {
		return 0;
	}
	unsigned depth = depths[data[0] & 3];
	uint32_t w = data[1] % SIDE + 1, h = data[2] % SIDE + 1;

	if (data[0] & 4) {
		encode(depth, data + 3, size - 3, w, h);
	} else {
		decode(depth, data + 3, size - 3, w, h);
	}
	return 0;
}
