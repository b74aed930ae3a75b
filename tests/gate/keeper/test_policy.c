/* tests/gate/keeper/test_policy.c - one row per clause of a rule, each hit and each miss. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/utf16.h"
#include "gate/keeper/policy.h"
#include "gate/keeper/policy_hours.h"
#include "host/conf/words.h"
#include "host/conf/zone.h"

/* 2026-11-23 is a Monday; in Berlin it is an hour later than in UTC. */
#define MON_NOON "2026-11-23 11:00"

static char dir[] = "/tmp/sp-test-policy-XXXXXX";
static struct sp_conf conf;
static struct sp_conf_errors errors;

static const char text[] =
		"countries-file = \"t.conf\";\n"
		"targets = {\n"
		"  desk = { kind = \"desktop\"; };\n"
		"  db1 = { kind = \"rdp\"; address = \"10.0.0.5\"; };\n"
		"  db2 = { kind = \"rdp\"; address = \"10.0.0.6\"; };\n"
		"  web = { kind = \"rdp\"; address = \"10.0.0.7\"; };\n"
		"};\n"
		"rules = (\n"
		" { name = \"user\"; users = [\"alice\", \"bob\"]; targets = [\"desk\"]; },\n"
		" { name = \"group\"; users = [\"@ops\"]; targets = [\"desk\", \"db1\"]; mfa = "
		"[\"device\", \"totp\"]; },\n"
		" { name = \"net4\"; users = [\"net\"]; from = [\"10.8.0.0/16\", \"192.0.2.7\", "
		"\"198.51.100.128/25\"]; targets = [\"db1\"]; },\n"
		" { name = \"net6\"; users = [\"net\"]; from = [\"2001:db8::/32\", "
		"\"2001:db9::1\"]; "
		"targets = [\"db1\"]; },\n"
		" { name = \"vpn\"; users = [\"iface\"]; interface = [\"wg0\", \"wg1\"]; targets = "
		"[\"db1\"]; },\n"
		" { name = \"geo\"; users = [\"geo\"]; countries = [\"DE\", \"FR\"]; targets = "
		"[\"db1\"]; "
		"},\n"
		" { name = \"office\"; users = [\"office\"]; hours = [\"Mon-Fri 08:00-18:00 "
		"Europe/Berlin\"]; targets = [\"db1\"]; },\n"
		" { name = \"night\"; users = [\"night\"]; hours = [\"Fri 22:00-06:00 "
		"Europe/Berlin\"]; "
		"targets = [\"db1\"]; },\n"
		" { name = \"device\"; users = [\"dev\"]; devices = [\"enrolled\"]; targets = "
		"[\"db1\"]; "
		"},\n"
		" { name = \"early\"; users = [\"order\"]; targets = [\"db1\"]; mfa = \"none\"; "
		"},\n"
		" { name = \"late\"; users = [\"order\"]; mfa = \"token\"; },\n"
		" { name = \"all of it\"; users = [\"@all\"]; from = [\"10.0.0.0/8\"]; interface = "
		"[\"wg0\"]; countries = [\"DE\"]; hours = [\"Mon-Fri 08:00-18:00 Europe/Berlin\"]; "
		"devices = [\"enrolled\"]; targets = [\"db2\"]; }\n"
		");\n";

static int setup(void **state)
{
	FILE *f;

	if (mkdtemp(dir) == NULL || chdir(dir) != 0 || (f = fopen("t.conf", "w")) == NULL) {
		return -1;
	}
	bool ok = fputs(text, f) >= 0;
	ok = fclose(f) == 0 && ok;
	if (!ok || sp_conf_read(&conf, "t.conf", &errors) != SP_OK) {
		print_error("%s\n", errors.text[0]);
		return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	sp_conf_finish(&conf);
	unlink("t.conf");
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int64_t moment(const char *utc)
{
	unsigned y, mo, d, h, mi;

	assert_int_equal(sscanf(utc, "%u-%u-%u %u:%u", &y, &mo, &d, &h, &mi), 5);
	return sp_zone_days(y, mo, d) * 86400 + h * 3600 + mi * 60;
}

static void source_of(const char *from, struct sp_source *s)
{
	*s = (struct sp_source){.family = strchr(from, ':') ? AF_INET6 : AF_INET};
	assert_int_equal(inet_pton((int)s->family, from, s->addr), 1);
}

/* carol is in ops, eve in all. */
static bool member(void *arg, const char *group)
{
	const char *user = arg;

	return (strcmp(user, "carol") == 0 && strcmp(group, "ops") == 0) ||
			(strcmp(user, "eve") == 0 && strcmp(group, "all") == 0);
}

/* What begins with 1 is in Germany, with 2 in France, with 8 in the United States. */
static bool country(void *arg, const struct sp_source *s, char out[4])
{
	static const char *const codes[10] = {[1] = "DE", [2] = "FR", [8] = "US"};
	char addr[INET6_ADDRSTRLEN];

	assert_non_null(inet_ntop((int)s->family, s->addr, addr, sizeof(addr)));
	const char *code = '0' <= addr[0] && addr[0] <= '9' ? codes[addr[0] - '0'] : NULL;
	snprintf(out, 4, "%s", code != NULL ? code : "");
	return code != NULL;
}

static const struct row {
	const char *user, *target, *from, *interface, *when;
	bool device;
	const char *rule; /* NULL: none */
	const char *why; /* in parentheses; NULL: none */
} rows[] = {
		/* users */
		{"alice", "desk", "192.0.2.7", "", MON_NOON, false, "user", NULL},
		{"bob", "desk", "192.0.2.7", "", MON_NOON, false, "user", NULL},
		{"carol", "desk", "192.0.2.7", "", MON_NOON, false, "group", NULL},
		{"carol", "db1", "192.0.2.7", "", MON_NOON, false, "group", NULL},
		{"mallory", "desk", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"ops", "desk", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"@ops", "desk", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"Alice", "desk", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"", "desk", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{NULL, "desk", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		/* targets */
		{"alice", "db1", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"carol", "db2", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"order", "web", "192.0.2.7", "", MON_NOON, false, "late", NULL},
		/* What the configuration does not have is not even "every target". */
		{"order", "nowhere", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"order", "", "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		{"order", NULL, "192.0.2.7", "", MON_NOON, false, NULL, NULL},
		/* the first that matches */
		{"order", "db1", "192.0.2.7", "", MON_NOON, false, "early", NULL},
		{"order", "desk", "192.0.2.7", "", MON_NOON, false, "late", NULL},
		/* from */
		{"net", "db1", "10.8.0.0", "", MON_NOON, false, "net4", NULL},
		{"net", "db1", "10.8.255.255", "", MON_NOON, false, "net4", NULL},
		{"net", "db1", "10.9.0.0", "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		{"net", "db1", "10.7.255.255", "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		{"net", "db1", "192.0.2.7", "", MON_NOON, false, "net4", NULL},
		{"net", "db1", "192.0.2.6", "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		{"net", "db1", "198.51.100.128", "", MON_NOON, false, "net4", NULL},
		{"net", "db1", "198.51.100.127", "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		{"net", "db1", "::ffff:10.8.3.4", "", MON_NOON, false, "net4", NULL},
		{"net", "db1", "::10.8.3.4", "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		{"net", "db1", "2001:db8::", "", MON_NOON, false, "net6", NULL},
		{"net", "db1", "2001:db8:ffff:ffff::1", "", MON_NOON, false, "net6", NULL},
		{"net", "db1", "2001:db9::1", "", MON_NOON, false, "net6", NULL},
		{"net", "db1", "2001:db9::2", "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		{"net", "db1", NULL, "", MON_NOON, false, NULL,
				"net4: not from one of its networks"},
		/* interface */
		{"iface", "db1", "192.0.2.7", "wg0", MON_NOON, false, "vpn", NULL},
		{"iface", "db1", "192.0.2.7", "wg1", MON_NOON, false, "vpn", NULL},
		{"iface", "db1", "192.0.2.7", "wg", MON_NOON, false, NULL,
				"vpn: not by one of its interfaces, but wg"},
		{"iface", "db1", "192.0.2.7", "eth0", MON_NOON, false, NULL,
				"vpn: not by one of its interfaces, but eth0"},
		{"iface", "db1", "192.0.2.7", "", MON_NOON, false, NULL,
				"vpn: interface not known"},
		{"iface", "db1", "192.0.2.7", NULL, MON_NOON, false, NULL,
				"vpn: interface not known"},
		/* countries */
		{"geo", "db1", "192.0.2.7", "", MON_NOON, false, "geo", NULL},
		{"geo", "db1", "::ffff:203.0.113.1", "", MON_NOON, false, "geo", NULL},
		{"geo", "db1", "2001:db8::1", "", MON_NOON, false, "geo", NULL},
		{"geo", "db1", "8.8.8.8", "", MON_NOON, false, NULL,
				"geo: not from one of its countries, but US"},
		{"geo", "db1", "9.9.9.9", "", MON_NOON, false, NULL, "geo: country not known"},
		{"geo", "db1", NULL, "", MON_NOON, false, NULL, "geo: country not known"},
		/* hours: 8:00 is 7:00 UTC in winter and 6:00 in summer */
		{"office", "db1", "192.0.2.7", "", "2026-11-23 06:59", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-11-23 07:00", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-11-23 16:59", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-11-23 17:00", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-11-27 12:00", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-11-28 12:00", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-11-22 12:00", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-07-01 06:00", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-07-01 05:59", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-07-01 16:00", false, NULL,
				"office: outside its hours"},
		/* The last working day before clocks change, and the first after. */
		{"office", "db1", "192.0.2.7", "", "2026-03-27 07:00", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-03-27 06:00", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-03-30 06:00", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-10-23 06:00", false, "office", NULL},
		{"office", "db1", "192.0.2.7", "", "2026-10-26 06:00", false, NULL,
				"office: outside its hours"},
		{"office", "db1", "192.0.2.7", "", "2026-10-26 07:00", false, "office", NULL},
		/* Past midnight, of the day on which it begins. */
		{"night", "db1", "192.0.2.7", "", "2026-11-27 20:59", false, NULL,
				"night: outside its hours"},
		{"night", "db1", "192.0.2.7", "", "2026-11-27 21:00", false, "night", NULL},
		{"night", "db1", "192.0.2.7", "", "2026-11-27 23:30", false, "night", NULL},
		{"night", "db1", "192.0.2.7", "", "2026-11-28 04:59", false, "night", NULL},
		{"night", "db1", "192.0.2.7", "", "2026-11-28 05:00", false, NULL,
				"night: outside its hours"},
		{"night", "db1", "192.0.2.7", "", "2026-11-28 21:00", false, NULL,
				"night: outside its hours"},
		{"night", "db1", "192.0.2.7", "", "2026-11-27 00:30", false, NULL,
				"night: outside its hours"},
		/* devices */
		{"dev", "db1", "192.0.2.7", "", MON_NOON, true, "device", NULL},
		{"dev", "db1", "192.0.2.7", "", MON_NOON, false, NULL,
				"device: not on an enrolled device"},
		/* all of them, and each missing alone */
		{"eve", "db2", "10.0.0.1", "wg0", MON_NOON, true, "all of it", NULL},
		{"dave", "db2", "10.0.0.1", "wg0", MON_NOON, true, NULL, NULL},
		{"eve", "web", "10.0.0.1", "wg0", MON_NOON, true, NULL, NULL},
		{"eve", "db2", "11.0.0.1", "wg0", MON_NOON, true, NULL,
				"all of it: not from one of its networks"},
		{"eve", "db2", "10.0.0.1", "eth0", MON_NOON, true, NULL,
				"all of it: not by one of its interfaces, but eth0"},
		{"eve", "db2", "10.0.0.1", "wg0", "2026-11-22 12:00", true, NULL,
				"all of it: outside its hours"},
		{"eve", "db2", "10.0.0.1", "wg0", MON_NOON, false, NULL,
				"all of it: not on an enrolled device"},
};

static void ask_of(const struct row *r, struct sp_source *source, struct sp_policy_ask *ask)
{
	if (r->from != NULL) {
		source_of(r->from, source);
	}
	*ask = (struct sp_policy_ask){.user = r->user,
			.source = r->from != NULL ? source : NULL,
			.interface = r->interface,
			.target = r->target,
			.now = moment(r->when),
			.device = r->device,
			.member = r->user != NULL ? member : NULL,
			.country = country,
			.arg = (void *)(uintptr_t)r->user};
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		const struct row *r = &rows[i];
		struct sp_policy_ask ask;
		struct sp_source source;
		struct sp_policy_verdict v;
		char near[128] = "";

		ask_of(r, &source, &ask);
		sp_policy_decide(&conf, &ask, &v);
		const char *got = v.rule != NULL ? v.rule->name : "none";
		if (strcmp(got, r->rule != NULL ? r->rule : "none") != 0) {
			fail_msg("row %zu (%s to %s, %s): %s, %s", i, r->user, r->target, r->when,
					got, v.why);
		}
		assert_int_equal(v.allow, r->rule != NULL);
		assert_int_equal(v.factors != 0, v.allow);
		if (v.allow) {
			assert_string_equal(v.why, r->rule);
			continue;
		}
		if (r->why != NULL) {
			snprintf(near, sizeof(near), "(%s)", r->why);
		}
		if (strstr(v.why, "no rule lets ") != v.why ||
				(near[0] != '\0' ? strstr(v.why, near) == NULL
						 : strchr(v.why, '(') != NULL)) {
			fail_msg("row %zu: \"%s\" instead of \"%s\"", i, v.why, near);
		}
	}
}

static void test_words(void **state)
{
	struct sp_source source;
	struct sp_policy_ask ask;
	struct sp_policy_verdict v;
	struct row r = rows[0];

	r.user = "office";
	r.target = "db1";
	r.from = "::ffff:192.0.2.7";
	r.when = "2026-11-22 21:00";
	ask_of(&r, &source, &ask);
	sp_policy_decide(&conf, &ask, &v);
	assert_string_equal(v.why,
			"no rule lets office reach db1 from 192.0.2.7 now (office: outside its "
			"hours)");
	for (int i = 0; i < SP_POLICY_CLAUSES; i++) {
		char out[64];
		assert_true(strlen(sp_policy_clause_text((enum sp_policy_clause)i)) > 0);
		sp_policy_miss((enum sp_policy_clause)i, &ask, out);
		assert_true(strlen(out) > 0);
	}
	/* Cut at a character. */
	char user[65];
	for (size_t i = 0; i < 64; i += 2) {
		memcpy(user + i, "\xc3\xbc", 2);
	}
	user[64] = '\0';
	for (size_t n = 0; n < 2; n++) {
		struct sp_conf long_conf = conf;
		char name[2 * SP_CONF_NAME] = "x";
		for (size_t i = n; i + 2 < sizeof(name); i += 2) {
			memcpy(name + i, "\xc3\xbc", 2);
		}
		struct sp_conf_rule rule = {.n_from = 1};
		snprintf(rule.name, sizeof(rule.name), "%s", name);
		long_conf.rule = &rule;
		long_conf.n_rules = 1;
		ask.user = user;
		sp_policy_decide(&long_conf, &ask, &v);
		assert_false(v.allow);
		assert_true(strlen(v.why) >= SP_TEXT_WHY - 2);
		assert_true(sp_words_clean(v.why, false));
	}
}

static void test_clauses(void **state)
{
	struct sp_source source;
	struct sp_policy_ask ask;
	struct row r = {"eve", "db2", "11.0.0.1", "eth0", "2026-11-22 12:00", false, NULL, NULL};
	const struct sp_conf_rule *all = &conf.rule[conf.n_rules - 1];

	/* The first that does not hold, in their order. */
	ask_of(&r, &source, &ask);
	ask.user = "dave";
	ask.arg = (void *)(uintptr_t)ask.user;
	ask.target = "web";
	ask.country = NULL;
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_USERS);
	ask.user = "eve";
	ask.arg = (void *)(uintptr_t)ask.user;
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_TARGETS);
	ask.target = "db2";
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_FROM);
	source_of("10.0.0.1", &source);
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_INTERFACE);
	ask.interface = "wg0";
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_COUNTRIES);
	ask.country = country;
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_HOURS);
	ask.now = moment(MON_NOON);
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_DEVICES);
	ask.device = true;
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_MATCH);
	/* Who cannot be asked for his groups is in none. */
	ask.member = NULL;
	assert_int_equal(sp_policy_clause(&conf, all, &ask), SP_POLICY_USERS);
}

static void test_factors(void **state)
{
	static const struct {
		const char *user, *target;
		enum sp_conf_mfa mfa;
		uint32_t factors;
		bool optional;
	} cases[] = {
			{"alice", "desk", SP_CONF_MFA_REQUIRED, SP_CONF_FACTOR_TOTP, false},
			{"alice", "desk", SP_CONF_MFA_ENROLLED, SP_CONF_FACTOR_TOTP, true},
			{"alice", "desk", SP_CONF_MFA_NONE, SP_CONF_FACTOR_NONE, false},
			/* What a rule says goes before what the file says. */
			{"carol", "db1", SP_CONF_MFA_NONE,
					SP_CONF_FACTOR_TOTP | SP_CONF_FACTOR_DEVICE, false},
			{"order", "db1", SP_CONF_MFA_REQUIRED, SP_CONF_FACTOR_NONE, false},
			{"order", "web", SP_CONF_MFA_ENROLLED, SP_CONF_FACTOR_TOKEN, false},
	};
	enum sp_conf_mfa was = conf.mfa;

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		struct row r = {cases[i].user, cases[i].target, "192.0.2.7", "", MON_NOON, false,
				NULL, NULL};
		struct sp_source source;
		struct sp_policy_ask ask;
		struct sp_policy_verdict v;

		conf.mfa = cases[i].mfa;
		ask_of(&r, &source, &ask);
		sp_policy_decide(&conf, &ask, &v);
		assert_int_equal(v.factors, cases[i].factors);
		assert_int_equal(v.optional, cases[i].optional);
	}
	conf.mfa = was;
}

static void test_targets(void **state)
{
	static const struct {
		const char *user, *when;
		size_t n, index[4];
		const char *why;
	} cases[] = {
			{"alice", MON_NOON, 1, {0}, ""},
			{"carol", MON_NOON, 2, {0, 1}, ""},
			{"order", MON_NOON, 4, {0, 1, 2, 3}, ""},
			{"office", MON_NOON, 1, {1}, ""},
			{"office", "2026-11-22 12:00", 0, {0},
					"no rule lets office in from 192.0.2.7 now (office: "
					"outside "
					"its hours)"},
			{"mallory", MON_NOON, 0, {0}, "no rule lets mallory in from 192.0.2.7 now"},
	};
	size_t index[8];

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		struct row r = {cases[i].user, NULL, "192.0.2.7", "", cases[i].when, false, NULL,
				NULL};
		struct sp_source source;
		struct sp_policy_ask ask;
		char why[SP_TEXT_WHY];

		ask_of(&r, &source, &ask);
		assert_int_equal(sp_policy_targets(&conf, &ask, index, SP_LEN(index), why),
				cases[i].n);
		for (size_t k = 0; k < cases[i].n; k++) {
			assert_int_equal(index[k], cases[i].index[k]);
		}
		assert_string_equal(why, cases[i].why);
		if (cases[i].n > 1) {
			assert_int_equal(sp_policy_targets(&conf, &ask, index, 1, why), 1);
		}
	}
}

/* Nobody gets to what has to be recorded and nobody could read, whatever the rules say. */
static void test_record(void **state)
{
	struct sp_policy_ask ask = {.user = "order", .target = "db1", .now = 0};
	struct sp_conf_target *db1 = (struct sp_conf_target *)sp_conf_target(&conf, "db1");
	struct sp_policy_verdict v;
	size_t index[SP_CONF_TARGETS], n;
	char why[SP_TEXT_WHY];

	ask.source = NULL;
	sp_policy_decide(&conf, &ask, &v);
	assert_true(v.allow);
	n = sp_policy_targets(&conf, &ask, index, SP_LEN(index), why);
	db1->record = SP_CONF_RECORD_REQUIRED;
	sp_policy_decide(&conf, &ask, &v);
	assert_false(v.allow);
	assert_non_null(strstr(v.why, "db1 may be used only when it is recorded"));
	assert_int_equal(sp_policy_targets(&conf, &ask, index, SP_LEN(index), why), n - 1);
	conf.n_auditors = 1;
	sp_policy_decide(&conf, &ask, &v);
	assert_true(v.allow);
	assert_int_equal(sp_policy_targets(&conf, &ask, index, SP_LEN(index), why), n);
	conf.n_auditors = 0;
	db1->record = SP_CONF_RECORD_WANTED;
	sp_policy_decide(&conf, &ask, &v);
	assert_true(v.allow);
	for (size_t i = 0; i < conf.n_targets; i++) {
		conf.target[i].record = SP_CONF_RECORD_REQUIRED;
	}
	assert_int_equal(sp_policy_targets(&conf, &ask, index, SP_LEN(index), why), 0);
	assert_non_null(strstr(why, "only when it is recorded"));
	for (size_t i = 0; i < conf.n_targets; i++) {
		conf.target[i].record = SP_CONF_RECORD_NO;
	}
}

static void test_default_rule(void **state)
{
	struct sp_conf c;
	struct sp_source source;
	struct sp_policy_ask ask;
	struct sp_policy_verdict v;
	struct row r = {"anybody", "desktop", "192.0.2.7", "", MON_NOON, false, NULL, NULL};

	sp_conf_default(&c);
	c.target[1] = conf.target[1];
	c.n_targets = 2;
	ask_of(&r, &source, &ask);
	sp_policy_decide(&c, &ask, &v);
	assert_true(v.allow);
	assert_int_equal(v.factors, SP_CONF_FACTOR_TOTP);
	assert_int_equal(v.until, 0);
	/* Other machines are not part of it. */
	ask.target = "db1";
	sp_policy_decide(&c, &ask, &v);
	assert_false(v.allow);
	assert_string_equal(v.why, "no rule lets anybody reach db1 from 192.0.2.7 now");
	sp_conf_finish(&c);
	/* No rules at all: nobody. */
	ask.target = "desktop";
	sp_policy_decide(&c, &ask, &v);
	assert_false(v.allow);
}

static void test_may_approve(void **state)
{
	struct sp_conf_rule rule = {.n_approval = 2, .approval = {"@ops", "bob"}};

	assert_true(sp_policy_may_approve(&rule, "bob", NULL, NULL));
	assert_true(sp_policy_may_approve(&rule, "carol", member, (void *)(uintptr_t) "carol"));
	assert_false(sp_policy_may_approve(&rule, "carol", NULL, NULL));
	assert_false(sp_policy_may_approve(&rule, "eve", member, (void *)(uintptr_t) "eve"));
	assert_false(sp_policy_may_approve(&rule, "", member, (void *)(uintptr_t) "carol"));
	/* Without a list there is nobody who could. */
	rule.n_approval = 0;
	assert_false(sp_policy_may_approve(&rule, "bob", member, (void *)(uintptr_t) "carol"));
}

/* ---- hours ---- */

static const struct {
	const char *hours[3], *now, *until; /* NULL: it is not the time; "": no end */
} spans[] = {
		{{"Mon-Fri 08:00-18:00 Europe/Berlin"}, MON_NOON, "2026-11-23 17:00"},
		{{"Mon-Fri 08:00-18:00 Europe/Berlin"}, "2026-11-23 17:00", NULL},
		{{"22:00-06:00 Europe/Berlin"}, "2026-11-23 22:00", "2026-11-24 05:00"},
		{{"22:00-06:00 Europe/Berlin"}, "2026-11-24 04:00", "2026-11-24 05:00"},
		{{"Mon 22:00-06:00 Europe/Berlin"}, "2026-11-24 22:00", NULL},
		/* A night in which clocks go forward, and one in which they go back. */
		{{"22:00-06:00 Europe/Berlin"}, "2026-03-28 22:00", "2026-03-29 04:00"},
		{{"22:00-06:00 Europe/Berlin"}, "2026-10-24 22:00", "2026-10-25 05:00"},
		/* An end that the clock skips, and one that it shows twice. */
		{{"22:00-02:30 Europe/Berlin"}, "2026-03-28 22:00", "2026-03-29 01:00"},
		{{"22:00-02:30 Europe/Berlin"}, "2026-10-24 22:00", "2026-10-25 00:30"},
		{{"22:00-02:30 Europe/Berlin"}, "2026-10-25 00:45", NULL},
		{{"22:00-02:30 Europe/Berlin"}, "2026-10-25 01:15", "2026-10-25 01:30"},
		/* A begin that the clock skips. */
		{{"Sun 02:15-04:00 Europe/Berlin"}, "2026-03-29 00:59", NULL},
		{{"Sun 02:15-04:00 Europe/Berlin"}, "2026-03-29 01:00", "2026-03-29 02:00"},
		/* Entries that meet or overlap are one. */
		{{"Mon 08:00-12:00 UTC", "Mon 12:00-14:00 UTC"}, "2026-11-23 09:00",
				"2026-11-23 14:00"},
		{{"Mon 08:00-12:00 UTC", "Mon 11:00-14:00 UTC"}, "2026-11-23 09:00",
				"2026-11-23 14:00"},
		{{"Mon 08:00-12:00 UTC", "Mon 12:01-14:00 UTC"}, "2026-11-23 09:00",
				"2026-11-23 12:00"},
		{{"Mon 08:00-12:00 UTC", "Mon 08:00-12:00 Europe/Berlin"}, "2026-11-23 07:30",
				"2026-11-23 12:00"},
		/* Whole days, a whole week, and no end. */
		{{"Mon-Fri UTC"}, MON_NOON, "2026-11-28 00:00"},
		{{"Fri-Mon UTC"}, MON_NOON, "2026-11-24 00:00"},
		{{"00:00-24:00 UTC"}, MON_NOON, ""},
		{{"08:00-08:00 UTC"}, MON_NOON, ""},
		{{"Mon-Thu UTC", "Fri-Sun UTC"}, MON_NOON, ""},
		{{"Mon 08:00-08:00 UTC"}, "2026-11-24 07:59", "2026-11-24 08:00"},
		{{"Mon 08:00-08:00 UTC"}, "2026-11-24 08:00", NULL},
		/* Far from Greenwich, where it is another day. */
		{{"Mon 00:00-10:00 Pacific/Auckland"}, "2026-11-22 12:00", "2026-11-22 21:00"},
		{{"Sun Pacific/Auckland"}, "2026-11-22 12:00", NULL},
		{{"Sun 20:00-24:00 Etc/GMT+12"}, "2026-11-23 11:00", "2026-11-23 12:00"},
		/* Before 1970. */
		{{"Wed 08:00-12:00 UTC"}, "1969-12-31 08:00", "1969-12-31 12:00"},
		{{"Thu 08:00-12:00 UTC"}, "1969-12-31 08:00", NULL},
};

static void test_hours(void **state)
{
	for (size_t i = 0; i < SP_LEN(spans); i++) {
		struct sp_conf_hours h[3];
		struct sp_zone *z[3];
		size_t n = 0;
		int64_t until = -1, want = 0;

		for (; n < 3 && spans[i].hours[n] != NULL; n++) {
			assert_true(sp_words_hours(spans[i].hours[n], &h[n]));
			assert_int_equal(sp_zone_load(h[n].zone, &z[n]), SP_OK);
			h[n].clock = z[n];
		}
		bool in = sp_policy_hours(h, n, moment(spans[i].now), &until);
		if (spans[i].until != NULL && spans[i].until[0] != '\0') {
			want = moment(spans[i].until);
		}
		if (in != (spans[i].until != NULL) || until != want) {
			fail_msg("%s at %s: %d, until %lld instead of %lld", spans[i].hours[0],
					spans[i].now, in, (long long)until, (long long)want);
		}
		/* What it promises holds: in until then, and out at that moment. */
		for (int64_t t = moment(spans[i].now); until != 0 && t <= until; t += 300) {
			int64_t other;
			assert_int_equal(sp_policy_hours(h, n, t, &other), t < until);
		}
		for (size_t k = 0; k < n; k++) {
			sp_zone_destroy(z[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_rows),
			cmocka_unit_test(test_words),
			cmocka_unit_test(test_clauses),
			cmocka_unit_test(test_factors),
			cmocka_unit_test(test_targets),
			cmocka_unit_test(test_record),
			cmocka_unit_test(test_default_rule),
			cmocka_unit_test(test_may_approve),
			cmocka_unit_test(test_hours),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
