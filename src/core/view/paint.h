/* core/view/paint.h - bitmap updates and surface commands into a frame buffer. */
#ifndef SP_CORE_VIEW_PAINT_H
#define SP_CORE_VIEW_PAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/span.h"
#include "core/codec/pixel.h"

/* What surface commands may carry besides raw pixels: what was offered. */
enum sp_paint_codec {
	SP_PAINT_RAW,
	SP_PAINT_RFX,
	SP_PAINT_NSC,
};
#define SP_PAINT_CODECS 3
/* codecID, as the client's Bitmap Codecs Capability Set says. */
#define SP_PAINT_ID_NSC 1
#define SP_PAINT_ID_RFX 3

struct sp_rfx_dec;

/* The frame buffer is the caller's: BGRX, w x h, stride in bytes. */
struct sp_paint {
	uint8_t *fb;
	size_t stride;
	uint32_t w, h;
	struct sp_palette palette; /* for 8 bits per pixel; 332 until the server sends one */
	uint8_t *scratch; /* owned: a picture that does not lie in the frame as it is */
	size_t scratch_n;
	bool allowed[SP_PAINT_CODECS]; /* the caller's; raw pixels always are */
	/* codecID of each, 0: none; SP_PAINT_ID_... unless the caller knows of others. */
	uint8_t id[SP_PAINT_CODECS];
	uint8_t image_id; /* of RemoteFX in its image form, 0: none */
	struct sp_rfx_dec *rfx; /* owned; NULL before the first use */
	uint64_t pixels[SP_PAINT_CODECS]; /* that surface commands brought */
};

/* w and h are at most 32767. */
void sp_paint_init(struct sp_paint *p, uint8_t *fb, size_t stride, uint32_t w, uint32_t h);
/* Accepts a zeroed painter. */
void sp_paint_finish(struct sp_paint *p);
/* Another frame buffer, after a resize; the palette is kept. */
void sp_paint_target(struct sp_paint *p, uint8_t *fb, size_t stride, uint32_t w, uint32_t h);

/*
 * [MS-RDPBCGR] 2.2.9.1.1.3.1.2.1 Bitmap Update Data (TS_UPDATE_BITMAP_DATA), updateType
 * included. All depths, compressed or not; what lies outside of the frame is clipped. changed
 * is the smallest rectangle around what was painted, also when an error ends the work early.
 */
sp_nodiscard int sp_paint_bitmap(struct sp_paint *p, struct sp_span body, struct sp_rect *changed);
/* [MS-RDPBCGR] 2.2.9.1.1.3.1.1.1 Palette Update Data (TS_UPDATE_PALETTE_DATA). */
sp_nodiscard int sp_paint_palette(struct sp_paint *p, struct sp_span body);

struct sp_paint_frame {
	bool marker; /* the update held a frame marker that ends a frame */
	uint32_t id; /* of that frame, for the acknowledgement */
};
/*
 * [MS-RDPBCGR] 2.2.9.2.1 Surface commands: set and stream surface bits without a codec (id 0) or
 * with one that is allowed, and frame markers. SP_EPROTO for any other codec. frame may be NULL.
 */
sp_nodiscard int sp_paint_surface(struct sp_paint *p, struct sp_span body, struct sp_rect *changed,
		struct sp_paint_frame *frame);

#endif
