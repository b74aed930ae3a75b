/* fuzz/fuzz_clear.c - decodes anything as ClearCodec; what it encodes it decodes again. */
#include <stdlib.h>
#include <string.h>

#include "core/codec/clear.h"

#define SIDE 150

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Up to four streams, each with its length in front, so that caches are filled and then used. */
static void decode(const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint8_t *px = calloc((size_t)w * h, 4);

	for (int i = 0; i < 4 && size >= 2; i++) {
		size_t n = data[0] | (size_t)(data[1] & 0x0f) << 8;

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		sp_clear_dec_renumber(d);
		if (sp_clear_decode(d, sp_span(data, n), px, 4 * (size_t)w, w, h) > 0) {
			abort();
		}
		data += n;
		size -= n;
	}
	free(px);
	sp_clear_dec_destroy(d);
}

static void load(const uint8_t *data, size_t size)
{
	struct sp_clear_dec *d = sp_clear_dec_create();
	struct sp_wr out;

	if (sp_clear_dec_load(d, sp_span(data, size)) == SP_OK) {
		sp_wr_init(&out, 64u << 20);
		if (sp_clear_dec_save(d, &out) != SP_OK ||
				sp_clear_dec_load(d, sp_span(out.p, out.n)) != SP_OK) {
			abort();
		}
		sp_wr_finish(&out);
	}
	sp_clear_dec_destroy(d);
}

/* A picture of lines whose letters the input chooses, twice, moved by a row in between. */
static void encode(const uint8_t *data, size_t size, uint32_t w, uint32_t h)
{
	static uint8_t px[4 * SIDE * (SIDE + 1)], got[4 * SIDE * SIDE];
	struct sp_clear_enc *e = sp_clear_enc_create();
	struct sp_clear_dec *d = sp_clear_dec_create();
	uint32_t tall = size > 0 ? data[0] % 20 + 1 : 1;
	struct sp_wr out;

	for (size_t i = 0; i < sizeof(px); i += 4) {
		uint32_t y = (uint32_t)(i / 4 / SIDE), x = (uint32_t)(i / 4 % SIDE);
		uint8_t v = size > 0 && y % tall ? data[(x / 5 * 7 + y) % size] : 0;

		memset(px + i, v, 3);
		px[i + 1] = (uint8_t)(v << (x % 5));
	}
	for (uint32_t moved = 0; moved < 2; moved++) {
		const uint8_t *from = px + moved * 4 * SIDE;

		sp_wr_init(&out, SP_CLEAR_BOUND(SIDE, SIDE));
		if (sp_clear_encode(e, from, 4 * SIDE, w, h, &out) <= 0 ||
				out.n > SP_CLEAR_BOUND(w, h) ||
				sp_clear_decode(d, sp_span(out.p, out.n), got, 4 * SIDE, w, h) !=
						SP_OK) {
			abort();
		}
		for (uint32_t y = 0; y < h; y++) {
			for (uint32_t x = 0; x < w; x++) {
				size_t at = 4 * ((size_t)y * SIDE + x);

				if (memcmp(got + at, from + at, 3) != 0) {
					abort();
				}
			}
		}
		sp_wr_finish(&out);
	}
	sp_clear_enc_destroy(e);
	sp_clear_dec_destroy(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3) {
		return 0;
	}
	uint32_t w = data[1] % SIDE + 1, h = data[2] % SIDE + 1;

	switch (data[0] % 4) {
	case 0:
		encode(data + 3, size - 3, w, h);
		break;
	case 1:
		load(data + 3, size - 3);
		break;
	default:
		decode(data + 3, size - 3, w, h);
		break;
	}
	return 0;
}
