/* tests/core/crypt/test_ntlmv2.c - the formulas against [MS-NLMP] 4.2.4 and two real exchanges. */
#include "unit.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/err.h"
#include "core/crypt/ntlmv2.h"
#include "host/lib/crypto_nettle.h"

static const struct sp_crypto *const c = &sp_crypto_nettle;

#define SPEC(name) unit_vector("spec/MS-NLMP-4.2." name ".hex")
#define NLA "peer/selfmade-nla/values.kv"

static struct sp_span key(const uint8_t k[SP_NTLMV2_KEY])
{
	return sp_span(k, SP_NTLMV2_KEY);
}

static void test_spec(void **state)
{
	uint8_t nt[16], owf[16], proof[16], base[16], lm[24], k[16];
	struct sp_span challenge = SPEC("1-serverchallenge");

	assert_int_equal(sp_ntlmv2_nt_hash(c, "Password", nt), SP_OK);
	unit_assert_span(key(nt), SPEC("2.1.2-ntowfv1"));
	assert_int_equal(sp_ntlmv2_owf(c, nt, SPEC("1-user"), SPEC("1-userdom"), owf), SP_OK);
	unit_assert_span(key(owf), SPEC("4.1.1-ntowfv2-and-lmowfv2"));
	sp_ntlmv2_proof(c, owf, challenge.p, SPEC("4.1.3-temp"), proof);
	unit_assert_span(key(proof), SPEC("4.2.2-ntlmv2-response"));
	sp_ntlmv2_base_key(c, owf, proof, base);
	unit_assert_span(key(base), SPEC("4.1.2-session-base-key"));
	sp_ntlmv2_lm(c, owf, challenge.p, SPEC("1-clientchallenge").p, lm);
	unit_assert_span(sp_span(lm, sizeof(lm)), SPEC("4.2.1-lmv2-response"));
	sp_ntlmv2_sign_key(c, SPEC("1-randomsessionkey").p, SP_NTLMV2_TO_SERVER, k);
	unit_assert_span(key(k), SPEC("4.4-sign-key-client"));
	sp_ntlmv2_seal_key(c, SPEC("1-randomsessionkey").p, SP_NTLMV2_TO_SERVER, k);
	unit_assert_span(key(k), SPEC("4.4-seal-key-client"));
}

static void test_exchange(void **state)
{
	struct sp_span m = unit_vector("peer/selfmade-nla/ntlm-authenticate.bin");
	struct sp_ntlmv2_query q = {.n_user = 12, .n_temp = 0xAA - 16};
	uint8_t nt[16], base[16], k[16];

	memcpy(q.user, m.p + 0x58, q.n_user);
	memcpy(q.temp, m.p + 0x90, q.n_temp);
	memcpy(q.proof, m.p + 0x80, sizeof(q.proof));
	memcpy(q.challenge, unit_kv(NLA, "server-challenge").p, sizeof(q.challenge));
	unit_assert_span(key(q.proof), unit_kv(NLA, "ntproofstr"));
	assert_int_equal(sp_ntlmv2_nt_hash(c, "secret123", nt), SP_OK);
	assert_true(sp_ntlmv2_check(c, nt, &q, base));
	unit_assert_span(key(base), unit_kv(NLA, "session-base-key"));
	sp_ntlmv2_sign_key(c, unit_kv(NLA, "exported-session-key").p, SP_NTLMV2_TO_SERVER, k);
	unit_assert_span(key(k), unit_kv(NLA, "client-sign-key"));
	sp_ntlmv2_sign_key(c, unit_kv(NLA, "exported-session-key").p, SP_NTLMV2_TO_CLIENT, k);
	unit_assert_span(key(k), unit_kv(NLA, "server-sign-key"));

	/* Any bit of the query that changes makes it a wrong proof, and gives no key. */
	static const uint8_t zero[16];
	uint8_t *parts[] = {q.user, q.challenge, q.proof, q.temp};
	for (size_t i = 0; i < 4; i++) {
		parts[i][3] ^= 1;
		assert_false(sp_ntlmv2_check(c, nt, &q, base));
		assert_memory_equal(base, zero, sizeof(base));
		parts[i][3] ^= 1;
	}
	q.n_domain = 2;
	assert_false(sp_ntlmv2_check(c, nt, &q, base));
	q.n_domain = 0;
	q.n_temp = SP_NTLMV2_MAX_TEMP + 1;
	assert_false(sp_ntlmv2_check(c, nt, &q, base));
	q.n_temp = 0xAA - 16;
	q.n_user = SP_NTLMV2_MAX_NAME + 2;
	assert_false(sp_ntlmv2_check(c, nt, &q, base));
	q.n_user = 11;
	assert_false(sp_ntlmv2_check(c, nt, &q, base));
	q.n_user = 12;
	nt[0] ^= 1;
	assert_false(sp_ntlmv2_check(c, nt, &q, base));
}

static void test_peer(void **state)
{
	uint8_t nt[16], owf[16];

	assert_int_equal(sp_ntlmv2_nt_hash(c, "", nt), SP_OK);
	unit_assert_span(key(nt), unit_vector("peer/freerdp/ntlm/TEST_EMPTY_PWD_NTLM_HASH.bin"));
	struct sp_span m = unit_vector("peer/freerdp/ntlm/TEST_NTLM_AUTHENTICATE.bin");
	struct sp_span hash = unit_vector("peer/freerdp/ntlm/TEST_NTLM_HASH.bin");
	assert_int_equal(sp_ntlmv2_owf(c, hash.p, sp_span(m.p + 0x64, 0x10),
					 sp_span(m.p + 0x58, 0xC), owf),
			SP_OK);
	unit_assert_span(key(owf), unit_vector("peer/freerdp/ntlm/TEST_NTLM_V2_HASH.bin"));
}

static void test_limits(void **state)
{
	uint8_t nt[16], owf[16], name[SP_NTLMV2_MAX_NAME + 2] = {0};
	char password[300];

	memset(password, 'x', sizeof(password));
	password[255] = 0;
	assert_int_equal(sp_ntlmv2_nt_hash(c, password, nt), SP_OK);
	password[255] = 'x';
	password[256] = 0;
	assert_int_equal(sp_ntlmv2_nt_hash(c, password, nt), SP_ELIMIT);
	struct sp_span fits = {name, SP_NTLMV2_MAX_NAME}, more = {name, SP_NTLMV2_MAX_NAME + 2};
	struct sp_span odd = {name, 3};
	assert_int_equal(sp_ntlmv2_owf(c, nt, fits, fits, owf), SP_OK);
	assert_int_equal(sp_ntlmv2_owf(c, nt, more, fits, owf), SP_ELIMIT);
	assert_int_equal(sp_ntlmv2_owf(c, nt, fits, more, owf), SP_ELIMIT);
	assert_int_equal(sp_ntlmv2_owf(c, nt, odd, fits, owf), SP_EFIELD);
	assert_int_equal(sp_ntlmv2_owf(c, nt, fits, odd, owf), SP_EFIELD);
}

static void test_upper(void **state)
{
	static const uint16_t pairs[][2] = {
			{'a', 'A'},
			{'z', 'Z'},
			{'@', '@'},
			{'{', '{'},
			{'#', '#'},
			{0xE4, 0xC4},
			{0xF7, 0xF7},
			{0xDF, 0xDF},
			{0xFF, 0x178},
			{0xB5, 0xB5},
			{0x101, 0x100},
			{0x100, 0x100},
			{0x131, 0x131},
			{0x142, 0x141},
			{0x17E, 0x17D},
			{0x17F, 0x17F},
			{0x3B1, 0x391},
			{0x3C2, 0x3A3},
			{0x3AC, 0x386},
			{0x3AF, 0x38A},
			{0x3CC, 0x38C},
			{0x3CE, 0x38F},
			{0x430, 0x410},
			{0x44F, 0x42F},
			{0x451, 0x401},
			{0x45F, 0x40F},
			{0x491, 0x490},
			{0x4C2, 0x4C1},
			{0x561, 0x531},
			{0x1EF9, 0x1EF8},
			{0xFF41, 0xFF21},
			{0xD800, 0xD800},
			{0x5B57, 0x5B57},
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_int_equal(sp_ntlmv2_upper(pairs[i][0]), pairs[i][1]);
		assert_int_equal(sp_ntlmv2_upper(pairs[i][1]), pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec),
			cmocka_unit_test(test_exchange),
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_upper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
