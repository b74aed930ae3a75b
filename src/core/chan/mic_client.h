/* core/chan/mic_client.h - the side that has the microphone. */
#ifndef SP_CORE_CHAN_MIC_CLIENT_H
#define SP_CORE_CHAN_MIC_CLIENT_H

#include "core/chan/mic.h"

struct sp_mic_client;

enum sp_mic_client_kind {
	/* The server wants to hear: start the device and answer with opened(). */
	SP_MIC_CLIENT_OPEN,
	SP_MIC_CLIENT_FORMAT, /* from now on in this format */
};

struct sp_mic_client_event {
	enum sp_mic_client_kind kind;
	struct sp_audio_format format; /* PCM of 16 bits, extra empty */
	uint32_t frames; /* OPEN: in a message */
};

/* On the open channel; the server speaks first. */
sp_nodiscard struct sp_mic_client *sp_mic_client_create(void);
/* Accepts NULL. */
void sp_mic_client_destroy(struct sp_mic_client *m);

/* A whole message. An error is one that was ignored, but SP_ENOMEM. */
sp_nodiscard int sp_mic_client_feed(struct sp_mic_client *m, struct sp_span message);
bool sp_mic_client_next(struct sp_mic_client *m, struct sp_mic_client_event *ev);
struct sp_rcbuf *sp_mic_client_out(struct sp_mic_client *m);
/* The answer to OPEN: 0 or an HRESULT that says why not. */
sp_nodiscard int sp_mic_client_opened(struct sp_mic_client *m, uint32_t result);
/* What was recorded, whole frames; goes out in messages of the size that was asked for. */
sp_nodiscard int sp_mic_client_put(struct sp_mic_client *m, struct sp_span pcm);

#endif
