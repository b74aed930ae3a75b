/* app/recording_look.c - `sallyport recording list`, `show` and `verify`. */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/json.h"
#include "app/recording.h"

/* What a recording shows of itself. */
struct summary {
	const struct sp_rec_start *start;
	uint64_t segments, last_us, bytes;
	enum sp_rec_state state;
	bool has_meta, has_end;
	struct sp_rec_meta meta;
	struct sp_rec_end end;
	uint64_t n[SP_REC_KIND_COUNT], of[SP_REC_KIND_COUNT]; /* frames and their bytes */
	char why[SP_REC_WHY];
};

static const char *const states[] = {[SP_REC_GROWING] = "unfinished",
		[SP_REC_WHOLE] = "whole",
		[SP_REC_TORN] = "torn",
		[SP_REC_DAMAGED] = "damaged"};

static const char *const kinds[SP_REC_KIND_COUNT] = {[SP_REC_META] = "meta",
		[SP_REC_HEADER] = "header",
		[SP_REC_OUT] = "out",
		[SP_REC_IN] = "in",
		[SP_REC_CHANNEL] = "channel",
		[SP_REC_RESIZE] = "resize",
		[SP_REC_MARK] = "mark",
		[SP_REC_CONFIRM] = "confirm",
		[SP_REC_END] = "end"};

static void take_frame(struct summary *s, const struct sp_rec_frame *f)
{
	uint32_t kind = f->kind < SP_REC_KIND_COUNT ? f->kind : SP_REC_NONE;

	s->n[kind]++;
	s->of[kind] += f->data.n;
	s->last_us = f->us;
	if (kind == SP_REC_META) {
		s->has_meta = sp_rec_meta_read(f->data, &s->meta) == SP_OK;
	} else if (kind == SP_REC_END) {
		s->has_end = sp_rec_end_read(f->data, &s->end) == SP_OK;
	}
}

/* All of its frames, where there is a key; else its segments. With `brief` only what comes first. */
static void summarize(struct app_recording_file *f, bool brief, struct summary *s)
{
	struct sp_rec_frame frame;
	int rc = SP_OK;

	memset(s, 0, sizeof(*s));
	s->start = sp_rec_reader_start(f->r);
	s->last_us = s->start->mono_us;
	s->bytes = f->bytes;
	while (f->opened && (rc = sp_rec_reader_next(f->r, &frame)) > 0) {
		take_frame(s, &frame);
		if (brief) {
			break;
		}
	}
	/* Without frames the heads say when each segment began. */
	if (rc >= 0) {
		rc = sp_rec_reader_scan(f->r);
	}
	s->segments = sp_rec_reader_segments(f->r);
	uint64_t us = 0;
	if (s->segments > 0 && sp_rec_reader_time(f->r, s->segments - 1, &us) == SP_OK &&
			us > s->last_us) {
		s->last_us = us;
	}
	s->state = sp_rec_reader_state(f->r);
	snprintf(s->why, sizeof(s->why), "%s", sp_rec_reader_why(f->r));
	if (rc < 0 && s->why[0] == '\0') {
		snprintf(s->why, sizeof(s->why), "%s",
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		s->state = SP_REC_DAMAGED;
	}
}

static double seconds(const struct summary *s)
{
	return (double)(s->last_us - s->start->mono_us) / 1e6;
}

static void json_meta(const struct summary *s)
{
	if (!s->has_meta) {
		return;
	}
	fputs(", \"user\": ", stdout);
	app_json_text(stdout, s->meta.user);
	fputs(", \"target\": ", stdout);
	app_json_text(stdout, s->meta.target);
	fputs(", \"from\": ", stdout);
	app_json_text(stdout, s->meta.from);
	fputs(", \"session\": ", stdout);
	app_json_text(stdout, s->meta.session);
	fputs(", \"host\": ", stdout);
	app_json_text(stdout, s->meta.host);
}

static void json_summary(const struct summary *s)
{
	printf("{\"id\": \"%s\", \"start\": ", s->start->id);
	app_json_time(stdout, (int64_t)(s->start->wall_us / 1000000));
	printf(", \"seconds\": %.3f, \"bytes\": %" PRIu64 ", \"segments\": %" PRIu64
	       ", \"state\": \"%s\"",
			seconds(s), s->bytes, s->segments, states[s->state]);
	if (s->why[0]) {
		fputs(", \"wrong\": ", stdout);
		app_json_text(stdout, s->why);
	}
	json_meta(s);
}

/* ---- list ---- */

static int is_recording(const struct dirent *d)
{
	return app_recording_named(d->d_name);
}

static bool is_empty(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size == 0;
}

static void list_one(const struct app_recording *a, const struct summary *s, size_t n)
{
	char when[32];

	if (a->w.json) {
		fputs(n > 0 ? ",\n " : "", stdout);
		json_summary(s);
		putchar('}');
		return;
	}
	app_time_text((int64_t)(s->start->wall_us / 1000000), when);
	if (n == 0) {
		printf("%-26s  %-20s %10s %12s  %-10s %s\n", "ID", "START", "SECONDS", "BYTES",
				"STATE", a->has_key ? "USER, TARGET" : "");
	}
	printf("%-26s  %-20s %10.1f %12" PRIu64 "  %-10s %s%s%s\n", s->start->id, when, seconds(s),
			s->bytes, states[s->state], s->has_meta ? s->meta.user : "",
			s->has_meta ? ", " : "", s->has_meta ? s->meta.target : "");
}

int app_recording_list(struct app_recording *a)
{
	struct dirent **names = NULL;
	static struct summary s;
	int status = APP_OK;
	size_t shown = 0;

	if (!app_recording_dir(a)) {
		return APP_FAILED;
	}
	int n = scandir(a->dir, &names, is_recording, alphasort);
	if (n < 0 && errno != ENOENT) {
		return app_fail("recording", "%s: %s", a->dir, strerror(errno));
	}
	fputs(a->w.json ? "[" : "", stdout);
	for (int i = 0; i < n; i++) {
		struct app_recording_file f;
		char path[1400], why[SP_REC_WHY];
		int rc;

		snprintf(path, sizeof(path), "%s/%s", a->dir, names[i]->d_name);
		if (is_empty(path)) {
			/* Its recorder is about to begin, or died before it could. */
		} else if ((rc = app_recording_look(a, path, &f, why)) == SP_OK) {
			summarize(&f, true, &s);
			list_one(a, &s, shown++);
			app_recording_close(&f);
		} else {
			if (rc == SP_EFIELD) {
				app_fail("recording", "%s: %s", path, why);
			}
			status = APP_FAILED;
		}
		free(names[i]);
	}
	free(names);
	fputs(a->w.json ? "]\n" : "", stdout);
	return status;
}

/* ---- show ---- */

static void show_text(const struct summary *s)
{
	char when[32];

	app_time_text((int64_t)(s->start->wall_us / 1000000), when);
	printf("%-10s %s\n%-10s %s\n%-10s %.1f s\n%-10s %" PRIu64 " in %" PRIu64 " segments\n",
			"id", s->start->id, "start", when, "length", seconds(s), "bytes", s->bytes,
			s->segments);
	printf("%-10s %s%s%s\n%-10s %zu\n", "state", states[s->state], s->why[0] ? ": " : "",
			s->why, "auditors", s->start->n_auditors);
	if (s->has_meta) {
		printf("%-10s %s\n%-10s %s\n%-10s %s\n%-10s %s\n%-10s %s\n", "user", s->meta.user,
				"target", s->meta.target, "from", s->meta.from, "session",
				s->meta.session, "host", s->meta.host);
	}
	for (size_t i = 1; i < SP_REC_KIND_COUNT; i++) {
		if (s->n[i] > 0) {
			printf("%-10s %" PRIu64 " frames, %" PRIu64 " bytes\n", kinds[i], s->n[i],
					s->of[i]);
		}
	}
	if (s->has_end) {
		printf("%-10s %s\n", "ended", s->end.text);
	}
}

static const char not_ours[] = "sealed for other auditors than this key's";

static void show_json(const struct summary *s)
{
	bool first = true;

	json_summary(s);
	fputs(", \"auditors\": [", stdout);
	for (size_t i = 0; i < s->start->n_auditors; i++) {
		fputs(i > 0 ? ", \"" : "\"", stdout);
		for (size_t k = 0; k < SP_REC_KEY_ID; k++) {
			printf("%02x", s->start->auditor[i][k]);
		}
		putchar('"');
	}
	fputs("], \"frames\": {", stdout);
	for (size_t i = 1; i < SP_REC_KIND_COUNT; i++) {
		if (s->n[i] > 0) {
			printf("%s\"%s\": {\"n\": %" PRIu64 ", \"bytes\": %" PRIu64 "}",
					first ? "" : ", ", kinds[i], s->n[i], s->of[i]);
			first = false;
		}
	}
	putchar('}');
	if (s->has_end) {
		fputs(", \"ended\": ", stdout);
		app_json_text(stdout, s->end.text);
	}
	puts("}");
}

int app_recording_show(struct app_recording *a)
{
	struct app_recording_file f;
	static struct summary s;
	char why[SP_REC_WHY];
	int rc = app_recording_look(a, a->w.word[1], &f, why);

	if (rc != SP_OK) {
		return rc == SP_EFIELD ? app_fail("recording", "%s: %s", a->w.word[1], why)
				       : APP_FAILED;
	}
	summarize(&f, false, &s);
	if (a->w.json) {
		show_json(&s);
	} else {
		show_text(&s);
		if (a->has_key && !f.opened) {
			printf("%-10s %s\n", "contents", not_ours);
		}
	}
	app_recording_close(&f);
	return APP_OK;
}

/* ---- verify ---- */

/* Of one that has not even a start. */
static void not_whole(const struct app_recording *a, const char *which, const char *state,
		const char *why, size_t n)
{
	if (a->w.json) {
		printf("%s{\"id\": ", n > 0 ? ",\n " : "");
		app_json_text(stdout, which);
		printf(", \"state\": \"%s\", \"wrong\": ", state);
		app_json_text(stdout, why);
		putchar('}');
	} else {
		printf("%s: %s: %s\n", which, state, why);
	}
}

static bool verify_one(struct app_recording *a, const char *which, size_t *n)
{
	struct app_recording_file f;
	static struct summary s;
	char why[SP_REC_WHY];
	int rc = app_recording_look(a, which, &f, why);

	if (rc == SP_EFIELD) {
		not_whole(a, which, states[SP_REC_DAMAGED], why, (*n)++);
	}
	if (rc != SP_OK) {
		return false;
	}
	summarize(&f, false, &s);
	/* Of one that is named by its path, the audit may be another service's. */
	uint64_t marks = 0;
	if (s.why[0] == '\0' && !app_recording_is(&f)) {
		snprintf(s.why, sizeof(s.why), "is not the one of that name, but %s", s.start->id);
		s.state = SP_REC_DAMAGED;
	} else if (f.by_id && s.why[0] == '\0' &&
			app_recording_marks(a, f.r, &marks, s.why) == SP_EDENIED) {
		s.state = SP_REC_DAMAGED;
	}
	/* Of its contents nothing can be said, which is not what was asked for. */
	if (s.why[0] == '\0' && a->has_key && !f.opened) {
		snprintf(s.why, sizeof(s.why), "%s", not_ours);
	}
	if (s.state != SP_REC_WHOLE && s.why[0] == '\0') {
		snprintf(s.why, sizeof(s.why),
				s.state == SP_REC_TORN ? "segment %" PRIu64 ": is cut off"
						       : "has no end: %" PRIu64 " segments",
				s.segments);
	}
	if (a->w.json) {
		fputs((*n)++ > 0 ? ",\n " : "", stdout);
		json_summary(&s);
		printf(", \"opened\": %s, \"marks\": %" PRIu64 "}", f.opened ? "true" : "false",
				marks);
	} else if (s.why[0] == '\0') {
		printf("%s: good, %" PRIu64 " segments%s%s\n", which, s.segments,
				marks > 0 ? ", as the audit has them"
						: f.by_id
						? ", of which the audit has the beginning only"
						: "",
				f.opened ? "" : " (their contents not looked at: no key)");
	} else {
		printf("%s: %s: %s\n", which, states[s.state], s.why);
	}
	app_recording_close(&f);
	return s.state == SP_REC_WHOLE && s.why[0] == '\0';
}

static bool knows(const struct app_recording_known *k, const char *id, uint64_t *seq)
{
	*seq = 0;
	for (size_t i = 0; i < k->n && *seq == 0; i++) {
		*seq = strcmp(k->one[i].id, id) == 0 ? k->one[i].seq : 0;
	}
	return *seq != 0;
}

static bool is_there(const struct app_recording *a, const char *id)
{
	char path[1400];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s.spr", a->dir, id);
	return lstat(path, &st) == 0;
}

/* All that are there, and those that the audit knows and that are not. */
static bool verify_all(struct app_recording *a, size_t *count)
{
	struct app_recording_known known;
	struct dirent **names = NULL;
	char why[SP_REC_WHY], id[SP_REC_ID + 1], path[1400];

	if (!app_recording_dir(a)) {
		return false;
	}
	bool good = app_recording_known(a, &known, why) == SP_OK;
	if (!good) {
		app_fail("recording", "%s", why);
	}
	int n = scandir(a->dir, &names, is_recording, alphasort);
	if (n < 0 && errno != ENOENT) {
		app_fail("recording", "%s: %s", a->dir, strerror(errno));
		good = false;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", a->dir, names[i]->d_name);
		snprintf(id, sizeof(id), "%.*s", SP_REC_ID, names[i]->d_name);
		free(names[i]);
		/* One that is empty and that the audit does not know was never begun. */
		if (knows(&known, id, &a->from) || !is_empty(path)) {
			good = verify_one(a, id, count) && good;
		}
	}
	free(names);
	for (size_t i = 0; i < known.n; i++) {
		if (!is_there(a, known.one[i].id)) {
			not_whole(a, known.one[i].id, "missing", "the audit has it", (*count)++);
			good = false;
		}
	}
	free(known.one);
	return good;
}

int app_recording_verify(struct app_recording *a)
{
	bool good = true;
	size_t n = 0;

	fputs(a->w.json ? "[" : "", stdout);
	for (size_t i = 1; i < a->w.n; i++) {
		good = verify_one(a, a->w.word[i], &n) && good;
	}
	if (a->w.n == 1) {
		good = verify_all(a, &n);
	}
	fputs(a->w.json ? "]\n" : "", stdout);
	return good ? APP_OK : APP_FAILED;
}
