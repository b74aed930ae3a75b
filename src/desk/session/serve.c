/* desk/session/serve.c - see serve.h. */
#include "desk/session/serve.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/pdu/errinfo.h"
#include "desk/session/desktop.h"
#include "desk/session/peer.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"
#include "host/monitor/mon.h"

#define MAX_PEERS 8 /* at once: the one that has the desktop, and those that come and go */
#define END_US (3 * 1000000u)
#define DPI 96
#define EXIT_FAILED 1
#define MAX_ROUNDS 4 /* of work in one turn, so that input has its turn too */

struct serve {
	const struct sp_serve_opts *opts;
	struct sp_loop *loop;
	struct sp_desktop desktop;
	struct sp_peer *peer[MAX_PEERS];
	struct sp_peer *front; /* the one that has the desktop */
	struct sp_watch *broker, *x, *before, *server, *program, *deadline;
	struct sp_watch *again;
	bool started, ending;
	bool x_event; /* some came since the work began */
	int status;
};

/* A text that the monitor lets pass: cut, and without what could forge a line. */
static void put_text(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", text);
	sp_log_clean(out);
}

static void tell(struct serve *s, enum sp_msg type, const char *text)
{
	struct sp_msg_desk_text m = {0};

	put_text(m.text, sizeof(m.text), text);
	int rc = sp_mon_send(s->opts->broker, type, &m, sizeof(m), NULL, 0);
	if (rc != SP_OK) {
		sp_log(SP_LOG_DEBUG, "broker: %s", sp_err_text(rc));
	}
}

static bool alone(const struct serve *s)
{
	for (size_t i = 0; i < MAX_PEERS; i++) {
		if (s->peer[i]) {
			return false;
		}
	}
	return true;
}

/* Begins the end: the clients are told why, and when they are gone the loop ends. */
static void end(struct serve *s, uint32_t error_info, const char *text, int status)
{
	if (s->ending) {
		return;
	}
	s->ending = true;
	s->status = status;
	sp_log(SP_LOG_INFO, "desktop ends: %s", text);
	tell(s, SP_MSG_DESK_ENDED, text);
	for (size_t i = 0; i < MAX_PEERS; i++) {
		if (s->peer[i]) {
			sp_peer_end(s->peer[i], error_info);
		}
	}
	if (alone(s)) {
		sp_loop_quit(s->loop, status);
	} else {
		sp_watch_in(s->deadline, END_US);
	}
}

static void on_deadline(void *user)
{
	struct serve *s = user;

	sp_loop_quit(s->loop, s->status);
}

static void x_lost(void *user)
{
	end(user, SP_ERRINFO_CLOSE_STACK_ON_DRIVER_FAILURE, "the X server has ended", EXIT_FAILED);
}

/* ---- clients ---- */

static void release_input(struct serve *s)
{
	/* An X server that is gone is noticed by its own watch. */
	if (!s->ending && sp_xinput_release_all(s->desktop.input) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "input: the X server is gone");
	}
}

static void on_takes(void *user, struct sp_peer *p)
{
	struct serve *s = user;
	struct sp_peer *old = s->front;

	s->front = p;
	if (old && old != p) {
		sp_log(SP_LOG_INFO, "conn %llu: takes the desktop over from conn %llu",
				(unsigned long long)sp_peer_conn(p),
				(unsigned long long)sp_peer_conn(old));
		sp_peer_end(old, SP_ERRINFO_DISCONNECTED_BY_OTHERCONNECTION);
		release_input(s);
	}
}

static void on_closed(void *user, struct sp_peer *p)
{
	struct serve *s = user;

	if (s->front == p) {
		s->front = NULL;
		release_input(s);
	}
	for (size_t i = 0; i < MAX_PEERS; i++) {
		if (s->peer[i] == p) {
			s->peer[i] = NULL;
		}
	}
	sp_peer_destroy(p);
	/* What large copies took is else kept by libc for the life of the desktop. */
	malloc_trim(0);
	if (s->ending && alone(s)) {
		sp_loop_quit(s->loop, s->status);
	}
}

static void connect_peer(struct serve *s, struct sp_mon_in *in)
{
	static const struct sp_peer_calls calls = {
			.takes = on_takes, .x_lost = x_lost, .closed = on_closed};
	struct sp_peer_conf conf = {.conn = in->body.desk_connect.conn,
			.desktop = &s->desktop,
			.calls = &calls,
			.user = s};
	size_t at = 0;

	while (at < MAX_PEERS && s->peer[at]) {
		at++;
	}
	if (s->ending || at == MAX_PEERS) {
		sp_log(SP_LOG_WARN, "conn %llu: refused, %s", (unsigned long long)conf.conn,
				s->ending ? "the desktop ends" : "too many connections");
		return;
	}
	int fd = sp_mon_take_fd(in, 0);
	conf.fd = fd;
	s->peer[at] = sp_peer_create(s->loop, &conf);
	if (!s->peer[at]) {
		sp_log(SP_LOG_ERROR, "conn %llu: no memory", (unsigned long long)conf.conn);
		sp_fd_close(&fd);
	}
}

/* ---- the X server and the program ---- */

static void on_x_event(void *arg, const xcb_generic_event_t *ev)
{
	struct serve *s = arg;

	s->x_event = true;
}

/*
 * X events come on the socket, but also along with any reply that somebody waits for, and then
 * no descriptor tells of them: so until a pump after the work finds none.
 */
static void work(struct serve *s)
{
	if (!s->started) {
		return;
	}
	for (int round = 0; round < MAX_ROUNDS; round++) {
		s->x_event = false;
		if (s->front) {
			sp_peer_work(s->front);
		}
		if (!s->ending && sp_xlink_pump(s->desktop.link) != SP_OK) {
			x_lost(s);
		}
		if (s->ending || !s->x_event) {
			return;
		}
	}
	sp_watch_at(s->again, 1);
}

static void on_again(void *user)
{
	/* The turn that follows does the work. */
}

static void on_x(void *user, unsigned events)
{
	work(user);
}

static void on_before(void *user)
{
	work(user);
}

static void on_server(void *user, unsigned events)
{
	struct serve *s = user;

	if (!sp_xserver_alive(s->desktop.server)) {
		sp_watch_want(s->server, 0);
		x_lost(s);
	}
}

static void on_program(void *user, unsigned events)
{
	struct serve *s = user;
	int status;

	if (!sp_program_alive(s->desktop.program, &status)) {
		sp_watch_want(s->program, 0);
		end(s, SP_ERRINFO_LOGOFF_BY_USER, "the session's program has ended", 0);
	}
}

static void on_signal(void *user, int signo)
{
	end(user, SP_ERRINFO_SERVER_SHUTDOWN, "told to stop", 0);
}

/* ---- start ---- */

static bool start_desktop(struct serve *s, const struct sp_msg_desktop_open *m)
{
	struct sp_desktop_opts opts = {.loop = s->loop,
			.dir = s->opts->dir,
			.kind = s->opts->kind,
			.width = m->geometry.width,
			.height = m->geometry.height,
			.dpi = DPI,
			.command = m->command};
	struct sp_msg_desk_up up = {0};
	char why[640];
	uint64_t begin = sp_now_us();

	if (sp_desktop_start(&s->desktop, &opts, why, sizeof(why)) != SP_OK) {
		sp_log(SP_LOG_ERROR, "desktop: %s", why);
		tell(s, SP_MSG_DESK_FAILED, why);
		return false;
	}
	put_text(up.display, sizeof(up.display), sp_xserver_display(s->desktop.server));
	put_text(up.program, sizeof(up.program), s->desktop.name);
	sp_log(SP_LOG_INFO, "desktop up on %s, %s, %s, after %llu ms", up.display,
			sp_xserver_kind(s->desktop.server) == SP_XSERVER_XVFB ? "Xvfb" : "Xorg",
			up.program, (unsigned long long)(sp_now_us() - begin) / 1000);
	if (sp_xlink_listen(s->desktop.link, on_x_event, s) != SP_OK) {
		tell(s, SP_MSG_DESK_FAILED, "the desktop cannot be watched");
		return false;
	}
	s->started = true;
	s->x = sp_loop_fd(s->loop, sp_xlink_fd(s->desktop.link), SP_LOOP_READ, on_x, s);
	s->server = sp_loop_fd(
			s->loop, sp_xserver_fd(s->desktop.server), SP_LOOP_READ, on_server, s);
	s->program = sp_loop_fd(
			s->loop, sp_program_fd(s->desktop.program), SP_LOOP_READ, on_program, s);
	if (!s->x || !s->server || !s->program) {
		tell(s, SP_MSG_DESK_FAILED, "the desktop cannot be watched");
		return false;
	}
	return sp_mon_say(s->opts->broker, DESK_UP, &up) == SP_OK;
}

static void on_broker(void *user, unsigned events)
{
	struct serve *s = user;
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(s->opts->broker, &in)) == 1) {
		if (in.type == SP_MSG_DESK_START && !s->started) {
			if (!start_desktop(s, &in.body.desktop_open)) {
				sp_loop_quit(s->loop, EXIT_FAILED);
			}
		} else if (in.type == SP_MSG_DESK_CONNECT && s->started) {
			connect_peer(s, &in);
		} else {
			sp_log(SP_LOG_WARN, "broker: %s is not expected now", sp_msg_name(in.type));
		}
		sp_mon_in_finish(&in);
	}
	if (rc != 0) {
		sp_watch_want(s->broker, 0);
		end(s, SP_ERRINFO_SERVER_SHUTDOWN, "the broker is gone", 0);
	}
}

int sp_serve_run(const struct sp_serve_opts *opts)
{
	struct serve s = {.opts = opts};
	int status = EXIT_FAILED;

	/* Threads that encode take what the loop has given back, rather than heaps of their own. */
	mallopt(M_ARENA_MAX, 1);
	s.loop = sp_loop_create();
	if (!s.loop) {
		sp_log(SP_LOG_ERROR, "no event loop");
		return EXIT_FAILED;
	}
	s.broker = sp_loop_fd(s.loop, opts->broker, SP_LOOP_READ, on_broker, &s);
	s.before = sp_loop_before(s.loop, on_before, &s);
	s.deadline = sp_loop_timer(s.loop, on_deadline, &s);
	s.again = sp_loop_timer(s.loop, on_again, &s);
	struct sp_watch *term = sp_loop_signal(s.loop, SIGTERM, on_signal, &s);
	struct sp_watch *hup = sp_loop_signal(s.loop, SIGHUP, on_signal, &s);
	struct sp_watch *intr = sp_loop_signal(s.loop, SIGINT, on_signal, &s);
	if (s.broker && s.before && s.deadline && s.again && term && hup && intr) {
		status = sp_loop_run(s.loop);
		status = status < 0 ? EXIT_FAILED : status;
	} else {
		sp_log(SP_LOG_ERROR, "event loop cannot be set up");
	}
	for (size_t i = 0; i < MAX_PEERS; i++) {
		sp_peer_destroy(s.peer[i]);
	}
	sp_desktop_finish(&s.desktop);
	sp_loop_destroy(s.loop);
	return status;
}
