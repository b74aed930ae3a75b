/* desk/session/sound_users.h - the desktop's sink and source in the sound server: who uses them. */
#ifndef SP_DESK_SESSION_SOUND_USERS_H
#define SP_DESK_SESSION_SOUND_USERS_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "desk/session/pulse_server.h"
#include "host/sound/pulse.h"

struct sp_sound_users;

struct sp_sound_users_calls {
	/* Somebody plays, or records, or nobody does any more. */
	void (*changed)(void *user, bool plays, bool records);
	/* The server does not give us what we need; nothing follows. */
	void (*failed)(void *user, const char *why);
};

/* On a connection that is up; makes the sink and the source where the server is not ours. */
sp_nodiscard struct sp_sound_users *sp_sound_users_create(struct sp_pulse *pulse,
		const struct sp_pulse_server *server, const struct sp_sound_users_calls *calls,
		void *user);
/*
 * Begins to take what was made out of the server again: false when that is done, or need not be.
 * To be asked again after a turn of the loop.
 */
bool sp_sound_users_leave(struct sp_sound_users *u);
/* Before the connection. Accepts NULL. */
void sp_sound_users_destroy(struct sp_sound_users *u);

#endif
