/* desk/session/main.c - sp-desk: one desktop of one user, started by the broker. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "desk/session/serve.h"
#include "host/io/hostlog.h"
#include "host/monitor/msg.h"

#define EXIT_USAGE 2

static bool server_kind(const char *name, enum sp_xserver_kind *out)
{
	if (strcmp(name, "xorg") == 0) {
		*out = SP_XSERVER_XORG;
	} else if (strcmp(name, "xvfb") == 0) {
		*out = SP_XSERVER_XVFB;
	} else {
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct sp_serve_opts opts = {.kind = SP_XSERVER_ANY, .broker = SP_DESK_FD_BROKER};
	enum sp_log_level level = SP_LOG_INFO;
	struct stat st;

	if (!(2 <= argc && argc <= 4 && (argc < 3 || sp_hostlog_level(argv[2], &level)) &&
			    (argc < 4 || server_kind(argv[3], &opts.kind)) &&
			    fstat(SP_DESK_FD_BROKER, &st) == 0 && S_ISSOCK(st.st_mode))) {
		fputs("sp-desk: started by sp-broker only: sp-desk DIR [LOG-LEVEL [xorg|xvfb]], "
		      "with its socket on descriptor 3\n",
				stderr);
		return EXIT_USAGE;
	}
	sp_hostlog_open_raw(level);
	signal(SIGPIPE, SIG_IGN);
	opts.dir = argv[1];
	return sp_serve_run(&opts);
}
