/* app/secret.c - `sallyport secret`: credentials for targets, in the vault. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/json.h"
#include "app/prompt.h"
#include "app/store.h"
#include "app/words.h"
#include "core/base/mem.h"
#include "gate/keeper/store_vault.h"

struct options {
	struct app_words w;
	struct sp_store *st;
	const char *name;
	char user[APP_PASSWORD_MAX], password[APP_PASSWORD_MAX];
	size_t shown; /* by list */
};

/* From a terminal by asking; from anything else its first two lines. */
static bool ask(struct options *o)
{
	char prompt[128];

	if (!isatty(STDIN_FILENO)) {
		return app_line_stdin("user name", o->user) && app_password_stdin(o->password);
	}
	snprintf(prompt, sizeof(prompt), "User name for %.64s: ", o->name);
	if (!app_line_prompt("user name", prompt, o->user)) {
		return false;
	}
	snprintf(prompt, sizeof(prompt), "Password for %.64s: ", o->name);
	return app_password_prompt(prompt, true, o->password);
}

static int set(struct options *o)
{
	if (!ask(o)) {
		return APP_FAILED;
	}
	return sp_store_vault_set(o->st, o->name, o->user, o->password) == SP_OK
			? app_done(o->name, "set")
			: app_store_fail(o->st, o->name);
}

static bool list_one(void *arg, const struct sp_vault_item *v)
{
	struct options *o = arg;
	char changed[32];

	o->shown++;
	if (o->w.json) {
		fputs(o->shown > 1 ? ",\n {\"name\": " : "{\"name\": ", stdout);
		app_json_text(stdout, v->name);
		fputs(", \"created\": ", stdout);
		app_json_time(stdout, v->created);
		fputs(", \"changed\": ", stdout);
		app_json_time(stdout, v->changed);
		putchar('}');
		return true;
	}
	app_time_text(v->changed, changed);
	if (o->shown == 1) {
		printf("%-24s %s\n", "NAME", "CHANGED");
	}
	printf("%-24s %s\n", v->name, changed);
	return true;
}

static int list(struct options *o)
{
	fputs(o->w.json ? "[" : "", stdout);
	int rc = sp_store_vault_list(o->st, list_one, o);
	fputs(o->w.json ? "]\n" : "", stdout);
	return rc == SP_OK ? APP_OK : app_store_fail(o->st, "list");
}

static int delete_secret(struct options *o)
{
	return sp_store_vault_delete(o->st, o->name) == SP_OK ? app_done(o->name, "deleted")
							      : app_store_fail(o->st, o->name);
}

static int on_store(void *arg, const struct sp_conf *c, struct sp_store *st)
{
	struct options *o = arg;
	const char *what = o->w.word[0];

	(void)c;
	o->st = st;
	return strcmp(what, "set") == 0             ? set(o)
			: strcmp(what, "list") == 0 ? list(o)
						    : delete_secret(o);
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {0};
	int rc = app_words(&o.w, self, argc, argv, NULL, 0);

	if (rc != APP_GO_ON) {
		return rc;
	}
	if (o.w.n == 0) {
		return app_usage(self, "say what to do");
	}
	const char *what = o.w.word[0];
	bool one = strcmp(what, "set") == 0 || strcmp(what, "delete") == 0;
	if (!one && strcmp(what, "list") != 0) {
		return app_usage(self, "%s: no such command", what);
	}
	if (one && o.w.n < 2) {
		return app_usage(self, "%s: which? give a name", what);
	}
	if (o.w.n > (one ? 2u : 1u)) {
		/* Whoever puts a password there has shown it to everybody on this machine. */
		return app_usage(self, "%s: one argument too many", what);
	}
	o.name = one ? o.w.word[1] : NULL;
	rc = app_with_store("secret", &o.w.service, strcmp(what, "set") == 0, on_store, &o);
	sp_wipe(o.user, sizeof(o.user));
	sp_wipe(o.password, sizeof(o.password));
	return rc;
}

const struct app_command app_secret = {
		.name = "secret",
		.summary = "credentials for targets, in the vault",
		.usage = "usage: sallyport secret set NAME\n"
			 "       sallyport secret list [--json]\n"
			 "       sallyport secret delete NAME\n\n"
			 "set asks for a user name and a password, or takes them from the first "
			 "two "
			 "lines of\n"
			 "standard input. A target logs in with them when its login is "
			 "\"secret:NAME\". Nothing shows\n"
			 "them again.\n\n"
			 "  -c FILE     the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR   the directory of a trial: DIR/sallyport.conf\n"
			 "  --json      print JSON\n",
		.run = run,
};
