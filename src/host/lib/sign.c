/* host/lib/sign.c - see sign.h. */
#include "host/lib/sign.h"

#include <sodium.h>

#include "core/base/mem.h"

_Static_assert(SP_SHA256 == crypto_hash_sha256_BYTES, "SHA-256");
_Static_assert(SP_SIGN_SEED == crypto_sign_SEEDBYTES, "seed");
_Static_assert(SP_SIGN_PUBLIC == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(SP_SIGN_SIZE == crypto_sign_BYTES, "signature");

void sp_sha256(struct sp_span bytes, uint8_t out[SP_SHA256])
{
	crypto_hash_sha256(out, bytes.p, bytes.n);
}

void sp_hmac_sha256(struct sp_span key, struct sp_span a, struct sp_span b, uint8_t out[SP_SHA256])
{
	crypto_auth_hmacsha256_state s;

	crypto_auth_hmacsha256_init(&s, key.p, key.n);
	crypto_auth_hmacsha256_update(&s, a.p, a.n);
	crypto_auth_hmacsha256_update(&s, b.p, b.n);
	crypto_auth_hmacsha256_final(&s, out);
	sp_wipe(&s, sizeof(s));
}

int sp_sign_make(uint8_t seed[SP_SIGN_SEED])
{
	if (sodium_init() < 0) {
		return SP_ESYS;
	}
	randombytes_buf(seed, SP_SIGN_SEED);
	return SP_OK;
}

void sp_sign_public(const uint8_t seed[SP_SIGN_SEED], uint8_t out[SP_SIGN_PUBLIC])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	crypto_sign_seed_keypair(out, secret, seed);
	sp_wipe(secret, sizeof(secret));
}

void sp_sign(const uint8_t seed[SP_SIGN_SEED], struct sp_span bytes, uint8_t out[SP_SIGN_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], key[SP_SIGN_PUBLIC];

	crypto_sign_seed_keypair(key, secret, seed);
	crypto_sign_detached(out, NULL, bytes.p, bytes.n, secret);
	sp_wipe(secret, sizeof(secret));
}

bool sp_sign_good(const uint8_t key[SP_SIGN_PUBLIC], struct sp_span bytes,
		const uint8_t sign[SP_SIGN_SIZE])
{
	return crypto_sign_verify_detached(sign, bytes.p, bytes.n, key) == 0;
}
