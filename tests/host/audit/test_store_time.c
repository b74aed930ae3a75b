/* tests/host/audit/test_store_time.c - records of an hour are found, none is hidden, and older audits learn it. */
#include "store_kit.h"

#include <stdlib.h>

#define HOUR (UINT64_C(3600) * 1000000000)
#define NONE UINT64_MAX

static void assert_between(uint64_t since, uint64_t until, uint64_t first, uint64_t last)
{
	uint64_t f, l;

	assert_int_equal(sp_audit_between(kit_st, since, until, &f, &l), SP_OK);
	assert_int_equal(f, first);
	assert_int_equal(l, last);
}

/* Five hours of four records each, the first one a checkpoint; and the hour that the first is in. */
static uint64_t five_hours(void)
{
	kit_now.wall_ns = 20000 * DAY + 1;
	uint64_t begin = kit_now.wall_ns;
	kit_open();
	for (int hour = 0; hour < 5; hour++) {
		kit_now.wall_ns = begin + (uint64_t)hour * HOUR;
		kit_notes(hour == 0 ? 3 : 4);
	}
	return begin;
}

static void test_between(void **state)
{
	uint64_t begin = five_hours();

	assert_int_equal(sp_audit_seq(kit_st), 20);
	assert_between(0, NONE, 1, NONE);
	assert_between(begin, NONE, 1, NONE);
	assert_between(begin + HOUR, NONE, 5, NONE);
	assert_between(begin + 4 * HOUR + HOUR / 2, NONE, 17, NONE);
	assert_between(begin + 5 * HOUR, NONE, NONE, NONE);
	assert_between(0, begin, 1, 4);
	assert_between(begin + HOUR, begin + 2 * HOUR, 5, 12);
	assert_between(0, begin - HOUR, 1, 0);
	assert_whole();
	/* A new life goes on with the hour that it is. */
	kit_close();
	kit_now.wall_ns += HOUR;
	kit_open();
	kit_notes(1);
	assert_between(begin + 5 * HOUR, NONE, 22, NONE);
	assert_between(begin + 4 * HOUR, begin + 4 * HOUR, 17, 21);
}

/* What a group does not keep leaves nothing behind. */
static void test_rolled_back(void **state)
{
	uint64_t begin = five_hours();
	struct sp_audit_event e;

	kit_now.wall_ns += HOUR;
	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	assert_int_equal(sp_audit_begin(kit_st), SP_OK);
	assert_int_equal(sp_audit_append(kit_st, sp_span(e.b, e.n), kit_now, NULL), SP_OK);
	sp_audit_rollback(kit_st);
	assert_between(begin + 5 * HOUR, NONE, NONE, NONE);
	kit_notes(2);
	assert_between(begin + 5 * HOUR, NONE, 21, NONE);
	assert_between(begin + 4 * HOUR, begin + 4 * HOUR, 17, 20);
	assert_whole();
}

/* A clock that is set back, and another that writes meanwhile. */
static void test_back(void **state)
{
	uint64_t begin = five_hours();
	char why[SP_AUDIT_WHY];
	struct sp_audit_event e;

	kit_now.wall_ns -= 3 * HOUR;
	kit_notes(2); /* 21 and 22, of the second hour */
	assert_between(begin + HOUR, begin + HOUR, 5, NONE);
	assert_between(begin + 4 * HOUR, NONE, 17, NONE);
	struct sp_audit_store *other = sp_audit_store_open(kit_dir, kit_server(), kit_now, why);
	assert_non_null(other);
	sp_audit_init(&e, SP_AUDIT_ADMIN_CHANGE, SP_OUTCOME_OK);
	struct sp_audit_now later = {kit_now.mono_ns, kit_now.wall_ns + HOUR};
	assert_int_equal(sp_audit_note(other, &e, later), SP_OK); /* 23, of the third */
	assert_between(begin + HOUR, begin + HOUR, 5, 22);
	kit_notes(1); /* 24, of the second again */
	assert_between(begin + HOUR, begin + HOUR, 5, NONE);
	assert_between(begin + 2 * HOUR, begin + 2 * HOUR, 9, NONE);
	assert_int_equal(sp_audit_note(other, &e, later), SP_OK);
	sp_audit_store_close(other);
	assert_whole();
}

static void test_pruned(void **state)
{
	uint64_t begin = five_hours(), n;

	assert_int_equal(sp_audit_prune(kit_st, begin + 2 * HOUR, "root", kit_now, &n), SP_OK);
	assert_int_equal(n, 8);
	kit_open_hand();
	assert_int_equal(kit_number("SELECT count(*) FROM moment"), 3);
	assert_between(0, NONE, 9, NONE);
	assert_whole();
}

/* Who changes the table hides no record from verify. */
static void test_hidden(void **state)
{
	static const struct {
		const char *sql;
		uint64_t bad;
	} changes[] = {
			{"DELETE FROM moment WHERE first = 9", 9},
			{"UPDATE moment SET first = 10 WHERE first = 9", 9},
			{"UPDATE moment SET last = 11 WHERE first = 9", 9},
			{"UPDATE moment SET last = 0 WHERE first = 17", 17},
			{"UPDATE moment SET hour = hour + 100 WHERE first = 1", 1},
			{"DELETE FROM moment WHERE first = 17", 17},
	};

	five_hours();
	kit_open_hand();
	kit_save();
	for (size_t i = 0; i < SP_LEN(changes); i++) {
		kit_sql(changes[i].sql);
		assert_bad(changes[i].bad, "hidden");
		kit_restore();
	}
	assert_whole();
	/* Without it all records are looked at. */
	kit_sql("DELETE FROM moment");
	assert_between(NONE, NONE, 1, NONE);
	assert_whole();
}

/* An audit of a version that knew no hours. */
static void test_older(void **state)
{
	uint64_t begin = five_hours();
	bool missing;
	char why[SP_AUDIT_WHY];

	kit_close();
	kit_open_hand();
	kit_sql("DROP TABLE moment");
	kit_sql(kit_server() == NULL ? "PRAGMA user_version = 2"
				     : "UPDATE sp_schema SET version = 2");
	/* Who only looks finds all records. */
	kit_st = sp_audit_store_read(kit_dir, kit_server(), &missing, why);
	assert_non_null(kit_st);
	assert_between(begin + 4 * HOUR, NONE, 1, NONE);
	assert_whole();
	kit_drop();
	kit_open();
	assert_between(begin + HOUR, begin + 2 * HOUR, 5, 12);
	assert_between(begin + 4 * HOUR, NONE, 17, NONE);
	assert_int_equal(kit_number("SELECT count(*) FROM moment"), 5);
	assert_whole();
	/* Its scribe had not ended, and has written on for two hours. */
	kit_now.wall_ns += HOUR;
	uint64_t gap = kit_note("not noted");
	kit_now.wall_ns += HOUR;
	kit_note("nor this");
	kit_close();
	kit_sql2("DELETE FROM moment WHERE first >= ?1", gap, 0);
	kit_sql("UPDATE moment SET last = NULL WHERE first = 17");
	assert_bad(gap, "hidden");
	kit_open();
	assert_between(begin + 5 * HOUR, NONE, gap, NONE);
	assert_between(begin + 5 * HOUR, begin + 5 * HOUR, gap, gap);
	assert_whole();
}

static int count(void *user, const struct sp_record *r, const struct sp_audit_view *v)
{
	uint64_t *next = user;

	assert_int_equal(r->seq, *next);
	*next += next[1];
	next[2]++;
	return next[2] == next[3] ? 1 : SP_OK;
}

/* More records than are in memory at once, either way, and as few as somebody wants. */
static void test_pages(void **state)
{
	struct sp_audit_event e;

	kit_open();
	sp_audit_init(&e, SP_AUDIT_CONN_OPEN, SP_OUTCOME_NONE);
	assert_int_equal(sp_audit_begin(kit_st), SP_OK);
	for (size_t i = 0; i < 1998; i++) {
		assert_int_equal(sp_audit_append(kit_st, sp_span(e.b, e.n), kit_now, NULL), SP_OK);
	}
	assert_int_equal(sp_audit_commit(kit_st, kit_now), SP_OK);
	assert_int_equal(sp_audit_seq(kit_st), 2000); /* with two checkpoints */
	static const struct {
		uint64_t first, last, stop, n;
	} some[] = {{1, NONE, 0, 2000}, {1, 2000, 0, 2000}, {1, 500, 0, 500}, {1, 501, 0, 501},
			{1500, NONE, 0, 501}, {7, 7, 0, 1}, {1, 1700, 700, 700}, {8, 7, 0, 0},
			{2001, NONE, 0, 0}};
	for (size_t i = 0; i < SP_LEN(some); i++) {
		uint64_t next[4] = {some[i].first, 1, 0, some[i].stop};
		assert_int_equal(sp_audit_each(kit_st, some[i].first, some[i].last, false, count,
						 next, NULL),
				SP_OK);
		assert_int_equal(next[2], some[i].n);
		uint64_t last = some[i].last < 2000 ? some[i].last : 2000;
		uint64_t back[4] = {last, UINT64_MAX, 0, some[i].stop};
		assert_int_equal(sp_audit_each(kit_st, some[i].first, some[i].last, true, count,
						 back, NULL),
				SP_OK);
		assert_int_equal(back[2], some[i].n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test(test_between),
			kit_test(test_rolled_back),
			kit_test(test_back),
			kit_test(test_pruned),
			kit_test(test_hidden),
			kit_test(test_older),
			kit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
