/* desk/session/sound_mic.h - what the client's microphone hears, to the desktop. */
#ifndef SP_DESK_SESSION_SOUND_MIC_H
#define SP_DESK_SESSION_SOUND_MIC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

struct sp_sound_mic;

/* rate: of the pipe that is written to. NULL without memory. */
sp_nodiscard struct sp_sound_mic *sp_sound_mic_create(struct sp_loop *l, uint32_t rate);
/* Accepts NULL. */
void sp_sound_mic_destroy(struct sp_sound_mic *m);
struct sp_part *sp_sound_mic_part(struct sp_sound_mic *m);
/*
 * Whether somebody records, and the pipe for it (copied by the call). Only then is the client
 * asked for its microphone.
 */
void sp_sound_mic_set(struct sp_sound_mic *m, bool records, const char *pipe);

#endif
