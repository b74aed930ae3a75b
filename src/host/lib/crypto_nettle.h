/* host/lib/crypto_nettle.h - core's crypto seam filled with Nettle and the kernel's random bytes. */
#ifndef SP_HOST_LIB_CRYPTO_NETTLE_H
#define SP_HOST_LIB_CRYPTO_NETTLE_H

#include "core/crypt/crypto.h"

/* Without rsa_public, which is in rsa.h. */
extern const struct sp_crypto sp_crypto_nettle;

#endif
