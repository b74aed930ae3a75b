/* tests/app/test_doctor_audit.c - the chain and the last weeks of an audit: each fault is seen. */
#include "doctor_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/db/db.h"

#define NS UINT64_C(1000000000)

static char dir[] = "/tmp/sp-doctor-audit-XXXXXX";
static struct sp_audit_store *st;
static struct sp_audit_now now;

static int begin(void **state)
{
	char why[SP_AUDIT_WHY];
	struct sp_audit_found found;

	now = (struct sp_audit_now){1000, (uint64_t)(KIT_TODAY - 40 * KIT_DAY) * NS};
	st = sp_audit_store_open(dir, NULL, now, why);
	return st != NULL && sp_audit_start(st, now, &found) == SP_OK ? kit_begin(state) : -1;
}

static int finish(void **state)
{
	static const char *const files[] = {
			"audit.db", "audit.db-wal", "audit.db-shm", "key", "first.pub", "key.tmp"};
	char path[128];

	sp_audit_store_close(st);
	for (size_t i = 0; i < SP_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	return kit_end(state);
}

static void at(int64_t day)
{
	now.wall_ns = (uint64_t)(KIT_TODAY + day * KIT_DAY) * NS;
	now.mono_ns += 1000;
}

static void note(enum sp_audit_kind kind, const char *user, const char *net, const char *machine)
{
	struct sp_audit_event e;

	now.mono_ns += 1000;
	now.wall_ns += 1000;
	sp_audit_init(&e, kind, SP_OUTCOME_OK);
	sp_audit_text(&e, SP_F_USER, user);
	sp_audit_text(&e, SP_F_SRC_NET, net);
	sp_audit_text(&e, SP_F_CLAIMED_MACHINE, machine);
	assert_int_equal(sp_audit_note(st, &e, now), SP_OK);
}

static void sql(const char *text)
{
	char path[128], why[SP_DB_WHY];

	snprintf(path, sizeof(path), "%s/audit.db", dir);
	struct sp_db *db = sp_db_open(path, false, why);
	assert_non_null(db);
	assert_int_equal(sp_db_exec(db, text), SP_OK);
	sp_db_close(db);
}

static void look(void)
{
	kit_again();
	app_doctor_chain(kit, st, dir);
	app_doctor_weeks(kit, st);
}

static void test_well(void **state)
{
	at(-1);
	note(SP_AUDIT_SESSION_START, "alice", "10.8.0.9/32", "PC1");
	note(SP_AUDIT_SESSION_START, "alice", "10.8.0.9/32", "PC1");
	look();
	assert_int_equal(kit_faults(), 0);
	assert_int_equal(kit_level("audit.chain", NULL), APP_DOCTOR_OK);
	assert_int_equal(kit_level("audit.clock", NULL), APP_DOCTOR_OK);
	assert_int_equal(kit_level("users.shared", NULL), APP_DOCTOR_OK);
}

static void test_chain(void **state)
{
	static const char *const harm[] = {"UPDATE record SET bytes = (SELECT bytes FROM record "
					   "WHERE seq = 3) WHERE seq = 2",
			"DELETE FROM record WHERE seq = 2",
			"DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)",
			"DELETE FROM head"};

	for (size_t i = 0; i < SP_LEN(harm); i++) {
		if (i > 0) {
			finish(state);
			begin(state);
		}
		at(-1);
		note(SP_AUDIT_CONN_OPEN, "", "", "");
		note(SP_AUDIT_CONN_OPEN, "", "", "");
		look();
		assert_int_equal(kit_level("audit.chain", NULL), APP_DOCTOR_OK);
		sql(harm[i]);
		look();
		assert_int_equal(kit_level("audit.chain", NULL), APP_DOCTOR_BAD);
	}
}

/* Of a large audit only the end is looked through, and it says so. */
static void test_weeks(void **state)
{
	at(-3);
	for (int i = 0; i < 4; i++) {
		note(SP_AUDIT_PROC_CRASH, "", "", "");
	}
	look();
	assert_int_equal(kit_level("audit.weeks", NULL), -1);
	assert_int_equal(kit_level("audit.crashes", NULL), APP_DOCTOR_WARN);
	kit->walk = sp_audit_seq(st);
	look();
	assert_int_equal(kit_level("audit.weeks", NULL), -1);
	kit->walk = 2;
	look();
	assert_int_equal(kit_level("audit.weeks", NULL), APP_DOCTOR_INFO);
	assert_string_equal(kit_text(), "only the last 2 records were looked through for all this");
	/* What cannot be read at all. */
	sql("DROP TABLE record");
	look();
	assert_int_equal(kit_level("audit.weeks", NULL), APP_DOCTOR_UNKNOWN);
}

/* The end alone: from a checkpoint on that has enough behind it. */
static void test_end(void **state)
{
	static struct sp_chain c;
	uint64_t first;

	at(-2);
	for (int i = 0; i < 60; i++) {
		note(SP_AUDIT_CONN_OPEN, "", "", "");
		if (i % 10 == 9) {
			assert_int_equal(sp_audit_begin(st), SP_OK);
			assert_int_equal(sp_audit_checkpoint(st, now), SP_OK);
			assert_int_equal(sp_audit_commit(st, now), SP_OK);
		}
	}
	assert_int_equal(sp_audit_verify_end(st, 20, &c), SP_OK);
	assert_true(20 <= c.records && c.records < 40);
	assert_int_equal(c.seq, sp_audit_seq(st));
	first = c.first;
	/* What is before that is not looked at; what is in it is. */
	sql("UPDATE record SET bytes = zeroblob(20) WHERE seq = 5");
	assert_int_equal(sp_audit_verify_end(st, 20, &c), SP_OK);
	assert_int_equal(c.first, first);
	sql("UPDATE record SET hash = zeroblob(32) WHERE seq = (SELECT max(seq) FROM record) - 3");
	assert_int_equal(sp_audit_verify_end(st, 20, &c), SP_EFIELD);
	assert_int_equal(c.bad, sp_audit_seq(st) - 3);
	/* A small audit without enough behind any: from its first checkpoint. */
	finish(state);
	begin(state);
	note(SP_AUDIT_CONN_OPEN, "", "", "");
	assert_int_equal(sp_audit_verify_end(st, 1000, &c), SP_OK);
	sql("DELETE FROM record WHERE seq = (SELECT max(seq) FROM record)");
	assert_int_equal(sp_audit_verify_end(st, 1000, &c), SP_EFIELD);
}

static void test_clock(void **state)
{
	at(0);
	now.wall_ns += 4 * NS;
	note(SP_AUDIT_CONN_OPEN, "", "", "");
	look();
	assert_int_equal(kit_level("audit.clock", NULL), APP_DOCTOR_OK);
	now.wall_ns += 60 * NS;
	note(SP_AUDIT_CONN_OPEN, "", "", "");
	look();
	assert_int_equal(kit_level("audit.clock", NULL), APP_DOCTOR_BAD);
}

static void test_shared(void **state)
{
	char net[32], machine[32];

	/* Long ago does not count, nor do failures and guesses. */
	at(-35);
	for (int i = 0; i < 12; i++) {
		snprintf(net, sizeof(net), "192.0.2.%d/32", i);
		note(SP_AUDIT_SESSION_START, "carol", net, "PC");
	}
	at(-20);
	for (int i = 0; i < 12; i++) {
		snprintf(net, sizeof(net), "10.8.%d.9/32", i);
		snprintf(machine, sizeof(machine), "PC%d", i);
		note(SP_AUDIT_SESSION_START, "alice", net, "LAPTOP");
		note(SP_AUDIT_SESSION_START, "bob", "10.8.0.9/32", i < 7 ? machine : "PC0");
		note(SP_AUDIT_AUTH_FAIL, "dave", net, machine);
	}
	look();
	assert_int_equal(kit_faults(), 1);
	assert_int_equal(kit_level("users.shared", "alice"), APP_DOCTOR_WARN);
	note(SP_AUDIT_SESSION_START, "bob", "10.8.0.9/32", "PC7");
	look();
	assert_int_equal(kit_level("users.shared", "bob"), APP_DOCTOR_WARN);
	assert_int_equal(kit_faults(), 2);
}

static void test_recent(void **state)
{
	static const struct {
		enum sp_audit_kind kind;
		const char *id;
		int level;
	} rows[] = {{SP_AUDIT_ALERT, "audit.alerts", APP_DOCTOR_WARN},
			{SP_AUDIT_AUDIT_DROPPED, "audit.dropped", APP_DOCTOR_WARN},
			{SP_AUDIT_RECORD_GAP, "audit.gaps", APP_DOCTOR_WARN},
			{SP_AUDIT_PROC_CRASH, "audit.crashes", APP_DOCTOR_WARN},
			{SP_AUDIT_DISK_LOW, "audit.disk", APP_DOCTOR_WARN},
			{SP_AUDIT_CLOCK_STEP, "audit.steps", APP_DOCTOR_INFO}};

	at(-8);
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		note(rows[i].kind, "", "", "");
		look();
		assert_int_equal(kit_level(rows[i].id, NULL), -1);
	}
	at(-6);
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		note(rows[i].kind, "", "", "");
		look();
		assert_int_equal(kit_level(rows[i].id, NULL), rows[i].level);
	}
}

#define row(f) cmocka_unit_test_setup_teardown(f, begin, finish)

static int make(void **state)
{
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int drop(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			row(test_well),
			row(test_chain),
			row(test_weeks),
			row(test_end),
			row(test_clock),
			row(test_shared),
			row(test_recent),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
