/* host/io/cert.h - certificates: what the protocol needs to know of one, and making our own. */
#ifndef SP_HOST_IO_CERT_H
#define SP_HOST_IO_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/rcbuf.h"
#include "core/base/span.h"
#include "host/io/fdio.h"

#define SP_CERT_KEY_MAX 2100 /* RSAPublicKey of 16384 bits */
#define SP_CERT_DER_MAX (16 * 1024)
#define SP_CERT_PRINT_MAX 96

struct sp_cert_info {
	size_t key_n; /* INVARIANT: key_n <= SP_CERT_KEY_MAX */
	/* Content of the SubjectPublicKey BIT STRING without its count of unused bits: what
	 * CredSSP hashes. */
	uint8_t key[SP_CERT_KEY_MAX];
	uint8_t cert_sha256[32]; /* of the whole certificate: the fingerprint people compare */
	uint8_t spki_sha256[32]; /* of the SubjectPublicKeyInfo: what a pin holds */
	/* [RFC 5929] 4.1 tls-server-end-point */
	size_t endpoint_n;
	uint8_t endpoint[64];
	int64_t not_before, not_after; /* seconds since 1970 */
	int key_bits;
	char subject[128];
};

/* The first certificate in PEM bytes; SP_EARG when there is none or it is damaged. */
sp_nodiscard int sp_cert_info_pem(struct sp_span pem, struct sp_cert_info *out);
sp_nodiscard int sp_cert_info_der(struct sp_span der, struct sp_cert_info *out);
/* "ab:cd:..." of 32 bytes. */
void sp_cert_print(const uint8_t sha256[32], char out[SP_CERT_PRINT_MAX]);
/* "sha256/BASE64" of an SPKI hash, as curl and HPKP write pins. */
void sp_cert_pin_text(const uint8_t sha256[32], char out[SP_CERT_PRINT_MAX]);
/* Reads a pin: "sha256/BASE64" or 64 hex digits with or without colons; "pin:" before is skipped,
 * "SHA256:" too. SP_EARG. */
sp_nodiscard int sp_cert_pin_parse(const char *text, uint8_t sha256[32]);

/*
 * A new P-256 key and a certificate signed with it, for the given host name (also 127.0.0.1, ::1
 * and localhost), valid for days. Two PEM buffers that the caller owns; the key's is to be wiped
 * with sp_cert_key_free().
 */
sp_nodiscard int sp_cert_make(
		const char *host, int days, struct sp_rcbuf **cert_pem, struct sp_rcbuf **key_pem);
void sp_cert_key_free(struct sp_rcbuf *key_pem);
/*
 * Reads one PEM file, or makes it (mode 0600, key and certificate) where there is none. The file
 * may hold the key and the chain in any order; both buffers then hold all of it.
 */
sp_nodiscard int sp_cert_load_or_make(
		const char *path, const char *host, struct sp_rcbuf **pem, char why[SP_WHY_MAX]);
/* Only the CERTIFICATE blocks of PEM bytes: what a process without the key is given. */
sp_nodiscard int sp_cert_chain_only(struct sp_span pem, struct sp_rcbuf **out);

#endif
