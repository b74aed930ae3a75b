/* fuzz/fuzz_tls_sign_check.c - whatever is signed must be what a TLS server signs. */
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "host/io/cert.h"
#include "host/io/tls_sign_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_tls_key *key;
	char why[SP_WHY_MAX];

	if (!key) {
		struct sp_rcbuf *cert, *pem;
		if (sp_cert_make("localhost", 1, &cert, &pem) != SP_OK) {
			abort();
		}
		key = sp_tls_key_load(sp_span(pem->p, pem->n), why);
		sp_rcbuf_unref(cert);
		sp_cert_key_free(pem);
	}
	if (size < 2) {
		return 0;
	}
	int scheme = data[0] << 8 | data[1];
	const uint8_t *m = data + 2;
	size_t n = size - 2;
	if (sp_tls_sign_check(key, scheme, sp_span(m, n)) != SP_OK) {
		return 0;
	}
	bool form13 = (n == 130 || n == 146) && memcmp(m + 63, " TLS 1.3, server ", 17) == 0;
	bool form12 = (n == 100 || n == 133 || n == 165) && m[64] == 3 && m[67] == n - 68;
	if (form13 == form12 || (form13 && scheme != 0x0403)) {
		abort();
	}
	return 0;
}
