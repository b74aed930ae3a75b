/* gate/keeper/command.h - the socket that `sallyport session` comes to, and its answers. */
#ifndef SP_GATE_KEEPER_COMMAND_H
#define SP_GATE_KEEPER_COMMAND_H

#include "core/base/attr.h"
#include "gate/keeper/keeper.h"
#include "host/io/fdio.h"

#define SP_COMMANDS 8 /* connections at once; a further one takes the place of the oldest */
#define SP_COMMAND_IDLE_US (30 * UINT64_C(1000000)) /* and none stays longer without a word */

struct sp_command;

/*
 * Listens in the state directory, before the jail. NULL and why. Answers root and the account
 * that the keeper runs as, and nobody else.
 */
sp_nodiscard struct sp_command *sp_command_open(
		struct sp_keeper *k, const char *state, char why[SP_WHY_MAX]);
/* Accepts NULL. */
void sp_command_close(struct sp_command *c);

#endif
