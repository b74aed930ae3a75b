/* host/db/pg.c - PostgreSQL behind the door to SQL. */
#include <ctype.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "host/db/dialect.h"
#include "host/db/part.h"

#define PARAMS_MAX 32
#define SQL_MAX (1u << 20)
#define SCHEMA_MAX 64
#define FETCH 500
#define URL_MAX 2048
#define CONNECT_S "3"
#define AGAIN_S 5 /* at the earliest, after a try to connect again that failed */

/* Types of columns, as pg_type has numbered them. */
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_INT2 21
#define OID_INT4 23
#define OID_NUMERIC 1700

struct pg {
	struct sp_db base;
	PGconn *c;
	char schema[SCHEMA_MAX];
	bool reading; /* the transaction is one that reads */
	bool read_only;
	uint32_t statements; /* made so far */
	uint32_t life; /* how often the connection was made again */
	int64_t tried; /* seconds of the monotonic clock; 0: not since it worked last */
	int64_t changes;
	char why[SP_DB_WHY];
};

struct param {
	enum sp_db_kind kind;
	struct sp_wr bytes; /* as it goes to the server */
};

struct pg_stmt {
	struct sp_stmt base;
	struct pg *db;
	char name[16];
	char *sql; /* in PostgreSQL's words */
	bool reads, bad, cursor;
	uint32_t life; /* of the connection that it was prepared in */
	bool there; /* has run, and its rows are in `rows` */
	PGresult *rows;
	int at; /* the row in it */
	struct param param[PARAMS_MAX];
};

static const struct sp_db_impl impl;

static struct pg *of(struct sp_db *db)
{
	return (struct pg *)db;
}

static struct pg_stmt *stmt_of(struct sp_stmt *s)
{
	return (struct pg_stmt *)s;
}

/* ---- results ---- */

static int fail(struct pg *db, const char *why)
{
	snprintf(db->why, sizeof(db->why), "%s", why);
	db->why[strcspn(db->why, "\n")] = '\0';
	return SP_EDB;
}

/* SP_OK, or what the result says of itself; it stays the caller's. */
static int error_of(struct pg *db, const PGresult *r)
{
	ExecStatusType status = PQresultStatus(r);
	const char *state = r != NULL ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) {
		return SP_OK;
	}
	(void)fail(db,
			r != NULL && state != NULL ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY)
						   : PQerrorMessage(db->c));
	if (state != NULL && strncmp(state, "23", 2) == 0) { /* integrity constraint violation */
		return SP_EARG;
	}
	return state != NULL && strcmp(state, "53200") == 0 ? SP_ENOMEM : SP_EDB;
}

/* Words that are PostgreSQL's already. */
static int say(struct pg *db, const char *sql)
{
	PGresult *r = PQexec(db->c, sql);
	int rc = error_of(db, r);

	PQclear(r);
	return rc;
}

/* ---- opening and closing ---- */

static void close_it(struct sp_db *base)
{
	PQfinish(of(base)->c);
	sp_free(base);
}

static const char *why_of(struct sp_db *db)
{
	return of(db)->why;
}

static void no_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

static bool good_schema(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++) {
		if (!(islower((unsigned char)name[i]) || name[i] == '_' ||
				    (i > 0 && isdigit((unsigned char)name[i])))) {
			return false;
		}
	}
	return 0 < n && n < SCHEMA_MAX;
}

/*
 * The lock of all writers of this schema: as with SQLite one transaction that writes is at work at
 * a time, so that what it has read is still so when it writes.
 */
static int lock(struct pg *db)
{
	char sql[160];

	snprintf(sql, sizeof(sql), "SELECT pg_advisory_xact_lock(hashtext('sallyport.%s'))",
			db->schema);
	return say(db, sql);
}

static int set_up(struct pg *db, bool create)
{
	char sql[512];
	int rc = say(db,
			"SET lock_timeout = '5s'; SET synchronous_commit = on;"
			"SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;"
			"SET bytea_output = 'hex'");

	snprintf(sql, sizeof(sql), "SET search_path = \"%s\"", db->schema);
	if (rc == SP_OK) {
		rc = say(db, sql);
	}
	if (rc == SP_OK && create) {
		rc = say(db, "BEGIN");
		if (rc == SP_OK) {
			rc = lock(db);
		}
		snprintf(sql, sizeof(sql),
				"CREATE SCHEMA IF NOT EXISTS \"%s\";"
				"CREATE TABLE IF NOT EXISTS sp_schema (version BIGINT NOT NULL);"
				"INSERT INTO sp_schema SELECT 0 WHERE NOT EXISTS "
				"(SELECT 1 FROM sp_schema)",
				db->schema);
		if (rc == SP_OK) {
			rc = say(db, sql);
		}
		rc = rc == SP_OK ? say(db, "COMMIT") : rc;
	}
	if (rc == SP_OK) {
		rc = say(db, "SELECT version FROM sp_schema"); /* or it is not one of ours */
	}
	if (rc == SP_OK && db->read_only) {
		rc = say(db, "SET default_transaction_read_only = on");
	}
	return rc;
}

struct sp_db *sp_pg_open(const char *url, bool create, bool read_only, char why[SP_DB_WHY])
{
	static const char *const keys[] = {
			"dbname", "connect_timeout", "application_name", "client_encoding", NULL};
	const char *hash = strrchr(url, '#');
	struct pg *db = sp_calloc(1, sizeof(*db));
	char address[URL_MAX];

	why[0] = '\0';
	if (db == NULL) {
		snprintf(why, SP_DB_WHY, "out of memory");
		return NULL;
	}
	db->base.impl = &impl;
	db->read_only = read_only;
	int n = snprintf(address, sizeof(address), "%.*s",
			hash != NULL ? (int)(hash - url) : (int)strlen(url), url);
	snprintf(db->schema, sizeof(db->schema), "%s", hash != NULL ? hash + 1 : "sallyport");
	if (!(n < (int)sizeof(address)) || !good_schema(hash != NULL ? hash + 1 : db->schema)) {
		snprintf(why, SP_DB_WHY, "not an address of a store");
		sp_free(db);
		return NULL;
	}
	const char *const values[] = {address, CONNECT_S, "sallyport", "UTF8", NULL};
	db->c = PQconnectdbParams(keys, values, 1);
	if (db->c != NULL) {
		PQsetNoticeProcessor(db->c, no_notice, NULL);
	}
	if (PQstatus(db->c) != CONNECTION_OK) {
		(void)fail(db, db->c != NULL ? PQerrorMessage(db->c) : "out of memory");
	} else if (set_up(db, create) == SP_OK) {
		return &db->base;
	}
	snprintf(why, SP_DB_WHY, "%s", db->why);
	close_it(&db->base);
	return NULL;
}

/*
 * A server that was started again is found again, but not within a transaction. What its address
 * needs beyond a number or a socket's path (names, files) a jailed process does not get.
 */
static void again(struct pg *db)
{
	struct timespec now;

	if (PQstatus(db->c) == CONNECTION_OK || db->base.deep ||
			clock_gettime(CLOCK_MONOTONIC, &now) != 0 ||
			(db->tried != 0 && now.tv_sec < db->tried + AGAIN_S)) {
		return;
	}
	PQreset(db->c);
	db->tried = now.tv_sec;
	if (PQstatus(db->c) == CONNECTION_OK && set_up(db, false) == SP_OK) {
		db->life++;
		db->tried = 0;
	}
}

/* ---- whole statements ---- */

/* In PostgreSQL's words, or NULL; sp_free() it. */
static char *translated(const char *sql)
{
	struct sp_wr w;
	char *out = NULL;

	sp_wr_init(&w, SQL_MAX);
	if (sp_dialect_pg(&w, sql) == SP_OK) {
		out = sp_malloc(w.n);
	}
	if (out != NULL) {
		memcpy(out, w.p, w.n);
	}
	sp_wr_finish(&w);
	return out;
}

static int exec(struct sp_db *base, const char *sql)
{
	char *words = translated(sql);

	if (words == NULL) {
		return fail(of(base), "not understood");
	}
	again(of(base));
	int rc = say(of(base), words);
	sp_free(words);
	return rc;
}

static int begin_write(struct pg *db)
{
	int rc = say(db, "BEGIN");

	if (rc == SP_OK) {
		rc = lock(db);
		if (rc != SP_OK) {
			(void)say(db, "ROLLBACK");
		}
	}
	return rc;
}

/* A COMMIT of a transaction that has failed is answered with ROLLBACK. */
static int commit(struct pg *db)
{
	PGresult *r = PQexec(db->c, "COMMIT");
	int rc = error_of(db, r);

	if (rc == SP_OK && strcmp(PQcmdStatus(r), "COMMIT") != 0) {
		rc = fail(db, "transaction was rolled back");
	}
	PQclear(r);
	return rc;
}

static int turn(struct sp_db *base, enum sp_db_turn t)
{
	struct pg *db = of(base);

	again(db);
	switch (t) {
	case SP_DB_BEGIN:
		db->reading = false;
		return begin_write(db);
	case SP_DB_BEGIN_READ:
		db->reading = true;
		return say(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
	case SP_DB_COMMIT:
		return commit(db);
	case SP_DB_ROLLBACK:
		return say(db, "ROLLBACK");
	case SP_DB_LAZY:
		return say(db, "SET synchronous_commit = off");
	case SP_DB_STRICT:
		return say(db, "SET synchronous_commit = on");
	}
	return SP_EARG;
}

static int version(struct sp_db *base, int64_t *at, int64_t set)
{
	struct pg *db = of(base);
	char sql[80];

	if (set >= 0) {
		snprintf(sql, sizeof(sql), "UPDATE sp_schema SET version = %lld", (long long)set);
		return say(db, sql);
	}
	PGresult *r = PQexec(db->c, "SELECT version FROM sp_schema");
	int rc = error_of(db, r);
	if (rc == SP_OK && PQntuples(r) == 1) {
		*at = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
	} else if (rc == SP_OK) {
		rc = fail(db, "sp_schema has not one row");
	}
	PQclear(r);
	return rc;
}

/* ---- prepared statements ---- */

static void free_it(struct sp_stmt *base)
{
	struct pg_stmt *s = stmt_of(base);

	PQclear(s->rows);
	for (size_t i = 0; i < PARAMS_MAX; i++) {
		sp_wr_finish(&s->param[i].bytes);
	}
	sp_free(s->sql);
	sp_free(s);
}

static int prepare_now(struct pg_stmt *s)
{
	struct pg *db = s->db;
	/* In a transaction a statement that is wrong must not end it. */
	bool deep = db->base.deep && say(db, "SAVEPOINT p") == SP_OK;
	PGresult *r = PQprepare(db->c, s->name, s->sql, 0, NULL);
	int rc = error_of(db, r);

	PQclear(r);
	if (deep) {
		(void)say(db, rc == SP_OK ? "RELEASE p" : "ROLLBACK TO p");
	}
	s->life = db->life;
	return rc;
}

static struct sp_stmt *prepare(struct sp_db *base, const char *sql)
{
	struct pg *db = of(base);
	struct pg_stmt *s = sp_calloc(1, sizeof(*s));

	if (s == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < PARAMS_MAX; i++) {
		sp_wr_init(&s->param[i].bytes, SQL_MAX);
	}
	s->db = db;
	s->reads = sp_dialect_reads(sql);
	s->sql = translated(sql);
	snprintf(s->name, sizeof(s->name), "s%u", db->statements++);
	if (s->sql == NULL) {
		free_it(&s->base);
		return NULL;
	}
	again(db);
	if (prepare_now(s) != SP_OK) {
		free_it(&s->base);
		return NULL;
	}
	return &s->base;
}

static void bind(struct sp_stmt *base, int i, const struct sp_db_value *v)
{
	struct pg_stmt *s = stmt_of(base);
	char text[32];

	if (!(1 <= i && i <= PARAMS_MAX) || s->there) {
		s->bad = true;
		return;
	}
	struct param *p = &s->param[i - 1];
	sp_wr_reset(&p->bytes);
	p->kind = v->kind;
	if (v->kind == SP_DB_INT) {
		snprintf(text, sizeof(text), "%lld", (long long)v->num);
		sp_wr_put(&p->bytes, text, strlen(text) + 1);
	} else {
		sp_wr_span(&p->bytes, v->bytes);
		sp_wr_u8(&p->bytes, 0);
	}
	s->bad = s->bad || sp_wr_ok(&p->bytes) != SP_OK;
}

/* Runs the statement of this name, or where there is none these words. */
static PGresult *run(struct pg_stmt *s, const char *words)
{
	const char *value[PARAMS_MAX];
	int length[PARAMS_MAX], format[PARAMS_MAX], n = 0;

	for (int i = 0; i < PARAMS_MAX; i++) {
		const struct param *p = &s->param[i];
		value[i] = p->kind != SP_DB_NULL ? (const char *)p->bytes.p : NULL;
		length[i] = p->kind == SP_DB_BYTES ? (int)p->bytes.n - 1 : 0;
		format[i] = p->kind == SP_DB_BYTES;
		n = p->kind != SP_DB_NULL ? i + 1 : n;
	}
	return words == NULL ? PQexecPrepared(s->db->c, s->name, n, value, length, format, 1)
			     : PQexecParams(s->db->c, words, n, NULL, value, length, format, 1);
}

static int fetch(struct pg_stmt *s)
{
	char sql[64];

	PQclear(s->rows);
	snprintf(sql, sizeof(sql), "FETCH %d FROM c%s", FETCH, s->name);
	s->rows = PQexecParams(s->db->c, sql, 0, NULL, NULL, NULL, NULL, 1);
	s->at = -1;
	return error_of(s->db, s->rows);
}

/* Within a transaction that reads, rows come a few hundred at a time: there may be millions. */
static int open_cursor(struct pg_stmt *s)
{
	size_t n = strlen(s->sql) + 64;
	char *words = sp_malloc(n);

	if (words == NULL) {
		return SP_ENOMEM;
	}
	snprintf(words, n, "DECLARE c%s NO SCROLL CURSOR FOR %s", s->name, s->sql);
	PGresult *r = run(s, words);
	int rc = error_of(s->db, r);
	PQclear(r);
	sp_free(words);
	s->cursor = rc == SP_OK;
	return rc == SP_OK ? fetch(s) : rc;
}

static int run_alone(struct pg_stmt *s)
{
	s->rows = run(s, NULL);
	return error_of(s->db, s->rows);
}

/* A statement that fails leaves the transaction as it was, as with SQLite. */
static int run_within(struct pg_stmt *s)
{
	struct pg *db = s->db;
	int rc = say(db, "SAVEPOINT s");

	if (rc != SP_OK) {
		return rc;
	}
	rc = run_alone(s);
	if (rc == SP_OK) {
		return say(db, "RELEASE s");
	}
	char why[SP_DB_WHY];
	snprintf(why, sizeof(why), "%s", db->why);
	(void)say(db, "ROLLBACK TO s");
	snprintf(db->why, sizeof(db->why), "%s", why);
	return rc;
}

static int run_by_itself(struct pg_stmt *s)
{
	int rc = begin_write(s->db);

	if (rc != SP_OK) {
		return rc;
	}
	rc = run_alone(s);
	if (rc == SP_OK) {
		return commit(s->db);
	}
	char why[SP_DB_WHY];
	snprintf(why, sizeof(why), "%s", s->db->why);
	(void)say(s->db, "ROLLBACK");
	snprintf(s->db->why, sizeof(s->db->why), "%s", why);
	return rc;
}

static int start(struct pg_stmt *s)
{
	bool deep = s->db->base.deep;
	int rc;

	again(s->db);
	if (s->life != s->db->life && prepare_now(s) != SP_OK) {
		return SP_EDB;
	}
	if (s->reads) {
		rc = deep && s->db->reading ? open_cursor(s) : run_alone(s);
	} else {
		rc = deep ? run_within(s) : run_by_itself(s);
		const char *n = rc == SP_OK ? PQcmdTuples(s->rows) : "";
		s->db->changes = n[0] != '\0' ? strtoll(n, NULL, 10) : 0;
	}
	s->there = rc == SP_OK;
	s->at = -1;
	return rc;
}

static int step(struct sp_stmt *base)
{
	struct pg_stmt *s = stmt_of(base);
	int rc = SP_OK;

	if (s->bad) {
		return fail(s->db, "parameter out of range");
	}
	if (!s->there) {
		rc = start(s);
	} else if (s->cursor && s->at + 1 >= PQntuples(s->rows) && s->at >= 0) {
		rc = fetch(s);
	}
	if (rc != SP_OK) {
		return rc;
	}
	if (s->at + 1 < PQntuples(s->rows)) {
		s->at++;
		return 1;
	}
	return 0;
}

/* Big-endian, of 2, 4 or 8 bytes. */
static int64_t integer(const uint8_t *p, int n)
{
	uint64_t v = n > 0 && (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

	for (int i = 0; i < n; i++) {
		v = v << 8 | p[i];
	}
	return (int64_t)v;
}

/* What sum() gives: digits to the base 10000, of which only whole numbers are of interest. */
static int64_t numeric(const uint8_t *p, int n)
{
	int64_t v = 0;

	if (n < 8) {
		return 0;
	}
	int64_t digits = integer(p, 2), weight = integer(p + 2, 2);
	bool negative = integer(p + 4, 2) == 0x4000;
	for (int64_t i = 0; i <= weight && i < 5; i++) {
		v = v * 10000 + (i < digits && 10 + 2 * i <= n ? integer(p + 8 + 2 * i, 2) : 0);
	}
	return negative ? -v : v;
}

static void column(struct sp_stmt *base, int i, struct sp_db_value *out)
{
	struct pg_stmt *s = stmt_of(base);

	if (!s->there || s->at < 0 || s->at >= PQntuples(s->rows) || i >= PQnfields(s->rows) ||
			PQgetisnull(s->rows, s->at, i)) {
		return;
	}
	const uint8_t *p = (const uint8_t *)PQgetvalue(s->rows, s->at, i);
	int n = PQgetlength(s->rows, s->at, i);
	switch (PQftype(s->rows, i)) {
	case OID_INT2:
	case OID_INT4:
	case OID_INT8:
		out->kind = SP_DB_INT;
		out->num = integer(p, n);
		break;
	case OID_NUMERIC:
		out->kind = SP_DB_INT;
		out->num = numeric(p, n);
		break;
	default:
		out->kind = PQftype(s->rows, i) == OID_BYTEA ? SP_DB_BYTES : SP_DB_TEXT;
		out->bytes = sp_span(p, (size_t)n);
		break;
	}
}

static void reset(struct sp_stmt *base)
{
	struct pg_stmt *s = stmt_of(base);
	char sql[32];

	if (s->cursor && s->db->base.deep) {
		snprintf(sql, sizeof(sql), "CLOSE c%s", s->name);
		(void)say(s->db, sql);
	}
	PQclear(s->rows);
	s->rows = NULL;
	s->there = s->bad = s->cursor = false;
	for (size_t i = 0; i < PARAMS_MAX; i++) {
		s->param[i].kind = SP_DB_NULL;
	}
}

static int64_t changes(struct sp_db *db)
{
	return of(db)->changes;
}

/* Of a key that counts by itself. */
static int64_t last_id(struct sp_db *base)
{
	PGresult *r = PQexec(of(base)->c, "SELECT lastval()");
	int64_t id = error_of(of(base), r) == SP_OK && PQntuples(r) == 1
			? strtoll(PQgetvalue(r, 0, 0), NULL, 10)
			: 0;

	PQclear(r);
	return id;
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
