/* host/audit/store_time.c - which records are of which hour, so that a day's are found among those of years. */
#include <inttypes.h>

#include "host/audit/store_part.h"

#define HOUR_NS (UINT64_C(3600) * 1000000000)

/*
 * A row of the table `moment` per hour in which something was written: its first record, and its
 * last one, or NULL where more may come. Clocks are set back, so that hours may reach into each
 * other: what counts is that no record of an hour stands before `first` or behind `last`. It is
 * made of the records and proves nothing; verify looks whether it hides one.
 */
static int64_t hour_of(uint64_t wall_ns)
{
	return (int64_t)(wall_ns / HOUR_NS);
}

static int open_hour(struct sp_audit_store *st, int64_t hour, uint64_t seq)
{
	struct sp_stmt *s = sp_audit_stmt(
			st, "UPDATE moment SET last = ?1 WHERE last IS NULL AND hour <> ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, (int64_t)seq - 1);
	sp_stmt_int(s, 2, hour);
	int rc = sp_audit_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	/* Its first record stands further back than the end only where an end was cut off. */
	s = sp_audit_stmt(st,
			"INSERT INTO moment (hour, first, last) VALUES (?1, ?2, NULL)"
			" ON CONFLICT (hour) DO UPDATE SET last = NULL,"
			" first = CASE WHEN moment.first > ?2 THEN ?2 ELSE moment.first END");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, hour);
	sp_stmt_int(s, 2, (int64_t)seq);
	return sp_audit_run(st, s);
}

int sp_audit_note_time(struct sp_audit_store *st, uint64_t seq, uint64_t wall_ns)
{
	int64_t hour = hour_of(wall_ns);

	/* Where the record before is ours, and of the same hour, its row is as it should be. */
	if (!(st->hour == hour && st->hour_seq + 1 == seq)) {
		int rc = open_hour(st, hour, seq);
		if (rc != SP_OK) {
			st->hour_seq = 0;
			return rc;
		}
	}
	st->hour = hour;
	st->hour_seq = seq;
	return SP_OK;
}

/* Whether the statement gives a row; false also where it cannot be asked. */
static bool gives(struct sp_audit_store *st, const char *sql)
{
	struct sp_stmt *s = sp_db_stmt(st->db, sql);
	bool row = s != NULL && sp_stmt_step(s) == 1;

	sp_stmt_reset(s);
	return row;
}

/* A store of an earlier version has no table, and one that was just brought up to date an empty one. */
static bool timed(struct sp_audit_store *st)
{
	return gives(st, "SELECT hour FROM moment LIMIT 1");
}

/* Steps the statement with the hour in it to its one row. */
static int ask(struct sp_audit_store *st, struct sp_stmt *s, int64_t hour)
{
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, hour);
	int rc = sp_stmt_step(s);
	return rc < 0 ? sp_audit_db_fail(st, rc) : rc;
}

/* The hour's row says where it begins and ends: 1 when all from first to last is between. */
static int covers(struct sp_audit_store *st, int64_t hour, uint64_t first, uint64_t last)
{
	struct sp_stmt *s = sp_audit_stmt(st,
			"SELECT first, last, CASE WHEN last IS NULL THEN 1 ELSE 0 END"
			" FROM moment WHERE hour = ?1");
	int rc = ask(st, s, hour);
	bool open = rc == 1 && sp_stmt_col_int(s, 2) == 1;
	bool all = rc == 1 && sp_stmt_col_int(s, 0) <= (int64_t)first &&
			(open || sp_stmt_col_int(s, 1) >= (int64_t)last);

	sp_stmt_reset(s);
	return rc < 0 ? rc : all;
}

struct newest {
	struct sp_audit_store *st;
	bool covered;
};

static int look_at_newest(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct newest *n = user;
	int rc = covers(n->st, hour_of(r->wall_ns), r->seq, r->seq);

	n->covered = rc == 1;
	return rc < 0 ? rc : SP_OK;
}

static int note_one(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	return sp_audit_note_time(user, r->seq, r->wall_ns);
}

/* Before an upgrade is through, a scribe of the earlier version may write on beside a new command. */
static bool to_fill(struct sp_audit_store *st)
{
	struct newest n = {st, true};
	uint64_t last;
	int rc = sp_audit_last(st, &last);

	return rc == SP_OK &&
			sp_audit_each(st, last, last, false, look_at_newest, &n, NULL) == SP_OK &&
			!n.covered;
}

static int fill(struct sp_audit_store *st)
{
	struct sp_stmt *s = sp_audit_stmt(st, "DELETE FROM moment");
	int rc = s == NULL ? SP_EDB : sp_audit_run(st, s);

	st->hour_seq = 0;
	if (rc == SP_OK) {
		rc = sp_audit_each(st, 1, UINT64_MAX, false, note_one, st, NULL);
	}
	st->hour_seq = 0;
	return rc;
}

int sp_audit_fill_times(struct sp_audit_store *st)
{
	if (!to_fill(st)) {
		return SP_OK;
	}
	int rc = sp_db_begin(st->db);
	if (rc != SP_OK) {
		return sp_audit_db_fail(st, rc);
	}
	/* Somebody else may have done it meanwhile. */
	rc = to_fill(st) ? fill(st) : SP_OK;
	if (rc != SP_OK) {
		sp_db_rollback(st->db);
		return rc;
	}
	rc = sp_db_commit(st->db);
	return rc == SP_OK ? SP_OK : sp_audit_db_fail(st, rc);
}

int sp_audit_forget_times(struct sp_audit_store *st)
{
	struct sp_stmt *s = sp_audit_stmt(
			st, "DELETE FROM moment WHERE last < (SELECT min(seq) FROM record)");

	return s == NULL ? SP_EDB : sp_audit_run(st, s);
}

int sp_audit_between(struct sp_audit_store *st, uint64_t since_ns, uint64_t until_ns,
		uint64_t *first, uint64_t *last)
{
	*first = 1;
	*last = UINT64_MAX;
	if (!timed(st)) {
		return SP_OK;
	}
	struct sp_stmt *s = sp_audit_stmt(st, "SELECT min(first) FROM moment WHERE hour >= ?1");
	int rc = ask(st, s, hour_of(since_ns));
	int64_t from = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	if (rc < 0) {
		return rc;
	}
	s = sp_audit_stmt(st,
			"SELECT max(last), count(*) - count(last) FROM moment WHERE hour <= ?1");
	rc = ask(st, s, hour_of(until_ns));
	int64_t to = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	bool open = rc == 1 && sp_stmt_col_int(s, 1) > 0;
	sp_stmt_reset(s);
	if (rc < 0) {
		return rc;
	}
	*first = from > 0 ? (uint64_t)from : UINT64_MAX;
	*last = open ? UINT64_MAX : to > 0 ? (uint64_t)to : 0;
	return SP_OK;
}

/* ---- verifying ---- */

void sp_audit_times_init(struct sp_audit_times *t, struct sp_audit_store *st)
{
	*t = (struct sp_audit_times){.st = st, .there = timed(st)};
}

int sp_audit_times_end(struct sp_audit_times *t, struct sp_chain *c)
{
	if (!t->there || t->first == 0) {
		return SP_OK;
	}
	int rc = covers(t->st, t->hour, t->first, t->last);
	if (rc != 0) {
		return rc == 1 ? SP_OK : rc;
	}
	return sp_chain_fail(c, t->first, "record %" PRIu64 " is hidden from who asks for its hour",
			t->first);
}

int sp_audit_times_feed(struct sp_audit_times *t, struct sp_chain *c)
{
	int64_t hour = hour_of(c->record.wall_ns);
	int rc = SP_OK;

	if (t->first == 0 || hour != t->hour) {
		rc = sp_audit_times_end(t, c);
		t->hour = hour;
		t->first = c->seq;
	}
	t->last = c->seq;
	return rc;
}
