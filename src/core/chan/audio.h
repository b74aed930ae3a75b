/* core/chan/audio.h - what sound is made of, as the sound and microphone channels say it. */
#ifndef SP_CORE_CHAN_AUDIO_H
#define SP_CORE_CHAN_AUDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"
#include "core/base/wr.h"

#define SP_AUDIO_AAC_FRAMES 1024 /* that one AAC frame stands for */
#define SP_AUDIO_FORMATS 128 /* entries of a list; Windows has some thirty */

/* wFormatTag of what is spoken here; others are listed by peers and passed over. */
enum sp_audio_tag {
	SP_AUDIO_PCM = 0x0001,
	SP_AUDIO_OPUS = 0x704F, /* each block is one Opus packet */
	SP_AUDIO_AAC = 0xA106, /* each block is one raw AAC-LC frame, without ADTS */
	SP_AUDIO_EXTENSIBLE = 0xFFFE,
};

/* [MS-RDPEA] 2.2.2.1.1 Audio Format (AUDIO_FORMAT) */
struct sp_audio_format {
	uint16_t tag, channels;
	uint32_t rate; /* frames a second */
	uint32_t bytes_per_s;
	uint16_t align, bits;
	struct sp_span extra; /* borrowed */
};

/* Any values; what is not sp_audio_usable() must not be calculated with. */
void sp_audio_format_read(struct sp_rd *r, struct sp_audio_format *out);
void sp_audio_format_write(struct sp_wr *w, const struct sp_audio_format *in);
/* Up to SP_AUDIO_FORMATS of them; more are SP_ELIMIT. */
sp_nodiscard int sp_audio_formats_read(struct sp_rd *r, uint32_t n, struct sp_audio_format *out);

/* 16 bits little endian, channels side by side. */
struct sp_audio_format sp_audio_pcm(uint16_t channels, uint32_t rate);
/* 48 kHz, stereo; bytes_per_s is what is aimed at. */
struct sp_audio_format sp_audio_opus(void);
/* 44.1 kHz, stereo, as Windows offers it at 24000, 20000, 16000 and 12000 bytes_per_s. */
struct sp_audio_format sp_audio_aac(uint32_t bytes_per_s);
/*
 * PCM of 16 bits, Opus or AAC, of one or two channels, at a rate from 8 to 96 kHz (Opus: 48, AAC:
 * 44.1), with an alignment that agrees: none of its numbers is 0.
 */
bool sp_audio_usable(const struct sp_audio_format *f);
/* The same sound: all that matters for the bytes of a block is equal, of AAC bytes_per_s too. */
bool sp_audio_same(const struct sp_audio_format *a, const struct sp_audio_format *b);
/* Bytes of one frame as 16 bit PCM. */
size_t sp_audio_frame(const struct sp_audio_format *f);
/* Bytes of 16 bit PCM in so many milliseconds, whole frames. */
size_t sp_audio_ms(const struct sp_audio_format *f, uint32_t ms);

/* Messages on their way out of a machine. Zeroed: empty. */
struct sp_audio_queue {
	struct sp_rcbuf *head, *tail;
};

/* Takes the reference. */
void sp_audio_queue_add(struct sp_audio_queue *q, struct sp_rcbuf *b);
/* Takes what was written; w is empty afterwards. */
sp_nodiscard int sp_audio_queue_put(struct sp_audio_queue *q, struct sp_wr *w);
/* The next one, the caller's; NULL when there is none. */
struct sp_rcbuf *sp_audio_queue_take(struct sp_audio_queue *q);
void sp_audio_queue_clear(struct sp_audio_queue *q);

#endif
