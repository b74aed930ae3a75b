/* desk/session/screen.h - the size of the screen. */
#ifndef SP_DESK_SESSION_SCREEN_H
#define SP_DESK_SESSION_SCREEN_H

#include <stdint.h>

#include "core/base/attr.h"
#include "desk/session/xlink.h"

struct sp_screen;

/* Borrows the link. */
sp_nodiscard int sp_screen_create(struct sp_xlink *x, struct sp_screen **out);
void sp_screen_destroy(struct sp_screen *s);

/*
 * Makes the screen width x height (brought into 200..8192 and what the server can do, width made
 * even). dpi 0 keeps what is set; else it becomes the physical size and Xft.dpi. SP_EPROTO when
 * the server refuses; the old size stays. sp_capture_poll() then says resized.
 */
sp_nodiscard int sp_screen_resize(
		struct sp_screen *s, uint32_t width, uint32_t height, uint32_t dpi);
void sp_screen_size(const struct sp_screen *s, uint32_t *width, uint32_t *height);

#endif
