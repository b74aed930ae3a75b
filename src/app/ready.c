/* app/ready.c - see ready.h. */
#include "app/ready.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/again.h"
#include "app/app.h"
#include "app/json.h"
#include "app/trial_conf.h"
#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"
#include "host/lib/totp.h"

struct place {
	char host[128]; /* to be reached from this machine */
	char from[280]; /* the same as a client writes it, "[::1]:3389" */
	char away[280]; /* as a client on another machine writes it; empty: not to be reached */
	uint16_t port;
};

static void join(char *out, size_t cap, const char *host, unsigned port)
{
	snprintf(out, cap, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

static int find_place(const char *listen, struct place *p)
{
	char name[256] = "";

	if (sp_addr_split(listen, 3389, p->host, sizeof(p->host), &p->port) != SP_OK) {
		return app_fail("trial", "%s: no address", listen);
	}
	bool any = strcmp(p->host, "0.0.0.0") == 0 || strcmp(p->host, "::") == 0;
	if (any && gethostname(name, sizeof(name) - 1) == 0) {
		join(p->away, sizeof(p->away), name, p->port);
	}
	if (any) {
		snprintf(p->host, sizeof(p->host), "127.0.0.1");
	} else if (strncmp(p->host, "127.", 4) != 0 && strcmp(p->host, "::1") != 0) {
		join(p->away, sizeof(p->away), p->host, p->port);
	}
	join(p->from, sizeof(p->from), p->host, p->port);
	return APP_OK;
}

static void json_or_null(FILE *f, const char *text)
{
	if (text[0] != '\0') {
		app_json_text(f, text);
	} else {
		fputs("null", f);
	}
}

static int write_json(const struct app_ready *r, const struct place *p)
{
	char path[900], secret[SP_TOTP_TEXT] = "", uri[SP_TOTP_URI] = "";
	char *text = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&text, &n);
	int rc = APP_FAILED;

	if (!f) {
		return app_fail("trial", "out of memory");
	}
	if (r->totp && !(sp_totp_text(r->totp, secret) && sp_totp_uri(r->totp, r->user, uri))) {
		fclose(f);
		free(text);
		return app_fail("trial", "out of memory");
	}
	fprintf(f, "{\"address\": ");
	app_json_text(f, p->host);
	fprintf(f, ", \"port\": %u, \"user\": ", p->port);
	app_json_text(f, r->user);
	fprintf(f, ", \"password\": ");
	app_json_text(f, r->password);
	fprintf(f, ", \"totp_secret\": ");
	json_or_null(f, secret);
	fprintf(f, ", \"otpauth\": ");
	json_or_null(f, uri);
	fprintf(f, ", \"fingerprint\": ");
	app_json_text(f, r->print);
	fprintf(f, "}\n");
	if (fclose(f) == 0) {
		snprintf(path, sizeof(path), "%s/trial.json", r->dir);
		rc = sp_file_write(path, 0600, sp_span(text, n)) == SP_OK
				? APP_OK
				: app_fail("trial", "%s: %s", path, strerror(errno));
	}
	sp_freezero(text, n);
	sp_wipe(secret, sizeof(secret));
	sp_wipe(uri, sizeof(uri));
	return rc;
}

static void print_target(const struct app_ready *r, const char *name, const char *what)
{
	printf("  /u:%s#%-16s %s\n", r->user, name, what);
}

/* Each target by name, since a greeter that asks is only the second shortest way. */
static void print_targets(const struct app_ready *r)
{
	const struct trial_conf *c = r->conf;

	if (c->n_targets == 0 && !c->include) {
		return;
	}
	printf("\nTo one of the targets at once: as above, with another user name; with none of "
	       "these\na screen asks which one\n");
	print_target(r, "desktop", "a desktop of this machine");
	for (size_t i = 0; i < c->n_targets; i++) {
		print_target(r, c->target[i].name, c->target[i].address);
	}
	if (c->include) {
		printf("  those of %s in the same way, as its rules allow\n", c->include);
	}
	if (c->n_targets > 0) {
		printf("\nA target given by --target gets the user name and password that you log "
		       "in "
		       "with here. Its\ncertificate is believed when it is seen first; and it may "
		       "do "
		       "without NLA, which a trial accepts.\n");
	}
}

/* What passes besides keys, pointer, picture and clipboard text. */
static void print_allowed(const struct trial_conf *c)
{
	static const char *const names[] = {
			"whole clipboard", "drives", "sound", "microphone", "everything else"};

	if (c->allow != 0) {
		printf("\nAllowed between client and target:");
		for (size_t i = 0, n = 0; i < SP_LEN(names); i++) {
			if (c->allow & 1u << i) {
				printf("%s %s", n++ > 0 ? "," : "", names[i]);
			}
		}
		printf("\n");
	}
}

static void print_text(const struct app_ready *r, const struct place *p)
{
	struct app_service service = {.dir = r->dir};
	char self[APP_AGAIN_MAX], new_code[APP_AGAIN_MAX], qr[APP_AGAIN_MAX], what[160];
	char secret[SP_TOTP_TEXT] = "", code[SP_TOTP_DIGITS + 1] = "", shot[64] = "";
	bool mfa = r->totp != NULL && sp_totp_text(r->totp, secret) &&
			sp_totp_code(r->totp, sp_totp_step(time(NULL)), code) == SP_OK;

	app_self(self, sizeof(self));
	snprintf(what, sizeof(what), "user code %s", r->user);
	app_again(&service, what, new_code, sizeof(new_code));
	snprintf(what, sizeof(what), "user totp %s --show", r->user);
	app_again(&service, what, qr, sizeof(qr));
	if (mfa) {
		snprintf(shot, sizeof(shot), " --totp-secret %s", secret);
	}
	printf("\n"
	       "Sallyport is ready on %s, with a desktop of %s on this machine.\n"
	       "\n"
	       "  user         %s\n"
	       "  password     %s\n"
	       "  certificate  SHA-256 %s\n"
	       "\n"
	       "Connect from this machine\n"
	       "  xfreerdp /v:%s /u:%s /p:%s /cert:fingerprint:sha256:%s\n"
	       "or take a picture of the desktop (asks for the password)\n"
	       "  %s shot %s desktop.png --user %s%s --trust pin:%s\n",
			r->listen, r->account, r->user, r->password, r->print, p->from, r->user,
			r->password, r->print, self, p->from, r->user, shot, r->print);
	if (p->away[0]) {
		printf("or from Windows, where the certificate is to be compared with the line "
		       "above\n"
		       "  mstsc /v:%s\n",
				p->away);
	} else {
		printf("or from Windows, through ssh or after a start with --listen "
		       "0.0.0.0:%u\n"
		       "  ssh -N -L 3390:%s %s@THIS-MACHINE\n"
		       "  mstsc /v:127.0.0.1:3390\n",
				p->port, p->from, r->account);
	}
	print_targets(r);
	print_allowed(r->conf);
	if (mfa) {
		printf("\n"
		       "You are asked for a one-time code then. Now it is %s; a new one, each is "
		       "good "
		       "once:\n"
		       "  %s\n"
		       "For an authenticator app, as a QR code:\n"
		       "  %s\n",
				code, new_code, qr);
	} else {
		printf("\nThe second factor is off: the password alone opens the desktop.\n");
	}
	sp_wipe(secret, sizeof(secret));
	sp_wipe(shot, sizeof(shot));
	printf("\n"
	       "Ctrl-C ends the service and everything it started.\n"
	       "\n");
	fflush(stdout);
}

int app_ready(const struct app_ready *r)
{
	struct place p = {0};

	if (find_place(r->listen, &p) != APP_OK || write_json(r, &p) != APP_OK) {
		return APP_FAILED;
	}
	print_text(r, &p);
	return APP_OK;
}
