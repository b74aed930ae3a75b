/* gate/parent/helper.c - the keeper, the broker, sp-dial, sp-scribe, and what the keeper says. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "gate/parent/parent.h"
#include "host/io/ipc.h"
#include "host/io/notify.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"
#include "host/monitor/teller.h"

#define END_US 4000000
#define SELFTEST_US 10000000
#define SCRIBE_LIFE_US 1000000 /* who lives shorter is started again after a pause */
#define SCRIBE_PAUSE_US 1000000

/* ---- the keeper's words ---- */

static void on_ready(struct sp_parent *p, struct sp_mon_in *in)
{
	bool first = !p->ready;

	if (p->chain_fd >= 0) {
		close(p->chain_fd);
	}
	p->chain_fd = sp_mon_take_fd(in, 0);
	p->ready = true;
	sp_parent_accept(p);
	if (first) {
		sp_parent_tell_service(p, true);
	}
	for (size_t i = 0; first && i < p->conf.n_listen; i++) {
		struct sp_addr a;
		char text[SP_ADDR_TEXT_MAX] = "";

		if (sp_tcp_local(p->listeners[i], &a) == SP_OK) {
			sp_addr_text(&a, text);
		}
		sp_log(SP_LOG_INFO, "listening on %s", text);
	}
	if (first || strcmp(p->fingerprint, in->body.ready.fingerprint) != 0) {
		snprintf(p->fingerprint, sizeof(p->fingerprint), "%s", in->body.ready.fingerprint);
		sp_log(SP_LOG_INFO, "%scertificate SHA-256 %s", first ? "ready, " : "new ",
				p->fingerprint);
	}
	if (first) {
		sp_parent_ship(p);
	} else {
		sp_parent_ship_chain(p);
	}
	if (first && sp_notify("READY=1") != SP_OK) {
		sp_log(SP_LOG_WARN, "service manager not told");
	}
}

/* A login at a target: the keeper hands one end of it to sp-net. */
static void on_login_start(struct sp_parent *p, uint64_t conn)
{
	struct sp_msg_login_started m = {.conn = conn};
	struct sp_slot *s = sp_parent_slot(p, conn);
	char why[SP_WHY_MAX] = "the connection is gone";
	int fds[2] = {-1, -1};
	int rc = s ? sp_slot_login(s, fds, why) : SP_ENOTFOUND;

	if (rc != SP_OK) {
		snprintf(m.text, sizeof(m.text), "%.*s", (int)sizeof(m.text) - 1, why);
	}
	if (sp_mon_send(p->keeper, SP_MSG_LOGIN_STARTED, &m, sizeof(m), fds, rc == SP_OK ? 2 : 0) !=
			SP_OK) {
		sp_log(SP_LOG_ERROR, "keeper does not listen");
	}
	sp_fd_close(&fds[0]);
	sp_fd_close(&fds[1]);
}

static void on_message(struct sp_parent *p, struct sp_mon_in *in)
{
	struct sp_slot *s;

	switch (in->type) {
	case SP_MSG_READY:
		on_ready(p, in);
		return;
	case SP_MSG_CONN_GRANTED:
		s = sp_parent_slot(p, in->body.conn_granted.conn);
		if (s) {
			sp_parent_granted(p, s);
		}
		return;
	case SP_MSG_CONN_END:
		s = sp_parent_slot(p, in->body.conn_end.conn);
		if (s) {
			sp_slot_end(s); /* the keeper has said why */
		}
		return;
	case SP_MSG_LOGIN_START:
		on_login_start(p, in->body.login_start.conn);
		return;
	case SP_MSG_PENALTY:
		sp_parent_penalize(p, &in->body.penalty);
		return;
	case SP_MSG_PENALTIES_KEPT:
		if (!p->ready) {
			sp_parent_restore(p, &in->body.penalties);
			return;
		}
		break;
	default:
		break;
	}
	sp_log(SP_LOG_ERROR, "unexpected %s of the keeper", sp_msg_name(in->type));
}

static void on_keeper(void *user, unsigned events)
{
	struct sp_parent *p = user;
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(p->keeper, &in)) > 0) {
		if (!p->stopping) {
			on_message(p, &in);
		}
		sp_mon_in_finish(&in);
	}
	if (rc < 0) {
		sp_watch_remove(p->keeper_watch);
		p->keeper_watch = NULL;
		if (!p->stopping) {
			/* Its death has a line of its own. */
			sp_log(rc == SP_ECLOSED ? SP_LOG_DEBUG : SP_LOG_ERROR, "keeper: %s",
					sp_err_text(rc));
			sp_parent_stop(p, 1);
		}
	}
}

/* ---- processes ---- */

static const char *const names[SP_HELPERS] = {[SP_HELPER_KEEPER] = "sp-keeper",
		[SP_HELPER_BROKER] = "sp-broker",
		[SP_HELPER_DIAL] = "sp-dial",
		[SP_HELPER_SCRIBE] = "sp-scribe"};

static void scribe_died(struct sp_parent *p, int status);

static void on_helper(void *user, pid_t pid, int status)
{
	struct sp_parent *p = user;
	enum sp_helper which = SP_HELPER_KEEPER;
	char text[80];

	while (which < SP_HELPERS - 1 && p->helpers[which] != pid) {
		which++;
	}
	p->helpers[which] = 0;
	if (!p->stopping) {
		sp_parent_tell_death(p, names[which], pid, status);
	}
	if (which == SP_HELPER_SCRIBE && p->scribe_kept && !p->stopping) {
		scribe_died(p, status);
		return;
	}
	/* The others end by themselves when the keeper has died. */
	if (p->stopping && (p->code == 0 || (which != SP_HELPER_KEEPER && status == 0))) {
		return;
	}
	sp_proc_status_text(status, text, sizeof(text));
	/* One that ends by itself and without complaint has lost its keeper, whose line is to come. */
	sp_log(which != SP_HELPER_KEEPER && status == 0 ? SP_LOG_INFO : SP_LOG_ERROR,
			"%s %s: the service ends", names[which], text);
	if (!p->stopping) {
		sp_parent_stop(p, 1);
	}
}

/*
 * For the C library of who holds secrets. Binding functions when they are first called saves
 * registers, and what was copied through them, on the stack; memory that is freed is overwritten.
 */
static const char *const careful[] = {"LD_BIND_NOW=1",
		"GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=85"};

/* What a program is started with. */
struct begin {
	const char *name;
	const char *option, *value; /* "-c FILE", or another one; value NULL: without */
	bool careful;
	unsigned files;
};

static int begin(
		struct sp_parent *p, const struct begin *b, const int *fds, size_t nfds, pid_t *pid)
{
	char path[SP_CONF_PATH], why[SP_WHY_MAX] = "";
	const char *argv[] = {b->name, b->value ? b->option : NULL, b->value, NULL};
	static const char *const pass[] = {"PATH", "HOME", "USER", "LANG", "SP_LOG_DEBUG", "SHELL"};
	const char *env[SP_LEN(pass) + SP_LEN(careful) + 1] = {NULL};
	static char lines[SP_LEN(pass)][1200];
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(pass); i++) {
		if (getenv(pass[i])) {
			snprintf(lines[i], sizeof(lines[i]), "%s=%s", pass[i], getenv(pass[i]));
			env[n++] = lines[i];
		}
	}
	for (size_t i = 0; b->careful && i < SP_LEN(careful); i++) {
		env[n++] = careful[i];
	}
	if (sp_proc_find(b->name, path, sizeof(path)) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: program not found", b->name);
		return SP_ENOTFOUND;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = fds,
			.nfds = nfds,
			.own_output = true,
			.new_session = true,
			.files = b->files,
			.death_signal = SIGTERM};
	if (sp_proc_start(&spec, pid, why) != SP_OK) {
		*pid = 0;
		sp_log(SP_LOG_ERROR, "%s", why);
		return SP_ESYS;
	}
	return SP_OK;
}

static int start_helper(struct sp_parent *p, enum sp_helper which, const char *option,
		const char *value, const int *fds, size_t nfds, unsigned files)
{
	struct begin b = {.name = names[which],
			.option = option,
			.value = value,
			.careful = which == SP_HELPER_KEEPER,
			.files = files};
	int rc = begin(p, &b, fds, nfds, &p->helpers[which]);

	if (rc != SP_OK) {
		return rc;
	}
	return sp_loop_child(p->loop, p->helpers[which], on_helper, p) ? SP_OK : SP_ENOMEM;
}

int sp_parent_start_ship(struct sp_parent *p, int link, sp_watch_child_fn died)
{
	struct begin b = {.name = "sp-ship", .option = "-c", .value = p->file};
	int rc = begin(p, &b, &link, 1, &p->ship_pid);

	if (rc != SP_OK) {
		return rc;
	}
	return sp_loop_child(p->loop, p->ship_pid, died, p) ? SP_OK : SP_ENOMEM;
}

/* ---- the scribe ---- */

/* What it is told by the keeper goes over *link, which is the caller's. */
static int start_scribe(struct sp_parent *p, int *link)
{
	int ours[2], keepers[2];

	if (sp_ipc_pair(ours) != SP_OK) {
		return SP_ESYS;
	}
	if (sp_ipc_pair(keepers) != SP_OK) {
		close(ours[0]);
		close(ours[1]);
		return SP_ESYS;
	}
	const int fds[] = {ours[1], keepers[1]};
	int rc = start_helper(p, SP_HELPER_SCRIBE, "-c", p->file, fds, SP_LEN(fds), 0);
	close(ours[1]);
	close(keepers[1]);
	p->scribe_us = sp_now_us();
	*link = keepers[0];
	if (rc != SP_OK) {
		close(ours[0]);
		return rc;
	}
	return sp_teller_scribe(p->teller, ours[0]);
}

/* Another one, and the keeper gets its end of the new link. */
static void start_scribe_again(void *user)
{
	struct sp_parent *p = user;
	int link = -1;

	if (p->stopping) {
		return;
	}
	int rc = start_scribe(p, &link);
	if (rc == SP_OK) {
		rc = sp_mon_send(p->keeper, SP_MSG_SCRIBE, &(struct sp_msg_none){0},
				sizeof(struct sp_msg_none), &link, 1);
	}
	sp_fd_close(&link);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "sp-scribe cannot be started: %s", sp_err_text(rc));
		sp_watch_in(p->scribe_again, SCRIBE_PAUSE_US);
	}
}

/*
 * At once, so that hardly anybody notices; one that does not live for long has to wait, since what
 * ails it is not mended by haste. Without a scribe nothing new begins, and what is there goes on.
 */
static void scribe_died(struct sp_parent *p, int status)
{
	char text[80];
	bool short_lived = sp_now_us() - p->scribe_us < SCRIBE_LIFE_US;

	sp_parent_orphan(p);
	sp_proc_status_text(status, text, sizeof(text));
	sp_log(SP_LOG_ERROR, "sp-scribe %s: another one is started%s", text,
			short_lived ? " in a moment" : "");
	sp_watch_in(p->scribe_again, short_lived ? SCRIBE_PAUSE_US : 0);
}

int sp_parent_start_helpers(struct sp_parent *p)
{
	int control[2], desks[2], dials[2], scribe = -1;
	int rc;

	p->scribe_again = sp_loop_timer(p->loop, start_scribe_again, p);
	if (!p->scribe_again) {
		return SP_ENOMEM;
	}
	rc = start_scribe(p, &scribe);
	if (rc != SP_OK) {
		sp_fd_close(&scribe);
		return rc;
	}

	if (sp_ipc_pair(control) != SP_OK || sp_ipc_pair(desks) != SP_OK ||
			sp_ipc_pair(dials) != SP_OK) {
		return SP_ESYS;
	}
	int keeper_fds[] = {control[1], desks[0], dials[0], scribe};
	rc = start_helper(p, SP_HELPER_KEEPER, "-c", p->file, keeper_fds, SP_LEN(keeper_fds), 0);
	if (rc == SP_OK) {
		/* A desktop's programs expect the usual limit. */
		rc = start_helper(p, SP_HELPER_BROKER, "-c", p->file, &desks[1], 1, p->files);
	}
	if (rc == SP_OK) {
		/* In a trial there is no account for it. */
		rc = start_helper(p, SP_HELPER_DIAL, "--user",
				p->conf.run_as[0] ? SP_PARENT_DIAL_USER : NULL, &dials[1], 1, 0);
	}
	close(control[1]);
	close(desks[0]);
	close(desks[1]);
	close(dials[0]);
	close(dials[1]);
	close(scribe);
	p->keeper = control[0];
	p->keeper_watch = sp_loop_fd(p->loop, p->keeper, SP_LOOP_READ, on_keeper, p);
	return rc == SP_OK && !p->keeper_watch ? SP_ENOMEM : rc;
}

/* One program's selftest; its lines are printed as its own. */
static int selftest(struct sp_parent *p, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const char *argv[] = {name, "--selftest", NULL};
	char text[80], why[SP_WHY_MAX] = "";
	char level[160] = "";
	int log[2], say[2], status = -1;
	pid_t pid;

	if (pipe2(log, O_CLOEXEC) < 0) {
		sp_log(SP_LOG_ERROR, "%s: no pipe for its selftest", name);
		return SP_ESYS;
	}
	if (pipe2(say, O_CLOEXEC | O_NONBLOCK) < 0) {
		sp_log(SP_LOG_ERROR, "%s: no pipe for its selftest", name);
		close(log[0]);
		close(log[1]);
		return SP_ESYS;
	}
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.out = say[1],
			.err = log[1],
			.new_session = true,
			.death_signal = SIGKILL};
	int rc = sp_proc_start(&spec, &pid, why);
	close(log[1]);
	close(say[1]);
	struct sp_hostlog_pipe *lines =
			rc == SP_OK ? sp_hostlog_pipe_create(p->loop, log[0], name, pid) : NULL;
	if (rc == SP_OK) {
		rc = sp_proc_reap(pid, sp_now_us() + SELFTEST_US, &status);
		sp_proc_status_text(status, text, sizeof(text));
		snprintf(why, sizeof(why), "the jail of %s does not hold: its selftest %s", name,
				text);
	}
	ssize_t n = read(say[0], level, sizeof(level) - 1);
	level[n > 0 ? strcspn(level, "\n") : 0] = '\0';
	close(say[0]);
	sp_parent_tell_jail(p, name, rc == SP_OK && status == 0, level[0] != '\0' ? level : why);
	if (lines) {
		sp_hostlog_pipe_destroy(lines);
	} else {
		close(log[0]);
	}
	if (rc != SP_OK || status != 0) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return SP_EDENIED;
	}
	return SP_OK;
}

int sp_parent_selftest(struct sp_parent *p)
{
	const char *const all[] = {p->net, p->login, p->target, p->dial, p->recorder, p->player};
	int rc = SP_OK;
	/* Also where no index is wanted: a reload may change that. */
	size_t n = SP_LEN(all) - (p->player[0] == '\0');

	for (size_t i = 0; i < n && rc == SP_OK; i++) {
		rc = selftest(p, all[i]);
	}
	return rc;
}

static void end_helper(pid_t pid, int sig)
{
	int status;

	if (pid > 0) {
		if (sig != 0) {
			kill(pid, sig);
		}
		if (sp_proc_reap(pid, sp_now_us() + END_US, &status) != SP_OK) {
			sp_log(SP_LOG_WARN, "process %d does not end", (int)pid);
		}
	}
}

void sp_parent_end_helpers(struct sp_parent *p)
{
	/* The broker first: it ends the desktops while the keeper can still log. */
	end_helper(p->helpers[SP_HELPER_BROKER], SIGTERM);
	end_helper(p->helpers[SP_HELPER_DIAL], SIGTERM);
	/* It reads what it was told last, and ends with the connection to it. */
	sp_watch_remove(p->keeper_watch);
	p->keeper_watch = NULL;
	sp_fd_close(&p->keeper);
	end_helper(p->helpers[SP_HELPER_KEEPER], 0);
	/* The last one, since the others have last words. */
	sp_parent_tell_flush(p);
	end_helper(p->helpers[SP_HELPER_SCRIBE], 0);
	/* And this one passes them on, as far as somebody takes them now. */
	end_helper(p->ship_pid, SIGTERM);
}
