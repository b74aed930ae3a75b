/* fuzz/fuzz_clip_html.c - HTML of the clipboard: offsets stay inside, and what we write is read. */
#include <stdlib.h>

#include "core/chan/clip_html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct sp_span part, const uint8_t *p, size_t n)
{
	if (part.p < p || part.p > p + n || part.n > (size_t)(p + n - part.p)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_span whole, fragment;
	struct sp_wr w;

	if (sp_clip_html_read(sp_span(data, size), &whole, &fragment) == SP_OK) {
		inside(whole, data, size);
		inside(fragment, data, size);
	}
	sp_wr_init(&w, 1u << 20);
	if (sp_clip_html_write(&w, sp_span(data, size)) != SP_OK ||
			sp_clip_html_read(sp_span(w.p, w.n), &whole, &fragment) != SP_OK) {
		abort();
	}
	inside(whole, w.p, w.n);
	inside(fragment, whole.p, whole.n);
	sp_wr_finish(&w);
	return 0;
}
