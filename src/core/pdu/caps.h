/* core/pdu/caps.h - capability sets: all of them in one struct, or walked without decoding. */
#ifndef SP_CORE_PDU_CAPS_H
#define SP_CORE_PDU_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

/* [MS-RDPBCGR] 2.2.1.13.1.1.1 capabilitySetType */
enum sp_caps_type {
	SP_CAPS_GENERAL = 0x01,
	SP_CAPS_BITMAP = 0x02,
	SP_CAPS_ORDER = 0x03,
	SP_CAPS_BITMAPCACHE = 0x04,
	SP_CAPS_CONTROL = 0x05,
	SP_CAPS_ACTIVATION = 0x07,
	SP_CAPS_POINTER = 0x08,
	SP_CAPS_SHARE = 0x09,
	SP_CAPS_COLORCACHE = 0x0A,
	SP_CAPS_SOUND = 0x0C,
	SP_CAPS_INPUT = 0x0D,
	SP_CAPS_FONT = 0x0E,
	SP_CAPS_BRUSH = 0x0F,
	SP_CAPS_GLYPHCACHE = 0x10,
	SP_CAPS_OFFSCREENCACHE = 0x11,
	SP_CAPS_BITMAPCACHE_HOSTSUPPORT = 0x12,
	SP_CAPS_BITMAPCACHE_REV2 = 0x13,
	SP_CAPS_VIRTUALCHANNEL = 0x14,
	SP_CAPS_DRAWNINEGRID = 0x15,
	SP_CAPS_DRAWGDIPLUS = 0x16,
	SP_CAPS_RAIL = 0x17,
	SP_CAPS_WINDOW = 0x18,
	SP_CAPS_COMPDESK = 0x19,
	SP_CAPS_MULTIFRAGMENT = 0x1A,
	SP_CAPS_LARGE_POINTER = 0x1B,
	SP_CAPS_SURFACE_COMMANDS = 0x1C,
	SP_CAPS_BITMAP_CODECS = 0x1D,
	SP_CAPS_FRAME_ACKNOWLEDGE = 0x1E,
};

#define SP_CAPS_MAX_SETS 64 /* of one Demand or Confirm Active */
#define SP_CAPS_MAX_CODECS 16

enum sp_caps_general_flag {
	SP_GENERAL_FASTPATH_OUTPUT = 0x0001,
	SP_GENERAL_LONG_CREDENTIALS = 0x0004,
	SP_GENERAL_AUTORECONNECT = 0x0008,
	SP_GENERAL_ENC_SALTED_CHECKSUM = 0x0010,
	SP_GENERAL_NO_BITMAP_COMPRESSION_HDR = 0x0400,
};

enum sp_caps_order_flag {
	SP_ORDER_NEGOTIATE = 0x0002,
	SP_ORDER_ZERO_BOUNDS_DELTAS = 0x0008,
	SP_ORDER_COLOR_INDEX = 0x0020,
	SP_ORDER_SOLID_PATTERN_BRUSH_ONLY = 0x0040,
	SP_ORDER_EXTRA_FLAGS = 0x0080,
};

enum sp_caps_draw_flag {
	SP_DRAW_ALLOW_DYNAMIC_COLOR_FIDELITY = 0x02,
	SP_DRAW_ALLOW_COLOR_SUBSAMPLING = 0x04,
	SP_DRAW_ALLOW_SKIP_ALPHA = 0x08,
};

enum sp_caps_input_flag {
	SP_INPUT_FLAG_SCANCODES = 0x0001,
	SP_INPUT_FLAG_MOUSEX = 0x0004,
	SP_INPUT_FLAG_FASTPATH = 0x0008,
	SP_INPUT_FLAG_UNICODE = 0x0010,
	SP_INPUT_FLAG_FASTPATH2 = 0x0020,
	SP_INPUT_FLAG_MOUSE_RELATIVE = 0x0080,
	SP_INPUT_FLAG_HWHEEL = 0x0100,
	SP_INPUT_FLAG_QOE = 0x0200,
};

enum sp_caps_vc_flag {
	SP_VC_NO_COMPR = 0,
	SP_VC_COMPR_SC = 1,
	SP_VC_COMPR_CS_8K = 2
};

enum sp_caps_large_pointer_flag {
	SP_LARGE_POINTER_96 = 0x0001,
	SP_LARGE_POINTER_384 = 0x0002,
};

enum sp_caps_surface_flag {
	SP_SURFCMDS_SET_SURFACE_BITS = 0x02,
	SP_SURFCMDS_FRAME_MARKER = 0x10,
	SP_SURFCMDS_STREAM_SURFACE_BITS = 0x40,
};

/* [MS-RDPBCGR] 2.2.7.1.1 General Capability Set (TS_GENERAL_CAPABILITYSET) */
struct sp_caps_general {
	uint16_t os_major, os_minor;
	uint16_t extra_flags; /* enum sp_caps_general_flag */
	bool refresh_rect, suppress_output;
};

/* [MS-RDPBCGR] 2.2.7.1.2 Bitmap Capability Set (TS_BITMAP_CAPABILITYSET) */
struct sp_caps_bitmap {
	uint16_t bpp, width, height;
	bool resize; /* desktopResizeFlag */
	uint8_t drawing_flags; /* enum sp_caps_draw_flag */
};

/* [MS-RDPBCGR] 2.2.7.1.3 Order Capability Set (TS_ORDER_CAPABILITYSET) */
struct sp_caps_order {
	uint16_t flags; /* enum sp_caps_order_flag */
	uint8_t support[32];
	uint16_t text_flags;
	uint16_t ex_flags;
	uint32_t desktop_save_size;
	uint16_t ansi_code_page;
};

struct sp_caps_cells {
	uint16_t entries, cell;
};

/* [MS-RDPBCGR] 2.2.7.1.4.1 Revision 1 (TS_BITMAPCACHE_CAPABILITYSET) */
struct sp_caps_cache1 {
	struct sp_caps_cells cache[3];
};

/* [MS-RDPBCGR] 2.2.7.1.4.2 Revision 2 (TS_BITMAPCACHE_CAPABILITYSET_REV2) */
struct sp_caps_cache2 {
	uint16_t flags;
	uint8_t n; /* INVARIANT: n <= 5 */
	struct {
		uint32_t entries; /* 31 bits */
		bool persistent;
	} cache[5];
};

/* [MS-RDPBCGR] 2.2.7.1.5 Pointer Capability Set (TS_POINTER_CAPABILITYSET) */
struct sp_caps_pointer {
	bool color;
	uint16_t color_cache; /* colorPointerCacheSize */
	uint16_t cache; /* pointerCacheSize; 0 when left out: no New Pointer Update */
};

/* [MS-RDPBCGR] 2.2.7.1.6 Input Capability Set (TS_INPUT_CAPABILITYSET) */
struct sp_caps_input {
	uint16_t flags; /* enum sp_caps_input_flag */
	uint32_t layout, type, subtype, function_keys;
	char ime[100]; /* imeFileName, UTF-8 */
};

/* [MS-RDPBCGR] 2.2.7.1.8 Glyph Cache Capability Set (TS_GLYPHCACHE_CAPABILITYSET) */
struct sp_caps_glyph {
	struct sp_caps_cells cache[10];
	struct sp_caps_cells fragment;
	uint16_t level;
};

/* [MS-RDPBCGR] 2.2.7.1.9 Offscreen Bitmap Cache Capability Set (TS_OFFSCREEN_CAPABILITYSET) */
struct sp_caps_offscreen {
	uint32_t level;
	uint16_t size_kb, entries;
};

/* [MS-RDPBCGR] 2.2.7.1.10 Virtual Channel Capability Set (TS_VIRTUALCHANNEL_CAPABILITYSET) */
struct sp_caps_vc {
	uint32_t flags; /* enum sp_caps_vc_flag */
	bool has_chunk_size;
	uint32_t chunk_size; /* 1600 when it was left out */
};

/* [MS-RDPBCGR] 2.2.7.2.2 Control Capability Set (TS_CONTROL_CAPABILITYSET) */
struct sp_caps_control {
	uint16_t flags, remote_detach, interest, detach_interest;
};

/* [MS-RDPBCGR] 2.2.7.2.3 Window Activation Capability Set (TS_WINDOWACTIVATION_CAPABILITYSET) */
struct sp_caps_activation {
	uint16_t help_key, help_key_index, help_extended_key, window_manager_key;
};

/* [MS-RDPEGDI] 2.2.1.2 DrawNineGrid Cache Capability Set (TS_DRAW_NINEGRID_CAPABILITYSET) */
struct sp_caps_ninegrid {
	uint32_t level;
	uint16_t size_kb, entries;
};

/* [MS-RDPERP] 2.2.1.1.2 Window List Capability Set */
struct sp_caps_window {
	uint32_t level;
	uint8_t icon_caches;
	uint16_t icon_entries;
};

enum sp_caps_codec_kind {
	SP_CODEC_UNKNOWN,
	SP_CODEC_NSCODEC,
	SP_CODEC_REMOTEFX,
	SP_CODEC_IMAGE_REMOTEFX,
	SP_CODEC_IGNORE,
};

/* [MS-RDPBCGR] 2.2.7.2.10.1.1 Bitmap Codec (TS_BITMAPCODEC) */
struct sp_caps_codec {
	enum sp_caps_codec_kind kind; /* from guid; the writer takes guid if this is UNKNOWN */
	uint8_t guid[16]; /* as on the wire */
	uint8_t id;
	struct sp_span properties; /* borrowed from the input */
};

struct sp_caps_codecs {
	size_t n; /* INVARIANT: n <= SP_CAPS_MAX_CODECS; what a peer lists beyond is dropped */
	struct sp_caps_codec codec[SP_CAPS_MAX_CODECS];
};

/* The members without a struct of their own hold the one field their set has. */
struct sp_caps {
	uint32_t have; /* 1 << type for each set that is there; ask sp_caps_has() */
	struct sp_caps_general general;
	struct sp_caps_bitmap bitmap;
	struct sp_caps_order order;
	struct sp_caps_cache1 cache1;
	struct sp_caps_cache2 cache2;
	struct sp_caps_control control;
	struct sp_caps_activation activation;
	struct sp_caps_pointer pointer;
	uint16_t share_node; /* nodeID: the server's channel, 0 from a client */
	uint16_t color_cache;
	uint16_t sound_flags; /* 1: beeps */
	struct sp_caps_input input;
	uint16_t font_flags; /* 1: font list */
	uint32_t brush_level;
	struct sp_caps_glyph glyph;
	struct sp_caps_offscreen offscreen;
	uint8_t cache_host; /* cacheVersion, 1 */
	struct sp_caps_vc vc;
	struct sp_caps_ninegrid ninegrid;
	struct sp_span gdiplus; /* not decoded; borrowed */
	uint32_t rail_level;
	struct sp_caps_window window;
	uint16_t compdesk;
	uint32_t max_request; /* MaxRequestSize of the multifragment set */
	uint16_t large_pointer; /* enum sp_caps_large_pointer_flag */
	uint32_t surface_commands; /* enum sp_caps_surface_flag */
	struct sp_caps_codecs codecs;
	uint32_t frame_ack; /* maxUnacknowledgedFrameCount */
};

static inline bool sp_caps_has(const struct sp_caps *c, enum sp_caps_type type)
{
	return (c->have >> type & 1) != 0;
}

static inline void sp_caps_add(struct sp_caps *c, enum sp_caps_type type)
{
	c->have |= 1u << type;
}

static inline void sp_caps_drop(struct sp_caps *c, enum sp_caps_type type)
{
	c->have &= ~(1u << type);
}

/*
 * [MS-RDPBCGR] 2.2.1.13.1.1.1 Capability Set (TS_CAPS_SET), not decoded. data is what stands
 * behind the four bytes of type and length; borrowed from the input.
 */
struct sp_caps_set {
	uint16_t type;
	struct sp_span data;
};

/*
 * Reads the next of the sets in r (which holds nothing else): 1 with *out filled, 0 when the
 * sets are at their end, or an error.
 */
sp_nodiscard int sp_caps_next(struct sp_rd *r, struct sp_caps_set *out);
void sp_caps_set_write(struct sp_wr *w, const struct sp_caps_set *in);

/*
 * Reads sets until the end of r. Unknown types are skipped by length; of a type that comes
 * twice the last one counts; bytes behind a known set's last field are ignored. A set shorter
 * than its mandatory fields is an error. out borrows from the input (codecs, gdiplus).
 */
sp_nodiscard int sp_caps_read(struct sp_rd *r, struct sp_caps *out);
/* Writes each set that is there, in ascending order of type; returns how many. */
size_t sp_caps_write(struct sp_wr *w, const struct sp_caps *in);

/* The wire form of a known codec's GUID; NULL for SP_CODEC_UNKNOWN. Static. */
const uint8_t *sp_caps_codec_guid(enum sp_caps_codec_kind kind);
/* The first codec of that kind, or NULL. */
const struct sp_caps_codec *sp_caps_codec_find(
		const struct sp_caps *c, enum sp_caps_codec_kind kind);

#endif
