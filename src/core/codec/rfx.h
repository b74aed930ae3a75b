/* core/codec/rfx.h - RemoteFX messages, as surface commands and the graphics pipeline carry them. */
#ifndef SP_CORE_CODEC_RFX_H
#define SP_CORE_CODEC_RFX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"
#include "core/codec/rfx_kernel.h"

#define SP_RFX_MAX_QUANTS 16 /* different ones of a message of ours */

/* [MS-RDPRFX] 2.2.2.1.5 TS_RFX_CODEC_QUANT, in the order of the wire; each 6 (best) to 15. */
struct sp_rfx_quant {
	uint8_t ll3, lh3, hl3, hh3, lh2, hl2, hh2, lh1, hl1, hh1;
};

/* What servers use by habit; about 43 dB on desktops at 2 bits per pixel. */
#define SP_RFX_QUANT_USUAL ((struct sp_rfx_quant){6, 6, 6, 6, 7, 7, 8, 8, 8, 9})
/* The finest there is. */
#define SP_RFX_QUANT_FINE ((struct sp_rfx_quant){6, 6, 6, 6, 6, 6, 6, 6, 6, 6})

struct sp_rfx_conf {
	enum sp_rlgr rlgr; /* as the client asked for (TS_RFX_ICAP.entropyBits) */
	bool image; /* image mode (TS_RFX_ICAP.flags 0x02): headers before every frame */
	uint16_t w, h; /* of the frame, 1 to SP_PIXEL_SIDE_MAX */
	uint8_t n_quants; /* 1 to SP_RFX_MAX_QUANTS */
	struct sp_rfx_quant quant[SP_RFX_MAX_QUANTS];
};

/*
 * What one thread needs to encode or decode a tile; about 120 KiB, the caller's. Nothing in it
 * lives longer than a call.
 */
struct sp_rfx_work {
	_Alignas(64) int16_t plane[3][SP_RFX_COEFS];
	int16_t coef[SP_RFX_COEFS];
	uint64_t mask[SP_RFX_MASK];
	uint8_t tile[4 * SP_RFX_TILE * SP_RFX_TILE];
	uint8_t bytes[SP_RLGR_ROOM];
};

/* One tile: its place in the grid of 64 x 64 and the quants for it, as indices into conf. */
struct sp_rfx_tile {
	uint16_t x, y;
	uint8_t quant_y, quant_cb, quant_cr;
};

/* [MS-RDPRFX] 2.2.2.3.4.1 TS_RFX_TILE without its data. */
#define SP_RFX_TILE_HEADER 19
/* No tile is longer. Pure noise takes about 10 KiB in the usual quants, a screen less than 1. */
#define SP_RFX_TILE_BOUND (SP_RFX_TILE_HEADER + 3 * SP_RLGR_MAX)

/*
 * Appends one TS_RFX_TILE of the w x h pixels (at most 64 each; less at the right and lower edge
 * of a frame) at px. Changes nothing but work and out, so tiles of one frame may be encoded by
 * several threads. Returns the bytes, SP_EARG, or what out failed with.
 */
sp_nodiscard int sp_rfx_tile_encode(const struct sp_rfx_kernel *k, struct sp_rfx_work *work,
		const struct sp_rfx_conf *conf, const struct sp_rfx_tile *tile, const uint8_t *px,
		size_t stride, unsigned w, unsigned h, struct sp_wr *out);

/* Most rectangles of one message of ours. */
#define SP_RFX_MAX_RECTS 1024
/* What a message has besides its rectangles (8 bytes each) and its tiles. */
#define SP_RFX_OVERHEAD (47 + 14 + 15 + 22 + 5 * SP_RFX_MAX_QUANTS + 8)

struct sp_rfx_enc;

/* NULL without memory or when conf is not as said there. */
sp_nodiscard struct sp_rfx_enc *sp_rfx_enc_create(const struct sp_rfx_conf *conf);
/* Accepts NULL. */
void sp_rfx_enc_destroy(struct sp_rfx_enc *e);
const struct sp_rfx_conf *sp_rfx_enc_conf(const struct sp_rfx_enc *e);
/* The next message begins with headers, as for a client that knows nothing. */
void sp_rfx_enc_restart(struct sp_rfx_enc *e);
/*
 * Appends one message: headers where due, one frame, the rectangles (1 to SP_RFX_MAX_RECTS, in
 * the frame) that are to change, and the tiles made by sp_rfx_tile_encode() with this conf, as
 * n_spans runs of bytes with n_tiles tiles in all. Returns the bytes, SP_EARG, or what out
 * failed with.
 */
sp_nodiscard int sp_rfx_message(struct sp_rfx_enc *e, const struct sp_rect *rects, size_t n_rects,
		const struct sp_span *spans, size_t n_spans, size_t n_tiles, struct sp_wr *out);
/*
 * The same from a picture of the whole frame, with every tile that a rectangle touches, in quant
 * 0, on this thread. Rectangles are clipped to the frame; nothing is appended (0) when none is
 * left.
 */
sp_nodiscard int sp_rfx_encode(struct sp_rfx_enc *e, const uint8_t *px, size_t stride,
		const struct sp_rect *rects, size_t n_rects, struct sp_wr *out);

struct sp_rfx_dec;

/* NULL without memory. */
sp_nodiscard struct sp_rfx_dec *sp_rfx_dec_create(void);
/* Accepts NULL. */
void sp_rfx_dec_destroy(struct sp_rfx_dec *d);
/* Forgets the headers. */
void sp_rfx_dec_reset(struct sp_rfx_dec *d);
/*
 * Decodes one message (whole frames, headers before the first ever) into the picture of w x h
 * pixels whose (0, 0) is that of the frame. Nothing outside the picture, the frame and the
 * rectangles of the message is written. The rectangles that changed go to rects; when there are
 * more than cap (at least 1), one around all of them. Returns their number, SP_ESHORT, SP_EFIELD,
 * SP_ELIMIT or SP_ESTATE; after an error part of the message may have been painted.
 */
sp_nodiscard int sp_rfx_decode(struct sp_rfx_dec *d, struct sp_span message, uint8_t *px,
		size_t stride, uint32_t w, uint32_t h, struct sp_rect *rects, size_t cap);

/* What a decoder knows between messages. Load takes any bytes; SP_EFIELD leaves d reset. */
#define SP_RFX_SAVE_SIZE 6
sp_nodiscard int sp_rfx_save(const struct sp_rfx_dec *d, struct sp_wr *out);
sp_nodiscard int sp_rfx_load(struct sp_rfx_dec *d, struct sp_span in);

#endif
