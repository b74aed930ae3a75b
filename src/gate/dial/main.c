/* gate/dial/main.c - sp-dial: opens connections for the keeper, and reads nothing from them. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/log.h"
#include "gate/dial/dial.h"
#include "gate/dial/resolve.h"
#include "host/io/hostlog.h"
#include "host/io/jail.h"
#include "host/monitor/mon.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

struct process {
	struct sp_loop *loop;
	struct sp_dialer *dialer;
};

static void lost(struct process *p, int rc)
{
	if (rc != SP_OK) {
		sp_log(rc == SP_ECLOSED ? SP_LOG_DEBUG : SP_LOG_ERROR, "keeper: %s",
				sp_err_text(rc));
		sp_loop_quit(p->loop, rc == SP_ECLOSED ? 0 : EXIT_FAILED);
	}
}

static void on_dialed(void *user, const struct sp_msg_dialed *m, int fd)
{
	lost(user, sp_mon_send(SP_DIAL_FD_KEEPER, SP_MSG_DIALED, m, sizeof(*m), &fd, 1));
	close(fd);
}

static void on_failed(void *user, const struct sp_msg_dial_failed *m)
{
	lost(user, sp_mon_say(SP_DIAL_FD_KEEPER, DIAL_FAILED, m));
}

static void on_keeper(void *user, unsigned events)
{
	struct process *p = user;
	struct sp_mon_in in;
	int rc;

	while ((rc = sp_mon_recv(SP_DIAL_FD_KEEPER, &in)) == 1) {
		if (in.type == SP_MSG_DIAL) {
			sp_dialer_dial(p->dialer, &in.body.dial);
		} else {
			lost(p, SP_ESTATE);
		}
		sp_mon_in_finish(&in);
	}
	lost(p, rc);
}

/* An account of its own where there is one, else a number that nobody has. */
static void choose_user(const char *name, struct sp_jail_spec *spec)
{
	const struct passwd *pw = name && geteuid() == 0 ? getpwnam(name) : NULL;

	if (pw && pw->pw_uid != 0) {
		spec->uid = pw->pw_uid;
		spec->gid = pw->pw_gid;
	} else if (name && geteuid() == 0) {
		sp_log(SP_LOG_WARN, "account %s does not exist; run: systemd-sysusers", name);
	}
}

static int serve(const struct sp_jail_spec *spec)
{
	static const struct sp_dialer_calls calls = {.dialed = on_dialed, .failed = on_failed};
	struct process p = {.loop = sp_loop_create()};
	struct sp_jail_report report;
	char why[SP_WHY_MAX] = "";

	p.dialer = p.loop ? sp_dialer_create(p.loop, &calls, &p) : NULL;
	if (!p.dialer || !sp_loop_fd(p.loop, SP_DIAL_FD_KEEPER, SP_LOOP_READ, on_keeper, &p)) {
		sp_log(SP_LOG_ERROR, "event loop: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (sp_jail_enter(spec, &report, why) != SP_OK) {
		sp_log(SP_LOG_ERROR, "%s", why);
		return EXIT_FAILED;
	}
	sp_log(SP_LOG_INFO, "jailed: %s", report.text);
	int rc = sp_loop_run(p.loop);
	sp_dialer_destroy(p.dialer);
	sp_loop_destroy(p.loop);
	return rc < 0 ? EXIT_FAILED : rc;
}

static bool has_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
	enum sp_log_level level = getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO;
	bool user = argc == 3 && strcmp(argv[1], "--user") == 0;
	struct sp_jail_path paths[SP_NAMES_PATHS];
	struct sp_jail_spec spec = {.class = SP_JAIL_DIAL, .paths = paths};

	spec.npaths = sp_names_paths(paths);
	if (argc == 2 && strcmp(argv[1], "--selftest") == 0) {
		sp_hostlog_open_raw(level);
		return sp_jail_selftest_main(&spec);
	}
	if (!((argc == 1 || user) && has_socket(SP_DIAL_FD_KEEPER))) {
		fputs("sp-dial: started by sallyportd only: sp-dial [--user NAME], with its socket "
		      "on descriptor 3\n",
				stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	sp_hostlog_open("sp-dial", level);
	/* The alarm is the deadline of its children, and must be able to end them. */
	if (signal(SIGALRM, SIG_DFL) == SIG_ERR || sp_names_init() != SP_OK) {
		sp_log(SP_LOG_ERROR, "the resolver cannot be told where to look");
		return EXIT_FAILED;
	}
	choose_user(user ? argv[2] : NULL, &spec);
	return serve(&spec);
}
