/* gate/net/greeter/place.h - where on the client's desktop the greeter stands. */
#ifndef SP_GATE_NET_GREETER_PLACE_H
#define SP_GATE_NET_GREETER_PLACE_H

#include "core/base/rect.h"
#include "host/monitor/msg.h"

/* The primary monitor in the desktop's coordinates, else all of it; and how large to draw. */
void sp_greeter_place(const struct sp_geometry *g, struct sp_rect *area, unsigned *scale);

#endif
