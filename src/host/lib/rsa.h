/* host/lib/rsa.h - the RSA of core's crypto seam, by OpenSSL. */
#ifndef SP_HOST_LIB_RSA_H
#define SP_HOST_LIB_RSA_H

#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/span.h"

/* As rsa_public of struct sp_crypto. */
sp_nodiscard int sp_rsa_public(
		struct sp_span modulus, uint32_t exponent, struct sp_span in, uint8_t *out);

#endif
