/* desk/session/desktop.h - all parts of one desktop, started and ended together. */
#ifndef SP_DESK_SESSION_DESKTOP_H
#define SP_DESK_SESSION_DESKTOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/view/tilekey.h"
#include "desk/session/bus.h"
#include "desk/session/capture.h"
#include "desk/session/clipboard.h"
#include "desk/session/drives.h"
#include "desk/session/echo.h"
#include "desk/session/env.h"
#include "desk/session/monitors.h"
#include "desk/session/program.h"
#include "desk/session/screen.h"
#include "desk/session/sound.h"
#include "desk/session/xcursor.h"
#include "desk/session/xinput.h"
#include "desk/session/xlink.h"
#include "desk/session/xserver.h"
#include "host/io/loop.h"
#include "host/io/pool.h"
#include "host/rdp/part.h"

#define SP_DESKTOP_PARTS 8

struct sp_desktop_opts {
	struct sp_loop *loop; /* in which the parts live; outlives the desktop */
	const char *dir; /* the session's own directory, 0700, ours */
	enum sp_xserver_kind kind;
	uint32_t width, height, dpi; /* of the first client */
	const char *command; /* NULL or empty: what is installed */
};

struct sp_desktop {
	struct sp_env *env;
	struct sp_sound *sound; /* parts; NULL: none installed */
	struct sp_xserver *server;
	struct sp_xlink *link;
	struct sp_screen *screen;
	struct sp_monitors *monitors; /* a part */
	struct sp_desk_echo echo; /* a part */
	struct sp_capture *capture;
	struct sp_pool *pool; /* for large pictures; NULL: they are encoded by the loop's thread */
	struct sp_tilekeys *keys; /* for what clients cache, of all connections; NULL: nothing is */
	struct sp_xcursor *cursor;
	struct sp_xinput *input;
	struct sp_desk_clipboard *clipboard;
	struct sp_desk_drives *drives; /* a part */
	struct sp_bus *bus; /* NULL: none installed */
	struct sp_program *program;
	const char *name; /* of the program, for the log; static */
	bool has_layout; /* the keyboard is set to the next two */
	uint32_t klid, keyboard_type;
	/*
	 * What stands behind the channels of the client that has the desktop: attached when that
	 * is active, detached before it goes or another one comes. Each is destroyed by whoever
	 * made it.
	 */
	struct sp_part *parts[SP_DESKTOP_PARTS];
	size_t n_parts;
};

/*
 * Starts everything as the calling user; waits for the X server. On failure nothing is left and
 * why has words.
 */
sp_nodiscard int sp_desktop_start(
		struct sp_desktop *d, const struct sp_desktop_opts *opts, char *why, size_t n);
/* For start: one more part. */
void sp_desktop_add_part(struct sp_desktop *d, struct sp_part *part);
/* Ends the program first, the X server last. Takes up to some seconds. Accepts a zeroed one. */
void sp_desktop_finish(struct sp_desktop *d);

#endif
