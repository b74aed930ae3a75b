/* tests/host/audit/test_store.c - the chain of records: kept, found to be changed, let go, recovered. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/audit/store.h"
#include "host/db/db.h"
#include "host/io/fdio.h"

#define DAY (UINT64_C(86400) * 1000000000)

static char dir[64], file[96];
static struct sp_audit_store *st;
static struct sp_audit_now now;
static uint8_t root[SP_SIGN_PUBLIC];

static int make_dir(void **state)
{
	/* In memory where there is such a place: what is tested here needs no disk. */
	snprintf(dir, sizeof(dir), "%s/sp-audit-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/" SP_AUDIT_FILE, dir);
	now = (struct sp_audit_now){1000, 20000 * DAY + 5};
	return 0;
}

static void remove_files(const char *path)
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

static int remove_dir(void **state)
{
	sp_audit_store_close(st);
	st = NULL;
	remove_files(dir);
	return 0;
}

/* ---- a life of the service ---- */

static struct sp_audit_found found;

static void open_store(void)
{
	char why[SP_AUDIT_WHY] = "";

	st = sp_audit_store_open(dir, NULL, now, why);
	assert_string_equal(why, "");
	assert_non_null(st);
	assert_int_equal(sp_audit_start(st, now, &found), SP_OK);
	assert_int_equal(sp_audit_first(dir, root), SP_OK);
}

static void close_store(void)
{
	assert_int_equal(sp_audit_stop(st, now), SP_OK);
	sp_audit_store_close(st);
	st = NULL;
}

/* As after a kill: nothing is said at the end. */
static void drop_store(void)
{
	sp_audit_store_close(st);
	st = NULL;
}

static uint64_t note(const char *text)
{
	struct sp_audit_event e;

	now.mono_ns += 1000;
	now.wall_ns += 1000;
	sp_audit_init(&e, SP_AUDIT_AUTH_FAIL, SP_OUTCOME_DENIED);
	sp_audit_text(&e, SP_F_CLAIMED_USER, text);
	assert_int_equal(sp_audit_note(st, &e, now), SP_OK);
	return sp_audit_seq(st);
}

static void notes(size_t n)
{
	char text[32];

	for (size_t i = 0; i < n; i++) {
		snprintf(text, sizeof(text), "user %zu", i);
		note(text);
	}
}

/* ---- verifying, and who changes things behind our back ---- */

static struct sp_chain chain;

static int verify(void)
{
	char why[SP_AUDIT_WHY];
	bool missing;
	struct sp_audit_store *r = sp_audit_store_read(dir, NULL, &missing, why);

	assert_non_null(r);
	int rc = sp_audit_verify(r, root, 0, NULL, &chain);
	sp_audit_store_close(r);
	return rc;
}

#define assert_whole() \
	do { \
		int rc_ = verify(); \
		if (rc_ != SP_OK) { \
			print_error("%s\n", chain.why); \
		} \
		assert_int_equal(rc_, SP_OK); \
	} while (0)

#define assert_bad(seq, part) \
	do { \
		assert_int_equal(verify(), SP_EFIELD); \
		assert_int_equal(chain.bad, seq); \
		if (strstr(chain.why, part) == NULL) { \
			fail_msg("\"%s\" is not in \"%s\"", part, chain.why); \
		} \
	} while (0)

static struct sp_db *hand;

static void open_hand(void)
{
	char why[SP_DB_WHY];

	hand = sp_db_open(file, false, why);
	assert_non_null(hand);
	assert_int_equal(sp_db_exec(hand, "PRAGMA synchronous = OFF"), SP_OK);
}

static void close_hand(void)
{
	sp_db_close(hand);
	hand = NULL;
}

static void sql(const char *text)
{
	int rc = sp_db_exec(hand, text);

	if (rc != SP_OK) {
		print_error("%s: %s\n", text, sp_db_why(hand));
	}
	assert_int_equal(rc, SP_OK);
}

/* With the parameters ?1 and ?2. */
static void sql2(const char *text, uint64_t a, uint64_t b)
{
	struct sp_stmt *s = sp_db_stmt(hand, text);

	assert_non_null(s);
	sp_stmt_int(s, 1, (int64_t)a);
	if (b != 0) {
		sp_stmt_int(s, 2, (int64_t)b);
	}
	assert_int_equal(sp_stmt_run(s), SP_OK);
}

/* Keeps all tables aside, and puts them back. */
static void save(void)
{
	sql("CREATE TEMP TABLE r AS SELECT * FROM record; CREATE TEMP TABLE h AS SELECT * FROM "
	    "head;"
	    "CREATE TEMP TABLE a AS SELECT * FROM anchor;");
}

static void restore(void)
{
	sql("BEGIN; DELETE FROM record; INSERT INTO record SELECT * FROM r; DELETE FROM head;"
	    "INSERT INTO head SELECT * FROM h; DELETE FROM anchor;"
	    "INSERT INTO anchor SELECT * FROM a; COMMIT");
}

/* ---- tests ---- */

static void test_life(void **state)
{
	open_store();
	assert_true(found.fresh);
	assert_false(found.crashed);
	assert_int_equal(sp_audit_seq(st), 1);
	assert_whole();
	notes(20);
	assert_int_equal(sp_audit_seq(st), 21);
	assert_int_equal(sp_audit_open_records(st), 20);
	assert_whole();
	assert_int_equal(chain.records, 21);
	assert_int_equal(chain.checkpoints, 1);
	close_store();
	assert_whole();
	assert_int_equal(chain.checkpoints, 2);
	open_store();
	assert_false(found.fresh || found.crashed);
	assert_true(found.same_boot);
	assert_true(found.last.wall_ns == now.wall_ns);
	close_store();
	/* Whoever asks for another key's chain is not given this one. */
	root[0] ^= 1;
	assert_int_equal(verify(), SP_EFIELD);
	assert_int_equal(chain.bad, 1);
}

static void test_group(void **state)
{
	struct sp_audit_event e;
	uint64_t seq;

	open_store();
	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	assert_int_equal(sp_audit_begin(st), SP_OK);
	assert_int_equal(sp_audit_append(st, sp_span(e.b, e.n), now, &seq), SP_OK);
	assert_int_equal(seq, 2);
	assert_int_equal(sp_audit_append(st, sp_span(e.b, e.n - 1), now, &seq), SP_EFIELD);
	sp_audit_rollback(st);
	assert_int_equal(sp_audit_begin(st), SP_OK);
	for (size_t i = 0; i < 2500; i++) {
		assert_int_equal(sp_audit_append(st, sp_span(e.b, e.n), now, &seq), SP_OK);
		assert_int_equal(seq, i + 2);
	}
	assert_int_equal(sp_audit_commit(st, now), SP_OK);
	assert_int_equal(sp_audit_open_records(st), 0); /* a checkpoint was due */
	assert_whole();
	assert_int_equal(chain.records, 2502);
}

static void test_every_byte(void **state)
{
	open_store();
	notes(4);
	close_store();
	open_hand();
	save();
	static const char *const columns[] = {"bytes", "hash"};
	for (uint64_t seq = 1; seq <= 6; seq++) {
		for (size_t c = 0; c < SP_LEN(columns); c++) {
			char text[200];

			snprintf(text, sizeof(text), "SELECT length(%s) FROM record WHERE seq = ?1",
					columns[c]);
			struct sp_stmt *s = sp_db_stmt(hand, text);
			sp_stmt_int(s, 1, (int64_t)seq);
			assert_int_equal(sp_stmt_step(s), 1);
			int64_t n = sp_stmt_col_int(s, 0);
			sp_stmt_reset(s);
			for (int64_t at = 1; at <= n; at++) {
				snprintf(text, sizeof(text),
						"UPDATE record SET %s = CAST(substr(%s, 1, %lld) ||"
						" CASE substr(%s, %lld, 1) WHEN x'00' THEN x'01' "
						"ELSE x'00' END || substr(%s, %lld) AS BLOB)"
						" WHERE seq = %llu",
						columns[c], columns[c], (long long)at - 1,
						columns[c], (long long)at, columns[c],
						(long long)at + 1, (unsigned long long)seq);
				sql(text);
				assert_bad(seq, "record");
				restore();
			}
		}
	}
	assert_whole();
	close_hand();
}

static void test_rows(void **state)
{
	open_store();
	notes(8);
	close_store();
	open_hand();
	save();
	for (uint64_t seq = 1; seq <= 10; seq++) {
		sql2("DELETE FROM record WHERE seq = ?1", seq, 0);
		/* The first one that is there still tells what was before it. */
		assert_bad(seq, "missing");
		restore();
		sql2("DELETE FROM record WHERE seq >= ?1", seq, 0);
		assert_bad(seq, "missing");
		restore();
		sql2("DELETE FROM record WHERE seq <= ?1", seq, 0);
		assert_bad(1, "missing");
		restore();
		if (seq < 10) {
			sql2("UPDATE record SET bytes = (SELECT bytes FROM r WHERE seq = ?1),"
			     " hash = (SELECT hash FROM r WHERE seq = ?1) WHERE seq = 10",
					seq, 0);
			assert_bad(10, "another");
			restore();
			sql2("UPDATE record SET seq = -1 WHERE seq = ?1", seq, 0);
			sql2("UPDATE record SET seq = ?1 WHERE seq = ?2", seq, seq + 1);
			sql2("UPDATE record SET seq = ?1 WHERE seq = -1", seq + 1, 0);
			assert_bad(seq, "another");
			restore();
		}
	}
	sql("INSERT INTO record SELECT 11, bytes, hash FROM record WHERE seq = 10");
	assert_bad(11, "another");
	restore();
	sql("INSERT INTO record SELECT 0, bytes, hash FROM record WHERE seq = 10");
	assert_bad(0, "should not be there");
	restore();
	sql("DELETE FROM head");
	assert_bad(11, "not signed");
	restore();
	sql("UPDATE head SET seq = 9, hash = (SELECT hash FROM record WHERE seq = 9)");
	assert_bad(10, "behind the end");
	restore();
	sql("UPDATE head SET sign = zeroblob(64)");
	assert_bad(10, "signed");
	restore();
	sql("UPDATE head SET hash = x'00'");
	assert_int_equal(verify(), SP_EFIELD);
	restore();
	assert_whole();
	close_hand();
}

/* Who can write the file writes the whole chain anew, and has no key. */
static void forge(uint64_t from, const char *other)
{
	static uint8_t bytes[SP_RECORD_MAX], prev[SP_RECORD_HASH];
	struct sp_audit_event e;
	struct sp_stmt *s = sp_db_stmt(hand, "SELECT bytes, hash FROM record WHERE seq = ?1");
	struct sp_stmt *u =
			sp_db_stmt(hand, "UPDATE record SET bytes = ?2, hash = ?3 WHERE seq = ?1");

	sp_audit_init(&e, SP_AUDIT_AUTH_OK, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_USER, other);
	for (uint64_t seq = from;; seq++) {
		static uint8_t copy[SP_RECORD_MAX];
		struct sp_record r;

		sp_stmt_int(s, 1, (int64_t)seq);
		if (sp_stmt_step(s) != 1) {
			sp_stmt_reset(s);
			break;
		}
		struct sp_span b = sp_stmt_col_bytes(s, 0);
		memcpy(copy, b.p, b.n);
		assert_int_equal(sp_record_read(sp_span(copy, b.n), &r), SP_OK);
		sp_stmt_reset(s);
		if (seq == from) {
			r.event = sp_span(e.b, e.n);
		} else {
			memcpy(r.prev, prev, sizeof(prev));
		}
		size_t n = sp_record_write(&r, bytes);
		memcpy(prev, r.hash, sizeof(prev));
		sp_stmt_int(u, 1, (int64_t)seq);
		sp_stmt_bytes(u, 2, sp_span(bytes, n));
		sp_stmt_bytes(u, 3, sp_span(r.hash, sizeof(r.hash)));
		assert_int_equal(sp_stmt_run(u), SP_OK);
	}
	u = sp_db_stmt(hand, "UPDATE head SET hash = ?1");
	sp_stmt_bytes(u, 1, sp_span(prev, sizeof(prev)));
	assert_int_equal(sp_stmt_run(u), SP_OK);
}

static void test_forged_chain(void **state)
{
	open_store();
	notes(5);
	close_store(); /* with a checkpoint, record 7 */
	open_store();
	notes(5);
	drop_store(); /* without one */
	open_hand();
	save();
	forge(3, "nobody");
	assert_bad(7, "checkpoint of something else");
	restore();
	forge(9, "nobody");
	assert_bad(12, "signed");
	restore();
	/* Nor does it help to leave the checkpoints out. */
	sql("DELETE FROM record WHERE seq >= 7;"
	    "UPDATE head SET seq = 6, hash = (SELECT hash FROM record WHERE seq = 6)");
	assert_bad(6, "signed");
	close_hand();
}

/* Any byte of the file: it is found, or nothing of what it says is another. */
static void test_every_byte_of_the_file(void **state)
{
	char copy[80], path[100];
	struct sp_rcbuf *b;

	open_store();
	notes(6);
	close_store();
	assert_int_equal(sp_file_read(file, 1 << 20, &b), SP_OK);
	snprintf(copy, sizeof(copy), "%s.copy", dir);
	assert_int_equal(mkdir(copy, 0700), 0);
	snprintf(path, sizeof(path), "%s/" SP_AUDIT_FILE, copy);
	assert_whole();
	uint8_t last[SP_RECORD_HASH];
	memcpy(last, chain.hash, sizeof(last));
	size_t found_n = 0;
	for (size_t at = 0; at < b->n; at += 61) {
		char why[SP_AUDIT_WHY];
		bool missing;

		b->p[at] ^= 0x20;
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, b->p, b->n), (ssize_t)b->n);
		close(fd);
		b->p[at] ^= 0x20;
		struct sp_audit_store *r = sp_audit_store_read(copy, NULL, &missing, why);
		if (r == NULL || sp_audit_verify(r, root, 0, NULL, &chain) != SP_OK) {
			found_n++;
		} else {
			assert_int_equal(chain.records, 8);
			assert_memory_equal(chain.hash, last, sizeof(last));
		}
		sp_audit_store_close(r);
	}
	assert_true(found_n > 10);
	sp_rcbuf_unref(b);
	remove_files(copy);
}

static void test_days(void **state)
{
	char path[96];
	struct sp_rcbuf *old, *fresh;

	snprintf(path, sizeof(path), "%s/" SP_AUDIT_KEY_FILE, dir);
	open_store();
	assert_int_equal(sp_file_read(path, 1000, &old), SP_OK);
	int held = open(path, O_RDONLY);
	for (int day = 0; day < 5; day++) {
		notes(3);
		assert_false(sp_audit_is_new_day(st, now));
		now.wall_ns += DAY;
		now.mono_ns += DAY;
		assert_true(sp_audit_is_new_day(st, now));
		assert_int_equal(sp_audit_turn_day(st, now), SP_OK);
		assert_whole();
	}
	note("last");
	assert_whole();
	assert_int_equal(chain.turns, 4); /* the fifth key has signed an end, and no checkpoint */
	close_store();
	assert_whole();
	assert_int_equal(chain.turns, 5);
	/* Of the first secret nothing is left, not even where the old file was. */
	assert_int_equal(sp_file_read(path, 1000, &fresh), SP_OK);
	assert_int_equal(fresh->n, old->n);
	assert_null(memmem(fresh->p, fresh->n, old->p + 8, SP_SIGN_SEED));
	uint8_t was[256] = {1};
	assert_int_equal(pread(held, was, sizeof(was), 0), (ssize_t)old->n);
	assert_null(memmem(was, old->n, old->p + 8, SP_SIGN_SEED));
	close(held);
	sp_rcbuf_unref(old);
	sp_rcbuf_unref(fresh);
	/* A clock that goes back keeps the key. */
	now.wall_ns -= 3 * DAY;
	open_store();
	assert_false(sp_audit_is_new_day(st, now));
	close_store();
	assert_whole();
	/* A service that was off for days turns at its start. */
	now.wall_ns += 30 * DAY;
	open_store();
	close_store();
	assert_whole();
}

static void test_retention(void **state)
{
	uint64_t n;

	open_store();
	for (int day = 0; day < 6; day++) {
		notes(4);
		now.wall_ns += DAY;
		now.mono_ns += DAY;
		assert_int_equal(sp_audit_turn_day(st, now), SP_OK);
	}
	assert_int_equal(sp_audit_prune(st, 1000, "root", now, &n), SP_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sp_audit_prune(st, now.wall_ns - 3 * DAY, "root", now, &n), SP_OK);
	assert_true(n > 10);
	assert_whole();
	assert_int_equal(chain.first, n + 1);
	uint64_t again;
	notes(2);
	assert_int_equal(sp_audit_prune(st, now.wall_ns - 1 * DAY, "root", now, &again), SP_OK);
	assert_true(again > 3);
	assert_whole();
	assert_int_equal(chain.first, n + again + 1);
	close_store();
	assert_whole();
	open_hand();
	save();
	uint64_t first = n + again + 1;
	sql2("DELETE FROM record WHERE seq = ?1", first, 0);
	assert_bad(first, "no retention");
	restore();
	sql2("DELETE FROM record WHERE seq <= ?1", first + 2, 0);
	assert_bad(first, "no retention");
	restore();
	sql("DELETE FROM anchor WHERE seq = (SELECT min(seq) FROM anchor)");
	assert_int_equal(verify(), SP_EFIELD);
	restore();
	sql("UPDATE anchor SET bytes = zeroblob(100) WHERE seq = (SELECT max(seq) FROM anchor)");
	assert_int_equal(verify(), SP_EFIELD);
	restore();
	/* What a prune that was interrupted leaves: some of it is still there. */
	assert_whole();
	close_hand();
}

static int count_kind(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	size_t *n = user;

	n[v->kind == SP_AUDIT_AUDIT_RECOVERED ? 0 : 1]++;
	if (v->kind == SP_AUDIT_AUDIT_RECOVERED) {
		n[2] = sp_audit_get_num(v, SP_F_CHECK_SEQ);
		n[3] = sp_audit_get_num(v, SP_F_COUNT);
	}
	return SP_OK;
}

static void test_crash(void **state)
{
	size_t n[4] = {0};

	open_store();
	notes(5);
	drop_store();
	/* What stands behind the end was acknowledged to nobody. */
	open_hand();
	sql("INSERT INTO record SELECT 7, bytes, hash FROM record WHERE seq = 6");
	close_hand();
	open_store();
	assert_true(found.crashed);
	assert_int_equal(found.checked, 6);
	assert_int_equal(found.cut, 1);
	assert_int_equal(found.bad, 0);
	assert_whole();
	assert_int_equal(chain.recovered, 1);
	assert_int_equal(sp_audit_each(st, 1, UINT64_MAX, false, count_kind, n, NULL), SP_OK);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[3], 1);
	assert_int_equal(n[1], 6);
	drop_store();
	/* What was changed is not mended: the record says which, and verify goes on to say it. */
	open_hand();
	sql("UPDATE record SET hash = zeroblob(32) WHERE seq = 5");
	close_hand();
	open_store();
	assert_int_equal(found.bad, 5);
	assert_int_equal(sp_audit_each(st, 1, UINT64_MAX, false, count_kind, n, NULL), SP_OK);
	assert_int_equal(n[2], 5);
	assert_bad(5, "changed");
	drop_store();
}

/* A lost end leaves a gap that stays. */
static void test_lost_end(void **state)
{
	open_store();
	notes(5);
	drop_store();
	open_hand();
	sql("DELETE FROM record WHERE seq >= 5");
	close_hand();
	open_store();
	assert_int_equal(found.bad, 5);
	assert_int_equal(sp_audit_seq(st), 7);
	notes(3);
	assert_bad(5, "missing");
	close_store();
	assert_bad(5, "missing");
}

static void test_several_hands(void **state)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_event e;

	open_store();
	notes(2);
	struct sp_audit_store *command = sp_audit_store_open(dir, NULL, now, why);
	assert_non_null(command);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_OBJECT, "user alice");
	assert_int_equal(sp_audit_note(command, &e, now), SP_OK);
	note("between");
	assert_int_equal(sp_audit_note(command, &e, now), SP_OK);
	now.wall_ns += DAY;
	assert_int_equal(sp_audit_turn_day(st, now), SP_OK);
	assert_int_equal(sp_audit_note(command, &e, now), SP_OK);
	note("after");
	assert_whole();
	assert_int_equal(chain.records, 9);
	/* Now the others' key signs; the command looks for it each time. */
	close_store();
	assert_int_equal(sp_audit_note(command, &e, now), SP_OK);
	assert_whole();
	sp_audit_store_close(command);
}

/* A command may be the first: the service signs after it. */
static void test_command_first(void **state)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_event e;
	struct sp_audit_store *command = sp_audit_store_open(dir, NULL, now, why);

	assert_non_null(command);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	assert_int_equal(sp_audit_note(command, &e, now), SP_OK);
	assert_int_equal(sp_audit_first(dir, root), SP_OK);
	assert_whole();
	assert_int_equal(chain.checkpoints, 0);
	sp_audit_store_close(command);
	open_store();
	assert_true(found.fresh);
	assert_whole();
	assert_int_equal(chain.checkpoints, 1);
	close_store();
	open_store();
	assert_false(found.fresh);
}

static void test_tickets(void **state)
{
	static const uint8_t a[SP_AUDIT_SENDER] = {1}, b[SP_AUDIT_SENDER] = {2};
	uint64_t t;

	open_store();
	assert_int_equal(sp_audit_ticket(st, a, &t), SP_OK);
	assert_int_equal(t, 0);
	assert_int_equal(sp_audit_begin(st), SP_OK);
	assert_int_equal(sp_audit_set_ticket(st, a, 7, now), SP_OK);
	assert_int_equal(sp_audit_commit(st, now), SP_OK);
	assert_int_equal(sp_audit_begin(st), SP_OK);
	assert_int_equal(sp_audit_set_ticket(st, a, 9, now), SP_OK);
	assert_int_equal(sp_audit_set_ticket(st, b, 3, now), SP_OK);
	sp_audit_rollback(st);
	assert_int_equal(sp_audit_ticket(st, a, &t), SP_OK);
	assert_int_equal(t, 7);
	assert_int_equal(sp_audit_ticket(st, b, &t), SP_OK);
	assert_int_equal(t, 0);
}

static void test_known_elsewhere(void **state)
{
	uint8_t hash[SP_RECORD_HASH];

	open_store();
	notes(4);
	assert_whole();
	memcpy(hash, chain.hash, sizeof(hash));
	notes(2);
	assert_int_equal(sp_audit_verify(st, root, 5, hash, &chain), SP_OK);
	hash[0] ^= 1;
	assert_int_equal(sp_audit_verify(st, root, 5, hash, &chain), SP_EFIELD);
	assert_int_equal(chain.bad, 5);
	assert_int_equal(sp_audit_verify(st, root, 50, hash, &chain), SP_EFIELD);
	assert_int_equal(chain.bad, 8);
}

static void test_keys_and_files(void **state)
{
	char path[96], why[SP_AUDIT_WHY];
	bool missing;

	assert_null(sp_audit_store_read(dir, NULL, &missing, why));
	assert_true(missing);
	open_store();
	notes(1);
	close_store();
	struct stat s;
	snprintf(path, sizeof(path), "%s/" SP_AUDIT_KEY_FILE, dir);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(sp_audit_store_open(dir, NULL, now, why));
	assert_non_null(strstr(why, "only its owner"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 20), 0);
	assert_null(sp_audit_store_open(dir, NULL, now, why));
	assert_non_null(strstr(why, "damaged"));
	/* No new key beside an old audit. */
	assert_int_equal(unlink(path), 0);
	assert_null(sp_audit_store_open(dir, NULL, now, why));
	assert_int_equal(access(path, F_OK), -1);
	assert_whole();
	/* A folder without its database begins anew, and says by which key. */
	uint8_t before[SP_SIGN_PUBLIC];
	memcpy(before, root, sizeof(before));
	assert_int_equal(unlink(file), 0);
	open_store();
	assert_true(found.fresh);
	assert_memory_not_equal(before, root, sizeof(before));
	assert_whole();
}

static void test_key_text(void **state)
{
	uint8_t key[SP_SIGN_PUBLIC], back[SP_SIGN_PUBLIC];
	char text[2 * SP_SIGN_PUBLIC + 8];

	for (size_t i = 0; i < sizeof(key); i++) {
		key[i] = (uint8_t)(i * 9);
	}
	sp_audit_key_text(key, text);
	assert_int_equal(strlen(text), 64);
	assert_true(sp_audit_key_parse(text, back));
	assert_memory_equal(key, back, sizeof(key));
	text[64] = '\n';
	text[65] = '\0';
	assert_true(sp_audit_key_parse(text, back));
	text[64] = '0';
	assert_false(sp_audit_key_parse(text, back));
	text[63] = '\0';
	assert_false(sp_audit_key_parse(text, back));
	text[3] = 'g';
	assert_false(sp_audit_key_parse(text, back));
	assert_false(sp_audit_key_parse("", back));
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_dir, remove_dir)

int main(void)
{
	const struct CMUnitTest tests[] = {
			T(test_life),
			T(test_group),
			T(test_every_byte),
			T(test_rows),
			T(test_forged_chain),
			T(test_every_byte_of_the_file),
			T(test_days),
			T(test_retention),
			T(test_crash),
			T(test_lost_end),
			T(test_several_hands),
			T(test_command_first),
			T(test_tickets),
			T(test_known_elsewhere),
			T(test_keys_and_files),
			cmocka_unit_test(test_key_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
