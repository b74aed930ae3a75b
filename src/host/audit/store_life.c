/* host/audit/store_life.c - beginning and ending a service's hand in the audit, and letting records go. */
#include "host/audit/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "host/audit/store_part.h"

#define CHUNK 2000 /* records that are removed at once: others wait that long */
#define ANCHORS 4096 /* days' keys in what is removed at once */

/* ---- the start ---- */

/* Without keys: this only finds what a crash could have done. */
static int look_at_tail(struct sp_audit_store *st, struct sp_audit_found *out)
{
	static struct sp_chain c;
	uint64_t first = st->head.seq > SP_AUDIT_TAIL ? st->head.seq - SP_AUDIT_TAIL : 1;
	struct sp_stmt *s = sp_audit_stmt(
			st, "SELECT seq, bytes, hash FROM record WHERE seq >= ?1 ORDER BY seq");
	int rc;

	sp_chain_init(&c, NULL);
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, (int64_t)first);
	while ((rc = sp_stmt_step(s)) == 1) {
		rc = sp_chain_feed(&c, sp_stmt_col_int(s, 0), sp_stmt_col_bytes(s, 1),
				sp_stmt_col_bytes(s, 2));
		if (rc != SP_OK) {
			break;
		}
	}
	sp_stmt_reset(s);
	if (rc == SP_EDB) {
		return sp_audit_db_fail(st, rc);
	}
	out->checked = c.records;
	if (rc == SP_OK && c.seq != st->head.seq) {
		rc = sp_chain_fail(&c, c.seq + 1, "record %" PRIu64 " is missing", c.seq + 1);
	} else if (rc == SP_OK && memcmp(c.hash, st->head.hash, sizeof(c.hash)) != 0) {
		rc = sp_chain_fail(&c, c.seq, "record %" PRIu64 " is not the last one", c.seq);
	}
	if (rc != SP_OK) {
		out->bad = c.bad;
		snprintf(out->why, sizeof(out->why), "%s", c.why);
	}
	return SP_OK;
}

struct last {
	struct sp_audit_now at;
	uint8_t boot[SP_RECORD_BOOT];
};

static int note_last(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct last *l = user;

	l->at = (struct sp_audit_now){r->mono_ns, r->wall_ns};
	memcpy(l->boot, r->boot, sizeof(l->boot));
	return 1;
}

static int look_at_last(struct sp_audit_store *st, struct sp_audit_found *out)
{
	struct last l = {.at = {0, 0}};
	int rc = sp_audit_each(st, 1, UINT64_MAX, true, note_last, &l, NULL);

	out->last = l.at;
	out->same_boot = l.at.wall_ns != 0 && memcmp(l.boot, st->boot, sizeof(l.boot)) == 0;
	return rc;
}

/* Rows behind the signed end were told to nobody: the chain goes on where it ends. */
static int cut(struct sp_audit_store *st, struct sp_audit_found *out)
{
	struct sp_stmt *s = sp_audit_stmt(st, "DELETE FROM record WHERE seq > ?1 OR seq < 1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, (int64_t)st->head.seq);
	int rc = sp_audit_run(st, s);
	if (rc == SP_OK) {
		int64_t n = sp_db_changes(st->db);
		out->cut = n > 0 ? (uint64_t)n : 0;
	}
	return rc;
}

static int tell_recovered(
		struct sp_audit_store *st, struct sp_audit_now now, const struct sp_audit_found *f)
{
	struct sp_audit_event e;

	sp_audit_init(&e, SP_AUDIT_AUDIT_RECOVERED,
			f->bad != 0 ? SP_OUTCOME_FAILED : SP_OUTCOME_OK);
	if (f->bad != 0) {
		sp_audit_set_severity(&e, SP_SEVERITY_CRITICAL);
		sp_audit_text(&e, SP_F_TEXT, f->why);
		sp_audit_num(&e, SP_F_CHECK_SEQ, f->bad);
	}
	sp_audit_num(&e, SP_F_COUNT, f->cut);
	return sp_audit_append(st, sp_span(e.b, e.n), now, NULL);
}

/* Senders of long ago send nothing again. */
static int forget_senders(struct sp_audit_store *st)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			"DELETE FROM sender WHERE id NOT IN"
			" (SELECT id FROM sender ORDER BY at DESC LIMIT 64)");

	return s == NULL ? SP_EDB : sp_audit_run(st, s);
}

static int start(struct sp_audit_store *st, struct sp_audit_now now, struct sp_audit_found *out)
{
	int rc = forget_senders(st);

	/* A command may have written before there ever was a service. */
	out->fresh = st->head.since == st->head.seq;
	out->crashed = st->head.living;
	st->head.living = true;
	if (rc == SP_OK && out->fresh) {
		return sp_audit_checkpoint(st, now);
	}
	if (rc == SP_OK) {
		rc = cut(st, out);
	}
	if (rc == SP_OK && (out->crashed || out->cut > 0)) {
		rc = look_at_tail(st, out);
	}
	if (rc == SP_OK) {
		rc = look_at_last(st, out);
	}
	if (rc == SP_OK && (out->crashed || out->cut > 0)) {
		rc = tell_recovered(st, now, out);
	}
	return rc;
}

int sp_audit_start(struct sp_audit_store *st, struct sp_audit_now now, struct sp_audit_found *out)
{
	memset(out, 0, sizeof(*out));
	int rc = sp_audit_begin(st);
	if (rc != SP_OK) {
		return rc;
	}
	out->lost = st->lost;
	memcpy(out->before, st->before, sizeof(out->before));
	st->service = true;
	rc = start(st, now, out);
	if (rc != SP_OK) {
		sp_audit_rollback(st);
		st->service = false;
		return rc;
	}
	rc = sp_audit_commit(st, now);
	if (rc == SP_OK && sp_audit_is_new_day(st, now)) {
		rc = sp_audit_turn_day(st, now);
	}
	return rc;
}

int sp_audit_stop(struct sp_audit_store *st, struct sp_audit_now now)
{
	if (!st->service) {
		return SP_OK;
	}
	int rc = sp_audit_begin(st);
	if (rc != SP_OK) {
		return rc;
	}
	st->head.living = false;
	if (st->head.since > 0) {
		rc = sp_audit_checkpoint(st, now);
	}
	if (rc != SP_OK) {
		sp_audit_rollback(st);
		return rc;
	}
	rc = sp_audit_commit(st, now);
	st->service = false;
	return rc;
}

/* ---- letting records go ---- */

struct old {
	uint64_t wall_ns;
	uint64_t seq; /* the last one that may go */
	uint8_t hash[SP_RECORD_HASH];
	uint8_t key[SP_SIGN_PUBLIC]; /* of the last checkpoint */
	size_t n;
	uint64_t anchor[ANCHORS]; /* the last checkpoint of each key: it names the next one */
};

/* What is old is what stands before the first one that is not. */
static int find_old(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct old *o = user;
	struct sp_audit_signed s;

	if (r->wall_ns >= o->wall_ns) {
		return 1;
	}
	if (event->kind == SP_AUDIT_AUDIT_CHECKPOINT && sp_audit_signed_read(event, &s) == SP_OK) {
		bool same = o->n > 0 && memcmp(o->key, s.key, sizeof(o->key)) == 0;
		if (!same && o->n == ANCHORS) {
			return 1; /* the rest another time */
		}
		o->n += same ? 0 : 1;
		o->anchor[o->n - 1] = r->seq;
		memcpy(o->key, s.key, sizeof(o->key));
	}
	o->seq = r->seq;
	memcpy(o->hash, r->hash, sizeof(o->hash));
	return SP_OK;
}

static int keep_anchor(struct sp_audit_store *st, uint64_t seq)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			"INSERT INTO anchor (seq, bytes)"
			" SELECT seq, bytes FROM record WHERE seq = ?1 ON CONFLICT DO NOTHING");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, (int64_t)seq);
	return sp_audit_run(st, s);
}

static int tell_retention(struct sp_audit_store *st, const struct old *o, const char *admin,
		struct sp_audit_now now, uint64_t first)
{
	struct sp_audit_signed s;
	struct sp_audit_event e;

	sp_audit_sign(&st->keys, SP_SIGNS_RETENTION, o->seq, o->hash, &s);
	sp_audit_signed_event(&s, &e);
	sp_audit_text(&e, SP_F_ADMIN, admin);
	sp_audit_num(&e, SP_F_COUNT, o->seq - first + 1);
	return sp_audit_append(st, sp_span(e.b, e.n), now, NULL);
}

static int first_of(struct sp_audit_store *st, uint64_t *out)
{
	struct sp_stmt *s = sp_audit_stmt(st, "SELECT min(seq) FROM record");

	*out = 0;
	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		*out = (uint64_t)sp_stmt_col_int(s, 0);
	}
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : SP_EDB;
}

/* Says what will go, and keeps what names the keys. From then on a crash does no harm. */
static int announce(struct sp_audit_store *st, const struct old *o, const char *admin,
		struct sp_audit_now now, uint64_t *n)
{
	uint64_t first = 0;
	int rc = first_of(st, &first);

	if (rc != SP_OK || !(first <= o->seq)) {
		return rc;
	}
	for (size_t i = 0; i < o->n && rc == SP_OK; i++) {
		rc = keep_anchor(st, o->anchor[i]);
	}
	*n = o->seq - first + 1;
	return rc == SP_OK ? tell_retention(st, o, admin, now, first) : rc;
}

static int remove_some(struct sp_audit_store *st, uint64_t last, bool *more)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			"DELETE FROM record WHERE seq <= ?1 AND seq <"
			" (SELECT min(seq) FROM record) + ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, (int64_t)last);
	sp_stmt_int(s, 2, CHUNK);
	int rc = sp_audit_run(st, s);
	*more = rc == SP_OK && sp_db_changes(st->db) > 0;
	return rc == SP_OK ? sp_audit_forget_times(st) : rc;
}

static int remove_all(struct sp_audit_store *st, uint64_t last)
{
	bool more = true;
	int rc = SP_OK;

	while (rc == SP_OK && more) {
		rc = sp_db_begin(st->db);
		if (rc != SP_OK) {
			return sp_audit_db_fail(st, rc);
		}
		rc = remove_some(st, last, &more);
		if (rc != SP_OK) {
			sp_db_rollback(st->db);
			return rc;
		}
		rc = sp_db_commit(st->db);
		rc = rc == SP_OK ? SP_OK : sp_audit_db_fail(st, rc);
	}
	return rc;
}

int sp_audit_prune(struct sp_audit_store *st, uint64_t wall_ns, const char *admin,
		struct sp_audit_now now, uint64_t *n)
{
	struct old *o = sp_calloc(1, sizeof(*o));

	*n = 0;
	if (o == NULL) {
		return sp_audit_fail(st, SP_ENOMEM, "out of memory");
	}
	o->wall_ns = wall_ns;
	/* Looked for before anybody has to wait; what is old stays as it is. */
	int rc = sp_audit_each(st, 1, UINT64_MAX, false, find_old, o, NULL);
	if (rc == SP_OK && o->seq > 0) {
		rc = sp_audit_begin(st);
		if (rc == SP_OK) {
			rc = announce(st, o, admin, now, n);
			if (rc == SP_OK) {
				rc = sp_audit_commit(st, now);
			} else {
				sp_audit_rollback(st);
			}
		}
		if (rc == SP_OK) {
			rc = remove_all(st, o->seq);
		}
	}
	sp_free(o);
	return rc;
}

/* ---- what somebody remembers ---- */

int sp_audit_state_put(struct sp_audit_store *st, const char *name, struct sp_span bytes)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			"INSERT INTO state (name, bytes) VALUES (?1, ?2)"
			" ON CONFLICT (name) DO UPDATE SET bytes = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, name);
	sp_stmt_bytes(s, 2, bytes);
	return sp_audit_run(st, s);
}

int sp_audit_state_get(struct sp_audit_store *st, const char *name, struct sp_wr *out)
{
	struct sp_stmt *s = sp_audit_stmt(st, "SELECT bytes FROM state WHERE name = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, name);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		sp_wr_span(out, sp_stmt_col_bytes(s, 0));
		rc = sp_wr_ok(out);
	} else {
		rc = rc == 0 ? SP_ENOTFOUND : sp_audit_db_fail(st, rc);
	}
	sp_stmt_reset(s);
	return rc;
}
