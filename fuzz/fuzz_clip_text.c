/* fuzz/fuzz_clip_text.c - text of the clipboard; what was read is written and read again. */
#include <stdlib.h>

#include "core/chan/clip_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_wr text, wire, again;
	bool cr = false;

	sp_wr_init(&text, 4u << 20);
	sp_wr_init(&wire, 4u << 20);
	sp_wr_init(&again, 4u << 20);
	if (sp_clip_text_read(sp_span(data, size), &text) != SP_OK ||
			sp_clip_text_write(&wire, sp_span(text.p, text.n)) != SP_OK ||
			sp_clip_text_read(sp_span(wire.p, wire.n), &again) != SP_OK) {
		abort();
	}
	for (size_t i = 0; i < text.n; i++) {
		cr |= text.p[i] == '\r'; /* a lone one may meet an LF of ours */
	}
	if (!cr && !sp_span_eq(sp_span(text.p, text.n), sp_span(again.p, again.n))) {
		abort();
	}
	sp_wr_reset(&wire);
	if (sp_clip_text_write(&wire, sp_span(data, size)) != SP_OK || wire.n % 2 != 0) {
		abort();
	}
	sp_wr_finish(&text);
	sp_wr_finish(&wire);
	sp_wr_finish(&again);
	return 0;
}
