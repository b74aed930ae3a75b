/* host/sound/pulse.h - a PulseAudio server (or PipeWire's) as a client of it: playing, recording. */
#ifndef SP_HOST_SOUND_PULSE_H
#define SP_HOST_SOUND_PULSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/io/loop.h"

/*
 * Everything happens in the loop; nothing waits and nothing starts a server. Sound is PCM of
 * 16 bits, little endian.
 */
struct sp_pulse;
struct sp_pulse_stream;
struct pa_context;

struct sp_pulse_calls {
	void (*up)(void *user);
	/* Once, last: never up, or lost. Streams are dead. The owner may destroy it here. */
	void (*down)(void *user, const char *why);
};

/* server: an address, NULL for the one that the environment names. NULL: no memory. */
sp_nodiscard struct sp_pulse *sp_pulse_create(struct sp_loop *l, const char *server,
		const char *name, const struct sp_pulse_calls *calls, void *user);
/* Its streams are to be destroyed before. Accepts NULL. */
void sp_pulse_destroy(struct sp_pulse *p);
bool sp_pulse_is_up(const struct sp_pulse *p);
/* For what is asked for here nowhere else. */
struct pa_context *sp_pulse_context(struct sp_pulse *p);

struct sp_pulse_stream_conf {
	const char *name; /* that a person sees in a mixer */
	const char *device; /* NULL: the server's default */
	uint32_t rate;
	uint16_t channels;
	/* Recording: how much comes at once. Playing: how much may wait at most. */
	uint32_t ms;
};

/* Whole frames; valid in the call, in which the stream must not be destroyed. */
typedef void (*sp_pulse_data_fn)(void *user, struct sp_span pcm);

/* On a connection that is up. NULL: no memory, or the server does not take it. */
sp_nodiscard struct sp_pulse_stream *sp_pulse_record(struct sp_pulse *p,
		const struct sp_pulse_stream_conf *conf, sp_pulse_data_fn fn, void *user);
sp_nodiscard struct sp_pulse_stream *sp_pulse_play(
		struct sp_pulse *p, const struct sp_pulse_stream_conf *conf);
/* Accepts NULL. */
void sp_pulse_stream_destroy(struct sp_pulse_stream *s);
/* SP_ELIMIT when as much waits as may: then it is left out. */
sp_nodiscard int sp_pulse_write(struct sp_pulse_stream *s, struct sp_span pcm);
/* How long what is written now will wait. */
uint32_t sp_pulse_wait_ms(struct sp_pulse_stream *s);
/* Of what is played: 0 to 0xFFFF. */
void sp_pulse_volume(struct sp_pulse_stream *s, uint16_t left, uint16_t right);

#endif
