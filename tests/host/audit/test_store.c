/* tests/host/audit/test_store.c - the chain of records: kept, found to be changed, let go, recovered. */
#include "store_kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "host/io/fdio.h"

/* ---- tests ---- */

static void test_life(void **state)
{
	kit_open();
	assert_true(kit_found.fresh);
	assert_false(kit_found.crashed);
	assert_int_equal(sp_audit_seq(kit_st), 1);
	assert_whole();
	kit_notes(20);
	assert_int_equal(sp_audit_seq(kit_st), 21);
	assert_int_equal(sp_audit_open_records(kit_st), 20);
	assert_whole();
	assert_int_equal(kit_chain.records, 21);
	assert_int_equal(kit_chain.checkpoints, 1);
	kit_close();
	assert_whole();
	assert_int_equal(kit_chain.checkpoints, 2);
	kit_open();
	assert_false(kit_found.fresh || kit_found.crashed);
	assert_true(kit_found.same_boot);
	assert_true(kit_found.last.wall_ns == kit_now.wall_ns);
	kit_close();
	/* Whoever asks for another key's chain is not given this one. */
	kit_root[0] ^= 1;
	assert_int_equal(kit_verify(), SP_EFIELD);
	assert_int_equal(kit_chain.bad, 1);
}

static void test_group(void **state)
{
	struct sp_audit_event e;
	uint64_t seq;

	kit_open();
	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	assert_int_equal(sp_audit_begin(kit_st), SP_OK);
	assert_int_equal(sp_audit_append(kit_st, sp_span(e.b, e.n), kit_now, &seq), SP_OK);
	assert_int_equal(seq, 2);
	assert_int_equal(sp_audit_append(kit_st, sp_span(e.b, e.n - 1), kit_now, &seq), SP_EFIELD);
	sp_audit_rollback(kit_st);
	assert_int_equal(sp_audit_begin(kit_st), SP_OK);
	for (size_t i = 0; i < 2500; i++) {
		assert_int_equal(sp_audit_append(kit_st, sp_span(e.b, e.n), kit_now, &seq), SP_OK);
		assert_int_equal(seq, i + 2);
	}
	assert_int_equal(sp_audit_commit(kit_st, kit_now), SP_OK);
	assert_int_equal(sp_audit_open_records(kit_st), 0); /* a checkpoint was due */
	assert_whole();
	assert_int_equal(kit_chain.records, 2502);
}

static void test_every_byte(void **state)
{
	kit_open();
	kit_notes(4);
	kit_close();
	kit_open_hand();
	kit_save();
	static const char *const columns[] = {"bytes", "hash"};
	for (uint64_t seq = 1; seq <= 6; seq++) {
		for (size_t c = 0; c < SP_LEN(columns); c++) {
			char text[200];

			snprintf(text, sizeof(text), "SELECT length(%s) FROM record WHERE seq = ?1",
					columns[c]);
			struct sp_stmt *s = sp_db_stmt(kit_hand, text);
			sp_stmt_int(s, 1, (int64_t)seq);
			assert_int_equal(sp_stmt_step(s), 1);
			int64_t n = sp_stmt_col_int(s, 0);
			sp_stmt_reset(s);
			/* A server takes its time. */
			int64_t each = kit_server() != NULL ? 37 : 1;
			for (int64_t at = 1; at <= n; at += each) {
				snprintf(text, sizeof(text),
						"UPDATE record SET %s = CAST(substr(%s, 1, %lld) ||"
						" CASE substr(%s, %lld, 1) WHEN x'00' THEN x'01' "
						"ELSE x'00' END || substr(%s, %lld) AS BLOB)"
						" WHERE seq = %llu",
						columns[c], columns[c], (long long)at - 1,
						columns[c], (long long)at, columns[c],
						(long long)at + 1, (unsigned long long)seq);
				kit_sql(text);
				assert_bad(seq, "record");
				kit_restore();
			}
		}
	}
	assert_whole();
	kit_close_hand();
}

static void test_rows(void **state)
{
	kit_open();
	kit_notes(8);
	kit_close();
	kit_open_hand();
	kit_save();
	for (uint64_t seq = 1; seq <= 10; seq++) {
		kit_sql2("DELETE FROM record WHERE seq = ?1", seq, 0);
		/* The first one that is there still tells what was before it. */
		assert_bad(seq, "missing");
		kit_restore();
		kit_sql2("DELETE FROM record WHERE seq >= ?1", seq, 0);
		assert_bad(seq, "missing");
		kit_restore();
		kit_sql2("DELETE FROM record WHERE seq <= ?1", seq, 0);
		assert_bad(1, "missing");
		kit_restore();
		if (seq < 10) {
			kit_sql2("UPDATE record SET bytes = (SELECT bytes FROM r WHERE seq = ?1),"
				 " hash = (SELECT hash FROM r WHERE seq = ?1) WHERE seq = 10",
					seq, 0);
			assert_bad(10, "another");
			kit_restore();
			kit_sql2("UPDATE record SET seq = -1 WHERE seq = ?1", seq, 0);
			kit_sql2("UPDATE record SET seq = ?1 WHERE seq = ?2", seq, seq + 1);
			kit_sql2("UPDATE record SET seq = ?1 WHERE seq = -1", seq + 1, 0);
			assert_bad(seq, "another");
			kit_restore();
		}
	}
	kit_sql("INSERT INTO record SELECT 11, bytes, hash FROM record WHERE seq = 10");
	assert_bad(11, "another");
	kit_restore();
	kit_sql("INSERT INTO record SELECT 0, bytes, hash FROM record WHERE seq = 10");
	assert_bad(0, "should not be there");
	kit_restore();
	kit_sql("DELETE FROM head");
	assert_bad(11, "not signed");
	kit_restore();
	kit_sql("UPDATE head SET seq = 9, hash = (SELECT hash FROM record WHERE seq = 9)");
	assert_bad(10, "behind the end");
	kit_restore();
	kit_sql("UPDATE head SET sign = zeroblob(64)");
	assert_bad(10, "signed");
	kit_restore();
	kit_sql("UPDATE head SET hash = x'00'");
	assert_int_equal(kit_verify(), SP_EFIELD);
	kit_restore();
	assert_whole();
	kit_close_hand();
}

/* Who can write the file writes the whole chain anew, and has no key. */
static void forge(uint64_t from, const char *other)
{
	static uint8_t bytes[SP_RECORD_MAX], prev[SP_RECORD_HASH];
	struct sp_audit_event e;
	struct sp_stmt *s = sp_db_stmt(kit_hand, "SELECT bytes, hash FROM record WHERE seq = ?1");
	struct sp_stmt *u = sp_db_stmt(
			kit_hand, "UPDATE record SET bytes = ?2, hash = ?3 WHERE seq = ?1");

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
	u = sp_db_stmt(kit_hand, "UPDATE head SET hash = ?1");
	sp_stmt_bytes(u, 1, sp_span(prev, sizeof(prev)));
	assert_int_equal(sp_stmt_run(u), SP_OK);
}

static void test_forged_chain(void **state)
{
	kit_open();
	kit_notes(5);
	kit_close(); /* with a checkpoint, record 7 */
	kit_open();
	kit_notes(5);
	kit_drop(); /* without one */
	kit_open_hand();
	kit_save();
	forge(3, "nobody");
	assert_bad(7, "checkpoint of something else");
	kit_restore();
	forge(9, "nobody");
	assert_bad(12, "signed");
	kit_restore();
	/* Nor does it help to leave the checkpoints out. */
	kit_sql("DELETE FROM record WHERE seq >= 7;"
		"UPDATE head SET seq = 6, hash = (SELECT hash FROM record WHERE seq = 6)");
	assert_bad(6, "signed");
	kit_close_hand();
}

/* Any byte of the file: it is found, or nothing of what it says is another. */
static void test_every_byte_of_the_file(void **state)
{
	char copy[80], path[100];
	struct sp_rcbuf *b;

	kit_files_only();
	kit_open();
	kit_notes(6);
	kit_close();
	assert_int_equal(sp_file_read(kit_file, 1 << 20, &b), SP_OK);
	snprintf(copy, sizeof(copy), "%s.copy", kit_dir);
	assert_int_equal(mkdir(copy, 0700), 0);
	snprintf(path, sizeof(path), "%s/" SP_AUDIT_FILE, copy);
	assert_whole();
	uint8_t last[SP_RECORD_HASH];
	memcpy(last, kit_chain.hash, sizeof(last));
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
		if (r == NULL || sp_audit_verify(r, kit_root, 0, NULL, &kit_chain) != SP_OK) {
			found_n++;
		} else {
			assert_int_equal(kit_chain.records, 8);
			assert_memory_equal(kit_chain.hash, last, sizeof(last));
		}
		sp_audit_store_close(r);
	}
	assert_true(found_n > 10);
	sp_rcbuf_unref(b);
	kit_remove_files(copy);
}

static void test_days(void **state)
{
	char path[96];
	struct sp_rcbuf *old, *fresh;

	snprintf(path, sizeof(path), "%s/" SP_AUDIT_KEY_FILE, kit_dir);
	kit_open();
	assert_int_equal(sp_file_read(path, 1000, &old), SP_OK);
	int held = open(path, O_RDONLY);
	for (int day = 0; day < 5; day++) {
		kit_notes(3);
		assert_false(sp_audit_is_new_day(kit_st, kit_now));
		kit_now.wall_ns += DAY;
		kit_now.mono_ns += DAY;
		assert_true(sp_audit_is_new_day(kit_st, kit_now));
		assert_int_equal(sp_audit_turn_day(kit_st, kit_now), SP_OK);
		assert_whole();
	}
	kit_note("last");
	assert_whole();
	assert_int_equal(kit_chain.turns,
			4); /* the fifth key has signed an end, and no checkpoint */
	kit_close();
	assert_whole();
	assert_int_equal(kit_chain.turns, 5);
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
	/* A clock that goes back keeps the key; and it is the same audit after all these days. */
	uint64_t records = kit_chain.records;
	uint8_t root[SP_SIGN_PUBLIC];
	memcpy(root, kit_root, sizeof(root));
	kit_now.wall_ns -= 3 * DAY;
	kit_open();
	assert_false(kit_found.fresh);
	assert_memory_equal(root, kit_root, sizeof(root));
	assert_false(sp_audit_is_new_day(kit_st, kit_now));
	kit_close();
	assert_whole();
	assert_true(kit_chain.records >= records);
	/* A service that was off for days turns at its start. */
	kit_now.wall_ns += 30 * DAY;
	kit_open();
	kit_close();
	assert_whole();
	/* A clock that was years ahead for a while. */
	kit_now.wall_ns += 20000 * DAY;
	kit_open();
	kit_now.wall_ns -= 20000 * DAY;
	assert_true(sp_audit_is_new_day(kit_st, kit_now));
	assert_int_equal(sp_audit_turn_day(kit_st, kit_now), SP_OK);
	assert_false(sp_audit_is_new_day(kit_st, kit_now));
	kit_now.wall_ns += DAY;
	assert_true(sp_audit_is_new_day(kit_st, kit_now));
	kit_close();
	assert_whole();
}

static void test_retention(void **state)
{
	uint64_t n;

	kit_open();
	for (int day = 0; day < 6; day++) {
		kit_notes(4);
		kit_now.wall_ns += DAY;
		kit_now.mono_ns += DAY;
		assert_int_equal(sp_audit_turn_day(kit_st, kit_now), SP_OK);
	}
	assert_int_equal(sp_audit_prune(kit_st, 1000, "root", kit_now, &n), SP_OK);
	assert_int_equal(n, 0);
	assert_int_equal(sp_audit_prune(kit_st, kit_now.wall_ns - 3 * DAY, "root", kit_now, &n),
			SP_OK);
	assert_true(n > 10);
	assert_whole();
	assert_int_equal(kit_chain.first, n + 1);
	uint64_t again;
	kit_notes(2);
	assert_int_equal(sp_audit_prune(kit_st, kit_now.wall_ns - 1 * DAY, "root", kit_now, &again),
			SP_OK);
	assert_true(again > 3);
	assert_whole();
	assert_int_equal(kit_chain.first, n + again + 1);
	kit_close();
	assert_whole();
	kit_open_hand();
	kit_save();
	uint64_t first = n + again + 1;
	kit_sql2("DELETE FROM record WHERE seq = ?1", first, 0);
	assert_bad(first, "no retention");
	kit_restore();
	kit_sql2("DELETE FROM record WHERE seq <= ?1", first + 2, 0);
	assert_bad(first, "no retention");
	kit_restore();
	kit_sql("DELETE FROM anchor WHERE seq = (SELECT min(seq) FROM anchor)");
	assert_int_equal(kit_verify(), SP_EFIELD);
	kit_restore();
	kit_sql("UPDATE anchor SET bytes = zeroblob(100) WHERE seq = (SELECT max(seq) FROM "
		"anchor)");
	assert_int_equal(kit_verify(), SP_EFIELD);
	kit_restore();
	/* What a prune that was interrupted leaves: some of it is still there. */
	assert_whole();
	kit_close_hand();
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

	kit_open();
	kit_notes(5);
	kit_drop();
	/* What stands behind the end was acknowledged to nobody. */
	kit_open_hand();
	kit_sql("INSERT INTO record SELECT 7, bytes, hash FROM record WHERE seq = 6");
	kit_close_hand();
	kit_open();
	assert_true(kit_found.crashed);
	assert_int_equal(kit_found.checked, 6);
	assert_int_equal(kit_found.cut, 1);
	assert_int_equal(kit_found.bad, 0);
	assert_whole();
	assert_int_equal(kit_chain.recovered, 1);
	assert_int_equal(sp_audit_each(kit_st, 1, UINT64_MAX, false, count_kind, n, NULL), SP_OK);
	assert_int_equal(n[0], 1);
	assert_int_equal(n[3], 1);
	assert_int_equal(n[1], 6);
	kit_drop();
	/* What was changed is not mended: the record says which, and verify goes on to say it. */
	kit_open_hand();
	kit_sql("UPDATE record SET hash = zeroblob(32) WHERE seq = 5");
	kit_close_hand();
	kit_open();
	assert_int_equal(kit_found.bad, 5);
	assert_int_equal(sp_audit_each(kit_st, 1, UINT64_MAX, false, count_kind, n, NULL), SP_OK);
	assert_int_equal(n[2], 5);
	assert_bad(5, "changed");
	kit_drop();
}

/* A lost end leaves a gap that stays. */
static void test_lost_end(void **state)
{
	kit_open();
	kit_notes(5);
	kit_drop();
	kit_open_hand();
	kit_sql("DELETE FROM record WHERE seq >= 5");
	kit_close_hand();
	kit_open();
	assert_int_equal(kit_found.bad, 5);
	assert_int_equal(sp_audit_seq(kit_st), 7);
	kit_notes(3);
	assert_bad(5, "missing");
	kit_close();
	assert_bad(5, "missing");
}

static void test_several_hands(void **state)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_event e;

	kit_open();
	kit_notes(2);
	struct sp_audit_store *command = sp_audit_store_open(kit_dir, kit_server(), kit_now, why);
	assert_non_null(command);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_OBJECT, "user alice");
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	kit_note("between");
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	kit_now.wall_ns += DAY;
	assert_int_equal(sp_audit_turn_day(kit_st, kit_now), SP_OK);
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	kit_note("after");
	assert_whole();
	assert_int_equal(kit_chain.records, 9);
	/* Now the others' key signs; the command looks for it each time. */
	kit_close();
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	assert_whole();
	sp_audit_store_close(command);
}

/* A command may be the first: the service signs after it. */
static void test_command_first(void **state)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_event e;
	struct sp_audit_store *command = sp_audit_store_open(kit_dir, kit_server(), kit_now, why);

	assert_non_null(command);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	assert_int_equal(sp_audit_first(kit_dir, kit_root), SP_OK);
	assert_whole();
	assert_int_equal(kit_chain.checkpoints, 0);
	sp_audit_store_close(command);
	kit_open();
	assert_true(kit_found.fresh);
	assert_whole();
	assert_int_equal(kit_chain.checkpoints, 1);
	kit_close();
	kit_open();
	assert_false(kit_found.fresh);
}

static void test_tickets(void **state)
{
	static const uint8_t a[SP_AUDIT_SENDER] = {1}, b[SP_AUDIT_SENDER] = {2};
	uint64_t t;

	kit_open();
	assert_int_equal(sp_audit_ticket(kit_st, a, &t), SP_OK);
	assert_int_equal(t, 0);
	assert_int_equal(sp_audit_begin(kit_st), SP_OK);
	assert_int_equal(sp_audit_set_ticket(kit_st, a, 7, kit_now), SP_OK);
	assert_int_equal(sp_audit_commit(kit_st, kit_now), SP_OK);
	assert_int_equal(sp_audit_begin(kit_st), SP_OK);
	assert_int_equal(sp_audit_set_ticket(kit_st, a, 9, kit_now), SP_OK);
	assert_int_equal(sp_audit_set_ticket(kit_st, b, 3, kit_now), SP_OK);
	sp_audit_rollback(kit_st);
	assert_int_equal(sp_audit_ticket(kit_st, a, &t), SP_OK);
	assert_int_equal(t, 7);
	assert_int_equal(sp_audit_ticket(kit_st, b, &t), SP_OK);
	assert_int_equal(t, 0);
}

static void test_known_elsewhere(void **state)
{
	uint8_t hash[SP_RECORD_HASH];

	kit_open();
	kit_notes(4);
	assert_whole();
	memcpy(hash, kit_chain.hash, sizeof(hash));
	kit_notes(2);
	assert_int_equal(sp_audit_verify(kit_st, kit_root, 5, hash, &kit_chain), SP_OK);
	hash[0] ^= 1;
	assert_int_equal(sp_audit_verify(kit_st, kit_root, 5, hash, &kit_chain), SP_EFIELD);
	assert_int_equal(kit_chain.bad, 5);
	assert_int_equal(sp_audit_verify(kit_st, kit_root, 50, hash, &kit_chain), SP_EFIELD);
	assert_int_equal(kit_chain.bad, 8);
}

/* From files to a server, after days: a new chain by today's key, which says that there was another. */
static void test_moved(void **state)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_found found;

	if (kit_server() == NULL) {
		skip();
	}
	struct sp_audit_store *files = sp_audit_store_open(kit_dir, NULL, kit_now, why);
	assert_non_null(files);
	assert_int_equal(sp_audit_start(files, kit_now, &found), SP_OK);
	assert_false(found.lost);
	kit_now.wall_ns += DAY;
	kit_now.mono_ns += DAY;
	assert_int_equal(sp_audit_turn_day(files, kit_now), SP_OK);
	assert_int_equal(sp_audit_stop(files, kit_now), SP_OK);
	sp_audit_store_close(files);
	kit_open();
	assert_true(kit_found.lost);
	kit_notes(3);
	kit_close();
	assert_whole();
	kit_open();
	assert_false(kit_found.lost || kit_found.fresh);
	assert_whole();
}

static void test_keys_and_files(void **state)
{
	char path[96], why[SP_AUDIT_WHY];
	bool missing;

	kit_files_only();
	assert_null(sp_audit_store_read(kit_dir, kit_server(), &missing, why));
	assert_true(missing);
	kit_open();
	kit_notes(1);
	kit_close();
	struct stat s;
	snprintf(path, sizeof(path), "%s/" SP_AUDIT_KEY_FILE, kit_dir);
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(sp_audit_store_open(kit_dir, kit_server(), kit_now, why));
	assert_non_null(strstr(why, "only its owner"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(truncate(path, 20), 0);
	assert_null(sp_audit_store_open(kit_dir, kit_server(), kit_now, why));
	assert_non_null(strstr(why, "damaged"));
	/* No new key beside an old audit. */
	assert_int_equal(unlink(path), 0);
	assert_null(sp_audit_store_open(kit_dir, kit_server(), kit_now, why));
	assert_int_equal(access(path, F_OK), -1);
	assert_whole();
	/* A folder without its database begins anew, and says by which key. */
	uint8_t before[SP_SIGN_PUBLIC];
	memcpy(before, kit_root, sizeof(before));
	assert_int_equal(unlink(kit_file), 0);
	kit_open();
	assert_true(kit_found.fresh);
	assert_memory_not_equal(before, kit_root, sizeof(before));
	assert_true(kit_found.lost);
	assert_memory_equal(kit_found.before, before, sizeof(before));
	assert_whole();
	/* A command that comes first says so in its place. */
	kit_close();
	assert_int_equal(unlink(kit_file), 0);
	struct sp_audit_store *command = sp_audit_store_open(kit_dir, NULL, kit_now, why);
	assert_non_null(command);
	struct sp_audit_event e;
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	assert_int_equal(sp_audit_note(command, &e, kit_now), SP_OK);
	uint64_t last;
	assert_int_equal(sp_audit_last(command, &last), SP_OK);
	assert_int_equal(last, 3);
	sp_audit_store_close(command);
	kit_open();
	assert_false(kit_found.lost);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_life),
			kit_test(test_group),
			kit_test(test_every_byte),
			kit_test(test_rows),
			kit_test(test_forged_chain),
			kit_test(test_every_byte_of_the_file),
			kit_test(test_days),
			kit_test(test_retention),
			kit_test(test_crash),
			kit_test(test_lost_end),
			kit_test(test_moved),
			kit_test(test_several_hands),
			kit_test(test_command_first),
			kit_test(test_tickets),
			kit_test(test_known_elsewhere),
			kit_test(test_keys_and_files),
			cmocka_unit_test(test_key_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
