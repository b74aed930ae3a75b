/* client/sound.c - see sound.h. */
#include "client/sound.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/sound_client.h"
#include "host/lib/opus.h"
#include "host/sound/pulse.h"

#define MAX_MESSAGE (SP_SOUND_MAX_WAVE + 1024)
#define BUFFER_MS 200 /* that may wait to be played: jitter up to it is not heard */

struct sp_client_sound {
	struct sp_part part;
	struct sp_loop *loop;
	uint16_t quality;
	sp_client_sound_fn fn;
	void *user;
	/* A server speaks on the static channel or on a dynamic one; a machine for each. */
	struct sp_port *port;
	struct sp_sound_client *machine;
	struct sp_opus_decoder *opus;
	struct sp_pulse *pulse;
	struct sp_pulse_stream *stream;
	struct sp_audio_format format; /* of the stream */
	uint16_t left, right;
	bool no_pulse; /* tried, and there is none */
};

static void check(int rc, const char *what)
{
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "sound: %s: %s", what, sp_err_text(rc));
	}
}

static void flush(struct sp_client_sound *s)
{
	struct sp_rcbuf *b;

	while (s->machine && (b = sp_sound_client_out(s->machine))) {
		if (s->port) {
			check(sp_port_send(s->port, b), "send");
		} else {
			sp_rcbuf_unref(b);
		}
	}
}

/* ---- loudspeakers ---- */

static void stop_stream(struct sp_client_sound *s)
{
	sp_pulse_stream_destroy(s->stream);
	s->stream = NULL;
}

static void on_up(void *user)
{
	sp_log(SP_LOG_DEBUG, "sound: loudspeakers are there");
}

static void on_down(void *user, const char *why)
{
	struct sp_client_sound *s = user;

	sp_log(SP_LOG_DEBUG, "sound: no loudspeakers: %s", why);
	stop_stream(s);
	sp_pulse_destroy(s->pulse);
	s->pulse = NULL;
	s->no_pulse = true;
}

/* Until they are there, sound is not kept: it would be late. */
static uint16_t to_speakers(
		struct sp_client_sound *s, const struct sp_audio_format *f, struct sp_span pcm)
{
	static const struct sp_pulse_calls calls = {.up = on_up, .down = on_down};
	struct sp_pulse_stream_conf conf = {.name = "Remote desktop",
			.rate = f->rate,
			.channels = f->channels,
			.ms = BUFFER_MS};

	if (!s->pulse && !s->no_pulse) {
		s->pulse = sp_pulse_create(s->loop, NULL, "Sallyport", &calls, s);
		s->no_pulse = !s->pulse;
	}
	if (!sp_pulse_is_up(s->pulse)) {
		return 0;
	}
	if (s->stream && !sp_audio_same(f, &s->format)) {
		stop_stream(s);
	}
	if (!s->stream) {
		s->format = *f;
		s->stream = sp_pulse_play(s->pulse, &conf);
	}
	if (!s->stream) {
		return 0;
	}
	check(sp_pulse_write(s->stream, pcm), "play");
	uint32_t ms = sp_pulse_wait_ms(s->stream);
	return ms < UINT16_MAX ? (uint16_t)ms : UINT16_MAX;
}

/* ---- from the server ---- */

static void on_block(struct sp_client_sound *s, const struct sp_sound_client_event *ev)
{
	struct sp_audio_format f = ev->format;
	struct sp_span pcm = ev->data;
	uint16_t wait = 0;
	int rc = SP_OK;

	if (f.tag == SP_AUDIO_OPUS) {
		if (!s->opus) {
			s->opus = sp_opus_decoder_create(f.rate, f.channels);
		}
		rc = s->opus ? sp_opus_decode(s->opus, ev->data, &pcm) : SP_ENOMEM;
		f = sp_audio_pcm(f.channels, f.rate);
	}
	check(rc, "decode");
	if (rc == SP_OK && s->fn) {
		s->fn(s->user, &f, pcm);
	} else if (rc == SP_OK) {
		wait = to_speakers(s, &f, pcm);
	}
	check(sp_sound_client_done(s->machine, ev->block, wait, sp_now_us()), "confirm");
}

static void take_events(struct sp_client_sound *s)
{
	struct sp_sound_client_event ev;

	while (s->machine && sp_sound_client_next(s->machine, &ev)) {
		switch (ev.kind) {
		case SP_SOUND_CLIENT_BLOCK:
			on_block(s, &ev);
			break;
		case SP_SOUND_CLIENT_VOLUME:
			if (s->stream) {
				sp_pulse_volume(s->stream, ev.left, ev.right);
			}
			break;
		case SP_SOUND_CLIENT_CLOSE:
			stop_stream(s);
			break;
		}
	}
}

static void forget(struct sp_client_sound *s)
{
	s->port = NULL;
	stop_stream(s);
	sp_opus_decoder_destroy(s->opus);
	s->opus = NULL;
	sp_sound_client_destroy(s->machine);
	s->machine = NULL;
}

static void begin(struct sp_client_sound *s, struct sp_port *port)
{
	/* A volume can only be set for a stream of ours. */
	struct sp_sound_client_conf conf = {.opus = true, .volume = !s->fn, .quality = s->quality};

	forget(s);
	s->port = port;
	s->machine = sp_sound_client_create(&conf);
	if (!s->machine) {
		sp_log(SP_LOG_WARN, "sound: no memory");
	}
}

static void attach(struct sp_part *part, struct sp_vc *vc)
{
	struct sp_client_sound *s = (struct sp_client_sound *)part;
	struct sp_port_conf conf = {.owner = part, .max_message = MAX_MESSAGE};
	struct sp_port *port;

	if (sp_vc_static(vc, SP_SOUND_CHANNEL, &conf, &port) == SP_OK) {
		begin(s, port);
	}
	check(sp_vc_listen(vc, SP_SOUND_DVC, &conf), "listen");
}

static void event(struct sp_part *part, const struct sp_vc_event *ev)
{
	struct sp_client_sound *s = (struct sp_client_sound *)part;

	switch (ev->kind) {
	case SP_VC_OPENED:
		/* A server that opens it has given up the static one. */
		begin(s, ev->port);
		break;
	case SP_VC_MESSAGE:
		if (s->machine && ev->port == s->port) {
			check(sp_sound_client_feed(s->machine, ev->message, sp_now_us()),
					"message");
			take_events(s);
			flush(s);
		}
		break;
	case SP_VC_CLOSED:
		if (ev->port == s->port) {
			forget(s);
		}
		break;
	default:
		break;
	}
}

static void detach(struct sp_part *part)
{
	forget((struct sp_client_sound *)part);
}

struct sp_part *sp_client_sound_part(struct sp_client_sound *s)
{
	return &s->part;
}

struct sp_client_sound *sp_client_sound_create(
		struct sp_loop *l, uint16_t quality, sp_client_sound_fn fn, void *user)
{
	static const struct sp_part_calls calls = {.channel = SP_SOUND_CHANNEL,
			.dynamic = true,
			.attach = attach,
			.event = event,
			.detach = detach};
	struct sp_client_sound *s = sp_calloc(1, sizeof(*s));

	if (s) {
		s->part.calls = &calls;
		s->loop = l;
		s->quality = quality;
		s->fn = fn;
		s->user = user;
	}
	return s;
}

void sp_client_sound_destroy(struct sp_client_sound *s)
{
	if (!s) {
		return;
	}
	forget(s);
	sp_pulse_destroy(s->pulse);
	sp_free(s);
}
