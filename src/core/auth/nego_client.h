/* core/auth/nego_client.h - the client's mechanism: NTLM, bare or inside SPNEGO. */
#ifndef SP_CORE_AUTH_NEGO_CLIENT_H
#define SP_CORE_AUTH_NEGO_CLIENT_H

#include <stdbool.h>

#include "core/auth/nego_server.h"
#include "core/auth/ntlm_client.h"
#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

enum sp_nego_client_state {
	SP_NEGO_CLIENT_START,
	SP_NEGO_CLIENT_WAIT_CHALLENGE,
	SP_NEGO_CLIENT_WAIT_ACCEPT, /* SPNEGO only: the server's word that it is content */
	SP_NEGO_CLIENT_DONE,
};

struct sp_nego_client {
	struct sp_ntlm_client ntlm;
	enum sp_nego_client_state state;
	bool spnego;
	const char *why;
};

/* As sp_ntlm_client_init. */
sp_nodiscard int sp_nego_client_init(struct sp_nego_client *n, const struct sp_crypto *c,
		const struct sp_ntlm_client_conf *conf, bool spnego);
/* Wipes everything. Accepts a zeroed one. */
void sp_nego_client_finish(struct sp_nego_client *n);

/*
 * Takes the server's token, an empty one at first; returns SP_NEGO_SEND, SP_NEGO_DONE or an
 * error, which is the end.
 */
sp_nodiscard int sp_nego_client_step(
		struct sp_nego_client *n, struct sp_span token, struct sp_wr *out);

#endif
