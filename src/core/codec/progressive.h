/* core/codec/progressive.h - RemoteFX progressive: tiles that come quick and become better. */
#ifndef SP_CORE_CODEC_PROGRESSIVE_H
#define SP_CORE_CODEC_PROGRESSIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"
#include "core/codec/rfx_kernel.h"

/*
 * [MS-RDPEGFX] 2.2.4.2 RFX_PROGRESSIVE_BITMAP_STREAM, codec id CAPROGRESSIVE, as it stands in
 * RDPGFX_WIRE_TO_SURFACE_PDU_2. Both ends keep the coefficients of each tile of a surface: a
 * tile comes whole or as a coarse first pass, upgrades add bits to it, and a difference tile is
 * added to what was there. All of it belongs to the surface and ends with it.
 */
#define SP_PROG_TILE 64

/* ---- decoder: one per surface ---- */

struct sp_prog_dec;

#define SP_PROG_STATE_MAX ((size_t)27 << 10)

/*
 * For a surface of w x h pixels (at most SP_PIXEL_SIDE_MAX); NULL without memory. The state of a
 * tile is allocated when it is first sent, and a tile that would bring them above max bytes
 * together is SP_ELIMIT. A tile has 8 KiB for each of Y, Cb and Cr that is not one value
 * throughout, and 3 KiB while it waits for upgrades: SP_PROG_STATE_MAX at most.
 */
sp_nodiscard struct sp_prog_dec *sp_prog_dec_create(uint32_t w, uint32_t h, size_t max);
void sp_prog_dec_destroy(struct sp_prog_dec *d);
/* Forgets every tile, as if the surface were new. */
void sp_prog_dec_reset(struct sp_prog_dec *d);
/* Bytes that the tiles hold now. */
size_t sp_prog_dec_memory(const struct sp_prog_dec *d);
/* Another max. What tiles hold already stays, even when it is more. */
void sp_prog_dec_limit(struct sp_prog_dec *d, size_t max);
/* What a decoder of so many tiles takes besides, at most. */
#define SP_PROG_DEC_BYTES(tiles) (((size_t)64 << 10) + (size_t)(tiles)*160)

/*
 * Paints one stream into the surface's pixels. frame is any number that changes with each
 * RDPGFX_START_FRAME_PDU: the regions of one frame share their tiles. Where pixels changed is
 * told in changed, at most cap (>= 1) rectangles within the surface, which together cover it and
 * may overlap. Returns how many, or SP_ESHORT, SP_EFIELD, SP_ESTATE, SP_ELIMIT, SP_ECODEC or
 * SP_ENOMEM; then parts of the stream may have been painted and the surface has no use any more.
 *
 * An RDPGFX_DELETE_ENCODING_CONTEXT_PDU asks for nothing here: what it allows to free was freed
 * when the tile was whole.
 */
sp_nodiscard int sp_prog_decode(struct sp_prog_dec *d, struct sp_span in, uint32_t frame,
		uint8_t *px, size_t stride, struct sp_rect *changed, size_t cap);

/* The state of all tiles, so that a decoder of the same size goes on where this one stood. */
sp_nodiscard int sp_prog_dec_save(const struct sp_prog_dec *d, struct sp_wr *out);
/* Takes nothing for granted. After a failure the decoder is as after a reset. */
sp_nodiscard int sp_prog_dec_load(struct sp_prog_dec *d, struct sp_span in);

/* ---- encoder: one per surface ---- */

/* How much is lost in the end; the passes of a tile lead there step by step. */
enum sp_prog_quality {
	SP_PROG_FINE, /* hardly to be told from the original */
	SP_PROG_GOOD, /* what RemoteFX encoders send by default */
	SP_PROG_FAIR, /* for what moves, or for a thin line */
	SP_PROG_QUALITIES
};

enum sp_prog_how {
	SP_PROG_WHOLE, /* in one pass */
	SP_PROG_COARSE, /* about 40% of the bytes now, the rest by upgrades */
};
#define SP_PROG_UPGRADES 2 /* passes that a coarse tile needs to become whole */

struct sp_prog_enc;
struct sp_rfx_work;

/*
 * For a surface of w x h pixels, new on both ends. With diff tiles are sent as differences to
 * what the client has where that is shorter, and up to 24 KiB per tile are kept; without it they
 * are kept only for tiles which are not whole yet. NULL without memory.
 */
sp_nodiscard struct sp_prog_enc *sp_prog_enc_create(uint32_t w, uint32_t h, bool diff);
void sp_prog_enc_destroy(struct sp_prog_enc *e);
/* The client's surface was made anew, or a stream that was encoded is not going to be sent. */
void sp_prog_enc_reset(struct sp_prog_enc *e);
size_t sp_prog_enc_memory(const struct sp_prog_enc *e);

/*
 * Appends a block for the tile in column tx and row ty of the grid, out of the whole surface's
 * pixels. Threads may do this for different tiles at the same time, each with its own work (of
 * core/codec/rfx.h) and out. Returns the bytes appended or an error; then the tile counts as never sent, and is not
 * to be sent. A coarse tile may turn out whole: ask sp_prog_enc_left().
 */
sp_nodiscard int sp_prog_enc_tile(struct sp_prog_enc *e, struct sp_rfx_work *work,
		const uint8_t *px, size_t stride, uint32_t tx, uint32_t ty, enum sp_prog_quality q,
		enum sp_prog_how how, struct sp_wr *out);
/* The next pass of a tile, of the pixels it was last encoded from; 0 when it is whole. */
sp_nodiscard int sp_prog_enc_upgrade(struct sp_prog_enc *e, struct sp_rfx_work *work, uint32_t tx,
		uint32_t ty, struct sp_wr *out);
/* Upgrades that the tile still lacks. */
unsigned sp_prog_enc_left(const struct sp_prog_enc *e, uint32_t tx, uint32_t ty);
/* Something else was painted over the tile: no more upgrades for it. */
void sp_prog_enc_settle(struct sp_prog_enc *e, uint32_t tx, uint32_t ty);
/* Most bytes that a call for one tile appends. */
#define SP_PROG_TILE_BOUND (32 + 3 * 65535)

/* What one thread appended for any number of tiles. */
struct sp_prog_part {
	struct sp_span bytes;
	uint32_t tiles;
};

/*
 * Appends the stream for a frame: the rectangles to be painted, which the tiles cover, and the
 * tiles. SP_EARG for more than 65535 of either.
 */
sp_nodiscard int sp_prog_enc_stream(const struct sp_prog_enc *e, const struct sp_rect *rects,
		size_t nrects, const struct sp_prog_part *parts, size_t nparts, struct sp_wr *out);
/* Bytes of a stream besides its tiles. */
#define SP_PROG_STREAM_BYTES(nrects) (160 + 8 * (size_t)(nrects))

#endif
