/* tests/host/conf/test_conf.c - good and bad configurations, and the lines that are blamed. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "host/conf/alert.h"
#include "host/conf/conf.h"

static char dir[] = "/tmp/sp-test-conf-XXXXXX";
static struct sp_conf conf;
static struct sp_conf_errors errors;

static int setup(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	unlink("t.conf");
	sp_conf_finish(&conf);
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int read_text(const char *text)
{
	FILE *f = fopen("t.conf", "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	sp_conf_finish(&conf);
	return sp_conf_read(&conf, "t.conf", &errors);
}

/* It must read, or the test says why it does not. */
static void good(const char *text)
{
	if (read_text(text) != SP_OK) {
		fail_msg("%s\n%s", text, errors.text[0]);
	}
}

static void assert_default(void)
{
	struct sp_conf want, got = conf;

	sp_conf_default(&want);
	assert_int_equal(conf.n_rules, 1);
	assert_memory_equal(conf.rule, want.rule, sizeof(*conf.rule));
	assert_memory_equal(conf.alerts, want.alerts, sizeof(*conf.alerts));
	sp_free(want.rule);
	sp_free(want.alerts);
	want.rule = got.rule = NULL;
	want.alerts = got.alerts = NULL;
	want.text = got.text = NULL;
	want.text_n = got.text_n = 0;
	assert_memory_equal(&got, &want, sizeof(got));
}

/* For a hash: what is said, not how. */
static void test_text(void **state)
{
	char was[256];

	good("mfa = \"none\"; # quick\naudit-fail = \"open\";");
	assert_true(conf.audit_open && conf.record_index);
	snprintf(was, sizeof(was), "%s", conf.text);
	assert_int_equal(strlen(was), conf.text_n);
	assert_non_null(strstr(was, "audit-fail"));
	good("  mfa=\"none\";\naudit-fail = \"open\";");
	assert_string_equal(conf.text, was);
	good("mfa = \"none\"; audit-fail = \"closed\"; record-index = false;");
	assert_false(conf.audit_open || conf.record_index);
	assert_string_not_equal(conf.text, was);
}

static void test_empty(void **state)
{
	assert_int_equal(read_text(""), SP_OK);
	assert_default();
	assert_int_equal(conf.n_listen, 1);
	assert_string_equal(conf.listen[0].text, "127.0.0.1:3389");
	assert_int_equal(conf.listen[0].port, 3389);
	assert_memory_equal(conf.listen[0].addr, "\x7f\0\0\1", 4);
	assert_int_equal(conf.n_targets, 1);
	assert_string_equal(conf.target[0].name, "desktop");
	assert_int_equal(conf.target[0].kind, SP_CONF_DESKTOP);
	assert_string_equal(conf.target[0].account, "");
	assert_int_equal(conf.limits.deadline, 30);
	assert_int_equal(conf.limits.total_hard, 512);
	assert_string_equal(conf.run_as, "_spkeeper");
	assert_int_equal(conf.mfa, SP_CONF_MFA_REQUIRED);
	assert_false(conf.require_token);
	assert_false(conf.audit_open);
	assert_int_equal(conf.text_n, 0);
	/* One rule: everybody, to desktops, with text. */
	assert_true(conf.rule[0].desktops);
	assert_int_equal(conf.rule[0].line, 0);
	assert_int_equal(conf.rule[0].n_users, 0);
	assert_int_equal(conf.rule[0].channels.clipboard,
			SP_CONF_CLIP_TEXT_IN | SP_CONF_CLIP_TEXT_OUT);
	assert_int_equal(conf.rule[0].channels.drives, 0);
	assert_true(conf.rule[0].channels.sound);
	assert_false(conf.rule[0].channels.microphone);
	assert_false(conf.rule[0].channels.other);
	/* Not the same as none. */
	good("rules = ();");
	assert_int_equal(conf.n_rules, 0);
	assert_null(conf.rule);
	assert_int_equal(errors.n_warnings, 1);
	assert_string_equal(errors.warning[0],
			"t.conf:1: warning: targets: no rule reaches \"desktop\"");
}

/* Who names both kinds means one listener of each. */
static void test_both(void **state)
{
	(void)state;
	assert_int_equal(read_text("listen = [\"[::]:3389\", \"[::]:3390\", \"0.0.0.0:3389\", "
				   "\"[::1]:3389\"];\n"),
			SP_OK);
	assert_true(conf.listen[0].six_only);
	assert_false(conf.listen[1].six_only);
	assert_false(conf.listen[2].six_only);
	assert_false(conf.listen[3].six_only);
}

static void test_full(void **state)
{
	char path[SP_CONF_PATH];

	assert_int_equal(read_text("listen = [\"0.0.0.0:3389\", \"[::1]:33890\"];\n"
				   "state = \"st\";\n"
				   "certificate = \"t.conf\";\n"
				   "targets = {\n"
				   "  desk = { kind = \"desktop\"; account = \"same\"; };\n"
				   "  lab-2 = { kind = \"desktop\"; account = \"map:lab\"; "
				   "session = \"icewm-session\"; };\n"
				   "};\n"
				   "limits = { deadline = 60; per-source = 4; rate = 5; burst = 9; "
				   "total-soft = 10; total-hard = 20; "
				   "exempt = [\"198.51.100.0/24\", \"2001:db8::/32\"]; };\n"),
			SP_OK);
	assert_int_equal(conf.n_listen, 2);
	assert_int_equal(conf.listen[1].family, AF_INET6);
	assert_int_equal(conf.listen[1].port, 33890);
	assert_false(conf.listen[1].six_only);
	assert_string_equal(conf.state, "./st");
	assert_true(sp_conf_certificate(&conf, path, sizeof(path)));
	assert_string_equal(path, "./t.conf");
	assert_int_equal(conf.n_targets, 2);
	assert_string_equal(sp_conf_target(&conf, "lab-2")->account, "lab");
	assert_string_equal(sp_conf_target(&conf, "lab-2")->session, "icewm-session");
	assert_string_equal(conf.target[0].account, "");
	assert_null(sp_conf_target(&conf, "other"));
	assert_int_equal(conf.limits.deadline, 60);
	assert_int_equal(conf.limits.per_source, 4);
	assert_int_equal(conf.limits.burst, 9);
	assert_int_equal(conf.limits.total_soft, 10);
	assert_int_equal(conf.limits.n_exempt, 2);
	assert_int_equal(conf.limits.exempt[0].bits, 24);
	assert_int_equal(conf.limits.exempt[1].family, AF_INET6);
	assert_int_equal(read_text("run-as = \"caller\";"), SP_OK);
	assert_string_equal(conf.run_as, "");
	assert_int_equal(read_text("mfa = \"enrolled\";"), SP_OK);
	assert_int_equal(conf.mfa, SP_CONF_MFA_ENROLLED);
	assert_int_equal(read_text("mfa = \"none\";"), SP_OK);
	assert_int_equal(conf.mfa, SP_CONF_MFA_NONE);
	assert_int_equal(read_text("run-as = \"gate\";"), SP_OK);
	assert_string_equal(conf.run_as, "gate");
	assert_int_equal(read_text(""), SP_OK);
	assert_true(sp_conf_certificate(&conf, path, sizeof(path)));
	assert_string_equal(path, "/var/lib/sallyport/tls.pem");
	assert_false(sp_conf_certificate(&conf, path, 5));
}

/* A file, and how each mistake found in it begins; NULL after the last. */
static const struct {
	const char *text;
	const char *want[8];
} bad[] = {
		{"a = ;", {"t.conf:1: syntax error"}},
		{"\n\nlimits = {\n", {"t.conf:4: syntax error"}},
		{"state = \"/a\";\nstate = \"/b\";", {"t.conf:2: duplicate setting name"}},
		{"\nlisten = \"127.0.0.1:1\";", {"t.conf:2: listen: must be a list"}},
		{"listen = [];", {"t.conf:1: listen: must have 1 to 16"}},
		{"listen = [1];", {"t.conf:1: listen: must be a text"}},
		{"listen = [\"127.0.0.1\",\n \"localhost:3389\",\n \"127.0.0.1:65536\",\n"
		 "\"::1:3389\"];",
				{"t.conf:1: listen: \"127.0.0.1\" is no", "t.conf:2: listen: \"loc",
						"t.conf:3: listen: \"127.0.0.1:6",
						"t.conf:4: listen: \"::1:3389\""}},
		{"listen = [\"[::ffff:192.0.2.1]:5\"];",
				{"t.conf:1: listen: \"[::ffff:192.0.2.1]:5\" is no"}},
		{"listen = [\"127.0.0.1:5\", \"127.0.0.1:05\"];",
				{"t.conf:1: listen: \"127.0.0.1:05\" "
				 "is there twice"}},
		{"\nrules = ();\nstores = \"postgresql://x\";\nrequire-token = 1;\nmfa = 1;",
				{"t.conf:3: stores: key is not known",
						"t.conf:4: require-token: must be true or false",
						"t.conf:5: mfa: must be a text"}},
		{"audit-fail = \"ask\";",
				{"t.conf:1: audit-fail: \"ask\" is not \"closed\" or \"open\""}},
		{"targets = {\n a = {};\n b = 1;\n};",
				{"t.conf:2: a: kind is missing", "t.conf:3: b: must be a group"}},
		{"targets = {};", {"t.conf:1: targets: must have 1 to 64"}},
		{"targets = 1;", {"t.conf:1: targets: must be a group"}},
		{"targets = { a = { kind = 1; account = \"map:\"; session = \"\"; }; };",
				{"t.conf:1: kind: must be a text",
						"t.conf:1: account: \"map:\" is neither",
						"t.conf:1: session: must be one line of text"}},
		{"targets = { a = { kind = \"desktop\"; session = \"a\tb\"; }; };",
				{"t.conf:1: session: must be one line of text"}},
		{"targets = { a = { kind = \"desktop\"; account = \"map:a b\"; }; };",
				{"t.conf:1: account: \"map:a b\" is neither"}},
		{"targets = { a = { kind = \"desktop\"; account = \"root\"; }; };",
				{"t.conf:1: account: \"root\" is neither"}},
		{"limits = {\n deadline = 4;\n rate = \"x\";\n burst = 1.5;\n other = 1;\n};",
				{"t.conf:2: deadline: 4 is not between 5 and 120",
						"t.conf:3: rate: must be a whole number",
						"t.conf:4: burst: must be a whole number",
						"t.conf:5: other: key is not known"}},
		{"limits = { total-soft = 100; total-hard = 50; };",
				{"t.conf:1: limits: total-soft is above total-hard"}},
		{"limits = { exempt = [\"office\"]; };",
				{"t.conf:1: exempt: \"office\" is no network"}},
		{"run-as = \"a b\";", {"t.conf:1: run-as: \"a b\" is neither"}},
		{"mfa = \"off\";",
				{"t.conf:1: mfa: \"off\" is not \"required\", \"enrolled\" or "
				 "\"none\""}},
		{"run-as = 5;", {"t.conf:1: run-as: must be a text"}},
		{"state = \"\";", {"t.conf:1: state: is empty"}},
		{"store = \"/var/lib/x\";", {"t.conf:1: store must be \"postgresql://"}},
		{"store = \"postgresql://u@/d#x\";", {"t.conf:1: store: address too long"}},
		{"state = \"t.conf\";", {"t.conf:1: state: ./t.conf is no directory"}},
		{"certificate = \"/nowhere/x.pem\";",
				{"t.conf:1: certificate: /nowhere/x.pem: No such file"}},
		{"certificate = \"/\";", {"t.conf:1: certificate: / is no file"}},
		{"@include \"missing.conf\"", {"t.conf:1: "}},
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		size_t n = 0;
		assert_int_equal(read_text(bad[i].text), SP_EFIELD);
		for (; bad[i].want[n] != NULL; n++) {
			if (n >= errors.n ||
					strncmp(errors.text[n], bad[i].want[n],
							strlen(bad[i].want[n])) != 0) {
				fail_msg("file %zu: \"%s\" instead of \"%s\"", i,
						n < errors.n ? errors.text[n] : "nothing",
						bad[i].want[n]);
			}
		}
		assert_int_equal(errors.n, n);
		assert_default();
	}
}

static void test_many(void **state)
{
	char text[8192] = "";
	size_t n = 0;

	for (int i = 0; i < SP_CONF_ERRORS + 1; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n, "k%d = 1;\n", i);
	}
	assert_int_equal(read_text(text), SP_EFIELD);
	assert_int_equal(errors.n, SP_CONF_ERRORS);
	assert_true(errors.more);
	assert_string_equal(errors.text[SP_CONF_ERRORS - 1], "t.conf:64: k63: key is not known");
}

static void test_no_file(void **state)
{
	sp_conf_finish(&conf);
	assert_int_equal(sp_conf_read(&conf, "/nowhere/t.conf", &errors), SP_ESYS);
	assert_int_equal(errors.n, 1);
	assert_string_equal(errors.text[0], "/nowhere/t.conf: No such file or directory");
}

/* For who asks a running service: the rest of the file may be wrong by now. */
static void test_state_alone(void **state)
{
	assert_int_equal(read_text("state = \"/srv/gate\"; mfa = \"no such word\"; unknown = 1;"),
			SP_EFIELD);
	sp_conf_finish(&conf);
	assert_int_equal(sp_conf_state(&conf, "t.conf", &errors), SP_OK);
	assert_string_equal(conf.state, "/srv/gate");
	assert_int_equal(read_text("unknown = 1;"), SP_EFIELD);
	sp_conf_finish(&conf);
	assert_int_equal(sp_conf_state(&conf, "t.conf", &errors), SP_OK);
	assert_string_equal(conf.state, "/var/lib/sallyport");
	assert_int_equal(read_text("state = 7;"), SP_EFIELD);
	sp_conf_finish(&conf);
	assert_int_equal(sp_conf_state(&conf, "t.conf", &errors), SP_EFIELD);
	assert_true(errors.n == 1);
	assert_int_equal(read_text("state = "), SP_EFIELD);
	sp_conf_finish(&conf);
	assert_int_equal(sp_conf_state(&conf, "t.conf", &errors), SP_EFIELD);
	assert_int_equal(sp_conf_state(&conf, "/nowhere/t.conf", &errors), SP_ESYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_empty),
			cmocka_unit_test(test_text),
			cmocka_unit_test(test_full),
			cmocka_unit_test(test_both),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_many),
			cmocka_unit_test(test_no_file),
			cmocka_unit_test(test_state_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
