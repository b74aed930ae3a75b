/* host/io/cert.c - see cert.h. */
#include "host/io/cert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tls_lib.h"

#define PEM_FILE_MAX (256 * 1024)

static bool hash(const char *digest, const void *p, size_t n, uint8_t *out, size_t *out_n)
{
	return EVP_Q_digest(sp_tls_lib(), digest, NULL, p, n, out, out_n) == 1;
}

/* [RFC 5929] 4.1: the digest of the certificate's signature, but nothing weaker than SHA-256. */
static void endpoint_hash(X509 *x, struct sp_span der, struct sp_cert_info *out)
{
	int md = NID_undef;

	out->endpoint_n = 0;
	if (X509_get_signature_info(x, &md, NULL, NULL, NULL) != 1 || md == NID_undef) {
		return; /* an algorithm without a digest of its own has no such binding */
	}
	const char *name = md == NID_md5 || md == NID_sha1 ? "SHA256" : OBJ_nid2sn(md);
	if (!hash(name, der.p, der.n, out->endpoint, &out->endpoint_n)) {
		out->endpoint_n = 0;
	}
}

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void subject_text(X509 *x, char *out, size_t cap)
{
	BIO *b = BIO_new(BIO_s_mem());
	const char *text = "";
	long n = 0;

	if (b && X509_NAME_print_ex(b, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) >= 0) {
		n = BIO_get_mem_data(b, (char **)(uintptr_t)&text);
	}
	snprintf(out, cap, "%.*s", n > 0 && n < 4096 ? (int)n : 0, text);
	BIO_free(b);
}

int sp_tls_lib_cert_info(X509 *x, struct sp_cert_info *out)
{
	const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(x);
	uint8_t *der = NULL, *spki = NULL;
	int der_n = i2d_X509(x, &der), spki_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
	size_t got;
	int rc = SP_EARG;

	memset(out, 0, sizeof(*out));
	if (der_n > 0 && spki_n > 0 && key && key->length > 0 && key->length <= SP_CERT_KEY_MAX &&
			hash("SHA256", der, (size_t)der_n, out->cert_sha256, &got) &&
			hash("SHA256", spki, (size_t)spki_n, out->spki_sha256, &got)) {
		memcpy(out->key, key->data, (size_t)key->length);
		out->key_n = (size_t)key->length;
		endpoint_hash(x, sp_span(der, (size_t)der_n), out);
		out->not_before = seconds(X509_get0_notBefore(x));
		out->not_after = seconds(X509_get0_notAfter(x));
		EVP_PKEY *pub = X509_get0_pubkey(x);
		out->key_bits = pub ? EVP_PKEY_get_bits(pub) : 0;
		subject_text(x, out->subject, sizeof(out->subject));
		rc = SP_OK;
	}
	OPENSSL_free(der);
	OPENSSL_free(spki);
	ERR_clear_error();
	return rc;
}

int sp_cert_info_pem(struct sp_span pem, struct sp_cert_info *out)
{
	BIO *b = sp_tls_lib() && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = b ? sp_tls_lib_next_cert(b) : NULL;
	int rc = x ? sp_tls_lib_cert_info(x, out) : SP_EARG;

	X509_free(x);
	BIO_free(b);
	return rc;
}

int sp_cert_info_der(struct sp_span der, struct sp_cert_info *out)
{
	X509 *x = sp_tls_lib() ? X509_new_ex(sp_tls_lib(), NULL) : NULL;
	const uint8_t *p = der.p;
	int rc = SP_EARG;

	/* d2i frees and clears x when it fails. */
	if (x && der.n <= SP_CERT_DER_MAX && d2i_X509(&x, &p, (long)der.n) && p == der.p + der.n) {
		rc = sp_tls_lib_cert_info(x, out);
	}
	X509_free(x);
	ERR_clear_error();
	return rc;
}

/* ---- fingerprints as text ---- */

void sp_cert_print(const uint8_t sha256[32], char out[SP_CERT_PRINT_MAX])
{
	for (size_t i = 0; i < 32; i++) {
		snprintf(out + 3 * i, SP_CERT_PRINT_MAX - 3 * i, "%02x%s", sha256[i],
				i < 31 ? ":" : "");
	}
}

void sp_cert_pin_text(const uint8_t sha256[32], char out[SP_CERT_PRINT_MAX])
{
	memcpy(out, "sha256/", 7);
	EVP_EncodeBlock((unsigned char *)out + 7, sha256, 32);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool starts(const char **text, const char *with)
{
	if (strncmp(*text, with, strlen(with)) != 0) {
		return false;
	}
	*text += strlen(with);
	return true;
}

int sp_cert_pin_parse(const char *text, uint8_t sha256[32])
{
	starts(&text, "pin:");
	if (starts(&text, "sha256/")) {
		uint8_t raw[36];
		if (strlen(text) != 44 || text[43] != '=' || text[42] == '=' ||
				EVP_DecodeBlock(raw, (const unsigned char *)text, 44) != 33) {
			ERR_clear_error();
			return SP_EARG;
		}
		memcpy(sha256, raw, 32);
		return SP_OK;
	}
	if (!starts(&text, "SHA256:")) {
		starts(&text, "sha256:");
	}
	for (size_t i = 0; i < 32; i++) {
		int hi = hex_digit(text[0]), lo = hi >= 0 ? hex_digit(text[1]) : -1;
		if (lo < 0) {
			return SP_EARG;
		}
		sha256[i] = (uint8_t)(hi << 4 | lo);
		text += 2;
		if (i < 31 && *text == ':') {
			text++;
		}
	}
	return *text ? SP_EARG : SP_OK;
}

/* ---- making one ---- */

static bool host_ok(const char *host)
{
	size_t n = strlen(host);

	/* It becomes part of an extension's text, where commas and colons mean something. */
	return n > 0 && n <= 64 &&
			strspn(host,
					"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789.-_:") == n;
}

static bool add_ext(X509 *x, int nid, const char *value)
{
	X509V3_CTX c;

	X509V3_set_ctx_nodb(&c);
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &c, nid, value);
	bool ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static bool fill_cert(X509 *x, EVP_PKEY *key, const char *host, int days)
{
	struct in6_addr a;
	bool number = inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
	char names[256];
	uint8_t serial[16];
	X509_NAME *subject = X509_get_subject_name(x);
	BIGNUM *bn;

	snprintf(names, sizeof(names), "%s:%s,DNS:localhost,IP:127.0.0.1,IP:::1",
			number ? "IP" : "DNS", host);
	if (!number && strchr(host, ':')) {
		return false;
	}
	if (RAND_bytes_ex(sp_tls_lib(), serial, sizeof(serial), 0) != 1) {
		return false;
	}
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, always of one length */
	bn = BN_bin2bn(serial, sizeof(serial), NULL);
	bool ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return ok && X509_set_version(x, X509_VERSION_3) &&
			X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
			X509_time_adj_ex(X509_getm_notAfter(x), days, 0, NULL) &&
			X509_set_pubkey(x, key) &&
			X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
					(const unsigned char *)host, -1, -1, 0) &&
			X509_set_issuer_name(x, subject) &&
			add_ext(x, NID_basic_constraints, "critical,CA:FALSE") &&
			add_ext(x, NID_key_usage, "critical,digitalSignature") &&
			add_ext(x, NID_ext_key_usage, "serverAuth") &&
			add_ext(x, NID_subject_alt_name, names) &&
			add_ext(x, NID_subject_key_identifier, "hash") &&
			X509_sign(x, key, EVP_sha256()) > 0;
}

static struct sp_rcbuf *from_bio(BIO *b)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);

	return n > 0 ? sp_rcbuf_from(p, (size_t)n) : NULL;
}

int sp_cert_make(const char *host, int days, struct sp_rcbuf **cert_pem, struct sp_rcbuf **key_pem)
{
	*cert_pem = NULL;
	*key_pem = NULL;
	if (!host_ok(host) || !sp_tls_lib()) {
		return SP_EARG;
	}
	EVP_PKEY *key = EVP_PKEY_Q_keygen(sp_tls_lib(), NULL, "EC", "P-256");
	X509 *x = X509_new_ex(sp_tls_lib(), NULL);
	BIO *cb = BIO_new(BIO_s_mem()), *kb = BIO_new(BIO_s_mem());
	int rc = SP_ETLS;

	if (key && x && cb && kb && fill_cert(x, key, host, days) && PEM_write_bio_X509(cb, x) &&
			PEM_write_bio_PrivateKey(kb, key, NULL, NULL, 0, NULL, NULL)) {
		*cert_pem = from_bio(cb);
		*key_pem = from_bio(kb);
		rc = *cert_pem && *key_pem ? SP_OK : SP_ENOMEM;
	}
	if (rc != SP_OK) {
		sp_rcbuf_unref(*cert_pem);
		sp_cert_key_free(*key_pem);
		*cert_pem = *key_pem = NULL;
	}
	BIO_free(cb);
	BIO_free(kb); /* memory BIOs clear what they held */
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return rc;
}

void sp_cert_key_free(struct sp_rcbuf *key_pem)
{
	if (key_pem && key_pem->refs == 1) {
		sp_wipe(key_pem->p, key_pem->n);
	}
	sp_rcbuf_unref(key_pem);
}

static int make_file(const char *path, const char *host, struct sp_rcbuf **pem)
{
	struct sp_rcbuf *cert, *key;
	int rc = sp_cert_make(host, 3650, &cert, &key);

	if (rc != SP_OK) {
		return rc;
	}
	*pem = sp_rcbuf_create(cert->n + key->n);
	if (*pem) {
		memcpy((*pem)->p, key->p, key->n);
		memcpy((*pem)->p + key->n, cert->p, cert->n);
		rc = sp_file_write(path, 0600, sp_span((*pem)->p, (*pem)->n));
	} else {
		rc = SP_ENOMEM;
	}
	sp_rcbuf_unref(cert);
	sp_cert_key_free(key);
	return rc;
}

int sp_cert_load_or_make(
		const char *path, const char *host, struct sp_rcbuf **pem, char why[SP_WHY_MAX])
{
	int rc = sp_file_read(path, PEM_FILE_MAX, pem);

	if (rc == SP_ENOTFOUND) {
		rc = make_file(path, host, pem);
	}
	if (rc != SP_OK) {
		snprintf(why, SP_WHY_MAX, "certificate %.150s: %s", path,
				rc == SP_ESYS ? strerror(errno) : sp_err_text(rc));
		sp_cert_key_free(*pem);
		*pem = NULL;
	}
	return rc;
}

int sp_cert_chain_only(struct sp_span pem, struct sp_rcbuf **out)
{
	BIO *in = sp_tls_lib() && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	BIO *to = BIO_new(BIO_s_mem());
	X509 *x;

	*out = NULL;
	while (in && to && (x = sp_tls_lib_next_cert(in))) {
		PEM_write_bio_X509(to, x);
		X509_free(x);
	}
	*out = to ? from_bio(to) : NULL;
	BIO_free(in);
	BIO_free(to);
	return *out ? SP_OK : SP_EARG;
}
