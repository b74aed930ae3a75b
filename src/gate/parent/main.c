/* gate/parent/main.c - sallyportd: listens, counts, starts the others, passes sockets on. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/base/log.h"
#include "gate/parent/parent.h"
#include "host/io/notify.h"
#include "host/io/proc.h"
#include "host/monitor/mon.h"
#include "host/monitor/teller.h"

static struct sp_limits_conf limits_of(const struct sp_conf *c)
{
	return (struct sp_limits_conf){.per_source = c->limits.per_source,
			.rate = c->limits.rate,
			.burst = c->limits.burst,
			.total_soft = c->limits.total_soft,
			.total_hard = c->limits.total_hard,
			.exempt = c->limits.exempt,
			.n_exempt = c->limits.n_exempt};
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

/* As many descriptors as the system gives us; connections only as far as they reach. */
static void count_descriptors(struct sp_parent *p)
{
	struct rlimit l = {1024, 1024};
	size_t most = 0;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		p->files = l.rlim_cur < UINT32_MAX ? (unsigned)l.rlim_cur : 1024;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &l) < 0) {
			l.rlim_cur = p->files;
		}
	}
	if (l.rlim_cur > SP_PARENT_FDS_OWN) {
		most = (size_t)((l.rlim_cur - SP_PARENT_FDS_OWN) / SP_PARENT_FDS_PER_CONN);
	}
	p->most = most < SP_PARENT_CONNS ? most : SP_PARENT_CONNS;
	if (p->most < p->conf.limits.total_hard) {
		sp_log(SP_LOG_WARN, "descriptors for %zu connections only, total_hard is %u",
				p->most, p->conf.limits.total_hard);
	}
}

static bool same_listeners(const struct sp_conf *a, const struct sp_conf *b)
{
	bool same = a->n_listen == b->n_listen;

	for (size_t i = 0; same && i < a->n_listen; i++) {
		same = strcmp(a->listen[i].text, b->listen[i].text) == 0;
	}
	return same;
}

/* Listeners stay what they are; what the keeper keeps from its start, it says itself. */
static void reload(struct sp_parent *p)
{
	static struct sp_conf fresh;

	if (load(&fresh, p->file) != SP_OK) {
		sp_log(SP_LOG_ERROR, "configuration not taken over, the old one stays");
		sp_conf_finish(&fresh);
		return;
	}
	if (!same_listeners(&fresh, &p->conf)) {
		sp_log(SP_LOG_WARN, "listen: other addresses need a restart");
		memcpy(fresh.listen, p->conf.listen, sizeof(fresh.listen));
		fresh.n_listen = p->conf.n_listen;
	}
	memcpy(fresh.state, p->conf.state, sizeof(fresh.state));
	memcpy(fresh.run_as, p->conf.run_as, sizeof(fresh.run_as));
	sp_conf_finish(&p->conf);
	p->conf = fresh; /* which has moved; it is read over next time */
	struct sp_limits_conf limits = limits_of(&p->conf);
	sp_limits_set(p->limits, &limits);
	/* The keeper reads the rest, and says so. */
	if (sp_mon_say(p->keeper, RELOAD, &(struct sp_msg_none){0}) != SP_OK) {
		sp_log(SP_LOG_ERROR, "keeper does not listen");
	}
	sp_parent_ship(p);
	int scribe = sp_teller_fd(p->teller);
	if (scribe >= 0 && sp_mon_say(scribe, RELOAD, &(struct sp_msg_none){0}) != SP_OK) {
		sp_log(SP_LOG_ERROR, "sp-scribe does not listen");
	}
}

static void on_signal(void *user, int signo)
{
	struct sp_parent *p = user;

	if (signo == SIGHUP) {
		if (p->ready && !p->stopping) {
			reload(p);
		}
		return;
	}
	if (p->stopping) {
		sp_loop_quit(p->loop, p->code); /* asked twice: without goodbyes */
		return;
	}
	sp_log(SP_LOG_INFO, "stopping");
	if (sp_notify("STOPPING=1") != SP_OK) {
		sp_log(SP_LOG_DEBUG, "service manager not told");
	}
	sp_parent_stop(p, 0);
}

static bool find_programs(struct sp_parent *p)
{
	const struct {
		const char *name;
		char *path;
	} all[] = {{"sp-net", p->net}, {"sp-login", p->login}, {"sp-target", p->target},
			{"sp-dial", p->dial}, {"sp-recorder", p->recorder}};

	for (size_t i = 0; i < SP_LEN(all); i++) {
		if (sp_proc_find(all[i].name, all[i].path, SP_CONF_PATH) != SP_OK) {
			sp_log(SP_LOG_ERROR, "program %s not found", all[i].name);
			return false;
		}
	}
	/* Recordings do without it. */
	if (sp_proc_find("sp-player", p->player, SP_CONF_PATH) != SP_OK) {
		sp_log(SP_LOG_WARN, "program sp-player not found: recordings get no index");
		p->player[0] = '\0';
	}
	return true;
}

static bool start(struct sp_parent *p)
{
	struct sp_limits_conf limits = limits_of(&p->conf);

	p->limits = sp_limits_create(&limits);
	p->loop = sp_loop_create();
	if (!p->limits || !p->loop) {
		sp_log(SP_LOG_ERROR, "cannot start: no memory");
		return false;
	}
	if (!find_programs(p)) {
		return false;
	}
	signal(SIGPIPE, SIG_IGN);
	count_descriptors(p);
	if (!sp_loop_signal(p->loop, SIGTERM, on_signal, p) ||
			!sp_loop_signal(p->loop, SIGINT, on_signal, p) ||
			!sp_loop_signal(p->loop, SIGHUP, on_signal, p)) {
		sp_log(SP_LOG_ERROR, "cannot start: no memory");
		return false;
	}
	return sp_parent_tell_begin(p) == SP_OK && sp_parent_penalties_init(p) == SP_OK &&
			sp_parent_listen(p) == SP_OK && sp_parent_selftest(p) == SP_OK &&
			sp_parent_start_helpers(p) == SP_OK;
}

int main(int argc, char **argv)
{
	static struct sp_parent p;

	sp_hostlog_open("sallyportd", getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO);
	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		fprintf(stderr, "usage: sallyportd -c FILE\n");
		return 2;
	}
	p.file = argv[2];
	/* The name by which OpenSSL's own programs ask for other authorities. */
	p.roots = getenv("SSL_CERT_FILE") ? getenv("SSL_CERT_FILE") : SP_PARENT_ROOTS;
	p.chain_fd = p.keeper = -1;
	sp_log_rate_init(&p.refused, 30, 10);
	sp_log_rate_init(&p.trouble, 6, 3);
	if (load(&p.conf, p.file) != SP_OK) {
		sp_conf_finish(&p.conf);
		return 1;
	}
	int rc = start(&p) ? sp_loop_run(p.loop) : 1;
	sp_parent_close(&p);
	sp_parent_keep(&p);
	sp_parent_end_helpers(&p);
	sp_limits_destroy(p.limits);
	sp_conf_finish(&p.conf);
	sp_log(SP_LOG_INFO, "stopped");
	return rc == 0 ? 0 : 1;
}
