/* desk/session/capture.h - what the screen shows, read by damaged rectangles. */
#ifndef SP_DESK_SESSION_CAPTURE_H
#define SP_DESK_SESSION_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "desk/session/xlink.h"

#define SP_CAPTURE_MAX_RECTS 64

struct sp_capture_damage {
	bool resized; /* the frame buffer was replaced; rects hold all of it */
	size_t n; /* INVARIANT: n <= SP_CAPTURE_MAX_RECTS */
	struct sp_rect rects[SP_CAPTURE_MAX_RECTS]; /* within the frame, not overlapping */
};

/* 32 bits a pixel, B G R X in memory, X undefined. */
struct sp_capture_frame {
	const uint8_t *pixels;
	uint32_t width, height;
	size_t stride; /* bytes from row to row */
};

struct sp_capture;

/* Borrows the link. The whole screen counts as damaged at first. SP_EPROTO: no 32-bit pixels. */
sp_nodiscard int sp_capture_create(struct sp_xlink *x, struct sp_capture **out);
void sp_capture_destroy(struct sp_capture *c);

/*
 * Handles X events and gives what was drawn since the last call; n is 0 when nothing was. After
 * this sp_capture_fetch() reads at least as new a picture. SP_ECLOSED: the server is gone.
 */
sp_nodiscard int sp_capture_poll(struct sp_capture *c, struct sp_capture_damage *out);
/*
 * Reads the rectangles into the frame buffer; parts outside of it are left out. Pixels beside
 * them may become newer too; their damage is reported by a later poll.
 */
sp_nodiscard int sp_capture_fetch(struct sp_capture *c, const struct sp_rect *rects, size_t n);
/* Valid until a poll that says resized. */
const struct sp_capture_frame *sp_capture_frame(const struct sp_capture *c);

#endif
