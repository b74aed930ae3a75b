/* core/base/rect.h - rectangles of pixels; right and bottom are exclusive. */
#ifndef SP_CORE_BASE_RECT_H
#define SP_CORE_BASE_RECT_H

#include <stdbool.h>
#include <stdint.h>

struct sp_rect {
	int32_t x, y, w, h; /* empty unless w > 0 and h > 0 */
};

static inline bool sp_rect_empty(struct sp_rect r)
{
	return !(r.w > 0 && r.h > 0);
}

static inline struct sp_rect sp_rect_and(struct sp_rect a, struct sp_rect b)
{
	int32_t x0 = a.x > b.x ? a.x : b.x;
	int32_t y0 = a.y > b.y ? a.y : b.y;
	int32_t x1 = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
	int32_t y1 = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;

	if (!(x0 < x1 && y0 < y1)) {
		return (struct sp_rect){0, 0, 0, 0};
	}
	return (struct sp_rect){x0, y0, x1 - x0, y1 - y0};
}

/* The smallest rectangle that holds both; an empty one adds nothing. */
static inline struct sp_rect sp_rect_or(struct sp_rect a, struct sp_rect b)
{
	if (sp_rect_empty(a)) {
		return b;
	}
	if (sp_rect_empty(b)) {
		return a;
	}
	int32_t x0 = a.x < b.x ? a.x : b.x;
	int32_t y0 = a.y < b.y ? a.y : b.y;
	int32_t x1 = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w;
	int32_t y1 = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;
	return (struct sp_rect){x0, y0, x1 - x0, y1 - y0};
}

static inline bool sp_rect_contains(struct sp_rect outer, struct sp_rect r)
{
	return r.x >= outer.x && r.y >= outer.y && r.x + r.w <= outer.x + outer.w &&
			r.y + r.h <= outer.y + outer.h;
}

#endif
