/* fuzz/fuzz_gfx.c - the messages of the graphics pipeline, and the client's machine. */
#include <stdlib.h>
#include <string.h>

#include "core/chan/gfx_client.h"

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

static void readers(const uint8_t *data, size_t size)
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
}

#define FB_W 200
#define FB_H 150
#define PIECE 60000

static void check(struct sp_gfx_client *c)
{
	static uint8_t fb[FB_W * FB_H * 4];
	struct sp_gfx_client_event ev;
	struct sp_gfx_client_stats st;
	struct sp_rect changed, all = {0, 0, FB_W, FB_H};
	struct sp_rcbuf *b;

	while (sp_gfx_client_next(c, &ev)) {
	}
	if (sp_gfx_client_paint(c, fb, FB_W * 4, FB_W, FB_H, 2000000, &changed) > SP_OK ||
			!sp_rect_contains(all, changed)) {
		abort();
	}
	sp_gfx_client_stats(c, &st);
	if (st.memory > (8u << 20)) {
		abort();
	}
	while ((b = sp_gfx_client_out(c))) {
		sp_rcbuf_unref(b);
	}
}

/* PDUs as they are, which the machine gets in a segment; the first byte: how it introduces itself. */
static void client(const uint8_t *data, size_t size)
{
	static const uint8_t confirm[] = {0xe0, 0x04, 0x13, 0, 0, 0, 20, 0, 0, 0, 0x04, 0, 0x08, 0,
			4, 0, 0, 0, 0, 0, 0, 0};
	static uint8_t message[2 + PIECE] = {0xe0, 0x04};
	struct sp_gfx_client_conf conf = {.memory = 8u << 20,
			.small_cache = size > 0 && (data[0] & 1),
			.no_acks = size > 0 && (data[0] & 2)};
	struct sp_gfx_client *c = sp_gfx_client_create(&conf);
	int rc = c ? sp_gfx_client_feed(c, sp_span(confirm, sizeof(confirm)), 1000000) : -1;

	for (size_t at = 0; rc == SP_OK && at < size; at += PIECE) {
		size_t n = size - at < PIECE ? size - at : PIECE;

		memcpy(message + 2, data + at, n);
		rc = sp_gfx_client_feed(c, sp_span(message, 2 + n), 1500000);
		check(c);
	}
	sp_gfx_client_destroy(c);
}

/* As it came, compressed. */
static void packed(const uint8_t *data, size_t size)
{
	struct sp_gfx_client_conf conf = {.memory = 8u << 20};
	struct sp_gfx_client *c = sp_gfx_client_create(&conf);

	if (c && sp_gfx_client_feed(c, sp_span(data, size), 1000000) > SP_OK) {
		abort();
	}
	sp_gfx_client_destroy(c);
}

/* As what was saved. */
static void state(const uint8_t *data, size_t size)
{
	struct sp_gfx_client_conf conf = {.memory = 8u << 20};
	struct sp_gfx_client *c = sp_gfx_client_create(&conf);

	if (c && sp_gfx_client_load(c, sp_span(data, size)) == SP_OK) {
		check(c);
	}
	sp_gfx_client_destroy(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	readers(data, size);
	state(data, size);
	client(data, size);
	packed(data, size);
	return 0;
}
