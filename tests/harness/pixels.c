/* tests/harness/pixels.c - what picture.py does to every byte of a picture, for Python to call. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHARED __attribute__((visibility("default")))

SHARED int pixels_unfilter(
		const uint8_t *raw, size_t rows, size_t stride, size_t bpp, uint8_t *out);
SHARED uint64_t pixels_error(const uint8_t *a, const uint8_t *b, size_t n);
SHARED size_t pixels_differ(const uint8_t *a, const uint8_t *b, size_t n, size_t *first);
SHARED void pixels_pick(const uint8_t *in, size_t n, size_t step, const size_t at[3], uint8_t *out);

static uint8_t paeth(int left, int up, int corner)
{
	int p = left + up - corner;
	int a = abs(p - left), b = abs(p - up), c = abs(p - corner);

	return (uint8_t)(a <= b && a <= c ? left : b <= c ? up : corner);
}

/* Rows of a PNG, each behind the kind of its filter, as they were before it; -1: no such filter. */
int pixels_unfilter(const uint8_t *raw, size_t rows, size_t stride, size_t bpp, uint8_t *out)
{
	for (size_t y = 0; y < rows; y++, raw += stride + 1, out += stride) {
		if (raw[0] > 4) {
			return -1;
		}
		for (size_t i = 0; i < stride; i++) {
			uint8_t left = i >= bpp ? out[i - bpp] : 0;
			uint8_t up = y > 0 ? out[i - stride] : 0;
			uint8_t corner = y > 0 && i >= bpp ? out[i - stride - bpp] : 0;
			uint8_t guess[5] = {0, left, up, (uint8_t)((left + up) / 2),
					paeth(left, up, corner)};

			out[i] = (uint8_t)(raw[i + 1] + guess[raw[0]]);
		}
	}
	return 0;
}

/* The sum of squared differences. */
uint64_t pixels_error(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		int d = a[i] - b[i];

		sum += (uint64_t)(d * d);
	}
	return sum;
}

/* How many of n pixels of three bytes differ, and the first that does. */
size_t pixels_differ(const uint8_t *a, const uint8_t *b, size_t n, size_t *first)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (memcmp(a + 3 * i, b + 3 * i, 3) != 0) {
			*first = count == 0 ? i : *first;
			count++;
		}
	}
	return count;
}

/* Three bytes of each step, as they lie at these places of it. */
void pixels_pick(const uint8_t *in, size_t n, size_t step, const size_t at[3], uint8_t *out)
{
	for (size_t i = 0; i < n; i++, in += step, out += 3) {
		out[0] = in[at[0]];
		out[1] = in[at[1]];
		out[2] = in[at[2]];
	}
}
