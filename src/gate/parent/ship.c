/* gate/parent/ship.c - sp-ship, where the configuration wants one; the service goes on without it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/log.h"
#include "gate/parent/parent.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"

#define LIFE_US 1000000 /* who lives shorter is started again after a longer pause */
#define PAUSE_US 100000
#define LONG_PAUSE_US 5000000
#define FIGURES_US 2000000
#define AT_ONCE 64 /* messages; others of ours wait meanwhile */

static bool wanted(const struct sp_parent *p)
{
	return p->ready && !p->stopping && (p->conf.n_ship > 0 || p->conf.metrics.family != 0);
}

static void lose_link(struct sp_parent *p)
{
	sp_watch_remove(p->ship_watch);
	p->ship_watch = NULL;
	sp_fd_close(&p->ship);
}

/* It is believed no more than others: so many of its lines are told, and no more. */
static void on_message(struct sp_parent *p, const struct sp_mon_in *in)
{
	unsigned dropped;

	bool jailed = in->type == SP_MSG_SHIP_JAILED;
	if (!sp_log_rate_ok(jailed ? &p->ship_jailed : &p->ship_told, sp_now_us(), &dropped)) {
		return;
	}
	if (in->type == SP_MSG_SHIP_MISSED) {
		sp_parent_tell_missed(p, &in->body.ship_missed);
	} else if (in->type == SP_MSG_SHIP_DIED) {
		sp_parent_tell_death(p, "sp-ship", (pid_t)in->body.ship_died.pid,
				(int)in->body.ship_died.status);
	} else if (jailed) {
		const struct sp_msg_ship_jailed *m = &in->body.ship_jailed;
		char name[sizeof(m->name) + 16];

		snprintf(name, sizeof(name), "sp-ship%s%s", m->name[0] != '\0' ? " of " : "",
				m->name);
		sp_parent_tell_jail(p, name, true, m->level);
	} else {
		sp_log(SP_LOG_ERROR, "unexpected %s of sp-ship", sp_msg_name(in->type));
	}
}

static void on_link(void *user, unsigned events)
{
	struct sp_parent *p = user;
	struct sp_mon_in in;
	int rc = 1;

	for (int i = 0; i < AT_ONCE && (rc = sp_mon_recv(p->ship, &in)) == 1; i++) {
		on_message(p, &in);
		sp_mon_in_finish(&in);
	}
	if (rc < 0) {
		lose_link(p);
	}
}

static void on_death(void *user, pid_t pid, int status)
{
	struct sp_parent *p = user;
	bool asked = p->ship_ends;
	bool short_lived = sp_now_us() - p->ship_us < LIFE_US;
	char text[80];

	if (p->ship_watch != NULL) {
		on_link(p, SP_LOOP_READ); /* last words */
	}
	lose_link(p);
	p->ship_pid = 0;
	p->ship_ends = false;
	if (p->stopping) {
		return;
	}
	if (!asked) {
		sp_proc_status_text(status, text, sizeof(text));
		sp_log(SP_LOG_ERROR, "sp-ship %s: another one is started%s", text,
				short_lived ? " in a moment" : "");
		sp_parent_tell_death(p, "sp-ship", pid, status);
	}
	sp_watch_in(p->ship_again, asked ? 0 : short_lived ? LONG_PAUSE_US : PAUSE_US);
}

/* ---- what is measured ---- */

static void on_figures(void *user)
{
	struct sp_parent *p = user;
	struct sp_msg_ship_figures m = {.connections = p->n_serving,
			.half_open = sp_limits_open(p->limits),
			.soft = p->conf.limits.total_soft,
			.hard = p->conf.limits.total_hard,
			.penalties = sp_limits_waiting(p->limits, sp_now_us()),
			.scribe = p->scribe_figures};

	if (p->ship_watch == NULL || p->conf.metrics.family == 0) {
		return;
	}
	/* One that does not read gets newer ones later. */
	if (memcmp(&m, &p->figures, sizeof(m)) != 0 &&
			sp_mon_say(p->ship, SHIP_FIGURES, &m) == SP_OK) {
		p->figures = m;
	}
	sp_watch_in(p->figures_watch, FIGURES_US);
}

/* ---- its life ---- */

static int start(struct sp_parent *p)
{
	int pair[2];

	if (sp_ipc_pair(pair) != SP_OK) {
		return SP_ESYS;
	}
	int rc = sp_fd_nonblock(pair[0], true);
	if (rc == SP_OK) {
		rc = sp_parent_start_ship(p, pair[1], on_death);
	}
	close(pair[1]);
	p->ship_us = sp_now_us();
	if (rc != SP_OK) {
		close(pair[0]);
		return rc;
	}
	p->ship = pair[0];
	p->ship_watch = sp_loop_fd(p->loop, p->ship, SP_LOOP_READ, on_link, p);
	sp_parent_ship_chain(p);
	memset(&p->figures, 0, sizeof(p->figures)); /* it knows none */
	sp_watch_in(p->figures_watch, 0);
	return p->ship_watch != NULL ? SP_OK : SP_ENOMEM;
}

static void on_again(void *user)
{
	struct sp_parent *p = user;

	if (!wanted(p) || p->ship_pid > 0) {
		return;
	}
	int rc = start(p);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "sp-ship cannot be started: %s", sp_err_text(rc));
		sp_watch_in(p->ship_again, LONG_PAUSE_US);
	}
}

void sp_parent_ship(struct sp_parent *p)
{
	if (p->ship_again == NULL) {
		p->ship = -1;
		sp_log_rate_init(&p->ship_told, 60, 20);
		sp_log_rate_init(&p->ship_jailed, 60, 20);
		p->ship_again = sp_loop_timer(p->loop, on_again, p);
		p->figures_watch = sp_loop_timer(p->loop, on_figures, p);
	}
	if (p->ship_again == NULL || p->figures_watch == NULL) {
		sp_log(SP_LOG_ERROR, "sp-ship cannot be started: no memory");
	} else if (p->ship_pid <= 0) {
		sp_watch_in(p->ship_again, 0);
	} else if (!p->ship_ends && kill(p->ship_pid, SIGTERM) == 0) {
		/* What it has of the old configuration goes with it; what it has shipped is noted. */
		p->ship_ends = true;
	}
}

void sp_parent_ship_chain(struct sp_parent *p)
{
	struct sp_msg_none m = {0};

	if (p->ship_watch != NULL && p->chain_fd >= 0 &&
			sp_mon_send(p->ship, SP_MSG_SHIP_CHAIN, &m, sizeof(m), &p->chain_fd, 1) !=
					SP_OK) {
		sp_log(SP_LOG_DEBUG, "sp-ship does not listen");
	}
}
