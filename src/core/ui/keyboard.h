/* core/ui/keyboard.h - from a client's scancodes and unicode events to keys with a meaning. */
#ifndef SP_CORE_UI_KEYBOARD_H
#define SP_CORE_UI_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/pdu/input.h"

enum sp_ui_key_kind {
	SP_UI_KEY_NONE,
	SP_UI_KEY_CHAR, /* ch is set */
	SP_UI_KEY_LEFT,
	SP_UI_KEY_RIGHT,
	SP_UI_KEY_UP,
	SP_UI_KEY_DOWN,
	SP_UI_KEY_HOME,
	SP_UI_KEY_END,
	SP_UI_KEY_PAGE_UP,
	SP_UI_KEY_PAGE_DOWN,
	SP_UI_KEY_TAB,
	SP_UI_KEY_ENTER,
	SP_UI_KEY_ESCAPE,
	SP_UI_KEY_BACKSPACE,
	SP_UI_KEY_DELETE,
	SP_UI_KEY_SELECT_ALL,
};

struct sp_ui_key {
	enum sp_ui_key_kind kind;
	uint32_t ch; /* CHAR: Unicode */
	uint32_t ch2; /* CHAR: a second one, when an accent found no letter to stand on; else 0 */
	int8_t digit; /* 0..9: the digit row or the keypad, in every layout and shift state; else -1 */
	bool shift, ctrl;
	bool repeat; /* Enter, Escape and Space that were not let go, perhaps since the last screen */
};

/* One per connection, longer than any screen: what is held down and which locks are on. */
struct sp_ui_keyboard {
	uint8_t layout; /* index into the tables; set with sp_ui_keyboard_init */
	bool latin; /* a layout with other letters types Latin for now (Alt+Shift) */
	uint8_t held; /* bits of Shift, Ctrl, Alt, AltGr */
	uint8_t locks; /* enum sp_input_lock */
	uint16_t dead; /* accent that waits for its letter, 0 none */
	uint8_t down; /* which of Enter, Escape, Space are down */
	uint16_t high; /* first half of a surrogate pair, 0 none */
};

/* lcid: keyboardLayout of the client's core data; an unknown one types as the US layout. */
void sp_ui_keyboard_init(struct sp_ui_keyboard *k, uint32_t lcid);
/* Takes one SCANCODE, UNICODE or SYNC event; true when it meant the key in *out. */
bool sp_ui_keyboard_event(
		struct sp_ui_keyboard *k, const struct sp_input_event *ev, struct sp_ui_key *out);
bool sp_ui_keyboard_shift(const struct sp_ui_keyboard *k);
/* "EN", "РУ": what is typed now, for layouts with two alphabets; NULL for the others. Static. */
const char *sp_ui_keyboard_badge(const struct sp_ui_keyboard *k);

#endif
