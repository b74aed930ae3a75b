/* client/mic.c - see mic.h. */
#include "client/mic.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/mic_client.h"
#include "host/sound/pulse.h"

#define MAX_MESSAGE 65536
#define STEP_MS 20
#define STEP_US (STEP_MS * 1000u)
#define MOST_STEPS 5 /* at once, when the loop was late */
#define STEP_BYTES (96u * STEP_MS * 4) /* at the highest rate, two channels */
#define E_FAIL 0x80004005u

struct sp_client_mic {
	struct sp_part part;
	struct sp_loop *loop;
	sp_client_mic_fn fn;
	void *user;
	struct sp_watch *timer;
	struct sp_port *port;
	struct sp_mic_client *machine;
	struct sp_audio_format format;
	bool on;
	uint64_t next_us; /* of the function's next step */
	struct sp_pulse *pulse;
	struct sp_pulse_stream *stream;
};

static void check(int rc, const char *what)
{
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "microphone: %s: %s", what, sp_err_text(rc));
	}
}

/* What a server does not take in time is left out. */
static void flush(struct sp_client_mic *m)
{
	struct sp_rcbuf *b;

	while (m->machine && (b = sp_mic_client_out(m->machine))) {
		if (m->port && !sp_port_full(m->port)) {
			check(sp_port_send(m->port, b), "send");
		} else {
			sp_rcbuf_unref(b);
		}
	}
}

static void stop(struct sp_client_mic *m)
{
	m->on = false;
	sp_watch_at(m->timer, 0);
	sp_pulse_stream_destroy(m->stream);
	m->stream = NULL;
	sp_pulse_destroy(m->pulse);
	m->pulse = NULL;
}

/* ---- a function ---- */

static void on_timer(void *user)
{
	struct sp_client_mic *m = user;
	uint8_t pcm[STEP_BYTES];
	size_t n = sp_audio_ms(&m->format, STEP_MS);
	uint64_t now = sp_now_us();

	for (int i = 0; i < MOST_STEPS && m->next_us <= now; i++) {
		m->fn(m->user, &m->format, pcm, n);
		check(sp_mic_client_put(m->machine, sp_span(pcm, n)), "sound");
		m->next_us += STEP_US;
	}
	if (m->next_us <= now) {
		m->next_us = now + STEP_US;
	}
	sp_watch_at(m->timer, m->next_us);
	flush(m);
}

/* ---- the one that is there ---- */

static void on_pcm(void *user, struct sp_span pcm)
{
	struct sp_client_mic *m = user;

	check(sp_mic_client_put(m->machine, pcm), "sound");
	flush(m);
}

static bool record(struct sp_client_mic *m)
{
	struct sp_pulse_stream_conf conf = {.name = "Remote desktop",
			.rate = m->format.rate,
			.channels = m->format.channels,
			.ms = STEP_MS};

	sp_pulse_stream_destroy(m->stream);
	m->stream = sp_pulse_record(m->pulse, &conf, on_pcm, m);
	return m->stream;
}

static void on_up(void *user)
{
	struct sp_client_mic *m = user;

	check(sp_mic_client_opened(m->machine, record(m) ? 0 : E_FAIL), "open");
	flush(m);
}

static void on_down(void *user, const char *why)
{
	struct sp_client_mic *m = user;

	sp_log(SP_LOG_DEBUG, "microphone: none: %s", why);
	stop(m);
	if (m->machine && sp_mic_client_opened(m->machine, E_FAIL) == SP_OK) {
		flush(m);
	}
}

static void start(struct sp_client_mic *m)
{
	static const struct sp_pulse_calls calls = {.up = on_up, .down = on_down};

	stop(m);
	m->on = true;
	if (m->fn) {
		check(sp_mic_client_opened(m->machine, 0), "open");
		m->next_us = sp_now_us();
		sp_watch_at(m->timer, m->next_us);
		return;
	}
	m->pulse = sp_pulse_create(m->loop, NULL, "Sallyport", &calls, m);
	if (!m->pulse) {
		m->on = false;
		check(sp_mic_client_opened(m->machine, E_FAIL), "open");
	}
}

/* ---- from the server ---- */

static void take_events(struct sp_client_mic *m)
{
	struct sp_mic_client_event ev;

	while (m->machine && sp_mic_client_next(m->machine, &ev)) {
		m->format = ev.format;
		if (ev.kind == SP_MIC_CLIENT_OPEN) {
			sp_log(SP_LOG_INFO, "microphone: the server listens");
			start(m);
		} else if (m->on && !m->fn && !record(m)) {
			stop(m);
		}
	}
}

static void forget(struct sp_client_mic *m)
{
	stop(m);
	m->port = NULL;
	sp_mic_client_destroy(m->machine);
	m->machine = NULL;
}

static void attach(struct sp_part *part, struct sp_vc *vc)
{
	struct sp_port_conf conf = {.owner = part, .max_message = MAX_MESSAGE};

	check(sp_vc_listen(vc, SP_MIC_DVC, &conf), "listen");
}

static void event(struct sp_part *part, const struct sp_vc_event *ev)
{
	struct sp_client_mic *m = (struct sp_client_mic *)part;

	switch (ev->kind) {
	case SP_VC_OPENED:
		forget(m);
		m->port = ev->port;
		m->machine = sp_mic_client_create();
		if (!m->machine) {
			sp_log(SP_LOG_WARN, "microphone: no memory");
		}
		break;
	case SP_VC_MESSAGE:
		if (m->machine && ev->port == m->port) {
			check(sp_mic_client_feed(m->machine, ev->message), "message");
			take_events(m);
			flush(m);
		}
		break;
	case SP_VC_CLOSED:
		if (ev->port == m->port) {
			sp_log(SP_LOG_INFO, "microphone: off");
			forget(m);
		}
		break;
	default:
		break;
	}
}

static void detach(struct sp_part *part)
{
	forget((struct sp_client_mic *)part);
}

struct sp_part *sp_client_mic_part(struct sp_client_mic *m)
{
	return &m->part;
}

struct sp_client_mic *sp_client_mic_create(struct sp_loop *l, sp_client_mic_fn fn, void *user)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};
	struct sp_client_mic *m = sp_calloc(1, sizeof(*m));

	if (!m) {
		return NULL;
	}
	m->part.calls = &calls;
	m->loop = l;
	m->fn = fn;
	m->user = user;
	m->timer = sp_loop_timer(l, on_timer, m);
	if (!m->timer) {
		sp_free(m);
		return NULL;
	}
	return m;
}

void sp_client_mic_destroy(struct sp_client_mic *m)
{
	if (!m) {
		return;
	}
	forget(m);
	sp_watch_remove(m->timer);
	sp_free(m);
}
