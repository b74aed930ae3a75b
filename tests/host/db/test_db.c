/* tests/host/db/test_db.c - the SQL door: transactions, migrations, durability. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/attr.h"
#include "host/db/db.h"

static char dir[] = "/tmp/sp-test-db-XXXXXX";
static char why[SP_DB_WHY];

/* The same tests run against PostgreSQL too, where its address is here. */
static const char *server(void)
{
	return getenv("SP_TEST_STORE");
}

static const char *place(void)
{
	static char where[1024];

	snprintf(where, sizeof(where), "%s#test_db", server() != NULL ? server() : "");
	return server() != NULL ? where : "a.db";
}

static int make_dir(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int remove_dir(void **state)
{
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static int remove_files(void **state)
{
	struct sp_db *db = server() != NULL ? sp_db_open(place(), true, why) : NULL;

	if (db != NULL && sp_db_exec(db, "DROP SCHEMA test_db CASCADE") != SP_OK) {
		fail_msg("%s", sp_db_why(db));
	}
	sp_db_close(db);
	unlink("a.db");
	unlink("a.db-wal");
	unlink("a.db-shm");
	return 0;
}

static int64_t count(struct sp_db *db)
{
	struct sp_stmt *s = sp_db_stmt(db, "SELECT count(*) FROM t");

	assert_non_null(s);
	assert_int_equal(sp_stmt_step(s), 1);
	int64_t n = sp_stmt_col_int(s, 0);
	sp_stmt_reset(s);
	return n;
}

static int insert(struct sp_db *db, int64_t id, const char *text, struct sp_span bytes)
{
	struct sp_stmt *s = sp_db_stmt(db, "INSERT INTO t (id, a, b) VALUES (?1, ?2, ?3)");

	assert_non_null(s);
	sp_stmt_int(s, 1, id);
	sp_stmt_text(s, 2, text);
	sp_stmt_bytes(s, 3, bytes);
	return sp_stmt_run(s);
}

static const char *const steps[] = {
		"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b BLOB NOT NULL) STRICT",
		"CREATE TABLE u (t INTEGER NOT NULL REFERENCES t(id))",
		"INSERT INTO t VALUES (99, 'from a step', x'01'); SELECT no_such_function()",
};

static void test_rows(void **state)
{
	struct stat st;
	struct sp_db *db = sp_db_open(place(), true, why);

	assert_non_null(db);
	if (server() == NULL) {
		assert_int_equal(stat("a.db", &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	assert_int_equal(sp_db_migrate(db, steps, 2), SP_OK);
	assert_int_equal(insert(db, 1, "one", sp_span("a\0b", 3)), SP_OK);
	assert_int_equal(insert(db, 2, "it's \"two\"; DROP TABLE t", sp_span(NULL, 0)), SP_OK);
	assert_int_equal(insert(db, 2, "again", sp_span(NULL, 0)), SP_EARG);
	/* Foreign keys are looked after. */
	assert_int_equal(sp_db_exec(db, "INSERT INTO u VALUES (7)"), SP_EARG);
	assert_int_equal(sp_db_exec(db, "no sql"), SP_EDB);
	assert_true(strlen(sp_db_why(db)) > 0);
	struct sp_stmt *s = sp_db_stmt(db, "SELECT a, b FROM t ORDER BY id");
	assert_int_equal(sp_stmt_step(s), 1);
	assert_string_equal(sp_stmt_col_text(s, 0), "one");
	unit_assert_span(sp_stmt_col_bytes(s, 1), sp_span("a\0b", 3));
	assert_int_equal(sp_stmt_step(s), 1);
	assert_string_equal(sp_stmt_col_text(s, 0), "it's \"two\"; DROP TABLE t");
	assert_int_equal(sp_stmt_col_bytes(s, 1).n, 0);
	assert_int_equal(sp_stmt_step(s), 0);
	/* The same text gives the same statement, ready to be used again. */
	assert_ptr_equal(sp_db_stmt(db, "SELECT a, b FROM t ORDER BY id"), s);
	assert_int_equal(sp_stmt_step(s), 1);
	sp_stmt_reset(s);
	assert_null(sp_db_stmt(db, "SELECT nothing FROM nowhere"));
	/* A bind that fails is told at the step. */
	sp_stmt_int(s, 5, 1);
	assert_int_equal(sp_stmt_step(s), SP_EDB);
	sp_stmt_reset(s);
	sp_db_close(db);
}

static void test_transactions(void **state)
{
	struct sp_db *db = sp_db_open(place(), true, why);

	assert_non_null(db);
	assert_int_equal(sp_db_migrate(db, steps, 1), SP_OK);
	assert_int_equal(sp_db_commit(db), SP_EBUG);
	sp_db_rollback(db);
	assert_int_equal(sp_db_begin(db), SP_OK);
	assert_int_equal(sp_db_begin(db), SP_EBUG);
	assert_int_equal(insert(db, 1, "", sp_span(NULL, 0)), SP_OK);
	sp_db_rollback(db);
	assert_int_equal(count(db), 0);
	assert_int_equal(sp_db_begin(db), SP_OK);
	assert_int_equal(insert(db, 1, "", sp_span(NULL, 0)), SP_OK);
	assert_int_equal(sp_db_commit(db), SP_OK);
	assert_int_equal(count(db), 1);
	/* Somebody else sees it, and reads while a writer is at work. */
	struct sp_db *other = sp_db_open(place(), false, why);
	assert_non_null(other);
	assert_int_equal(sp_db_begin(db), SP_OK);
	assert_int_equal(insert(db, 2, "", sp_span(NULL, 0)), SP_OK);
	assert_int_equal(count(other), 1);
	assert_int_equal(sp_db_commit(db), SP_OK);
	assert_int_equal(count(other), 2);
	sp_db_close(other);
	sp_db_close(db);
}

static void test_migrations(void **state)
{
	struct sp_db *db = sp_db_open(place(), true, why);

	assert_int_equal(sp_db_migrate(db, steps, 1), SP_OK);
	assert_int_equal(sp_db_migrate(db, steps, 1), SP_OK);
	assert_int_equal(sp_db_migrate(db, steps, 2), SP_OK);
	/* A step that fails leaves nothing of itself behind. */
	assert_int_equal(sp_db_migrate(db, steps, 3), SP_EDB);
	assert_int_equal(count(db), 0);
	assert_int_equal(sp_db_migrate(db, steps, 2), SP_OK);
	/* A file from a later program is not touched. */
	assert_int_equal(sp_db_migrate(db, steps, 1), SP_EPROTO);
	sp_db_close(db);
}

/* Keys that count by themselves never come back; a failed statement leaves its transaction alone. */
static void test_keys(void **state)
{
	struct sp_db *db = sp_db_open(place(), true, why);

	assert_non_null(db);
	assert_int_equal(sp_db_exec(db,
					 "CREATE TABLE k (id INTEGER PRIMARY KEY AUTOINCREMENT,"
					 " name TEXT NOT NULL UNIQUE) STRICT"),
			SP_OK);
	struct sp_stmt *s = sp_db_stmt(db, "INSERT INTO k (name) VALUES (?1)");
	assert_non_null(s);
	sp_stmt_text(s, 1, "one");
	assert_int_equal(sp_stmt_run(s), SP_OK);
	int64_t first = sp_db_last_id(db);
	assert_int_equal(sp_db_exec(db, "DELETE FROM k"), SP_OK);
	assert_int_equal(sp_db_begin(db), SP_OK);
	sp_stmt_text(s, 1, "two");
	assert_int_equal(sp_stmt_run(s), SP_OK);
	assert_true(sp_db_last_id(db) > first);
	sp_stmt_text(s, 1, "two");
	assert_int_equal(sp_stmt_run(s), SP_EARG);
	assert_null(sp_db_stmt(db, "SELECT nothing FROM k"));
	sp_stmt_text(s, 1, "three");
	assert_int_equal(sp_stmt_run(s), SP_OK);
	assert_int_equal(sp_db_changes(db), 1);
	assert_int_equal(sp_db_commit(db), SP_OK);
	s = sp_db_stmt(db, "SELECT COUNT(*), SUM(id) - SUM(id), MIN(name) FROM k");
	assert_non_null(s);
	assert_int_equal(sp_stmt_step(s), 1);
	assert_int_equal(sp_stmt_col_int(s, 0), 2);
	assert_int_equal(sp_stmt_col_int(s, 1), 0);
	assert_string_equal(sp_stmt_col_text(s, 2), "three");
	sp_stmt_reset(s);
	sp_db_close(db);
}

/* One who reads sees what was there when he began, however many rows. */
static void test_reading(void **state)
{
	struct sp_db *db = sp_db_open(place(), true, why);
	int64_t n = 0, sum = 0;

	assert_non_null(db);
	assert_int_equal(sp_db_migrate(db, steps, 1), SP_OK);
	assert_int_equal(sp_db_begin(db), SP_OK);
	for (int i = 1; i <= 1700; i++) {
		assert_int_equal(insert(db, i, "x", sp_span("\0\377", 2)), SP_OK);
	}
	assert_int_equal(sp_db_commit(db), SP_OK);
	struct sp_db *other = sp_db_open_read(place(), why);
	assert_non_null(other);
	assert_int_equal(sp_db_begin_read(other), SP_OK);
	struct sp_stmt *s = sp_db_stmt(
			other, "SELECT id, b FROM t WHERE id > ?1 ORDER BY id DESC LIMIT ?2");
	assert_non_null(s);
	sp_stmt_int(s, 1, 100);
	sp_stmt_int(s, 2, 5000);
	while (sp_stmt_step(s) == 1) {
		if (++n == 1) {
			assert_int_equal(sp_db_exec(db, "DELETE FROM t"), SP_OK);
		}
		sum += sp_stmt_col_int(s, 0);
		unit_assert_span(sp_stmt_col_bytes(s, 1), sp_span("\0\377", 2));
	}
	assert_int_equal(n, 1600);
	assert_int_equal(sum, INT64_C(1600) * (101 + 1700) / 2);
	sp_stmt_reset(s);
	assert_int_equal(count(other), 1700);
	assert_int_not_equal(sp_db_exec(other, "DELETE FROM t"), SP_OK);
	sp_db_rollback(other);
	assert_int_equal(count(other), 0);
	sp_db_close(other);
	sp_db_close(db);
}

static void test_cannot_open(void **state)
{
	if (server() != NULL) {
		assert_null(sp_db_open("postgresql://nobody@/nowhere?host=/nowhere", false, why));
		assert_non_null(strstr(why, "No such file or directory"));
		assert_null(sp_db_open("postgresql://x@/x#Bad\"name", true, why));
		assert_string_equal(why, "not an address of a store");
		return;
	}
	assert_null(sp_db_open("a.db", false, why));
	assert_true(strlen(why) > 0);
	assert_null(sp_db_open("/nowhere/a.db", true, why));
	assert_string_equal(why, "No such file or directory");
	FILE *f = fopen("a.db", "w");
	assert_non_null(f);
	for (int i = 0; i < 1000; i++) {
		fputs("this is no database ", f);
	}
	fclose(f);
	assert_null(sp_db_open("a.db", true, why));
	assert_string_equal(why, "file is not a database");
}

/* Why something failed is still known when it is rolled back. */
static void test_why(void **state)
{
	static uint8_t large[1 << 20];

	if (server() != NULL) {
		skip();
	}
	struct sp_db *db = sp_db_open("a.db", true, why);
	assert_non_null(db);
	assert_int_equal(sp_db_migrate(db, steps, 1), SP_OK);
	assert_int_equal(sp_db_exec(db,
					 "CREATE TABLE v (t INTEGER REFERENCES t(id) DEFERRABLE "
					 "INITIALLY DEFERRED); PRAGMA max_page_count = 30"),
			SP_OK);
	assert_int_equal(sp_db_begin(db), SP_OK);
	assert_int_equal(sp_db_exec(db, "INSERT INTO v VALUES (7)"), SP_OK);
	assert_int_not_equal(sp_db_commit(db), SP_OK);
	assert_string_equal(sp_db_why(db), "FOREIGN KEY constraint failed");
	/* It rolls back by itself. */
	assert_int_equal(sp_db_begin(db), SP_OK);
	assert_int_not_equal(insert(db, 1, "a", sp_span(large, sizeof(large))), SP_OK);
	assert_string_equal(sp_db_why(db), "database or disk is full");
	sp_db_rollback(db);
	assert_string_equal(sp_db_why(db), "database or disk is full");
	assert_int_equal(sp_db_begin(db), SP_OK);
	assert_int_equal(insert(db, 1, "a", sp_span(large, 10)), SP_OK);
	assert_int_equal(sp_db_commit(db), SP_OK);
	assert_int_equal(count(db), 1);
	sp_db_close(db);
}

/* What nobody would find again is not written. */
static void test_removed(void **state)
{
	if (server() != NULL) {
		skip();
	}
	struct sp_db *db = sp_db_open("a.db", true, why);
	assert_non_null(db);
	assert_int_equal(sp_db_migrate(db, steps, 1), SP_OK);
	static const char *const files[] = {"a.db", "a.db-wal"};
	for (size_t i = 0; i < SP_LEN(files); i++) {
		assert_int_equal(rename(files[i], "away"), 0);
		assert_int_equal(sp_db_begin(db), SP_EDB);
		assert_string_equal(sp_db_why(db), "the file was removed or replaced");
		FILE *f = fopen(files[i], "w");
		assert_non_null(f);
		fclose(f);
		assert_int_equal(sp_db_begin(db), SP_EDB);
		assert_int_equal(rename("away", files[i]), 0);
		assert_int_equal(sp_db_begin(db), SP_OK);
		assert_int_equal(sp_db_commit(db), SP_OK);
	}
	sp_db_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_rows, remove_files),
			cmocka_unit_test_teardown(test_transactions, remove_files),
			cmocka_unit_test_teardown(test_migrations, remove_files),
			cmocka_unit_test_teardown(test_keys, remove_files),
			cmocka_unit_test_teardown(test_why, remove_files),
			cmocka_unit_test_teardown(test_removed, remove_files),
			cmocka_unit_test_teardown(test_reading, remove_files),
			cmocka_unit_test_teardown(test_cannot_open, remove_files),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
