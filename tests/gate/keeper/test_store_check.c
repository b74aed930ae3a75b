/* tests/gate/keeper/test_store_check.c - passwords in clear, and stores of earlier versions. */
#include "store_kit.h"

#include "gate/keeper/store_device.h"
#include "gate/keeper/store_group.h"
#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_vault.h"

#define OTHER "five staples and a horse"

static int verify(const char *name, const char *password)
{
	struct sp_user u;
	int rc = sp_store_verify(kit_st, name, password, &u);

	assert_string_equal(u.name, rc == SP_OK ? "alice" : "");
	return rc;
}

static void test_verify(void **state)
{
	assert_int_equal(verify("alice", KIT_GOOD), SP_OK);
	assert_int_equal(verify("ALICE@corp", KIT_GOOD), SP_OK);
	assert_int_equal(verify("alice", OTHER), SP_EAUTH);
	assert_int_equal(verify("alice", ""), SP_EAUTH);
	assert_int_equal(verify("carol", KIT_GOOD), SP_EAUTH);
	assert_int_equal(sp_store_passwd(kit_st, "alice", OTHER), SP_OK);
	assert_int_equal(verify("alice", KIT_GOOD), SP_EAUTH);
	assert_int_equal(verify("alice", OTHER), SP_OK);
	assert_int_equal(sp_store_disable(kit_st, "alice", true), SP_OK);
	assert_int_equal(verify("alice", OTHER), SP_EAUTH);
	kit_tamper("UPDATE user SET disabled = 0");
	assert_int_equal(verify("alice", OTHER), SP_EAUTH);
	assert_false(kit_on_disk("argon2id"));
}

static void test_verify_tampered(void **state)
{
	kit_tamper("UPDATE credential SET (salt, nonce, sealed) = (SELECT salt, nonce, sealed FROM "
		   "credential WHERE user = 2 AND kind = 'argon1') "
		   "WHERE user = 1 AND kind = 'argon1'");
	assert_int_equal(verify("alice", KIT_GOOD), SP_EAUTH);
	/* A password older than the verifiers. */
	kit_tamper("DELETE FROM credential WHERE kind = 'argon1'");
	assert_int_equal(verify("alice", KIT_GOOD), SP_EAUTH);
	assert_int_equal(kit_login("alice", KIT_GOOD, NULL, KIT_NOW).by, SP_PROVED_PASSWORD);
	assert_int_equal(sp_store_passwd(kit_st, "alice", KIT_GOOD), SP_OK);
	assert_int_equal(verify("alice", KIT_GOOD), SP_OK);
}

/* The tables of version 2 and nothing else, as the program before left them. */
static void make_older(void)
{
	kit_tamper("DROP TABLE member; DROP TABLE usergroup; DROP TABLE device; DROP TABLE token;"
		   "DROP TABLE decoy; DROP TABLE vault; DROP TABLE recovery; DROP TABLE pin;"
		   "DROP TABLE license; DROP TABLE lockout; DROP TABLE familiar; DROP TABLE spray;"
		   "DROP TABLE alarm; DROP TABLE penalty; DROP TABLE pause; DROP TABLE spray_hour;"
		   "DELETE FROM credential WHERE kind = 'argon1';"
		   "PRAGMA user_version = 2");
}

static void test_older(void **state)
{
	char secret[SP_DEVICE_TEXT];
	int64_t id;

	kit_files_only();
	make_older();
	kit_reopen();
	assert_int_equal(kit_number("PRAGMA user_version"), 5);
	assert_int_equal(kit_login("alice", KIT_GOOD, NULL, KIT_NOW).by, SP_PROVED_PASSWORD);
	assert_int_equal(sp_store_group_add(kit_st, "ops"), SP_OK);
	assert_int_equal(sp_store_vault_set(kit_st, "db1", "u", "p"), SP_OK);
	assert_int_equal(sp_store_device_add(kit_st, "alice", "x", secret, &id), SP_OK);
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).by, SP_PROVED_DEVICE);
}

static int nothing(struct sp_store *st, const void *arg)
{
	return st != NULL ? SP_OK : SP_EDB;
}

/* Several processes find the old store at the same time. */
static void test_older_at_once(void **state)
{
	kit_files_only();
	sp_store_close(kit_st);
	kit_st = NULL;
	make_older();
	assert_int_equal(kit_rivals(6, nothing, NULL), 6);
	kit_reopen();
	assert_int_equal(kit_number("SELECT COUNT(*) FROM decoy"), 32);
}

/* A step that cannot be finished leaves the store as it was. */
static void test_older_fails(void **state)
{
	kit_files_only();
	make_older();
	kit_tamper("CREATE TABLE spray (x)");
	sp_store_close(kit_st);
	kit_st = sp_store_open("s", NULL, false, NULL, kit_why);
	assert_null(kit_st);
	assert_string_not_equal(kit_why, "");
	assert_int_equal(kit_number("PRAGMA user_version"), 2);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'device'"), 0);
	kit_tamper("DROP TABLE spray");
	kit_reopen();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_verify),
			kit_test(test_verify_tampered),
			kit_test(test_older),
			kit_test(test_older_at_once),
			kit_test(test_older_fails),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
