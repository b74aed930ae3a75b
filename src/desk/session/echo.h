/* desk/session/echo.h - measures how long a client takes to answer on a channel. */
#ifndef SP_DESK_SESSION_ECHO_H
#define SP_DESK_SESSION_ECHO_H

#include <stdint.h>

#include "core/chan/echo.h"
#include "host/rdp/part.h"

struct sp_desk_echo {
	struct sp_part part;
	struct sp_echo echo;
	struct sp_port *port; /* NULL: not asked for, refused or closed */
};

void sp_desk_echo_init(struct sp_desk_echo *e);
/* The round trip of the client that has the desktop; 0 while it is not known. */
uint64_t sp_desk_echo_rtt_us(const struct sp_desk_echo *e);

#endif
