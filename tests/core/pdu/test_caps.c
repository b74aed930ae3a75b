/* tests/core/pdu/test_caps.c - capability sets, and the two PDUs that carry them. */
#include "unit.h"

#include <string.h>

#include "core/pdu/active.h"
#include "core/pdu/caps.h"
#include "core/pdu/share.h"

#define DEMAND "spec/MS-RDPBCGR-4.1.12-server-demand-active-pdu-2.hex"
#define CONFIRM "spec/MS-RDPBCGR-4.1.13-client-confirm-active-pdu-2.hex"
#define PEER "peer/ironrdp/pdu/ironrdp-pdu.rdp.capability_sets."

static struct sp_caps caps;

static struct sp_span share_body(struct sp_span in, uint8_t type)
{
	struct sp_share s;
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_share_read(&r, &s), SP_OK);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	assert_int_equal(s.type, type);
	return s.body;
}

static int parse(struct sp_span sets)
{
	struct sp_rd r;

	sp_rd_init(&r, sets.p, sets.n);
	return sp_caps_read(&r, &caps);
}

static int demand(struct sp_span body, struct sp_active *a)
{
	struct sp_rd r;

	sp_rd_init(&r, body.p, body.n);
	return sp_active_demand_read(&r, a);
}

static int confirm(struct sp_span body, struct sp_active *a)
{
	struct sp_rd r;

	sp_rd_init(&r, body.p, body.n);
	return sp_active_confirm_read(&r, a);
}

/* caps written, read back and written again gives the same bytes; returns how many sets. */
static size_t round_trip(void)
{
	static uint8_t first[16384], second[16384];
	struct sp_wr w;

	sp_wr_fixed(&w, first, sizeof(first));
	size_t count = sp_caps_write(&w, &caps);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	size_t n = w.n;
	assert_int_equal(parse(sp_span(first, n)), SP_OK);
	sp_wr_fixed(&w, second, sizeof(second));
	assert_int_equal(sp_caps_write(&w, &caps), count);
	unit_assert_span(sp_span(second, w.n), sp_span(first, n));
	return count;
}

static void test_demand(void **state)
{
	struct sp_span in = unit_vector(DEMAND);
	struct sp_active a;
	static uint8_t buf[1024];
	struct sp_wr w;

	assert_int_equal(demand(share_body(in, SP_SHARE_DEMAND_ACTIVE), &a), SP_OK);
	assert_int_equal(a.share_id, 0x000103EA);
	unit_assert_span(a.source, sp_span("RDP", 4));
	assert_int_equal(a.n, 13);
	assert_int_equal(a.session_id, 0);

	assert_int_equal(parse(a.sets), SP_OK);
	assert_int_equal(caps.share_node, 1002);
	assert_int_equal(caps.general.extra_flags, 0x041D);
	assert_true(caps.general.refresh_rect && caps.general.suppress_output);
	assert_true(sp_caps_has(&caps, SP_CAPS_FONT)); /* of four bytes */
	assert_int_equal(caps.bitmap.bpp, 24);
	assert_int_equal(caps.bitmap.width, 1280);
	assert_int_equal(caps.bitmap.height, 1024);
	assert_true(caps.bitmap.resize);
	assert_int_equal(caps.order.flags, 0x22);
	assert_int_equal(caps.order.desktop_save_size, 1000000);
	assert_int_equal(caps.vc.flags, SP_VC_COMPR_CS_8K);
	assert_false(caps.vc.has_chunk_size);
	assert_int_equal(caps.vc.chunk_size, 1600);
	assert_int_equal(caps.pointer.color_cache, 25);
	assert_int_equal(caps.input.flags, 0x35);
	assert_int_equal(caps.gdiplus.n, 36);
	assert_true(sp_caps_has(&caps, SP_CAPS_WINDOW));
	assert_false(sp_caps_has(&caps, SP_CAPS_BITMAP_CODECS));
	assert_null(sp_caps_codec_find(&caps, SP_CODEC_NSCODEC));

	/* A relay passes the sets on as they are, down to the last byte. */
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_active_demand_write(&w, 1002, &a, NULL);
	unit_assert_span(sp_span(buf, w.n), in);
}

static void test_confirm(void **state)
{
	struct sp_span in = unit_vector(CONFIRM);
	struct sp_active a;
	static uint8_t buf[1024];
	struct sp_wr w;

	assert_int_equal(confirm(share_body(in, SP_SHARE_CONFIRM_ACTIVE), &a), SP_OK);
	assert_int_equal(a.n, 18);
	unit_assert_span(a.source, sp_span("MSTSC", 6));
	assert_int_equal(parse(a.sets), SP_OK);
	assert_int_equal(caps.order.ansi_code_page, 1252);
	assert_int_equal(caps.cache2.n, 3);
	assert_int_equal(caps.cache2.cache[1].entries, 120);
	assert_int_equal(caps.cache2.cache[2].entries, 0x9FB);
	assert_true(caps.cache2.cache[2].persistent);
	assert_int_equal(caps.pointer.color_cache, 20);
	assert_int_equal(caps.pointer.cache, 21);
	assert_int_equal(caps.input.layout, 0x409);
	assert_int_equal(caps.input.function_keys, 12);
	assert_string_equal(caps.input.ime, "");
	assert_int_equal(caps.sound_flags, 1);
	assert_int_equal(caps.glyph.cache[9].entries, 64);
	assert_int_equal(caps.glyph.cache[9].cell, 2048);
	assert_int_equal(caps.glyph.fragment.entries, 256);
	assert_int_equal(caps.glyph.level, 3);
	assert_int_equal(caps.brush_level, 1);
	assert_int_equal(caps.offscreen.size_kb, 7680);
	assert_int_equal(caps.ninegrid.entries, 256);
	assert_int_equal(caps.control.interest, 2);
	assert_int_equal(caps.font_flags, 1);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_active_confirm_write(&w, 1007, &a, NULL);
	unit_assert_span(sp_span(buf, w.n), in);
	assert_int_equal(round_trip(), 18);
}

static void cut_demand(struct sp_span in, void *arg)
{
	struct sp_active a;
	size_t whole = *(size_t *)arg;
	int rc = demand(in, &a);

	/* Only the session id may be missing. */
	if (in.n >= whole - 4) {
		assert_int_equal(rc, SP_OK);
	} else {
		assert_int_equal(rc, SP_ESHORT);
	}
}

static void cut_confirm(struct sp_span in, void *arg)
{
	struct sp_active a;

	assert_int_equal(confirm(in, &a), SP_ESHORT);
}

static void test_truncate(void **state)
{
	struct sp_span in = share_body(unit_vector(DEMAND), SP_SHARE_DEMAND_ACTIVE);

	unit_truncate(in, cut_demand, &in.n);
	unit_truncate(share_body(unit_vector(CONFIRM), SP_SHARE_CONFIRM_ACTIVE), cut_confirm, NULL);
}

static void test_active_bad(void **state)
{
	struct sp_active a;

	assert_int_equal(confirm(unit_hex("ea030100 eb03 0000 0400 0000 0000"), &a), SP_EFIELD);
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0400 0000 0000"), &a), SP_OK);
	assert_int_equal(a.n, 0);
	/* more sets than there may be, more than there are, combined length too short */
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0400 4100 0000"), &a), SP_ELIMIT);
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0400 0100 0000"), &a), SP_ESHORT);
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0300 0000 0000"), &a), SP_ESHORT);
	/* a set that is shorter than its own header, and one that ends outside */
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0800 0100 0000 0100 0300"), &a),
			SP_EFIELD);
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0800 0100 0000 0100 0500 00"), &a),
			SP_ESHORT);
	/* what stands behind the last set counted is not part of the sets */
	assert_int_equal(confirm(unit_hex("ea030100 ea03 0000 0c00 0100 0000 0e00 0400 ffff ffff"),
					 &a),
			SP_OK);
	assert_int_equal(a.sets.n, 4);
}

/* One set of each type there is, with every field away from zero. */
static void fill_all(void)
{
	memset(&caps, 0x11, sizeof(caps));
	caps.general.refresh_rect = caps.general.suppress_output = true;
	caps.bitmap.resize = true;
	caps.cache2.n = 5;
	for (size_t i = 0; i < 5; i++) {
		caps.cache2.cache[i].persistent = i % 2;
	}
	caps.pointer.color = true;
	memset(caps.input.ime, 0, sizeof(caps.input.ime));
	caps.input.ime[0] = 'i';
	caps.vc.has_chunk_size = true;
	caps.gdiplus = sp_span("123456789", 9);
	caps.codecs.n = 3;
	caps.codecs.codec[0] = (struct sp_caps_codec){
			.kind = SP_CODEC_NSCODEC, .id = 1, .properties = sp_span("\1\1\3", 3)};
	caps.codecs.codec[1] = (struct sp_caps_codec){.kind = SP_CODEC_IMAGE_REMOTEFX, .id = 2};
	caps.codecs.codec[2] =
			(struct sp_caps_codec){.kind = SP_CODEC_UNKNOWN, .guid = {9}, .id = 3};
	caps.have = 0;
	for (int type = 1; type <= SP_CAPS_FRAME_ACKNOWLEDGE; type++) {
		if (type != 6 && type != 11) {
			sp_caps_add(&caps, (enum sp_caps_type)type);
		}
	}
}

static void test_all(void **state)
{
	static struct sp_caps full;

	fill_all();
	full = caps;
	assert_int_equal(round_trip(), 28);
	assert_int_equal(caps.have, full.have);
	assert_int_equal(caps.general.os_major, full.general.os_major);
	assert_int_equal(caps.general.extra_flags, full.general.extra_flags);
	assert_true(caps.general.refresh_rect && caps.general.suppress_output);
	assert_memory_equal(caps.order.support, full.order.support, 32);
	assert_int_equal(caps.order.desktop_save_size, full.order.desktop_save_size);
	assert_int_equal(caps.order.ansi_code_page, full.order.ansi_code_page);
	assert_memory_equal(&caps.cache1, &full.cache1, sizeof(caps.cache1));
	assert_memory_equal(&caps.control, &full.control, sizeof(caps.control));
	assert_memory_equal(&caps.activation, &full.activation, sizeof(caps.activation));
	assert_memory_equal(&caps.glyph, &full.glyph, sizeof(caps.glyph));
	assert_memory_equal(&caps.ninegrid, &full.ninegrid, sizeof(caps.ninegrid));
	assert_int_equal(caps.max_request, full.max_request);
	assert_int_equal(caps.frame_ack, full.frame_ack);
	assert_int_equal(caps.vc.chunk_size, full.vc.chunk_size);
	unit_assert_span(caps.gdiplus, full.gdiplus);
	assert_int_equal(caps.codecs.n, 3);
	assert_int_equal(sp_caps_codec_find(&caps, SP_CODEC_NSCODEC)->properties.n, 3);
	assert_int_equal(sp_caps_codec_find(&caps, SP_CODEC_IMAGE_REMOTEFX)->id, 2);
	assert_null(sp_caps_codec_find(&caps, SP_CODEC_REMOTEFX));
	assert_int_equal(caps.codecs.codec[2].guid[0], 9);
	sp_caps_drop(&caps, SP_CAPS_BITMAP_CODECS);
	assert_null(sp_caps_codec_find(&caps, SP_CODEC_NSCODEC));
}

/* Each set at every length from nothing to four bytes too many. */
static void test_each_length(void **state)
{
	/* What each may be cut to, without its header; those not named need all of it. */
	static const struct {
		uint8_t type, least;
	} optional[] = {
			{SP_CAPS_POINTER, 4},
			{SP_CAPS_VIRTUALCHANNEL, 4},
			{SP_CAPS_FONT, 0},
			{SP_CAPS_SHARE, 2},
			{SP_CAPS_COLORCACHE, 2},
			{SP_CAPS_SOUND, 2},
			{SP_CAPS_BITMAPCACHE_HOSTSUPPORT, 1},
			{SP_CAPS_BITMAPCACHE_REV2, 24},
			{SP_CAPS_SURFACE_COMMANDS, 4},
			{SP_CAPS_DRAWGDIPLUS, 0},
	};
	static uint8_t all[16384], one[2048];
	struct sp_caps_set set;
	struct sp_wr w, w1;
	struct sp_rd r;
	size_t seen = 0;

	fill_all();
	sp_wr_fixed(&w, all, sizeof(all));
	sp_caps_write(&w, &caps);
	sp_rd_init(&r, all, w.n);
	while (sp_caps_next(&r, &set) == 1) {
		size_t least = set.data.n;

		for (size_t i = 0; i < SP_LEN(optional); i++) {
			if (optional[i].type == set.type) {
				least = optional[i].least;
			}
		}
		for (size_t n = 0; n <= set.data.n + 4; n++) {
			static uint8_t data[1024];
			struct sp_caps_set cut = {.type = set.type, .data = sp_span(data, n)};

			memset(data, 0, sizeof(data));
			memcpy(data, set.data.p, n < set.data.n ? n : set.data.n);
			sp_wr_fixed(&w1, one, sizeof(one));
			sp_caps_set_write(&w1, &cut);
			int rc = parse(sp_span(one, w1.n));
			assert_int_equal(rc, n < least ? SP_ESHORT : SP_OK);
			assert_int_equal(sp_caps_has(&caps, (enum sp_caps_type)set.type),
					n >= least);
		}
		seen++;
	}
	assert_int_equal(seen, 28);
}

static void test_unknown(void **state)
{
	/* Types 0, 6, 31, 32 and 0xFFFF among known ones; the last pointer set counts. */
	assert_int_equal(parse(unit_hex("0000 0400  0600 0500 aa  0800 0a00 0100 0500 0600"
					"1f00 0400  2000 0600 bbbb  ffff 0400  0800 0800 0000 "
					"0700")),
			SP_OK);
	assert_int_equal(caps.have, 1u << SP_CAPS_POINTER);
	assert_int_equal(caps.pointer.color_cache, 7);
	assert_int_equal(caps.pointer.cache, 0);
	assert_false(caps.pointer.color);

	assert_int_equal(parse(unit_hex("0000 0300")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0000 0000")), SP_EFIELD);
	assert_int_equal(parse(unit_hex("0000 ffff 00")), SP_ESHORT);
	assert_int_equal(parse(unit_hex("0000 04")), SP_ESHORT);
	assert_int_equal(parse(sp_span("", 0)), SP_OK);
}

static void test_names_the_set(void **state)
{
	struct sp_span in = unit_hex("0200 0800 0000 0000");
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	assert_int_equal(sp_caps_read(&r, &caps), SP_ESHORT);
	assert_string_equal(r.what, "caps.bitmap");
}

static void test_counts(void **state)
{
	uint8_t set[64] = {SP_CAPS_BITMAPCACHE_REV2, 0, 40, 0, 3, 0, 0, 6};
	static uint8_t list[4 + 1 + 255 * 19];

	assert_int_equal(parse(sp_span(set, 40)), SP_ELIMIT);
	set[7] = 5;
	assert_int_equal(parse(sp_span(set, 40)), SP_OK);

	/* 255 codecs: the first 16 are kept; 255 promised and none there: refused. */
	list[0] = SP_CAPS_BITMAP_CODECS;
	list[2] = (uint8_t)sizeof(list);
	list[3] = (uint8_t)(sizeof(list) >> 8);
	list[4] = 255;
	assert_int_equal(parse(sp_span(list, sizeof(list))), SP_OK);
	assert_int_equal(caps.codecs.n, SP_CAPS_MAX_CODECS);
	list[2] = 5;
	list[3] = 0;
	assert_int_equal(parse(sp_span(list, 5)), SP_ESHORT);
	/* a property length that leaves the set */
	list[2] = 24;
	list[4] = 1;
	list[5 + 17] = 2;
	assert_int_equal(parse(sp_span(list, 24)), SP_ESHORT);
}

static void test_peer(void **state)
{
	static const struct {
		uint16_t type;
		const char *name;
	} sets[] = {
			{SP_CAPS_GENERAL, PEER "general.tests/general_capset_buffer.bin"},
			{SP_CAPS_BITMAP, PEER "bitmap.tests/bitmap_buffer.bin"},
			{SP_CAPS_ORDER, PEER "order.tests/order_buffer.bin"},
			{SP_CAPS_BITMAPCACHE, PEER "bitmap_cache.tests/bitmap_cache_buffer.bin"},
			{SP_CAPS_BITMAPCACHE_REV2,
					PEER "bitmap_cache.tests/bitmap_cache_rev2_buffer.bin"},
			{SP_CAPS_BITMAP_CODECS,
					PEER "bitmap_codecs.tests/bitmap_codecs_buffer.bin"},
			{SP_CAPS_BRUSH, PEER "brush.tests/brush_buffer.bin"},
			{SP_CAPS_GLYPHCACHE, PEER "glyph_cache.tests/glyph_cache_buffer.bin"},
			{SP_CAPS_INPUT, PEER "input.tests/input_buffer.bin"},
			{SP_CAPS_OFFSCREENCACHE,
					PEER "offscreen_bitmap_cache.tests/"
					     "offscreen_bitmap_cache_buffer.bin"},
			{SP_CAPS_POINTER, PEER "pointer.tests/pointer_buffer.bin"},
			{SP_CAPS_SOUND, PEER "sound.tests/sound_buffer.bin"},
			{SP_CAPS_SURFACE_COMMANDS,
					PEER "surface_commands.tests/surface_commands_buffer.bin"},
			{SP_CAPS_VIRTUALCHANNEL,
					PEER "virtual_channel.tests/virtual_channel_buffer.bin"},
			{SP_CAPS_VIRTUALCHANNEL,
					PEER "virtual_channel.tests/"
					     "virtual_channel_incomplete_buffer.bin"},
	};
	static uint8_t in[2048], out[2048];

	for (size_t i = 0; i < SP_LEN(sets); i++) {
		struct sp_caps_set set = {.type = sets[i].type, .data = unit_vector(sets[i].name)};
		struct sp_wr w, w2;

		sp_wr_fixed(&w, in, sizeof(in));
		sp_caps_set_write(&w, &set);
		assert_int_equal(parse(sp_span(in, w.n)), SP_OK);
		assert_true(sp_caps_has(&caps, (enum sp_caps_type)sets[i].type));
		sp_wr_fixed(&w2, out, sizeof(out));
		assert_int_equal(sp_caps_write(&w2, &caps), 1);
		unit_assert_span(sp_span(out, w2.n), sp_span(in, w.n));
	}
}

static void test_remotefx(void **state)
{
	struct sp_span peer = unit_vector(PEER "bitmap_codecs.tests/bitmap_codecs_buffer.bin");
	struct sp_span spec = unit_vector("spec/MS-RDPRFX-4.2.1-capabilities-messages-1.hex");
	struct sp_caps_set set = {.type = SP_CAPS_BITMAP_CODECS, .data = peer};
	static uint8_t buf[256];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_caps_set_write(&w, &set);
	assert_int_equal(parse(sp_span(buf, w.n)), SP_OK);
	assert_int_equal(caps.codecs.n, 2);
	const struct sp_caps_codec *c = sp_caps_codec_find(&caps, SP_CODEC_REMOTEFX);
	assert_non_null(c);
	assert_int_equal(c->id, 3);
	assert_int_equal(c->properties.n, spec.n);
	assert_memory_equal(c->properties.p, spec.p, 12); /* the container's header */
	assert_int_equal(sp_caps_codec_find(&caps, SP_CODEC_NSCODEC)->id, 1);
	assert_null(sp_caps_codec_guid(SP_CODEC_UNKNOWN));
}

static void test_write_caps(void **state)
{
	static uint8_t buf[16384];
	struct sp_active in = {.share_id = 7, .session_id = 9}, a;
	struct sp_wr w;

	fill_all();
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_active_demand_write(&w, 1002, &in, &caps);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(demand(share_body(sp_span(buf, w.n), SP_SHARE_DEMAND_ACTIVE), &a), SP_OK);
	assert_int_equal(a.n, 28);
	assert_int_equal(a.share_id, 7);
	assert_int_equal(a.session_id, 9);
	unit_assert_span(a.source, sp_span("", 1));

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_active_confirm_write(&w, 1007, &in, &caps);
	assert_int_equal(
			confirm(share_body(sp_span(buf, w.n), SP_SHARE_CONFIRM_ACTIVE), &a), SP_OK);
	assert_int_equal(a.n, 28);

	size_t whole = w.n;
	for (size_t cap = 0; cap < whole; cap += 7) {
		sp_wr_fixed(&w, buf, cap);
		sp_active_confirm_write(&w, 1007, &in, &caps);
		assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	}
	memset(caps.input.ime, 'x', 32);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_caps_write(&w, &caps);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_demand),
			cmocka_unit_test(test_confirm),
			cmocka_unit_test(test_truncate),
			cmocka_unit_test(test_active_bad),
			cmocka_unit_test(test_all),
			cmocka_unit_test(test_each_length),
			cmocka_unit_test(test_unknown),
			cmocka_unit_test(test_names_the_set),
			cmocka_unit_test(test_counts),
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_remotefx),
			cmocka_unit_test(test_write_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
