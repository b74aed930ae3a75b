/* gate/net/line.h - what TCP knows of the client's line, for a desktop of this machine that asks. */
#ifndef SP_GATE_NET_LINE_H
#define SP_GATE_NET_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "host/io/loop.h"

#define SP_NET_MARKS 16 /* questions that may wait; with more the oldest is forgotten */

struct sp_net;

struct sp_net_line {
	/* Which byte to the client has to be gone before it is answered; oldest first. */
	struct {
		uint32_t id;
		uint64_t at;
	} mark[SP_NET_MARKS];
	size_t first, n;
	uint64_t there; /* as far as the last look saw */
	uint32_t apart_us; /* from one look to the next */
	struct sp_watch *look; /* the system tells nobody: while something waits, we look */
};

/* The desktop has asked: what stands in the client's output now is what it asks about. */
void sp_line_mark(struct sp_net *n, uint32_t id);
/* Nobody asks any more. */
void sp_line_stop(struct sp_net *n);

#endif
