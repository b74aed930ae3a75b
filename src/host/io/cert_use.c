/* host/io/cert_use.c - see cert_use.h. */
#include "host/io/cert_use.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "host/io/tls_lib.h"

static void add_name(struct sp_cert_use *out, const char *name)
{
	size_t n = strlen(out->names);

	snprintf(out->names + n, sizeof(out->names) - n, "%s%s", n > 0 ? ", " : "", name);
}

static void add_general(struct sp_cert_use *out, const GENERAL_NAME *g)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (g->type == GEN_DNS) {
		const ASN1_IA5STRING *s = g->d.dNSName;
		char name[256];
		snprintf(name, sizeof(name), "%.*s", ASN1_STRING_length(s),
				(const char *)ASN1_STRING_get0_data(s));
		add_name(out, name);
	} else if (g->type == GEN_IPADD) {
		int n = ASN1_STRING_length(g->d.iPAddress);
		if ((n == 4 || n == 16) &&
				inet_ntop(n == 4 ? AF_INET : AF_INET6,
						ASN1_STRING_get0_data(g->d.iPAddress), text,
						sizeof(text)) != NULL) {
			add_name(out, text);
		}
	}
}

static void look(X509 *x, const char *host, struct sp_cert_use *out)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	const EVP_PKEY *key = X509_get0_pubkey(x);
	uint8_t addr[16];
	int md = NID_undef;

	for (int i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
		add_general(out, sk_GENERAL_NAME_value(names, i));
	}
	GENERAL_NAMES_free(names);
	out->self_signed = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	out->rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");
	if (X509_get_signature_info(x, &md, NULL, NULL, NULL) == 1) {
		out->weak_hash = md == NID_md5 || md == NID_sha1;
	}
	bool ip = inet_pton(AF_INET, host, addr) == 1 || inet_pton(AF_INET6, host, addr) == 1;
	out->named = ip ? X509_check_ip_asc(x, host, 0) == 1
			: X509_check_host(x, host, strlen(host), 0, NULL) == 1;
}

int sp_cert_use_pem(struct sp_span pem, const char *host, struct sp_cert_use *out)
{
	BIO *b = sp_tls_lib() && pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = b ? sp_tls_lib_next_cert(b) : NULL;

	memset(out, 0, sizeof(*out));
	if (x != NULL) {
		look(x, host, out);
	}
	int rc = x != NULL ? SP_OK : SP_EARG;
	X509_free(x);
	BIO_free(b);
	ERR_clear_error();
	return rc;
}
