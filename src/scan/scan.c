/* scan/scan.c - see scan.h. */
#include "scan/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/proc.h"
#include "scan/probe_link.h"

#define READY_US (30 * UINT64_C(1000000))
#define TICK_US 500000
#define HANG_MS 6000
#define END_US (2 * UINT64_C(1000000))
#define IDLE_DEATHS_MAX 3
/* Where it dies without having said on what, fewer are asked at once, until it is known. */
#define FEWER 8
#define MORE_AFTER 16 /* facts, then twice as many again */

/* An endpoint that sp-probe has, or is to get. */
struct open {
	bool used, sent;
	struct sp_probe_order order;
};

struct scan {
	const struct sp_scan_calls *calls;
	void *user;
	struct sp_probe_setup setup;
	struct sp_loop *loop;
	struct sp_watch *link, *tick, *signals[2];
	int fd;
	pid_t pid;
	struct sp_hostlog_pipe *log;
	struct sp_probe_mark *mark;
	uint64_t turn, turned_us; /* of the mark, and when it was seen to change */
	uint32_t hang_ms;
	struct open *open;
	size_t n_open, n_sent;
	size_t window; /* how many may be sent; INVARIANT: 1 <= window <= setup.at_once */
	unsigned good; /* facts since the window changed */
	unsigned idle_deaths; /* with nothing to do, one after the other */
	struct sp_scan_count count;
	bool stopping;
	int rc;
	char *why;
	struct sp_ipc_msg in;
};

static void on_link(void *user, unsigned events);

static void stop(struct scan *s, int rc)
{
	s->rc = rc;
	sp_loop_quit(s->loop, rc);
}

/* ---- the process ---- */

static int share_mark(struct scan *s, int *fd)
{
	*fd = memfd_create("sallyport-probe", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, (off_t)sizeof(*s->mark)) < 0) {
		return SP_ESYS;
	}
	void *p = mmap(NULL, sizeof(*s->mark), PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (p == MAP_FAILED) {
		return SP_ESYS;
	}
	s->mark = p;
	return SP_OK;
}

static void end_process(struct scan *s, int *status)
{
	sp_watch_remove(s->link);
	s->link = NULL;
	sp_fd_close(&s->fd);
	if (s->pid > 0) {
		kill(s->pid, SIGKILL); /* it has nothing to put in order */
		if (sp_proc_reap(s->pid, sp_now_us() + END_US, status) != SP_OK) {
			*status = 0;
		}
		s->pid = 0;
	}
	sp_hostlog_pipe_destroy(s->log);
	s->log = NULL;
	if (s->mark) {
		munmap(s->mark, sizeof(*s->mark));
		s->mark = NULL;
	}
}

static int introduce(struct scan *s)
{
	int rc = sp_ipc_send(s->fd, SP_PROBE_SETUP, &s->setup, sizeof(s->setup), NULL, 0);

	rc = rc == SP_OK ? sp_ipc_wait(s->fd, &s->in, 0, sp_now_us() + READY_US) : rc;
	if (rc == SP_OK && s->in.type != SP_PROBE_READY) {
		rc = SP_ESTATE;
	}
	rc = rc == SP_OK ? sp_fd_nonblock(s->fd, true) : rc;
	if (rc != SP_OK) {
		snprintf(s->why, SP_WHY_MAX, "sp-probe does not start: %s", sp_err_text(rc));
		return rc == SP_ECLOSED ? SP_ESTATE : rc; /* nobody ended the scan */
	}
	s->link = sp_loop_fd(s->loop, s->fd, SP_LOOP_READ | SP_LOOP_WRITE, on_link, s);
	return s->link ? SP_OK : SP_ENOMEM;
}

static int start_process(struct scan *s)
{
	const char *const argv[] = {"sp-probe", NULL};
	char path[1024];
	int fds[2] = {-1, -1}, pair[2] = {-1, -1}, log[2] = {-1, -1};

	if (sp_proc_find("sp-probe", path, sizeof(path)) != SP_OK) {
		snprintf(s->why, SP_WHY_MAX, "sp-probe is not there");
		return SP_ENOTFOUND;
	}
	int rc = sp_ipc_pair(pair);
	rc = rc == SP_OK ? share_mark(s, &fds[1]) : rc;
	rc = rc == SP_OK && pipe2(log, O_CLOEXEC) < 0 ? SP_ESYS : rc;
	if (rc != SP_OK) {
		snprintf(s->why, SP_WHY_MAX, "%s", strerror(errno));
	} else {
		fds[0] = pair[1];
		struct sp_proc_spec spec = {.path = path,
				.argv = argv,
				.fds = fds,
				.nfds = 2,
				.out = -1,
				.err = log[1],
				.new_session = true,
				.death_signal = SIGKILL};
		rc = sp_proc_start(&spec, &s->pid, s->why);
	}
	s->fd = pair[0];
	sp_fd_close(&pair[1]);
	sp_fd_close(&fds[1]);
	sp_fd_close(&log[1]);
	/* It does not wait for whoever reads its lines. On our own standard error that would end
	 * the waiting of everybody who has the same terminal, and cut our report. */
	s->log = rc == SP_OK ? sp_hostlog_pipe_create(s->loop, log[0], argv[0], s->pid) : NULL;
	if (!s->log) {
		sp_fd_close(&log[0]);
		rc = rc == SP_OK ? SP_ENOMEM : rc;
	}
	s->turn = 0;
	s->turned_us = sp_now_us();
	return rc == SP_OK ? introduce(s) : rc;
}

/* ---- endpoints ---- */

static void give_facts(struct scan *s, size_t i, const struct sp_scan_facts *f)
{
	s->n_sent -= s->open[i].sent;
	s->open[i] = (struct open){0};
	s->n_open--;
	s->count.done++;
	if (++s->good >= MORE_AFTER) {
		s->good = 0;
		s->window = 2 * s->window < s->setup.at_once ? 2 * s->window : s->setup.at_once;
	}
	s->count.rdp += f->reach == SP_SCAN_RDP;
	int rc = s->calls->facts(s->user, f);
	if (rc != 0) {
		stop(s, rc);
	}
}

/* What was asked. */
static void place(struct sp_scan_facts *f, const struct sp_probe_order *o)
{
	char text[SP_ADDR_TEXT_MAX];

	sp_addr_host_text(&o->to, text);
	snprintf(f->address, sizeof(f->address), "%.*s", (int)sizeof(f->address) - 1, text);
	memcpy(f->host, o->host, sizeof(f->host));
	f->port = sp_addr_port(&o->to);
	f->lone = o->lone;
}

/* The one endpoint that it died on has a row that says so. */
static void give_up_on(struct scan *s, size_t i, const char *how)
{
	static struct sp_scan_facts f;
	const struct sp_probe_order *o = &s->open[i].order;
	struct timespec wall;

	memset(&f, 0, sizeof(f));
	clock_gettime(CLOCK_REALTIME, &wall);
	f.number = o->number;
	f.started_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
	f.reach = SP_SCAN_OTHER;
	place(&f, o);
	snprintf(f.why, sizeof(f.why), "its answers ended the process that reads them (%s)", how);
	give_facts(s, i, &f);
}

static bool fill(struct scan *s)
{
	struct sp_scan_endpoint e;

	while (!s->count.all && !s->stopping && s->n_open < s->setup.at_once) {
		size_t i = 0;

		memset(&e, 0, sizeof(e));
		if (!s->calls->next(s->user, &e)) {
			s->count.all = true;
			break;
		}
		while (s->open[i].used) {
			i++;
		}
		s->open[i] = (struct open){.used = true,
				.order = {.number = s->count.begun,
						.to = e.to,
						.web_port = e.web_port,
						.udp = e.udp,
						.lone = e.lone}};
		memcpy(s->open[i].order.host, e.host, sizeof(e.host));
		s->count.begun++;
		s->n_open++;
	}
	return s->n_open > 0;
}

/* 1: all is sent; 0: later; or an error. */
static int send_orders(struct scan *s)
{
	for (size_t i = 0; i < s->setup.at_once && s->n_sent < s->window; i++) {
		struct open *o = &s->open[i];

		if (!o->used || o->sent) {
			continue;
		}
		int rc = sp_ipc_send(s->fd, SP_PROBE_ORDER, &o->order, sizeof(o->order), NULL, 0);
		if (rc != SP_OK) {
			return rc == SP_ESPACE ? 0 : rc;
		}
		o->sent = true;
		s->n_sent++;
	}
	return 1;
}

static int take_facts(struct scan *s)
{
	static struct sp_scan_facts f;

	if (s->in.type != SP_PROBE_FACTS || sp_ipc_body(&s->in, &f, sizeof(f)) != SP_OK ||
			!sp_scan_facts_valid(&f)) {
		return SP_EPROTO;
	}
	for (size_t i = 0; i < s->setup.at_once; i++) {
		const struct sp_probe_order *o = &s->open[i].order;

		if (s->open[i].used && s->open[i].sent && o->number == f.number) {
			/* What was asked is ours to say, whatever its reader became. */
			place(&f, o);
			give_facts(s, i, &f);
			return SP_OK;
		}
	}
	return SP_EPROTO;
}

/* The one that it was working on, or the only one that it had. */
static bool guilty(const struct scan *s, const struct open *o, uint64_t number, size_t sent)
{
	return o->used && o->sent && (o->order.number + 1 == number || (number == 0 && sent == 1));
}

static void died(struct scan *s, const char *said)
{
	uint64_t number = s->mark ? s->mark->number : 0;
	size_t sent = s->n_sent;
	char how[128];
	int status = 0;
	bool found = false;

	end_process(s, &status);
	sp_proc_status_text(status, how, sizeof(how));
	for (size_t i = 0; i < s->setup.at_once; i++) {
		if (guilty(s, &s->open[i], number, sent)) {
			give_up_on(s, i, said ? said : how);
			found = true;
		}
		s->open[i].sent = false;
	}
	s->n_sent = 0;
	s->good = 0;
	if (!found) {
		s->window = sent / FEWER > 0 ? sent / FEWER : 1;
	}
	if (s->rc != SP_OK) {
		return;
	}
	if (s->stopping || !fill(s)) {
		stop(s, s->stopping ? SP_ECLOSED : SP_OK);
		return;
	}
	s->idle_deaths = sent > 0 ? 0 : s->idle_deaths + 1;
	int rc = s->idle_deaths < IDLE_DEATHS_MAX ? start_process(s) : SP_EBUG;
	if (rc != SP_OK) {
		if (rc == SP_EBUG) {
			snprintf(s->why, SP_WHY_MAX, "sp-probe %s", said ? said : how);
		}
		stop(s, rc);
	}
}

static void on_link(void *user, unsigned events)
{
	struct scan *s = user;
	int rc = SP_OK;

	while (s->rc == SP_OK && rc == SP_OK && (rc = sp_ipc_recv(s->fd, &s->in, 0)) == 1) {
		rc = take_facts(s);
	}
	(void)events;
	if (s->rc != SP_OK) {
		return;
	}
	if (rc < 0) {
		died(s, rc == SP_ECLOSED ? NULL : "said what it must not say");
		return;
	}
	if (!fill(s)) {
		stop(s, s->stopping ? SP_ECLOSED : SP_OK);
		return;
	}
	rc = s->stopping ? 1 : send_orders(s);
	if (rc < 0) {
		died(s, NULL);
		return;
	}
	sp_watch_want(s->link, rc == 1 ? SP_LOOP_READ : SP_LOOP_READ | SP_LOOP_WRITE);
}

/* ---- time, signals ---- */

/* In one answer for too long; or nothing at all happens, where every wait has an end. */
static bool hangs(const struct scan *s)
{
	const struct sp_probe_setup *c = &s->setup;
	uint64_t ms = (sp_now_us() - s->turned_us) / 1000;
	uint64_t quiet = 2ull * (c->connect_ms + c->step_ms) + c->pause_ms + s->hang_ms;

	return s->mark && s->n_sent > 0 && ms > (s->mark->number != 0 ? s->hang_ms : quiet);
}

static void on_tick(void *user)
{
	struct scan *s = user;
	uint64_t turn = s->mark ? s->mark->turn : 0, tick = (uint64_t)s->hang_ms * 1000 / 4;

	sp_watch_in(s->tick, tick < TICK_US ? tick : TICK_US);
	if (s->calls->progress) {
		s->calls->progress(s->user, &s->count);
	}
	if (turn != s->turn) {
		s->turn = turn;
		s->turned_us = sp_now_us();
	}
	if (hangs(s)) {
		died(s, "it hung");
	}
}

static void on_signal(void *user, int signo)
{
	struct scan *s = user;

	(void)signo;
	if (s->stopping || s->fd < 0 ||
			sp_ipc_send(s->fd, SP_PROBE_STOP, NULL, 0, NULL, 0) != SP_OK) {
		stop(s, SP_ECLOSED); /* asked twice, or cannot say it */
		return;
	}
	s->stopping = true;
	/* What sp-probe never heard of has no facts. */
	for (size_t i = 0; i < s->setup.at_once; i++) {
		if (s->open[i].used && !s->open[i].sent) {
			s->open[i].used = false;
			s->n_open--;
		}
	}
	if (s->n_open == 0) {
		stop(s, SP_ECLOSED);
	}
}

static int prepare(struct scan *s, const struct sp_scan_conf *c)
{
	static const int signals[] = {SIGINT, SIGTERM};

	s->setup = (struct sp_probe_setup){
			.at_once = c->at_once ? c->at_once : SP_SCAN_AT_ONCE,
			.rate = c->rate ? c->rate : 1000,
			.pause_ms = c->no_pause       ? 0
					: c->pause_ms ? c->pause_ms
						      : 200,
			.connect_ms = c->connect_ms ? c->connect_ms : 3000,
			.step_ms = c->step_ms ? c->step_ms : 5000,
			.endpoint_ms = c->endpoint_ms ? c->endpoint_ms : 120000,
	};
	s->window = s->setup.at_once;
	s->hang_ms = c->hang_ms ? c->hang_ms : HANG_MS;
	s->open = sp_calloc(s->setup.at_once, sizeof(*s->open));
	s->loop = sp_loop_create();
	s->tick = s->loop ? sp_loop_timer(s->loop, on_tick, s) : NULL;
	if (!s->open || !s->tick) {
		return SP_ENOMEM;
	}
	for (size_t i = 0; c->interrupt && i < SP_LEN(signals); i++) {
		s->signals[i] = sp_loop_signal(s->loop, signals[i], on_signal, s);
		if (!s->signals[i]) {
			return SP_ENOMEM;
		}
	}
	sp_watch_in(s->tick, 1);
	return SP_OK;
}

int sp_scan_run(const struct sp_scan_conf *conf, const struct sp_scan_calls *calls, void *user,
		char why[SP_WHY_MAX])
{
	struct scan *s = sp_calloc(1, sizeof(*s));
	int status;

	why[0] = '\0';
	if (!s || conf->at_once > SP_SCAN_AT_ONCE_MAX) {
		int err = s ? SP_EARG : SP_ENOMEM;

		sp_free(s);
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(err));
		return err;
	}
	s->calls = calls;
	s->user = user;
	s->fd = -1;
	s->why = why;
	int rc = prepare(s, conf);
	if (rc == SP_OK && fill(s)) {
		rc = start_process(s);
		if (rc == SP_OK) {
			(void)sp_loop_run(s->loop);
			rc = s->rc;
		}
	}
	if (rc != SP_OK && why[0] == '\0') {
		snprintf(why, SP_WHY_MAX, "%s", sp_err_text(rc));
	}
	end_process(s, &status);
	for (size_t i = 0; i < SP_LEN(s->signals); i++) {
		sp_watch_remove(s->signals[i]);
	}
	sp_watch_remove(s->tick);
	sp_loop_destroy(s->loop);
	sp_free(s->open);
	sp_free(s);
	return rc;
}
