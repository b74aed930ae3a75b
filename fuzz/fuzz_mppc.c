/* fuzz/fuzz_mppc.c - decompresses anything, message by message, as both types. */
#include <stdlib.h>

#include "core/base/err.h"
#include "core/codec/mppc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_mppc_dec *d = sp_mppc_dec_create();

	/* Each message has its flags and its length in front. */
	while (size >= 2) {
		size_t n = data[1] < size - 2 ? data[1] : size - 2;
		struct sp_span out = {NULL, 0};
		volatile uint8_t sum = 0;

		if (sp_mppc_decode(d, data[0] & ~2u, sp_span(data + 2, n), &out) != SP_OK) {
			break;
		}
		if (out.n > SP_MPPC_MAX) {
			abort();
		}
		for (size_t i = 0; i < out.n; i++) {
			sum = (uint8_t)(sum + out.p[i]);
		}
		data += 2 + n;
		size -= 2 + n;
	}
	sp_mppc_dec_destroy(d);
	return 0;
}
