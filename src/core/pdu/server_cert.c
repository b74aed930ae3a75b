/* core/pdu/server_cert.c - see server_cert.h. */
#include "core/pdu/server_cert.h"

#include <string.h>

#include "core/pdu/ber.h"

#define VERSION_MASK 0x7FFFFFFFu /* the top bit says: temporary */
#define CHAIN_VERSION_1 1
#define CHAIN_VERSION_2 2
#define ALG_RSA 1
#define BB_RSA_KEY 6
#define RSA_MAGIC 0x31415352u
#define MODULUS_PADDING 8
#define MAX_CHAIN 200

#define BER_BIT_STRING 0x03
#define BER_VERSION 0xA0 /* [0] of a TBSCertificate */

static int take_modulus(struct sp_rd *r, struct sp_span n, struct sp_server_cert *out)
{
	if (!(SP_SERVER_CERT_KEY_MIN <= n.n && n.n <= SP_SERVER_CERT_KEY_MAX)) {
		return sp_rd_fail(r, SP_ELIMIT, "certificate.modulus");
	}
	memcpy(out->modulus, n.p, n.n);
	out->n = n.n;
	return SP_OK;
}

/* [MS-RDPBCGR] 2.2.1.4.3.1.1.1 RSA Public Key (RSA_PUBLIC_KEY) */
static void read_key_blob(struct sp_rd *r, struct sp_server_cert *out)
{
	uint32_t magic = sp_rd_le32(r);
	uint32_t keylen = sp_rd_le32(r);
	uint32_t bitlen = sp_rd_le32(r);
	sp_rd_le32(r); /* datalen */
	out->exponent = sp_rd_le32(r);

	if (sp_rd_ok(r) != SP_OK) {
		return;
	}
	if (magic != RSA_MAGIC) {
		sp_rd_fail(r, SP_EFIELD, "certificate.magic");
		return;
	}
	if (bitlen % 8 != 0 || !(keylen >= MODULUS_PADDING) ||
			keylen - MODULUS_PADDING != bitlen / 8) {
		sp_rd_fail(r, SP_EFIELD, "certificate.keylen");
		return;
	}
	struct sp_span modulus = sp_rd_span(r, keylen - MODULUS_PADDING);
	sp_rd_skip(r, MODULUS_PADDING);
	if (sp_rd_end(r) == SP_OK) {
		take_modulus(r, modulus, out);
	}
}

/* [MS-RDPBCGR] 2.2.1.4.3.1.1 Server Proprietary Certificate, behind dwVersion */
static int read_proprietary(struct sp_rd *r, struct sp_server_cert *out)
{
	uint32_t sig = sp_rd_le32(r), key = sp_rd_le32(r); /* dwSigAlgId, dwKeyAlgId */
	uint16_t type = sp_rd_le16(r); /* wPublicKeyBlobType */
	size_t n = sp_rd_le16(r);

	if (sp_rd_ok(r) == SP_OK && (sig != ALG_RSA || key != ALG_RSA || type != BB_RSA_KEY)) {
		return sp_rd_fail(r, SP_EFIELD, "certificate.algorithm");
	}
	struct sp_rd blob = sp_rd_sub(r, n);
	read_key_blob(&blob, out);
	sp_rd_skip(r, 2); /* wSignatureBlobType */
	n = sp_rd_le16(r);
	sp_rd_skip(r, n);
	return sp_rd_ok(r);
}

/* [RFC 8017] A.1.1 RSAPublicKey */
static void read_rsa(struct sp_rd *r, struct sp_server_cert *out)
{
	struct sp_rd key = sp_ber_read(r, SP_BER_SEQUENCE, "certificate.RSAPublicKey");
	struct sp_rd number = sp_ber_read(&key, SP_BER_INTEGER, "certificate.modulus");
	struct sp_span n = sp_rd_rest(&number);

	out->exponent = sp_ber_read_uint(&key, SP_BER_INTEGER, "certificate.publicExponent");
	while (n.n > 0 && n.p[0] == 0) {
		n = sp_span(n.p + 1, n.n - 1);
	}
	if (sp_rd_ok(&key) != SP_OK || take_modulus(&key, n, out) != SP_OK) {
		return;
	}
	for (size_t i = 0; i < n.n; i++) {
		out->modulus[i] = n.p[n.n - 1 - i];
	}
}

/*
 * [RFC 5280] 4.1 up to the key. The algorithm's number is not looked at, since Windows names
 * keys in these certificates by that of a signature.
 */
static void read_x509(struct sp_rd *r, struct sp_server_cert *out)
{
	struct sp_rd cert = sp_ber_read(r, SP_BER_SEQUENCE, "certificate");
	struct sp_rd tbs = sp_ber_read(&cert, SP_BER_SEQUENCE, "certificate.tbsCertificate");

	if (sp_rd_left(&tbs) > 0 && tbs.p[0] == BER_VERSION) {
		sp_ber_read(&tbs, BER_VERSION, "certificate.version");
	}
	sp_ber_read(&tbs, SP_BER_INTEGER, "certificate.serialNumber");
	sp_ber_read(&tbs, SP_BER_SEQUENCE, "certificate.signature");
	sp_ber_read(&tbs, SP_BER_SEQUENCE, "certificate.issuer");
	sp_ber_read(&tbs, SP_BER_SEQUENCE, "certificate.validity");
	sp_ber_read(&tbs, SP_BER_SEQUENCE, "certificate.subject");
	struct sp_rd info = sp_ber_read(&tbs, SP_BER_SEQUENCE, "certificate.subjectPublicKeyInfo");
	sp_ber_read(&info, SP_BER_SEQUENCE, "certificate.algorithm");
	struct sp_rd bits = sp_ber_read(&info, BER_BIT_STRING, "certificate.subjectPublicKey");
	if (sp_rd_u8(&bits) != 0) {
		sp_rd_fail(&bits, SP_EFIELD, "certificate.subjectPublicKey");
	}
	read_rsa(&bits, out);
}

/* [MS-RDPELE] 2.2.1.4.2 X.509 Certificate Chain, with its padding left unread */
static int read_chain(struct sp_rd *r, struct sp_server_cert *out)
{
	uint32_t n = sp_rd_le32(r);

	if (sp_rd_ok(r) == SP_OK && !(1 <= n && n <= MAX_CHAIN)) {
		return sp_rd_fail(r, SP_ELIMIT, "certificate.NumCertBlobs");
	}
	for (uint32_t i = 0; sp_rd_ok(r) == SP_OK && i < n; i++) {
		size_t size = sp_rd_le32(r);
		struct sp_rd blob = sp_rd_sub(r, size);

		if (i + 1 == n) {
			read_x509(&blob, out);
		}
	}
	return sp_rd_ok(r);
}

int sp_server_cert_read(struct sp_rd *r, struct sp_server_cert *out)
{
	*out = (struct sp_server_cert){0};
	uint32_t version = sp_rd_le32(r) & VERSION_MASK;
	if (sp_rd_ok(r) != SP_OK) {
		return r->err;
	}
	int rc = version == CHAIN_VERSION_1 ? read_proprietary(r, out)
			: version == CHAIN_VERSION_2
			? read_chain(r, out)
			: sp_rd_fail(r, SP_EFIELD, "certificate.dwVersion");
	if (rc == SP_OK && !(out->exponent >= 3 && (out->modulus[0] & 1))) {
		rc = sp_rd_fail(r, SP_EFIELD, "certificate.key");
	}
	return rc;
}
