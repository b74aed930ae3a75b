/* gate/keeper/store_spray.c - see store_spray.h. */
#include "gate/keeper/store_spray.h"

#include "gate/keeper/spray.h"
#include "gate/keeper/store_part.h"

/* Within a transaction. */
static int put(struct sp_store *st, int64_t hour, uint32_t users)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO spray_hour (hour, users) VALUES (?1, ?2) "
			"ON CONFLICT (hour) DO UPDATE SET users = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, hour);
	sp_stmt_int(s, 2, users);
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	/* Those of a clock that was wrong too. */
	s = sp_store_stmt(st, "DELETE FROM spray_hour WHERE hour <= ?1 OR hour > ?2");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, hour - SP_SPRAY_HOURS);
	sp_stmt_int(s, 2, hour);
	return sp_store_run(st, s);
}

int sp_store_spray_put(struct sp_store *st, int64_t hour, uint32_t users)
{
	/* At a stranger's bidding, as it were, but once in an hour. */
	int rc = sp_store_begin(st);

	return rc == SP_OK ? sp_store_finish(st, put(st, hour, users)) : rc;
}

int sp_store_spray_each(struct sp_store *st, int64_t now,
		void (*fn)(void *arg, int64_t hour, uint32_t users), void *arg)
{
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT hour, users FROM spray_hour WHERE hour > ?1 AND hour <= ?2");
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, now / 3600 - SP_SPRAY_HOURS - 1);
	sp_stmt_int(s, 2, now / 3600);
	while ((rc = sp_stmt_step(s)) == 1) {
		int64_t users = sp_stmt_col_int(s, 1);

		fn(arg, sp_stmt_col_int(s, 0),
				users < 0                            ? 0
						: users < UINT32_MAX ? (uint32_t)users
								     : UINT32_MAX);
	}
	sp_stmt_reset(s);
	return rc < 0 ? sp_store_db_fail(st, rc) : SP_OK;
}
