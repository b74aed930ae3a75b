/* scan/public.c - see public.h; the ranges are those of IANA's registries of special addresses. */
#include "scan/public.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"

static const struct {
	uint32_t net;
	int bits;
} special4[] = {
		{0x00000000, 8}, {0x0a000000, 8}, /* this network; private */
		{0x64400000, 10}, {0x7f000000, 8}, /* shared with a carrier; loopback */
		{0xa9fe0000, 16}, {0xac100000, 12}, /* link local; private */
		{0xc0000000, 24}, {0xc0000200, 24}, /* protocols; documentation */
		{0xc0a80000, 16}, {0xc6120000, 15}, /* private; benchmarks */
		{0xc6336400, 24}, {0xcb007100, 24}, /* documentation */
		{0xe0000000, 3}, /* multicast and reserved */
};

static bool public4(uint32_t a)
{
	for (size_t i = 0; i < SP_LEN(special4); i++) {
		if (((a ^ special4[i].net) >> (32 - special4[i].bits)) == 0) {
			return false;
		}
	}
	return true;
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool public6(const uint8_t a[16])
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

	if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0) {
		return public4(be32(a + 12));
	}
	/* Only 2000::/3 is given out; in it are documentation and benchmarks. */
	return (a[0] & 0xe0) == 0x20 && be32(a) != 0x20010db8 && be32(a) != 0x20010002 &&
			!(a[0] == 0x3f && a[1] == 0xff && (a[2] & 0xf0) == 0);
}

bool sp_scan_public(const char *address)
{
	char text[64];
	struct in_addr v4;
	struct in6_addr v6;

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(address, "%"), address);
	if (inet_pton(AF_INET, text, &v4) == 1) {
		return public4(ntohl(v4.s_addr));
	}
	return inet_pton(AF_INET6, text, &v6) == 1 && public6(v6.s6_addr);
}
