/* gate/keeper/store_vault.c - see store_vault.h. */
#include "gate/keeper/store_vault.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "gate/keeper/password.h"
#include "gate/keeper/store_part.h"

#define UNITS_MAX 255 /* of UTF-16, in a name or a password */

static struct sp_span aad_of(char buf[SP_STORE_AAD], int64_t id, int64_t version, const char *name)
{
	int n = snprintf(buf, SP_STORE_AAD, "vault1|%" PRId64 "|%" PRId64 "|%.80s", id, version,
			name);

	return sp_span(buf, (size_t)n);
}

static const char *text_complaint(const char *text)
{
	if (text[0] == '\0') {
		return "is empty";
	}
	if (strlen(text) >= SP_TEXT_NAME || sp_utf16_units(text) > UNITS_MAX) {
		return "is longer than 255 characters";
	}
	for (const char *p = text; *p != '\0';) {
		uint32_t c = sp_utf8_next(&p);
		if (c == 0xfffd) {
			return "is not UTF-8";
		}
		if (c < 0x20 || c == 0x7f) {
			return "has a control character";
		}
	}
	return NULL;
}

/* Within a transaction: the row is there, with its number, before it is sealed. */
static int set(struct sp_store *st, const char *name, const struct sp_vault_secret *secret)
{
	char aad[SP_STORE_AAD];
	struct sp_stmt *s = sp_store_stmt(st,
			"INSERT INTO vault (name, created, changed, version, salt, nonce, sealed) "
			"VALUES (?1, ?2, ?2, ?3, x'', x'', x'') "
			"ON CONFLICT (name) DO UPDATE SET changed = ?2, version = ?3 "
			"RETURNING id");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, name);
	sp_stmt_int(s, 2, (int64_t)time(NULL));
	sp_stmt_int(s, 3, SP_STORE_VERSION);
	int rc = sp_stmt_step(s);
	int64_t id = rc == 1 ? sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	if (rc != 1) {
		return sp_store_db_fail(st, SP_EDB);
	}
	s = sp_store_stmt(st, "UPDATE vault SET salt = ?2, nonce = ?3, sealed = ?4 WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	/* All of the structure: what is sealed does not tell how long a password is. */
	if (!sp_store_seal(st, s, 2, aad_of(aad, id, SP_STORE_VERSION, name),
			    sp_span(secret, sizeof(*secret)))) {
		return sp_store_fail(st, SP_ENOMEM, "out of memory");
	}
	return sp_store_run(st, s);
}

int sp_store_vault_set(
		struct sp_store *st, const char *name, const char *user, const char *password)
{
	struct sp_vault_secret secret;
	const char *complaint = sp_user_name_complaint(name);

	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "name %s", complaint);
	}
	if ((complaint = text_complaint(user)) != NULL) {
		return sp_store_fail(st, SP_EARG, "user name %s", complaint);
	}
	if ((complaint = text_complaint(password)) != NULL) {
		return sp_store_fail(st, SP_EARG, "password %s", complaint);
	}
	memset(&secret, 0, sizeof(secret));
	snprintf(secret.user, sizeof(secret.user), "%s", user);
	snprintf(secret.password, sizeof(secret.password), "%s", password);
	int rc = sp_store_about(st, "secret", name, "set");
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc == SP_OK) {
		rc = sp_store_finish(st, set(st, name, &secret));
	}
	sp_wipe(&secret, sizeof(secret));
	return rc;
}

int sp_store_vault_delete(struct sp_store *st, const char *name)
{
	int rc = sp_store_about(st, "secret", name, "delete");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM vault WHERE name = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, name);
	rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return sp_store_fail(st, SP_ENOTFOUND, "no such secret");
	}
	return rc;
}

int sp_store_vault_list(struct sp_store *st, bool (*fn)(void *arg, const struct sp_vault_item *v),
		void *arg)
{
	struct sp_stmt *s =
			sp_store_stmt(st, "SELECT name, created, changed FROM vault ORDER BY name");
	int rc;

	if (s == NULL) {
		return SP_EDB;
	}
	while ((rc = sp_stmt_step(s)) == 1) {
		struct sp_vault_item v = {
				.created = sp_stmt_col_int(s, 1), .changed = sp_stmt_col_int(s, 2)};

		snprintf(v.name, sizeof(v.name), "%s", sp_stmt_col_text(s, 0));
		if (!fn(arg, &v)) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_vault_get(struct sp_store *st, const char *name, struct sp_vault_secret *out)
{
	char aad[SP_STORE_AAD];
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT id, version, salt, nonce, sealed FROM vault WHERE name = ?1");

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, name);
	int rc = sp_stmt_step(s);
	if (rc != 1) {
		sp_stmt_reset(s);
		return rc < 0 ? sp_store_db_fail(st, rc)
			      : sp_store_fail(st, SP_ENOTFOUND, "no such secret");
	}
	rc = sp_store_unseal(st, s, 2,
			aad_of(aad, sp_stmt_col_int(s, 0), sp_stmt_col_int(s, 1), name),
			(uint8_t *)out, sizeof(*out));
	sp_stmt_reset(s);
	/* Sealed by us, but an array without its end would be read past it. */
	out->user[sizeof(out->user) - 1] = '\0';
	out->password[sizeof(out->password) - 1] = '\0';
	return rc == SP_OK ? SP_OK
			   : sp_store_fail(st, SP_EAUTH, "sealed secret was changed; set it again");
}
