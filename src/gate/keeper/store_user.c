/* gate/keeper/store_user.c - users: add, change, list, find. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "gate/keeper/password.h"
#include "gate/keeper/store_part.h"
#include "host/lib/pwhash.h"

static void read_user(struct sp_stmt *s, struct sp_user *u)
{
	memset(u, 0, sizeof(*u));
	u->id = sp_stmt_col_int(s, 0);
	snprintf(u->name, sizeof(u->name), "%s", sp_stmt_col_text(s, 1));
	snprintf(u->display, sizeof(u->display), "%s", sp_stmt_col_text(s, 2));
	u->disabled = sp_stmt_col_int(s, 3) != 0;
	u->created = sp_stmt_col_int(s, 4);
	u->last_login = sp_stmt_col_int(s, 5);
	u->totp = sp_stmt_col_int(s, 6) != 0;
	u->totp_last = (uint64_t)sp_stmt_col_int(s, 7);
}

#define USER_COLUMNS "id, name, display, disabled, created, last_login, totp, totp_last"

int sp_store_get(struct sp_store *st, const char *name, struct sp_user *out)
{
	struct sp_stmt *s = sp_db_stmt(st->db, "SELECT " USER_COLUMNS " FROM user WHERE name = ?1");

	memset(out, 0, sizeof(*out));
	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_text(s, 1, name);
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		read_user(s, out);
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	return rc == 1 ? SP_OK : sp_store_fail(st, SP_ENOTFOUND, "no such user");
}

int sp_store_list(struct sp_store *st, bool (*fn)(void *arg, const struct sp_user *u), void *arg)
{
	struct sp_stmt *s = sp_db_stmt(st->db, "SELECT " USER_COLUMNS " FROM user ORDER BY name");
	struct sp_user u;
	int rc;

	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	while ((rc = sp_stmt_step(s)) == 1) {
		read_user(s, &u);
		if (!fn(arg, &u)) {
			rc = 0;
			break;
		}
	}
	sp_stmt_reset(s);
	return rc == 0 ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_rebind(struct sp_store *st, const struct sp_user *was, const struct sp_user *is)
{
	uint8_t hash[SP_NTLMV2_KEY];
	int rc = sp_store_secret(st, was, SP_STORE_NT, hash, sizeof(hash));

	if (rc == SP_EAUTH) {
		return sp_store_fail(st, rc, "sealed secret was changed; set a new password");
	}
	if (rc == SP_OK) {
		rc = sp_store_put(st, is, SP_STORE_NT, sp_span(hash, sizeof(hash)));
	}
	sp_wipe(hash, sizeof(hash));
	if (rc != SP_OK && rc != SP_ENOTFOUND) {
		return sp_store_db_fail(st, rc);
	}
	struct sp_stmt *s = sp_db_stmt(
			st->db, "UPDATE user SET disabled = ?2, totp = ?3 WHERE id = ?1");
	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_int(s, 1, is->id);
	sp_stmt_int(s, 2, is->disabled ? 1 : 0);
	sp_stmt_int(s, 3, is->totp ? 1 : 0);
	rc = sp_stmt_run(s);
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

/* What the store keeps of a password, for the doors of both kinds. */
struct kept {
	uint8_t hash[SP_NTLMV2_KEY];
	char verifier[SP_PWHASH_TEXT];
};

static int keep_of(struct sp_store *st, const char *name, const char *password, struct kept *k)
{
	const char *complaint = sp_password_complaint(password, name);

	memset(k, 0, sizeof(*k));
	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "password %s", complaint);
	}
	if (sp_ntlmv2_nt_hash(st->crypto, password, k->hash) != SP_OK) {
		return sp_store_fail(st, SP_EARG, "password cannot be used");
	}
	if (sp_pwhash_make(password, k->verifier) != SP_OK) {
		return sp_store_fail(st, SP_ENOMEM, "out of memory");
	}
	return SP_OK;
}

/* Within a transaction. */
static int put_kept(struct sp_store *st, const struct sp_user *u, const struct kept *k)
{
	int rc = sp_store_put(st, u, SP_STORE_NT, sp_span(k->hash, sizeof(k->hash)));

	if (rc == SP_OK) {
		rc = sp_store_put(st, u, SP_STORE_ARGON, sp_span(k->verifier, sizeof(k->verifier)));
	}
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

static int check_names(struct sp_store *st, const char *name, const char *display)
{
	const char *complaint = sp_user_name_complaint(name);

	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "name %s", complaint);
	}
	if (!(strlen(display) < SP_STORE_DISPLAY)) {
		return sp_store_fail(st, SP_EARG, "display name is longer than 255 bytes");
	}
	for (const char *p = display; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			return sp_store_fail(st, SP_EARG, "display name has a control character");
		}
	}
	return SP_OK;
}

static int add_user(
		struct sp_store *st, const char *name, const char *display, const struct kept *k)
{
	struct sp_user u = {0};
	struct sp_stmt *s = sp_store_stmt(
			st, "INSERT INTO user (name, display, created) VALUES (?1, ?2, ?3)");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_text(s, 1, name);
	sp_stmt_text(s, 2, display);
	sp_stmt_int(s, 3, (int64_t)time(NULL));
	int rc = sp_store_run(st, s);
	if (rc != SP_OK) {
		return rc == SP_EARG ? sp_store_fail(st, rc, "user exists") : rc;
	}
	u.id = sp_db_last_id(st->db);
	snprintf(u.name, sizeof(u.name), "%s", name);
	return put_kept(st, &u, k);
}

int sp_store_add(struct sp_store *st, const char *name, const char *display, const char *password)
{
	struct kept k;
	int rc = check_names(st, name, display);

	if (rc != SP_OK) {
		return rc;
	}
	rc = keep_of(st, name, password, &k);
	if (rc == SP_OK) {
		rc = sp_store_about(st, "user", name, "add");
	}
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc == SP_OK) {
		rc = sp_store_finish(st, add_user(st, name, display, &k));
	}
	sp_wipe(&k, sizeof(k));
	return rc;
}

static int change_password(struct sp_store *st, const char *name, const struct kept *k)
{
	struct sp_user u;
	int rc = sp_store_get(st, name, &u);

	return rc == SP_OK ? put_kept(st, &u, k) : rc;
}

int sp_store_passwd(struct sp_store *st, const char *name, const char *password)
{
	struct kept k;
	int rc = keep_of(st, name, password, &k);

	if (rc == SP_OK) {
		rc = sp_store_about(st, "user", name, "password");
	}
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc == SP_OK) {
		rc = sp_store_finish(st, change_password(st, name, &k));
	}
	sp_wipe(&k, sizeof(k));
	return rc;
}

static int set_disabled(struct sp_store *st, const char *name, bool disabled)
{
	struct sp_user was, is;
	int rc = sp_store_get(st, name, &was);

	if (rc != SP_OK || was.disabled == disabled) {
		return rc;
	}
	is = was;
	is.disabled = disabled;
	return sp_store_rebind(st, &was, &is);
}

int sp_store_disable(struct sp_store *st, const char *name, bool disabled)
{
	int rc = sp_store_about(st, "user", name, disabled ? "disable" : "enable");

	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	return rc == SP_OK ? sp_store_finish(st, set_disabled(st, name, disabled)) : rc;
}

int sp_store_delete(struct sp_store *st, const char *name)
{
	int rc = sp_store_about(st, "user", name, "delete");
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_db_stmt(st->db, "DELETE FROM user WHERE name = ?1");
	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_text(s, 1, name);
	rc = sp_stmt_run(s);
	if (rc != SP_OK) {
		return sp_store_db_fail(st, rc);
	}
	return sp_db_changes(st->db) > 0 ? SP_OK : sp_store_fail(st, SP_ENOTFOUND, "no such user");
}

int sp_store_seen(struct sp_store *st, int64_t id, int64_t now)
{
	struct sp_stmt *s = sp_db_stmt(st->db, "UPDATE user SET last_login = ?2 WHERE id = ?1");

	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_int(s, 2, now);
	int rc = sp_stmt_run(s);
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

/* Lower case of a name's first n bytes; false when it cannot be a name of the store. */
static bool fold(const char *name, size_t n, char out[SP_TEXT_USER])
{
	if (!(1 <= n && n <= SP_USER_NAME_MAX)) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		out[i] = name[i];
		if ('A' <= name[i] && name[i] <= 'Z') {
			out[i] = (char)(name[i] - 'A' + 'a');
		}
	}
	out[n] = '\0';
	return true;
}

int sp_store_find(struct sp_store *st, const char *name, struct sp_user *u)
{
	char folded[SP_TEXT_USER];
	const char *at = strrchr(name, '@');
	int rc = SP_ENOTFOUND;

	if (fold(name, strlen(name), folded)) {
		rc = sp_store_get(st, folded, u);
	}
	if (rc == SP_ENOTFOUND && at != NULL && fold(name, (size_t)(at - name), folded)) {
		rc = sp_store_get(st, folded, u);
	}
	return rc;
}

bool sp_store_means(const struct sp_user *u, const char *name)
{
	char folded[SP_TEXT_USER];
	const char *at = strrchr(name, '@');

	if (fold(name, strlen(name), folded) && strcmp(folded, u->name) == 0) {
		return true;
	}
	return at != NULL && fold(name, (size_t)(at - name), folded) &&
			strcmp(folded, u->name) == 0;
}
