/* host/db/sqlite.c - SQLite behind the door to SQL. */
#include "host/db/part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

#define BUSY_MS 5000
#define SETUP_WAIT_MS 10

struct sqlite_stmt {
	struct sp_stmt base;
	sqlite3_stmt *s;
	int bad; /* the first bind that failed */
};

struct sqlite {
	struct sp_db base;
	sqlite3 *h;
	char before[SP_DB_WHY]; /* what was wrong before a rollback, which says that all is well */
	struct stat log; /* the write-ahead log, once it was there */
};

static const struct sp_db_impl impl;

static struct sqlite *of(struct sp_db *db)
{
	return (struct sqlite *)db;
}

static struct sqlite_stmt *stmt_of(struct sp_stmt *s)
{
	return (struct sqlite_stmt *)s;
}

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

static struct sp_db *opened(struct sqlite *db, int rc, char why[SP_DB_WHY])
{
	if (rc != SQLITE_OK) {
		snprintf(why, SP_DB_WHY, "%s",
				db->h != NULL ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc));
		sqlite3_close(db->h);
		sp_free(db);
		return NULL;
	}
	return &db->base;
}

static struct sqlite *make(char why[SP_DB_WHY])
{
	struct sqlite *db = sp_calloc(1, sizeof(*db));

	why[0] = '\0';
	if (db == NULL) {
		snprintf(why, SP_DB_WHY, "out of memory");
		return NULL;
	}
	db->base.impl = &impl;
	return db;
}

static int open_file(struct sqlite *db, const char *path, int flags)
{
	int rc = sqlite3_open_v2(path, &db->h, flags | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_extended_result_codes(db->h, 1);
		sqlite3_busy_timeout(db->h, BUSY_MS);
		sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	}
	return rc;
}

struct sp_db *sp_sqlite_open_read(const char *path, char why[SP_DB_WHY])
{
	static const char look[] = "PRAGMA trusted_schema = OFF; PRAGMA query_only = ON;"
				   "PRAGMA temp_store = MEMORY;";
	struct sqlite *db = make(why);

	if (db == NULL) {
		return NULL;
	}
	int rc = open_file(db, path, SQLITE_OPEN_READONLY);
	if (rc == SQLITE_OK) {
		rc = sqlite3_exec(db->h, look, NULL, NULL, NULL);
	}
	return opened(db, rc, why);
}

struct sp_db *sp_sqlite_open(const char *path, bool create, char why[SP_DB_WHY])
{
	struct sqlite *db = make(why);

	if (db == NULL) {
		return NULL;
	}
	if (create && make_file(path, why) != SP_OK) {
		sp_free(db);
		return NULL;
	}
	int rc = open_file(db, path, SQLITE_OPEN_READWRITE);
	if (rc == SQLITE_OK) {
		rc = set_up(db->h);
	}
	return opened(db, rc, why);
}

static void close_it(struct sp_db *db)
{
	sqlite3_close(of(db)->h);
	sp_free(db);
}

static const char *why_of(struct sp_db *db)
{
	const struct sqlite *q = of(db);
	bool well = sqlite3_errcode(q->h) == SQLITE_OK;

	return well && q->before[0] != '\0' ? q->before : sqlite3_errmsg(q->h);
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

static int exec(struct sp_db *db, const char *sql)
{
	return error_of(sqlite3_exec(of(db)->h, sql, NULL, NULL, NULL));
}

/* A full disk has ended the transaction already: there is nothing that could fail. */
static int roll_back(struct sp_db *db)
{
	struct sqlite *q = of(db);

	if (sqlite3_get_autocommit(q->h) != 0) {
		return SP_OK;
	}
	snprintf(q->before, sizeof(q->before), "%s", sqlite3_errmsg(q->h));
	return exec(db, "ROLLBACK");
}

static bool has_moved(struct sqlite *q)
{
	const char *log = sqlite3_filename_wal(sqlite3_db_filename(q->h, "main"));
	int moved = 0;
	struct stat st;

	if (sqlite3_file_control(q->h, "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
			moved != 0) {
		return true;
	}
	bool there = log != NULL && stat(log, &st) == 0;
	if (q->log.st_ino == 0 && there) {
		q->log = st;
	}
	return q->log.st_ino != 0 &&
			!(there && st.st_ino == q->log.st_ino && st.st_dev == q->log.st_dev);
}

/* In a file that was removed, or another one was put in the place of, nobody would find it again. */
static int begin(struct sp_db *db)
{
	struct sqlite *q = of(db);
	int rc = exec(db, "BEGIN IMMEDIATE");

	if (rc == SP_OK && has_moved(q)) {
		rc = roll_back(db);
		snprintf(q->before, sizeof(q->before), "the file was removed or replaced");
		rc = rc == SP_OK ? SP_EDB : rc;
	}
	return rc;
}

static int turn(struct sp_db *db, enum sp_db_turn t)
{
	static const char *const sql[] = {[SP_DB_BEGIN_READ] = "BEGIN",
			[SP_DB_COMMIT] = "COMMIT",
			[SP_DB_LAZY] = "PRAGMA synchronous = NORMAL",
			[SP_DB_STRICT] = "PRAGMA synchronous = FULL"};

	switch (t) {
	case SP_DB_BEGIN:
		return begin(db);
	case SP_DB_ROLLBACK:
		return roll_back(db);
	default:
		return exec(db, sql[t]);
	}
}

static int version(struct sp_db *db, int64_t *at, int64_t set)
{
	char sql[64];
	struct sp_stmt *s;

	if (set >= 0) {
		snprintf(sql, sizeof(sql), "PRAGMA user_version = %lld", (long long)set);
		return exec(db, sql);
	}
	s = sp_db_stmt(db, "PRAGMA user_version");
	if (s == NULL) {
		return SP_EDB;
	}
	int rc = sp_stmt_step(s);
	*at = rc == 1 ? sp_stmt_col_int(s, 0) : -1;
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : SP_EDB;
}

static struct sp_stmt *prepare(struct sp_db *db, const char *sql)
{
	struct sqlite_stmt *s = calloc(1, sizeof(*s));

	if (s == NULL ||
			sqlite3_prepare_v3(of(db)->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->s,
					NULL) != SQLITE_OK) {
		free(s);
		return NULL;
	}
	s->bad = SQLITE_OK;
	return &s->base;
}

static void free_it(struct sp_stmt *s)
{
	sqlite3_finalize(stmt_of(s)->s);
	free(s);
}

static void bind(struct sp_stmt *base, int i, const struct sp_db_value *v)
{
	struct sqlite_stmt *s = stmt_of(base);
	int rc;

	if (v->kind == SP_DB_INT) {
		rc = sqlite3_bind_int64(s->s, i, v->num);
	} else if (v->kind == SP_DB_TEXT) {
		rc = sqlite3_bind_text64(s->s, i, (const char *)v->bytes.p, v->bytes.n,
				SQLITE_TRANSIENT, SQLITE_UTF8);
	} else {
		rc = sqlite3_bind_blob64(s->s, i, v->bytes.n > 0 ? v->bytes.p : (const uint8_t *)"",
				v->bytes.n, SQLITE_TRANSIENT);
	}
	if (s->bad == SQLITE_OK) {
		s->bad = rc;
	}
}

static int step(struct sp_stmt *base)
{
	struct sqlite_stmt *s = stmt_of(base);

	if (s->bad != SQLITE_OK) {
		return SP_EDB;
	}
	int rc = sqlite3_step(s->s);
	return rc == SQLITE_ROW ? 1 : error_of(rc);
}

static void column(struct sp_stmt *base, int i, struct sp_db_value *out)
{
	sqlite3_stmt *s = stmt_of(base)->s;

	switch (sqlite3_column_type(s, i)) {
	case SQLITE_INTEGER:
		out->kind = SP_DB_INT;
		out->num = sqlite3_column_int64(s, i);
		return;
	case SQLITE_TEXT:
		out->kind = SP_DB_TEXT;
		out->bytes.p = sqlite3_column_text(s, i);
		break;
	case SQLITE_BLOB:
		out->kind = SP_DB_BYTES;
		out->bytes.p = sqlite3_column_blob(s, i);
		break;
	default:
		return;
	}
	out->bytes.n = out->bytes.p != NULL ? (size_t)sqlite3_column_bytes(s, i) : 0;
	if (out->bytes.p == NULL) {
		out->bytes.p = (const uint8_t *)"";
	}
}

static void reset(struct sp_stmt *base)
{
	struct sqlite_stmt *s = stmt_of(base);

	sqlite3_reset(s->s);
	sqlite3_clear_bindings(s->s);
	s->bad = SQLITE_OK;
}

static int64_t changes(struct sp_db *db)
{
	return sqlite3_changes64(of(db)->h);
}

static int64_t last_id(struct sp_db *db)
{
	return sqlite3_last_insert_rowid(of(db)->h);
}

static const struct sp_db_impl impl = {
		.close = close_it,
		.why = why_of,
		.exec = exec,
		.turn = turn,
		.version = version,
		.prepare = prepare,
		.free = free_it,
		.bind = bind,
		.step = step,
		.column = column,
		.reset = reset,
		.changes = changes,
		.last_id = last_id,
};
