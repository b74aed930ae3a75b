/* gate/keeper/store_recovery.c - see store_recovery.h. */
#include "gate/keeper/store_recovery.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_part.h"

#define CHARS 13 /* of 5 bits: 64 bits, and a 0 */
#define HASH 32

/*
 * A keyed hash, not Argon2id: 64 random bits cannot be tried out even with a fast one, the key is
 * not in the database, and ten Argon2ids would keep everybody else at the door waiting.
 */
static void hash_of(
		struct sp_store *st, int64_t user, const char plain[CHARS + 1], uint8_t hash[HASH])
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%" PRId64 "|%s", user, plain);

	sp_seal_derive(&st->seal, "recovery", sp_span(text, (size_t)n), hash, HASH);
	sp_wipe(text, sizeof(text));
}

/* What people type for what they read; false when it is no code. */
static bool normalize(const char *text, char plain[CHARS + 1])
{
	size_t n = 0;

	for (; *text != '\0'; text++) {
		char c = *text;
		if (c == '-' || c == ' ') {
			continue;
		}
		if ('A' <= c && c <= 'Z') {
			c = (char)(c - 'A' + 'a');
		}
		c = c == 'o' ? '0' : c == 'i' || c == 'l' ? '1' : c;
		if (n == CHARS || strchr("0123456789abcdefghjkmnpqrstvwxyz", c) == NULL) {
			return false;
		}
		plain[n++] = c;
	}
	plain[n] = '\0';
	return n == CHARS;
}

bool sp_recovery_looks(const char *text)
{
	char plain[CHARS + 1];
	bool is = normalize(text, plain);

	sp_wipe(plain, sizeof(plain));
	return is;
}

/* Within a transaction. */
static int make_one(struct sp_store *st, const struct sp_user *u, char code[SP_RECOVERY_TEXT])
{
	uint8_t bits[9] = {0}, hash[HASH];
	char plain[CHARS + 1] = "";

	if (st->crypto->random(bits, 8) != SP_OK) {
		return sp_store_fail(st, SP_ESYS, "no random numbers");
	}
	sp_store_base32(bits, CHARS, plain);
	sp_wipe(bits, sizeof(bits));
	snprintf(code, SP_RECOVERY_TEXT, "%.4s-%.4s-%.5s", plain, plain + 4, plain + 8);
	hash_of(st, u->id, plain, hash);
	sp_wipe(plain, sizeof(plain));
	struct sp_stmt *s = sp_store_stmt(st, "INSERT INTO recovery (user, hash) VALUES (?1, ?2)");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_bytes(s, 2, sp_span(hash, sizeof(hash)));
	return sp_store_run(st, s);
}

/* Within a transaction. */
static int make(struct sp_store *st, const char *user,
		char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT])
{
	struct sp_user u;
	int rc = sp_store_get(st, user, &u);

	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(st, "DELETE FROM recovery WHERE user = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u.id);
	rc = sp_store_run(st, s);
	for (size_t i = 0; rc == SP_OK && i < SP_RECOVERY_COUNT; i++) {
		rc = make_one(st, &u, codes[i]);
	}
	return rc;
}

int sp_store_recovery_make(struct sp_store *st, const char *user,
		char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT])
{
	int rc = sp_store_about(st, "user", user, "recovery-codes");

	memset(codes, 0, SP_RECOVERY_COUNT * SP_RECOVERY_TEXT);
	if (rc == SP_OK) {
		rc = sp_store_begin(st);
	}
	if (rc == SP_OK) {
		rc = sp_store_finish(st, make(st, user, codes));
	}
	if (rc != SP_OK) {
		sp_wipe(codes, SP_RECOVERY_COUNT * SP_RECOVERY_TEXT);
	}
	return rc;
}

/* Within a transaction: is there such a code at all, spent or not? */
static int is_one(struct sp_store *st, int64_t user, const uint8_t hash[HASH])
{
	struct sp_stmt *s =
			sp_store_stmt(st, "SELECT 1 FROM recovery WHERE user = ?1 AND hash = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, user);
	sp_stmt_bytes(s, 2, sp_span(hash, HASH));
	int rc = sp_stmt_step(s);
	sp_stmt_reset(s);
	if (rc < 0) {
		return sp_store_db_fail(st, rc);
	}
	return rc == 1 ? SP_OK : sp_store_fail(st, SP_EAUTH, "wrong recovery code");
}

/* Compare and swap: one of two who come at the same time changes the row. */
static int spend(struct sp_store *st, int64_t user, const uint8_t hash[HASH], int64_t now)
{
	struct sp_stmt *s = sp_store_stmt(st,
			"UPDATE recovery SET used = ?3 "
			"WHERE user = ?1 AND hash = ?2 AND used = 0");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, user);
	sp_stmt_bytes(s, 2, sp_span(hash, HASH));
	sp_stmt_int(s, 3, now > 0 ? now : 1);
	int rc = sp_store_run(st, s);
	if (rc == SP_OK && sp_db_changes(st->db) != 1) {
		return sp_store_fail(st, SP_EDENIED, "recovery code was used already");
	}
	return rc;
}

int sp_store_recovery_take(struct sp_store *st, const char *user, const char *code, int64_t now)
{
	char plain[CHARS + 1];
	uint8_t hash[HASH];
	struct sp_user u;

	if (!normalize(code, plain)) {
		return sp_store_fail(st, SP_EAUTH, "wrong recovery code");
	}
	int rc = sp_store_get(st, user, &u);
	if (rc == SP_OK && u.disabled) {
		rc = sp_store_fail(st, SP_EAUTH, "user is disabled");
	}
	if (rc == SP_OK) {
		hash_of(st, u.id, plain, hash);
	}
	sp_wipe(plain, sizeof(plain));
	if (rc != SP_OK) {
		return rc;
	}
	rc = is_one(st, u.id, hash);
	return rc == SP_OK ? spend(st, u.id, hash, now) : rc;
}

int sp_store_recovery_use(struct sp_store *st, const char *user, const char *code, int64_t now)
{
	int rc = sp_store_begin(st);

	return rc == SP_OK ? sp_store_finish(st, sp_store_recovery_take(st, user, code, now)) : rc;
}

int sp_store_recovery_left(struct sp_store *st, const char *user, uint32_t *left)
{
	struct sp_user u;
	int rc = sp_store_get(st, user, &u);

	*left = 0;
	if (rc != SP_OK) {
		return rc;
	}
	struct sp_stmt *s = sp_store_stmt(
			st, "SELECT COUNT(*) FROM recovery WHERE user = ?1 AND used = 0");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u.id);
	rc = sp_stmt_step(s);
	*left = rc == 1 ? (uint32_t)sp_stmt_col_int(s, 0) : 0;
	sp_stmt_reset(s);
	return rc == 1 ? SP_OK : sp_store_db_fail(st, SP_EDB);
}
