/* gate/parent/slot.c - see slot.h. */
#include "gate/parent/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

/* A slot is killed so long after sp-net itself should have ended it. */
#define KILL_GRACE_US 5000000ull

struct child {
	struct sp_slot *slot;
	uint32_t role; /* enum sp_role */
	pid_t pid; /* 0: not running */
	bool killed; /* by us: its death is no news */
	struct sp_watch *watch;
	struct sp_hostlog_pipe *log;
};

struct sp_slot {
	struct sp_slot_conf conf;
	struct sp_slot *next;
	struct child net, login;
	struct child target; /* once the keeper asked for it; its role is LOGIN too */
	unsigned logins; /* at targets, so far */
	int control; /* to sp-net */
	int keeper_net, keeper_login; /* the keeper's ends, until it gets them */
	uint64_t conn;
	struct sp_source source;
	uint8_t limits_source[SP_SOURCE_SIZE];
	bool granted;
	bool ending; /* asked to end: being late with it is not the peer's fault */
	struct sp_watch *deadline;
};

static void on_child(void *user, pid_t pid, int status);

static const char *name_of(const struct child *c)
{
	return c == &c->slot->net ? "sp-net" : c == &c->slot->login ? "sp-login" : "sp-target";
}

static int start_child(struct child *c, struct sp_slot *s, uint32_t role, const char *path,
		const int *fds, size_t nfds, char *why)
{
	const char *name = strrchr(path, '/');
	const char *argv[] = {name ? name + 1 : path, NULL};
	const char *env[3] = {NULL};
	char keylog[1100];
	size_t n_env = 0;
	int log[2];

	if (pipe2(log, O_CLOEXEC) < 0) {
		snprintf(why, SP_WHY_MAX, "cannot start %.150s: %s", path, strerror(errno));
		return SP_ESYS;
	}
#ifdef SP_KEYLOG
	if (getenv("SSLKEYLOGFILE")) {
		snprintf(keylog, sizeof(keylog), "SSLKEYLOGFILE=%s", getenv("SSLKEYLOGFILE"));
		env[n_env++] = keylog;
	}
#endif
	if (getenv("SP_LOG_DEBUG")) {
		env[n_env++] = "SP_LOG_DEBUG=1";
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = nfds,
			.out = -1,
			.err = log[1],
			.new_session = true,
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, &c->pid, why);
	close(log[1]);
	if (rc != SP_OK) {
		close(log[0]);
		c->pid = 0;
		return rc;
	}
	c->slot = s;
	c->role = role;
	c->log = sp_hostlog_pipe_create(s->conf.loop, log[0], argv[0], c->pid);
	if (!c->log) {
		close(log[0]);
	}
	c->watch = sp_loop_child(s->conf.loop, c->pid, on_child, c);
	return c->log && c->watch ? SP_OK : SP_ENOMEM;
}

static void close_pair(int p[2])
{
	sp_fd_close(&p[0]);
	sp_fd_close(&p[1]);
}

static void kill_child(struct child *c)
{
	if (c->pid > 0) {
		c->killed = true;
		kill(c->pid, SIGKILL);
	}
}

static void on_deadline(void *user)
{
	struct sp_slot *s = user;

	kill_child(&s->net);
	kill_child(&s->login);
	kill_child(&s->target);
}

int sp_slot_start(const struct sp_slot_conf *conf, struct sp_slot **out, char *why, size_t why_n)
{
	struct sp_slot *s = sp_calloc(1, sizeof(*s));
	int control[2] = {-1, -1}, net[2] = {-1, -1}, login[2] = {-1, -1}, between[2] = {-1, -1};
	char text[SP_WHY_MAX] = "";
	int rc;

	if (!s) {
		return SP_ENOMEM;
	}
	s->conf = *conf;
	s->control = s->keeper_net = s->keeper_login = -1;
	rc = sp_ipc_pair(control);
	rc = rc == SP_OK ? sp_ipc_pair(net) : rc;
	rc = rc == SP_OK ? sp_ipc_pair(login) : rc;
	rc = rc == SP_OK ? sp_ipc_pair(between) : rc;
	s->deadline = sp_loop_timer(conf->loop, on_deadline, s);
	if (rc == SP_OK && !s->deadline) {
		rc = SP_ENOMEM;
	}
	if (rc == SP_OK) {
		int net_fds[] = {control[1], net[1], between[0], conf->chain_fd};
		int login_fds[] = {between[1], login[1]};

		rc = start_child(
				&s->net, s, SP_ROLE_NET, conf->net, net_fds, SP_LEN(net_fds), text);
		if (rc == SP_OK) {
			rc = start_child(&s->login, s, SP_ROLE_LOGIN, conf->login, login_fds,
					SP_LEN(login_fds), text);
		}
	}
	if (rc != SP_OK) {
		snprintf(why, why_n, "%s", *text ? text : sp_err_text(rc));
		close_pair(control);
		close_pair(net);
		close_pair(login);
		close_pair(between);
		sp_slot_destroy(s);
		return rc;
	}
	s->control = control[0];
	s->keeper_net = net[0];
	s->keeper_login = login[0];
	close(control[1]);
	close(net[1]);
	close(login[1]);
	close_pair(between);
	*out = s;
	return SP_OK;
}

static void free_child(struct child *c)
{
	sp_watch_remove(c->watch);
	if (c->pid > 0) {
		int status;

		kill(c->pid, SIGKILL);
		if (sp_proc_reap(c->pid, sp_now_us() + KILL_GRACE_US, &status) != SP_OK) {
			sp_log(SP_LOG_WARN, "child %d does not end", (int)c->pid);
		}
	}
	sp_hostlog_pipe_destroy(c->log);
}

void sp_slot_destroy(struct sp_slot *s)
{
	if (!s) {
		return;
	}
	free_child(&s->net);
	free_child(&s->login);
	free_child(&s->target);
	sp_watch_remove(s->deadline);
	sp_fd_close(&s->control);
	sp_fd_close(&s->keeper_net);
	sp_fd_close(&s->keeper_login);
	sp_free(s);
}

/* Any signal, the one for using too much memory included, but those by which a person asks. */
static bool is_crash(int status)
{
	int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	return signo != 0 && signo != SIGTERM && signo != SIGINT && signo != SIGHUP;
}

/* The keeper says it of those that had a connection. */
static void log_end(const struct child *c, int status)
{
	char text[80];

	sp_proc_status_text(status, text, sizeof(text));
	if (c->slot->conn == 0) {
		sp_log(SP_LOG_ERROR, "a waiting %s %s", name_of(c), text);
	} else if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		sp_log(SP_LOG_WARN, "conn %llu from %s: %s %s", (unsigned long long)c->slot->conn,
				c->slot->source.text, name_of(c), text);
	}
}

static void on_child(void *user, pid_t pid, int status)
{
	struct child *c = user;
	struct sp_slot *s = c->slot;
	struct sp_msg_conn_closed m = {.conn = s->conn,
			.role = c->role,
			.crashed = is_crash(status) && !c->killed,
			.status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			.deadline = c->killed && c->role == SP_ROLE_NET && !s->granted &&
					!s->ending};

	c->pid = 0;
	sp_watch_remove(c->watch);
	c->watch = NULL;
	sp_hostlog_pipe_destroy(c->log);
	c->log = NULL;
	if (!c->killed && !s->ending) {
		log_end(c, status);
	}
	if (s->conn != 0) {
		s->conf.calls->ended(s->conf.user, s, &m);
	}
	if (c->role == SP_ROLE_NET) {
		kill_child(&s->login); /* nobody is left whom it could log in */
		kill_child(&s->target);
	}
	if (s->conn == 0 || (!s->net.pid && !s->login.pid && !s->target.pid)) {
		s->conf.calls->gone(s->conf.user, s);
	}
}

int sp_slot_give(struct sp_slot *s, int fd, int keeper_fd, const struct sp_msg_conn_open *open,
		const struct sp_msg_net_start *start, const uint8_t limits_source[SP_SOURCE_SIZE])
{
	int ends[] = {s->keeper_net, s->keeper_login};
	int rc = sp_mon_send(keeper_fd, SP_MSG_CONN_OPEN, open, sizeof(*open), ends, SP_LEN(ends));

	if (rc == SP_OK) {
		s->conn = open->conn;
		s->source = open->source;
		memcpy(s->limits_source, limits_source, SP_SOURCE_SIZE);
		sp_fd_close(&s->keeper_net);
		sp_fd_close(&s->keeper_login);
		rc = sp_mon_send(s->control, SP_MSG_NET_START, start, sizeof(*start), &fd, 1);
	}
	close(fd);
	sp_watch_in(s->deadline, start->logon_ms * 1000ull + KILL_GRACE_US);
	return rc;
}

/* The login before is of no use any more; if it has ended already, that is told as ever. */
static void end_target(struct sp_slot *s)
{
	struct child *c = &s->target;
	pid_t pid = c->pid;
	int status;

	if (pid <= 0) {
		return;
	}
	if (waitpid(pid, &status, WNOHANG) != pid) {
		kill_child(c);
		if (sp_proc_reap(pid, sp_now_us() + KILL_GRACE_US, &status) != SP_OK) {
			sp_log(SP_LOG_WARN, "child %d does not end", (int)pid);
		}
	}
	on_child(c, pid, status);
}

int sp_slot_login(struct sp_slot *s, int fds[2], char why[SP_WHY_MAX])
{
	int keeper[2] = {-1, -1}, link[2] = {-1, -1};

	if (s->conn == 0 || s->ending || s->net.pid == 0) {
		snprintf(why, SP_WHY_MAX, "the connection is ending");
		return SP_ESTATE;
	}
	if (s->logins >= SP_SLOT_LOGINS) {
		snprintf(why, SP_WHY_MAX, "more than %d logins in one connection", SP_SLOT_LOGINS);
		return SP_ELIMIT;
	}
	end_target(s);
	s->logins++;
	s->target = (struct child){0};
	int rc = sp_ipc_pair(keeper);
	rc = rc == SP_OK ? sp_ipc_pair(link) : rc;
	if (rc == SP_OK) {
		/* Each needs a position in the file of its own. */
		int roots = open(s->conf.roots, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		int its[] = {link[1], keeper[1], roots};

		rc = start_child(&s->target, s, SP_ROLE_LOGIN, s->conf.target, its,
				roots >= 0 ? 3 : 2, why);
		sp_fd_close(&roots);
	} else {
		snprintf(why, SP_WHY_MAX, "no sockets for a login: %s", strerror(errno));
	}
	sp_fd_close(&keeper[1]);
	sp_fd_close(&link[1]);
	if (rc != SP_OK) {
		if (s->target.pid > 0) {
			free_child(&s->target);
			s->target = (struct child){0};
			snprintf(why, SP_WHY_MAX, "%s", sp_err_text(rc));
		}
		sp_fd_close(&keeper[0]);
		sp_fd_close(&link[0]);
		return rc;
	}
	fds[0] = keeper[0];
	fds[1] = link[0];
	return SP_OK;
}

void sp_slot_granted(struct sp_slot *s)
{
	s->granted = true;
	sp_watch_at(s->deadline, 0);
}

void sp_slot_end(struct sp_slot *s)
{
	s->ending = true;
	sp_fd_close(&s->control); /* sp-net says goodbye and ends */
	sp_watch_in(s->deadline, KILL_GRACE_US);
}

uint64_t sp_slot_conn(const struct sp_slot *s)
{
	return s->conn;
}

const uint8_t *sp_slot_limits_source(const struct sp_slot *s)
{
	return s->limits_source;
}

bool sp_slot_unproven(const struct sp_slot *s)
{
	return s->conn != 0 && !s->granted;
}

struct sp_slot *sp_slot_next(const struct sp_slot *s)
{
	return s->next;
}

void sp_slot_set_next(struct sp_slot *s, struct sp_slot *next)
{
	s->next = next;
}
