/* host/lib/png.c - see png.h; libpng's simplified interface. */
#include "host/lib/png.h"

#include <errno.h>
#include <png.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define SIDE_MAX 8192

void sp_png_finish(struct sp_png *png)
{
	sp_free(png->bgrx);
	*png = (struct sp_png){0};
}

int sp_png_read(const char *path, struct sp_png *out)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	const png_color black = {0, 0, 0};
	FILE *f = fopen(path, "rb");
	int rc = SP_ECODEC;

	*out = (struct sp_png){0};
	if (!f) {
		return SP_ESYS;
	}
	if (!png_image_begin_read_from_stdio(&image, f)) {
		goto close;
	}
	if (!(image.width <= SIDE_MAX && image.height <= SIDE_MAX)) {
		rc = SP_ELIMIT;
		goto close;
	}
	image.format = PNG_FORMAT_BGR;
	out->w = image.width;
	out->h = image.height;
	out->bgrx = sp_malloc((size_t)out->w * out->h * 4);
	uint8_t *bgr = sp_malloc((size_t)out->w * out->h * 3);
	if (!out->bgrx || !bgr) {
		rc = SP_ENOMEM;
	} else if (png_image_finish_read(&image, &black, bgr, 0, NULL)) {
		for (size_t i = 0; i < (size_t)out->w * out->h; i++) {
			memcpy(out->bgrx + 4 * i, bgr + 3 * i, 3);
			out->bgrx[4 * i + 3] = 0xff;
		}
		rc = SP_OK;
	}
	sp_free(bgr);
close:
	png_image_free(&image);
	fclose(f);
	if (rc != SP_OK) {
		sp_png_finish(out);
	}
	return rc;
}

int sp_png_write(const char *path, const uint8_t *bgrx, size_t stride, uint32_t w, uint32_t h)
{
	png_image image = {.version = PNG_IMAGE_VERSION,
			.width = w,
			.height = h,
			.format = PNG_FORMAT_BGR};
	uint8_t *bgr = sp_malloc((size_t)w * h * 3);
	bool written;
	FILE *f;
	int saved;

	if (!bgr) {
		return SP_ENOMEM;
	}
	for (uint32_t y = 0; y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			memcpy(bgr + 3 * ((size_t)y * w + x), bgrx + y * stride + 4 * (size_t)x, 3);
		}
	}
	f = fopen(path, "wb");
	if (!f) {
		sp_free(bgr);
		return SP_ESYS;
	}
	written = png_image_write_to_stdio(&image, f, 0, bgr, 0, NULL) != 0;
	saved = errno;
	if (fclose(f) != 0) {
		written = false;
		saved = errno;
	}
	sp_free(bgr);
	png_image_free(&image);
	if (!written) {
		unlink(path);
		errno = saved;
		return SP_ESYS;
	}
	return SP_OK;
}

int sp_png_decode(struct sp_span file, struct sp_png *out, bool *alpha)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	int rc = SP_ECODEC;

	*out = (struct sp_png){0};
	*alpha = false;
	if (file.n == 0 || !png_image_begin_read_from_memory(&image, file.p, file.n)) {
		goto free;
	}
	if (!(image.width <= SP_PNG_SIDE && image.height <= SP_PNG_SIDE &&
			    (uint64_t)image.width * image.height <= SP_PNG_PIXELS)) {
		rc = SP_ELIMIT;
		goto free;
	}
	*alpha = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0;
	image.format = PNG_FORMAT_BGRA;
	out->w = image.width;
	out->h = image.height;
	out->bgrx = sp_malloc((size_t)out->w * out->h * 4);
	if (!out->bgrx) {
		rc = SP_ENOMEM;
	} else if (png_image_finish_read(&image, NULL, out->bgrx, 0, NULL)) {
		rc = SP_OK;
	}
free:
	png_image_free(&image);
	if (rc != SP_OK) {
		sp_png_finish(out);
	}
	return rc;
}

/* libpng's simplified interface takes BGR where nothing is transparent. */
static uint8_t *without_alpha(const uint8_t *bgrx, size_t stride, uint32_t w, uint32_t h)
{
	uint8_t *bgr = sp_malloc((size_t)w * h * 3);

	for (uint32_t y = 0; bgr && y < h; y++) {
		for (uint32_t x = 0; x < w; x++) {
			memcpy(bgr + 3 * ((size_t)y * w + x), bgrx + y * stride + 4 * (size_t)x, 3);
		}
	}
	return bgr;
}

int sp_png_encode(struct sp_wr *out, const uint8_t *pixels, size_t stride, uint32_t w, uint32_t h,
		bool alpha)
{
	png_image image = {.version = PNG_IMAGE_VERSION,
			.width = w,
			.height = h,
			.format = alpha ? PNG_FORMAT_BGRA : PNG_FORMAT_BGR,
			.flags = PNG_IMAGE_FLAG_FAST};
	uint8_t *bgr = NULL;

	if (!(0 < w && w <= SP_PNG_SIDE && 0 < h && h <= SP_PNG_SIDE &&
			    (uint64_t)w * h <= SP_PNG_PIXELS)) {
		return SP_ELIMIT;
	}
	if (!alpha && !(bgr = without_alpha(pixels, stride, w, h))) {
		return SP_ENOMEM;
	}
	size_t most = PNG_IMAGE_PNG_SIZE_MAX(image), n = most;
	uint8_t *room = sp_wr_room(out, most);
	int rc = sp_wr_ok(out);
	if (rc == SP_OK &&
			!png_image_write_to_memory(&image, room, &n, 0, alpha ? pixels : bgr,
					alpha ? (png_int_32)stride : 0, NULL)) {
		n = 0;
		rc = SP_ENOMEM;
	}
	if (room) {
		sp_wr_shrink(out, most - n);
	}
	png_image_free(&image);
	sp_free(bgr);
	return rc;
}
