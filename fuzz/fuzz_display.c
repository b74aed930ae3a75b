/* fuzz/fuzz_display.c - messages of display control; what is read is written and read again. */
#include <stdlib.h>
#include <string.h>

#include "core/chan/display.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void layout(const uint8_t *data, size_t size)
{
	static struct sp_display_layout a, b;
	uint8_t buf[SP_DISPLAY_MAX_MESSAGE];
	struct sp_wr w;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_display_layout_read(&r, &a) != SP_OK) {
		return;
	}
	struct sp_rect all = sp_display_bounds(&a);
	if (!sp_display_check(&a) && (uint64_t)all.w * (uint64_t)all.h < sp_display_area(&a)) {
		abort();
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_display_layout_write(&w, &a);
	sp_rd_init(&r, buf, w.n);
	if (w.n != size || sp_display_layout_read(&r, &b) != SP_OK || a.n != b.n ||
			memcmp(a.monitor, b.monitor, a.n * sizeof(a.monitor[0])) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_display_caps caps;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_display_caps_read(&r, &caps) == SP_OK && sp_display_max_area(&caps) > 0 &&
			caps.max_monitors == 0) {
		abort();
	}
	layout(data, size);
	return 0;
}
