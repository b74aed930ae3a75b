/* tests/desk/test_pam.c - PAM sessions, and why there is none. */
#include "desk/broker/pam.h"

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "unit.h"

static void test_pam_reasons(void **state)
{
	struct sp_pam *p;
	char why[200];
	struct sp_pam_opts opts = {.service = "no-such-service", .account = "root"};

	(void)state;
	assert_int_equal(sp_pam_open(&opts, &p, why, sizeof(why)), SP_ENOTFOUND);
	assert_null(p);
	assert_non_null(strstr(why, geteuid() == 0 ? "no-such-service" : "not root"));
	opts.account = "no such account";
	assert_int_equal(sp_pam_open(&opts, &p, why, sizeof(why)), SP_ENOTFOUND);
	opts = (struct sp_pam_opts){.service = "../passwd", .account = "root"};
	assert_int_equal(sp_pam_open(&opts, &p, why, sizeof(why)), SP_ENOTFOUND);
	sp_pam_close(NULL);
}

/* A whole session, with the rules that every Debian machine has for unknown services. */
static void test_pam_session(void **state)
{
	struct sp_pam *p;
	char why[200];
	struct sp_pam_opts opts = {
			.service = "other", .account = "root", .tty = ":7", .rhost = "192.0.2.1"};

	(void)state;
	if (geteuid() != 0 || access("/etc/pam.d/other", R_OK) != 0) {
		print_message("needs root and /etc/pam.d/other\n");
		skip();
	}
	int rc = sp_pam_open(&opts, &p, why, sizeof(why));
	if (rc != SP_OK) {
		fail_msg("%s", why);
	}
	bool typed = false;
	for (char *const *line = sp_pam_env(p); *line; line++) {
		typed = typed || strcmp(*line, "XDG_SESSION_TYPE=x11") == 0;
	}
	assert_true(typed);
	sp_pam_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_pam_reasons),
			cmocka_unit_test(test_pam_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
