/* core/codec/clear_enc.h - what the parts of the ClearCodec encoder share. */
#ifndef SP_CORE_CODEC_CLEAR_ENC_H
#define SP_CORE_CODEC_CLEAR_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/wr.h"
#include "core/codec/clear.h"
#include "core/codec/clear_wire.h"

#define CLEAR_COLOR 0x00ffffffu /* what counts of a pixel */
#define CLEAR_STRIP 64 /* columns that are looked at together */
#define CLEAR_UNIT_MAX (16 * CLEAR_STRIP) /* columns of a part that is encoded in one way */

/*
 * Pixels that the client keeps in numbered slots, which are filled in turn, and those of them that
 * we still have as well: ours go first, as a ring of pixels holds them. Looked up by content.
 */
struct clear_store {
	uint32_t slots, cursor; /* the slot that is filled next */
	struct clear_slot *slot;
	uint32_t *px;
	size_t ring; /* pixels that px holds */
	uint64_t head; /* pixels that were ever put there */
	uint32_t (*set)[4]; /* by hash: the upper half of one, and a slot */
	uint32_t sets; /* a power of two */
};

sp_nodiscard int clear_store_init(struct clear_store *s, uint32_t slots, size_t ring);
/* Accepts a zeroed one. */
void clear_store_finish(struct clear_store *s);
/* As after init. */
void clear_store_reset(struct clear_store *s);
uint32_t clear_hash(const uint32_t *px, size_t n);
/* The slot that holds these n pixels, -1 when none is known to. */
int32_t clear_store_find(const struct clear_store *s, uint32_t hash, const uint32_t *px, size_t n);
/* Puts n pixels into the slot at the cursor, and moves it; returns the slot. */
uint32_t clear_store_add(struct clear_store *s, uint32_t hash, const uint32_t *px, size_t n);

/* A column of a part of the picture. */
struct clear_column {
	uint32_t hash;
	uint8_t on, n; /* its inked part */
};

/* The caches for bands, and room to work in. */
struct clear_bands {
	struct clear_store full, part; /* V-bars and short ones */
	uint32_t *seen; /* hashes of columns that went by without being stored */
	struct clear_column *column; /* CLEAR_UNIT_MAX of them */
	uint32_t *px; /* of these columns, one after the other */
	uint32_t w, h, background; /* of the part that was looked at */
};

sp_nodiscard int clear_bands_init(struct clear_bands *b);
void clear_bands_finish(struct clear_bands *b);
void clear_bands_reset(struct clear_bands *b);
/*
 * Looks at a part of at most CLEAR_UNIT_MAX x SP_CLEAR_BAND_HEIGHT pixels. Returns what it would
 * cost as bands, where columns that were seen before count for less than they cost: to store what
 * recurs pays off.
 */
size_t clear_bands_price(struct clear_bands *b, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h, uint32_t background);
/* Appends the part that was looked at last; x and y are where it is in the picture. */
void clear_bands_put(struct clear_bands *b, uint32_t x, uint32_t y, struct sp_wr *out);

/* Room for the RLEX encoder. */
struct clear_rlex {
	struct clear_color {
		uint32_t color;
		uint16_t round; /* in which this was set */
		uint8_t index;
	} table[512];
	uint16_t round;
	uint8_t palette[3 * CLEAR_PALETTE_MAX];
	unsigned colors;
	struct clear_run {
		uint32_t n;
		uint8_t index;
	} * run; /* runs_max of them */
	size_t runs, runs_max;
};

sp_nodiscard int clear_rlex_init(struct clear_rlex *r);
void clear_rlex_finish(struct clear_rlex *r);
/*
 * Looks at w x h pixels, at most CLEAR_UNIT_MAX x CLEAR_STRIP. Returns what they would cost as a
 * subcodec, or limit where that is not less.
 */
size_t clear_rlex_price(struct clear_rlex *r, const uint8_t *px, size_t stride, uint32_t w,
		uint32_t h, size_t limit);
/* Appends what was looked at last, if its price was below the limit. */
void clear_rlex_put(const struct clear_rlex *r, uint32_t x, uint32_t y, uint32_t w, uint32_t h,
		struct sp_wr *out);
/* A run length of 1, 3 or 7 bytes. */
uint8_t *clear_run_length(uint8_t *o, size_t n);

#endif
