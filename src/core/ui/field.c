/* core/ui/field.c - editing one line: the content is UTF-8, the caret stands between characters. */
#include "core/ui/field.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "core/ui/theme.h"

#define PAD 12 /* between frame and text, unscaled */
#define BADGE 32
#define DOT_STEP 11 /* from one dot of a secret to the next */
#define CELL 44 /* of a digit of a code */
#define CELL_GAP 8
#define GROUP_GAP 14 /* more, behind each third digit */

static size_t limit(const struct sp_ui_field *f)
{
	return f->max != 0 ? f->max : f->kind == SP_UI_FIELD_CODE ? 6 : 128;
}

static uint16_t next(const struct sp_ui_field *f, uint16_t at)
{
	if (at < f->n) {
		at++;
		while (at < f->n && ((uint8_t)f->text[at] & 0xC0) == 0x80) {
			at++;
		}
	}
	return at;
}

static uint16_t prev(const struct sp_ui_field *f, uint16_t at)
{
	if (at > 0) {
		at--;
		while (at > 0 && ((uint8_t)f->text[at] & 0xC0) == 0x80) {
			at--;
		}
	}
	return at;
}

static size_t count(const struct sp_ui_field *f, size_t end)
{
	size_t chars = 0;

	for (size_t i = 0; i < end; i++) {
		chars += ((uint8_t)f->text[i] & 0xC0) != 0x80;
	}
	return chars;
}

size_t sp_ui_field_chars(const struct sp_ui_field *f)
{
	return count(f, f->n);
}

bool sp_ui_field_done(const struct sp_ui_field *f)
{
	return f->kind == SP_UI_FIELD_CODE ? sp_ui_field_chars(f) >= limit(f) : f->n > 0;
}

static uint16_t first(const struct sp_ui_field *f)
{
	return f->caret < f->anchor ? f->caret : f->anchor;
}

static uint16_t last(const struct sp_ui_field *f)
{
	return f->caret < f->anchor ? f->anchor : f->caret;
}

/* Takes the bytes between a and b out; what was behind the new end is overwritten. */
static bool cut(struct sp_ui_field *f, uint16_t a, uint16_t b)
{
	if (a == b) {
		return false;
	}
	memmove(f->text + a, f->text + b, (size_t)(f->n - b));
	f->n = (uint16_t)(f->n - (b - a));
	sp_wipe(f->text + f->n, (size_t)(b - a));
	f->caret = f->anchor = a;
	return true;
}

static size_t encode(uint32_t ch, char out[4])
{
	if (ch < 0x80) {
		out[0] = (char)ch;
		return 1;
	}
	size_t n = ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; ch >>= 6) {
		out[i] = (char)(0x80 | (ch & 0x3F));
	}
	out[0] = (char)((n == 2 ? 0xC0 : n == 3 ? 0xE0 : 0xF0) | ch);
	return n;
}

static bool insert(struct sp_ui_field *f, uint32_t ch)
{
	char bytes[4];
	size_t n = encode(ch, bytes);
	bool allowed = f->kind == SP_UI_FIELD_CODE ? '0' <= ch && ch <= '9'
						   : ch >= ' ' && !(0x7F <= ch && ch < 0xA0) &&
					!(0xD800 <= ch && ch <= 0xDFFF) && ch < 0x110000;

	if (!allowed) {
		return false;
	}
	bool edited = cut(f, first(f), last(f));

	/* A full code takes the digit in the place of the one under the caret. */
	if (f->kind == SP_UI_FIELD_CODE && f->n >= limit(f) && f->caret < f->n) {
		edited = cut(f, f->caret, (uint16_t)(f->caret + 1));
	}
	if (!(sp_ui_field_chars(f) < limit(f) && f->n + n < sizeof(f->text))) {
		return edited;
	}
	memmove(f->text + f->caret + n, f->text + f->caret, (size_t)(f->n - f->caret));
	memcpy(f->text + f->caret, bytes, n);
	f->n = (uint16_t)(f->n + n);
	f->text[f->n] = '\0';
	f->caret = f->anchor = (uint16_t)(f->caret + n);
	return true;
}

void sp_ui_field_set(struct sp_ui_field *f, const char *text)
{
	sp_ui_field_wipe(f);
	while (text && *text) {
		insert(f, sp_utf8_next(&text));
	}
}

void sp_ui_field_wipe(struct sp_ui_field *f)
{
	sp_wipe(f->text, sizeof(f->text));
	f->n = f->caret = f->anchor = 0;
	f->scroll = 0;
}

/* Where a word begins before, or ends behind, the caret; secrets have no words. */
static uint16_t word(const struct sp_ui_field *f, bool back)
{
	uint16_t at = f->caret;

	if (f->kind != SP_UI_FIELD_TEXT) {
		return back ? 0 : f->n;
	}
	if (back) {
		while (at > 0 && f->text[at - 1] == ' ') {
			at--;
		}
		while (at > 0 && f->text[at - 1] != ' ') {
			at--;
		}
		return at;
	}
	while (at < f->n && f->text[at] == ' ') {
		at++;
	}
	while (at < f->n && f->text[at] != ' ') {
		at++;
	}
	return at;
}

static bool move(struct sp_ui_field *f, uint16_t to, bool extend)
{
	bool moved = f->caret != to || (!extend && f->anchor != to);

	f->caret = to;
	f->anchor = extend ? f->anchor : to;
	return moved;
}

/* Removes the selection, or what lies between the caret and the given place. */
static bool erase(struct sp_ui_field *f, uint16_t to)
{
	uint16_t at = f->caret;

	if (f->caret != f->anchor) {
		return cut(f, first(f), last(f));
	}
	return to < at ? cut(f, to, at) : cut(f, at, to);
}

bool sp_ui_field_key(struct sp_ui_field *f, const struct sp_ui_key *key, bool *edited)
{
	bool lone = f->caret == f->anchor || key->shift;

	*edited = false;
	if (f->kind == SP_UI_FIELD_CODE && key->digit >= 0 && !key->ctrl) {
		*edited = insert(f, (uint32_t)('0' + key->digit));
		return *edited;
	}
	switch (key->kind) {
	case SP_UI_KEY_CHAR:
		*edited = insert(f, key->ch);
		*edited |= key->ch2 != 0 && insert(f, key->ch2);
		return *edited;
	case SP_UI_KEY_BACKSPACE:
		*edited = erase(f, key->ctrl ? word(f, true) : prev(f, f->caret));
		return *edited;
	case SP_UI_KEY_DELETE:
		*edited = erase(f, key->ctrl ? word(f, false) : next(f, f->caret));
		return *edited;
	case SP_UI_KEY_LEFT:
		return move(f,
				key->ctrl              ? word(f, true)
						: lone ? prev(f, f->caret)
						       : first(f),
				key->shift);
	case SP_UI_KEY_RIGHT:
		return move(f,
				key->ctrl              ? word(f, false)
						: lone ? next(f, f->caret)
						       : last(f),
				key->shift);
	case SP_UI_KEY_HOME:
		return move(f, 0, key->shift);
	case SP_UI_KEY_END:
		return move(f, f->n, key->shift);
	case SP_UI_KEY_SELECT_ALL:
		f->anchor = 0;
		f->caret = f->n;
		return true;
	default:
		return false;
	}
}

static struct sp_rect cell(const struct sp_ui_field *f, size_t i, int32_t scale)
{
	int32_t n = (int32_t)limit(f), groups = (n - 1) / 3;
	int32_t gap = CELL_GAP * scale, wide = (GROUP_GAP - CELL_GAP) * scale + gap;
	int32_t w = (f->box.w - (n - 1 - groups) * gap - groups * wide) / n;

	if (w > CELL * scale) {
		w = CELL * scale;
	} else if (w < 4) {
		w = 4;
	}
	int32_t k = (int32_t)i, third = k / 3;
	return (struct sp_rect){
			f->box.x + k * w + (k - third) * gap + third * wide, f->box.y, w, f->box.h};
}

/* Distance of the place `at` in the text from the text's begin, in pixels. */
static int32_t offset(const struct sp_ui_field *f, uint16_t at, unsigned scale)
{
	if (f->kind == SP_UI_FIELD_SECRET) {
		return (int32_t)count(f, at) * DOT_STEP * (int32_t)scale;
	}
	return sp_ui_text_width(sp_ui_font(SP_UI_TEXT, scale), f->text, at);
}

static struct sp_rect inner(const struct sp_ui_field *f, int32_t scale, bool badge)
{
	int32_t pad = PAD * scale, right = badge ? BADGE * scale : 0;

	return (struct sp_rect){f->box.x + pad, f->box.y, f->box.w - 2 * pad - right, f->box.h};
}

void sp_ui_field_show_caret(struct sp_ui_field *f, unsigned scale)
{
	int32_t w = inner(f, (int32_t)scale, true).w - 2 * (int32_t)scale,
		at = offset(f, f->caret, scale);
	int32_t end = offset(f, f->n, scale);

	if (f->kind == SP_UI_FIELD_CODE || w <= 0) {
		f->scroll = 0;
		return;
	}
	if (f->scroll > at) {
		f->scroll = at;
	} else if (f->scroll < at - w) {
		f->scroll = at - w;
	}
	if (f->scroll > 0 && f->scroll > end - w) {
		f->scroll = end > w ? end - w : 0;
	}
}

static uint16_t place(const struct sp_ui_field *f, int32_t x, unsigned scale)
{
	uint16_t at = 0;

	if (f->kind == SP_UI_FIELD_CODE) {
		while (at < f->n &&
				x >= cell(f, at, (int32_t)scale).x +
								cell(f, at, (int32_t)scale).w) {
			at++;
		}
		return at;
	}
	x += f->scroll - inner(f, (int32_t)scale, false).x;
	while (at < f->n) {
		uint16_t to = next(f, at);

		if (x < (offset(f, at, scale) + offset(f, to, scale)) / 2) {
			break;
		}
		at = to;
	}
	return at;
}

void sp_ui_field_click(struct sp_ui_field *f, int32_t x, unsigned scale, bool extend)
{
	move(f, place(f, x, scale), extend);
	sp_ui_field_show_caret(f, scale);
}

struct sp_rect sp_ui_field_caret(const struct sp_ui_field *f, unsigned scale)
{
	int32_t s = (int32_t)scale;

	if (f->kind == SP_UI_FIELD_CODE) {
		return cell(f, f->caret < limit(f) ? f->caret : limit(f) - 1, s);
	}
	struct sp_rect in = inner(f, s, false);
	return (struct sp_rect){in.x - f->scroll + offset(f, f->caret, scale),
			in.y + in.h / 2 - 11 * s, s, 22 * s};
}

static void draw_code(struct sp_ui_canvas *c, const struct sp_ui_field *f, unsigned scale,
		bool focus, bool caret)
{
	const struct sp_ui_font *font = sp_ui_font(SP_UI_TITLE, scale);
	size_t n = limit(f), at = f->caret < n ? f->caret : n - 1;
	int32_t s = (int32_t)scale;
	bool selected = f->caret != f->anchor;

	for (size_t i = 0; i < n; i++) {
		struct sp_rect r = cell(f, i, s);
		bool marked = focus && selected && first(f) <= i && i < last(f);
		bool active = focus && !selected && i == at;

		sp_ui_round(c, r, 6 * s, marked ? SP_UI_COL_SELECT : SP_UI_COL_WELL);
		sp_ui_frame(c, r, 6 * s, active ? 2 * s : s,
				active || marked ? SP_UI_COL_ACCENT : SP_UI_COL_WELL_RIM);
		if (i < f->n) {
			char digit[2] = {f->text[i], '\0'};
			sp_ui_label(c, font, r, SP_UI_CENTRE, digit, SP_UI_COL_TEXT);
		} else if (active && caret) {
			sp_ui_fill(c,
					(struct sp_rect){r.x + r.w / 2 - s / 2, r.y + r.h / 4, s,
							r.h / 2},
					SP_UI_COL_TEXT);
		}
	}
}

static void draw_text(struct sp_ui_canvas *c, const struct sp_ui_field *f, unsigned scale,
		struct sp_rect in)
{
	const struct sp_ui_font *font = sp_ui_font(SP_UI_TEXT, scale);
	int32_t s = (int32_t)scale, x = in.x - f->scroll;

	if (f->n == 0) {
		if (f->hint) {
			in.x += 3 * s; /* clear of the caret */
			in.w -= 3 * s;
			sp_ui_label(c, font, in, SP_UI_LEFT, f->hint, SP_UI_COL_FAINT);
		}
	} else if (f->kind == SP_UI_FIELD_SECRET) {
		for (size_t i = 0; i < count(f, f->n); i++) {
			sp_ui_disc(c, 16 * (x + (int32_t)i * DOT_STEP * s) + 8 * DOT_STEP * s,
					16 * in.y + 8 * in.h, 56 * s, SP_UI_COL_TEXT);
		}
	} else {
		sp_ui_text(c, font, x, in.y + (in.h - font->line) / 2, f->text, f->n,
				SP_UI_COL_TEXT);
	}
}

void sp_ui_field_draw(struct sp_ui_canvas *c, const struct sp_ui_field *f, unsigned scale,
		bool focus, bool caret, const char *badge)
{
	int32_t s = (int32_t)scale;

	if (f->kind == SP_UI_FIELD_CODE) {
		draw_code(c, f, scale, focus, caret);
		return;
	}
	struct sp_rect in = inner(f, s, badge != NULL);

	sp_ui_round(c, f->box, 6 * s, SP_UI_COL_WELL);
	sp_ui_frame(c, f->box, 6 * s, focus ? 2 * s : s,
			focus ? SP_UI_COL_ACCENT : SP_UI_COL_WELL_RIM);
	if (badge) {
		struct sp_rect r = {in.x + in.w, f->box.y, BADGE * s, f->box.h};
		sp_ui_label(c, sp_ui_font(SP_UI_SMALL, scale), r, SP_UI_RIGHT, badge,
				SP_UI_COL_DIM);
	}
	struct sp_rect before = sp_ui_canvas_clip(c, (struct sp_rect){in.x, in.y, in.w + s, in.h});
	int32_t top = in.y + in.h / 2 - 11 * s;

	if (focus && f->caret != f->anchor) {
		int32_t a = offset(f, first(f), scale), b = offset(f, last(f), scale);
		sp_ui_fill(c, (struct sp_rect){in.x - f->scroll + a, top, b - a, 22 * s},
				SP_UI_COL_SELECT);
	}
	draw_text(c, f, scale, in);
	if (focus && caret) {
		sp_ui_fill(c, sp_ui_field_caret(f, scale), SP_UI_COL_TEXT);
	}
	c->clip = before;
}
