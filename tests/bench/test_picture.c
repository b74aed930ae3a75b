/* tests/bench/test_picture.c - the figures that the desktop bench gives to pictures. */
#include <math.h>
#include <string.h>

#include "desktop/picture.h"
#include "unit.h"

#define SIDE 16
#define STRIDE (SIDE + 3) /* what is beside the picture does not count */

static uint32_t grey(unsigned v)
{
	return 0xFF000000u | v << 16 | v << 8 | v;
}

static void fill(uint32_t *px, uint32_t x, uint32_t w, unsigned v)
{
	for (uint32_t y = 0; y < SIDE; y++) {
		for (uint32_t i = 0; i < w; i++) {
			px[y * STRIDE + x + i] = grey(v);
		}
	}
}

static double ssim(const uint32_t *a, const uint32_t *b)
{
	return picture_ssim(a, STRIDE, b, STRIDE, SIDE, SIDE);
}

static void assert_near(double v, double want)
{
	if (!(fabs(v - want) < 1e-5)) {
		fail_msg("%.7f is not %.7f", v, want);
	}
}

static void test_same(void **state)
{
	uint32_t a[SIDE * STRIDE], b[SIDE * STRIDE];

	for (uint32_t i = 0; i < SIDE * STRIDE; i++) {
		a[i] = b[i] = 0xFF000000u | i * 2654435761u >> 8;
	}
	for (uint32_t y = 0; y < SIDE; y++) {
		b[y * STRIDE + SIDE] ^= 0x808080;
	}
	assert_near(ssim(a, b), 1);
	/* Neither X nor what makes no whole window. */
	a[0] ^= 0xFF000000u;
	a[8] ^= 0x00FFFFFFu;
	assert_near(picture_ssim(a, STRIDE, b, STRIDE, 15, 15), 1);
	assert_near(picture_ssim(a, STRIDE, b, STRIDE, 7, 7), 1);
	assert_true(ssim(a, b) < 0.999);
}

/* Worked out by hand from the formula. */
static void test_distorted(void **state)
{
	uint32_t a[SIDE * STRIDE] = {0}, b[SIDE * STRIDE] = {0};

	/* No contrast in either: only the means count, (2 * 100 * 150 + 6.5025) / (100^2 + 150^2 + 6.5025). */
	fill(a, 0, SIDE, 100);
	fill(b, 0, SIDE, 150);
	assert_near(ssim(a, b), 0.9230925);
	/* The same in half of the windows. */
	fill(b, 0, 8, 100);
	assert_near(ssim(a, b), (1 + 0.9230925) / 2);
	/* Black and white exchanged: (58.5225 - 2 * 127.5^2) / (58.5225 + 2 * 127.5^2). */
	for (uint32_t x = 0; x < SIDE; x += 4) {
		fill(a, x, 4, x % 8 ? 255 : 0);
		fill(b, x, 4, x % 8 ? 0 : 255);
	}
	assert_near(ssim(a, b), -0.9964065);
	/* Half of the contrast, 64 and 191, around about the same mean. */
	for (uint32_t x = 0; x < SIDE; x += 4) {
		fill(b, x, 4, x % 8 ? 191 : 64);
	}
	assert_near(ssim(a, b), 0.7986929);
}

static void test_psnr(void **state)
{
	uint32_t a[SIDE * STRIDE] = {0}, b[SIDE * STRIDE] = {0};

	fill(a, 0, SIDE, 100);
	fill(b, 0, SIDE, 101);
	double d = picture_distance(a, STRIDE, b, STRIDE, SIDE, SIDE);
	assert_near(d, 3 * SIDE * SIDE);
	assert_near(picture_psnr(d, SIDE * SIDE), 48.1308036);
	assert_near(picture_psnr(0, SIDE * SIDE), 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_same),
			cmocka_unit_test(test_distorted), cmocka_unit_test(test_psnr)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
