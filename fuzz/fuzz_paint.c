/* fuzz/fuzz_paint.c - updates and surface commands into a small frame with a canary around it. */
#include <stdlib.h>
#include <string.h>

#include "core/view/paint.h"

#define W 100
#define H 70
#define STRIDE (4 * W + 32)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t fb[STRIDE * H];
	struct sp_rect changed = {0, 0, 0, 0}, frame = {0, 0, W, H};
	struct sp_paint p;
	int rc;

	if (size < 1) {
		return 0;
	}
	struct sp_span body = sp_span(data + 1, size - 1);
	memset(fb, 0xa5, sizeof(fb));
	sp_paint_init(&p, fb, STRIDE, W, H);
	p.allowed[SP_PAINT_RFX] = p.allowed[SP_PAINT_NSC] = data[0] & 8;
	switch (data[0] % 3) {
	case 0:
		rc = sp_paint_bitmap(&p, body, &changed);
		break;
	case 1:
		rc = sp_paint_palette(&p, body);
		break;
	default:
		rc = sp_paint_surface(&p, body, &changed, NULL);
		break;
	}
	if (rc > 0 || (!sp_rect_empty(changed) && !sp_rect_contains(frame, changed))) {
		abort();
	}
	for (size_t y = 0; y < H; y++) {
		for (size_t x = 4 * W; x < STRIDE; x++) {
			if (fb[y * STRIDE + x] != 0xa5) {
				abort();
			}
		}
	}
	sp_paint_finish(&p);
	return 0;
}
