/* gate/keeper/store_vault.h - credentials for targets, sealed. */
#ifndef SP_GATE_KEEPER_STORE_VAULT_H
#define SP_GATE_KEEPER_STORE_VAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"

#define SP_VAULT_NAME_MAX 64

/* Wipe it after use. */
struct sp_vault_secret {
	char user[SP_TEXT_NAME]; /* as written: "DOMAIN\\user", "user@domain" or "user" */
	char password[SP_TEXT_PASSWORD];
};

struct sp_vault_item {
	char name[SP_TEXT_USER];
	int64_t created, changed;
};

/* SP_EARG: name, user or password will not do. An older one of the name is replaced. */
sp_nodiscard int sp_store_vault_set(
		struct sp_store *st, const char *name, const char *user, const char *password);
sp_nodiscard int sp_store_vault_delete(struct sp_store *st, const char *name);
/* Names only; fn returns false to stop. */
sp_nodiscard int sp_store_vault_list(struct sp_store *st,
		bool (*fn)(void *arg, const struct sp_vault_item *v), void *arg);
/*
 * For the keeper, when it logs in to a target; no command shows it. SP_ENOTFOUND; SP_EAUTH when
 * what is sealed was changed or belongs to another name. `out` is empty then.
 */
sp_nodiscard int sp_store_vault_get(
		struct sp_store *st, const char *name, struct sp_vault_secret *out);

#endif
