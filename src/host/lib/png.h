/* host/lib/png.h - pictures from and to PNG, in files and in memory. */
#ifndef SP_HOST_LIB_PNG_H
#define SP_HOST_LIB_PNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_PNG_SIDE 16384 /* pixels, in memory */
#define SP_PNG_PIXELS (33u << 20)

/* Pixels are BGRX, rows top-down without gaps. */
struct sp_png {
	uint32_t w, h;
	uint8_t *bgrx; /* owned; w * h * 4 bytes */
};

/* Frees the pixels. Accepts a zeroed struct. */
void sp_png_finish(struct sp_png *png);
/*
 * Reads a file of any colour type; transparency is put on black. SP_ESYS when it cannot be
 * read (errno says why), SP_ECODEC when it is no PNG, SP_ELIMIT above 8192 pixels a side.
 */
sp_nodiscard int sp_png_read(const char *path, struct sp_png *out);
/* Writes an opaque RGB file, whole or not at all. SP_ESYS (errno) or SP_ENOMEM on failure. */
sp_nodiscard int sp_png_write(
		const char *path, const uint8_t *bgrx, size_t stride, uint32_t w, uint32_t h);

/*
 * A file in memory; pixels are BGRA, *alpha says whether any can be transparent. SP_ECODEC when it
 * is damaged, SP_ELIMIT (before anything is decoded) above SP_PNG_SIDE or SP_PNG_PIXELS.
 */
sp_nodiscard int sp_png_decode(struct sp_span file, struct sp_png *out, bool *alpha);
/* Appends a whole file, made fast rather than small; pixels are BGRA, or BGRX without alpha. */
sp_nodiscard int sp_png_encode(struct sp_wr *out, const uint8_t *pixels, size_t stride, uint32_t w,
		uint32_t h, bool alpha);

#endif
