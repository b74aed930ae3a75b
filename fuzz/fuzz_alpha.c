/* fuzz/fuzz_alpha.c - decodes anything as alpha; what it encodes it decodes again. */
#include <stdlib.h>
#include <string.h>

#include "core/codec/alpha.h"

#define SIDE 70

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	static uint8_t px[4 * SIDE * SIDE], got[4 * SIDE * SIDE];
	struct sp_wr out;

	for (size_t i = 3; i < sizeof(px); i += 4) {
		px[i] = size > 0 ? data[i / 4 % size] : 0;
		got[i] = (uint8_t)~px[i];
	}
	sp_wr_init(&out, SP_ALPHA_BOUND(SIDE, SIDE) + 8);
	if (sp_alpha_encode(px, 4 * SIDE, w, h, &out) <= 0 ||
			sp_alpha_decode(sp_span(out.p, out.n), got, 4 * SIDE, w, h) != SP_OK) {
		abort();
	}
	for (uint32_t y = 0; y < h; y++) {
		size_t at = (size_t)y * 4 * SIDE;

		if (memcmp(got + at, px + at, 4 * (size_t)w) != 0) {
			abort();
		}
	}
	sp_wr_finish(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3) {
		return 0;
	}
	uint32_t w = data[1] % SIDE + 1, h = data[2] % SIDE + 1;

	if (data[0] & 1) {
		encode(data + 3, size - 3, w, h);
	} else {
		uint8_t *px = calloc((size_t)w * h, 4);

		if (sp_alpha_decode(sp_span(data + 3, size - 3), px, 4 * (size_t)w, w, h) > 0) {
			abort();
		}
		free(px);
	}
	return 0;
}
