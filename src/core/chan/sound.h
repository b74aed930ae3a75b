/* core/chan/sound.h - the messages of the sound channel ([MS-RDPEA] 5 to 8), both directions. */
#ifndef SP_CORE_CHAN_SOUND_H
#define SP_CORE_CHAN_SOUND_H

#include "core/chan/audio.h"

#define SP_SOUND_VERSION 8 /* ours */
#define SP_SOUND_HEAD 4
#define SP_SOUND_MAX_WAVE 65000 /* bytes of sound in a block: its length has 16 bits */
#define SP_SOUND_CHANNEL "rdpsnd"
#define SP_SOUND_DVC "AUDIO_PLAYBACK_DVC"

/* [MS-RDPEA] 2.2.1 msgType; those that only go over UDP are not spoken. */
enum sp_sound_type {
	SP_SOUND_CLOSE = 0x01,
	SP_SOUND_WAVE = 0x02,
	SP_SOUND_VOLUME = 0x03,
	SP_SOUND_PITCH = 0x04,
	SP_SOUND_CONFIRM = 0x05,
	SP_SOUND_TRAINING = 0x06,
	SP_SOUND_FORMATS = 0x07,
	SP_SOUND_QUALITY = 0x0C,
	SP_SOUND_WAVE2 = 0x0D,
};

/* [MS-RDPEA] 2.2.1 RDPSND PDU Header (SNDPROLOG) */
struct sp_sound_head {
	uint8_t type;
	uint16_t n; /* BodySize; of a WaveInfo it counts the message behind it too */
};

/* r moves behind the header; neither type nor length is judged. */
sp_nodiscard int sp_sound_head_read(struct sp_rd *r, struct sp_sound_head *out);
/* The header, with a length that sp_sound_end() fills in; returns the mark for it. */
size_t sp_sound_begin(struct sp_wr *w, uint8_t type);
void sp_sound_end(struct sp_wr *w, size_t mark);

/* The readers below take the body. */

enum sp_sound_flag {
	SP_SOUND_ALIVE = 1,
	SP_SOUND_CAN_VOLUME = 2,
	SP_SOUND_CAN_PITCH = 4,
};

/* [MS-RDPEA] 2.2.2.1, 2.2.2.2 Server and Client Audio Formats and Version PDU */
struct sp_sound_formats {
	uint32_t flags; /* of a client */
	uint32_t volume, pitch;
	uint16_t port; /* of a client, for UDP; 0: none */
	uint8_t block; /* cLastBlockConfirmed: the first block is the next one */
	uint16_t version;
	size_t n;
	struct sp_audio_format v[SP_AUDIO_FORMATS]; /* extras borrowed */
};

sp_nodiscard int sp_sound_formats_read(struct sp_rd *r, struct sp_sound_formats *out);
void sp_sound_formats_write(struct sp_wr *w, const struct sp_sound_formats *in);

/* [MS-RDPEA] 2.2.2.3 wQualityMode */
enum sp_sound_quality {
	SP_SOUND_DYNAMIC = 0,
	SP_SOUND_MEDIUM = 1,
	SP_SOUND_HIGH = 2,
};

sp_nodiscard int sp_sound_quality_read(struct sp_rd *r, uint16_t *mode);
void sp_sound_quality_write(struct sp_wr *w, uint16_t mode);

/* [MS-RDPEA] 2.2.3.1, 2.2.3.2 Training PDU and its confirm; what fills the former is skipped. */
struct sp_sound_training {
	uint16_t stamp;
	uint16_t n; /* wPackSize: of the whole message; 0 when nothing fills it */
};

sp_nodiscard int sp_sound_training_read(struct sp_rd *r, struct sp_sound_training *out);
/* The Training PDU with zeros as far as n says; the confirm has none. */
void sp_sound_training_write(struct sp_wr *w, const struct sp_sound_training *in, bool confirm);

/*
 * A block of sound. [MS-RDPEA] 2.2.3.3, 2.2.3.4: before version 8 it comes as two messages, a
 * WaveInfo PDU with the first four bytes of the sound and a Wave PDU, without a header, with the
 * rest behind four bytes of padding. 2.2.3.10: from then on as one Wave2 PDU.
 */
struct sp_sound_wave {
	uint16_t stamp; /* milliseconds */
	uint16_t format; /* index into the client's list */
	uint8_t block;
	uint32_t audio_stamp; /* Wave2: milliseconds of the server's clock */
	struct sp_span data; /* borrowed; of a WaveInfo its four bytes */
};

/* Body of a WaveInfo PDU; total is its header's length. *rest is how much sound follows. */
sp_nodiscard int sp_sound_wave_info_read(
		struct sp_rd *r, size_t total, struct sp_sound_wave *out, size_t *rest);
/* The message behind it: rest bytes of sound. */
sp_nodiscard int sp_sound_wave_rest_read(struct sp_rd *r, size_t rest, struct sp_span *out);
/* Both messages, header and all; data is longer than four bytes. */
void sp_sound_wave_info_write(struct sp_wr *w, const struct sp_sound_wave *in);
void sp_sound_wave_rest_write(struct sp_wr *w, const struct sp_sound_wave *in);

sp_nodiscard int sp_sound_wave2_read(struct sp_rd *r, struct sp_sound_wave *out);
void sp_sound_wave2_write(struct sp_wr *w, const struct sp_sound_wave *in);

/* [MS-RDPEA] 2.2.3.8 Wave Confirm PDU (SNDWAV_CONFIRM) */
struct sp_sound_confirm {
	uint16_t stamp; /* the block's, plus what the client took over it */
	uint8_t block;
};

sp_nodiscard int sp_sound_confirm_read(struct sp_rd *r, struct sp_sound_confirm *out);
void sp_sound_confirm_write(struct sp_wr *w, const struct sp_sound_confirm *in);

/* [MS-RDPEA] 2.2.4.1, 2.2.4.2 Volume PDU: left in the low half, right in the high one. Pitch PDU. */
sp_nodiscard int sp_sound_u32_read(struct sp_rd *r, uint32_t *value);
void sp_sound_u32_write(struct sp_wr *w, uint32_t value);

#endif
