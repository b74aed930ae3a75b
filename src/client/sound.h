/* client/sound.h - what a server plays: into a function, or out of the loudspeakers. */
#ifndef SP_CLIENT_SOUND_H
#define SP_CLIENT_SOUND_H

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/chan/audio.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

struct sp_client_sound;

/* PCM of 16 bits in f's rate and channels; valid in the call. */
typedef void (*sp_client_sound_fn)(void *user, const struct sp_audio_format *f, struct sp_span pcm);

/*
 * fn NULL: played by the PulseAudio server that the environment names, and thrown away where
 * there is none. quality: enum sp_sound_quality. NULL without memory.
 */
sp_nodiscard struct sp_client_sound *sp_client_sound_create(
		struct sp_loop *l, uint16_t quality, sp_client_sound_fn fn, void *user);
/* Accepts NULL. */
void sp_client_sound_destroy(struct sp_client_sound *s);
struct sp_part *sp_client_sound_part(struct sp_client_sound *s);

#endif
