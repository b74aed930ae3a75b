/* core/pdu/surfcmd.h - surface commands: encoded pictures and frame markers. */
#ifndef SP_CORE_PDU_SURFCMD_H
#define SP_CORE_PDU_SURFCMD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.9.1.2.1.10.1 cmdType */
enum sp_surfcmd_type {
	SP_SURFCMD_SET_BITS = 1,
	SP_SURFCMD_FRAME_MARKER = 4,
	SP_SURFCMD_STREAM_BITS = 6,
};

#define SP_SURFCMD_BITS_HEADER 22 /* bytes of a bits command before its data */

/* [MS-RDPBCGR] 2.2.9.2.1 to 2.2.9.2.3 */
struct sp_surfcmd {
	uint16_t type; /* enum sp_surfcmd_type */

	/* SET_BITS, STREAM_BITS; with 2.2.9.2.1.1 Extended Bitmap Data (TS_BITMAP_DATA_EX) */
	uint16_t left, top;
	uint16_t right, bottom; /* exclusive; to be ignored, width and height count */
	uint8_t bpp, codec; /* codec 0: raw pixels */
	uint16_t width, height; /* INVARIANT after reading: both > 0 */
	bool has_ex; /* 2.2.9.2.1.1.1 TS_COMPRESSED_BITMAP_HEADER_EX */
	uint64_t ex_id, ex_ms, ex_s;
	struct sp_span data; /* borrowed from the input */

	/* FRAME_MARKER */
	bool end; /* SURFACECMD_FRAMEACTION_END, else _BEGIN */
	uint32_t frame;
};

/* Reads one command of those in r; call again while bytes are left. */
sp_nodiscard int sp_surfcmd_read(struct sp_rd *r, struct sp_surfcmd *out);
void sp_surfcmd_write(struct sp_wr *w, const struct sp_surfcmd *in);

#endif
