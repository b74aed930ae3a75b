/* app/device.c - `sallyport device`: secrets for single devices. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/json.h"
#include "app/store.h"
#include "app/words.h"
#include "core/base/mem.h"
#include "gate/keeper/store_device.h"

struct options {
	struct app_words w;
	struct sp_store *st;
	size_t shown; /* by a list */
};

static int add(struct options *o)
{
	const char *user = o->w.word[1], *label = o->w.word[2];
	char secret[SP_DEVICE_TEXT];
	int64_t id;
	int rc = sp_store_device_add(o->st, user, label, secret, &id);

	if (rc != SP_OK) {
		return app_store_fail(o->st, rc == SP_ENOTFOUND ? user : label);
	}
	if (o->w.json) {
		printf("{\"id\": %" PRId64 ", \"user\": ", id);
		app_json_text(stdout, user);
		fputs(", \"label\": ", stdout);
		app_json_text(stdout, label);
		fputs(", \"secret\": ", stdout);
		app_json_text(stdout, secret);
		puts("}");
	} else {
		printf("%s\n", secret);
		if (isatty(STDOUT_FILENO)) {
			printf("This is the password of device %" PRId64
			       " of %s, with the dashes. It is not shown again.\n",
					id, user);
		}
	}
	sp_wipe(secret, sizeof(secret));
	return APP_OK;
}

static bool list_one(void *arg, const struct sp_device *d)
{
	struct options *o = arg;
	char last[32];

	o->shown++;
	if (o->w.json) {
		printf("%s{\"id\": %" PRId64 ", \"user\": ", o->shown > 1 ? ",\n " : "", d->id);
		app_json_text(stdout, d->name);
		fputs(", \"label\": ", stdout);
		app_json_text(stdout, d->label);
		fputs(", \"created\": ", stdout);
		app_json_time(stdout, d->created);
		fputs(", \"last_used\": ", stdout);
		app_json_time(stdout, d->last_used);
		fputs(", \"revoked\": ", stdout);
		app_json_time(stdout, d->revoked);
		putchar('}');
		return true;
	}
	app_time_text(d->last_used, last);
	if (o->shown == 1) {
		printf("%-5s %-24s %-8s %-21s %s\n", "ID", "USER", "STATE", "LAST USED", "LABEL");
	}
	printf("%-5" PRId64 " %-24s %-8s %-21s %s\n", d->id, d->name,
			d->revoked != 0 ? "revoked" : "good", last, d->label);
	return true;
}

static int list(struct options *o)
{
	const char *user = o->w.n == 2 ? o->w.word[1] : NULL;
	struct sp_user u;

	if (user != NULL && sp_store_get(o->st, user, &u) != SP_OK) {
		return app_store_fail(o->st, user);
	}
	fputs(o->w.json ? "[" : "", stdout);
	int rc = sp_store_device_list(o->st, user, list_one, o);
	fputs(o->w.json ? "]\n" : "", stdout);
	return rc == SP_OK ? APP_OK : app_store_fail(o->st, "list");
}

/* By its number, or by user and label. */
static int revoke_one(struct options *o)
{
	const char *what = o->w.word[o->w.n - 1];
	struct sp_device d = {0};
	char *end;

	if (o->w.n == 3) {
		if (sp_store_device_find(o->st, o->w.word[1], what, &d) != SP_OK) {
			return app_store_fail(o->st, what);
		}
	} else {
		errno = 0;
		d.id = strtoll(what, &end, 10);
		if (errno != 0 || *end != '\0' || d.id <= 0) {
			return app_fail(what, "not the number of a device; see device list");
		}
	}
	return sp_store_device_revoke(o->st, d.id) == SP_OK ? app_done(what, "revoked")
							    : app_store_fail(o->st, what);
}

/* What can be done, and how many words it takes. */
static const struct action {
	const char *name;
	size_t min, max;
	const char *missing;
	int (*run)(struct options *o);
} actions[] = {
		{"add", 3, 3, "give a user and a label for the device", add},
		{"list", 1, 2, "", list},
		{"revoke", 2, 3, "which? give its number, or its user and label", revoke_one},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < SP_LEN(actions); i++) {
		if (strcmp(actions[i].name, name) == 0) {
			return &actions[i];
		}
	}
	return NULL;
}

static int on_store(void *arg, const struct sp_conf *c, struct sp_store *st)
{
	struct options *o = arg;

	(void)c;
	o->st = st;
	return find_action(o->w.word[0])->run(o);
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
	const struct action *a = find_action(o.w.word[0]);
	if (a == NULL) {
		return app_usage(self, "%s: no such command", o.w.word[0]);
	}
	if (o.w.n < a->min) {
		return app_usage(self, "%s: %s", a->name, a->missing);
	}
	if (o.w.n > a->max) {
		return app_usage(self, "%s: one argument too many", o.w.word[a->max]);
	}
	return app_with_store("device", &o.w.service, false, on_store, &o);
}

const struct app_command app_device = {
		.name = "device",
		.summary = "passwords for single devices, revocable",
		.usage = "usage: sallyport device add USER LABEL [--json]\n"
			 "       sallyport device list [USER] [--json]\n"
			 "       sallyport device revoke ID\n"
			 "       sallyport device revoke USER LABEL\n\n"
			 "add makes a random password for one device, which logs USER in and marks "
			 "the "
			 "device as\n"
			 "enrolled for the rules. It is shown once, on standard output, and typed "
			 "or "
			 "stored with its\n"
			 "dashes. A user has up to 16. revoke destroys it, from the next login "
			 "on.\n\n"
			 "  -c FILE     the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR   the directory of a trial: DIR/sallyport.conf\n"
			 "  --json      print JSON\n",
		.run = run,
};
