/* scan/main.c - sp-probe: asks endpoints in a jail, and tells what they let it see. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/ipc.h"
#include "host/io/jail.h"
#include "host/io/loop.h"
#include "scan/probe_link.h"
#include "scan/probe_run.h"
#include "scan/probe_talk.h"

#define SETUP_US (30 * UINT64_C(1000000))

struct process {
	struct sp_talk_env env;
	struct sp_loop *loop;
	struct sp_watch *link;
	struct sp_probe_run *run;
};

static struct sp_ipc_msg in; /* 64 KiB: not on the stack */

static int on_facts(void *user, const struct sp_scan_facts *facts)
{
	struct process *p = user;
	int rc = sp_ipc_send(SP_PROBE_FD, SP_PROBE_FACTS, facts, sizeof(*facts), NULL, 0);

	if (rc == SP_ESPACE) {
		sp_watch_want(p->link, SP_LOOP_READ | SP_LOOP_WRITE);
	} else if (rc != SP_OK) {
		sp_loop_quit(p->loop, rc);
	}
	return rc;
}

static int take(struct process *p)
{
	struct sp_probe_order order;

	switch (in.type) {
	case SP_PROBE_ORDER:
		return sp_ipc_body(&in, &order, sizeof(order)) == SP_OK
				? sp_probe_run_order(p->run, &order)
				: SP_EFIELD;
	case SP_PROBE_STOP:
		sp_probe_run_stop(p->run);
		return SP_OK;
	default:
		return SP_ESTATE;
	}
}

static void on_link(void *user, unsigned events)
{
	struct process *p = user;
	int rc = SP_OK;

	if (events & SP_LOOP_WRITE) {
		sp_watch_want(p->link, SP_LOOP_READ);
		sp_probe_run_again(p->run);
	}
	while (rc == SP_OK && (rc = sp_ipc_recv(SP_PROBE_FD, &in, 0)) == 1) {
		rc = take(p);
	}
	if (rc < 0) {
		sp_loop_quit(p->loop, rc);
	}
}

/* Whatever has to be read is read now. */
static int libraries(struct process *p, char why[SP_WHY_MAX])
{
	struct sp_rcbuf *pem = NULL;
	struct sp_span none = {NULL, 0};

	if (sp_tls_init() != SP_OK) {
		snprintf(why, SP_WHY_MAX, "TLS: the library refuses");
		return SP_ETLS;
	}
	int rc = sp_tls_system_ca(&pem);
	p->env.roots = sp_cert_roots_create(rc == SP_OK ? sp_span(pem->p, pem->n) : none);
	sp_rcbuf_unref(pem);
	p->env.tls = sp_tls_look_ctx(why);
	return p->env.roots && p->env.tls ? SP_OK : SP_ETLS;
}

static int work(struct process *p)
{
	struct sp_jail_spec spec = {.class = SP_JAIL_PROBE};
	struct sp_jail_report report;
	struct sp_probe_setup setup;
	char why[SP_WHY_MAX] = "";

	int rc = sp_ipc_wait(SP_PROBE_FD, &in, 0, sp_now_us() + SETUP_US);
	if (rc == SP_OK) {
		rc = in.type == SP_PROBE_SETUP ? sp_ipc_body(&in, &setup, sizeof(setup))
					       : SP_ESTATE;
	}
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_probe_mark *mark = mmap(NULL, sizeof(*mark), PROT_READ | PROT_WRITE, MAP_SHARED,
			SP_PROBE_FD_MARK, 0);
	if (mark == MAP_FAILED) {
		return SP_ESYS;
	}
	close(SP_PROBE_FD_MARK);
	signal(SIGPIPE, SIG_IGN);
	rc = libraries(p, why);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return rc;
	}
	p->loop = sp_loop_create();
	p->run = p->loop ? sp_probe_run_create(p->loop, &setup, &p->env, mark, on_facts, p) : NULL;
	p->link = p->run ? sp_loop_fd(p->loop, SP_PROBE_FD, SP_LOOP_READ, on_link, p) : NULL;
	if (!p->link || sp_fd_nonblock(SP_PROBE_FD, true) != SP_OK) {
		return SP_ENOMEM;
	}
	rc = sp_jail_enter(&spec, &report, why);
	if (rc != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return rc;
	}
	rc = sp_ipc_send(SP_PROBE_FD, SP_PROBE_READY, report.text, sizeof(report.text), NULL, 0);
	return rc == SP_OK ? sp_loop_run(p->loop) : rc;
}

int main(int argc, char **argv)
{
	static struct process p;

	sp_hostlog_open_raw(getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	if (argc == 2 && strcmp(argv[1], "--selftest") == 0) {
		return sp_jail_selftest_main(&(struct sp_jail_spec){.class = SP_JAIL_PROBE});
	}
	int rc = work(&p);
	sp_probe_run_destroy(p.run);
	sp_watch_remove(p.link);
	sp_loop_destroy(p.loop);
	sp_tls_ctx_destroy(p.env.tls);
	sp_cert_roots_destroy(p.env.roots);
	return rc == SP_OK || rc == SP_ECLOSED ? 0 : 1;
}
