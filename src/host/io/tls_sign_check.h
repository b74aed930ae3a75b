/* host/io/tls_sign_check.h - the keeper's side of a TLS signature: look at it, then sign. */
#ifndef SP_HOST_IO_TLS_SIGN_CHECK_H
#define SP_HOST_IO_TLS_SIGN_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/io/fdio.h"

/* A TLS private key, wiped when destroyed. Used for nothing but TLS server signatures. */
struct sp_tls_key;

#define SP_TLS_MESSAGE_MAX 256 /* longest message that can be right is 165 bytes */

/* The first private key in PEM bytes (EC P-256, P-384 or RSA of at least 2048 bits, without a
 * passphrase). NULL and why. */
sp_nodiscard struct sp_tls_key *sp_tls_key_load(struct sp_span pem, char why[SP_WHY_MAX]);
/* Accepts NULL. */
void sp_tls_key_destroy(struct sp_tls_key *k);
/* SP_OK when the first certificate of chain_pem belongs to this key. */
sp_nodiscard int sp_tls_key_matches(const struct sp_tls_key *k, struct sp_span chain_pem);

/*
 * Whether message is what a TLS server signs (CertificateVerify of TLS 1.3, ServerKeyExchange of
 * TLS 1.2) and scheme one that this key and this form of message allow. SP_OK or SP_EDENIED.
 */
sp_nodiscard int sp_tls_sign_check(const struct sp_tls_key *k, int scheme, struct sp_span message);
/*
 * Checks, hashes and signs. *sig_len is the room on the way in (SP_TLS_SIG_MAX suffices), the
 * length on the way out. SP_EDENIED, SP_ESPACE, SP_ETLS.
 */
sp_nodiscard int sp_tls_sign(const struct sp_tls_key *k, int scheme, struct sp_span message,
		uint8_t *sig, size_t *sig_len);

#endif
