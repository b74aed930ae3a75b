/* tests/gate/keeper/test_store_token.c - one login per token, also at once and after a crash. */
#include "store_kit.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/mem.h"
#include "gate/keeper/store_token.h"
#include "host/lib/crypto_nettle.h"

static char text[SP_TOKEN_TEXT], route[SP_TOKEN_ROUTE];
static int64_t id;

static void make(const char *user, const char *target, const char *from, uint32_t bits)
{
	struct sp_token ask = {0};

	snprintf(ask.user, sizeof(ask.user), "%s", user);
	snprintf(ask.target, sizeof(ask.target), "%s", target);
	if (from != NULL) {
		struct sp_source s = kit_source(from);
		ask.from.family = s.family;
		ask.from.bits = bits;
		memcpy(ask.from.addr, s.addr, sizeof(s.addr));
	}
	assert_int_equal(sp_store_token_new(kit_st, &ask, 120, KIT_NOW, text, route, &id), SP_OK);
	assert_true(id > 0);
}

static int by_route(const char *source, int64_t now)
{
	struct sp_source s = kit_source(source);
	struct sp_token t;
	int rc = sp_store_token_route(kit_st, route, &s, now, &t);

	/* Which one it was is for the audit; nothing else of it. */
	assert_true(t.id == id || (rc != SP_OK && t.id == 0));
	assert_true(rc == SP_OK || t.user[0] == '\0');
	return rc;
}

static struct sp_checked login(const char *user, const char *source, int64_t now)
{
	struct sp_source s = kit_source(source);

	return kit_login(user, text, &s, now);
}

static void test_password(void **state)
{
	struct sp_checked c;
	char again[SP_TOKEN_ROUTE];
	struct sp_token t;

	make("alice", "db1", NULL, 0);
	assert_int_equal(strlen(text), 22);
	assert_int_equal(strlen(route), 23);
	assert_true(sp_token_route(&sp_crypto_nettle, text, again));
	assert_string_equal(again, route);
	assert_null(strstr(route, text));
	assert_false(kit_on_disk(text));
	assert_false(kit_on_disk(route));
	kit_reopen();
	c = login("alice", "192.0.2.1", KIT_NOW + 1);
	assert_int_equal(c.result, SP_PROOF_GRANTED);
	assert_int_equal(c.by, SP_PROVED_TOKEN);
	assert_int_equal(c.id, id);
	assert_string_equal(c.target, "db1");
	/* Clients log in twice before one is granted. */
	assert_int_equal(login("alice", "192.0.2.1", KIT_NOW + 2).by, SP_PROVED_TOKEN);
	assert_int_equal(login("bob", "192.0.2.1", KIT_NOW + 2).why, SP_WHY_PASSWORD);
	/* What is seen on the wire opens nothing. */
	assert_int_equal(kit_login("alice", route, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(sp_store_token_get(kit_st, id, &t), SP_OK);
	assert_string_equal(t.user, "alice");
	assert_string_equal(t.target, "db1");
	assert_int_equal(t.expires, KIT_NOW + 120);
	assert_int_equal(t.spent, 0);
	assert_int_equal(login("alice", "192.0.2.1", KIT_NOW + 119).by, SP_PROVED_TOKEN);
	assert_int_equal(login("alice", "192.0.2.1", KIT_NOW + 120).result, SP_PROOF_DENIED);
	assert_int_equal(sp_store_token_spend(kit_st, id, KIT_NOW + 120), SP_EDENIED);
	assert_int_equal(sp_store_token_spend(kit_st, id, KIT_NOW + 50), SP_OK);
	assert_int_equal(sp_store_token_spend(kit_st, id, KIT_NOW + 50), SP_EDENIED);
	c = login("alice", "192.0.2.1", KIT_NOW + 51);
	assert_int_equal(c.result, SP_PROOF_DENIED);
	assert_int_equal(c.why, SP_WHY_SPENT);
	assert_int_equal(c.id, id);
	assert_string_equal(c.named, "alice");
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 51), SP_EDENIED);
	assert_int_equal(sp_store_token_get(kit_st, id, &t), SP_OK);
	assert_int_equal(t.spent, KIT_NOW + 50);
	assert_int_equal(sp_store_token_spend(kit_st, 999, KIT_NOW), SP_EDENIED);
}

static void test_route(void **state)
{
	struct sp_source s = kit_source("192.0.2.1");
	struct sp_token t;

	make("alice", "", NULL, 0);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW), SP_OK);
	assert_int_equal(by_route("192.0.2.2", KIT_NOW), SP_EDENIED);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 1), SP_OK);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 2), SP_OK);
	/* A fourth within the window, then one after it. */
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 3), SP_EDENIED);
	kit_reopen();
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 14), SP_EDENIED);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 15), SP_OK);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 15), SP_EDENIED);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW + 120), SP_EDENIED);
	/* What is no route, or nobody's. */
	static const char *const wrong[] = {"", "r", "rAAAAAAAAAAAAAAAAAAAAAA",
			"xAAAAAAAAAAAAAAAAAAAAAA", "rAAAAAAAAAAAAAAAAAAAAA\xff",
			"rAAAAAAAAAAAAAAAAAAAAAAA", "rAAAAAAAAAAAAAAAAAAAAA'"};
	for (size_t i = 0; i < SP_LEN(wrong); i++) {
		assert_int_equal(sp_store_token_route(kit_st, wrong[i], &s, KIT_NOW, &t),
				SP_EDENIED);
	}
	/* The token itself is not what is shown. */
	assert_int_equal(sp_store_token_route(kit_st, text, &s, KIT_NOW, &t), SP_EDENIED);
	assert_false(sp_token_route(&sp_crypto_nettle, "short", route));
	assert_string_equal(route, "");
}

static void test_networks(void **state)
{
	make("alice", "", "192.0.2.128", 25);
	assert_int_equal(login("alice", "192.0.2.200", KIT_NOW).by, SP_PROVED_TOKEN);
	assert_int_equal(login("alice", "192.0.2.1", KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(login("alice", "2001:db8::1", KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(kit_login("alice", text, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(by_route("192.0.2.1", KIT_NOW), SP_EDENIED);
	assert_int_equal(by_route("192.0.2.200", KIT_NOW), SP_OK);
	make("alice", "", "2001:db8::", 33);
	assert_int_equal(login("alice", "2001:db8:7fff::1", KIT_NOW).by, SP_PROVED_TOKEN);
	assert_int_equal(login("alice", "2001:db8:8000::1", KIT_NOW).result, SP_PROOF_DENIED);
	assert_int_equal(by_route("2001:db8:1::2", KIT_NOW), SP_OK);
	assert_int_equal(by_route("2001:db8:1::3", KIT_NOW), SP_EDENIED);
	make("alice", "", "0.0.0.0", 0);
	assert_int_equal(login("alice", "203.0.113.9", KIT_NOW).by, SP_PROVED_TOKEN);
	assert_int_equal(login("alice", "2001:db8::1", KIT_NOW).result, SP_PROOF_DENIED);
}

static bool count(void *arg, const struct sp_token *t)
{
	int *n = arg;

	*n += 1;
	return true;
}

static void test_limits(void **state)
{
	struct sp_token ask = {.user = "alice"};
	char all[SP_TOKENS_MAX][SP_TOKEN_TEXT];
	int n = 0;

	for (int i = 0; i < SP_TOKENS_MAX; i++) {
		make("alice", "", NULL, 0);
		memcpy(all[i], text, sizeof(text));
	}
	assert_int_equal(sp_store_token_new(kit_st, &ask, 120, KIT_NOW, text, route, &id),
			SP_ELIMIT);
	assert_string_equal(text, "");
	assert_string_equal(route, "");
	for (int i = 0; i < SP_TOKENS_MAX; i++) {
		assert_int_equal(kit_login("alice", all[i], NULL, KIT_NOW).by, SP_PROVED_TOKEN);
	}
	assert_int_equal(sp_store_token_list(kit_st, KIT_NOW, count, &n), SP_OK);
	assert_int_equal(n, SP_TOKENS_MAX);
	make("bob", "", NULL, 0);
	assert_int_equal(sp_store_token_revoke(kit_st, id), SP_OK);
	assert_int_equal(sp_store_token_revoke(kit_st, id), SP_ENOTFOUND);
	assert_int_equal(kit_login("bob", text, NULL, KIT_NOW).result, SP_PROOF_DENIED);
	/* Those that are over make room and are gone. */
	assert_int_equal(sp_store_token_new(kit_st, &ask, 1, KIT_NOW + 120, text, route, &id),
			SP_OK);
	assert_int_equal(kit_number("SELECT COUNT(*) FROM token"), 1);
	assert_int_equal(sp_store_token_new(kit_st, &ask, 0, KIT_NOW, text, route, &id), SP_EARG);
	assert_int_equal(sp_store_token_new(kit_st, &ask, SP_TOKEN_TTL_MAX + 1, KIT_NOW, text,
					 route, &id),
			SP_EARG);
	snprintf(ask.target, sizeof(ask.target), "no such|name");
	assert_int_equal(sp_store_token_new(kit_st, &ask, 9, KIT_NOW, text, route, &id), SP_EARG);
	ask = (struct sp_token){.user = "alice", .from = {.family = AF_INET, .bits = 33}};
	assert_int_equal(sp_store_token_new(kit_st, &ask, 9, KIT_NOW, text, route, &id), SP_EARG);
	ask = (struct sp_token){.user = "alice", .from = {.family = 77}};
	assert_int_equal(sp_store_token_new(kit_st, &ask, 9, KIT_NOW, text, route, &id), SP_EARG);
	ask = (struct sp_token){.user = "carol"};
	assert_int_equal(sp_store_token_new(kit_st, &ask, 9, KIT_NOW, text, route, &id),
			SP_ENOTFOUND);
}

static int spend(struct sp_store *st, const void *arg)
{
	return sp_store_token_spend(st, *(const int64_t *)arg, KIT_NOW + 1);
}

static int show(struct sp_store *st, const void *arg)
{
	struct sp_source s = kit_source("192.0.2.1");
	struct sp_token t;

	return sp_store_token_route(st, arg, &s, KIT_NOW, &t);
}

static void test_at_once(void **state)
{
	for (int round = 0; round < 3; round++) {
		make("alice", "", NULL, 0);
		assert_int_equal(kit_rivals(6, show, route), SP_TOKEN_REUSE);
		assert_int_equal(kit_rivals(6, spend, &id), 1);
	}
}

static void test_killed(void **state)
{
	make("alice", "", NULL, 0);
	kit_killed_after(spend, &id);
	assert_int_equal(sp_store_token_spend(kit_st, id, KIT_NOW + 2), SP_EDENIED);
	assert_int_equal(login("alice", "192.0.2.1", KIT_NOW + 2).result, SP_PROOF_DENIED);
}

/* What a row says is bound to its secret: nobody makes it live longer, or open more. */
static void test_tampered(void **state)
{
	static const char *const changes[] = {
			"UPDATE token SET expires = expires + 1000",
			"UPDATE token SET target = ''",
			"UPDATE token SET target = 'db2'",
			"UPDATE token SET net = x''",
			"UPDATE token SET net = x'0408c0000200'",
			"UPDATE token SET net = x'04'",
			"UPDATE token SET net = x'04ffc0000200'",
			"UPDATE token SET user = 2",
			"UPDATE token SET version = 9",
			"UPDATE token SET salt = x''",
			"UPDATE token SET sealed = randomblob(32)",
			"UPDATE token SET sealed = randomblob(5000)",
	};
	struct sp_token t;

	for (size_t i = 0; i < SP_LEN(changes); i++) {
		kit_tamper("DELETE FROM token");
		make("alice", "db1", "192.0.2.0", 24);
		assert_int_equal(login("alice", "192.0.2.1", KIT_NOW).by, SP_PROVED_TOKEN);
		kit_tamper(changes[i]);
		assert_int_equal(login("alice", "192.0.2.1", KIT_NOW).result, SP_PROOF_DENIED);
		assert_int_equal(login("bob", "192.0.2.1", KIT_NOW).result, SP_PROOF_DENIED);
		assert_int_equal(sp_store_token_get(kit_st, id, &t), SP_OK);
	}
	kit_tamper("DELETE FROM token");
	make("alice", "", NULL, 0);
	kit_tamper("UPDATE token SET source = randomblob(200)");
	assert_int_equal(by_route("192.0.2.1", KIT_NOW), SP_EDENIED);
}

static void test_no_memory(void **state)
{
	struct sp_token ask = {.user = "alice"};

	for (long n = 0; n < 50; n++) {
		sp_mem_fail_after(n);
		int rc = sp_store_token_new(kit_st, &ask, 9, KIT_NOW, text, route, &id);
		sp_mem_fail_after(-1);
		if (rc == SP_OK) {
			assert_int_equal(login("alice", "192.0.2.1", KIT_NOW).id, id);
			return;
		}
		assert_true(kit_no_memory(rc));
		assert_string_equal(text, "");
		assert_int_equal(kit_number("SELECT COUNT(*) FROM token"), 0);
	}
	fail();
}

static void test_witnessed(void **state)
{
	char revoked[64];

	kit_witness_begin();
	make("alice", "db1", NULL, 0);
	assert_int_equal(sp_store_token_revoke(kit_st, id), SP_OK);
	snprintf(revoked, sizeof(revoked), "token %d of alice, db1: revoke", (int)id);
	make("alice", "", NULL, 0);
	assert_string_equal(kit_witnessed(0), "user alice: token-new for db1");
	assert_string_equal(kit_witnessed(1), revoked);
	assert_string_equal(kit_witnessed(2), "user alice: token-new");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_password),
			kit_test(test_route),
			kit_test(test_networks),
			kit_test(test_limits),
			kit_test(test_at_once),
			kit_test(test_killed),
			kit_test(test_tampered),
			kit_test(test_witnessed),
			kit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, kit_make_dir, kit_remove_dir);
}
