/* fuzz/fuzz_rfx.c - any bytes as RemoteFX, as its run lengths and as a decoder's saved state. */
#include <stdlib.h>
#include <string.h>

#include "core/codec/rfx.h"

#define W 150
#define H 100

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void message(const uint8_t *data, size_t size)
{
	struct sp_rfx_dec *d = sp_rfx_dec_create();
	uint8_t *px = malloc((size_t)4 * W * H);
	struct sp_rect r[4];
	/* A state with all headers, so that data alone get somewhere. */
	static const uint8_t state[SP_RFX_SAVE_SIZE] = {1, 0x0f, 200, 0, 150, 0};

	for (unsigned known = 0; d && px && known < 2; known++) {
		if (known && sp_rfx_load(d, sp_span(state, sizeof(state))) != SP_OK) {
			abort();
		}
		int n = sp_rfx_decode(d, sp_span(data, size), px, (size_t)4 * W, W, H, r, 4);

		for (int i = 0; i < n; i++) {
			if (!sp_rect_contains((struct sp_rect){0, 0, W, H}, r[i])) {
				abort();
			}
		}
	}
	if (d && size >= SP_RFX_SAVE_SIZE) {
		(void)!sp_rfx_load(d, sp_span(data, SP_RFX_SAVE_SIZE));
	}
	free(px);
	sp_rfx_dec_destroy(d);
}

/* All levels read alike, and what they read they write and read again. */
static void run_lengths(enum sp_rlgr mode, const uint8_t *data, size_t size)
{
	static int16_t want[SP_RFX_COEFS], got[SP_RFX_COEFS];
	static uint8_t out[SP_RLGR_ROOM];
	uint64_t mask[SP_RFX_MASK];
	unsigned first = sp_rfx_kernel(SP_CPU_PLAIN)->rlgr_decode(mode, data, size, want);

	for (unsigned i = 0; i <= (unsigned)sp_cpu_best(); i++) {
		const struct sp_rfx_kernel *k = sp_rfx_kernel((enum sp_cpu)i);

		if (k->rlgr_decode(mode, data, size, got) != first ||
				memcmp(got, want, sizeof(got)) != 0) {
			abort();
		}
		k->mark(got, mask);
		int n = k->rlgr_encode(mode, got, mask, out);

		if (n < 0) {
			continue;
		}
		k->rlgr_decode(mode, out, (size_t)n, got);
		for (size_t j = 0; j < SP_RFX_COEFS; j++) {
			if (got[j] != want[j] && want[j] != INT16_MIN) {
				abort();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0) {
		return 0;
	}
	if (data[0] == 1) {
		run_lengths(SP_RLGR1, data + 1, size - 1);
	} else if (data[0] == 3) {
		run_lengths(SP_RLGR3, data + 1, size - 1);
	} else {
		message(data, size);
	}
	return 0;
}
