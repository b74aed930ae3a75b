/* app/group.c - `sallyport group`: groups of users, for the rules. */
#include <stdio.h>
#include <string.h>

#include "app/app.h"
#include "app/json.h"
#include "app/store.h"
#include "app/words.h"
#include "gate/keeper/store_group.h"

struct options {
	struct app_words w;
	struct sp_store *st;
	const char *group;
	bool remove;
	size_t shown; /* by a list */
};

/* Rules say "@ops"; here both will do. */
static const char *bare(const char *group)
{
	return group[0] == '@' ? group + 1 : group;
}

static int add(struct options *o)
{
	return sp_store_group_add(o->st, o->group) == SP_OK ? app_done(o->group, "added")
							    : app_store_fail(o->st, o->group);
}

static int delete_group(struct options *o)
{
	return sp_store_group_delete(o->st, o->group) == SP_OK ? app_done(o->group, "deleted")
							       : app_store_fail(o->st, o->group);
}

static bool member_json(void *arg, const char *user)
{
	size_t *n = arg;

	fputs(*n > 0 ? ", " : "", stdout);
	app_json_text(stdout, user);
	*n += 1;
	return true;
}

static bool member_text(void *arg, const char *user)
{
	size_t *n = arg;

	printf("%s%s", *n > 0 ? " " : "", user);
	*n += 1;
	return true;
}

static bool member_line(void *arg, const char *user)
{
	(void)arg;
	puts(user);
	return true;
}

static bool list_one(void *arg, const struct sp_group *g)
{
	struct options *o = arg;
	size_t n = 0;

	o->shown++;
	if (o->w.json) {
		fputs(o->shown > 1 ? ",\n {\"name\": " : "{\"name\": ", stdout);
		app_json_text(stdout, g->name);
		fputs(", \"members\": [", stdout);
	} else {
		if (o->shown == 1) {
			printf("%-24s %s\n", "NAME", "MEMBERS");
		}
		printf("%-24s ", g->name);
	}
	int rc = sp_store_group_members(o->st, g->name, o->w.json ? member_json : member_text, &n);
	if (o->w.json) {
		fputs("], \"created\": ", stdout);
		app_json_time(stdout, g->created);
		putchar('}');
	} else {
		puts(n > 0 ? "" : "-");
	}
	return rc == SP_OK;
}

static int list(struct options *o)
{
	fputs(o->w.json ? "[" : "", stdout);
	int rc = sp_store_group_list(o->st, list_one, o);
	fputs(o->w.json ? "]\n" : "", stdout);
	return rc == SP_OK ? APP_OK : app_store_fail(o->st, "list");
}

/* "GROUP", "GROUP add USER...", "GROUP remove USER...". */
static int member(struct options *o)
{
	size_t n = 0;

	if (o->w.n == 2) {
		fputs(o->w.json ? "[" : "", stdout);
		int rc = sp_store_group_members(
				o->st, o->group, o->w.json ? member_json : member_line, &n);
		fputs(o->w.json && rc == SP_OK ? "]\n" : "", stdout);
		return rc == SP_OK ? APP_OK : app_store_fail(o->st, o->group);
	}
	for (size_t i = 3; i < o->w.n; i++) {
		int rc = o->remove ? sp_store_group_leave(o->st, o->group, o->w.word[i])
				   : sp_store_group_enter(o->st, o->group, o->w.word[i]);
		if (rc != SP_OK) {
			return app_store_fail(o->st,
					rc == SP_ENOTFOUND || rc == SP_EARG ? o->w.word[i]
									    : o->group);
		}
		printf("%s: %s %s\n", o->group, o->remove ? "removed" : "added", o->w.word[i]);
	}
	return APP_OK;
}

static int on_store(void *arg, const struct sp_conf *c, struct sp_store *st)
{
	struct options *o = arg;
	const char *what = o->w.word[0];

	(void)c;
	o->st = st;
	return strcmp(what, "add") == 0               ? add(o)
			: strcmp(what, "list") == 0   ? list(o)
			: strcmp(what, "delete") == 0 ? delete_group(o)
						      : member(o);
}

static int check_words(struct options *o)
{
	const struct app_words *w = &o->w;
	const char *what = w->n > 0 ? w->word[0] : NULL;

	if (what == NULL) {
		return app_usage(w->self, "say what to do");
	}
	if (strcmp(what, "list") == 0) {
		return w->n == 1 ? APP_GO_ON : app_usage(w->self, "list: takes no name");
	}
	if (strcmp(what, "add") != 0 && strcmp(what, "delete") != 0 &&
			strcmp(what, "member") != 0) {
		return app_usage(w->self, "%s: no such command", what);
	}
	if (w->n < 2) {
		return app_usage(w->self, "%s: which group? give a name", what);
	}
	o->group = bare(w->word[1]);
	if (strcmp(what, "member") != 0) {
		return w->n == 2 ? APP_GO_ON
				 : app_usage(w->self, "%s: one argument too many", w->word[2]);
	}
	if (w->n > 2) {
		o->remove = strcmp(w->word[2], "remove") == 0;
		if (!o->remove && strcmp(w->word[2], "add") != 0) {
			return app_usage(w->self, "member: %s: neither add nor remove", w->word[2]);
		}
		if (w->n == 3) {
			return app_usage(w->self, "member: whom? give a user");
		}
	}
	return APP_GO_ON;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {0};
	int rc = app_words(&o.w, self, argc, argv, NULL, 0);

	if (rc == APP_GO_ON) {
		rc = check_words(&o);
	}
	if (rc != APP_GO_ON) {
		return rc;
	}
	return app_with_store("group", &o.w.service, strcmp(o.w.word[0], "add") == 0, on_store, &o);
}

const struct app_command app_group = {
		.name = "group",
		.summary = "groups of users, for the rules",
		.usage = "usage: sallyport group list [--json]\n"
			 "       sallyport group add GROUP\n"
			 "       sallyport group delete GROUP\n"
			 "       sallyport group member GROUP [--json]\n"
			 "       sallyport group member GROUP add USER...\n"
			 "       sallyport group member GROUP remove USER...\n\n"
			 "Rules of the configuration name a group as \"@GROUP\". A name is as that "
			 "of a "
			 "user.\n"
			 "member without more lists who is in it. Changes count "
			 "from the\n"
			 "next decision on, also while the service runs.\n\n"
			 "  -c FILE     the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR   the directory of a trial: DIR/sallyport.conf\n"
			 "  --json      print JSON\n",
		.run = run,
};
