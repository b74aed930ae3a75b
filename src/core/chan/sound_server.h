/* core/chan/sound_server.h - the side that has sound to play: formats, pace, and no queue. */
#ifndef SP_CORE_CHAN_SOUND_SERVER_H
#define SP_CORE_CHAN_SOUND_SERVER_H

#include "core/chan/sound.h"

/*
 * Fed with the client's messages, and with 16 bit PCM as it comes about; gives blocks of it back
 * to be encoded when the client can take one, which its confirmations tell. What it cannot take
 * in time is left out, so that sound is never late by more than a fraction of a second.
 */
struct sp_sound_server;

struct sp_sound_server_conf {
	bool opus, aac; /* the owner can encode it */
};

enum sp_sound_server_kind {
	SP_SOUND_SERVER_READY, /* a format is chosen, for the first time or another one */
	SP_SOUND_SERVER_DEAF, /* this client plays nothing, or nothing we have; the end */
};

struct sp_sound_server_event {
	enum sp_sound_server_kind kind;
	struct sp_audio_format format; /* READY */
};

struct sp_sound_server_stats {
	uint32_t rtt_ms; /* of the first training */
	uint32_t rate; /* bytes a second, from the second one; UINT32_MAX: faster than it tells */
	uint32_t flight_ms; /* sent and not confirmed */
	uint64_t sent_ms, dropped_ms;
};

/* On the open channel; the first message waits at once. */
sp_nodiscard struct sp_sound_server *sp_sound_server_create(
		const struct sp_sound_server_conf *conf, uint64_t now_us);
/* Accepts NULL. */
void sp_sound_server_destroy(struct sp_sound_server *s);

/* A whole message. An error is one that was ignored, but SP_ENOMEM. */
sp_nodiscard int sp_sound_server_feed(
		struct sp_sound_server *s, struct sp_span message, uint64_t now_us);
bool sp_sound_server_next(struct sp_sound_server *s, struct sp_sound_server_event *ev);
struct sp_rcbuf *sp_sound_server_out(struct sp_sound_server *s);
/* When to call tick; 0: not at all. */
uint64_t sp_sound_server_deadline(const struct sp_sound_server *s);
void sp_sound_server_tick(struct sp_sound_server *s, uint64_t now_us);

/* The format to deliver PCM for and to encode into; NULL before READY. */
const struct sp_audio_format *sp_sound_server_format(const struct sp_sound_server *s);
/* PCM at the format's rate and channels, whole frames; the oldest goes when there is too much. */
sp_nodiscard int sp_sound_server_put(
		struct sp_sound_server *s, struct sp_span pcm, uint64_t now_us);
/*
 * The next block, when it is time to send one: 20, 40 or 60 ms, of AAC one frame. It is then to be given to wave(),
 * encoded. Valid until the next put or take.
 */
bool sp_sound_server_take(struct sp_sound_server *s, uint64_t now_us, struct sp_span *pcm);
/* data is what the last take() gave, as the format wants it. */
sp_nodiscard int sp_sound_server_wave(
		struct sp_sound_server *s, struct sp_span data, uint64_t now_us);
/* Nothing plays any more; the client may close its device until the next wave. */
sp_nodiscard int sp_sound_server_stop(struct sp_sound_server *s);
/* SP_ENOTFOUND when the client has no volume to set. Both from 0 to 0xFFFF. */
sp_nodiscard int sp_sound_server_volume(struct sp_sound_server *s, uint16_t left, uint16_t right);
void sp_sound_server_stats(const struct sp_sound_server *s, struct sp_sound_server_stats *out);

#endif
