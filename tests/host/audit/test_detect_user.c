/* tests/host/audit/test_detect_user.c - rules about people who got in: each fires, not below, and once. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "detect_kit.h"
#include "host/conf/zone.h"

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

/* A session of alice that lasts ten minutes. */
static unsigned session(enum sp_alert_rule rule, int64_t at, const char *fields)
{
	char text[256];
	unsigned id = (unsigned)kit.seq;

	snprintf(text, sizeof(text), "actor.user=alice session=s%u %s", id, fields);
	unsigned n = kit_feed(&kit, rule, at, "session.start", SP_OUTCOME_OK, text);
	snprintf(text, sizeof(text), "actor.user=alice session=s%u", id);
	n += kit_feed(&kit, rule, at + 600, "session.end", SP_OUTCOME_OK, text);
	return n;
}

static unsigned began(enum sp_alert_rule rule, int64_t at, const char *fields)
{
	return kit_feed(&kit, rule, at, "session.start", SP_OUTCOME_OK, fields);
}

static void test_travel_by_distance(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_TRAVEL;
	const char *berlin = "actor.user=alice session=a src.ip=192.0.2.7 src.country=DE";
	const char *tokyo = "actor.user=alice session=b src.ip=198.51.100.7 src.country=JP";

	assert_int_equal(kit_feed_at(&kit, r, START, "session.start", berlin, 52.52, 13.40), 0);
	/* 8,918 km: in ten hours it is a flight, in nine it is not. */
	assert_int_equal(kit_feed_at(&kit, r, START + 10 * HOUR, "auth.ok", tokyo, 35.68, 139.69),
			0);
	assert_int_equal(
			kit_feed_at(&kit, r, START + 9 * HOUR, "auth.ok", tokyo, 35.68, 139.69), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_MEDIUM);
	assert_int_equal(kit.alert.first, 1);
	assert_non_null(strstr(kit.alert.text, "km in 540 minutes"));
	assert_int_equal(
			kit_feed_at(&kit, r, START + 9 * HOUR, "auth.ok", tokyo, 35.68, 139.69), 0);
}

static void test_near_is_never_impossible(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_TRAVEL;
	const char *who = "actor.user=alice session=a src.ip=192.0.2.7";

	kit_feed_at(&kit, r, START, "session.start", who, 52.52, 13.40);
	/* Berlin to Cologne: 478 km at once, by a VPN or a telephone. */
	assert_int_equal(kit_feed_at(&kit, r, START + 1, "auth.ok", who, 50.94, 6.96), 0);
	/* To Paris, with a device nobody knows. */
	assert_int_equal(kit_feed_at(&kit, r, START + 1, "auth.ok",
					 "actor.user=alice src.ip=192.0.2.7 device.id=d1", 48.86,
					 2.35),
			1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_HIGH);
}

static void test_travel_by_country(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_TRAVEL;

	assert_int_equal(session(r, START, "src.ip=192.0.2.7 src.country=DE"), 0);
	assert_int_equal(session(r, START + 4 * HOUR, "src.ip=198.51.100.7 src.country=US"), 0);
	assert_int_equal(session(r, START + 8 * HOUR - 1, "src.ip=192.0.2.7 src.country=DE"), 1);
	assert_int_equal(session(r, START + 8 * HOUR, "src.ip=198.51.100.7 src.country=US"), 0);
}

static void test_where_a_vpn_comes_out_is_nowhere(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_TRAVEL;
	struct sp_conf_alert *a = &kit.conf.alerts->rule[r];

	a->n_exempt = 1;
	a->exempt[0] = (struct sp_conf_net){.family = AF_INET, .bits = 24, .addr = {198, 51, 100}};
	assert_int_equal(session(r, START, "src.ip=192.0.2.7 src.country=DE"), 0);
	assert_int_equal(session(r, START + 60, "src.ip=198.51.100.7 src.country=US"), 0);
	assert_int_equal(session(r, START + 120, "src.ip=192.0.2.7 src.country=DE"), 0);
	assert_int_equal(session(r, START + 180, "src.ip=203.0.113.1 src.country=US"), 1);
}

static void test_new_things(void **state)
{
	(void)state;
	static const struct {
		enum sp_alert_rule rule;
		const char *first, *second;
		bool learns;
	} cases[] = {
			{SP_ALERT_NEW_DEVICE, "device.id=d1", "device.id=d2", false},
			{SP_ALERT_NEW_COUNTRY, "src.country=DE", "src.country=FR", false},
			{SP_ALERT_NEW_NETWORK, "src.ip=192.0.2.7", "src.ip=192.0.3.7", true},
			{SP_ALERT_NEW_TARGET, "target.name=db1", "target.name=db2", true},
	};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		enum sp_alert_rule r = cases[i].rule;
		kit_end(&kit);
		kit_begin(&kit);
		assert_int_equal(session(r, START, cases[i].first), 0); /* first of all */
		assert_int_equal(session(r, START + 8 * DAY, cases[i].first), 0);
		assert_int_equal(session(r, START + 8 * DAY + HOUR, cases[i].second), 1);
		assert_int_equal(kit.alert.severity, SP_SEVERITY_LOW);
		assert_string_equal(kit.alert.user, "alice");
		assert_int_equal(session(r, START + 9 * DAY + 2 * HOUR, cases[i].second), 0);
		/* After 90 days it is new again. */
		assert_int_equal(session(r, START + 98 * DAY + HOUR, cases[i].first), 1);
		/* In the first week nothing is, where it is to be learned. */
		kit_end(&kit);
		kit_begin(&kit);
		session(r, START, cases[i].first);
		assert_int_equal(session(r, START + 6 * DAY, cases[i].second),
				cases[i].learns ? 0 : 1);
	}
}

static void test_new_things_of_an_administrator(void **state)
{
	(void)state;
	session(SP_ALERT_NEW_DEVICE, START, "device.id=d1");
	kit_feed(&kit, SP_ALERT_RULES, START + HOUR, "policy.allow", SP_OUTCOME_OK,
			"actor.user=alice actor.roles=@staff,@admins");
	assert_int_equal(session(SP_ALERT_NEW_DEVICE, START + HOUR, "device.id=d2"), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_MEDIUM);
}

/* The same /24 or /48 is the same network. */
static void test_networks_are_wide(void **state)
{
	(void)state;
	session(SP_ALERT_NEW_NETWORK, START, "src.ip=192.0.2.7");
	session(SP_ALERT_NEW_NETWORK, START, "src.ip=2001:db8:1:2::1");
	assert_int_equal(session(SP_ALERT_NEW_NETWORK, START + 8 * DAY, "src.ip=192.0.2.250"), 0);
	assert_int_equal(session(SP_ALERT_NEW_NETWORK, START + 8 * DAY, "src.ip=2001:db8:1:3::1"),
			0);
	assert_int_equal(session(SP_ALERT_NEW_NETWORK, START + 8 * DAY, "src.ip=2001:db8:2::1"), 1);
}

static void test_off_hours_that_were_set(void **state)
{
	(void)state;
	struct sp_conf_alerts *a = kit.conf.alerts;
	struct sp_zone *utc;
	enum sp_alert_rule r = SP_ALERT_OFF_HOURS;

	assert_int_equal(sp_zone_load("UTC", &utc), SP_OK);
	a->n_hours = 2;
	a->hours[0] = (struct sp_conf_hours){
			.days = 0x1f, .from = 8 * 60, .until = 18 * 60, .clock = utc};
	a->hours[1] = (struct sp_conf_hours){
			.days = 1u << 5, .from = 22 * 60, .until = 2 * 60, .clock = utc};
	a->n_critical = 1;
	snprintf(a->critical[0], sizeof(a->critical[0]), "db1");
	assert_int_equal(session(r, START, ""), 0); /* Monday 10:00 */
	assert_int_equal(session(r, START + 8 * HOUR - 1, ""), 0);
	assert_int_equal(session(r, START + 8 * HOUR, ""), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_LOW);
	assert_int_equal(session(r, START + 9 * HOUR, ""), 0);
	assert_int_equal(session(r, START + 9 * HOUR, "target.name=db1"), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_MEDIUM);
	/* Saturday night until Sunday 02:00. */
	assert_int_equal(session(r, START + 5 * DAY + 13 * HOUR, ""), 0);
	assert_int_equal(session(r, START + 5 * DAY + 16 * HOUR - 1, ""), 0);
	assert_int_equal(session(r, START + 5 * DAY + 16 * HOUR, ""), 1);
	assert_int_equal(session(r, START + 6 * DAY + 13 * HOUR, ""), 1);
	a->n_hours = 0;
	sp_zone_destroy(utc);
}

static void test_off_hours_that_were_learned(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_OFF_HOURS;
	int64_t at = START;
	unsigned n = 0, logins = 0;

	/* Mondays to Fridays at 10:00 and 14:00. */
	for (int day = 0; logins < 19; day++) {
		if (day % 7 < 5) {
			n += session(r, at + day * DAY, "");
			n += ++logins < 19 ? session(r, at + day * DAY + 4 * HOUR, "") : 0;
			logins += logins < 19;
		}
	}
	assert_int_equal(logins, 19);
	at += 14 * DAY;
	assert_int_equal(n, 0);
	assert_int_equal(session(r, at + 10 * HOUR, ""), 0); /* the 20th at 20:00 is learned */
	assert_int_equal(session(r, at + DAY + 11 * HOUR, ""), 0); /* an hour beside it */
	assert_int_equal(session(r, at + DAY + 15 * HOUR, ""), 1); /* 01:00 */
	assert_int_equal(session(r, at + 5 * DAY, ""), 1); /* Saturday */
	assert_int_equal(session(r, at + 5 * DAY + 3 * HOUR, ""), 0);
}

static void test_dormant(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_DORMANT;

	assert_int_equal(session(r, START, ""), 0);
	assert_int_equal(session(r, START + 60 * DAY - 1, ""), 0);
	assert_int_equal(kit_feed(&kit, r, START + 120 * DAY - 1, "auth.ok", SP_OUTCOME_OK,
					 "actor.user=alice"),
			1);
	assert_int_equal(session(r, START + 120 * DAY, ""), 0);
	assert_int_equal(session(r, START + 121 * DAY, ""), 0);
}

static void test_long_session(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_LONG_SESSION;

	began(r, START, "actor.user=alice session=a target.name=db1 src.ip=192.0.2.7");
	sp_detect_tick(kit.d, START + 12 * HOUR);
	assert_int_equal(kit_take(&kit, r), 0);
	sp_detect_tick(kit.d, START + 12 * HOUR + 60);
	assert_int_equal(kit_take(&kit, r), 1);
	assert_string_equal(kit.alert.session, "a");
	assert_string_equal(kit.alert.user, "alice");
	assert_string_equal(kit.alert.target, "db1");
	assert_string_equal(kit.alert.ip, "192.0.2.7");
	sp_detect_tick(kit.d, START + 90 * HOUR);
	assert_int_equal(kit_take(&kit, r), 0);
}

static void test_long_for_this_user(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_LONG_SESSION;
	char text[64];
	int64_t at = START;

	/* Who is connected for ten hours each day may be so for thirty. */
	for (int i = 0; i < 40; i++, at += DAY) {
		snprintf(text, sizeof(text), "actor.user=alice session=s%d", i);
		began(r, at, text);
		assert_int_equal(kit_feed(&kit, r, at + 10 * HOUR, "session.disconnect",
						 SP_OUTCOME_OK, text),
				0);
	}
	began(r, at, "actor.user=alice session=last");
	sp_detect_tick(kit.d, at + 30 * HOUR);
	assert_int_equal(kit_take(&kit, r), 0);
	sp_detect_tick(kit.d, at + 30 * HOUR + 60);
	assert_int_equal(kit_take(&kit, r), 1);
}

static void test_idle_session(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_IDLE_SESSION;
	static const struct {
		int64_t lasts;
		const char *bytes;
		unsigned alerts;
	} cases[] = {
			{8 * HOUR - 1, "session.bytes-in=100", 0},
			{8 * HOUR, "session.bytes-in=100", 1},
			{8 * HOUR, "session.bytes-in=150000", 0},
			{8 * HOUR, "", 0}, /* nobody counted */
	};

	for (size_t i = 0; i < SP_LEN(cases); i++) {
		char text[128];
		snprintf(text, sizeof(text), "actor.user=alice session=s%zu", i);
		began(r, START, text);
		snprintf(text, sizeof(text), "actor.user=alice session=s%zu %s", i, cases[i].bytes);
		assert_int_equal(kit_feed(&kit, r, START + cases[i].lasts, "session.end",
						 SP_OUTCOME_OK, text),
				cases[i].alerts);
		assert_int_equal(kit_feed(&kit, r, START + cases[i].lasts, "session.end",
						 SP_OUTCOME_OK, text),
				0);
	}
}

static unsigned on(enum sp_alert_rule r, int64_t at, const char *target)
{
	char text[64];

	snprintf(text, sizeof(text), "target.name=%s", target);
	return session(r, at, text);
}

static void test_many_targets(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_MANY_TARGETS;
	char name[16];

	/* All known: a day of work, then five in ten minutes. */
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(on(r, START + i * HOUR, name), 0);
	}
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(on(r, START + DAY + i * 120, name), 0);
		assert_int_equal(on(r, START + DAY + i * 120, name), 0);
	}
	assert_int_equal(on(r, START + DAY + 599, "t4"), 1);
	assert_int_equal(on(r, START + DAY + 599, "t5"), 0);
}

static void test_many_new_targets(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_MANY_TARGETS;

	on(r, START, "old");
	assert_int_equal(on(r, START + HOUR, "new1"), 0);
	assert_int_equal(on(r, START + HOUR + 60, "new2"), 0);
	assert_int_equal(on(r, START + HOUR + 700, "new3"), 0);
	assert_int_equal(on(r, START + HOUR + 720, "new4"), 0);
	assert_int_equal(on(r, START + HOUR + 740, "new5"), 1);
	assert_int_equal(on(r, START + HOUR + 760, "new6"), 0);
}

static void test_new_path(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_NEW_PATH;

	kit.conf.alerts->n_critical = 1;
	snprintf(kit.conf.alerts->critical[0], sizeof(kit.conf.alerts->critical[0]), "db1");
	assert_int_equal(on(r, START, "desktop"), 0);
	assert_int_equal(on(r, START, "db1"), 1);
	assert_int_equal(kit.alert.severity, SP_SEVERITY_MEDIUM);
	assert_int_equal(on(r, START + 2 * DAY, "db1"), 0);
	assert_int_equal(on(r, START + 92 * DAY, "db1"), 1);
}

static unsigned moved(enum sp_alert_rule r, int64_t at, const char *way, uint64_t bytes)
{
	char text[128];

	snprintf(text, sizeof(text), "actor.user=alice transfer.way=%s transfer.bytes=%llu", way,
			(unsigned long long)bytes);
	return kit_feed(&kit, r, at, "file.transfer", SP_OUTCOME_OK, text);
}

static void test_volume(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_VOLUME;
	const uint64_t mib = 1u << 20;

	assert_int_equal(moved(r, START, "in", 1000 * mib), 0);
	assert_int_equal(kit_feed(&kit, r, START, "file.transfer", SP_OUTCOME_DENIED,
					 "actor.user=alice transfer.way=out "
					 "transfer.bytes=999999999"),
			0);
	assert_int_equal(moved(r, START, "out", 50 * mib), 0);
	assert_int_equal(moved(r, START + HOUR / 2, "out", 50 * mib), 0);
	assert_int_equal(moved(r, START + HOUR / 2 + 60, "out", 1), 1);
	assert_int_equal(moved(r, START + HOUR / 2 + 61, "out", 50 * mib), 0);
	/* Spread over longer it is not much. */
	for (int i = 0; i < 48; i++) {
		assert_int_equal(moved(r, START + DAY + i * HOUR / 2, "out", 49 * mib), 0);
	}
	assert_int_equal(moved(r, START + 4 * DAY, "out", UINT64_MAX), 0); /* nonsense */
}

static void test_unusual_volume(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_VOLUME;
	const uint64_t mib = 1u << 20;

	for (int i = 0; i < 10; i++) {
		assert_int_equal(moved(r, START + i * DAY, "out", 4 * mib), 0);
	}
	assert_int_equal(moved(r, START + 20 * DAY, "out", 20 * mib), 0);
	assert_int_equal(moved(r, START + 20 * DAY + 1, "out", 5 * mib), 1);
	assert_non_null(strstr(kit.alert.text, "usual"));
	assert_int_equal(moved(r, START + 20 * DAY + 2, "out", 5 * mib), 0);
}

static void test_shared_use(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_SHARED_USE;

	began(r, START, "actor.user=alice session=a src.ip=192.0.2.7 device.id=d1");
	/* The same network, another user, and the same device elsewhere are no sharing. */
	began(r, START, "actor.user=alice session=b src.ip=192.0.2.8 device.id=d2");
	began(r, START, "actor.user=bob session=c src.ip=198.51.100.7 device.id=d3");
	began(r, START, "actor.user=alice session=d src.ip=198.51.100.7 device.id=d1");
	kit_feed(&kit, r, START, "session.end", SP_OUTCOME_OK, "session=b");
	sp_detect_tick(kit.d, START + 61);
	assert_int_equal(kit_take(&kit, r), 0);
	began(r, START + 100, "actor.user=alice session=e src.ip=203.0.113.7 device.id=d4");
	sp_detect_tick(kit.d, START + 130);
	assert_int_equal(kit_take(&kit, r), 0);
	sp_detect_tick(kit.d, START + 190);
	assert_int_equal(kit_take(&kit, r), 1);
	assert_string_equal(kit.alert.session, "e");
	sp_detect_tick(kit.d, START + 260);
	assert_int_equal(kit_take(&kit, r), 0);
}

static void test_who_goes_home_shares_nothing(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_SHARED_USE;

	began(r, START, "actor.user=alice session=a src.ip=192.0.2.7");
	began(r, START + HOUR, "actor.user=alice session=b src.ip=198.51.100.7");
	kit_feed(&kit, r, START + HOUR + 5, "session.disconnect", SP_OUTCOME_OK, "session=a");
	sp_detect_tick(kit.d, START + 2 * HOUR);
	assert_int_equal(kit_take(&kit, r), 0);
	/* Whoever comes back by a cookie goes on in the same session. */
	began(r, START + 2 * HOUR, "actor.user=bob session=x conn=1 src.ip=192.0.2.7");
	kit_feed(&kit, r, START + 2 * HOUR, "session.reconnect", SP_OUTCOME_OK,
			"actor.user=bob session=x conn=2 src.ip=198.51.100.7");
	kit_feed(&kit, r, START + 2 * HOUR, "session.disconnect", SP_OUTCOME_OK,
			"actor.user=bob session=x conn=1");
	sp_detect_tick(kit.d, START + 15 * HOUR);
	assert_int_equal(kit_take(&kit, SP_ALERT_LONG_SESSION), 2);
	/* And a restart ends them all. */
	began(r, START + 20 * HOUR, "actor.user=alice session=c src.ip=203.0.113.7");
	kit_feed(&kit, r, START + 20 * HOUR, "service.start", SP_OUTCOME_OK, "");
	sp_detect_tick(kit.d, START + 22 * HOUR);
	assert_int_equal(kit_take(&kit, r), 0);
}

static void test_claims_changed(void **state)
{
	(void)state;
	enum sp_alert_rule r = SP_ALERT_CLAIMS_CHANGED;
	static const struct {
		const char *claims;
		unsigned alerts;
	} steps[] = {
			{"claimed.client=PC1 claimed.keyboard=1031 claimed.zone=Berlin", 0},
			{"claimed.client=PC2 claimed.keyboard=1033 claimed.zone=Berlin", 0},
			{"claimed.client=PC3 claimed.keyboard=1031", 0},
			{"claimed.client=PC3 claimed.keyboard=1036 claimed.zone=Paris", 1},
			{"claimed.client=PC3 claimed.keyboard=1036 claimed.zone=Paris", 0},
			{"claimed.client=PC4 claimed.keyboard=1041 claimed.zone=Tokyo",
					0}, /* told */
	};

	for (size_t i = 0; i < SP_LEN(steps); i++) {
		char text[256];
		snprintf(text, sizeof(text), "device.id=d1 %s", steps[i].claims);
		assert_int_equal(session(r, START + (int64_t)i * HOUR, text), steps[i].alerts);
	}
}

/* ---- what is kept over a restart ---- */

/* Some of everything, the same each time. */
static void anything(struct kit *k, unsigned i)
{
	static const char *const events[] = {"auth.fail", "auth.ok", "session.start", "session.end",
			"file.transfer", "token.misuse", "conn.close", "auth.fail", "mfa.fail",
			"session.start", "audit.checkpoint", "auth.fail"};
	uint32_t x = (i + 1) * 2654435761u;
	char fields[256];

	snprintf(fields, sizeof(fields),
			"actor.user=u%u src.ip=192.0.%u.%u session=s%u conn=%u target.name=t%u "
			"device.id=d%u claimed.machine=M%u claimed.client=c%u claimed.keyboard=%u "
			"claimed.zone=z%u transfer.way=out transfer.bytes=%u actor.known=%u "
			"reason=protocol src.country=%c%c",
			x >> 28, x >> 26 & 3, x >> 22 & 15, i & 31, i, x >> 20 & 7, x >> 17 & 3,
			x >> 14 & 3, x >> 8 & 7, x >> 9 & 7, x >> 7 & 7, (x >> 3 & 63) << 20, x & 1,
			'A' + (int)(x >> 5 & 1), 'A');
	(void)kit_feed(k, SP_ALERT_RULES, START + (int64_t)i * 97, events[(x >> 11) % 12],
			SP_OUTCOME_OK, fields);
}

static uint64_t digest(const struct kit *k, uint64_t sum)
{
	return sum * 1099511628211u + k->alert.rule * 1000003u + k->alert.last * 31 +
			k->alert.first;
}

/* Saved and loaded again and again it tells what it would have told. */
static void test_state(void **state)
{
	(void)state;
	struct kit other;
	static const uint64_t key[2] = {7, 8}; /* the state brings its own */
	uint64_t a = 0, b = 0;
	unsigned alerts = 0;

	kit_begin(&other);
	for (unsigned i = 0; i < 3000; i++) {
		kit.alert.last = other.alert.last = 0;
		anything(&kit, i);
		anything(&other, i);
		alerts += kit.alert.last != 0;
		a = digest(&kit, a);
		b = digest(&other, b);
		if (i % 100 == 0) {
			struct sp_wr w;
			sp_wr_init(&w, SP_DETECT_STATE_MAX);
			assert_int_equal(sp_detect_save(other.d, &w), SP_OK);
			sp_detect_destroy(other.d);
			other.d = sp_detect_create(&other.conf, key);
			assert_non_null(other.d);
			assert_int_equal(sp_detect_load(other.d, sp_span(w.p, w.n)), SP_OK);
			struct sp_wr again;
			sp_wr_init(&again, SP_DETECT_STATE_MAX);
			assert_int_equal(sp_detect_save(other.d, &again), SP_OK);
			unit_assert_span(sp_span(again.p, again.n), sp_span(w.p, w.n));
			sp_wr_finish(&again);
			sp_wr_finish(&w);
		}
	}
	kit_end(&other);
	assert_true(a == b);
	assert_true(alerts > 30);
}

/* A kill between the record and the saved state: fed again, told once. */
static void test_what_was_told_is_not_told_again(void **state)
{
	(void)state;
	struct sp_detect_record r = {.wall = START};
	struct sp_audit_event e[11], told;
	struct sp_audit_view v;

	for (int i = 0; i < 10; i++) {
		kit_event(&e[i], "auth.fail", SP_OUTCOME_DENIED,
				"actor.user=alice src.ip=192.0.2.7");
	}
	for (int kept = 0; kept < 2; kept++) {
		struct sp_detect_alert alert = kit.alert;
		kit_end(&kit);
		kit_begin(&kit);
		for (int i = 0; i < 10; i++) {
			assert_int_equal(sp_audit_read(sp_span(e[i].b, e[i].n), &v), SP_OK);
			r.v = &v;
			r.seq = (uint64_t)i + 1;
			sp_detect_feed(kit.d, &r);
		}
		if (kept) {
			sp_detect_event(&alert, &told);
			assert_int_equal(sp_audit_read(sp_span(told.b, told.n), &v), SP_OK);
			r.seq = 12;
			sp_detect_feed(kit.d, &r);
		}
		assert_int_equal(kit_take(&kit, SP_ALERT_RULES), kept ? 0 : 1);
	}
}

static void load_cut(struct sp_span in, void *arg)
{
	(void)arg;
	assert_int_not_equal(sp_detect_load(kit.d, in), SP_OK);
	assert_int_equal(sp_detect_last(kit.d), 0);
}

static void test_damaged_state(void **state)
{
	(void)state;
	struct kit from;
	struct sp_wr w;

	kit_begin(&from);
	for (unsigned i = 0; i < 8; i++) {
		anything(&from, i);
	}
	sp_wr_init(&w, SP_DETECT_STATE_MAX);
	assert_int_equal(sp_detect_save(from.d, &w), SP_OK);
	kit_end(&from);
	/* At every byte it would take long: clearing a table costs. */
	for (size_t n = 0; n < w.n; n += n < 300 ? 7 : 211) {
		load_cut(sp_span(w.p, n), NULL);
	}
	for (size_t n = 0; n < w.n; n += 101) {
		w.p[n] ^= 0x80;
		if (sp_detect_load(kit.d, sp_span(w.p, w.n)) == SP_OK) {
			kit.seq = sp_detect_last(kit.d);
			anything(&kit, 9);
		}
		w.p[n] ^= 0x80;
		kit_end(&kit);
		kit_begin(&kit);
	}
	sp_wr_finish(&w);
}

/* Somebody who fills the tables: the latest stay, and nothing grows. */
static void test_bounds(void **state)
{
	(void)state;
	struct sp_wr w;

	for (unsigned i = 0; i < 40000; i++) {
		char fields[128];
		snprintf(fields, sizeof(fields),
				"claimed.user=n%u src.ip=10.%u.%u.%u claimed.machine=m%u", i,
				i >> 16, i >> 8 & 255, i & 255, i);
		kit_feed(&kit, SP_ALERT_RULES, START + i / 100, "auth.fail", SP_OUTCOME_DENIED,
				fields);
	}
	sp_wr_init(&w, SP_DETECT_STATE_MAX);
	assert_int_equal(sp_detect_save(kit.d, &w), SP_OK);
	assert_true(w.n < 2u << 20);
	sp_wr_finish(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
			TEST(test_travel_by_distance),
			TEST(test_near_is_never_impossible),
			TEST(test_travel_by_country),
			TEST(test_where_a_vpn_comes_out_is_nowhere),
			TEST(test_new_things),
			TEST(test_new_things_of_an_administrator),
			TEST(test_networks_are_wide),
			TEST(test_off_hours_that_were_set),
			TEST(test_off_hours_that_were_learned),
			TEST(test_dormant),
			TEST(test_long_session),
			TEST(test_long_for_this_user),
			TEST(test_idle_session),
			TEST(test_many_targets),
			TEST(test_many_new_targets),
			TEST(test_new_path),
			TEST(test_volume),
			TEST(test_unusual_volume),
			TEST(test_shared_use),
			TEST(test_who_goes_home_shares_nothing),
			TEST(test_claims_changed),
			TEST(test_state),
			TEST(test_what_was_told_is_not_told_again),
			TEST(test_damaged_state),
			TEST(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
