/* app/token.c - `sallyport token`: one-time tokens, and .rdp files that go with them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "app/json.h"
#include "app/store.h"
#include "app/words.h"
#include "core/base/mem.h"
#include "gate/keeper/store_token.h"
#include "host/conf/words.h"
#include "host/io/fdio.h"
#include "host/io/tcp.h"

#define RDP_MAX 2048

struct options {
	struct app_words w;
	struct sp_store *st;
	const char *user, *target, *ttl, *from, *rdp, *host;
	int file; /* of --rdp; -1 */
	uint32_t seconds;
	struct sp_conf_net net;
	size_t shown; /* by list */
};

/* ---- the .rdp file ---- */

/* Where clients reach the service: --host, or the first listener by an address or this name. */
static int full_address(const struct options *o, const struct sp_conf *c, char *out, size_t cap)
{
	char host[256] = "";
	const struct sp_conf_listen *l = &c->listen[0];
	static const uint8_t any[16];
	uint16_t port = 0;

	if (o->host != NULL) {
		if (sp_addr_split(o->host, (uint16_t)l->port, host, sizeof(host), &port) != SP_OK) {
			return app_fail("--host", "%s: not a host, or HOST:PORT", o->host);
		}
	} else if (memcmp(l->addr, any, sizeof(any)) == 0) {
		if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') {
			return app_fail("--rdp", "this machine has no name; give --host");
		}
		port = (uint16_t)l->port;
	} else if (sp_addr_split(l->text, 3389, host, sizeof(host), &port) != SP_OK) {
		return app_fail("--rdp", "%s: no address; give --host", l->text);
	}
	if (port == 0) {
		return app_fail("--rdp", "the configuration names no port; give --host HOST:PORT");
	}
	for (const char *p = host; *p != '\0'; p++) {
		if ((unsigned char)*p <= ' ' || *p == 0x7f) {
			return app_fail("--host", "not a host, or HOST:PORT");
		}
	}
	int n = snprintf(out, cap, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
	return 0 < n && (size_t)n < cap ? APP_OK : app_fail("--host", "too long");
}

/*
 * The routing token as its line ends on the wire: "Cookie: msts=" (13), the route (23), and CR LF,
 * which the client adds. Together they are even, as mstsc wants them.
 */
_Static_assert((13 + SP_TOKEN_ROUTE - 1 + 2) % 2 == 0, "routing token of odd length");

static int rdp_text(const struct options *o, const struct sp_conf *c, const char *route,
		char out[RDP_MAX])
{
	char address[300];

	if (full_address(o, c, address, sizeof(address)) != APP_OK) {
		return APP_FAILED;
	}
	int n = snprintf(out, RDP_MAX,
			"full address:s:%s\r\n"
			"username:s:%s%s%s\r\n"
			"loadbalanceinfo:s:Cookie: msts=%s\r\n"
			"prompt for credentials:i:1\r\n"
			"prompt for credentials on client:i:1\r\n"
			"promptcredentialonce:i:1\r\n"
			"enablecredsspsupport:i:1\r\n"
			"negotiate security layer:i:1\r\n"
			"authentication level:i:2\r\n"
			"autoreconnection enabled:i:1\r\n"
			"screen mode id:i:2\r\n"
			"dynamic resolution:i:1\r\n",
			address, o->user, o->target != NULL ? "#" : "",
			o->target != NULL ? o->target : "", route);
	return 0 < n && n < RDP_MAX ? APP_OK : app_fail("--rdp", "too long");
}

static int write_rdp(struct options *o, const char *text)
{
	size_t n = strlen(text);

	if (ftruncate(o->file, 0) != 0 || sp_fd_write_all(o->file, text, n) != SP_OK ||
			fsync(o->file) != 0) {
		return app_fail(o->rdp, "%s", strerror(errno));
	}
	return APP_OK;
}

/* ---- new, list, revoke ---- */

static void print_new(const struct options *o, int64_t id, int64_t expires, const char *text,
		const char *route)
{
	char until[32];

	if (o->w.json) {
		printf("{\"id\": %" PRId64 ", \"token\": \"%s\", \"route\": \"%s\", \"user\": ", id,
				text, route);
		app_json_text(stdout, o->user);
		fputs(", \"target\": ", stdout);
		if (o->target != NULL) {
			app_json_text(stdout, o->target);
		} else {
			fputs("null", stdout);
		}
		fputs(", \"expires\": ", stdout);
		app_json_time(stdout, expires);
		puts("}");
		return;
	}
	puts(text);
	if (isatty(STDOUT_FILENO)) {
		app_time_text(expires, until);
		printf("This is the password of one login as %s%s%s until %s.\n", o->user,
				o->target != NULL ? "#" : "", o->target != NULL ? o->target : "",
				until);
	}
}

static int make(struct options *o, const struct sp_conf *c)
{
	struct sp_token ask = {.from = o->net};
	char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE], rdp[RDP_MAX];
	int64_t id, now = (int64_t)time(NULL);
	int status = APP_OK;

	if (strlen(o->user) >= sizeof(ask.user)) {
		return app_fail(o->user, "no such user");
	}
	if (o->target != NULL && sp_conf_target(c, o->target) == NULL) {
		return app_fail(o->target, "no such target in the configuration");
	}
	/* Before there is a token: all that can be wrong with the file. */
	if (o->rdp != NULL && rdp_text(o, c, "", rdp) != APP_OK) {
		return APP_FAILED;
	}
	snprintf(ask.user, sizeof(ask.user), "%s", o->user);
	if (o->target != NULL) {
		snprintf(ask.target, sizeof(ask.target), "%s", o->target);
	}
	if (sp_store_token_new(o->st, &ask, o->seconds, now, text, route, &id) != SP_OK) {
		return app_store_fail(o->st, o->user);
	}
	if (o->rdp != NULL) {
		status = rdp_text(o, c, route, rdp);
		status = status == APP_OK ? write_rdp(o, rdp) : status;
	}
	if (status == APP_OK) {
		print_new(o, id, now + o->seconds, text, route);
	} else if (sp_store_token_revoke(o->st, id) != SP_OK) {
		app_store_fail(o->st, o->user);
	}
	sp_wipe(text, sizeof(text));
	return status;
}

static bool list_one(void *arg, const struct sp_token *t)
{
	struct options *o = arg;
	char expires[32];

	o->shown++;
	if (o->w.json) {
		printf("%s{\"id\": %" PRId64 ", \"user\": ", o->shown > 1 ? ",\n " : "", t->id);
		app_json_text(stdout, t->user);
		fputs(", \"target\": ", stdout);
		if (t->target[0] != '\0') {
			app_json_text(stdout, t->target);
		} else {
			fputs("null", stdout);
		}
		fputs(", \"created\": ", stdout);
		app_json_time(stdout, t->created);
		fputs(", \"expires\": ", stdout);
		app_json_time(stdout, t->expires);
		putchar('}');
		return true;
	}
	app_time_text(t->expires, expires);
	if (o->shown == 1) {
		printf("%-5s %-24s %-24s %s\n", "ID", "USER", "TARGET", "EXPIRES");
	}
	printf("%-5" PRId64 " %-24s %-24s %s\n", t->id, t->user,
			t->target[0] != '\0' ? t->target : "any", expires);
	return true;
}

static int list(struct options *o)
{
	fputs(o->w.json ? "[" : "", stdout);
	int rc = sp_store_token_list(o->st, (int64_t)time(NULL), list_one, o);
	fputs(o->w.json ? "]\n" : "", stdout);
	return rc == SP_OK ? APP_OK : app_store_fail(o->st, "list");
}

static int revoke_one(struct options *o)
{
	const char *what = o->w.word[1];
	char *end;

	errno = 0;
	int64_t id = strtoll(what, &end, 10);
	if (errno != 0 || *end != '\0' || id <= 0) {
		return app_fail(what, "not the number of a token; see token list");
	}
	return sp_store_token_revoke(o->st, id) == SP_OK ? app_done(what, "revoked")
							 : app_store_fail(o->st, what);
}

static int on_store(void *arg, const struct sp_conf *c, struct sp_store *st)
{
	struct options *o = arg;
	const char *what = o->w.word[0];

	o->st = st;
	return strcmp(what, "new") == 0             ? make(o, c)
			: strcmp(what, "list") == 0 ? list(o)
						    : revoke_one(o);
}

/* ---- arguments ---- */

static int check_new(struct options *o)
{
	const struct app_command *self = o->w.self;
	bool host_bits;

	if (o->user == NULL) {
		return app_usage(self, "new: for whom? give --user");
	}
	if (o->ttl != NULL && !sp_words_duration(o->ttl, &o->seconds)) {
		char *end;
		unsigned long v = strtoul(o->ttl, &end, 10);
		if (*end != '\0' || o->ttl[0] < '0' || '9' < o->ttl[0] || v > SP_TOKEN_TTL_MAX) {
			v = 0;
		}
		o->seconds = (uint32_t)v;
	}
	if (!(1 <= o->seconds && o->seconds <= SP_TOKEN_TTL_MAX)) {
		return app_usage(self, "--ttl: %s: not 1 to %d seconds", o->ttl, SP_TOKEN_TTL_MAX);
	}
	if (o->from != NULL && !sp_words_net(o->from, &o->net, &host_bits)) {
		return app_usage(self, "--from: %s: not an address or a network", o->from);
	}
	return APP_GO_ON;
}

static int check_words(struct options *o)
{
	const struct app_words *w = &o->w;
	const char *what = w->n > 0 ? w->word[0] : NULL;
	bool fresh = what != NULL && strcmp(what, "new") == 0;
	bool one = what != NULL && strcmp(what, "revoke") == 0;

	if (what == NULL) {
		return app_usage(w->self, "say what to do");
	}
	if (!fresh && !one && strcmp(what, "list") != 0) {
		return app_usage(w->self, "%s: no such command", what);
	}
	if (one && w->n < 2) {
		return app_usage(w->self, "revoke: which? give its number");
	}
	if (w->n > (one ? 2u : 1u)) {
		return app_usage(w->self, "%s: one argument too many", w->word[w->n - 1]);
	}
	if (!fresh && (o->user || o->target || o->ttl || o->from || o->rdp || o->host)) {
		return app_usage(w->self, "%s: its options belong to new", what);
	}
	return fresh ? check_new(o) : APP_GO_ON;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {.file = -1, .seconds = SP_TOKEN_TTL};
	const struct app_option options[] = {
			{.name = "--user", .value = &o.user},
			{.name = "--target", .value = &o.target},
			{.name = "--ttl", .value = &o.ttl},
			{.name = "--from", .value = &o.from},
			{.name = "--rdp", .value = &o.rdp},
			{.name = "--host", .value = &o.host},
	};
	int rc = app_words(&o.w, self, argc, argv, options, SP_LEN(options));

	if (rc == APP_GO_ON) {
		rc = check_words(&o);
	}
	if (rc != APP_GO_ON) {
		return rc;
	}
	/* As whoever calls; root is the service's account from the store on. */
	bool made = false;
	if (o.rdp != NULL) {
		made = access(o.rdp, F_OK) != 0;
		o.file = open(o.rdp, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		if (o.file < 0) {
			return app_fail(o.rdp, "%s", strerror(errno));
		}
	}
	rc = app_with_store("token", &o.w.service, false, on_store, &o);
	sp_fd_close(&o.file);
	if (rc != APP_OK && made) {
		unlink(o.rdp);
	}
	return rc;
}

const struct app_command app_token = {
		.name = "token",
		.summary = "one-time tokens, and .rdp files for them",
		.usage = "usage: sallyport token new --user USER [--target TARGET] [--ttl SECONDS] "
			 "[--from NET]\n"
			 "                           [--rdp FILE [--host HOST[:PORT]]] [--json]\n"
			 "       sallyport token list [--json]\n"
			 "       sallyport token revoke ID\n\n"
			 "new prints a token: the password of one login as USER. With --rdp it "
			 "also "
			 "writes a file\n"
			 "for clients, which asks for the token as password and shows a word "
			 "derived "
			 "from it in its\n"
			 "first packet, as a listener with require-token wants. Both end with the "
			 "first login, or\n"
			 "after --ttl.\n\n"
			 "  --user USER           who logs in with it\n"
			 "  --target TARGET       the only target it opens (default: any that the "
			 "rules "
			 "allow)\n"
			 "  --ttl SECONDS         how long it is good, 1 to 86400 (default 120)\n"
			 "  --from NET            the only address or network it is good from\n"
			 "  --rdp FILE            write an .rdp file\n"
			 "  --host HOST[:PORT]    the service's name in it (default: of the first "
			 "listener)\n"
			 "  -c FILE               the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR             the directory of a trial: DIR/sallyport.conf\n"
			 "  --json                print JSON\n",
		.run = run,
};
