/* tests/host/io/test_tls.c - our TLS client against our TLS server, in memory. */
#include "host/io/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/io/jail.h"
#include "host/io/jail_seccomp.h"
#include "tls_kit.h"
#include "unit.h"

static char why[SP_WHY_MAX];

static struct sp_tls_ctx *server_ctx(
		const struct kit_pair *p, struct kit_signer *remote, bool tls12)
{
	struct sp_tls_server_conf conf = {.chain_pem = kit_span(p->cert), .tls12_only = tls12};

	if (remote) {
		conf.sign = kit_sign;
		conf.sign_arg = remote;
	} else {
		conf.key_pem = kit_span(p->key);
	}
	struct sp_tls_ctx *c = sp_tls_server_ctx(&conf, why);
	if (!c) {
		print_message("%s\n", why);
	}
	assert_non_null(c);
	return c;
}

struct joined {
	struct sp_tls_ctx *sc, *cc;
	struct sp_tls *s, *c;
};

static struct joined join(const struct kit_pair *p, struct kit_signer *remote, bool tls12,
		const struct sp_tls_peer *peer, struct sp_span ca, size_t piece)
{
	struct joined j = {.sc = server_ctx(p, remote, tls12), .cc = sp_tls_client_ctx(ca, why)};

	assert_non_null(j.cc);
	j.s = sp_tls_server(j.sc);
	j.c = sp_tls_client(j.cc, peer);
	assert_non_null(j.s);
	assert_non_null(j.c);
	kit_pump(j.s, j.c, piece);
	return j;
}

static void part(struct joined *j)
{
	sp_tls_destroy(j->s);
	sp_tls_destroy(j->c);
	sp_tls_ctx_destroy(j->sc);
	sp_tls_ctx_destroy(j->cc);
}

static const struct sp_tls_peer report = {.verify = SP_TLS_VERIFY_REPORT, .host = "localhost"};
static const struct sp_span nothing;

static void assert_up(const struct joined *j, bool tls12)
{
	if (sp_tls_state(j->s) != SP_TLS_UP || sp_tls_state(j->c) != SP_TLS_UP) {
		print_message("server: %s; client: %s\n", sp_tls_why(j->s), sp_tls_why(j->c));
	}
	assert_int_equal(sp_tls_state(j->s), SP_TLS_UP);
	assert_int_equal(sp_tls_state(j->c), SP_TLS_UP);
	assert_memory_equal(sp_tls_text(j->c), tls12 ? "TLS 1.2, " : "TLS 1.3, ", 9);
	assert_string_equal(sp_tls_text(j->c), sp_tls_text(j->s));
	const struct sp_cert_info *own = sp_tls_own_cert(j->s), *seen = sp_tls_peer_cert(j->c);
	assert_non_null(own);
	assert_non_null(seen);
	assert_memory_equal(own, seen, sizeof(*own));
	assert_null(sp_tls_own_cert(j->c));
	assert_null(sp_tls_peer_cert(j->s));
}

static void say(struct sp_tls *from, struct sp_tls *to, const char *text)
{
	uint8_t got[64];

	assert_int_equal(sp_tls_write(from, (const uint8_t *)text, strlen(text)), strlen(text));
	kit_pump(from, to, SIZE_MAX);
	assert_int_equal(sp_tls_read(to, got, sizeof(got)), strlen(text));
	assert_memory_equal(got, text, strlen(text));
	assert_int_equal(sp_tls_read(to, got, sizeof(got)), 0);
}

static void test_matrix(void **state)
{
	static const char *const kinds[] = {"EC", "RSA", "P-384"};

	(void)state;
	for (int i = 0; i < 12; i++) {
		const struct kit_pair *p = kit_pair(kinds[i % 3]);
		bool tls12 = i / 3 % 2, remote = i / 6;
		struct kit_signer signer;

		if (remote) {
			signer = kit_signer_start(p, 2);
		}
		struct joined j =
				join(p, remote ? &signer : NULL, tls12, &report, nothing, SIZE_MAX);
		assert_up(&j, tls12);
		say(j.s, j.c, "from the server");
		say(j.c, j.s, "from the client");
		assert_int_equal(sp_tls_ctx_try(j.sc, why), SP_OK);
		if (remote) {
			/* The handshake took one, the trial one; there is no third. */
			assert_int_not_equal(sp_tls_ctx_try(j.sc, why), SP_OK);
			kit_signer_stop(&signer);
		}
		part(&j);
	}
}

static void test_every_byte(void **state)
{
	(void)state;
	for (int tls12 = 0; tls12 < 2; tls12++) {
		struct joined j = join(kit_pair("EC"), NULL, tls12, &report, nothing, 1);

		assert_up(&j, tls12);
		say(j.s, j.c, "in pieces");
		part(&j);
	}
}

static void test_verify_ca(void **state)
{
	static const struct {
		const char *host;
		bool trusted, up;
	} rows[] = {
			{"localhost", true, true},
			{"127.0.0.1", true, true},
			{"::1", true, true},
			{"example.org", true, false},
			{"127.0.0.2", true, false},
			{"localhost", false, false},
			{"localhost.", true, false},
	};
	const struct kit_pair *p = kit_pair("EC");

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_tls_peer peer = {.verify = SP_TLS_VERIFY_CA, .host = rows[i].host};
		struct joined j = join(p, NULL, false, &peer,
				rows[i].trusted ? kit_span(p->cert) : nothing, SIZE_MAX);

		assert_int_equal(sp_tls_state(j.c), rows[i].up ? SP_TLS_UP : SP_TLS_FAILED);
		if (rows[i].up) {
			assert_null(sp_tls_verify_complaint(j.c));
		} else {
			assert_int_equal(sp_tls_state(j.s), SP_TLS_FAILED);
			assert_non_null(sp_tls_verify_complaint(j.c));
			assert_non_null(strstr(sp_tls_why(j.c), "certificate verify failed"));
			assert_true(strlen(sp_tls_why(j.s)) > 0);
			assert_int_equal(sp_tls_write(j.c, (const uint8_t *)"x", 1), SP_ETLS);
			assert_int_equal(sp_tls_feed(j.c, (const uint8_t *)"x", 1), SP_ETLS);
		}
		part(&j);
	}
	/* By CA without a name would accept anybody's certificate. */
	struct sp_tls_peer anybody = {.verify = SP_TLS_VERIFY_CA};
	struct sp_tls_ctx *c = sp_tls_client_ctx(nothing, why);
	assert_null(sp_tls_client(c, &anybody));
	sp_tls_ctx_destroy(c);
}

static void test_verify_pin(void **state)
{
	const struct kit_pair *p = kit_pair("EC"), *other = kit_pair("other");
	struct sp_tls_peer peer = {.verify = SP_TLS_VERIFY_PIN};
	struct sp_cert_info info;

	(void)state;
	assert_int_equal(sp_cert_info_pem(kit_span(p->cert), &info), SP_OK);
	memcpy(peer.pin, info.spki_sha256, 32);
	struct joined j = join(p, NULL, false, &peer, nothing, SIZE_MAX);
	assert_up(&j, false);
	assert_non_null(sp_tls_verify_complaint(j.c));
	part(&j);

	j = join(other, NULL, false, &peer, nothing, SIZE_MAX);
	assert_int_equal(sp_tls_state(j.c), SP_TLS_FAILED);
	assert_string_equal(sp_tls_why(j.c), "the peer's key is not the pinned one");
	part(&j);
}

static void test_verify_report(void **state)
{
	const struct kit_pair *p = kit_pair("EC");
	uint8_t der[SP_CERT_DER_MAX];
	struct sp_cert_info info;

	(void)state;
	struct joined j = join(p, NULL, false, &report, nothing, SIZE_MAX);
	assert_up(&j, false);
	assert_non_null(sp_tls_verify_complaint(j.c));
	int n = sp_tls_peer_der(j.c, der, sizeof(der));
	assert_true(n > 0);
	assert_int_equal(sp_cert_info_der(sp_span(der, (size_t)n), &info), SP_OK);
	assert_memory_equal(&info, sp_tls_peer_cert(j.c), sizeof(info));
	assert_int_equal(sp_tls_peer_der(j.c, der, 10), SP_ESPACE);
	assert_int_equal(sp_tls_peer_der(j.s, der, sizeof(der)), SP_ENOTFOUND);
	part(&j);
	/* What would hold raises no complaint. */
	j = join(p, NULL, false, &report, kit_span(p->cert), SIZE_MAX);
	assert_null(sp_tls_verify_complaint(j.c));
	part(&j);
}

static void test_bulk_and_back_pressure(void **state)
{
	size_t total = 3 * 1024 * 1024, sent = 0, got = 0;
	uint8_t *data = sp_malloc(total), *back = sp_malloc(total);
	bool stopped = false;

	(void)state;
	for (size_t i = 0; i < total; i++) {
		data[i] = (uint8_t)(i * 2654435761u >> 13);
	}
	struct joined j = join(kit_pair("EC"), NULL, false, &report, nothing, SIZE_MAX);
	while (got < total) {
		int n = sp_tls_write(j.s, data + sent, total - sent);
		assert_true(n >= 0);
		sent += (size_t)n;
		stopped = stopped || sent < total;
		assert_true(sp_tls_pending(j.s) <= SP_TLS_OUT_MAX);
		struct sp_rcbuf *b = sp_tls_take(j.s);
		for (size_t at = 0; b && at < b->n; at += 65536) {
			size_t k = b->n - at < 65536 ? b->n - at : 65536;
			assert_int_equal(sp_tls_feed(j.c, b->p + at, k), SP_OK);
			while ((n = sp_tls_read(j.c, back + got, total - got)) > 0) {
				got += (size_t)n;
			}
		}
		sp_rcbuf_unref(b);
	}
	assert_true(stopped);
	assert_memory_equal(data, back, total);
	/* Fed without being read, it says stop instead of growing. */
	int rc = SP_OK;
	for (int i = 0; i < 10 && rc == SP_OK; i++) {
		rc = sp_tls_feed(j.s, data, 65536);
	}
	assert_int_equal(rc, SP_ELIMIT);
	part(&j);
	sp_free(data);
	sp_free(back);
}

static void test_close(void **state)
{
	uint8_t got[16];

	(void)state;
	for (int tls12 = 0; tls12 < 2; tls12++) {
		struct joined j = join(kit_pair("EC"), NULL, tls12, &report, nothing, SIZE_MAX);

		assert_int_equal(sp_tls_write(j.s, (const uint8_t *)"last", 4), 4);
		sp_tls_close(j.s);
		assert_int_equal(sp_tls_write(j.s, (const uint8_t *)"more", 4), SP_ECLOSED);
		kit_pump(j.s, j.c, SIZE_MAX);
		assert_int_equal(sp_tls_read(j.c, got, sizeof(got)), 4);
		assert_int_equal(sp_tls_read(j.c, got, sizeof(got)), SP_ECLOSED);
		assert_int_equal(sp_tls_state(j.c), SP_TLS_ENDED);
		sp_tls_close(j.c);
		kit_pump(j.s, j.c, SIZE_MAX);
		assert_int_equal(sp_tls_read(j.s, got, sizeof(got)), SP_ECLOSED);
		part(&j);
	}
}

static void test_garbage(void **state)
{
	static const char *const texts[] = {"GET / HTTP/1.0\r\n\r\n", "\x03\x00\x00\x13\x0e\xe0",
			"\x16\x03\x01\xff\xff\x01", "SSH-2.0-OpenSSH_9.2\r\n"};
	struct sp_tls_ctx *c = server_ctx(kit_pair("EC"), NULL, false);

	(void)state;
	for (size_t i = 0; i < SP_LEN(texts); i++) {
		struct sp_tls *t = sp_tls_server(c);
		if (sp_tls_feed(t, (const uint8_t *)texts[i], strlen(texts[i]) + 1) != SP_OK) {
			assert_int_equal(sp_tls_state(t), SP_TLS_FAILED);
		}
		assert_int_not_equal(sp_tls_state(t), SP_TLS_UP);
		sp_tls_destroy(t);
	}
	sp_tls_ctx_destroy(c);

	/* One changed byte anywhere in the server's flight: never up with other keys. */
	for (size_t at = 0; at < 600; at += 7) {
		struct joined j = {.sc = server_ctx(kit_pair("EC"), NULL, false),
				.cc = sp_tls_client_ctx(nothing, why)};
		j.s = sp_tls_server(j.sc);
		j.c = sp_tls_client(j.cc, &report);
		struct sp_rcbuf *b = sp_tls_take(j.c);
		assert_int_equal(sp_tls_feed(j.s, b->p, b->n), SP_OK);
		sp_rcbuf_unref(b);
		b = sp_tls_take(j.s);
		assert_true(b->n > 600);
		b->p[at] ^= 0x20;
		(void)!sp_tls_feed(j.c, b->p, b->n);
		sp_rcbuf_unref(b);
		assert_true(sp_tls_state(j.c) != SP_TLS_UP || at < 11);
		kit_pump(j.s, j.c, SIZE_MAX);
		assert_true(sp_tls_state(j.s) != SP_TLS_UP || at < 11);
		part(&j);
	}
}

static int refuse(void *arg, int scheme, struct sp_span message, uint8_t *sig, size_t *sig_len)
{
	(void)arg, (void)scheme, (void)message, (void)sig, (void)sig_len;
	return SP_EDENIED;
}

static int too_long(void *arg, int scheme, struct sp_span message, uint8_t *sig, size_t *sig_len)
{
	(void)arg, (void)scheme, (void)message, (void)sig;
	*sig_len = 100000;
	return SP_OK;
}

static void test_bad_signers(void **state)
{
	const struct kit_pair *p = kit_pair("EC");
	struct sp_tls_server_conf conf = {.chain_pem = kit_span(p->cert)};

	(void)state;
	for (int i = 0; i < 2; i++) {
		conf.sign = i ? too_long : refuse;
		struct joined j = {.sc = sp_tls_server_ctx(&conf, why),
				.cc = sp_tls_client_ctx(nothing, why)};
		assert_non_null(j.sc);
		assert_int_equal(sp_tls_ctx_try(j.sc, why), SP_ETLS);
		j.s = sp_tls_server(j.sc);
		j.c = sp_tls_client(j.cc, &report);
		kit_pump(j.s, j.c, SIZE_MAX);
		assert_int_equal(sp_tls_state(j.s), SP_TLS_FAILED);
		assert_int_equal(sp_tls_state(j.c), SP_TLS_FAILED);
		part(&j);
	}
	/* A signer with another key: found by the trial, and by the client. */
	struct kit_signer wrong = kit_signer_start(kit_pair("other"), 2);
	struct joined j = join(p, &wrong, false, &report, nothing, SIZE_MAX);
	assert_int_equal(sp_tls_state(j.c), SP_TLS_FAILED);
	assert_int_equal(sp_tls_ctx_try(j.sc, why), SP_ETLS);
	kit_signer_stop(&wrong);
	part(&j);
}

static void test_bad_server_conf(void **state)
{
	const struct kit_pair *p = kit_pair("EC"), *other = kit_pair("other");
	struct sp_tls_server_conf confs[] = {
			{.chain_pem = kit_span(p->cert), .key_pem = kit_span(other->key)},
			{.chain_pem = kit_span(p->cert)},
			{.key_pem = kit_span(p->key)},
			{.chain_pem = sp_span("junk", 4), .key_pem = kit_span(p->key)},
	};

	(void)state;
	for (size_t i = 0; i < SP_LEN(confs); i++) {
		assert_null(sp_tls_server_ctx(&confs[i], why));
		assert_true(strlen(why) > 10);
	}
}

static int tickets;

static int on_ticket(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl, (void)session;
	tickets++;
	return 0;
}

/* Another client, with settings of its own; true when it gets through. */
static bool stranger(struct sp_tls_ctx *sc, int max, const char *ciphers, bool renegotiate)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
	struct sp_tls *t = sp_tls_server(sc);
	bool up = false;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_max_proto_version(ctx, max);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(ctx, on_ticket);
	assert_int_equal(SSL_CTX_set_cipher_list(ctx, ciphers), 1);
	SSL *ssl = SSL_new(ctx);
	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	for (int i = 0; i < 10; i++) {
		uint8_t buf[20000];
		size_t n;

		(void)SSL_do_handshake(ssl);
		while (BIO_read_ex(out, buf, sizeof(buf), &n)) {
			(void)!sp_tls_feed(t, buf, n);
			(void)!sp_tls_read(t, buf, sizeof(buf));
		}
		struct sp_rcbuf *b = sp_tls_take(t);
		if (b) {
			BIO_write(in, b->p, (int)b->n);
			sp_rcbuf_unref(b);
		}
		up = SSL_is_init_finished(ssl) && sp_tls_state(t) == SP_TLS_UP;
		if (up && renegotiate) {
			renegotiate = false;
			SSL_renegotiate(ssl);
		}
	}
	sp_tls_destroy(t);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return up;
}

static void test_strangers(void **state)
{
	struct sp_tls_ctx *rsa = server_ctx(kit_pair("RSA"), NULL, false);
	struct sp_tls_ctx *ec = server_ctx(kit_pair("EC"), NULL, false);

	(void)state;
	assert_true(stranger(ec, TLS1_3_VERSION, "ALL", false));
	assert_true(stranger(ec, TLS1_2_VERSION, "ALL", false));
	assert_true(stranger(rsa, TLS1_3_VERSION, "ALL", false));
	assert_true(stranger(rsa, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", false));
	assert_true(stranger(rsa, TLS1_2_VERSION, "ECDHE-RSA-CHACHA20-POLY1305", false));
	assert_int_equal(tickets, 0);
	/* Old versions, no forward secrecy, finite-field groups, CBC: not with us. */
	assert_false(stranger(ec, TLS1_1_VERSION, "ALL", false));
	assert_false(stranger(rsa, TLS1_VERSION, "ALL", false));
	assert_false(stranger(rsa, TLS1_2_VERSION, "AES128-GCM-SHA256", false));
	assert_false(stranger(rsa, TLS1_2_VERSION, "DHE-RSA-AES256-GCM-SHA384", false));
	assert_false(stranger(rsa, TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384", false));
	assert_false(stranger(ec, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", false));
	assert_false(stranger(ec, TLS1_2_VERSION, "ALL", true));
	sp_tls_ctx_destroy(rsa);
	sp_tls_ctx_destroy(ec);
	ERR_clear_error();
}

#ifdef SP_KEYLOG
/* In a child, behind the filter: the file was opened before. */
static void test_keylog(void **state)
{
	char path[] = "/tmp/sp-keylog-XXXXXX", text[2000];
	int fd = mkstemp(path), status;

	(void)state;
	assert_false(sp_tls_keylog());
	pid_t pid = fork();
	if (pid == 0) {
		struct sp_jail_spec spec = {.class = SP_JAIL_NET};
		struct sp_jail_report r;

		setenv("SSLKEYLOGFILE", path, 1);
		if (sp_tls_init() != SP_OK || !sp_tls_keylog()) {
			_exit(1);
		}
		sp_tls_after_fork();
		struct sp_tls_ctx *sc = server_ctx(kit_pair("EC"), NULL, false);
		struct sp_tls_ctx *cc = sp_tls_client_ctx(nothing, why);
		spec.writes_file = sp_tls_keylog();
		if (sp_jail_enter(&spec, &r, why) != SP_OK) {
			_exit(2);
		}
		struct sp_tls *s = sp_tls_server(sc), *c = sp_tls_client(cc, &report);
		kit_pump(s, c, SIZE_MAX);
		_exit(sp_tls_state(s) == SP_TLS_UP ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = 0;
	assert_non_null(strstr(text, "CLIENT_TRAFFIC_SECRET_0 "));
	assert_int_equal(text[n - 1], '\n');
	close(fd);
	unlink(path);
}
#endif

/* All of a handshake and some data behind the filter, the key in another process. */
static int jailed(void)
{
	struct kit_signer signer = kit_signer_start(kit_pair("EC"), 2);
	struct sp_jail_spec spec = {.class = SP_JAIL_NET};
	struct sp_jail_report r;
	const struct kit_pair *p = kit_pair("EC");

	pid_t pid = fork();
	if (pid == 0) {
		struct sp_tls_peer peer = {.verify = SP_TLS_VERIFY_CA, .host = "localhost"};
		struct sp_tls_ctx *sc[2] = {
				server_ctx(p, &signer, false), server_ctx(p, &signer, true)};
		struct sp_tls_ctx *cc = sp_tls_client_ctx(kit_span(p->cert), why);

		sp_tls_after_fork();
		if (sp_jail_enter(&spec, &r, why) != SP_OK) {
			_exit(2);
		}
		for (int i = 0; i < 2; i++) {
			struct sp_tls *s = sp_tls_server(sc[i]), *c = sp_tls_client(cc, &peer);
			uint8_t got[8];

			kit_pump(s, c, 100);
			if (sp_tls_write(s, (const uint8_t *)"data", 4) != 4) {
				_exit(3);
			}
			kit_pump(s, c, 100);
			if (sp_tls_read(c, got, sizeof(got)) != 4) {
				_exit(4);
			}
			sp_tls_destroy(s);
			sp_tls_destroy(c);
		}
		_exit(0);
	}
	int status;
	waitpid(pid, &status, 0);
	kit_signer_stop(&signer);
	return status;
}

static void test_in_jail(void **state)
{
	(void)state;
	int status = jailed();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Two children of one process must not draw the same numbers. */
static void test_children_differ(void **state)
{
	uint8_t first[2][128];

	(void)state;
	struct sp_tls_ctx *c = sp_tls_client_ctx(nothing, why);
	sp_tls_destroy(sp_tls_client(c, &report));
	for (int i = 0; i < 2; i++) {
		int fds[2];
		assert_int_equal(pipe(fds), 0);
		pid_t pid = fork();
		if (pid == 0) {
			sp_tls_after_fork();
			struct sp_tls *t = sp_tls_client(c, &report);
			struct sp_rcbuf *b = sp_tls_take(t);
			_exit(write(fds[1], b->p, sizeof(first[0])) == sizeof(first[0]) ? 0 : 1);
		}
		assert_int_equal(read(fds[0], first[i], sizeof(first[i])), sizeof(first[i]));
		waitpid(pid, NULL, 0);
		close(fds[0]);
		close(fds[1]);
	}
	sp_tls_ctx_destroy(c);
	/* The random of a ClientHello begins at byte 11. */
	assert_memory_not_equal(first[0] + 11, first[1] + 11, 32);
}

static void test_no_memory(void **state)
{
	struct sp_tls_ctx *sc = server_ctx(kit_pair("EC"), NULL, false);
	struct sp_tls_ctx *cc = sp_tls_client_ctx(nothing, why);

	(void)state;
	for (long n = 0; n < 40; n++) {
		sp_mem_fail_after(n);
		struct sp_tls *s = sp_tls_server(sc), *c = sp_tls_client(cc, &report);
		if (s && c) {
			kit_pump(s, c, SIZE_MAX);
			(void)!sp_tls_write(s, (const uint8_t *)"x", 1);
		}
		sp_mem_fail_after(-1);
		sp_tls_destroy(s);
		sp_tls_destroy(c);
	}
	sp_tls_ctx_destroy(sc);
	sp_tls_ctx_destroy(cc);
}

static int setup(void **state)
{
	(void)state;
	unsetenv("SSLKEYLOGFILE");
	return sp_tls_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_matrix),
			cmocka_unit_test(test_every_byte),
			cmocka_unit_test(test_verify_ca),
			cmocka_unit_test(test_verify_pin),
			cmocka_unit_test(test_verify_report),
			cmocka_unit_test(test_bulk_and_back_pressure),
			cmocka_unit_test(test_close),
			cmocka_unit_test(test_garbage),
			cmocka_unit_test(test_bad_signers),
			cmocka_unit_test(test_bad_server_conf),
			cmocka_unit_test(test_strangers),
#ifdef SP_KEYLOG
			cmocka_unit_test(test_keylog),
#endif
			cmocka_unit_test(test_in_jail),
			cmocka_unit_test(test_children_differ),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
