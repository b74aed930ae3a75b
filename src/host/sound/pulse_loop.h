/* host/sound/pulse_loop.h - our event loop in the form that libpulse wants one. */
#ifndef SP_HOST_SOUND_PULSE_LOOP_H
#define SP_HOST_SOUND_PULSE_LOOP_H

#include <pulse/mainloop-api.h>

#include "core/base/attr.h"
#include "host/io/loop.h"

struct sp_pulse_loop;

/* Borrows l. NULL without memory. */
sp_nodiscard struct sp_pulse_loop *sp_pulse_loop_create(struct sp_loop *l);
/* When nothing of libpulse uses it any more; what it left behind is removed. Accepts NULL. */
void sp_pulse_loop_destroy(struct sp_pulse_loop *p);
/* Valid as long as p. */
const pa_mainloop_api *sp_pulse_loop_api(const struct sp_pulse_loop *p);

#endif
