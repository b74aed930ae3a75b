/* core/ui/field.h - one line of text, a secret or a code: content, caret, selection. */
#ifndef SP_CORE_UI_FIELD_H
#define SP_CORE_UI_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rect.h"
#include "core/ui/canvas.h"
#include "core/ui/keyboard.h"

#define SP_UI_FIELD_CAP 772 /* bytes with the NUL: 256 UTF-16 units of a name */

enum sp_ui_field_kind {
	SP_UI_FIELD_TEXT,
	SP_UI_FIELD_SECRET, /* shown as dots */
	SP_UI_FIELD_CODE, /* digits only, in groups of three; max is the number of digits */
};

/* The caller sets the first block; the rest belongs to the kit. */
struct sp_ui_field {
	enum sp_ui_field_kind kind;
	const char *label; /* above the field; NULL none. Borrowed while the field stands */
	const char *hint; /* shown while it is empty; NULL none */
	uint16_t max; /* characters; 0: 128, or 6 for a code */

	char text[SP_UI_FIELD_CAP]; /* INVARIANT: valid UTF-8, NUL-terminated */
	uint16_t n; /* bytes without the NUL */
	uint16_t caret, anchor; /* bytes; the selection lies between them */
	int32_t scroll; /* pixels that the text is moved to the left */
	struct sp_rect box; /* the frame, desktop; from layout */
};

/* Puts UTF-8 in (cut at max, controls left out) with the caret at the end. */
void sp_ui_field_set(struct sp_ui_field *f, const char *text);
/* Empties it and overwrites what was there. */
void sp_ui_field_wipe(struct sp_ui_field *f);
/* True when the content or the caret changed; *edited when the content did. */
bool sp_ui_field_key(struct sp_ui_field *f, const struct sp_ui_key *key, bool *edited);
/* Number of characters. */
size_t sp_ui_field_chars(const struct sp_ui_field *f);
/* True when something is in it; all digits of a code. */
bool sp_ui_field_done(const struct sp_ui_field *f);
/* A press (extend false) or drag of the mouse at x puts the caret to the nearest gap. */
void sp_ui_field_click(struct sp_ui_field *f, int32_t x, unsigned scale, bool extend);
/* Frame and content inside f->box. caret: show it. badge: NULL or the alphabet's sign. */
void sp_ui_field_draw(struct sp_ui_canvas *c, const struct sp_ui_field *f, unsigned scale,
		bool focus, bool caret, const char *badge);
/* What changes when the caret blinks. */
struct sp_rect sp_ui_field_caret(const struct sp_ui_field *f, unsigned scale);
/* Moves scroll so that the caret can be seen; after each change. */
void sp_ui_field_show_caret(struct sp_ui_field *f, unsigned scale);

#endif
