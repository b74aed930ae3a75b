/* app/scan.c - `sallyport scan`: is RDP there, what does it let everybody see, how is that mended. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/app.h"
#include "core/base/err.h"
#include "host/io/loop.h"
#include "scan/report.h"
#include "scan/scan.h"
#include "scan/targets.h"

#define APP_UNREACHABLE 3
#define NAMES_US (10 * UINT64_C(1000000))

struct options {
	const struct app_command *self;
	const char *ports, *authorised, *web_port, *pause, *at_once, *rate, *timeout;
	const char *format, *output, *baseline, *fail_on;
	bool no_web, no_udp, json, verbose, all, no_ntlm;
};

struct work {
	const struct options *o;
	struct sp_targets *targets;
	struct sp_scan_conf conf;
	uint16_t web_port;
	uint64_t all; /* endpoints */
	struct sp_scan_report_options how;
	struct sp_scan_baseline *baseline;
	struct sp_scan_report *report;
	FILE *out;
	char beside[4096]; /* what becomes the output when it is whole; empty: nothing does */
	bool progress;
	bool wiped; /* it was, for a line of the report */
	struct sp_scan_count count; /* what it said */
};

/* ---- what comes back ---- */

static void wipe_progress(const struct work *w)
{
	if (w->progress) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
}

static void before_line(void *user)
{
	struct work *w = user;

	wipe_progress(w);
	w->wiped = true;
}

static void draw_progress(const struct work *w)
{
	fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " done, %" PRIu64 " RDP\033[K", w->count.done,
			w->all, w->count.rdp);
	fflush(stderr);
}

static int on_facts(void *user, const struct sp_scan_facts *f)
{
	struct work *w = user;

	w->wiped = false;
	w->count.done += f->reach != SP_SCAN_NO_NAME; /* was none to be done */
	w->count.rdp += f->reach == SP_SCAN_RDP;
	int rc = sp_scan_report_add(w->report, f);
	if (w->wiped && w->progress) {
		draw_progress(w);
	}
	return rc;
}

/* A name without an address is a row of its own, and no matter of sp-probe. */
static void no_address(struct work *w, const struct sp_scan_endpoint *e, const char *why)
{
	static struct sp_scan_facts f;

	memset(&f, 0, sizeof(f));
	f.number = UINT64_MAX;
	f.lone = 1;
	f.reach = SP_SCAN_NO_NAME;
	f.port = sp_addr_port(&e->to);
	memcpy(f.host, e->host, sizeof(f.host));
	snprintf(f.why, sizeof(f.why), "%s", why);
	(void)on_facts(w, &f);
}

static bool next(void *user, struct sp_scan_endpoint *out)
{
	struct work *w = user;
	char why[SP_WHY_MAX];
	bool first = false;
	int rc;

	while ((rc = sp_targets_next(w->targets, out, &first, why)) == SP_ENOTFOUND) {
		no_address(w, out, why);
	}
	out->web_port = first ? w->web_port : 0;
	out->udp = !w->o->no_udp;
	return rc == 1;
}

static void on_progress(void *user, const struct sp_scan_count *c)
{
	struct work *w = user;

	w->count = *c;
	draw_progress(w);
}

/* ---- what is wanted ---- */

static bool number(const char *text, unsigned long most, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *out <= most;
}

static int numbers(struct work *w)
{
	const struct options *o = w->o;
	struct sp_scan_conf *c = &w->conf;
	unsigned long v;
	char why[SP_WHY_MAX];

	w->web_port = o->no_web ? 0 : 443;
	c->interrupt = true;
	if (o->ports != NULL && sp_targets_ports(w->targets, o->ports, why) != SP_OK) {
		return app_usage(o->self, "--ports: %s", why);
	}
	if (o->web_port != NULL) {
		if (!number(o->web_port, 65535, &v) || v == 0) {
			return app_usage(o->self, "--web-port: %s: not a port", o->web_port);
		}
		w->web_port = o->no_web ? 0 : (uint16_t)v;
	}
	if (o->pause != NULL) {
		if (!number(o->pause, 60000, &v)) {
			return app_usage(o->self, "--pause: %s: not milliseconds, up to 60000",
					o->pause);
		}
		c->pause_ms = (uint32_t)v;
		c->no_pause = v == 0;
	}
	if (o->at_once != NULL) {
		if (!number(o->at_once, SP_SCAN_AT_ONCE_MAX, &v) || v == 0) {
			return app_usage(o->self, "--parallel: %s: not 1 to %d", o->at_once,
					SP_SCAN_AT_ONCE_MAX);
		}
		c->at_once = (uint32_t)v;
	}
	if (o->rate != NULL) {
		if (!number(o->rate, 100000, &v) || v == 0) {
			return app_usage(
					o->self, "--rate: %s: not connections per second", o->rate);
		}
		c->rate = (uint32_t)v;
	}
	if (o->timeout != NULL) {
		if (!number(o->timeout, 60, &v) || v == 0) {
			return app_usage(o->self, "--timeout: %s: not 1 to 60 seconds", o->timeout);
		}
		c->connect_ms = (uint32_t)v * 1000;
		c->step_ms = (uint32_t)v * 1000;
	}
	return APP_OK;
}

static int format(struct work *w)
{
	const struct options *o = w->o;
	struct sp_scan_report_options *h = &w->how;
	const char *name = o->format ? o->format : o->json ? "json" : "text";
	char why[SP_SCAN_BASELINE_WHY];

	h->format = sp_scan_format_of(name);
	if (h->format == SP_SCAN_FORMAT_COUNT) {
		return app_usage(o->self, "--format: %s: no such format", name);
	}
	h->fail_on = o->fail_on ? sp_scan_severity_of(o->fail_on) : SP_SCAN_FAIL_ON;
	if (h->fail_on == SP_SCAN_SEVERITY_COUNT) {
		return app_usage(o->self,
				"--fail-on: %s: not one of info, low, medium, high, critical",
				o->fail_on);
	}
	h->verbose = o->verbose;
	h->closed = o->all;
	h->authorised = o->authorised;
	h->judge.now = time(NULL);
	h->judge.kerberos_only = o->no_ntlm;
	struct winsize screen;
	if (o->output == NULL && ioctl(STDOUT_FILENO, TIOCGWINSZ, &screen) == 0) {
		h->width = screen.ws_col > 0 && screen.ws_col < 60 ? 60 : screen.ws_col;
	}
	const char *no_colour = getenv("NO_COLOR");
	h->colour = o->output == NULL && isatty(STDOUT_FILENO) &&
			(no_colour == NULL || no_colour[0] == '\0');
	if (o->baseline && sp_scan_baseline_load(o->baseline, &w->baseline, why) != SP_OK) {
		app_fail("--baseline", "%s: %s", o->baseline, why);
		return APP_USAGE;
	}
	h->baseline = w->baseline;
	return APP_OK;
}

/* Names are looked up, and whoever owns public addresses must have been asked. */
static int permitted(struct work *w)
{
	char public[SP_ADDR_TEXT_MAX];

	if (sp_targets_resolve(w->targets, sp_now_us() + NAMES_US) != SP_OK) {
		return app_fail("scan", "names cannot be looked up");
	}
	if (w->o->authorised == NULL && sp_targets_public(w->targets, public)) {
		return app_usage(w->o->self,
				"%s is a public address: say with --i-am-authorised TEXT who "
				"permits it",
				public);
	}
	w->all = sp_targets_count(w->targets);
	return APP_OK;
}

static int verdict(const struct work *w, const struct sp_scan_totals *t)
{
	uint64_t answered = t->reach[SP_SCAN_RDP] + t->reach[SP_SCAN_REFUSED] +
			t->reach[SP_SCAN_MUTE] + t->reach[SP_SCAN_OTHER];

	if (sp_scan_totals_fail(t, w->how.fail_on)) {
		return APP_FAILED;
	}
	return answered == 0 ? APP_UNREACHABLE : APP_OK;
}

/*
 * A report that comes at the end takes the place of the old one at once: who looks meanwhile, a
 * collector of metrics for one, finds that. What streams is there to be watched.
 */
static FILE *open_output(struct work *w)
{
	const char *path = w->o->output;
	bool streams = w->how.format == SP_SCAN_FORMAT_TEXT ||
			w->how.format == SP_SCAN_FORMAT_JSONL;
	struct stat st;
	int n = snprintf(w->beside, sizeof(w->beside), "%s.XXXXXX", path);

	if (streams || !(n > 0 && (size_t)n < sizeof(w->beside)) ||
			(lstat(path, &st) == 0 && !S_ISREG(st.st_mode))) {
		w->beside[0] = '\0';
		return fopen(path, "we");
	}
	int fd = mkostemp(w->beside, O_CLOEXEC);
	if (fd < 0) {
		/* A file that may be written, in a folder that may not. */
		w->beside[0] = '\0';
		return fopen(path, "we");
	}
	mode_t mask = umask(0);
	umask(mask);
	FILE *f = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
	if (!f) {
		int keep = errno;
		close(fd);
		unlink(w->beside);
		errno = keep;
	}
	return f;
}

/* False: not all is there. What is not good does not take the place of what was. */
static bool close_output(struct work *w, bool whole)
{
	bool good = fflush(w->out) == 0 && !ferror(w->out);

	if (!w->o->output) {
		return good;
	}
	good = fclose(w->out) == 0 && good;
	if (w->beside[0] == '\0') {
		return good;
	}
	if (!good || !whole || rename(w->beside, w->o->output) != 0) {
		unlink(w->beside);
		return false;
	}
	return true;
}

static int scan(struct work *w)
{
	struct sp_scan_calls calls = {.next = next, .facts = on_facts};
	struct sp_scan_totals totals = {0};
	char why[SP_WHY_MAX];

	w->out = w->o->output ? open_output(w) : stdout;
	if (!w->out) {
		return app_fail(w->o->output, "%s", strerror(errno));
	}
	w->progress = isatty(STDERR_FILENO);
	w->how.before = before_line;
	w->how.user = w;
	calls.progress = w->progress ? on_progress : NULL;
	w->report = sp_scan_report_create(&w->how, w->out);
	int rc = w->report ? sp_scan_run(&w->conf, &calls, w, why) : SP_ENOMEM;
	wipe_progress(w);
	if (rc == SP_ENOMEM) {
		snprintf(why, sizeof(why), "%s", sp_err_text(rc));
	}
	if (w->report && rc == SP_ECLOSED) {
		sp_scan_report_interrupted(w->report);
	}
	int end = w->report ? sp_scan_report_end(w->report, &totals) : SP_OK;
	bool whole = (rc == SP_OK || rc == SP_ECLOSED) && end == SP_OK;
	bool written = close_output(w, whole);
	sp_scan_report_destroy(w->report);
	if (!whole) {
		return app_fail("scan", "%s", rc != SP_OK ? why : sp_err_text(end));
	}
	if (!written) {
		return app_fail(w->o->output ? w->o->output : "standard output", "cannot write");
	}
	if (rc == SP_ECLOSED) {
		/* Whoever asks the status must not take a part for the whole. */
		return app_fail("scan", "interrupted: this is not all");
	}
	return verdict(w, &totals);
}

/* ---- arguments ---- */

/* 1: taken; 0: something else; -1: value missing, and said so. */
static int option(struct options *o, int argc, char **argv, int *i)
{
	const struct {
		const char *name;
		const char **value;
		bool *flag;
	} known[] = {
			{"--ports", &o->ports, NULL},
			{"--i-am-authorised", &o->authorised, NULL},
			{"--web-port", &o->web_port, NULL},
			{"--pause", &o->pause, NULL},
			{"--parallel", &o->at_once, NULL},
			{"--rate", &o->rate, NULL},
			{"--timeout", &o->timeout, NULL},
			{"--no-web", NULL, &o->no_web},
			{"--no-udp", NULL, &o->no_udp},
			{"--format", &o->format, NULL},
			{"--json", NULL, &o->json},
			{"--output", &o->output, NULL},
			{"--baseline", &o->baseline, NULL},
			{"--fail-on", &o->fail_on, NULL},
			{"--verbose", NULL, &o->verbose},
			{"--all", NULL, &o->all},
			{"--kerberos-only", NULL, &o->no_ntlm},
	};
	const char *arg = argv[*i];

	for (size_t k = 0; k < SP_LEN(known); k++) {
		size_t n = strlen(known[k].name);

		if (strncmp(arg, known[k].name, n) != 0 || (arg[n] != '\0' && arg[n] != '=')) {
			continue;
		}
		if (known[k].flag && arg[n] == '\0') {
			*known[k].flag = true;
			return 1;
		}
		if (known[k].flag) {
			return 0;
		}
		*known[k].value = arg[n] == '=' ? arg + n + 1 : *i + 1 < argc ? argv[++*i] : "";
		if ((*known[k].value)[0] == '\0') {
			app_usage(o->self, "%s: value missing", known[k].name);
			return -1;
		}
		return 1;
	}
	return 0;
}

static int arguments(struct options *o, struct sp_targets *t, int argc, char **argv)
{
	char why[SP_WHY_MAX];
	bool any = false;

	for (int i = 1; i < argc; i++) {
		const char *file = NULL;
		int rc = option(o, argc, argv, &i);

		if (rc < 0) {
			return APP_USAGE;
		}
		if (rc > 0) {
			continue;
		}
		if (strcmp(argv[i], "--targets") == 0) {
			file = i + 1 < argc ? argv[++i] : "";
			if (file[0] == '\0') {
				return app_usage(o->self, "--targets: value missing");
			}
		} else if (argv[i][0] == '-') {
			return app_usage(o->self, "%s: no such option", argv[i]);
		}
		if ((file ? sp_targets_add_file(t, file, why) : sp_targets_add(t, argv[i], why)) !=
				SP_OK) {
			return app_usage(o->self, "%s", why);
		}
		any = true;
	}
	if (any && sp_targets_empty(t)) {
		return app_usage(o->self, "there are no targets in the list");
	}
	return any ? APP_OK : app_usage(o->self, "say what to scan");
}

static int run(const struct app_command *self, int argc, char **argv)
{
	struct options o = {.self = self};
	struct work w = {.o = &o, .targets = sp_targets_create()};

	for (int i = 1; i < argc; i++) {
		if (app_help(self, argv[i])) {
			sp_targets_destroy(w.targets);
			return APP_OK;
		}
	}
	int rc = w.targets ? arguments(&o, w.targets, argc, argv) : app_fail("scan", "no memory");
	rc = rc == APP_OK ? numbers(&w) : rc;
	rc = rc == APP_OK ? format(&w) : rc;
	rc = rc == APP_OK ? permitted(&w) : rc;
	rc = rc == APP_OK ? scan(&w) : rc;
	sp_scan_baseline_destroy(w.baseline);
	sp_targets_destroy(w.targets);
	return rc;
}

const struct app_command app_scan = {
		.name = "scan",
		.summary = "find RDP services, what they show, and how that is mended",
		.usage = "usage: sallyport scan TARGET... [OPTIONS]\n\n"
			 "Asks RDP services what they offer to everybody. TARGET is a name, an "
			 "address, either with\n"
			 "a port ([v6]:PORT), a range such as 10.0.0.0/24, or @FILE with one a "
			 "line (@-: standard\n"
			 "input). No name and no password is ever sent. Public addresses need the "
			 "word of whoever\n"
			 "permits it.\n\n"
			 "  --targets FILE          reads targets from a file, too\n"
			 "  --ports LIST            3389 where it is not told: \"3389,3390-3400\"\n"
			 "  --web-port PORT         where a gateway is looked for (443)\n"
			 "  --no-web, --no-udp      leaves these questions out\n"
			 "  --i-am-authorised TEXT  goes into the report\n"
			 "  --pause MS              between connections to one address (200)\n"
			 "  --parallel N            endpoints at the same time (512)\n"
			 "  --rate N                connections per second, all together (1000)\n"
			 "  --timeout SECONDS       for a connection (3) and an answer (5)\n"
			 "  --format FORMAT         text, json, jsonl, html, sarif, junit, "
			 "prometheus, "
			 "csv\n"
			 "  --output FILE           in place of standard output\n"
			 "  --baseline FILE         an earlier report as json: says what changed\n"
			 "  --fail-on LEVEL         info, low, medium, high, critical: status 1 "
			 "from "
			 "here on (medium)\n"
			 "  --kerberos-only         here NTLM is not wanted: a finding where it is "
			 "taken\n"
			 "  --all                   lists what is closed or silent, too\n"
			 "  --verbose               all about every finding\n\n"
			 "Exit status: 0 nothing from that level on, 1 something, 2 wrong usage, 3 "
			 "nobody answered.\n",
		.run = run,
};
