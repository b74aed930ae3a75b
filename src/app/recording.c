/* app/recording.c - `sallyport recording`: keys of auditors, and what was recorded. */
#include "app/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/json.h"
#include "host/conf/conf.h"

bool app_recording_dir(struct app_recording *a)
{
	static struct sp_conf_errors errors;
	const char *file = a->dir[0] == '\0' ? app_service_file(&a->w.service) : "";
	struct sp_conf *c = a->dir[0] == '\0' ? calloc(1, sizeof(*c)) : NULL;
	bool good = a->dir[0] != '\0';

	if (!good && file != NULL && c == NULL) {
		app_fail("recording", "out of memory");
	} else if (!good && file != NULL) {
		good = sp_conf_state(c, file, &errors) == SP_OK;
		if (good) {
			snprintf(a->dir, sizeof(a->dir), "%s/recordings", c->state);
			snprintf(a->url, sizeof(a->url), "%s", c->store);
		} else {
			app_fail("recording", "%s", errors.n > 0 ? errors.text[0] : file);
		}
	}
	free(c);
	return good;
}

bool app_recording_key(struct app_recording *a)
{
	char *path = a->key_path, why[SP_REC_WHY];

	if (a->key_file != NULL) {
		snprintf(path, sizeof(a->key_path), "%s", a->key_file);
	} else if (a->w.service.dir != NULL) {
		snprintf(path, sizeof(a->key_path), "%s/auditor.key", a->w.service.dir);
	} else {
		return true;
	}
	int rc = sp_rec_key_load(&a->key, path, why);
	a->has_key = rc == SP_OK;
	if (rc != SP_OK && (a->key_file != NULL || rc != SP_ENOTFOUND)) {
		app_fail("recording", "%s", why);
		return false;
	}
	return true;
}

bool app_recording_named(const char *file)
{
	char id[SP_REC_ID + 1];

	snprintf(id, sizeof(id), "%s", file);
	return sp_rec_id_good(id) && strcmp(file + SP_REC_ID, ".spr") == 0;
}

/* The file of it; false, and said so. */
static bool open_file(struct app_recording *a, const char *which, struct app_recording_file *f)
{
	struct stat st;

	*f = (struct app_recording_file){.fd = -1};
	if (strchr(which, '/') != NULL || strstr(which, ".spr") != NULL) {
		snprintf(f->path, sizeof(f->path), "%s", which);
	} else if (!app_recording_find(a, which, f->path)) {
		return false;
	} else {
		f->by_id = true;
	}
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd >= 0 && fstat(f->fd, &st) == 0 && !S_ISREG(st.st_mode)) {
		app_fail("recording", "%s: is no file", f->path);
		app_recording_close(f);
		return false;
	}
	if (f->fd < 0 || fstat(f->fd, &st) != 0) {
		app_fail("recording", "%s: %s", f->path, strerror(errno));
		app_recording_close(f);
		return false;
	}
	f->bytes = (uint64_t)st.st_size;
	return true;
}

bool app_recording_open(struct app_recording *a, const char *which, struct app_recording_file *f)
{
	char why[SP_REC_WHY];

	if (!open_file(a, which, f)) {
		return false;
	}
	if (sp_rec_reader_open(&f->r, f->fd, a->has_key ? &a->key : NULL, why) != SP_OK) {
		app_fail("recording", "%s: %s", f->path, why);
		app_recording_close(f);
		return false;
	}
	f->opened = a->has_key;
	return true;
}

int app_recording_look(struct app_recording *a, const char *which, struct app_recording_file *f,
		char why[SP_REC_WHY])
{
	if (!open_file(a, which, f)) {
		return SP_ENOTFOUND;
	}
	int rc = sp_rec_reader_open(&f->r, f->fd, a->has_key ? &a->key : NULL, why);
	f->opened = rc == SP_OK && a->has_key;
	if (rc == SP_EDENIED) {
		rc = sp_rec_reader_open(&f->r, f->fd, NULL, why);
	}
	if (rc != SP_OK) {
		app_recording_close(f);
		if (rc != SP_EFIELD) {
			app_fail("recording", "%s: %s", f->path, why);
		}
	}
	return rc;
}

bool app_recording_is(const struct app_recording_file *f)
{
	const char *slash = strrchr(f->path, '/'), *name = slash != NULL ? slash + 1 : f->path;

	return !f->by_id || strncmp(name, sp_rec_reader_start(f->r)->id, SP_REC_ID) == 0;
}

void app_recording_close(struct app_recording_file *f)
{
	sp_rec_reader_destroy(f->r);
	f->r = NULL;
	if (f->fd >= 0) {
		close(f->fd);
	}
	f->fd = -1;
}

static int make_key(struct app_recording *a)
{
	char why[SP_REC_WHY], text[SP_REC_PUBLIC_TEXT];
	struct sp_rec_auditor pub;

	if (sp_rec_key_make(&a->key) != SP_OK) {
		return app_fail("recording", "no key can be made");
	}
	if (sp_rec_key_save(&a->key, a->w.word[1], why) != SP_OK) {
		return app_fail("recording", "%s", why);
	}
	memcpy(pub.pk, a->key.pk, sizeof(pub.pk));
	sp_rec_auditor_text(&pub, text);
	if (a->w.json) {
		fputs("{\"file\": ", stdout);
		app_json_text(stdout, a->w.word[1]);
		printf(", \"public\": \"%s\"}\n", text);
		return APP_OK;
	}
	printf("Written to %s: who has it can read recordings. Keep it away from the gate.\n"
	       "For the configuration:\n\n    auditors = [\"%s\"];\n",
			a->w.word[1], text);
	return APP_OK;
}

static const struct verb {
	const char *name;
	size_t least, most; /* words behind it */
	bool key; /* it reads recordings */
	const char *options; /* that belong to it, each with a space before and behind it */
	int (*run)(struct app_recording *a);
} verbs[] = {
		{"key", 1, 1, false, " --json ", make_key},
		{"list", 0, 0, true, " --json --key ", app_recording_list},
		{"show", 1, 1, true, " --json --key ", app_recording_show},
		{"verify", 0, APP_WORDS - 1, true, " --json --key ", app_recording_verify},
		{"play", 1, 1, true, " --key --at --speed --skip-idle --follow ",
				app_recording_play},
		/* It prints JSON whether that is asked for or not. */
		{"shot", 2, 2, true, " --json --key --at --pointer ", app_recording_shot},
		{"export", 2, 2, true, " --key --speed --skip-idle ", app_recording_export},
		{"index", 1, 1, true, " --key ", app_recording_index},
};

/* The first option that was given and does not belong to it; NULL: none. */
static const char *stray(const struct verb *v, const struct app_words *w,
		const struct app_option *options, size_t n)
{
	char word[32];

	for (size_t i = 0; i < n; i++) {
		const struct app_option *o = &options[i];
		bool given = o->flag != NULL ? *o->flag : *o->value != NULL;

		snprintf(word, sizeof(word), " %s ", o->name);
		if (given && strstr(v->options, word) == NULL) {
			return o->name;
		}
	}
	return w->json && strstr(v->options, " --json ") == NULL ? "--json" : NULL;
}

static int run(const struct app_command *self, int argc, char **argv)
{
	static struct app_recording a;
	const struct app_option options[] = {{"--key", NULL, &a.key_file},
			{"--at", NULL, &a.play.at}, {"--speed", NULL, &a.play.speed},
			{"--skip-idle", &a.play.skip_idle}, {"--follow", &a.play.follow},
			{"--pointer", &a.play.pointer}};
	int rc = app_words(&a.w, self, argc, argv, options, SP_LEN(options));

	if (rc != APP_GO_ON) {
		return rc;
	}
	if (a.w.n == 0) {
		return app_usage(self, "say what to do");
	}
	for (size_t i = 0; i < SP_LEN(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(v->name, a.w.word[0]) != 0) {
			continue;
		}
		if (a.w.n - 1 < v->least) {
			return app_usage(self, "%s: %s", v->name,
					v->run == make_key           ? "into which file?"
							: a.w.n == 1 ? "which? give an id or a file"
								     : "into which file?");
		}
		if (a.w.n - 1 > v->most) {
			return app_usage(self, "%s: one argument too many", v->name);
		}
		const char *option = stray(v, &a.w, options, SP_LEN(options));
		if (option != NULL) {
			return app_usage(self, "%s does not belong to %s", option, v->name);
		}
		if (v->key && !app_recording_key(&a)) {
			return APP_FAILED;
		}
		rc = v->run(&a);
		sp_rec_key_wipe(&a.key);
		return rc;
	}
	return app_usage(self, "%s: no such command", a.w.word[0]);
}

const struct app_command app_recording = {
		.name = "recording",
		.summary = "recorded sessions: keys of auditors, list, verify, play, export",
		.usage = "usage: sallyport recording key FILE\n"
			 "       sallyport recording list [--json]\n"
			 "       sallyport recording show ID [--json]\n"
			 "       sallyport recording verify [ID...] [--json]\n"
			 "       sallyport recording play ID [--at TIME] [--speed X] [--skip-idle] "
			 "[--follow]\n"
			 "       sallyport recording shot ID FILE.png [--at TIME] [--pointer]\n"
			 "       sallyport recording export ID FILE.mp4 [--speed X] [--skip-idle]\n"
			 "       sallyport recording index ID\n\n"
			 "key makes an auditor's pair of keys: the private one goes to FILE, the "
			 "public one is\n"
			 "printed for `auditors` of the configuration. Only with a private key can "
			 "recordings be\n"
			 "read, and all that is in them be verified; without one, only what stands "
			 "around it.\n"
			 "ID may be what only one id begins with, or the path of a file.\n\n"
			 "play shows one in a window: space pauses, arrows go ten seconds, + and - "
			 "change the\n"
			 "speed, i skips idle time, Home and End, f fills the screen, p hides the "
			 "pointer, q\n"
			 "ends; a click on the line goes there. shot writes one picture (of the "
			 "end without\n"
			 "--at), export a film. index makes anew what seeking is quick by.\n\n"
			 "verify follows the chain of segments; by its ID a recording is compared "
			 "with the\n"
			 "audit, too. Without an ID it takes all of this service, and names those "
			 "that the\n"
			 "audit knows and that are gone. Who plays, shoots or exports one by its "
			 "ID is\n"
			 "written into the audit.\n\n"
			 "  --at TIME   seconds since it began, or H:MM:SS\n"
			 "  --speed X   from 0.25 to 64\n"
			 "  --skip-idle leave out where nothing changes for two seconds\n"
			 "  --follow    of a session that runs: what there is now, and what comes\n"
			 "  --pointer   with the pointer in the picture, where it is known\n"
			 "  --key FILE  an auditor's private key (default with --dir: "
			 "DIR/auditor.key)\n"
			 "  -c FILE     the configuration (default " SP_CONF_FILE ")\n"
			 "  --dir DIR   the directory of a trial: DIR/sallyport.conf\n"
			 "  --json      print JSON\n",
		.run = run,
};
