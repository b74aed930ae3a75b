/* tests/host/firewall/test_firewall.c - the wanted rules as text, loaded ones read, and both compared. */
#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "host/firewall/firewall.h"

static char told[16][SP_FIREWALL_TEXT];
static int n_told;

static void tell(void *arg, const char *text)
{
	assert_true(n_told < (int)SP_LEN(told));
	snprintf(told[n_told++], sizeof(told[0]), "%s", text);
}

/* Two listeners; some networks by a VPN, others by any way. */
static struct sp_conf *conf(struct sp_conf_rule *rules)
{
	static struct sp_conf c;

	memset(&c, 0, sizeof(c));
	memset(rules, 0, 2 * sizeof(*rules));
	c.limits.rate = 10;
	c.limits.burst = 20;
	c.n_listen = 3;
	assert_true(sp_conf_parse_listen("0.0.0.0:3389", &c.listen[0]));
	assert_true(sp_conf_parse_listen("127.0.0.1:4000", &c.listen[1]));
	assert_true(sp_conf_parse_listen("[2001:db8::1]:3390", &c.listen[2]));
	c.rule = rules;
	c.n_rules = 2;
	rules[0] = (struct sp_conf_rule){.name = "op\nerators",
			.file = "/etc/s.conf",
			.line = 7,
			.n_from = 2,
			.from = {{AF_INET, 16, {10, 8}}, {AF_INET6, 32, {0x20, 1, 0xd, 0xb8}}},
			.n_interfaces = 2,
			.interfaces = {"wg0", "tun*"}};
	rules[1] = (struct sp_conf_rule){.name = "office",
			.file = "/etc/s.conf",
			.line = 9,
			.n_from = 1,
			.from = {{AF_INET, 24, {198, 51, 100}}}};
	return &c;
}

static char *print(const struct sp_conf *c)
{
	static char text[16384];
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall f;
	struct sp_wr w;

	assert_int_equal(sp_firewall_want(&f, c, why), SP_OK);
	sp_wr_fixed(&w, text, sizeof(text) - 1);
	sp_firewall_print(&f, c, "/etc/s.conf", "sallyport firewall -c /etc/s.conf", &w);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	text[w.n] = '\0';
	sp_firewall_finish(&f);
	return text;
}

static void test_print(void **state)
{
	static struct sp_conf_rule rules[2];
	static const char *const lines[] = {
			"table inet sallyport\ndelete table inet sallyport\n",
			"\t\tiifname { \"wg0\", \"tun\\*\" } ip saddr { 10.8.0.0/16 } goto rate\n",
			"\t\tiifname { \"wg0\", \"tun\\*\" } ip6 saddr { 2001:db8::/32 } goto "
			"rate\n",
			"\t\tip saddr { 198.51.100.0/24 } goto rate\n",
			"# rules: \"op?erators\" (/etc/s.conf:7): from and interface\n",
			"# rules: \"office\" (/etc/s.conf:9): from\n",
			"\t\tmeta nfproto ipv4 tcp dport 3389 goto door\n",
			"\t\tip6 daddr 2001:db8::1 tcp dport 3390 goto door\n",
			"limit rate over 10/second burst 20 packets",
			"\t\t# nobody else\n\t\tcounter drop\n",
	};
	struct sp_conf *c = conf(rules);
	char *text = print(c);

	for (size_t i = 0; i < SP_LEN(lines); i++) {
		if (strstr(text, lines[i]) == NULL) {
			fail_msg("\"%s\" is not in\n%s", lines[i], text);
		}
	}
	assert_null(strstr(text, "4000"));
	assert_null(strstr(text, "metrics"));
	assert_true(sp_conf_parse_listen("127.0.0.1:9388", &c->metrics));
	assert_null(strstr(print(c), "metrics"));
	assert_true(sp_conf_parse_listen("0.0.0.0:9388", &c->metrics));
	assert_non_null(strstr(print(c), "# Not closed by it: metrics (0.0.0.0:9388)"));
	text = print(c);
	assert_null(strstr(text, "WARNING"));

	/* Everybody: by a rule for nothing in particular, or by a network that is all. */
	rules[1].from[0] = (struct sp_conf_net){AF_INET, 0, {0}};
	assert_non_null(strstr(print(c), "WARNING: everybody"));
	assert_non_null(strstr(print(c), "\t\tmeta nfproto ipv4 goto rate\n"));
	rules[1].n_from = 0;
	assert_non_null(strstr(
			print(c), "# WARNING: everybody gets to the port, since \"office\""));
	assert_non_null(strstr(print(c), "\t\tgoto rate\n"));

	/* This machine only: nothing to close, and no word of everybody. */
	c->listen[0] = c->listen[1];
	c->n_listen = 1;
	assert_null(strstr(print(c), "WARNING"));
	assert_null(strstr(print(c), "chain door"));
	assert_non_null(strstr(print(c), "listens on this machine only"));

	/* No rules. */
	assert_true(sp_conf_parse_listen("[::]:3389", &c->listen[0]));
	c->n_rules = 0;
	assert_non_null(strstr(print(c), "\t\ttcp dport 3389 goto door\n"));
	assert_non_null(strstr(print(c), "There are no rules"));
	/* Beside a listener for IPv4 that one has none of it, and must not close it for others. */
	c->listen[0].six_only = true;
	assert_non_null(strstr(print(c), "\t\tmeta nfproto ipv6 tcp dport 3389 goto door\n"));
}

static void test_refused(void **state)
{
	static struct sp_conf_rule rules[2];
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall f;
	struct sp_conf *c = conf(rules);

	snprintf(rules[0].interfaces[0], sizeof(rules[0].interfaces[0]), "a\"; drop");
	assert_int_equal(sp_firewall_want(&f, c, why), SP_EARG);
	assert_non_null(strstr(why, "cannot name the interface"));
	c = conf(rules);
	c->listen[0].port = 0;
	assert_int_equal(sp_firewall_want(&f, c, why), SP_EARG);
	assert_non_null(strstr(why, "any free port"));
	c = conf(rules);
	for (long i = 0; i < 4; i++) {
		sp_mem_fail_after(i);
		assert_int_equal(sp_firewall_want(&f, c, why), SP_ENOMEM);
		sp_mem_fail_after(-1);
	}
}

/* ---- loaded ---- */

#define CHAIN(name, more) \
	"{\"chain\": {\"family\": \"inet\", \"table\": \"sallyport\", \"name\": \"" name "\"" more \
	"}}"
#define RULE(chain, expr) \
	"{\"rule\": {\"family\": \"inet\", \"table\": \"sallyport\", \"chain\": \"" chain \
	"\", \"handle\": 5, \"expr\": [" expr "]}}"
#define MATCH(left, right) "{\"match\": {\"op\": \"==\", \"left\": " left ", \"right\": " right "}}"
#define PAYLOAD(p, f) "{\"payload\": {\"protocol\": \"" p "\", \"field\": \"" f "\"}}"
#define META(k) "{\"meta\": {\"key\": \"" k "\"}}"
#define GOTO(t) "{\"goto\": {\"target\": \"" t "\"}}"
#define SYN \
	MATCH("{\"&\": [" PAYLOAD("tcp", "flags") ", [\"fin\", \"syn\", \"rst\", \"ack\"]]}", \
			"\"syn\"")
#define RATE(elem, rate) \
	SYN ", {\"set\": {\"op\": \"add\", \"elem\": " elem \
	    ", \"set\": \"@x\", \"stmt\": [{\"limit\": {\"rate\": " rate \
	    ", \"burst\": 20, \"per\": \"second\", \"inv\": true}}]}}, {\"counter\": " \
	    "{\"packets\": 3, \"bytes\": 180}}, {\"drop\": null}"
#define TABLE "{\"table\": {\"family\": \"inet\", \"name\": \"sallyport\"}}"
#define HOOK \
	CHAIN("input", \
			", \"type\": \"filter\", \"hook\": \"input\", \"prio\": -10, \"policy\": " \
			"\"accept\"")
#define RATES \
	RULE("rate", RATE(PAYLOAD("ip", "saddr"), "10")) \
	", " RULE("rate", \
			RATE("{\"&\": [" PAYLOAD("ip6", "saddr") ", \"ffff:ffff:ffff:ffff::\"]}", \
					"10"))
#define DOORS \
	RULE("input", \
			MATCH(META("nfproto"), "\"ipv4\"") ", " MATCH( \
					PAYLOAD("tcp", "dport"), "3389") ", " GOTO("door")) \
	", " RULE("input", \
			MATCH(PAYLOAD("ip6", "daddr"), "\"2001:db8::1\"") ", " MATCH( \
					PAYLOAD("tcp", "dport"), "3390") ", " GOTO("door"))
#define LO RULE("door", MATCH(META("iifname"), "\"lo\"") ", {\"accept\": null}")
#define WAYS MATCH(META("iifname"), "{\"set\": [\"tun\\\\*\", \"wg0\"]}") ", "
#define VPN4 \
	RULE("door", \
			WAYS MATCH(PAYLOAD("ip", "saddr"), \
					"{\"prefix\": {\"addr\": \"10.8.0.0\", " \
					"\"len\": 16}}") ", " GOTO("rate"))
#define VPN6 \
	RULE("door", \
			WAYS MATCH(PAYLOAD("ip6", "saddr"), \
					"{\"prefix\": {\"addr\": \"2001:db8::\", " \
					"\"len\": 32}}") ", " GOTO("rate"))
/* The same addresses, written in another way. */
#define OFFICE \
	RULE("door", \
			MATCH(PAYLOAD("ip", "saddr"), \
					"{\"set\": [{\"range\": [\"198.51.100.0\", " \
					"\"198.51.100.127\"]}, {\"prefix\": {\"addr\": " \
					"\"198.51.100.128\", \"len\": 25}}]}") ", " GOTO("rate"))
#define DROP RULE("door", "{\"counter\": {\"packets\": 1, \"bytes\": 60}}, {\"drop\": null}")
#define ALL(...) "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\"}}, " __VA_ARGS__ "]}"

static int diff(const struct sp_conf *c, const char *json)
{
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall want, is;

	n_told = 0;
	assert_int_equal(sp_firewall_want(&want, c, why), SP_OK);
	assert_int_equal(sp_firewall_read(&is, sp_span(json, strlen(json)), why), SP_OK);
	int n = sp_firewall_diff(&want, &is, tell, NULL);
	sp_firewall_finish(&want);
	sp_firewall_finish(&is);
	return n;
}

static void test_same(void **state)
{
	static struct sp_conf_rule rules[2];
	struct sp_conf *c = conf(rules);

	assert_int_equal(diff(c,
					 ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6
						   ", " OFFICE ", " DROP ", " RATES)),
			0);
	/* In another order, which lets in the same; and what stands behind the last is not reached. */
	assert_int_equal(diff(c,
					 ALL(TABLE ", " HOOK ", " RATES ", " OFFICE ", " VPN6
						   ", " VPN4 ", " LO ", " DROP
						   ", " RULE("door", GOTO("rate")) ", " DOORS)),
			0);
}

static void test_different(void **state)
{
	static struct sp_conf_rule rules[2];
	struct sp_conf *c = conf(rules);
	static const struct {
		const char *json;
		int n;
		const char *first;
	} rows[] = {
			{ALL("{\"table\": {\"family\": \"ip\", \"name\": \"sallyport\"}}"), 1,
					"the table inet sallyport is not loaded"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " DROP
				   ", " RATES),
					1,
					"does not let in 198.51.100.0/24 by any interface, whom a "
					"rule of "
					"the configuration lets in"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE
				   ", " RULE("door",
						   MATCH(PAYLOAD("ip", "saddr"), "\"192.0.2.1\"") ", " GOTO(
								   "rate")) ", " DROP ", " RATES),
					1,
					"lets in 192.0.2.1 by any interface, whom no rule of the "
					"configuration lets in"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " OFFICE ", " DROP
				   ", " RATES),
					2,
					"does not let in 2001:db8::/32 by the interface wg0, whom "
					"a rule of "
					"the configuration lets in"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE
				   ", " RATES),
					1, "does not close the port to everybody else"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " VPN4 ", " VPN6 ", " OFFICE ", " DROP
				   ", " RATES),
					1, "does not let in this machine itself"},
			{ALL(TABLE ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE ", " DROP
				   ", " RATES),
					1,
					"its chain \"input\" does not see the packets that come "
					"in"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE
				   ", " DROP),
					2, "does not limit how often somebody connects (IPv4)"},
			{ALL(TABLE ", " HOOK ", " RULE("input",
					 MATCH(PAYLOAD("tcp", "dport"), "3389") ", " GOTO(
							 "door")) ", " LO ", " VPN4 ", " VPN6
								  ", " OFFICE ", " DROP ", " RATES),
					3,
					"port 3389 of every IPv4 address is not guarded (listen = "
					"\"0.0.0.0:3389\")"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE
				   ", " RULE("door",
						   MATCH(PAYLOAD("udp", "dport"),
								   "3") ", {\"accept\": "
									"null}") ", " DROP
										 ", " RATES),
					1,
					"has a rule that is none of ours (chain door, handle 5)"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE
				   ", " RULE("door",
						   MATCH(META("iifname"), "\"eth*\"") ", " GOTO(
								   "rate")) ", " DROP ", " RATES),
					1,
					"has a rule that is none of ours (chain door, handle 5)"},
			{ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " VPN6 ", " OFFICE
				   ", " DROP
				   ", " RULE("rate", RATE(PAYLOAD("ip", "saddr"), "99")) ", " RULE(
						   "rate",
						   RATE("{\"&\": [" PAYLOAD("ip6",
									"saddr") ", "
										 "\"ffff:ffff:ffff:"
										 "ffff::\"]}",
								   "10"))),
					1,
					"lets one source make 99 connections per second and 20 at "
					"once "
					"(IPv4); the configuration says 10 and 20 (limits)"},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		int n = diff(c, rows[i].json);
		if (n != rows[i].n || strcmp(told[0], rows[i].first) != 0) {
			for (int k = 0; k < n; k++) {
				print_error("%s\n", told[k]);
			}
			fail_msg("row %zu: %d", i, n);
		}
	}
}

static void test_others(void **state)
{
	static const char json[] =
			ALL("{\"chain\": {\"family\": \"ip\", \"table\": \"filter\", \"name\": "
			    "\"INPUT\","
			    " \"type\": \"filter\", \"hook\": \"input\", \"policy\": \"drop\"}}, "
			    "{\"chain\": {\"family\": \"ip\", \"table\": \"filter\", \"name\": "
			    "\"ufw-user\"}}, "
			    "{\"chain\": {\"family\": \"ip\", \"table\": \"nat\", \"name\": "
			    "\"DOCKER\"}}, "
			    "{\"table\": {\"family\": \"inet\", \"name\": \"firewalld\"}}");
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall f;

	assert_int_equal(sp_firewall_read(&f, sp_span(json, strlen(json)), why), SP_OK);
	assert_false(f.there);
	assert_true(f.ufw && f.docker && f.firewalld && f.others_drop);
	assert_int_equal(f.n_others, 1);
	assert_string_equal(f.others[0], "ip filter INPUT, which drops by default");
	sp_firewall_finish(&f);
}

static struct sp_firewall loaded(const char *json)
{
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall f;

	assert_int_equal(sp_firewall_read(&f, sp_span(json, strlen(json)), why), SP_OK);
	return f;
}

/* Looks like ours, and is something else. */
static void test_lookalikes(void **state)
{
	/* No packet has both ports: neither is guarded. */
	struct sp_firewall f = loaded(ALL(TABLE ", " HOOK ", " RULE("input",
			MATCH(PAYLOAD("tcp", "dport"), "3389") ", " MATCH(
					PAYLOAD("tcp", "dport"), "3390") ", " GOTO("door"))));
	assert_int_equal(f.n_doors, 0);
	assert_int_equal(f.n_strange, 1);
	assert_true(f.hooked);
	sp_firewall_finish(&f);
	f = loaded(ALL(TABLE ", " HOOK ", " RULE("door",
			WAYS MATCH(META("iifname"), "\"wg1\"") ", " GOTO("rate")) ", " RULE("door",
			MATCH(PAYLOAD("ip", "saddr"), "\"10.0.0.1\"") ", " MATCH(
					PAYLOAD("ip", "saddr"),
					"\"10.0.0.2\"") ", " GOTO("rate"))));
	assert_int_equal(f.n_entries, 0);
	assert_int_equal(f.n_strange, 2);
	sp_firewall_finish(&f);
	/* All packets but the first one of a connection. */
	f = loaded(ALL(TABLE ", " HOOK ", " RULE("rate",
			"{\"match\": {\"op\": \"!=\", \"left\": {\"&\": [" PAYLOAD(
					"tcp", "flags") ", [\"fin\", \"syn\", \"rst\", \"ack\"]]}, "
							"\"right\": \"syn\"}}, "
							"{\"drop\": null}")));
	assert_int_equal(f.n_strange, 1);
	sp_firewall_finish(&f);
	/* A table that sleeps. */
	f = loaded(ALL("{\"table\": {\"family\": \"inet\", \"name\": \"sallyport\", \"flags\": "
		       "[\"owner\", \"dormant\"]}}, " HOOK));
	assert_true(f.there && !f.hooked);
	sp_firewall_finish(&f);
}

/* Whatever it says: an answer, and never more. */
static void test_nonsense(void **state)
{
	static const char json[] = ALL(TABLE ", " HOOK ", " DOORS ", " LO ", " VPN4 ", " OFFICE
					     ", " DROP ", " RATES);
	static const char *const odd[] = {"[]", "{}", "{\"nftables\": 1}",
			ALL("1, \"x\", null, {\"rule\": 7}, {\"chain\": []}, {\"table\": null}"),
			ALL(RULE("door", "1, {}, {\"match\": 1}, {\"goto\": 1}, {\"set\": {}}")),
			ALL(RULE("door",
					MATCH(PAYLOAD("ip", "saddr"),
							"{\"prefix\": {\"addr\": \"x\", \"len\": "
							"99}}"))),
			ALL(RULE("input",
					MATCH(PAYLOAD("tcp", "dport"),
							"{\"set\": [1, \"x\", -1, "
							"4294967296]}") ", " GOTO("door"))),
			ALL(RULE("door",
					MATCH("{\"&\": [" PAYLOAD("tcp",
							      "flags") ", [[[[[[[\"fin\"]]]]]]]]}",
							"\"syn\"")))};
	char why[SP_FIREWALL_TEXT];
	struct sp_firewall f;

	for (size_t n = 0; n < sizeof(json) - 1; n++) {
		assert_int_equal(sp_firewall_read(&f, sp_span(json, n), why), SP_EFIELD);
	}
	for (size_t i = 0; i < SP_LEN(odd); i++) {
		int rc = sp_firewall_read(&f, sp_span(odd[i], strlen(odd[i])), why);
		assert_int_equal(rc, i < 3 ? SP_EFIELD : SP_OK);
		assert_true(rc != SP_OK || i == 3 || f.n_strange == 1);
		if (rc == SP_OK) {
			sp_firewall_finish(&f);
		}
	}
	for (long i = 0; i < 8; i++) {
		sp_mem_fail_after(i);
		int rc = sp_firewall_read(&f, sp_span(json, sizeof(json) - 1), why);
		sp_mem_fail_after(-1);
		assert_true(rc == SP_OK || rc == SP_ENOMEM);
		if (rc == SP_OK) {
			sp_firewall_finish(&f);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_print),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_same),
			cmocka_unit_test(test_different),
			cmocka_unit_test(test_others),
			cmocka_unit_test(test_lookalikes),
			cmocka_unit_test(test_nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
