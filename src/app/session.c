/* app/session.c - `sallyport session`: who is at the door and behind it, and who may not stay. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/json.h"
#include "app/recording.h"
#include "core/base/mem.h"
#include "host/conf/conf.h"
#include "host/io/fdio.h"
#include "host/io/loop.h"
#include "host/monitor/admin.h"
#include "host/monitor/check.h"

#define ANSWER_US (10 * UINT64_C(1000000))

struct options {
	const struct app_command *self;
	struct app_service service;
	const char *what, *id_text, *reason, *as, *key;
	uint32_t id;
	bool json;
	int fd;
};

/* What can be done, and whether it is about one session. */
struct action {
	const char *name;
	bool one;
	int (*run)(struct options *o);
};

static int lost(const struct options *o, int rc)
{
	return app_fail(o->self->name, "the service does not answer: %s", sp_err_text(rc));
}

/* The next answer; false, and said so, when there is none. */
static bool next(const struct options *o, struct sp_admin_in *in)
{
	int rc = sp_admin_wait(o->fd, in, sp_now_us() + ANSWER_US);

	if (rc != SP_OK) {
		lost(o, rc);
	}
	return rc == SP_OK;
}

/* The word of the service about session o->id. */
static int outcome(const struct options *o, const struct sp_admin_in *in)
{
	const struct sp_admin_result *r = &in->body.result;

	if (in->type != SP_ADMIN_RESULT) {
		return lost(o, SP_ESTATE);
	}
	if (r->outcome != SP_ADMIN_DONE) {
		return app_fail(o->id_text, "%s", r->text);
	}
	printf("%u: %s\n", o->id, r->text);
	return APP_OK;
}

static void json_field(const char *name, const char *text)
{
	printf(", \"%s\": ", name);
	if (text[0] == '\0') {
		fputs("null", stdout);
	} else {
		app_json_text(stdout, text);
	}
}

static void json_when(const char *name, int64_t seconds)
{
	printf(", \"%s\": ", name);
	app_json_time(stdout, seconds);
}

static void json_session(const struct sp_admin_session *s)
{
	char grant[24] = "";

	if (s->grant != 0) {
		snprintf(grant, sizeof(grant), "%016llx", (unsigned long long)s->grant);
	}
	printf("{\"id\": %u", s->id);
	json_field("session", s->name);
	json_field("recording", s->recording);
	json_field("user", s->user);
	json_field("target", s->target);
	json_field("state", s->state);
	json_field("source", s->source);
	json_field("interface", s->interface);
	json_field("rule", s->rule);
	json_field("reason", s->reason);
	json_field("approver", s->approver);
	json_when("since", s->since);
	json_when("active", s->active);
	json_when("until", s->until);
	printf(", \"device\": %s, \"resumed\": %s, \"connection\": %llu",
			s->device ? "true" : "false", s->resumed ? "true" : "false",
			(unsigned long long)s->conn);
	json_field("grant", grant);
	fputs("}", stdout);
}

static const char *or_dash(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

static int list(struct options *o)
{
	struct sp_admin_in in;
	size_t n = 0;
	int rc = sp_admin_say(o->fd, LIST, &(struct sp_admin_none){0});

	if (rc != SP_OK) {
		return lost(o, rc);
	}
	while (next(o, &in)) {
		const struct sp_admin_session *s = &in.body.session;
		char since[32];

		if (in.type == SP_ADMIN_END) {
			fputs(!o->json ? "" : n == 0 ? "[]\n" : "]\n", stdout);
			return APP_OK;
		}
		if (in.type != SP_ADMIN_SESSION) {
			return lost(o, SP_ESTATE);
		}
		n++;
		if (o->json) {
			fputs(n > 1 ? ",\n " : "[", stdout);
			json_session(s);
			continue;
		}
		if (n == 1) {
			printf("%-5s %-20s %-16s %-20s %-22s %s\n", "ID", "USER", "TARGET", "STATE",
					"SINCE", "FROM");
		}
		app_time_text(s->since, since);
		printf("%-5u %-20s %-16s %-20s %-22s %s\n", s->id, s->user, or_dash(s->target),
				s->state, since, s->source);
	}
	return APP_FAILED;
}

static void print_session(const struct sp_admin_session *s)
{
	char since[32], active[32], until[32];

	app_time_text(s->since, since);
	app_time_text(s->active, active);
	app_time_text(s->until, until);
	printf("session:    %u\nuser:       %s\ntarget:     %s\nstate:      %s\nfrom:       "
	       "%s%s%s\n",
			s->id, s->user, or_dash(s->target), s->state, s->source,
			s->interface[0] != '\0' ? " by " : "", s->interface);
	printf("rule:       %s\nreason:     %s\napproved by: %s\n", or_dash(s->rule),
			or_dash(s->reason), or_dash(s->approver));
	printf("logged in:  %s%s%s\nactive:     %s\nends:       %s\n", since,
			s->device ? ", with a device secret" : "",
			s->resumed ? ", resumed by itself" : "",
			s->active != 0 ? active : "not yet", s->until != 0 ? until : "-");
	printf("in the log: conn %llu", (unsigned long long)s->conn);
	if (s->grant != 0) {
		printf(", grant %016llx", (unsigned long long)s->grant);
	}
	printf("\nin the audit: %s\nrecording:  %s\n", s->name, or_dash(s->recording));
}

/* Whether the answer to what was said with this result is a session; else status is the end. */
static bool one_session(struct options *o, int said, struct sp_admin_in *in, int *status)
{
	if (said != SP_OK) {
		*status = lost(o, said);
		return false;
	}
	if (!next(o, in)) {
		*status = APP_FAILED;
		return false;
	}
	if (in->type != SP_ADMIN_SESSION) {
		*status = outcome(o, in);
		return false;
	}
	return true;
}

static int show(struct options *o)
{
	struct sp_admin_which m = {.id = o->id};
	struct sp_admin_in in;
	int status;

	if (!one_session(o, sp_admin_say(o->fd, SHOW, &m), &in, &status)) {
		return status;
	}
	if (o->json) {
		json_session(&in.body.session);
		putchar('\n');
	} else {
		print_session(&in.body.session);
	}
	return APP_OK;
}

static int end(struct options *o)
{
	struct sp_admin_end m = {.id = o->id};
	struct sp_admin_in in;

	if (o->reason != NULL && strlen(o->reason) >= SP_TEXT_WHY - 40) {
		return app_fail("--reason", "longer than %d characters", SP_TEXT_WHY - 41);
	}
	snprintf(m.reason, sizeof(m.reason), "%s", o->reason != NULL ? o->reason : "");
	int rc = sp_admin_say(o->fd, END_SESSION, &m);
	if (rc != SP_OK) {
		return lost(o, rc);
	}
	return next(o, &in) ? outcome(o, &in) : APP_FAILED;
}

/* Who decides: the one who is named, else the Unix user who calls. */
static const char *decider(const struct options *o)
{
	const struct passwd *pw;

	if (o->as != NULL) {
		return o->as;
	}
	pw = getpwuid(getuid());
	return pw != NULL ? pw->pw_name : "";
}

static int decide(struct options *o, bool approve)
{
	struct sp_admin_decide m = {.id = o->id};
	const char *as = decider(o);
	struct sp_admin_in in;

	if (as[0] == '\0' || strlen(as) >= sizeof(m.as)) {
		return app_fail(approve ? "approve" : "refuse", "who? name an approver with --as");
	}
	snprintf(m.as, sizeof(m.as), "%s", as);
	int rc = approve ? sp_admin_say(o->fd, APPROVE, &m) : sp_admin_say(o->fd, REFUSE, &m);
	if (rc != SP_OK) {
		return lost(o, rc);
	}
	return next(o, &in) ? outcome(o, &in) : APP_FAILED;
}

static int approve(struct options *o)
{
	return decide(o, true);
}

static int refuse(struct options *o)
{
	return decide(o, false);
}

/* By its recording, which only an auditor can read. */
static int watch(struct options *o)
{
	struct sp_admin_which m = {.id = o->id};
	struct sp_admin_in in;
	int status;

	/* The service writes down that somebody watches. */
	if (!app_recording_watcher(&o->service, o->key)) {
		return APP_FAILED;
	}
	if (!one_session(o, sp_admin_say(o->fd, WATCH, &m), &in, &status)) {
		return status;
	}
	return app_recording_watch(o->self, &o->service, o->key, &in.body.session);
}

static const struct action actions[] = {
		{"list", false, list},
		{"show", true, show},
		{"end", true, end},
		{"approve", true, approve},
		{"refuse", true, refuse},
		{"watch", true, watch},
};

static int on_service(struct options *o, const struct action *a)
{
	const char *file = app_service_file(&o->service);
	struct sp_conf *c = calloc(1, sizeof(*c));
	struct sp_conf_errors *e = calloc(1, sizeof(*e));
	int status = APP_FAILED, rc;

	if (c == NULL || e == NULL) {
		app_fail("session", "out of memory");
		goto done;
	}
	if (file == NULL) {
		goto done;
	}
	if (sp_conf_state(c, file, e) != SP_OK) {
		fprintf(stderr, "sallyport: %s\n", e->text[0]);
		goto done;
	}
	rc = sp_admin_connect(c->state, &o->fd);
	if (rc == SP_ENOTFOUND) {
		app_fail(c->state, "the service does not run");
	} else if (rc == SP_EDENIED) {
		app_fail(c->state, "only root may ask this service%s",
				geteuid() != 0 ? "; try sudo" : "");
	} else if (rc != SP_OK) {
		app_fail(c->state, SP_ADMIN_SOCKET ": %s", strerror(errno));
	} else {
		status = a->run(o);
		sp_fd_close(&o->fd);
	}
	sp_conf_finish(c);
done:
	free(c);
	free(e);
	return status;
}

/* An option with a value: 1 taken, 0 another one, -1 no value. */
static int value(const struct options *o, const char *name, const char **out, int argc, char **argv,
		int *i)
{
	if (strcmp(argv[*i], name) != 0) {
		return 0;
	}
	if (*i + 1 >= argc) {
		app_usage(o->self, "%s: value missing", name);
		return -1;
	}
	*out = argv[++*i];
	return 1;
}

/* Takes one argument of the command; 0 to go on, else the exit status + 1. */
static int take(struct options *o, int argc, char **argv, int *i)
{
	const char *arg = argv[*i];
	int rc = app_service_arg(o->self, &o->service, argc, argv, i);

	if (rc == 0) {
		rc = value(o, "--reason", &o->reason, argc, argv, i);
	}
	if (rc == 0) {
		rc = value(o, "--as", &o->as, argc, argv, i);
	}
	if (rc == 0) {
		rc = value(o, "--key", &o->key, argc, argv, i);
	}
	if (rc != 0) {
		return rc < 0 ? APP_USAGE + 1 : 0;
	}
	if (app_help(o->self, arg)) {
		return APP_OK + 1;
	}
	if (strcmp(arg, "--json") == 0) {
		o->json = true;
	} else if (arg[0] == '-') {
		return app_usage(o->self, "%s: no such option", arg) + 1;
	} else if (o->what == NULL) {
		o->what = arg;
	} else if (o->id_text == NULL) {
		o->id_text = arg;
	} else {
		return app_usage(o->self, "%s: one argument too many", arg) + 1;
	}
	return 0;
}

static bool number(const char *text, uint32_t *out)
{
	char *end;

	if (!('0' <= text[0] && text[0] <= '9')) {
		return false;
	}
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	*out = (uint32_t)n;
	return errno == 0 && *end == '\0' && 0 < n && n <= UINT32_MAX;
}

/* Which options belong to which action. */
static int check(struct options *o, const struct action *a)
{
	bool decides = a->run == approve || a->run == refuse;

	if (a->one != (o->id_text != NULL)) {
		return app_usage(o->self, "%s: %s", a->name,
				a->one ? "which? give its ID" : "takes no ID");
	}
	if (o->id_text != NULL && !number(o->id_text, &o->id)) {
		return app_usage(o->self, "%s: not an ID of `session list`", o->id_text);
	}
	if (o->reason != NULL && a->run != end) {
		return app_usage(o->self, "--reason belongs to end");
	}
	if (o->as != NULL && !decides) {
		return app_usage(o->self, "--as belongs to approve and refuse");
	}
	/* The service takes no such thing, and would not say why. */
	if ((o->reason != NULL && !sp_check_text(o->reason, strlen(o->reason) + 1)) ||
			(o->as != NULL && !sp_check_text(o->as, strlen(o->as) + 1))) {
		return app_usage(o->self, "%s: holds a control character",
				o->reason != NULL ? "--reason" : "--as");
	}
	if (o->key != NULL && a->run != watch) {
		return app_usage(o->self, "--key belongs to watch");
	}
	if (o->json && a->run != list && a->run != show) {
		return app_usage(o->self, "--json belongs to list and show");
	}
	return APP_OK;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {.self = self, .fd = -1};
	const struct action *a = NULL;

	for (int i = 1; i < argc; i++) {
		int rc = take(&o, argc, argv, &i);
		if (rc != 0) {
			return rc - 1;
		}
	}
	for (size_t i = 0; o.what != NULL && i < SP_LEN(actions); i++) {
		if (strcmp(actions[i].name, o.what) == 0) {
			a = &actions[i];
		}
	}
	if (a == NULL) {
		return app_usage(self, "%s%s", o.what == NULL ? "say what to do" : o.what,
				o.what == NULL ? "" : ": no such command");
	}
	int rc = check(&o, a);
	return rc == APP_OK ? on_service(&o, a) : rc;
}

const struct app_command app_session = {
		.name = "session",
		.summary = "living and waiting sessions",
		.usage = "usage: sallyport session list [--json]\n"
			 "       sallyport session show ID [--json]\n"
			 "       sallyport session end ID [--reason TEXT]\n"
			 "       sallyport session approve ID [--as USER]\n"
			 "       sallyport session refuse ID [--as USER]\n"
			 "       sallyport session watch ID [--key FILE]\n\n"
			 "list shows who is at the door and who is behind it, the newest first. "
			 "end "
			 "tells the\n"
			 "person why and closes the session, which cannot be resumed then. approve "
			 "and "
			 "refuse\n"
			 "answer for somebody whom the session's rule names as approver, and who "
			 "is "
			 "not the\n"
			 "session's own user. watch shows, in a window, what the person sees, with "
			 "a second's\n"
			 "delay: of a session that is recorded, to who has an auditor's key.\n\n"
			 "  -c FILE        the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR      the directory of a trial: DIR/sallyport.conf\n"
			 "  --json         print JSON\n"
			 "  --reason TEXT  what the person is told\n"
			 "  --as USER      who approves or refuses (default: the calling Unix "
			 "user)\n"
			 "  --key FILE     an auditor's private key (default with --dir: "
			 "DIR/auditor.key)\n",
		.run = run,
};
