/* gate/keeper/grant.h - the one place where a login becomes a right. */
#ifndef SP_GATE_KEEPER_GRANT_H
#define SP_GATE_KEEPER_GRANT_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/crypt/crypto.h"
#include "gate/keeper/policy.h"
#include "gate/keeper/store.h"
#include "host/monitor/msg.h"

/* A login whose first factor was proved. It opens nothing; zeroed it is nobody's. */
struct sp_pending {
	uint64_t id; /* 0: no login */
	uint64_t conn; /* the only connection that it is for */
	struct sp_user user;
};

/* How the question for a second factor was answered. */
enum sp_factor {
	SP_FACTOR_MISSING,
	SP_FACTOR_NOT_ASKED, /* by the configuration */
	SP_FACTOR_CODE, /* a one-time code, spent */
	SP_FACTOR_ENROLLED, /* by the first code of a new secret */
	SP_FACTOR_RECOVERY, /* a recovery code, spent */
	SP_FACTOR_TOKEN, /* a one-time token was the password, and is spent */
	SP_FACTOR_DEVICE, /* a device secret was the password */
	SP_FACTOR_COOKIE, /* our auto-reconnect cookie, spent */
	SP_FACTOR_COUNT
};

/* "one-time code"; static. */
const char *sp_factor_text(enum sp_factor factor);

/* Zeroed it grants nothing. */
struct sp_grant {
	uint64_t id; /* 0: no grant */
	uint64_t conn; /* the only connection that it is for */
	struct sp_user user;
	enum sp_factor factor;
	char target[SP_TEXT_TARGET]; /* the only one that it opens */
};

/*
 * Makes a pending login for a connection out of a granted proof and the login's good end, or says
 * why not: SP_WHY_OK, or any other reason and a zeroed one. Nothing else makes one.
 */
sp_nodiscard enum sp_why sp_pending_make(const struct sp_crypto *crypto, uint64_t conn,
		const struct sp_checked *checked, const struct sp_msg_done *done,
		struct sp_pending *out);
/*
 * Makes the grant out of a pending login, its second factor and what the rules said last about
 * the target; likewise.
 */
sp_nodiscard enum sp_why sp_grant_make(uint64_t conn, const struct sp_pending *pending,
		enum sp_factor factor, const struct sp_policy_verdict *verdict, const char *target,
		struct sp_grant *out);

#endif
