/* core/pdu/server_cert.h - the RSA key in a terminal server's certificate of either kind. */
#ifndef SP_CORE_PDU_SERVER_CERT_H
#define SP_CORE_PDU_SERVER_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/rd.h"

#define SP_SERVER_CERT_KEY_MIN 64 /* RSA of 512 bits */
#define SP_SERVER_CERT_KEY_MAX 512

struct sp_server_cert {
	size_t n; /* INVARIANT: SP_SERVER_CERT_KEY_MIN <= n <= SP_SERVER_CERT_KEY_MAX */
	uint8_t modulus[SP_SERVER_CERT_KEY_MAX]; /* little-endian, n bytes */
	uint32_t exponent;
};

/*
 * [MS-RDPBCGR] 2.2.1.4.3.1 Server Certificate (SERVER_CERTIFICATE): a proprietary certificate, or
 * an X.509 chain ([MS-RDPELE] 2.2.1.4.2) whose last one is the terminal server's. Signatures are
 * not looked at: TLS says who the server is, and the key protects nothing but licences.
 */
sp_nodiscard int sp_server_cert_read(struct sp_rd *r, struct sp_server_cert *out);

#endif
