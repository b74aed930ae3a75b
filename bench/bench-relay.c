/* bench/bench-relay.c - what it costs to pass through sp-net, with TLS on both sides. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/io/cert.h"
#include "relay_floor.h"
#include "stage.h"

#define RUNS 5
#define ECHOES 2000
#define IDLE 100
#define OPENINGS 50

static struct stage stage;
static bool json;
static double seconds = 2;

/* peer < 0: there is none. */
static void row(const char *name, const char *unit, double ours, double peer, const char *peer_name,
		const char *better, int n)
{
	if (json && peer >= 0) {
		printf("{\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %.3f, \"peer\": %.3f, "
		       "\"peer_name\": \"%s\", \"better\": \"%s\", \"n\": %d}\n",
				name, unit, ours, peer, peer_name, better, n);
	} else if (json) {
		printf("{\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %.3f, \"peer\": null, "
		       "\"peer_name\": null, \"better\": \"%s\", \"n\": %d}\n",
				name, unit, ours, better, n);
	} else if (peer >= 0) {
		printf("%-40s %10.3f %-5s %10.3f %s\n", name, ours, unit, peer, peer_name);
	} else {
		printf("%-40s %10.3f %s\n", name, ours, unit);
	}
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return v[n / 2];
}

/* ---- what is measured ---- */

/* Time on a processor, from the scheduler's own account: nanoseconds. */
static double cpu_s(pid_t pid)
{
	char path[64];
	unsigned long long ns = 0;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	FILE *f = fopen(path, "r");
	if (f) {
		if (fscanf(f, "%llu", &ns) != 1) {
			ns = 0;
		}
		fclose(f);
	}
	return (double)ns / 1e9;
}

static double pss_mb(pid_t pid)
{
	char path[64], line[256];
	unsigned long kb = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Pss: %lu kB", &kb) == 1) {
			break;
		}
	}
	if (f) {
		fclose(f);
	}
	return (double)kb / 1024;
}

static double floor_per_gb(void)
{
	double v[RUNS];
	struct sp_rcbuf *cert, *key;

	if (sp_cert_make("floor.test", 2, &cert, &key) != SP_OK) {
		return -1;
	}
	for (size_t i = 0; i < RUNS; i++) {
		v[i] = relay_floor(sp_span(cert->p, cert->n), sp_span(key->p, key->n), seconds);
	}
	sp_rcbuf_unref(cert);
	sp_cert_key_free(key);
	return median(v, RUNS);
}

static bool throughput(void)
{
	double per_gb[RUNS], rate[RUNS];
	struct session s = {0};
	bool ok = stage_begin(&stage, &s) && stage_wait_active(&s);

	for (size_t i = 0; ok && i < RUNS + 1; i++) {
		s.pour = true;
		stage_pour(&s);
		uint64_t got = s.got, from = sp_now_us(),
			 to = from + (uint64_t)(seconds * STAGE_SECOND);
		double cpu = cpu_s(s.pid);
		while (!s.failed && stage_turn(&stage, to)) {
			stage_pour(&s);
		}
		double gb = (double)(s.got - got) / 1e9;
		/* The first one warms up. */
		if (i > 0) {
			per_gb[i - 1] = (cpu_s(s.pid) - cpu) / gb;
			rate[i - 1] = gb * 1e3 / ((double)(sp_now_us() - from) / 1e6);
		}
		ok = !s.failed || stage_fail("session lost");
	}
	stage_end(&s);
	if (ok) {
		row("relayed, 16 KiB records: CPU of sp-net", "s/GB", median(per_gb, RUNS),
				floor_per_gb(), "bare OpenSSL relay", "lower", RUNS);
		row("relayed, 16 KiB records: rate", "MB/s", median(rate, RUNS), -1, "", "higher",
				RUNS);
	}
	return ok;
}

/* Key to answer, in milliseconds. */
static bool echo(bool through, double *out)
{
	static double took[ECHOES];
	struct sp_input_event ev = {.kind = SP_INPUT_SCANCODE, .code = 30};
	struct session s = {0};
	bool ok = (through ? stage_begin(&stage, &s) : stage_begin_direct(&stage, &s)) &&
			stage_wait_active(&s);

	for (size_t i = 0; ok && i < ECHOES; i++) {
		uint64_t want = s.echoes + 1, from = sp_now_us();

		ev.key = i % 2 ? SP_KEY_RELEASE : 0;
		ok = sp_client_input(sp_conn_rdp(s.client), &ev, 1) == SP_OK;
		while (ok && s.echoes < want && !s.failed) {
			ok = stage_turn(&stage, from + STAGE_SECOND);
		}
		took[i] = (double)(sp_now_us() - from) / 1e3;
		ok = (ok && !s.failed) || stage_fail("no answer to a key");
	}
	stage_end(&s);
	*out = ok ? median(took, ECHOES) : 0;
	return ok;
}

static bool latency(void)
{
	double direct, through;
	bool ok = echo(false, &direct) && echo(true, &through);

	if (ok) {
		row("key to answer, direct", "ms", direct, -1, "", "lower", ECHOES);
		row("key to answer, through sp-net", "ms", through, -1, "", "lower", ECHOES);
		row("added latency", "ms", through - direct, -1, "", "lower", ECHOES);
	}
	return ok;
}

static bool memory(void)
{
	static struct session s[IDLE];
	double pss[IDLE];
	size_t n = 0;
	bool ok = true;

	for (; ok && n < IDLE; n++) {
		ok = stage_begin(&stage, &s[n]) && stage_wait_active(&s[n]);
	}
	uint64_t rest = sp_now_us() + STAGE_SECOND;
	while (ok && stage_turn(&stage, rest)) {
	}
	for (size_t i = 0; ok && i < n; i++) {
		pss[i] = pss_mb(s[i].pid);
		ok = pss[i] > 0 || stage_fail("its memory cannot be read; try as root");
	}
	for (size_t i = 0; i < n; i++) {
		stage_end(&s[i]);
	}
	if (ok) {
		row("PSS of an idle session, of a hundred", "MB", median(pss, IDLE), -1, "",
				"lower", IDLE);
	}
	return ok;
}

/* The whole way to an active session, the login itself left out. One after the other. */
static bool openings(void)
{
	uint64_t from = sp_now_us();
	bool ok = true;

	for (size_t i = 0; ok && i < OPENINGS; i++) {
		struct session s = {0};

		ok = stage_begin(&stage, &s) && stage_wait_active(&s);
		stage_end(&s);
	}
	if (ok) {
		row("sessions opened, without login", "1/s",
				OPENINGS / ((double)(sp_now_us() - from) / 1e6), -1, "", "higher",
				OPENINGS);
	}
	return ok;
}

static int usage(int status)
{
	fprintf(status ? stderr : stdout,
			"usage: bench-relay [--json] [--verbose] [--seconds S] [--net SP-NET]\n"
			"One sp-net between a client and a target that are this program; %d runs "
			"of S "
			"seconds.\n",
			RUNS);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, 'j'},
			{"verbose", no_argument, NULL, 'v'},
			{"seconds", required_argument, NULL, 's'},
			{"net", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
			{NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'j') {
			json = true;
		} else if (c == 'v') {
			stage.verbose = true;
		} else if (c == 's') {
			seconds = strtod(optarg, NULL);
		} else if (c == 'n') {
			snprintf(stage.program, sizeof(stage.program), "%s", optarg);
		} else {
			return usage(c == 'h' ? 0 : 2);
		}
	}
	if (optind < argc || !(seconds > 0 && seconds <= 60)) {
		return usage(2);
	}
	/* It stands one folder above in a build. */
	if (stage.program[0] == '\0') {
		char self[400];
		ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		char *slash = NULL;

		for (int i = 0; i < 2 && n > 0; i++) {
			self[i == 0 ? n : slash - self] = '\0';
			slash = strrchr(self, '/');
		}
		snprintf(stage.program, sizeof(stage.program), "%.*s/sp-net",
				slash ? (int)(slash - self) : 0, self);
	}
	signal(SIGPIPE, SIG_IGN);
	bool ok = stage_open(&stage) && throughput() && latency() && memory() && openings();
	stage_close(&stage);
	return ok ? 0 : 1;
}
