/* host/rdp/part.h - what stands behind the channels of a live connection, and how it is reached. */
#ifndef SP_HOST_RDP_PART_H
#define SP_HOST_RDP_PART_H

#include "core/rdp/vc.h"

/*
 * One part (clipboard, drives, sound, ...) outlives connections: it is attached to the channels
 * of one, and detached when that one ends. Embedded first in the part's own structure and given
 * as owner to each port that it opens, so that events find it. A part may send at any time
 * between the two; the connection takes it at the end of the turn.
 */
struct sp_part {
	const struct sp_part_calls *calls;
};

struct sp_part_calls {
	/* The static channel that a client announces for it: "cliprdr"; NULL: dynamic ones only. */
	const char *channel;
	/* Has dynamic channels too: a client announces what carries them. */
	bool dynamic;
	/* The connection is active: open ports. What is not there is not an error. */
	void (*attach)(struct sp_part *p, struct sp_vc *vc);
	void (*event)(struct sp_part *p, const struct sp_vc_event *ev);
	/* The channels are gone: forget the ports, fail what waits for an answer. */
	void (*detach)(struct sp_part *p);
};

/* Hands all events of vc to the parts that own them. */
void sp_part_events(struct sp_vc *vc);
/*
 * Moves what the ports have waiting into the connection, up to about max bytes; parts may hear
 * of room and send more. Returns an error of the connection.
 */
sp_nodiscard int sp_part_pump(struct sp_vc *vc, size_t max);

#endif
