/* core/ui/canvas.c - shapes into a window of BGRX pixels, anti-aliased where they are not straight. */
#include "core/ui/canvas.h"

#include "core/ui/theme.h"

/* Coverage of a pixel whose middle lies over by d (1/256 pixel) outside of an edge. */
static uint32_t edge(int64_t d)
{
	return d <= -128 ? 255 : d >= 128 ? 0 : (uint32_t)(128 - d) * 255 / 256;
}

static uint64_t root(uint64_t v)
{
	uint64_t r = 0;

	for (uint64_t bit = (uint64_t)1 << 40; bit != 0; bit >>= 2) {
		if (v >= r + bit) {
			v -= r + bit;
			r = (r >> 1) + bit;
		} else {
			r >>= 1;
		}
	}
	return r;
}

/* Length of (dx, dy), given in 1/16 pixel, in 1/256 pixel. */
static int64_t length(int64_t dx, int64_t dy)
{
	return (int64_t)root((uint64_t)(dx * dx + dy * dy) << 8);
}

static int32_t min32(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

void sp_ui_canvas_init(struct sp_ui_canvas *c, uint8_t *fb, size_t stride, struct sp_rect at)
{
	*c = (struct sp_ui_canvas){fb, stride, at.x, at.y, at.w, at.h, at};
}

struct sp_rect sp_ui_canvas_clip(struct sp_ui_canvas *c, struct sp_rect r)
{
	struct sp_rect before = c->clip;

	c->clip = sp_rect_and(c->clip, r);
	return before;
}

static uint8_t *pixel(const struct sp_ui_canvas *c, int32_t x, int32_t y)
{
	return c->fb + (size_t)(y - c->y) * c->stride + (size_t)(x - c->x) * 4;
}

/* a: 0..255 */
static void blend(uint8_t *p, sp_ui_colour col, uint32_t a)
{
	uint32_t b = col & 0xFF, g = col >> 8 & 0xFF, r = col >> 16 & 0xFF, rest = 255 - a;

	p[0] = (uint8_t)((b * a + p[0] * rest + 127) / 255);
	p[1] = (uint8_t)((g * a + p[1] * rest + 127) / 255);
	p[2] = (uint8_t)((r * a + p[2] * rest + 127) / 255);
	p[3] = 0xFF;
}

static void plot(struct sp_ui_canvas *c, int32_t x, int32_t y, sp_ui_colour col, uint32_t a)
{
	if (a > 0 && c->clip.x <= x && x < c->clip.x + c->clip.w && c->clip.y <= y &&
			y < c->clip.y + c->clip.h) {
		blend(pixel(c, x, y), col, a);
	}
}

void sp_ui_fill(struct sp_ui_canvas *c, struct sp_rect r, sp_ui_colour col)
{
	r = sp_rect_and(r, c->clip);
	for (int32_t y = r.y; y < r.y + r.h; y++) {
		uint8_t *p = pixel(c, r.x, y);

		for (int32_t x = 0; x < r.w; x++, p += 4) {
			p[0] = (uint8_t)col;
			p[1] = (uint8_t)(col >> 8);
			p[2] = (uint8_t)(col >> 16);
			p[3] = 0xFF;
		}
	}
}

/* Coverage, by a quarter disc of radius px, of the pixel (x, y) counted from the corner. */
static uint32_t corner(int32_t x, int32_t y, int32_t radius)
{
	int64_t dx = 16 * ((int64_t)radius - x) - 8, dy = 16 * ((int64_t)radius - y) - 8;

	return dx <= 0 || dy <= 0 ? 255 : edge(length(dx, dy) - 256 * (int64_t)radius);
}

/* The four corners of r; inner > 0 leaves out what lies deeper than radius - inner. */
static void corners(struct sp_ui_canvas *c, struct sp_rect r, int32_t radius, int32_t thick,
		sp_ui_colour col)
{
	for (int32_t y = 0; y < radius; y++) {
		for (int32_t x = 0; x < radius; x++) {
			uint32_t a = corner(x, y, radius);

			if (thick > 0 && x >= thick && y >= thick) {
				a -= min32((int32_t)a,
						(int32_t)corner(x - thick, y - thick,
								radius - thick));
			}
			plot(c, r.x + x, r.y + y, col, a);
			plot(c, r.x + r.w - 1 - x, r.y + y, col, a);
			plot(c, r.x + x, r.y + r.h - 1 - y, col, a);
			plot(c, r.x + r.w - 1 - x, r.y + r.h - 1 - y, col, a);
		}
	}
}

void sp_ui_round(struct sp_ui_canvas *c, struct sp_rect r, int32_t radius, sp_ui_colour col)
{
	if (sp_rect_empty(sp_rect_and(r, c->clip))) {
		return;
	}
	radius = min32(radius, min32(r.w, r.h) / 2);
	sp_ui_fill(c, (struct sp_rect){r.x + radius, r.y, r.w - 2 * radius, radius}, col);
	sp_ui_fill(c, (struct sp_rect){r.x, r.y + radius, r.w, r.h - 2 * radius}, col);
	sp_ui_fill(c, (struct sp_rect){r.x + radius, r.y + r.h - radius, r.w - 2 * radius, radius},
			col);
	corners(c, r, radius, 0, col);
}

void sp_ui_frame(struct sp_ui_canvas *c, struct sp_rect r, int32_t radius, int32_t thick,
		sp_ui_colour col)
{
	if (sp_rect_empty(sp_rect_and(r, c->clip))) {
		return;
	}
	radius = min32(radius, min32(r.w, r.h) / 2);
	thick = min32(thick, min32(r.w, r.h) / 2);
	if (radius < thick) {
		radius = thick;
	}
	sp_ui_fill(c, (struct sp_rect){r.x + radius, r.y, r.w - 2 * radius, thick}, col);
	sp_ui_fill(c, (struct sp_rect){r.x + radius, r.y + r.h - thick, r.w - 2 * radius, thick},
			col);
	sp_ui_fill(c, (struct sp_rect){r.x, r.y + radius, thick, r.h - 2 * radius}, col);
	sp_ui_fill(c, (struct sp_rect){r.x + r.w - thick, r.y + radius, thick, r.h - 2 * radius},
			col);
	corners(c, r, radius, thick, col);
}

void sp_ui_disc(struct sp_ui_canvas *c, int32_t x, int32_t y, int32_t radius, sp_ui_colour col)
{
	int32_t x0 = (x - radius) / 16 - 1, x1 = (x + radius) / 16 + 1;
	int32_t y0 = (y - radius) / 16 - 1, y1 = (y + radius) / 16 + 1;
	struct sp_rect r = sp_rect_and((struct sp_rect){x0, y0, x1 - x0 + 1, y1 - y0 + 1}, c->clip);

	for (int32_t py = r.y; py < r.y + r.h; py++) {
		for (int32_t px = r.x; px < r.x + r.w; px++) {
			plot(c, px, py, col,
					edge(length(16 * px + 8 - x, 16 * py + 8 - y) -
							16 * (int64_t)radius));
		}
	}
}

void sp_ui_modules(struct sp_ui_canvas *c, int32_t x, int32_t y, const uint8_t *modules, size_t n,
		int32_t scale, sp_ui_colour col)
{
	for (size_t row = 0; row < n; row++) {
		for (size_t i = 0; i < n; i++) {
			if (modules[row * n + i]) {
				sp_ui_fill(c,
						(struct sp_rect){x + (int32_t)i * scale,
								y + (int32_t)row * scale, scale,
								scale},
						col);
			}
		}
	}
}

/* Distance of (x, y) to the segment between a and b, all in 1/16 pixel, in 1/256 pixel. */
static int64_t to_segment(int32_t x, int32_t y, const int32_t a[2], const int32_t b[2])
{
	int64_t vx = b[0] - a[0], vy = b[1] - a[1], wx = x - a[0], wy = y - a[1];
	int64_t len = vx * vx + vy * vy, dot = vx * wx + vy * wy;
	int64_t t = len == 0 || dot <= 0 ? 0 : dot >= len ? 256 : dot * 256 / len;

	return length(wx - vx * t / 256, wy - vy * t / 256);
}

/*
 * Strokes on a grid of 24 * 24: coordinates in half units, UP lifts the pen. The icons share
 * one manner: lines two units wide with round ends.
 */
#define UP \
	{ \
		-1, -1 \
	}
#define MAX_STROKE 24
static const int8_t strokes[SP_UI_ICON_COUNT][MAX_STROKE][2] = {
		[SP_UI_ICON_SHIELD] = {{24, 4}, {40, 10}, {40, 22}, {38, 31}, {33, 38}, {24, 44},
				{15, 38}, {10, 31}, {8, 22}, {8, 10}, {24, 4}, UP, UP},
		[SP_UI_ICON_LOCK] = {{10, 22}, {38, 22}, {38, 42}, {10, 42}, {10, 22}, UP, {15, 22},
				{15, 14}, {17, 9}, {21, 6}, {27, 6}, {31, 9}, {33, 14}, {33, 22},
				UP, UP},
		[SP_UI_ICON_CHECK] = {{8, 25}, {19, 36}, {40, 13}, UP, UP},
		[SP_UI_ICON_WARN] = {{24, 6}, {44, 41}, {4, 41}, {24, 6}, UP, {24, 19}, {24, 27},
				UP, {24, 34}, {24, 34}, UP, UP},
		[SP_UI_ICON_CROSS] = {{24, 4}, {32, 6}, {38, 10}, {42, 16}, {44, 24}, {42, 32},
				{38, 38}, {32, 42}, {24, 44}, {16, 42}, {10, 38}, {6, 32}, {4, 24},
				{6, 16}, {10, 10}, {16, 6}, {24, 4}, UP, {12, 12}, {36, 36}, UP,
				UP},
		[SP_UI_ICON_CLOCK] = {{24, 4}, {32, 6}, {38, 10}, {42, 16}, {44, 24}, {42, 32},
				{38, 38}, {32, 42}, {24, 44}, {16, 42}, {10, 38}, {6, 32}, {4, 24},
				{6, 16}, {10, 10}, {16, 6}, {24, 4}, UP, {24, 13}, {24, 25},
				{32, 29}, UP, UP},
		[SP_UI_ICON_SCREEN] = {{4, 8}, {44, 8}, {44, 34}, {4, 34}, {4, 8}, UP, {24, 34},
				{24, 42}, UP, {15, 42}, {33, 42}, UP, UP},
		[SP_UI_ICON_SEARCH] = {{21, 7}, {28, 9}, {33, 14}, {35, 21}, {33, 28}, {28, 33},
				{21, 35}, {14, 33}, {9, 28}, {7, 21}, {9, 14}, {14, 9}, {21, 7}, UP,
				{31, 31}, {41, 41}, UP, UP},
};

/* Distance of a point of the icon's square to the nearest stroke. */
static int64_t to_strokes(const int8_t (*s)[2], int32_t size, int32_t x, int32_t y)
{
	int64_t best = INT32_MAX;

	for (size_t i = 0; i + 1 < MAX_STROKE && !(s[i][0] < 0 && s[i + 1][0] < 0); i++) {
		if (s[i][0] < 0 || s[i + 1][0] < 0) {
			continue;
		}
		int32_t a[2] = {s[i][0] * size / 3, s[i][1] * size / 3};
		int32_t b[2] = {s[i + 1][0] * size / 3, s[i + 1][1] * size / 3};
		int64_t d = to_segment(x, y, a, b);

		best = d < best ? d : best;
	}
	return best;
}

void sp_ui_icon(struct sp_ui_canvas *c, enum sp_ui_icon icon, int32_t x, int32_t y, int32_t size,
		sp_ui_colour col)
{
	if ((unsigned)icon >= SP_UI_ICON_COUNT || icon == SP_UI_ICON_NONE) {
		return;
	}
	struct sp_rect r = sp_rect_and((struct sp_rect){x, y, size, size}, c->clip);
	int64_t half = size * 256 / 24; /* half the width of a stroke */

	for (int32_t py = r.y; py < r.y + r.h; py++) {
		for (int32_t px = r.x; px < r.x + r.w; px++) {
			int64_t d = to_strokes(
					strokes[icon], size, 16 * (px - x) + 8, 16 * (py - y) + 8);

			plot(c, px, py, col, edge(d - half));
		}
	}
}

void sp_ui_scrollbar(struct sp_ui_canvas *c, struct sp_rect r, unsigned scale, size_t top,
		size_t visible, size_t all)
{
	int32_t s = (int32_t)scale, track = r.h - 8 * s;

	if (all <= visible || all == 0 || track <= 0) {
		return;
	}
	int32_t h = (int32_t)((int64_t)track * (int64_t)visible / (int64_t)all);

	h = h < 16 * s ? min32(16 * s, track) : h;
	int32_t y = (int32_t)((int64_t)(track - h) * (int64_t)top / (int64_t)(all - visible));
	sp_ui_round(c, (struct sp_rect){r.x + r.w - 9 * s, r.y + 4 * s + y, 5 * s, h}, 3 * s,
			SP_UI_COL_THUMB);
}
