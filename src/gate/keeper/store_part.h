/* gate/keeper/store_part.h - what the files of the store share. */
#ifndef SP_GATE_KEEPER_STORE_PART_H
#define SP_GATE_KEEPER_STORE_PART_H

#include "core/base/span.h"
#include "gate/keeper/store.h"
#include "host/db/db.h"
#include "host/lib/seal.h"

/* Kinds of sealed secrets, and the most bytes of one. */
#define SP_STORE_NT "nt1"
#define SP_STORE_TOTP "totp1"
#define SP_STORE_ARGON "argon1"
#define SP_STORE_SECRET 128
#define SP_STORE_VERSION 1 /* of every sealed row */

struct sp_store {
	struct sp_db *db;
	struct sp_seal seal;
	const struct sp_crypto *crypto;
	char why[SP_STORE_WHY];
	/* A sealed record of nobody, opened where there is no user: the same work. */
	uint8_t decoy_salt[SP_SEAL_SALT], decoy_nonce[SP_SEAL_NONCE];
	uint8_t decoy[SP_NTLMV2_KEY + SP_SEAL_TAG];
	sp_store_witness_fn witness; /* NULL: none */
	void *witness_arg;
	uint32_t failures; /* noted since the last pruning of lockout's tables */
};

/* store_schema.c: SQL that leads from one version to the next. */
extern const char *const sp_store_steps[];
extern const size_t sp_store_nsteps;

/* Tells the witness what is about to be changed: "user", "alice", "disable". */
sp_nodiscard int sp_store_about(
		struct sp_store *st, const char *kind, const char *name, const char *action);
/* The same for what has a number: "2 of alice, laptop", as sql's one row says, if there is one. */
sp_nodiscard int sp_store_about_id(struct sp_store *st, const char *kind, int64_t id,
		const char *sql, const char *action);
/* Note why, and give err. */
sp_printf(3, 4) int sp_store_fail(struct sp_store *st, int err, const char *fmt, ...);
int sp_store_db_fail(struct sp_store *st, int err);
/* Prepares a statement; NULL, and why noted. */
sp_nodiscard struct sp_stmt *sp_store_stmt(struct sp_store *st, const char *sql);
/* Runs a statement without rows; why noted. SP_EARG: a constraint. */
sp_nodiscard int sp_store_run(struct sp_store *st, struct sp_stmt *s);
/* Begins a transaction; why noted. */
sp_nodiscard int sp_store_begin(struct sp_store *st);
/* Ends a transaction: durable, or as if nothing had been. */
sp_nodiscard int sp_store_finish(struct sp_store *st, int rc);

/* A source's network as rows have it: family, bits, address. */
struct sp_store_net {
	uint8_t n;
	uint8_t v[18];
};
struct sp_store_net sp_store_net_of(const struct sp_source *s, unsigned bits);
/* A source on this machine, which cannot be told apart from others. */
bool sp_store_loopback(const struct sp_source *s);

/* Within a transaction: sp_store_totp_use() and sp_store_recovery_use() without their own. */
sp_nodiscard int sp_store_totp_take(
		struct sp_store *st, const char *name, const char *code, int64_t now);
sp_nodiscard int sp_store_recovery_take(
		struct sp_store *st, const char *user, const char *code, int64_t now);

/* Names of targets, as in the configuration: 1..64 of letters, digits, . _ and -. */
const char *sp_store_name_complaint(const char *name);
/* Labels: 1..63 bytes of UTF-8 without control characters; NULL when it will do. */
const char *sp_store_label_complaint(const char *label);

/*
 * Seals bytes for a row: binds salt, nonce and what is sealed to parameters i, i + 1 and i + 2.
 * False without memory.
 */
sp_nodiscard bool sp_store_seal(struct sp_store *st, struct sp_stmt *s, int i, struct sp_span aad,
		struct sp_span plain);
/* Opens columns i, i + 1 and i + 2 of the row that s stands on; SP_EAUTH and zeroes. */
sp_nodiscard int sp_store_unseal(struct sp_store *st, struct sp_stmt *s, int i, struct sp_span aad,
		uint8_t *out, size_t n);
/* Makes the decoy, once at opening. */
void sp_store_decoy_make(struct sp_store *st);
/* Opens the decoy: the work of opening a hash, for nobody. */
sp_nodiscard int sp_store_decoy(struct sp_store *st, uint8_t out[SP_NTLMV2_KEY]);

/* Within a transaction: seals a secret, in the place of an older one of its kind. */
sp_nodiscard int sp_store_put(struct sp_store *st, const struct sp_user *u, const char *kind,
		struct sp_span plain);
/* SP_OK and n bytes; SP_ENOTFOUND without a row; SP_EAUTH when it does not open. */
sp_nodiscard int sp_store_secret(struct sp_store *st, const struct sp_user *u, const char *kind,
		uint8_t *out, size_t n);
/* Within a transaction: other flags of a user, which his hash is sealed anew with. */
sp_nodiscard int sp_store_rebind(
		struct sp_store *st, const struct sp_user *was, const struct sp_user *is);

/* A user by a name as sent: the whole of it, or what stands before its '@'; any case. */
sp_nodiscard int sp_store_find(struct sp_store *st, const char *sent, struct sp_user *u);

/* What the secret of a device or a token is bound to, from columns of its row. */
#define SP_STORE_AAD 512
struct sp_span sp_store_device_aad(
		char buf[SP_STORE_AAD], const struct sp_user *u, int64_t id, int64_t version);
struct sp_span sp_store_token_aad(char buf[SP_STORE_AAD], const struct sp_user *u, int64_t id,
		int64_t version, int64_t expires, struct sp_span net, const char *target);
/* Is a source in a network as a token's row has it? An empty network has all. */
bool sp_store_net_has(struct sp_span net, const struct sp_source *source);

/* n characters of the alphabet of 32 that nobody mistakes; 5 bits of `bits` each, from the first. */
void sp_store_base32(const uint8_t *bits, size_t n, char *out);

#endif
