/* fuzz/fuzz_bitmap.c - bitmap and palette updates. */
#include <stdlib.h>
#include <string.h>

#include "core/pdu/bitmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void rect(const struct sp_bitmap_rect *in)
{
	static uint8_t out[1 << 17];
	struct sp_bitmap_rect again;
	struct sp_wr w;
	struct sp_rd r;

	if (in->left > in->right || in->top > in->bottom || in->width == 0 || in->height == 0) {
		abort();
	}
	sp_wr_fixed(&w, out, sizeof(out));
	sp_bitmap_rect_write(&w, in);
	sp_rd_init(&r, out, w.n);
	if (sp_wr_ok(&w) != SP_OK || sp_bitmap_rect_read(&r, &again) != SP_OK ||
			!sp_span_eq(again.data, in->data) || again.has_header != in->has_header) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t rgb[256][3];
	struct sp_rd r;
	uint16_t type;
	size_t n;

	sp_rd_init(&r, data, size);
	if (sp_bitmap_update_read(&r, &type) != SP_OK) {
		return 0;
	}
	if (type == SP_UPDATE_BITMAP && sp_bitmap_read(&r, &n) == SP_OK) {
		struct sp_bitmap_rect b;

		for (size_t i = 0; i < n && sp_bitmap_rect_read(&r, &b) == SP_OK; i++) {
			rect(&b);
		}
	}
	if (type == SP_UPDATE_PALETTE && sp_bitmap_palette_read(&r, rgb) == SP_OK) {
		uint8_t out[1024];
		struct sp_wr w;

		sp_wr_fixed(&w, out, sizeof(out));
		sp_bitmap_palette_write(&w, rgb);
		if (sp_wr_ok(&w) != SP_OK || memcmp(out + 8, rgb, sizeof(rgb)) != 0) {
			abort();
		}
	}
	return 0;
}
