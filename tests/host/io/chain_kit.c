/* tests/host/io/chain_kit.c - see chain_kit.h. */
#include "chain_kit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "unit.h"

struct one {
	EVP_PKEY *key;
	X509 *cert;
};

static void add(X509 *x, int nid, const char *value)
{
	X509V3_CTX c;

	X509V3_set_ctx_nodb(&c);
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &c, nid, value);
	assert_non_null(e);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

static struct one certify(const struct one *by, const char *cn, const struct chain_wish *w)
{
	static long serial = 1;
	struct one o = {.key = w->weak ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256"),
			.cert = X509_new()};
	X509 *x = o.cert;
	bool hour = w->from_s == 0 && w->until_s == 0;

	assert_non_null(o.key);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), hour ? -3600 : w->from_s);
	X509_gmtime_adj(X509_getm_notAfter(x), hour ? 3600 : w->until_s);
	X509_set_pubkey(x, o.key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			(const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(by ? by->cert : x));
	if (w->names) {
		add(x, NID_subject_alt_name, w->names);
	}
	if (w->uses) {
		add(x, NID_ext_key_usage, w->uses);
	}
	if (!w->names && !w->uses) {
		add(x, NID_basic_constraints, "critical,CA:TRUE");
	}
	assert_true(X509_sign(x, by ? by->key : o.key, EVP_sha256()) > 0);
	return o;
}

static void drop(struct one *o)
{
	EVP_PKEY_free(o->key);
	X509_free(o->cert);
}

static void append(struct chain_made *m, X509 *x)
{
	uint8_t *der = NULL;
	int n = i2d_X509(x, &der);
	uint32_t head = (uint32_t)n;

	assert_true(n > 0 && m->ders_n + sizeof(head) + head <= sizeof(m->ders));
	memcpy(m->ders + m->ders_n, &head, sizeof(head));
	memcpy(m->ders + m->ders_n + sizeof(head), der, head);
	m->ders_n += sizeof(head) + head;
	OPENSSL_free(der);
}

void chain_make(const struct chain_wish *w, struct chain_made *out)
{
	struct chain_wish authority = {0};
	struct one root = certify(NULL, "root", &authority), middle = {0};
	BIO *b = BIO_new(BIO_s_mem());
	char *p;

	memset(out, 0, sizeof(*out));
	if (w->between) {
		middle = certify(&root, "between", &authority);
	}
	struct one leaf = certify(w->between ? &middle : &root, "leaf", w);
	append(out, leaf.cert);
	if (w->between) {
		append(out, middle.cert);
	}
	PEM_write_bio_X509(b, root.cert);
	out->root_n = (size_t)BIO_get_mem_data(b, &p);
	assert_true(out->root_n <= sizeof(out->root));
	memcpy(out->root, p, out->root_n);
	BIO_free(b);
	drop(&root);
	drop(&middle);
	drop(&leaf);
}

struct sp_span chain_root(const struct chain_made *m)
{
	return sp_span(m->root, m->root_n);
}

struct sp_span chain_ders(const struct chain_made *m)
{
	return sp_span(m->ders, m->ders_n);
}
