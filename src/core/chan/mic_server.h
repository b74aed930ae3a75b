/* core/chan/mic_server.h - the side that records what the client's microphone hears. */
#ifndef SP_CORE_CHAN_MIC_SERVER_H
#define SP_CORE_CHAN_MIC_SERVER_H

#include "core/chan/mic.h"

/* Made for a channel that was opened because somebody records; it ends with the channel. */
struct sp_mic_server;

enum sp_mic_server_kind {
	SP_MIC_SERVER_OPEN, /* the client records; also when the format becomes another one */
	SP_MIC_SERVER_DATA,
	SP_MIC_SERVER_REFUSED, /* no microphone, or none in a format of ours; the end */
};

/* Valid until the next feed. */
struct sp_mic_server_event {
	enum sp_mic_server_kind kind;
	struct sp_audio_format format; /* OPEN, DATA: PCM of 16 bits */
	struct sp_span data; /* DATA; whole frames */
	uint32_t result; /* REFUSED: an HRESULT, or 0 */
};

sp_nodiscard struct sp_mic_server *sp_mic_server_create(uint64_t now_us);
/* Accepts NULL. */
void sp_mic_server_destroy(struct sp_mic_server *m);

/* A whole message. An error is one that was ignored, but SP_ENOMEM. */
sp_nodiscard int sp_mic_server_feed(struct sp_mic_server *m, struct sp_span message);
bool sp_mic_server_next(struct sp_mic_server *m, struct sp_mic_server_event *ev);
struct sp_rcbuf *sp_mic_server_out(struct sp_mic_server *m);
/* When to call tick; 0: not at all. */
uint64_t sp_mic_server_deadline(const struct sp_mic_server *m);
void sp_mic_server_tick(struct sp_mic_server *m, uint64_t now_us);

#endif
