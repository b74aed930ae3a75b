/* host/io/tls_lib.h - what the TLS files share of OpenSSL; for this folder only. */
#ifndef SP_HOST_IO_TLS_LIB_H
#define SP_HOST_IO_TLS_LIB_H

#include <openssl/evp.h>
#include <openssl/types.h>
#include <openssl/x509.h>

#include "core/base/attr.h"
#include "core/base/span.h"
#include "host/io/cert.h"
#include "host/io/fdio.h"
#include "host/io/tls.h"

/*
 * The one library context of the process: made at the first call, without any configuration
 * file, with the default provider and the signer's. NULL when the library refuses.
 */
OSSL_LIB_CTX *sp_tls_lib(void);
/* "WHAT: reason" of the newest library error; clears the library's list. */
void sp_tls_lib_why(char why[SP_WHY_MAX], const char *what);

/* The next certificate of a PEM stream, NULL at its end; the caller frees it. */
X509 *sp_tls_lib_next_cert(BIO *pem);
/* The first private key of PEM bytes without a passphrase, NULL if there is none. */
EVP_PKEY *sp_tls_lib_key(struct sp_span pem);
sp_nodiscard int sp_tls_lib_cert_info(X509 *x, struct sp_cert_info *out);

/* ---- the built-in provider that signs elsewhere ---- */

/* Registers it with the context; once. */
sp_nodiscard bool sp_tls_signer_register(OSSL_LIB_CTX *lib);
/* A private key object for the public key pub; NULL on failure. pub is referenced, not taken. */
EVP_PKEY *sp_tls_signer_key(EVP_PKEY *pub, sp_tls_sign_fn sign, void *arg);

#endif
