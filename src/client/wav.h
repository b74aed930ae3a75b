/* client/wav.h - WAV files with PCM of 16 bits. */
#ifndef SP_CLIENT_WAV_H
#define SP_CLIENT_WAV_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/chan/audio.h"

#define SP_WAV_MAX (64u << 20) /* bytes of sound in a file that is read */

/* The sound of a whole file: SP_EFIELD when it is none, or not PCM of 16 bits and 1 or 2 channels. */
sp_nodiscard int sp_wav_parse(struct sp_span file, struct sp_audio_format *f, struct sp_span *pcm);
/* The 44 bytes before n bytes of sound. */
#define SP_WAV_HEAD 44
void sp_wav_head(uint8_t out[SP_WAV_HEAD], const struct sp_audio_format *f, uint32_t n);

#endif
