/* tests/host/lib/test_png.c - pictures through files: round trip, missing and damaged files. */
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
	};

	return cmocka_run_group_tests(tests, make_path, remove_path);
}
