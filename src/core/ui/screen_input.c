/* core/ui/screen_input.c - keys and the mouse on a screen: focus, presses, what is to be drawn again. */
#include "core/ui/screen.h"
#include "core/ui/screen_part.h"

#define DOUBLE_CLICK_US 500000
#define WHEEL_ROWS 3
#define SCROLLBAR_W 14 /* unscaled; what takes a press */

/* Room for n in the list of damage comes from joining those that grow least by it. */
static void damage(struct sp_ui_result *out, const struct sp_ui_screen *s, struct sp_rect r)
{
	struct sp_ui_damage *d = &out->damage;

	r = sp_rect_and(r, s->bounds);
	if (sp_rect_empty(r)) {
		return;
	}
	for (size_t i = 0; i < d->n; i++) {
		if (!sp_rect_empty(sp_rect_and(d->r[i], r))) {
			d->r[i] = sp_rect_or(d->r[i], r);
			return;
		}
	}
	if (d->n < SP_UI_MAX_DAMAGE) {
		d->r[d->n++] = r;
	} else {
		d->r[d->n - 1] = sp_rect_or(d->r[d->n - 1], r);
	}
}

/* The widget with its focus ring. */
static void touch(struct sp_ui_result *out, const struct sp_ui_screen *s, size_t widget)
{
	struct sp_rect r = sp_ui_screen_box(s, widget);
	int32_t ring = 4 * s->scale;

	if (!sp_rect_empty(r)) {
		damage(out, s,
				(struct sp_rect){r.x - ring, r.y - ring, r.w + 2 * ring,
						r.h + 2 * ring});
	}
}

static void focus(struct sp_ui_screen *s, struct sp_ui_result *out, size_t widget)
{
	if (s->focus == widget || !sp_ui_screen_can_focus(s, widget)) {
		return;
	}
	touch(out, s, s->focus);
	/* The choice of a list is brighter while one types into its filter. */
	if (s->focus == SP_UI_W_FILTER || widget == SP_UI_W_FILTER) {
		touch(out, s, SP_UI_W_LIST);
	}
	s->focus = widget;
	touch(out, s, widget);
}

static void focus_next(struct sp_ui_screen *s, struct sp_ui_result *out, bool back)
{
	size_t w = s->focus;

	for (size_t i = 0; i < SP_UI_W_COUNT; i++) {
		w = back ? (w + SP_UI_W_COUNT - 1) % SP_UI_W_COUNT : (w + 1) % SP_UI_W_COUNT;
		if (sp_ui_screen_can_focus(s, w)) {
			focus(s, out, w);
			return;
		}
	}
}

static void submit(const struct sp_ui_screen *s, struct sp_ui_result *out, size_t button)
{
	bool chosen = s->list.n == 0 || s->list.n_shown > 0 || button != sp_ui_screen_default(s);

	if (button < sp_ui_screen_buttons(s) && sp_ui_screen_enabled(s, button) && chosen) {
		out->action = SP_UI_SUBMIT;
		out->button = button;
	}
}

static void cancel(const struct sp_ui_screen *s, struct sp_ui_result *out)
{
	for (size_t i = 0; i < sp_ui_screen_buttons(s); i++) {
		if (s->button[i].cancel) {
			submit(s, out, i);
			return;
		}
	}
	out->action = SP_UI_CANCEL;
}

static bool scroll_notice(struct sp_ui_screen *s, struct sp_ui_result *out, int64_t to)
{
	int64_t most = s->notice_lines > s->notice_rows
			? (int64_t)(s->notice_lines - s->notice_rows)
			: 0;

	to = to < 0 ? 0 : to > most ? most : to;
	if (s->notice_top == (size_t)to) {
		return false;
	}
	s->notice_top = (size_t)to;
	touch(out, s, SP_UI_W_NOTICE);
	return true;
}

static bool notice_key(
		struct sp_ui_screen *s, const struct sp_ui_key *key, struct sp_ui_result *out)
{
	int64_t top = (int64_t)s->notice_top,
		page = s->notice_rows > 1 ? (int64_t)s->notice_rows - 1 : 1;

	switch (key->kind) {
	case SP_UI_KEY_UP:
		return scroll_notice(s, out, top - 1);
	case SP_UI_KEY_DOWN:
		return scroll_notice(s, out, top + 1);
	case SP_UI_KEY_PAGE_UP:
		return scroll_notice(s, out, top - page);
	case SP_UI_KEY_PAGE_DOWN:
		return scroll_notice(s, out, top + page);
	case SP_UI_KEY_HOME:
		return scroll_notice(s, out, 0);
	case SP_UI_KEY_END:
		return scroll_notice(s, out, (int64_t)s->notice_lines);
	default:
		return false;
	}
}

static void filter_edited(struct sp_ui_screen *s, struct sp_ui_result *out)
{
	sp_ui_list_filter(&s->list, s->filter_field.text);
	s->hover_row = SIZE_MAX;
	s->click_row = SIZE_MAX;
	touch(out, s, SP_UI_W_LIST);
}

static bool field_key(struct sp_ui_screen *s, const struct sp_ui_key *key, struct sp_ui_result *out)
{
	struct sp_ui_field *f = sp_ui_screen_field(s, s->focus);
	bool edited = false;

	if (!f || !sp_ui_field_key(f, key, &edited)) {
		return false;
	}
	sp_ui_field_show_caret(f, s->scale);
	touch(out, s, s->focus);
	if (edited) {
		out->action = SP_UI_CHANGED;
		if (s->focus == SP_UI_W_FILTER) {
			filter_edited(s, out);
		}
	}
	return true;
}

static bool button_key(
		struct sp_ui_screen *s, const struct sp_ui_key *key, struct sp_ui_result *out)
{
	if (s->focus < SP_UI_W_BUTTON) {
		return false;
	}
	if (key->kind == SP_UI_KEY_CHAR && key->ch == ' ') {
		if (!key->repeat) {
			submit(s, out, s->focus - SP_UI_W_BUTTON);
		}
		return true;
	}
	if (key->kind == SP_UI_KEY_LEFT || key->kind == SP_UI_KEY_RIGHT) {
		/* To the neighbour by place: the default button stands right of all others. */
		size_t best = s->focus;
		int32_t x = sp_ui_screen_box(s, s->focus).x,
			way = key->kind == SP_UI_KEY_LEFT ? -1 : 1;

		for (size_t w = SP_UI_W_BUTTON; w < SP_UI_W_COUNT; w++) {
			int32_t there = sp_ui_screen_box(s, w).x;

			if (sp_ui_screen_can_focus(s, w) && (there - x) * way > 0 &&
					(best == s->focus ||
							(sp_ui_screen_box(s, best).x - there) *
											way >
									0)) {
				best = w;
			}
		}
		focus(s, out, best);
		return true;
	}
	return false;
}

/* The button with the focus, else the default one; or on to the field that still lacks something. */
static void enter(struct sp_ui_screen *s, struct sp_ui_result *out)
{
	bool on_button = s->focus >= SP_UI_W_BUTTON;
	size_t button = on_button ? s->focus - SP_UI_W_BUTTON : sp_ui_screen_default(s);

	if (!on_button && button < sp_ui_screen_buttons(s) && s->button[button].needs &&
			!s->ready) {
		focus(s, out, sp_ui_screen_missing(s));
	} else {
		submit(s, out, button);
	}
}

static void key_down(struct sp_ui_screen *s, const struct sp_ui_key *key, struct sp_ui_result *out)
{
	switch (key->kind) {
	case SP_UI_KEY_TAB:
		focus_next(s, out, key->shift);
		return;
	case SP_UI_KEY_ENTER:
		if (!key->repeat) {
			enter(s, out);
		}
		return;
	case SP_UI_KEY_ESCAPE:
		if (!key->repeat) {
			cancel(s, out);
		}
		return;
	default:
		break;
	}
	if (button_key(s, key, out) || field_key(s, key, out)) {
		return;
	}
	bool in_list = s->focus == SP_UI_W_LIST || s->focus == SP_UI_W_FILTER;

	if (in_list && sp_ui_list_key(&s->list, key, s->focus == SP_UI_W_LIST)) {
		touch(out, s, SP_UI_W_LIST);
		out->action = SP_UI_CHANGED;
	} else if (!in_list) {
		(void)notice_key(s, key, out);
	}
}

static bool inside(struct sp_rect r, int32_t x, int32_t y)
{
	return r.x <= x && x < r.x + r.w && r.y <= y && y < r.y + r.h;
}

static size_t widget_at(const struct sp_ui_screen *s, int32_t x, int32_t y)
{
	for (size_t w = SP_UI_W_FIELD; w < SP_UI_W_COUNT; w++) {
		bool there = w == SP_UI_W_LIST        ? s->list.n > 0
				: w == SP_UI_W_NOTICE ? s->notice_lines > 0
						      : sp_ui_screen_can_focus(s, w);

		if (there && inside(sp_ui_screen_box(s, w), x, y)) {
			return w;
		}
	}
	return SP_UI_W_NONE;
}

/* Puts the middle of what is visible where the mouse is on the scroll bar. */
static void drag_to(struct sp_ui_screen *s, struct sp_ui_result *out, int32_t y)
{
	bool list = s->pressed == SP_UI_W_LIST;
	struct sp_rect r = sp_ui_screen_box(s, s->pressed);
	int64_t all = (int64_t)(list ? s->list.n_shown : s->notice_lines);
	int64_t rows = (int64_t)(list ? s->list.rows : s->notice_rows);
	int64_t to = r.h > 0 ? (int64_t)(y - r.y) * all / r.h - rows / 2 : 0;

	if (!list) {
		scroll_notice(s, out, to);
	} else if (sp_ui_list_scroll(&s->list, (int32_t)(to - (int64_t)s->list.top))) {
		touch(out, s, SP_UI_W_LIST);
	}
}

static void press_row(struct sp_ui_screen *s, struct sp_ui_result *out, size_t row, uint64_t now_us)
{
	if (row >= s->list.n_shown) {
		return;
	}
	bool twice = s->click_row == row && now_us - s->click_us <= DOUBLE_CLICK_US;

	s->click_row = twice ? SIZE_MAX : row;
	s->click_us = now_us;
	if (s->list.at != row) {
		s->list.at = row;
		out->action = SP_UI_CHANGED;
		touch(out, s, SP_UI_W_LIST);
	}
	if (twice) {
		submit(s, out, sp_ui_screen_default(s));
	}
}

static void press(struct sp_ui_screen *s, struct sp_ui_result *out, int32_t x, int32_t y,
		bool shift, uint64_t now_us)
{
	size_t w = widget_at(s, x, y);
	struct sp_ui_field *f = sp_ui_screen_field(s, w);
	struct sp_rect r = sp_ui_screen_box(s, w);

	s->pressed = w;
	s->drag = false;
	focus(s, out, w == SP_UI_W_LIST && s->filter ? SP_UI_W_FILTER : w);
	touch(out, s, w >= SP_UI_W_BUTTON || f ? w : SP_UI_W_NONE);
	if (f) {
		sp_ui_field_click(f, x, s->scale, shift);
	} else if ((w == SP_UI_W_LIST || w == SP_UI_W_NOTICE) &&
			x >= r.x + r.w - SCROLLBAR_W * s->scale) {
		s->drag = true;
		drag_to(s, out, y);
	} else if (w == SP_UI_W_LIST) {
		press_row(s, out, sp_ui_list_at(&s->list, x, y), now_us);
	}
}

static void hover(struct sp_ui_screen *s, struct sp_ui_result *out, int32_t x, int32_t y)
{
	size_t w = widget_at(s, x, y),
	       row = w == SP_UI_W_LIST ? sp_ui_list_at(&s->list, x, y) : SIZE_MAX;

	if (w != s->hover) {
		touch(out, s, s->hover >= SP_UI_W_BUTTON ? s->hover : SP_UI_W_NONE);
		touch(out, s, w >= SP_UI_W_BUTTON ? w : SP_UI_W_NONE);
		s->hover = w;
	}
	if (row != s->hover_row) {
		s->hover_row = row;
		touch(out, s, SP_UI_W_LIST);
	}
}

static void wheel(struct sp_ui_screen *s, struct sp_ui_result *out, const struct sp_input_event *ev)
{
	size_t w = widget_at(s, ev->x, ev->y);
	int turn = sp_input_wheel(ev), rows = turn > 0 ? -WHEEL_ROWS : turn < 0 ? WHEEL_ROWS : 0;

	if (w == SP_UI_W_NOTICE || (s->list.n == 0 && s->notice_lines > 0)) {
		scroll_notice(s, out, (int64_t)s->notice_top + rows);
	} else if (s->list.n > 0 && sp_ui_list_scroll(&s->list, rows)) {
		s->click_row = SIZE_MAX;
		s->hover_row = sp_ui_list_at(&s->list, ev->x, ev->y);
		touch(out, s, SP_UI_W_LIST);
	}
}

static void mouse(struct sp_ui_screen *s, const struct sp_ui_keyboard *k,
		const struct sp_input_event *ev, struct sp_ui_result *out, uint64_t now_us)
{
	struct sp_ui_field *f = sp_ui_screen_field(s, s->pressed);

	if (ev->flags & SP_MOUSE_WHEEL) {
		wheel(s, out, ev);
		return;
	}
	if (ev->flags & SP_MOUSE_HWHEEL) {
		return;
	}
	hover(s, out, ev->x, ev->y);
	if (!(ev->flags & SP_MOUSE_BUTTON1)) {
		if (s->drag) {
			drag_to(s, out, ev->y);
		} else if (f) {
			sp_ui_field_click(f, ev->x, s->scale, true);
			touch(out, s, s->pressed);
		}
		return;
	}
	if (ev->flags & SP_MOUSE_DOWN) {
		press(s, out, ev->x, ev->y, sp_ui_keyboard_shift(k), now_us);
		return;
	}
	if (s->pressed >= SP_UI_W_BUTTON) {
		touch(out, s, s->pressed);
		if (s->hover == s->pressed) {
			submit(s, out, s->pressed - SP_UI_W_BUTTON);
		}
	}
	s->pressed = SP_UI_W_NONE;
	s->drag = false;
}

struct sp_ui_result sp_ui_screen_input(struct sp_ui_screen *s, struct sp_ui_keyboard *k,
		const struct sp_input_event *ev, uint64_t now_us)
{
	struct sp_ui_result out = {.action = SP_UI_NONE};
	struct sp_ui_key key;
	const char *badge;

	switch (ev->kind) {
	case SP_INPUT_SCANCODE:
	case SP_INPUT_UNICODE:
	case SP_INPUT_SYNC:
		if (sp_ui_keyboard_event(k, ev, &key)) {
			key_down(s, &key, &out);
		}
		break;
	case SP_INPUT_MOUSE:
		mouse(s, k, ev, &out, now_us);
		break;
	default:
		break;
	}
	if (sp_ui_screen_check(s)) {
		for (size_t i = 0; i < sp_ui_screen_buttons(s); i++) {
			touch(&out, s, s->button[i].needs ? SP_UI_W_BUTTON + i : SP_UI_W_NONE);
		}
	}
	badge = sp_ui_keyboard_badge(k);
	if (badge != s->badge) {
		s->badge = badge;
		touch(&out, s, s->focus);
	}
	if (out.damage.n > 0) {
		if (!s->caret_on) {
			touch(&out, s, s->focus);
		}
		s->caret_on = true;
		s->blink_us = now_us;
		sp_ui_screen_plan(s, now_us);
	}
	return out;
}
