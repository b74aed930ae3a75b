/* host/db/dialect.h - SQL as SQLite has it, said as PostgreSQL wants to hear it. */
#ifndef SP_HOST_DB_DIALECT_H
#define SP_HOST_DB_DIALECT_H

#include <stdbool.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/wr.h"

/*
 * Appends the statements of sql and a NUL. Changed are: parameters, the types of columns, keys that
 * count by themselves, STRICT and WITHOUT ROWID, rowid, bytes in hex, randomblob(), LIMIT -1, and
 * names that PostgreSQL keeps for itself ("user"). SP_EARG for what is no SQL of ours (a string
 * that does not end), SP_ENOMEM.
 */
sp_nodiscard int sp_dialect_pg(struct sp_wr *w, const char *sql);
/* Whether the statement gives rows and changes nothing. */
bool sp_dialect_reads(const char *sql);

#endif
