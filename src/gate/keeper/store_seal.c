/* gate/keeper/store_seal.c - sealed columns, and the sealed secrets of users. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "gate/keeper/store_part.h"

#define FLAG_DISABLED 1
#define FLAG_TOTP 2
#define AAD_MAX 192

bool sp_store_seal(struct sp_store *st, struct sp_stmt *s, int i, struct sp_span aad,
		struct sp_span plain)
{
	uint8_t salt[SP_SEAL_SALT], nonce[SP_SEAL_NONCE];
	uint8_t *sealed = sp_malloc(plain.n + SP_SEAL_TAG);

	if (sealed == NULL) {
		return false;
	}
	sp_seal_close(&st->seal, aad, plain, salt, nonce, sealed);
	sp_stmt_bytes(s, i, sp_span(salt, sizeof(salt)));
	sp_stmt_bytes(s, i + 1, sp_span(nonce, sizeof(nonce)));
	sp_stmt_bytes(s, i + 2, sp_span(sealed, plain.n + SP_SEAL_TAG));
	sp_free(sealed);
	return true;
}

int sp_store_unseal(struct sp_store *st, struct sp_stmt *s, int i, struct sp_span aad, uint8_t *out,
		size_t n)
{
	struct sp_span salt = sp_stmt_col_bytes(s, i), nonce = sp_stmt_col_bytes(s, i + 1);

	memset(out, 0, n);
	if (salt.n != SP_SEAL_SALT || nonce.n != SP_SEAL_NONCE) {
		return SP_EAUTH;
	}
	return sp_seal_unseal(&st->seal, aad, salt.p, nonce.p, sp_stmt_col_bytes(s, i + 2), out, n);
}

static struct sp_span decoy_aad(void)
{
	static const char aad[] = SP_STORE_NT "|decoy";

	return sp_span(aad, sizeof(aad) - 1);
}

void sp_store_decoy_make(struct sp_store *st)
{
	static const uint8_t nothing[SP_NTLMV2_KEY];

	sp_seal_close(&st->seal, decoy_aad(), sp_span(nothing, sizeof(nothing)), st->decoy_salt,
			st->decoy_nonce, st->decoy);
}

int sp_store_decoy(struct sp_store *st, uint8_t out[SP_NTLMV2_KEY])
{
	return sp_seal_unseal(&st->seal, decoy_aad(), st->decoy_salt, st->decoy_nonce,
			sp_span(st->decoy, sizeof(st->decoy)), out, SP_NTLMV2_KEY);
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

static int forget(struct sp_store *st, const struct sp_user *u, const char *kind)
{
	struct sp_stmt *s =
			sp_db_stmt(st->db, "DELETE FROM credential WHERE user = ?1 AND kind = ?2");

	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_text(s, 2, kind);
	return sp_stmt_run(s);
}

/* Within a transaction. A row first empty, to learn its number, then sealed to it. */
int sp_store_put(struct sp_store *st, const struct sp_user *u, const char *kind,
		struct sp_span plain)
{
	char aad[AAD_MAX];
	struct sp_stmt *s = sp_db_stmt(st->db,
			"INSERT INTO credential "
			"(user, kind, version, created, salt, nonce, sealed) "
			"VALUES (?1, ?4, ?2, ?3, x'', x'', x'')");

	if (s == NULL || !(plain.n <= SP_STORE_SECRET)) {
		return SP_EDB;
	}
	int rc = forget(st, u, kind);
	if (rc != SP_OK) {
		return rc;
	}
	sp_stmt_int(s, 1, u->id);
	sp_stmt_int(s, 2, SP_STORE_VERSION);
	sp_stmt_int(s, 3, (int64_t)time(NULL));
	sp_stmt_text(s, 4, kind);
	rc = sp_stmt_run(s);
	if (rc != SP_OK) {
		return rc;
	}
	int64_t id = sp_db_last_id(st->db);
	s = sp_db_stmt(st->db,
			"UPDATE credential SET salt = ?2, nonce = ?3, sealed = ?4 WHERE id = ?1");
	if (s == NULL) {
		return SP_EDB;
	}
	sp_stmt_int(s, 1, id);
	if (!sp_store_seal(st, s, 2, aad_of(aad, kind, u, id, SP_STORE_VERSION), plain)) {
		return SP_ENOMEM;
	}
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
	rc = SP_EAUTH;
	if (version == SP_STORE_VERSION) {
		rc = sp_store_unseal(st, s, 2, aad_of(aad, kind, u, sp_stmt_col_int(s, 0), version),
				out, n);
	}
	sp_stmt_reset(s);
	return rc;
}

const char *sp_store_name_complaint(const char *name)
{
	size_t n = strlen(name);

	if (!(1 <= n && n <= 64)) {
		return "must be 1 to 64 characters";
	}
	if (strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
			n) {
		return "may only have letters, digits and . _ -";
	}
	if (strchr("._-", name[0]) != NULL) {
		return "must begin with a letter or a digit";
	}
	return NULL;
}

const char *sp_store_label_complaint(const char *label)
{
	size_t n = strlen(label);

	if (!(1 <= n && n <= 63)) {
		return "must be 1 to 63 bytes";
	}
	for (const char *p = label; *p != '\0';) {
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

/* Without i, l, o and u, after Crockford: whoever copies it by hand gets it right. */
void sp_store_base32(const uint8_t *bits, size_t n, char *out)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;
		for (size_t b = 5 * i; b < 5 * i + 5; b++) {
			v = v << 1 | (bits[b / 8] >> (7 - b % 8) & 1u);
		}
		out[i] = alphabet[v];
	}
}
