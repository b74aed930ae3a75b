/* core/crypt/crypto.h - the few primitives the login needs, as a seam that a host library fills. */
#ifndef SP_CORE_CRYPT_CRYPTO_H
#define SP_CORE_CRYPT_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

#define SP_MD4_SIZE 16
#define SP_MD5_SIZE 16
#define SP_SHA1_SIZE 20
#define SP_SHA256_SIZE 32

/*
 * A running RC4 stream. Plain data: may be copied (SPNEGO rewinds it) and must be wiped with
 * sp_wipe. What the bytes mean only the back end knows.
 */
struct sp_rc4 {
	uint8_t state[264];
};

/* A running SHA-256 of what comes in pieces. Plain data: may be copied. */
struct sp_sha256 {
	uint64_t state[15];
};

/*
 * Input comes in parts that are hashed one after the other, so that nobody has to glue them
 * together first. RC4, MD5 and the like are there because logins and licences need them on the
 * wire; no session is ever encrypted with them.
 */
struct sp_crypto {
	void (*md4)(const struct sp_span *parts, size_t n, uint8_t out[SP_MD4_SIZE]);
	void (*md5)(const struct sp_span *parts, size_t n, uint8_t out[SP_MD5_SIZE]);
	void (*sha1)(const struct sp_span *parts, size_t n, uint8_t out[SP_SHA1_SIZE]);
	void (*hmac_md5)(struct sp_span key, const struct sp_span *parts, size_t n,
			uint8_t out[SP_MD5_SIZE]);
	void (*sha256)(const struct sp_span *parts, size_t n, uint8_t out[SP_SHA256_SIZE]);
	void (*sha256_begin)(struct sp_sha256 *s);
	void (*sha256_add)(struct sp_sha256 *s, struct sp_span part);
	/* The state is then to be begun anew. */
	void (*sha256_end)(struct sp_sha256 *s, uint8_t out[SP_SHA256_SIZE]);
	/* The key is 1 to 256 bytes. */
	void (*rc4_init)(struct sp_rc4 *s, struct sp_span key);
	/* in and out may be the same memory. */
	void (*rc4_crypt)(struct sp_rc4 *s, const uint8_t *in, uint8_t *out, size_t n);
	/*
	 * in to the power of exponent, modulo modulus: RSA with a public key and no padding. All
	 * are little-endian; out has modulus.n bytes. SP_EARG when in is not below modulus. NULL
	 * where no licences are asked for.
	 */
	sp_nodiscard int (*rsa_public)(
			struct sp_span modulus, uint32_t exponent, struct sp_span in, uint8_t *out);
	/* n bytes that nobody can guess; SP_ESYS when there are none. */
	sp_nodiscard int (*random)(void *out, size_t n);
};

#endif
