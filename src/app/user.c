/* app/user.c - `sallyport user`: the people who may log in. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/json.h"
#include "app/prompt.h"
#include "app/store.h"
#include "core/base/mem.h"
#include "gate/keeper/password.h"
#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_pause.h"
#include "gate/keeper/store_recovery.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/qr.h"
#include "host/lib/totp.h"

struct action;

struct options {
	const struct app_command *self;
	const struct action *action;
	struct app_service service;
	const char *what, *name, *display;
	bool json, password_stdin, show, remove, fresh;
	struct sp_store *st; /* for list */
	size_t shown; /* by list */
};

/* What can be done, and whether it is about one user and may make the store. */
struct action {
	const char *name;
	bool one, create;
	int (*run)(struct options *o, struct sp_store *st);
};

static bool password(const struct options *o, char out[APP_PASSWORD_MAX])
{
	char prompt[128];

	if (o->password_stdin) {
		return app_password_stdin(out);
	}
	snprintf(prompt, sizeof(prompt), "New password for %s (%d characters or more): ", o->name,
			SP_PASSWORD_MIN);
	return app_password_prompt(prompt, true, out);
}

static int add(struct options *o, struct sp_store *st)
{
	char secret[APP_PASSWORD_MAX];
	struct sp_user u;
	const char *complaint = sp_user_name_complaint(o->name);

	/* Said before a password is asked for. */
	if (complaint != NULL) {
		return app_fail(o->name, "name %s", complaint);
	}
	if (sp_store_get(st, o->name, &u) == SP_OK) {
		return app_fail(o->name, "user exists");
	}
	if (!password(o, secret)) {
		return APP_FAILED;
	}
	int rc = sp_store_add(st, o->name, o->display != NULL ? o->display : "", secret);
	sp_wipe(secret, sizeof(secret));
	return rc == SP_OK ? app_done(o->name, "added") : app_store_fail(st, o->name);
}

static int passwd(struct options *o, struct sp_store *st)
{
	char secret[APP_PASSWORD_MAX];
	struct sp_user u;

	if (sp_store_get(st, o->name, &u) != SP_OK) {
		return app_store_fail(st, o->name);
	}
	if (!password(o, secret)) {
		return APP_FAILED;
	}
	int rc = sp_store_passwd(st, o->name, secret);
	sp_wipe(secret, sizeof(secret));
	return rc == SP_OK ? app_done(o->name, "password changed") : app_store_fail(st, o->name);
}

/* What is kept beside the user's row. */
static bool more_of(struct sp_store *st, const struct sp_user *u, uint32_t *left,
		struct sp_lockout *lockout)
{
	return sp_store_recovery_left(st, u->name, left) == SP_OK &&
			sp_store_lockout_show(st, u->name, (int64_t)time(NULL), lockout) == SP_OK;
}

/* ", "paused": [...]", or one in a line. */
struct pauses {
	bool json;
	size_t n;
};

static bool print_pause(void *arg, const char *net, int64_t until)
{
	struct pauses *p = arg;
	char text[32];

	app_time_text(until, text);
	if (p->json) {
		fputs(p->n > 0 ? ", {\"source\": " : "{\"source\": ", stdout);
		app_json_text(stdout, net);
		fputs(", \"until\": ", stdout);
		app_json_time(stdout, until);
		fputs("}", stdout);
	} else {
		printf("codes paused: from %s until %s, after wrong ones\n", net, text);
	}
	p->n++;
	return true;
}

static bool print_pauses(struct sp_store *st, const struct sp_user *u, bool json)
{
	struct pauses p = {.json = json};

	return sp_store_pause_list(st, u->name, (int64_t)time(NULL), print_pause, &p) == SP_OK;
}

static bool json_user(struct sp_store *st, const struct sp_user *u)
{
	struct sp_lockout lockout;
	uint32_t left;

	if (!more_of(st, u, &left, &lockout)) {
		return false;
	}
	fputs("{\"name\": ", stdout);
	app_json_text(stdout, u->name);
	fputs(", \"display\": ", stdout);
	app_json_text(stdout, u->display);
	printf(", \"disabled\": %s, \"totp\": %s, \"created\": ", u->disabled ? "true" : "false",
			u->totp ? "true" : "false");
	app_json_time(stdout, u->created);
	fputs(", \"last_login\": ", stdout);
	app_json_time(stdout, u->last_login);
	printf(", \"recovery_codes\": %" PRIu32 ", \"locked\": %s, \"paused\": [", left,
			lockout.token_only ? "true" : "false");
	bool ok = print_pauses(st, u, true);
	fputs("]}", stdout);
	return ok;
}

static bool list_one(void *arg, const struct sp_user *u)
{
	struct options *o = arg;
	char last[32];

	o->shown++;
	if (o->json) {
		fputs(o->shown > 1 ? ",\n " : "", stdout);
		return json_user(o->st, u);
	}
	app_time_text(u->last_login, last);
	if (o->shown == 1) {
		printf("%-24s %-9s %-21s %s\n", "NAME", "STATE", "LAST LOGIN", "DISPLAY NAME");
	}
	printf("%-24s %-9s %-21s %s\n", u->name, u->disabled ? "disabled" : "enabled", last,
			u->display);
	return true;
}

static int list(struct options *o, struct sp_store *st)
{
	o->st = st;
	fputs(o->json ? "[" : "", stdout);
	int rc = sp_store_list(st, list_one, o);
	fputs(o->json ? "]\n" : "", stdout);
	return rc == SP_OK ? APP_OK : app_store_fail(st, "list");
}

static int show(struct options *o, struct sp_store *st)
{
	struct sp_user u;
	struct sp_lockout lockout;
	char created[32], last[32];
	uint32_t left;

	if (sp_store_get(st, o->name, &u) != SP_OK || !more_of(st, &u, &left, &lockout)) {
		return app_store_fail(st, o->name);
	}
	if (o->json) {
		if (!json_user(st, &u)) {
			return app_store_fail(st, o->name);
		}
		putchar('\n');
		return APP_OK;
	}
	app_time_text(u.created, created);
	app_time_text(u.last_login, last);
	printf("name:         %s\ndisplay name: %s\nstate:        %s\n"
	       "one-time code: %s\nrecovery codes: %" PRIu32 " left\ncreated:      %s\n"
	       "last login:   %s\n",
			u.name, u.display, u.disabled ? "disabled" : "enabled",
			u.totp ? "enrolled" : "not enrolled", left, created, last);
	if (lockout.token_only) {
		printf("locked:       after many failures its password opens nothing from sources "
		       "that are not familiar\n");
	}
	return print_pauses(st, &u, false) ? APP_OK : app_store_fail(st, o->name);
}

static int disable(struct options *o, struct sp_store *st)
{
	return sp_store_disable(st, o->name, true) == SP_OK ? app_done(o->name, "disabled")
							    : app_store_fail(st, o->name);
}

static int enable(struct options *o, struct sp_store *st)
{
	return sp_store_disable(st, o->name, false) == SP_OK ? app_done(o->name, "enabled")
							     : app_store_fail(st, o->name);
}

static int remove_user(struct options *o, struct sp_store *st)
{
	return sp_store_delete(st, o->name) == SP_OK ? app_done(o->name, "deleted")
						     : app_store_fail(st, o->name);
}

/* Dark on light whatever the terminal's colours are, two rows of squares in one line. */
static void print_qr(const struct sp_qr *q)
{
	const int quiet = 2, end = (int)q->side + quiet;

	for (int y = -quiet; y < end; y += 2) {
		fputs("\033[30;107m", stdout);
		for (int x = -quiet; x < end; x++) {
			bool in = 0 <= x && x < (int)q->side;
			bool up = in && 0 <= y && y < (int)q->side &&
					sp_qr_dark(q, (uint32_t)x, (uint32_t)y);
			bool low = in && -1 <= y && y + 1 < (int)q->side &&
					sp_qr_dark(q, (uint32_t)x, (uint32_t)(y + 1));

			fputs(up && low ? "\u2588" : up ? "\u2580" : low ? "\u2584" : " ", stdout);
		}
		fputs("\033[0m\n", stdout);
	}
}

static int unlock(struct options *o, struct sp_store *st)
{
	return sp_store_lockout_clear(st, o->name) == SP_OK ? app_done(o->name, "unlocked")
							    : app_store_fail(st, o->name);
}

/* ", "recovery_codes": [...]", or one in a line. */
static void print_recovery(const struct options *o, char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT])
{
	fputs(o->json ? ", \"recovery_codes\": [" : "recovery codes, each good once:\n", stdout);
	for (size_t i = 0; i < SP_RECOVERY_COUNT; i++) {
		if (o->json) {
			printf("%s\"%s\"", i > 0 ? ", " : "", codes[i]);
		} else {
			printf("  %s\n", codes[i]);
		}
	}
	fputs(o->json ? "]" : "", stdout);
}

static int recovery(struct options *o, struct sp_store *st)
{
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];
	struct sp_user u;
	uint32_t left;

	if (sp_store_get(st, o->name, &u) != SP_OK ||
			sp_store_recovery_left(st, o->name, &left) != SP_OK) {
		return app_store_fail(st, o->name);
	}
	if (o->fresh) {
		if (!u.totp) {
			return app_fail(o->name,
					"has no one-time codes that recovery codes could stand "
					"for");
		}
		if (sp_store_recovery_make(st, o->name, codes) != SP_OK) {
			return app_store_fail(st, o->name);
		}
		left = SP_RECOVERY_COUNT;
	}
	if (o->json) {
		fputs("{\"name\": ", stdout);
		app_json_text(stdout, o->name);
		printf(", \"left\": %" PRIu32, left);
	} else if (!o->fresh) {
		printf("%s: %" PRIu32 " recovery codes left\n", o->name, left);
	}
	if (o->fresh) {
		print_recovery(o, codes);
		sp_wipe(codes, sizeof(codes));
	}
	fputs(o->json ? "}\n" : "", stdout);
	return APP_OK;
}

/* codes: NULL when only the secret is shown. */
static int print_totp(const struct options *o, const uint8_t *secret,
		char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT])
{
	char text[SP_TOTP_TEXT], uri[SP_TOTP_URI];
	struct sp_qr qr;

	if (!sp_totp_text(secret, text) || !sp_totp_uri(secret, o->name, uri) ||
			sp_qr_make(uri, &qr) != SP_OK) {
		return app_fail(o->name, "out of memory");
	}
	if (o->json) {
		printf("{\"name\": ");
		app_json_text(stdout, o->name);
		printf(", \"totp_secret\": ");
		app_json_text(stdout, text);
		printf(", \"otpauth\": ");
		app_json_text(stdout, uri);
		if (codes != NULL) {
			print_recovery(o, codes);
		}
		printf("}\n");
	} else {
		if (isatty(STDOUT_FILENO)) {
			print_qr(&qr);
		}
		printf("secret:  %s\nfor the authenticator: %s\n", text, uri);
		if (codes != NULL) {
			print_recovery(o, codes);
		}
	}
	sp_wipe(text, sizeof(text));
	sp_wipe(uri, sizeof(uri));
	sp_wipe(&qr, sizeof(qr));
	return APP_OK;
}

static int totp(struct options *o, struct sp_store *st)
{
	uint8_t secret[SP_TOTP_SECRET];
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];
	struct sp_user u;

	if (o->remove) {
		return sp_store_totp_clear(st, o->name) == SP_OK
				? app_done(o->name, "one-time codes removed")
				: app_store_fail(st, o->name);
	}
	if (o->show) {
		if (sp_store_totp_get(st, o->name, secret) != SP_OK) {
			return app_store_fail(st, o->name);
		}
	} else {
		if (sp_store_get(st, o->name, &u) != SP_OK) {
			return app_store_fail(st, o->name);
		}
		if (u.totp) {
			return app_fail(o->name,
					"is enrolled already; --show shows the secret, "
					"--remove takes it away");
		}
		if (sp_crypto_nettle.random(secret, sizeof(secret)) != SP_OK) {
			return app_fail(o->name, "no random numbers");
		}
		if (sp_store_totp_enrol(st, o->name, secret, 0) != SP_OK ||
				sp_store_recovery_make(st, o->name, codes) != SP_OK) {
			return app_store_fail(st, o->name);
		}
	}
	int rc = print_totp(o, secret, o->show ? NULL : codes);
	sp_wipe(secret, sizeof(secret));
	sp_wipe(codes, sizeof(codes));
	return rc;
}

/* A code that is good now: the present one, the next one where that is spent, else after a wait. */
static int code(struct options *o, struct sp_store *st)
{
	uint8_t secret[SP_TOTP_SECRET];
	char path[1100], text[SP_TOTP_DIGITS + 1];
	struct sp_user u;

	snprintf(path, sizeof(path), "%s/password", o->service.dir != NULL ? o->service.dir : "");
	if (o->service.dir == NULL || access(path, R_OK) != 0) {
		return app_fail("code",
				"shows codes of a trial only; name its directory with --dir");
	}
	if (sp_store_get(st, o->name, &u) != SP_OK ||
			sp_store_totp_get(st, o->name, secret) != SP_OK) {
		return app_store_fail(st, o->name);
	}
	while (u.totp_last > sp_totp_step(time(NULL))) {
		sleep(1);
	}
	uint64_t step = sp_totp_step(time(NULL));
	int rc = sp_totp_code(secret, u.totp_last < step ? step : u.totp_last + 1, text);
	sp_wipe(secret, sizeof(secret));
	if (rc != SP_OK) {
		return app_fail(o->name, "%s", sp_err_text(rc));
	}
	printf("%s\n", text);
	sp_wipe(text, sizeof(text));
	return APP_OK;
}

static const struct action actions[] = {
		{"add", true, true, add},
		{"list", false, false, list},
		{"show", true, false, show},
		{"passwd", true, false, passwd},
		{"disable", true, false, disable},
		{"enable", true, false, enable},
		{"delete", true, false, remove_user},
		{"totp", true, false, totp},
		{"code", true, false, code},
		{"recovery", true, false, recovery},
		{"unlock", true, false, unlock},
};

static int on_store(void *arg, const struct sp_conf *c, struct sp_store *st)
{
	struct options *o = arg;

	(void)c;
	return o->action->run(o, st);
}

/* Takes one argument of the command; 0 to go on, else the exit status + 1. */
static int take(struct options *o, int argc, char **argv, int *i)
{
	const char *arg = argv[*i];
	int rc = app_service_arg(o->self, &o->service, argc, argv, i);

	if (rc != 0) {
		return rc < 0 ? APP_USAGE + 1 : 0;
	}
	if (app_help(o->self, arg)) {
		return APP_OK + 1;
	}
	if (strcmp(arg, "--json") == 0) {
		o->json = true;
	} else if (strcmp(arg, "--show") == 0) {
		o->show = true;
	} else if (strcmp(arg, "--remove") == 0) {
		o->remove = true;
	} else if (strcmp(arg, "--new") == 0) {
		o->fresh = true;
	} else if (strcmp(arg, "--password-stdin") == 0) {
		o->password_stdin = true;
	} else if (strcmp(arg, "--display") == 0) {
		if (*i + 1 >= argc) {
			return app_usage(o->self, "--display: value missing") + 1;
		}
		o->display = argv[++*i];
	} else if (arg[0] == '-') {
		return app_usage(o->self, "%s: no such option", arg) + 1;
	} else if (o->what == NULL) {
		o->what = arg;
	} else if (o->name == NULL) {
		o->name = arg;
	} else {
		return app_usage(o->self, "%s: one argument too many", arg) + 1;
	}
	return 0;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {.self = self};
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
	if (a->one != (o.name != NULL)) {
		return app_usage(self, "%s: %s", a->name,
				a->one ? "whose? give a name" : "takes no name");
	}
	if ((o.show || o.remove) && (a->run != totp || (o.show && o.remove))) {
		return app_usage(self, "--show and --remove belong to totp, one of them");
	}
	if (o.fresh && a->run != recovery) {
		return app_usage(self, "--new belongs to recovery");
	}
	o.action = a;
	return app_with_store("user", &o.service, a->create, on_store, &o);
}

const struct app_command app_user = {
		.name = "user",
		.summary = "the people who may log in",
		.usage = "usage: sallyport user list [--json]\n"
			 "       sallyport user show NAME [--json]\n"
			 "       sallyport user add NAME [--display TEXT] [--password-stdin]\n"
			 "       sallyport user passwd NAME [--password-stdin]\n"
			 "       sallyport user disable NAME\n"
			 "       sallyport user enable NAME\n"
			 "       sallyport user delete NAME\n"
			 "       sallyport user totp NAME [--show | --remove] [--json]\n"
			 "       sallyport user recovery NAME [--new] [--json]\n"
			 "       sallyport user unlock NAME\n"
			 "       sallyport user code NAME --dir DIR\n\n"
			 "A name has 1 to 64 lower-case letters, digits and . _ - @. A password "
			 "has 14\n"
			 "characters or more, is not a common one and does not hold the name.\n"
			 "Changes count from the next login on, also while the service runs.\n\n"
			 "totp makes a secret for one-time codes and shows it, as a QR code too, "
			 "with "
			 "ten recovery\n"
			 "codes; --show shows the secret again, --remove takes it away. recovery "
			 "says "
			 "how many codes\n"
			 "are left, --new makes ten others. unlock forgets failed logins and "
			 "wrong codes. code\n"
			 "prints the code of now, in trials only.\n\n"
			 "  -c FILE           the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR         the directory of a trial: DIR/sallyport.conf\n"
			 "  --json            print JSON\n"
			 "  --password-stdin  the password is the first line of standard input\n",
		.run = run,
};
