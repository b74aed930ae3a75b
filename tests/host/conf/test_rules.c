/* tests/host/conf/test_rules.c - every key of targets and rules, and every mistake that can be made in them. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "host/conf/conf.h"
#include "host/conf/zone.h"

#define DESK "targets = { desk = { kind = \"desktop\"; }; };\n"
/* A file with one rule that has one line of its own, the second. */
#define RULE(text) DESK "rules = ( {\n" text "\n } );"
/* A file with one RDP target, whose line is the second. */
#define RDP(text) "targets = { t = { kind = \"rdp\"; address = \"h\";\n" text "\n}; };"

static char dir[] = "/tmp/sp-test-rules-XXXXXX";
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

static void write_file(const char *text)
{
	FILE *f = fopen("t.conf", "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int read_text(const char *text)
{
	write_file(text);
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

static void test_rdp_target(void **state)
{
	good("auditors = \"x25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"; "
	     "targets = { db1 = { kind = \"rdp\"; address = \"10.0.0.5\"; description = \"the "
	     "database\";\n"
	     "trust = \"pin:sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\";\n"
	     "login = \"secret:db1-admin\"; security = \"tls\"; record = \"required\";\n"
	     "redirects = [\"10.0.0.0/24\", \"2001:db8::/32\"]; };\n"
	     "db2 = { kind = \"rdp\"; address = \"db2.example\"; login = \"same\"; domain = "
	     "\"CORP\"; trust = \"first-seen\"; };\n"
	     "db3 = { kind = \"rdp\"; address = \"[2001:db8::5]:3390\"; login = \"ask\"; security "
	     "= \"nla\"; trust = \"ca\"; record = \"no\"; };\n"
	     "db4 = { kind = \"rdp\"; address = \"2001:db8::5\"; record = \"wanted\"; record-input "
	     "= \"full\"; trust = "
	     "\"pin:00:01:02:03:04:05:06:07:08:09:0A:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:"
	     "1a:1b:1c:1d:1e:1f\"; };\n"
	     "};\nrules = ( { users = \"alice\"; } );");
	const struct sp_conf_target *t = sp_conf_target(&conf, "db1");
	assert_int_equal(t->kind, SP_CONF_RDP);
	assert_string_equal(t->address, "10.0.0.5:3389");
	assert_string_equal(t->text, "the database");
	assert_int_equal(t->trust, SP_CONF_TRUST_PIN);
	assert_int_equal(t->pin[0], 0);
	assert_int_equal(t->pin[31], 31);
	assert_int_equal(t->login, SP_CONF_LOGIN_SECRET);
	assert_string_equal(t->secret, "db1-admin");
	assert_true(t->tls_only);
	assert_int_equal(t->record, SP_CONF_RECORD_REQUIRED);
	assert_int_equal(t->n_redirects, 2);
	assert_int_equal(t->redirects[0].bits, 24);
	assert_int_equal(t->redirects[1].family, AF_INET6);
	const struct sp_conf_target *t4 = sp_conf_target(&conf, "db4");
	assert_memory_equal(t->pin, t4->pin, sizeof(t->pin));
	assert_string_equal(t4->address, "[2001:db8::5]:3389");
	assert_int_equal(t4->login, SP_CONF_LOGIN_ASK);
	t = sp_conf_target(&conf, "db2");
	assert_string_equal(t->address, "db2.example:3389");
	assert_int_equal(t->login, SP_CONF_LOGIN_SAME);
	assert_string_equal(t->domain, "CORP");
	assert_int_equal(t->trust, SP_CONF_TRUST_FIRST_SEEN);
	assert_false(t->tls_only);
	t = sp_conf_target(&conf, "db3");
	assert_string_equal(t->address, "[2001:db8::5]:3390");
	assert_int_equal(t->trust, SP_CONF_TRUST_CA);
	assert_int_equal(t4->record_input, SP_CONF_INPUT_FULL);
	assert_int_equal(t->record_input, SP_CONF_INPUT_TIMING);
	assert_int_equal(conf.n_auditors, 1);
	assert_int_equal(conf.auditor[0][31], 31);
	assert_int_equal(errors.n_warnings, 0);
}

static void test_nobody_to_read(void **state)
{
	good("targets = { db1 = { kind = \"rdp\"; address = \"10.0.0.5\";\nrecord = "
	     "\"wanted\"; };\n db2 = { kind = \"rdp\"; address = \"10.0.0.6\";\nrecord-input = "
	     "\"off\"; }; };\nrules = ( { users = \"alice\"; } );");
	assert_int_equal(errors.n_warnings, 2);
	assert_string_equal(errors.warning[0],
			"t.conf:2: warning: record: nothing is recorded: auditors are missing");
	assert_string_equal(errors.warning[1],
			"t.conf:4: warning: record-input: has a meaning with record only");
}

static void test_all_of_a_rule(void **state)
{
	good("countries-file = \"t.conf\"; require-token = true; notice = \"Be good.\\nOr "
	     "else.\";\n"
	     "targets = { desk = { kind = \"desktop\"; }; };\n"
	     "rules = (\n"
	     "{ name = \"all of it\"; users = [\"alice\", \"@ops\"];\n"
	     "  from = [\"10.8.0.0/16\", \"192.0.2.7\", \"2001:db8::/32\", "
	     "\"::ffff:10.9.0.0/112\"];\n"
	     "  interface = [\"wg0\"]; countries = [\"DE\", \"FR\"];\n"
	     "  hours = [\"Mon-Fri 08:00-18:00 Europe/Berlin\", \"22:00-06:00\", \"Sat,Sun\"];\n"
	     "  devices = [\"enrolled\"]; targets = [\"desk\"]; mfa = [\"totp\", \"device\"];\n"
	     "  clipboard = [\"text-in\", \"files-out\"]; drives = \"read\"; sound = false; "
	     "microphone = true; other = true;\n"
	     "  max = \"8h\"; idle = \"1h30m\"; approval = [\"@leads\", \"bob\"]; reason = true; "
	     "},\n"
	     "{ } );");
	const struct sp_conf_rule *r = &conf.rule[0];
	assert_int_equal(conf.n_rules, 2);
	assert_string_equal(r->name, "all of it");
	assert_string_equal(r->file, "t.conf");
	assert_int_equal(r->line, 4);
	assert_int_equal(r->n_users, 2);
	assert_string_equal(r->users[1], "@ops");
	assert_int_equal(r->n_from, 4);
	assert_int_equal(r->from[1].bits, 32);
	assert_int_equal(r->from[3].family, AF_INET);
	assert_int_equal(r->from[3].bits, 16);
	assert_memory_equal(r->from[3].addr, "\x0a\x09\0\0", 4);
	assert_string_equal(r->interfaces[0], "wg0");
	assert_string_equal(r->countries[1], "FR");
	assert_int_equal(r->n_hours, 3);
	assert_int_equal(r->hours[0].days, 0x1f);
	assert_int_equal(r->hours[0].from, 480);
	assert_int_equal(r->hours[0].until, 1080);
	assert_string_equal(r->hours[0].zone, "Europe/Berlin");
	assert_ptr_equal(r->hours[1].clock, r->hours[2].clock);
	assert_int_equal(sp_zone_at(r->hours[0].clock, 1800000000).offset, 3600);
	assert_int_equal(r->devices, SP_CONF_DEVICE_ENROLLED);
	assert_string_equal(r->targets[0], "desk");
	assert_int_equal(r->mfa, SP_CONF_FACTOR_TOTP | SP_CONF_FACTOR_DEVICE);
	assert_int_equal(r->channels.clipboard, SP_CONF_CLIP_TEXT_IN | SP_CONF_CLIP_FILES_OUT);
	assert_int_equal(r->channels.drives, SP_CONF_DRIVES_READ);
	assert_false(r->channels.sound);
	assert_true(r->channels.microphone);
	assert_true(r->channels.other);
	assert_int_equal(r->max_s, 8 * 3600);
	assert_int_equal(r->idle_s, 5400);
	assert_int_equal(r->n_approval, 2);
	assert_true(r->reason);
	assert_true(conf.require_token);
	assert_string_equal(conf.notice, "Be good.\nOr else.");
	assert_string_equal(conf.countries, "./t.conf");
	/* What a rule that says nothing lets through. */
	r = &conf.rule[1];
	assert_string_equal(r->name, "rule 2");
	assert_int_equal(r->channels.clipboard, SP_CONF_CLIP_TEXT_IN | SP_CONF_CLIP_TEXT_OUT);
	assert_int_equal(r->channels.drives, 0);
	assert_true(r->channels.sound);
	assert_false(r->channels.microphone);
	assert_false(r->channels.other);
	assert_false(r->desktops);
	assert_int_equal(r->mfa, 0);
	assert_int_equal(r->max_s, 0);
}

static void test_words_of_a_rule(void **state)
{
	static const struct {
		const char *text;
		uint32_t clipboard, drives;
	} rows[] = {
			{RULE("clipboard = \"none\"; drives = \"none\";"), 0, 0},
			{RULE("clipboard = \"text-in\"; drives = \"read\";"), 1, 1},
			{RULE("clipboard = \"text-out\"; drives = \"read-write\";"), 2, 2},
			{RULE("clipboard = \"text\";"), 3, 0},
			{RULE("clipboard = [\"files-in\"];"), 4, 0},
			{RULE("clipboard = (\"text\", \"files-out\");"), 11, 0},
			{RULE("clipboard = \"all\";"), 31, 0},
	};
	static const struct {
		const char *text;
		uint32_t mfa;
	} factors[] = {
			{RULE("mfa = \"none\";"), SP_CONF_FACTOR_NONE},
			{RULE("mfa = [\"totp\"];"), SP_CONF_FACTOR_TOTP},
			{RULE("mfa = [\"token\"];"), SP_CONF_FACTOR_TOKEN},
			{RULE("mfa = [\"device\", \"totp\"];"),
					SP_CONF_FACTOR_DEVICE | SP_CONF_FACTOR_TOTP},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		good(rows[i].text);
		assert_int_equal(conf.rule[0].channels.clipboard, rows[i].clipboard);
		assert_int_equal(conf.rule[0].channels.drives, rows[i].drives);
	}
	for (size_t i = 0; i < SP_LEN(factors); i++) {
		good(factors[i].text);
		assert_int_equal(conf.rule[0].mfa, factors[i].mfa);
	}
}

/* A file, and how each mistake found in it begins; NULL after the last. */
static const struct {
	const char *text;
	const char *want[4];
} bad[] = {
		/* targets */
		{"targets = { t = { kind = \"ftp\"; }; };",
				{"t.conf:1: kind: \"ftp\" is not \"desktop\" or \"rdp\""}},
		{"targets = { t = { kind = \"rdp\"; }; };", {"t.conf:1: t: address is missing"}},
		{RDP("address2 = 1;"), {"t.conf:2: address2: key is not known"}},
		{RDP("account = \"same\"; session = \"x\";"),
				{"t.conf:2: account: is for targets of kind \"desktop\"",
						"t.conf:2: session: is for targets of kind"}},
		{"targets = { t = { kind = \"desktop\";\n address = \"h\";\n login = \"ask\"; }; "
		 "};",
				{"t.conf:2: address: is for targets of kind \"rdp\"",
						"t.conf:3: login: is for targets of kind \"rdp\""}},
		{RDP("trust = \"any\";"), {"t.conf:2: trust: \"any\" is not \"ca\""}},
		{RDP("trust = \"pin:sha256/AAAA\";"), {"t.conf:2: trust: the pin must be"}},
		{RDP("trust = \"pin:00ff\";"), {"t.conf:2: trust: the pin must be"}},
		{RDP("trust = \"pin:\";"), {"t.conf:2: trust: the pin must be"}},
		{RDP("trust = 1;"), {"t.conf:2: trust: must be a text"}},
		{RDP("login = \"secret:\";"), {"t.conf:2: login: \"secret:\" is not"}},
		{RDP("login = \"secret:a b\";"), {"t.conf:2: login: \"secret:a b\" is not"}},
		{RDP("login = \"root\";"), {"t.conf:2: login: \"root\" is not \"ask\""}},
		{RDP("login = 5;"), {"t.conf:2: login: must be a text"}},
		{RDP("domain = \"X\";"), {"t.conf:2: domain: has a meaning with"}},
		{RDP("security = \"rdp\";"), {"t.conf:2: security: \"rdp\" is not \"nla\" or"}},
		{RDP("record = \"required\";"),
				{"t.conf:2: record: nobody could read it: auditors are missing"}},
		{RDP("record-input = \"some\";"),
				{"t.conf:2: record-input: \"some\" is not \"timing\", \"off\""}},
		{"auditors = [\"x25519:AAAA\",\n\"ed25519:AAA\"];",
				{"t.conf:1: auditors: \"x25519:AAAA\" is no public key",
						"t.conf:2: auditors: \"ed25519:AAA\" is no"}},
		{"auditors = [\"x25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\",\n"
		 "\"x25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"];",
				{"t.conf:2: auditors: "
				 "\"x25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaG"
				 "xwdHh8=\" is there twice"}},
		{RDP("record = \"yes\";"), {"t.conf:2: record: \"yes\" is not \"no\", \"wanted\""}},
		{RDP("redirects = \"10.0.0.0/33\";"),
				{"t.conf:2: redirects: \"10.0.0.0/33\" is no network"}},
		{RDP("redirects = [\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\","
		     "\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\",\"1.1.1.1\"];"),
				{"t.conf:2: redirects: must have 1 to 8"}},
		{RDP("description = \"a\\x07\";"), {"t.conf:2: description: must be one line"}},
		{RDP("description = "
		     "\"1234567890123456789012345678901234567890123456789012345678901234567"
		     "89012\";"),
				{"t.conf:2: description: is longer than 71 bytes"}},
		/* the file */
		{"notice = 1;", {"t.conf:1: notice: must be a text"}},
		{"notice = \"\\xff\";", {"t.conf:1: notice: must be UTF-8"}},
		{"notice = \"a\\x1b[1m\";", {"t.conf:1: notice: must be UTF-8"}},
		{"countries-file = \"/nowhere/x\";",
				{"t.conf:1: countries-file: /nowhere/x: No such file"}},
		{"countries-file = \"/\";", {"t.conf:1: countries-file: / is no file"}},
		{"require-token = \"yes\";", {"t.conf:1: require-token: must be true or false"}},
		/* rules */
		{"rules = 1;", {"t.conf:1: rules: must be a list of groups"}},
		{"rules = { };", {"t.conf:1: rules: must be a list of groups"}},
		{"rules = [\"a\"];", {"t.conf:1: rules: must be a list of groups"}},
		{"rules = ( 1 );", {"t.conf:1: rules: must be a group"}},
		{RULE("user = \"a\";"), {"t.conf:3: user: key is not known"}},
		{RULE("name = \"\";"), {"t.conf:3: name: must be one line"}},
		{RULE("users = [];"), {"t.conf:3: users: must have 1 to 32 entries"}},
		{RULE("users = 1;"), {"t.conf:3: users: must be a list of texts"}},
		{RULE("users = [1];"), {"t.conf:3: users: must be a text"}},
		{RULE("users = [\"a b\"];"), {"t.conf:3: users: \"a b\" is no name"}},
		{RULE("users = [\"@\"];"), {"t.conf:3: users: \"@\" is no name"}},
		{RULE("users = [\"*\"];"), {"t.conf:3: users: \"*\" is no name"}},
		{RULE("users = (\"a\",\n\"Alice\");"), {"t.conf:4: users: \"Alice\" is no name"}},
		{RULE("from = [\"10.8.0.0/16\", \"vpn\"];"),
				{"t.conf:3: from: \"vpn\" is no network"}},
		{RULE("from = [\"10.8.0.1/16\"];"),
				{"t.conf:3: from: \"10.8.0.1/16\" has bits behind"}},
		{RULE("from = \"10.8.0.0/\";"), {"t.conf:3: from: \"10.8.0.0/\" is no network"}},
		{RULE("from = \"::/129\";"), {"t.conf:3: from: \"::/129\" is no network"}},
		{RULE("interface = \"a/b\";"), {"t.conf:3: interface: \"a/b\" is no name"}},
		{RULE("interface = \"0123456789abcdef\";"), {"t.conf:3: interface: \"0123"}},
		{"countries-file = \"t.conf\";" RULE("countries = [\"de\"];"),
				{"t.conf:3: countries: \"de\" is not two capitals"}},
		{RULE("countries = [\"DE\"];"), {"t.conf:3: countries: countries-file is missing"}},
		{RULE("hours = \"Mon-Fry 08:00-18:00\";"), {"t.conf:3: hours: \"Mon-Fry 08"}},
		{RULE("hours = \"25:00-26:00\";"), {"t.conf:3: hours: \"25:00-26:00\" is not"}},
		{RULE("hours = \"08:00-18:00 Europe/Nowhere\";"),
				{"t.conf:3: hours: time zone \"Europe/Nowhere\" does not exist"}},
		{RULE("hours = \"08:00-18:00 Europe\";"),
				{"t.conf:3: hours: time zone \"Europe\""}},
		{RULE("devices = \"known\";"),
				{"t.conf:3: devices: \"known\" is not \"enrolled\""}},
		{RULE("targets = [\"desk\", \"db9\"];"),
				{"t.conf:3: targets: there is no target \"db9\""}},
		{RULE("mfa = \"sms\";"), {"t.conf:3: mfa: \"sms\" is not \"none\", \"totp\""}},
		{RULE("devices = \"enrolled\"; mfa = \"token\";"), {"t.conf:3: mfa: with devices"}},
		{RULE("clipboard = \"in\";"), {"t.conf:3: clipboard: \"in\" is not \"none\""}},
		{RULE("drives = \"write\";"), {"t.conf:3: drives: \"write\" is not \"none\""}},
		{RULE("sound = \"on\";"), {"t.conf:3: sound: must be true or false"}},
		{RULE("microphone = 1;\nother = 1;\nreason = 1;"),
				{"t.conf:3: microphone: must be", "t.conf:4: other: must be",
						"t.conf:5: reason: must be"}},
		{RULE("max = \"8\";\nidle = 30;"),
				{"t.conf:3: max: \"8\" is no time",
						"t.conf:4: idle: must be a text"}},
		{RULE("max = \"32d\";"), {"t.conf:3: max: \"32d\" is no time"}},
		{RULE("approval = [\"@\"];"), {"t.conf:3: approval: \"@\" is no name"}},
};

static void test_bad(void **state)
{
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		size_t n = 0;
		int rc = read_text(bad[i].text);
		if (rc != SP_EFIELD) {
			fail_msg("file %zu was taken: %s", i, bad[i].text);
		}
		for (; n < SP_LEN(bad[i].want) && bad[i].want[n] != NULL; n++) {
			if (n >= errors.n ||
					strncmp(errors.text[n], bad[i].want[n],
							strlen(bad[i].want[n])) != 0) {
				fail_msg("file %zu: \"%s\" instead of \"%s\"", i,
						n < errors.n ? errors.text[n] : "nothing",
						bad[i].want[n]);
			}
		}
		if (errors.n != n) {
			fail_msg("file %zu: also \"%s\"", i, errors.text[n]);
		}
		/* What is left is the default. */
		assert_int_equal(conf.n_rules, 1);
		assert_int_equal(conf.rule[0].line, 0);
	}
}

/* The first rule, the second, and whether the second can be reached. */
static const struct {
	const char *first, *second;
	bool reached;
} pairs[] = {
		{"", "users = \"alice\";", false},
		{"users = \"alice\";", "", true},
		{"users = [\"alice\", \"@ops\"];", "users = \"@ops\";", false},
		{"users = \"alice\";", "users = [\"alice\", \"bob\"];", true},
		{"users = \"@ops\";", "users = \"alice\";", true},
		{"from = \"10.0.0.0/8\";", "from = [\"10.1.0.0/16\", \"10.2.3.4\"];", false},
		{"from = \"10.0.0.0/8\";", "from = [\"10.1.0.0/16\", \"11.2.3.4\"];", true},
		{"from = \"10.0.0.0/8\";", "from = \"2001:db8::1\";", true},
		{"from = \"10.1.0.0/16\";", "from = \"10.0.0.0/8\";", true},
		{"from = \"0.0.0.0/0\";", "", true},
		{"targets = [\"desk\"];", "targets = [\"desk\"];", false},
		{"targets = [\"desk\"];", "", true},
		{"hours = \"Mon-Fri 08:00-18:00\";", "hours = \"Tue 08:00-18:00\";", false},
		{"hours = \"Mon-Fri 08:00-18:00\";", "hours = \"Sat 08:00-18:00\";", true},
		{"hours = \"Mon-Fri 08:00-18:00\";",
				"hours = \"Mon-Fri 08:00-18:00 Europe/Berlin\";", true},
		{"hours = \"Mon-Fri\";", "", true},
		{"devices = \"enrolled\";", "", true},
		{"", "devices = \"enrolled\";", false},
		{"interface = \"wg0\";", "interface = \"wg0\"; users = \"a\";", false},
		{"interface = \"wg0\";", "interface = \"wg1\";", true},
		{"countries = \"DE\";", "countries = [\"DE\", \"FR\"];", true},
		{"countries = [\"DE\", \"FR\"];", "countries = \"FR\";", false},
		/* What a rule gives has no part in it. */
		{"mfa = \"totp\"; max = \"1h\";", "mfa = \"none\"; sound = false;", false},
};

static void test_never_reached(void **state)
{
	char text[512];

	for (size_t i = 0; i < SP_LEN(pairs); i++) {
		snprintf(text, sizeof(text),
				"countries-file = \"t.conf\"; " DESK
				"rules = ( { name = \"first\"; %s }, \n { name = \"second\"; %s } "
				");",
				pairs[i].first, pairs[i].second);
		good(text);
		if ((errors.n_warnings == 0) != pairs[i].reached) {
			fail_msg("%s: %s", text,
					errors.n_warnings > 0 ? errors.warning[0] : "no warning");
		}
		if (!pairs[i].reached) {
			assert_string_equal(errors.warning[0],
					"t.conf:3: warning: rules: \"second\" is never reached: "
					"\"first\" (line 2) matches before it");
		}
	}
	/* Of a list with a mistake in it nobody knows what it was to match. */
	assert_int_equal(read_text(DESK "rules = ( { users = \"A\"; }, { } );"), SP_EFIELD);
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.n_warnings, 0);
}

static void test_warnings(void **state)
{
	good("targets = { a = { kind = \"desktop\"; };\n b = { kind = \"rdp\"; address = \"h\"; }; "
	     "};\n"
	     "rules = ( { targets = \"a\"; mfa = [\"none\", \"totp\"]; } );");
	assert_int_equal(errors.n_warnings, 2);
	assert_string_equal(errors.warning[0],
			"t.conf:3: warning: mfa: with \"none\" in it, nothing "
			"else is ever asked");
	assert_string_equal(errors.warning[1], "t.conf:2: warning: targets: no rule reaches \"b\"");
	/* The built-in rule is for desktops. */
	good("targets = { a = { kind = \"desktop\"; };\n b = { kind = \"rdp\"; address = \"h\"; }; "
	     "};");
	assert_int_equal(errors.n_warnings, 1);
	assert_non_null(strstr(errors.warning[0],
			"t.conf:2: warning: targets: no rule reaches \"b\" "
			"(without rules"));
	good(RULE("users = \"a\";"));
	assert_int_equal(errors.n_warnings, 0);
}

static void test_references(void **state)
{
	struct sp_conf *c;

	write_file(RULE("hours = \"08:00-18:00\";"));
	assert_int_equal(sp_conf_load("t.conf", &errors, &c), SP_OK);
	const struct sp_conf_rule *rule = c->rule;
	assert_ptr_equal(sp_conf_ref(c), c);
	sp_conf_unref(c);
	assert_int_equal(rule->n_hours, 1);
	sp_conf_unref(c);
	sp_conf_unref(NULL);
	write_file("rules = 1;");
	assert_int_equal(sp_conf_load("t.conf", &errors, &c), SP_EFIELD);
	assert_null(c);
	assert_int_equal(errors.n, 1);
}

static void test_out_of_memory(void **state)
{
	struct sp_conf *c = NULL;
	int rc = SP_ENOMEM;

	write_file(RULE("hours = \"08:00-18:00 Europe/Berlin\";"));
	for (long n = 0; rc != SP_OK; n++) {
		assert_true(n < 20);
		sp_mem_fail_after(n);
		rc = sp_conf_load("t.conf", &errors, &c);
		sp_mem_fail_after(-1);
		if (rc != SP_OK) {
			assert_null(c);
			assert_true(errors.n > 0);
		}
	}
	sp_conf_unref(c);
	sp_mem_fail_after(0);
	sp_conf_finish(&conf);
	sp_conf_default(&conf);
	sp_mem_fail_after(-1);
	assert_int_equal(conf.n_rules, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rdp_target),
			cmocka_unit_test(test_nobody_to_read),
			cmocka_unit_test(test_all_of_a_rule),
			cmocka_unit_test(test_words_of_a_rule),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_never_reached),
			cmocka_unit_test(test_warnings),
			cmocka_unit_test(test_references),
			cmocka_unit_test(test_out_of_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
