/* tests/gate/keeper/test_store_device.c - device secrets: shown once, good until revoked. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/store_device.h"

static char secret[SP_DEVICE_TEXT];
static int64_t id;

static void add(const char *user, const char *label)
{
	assert_int_equal(sp_store_device_add(kit_st, user, label, secret, &id), SP_OK);
	assert_true(id > 0);
}

static bool count(void *arg, const struct sp_device *d)
{
	int *n = arg;

	*n += 1;
	return true;
}

static void test_round_trip(void **state)
{
	char first[SP_DEVICE_TEXT];
	struct sp_device d;
	struct sp_checked c;
	int n = 0;

	add("alice", "laptop Ä");
	memcpy(first, secret, sizeof(first));
	assert_int_equal(strlen(first), 29);
	assert_int_equal(strspn(first, "0123456789abcdefghjkmnpqrstvwxyz-"), 29);
	assert_int_equal(first[5], '-');
	int64_t laptop = id;
	add("alice", "phone");
	assert_string_not_equal(first, secret);
	assert_false(kit_on_disk(first));
	kit_reopen();
	c = kit_login("alice", first, NULL, KIT_NOW);
	assert_int_equal(c.result, SP_PROOF_GRANTED);
	assert_int_equal(c.by, SP_PROVED_DEVICE);
	assert_int_equal(c.id, laptop);
	assert_string_equal(c.user.name, "alice");
	assert_string_equal(c.target, "");
	c = kit_login("Alice@corp", secret, NULL, KIT_NOW);
	assert_int_equal(c.id, id);
	c = kit_login("alice", KIT_GOOD, NULL, KIT_NOW);
	assert_int_equal(c.by, SP_PROVED_PASSWORD);
	assert_int_equal(c.id, 0);
	/* It is nobody else's. */
	assert_int_equal(kit_login("bob", first, NULL, KIT_NOW).why, SP_WHY_PASSWORD);
	assert_int_equal(kit_login("carol", first, NULL, KIT_NOW).why, SP_WHY_NO_USER);
	assert_int_equal(sp_store_device_seen(kit_st, laptop, 1234), SP_OK);
	assert_int_equal(sp_store_device_find(kit_st, "alice", "laptop Ä", &d), SP_OK);
	assert_int_equal(d.id, laptop);
	assert_int_equal(d.last_used, 1234);
	assert_int_equal(d.revoked, 0);
	assert_true(sp_store_device_alive(kit_st, laptop));
	assert_int_equal(sp_store_device_revoke(kit_st, laptop), SP_OK);
	assert_int_equal(sp_store_device_revoke(kit_st, laptop), SP_ENOTFOUND);
	assert_false(sp_store_device_alive(kit_st, laptop));
	assert_int_equal(kit_login("alice", first, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).id, id);
	/* Its label is free again; the list has both. */
	add("alice", "laptop Ä");
	assert_int_equal(sp_store_device_find(kit_st, "alice", "laptop Ä", &d), SP_OK);
	assert_int_equal(d.id, id);
	assert_int_equal(sp_store_device_list(kit_st, "alice", count, &n), SP_OK);
	assert_int_equal(n, 3);
	assert_int_equal(sp_store_device_list(kit_st, "bob", count, &n), SP_OK);
	assert_int_equal(n, 3);
	assert_int_equal(sp_store_device_list(kit_st, NULL, count, &n), SP_OK);
	assert_int_equal(n, 6);
}

static void test_misuse(void **state)
{
	struct sp_device d;
	char label[65];

	memset(label, 'x', 64);
	label[64] = '\0';
	assert_int_equal(sp_store_device_add(kit_st, "carol", "x", secret, &id), SP_ENOTFOUND);
	assert_string_equal(secret, "");
	assert_int_equal(sp_store_device_add(kit_st, "alice", "", secret, &id), SP_EARG);
	assert_int_equal(sp_store_device_add(kit_st, "alice", label, secret, &id), SP_EARG);
	assert_int_equal(sp_store_device_add(kit_st, "alice", "a\nb", secret, &id), SP_EARG);
	assert_int_equal(sp_store_device_add(kit_st, "alice", "\xff", secret, &id), SP_EARG);
	add("alice", "x");
	assert_int_equal(sp_store_device_add(kit_st, "alice", "x", secret, &id), SP_EARG);
	assert_string_equal(sp_store_why(kit_st), "user has a device of that label");
	assert_int_equal(sp_store_device_revoke(kit_st, 99), SP_ENOTFOUND);
	assert_int_equal(sp_store_device_find(kit_st, "alice", "y", &d), SP_ENOTFOUND);
	assert_false(sp_store_device_alive(kit_st, 99));
}

/* As many as one can have, and each of them opens. */
static void test_many(void **state)
{
	char all[SP_DEVICES_MAX][SP_DEVICE_TEXT], label[8];

	for (int i = 0; i < SP_DEVICES_MAX; i++) {
		snprintf(label, sizeof(label), "d%d", i);
		add("alice", label);
		memcpy(all[i], secret, sizeof(secret));
	}
	assert_int_equal(sp_store_device_add(kit_st, "alice", "one more", secret, &id), SP_ELIMIT);
	for (int i = 0; i < SP_DEVICES_MAX; i++) {
		assert_int_equal(kit_login("alice", all[i], NULL, KIT_NOW).by, SP_PROVED_DEVICE);
	}
	assert_int_equal(kit_login("alice", KIT_GOOD, NULL, KIT_NOW).by, SP_PROVED_PASSWORD);
	assert_int_equal(sp_store_device_revoke(kit_st, 3), SP_OK);
	add("alice", "one more");
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).id, id);
	/* Somebody disabled has none, and gets them back. */
	assert_int_equal(sp_store_disable(kit_st, "alice", true), SP_OK);
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).why, SP_WHY_DISABLED);
	assert_int_equal(sp_store_disable(kit_st, "alice", false), SP_OK);
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).id, id);
	assert_int_equal(sp_store_delete(kit_st, "alice"), SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM device"), 0);
	/* Another user of the name has nothing of the first one. */
	assert_int_equal(sp_store_add(kit_st, "alice", "", KIT_GOOD), SP_OK);
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).why, SP_WHY_PASSWORD);
}

static void test_tampered(void **state)
{
	char alices[SP_DEVICE_TEXT];

	add("alice", "a");
	memcpy(alices, secret, sizeof(alices));
	add("bob", "b");
	/* Bob's secret in alice's row, bob's row as alice's, a changed byte, no bytes. */
	kit_tamper("UPDATE device SET (salt, nonce, sealed) = "
		   "(SELECT salt, nonce, sealed FROM device WHERE id = 2) WHERE id = 1");
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	kit_tamper("UPDATE device SET user = 1 WHERE id = 2");
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	kit_tamper("UPDATE device SET user = 2 WHERE id = 2");
	assert_int_equal(kit_login("bob", secret, NULL, KIT_NOW).result, SP_PROOF_GRANTED);
	kit_tamper("UPDATE device SET version = 2 WHERE id = 2");
	assert_int_equal(kit_login("bob", secret, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	kit_tamper("UPDATE device SET sealed = x'00', version = 1");
	assert_int_equal(kit_login("bob", secret, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	kit_tamper("UPDATE device SET sealed = x'', salt = x'', nonce = x''");
	assert_int_equal(kit_login("bob", secret, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(kit_login("bob", KIT_GOOD, NULL, KIT_NOW).result, SP_PROOF_GRANTED);
	/* A flag in a row enables nobody, by no secret of his. */
	add("bob", "c");
	assert_int_equal(sp_store_disable(kit_st, "bob", true), SP_OK);
	kit_tamper("UPDATE user SET disabled = 0 WHERE name = 'bob'");
	assert_int_equal(kit_login("bob", secret, NULL, KIT_NOW).why, SP_WHY_STORE);
	/* What was revoked cannot be made good by its row. */
	add("alice", "d");
	assert_int_equal(sp_store_device_revoke(kit_st, id), SP_OK);
	kit_tamper("UPDATE device SET revoked = 0");
	assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).result, SP_PROOF_DENIED);
}

static void test_no_memory(void **state)
{
	for (long n = 0; n < 50; n++) {
		sp_mem_fail_after(n);
		int rc = sp_store_device_add(kit_st, "alice", "a", secret, &id);
		sp_mem_fail_after(-1);
		if (rc == SP_OK) {
			assert_int_equal(kit_login("alice", secret, NULL, KIT_NOW).id, id);
			return;
		}
		assert_true(kit_no_memory(rc));
		assert_int_equal(kit_number("SELECT COUNT(*) FROM device"), 0);
	}
	fail();
}

/* Which one of a user's it was can be read in the audit. */
static void test_witnessed(void **state)
{
	kit_witness_begin();
	add("alice", "laptop");
	assert_int_equal(sp_store_device_revoke(kit_st, id), SP_OK);
	assert_int_equal(sp_store_device_revoke(kit_st, 999), SP_ENOTFOUND);
	assert_string_equal(kit_witnessed(0), "user alice: device-add laptop");
	char text[64];
	snprintf(text, sizeof(text), "device %d of alice, laptop: revoke", (int)id);
	assert_string_equal(kit_witnessed(1), text);
	assert_string_equal(kit_witnessed(2), "device 999: revoke");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_round_trip),
			kit_test(test_misuse),
			kit_test(test_many),
			kit_test(test_tampered),
			kit_test(test_witnessed),
			kit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
