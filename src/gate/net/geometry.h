/* gate/net/geometry.h - what the client has in front of it, as the keeper may be told. */
#ifndef SP_GATE_NET_GEOMETRY_H
#define SP_GATE_NET_GEOMETRY_H

#include "host/monitor/msg.h"

struct sp_gcc_client;
struct sp_info;

/*
 * Fills a zeroed structure from what the client says of itself. Whatever that is, the result is
 * within the bounds of msg.h: a message out of bounds is what an attacked sp-net sends, and the
 * keeper would end the connection for it.
 */
void sp_net_geometry(
		struct sp_geometry *g, const struct sp_gcc_client *gcc, const struct sp_info *info);

#endif
