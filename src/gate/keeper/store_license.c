/* gate/keeper/store_license.c - see store_license.h. */
#include "gate/keeper/store_license.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_part.h"

static struct sp_span aad_of(char buf[SP_STORE_AAD], int64_t id, int64_t version,
		const char *target, const char *client)
{
	int n = snprintf(buf, SP_STORE_AAD, "license1|%" PRId64 "|%" PRId64 "|%zu|%.80s|%.80s", id,
			version, strlen(target), target, client);

	return sp_span(buf, (size_t)n);
}

static int check_names(struct sp_store *st, const char *target, const char *client)
{
	if (!(0 < strlen(target) && strlen(target) < SP_TEXT_TARGET && 0 < strlen(client) &&
			    strlen(client) < SP_TEXT_CLIENT)) {
		return sp_store_fail(st, SP_EARG, "not a target and a client");
	}
	return SP_OK;
}

/* Within a transaction: the oldest go, first of this target, then of all. */
static int make_room(struct sp_store *st, const char *target)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"DELETE FROM license WHERE target = ?1 AND id NOT IN (SELECT id FROM "
			"license WHERE target = ?1 ORDER BY id DESC LIMIT ?2)");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_int(s, 2, SP_LICENSES_PER_TARGET);
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	s = sp_store_stmt(st,
			"DELETE FROM license WHERE id NOT IN (SELECT id FROM license "
			"ORDER BY id DESC LIMIT ?1)");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, SP_LICENSES_MAX);
	return sp_store_run(st, s);
}

static int forget(struct sp_store *st, const char *target, const char *client)
{
	struct sp_stmt *s =
			sp_store_stmt(st, "DELETE FROM license WHERE target = ?1 AND client = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, client);
	return sp_store_run(st, s);
}

/* Within a transaction. A replaced row gets a new number, which makes it the youngest. */
static int put(struct sp_store *st, const char *target, const char *client, struct sp_span license)
{
	char aad[SP_STORE_AAD];
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO license "
			"(target, client, version, salt, nonce, sealed) "
			"VALUES (?1, ?2, ?3, x'', x'', x'')");

	if (s == NULL) {
		return SP_EDB;
	}
	int rc = forget(st, target, client);
	if (rc != SP_OK) {
		return rc;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, client);
	sp_stmt_int(s, 3, SP_STORE_VERSION);
	rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc;
	}
	int64_t id = sp_db_last_id(st->db);
	s = sp_store_stmt(
			st, "UPDATE license SET salt = ?2, nonce = ?3, sealed = ?4 WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	if (!sp_store_seal(st, s, 2, aad_of(aad, id, SP_STORE_VERSION, target, client), license)) {
		return sp_store_fail(st, SP_ENOMEM, "out of memory");
	}
	rc = sp_store_run(st, s);
	return rc == SP_OK ? make_room(st, target) : rc;
}

int sp_store_license_put(
		struct sp_store *st, const char *target, const char *client, struct sp_span license)
{
	int rc = check_names(st, target, client);

	if (rc == SP_OK && !(1 <= license.n && license.n <= SP_LICENSE_MAX)) {
		rc = sp_store_fail(st, SP_EARG, "licence must have 1 to %d bytes", SP_LICENSE_MAX);
	}
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	return rc == SP_OK ? sp_store_finish(st, put(st, target, client, license)) : rc;
}

static int drop(struct sp_store *st, int64_t id)
{
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM license WHERE id = ?1");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	int rc = sp_store_run(st, s);
	return rc == SP_OK ? sp_store_fail(st, SP_EAUTH, "sealed licence was changed; dropped")
			   : rc;
}

int sp_store_license_get(struct sp_store *st, const char *target, const char *client,
		uint8_t out[SP_LICENSE_MAX], size_t *n)
{
	char aad[SP_STORE_AAD];
	int rc = check_names(st, target, client);

	*n = 0;
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st,
			"SELECT id, version, salt, nonce, sealed FROM license "
			"WHERE target = ?1 AND client = ?2");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, client);
	rc = sp_stmt_step(s);
	if (rc != 1) {
		sp_stmt_reset(s);
		return rc < 0 ? sp_store_db_fail(st, rc)
			      : sp_store_fail(st, SP_ENOTFOUND, "no licence");
	}
	int64_t id = sp_stmt_col_int(s, 0);
	size_t size = sp_stmt_col_bytes(s, 4).n;
	rc = SP_EAUTH;
	if (SP_SEAL_TAG < size && size <= SP_LICENSE_MAX + SP_SEAL_TAG) {
		rc = sp_store_unseal(st, s, 2,
				aad_of(aad, id, sp_stmt_col_int(s, 1), target, client), out,
				size - SP_SEAL_TAG);
	}
	sp_stmt_reset(s);
	if (rc != SP_OK) {
		return drop(st, id);
	}
	*n = size - SP_SEAL_TAG;
	return SP_OK;
}

int sp_store_license_drop(struct sp_store *st, const char *target, const char *client)
{
	int rc = check_names(st, target, client);
	struct sp_stmt *s = rc == SP_OK ? sp_store_stmt(st,
							  "DELETE FROM license WHERE target = ?1 "
							  "AND client = ?2")
					: NULL;

	if (s == NULL) {
		return rc != SP_OK ? rc : SP_EDB;
	}
	sp_stmt_text(s, 1, target);
	sp_stmt_text(s, 2, client);
	return sp_store_run(st, s);
}
