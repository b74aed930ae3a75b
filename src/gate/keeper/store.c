/* gate/keeper/store.c - users and their sealed secrets. */
#include "gate/keeper/store.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/secret.h"
#include "gate/keeper/password.h"
#include "gate/keeper/store_part.h"
#include "host/lib/seal.h"
#include "host/db/db.h"

#define VERSION 1
#define FLAG_DISABLED 1
#define FLAG_TOTP 2
#define KEY_ID 16
#define AAD_MAX 192

/* AUTOINCREMENT: the number of somebody deleted never comes back, nor does his sealed row. */
static const char *const steps[] = {
		"CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;"
		"CREATE TABLE user ("
		"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
		"  name TEXT NOT NULL UNIQUE,"
		"  display TEXT NOT NULL,"
		"  disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),"
		"  created INTEGER NOT NULL,"
		"  last_login INTEGER NOT NULL DEFAULT 0) STRICT;"
		"CREATE TABLE credential ("
		"  id INTEGER PRIMARY KEY AUTOINCREMENT,"
		"  user INTEGER NOT NULL REFERENCES user(id) ON DELETE CASCADE,"
		"  kind TEXT NOT NULL,"
		"  version INTEGER NOT NULL,"
		"  created INTEGER NOT NULL,"
		"  salt BLOB NOT NULL,"
		"  nonce BLOB NOT NULL,"
		"  sealed BLOB NOT NULL,"
		"  UNIQUE (user, kind)) STRICT;",
		/* totp_last: the last step whose code was taken, and none before it is again. */
		"ALTER TABLE user ADD COLUMN totp INTEGER NOT NULL DEFAULT 0 "
		"  CHECK (totp IN (0, 1));"
		"ALTER TABLE user ADD COLUMN totp_last INTEGER NOT NULL DEFAULT 0;",
};

int sp_store_fail(struct sp_store *st, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(st->why, sizeof(st->why), fmt, ap);
	va_end(ap);
	return err;
}

int sp_store_db_fail(struct sp_store *st, int err)
{
	return sp_store_fail(st, err, "store: %s", sp_db_why(st->db));
}

const char *sp_store_why(const struct sp_store *st)
{
	return st->why;
}

/* What a sealed secret is bound to: its kind, whose it is, which row; a hash also to what it opens. */
static struct sp_span aad_of(char buf[AAD_MAX], const char *kind, const struct sp_user *u,
		int64_t credential, int64_t version)
{
	int flags = 0;

	if (strcmp(kind, SP_STORE_NT) == 0) {
		flags = (u->disabled ? FLAG_DISABLED : 0) | (u->totp ? FLAG_TOTP : 0);
	}
	int n = snprintf(buf, AAD_MAX, "%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%d|%s", kind, u->id,
			credential, version, flags, u->name);

	return sp_span(buf, (size_t)n);
}

static struct sp_span decoy_aad(void)
{
	static const char aad[] = SP_STORE_NT "|decoy";

	return sp_span(aad, sizeof(aad) - 1);
}

/* Remembers which key sealed this store; SP_EAUTH when it was another. */
static int check_key(struct sp_store *st)
{
	uint8_t id[KEY_ID];
	struct sp_stmt *s = sp_db_stmt(st->db, "SELECT value FROM meta WHERE name = 'key id'");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_seal_derive(&st->seal, "key id", sp_span(NULL, 0), id, sizeof(id));
	int rc = sp_stmt_step(s);
	if (rc == 1) {
		bool same = sp_span_eq(sp_stmt_col_bytes(s, 0), sp_span(id, sizeof(id)));
		sp_stmt_reset(s);
		return same ? SP_OK : SP_EAUTH;
	}
	sp_stmt_reset(s);
	if (rc < 0) {
		return rc;
	}
	s = sp_db_stmt(st->db,
			"INSERT INTO meta (name, value) VALUES ('key id', ?1) "
			"ON CONFLICT DO NOTHING");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_bytes(s, 1, sp_span(id, sizeof(id)));
	rc = sp_stmt_run(s);
	if (rc == SP_OK && sp_db_changes(st->db) == 0) {
		return check_key(st);
	}
	return rc;
}

static bool path_of(char path[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return 0 < n && n < PATH_MAX;
}

static int open_parts(struct sp_store *st, const char *dir, bool create, char why[SP_STORE_WHY])
{
	char path[PATH_MAX], part[SP_DB_WHY];
	struct stat db;

	if (create && mkdir(dir, 0700) != 0 && errno != EEXIST) {
		snprintf(why, SP_STORE_WHY, "%s: %s", dir, strerror(errno));
		return SP_ESYS;
	}
	if (!path_of(path, dir, "store.db")) {
		snprintf(why, SP_STORE_WHY, "directory's name too long");
		return SP_EARG;
	}
	bool had_db = stat(path, &db) == 0 && db.st_size > 0;
	if (!create && !had_db) {
		snprintf(why, SP_STORE_WHY, "%.250s: no user was ever added", dir);
		return SP_ENOTFOUND;
	}
	if (!path_of(path, dir, "keeper.key")) {
		return SP_EARG;
	}
	/* A new key beside an old store would only hide that the right one is lost. */
	int rc = sp_seal_open(&st->seal, path, create && !had_db, part);
	if (rc != SP_OK) {
		snprintf(why, SP_STORE_WHY, "%s", part);
		return rc;
	}
	(void)path_of(path, dir, "store.db");
	st->db = sp_db_open(path, create, part);
	if (st->db == NULL) {
		snprintf(why, SP_STORE_WHY, "%.200s: %.100s", path, part);
		return SP_EDB;
	}
	rc = sp_db_migrate(st->db, steps, SP_LEN(steps));
	if (rc == SP_EPROTO) {
		snprintf(why, SP_STORE_WHY, "%.200s: made by a later version of sallyport", path);
		return rc;
	}
	if (rc == SP_OK) {
		rc = check_key(st);
	}
	if (rc == SP_EAUTH) {
		snprintf(why, SP_STORE_WHY, "%s: keeper.key is not the key of this store", dir);
	} else if (rc != SP_OK) {
		snprintf(why, SP_STORE_WHY, "%.200s: %.100s", path, sp_db_why(st->db));
	}
	return rc;
}

struct sp_store *sp_store_open(const char *dir, bool create, const struct sp_crypto *crypto,
		char why[SP_STORE_WHY])
{
	static const uint8_t nothing[SP_NTLMV2_KEY];
	struct sp_store *st = sp_calloc(1, sizeof(*st));

	why[0] = '\0';
	if (st == NULL) {
		snprintf(why, SP_STORE_WHY, "out of memory");
		return NULL;
	}
	st->crypto = crypto;
	if (open_parts(st, dir, create, why) != SP_OK) {
		sp_store_close(st);
		return NULL;
	}
	sp_seal_close(&st->seal, decoy_aad(), sp_span(nothing, sizeof(nothing)), st->decoy_salt,
			st->decoy_nonce, st->decoy);
	return st;
}

void sp_store_close(struct sp_store *st)
{
	if (st == NULL) {
		return;
	}
	sp_db_close(st->db);
	sp_seal_finish(&st->seal);
	sp_freezero(st, sizeof(*st));
}

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

/* Ends a transaction: durable, or as if nothing had been. */
int sp_store_finish(struct sp_store *st, int rc)
{
	if (rc == SP_OK) {
		rc = sp_db_commit(st->db);
		if (rc != SP_OK) {
			return sp_store_db_fail(st, rc);
		}
		return rc;
	}
	sp_db_rollback(st->db);
	return rc;
}

/* Within a transaction: a row for the secret, first empty to learn its number, then sealed. */
int sp_store_put(struct sp_store *st, const struct sp_user *u, const char *kind,
		struct sp_span plain)
{
	uint8_t salt[SP_SEAL_SALT], nonce[SP_SEAL_NONCE], sealed[SP_STORE_SECRET + SP_SEAL_TAG];
	char aad[AAD_MAX];
	struct sp_stmt *s = sp_db_stmt(st->db,
			"INSERT OR REPLACE INTO credential "
			"(user, kind, version, created, salt, nonce, sealed) "
			"VALUES (?1, ?4, ?2, ?3, x'', x'', x'')");

	if (s == NULL || !(plain.n <= SP_STORE_SECRET)) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_int(s, 2, VERSION);
	sp_stmt_int(s, 3, (int64_t)time(NULL));
	sp_stmt_text(s, 4, kind);
	int rc = sp_stmt_run(s);
	if (rc != SP_OK) {
		return rc;
	}
	int64_t id = sp_db_last_id(st->db);
	sp_seal_close(&st->seal, aad_of(aad, kind, u, id, VERSION), plain, salt, nonce, sealed);
	s = sp_db_stmt(st->db,
			"UPDATE credential SET salt = ?2, nonce = ?3, sealed = ?4 WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	sp_stmt_bytes(s, 2, sp_span(salt, sizeof(salt)));
	sp_stmt_bytes(s, 3, sp_span(nonce, sizeof(nonce)));
	sp_stmt_bytes(s, 4, sp_span(sealed, plain.n + SP_SEAL_TAG));
	return sp_stmt_run(s);
}

int sp_store_secret(struct sp_store *st, const struct sp_user *u, const char *kind, uint8_t *out,
		size_t n)
{
	char aad[AAD_MAX];
	struct sp_stmt *s = sp_db_stmt(st->db,
			"SELECT id, version, salt, nonce, sealed FROM credential "
			"WHERE user = ?1 AND kind = ?2");

	memset(out, 0, n);
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_text(s, 2, kind);
	int rc = sp_stmt_step(s);
	if (rc != 1) {
		sp_stmt_reset(s);
		return rc < 0 ? rc : SP_ENOTFOUND;
	}
	int64_t version = sp_stmt_col_int(s, 1);
	struct sp_span salt = sp_stmt_col_bytes(s, 2), nonce = sp_stmt_col_bytes(s, 3);
	rc = SP_EAUTH;
	if (version == VERSION && salt.n == SP_SEAL_SALT && nonce.n == SP_SEAL_NONCE) {
		rc = sp_seal_unseal(&st->seal, aad_of(aad, kind, u, sp_stmt_col_int(s, 0), version),
				salt.p, nonce.p, sp_stmt_col_bytes(s, 4), out, n);
	}
	sp_stmt_reset(s);
	return rc;
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

static int hash_of(struct sp_store *st, const char *name, const char *password,
		uint8_t hash[SP_NTLMV2_KEY])
{
	const char *complaint = sp_password_complaint(password, name);

	if (complaint != NULL) {
		return sp_store_fail(st, SP_EARG, "password %s", complaint);
	}
	if (sp_ntlmv2_nt_hash(st->crypto, password, hash) != SP_OK) {
		return sp_store_fail(st, SP_EARG, "password cannot be used");
	}
	return SP_OK;
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

static int add_user(struct sp_store *st, const char *name, const char *display, struct sp_span hash)
{
	struct sp_user u = {0};
	struct sp_stmt *s = sp_db_stmt(
			st->db, "INSERT INTO user (name, display, created) VALUES (?1, ?2, ?3)");

	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_text(s, 1, name);
	sp_stmt_text(s, 2, display);
	sp_stmt_int(s, 3, (int64_t)time(NULL));
	int rc = sp_stmt_run(s);
	if (rc == SP_EARG) {
		return sp_store_fail(st, rc, "user exists");
	}
	if (rc != SP_OK) {
		return sp_store_db_fail(st, rc);
	}
	u.id = sp_db_last_id(st->db);
	snprintf(u.name, sizeof(u.name), "%s", name);
	rc = sp_store_put(st, &u, SP_STORE_NT, hash);
	return rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
}

int sp_store_add(struct sp_store *st, const char *name, const char *display, const char *password)
{
	uint8_t hash[SP_NTLMV2_KEY];
	int rc = check_names(st, name, display);

	if (rc != SP_OK) {
		return rc;
	}
	rc = hash_of(st, name, password, hash);
	if (rc == SP_OK) {
		rc = sp_db_begin(st->db);
		if (rc != SP_OK) {
			rc = sp_store_db_fail(st, rc);
		} else {
			rc = sp_store_finish(st,
					add_user(st, name, display, sp_span(hash, sizeof(hash))));
		}
	}
	sp_wipe(hash, sizeof(hash));
	return rc;
}

int sp_store_passwd(struct sp_store *st, const char *name, const char *password)
{
	struct sp_user u;
	uint8_t hash[SP_NTLMV2_KEY];
	int rc = hash_of(st, name, password, hash);

	if (rc != SP_OK) {
		return rc;
	}
	rc = sp_db_begin(st->db);
	if (rc != SP_OK) {
		rc = sp_store_db_fail(st, rc);
		goto wipe;
	}
	rc = sp_store_get(st, name, &u);
	if (rc == SP_OK) {
		rc = sp_store_put(st, &u, SP_STORE_NT, sp_span(hash, sizeof(hash)));
		rc = rc == SP_OK ? SP_OK : sp_store_db_fail(st, rc);
	}
	rc = sp_store_finish(st, rc);
wipe:
	sp_wipe(hash, sizeof(hash));
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
	int rc = sp_db_begin(st->db);

	return rc == SP_OK ? sp_store_finish(st, set_disabled(st, name, disabled))
			   : sp_store_db_fail(st, rc);
}

int sp_store_delete(struct sp_store *st, const char *name)
{
	struct sp_stmt *s = sp_db_stmt(st->db, "DELETE FROM user WHERE name = ?1");

	if (s == NULL) {
		return sp_store_db_fail(st, SP_EDB);
	}
	sp_stmt_text(s, 1, name);
	int rc = sp_stmt_run(s);
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

static int find(struct sp_store *st, const char *name, struct sp_user *u)
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

/* A hash that nobody has, always the same one for a name. */
static void fake_hash(struct sp_store *st, const char *name, uint8_t hash[SP_NTLMV2_KEY])
{
	char folded[SP_TEXT_NAME];
	size_t n = 0;

	for (; name[n] != '\0' && n < sizeof(folded); n++) {
		folded[n] = name[n];
		if ('a' <= name[n] && name[n] <= 'z') {
			folded[n] = (char)(name[n] - 'a' + 'A');
		}
	}
	sp_seal_derive(&st->seal, "fake", sp_span(folded, n), hash, SP_NTLMV2_KEY);
}

void sp_store_check(struct sp_store *st, const char *name, const struct sp_ntlmv2_query *q,
		const struct sp_source *source, int64_t now, struct sp_checked *out)
{
	uint8_t hash[SP_NTLMV2_KEY], fake[SP_NTLMV2_KEY], key[SP_NTLMV2_KEY];
	struct sp_user u = {0};
	enum sp_why why = SP_WHY_PASSWORD;

	*out = (struct sp_checked){.result = SP_PROOF_DENIED, .why = SP_WHY_INTERNAL};
	fake_hash(st, name, fake);
	int rc = find(st, name, &u);
	int secret = sp_store_secret(st, &u, SP_STORE_NT, hash, sizeof(hash));
	if (rc != SP_OK || secret != SP_OK) {
		/* Nobody has this proof; the work is done all the same. */
		int opened = sp_seal_unseal(&st->seal, decoy_aad(), st->decoy_salt, st->decoy_nonce,
				sp_span(st->decoy, sizeof(st->decoy)), hash, sizeof(hash));
		memcpy(hash, fake, sizeof(hash));
		why = rc == SP_ENOTFOUND && opened == SP_OK ? SP_WHY_NO_USER : SP_WHY_STORE;
	} else if (u.disabled) {
		why = SP_WHY_DISABLED;
	}
	bool proved = sp_ntlmv2_check(st->crypto, hash, q, key);
	if (proved && rc == SP_OK && secret == SP_OK && !u.disabled) {
		out->user = u;
		out->by = SP_PROVED_PASSWORD;
		memcpy(out->session_base_key, key, sizeof(key));
		out->why = SP_WHY_OK;
		out->result = SP_PROOF_GRANTED;
	} else {
		out->why = why;
	}
	sp_wipe(hash, sizeof(hash));
	sp_wipe(fake, sizeof(fake));
	sp_wipe(key, sizeof(key));
}

void sp_store_alias(struct sp_store *st, uint8_t *out, size_t n)
{
	uint8_t all[64];

	sp_seal_derive(&st->seal, "alias", sp_span(NULL, 0), all, sizeof(all));
	memcpy(out, all, n < sizeof(all) ? n : sizeof(all));
	sp_wipe(all, sizeof(all));
}
