/* app/recording_watch.c - `sallyport session watch`: a session that runs, by its recording. */
#include <string.h>

#include "app/recording.h"
#include "host/monitor/admin.h"

static bool take_key(struct app_recording *a)
{
	if (!app_recording_key(a)) {
		return false;
	}
	if (!a->has_key) {
		app_fail("session", "only who has an auditor's key can watch: --key");
	}
	return a->has_key;
}

bool app_recording_watcher(const struct app_service *service, const char *key_file)
{
	static struct app_recording a;

	a.w.service = *service;
	a.key_file = key_file;
	bool good = take_key(&a);
	sp_rec_key_wipe(&a.key);
	return good;
}

int app_recording_watch(const struct app_command *self, const struct app_service *service,
		const char *key_file, const struct sp_admin_session *s)
{
	static struct app_recording a;
	static char id[SP_ADMIN_NAME];

	a.w.self = self;
	a.w.service = *service;
	a.key_file = key_file;
	if (!take_key(&a)) {
		return APP_FAILED;
	}
	if (!sp_rec_id_good(s->recording)) {
		sp_rec_key_wipe(&a.key);
		return app_fail("session", "%u: is not recorded", s->id);
	}
	memcpy(id, s->recording, sizeof(id));
	a.w.word[0] = "play";
	a.w.word[1] = id;
	a.w.n = 2;
	a.play.follow = true;
	return app_recording_play(&a);
}
