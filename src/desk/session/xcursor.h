/* desk/session/xcursor.h - the shape of the mouse pointer. */
#ifndef SP_DESK_SESSION_XCURSOR_H
#define SP_DESK_SESSION_XCURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "desk/session/xlink.h"

#define SP_XCURSOR_MAX_SIZE 384 /* of a large pointer; greater ones are cut */

struct sp_xcursor_image {
	uint16_t width, height, hot_x, hot_y; /* hot spot within the image */
	bool hidden; /* no pixel shows; width and height are 0 */
	uint64_t hash; /* of all the above and the pixels, for a cache */
	const uint32_t *argb; /* width * height, premultiplied, 0xAARRGGBB, top row first */
};

struct sp_xcursor;

/* Borrows the link. */
sp_nodiscard int sp_xcursor_create(struct sp_xlink *x, struct sp_xcursor **out);
void sp_xcursor_destroy(struct sp_xcursor *c);

/*
 * Handles X events. Returns 1 when the shape has changed since the last call (the first call
 * always does), 0 when not, or an error. *out is the shape now; valid until the next call that
 * returns 1.
 */
sp_nodiscard int sp_xcursor_poll(struct sp_xcursor *c, const struct sp_xcursor_image **out);

#endif
