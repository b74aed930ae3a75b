/* scan/probe_offer.c - see probe_offer.h. */
#include "scan/probe_offer.h"

#include <string.h>

#include "core/base/attr.h"
#include "scan/ciphers.h"

/* In the order of a careful client. */
static const uint16_t ciphers[] = {0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9,
		0xCCA8, 0xC0AC, 0xC0AD, 0xC023, 0xC027, 0xC024, 0xC028, 0xC009, 0xC013, 0xC00A,
		0xC014, 0x009E, 0x009F, 0xCCAA, 0xC09E, 0xC09F, 0x0067, 0x006B, 0x0033, 0x0039,
		0x0040, 0x006A, 0x0032, 0x0038, 0x0045, 0x0088, 0x009A, 0x009C, 0x009D, 0xC09C,
		0xC09D, 0xC0A0, 0xC0A1, 0x003C, 0x003D, 0x002F, 0x0035, 0x0041, 0x0084, 0x00BA,
		0x00C0, 0x0096, 0x0007, 0xC008, 0xC012, 0x0016, 0x0013, 0x000A, 0xC007, 0xC011,
		0x0005, 0x0004, 0x0015, 0x0012, 0x0009, 0x0064, 0x0062, 0x0014, 0x0011, 0x0008,
		0x0006, 0x0003, 0x00A6, 0x00A7, 0x006C, 0x006D, 0xC018, 0xC019, 0x0034, 0x003A,
		0xC017, 0x001B, 0xC016, 0x0018, 0x001A, 0x0019, 0x0017, 0xC006, 0xC010, 0xC015,
		0x003B, 0x0002, 0x0001};

static bool begins(uint16_t cipher, const char *with)
{
	const char *name = sp_scan_cipher_name(cipher);

	return name && strncmp(name, with, strlen(with)) == 0;
}

static bool belongs(enum sp_probe_offer what, uint16_t c)
{
	uint32_t weak = sp_scan_cipher_weak(c);
	bool tls13 = c >> 8 == 0x13;

	switch (what) {
	case SP_PROBE_OFFER_MODERN:
		return tls13 || weak == 0 || weak == SP_SCAN_WEAK_RSA;
	case SP_PROBE_OFFER_ANY:
		return !tls13;
	case SP_PROBE_OFFER_WEAK:
		return (weak & (SP_SCAN_WEAK_OPEN | SP_SCAN_WEAK_3DES)) != 0;
	case SP_PROBE_OFFER_RSA:
		return weak == SP_SCAN_WEAK_RSA;
	case SP_PROBE_OFFER_DHE:
		return weak == 0 && begins(c, "TLS_DHE_");
	case SP_PROBE_OFFER_CURVES:
		return weak == 0 && begins(c, "TLS_ECDHE_");
	}
	return false;
}

size_t sp_probe_offer(enum sp_probe_offer what, const uint16_t *without, size_t n_without,
		uint16_t out[SP_HELLO_MAX_CIPHERS])
{
	_Static_assert(SP_LEN(ciphers) <= SP_HELLO_MAX_CIPHERS, "all of them fit");
	size_t n = 0;

	for (size_t i = 0; i < SP_LEN(ciphers); i++) {
		bool left_out = !belongs(what, ciphers[i]);

		for (size_t k = 0; k < n_without; k++) {
			left_out |= without[k] == ciphers[i];
		}
		if (!left_out) {
			out[n++] = ciphers[i];
		}
	}
	return n;
}

/* Characteristic two up to 193 bits, and primes up to 192. */
static const uint16_t weak_groups[] = {1, 2, 3, 4, 5, 15, 16, 17, 18, 19};

const uint16_t *sp_probe_offer_groups(enum sp_probe_offer what, size_t *n)
{
	static const uint16_t good[] = {29, 23, 24, 25, 30, 21};

	*n = what == SP_PROBE_OFFER_CURVES ? SP_LEN(weak_groups) : SP_LEN(good);
	return what == SP_PROBE_OFFER_CURVES ? weak_groups : good;
}

bool sp_probe_weak_group(uint16_t group)
{
	for (size_t i = 0; i < SP_LEN(weak_groups); i++) {
		if (weak_groups[i] == group) {
			return true;
		}
	}
	return false;
}
