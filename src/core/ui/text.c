/* core/ui/text.c - lines of text from the atlas: measuring, drawing, breaking. */
#include <string.h>

#include "core/base/utf16.h"
#include "core/ui/canvas.h"

#define ELLIPSIS "\xE2\x80\xA6"
#define MAX_LINE 4096 /* bytes; what is longer breaks here, so that the work per line is bounded */

/* Where the first n bytes end, or the NUL before that. */
static const char *end_of(const char *s, size_t n)
{
	return s + strnlen(s, n);
}

/* Advance in 1/64 pixel; control characters and the soft hyphen take no room. */
static int32_t advance(const struct sp_ui_font *f, uint32_t ch)
{
	return ch < ' ' || ch == 0x7F || ch == 0xAD ? 0 : sp_ui_glyph(f, ch)->advance;
}

int32_t sp_ui_text_width(const struct sp_ui_font *f, const char *s, size_t n)
{
	const char *end = end_of(s, n);
	int64_t pen = 0;

	while (s < end && pen < (int64_t)1 << 30) {
		pen += advance(f, sp_utf8_next(&s));
	}
	return (int32_t)((pen + 32) / 64);
}

static void put(struct sp_ui_canvas *c, const struct sp_ui_font *f, const struct sp_ui_glyph *g,
		int32_t x, int32_t y, sp_ui_colour col)
{
	struct sp_rect box = {x + g->left, y - g->top, g->w, g->h};
	struct sp_rect r = sp_rect_and(box, c->clip);
	uint32_t b = col & 0xFF, gr = col >> 8 & 0xFF, re = col >> 16 & 0xFF;

	for (int32_t row = r.y; row < r.y + r.h; row++) {
		const uint8_t *a = f->coverage + g->at + (size_t)(row - box.y) * g->w +
				(size_t)(r.x - box.x);
		uint8_t *p = c->fb + (size_t)(row - c->y) * c->stride + (size_t)(r.x - c->x) * 4;

		for (int32_t i = 0; i < r.w; i++, p += 4) {
			uint32_t v = a[i], rest = 255 - v;

			if (v == 0) {
				continue;
			}
			p[0] = (uint8_t)((b * v + p[0] * rest + 127) / 255);
			p[1] = (uint8_t)((gr * v + p[1] * rest + 127) / 255);
			p[2] = (uint8_t)((re * v + p[2] * rest + 127) / 255);
			p[3] = 0xFF;
		}
	}
}

int32_t sp_ui_text(struct sp_ui_canvas *c, const struct sp_ui_font *f, int32_t x, int32_t y,
		const char *s, size_t n, sp_ui_colour col)
{
	const char *end = end_of(s, n);
	/* The letters between ascent and descent stand in the middle of the line. */
	int32_t base = y + (f->line - f->ascent - f->descent) / 2 + f->ascent;
	int64_t pen = (int64_t)x * 64;

	while (s < end) {
		uint32_t ch = sp_utf8_next(&s);
		int32_t step = advance(f, ch);

		if (step != 0) {
			put(c, f, sp_ui_glyph(f, ch), (int32_t)((pen + 32) >> 6), base, col);
			pen += step;
		}
		if (pen >> 6 > (int64_t)c->clip.x + c->clip.w) {
			break;
		}
	}
	return (int32_t)((pen + 32) >> 6);
}

/* The longest beginning of at most width pixels, in bytes; whole characters. */
static size_t fit(const struct sp_ui_font *f, int32_t width, const char *s, size_t n)
{
	const char *p = s, *end = end_of(s, n);
	int64_t pen = 0;

	while (p < end) {
		const char *next = p;

		pen += advance(f, sp_utf8_next(&next));
		if (pen > (int64_t)width * 64 + 32) {
			break;
		}
		p = next;
	}
	return (size_t)(p - s);
}

void sp_ui_label(struct sp_ui_canvas *c, const struct sp_ui_font *f, struct sp_rect r,
		enum sp_ui_align align, const char *s, sp_ui_colour col)
{
	struct sp_rect before = sp_ui_canvas_clip(c, r);
	size_t n = strlen(s);
	int32_t w = sp_ui_text_width(f, s, n), y = r.y + (r.h - f->line) / 2;

	if (w > r.w) {
		int32_t dots = sp_ui_text_width(f, ELLIPSIS, sizeof(ELLIPSIS));

		n = fit(f, r.w - dots, s, n);
		int32_t x = sp_ui_text(c, f, r.x, y, s, n, col);
		sp_ui_text(c, f, x, y, ELLIPSIS, sizeof(ELLIPSIS), col);
	} else {
		int32_t x = align == SP_UI_LEFT        ? r.x
				: align == SP_UI_RIGHT ? r.x + r.w - w
						       : r.x + (r.w - w) / 2;

		sp_ui_text(c, f, x, y, s, n, col);
	}
	c->clip = before;
}

bool sp_ui_wrap(const struct sp_ui_font *f, int32_t width, const char **s, const char **line,
		size_t *n)
{
	if (**s == '\0') {
		return false;
	}
	size_t all = strnlen(*s, MAX_LINE);
	const char *newline = memchr(*s, '\n', all);

	all = newline ? (size_t)(newline - *s) : all;
	size_t len = fit(f, width, *s, all);

	*line = *s;
	if (len < all) {
		size_t cut = len; /* the blank to break at may be the first that did not fit */

		while (cut > 0 && (*s)[cut] != ' ') {
			cut--;
		}
		if (cut > 0) {
			len = cut;
		} else if (len == 0) {
			const char *next = *s; /* not even one character fits: it goes alone */

			sp_utf8_next(&next);
			len = (size_t)(next - *s);
		}
	}
	*s += len;
	while (len > 0 && (*line)[len - 1] == ' ') {
		len--;
	}
	*n = len;
	while (**s == ' ') {
		(*s)++;
	}
	if (**s == '\n') {
		(*s)++;
	}
	return true;
}

size_t sp_ui_wrap_lines(const struct sp_ui_font *f, int32_t width, const char *s, size_t max)
{
	const char *line;
	size_t n, lines = 0;

	while (lines < max && sp_ui_wrap(f, width, &s, &line, &n)) {
		lines++;
	}
	return lines;
}
