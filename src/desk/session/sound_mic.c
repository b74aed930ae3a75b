/* desk/session/sound_mic.c - see sound_mic.h. */
#include "desk/session/sound_mic.h"

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/chan/mic_server.h"
#include "desk/session/mic_pipe.h"

#define MAX_MESSAGE (SP_MIC_MAX_DATA + 16)
#define LINGER_US 1000000u /* between two recordings the microphone stays on */

struct sp_sound_mic {
	struct sp_part part;
	struct sp_watch *deadline, *linger;
	struct sp_mic_pipe *pipe;
	struct sp_vc *vc; /* NULL: no client */
	struct sp_port *port;
	struct sp_mic_server *machine;
	bool records;
	bool refused; /* this client, until somebody begins to record anew */
};

static void check(int rc, const char *what)
{
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "microphone: %s: %s", what, sp_err_text(rc));
	}
}

static void flush(struct sp_sound_mic *m)
{
	struct sp_rcbuf *b;

	while (m->machine && (b = sp_mic_server_out(m->machine))) {
		if (m->port) {
			check(sp_port_send(m->port, b), "send");
		} else {
			sp_rcbuf_unref(b);
		}
	}
	sp_watch_at(m->deadline, m->machine ? sp_mic_server_deadline(m->machine) : 0);
}

/* The client's device is free again; the machine goes with the channel. */
static void close_channel(struct sp_sound_mic *m)
{
	sp_port_close(m->port);
	m->port = NULL;
	sp_mic_server_destroy(m->machine);
	m->machine = NULL;
	sp_watch_at(m->deadline, 0);
}

static void open_channel(struct sp_sound_mic *m)
{
	struct sp_port_conf conf = {.owner = &m->part, .max_message = MAX_MESSAGE};

	if (!m->vc || m->port || m->refused || !m->records) {
		return;
	}
	int rc = sp_vc_dynamic(m->vc, SP_MIC_DVC, &conf, &m->port);
	if (rc != SP_OK) {
		m->port = NULL;
		m->refused = true;
		check(rc, "the client has no channel for it");
	}
}

static void take_events(struct sp_sound_mic *m)
{
	struct sp_mic_server_event ev;

	while (m->machine && sp_mic_server_next(m->machine, &ev)) {
		switch (ev.kind) {
		case SP_MIC_SERVER_OPEN:
			sp_log(SP_LOG_INFO, "microphone: on, %u Hz, %u channels", ev.format.rate,
					ev.format.channels);
			break;
		case SP_MIC_SERVER_DATA:
			sp_mic_pipe_put(m->pipe, &ev.format, ev.data);
			break;
		case SP_MIC_SERVER_REFUSED:
			sp_log(SP_LOG_INFO, "microphone: the client gives none (%08x)", ev.result);
			m->refused = true;
			close_channel(m);
			return;
		}
	}
}

static void on_deadline(void *user)
{
	struct sp_sound_mic *m = user;

	if (m->machine) {
		sp_mic_server_tick(m->machine, sp_now_us());
		take_events(m);
		flush(m);
	}
}

static void on_linger(void *user)
{
	struct sp_sound_mic *m = user;

	if (m->port) {
		sp_log(SP_LOG_INFO, "microphone: off");
	}
	close_channel(m);
	sp_mic_pipe_close(m->pipe);
}

void sp_sound_mic_set(struct sp_sound_mic *m, bool records, const char *pipe)
{
	if (records && !m->records) {
		m->refused = false;
		check(sp_mic_pipe_open(m->pipe, pipe), "pipe");
	}
	m->records = records;
	if (records) {
		sp_watch_at(m->linger, 0);
		open_channel(m);
	} else {
		sp_watch_in(m->linger, LINGER_US);
	}
}

/* ---- from the client ---- */

static void attach(struct sp_part *part, struct sp_vc *vc)
{
	struct sp_sound_mic *m = (struct sp_sound_mic *)part;

	m->vc = vc;
	m->refused = false;
	open_channel(m);
}

static void event(struct sp_part *part, const struct sp_vc_event *ev)
{
	struct sp_sound_mic *m = (struct sp_sound_mic *)part;

	switch (ev->kind) {
	case SP_VC_OPENED:
		m->machine = sp_mic_server_create(sp_now_us());
		if (!m->machine) {
			sp_log(SP_LOG_WARN, "microphone: no memory");
		}
		flush(m);
		break;
	case SP_VC_MESSAGE:
		if (m->machine) {
			check(sp_mic_server_feed(m->machine, ev->message), "message");
			take_events(m);
			flush(m);
		}
		break;
	case SP_VC_CLOSED:
		sp_log(SP_LOG_DEBUG, "microphone: the client has closed or refused the channel");
		m->port = NULL;
		m->refused = true;
		close_channel(m);
		break;
	default:
		break;
	}
}

static void detach(struct sp_part *part)
{
	struct sp_sound_mic *m = (struct sp_sound_mic *)part;

	m->vc = NULL;
	m->port = NULL;
	close_channel(m);
}

struct sp_part *sp_sound_mic_part(struct sp_sound_mic *m)
{
	return &m->part;
}

struct sp_sound_mic *sp_sound_mic_create(struct sp_loop *l, uint32_t rate)
{
	static const struct sp_part_calls calls = {
			.dynamic = true, .attach = attach, .event = event, .detach = detach};
	struct sp_sound_mic *m = sp_calloc(1, sizeof(*m));

	if (!m) {
		return NULL;
	}
	m->part.calls = &calls;
	m->deadline = sp_loop_timer(l, on_deadline, m);
	m->linger = sp_loop_timer(l, on_linger, m);
	m->pipe = sp_mic_pipe_create(l, rate);
	if (!m->deadline || !m->linger || !m->pipe) {
		sp_sound_mic_destroy(m);
		return NULL;
	}
	return m;
}

void sp_sound_mic_destroy(struct sp_sound_mic *m)
{
	if (!m) {
		return;
	}
	if (m->deadline) {
		close_channel(m);
	}
	sp_mic_pipe_destroy(m->pipe);
	sp_watch_remove(m->deadline);
	sp_watch_remove(m->linger);
	sp_free(m);
}
