/* host/lib/sign.h - hashes and signatures of what is kept for ever: SHA-256 and Ed25519. */
#ifndef SP_HOST_LIB_SIGN_H
#define SP_HOST_LIB_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

#define SP_SHA256 32
#define SP_SIGN_SEED 32
#define SP_SIGN_PUBLIC 32
#define SP_SIGN_SIZE 64

/* Of all the bytes of one span. */
void sp_sha256(struct sp_span bytes, uint8_t out[SP_SHA256]);

/* HMAC-SHA-256 over two spans, one behind the other. */
void sp_hmac_sha256(struct sp_span key, struct sp_span a, struct sp_span b, uint8_t out[SP_SHA256]);

/* Makes a new secret; whoever holds it wipes it. SP_ESYS when the library cannot be used. */
sp_nodiscard int sp_sign_make(uint8_t seed[SP_SIGN_SEED]);
/* The public key of a secret. */
void sp_sign_public(const uint8_t seed[SP_SIGN_SEED], uint8_t out[SP_SIGN_PUBLIC]);
void sp_sign(const uint8_t seed[SP_SIGN_SEED], struct sp_span bytes, uint8_t out[SP_SIGN_SIZE]);
/* Whether who has the secret of this public key signed these bytes. */
bool sp_sign_good(const uint8_t key[SP_SIGN_PUBLIC], struct sp_span bytes,
		const uint8_t sign[SP_SIGN_SIZE]);

#endif
