/* core/codec/clear_wire.h - the numbers of ClearCodec streams. */
#ifndef SP_CORE_CODEC_CLEAR_WIRE_H
#define SP_CORE_CODEC_CLEAR_WIRE_H

/* [MS-RDPEGFX] 2.2.4.1, flags */
#define CLEAR_GLYPH_INDEX 0x01
#define CLEAR_GLYPH_HIT 0x02
#define CLEAR_CACHE_RESET 0x04

/* 2.2.4.1.1.2.1.1, the upper bits of a V-bar's header */
#define CLEAR_VBAR_HIT 0x8000
#define CLEAR_SHORT_HIT 0x4000

/* 2.2.4.1.1.3.1, subCodecId */
#define CLEAR_SUBCODEC_RAW 0
#define CLEAR_SUBCODEC_NSC 1
#define CLEAR_SUBCODEC_RLEX 2
#define CLEAR_PALETTE_MAX 127

#define CLEAR_BAND_HEADER 11
#define CLEAR_SUBCODEC_HEADER 13

#endif
