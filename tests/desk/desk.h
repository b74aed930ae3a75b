/* tests/desk/desk.h - a real X server for a test, our link to it and a program's connection. */
#ifndef SP_TESTS_DESK_H
#define SP_TESTS_DESK_H

#include <stdbool.h>
#include <stdint.h>
#include <xcb/xcb.h>

#include "desk/session/xlink.h"
#include "desk/session/xserver.h"

struct desk {
	enum sp_xserver_kind kind;
	char dir[64];
	struct sp_xserver *server;
	struct sp_xlink *x;
	xcb_connection_t *app; /* the program whose windows the tests look at */
	xcb_screen_t *screen;
};

/* Of the first argument, "xorg" or "xvfb". */
enum sp_xserver_kind desk_kind(int argc, char **argv);
/* A new private directory in out, which holds 64 bytes. */
void desk_dir(char *out);
void desk_remove(const char *dir);
bool desk_installed(enum sp_xserver_kind kind);
/* Skips the running test, saying so, when that server is not installed. */
void desk_open(struct desk *d, enum sp_xserver_kind kind, uint32_t width, uint32_t height);
void desk_close(struct desk *d);
/* Waits until the server has done all that the program asked. */
void desk_app_sync(struct desk *d);
/* A mapped window without a frame that sees keys, buttons and motion. */
xcb_window_t desk_window(struct desk *d, int16_t x, int16_t y, uint16_t w, uint16_t h);
/* The next event of the program that is of the type, others dropped; NULL after ms. Freed by the
 * caller. */
xcb_generic_event_t *desk_event(struct desk *d, uint8_t type, unsigned ms);
uint64_t desk_now(void);
void desk_sleep(unsigned ms);

#endif
