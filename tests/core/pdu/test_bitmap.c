/* tests/core/pdu/test_bitmap.c - bitmap and palette updates. */
#include "unit.h"

#include <string.h>

#include "core/pdu/bitmap.h"

#define PEER "peer/ironrdp/pdu/ironrdp-pdu.basic_output.bitmap.tests/bitmap_buffer.bin"

static int parse(struct sp_span in, struct sp_bitmap_rect *out)
{
	struct sp_rd r;
	uint16_t type;
	size_t n;

	sp_rd_init(&r, in.p, in.n);
	int rc = sp_bitmap_update_read(&r, &type);
	if (rc == SP_OK) {
		assert_int_equal(type, SP_UPDATE_BITMAP);
		rc = sp_bitmap_read(&r, &n);
	}
	if (rc == SP_OK) {
		assert_int_equal(n, 1);
		rc = sp_bitmap_rect_read(&r, out);
	}
	return rc == SP_OK ? sp_rd_end(&r) : rc;
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_bitmap_rect b;

	assert_int_equal(parse(in, &b), SP_ESHORT);
}

static void test_peer(void **state)
{
	struct sp_span in = unit_vector(PEER);
	struct sp_bitmap_rect b;
	uint8_t buf[256];
	struct sp_wr w;

	assert_int_equal(parse(in, &b), SP_OK);
	assert_int_equal(b.left, 1792);
	assert_int_equal(b.top, 1024);
	assert_int_equal(b.right, 1855);
	assert_int_equal(b.bottom, 1079);
	assert_int_equal(b.width, 64);
	assert_int_equal(b.height, 56);
	assert_int_equal(b.bpp, 16);
	assert_true(b.compressed && b.has_header);
	assert_int_equal(b.scan_width, 28);
	assert_int_equal(b.uncompressed, 4);
	assert_int_equal(b.data.n, 80);
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_bitmap_write(&w, 1);
	sp_bitmap_rect_write(&w, &b);
	/* bitmapLength covers four bytes behind the stream, which are not written again. */
	assert_int_equal(w.n, in.n - 4);
	assert_memory_equal(buf + 22, in.p + 22, w.n - 22);
	unit_truncate(in, cut, NULL);
}

static void test_forms(void **state)
{
	static const uint8_t pixels[64];
	struct sp_bitmap_rect in = {.right = 3,
			.bottom = 3,
			.width = 4,
			.height = 4,
			.bpp = 32,
			.data = sp_span(pixels, 64)};
	struct sp_bitmap_rect out;
	uint8_t buf[256];
	struct sp_wr w;

	for (int form = 0; form < 3; form++) {
		in.compressed = form > 0;
		in.has_header = form > 1;
		in.scan_width = form > 1 ? 16 : 0;
		in.uncompressed = form > 1 ? 64 : 0;
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_bitmap_write(&w, 1);
		sp_bitmap_rect_write(&w, &in);
		assert_int_equal(w.n, 4u + SP_BITMAP_RECT_HEADER + 64u + (form > 1 ? 8u : 0u));
		assert_int_equal(parse(sp_span(buf, w.n), &out), SP_OK);
		assert_int_equal(out.compressed, in.compressed);
		assert_int_equal(out.has_header, in.has_header);
		assert_int_equal(out.scan_width, in.scan_width);
		assert_int_equal(out.uncompressed, in.uncompressed);
		unit_assert_span(out.data, in.data);
	}
	static uint8_t large[65536], room[1 << 17];
	sp_wr_fixed(&w, room, sizeof(room));
	in.data = sp_span(large, 65535 - 8);
	sp_bitmap_rect_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	in.data.n++; /* with the header one too many */
	sp_bitmap_rect_write(&w, &in);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
}

static int bent(size_t at, uint16_t value)
{
	struct sp_bitmap_rect out;
	uint8_t buf[256];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_bitmap_write(&w, 1);
	sp_bitmap_rect_write(&w,
			&(struct sp_bitmap_rect){.left = 1,
					.top = 1,
					.right = 4,
					.bottom = 4,
					.width = 4,
					.height = 4,
					.bpp = 8,
					.compressed = true,
					.has_header = true,
					.data = sp_span("1234", 4)});
	buf[4 + at] = (uint8_t)value;
	buf[5 + at] = (uint8_t)(value >> 8);
	return parse(sp_span(buf, w.n), &out);
}

static void test_bad(void **state)
{
	static const uint16_t values[] = {0, 1, 0x7FFE, 0x7FFF, 0x8000, 0xFFFF};

	for (size_t i = 0; i < SP_LEN(values); i++) {
		uint16_t v = values[i];
		bool side = v >= 1 && v <= SP_BITMAP_MAX_SIDE;

		assert_int_equal(bent(0, v), v <= 4 ? SP_OK : SP_EFIELD);
		assert_int_equal(bent(2, v), v <= 4 ? SP_OK : SP_EFIELD);
		assert_int_equal(bent(4, v), v >= 1 ? SP_OK : SP_EFIELD);
		assert_int_equal(bent(6, v), v >= 1 ? SP_OK : SP_EFIELD);
		assert_int_equal(bent(8, v), side ? SP_OK : SP_EFIELD);
		assert_int_equal(bent(10, v), side ? SP_OK : SP_EFIELD);
		assert_int_equal(bent(12, v), SP_EFIELD);
	}
	assert_int_equal(bent(12, 15), SP_OK);
	assert_int_equal(bent(12, 4), SP_EFIELD);
	assert_int_equal(bent(16, 13), SP_ESHORT); /* bitmapLength */
	assert_int_equal(bent(16, 11), SP_ESHORT); /* the header says 4 bytes, 3 are there */
	assert_int_equal(bent(20, 5), SP_ESHORT); /* cbCompMainBodySize */
	assert_int_equal(bent(20, 3), SP_OK);

	struct sp_rd r;
	uint16_t type;
	size_t n;
	sp_rd_init(&r, "\x04\0", 2);
	assert_int_equal(sp_bitmap_update_read(&r, &type), SP_EFIELD);
	sp_rd_init(&r, "\x01\x40", 2);
	assert_int_equal(sp_bitmap_read(&r, &n), SP_ELIMIT);
	assert_int_equal(n, 0);
}

static void test_palette(void **state)
{
	static uint8_t rgb[256][3], out[256][3], buf[1024];
	struct sp_wr w;
	struct sp_rd r;
	uint16_t type;

	for (int i = 0; i < 256; i++) {
		rgb[i][0] = (uint8_t)i;
		rgb[i][1] = (uint8_t)(255 - i);
		rgb[i][2] = 7;
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_bitmap_palette_write(&w, rgb);
	assert_int_equal(w.n, 8 + 768);
	for (size_t n = 0; n <= w.n; n++) {
		sp_rd_init(&r, buf, n);
		int rc = sp_bitmap_update_read(&r, &type);
		if (rc == SP_OK) {
			rc = sp_bitmap_palette_read(&r, out);
		}
		assert_int_equal(rc, n < w.n ? SP_ESHORT : SP_OK);
	}
	assert_memory_equal(out, rgb, sizeof(rgb));
	buf[4] = 255;
	buf[5] = 0;
	sp_rd_init(&r, buf + 2, w.n - 2);
	assert_int_equal(sp_bitmap_palette_read(&r, out), SP_EFIELD);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_bitmap_sync_write(&w);
	unit_assert_span(sp_span(buf, w.n), unit_hex("03 00 00 00"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_forms),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_palette),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
