/* core/view/emit.h - a frame buffer and its damage into bitmap updates. */
#ifndef SP_CORE_VIEW_EMIT_H
#define SP_CORE_VIEW_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/wr.h"

struct sp_emit;

struct sp_emit_conf {
	uint32_t w, h; /* of the desktop, 1 to SP_EMIT_MAX_SIDE, together up to SP_EMIT_MAX_AREA */
	unsigned depth; /* 8, 15, 16, 24 or 32 as negotiated */
	size_t max_update; /* most bytes of one update body, from SP_EMIT_MIN_UPDATE to _MAX_ */
	bool one_rect; /* one rectangle per update, as the greeter needs it */
	bool no_compr_hdr; /* the peer set NO_BITMAP_COMPRESSION_HDR */
	bool alpha; /* the peer lacks DRAW_ALLOW_SKIP_ALPHA; at 32 bits only */
	bool shadow; /* remember what was sent (w * h * 4 bytes), to send changes only */
};

#define SP_EMIT_MAX_SIDE 32766 /* what monitors side by side may reach */
#define SP_EMIT_MAX_AREA (8192u * 8192u)
#define SP_EMIT_MIN_UPDATE 1024
/* What fits a fast-path update that is not fragmented, whatever is put in front of it. */
#define SP_EMIT_MAX_UPDATE (16 * 1024 - 64)

/* Nothing is damaged at first. NULL without memory or when the conf is out of range. */
sp_nodiscard struct sp_emit *sp_emit_create(const struct sp_emit_conf *conf);
/* Accepts NULL. */
void sp_emit_destroy(struct sp_emit *e);

/* The rectangle may have changed; it is clipped. Damage is merged, so its memory is bounded. */
void sp_emit_damage(struct sp_emit *e, struct sp_rect r);
/* As sp_emit_damage, for a client that lost its picture: sent even if it did not change. */
void sp_emit_refresh(struct sp_emit *e, struct sp_rect r);
/* True while sp_emit_next may have something to send. */
bool sp_emit_pending(const struct sp_emit *e);
/*
 * Appends one TS_UPDATE_BITMAP_DATA (the body of one update, updateType included) of at most
 * max_update bytes with the next damaged tiles as fb shows them now, and forgets their damage.
 * Returns the bytes appended; 0 when nothing is left; or what out failed with, and then the
 * damage of this update is kept. out needs room for max_update while this runs.
 */
sp_nodiscard int sp_emit_next(
		struct sp_emit *e, const uint8_t *fb, size_t stride, struct sp_wr *out);

/*
 * Appends the TS_UPDATE_PALETTE_DATA (updateType included) that a client at 8 bits needs before
 * the first bitmap.
 */
void sp_emit_palette(struct sp_wr *out);

#endif
