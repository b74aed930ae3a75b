/* app/recording_audit.c - does the audit know a recording as it is? */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/recording.h"
#include "host/audit/home.h"
#include "host/audit/store.h"

struct look {
	const char *id;
	struct sp_rec_reader *r;
	uint64_t marks;
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

	if ((v->kind == SP_AUDIT_RECORD_MARK || v->kind == SP_AUDIT_RECORD_STOP ||
			    v->kind == SP_AUDIT_RECORD_GAP) &&
			chain != NULL && sp_audit_is(v, SP_F_RECORDING, l->id)) {
		l->marks++;
		compare(l, v->kind == SP_AUDIT_RECORD_STOP, sp_audit_get_num(v, SP_F_SEGMENTS),
				chain->bytes);
	}
	return l->why[0] != '\0' ? 1 : SP_OK;
}

uint64_t app_recording_marks(
		const struct app_recording *a, struct sp_rec_reader *r, char why[SP_REC_WHY])
{
	struct look l = {.id = sp_rec_reader_start(r)->id, .r = r, .why = why};
	char dir[sizeof(a->dir)], trouble[SP_AUDIT_WHY];
	const char *slash = strrchr(a->dir, '/');
	uint64_t last;
	bool missing;

	if (slash == NULL) {
		return 0;
	}
	snprintf(dir, sizeof(dir), "%.*s/" SP_AUDIT_FOLDER, (int)(slash - a->dir), a->dir);
	struct sp_audit_store *st = sp_audit_store_read(dir, a->url, &missing, trouble);
	if (st == NULL) {
		return 0;
	}
	if (sp_audit_last(st, &last) != SP_OK ||
			sp_audit_each(st, 1, last, false, one, &l, NULL) != SP_OK) {
		l.marks = 0;
	}
	sp_audit_store_close(st);
	return l.marks;
}
