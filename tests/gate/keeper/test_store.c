/* tests/gate/keeper/test_store.c - users, sealed secrets, and who can prove what. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "core/base/utf16.h"
#include "gate/keeper/password.h"
#include "gate/keeper/store.h"
#include "host/db/db.h"
#include "host/lib/crypto_nettle.h"
#include "host/lib/seal.h"

#define GOOD "four staples and a horse"
#define OTHER "five staples and a horse"

static char dir[] = "/tmp/sp-test-store-XXXXXX";
static char why[SP_STORE_WHY];
static struct sp_store *st;

static int make_dir(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int remove_dir(void **state)
{
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int open_store(void **state)
{
	st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
	return st != NULL ? 0 : -1;
}

static int remove_store(void **state)
{
	sp_store_close(st);
	st = NULL;
	unlink("s/store.db");
	unlink("s/store.db-wal");
	unlink("s/store.db-shm");
	unlink("s/keeper.key");
	return rmdir("s");
}

static void reopen(void)
{
	sp_store_close(st);
	st = sp_store_open("s", NULL, false, &sp_crypto_nettle, why);
	if (st == NULL) {
		fail_msg("%s", why);
	}
}

/* SQL past the store, as somebody with the database alone could. */
static void tamper(const char *sql)
{
	char text[SP_DB_WHY];
	struct sp_db *db = sp_db_open("s/store.db", false, text);

	assert_non_null(db);
	assert_int_equal(sp_db_exec(db, sql), SP_OK);
	sp_db_close(db);
}

static uint16_t wide(const char *s, uint8_t *out)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, SP_NTLMV2_MAX_NAME);
	sp_utf16_write(&w, s);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return (uint16_t)w.n;
}

/* What a client sends who believes in that password. */
static struct sp_ntlmv2_query prove(const char *user, const char *domain, const char *password)
{
	struct sp_ntlmv2_query q = {.challenge = {1, 2, 3, 4, 5, 6, 7, 8}, .n_temp = 44};
	uint8_t hash[16], owf[16];

	q.n_user = wide(user, q.user);
	q.n_domain = wide(domain, q.domain);
	memset(q.temp, 0x5a, q.n_temp);
	assert_int_equal(sp_ntlmv2_nt_hash(&sp_crypto_nettle, password, hash), SP_OK);
	assert_int_equal(sp_ntlmv2_owf(&sp_crypto_nettle, hash, sp_span(q.user, q.n_user),
					 sp_span(q.domain, q.n_domain), owf),
			SP_OK);
	sp_ntlmv2_proof(&sp_crypto_nettle, owf, q.challenge, sp_span(q.temp, q.n_temp), q.proof);
	return q;
}

static struct sp_checked check(const char *user, const char *domain, const char *password)
{
	static const uint8_t zero[16];
	struct sp_ntlmv2_query q = prove(user, domain, password);
	struct sp_checked c;

	memset(&c, 0xee, sizeof(c));
	sp_store_check(st, user, &q, NULL, 0, &c);
	/* Whatever the result: its parts agree. */
	if (c.result == SP_PROOF_GRANTED) {
		assert_int_equal(c.why, SP_WHY_OK);
		assert_true(c.user.id > 0);
		assert_memory_not_equal(c.session_base_key, zero, 16);
	} else {
		assert_int_equal(c.result, SP_PROOF_DENIED);
		assert_int_not_equal(c.why, SP_WHY_OK);
		assert_int_equal(c.user.id, 0);
		assert_memory_equal(c.session_base_key, zero, 16);
	}
	return c;
}

static void assert_denied(const char *user, const char *domain, const char *password, int reason)
{
	struct sp_checked c = check(user, domain, password);

	assert_int_equal(c.result, SP_PROOF_DENIED);
	assert_int_equal(c.why, reason);
}

static bool count(void *arg, const struct sp_user *u)
{
	int *n = arg;

	*n += 1;
	return true;
}

static void test_round_trip(void **state)
{
	struct sp_user u;
	int n = 0;

	assert_int_equal(sp_store_add(st, "alice", "Alice Ä.", GOOD), SP_OK);
	assert_int_equal(sp_store_add(st, "bob", "", OTHER), SP_OK);
	assert_int_equal(sp_store_add(st, "alice", "", OTHER), SP_EARG);
	assert_string_equal(sp_store_why(st), "user exists");
	reopen();
	assert_int_equal(sp_store_get(st, "alice", &u), SP_OK);
	assert_string_equal(u.display, "Alice Ä.");
	assert_false(u.disabled);
	assert_true(u.created > 0);
	assert_int_equal(u.last_login, 0);
	assert_int_equal(sp_store_seen(st, u.id, 1234), SP_OK);
	assert_int_equal(sp_store_get(st, "alice", &u), SP_OK);
	assert_int_equal(u.last_login, 1234);
	assert_int_equal(sp_store_list(st, count, &n), SP_OK);
	assert_int_equal(n, 2);
	assert_int_equal(check("alice", "", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(sp_store_passwd(st, "alice", OTHER), SP_OK);
	assert_denied("alice", "", GOOD, SP_WHY_PASSWORD);
	assert_int_equal(check("alice", "", OTHER).result, SP_PROOF_GRANTED);
	assert_int_equal(sp_store_passwd(st, "carol", OTHER), SP_ENOTFOUND);
	assert_int_equal(sp_store_disable(st, "alice", true), SP_OK);
	assert_denied("alice", "", OTHER, SP_WHY_DISABLED);
	assert_int_equal(sp_store_disable(st, "alice", true), SP_OK);
	/* A new password does not enable. */
	assert_int_equal(sp_store_passwd(st, "alice", GOOD), SP_OK);
	assert_denied("alice", "", GOOD, SP_WHY_DISABLED);
	assert_int_equal(sp_store_disable(st, "alice", false), SP_OK);
	assert_int_equal(check("alice", "", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(sp_store_delete(st, "alice"), SP_OK);
	assert_int_equal(sp_store_delete(st, "alice"), SP_ENOTFOUND);
	assert_int_equal(sp_store_disable(st, "alice", true), SP_ENOTFOUND);
	assert_denied("alice", "", GOOD, SP_WHY_NO_USER);
	assert_int_equal(sp_store_get(st, "alice", &u), SP_ENOTFOUND);
}

static void test_names_as_sent(void **state)
{
	assert_int_equal(sp_store_add(st, "alice", "", GOOD), SP_OK);
	assert_int_equal(sp_store_add(st, "bob@corp.example", "", OTHER), SP_OK);
	assert_int_equal(check("alice", "DOMAIN", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(check("Alice", "some-pc", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(check("ALICE", "", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(check("alice@corp", "", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(check("Alice@CORP.example", "", GOOD).result, SP_PROOF_GRANTED);
	assert_int_equal(check("Bob@corp.Example", "", OTHER).result, SP_PROOF_GRANTED);
	assert_denied("bob", "", OTHER, SP_WHY_NO_USER);
	assert_denied("bob@other", "", OTHER, SP_WHY_NO_USER);
	assert_denied("", "", GOOD, SP_WHY_NO_USER);
	assert_denied("@corp", "", GOOD, SP_WHY_NO_USER);
	assert_denied("alice'--", "", GOOD, SP_WHY_NO_USER);
	assert_denied("alice", "", OTHER, SP_WHY_PASSWORD);
	/* The proof is made over the names as sent: another domain is another proof. */
	struct sp_ntlmv2_query q = prove("alice", "A", GOOD);
	struct sp_checked c;
	q.n_domain = wide("B", q.domain);
	sp_store_check(st, "alice", &q, NULL, 0, &c);
	assert_int_equal(c.result, SP_PROOF_DENIED);
}

static void test_means(void **state)
{
	struct sp_user u = {.name = "bob"};

	assert_true(sp_store_means(&u, "bob"));
	assert_true(sp_store_means(&u, "BOB@x"));
	assert_false(sp_store_means(&u, "bobo"));
	assert_false(sp_store_means(&u, "@bob"));
	assert_false(sp_store_means(&u, ""));
}

/* [MS-NLMP] 4.2.4 through a store: its user has a password that ours would refuse. */
static void test_spec(void **state)
{
	struct sp_span hash = unit_vector("spec/MS-NLMP-4.2.2.1.2-ntowfv1.hex");
	struct sp_span temp = unit_vector("spec/MS-NLMP-4.2.4.1.3-temp.hex");
	struct sp_span proof = unit_vector("spec/MS-NLMP-4.2.4.2.2-ntlmv2-response.hex");
	struct sp_span key = unit_vector("spec/MS-NLMP-4.2.4.1.2-session-base-key.hex");
	struct sp_span challenge = unit_vector("spec/MS-NLMP-4.2.1-serverchallenge.hex");
	struct sp_ntlmv2_query q = {.n_temp = (uint16_t)temp.n};
	struct sp_seal seal;
	struct sp_checked c;
	char text[SP_DB_WHY], sql[512], hex[3][128] = {{0}};
	uint8_t salt[SP_SEAL_SALT], nonce[SP_SEAL_NONCE], sealed[16 + SP_SEAL_TAG];
	const uint8_t *part[3] = {salt, nonce, sealed};
	const size_t size[3] = {sizeof(salt), sizeof(nonce), sizeof(sealed)};

	assert_int_equal(sp_store_add(st, "user", "", GOOD), SP_OK);
	assert_int_equal(sp_seal_open(&seal, "s/keeper.key", false, text), SP_OK);
	sp_seal_close(&seal, sp_span("nt1|1|1|1|0|user", 16), hash, salt, nonce, sealed);
	for (size_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < size[k]; i++) {
			snprintf(hex[k] + 2 * i, 3, "%02x", part[k][i]);
		}
	}
	snprintf(sql, sizeof(sql),
			"UPDATE credential SET salt = x'%s', nonce = x'%s', sealed = x'%s'", hex[0],
			hex[1], hex[2]);
	tamper(sql);
	q.n_user = wide("User", q.user);
	q.n_domain = wide("Domain", q.domain);
	memcpy(q.temp, temp.p, temp.n);
	memcpy(q.challenge, challenge.p, 8);
	memcpy(q.proof, proof.p, 16);
	sp_store_check(st, "User", &q, NULL, 0, &c);
	assert_int_equal(c.result, SP_PROOF_GRANTED);
	assert_memory_equal(c.session_base_key, key.p, 16);
	for (size_t i = 0; i < 128; i++) {
		q.proof[i / 8] ^= 1u << i % 8;
		sp_store_check(st, "User", &q, NULL, 0, &c);
		assert_int_equal(c.result, SP_PROOF_DENIED);
		q.proof[i / 8] ^= 1u << i % 8;
	}
	sp_seal_finish(&seal);
}

static const char *const changes[] = {
		"UPDATE user SET disabled = 0",
		"UPDATE user SET name = CASE name WHEN 'eve' THEN 'tmp' ELSE name END;"
		"UPDATE user SET name = 'eve' WHERE name = 'alice';"
		"UPDATE user SET name = 'alice' WHERE name = 'tmp'",
		"UPDATE credential SET user = 99 - user WHERE 0; PRAGMA foreign_keys = OFF;"
		"UPDATE credential SET user = -user; UPDATE credential SET user = CASE user WHEN "
		"-1 "
		"THEN 2 WHEN -2 THEN 1 ELSE -user END",
		"UPDATE credential SET (salt, nonce, sealed) = "
		"(SELECT salt, nonce, sealed FROM credential WHERE user = 2) WHERE user = 1",
		"UPDATE credential SET version = 2",
		"UPDATE credential SET id = id + 100",
		"UPDATE credential SET sealed = zeroblob(32)",
		"UPDATE credential SET sealed = x''",
		"UPDATE credential SET salt = x''",
		"UPDATE credential SET nonce = zeroblob(23)",
};

/* Who can write the database cannot be alice, and cannot let dave in again. */
static void test_tampered_rows(void **state)
{
	for (size_t i = 0; i < SP_LEN(changes); i++) {
		assert_int_equal(open_store(NULL), 0);
		assert_int_equal(sp_store_add(st, "alice", "", GOOD), SP_OK);
		assert_int_equal(sp_store_add(st, "eve", "", OTHER), SP_OK);
		assert_int_equal(sp_store_add(st, "dave", "", GOOD), SP_OK);
		assert_int_equal(sp_store_disable(st, "dave", true), SP_OK);
		tamper(changes[i]);
		assert_int_equal(check("alice", "", OTHER).result, SP_PROOF_DENIED);
		assert_int_equal(check("dave", "", GOOD).result, SP_PROOF_DENIED);
		if (i > 0) {
			assert_denied("alice", "", GOOD, SP_WHY_STORE);
		}
		remove_store(NULL);
	}
}

static void test_keys(void **state)
{
	assert_int_equal(sp_store_add(st, "alice", "", GOOD), SP_OK);
	sp_store_close(st);
	/* Another store's key. */
	assert_int_equal(rename("s/keeper.key", "kept"), 0);
	st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
	assert_null(st);
	assert_non_null(strstr(why, "keeper.key"));
	assert_int_equal(access("s/keeper.key", F_OK), -1);
	FILE *f = fopen("s/keeper.key", "w");
	assert_non_null(f);
	assert_int_equal(fwrite("0123456789abcdef0123456789abcdef", 1, 32, f), 32);
	fclose(f);
	assert_int_equal(chmod("s/keeper.key", 0600), 0);
	st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
	assert_null(st);
	assert_string_equal(why, "s: keeper.key is not the key of this store");
	assert_int_equal(rename("kept", "s/keeper.key"), 0);
	assert_int_equal(chmod("s/keeper.key", 0640), 0);
	assert_null(sp_store_open("s", NULL, true, &sp_crypto_nettle, why));
	assert_int_equal(chmod("s/keeper.key", 0600), 0);
	st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
	assert_non_null(st);
	assert_int_equal(check("alice", "", GOOD).result, SP_PROOF_GRANTED);
}

static void test_later_version(void **state)
{
	sp_store_close(st);
	tamper("PRAGMA user_version = 1000");
	st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
	assert_null(st);
	assert_string_equal(why, "s/store.db: made by a later version of sallyport");
}

static void test_no_store(void **state)
{
	assert_null(sp_store_open("nowhere", NULL, false, &sp_crypto_nettle, why));
	assert_string_equal(why, "nowhere: no user was ever added");
	assert_null(sp_store_open("no/where", NULL, true, &sp_crypto_nettle, why));
	assert_string_equal(why, "no/where: No such file or directory");
}

/* Each user that add() said is there must be there, however the process ends. */
static void test_killed(void **state)
{
	int p[2], n = 0;
	char name[32];

	assert_int_equal(pipe(p), 0);
	sp_store_close(st);
	st = NULL;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		st = sp_store_open("s", NULL, true, &sp_crypto_nettle, why);
		for (int i = 0; st != NULL; i++) {
			snprintf(name, sizeof(name), "u%d", i);
			if (sp_store_add(st, name, "", GOOD) != SP_OK || write(p[1], "x", 1) != 1) {
				break;
			}
		}
		_exit(1);
	}
	close(p[1]);
	while (n < 20) {
		char c;
		assert_int_equal(read(p[0], &c, 1), 1);
		n++;
	}
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (char c; read(p[0], &c, 1) == 1;) {
		n++;
	}
	close(p[0]);
	st = sp_store_open("s", NULL, false, &sp_crypto_nettle, why);
	assert_non_null(st);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		assert_int_equal(check(name, "", GOOD).result, SP_PROOF_GRANTED);
	}
}

static void test_disk_full(void **state)
{
	struct sp_user u;
	struct sp_checked c;

	assert_int_equal(sp_store_add(st, "alice", "", GOOD), SP_OK);
	/* The tables go away under it: every step fails, and each failure is a denial. */
	tamper("DROP TABLE credential");
	c = check("alice", "", GOOD);
	assert_int_equal(c.result, SP_PROOF_DENIED);
	assert_int_equal(c.why, SP_WHY_STORE);
	assert_int_equal(sp_store_add(st, "bob", "", GOOD), SP_EDB);
	assert_int_equal(sp_store_get(st, "bob", &u), SP_ENOTFOUND);
	tamper("DROP TABLE user");
	c = check("alice", "", GOOD);
	assert_int_equal(c.result, SP_PROOF_DENIED);
	assert_int_equal(c.why, SP_WHY_STORE);
	assert_int_equal(sp_store_delete(st, "alice"), SP_EDB);
	assert_int_equal(sp_store_disable(st, "alice", true), SP_EDB);
}

static void test_names(void **state)
{
	char longest[80];

	memset(longest, 'a', sizeof(longest));
	longest[65] = '\0';
	assert_non_null(sp_user_name_complaint(longest));
	longest[64] = '\0';
	assert_null(sp_user_name_complaint(longest));
	assert_int_equal(sp_store_add(st, longest, "", GOOD), SP_OK);
	assert_int_equal(check(longest, "", GOOD).result, SP_PROOF_GRANTED);
	assert_null(sp_user_name_complaint("a.b_c-d@e"));
	assert_non_null(sp_user_name_complaint(""));
	assert_non_null(sp_user_name_complaint("Alice"));
	assert_non_null(sp_user_name_complaint("-a"));
	assert_non_null(sp_user_name_complaint("@a"));
	assert_non_null(sp_user_name_complaint("a b"));
	assert_non_null(sp_user_name_complaint("a#b"));
	assert_non_null(sp_user_name_complaint("\xc3\xa4"));
	assert_int_equal(sp_store_add(st, "x", "a\nb", GOOD), SP_EARG);
	assert_int_equal(sp_store_add(st, "Alice", "", GOOD), SP_EARG);
	assert_string_equal(sp_store_why(st),
			"name may only have lower-case letters, digits and . _ - @");
}

static void test_passwords(void **state)
{
	static const struct {
		const char *password, *user, *want;
	} rows[] = {
			{"thirteen char", "bob", "is shorter than 14 characters"},
			{"fourteen chars", "bob", NULL},
			{"äöüßäöüßäöü12", "bob", "is shorter than 14 characters"},
			{"äöüßäöüßäöü123", "bob", NULL},
			{"aaaaaaaaaaaaaaaaaaa", "bob", "is one character repeated"},
			{"abcdabcdabcdabcd", "bob", "has fewer than 5 different characters"},
			{"PasswordPassword", "bob", "is on the list of common passwords"},
			{"correct horse battery staple", "bob",
					"is on the list of common passwords"},
			{"Welcome-2-Welcome!", "bob", "is a common word with digits and signs"},
			{"P@$$w0rd 2026 !!", "bob", "is a common word with digits and signs"},
			{"SummerWinter2026", "bob", "is a common word with digits and signs"},
			{"xyQwertzAdmin2026", "bob", "is a common word with digits and signs"},
			{"welcome admin to summer", "bob", NULL},
			{"my dog Adminova", "bob", NULL},
			{"20481632641282", "bob", NULL},
			{"пароль и ещё два слова", "bob", NULL},
			{"I am Bob the Great", "bob", "holds the user name"},
			{"I am Bob the Great", "bob@corp", "holds the user name"},
			{"I am Bo the Great", "bo", NULL},
			{"with a \x01 in the middle", "bob", "has a control character"},
			{"broken utf-8 \xff\xff\xff", "bob", "is not UTF-8"},
			{"", "bob", "is shorter than 14 characters"},
	};
	char longest[257];

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		const char *got = sp_password_complaint(rows[i].password, rows[i].user);
		if (rows[i].want == NULL) {
			assert_null(got);
		} else {
			assert_non_null(got);
			assert_string_equal(got, rows[i].want);
		}
	}
	for (size_t i = 0; i < sizeof(longest); i++) {
		longest[i] = (char)('a' + i % 26);
	}
	longest[256] = '\0';
	assert_string_equal(sp_password_complaint(longest, "bob"), "is longer than 255 characters");
	longest[255] = '\0';
	assert_null(sp_password_complaint(longest, "bob"));
	assert_int_equal(sp_store_add(st, "bob", "", longest), SP_OK);
	assert_int_equal(check("bob", "", longest).result, SP_PROOF_GRANTED);
	assert_int_equal(sp_store_add(st, "eve", "", "short"), SP_EARG);
	assert_string_equal(sp_store_why(st), "password is shorter than 14 characters");
}

static void test_alias(void **state)
{
	uint8_t a[11], b[11];

	sp_store_alias(st, a, sizeof(a));
	reopen();
	sp_store_alias(st, b, sizeof(b));
	assert_memory_equal(a, b, sizeof(a));
}

#define stored(f) cmocka_unit_test_setup_teardown(f, open_store, remove_store)

static int add_one(void **state)
{
	int rc = open_store(state);

	return rc == 0 && sp_store_add(st, "alice", "", GOOD) == SP_OK ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			stored(test_round_trip),
			stored(test_names_as_sent),
			cmocka_unit_test(test_means),
			stored(test_spec),
			cmocka_unit_test(test_tampered_rows),
			stored(test_keys),
			stored(test_later_version),
			cmocka_unit_test(test_no_store),
			stored(test_killed),
			stored(test_disk_full),
			stored(test_names),
			stored(test_passwords),
			cmocka_unit_test_setup_teardown(test_alias, add_one, remove_store),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
