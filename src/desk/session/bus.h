/* desk/session/bus.h - the D-Bus session bus of a desktop. */
#ifndef SP_DESK_SESSION_BUS_H
#define SP_DESK_SESSION_BUS_H

#include <stddef.h>

#include "core/base/attr.h"
#include "desk/session/env.h"

struct sp_bus;

/*
 * Sets DBUS_SESSION_BUS_ADDRESS in env: the bus at XDG_RUNTIME_DIR/bus when one answers there,
 * else a dbus-daemon of our own, which ends with the object. SP_ENOTFOUND (and nothing set) when
 * no dbus-daemon is installed; why says so. A desktop can do without.
 */
sp_nodiscard int sp_bus_start(struct sp_env *env, struct sp_bus **out, char *why, size_t n);
void sp_bus_destroy(struct sp_bus *b);

#endif
