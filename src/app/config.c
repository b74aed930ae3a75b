/* app/config.c - `sallyport config`: is the configuration right, and what does it mean? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/explain.h"
#include "app/words.h"
#include "host/conf/conf.h"
#include "host/lib/geo.h"

/* A file of countries or networks is more than a name: the service does not start without it. */
static bool opens(const char *file, const char *key, const char *path)
{
	char why[SP_GEO_WHY];

	if (path[0] == '\0') {
		return true;
	}
	struct sp_geo *g = sp_geo_open(path, why);
	if (g == NULL) {
		fprintf(stderr, "sallyport: %s: %s: %s: %s\n", file, key, path, why);
	}
	sp_geo_close(g);
	return g != NULL;
}

static void say(const char *text, size_t n)
{
	printf(", %zu %s%s", n, text, n == 1 ? "" : "s");
}

static int check(struct app_words *w)
{
	const char *file = app_service_file(&w->service);
	struct sp_conf_errors *e = calloc(1, sizeof(*e));
	struct sp_conf *c = NULL;
	int status = APP_FAILED;

	if (file == NULL) {
		goto out;
	}
	if (e == NULL) {
		app_fail("config", "out of memory");
		goto out;
	}
	int rc = sp_conf_load(file, e, &c);
	for (size_t i = 0; i < e->n; i++) {
		fprintf(stderr, "sallyport: %s\n", e->text[i]);
	}
	if (e->more) {
		fprintf(stderr, "sallyport: %s: more mistakes follow\n", file);
	}
	for (size_t i = 0; i < e->n_warnings; i++) {
		fprintf(stderr, "sallyport: %s\n", e->warning[i]);
	}
	if (rc == SP_OK && opens(file, "countries-file", c->countries) &&
			opens(file, "networks-file", c->networks)) {
		printf("%s: ok", file);
		say("listener", c->n_listen);
		say("target", c->n_targets);
		if (c->n_rules == 1 && c->rule[0].line == 0) {
			fputs(", built-in rule", stdout);
		} else {
			say("rule", c->n_rules);
		}
		putchar('\n');
		status = APP_OK;
	}
out:
	sp_conf_unref(c);
	free(e);
	return status;
}

static int explain(struct app_words *w, const struct app_explain *q)
{
	if (q->user == NULL || q->target == NULL || q->from == NULL) {
		return app_usage(w->self, "explain needs --user, --target and --from");
	}
	return app_explain(w, q);
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct app_explain q = {0};
	struct app_words w;
	const struct app_option options[] = {
			{"--user", NULL, &q.user},
			{"--target", NULL, &q.target},
			{"--from", NULL, &q.from},
			{"--at", NULL, &q.at},
			{"--device", NULL, &q.device},
			{"--interface", NULL, &q.interface},
	};
	int rc = app_words(&w, self, argc, argv, options, SP_LEN(options));
	bool asked = q.user || q.target || q.from || q.at || q.device || q.interface;

	if (rc != APP_GO_ON) {
		return rc;
	}
	if (w.n == 0) {
		return app_usage(self, "say what: check or explain");
	}
	if (w.n > 1) {
		return app_usage(self, "%s: one argument too many", w.word[1]);
	}
	if (strcmp(w.word[0], "explain") == 0) {
		return explain(&w, &q);
	}
	if (strcmp(w.word[0], "check") != 0) {
		return app_usage(
				self, "%s: no such command (there are: check, explain)", w.word[0]);
	}
	if (asked || w.json) {
		return app_usage(self, "check takes no such option");
	}
	return check(&w);
}

const struct app_command app_config = {
		.name = "config",
		.summary = "check the configuration, and explain what it decides",
		.usage = "usage: sallyport config check [-c FILE | --dir DIR]\n"
			 "       sallyport config explain --user U --target T --from IP [--at "
			 "TIME]\n"
			 "                 [--device LABEL] [--interface I] [--json] [-c FILE | "
			 "--dir DIR]\n\n"
			 "check reads the configuration and says every mistake of meaning, and the "
			 "first "
			 "of\n"
			 "syntax, with file and line. Exit status 0 when there is none, else 1.\n\n"
			 "explain says whether the rules would let a user to a target, which one "
			 "decides, "
			 "what\n"
			 "it asks for and gives, and what did not hold in each rule before it. "
			 "Exit "
			 "status 0\n"
			 "with either answer.\n\n"
			 "  --user U       name of the user\n"
			 "  --target T     name of the target\n"
			 "  --from IP      address that the connection comes from\n"
			 "  --at TIME      \"22:00\", \"2026-11-22 22:00\" by this machine's "
			 "clock,\n"
			 "                 \"2026-11-22T22:00Z\" (default: now)\n"
			 "  --device LABEL the password was the secret of this device\n"
			 "  --interface I  network interface that it comes in by\n"
			 "  --json         print JSON\n"
			 "  -c FILE        the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR      the directory of a trial: DIR/sallyport.conf\n",
		.run = run,
};
