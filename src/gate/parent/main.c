/* gate/parent/main.c - sallyportd: listens, counts, starts the others, passes sockets on. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/parent/slot.h"
#include "host/conf/conf.h"
#include "host/io/ipc.h"
#include "host/io/notify.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

/* Pairs of sp-net and sp-login that wait for connections. */
#define AHEAD 3
/* Refill so long after a connection came: its own handshake goes first. */
#define REFILL_US 150000
#define ACTIVE_MS 60000
#define STOP_GRACE_US 4000000

struct parent {
	struct sp_loop *loop;
	const char *file;
	struct sp_conf conf;
	struct sp_limits *limits;
	int listeners[SP_CONF_LISTENS];
	struct sp_watch *watches[SP_CONF_LISTENS];
	char net[SP_CONF_PATH], login[SP_CONF_PATH];
	int keeper; /* control socket */
	pid_t keeper_pid, broker_pid;
	struct sp_watch *keeper_watch, *refill, *stop;
	int chain_fd;
	bool ready, stopping;
	struct sp_slot *waiting, *serving;
	size_t n_waiting;
	uint64_t last_conn;
	struct sp_log_rate refused;
};

/* ---- slots ---- */

static void unlink_slot(struct sp_slot **list, struct sp_slot *s)
{
	struct sp_slot *prev = NULL, *at = *list;

	while (at && at != s) {
		prev = at;
		at = sp_slot_next(at);
	}
	if (!at) {
		return;
	}
	if (prev) {
		sp_slot_set_next(prev, sp_slot_next(s));
	} else {
		*list = sp_slot_next(s);
	}
	sp_slot_set_next(s, NULL);
}

static void slot_ended(void *user, struct sp_slot *s, const struct sp_msg_conn_closed *m)
{
	struct parent *p = user;

	if (m->role == SP_ROLE_NET && sp_slot_unproven(s)) {
		sp_limits_done(p->limits, sp_slot_limits_source(s));
		sp_slot_granted(s); /* counted once */
	}
	if (!p->stopping && sp_mon_say(p->keeper, CONN_CLOSED, m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "keeper does not listen");
	}
}

static void slot_gone(void *user, struct sp_slot *s)
{
	struct parent *p = user;

	if (sp_slot_conn(s) == 0) {
		unlink_slot(&p->waiting, s);
		p->n_waiting--;
		if (!p->stopping) {
			sp_log(SP_LOG_ERROR, "a waiting sp-net or sp-login ended");
			sp_watch_in(p->refill, 1000000);
		}
	} else {
		unlink_slot(&p->serving, s);
	}
	sp_slot_destroy(s);
	if (p->stopping && !p->waiting && !p->serving) {
		sp_loop_quit(p->loop, 0);
	}
}

static int start_slot(struct parent *p)
{
	static const struct sp_slot_calls calls = {.ended = slot_ended, .gone = slot_gone};
	struct sp_slot_conf conf = {.loop = p->loop,
			.net = p->net,
			.login = p->login,
			.chain_fd = p->chain_fd,
			.calls = &calls,
			.user = p};
	char why[SP_WHY_MAX] = "";
	struct sp_slot *s;

	if (sp_slot_start(&conf, &s, why, sizeof(why)) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return SP_ESYS;
	}
	sp_slot_set_next(s, p->waiting);
	p->waiting = s;
	p->n_waiting++;
	return SP_OK;
}

static void refill(void *user)
{
	struct parent *p = user;

	while (!p->stopping && p->n_waiting < AHEAD) {
		if (start_slot(p) != SP_OK) {
			sp_watch_in(p->refill, 1000000);
			return;
		}
	}
}

static struct sp_slot *slot_of(struct parent *p, uint64_t conn)
{
	struct sp_slot *s = p->serving;

	while (s && sp_slot_conn(s) != conn) {
		s = sp_slot_next(s);
	}
	return s;
}

/* ---- connections ---- */

static void fill_source(struct sp_source *out, const struct sp_addr *a)
{
	uint8_t key[SP_SOURCE_SIZE];
	char text[SP_ADDR_TEXT_MAX];

	*out = (struct sp_source){.port = sp_addr_port(a)};
	sp_addr_text(a, text);
	snprintf(out->text, sizeof(out->text), "%.*s", (int)sizeof(out->text) - 1, text);
	if (text[0] == '[') {
		out->family = AF_INET6;
		memcpy(out->addr, &a->u.v6.sin6_addr, sizeof(out->addr));
		return;
	}
	sp_addr_source(a, key); /* the mapped form ends with the IPv4 address */
	out->family = AF_INET;
	memcpy(out->addr, key + 12, 4);
}

static void refuse(struct parent *p, int fd, const struct sp_addr *peer, const char *why)
{
	unsigned dropped;

	close(fd);
	if (sp_log_rate_ok(&p->refused, sp_now_us(), &dropped)) {
		char text[SP_ADDR_TEXT_MAX];

		sp_addr_text(peer, text);
		sp_log(SP_LOG_WARN, "%s refused: %s (%u more before)", text, why, dropped);
	}
}

static void serve(struct parent *p, int fd, const struct sp_addr *peer, int listener)
{
	struct sp_msg_conn_open open = {.conn = ++p->last_conn};
	uint8_t source[SP_SOURCE_SIZE];
	struct sp_addr local;
	uint32_t draw = 0;

	sp_addr_source(peer, source);
	if (getrandom(&draw, sizeof(draw), 0) < 0) {
		draw = (uint32_t)sp_now_us();
	}
	enum sp_limits_verdict v = sp_limits_ask(p->limits, source, sp_now_us(), draw);
	if (v != SP_LIMITS_ACCEPTED) {
		refuse(p, fd, peer, sp_limits_text(v));
		return;
	}
	if (!p->waiting && start_slot(p) != SP_OK) {
		sp_limits_done(p->limits, source);
		refuse(p, fd, peer, "no process can be started");
		return;
	}
	fill_source(&open.source, peer);
	if (sp_tcp_local(listener, &local) == SP_OK) {
		char text[SP_ADDR_TEXT_MAX];

		sp_addr_text(&local, text);
		snprintf(open.listener, sizeof(open.listener), "%.*s",
				(int)sizeof(open.listener) - 1, text);
	}
	struct sp_slot *s = p->waiting;
	p->waiting = sp_slot_next(s);
	p->n_waiting--;
	sp_slot_set_next(s, p->serving);
	p->serving = s;
	sp_log(SP_LOG_INFO, "conn %llu: %s connected", (unsigned long long)open.conn,
			open.source.text);
	if (sp_slot_give(s, fd, p->keeper, &open, p->conf.limits.deadline * 1000, ACTIVE_MS,
			    source) != SP_OK) {
		sp_log(SP_LOG_ERROR, "conn %llu: not handed over", (unsigned long long)open.conn);
		sp_slot_end(s);
	}
	sp_watch_in(p->refill, REFILL_US);
}

static void on_listener(void *user, unsigned events)
{
	struct parent *p = user;

	for (size_t i = 0; i < p->conf.n_listen; i++) {
		struct sp_addr peer;
		int fd, rc;

		while (p->ready && !p->stopping && p->listeners[i] >= 0 &&
				(rc = sp_tcp_accept(p->listeners[i], &fd, &peer)) != 0) {
			if (rc < 0) {
				/* Out of descriptors: the backlog waits, and so do we. */
				sp_log(SP_LOG_ERROR, "accept: %s", strerror(errno));
				return;
			}
			serve(p, fd, &peer, p->listeners[i]);
		}
	}
}

/* ---- the keeper ---- */

static void on_ready(struct parent *p, struct sp_mon_in *in)
{
	if (p->chain_fd >= 0) {
		close(p->chain_fd);
	}
	p->chain_fd = sp_mon_take_fd(in, 0);
	if (p->ready) {
		/* After a reload: those that wait still show the old certificate. */
		for (struct sp_slot *s = p->waiting; s; s = sp_slot_next(s)) {
			sp_slot_end(s);
		}
		return;
	}
	p->ready = true;
	refill(p);
	for (size_t i = 0; i < p->conf.n_listen; i++) {
		struct sp_addr a;
		char text[SP_ADDR_TEXT_MAX] = "";

		if (sp_tcp_local(p->listeners[i], &a) == SP_OK) {
			sp_addr_text(&a, text);
		}
		sp_log(SP_LOG_INFO, "listening on %s", text);
	}
	sp_log(SP_LOG_INFO, "ready, certificate SHA-256 %s", in->body.ready.fingerprint);
	if (sp_notify("READY=1") != SP_OK) {
		sp_log(SP_LOG_WARN, "service manager not told");
	}
}

static void on_keeper(void *user, unsigned events)
{
	struct parent *p = user;
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(p->keeper, &in)) > 0) {
		struct sp_slot *s;

		switch (in.type) {
		case SP_MSG_READY:
			on_ready(p, &in);
			break;
		case SP_MSG_CONN_GRANTED:
			s = slot_of(p, in.body.conn_granted.conn);
			if (s && sp_slot_unproven(s)) {
				sp_limits_done(p->limits, sp_slot_limits_source(s));
				sp_slot_granted(s);
			}
			break;
		case SP_MSG_CONN_END:
			s = slot_of(p, in.body.conn_end.conn);
			if (s) {
				sp_log(SP_LOG_INFO, "conn %llu: ended by the keeper: %s",
						(unsigned long long)in.body.conn_end.conn,
						in.body.conn_end.text);
				sp_slot_end(s);
			}
			break;
		case SP_MSG_PENALTY: {
			const struct sp_source *src = &in.body.penalty.source;
			struct sp_addr a = {0};
			uint8_t key[SP_SOURCE_SIZE];

			if (src->family == AF_INET) {
				a.u.v4.sin_family = AF_INET;
				memcpy(&a.u.v4.sin_addr, src->addr, 4);
			} else {
				a.u.v6.sin6_family = AF_INET6;
				memcpy(&a.u.v6.sin6_addr, src->addr, 16);
			}
			/* Whoever is on this machine cannot be told apart from its other users. */
			if (!sp_addr_loopback(&a)) {
				sp_addr_source(&a, key);
				sp_limits_penalize(p->limits, key, in.body.penalty.seconds,
						sp_now_us());
			}
			break;
		}
		default:
			sp_log(SP_LOG_ERROR, "unexpected %s of the keeper", sp_msg_name(in.type));
			break;
		}
		sp_mon_in_finish(&in);
	}
	if (rc < 0) {
		if (!p->stopping) {
			sp_log(SP_LOG_ERROR, "keeper: %s", sp_err_text(rc));
		}
		sp_watch_remove(p->keeper_watch);
		p->keeper_watch = NULL;
		sp_loop_quit(p->loop, p->stopping ? 0 : 1);
	}
}

static void on_helper(void *user, pid_t pid, int status)
{
	struct parent *p = user;
	char text[80];

	sp_proc_status_text(status, text, sizeof(text));
	if (pid == p->keeper_pid) {
		p->keeper_pid = 0;
	} else {
		p->broker_pid = 0;
	}
	if (!p->stopping) {
		sp_log(SP_LOG_ERROR, "%s %s", p->keeper_pid ? "sp-broker" : "sp-keeper", text);
		sp_loop_quit(p->loop, 1);
	}
}

static int start_helper(struct parent *p, const char *name, const int *fds, size_t nfds, pid_t *pid)
{
	char path[SP_CONF_PATH], why[SP_WHY_MAX] = "";
	const char *argv[] = {name, "-c", p->file, NULL};
	const char *env[8] = {NULL};
	static const char *const pass[] = {"PATH", "HOME", "USER", "LANG", "SP_LOG_DEBUG", "SHELL"};
	static char lines[SP_LEN(pass)][1200];
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(pass); i++) {
		if (getenv(pass[i])) {
			snprintf(lines[i], sizeof(lines[i]), "%s=%s", pass[i], getenv(pass[i]));
			env[n++] = lines[i];
		}
	}
	if (sp_proc_find(name, path, sizeof(path)) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: program not found", name);
		return SP_ENOTFOUND;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = nfds,
			.own_output = true,
			.new_session = true,
			.death_signal = SIGTERM};
	if (sp_proc_start(&spec, pid, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return SP_ESYS;
	}
	return sp_loop_child(p->loop, *pid, on_helper, p) ? SP_OK : SP_ENOMEM;
}

static int start_helpers(struct parent *p)
{
	int control[2], desks[2];
	int rc;

	if (sp_ipc_pair(control) != SP_OK || sp_ipc_pair(desks) != SP_OK) {
		return SP_ESYS;
	}
	int keeper_fds[] = {control[1], desks[0]};
	rc = start_helper(p, "sp-keeper", keeper_fds, SP_LEN(keeper_fds), &p->keeper_pid);
	if (rc == SP_OK) {
		rc = start_helper(p, "sp-broker", &desks[1], 1, &p->broker_pid);
	}
	close(control[1]);
	close(desks[0]);
	close(desks[1]);
	p->keeper = control[0];
	p->keeper_watch = sp_loop_fd(p->loop, p->keeper, SP_LOOP_READ, on_keeper, p);
	return rc == SP_OK && !p->keeper_watch ? SP_ENOMEM : rc;
}

/* ---- the service ---- */

static struct sp_limits_conf limits_of(const struct sp_conf *c)
{
	return (struct sp_limits_conf){.per_source = c->limits.per_source,
			.rate = c->limits.rate,
			.burst = c->limits.burst,
			.total_soft = c->limits.total_soft,
			.total_hard = c->limits.total_hard};
}

static int load(struct sp_conf *c, const char *file)
{
	static struct sp_conf_errors errors;
	int rc = sp_conf_read(c, file, &errors);

	for (size_t i = 0; i < errors.n; i++) {
		sp_log(SP_LOG_ERROR, "%s", errors.text[i]);
	}
	return rc;
}

static void on_stop(void *user)
{
	struct parent *p = user;

	sp_log(SP_LOG_WARN, "some connections did not end in time");
	sp_loop_quit(p->loop, 0);
}

static void on_signal(void *user, int signo)
{
	struct parent *p = user;
	static struct sp_conf fresh;

	if (signo == SIGHUP) {
		if (load(&fresh, p->file) != SP_OK) {
			sp_log(SP_LOG_ERROR, "configuration not taken over, the old one stays");
			return;
		}
		struct sp_limits_conf limits = limits_of(&fresh);
		p->conf.limits = fresh.limits;
		sp_limits_set(p->limits, &limits);
		if (sp_mon_say(p->keeper, RELOAD, &(struct sp_msg_none){0}) != SP_OK) {
			sp_log(SP_LOG_ERROR, "keeper does not listen");
		}
		return;
	}
	if (p->stopping) {
		sp_loop_quit(p->loop, 0);
		return;
	}
	p->stopping = true;
	sp_log(SP_LOG_INFO, "stopping");
	if (sp_notify("STOPPING=1") != SP_OK) {
		sp_log(SP_LOG_DEBUG, "service manager not told");
	}
	for (struct sp_slot *s = p->waiting; s; s = sp_slot_next(s)) {
		sp_slot_end(s);
	}
	for (struct sp_slot *s = p->serving; s; s = sp_slot_next(s)) {
		sp_slot_end(s);
	}
	if (!p->waiting && !p->serving) {
		sp_loop_quit(p->loop, 0);
	}
	sp_watch_in(p->stop, STOP_GRACE_US);
}

static int listen_all(struct parent *p)
{
	for (size_t i = 0; i < p->conf.n_listen; i++) {
		char why[SP_WHY_MAX] = "";

		if (sp_tcp_listen(p->conf.listen[i].text, &p->listeners[i], why) != SP_OK) {
			sp_log(SP_LOG_ERROR, "%s", why);
			return SP_ESYS;
		}
		p->watches[i] = sp_loop_fd(p->loop, p->listeners[i], SP_LOOP_READ, on_listener, p);
		if (!p->watches[i]) {
			return SP_ENOMEM;
		}
	}
	return SP_OK;
}

static void end_helper(pid_t pid)
{
	int status;

	if (pid > 0) {
		kill(pid, SIGTERM);
		if (sp_proc_reap(pid, sp_now_us() + STOP_GRACE_US, &status) != SP_OK) {
			sp_log(SP_LOG_WARN, "process %d does not end", (int)pid);
		}
	}
}

int main(int argc, char **argv)
{
	static struct parent p;
	struct sp_limits_conf limits;
	int rc = 1;

	sp_hostlog_open("sallyportd", getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		fprintf(stderr, "usage: sallyportd -c FILE\n");
		return 2;
	}
	p.file = argv[2];
	p.chain_fd = -1;
	sp_log_rate_init(&p.refused, 30, 10);
	if (load(&p.conf, p.file) != SP_OK) {
		return 1;
	}
	limits = limits_of(&p.conf);
	p.limits = sp_limits_create(&limits);
	p.loop = sp_loop_create();
	if (!p.limits || !p.loop || sp_proc_find("sp-net", p.net, sizeof(p.net)) != SP_OK ||
			sp_proc_find("sp-login", p.login, sizeof(p.login)) != SP_OK) {
		sp_log(SP_LOG_ERROR, "cannot start: programs not found or no memory");
		return 1;
	}
	p.refill = sp_loop_timer(p.loop, refill, &p);
	p.stop = sp_loop_timer(p.loop, on_stop, &p);
	signal(SIGPIPE, SIG_IGN);
	if (p.refill && p.stop && sp_loop_signal(p.loop, SIGTERM, on_signal, &p) &&
			sp_loop_signal(p.loop, SIGINT, on_signal, &p) &&
			sp_loop_signal(p.loop, SIGHUP, on_signal, &p) && listen_all(&p) == SP_OK &&
			start_helpers(&p) == SP_OK) {
		rc = sp_loop_run(p.loop);
	}
	p.stopping = true;
	while (p.waiting) {
		struct sp_slot *s = p.waiting;

		p.waiting = sp_slot_next(s);
		sp_slot_destroy(s);
	}
	while (p.serving) {
		struct sp_slot *s = p.serving;

		p.serving = sp_slot_next(s);
		sp_slot_destroy(s);
	}
	/* The broker first: it ends the desktops while the keeper can still log. */
	end_helper(p.broker_pid);
	end_helper(p.keeper_pid);
	sp_limits_destroy(p.limits);
	sp_log(SP_LOG_INFO, "stopped");
	return rc == 0 ? 0 : 1;
}
