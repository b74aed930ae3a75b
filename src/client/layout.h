/* client/layout.h - asking the server for other monitors, over display control. */
#ifndef SP_CLIENT_LAYOUT_H
#define SP_CLIENT_LAYOUT_H

#include "core/base/attr.h"
#include "core/chan/display.h"
#include "host/rdp/part.h"

struct sp_layout;

/* NULL without memory. */
sp_nodiscard struct sp_layout *sp_layout_create(void);
/* Accepts NULL. */
void sp_layout_destroy(struct sp_layout *l);
/* For the session; lives as long as the object. */
struct sp_part *sp_layout_part(struct sp_layout *l);

/*
 * Asks for these monitors; when the server does it, the desktop goes and comes again. SP_ESTATE
 * while the server has not said (yet) what it can show; SP_EARG for monitors that do not go
 * together; SP_ELIMIT for more than it can show.
 */
sp_nodiscard int sp_layout_send(struct sp_layout *l, const struct sp_display_layout *in);
/*
 * Adds a monitor as people write it: "WIDTHxHEIGHT", then perhaps its place from the first one,
 * which is the primary, "+X+Y" or "-X+Y", then perhaps its scale, "@150". SP_EARG.
 */
sp_nodiscard int sp_layout_add(struct sp_display_layout *l, const char *text);

#endif
