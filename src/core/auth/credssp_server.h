/* core/auth/credssp_server.h - the server's side of a login as a machine without I/O. */
#ifndef SP_CORE_AUTH_CREDSSP_SERVER_H
#define SP_CORE_AUTH_CREDSSP_SERVER_H

#include <stdint.h>

#include "core/auth/credssp.h"
#include "core/base/attr.h"
#include "core/base/secret.h"
#include "core/base/span.h"
#include "core/base/wr.h"
#include "core/crypt/crypto.h"
#include "core/crypt/ntlmv2.h"

struct sp_credssp_server;

/* Copied by create. */
struct sp_credssp_server_conf {
	/* The content of the BIT STRING subjectPublicKey of our certificate, without its
	 * unused-bits octet: RSAPublicKey for RSA, the point for EC. */
	struct sp_span public_key;
	/* The hash of the certificate that tls-server-end-point names; empty when unknown. */
	struct sp_span endpoint_hash;
};

/*
 * What the owner answers to SP_CREDSSP_ASK_CHALLENGE. Names are UTF-8 and are seen by anybody
 * who connects: they must tell nothing about the machine. An empty one is left out, but
 * netbios_computer and netbios_domain must be there.
 */
struct sp_credssp_challenge {
	uint8_t challenge[SP_NTLMV2_CHALLENGE]; /* random, never used before */
	uint64_t filetime; /* 100 ns since 1601 */
	char netbios_computer[16], netbios_domain[16];
	char dns_computer[64], dns_domain[64];
};

/* What the owner answers to SP_CREDSSP_ASK_PROOF. Denied is 0, so that forgetting denies. */
enum sp_credssp_verdict {
	SP_CREDSSP_DENIED = 0,
	SP_CREDSSP_PROVED
};

/* Who logged in; the names are the ones that were proved. */
struct sp_credssp_login {
	char user[SP_CREDSSP_MAX_NAME], domain[SP_CREDSSP_MAX_NAME]; /* UTF-8, as sent */
	struct sp_secret password; /* UTF-8, without NUL */
};

/* NULL without memory, or when the key is empty or longer than SP_CREDSSP_MAX_KEY. */
sp_nodiscard struct sp_credssp_server *sp_credssp_server_create(
		const struct sp_crypto *c, const struct sp_credssp_server_conf *conf);
/* Wipes everything. Accepts NULL. */
void sp_credssp_server_destroy(struct sp_credssp_server *s);

/*
 * Takes one TSRequest and appends the answer to reply. Returns an enum sp_credssp_want or a
 * negative error; after an error the reply, if it is not empty, must still be sent, and the
 * machine takes nothing any more. No error tells the peer more than "logon failure".
 */
sp_nodiscard int sp_credssp_server_step(
		struct sp_credssp_server *s, struct sp_span request, struct sp_wr *reply);
/* Only after SP_CREDSSP_ASK_CHALLENGE; returns as step does. */
sp_nodiscard int sp_credssp_server_challenge(struct sp_credssp_server *s,
		const struct sp_credssp_challenge *challenge, struct sp_wr *reply);
/*
 * Only after SP_CREDSSP_ASK_PROOF; returns as step does. base_key is what sp_ntlmv2_check gave
 * and may be NULL with SP_CREDSSP_DENIED.
 */
sp_nodiscard int sp_credssp_server_verdict(struct sp_credssp_server *s,
		enum sp_credssp_verdict verdict, const uint8_t base_key[SP_NTLMV2_KEY],
		struct sp_wr *reply);

/* What the keeper has to check, from SP_CREDSSP_ASK_PROOF on; NULL before. Lives with s. */
const struct sp_ntlmv2_query *sp_credssp_server_query(const struct sp_credssp_server *s);
/* After SP_CREDSSP_DONE, else NULL. Lives with s. */
const struct sp_credssp_login *sp_credssp_server_login(const struct sp_credssp_server *s);
/* For the log: the field or rule that the last error is about, "ntlm.mic"; never NULL, static. */
const char *sp_credssp_server_why(const struct sp_credssp_server *s);
/* For the log: the client's workstation name in UTF-8, "" before it is known. Lives with s. */
const char *sp_credssp_server_workstation(const struct sp_credssp_server *s);

#endif
