/* player/view.c - sp-view: what `sallyport recording play`, shot and export start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/audit/rec_index.h"
#include "host/audit/rec_index_start.h"
#include "host/audit/rec_read.h"
#include "host/io/hostlog.h"
#include "player/show.h"

#define NEAR_US 60000000 /* so much of a recording may have no index at its end */

/*
 * sp-view VERB RECORDING KEY [OUT] [at=MICROSECONDS] [speed=X] [skip-idle] [follow] [pointer]: from a
 * command that has looked at what a person wrote. It is a program of its own, for the libraries of
 * windows and films.
 */
static int say(const char *what, const char *why)
{
	fprintf(stderr, "sallyport: recording: %s: %s\n", what, why);
	return 1;
}

/* Beside the recording; -1: there is none, and one does without. */
static int open_index(const char *recording)
{
	char path[1400];
	size_t n = strlen(recording);

	if (n < 4 || n >= sizeof(path) - 4 || strcmp(recording + n - 4, ".spr") != 0) {
		return -1;
	}
	snprintf(path, sizeof(path), "%.*s" SP_REC_INDEX_SUFFIX, (int)(n - 4), recording);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* Whether an index goes on to where its recording ends, or follows it. */
static bool reaches(int recording, int index, const struct sp_rec_key *key)
{
	struct sp_rec_reader *r;
	struct sp_rec_index *x = NULL;
	uint8_t own[SP_REC_KEY];
	char why[SP_REC_WHY];
	uint64_t end = 0;
	bool good = false;

	if (sp_rec_reader_open(&r, recording, key, why) != SP_OK) {
		return true; /* the player says what is wrong */
	}
	if (sp_rec_reader_key(r, own) == SP_OK && sp_rec_reader_scan(r) == SP_OK &&
			sp_rec_reader_segments(r) > 0 &&
			sp_rec_reader_time(r, sp_rec_reader_segments(r) - 1, &end) == SP_OK &&
			sp_rec_index_open(&x, index, sp_rec_reader_start(r)->id, own) == SP_OK) {
		size_t n = sp_rec_index_count(x);
		bool grows = sp_rec_reader_state(r) == SP_REC_GROWING;

		good = n > 0 && (grows || sp_rec_index_entry(x, n - 1)->us + NEAR_US >= end);
	}
	sp_wipe(own, sizeof(own));
	sp_rec_index_destroy(x);
	sp_rec_reader_destroy(r);
	return good;
}

/*
 * An index that is in no file: made behind the player's back while it plays. Without it one seeks
 * as slowly as before. Its maker ends with us.
 */
static int make_index(int recording, const struct sp_rec_key *key)
{
	struct sp_rec_reader *reader;
	uint8_t own[SP_REC_KEY];
	char why[SP_REC_WHY], said[SP_WHY_MAX];
	int fd = memfd_create("sallyport-index", MFD_CLOEXEC), pipes[2];
	pid_t pid;

	if (fd < 0 || pipe2(pipes, O_CLOEXEC) != 0) {
		return fd;
	}
	int rc = sp_rec_reader_open(&reader, recording, key, why);
	if (rc == SP_OK) {
		rc = sp_rec_reader_key(reader, own);
		sp_rec_reader_destroy(reader);
	}
	if (rc == SP_OK) {
		struct sp_rec_index_job job = {.recording = recording,
				.index = fd,
				.key_pipe = pipes[0],
				.log = -1};
		rc = sp_rec_index_start(&job, &pid, said);
	}
	if (rc != SP_OK || write(pipes[1], own, sizeof(own)) != (ssize_t)sizeof(own)) {
		sp_fd_close(&pipes[1]);
	}
	/* Its other end stays open as long as we are there: a recording that grows is followed. */
	sp_wipe(own, sizeof(own));
	sp_fd_close(&pipes[0]);
	return fd;
}

static bool take(struct show *s, const char *arg)
{
	if (strncmp(arg, "at=", 3) == 0) {
		s->at_us = strtoull(arg + 3, NULL, 10);
	} else if (strncmp(arg, "speed=", 6) == 0) {
		s->speed = strtod(arg + 6, NULL);
	} else if (strcmp(arg, "skip-idle") == 0) {
		s->skip_idle = true;
	} else if (strcmp(arg, "follow") == 0) {
		s->follow = true;
	} else if (strcmp(arg, "pointer") == 0) {
		s->pointer = true;
	} else if (strncmp(arg, "out=", 4) == 0) {
		s->out = arg + 4;
	} else {
		return false;
	}
	return true;
}

static int open_player(struct show *s, const char *recording, const char *key_file, bool seeks)
{
	struct sp_player_conf conf = {.index = -1};
	struct sp_rec_key key;
	char why[SP_REC_WHY] = "";

	if (sp_rec_key_load(&key, key_file, why) != SP_OK) {
		fprintf(stderr, "sallyport: recording: %s\n", why);
		return -1;
	}
	conf.recording = open(recording, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (conf.recording < 0) {
		sp_rec_key_wipe(&key);
		say(recording, strerror(errno));
		return -1;
	}
	conf.index = open_index(recording);
	if (seeks && conf.index >= 0 && !reaches(conf.recording, conf.index, &key)) {
		sp_fd_close(&conf.index);
	}
	if (seeks && conf.index < 0) {
		conf.index = make_index(conf.recording, &key);
	}
	conf.key = &key;
	int rc = sp_player_open(&s->player, &conf, why);
	sp_rec_key_wipe(&key);
	close(conf.recording);
	if (conf.index >= 0) {
		close(conf.index);
	}
	if (rc != SP_OK) {
		say(recording, why);
		return -1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(struct show *s, char why[SHOW_WHY]);
		bool writes;
	} verbs[] = {{"shot", show_still, true}, {"export", show_film, true},
			{"play", show_window, false}};
	struct show s = {.at_us = SP_PLAYER_END, .speed = 1};
	char why[SHOW_WHY] = "";

	sp_hostlog_open("sp-view", SP_LOG_WARN);
	for (int i = 4; i < argc; i++) {
		if (!take(&s, argv[i])) {
			return say(argv[i], "not known here");
		}
	}
	for (size_t i = 0; argc >= 4 && i < SP_LEN(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0 || verbs[i].writes != (s.out != NULL)) {
			continue;
		}
		if (open_player(&s, argv[2], argv[3], verbs[i].run == show_window) != 0) {
			return 1;
		}
		int rc = verbs[i].run(&s, why);
		sp_player_destroy(s.player);
		return rc == SP_OK ? 0 : say(argv[2], why);
	}
	return say("sp-view", "is started by 'sallyport recording'");
}
