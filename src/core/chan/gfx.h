/* core/chan/gfx.h - the messages of the graphics pipeline, both directions. */
#ifndef SP_CORE_CHAN_GFX_H
#define SP_CORE_CHAN_GFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/rect.h"
#include "core/base/wr.h"

#define SP_GFX_CHANNEL "Microsoft::Windows::RDS::Graphics"
#define SP_GFX_HEAD 8 /* bytes of RDPGFX_HEADER */
#define SP_GFX_RESET_BYTES 340
#define SP_GFX_MAX_MONITORS 16
#define SP_GFX_MAX_CAPS 32 /* sets that are read; there are eleven */
#define SP_GFX_MAX_OFFER 5461 /* entries of a cache import offer */
#define SP_GFX_MAX_SIDE 32766 /* of the output */
#define SP_GFX_CACHE_SLOTS 25600
#define SP_GFX_CACHE_SLOTS_SMALL 4096
#define SP_GFX_CACHE_BYTES (100u << 20)
#define SP_GFX_CACHE_BYTES_SMALL (16u << 20)

/* [MS-RDPEGFX] 2.2.1.5 RDPGFX_HEADER: cmdId */
enum sp_gfx_cmd {
	SP_GFX_BITS = 0x01, /* RDPGFX_WIRE_TO_SURFACE_PDU_1 */
	SP_GFX_BITS2 = 0x02, /* RDPGFX_WIRE_TO_SURFACE_PDU_2 */
	SP_GFX_FORGET = 0x03, /* RDPGFX_DELETE_ENCODING_CONTEXT_PDU */
	SP_GFX_FILL = 0x04, /* RDPGFX_SOLIDFILL_PDU */
	SP_GFX_COPY = 0x05, /* RDPGFX_SURFACE_TO_SURFACE_PDU */
	SP_GFX_STORE = 0x06, /* RDPGFX_SURFACE_TO_CACHE_PDU */
	SP_GFX_PASTE = 0x07, /* RDPGFX_CACHE_TO_SURFACE_PDU */
	SP_GFX_EVICT = 0x08, /* RDPGFX_EVICT_CACHE_ENTRY_PDU */
	SP_GFX_CREATE = 0x09, /* RDPGFX_CREATE_SURFACE_PDU */
	SP_GFX_DELETE = 0x0A, /* RDPGFX_DELETE_SURFACE_PDU */
	SP_GFX_START = 0x0B, /* RDPGFX_START_FRAME_PDU */
	SP_GFX_END = 0x0C, /* RDPGFX_END_FRAME_PDU */
	SP_GFX_ACK = 0x0D, /* RDPGFX_FRAME_ACKNOWLEDGE_PDU */
	SP_GFX_RESET = 0x0E, /* RDPGFX_RESET_GRAPHICS_PDU */
	SP_GFX_MAP = 0x0F, /* RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU */
	SP_GFX_OFFER = 0x10, /* RDPGFX_CACHE_IMPORT_OFFER_PDU */
	SP_GFX_REPLY = 0x11, /* RDPGFX_CACHE_IMPORT_REPLY_PDU */
	SP_GFX_ADVERTISE = 0x12, /* RDPGFX_CAPS_ADVERTISE_PDU */
	SP_GFX_CONFIRM = 0x13, /* RDPGFX_CAPS_CONFIRM_PDU */
	SP_GFX_MAP_WINDOW = 0x15, /* RDPGFX_MAP_SURFACE_TO_WINDOW_PDU */
	SP_GFX_QOE = 0x16, /* RDPGFX_QOE_FRAME_ACKNOWLEDGE_PDU */
	SP_GFX_MAP_SCALED = 0x17, /* RDPGFX_MAP_SURFACE_TO_SCALED_OUTPUT_PDU */
	SP_GFX_MAP_SCALED_WINDOW = 0x18, /* RDPGFX_MAP_SURFACE_TO_SCALED_WINDOW_PDU */
};

/* [MS-RDPEGFX] 2.2.2.1, 2.2.2.2: codecId */
enum sp_gfx_codec {
	SP_GFX_RAW = 0x0, /* RDPGFX_CODECID_UNCOMPRESSED */
	SP_GFX_RFX = 0x3, /* RDPGFX_CODECID_CAVIDEO */
	SP_GFX_CLEAR = 0x8, /* RDPGFX_CODECID_CLEARCODEC */
	SP_GFX_PROGRESSIVE = 0x9, /* RDPGFX_CODECID_CAPROGRESSIVE, in BITS2 only */
	SP_GFX_PLANAR = 0xA, /* RDPGFX_CODECID_PLANAR */
	SP_GFX_AVC420 = 0xB, /* RDPGFX_CODECID_AVC420 */
	SP_GFX_ALPHA = 0xC, /* RDPGFX_CODECID_ALPHA */
	SP_GFX_AVC444 = 0xE, /* RDPGFX_CODECID_AVC444 */
	SP_GFX_AVC444V2 = 0xF, /* RDPGFX_CODECID_AVC444V2 */
};
#define SP_GFX_CODECS 16 /* each codecId is below */

/* [MS-RDPEGFX] 2.2.1.4 RDPGFX_PIXELFORMAT */
enum sp_gfx_format {
	SP_GFX_XRGB = 0x20,
	SP_GFX_ARGB = 0x21,
};

/* [MS-RDPEGFX] 2.2.1.6 RDPGFX_CAPSET: version; a later one is a larger number. */
#define SP_GFX_V8 0x00080004u
#define SP_GFX_V81 0x00080105u
#define SP_GFX_V10 0x000A0002u
#define SP_GFX_V101 0x000A0100u
#define SP_GFX_V102 0x000A0200u
#define SP_GFX_V103 0x000A0301u
#define SP_GFX_V104 0x000A0400u
#define SP_GFX_V105 0x000A0502u
#define SP_GFX_V106 0x000A0600u
#define SP_GFX_V106_ERRATA 0x000A0601u /* what clients send besides */
#define SP_GFX_V107 0x000A0701u

/* [MS-RDPEGFX] 2.2.3: flags */
#define SP_GFX_THINCLIENT 0x01u /* RemoteFX in place of progressive, 16 MB of cache */
#define SP_GFX_SMALL_CACHE 0x02u
#define SP_GFX_AVC420_ENABLED 0x10u /* 8.1 */
#define SP_GFX_AVC_DISABLED 0x20u /* 10 and later */
#define SP_GFX_AVC_THINCLIENT 0x40u /* 10.3 and later */
#define SP_GFX_SCALEDMAP_DISABLE 0x80u /* 10.7 */

#define SP_GFX_SUSPEND 0xFFFFFFFFu /* queue depth: no acknowledgements from now on */

struct sp_gfx_caps {
	uint32_t version, flags; /* flags: 0 for 10.1 */
};

/* [MS-RDPEGFX] 2.2.1.1 RDPGFX_POINT16 */
struct sp_gfx_point {
	int16_t x, y;
};

/*
 * Rectangles are read and written as struct sp_rect, which never has a negative side and lies
 * within 0..65535; one whose right is left of its left is SP_EFIELD.
 */

/* [MS-RDPEGFX] 2.2.2.1 RDPGFX_WIRE_TO_SURFACE_PDU_1, 2.2.2.2 RDPGFX_WIRE_TO_SURFACE_PDU_2 */
struct sp_gfx_bits {
	uint16_t surface, codec;
	uint32_t context; /* BITS2 */
	uint8_t format;
	struct sp_rect to; /* BITS */
	struct sp_span data;
};

/* [MS-RDPEGFX] 2.2.2.3 RDPGFX_DELETE_ENCODING_CONTEXT_PDU */
struct sp_gfx_forget {
	uint16_t surface;
	uint32_t context;
};

/* [MS-RDPEGFX] 2.2.2.4 RDPGFX_SOLIDFILL_PDU */
struct sp_gfx_fill {
	uint16_t surface;
	uint32_t pixel; /* 0xXXRRGGBB */
	size_t n;
	struct sp_span rects; /* INVARIANT: n of them, each right; see sp_gfx_rect_at() */
};

/* [MS-RDPEGFX] 2.2.2.5 RDPGFX_SURFACE_TO_SURFACE_PDU */
struct sp_gfx_copy {
	uint16_t from, to;
	struct sp_rect rect;
	size_t n;
	struct sp_span points; /* see sp_gfx_point_at() */
};

/* [MS-RDPEGFX] 2.2.2.6 RDPGFX_SURFACE_TO_CACHE_PDU */
struct sp_gfx_store {
	uint16_t surface, slot;
	uint64_t key;
	struct sp_rect rect;
};

/* [MS-RDPEGFX] 2.2.2.7 RDPGFX_CACHE_TO_SURFACE_PDU */
struct sp_gfx_paste {
	uint16_t slot, surface;
	size_t n;
	struct sp_span points;
};

/* [MS-RDPEGFX] 2.2.2.9 RDPGFX_CREATE_SURFACE_PDU */
struct sp_gfx_create {
	uint16_t surface, w, h;
	uint8_t format; /* SP_GFX_XRGB or SP_GFX_ARGB */
};

/* [MS-RDPEGFX] 2.2.2.11 RDPGFX_START_FRAME_PDU */
struct sp_gfx_start {
	uint32_t stamp; /* see sp_gfx_stamp() */
	uint32_t frame;
};

/* [MS-RDPEGFX] 2.2.2.13 RDPGFX_FRAME_ACKNOWLEDGE_PDU */
struct sp_gfx_ack {
	uint32_t depth; /* bytes that wait at the client; 0: not known; SP_GFX_SUSPEND */
	uint32_t frame, decoded;
};

struct sp_gfx_monitor {
	struct sp_rect area; /* INVARIANT: not empty, within -32768..32767 */
	bool primary;
};

/* [MS-RDPEGFX] 2.2.2.14 RDPGFX_RESET_GRAPHICS_PDU */
struct sp_gfx_reset {
	uint32_t w, h; /* INVARIANT: 1..SP_GFX_MAX_SIDE */
	size_t n; /* INVARIANT: <= SP_GFX_MAX_MONITORS */
	struct sp_gfx_monitor monitor[SP_GFX_MAX_MONITORS];
};

/* [MS-RDPEGFX] 2.2.2.15 RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU, 2.2.2.22 ..._TO_SCALED_OUTPUT_PDU */
struct sp_gfx_map {
	uint16_t surface;
	uint32_t x, y;
	uint32_t w, h; /* scaled only */
};

/* [MS-RDPEGFX] 2.2.2.20 RDPGFX_MAP_SURFACE_TO_WINDOW_PDU, 2.2.2.23 ..._TO_SCALED_WINDOW_PDU */
struct sp_gfx_map_window {
	uint16_t surface;
	uint64_t window;
	uint32_t w, h;
	uint32_t target_w, target_h; /* scaled only */
};

/* [MS-RDPEGFX] 2.2.2.16.1 RDPGFX_CACHE_ENTRY_METADATA */
struct sp_gfx_entry {
	uint64_t key;
	uint32_t bytes;
};

/* [MS-RDPEGFX] 2.2.2.16 RDPGFX_CACHE_IMPORT_OFFER_PDU, 2.2.2.17 RDPGFX_CACHE_IMPORT_REPLY_PDU */
struct sp_gfx_list {
	size_t n; /* INVARIANT: <= SP_GFX_MAX_OFFER */
	struct sp_span entries; /* see sp_gfx_entry_at(), sp_gfx_slot_at() */
};

/* [MS-RDPEGFX] 2.2.2.18 RDPGFX_CAPS_ADVERTISE_PDU, without the sets of other versions */
struct sp_gfx_advertise {
	size_t n; /* INVARIANT: <= SP_GFX_MAX_CAPS */
	struct sp_gfx_caps set[SP_GFX_MAX_CAPS];
};

/* [MS-RDPEGFX] 2.2.2.21 RDPGFX_QOE_FRAME_ACKNOWLEDGE_PDU */
struct sp_gfx_qoe {
	uint32_t frame, stamp; /* milliseconds */
	uint16_t decode_ms, show_ms;
};

/*
 * Cuts the next PDU off a message: its cmdId and a cursor over its body. r must outlive body.
 * Flags are not looked at. SP_ESHORT when the message ends before it.
 */
sp_nodiscard int sp_gfx_next(struct sp_rd *r, uint16_t *cmd, struct sp_rd *body);

/*
 * Bodies; each must be used up by it. What borrows is valid as long as the message. The padding
 * of RESET is not looked at.
 */
sp_nodiscard int sp_gfx_bits_read(struct sp_rd *r, struct sp_gfx_bits *out);
sp_nodiscard int sp_gfx_bits2_read(struct sp_rd *r, struct sp_gfx_bits *out);
sp_nodiscard int sp_gfx_forget_read(struct sp_rd *r, struct sp_gfx_forget *out);
sp_nodiscard int sp_gfx_fill_read(struct sp_rd *r, struct sp_gfx_fill *out);
sp_nodiscard int sp_gfx_copy_read(struct sp_rd *r, struct sp_gfx_copy *out);
sp_nodiscard int sp_gfx_store_read(struct sp_rd *r, struct sp_gfx_store *out);
sp_nodiscard int sp_gfx_paste_read(struct sp_rd *r, struct sp_gfx_paste *out);
sp_nodiscard int sp_gfx_create_read(struct sp_rd *r, struct sp_gfx_create *out);
sp_nodiscard int sp_gfx_start_read(struct sp_rd *r, struct sp_gfx_start *out);
sp_nodiscard int sp_gfx_ack_read(struct sp_rd *r, struct sp_gfx_ack *out);
sp_nodiscard int sp_gfx_reset_read(struct sp_rd *r, struct sp_gfx_reset *out);
sp_nodiscard int sp_gfx_map_read(struct sp_rd *r, struct sp_gfx_map *out);
sp_nodiscard int sp_gfx_map_scaled_read(struct sp_rd *r, struct sp_gfx_map *out);
sp_nodiscard int sp_gfx_map_window_read(struct sp_rd *r, struct sp_gfx_map_window *out);
sp_nodiscard int sp_gfx_map_scaled_window_read(struct sp_rd *r, struct sp_gfx_map_window *out);
sp_nodiscard int sp_gfx_offer_read(struct sp_rd *r, struct sp_gfx_list *out);
sp_nodiscard int sp_gfx_reply_read(struct sp_rd *r, struct sp_gfx_list *out);
sp_nodiscard int sp_gfx_advertise_read(struct sp_rd *r, struct sp_gfx_advertise *out);
/* A version that is not known is SP_EPROTO. */
sp_nodiscard int sp_gfx_confirm_read(struct sp_rd *r, struct sp_gfx_caps *out);
sp_nodiscard int sp_gfx_qoe_read(struct sp_rd *r, struct sp_gfx_qoe *out);
/* EVICT (a slot) and DELETE (a surface). */
sp_nodiscard int sp_gfx_u16_read(struct sp_rd *r, uint16_t *out);
/* END: the frame. */
sp_nodiscard int sp_gfx_u32_read(struct sp_rd *r, uint32_t *out);

/* i < n */
struct sp_rect sp_gfx_rect_at(struct sp_span rects, size_t i);
struct sp_gfx_point sp_gfx_point_at(struct sp_span points, size_t i);
struct sp_gfx_entry sp_gfx_entry_at(struct sp_span entries, size_t i);
uint16_t sp_gfx_slot_at(struct sp_span slots, size_t i);

/*
 * Whole PDUs with their header. Rectangles and counts that do not fit mark w SP_EARG. Arrays
 * stand beside the structures, whose own n and span are not looked at.
 */
size_t sp_gfx_begin(struct sp_wr *w, uint16_t cmd);
void sp_gfx_end(struct sp_wr *w, size_t mark);
/* Bitmap data is appended by the caller, then sp_gfx_bits_end(w, mark). in->data is not looked at. */
size_t sp_gfx_bits_begin(struct sp_wr *w, const struct sp_gfx_bits *in);
void sp_gfx_bits_end(struct sp_wr *w, size_t mark);
size_t sp_gfx_bits2_begin(struct sp_wr *w, const struct sp_gfx_bits *in);
void sp_gfx_bits2_end(struct sp_wr *w, size_t mark);
void sp_gfx_forget_write(struct sp_wr *w, const struct sp_gfx_forget *in);
void sp_gfx_fill_write(struct sp_wr *w, const struct sp_gfx_fill *in, const struct sp_rect *rects,
		size_t n);
void sp_gfx_copy_write(struct sp_wr *w, const struct sp_gfx_copy *in,
		const struct sp_gfx_point *points, size_t n);
void sp_gfx_store_write(struct sp_wr *w, const struct sp_gfx_store *in);
void sp_gfx_paste_write(struct sp_wr *w, const struct sp_gfx_paste *in,
		const struct sp_gfx_point *points, size_t n);
void sp_gfx_create_write(struct sp_wr *w, const struct sp_gfx_create *in);
void sp_gfx_start_write(struct sp_wr *w, const struct sp_gfx_start *in);
void sp_gfx_ack_write(struct sp_wr *w, const struct sp_gfx_ack *in);
void sp_gfx_reset_write(struct sp_wr *w, const struct sp_gfx_reset *in);
void sp_gfx_map_write(struct sp_wr *w, const struct sp_gfx_map *in);
void sp_gfx_map_scaled_write(struct sp_wr *w, const struct sp_gfx_map *in);
void sp_gfx_map_window_write(struct sp_wr *w, const struct sp_gfx_map_window *in);
void sp_gfx_map_scaled_window_write(struct sp_wr *w, const struct sp_gfx_map_window *in);
void sp_gfx_offer_write(struct sp_wr *w, const struct sp_gfx_entry *v, size_t n);
void sp_gfx_reply_write(struct sp_wr *w, const uint16_t *slots, size_t n);
void sp_gfx_advertise_write(struct sp_wr *w, const struct sp_gfx_advertise *in);
void sp_gfx_confirm_write(struct sp_wr *w, const struct sp_gfx_caps *in);
void sp_gfx_qoe_write(struct sp_wr *w, const struct sp_gfx_qoe *in);
/* EVICT, DELETE. */
void sp_gfx_u16_write(struct sp_wr *w, uint16_t cmd, uint16_t v);
/* END. */
void sp_gfx_u32_write(struct sp_wr *w, uint16_t cmd, uint32_t v);

/* The flags that a version defines; false for a version that is not known. */
bool sp_gfx_version_flags(uint32_t version, uint32_t *flags);
/* 16 MB and fewer slots: by flag, or by version 10.3. */
bool sp_gfx_small_cache(const struct sp_gfx_caps *caps);
/* Milliseconds since midnight, UTC, as a frame's timestamp. */
uint32_t sp_gfx_stamp(uint32_t ms_of_day);

#endif
