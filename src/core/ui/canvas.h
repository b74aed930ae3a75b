/* core/ui/canvas.h - shapes and text into a window of BGRX pixels; nothing lands outside of it. */
#ifndef SP_CORE_UI_CANVAS_H
#define SP_CORE_UI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rect.h"
#include "core/ui/atlas.h"

typedef uint32_t sp_ui_colour; /* 0xRRGGBB */

/*
 * Pixels of the caller's. x, y say which point of the desktop fb[0] is, so that one may draw
 * a part of a large desktop into a small buffer; all coordinates below are the desktop's.
 */
struct sp_ui_canvas {
	uint8_t *fb; /* B, G, R, 0xFF */
	size_t stride; /* bytes; INVARIANT: >= 4 * w */
	int32_t x, y;
	int32_t w, h;
	struct sp_rect clip; /* desktop; INVARIANT: inside the window. Set by sp_ui_canvas_init */
};

/* A canvas for the rectangle at of the desktop over fb, clipped to all of it. */
void sp_ui_canvas_init(struct sp_ui_canvas *c, uint8_t *fb, size_t stride, struct sp_rect at);
/* Narrows the clip and returns the one before, to be put back with c->clip = before. */
struct sp_rect sp_ui_canvas_clip(struct sp_ui_canvas *c, struct sp_rect r);

void sp_ui_fill(struct sp_ui_canvas *c, struct sp_rect r, sp_ui_colour col);
/* Corners of the given radius, anti-aliased. */
void sp_ui_round(struct sp_ui_canvas *c, struct sp_rect r, int32_t radius, sp_ui_colour col);
/* A rounded frame of the given thickness inside r. */
void sp_ui_frame(struct sp_ui_canvas *c, struct sp_rect r, int32_t radius, int32_t thick,
		sp_ui_colour col);
/* A disc; coordinates and radius in 1/16 pixel. */
void sp_ui_disc(struct sp_ui_canvas *c, int32_t x, int32_t y, int32_t radius, sp_ui_colour col);
/* n * n modules, one byte each (0 light), scale pixels wide, from (x, y) on; dark ones only. */
void sp_ui_modules(struct sp_ui_canvas *c, int32_t x, int32_t y, const uint8_t *modules, size_t n,
		int32_t scale, sp_ui_colour col);

enum sp_ui_icon {
	SP_UI_ICON_NONE,
	SP_UI_ICON_SHIELD,
	SP_UI_ICON_LOCK,
	SP_UI_ICON_CHECK,
	SP_UI_ICON_WARN,
	SP_UI_ICON_CROSS,
	SP_UI_ICON_CLOCK,
	SP_UI_ICON_SCREEN,
	SP_UI_ICON_SEARCH,
	SP_UI_ICON_COUNT
};
/* Strokes in a square of the given size at (x, y). */
void sp_ui_icon(struct sp_ui_canvas *c, enum sp_ui_icon icon, int32_t x, int32_t y, int32_t size,
		sp_ui_colour col);

/* A thumb at the right edge of r when not all is visible. */
void sp_ui_scrollbar(struct sp_ui_canvas *c, struct sp_rect r, unsigned scale, size_t top,
		size_t visible, size_t all);

/* Width in pixels of the first n bytes of UTF-8 (to the NUL when it comes before). */
int32_t sp_ui_text_width(const struct sp_ui_font *f, const char *s, size_t n);
/*
 * Draws the first n bytes with the pen at x and the top of the line at y; returns the pen
 * behind it. Control characters take no room.
 */
int32_t sp_ui_text(struct sp_ui_canvas *c, const struct sp_ui_font *f, int32_t x, int32_t y,
		const char *s, size_t n, sp_ui_colour col);

enum sp_ui_align {
	SP_UI_LEFT,
	SP_UI_CENTRE,
	SP_UI_RIGHT
};
/* One line inside r, in its vertical middle; what does not fit ends in an ellipsis. */
void sp_ui_label(struct sp_ui_canvas *c, const struct sp_ui_font *f, struct sp_rect r,
		enum sp_ui_align align, const char *s, sp_ui_colour col);

/*
 * Takes one line of at most width pixels off *s: returns its length in bytes and moves *s to
 * the next line's begin. Breaks at blanks and newlines, inside words that are wider than a
 * line. False at the end of the text.
 */
bool sp_ui_wrap(const struct sp_ui_font *f, int32_t width, const char **s, const char **line,
		size_t *n);
/* Number of lines the text takes, at most max. */
size_t sp_ui_wrap_lines(const struct sp_ui_font *f, int32_t width, const char *s, size_t max);

#endif
