/* tests/core/auth/test_credssp.c - TSRequest and TSCredentials of a real login, and broken ones. */
#include "unit.h"

#include <string.h>

#include "core/auth/credssp.h"
#include "host/lib/crypto_nettle.h"

#define NLA "peer/selfmade-nla/"
#define KV NLA "values.kv"

static const char *const requests[] = {
		NLA "tsrequest-1-negotiate-c2s.bin",
		NLA "tsrequest-2-challenge-s2c.bin",
		NLA "tsrequest-3-authenticate-pubkeyauth-c2s.bin",
		NLA "tsrequest-4-pubkeyauth-s2c.bin",
		NLA "tsrequest-5-authinfo-c2s.bin",
};

static void test_exchange(void **state)
{
	for (size_t i = 0; i < SP_LEN(requests); i++) {
		struct sp_span in = unit_vector(requests[i]);
		struct sp_credssp_request r;
		struct sp_wr w;

		assert_int_equal(sp_credssp_frame(in), in.n);
		assert_int_equal(sp_credssp_request_read(in, &r), SP_OK);
		assert_int_equal(r.version, 6);
		assert_int_equal(r.nego_token.p != NULL, i <= 2);
		assert_int_equal(r.pub_key_auth.p != NULL, i == 2 || i == 3);
		assert_int_equal(r.auth_info.p != NULL, i == 4);
		assert_false(r.has_error);
		unit_assert_span(r.client_nonce, unit_kv(KV, "client-nonce"));
		sp_wr_init(&w, SP_CREDSSP_MAX);
		sp_credssp_request_write(&w, &r);
		unit_assert_span(sp_span(w.p, w.n), in);
		sp_wr_finish(&w);
	}
}

static void test_tokens(void **state)
{
	struct sp_credssp_request r;

	assert_int_equal(sp_credssp_request_read(unit_vector(requests[0]), &r), SP_OK);
	unit_assert_span(r.nego_token, unit_vector(NLA "ntlm-negotiate.bin"));
	assert_int_equal(sp_credssp_request_read(unit_vector(requests[1]), &r), SP_OK);
	unit_assert_span(r.nego_token, unit_vector(NLA "ntlm-challenge.bin"));
	assert_int_equal(sp_credssp_request_read(unit_vector(requests[2]), &r), SP_OK);
	unit_assert_span(r.nego_token, unit_vector(NLA "ntlm-authenticate.bin"));
}

static void test_binding(void **state)
{
	struct sp_span nonce = unit_kv(KV, "client-nonce");
	struct sp_span key = unit_vector(NLA "server-subjectpublickey.bin");
	uint8_t hash[SP_SHA256_SIZE];

	sp_credssp_binding(&sp_crypto_nettle, SP_CREDSSP_TO_SERVER, nonce.p, key, hash);
	unit_assert_span(sp_span(hash, 32), unit_kv(KV, "client-binding-hash"));
	sp_credssp_binding(&sp_crypto_nettle, SP_CREDSSP_TO_CLIENT, nonce.p, key, hash);
	unit_assert_span(sp_span(hash, 32), unit_kv(KV, "server-binding-hash"));
}

static void test_credentials(void **state)
{
	struct sp_span in = unit_vector(NLA "tscredentials-plain.bin");
	struct sp_credssp_password p;
	uint8_t out[64];
	struct sp_wr w;

	assert_int_equal(sp_credssp_password_read(in, &p), SP_OK);
	assert_int_equal(p.domain.n, 0);
	unit_assert_span(p.user, unit_hex("740065007300740065007200"));
	assert_int_equal(p.password.n, 18);
	sp_wr_fixed(&w, out, sizeof(out));
	sp_credssp_password_write(&w, &p);
	unit_assert_span(sp_span(out, w.n), in);

	assert_int_equal(sp_credssp_password_read(
					 unit_vector("spec/MS-CSSP-4-tscredentials-smartcard.hex"),
					 &p),
			SP_EPROTO);
}

static void test_error_code(void **state)
{
	struct sp_credssp_request r = {
			.version = 6, .has_error = true, .error = SP_STATUS_LOGON_FAILURE};
	uint8_t out[32];
	struct sp_wr w;

	sp_wr_fixed(&w, out, sizeof(out));
	sp_credssp_request_write(&w, &r);
	unit_assert_span(sp_span(out, w.n), unit_hex("300d a003 020106 a406 0204c000006d"));
	memset(&r, 0, sizeof(r));
	assert_int_equal(sp_credssp_request_read(sp_span(out, w.n), &r), SP_OK);
	assert_true(r.has_error);
	assert_int_equal(r.error, SP_STATUS_LOGON_FAILURE);
}

static void test_bad(void **state)
{
	static const char *const bad[] = {
			"3000", /* no version */
			"3005 a103 020106", /* under another tag */
			"3006 a004 02020006", /* longer than needed */
			"3080 a003 020106 0000", /* indefinite */
			"308105 a003 020106", /* longer than needed */
			"3006 a003 020106 00", /* left over */
			"3005 a003 020106 00", /* left over behind */
			"3009 a003 020106 a102 3000", /* no token */
			"300b a003 020106 a104 3002 3000", /* nor here */
			"300c a003 020106 a203 040141 a1", /* out of order */
			"3013 a003 020106 a10c 300a 3008 a003 040141 a001 00", /* more in a token */
			"3017 a003 020106 a110 300e 3005 a003 040141 3005 a003 040141", /* two tokens */
			"300a a003 020106 a503 040241", /* longer than the nonce */
			"3105 a003 020106",
	};
	struct sp_credssp_request r;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_not_equal(sp_credssp_request_read(unit_hex(bad[i]), &r), SP_OK);
	}
	assert_int_equal(sp_credssp_request_read(unit_hex("3005 a003 020106"), &r), SP_OK);
}

static void test_frame(void **state)
{
	assert_int_equal(sp_credssp_frame(unit_hex("")), 0);
	assert_int_equal(sp_credssp_frame(unit_hex("30")), 0);
	assert_int_equal(sp_credssp_frame(unit_hex("30820180")), 0x184);
	assert_int_equal(sp_credssp_frame(unit_hex("3083010000")), SP_ELIMIT);
	assert_int_equal(sp_credssp_frame(unit_hex("03")), SP_EFIELD);
	assert_int_equal(sp_credssp_frame(unit_hex("1603010200")), SP_EFIELD);
}

static void cut_request(struct sp_span cut, void *arg)
{
	struct sp_credssp_request r;
	int want = *(const int *)arg;
	int got = sp_credssp_frame(cut);

	assert_true(got == 0 || got == want);
	assert_int_not_equal(sp_credssp_request_read(cut, &r), SP_OK);
}

static void cut_password(struct sp_span cut, void *arg)
{
	struct sp_credssp_password p;

	assert_int_not_equal(sp_credssp_password_read(cut, &p), SP_OK);
}

static void test_truncated(void **state)
{
	for (size_t i = 0; i < SP_LEN(requests); i++) {
		struct sp_span in = unit_vector(requests[i]);
		int want = (int)in.n;

		unit_truncate(in, cut_request, &want);
	}
	unit_truncate(unit_vector(NLA "tscredentials-plain.bin"), cut_password, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_exchange),
			cmocka_unit_test(test_tokens),
			cmocka_unit_test(test_binding),
			cmocka_unit_test(test_credentials),
			cmocka_unit_test(test_error_code),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_frame),
			cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
