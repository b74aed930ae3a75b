/* tests/host/audit/store_kit.c - see store_kit.h. */
#include "store_kit.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

char kit_dir[64], kit_file[96];
struct sp_audit_store *kit_st;
struct sp_audit_now kit_now;
uint8_t kit_root[SP_SIGN_PUBLIC];

const char *kit_server(void)
{
	return getenv("SP_TEST_STORE");
}

void kit_files_only(void)
{
	if (kit_server() != NULL) {
		skip();
	}
}

int kit_make_dir(void **state)
{
	/* In memory where there is such a place: what is tested here needs no disk. */
	snprintf(kit_dir, sizeof(kit_dir), "%s/sp-audit-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(kit_dir));
	snprintf(kit_file, sizeof(kit_file), "%s/" SP_AUDIT_FILE, kit_dir);
	kit_now = (struct sp_audit_now){1000, 20000 * DAY + 5};
	return 0;
}

void kit_remove_files(const char *path)
{
	char name[400];
	DIR *d = opendir(path);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.') {
			unlink(name);
		}
	}
	closedir(d);
	rmdir(path);
}

int kit_remove_dir(void **state)
{
	char drop[80], text[2 * SP_SIGN_PUBLIC + 1];

	sp_audit_store_close(kit_st);
	kit_st = NULL;
	kit_close_hand();
	if (kit_server() != NULL && sp_audit_first(kit_dir, kit_root) == SP_OK) {
		kit_open_hand();
		sp_audit_key_text(kit_root, text);
		snprintf(drop, sizeof(drop), "DROP SCHEMA sallyport_audit_%.16s CASCADE", text);
		kit_sql(drop);
		kit_close_hand();
	}
	kit_remove_files(kit_dir);
	return 0;
}

struct sp_audit_found kit_found;

void kit_open(void)
{
	char why[SP_AUDIT_WHY] = "";

	kit_st = sp_audit_store_open(kit_dir, kit_server(), kit_now, why);
	assert_string_equal(why, "");
	assert_non_null(kit_st);
	assert_int_equal(sp_audit_start(kit_st, kit_now, &kit_found), SP_OK);
	assert_int_equal(sp_audit_first(kit_dir, kit_root), SP_OK);
}

void kit_close(void)
{
	assert_int_equal(sp_audit_stop(kit_st, kit_now), SP_OK);
	sp_audit_store_close(kit_st);
	kit_st = NULL;
}

void kit_drop(void)
{
	sp_audit_store_close(kit_st);
	kit_st = NULL;
}

uint64_t kit_note(const char *text)
{
	struct sp_audit_event e;

	kit_now.mono_ns += 1000;
	kit_now.wall_ns += 1000;
	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CLAIMED_USER, text);
	assert_int_equal(sp_audit_note(kit_st, &e, kit_now), SP_OK);
	return sp_audit_seq(kit_st);
}

void kit_notes(size_t n)
{
	char text[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "user %zu", i);
		kit_note(text);
	}
}

struct sp_chain kit_chain;

int kit_verify(void)
{
	char why[SP_AUDIT_WHY];
	bool missing;
	struct sp_audit_store *r = sp_audit_store_read(kit_dir, kit_server(), &missing, why);

	assert_non_null(r);
	int rc = sp_audit_verify(r, kit_root, 0, NULL, &kit_chain);
	sp_audit_store_close(r);
	return rc;
}

struct sp_db *kit_hand;

void kit_open_hand(void)
{
	char why[SP_DB_WHY], where[1024], text[2 * SP_SIGN_PUBLIC + 1];

	sp_audit_key_text(kit_root, text);
	snprintf(where, sizeof(where), "%s#sallyport_audit_%.16s",
			kit_server() != NULL ? kit_server() : "", text);
	kit_hand = sp_db_open(kit_server() != NULL ? where : kit_file, false, why);
	if (kit_hand == NULL) {
		fail_msg("%s", why);
	}
	/* On the server: what the tests use of SQLite's functions. */
	kit_sql(kit_server() == NULL ? "PRAGMA synchronous = OFF"
				     : "CREATE OR REPLACE FUNCTION zeroblob(n INTEGER) RETURNS "
				       "BLOB "
				       "LANGUAGE sql AS "
				       "'SELECT decode(repeat(''00'', n::int), ''hex'')'");
}

void kit_close_hand(void)
{
	sp_db_close(kit_hand);
	kit_hand = NULL;
}

void kit_sql(const char *text)
{
	int rc = sp_db_exec(kit_hand, text);

	if (rc != SP_OK) {
		print_error("%s: %s\n", text, sp_db_why(kit_hand));
	}
	assert_int_equal(rc, SP_OK);
}

void kit_sql2(const char *text, uint64_t a, uint64_t b)
{
	struct sp_stmt *s = sp_db_stmt(kit_hand, text);

	assert_non_null(s);
	sp_stmt_int(s, 1, (int64_t)a);
	if (b != 0) {
		sp_stmt_int(s, 2, (int64_t)b);
	}
	assert_int_equal(sp_stmt_run(s), SP_OK);
}

int64_t kit_number(const char *text)
{
	struct sp_stmt *s = sp_db_stmt(kit_hand, text);

	assert_non_null(s);
	assert_int_equal(sp_stmt_step(s), 1);
	int64_t n = sp_stmt_col_int(s, 0);
	sp_stmt_reset(s);
	return n;
}

void kit_save(void)
{
	kit_sql("CREATE TEMP TABLE r AS SELECT * FROM record;"
		"CREATE TEMP TABLE h AS SELECT * FROM head;"
		"CREATE TEMP TABLE a AS SELECT * FROM anchor;"
		"CREATE TEMP TABLE m AS SELECT * FROM moment;");
}

void kit_restore(void)
{
	kit_sql("BEGIN; DELETE FROM record; INSERT INTO record SELECT * FROM r; DELETE FROM head;"
		"INSERT INTO head SELECT * FROM h; DELETE FROM anchor;"
		"INSERT INTO anchor SELECT * FROM a; DELETE FROM moment;"
		"INSERT INTO moment SELECT * FROM m; COMMIT");
}
