/* bench/audit_record.c - a session through the real sp-net and into the real sp-recorder. */
#include "audit_record.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/scribe/recorder.h"
#include "host/audit/rec_read.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "stage.h"

#define RUNS 3
#define SECONDS 2

bool audit_json;

static struct stage stage;
static struct sp_rec_key key;
static char programs[480]; /* the folder of sp-net and sp-recorder */

void audit_row(const char *name, const char *unit, double ours, const char *better, int n)
{
	if (audit_json) {
		printf("{\"row\": \"%s\", \"unit\": \"%s\", \"ours\": %.3f, \"peer\": null, "
		       "\"peer_name\": null, \"better\": \"%s\", \"n\": %d}\n",
				name, unit, ours, better, n);
	} else {
		printf("%-60s %10.3f %s\n", name, ours, unit);
	}
	fflush(stdout);
}

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

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double v[RUNS])
{
	qsort(v, RUNS, sizeof(*v), compare);
	return v[RUNS / 2];
}

/* ---- a recorder ---- */

struct recorder {
	pid_t pid;
	int stream, link, parent, file;
};

static bool start(struct recorder *r, const char *where)
{
	const char *argv[] = {"sp-recorder", NULL};
	struct sp_msg_record_begin m = {.host = "bench", .of = {.n_auditors = 1}};
	static struct sp_mon_in in;
	char path[512], why[SP_WHY_MAX];
	int stream[2], link[2], parent[2];

	snprintf(path, sizeof(path), "%s/bench-record-XXXXXX", where);
	r->file = mkostemp(path, O_APPEND | O_CLOEXEC);
	if (r->file < 0 || unlink(path) != 0 || sp_ipc_pair(link) != SP_OK ||
			sp_ipc_pair(parent) != SP_OK ||
			socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream) != 0) {
		perror(where);
		return false;
	}
	snprintf(path, sizeof(path), "%s/sp-recorder", programs);
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.out = -1,
			.err = -1,
			.fds = (int[]){stream[1], r->file, link[1], parent[1]},
			.nfds = 4,
			.death_signal = SIGKILL};
	bool ok = sp_proc_start(&spec, &r->pid, why) == SP_OK;
	close(stream[1]);
	close(link[1]);
	close(parent[1]);
	r->parent = parent[0];
	r->stream = stream[0];
	r->link = link[0];
	memset(m.id, 'A', SP_REC_ID);
	memcpy(m.of.auditor[0], key.pk, sizeof(key.pk));
	for (int i = 0; ok && i < 2; i++) {
		int rc;

		while ((rc = sp_mon_recv(r->link, &in)) == 0) {
			usleep(1000);
		}
		ok = rc == 1 && (i > 0 || sp_mon_say(r->link, RECORD_BEGIN, &m) == SP_OK);
	}
	return ok;
}

static void finish(struct recorder *r)
{
	int status;

	close(r->stream);
	waitpid(r->pid, &status, 0);
	close(r->link);
	close(r->parent);
	close(r->file);
}

/* ---- through the relay ---- */

/* CPU of sp-net per GB that the client gets, and of the recorder; it is none when where is NULL. */
static bool pour(const char *where, double *net, double *rec)
{
	struct recorder r = {0};
	struct session s = {.grant = {.record = where != NULL, .record_required = 1}};

	if (where && !start(&r, where)) {
		return false;
	}
	s.recorder = r.stream;
	bool ok = stage_begin(&stage, &s) && stage_wait_active(&s);
	s.pour = true;
	stage_pour(&s);
	uint64_t got = s.got, to = sp_now_us() + SECONDS * STAGE_SECOND;
	double net_cpu = cpu_s(s.pid), rec_cpu = where ? cpu_s(r.pid) : 0;
	while (ok && !s.failed && stage_turn(&stage, to)) {
		stage_pour(&s);
	}
	double gb = (double)(s.got - got) / 1e9;
	*net = (cpu_s(s.pid) - net_cpu) / gb;
	*rec = where ? (cpu_s(r.pid) - rec_cpu) / gb : 0;
	ok = ok && !s.failed && gb > 0;
	stage_end(&s);
	if (where) {
		finish(&r);
	}
	return ok || stage_fail("session lost");
}

static bool relayed(const char *where)
{
	double plain[RUNS], with[RUNS], recorder[RUNS], none;

	for (int i = 0; i < RUNS; i++) {
		if (!pour(NULL, &plain[i], &none) || !pour(where, &with[i], &recorder[i])) {
			return false;
		}
	}
	double tap = median(with) - median(plain), rest = median(recorder);
	audit_row("recorded, packed pictures: CPU of sp-net's tap", "s/GB", tap, "lower", RUNS);
	audit_row("recorded, packed pictures: CPU of sp-recorder", "s/GB", rest, "lower", RUNS);
	audit_row("recorded, packed pictures: CPU on top of the relay", "s/GB", tap + rest, "lower",
			RUNS);
	return true;
}

/* ---- what shrinks, and what idles ---- */

/* Bytes as plain bitmaps have them: runs, and a few colours. */
static void fill_plain(uint8_t *p, size_t n)
{
	uint32_t x = 1;

	for (size_t i = 0; i < n;) {
		size_t run;

		x = x * 1664525 + 1013904223;
		run = 1 + (x >> 24) % 40;
		for (; run > 0 && i < n; run--) {
			p[i++] = (uint8_t)(x >> 29 << 3);
		}
	}
}

static bool plain(const char *where)
{
	static uint8_t frame[SP_REC_STREAM_HEAD + 16000];
	struct recorder r;
	const size_t count = 20000;
	struct stat st;

	if (!start(&r, where)) {
		return false;
	}
	fill_plain(frame, sizeof(frame));
	struct sp_wr w;
	sp_wr_fixed(&w, frame, SP_REC_STREAM_HEAD);
	sp_wr_u8(&w, SP_REC_OUT);
	sp_wr_zero(&w, 3);
	sp_wr_le32(&w, sizeof(frame) - SP_REC_STREAM_HEAD);
	double cpu = cpu_s(r.pid);
	for (size_t i = 0; i < count; i++) {
		size_t at = 0;

		/* Not the same twice, or it would pack too well. */
		frame[SP_REC_STREAM_HEAD + i % 16000] ^= 0x55;
		while (at < sizeof(frame)) {
			ssize_t n = send(r.stream, frame + at, sizeof(frame) - at, MSG_NOSIGNAL);

			if (n <= 0) {
				return false;
			}
			at += (size_t)n;
		}
	}
	usleep(1500000);
	double gb = (double)count * sizeof(frame) / 1e9;
	cpu = cpu_s(r.pid) - cpu;
	bool ok = fstat(r.file, &st) == 0;
	finish(&r);
	if (ok) {
		audit_row("recorded, plain bitmaps: CPU of sp-recorder", "s/GB", cpu / gb, "lower",
				1);
		audit_row("recorded, plain bitmaps: bytes on disk", "GB/GB",
				(double)st.st_size / 1e9 / gb, "lower", 1);
	}
	return ok;
}

/* An hour by the recorder's clock, in which `each` seconds something small moves; 0: nothing. */
static bool hour(const char *name, const char *where, unsigned each)
{
	struct sp_recorder_conf c = {.rec = {.mono_us = 1000000, .n_auditors = 1}};
	struct sp_recorder *r;
	struct sp_rec_head head;
	uint64_t bytes;
	char path[512];
	bool said, ok = true;

	snprintf(path, sizeof(path), "%s/bench-record-XXXXXX", where);
	c.file = mkostemp(path, O_APPEND | O_CLOEXEC);
	unlink(path);
	memset(c.rec.id, 'A', SP_REC_ID);
	memcpy(c.rec.auditor[0].pk, key.pk, sizeof(key.pk));
	if (c.file < 0 || sp_recorder_create(&r, &c) != SP_OK) {
		return false;
	}
	for (uint64_t s = 1; s <= 3600 && ok; s++) {
		uint64_t now = 1000000 + s * 1000000;

		if (each > 0 && s % each == 0) {
			size_t room;
			uint8_t *to = sp_recorder_room(r, &room);

			memcpy(to, (uint8_t[]){SP_REC_OUT, 0, 0, 0, 90, 0, 0, 0}, 8);
			for (size_t i = 0; i < 90; i++) {
				to[8 + i] = (uint8_t)rand();
			}
			ok = sp_recorder_took(r, 98, now) == SP_OK;
		}
		ok = ok && sp_recorder_tick(r, now) == SP_OK;
	}
	ok = ok && sp_recorder_end(r, 3700000000, "", &said) == SP_OK;
	sp_recorder_last(r, &head, &bytes);
	sp_recorder_destroy(r);
	close(c.file);
	if (ok) {
		audit_row(name, "MB", (double)bytes / 1e6, "lower", 1);
	}
	return ok;
}

bool audit_record(const char *where)
{
	/* They lie one folder above this program. */
	ssize_t n = readlink("/proc/self/exe", programs, sizeof(programs) - 1);
	for (int up = 0; n > 0 && up < 2; up++) {
		while (n > 0 && programs[--n] != '/') {
		}
		programs[n] = '\0';
	}
	snprintf(stage.program, sizeof(stage.program), "%s/sp-net", programs);
	if (sp_rec_key_make(&key) != SP_OK || !stage_open(&stage)) {
		return false;
	}
	bool ok = relayed(where) && plain(where) &&
			hour("recorded hour in which nothing moves", where, 0) &&
			hour("recorded hour in which a cursor blinks", where, 1) &&
			audit_index(programs, where);
	stage_close(&stage);
	return ok;
}
