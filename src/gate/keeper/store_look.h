/* gate/keeper/store_look.h - looking at a store that others work with, for who judges it. */
#ifndef SP_GATE_KEEPER_STORE_LOOK_H
#define SP_GATE_KEEPER_STORE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

/*
 * As sp_store_open(), and nothing is made, changed or brought up to date: what needs that fails.
 * SP_ENOTFOUND in *missing: no user was ever added.
 */
sp_nodiscard struct sp_store *sp_store_open_read(const char *dir, const char *url, bool *missing,
		const struct sp_crypto *crypto, char why[SP_STORE_WHY]);

/* What there is of a user besides the name. */
struct sp_store_look {
	int64_t password_since; /* seconds since 1970; 0: there is none */
	bool opens; /* the sealed password is the user's, and sealed by this key */
	bool verifier; /* there is one for doors that get the password in clear */
	uint32_t devices; /* that are good */
	uint32_t recovery; /* recovery codes that are left */
};

sp_nodiscard int sp_store_look(
		struct sp_store *st, const struct sp_user *u, struct sp_store_look *out);

#endif
