/* host/io/tls_sign_check.c - see tls_sign_check.h. */
#include "host/io/tls_sign_check.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tls_lib.h"

/* [RFC 8446] 4.4.3: 64 spaces, this text with its NUL, then the transcript's hash. */
#define PAD 64
static const char context13[] = "TLS 1.3, server CertificateVerify";
#define HEAD13 (PAD + sizeof(context13))

/* [RFC 8422] 5.4: two randoms of 32 bytes, named_curve, the group, length and point. */
#define HEAD12 (32 + 32 + 1 + 2 + 1)
#define NAMED_CURVE 3

static const struct {
	uint16_t id;
	uint8_t point;
	bool uncompressed; /* begins with 04 */
} groups[] = {
		{0x001d, 32, false}, /* x25519 */
		{0x0017, 65, true}, /* secp256r1 */
		{0x0018, 97, true}, /* secp384r1 */
};

struct sp_tls_key {
	EVP_PKEY *pkey;
	bool ec;
	int bits;
};

struct sp_tls_key *sp_tls_key_load(struct sp_span pem, char why[SP_WHY_MAX])
{
	struct sp_tls_key *k = sp_calloc(1, sizeof(*k));
	char group[32] = "";

	if (!k || !sp_tls_lib()) {
		snprintf(why, SP_WHY_MAX, "private key: out of memory");
		sp_free(k);
		return NULL;
	}
	k->pkey = sp_tls_lib_key(pem);
	if (!k->pkey) {
		sp_tls_lib_why(why, "private key");
		sp_free(k);
		return NULL;
	}
	k->ec = EVP_PKEY_is_a(k->pkey, "EC");
	k->bits = EVP_PKEY_get_bits(k->pkey);
	bool good = k->ec ? EVP_PKEY_get_group_name(k->pkey, group, sizeof(group), NULL) &&
					(strcmp(group, "prime256v1") == 0 ||
							strcmp(group, "secp384r1") == 0)
			  : EVP_PKEY_is_a(k->pkey, "RSA") && k->bits >= 2048 && k->bits <= 8192;
	ERR_clear_error();
	if (!good) {
		snprintf(why, SP_WHY_MAX,
				"private key: only EC P-256 or P-384, or RSA of 2048 to 8192 bits");
		sp_tls_key_destroy(k);
		return NULL;
	}
	return k;
}

void sp_tls_key_destroy(struct sp_tls_key *k)
{
	if (k) {
		EVP_PKEY_free(k->pkey); /* clears the private part */
		sp_free(k);
	}
}

int sp_tls_key_matches(const struct sp_tls_key *k, struct sp_span chain_pem)
{
	BIO *b = chain_pem.n <= INT32_MAX ? BIO_new_mem_buf(chain_pem.p, (int)chain_pem.n) : NULL;
	X509 *x = b ? sp_tls_lib_next_cert(b) : NULL;
	int rc = x && EVP_PKEY_eq(X509_get0_pubkey(x), k->pkey) == 1 ? SP_OK : SP_EDENIED;

	X509_free(x);
	BIO_free(b);
	ERR_clear_error();
	return rc;
}

/* 13 or 12 for the version whose message this is, 0 for anything else. */
static int form_of(struct sp_span m)
{
	size_t spaces = 0;

	while (spaces < m.n && spaces < PAD && m.p[spaces] == ' ') {
		spaces++;
	}
	if (spaces == PAD) {
		/* It can only be this; it never falls through to the weaker form. */
		bool length = m.n == HEAD13 + 32 || m.n == HEAD13 + 48;
		return length && memcmp(m.p + PAD, context13, sizeof(context13)) == 0 ? 13 : 0;
	}
	if (!(m.n > HEAD12) || m.p[64] != NAMED_CURVE) {
		return 0;
	}
	uint16_t group = (uint16_t)(m.p[65] << 8 | m.p[66]);
	for (size_t i = 0; i < SP_LEN(groups); i++) {
		if (groups[i].id == group) {
			return m.p[67] == groups[i].point &&
							m.n == HEAD12 + (size_t)groups[i].point &&
							(!groups[i].uncompressed || m.p[68] == 4)
					? 12
					: 0;
		}
	}
	return 0;
}

/* Digest of a scheme that this key may use in this form of message; NULL where it may not. */
static const char *digest_of(const struct sp_tls_key *k, int scheme, int form, bool *pss)
{
	static const struct {
		int scheme;
		bool ec, pss, tls12_only;
		int ec_bits; /* the curve that TLS 1.3 ties to it */
		const char *digest;
	} schemes[] = {
			{0x0403, true, false, false, 256, "SHA256"},
			{0x0503, true, false, false, 384, "SHA384"},
			{0x0603, true, false, true, 0, "SHA512"},
			{0x0804, false, true, false, 0, "SHA256"},
			{0x0805, false, true, false, 0, "SHA384"},
			{0x0806, false, true, false, 0, "SHA512"},
			{0x0401, false, false, true, 0, "SHA256"},
			{0x0501, false, false, true, 0, "SHA384"},
			{0x0601, false, false, true, 0, "SHA512"},
	};

	for (size_t i = 0; i < SP_LEN(schemes); i++) {
		if (schemes[i].scheme != scheme) {
			continue;
		}
		if (schemes[i].ec != k->ec || (form == 13 && schemes[i].tls12_only) ||
				(form == 13 && k->ec && schemes[i].ec_bits != k->bits)) {
			return NULL;
		}
		*pss = schemes[i].pss;
		return schemes[i].digest;
	}
	return NULL;
}

int sp_tls_sign_check(const struct sp_tls_key *k, int scheme, struct sp_span message)
{
	int form = form_of(message);
	bool pss;

	return form != 0 && digest_of(k, scheme, form, &pss) ? SP_OK : SP_EDENIED;
}

int sp_tls_sign(const struct sp_tls_key *k, int scheme, struct sp_span message, uint8_t *sig,
		size_t *sig_len)
{
	int form = form_of(message);
	bool pss = false;
	const char *digest = form != 0 ? digest_of(k, scheme, form, &pss) : NULL;

	if (!digest) {
		return SP_EDENIED;
	}
	if (*sig_len < (size_t)EVP_PKEY_get_size(k->pkey)) {
		return SP_ESPACE;
	}
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pc;
	int rc = SP_ETLS;

	if (c && EVP_DigestSignInit_ex(c, &pc, digest, sp_tls_lib(), NULL, k->pkey, NULL) > 0 &&
			(!pss ||
					(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) >
									0 &&
							EVP_PKEY_CTX_set_rsa_pss_saltlen(pc,
									RSA_PSS_SALTLEN_DIGEST) >
									0)) &&
			EVP_DigestSign(c, sig, sig_len, message.p, message.n) > 0) {
		rc = SP_OK;
	}
	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return rc;
}
