/* host/io/tls_lib.c - see tls_lib.h. */
#include "host/io/tls_lib.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"

/* Two RSA keys of the largest kind at a reload, and what their work needs. */
#define KEYS_BYTES (256u << 10)
#define KEYS_LEAST 32

static OSSL_LIB_CTX *lib;

/* ---- for keys: the library leaves the octets of one behind in what it frees ---- */

static void *plain_malloc(size_t n, const char *file, int line)
{
	return malloc(n);
}

static void wiping_free(void *p, const char *file, int line)
{
	sp_freezero(p, p ? malloc_usable_size(p) : 0);
}

static void *wiping_realloc(void *p, size_t n, const char *file, int line)
{
	if (n == 0) {
		wiping_free(p, file, line);
		return NULL;
	}
	size_t had = p ? malloc_usable_size(p) : 0;
	void *q = malloc(n);
	if (q && p) {
		memcpy(q, p, had < n ? had : n);
		sp_freezero(p, had);
	}
	return q;
}

int sp_tls_hold_keys(void)
{
	if (CRYPTO_set_mem_functions(plain_malloc, wiping_realloc, wiping_free) != 1) {
		return SP_ESTATE;
	}
	/* Where it cannot be locked, or not be had, keys lie in ordinary memory. */
	(void)CRYPTO_secure_malloc_init(KEYS_BYTES, KEYS_LEAST);
	return SP_OK;
}

/* ---- the library ---- */

OSSL_LIB_CTX *sp_tls_lib(void)
{
	if (lib) {
		return lib;
	}
	/* First of all calls: openssl.cnf could change limits or load modules. */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) {
		return NULL;
	}
	OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();
	if (made && OSSL_PROVIDER_load(made, "default") && sp_tls_signer_register(made)) {
		lib = made;
	} else {
		OSSL_LIB_CTX_free(made);
	}
	return lib;
}

void sp_tls_lib_why(char why[SP_WHY_MAX], const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	snprintf(why, SP_WHY_MAX, "%s: %s", what, reason ? reason : "no reason given");
	ERR_clear_error();
}

/* An encrypted key is an error, not a prompt. */
static int no_passphrase(char *buf, int size, int rwflag, void *user)
{
	(void)buf, (void)size, (void)rwflag, (void)user;
	return -1;
}

X509 *sp_tls_lib_next_cert(BIO *pem)
{
	X509 *x = X509_new_ex(sp_tls_lib(), NULL);

	if (x && !PEM_read_bio_X509(pem, &x, no_passphrase, NULL)) {
		X509_free(x);
		x = NULL;
	}
	ERR_clear_error();
	return x;
}

EVP_PKEY *sp_tls_lib_key(struct sp_span pem)
{
	BIO *b = pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	EVP_PKEY *k = b ? PEM_read_bio_PrivateKey_ex(
					  b, NULL, no_passphrase, NULL, sp_tls_lib(), NULL)
			: NULL;

	BIO_free(b);
	return k;
}
