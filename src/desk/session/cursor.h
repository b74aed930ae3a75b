/* desk/session/cursor.h - the shape of the mouse pointer. */
#ifndef SP_DESK_SESSION_CURSOR_H
#define SP_DESK_SESSION_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "desk/session/xlink.h"

#define SP_CURSOR_MAX_SIZE 384 /* of a large pointer; greater ones are cut */

struct sp_cursor_image {
	uint16_t width, height, hot_x, hot_y; /* hot spot within the image */
	bool hidden; /* no pixel shows; width and height are 0 */
	uint64_t hash; /* of all the above and the pixels, for a cache */
	const uint32_t *argb; /* width * height, premultiplied, 0xAARRGGBB, top row first */
};

struct sp_cursor;

/* Borrows the link. */
sp_nodiscard int sp_cursor_create(struct sp_xlink *x, struct sp_cursor **out);
void sp_cursor_destroy(struct sp_cursor *c);

/*
 * Handles X events. Returns 1 when the shape has changed since the last call (the first call
 * always does), 0 when not, or an error. *out may be NULL'ed only on error; valid until the next
 * call that returns 1.
 */
sp_nodiscard int sp_cursor_poll(struct sp_cursor *c, const struct sp_cursor_image **out);
/* Straight alpha from premultiplied, n pixels; dst may be src. */
void sp_cursor_straight(uint32_t *dst, const uint32_t *src, uint32_t n);

#endif
