/* tests/gate/keeper/store_kit.c - see store_kit.h. */
#include "store_kit.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/utf16.h"
#include "host/db/db.h"
#include "host/io/fdio.h"
#include "host/lib/crypto_nettle.h"

static char dir[] = "/tmp/sp-test-kit-XXXXXX";
struct sp_store *kit_st;
char kit_why[SP_STORE_WHY];

/* The tests of the store run against PostgreSQL too, where its address is here. */
static const char *server(void)
{
	return getenv("SP_TEST_STORE");
}

struct sp_store *kit_another(bool create)
{
	return sp_store_open("s", server(), create, &sp_crypto_nettle, kit_why);
}

static struct sp_db *tables(void)
{
	char where[1024], text[SP_DB_WHY];

	snprintf(where, sizeof(where), server() != NULL ? "%s#" SP_STORE_SCHEMA : "%s",
			server() != NULL ? server() : "s/store.db");
	struct sp_db *db = sp_db_open(where, false, text);
	if (db == NULL) {
		fail_msg("%s", text);
	}
	return db;
}

int kit_make_dir(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

int kit_remove_dir(void **state)
{
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

int kit_open(void **state)
{
	kit_st = kit_another(true);
	return kit_st != NULL && sp_store_add(kit_st, "alice", "", KIT_GOOD) == SP_OK &&
					sp_store_add(kit_st, "bob", "", KIT_GOOD) == SP_OK
			? 0
			: -1;
}

int kit_remove(void **state)
{
	sp_store_close(kit_st);
	kit_st = NULL;
	if (server() != NULL) {
		kit_tamper("DROP SCHEMA " SP_STORE_SCHEMA " CASCADE");
	}
	unlink("s/store.db");
	unlink("s/store.db-wal");
	unlink("s/store.db-shm");
	unlink("s/keeper.key");
	return rmdir("s");
}

void kit_reopen(void)
{
	sp_store_close(kit_st);
	kit_st = kit_another(false);
	if (kit_st == NULL) {
		fail_msg("%s", kit_why);
	}
}

static char heard[8][2 * SP_STORE_WHY];
static size_t n_heard;

static int witness(void *arg, const char *object, const char *action, char why[SP_STORE_WHY])
{
	assert_true(n_heard < SP_LEN(heard));
	snprintf(heard[n_heard++], sizeof(heard[0]), "%s: %s", object, action);
	return SP_OK;
}

void kit_witness_begin(void)
{
	n_heard = 0;
	sp_store_witness(kit_st, witness, NULL);
}

const char *kit_witnessed(size_t index)
{
	return index < n_heard ? heard[index] : "";
}

void kit_tamper(const char *sql)
{
	struct sp_db *db = tables();

	if (server() != NULL) { /* what the tests use of SQLite's functions */
		assert_int_equal(
				sp_db_exec(db,
						"CREATE OR REPLACE FUNCTION zeroblob(n INTEGER) "
						"RETURNS BLOB LANGUAGE sql AS "
						"'SELECT decode(repeat(''00'', n::int), ''hex'')'"),
				SP_OK);
	}
	if (sp_db_exec(db, sql) != SP_OK) {
		fail_msg("%s", sp_db_why(db));
	}
	sp_db_close(db);
}

int64_t kit_number(const char *sql)
{
	struct sp_db *db = tables();

	struct sp_stmt *s = sp_db_stmt(db, sql);
	assert_non_null(s);
	assert_int_equal(sp_stmt_step(s), 1);
	int64_t n = sp_stmt_col_int(s, 0);
	sp_db_close(db);
	return n;
}

bool kit_no_memory(int rc)
{
	return rc == SP_ENOMEM || (server() != NULL && rc == SP_EDB);
}

void kit_files_only(void)
{
	if (server() != NULL) {
		skip();
	}
}

/* Every row of every table, as text and in hex: the server's files are not ours to read. */
static bool in_tables(const char *text)
{
	struct sp_db *db = tables();

	assert_int_equal(sp_db_exec(db, "SET xmlbinary = hex"), SP_OK);
	struct sp_stmt *s = sp_db_stmt(db,
			"SELECT COUNT(*) FROM information_schema.tables, LATERAL (SELECT "
			"query_to_xml('SELECT * FROM ' || quote_ident(table_name), true, false, "
			"'')::text AS x) q WHERE table_schema = '" SP_STORE_SCHEMA "' AND "
			"(position(?1::text IN x) > 0 OR "
			"position(upper(encode(convert_to(?1::text, 'UTF8'), 'hex')) IN x) > 0)");
	assert_non_null(s);
	sp_stmt_text(s, 1, text);
	assert_int_equal(sp_stmt_step(s), 1);
	bool found = sp_stmt_col_int(s, 0) > 0;
	sp_db_close(db);
	return found;
}

bool kit_on_disk(const char *text)
{
	static const char *const files[] = {"s/store.db", "s/store.db-wal"};
	bool found = false;

	if (server() != NULL) {
		return in_tables(text);
	}
	for (size_t i = 0; i < SP_LEN(files); i++) {
		struct sp_rcbuf *all = NULL;

		assert_int_equal(sp_file_read(files[i], 256 << 20, &all), SP_OK);
		found = found || memmem(all->p, all->n, text, strlen(text)) != NULL;
		sp_rcbuf_unref(all);
	}
	return found;
}

struct sp_source kit_source(const char *text)
{
	struct sp_source s = {.family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET, .port = 1};

	assert_int_equal(inet_pton((int)s.family, text, s.addr), 1);
	snprintf(s.text, sizeof(s.text), "%s", text);
	return s;
}

struct sp_checked kit_login(
		const char *user, const char *password, const struct sp_source *source, int64_t now)
{
	struct sp_ntlmv2_query q = {.challenge = {1, 2, 3, 4, 5, 6, 7, 8}, .n_temp = 44};
	uint8_t hash[16], owf[16];
	struct sp_checked c;
	struct sp_wr w;

	sp_wr_fixed(&w, q.user, sizeof(q.user));
	sp_utf16_write(&w, user);
	q.n_user = (uint16_t)w.n;
	assert_int_equal(sp_ntlmv2_nt_hash(&sp_crypto_nettle, password, hash), SP_OK);
	assert_int_equal(sp_ntlmv2_owf(&sp_crypto_nettle, hash, sp_span(q.user, q.n_user),
					 sp_span(NULL, 0), owf),
			SP_OK);
	sp_ntlmv2_proof(&sp_crypto_nettle, owf, q.challenge, sp_span(q.temp, q.n_temp), q.proof);
	memset(&c, 0xee, sizeof(c));
	sp_store_check(kit_st, user, &q, source, now, &c);
	if (c.result != SP_PROOF_GRANTED) {
		assert_int_equal(c.by, SP_PROVED_NOTHING);
		assert_true(c.id == 0 || c.why == SP_WHY_SPENT);
		assert_int_equal(c.user.id, 0);
	}
	return c;
}

int kit_rivals(int n, int (*fn)(struct sp_store *st, const void *arg), const void *arg)
{
	int go[2], won = 0;
	char c;

	assert_int_equal(pipe(go), 0);
	for (int i = 0; i < n; i++) {
		if (fork() == 0) {
			close(go[1]);
			struct sp_store *mine = kit_another(false);
			ssize_t end = read(go[0], &c, 1);
			_exit(end == 0 && mine != NULL && fn(mine, arg) == SP_OK ? 0 : 1);
		}
	}
	close(go[0]);
	usleep(200000);
	close(go[1]);
	for (int i = 0; i < n; i++) {
		int status;

		assert_true(wait(&status) > 0);
		won += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return won;
}

void kit_killed_after(int (*fn)(struct sp_store *st, const void *arg), const void *arg)
{
	int told[2], status;
	char c;

	assert_int_equal(pipe(told), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct sp_store *mine = kit_another(false);
		if (mine == NULL || fn(mine, arg) != SP_OK || write(told[1], "x", 1) != 1) {
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
	kit_reopen();
}
