/* desk/session/screen.h - the size of the screen, and how monitors divide it. */
#ifndef SP_DESK_SESSION_SCREEN_H
#define SP_DESK_SESSION_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"
#include "desk/session/xlink.h"

#define SP_SCREEN_MAX_MONITORS 16
#define SP_SCREEN_MAX_SPAN 32766 /* of all monitors together, one way */
#define SP_SCREEN_MAX_AREA (8192u * 8192u) /* pixels of the screen: memory of the X server */

struct sp_screen;

/* On the screen, so none is left of or above 0; the first one is the primary one. */
struct sp_screen_layout {
	size_t n; /* INVARIANT: 1..SP_SCREEN_MAX_MONITORS */
	struct sp_rect monitor[SP_SCREEN_MAX_MONITORS];
};

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
/*
 * The same with several monitors: outputs of Xorg, or names for parts of Xvfb's only one; programs
 * see them by RANDR and Xinerama. They are set as they are. SP_ELIMIT when the screen around them
 * is larger than the server can do.
 */
sp_nodiscard int sp_screen_layout(
		struct sp_screen *s, const struct sp_screen_layout *l, uint32_t dpi);
/* The largest single monitor. */
void sp_screen_max(const struct sp_screen *s, uint32_t *width, uint32_t *height);
void sp_screen_size(const struct sp_screen *s, uint32_t *width, uint32_t *height);
/* The monitors as they were set last; none when nobody set them. */
void sp_screen_monitors(const struct sp_screen *s, struct sp_screen_layout *out);

#endif
