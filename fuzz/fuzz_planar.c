/* fuzz/fuzz_planar.c - decodes anything as planar; what it encodes it decodes again. */
#include <stdlib.h>
#include <string.h>

#include "core/codec/planar.h"

#define SIDE 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	uint8_t *px = malloc(4 * (size_t)w * h);

	if (sp_planar_decode(data, size, px + 4 * (size_t)w * (h - 1), -4 * (ptrdiff_t)w, w, h) >
			0) {
		abort();
	}
	free(px);
}

static void encode(const uint8_t *data, size_t size, uint32_t w, uint32_t h, bool alpha)
{
	static uint8_t px[4 * SIDE * SIDE], got[4 * SIDE * SIDE];
	uint32_t padded = (w + 3) & ~3u;
	struct sp_wr out;

	for (size_t i = 0; i < sizeof(px); i++) {
		px[i] = size > 0 ? data[i % size] : 0;
	}
	for (size_t i = 3; i < sizeof(px); i += 4) {
		px[i] = 0xff;
	}
	sp_wr_init(&out, SP_PLANAR_ROOM);
	if (sp_planar_encode(px, 4 * SIDE, w, h, alpha, &out) <= 0) {
		abort();
	}
	if (sp_planar_decode(out.p, out.n, got, 4 * SIDE, padded, h) != SP_OK) {
		abort();
	}
	for (uint32_t y = 0; y < h; y++) {
		size_t at = (size_t)y * 4 * SIDE;

		if (memcmp(got + at, px + at, 4 * (size_t)w) != 0) {
			abort();
		}
	}
	struct sp_planar_conf conf = {alpha, !alpha, (uint8_t)(1 + w % 7), h % 2 == 0};

	sp_wr_reset(&out);
	if (sp_planar_encode_lossy(&conf, px, 4 * SIDE, w, h, &out) <= 0 ||
			sp_planar_decode(out.p, out.n, got, 4 * SIDE, alpha ? padded : w, h) !=
					SP_OK) {
		abort();
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
		encode(data + 3, size - 3, w, h, data[0] & 2);
	} else {
		decode(data + 3, size - 3, w, h);
	}
	return 0;
}
