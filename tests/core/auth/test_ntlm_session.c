/* tests/core/auth/test_ntlm_session.c - sealing against [MS-NLMP] 4.2.4.4 and a real exchange. */
#include "unit.h"

#include <string.h>

#include "core/auth/credssp.h"
#include "core/auth/ntlm_session.h"
#include "host/lib/crypto_nettle.h"

#define SPEC(name) unit_vector("spec/MS-NLMP-4.2." name ".hex")
#define NLA "peer/selfmade-nla/"
#define KV NLA "values.kv"

static void start(struct sp_ntlm_session *s, struct sp_span exported, enum sp_ntlmv2_way out)
{
	sp_ntlm_session_init(s, &sp_crypto_nettle, exported.p, out);
}

static void test_spec(void **state)
{
	struct sp_ntlm_session s, peer;
	uint8_t out[64], plain[32];
	struct sp_span text = SPEC("4.4-plaintext"), data = SPEC("4.4-data");
	struct sp_wr w;

	start(&s, SPEC("1-randomsessionkey"), SP_NTLMV2_TO_SERVER);
	start(&peer, SPEC("1-randomsessionkey"), SP_NTLMV2_TO_CLIENT);
	sp_wr_fixed(&w, out, sizeof(out));
	sp_ntlm_session_seal(&s, text, &w);
	assert_int_equal(w.n, 16 + text.n);
	unit_assert_span(sp_span(out, 16), SPEC("4.4-signature"));
	unit_assert_span(sp_span(out + 16, text.n), data);
	assert_int_equal(sp_ntlm_session_unseal(&peer, sp_span(out, w.n), plain), SP_OK);
	unit_assert_span(sp_span(plain, text.n), text);
}

/* pubKeyAuth and authInfo of a whole login, in their order. */
static void test_exchange(void **state)
{
	static const char *const names[] = {NLA "tsrequest-3-authenticate-pubkeyauth-c2s.bin",
			NLA "tsrequest-5-authinfo-c2s.bin"};
	struct sp_ntlm_session server, client;
	struct sp_credssp_request r;
	struct sp_span want[] = {unit_kv(KV, "client-binding-hash"),
			unit_vector(NLA "tscredentials-plain.bin")};
	uint8_t plain[256], sealed[256];

	start(&server, unit_kv(KV, "exported-session-key"), SP_NTLMV2_TO_CLIENT);
	start(&client, unit_kv(KV, "exported-session-key"), SP_NTLMV2_TO_SERVER);
	for (size_t i = 0; i < 2; i++) {
		struct sp_wr w;

		assert_int_equal(sp_credssp_request_read(unit_vector(names[i]), &r), SP_OK);
		struct sp_span in = i == 0 ? r.pub_key_auth : r.auth_info;
		assert_int_equal(sp_ntlm_session_unseal(&server, in, plain), SP_OK);
		unit_assert_span(sp_span(plain, in.n - 16), want[i]);
		sp_wr_fixed(&w, sealed, sizeof(sealed));
		sp_ntlm_session_seal(&client, want[i], &w);
		unit_assert_span(sp_span(sealed, w.n), in);
	}
	assert_int_equal(sp_credssp_request_read(
					 unit_vector(NLA "tsrequest-4-pubkeyauth-s2c.bin"), &r),
			SP_OK);
	assert_int_equal(sp_ntlm_session_unseal(&client, r.pub_key_auth, plain), SP_OK);
	unit_assert_span(sp_span(plain, 32), unit_kv(KV, "server-binding-hash"));
}

static void test_tampered(void **state)
{
	uint8_t exported[16] = {7}, out[16 + 5], plain[5];

	for (size_t bit = 0; bit < sizeof(out) * 8; bit++) {
		struct sp_ntlm_session a, b;
		struct sp_wr w;

		start(&a, sp_span(exported, 16), SP_NTLMV2_TO_SERVER);
		start(&b, sp_span(exported, 16), SP_NTLMV2_TO_CLIENT);
		sp_wr_fixed(&w, out, sizeof(out));
		sp_ntlm_session_seal(&a, sp_span("hello", 5), &w);
		out[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(sp_ntlm_session_unseal(&b, sp_span(out, sizeof(out)), plain),
				SP_EAUTH);
		assert_memory_equal(plain, "\0\0\0\0\0", 5);
	}
}

static void test_order(void **state)
{
	uint8_t exported[16] = {7}, first[21], second[21], plain[5];
	struct sp_ntlm_session a, b;
	struct sp_wr w;

	start(&a, sp_span(exported, 16), SP_NTLMV2_TO_SERVER);
	start(&b, sp_span(exported, 16), SP_NTLMV2_TO_CLIENT);
	sp_wr_fixed(&w, first, sizeof(first));
	sp_ntlm_session_seal(&a, sp_span("first", 5), &w);
	sp_wr_fixed(&w, second, sizeof(second));
	sp_ntlm_session_seal(&a, sp_span("other", 5), &w);
	struct sp_ntlm_session early = b;
	assert_int_equal(sp_ntlm_session_unseal(&early, sp_span(second, 21), plain), SP_EAUTH);
	assert_int_equal(sp_ntlm_session_unseal(&b, sp_span(first, 21), plain), SP_OK);
	struct sp_ntlm_session again = b;
	assert_int_equal(sp_ntlm_session_unseal(&again, sp_span(first, 21), plain), SP_EAUTH);
	assert_int_equal(sp_ntlm_session_unseal(&b, sp_span(second, 21), plain), SP_OK);
	assert_memory_equal(plain, "other", 5);
	assert_int_equal(sp_ntlm_session_unseal(&b, sp_span(second, 15), plain), SP_ESHORT);
}

/* A MIC for SPNEGO leaves the cipher where it was but counts as a message. */
static void test_mic(void **state)
{
	uint8_t exported[16] = {9}, mic[16], out[21], plain[5];
	struct sp_ntlm_session a, b;
	struct sp_span data = sp_span("mechanisms", 10);
	struct sp_wr w;

	start(&a, sp_span(exported, 16), SP_NTLMV2_TO_SERVER);
	start(&b, sp_span(exported, 16), SP_NTLMV2_TO_CLIENT);
	sp_ntlm_session_mic(&a, data, mic);
	assert_true(sp_ntlm_session_mic_ok(&b, data, sp_span(mic, 16)));
	sp_wr_fixed(&w, out, sizeof(out));
	sp_ntlm_session_seal(&a, sp_span("hello", 5), &w);
	assert_memory_equal(out + 12, "\1\0\0\0", 4);
	assert_int_equal(sp_ntlm_session_unseal(&b, sp_span(out, 21), plain), SP_OK);
	assert_memory_equal(plain, "hello", 5);

	start(&b, sp_span(exported, 16), SP_NTLMV2_TO_CLIENT);
	assert_false(sp_ntlm_session_mic_ok(&b, data, sp_span(mic, 15)));
	start(&b, sp_span(exported, 16), SP_NTLMV2_TO_CLIENT);
	mic[5] ^= 1;
	assert_false(sp_ntlm_session_mic_ok(&b, data, sp_span(mic, 16)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec),
			cmocka_unit_test(test_exchange),
			cmocka_unit_test(test_tampered),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_mic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
