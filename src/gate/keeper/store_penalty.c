/* gate/keeper/store_penalty.c - see store_penalty.h. */
#include "gate/keeper/store_penalty.h"

#include <string.h>

#include "gate/keeper/store_part.h"

static int insert(struct sp_store *st, const struct sp_kept_penalty *p)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO penalty (source, until) VALUES (?1, ?2) "
			"ON CONFLICT (source) DO UPDATE SET until = excluded.until "
			"WHERE excluded.until > penalty.until");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(p->source, sizeof(p->source)));
	sp_stmt_int(s, 2, p->until);
	return sp_store_run(st, s);
}

static int replace(struct sp_store *st, const struct sp_msg_penalties *m)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM penalty");
	int rc = s != NULL ? sp_store_run(st, s) : SP_EDB;

	for (uint32_t i = 0; i < m->n && rc == SP_OK; i++) {
		rc = insert(st, &m->v[i]);
	}
	return rc;
}

int sp_store_penalties_set(struct sp_store *st, const struct sp_msg_penalties *m)
{
	if (!(m->n <= SP_PENALTIES)) {
		return sp_store_fail(st, SP_EARG, "too many penalties");
	}
	sp_db_lazy(st->db, true);
	int rc = sp_store_begin(st);
	if (rc == SP_OK) {
		rc = sp_store_finish(st, replace(st, m));
	}
	sp_db_lazy(st->db, false);
	return rc;
}

int sp_store_penalties_get(struct sp_store *st, int64_t now, struct sp_msg_penalties *out)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT source, until FROM penalty WHERE until > ?1 "
			"ORDER BY until DESC, source LIMIT ?2");
	int rc;

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, now);
	sp_stmt_int(s, 2, SP_PENALTIES);
	while ((rc = sp_stmt_step(s)) == 1 && out->n < SP_PENALTIES) {
		struct sp_span source = sp_stmt_col_bytes(s, 0);
		struct sp_kept_penalty *p = &out->v[out->n];

		if (source.n == sizeof(p->source)) {
			memcpy(p->source, source.p, sizeof(p->source));
			p->until = sp_stmt_col_int(s, 1);
			out->n++;
		}
	}
	sp_stmt_reset(s);
	return rc >= 0 ? SP_OK : sp_store_db_fail(st, rc);
}
