/* tests/desk/test_pam.c - PAM sessions, and why there is none. */
#include "desk/broker/pam.h"

#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

static void copy(const char *from, const char *dir, const char *name)
{
	char path[256], text[4096];
	FILE *in = fopen(from, "r");

	assert_non_null(in);
	size_t n = fread(text, 1, sizeof(text), in);
	fclose(in);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, n, out), n);
	fclose(out);
}

static int no_answer(int n, const struct pam_message **m, struct pam_response **r, void *arg)
{
	(void)n;
	(void)m;
	(void)r;
	(void)arg;
	return PAM_CONV_ERR;
}

/* The file that we install opens a session without anybody having typed a password. */
static void test_our_service(void **state)
{
	static const char *const common[] = {"common-auth", "common-account", "common-session"};
	const char *source = getenv("SP_SOURCE");
	struct pam_conv conv = {.conv = no_answer};
	char dir[] = "/tmp/sallyport-pam-XXXXXX", path[512];
	pam_handle_t *h;

	(void)state;
	if (geteuid() != 0 || !source || access("/etc/pam.d/common-auth", R_OK) != 0 ||
			access("/etc/nologin", F_OK) == 0) {
		print_message("needs root and Debian's /etc/pam.d\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < SP_LEN(common); i++) {
		snprintf(path, sizeof(path), "/etc/pam.d/%s", common[i]);
		copy(path, dir, common[i]);
	}
	snprintf(path, sizeof(path), "%s/data/pam/sallyport", source);
	copy(path, dir, "sallyport");

	assert_int_equal(pam_start_confdir("sallyport", "root", &conv, dir, &h), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(h, 0), PAM_SUCCESS);
	assert_int_equal(pam_setcred(h, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(pam_open_session(h, 0), PAM_SUCCESS);
	assert_int_equal(pam_close_session(h, 0), PAM_SUCCESS);
	int rc = pam_setcred(h, PAM_DELETE_CRED);
	assert_int_equal(rc, PAM_SUCCESS);
	assert_int_equal(pam_end(h, rc), PAM_SUCCESS);

	for (size_t i = 0; i < SP_LEN(common); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, common[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/sallyport", dir);
	unlink(path);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_pam_reasons),
			cmocka_unit_test(test_pam_session),
			cmocka_unit_test(test_our_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
