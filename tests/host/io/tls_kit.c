/* tests/host/io/tls_kit.c - see tls_kit.h. */
#include "tls_kit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/io/ipc.h"
#include "host/io/loop.h"
#include "host/io/tls_sign_check.h"
#include "unit.h"

#define ASK 1
#define ANSWER 2

struct ask {
	int scheme;
	size_t n;
	uint8_t message[SP_TLS_MESSAGE_MAX];
};

struct answer {
	int rc;
	size_t n;
	uint8_t sig[SP_TLS_SIG_MAX];
};

static struct sp_rcbuf *bio_take(BIO *b)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);
	struct sp_rcbuf *out = sp_rcbuf_from(p, (size_t)n);

	BIO_free(b);
	return out;
}

static void make(const char *kind, struct kit_pair *out)
{
	EVP_PKEY *k = strcmp(kind, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(kind);
	X509 *x = X509_new();
	BIO *cb = BIO_new(BIO_s_mem()), *kb = BIO_new(BIO_s_mem());
	X509V3_CTX c;

	assert_non_null(k);
	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 42);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_set_pubkey(x, k);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
			(const unsigned char *)"localhost", -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509V3_set_ctx_nodb(&c);
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_nconf_nid(NULL, &c, NID_subject_alt_name, "DNS:localhost");
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	assert_true(X509_sign(x, k, strcmp(kind, "P-384") == 0 ? EVP_sha384() : EVP_sha256()) > 0);
	PEM_write_bio_X509(cb, x);
	PEM_write_bio_PrivateKey(kb, k, NULL, NULL, 0, NULL, NULL);
	X509_free(x);
	EVP_PKEY_free(k);
	out->cert = bio_take(cb);
	out->key = bio_take(kb);
}

const struct kit_pair *kit_pair(const char *kind)
{
	static const char *const kinds[] = {"EC", "RSA", "P-384", "other"};
	static struct kit_pair pairs[SP_LEN(kinds)];

	for (size_t i = 0; i < SP_LEN(kinds); i++) {
		if (strcmp(kinds[i], kind) != 0) {
			continue;
		}
		if (!pairs[i].cert && (i == 1 || i == 2)) {
			make(kind, &pairs[i]);
		} else if (!pairs[i].cert) {
			assert_int_equal(sp_cert_make("localhost", 30, &pairs[i].cert,
							 &pairs[i].key),
					SP_OK);
		}
		return &pairs[i];
	}
	fail();
	return NULL;
}

struct sp_span kit_span(const struct sp_rcbuf *b)
{
	return sp_span(b->p, b->n);
}

static void serve(int fd, const struct kit_pair *pair, int answers)
{
	static struct sp_ipc_msg m;
	char why[SP_WHY_MAX];
	struct sp_tls_key *k = sp_tls_key_load(kit_span(pair->key), why);
	struct ask q;
	struct answer a;

	while (k && answers-- > 0 && sp_ipc_wait(fd, &m, 0, sp_now_us() + 20000000) == SP_OK &&
			sp_ipc_body(&m, &q, sizeof(q)) == SP_OK && q.n <= sizeof(q.message)) {
		memset(&a, 0, sizeof(a));
		a.n = sizeof(a.sig);
		a.rc = sp_tls_sign(k, q.scheme, sp_span(q.message, q.n), a.sig, &a.n);
		if (sp_ipc_send(fd, ANSWER, &a, sizeof(a), NULL, 0) != SP_OK) {
			break;
		}
	}
	sp_tls_key_destroy(k);
}

struct kit_signer kit_signer_start(const struct kit_pair *pair, int answers)
{
	int fds[2];

	assert_int_equal(sp_ipc_pair(fds), SP_OK);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		serve(fds[1], pair, answers);
		_exit(0);
	}
	close(fds[1]);
	return (struct kit_signer){fds[0], pid};
}

void kit_signer_stop(struct kit_signer *s)
{
	close(s->fd);
	waitpid(s->pid, NULL, 0);
}

int kit_sign(void *arg, int scheme, struct sp_span message, uint8_t *sig, size_t *sig_len)
{
	static struct sp_ipc_msg m;
	struct kit_signer *s = arg;
	struct ask q = {.scheme = scheme, .n = message.n};
	struct answer a;

	if (message.n > sizeof(q.message)) {
		return SP_EDENIED;
	}
	memcpy(q.message, message.p, message.n);
	int rc = sp_ipc_ask(s->fd, ASK, &q, sizeof(q), ANSWER, &m, 0, sp_now_us() + 5000000);
	if (rc == SP_OK) {
		rc = sp_ipc_body(&m, &a, sizeof(a));
	}
	if (rc != SP_OK || a.rc != SP_OK || a.n > *sig_len) {
		return rc != SP_OK ? rc : SP_EDENIED;
	}
	memcpy(sig, a.sig, a.n);
	*sig_len = a.n;
	return SP_OK;
}

static bool carry(struct sp_tls *from, struct sp_tls *to, size_t piece)
{
	struct sp_rcbuf *b = sp_tls_take(from);

	if (!b) {
		return false;
	}
	for (size_t at = 0; at < b->n; at += piece) {
		size_t n = b->n - at < piece ? b->n - at : piece;
		if (sp_tls_feed(to, b->p + at, n) != SP_OK) {
			break;
		}
	}
	sp_rcbuf_unref(b);
	return true;
}

void kit_pump(struct sp_tls *a, struct sp_tls *b, size_t piece)
{
	bool moved = true;

	while (moved) {
		moved = carry(a, b, piece);
		moved = carry(b, a, piece) || moved;
	}
}
