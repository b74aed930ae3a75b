/* core/chan/mic.h - the messages of the microphone channel ([MS-RDPEAI]), both directions. */
#ifndef SP_CORE_CHAN_MIC_H
#define SP_CORE_CHAN_MIC_H

#include "core/chan/audio.h"

#define SP_MIC_VERSION 2 /* ours */
#define SP_MIC_DVC "AUDIO_INPUT"
#define SP_MIC_MAX_DATA 65536 /* bytes of sound in a message */

/* [MS-RDPEAI] 2.2.1 SNDIN_PDU Header: MessageId, one byte before each message. */
enum sp_mic_type {
	SP_MIC_VERSION_PDU = 1,
	SP_MIC_FORMATS = 2,
	SP_MIC_OPEN = 3,
	SP_MIC_OPEN_REPLY = 4,
	SP_MIC_INCOMING = 5,
	SP_MIC_DATA = 6,
	SP_MIC_FORMAT_CHANGE = 7,
};

/* [MS-RDPEAI] 2.2.2.2 Sound Formats PDU; what stands behind the formats is ignored. */
struct sp_mic_formats {
	size_t n;
	struct sp_audio_format v[SP_AUDIO_FORMATS]; /* extras borrowed */
};

/* The readers take what follows the message's first byte. */
sp_nodiscard int sp_mic_formats_read(struct sp_rd *r, struct sp_mic_formats *out);
/* Header and all, since the message names its own size. */
void sp_mic_formats_write(struct sp_wr *w, const struct sp_mic_formats *in);

/* [MS-RDPEAI] 2.2.2.3 Open PDU */
struct sp_mic_open {
	uint32_t frames; /* in each Data PDU */
	uint32_t format; /* index into the client's list */
	struct sp_audio_format capture; /* of the device; what matters is its rate and channels */
};

sp_nodiscard int sp_mic_open_read(struct sp_rd *r, struct sp_mic_open *out);
/* As a WAVEFORMAT_EXTENSIBLE of PCM, whatever capture.extra is. */
void sp_mic_open_write(struct sp_wr *w, const struct sp_mic_open *in);

/* [MS-RDPEAI] 2.2.2.1 Version, 2.2.2.4 Result, 2.2.4.1 NewFormat */
sp_nodiscard int sp_mic_u32_read(struct sp_rd *r, uint32_t *value);
void sp_mic_u32_write(struct sp_wr *w, uint8_t type, uint32_t value);

#endif
