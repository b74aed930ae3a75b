/* fuzz/fuzz_gfx.c - the messages of the graphics pipeline. */
#include <stdlib.h>

#include "core/chan/gfx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool within(struct sp_rect r)
{
	return r.x >= 0 && r.y >= 0 && r.w >= 0 && r.h >= 0 && r.x + r.w <= 65535 &&
			r.y + r.h <= 65535;
}

static void lists(struct sp_rd r)
{
	struct sp_gfx_fill fill;
	struct sp_gfx_copy copy;
	struct sp_gfx_paste paste;
	struct sp_gfx_list list;
	struct sp_rd at = r;

	if (sp_gfx_fill_read(&at, &fill) == SP_OK) {
		for (size_t i = 0; i < fill.n; i++) {
			if (!within(sp_gfx_rect_at(fill.rects, i))) {
				abort();
			}
		}
	}
	at = r;
	if (sp_gfx_copy_read(&at, &copy) == SP_OK) {
		if (!within(copy.rect) || copy.points.n != copy.n * 4) {
			abort();
		}
	}
	at = r;
	if (sp_gfx_paste_read(&at, &paste) == SP_OK && paste.points.n != paste.n * 4) {
		abort();
	}
	at = r;
	if (sp_gfx_offer_read(&at, &list) == SP_OK && list.entries.n != list.n * 12) {
		abort();
	}
	at = r;
	if (sp_gfx_reply_read(&at, &list) == SP_OK && list.entries.n != list.n * 2) {
		abort();
	}
}

static void bodies(struct sp_rd r)
{
	struct sp_gfx_bits bits;
	struct sp_gfx_advertise advertise;
	struct sp_gfx_reset reset;
	struct sp_gfx_store store;
	struct sp_gfx_caps caps;
	struct sp_rd at = r;

	if (sp_gfx_bits_read(&at, &bits) == SP_OK && !within(bits.to)) {
		abort();
	}
	at = r;
	if (sp_gfx_bits2_read(&at, &bits) == SP_OK && bits.data.n + 13 != sp_rd_left(&r)) {
		abort();
	}
	at = r;
	if (sp_gfx_store_read(&at, &store) == SP_OK && !within(store.rect)) {
		abort();
	}
	at = r;
	if (sp_gfx_advertise_read(&at, &advertise) == SP_OK && advertise.n > SP_GFX_MAX_CAPS) {
		abort();
	}
	at = r;
	if (sp_gfx_confirm_read(&at, &caps) == SP_OK) {
		uint32_t flags;

		if (!sp_gfx_version_flags(caps.version, &flags) || (caps.flags & ~flags)) {
			abort();
		}
	}
	at = r;
	if (sp_gfx_reset_read(&at, &reset) == SP_OK) {
		for (size_t i = 0; i < reset.n; i++) {
			if (sp_rect_empty(reset.monitor[i].area)) {
				abort();
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_rd r, body;
	uint16_t cmd;

	sp_rd_init(&r, data, size);
	while (sp_rd_left(&r) > 0 && sp_gfx_next(&r, &cmd, &body) == SP_OK) {
		struct sp_rd alone;

		sp_rd_init(&alone, body.p, sp_rd_left(&body));
		lists(alone);
		bodies(alone);
	}
	return 0;
}
