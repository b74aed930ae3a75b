/* host/lib/crypto_nettle.c - see crypto_nettle.h. */
#include "host/lib/crypto_nettle.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <nettle/arcfour.h>
#include <nettle/hmac.h>
#include <nettle/md4.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "core/base/err.h"
#include "core/base/mem.h"

_Static_assert(sizeof(struct arcfour_ctx) <= sizeof(((struct sp_rc4 *)0)->state),
		"RC4 state does not fit");
_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct sp_sha256) &&
				_Alignof(struct sha256_ctx) <= _Alignof(struct sp_sha256),
		"SHA-256 state does not fit");
_Static_assert(_Alignof(struct arcfour_ctx) == 1, "RC4 state is not plain bytes");

static void md4(const struct sp_span *parts, size_t n, uint8_t out[SP_MD4_SIZE])
{
	struct md4_ctx x;

	md4_init(&x);
	for (size_t i = 0; i < n; i++) {
		md4_update(&x, parts[i].n, parts[i].p);
	}
	md4_digest(&x, SP_MD4_SIZE, out);
	sp_wipe(&x, sizeof(x));
}

static void md5(const struct sp_span *parts, size_t n, uint8_t out[SP_MD5_SIZE])
{
	struct md5_ctx x;

	md5_init(&x);
	for (size_t i = 0; i < n; i++) {
		md5_update(&x, parts[i].n, parts[i].p);
	}
	md5_digest(&x, SP_MD5_SIZE, out);
	sp_wipe(&x, sizeof(x));
}

static void sha1(const struct sp_span *parts, size_t n, uint8_t out[SP_SHA1_SIZE])
{
	struct sha1_ctx x;

	sha1_init(&x);
	for (size_t i = 0; i < n; i++) {
		sha1_update(&x, parts[i].n, parts[i].p);
	}
	sha1_digest(&x, SP_SHA1_SIZE, out);
	sp_wipe(&x, sizeof(x));
}

static void hmac_md5(
		struct sp_span key, const struct sp_span *parts, size_t n, uint8_t out[SP_MD5_SIZE])
{
	struct hmac_md5_ctx x;

	hmac_md5_set_key(&x, key.n, key.p);
	for (size_t i = 0; i < n; i++) {
		hmac_md5_update(&x, parts[i].n, parts[i].p);
	}
	hmac_md5_digest(&x, SP_MD5_SIZE, out);
	sp_wipe(&x, sizeof(x));
}

static void sha256(const struct sp_span *parts, size_t n, uint8_t out[SP_SHA256_SIZE])
{
	struct sha256_ctx x;

	sha256_init(&x);
	for (size_t i = 0; i < n; i++) {
		sha256_update(&x, parts[i].n, parts[i].p);
	}
	sha256_digest(&x, SP_SHA256_SIZE, out);
	sp_wipe(&x, sizeof(x));
}

static void hash_begin(struct sp_sha256 *s)
{
	struct sha256_ctx *x = (void *)s;

	sha256_init(x);
}

static void hash_add(struct sp_sha256 *s, struct sp_span part)
{
	struct sha256_ctx *x = (void *)s;

	sha256_update(x, part.n, part.p);
}

static void hash_end(struct sp_sha256 *s, uint8_t out[SP_SHA256_SIZE])
{
	struct sha256_ctx *x = (void *)s;

	sha256_digest(x, SP_SHA256_SIZE, out);
}

static void rc4_init(struct sp_rc4 *s, struct sp_span key)
{
	arcfour_set_key((struct arcfour_ctx *)s->state, key.n, key.p);
}

static void rc4_crypt(struct sp_rc4 *s, const uint8_t *in, uint8_t *out, size_t n)
{
	arcfour_crypt((struct arcfour_ctx *)s->state, n, out, in);
}

static int random_bytes(void *out, size_t n)
{
	uint8_t *p = out;

	while (n > 0) {
		ssize_t got = getrandom(p, n, 0);

		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			return SP_ESYS;
		}
		p += got;
		n -= (size_t)got;
	}
	return SP_OK;
}

const struct sp_crypto sp_crypto_nettle = {
		.md4 = md4,
		.md5 = md5,
		.sha1 = sha1,
		.hmac_md5 = hmac_md5,
		.sha256 = sha256,
		.sha256_begin = hash_begin,
		.sha256_add = hash_add,
		.sha256_end = hash_end,
		.rc4_init = rc4_init,
		.rc4_crypt = rc4_crypt,
		.random = random_bytes,
};
