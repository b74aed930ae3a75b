/* tests/desk/viewer.h - sp-desk as the broker starts it, and clients that look at its desktop. */
#ifndef SP_TESTS_VIEWER_H
#define SP_TESTS_VIEWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xcb/xcb.h>

#include "core/base/wr.h"
#include "core/pdu/input.h"
#include "core/view/paint.h"
#include "host/io/loop.h"
#include "host/monitor/mon.h"
#include "host/rdp/conn.h"
#include "host/rdp/part.h"

#define VIEWER_PATIENCE_US 10000000

/* One running sp-desk, and a program on its display. */
struct session {
	struct sp_loop *loop;
	pid_t pid;
	int broker; /* our end of its socket */
	char dir[64];
	struct sp_msg_desk_up up;
	bool ended; /* DESK_ENDED came */
	char end_text[SP_TEXT_WHY];
	xcb_connection_t *app;
	xcb_screen_t *screen;
};

struct viewer {
	struct session *s; /* NULL: joined elsewhere */
	struct sp_conn *conn;
	uint16_t width, height;
	uint8_t bpp;
	bool no_pointer; /* confirm without new pointers */
	bool active, closed;
	uint32_t error_info;
	size_t activations, updates, pointers;
	uint8_t pointer_code; /* of the last pointer update, and its body */
	struct sp_wr pointer;
	struct sp_part *part; /* behind the channels; NULL: this client has none */
	struct sp_vc *vc;
	struct sp_paint paint;
	uint8_t *fb;
};

/* Skips the test when the server (xorg or xvfb) is not installed. Fails when the desktop does. */
void session_open(struct session *s, const char *server, const char *command, uint16_t width,
		uint16_t height);
/* Closes the broker's end and waits until sp-desk is gone; its exit status as from waitpid. */
int session_close(struct session *s);
/* Takes what sp-desk told the broker. */
void session_poll(struct session *s);
/* Waits until the X server has done all that the program asked. */
void session_sync(struct session *s);
/* A mapped window without a frame that has the keyboard. */
xcb_window_t session_window(struct session *s, int16_t x, int16_t y, uint16_t w, uint16_t h);

/* A client of this size joins over a socket pair; it paints what it gets. */
void viewer_open(struct viewer *v, struct session *s, uint16_t width, uint16_t height, uint8_t bpp);
/* The same with the part's static channel, or with dynamic ones. */
void viewer_open_part(struct viewer *v, struct session *s, uint16_t width, uint16_t height,
		uint8_t bpp, struct sp_part *part);
/* The same on a socket that somebody else got from the broker. */
void viewer_join(struct viewer *v, struct sp_loop *loop, int fd, uint16_t width, uint16_t height,
		uint8_t bpp);
void viewer_close(struct viewer *v);
/* Turns the loop until done(arg), or fails the test. */
void viewer_until(struct session *s, bool (*done)(void *arg), void *arg);
/* For viewer_until: whether it waits for a licence, or has answered a Demand Active. */
bool viewer_known(void *arg);
bool viewer_confirmed(void *arg);
void viewer_until_active(struct viewer *v, struct session *s);
/* Turns the loop for so long. */
void viewer_run(struct session *s, unsigned ms);
/* What the client shows at that place, without the unused byte. */
uint32_t viewer_pixel(const struct viewer *v, unsigned x, unsigned y);
/* What the part has sent goes out. */
void viewer_pump(struct viewer *v);
/* What becomes of a pixel at that depth. */
uint32_t viewer_quantized(uint32_t px, unsigned depth);
/* For viewer_until: whether the whole frame is what the X server shows now. */
bool viewer_equal(void *arg);
/* A key is pressed and released. */
void viewer_key(struct viewer *v, uint16_t scancode);
/* PDUs that a client's machine does not send by itself. */
void viewer_suppress(struct viewer *v, bool allow);
void viewer_shutdown_request(struct viewer *v);

#endif
