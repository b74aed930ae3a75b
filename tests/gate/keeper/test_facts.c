/* tests/gate/keeper/test_facts.c - what the rules and the registry hear of users, groups and sources. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/facts.h"
#include "gate/keeper/store_group.h"
#include "host/lib/crypto_nettle.h"

#define PASSWORD "four staples and a horse"
#define NOON INT64_C(1790000000)

static char dir[] = "/tmp/sp-test-facts-XXXXXX";
static struct sp_conf conf;
static struct sp_conf_rule rules[2];
static struct sp_keeper k;
static struct sp_session_world world;
static struct sp_user alice;

static int64_t unix_time(void)
{
	return NOON;
}

static int setup(void **state)
{
	char why[SP_STORE_WHY];

	if (mkdtemp(dir) == NULL || chdir(dir) != 0) {
		return -1;
	}
	sp_conf_default(&conf);
	k = (struct sp_keeper){.conf = &conf, .crypto = &sp_crypto_nettle, .unix_time = unix_time};
	k.store = sp_store_open("s", NULL, true, k.crypto, why);
	if (k.store == NULL || sp_store_add(k.store, "alice", "", PASSWORD) != SP_OK ||
			sp_store_add(k.store, "carol", "", PASSWORD) != SP_OK ||
			sp_store_group_add(k.store, "leads") != SP_OK ||
			sp_store_group_enter(k.store, "leads", "carol") != SP_OK) {
		return -1;
	}
	sp_facts_world(&k, &world);
	return sp_store_get(k.store, "alice", &alice) == SP_OK ? 0 : -1;
}

static int teardown(void **state)
{
	sp_store_close(k.store);
	sp_conf_finish(&conf);
	unlink("s/store.db");
	unlink("s/store.db-wal");
	unlink("s/store.db-shm");
	unlink("s/keeper.key");
	return rmdir("s") == 0 && chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static struct sp_session session(const struct sp_user *u)
{
	struct sp_session s = {.user_id = u->id,
			.user_created = u->created,
			.source = {.family = AF_INET, .addr = {192, 0, 2, 7}},
			.interface = "wg0",
			.target = "desktop"};

	snprintf(s.user, sizeof(s.user), "%s", u->name);
	return s;
}

static bool allowed(const struct sp_session *s)
{
	struct sp_policy_verdict v;

	world.decide(world.arg, s, &v);
	return v.allow;
}

/* Two rules in the place of the built-in one. */
static struct sp_conf_rule *use_rules(void)
{
	struct sp_conf_rule *r = rules;

	memset(rules, 0, sizeof(rules));
	snprintf(r->name, sizeof(r->name), "test");
	r->mfa = SP_CONF_FACTOR_NONE;
	k.conf = &conf;
	conf.rule = r;
	conf.n_rules = 1;
	return r;
}

static void test_decide(void **state)
{
	struct sp_conf_rule *kept = conf.rule;
	size_t n = conf.n_rules;
	struct sp_session s = session(&alice);
	struct sp_conf_rule *r = use_rules();

	assert_true(allowed(&s));
	/* The group is looked up in the store, for this user. */
	r->n_users = 1;
	snprintf(r->users[0], sizeof(r->users[0]), "@leads");
	assert_false(allowed(&s));
	assert_int_equal(sp_store_group_enter(k.store, "leads", "alice"), SP_OK);
	assert_true(allowed(&s));
	assert_int_equal(sp_store_group_leave(k.store, "leads", "alice"), SP_OK);
	assert_false(allowed(&s));
	r->n_users = 0;
	/* Where it comes from and by what, to which target, with what. */
	r->n_from = 1;
	r->from[0] = (struct sp_conf_net){.family = AF_INET, .bits = 24, .addr = {192, 0, 2}};
	assert_true(allowed(&s));
	s.source.addr[2] = 3;
	assert_false(allowed(&s));
	s = session(&alice);
	r->n_interfaces = 1;
	snprintf(r->interfaces[0], sizeof(r->interfaces[0]), "wg0");
	assert_true(allowed(&s));
	snprintf(s.interface, sizeof(s.interface), "eth0");
	assert_false(allowed(&s));
	s = session(&alice);
	r->n_targets = 1;
	snprintf(r->targets[0], sizeof(r->targets[0]), "db1");
	assert_false(allowed(&s));
	r->n_targets = 0;
	r->devices = SP_CONF_DEVICE_ENROLLED;
	assert_false(allowed(&s));
	s.device = true;
	assert_true(allowed(&s));
	/* Without a file of countries nobody is in one. */
	r->n_countries = 1;
	snprintf(r->countries[0], sizeof(r->countries[0]), "DE");
	assert_false(allowed(&s));
	conf.rule = kept;
	conf.n_rules = n;
}

static void test_user_ok(void **state)
{
	struct sp_user dave;
	struct sp_session s = session(&alice);

	assert_true(world.user_ok(world.arg, &s));
	assert_int_equal(sp_store_disable(k.store, "alice", true), SP_OK);
	assert_false(world.user_ok(world.arg, &s));
	assert_int_equal(sp_store_disable(k.store, "alice", false), SP_OK);
	assert_true(world.user_ok(world.arg, &s));
	assert_int_equal(sp_store_add(k.store, "dave", "", PASSWORD), SP_OK);
	assert_int_equal(sp_store_get(k.store, "dave", &dave), SP_OK);
	s = session(&dave);
	assert_true(world.user_ok(world.arg, &s));
	assert_int_equal(sp_store_delete(k.store, "dave"), SP_OK);
	assert_false(world.user_ok(world.arg, &s));
	/* Another one of the same name. */
	assert_int_equal(sp_store_add(k.store, "dave", "", PASSWORD), SP_OK);
	s.user_created--;
	assert_false(world.user_ok(world.arg, &s));
	assert_int_equal(sp_store_delete(k.store, "dave"), SP_OK);
}

static void test_may_approve(void **state)
{
	struct sp_conf_rule r = {.n_approval = 2};

	snprintf(r.approval[0], sizeof(r.approval[0]), "@leads");
	snprintf(r.approval[1], sizeof(r.approval[1]), "root");
	assert_true(world.may_approve(world.arg, &r, "carol"));
	assert_false(world.may_approve(world.arg, &r, "alice"));
	/* An account of this machine that is no user of the gate, by its name only. */
	assert_true(world.may_approve(world.arg, &r, "root"));
	assert_false(world.may_approve(world.arg, &r, "leads"));
	assert_false(world.may_approve(world.arg, &r, "@leads"));
	assert_false(world.may_approve(world.arg, &r, ""));
	assert_int_equal(sp_store_disable(k.store, "carol", true), SP_OK);
	assert_false(world.may_approve(world.arg, &r, "carol"));
	snprintf(r.approval[1], sizeof(r.approval[1]), "carol");
	assert_false(world.may_approve(world.arg, &r, "carol"));
	assert_int_equal(sp_store_disable(k.store, "carol", false), SP_OK);
	assert_true(world.may_approve(world.arg, &r, "carol"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_decide),
			cmocka_unit_test(test_user_ok),
			cmocka_unit_test(test_may_approve),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
