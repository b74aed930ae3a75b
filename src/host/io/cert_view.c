/* host/io/cert_view.c - see cert_view.h. */
#include "host/io/cert_view.h"

#include <arpa/inet.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tls_lib.h"

#define CA_MAX 1000
#define NAMES_LOOKED_AT 256
/* [MS-WCCE]: Remote Desktop Authentication */
#define RDP_EKU "1.3.6.1.4.1.311.54.1.2"

struct sp_cert_roots {
	X509_STORE *store;
};

struct sp_cert_roots *sp_cert_roots_create(struct sp_span pem)
{
	struct sp_cert_roots *r = sp_calloc(1, sizeof(*r));
	BIO *b = pem.n > 0 && pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x;

	if (r) {
		r->store = X509_STORE_new();
	}
	if (!r || !r->store || !sp_tls_lib()) {
		BIO_free(b);
		sp_cert_roots_destroy(r);
		return NULL;
	}
	for (int i = 0; b && i < CA_MAX && (x = sp_tls_lib_next_cert(b)); i++) {
		X509_STORE_add_cert(r->store, x);
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	return r;
}

void sp_cert_roots_destroy(struct sp_cert_roots *r)
{
	if (r) {
		X509_STORE_free(r->store);
		sp_free(r);
	}
}

static X509 *der_read(struct sp_span der)
{
	const unsigned char *p = der.p;
	X509 *x = der.n <= SP_CERT_DER_MAX ? X509_new_ex(sp_tls_lib(), NULL) : NULL;

	if (x && (!d2i_X509(&x, &p, (long)der.n) || p != der.p + der.n)) {
		X509_free(x); /* NULL after a failure of d2i */
		x = NULL;
	}
	return x;
}

/* ---- texts ---- */

static void name_text(const X509_NAME *name, char *out, size_t cap)
{
	BIO *b = BIO_new(BIO_s_mem());
	int n = 0;

	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
		n = BIO_read(b, out, (int)cap - 1);
	}
	out[n > 0 ? n : 0] = '\0';
	BIO_free(b);
}

static void serial_text(X509 *x, char *out, size_t cap)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL;

	snprintf(out, cap, "%s", hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(bn);
}

static bool plain(const ASN1_STRING *s, char out[SP_CERT_VIEW_TEXT])
{
	int n = ASN1_STRING_length(s);

	if (!(0 < n && n < SP_CERT_VIEW_TEXT) || memchr(ASN1_STRING_get0_data(s), 0, (size_t)n)) {
		return false;
	}
	memcpy(out, ASN1_STRING_get0_data(s), (size_t)n);
	out[n] = '\0';
	return true;
}

static bool address(const ASN1_STRING *s, char out[SP_CERT_VIEW_TEXT])
{
	int n = ASN1_STRING_length(s);

	return (n == 4 || n == 16) &&
			inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), out,
					SP_CERT_VIEW_TEXT) != NULL;
}

static void alternative_names(X509 *x, struct sp_cert_view *v)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	int most = list ? sk_GENERAL_NAME_num(list) : 0;
	size_t n = 0;

	for (int i = 0; i < most && i < NAMES_LOOKED_AT && n < SP_CERT_VIEW_NAMES; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(list, i);

		if (g->type == GEN_DNS) {
			n += plain(g->d.dNSName, v->names[n]);
		} else if (g->type == GEN_IPADD) {
			n += address(g->d.iPAddress, v->names[n]);
		}
	}
	GENERAL_NAMES_free(list);
}

/* ---- what it is for, and whose ---- */

static void purposes(X509 *x, struct sp_cert_view *v)
{
	EXTENDED_KEY_USAGE *list = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
	int most = list ? sk_ASN1_OBJECT_num(list) : 0;

	v->has_eku = list != NULL;
	for (int i = 0; i < most && i < NAMES_LOOKED_AT; i++) {
		const ASN1_OBJECT *o = sk_ASN1_OBJECT_value(list, i);
		char oid[80];

		OBJ_obj2txt(oid, sizeof(oid), o, 1);
		switch (OBJ_obj2nid(o)) {
		case NID_server_auth:
			v->eku_server = true;
			break;
		case NID_anyExtendedKeyUsage:
			v->eku_any = true;
			break;
		default:
			*(strcmp(oid, RDP_EKU) == 0 ? &v->eku_rdp : &v->eku_other) = true;
			break;
		}
	}
	EXTENDED_KEY_USAGE_free(list);
}

static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static void key(X509 *x, struct sp_cert_view *v)
{
	const EVP_PKEY *k = X509_get0_pubkey(x);

	if (!k) {
		return;
	}
	v->key_bits = (uint32_t)EVP_PKEY_get_bits(k);
	v->key = EVP_PKEY_is_a(k, "RSA") || EVP_PKEY_is_a(k, "RSA-PSS") ? SP_CERT_VIEW_KEY_RSA
			: EVP_PKEY_is_a(k, "EC")                        ? SP_CERT_VIEW_KEY_EC
			: EVP_PKEY_is_a(k, "ED25519") || EVP_PKEY_is_a(k, "ED448")
			? SP_CERT_VIEW_KEY_ED
			: EVP_PKEY_is_a(k, "DSA") ? SP_CERT_VIEW_KEY_DSA
						  : SP_CERT_VIEW_KEY_OTHER;
}

static void hashes(X509 *x, struct sp_span der, struct sp_cert_view *v)
{
	unsigned char *spki = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);

	if (EVP_Q_digest(sp_tls_lib(), "SHA256", NULL, der.p, der.n, v->sha256, NULL) != 1) {
		memset(v->sha256, 0, sizeof(v->sha256));
	}
	if (n <= 0 ||
			EVP_Q_digest(sp_tls_lib(), "SHA256", NULL, spki, (size_t)n, v->spki,
					NULL) != 1) {
		memset(v->spki, 0, sizeof(v->spki));
	}
	OPENSSL_free(spki);
}

static bool trusted(X509 *x, STACK_OF(X509) * others, const struct sp_cert_roots *roots)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new_ex(sp_tls_lib(), NULL);
	bool ok = false;

	if (c && X509_STORE_CTX_init(c, roots->store, x, others) == 1) {
		X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(c);

		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_NO_CHECK_TIME);
		X509_VERIFY_PARAM_set_depth(p, 8);
		ok = X509_STORE_CTX_set_purpose(c, X509_PURPOSE_SSL_SERVER) == 1 &&
				X509_verify_cert(c) == 1;
	}
	X509_STORE_CTX_free(c);
	return ok;
}

static bool names_host(X509 *x, const char *host)
{
	struct in6_addr a;

	if (inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1) {
		return X509_check_ip_asc(x, host, 0) == 1;
	}
	return *host != '\0' &&
			X509_check_host(x, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) ==
			1;
}

int sp_cert_view_read(const struct sp_span *chain, size_t n, const struct sp_cert_roots *roots,
		const char *host, struct sp_cert_view *out)
{
	X509 *x = n > 0 ? der_read(chain[0]) : NULL;
	STACK_OF(X509) *others = sk_X509_new_null();

	memset(out, 0, sizeof(*out));
	for (size_t i = 1; x && others && i < n; i++) {
		X509 *next = der_read(chain[i]);

		if (next && sk_X509_push(others, next) == 0) {
			X509_free(next);
		}
	}
	if (x) {
		name_text(X509_get_subject_name(x), out->subject, sizeof(out->subject));
		name_text(X509_get_issuer_name(x), out->issuer, sizeof(out->issuer));
		serial_text(x, out->serial, sizeof(out->serial));
		snprintf(out->signature, sizeof(out->signature), "%s",
				OBJ_nid2ln(X509_get_signature_nid(x)));
		alternative_names(x, out);
		purposes(x, out);
		key(x, out);
		hashes(x, chain[0], out);
		out->self_signed = X509_self_signed(x, 1) == 1;
		out->trusted = trusted(x, others, roots);
		out->name_matches = names_host(x, host);
		out->ca = X509_check_ca(x) == 1;
		out->not_before = seconds(X509_get0_notBefore(x));
		out->not_after = seconds(X509_get0_notAfter(x));
	}
	sk_X509_pop_free(others, X509_free);
	X509_free(x);
	ERR_clear_error();
	return x ? SP_OK : SP_EFIELD;
}
