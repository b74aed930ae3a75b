/* host/db/part.h - what stands behind the door to SQL: one table of functions per database. */
#ifndef SP_HOST_DB_PART_H
#define SP_HOST_DB_PART_H

#include "host/db/db.h"

#define SP_DB_STMTS 256

enum sp_db_kind {
	SP_DB_NULL,
	SP_DB_INT,
	SP_DB_TEXT,
	SP_DB_BYTES,
};

struct sp_db_value {
	enum sp_db_kind kind;
	int64_t num;
	struct sp_span bytes; /* of TEXT (a NUL follows) and BYTES */
};

enum sp_db_turn {
	SP_DB_BEGIN,
	SP_DB_BEGIN_READ,
	SP_DB_COMMIT,
	SP_DB_ROLLBACK,
	SP_DB_LAZY,
	SP_DB_STRICT,
};

/* Each is called with what it made itself; errors are those of db.h. */
struct sp_db_impl {
	void (*close)(struct sp_db *db);
	const char *(*why)(struct sp_db *db);
	int (*exec)(struct sp_db *db, const char *sql);
	int (*turn)(struct sp_db *db, enum sp_db_turn turn);
	/* Reads the schema's version, or with set >= 0 writes it, in a transaction. */
	int (*version)(struct sp_db *db, int64_t *at, int64_t set);
	struct sp_stmt *(*prepare)(struct sp_db *db, const char *sql);
	void (*free)(struct sp_stmt *s);
	/* Copies. i counts from 1. */
	void (*bind)(struct sp_stmt *s, int i, const struct sp_db_value *v);
	int (*step)(struct sp_stmt *s);
	/* Valid until the next step or reset. i counts from 0. */
	void (*column)(struct sp_stmt *s, int i, struct sp_db_value *out);
	void (*reset)(struct sp_stmt *s);
	int64_t (*changes)(struct sp_db *db);
	int64_t (*last_id)(struct sp_db *db);
};

/* The first member of what a database makes of it. */
struct sp_db {
	const struct sp_db_impl *impl;
	size_t n;
	struct sp_stmt *stmt[SP_DB_STMTS];
	bool deep; /* in a transaction */
};

struct sp_stmt {
	struct sp_db *db;
	const char *sql;
};

sp_nodiscard struct sp_db *sp_sqlite_open(const char *path, bool create, char why[SP_DB_WHY]);
sp_nodiscard struct sp_db *sp_sqlite_open_read(const char *path, char why[SP_DB_WHY]);
sp_nodiscard struct sp_db *sp_pg_open(
		const char *url, bool create, bool read_only, char why[SP_DB_WHY]);

#endif
