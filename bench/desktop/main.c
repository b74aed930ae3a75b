/*
 * bench/desktop/main.c - bench-desktop: what a person feels of a desktop, and what it costs while
 * nobody uses it; ours and the installed peers', by the same client, in one run.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desktop/bench.h"
#include "desktop/client.h"
#include "desktop/servers.h"
#include "host/io/fdio.h"
#include "host/io/hostlog.h"
#include "host/io/proc.h"
#include "host/io/tls.h"

#define MAX_SAMPLES 400
#define SETTLE_US 400000 /* between two connections, so that none pays for the one before */

enum row {
	ROW_NEW,
	ROW_FIRST,
	ROW_KEY,
	ROW_KEY_P95,
	ROW_IDLE_CPU,
	ROW_IDLE_X,
	ROW_IDLE_BYTES,
	ROW_MEMORY,
	ROWS,
};

static const struct {
	const char *name, *unit;
	int decimals;
} rows[ROWS] = {
		[ROW_NEW] = {"new desktop to first frame", "ms", 1},
		[ROW_FIRST] = {"first frame of an existing desktop", "ms", 1},
		[ROW_KEY] = {"key press to pixel, median", "ms", 2},
		[ROW_KEY_P95] = {"key press to pixel, p95", "ms", 2},
		[ROW_IDLE_CPU] = {"idle: server CPU in 10 s", "ms", 1},
		[ROW_IDLE_X] = {"idle: X server CPU in 10 s", "ms", 1},
		[ROW_IDLE_BYTES] = {"idle: bytes sent in 10 s", "B", 0},
		[ROW_MEMORY] = {"memory (PSS) without the X server", "MB", 1},
};

struct result {
	bool there[ROWS];
	double value[ROWS];
	unsigned n[ROWS];
};

struct plan {
	unsigned desktops, frames, keys, idles;
	uint64_t idle_us;
};

static const struct plan whole_plan = {5, 9, 60, 3, 10000000};
static const struct plan smoke_plan = {1, 1, 3, 1, 500000};

bool bench_fail(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "bench-desktop: ");
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return false;
}

static bool never(void *arg)
{
	return false;
}

bool bench_wait(struct bench *b, uint64_t us, bool (*ask)(void *arg), void *arg)
{
	uint64_t end = sp_now_us() + us;

	while (!b->stopped) {
		if (ask(arg)) {
			return true;
		}
		if (sp_now_us() >= end || sp_loop_turn(b->loop, 5000) != SP_OK) {
			return false;
		}
	}
	return false;
}

bool bench_rest(struct bench *b, uint64_t us)
{
	bench_wait(b, us, never, NULL);
	return !b->stopped;
}

/* ---- samples ---- */

struct samples {
	double v[MAX_SAMPLES];
	unsigned n;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* The value that the given part of the samples does not exceed. */
static void take(struct result *r, enum row row, struct samples *s, double part)
{
	if (s->n == 0) {
		return;
	}
	qsort(s->v, s->n, sizeof(*s->v), compare);
	unsigned at = (unsigned)ceil(part * s->n);
	r->value[row] = s->v[at > 0 ? at - 1 : 0];
	r->n[row] = s->n;
	r->there[row] = true;
}

static void add(struct samples *s, double v)
{
	if (s->n < MAX_SAMPLES) {
		s->v[s->n++] = v;
	}
}

/* ---- the measurements ---- */

static bool measure_desktops(
		struct bench *b, struct server *s, const struct plan *p, struct result *r)
{
	struct samples v = {.n = 0};

	for (unsigned i = 0; i < p->desktops; i++) {
		double ms;

		if (i > 0 && !server_end_desktop(b, s)) {
			return false;
		}
		if (!bench_rest(b, SETTLE_US)) {
			return false;
		}
		struct client *c = client_open(b, &s->target, &ms);
		if (!c) {
			return false;
		}
		add(&v, ms);
		client_close(c);
	}
	take(r, ROW_NEW, &v, 0.5);
	return true;
}

/* Leaves the last connection open. */
static struct client *measure_frames(
		struct bench *b, struct server *s, const struct plan *p, struct result *r)
{
	struct samples v = {.n = 0};
	struct client *c = NULL;
	double ms;

	for (unsigned i = 0; i < p->frames; i++) {
		client_close(c);
		if (!bench_rest(b, SETTLE_US)) {
			return NULL;
		}
		c = client_open(b, &s->target, &ms);
		if (!c) {
			return NULL;
		}
		add(&v, ms);
	}
	take(r, ROW_FIRST, &v, 0.5);
	return c;
}

static bool measure_keys(struct client *c, const struct plan *p, struct result *r)
{
	struct samples v = {.n = 0};
	uint32_t seed = 1;

	for (unsigned i = 0; i < p->keys; i++) {
		double ms;

		/* 250 to 450 ms: no multiple of anybody's timer. */
		seed = seed * 1664525u + 1013904223u;
		if (!client_rest(c, 250000 + (seed >> 8) % 200000) || !client_key(c, &ms)) {
			return false;
		}
		add(&v, ms);
	}
	take(r, ROW_KEY, &v, 0.5);
	take(r, ROW_KEY_P95, &v, 0.95);
	return true;
}

static bool measure_idle(
		const struct server *s, struct client *c, const struct plan *p, struct result *r)
{
	struct samples cpu = {.n = 0}, x = {.n = 0}, bytes = {.n = 0}, memory = {.n = 0};
	double to_10s = 10e6 / (double)p->idle_us;
	struct bench_usage from, to;

	if (!client_rest(c, SETTLE_US)) {
		return false;
	}
	for (unsigned i = 0; i < p->idles; i++) {
		bench_usage(s->stack, false, &from);
		uint64_t start = client_bytes(c);
		if (!client_rest(c, p->idle_us)) {
			return false;
		}
		bench_usage(s->stack, false, &to);
		add(&cpu, (to.cpu_ms[BENCH_STACK] - from.cpu_ms[BENCH_STACK]) * to_10s);
		add(&x, (to.cpu_ms[BENCH_X] - from.cpu_ms[BENCH_X]) * to_10s);
		add(&bytes, (double)(client_bytes(c) - start) * to_10s);
		bench_usage(s->stack, true, &to);
		if (to.all_pss) {
			add(&memory, to.pss_mb[BENCH_STACK]);
		}
	}
	take(r, ROW_IDLE_CPU, &cpu, 0.5);
	take(r, ROW_IDLE_X, &x, 0.5);
	take(r, ROW_IDLE_BYTES, &bytes, 0.5);
	take(r, ROW_MEMORY, &memory, 0.5);
	if (memory.n == 0) {
		bench_fail("%s: memory: only root may look into all of its processes", s->name);
	}
	return true;
}

static bool measure(struct bench *b, struct server *s, const struct plan *p, struct result *r)
{
	if (s->own_desktops && !measure_desktops(b, s, p, r)) {
		return false;
	}
	struct client *c = measure_frames(b, s, p, r);
	bool ok = c && measure_keys(c, p, r) && measure_idle(s, c, p, r);

	client_close(c);
	return ok;
}

/* ---- the tables ---- */

static void print_number(enum row row, const struct result *r, const char *none)
{
	if (r->there[row]) {
		printf("%.*f", rows[row].decimals, r->value[row]);
	} else {
		fputs(none, stdout);
	}
}

/* Less is better in all rows. */
static int best_peer(enum row row, const struct result *r)
{
	int best = 0;

	for (int i = 1; i < SERVERS; i++) {
		if (r[i].there[row] && (best == 0 || r[i].value[row] < r[best].value[row])) {
			best = i;
		}
	}
	return best;
}

static void print_json(const struct result *r)
{
	for (enum row row = 0; row < ROWS; row++) {
		int peer = best_peer(row, r);

		printf("{\"row\": \"%s\", \"unit\": \"%s\", \"ours\": ", rows[row].name,
				rows[row].unit);
		print_number(row, &r[0], "null");
		printf(", \"peer\": ");
		if (peer > 0) {
			print_number(row, &r[peer], "null");
			printf(", \"peer_name\": \"%s\"", servers[peer].version);
		} else {
			printf("null, \"peer_name\": null");
		}
		printf(", \"better\": \"lower\", \"n\": %u}\n", r[0].n[row]);
	}
}

/* Ours in parts of the best peer's; the figures move with the machine, this less so. */
static void print_ratio(enum row row, const struct result *r)
{
	int peer = best_peer(row, r);

	if (peer > 0 && r[0].there[row] && r[peer].value[row] > 0) {
		printf(" %10.2f", r[0].value[row] / r[peer].value[row]);
	} else {
		printf(" %10s", "-");
	}
}

static void print_table(const struct bench *b, const struct result *r)
{
	char head[128];

	snprintf(head, sizeof(head), "%ux%u, 32 bits, bitmap updates", b->w, b->h);
	printf("%-37s", head);
	for (int i = 0; i < SERVERS; i++) {
		printf(" %22s", servers[i].version[0] ? servers[i].version : servers[i].name);
	}
	printf(" %10s  %s\n", "ours/best", "n");
	for (enum row row = 0; row < ROWS; row++) {
		printf("%-34s %2s", rows[row].name, rows[row].unit);
		for (int i = 0; i < SERVERS; i++) {
			char text[32] = "-";

			if (r[i].there[row]) {
				snprintf(text, sizeof(text), "%.*f", rows[row].decimals,
						r[i].value[row]);
			}
			printf(" %22s", text);
		}
		print_ratio(row, r);
		printf("  %u/%u/%u\n", r[0].n[row], r[1].n[row], r[2].n[row]);
	}
}

/* ---- the run ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	return remove(path);
}

/* The probe goes where the account of a session may read and run it. */
static bool copy_probe(struct bench *b)
{
	char from[BENCH_PATH], to[BENCH_PATH];
	struct sp_rcbuf *program;

	snprintf(to, sizeof(to), "%s/" BENCH_PROBE, b->dir);
	if (sp_proc_find(BENCH_PROBE, from, sizeof(from)) != SP_OK ||
			sp_file_read(from, 16 << 20, &program) != SP_OK) {
		return bench_fail("cannot read " BENCH_PROBE);
	}
	bool ok = sp_file_write(to, 0755, sp_span(program->p, program->n)) == SP_OK;
	sp_rcbuf_unref(program);
	return ok || bench_fail("%s: %s", to, strerror(errno));
}

static void on_signal(void *user, int signo)
{
	struct bench *b = user;

	b->stopped = true;
}

static bool set_up(struct bench *b)
{
	snprintf(b->dir, sizeof(b->dir), "/tmp/bench-desktop-XXXXXX");
	if (sp_tls_init() != SP_OK || !bench_adopt() || !(b->loop = sp_loop_create()) ||
			!sp_loop_signal(b->loop, SIGINT, on_signal, b) ||
			!sp_loop_signal(b->loop, SIGTERM, on_signal, b) || !mkdtemp(b->dir)) {
		return bench_fail("%s", strerror(errno));
	}
	return chmod(b->dir, 0711) == 0 && copy_probe(b);
}

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
			"usage: bench-desktop [--json] [--smoke] [--only NAME] [--verbose]\n"
			"Measures our desktop, xrdp's and freerdp-shadow's (where installed; xrdp "
			"as\n"
			"root only) with the same client. --smoke: ours alone, a few samples.\n");
	return status;
}

static bool parse(int argc, char **argv, struct bench *b, bool *json, bool *smoke,
		const char **only, int *status)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
			{"smoke", no_argument, NULL, 's'}, {"only", required_argument, NULL, 'o'},
			{"verbose", no_argument, NULL, 'v'}, {"help", no_argument, NULL, 'h'},
			{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			*json = true;
			break;
		case 's':
			*smoke = true;
			break;
		case 'o':
			*only = optarg;
			break;
		case 'v':
			b->verbose = true;
			break;
		default:
			*status = usage(c == 'h' ? 0 : 2);
			return false;
		}
	}
	*status = optind < argc ? usage(2) : 0;
	return optind == argc;
}

int main(int argc, char **argv)
{
	struct bench b = {.w = 1920, .h = 1080};
	struct result results[SERVERS] = {0};
	bool json = false, smoke = false, ours = true;
	const char *only = NULL;
	int status;

	if (!parse(argc, argv, &b, &json, &smoke, &only, &status)) {
		return status;
	}
	sp_hostlog_open("bench-desktop", b.verbose ? SP_LOG_DEBUG : SP_LOG_ERROR);
	if (!set_up(&b)) {
		return 1;
	}
	for (int i = 0; i < SERVERS && !b.stopped; i++) {
		struct server *s = &servers[i];

		if (only ? strcmp(only, s->name) != 0 : smoke && i > 0) {
			continue;
		}
		bool ok = s->start(&b, s) &&
				measure(&b, s, smoke ? &smoke_plan : &whole_plan, &results[i]);
		ours = ours && (ok || i > 0);
		server_stop(&b, s);
	}
	if (json) {
		print_json(results);
	} else {
		print_table(&b, results);
	}
	sp_loop_destroy(b.loop);
	nftw(b.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return ours && !b.stopped ? 0 : 1;
}
