/* tests/core/auth/test_credssp_server.c - each rule of the server broken on its own. */
#include "unit.h"

#include <string.h>

#include "craft.h"

static struct duo d;
static struct craft c;

static void begin(void)
{
	duo_finish(&d);
	duo_init(&d);
	craft_init(&c, &d);
}

#define refused(rc, why) \
	do { \
		assert_int_equal(craft_run(&c), rc); \
		assert_string_equal(sp_credssp_server_why(d.server), why); \
		assert_null(sp_credssp_server_login(d.server)); \
	} while (0)

static void accepted(void)
{
	assert_int_equal(craft_run(&c), SP_CREDSSP_DONE);
	assert_string_equal(sp_credssp_server_login(d.server)->user, c.user);
}

static void test_good(void **state)
{
	begin();
	accepted();
}

static void test_flags(void **state)
{
	static const uint32_t required[] = {SP_NTLM_UNICODE, SP_NTLM_SIGN, SP_NTLM_SEAL,
			SP_NTLM_ESS, SP_NTLM_128, SP_NTLM_KEY_EXCH};

	for (size_t i = 0; i < SP_LEN(required); i++) {
		begin();
		c.negotiate_flags &= ~required[i];
		refused(SP_EPROTO, "ntlm.NegotiateFlags");
		begin();
		c.authenticate_flags &= ~required[i];
		refused(SP_EPROTO, "ntlm.NegotiateFlags");
		assert_false(d.asked);
	}
}

static void test_who(void **state)
{
	static const char *const bad[] = {"a\x01",
			"a\x1F"
			"b",
			"a\x7F"
			"b",
			"a\nb"};

	begin();
	c.user = "";
	refused(SP_EAUTH, "ntlm.UserName");
	begin();
	c.authenticate_flags |= SP_NTLM_ANONYMOUS;
	refused(SP_EAUTH, "ntlm.UserName");
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		begin();
		c.user = bad[i];
		refused(SP_EFIELD, "ntlm.UserName");
		begin();
		c.domain = bad[i];
		refused(SP_EFIELD, "ntlm.DomainName");
	}
	char name[258];
	memset(name, 'n', sizeof(name));
	name[256] = 0;
	begin();
	c.user = name;
	accepted();
	name[256] = 'n';
	name[257] = 0;
	begin();
	c.user = name;
	refused(SP_EFIELD, "ntlm.UserName");
	begin();
	c.domain = name;
	refused(SP_EFIELD, "ntlm.DomainName");
	assert_false(d.asked);
}

static void test_old_responses(void **state)
{
	begin();
	c.lm_only = true;
	refused(SP_EPROTO, "ntlm.NtChallengeResponse");
	begin();
	c.nt_length = 24; /* NTLMv1 */
	refused(SP_EPROTO, "ntlm.NtChallengeResponse");
	begin();
	c.nt_length = 47;
	refused(SP_EPROTO, "ntlm.NtChallengeResponse");
	begin();
	c.nt_length = 48; /* the pairs are cut */
	refused(SP_ESHORT, "ntlm.AvPair");
	assert_false(d.asked);
}

static void test_pairs(void **state)
{
	static const uint16_t ours[] = {SP_NTLM_AV_NB_COMPUTER, SP_NTLM_AV_NB_DOMAIN,
			SP_NTLM_AV_DNS_COMPUTER, SP_NTLM_AV_DNS_DOMAIN, SP_NTLM_AV_TIMESTAMP};

	for (size_t i = 0; i < SP_LEN(ours); i++) {
		begin();
		c.drop_id = ours[i];
		refused(SP_EAUTH, "ntlm.AvPair");
		begin();
		c.change_id = ours[i];
		refused(SP_EAUTH, "ntlm.AvPair");
		begin();
		c.twice_id = ours[i];
		refused(SP_EFIELD, "ntlm.AvId");
	}
	assert_false(d.asked);
}

static void test_mic(void **state)
{
	begin();
	c.drop_id = SP_NTLM_AV_FLAGS;
	refused(SP_EAUTH, "ntlm.MsvAvFlags");
	begin();
	c.change_id = SP_NTLM_AV_FLAGS; /* bit 2 off */
	refused(SP_EAUTH, "ntlm.MsvAvFlags");
	begin();
	c.early_payload = true;
	refused(SP_EAUTH, "ntlm.mic");
	assert_false(d.asked);
	begin();
	c.no_mic = true;
	refused(SP_EAUTH, "ntlm.mic");
	assert_true(d.asked);
}

static void test_session_key(void **state)
{
	static const size_t bad[] = {0, 15, 17, 32};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		begin();
		c.key_length = bad[i];
		refused(SP_EFIELD, "ntlm.EncryptedRandomSessionKey");
	}
}

static void test_time(void **state)
{
	const int64_t hour = 36000000000;

	begin();
	c.time_shift = 35 * hour;
	accepted();
	begin();
	c.time_shift = -35 * hour;
	accepted();
	begin();
	c.time_shift = 37 * hour;
	refused(SP_EAUTH, "ntlm.TimeStamp");
	begin();
	c.time_shift = -37 * hour;
	refused(SP_EAUTH, "ntlm.TimeStamp");
}

/* THREATS C8: the delegated name is the proved one, in each form a client may write it. */
static void test_delegated_name(void **state)
{
	static const struct {
		const char *user, *domain, *creds_user, *creds_domain;
		bool good;
	} cases[] = {
			{"demo", "", "demo", "", true},
			{"demo", "", "DEMO", "", true},
			{"demo", "CORP", "demo", "CORP", true},
			{"demo", "CORP", "CORP\\demo", "", true},
			{"demo@corp.example", "", "demo@corp.example", "", true},
			{"demo@corp.example", "", "demo", "corp.example", true},
			{"demo@corp.example", "", "demo", "CORP.example", true},
			{"demo", "", "bob", "", false},
			{"demo", "", "", "", false},
			{"demo", "", "demo2", "", false},
			{"demo", "", "dem", "", false},
			{"demo", "", "demo\\bob", "", false},
			{"demo@corp.example", "", "demo", "corp.other", false},
			{"demo@corp.example", "", "demo", "", false},
			{"demo@", "", "demo", "", true},
	};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		begin();
		c.user = cases[i].user;
		c.domain = cases[i].domain;
		c.creds_user = cases[i].creds_user;
		c.creds_domain = cases[i].creds_domain;
		if (cases[i].good) {
			accepted();
			assert_string_equal(sp_credssp_server_login(d.server)->domain, c.domain);
		} else {
			refused(SP_EDENIED, "credssp.userName");
		}
	}
}

static void test_credentials(void **state)
{
	struct sp_span smart = unit_vector("spec/MS-CSSP-4-tscredentials-smartcard.hex");

	begin();
	c.creds = smart.p;
	c.n_creds = smart.n;
	refused(SP_EPROTO, "credssp.credType");
	begin();
	c.creds = smart.p;
	c.n_creds = 0;
	refused(SP_ESHORT, "credssp.TSCredentials");

	/* A password with a NUL inside, and one with half a character. */
	static const char *const passwords[] = {"410000004200",
			"41004200"
			"43"};
	for (size_t i = 0; i < 2; i++) {
		struct sp_span word = unit_hex(passwords[i]);
		uint8_t out[128];
		struct sp_wr w;
		struct sp_credssp_password p = {sp_span("", 0), sp_span("d\0e\0m\0o", 8), word};

		sp_wr_fixed(&w, out, sizeof(out));
		sp_credssp_password_write(&w, &p);
		begin();
		c.creds = out;
		c.n_creds = w.n;
		refused(SP_EFIELD, "credssp.password");
	}
}

#define NTLM "060a2b06010401823702020a"
#define KRB "06092a864886f712010202"

static void test_spnego(void **state)
{
	begin();
	c.mechs = unit_hex("300c" NTLM);
	accepted();
	/* With NTLM first the MIC over the list may be left out. */
	begin();
	c.mechs = unit_hex("300c" NTLM);
	c.no_list_mic = true;
	accepted();
	begin();
	c.mechs = unit_hex("300c" NTLM);
	c.bad_list_mic = true;
	refused(SP_EAUTH, "spnego.mechListMIC");
}

static void test_spnego_kerberos_first(void **state)
{
	struct sp_span list = unit_hex("3017" KRB NTLM), token = unit_hex("6e0100");

	begin();
	c.mechs = list;
	c.optimistic = token;
	accepted();
	begin();
	c.mechs = list;
	c.optimistic = token;
	c.no_list_mic = true;
	refused(SP_EAUTH, "spnego.mechListMIC");
	assert_false(d.asked);
	begin();
	c.mechs = list;
	c.optimistic = token;
	c.bad_list_mic = true;
	refused(SP_EAUTH, "spnego.mechListMIC");
	begin();
	c.mechs = unit_hex("300b" KRB);
	c.optimistic = token;
	refused(SP_EPROTO, "spnego.mechTypes");
}

static int end(void **state)
{
	duo_finish(&d);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_flags),
			cmocka_unit_test(test_who),
			cmocka_unit_test(test_old_responses),
			cmocka_unit_test(test_pairs),
			cmocka_unit_test(test_mic),
			cmocka_unit_test(test_session_key),
			cmocka_unit_test(test_time),
			cmocka_unit_test(test_delegated_name),
			cmocka_unit_test(test_credentials),
			cmocka_unit_test(test_spnego),
			cmocka_unit_test(test_spnego_kerberos_first),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
