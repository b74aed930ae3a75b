/* tests/app/test_doctor_conf.c - what a configuration allows: each check fires, and does not. */
#include "doctor_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/sp-doctor-conf-XXXXXX";

/* Looks at a configuration as a file has it. */
static void look(const char *text)
{
	static struct sp_conf_errors e;
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	kit_again();
	sp_conf_finish(&kit_conf);
	memset(&e, 0, sizeof(e));
	kit->mistaken = sp_conf_read(&kit_conf, path, &e) != SP_OK;
	app_doctor_conf(kit, &e);
}

#define TARGETS "targets = { a = { kind = \"rdp\"; address = \"10.0.0.5\"; trust = \"ca\"; }; };"
#define AWAY "listen = [\"0.0.0.0:3389\"];"
#define FROM "from = [\"10.8.0.0/16\"];"

static void test_rows(void **state)
{
	static const struct {
		const char *text, *id;
		int level;
	} rows[] = {
			{"", "conf.file", APP_DOCTOR_OK},
			{"mfa = 7;", "conf.file", APP_DOCTOR_BAD},
			{TARGETS, "conf.file", APP_DOCTOR_WARN}, /* no rule reaches it */
			{"", "conf.second-factor", APP_DOCTOR_OK},
			{"mfa = \"none\";", "conf.second-factor", APP_DOCTOR_INFO},
			{AWAY "mfa = \"none\";", "conf.second-factor", APP_DOCTOR_BAD},
			{AWAY "mfa = \"enrolled\";", "conf.second-factor", APP_DOCTOR_WARN},
			{AWAY "mfa = \"none\"; rules = ({mfa = [\"totp\"];});",
					"conf.second-factor", APP_DOCTOR_OK},
			{AWAY "rules = ({mfa = [\"none\"];});", "conf.second-factor",
					APP_DOCTOR_BAD},
			{"", "conf.everybody", APP_DOCTOR_OK},
			{"listen = [\"127.0.0.5:3389\", \"[::1]:3389\"];", "conf.everybody",
					APP_DOCTOR_OK},
			{AWAY, "conf.everybody", APP_DOCTOR_WARN},
			{"listen = [\"[::]:3389\"];", "conf.everybody", APP_DOCTOR_WARN},
			{AWAY "require-token = true;", "conf.everybody", APP_DOCTOR_INFO},
			{AWAY "rules = ({" FROM "});", "conf.everybody", APP_DOCTOR_OK},
			{AWAY "rules = ({interface = [\"wg0\"];});", "conf.everybody",
					APP_DOCTOR_OK},
			{AWAY "rules = ({from = [\"0.0.0.0/0\"];});", "conf.everybody",
					APP_DOCTOR_WARN},
			{AWAY "rules = ({" FROM "}, {users = [\"a\"];});", "conf.everybody",
					APP_DOCTOR_WARN},
			{"", "conf.channels", APP_DOCTOR_OK},
			{"rules = ({drives = \"read\";});", "conf.drives", APP_DOCTOR_WARN},
			{"rules = ({users = [\"a\"]; drives = \"read\";});", "conf.drives", -1},
			{"rules = ({users = [\"a\"]; drives = \"read\";});", "conf.channels",
					APP_DOCTOR_OK},
			{"rules = ({clipboard = \"all\";});", "conf.clipboard", APP_DOCTOR_WARN},
			{"rules = ({clipboard = \"text\";});", "conf.clipboard", -1},
			{"rules = ({other = true;});", "conf.channels", APP_DOCTOR_WARN},
			{TARGETS "rules = ({" FROM "});", "conf.target-trust", APP_DOCTOR_OK},
			{"targets = { a = { kind = \"rdp\"; address = \"10.0.0.5\"; trust = "
			 "\"first-seen\"; }; }; rules = ({" FROM "});",
					"conf.target-trust", APP_DOCTOR_WARN},
			{"targets = { a = { kind = \"rdp\"; address = \"10.0.0.5\"; trust = "
			 "\"ca\"; "
			 "security = \"tls\"; }; }; rules = ({" FROM "});",
					"conf.target-nla", APP_DOCTOR_WARN},
			{"", "conf.target-trust", -1},
			{"", "conf.auditors", -1},
			{"targets = { a = { kind = \"desktop\"; record = \"wanted\"; }; };",
					"conf.auditors", APP_DOCTOR_BAD},
			{"auditors = [\"x25519:A9VzriSTyQhIbWHoKSX/OUEjJ0MeEDxfQbIwgNcGBD4=\"];"
			 "targets = { a = { kind = \"desktop\"; record = \"required\"; "
			 "record-input "
			 "= \"full\"; }; };",
					"conf.auditors", APP_DOCTOR_INFO},
			{"auditors = [\"x25519:A9VzriSTyQhIbWHoKSX/OUEjJ0MeEDxfQbIwgNcGBD4=\"];"
			 "targets = { a = { kind = \"rdp\"; address = \"10.0.0.5\"; trust = "
			 "\"ca\"; record = \"required\"; record-input = \"full\"; }; };"
			 "rules = ({" FROM "});",
					"conf.target-input", APP_DOCTOR_INFO},
			{TARGETS "rules = ({" FROM "});", "conf.target-input", -1},
			{"", "conf.audit-fail", APP_DOCTOR_OK},
			{"audit-fail = \"open\";", "conf.audit-fail", APP_DOCTOR_WARN},
			{"", "conf.ship", -1},
			{"ship = ({type = \"syslog\"; address = \"tls:log.example:6514\";});",
					"conf.ship", APP_DOCTOR_OK},
			{"ship = ({type = \"syslog\"; address = \"tcp:log.example:514\";});",
					"conf.ship", APP_DOCTOR_WARN},
			{"ship = ({type = \"syslog\"; address = \"tcp:127.0.0.1:514\";});",
					"conf.ship", APP_DOCTOR_OK},
			{"", "conf.metrics", -1},
			{"metrics = \"127.0.0.1:9388\";", "conf.metrics", APP_DOCTOR_OK},
			{"metrics = \"0.0.0.0:9388\"; metrics-remote = true;", "conf.metrics",
					APP_DOCTOR_WARN},
			{"", "conf.alerts", -1},
			{"alerts = { spray = { enabled = false; }; };", "conf.alerts",
					APP_DOCTOR_INFO},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		look(rows[i].text);
		if (kit_level(rows[i].id, NULL) != rows[i].level) {
			fail_msg("row %zu: %s: %d", i, rows[i].id, kit_level(rows[i].id, NULL));
		}
	}
}

/* A file without rules has none to change: the cure is to write one. */
static void test_cures(void **state)
{
	look(AWAY);
	for (size_t i = 0; i < kit->n; i++) {
		if (strcmp(kit->finding[i].id, "conf.everybody") == 0) {
			assert_non_null(strstr(kit->finding[i].todo, "rules = ("));
		}
	}
	look(AWAY "rules = ({name = \"a\";});");
	for (size_t i = 0; i < kit->n; i++) {
		assert_null(strstr(kit->finding[i].todo, "rules = ("));
	}
}

/* The empty file has nothing to do. */
static void test_default(void **state)
{
	look("");
	assert_int_equal(kit_faults(), 0);
	kit->installed = true;
	look("run-as = \"caller\";");
	assert_int_equal(kit_level("conf.run-as", NULL), APP_DOCTOR_BAD);
	look("");
	assert_int_equal(kit_level("conf.run-as", NULL), -1);
}

static int make(void **state)
{
	int fd = mkstemp(path);

	return fd >= 0 ? close(fd) : -1;
}

static int drop(void **state)
{
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test_of(test_rows),
			kit_test_of(test_cures),
			kit_test_of(test_default),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
