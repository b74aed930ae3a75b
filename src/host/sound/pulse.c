/* host/sound/pulse.c - see pulse.h. */
#include "host/sound/pulse.h"

#include <pulse/pulseaudio.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/wr.h"
#include "host/sound/pulse_loop.h"

#define SAMPLE 2
#define BEGIN_PART 3 /* a third of what may wait is there before playing begins */

struct sp_pulse {
	struct sp_pulse_loop *loop;
	pa_context *context;
	const struct sp_pulse_calls *calls;
	void *user;
	struct sp_watch *fell; /* tells that it is down, when libpulse is not in the middle of it */
	bool down;
};

struct sp_pulse_stream {
	struct sp_pulse *pulse;
	pa_stream *stream;
	pa_sample_spec spec;
	size_t most; /* bytes that may wait */
	struct sp_wr early; /* written before the server was ready */
	sp_pulse_data_fn fn;
	void *user;
};

static void on_context(pa_context *c, void *user)
{
	struct sp_pulse *p = user;
	pa_context_state_t state = pa_context_get_state(c);

	if (state == PA_CONTEXT_READY) {
		p->calls->up(p->user);
	} else if (!PA_CONTEXT_IS_GOOD(state) && !p->down) {
		p->down = true;
		sp_watch_at(p->fell, 1);
	}
}

static void on_fell(void *user)
{
	struct sp_pulse *p = user;

	p->calls->down(p->user, pa_strerror(pa_context_errno(p->context)));
}

struct sp_pulse *sp_pulse_create(struct sp_loop *l, const char *server, const char *name,
		const struct sp_pulse_calls *calls, void *user)
{
	struct sp_pulse *p = sp_calloc(1, sizeof(*p));

	if (!p) {
		return NULL;
	}
	p->calls = calls;
	p->user = user;
	p->loop = sp_pulse_loop_create(l);
	p->fell = sp_loop_timer(l, on_fell, p);
	if (p->loop && p->fell) {
		p->context = pa_context_new(
				(pa_mainloop_api *)(uintptr_t)sp_pulse_loop_api(p->loop), name);
	}
	if (!p->context) {
		sp_pulse_destroy(p);
		return NULL;
	}
	/* A failure is told by the state, in the loop or at once: the owner is not ready for it. */
	int rc = pa_context_connect(p->context, server, PA_CONTEXT_NOAUTOSPAWN, NULL);
	pa_context_set_state_callback(p->context, on_context, p);
	if (rc < 0) {
		sp_log(SP_LOG_DEBUG, "sound server: %s", pa_strerror(pa_context_errno(p->context)));
		sp_pulse_destroy(p);
		return NULL;
	}
	return p;
}

void sp_pulse_destroy(struct sp_pulse *p)
{
	if (!p) {
		return;
	}
	if (p->context) {
		p->down = true;
		pa_context_set_state_callback(p->context, NULL, NULL);
		pa_context_disconnect(p->context);
		pa_context_unref(p->context);
	}
	sp_watch_remove(p->fell);
	sp_pulse_loop_destroy(p->loop);
	sp_free(p);
}

bool sp_pulse_is_up(const struct sp_pulse *p)
{
	return p && !p->down && pa_context_get_state(p->context) == PA_CONTEXT_READY;
}

struct pa_context *sp_pulse_context(struct sp_pulse *p)
{
	return p->context;
}

/* ---- streams ---- */

static void on_readable(pa_stream *stream, size_t n, void *user)
{
	struct sp_pulse_stream *s = user;
	const void *data;

	while (pa_stream_peek(stream, &data, &n) == 0 && n > 0) {
		/* Without data it is a hole, which is silence that nobody needs to hear. */
		if (data) {
			s->fn(s->user, sp_span(data, n));
		}
		pa_stream_drop(stream);
	}
}

static size_t writable(const struct sp_pulse_stream *s)
{
	size_t n = pa_stream_writable_size(s->stream);

	return n == (size_t)-1 ? 0 : n;
}

static int write_now(struct sp_pulse_stream *s, struct sp_span pcm)
{
	size_t room = writable(s);

	if (pcm.n > room) {
		return SP_ELIMIT;
	}
	return pa_stream_write(s->stream, pcm.p, pcm.n, NULL, 0, PA_SEEK_RELATIVE) == 0 ? SP_OK
											: SP_ESYS;
}

static void on_stream(pa_stream *stream, void *user)
{
	struct sp_pulse_stream *s = user;
	pa_stream_state_t state = pa_stream_get_state(stream);

	if (state == PA_STREAM_READY && s->early.n > 0) {
		int rc = write_now(s, sp_span(s->early.p, s->early.n));

		if (rc != SP_OK) {
			sp_log(SP_LOG_DEBUG, "sound: begin left out: %s", sp_err_text(rc));
		}
		sp_wr_finish(&s->early);
	} else if (state == PA_STREAM_FAILED) {
		sp_log(SP_LOG_WARN, "sound stream: %s",
				pa_strerror(pa_context_errno(s->pulse->context)));
	}
}

static struct sp_pulse_stream *stream_new(
		struct sp_pulse *p, const struct sp_pulse_stream_conf *conf)
{
	struct sp_pulse_stream *s = sp_calloc(1, sizeof(*s));

	if (!s) {
		return NULL;
	}
	s->pulse = p;
	s->spec = (pa_sample_spec){.format = PA_SAMPLE_S16LE,
			.rate = conf->rate,
			.channels = (uint8_t)conf->channels};
	s->most = (size_t)conf->rate * conf->ms / 1000 * conf->channels * SAMPLE;
	sp_wr_init(&s->early, s->most + 1);
	if (sp_pulse_is_up(p) && pa_sample_spec_valid(&s->spec)) {
		s->stream = pa_stream_new(p->context, conf->name, &s->spec, NULL);
	}
	if (!s->stream) {
		sp_pulse_stream_destroy(s);
		return NULL;
	}
	pa_stream_set_state_callback(s->stream, on_stream, s);
	return s;
}

struct sp_pulse_stream *sp_pulse_record(struct sp_pulse *p, const struct sp_pulse_stream_conf *conf,
		sp_pulse_data_fn fn, void *user)
{
	struct sp_pulse_stream *s = stream_new(p, conf);

	if (!s) {
		return NULL;
	}
	s->fn = fn;
	s->user = user;
	pa_buffer_attr attr = {.maxlength = UINT32_MAX, .fragsize = (uint32_t)s->most};
	pa_stream_set_read_callback(s->stream, on_readable, s);
	if (pa_stream_connect_record(s->stream, conf->device, &attr,
			    PA_STREAM_ADJUST_LATENCY | PA_STREAM_DONT_MOVE) != 0) {
		sp_pulse_stream_destroy(s);
		return NULL;
	}
	return s;
}

struct sp_pulse_stream *sp_pulse_play(struct sp_pulse *p, const struct sp_pulse_stream_conf *conf)
{
	struct sp_pulse_stream *s = stream_new(p, conf);

	if (!s) {
		return NULL;
	}
	pa_buffer_attr attr = {.maxlength = UINT32_MAX,
			.tlength = (uint32_t)s->most,
			.prebuf = (uint32_t)(s->most / BEGIN_PART),
			.minreq = UINT32_MAX};
	pa_stream_flags_t flags = PA_STREAM_ADJUST_LATENCY | PA_STREAM_AUTO_TIMING_UPDATE |
			PA_STREAM_INTERPOLATE_TIMING;
	if (pa_stream_connect_playback(s->stream, conf->device, &attr, flags, NULL, NULL) != 0) {
		sp_pulse_stream_destroy(s);
		return NULL;
	}
	return s;
}

void sp_pulse_stream_destroy(struct sp_pulse_stream *s)
{
	if (!s) {
		return;
	}
	if (s->stream) {
		pa_stream_set_state_callback(s->stream, NULL, NULL);
		pa_stream_set_read_callback(s->stream, NULL, NULL);
		pa_stream_disconnect(s->stream);
		pa_stream_unref(s->stream);
	}
	sp_wr_finish(&s->early);
	sp_free(s);
}

int sp_pulse_write(struct sp_pulse_stream *s, struct sp_span pcm)
{
	if (pa_stream_get_state(s->stream) == PA_STREAM_READY) {
		return write_now(s, pcm);
	}
	if (s->early.n + pcm.n > s->most) {
		return SP_ELIMIT;
	}
	sp_wr_span(&s->early, pcm);
	return sp_wr_ok(&s->early);
}

uint32_t sp_pulse_wait_ms(struct sp_pulse_stream *s)
{
	pa_usec_t us;
	int negative;

	if (pa_stream_get_state(s->stream) != PA_STREAM_READY ||
			pa_stream_get_latency(s->stream, &us, &negative) != 0 || negative) {
		return 0;
	}
	return us < 60000000 ? (uint32_t)(us / 1000) : 60000;
}

void sp_pulse_volume(struct sp_pulse_stream *s, uint16_t left, uint16_t right)
{
	pa_cvolume v;

	if (pa_stream_get_state(s->stream) != PA_STREAM_READY) {
		return;
	}
	pa_cvolume_set(&v, s->spec.channels,
			(pa_volume_t)((uint64_t)left * PA_VOLUME_NORM / 0xFFFF));
	if (s->spec.channels == 2) {
		v.values[1] = (pa_volume_t)((uint64_t)right * PA_VOLUME_NORM / 0xFFFF);
	}
	pa_operation *op = pa_context_set_sink_input_volume(
			s->pulse->context, pa_stream_get_index(s->stream), &v, NULL, NULL);
	if (op) {
		pa_operation_unref(op);
	}
}
