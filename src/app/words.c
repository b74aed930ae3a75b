/* app/words.c - see words.h. */
#include "app/words.h"

#include <string.h>

/* 1: taken; 0: something else; -1: value missing, and said so. */
static int take_option(const struct app_words *w, const struct app_option *o, int argc, char **argv,
		int *i)
{
	const char *arg = argv[*i];
	size_t n = strlen(o->name);

	if (strncmp(arg, o->name, n) != 0 || (arg[n] != '\0' && arg[n] != '=')) {
		return 0;
	}
	if (o->value == NULL) {
		if (arg[n] == '=') {
			return 0;
		}
		*o->flag = true;
		return 1;
	}
	if (arg[n] == '=') {
		*o->value = arg + n + 1;
	} else if (*i + 1 < argc) {
		*o->value = argv[++*i];
	} else {
		*o->value = "";
	}
	if ((*o->value)[0] == '\0') {
		app_usage(w->self, "%s: value missing", o->name);
		return -1;
	}
	return 1;
}

static int take(struct app_words *w, int argc, char **argv, int *i,
		const struct app_option *options, size_t n)
{
	const char *arg = argv[*i];
	int rc = app_service_arg(w->self, &w->service, argc, argv, i);

	if (rc == 0 && app_help(w->self, arg)) {
		return APP_OK;
	}
	for (size_t k = 0; rc == 0 && k < n; k++) {
		rc = take_option(w, &options[k], argc, argv, i);
	}
	if (rc != 0) {
		return rc < 0 ? APP_USAGE : APP_GO_ON;
	}
	if (strcmp(arg, "--json") == 0) {
		w->json = true;
		return APP_GO_ON;
	}
	if (arg[0] == '-' && arg[1] != '\0') {
		return app_usage(w->self, "%s: no such option", arg);
	}
	if (w->n == APP_WORDS) {
		return app_usage(w->self, "%s: one argument too many", arg);
	}
	w->word[w->n++] = arg;
	return APP_GO_ON;
}

int app_words(struct app_words *w, const struct app_command *self, int argc, char **argv,
		const struct app_option *options, size_t n)
{
	memset(w, 0, sizeof(*w));
	w->self = self;
	for (int i = 1; i < argc; i++) {
		int rc = take(w, argc, argv, &i, options, n);
		if (rc != APP_GO_ON) {
			return rc;
		}
	}
	return APP_GO_ON;
}
