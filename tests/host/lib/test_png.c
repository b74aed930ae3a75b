/* tests/host/lib/test_png.c - pictures through files and memory: round trip, missing and damaged ones, bombs. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/lib/png.h"

static char path[] = "/tmp/sallyport-png-XXXXXX";

static void test_round_trip(void **state)
{
	enum {
		W = 37,
		H = 21,
		STRIDE = 4 * W + 20
	};
	uint8_t px[STRIDE * H];
	struct sp_png png;

	for (size_t i = 0; i < sizeof(px); i++) {
		px[i] = (uint8_t)(i * 7 + i / 100);
	}
	assert_int_equal(sp_png_write(path, px, STRIDE, W, H), SP_OK);
	assert_int_equal(sp_png_read(path, &png), SP_OK);
	assert_true(png.w == W && png.h == H);
	for (size_t y = 0; y < H; y++) {
		for (size_t x = 0; x < W; x++) {
			assert_memory_equal(png.bgrx + 4 * (y * W + x), px + y * STRIDE + 4 * x, 3);
			assert_int_equal(png.bgrx[4 * (y * W + x) + 3], 0xff);
		}
	}
	sp_png_finish(&png);
	sp_png_finish(&png);
	for (long n = 0; n < 2; n++) {
		sp_mem_fail_after(n);
		int rc = sp_png_read(path, &png);
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
	}
	sp_mem_fail_after(0);
	int rc = sp_png_write(path, px, STRIDE, W, H);
	sp_mem_fail_after(-1);
	assert_int_equal(rc, SP_ENOMEM);
}

static void test_bad_files(void **state)
{
	uint8_t px[4] = {0};
	struct sp_png png;

	assert_int_equal(sp_png_read("/nonexistent/file.png", &png), SP_ESYS);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(sp_png_write("/nonexistent/file.png", px, 4, 1, 1), SP_ESYS);
	assert_int_equal(sp_png_write(path, px, 4, 1, 1), SP_OK);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(sp_png_read(path, &png), SP_ECODEC);
	assert_null(png.bgrx);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	fputs("no picture", f);
	fclose(f);
	assert_int_equal(sp_png_read(path, &png), SP_ECODEC);
}

static void test_memory(void **state)
{
	enum {
		W = 37,
		H = 21,
		STRIDE = 4 * W + 20
	};
	uint8_t px[STRIDE * H];
	struct sp_png png;
	struct sp_wr w;
	bool alpha;

	for (size_t i = 0; i < sizeof(px); i++) {
		px[i] = (uint8_t)(i * 7 + i / 100);
	}
	for (int with = 0; with < 2; with++) {
		sp_wr_init(&w, 1 << 20);
		sp_wr_le32(&w, 0);
		assert_int_equal(sp_png_encode(&w, px, STRIDE, W, H, with), SP_OK);
		assert_int_equal(sp_png_decode(sp_span(w.p + 4, w.n - 4), &png, &alpha), SP_OK);
		assert_int_equal(alpha, with);
		assert_true(png.w == W && png.h == H);
		for (size_t y = 0; y < H; y++) {
			for (size_t x = 0; x < W; x++) {
				const uint8_t *p = png.bgrx + 4 * (y * W + x);

				assert_memory_equal(p, px + y * STRIDE + 4 * x, 3);
				assert_int_equal(p[3], with ? px[y * STRIDE + 4 * x + 3] : 0xff);
			}
		}
		sp_png_finish(&png);
		for (size_t n = 0; n < w.n - 4; n += 13) {
			int rc = sp_png_decode(sp_span(w.p + 4, n), &png, &alpha);

			/* Its last bytes say nothing any more. */
			assert_true(rc == SP_ECODEC || n + 20 > w.n);
			sp_png_finish(&png);
		}
		sp_mem_fail_after(0);
		int rc = sp_png_decode(sp_span(w.p + 4, w.n - 4), &png, &alpha);
		sp_mem_fail_after(-1);
		assert_int_equal(rc, SP_ENOMEM);
		sp_wr_finish(&w);
	}
	sp_wr_init(&w, 100);
	assert_int_equal(sp_png_encode(&w, px, STRIDE, W, H, true), SP_ESPACE);
	sp_wr_finish(&w);
	assert_int_equal(sp_png_encode(&w, px, STRIDE, SP_PNG_SIDE + 1, 1, true), SP_ELIMIT);
}

/* A header that promises a picture of gigabytes: refused before a row of it is made. */
static void test_bomb(void **state)
{
	uint8_t px[4] = {0};
	struct sp_png png;
	struct sp_wr w;
	bool alpha;

	sp_wr_init(&w, 1 << 20);
	assert_int_equal(sp_png_encode(&w, px, 4, 1, 1, true), SP_OK);
	/* Width and height of IHDR; with them its CRC is wrong, which libpng notices first. */
	static const uint8_t side[] = {0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30}; /* 30000 */
	memcpy(w.p + 16, side, sizeof(side));
	uint32_t crc = 0xffffffff;
	for (size_t i = 12; i < 29; i++) {
		crc ^= w.p[i];
		for (int bit = 0; bit < 8; bit++) {
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		}
	}
	crc = ~crc;
	for (size_t i = 0; i < 4; i++) {
		w.p[29 + i] = (uint8_t)(crc >> (24 - 8 * i));
	}
	assert_int_equal(sp_png_decode(sp_span(w.p, w.n), &png, &alpha), SP_ELIMIT);
	sp_wr_finish(&w);
}

static int make_path(void **state)
{
	int fd = mkstemp(path);

	return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_bad_files),
			cmocka_unit_test(test_memory),
			cmocka_unit_test(test_bomb),
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
