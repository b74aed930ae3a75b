/* desk/broker/desk.c - see desk.h. */
#include "desk/broker/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "desk/broker/account.h"
#include "desk/broker/room.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

#define START_US (15 * 1000000u)
#define END_US (10 * 1000000u)
#define PATH_SIZE 4096
/* What lies between desktop and gate is a picture of the past. The kernel doubles it. */
#define SOCKET_ROOM 32768

/* Named by what is waited for. */
enum state {
	WAIT_UP, /* DESK_UP or DESK_FAILED */
	WAIT_ENDED, /* up: DESK_ENDED */
	WAIT_EXIT, /* of its process */
};

struct sp_desk {
	struct sp_desk_conf conf;
	enum state state;
	char user[SP_TEXT_USER], target[SP_TEXT_TARGET];
	char from[SP_TEXT_ADDR]; /* of the client that it was started for */
	struct sp_account account;
	char room[SP_ROOM_PATH];
	pid_t pid;
	int fd; /* to sp-desk */
	struct sp_watch *watch, *child, *timer;
	struct sp_hostlog_pipe *log;
	struct sp_msg_desk_connect waiting[SP_DESK_WAITING];
	size_t n_waiting;
	uint64_t begun_us;
};

bool sp_desk_is(const struct sp_desk *d, const char *user, const char *target)
{
	return d->state != WAIT_EXIT && strcmp(d->user, user) == 0 &&
			strcmp(d->target, target) == 0;
}

static void say(const struct sp_desk *d, enum sp_log_level level, const char *text)
{
	sp_log(level, "desktop %s of %s: %s", d->target, d->user, text);
}

/* A number that was reaped may be another's already. */
static void send_signal(const struct sp_desk *d, int sig)
{
	if (d->pid > 0) {
		kill(d->pid, sig);
	}
}

static void refuse_all(struct sp_desk *d, const char *text)
{
	size_t n = d->n_waiting;

	d->n_waiting = 0;
	for (size_t i = 0; i < n; i++) {
		d->conf.calls->opened(d->conf.user, d->waiting[i].conn, -1, false, text);
	}
}

/* From here on nobody joins it; its process is to end. */
static void give_up(struct sp_desk *d, const char *text)
{
	if (d->state == WAIT_EXIT) {
		return;
	}
	d->state = WAIT_EXIT;
	refuse_all(d, text);
	sp_watch_remove(d->watch);
	d->watch = NULL;
	send_signal(d, SIGTERM);
	sp_watch_in(d->timer, END_US);
}

static bool make_pair(int ends[2])
{
	int room = SOCKET_ROOM;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		return false;
	}
	for (int i = 0; i < 2; i++) {
		if (setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) != 0) {
			sp_log(SP_LOG_DEBUG, "socket not tuned: %s", strerror(errno));
		}
	}
	return true;
}

/* Gives the desktop one end of a new pair and the keeper the other. */
static void connect_one(struct sp_desk *d, const struct sp_msg_desk_connect *m, bool fresh)
{
	const struct sp_desk_calls *calls = d->conf.calls;
	int ends[2];

	if (!make_pair(ends)) {
		say(d, SP_LOG_ERROR, strerror(errno));
		calls->opened(d->conf.user, m->conn, -1, false, "no socket for the desktop");
		return;
	}
	int rc = sp_mon_send(d->fd, SP_MSG_DESK_CONNECT, m, sizeof(*m), &ends[0], 1);
	close(ends[0]);
	if (rc != SP_OK) {
		say(d, SP_LOG_ERROR, sp_err_text(rc));
		close(ends[1]);
		calls->opened(d->conf.user, m->conn, -1, false, "the desktop does not answer");
		return;
	}
	calls->opened(d->conf.user, m->conn, ends[1], fresh, "");
}

static void on_up(struct sp_desk *d, const struct sp_msg_desk_up *up)
{
	size_t n = d->n_waiting;

	d->state = WAIT_ENDED;
	d->n_waiting = 0;
	sp_watch_at(d->timer, 0);
	sp_log(SP_LOG_INFO, "desktop %s of %s: up on %s with %s, after %llu ms", d->target, d->user,
			up->display, up->program,
			(unsigned long long)(sp_now_us() - d->begun_us) / 1000);
	for (size_t i = 0; i < n; i++) {
		connect_one(d, &d->waiting[i], i == 0);
	}
}

static void on_message(struct sp_desk *d, const struct sp_mon_in *in)
{
	char text[SP_TEXT_WHY + 32];

	if (in->type == SP_MSG_DESK_UP && d->state == WAIT_UP) {
		on_up(d, &in->body.desk_up);
	} else if (in->type == SP_MSG_DESK_FAILED && d->state == WAIT_UP) {
		say(d, SP_LOG_ERROR, in->body.desk_text.text);
		give_up(d, in->body.desk_text.text);
	} else if (in->type == SP_MSG_DESK_ENDED) {
		snprintf(text, sizeof(text), "ends: %s", in->body.desk_text.text);
		say(d, SP_LOG_INFO, text);
		/* It ends by itself, and has clients to tell. Nothing follows: it is not heard again. */
		d->state = WAIT_EXIT;
		refuse_all(d, in->body.desk_text.text);
		sp_watch_remove(d->watch);
		d->watch = NULL;
		sp_watch_in(d->timer, END_US);
	} else {
		say(d, SP_LOG_ERROR, "message not expected now");
		give_up(d, "the desktop does not work");
	}
}

static void on_desk(void *user, unsigned events)
{
	struct sp_desk *d = user;
	struct sp_mon_in in;
	int rc = 1;

	while (d->watch && (rc = sp_mon_recv(d->fd, &in)) == 1) {
		on_message(d, &in);
		sp_mon_in_finish(&in);
	}
	if (d->watch && rc < 0) {
		/* Its end is told by the process itself, any moment now. */
		sp_watch_remove(d->watch);
		d->watch = NULL;
		if (rc != SP_ECLOSED) {
			say(d, SP_LOG_ERROR, sp_err_text(rc));
			give_up(d, "the desktop does not work");
		}
	}
}

static void on_exit_of(void *user, pid_t pid, int status)
{
	struct sp_desk *d = user;
	char text[80];

	d->pid = 0;
	if (d->watch) {
		on_desk(d, SP_LOOP_READ); /* its last words */
	}
	sp_hostlog_pipe_destroy(d->log);
	d->log = NULL;
	sp_proc_status_text(status, text, sizeof(text));
	say(d, status == 0 ? SP_LOG_INFO : SP_LOG_WARN, text);
	d->state = WAIT_EXIT;
	refuse_all(d, "the desktop ended before it was up");
	sp_room_remove(d->room);
	d->room[0] = '\0';
	d->conf.calls->gone(d->conf.user, d);
}

static void on_timer(void *user)
{
	struct sp_desk *d = user;

	if (d->state == WAIT_UP) {
		say(d, SP_LOG_ERROR, "not up in 15 seconds");
		give_up(d, "the desktop did not start in time");
	} else if (d->state == WAIT_EXIT) {
		say(d, SP_LOG_ERROR, "does not end, killed");
		send_signal(d, SIGKILL);
	}
}

/* As the caller sp-desk itself, else a minder, which becomes the account. */
static int start_process(struct sp_desk *d, int fd, char *why, size_t n)
{
	char self[PATH_SIZE], program[PATH_SIZE], text[SP_WHY_MAX];
	bool minded = d->account.name[0] != '\0';
	const char *plain[] = {program, d->room, d->conf.level, NULL};
	const char *with[] = {self, "--minder", d->account.name, d->from, program, d->room,
			d->conf.level, NULL};
	const char *env[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
	static const char *const pass[] = {
			"PATH=", "LANG=", "LANGUAGE=", "LC_ALL=", "LC_CTYPE=", "TZ="};
	size_t n_env = 0;
	int lines[2];

	if (sp_proc_find("sp-desk", program, sizeof(program)) != SP_OK ||
			sp_proc_find("sp-broker", self, sizeof(self)) != SP_OK) {
		snprintf(why, n, "sp-desk is not installed");
		return SP_ENOTFOUND;
	}
	for (char **line = environ; *line; line++) {
		for (size_t i = 0; i < SP_LEN(pass); i++) {
			if (strncmp(*line, pass[i], strlen(pass[i])) == 0 &&
					n_env + 1 < SP_LEN(env)) {
				env[n_env++] = *line;
			}
		}
	}
	/* It belongs to the user, who could read and write whatever he found open in it. */
	if (pipe2(lines, O_CLOEXEC) != 0) {
		snprintf(why, n, "no pipe for the desktop: %s", strerror(errno));
		return SP_ESYS;
	}
	struct sp_proc_spec spec = {.path = minded ? self : program,
			.argv = minded ? with : plain,
			.env = env,
			.fds = &fd,
			.nfds = 1,
			.out = -1,
			.err = lines[1],
			.new_session = true,
			.death_signal = SIGTERM};
	int rc = sp_proc_start(&spec, &d->pid, text);
	close(lines[1]);
	if (rc != SP_OK) {
		d->pid = 0;
		close(lines[0]);
		snprintf(why, n, "%s", text);
		return rc;
	}
	d->log = sp_hostlog_pipe_create(d->conf.loop, lines[0], "sp-desk", d->pid);
	if (!d->log) {
		close(lines[0]);
		snprintf(why, n, "out of memory");
	}
	return d->log ? SP_OK : SP_ENOMEM;
}

static int start(struct sp_desk *d, const struct sp_msg_desktop_open *open, char *why, size_t n)
{
	int ends[2];
	int rc = sp_account_find(open->account, d->conf.mapped, &d->account, why, n);

	if (rc == SP_OK) {
		rc = sp_room_make(d->conf.state, &d->account, d->room, why, n);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_ipc_pair(ends);
	if (rc != SP_OK) {
		snprintf(why, n, "no socket for the desktop");
		return rc;
	}
	d->fd = ends[0];
	rc = start_process(d, ends[1], why, n);
	close(ends[1]);
	if (rc != SP_OK) {
		return rc;
	}
	d->watch = sp_loop_fd(d->conf.loop, d->fd, SP_LOOP_READ, on_desk, d);
	d->child = sp_loop_child(d->conf.loop, d->pid, on_exit_of, d);
	d->timer = sp_loop_timer(d->conf.loop, on_timer, d);
	/* A desktop that does not read must not hold up the others. */
	if (!d->watch || !d->child || !d->timer || sp_fd_nonblock(d->fd, true) != SP_OK ||
			sp_mon_say(d->fd, DESK_START, open) != SP_OK) {
		snprintf(why, n, "the desktop cannot be started");
		return SP_ESYS;
	}
	sp_watch_in(d->timer, START_US);
	return SP_OK;
}

struct sp_desk *sp_desk_create(const struct sp_desk_conf *conf,
		const struct sp_msg_desktop_open *open, char *why, size_t n)
{
	struct sp_desk *d = sp_calloc(1, sizeof(*d));

	if (!d) {
		snprintf(why, n, "out of memory");
		return NULL;
	}
	d->conf = *conf;
	d->fd = -1;
	d->begun_us = sp_now_us();
	snprintf(d->user, sizeof(d->user), "%s", open->user);
	snprintf(d->target, sizeof(d->target), "%s", open->target);
	snprintf(d->from, sizeof(d->from), "%s", open->from);
	if (start(d, open, why, n) != SP_OK) {
		sp_desk_destroy(d);
		return NULL;
	}
	sp_desk_join(d, open);
	return d;
}

void sp_desk_destroy(struct sp_desk *d)
{
	int status;

	if (!d) {
		return;
	}
	sp_watch_remove(d->watch);
	sp_watch_remove(d->child);
	sp_watch_remove(d->timer);
	sp_fd_close(&d->fd);
	if (d->pid > 0 && sp_proc_reap(d->pid, 0, &status) != SP_OK) {
		say(d, SP_LOG_ERROR, "its process is not ours");
	}
	sp_hostlog_pipe_destroy(d->log);
	if (d->room[0]) {
		sp_room_remove(d->room);
	}
	sp_free(d);
}

void sp_desk_join(struct sp_desk *d, const struct sp_msg_desktop_open *open)
{
	struct sp_msg_desk_connect m = {.conn = open->conn};

	m.geometry = open->geometry;
	if (d->state == WAIT_ENDED) {
		connect_one(d, &m, false);
	} else if (d->state == WAIT_UP && d->n_waiting < SP_DESK_WAITING) {
		d->waiting[d->n_waiting++] = m;
	} else {
		d->conf.calls->opened(d->conf.user, open->conn, -1, false,
				"too many connections wait for this desktop");
	}
}

void sp_desk_end(struct sp_desk *d)
{
	give_up(d, "the service ends");
}
