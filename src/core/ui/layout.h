/* core/ui/layout.h - what the keys of common keyboards type. */
#ifndef SP_CORE_UI_LAYOUT_H
#define SP_CORE_UI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SP_UI_LAYOUT_KEYS 48

enum sp_ui_level {
	SP_UI_PLAIN,
	SP_UI_SHIFT,
	SP_UI_ALTGR,
	SP_UI_SHIFT_ALTGR,
	SP_UI_LEVEL_COUNT
};

struct sp_ui_layout {
	uint16_t lcid; /* low word of the keyboardLayout */
	bool other; /* no Latin letters: Alt+Shift goes to the US layout and back */
	bool shift_lock; /* Caps Lock shifts the digit row as well */
	const char *badge; /* of other layouts */
	/*
	 * One character a key, in the order of the keyboard: 29, 02..0D; 10..1B; 1E..28, 2B; 56,
	 * 2C..35. A blank types nothing; U+0300..U+030C are dead. NULL: the level is empty.
	 */
	const uint16_t *level[SP_UI_LEVEL_COUNT];
};

/* The layout for a keyboardLayout: exact, else of the same language, else US. Static. */
const struct sp_ui_layout *sp_ui_layout(size_t index);
size_t sp_ui_layout_find(uint32_t lcid);
/* Position of a scancode in a level, -1 for a key without a character. */
int sp_ui_layout_key(uint16_t scancode);
/* Accent (U+0300..) on a letter; 0 when there is no such letter. With a blank the accent itself. */
uint32_t sp_ui_layout_compose(uint16_t accent, uint32_t letter);
/* The accent as a character of its own. */
uint32_t sp_ui_layout_accent(uint16_t accent);
/* Capital of a Latin, Greek or Cyrillic letter; anything else as it is. */
uint32_t sp_ui_layout_upper(uint32_t ch);

#endif
