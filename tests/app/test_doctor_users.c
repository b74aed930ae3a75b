/* tests/app/test_doctor_users.c - people and secrets of a store: each fault is seen, and nothing else. */
#include "doctor_kit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <time.h>

#include "gate/keeper/store_group.h"
#include "gate/keeper/store_look.h"
#include "gate/keeper/store_pin.h"
#include "gate/keeper/store_recovery.h"
#include "gate/keeper/store_vault.h"
#include "host/lib/crypto_nettle.h"
#include "store_kit.h"

#define LONG_AGO INT64_C(400)

static void look(void)
{
	kit_again();
	app_doctor_users(kit, kit_st);
	app_doctor_vault(kit, kit_st);
}

static int begin(void **state)
{
	static const uint8_t secret[SP_TOTP_SECRET] = {1};
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];

	if (kit_open(state) != 0 || kit_begin(state) != 0) {
		return -1;
	}
	kit->now = (int64_t)time(NULL);
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "alice" : "bob";
		if (sp_store_totp_set(kit_st, name, secret, 0) != SP_OK ||
				sp_store_recovery_make(kit_st, name, codes) != SP_OK) {
			return -1;
		}
	}
	return 0;
}

static int finish(void **state)
{
	return kit_end(state) == 0 ? kit_remove(state) : -1;
}

static void test_well(void **state)
{
	look();
	assert_int_equal(kit_faults(), 0);
	assert_int_equal(kit_level("users.users", NULL), APP_DOCTOR_OK);
}

static void test_factor(void **state)
{
	char codes[SP_RECOVERY_COUNT][SP_RECOVERY_TEXT];

	assert_int_equal(sp_store_totp_clear(kit_st, "bob"), SP_OK);
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.second-factor", "bob"), APP_DOCTOR_WARN);
	assert_string_equal(kit->finding[0].todo, "sallyport user totp bob");
	kit_conf.mfa = SP_CONF_MFA_NONE;
	look();
	assert_int_equal(kit_level("users.second-factor", "bob"), APP_DOCTOR_WARN);
	assert_true(sp_conf_parse_listen("0.0.0.0:3389", &kit_conf.listen[0]));
	look();
	assert_int_equal(kit_level("users.second-factor", "bob"), APP_DOCTOR_BAD);
	/* Who cannot log in needs none. */
	assert_int_equal(sp_store_disable(kit_st, "bob", true), SP_OK);
	look();
	assert_int_equal(kit_faults(), 0);
	assert_int_equal(kit_level("users.disabled", NULL), APP_DOCTOR_INFO);

	assert_int_equal(sp_store_recovery_make(kit_st, "alice", codes), SP_OK);
	for (int i = 0; i < SP_RECOVERY_COUNT; i++) {
		assert_int_equal(sp_store_recovery_use(kit_st, "alice", codes[i], KIT_NOW), SP_OK);
	}
	look();
	assert_int_equal(kit_level("users.recovery", "alice"), APP_DOCTOR_INFO);
}

static void test_password(void **state)
{
	struct sp_store_look k;
	struct sp_user u;

	/* A year later; nobody came. */
	kit->now += LONG_AGO * KIT_DAY;
	look();
	assert_int_equal(kit_level("users.password", "alice"), APP_DOCTOR_WARN);
	assert_int_equal(kit_level("users.dormant", "alice"), APP_DOCTOR_WARN);
	assert_int_equal(kit_faults(), 4);
	kit->password_days = 0;
	look();
	assert_int_equal(kit_level("users.password", "alice"), -1);
	kit->now -= LONG_AGO * KIT_DAY;

	/* Disabling seals the hash anew, and the password is as old as before. */
	kit_tamper("UPDATE credential SET created = created - 34560000");
	assert_int_equal(sp_store_disable(kit_st, "bob", true), SP_OK);
	assert_int_equal(sp_store_disable(kit_st, "bob", false), SP_OK);
	kit->password_days = 365;
	look();
	assert_int_equal(kit_level("users.password", "bob"), APP_DOCTOR_WARN);
	assert_int_equal(sp_store_passwd(kit_st, "bob", KIT_GOOD), SP_OK);
	look();
	assert_int_equal(kit_level("users.password", "bob"), -1);
	assert_int_equal(kit_level("users.password", "alice"), APP_DOCTOR_WARN);

	kit_tamper("DELETE FROM credential WHERE kind = 'argon1'");
	look();
	assert_int_equal(kit_level("users.verifier", "bob"), APP_DOCTOR_INFO);
	assert_int_equal(sp_store_get(kit_st, "bob", &u), SP_OK);
	assert_int_equal(sp_store_look(kit_st, &u, &k), SP_OK);
	assert_false(k.verifier);
	assert_true(k.opens);
	assert_int_equal(k.recovery, SP_RECOVERY_COUNT);
	assert_int_equal(k.devices, 0);
}

static void test_tampered(void **state)
{
	kit_tamper("UPDATE credential SET sealed = zeroblob(length(sealed)) WHERE kind = 'nt1' AND "
		   "user = 1");
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.sealed", "alice"), APP_DOCTOR_BAD);
}

static void test_dormant(void **state)
{
	struct sp_user u;

	kit->password_days = 0;
	assert_int_equal(sp_store_get(kit_st, "alice", &u), SP_OK);
	assert_int_equal(sp_store_seen(kit_st, u.id, kit->now), SP_OK);
	kit->now += 29 * KIT_DAY;
	look();
	assert_int_equal(kit_faults(), 0);
	kit->now += 2 * KIT_DAY;
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.dormant", "bob"), APP_DOCTOR_WARN);
	kit->now += 60 * KIT_DAY;
	look();
	assert_int_equal(kit_level("users.dormant", "alice"), APP_DOCTOR_WARN);
}

static void test_vault(void **state)
{
	struct sp_pin pin;
	static const uint8_t one[SP_PIN_SIZE] = {1}, two[SP_PIN_SIZE] = {2};

	assert_int_equal(sp_store_vault_set(kit_st, "db", "admin", "pw"), SP_OK);
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.vault", "db"), APP_DOCTOR_WARN);
	struct sp_conf_target *t = &kit_conf.target[0];
	t->kind = SP_CONF_RDP;
	t->login = SP_CONF_LOGIN_SECRET;
	snprintf(t->secret, sizeof(t->secret), "db");
	look();
	assert_int_equal(kit_faults(), 0);
	assert_int_equal(kit_level("users.vault", NULL), APP_DOCTOR_OK);
	assert_int_equal(kit_level("users.vault-age", NULL), -1);
	/* By the clock of the store, it is of today. */
	int64_t now = kit->now;
	kit->now = (int64_t)time(NULL) + 400 * KIT_DAY;
	look();
	assert_int_equal(kit_level("users.vault-age", "db"), APP_DOCTOR_INFO);
	kit->now = now;
	look();
	assert_int_equal(sp_store_vault_delete(kit_st, "db"), SP_OK);
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.vault", t->name), APP_DOCTOR_BAD);
	t->login = SP_CONF_LOGIN_ASK;

	assert_int_equal(sp_store_pin_check(kit_st, "db", "10.0.0.5:3389", one, kit->now, &pin),
			SP_PIN_FIRST);
	look();
	assert_int_equal(kit_faults(), 0);
	assert_int_equal(sp_store_pin_check(kit_st, "db", "10.0.0.5:3389", two, kit->now, &pin),
			SP_PIN_CHANGED);
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.target-key", "db"), APP_DOCTOR_WARN);
}

static void test_named(void **state)
{
	struct sp_conf_rule *r = &kit_conf.rule[0];

	r->n_users = 3;
	snprintf(r->users[0], sizeof(r->users[0]), "alice");
	snprintf(r->users[1], sizeof(r->users[1]), "@ops");
	snprintf(r->users[2], sizeof(r->users[2]), "carol");
	look();
	assert_int_equal(kit_faults(), 2);
	assert_int_equal(kit_level("users.named", "carol"), APP_DOCTOR_WARN);
	assert_int_equal(kit_level("users.named", "@ops"), APP_DOCTOR_WARN);
	assert_int_equal(sp_store_group_add(kit_st, "ops"), SP_OK);
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.named", "@ops"), -1);
}

/* Looking makes nothing, and needs nothing to be made. */
static void test_open_read(void **state)
{
	char why[SP_STORE_WHY];
	bool missing;

	assert_null(sp_store_open_read("none", NULL, &missing, &sp_crypto_nettle, why));
	assert_true(missing);
	struct sp_store *st = sp_store_open_read("s", NULL, &missing, &sp_crypto_nettle, why);
	assert_non_null(st);
	assert_int_equal(sp_store_delete(st, "alice"), SP_EDB);
	sp_store_close(st);
}

#define row(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
			row(test_well),
			row(test_factor),
			row(test_password),
			row(test_tampered),
			row(test_dormant),
			row(test_vault),
			row(test_named),
			row(test_open_read),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
