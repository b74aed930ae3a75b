/* core/view/motion.h - finds what has moved on the screen: scrolled contents, dragged windows. */
#ifndef SP_CORE_VIEW_MOTION_H
#define SP_CORE_VIEW_MOTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"

/* The screen as it was and as it is, BGRX. */
struct sp_motion_pictures {
	const uint8_t *was, *now;
	size_t was_stride, now_stride;
	uint32_t w, h;
};

/* What is now in to was at to - (dx, dy) before, most of it. */
struct sp_motion_move {
	struct sp_rect to;
	int32_t dx, dy;
	size_t gain; /* pixels that it makes right, less those that it makes wrong */
};

struct sp_motion;

/* For pictures up to w x h. NULL without memory. */
sp_nodiscard struct sp_motion *sp_motion_create(uint32_t w, uint32_t h);
/* Accepts NULL. */
void sp_motion_destroy(struct sp_motion *m);

/*
 * Looks for the largest move within area, which has changed; both its ends are looked for there.
 * Up and down is looked for first, and any direction only when any is set, since it costs more.
 */
bool sp_motion_find(struct sp_motion *m, const struct sp_motion_pictures *p, struct sp_rect area,
		bool any, struct sp_motion_move *out);

#endif
