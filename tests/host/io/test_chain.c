/* tests/host/io/test_chain.c - chains: read from a connection's list, judged by root, name, time, use. */
#include "unit.h"

#include <string.h>

#include "chain_kit.h"
#include "core/base/err.h"
#include "host/io/chain.h"
#include "host/io/tls.h"
#include "tls_kit.h"

static struct chain_made made, other;

static int judge(const struct chain_wish *w, const char *host, char why[SP_WHY_MAX])
{
	chain_make(w, &made);
	struct sp_chain *c = sp_chain_read(chain_ders(&made));
	assert_non_null(c);
	int rc = sp_chain_verify(c, chain_root(&made), host, why);
	sp_chain_destroy(c);
	return rc;
}

static void assert_judged(const struct chain_wish *w, const char *host, const char *complaint)
{
	char why[SP_WHY_MAX];
	int rc = judge(w, host, why);

	assert_int_equal(rc, complaint ? SP_EDENIED : SP_OK);
	if (!strstr(why, complaint ? complaint : "")) {
		fail_msg("\"%s\" is not \"%s\"", why, complaint);
	}
}

static void test_names(void **state)
{
	struct chain_wish w = {
			.names = "DNS:host.example,DNS:*.lab.example,IP:192.0.2.1,IP:2001:db8::1",
			.uses = "serverAuth"};

	assert_judged(&w, "host.example", NULL);
	assert_judged(&w, "HOST.example", NULL);
	assert_judged(&w, "a.lab.example", NULL);
	assert_judged(&w, "192.0.2.1", NULL);
	assert_judged(&w, "2001:db8:0::1", NULL);
	assert_judged(&w, "a.b.lab.example", "hostname mismatch");
	assert_judged(&w, "ghost.example", "hostname mismatch");
	assert_judged(&w, "192.0.2.2", "IP address mismatch");
	assert_judged(&w, "", "no name to look for");
	/* The name of the certificate itself counts for nothing where there are others. */
	assert_judged(&w, "leaf", "hostname mismatch");
}

static void test_time_use_strength(void **state)
{
	struct chain_wish w = {.names = "DNS:a", .uses = "serverAuth", .between = true};

	assert_judged(&w, "a", NULL);
	w.from_s = -7200;
	w.until_s = -3600;
	assert_judged(&w, "a", "certificate has expired");
	w.from_s = 3600;
	w.until_s = 7200;
	assert_judged(&w, "a", "certificate is not yet valid");
	w.from_s = w.until_s = 0;
	w.uses = "clientAuth";
	assert_judged(&w, "a", "unsuitable certificate purpose");
	w.uses = "1.3.6.1.4.1.311.54.1.2"; /* Remote Desktop Authentication */
	assert_judged(&w, "a", NULL);
	assert_judged(&w, "b", "hostname mismatch");
	w.until_s = -3600;
	w.from_s = -7200;
	assert_judged(&w, "a", "certificate has expired");
	w.from_s = w.until_s = 0;
	w.uses = "1.3.6.1.4.1.311.54.1.3";
	assert_judged(&w, "a", "unsuitable certificate purpose");
	w.uses = NULL; /* for everything */
	assert_judged(&w, "a", NULL);
	w.weak = true;
	assert_judged(&w, "a", "EE certificate key too weak");
}

static void test_roots(void **state)
{
	struct chain_wish w = {.names = "DNS:a", .uses = "serverAuth", .between = true};
	char why[SP_WHY_MAX];

	chain_make(&w, &made);
	chain_make(&w, &other);
	struct sp_chain *c = sp_chain_read(chain_ders(&made));
	assert_non_null(c);
	assert_int_equal(sp_chain_verify(c, chain_root(&other), "a", why), SP_EDENIED);
	assert_int_equal(sp_chain_verify(c, sp_span(NULL, 0), "a", why), SP_EDENIED);
	assert_non_null(strstr(why, "no certificate authorities"));
	assert_int_equal(sp_chain_verify(c, sp_span("not PEM", 7), "a", why), SP_EDENIED);
	assert_int_equal(sp_chain_verify(c, chain_root(&made), "a", why), SP_OK);
	sp_chain_destroy(c);
	/* Without the authority in between nobody knows who signed. */
	uint32_t n;
	memcpy(&n, made.ders, sizeof(n));
	c = sp_chain_read(sp_span(made.ders, sizeof(n) + n));
	assert_non_null(c);
	assert_int_equal(sp_chain_verify(c, chain_root(&made), "a", why), SP_EDENIED);
	sp_chain_destroy(c);
}

static void test_damaged(void **state)
{
	struct chain_wish w = {.names = "DNS:a", .uses = "serverAuth", .between = true};
	struct sp_cert_info info;
	static uint8_t copy[sizeof(made.ders)], long_list[64 * 1024];
	uint32_t first;

	chain_make(&w, &made);
	memcpy(&first, made.ders, sizeof(first));
	for (size_t n = 0; n < made.ders_n; n++) {
		/* Never more than was given: the sanitizer watches the end of this copy. */
		uint8_t *cut = test_malloc(n + 1);

		memcpy(cut, made.ders, n);
		struct sp_chain *c = sp_chain_read(sp_span(cut, n));
		assert_true((c != NULL) == (n == sizeof(first) + first));
		sp_chain_destroy(c);
		test_free(cut);
	}
	for (size_t i = 0; i < made.ders_n; i += 3) {
		memcpy(copy, made.ders, made.ders_n);
		copy[i] ^= 0xFF;
		sp_chain_destroy(sp_chain_read(sp_span(copy, made.ders_n)));
	}
	/* As many as a connection may show, and one more. */
	size_t at = 0;
	for (int i = 0; i <= SP_CHAIN_MAX; i++) {
		struct sp_chain *c = sp_chain_read(sp_span(long_list, at));

		assert_true((c != NULL) == (i > 0));
		if (c) {
			assert_int_equal(sp_cert_info_der(sp_span(made.ders + sizeof(first), first),
							 &info),
					SP_OK);
			assert_memory_equal(sp_chain_leaf(c)->spki_sha256, info.spki_sha256, 32);
		}
		sp_chain_destroy(c);
		memcpy(long_list + at, made.ders, sizeof(first) + first);
		at += sizeof(first) + first;
	}
	assert_null(sp_chain_read(sp_span(long_list, at)));
	sp_chain_destroy(NULL);
}

/* What a connection shows is what the chain reads. */
static void test_from_connection(void **state)
{
	const struct kit_pair *pair = kit_pair("RSA");
	struct sp_tls_server_conf conf = {
			.chain_pem = kit_span(pair->cert), .key_pem = kit_span(pair->key)};
	struct sp_tls_peer peer = {.verify = SP_TLS_VERIFY_REPORT};
	char why[SP_WHY_MAX];
	struct sp_tls_ctx *sctx = sp_tls_server_ctx(&conf, why);
	struct sp_tls_ctx *cctx = sp_tls_client_ctx(sp_span(NULL, 0), why);
	struct sp_tls *s = sp_tls_server(sctx), *c = sp_tls_client(cctx, &peer);
	static uint8_t ders[8192];

	assert_int_equal(sp_tls_peer_chain(c, ders, sizeof(ders)), SP_ENOTFOUND);
	kit_pump(s, c, 100000);
	assert_int_equal(sp_tls_state(c), SP_TLS_UP);
	int n = sp_tls_peer_chain(c, ders, sizeof(ders));
	assert_true(n > 0);
	struct sp_chain *chain = sp_chain_read(sp_span(ders, (size_t)n));
	assert_non_null(chain);
	assert_memory_equal(sp_chain_leaf(chain), sp_tls_peer_cert(c), sizeof(struct sp_cert_info));
	assert_int_equal(sp_chain_verify(chain, kit_span(pair->cert), "localhost", why), SP_OK);
	sp_chain_destroy(chain);
	assert_int_equal(sp_tls_peer_chain(c, ders, (size_t)n - 1), SP_ESPACE);
	assert_int_equal(sp_tls_peer_chain(s, ders, sizeof(ders)), SP_ENOTFOUND);
	sp_tls_destroy(s);
	sp_tls_destroy(c);
	sp_tls_ctx_destroy(sctx);
	sp_tls_ctx_destroy(cctx);
}

static int init(void **state)
{
	return sp_chain_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_names),
			cmocka_unit_test(test_time_use_strength),
			cmocka_unit_test(test_roots),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_from_connection),
	};

	return cmocka_run_group_tests(tests, init, NULL);
}
