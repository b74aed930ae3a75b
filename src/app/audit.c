/* app/audit.c - `sallyport audit`: what happened, and whether the record of it is as it was. */
#include "app/audit.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/when.h"
#include "host/audit/home.h"
#include "host/audit/render.h"
#include "host/conf/words.h"

#define NS UINT64_C(1000000000)
#define TAIL 10

/* What can be done, and which options belong to it. */
struct action {
	const char *name;
	const char *options; /* each with a space before and behind it */
	bool writes;
	int (*run)(struct app_audit *a);
};

#define FILTERS " --since --until --user --session --event --severity --limit --store "

static const struct action actions[] = {
		{"list", FILTERS "--json --format ", false, app_audit_list},
		{"tail", " -n -f --follow --store --json --format ", false, app_audit_tail},
		{"export", FILTERS "--format ", false, app_audit_export},
		{"verify", " --key --at --store --json --format ", false, app_audit_verify},
		{"replay", " --since --until --store --json --format ", false, app_audit_replay},
		{"prune", " --before ", true, app_audit_prune},
};

/* ---- where it is ---- */

static bool own_dir(struct app_audit *a)
{
	static struct sp_conf_errors errors;
	char why[SP_AUDIT_HOME_WHY];
	const char *file = app_service_file(&a->w.service);
	struct sp_conf *c = calloc(1, sizeof(*c));
	bool good = false;

	if (c == NULL) {
		app_fail("audit", "out of memory");
	} else if (file == NULL) {
		good = false;
	} else if (sp_conf_state(c, file, &errors) != SP_OK) {
		app_fail("audit", "%s", errors.n > 0 ? errors.text[0] : file);
	} else if (sp_audit_home(c->state, c->run_as, false, a->dir, why) != SP_OK) {
		app_fail("audit", "%s", why);
	} else {
		snprintf(a->state, sizeof(a->state), "%s", c->state);
		snprintf(a->url, sizeof(a->url), "%s", c->store);
		good = true;
	}
	free(c);
	return good;
}

static int open_store(struct app_audit *a, bool writes)
{
	char why[SP_AUDIT_WHY];
	bool missing = false;

	if (a->store != NULL) {
		snprintf(a->dir, sizeof(a->dir), "%s", a->store);
	} else if (!own_dir(a)) {
		return APP_FAILED;
	}
	if (geteuid() != 0 && access(a->dir, R_OK | X_OK) != 0 && errno == EACCES) {
		return app_fail(a->dir, "only root may read this audit; try sudo");
	}
	/* Writing to one that is not there would make it. */
	a->st = sp_audit_store_read(a->dir, a->url, &missing, why);
	if (a->st != NULL && writes) {
		sp_audit_store_close(a->st);
		a->st = sp_audit_store_open(a->dir, a->url, sp_audit_now(), why);
	}
	return a->st != NULL ? APP_OK : app_fail("audit", "%s", why);
}

static int on_store(struct app_audit *a, const struct action *what)
{
	int status = open_store(a, what->writes);

	if (status != APP_OK) {
		return status;
	}
	sp_wr_init(&a->line, SP_RENDER_MAX);
	status = what->run(a);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		status = app_fail("audit", "cannot write: %s", strerror(errno));
	}
	sp_wr_finish(&a->line);
	sp_audit_store_close(a->st);
	return status;
}

/* ---- arguments ---- */

/* A moment, or how long ago: "2h". */
static bool moment(const struct app_audit *a, const char *option, const char *text, uint64_t *out)
{
	int64_t now = (int64_t)time(NULL), t;
	uint64_t ago;

	if (text == NULL) {
		return true;
	}
	if (sp_words_ago(text, &ago)) {
		t = now - (int64_t)ago;
	} else if (!app_when_parse(text, a->zone, now, &t)) {
		app_usage(a->w.self,
				"%s: %s: no moment like \"2026-01-31\", \"2026-01-31 22:00\" or "
				"\"22:00\", and no time ago like \"2h\" or \"90d\"",
				option, text);
		return false;
	}
	*out = t > 0 ? (uint64_t)t * NS : 0;
	return true;
}

static bool number(const struct app_audit *a, const char *option, const char *text, uint64_t least,
		uint64_t *out)
{
	char *end;

	if (text == NULL) {
		return true;
	}
	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0 || *end != '\0' || text[0] < '0' || '9' < text[0] || *out < least) {
		app_usage(a->w.self, "%s: %s: not a number%s", option, text,
				least > 0 ? " from 1 on" : "");
		return false;
	}
	return true;
}

/* "auth.fail", or a group of them, "auth". */
static bool event_name(const struct app_audit *a)
{
	size_t n = a->event != NULL ? strlen(a->event) : 0;
	bool good = n == 0;

	for (uint32_t kind = 1; !good && kind < SP_AUDIT_END; kind++) {
		const char *name = sp_audit_name(kind);
		good = name != NULL && strncmp(name, a->event, n) == 0 &&
				(name[n] == '\0' || name[n] == '.');
	}
	if (!good) {
		app_usage(a->w.self, "--event: %s: there is no such event", a->event);
	}
	return good;
}

static bool meanings(struct app_audit *a)
{
	enum sp_severity least = SP_SEVERITY_NONE;

	if (a->severity != NULL && !sp_severity_by_text(a->severity, &least)) {
		app_usage(a->w.self, "--severity: %s: none of info, low, medium, high, critical",
				a->severity);
		return false;
	}
	a->least = least;
	a->until_ns = UINT64_MAX;
	return moment(a, "--since", a->since, &a->since_ns) &&
			moment(a, "--until", a->until, &a->until_ns) &&
			moment(a, "--before", a->before, &a->until_ns) &&
			number(a, "--limit", a->limit, 1, &a->most) &&
			number(a, "-n", a->n, 0, &a->most) && event_name(a);
}

static const struct action *find(const struct app_audit *a)
{
	for (size_t i = 0; a->w.n > 0 && i < SP_LEN(actions); i++) {
		/* A replay may be by the rules of a file. */
		size_t most = actions[i].run == app_audit_replay ? 2 : 1;

		if (strcmp(actions[i].name, a->w.word[0]) == 0) {
			return a->w.n <= most ? &actions[i] : NULL;
		}
	}
	return NULL;
}

/* Who calls: root's own name, and behind it who became root. */
static void find_admin(struct app_audit *a)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;

	snprintf(a->admin, sizeof(a->admin), "%s%s%s%s", pw != NULL ? pw->pw_name : "?",
			sudo != NULL ? " (sudo " : "", sudo != NULL ? sudo : "",
			sudo != NULL ? ")" : "");
}

/* What to print: --json is the short form of --format json. */
static bool choose_form(struct app_audit *a, const struct action *what)
{
	bool exports = what->run == app_audit_export;
	bool any = exports || what->run == app_audit_list || what->run == app_audit_tail;

	a->form = exports || a->w.json ? SP_RENDER_JSON : SP_RENDER_COUNT;
	if (a->format == NULL) {
		return true;
	}
	bool text = !exports && strcmp(a->format, "text") == 0;
	if (text) {
		a->form = SP_RENDER_COUNT;
	} else if (!sp_render_by_name(a->format, &a->form) || (!any && a->form != SP_RENDER_JSON)) {
		app_usage(a->w.self, "--format: %s: none of %s", a->format,
				!any                      ? "text, json"
						: exports ? "json, syslog, cef, ocsf"
							  : "text, json, syslog, cef, ocsf");
		return false;
	}
	if (a->w.json && a->form != SP_RENDER_JSON) {
		app_usage(a->w.self, "--json and --format %s do not go together", a->format);
		return false;
	}
	a->w.json = a->form == SP_RENDER_JSON;
	return true;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct app_audit a = {.most = 0};
	const struct app_option options[] = {
			{"--since", NULL, &a.since},
			{"--until", NULL, &a.until},
			{"--user", NULL, &a.user},
			{"--session", NULL, &a.session},
			{"--event", NULL, &a.event},
			{"--severity", NULL, &a.severity},
			{"--limit", NULL, &a.limit},
			{"--format", NULL, &a.format},
			{"--key", NULL, &a.key},
			{"--at", NULL, &a.at},
			{"--before", NULL, &a.before},
			{"--store", NULL, &a.store},
			{"-n", NULL, &a.n},
			{"--follow", &a.follow, NULL},
			{"-f", &a.follow, NULL},
	};
	int status = app_words(&a.w, self, argc, argv, options, SP_LEN(options));

	if (status != APP_GO_ON) {
		return status;
	}
	const struct action *what = find(&a);
	if (what == NULL) {
		return app_usage(self, "%s%s", a.w.n == 0 ? "say what to do" : a.w.word[a.w.n - 1],
				a.w.n == 0 ? "" : ": no such command");
	}
	for (size_t i = 0; i < SP_LEN(options); i++) {
		char word[32];
		bool given = options[i].flag != NULL ? *options[i].flag && i + 1 == SP_LEN(options)
						     : *options[i].value != NULL;

		snprintf(word, sizeof(word), " %s ", options[i].name);
		if (given && strstr(what->options, word) == NULL) {
			return app_usage(self, "%s does not belong to %s", options[i].name,
					what->name);
		}
	}
	if (a.w.json && strstr(what->options, " --json ") == NULL) {
		return app_usage(self, "--json does not belong to %s", what->name);
	}
	if (what->writes && a.before == NULL) {
		return app_usage(self, "prune: of which time? give --before");
	}
	a.most = what->run == app_audit_tail ? TAIL : 0;
	find_admin(&a);
	if (sp_zone_load("", &a.zone) != SP_OK) {
		return app_fail("audit", "the time zone of this machine cannot be read");
	}
	status = choose_form(&a, what) && meanings(&a) ? on_store(&a, what) : APP_USAGE;
	sp_zone_destroy(a.zone);
	return status;
}

const struct app_command app_audit = {
		.name = "audit",
		.summary = "what happened, and the proof of it",
		.usage = "usage: sallyport audit list [FILTER ...] [--format NAME]\n"
			 "       sallyport audit tail [-n N] [-f] [--format NAME]\n"
			 "       sallyport audit export [--format NAME] [FILTER ...]\n"
			 "       sallyport audit replay [FILE] [--since TIME] [--until TIME] "
			 "[--json]\n"
			 "       sallyport audit verify [--key KEY] [--at SEQ:HASH] [--json]\n"
			 "       sallyport audit prune --before TIME\n\n"
			 "list tells what happened, one line per record, the oldest first. tail "
			 "shows the\n"
			 "last ones, and with -f those that come. export prints records for other "
			 "programs,\n"
			 "one per line: json (the default), syslog, cef, ocsf. replay says which "
			 "alerts the\n"
			 "rules of the configuration, or of FILE, would have raised over what is "
			 "kept.\n"
			 "verify follows the chain of all records and says whether each is as it "
			 "was written;\n"
			 "if not it names the first bad one, and exits with 1. prune removes what "
			 "is "
			 "older,\n"
			 "which is recorded.\n\n"
			 "  --since TIME      not before: \"2026-01-31\", \"2026-01-31 22:00\", "
			 "\"22:00\", or so\n"
			 "                    long ago: 2h, 90d\n"
			 "  --until TIME      before\n"
			 "  --user NAME       of this user, or of somebody who typed that name\n"
			 "  --session ID      of this session\n"
			 "  --event NAME      of this kind, \"auth.fail\", or of these, \"auth\"\n"
			 "  --severity LEVEL  at least: info, low, medium, high, critical\n"
			 "  --limit N         the last N of them\n"
			 "  --key KEY         the first public key, or a file with it (default: "
			 "first.pub\n"
			 "                    beside the audit, which who changes one can change "
			 "too)\n"
			 "  --at SEQ:HASH     a record and its hash as you know them from "
			 "elsewhere\n"
			 "  --store DIR       a copy of the audit's directory\n"
			 "  -c FILE           the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR         the directory of a trial: DIR/sallyport.conf\n"
			 "  --format NAME     text (the default, but for export), json; for "
			 "records also syslog,\n"
			 "                    cef, ocsf\n"
			 "  --json            the same as --format json\n",
		.run = run,
};
