/* tests/gate/keeper/test_store_totp.c - a code is good once: by itself, at once, after a crash. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "gate/keeper/store.h"
#include "host/db/db.h"
#include "host/lib/crypto_nettle.h"

#define GOOD "four staples and a horse"
#define NOW INT64_C(1700000000)
#define RIVALS 6

static char dir[] = "/tmp/sp-test-totp-XXXXXX";
static char why[SP_STORE_WHY];
static struct sp_store *st;
static const uint8_t secret[] = "12345678901234567890", other[] = "abcdefghijklmnopqrst";

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
	return st != NULL && sp_store_add(st, "alice", "", GOOD) == SP_OK &&
					sp_store_add(st, "bob", "", GOOD) == SP_OK &&
					sp_store_totp_set(st, "alice", secret, 0) == SP_OK
			? 0
			: -1;
}

static int remove_store(void **state)
{
	sp_store_close(st);
	unlink("s/store.db");
	unlink("s/store.db-wal");
	unlink("s/store.db-shm");
	unlink("s/keeper.key");
	return rmdir("s");
}

static const char *code_of(const uint8_t *key, int64_t time)
{
	static char code[SP_TOTP_DIGITS + 1];

	assert_int_equal(sp_totp_code(key, sp_totp_step(time), code), SP_OK);
	return code;
}

static int use(int64_t of, int64_t now)
{
	return sp_store_totp_use(st, "alice", code_of(secret, of), now);
}

static bool proved(const char *name)
{
	struct sp_ntlmv2_query q = {.n_temp = 44};
	struct sp_checked c;
	uint8_t hash[16], owf[16];

	for (size_t i = 0; name[i] != '\0'; i++) {
		q.user[2 * i] = (uint8_t)name[i];
		q.n_user += 2;
	}
	assert_int_equal(sp_ntlmv2_nt_hash(&sp_crypto_nettle, GOOD, hash), SP_OK);
	assert_int_equal(sp_ntlmv2_owf(&sp_crypto_nettle, hash, sp_span(q.user, q.n_user),
					 sp_span(NULL, 0), owf),
			SP_OK);
	sp_ntlmv2_proof(&sp_crypto_nettle, owf, q.challenge, sp_span(q.temp, q.n_temp), q.proof);
	sp_store_check(st, name, &q, NULL, 0, &c);
	return c.result == SP_PROOF_GRANTED;
}

static void test_once(void **state)
{
	assert_int_equal(use(NOW, NOW), SP_OK);
	assert_int_equal(use(NOW, NOW), SP_EDENIED);
	assert_int_equal(use(NOW, NOW + 30), SP_EDENIED);
	/* An older one neither, once a newer one was taken; the next one is good. */
	assert_int_equal(use(NOW - 30, NOW), SP_EDENIED);
	assert_int_equal(use(NOW + 30, NOW), SP_OK);
	assert_int_equal(use(NOW + 30, NOW + 60), SP_EDENIED);
	assert_int_equal(use(NOW + 90, NOW), SP_EAUTH);
	assert_int_equal(sp_store_totp_use(st, "alice", "", NOW), SP_EAUTH);
	assert_int_equal(sp_store_totp_use(st, "bob", "123456", NOW), SP_ENOTFOUND);
	assert_int_equal(sp_store_totp_use(st, "nobody", "123456", NOW), SP_ENOTFOUND);
	assert_int_equal(sp_store_disable(st, "alice", true), SP_OK);
	assert_int_equal(use(NOW + 120, NOW + 120), SP_EAUTH);
}

static void test_enrol(void **state)
{
	struct sp_user u;
	uint8_t got[SP_TOTP_SECRET];

	assert_int_equal(sp_store_totp_enrol(st, "alice", other, 0), SP_EARG);
	assert_int_equal(sp_store_totp_get(st, "alice", got), SP_OK);
	assert_memory_equal(got, secret, sizeof(got));
	assert_int_equal(sp_store_totp_enrol(st, "bob", other, sp_totp_step(NOW)), SP_OK);
	assert_int_equal(sp_store_get(st, "bob", &u), SP_OK);
	assert_true(u.totp);
	assert_true(proved("bob"));
	/* The code that confirmed it is spent. */
	assert_int_equal(sp_store_totp_use(st, "bob", code_of(other, NOW), NOW), SP_EDENIED);
	assert_int_equal(sp_store_totp_clear(st, "bob"), SP_OK);
	assert_int_equal(sp_store_totp_clear(st, "bob"), SP_ENOTFOUND);
	assert_int_equal(sp_store_totp_get(st, "bob", got), SP_ENOTFOUND);
	assert_true(proved("bob"));
	/* A new password and a disabled account leave it as it is. */
	assert_int_equal(sp_store_passwd(st, "alice", "five staples and a horse"), SP_OK);
	assert_int_equal(sp_store_passwd(st, "alice", GOOD), SP_OK);
	assert_int_equal(sp_store_disable(st, "alice", true), SP_OK);
	assert_int_equal(sp_store_disable(st, "alice", false), SP_OK);
	assert_true(proved("alice"));
	assert_int_equal(use(NOW, NOW), SP_OK);
}

/* Processes with a store of their own, all with the same code, at the same moment. */
static void test_at_once(void **state)
{
	int go[2], won = 0;
	char c;

	for (int round = 0; round < 3; round++) {
		const char *code = code_of(secret, NOW + 300 * round);

		assert_int_equal(pipe(go), 0);
		for (int i = 0; i < RIVALS; i++) {
			if (fork() == 0) {
				close(go[1]);
				struct sp_store *mine = sp_store_open(
						"s", NULL, false, &sp_crypto_nettle, why);
				ssize_t end = read(go[0], &c, 1);
				_exit(end == 0 && mine != NULL &&
										sp_store_totp_use(
												mine,
												"al"
												"ic"
												"e",
												code,
												NOW + 300 * round) ==
												SP_OK
								? 0
								: 1);
			}
		}
		close(go[0]);
		usleep(200000);
		close(go[1]);
		for (int i = 0; i < RIVALS; i++) {
			int status;

			assert_true(wait(&status) > 0);
			won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		}
		assert_int_equal(won, round + 1);
	}
}

/* It is spent before anybody is told that it was right. */
static void test_killed(void **state)
{
	int told[2], status;
	char c;

	assert_int_equal(pipe(told), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sp_store *mine = sp_store_open("s", NULL, false, &sp_crypto_nettle, why);
		if (mine == NULL ||
				sp_store_totp_use(mine, "alice", code_of(secret, NOW), NOW) !=
						SP_OK ||
				write(told[1], "x", 1) != 1) {
			_exit(1);
		}
		for (;;) {
			pause();
		}
	}
	close(told[1]);
	assert_int_equal(read(told[0], &c, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(told[0]);
	sp_store_close(st);
	st = sp_store_open("s", NULL, false, &sp_crypto_nettle, why);
	assert_non_null(st);
	assert_int_equal(use(NOW, NOW), SP_EDENIED);
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

static void test_tampered(void **state)
{
	/* Somebody else's secret in one's own place. */
	assert_int_equal(sp_store_totp_set(st, "bob", other, 0), SP_OK);
	tamper("UPDATE credential SET (salt, nonce, sealed) = (SELECT salt, nonce, sealed FROM "
	       "credential WHERE user = 2 AND kind = 'totp1') WHERE user = 1 AND kind = 'totp1'");
	assert_int_equal(sp_store_totp_use(st, "alice", code_of(other, NOW), NOW), SP_EAUTH);
	assert_int_equal(use(NOW, NOW), SP_EAUTH);
	/* None at all: no code is right, and the password does not open without. */
	tamper("DELETE FROM credential WHERE kind = 'totp1'");
	assert_int_equal(use(NOW, NOW), SP_EAUTH);
	assert_true(proved("alice"));
	tamper("UPDATE user SET totp = 0");
	assert_false(proved("alice"));
	assert_false(proved("bob"));
}

/* A store of the version before comes with its users, and they enrol. */
static void test_older(void **state)
{
	tamper("DROP TABLE member; DROP TABLE usergroup; DROP TABLE device; DROP TABLE token;"
	       "DROP TABLE decoy; DROP TABLE vault; DROP TABLE recovery; DROP TABLE pin;"
	       "DROP TABLE license; DROP TABLE lockout; DROP TABLE familiar; DROP TABLE spray;"
	       "DROP TABLE alarm; DROP TABLE penalty; DROP TABLE pause; DROP TABLE spray_hour; "
	       "DELETE FROM credential WHERE kind = 'totp1';"
	       "UPDATE user SET totp = 0;"
	       "ALTER TABLE user DROP COLUMN totp; ALTER TABLE user DROP COLUMN totp_last;"
	       "PRAGMA user_version = 1");
	sp_store_close(st);
	st = sp_store_open("s", NULL, false, &sp_crypto_nettle, why);
	if (st == NULL) {
		fail_msg("%s", why);
	}
	assert_true(proved("bob"));
	assert_int_equal(sp_store_totp_enrol(st, "bob", other, 0), SP_OK);
	assert_true(proved("bob"));
	assert_int_equal(sp_store_totp_use(st, "bob", code_of(other, NOW), NOW), SP_OK);
}

#define stored(f) cmocka_unit_test_setup_teardown(f, open_store, remove_store)

int main(void)
{
	const struct CMUnitTest tests[] = {
			stored(test_once),
			stored(test_enrol),
			stored(test_at_once),
			stored(test_killed),
			stored(test_tampered),
			stored(test_older),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
