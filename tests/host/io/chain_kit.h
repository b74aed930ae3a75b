/* tests/host/io/chain_kit.h - a certificate authority that certifies what a test wants. */
#ifndef SP_TESTS_HOST_IO_CHAIN_KIT_H
#define SP_TESTS_HOST_IO_CHAIN_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/span.h"

struct chain_wish {
	const char *names; /* "DNS:host.example,IP:192.0.2.1"; NULL for none */
	const char *uses; /* extendedKeyUsage, "serverAuth"; NULL for none */
	long from_s, until_s; /* relative to now; both 0: an hour around it */
	bool between; /* with an authority between the root and the certificate */
	bool weak; /* RSA of 1024 bits */
};

struct chain_made {
	size_t root_n, ders_n;
	uint8_t root[4096]; /* PEM */
	uint8_t ders[8192]; /* each behind its length as a uint32_t, the certificate first */
};

void chain_make(const struct chain_wish *w, struct chain_made *out);
struct sp_span chain_root(const struct chain_made *m);
struct sp_span chain_ders(const struct chain_made *m);

#endif
