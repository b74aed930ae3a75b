/* desk/session/pulse_server.h - the sound server of a desktop: the user's own, or one we start. */
#ifndef SP_DESK_SESSION_PULSE_SERVER_H
#define SP_DESK_SESSION_PULSE_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/attr.h"
#include "desk/session/env.h"

#define SP_PULSE_RATE 48000

struct sp_pulse_server;

/*
 * Uses the server that PULSE_SERVER names or that answers in XDG_RUNTIME_DIR; else starts
 * pulseaudio below dir, with a sink and a source of ours, and sets PULSE_SERVER. Its socket is
 * there when this returns, which is at once: what connects early waits until the server is up.
 * PULSE_SINK and PULSE_SOURCE name ours in any case. SP_ENOTFOUND when none is installed.
 */
sp_nodiscard int sp_pulse_server_start(struct sp_env *env, const char *dir,
		struct sp_pulse_server **out, char *why, size_t n);
/* Ends it when it is ours. Accepts NULL. */
void sp_pulse_server_destroy(struct sp_pulse_server *s);
/* After it has ended: the same one again, behind the same socket. SP_OK when it still runs. */
sp_nodiscard int sp_pulse_server_again(struct sp_pulse_server *s);

const char *sp_pulse_server_address(const struct sp_pulse_server *s);
/* It was started here and has the sink and the source from its start. */
bool sp_pulse_server_ours(const struct sp_pulse_server *s);
const char *sp_pulse_server_sink(const struct sp_pulse_server *s);
const char *sp_pulse_server_source(const struct sp_pulse_server *s);
/* The pipe that the source reads: 16 bit, one channel, SP_PULSE_RATE. The server makes it. */
const char *sp_pulse_server_pipe(const struct sp_pulse_server *s);
/* What "load-module" of both takes for the two; the caller's. */
sp_nodiscard int sp_pulse_server_sink_args(const struct sp_pulse_server *s, char *out, size_t n);
sp_nodiscard int sp_pulse_server_source_args(const struct sp_pulse_server *s, char *out, size_t n);

#endif
