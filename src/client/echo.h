/* client/echo.h - the client's end of the echo channel: sends back what the server says. */
#ifndef SP_CLIENT_ECHO_H
#define SP_CLIENT_ECHO_H

#include "host/rdp/part.h"

struct sp_client_echo {
	struct sp_part part;
};

void sp_client_echo_init(struct sp_client_echo *e);

#endif
