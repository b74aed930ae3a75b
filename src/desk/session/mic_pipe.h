/* desk/session/mic_pipe.h - what the microphone hears, into the pipe that a source reads. */
#ifndef SP_DESK_SESSION_MIC_PIPE_H
#define SP_DESK_SESSION_MIC_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/chan/audio.h"
#include "host/io/loop.h"

/*
 * While it is open it never falls quiet: where no sound comes, silence is written, so that a
 * program that records does not hang. What the reader does not take in time is left out.
 */
struct sp_mic_pipe;

/* rate: of the pipe, which has one channel. NULL without memory. */
sp_nodiscard struct sp_mic_pipe *sp_mic_pipe_create(struct sp_loop *l, uint32_t rate);
/* Accepts NULL. */
void sp_mic_pipe_destroy(struct sp_mic_pipe *m);
/* SP_ESYS when there is no such pipe. Closes another one before. */
sp_nodiscard int sp_mic_pipe_open(struct sp_mic_pipe *m, const char *path);
void sp_mic_pipe_close(struct sp_mic_pipe *m);
/* Sound in any usable PCM format, which is mixed and resampled. */
void sp_mic_pipe_put(struct sp_mic_pipe *m, const struct sp_audio_format *f, struct sp_span pcm);

#endif
