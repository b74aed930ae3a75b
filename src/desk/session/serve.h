/* desk/session/serve.h - a desktop and its clients, from the broker's first word to the end. */
#ifndef SP_DESK_SESSION_SERVE_H
#define SP_DESK_SESSION_SERVE_H

#include "core/base/attr.h"
#include "desk/session/xserver.h"

struct sp_serve_opts {
	const char *dir; /* the session's own directory */
	enum sp_xserver_kind kind;
	int broker; /* socket to the broker; stays the caller's */
};

/*
 * Waits for the broker's DESK_START, starts the desktop and serves it until it ends, the broker
 * goes or a signal says so. Returns the exit status.
 */
sp_nodiscard int sp_serve_run(const struct sp_serve_opts *opts);

#endif
