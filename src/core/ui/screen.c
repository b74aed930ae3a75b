/* core/ui/screen.c - places the parts of a screen on its card. */
#include "core/ui/screen.h"

#include <string.h>

#include "core/base/utf16.h"
#include "core/ui/screen_part.h"

#define BLINK_US 530000
#define BLINK_LONG_US 30000000 /* after this long without input the caret stands still */

#define CARD_W 480 /* unscaled, as all below */
#define CARD_W_WIDE 560
#define CARD_W_CODES 640
#define CARD_W_QR 680
#define PAD 32 /* between the card and its parts */
#define MARGIN 16 /* around the card, at least */
#define HEAD_H 20
#define FIELD_H 40
#define CODE_H 54
#define LABEL_H 24
#define BUTTON_H 40
#define BUTTON_MIN_W 104
#define BUTTON_PAD 20
#define BUTTON_GAP 12
#define QR_W 236
#define LIST_ROWS 9 /* shown when there is room */
#define LIST_W_MAX 760 /* of a card, where the list has long lines */
#define NOTICE_ROWS 12
#define TEXT_ROWS 12
#define TITLE_ROWS 5
#define ERROR_ROWS 9
#define TITLE_ICON 28

/* The stack of parts while it is being built: x and w of the column, y of the next part. */
struct stack {
	int32_t s; /* scale */
	int32_t x, w, y;
	int32_t gap; /* between parts */
	size_t title_rows, text_rows, list_rows, notice_rows, error_rows;
};

size_t sp_ui_screen_fields(const struct sp_ui_screen *s)
{
	return s->n_fields < SP_UI_MAX_FIELDS ? s->n_fields : SP_UI_MAX_FIELDS;
}

size_t sp_ui_screen_codes(const struct sp_ui_screen *s)
{
	return s->n_codes < SP_UI_MAX_CODES ? s->n_codes : SP_UI_MAX_CODES;
}

size_t sp_ui_screen_buttons(const struct sp_ui_screen *s)
{
	return s->n_buttons < SP_UI_MAX_BUTTONS ? s->n_buttons : SP_UI_MAX_BUTTONS;
}

unsigned sp_ui_scale(int32_t width, uint32_t desktop_scale_factor)
{
	return desktop_scale_factor >= 150 || width >= 3000 ? 2 : 1;
}

static struct sp_rect take(struct stack *k, int32_t h, int32_t before)
{
	struct sp_rect r = {k->x, k->y + before, k->w, h};

	k->y = r.y + h;
	return r;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A wrapped text of at most rows lines; an empty rectangle when there is none. */
static struct sp_rect take_text(struct stack *k, enum sp_ui_style style, const char *text,
		size_t rows, int32_t before)
{
	const struct sp_ui_font *f = sp_ui_font(style, (unsigned)k->s);

	if (!sp_ui_given(text)) {
		return (struct sp_rect){0};
	}
	return take(k, (int32_t)sp_ui_wrap_lines(f, k->w, text, rows) * f->line, before);
}

static void stack_fields(struct sp_ui_screen *s, struct stack *k)
{
	for (size_t i = 0; i < sp_ui_screen_fields(s); i++) {
		struct sp_ui_field *f = &s->field[i];
		int32_t gap = i > 0 ? 14 * k->s : k->gap,
			label = sp_ui_given(f->label) ? LABEL_H * k->s : 0;

		f->box = take(k, (f->kind == SP_UI_FIELD_CODE ? CODE_H : FIELD_H) * k->s,
				gap + label);
	}
}

/* The code on its paper at the left, all that is to be read and typed beside it. */
static void stack_qr(struct sp_ui_screen *s, struct stack *k)
{
	int32_t n = (int32_t)s->qr_n + 8 /* the quiet zone */, module = QR_W * k->s / n;
	int32_t side = (module > 0 ? module : 1) * n, gap = 28 * k->s, top = k->y;
	struct stack right = *k;

	s->qr_box = (struct sp_rect){k->x, k->y + k->gap, side, side};
	bool beside = k->w - side - gap >= 250 * k->s;

	if (beside) {
		right.x += side + gap;
		right.w -= side + gap;
		right.y += k->gap - 4 * k->s;
	} else {
		right.y = top + k->gap + side + 12 * k->s;
	}
	s->text_box = take_text(&right, SP_UI_TEXT, s->text, k->text_rows, 0);
	s->qr_text_box = take_text(&right, SP_UI_STRONG, s->qr_text, 4, 10 * k->s);
	stack_fields(s, &right);
	k->y = top + k->gap + side;
	k->y = right.y > k->y ? right.y : k->y;
}

static void stack_list(struct sp_ui_screen *s, struct stack *k)
{
	if (s->list.n == 0) {
		return;
	}
	if (s->filter) {
		s->filter_field.box = take(k, FIELD_H * k->s, k->gap);
		k->y += 8 * k->s - k->gap;
	}
	sp_ui_list_place(&s->list, k->w, (unsigned)k->s);
	s->list.rows = least(k->list_rows, least(s->list.n, SP_UI_LIST_MAX));
	s->list.box = take(k, (int32_t)s->list.rows * s->list.row_h + 8 * k->s, k->gap);
}

static void stack_notice(struct sp_ui_screen *s, struct stack *k)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, (unsigned)k->s);
	int32_t pad = SP_UI_NOTICE_PAD * k->s;

	s->notice_lines = 0;
	if (!sp_ui_given(s->notice)) {
		return;
	}
	s->notice_lines = sp_ui_wrap_lines(f, k->w - 2 * pad, s->notice, SP_UI_NOTICE_MAX);
	s->notice_rows = least(k->notice_rows, s->notice_lines);
	s->notice_box = take(k, (int32_t)s->notice_rows * f->line + 2 * pad, k->gap);
}

/* Width of a letter of the codes: that of the widest. */
static int32_t code_letter(const struct sp_ui_screen *s, int32_t scale)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_STRONG, (unsigned)scale);
	int32_t most = 0;

	for (size_t i = 0; i < sp_ui_screen_codes(s); i++) {
		for (const char *p = s->codes[i]; *p;) {
			const char *from = p;

			(void)sp_utf8_next(&p);
			int32_t w = sp_ui_text_width(f, from, (size_t)(p - from));
			most = w > most ? w : most;
		}
	}
	return most + scale;
}

static void stack_codes(struct sp_ui_screen *s, struct stack *k)
{
	int32_t rows = (int32_t)(sp_ui_screen_codes(s) + 1) / 2;

	s->codes_box = (struct sp_rect){0};
	if (rows > 0) {
		s->codes_box = take(
				k, (rows * SP_UI_CODE_LINE + 2 * SP_UI_CODES_PAD) * k->s, k->gap);
	}
}

struct sp_rect sp_ui_screen_code(const struct sp_ui_screen *s, size_t i, int32_t *letter)
{
	int32_t k = s->scale, rows = (int32_t)(sp_ui_screen_codes(s) + 1) / 2,
		row = (int32_t)i % rows, column = (int32_t)i / rows, pad = SP_UI_CODES_PAD * k,
		w = (s->codes_box.w - 2 * pad) / 2;

	*letter = code_letter(s, k);
	return (struct sp_rect){s->codes_box.x + pad + column * w,
			s->codes_box.y + pad + row * SP_UI_CODE_LINE * k, w, SP_UI_CODE_LINE * k};
}

static int32_t button_width(const struct sp_ui_button *b, int32_t scale)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_STRONG, (unsigned)scale);
	int32_t w = 2 * BUTTON_PAD * scale + sp_ui_text_width(f, b->text ? b->text : "", SIZE_MAX);

	return w < BUTTON_MIN_W * scale ? BUTTON_MIN_W * scale : w;
}

/* Right to left: the default button in the corner, the others in their order before it. */
static void stack_buttons(struct sp_ui_screen *s, struct stack *k)
{
	size_t n = sp_ui_screen_buttons(s), main = sp_ui_screen_default(s);

	if (n == 0) {
		return;
	}
	struct sp_rect row = take(k, BUTTON_H * k->s, k->gap + 4 * k->s);
	int32_t gap = BUTTON_GAP * k->s, room = row.w - (int32_t)(n - 1) * gap, x = row.x + row.w;
	int64_t all = 0;

	for (size_t i = 0; i < n; i++) {
		all += button_width(&s->button[i], k->s);
	}
	for (size_t i = 0; i <= n; i++) {
		size_t at = i == 0 ? main : n - i;

		if (at >= n || (i > 0 && at == main)) {
			continue;
		}
		int32_t w = button_width(&s->button[at], k->s);

		w = all > room ? (int32_t)(w * (int64_t)room / all) : w;
		x -= w;
		s->button[at].box = (struct sp_rect){x, row.y, w, row.h};
		x -= gap;
	}
}

static void stack_head(struct sp_ui_screen *s, struct stack *k)
{
	s->head_box = take(k, HEAD_H * k->s, 0);
	if (!sp_ui_given(s->title)) {
		return;
	}
	int32_t icon = s->icon != SP_UI_ICON_NONE ? (TITLE_ICON + 12) * k->s : 0;

	k->x += icon;
	k->w -= icon;
	s->title_box = take_text(k, SP_UI_TITLE, s->title, k->title_rows, k->gap);
	k->x -= icon;
	k->w += icon;
}

/* All parts with the card's inner edge at k; the height they took. */
static int32_t stack_all(struct sp_ui_screen *s, struct stack k)
{
	int32_t top = k.y;

	s->text_box = s->title_box = s->notice_box = s->qr_box = s->qr_text_box =
			(struct sp_rect){0};
	s->error_box = s->busy_box = s->footer_box = s->list.box = s->filter_field.box =
			(struct sp_rect){0};
	stack_head(s, &k);
	if (s->qr && s->qr_n > 0 && s->qr_n <= SP_UI_MAX_QR) {
		stack_qr(s, &k);
	} else {
		s->text_box = take_text(&k, SP_UI_TEXT, s->text, k.text_rows, 8 * k.s);
		stack_notice(s, &k);
		stack_fields(s, &k);
	}
	stack_list(s, &k);
	stack_codes(s, &k);
	if (s->busy) {
		s->busy_box = take(&k, 4 * k.s, k.gap + 4 * k.s);
	}
	if (sp_ui_given(s->error)) {
		int32_t pad = SP_UI_ERROR_PAD * k.s, side = pad * 2 + SP_UI_ERROR_ICON * k.s;
		const struct sp_ui_font *f = sp_ui_font(SP_UI_TEXT, (unsigned)k.s);
		size_t lines = sp_ui_wrap_lines(f, k.w - side - pad, s->error, k.error_rows);

		s->error_box = take(&k, (int32_t)lines * f->line + 2 * pad, k.gap);
	}
	stack_buttons(s, &k);
	return k.y - top;
}

/* Shrinks what can be scrolled or cut until the parts fit into h; false when they do not. */
static bool squeeze(struct sp_ui_screen *s, struct stack *k, int32_t h, int32_t *used)
{
	size_t *flex[] = {&k->list_rows, &k->notice_rows, &k->text_rows, &k->error_rows,
			&k->title_rows};
	const size_t low[] = {2, 4, 3, 3, 2};

	*used = stack_all(s, *k);
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]) && *used > h; i++) {
		while (*used > h && *flex[i] > low[i]) {
			--*flex[i];
			*used = stack_all(s, *k);
		}
	}
	return *used <= h;
}

/* Unscaled: what the widest part wants. */
static int32_t card_width(const struct sp_ui_screen *s, int32_t k)
{
	const struct sp_ui_font *f = sp_ui_font(SP_UI_TITLE, (unsigned)k);
	int32_t icon = s->icon != SP_UI_ICON_NONE ? TITLE_ICON + 12 : 0;
	int32_t title = sp_ui_given(s->title) ? sp_ui_text_width(f, s->title, SIZE_MAX) / k : 0;
	bool wide = sp_ui_given(s->notice) || title + icon + 2 * PAD > CARD_W;

	if (s->qr) {
		return CARD_W_QR;
	}
	if (sp_ui_screen_codes(s) > 0) {
		return CARD_W_CODES;
	}
	if (s->list.n > 0) {
		int32_t need = sp_ui_list_width(&s->list, (unsigned)k) / k + 2 * PAD;

		return need < CARD_W_WIDE ? CARD_W_WIDE : need < LIST_W_MAX ? need : LIST_W_MAX;
	}
	return wide ? CARD_W_WIDE : CARD_W;
}

static bool try(struct sp_ui_screen *s, unsigned scale, bool compact)
{
	int32_t k = (int32_t)scale, pad = (compact ? 18 : PAD) * k,
		footer = sp_ui_given(s->footer) ? 40 * k : 0;
	int32_t w = card_width(s, k);
	int32_t room = s->area.w - 2 * MARGIN * k, used;
	struct stack stack = {.s = k,
			.gap = (compact ? 12 : 20) * k,
			.title_rows = TITLE_ROWS,
			.error_rows = ERROR_ROWS,
			.text_rows = TEXT_ROWS,
			.list_rows = LIST_ROWS,
			.notice_rows = NOTICE_ROWS};

	s->scale = (uint8_t)scale;
	s->compact = compact;
	w = w * k < room ? w * k : room;
	w = w > 2 * pad + 16 ? w : 2 * pad + 16;
	stack.x = s->area.x + (s->area.w - w) / 2 + pad;
	stack.w = w - 2 * pad;
	stack.y = 0;
	bool fits = room >= 400 * k;

	fits &= squeeze(s, &stack, s->area.h - 2 * MARGIN * k - 2 * pad - footer, &used);
	int32_t h = used + 2 * pad, spare = s->area.h - h - footer;
	int32_t top = s->area.y +
			(spare > 0 ? spare / 2 : 0); /* too much: the title is to be seen */

	s->card = (struct sp_rect){stack.x - pad, top, w, h};
	stack.y = top + pad;
	stack_all(s, stack);
	if (footer > 0) {
		s->footer_box = (struct sp_rect){
				s->card.x, top + h + footer / 4, w, footer * 3 / 4};
	}
	s->bounds = sp_rect_and(sp_rect_or(s->card, s->footer_box), s->area);
	return fits;
}

struct sp_rect sp_ui_screen_box(const struct sp_ui_screen *s, size_t widget)
{
	if (SP_UI_W_FIELD <= widget && widget < SP_UI_W_FILTER) {
		return s->field[widget - SP_UI_W_FIELD].box;
	}
	if (SP_UI_W_BUTTON <= widget && widget < SP_UI_W_COUNT) {
		return s->button[widget - SP_UI_W_BUTTON].box;
	}
	switch (widget) {
	case SP_UI_W_FILTER:
		return s->filter_field.box;
	case SP_UI_W_LIST:
		return s->list.box;
	case SP_UI_W_NOTICE:
		return s->notice_box;
	default:
		return (struct sp_rect){0};
	}
}

struct sp_ui_field *sp_ui_screen_field(struct sp_ui_screen *s, size_t widget)
{
	if (SP_UI_W_FIELD <= widget && widget < SP_UI_W_FILTER) {
		return &s->field[widget - SP_UI_W_FIELD];
	}
	return widget == SP_UI_W_FILTER ? &s->filter_field : NULL;
}

bool sp_ui_screen_can_focus(const struct sp_ui_screen *s, size_t widget)
{
	if (SP_UI_W_FIELD <= widget && widget < SP_UI_W_FILTER) {
		return widget - SP_UI_W_FIELD < sp_ui_screen_fields(s);
	}
	if (SP_UI_W_BUTTON <= widget && widget < SP_UI_W_COUNT) {
		size_t i = widget - SP_UI_W_BUTTON;

		return i < sp_ui_screen_buttons(s) && sp_ui_screen_enabled(s, i);
	}
	switch (widget) {
	case SP_UI_W_FILTER:
		return s->list.n > 0 && s->filter;
	case SP_UI_W_LIST: /* with a filter the two are one: the arrows move in the list */
		return s->list.n > 0 && !s->filter;
	case SP_UI_W_NOTICE:
		return s->notice_lines > s->notice_rows;
	default:
		return false;
	}
}

size_t sp_ui_screen_missing(const struct sp_ui_screen *s)
{
	for (size_t i = 0; i < sp_ui_screen_fields(s); i++) {
		if (!sp_ui_field_done(&s->field[i])) {
			return SP_UI_W_FIELD + i;
		}
	}
	return SP_UI_W_NONE;
}

bool sp_ui_screen_check(struct sp_ui_screen *s)
{
	bool before = s->ready;

	s->ready = sp_ui_screen_missing(s) == SP_UI_W_NONE &&
			(s->list.n == 0 || s->list.n_shown > 0);
	return s->ready != before;
}

bool sp_ui_screen_enabled(const struct sp_ui_screen *s, size_t button)
{
	const struct sp_ui_button *b = &s->button[button];

	return !b->disabled && (!b->needs || s->ready);
}

size_t sp_ui_screen_default(const struct sp_ui_screen *s)
{
	for (size_t i = 0; i < sp_ui_screen_buttons(s); i++) {
		if (s->button[i].primary) {
			return i;
		}
	}
	return sp_ui_screen_buttons(s) > 0 ? 0 : SP_UI_MAX_BUTTONS;
}

/* What is to be typed or chosen comes first, else the default button. */
static size_t first_focus(const struct sp_ui_screen *s)
{
	size_t main = sp_ui_screen_default(s);

	for (size_t w = SP_UI_W_FIELD; w <= SP_UI_W_LIST; w++) {
		if (sp_ui_screen_can_focus(s, w)) {
			return w;
		}
	}
	if (main < SP_UI_MAX_BUTTONS && sp_ui_screen_can_focus(s, SP_UI_W_BUTTON + main)) {
		return SP_UI_W_BUTTON + main;
	}
	for (size_t w = SP_UI_W_NOTICE; w < SP_UI_W_COUNT; w++) {
		if (sp_ui_screen_can_focus(s, w)) {
			return w;
		}
	}
	return SP_UI_W_NONE;
}

void sp_ui_screen_layout(
		struct sp_ui_screen *s, struct sp_rect area, unsigned scale, uint64_t now_us)
{
	s->area = area;
	s->filter_field.kind = SP_UI_FIELD_TEXT;
	s->filter_field.hint = s->filter_hint ? s->filter_hint : "Filter";
	if (!(scale == 2 && (try(s, 2, false) || try(s, 2, true))) && !try(s, 1, false)) {
		(void)try(s, 1, true);
	}
	if (s->list.n > 0) {
		sp_ui_list_filter(&s->list, s->filter ? s->filter_field.text : "");
	}
	sp_ui_screen_check(s);
	size_t most = s->notice_lines > s->notice_rows ? s->notice_lines - s->notice_rows : 0;

	s->notice_top = least(s->notice_top, most);
	if (!sp_ui_screen_can_focus(s, s->focus)) {
		s->focus = first_focus(s);
	}
	for (size_t w = SP_UI_W_FIELD; w <= SP_UI_W_FILTER; w++) {
		sp_ui_field_show_caret(sp_ui_screen_field(s, w), s->scale);
	}
	s->hover = s->pressed = SP_UI_W_NONE;
	s->drag = false;
	s->hover_row = SIZE_MAX;
	s->click_row = SIZE_MAX;
	s->caret_on = true;
	s->blink_us = now_us;
	sp_ui_screen_plan(s, now_us);
}

/* The caret's phase: visible in the even ones, and for good once nobody types any more. */
static bool caret_on(const struct sp_ui_screen *s, uint64_t now_us)
{
	uint64_t since = now_us > s->blink_us ? now_us - s->blink_us : 0;

	return since >= BLINK_LONG_US || since / BLINK_US % 2 == 0;
}

void sp_ui_screen_plan(struct sp_ui_screen *s, uint64_t now_us)
{
	uint64_t since = now_us > s->blink_us ? now_us - s->blink_us : 0;

	s->next_us = 0;
	if (sp_ui_screen_field(s, s->focus) && since < BLINK_LONG_US) {
		s->next_us = s->blink_us + (since / BLINK_US + 1) * BLINK_US;
	}
	if (s->busy && s->progress == 0) {
		uint64_t frame = (now_us / SP_UI_BUSY_FRAME_US + 1) * SP_UI_BUSY_FRAME_US;

		s->next_us = s->next_us == 0 || frame < s->next_us ? frame : s->next_us;
	}
}

struct sp_ui_damage sp_ui_screen_tick(struct sp_ui_screen *s, uint64_t now_us)
{
	struct sp_ui_damage d = {0};
	struct sp_ui_field *f = sp_ui_screen_field(s, s->focus);
	uint32_t frame = (uint32_t)(now_us / SP_UI_BUSY_FRAME_US % SP_UI_BUSY_STEPS);

	if (f && s->caret_on != caret_on(s, now_us)) {
		s->caret_on = !s->caret_on;
		d.r[d.n] = sp_rect_and(sp_ui_field_caret(f, s->scale), s->bounds);
		d.n += !sp_rect_empty(d.r[d.n]);
	}
	if (s->busy && s->progress == 0 && s->frame != frame) {
		s->frame = frame;
		d.r[d.n] = sp_rect_and(s->busy_box, s->bounds);
		d.n += !sp_rect_empty(d.r[d.n]);
	}
	sp_ui_screen_plan(s, now_us);
	return d;
}

uint64_t sp_ui_screen_deadline(const struct sp_ui_screen *s)
{
	return s->next_us;
}

void sp_ui_screen_wipe(struct sp_ui_screen *s)
{
	for (size_t w = SP_UI_W_FIELD; w <= SP_UI_W_FILTER; w++) {
		sp_ui_field_wipe(sp_ui_screen_field(s, w));
	}
}
