/* desk/session/xserver.h - the X server of one desktop: Xorg with the dummy driver, else Xvfb. */
#ifndef SP_DESK_SESSION_XSERVER_H
#define SP_DESK_SESSION_XSERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/attr.h"

#define SP_XSERVER_MIN_SIZE 200
#define SP_XSERVER_MAX_SIZE 8192

enum sp_xserver_kind {
	SP_XSERVER_ANY, /* Xorg, and when that is not installed or fails, Xvfb */
	SP_XSERVER_XORG,
	SP_XSERVER_XVFB,
};

struct sp_xserver_opts {
	const char *dir; /* the session's own directory, exists, 0700 */
	enum sp_xserver_kind kind;
	uint32_t width, height; /* of the first screen; brought into range, width made even */
	uint32_t dpi; /* 0: 96 */
	uint32_t deadline_ms; /* until ready, per server tried; 0: 10 seconds */
	char *const *envp; /* the server's environment; NULL: ours */
};

struct sp_xserver;

/*
 * Starts a server as the calling user and waits until it takes connections. Config file, cookie
 * file and logs go into dir. Writes what went wrong, in words, to why. The server also ends
 * when this process dies.
 */
sp_nodiscard int sp_xserver_start(
		const struct sp_xserver_opts *opts, struct sp_xserver **out, char *why, size_t n);
/* Ends the server (SIGTERM, after two seconds SIGKILL) and removes the cookie file. */
void sp_xserver_destroy(struct sp_xserver *x);

enum sp_xserver_kind sp_xserver_kind(const struct sp_xserver *x);
/* ":12"; lives as long as x. */
const char *sp_xserver_display(const struct sp_xserver *x);
/* Path of the cookie file, for XAUTHORITY; lives as long as x. */
const char *sp_xserver_authority(const struct sp_xserver *x);
/* The largest screen that sp_screen_resize can reach. */
void sp_xserver_max(const struct sp_xserver *x, uint32_t *width, uint32_t *height);
pid_t sp_xserver_pid(const struct sp_xserver *x);
/* Becomes readable when the server has ended. Owned by x. */
int sp_xserver_fd(const struct sp_xserver *x);
bool sp_xserver_alive(struct sp_xserver *x);

#endif
