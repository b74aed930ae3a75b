/* host/lib/rsa.c - see rsa.h. */
#include "host/lib/rsa.h"

#include <openssl/bn.h>

#include "core/base/err.h"
#include "host/lib/crypto_nettle.h"

#define MAX_BYTES 2048

static int rsa_public(struct sp_span modulus, uint32_t exponent, struct sp_span in, uint8_t *out)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *n = NULL, *e = BN_new(), *m = NULL;
	int rc = SP_ENOMEM;

	if (!(1 <= modulus.n && modulus.n <= MAX_BYTES && in.n <= MAX_BYTES)) {
		rc = SP_EARG;
		goto out;
	}
	n = BN_lebin2bn(modulus.p, (int)modulus.n, NULL);
	m = BN_lebin2bn(in.p, (int)in.n, NULL);
	if (!ctx || !n || !e || !m || !BN_set_word(e, exponent)) {
		goto out;
	}
	if (BN_cmp(m, n) >= 0 || !BN_is_odd(n)) {
		rc = SP_EARG;
		goto out;
	}
	if (BN_mod_exp(m, m, e, n, ctx) && BN_bn2lebinpad(m, out, (int)modulus.n) >= 0) {
		rc = SP_OK;
	}
out:
	BN_clear_free(m);
	BN_free(e);
	BN_free(n);
	BN_CTX_free(ctx);
	return rc;
}

const struct sp_crypto *sp_crypto_rsa(void)
{
	static struct sp_crypto made;

	if (!made.rsa_public) {
		made = sp_crypto_nettle;
		made.rsa_public = rsa_public;
	}
	return &made;
}
