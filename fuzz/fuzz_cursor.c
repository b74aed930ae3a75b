/* fuzz/fuzz_cursor.c - masks of any depth and size into a pointer image, and that into masks. */
#include <stdlib.h>

#include "core/view/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned depths[] = {1, 8, 15, 16, 24, 32, 4, 0};
	struct sp_wr xor_mask, and_mask;
	struct sp_palette palette;

	if (size < 5) {
		return 0;
	}
	struct sp_cursor c = {.w = data[1], .h = data[2], .hot_x = data[1], .hot_y = data[3]};
	size_t n_xor = (size - 5) * data[4] / 255;
	c.bgra = calloc((size_t)c.w * c.h + 1, 4);
	sp_pixel_palette332(&palette);
	if (sp_cursor_decode(&c, depths[data[0] & 7], sp_span(data + 5, n_xor),
			    sp_span(data + 5 + n_xor, size - 5 - n_xor), &palette) == SP_OK) {
		sp_cursor_straight(c.bgra, c.bgra, (size_t)c.w * c.h);
		sp_cursor_fit(&c, 32);
		sp_wr_init(&xor_mask, 1 << 20);
		sp_wr_init(&and_mask, 1 << 20);
		if (sp_cursor_masks(&c, data[0] & 8 ? 24 : 32, &xor_mask, &and_mask) != SP_OK) {
			abort();
		}
		sp_wr_finish(&xor_mask);
		sp_wr_finish(&and_mask);
	}
	free(c.bgra);
	return 0;
}
