/* host/lib/window.h - a window with a picture in it and a bar below, by SDL2. */
#ifndef SP_HOST_LIB_WINDOW_H
#define SP_HOST_LIB_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rect.h"

#define SP_WINDOW_WHY 256

struct sp_window;

enum sp_window_kind {
	SP_WINDOW_CLOSED, /* the person wants it gone */
	SP_WINDOW_KEY, /* key: a letter or sign as typed, or enum sp_window_key */
	SP_WINDOW_PRESSED, /* x, y in the window; also while the button is held and moved */
	SP_WINDOW_EXPOSED, /* another size, or to be drawn again */
};

enum sp_window_key {
	SP_WINDOW_LEFT = 0x100,
	SP_WINDOW_RIGHT,
	SP_WINDOW_HOME,
	SP_WINDOW_END,
	SP_WINDOW_ESCAPE,
};

struct sp_window_event {
	enum sp_window_kind kind;
	uint32_t key;
	int32_t x, y;
};

/* Makes one as large as a picture of w x h and the bar below, or what of it the screen has. */
sp_nodiscard int sp_window_create(struct sp_window **out, const char *title, uint32_t w, uint32_t h,
		uint32_t bar, char why[SP_WINDOW_WHY]);
/* Accepts NULL. */
void sp_window_destroy(struct sp_window *win);
void sp_window_size(const struct sp_window *win, uint32_t *w, uint32_t *h);
void sp_window_title(struct sp_window *win, const char *title);
void sp_window_fullscreen(struct sp_window *win, bool on);

/* BGRX, w * 4 bytes a row; of the same size as before only `changed` is looked at. */
sp_nodiscard int sp_window_picture(struct sp_window *win, const uint8_t *px, uint32_t w, uint32_t h,
		struct sp_rect changed);
/* The bar's pixels: as wide as the window, as high as at creation. Valid until present. */
uint8_t *sp_window_bar(struct sp_window *win, size_t *stride);
/* Shows what was given. */
void sp_window_present(struct sp_window *win);
/* Waits up to wait_ms for an event; false for none. */
bool sp_window_next(struct sp_window *win, unsigned wait_ms, struct sp_window_event *ev);

#endif
