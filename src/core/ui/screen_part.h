/* core/ui/screen_part.h - what layout, drawing and input of a screen share. */
#ifndef SP_CORE_UI_SCREEN_PART_H
#define SP_CORE_UI_SCREEN_PART_H

#include "core/ui/screen.h"

/* Widgets, in tab order. */
enum {
	SP_UI_W_NONE,
	SP_UI_W_FIELD,
	SP_UI_W_FILTER = SP_UI_W_FIELD + SP_UI_MAX_FIELDS,
	SP_UI_W_LIST,
	SP_UI_W_NOTICE,
	SP_UI_W_BUTTON,
	SP_UI_W_COUNT = SP_UI_W_BUTTON + SP_UI_MAX_BUTTONS
};

#define SP_UI_NOTICE_MAX 2000 /* lines of a notice that can be scrolled to */
#define SP_UI_NOTICE_PAD 14
#define SP_UI_CODES_PAD 14
#define SP_UI_CODE_LINE 32
#define SP_UI_CODE_NUMBER 24 /* the column of "10." */
#define SP_UI_ERROR_PAD 10
#define SP_UI_ERROR_ICON 18
#define SP_UI_BUSY_FRAME_US 100000
#define SP_UI_BUSY_STEPS 48 /* frames from left to right and back */

static inline bool sp_ui_given(const char *s)
{
	return s && *s;
}

/* Counts the caller may have set too high. */
size_t sp_ui_screen_codes(const struct sp_ui_screen *s);
size_t sp_ui_screen_fields(const struct sp_ui_screen *s);
size_t sp_ui_screen_buttons(const struct sp_ui_screen *s);
struct sp_rect sp_ui_screen_box(const struct sp_ui_screen *s, size_t widget);
/* The field of a widget, NULL for other widgets. */
struct sp_ui_field *sp_ui_screen_field(struct sp_ui_screen *s, size_t widget);
bool sp_ui_screen_can_focus(const struct sp_ui_screen *s, size_t widget);
/* The button that Enter presses; SP_UI_MAX_BUTTONS for none. */
size_t sp_ui_screen_default(const struct sp_ui_screen *s);
/* Sets ready; true when it changed. */
bool sp_ui_screen_check(struct sp_ui_screen *s);
bool sp_ui_screen_enabled(const struct sp_ui_screen *s, size_t button);
/* The first field that still lacks something; SP_UI_W_NONE when all is there. */
size_t sp_ui_screen_missing(const struct sp_ui_screen *s);
/* The cell of code number i; and the width of each of its letters. */
struct sp_rect sp_ui_screen_code(const struct sp_ui_screen *s, size_t i, int32_t *letter);
/* Sets next_us from what moves. */
void sp_ui_screen_plan(struct sp_ui_screen *s, uint64_t now_us);

#endif
