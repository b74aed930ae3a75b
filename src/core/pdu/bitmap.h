/* core/pdu/bitmap.h - graphics updates of the old kind: bitmap, palette, synchronize. */
#ifndef SP_CORE_PDU_BITMAP_H
#define SP_CORE_PDU_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/rect.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.9.1.1.3.1 updateType; it stands first in both paths' data. */
enum sp_bitmap_update {
	SP_UPDATE_ORDERS = 0,
	SP_UPDATE_BITMAP = 1,
	SP_UPDATE_PALETTE = 2,
	SP_UPDATE_SYNCHRONIZE = 3,
};

enum sp_bitmap_flag {
	SP_BITMAP_COMPRESSION = 0x0001,
	SP_BITMAP_NO_COMPRESSION_HDR = 0x0400,
};

#define SP_BITMAP_RECT_HEADER 18 /* bytes of TS_BITMAP_DATA before its data */
#define SP_BITMAP_CD_HEADER 8
#define SP_BITMAP_MAX_RECTS 16384
#define SP_BITMAP_MAX_SIDE 32766 /* width and height of one rectangle's data */

/*
 * [MS-RDPBCGR] 2.2.9.1.1.3.1.2.2 Bitmap Data (TS_BITMAP_DATA)
 * INVARIANT after reading: left <= right, top <= bottom (both inclusive); width and height are
 * 1..SP_BITMAP_MAX_SIDE; bpp is 8, 15, 16, 24 or 32. The data may still be damaged.
 */
struct sp_bitmap_rect {
	uint16_t left, top, right, bottom; /* right and bottom are inclusive */
	uint16_t width, height; /* of the encoded picture, may be larger */
	uint16_t bpp;
	bool compressed;
	bool has_header; /* with compressed: a TS_CD_HEADER is there, or is to be written */
	uint16_t scan_width; /* cbScanWidth; 0 without header */
	uint16_t uncompressed; /* cbUncompressedSize; 0 without header */
	struct sp_span data; /* without header; borrowed from the input */
};

/* Reads updateType: one of enum sp_bitmap_update. */
sp_nodiscard int sp_bitmap_update_read(struct sp_rd *r, uint16_t *type);

/*
 * [MS-RDPBCGR] 2.2.9.1.1.3.1.2.1 Bitmap Update Data (TS_UPDATE_BITMAP_DATA), behind
 * updateType. Read the count (at most SP_BITMAP_MAX_RECTS), then that many rectangles.
 */
sp_nodiscard int sp_bitmap_read(struct sp_rd *r, size_t *n);
sp_nodiscard int sp_bitmap_rect_read(struct sp_rd *r, struct sp_bitmap_rect *out);
/* updateType and the count; n rectangles follow. */
void sp_bitmap_write(struct sp_wr *w, uint16_t n);
void sp_bitmap_rect_write(struct sp_wr *w, const struct sp_bitmap_rect *in);
/* What goes to r, which fits the fields: as wide as encoders make it, a multiple of 4; no data yet. */
struct sp_bitmap_rect sp_bitmap_rect_of(struct sp_rect r, unsigned bpp);

/* [MS-RDPBCGR] 2.2.9.1.1.3.1.1.1 Palette Update Data, behind updateType: 256 times R, G, B. */
sp_nodiscard int sp_bitmap_palette_read(struct sp_rd *r, uint8_t rgb[256][3]);
/* With updateType. */
void sp_bitmap_palette_write(struct sp_wr *w, const uint8_t rgb[256][3]);

/* [MS-RDPBCGR] 2.2.9.1.1.3.1.3 Synchronize Update, slow path, with updateType. */
void sp_bitmap_sync_write(struct sp_wr *w);

#endif
