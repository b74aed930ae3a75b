/* gate/ship/memory.h - how many processes the service has, and how much memory they take. */
#ifndef SP_GATE_SHIP_MEMORY_H
#define SP_GATE_SHIP_MEMORY_H

#include <sys/types.h>

#include "gate/ship/board.h"

/* Of the process `service` and of its children and theirs, by their programs' names. */
void sp_memory_look(struct sp_board *b, pid_t service);

#endif
