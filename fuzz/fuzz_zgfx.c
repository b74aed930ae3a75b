/* fuzz/fuzz_zgfx.c - bulk data that is hostile, and bytes that must come back as they were. */
#include <stdlib.h>

#include "core/base/rd.h"
#include "core/codec/zgfx.h"

#define MAX_MESSAGE (200u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void honest(enum sp_zgfx_kind kind, struct sp_span message)
{
	struct sp_zgfx_enc *e = sp_zgfx_enc_create(kind);
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(kind, MAX_MESSAGE);
	struct sp_span out;
	struct sp_wr w;

	sp_wr_init(&w, 2 * MAX_MESSAGE);
	for (unsigned i = 0; i < 3; i++) {
		/* The second time there is a history, the third time not all of it fits. */
		struct sp_span part = sp_span(message.p + (message.n >> 1) * (i & 1),
				message.n - (message.n >> 1) * (i & 1));

		sp_wr_reset(&w);
		if (sp_zgfx_encode(e, part, &w) != SP_OK ||
				sp_zgfx_decode(d, sp_span(w.p, w.n), &out) != SP_OK ||
				!sp_span_eq(out, part)) {
			abort();
		}
	}
	sp_wr_finish(&w);
	sp_zgfx_enc_destroy(e);
	sp_zgfx_dec_destroy(d);
}

/* The first byte: which kind, and whether the rest is messages with their lengths or plain. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_rd r;
	struct sp_span out;

	if (size < 1) {
		return 0;
	}
	enum sp_zgfx_kind kind = data[0] & 1 ? SP_ZGFX_LITE : SP_ZGFX_FULL;
	if (data[0] & 2) {
		size = size - 1 < SP_ZGFX_LITE_SEGMENT ? size : SP_ZGFX_LITE_SEGMENT;
		honest(kind, sp_span(data + 1, size - 1));
		return 0;
	}
	struct sp_zgfx_dec *d = sp_zgfx_dec_create(kind, MAX_MESSAGE);
	sp_rd_init(&r, data + 1, size - 1);
	while (d && sp_rd_left(&r) > 0) {
		struct sp_span in = sp_rd_span(&r, sp_rd_le16(&r));

		if (sp_rd_ok(&r) != SP_OK || sp_zgfx_decode(d, in, &out) != SP_OK) {
			break;
		}
		if (out.n > MAX_MESSAGE) {
			abort();
		}
	}
	sp_zgfx_dec_destroy(d);
	return 0;
}
