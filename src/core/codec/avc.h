/* core/codec/avc.h - AVC420, AVC444 and AVC444v2 of the graphics pipeline, around an H.264 library. */
#ifndef SP_CORE_CODEC_AVC_H
#define SP_CORE_CODEC_AVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rd.h"
#include "core/base/rect.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/codec/cpu.h"
#include "core/codec/h264.h"

/* The values are RDPGFX_CODECID_*. */
enum sp_avc_mode {
	SP_AVC_420 = 0x000b,
	SP_AVC_444 = 0x000e,
	SP_AVC_444V2 = 0x000f,
};

#define SP_AVC_REGIONS 4096 /* most in one stream */
/* Regions of one stream together may be this many times the picture. */
#define SP_AVC_OVERLAP 4

/* [MS-RDPEGFX] 2.2.4.4.1 RFX_AVC420_METABLOCK */
struct sp_avc_meta {
	uint32_t n; /* INVARIANT: n <= SP_AVC_REGIONS */
	struct sp_span rects; /* RDPGFX_RECT16, 8 bytes each */
	struct sp_span quants; /* RDPGFX_AVC420_QUANT_QUALITY, 2 bytes each */
};

struct sp_avc_region {
	struct sp_rect rect;
	uint8_t qp; /* 0 to SP_H264_QP_MAX */
	uint8_t quality; /* 0 to 100 */
	bool progressive;
};

/* Spans of *out point into r. */
sp_nodiscard int sp_avc_meta_read(struct sp_rd *r, struct sp_avc_meta *out);
/* Region i < n, cut at w x h: it may be empty. SP_EFIELD when its edges are swapped. */
sp_nodiscard int sp_avc_meta_region(const struct sp_avc_meta *m, uint32_t i, uint32_t w, uint32_t h,
		struct sp_avc_region *out);
/* Rectangles of 16 bit coordinates, at most SP_AVC_REGIONS; else the writer fails with SP_EARG. */
void sp_avc_meta_write(struct sp_wr *w, const struct sp_avc_region *regions, size_t n);

/* [MS-RDPEGFX] 2.2.4.4 RFX_AVC420_BITMAP_STREAM */
struct sp_avc_part {
	struct sp_avc_meta meta;
	struct sp_span h264;
};

/* [MS-RDPEGFX] 2.2.4.5 RFX_AVC444_BITMAP_STREAM, 2.2.4.6 RFX_AVC444V2_BITMAP_STREAM, and one part */
struct sp_avc_stream {
	bool has_luma, has_chroma; /* LC; an AVC420 stream has luma only */
	struct sp_avc_part luma, chroma;
};

/* Spans of *out point into in. */
sp_nodiscard int sp_avc_stream_read(
		struct sp_span in, enum sp_avc_mode mode, struct sp_avc_stream *out);

/* ---- decoder: one per surface */

struct sp_avc_dec;

struct sp_avc_dec_conf {
	const struct sp_h264_impl *impl; /* outlives the decoder */
	enum sp_cpu cpu;
	uint32_t w, h; /* of the surface, 1 to SP_PIXEL_SIDE_MAX */
	/* Most bytes of streams kept for sp_avc_dec_save; 0: none, it is never saved. */
	size_t history;
};

/*
 * Allocates little; the library is asked at the first stream. May keep any memory until it is
 * limited. NULL: no memory or wrong size.
 */
sp_nodiscard struct sp_avc_dec *sp_avc_dec_create(const struct sp_avc_dec_conf *conf);
/* Accepts NULL. */
void sp_avc_dec_destroy(struct sp_avc_dec *d);
/*
 * From now on a stream that needs more than max bytes, of the library's pictures, planes and
 * history, is SP_ELIMIT. The library's part is what was measured of OpenH264, a little rounded up.
 */
void sp_avc_dec_limit(struct sp_avc_dec *d, uint64_t max);
/* Bytes that are kept now, counted the same way. */
uint64_t sp_avc_dec_memory(const struct sp_avc_dec *d);
/*
 * Decodes the bitmapData of one RDPGFX_WIRE_TO_SURFACE_PDU_1 into the surface: px is its first
 * row. *changed is what holds every pixel painted, empty when none. A stream whose pictures do
 * not have the surface's size (rounded up to whole blocks) is SP_ECODEC and not looked at;
 * SP_ELIMIT: more regions than anybody needs; SP_ENOTFOUND: no library.
 * With px NULL everything but painting is done.
 */
sp_nodiscard int sp_avc_decode(struct sp_avc_dec *d, enum sp_avc_mode mode, struct sp_span in,
		uint8_t *px, size_t stride, struct sp_rect *changed);
/* False: too much since the last IDR picture; only the mark below would be saved. */
bool sp_avc_dec_saves(const struct sp_avc_dec *d);
/*
 * Appends what a fresh decoder of the same size needs to go on exactly as d: the streams since
 * the last IDR picture. When these are more than conf.history nothing but a mark is saved, and
 * what was loaded from that refuses streams with SP_ESTATE until an IDR picture comes.
 */
sp_nodiscard int sp_avc_dec_save(const struct sp_avc_dec *d, struct sp_wr *out);
/* Into a fresh one. The input is as hostile as any stream. */
sp_nodiscard int sp_avc_dec_load(struct sp_avc_dec *d, struct sp_span in);

/* ---- encoder: one per surface */

struct sp_avc_enc;

struct sp_avc_enc_conf {
	const struct sp_h264_impl *impl; /* outlives the encoder */
	enum sp_cpu cpu;
	enum sp_avc_mode mode;
	struct sp_h264_conf h264; /* w and h: of the surface, any size */
	uint8_t chroma_qp; /* of pictures of chroma, whatever they take; 0: they are as those of luma */
};

/* What of an AVC444 picture is sent; AVC420 has luma only. */
enum sp_avc_what {
	SP_AVC_LUMA, /* LC 1: while things move; the chroma is owed */
	SP_AVC_CHROMA, /* LC 2: what is owed, at rest; changed is not read */
	SP_AVC_BOTH, /* LC 0 */
};

/* SP_ENOTFOUND: no library; SP_EARG, SP_ENOMEM. */
sp_nodiscard int sp_avc_enc_create(const struct sp_avc_enc_conf *conf, struct sp_avc_enc **out);
/* Accepts NULL. */
void sp_avc_enc_destroy(struct sp_avc_enc *e);
/*
 * Appends the bitmapData of one RDPGFX_WIRE_TO_SURFACE_PDU_1. px is the whole surface, changed
 * what differs in it from the last call (only that is converted and shown by the client); the
 * first call, and one with idr, takes all of it. For SP_AVC_CHROMA px has to be what it was at
 * the last call. Returns the bytes; or an error, after which e is of no use.
 *
 * FreeRDP 2 shows AVC444, unlike v2, wrongly where a region does not begin at a whole block.
 */
sp_nodiscard int sp_avc_encode(struct sp_avc_enc *e, const uint8_t *px, size_t stride,
		const struct sp_rect *changed, size_t n, enum sp_avc_what what, bool idr,
		struct sp_wr *out);
/* What was sent as luma only and has its chroma still to come; empty: nothing. */
struct sp_rect sp_avc_enc_owed(const struct sp_avc_enc *e);
/* The bounding rectangle of what the last call sent, for destRect. */
struct sp_rect sp_avc_enc_sent(const struct sp_avc_enc *e);
/* As enc_rate of the library, but for changes of the bit rate that are not worth it. */
sp_nodiscard int sp_avc_enc_rate(struct sp_avc_enc *e, const struct sp_h264_conf *conf);
/* Another chroma_qp, only where there was one. */
sp_nodiscard int sp_avc_enc_chroma_qp(struct sp_avc_enc *e, uint8_t qp);

#endif
