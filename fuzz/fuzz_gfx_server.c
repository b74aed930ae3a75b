/* fuzz/fuzz_gfx_server.c - the server's machine of the graphics pipeline, with commands between messages. */
#include <stdlib.h>

#include "core/chan/gfx_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void events(struct sp_gfx_server *s, uint8_t how)
{
	static const uint16_t slots[] = {1, 2, 300};
	struct sp_gfx_server_event ev;
	struct sp_gfx_server_stats st;

	while (sp_gfx_server_next(s, &ev)) {
		if (ev.kind == SP_GFX_SERVER_READY) {
			uint32_t flags;

			if (!sp_gfx_version_flags(ev.can.version, &flags) ||
					(ev.can.flags & ~flags)) {
				abort();
			}
		}
		if (ev.kind == SP_GFX_SERVER_OFFER) {
			size_t n = ev.offer.n < how % 4 ? ev.offer.n : how % 4;

			if (ev.offer.n > SP_GFX_MAX_OFFER ||
					sp_gfx_server_import(s, slots, n) > SP_OK) {
				abort();
			}
		}
	}
	sp_gfx_server_stats(s, &st);
	if (st.in_flight > 1000) {
		abort();
	}
}

static int command(struct sp_gfx_server *s, uint8_t what, uint8_t x, uint64_t now)
{
	struct sp_rect r = {x, x % 16, x % 64, 1 + x % 64};
	struct sp_gfx_point p[] = {{x, 0}, {0, x}};
	struct sp_gfx_reset reset = {.w = x, .h = 100, .n = x % 4};

	switch (what % 12) {
	case 0:
		return sp_gfx_server_create_surface(s, x % 4, 256, 128);
	case 1:
		return sp_gfx_server_delete_surface(s, x % 4);
	case 2:
		return sp_gfx_server_map(s, x % 4, x, x);
	case 3:
		return sp_gfx_server_start(s, x, NULL);
	case 4:
		return sp_gfx_server_end(s, now);
	case 5:
		return sp_gfx_server_fill(s, x % 4, x, &r, 1);
	case 6:
		return sp_gfx_server_copy(s, x % 4, x / 4 % 4, r, p, 2);
	case 7:
		return sp_gfx_server_store(s, x % 4, x, x, r);
	case 8:
		return sp_gfx_server_paste(s, x, x % 4, p, 1 + x % 2);
	case 9:
		return sp_gfx_server_evict(s, x);
	case 10:
		return sp_gfx_server_reset(s, &reset);
	default:
		return sp_gfx_server_put(s, x % 4, (enum sp_gfx_codec)(x % 16), r, sp_span(p, 8));
	}
}

/* First byte: odd when offers are taken. Then a length of two bytes and a message, and a command. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_gfx_server_conf conf = {.max_version = 0};
	uint64_t now = 1000000;
	struct sp_rcbuf *b;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	conf.import = sp_rd_u8(&r) & 1;
	struct sp_gfx_server *s = sp_gfx_server_create(&conf);
	while (s && sp_rd_left(&r) >= 2) {
		size_t n = sp_rd_le16(&r);
		struct sp_span m = sp_rd_span(&r, n < sp_rd_left(&r) ? n : sp_rd_left(&r));
		int rc = sp_gfx_server_feed(s, m, now += 1000);
		uint8_t what = sp_rd_u8(&r), x = sp_rd_u8(&r);

		events(s, what);
		rc += command(s, what, x, now);
		while ((b = sp_gfx_server_out(s))) {
			sp_rcbuf_unref(b);
		}
		if (rc > 0) {
			abort();
		}
	}
	sp_gfx_server_destroy(s);
	return 0;
}
