/* core/chan/clip_image.h - CF_DIB and CF_DIBV5 from and to pixels. */
#ifndef SP_CORE_CHAN_CLIP_IMAGE_H
#define SP_CORE_CHAN_CLIP_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_CLIP_IMAGE_SIDE 16384
#define SP_CLIP_IMAGE_PIXELS (33u << 20) /* 128 MiB as BGRA */
#define SP_CLIP_BMP_HEAD 14 /* BITMAPFILEHEADER: what a .bmp file has in front of a DIB */

/* BGRA, rows top-down without gaps; alpha is 255 everywhere where the picture has none. */
struct sp_clip_image {
	uint32_t w, h;
	bool alpha;
	uint8_t *bgra; /* owned */
};

/* Accepts a zeroed one. */
void sp_clip_image_finish(struct sp_clip_image *image);
/*
 * A packed DIB with any header: 1, 4, 8, 16, 24 or 32 bits, with masks, bottom-up or top-down;
 * not compressed. SP_ECODEC for another, SP_ELIMIT for one that is too large, SP_ENOMEM.
 */
sp_nodiscard int sp_clip_dib_read(struct sp_span dib, struct sp_clip_image *out);
/* Appends CF_DIB: 32 bits, bottom-up, alpha left out. pixels is BGRX or BGRA. */
sp_nodiscard int sp_clip_dib_write(struct sp_wr *w, const uint8_t *pixels, size_t stride,
		uint32_t width, uint32_t height);
/* Appends CF_DIBV5 with its alpha. */
sp_nodiscard int sp_clip_dibv5_write(struct sp_wr *w, const uint8_t *bgra, size_t stride,
		uint32_t width, uint32_t height);

/* Appends the file header for this DIB: together they are a .bmp file. */
sp_nodiscard int sp_clip_bmp_head_write(struct sp_wr *w, struct sp_span dib);
/* The DIB in a .bmp file, borrowed. */
sp_nodiscard int sp_clip_bmp_read(struct sp_span file, struct sp_span *dib);

#endif
