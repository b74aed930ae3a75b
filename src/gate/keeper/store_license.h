/* gate/keeper/store_license.h - licences that Windows targets gave, kept per target and client. */
#ifndef SP_GATE_KEEPER_STORE_LICENSE_H
#define SP_GATE_KEEPER_STORE_LICENSE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "gate/keeper/store.h"

#define SP_LICENSES_MAX 1024
#define SP_LICENSES_PER_TARGET 256

/*
 * Keeps a licence in the place of an older one; where there are too many, those that were kept
 * longest ago go. SP_EARG: no name, or not 1..SP_LICENSE_MAX bytes.
 */
sp_nodiscard int sp_store_license_put(struct sp_store *st, const char *target, const char *client,
		struct sp_span license);
/* SP_OK and n bytes; SP_ENOTFOUND; SP_EAUTH when what is sealed was changed (it is dropped). */
sp_nodiscard int sp_store_license_get(struct sp_store *st, const char *target, const char *client,
		uint8_t out[SP_LICENSE_MAX], size_t *n);

/* Forgets it, if there is one. */
sp_nodiscard int sp_store_license_drop(struct sp_store *st, const char *target, const char *client);

#endif
