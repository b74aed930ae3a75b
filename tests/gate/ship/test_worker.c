/* tests/gate/ship/test_worker.c - a destination that takes, fails, refuses, goes; and audits that are cut. */
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "gate/ship/worker.h"

static char dir[] = "/tmp/sp-test-worker-XXXXXX", mark[64];
static struct sp_audit_store *writer, *reader;
static struct sp_audit_now now = {1, 1000000000};
static struct sp_board board;
static struct sp_worker *w;
static uint64_t clock_us;

/* A destination: what it got, and how it behaves. */
static struct {
	struct sp_sink base;
	uint64_t got[4096];
	size_t n, puts, resets;
	int put_rc, look_rc;
	bool one_by_one, only_alerts;
	uint64_t never; /* this one it does not take */
	uint64_t missed_first, missed_n;
	size_t missed_times;
} sink;

static uint64_t clock_now(void)
{
	return clock_us;
}

static int add(struct sp_sink *s, const struct sp_record *r, const struct sp_audit_view *v,
		struct sp_wr *wr)
{
	if (sink.only_alerts && v->kind != SP_AUDIT_ALERT) {
		return SP_OK;
	}
	sp_wr_le64(wr, r->seq);
	return sink.one_by_one ? 1 : SP_OK;
}

static int put(struct sp_sink *s, struct sp_span batch)
{
	sink.puts++;
	if (sink.put_rc != SP_OK) {
		snprintf(s->why, sizeof(s->why), "it does not want to");
		return sink.put_rc;
	}
	assert_int_equal(batch.n % 8, 0);
	for (size_t i = 0; i < batch.n; i += 8) {
		if (sink.never != 0 && memcmp(batch.p + i, &sink.never, 8) == 0) {
			snprintf(s->why, sizeof(s->why), "not this one");
			return SP_EDENIED;
		}
	}
	for (size_t i = 0; i < batch.n; i += 8) {
		memcpy(&sink.got[sink.n++], batch.p + i, 8);
	}
	return SP_OK;
}

static int look(struct sp_sink *s)
{
	return sink.look_rc;
}

static void reset(struct sp_sink *s)
{
	sink.resets++;
}

static void on_missed(void *user, uint64_t first, uint64_t n)
{
	sink.missed_first = first;
	sink.missed_n = n;
	sink.missed_times++;
}

static void start(void)
{
	static const struct sp_sink_impl impl = {
			.add = add, .put = put, .look = look, .reset = reset};
	struct sp_worker_conf c = {.store = reader,
			.sink = &sink.base,
			.name = "test",
			.mark = mark,
			.board = &board,
			.index = 2,
			.now = clock_now,
			.wake = -1,
			.missed = on_missed};

	sink.base.impl = &impl;
	sink.base.fd = -1;
	sp_worker_destroy(w);
	w = sp_worker_create(&c);
	assert_non_null(w);
}

static int gone(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	return remove(path);
}

static void open_audit(void)
{
	char why[SP_AUDIT_WHY];
	bool missing;

	sp_audit_store_close(reader);
	sp_audit_store_close(writer);
	writer = sp_audit_store_open(dir, NULL, now, why);
	assert_non_null(writer);
	reader = sp_audit_store_read(dir, NULL, &missing, why);
	assert_non_null(reader);
}

static int setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/sp-test-worker-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(mark, sizeof(mark), "%s/mark", dir);
	memset(&sink, 0, sizeof(sink));
	memset(&board, 0, sizeof(board));
	open_audit();
	return 0;
}

static int teardown(void **state)
{
	sp_worker_destroy(w);
	sp_audit_store_close(reader);
	sp_audit_store_close(writer);
	w = NULL;
	reader = writer = NULL;
	return nftw(dir, gone, 8, FTW_DEPTH | FTW_PHYS);
}

static void notes(size_t n, enum sp_audit_kind kind)
{
	struct sp_audit_event e;

	sp_audit_init(&e, kind, SP_OUTCOME_NONE);
	assert_int_equal(sp_audit_begin(writer), SP_OK);
	for (size_t i = 0; i < n; i++) {
		now.wall_ns += 1000000;
		assert_int_equal(sp_audit_append(writer, sp_span(e.b, e.n), now, NULL), SP_OK);
	}
	assert_int_equal(sp_audit_commit(writer, now), SP_OK);
}

/* Until there is nothing to do at this time; how long it would wait then. */
static uint64_t run(uint64_t now_us)
{
	uint64_t wait = 0;

	clock_us = now_us;
	for (int i = 0; i < 100 && wait == 0; i++) {
		wait = sp_worker_step(w);
	}
	assert_true(wait > 0);
	return wait;
}

static void got(uint64_t first, uint64_t last)
{
	assert_int_equal(sink.n, last - first + 1);
	for (size_t i = 0; i < sink.n; i++) {
		assert_int_equal(sink.got[i], first + i);
	}
	sink.n = 0;
}

static void test_goes_on(void **state)
{
	notes(700, SP_AUDIT_CONN_OPEN);
	start();
	run(1);
	assert_int_equal(sink.puts, 3); /* 256 at a time */
	got(1, 700);
	assert_int_equal(sp_worker_mark(w)->seq, 700);
	assert_int_equal(board.to[2].done, 700);
	assert_int_equal(board.to[2].sent, 700);
	assert_int_equal(board.to[2].up, 1);
	/* Another life begins where this one was. */
	notes(5, SP_AUDIT_CONN_OPEN);
	start();
	run(1);
	got(701, 705);
	assert_int_equal(sink.missed_times, 0);
}

static void test_fails(void **state)
{
	notes(10, SP_AUDIT_CONN_OPEN);
	start();
	uint64_t t = 1000000;
	uint64_t pause = 0, last = 0;
	sink.put_rc = SP_ESYS;
	/* Ever longer, but not for ever. */
	for (int i = 0; i < 12; i++) {
		pause = run(t);
		t += 60 * UINT64_C(1000000);
		assert_true(pause >= last);
		last = pause;
	}
	assert_int_equal(pause, 30000000);
	assert_int_equal(sink.puts, 12);
	assert_int_equal(sink.resets, 12);
	assert_int_equal(board.to[2].failures, 12);
	assert_int_equal(board.to[2].up, 0);
	assert_int_equal(sp_worker_mark(w)->seq, 0);
	sink.put_rc = SP_OK;
	notes(3, SP_AUDIT_CONN_OPEN);
	run(t + 60 * UINT64_C(1000000));
	got(1, 13);
}

static void test_refused(void **state)
{
	sink.one_by_one = true;
	notes(3, SP_AUDIT_ALERT);
	start();
	sink.put_rc = SP_EDENIED;
	uint64_t t = 1000000;
	for (int i = 0; i < 3 && sink.missed_times == 0; i++) {
		clock_us = t += 60 * UINT64_C(1000000);
		sp_worker_step(w);
	}
	/* The third time it is passed by, and told. */
	assert_int_equal(sink.puts, 3);
	assert_int_equal(sink.missed_times, 1);
	assert_int_equal(sink.missed_first, 1);
	assert_int_equal(sink.missed_n, 1);
	sink.put_rc = SP_OK;
	run(t += 60 * UINT64_C(1000000));
	got(2, 3);
	assert_int_equal(sp_worker_mark(w)->missed, 1);
}

/* One of a batch is refused: that one is passed by, and no other. */
static void test_one_refused(void **state)
{
	notes(20, SP_AUDIT_CONN_OPEN);
	start();
	sink.never = 7;
	uint64_t t = 1000000;
	for (int i = 0; i < 10; i++) {
		run(t += 60 * UINT64_C(1000000));
	}
	assert_int_equal(sink.missed_times, 1);
	assert_int_equal(sink.missed_first, 7);
	assert_int_equal(sink.missed_n, 1);
	assert_int_equal(sp_worker_mark(w)->missed, 1);
	assert_int_equal(sp_worker_mark(w)->seq, 20);
	assert_int_equal(sink.n, 19);
	for (size_t i = 0; i < sink.n; i++) {
		assert_int_equal(sink.got[i], i < 6 ? i + 1 : i + 2);
	}
	/* Behind it they go together again. */
	sink.puts = 0;
	notes(20, SP_AUDIT_CONN_OPEN);
	run(t += 60 * UINT64_C(1000000));
	assert_int_equal(sink.puts, 1);
}

/* What was sent counts when the other side stayed. */
static void test_held(void **state)
{
	sink.base.hold_us = 1000000;
	notes(10, SP_AUDIT_CONN_OPEN);
	start();
	uint64_t t = 1000000;
	uint64_t wait = run(t);
	assert_int_equal(wait, 1000000);
	got(1, 10);
	assert_int_equal(sp_worker_mark(w)->seq, 0);
	/* Meanwhile there is more; only the first part is confirmed in time. */
	notes(10, SP_AUDIT_CONN_OPEN);
	run(t);
	got(11, 20);
	run(t + 3000000);
	assert_int_equal(sp_worker_mark(w)->seq, 10);
	/* Then it goes: the rest comes again. */
	sink.look_rc = SP_ECLOSED;
	run(t + 6000000);
	assert_int_equal(sp_worker_mark(w)->seq, 10);
	assert_int_equal(sink.n, 0);
	sink.look_rc = SP_OK;
	run(t + 60000000);
	got(11, 20);
	/* And so it does after a death. */
	start();
	run(t + 70000000);
	got(11, 20);
}

static void test_pruned(void **state)
{
	uint64_t n;

	notes(10, SP_AUDIT_CONN_OPEN);
	start();
	run(1);
	got(1, 10);
	notes(10, SP_AUDIT_CONN_OPEN);
	/* All but the last three, and what says so. */
	assert_int_equal(sp_audit_prune(writer, now.wall_ns - 2000000, "me", now, &n), SP_OK);
	assert_int_equal(n, 17);
	sink.put_rc = SP_ESYS;
	uint64_t t = 1000000;
	run(t);
	/* Told once, also where what comes behind it does not arrive. */
	run(t + 60000000);
	assert_int_equal(sink.missed_times, 1);
	assert_int_equal(sink.missed_first, 11);
	assert_int_equal(sink.missed_n, 7);
	sink.put_rc = SP_OK;
	start();
	run(t + 200000000);
	assert_int_equal(sink.missed_times, 1);
	assert_int_equal(sink.got[0], 18);
	assert_int_equal(sp_worker_mark(w)->missed, 7);
	assert_int_equal(board.to[2].missed, 7);
	/* Who is new never had them to come. */
	sink.n = 0;
	unlink(mark);
	start();
	run(t + 300000000);
	assert_int_equal(sink.missed_times, 1);
	assert_int_equal(sink.got[0], 18);
	assert_int_equal(sp_worker_mark(w)->missed, 0);
}

static void put_mark(const char *text)
{
	FILE *f = fopen(mark, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_other_marks(void **state)
{
	struct sp_mark m;

	notes(10, SP_AUDIT_CONN_OPEN);
	/* Damaged: everything again. */
	put_mark("sallyport ship 1\nseq 5\n");
	start();
	run(1);
	got(1, 10);
	/* That of another audit: everything of this one. */
	assert_int_equal(sp_mark_load(mark, &m), SP_OK);
	m.hash[0] ^= 1;
	assert_int_equal(sp_mark_save(mark, &m), SP_OK);
	start();
	run(1);
	got(1, 10);
	m.seq = 500;
	assert_int_equal(sp_mark_save(mark, &m), SP_OK);
	start();
	run(1);
	got(1, 10);
	assert_int_equal(sink.missed_times, 0);
}

static void test_from_now(void **state)
{
	sink.base.from_now = sink.only_alerts = sink.one_by_one = true;
	notes(3, SP_AUDIT_ALERT);
	start();
	run(1);
	assert_int_equal(sink.n, 0);
	assert_int_equal(sp_worker_mark(w)->seq, 3);
	notes(5000, SP_AUDIT_CONN_OPEN);
	notes(2, SP_AUDIT_ALERT);
	run(1);
	got(5004, 5005);
	assert_int_equal(sink.puts, 2);
	assert_int_equal(sp_worker_mark(w)->seq, 5005);
	/* With nothing in the audit, its first record is new. */
	assert_int_equal(board.to[2].sent, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_goes_on, setup, teardown),
			cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
			cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
			cmocka_unit_test_setup_teardown(test_one_refused, setup, teardown),
			cmocka_unit_test_setup_teardown(test_held, setup, teardown),
			cmocka_unit_test_setup_teardown(test_pruned, setup, teardown),
			cmocka_unit_test_setup_teardown(test_other_marks, setup, teardown),
			cmocka_unit_test_setup_teardown(test_from_now, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
