/* gate/ship/main.c - sp-ship: a process for each destination of the audit, one that watches it, and this one. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/ship/board.h"
#include "gate/ship/crew.h"
#include "gate/ship/figures.h"
#include "gate/ship/memory.h"
#include "host/audit/home.h"
#include "host/io/cert.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"
#include "host/io/names.h"
#include "host/io/proc.h"
#include "host/io/tcp.h"
#include "host/io/tls.h"
#include "host/monitor/mon.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define MIB (UINT64_C(1024) * 1024)
#define CHAIN_MAX (256u << 10)
#define SECRET_MAX 4096
#define CA_MAX (4u << 20)
#define MEMORY_US 10000000
#define LIFE_US 1000000 /* who lives shorter is started again after a longer pause */
#define PAUSE_US 100000
#define LONG_PAUSE_US 5000000
#define END_US 1000000 /* for the last records, when the service ends */
#define LOOK_US 20000

struct member {
	struct process *p;
	size_t index; /* SP_CREW_WATCH or a destination's */
	pid_t pid;
	uint64_t started_us;
	struct sp_watch *again;
};

struct process {
	const char *file;
	struct sp_conf *conf;
	struct sp_loop *loop;
	struct sp_crew crew;
	struct member member[SP_CONF_SHIPS + 1]; /* the last one watches */
	struct sp_watch *memory, *end;
	uint64_t end_us; /* 0: it does not end */
};

/* ---- what is given to it ---- */

static bool read_conf(struct process *p)
{
	static struct sp_conf_errors errors;
	int rc = sp_conf_load(p->file, &errors, &p->conf);

	for (size_t i = 0; rc != SP_OK && i < errors.n; i++) {
		sp_log(SP_LOG_ERROR, "%s", errors.text[i]);
	}
	return rc == SP_OK;
}

static bool read_ca(const struct sp_conf_ship *s, struct sp_span *out)
{
	struct sp_rcbuf *b = NULL;
	int rc = s->ca[0] != '\0' ? sp_file_read(s->ca, CA_MAX, &b) : sp_tls_system_ca(&b);

	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s: authorities: %s: %s", s->name,
				s->ca[0] != '\0' ? s->ca : "those of this machine",
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		return false;
	}
	*out = sp_span(b->p, b->n); /* for as long as the process lives */
	return true;
}

static bool read_secret(const struct sp_conf_ship *s, struct sp_span *out)
{
	struct sp_rcbuf *b = NULL;
	int rc = sp_file_read(s->secret, SECRET_MAX, &b);

	if (rc == SP_OK && b->n > 0 && b->p[b->n - 1] == '\n') {
		b->n--;
	}
	if (rc != SP_OK || b->n == 0) {
		sp_log(SP_LOG_ERROR, "%s: secret: %s: %s", s->name, s->secret,
				rc == SP_ESYS                 ? strerror(errno)
						: rc == SP_OK ? "is empty"
							      : sp_err_text(rc));
		return false;
	}
	*out = sp_span(b->p, b->n);
	return true;
}

/* While it may still read what only root can. A destination without its files is left out. */
static void read_files(struct process *p)
{
	for (size_t i = 0; i < p->conf->n_ship; i++) {
		const struct sp_conf_ship *s = &p->conf->ship[i];
		struct sp_sink_files *f = &p->crew.files[i];

		p->crew.able[i] = (!s->tls || read_ca(s, &f->ca)) &&
				(s->type != SP_SHIP_WEBHOOK || read_secret(s, &f->secret));
	}
}

/* Records go out also where nobody can ask for numbers. */
static void listen_for_metrics(struct process *p)
{
	char why[SP_WHY_MAX];

	p->crew.listener = -1;
	if (p->conf->metrics.family != 0 &&
			sp_tcp_listen(p->conf->metrics.text, &p->crew.listener, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "metrics: %s", why);
		p->crew.listener = -1;
	}
}

static bool make_board(struct process *p)
{
	p->crew.board = mmap(NULL, sizeof(*p->crew.board), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p->crew.board == MAP_FAILED) {
		return false;
	}
	for (size_t i = 0; i < p->conf->n_ship; i++) {
		p->crew.wake[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (p->crew.wake[i] < 0) {
			return false;
		}
	}
	return true;
}

/* ---- the crew ---- */

static void start_member(void *user);

static void on_death(void *user, pid_t pid, int status)
{
	struct member *m = user;
	struct process *p = m->p;
	bool short_lived = sp_now_us() - m->started_us < LIFE_US;
	char text[80];

	m->pid = 0;
	if (p->end_us != 0) {
		return;
	}
	sp_proc_status_text(status, text, sizeof(text));
	sp_log(SP_LOG_ERROR, "%s %s: another one is started in a moment",
			sp_crew_name(&p->crew, m->index), text);
	if (m->index < SP_CONF_SHIPS) {
		p->crew.board->to[m->index].up = 0;
	}
	if (WIFSIGNALED(status)) {
		struct sp_msg_ship_died d = {.pid = (uint32_t)pid, .status = (uint32_t)status};
		if (sp_mon_say(SP_SHIP_FD_PARENT, SHIP_DIED, &d) != SP_OK) {
			sp_log(SP_LOG_DEBUG, "parent does not listen");
		}
	}
	sp_watch_in(m->again, short_lived ? LONG_PAUSE_US : PAUSE_US);
}

static void start_member(void *user)
{
	struct member *m = user;

	m->started_us = sp_now_us();
	m->pid = sp_crew_start(&m->p->crew, m->index);
	if (m->pid < 0 || !sp_loop_child(m->p->loop, m->pid, on_death, m)) {
		sp_log(SP_LOG_ERROR, "%s: cannot be started: %s",
				sp_crew_name(&m->p->crew, m->index), strerror(errno));
		sp_watch_in(m->again, LONG_PAUSE_US);
	}
}

static bool start_crew(struct process *p)
{
	for (size_t i = 0; i <= SP_CONF_SHIPS; i++) {
		struct member *m = &p->member[i];

		*m = (struct member){.p = p, .index = i};
		if (i < SP_CREW_WATCH && (i >= p->conf->n_ship || !p->crew.able[i])) {
			continue;
		}
		m->again = sp_loop_timer(p->loop, start_member, m);
		if (m->again == NULL) {
			return false;
		}
		start_member(m);
	}
	return true;
}

/* ---- its own work ---- */

static void on_memory(void *user)
{
	struct process *p = user;

	sp_memory_look(p->crew.board, getppid());
	sp_watch_in(p->memory, MEMORY_US);
}

/* Whoever takes records has all of them. */
static bool all_there(const struct process *p)
{
	const struct sp_board *b = p->crew.board;

	for (size_t i = 0; i < p->conf->n_ship; i++) {
		if (b->to[i].up != 0 && b->to[i].done < b->head) {
			return false;
		}
	}
	return true;
}

static void on_end(void *user)
{
	struct process *p = user;
	uint64_t now = sp_now_us();

	/* The watcher looks twice a second: it has to have seen the last ones. */
	if (now >= p->end_us || (now + END_US / 3 >= p->end_us && all_there(p))) {
		sp_loop_quit(p->loop, 0);
		return;
	}
	sp_watch_in(p->end, LOOK_US);
}

static void end(struct process *p)
{
	if (p->end_us == 0) {
		p->end_us = sp_now_us() + END_US;
		sp_watch_in(p->end, 0);
	}
}

static void on_signal(void *user, int signo)
{
	end(user);
}

static void take_chain(struct process *p, int fd)
{
	static uint8_t pem[CHAIN_MAX];
	struct sp_cert_info info;
	struct stat st;

	if (fstat(fd, &st) == 0 && 0 < st.st_size && st.st_size <= (off_t)sizeof(pem) &&
			sp_fd_read_at(fd, pem, (size_t)st.st_size, 0) == SP_OK &&
			sp_cert_info_pem(sp_span(pem, (size_t)st.st_size), &info) == SP_OK) {
		p->crew.board->cert_until = info.not_after;
	}
}

static void on_parent(void *user, unsigned events)
{
	struct process *p = user;
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(SP_SHIP_FD_PARENT, &in)) == 1) {
		if (in.type == SP_MSG_SHIP_CHAIN) {
			take_chain(p, in.fds[0]);
		} else if (in.type == SP_MSG_SHIP_FIGURES) {
			sp_figures_take(p->crew.board, &in.body.ship_figures);
		}
		sp_mon_in_finish(&in);
	}
	if (rc < 0) {
		sp_loop_quit(p->loop, rc == SP_ECLOSED ? 0 : EXIT_FAILED);
	}
}

/* ---- its start ---- */

static size_t own_paths(struct process *p, struct sp_jail_path *to)
{
	size_t n = sp_crew_paths(&p->crew, SP_CREW_ALL, to);

	to[n++] = (struct sp_jail_path){.path = "/proc"}; /* how much memory the others have */
	return n;
}

static bool enter_jail(struct process *p)
{
	struct sp_jail_path paths[SP_CREW_PATHS + 1];
	struct sp_jail_spec spec = {.class = SP_JAIL_SHIP_MAIN, .paths = paths};
	struct sp_jail_report report;
	char why[SP_WHY_MAX];

	spec.npaths = own_paths(p, paths);
	if (sp_jail_enter(&spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return false;
	}
	sp_log(SP_LOG_INFO, "jailed: %s", report.text);
	sp_crew_tell_jail(&p->crew, "", report.text);
	return true;
}

static bool start(struct process *p)
{
	char why[SP_AUDIT_HOME_WHY];

	if (!read_conf(p)) {
		return false;
	}
	p->crew.conf = p->conf;
	p->crew.link = SP_SHIP_FD_PARENT;
	listen_for_metrics(p);
	/* The certificate of the service is read by the same library. */
	if (sp_tls_init() != SP_OK || sp_names_init() != SP_OK) {
		sp_log(SP_LOG_ERROR, "TLS or the resolver cannot begin");
		return false;
	}
	read_files(p);
	if (sp_ship_home(p->conf->state, p->conf->run_as, p->crew.audit, p->crew.dir, why) !=
			SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return false;
	}
	if (!sp_crew_folders(&p->crew)) {
		return false;
	}
	prctl(PR_SET_DUMPABLE, 0); /* becoming another user set it to what fs.suid_dumpable says */
	p->loop = sp_loop_create();
	if (p->loop == NULL || !make_board(p)) {
		sp_log(SP_LOG_ERROR, "cannot start: %s", strerror(errno));
		return false;
	}
	p->memory = sp_loop_timer(p->loop, on_memory, p);
	p->end = sp_loop_timer(p->loop, on_end, p);
	if (p->memory == NULL || p->end == NULL ||
			!sp_loop_signal(p->loop, SIGTERM, on_signal, p) ||
			!sp_loop_fd(p->loop, SP_SHIP_FD_PARENT, SP_LOOP_READ, on_parent, p) ||
			!enter_jail(p) || !start_crew(p)) {
		return false;
	}
	if (p->crew.listener >= 0) {
		sp_log(SP_LOG_INFO, "metrics at http://%s/metrics", p->conf->metrics.text);
		sp_watch_in(p->memory, 0);
	}
	return true;
}

/* The others end with this process. */
static void finish(struct process *p)
{
	sp_loop_destroy(p->loop);
	sp_conf_unref(p->conf);
}

static bool is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
	static struct process p;
	int status = EXIT_FAILED;

	if (!(argc == 3 && strcmp(argv[1], "-c") == 0 && is_socket(SP_SHIP_FD_PARENT))) {
		fputs("sp-ship: started by sallyportd only: sp-ship -c FILE, with its socket on "
		      "descriptor 3\n",
				stderr);
		return EXIT_USAGE;
	}
	sp_hostlog_open("sp-ship", getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C is for the parent */
	umask(027); /* the folder of a file says who may read it */
	p.file = argv[2];
	if (start(&p)) {
		status = sp_loop_run(p.loop);
		status = status < 0 ? EXIT_FAILED : status;
	}
	finish(&p);
	return status;
}
