/* core/pdu/info.h - Client Info PDU: who logs on, from where, with which wishes. */
#ifndef SP_CORE_PDU_INFO_H
#define SP_CORE_PDU_INFO_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/secret.h"
#include "core/base/wr.h"

#define SP_INFO_STR 772 /* 256 UTF-16 units as UTF-8 and a NUL */
#define SP_INFO_ADDRESS 160 /* 80 bytes on the wire, taken as up to 48 units */
#define SP_INFO_TZ_NAME 100 /* 32 units */
#define SP_INFO_TZ_KEY 384 /* 127 units */

enum sp_info_flag {
	SP_INFO_MOUSE = 0x00000001,
	SP_INFO_DISABLECTRLALTDEL = 0x00000002,
	SP_INFO_AUTOLOGON = 0x00000008,
	SP_INFO_UNICODE = 0x00000010,
	SP_INFO_MAXIMIZESHELL = 0x00000020,
	SP_INFO_LOGONNOTIFY = 0x00000040,
	SP_INFO_COMPRESSION = 0x00000080,
	SP_INFO_ENABLEWINDOWSKEY = 0x00000100,
	SP_INFO_COMPRESSION_TYPE = 0x00001E00,
	SP_INFO_COMPRESSION_64K = 0x00000200, /* PACKET_COMPR_TYPE_64K of it */
	SP_INFO_REMOTECONSOLEAUDIO = 0x00002000,
	SP_INFO_FORCE_ENCRYPTED_CS_PDU = 0x00004000,
	SP_INFO_RAIL = 0x00008000,
	SP_INFO_LOGONERRORS = 0x00010000,
	SP_INFO_MOUSE_HAS_WHEEL = 0x00020000,
	SP_INFO_PASSWORD_IS_SC_PIN = 0x00040000,
	SP_INFO_NOAUDIOPLAYBACK = 0x00080000,
	SP_INFO_USING_SAVED_CREDS = 0x00100000,
	SP_INFO_AUDIOCAPTURE = 0x00200000,
	SP_INFO_VIDEO_DISABLE = 0x00400000,
	SP_INFO_HIDEF_RAIL_SUPPORTED = 0x02000000,
};

enum sp_info_perf {
	SP_PERF_DISABLE_WALLPAPER = 0x00000001,
	SP_PERF_DISABLE_FULLWINDOWDRAG = 0x00000002,
	SP_PERF_DISABLE_MENUANIMATIONS = 0x00000004,
	SP_PERF_DISABLE_THEMING = 0x00000008,
	SP_PERF_DISABLE_CURSOR_SHADOW = 0x00000020,
	SP_PERF_DISABLE_CURSORSETTINGS = 0x00000040,
	SP_PERF_ENABLE_FONT_SMOOTHING = 0x00000080,
	SP_PERF_ENABLE_DESKTOP_COMPOSITION = 0x00000100,
};

enum sp_info_family {
	SP_INFO_AF_INET = 0x0002,
	SP_INFO_AF_INET6 = 0x0017
};

/* [MS-RDPBCGR] 2.2.1.11.1.1.1.1.1 System Time (TS_SYSTEMTIME) */
struct sp_info_time {
	uint16_t year, month, day_of_week, day, hour, minute, second, ms;
};

/* [MS-RDPBCGR] 2.2.1.11.1.1.1.1 Time Zone Information (TS_TIME_ZONE_INFORMATION) */
struct sp_info_zone {
	int32_t bias; /* minutes; UTC = local time + bias */
	char standard_name[SP_INFO_TZ_NAME];
	struct sp_info_time standard_date;
	int32_t standard_bias;
	char daylight_name[SP_INFO_TZ_NAME];
	struct sp_info_time daylight_date;
	int32_t daylight_bias;
};

/* [MS-RDPBCGR] 2.2.4.3 Client Auto-Reconnect Packet (ARC_CS_PRIVATE_PACKET) */
struct sp_info_arc {
	uint32_t logon_id;
	uint8_t verifier[16];
};

/* The tail fields a client sent; each implies those before it. */
enum sp_info_tail {
	SP_INFO_TAIL_NONE, /* RDP 4.0: no extended info */
	SP_INFO_TAIL_ADDRESS, /* address and directory */
	SP_INFO_TAIL_ZONE,
	SP_INFO_TAIL_SESSION,
	SP_INFO_TAIL_PERF,
	SP_INFO_TAIL_ARC, /* the length of the cookie, and the cookie if has_arc */
	SP_INFO_TAIL_RESERVED,
	SP_INFO_TAIL_DST, /* dynamic daylight saving */
};

/*
 * [MS-RDPBCGR] 2.2.1.11.1.1 Info Packet (TS_INFO_PACKET) with 2.2.1.11.1.1.1 Extended Info
 * Packet (TS_EXTENDED_INFO_PACKET). All of it is the client's claim; the name that counts is
 * the one CredSSP proved. Strings are UTF-8 and end with NUL.
 */
struct sp_info {
	uint32_t code_page; /* the keyboard layout when SP_INFO_UNICODE is set */
	uint32_t flags;
	char domain[SP_INFO_STR];
	char user[SP_INFO_STR];
	struct sp_secret password; /* UTF-16LE without NUL, whatever the client's encoding */
	char shell[SP_INFO_STR]; /* never run as it is */
	char dir[SP_INFO_STR];

	enum sp_info_tail tail;
	uint16_t family;
	char address[SP_INFO_ADDRESS];
	char client_dir[SP_INFO_STR];
	struct sp_info_zone zone;
	uint32_t session_id;
	uint32_t perf;
	bool has_arc;
	struct sp_info_arc arc;
	char dst_key[SP_INFO_TZ_KEY];
	bool dst_disabled;
};

/*
 * r stands behind the security header. On an error the password is wiped. The caller wipes
 * it, or the whole struct with sp_wipe(), when it is done.
 */
sp_nodiscard int sp_info_read(struct sp_rd *r, struct sp_info *out);
/* Without security header, with SP_INFO_UNICODE set, fields up to in->tail. */
void sp_info_write(struct sp_wr *w, const struct sp_info *in);

#endif
