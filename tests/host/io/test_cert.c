/* tests/host/io/test_cert.c - certificates made, read and named. */
#include "host/io/cert.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "tls_kit.h"
#include "unit.h"

static X509 *parse(const struct sp_rcbuf *pem)
{
	BIO *b = BIO_new_mem_buf(pem->p, (int)pem->n);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	BIO_free(b);
	assert_non_null(x);
	return x;
}

static void test_make(void **state)
{
	struct sp_rcbuf *cert, *key;

	(void)state;
	assert_int_equal(sp_cert_make("door.example.org", 30, &cert, &key), SP_OK);
	X509 *x = parse(cert);
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	assert_int_equal(X509_check_host(x, "door.example.org", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(x, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(x, "example.org", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(x, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(x, "::1", 0), 1);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(x)), 1);
	assert_int_equal(X509_check_purpose(x, X509_PURPOSE_SSL_SERVER, 0), 1);
	assert_int_equal(X509_check_ca(x), 0);
	BIO *b = BIO_new_mem_buf(key->p, (int)key->n);
	EVP_PKEY *k = PEM_read_bio_PrivateKey(b, NULL, NULL, NULL);
	assert_int_equal(X509_check_private_key(x, k), 1);
	EVP_PKEY_free(k);
	BIO_free(b);
	X509_free(x);

	struct sp_rcbuf *cert2, *key2;
	assert_int_equal(sp_cert_make("192.0.2.7", 30, &cert2, &key2), SP_OK);
	x = parse(cert2);
	assert_int_equal(X509_check_ip_asc(x, "192.0.2.7", 0), 1);
	X509_free(x);
	assert_false(sp_span_eq(kit_span(key), kit_span(key2)));
	sp_rcbuf_unref(cert);
	sp_rcbuf_unref(cert2);
	sp_cert_key_free(key);
	sp_cert_key_free(key2);

	static const char *const bad[] = {"", "a,DNS:evil", "a\nb", "a b", "a:b", "*"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_not_equal(sp_cert_make(bad[i], 30, &cert, &key), SP_OK);
		assert_null(cert);
		assert_null(key);
	}
}

static void test_info(void **state)
{
	static const char *const kinds[] = {"EC", "P-384", "RSA"};
	static const struct {
		size_t key_n, endpoint_n;
		int bits;
	} want[] = {{65, 32, 256}, {97, 48, 384}, {270, 32, 2048}};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct sp_cert_info info, again;
		const struct kit_pair *p = kit_pair(kinds[i]);
		X509 *x = parse(p->cert);
		uint8_t *der = NULL, *spki = NULL, hash[64];
		int n = i2d_X509(x, &der);
		int spki_n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);

		assert_int_equal(sp_cert_info_pem(kit_span(p->cert), &info), SP_OK);
		assert_int_equal(sp_cert_info_der(sp_span(der, (size_t)n), &again), SP_OK);
		assert_memory_equal(&info, &again, sizeof(info));
		assert_int_equal(info.key_n, want[i].key_n);
		assert_int_equal(info.key_bits, want[i].bits);
		/* The key is the tail of the SubjectPublicKeyInfo. */
		assert_memory_equal(info.key, spki + spki_n - info.key_n, info.key_n);
		assert_int_equal(info.key[0], i == 2 ? 0x30 : 0x04);
		assert_memory_equal(info.cert_sha256, SHA256(der, (size_t)n, hash), 32);
		assert_memory_equal(info.spki_sha256, SHA256(spki, (size_t)spki_n, hash), 32);
		assert_int_equal(info.endpoint_n, want[i].endpoint_n);
		if (i == 1) {
			SHA384(der, (size_t)n, hash);
		} else {
			SHA256(der, (size_t)n, hash);
		}
		assert_memory_equal(info.endpoint, hash, info.endpoint_n);
		assert_string_equal(info.subject, "CN=localhost");
		assert_true(info.not_before < time(NULL) && info.not_after > time(NULL));
		assert_true(info.not_after - info.not_before < 32 * 86400);

		for (int cut = 0; cut < n; cut++) {
			assert_int_equal(sp_cert_info_der(sp_span(der, (size_t)cut), &again),
					SP_EARG);
		}
		uint8_t *more = malloc((size_t)n + 1);
		memcpy(more, der, (size_t)n);
		more[n] = 0;
		assert_int_equal(sp_cert_info_der(sp_span(more, (size_t)n + 1), &again), SP_EARG);
		free(more);
		OPENSSL_free(der);
		OPENSSL_free(spki);
		X509_free(x);
	}
	struct sp_cert_info info;
	assert_int_equal(sp_cert_info_pem(sp_span("junk", 4), &info), SP_EARG);
}

static void test_prints(void **state)
{
	uint8_t hash[32], back[32];
	char text[SP_CERT_PRINT_MAX], prefixed[SP_CERT_PRINT_MAX + 16];

	(void)state;
	for (int i = 0; i < 32; i++) {
		hash[i] = (uint8_t)(i * 37 + 200);
	}
	sp_cert_print(hash, text);
	assert_int_equal(strlen(text), 95);
	assert_int_equal(sp_cert_pin_parse(text, back), SP_OK);
	assert_memory_equal(hash, back, 32);
	snprintf(prefixed, sizeof(prefixed), "pin:SHA256:%s", text);
	memset(back, 0, 32);
	assert_int_equal(sp_cert_pin_parse(prefixed, back), SP_OK);
	assert_memory_equal(hash, back, 32);
	sp_cert_pin_text(hash, text);
	assert_memory_equal(text, "sha256/", 7);
	assert_int_equal(strlen(text), 51);
	snprintf(prefixed, sizeof(prefixed), "pin:%s", text);
	memset(back, 0, 32);
	assert_int_equal(sp_cert_pin_parse(prefixed, back), SP_OK);
	assert_memory_equal(hash, back, 32);

	static const char *const bad[] = {"", "pin:", "sha256/", "sha256/AAAA", "abcd",
			"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
			"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA?",
			"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"00000000000000000000000000000000000000000000000000000000000000000",
			"000000000000000000000000000000000000000000000000000000000000000",
			"000000000000000000000000000000000000000000000000000000000000000g"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_cert_pin_parse(bad[i], back), SP_EARG);
	}
}

static void test_file(void **state)
{
	char dir[] = "/tmp/sp-cert-XXXXXX", path[64], why[SP_WHY_MAX];
	struct sp_rcbuf *a, *b, *chain;
	struct sp_cert_info x, y;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/tls.pem", dir);
	assert_int_equal(sp_cert_load_or_make(path, "localhost", &a, why), SP_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sp_cert_load_or_make(path, "localhost", &b, why), SP_OK);
	unit_assert_span(kit_span(a), kit_span(b));
	assert_int_equal(sp_cert_chain_only(kit_span(a), &chain), SP_OK);
	assert_null(memmem(chain->p, chain->n, "PRIVATE", 7));
	assert_non_null(memmem(a->p, a->n, "PRIVATE", 7));
	assert_int_equal(sp_cert_info_pem(kit_span(a), &x), SP_OK);
	assert_int_equal(sp_cert_info_pem(kit_span(chain), &y), SP_OK);
	assert_memory_equal(&x, &y, sizeof(x));

	/* Such a file is all a server needs. */
	struct sp_tls_server_conf conf = {.chain_pem = kit_span(a), .key_pem = kit_span(a)};
	struct sp_tls_ctx *c = sp_tls_server_ctx(&conf, why);
	assert_non_null(c);
	assert_int_equal(sp_tls_ctx_try(c, why), SP_OK);
	assert_memory_equal(sp_tls_ctx_cert(c), &x, sizeof(x));
	sp_tls_ctx_destroy(c);
	sp_cert_key_free(a);
	sp_cert_key_free(b);
	sp_rcbuf_unref(chain);
	assert_int_equal(sp_cert_chain_only(sp_span("x", 1), &chain), SP_EARG);
	unlink(path);
	rmdir(dir);
	assert_int_equal(sp_cert_load_or_make(path, "localhost", &a, why), SP_ESYS);
	assert_non_null(strstr(why, path));
	assert_null(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_make),
			cmocka_unit_test(test_info),
			cmocka_unit_test(test_prints),
			cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
