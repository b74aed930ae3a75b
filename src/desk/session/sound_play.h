/* desk/session/sound_play.h - what the desktop plays, to the client. */
#ifndef SP_DESK_SESSION_SOUND_PLAY_H
#define SP_DESK_SESSION_SOUND_PLAY_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"
#include "host/sound/pulse.h"

struct sp_sound_play;

/* NULL without memory. */
sp_nodiscard struct sp_sound_play *sp_sound_play_create(struct sp_loop *l);
/* Accepts NULL. */
void sp_sound_play_destroy(struct sp_sound_play *p);
struct sp_part *sp_sound_play_part(struct sp_sound_play *p);
/* From where, as long as the server is there; NULL and NULL: it is not. Both borrowed. */
void sp_sound_play_from(struct sp_sound_play *p, struct sp_pulse *pulse, const char *device);
/* Whether something plays: only then is anything captured or sent. */
void sp_sound_play_set(struct sp_sound_play *p, bool plays);

#endif
