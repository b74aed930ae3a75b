/* core/view/emit_surf.h - a frame buffer and its damage into surface commands and bitmap updates. */
#ifndef SP_CORE_VIEW_EMIT_SURF_H
#define SP_CORE_VIEW_EMIT_SURF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "core/base/wr.h"
#include "core/codec/nsc.h"
#include "core/codec/rfx.h"
#include "core/pdu/caps.h"

#define SP_EMIT_SURF_WORKERS 4 /* that may run at a time */

/*
 * For clients of 32 bits without a graphics pipeline that take RemoteFX or NSCodec. Pictures go by
 * these, with more loss where the budget is small; letters and lines, and what has been still for
 * half a second, go without loss as bitmap updates. Where the client knows frame markers they
 * stand around both. A frame is decided about by begin, encoded by run, several threads if need
 * be, and given out by next.
 */
struct sp_emit_surf;

struct sp_emit_surf_conf {
	uint32_t w, h; /* 1 to SP_PIXEL_SIDE_MAX */
	bool rfx; /* else NSCodec */
	uint8_t codec; /* its number with this client */
	enum sp_rlgr rlgr;
	bool image; /* RemoteFX in image mode */
	struct sp_nsc_conf nsc, nsc_poor; /* as a rule, and where bytes are to be saved */
	bool stream; /* Stream Surface Bits, else Set Surface Bits */
	bool markers, acks; /* the client knows frames, and acknowledges them */
	bool no_compr_hdr, alpha; /* as sp_emit_conf has them */
	size_t max_update; /* most bytes of one update body, at least SP_EMIT_SURF_MIN_UPDATE */
};

#define SP_EMIT_SURF_MIN_UPDATE 65000u

/*
 * What this client takes of it; false when it is neither RemoteFX nor NSCodec. The size is the
 * caller's to fill in.
 */
bool sp_emit_surf_can(const struct sp_caps *caps, struct sp_emit_surf_conf *out);

/* All of it is to be sent at first. NULL without memory, or for a conf out of range. */
sp_nodiscard struct sp_emit_surf *sp_emit_surf_create(const struct sp_emit_surf_conf *conf);
/* Accepts NULL. */
void sp_emit_surf_destroy(struct sp_emit_surf *e);

/* May have changed; clipped. */
void sp_emit_surf_damage(struct sp_emit_surf *e, struct sp_rect r);
/* The client has lost it: sent even if it did not change. */
void sp_emit_surf_lose(struct sp_emit_surf *e, struct sp_rect r);
/* True while something is damaged, or a frame is not through. */
bool sp_emit_surf_pending(const struct sp_emit_surf *e);
/* True while a frame is not through: next, not begin. */
bool sp_emit_surf_open(const struct sp_emit_surf *e);
/* When something that was sent with loss is to be sent better; 0: nothing is. */
uint64_t sp_emit_surf_deadline(const struct sp_emit_surf *e);

/*
 * Begins a frame of about budget bytes of what fb shows now, which may change then. Returns 1, 0
 * when there is nothing to send, or an error, after which e is of no use. Until all of its jobs
 * have run only damage and lose may be called besides.
 */
sp_nodiscard int sp_emit_surf_begin(struct sp_emit_surf *e, const uint8_t *fb, size_t stride,
		size_t budget, uint64_t now_us);
/* Parts of the frame, and the pixels in them. */
size_t sp_emit_surf_jobs(const struct sp_emit_surf *e);
size_t sp_emit_surf_pixels(const struct sp_emit_surf *e);
/* worker < SP_EMIT_SURF_WORKERS; no two at the same time with the same worker or job. */
void sp_emit_surf_run(struct sp_emit_surf *e, size_t job, size_t worker);
/*
 * Appends the body of the frame's next update, and its code (SP_FP_*). Returns its bytes; 0 when the
 * frame is through; or an error, after which e is of no use.
 */
sp_nodiscard int sp_emit_surf_next(struct sp_emit_surf *e, uint8_t *code, struct sp_wr *out);
/* The number of the frame that was begun last, as it is acknowledged. */
uint32_t sp_emit_surf_frame(const struct sp_emit_surf *e);

#endif
