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
#define SP_STORE_SECRET 32

struct sp_store {
	struct sp_db *db;
	struct sp_seal seal;
	const struct sp_crypto *crypto;
	char why[SP_STORE_WHY];
	/* A sealed record of nobody, opened where there is no user: the same work. */
	uint8_t decoy_salt[SP_SEAL_SALT], decoy_nonce[SP_SEAL_NONCE];
	uint8_t decoy[SP_NTLMV2_KEY + SP_SEAL_TAG];
};

/* Note why, and give err. */
sp_printf(3, 4) int sp_store_fail(struct sp_store *st, int err, const char *fmt, ...);
int sp_store_db_fail(struct sp_store *st, int err);
/* Ends a transaction: durable, or as if nothing had been. */
sp_nodiscard int sp_store_finish(struct sp_store *st, int rc);

/* Within a transaction: seals a secret, in the place of an older one of its kind. */
sp_nodiscard int sp_store_put(struct sp_store *st, const struct sp_user *u, const char *kind,
		struct sp_span plain);
/* SP_OK and n bytes; SP_ENOTFOUND without a row; SP_EAUTH when it does not open. */
sp_nodiscard int sp_store_secret(struct sp_store *st, const struct sp_user *u, const char *kind,
		uint8_t *out, size_t n);
/* Within a transaction: other flags of a user, which his hash is sealed anew with. */
sp_nodiscard int sp_store_rebind(
		struct sp_store *st, const struct sp_user *was, const struct sp_user *is);

#endif
