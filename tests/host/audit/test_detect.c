/* tests/host/audit/test_detect.c - rules about failures and the service: each fires, not below, and once. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "core/base/mem.h"
#include "detect_kit.h"

static struct kit kit;

static int setup(void **state)
{
	(void)state;
	kit_begin(&kit);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kit_end(&kit);
	return 0;
}

static unsigned failure(enum sp_alert_rule rule, int64_t at, const char *user, const char *ip,
		const char *more)
{
	char fields[256];

	snprintf(fields, sizeof(fields), "actor.user=%s src.ip=%s %s", user, ip, more);
	return kit_feed(&kit, rule, at, "auth.fail", SP_OUTCOME_DENIED, fields);
}

static unsigned success(enum sp_alert_rule rule, int64_t at, const char *user, const char *ip,
		const char *more)
{
	char fields[256];

	snprintf(fields, sizeof(fields), "actor.user=%s src.ip=%s %s", user, ip, more);
	return kit_feed(&kit, rule, at, "auth.ok", SP_OUTCOME_OK, fields);
}

static void test_brute_force(void **state)
{
	(void)state;
	unsigned n = 0;

	for (int i = 0; i < 9; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + i * 31, "alice", "192.0.2.7", "");
	}
	assert_int_equal(n, 0);
	assert_int_equal(failure(SP_ALERT_BRUTE_FORCE, START + 299, "ALICE", "192.0.2.7", ""), 1);
	assert_string_equal(kit.alert.user, "ALICE");
	assert_string_equal(kit.alert.ip, "192.0.2.7");
	assert_int_equal(kit.alert.severity, SP_SEVERITY_MEDIUM);
	assert_int_equal(kit.alert.first, 1);
	assert_int_equal(kit.alert.last, 10);
	/* Not again within the hour, though it goes on; and again after it. */
	for (int i = 0; i < 110; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + 300 + i * 30, "alice", "192.0.2.7", "");
	}
	assert_int_equal(n, 0);
	for (int i = 0; i < 20; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + 3600 + i * 30, "alice", "192.0.2.7", "");
	}
	assert_int_equal(n, 1);
}

static void test_brute_force_too_slow(void **state)
{
	(void)state;
	unsigned n = 0;

	for (int i = 0; i < 100; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + i * 34, "alice", "192.0.2.7", "");
	}
	for (int i = 0; i < 9; i++) { /* another network is another matter */
		n += failure(SP_ALERT_BRUTE_FORCE, START + 9000, "alice", "192.0.2.8", "");
		n += failure(SP_ALERT_BRUTE_FORCE, START + 9000, "bob", "192.0.2.7", "");
	}
	assert_int_equal(n, 0);
}

static void test_second_factor_counts_too(void **state)
{
	(void)state;
	unsigned n = 0;

	for (int i = 0; i < 10; i++) {
		n += kit_feed(&kit, SP_ALERT_BRUTE_FORCE, START + i, "mfa.fail", SP_OUTCOME_DENIED,
				"actor.user=alice src.ip=192.0.2.7");
	}
	assert_int_equal(n, 1);
}

static void test_a_steady_beat_is_said(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		failure(SP_ALERT_BRUTE_FORCE, START + i * 20, "alice", "192.0.2.7", "");
	}
	assert_non_null(strstr(kit.alert.text, "saved wrong password"));
}

static void test_exempt_and_off(void **state)
{
	(void)state;
	struct sp_conf_alert *a = &kit.conf.alerts->rule[SP_ALERT_BRUTE_FORCE];
	unsigned n = 0;

	a->n_exempt = 2;
	a->exempt[0] = (struct sp_conf_net){.family = AF_INET, .bits = 20, .addr = {10, 8, 16}};
	a->exempt[1] = (struct sp_conf_net){
			.family = AF_INET6, .bits = 32, .addr = {0x20, 0x01, 0x0d, 0xb8}};
	a->n_users = 1;
	snprintf(a->users[0], sizeof(a->users[0]), "robot");
	for (int i = 0; i < 20; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + i, "alice", "10.8.31.255", "");
		n += failure(SP_ALERT_BRUTE_FORCE, START + i, "alice", "2001:db8::7", "");
		n += failure(SP_ALERT_BRUTE_FORCE, START + i, "robot", "192.0.2.7", "");
	}
	assert_int_equal(n, 0);
	for (int i = 0; i < 20; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + i, "alice", "10.8.32.0", "");
		n += failure(SP_ALERT_BRUTE_FORCE, START + i, "alice", "2001:db9::7", "");
	}
	assert_int_equal(n, 2);
	a->enabled = false;
	for (int i = 0; i < 20; i++) {
		n += failure(SP_ALERT_BRUTE_FORCE, START + i, "alice", "192.0.2.99", "");
	}
	assert_int_equal(n, 2);
}

static unsigned many_users(enum sp_alert_rule rule, int64_t at, unsigned from, unsigned count,
		const char *ip, const char *more)
{
	unsigned n = 0;

	for (unsigned i = from; i < from + count; i++) {
		char user[32];
		snprintf(user, sizeof(user), "user%u", i);
		n += failure(rule, at + i, user, ip, more);
	}
	return n;
}

static void test_spray(void **state)
{
	(void)state;
	assert_int_equal(many_users(SP_ALERT_SPRAY, START, 0, 9, "192.0.2.7", ""), 0);
	/* The same users again are no more users. */
	assert_int_equal(many_users(SP_ALERT_SPRAY, START, 0, 9, "192.0.2.7", ""), 0);
	assert_int_equal(many_users(SP_ALERT_SPRAY, START, 9, 1, "192.0.2.7", ""), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_HIGH);
	assert_string_equal(kit.alert.net, "192.0.2.7/32");
	assert_int_equal(kit.alert.first, 1);
	assert_int_equal(many_users(SP_ALERT_SPRAY, START, 10, 100, "192.0.2.7", ""), 0);
	/* Over more than ten minutes it is none. */
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(many_users(SP_ALERT_SPRAY, START + 90 * i, i, 1, "192.0.2.9", ""),
				0);
	}
}

static void test_spray_from_several_networks(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_SPRAY_WIDE;

	assert_int_equal(many_users(r, START, 0, 10, "192.0.2.1", "claimed.machine=KALI"), 0);
	assert_int_equal(many_users(r, START, 10, 30, "192.0.2.2", "claimed.machine=KALI"), 0);
	assert_int_equal(many_users(r, START, 40, 1, "192.0.2.3", "claimed.machine=KALI"), 1);
	assert_int_equal(many_users(r, START, 41, 9, "192.0.2.4", "claimed.machine=KALI"), 0);
	/* 19 users from many networks, or a machine without a name, are none. */
	for (unsigned i = 0; i < 19; i++) {
		char ip[32];
		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		assert_int_equal(many_users(r, START, i, 1, ip, "claimed.machine=OTHER"), 0);
		assert_int_equal(many_users(r, START, 20 + i, 1, ip, ""), 0);
	}
}

/* One failure every half hour or so, each from elsewhere. */
static unsigned slow(int64_t day, unsigned users)
{
	unsigned n = 0;

	for (unsigned i = 0; i < users; i++) {
		char ip[32];
		snprintf(ip, sizeof(ip), "203.0.%u.%u", i / 250, 1 + i % 250);
		n += many_users(SP_ALERT_SPRAY_SLOW, day + i, i, 1, ip, "");
	}
	return n;
}

static void test_slow_spray(void **state)
{
	(void)state;
	int64_t day = START / DAY * DAY;

	for (int i = 0; i < 14; i++) {
		assert_int_equal(slow(day + i * DAY, 9), 0);
	}
	assert_int_equal(slow(day + 14 * DAY, 36), 0); /* four times 9 are not more */
	assert_int_equal(slow(day + 15 * DAY, 37), 1);
	assert_int_equal(slow(day + 15 * DAY + HOUR, 60), 0); /* told today */
	assert_int_equal(slow(day + 16 * DAY, 60), 1);
}

static void test_slow_spray_needs_thirty(void **state)
{
	(void)state;
	assert_int_equal(slow(START / DAY * DAY, 30), 0);
	assert_int_equal(slow(START / DAY * DAY, 31), 1);
}

static void test_success_after_spray(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_SUCCESS_AFTER;

	many_users(r, START, 0, 9, "192.0.2.7", "");
	assert_int_equal(success(r, START + 60, "user3", "192.0.2.7", ""), 0); /* none yet */
	many_users(r, START, 9, 1, "192.0.2.7", "");
	assert_int_equal(success(r, START + 70, "stranger", "192.0.2.7", ""), 0); /* never failed */
	assert_int_equal(success(r, START + 70, "user3", "198.51.100.1", ""), 0); /* elsewhere */
	assert_int_equal(success(r, START + 70, "user3", "192.0.2.7", ""), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_CRITICAL);
	assert_int_equal(kit.alert.first, 4);
	assert_int_equal(success(r, START + 80, "user3", "192.0.2.7", ""), 0);
	assert_int_equal(success(r, START + DAY + 100, "user4", "192.0.2.7", ""), 0); /* too late */
}

static void test_success_after_brute_force(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		failure(SP_ALERT_RULES, START + i, "alice", "192.0.2.7", "");
	}
	assert_int_equal(success(SP_ALERT_SUCCESS_AFTER, START + 60, "alice", "192.0.2.7", ""), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_HIGH);
}

static void test_success_of_one_machine(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_SUCCESS_AFTER;
	const char *m = "claimed.machine=KALI";

	many_users(r, START, 0, 10, "192.0.2.1", m);
	many_users(r, START, 10, 9, "192.0.2.2", m);
	many_users(r, START, 19, 1, "192.0.2.3", m);
	assert_int_equal(success(r, START + 60, "user19", "192.0.2.4", m), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_CRITICAL);
}

static void test_success_after_a_slow_spray(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_SUCCESS_AFTER;

	kit_feed(&kit, r, START - DAY, "session.start", SP_OUTCOME_OK,
			"actor.user=user0 src.ip=203.0.0.1 session=s0");
	slow(START, 31);
	/* Everybody mistypes at the usual desk. */
	assert_int_equal(success(r, START + 100, "user0", "203.0.0.1", ""), 0);
	assert_int_equal(success(r, START + 100, "user1", "203.0.0.2", ""), 1);
}

static void test_enumeration(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_ENUMERATION;

	assert_int_equal(many_users(r, START, 0, 40, "192.0.2.7", "actor.known=1"), 0);
	assert_int_equal(many_users(r, START, 0, 19, "192.0.2.7", "actor.known=0"), 0);
	assert_int_equal(many_users(r, START, 19, 1, "192.0.2.7", "actor.known=0"), 1);
	assert_int_equal(many_users(r, START, 20, 30, "192.0.2.7", "actor.known=0"), 0);
}

static void test_typed_names_count_where_there_is_no_user(void **state)
{
	(void)state;
	unsigned n = 0;

	for (unsigned i = 0; i < 20; i++) {
		char fields[128];
		snprintf(fields, sizeof(fields),
				"claimed.user=name%u actor.known=0 src.ip=192.0.2.7", i);
		n += kit_feed(&kit, SP_ALERT_ENUMERATION, START, "auth.fail", SP_OUTCOME_DENIED,
				fields);
	}
	assert_int_equal(n, 1);
	assert_string_equal(kit.alert.user, "");
}

static void test_probing(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_PROBING;
	const char *bad = "reason=protocol src.ip=192.0.2.7 conn=1";

	assert_int_equal(kit_feed(&kit, r, START, "conn.close", SP_OUTCOME_FAILED, bad), 0);
	/* The same connection, and honest ends, are nothing more. */
	assert_int_equal(kit_feed(&kit, r, START, "proc.crash", SP_OUTCOME_FAILED,
					 "src.ip=192.0.2.7 conn=1"),
			0);
	assert_int_equal(kit_feed(&kit, r, START, "conn.close", SP_OUTCOME_OK,
					 "reason=user src.ip=192.0.2.7 conn=2"),
			0);
	assert_int_equal(kit_feed(&kit, r, START + 3599, "proc.crash", SP_OUTCOME_FAILED,
					 "src.ip=192.0.2.7 conn=3"),
			1);
	assert_int_equal(kit_feed(&kit, r, START + 3599, "proc.crash", SP_OUTCOME_FAILED,
					 "src.ip=192.0.2.7 conn=4"),
			0);
}

static void test_token_misuse(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_TOKEN_MISUSE;
	const char *who = "actor.user=alice src.ip=192.0.2.7";

	assert_int_equal(kit_feed(&kit, r, START, "token.use", SP_OUTCOME_OK, who), 0);
	assert_int_equal(kit_feed(&kit, r, START + 2, "token.misuse", SP_OUTCOME_DENIED, who), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_HIGH);
	assert_int_equal(kit_feed(&kit, r, START + 3, "token.misuse", SP_OUTCOME_DENIED, who), 0);
	/* Twice in the same second at the same place is a double click. */
	who = "actor.user=bob src.ip=192.0.2.8";
	kit_feed(&kit, r, START, "token.use", SP_OUTCOME_OK, who);
	assert_int_equal(kit_feed(&kit, r, START + 1, "token.misuse", SP_OUTCOME_DENIED, who), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_INFO);
}

static void test_tampering(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_ADMIN_TAMPER;
	static const struct {
		const char *event, *fields;
		unsigned alerts;
	} cases[] = {
			{"record.gap", "record.id=r1", 1},
			{"record.gap", "record.id=r1", 0},
			{"audit.dropped", "count=3", 1},
			{"audit.recovered", "count=3", 0},
			{"audit.retention", "count=3", 1},
			{"clock.step", "seconds=59", 0},
			{"clock.step", "seconds=60", 1},
			{"policy.change", "reason=reload", 0},
			{"policy.change", "reason=loosened", 1},
			{"policy.change", "reason=recording_off", 1},
			{"admin.change", "change.object=user", 0},
	};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		assert_int_equal(kit_feed(&kit, r, START, cases[i].event, SP_OUTCOME_NONE,
						 cases[i].fields),
				cases[i].alerts);
	}
	assert_int_equal(kit.alert.severity, SP_SEVERITY_CRITICAL);
	assert_int_equal(kit_feed(&kit, r, START, "audit.recovered", SP_OUTCOME_FAILED, ""), 1);
	/* Nothing was lost, and all that was to begin refused. */
	assert_int_equal(
			kit_feed(&kit, r, START, "audit.dropped", SP_OUTCOME_FAILED, "count=0"), 1);
	assert_string_equal(kit.alert.text, "nothing could be written for a while");
	/* Backward too: seconds are two's complement. */
	assert_int_equal(kit_feed(&kit, r, START + 2 * HOUR, "clock.step", SP_OUTCOME_NONE,
					 "seconds=18446744073709551000"),
			1);
}

static void test_late_checkpoint(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_ADMIN_TAMPER;
	int64_t at = START;

	kit_feed(&kit, r, at, "conn.open", SP_OUTCOME_NONE, "conn=1");
	kit_feed(&kit, r, at + 60, "audit.checkpoint", SP_OUTCOME_OK, "");
	/* A night without events needs none. */
	at += 8 * HOUR;
	assert_int_equal(kit_feed(&kit, r, at, "conn.open", SP_OUTCOME_NONE, "conn=2"), 0);
	assert_int_equal(kit_feed(&kit, r, at + 300, "conn.open", SP_OUTCOME_NONE, "conn=3"), 0);
	assert_int_equal(kit_feed(&kit, r, at + 361, "conn.open", SP_OUTCOME_NONE, "conn=4"), 1);
	assert_int_equal(kit.alert.first, 3);
	assert_int_equal(kit_feed(&kit, r, at + 500, "conn.open", SP_OUTCOME_NONE, "conn=5"), 0);
	/* A restart begins anew; time alone shows it as well. */
	at += DAY;
	assert_int_equal(kit_feed(&kit, r, at, "service.start", SP_OUTCOME_OK, ""), 0);
	sp_detect_tick(kit.d, at + 300);
	assert_int_equal(kit_take(&kit, r), 0);
	sp_detect_tick(kit.d, at + 361);
	assert_int_equal(kit_take(&kit, r), 1);
}

static void test_target_certificate(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_TARGET_CERT;

	assert_int_equal(kit_feed(&kit, r, START, "target.cert", SP_OUTCOME_OK,
					 "target.name=db1 actor.user=alice conn=1"),
			0);
	assert_int_equal(kit_feed(&kit, r, START, "target.cert", SP_OUTCOME_DENIED,
					 "target.name=db1 actor.user=alice conn=1"),
			1);
	assert_string_equal(kit.alert.target, "db1");
	assert_int_equal(kit.alert.conn, 1);
	assert_int_equal(kit_feed(&kit, r, START, "target.cert", SP_OUTCOME_DENIED,
					 "target.name=db1 actor.user=bob conn=2"),
			0);
}

static void test_nothing_but_what_it_was_not_fed(void **state)
{
	(void)state;
	for (int i = 0; i < 9; i++) {
		failure(SP_ALERT_RULES, START, "alice", "192.0.2.7", "");
	}
	kit.seq--; /* the same sequence again */
	assert_int_equal(failure(SP_ALERT_RULES, START, "alice", "192.0.2.7", ""), 0);
	assert_int_equal(sp_detect_last(kit.d), 9);
	sp_detect_quiet(kit.d, true);
	assert_int_equal(failure(SP_ALERT_RULES, START, "alice", "192.0.2.7", ""), 0);
	sp_detect_quiet(kit.d, false);
	assert_int_equal(failure(SP_ALERT_RULES, START, "alice", "192.0.2.7", ""), 0);
}

static void test_words(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SP_ALERT_RULES; i++) {
		assert_true(strlen(sp_detect_title(i)) > 8);
		assert_int_equal(sp_detect_attack(i)[0], 'T');
		assert_true(sp_detect_severity(i) >= SP_SEVERITY_LOW);
	}
	assert_string_equal(sp_detect_title(SP_ALERT_RULES), "?");
	assert_string_equal(sp_detect_attack(SP_ALERT_RULES), "?");
	assert_int_equal(sp_detect_severity(SP_ALERT_RULES), SP_SEVERITY_NONE);
}

static void test_without_memory(void **state)
{
	(void)state;
	static const uint64_t key[2] = {3, 4};

	for (long n = 0;; n++) {
		sp_mem_fail_after(n);
		struct sp_detect *d = sp_detect_create(&kit.conf, key);
		sp_mem_fail_after(-1);
		if (d != NULL) {
			sp_detect_destroy(d);
			assert_true(n > 10);
			return;
		}
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
			TEST(test_brute_force),
			TEST(test_brute_force_too_slow),
			TEST(test_second_factor_counts_too),
			TEST(test_a_steady_beat_is_said),
			TEST(test_exempt_and_off),
			TEST(test_spray),
			TEST(test_spray_from_several_networks),
			TEST(test_slow_spray),
			TEST(test_slow_spray_needs_thirty),
			TEST(test_success_after_spray),
			TEST(test_success_after_brute_force),
			TEST(test_success_of_one_machine),
			TEST(test_success_after_a_slow_spray),
			TEST(test_enumeration),
			TEST(test_typed_names_count_where_there_is_no_user),
			TEST(test_probing),
			TEST(test_token_misuse),
			TEST(test_tampering),
			TEST(test_late_checkpoint),
			TEST(test_target_certificate),
			TEST(test_nothing_but_what_it_was_not_fed),
			TEST(test_words),
			TEST(test_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
