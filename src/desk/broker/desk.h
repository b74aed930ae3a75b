/* desk/broker/desk.h - one living desktop: its process, and the connections that wait for it. */
#ifndef SP_DESK_BROKER_DESK_H
#define SP_DESK_BROKER_DESK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "host/monitor/msg.h"

#define SP_DESK_WAITING 8 /* connections that wait for one desktop to come up */

struct sp_desk;

struct sp_desk_calls {
	/* A connection's socket, which the owner must close, or -1 and text says why not. */
	void (*opened)(void *user, uint64_t conn, int fd, bool fresh, const char *text);
	/* Called once, last: its process and its directory are gone. The owner destroys it. */
	void (*gone)(void *user, struct sp_desk *d);
};

struct sp_desk_conf {
	struct sp_loop *loop;
	const char *state; /* directory of the service */
	const char *mapped; /* see account.h */
	const char *level; /* of the log, as a name */
	const struct sp_desk_calls *calls;
	void *user;
};

/*
 * Starts the desktop that the message asks for; opened() follows. On failure NULL, and why has
 * words for the person at the client.
 */
sp_nodiscard struct sp_desk *sp_desk_create(const struct sp_desk_conf *conf,
		const struct sp_msg_desktop_open *open, char *why, size_t n);
/* Kills its process. Accepts NULL. */
void sp_desk_destroy(struct sp_desk *d);

/* Whether a connection of this user to this target belongs here: the desktop is not ending. */
bool sp_desk_is(const struct sp_desk *d, const char *user, const char *target);
/* One more connection; opened() follows, at once when the desktop is up. */
void sp_desk_join(struct sp_desk *d, const struct sp_msg_desktop_open *open);
/* Tells the process to end; gone() follows. */
void sp_desk_end(struct sp_desk *d);

#endif
