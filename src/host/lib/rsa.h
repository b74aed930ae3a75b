/* host/lib/rsa.h - core's crypto seam with RSA in it, for clients that ask for licences. */
#ifndef SP_HOST_LIB_RSA_H
#define SP_HOST_LIB_RSA_H

#include "core/crypt/crypto.h"

/*
 * As sp_crypto_nettle, and rsa_public by OpenSSL. By itself, so that a process that asks for no
 * licence does not have libcrypto in it.
 */
const struct sp_crypto *sp_crypto_rsa(void);

#endif
