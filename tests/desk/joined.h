/* tests/desk/joined.h - a session with one viewer, for tests of what stands on a channel. */
#ifndef SP_TESTS_JOINED_H
#define SP_TESTS_JOINED_H

#include <sys/types.h>

#include "host/rdp/part.h"

/* Skips the test when the server is not installed. */
void joined_open(const char *server);
/* sp-desk's exit status as from waitpid. Accepts a test that never opened it. */
int joined_close(void);
pid_t joined_pid(void);
/* A client with this part comes, and is active. */
void joined_client(struct sp_part *part);
/* The client is gone at once. */
void joined_leave(void);
/* Lets the channels send, and turns the loop once. */
void joined_turn(void);

#endif
