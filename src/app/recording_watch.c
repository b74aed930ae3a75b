/* app/recording_watch.c - `sallyport session watch`: a session that runs, by its recording. */
#include <string.h>

#include "app/recording.h"
#include "host/monitor/admin.h"

int app_recording_watch(const struct app_command *self, const struct app_service *service,
		const char *key_file, const struct sp_admin_session *s)
{
	static struct app_recording a;
	static char id[SP_ADMIN_NAME];

	a.w.self = self;
	a.w.service = *service;
	a.key_file = key_file;
	if (!app_recording_key(&a)) {
		return APP_FAILED;
	}
	if (!a.has_key) {
		return app_fail("session", "only who has an auditor's key can watch: --key");
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
