/* tests/core/auth/test_spnego.c - SPNEGO tokens as Windows sends them, ours, and broken ones. */
#include "unit.h"

#include <string.h>

#include "core/auth/spnego.h"

static const char *why;

#define KRB "06092a864886f712010202"
#define MSKRB "06092a864882f712010202"
#define NTLM "060a2b06010401823702020a"
#define SPNEGO "06062b0601050502"

/* NegTokenInit with MS-KRB5, KRB5, NTLM and a token for the first, as a domain member sends it. */
#define WINDOWS \
	"6043" SPNEGO "a039 3037 a024 3022" MSKRB KRB NTLM "a20f 040d 6e0b 6b72622d61702d7265713f"

static void test_windows(void **state)
{
	struct sp_spnego_init init;

	assert_int_equal(sp_spnego_init_read(unit_hex(WINDOWS), &init, &why), SP_OK);
	assert_true(init.has_ntlm);
	assert_false(init.ntlm_first);
	unit_assert_span(init.mech_types, unit_hex("3022" MSKRB KRB NTLM));
	assert_int_equal(init.mech_token.n, 13);
}

static void test_init_back(void **state)
{
	struct sp_spnego_init init;
	struct sp_wr w;

	sp_wr_init(&w, 4096);
	sp_spnego_init_write(&w, sp_span("token", 5));
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	assert_int_equal(sp_spnego_init_read(sp_span(w.p, w.n), &init, &why), SP_OK);
	assert_true(init.has_ntlm && init.ntlm_first);
	unit_assert_span(init.mech_types, sp_spnego_our_mechs());
	unit_assert_span(init.mech_token, sp_span("token", 5));
	unit_assert_span(sp_span(w.p, w.n),
			unit_hex("6025" SPNEGO "a01b 3019 a00e 300c" NTLM "a207 0405 746f6b656e"));
	sp_wr_finish(&w);
}

static void test_init_optional(void **state)
{
	struct sp_spnego_init init;

	/* reqFlags are ignored, a MIC may be there, a token need not. */
	assert_int_equal(sp_spnego_init_read(unit_hex("6026" SPNEGO "a01c 301a a00e 300c" NTLM
						      "a104 03020560 a302 0400"),
					 &init, &why),
			SP_OK);
	assert_true(init.ntlm_first);
	assert_null(init.mech_token.p);
	/* Kerberos alone */
	assert_int_equal(sp_spnego_init_read(unit_hex("601b" SPNEGO "a011 300f a00d 300b" KRB),
					 &init, &why),
			SP_OK);
	assert_false(init.has_ntlm);
}

static void test_init_bad(void **state)
{
	static const char *const bad[] = {
			"6025" KRB "a01b 3019 a00e 300c" NTLM "a207 0405 746f6b656e",
			"6026" SPNEGO "a01b 3019 a00e 300c" NTLM "a207 0405 746f6b656e 00",
			"6025" SPNEGO "a11b 3019 a00e 300c" NTLM "a207 0405 746f6b656e",
			"6026" SPNEGO "a01c 301a a00e 300c" NTLM "a208 0405 746f6b656e 00",
			"6025" SPNEGO "a01b 3019 a00e 310c" NTLM "a207 0405 746f6b656e",
			"6017" SPNEGO "a00d 300b a209 0407 746f6b656e2121",
			"4e544c4d53535000",
			"30",
			"",
	};
	struct sp_spnego_init init;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(sp_spnego_init_read(unit_hex(bad[i]), &init, &why), SP_OK);
	}
	/* more mechanisms than anybody has */
	uint8_t many[17 * 3 + 30];
	struct sp_wr w;
	sp_wr_fixed(&w, many, sizeof(many));
	sp_wr_span(&w, unit_hex("6041" SPNEGO "a037 3035 a035 3033"));
	for (int i = 0; i < 17; i++) {
		sp_wr_span(&w, unit_hex("06012a"));
	}
	assert_int_not_equal(sp_spnego_init_read(sp_span(many, w.n), &init, &why), SP_OK);
}

static void test_resp_back(void **state)
{
	for (int state_ = SP_SPNEGO_COMPLETED; state_ <= SP_SPNEGO_ABSENT; state_++) {
		for (int i = 0; i < 8; i++) {
			struct sp_spnego_resp in = {
					.state = (enum sp_spnego_state)state_,
					.has_mech = i & 1,
					.mech_is_ntlm = i & 1,
					.token = sp_span(i & 2 ? "abc" : NULL, i & 2 ? 3 : 0),
					.mic = sp_span(i & 4 ? "0123456789abcdef" : NULL,
							i & 4 ? 16 : 0),
			};
			struct sp_spnego_resp out;
			uint8_t bytes[64];
			struct sp_wr w;

			sp_wr_fixed(&w, bytes, sizeof(bytes));
			sp_spnego_resp_write(&w, &in);
			assert_int_equal(sp_wr_ok(&w), SP_OK);
			assert_int_equal(sp_spnego_resp_read(sp_span(bytes, w.n), &out, &why),
					SP_OK);
			assert_int_equal(in.state, out.state);
			assert_int_equal(in.has_mech, out.has_mech);
			assert_int_equal(in.mech_is_ntlm, out.mech_is_ntlm);
			unit_assert_span(in.token, out.token);
			unit_assert_span(in.mic, out.mic);
		}
	}
}

static void test_resp_bad(void **state)
{
	static const char *const bad[] = {
			"a109 3007 a003 0a0104 a200",
			"a107 3005 a003 0a0104",
			"a107 3005 a003 020101",
			"a108 3006 a003 0a0101 00",
			"a006 3004 a002 0a00",
			"a102 3100",
			"a100",
			"a10a 3008 a203 040141 a001 00",
	};
	struct sp_spnego_resp out;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_not_equal(sp_spnego_resp_read(unit_hex(bad[i]), &out, &why), SP_OK);
	}
	assert_int_equal(sp_spnego_resp_read(unit_hex("a111 300f a10d 060b"
						      "2a864886f7120102020303"),
					 &out, &why),
			SP_OK);
	assert_true(out.has_mech);
	assert_false(out.mech_is_ntlm);
}

static void cut_init(struct sp_span cut, void *arg)
{
	struct sp_spnego_init out;

	assert_int_not_equal(sp_spnego_init_read(cut, &out, &why), SP_OK);
}

static void cut_resp(struct sp_span cut, void *arg)
{
	struct sp_spnego_resp out;

	assert_int_not_equal(sp_spnego_resp_read(cut, &out, &why), SP_OK);
}

static void test_truncated(void **state)
{
	unit_truncate(unit_hex(WINDOWS), cut_init, NULL);
	unit_truncate(unit_hex("a11a 3018 a003 0a0101 a10c" NTLM "a203 040141"), cut_resp, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_windows),
			cmocka_unit_test(test_init_back),
			cmocka_unit_test(test_init_optional),
			cmocka_unit_test(test_init_bad),
			cmocka_unit_test(test_resp_back),
			cmocka_unit_test(test_resp_bad),
			cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
