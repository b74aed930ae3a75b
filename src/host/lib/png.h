/* host/lib/png.h - pictures from and to PNG files. */
#ifndef SP_HOST_LIB_PNG_H
#define SP_HOST_LIB_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"

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

#endif
