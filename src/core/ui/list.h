/* core/ui/list.h - choose one of many: filter, keyboard, wheel, mouse. */
#ifndef SP_CORE_UI_LIST_H
#define SP_CORE_UI_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rect.h"
#include "core/ui/canvas.h"
#include "core/ui/keyboard.h"

#define SP_UI_LIST_MAX 512

struct sp_ui_item {
	const char *name;
	const char *detail; /* second column, dimmer; NULL none */
};

/* The caller sets the first block; the rest belongs to the kit. */
struct sp_ui_list {
	const struct sp_ui_item *item; /* borrowed while the list stands */
	size_t n; /* those above SP_UI_LIST_MAX are not shown; 0: there is no list */

	uint16_t shown[SP_UI_LIST_MAX]; /* indices of items that pass the filter */
	size_t n_shown;
	size_t at; /* chosen row of shown; INVARIANT: < n_shown unless both are 0 */
	size_t top; /* first visible row */
	size_t rows; /* visible rows; from layout */
	int32_t row_h;
	uint8_t lines; /* of the detail below the name; 0: it stands beside it */
	struct sp_rect box; /* from layout */
};

/* Applies the filter (every word of it occurs in name or detail, case ignored), keeps the choice. */
void sp_ui_list_filter(struct sp_ui_list *l, const char *filter);
/* The width with which each item stands on one line. */
int32_t sp_ui_list_width(const struct sp_ui_list *l, unsigned scale);
/* Sets row_h and lines for a list of this width. */
void sp_ui_list_place(struct sp_ui_list *l, int32_t width, unsigned scale);
/* Index into item of the choice; l->n when nothing is shown. */
size_t sp_ui_list_chosen(const struct sp_ui_list *l);
void sp_ui_list_choose(struct sp_ui_list *l, size_t item);
/* Up, Down, page keys, Ctrl+Home and Ctrl+End (Home and End too when plain): true when it moved. */
bool sp_ui_list_key(struct sp_ui_list *l, const struct sp_ui_key *key, bool plain);
/* Row under the point as an index into shown; n_shown for none. */
size_t sp_ui_list_at(const struct sp_ui_list *l, int32_t x, int32_t y);
/* Scrolls by rows, down when positive; true when it moved. */
bool sp_ui_list_scroll(struct sp_ui_list *l, int32_t rows);
/* focus: with a ring; lit: the choice in full colour. hover: row of shown, or anything above. */
void sp_ui_list_draw(struct sp_ui_canvas *c, const struct sp_ui_list *l, unsigned scale, bool focus,
		bool lit, size_t hover);

#endif
