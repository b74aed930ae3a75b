/* core/ui/screen_draw.c - draws a screen, or whatever part of it the canvas's clip holds. */
#include <string.h>

#include "core/base/utf16.h"
#include "core/ui/screen.h"
#include "core/ui/screen_part.h"
#include "core/ui/theme.h"

static bool needed(const struct sp_ui_canvas *c, struct sp_rect r)
{
	return !sp_rect_empty(sp_rect_and(c->clip, r));
}

/* All of a wrapped text; where the box holds less of it, the last line ends in an ellipsis. */
static void paragraph(struct sp_ui_canvas *c, const struct sp_ui_font *f, struct sp_rect box,
		const char *text, sp_ui_colour col)
{
	struct sp_rect r = {box.x, box.y, box.w, f->line};
	const char *line;
	size_t n;

	if (!sp_ui_given(text) || !needed(c, box)) {
		return;
	}
	for (; r.y + 2 * f->line <= box.y + box.h && sp_ui_wrap(f, box.w, &text, &line, &n);
			r.y += f->line) {
		sp_ui_text(c, f, r.x, r.y, line, n, col);
	}
	if (*text) {
		sp_ui_label(c, f, r, SP_UI_LEFT, text, col);
	}
}

/* The lines of a wrapped text from number skip on, as many as the box holds. */
static void window(struct sp_ui_canvas *c, const struct sp_ui_font *f, struct sp_rect box,
		const char *text, size_t skip, sp_ui_colour col)
{
	const char *line;
	size_t n;
	int32_t y = box.y;

	if (!sp_ui_given(text) || !needed(c, box)) {
		return;
	}
	while (y + f->line <= box.y + box.h && sp_ui_wrap(f, box.w, &text, &line, &n)) {
		if (skip > 0) {
			skip--;
			continue;
		}
		sp_ui_text(c, f, box.x, y, line, n, col);
		y += f->line;
	}
}

static sp_ui_colour icon_colour(enum sp_ui_icon icon)
{
	switch (icon) {
	case SP_UI_ICON_CHECK:
		return SP_UI_COL_GOOD;
	case SP_UI_ICON_WARN:
		return SP_UI_COL_WARN;
	case SP_UI_ICON_CROSS:
		return SP_UI_COL_BAD;
	default:
		return SP_UI_COL_ACCENT;
	}
}

static void draw_head(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	int32_t k = s->scale;
	struct sp_rect r = s->head_box;

	if (needed(c, r)) {
		sp_ui_icon(c, SP_UI_ICON_SHIELD, r.x, r.y + (r.h - 16 * k) / 2, 16 * k,
				SP_UI_COL_ACCENT);
		r.x += 24 * k;
		r.w -= 24 * k;
		sp_ui_label(c, sp_ui_font(SP_UI_SMALL, s->scale), r, SP_UI_LEFT,
				s->product ? s->product : "Sallyport", SP_UI_COL_DIM);
	}
	r = s->title_box;
	if (!sp_rect_empty(r)) {
		int32_t line = sp_ui_font(SP_UI_TITLE, s->scale)->line, size = 28 * k;

		sp_ui_icon(c, s->icon, r.x - size - 12 * k, r.y + (line - size) / 2, size,
				icon_colour(s->icon));
		paragraph(c, sp_ui_font(SP_UI_TITLE, s->scale), r, s->title, SP_UI_COL_TEXT);
	}
}

static void draw_qr(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	struct sp_rect r = s->qr_box;

	if (sp_rect_empty(r) || !needed(c, r)) {
		return;
	}
	int32_t module = r.w / (int32_t)(s->qr_n + 8);

	sp_ui_round(c, r, 6 * s->scale, SP_UI_COL_PAPER);
	sp_ui_modules(c, r.x + 4 * module, r.y + 4 * module, s->qr, s->qr_n, module, SP_UI_COL_INK);
}

static void draw_notice(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	int32_t k = s->scale, pad = SP_UI_NOTICE_PAD * k;
	struct sp_rect r = s->notice_box, in = {r.x + pad, r.y + pad, r.w - 2 * pad, r.h - 2 * pad};
	bool focus = s->focus == SP_UI_W_NOTICE;

	if (sp_rect_empty(r) || !needed(c, r)) {
		return;
	}
	sp_ui_round(c, r, 6 * k, SP_UI_COL_WELL);
	sp_ui_frame(c, r, 6 * k, focus ? 2 * k : k, focus ? SP_UI_COL_ACCENT : SP_UI_COL_WELL_RIM);
	window(c, sp_ui_font(SP_UI_TEXT, s->scale), in, s->notice, s->notice_top, SP_UI_COL_TEXT);
	sp_ui_scrollbar(c, r, s->scale, s->notice_top, s->notice_rows, s->notice_lines);
}

static void draw_codes(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_STRONG, s->scale),
				*small = sp_ui_font(SP_UI_SMALL, s->scale);
	int32_t k = s->scale, number = SP_UI_CODE_NUMBER * k, letter;
	struct sp_rect box = s->codes_box;

	if (sp_rect_empty(box) || !needed(c, box)) {
		return;
	}
	sp_ui_round(c, box, 6 * k, SP_UI_COL_WELL);
	sp_ui_frame(c, box, 6 * k, k, SP_UI_COL_WELL_RIM);
	for (size_t i = 0; i < sp_ui_screen_codes(s); i++) {
		struct sp_rect r = sp_ui_screen_code(s, i, &letter);
		char text[4] = {i > 8 ? '1' : (char)('1' + i), i > 8 ? (char)('0' + (i - 9)) : '.',
				i > 8 ? '.' : '\0', '\0'};
		struct sp_rect before = sp_ui_canvas_clip(c, r),
			       cell = {r.x + number + 8 * k, r.y, letter, r.h};

		sp_ui_label(c, small, (struct sp_rect){r.x, r.y, number, r.h}, SP_UI_RIGHT, text,
				SP_UI_COL_FAINT);
		for (const char *p = s->codes[i]; *p; cell.x += letter) {
			const char *from = p;

			(void)sp_utf8_next(&p);
			int32_t w = sp_ui_text_width(f, from, (size_t)(p - from));
			sp_ui_text(c, f, cell.x + (letter - w) / 2, r.y + (r.h - f->line) / 2, from,
					(size_t)(p - from), SP_UI_COL_TEXT);
		}
		c->clip = before;
	}
}

static void draw_fields(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	int32_t k = s->scale;

	for (size_t i = 0; i < sp_ui_screen_fields(s); i++) {
		const struct sp_ui_field *f = &s->field[i];
		struct sp_rect r = {f->box.x, f->box.y - 24 * k, f->box.w, 20 * k};
		bool focus = s->focus == SP_UI_W_FIELD + i;

		if (sp_ui_given(f->label)) {
			sp_ui_label(c, sp_ui_font(SP_UI_SMALL, s->scale), r, SP_UI_LEFT, f->label,
					SP_UI_COL_DIM);
		}
		if (needed(c, f->box)) {
			sp_ui_field_draw(c, f, s->scale, focus, focus && s->caret_on,
					focus ? s->badge : NULL);
		}
	}
}

static void draw_list(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	bool focus = s->focus == SP_UI_W_FILTER;
	struct sp_rect r = s->filter_field.box;
	int32_t k = s->scale;

	if (s->list.n == 0) {
		return;
	}
	if (s->filter && needed(c, r)) {
		sp_ui_field_draw(c, &s->filter_field, s->scale, focus, focus && s->caret_on,
				focus ? s->badge : " ");
		if (!(focus && s->badge)) {
			sp_ui_icon(c, SP_UI_ICON_SEARCH, r.x + r.w - 28 * k,
					r.y + (r.h - 16 * k) / 2, 16 * k, SP_UI_COL_FAINT);
		}
	}
	if (!needed(c, s->list.box)) {
		return;
	}
	sp_ui_list_draw(c, &s->list, s->scale, s->focus == SP_UI_W_LIST, focus, s->hover_row);
	if (s->list.n_shown == 0) {
		sp_ui_label(c, sp_ui_font(SP_UI_TEXT, s->scale), s->list.box, SP_UI_CENTRE,
				"\xE2\x80\x94", SP_UI_COL_FAINT);
	}
}

static void draw_busy(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	struct sp_rect r = s->busy_box;

	if (sp_rect_empty(r) || !needed(c, r)) {
		return;
	}
	sp_ui_round(c, r, r.h / 2, SP_UI_COL_RIM);
	if (s->progress > 0) {
		r.w = (int32_t)((int64_t)r.w * (s->progress < 1000 ? s->progress : 1000) / 1000);
		r.w = r.w < r.h ? r.h : r.w;
	} else {
		int32_t half = SP_UI_BUSY_STEPS / 2, at = (int32_t)(s->frame % SP_UI_BUSY_STEPS),
			w = r.w / 4;

		at = at < half ? at : SP_UI_BUSY_STEPS - at;
		/* Slow at the ends: 3t^2 - 2t^3 of the way. */
		int64_t way = (int64_t)(r.w - w) * at * at * (3 * half - 2 * at) /
				((int64_t)half * half * half);
		r.x += (int32_t)way;
		r.w = w;
	}
	sp_ui_round(c, r, r.h / 2, SP_UI_COL_ACCENT);
}

static void draw_error(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	int32_t k = s->scale, pad = SP_UI_ERROR_PAD * k, icon = SP_UI_ERROR_ICON * k;
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, s->scale);
	struct sp_rect r = s->error_box;
	struct sp_rect in = {r.x + icon + 2 * pad, r.y + pad, r.w - icon - 3 * pad, r.h - 2 * pad};

	if (sp_rect_empty(r) || !needed(c, r)) {
		return;
	}
	sp_ui_round(c, r, 6 * k, SP_UI_COL_BAD_WELL);
	sp_ui_frame(c, r, 6 * k, k, SP_UI_COL_BAD_RIM);
	sp_ui_icon(c, SP_UI_ICON_WARN, r.x + pad, in.y + (f->line - icon) / 2, icon, SP_UI_COL_BAD);
	paragraph(c, f, in, s->error, SP_UI_COL_BAD);
}

static void draw_button(struct sp_ui_canvas *c, const struct sp_ui_screen *s, size_t i)
{
	static const sp_ui_colour face[2][3] = {
			{SP_UI_COL_PLAIN, SP_UI_COL_PLAIN_HOVER, SP_UI_COL_PLAIN_DOWN},
			{SP_UI_COL_PRIMARY, SP_UI_COL_PRIMARY_HOVER, SP_UI_COL_PRIMARY_DOWN},
	};
	const struct sp_ui_button *b = &s->button[i];
	int32_t k = s->scale;
	size_t id = SP_UI_W_BUTTON + i;
	bool hover = s->hover == id, down = hover && s->pressed == id;
	bool enabled = sp_ui_screen_enabled(s, i);
	struct sp_rect r = b->box, ring = {r.x - 4 * k, r.y - 4 * k, r.w + 8 * k, r.h + 8 * k};

	if (!needed(c, ring)) {
		return;
	}
	sp_ui_round(c, r, 6 * k,
			!enabled ? SP_UI_COL_PLAIN_DOWN
				 : face[b->primary][down                   ? 2
								   : hover ? 1
									   : 0]);
	if (!b->primary || !enabled) {
		sp_ui_frame(c, r, 6 * k, k, SP_UI_COL_WELL_RIM);
	}
	if (s->focus == id) {
		sp_ui_frame(c, ring, 9 * k, 2 * k, SP_UI_COL_ACCENT);
	}
	r.x += 8 * k;
	r.w -= 16 * k;
	sp_ui_label(c, sp_ui_font(SP_UI_STRONG, s->scale), r, SP_UI_CENTRE, b->text ? b->text : "",
			!enabled                     ? SP_UI_COL_FAINT
					: b->primary ? SP_UI_COL_PAPER
						     : SP_UI_COL_TEXT);
}

void sp_ui_screen_draw(struct sp_ui_canvas *c, const struct sp_ui_screen *s)
{
	int32_t k = s->scale;

	sp_ui_fill(c, c->clip, SP_UI_BACKGROUND);
	struct sp_rect before = sp_ui_canvas_clip(c, s->bounds);

	if (sp_rect_empty(c->clip)) {
		c->clip = before;
		return;
	}
	if (needed(c, s->card)) {
		sp_ui_round(c, s->card, 10 * k, SP_UI_COL_CARD);
		sp_ui_frame(c, s->card, 10 * k, k, SP_UI_COL_RIM);
		draw_head(c, s);
		paragraph(c, sp_ui_font(SP_UI_TEXT, s->scale), s->text_box, s->text, SP_UI_COL_DIM);
		draw_notice(c, s);
		draw_qr(c, s);
		paragraph(c, sp_ui_font(SP_UI_STRONG, s->scale), s->qr_text_box, s->qr_text,
				SP_UI_COL_TEXT);
		draw_fields(c, s);
		draw_list(c, s);
		draw_codes(c, s);
		draw_busy(c, s);
		draw_error(c, s);
		for (size_t i = 0; i < sp_ui_screen_buttons(s); i++) {
			draw_button(c, s, i);
		}
	}
	if (sp_ui_given(s->footer) && needed(c, s->footer_box)) {
		sp_ui_label(c, sp_ui_font(SP_UI_SMALL, s->scale), s->footer_box, SP_UI_CENTRE,
				s->footer, SP_UI_COL_FAINT);
	}
	c->clip = before;
}
