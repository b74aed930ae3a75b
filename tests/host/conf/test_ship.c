/* tests/host/conf/test_ship.c - every key of `ship` and `metrics`, and the mistakes that can be made in them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "host/conf/ship.h"

static char dir[] = "/tmp/sp-test-ship-XXXXXX";
static struct sp_conf conf;
static struct sp_conf_errors errors;

static void put(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
		return -1;
	}
	put("key", "k");
	put("ca.pem", "c");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink("t.conf");
	unlink("key");
	unlink("ca.pem");
	sp_conf_finish(&conf);
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int read_text(const char *text)
{
	put("t.conf", text);
	sp_conf_finish(&conf);
	return sp_conf_read(&conf, "t.conf", &errors);
}

static void good(const char *text)
{
	if (read_text(text) != SP_OK) {
		fail_msg("%s\n%s", text, errors.text[0]);
	}
}

static void test_every_key(void **state)
{
	(void)state;
	good("");
	assert_int_equal(conf.n_ship, 0);
	assert_int_equal(conf.metrics.family, 0);
	good("ship = ( { type = \"file\"; path = \"a.jsonl\"; },\n"
	     "{ type = \"syslog\"; name = \"siem\"; address = \"tls:siem.example:6514\"; ca = "
	     "\"ca.pem\"; },\n"
	     "{ type = \"syslog\"; address = \"tcp:[2001:db8::1]:601\"; format = \"cef\"; },\n"
	     "{ type = \"journald\"; },\n"
	     "{ type = \"webhook\"; url = \"https://hook.example/a?b=c\"; secret = \"key\"; },\n"
	     "{ type = \"webhook\"; url = \"http://127.0.0.1:81\"; secret = \"key\"; loopback = "
	     "true; } );\n"
	     "metrics = \"[::1]:9388\";");
	const struct sp_conf_ship *s = conf.ship;
	assert_int_equal(conf.n_ship, 6);
	assert_int_equal(s[0].type, SP_SHIP_FILE);
	assert_int_equal(s[0].format, SP_SHIP_JSON);
	assert_string_equal(s[0].path, "./a.jsonl");
	assert_int_equal(strncmp(s[0].name, "file-", 5), 0);
	assert_string_equal(s[1].name, "siem");
	assert_string_equal(s[1].host, "siem.example");
	assert_string_equal(s[1].ca, "./ca.pem");
	assert_int_equal(s[1].port, 6514);
	assert_int_equal(s[1].format, SP_SHIP_RFC5424);
	assert_true(s[1].tls);
	assert_string_equal(s[2].host, "2001:db8::1");
	assert_int_equal(s[2].format, SP_SHIP_CEF);
	assert_false(s[2].tls);
	assert_string_equal(s[3].path, SP_SHIP_JOURNAL);
	assert_string_equal(s[4].host, "hook.example");
	assert_string_equal(s[4].resource, "/a?b=c");
	assert_int_equal(s[4].port, 443);
	assert_string_equal(s[5].resource, "/");
	assert_int_equal(s[5].port, 81);
	assert_true(s[5].loopback);
	assert_string_equal(conf.metrics.text, "[::1]:9388");
	/* Only that without TLS gets a warning. */
	assert_int_equal(errors.n_warnings, 1);
	assert_string_equal(sp_ship_type_word(SP_SHIP_TYPES), "?");
	good("metrics = \"0.0.0.0:1\"; metrics-remote = true;");
	/* The name stays where the order changes. */
	char name[SP_CONF_NAME];
	good("ship = ( { type = \"journald\"; }, { type = \"file\"; path = \"a\"; } );");
	snprintf(name, sizeof(name), "%s", conf.ship[1].name);
	good("ship = ( { type = \"file\"; path = \"a\"; } );");
	assert_string_equal(conf.ship[0].name, name);
}

static void test_mistakes(void **state)
{
	(void)state;
#define ONE(text) "ship = ( { " text " } );"
	static const struct {
		const char *text, *error;
	} cases[] = {
			{"ship = 1;", "t.conf:1: ship: must be a list of groups, ( { ... } )"},
			{"ship = (1);", "t.conf:1: ship: must be a list of groups, ( { ... } )"},
			{"ship = ({},{},{},{},{},{},{},{},{});",
					"t.conf:1: ship: must have at most 8 destinations"},
			{ONE(""), "t.conf:1: ship: type is missing"},
			{ONE("type = \"mail\";"),
					"t.conf:1: type: \"mail\" is not \"file\", "
					"\"syslog\", \"journald\" or \"webhook\""},
			{ONE("type = \"file\";"), "t.conf:1: ship: path is missing"},
			{ONE("type = \"file\"; path = \"\";"), "t.conf:1: path: is empty"},
			{ONE("type = \"file\"; path = \"a\"; url = \"https://a/\";"),
					"t.conf:1: url: is not for type \"file\""},
			{ONE("type = \"file\"; path = \"a\"; format = \"xml\";"),
					"t.conf:1: format: \"xml\" is not \"json\", \"rfc5424\", "
					"\"cef\" or \"ocsf\""},
			{ONE("type = \"file\"; path = \"a\"; name = \"A/b\";"),
					"t.conf:1: name: \"A/b\" is no name (a-z, 0-9, . _ -)"},
			{ONE("type = \"file\"; path = \"a\"; colour = 1;"),
					"t.conf:1: colour: key is not known"},
			{ONE("type = \"syslog\";"), "t.conf:1: ship: address is missing"},
			{ONE("type = \"syslog\"; address = \"udp:a:514\";"),
					"t.conf:1: address: \"udp:a:514\": over UDP records would "
					"be lost unseen; tcp: or tls:"},
			{ONE("type = \"syslog\"; address = \"tls:a\";"),
					"t.conf:1: address: \"tls:a\" is not of the form "
					"\"tls:HOST:PORT\" or \"tcp:HOST:PORT\""},
			{ONE("type = \"syslog\"; address = \"tls:a b:514\";"),
					"t.conf:1: address: \"tls:a b:514\" is not of the form "
					"\"tls:HOST:PORT\" or \"tcp:HOST:PORT\""},
			{ONE("type = \"syslog\"; address = \"tls:a:70000\";"),
					"t.conf:1: address: \"tls:a:70000\" is not of the form "
					"\"tls:HOST:PORT\" or \"tcp:HOST:PORT\""},
			{ONE("type = \"syslog\"; address = \"tcp:a:514\"; ca = \"ca.pem\";"),
					"t.conf:1: ca: there is no TLS to check"},
			{ONE("type = \"syslog\"; address = \"tls:a:514\"; ca = \"none.pem\";"),
					"t.conf:1: ca: ./none.pem: No such file or directory"},
			{ONE("type = \"webhook\"; url = \"https://a/\";"),
					"t.conf:1: ship: secret is missing"},
			{ONE("type = \"webhook\"; url = \"ftp://a/\"; secret = \"key\";"),
					"t.conf:1: url: \"ftp://a/\" is not of the form "
					"\"https://HOST/PATH\""},
			{ONE("type = \"webhook\"; url = \"https://u@a/\"; secret = \"key\";"),
					"t.conf:1: url: \"https://u@a/\" is not of the form "
					"\"https://HOST/PATH\""},
			{ONE("type = \"webhook\"; url = \"https://a/ b\"; secret = \"key\";"),
					"t.conf:1: url: \"https://a/ b\" is not of the form "
					"\"https://HOST/PATH\""},
			{ONE("type = \"webhook\"; url = \"http://a/\"; secret = \"key\"; loopback "
			     "= true;"),
					"t.conf:1: url: http is for this machine only, with "
					"loopback = true; https"},
			{ONE("type = \"webhook\"; url = \"http://127.0.0.1/\"; secret = \"key\";"),
					"t.conf:1: url: http is for this machine only, with "
					"loopback = true; https"},
			{"ship = ( { type = \"journald\"; }, { type = \"journald\"; } );",
					"t.conf:1: ship: \"journald-59c58ef3\" is there twice"},
			{"metrics = \"localhost\";",
					"t.conf:1: metrics: \"localhost\" is no numeric address "
					"with a port (\"127.0.0.1:9388\")"},
			{"metrics = \"0.0.0.0:9388\";",
					"t.conf:1: metrics: \"0.0.0.0:9388\" is no address of this "
					"machine alone; anybody may ask there (metrics-remote = "
					"true allows it)"},
			{"metrics-remote = 1;", "t.conf:1: metrics-remote: must be true or false"},
	};
#undef ONE

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		if (read_text(cases[i].text) != SP_EFIELD) {
			fail_msg("taken: %s", cases[i].text);
		}
		assert_string_equal(errors.text[0], cases[i].error);
	}
}

static void test_without_memory(void **state)
{
	(void)state;
	for (long n = 0; n < 8; n++) {
		sp_mem_fail_after(n);
		int rc = read_text("ship = ( { type = \"journald\"; } );");
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_every_key),
			cmocka_unit_test(test_mistakes),
			cmocka_unit_test(test_without_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
