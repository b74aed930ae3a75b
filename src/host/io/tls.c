/* host/io/tls.c - one TLS connection over memory; see tls.h. */
#include "host/io/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/wr.h"
#include "host/io/tls_ctx.h"

#define RECORD 16384
/* What a record may grow by: header, nonce, tag, padding of the oldest suite. */
#define RECORD_EXTRA 512
/* What it grows by with the suites people have. */
#define RECORD_USUAL 32

struct sp_tls {
	SSL *ssl;
	enum sp_tls_state state;
	bool server;
	bool close_sent;
	sp_tls_hello_fn hello; /* NULL: nobody asks, or was told */
	void *hello_arg;
	struct sp_cert_info own; /* of a server */

	/* Ciphertext that came and is not yet decrypted: in[in_at .. in_n). */
	uint8_t *in;
	size_t in_at, in_n, in_cap;
	struct sp_wr out;

	enum sp_tls_verify verify;
	uint8_t pin[32];
	const char *complaint; /* static text of the library */
	bool have_peer;
	struct sp_cert_info peer;
	char text[96];
	char why[SP_WHY_MAX];
};

/* ---- the BIO between OpenSSL and our two buffers ---- */

static int bio_read(BIO *b, char *to, size_t cap, size_t *got)
{
	struct sp_tls *t = BIO_get_data(b);
	size_t n = t->in_n - t->in_at;

	BIO_clear_retry_flags(b);
	if (n == 0) {
		BIO_set_retry_read(b);
		return 0;
	}
	n = n < cap ? n : cap;
	memcpy(to, t->in + t->in_at, n);
	t->in_at += n;
	*got = n;
	return 1;
}

static int bio_write(BIO *b, const char *from, size_t n, size_t *taken)
{
	struct sp_tls *t = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	sp_wr_put(&t->out, from, n);
	if (sp_wr_ok(&t->out) != SP_OK) {
		return 0;
	}
	*taken = n;
	return 1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b, (void)num, (void)ptr;
	return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

static const BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *m;

	if (!m) {
		m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "memory pair");
		if (m) {
			BIO_meth_set_read_ex(m, bio_read);
			BIO_meth_set_write_ex(m, bio_write);
			BIO_meth_set_ctrl(m, bio_ctrl);
			BIO_meth_set_create(m, bio_create);
		}
	}
	return m;
}

/* ---- judging the peer ---- */

static bool pin_holds(const struct sp_tls *t, X509 *x)
{
	struct sp_cert_info info;

	return x && sp_tls_lib_cert_info(x, &info) == SP_OK &&
			memcmp(info.spki_sha256, t->pin, sizeof(t->pin)) == 0;
}

/* In place of the library's check: does it as well, then decides by the connection's mode. */
static int judge(X509_STORE_CTX *sc, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(sc, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct sp_tls *t = SSL_get_app_data(ssl);
	int ok = X509_verify_cert(sc) == 1;

	(void)arg;
	if (!ok) {
		t->complaint = X509_verify_cert_error_string(X509_STORE_CTX_get_error(sc));
	}
	switch (t->verify) {
	case SP_TLS_VERIFY_CA:
		return ok;
	case SP_TLS_VERIFY_PIN:
		ok = pin_holds(t, X509_STORE_CTX_get0_cert(sc));
		X509_STORE_CTX_set_error(sc, ok ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
		return ok;
	case SP_TLS_VERIFY_REPORT:
		X509_STORE_CTX_set_error(sc, X509_V_OK);
		return 1;
	default:
		return 0;
	}
}

void sp_tls_ctx_set_verify(struct sp_tls_ctx *c)
{
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(c->ssl, judge, NULL);
}

static bool set_host(SSL *ssl, const char *host)
{
	struct in6_addr a;

	if (inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1) {
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* ---- life ---- */

static struct sp_tls *tls_create(struct sp_tls_ctx *c)
{
	struct sp_tls *t = sp_calloc(1, sizeof(*t));
	const BIO_METHOD *method = bio_method();
	BIO *b = method ? BIO_new(method) : NULL;

	if (t) {
		t->ssl = SSL_new(c->ssl);
		sp_wr_init(&t->out, SP_TLS_OUT_MAX);
	}
	if (!t || !b || !t->ssl) {
		BIO_free(b);
		sp_tls_destroy(t);
		return NULL;
	}
	BIO_set_data(b, t);
	SSL_set_bio(t->ssl, b, b); /* takes b over */
	SSL_set_app_data(t->ssl, t);
	return t;
}

/* Each message of the handshake, either way. */
static void on_message(
		int sent, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
	struct sp_tls *t = arg;

	(void)version, (void)ssl;
	if (sent == 0 && type == SSL3_RT_HANDSHAKE && t->hello != NULL) {
		t->hello(t->hello_arg, sp_span(p, n));
		t->hello = NULL;
	}
}

struct sp_tls *sp_tls_server(struct sp_tls_ctx *c)
{
	struct sp_tls *t = c->server ? tls_create(c) : NULL;

	if (t) {
		t->server = true;
		t->own = c->cert;
		t->hello = c->hello;
		t->hello_arg = c->hello_arg;
		if (t->hello != NULL) {
			SSL_set_msg_callback(t->ssl, on_message);
			SSL_set_msg_callback_arg(t->ssl, t);
		}
		SSL_set_accept_state(t->ssl);
	}
	return t;
}

static void advance(struct sp_tls *t);

struct sp_tls *sp_tls_client(struct sp_tls_ctx *c, const struct sp_tls_peer *peer)
{
	/* Without a name a chain says only that somebody was certified. */
	bool sane = !c->server && (peer->verify != SP_TLS_VERIFY_CA || peer->host);
	struct sp_tls *t = sane ? tls_create(c) : NULL;

	if (!t) {
		return NULL;
	}
	t->verify = peer->verify;
	memcpy(t->pin, peer->pin, sizeof(t->pin));
	if (peer->host && !set_host(t->ssl, peer->host)) {
		sp_tls_destroy(t);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_connect_state(t->ssl);
	advance(t);
	return t;
}

void sp_tls_destroy(struct sp_tls *t)
{
	if (!t) {
		return;
	}
	SSL_free(t->ssl);
	sp_wr_finish(&t->out);
	sp_free(t->in);
	sp_free(t);
}

/* ---- running ---- */

/* What an OpenSSL call that did not succeed means: 0 wait, or SP_ECLOSED or SP_ETLS. */
static int explain(struct sp_tls *t, int ret)
{
	unsigned long e;
	long bad;

	switch (SSL_get_error(t->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		t->state = SP_TLS_ENDED;
		return SP_ECLOSED;
	default:
		break;
	}
	t->state = SP_TLS_FAILED;
	e = ERR_peek_error();
	bad = SSL_get_verify_result(t->ssl);
	const char *reason = e ? ERR_reason_error_string(e) : NULL;
	if (bad == X509_V_ERR_APPLICATION_VERIFICATION) {
		snprintf(t->why, sizeof(t->why), "the peer's key is not the pinned one");
	} else if (bad != X509_V_OK) {
		snprintf(t->why, sizeof(t->why), "%s: %s", reason ? reason : "TLS failed",
				X509_verify_cert_error_string(bad));
	} else {
		snprintf(t->why, sizeof(t->why), "%s", reason ? reason : "TLS failed");
	}
	ERR_clear_error();
	return SP_ETLS;
}

static void came_up(struct sp_tls *t)
{
	X509 *x = SSL_get0_peer_certificate(t->ssl);

	t->state = SP_TLS_UP;
	snprintf(t->text, sizeof(t->text), "%s, %s", SSL_get_version(t->ssl),
			SSL_get_cipher_name(t->ssl));
	if (strncmp(t->text, "TLSv", 4) == 0) {
		snprintf(t->text, sizeof(t->text), "TLS %s, %s", SSL_get_version(t->ssl) + 4,
				SSL_get_cipher_name(t->ssl));
	}
	t->have_peer = x && sp_tls_lib_cert_info(x, &t->peer) == SP_OK;
	if (!t->server && !t->have_peer) {
		/* No suite of ours goes without one, so its key is beyond what we can name. */
		t->state = SP_TLS_FAILED;
		snprintf(t->why, sizeof(t->why), "the peer's certificate is not usable");
	}
}

/* The handshake as far as the input allows. */
static void advance(struct sp_tls *t)
{
	ERR_clear_error();
	int ret = SSL_do_handshake(t->ssl);
	if (ret == 1) {
		came_up(t);
	} else if (explain(t, ret) == SP_ECLOSED) {
		t->state = SP_TLS_FAILED;
		snprintf(t->why, sizeof(t->why), "the peer closed during the handshake");
	}
}

static int put_in(struct sp_tls *t, const uint8_t *p, size_t n)
{
	size_t left = t->in_n - t->in_at;

	if (!(n <= SP_TLS_IN_MAX - left)) {
		return SP_ELIMIT;
	}
	if (left > 0 && t->in_at > 0) {
		memmove(t->in, t->in + t->in_at, left);
	}
	t->in_at = 0;
	t->in_n = left;
	if (left + n > t->in_cap) {
		uint8_t *grown = sp_realloc(t->in, left + n);
		if (!grown) {
			return SP_ENOMEM;
		}
		t->in = grown;
		t->in_cap = left + n;
	}
	memcpy(t->in + left, p, n);
	t->in_n += n;
	return SP_OK;
}

/* Gives the input buffer back once it is used up: most connections rest most of the time. */
static void release_in(struct sp_tls *t)
{
	if (t->in && t->in_at == t->in_n) {
		sp_free(t->in);
		t->in = NULL;
		t->in_at = t->in_n = t->in_cap = 0;
	}
}

int sp_tls_feed(struct sp_tls *t, const uint8_t *p, size_t n)
{
	if (t->state == SP_TLS_FAILED) {
		return SP_ETLS;
	}
	if (t->state == SP_TLS_ENDED) {
		return SP_OK; /* nothing after close_notify counts */
	}
	int rc = n > 0 ? put_in(t, p, n) : SP_OK;
	if (rc != SP_OK) {
		return rc;
	}
	if (t->state == SP_TLS_HANDSHAKE) {
		advance(t);
		release_in(t);
	}
	return t->state == SP_TLS_FAILED ? SP_ETLS : SP_OK;
}

int sp_tls_read(struct sp_tls *t, uint8_t *to, size_t cap)
{
	size_t n = 0;

	if (t->state == SP_TLS_FAILED) {
		return SP_ETLS;
	}
	if (t->state != SP_TLS_UP) {
		return t->state == SP_TLS_ENDED ? SP_ECLOSED : 0;
	}
	while (n < cap && n <= INT32_MAX / 2) {
		size_t got = 0;

		ERR_clear_error();
		int ret = SSL_read_ex(t->ssl, to + n, cap - n, &got);
		if (ret != 1) {
			int rc = explain(t, ret);
			release_in(t);
			/* What came before the end is given out first; the next call says the rest. */
			return n > 0 ? (int)n : rc;
		}
		n += got;
	}
	release_in(t);
	return (int)n;
}

/* Room for n bytes as records at once, so that the output does not grow record by record. */
static void reserve(struct sp_tls *t, size_t n)
{
	size_t left = SP_TLS_OUT_MAX - t->out.n;
	size_t need = n + (n / RECORD + 1) * RECORD_USUAL;

	need = n < left && need < left ? need : left;
	if (sp_wr_room(&t->out, need)) {
		sp_wr_shrink(&t->out, need);
	}
}

int sp_tls_write(struct sp_tls *t, const uint8_t *p, size_t n)
{
	size_t at = 0;

	if (t->state == SP_TLS_FAILED) {
		return SP_ETLS;
	}
	if (t->state != SP_TLS_UP || t->close_sent) {
		return t->state == SP_TLS_HANDSHAKE ? 0 : SP_ECLOSED;
	}
	reserve(t, n);
	while (at < n && at <= INT32_MAX / 2) {
		size_t chunk = n - at < RECORD ? n - at : RECORD, taken = 0;

		/* A record is only begun when all of it has room, so none is ever half written. */
		if (t->out.n + chunk + RECORD_EXTRA > SP_TLS_OUT_MAX) {
			break;
		}
		ERR_clear_error();
		int ret = SSL_write_ex(t->ssl, p + at, chunk, &taken);
		if (ret != 1) {
			int rc = explain(t, ret);
			return rc == 0 ? (int)at : rc;
		}
		at += taken;
	}
	return (int)at;
}

struct sp_rcbuf *sp_tls_take(struct sp_tls *t)
{
	return t->out.n > 0 ? sp_wr_take(&t->out) : NULL;
}

size_t sp_tls_pending(const struct sp_tls *t)
{
	return t->out.n;
}

void sp_tls_close(struct sp_tls *t)
{
	if ((t->state == SP_TLS_UP || t->state == SP_TLS_ENDED) && !t->close_sent) {
		t->close_sent = true;
		ERR_clear_error();
		SSL_shutdown(t->ssl);
		ERR_clear_error();
	}
}

/* ---- what it knows ---- */

enum sp_tls_state sp_tls_state(const struct sp_tls *t)
{
	return t->state;
}

const char *sp_tls_text(const struct sp_tls *t)
{
	return t->text;
}

const char *sp_tls_why(const struct sp_tls *t)
{
	return t->why;
}

const char *sp_tls_verify_complaint(const struct sp_tls *t)
{
	return t->complaint;
}

const struct sp_cert_info *sp_tls_peer_cert(const struct sp_tls *t)
{
	return t->have_peer ? &t->peer : NULL;
}

const struct sp_cert_info *sp_tls_own_cert(const struct sp_tls *t)
{
	return t->server ? &t->own : NULL;
}

int sp_tls_peer_der(const struct sp_tls *t, uint8_t *out, size_t cap)
{
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	int n = x ? i2d_X509(x, NULL) : 0;

	if (n <= 0) {
		return SP_ENOTFOUND;
	}
	if ((size_t)n > cap) {
		return SP_ESPACE;
	}
	return i2d_X509(x, &out);
}

int sp_tls_peer_chain(const struct sp_tls *t, uint8_t *out, size_t cap)
{
	/* A client's; it holds the peer's own certificate too. */
	STACK_OF(X509) *chain = t->server ? NULL : SSL_get_peer_cert_chain(t->ssl);
	size_t at = 0;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *x = sk_X509_value(chain, i);
		int n = i2d_X509(x, NULL);
		uint32_t head = (uint32_t)n;

		if (n <= 0) {
			return SP_ENOTFOUND;
		}
		if (cap > INT32_MAX || !(sizeof(head) + head <= cap - at)) {
			return at > 0 ? (int)at : SP_ESPACE;
		}
		uint8_t *p = out + at + sizeof(head);
		memcpy(out + at, &head, sizeof(head));
		i2d_X509(x, &p);
		at += sizeof(head) + head;
	}
	return at > 0 ? (int)at : SP_ENOTFOUND;
}
