/* host/io/tls_lib.c - see tls_lib.h. */
#include "host/io/tls_lib.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <stdio.h>

static OSSL_LIB_CTX *lib;

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
