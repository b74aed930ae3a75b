/* gate/keeper/store_totp.c - one-time codes: their sealed secrets, and each code once. */
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_part.h"

/* Within a transaction. */
static int set_last(struct sp_store *st, int64_t id, uint64_t last)
{
	struct sp_stmt *s = sp_db_stmt(st->db, "UPDATE user SET totp_last = ?2 WHERE id = ?1");

	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, (int64_t)last);
	int rc = sp_stmt_run(s);
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

static int set(struct sp_store *st, const char *name, const uint8_t *secret, uint64_t last,
		bool first)
{
	struct sp_user was, is;
	int rc = sp_store_get(st, name, &was);

	if (rc != SP_OK) {
		return rc;
	}
	if (first && was.totp) {
		return sp_store_fail(st, SP_EARG, "user has a one-time-code secret already");
	}
	is = was;
	is.totp = true;
	rc = sp_store_rebind(st, &was, &is);
	if (rc == SP_OK) {
		rc = set_last(st, is.id, last);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_store_put(st, &is, SP_STORE_TOTP, sp_span(secret, SP_TOTP_SECRET));
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_totp_set(struct sp_store *st, const char *name, const uint8_t secret[SP_TOTP_SECRET],
		uint64_t last)
{
	int rc = sp_store_about(st, "user", name, "totp-set");

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_db_begin(st->db);
	return rc == SP_OK ? sp_store_finish(st, set(st, name, secret, last, false))
			   : sp_store_db_fail(st, rc);
}

int sp_store_totp_enrol(struct sp_store *st, const char *name, const uint8_t secret[SP_TOTP_SECRET],
		uint64_t last)
{
	int rc = sp_store_about(st, "user", name, "totp-set");

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_db_begin(st->db);
	return rc == SP_OK ? sp_store_finish(st, set(st, name, secret, last, true))
			   : sp_store_db_fail(st, rc);
}

static int clear(struct sp_store *st, const char *name)
{
	struct sp_user was, is;
	int rc = sp_store_get(st, name, &was);

	if (rc != SP_OK) {
		return rc;
	}
	if (!was.totp) {
		return sp_store_fail(st, SP_ENOTFOUND, "user has no one-time-code secret");
	}
	is = was;
	is.totp = false;
	rc = sp_store_rebind(st, &was, &is);
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s =
			sp_db_stmt(st->db, "DELETE FROM credential WHERE user = ?1 AND kind = ?2");
	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_int(s, 1, is.id);
	sp_stmt_text(s, 2, SP_STORE_TOTP);
	rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	/* They stood for these codes. */
	s = sp_store_stmt(st, "DELETE FROM recovery WHERE user = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, is.id);
	return sp_store_run(st, s);
}

int sp_store_totp_clear(struct sp_store *st, const char *name)
{
	int rc = sp_store_about(st, "user", name, "totp-remove");

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_db_begin(st->db);
	return rc == SP_OK ? sp_store_finish(st, clear(st, name)) : sp_store_db_fail(st, rc);
}

int sp_store_totp_get(struct sp_store *st, const char *name, uint8_t secret[SP_TOTP_SECRET])
{
	struct sp_user u;
	int rc = sp_store_get(st, name, &u);

	memset(secret, 0, SP_TOTP_SECRET);
	if (rc != SP_OK) {
		return rc;
	}
	if (!u.totp) {
		return sp_store_fail(st, SP_ENOTFOUND, "user has no one-time-code secret");
	}
	rc = sp_store_about(st, "user", name, "totp-show");
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_store_secret(st, &u, SP_STORE_TOTP, secret, SP_TOTP_SECRET);
	if (rc == SP_EAUTH || rc == SP_ENOTFOUND) {
		return sp_store_fail(st, SP_EAUTH,
				"sealed one-time-code secret was changed; enrol again");
	}
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

/* Compare and swap: only a step after the last one changes a row. */
static int spend(struct sp_store *st, const struct sp_user *u, uint64_t step)
{
	struct sp_stmt *s = sp_db_stmt(st->db,
			"UPDATE user SET totp_last = ?2 "
			"WHERE id = ?1 AND totp = 1 AND totp_last < ?2");

	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_int(s, 2, (int64_t)step);
	int rc = sp_stmt_run(s);
	if (rc != SP_OK) {
		return sp_store_db_fail(st, rc);
	}
	return sp_db_changes(st->db) == 1 ? SP_OK
					  : sp_store_fail(st, SP_EDENIED, "code was used already");
}

int sp_store_totp_take(struct sp_store *st, const char *name, const char *code, int64_t now)
{
	uint8_t secret[SP_TOTP_SECRET];
	struct sp_user u;
	uint64_t step;
	int rc = sp_store_get(st, name, &u);

	if (rc == SP_OK && u.disabled) {
		rc = sp_store_fail(st, SP_EAUTH, "user is disabled");
	}
	if (rc == SP_OK) {
		rc = sp_store_totp_get(st, name, secret);
	}
	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_totp_find(secret, code, now, &step);
	sp_wipe(secret, sizeof(secret));
	if (rc != SP_OK) {
		return sp_store_fail(st, SP_EAUTH, "wrong code");
	}
	return spend(st, &u, step);
}

int sp_store_totp_use(struct sp_store *st, const char *name, const char *code, int64_t now)
{
	int rc = sp_db_begin(st->db);

	return rc == SP_OK ? sp_store_finish(st, sp_store_totp_take(st, name, code, now))
			   : sp_store_db_fail(st, rc);
}
