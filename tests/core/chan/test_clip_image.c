/* tests/core/chan/test_clip_image.c - pictures of the clipboard. */
#include "unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/chan/clip_image.h"

/* A DIB from a header's fields and what stands behind it. */
static struct sp_span dib(uint32_t head, int32_t width, int32_t height, uint16_t bits,
		uint32_t compression, uint32_t used, const char *rest)
{
	static uint8_t buf[512];
	struct sp_wr w;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_wr_le32(&w, head);
	sp_wr_le32(&w, (uint32_t)width);
	sp_wr_le32(&w, (uint32_t)height);
	sp_wr_le16(&w, 1);
	sp_wr_le16(&w, bits);
	sp_wr_le32(&w, compression);
	sp_wr_zero(&w, 12);
	sp_wr_le32(&w, used);
	sp_wr_zero(&w, 4);
	sp_wr_span(&w, unit_hex(rest));
	return sp_span(buf, w.n);
}

static void check(struct sp_span in, uint32_t width, uint32_t height, bool alpha, const char *hex)
{
	struct sp_clip_image image;

	assert_int_equal(sp_clip_dib_read(in, &image), SP_OK);
	assert_int_equal(image.w, width);
	assert_int_equal(image.h, height);
	assert_int_equal(image.alpha, alpha);
	unit_assert_span(sp_span(image.bgra, (size_t)width * height * 4), unit_hex(hex));
	sp_clip_image_finish(&image);
}

static void test_depths(void **state)
{
	check(dib(40, 3, 1, 1, 0, 0, "10111200 20212200 a0000000"), 3, 1, false,
			"202122ff 101112ff 202122ff");
	check(dib(40, 3, 1, 4, 0, 3, "10111200 20212200 30313200 21f00000"), 3, 1, false,
			"303132ff 202122ff 000000ff"); /* the last one is in no palette */
	check(dib(40, 2, 1, 8, 0, 2, "10111200 20212200 01000000"), 2, 1, false,
			"202122ff 101112ff");
	check(dib(40, 2, 1, 16, 0, 0, "007c e003"), 2, 1, false, "0000ffff 00ff00ff");
	check(dib(40, 1, 1, 16, 3, 0, "00f80000 e0070000 1f000000 e0ff 0000"), 1, 1, false,
			"00ffffff");
	check(dib(40, 1, 2, 24, 0, 0, "010203 00 040506 00"), 1, 2, false, "040506ff 010203ff");
	check(dib(40, 1, -2, 24, 0, 0, "010203 00 040506 00"), 1, 2, false, "010203ff 040506ff");
	check(dib(40, 1, 1, 32, 0, 0, "01020304"), 1, 1, false, "010203ff");
	check(dib(40, 1, 1, 32, 3, 0, "ff000000 00ff0000 0000ff00 01020304"), 1, 1, false,
			"030201ff");
	check(dib(40, 1, 1, 32, 6, 0, "ff000000 00ff0000 0000ff00 000000ff 01020304"), 1, 1, true,
			"03020104");
	/* A palette that is only a hint for other displays is skipped. */
	check(dib(40, 1, 1, 24, 0, 1, "aaaaaaaa 010203 00"), 1, 1, false, "010203ff");
	/* BITMAPCOREHEADER */
	check(unit_hex("0c000000 0100 0100 0100 1800 01020300"), 1, 1, false, "010203ff");
	check(unit_hex("0c000000 0100 0100 0100 0100 010203 040506 80000000"), 1, 1, false,
			"040506ff");
}

static void test_not(void **state)
{
	static const struct {
		uint32_t head;
		int32_t w, h;
		uint16_t bits;
		uint32_t compression, used;
		int rc;
	} rows[] = {
			{40, 1, 1, 32, 0, 0, SP_OK},
			{39, 1, 1, 32, 0, 0, SP_ECODEC},
			{0, 1, 1, 32, 0, 0, SP_ECODEC},
			{0xFFFFFFFF, 1, 1, 32, 0, 0, SP_ECODEC},
			{4096, 1, 1, 32, 0, 0, SP_ESHORT},
			{40, 0, 1, 32, 0, 0, SP_ECODEC},
			{40, 1, 0, 32, 0, 0, SP_ECODEC},
			{40, -1, 1, 32, 0, 0, SP_ECODEC},
			{40, 1, INT32_MIN, 32, 0, 0, SP_ELIMIT},
			{40, INT32_MAX, INT32_MAX, 32, 0, 0, SP_ELIMIT},
			{40, 16384, 16384, 1, 0, 0, SP_ELIMIT},
			{40, 5000, 5000, 32, 0, 0, SP_ESHORT},
			{40, 1, 1, 0, 0, 0, SP_ECODEC},
			{40, 1, 1, 2, 0, 0, SP_ECODEC},
			{40, 1, 1, 33, 0, 0, SP_ECODEC},
			{40, 1, 1, 8, 1, 0, SP_ECODEC},
			{40, 1, 1, 32, 4, 0, SP_ECODEC},
			{40, 1, 1, 24, 3, 0, SP_ECODEC},
			{40, 1, 1, 8, 0, 257, SP_ELIMIT},
			{40, 1, 1, 32, 0, 0xFFFFFFFF, SP_ELIMIT},
			{40, 1, 1, 8, 0, 256, SP_ESHORT},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_clip_image image;
		struct sp_span in = dib(rows[i].head, rows[i].w, rows[i].h, rows[i].bits,
				rows[i].compression, rows[i].used, "01020304 05060708");

		assert_int_equal(sp_clip_dib_read(in, &image), rows[i].rc);
		assert_true((rows[i].rc == SP_OK) == (image.bgra != NULL));
		sp_clip_image_finish(&image);
	}
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_clip_image image;

	assert_int_not_equal(sp_clip_dib_read(in, &image), SP_OK);
	assert_null(image.bgra);
}

static void test_round(void **state)
{
	uint8_t pixels[3][8 * 4];
	struct sp_clip_image image;
	struct sp_wr w, file;
	struct sp_span in;

	for (size_t i = 0; i < sizeof(pixels); i++) {
		((uint8_t *)pixels)[i] = (uint8_t)(i * 7 + 3);
	}
	sp_wr_init(&w, 4096);
	assert_int_equal(sp_clip_dibv5_write(&w, pixels[0], 32, 5, 3), SP_OK);
	assert_int_equal(w.n, 124 + 5 * 3 * 4);
	assert_int_equal(sp_clip_dib_read(sp_span(w.p, w.n), &image), SP_OK);
	assert_true(image.alpha);
	for (size_t y = 0; y < 3; y++) {
		assert_memory_equal(image.bgra + y * 20, pixels[y], 20);
	}
	sp_clip_image_finish(&image);
	unit_truncate(sp_span(w.p, w.n), cut, NULL);
	for (long n = 0; n < 1; n++) {
		sp_mem_fail_after(n);
		assert_int_equal(sp_clip_dib_read(sp_span(w.p, w.n), &image), SP_ENOMEM);
		sp_mem_fail_after(-1);
	}

	sp_wr_reset(&w);
	assert_int_equal(sp_clip_dib_write(&w, pixels[0], 32, 5, 3), SP_OK);
	assert_int_equal(w.n, 40 + 5 * 3 * 4);
	assert_int_equal(w.p[43], 0); /* no byte of alpha leaves */
	sp_wr_init(&file, 4096);
	assert_int_equal(sp_clip_bmp_head_write(&file, sp_span(w.p, w.n)), SP_OK);
	sp_wr_put(&file, w.p, w.n);
	assert_memory_equal(file.p, "BM\x72\0\0\0\0\0\0\0\x36\0\0\0", 14);
	assert_int_equal(sp_clip_bmp_read(sp_span(file.p, file.n), &in), SP_OK);
	assert_int_equal(sp_clip_dib_read(in, &image), SP_OK);
	assert_false(image.alpha);
	assert_memory_equal(image.bgra, pixels[0], 3);
	assert_int_equal(image.bgra[3], 255);
	sp_clip_image_finish(&image);
	assert_int_equal(sp_clip_bmp_read(sp_span(w.p, w.n), &in), SP_ECODEC);
	assert_int_equal(sp_clip_bmp_read(sp_span("BM", 2), &in), SP_ECODEC);
	assert_int_equal(sp_clip_dib_write(&w, pixels[0], 32, 0, 3), SP_ELIMIT);
	assert_int_equal(sp_clip_dibv5_write(&w, pixels[0], 32, 16384, 16384), SP_ELIMIT);
	sp_wr_finish(&file);
	sp_wr_finish(&w);
}

/* As another client sent them. */
static void test_peers(void **state)
{
	static const char *const names[] = {
			"peer/ironrdp/clipboard/cf_dib.pdu", "peer/ironrdp/clipboard/cf_dibv5.pdu"};

	for (size_t i = 0; i < SP_LEN(names); i++) {
		struct sp_span pdu = unit_vector(names[i]);
		struct sp_clip_image image;

		assert_int_equal(sp_clip_dib_read(pdu, &image), SP_OK);
		assert_true(image.w > 0 && image.h > 0);
		sp_clip_image_finish(&image);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_depths),
			cmocka_unit_test(test_not),
			cmocka_unit_test(test_round),
			cmocka_unit_test(test_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
