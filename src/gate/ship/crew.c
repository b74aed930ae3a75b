/* gate/ship/crew.c - see crew.h. */
#include "gate/ship/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/ship/watch.h"
#include "gate/ship/worker.h"
#include "host/io/hostlog.h"
#include "host/io/loop.h"
#include "host/io/tls.h"
#include "host/monitor/mon.h"

#define MIB (UINT64_C(1024) * 1024)
#define OPEN_PAUSE_US 500000
#define FIRST_FD 3

const char *sp_crew_name(const struct sp_crew *c, size_t index)
{
	static char name[SP_CONF_NAME + 16];

	snprintf(name, sizeof(name), "sp-ship of %s",
			index < SP_CONF_SHIPS ? c->conf->ship[index].name : "metrics");
	return name;
}

/* ---- paths ---- */

static bool needs_net(const struct sp_conf_ship *s)
{
	return s->type == SP_SHIP_SYSLOG || s->type == SP_SHIP_WEBHOOK;
}

/* The folder of a file, since another one may take its place. */
static const char *folder_of(size_t index, const char *path)
{
	static char folder[SP_CONF_SHIPS][SP_CONF_PATH];
	const char *slash = strrchr(path, '/');
	int n = slash == NULL || slash == path ? 1 : (int)(slash - path);

	snprintf(folder[index], SP_CONF_PATH, "%.*s", n, slash != NULL ? path : ".");
	return folder[index];
}

/* Where the mark of one is, and nobody else's. */
static const char *mark_folder(const struct sp_crew *c, size_t index)
{
	static char folder[SP_CONF_SHIPS][PATH_MAX + SP_CONF_NAME + 2];

	snprintf(folder[index], sizeof(folder[0]), "%s/%s", c->dir, c->conf->ship[index].name);
	return folder[index];
}

bool sp_crew_folders(const struct sp_crew *c)
{
	for (size_t i = 0; i < c->conf->n_ship; i++) {
		if (sp_mark_folder(mark_folder(c, i)) != SP_OK) {
			sp_log(SP_LOG_ERROR, "%s: %s", mark_folder(c, i), strerror(errno));
			return false;
		}
	}
	return true;
}

/* Passwords and certificates of a connection to the database. */
static size_t database_paths(const struct sp_crew *c, struct sp_jail_path *out)
{
	static char pass[SP_CONF_PATH], keys[SP_CONF_PATH];
	const char *home = getenv("HOME");
	size_t n = 0;

	if (c->conf->store[0] == '\0' || home == NULL) {
		return 0;
	}
	snprintf(pass, sizeof(pass), "%s/.pgpass", home);
	snprintf(keys, sizeof(keys), "%s/.postgresql", home);
	if (access(pass, R_OK) == 0) {
		out[n++] = (struct sp_jail_path){.path = pass};
	}
	if (access(keys, R_OK) == 0) {
		out[n++] = (struct sp_jail_path){.path = keys};
	}
	return n;
}

size_t sp_crew_paths(struct sp_crew *c, size_t index, struct sp_jail_path out[SP_CREW_PATHS])
{
	bool names = c->conf->store[0] != '\0';
	size_t n = 0;

	out[n++] = (struct sp_jail_path){.path = c->audit};
	if (index != SP_CREW_WATCH) {
		out[n++] = (struct sp_jail_path){
				.path = index == SP_CREW_ALL ? c->dir : mark_folder(c, index),
				.write = true};
	}
	for (size_t i = 0; i < c->conf->n_ship; i++) {
		const struct sp_conf_ship *s = &c->conf->ship[i];
		if (index != SP_CREW_ALL && index != i) {
			continue;
		}
		names = names || needs_net(s);
		const char *folder = s->type == SP_SHIP_FILE ? folder_of(i, s->path) : NULL;
		if (folder != NULL && access(folder, F_OK) == 0) {
			out[n++] = (struct sp_jail_path){.path = folder, .write = true};
		}
	}
	if (names) {
		n += sp_names_paths(out + n);
	}
	return n + database_paths(c, out + n);
}

/* ---- in the new process ---- */

static bool is_kept(const struct sp_crew *c, size_t index, int fd)
{
	bool watches = index == SP_CREW_WATCH;
	bool keep = fd < FIRST_FD || (watches ? fd == c->listener : fd == c->link);

	for (size_t i = 0; i < c->conf->n_ship; i++) {
		keep = keep || (fd == c->wake[i] && (watches || i == index));
	}
	return keep;
}

/* Everything else that the first process has open is none of this one's. */
static void close_others(const struct sp_crew *c, size_t index)
{
	int last = FIRST_FD;

	for (size_t i = 0; i < c->conf->n_ship; i++) {
		last = c->wake[i] > last ? c->wake[i] : last;
	}
	last = c->listener > last ? c->listener : last;
	for (int fd = FIRST_FD; fd <= last; fd++) {
		if (!is_kept(c, index, fd)) {
			close(fd);
		}
	}
	close_range((unsigned)last + 1, ~0u, 0);
}

static bool settle(const struct sp_crew *c, size_t index, pid_t parent)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGTERM, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
			sigprocmask(SIG_SETMASK, &none, NULL) != 0) {
		return false;
	}
	sp_hostlog_open("sp-ship", getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	sp_tls_after_fork();
	close_others(c, index);
	/* The keys of others' signatures. */
	for (size_t i = 0; i < c->conf->n_ship; i++) {
		struct sp_span s = c->files[i].secret;
		if (i != index && s.n > 0) {
			sp_wipe((void *)(uintptr_t)s.p, s.n);
		}
	}
	return true;
}

void sp_crew_tell_jail(const struct sp_crew *c, const char *name, const char *level)
{
	struct sp_msg_ship_jailed m = {.name = ""};

	snprintf(m.name, sizeof(m.name), "%s", name);
	snprintf(m.level, sizeof(m.level), "%s", level);
	if (sp_mon_say(c->link, SHIP_JAILED, &m) != SP_OK) {
		sp_log(SP_LOG_DEBUG, "parent does not listen");
	}
}

static bool enter_jail(struct sp_crew *c, size_t index)
{
	struct sp_jail_path paths[SP_CREW_PATHS];
	bool net = index < SP_CONF_SHIPS && needs_net(&c->conf->ship[index]);
	struct sp_jail_spec spec = {.class = net ? SP_JAIL_SHIP_NET : SP_JAIL_SHIP,
			.database = c->conf->store[0] != '\0',
			.paths = paths};
	struct sp_jail_report report;
	char why[SP_WHY_MAX];

	spec.npaths = sp_crew_paths(c, index, paths);
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: %s", sp_crew_name(c, index), why);
		return false;
	}
	sp_log(SP_LOG_DEBUG, "%s is jailed: %s", sp_crew_name(c, index), report.text);
	if (index < SP_CONF_SHIPS) { /* who answers for metrics has no way to the parent */
		sp_crew_tell_jail(c, c->conf->ship[index].name, report.text);
	}
	return true;
}

/* Until the audit can be looked at. */
static struct sp_audit_store *open_store(const struct sp_crew *c, size_t index)
{
	char why[SP_AUDIT_WHY];
	bool missing, told = false;

	for (;;) {
		struct sp_audit_store *st =
				sp_audit_store_read(c->audit, c->conf->store, &missing, why);
		if (st != NULL) {
			return st;
		}
		if (!told) {
			sp_log(SP_LOG_WARN, "%s: audit: %s", sp_crew_name(c, index), why);
		}
		told = true;
		usleep(OPEN_PAUSE_US);
	}
}

static sp_noreturn void run_watcher(struct sp_crew *c)
{
	struct sp_watcher_conf wc = {.store = open_store(c, SP_CREW_WATCH),
			.dir = c->audit,
			.reserve = c->conf->audit_reserve * MIB,
			.board = c->board,
			.ship = c->conf->ship,
			.n_ship = c->conf->n_ship,
			.wake = c->wake,
			.listener = c->listener};
	struct sp_watcher *w = sp_watcher_create(&wc);
	int rc = w != NULL ? SP_OK : SP_ENOMEM;

	while (rc == SP_OK) {
		rc = sp_watcher_turn(w, UINT64_MAX);
	}
	sp_log(SP_LOG_ERROR, "%s: %s", sp_crew_name(c, SP_CREW_WATCH), sp_err_text(rc));
	_exit(1);
}

static struct sp_sink *make_sink(
		const struct sp_conf_ship *s, const struct sp_sink_files *f, char why[SP_WHY_MAX])
{
	switch (s->type) {
	case SP_SHIP_FILE:
		return sp_sink_file(s, why);
	case SP_SHIP_SYSLOG:
		return sp_sink_syslog(s, f, why);
	case SP_SHIP_JOURNALD:
		return sp_sink_journal(s, why);
	case SP_SHIP_WEBHOOK:
		return sp_sink_hook(s, f, why);
	case SP_SHIP_TYPES:
		break;
	}
	snprintf(why, SP_WHY_MAX, "no such type");
	return NULL;
}

struct told {
	const struct sp_crew *c;
	size_t index;
};

static void on_missed(void *user, uint64_t first, uint64_t n)
{
	const struct told *t = user;
	struct sp_msg_ship_missed m = {.first = first, .n = n};

	snprintf(m.name, sizeof(m.name), "%s", t->c->conf->ship[t->index].name);
	if (sp_mon_say(t->c->link, SHIP_MISSED, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: the audit is not told", sp_crew_name(t->c, t->index));
	}
}

static sp_noreturn void run_worker(struct sp_crew *c, size_t index, struct sp_sink *sink)
{
	const struct sp_conf_ship *s = &c->conf->ship[index];
	struct told told = {c, index};
	char mark[PATH_MAX + SP_CONF_NAME + 16];

	snprintf(mark, sizeof(mark), "%s/" SP_MARK_FILE, mark_folder(c, index));
	struct sp_worker_conf wc = {.store = open_store(c, index),
			.sink = sink,
			.name = s->name,
			.mark = mark,
			.board = c->board,
			.index = index,
			.wake = c->wake[index],
			.now = sp_now_us,
			.missed = on_missed,
			.user = &told};
	struct sp_worker *w = sp_worker_create(&wc);

	if (w == NULL) {
		sp_log(SP_LOG_ERROR, "%s: out of memory", s->name);
		_exit(1);
	}
	sp_worker_run(w);
}

static sp_noreturn void be(struct sp_crew *c, size_t index, pid_t parent)
{
	struct sp_sink *sink = NULL;
	char why[SP_WHY_MAX];

	if (!settle(c, index, parent)) {
		_exit(1);
	}
	if (index < SP_CONF_SHIPS) {
		sink = make_sink(&c->conf->ship[index], &c->files[index], why);
		if (sink == NULL) {
			sp_log(SP_LOG_ERROR, "%s: %s", c->conf->ship[index].name, why);
			_exit(1);
		}
	}
	if (!enter_jail(c, index)) {
		_exit(1);
	}
	if (sink == NULL) {
		run_watcher(c);
	}
	run_worker(c, index, sink);
}

pid_t sp_crew_start(struct sp_crew *c, size_t index)
{
	pid_t me = getpid(), pid = fork();

	if (pid == 0) {
		be(c, index, me);
	}
	return pid;
}
