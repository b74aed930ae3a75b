/* host/io/chain.c - see chain.h. */
#include "host/io/chain.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "host/io/tls_lib.h"

#define ROOTS_MAX 1000
/* 112 bits: RSA of 2048, no SHA-1. */
#define AUTH_LEVEL 2

struct sp_chain {
	X509 *leaf;
	STACK_OF(X509) * others;
	struct sp_cert_info info;
};

int sp_chain_init(void)
{
	/* Once the jail is shut the checks of certificate dates can no longer read the zone. */
	tzset();
	return sp_tls_lib() ? SP_OK : SP_ETLS;
}

/* The next certificate of the list, NULL when it is damaged. */
static X509 *next_der(struct sp_span *ders)
{
	X509 *x = sp_tls_lib() ? X509_new_ex(sp_tls_lib(), NULL) : NULL;
	uint32_t n = 0;

	if (ders->n >= sizeof(n)) {
		memcpy(&n, ders->p, sizeof(n));
	}
	if (!(0 < n && n <= SP_CERT_DER_MAX && n <= ders->n - sizeof(n))) {
		X509_free(x);
		return NULL;
	}
	const uint8_t *p = ders->p + sizeof(n), *end = p + n;
	/* d2i frees and clears x when it fails. */
	if (x && (!d2i_X509(&x, &p, (long)n) || p != end)) {
		X509_free(x);
		x = NULL;
	}
	ders->p = end;
	ders->n -= sizeof(n) + n;
	ERR_clear_error();
	return x;
}

struct sp_chain *sp_chain_read(struct sp_span ders)
{
	struct sp_chain *c = sp_calloc(1, sizeof(*c));
	bool ok = c && (c->others = sk_X509_new_null()) != NULL;

	ok = ok && (c->leaf = next_der(&ders)) != NULL &&
			sp_tls_lib_cert_info(c->leaf, &c->info) == SP_OK;
	for (int i = 1; ok && ders.n > 0; i++) {
		X509 *x = i < SP_CHAIN_MAX ? next_der(&ders) : NULL;

		ok = x && sk_X509_push(c->others, x) > 0;
		if (!ok) {
			X509_free(x);
		}
	}
	if (!ok) {
		sp_chain_destroy(c);
		return NULL;
	}
	return c;
}

void sp_chain_destroy(struct sp_chain *c)
{
	if (c) {
		X509_free(c->leaf);
		sk_X509_pop_free(c->others, X509_free);
		sp_free(c);
	}
}

const struct sp_cert_info *sp_chain_leaf(const struct sp_chain *c)
{
	return &c->info;
}

static bool add_roots(X509_STORE *store, struct sp_span pem)
{
	BIO *b = pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	bool ok = b != NULL;
	X509 *x;

	for (int i = 0; ok && i < ROOTS_MAX && (x = sp_tls_lib_next_cert(b)) != NULL; i++) {
		X509_STORE_add_cert(store, x); /* one twice in a file is no harm */
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	return ok;
}

/* "Remote Desktop Authentication", which Windows' own templates have in the place of serverAuth. */
#define RDP_USE "1.3.6.1.4.1.311.54.1.2"

static bool is_for_rdp(X509 *leaf)
{
	EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
	char oid[64];
	bool found = false;

	for (int i = 0; !found && i < sk_ASN1_OBJECT_num(uses); i++) {
		found = OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(uses, i), 1) > 0 &&
				strcmp(oid, RDP_USE) == 0;
	}
	EXTENDED_KEY_USAGE_free(uses);
	return found;
}

/* Forgives a leaf that is for RDP servers only; whatever else is wrong stays wrong. */
static int on_verify(int ok, X509_STORE_CTX *sc)
{
	X509 *leaf = X509_STORE_CTX_get0_cert(sc);

	if (!ok && X509_STORE_CTX_get_error(sc) == X509_V_ERR_INVALID_PURPOSE &&
			X509_STORE_CTX_get_error_depth(sc) == 0 &&
			(X509_get_key_usage(leaf) & (KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT)) !=
					0 &&
			is_for_rdp(leaf)) {
		X509_STORE_CTX_set_error(sc, X509_V_OK);
		return 1;
	}
	return ok;
}

/* Time, purpose, strength, and the name or address that must stand in it. */
static bool set_wishes(X509_VERIFY_PARAM *p, const char *host)
{
	struct in6_addr a;

	X509_VERIFY_PARAM_set_auth_level(p, AUTH_LEVEL);
	if (X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER) != 1) {
		return false;
	}
	if (inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1) {
		return X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1;
	}
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(p, host, 0) == 1;
}

int sp_chain_verify(const struct sp_chain *c, struct sp_span roots_pem, const char *host,
		char why[SP_WHY_MAX])
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *sc = X509_STORE_CTX_new_ex(sp_tls_lib(), NULL);
	int rc = SP_EDENIED;

	snprintf(why, SP_WHY_MAX, "not checked");
	if (host[0] == '\0') {
		/* Without a name a chain says only that somebody was certified. */
		snprintf(why, SP_WHY_MAX, "there is no name to look for in it");
	} else if (roots_pem.n == 0) {
		snprintf(why, SP_WHY_MAX, "this machine has no certificate authorities");
	} else if (store && sc && add_roots(store, roots_pem) &&
			X509_STORE_CTX_init(sc, store, c->leaf, c->others) == 1 &&
			set_wishes(X509_STORE_CTX_get0_param(sc), host)) {
		X509_STORE_CTX_set_verify_cb(sc, on_verify);
		if (X509_verify_cert(sc) == 1) {
			why[0] = '\0';
			rc = SP_OK;
		} else {
			snprintf(why, SP_WHY_MAX, "%s",
					X509_verify_cert_error_string(
							X509_STORE_CTX_get_error(sc)));
		}
	}
	X509_STORE_CTX_free(sc);
	X509_STORE_free(store);
	ERR_clear_error();
	return rc;
}
