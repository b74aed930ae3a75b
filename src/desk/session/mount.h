/* desk/session/mount.h - a file system of our own (FUSE, low level), served from the event loop. */
#ifndef SP_DESK_SESSION_MOUNT_H
#define SP_DESK_SESSION_MOUNT_H

#define FUSE_USE_VERSION 35
#include <fuse3/fuse_lowlevel.h>

#include "core/base/attr.h"
#include "host/io/loop.h"

/*
 * The operations are libfuse's; each request is answered with fuse_reply_*() now or at any later
 * time from the same thread. Nobody in this process may touch a path below the mount, nor call
 * fuse_lowlevel_notify_*(): the kernel would wait for us. Replies never block.
 */
struct sp_mount;

struct sp_mount_conf {
	const char *base; /* XDG_RUNTIME_DIR; the mount comes to lie in base/sallyport */
	const char *name; /* "drives"; "drives-2" where another desktop of this user has that */
	const struct fuse_lowlevel_ops *ops; /* stays the caller's, static */
	void *user; /* fuse_req_userdata() of each request */
	/*
	 * The kernel leaves it to the operations who may do what, and asks for the attributes of a
	 * directory less often. Nobody but the user comes in, in any case.
	 */
	bool unchecked;
	/* Somebody unmounted it: no request comes any more. Destroy later, not within. May be NULL. */
	void (*lost)(void *user);
};

/*
 * Mounts, as root or through fusermount3; what a dead predecessor left there is unmounted first.
 * Waits for no more than fusermount3 itself. On failure why (SP_WHY_MAX) has words, for a log:
 * SP_ENOTFOUND where the machine has no FUSE, SP_ESYS, SP_ENOMEM, SP_ELIMIT.
 */
sp_nodiscard int sp_mount_create(struct sp_loop *loop, const struct sp_mount_conf *conf,
		struct sp_mount **out, char *why);
/*
 * Unmounts, lazily when files in it are open, and removes the directory. All requests must have
 * been answered; never from within an operation. Accepts NULL.
 */
void sp_mount_destroy(struct sp_mount *m);

/* Where it lies, absolute if base is. Valid until destroy. */
const char *sp_mount_path(const struct sp_mount *m);
/* False once it was lost. */
bool sp_mount_alive(const struct sp_mount *m);
/*
 * The device's descriptor holds new requests back while paused: for an owner that has as many
 * unanswered ones as it wants. Interrupts of those wait too.
 */
void sp_mount_pause(struct sp_mount *m, bool paused);

#endif
