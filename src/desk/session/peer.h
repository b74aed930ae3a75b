/* desk/session/peer.h - one client of a desktop: its size and depth, its picture, its pointer. */
#ifndef SP_DESK_SESSION_PEER_H
#define SP_DESK_SESSION_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "desk/session/desktop.h"
#include "host/io/loop.h"

struct sp_peer;

struct sp_peer_calls {
	/*
	 * The client has said what it wants and the desktop is its own from now on: whoever had
	 * it before must let go of it.
	 */
	void (*takes)(void *user, struct sp_peer *p);
	/* The X server is gone. */
	void (*x_lost)(void *user);
	/* Called once, last; the owner destroys the peer here or later. */
	void (*closed)(void *user, struct sp_peer *p);
};

struct sp_peer_conf {
	int fd; /* stream socket; the peer's from success on */
	uint64_t conn; /* number of the connection, for the log */
	struct sp_desktop *desktop; /* borrowed */
	const struct sp_peer_calls *calls;
	void *user;
};

/* On failure NULL, and fd stays the caller's. */
sp_nodiscard struct sp_peer *sp_peer_create(struct sp_loop *l, const struct sp_peer_conf *conf);
/* At once; closed() does not follow. Accepts NULL. */
void sp_peer_destroy(struct sp_peer *p);

/*
 * Takes from the X server what has changed and sends it, as much as there is room for. To be
 * called on every turn of the loop and when X events came; does nothing for a client that is not
 * ready for pictures.
 */
void sp_peer_work(struct sp_peer *p);
/*
 * Lets go of the keyboard and the picture and says why (SP_ERRINFO_*); closed() follows within
 * two seconds.
 */
void sp_peer_end(struct sp_peer *p, uint32_t error_info);
uint64_t sp_peer_conn(const struct sp_peer *p);

#endif
