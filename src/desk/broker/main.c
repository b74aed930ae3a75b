/* desk/broker/main.c - sp-broker: starts desktops, keeps count of them, hands out connections. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "desk/broker/broker.h"
#include "desk/broker/minder.h"
#include "host/conf/conf.h"
#include "host/io/hostlog.h"
#include "host/monitor/msg.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2

static bool has_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int broker(const char *file, enum sp_log_level level)
{
	static struct sp_conf conf;
	static struct sp_conf_errors errors;
	struct sp_broker_conf bc = {.keeper = SP_BROKER_FD_KEEPER,
			.level = level == SP_LOG_DEBUG ? "debug" : "info"};

	if (sp_conf_read(&conf, file, &errors) != SP_OK) {
		for (size_t i = 0; i < errors.n; i++) {
			sp_log(SP_LOG_ERROR, "%s", errors.text[i]);
		}
		sp_conf_finish(&conf);
		return EXIT_FAILED;
	}
	bc.state = conf.state;
	bc.conf = &conf;
	int status = sp_broker_run(&bc);
	sp_conf_finish(&conf);
	return status;
}

int main(int argc, char **argv)
{
	enum sp_log_level level = getenv("SP_LOG_DEBUG") ? SP_LOG_DEBUG : SP_LOG_INFO;
	bool minder = argc == 7 && strcmp(argv[1], "--minder") == 0;

	if (!(has_socket(SP_BROKER_FD_KEEPER) &&
			    (minder || (argc == 3 && strcmp(argv[1], "-c") == 0)))) {
		fputs("sp-broker: started by sallyportd only: sp-broker -c FILE, with its socket "
		      "on descriptor 3\n",
				stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	if (minder) {
		sp_hostlog_open_raw(level);
		return sp_minder_run(argv[2], argv[3], (const char *const *)&argv[4]);
	}
	sp_hostlog_open("sp-broker", level);
	return broker(argv[2], level);
}
