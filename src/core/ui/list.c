/* core/ui/list.c - rows of names, those that pass a filter, one of them chosen. */
#include "core/ui/list.h"

#include <string.h>

#include "core/base/utf16.h"
#include "core/ui/layout.h"
#include "core/ui/theme.h"

#define ROW_H 36 /* unscaled, as all below; with one line */
#define ROW_PAD 8 /* above and below several lines */
#define EDGE 4 /* between the frame and the rows */
#define INSET 10 /* between a row's edge and its text */
#define BAR 10 /* the scroll bar's */
#define COLUMN_GAP 16
#define DETAIL_LINES 2

/* Whether the first n bytes of word begin text, case ignored. */
static bool begins(const char *text, const char *word, const char *end)
{
	while (word < end && *text) {
		if (sp_ui_layout_upper(sp_utf8_next(&text)) !=
				sp_ui_layout_upper(sp_utf8_next(&word))) {
			return false;
		}
	}
	return word >= end;
}

static bool holds(const char *text, const char *word, const char *end)
{
	while (text && *text) {
		if (begins(text, word, end)) {
			return true;
		}
		sp_utf8_next(&text);
	}
	return false;
}

static bool passes(const struct sp_ui_item *item, const char *filter)
{
	while (*filter) {
		const char *end = strchr(filter, ' ');

		end = end ? end : filter + strlen(filter);
		if (end > filter && !holds(item->name, filter, end) &&
				!holds(item->detail, filter, end)) {
			return false;
		}
		filter = *end ? end + 1 : end;
	}
	return true;
}

/* Puts top where the chosen row can be seen and no room is left empty below. */
static void show(struct sp_ui_list *l)
{
	size_t rows = l->rows > 0 ? l->rows : 1;

	if (l->top > l->at) {
		l->top = l->at;
	} else if (l->top + rows <= l->at) {
		l->top = l->at - rows + 1;
	}
	if (l->top + rows > l->n_shown) {
		l->top = l->n_shown > rows ? l->n_shown - rows : 0;
	}
}

size_t sp_ui_list_chosen(const struct sp_ui_list *l)
{
	return l->at < l->n_shown ? l->shown[l->at] : l->n;
}

void sp_ui_list_choose(struct sp_ui_list *l, size_t item)
{
	for (size_t i = 0; i < l->n_shown; i++) {
		if (l->shown[i] == item) {
			l->at = i;
		}
	}
	show(l);
}

void sp_ui_list_filter(struct sp_ui_list *l, const char *filter)
{
	size_t chosen = sp_ui_list_chosen(l), n = l->n < SP_UI_LIST_MAX ? l->n : SP_UI_LIST_MAX;

	l->n_shown = 0;
	for (size_t i = 0; i < n; i++) {
		if (passes(&l->item[i], filter)) {
			l->shown[l->n_shown++] = (uint16_t)i;
		}
	}
	l->at = 0;
	sp_ui_list_choose(l, chosen);
}

bool sp_ui_list_key(struct sp_ui_list *l, const struct sp_ui_key *key, bool plain)
{
	size_t page = l->rows > 1 ? l->rows - 1 : 1, end = l->n_shown > 0 ? l->n_shown - 1 : 0,
	       to = l->at;

	switch (key->kind) {
	case SP_UI_KEY_UP:
		to = to > 0 ? to - 1 : 0;
		break;
	case SP_UI_KEY_DOWN:
		to++;
		break;
	case SP_UI_KEY_PAGE_UP:
		to = to > page ? to - page : 0;
		break;
	case SP_UI_KEY_PAGE_DOWN:
		to += page;
		break;
	case SP_UI_KEY_HOME:
		to = plain || key->ctrl ? 0 : to;
		break;
	case SP_UI_KEY_END:
		to = plain || key->ctrl ? end : to;
		break;
	default:
		return false;
	}
	to = to < end ? to : end;
	bool moved = to != l->at;

	l->at = to;
	show(l);
	return moved;
}

size_t sp_ui_list_at(const struct sp_ui_list *l, int32_t x, int32_t y)
{
	struct sp_rect r = l->box;
	int32_t h = (int32_t)l->rows * l->row_h, top = r.y + (r.h - h) / 2;

	if (!(l->row_h > 0 && r.x <= x && x < r.x + r.w && top <= y && y < top + h)) {
		return l->n_shown;
	}
	size_t row = l->top + (size_t)((y - top) / l->row_h);
	return row < l->n_shown ? row : l->n_shown;
}

bool sp_ui_list_scroll(struct sp_ui_list *l, int32_t rows)
{
	size_t most = l->n_shown > l->rows ? l->n_shown - l->rows : 0,
	       by = (size_t)(rows < 0 ? -rows : rows);
	size_t to = rows > 0 ? l->top + by : l->top > by ? l->top - by : 0;

	to = to < most ? to : most;
	bool moved = to != l->top;

	l->top = to;
	return moved;
}

static size_t items(const struct sp_ui_list *l)
{
	return l->n < SP_UI_LIST_MAX ? l->n : SP_UI_LIST_MAX;
}

int32_t sp_ui_list_width(const struct sp_ui_list *l, unsigned scale)
{
	int32_t s = (int32_t)scale, most = 0;

	for (size_t i = 0; i < items(l); i++) {
		const struct sp_ui_item *t = &l->item[i];
		int32_t w = sp_ui_text_width(
				sp_ui_font(SP_UI_TEXT, scale), t->name ? t->name : "", SIZE_MAX);

		if (t->detail && *t->detail) {
			w += COLUMN_GAP * s +
					sp_ui_text_width(sp_ui_font(SP_UI_SMALL, scale), t->detail,
							SIZE_MAX);
		}
		most = w > most ? w : most;
	}
	return most + (2 * EDGE + 2 * INSET + BAR) * s;
}

void sp_ui_list_place(struct sp_ui_list *l, int32_t width, unsigned scale)
{
	const struct sp_ui_font *small = sp_ui_font(SP_UI_SMALL, scale);
	int32_t s = (int32_t)scale, room = width - (2 * EDGE + 2 * INSET + BAR) * s;
	size_t lines = 0;

	l->lines = 0;
	l->row_h = ROW_H * s;
	if (sp_ui_list_width(l, scale) <= width) {
		return;
	}
	for (size_t i = 0; i < items(l); i++) {
		const char *d = l->item[i].detail;
		size_t n = d ? sp_ui_wrap_lines(small, room, d, DETAIL_LINES) : 0;

		lines = n > lines ? n : lines;
	}
	if (lines > 0) {
		l->lines = (uint8_t)lines;
		l->row_h = 2 * ROW_PAD * s + sp_ui_font(SP_UI_TEXT, scale)->line +
				(int32_t)lines * small->line;
	}
}

/* The detail below the name; what its lines do not hold ends in an ellipsis. */
static void draw_detail(struct sp_ui_canvas *c, const struct sp_ui_list *l, unsigned scale,
		struct sp_rect in, const char *detail, sp_ui_colour col)
{
	const struct sp_ui_font *small = sp_ui_font(SP_UI_SMALL, scale);
	const char *line;
	size_t n;

	for (int i = 1; i < l->lines && sp_ui_wrap(small, in.w, &detail, &line, &n); i++) {
		sp_ui_text(c, small, in.x, in.y, line, n, col);
		in.y += small->line;
	}
	in.h = small->line;
	sp_ui_label(c, small, in, SP_UI_LEFT, detail, col);
}

static void draw_row(struct sp_ui_canvas *c, const struct sp_ui_list *l, unsigned scale, bool lit,
		size_t hover, size_t row)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, scale),
				*small = sp_ui_font(SP_UI_SMALL, scale);
	int32_t s = (int32_t)scale, bar = l->n_shown > l->rows ? BAR * s : 0;
	struct sp_rect r = {l->box.x + EDGE * s,
			l->box.y + (int32_t)(row - l->top) * l->row_h + EDGE * s,
			l->box.w - 2 * EDGE * s - bar, l->row_h};
	const struct sp_ui_item *item = &l->item[l->shown[row]];
	bool chosen = row == l->at, told = item->detail && *item->detail;
	sp_ui_colour dim = chosen ? SP_UI_COL_TEXT : SP_UI_COL_DIM;

	if (sp_rect_empty(sp_rect_and(c->clip, r))) {
		return;
	}
	if (chosen) {
		sp_ui_round(c, r, 5 * s, lit ? SP_UI_COL_SELECT : SP_UI_COL_ROW);
	} else if (row == hover) {
		sp_ui_round(c, r, 5 * s, SP_UI_COL_HOVER);
	}
	struct sp_rect in = {r.x + INSET * s, r.y, r.w - 2 * INSET * s, r.h};

	if (told && l->lines > 0) {
		struct sp_rect below = {in.x, in.y + ROW_PAD * s + f->line, in.w, 0};

		draw_detail(c, l, scale, below, item->detail, dim);
		in = (struct sp_rect){in.x, in.y + ROW_PAD * s, in.w, f->line};
	} else if (told) {
		int32_t w = sp_ui_text_width(small, item->detail, SIZE_MAX), most = in.w / 2;

		w = w < most ? w : most;
		sp_ui_label(c, small, (struct sp_rect){in.x + in.w - w, in.y, w, in.h}, SP_UI_LEFT,
				item->detail, dim);
		in.w -= w + COLUMN_GAP * s;
	}
	sp_ui_label(c, f, in, SP_UI_LEFT, item->name ? item->name : "", SP_UI_COL_TEXT);
}

void sp_ui_list_draw(struct sp_ui_canvas *c, const struct sp_ui_list *l, unsigned scale, bool focus,
		bool lit, size_t hover)
{
	int32_t s = (int32_t)scale;

	sp_ui_round(c, l->box, 6 * s, SP_UI_COL_WELL);
	sp_ui_frame(c, l->box, 6 * s, focus ? 2 * s : s,
			focus ? SP_UI_COL_ACCENT : SP_UI_COL_WELL_RIM);
	for (size_t row = l->top; row < l->n_shown && row < l->top + l->rows; row++) {
		draw_row(c, l, scale, focus || lit, hover, row);
	}
	sp_ui_scrollbar(c, l->box, scale, l->top, l->rows, l->n_shown);
}
