/* client/mic.h - the microphone that a server may hear: a function, or the one that is there. */
#ifndef SP_CLIENT_MIC_H
#define SP_CLIENT_MIC_H

#include "core/base/attr.h"
#include "core/chan/audio.h"
#include "host/io/loop.h"
#include "host/rdp/part.h"

struct sp_client_mic;

/* Fills n bytes with what is heard, as time goes by: PCM of 16 bits in f's rate and channels. */
typedef void (*sp_client_mic_fn)(
		void *user, const struct sp_audio_format *f, uint8_t *pcm, size_t n);

/*
 * fn NULL: recorded by the PulseAudio server that the environment names; where there is none, a
 * server is told so. Nothing is recorded but while a server asks for it. NULL without memory.
 */
sp_nodiscard struct sp_client_mic *sp_client_mic_create(
		struct sp_loop *l, sp_client_mic_fn fn, void *user);
/* Accepts NULL. */
void sp_client_mic_destroy(struct sp_client_mic *m);
struct sp_part *sp_client_mic_part(struct sp_client_mic *m);

#endif
