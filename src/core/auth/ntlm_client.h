/* core/auth/ntlm_client.h - the client's side of NTLMv2. */
#ifndef SP_CORE_AUTH_NTLM_CLIENT_H
#define SP_CORE_AUTH_NTLM_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/auth/ntlm.h"
#include "core/auth/ntlm_session.h"
#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "core/base/wr.h"

#define SP_NTLM_MAX_TARGET 600 /* bytes of UTF-16LE: "TERMSRV/" and a host name */

enum sp_ntlm_client_state {
	SP_NTLM_CLIENT_START,
	SP_NTLM_CLIENT_WAIT_CHALLENGE,
	SP_NTLM_CLIENT_DONE,
	SP_NTLM_CLIENT_FAILED,
};

struct sp_ntlm_client {
	const struct sp_crypto *crypto;
	enum sp_ntlm_client_state state;
	const char *why; /* the field that failed; static */
	uint64_t filetime;
	uint8_t nt_hash[SP_NTLMV2_KEY];
	bool has_bindings;
	uint8_t bindings[SP_MD5_SIZE];
	size_t n_user, n_domain, n_workstation, n_target; /* UTF-16LE, bytes */
	uint8_t user[SP_NTLMV2_MAX_NAME], domain[SP_NTLMV2_MAX_NAME];
	uint8_t workstation[SP_NTLMV2_MAX_NAME], target[SP_NTLM_MAX_TARGET];
	struct sp_rcbuf *negotiate;
	struct sp_ntlm_session session;
};

/* Everything the client must know; strings are UTF-8 and only read during the call. */
struct sp_ntlm_client_conf {
	const char *user, *domain, *workstation, *target; /* NULL for none, but for user */
	const char *password;
	struct sp_span endpoint_hash;
	uint64_t filetime;
};

/* SP_EARG without a user, SP_ELIMIT when a string is too long. */
sp_nodiscard int sp_ntlm_client_init(struct sp_ntlm_client *n, const struct sp_crypto *c,
		const struct sp_ntlm_client_conf *conf);
/* Wipes everything. Accepts a zeroed one. */
void sp_ntlm_client_finish(struct sp_ntlm_client *n);

/* Appends the NEGOTIATE_MESSAGE. */
sp_nodiscard int sp_ntlm_client_negotiate(struct sp_ntlm_client *n, struct sp_wr *out);
/* Answers the server's CHALLENGE_MESSAGE with the AUTHENTICATE_MESSAGE and starts the session. */
sp_nodiscard int sp_ntlm_client_authenticate(
		struct sp_ntlm_client *n, struct sp_span challenge, struct sp_wr *out);

#endif
