/* bench/desktop/picture.c - see picture.h. */
#include "desktop/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OPAQUE 0xFF000000u
#define WHITE 0xFFFFFFFFu
#define BIT_W 8 /* of a line's number; its height is the line's */
#define MARK 16 /* side of a block of a frame's number */
#define FILM_W (PICTURE_VIDEO_W + 320)
#define FILM_H (PICTURE_VIDEO_H + 180)
#define GLYPHS 64
#define SAME_PSNR 99.0
#define WINDOW 8 /* side */

static uint32_t hash(uint32_t v)
{
	v = (v ^ v >> 16) * 0x7feb352du;
	v = (v ^ v >> 15) * 0x846ca68bu;
	return v ^ v >> 16;
}

static void fill(uint32_t *px, size_t stride, uint32_t w, uint32_t h, uint32_t colour)
{
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			px[y * stride + x] = colour;
		}
	}
}

/* ---- numbers ---- */

static void write_number(uint32_t *px, size_t stride, uint32_t w, uint32_t h, unsigned number)
{
	for (unsigned bit = 0; bit < PICTURE_BITS; bit++) {
		fill(px + (size_t)bit * w, stride, w, h, number >> bit & 1 ? WHITE : OPAQUE);
	}
	/* One more of each, so that a reader knows that it looks at a number. */
	fill(px + (size_t)PICTURE_BITS * w, stride, w, h, WHITE);
	fill(px + (size_t)(PICTURE_BITS + 1) * w, stride, w, h, OPAQUE);
}

static unsigned brightness(uint32_t px)
{
	return ((px >> 16 & 255) + (px >> 8 & 255) + (px & 255)) / 3;
}

static unsigned read_number(const uint32_t *px, size_t stride, uint32_t w, uint32_t h)
{
	const uint32_t *middle = px + h / 2 * stride + w / 2;
	unsigned number = 0;

	if (brightness(middle[(size_t)PICTURE_BITS * w]) < 192 ||
			brightness(middle[(size_t)(PICTURE_BITS + 1) * w]) > 64) {
		return PICTURE_NUMBERS;
	}
	for (unsigned bit = 0; bit < PICTURE_BITS; bit++) {
		unsigned v = brightness(middle[(size_t)bit * w]);

		if (64 < v && v < 192) {
			return PICTURE_NUMBERS;
		}
		number |= (v >= 192 ? 1u : 0u) << bit;
	}
	return number;
}

/* ---- text ---- */

/* Letters nobody reads: strokes on a grid of 5 by 9, with the grey edges that fonts have. */
static bool has_ink(unsigned glyph, int x, int y)
{
	uint32_t strokes = hash(glyph * 2 + 1);
	static const struct {
		int8_t x0, y0, x1, y1;
	} stroke[8] = {{0, 0, 4, 0}, {0, 4, 4, 4}, {0, 8, 4, 8}, {0, 0, 0, 4}, {0, 4, 0, 8},
			{4, 0, 4, 4}, {4, 4, 4, 8}, {2, 2, 2, 8}};

	for (unsigned i = 0; i < 8; i++) {
		if (strokes >> (3 * i) & 1 && stroke[i].x0 <= x && x <= stroke[i].x1 &&
				stroke[i].y0 <= y && y <= stroke[i].y1) {
			return true;
		}
	}
	return false;
}

static uint32_t blend(uint32_t a, uint32_t b)
{
	return OPAQUE | ((a >> 1 & 0x7f7f7f) + (b >> 1 & 0x7f7f7f));
}

static void write_glyph(uint32_t *px, size_t stride, unsigned glyph)
{
	for (int y = 0; y < 9; y++) {
		for (int x = 0; x < 5; x++) {
			uint32_t *at = &px[(size_t)(y + 2) * stride + (size_t)x];

			if (has_ink(glyph, x, y)) {
				*at = OPAQUE | PICTURE_INK;
			} else if (has_ink(glyph, x - 1, y) && has_ink(glyph, x, y - 1)) {
				*at = blend(PICTURE_INK, PICTURE_PAPER);
			}
		}
	}
}

void picture_line(uint32_t *px, size_t stride, unsigned number)
{
	size_t at = (size_t)(PICTURE_BITS + 2) * BIT_W + 4;

	fill(px, stride, PICTURE_LINE_W, PICTURE_LINE_H, OPAQUE | PICTURE_PAPER);
	write_number(px, stride, BIT_W, PICTURE_LINE_H, number % PICTURE_NUMBERS);
	for (unsigned i = 0; at + PICTURE_GLYPH_W <= PICTURE_LINE_W; at += PICTURE_GLYPH_W, i++) {
		uint32_t v = hash(number % PICTURE_NUMBERS * 1000 + i);

		if (v % 7 != 0) {
			write_glyph(px + at, stride, v >> 8 & (GLYPHS - 1));
		}
	}
}

unsigned picture_line_number(const uint32_t *px, size_t stride)
{
	return read_number(px, stride, BIT_W, PICTURE_LINE_H);
}

/* ---- film ---- */

static double noise(double x, double y, unsigned seed)
{
	int32_t x0 = (int32_t)floor(x), y0 = (int32_t)floor(y);
	double fx = x - x0, fy = y - y0, v[4];

	fx = fx * fx * (3 - 2 * fx);
	fy = fy * fy * (3 - 2 * fy);
	for (int i = 0; i < 4; i++) {
		uint32_t cx = (uint32_t)(x0 + (i & 1)), cy = (uint32_t)(y0 + (i >> 1));

		v[i] = (hash(cx * 7919 + cy * 104729 + seed) & 0xffff) / 65535.0;
	}
	return (v[0] * (1 - fx) + v[1] * fx) * (1 - fy) + (v[2] * (1 - fx) + v[3] * fx) * fy;
}

/* Clouds of several sizes, and edges where they cross a height: like a photograph to a codec. */
static uint32_t film_pixel(uint32_t x, uint32_t y)
{
	uint32_t px = OPAQUE;

	for (unsigned c = 0; c < 3; c++) {
		double v = 0;

		for (unsigned o = 0; o < 4; o++) {
			double size = 240.0 / (1 << (2 * o));

			v += noise(x / size, y / size, o * 3 + (o < 2 ? c : 0)) / (1 << o);
		}
		v = v / 1.875 + (noise(x / 90.0, y / 70.0, 77) > 0.55 ? 0.15 : 0);
		px |= (uint32_t)(v > 0.95 ? 242 : v * 255) << (8 * c);
	}
	return px;
}

uint32_t *picture_film(void)
{
	uint32_t *film = malloc(sizeof(*film) * FILM_W * FILM_H);

	for (uint32_t y = 0; film && y < FILM_H; y++) {
		for (uint32_t x = 0; x < FILM_W; x++) {
			film[(size_t)y * FILM_W + x] = film_pixel(x, y);
		}
	}
	return film;
}

/* The camera goes to and fro; grain of two steps lies over everything. */
void picture_frame(const uint32_t *film, uint32_t *px, size_t stride, unsigned number)
{
	uint32_t grain[256 + 64];
	unsigned n = number % PICTURE_NUMBERS;
	unsigned dx = n * 3 % 640, dy = n * 2 % 360;

	dx = dx < 320 ? dx : 639 - dx;
	dy = dy < 180 ? dy : 359 - dy;
	for (uint32_t i = 0; i < 256 + 64; i++) {
		grain[i] = hash(n * 4096 + i) & 0x030303;
	}
	for (uint32_t y = 0; y < PICTURE_VIDEO_H; y++) {
		const uint32_t *from = film + (size_t)(y + dy) * FILM_W + dx;
		const uint32_t *g = grain + (hash(y + n) & 63);
		uint32_t *to = px + y * stride;

		for (uint32_t x = 0; x < PICTURE_VIDEO_W; x++) {
			to[x] = from[x] + g[x & 255]; /* no channel is above 242 */
		}
	}
	write_number(px, stride, MARK, MARK, n);
}

unsigned picture_frame_number(const uint32_t *px, size_t stride)
{
	return read_number(px, stride, MARK, MARK);
}

/* ---- quality ---- */

double picture_distance(const uint32_t *a, size_t a_stride, const uint32_t *b, size_t b_stride,
		uint32_t w, uint32_t h)
{
	double sum = 0;

	for (uint32_t y = 0; y < h; y++) {
		uint64_t row = 0;

		for (uint32_t x = 0; x < w; x++) {
			uint32_t p = a[y * a_stride + x], q = b[y * b_stride + x];

			for (int shift = 0; shift < 24; shift += 8) {
				int d = (int)(p >> shift & 255) - (int)(q >> shift & 255);

				row += (uint64_t)(d * d);
			}
		}
		sum += (double)row;
	}
	return sum;
}

double picture_psnr(double distance, double n)
{
	return distance > 0 ? 10 * log10(255.0 * 255.0 * 3 * n / distance) : SAME_PSNR;
}

static unsigned luma(uint32_t px)
{
	return ((px >> 16 & 255) * 77 + (px >> 8 & 255) * 150 + (px & 255) * 29) >> 8;
}

/* Of one window, by the formula of Wang, Bovik, Sheikh and Simoncelli with its usual constants. */
static double window_ssim(const uint32_t *a, size_t a_stride, const uint32_t *b, size_t b_stride)
{
	const double n = WINDOW * WINDOW, c1 = 0.01 * 255 * 0.01 * 255,
		     c2 = 0.03 * 255 * 0.03 * 255;
	unsigned sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;

	for (unsigned y = 0; y < WINDOW; y++) {
		for (unsigned x = 0; x < WINDOW; x++) {
			unsigned p = luma(a[y * a_stride + x]), q = luma(b[y * b_stride + x]);

			sum_a += p;
			sum_b += q;
			aa += p * p;
			bb += q * q;
			ab += p * q;
		}
	}
	double mean_a = sum_a / n, mean_b = sum_b / n;
	double var = aa / n - mean_a * mean_a + bb / n - mean_b * mean_b;
	double cov = ab / n - mean_a * mean_b;

	return (2 * mean_a * mean_b + c1) * (2 * cov + c2) /
			((mean_a * mean_a + mean_b * mean_b + c1) * (var + c2));
}

double picture_ssim(const uint32_t *a, size_t a_stride, const uint32_t *b, size_t b_stride,
		uint32_t w, uint32_t h)
{
	double sum = 0;
	unsigned n = 0;

	for (uint32_t y = 0; y + WINDOW <= h; y += WINDOW) {
		for (uint32_t x = 0; x + WINDOW <= w; x += WINDOW, n++) {
			sum += window_ssim(a + y * a_stride + x, a_stride, b + y * b_stride + x,
					b_stride);
		}
	}
	return n > 0 ? sum / n : 1;
}
