/* core/auth/nego_server.h - the server's mechanism: NTLM, bare or inside SPNEGO. */
#ifndef SP_CORE_AUTH_NEGO_SERVER_H
#define SP_CORE_AUTH_NEGO_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/auth/ntlm_server.h"
#include "core/base/attr.h"
#include "core/base/span.h"
#include "core/base/wr.h"

enum sp_nego_want {
	SP_NEGO_SEND = 1, /* send the token that was written and wait for the next */
	SP_NEGO_ASK_CHALLENGE,
	SP_NEGO_ASK_PROOF,
	SP_NEGO_DONE, /* the session is there; send the token if one was written */
};

/* How the client speaks; the answer has the same form. */
enum sp_nego_form {
	SP_NEGO_UNKNOWN,
	SP_NEGO_RAW,
	SP_NEGO_SPNEGO
};

struct sp_nego_server {
	struct sp_ntlm_server ntlm;
	enum sp_nego_form form;
	const char *why;
	struct sp_rcbuf *mech_types; /* as the client listed them, for the MIC over them */
	bool first_taken; /* NTLM stood first in the list */
	bool mech_told; /* our answer has named the mechanism */
	bool has_mic;
	uint8_t mic[SP_NTLMV2_SIGNATURE];
};

void sp_nego_server_init(
		struct sp_nego_server *s, const struct sp_crypto *c, struct sp_span endpoint_hash);
/* Wipes everything. Accepts a zeroed one. */
void sp_nego_server_finish(struct sp_nego_server *s);

/* Takes the client's token; returns an enum sp_nego_want or an error, which is the end. */
sp_nodiscard int sp_nego_server_step(
		struct sp_nego_server *s, struct sp_span token, struct sp_wr *out);
/* After SP_NEGO_ASK_CHALLENGE. */
sp_nodiscard int sp_nego_server_challenge(struct sp_nego_server *s,
		const struct sp_credssp_challenge *challenge, struct sp_wr *out);
/* After SP_NEGO_ASK_PROOF, when the proof was good. */
sp_nodiscard int sp_nego_server_proved(
		struct sp_nego_server *s, const uint8_t base_key[SP_NTLMV2_KEY], struct sp_wr *out);

#endif
