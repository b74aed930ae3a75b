/* core/auth/credssp_client.h - the client's side of a login as a machine without I/O. */
#ifndef SP_CORE_AUTH_CREDSSP_CLIENT_H
#define SP_CORE_AUTH_CREDSSP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/auth/credssp.h"
#include "core/base/attr.h"
#include "core/base/secret.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/crypt/crypto.h"

struct sp_credssp_client;

/* Copied by create. Strings are UTF-8. */
struct sp_credssp_client_conf {
	const char *user; /* as it is to be sent; not empty */
	const char *domain; /* NULL or "" for none */
	const char *workstation; /* NULL or "" for none */
	const char *target; /* "TERMSRV/host", NULL for none */
	struct sp_span password; /* UTF-8, without NUL */
	struct sp_span public_key; /* as in struct sp_credssp_server_conf */
	struct sp_span endpoint_hash; /* as there */
	uint64_t filetime; /* now: 100 ns since 1601 */
	bool spnego; /* wrap NTLM into SPNEGO; most servers take both */
	bool allow_old; /* accept servers of version 2 to 4 */
	uint32_t version; /* highest to offer, 2 to 6; 0 means 6 */
};

/* NULL without memory or with a conf that cannot be: no user, a name or key too long. */
sp_nodiscard struct sp_credssp_client *sp_credssp_client_create(
		const struct sp_crypto *c, const struct sp_credssp_client_conf *conf);
/* Wipes everything. Accepts NULL. */
void sp_credssp_client_destroy(struct sp_credssp_client *c);

/*
 * Takes the server's TSRequest and appends ours to reply; the first call takes an empty span.
 * Returns SP_CREDSSP_MORE, SP_CREDSSP_DONE (the reply with the credentials is still to be sent)
 * or a negative error: SP_EAUTH when the server said no, SP_EDENIED when the server is not who
 * holds the certificate, SP_EPROTO when it is too old or asks for something else than NTLMv2.
 */
sp_nodiscard int sp_credssp_client_step(
		struct sp_credssp_client *c, struct sp_span request, struct sp_wr *reply);

/* The NTSTATUS that the server sent in errorCode, 0 when it sent none. */
uint32_t sp_credssp_client_status(const struct sp_credssp_client *c);
/* For the log: the field or rule that the last error is about; never NULL, static. */
const char *sp_credssp_client_why(const struct sp_credssp_client *c);

#endif
