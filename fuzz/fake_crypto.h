/*
 * fuzz/fake_crypto.h - hashes are zero and RC4 changes nothing, so that inputs get past the checks
 * of a cipher.
 */
#ifndef SP_FUZZ_FAKE_CRYPTO_H
#define SP_FUZZ_FAKE_CRYPTO_H

#include <string.h>

#include "core/base/err.h"
#include "core/crypt/crypto.h"

static void zero16(const struct sp_span *parts, size_t n, uint8_t out[16])
{
	memset(out, 0, 16);
}

static void sha1(const struct sp_span *parts, size_t n, uint8_t out[20])
{
	memset(out, 0, 20);
}

static void hmac(struct sp_span key, const struct sp_span *parts, size_t n, uint8_t out[16])
{
	memset(out, 0, 16);
}

static void sha256(const struct sp_span *parts, size_t n, uint8_t out[32])
{
	memset(out, 0, 32);
}

static void sha256_begin(struct sp_sha256 *s)
{
	memset(s, 0, sizeof(*s));
}

static void sha256_add(struct sp_sha256 *s, struct sp_span part)
{
	s->state[0] += part.n;
}

static void sha256_end(struct sp_sha256 *s, uint8_t out[32])
{
	memset(out, 0, 32);
}

static void rc4_init(struct sp_rc4 *s, struct sp_span key)
{
	memset(s, 0, sizeof(*s));
}

static void rc4_crypt(struct sp_rc4 *s, const uint8_t *in, uint8_t *out, size_t n)
{
	if (n > 0) {
		memmove(out, in, n);
	}
}

static int rsa_zero(struct sp_span modulus, uint32_t exponent, struct sp_span in, uint8_t *out)
{
	memset(out, 0, modulus.n);
	return SP_OK;
}

static int random_zero(void *out, size_t n)
{
	memset(out, 0, n);
	return SP_OK;
}

static const struct sp_crypto fake_crypto = {
		.md4 = zero16,
		.md5 = zero16,
		.sha1 = sha1,
		.hmac_md5 = hmac,
		.sha256 = sha256,
		.sha256_begin = sha256_begin,
		.sha256_add = sha256_add,
		.sha256_end = sha256_end,
		.rc4_init = rc4_init,
		.rc4_crypt = rc4_crypt,
		.rsa_public = rsa_zero,
		.random = random_zero,
};

#endif
