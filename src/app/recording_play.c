/* app/recording_play.c - `sallyport recording play`, `shot`, `export` and `index`. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/recording.h"
#include "core/base/mem.h"
#include "host/audit/rec_index_start.h"
#include "host/io/fdio.h"
#include "host/io/proc.h"

#define SPEED_MIN 0.25
#define SPEED_MAX 64.0
#define ARGS 12

/* ---- which ---- */

bool app_recording_find(struct app_recording *a, const char *which, char out[1200])
{
	size_t n = strlen(which), found = 0;
	DIR *dir;

	if (!app_recording_dir(a)) {
		return false;
	}
	dir = opendir(a->dir);
	if (dir == NULL && errno != ENOENT) {
		app_fail(a->dir, "%s%s", strerror(errno),
				errno == EACCES && geteuid() != 0
						? "; only root may see this service's recordings"
						: "");
		return false;
	}
	for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
		if (app_recording_named(d->d_name) && strncmp(d->d_name, which, n) == 0) {
			snprintf(out, 1200, "%s/%.*s.spr", a->dir, SP_REC_ID, d->d_name);
			found++;
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	if (found != 1) {
		app_fail("recording",
				found == 0 ? "%s: no recording begins so"
					   : "%s: more than one recording begins so",
				which);
	}
	return found == 1;
}

/* ---- what a person wrote ---- */

/* "12.5", "2:03", "1:02:03.5" into microseconds. */
static bool take_time(const char *text, uint64_t *us)
{
	double total = 0;

	for (unsigned part = 0; part < 3; part++) {
		char *end;

		if (!(*text >= '0' && *text <= '9')) {
			return false;
		}
		double v = strtod(text, &end);
		total = total * 60 + v;
		if (*end == '\0') {
			*us = total < 1e9 ? (uint64_t)(total * 1e6 + 0.5) : 0;
			return total < 1e9;
		}
		if (*end != ':') {
			return false;
		}
		text = end + 1;
	}
	return false;
}

static bool take_speed(const char *text, double *speed)
{
	char *end;

	*speed = strtod(text, &end);
	return end != text && *end == '\0' && SPEED_MIN <= *speed && *speed <= SPEED_MAX;
}

/* Of one that was put in the place of another nothing is shown: by its path it can be looked at. */
static bool genuine(struct app_recording_file *f)
{
	if (!app_recording_is(f)) {
		app_fail(f->path, "is not the one of that name, but %s",
				sp_rec_reader_start(f->r)->id);
		app_recording_close(f);
		return false;
	}
	return true;
}

/* ---- the program that shows ---- */

static int show(struct app_recording *a, const char *verb, bool writes)
{
	char program[1024], at[48], speed[48], out[4200];
	const char *argv[ARGS] = {"sp-view", verb};
	struct app_recording_file f;
	double factor = 1;
	uint64_t us;
	size_t n = 4;

	if (a->play.at != NULL && !take_time(a->play.at, &us)) {
		return app_usage(
				a->w.self, "--at %.40s: not a time as 12.5 or 1:02:03", a->play.at);
	}
	if (a->play.speed != NULL && !take_speed(a->play.speed, &factor)) {
		return app_usage(a->w.self, "--speed %.40s: not a number from %g to %g",
				a->play.speed, SPEED_MIN, SPEED_MAX);
	}
	if (!a->has_key) {
		return app_fail("recording", "only who has an auditor's key can see it: --key");
	}
	if (!app_recording_open(a, a->w.word[1], &f) || !genuine(&f)) {
		return APP_FAILED;
	}
	argv[2] = f.path;
	argv[3] = a->key_path;
	if (writes) {
		int len = snprintf(out, sizeof(out), "out=%s", a->w.word[2]);

		if (!(len > 0 && (size_t)len < sizeof(out))) {
			app_recording_close(&f);
			return app_fail("recording", "%.40s...: name too long", a->w.word[2]);
		}
		argv[n++] = out;
	}
	if (a->play.at != NULL) {
		snprintf(at, sizeof(at), "at=%llu", (unsigned long long)us);
		argv[n++] = at;
	}
	snprintf(speed, sizeof(speed), "speed=%g", factor);
	argv[n++] = speed;
	argv[n] = "skip-idle";
	n += a->play.skip_idle;
	argv[n] = "follow";
	n += a->play.follow;
	argv[n] = "pointer";
	n += a->play.pointer;
	argv[n] = NULL;
	if (!app_recording_tell(a, &f, a->play.follow ? "follow" : verb)) {
		return APP_FAILED;
	}
	if (sp_proc_find("sp-view", program, sizeof(program)) != SP_OK) {
		return app_fail("recording", "sp-view is not there");
	}
	fflush(stdout);
	execv(program, (char *const *)argv);
	return app_fail(program, "%s", strerror(errno));
}

int app_recording_shot(struct app_recording *a)
{
	return show(a, "shot", true);
}

int app_recording_export(struct app_recording *a)
{
	a->play.pointer = true;
	return show(a, "export", true);
}

int app_recording_play(struct app_recording *a)
{
	a->play.pointer = true;
	return show(a, "play", false);
}

/* ---- index ---- */

/* Starts the indexer, gives it the key, and waits for it. */
static bool make_index(const struct app_recording_file *f, int index, const char *path)
{
	uint8_t key[SP_REC_KEY];
	char why[SP_WHY_MAX] = "", how[128];
	int pipes[2], status = -1;
	pid_t pid = -1;

	if (pipe2(pipes, O_CLOEXEC) != 0) {
		app_fail(path, "%s", strerror(errno));
		return false;
	}
	int rc = sp_rec_reader_key(f->r, key);
	struct sp_rec_index_job job = {
			.recording = f->fd, .index = index, .key_pipe = pipes[0], .log = 2};
	rc = rc == SP_OK ? sp_rec_index_start(&job, &pid, why) : rc;
	if (rc == SP_OK && write(pipes[1], key, sizeof(key)) != (ssize_t)sizeof(key)) {
		rc = SP_ESYS;
	}
	sp_wipe(key, sizeof(key));
	sp_fd_close(&pipes[0]);
	sp_fd_close(&pipes[1]); /* what is there now is to be read, no more */
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (rc != SP_OK) {
		app_fail(path, "%s", why[0] ? why : sp_err_text(rc));
		return false;
	}
	if (status != 0) {
		sp_proc_status_text(status, how, sizeof(how));
		app_fail(path, "the index is not made: its process %s", how);
		return false;
	}
	return true;
}

int app_recording_index(struct app_recording *a)
{
	struct app_recording_file f;
	char path[1400], part[1408];
	struct stat st;
	bool good;

	if (!a->has_key) {
		return app_fail("recording", "only who has an auditor's key can read it: --key");
	}
	if (!app_recording_open(a, a->w.word[1], &f) || !genuine(&f)) {
		return APP_FAILED;
	}
	size_t n = strlen(f.path);
	if (n < 4 || strcmp(f.path + n - 4, ".spr") != 0) {
		app_recording_close(&f);
		return app_fail(f.path, "its name does not end in .spr");
	}
	snprintf(path, sizeof(path), "%.*s" SP_REC_INDEX_SUFFIX, (int)(n - 4), f.path);
	snprintf(part, sizeof(part), "%s.part", path);
	/* Root writes here for the account whose folder it is, and follows none of its links. */
	if (unlink(part) != 0 && errno != ENOENT) {
		app_recording_close(&f);
		return app_fail(part, "%s", strerror(errno));
	}
	int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_APPEND | O_CLOEXEC, 0600);
	if (fd >= 0 && geteuid() == 0 && fstat(f.fd, &st) == 0 &&
			fchown(fd, st.st_uid, st.st_gid) != 0) {
		sp_fd_close(&fd);
		unlink(part);
	}
	if (fd < 0) {
		app_recording_close(&f);
		return app_fail(part, "%s", strerror(errno));
	}
	good = make_index(&f, fd, path) && fstat(fd, &st) == 0;
	if (good && rename(part, path) != 0) {
		app_fail(path, "%s", strerror(errno));
		good = false;
	}
	if (!good) {
		unlink(part);
	} else {
		printf("%s: %llu bytes\n", path, (unsigned long long)st.st_size);
	}
	close(fd);
	app_recording_close(&f);
	return good ? APP_OK : APP_FAILED;
}
