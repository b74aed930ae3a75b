/* bench/audit_index.c - what the index of a recording costs: a process beside the sessions, not in their way. */
#include "audit_record.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/audit/rec_index_start.h"
#include "host/audit/rec_read.h"
#include "host/io/proc.h"

#define REEL "01HZXW5V4T3R2Q1P0N9M8K7J6G"
#define LENGTH "120" /* of each of its parts */
#define PICTURES 8

/* The session with every codec that the tests have. */
static bool make(const char *programs, const char *dir)
{
	char path[600], why[SP_WHY_MAX];
	const char *argv[] = {"make_reel", dir, LENGTH, NULL};
	int status = 1;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/tests/player/make_reel", programs);
	struct sp_proc_spec spec = {
			.path = path, .argv = argv, .out = -1, .err = -1, .death_signal = SIGKILL};
	if (sp_proc_start(&spec, &pid, why) != SP_OK) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool key_of(int recording, const char *file, uint8_t out[SP_REC_KEY])
{
	struct sp_rec_reader *r;
	struct sp_rec_key key;
	char why[SP_REC_WHY];

	if (sp_rec_key_load(&key, file, why) != SP_OK ||
			sp_rec_reader_open(&r, recording, &key, why) != SP_OK) {
		fprintf(stderr, "%s\n", why);
		return false;
	}
	int rc = sp_rec_reader_key(r, out);
	sp_rec_reader_destroy(r);
	return rc == SP_OK;
}

/* Seconds of the processor that the maker of an index took. */
static bool index_it(const char *programs, int recording, int index, const uint8_t key[SP_REC_KEY],
		double *cpu)
{
	const char *argv[] = {"sp-player", "--index", "beside", NULL};
	char path[600], why[SP_WHY_MAX];
	struct rusage used;
	int pipes[2], status = 1;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0) {
		return false;
	}
	snprintf(path, sizeof(path), "%s/sp-player", programs);
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.own_output = true,
			.fds = (int[]){recording, index, pipes[0]},
			.nfds = 3,
			.death_signal = SIGKILL};
	bool ok = sp_proc_start(&spec, &pid, why) == SP_OK &&
			write(pipes[1], key, SP_REC_KEY) == SP_REC_KEY;
	close(pipes[0]);
	close(pipes[1]);
	ok = ok && wait4(pid, &status, 0, &used) == pid && status == 0;
	*cpu = ok ? (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
					(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) /
							1e6
		  : 0;
	return ok;
}

static bool measure(const char *programs, const char *file, const char *auditor, const char *to)
{
	uint8_t key[SP_REC_KEY];
	struct stat a, b;
	double cpu;
	int recording = open(file, O_RDONLY | O_CLOEXEC);
	int index = open(to, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = recording >= 0 && index >= 0 && key_of(recording, auditor, key) &&
			index_it(programs, recording, index, key, &cpu) &&
			fstat(recording, &a) == 0 && fstat(index, &b) == 0;

	if (ok) {
		audit_row("index of all codecs: CPU of sp-player, nobody waits for it", "s/GB",
				cpu / ((double)a.st_size / 1e9), "lower", 1);
		audit_row("index of all codecs: bytes beside those of the recording", "%",
				(double)b.st_size * 100 / (double)a.st_size, "lower", 1);
	}
	close(recording);
	close(index);
	return ok;
}

bool audit_index(const char *programs, const char *where)
{
	char dir[512], file[600], auditor[600], to[600];

	snprintf(dir, sizeof(dir), "%s/bench-index-XXXXXX", where);
	if (mkdtemp(dir) == NULL) {
		perror(dir);
		return false;
	}
	snprintf(file, sizeof(file), "%s/" REEL ".spr", dir);
	snprintf(auditor, sizeof(auditor), "%s/auditor.key", dir);
	snprintf(to, sizeof(to), "%s/" REEL SP_REC_INDEX_SUFFIX, dir);
	bool ok = make(programs, dir) && measure(programs, file, auditor, to);
	for (int i = 1; i <= PICTURES; i++) {
		char png[600];

		snprintf(png, sizeof(png), "%s/%d.png", dir, i);
		unlink(png);
	}
	unlink(file);
	unlink(auditor);
	unlink(to);
	rmdir(dir);
	return ok;
}
