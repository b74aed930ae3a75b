/* app/recording.h - what the commands about recordings share: whose key, and which file. */
#ifndef SP_APP_RECORDING_H
#define SP_APP_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "app/words.h"
#include "host/audit/rec_read.h"
#include "host/conf/conf.h"

struct app_recording {
	struct app_words w; /* word[0] is what to do */
	const char *key_file; /* --key */
	char dir[1100]; /* recordings of the service; read when first needed */
	char url[SP_CONF_URL]; /* of a server with the audit; empty: it is beside them */
	char key_path[1100]; /* where the key was, when has_key */
	bool has_key;
	struct sp_rec_key key;
	uint64_t from; /* record of the audit with which the next one begins; 0: look for it */
	struct { /* of play, shot and export */
		const char *at, *speed;
		bool skip_idle, follow, pointer;
	} play;
};

/* One that is open. */
struct app_recording_file {
	char path[1200];
	bool by_id; /* in the service's folder, by its name: what is in it must be that one */
	int fd;
	uint64_t bytes;
	bool opened; /* with the key: its frames can be read */
	struct sp_rec_reader *r;
};

/* The folder that the service keeps recordings in; false, and said so, when it is not to be known. */
bool app_recording_dir(struct app_recording *a);
/* The auditor's key, when one is named or a trial has one. False, and said so, when it is no good. */
bool app_recording_key(struct app_recording *a);
/* Is it the name that the service gives to a recording? Others are none of its. */
bool app_recording_named(const char *file);
/* By its id, by what only its id begins with, or by a path with a '/' or ".spr" in it. False, and said so. */
bool app_recording_open(struct app_recording *a, const char *which, struct app_recording_file *f);
/*
 * To look at what stands around its frames: also where the key is none of its auditors'.
 * SP_OK; SP_EFIELD, and why, for one that is damaged from its start on; others are said.
 */
sp_nodiscard int app_recording_look(struct app_recording *a, const char *which,
		struct app_recording_file *f, char why[SP_REC_WHY]);
/* False when another one has taken the place of the one that was asked for by its id. */
bool app_recording_is(const struct app_recording_file *f);
void app_recording_close(struct app_recording_file *f);

/* recording_audit.c */
/* The recordings that the audit knows, the oldest first. */
struct app_recording_known {
	struct {
		char id[SP_REC_ID + 1];
		uint64_t seq; /* of its record.start */
	} * one;
	size_t n, room;
};
/* Whatever it is, free(out->one). SP_ENOTFOUND and why when the audit cannot be read. */
sp_nodiscard int app_recording_known(const struct app_recording *a, struct app_recording_known *out,
		char why[SP_REC_WHY]);
/*
 * Compares it, whose heads were read, with what the audit of this service has of it, and counts the
 * marks. SP_OK; SP_EDENIED, and why, when it is not that; SP_ENOTFOUND, and why, when the audit
 * does not know it or cannot be read.
 */
sp_nodiscard int app_recording_marks(const struct app_recording *a, struct sp_rec_reader *r,
		uint64_t *marks, char why[SP_REC_WHY]);
/*
 * Writes into the audit of this service, before it happens, who looks at this recording of it, and
 * what for: "play". Of a copy elsewhere nothing is written. False, and said so, when it cannot be.
 * Wipes the key, since a process of another account does it.
 */
sp_nodiscard bool app_recording_tell(
		struct app_recording *a, struct app_recording_file *f, const char *what);

/* recording_look.c */
int app_recording_list(struct app_recording *a);
int app_recording_show(struct app_recording *a);
int app_recording_verify(struct app_recording *a);

/* recording_play.c */
/* The one whose id begins so; false, and said so, when there is none or more than one. */
bool app_recording_find(struct app_recording *a, const char *which, char out[1200]);
int app_recording_play(struct app_recording *a);
/* Whether there is an auditor's key; false, and said so. */
bool app_recording_watcher(const struct app_service *service, const char *key_file);
/*
 * Shows a session that runs, by its recording: the newest without an end that is of this user,
 * target and address. The exit status, if it comes back.
 */
struct sp_admin_session;
int app_recording_watch(const struct app_command *self, const struct app_service *service,
		const char *key_file, const struct sp_admin_session *s);
int app_recording_shot(struct app_recording *a);
int app_recording_export(struct app_recording *a);
int app_recording_index(struct app_recording *a);

#endif
