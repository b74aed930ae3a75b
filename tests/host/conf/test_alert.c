/* tests/host/conf/test_alert.c - every key of `alerts`, and the mistakes that can be made in it. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "host/conf/alert.h"

static char dir[] = "/tmp/sp-test-alert-XXXXXX";
static struct sp_conf conf;
static struct sp_conf_errors errors;

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
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

static void good(const char *text)
{
	if (read_text(text) != SP_OK) {
		fail_msg("%s\n%s", text, errors.text[0]);
	}
}

static void test_defaults(void **state)
{
	(void)state;
	good("");
	for (uint32_t i = 0; i < SP_ALERT_RULES; i++) {
		assert_true(conf.alerts->rule[i].enabled);
		assert_int_equal(conf.alerts->rule[i].action, SP_ALERT_TELL);
		assert_true(conf.alerts->rule[i].again_s >= 3600);
		assert_true(sp_alert_word(i)[0] >= 'a');
		assert_int_equal(sp_alert_number(i)[0], 'D');
	}
	assert_int_equal(conf.alerts->rule[SP_ALERT_BRUTE_FORCE].count, 10);
	assert_int_equal(conf.alerts->rule[SP_ALERT_BRUTE_FORCE].within_s, 300);
	assert_true(conf.alerts->rule[SP_ALERT_VOLUME].bytes == 100u << 20);
	assert_string_equal(sp_alert_word(SP_ALERT_RULES), "?");
	assert_string_equal(sp_alert_number(SP_ALERT_RULES), "?");
	assert_string_equal(sp_alert_action_word(SP_ALERT_ACTIONS), "?");
}

static void test_every_key(void **state)
{
	(void)state;
	good("targets = { db1 = { kind = \"desktop\"; }; };\n"
	     "alerts = { critical-targets = [\"db1\"];\n"
	     "brute-force = { failures = 5; within = \"1m\"; action = \"step-up\"; enabled = "
	     "false;\n"
	     "  again = \"2h\"; exempt = [\"10.0.0.0/8\", \"2001:db8::/32\"];\n"
	     "  exempt-users = [\"alice\", \"bob\"]; };\n"
	     "impossible-travel = { speed = 800; distance = 100; within = \"8h\"; action = "
	     "\"pause\"; };\n"
	     "off-hours = { hours = [\"Mon-Fri 08:00-18:00 Europe/Berlin\", \"Sat 10:00-12:00 "
	     "UTC\"]; };\n"
	     "volume = { bytes = \"1G\"; times = 3; within = \"30m\"; action = \"end\"; };\n"
	     "admin-tamper = { clock = \"10s\"; late = \"3m\"; };\n"
	     "dormant-user = { days = 30; /* \"*/ }; // 4294967299\n"
	     "};");
	const struct sp_conf_alerts *a = conf.alerts;
	const struct sp_conf_alert *b = &a->rule[SP_ALERT_BRUTE_FORCE];
	assert_int_equal(b->count, 5);
	assert_int_equal(b->within_s, 60);
	assert_int_equal(b->action, SP_ALERT_STEP_UP);
	assert_int_equal(b->again_s, 7200);
	assert_false(b->enabled);
	assert_int_equal(b->n_exempt, 2);
	assert_int_equal(b->exempt[0].bits, 8);
	assert_int_equal(b->n_users, 2);
	assert_string_equal(b->users[1], "bob");
	assert_int_equal(a->rule[SP_ALERT_TRAVEL].kmh, 800);
	assert_int_equal(a->rule[SP_ALERT_TRAVEL].km, 100);
	assert_int_equal(a->rule[SP_ALERT_TRAVEL].action, SP_ALERT_PAUSE);
	assert_int_equal(a->n_hours, 2);
	assert_non_null(a->hours[0].clock);
	assert_true(a->rule[SP_ALERT_VOLUME].bytes == 1u << 30);
	assert_int_equal(a->rule[SP_ALERT_VOLUME].action, SP_ALERT_END);
	assert_int_equal(a->rule[SP_ALERT_ADMIN_TAMPER].late_s, 180);
	assert_int_equal(a->rule[SP_ALERT_DORMANT].days, 30);
	assert_string_equal(a->critical[0], "db1");
}

static void test_mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
			{"alerts = 1;", "t.conf:1: alerts: must be a group, { ... }"},
			{"alerts = { bruteforce = {}; };",
					"t.conf:1: bruteforce: key is not known"},
			{"alerts = { spray = 1; };", "t.conf:1: spray: must be a group, { ... }"},
			{"alerts = { spray = { failures = 3; }; };",
					"t.conf:1: failures: key is not known"},
			{"alerts = { spray = { hours = \"08:00-09:00\"; }; };",
					"t.conf:1: hours: key is not known"},
			{"alerts = { spray = { users = 1; }; };",
					"t.conf:1: users: 1 is not between 2 and 64"},
			{"alerts = { spray = { users = -4; }; };",
					"t.conf:1: users: -4 is not between 2 and 64"},
			/* Which are 3 in 32 bits. */
			{"alerts = { spray = { users = 4294967299; }; };",
					"t.conf:1: users: must be a whole number, up to "
					"2147483647"},
			{"alerts = { spray = { users = 0x100000003; }; };",
					"t.conf:1: users: must be a whole number, up to "
					"2147483647"},
			{"alerts = { spray = { users = \"10\"; }; };",
					"t.conf:1: users: must be a whole number"},
			{"alerts = { spray = { within = \"soon\"; }; };",
					"t.conf:1: within: \"soon\" is no time from \"1s\" to "
					"\"31d\" "
					"(\"8h\", \"30m\", \"90s\", \"1h30m\")"},
			{"alerts = { spray = { again = \"99d\"; }; };",
					"t.conf:1: again: \"99d\" is no time from \"1s\" to "
					"\"31d\" "
					"(\"8h\", \"30m\", \"90s\", \"1h30m\")"},
			{"alerts = { volume = { bytes = \"much\"; }; };",
					"t.conf:1: bytes: \"much\" is no size from \"1\" to "
					"\"1024G\" (\"4096\", \"64K\", \"100M\")"},
			{"alerts = { spray = { action = \"shoot\"; }; };",
					"t.conf:1: action: \"shoot\" is not \"alert\", "
					"\"step-up\", "
					"\"pause\" or \"end\""},
			{"alerts = { spray = { enabled = 1; }; };",
					"t.conf:1: enabled: must be true or false"},
			{"alerts = { spray = { exempt-users = \"No Name\"; }; };",
					"t.conf:1: exempt-users: \"No Name\" is no name of a user"},
			{"alerts = { critical-targets = [\"db1\"]; };",
					"t.conf:1: critical-targets: there is no target \"db1\""},
			{"alerts = { critical-targets = [\"\"]; };",
					"t.conf:1: critical-targets: \"\" is no name of a target"},
	};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		assert_int_equal(read_text(cases[i].text), SP_EFIELD);
		assert_string_equal(errors.text[0], cases[i].error);
	}
}

static void test_without_memory(void **state)
{
	(void)state;
	static const char text[] = "alerts = { spray = { users = 5; }; };";

	for (long n = 0; n < 8; n++) {
		good("");
		FILE *f = fopen("t.conf", "w");
		assert_non_null(f);
		assert_true(fputs(text, f) >= 0);
		assert_int_equal(fclose(f), 0);
		sp_conf_finish(&conf);
		sp_mem_fail_after(n);
		int rc = sp_conf_read(&conf, "t.conf", &errors);
		sp_mem_fail_after(-1);
		if (rc == SP_OK) {
			assert_int_equal(conf.alerts->rule[SP_ALERT_SPRAY].count, 5);
			return;
		}
		assert_int_equal(rc, SP_ENOMEM);
	}
	fail_msg("it never reads");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_defaults),
			cmocka_unit_test(test_every_key),
			cmocka_unit_test(test_mistakes),
			cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
