/* app/recording_watch.c - `sallyport session watch`: a session that runs, by its recording. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/recording.h"
#include "host/monitor/admin.h"

#define FIRST 4 /* frames among which it says whose it is */

static bool is_of(struct sp_rec_reader *r, const struct sp_admin_session *s)
{
	struct sp_rec_frame frame;
	struct sp_rec_meta meta;

	for (unsigned i = 0; i < FIRST && sp_rec_reader_next(r, &frame) == 1; i++) {
		if (frame.kind == SP_REC_META && sp_rec_meta_read(frame.data, &meta) == SP_OK) {
			/* One of the two may have more behind the address. */
			size_t n = strlen(meta.from), m = strlen(s->source);

			return strcmp(meta.user, s->user) == 0 &&
					strcmp(meta.target, s->target) == 0 &&
					strncmp(meta.from, s->source, n < m ? n : m) == 0;
		}
	}
	return false;
}

/* When it began, if it is one that runs and of this session; 0 otherwise. */
static uint64_t look(struct app_recording *a, const char *path, const struct sp_admin_session *s)
{
	struct sp_rec_reader *r = NULL;
	char why[SP_REC_WHY];
	uint64_t wall = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && sp_rec_reader_open(&r, fd, &a->key, why) == SP_OK && is_of(r, s) &&
			sp_rec_reader_scan(r) == SP_OK && sp_rec_reader_state(r) != SP_REC_WHOLE) {
		wall = sp_rec_reader_start(r)->wall_us;
	}
	sp_rec_reader_destroy(r);
	if (fd >= 0) {
		close(fd);
	}
	return wall;
}

static bool find(struct app_recording *a, const struct sp_admin_session *s, char out[1400])
{
	uint64_t newest = 0;
	DIR *dir = opendir(a->dir);

	for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
		char path[1400];
		size_t n = strlen(d->d_name);

		if (n < 4 || strcmp(d->d_name + n - 4, ".spr") != 0) {
			continue;
		}
		snprintf(path, sizeof(path), "%s/%s", a->dir, d->d_name);
		uint64_t wall = look(a, path, s);
		if (wall > newest) {
			newest = wall;
			memcpy(out, path, sizeof(path));
		}
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return newest > 0;
}

int app_recording_watch(const struct app_command *self, const struct app_service *service,
		const char *key_file, const struct sp_admin_session *s)
{
	static struct app_recording a;
	static char path[1400];

	a.w.self = self;
	a.w.service = *service;
	a.key_file = key_file;
	if (!app_recording_key(&a) || !app_recording_dir(&a)) {
		return APP_FAILED;
	}
	if (!a.has_key) {
		return app_fail("session", "only who has an auditor's key can watch: --key");
	}
	if (!find(&a, s, path)) {
		sp_rec_key_wipe(&a.key);
		return app_fail("session", "%u: not recorded for this key, or over", s->id);
	}
	a.w.word[0] = "play";
	a.w.word[1] = path;
	a.w.n = 2;
	a.play.follow = true;
	return app_recording_play(&a);
}
