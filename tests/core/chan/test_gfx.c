/* tests/core/chan/test_gfx.c - the messages of the graphics pipeline, read and written again. */
#include "unit.h"

#include <stdio.h>

#include "core/base/err.h"
#include "core/chan/gfx.h"

#define MANY 64

static int again_list(uint16_t cmd, struct sp_rd *r, struct sp_wr *w)
{
	struct sp_gfx_entry entries[MANY];
	uint16_t slots[MANY];
	struct sp_gfx_list l;
	int rc = cmd == SP_GFX_OFFER ? sp_gfx_offer_read(r, &l) : sp_gfx_reply_read(r, &l);

	for (size_t i = 0; rc == SP_OK && i < l.n && i < MANY; i++) {
		if (cmd == SP_GFX_OFFER) {
			entries[i] = sp_gfx_entry_at(l.entries, i);
		} else {
			slots[i] = sp_gfx_slot_at(l.entries, i);
		}
	}
	if (rc == SP_OK && cmd == SP_GFX_OFFER) {
		sp_gfx_offer_write(w, entries, l.n < MANY ? l.n : MANY);
	} else if (rc == SP_OK) {
		sp_gfx_reply_write(w, slots, l.n < MANY ? l.n : MANY);
	}
	return rc;
}

static int again_points(uint16_t cmd, struct sp_rd *r, struct sp_wr *w)
{
	struct sp_gfx_point points[MANY];
	struct sp_gfx_paste paste = {.n = 0};
	struct sp_gfx_copy copy = {.n = 0};
	int rc = cmd == SP_GFX_COPY ? sp_gfx_copy_read(r, &copy) : sp_gfx_paste_read(r, &paste);
	size_t n = cmd == SP_GFX_COPY ? copy.n : paste.n;
	struct sp_span from = cmd == SP_GFX_COPY ? copy.points : paste.points;

	n = n < MANY ? n : MANY;
	for (size_t i = 0; rc == SP_OK && i < n; i++) {
		points[i] = sp_gfx_point_at(from, i);
	}
	if (rc == SP_OK && cmd == SP_GFX_COPY) {
		sp_gfx_copy_write(w, &copy, points, n);
	} else if (rc == SP_OK) {
		sp_gfx_paste_write(w, &paste, points, n);
	}
	return rc;
}

static int again_fill(struct sp_rd *r, struct sp_wr *w)
{
	struct sp_rect rects[MANY];
	struct sp_gfx_fill f;
	int rc = sp_gfx_fill_read(r, &f);
	size_t n = rc == SP_OK && f.n < MANY ? f.n : 0;

	for (size_t i = 0; i < n; i++) {
		rects[i] = sp_gfx_rect_at(f.rects, i);
	}
	if (rc == SP_OK) {
		sp_gfx_fill_write(w, &f, rects, n);
	}
	return rc;
}

static int again_bits(uint16_t cmd, struct sp_rd *r, struct sp_wr *w)
{
	struct sp_gfx_bits b;
	int rc = cmd == SP_GFX_BITS ? sp_gfx_bits_read(r, &b) : sp_gfx_bits2_read(r, &b);

	if (rc == SP_OK && cmd == SP_GFX_BITS) {
		size_t mark = sp_gfx_bits_begin(w, &b);
		sp_wr_span(w, b.data);
		sp_gfx_bits_end(w, mark);
	} else if (rc == SP_OK) {
		size_t mark = sp_gfx_bits2_begin(w, &b);
		sp_wr_span(w, b.data);
		sp_gfx_bits2_end(w, mark);
	}
	return rc;
}

/* Reads a whole PDU and writes what was read. */
static int again(struct sp_span in, struct sp_wr *w)
{
	union {
		struct sp_gfx_forget forget;
		struct sp_gfx_store store;
		struct sp_gfx_create create;
		struct sp_gfx_start start;
		struct sp_gfx_ack ack;
		struct sp_gfx_reset reset;
		struct sp_gfx_map map;
		struct sp_gfx_map_window window;
		struct sp_gfx_advertise advertise;
		struct sp_gfx_caps caps;
		struct sp_gfx_qoe qoe;
		uint16_t u16;
		uint32_t u32;
	} u;
	struct sp_rd r, b;
	uint16_t cmd;
	int rc;

	sp_rd_init(&r, in.p, in.n);
	rc = sp_gfx_next(&r, &cmd, &b);
	if (rc != SP_OK) {
		return rc;
	}
#define CASE(cmd, field, name) \
	case cmd: \
		rc = sp_gfx_##name##_read(&b, &u.field); \
		if (rc == SP_OK) { \
			sp_gfx_##name##_write(w, &u.field); \
		} \
		break
	switch (cmd) {
		CASE(SP_GFX_FORGET, forget, forget);
		CASE(SP_GFX_STORE, store, store);
		CASE(SP_GFX_CREATE, create, create);
		CASE(SP_GFX_START, start, start);
		CASE(SP_GFX_ACK, ack, ack);
		CASE(SP_GFX_RESET, reset, reset);
		CASE(SP_GFX_MAP, map, map);
		CASE(SP_GFX_MAP_SCALED, map, map_scaled);
		CASE(SP_GFX_MAP_WINDOW, window, map_window);
		CASE(SP_GFX_MAP_SCALED_WINDOW, window, map_scaled_window);
		CASE(SP_GFX_ADVERTISE, advertise, advertise);
		CASE(SP_GFX_CONFIRM, caps, confirm);
		CASE(SP_GFX_QOE, qoe, qoe);
	case SP_GFX_EVICT:
	case SP_GFX_DELETE:
		rc = sp_gfx_u16_read(&b, &u.u16);
		sp_gfx_u16_write(w, cmd, u.u16);
		break;
	case SP_GFX_END:
		rc = sp_gfx_u32_read(&b, &u.u32);
		sp_gfx_u32_write(w, cmd, u.u32);
		break;
	case SP_GFX_FILL:
		rc = again_fill(&b, w);
		break;
	case SP_GFX_COPY:
	case SP_GFX_PASTE:
		rc = again_points(cmd, &b, w);
		break;
	case SP_GFX_OFFER:
	case SP_GFX_REPLY:
		rc = again_list(cmd, &b, w);
		break;
	case SP_GFX_BITS:
	case SP_GFX_BITS2:
		rc = again_bits(cmd, &b, w);
		break;
	default:
		return SP_EPROTO;
	}
#undef CASE
	return rc != SP_OK ? rc : sp_rd_end(&r);
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	assert_int_not_equal(again(in, &w), SP_OK);
	sp_wr_finish(&w);
}

/* By the tables of 2.2.2; the specification has no examples of whole messages. */
static const char *const pdus[] = {
		"0100 0000 1d000000 0300 0a00 20 0100 0200 4100 4200 04000000 a1a2a3a4",
		"0200 0000 18000000 0300 0900 78563412 20 03000000 c1c2c3",
		"0300 0000 0e000000 0300 78563412",
		"0400 0000 20000000 0300 112233ff 0200 0000 0000 ffff ffff 0500 0600 0500 0600",
		"0500 0000 1e000000 0300 0400 0100 0200 0300 0400 0200 feff 0500 0100 ff7f",
		"0600 0000 1c000000 0300 efcdab8967452301 0700 0000 0000 4000 4000",
		"0700 0000 12000000 0700 0300 0100 0a00 f6ff",
		"0800 0000 0a000000 0700",
		"0900 0000 0f000000 0300 8007 3804 20",
		"0a00 0000 0a000000 0300",
		"0b00 0000 10000000 e7efc205 09000000",
		"0c00 0000 0c000000 09000000",
		"0d00 0000 14000000 00100000 09000000 08000000",
		"0f00 0000 14000000 0300 0000 80070000 00000000",
		"1000 0000 22000000 0200 efcdab8967452301 00400000 0100000000000000 00080000",
		"1100 0000 10000000 0300 0600 0900 0200",
		"1200 0000 3a000000 0300 04000800 04000000 02000000 00010a00 10000000 "
		"00000000000000000000000000000000 01070a00 04000000 a2000000",
		"1300 0000 14000000 01060a00 04000000 42000000",
		"1300 0000 20000000 00010a00 10000000 00000000000000000000000000000000",
		"1500 0000 1a000000 0300 efcdab8967452301 64000000 c8000000",
		"1600 0000 14000000 09000000 10270000 0500 0700",
		"1700 0000 1c000000 0300 0000 0a000000 14000000 00040000 00030000",
		"1800 0000 22000000 0300 efcdab8967452301 64000000 c8000000 00040000 00030000",
};

static void test_pdus(void **state)
{
	for (size_t i = 0; i < SP_LEN(pdus); i++) {
		struct sp_span in = unit_hex(pdus[i]);
		struct sp_wr w;

		sp_wr_init(&w, 4096);
		assert_int_equal(again(in, &w), SP_OK);
		unit_assert_span(sp_span(w.p, w.n), in);
		sp_wr_finish(&w);
		unit_truncate(in, cut, NULL);
	}
}

/* What other implementations have in their tests. */
static void test_heads(void **state)
{
	static const struct {
		const char *name;
		uint16_t cmd;
	} rows[] = {{"wire_to_surface_1_header_buffer.bin", SP_GFX_BITS},
			{"frame_acknowledge_header_buffer.bin", SP_GFX_ACK}};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		char name[128];
		struct sp_rd r, body;
		uint16_t cmd;

		snprintf(name, sizeof(name), "peer/ironrdp/pdu/ironrdp-testsuite-core.gfx/%s",
				rows[i].name);
		struct sp_span in = unit_vector(name);
		sp_rd_init(&r, in.p, in.n);
		/* The bodies are not there. */
		assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_ESHORT);
		assert_int_equal(cmd, rows[i].cmd);
	}
}

static void test_reset(void **state)
{
	struct sp_gfx_reset in = {.w = 3200,
			.h = 1200,
			.n = 2,
			.monitor = {{{0, 0, 1920, 1080}, true},
					{{-1280, -100, 1280, 1200}, false}}};
	struct sp_gfx_reset out;
	uint8_t buf[512];
	struct sp_wr w;
	struct sp_rd r, body;
	uint16_t cmd;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_gfx_reset_write(&w, &in);
	assert_int_equal(w.n, SP_GFX_RESET_BYTES);
	/* Inclusive on the wire. */
	unit_assert_span(sp_span(buf, 40),
			unit_hex("0e00 0000 54010000 800c0000 b0040000 02000000 00000000 00000000 "
				 "7f070000 37040000 01000000"));
	sp_rd_init(&r, buf, w.n);
	assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_OK);
	assert_int_equal(sp_gfx_reset_read(&body, &out), SP_OK);
	assert_int_equal(out.w, 3200);
	assert_int_equal(out.n, 2);
	assert_true(out.monitor[0].primary);
	assert_int_equal(out.monitor[1].area.x, -1280);
	assert_int_equal(out.monitor[1].area.h, 1200);
	in.n = SP_GFX_MAX_MONITORS;
	for (size_t i = 0; i < in.n; i++) {
		in.monitor[i].area = (struct sp_rect){0, 0, 1, 1};
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_gfx_reset_write(&w, &in);
	assert_int_equal(w.n, SP_GFX_RESET_BYTES);
	in.n++;
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_gfx_reset_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

static void refuse(const char *hex, int err)
{
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	assert_int_equal(again(unit_hex(hex), &w), err);
	sp_wr_finish(&w);
}

static void test_fields(void **state)
{
	refuse("0100 0000 07000000", SP_EFIELD);
	/* Right left of left, in each kind of rectangle. */
	refuse("0100 0000 19000000 0300 0a00 20 0200 0000 0100 0100 00000000", SP_EFIELD);
	refuse("0400 0000 18000000 0300 112233ff 0100 0000 0200 0100 0100", SP_EFIELD);
	refuse("0900 0000 0f000000 0300 8007 3804 22", SP_EFIELD);
	refuse("0e00 0000 14000000 00000000 01000000 00000000", SP_EFIELD);
	refuse("0e00 0000 14000000 01000000 ff7f0000 00000000", SP_EFIELD);
	refuse("0e00 0000 14000000 01000000 01000000 11000000", SP_ELIMIT);
	refuse("0e00 0000 28000000 01000000 01000000 01000000 "
	       "00000080 00000000 ffffff7f 00000000 00000000",
			SP_EFIELD);
	refuse("1000 0000 0a000000 5615", SP_ELIMIT);
	refuse("1200 0000 0a000000 ffff", SP_ELIMIT);
	refuse("1300 0000 14000000 00000b00 04000000 00000000", SP_EPROTO);
	/* Bytes behind. */
	refuse("0a00 0000 0b000000 0300 00", SP_ETRAIL);
}

/* Sets of versions to come are passed over, flags a version does not have are not there. */
static void test_caps(void **state)
{
	struct sp_span in = unit_hex("1200 0000 36000000 0300 99990b00 06000000 010203040506 "
				     "04000800 04000000 ffffffff 01070a00 04000000 00000000");
	struct sp_gfx_advertise a;
	struct sp_rd r, body;
	uint16_t cmd;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_ESHORT);
	in = unit_hex("1200 0000 30000000 0300 99990b00 06000000 010203040506 "
		      "04000800 04000000 ffffffff 01070a00 04000000 00000000");
	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_gfx_next(&r, &cmd, &body), SP_OK);
	assert_int_equal(sp_gfx_advertise_read(&body, &a), SP_OK);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.set[0].version, SP_GFX_V8);
	assert_int_equal(a.set[0].flags, SP_GFX_THINCLIENT | SP_GFX_SMALL_CACHE);
	assert_int_equal(a.set[1].version, SP_GFX_V107);
	assert_true(sp_gfx_small_cache(&a.set[0]));
	assert_false(sp_gfx_small_cache(&a.set[1]));
	assert_true(sp_gfx_small_cache(&(struct sp_gfx_caps){.version = SP_GFX_V103}));
}

static void test_stamp(void **state)
{
	assert_int_equal(sp_gfx_stamp(((23 * 60 + 58) * 60 + 57) * 1000 + 999),
			23u << 22 | 58u << 16 | 57u << 10 | 999u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_pdus),
			cmocka_unit_test(test_heads),
			cmocka_unit_test(test_reset),
			cmocka_unit_test(test_fields),
			cmocka_unit_test(test_caps),
			cmocka_unit_test(test_stamp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
