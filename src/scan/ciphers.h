/* scan/ciphers.h - TLS cipher suites by IANA's number: their names and what is weak in them. */
#ifndef SP_SCAN_CIPHERS_H
#define SP_SCAN_CIPHERS_H

#include <stdint.h>

#define SP_SCAN_WEAK_NULL 1u /* no encryption */
#define SP_SCAN_WEAK_ANON 2u /* nobody's identity is proven */
#define SP_SCAN_WEAK_EXPORT 4u
#define SP_SCAN_WEAK_RC4 8u
#define SP_SCAN_WEAK_DES 16u
#define SP_SCAN_WEAK_3DES 32u
#define SP_SCAN_WEAK_RSA 64u /* key exchange by plain RSA */
/* What anybody on the path can make use of. */
#define SP_SCAN_WEAK_OPEN \
	(SP_SCAN_WEAK_NULL | SP_SCAN_WEAK_ANON | SP_SCAN_WEAK_EXPORT | SP_SCAN_WEAK_RC4 | \
			SP_SCAN_WEAK_DES)

/* IANA's name; NULL for a number that is not in the table. */
const char *sp_scan_cipher_name(uint16_t number);
/* SP_SCAN_WEAK_*, 0 for what is not known as weak. */
uint32_t sp_scan_cipher_weak(uint16_t number);

#endif
