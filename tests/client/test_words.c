/* tests/client/test_words.c - each way a connection can end, in words. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "client/words.h"
#include "core/base/err.h"
#include "core/pdu/errinfo.h"
#include "core/pdu/x224.h"

static void says(struct sp_words w, const char *want)
{
	char out[300];

	w.what = w.what ? w.what : "";
	w.state = w.state ? w.state : "active";
	sp_words_end(&w, out, sizeof(out));
	assert_string_equal(out, want);
}

static void test_login(void **state)
{
	says((struct sp_words){.err = SP_EAUTH, .login = "x", .status = 0xC000006D},
			"logon failed: wrong user name or password");
	says((struct sp_words){.err = SP_EAUTH, .login = "x", .status = 0xC0000234},
			"logon failed: account is locked out");
	says((struct sp_words){.err = SP_EAUTH, .login = "x", .status = 0xC0001234},
			"logon failed: status 0xC0001234");
	says((struct sp_words){.err = SP_EDENIED, .login = "credssp.pubKeyAuth"},
			"server did not prove that it holds the key of its certificate; password "
			"not sent");
	says((struct sp_words){.err = SP_EPROTO, .login = "credssp.version"},
			"server knows only CredSSP below version 5, which is not safe");
	says((struct sp_words){.err = SP_EFIELD, .login = "credssp.TSRequest"},
			"login: credssp.TSRequest: field out of range");
	says((struct sp_words){.err = SP_EDENIED, .what = "authorizationResult"},
			"logon failed: user may not log on here");
	/* Servers that just close, before and after our proof. */
	says((struct sp_words){.err = SP_ECLOSED, .state = "wait credssp", .answered = true},
			"logon failed: wrong user name or password (the server closed the "
			"connection)");
	says((struct sp_words){.err = SP_ECLOSED, .state = "wait credssp"},
			"connection closed by the server (wait credssp)");
}

static void test_server(void **state)
{
	says((struct sp_words){.err = SP_ECLOSED,
			     .error_info = SP_ERRINFO_DISCONNECTED_BY_OTHERCONNECTION},
			"session ended by the server: taken over by another connection (0x0005)");
	says((struct sp_words){.err = SP_EDENIED, .failure = SP_X224_HYBRID_REQUIRED},
			"the server requires CredSSP");
	says((struct sp_words){.err = SP_ECLOSED}, "session ended by the server");
	says((struct sp_words){.err = SP_EPROTO, .what = "x224.selectedProtocol"},
			"server has neither TLS nor NLA, only the old RDP encryption");
	says((struct sp_words){.err = SP_EDENIED, .what = "license.error", .state = "wait license"},
			"license.error: not permitted (wait license)");
}

static void test_host(void **state)
{
	says((struct sp_words){.err = SP_ETIMEOUT, .state = "wait demand active"},
			"no answer in time (wait demand active)");
	says((struct sp_words){.err = SP_ETLS, .what = "wrong version number"},
			"TLS: wrong version number");
	says((struct sp_words){.err = SP_ESYS, .saved_errno = ETIMEDOUT, .state = "wait tls"},
			"Connection timed out (wait tls)");
	says((struct sp_words){.err = SP_ESYS, .saved_errno = ECONNRESET, .state = "wait tls"},
			"connection closed by the server (wait tls)");
	says((struct sp_words){.err = SP_ENOMEM}, "out of memory (active)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_login),
			cmocka_unit_test(test_server),
			cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
