/* desk/session/monitors.h - the screen follows the monitors of the client: at logon and later. */
#ifndef SP_DESK_SESSION_MONITORS_H
#define SP_DESK_SESSION_MONITORS_H

#include "core/base/attr.h"
#include "desk/session/screen.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

struct sp_gcc_client;
struct sp_monitors;

/* Borrows both. NULL without memory. */
sp_nodiscard struct sp_monitors *sp_monitors_create(struct sp_loop *l, struct sp_screen *screen);
/* Accepts NULL. */
void sp_monitors_destroy(struct sp_monitors *m);
/*
 * Display control. A layout that is possible becomes the screen's once no other came for a moment;
 * whoever shows the screen then sees that its size changed.
 */
struct sp_part *sp_monitors_part(struct sp_monitors *m);

/*
 * What a client said when it connected: its monitors and its scale. Monitors that do not go
 * together, or that the server cannot show, become one around them all, as large as can be. An
 * error is one of the X server; the screen is as it was then.
 */
sp_nodiscard int sp_monitors_logon(struct sp_monitors *m, const struct sp_gcc_client *gcc);

#endif
