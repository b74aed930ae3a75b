/* gate/keeper/grant.h - the one place where a login becomes a right. */
#ifndef SP_GATE_KEEPER_GRANT_H
#define SP_GATE_KEEPER_GRANT_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/crypt/crypto.h"
#include "gate/keeper/store.h"
#include "host/monitor/msg.h"

/* Zeroed it grants nothing. */
struct sp_grant {
	uint64_t id; /* 0: no grant */
	uint64_t conn; /* the only connection that it is for */
	struct sp_user user;
};

/*
 * Makes a grant for a connection out of a granted proof and the login's good end, or says why
 * not: SP_WHY_OK, or any other reason and a zeroed grant. Nothing else makes one.
 */
sp_nodiscard enum sp_why sp_grant_make(const struct sp_crypto *crypto, uint64_t conn,
		const struct sp_checked *checked, const struct sp_msg_done *done,
		struct sp_grant *out);

#endif
