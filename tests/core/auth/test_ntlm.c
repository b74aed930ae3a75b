/* tests/core/auth/test_ntlm.c - NTLM messages: the spec's, real ones, and every wrong offset. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/auth/ntlm.h"
#include "core/auth/ntlm_session.h"
#include "host/lib/crypto_nettle.h"

#define SPEC(name) unit_vector("spec/MS-NLMP-4.2." name ".hex")
#define NLA "peer/selfmade-nla/"
#define KV NLA "values.kv"

static const char *why;

static void test_spec_challenge(void **state)
{
	struct sp_span in = SPEC("4.3-challenge-message");
	struct sp_ntlm_challenge m;
	struct sp_ntlm_av_list av;

	assert_int_equal(sp_ntlm_challenge_read(in, &m, &why), SP_OK);
	assert_int_equal(m.flags, 0xE28A8233);
	unit_assert_span(sp_span(m.challenge, 8), SPEC("1-serverchallenge"));
	unit_assert_span(m.target_name, SPEC("1-server-name"));
	assert_int_equal(sp_ntlm_av_read(m.target_info, &av, &why), SP_OK);
	assert_int_equal(av.n, 2);
	unit_assert_span(*sp_ntlm_av_find(&av, SP_NTLM_AV_NB_COMPUTER),
			SPEC("4-av-pair-1-netbios-server-name"));
	unit_assert_span(*sp_ntlm_av_find(&av, SP_NTLM_AV_NB_DOMAIN),
			SPEC("4-av-pair-2-netbios-domain-name"));
	assert_null(sp_ntlm_av_find(&av, SP_NTLM_AV_TIMESTAMP));
}

static void test_spec_authenticate(void **state)
{
	struct sp_span in = SPEC("4.3-authenticate-message");
	struct sp_ntlm_authenticate m;
	struct sp_ntlm_response nt;

	assert_int_equal(sp_ntlm_authenticate_read(in, &m, &why), SP_OK);
	unit_assert_span(m.user, SPEC("1-user"));
	unit_assert_span(m.domain, SPEC("1-userdom"));
	unit_assert_span(m.workstation, SPEC("1-workstation-name"));
	unit_assert_span(m.lm, SPEC("4.2.1-lmv2-response"));
	unit_assert_span(m.session_key, SPEC("4.2.3-encrypted-random-session-key"));
	assert_int_equal(m.mic.n, 0);
	assert_int_equal(sp_ntlm_response_read(m.nt, &nt, &why), SP_OK);
	unit_assert_span(nt.proof, SPEC("4.2.2-ntlmv2-response"));
	unit_assert_span(nt.temp, SPEC("4.1.3-temp"));
	unit_assert_span(nt.challenge, SPEC("1-clientchallenge"));
	assert_int_equal(nt.timestamp, 0);

	/* NTLMv1 in the same message is not for us. */
	in = SPEC("2.3-authenticate-message");
	assert_int_equal(sp_ntlm_authenticate_read(in, &m, &why), SP_OK);
	assert_int_equal(m.nt.n, 24);
	assert_int_equal(sp_ntlm_response_read(m.nt, &nt, &why), SP_EPROTO);
}

static void test_exchange(void **state)
{
	struct sp_span neg = unit_vector(NLA "ntlm-negotiate.bin");
	struct sp_span chal = unit_vector(NLA "ntlm-challenge.bin");
	struct sp_span auth = unit_vector(NLA "ntlm-authenticate.bin");
	struct sp_ntlm_negotiate n;
	struct sp_ntlm_challenge c;
	struct sp_ntlm_authenticate a;
	struct sp_ntlm_response nt;
	uint8_t mic[SP_NTLM_MIC], exported[16];
	struct sp_rc4 rc4;

	assert_int_equal(sp_ntlm_negotiate_read(neg, &n, &why), SP_OK);
	assert_int_equal(n.flags & SP_NTLM_REQUIRED, SP_NTLM_REQUIRED);
	assert_int_equal(sp_ntlm_challenge_read(chal, &c, &why), SP_OK);
	unit_assert_span(sp_span(c.challenge, 8), unit_kv(KV, "server-challenge"));
	assert_int_equal(sp_ntlm_authenticate_read(auth, &a, &why), SP_OK);
	unit_assert_span(a.mic, unit_kv(KV, "mic"));
	assert_int_equal(sp_ntlm_response_read(a.nt, &nt, &why), SP_OK);
	unit_assert_span(nt.proof, unit_kv(KV, "ntproofstr"));
	assert_int_equal(nt.av.n, 8);

	sp_crypto_nettle.rc4_init(&rc4, unit_kv(KV, "session-base-key"));
	sp_crypto_nettle.rc4_crypt(&rc4, a.session_key.p, exported, 16);
	unit_assert_span(sp_span(exported, 16), unit_kv(KV, "exported-session-key"));
	sp_ntlm_mic(&sp_crypto_nettle, exported, neg, chal, auth, mic);
	unit_assert_span(sp_span(mic, sizeof(mic)), a.mic);
}

/* FreeRDP's own example: NTLMv2 with a MIC and channel bindings, without signing. */
static void test_peer(void **state)
{
	struct sp_span chal = unit_vector("peer/freerdp/ntlm/TEST_NTLM_CHALLENGE.bin");
	struct sp_span auth = unit_vector("peer/freerdp/ntlm/TEST_NTLM_AUTHENTICATE.bin");
	struct sp_span owf = unit_vector("peer/freerdp/ntlm/TEST_NTLM_V2_HASH.bin");
	struct sp_ntlm_negotiate n;
	struct sp_ntlm_challenge c;
	struct sp_ntlm_authenticate a;
	struct sp_ntlm_response nt;
	uint8_t proof[16];

	assert_int_equal(sp_ntlm_negotiate_read(
					 unit_vector("peer/freerdp/ntlm/TEST_NTLM_NEGOTIATE.bin"),
					 &n, &why),
			SP_OK);
	assert_int_equal(sp_ntlm_challenge_read(chal, &c, &why), SP_OK);
	unit_assert_span(sp_span(c.challenge, 8),
			unit_vector("peer/freerdp/ntlm/TEST_NTLM_SERVER_CHALLENGE.bin"));
	assert_int_equal(sp_ntlm_authenticate_read(auth, &a, &why), SP_OK);
	assert_int_equal(sp_ntlm_response_read(a.nt, &nt, &why), SP_OK);
	unit_assert_span(nt.challenge,
			unit_vector("peer/freerdp/ntlm/TEST_NTLM_CLIENT_CHALLENGE.bin"));
	sp_ntlmv2_proof(&sp_crypto_nettle, owf.p, c.challenge, nt.temp, proof);
	unit_assert_span(nt.proof, sp_span(proof, sizeof(proof)));
}

static void test_round_trip(void **state)
{
	struct sp_ntlm_authenticate a, b;
	struct sp_ntlm_challenge c, d;
	struct sp_ntlm_negotiate n = {SP_NTLM_REQUIRED}, m;
	struct sp_span chal = unit_vector(NLA "ntlm-challenge.bin");
	struct sp_span auth = unit_vector(NLA "ntlm-authenticate.bin");
	struct sp_wr w;

	sp_wr_init(&w, SP_NTLM_MAX_TOKEN);
	sp_ntlm_negotiate_write(&w, &n);
	assert_int_equal(sp_ntlm_negotiate_read(sp_span(w.p, w.n), &m, &why), SP_OK);
	assert_int_equal(m.flags, n.flags | SP_NTLM_VERSION);

	assert_int_equal(sp_ntlm_challenge_read(chal, &c, &why), SP_OK);
	sp_wr_reset(&w);
	sp_ntlm_challenge_write(&w, &c);
	assert_int_equal(sp_ntlm_challenge_read(sp_span(w.p, w.n), &d, &why), SP_OK);
	assert_int_equal(c.flags, d.flags);
	assert_memory_equal(c.challenge, d.challenge, 8);
	unit_assert_span(c.target_name, d.target_name);
	unit_assert_span(c.target_info, d.target_info);
	/* No build number, whoever asks. */
	unit_assert_span(sp_span(w.p + 48, 8), unit_hex("000000000000000f"));

	assert_int_equal(sp_ntlm_authenticate_read(auth, &a, &why), SP_OK);
	sp_wr_reset(&w);
	sp_ntlm_authenticate_write(&w, &a);
	assert_int_equal(sp_ntlm_authenticate_read(sp_span(w.p, w.n), &b, &why), SP_OK);
	unit_assert_span(a.user, b.user);
	unit_assert_span(a.domain, b.domain);
	unit_assert_span(a.workstation, b.workstation);
	unit_assert_span(a.lm, b.lm);
	unit_assert_span(a.nt, b.nt);
	unit_assert_span(a.session_key, b.session_key);
	assert_int_equal(b.mic.n, SP_NTLM_MIC);
	sp_wr_finish(&w);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++) {
		p[i] = (uint8_t)(v >> (8 * i));
	}
}

/* THREATS C6: each of the six fields with lengths and offsets at every border. */
static void test_offsets(void **state)
{
	struct sp_span in = unit_vector(NLA "ntlm-authenticate.bin");
	uint32_t end = (uint32_t)in.n;
	const uint32_t at[] = {0, 1, 63, 64, 71, 72, 87, 88, end - 2, end - 1, end, end + 1, 0xFFFF,
			0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF};
	const uint16_t len[] = {0, 1, 2, 16, 24, 0x7FFF, 0x8000, 0xFFFF, (uint16_t)end,
			(uint16_t)(end - 64)};
	struct sp_ntlm_authenticate m;
	uint8_t *copy = malloc(in.n);

	for (size_t f = 0; f < 6; f++) {
		for (size_t i = 0; i < SP_LEN(at); i++) {
			for (size_t j = 0; j < SP_LEN(len); j++) {
				uint8_t *p = copy + 12 + 8 * f;

				memcpy(copy, in.p, in.n);
				p[0] = (uint8_t)len[j];
				p[1] = (uint8_t)(len[j] >> 8);
				put32(p + 4, at[i]);
				int rc = sp_ntlm_authenticate_read(sp_span(copy, in.n), &m, &why);
				bool inside = len[j] == 0 ||
						(at[i] >= 64 && at[i] <= end &&
								len[j] <= end - at[i]);
				bool odd = f >= 2 && f <= 4 && len[j] % 2;
				assert_int_equal(rc == SP_OK, inside && !odd);
				if (rc == SP_OK && len[j] > 0 && at[i] < 88) {
					assert_int_equal(m.mic.n, 0);
				}
			}
		}
	}
	free(copy);
}

static void test_bad_av(void **state)
{
	static const char *const bad[] = {
			"",
			"00",
			"000000",
			"00000100aa",
			"01000200",
			"0100020041",
			"0100020041000200",
			"01000000 01000000 00000000",
			"0100ffff 00000000",
	};
	struct sp_ntlm_av_list av;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_not_equal(sp_ntlm_av_read(unit_hex(bad[i]), &av, &why), SP_OK);
		assert_string_not_equal(why, "");
	}
	assert_int_equal(sp_ntlm_av_read(unit_hex("00000000"), &av, &why), SP_OK);
	assert_int_equal(sp_ntlm_av_read(unit_hex("00000000 ffff"), &av, &why), SP_OK);

	uint8_t many[4 * (SP_NTLM_MAX_AV + 2)] = {0};
	for (uint8_t i = 0; i <= SP_NTLM_MAX_AV; i++) {
		many[4 * i] = (uint8_t)(i + 1);
	}
	assert_int_equal(sp_ntlm_av_read(sp_span(many, sizeof(many)), &av, &why), SP_ELIMIT);
	many[4 * SP_NTLM_MAX_AV] = 0;
	assert_int_equal(sp_ntlm_av_read(sp_span(many, sizeof(many)), &av, &why), SP_OK);
	assert_int_equal(av.n, SP_NTLM_MAX_AV);
}

static void test_bad_heads(void **state)
{
	struct sp_ntlm_negotiate n;
	struct sp_ntlm_challenge c;
	struct sp_ntlm_authenticate a;
	struct sp_span neg = unit_vector(NLA "ntlm-negotiate.bin");
	struct sp_span auth = unit_vector(NLA "ntlm-authenticate.bin");
	static uint8_t big[SP_NTLM_MAX_TOKEN + 1];

	assert_int_equal(sp_ntlm_challenge_read(neg, &c, &why), SP_ESTATE);
	assert_int_equal(sp_ntlm_authenticate_read(neg, &a, &why), SP_ESTATE);
	assert_int_equal(sp_ntlm_negotiate_read(auth, &n, &why), SP_ESTATE);
	memcpy(big, auth.p, auth.n);
	assert_int_equal(sp_ntlm_authenticate_read(sp_span(big, sizeof(big)), &a, &why), SP_ELIMIT);
	big[7] = ' ';
	assert_int_equal(sp_ntlm_authenticate_read(sp_span(big, auth.n), &a, &why), SP_EFIELD);
	assert_false(sp_ntlm_is(sp_span(big, auth.n)));
	assert_false(sp_ntlm_is(sp_span("NTLMSSP", 7)));
	assert_true(sp_ntlm_is(sp_span("NTLMSSP", 8)));
}

static void cut_authenticate(struct sp_span cut, void *arg)
{
	struct sp_ntlm_authenticate m;

	assert_int_not_equal(sp_ntlm_authenticate_read(cut, &m, &why), SP_OK);
}

static void cut_challenge(struct sp_span cut, void *arg)
{
	struct sp_ntlm_challenge m;

	assert_int_not_equal(sp_ntlm_challenge_read(cut, &m, &why), SP_OK);
}

static void cut_negotiate(struct sp_span cut, void *arg)
{
	struct sp_ntlm_negotiate m;

	/* Nothing behind the flags is of any use. */
	assert_int_equal(sp_ntlm_negotiate_read(cut, &m, &why) == SP_OK, cut.n >= 16);
}

static void cut_response(struct sp_span cut, void *arg)
{
	struct sp_ntlm_response m;

	/* Behind the end of the pairs there is padding that nobody needs. */
	assert_int_equal(sp_ntlm_response_read(cut, &m, &why) == SP_OK,
			cut.n + 12 >= *(size_t *)arg);
}

static void test_truncated(void **state)
{
	struct sp_ntlm_authenticate a;
	struct sp_span auth = unit_vector(NLA "ntlm-authenticate.bin");

	unit_truncate(auth, cut_authenticate, NULL);
	unit_truncate(unit_vector(NLA "ntlm-challenge.bin"), cut_challenge, NULL);
	unit_truncate(unit_vector(NLA "ntlm-negotiate.bin"), cut_negotiate, NULL);
	assert_int_equal(sp_ntlm_authenticate_read(auth, &a, &why), SP_OK);
	unit_truncate(a.nt, cut_response, &a.nt.n);
}

static void test_channel_bindings(void **state)
{
	uint8_t a[16], b[16], hash[32] = {1};

	/* MD5 of 16 zero bytes, the length 21 + 32, the prefix and the hash; reckoned by hand. */
	sp_ntlm_channel_bindings(&sp_crypto_nettle, sp_span(hash, sizeof(hash)), a);
	struct sp_span whole[] = {unit_hex("00000000 00000000 00000000 00000000 35000000"),
			sp_span("tls-server-end-point:", 21), sp_span(hash, sizeof(hash))};
	sp_crypto_nettle.md5(whole, 3, b);
	assert_memory_equal(a, b, 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_spec_challenge),
			cmocka_unit_test(test_spec_authenticate),
			cmocka_unit_test(test_exchange),
			cmocka_unit_test(test_peer),
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_offsets),
			cmocka_unit_test(test_bad_av),
			cmocka_unit_test(test_bad_heads),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_channel_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
