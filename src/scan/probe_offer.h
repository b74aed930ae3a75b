/* scan/probe_offer.h - which cipher suites and groups are offered together, and why. */
#ifndef SP_SCAN_PROBE_OFFER_H
#define SP_SCAN_PROBE_OFFER_H

#include <stddef.h>
#include <stdint.h>

#include "scan/hello.h"

enum sp_probe_offer {
	SP_PROBE_OFFER_MODERN, /* what a client of today offers, TLS 1.3 included */
	SP_PROBE_OFFER_ANY, /* all that the version may have */
	SP_PROBE_OFFER_WEAK, /* no encryption, nobody's key, export, RC4, DES, 3DES */
	SP_PROBE_OFFER_RSA, /* key exchange by plain RSA, without the weak */
	SP_PROBE_OFFER_DHE, /* over a finite field, without the weak */
	SP_PROBE_OFFER_CURVES, /* over curves that are too small */
};

/* Without those that are named; how many. */
size_t sp_probe_offer(enum sp_probe_offer what, const uint16_t *without, size_t n_without,
		uint16_t out[SP_HELLO_MAX_CIPHERS]);
const uint16_t *sp_probe_offer_groups(enum sp_probe_offer what, size_t *n);
/* A curve below 224 bits? */
bool sp_probe_weak_group(uint16_t group);

#endif
