/* fuzz/fuzz_nsc.c - decodes anything as NSCodec; what it encodes it decodes again. */
#include <stdlib.h>
#include <string.h>

#include "core/codec/nsc.h"

#define SIDE 70

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	uint8_t *px = malloc(4 * (size_t)w * h);

	if (sp_nsc_decode(data, size, px + 4 * (size_t)w * (h - 1), -4 * (ptrdiff_t)w, w, h) > 0) {
		abort();
	}
	free(px);
}

/* Greys are kept as they are. */
static void encode(const uint8_t *data, size_t size, uint32_t w, uint32_t h, uint8_t options)
{
	static uint8_t px[4 * SIDE * SIDE], got[4 * SIDE * SIDE];
	struct sp_nsc_conf conf = {(uint8_t)(options % 7 + 1), options & 0x80};
	struct sp_nsc_enc *e = sp_nsc_enc_create();
	struct sp_wr out;

	for (size_t i = 0; i < sizeof(px); i += 4) {
		memset(px + i, size > 0 ? data[i / 4 % size] : 0, 3);
		px[i + 3] = 0xff;
	}
	sp_wr_init(&out, SP_NSC_ROOM(SIDE, SIDE));
	if (sp_nsc_encode(e, &conf, px, 4 * SIDE, w, h, &out) <= 0 ||
			sp_nsc_decode(out.p, out.n, got, 4 * SIDE, w, h) != SP_OK) {
		abort();
	}
	for (uint32_t y = 0; y < h; y++) {
		size_t at = (size_t)y * 4 * SIDE;

		if (memcmp(got + at, px + at, 4 * (size_t)w) != 0) {
			abort();
		}
	}
	sp_wr_finish(&out);
	sp_nsc_enc_destroy(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 4) {
		return 0;
	}
	uint32_t w = data[1] % SIDE + 1, h = data[2] % SIDE + 1;

	if (data[0] & 1) {
		encode(data + 4, size - 4, w, h, data[3]);
	} else {
		decode(data + 3, size - 3, w, h);
	}
	return 0;
}
