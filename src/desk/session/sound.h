/* desk/session/sound.h - the sound of a desktop: its server, what is played, what is recorded. */
#ifndef SP_DESK_SESSION_SOUND_H
#define SP_DESK_SESSION_SOUND_H

#include <stddef.h>

#include "core/base/attr.h"
#include "desk/session/env.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

#define SP_SOUND_PARTS 2

struct sp_sound;

/*
 * Finds or starts the sound server and sets the environment for the programs, without waiting;
 * the rest happens in the loop. NULL and why when there is none: a desktop without sound.
 */
sp_nodiscard struct sp_sound *sp_sound_create(
		struct sp_loop *l, struct sp_env *env, const char *dir, char *why, size_t n);
/* Outside of its loop's calls. Takes up to half a second. Accepts NULL. */
void sp_sound_destroy(struct sp_sound *s);
/* Sound out, and in. */
struct sp_part *sp_sound_part(struct sp_sound *s, size_t i);

#endif
