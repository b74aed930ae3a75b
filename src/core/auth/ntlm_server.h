/* core/auth/ntlm_server.h - the server's side of NTLMv2; the proof itself is checked elsewhere. */
#ifndef SP_CORE_AUTH_NTLM_SERVER_H
#define SP_CORE_AUTH_NTLM_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/auth/credssp_server.h"
#include "core/auth/ntlm.h"
#include "core/auth/ntlm_session.h"
#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_NTLM_MAX_WORKSTATION 64

enum sp_ntlm_server_state {
	SP_NTLM_SERVER_WAIT_NEGOTIATE,
	SP_NTLM_SERVER_WAIT_CHALLENGE, /* from the owner */
	SP_NTLM_SERVER_WAIT_AUTHENTICATE,
	SP_NTLM_SERVER_WAIT_KEY, /* from the owner */
	SP_NTLM_SERVER_DONE,
	SP_NTLM_SERVER_FAILED,
};

struct sp_ntlm_server {
	const struct sp_crypto *crypto;
	enum sp_ntlm_server_state state;
	const char *why; /* the field that failed; static */
	bool has_bindings;
	uint8_t bindings[SP_MD5_SIZE];
	uint32_t flags;
	uint64_t filetime;
	/* The three messages as they went over the wire: the MIC is over them. */
	struct sp_rcbuf *negotiate, *challenge, *authenticate;
	size_t info_at, info_n; /* our AV pairs inside challenge */
	uint8_t session_key[SP_NTLMV2_KEY]; /* EncryptedRandomSessionKey */
	uint8_t mic[SP_NTLM_MIC];
	char workstation[SP_NTLM_MAX_WORKSTATION];
	struct sp_ntlmv2_query query;
	struct sp_ntlm_session session;
};

/* endpoint_hash as in struct sp_credssp_server_conf. */
void sp_ntlm_server_init(
		struct sp_ntlm_server *s, const struct sp_crypto *c, struct sp_span endpoint_hash);
/* Wipes everything. Accepts a zeroed one. */
void sp_ntlm_server_finish(struct sp_ntlm_server *s);

/* The steps in their order; any error is the end. */
sp_nodiscard int sp_ntlm_server_negotiate(struct sp_ntlm_server *s, struct sp_span token);
/* Appends the CHALLENGE_MESSAGE to out. */
sp_nodiscard int sp_ntlm_server_challenge(struct sp_ntlm_server *s,
		const struct sp_credssp_challenge *challenge, struct sp_wr *out);
/* Checks all that can be checked without a secret, and fills in the query. */
sp_nodiscard int sp_ntlm_server_authenticate(struct sp_ntlm_server *s, struct sp_span token);
/* The proof was good: checks the MIC and starts the session. */
sp_nodiscard int sp_ntlm_server_proved(
		struct sp_ntlm_server *s, const uint8_t base_key[SP_NTLMV2_KEY]);

#endif
