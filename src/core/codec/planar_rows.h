/* core/codec/planar_rows.h - what both planar encoders write. */
#ifndef SP_CORE_CODEC_PLANAR_ROWS_H
#define SP_CORE_CODEC_PLANAR_ROWS_H

#include "core/codec/planar.h"
#include "core/codec/simd.h"

/* [MS-RDPEGDI] 2.2.2.5.1, FormatHeader; the lowest three bits are the colour loss level */
#define PLANAR_SUBSAMPLED 0x08
#define PLANAR_RLE 0x10
#define PLANAR_NO_ALPHA 0x20

#define PLANAR_MARGIN 32 /* before and behind a plane, for what is read or written past a row */
/* Most bytes written for a row. */
#define PLANAR_ROW_BOUND (SP_PLANAR_TILE + SP_PLANAR_TILE / 15 + 2 + SP_SIMD_SLACK)

/*
 * Writes one row of at most SP_PLANAR_TILE values, or of differences to the row above; row[-1] may
 * be read. Returns the end of what was written.
 */
uint8_t *sp_planar_put_row(uint8_t *o, const uint8_t *row, size_t w);
/* Writes an opaque alpha plane. */
uint8_t *sp_planar_put_alpha(uint8_t *o, uint32_t w, uint32_t h);

#endif
