/* core/chan/sound_client.h - the side that plays: takes blocks of sound and confirms them. */
#ifndef SP_CORE_CHAN_SOUND_CLIENT_H
#define SP_CORE_CHAN_SOUND_CLIENT_H

#include "core/chan/sound.h"

struct sp_sound_client;

struct sp_sound_client_conf {
	bool opus; /* the owner can decode it */
	bool volume; /* and set a volume */
	uint16_t quality; /* enum sp_sound_quality */
};

enum sp_sound_client_kind {
	SP_SOUND_CLIENT_BLOCK, /* to be played, then confirmed with done() */
	SP_SOUND_CLIENT_VOLUME,
	SP_SOUND_CLIENT_CLOSE, /* nothing more until the next block */
};

/* Valid until the next feed. */
struct sp_sound_client_event {
	enum sp_sound_client_kind kind;
	struct sp_audio_format format; /* BLOCK; usable, extra empty */
	struct sp_span data;
	uint8_t block;
	uint16_t left, right; /* VOLUME: 0 to 0xFFFF */
};

sp_nodiscard struct sp_sound_client *sp_sound_client_create(
		const struct sp_sound_client_conf *conf);
/* Accepts NULL. */
void sp_sound_client_destroy(struct sp_sound_client *c);

/* A whole message. An error is one that was ignored, but SP_ENOMEM. */
sp_nodiscard int sp_sound_client_feed(
		struct sp_sound_client *c, struct sp_span message, uint64_t now_us);
bool sp_sound_client_next(struct sp_sound_client *c, struct sp_sound_client_event *ev);
struct sp_rcbuf *sp_sound_client_out(struct sp_sound_client *c);
/* The block was played, or will be in so many milliseconds, or was thrown away. */
sp_nodiscard int sp_sound_client_done(
		struct sp_sound_client *c, uint8_t block, uint16_t wait_ms, uint64_t now_us);

#endif
