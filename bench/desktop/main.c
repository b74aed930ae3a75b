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
	ROW_TEXT_SHOWN, /* the rows of a workload stand together, in this order */
	ROW_TEXT_CPU,
	ROW_TEXT_BYTES,
	ROW_TEXT_PSNR,
	ROW_TEXT_SSIM,
	ROW_TEXT_EXACT,
	ROW_VIDEO_SHOWN,
	ROW_VIDEO_CPU,
	ROW_VIDEO_BYTES,
	ROW_VIDEO_PSNR,
	ROW_VIDEO_SSIM,
	ROW_VIDEO_REST,
	ROW_VIDEO_EXACT,
	ROW_AVC_SHOWN,
	ROW_AVC_CPU,
	ROW_AVC_BYTES,
	ROW_AVC_PSNR,
	ROW_AVC_SSIM,
	ROW_AVC_REST,
	ROW_AVC_EXACT,
	ROWS,
};

static const struct {
	const char *name, *unit;
	int decimals;
	bool higher; /* is better */
} rows[ROWS] = {
		[ROW_NEW] = {"new desktop to first frame", "ms", 1},
		[ROW_FIRST] = {"first frame of an existing desktop", "ms", 1},
		[ROW_KEY] = {"key press to pixel, median", "ms", 2},
		[ROW_KEY_P95] = {"key press to pixel, p95", "ms", 2},
		[ROW_IDLE_CPU] = {"idle: server CPU in 10 s", "ms", 1},
		[ROW_IDLE_X] = {"idle: X server CPU in 10 s", "ms", 1},
		[ROW_IDLE_BYTES] = {"idle: bytes sent in 10 s", "B", 0},
		[ROW_MEMORY] = {"memory (PSS) without the X server", "MB", 1},
		[ROW_TEXT_SHOWN] = {"text, 100 lines/s: shown", "/s", 1, true},
		[ROW_TEXT_CPU] = {"text: server CPU per 10 s", "s", 2},
		[ROW_TEXT_BYTES] = {"text: sent", "MB/s", 3},
		[ROW_TEXT_PSNR] = {"text: PSNR", "dB", 1, true},
		[ROW_TEXT_SSIM] = {"text: SSIM", "", 4, true},
		[ROW_TEXT_EXACT] = {"text: exact after it stopped", "ms", 0},
		[ROW_VIDEO_SHOWN] = {"video, 30 frames/s: shown", "/s", 1, true},
		[ROW_VIDEO_CPU] = {"video: server CPU per frame", "ms", 2},
		[ROW_VIDEO_BYTES] = {"video: sent", "MB/s", 3},
		[ROW_VIDEO_PSNR] = {"video: PSNR", "dB", 1, true},
		[ROW_VIDEO_SSIM] = {"video: SSIM", "", 4, true},
		[ROW_VIDEO_REST] = {"video: PSNR 200 ms after it stopped", "dB", 1, true},
		[ROW_VIDEO_EXACT] = {"video: exact after it stopped", "ms", 0},
		[ROW_AVC_SHOWN] = {"video by H.264: shown", "/s", 1, true},
		[ROW_AVC_CPU] = {"video by H.264: server CPU per frame", "ms", 2},
		[ROW_AVC_BYTES] = {"video by H.264: sent", "MB/s", 3},
		[ROW_AVC_PSNR] = {"video by H.264: PSNR", "dB", 1, true},
		[ROW_AVC_SSIM] = {"video by H.264: SSIM", "", 4, true},
		[ROW_AVC_REST] = {"video by H.264: PSNR 200 ms after", "dB", 1, true},
		[ROW_AVC_EXACT] = {"video by H.264: exact after", "ms", 0},
};

struct result {
	bool there[ROWS];
	double value[ROWS];
	unsigned n[ROWS];
};

struct plan {
	unsigned desktops, frames, keys, idles, works;
	uint64_t idle_us, work_us;
};

static const struct plan whole_plan = {5, 9, 60, 3, 2, 10000000, 10000000};
static const struct plan smoke_plan = {1, 1, 3, 1, 1, 500000, 1000000};

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

struct work_cost {
	const struct server *server;
	const struct client *client;
	struct bench_usage from, to;
	uint64_t from_bytes, to_bytes;
};

static void work_began(void *arg)
{
	struct work_cost *w = arg;

	bench_usage(w->server->stack, false, &w->from);
	w->from_bytes = client_bytes(w->client);
}

static void work_ended(void *arg)
{
	struct work_cost *w = arg;

	w->to_bytes = client_bytes(w->client);
	bench_usage(w->server->stack, false, &w->to);
}

enum work_row {
	WORK_SHOWN,
	WORK_CPU,
	WORK_BYTES,
	WORK_PSNR,
	WORK_SSIM,
	WORK_REST, /* of films only */
	WORK_EXACT,
	WORK_ROWS,
};

/* One workload over one connection; the rows from first on. */
static bool measure_work(struct bench *b, const struct server *s, enum client_graphics graphics,
		enum picture_work work, const struct plan *p, enum row first, struct result *r)
{
	struct client_target target = s->target;
	struct samples v[WORK_ROWS] = {{.n = 0}};
	double seconds = (double)p->work_us / 1e6, ms;

	target.graphics = graphics;
	if (!bench_rest(b, SETTLE_US)) {
		return false;
	}
	struct work_cost cost = {.server = s, .client = client_open(b, &target, &ms)};
	struct client *c = (struct client *)cost.client;
	bool ok = c;
	for (unsigned i = 0; ok && i < p->works; i++) {
		struct client_seen seen;

		ok = client_work(c, work, p->work_us, work_began, work_ended, &cost, &seen);
		if (!ok) {
			break;
		}
		double cpu = cost.to.cpu_ms[BENCH_STACK] - cost.from.cpu_ms[BENCH_STACK];
		if (s->x_encodes) {
			cpu += cost.to.cpu_ms[BENCH_X] - cost.from.cpu_ms[BENCH_X];
		}
		add(&v[WORK_SHOWN], seen.shown / seconds);
		add(&v[WORK_BYTES], (double)(cost.to_bytes - cost.from_bytes) / seconds / 1e6);
		if (work == PICTURE_TEXT) {
			add(&v[WORK_CPU], cpu / seconds / 100);
		} else if (seen.shown > 0) {
			add(&v[WORK_CPU], cpu / seen.shown);
		}
		if (seen.psnr >= 0) {
			add(&v[WORK_PSNR], seen.psnr);
			add(&v[WORK_SSIM], seen.ssim);
		}
		add(&v[WORK_REST], seen.rest_psnr);
		if (seen.exact_ms >= 0) {
			add(&v[WORK_EXACT], seen.exact_ms);
		}
	}
	client_close(c);
	for (enum work_row i = 0; i < WORK_ROWS; i++) {
		if (work == PICTURE_VIDEO || i != WORK_REST) {
			take(r, first++, &v[i], 0.5);
		}
	}
	return ok;
}

/* One that cannot show a workload is left without its rows, not without the others. */
static void measure_works(struct bench *b, struct server *s, const struct plan *p, struct result *r)
{
	static const struct {
		enum picture_work work;
		enum row first;
		bool avc;
	} works[] = {{PICTURE_TEXT, ROW_TEXT_SHOWN, false}, {PICTURE_VIDEO, ROW_VIDEO_SHOWN, false},
			{PICTURE_VIDEO, ROW_AVC_SHOWN, true}};

	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]) && !b->stopped; i++) {
		if ((!works[i].avc || s->avc) &&
				!measure_work(b, s, works[i].avc ? CLIENT_AVC : s->graphics,
						works[i].work, p, works[i].first, r)) {
			bench_fail("%s: %s cannot be measured", s->name, rows[works[i].first].name);
		}
	}
}

static bool measure(struct bench *b, struct server *s, const struct plan *p, struct result *r)
{
	if (s->own_desktops && !measure_desktops(b, s, p, r)) {
		return false;
	}
	struct client *c = measure_frames(b, s, p, r);
	bool ok = c && measure_keys(c, p, r) && measure_idle(s, c, p, r);

	client_close(c);
	if (ok) {
		measure_works(b, s, p, r);
	}
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

static int best_peer(enum row row, const struct result *r)
{
	int best = 0;

	for (int i = 1; i < SERVERS; i++) {
		if (r[i].there[row] &&
				(best == 0 ||
						(rows[row].higher ? r[i].value[row] > r[best].value[row]
								  : r[i].value[row] < r[best].value[row]))) {
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
		printf(", \"better\": \"%s\", \"n\": %u}\n", rows[row].higher ? "higher" : "lower",
				r[0].n[row]);
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

	snprintf(head, sizeof(head), "%ux%u, 32 bits", b->w, b->h);
	printf("%-41s", head);
	for (int i = 0; i < SERVERS; i++) {
		printf(" %22s", servers[i].version[0] ? servers[i].version : servers[i].name);
	}
	printf(" %10s  %s\n", "ours/best", "n");
	for (enum row row = 0; row < ROWS; row++) {
		printf("%-36s %4s", rows[row].name, rows[row].unit);
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
