/* desk/session/sound.c - see sound.h. */
#include "desk/session/sound.h"

#include <stdio.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/session/pulse_server.h"
#include "desk/session/sound_mic.h"
#include "desk/session/sound_play.h"
#include "desk/session/sound_users.h"
#include "host/sound/pulse.h"

#define RETRY_US 1000000u
#define MOST_RETRIES 5
#define LEAVE_TURNS 10
#define LEAVE_TURN_US 30000u

struct sp_sound {
	struct sp_loop *loop;
	struct sp_pulse_server *server;
	struct sp_pulse *pulse;
	struct sp_sound_users *users;
	struct sp_sound_play *play;
	struct sp_sound_mic *mic;
	struct sp_watch *retry;
	unsigned retries;
	char monitor[80]; /* of the sink */
};

static void disconnect(struct sp_sound *s)
{
	sp_sound_play_from(s->play, NULL, NULL);
	sp_sound_mic_set(s->mic, false, NULL);
	sp_sound_users_destroy(s->users);
	s->users = NULL;
	sp_pulse_destroy(s->pulse);
	s->pulse = NULL;
}

static void try_again(struct sp_sound *s, const char *why)
{
	if (s->retries++ >= MOST_RETRIES) {
		sp_log(SP_LOG_WARN, "desktop without sound from now on: %s", why);
		return;
	}
	sp_log(SP_LOG_DEBUG, "sound server: %s", why);
	sp_watch_in(s->retry, RETRY_US * s->retries);
}

/* ---- the connection to the server ---- */

static void on_changed(void *user, bool plays, bool records)
{
	struct sp_sound *s = user;

	sp_log(SP_LOG_DEBUG, "sound: %s, %s", plays ? "something plays" : "nothing plays",
			records ? "somebody records" : "nobody records");
	sp_sound_play_set(s->play, plays);
	sp_sound_mic_set(s->mic, records, sp_pulse_server_pipe(s->server));
}

static void on_users_failed(void *user, const char *why)
{
	sp_log(SP_LOG_WARN, "desktop without sound: %s", why);
}

static void on_up(void *user)
{
	static const struct sp_sound_users_calls calls = {
			.changed = on_changed, .failed = on_users_failed};
	struct sp_sound *s = user;

	s->retries = 0;
	sp_log(SP_LOG_DEBUG, "sound server is up at %s", sp_pulse_server_address(s->server));
	sp_sound_play_from(s->play, s->pulse, s->monitor);
	s->users = sp_sound_users_create(s->pulse, s->server, &calls, s);
	if (!s->users) {
		sp_log(SP_LOG_WARN, "desktop without sound: no memory");
	}
}

static void on_down(void *user, const char *why)
{
	struct sp_sound *s = user;

	disconnect(s);
	try_again(s, why);
}

static void start_connection(struct sp_sound *s)
{
	static const struct sp_pulse_calls calls = {.up = on_up, .down = on_down};

	s->pulse = sp_pulse_create(
			s->loop, sp_pulse_server_address(s->server), "Sallyport", &calls, s);
	if (!s->pulse) {
		try_again(s, "no connection");
	}
}

static void on_retry(void *user)
{
	struct sp_sound *s = user;
	int rc = sp_pulse_server_again(s->server);

	if (rc != SP_OK) {
		try_again(s, sp_err_text(rc));
		return;
	}
	start_connection(s);
}

struct sp_sound *sp_sound_create(
		struct sp_loop *l, struct sp_env *env, const char *dir, char *why, size_t n)
{
	struct sp_sound *s = sp_calloc(1, sizeof(*s));

	snprintf(why, n, "no memory");
	if (!s) {
		return NULL;
	}
	s->loop = l;
	s->play = sp_sound_play_create(l);
	s->mic = sp_sound_mic_create(l, SP_PULSE_RATE);
	s->retry = sp_loop_timer(l, on_retry, s);
	if (!s->play || !s->mic || !s->retry ||
			sp_pulse_server_start(env, dir, &s->server, why, n) != SP_OK) {
		sp_sound_destroy(s);
		return NULL;
	}
	snprintf(s->monitor, sizeof(s->monitor), "%s.monitor", sp_pulse_server_sink(s->server));
	start_connection(s);
	return s;
}

void sp_sound_destroy(struct sp_sound *s)
{
	if (!s) {
		return;
	}
	/* A server that lives on is left as it was. */
	for (int i = 0; i < LEAVE_TURNS && s->users && sp_sound_users_leave(s->users); i++) {
		if (sp_loop_turn(s->loop, LEAVE_TURN_US) != SP_OK) {
			break;
		}
	}
	if (s->users || s->pulse) {
		disconnect(s);
	}
	sp_sound_play_destroy(s->play);
	sp_sound_mic_destroy(s->mic);
	sp_watch_remove(s->retry);
	sp_pulse_server_destroy(s->server);
	sp_free(s);
}

struct sp_part *sp_sound_part(struct sp_sound *s, size_t i)
{
	return i == 0 ? sp_sound_play_part(s->play) : sp_sound_mic_part(s->mic);
}
