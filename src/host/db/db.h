/* host/db/db.h - one small door to SQL: SQLite or PostgreSQL behind it. */
#ifndef SP_HOST_DB_DB_H
#define SP_HOST_DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

#define SP_DB_WHY 256

struct sp_db; /* an open database; one thread */
struct sp_stmt; /* a prepared statement; the database owns it and keeps it for the next time */

/*
 * SQL is written as SQLite has it: parameters ?1 to ?32, STRICT tables, INTEGER, TEXT and BLOB,
 * ON CONFLICT instead of OR REPLACE, no function that only one of the two knows. What PostgreSQL
 * wants to be said otherwise is changed on its way (dialect.h).
 */

/* Whether the name is that of a PostgreSQL server: "postgresql://USER@HOST/DATABASE#SCHEMA". */
bool sp_db_is_url(const char *path);
/*
 * Opens the file, made with mode 0600 when it is not there and `create` is set. Write-ahead log,
 * foreign keys, each commit durable; waits up to 5 s for another writer. NULL and why.
 * Of a server, the schema is made that the address names behind '#'; a password comes from
 * ~/.pgpass, PGPASSFILE or the address. While a connection is lost every call fails; the
 * next one outside of a transaction tries to make it again.
 */
sp_nodiscard struct sp_db *sp_db_open(const char *path, bool create, char why[SP_DB_WHY]);
/*
 * The same for one who only looks, while another process writes. What needs a newer schema than the
 * file's is the caller's to find out.
 */
sp_nodiscard struct sp_db *sp_db_open_read(const char *path, char why[SP_DB_WHY]);
/* Accepts NULL. Finalizes all statements. */
void sp_db_close(struct sp_db *db);
/* The last failure in words: "disk I/O error". Valid until the next call on db. */
const char *sp_db_why(struct sp_db *db);

/*
 * Brings the schema up to date: steps[i] is the SQL that leads from version i to i + 1, each run
 * in a transaction with its new version. SP_EPROTO when the file is from a later program.
 */
sp_nodiscard int sp_db_migrate(struct sp_db *db, const char *const *steps, size_t n);

/* SQL without parameters and results. */
sp_nodiscard int sp_db_exec(struct sp_db *db, const char *sql);

/*
 * A transaction that writes; SP_EDB when another writer holds on for more than 5 s, and when the
 * file is not there any more.
 */
sp_nodiscard int sp_db_begin(struct sp_db *db);
/* A transaction that reads: all of it sees the same, whatever others write meanwhile. */
sp_nodiscard int sp_db_begin_read(struct sp_db *db);
/* Durable once this is SP_OK; on failure it is rolled back. */
sp_nodiscard int sp_db_commit(struct sp_db *db);
/*
 * While it is lazy a commit outlives a crash of the process, but perhaps not one of the machine.
 * Outside of transactions only. For what is written at a stranger's bidding.
 */
void sp_db_lazy(struct sp_db *db, bool lazy);
/* Does nothing outside of a transaction. */
void sp_db_rollback(struct sp_db *db);

/*
 * Prepares, or takes out again, the statement of this text (which must be static). NULL when the
 * SQL is wrong or there is no memory. Then bind, step, read columns, and reset.
 */
sp_nodiscard struct sp_stmt *sp_db_stmt(struct sp_db *db, const char *sql);
/* Parameters count from 1. Bytes and text are copied. */
void sp_stmt_int(struct sp_stmt *s, int i, int64_t v);
void sp_stmt_text(struct sp_stmt *s, int i, const char *text);
void sp_stmt_bytes(struct sp_stmt *s, int i, struct sp_span bytes);
/* 1: a row. 0: the end. SP_EDB, also when a bind failed; SP_EARG for a broken constraint. */
sp_nodiscard int sp_stmt_step(struct sp_stmt *s);
/* Steps once, for a statement without rows, and resets. */
sp_nodiscard int sp_stmt_run(struct sp_stmt *s);
/* Columns count from 0. Valid until the next step or reset. NULL columns are 0, "" and empty. */
int64_t sp_stmt_col_int(struct sp_stmt *s, int i);
const char *sp_stmt_col_text(struct sp_stmt *s, int i);
struct sp_span sp_stmt_col_bytes(struct sp_stmt *s, int i);
/* Forgets row and parameters. Accepts NULL. */
void sp_stmt_reset(struct sp_stmt *s);

/* Rows that the last statement changed, and the key that it inserted. */
int64_t sp_db_changes(struct sp_db *db);
int64_t sp_db_last_id(struct sp_db *db);

#endif
