/* fuzz/fuzz_server_cert.c - certificates of both kinds; a key that is taken is a possible one. */
#include <stdlib.h>

#include "core/pdu/server_cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_server_cert cert;
	struct sp_rd r;

	sp_rd_init(&r, data, size);
	if (sp_server_cert_read(&r, &cert) == SP_OK &&
			(cert.n < SP_SERVER_CERT_KEY_MIN || cert.n > SP_SERVER_CERT_KEY_MAX ||
					cert.exponent < 3 || !(cert.modulus[0] & 1))) {
		abort();
	}
	return 0;
}
