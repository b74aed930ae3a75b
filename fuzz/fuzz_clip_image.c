/* fuzz/fuzz_clip_image.c - pictures of the clipboard; what was read is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "core/chan/clip_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_clip_image a, b;
	struct sp_span dib;
	uint8_t head[SP_CLIP_BMP_HEAD];
	struct sp_wr w;

	if (sp_clip_bmp_read(sp_span(data, size), &dib) == SP_OK && dib.n > size) {
		abort();
	}
	sp_wr_fixed(&w, head, sizeof(head));
	int named = sp_clip_bmp_head_write(&w, sp_span(data, size));
	if (sp_clip_dib_read(sp_span(data, size), &a) != SP_OK) {
		return 0;
	}
	if (named != SP_OK) {
		abort();
	}
	sp_wr_init(&w, 200u << 20);
	if (sp_clip_dibv5_write(&w, a.bgra, (size_t)a.w * 4, a.w, a.h) != SP_OK ||
			sp_clip_dib_read(sp_span(w.p, w.n), &b) != SP_OK || a.w != b.w ||
			a.h != b.h || memcmp(a.bgra, b.bgra, (size_t)a.w * a.h * 4) != 0) {
		abort();
	}
	sp_wr_finish(&w);
	sp_clip_image_finish(&a);
	sp_clip_image_finish(&b);
	return 0;
}
