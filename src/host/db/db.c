/* host/db/db.c - the door to SQL: what is the same whatever stands behind it. */
#include "host/db/db.h"

#include <string.h>

#include "core/base/mem.h"
#include "host/db/part.h"

bool sp_db_is_url(const char *path)
{
	return strncmp(path, "postgresql://", 13) == 0 || strncmp(path, "postgres://", 11) == 0;
}

struct sp_db *sp_db_open(const char *path, bool create, char why[SP_DB_WHY])
{
	return sp_db_is_url(path) ? sp_pg_open(path, create, false, why)
				  : sp_sqlite_open(path, create, why);
}

struct sp_db *sp_db_open_read(const char *path, char why[SP_DB_WHY])
{
	return sp_db_is_url(path) ? sp_pg_open(path, false, true, why)
				  : sp_sqlite_open_read(path, why);
}

void sp_db_close(struct sp_db *db)
{
	if (db == NULL) {
		return;
	}
	for (size_t i = 0; i < db->n; i++) {
		db->impl->free(db->stmt[i]);
	}
	db->impl->close(db);
}

const char *sp_db_why(struct sp_db *db)
{
	return db->impl->why(db);
}

int sp_db_exec(struct sp_db *db, const char *sql)
{
	return db->impl->exec(db, sql);
}

static int begin(struct sp_db *db, enum sp_db_turn turn)
{
	if (db->deep) {
		return SP_EBUG;
	}
	int rc = db->impl->turn(db, turn);
	db->deep = rc == SP_OK;
	return rc;
}

int sp_db_begin(struct sp_db *db)
{
	return begin(db, SP_DB_BEGIN);
}

int sp_db_begin_read(struct sp_db *db)
{
	return begin(db, SP_DB_BEGIN_READ);
}

int sp_db_commit(struct sp_db *db)
{
	if (!db->deep) {
		return SP_EBUG;
	}
	int rc = db->impl->turn(db, SP_DB_COMMIT);
	if (rc != SP_OK) {
		sp_db_rollback(db);
	}
	db->deep = false;
	return rc;
}

void sp_db_rollback(struct sp_db *db)
{
	if (db->deep) {
		/* Where the database has rolled back by itself this fails, and that is as good. */
		(void)db->impl->turn(db, SP_DB_ROLLBACK);
		db->deep = false;
	}
}

void sp_db_lazy(struct sp_db *db, bool lazy)
{
	(void)db->impl->turn(db, lazy ? SP_DB_LAZY : SP_DB_STRICT);
}

static int migrate_one(struct sp_db *db, const char *const *steps, int64_t from)
{
	int64_t now = -1;
	int rc = sp_db_begin(db);

	if (rc != SP_OK) {
		return rc;
	}
	/* Another process may have done the same step while we waited. */
	rc = db->impl->version(db, &now, -1);
	if (rc == SP_OK && now == from) {
		rc = sp_db_exec(db, steps[from]);
		if (rc == SP_OK) {
			rc = db->impl->version(db, &now, from + 1);
		}
	}
	if (rc != SP_OK) {
		sp_db_rollback(db);
		return rc;
	}
	return sp_db_commit(db);
}

int sp_db_migrate(struct sp_db *db, const char *const *steps, size_t n)
{
	for (;;) {
		int64_t at = -1;
		int rc = db->impl->version(db, &at, -1);
		if (rc != SP_OK) {
			return rc;
		}
		if (!(0 <= at && (uint64_t)at <= n)) {
			return SP_EPROTO;
		}
		if ((uint64_t)at == n) {
			return SP_OK;
		}
		rc = migrate_one(db, steps, at);
		if (rc != SP_OK) {
			return rc;
		}
	}
}

struct sp_stmt *sp_db_stmt(struct sp_db *db, const char *sql)
{
	for (size_t i = 0; i < db->n; i++) {
		if (db->stmt[i]->sql == sql || strcmp(db->stmt[i]->sql, sql) == 0) {
			sp_stmt_reset(db->stmt[i]);
			return db->stmt[i];
		}
	}
	struct sp_stmt *s = db->n < SP_DB_STMTS ? db->impl->prepare(db, sql) : NULL;
	if (s != NULL) {
		s->db = db;
		s->sql = sql;
		db->stmt[db->n++] = s;
	}
	return s;
}

void sp_stmt_int(struct sp_stmt *s, int i, int64_t v)
{
	struct sp_db_value value = {.kind = SP_DB_INT, .num = v};

	s->db->impl->bind(s, i, &value);
}

void sp_stmt_text(struct sp_stmt *s, int i, const char *text)
{
	struct sp_db_value value = {.kind = SP_DB_TEXT, .bytes = sp_span(text, strlen(text))};

	s->db->impl->bind(s, i, &value);
}

void sp_stmt_bytes(struct sp_stmt *s, int i, struct sp_span bytes)
{
	struct sp_db_value value = {.kind = SP_DB_BYTES, .bytes = bytes};

	s->db->impl->bind(s, i, &value);
}

int sp_stmt_step(struct sp_stmt *s)
{
	return s->db->impl->step(s);
}

int sp_stmt_run(struct sp_stmt *s)
{
	int rc = sp_stmt_step(s);

	sp_stmt_reset(s);
	return rc == 1 ? SP_EBUG : rc;
}

static struct sp_db_value column(struct sp_stmt *s, int i)
{
	struct sp_db_value v = {.kind = SP_DB_NULL};

	s->db->impl->column(s, i, &v);
	return v;
}

int64_t sp_stmt_col_int(struct sp_stmt *s, int i)
{
	struct sp_db_value v = column(s, i);

	return v.kind == SP_DB_INT ? v.num : 0;
}

const char *sp_stmt_col_text(struct sp_stmt *s, int i)
{
	struct sp_db_value v = column(s, i);

	return v.kind == SP_DB_TEXT ? (const char *)v.bytes.p : "";
}

struct sp_span sp_stmt_col_bytes(struct sp_stmt *s, int i)
{
	struct sp_db_value v = column(s, i);

	return v.kind == SP_DB_BYTES || v.kind == SP_DB_TEXT ? v.bytes : sp_span(NULL, 0);
}

void sp_stmt_reset(struct sp_stmt *s)
{
	if (s != NULL) {
		s->db->impl->reset(s);
	}
}

int64_t sp_db_changes(struct sp_db *db)
{
	return db->impl->changes(db);
}

int64_t sp_db_last_id(struct sp_db *db)
{
	return db->impl->last_id(db);
}
