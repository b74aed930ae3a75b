/* app/config.c - `sallyport config`: is the configuration right? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "host/conf/conf.h"

static int check(const struct app_command *self, struct app_service *service)
{
	const char *file = app_service_file(service);
	struct sp_conf *c = calloc(1, sizeof(*c));
	struct sp_conf_errors *e = calloc(1, sizeof(*e));
	int status = APP_FAILED;

	if (file == NULL) {
		goto out;
	}
	if (c == NULL || e == NULL) {
		app_fail("config", "out of memory");
		goto out;
	}
	if (sp_conf_read(c, file, e) == SP_OK) {
		for (size_t i = 0; i < e->n_warnings; i++) {
			fprintf(stderr, "sallyport: %s\n", e->warning[i]);
		}
		printf("%s: ok, %zu listener%s, %zu target%s\n", file, c->n_listen,
				c->n_listen == 1 ? "" : "s", c->n_targets,
				c->n_targets == 1 ? "" : "s");
		status = APP_OK;
		goto out;
	}
	for (size_t i = 0; i < e->n; i++) {
		fprintf(stderr, "sallyport: %s\n", e->text[i]);
	}
	if (e->more) {
		fprintf(stderr, "sallyport: %s: more mistakes follow\n", file);
	}
out:
	if (c != NULL) {
		sp_conf_finish(c);
	}
	free(c);
	free(e);
	return status;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct app_service service = {0};
	const char *what = NULL;

	for (int i = 1; i < argc; i++) {
		int rc = app_service_arg(self, &service, argc, argv, &i);
		if (rc < 0) {
			return APP_USAGE;
		}
		if (rc > 0) {
			continue;
		}
		if (app_help(self, argv[i])) {
			return APP_OK;
		}
		if (argv[i][0] == '-') {
			return app_usage(self, "%s: no such option", argv[i]);
		}
		if (what != NULL) {
			return app_usage(self, "%s: one argument too many", argv[i]);
		}
		what = argv[i];
	}
	if (what == NULL) {
		return app_usage(self, "say what: check");
	}
	if (strcmp(what, "check") != 0) {
		return app_usage(self, "%s: no such command (there is: check)", what);
	}
	return check(self, &service);
}

const struct app_command app_config = {
		.name = "config",
		.summary = "check the configuration",
		.usage = "usage: sallyport config check [-c FILE | --dir DIR]\n\n"
			 "Reads the configuration and says every mistake of meaning, and the first "
			 "of\n"
			 "syntax, with file and line. Exit status 0 when there is none, else 1.\n\n"
			 "  -c FILE    the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR  the directory of a trial: DIR/sallyport.conf\n",
		.run = run,
};
