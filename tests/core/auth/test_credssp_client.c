/* tests/core/auth/test_credssp_client.c - our client against a recorded server, and old ones. */
#include "unit.h"

#include <string.h>

#include "core/auth/credssp_client.h"
#include "core/auth/ntlm.h"
#include "core/auth/ntlm_session.h"
#include "core/base/err.h"
#include "host/lib/crypto_nettle.h"

#define NLA "peer/selfmade-nla/"
#define KV NLA "values.kv"

/* The random numbers of the recorded client, in the order in which ours asks for them. */
static struct sp_span queue[3];
static size_t next;

static int recorded(void *out, size_t n)
{
	if (next >= SP_LEN(queue) || queue[next].n != n) {
		return SP_ESYS;
	}
	memcpy(out, queue[next++].p, n);
	return SP_OK;
}

static struct sp_crypto crypto(void)
{
	struct sp_crypto c = sp_crypto_nettle;

	c.random = recorded;
	next = 0;
	queue[0] = unit_hex("1c7b200e662c1872");
	queue[1] = unit_kv(KV, "exported-session-key");
	queue[2] = unit_kv(KV, "client-nonce");
	return c;
}

static struct sp_credssp_client_conf conf(void)
{
	return (struct sp_credssp_client_conf){
			.user = "tester",
			.workstation = "vm",
			.target = "TERMSRV/127.0.0.1",
			.password = sp_span("secret123", 9),
			.public_key = unit_vector(NLA "server-subjectpublickey.bin"),
			.filetime = 1,
	};
}

/* The recorded server cannot tell our client from the one it spoke with. */
static void test_recorded(void **state)
{
	struct sp_span challenge = unit_vector(NLA "tsrequest-2-challenge-s2c.bin");
	struct sp_span theirs = unit_vector(NLA "tsrequest-3-authenticate-pubkeyauth-c2s.bin");
	struct sp_span answer = unit_vector(NLA "tsrequest-4-pubkeyauth-s2c.bin");
	struct sp_span last = unit_vector(NLA "tsrequest-5-authinfo-c2s.bin");
	struct sp_crypto c = crypto();
	struct sp_credssp_client_conf cc = conf();
	struct sp_credssp_request a, b;
	struct sp_ntlm_authenticate ma, mb;
	struct sp_ntlm_response na, nb;
	const char *why;
	struct sp_wr w;

	struct sp_credssp_client *client = sp_credssp_client_create(&c, &cc);
	assert_non_null(client);
	sp_wr_init(&w, SP_CREDSSP_MAX);
	assert_int_equal(sp_credssp_client_step(client, sp_span(NULL, 0), &w), SP_CREDSSP_MORE);
	sp_wr_reset(&w);
	assert_int_equal(sp_credssp_client_step(client, challenge, &w), SP_CREDSSP_MORE);

	assert_int_equal(sp_credssp_request_read(sp_span(w.p, w.n), &a), SP_OK);
	assert_int_equal(sp_credssp_request_read(theirs, &b), SP_OK);
	unit_assert_span(a.pub_key_auth, b.pub_key_auth);
	unit_assert_span(a.client_nonce, b.client_nonce);
	assert_int_equal(sp_ntlm_authenticate_read(a.nego_token, &ma, &why), SP_OK);
	assert_int_equal(sp_ntlm_authenticate_read(b.nego_token, &mb, &why), SP_OK);
	unit_assert_span(ma.user, mb.user);
	unit_assert_span(ma.domain, mb.domain);
	unit_assert_span(ma.workstation, mb.workstation);
	unit_assert_span(ma.lm, mb.lm);
	assert_int_equal(sp_ntlm_response_read(ma.nt, &na, &why), SP_OK);
	assert_int_equal(sp_ntlm_response_read(mb.nt, &nb, &why), SP_OK);
	/* The same pairs; only the padding behind them differs, and so does the proof. */
	assert_int_equal(na.av.n, nb.av.n);
	assert_int_equal(na.timestamp, nb.timestamp);
	unit_assert_span(sp_span(na.temp.p, na.temp.n - 4), sp_span(nb.temp.p, na.temp.n - 4));

	sp_wr_reset(&w);
	assert_int_equal(sp_credssp_client_step(client, answer, &w), SP_CREDSSP_DONE);
	assert_int_equal(sp_credssp_request_read(sp_span(w.p, w.n), &a), SP_OK);
	assert_int_equal(sp_credssp_request_read(last, &b), SP_OK);
	unit_assert_span(a.auth_info, b.auth_info);
	sp_wr_finish(&w);
	sp_credssp_client_destroy(client);
}

/* A server of version 2 to 4: it seals the key itself, and answers with one added to it. */
static int old_server(uint32_t version, bool allowed, uint8_t add)
{
	struct sp_span key = unit_vector(NLA "server-subjectpublickey.bin");
	struct sp_span challenge = unit_vector(NLA "ntlm-challenge.bin");
	struct sp_span exported = unit_kv(KV, "exported-session-key");
	struct sp_crypto c = crypto();
	struct sp_credssp_client_conf cc = conf();
	struct sp_credssp_request r = {.version = version, .nego_token = challenge};
	struct sp_ntlm_session s;
	uint8_t plain[512], sealed[512];
	struct sp_wr w, in, sw;

	cc.allow_old = allowed;
	struct sp_credssp_client *client = sp_credssp_client_create(&c, &cc);
	sp_ntlm_session_init(&s, &sp_crypto_nettle, exported.p, SP_NTLMV2_TO_CLIENT);
	sp_wr_init(&w, SP_CREDSSP_MAX);
	sp_wr_init(&in, SP_CREDSSP_MAX);
	assert_int_equal(sp_credssp_client_step(client, sp_span(NULL, 0), &w), SP_CREDSSP_MORE);
	sp_wr_reset(&w);
	sp_credssp_request_write(&in, &r);
	int rc = sp_credssp_client_step(client, sp_span(in.p, in.n), &w);
	if (rc == SP_CREDSSP_MORE) {
		assert_int_equal(sp_credssp_request_read(sp_span(w.p, w.n), &r), SP_OK);
		assert_null(r.client_nonce.p);
		assert_int_equal(r.pub_key_auth.n, key.n + 16);
		assert_int_equal(sp_ntlm_session_unseal(&s, r.pub_key_auth, plain), SP_OK);
		unit_assert_span(sp_span(plain, key.n), key);
		plain[0] = (uint8_t)(plain[0] + add);
		sp_wr_fixed(&sw, sealed, sizeof(sealed));
		sp_ntlm_session_seal(&s, sp_span(plain, key.n), &sw);
		r = (struct sp_credssp_request){
				.version = version, .pub_key_auth = sp_span(sealed, sw.n)};
		sp_wr_reset(&in);
		sp_credssp_request_write(&in, &r);
		sp_wr_reset(&w);
		rc = sp_credssp_client_step(client, sp_span(in.p, in.n), &w);
	}
	if (rc == SP_CREDSSP_DONE) {
		assert_int_equal(sp_credssp_request_read(sp_span(w.p, w.n), &r), SP_OK);
		assert_int_equal(sp_ntlm_session_unseal(&s, r.auth_info, plain), SP_OK);
	}
	sp_wr_finish(&w);
	sp_wr_finish(&in);
	sp_credssp_client_destroy(client);
	return rc;
}

static void test_old_servers(void **state)
{
	for (uint32_t v = 2; v <= 4; v++) {
		assert_int_equal(old_server(v, true, 1), SP_CREDSSP_DONE);
		assert_int_equal(old_server(v, true, 0), SP_EDENIED);
		assert_int_equal(old_server(v, false, 1), SP_EPROTO);
	}
	assert_int_equal(old_server(1, true, 1), SP_EPROTO);
	assert_int_equal(old_server(0, true, 1), SP_EPROTO);
}

/* One request out of hex into a client that waits for the challenge. */
static int feed(const char *hex, uint32_t *status)
{
	struct sp_credssp_client_conf cc = conf();
	struct sp_credssp_client *client = sp_credssp_client_create(&sp_crypto_nettle, &cc);
	struct sp_wr w;

	sp_wr_init(&w, SP_CREDSSP_MAX);
	assert_int_equal(sp_credssp_client_step(client, sp_span(NULL, 0), &w), SP_CREDSSP_MORE);
	sp_wr_reset(&w);
	int rc = sp_credssp_client_step(client, unit_hex(hex), &w);
	assert_int_equal(w.n, 0);
	*status = sp_credssp_client_status(client);
	sp_wr_finish(&w);
	sp_credssp_client_destroy(client);
	return rc;
}

static void test_refusals(void **state)
{
	uint32_t status;

	assert_int_equal(feed("300d a003 020106 a406 0204c000006d", &status), SP_EAUTH);
	assert_int_equal(status, 0xC000006D);
	/* Written as a positive number. */
	assert_int_equal(feed("300e a003 020103 a407 020500c0000234", &status), SP_EAUTH);
	assert_int_equal(status, 0xC0000234);
	assert_int_equal(feed("3005 a003 020106", &status), SP_ESTATE);
	assert_int_equal(status, 0);
	/* An answer for later, nothing at all, and an NTLM message that is none. */
	assert_int_equal(feed("300c a003 020106 a305 0403414243", &status), SP_ESTATE);
	assert_int_equal(feed("", &status), SP_ESHORT);
	assert_int_equal(feed("3014 a003 020106 a10d 300b 3009 a007 0405 4e544c4d53", &status),
			SP_ESHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_recorded),
			cmocka_unit_test(test_old_servers),
			cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
