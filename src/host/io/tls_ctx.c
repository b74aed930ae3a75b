/* host/io/tls_ctx.c - TLS contexts: settings, certificates, keys; see tls.h. */
#include "host/io/tls_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"

#define GROUPS "X25519:P-256:P-384"
#define SIGALGS \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:" \
	"rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:" \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"
#define CIPHERS_SERVER "ECDHE+AESGCM:ECDHE+CHACHA20"
/* Targets may be older than our own service: Windows Server 2012 R2 has no better for RSA. */
#define CIPHERS_CLIENT "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES"
#define CIPHERS_LOOK "ALL:!aNULL:@SECLEVEL=0"
#define GROUPS_LOOK GROUPS ":P-521:X448:P-224:P-192"
#define SIGALGS_LOOK \
	SIGALGS ":ed25519:ed448:RSA+SHA224:ECDSA+SHA224:RSA+SHA1:ECDSA+SHA1:DSA+SHA256:DSA+SHA1"
#define CHAIN_MAX 8
#define CA_MAX 1000
#define CA_FILE_MAX (4 * 1024 * 1024)

#ifdef SP_KEYLOG
static int keylog_fd = -1;

static void keylog_line(const SSL *ssl, const char *line)
{
	char out[512];
	int n = snprintf(out, sizeof(out), "%s\n", line);

	(void)ssl;
	if (n > 0 && (size_t)n < sizeof(out) && write(keylog_fd, out, (size_t)n) < 0) {
		sp_fd_close(&keylog_fd);
	}
}

static void keylog_open(void)
{
	const char *path = getenv("SSLKEYLOGFILE");

	if (path && *path && keylog_fd < 0) {
		keylog_fd = open(
				path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	}
}

static void keylog_use(SSL_CTX *ssl)
{
	if (keylog_fd >= 0) {
		SSL_CTX_set_keylog_callback(ssl, keylog_line);
	}
}

bool sp_tls_keylog(void)
{
	return keylog_fd >= 0;
}
#else
static void keylog_open(void)
{
}

static void keylog_use(SSL_CTX *ssl)
{
	(void)ssl;
}

bool sp_tls_keylog(void)
{
	return false;
}
#endif

int sp_tls_init(void)
{
	/* Once the jail is shut the checks of certificate dates can no longer read the zone. */
	tzset();
	signal(SIGPIPE, SIG_IGN);
	/* Batches of records come and go; the heap need not give pages back in between. */
	mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 512 * 1024);
	keylog_open();
	return sp_tls_lib() ? SP_OK : SP_ETLS;
}

void sp_tls_after_fork(void)
{
	RAND_poll();
}

/* Settings that servers and clients share. */
static SSL_CTX *new_ssl_ctx(const SSL_METHOD *method, const char *ciphers)
{
	/* No property query: the signer's operations would be looked up with it as well. */
	SSL_CTX *ssl = sp_tls_lib() ? SSL_CTX_new_ex(sp_tls_lib(), NULL, method) : NULL;

	if (!ssl) {
		return NULL;
	}
	SSL_CTX_set_options(
			ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ssl,
			SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_max_cert_list(ssl, 64 * 1024);
	if (!SSL_CTX_set_num_tickets(ssl, 0) ||
			!SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) ||
			!SSL_CTX_set_cipher_list(ssl, ciphers) ||
			!SSL_CTX_set1_groups_list(ssl, GROUPS) ||
			!SSL_CTX_set1_sigalgs_list(ssl, SIGALGS)) {
		SSL_CTX_free(ssl);
		return NULL;
	}
	keylog_use(ssl);
	return ssl;
}

static bool use_chain(SSL_CTX *ssl, struct sp_span pem)
{
	BIO *b = pem.n <= INT32_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	X509 *x = b ? sp_tls_lib_next_cert(b) : NULL;
	bool ok = x && SSL_CTX_use_certificate(ssl, x) == 1;

	X509_free(x);
	for (int i = 1; ok && i < CHAIN_MAX && (x = sp_tls_lib_next_cert(b)); i++) {
		ok = SSL_CTX_add1_chain_cert(ssl, x) == 1;
		X509_free(x);
	}
	BIO_free(b);
	return ok;
}

static bool use_key(SSL_CTX *ssl, const struct sp_tls_server_conf *conf)
{
	EVP_PKEY *pub = X509_get0_pubkey(SSL_CTX_get0_certificate(ssl));
	EVP_PKEY *key = NULL;

	if (!conf->sign) {
		key = sp_tls_lib_key(conf->key_pem);
	} else if (pub && (EVP_PKEY_is_a(pub, "EC") || EVP_PKEY_is_a(pub, "RSA"))) {
		key = sp_tls_signer_key(pub, conf->sign, conf->sign_arg);
	}
	bool ok = key && SSL_CTX_use_PrivateKey(ssl, key) == 1;
	EVP_PKEY_free(key);
	return ok;
}

struct sp_tls_ctx *sp_tls_server_ctx(const struct sp_tls_server_conf *conf, char why[SP_WHY_MAX])
{
	struct sp_tls_ctx *c = sp_calloc(1, sizeof(*c));
	const char *what = "TLS";

	why[0] = 0;
	if (!c) {
		snprintf(why, SP_WHY_MAX, "TLS: out of memory");
		return NULL;
	}
	c->server = true;
	c->hello = conf->hello;
	c->hello_arg = conf->hello_arg;
	c->ssl = new_ssl_ctx(TLS_server_method(), CIPHERS_SERVER);
	if (!c->ssl) {
		goto fail;
	}
	if (conf->tls12_only && !SSL_CTX_set_max_proto_version(c->ssl, TLS1_2_VERSION)) {
		goto fail;
	}
	what = "certificate";
	if (!use_chain(c->ssl, conf->chain_pem) ||
			sp_tls_lib_cert_info(SSL_CTX_get0_certificate(c->ssl), &c->cert) != SP_OK) {
		goto fail;
	}
	what = "private key";
	if (!use_key(c->ssl, conf)) {
		goto fail;
	}
	return c;

fail:
	sp_tls_lib_why(why, what);
	sp_tls_ctx_destroy(c);
	return NULL;
}

int sp_tls_ctx_try(struct sp_tls_ctx *c, char why[SP_WHY_MAX])
{
	/* What TLS 1.3 signs, of content that no handshake has. */
	static const char context[] = "TLS 1.3, server CertificateVerify";
	uint8_t message[64 + sizeof(context) + 32], sig[SP_TLS_SIG_MAX];
	EVP_PKEY *key = SSL_CTX_get0_privatekey(c->ssl);
	EVP_PKEY *pub = X509_get0_pubkey(SSL_CTX_get0_certificate(c->ssl));
	bool rsa = EVP_PKEY_is_a(pub, "RSA");
	const char *digest = !rsa && EVP_PKEY_get_bits(pub) == 384 ? "SHA384" : "SHA256";
	EVP_MD_CTX *s = EVP_MD_CTX_new(), *v = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pc;
	size_t n = sizeof(sig);
	int rc = SP_ETLS;

	memset(message, ' ', 64);
	memcpy(message + 64, context, sizeof(context));
	if (RAND_bytes_ex(sp_tls_lib(), message + 64 + sizeof(context), 32, 0) == 1 && s && v &&
			EVP_DigestSignInit_ex(s, &pc, digest, sp_tls_lib(), NULL, key, NULL) > 0 &&
			(!rsa ||
					(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) >
									0 &&
							EVP_PKEY_CTX_set_rsa_pss_saltlen(pc,
									RSA_PSS_SALTLEN_DIGEST) >
									0)) &&
			EVP_DigestSign(s, sig, &n, message, sizeof(message)) > 0 &&
			EVP_DigestVerifyInit_ex(v, &pc, digest, sp_tls_lib(), NULL, pub, NULL) >
					0 &&
			(!rsa ||
					(EVP_PKEY_CTX_set_rsa_padding(pc, RSA_PKCS1_PSS_PADDING) >
									0 &&
							EVP_PKEY_CTX_set_rsa_pss_saltlen(pc,
									RSA_PSS_SALTLEN_DIGEST) >
									0)) &&
			EVP_DigestVerify(v, sig, n, message, sizeof(message)) == 1) {
		rc = SP_OK;
	} else {
		sp_tls_lib_why(why, "the TLS key did not give a good signature");
	}
	EVP_MD_CTX_free(s);
	EVP_MD_CTX_free(v);
	return rc;
}

const struct sp_cert_info *sp_tls_ctx_cert(const struct sp_tls_ctx *c)
{
	return c->server ? &c->cert : NULL;
}

struct sp_tls_ctx *sp_tls_client_ctx(struct sp_span ca_pem, char why[SP_WHY_MAX])
{
	struct sp_tls_ctx *c = sp_calloc(1, sizeof(*c));
	BIO *b = ca_pem.n <= CA_FILE_MAX ? BIO_new_mem_buf(ca_pem.p, (int)ca_pem.n) : NULL;
	X509 *x;

	why[0] = 0;
	if (c) {
		c->ssl = new_ssl_ctx(TLS_client_method(), CIPHERS_CLIENT);
	}
	if (!c || !c->ssl || (!b && ca_pem.n > 0)) {
		sp_tls_lib_why(why, "TLS");
		BIO_free(b);
		sp_tls_ctx_destroy(c);
		return NULL;
	}
	X509_STORE *store = SSL_CTX_get_cert_store(c->ssl);
	for (int i = 0; b && i < CA_MAX && (x = sp_tls_lib_next_cert(b)); i++) {
		X509_STORE_add_cert(store, x); /* one twice in a file is no harm */
		X509_free(x);
	}
	BIO_free(b);
	ERR_clear_error();
	sp_tls_ctx_set_verify(c);
	return c;
}

struct sp_tls_ctx *sp_tls_look_ctx(char why[SP_WHY_MAX])
{
	struct sp_tls_ctx *c = sp_tls_client_ctx(sp_span(NULL, 0), why);

	if (!c) {
		return NULL;
	}
	SSL_CTX_set_security_level(c->ssl, 0);
	SSL_CTX_set_options(c->ssl, SSL_OP_LEGACY_SERVER_CONNECT);
	if (!SSL_CTX_set_min_proto_version(c->ssl, TLS1_VERSION) ||
			!SSL_CTX_set_cipher_list(c->ssl, CIPHERS_LOOK) ||
			!SSL_CTX_set1_groups_list(c->ssl, GROUPS_LOOK) ||
			!SSL_CTX_set1_sigalgs_list(c->ssl, SIGALGS_LOOK)) {
		sp_tls_lib_why(why, "TLS");
		sp_tls_ctx_destroy(c);
		return NULL;
	}
	return c;
}

int sp_tls_system_ca(struct sp_rcbuf **pem)
{
	static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
			"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

	for (size_t i = 0; i < SP_LEN(places); i++) {
		if (sp_file_read(places[i], CA_FILE_MAX, pem) == SP_OK) {
			return SP_OK;
		}
	}
	return SP_ENOTFOUND;
}

void sp_tls_ctx_destroy(struct sp_tls_ctx *c)
{
	if (c) {
		SSL_CTX_free(c->ssl);
		sp_free(c);
	}
}
