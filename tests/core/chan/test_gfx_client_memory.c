/* tests/core/chan/test_gfx_client_memory.c - what a server can make its client keep. */
#include "gfx_rig.h"

#include <stdlib.h>

#include "core/codec/h264.h"
#include "core/codec/progressive.h"
#include "core/codec/rfx.h"

/* Surfaces, cache and codecs are one account; what decoders keep is given back with the surface. */
static void test_codec_memory(void **state)
{
	struct sp_gfx_client_conf conf = {.memory = 540u << 10};
	struct sp_gfx_bits b = {.codec = SP_GFX_PROGRESSIVE};
	struct sp_gfx_client_stats st;
	static struct rig g;

	open_as(&g, &conf, SP_GFX_V105, SP_GFX_AVC_DISABLED);
	for (b.surface = 1; b.surface <= 3; b.surface++) {
		create(&g, b.surface, 256, 128);
		sp_gfx_bits2_end(&g.w, sp_gfx_bits2_begin(&g.w, &b));
		assert_int_equal(send(&g), b.surface < 3 ? SP_OK : SP_ELIMIT);
		sp_gfx_client_stats(g.c, &st);
		assert_int_equal(st.codecs,
				(b.surface < 3 ? b.surface : 2u) * SP_PROG_DEC_BYTES(4 * 2));
		assert_true(st.memory + st.codecs <= st.most && st.most == conf.memory);
	}
	assert_non_null(strstr(sp_gfx_client_why(g.c), "memory"));
	sp_gfx_u16_write(&g.w, SP_GFX_DELETE, 1);
	sp_gfx_u16_write(&g.w, SP_GFX_DELETE, 2);
	b.surface = 3;
	sp_gfx_bits2_end(&g.w, sp_gfx_bits2_begin(&g.w, &b));
	assert_int_equal(send(&g), SP_OK);
	sp_gfx_client_stats(g.c, &st);
	assert_int_equal(st.codecs, SP_PROG_DEC_BYTES(4 * 2));
	close_it(&g);
}

/* What tiles keep counts once they do, and the decoder is told how much is left for them. */
static void test_tile_memory(void **state)
{
	struct sp_gfx_client_conf conf = {.memory = 180u << 10};
	struct sp_prog_enc *enc = sp_prog_enc_create(128, 64, true);
	static uint8_t px[128 * 64 * 4];
	struct sp_gfx_client_stats st;
	static struct sp_rfx_work work;
	static struct rig g;
	size_t before = 0;
	int rc = SP_OK;

	for (size_t i = 0; i < sizeof(px); i++) {
		px[i] = (uint8_t)(i * i >> 7);
	}
	open_as(&g, &conf, SP_GFX_V105, SP_GFX_AVC_DISABLED);
	create(&g, 1, 128, 64);
	for (uint32_t tx = 0; tx < 2; tx++) {
		struct sp_gfx_bits b = {.surface = 1, .codec = SP_GFX_PROGRESSIVE};
		struct sp_rect r = {(int32_t)tx * 64, 0, 64, 64};
		struct sp_prog_part part = {.tiles = 1};
		struct sp_wr tile;

		sp_wr_init(&tile, SP_PROG_TILE_BOUND);
		assert_true(sp_prog_enc_tile(enc, &work, px, 128 * 4, tx, 0, SP_PROG_FINE,
					    SP_PROG_COARSE, &tile) > 0);
		part.bytes = sp_span(tile.p, tile.n);
		size_t mark = sp_gfx_bits2_begin(&g.w, &b);
		assert_true(sp_prog_enc_stream(enc, &r, 1, &part, 1, &g.w) >= 0);
		sp_gfx_bits2_end(&g.w, mark);
		rc = send(&g);
		sp_wr_finish(&tile);
		sp_gfx_client_stats(g.c, &st);
		assert_true(st.codecs >= before && st.memory + st.codecs <= conf.memory);
		/* One tile fits beside the surface, and what the decoder itself takes. */
		assert_int_equal(rc, tx == 0 ? SP_OK : SP_ELIMIT);
		assert_true(tx > 0 || st.codecs >= SP_PROG_DEC_BYTES(2) + (24u << 10));
		before = st.codecs;
		if (tx == 0) {
			/* So much of it that the next one has no room. */
			create(&g, 2, 100, 100);
			assert_int_equal(send(&g), SP_OK);
		}
	}
	sp_gfx_u16_write(&g.w, SP_GFX_DELETE, 1);
	assert_int_equal(send(&g), SP_OK);
	sp_gfx_client_stats(g.c, &st);
	assert_int_equal(st.codecs, 0);
	close_it(&g);
	sp_prog_enc_destroy(enc);
}

/* The larger the output was, the more there may be; also when a smaller one came after it. */
static void test_justified(void **state)
{
	struct sp_gfx_client_conf conf = {.max_version = 0};
	struct sp_gfx_client_stats st;
	static struct rig g;

	open_as(&g, &conf, SP_GFX_V105, SP_GFX_AVC_DISABLED);
	create(&g, 1, 8192, 5000);
	create(&g, 2, 1024, 1024);
	assert_int_equal(send(&g), SP_ELIMIT);
	close_it(&g);
	open_as(&g, &conf, SP_GFX_V105, SP_GFX_AVC_DISABLED);
	reset(&g, 1920, 1080);
	reset(&g, 200, 200);
	create(&g, 1, 8192, 5000);
	create(&g, 2, 1024, 1024);
	assert_int_equal(send(&g), SP_OK);
	sp_gfx_client_stats(g.c, &st);
	assert_int_equal(st.most, SP_GFX_CLIENT_BASE + SP_GFX_CLIENT_PER_PIXEL * 1920u * 1080u);
	reset(&g, 32766, 32766);
	assert_int_equal(send(&g), SP_OK);
	sp_gfx_client_stats(g.c, &st);
	assert_int_equal(st.most, SP_GFX_CLIENT_MEMORY);
	/* What was asked for is known to whoever owns the machine. */
	sp_gfx_client_allow(g.c, 1920u * 1080u);
	reset(&g, 1920, 1080);
	assert_int_equal(send(&g), SP_OK);
	assert_null(sp_gfx_client_why(g.c));
	reset(&g, 1920, 1081);
	assert_int_equal(send(&g), SP_ELIMIT);
	assert_non_null(strstr(sp_gfx_client_why(g.c), "larger than asked"));
	close_it(&g);
}

/* Sixteen monitors of 1920x1080, or one of 7680x4320: surfaces, film and pictures all have room. */
static void test_large_desktops(void **state)
{
	static const struct {
		uint32_t n, w, h;
	} rows[] = {{1, 1920, 1080}, {16, 1920, 1080}, {1, 7680, 4320}};
	const uint64_t cache = SP_GFX_CACHE_BYTES;

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		uint64_t area = (uint64_t)rows[i].w * rows[i].h, all = area * rows[i].n;
		uint64_t may = SP_GFX_CLIENT_BASE + SP_GFX_CLIENT_PER_PIXEL * all;
		/* As measured: 4 MB a decoder, 13 bytes a pixel with one reference. */
		uint64_t film = rows[i].n * (4u << 20) + 13 * all;

		may = may < SP_GFX_CLIENT_MEMORY ? may : SP_GFX_CLIENT_MEMORY;
		assert_true(4 * all + cache + film <= may);
		assert_true(2 * 4 * all + cache + 27 * all / 4 <= may);
	}
}

/* A library's decoder is dear however small its pictures are. */
static int lib_create(uint32_t w, uint32_t h, struct sp_h264_dec **out)
{
	*out = malloc(1);
	return SP_OK;
}

static void lib_destroy(struct sp_h264_dec *d)
{
	free(d);
}

static int lib_decode(struct sp_h264_dec *d, struct sp_span in, struct sp_h264_picture *out)
{
	*out = (struct sp_h264_picture){.w = 0};
	return SP_OK;
}

static void test_many_decoders(void **state)
{
	static const struct sp_h264_impl lib = {.dec_create = lib_create,
			.dec_destroy = lib_destroy,
			.dec_decode = lib_decode};
	struct sp_gfx_client_conf conf = {.h264 = &lib};
	struct sp_gfx_client_stats st;
	static struct rig g;
	unsigned n = 0;
	int rc = SP_OK;

	open_as(&g, &conf, SP_GFX_V107, 0);
	for (; n < SP_GFX_CLIENT_SURFACES && rc == SP_OK; n++) {
		struct sp_gfx_bits b = {.surface = (uint16_t)n,
				.codec = SP_GFX_AVC420,
				.format = SP_GFX_XRGB,
				.to = {0, 0, 16, 16}};

		create(&g, b.surface, 16, 16);
		size_t mark = sp_gfx_bits_begin(&g.w, &b);
		sp_wr_le32(&g.w, 0); /* no regions */
		sp_wr_put(&g.w, "\0\0\1\x09\x10", 5); /* nothing that is a picture */
		sp_gfx_bits_end(&g.w, mark);
		rc = send(&g);
		sp_gfx_client_stats(g.c, &st);
		assert_true(st.memory + st.codecs <= st.most);
	}
	assert_int_equal(rc, SP_ELIMIT);
	assert_true(30 < n && n < 45);
	close_it(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_codec_memory),
			cmocka_unit_test(test_tile_memory),
			cmocka_unit_test(test_justified),
			cmocka_unit_test(test_large_desktops),
			cmocka_unit_test(test_many_decoders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
