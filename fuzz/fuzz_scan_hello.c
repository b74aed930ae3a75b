/* fuzz/fuzz_scan_hello.c - any bytes as a server's answer to a TLS hello; the first says to which. */
#include <stddef.h>
#include <stdint.h>

#include "scan/hello.h"
#include "scan/probe_offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint16_t versions[] = {SP_HELLO_SSL2, SP_HELLO_SSL3, 0x0301, 0x0302,
			SP_HELLO_TLS12, SP_HELLO_TLS13};
	uint16_t ciphers[SP_HELLO_MAX_CIPHERS];
	struct sp_hello_offer o = {.cipher = ciphers};
	struct sp_hello_reader r;

	if (n < 2) {
		return 0;
	}
	o.version = versions[p[0] % 6];
	o.n_ciphers = sp_probe_offer(
			o.version == SP_HELLO_TLS13 ? SP_PROBE_OFFER_MODERN : SP_PROBE_OFFER_ANY,
			NULL, 0, ciphers);
	size_t piece = p[1] % 61 + 1;
	int rc = 0;
	sp_hello_reader_init(&r, &o);
	for (size_t at = 2; rc == 0 && at < n; at += piece) {
		rc = sp_hello_feed(&r, p + at, n - at < piece ? n - at : piece);
	}
	if ((rc == 1) != (r.answer.kind != SP_HELLO_NOTHING) && rc >= 0) {
		__builtin_trap();
	}
	for (size_t i = 0; i < r.answer.n_certs; i++) {
		struct sp_span s = sp_hello_cert(&r, i);

		if (r.answer.cert[i].at + s.n > r.flight.n) {
			__builtin_trap();
		}
	}
	sp_hello_reader_finish(&r);
	return 0;
}
