/* app/recording_audit.c - does the audit know a recording as it is? And who looks at it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/change.h"
#include "app/recording.h"
#include "app/json.h"
#include "host/audit/home.h"
#include "host/audit/store.h"

struct look {
	const char *id;
	struct sp_rec_reader *r;
	uint64_t marks, first_ns; /* first_ns: when the first record was written */
	bool known; /* the audit has its beginning */
	char *why; /* the first thing that is wrong */
};

static void compare(struct look *l, bool stop, uint64_t segments, struct sp_span chain)
{
	uint64_t have = sp_rec_reader_segments(l->r);
	uint8_t hash[SP_REC_HASH];

	if (segments > have) {
		snprintf(l->why, SP_REC_WHY,
				"segment %" PRIu64 ": is missing: the audit has %" PRIu64
				" of them",
				have, segments);
	} else if (sp_rec_reader_chain(l->r, segments, hash) != SP_OK ||
			!sp_span_eq(chain, sp_span(hash, sizeof(hash)))) {
		snprintf(l->why, SP_REC_WHY,
				"is not what was recorded: the audit has another chain behind "
				"segment %" PRIu64,
				segments > 0 ? segments - 1 : 0);
	} else if (stop && segments < have) {
		snprintf(l->why, SP_REC_WHY, "segment %" PRIu64 ": is one more than the audit has",
				segments);
	}
}

static int one(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct look *l = user;
	const struct sp_audit_field *chain = sp_audit_get(v, SP_F_CHAIN);

	l->first_ns = l->first_ns != 0 ? l->first_ns : r->wall_ns;
	if (!(v->kind == SP_AUDIT_RECORD_START || v->kind == SP_AUDIT_RECORD_MARK ||
			    v->kind == SP_AUDIT_RECORD_STOP || v->kind == SP_AUDIT_RECORD_GAP) ||
			!sp_audit_is(v, SP_F_RECORDING, l->id)) {
		return SP_OK;
	}
	l->known = true;
	if (chain != NULL) {
		l->marks++;
		compare(l, v->kind == SP_AUDIT_RECORD_STOP, sp_audit_get_num(v, SP_F_SEGMENTS),
				chain->bytes);
	}
	/* Behind its end there is nothing more of it. */
	return l->why[0] != '\0' || v->kind == SP_AUDIT_RECORD_STOP ? 1 : SP_OK;
}

static int unknown(const struct look *l)
{
	const struct sp_rec_start *start = sp_rec_reader_start(l->r);
	char when[32];

	app_time_text((int64_t)(l->first_ns / 1000000000), when);
	if (l->first_ns / 1000 > start->wall_us) {
		snprintf(l->why, SP_REC_WHY,
				"the audit does not know it, and has nothing from before %s", when);
	} else {
		snprintf(l->why, SP_REC_WHY, "the audit does not know it");
	}
	return SP_ENOTFOUND;
}

/* Each record of this service's audit, from that one on. */
static int each(const struct app_recording *a, uint64_t from, sp_audit_each_fn fn, void *user,
		char why[SP_AUDIT_WHY])
{
	char dir[sizeof(a->dir)];
	const char *slash = strrchr(a->dir, '/');
	uint64_t last;
	bool missing;

	why[0] = '\0';
	snprintf(dir, sizeof(dir), "%.*s/" SP_AUDIT_FOLDER,
			slash != NULL ? (int)(slash - a->dir) : 0, a->dir);
	struct sp_audit_store *st = sp_audit_store_read(dir, a->url, &missing, why);
	if (st == NULL) {
		return SP_EDB;
	}
	int rc = sp_audit_last(st, &last);
	if (rc == SP_OK) {
		rc = sp_audit_each(st, from > 0 ? from : 1, last, false, fn, user, NULL);
	}
	if (rc != SP_OK) {
		snprintf(why, SP_AUDIT_WHY, "%s",
				rc == SP_ENOMEM ? sp_err_text(rc) : sp_audit_store_why(st));
	}
	sp_audit_store_close(st);
	return rc;
}

int app_recording_marks(const struct app_recording *a, struct sp_rec_reader *r, uint64_t *marks,
		char why[SP_REC_WHY])
{
	struct look l = {.id = sp_rec_reader_start(r)->id, .r = r, .why = why};
	char trouble[SP_AUDIT_WHY];

	*marks = 0;
	int rc = each(a, a->from, one, &l, trouble);
	if (rc != SP_OK) {
		snprintf(why, SP_REC_WHY, "it is not compared with the audit: %.120s", trouble);
		rc = SP_ENOTFOUND;
	} else if (why[0] != '\0') {
		rc = SP_EDENIED;
	} else if (!l.known) {
		rc = unknown(&l);
	}
	*marks = l.marks;
	return rc;
}

static int note_start(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	struct app_recording_known *k = user;

	if (v->kind != SP_AUDIT_RECORD_START) {
		return SP_OK;
	}
	if (k->n == k->room) {
		size_t room = k->room == 0 ? 64 : 2 * k->room;
		void *more = reallocarray(k->one, room, sizeof(*k->one));

		if (more == NULL) {
			return SP_ENOMEM;
		}
		k->one = more;
		k->room = room;
	}
	sp_audit_copy(v, SP_F_RECORDING, k->one[k->n].id, sizeof(k->one[k->n].id));
	k->one[k->n].seq = r->seq;
	k->n += sp_rec_id_good(k->one[k->n].id);
	return SP_OK;
}

int app_recording_known(const struct app_recording *a, struct app_recording_known *out,
		char why[SP_REC_WHY])
{
	char trouble[SP_AUDIT_WHY];

	*out = (struct app_recording_known){.one = NULL};
	int rc = each(a, 0, note_start, out, trouble);
	if (rc != SP_OK) {
		snprintf(why, SP_REC_WHY, "the audit cannot be asked: %.120s", trouble);
		rc = SP_ENOTFOUND;
	}
	return rc;
}

/* ---- who looks ---- */

static void describe(struct app_recording_file *f, const char *what, struct sp_audit_event *e)
{
	bool export = strcmp(what, "export") == 0;
	struct sp_rec_frame frame;
	struct sp_rec_meta meta;
	char object[sizeof(meta.user) + 16];

	sp_audit_init(e, export ? SP_AUDIT_RECORD_EXPORT : SP_AUDIT_RECORD_PLAY, SP_OUTCOME_OK);
	sp_audit_text(e, SP_F_ACTION, what);
	sp_audit_text(e, SP_F_RECORDING, sp_rec_reader_start(f->r)->id);
	if (sp_rec_reader_next(f->r, &frame) > 0 && frame.kind == SP_REC_META &&
			sp_rec_meta_read(frame.data, &meta) == SP_OK) {
		snprintf(object, sizeof(object), "recording of %s", meta.user);
		sp_audit_text(e, SP_F_OBJECT, object);
		sp_audit_text(e, SP_F_SESSION, meta.session);
		sp_audit_text(e, SP_F_TARGET, meta.target);
	}
}

bool app_recording_tell(struct app_recording *a, struct app_recording_file *f, const char *what)
{
	static struct sp_conf_errors errors;
	static struct sp_audit_event e;
	struct sp_conf *c = calloc(1, sizeof(*c));
	char why[SP_TEXT_WHY] = "out of memory";
	int rc = c != NULL ? SP_OK : SP_ENOMEM;

	if (rc == SP_OK && f->by_id) {
		describe(f, what, &e);
	}
	app_recording_close(f);
	sp_rec_key_wipe(&a->key);
	if (rc == SP_OK && f->by_id) {
		rc = sp_conf_state(c, app_service_file(&a->w.service), &errors);
		snprintf(why, sizeof(why), "%.150s", errors.n > 0 ? errors.text[0] : "");
		struct app_change *ch = rc == SP_OK ? app_change_begin(c) : NULL;
		if (ch != NULL) {
			rc = app_change_tell(ch, &e, why);
		} else if (rc == SP_OK) {
			rc = SP_ESYS;
		}
		app_change_end(ch);
	}
	if (rc != SP_OK) {
		app_fail("recording", "the audit cannot be written, so it is not shown: %s", why);
	}
	free(c);
	return rc == SP_OK;
}
