/* core/pdu/share.h - Share Control Header and Share Data Header of the slow path. */
#ifndef SP_CORE_PDU_SHARE_H
#define SP_CORE_PDU_SHARE_H

#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.8.1.1.1.1 pduType, the low four bits. */
enum sp_share_type {
	SP_SHARE_FLOW = 0, /* ours: a T.128 FlowPDU, to be ignored */
	SP_SHARE_DEMAND_ACTIVE = 0x1,
	SP_SHARE_CONFIRM_ACTIVE = 0x3,
	SP_SHARE_DEACTIVATE_ALL = 0x6,
	SP_SHARE_DATA = 0x7,
	SP_SHARE_SERVER_REDIRECT = 0xA,
};

/* [MS-RDPBCGR] 2.2.8.1.1.1.2 pduType2 */
enum sp_share_data_type {
	SP_DATA_UPDATE = 0x02,
	SP_DATA_CONTROL = 0x14,
	SP_DATA_POINTER = 0x1B,
	SP_DATA_INPUT = 0x1C,
	SP_DATA_SYNCHRONIZE = 0x1F,
	SP_DATA_REFRESH_RECT = 0x21,
	SP_DATA_PLAY_SOUND = 0x22,
	SP_DATA_SUPPRESS_OUTPUT = 0x23,
	SP_DATA_SHUTDOWN_REQUEST = 0x24,
	SP_DATA_SHUTDOWN_DENIED = 0x25,
	SP_DATA_SAVE_SESSION_INFO = 0x26,
	SP_DATA_FONT_LIST = 0x27,
	SP_DATA_FONT_MAP = 0x28,
	SP_DATA_SET_KEYBOARD_INDICATORS = 0x29,
	SP_DATA_PERSISTENT_LIST = 0x2B,
	SP_DATA_BITMAP_CACHE_ERROR = 0x2C,
	SP_DATA_SET_KEYBOARD_IME_STATUS = 0x2D,
	SP_DATA_OFFSCREEN_CACHE_ERROR = 0x2E,
	SP_DATA_SET_ERROR_INFO = 0x2F,
	SP_DATA_DRAWNINEGRID_ERROR = 0x30,
	SP_DATA_DRAWGDIPLUS_ERROR = 0x31,
	SP_DATA_ARC_STATUS = 0x32,
	SP_DATA_STATUS_INFO = 0x36,
	SP_DATA_MONITOR_LAYOUT = 0x37,
	SP_DATA_FRAME_ACKNOWLEDGE = 0x38, /* [MS-RDPRFX] 2.2.3.1 */
};

enum sp_share_stream {
	SP_STREAM_UNDEFINED = 0,
	SP_STREAM_LOW = 1,
	SP_STREAM_MED = 2,
	SP_STREAM_HI = 4,
};

#define SP_SHARE_DATA_HEADER 18u /* both headers of a Share Data PDU */
#define SP_SHARE_COMPRESSED 0x20 /* PACKET_COMPRESSED of compression */

struct sp_share {
	uint8_t type; /* enum sp_share_type; other values are possible */
	uint16_t source; /* pduSource; 0 in a short Deactivate All */
	/* What follows is filled for SP_SHARE_DATA only. */
	uint32_t share_id;
	uint8_t stream, type2, compression;
	/* Bytes of the body plus 4 (clients), or of the whole PDU (servers), or anything at all. */
	uint16_t uncompressed;
	uint16_t compressed; /* bytes of the PDU with its headers, where compression says so */
	struct sp_span body; /* everything behind the headers; borrowed from the input */
};

/*
 * Reads one PDU with its headers and moves behind it; call again while bytes are left, since
 * several may follow each other in one MCS packet. A compressed body is given as it is.
 */
sp_nodiscard int sp_share_read(struct sp_rd *r, struct sp_share *out);

/* Writes the headers; the return value goes to the matching _end once the body is written. */
size_t sp_share_begin(struct sp_wr *w, enum sp_share_type type, uint16_t source);
void sp_share_end(struct sp_wr *w, size_t at);
size_t sp_share_data_begin(
		struct sp_wr *w, uint16_t source, uint32_t share_id, enum sp_share_data_type type2);
void sp_share_data_end(struct sp_wr *w, size_t at);

/* "save session info"; "unknown" for a number without a name. Static. */
const char *sp_share_data_name(uint8_t type2);

/* [MS-RDPBCGR] 2.2.3.1.1 Deactivate All PDU Data (TS_DEACTIVATE_ALL_PDU) */
struct sp_share_deactivate {
	uint32_t share_id; /* 0 when the peer left it out, as Windows XP and xrdp do */
};

/* body is that of a struct sp_share; every length from 0 on is accepted. */
sp_nodiscard int sp_share_deactivate_read(struct sp_rd *body, struct sp_share_deactivate *out);
/* The whole PDU with its Share Control Header. */
void sp_share_deactivate_write(struct sp_wr *w, uint16_t source, uint32_t share_id);

#endif
