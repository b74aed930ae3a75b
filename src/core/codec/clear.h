/* core/codec/clear.h - ClearCodec: lossless text and flat areas, with caches on both sides. */
#ifndef SP_CORE_CODEC_CLEAR_H
#define SP_CORE_CODEC_CLEAR_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/codec/pixel.h"

/*
 * [MS-RDPEGFX] 2.2.4.1, 3.3.8.1. One encoder and one decoder belong to a connection, not to a
 * surface: streams are numbered, and glyphs and columns of pixels are remembered on both sides, so
 * every stream has to be sent, once, in the order in which it was made.
 */
#define SP_CLEAR_GLYPHS 4000
#define SP_CLEAR_GLYPH_AREA 1024 /* most pixels of one glyph */
#define SP_CLEAR_VBARS 32768
#define SP_CLEAR_SHORT_VBARS 16384
#define SP_CLEAR_BAND_HEIGHT 52

struct sp_clear_dec;

/* NULL without memory. Caches get their memory when something is put into them. */
sp_nodiscard struct sp_clear_dec *sp_clear_dec_create(void);
/* Accepts NULL. */
void sp_clear_dec_destroy(struct sp_clear_dec *d);
/*
 * Decodes one CLEARCODEC_BITMAP_STREAM into w x h pixels at px (at most SP_PIXEL_SIDE_MAX each),
 * rows top-down; X of what is painted is 0xFF, or the alpha of an NSCodec part. Layers need not
 * cover all: what none of them paints stays. Nothing outside the rectangle is written. SP_ESHORT,
 * SP_ECODEC, SP_ESTATE for a number out of order, SP_ENOMEM, SP_EARG; after an error d is of no use
 * any more.
 */
sp_nodiscard int sp_clear_decode(struct sp_clear_dec *d, struct sp_span in, uint8_t *px,
		size_t stride, uint32_t w, uint32_t h);
/* The next stream may have any number, as the first may: after the graphics were reset. */
void sp_clear_dec_renumber(struct sp_clear_dec *d);
/* All that decoding goes on from; what out failed with. */
sp_nodiscard int sp_clear_dec_save(const struct sp_clear_dec *d, struct sp_wr *out);
/* Takes over what was saved, which need not be trusted; after an error d is as new. */
sp_nodiscard int sp_clear_dec_load(struct sp_clear_dec *d, struct sp_span in);

struct sp_clear_enc;

/* NULL without memory. */
sp_nodiscard struct sp_clear_enc *sp_clear_enc_create(void);
/* Accepts NULL. */
void sp_clear_enc_destroy(struct sp_clear_enc *e);
/*
 * Forgets what was cached; the next stream tells the client that its cursors start anew. Numbers
 * go on, so this does not make up for a stream that was not sent: only restart does, when the
 * client begins anew as well.
 */
void sp_clear_enc_reset(struct sp_clear_enc *e);
/* As after create: the next stream is number 0. */
void sp_clear_enc_restart(struct sp_clear_enc *e);
/*
 * Appends one CLEARCODEC_BITMAP_STREAM of w x h pixels at px (at most SP_PIXEL_SIDE_MAX each), X is
 * not read; lossless. Wide and tall areas are better than tiles: lines of text are found by the
 * blank rows between them. An area of at most SP_CLEAR_GLYPH_AREA pixels that was sent before costs
 * 4 bytes. Returns the bytes appended, at most SP_CLEAR_BOUND(w, h); SP_EARG, SP_ENOMEM, or what
 * out failed with, after which the encoder has reset itself and nothing was appended.
 */
sp_nodiscard int sp_clear_encode(struct sp_clear_enc *e, const uint8_t *px, size_t stride,
		uint32_t w, uint32_t h, struct sp_wr *out);
#define SP_CLEAR_BOUND(w, h) ((size_t)4 * (w) * (h) + (size_t)(w) * (h) / 16 + 256)

#endif
