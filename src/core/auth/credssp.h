/* core/auth/credssp.h - the messages of CredSSP, and how long one on the stream is. */
#ifndef SP_CORE_AUTH_CREDSSP_H
#define SP_CORE_AUTH_CREDSSP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/secret.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/crypt/crypto.h"

#define SP_CREDSSP_MAX 65536 /* bytes of a TSRequest */
#define SP_CREDSSP_VERSION 6 /* the highest there is */
#define SP_CREDSSP_NONCE 32
#define SP_CREDSSP_MAX_KEY 2304 /* bytes of a SubjectPublicKey: RSA up to 16384 bits */
#define SP_CREDSSP_MAX_NAME 768 /* bytes of a user or domain in UTF-8, with its NUL */

#define SP_STATUS_LOGON_FAILURE 0xC000006Du

/* What a machine wants next; a negative number instead is an error and the end. */
enum sp_credssp_want {
	SP_CREDSSP_MORE = 1, /* send the reply, give the peer's next TSRequest to step */
	SP_CREDSSP_ASK_CHALLENGE, /* server: call sp_credssp_server_challenge */
	SP_CREDSSP_ASK_PROOF, /* server: call sp_credssp_server_verdict */
	SP_CREDSSP_DONE, /* send the reply if there is one; the login is complete */
};

/* [MS-CSSP] 2.2.1 TSRequest. Spans point into what was read; p is NULL where a field is absent. */
struct sp_credssp_request {
	uint32_t version;
	struct sp_span nego_token; /* of negoTokens; we know of no peer that sends two */
	struct sp_span auth_info, pub_key_auth, client_nonce;
	bool has_error;
	uint32_t error; /* errorCode, an NTSTATUS */
};

/*
 * The size of the TSRequest at the start of a buffer, 0 while that cannot be told yet,
 * SP_EFIELD when it is none, SP_ELIMIT when it is larger than SP_CREDSSP_MAX. The request may
 * be longer than the buffer.
 */
sp_nodiscard int sp_credssp_frame(struct sp_span stream);

sp_nodiscard int sp_credssp_request_read(struct sp_span in, struct sp_credssp_request *out);
void sp_credssp_request_write(struct sp_wr *w, const struct sp_credssp_request *in);

/* [MS-CSSP] 2.2.1.2 TSCredentials with 2.2.1.2.1 TSPasswordCreds; names are UTF-16LE. */
struct sp_credssp_password {
	struct sp_span domain, user, password;
};

/* SP_EPROTO when the credentials are of another type (smart card, remote guard). */
sp_nodiscard int sp_credssp_password_read(struct sp_span in, struct sp_credssp_password *out);
void sp_credssp_password_write(struct sp_wr *w, const struct sp_credssp_password *in);

/* The two hashes of version 5 and 6 that tie the login to the certificate ([MS-CSSP] 3.1.5). */
enum sp_credssp_way {
	SP_CREDSSP_TO_SERVER,
	SP_CREDSSP_TO_CLIENT
};
void sp_credssp_binding(const struct sp_crypto *c, enum sp_credssp_way way,
		const uint8_t nonce[SP_CREDSSP_NONCE], struct sp_span public_key,
		uint8_t out[SP_SHA256_SIZE]);

#endif
