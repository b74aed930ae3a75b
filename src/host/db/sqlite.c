/* host/db/sqlite.c - the SQL door over SQLite. */
#include "host/db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

#define BUSY_MS 5000
#define SETUP_WAIT_MS 10
#define STMTS_MAX 256

struct sp_stmt {
	sqlite3_stmt *s;
	const char *sql;
	int bad; /* the first bind that failed */
};

struct sp_db {
	sqlite3 *h;
	size_t n;
	struct sp_stmt stmt[STMTS_MAX];
	bool deep; /* in a transaction */
};

static const char setup[] = "PRAGMA journal_mode = WAL;"
			    "PRAGMA synchronous = FULL;"
			    "PRAGMA foreign_keys = ON;"
			    "PRAGMA trusted_schema = OFF;"
			    "PRAGMA secure_delete = ON;"
			    "PRAGMA temp_store = MEMORY;";

/*
 * Changing to WAL answers "busy" at once when another process does the same to a new file: the
 * library's own patience does not cover it.
 */
static int set_up(sqlite3 *h)
{
	int rc = sqlite3_exec(h, setup, NULL, NULL, NULL);

	for (int waited = 0; (rc & 0xff) == SQLITE_BUSY && waited < BUSY_MS;
			waited += SETUP_WAIT_MS) {
		sqlite3_sleep(SETUP_WAIT_MS);
		rc = sqlite3_exec(h, setup, NULL, NULL, NULL);
	}
	return rc;
}

void sp_db_lazy(struct sp_db *db, bool lazy)
{
	sqlite3_exec(db->h, lazy ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
			NULL, NULL, NULL);
}

/* What root makes in a service's folder must be the service's. */
static int give_away(int fd, const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int)(slash - path) : 1,
			slash != NULL ? path : ".");
	if (stat(folder, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0) {
		return SP_ESYS;
	}
	return SP_OK;
}

/* SQLite makes files for everybody that the umask allows; ours are secrets. */
static int make_file(const char *path, char why[SP_DB_WHY])
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		snprintf(why, SP_DB_WHY, "%s", strerror(errno));
		return SP_ESYS;
	}
	int rc = geteuid() != 0 ? SP_OK : give_away(fd, path);
	if (rc != SP_OK) {
		snprintf(why, SP_DB_WHY, "%s", strerror(errno));
	}
	close(fd);
	return rc;
}

static struct sp_db *fail_open(struct sp_db *db, int rc, char why[SP_DB_WHY])
{
	snprintf(why, SP_DB_WHY, "%s", db->h != NULL ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc));
	sp_db_close(db);
	return NULL;
}

struct sp_db *sp_db_open_read(const char *path, char why[SP_DB_WHY])
{
	static const char look[] = "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;"
				   "PRAGMA temp_store = MEMORY;";
	struct sp_db *db = sp_calloc(1, sizeof(*db));

	why[0] = '\0';
	if (db == NULL) {
		snprintf(why, SP_DB_WHY, "out of memory");
		return NULL;
	}
	int rc = sqlite3_open_v2(path, &db->h, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(db->h, 1);
		sqlite3_busy_timeout(db->h, BUSY_MS);
		sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		rc = sqlite3_exec(db->h, look, NULL, NULL, NULL);
	}
	return rc == SQLITE_OK ? db : fail_open(db, rc, why);
}

struct sp_db *sp_db_open(const char *path, bool create, char why[SP_DB_WHY])
{
	struct sp_db *db = sp_calloc(1, sizeof(*db));

	why[0] = '\0';
	if (db == NULL) {
		snprintf(why, SP_DB_WHY, "out of memory");
		return NULL;
	}
	if (create && make_file(path, why) != SP_OK) {
		sp_free(db);
		return NULL;
	}
	int rc = sqlite3_open_v2(path, &db->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(db->h, 1);
		sqlite3_busy_timeout(db->h, BUSY_MS);
		sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		rc = set_up(db->h);
	}
	return rc == SQLITE_OK ? db : fail_open(db, rc, why);
}

void sp_db_close(struct sp_db *db)
{
	if (db == NULL) {
		return;
	}
	for (size_t i = 0; i < db->n; i++) {
		sqlite3_finalize(db->stmt[i].s);
	}
	sqlite3_close(db->h);
	sp_free(db);
}

const char *sp_db_why(struct sp_db *db)
{
	return sqlite3_errmsg(db->h);
}

static int error_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
		return SP_OK;
	case SQLITE_NOMEM:
		return SP_ENOMEM;
	case SQLITE_CONSTRAINT:
		return SP_EARG;
	default:
		return SP_EDB;
	}
}

int sp_db_exec(struct sp_db *db, const char *sql)
{
	return error_of(sqlite3_exec(db->h, sql, NULL, NULL, NULL));
}

static int begin(struct sp_db *db, const char *sql)
{
	if (db->deep) {
		return SP_EBUG;
	}
	int rc = sp_db_exec(db, sql);
	db->deep = rc == SP_OK;
	return rc;
}

int sp_db_begin(struct sp_db *db)
{
	return begin(db, "BEGIN IMMEDIATE");
}

int sp_db_begin_read(struct sp_db *db)
{
	return begin(db, "BEGIN");
}

int sp_db_commit(struct sp_db *db)
{
	if (!db->deep) {
		return SP_EBUG;
	}
	int rc = sp_db_exec(db, "COMMIT");
	if (rc != SP_OK) {
		sp_db_rollback(db);
	}
	db->deep = false;
	return rc;
}

void sp_db_rollback(struct sp_db *db)
{
	if (!db->deep) {
		return;
	}
	/* Where SQLite has rolled back by itself this fails, and that is as good. */
	sqlite3_exec(db->h, "ROLLBACK", NULL, NULL, NULL);
	db->deep = false;
}

static int version_of(struct sp_db *db, int64_t *version)
{
	struct sp_stmt *s = sp_db_stmt(db, "PRAGMA user_version");

	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	*version = rc == 1 ? sp_stmt_col_int(s, 0) : -1;
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : SP_EDB;
}

static int migrate_one(struct sp_db *db, const char *const *steps, int64_t from)
{
	char set[64];
	int64_t now = -1;
	int rc = sp_db_begin(db);

	if (rc != SP_OK) {
		return rc;
	}
	/* Another process may have done the same step while we waited. */
	rc = version_of(db, &now);
	if (rc == SP_OK && now == from) {
		snprintf(set, sizeof(set), "PRAGMA user_version = %lld", (long long)from + 1);
		rc = sp_db_exec(db, steps[from]);
		if (rc == SP_OK) {
			rc = sp_db_exec(db, set);
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
		int rc = version_of(db, &at);
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
		if (db->stmt[i].sql == sql || strcmp(db->stmt[i].sql, sql) == 0) {
			sp_stmt_reset(&db->stmt[i]);
			return &db->stmt[i];
		}
	}
	if (db->n == STMTS_MAX) {
		return NULL;
	}
	struct sp_stmt *s = &db->stmt[db->n];
	if (sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->s, NULL) !=
			SQLITE_OK) {
		return NULL;
	}
	s->sql = sql;
	s->bad = SQLITE_OK;
	db->n++;
	return s;
}

static void bound(struct sp_stmt *s, int rc)
{
	if (s->bad == SQLITE_OK) {
		s->bad = rc;
	}
}

void sp_stmt_int(struct sp_stmt *s, int i, int64_t v)
{
	bound(s, sqlite3_bind_int64(s->s, i, v));
}

void sp_stmt_text(struct sp_stmt *s, int i, const char *text)
{
	bound(s, sqlite3_bind_text(s->s, i, text, -1, SQLITE_TRANSIENT));
}

void sp_stmt_bytes(struct sp_stmt *s, int i, struct sp_span bytes)
{
	bound(s,
			sqlite3_bind_blob64(s->s, i, bytes.n > 0 ? bytes.p : (const uint8_t *)"",
					bytes.n, SQLITE_TRANSIENT));
}

int sp_stmt_step(struct sp_stmt *s)
{
	if (s->bad != SQLITE_OK) {
		return SP_EDB;
	}
	int rc = sqlite3_step(s->s);
	return rc == SQLITE_ROW ? 1 : error_of(rc);
}

int sp_stmt_run(struct sp_stmt *s)
{
	int rc = sp_stmt_step(s);

	sp_stmt_reset(s);
	return rc == 1 ? SP_EBUG : rc;
}

int64_t sp_stmt_col_int(struct sp_stmt *s, int i)
{
	return sqlite3_column_int64(s->s, i);
}

const char *sp_stmt_col_text(struct sp_stmt *s, int i)
{
	const unsigned char *text = sqlite3_column_text(s->s, i);

	return text != NULL ? (const char *)text : "";
}

struct sp_span sp_stmt_col_bytes(struct sp_stmt *s, int i)
{
	const void *p = sqlite3_column_blob(s->s, i);
	int n = sqlite3_column_bytes(s->s, i);

	return sp_span(p, p != NULL && n > 0 ? (size_t)n : 0);
}

void sp_stmt_reset(struct sp_stmt *s)
{
	if (s == NULL) {
		return;
	}
	sqlite3_reset(s->s);
	sqlite3_clear_bindings(s->s);
	s->bad = SQLITE_OK;
}

int64_t sp_db_changes(struct sp_db *db)
{
	return sqlite3_changes64(db->h);
}

int64_t sp_db_last_id(struct sp_db *db)
{
	return sqlite3_last_insert_rowid(db->h);
}
