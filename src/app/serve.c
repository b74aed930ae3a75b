/* app/serve.c - `sallyport serve`: becomes the service. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "core/base/err.h"
#include "host/conf/conf.h"
#include "host/io/proc.h"

static int run(const struct app_command *self, int argc, char **argv)
{
	struct app_service service = {0};
	char path[1024], full[PATH_MAX];

	for (int i = 1; i < argc; i++) {
		if (app_help(self, argv[i])) {
			return APP_OK;
		}
		int rc = app_service_arg(self, &service, argc, argv, &i);
		if (rc < 0) {
			return APP_USAGE;
		}
		if (rc == 0) {
			return app_usage(self, "unknown argument: %s", argv[i]);
		}
	}
	const char *file = app_service_file(&service);
	if (!file) {
		return APP_FAILED;
	}
	if (sp_proc_find("sallyportd", path, sizeof(path)) != SP_OK) {
		return app_fail("serve", "program sallyportd not found");
	}
	/* The service's processes have a working directory of their own. */
	if (!realpath(file, full)) {
		return app_fail("serve", "%s: %s", file, strerror(errno));
	}
	execl(path, "sallyportd", "-c", full, (char *)NULL);
	return app_fail("serve", "cannot start %s: %s", path, strerror(errno));
}

const struct app_command app_serve = {
		.name = "serve",
		.summary = "run the service in the foreground",
		.usage = "Usage: sallyport serve [-c FILE | --dir DIR]\n"
			 "\n"
			 "Runs the service in the foreground until SIGTERM or Ctrl-C; SIGHUP reads "
			 "the\n"
			 "configuration again. Tells a service manager when it is ready "
			 "(Type=notify).\n"
			 "\n"
			 "  -c, --config FILE  the configuration (default " SP_CONF_FILE ")\n"
			 "      --dir DIR      the configuration of a trial's directory\n",
		.run = run,
};
