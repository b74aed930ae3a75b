/*
 * core/ui/screen.h - one screen of the greeter: a card with a title, texts, fields, a list, a
 * QR code, codes to write down and buttons, put together from plain data.
 *
 * Fill in a zeroed struct sp_ui_screen, call sp_ui_screen_layout(), draw its bounds once, then
 * give it every input event and draw what it says is damaged. Texts are UTF-8 and borrowed
 * while the screen stands; NULL and "" leave the part out.
 */
#ifndef SP_CORE_UI_SCREEN_H
#define SP_CORE_UI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rect.h"
#include "core/pdu/input.h"
#include "core/ui/canvas.h"
#include "core/ui/field.h"
#include "core/ui/keyboard.h"
#include "core/ui/list.h"

#define SP_UI_MAX_FIELDS 3
#define SP_UI_MAX_BUTTONS 3
#define SP_UI_MAX_CODES 12
#define SP_UI_MAX_QR 177 /* modules of a version 40 code */
#define SP_UI_MAX_DAMAGE 4

/* The colour of the desktop around the card, also for the monitors without it. */
#define SP_UI_BACKGROUND 0x151B23

struct sp_ui_button {
	const char *text;
	bool primary; /* the first primary one is what Enter presses; else button 0 */
	bool disabled;
	bool needs; /* disabled while a field is empty, a code not complete, or no row chosen */
	bool cancel; /* Escape presses it; without one Escape gives SP_UI_CANCEL */
	struct sp_rect box; /* from layout */
};

/* The caller sets the first block; the rest belongs to the kit. */
struct sp_ui_screen {
	const char *product; /* small, at the top; NULL: "Sallyport" */
	enum sp_ui_icon icon; /* before the title */
	const char *title;
	const char *text; /* paragraphs, '\n' between them */
	const char *notice; /* a text of any length in a box that scrolls */
	struct sp_ui_field field[SP_UI_MAX_FIELDS];
	size_t n_fields;
	struct sp_ui_list list;
	bool filter; /* with a list: typing filters; the field for it stands above the list */
	const char *filter_hint; /* NULL: "Filter" */
	const uint8_t *qr; /* qr_n * qr_n bytes, 0 light; NULL none */
	size_t qr_n; /* INVARIANT: <= SP_UI_MAX_QR */
	const char *qr_text; /* the same secret to type in, below the code */
	const char *const *codes; /* to be written down: in two columns, each letter in a cell */
	size_t n_codes; /* those above SP_UI_MAX_CODES are not shown */
	const char *error; /* a few lines above the buttons, red */
	struct sp_ui_button button[SP_UI_MAX_BUTTONS];
	size_t n_buttons;
	bool busy; /* a bar that moves; for waiting */
	int progress; /* with busy: 0 moves to and fro, 1..1000 filled so far */
	const char *footer; /* below the card: host and time */

	uint8_t scale; /* 1 or 2 */
	bool compact; /* little room: narrow margins */
	struct sp_rect area; /* the primary monitor */
	struct sp_rect card;
	struct sp_rect bounds; /* all that is not background; inside area */
	struct sp_rect head_box, title_box, text_box, notice_box, qr_box, qr_text_box, codes_box,
			error_box, busy_box;
	struct sp_rect footer_box;
	struct sp_ui_field filter_field;
	size_t focus; /* widget, see screen_part.h; as are hover and pressed */
	size_t hover, pressed; /* under the mouse; the one that took the press */
	size_t hover_row; /* of the list */
	bool drag; /* the press was on a scroll bar */
	size_t notice_top, notice_rows, notice_lines;
	uint64_t click_us; /* of the last press on a row of the list, for double clicks */
	size_t click_row;
	uint64_t blink_us; /* of the last input: the caret is visible then */
	uint64_t next_us; /* when tick has something to do, 0 never */
	bool caret_on;
	uint32_t frame; /* of the wait bar */
	bool ready; /* the buttons that need something have it */
	const char *badge; /* of the keyboard */
};

enum sp_ui_action {
	SP_UI_NONE,
	SP_UI_CHANGED, /* content of a field or the choice of the list */
	SP_UI_SUBMIT, /* button number .button was pressed, by whatever means */
	SP_UI_CANCEL, /* Escape, and no button is marked cancel */
};

/* Rectangles to draw again and to send, one bitmap update each; disjoint in what matters. */
struct sp_ui_damage {
	size_t n;
	struct sp_rect r[SP_UI_MAX_DAMAGE];
};

struct sp_ui_result {
	enum sp_ui_action action;
	size_t button;
	struct sp_ui_damage damage;
};

/* 2 for a client's desktopScaleFactor >= 150 or a monitor of 3000 pixels and more, else 1. */
unsigned sp_ui_scale(int32_t width, uint32_t desktop_scale_factor);

/*
 * Places everything inside area (a monitor, desktop coordinates), keeps contents, choice and
 * focus. To be called again after the caller changed a text or the area changed; then draw the
 * bounds from before and after. now_us starts the caret's blinking.
 */
void sp_ui_screen_layout(
		struct sp_ui_screen *s, struct sp_rect area, unsigned scale, uint64_t now_us);
/*
 * Draws all that lies in the canvas's clip, background included. Depends on nothing but s, so
 * any part may be drawn at any time into a canvas of any place and size.
 */
void sp_ui_screen_draw(struct sp_ui_canvas *c, const struct sp_ui_screen *s);
/* k outlives the screens. Events that mean nothing give SP_UI_NONE without damage. */
struct sp_ui_result sp_ui_screen_input(struct sp_ui_screen *s, struct sp_ui_keyboard *k,
		const struct sp_input_event *ev, uint64_t now_us);
/* Blinks the caret and moves the wait bar; call at sp_ui_screen_deadline(), more often does no harm. */
struct sp_ui_damage sp_ui_screen_tick(struct sp_ui_screen *s, uint64_t now_us);
/* When tick has something to do next; 0 never. */
uint64_t sp_ui_screen_deadline(const struct sp_ui_screen *s);
/* Overwrites the contents of all fields. */
void sp_ui_screen_wipe(struct sp_ui_screen *s);

#endif
