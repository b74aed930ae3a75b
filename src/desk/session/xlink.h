/* desk/session/xlink.h - our one connection to the X server, shared by the parts beside it. */
#ifndef SP_DESK_SESSION_XLINK_H
#define SP_DESK_SESSION_XLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xcb/xcb.h>

#include "core/base/attr.h"

#define SP_XLINK_MAX_LISTENERS 8

/* Sees each event; the event is borrowed for the call. Must not pump. */
typedef void (*sp_xlink_fn)(void *arg, const xcb_generic_event_t *ev);

struct sp_xlink {
	xcb_connection_t *c;
	xcb_screen_t *screen;
	xcb_window_t root;
	/* First event (DAMAGE, XFIXES, RANDR, XKB); the extensions are there, or connecting fails. */
	uint8_t damage_event, xfixes_event, randr_event, xkb_event;
	bool shm, shm_fd; /* MIT-SHM, and with descriptors (1.2) */
	bool gone;
	struct {
		sp_xlink_fn fn;
		void *arg;
	} listeners[SP_XLINK_MAX_LISTENERS];
	size_t n_listeners;
};

/*
 * authority: path of the cookie file, NULL for the environment's. SP_ENOTFOUND when the display
 * takes no connection, SP_EPROTO when an extension is missing; why says which.
 */
sp_nodiscard int sp_xlink_create(const char *display, const char *authority, struct sp_xlink **out,
		char *why, size_t n);
void sp_xlink_destroy(struct sp_xlink *x);

/* For the loop. Pump before sleeping too: replies waited for elsewhere may have queued events. */
int sp_xlink_fd(const struct sp_xlink *x);
/* Sends what is queued and hands all events to the listeners. SP_ECLOSED: the server is gone. */
sp_nodiscard int sp_xlink_pump(struct sp_xlink *x);
sp_nodiscard int sp_xlink_listen(struct sp_xlink *x, sp_xlink_fn fn, void *arg);
void sp_xlink_unlisten(struct sp_xlink *x, void *arg);
/* Waits until the server has done everything asked so far. */
sp_nodiscard int sp_xlink_sync(struct sp_xlink *x);

#endif
