/* tests/gate/scribe/test_recorder.c - a stream of frames becomes a file, in time. */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/scribe/recorder.h"
#include "host/audit/rec_read.h"

static struct sp_rec_key key;
static struct sp_recorder *rec;
static int fd = -1;

#define T0 1000000000ull

static int setup(void **state)
{
	struct sp_recorder_conf c = {
			.rec = {.id = "01J0ABCDEFGHJKMNPQRSTVWXYZ", .mono_us = T0, .n_auditors = 1},
			.meta = {.user = "grete", .target = "db1"}};
	char path[] = "/tmp/sp-test-recorder-XXXXXX";

	c.file = fd = mkstemp(path);
	if (fd < 0 || unlink(path) != 0 || sp_rec_key_make(&key) != SP_OK) {
		return -1;
	}
	memcpy(c.rec.auditor[0].pk, key.pk, sizeof(key.pk));
	return sp_recorder_create(&rec, &c);
}

static int teardown(void **state)
{
	sp_recorder_destroy(rec);
	return close(fd);
}

static int feed(const void *p, size_t n, uint64_t now)
{
	const uint8_t *from = p;
	int rc = SP_OK;

	while (rc == SP_OK && n > 0) {
		size_t room;
		uint8_t *to = sp_recorder_room(rec, &room);
		size_t part = n < room ? n : room;

		memcpy(to, from, part);
		rc = sp_recorder_took(rec, part, now);
		from += part;
		n -= part;
	}
	return rc;
}

static size_t frame(uint8_t *to, uint32_t kind, size_t n)
{
	struct sp_wr w;

	sp_wr_fixed(&w, to, SP_REC_STREAM_HEAD);
	sp_wr_u8(&w, (uint8_t)kind);
	sp_wr_zero(&w, 3);
	sp_wr_le32(&w, (uint32_t)n);
	memset(to + SP_REC_STREAM_HEAD, 'f', n);
	return SP_REC_STREAM_HEAD + n;
}

static struct sp_rec_reader *reader(void)
{
	struct sp_rec_reader *r;
	struct sp_rec_frame f;
	struct sp_rec_meta m;
	char why[SP_REC_WHY];

	assert_int_equal(sp_rec_reader_open(&r, fd, &key, why), SP_OK);
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.kind, SP_REC_META);
	assert_int_equal(sp_rec_meta_read(f.data, &m), SP_OK);
	assert_string_equal(m.user, "grete");
	assert_string_equal(m.target, "db1");
	return r;
}

static off_t size(void)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_size;
}

static void start_is_there_at_once(void **state)
{
	struct sp_rec_reader *r = reader();
	struct sp_rec_frame f;

	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	sp_rec_reader_destroy(r);
}

static void frames_in_pieces(void **state)
{
	static uint8_t mem[200000];
	bool said;
	size_t n = frame(mem, SP_REC_OUT, 5);

	n += frame(mem + n, SP_REC_OUT, SP_REC_MAX_FRAME);
	n += frame(mem + n, SP_REC_IN, 0);
	n += frame(mem + n, SP_REC_OUT, 70);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(feed(mem + i, 1, T0 + i), SP_OK);
	}
	assert_int_equal(feed(mem, n, T0 + n), SP_OK);
	n = frame(mem, SP_REC_END, 6);
	assert_int_equal(feed(mem, n, T0 + n), SP_OK);
	assert_int_equal(sp_recorder_end(rec, T0, "not told", &said), SP_OK);
	assert_true(said);

	static const size_t want[] = {5, SP_REC_MAX_FRAME, 0, 70, 5, SP_REC_MAX_FRAME, 0, 70, 6};
	struct sp_rec_reader *r = reader();
	struct sp_rec_frame f;
	for (size_t i = 0; i < 9; i++) {
		assert_int_equal(sp_rec_reader_next(r, &f), 1);
		assert_int_equal(f.data.n, want[i]);
	}
	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_WHOLE);
	sp_rec_reader_destroy(r);
}

static void time_cuts(void **state)
{
	uint8_t mem[64];
	uint64_t bytes, now = T0 + 5000000;
	struct sp_rec_head head;

	/* The start itself is told of. */
	assert_int_equal(sp_recorder_tick(rec, T0 + SP_RECORDER_HEAD_US), SP_OK);
	assert_true(sp_recorder_head(rec, &head, &bytes));
	assert_int_equal(head.segments, 1);
	assert_int_equal(sp_recorder_deadline(rec), 0);
	off_t before = size();
	now = T0 + 3600000000ull;
	assert_int_equal(sp_recorder_tick(rec, now), SP_OK);
	assert_true(size() == before);

	assert_int_equal(feed(mem, frame(mem, SP_REC_OUT, 9), now), SP_OK);
	assert_true(size() == before);
	assert_true(sp_recorder_deadline(rec) == now + SP_RECORDER_CUT_US);
	assert_int_equal(feed(mem, frame(mem, SP_REC_OUT, 9), now + 400000), SP_OK);
	assert_true(sp_recorder_deadline(rec) == now + SP_RECORDER_CUT_US);
	assert_int_equal(sp_recorder_tick(rec, now + 999999), SP_OK);
	assert_true(size() == before);
	now += SP_RECORDER_CUT_US;
	assert_int_equal(sp_recorder_tick(rec, now), SP_OK);
	assert_true(size() > before);
	assert_false(sp_recorder_head(rec, &head, &bytes));
	/* To disk a second later, and the head after ten. */
	assert_true(sp_recorder_deadline(rec) == now + SP_RECORDER_CUT_US);
	assert_int_equal(sp_recorder_lag(rec, now), 0);
	assert_int_equal(sp_recorder_tick(rec, now + SP_RECORDER_CUT_US), SP_OK);
	assert_true(sp_recorder_deadline(rec) == now + SP_RECORDER_HEAD_US);
	assert_int_equal(sp_recorder_lag(rec, now + SP_RECORDER_CUT_US + 5000),
			2 * SP_RECORDER_CUT_US + 5000);
	assert_int_equal(sp_recorder_lag(rec, now + SP_RECORDER_CUT_US + 5000), 0);
	assert_int_equal(sp_recorder_tick(rec, now + SP_RECORDER_HEAD_US), SP_OK);
	assert_true(sp_recorder_head(rec, &head, &bytes));
	assert_int_equal(head.segments, 2);
	assert_true(bytes == (uint64_t)size());
	assert_false(sp_recorder_head(rec, &head, &bytes));
	assert_int_equal(sp_recorder_deadline(rec), 0);
}

static void end_that_nobody_said(void **state)
{
	struct sp_rec_frame f;
	struct sp_rec_end e;
	uint8_t mem[64];
	bool said = true;

	/* Half a frame is no frame. */
	assert_int_equal(feed(mem, frame(mem, SP_REC_OUT, 9) - 1, T0 + 5), SP_OK);
	assert_int_equal(sp_recorder_end(rec, T0 + 9, "the process is gone", &said), SP_OK);
	assert_false(said);
	struct sp_rec_reader *r = reader();
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(f.kind, SP_REC_END);
	assert_int_equal(sp_rec_end_read(f.data, &e), SP_OK);
	assert_true(e.why == SP_REC_WHY_LOST);
	assert_string_equal(e.text, "the process is gone");
	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_WHOLE);
	sp_rec_reader_destroy(r);
}

static void what_is_no_stream(void **state)
{
	static const struct {
		uint8_t head[8];
		int rc;
	} rows[] = {
			{{SP_REC_NONE}, SP_EFIELD},
			{{SP_REC_META}, SP_EFIELD},
			{{SP_REC_KIND_COUNT}, SP_EFIELD},
			{{SP_REC_OUT, 1}, SP_EFIELD},
			{{SP_REC_OUT, 0, 0, 1}, SP_EFIELD},
			{{SP_REC_OUT, 0, 0, 0, 1, 0, 1, 0}, SP_ELIMIT},
			{{SP_REC_OUT, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}, SP_ELIMIT},
	};
	bool said;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(feed(rows[i].head, 8, T0), rows[i].rc);
	}
	assert_int_equal(sp_recorder_end(rec, T0, "no stream", &said), SP_OK);
	assert_int_equal(feed((uint8_t[8]){SP_REC_OUT}, 8, T0), SP_ESTATE);
}

/* As the audit will have it. */
static void same_head(struct sp_rec_reader *r)
{
	struct sp_rec_head told;
	uint8_t chain[SP_REC_HASH];
	uint64_t bytes;

	sp_recorder_last(rec, &told, &bytes);
	assert_int_equal(told.segments, sp_rec_reader_segments(r));
	assert_true(bytes == sp_rec_reader_bytes(r));
	assert_int_equal(sp_rec_reader_chain(r, told.segments, chain), SP_OK);
	assert_memory_equal(told.hash, chain, sizeof(chain));
}

static void disk_is_full(void **state)
{
	static uint8_t mem[200000];
	struct rlimit old, l;
	bool said;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	l = old;
	l.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
	size_t n = frame(mem, SP_REC_OUT, 60000);
	for (size_t i = SP_REC_STREAM_HEAD; i < n; i++) {
		mem[i] = (uint8_t)rand();
	}
	int rc = SP_OK;
	for (int i = 0; i < 5 && rc == SP_OK; i++) {
		rc = feed(mem, n, T0);
	}
	int saved = errno;
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(rc, SP_ESYS);
	assert_int_equal(saved, EFBIG);
	/* What is there can be read, up to where it broke off. */
	struct sp_rec_reader *r = reader();
	struct sp_rec_frame f;
	assert_int_equal(sp_rec_reader_next(r, &f), 1);
	assert_int_equal(sp_rec_reader_next(r, &f), 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_TORN);
	/* What is told of it is what is there, and not what was to come. */
	same_head(r);
	sp_rec_reader_destroy(r);
	/* With room again it goes on where it stopped. */
	assert_int_equal(sp_recorder_end(rec, T0, "full", &said), SP_OK);
	assert_false(said);
	r = reader();
	while ((rc = sp_rec_reader_next(r, &f)) == 1) {
	}
	assert_int_equal(rc, 0);
	assert_int_equal(sp_rec_reader_state(r), SP_REC_WHOLE);
	same_head(r);
	sp_rec_reader_destroy(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(start_is_there_at_once, setup, teardown),
			cmocka_unit_test_setup_teardown(frames_in_pieces, setup, teardown),
			cmocka_unit_test_setup_teardown(time_cuts, setup, teardown),
			cmocka_unit_test_setup_teardown(end_that_nobody_said, setup, teardown),
			cmocka_unit_test_setup_teardown(what_is_no_stream, setup, teardown),
			cmocka_unit_test_setup_teardown(disk_is_full, setup, teardown),
	};

	return cmocka_run_group_tests_name("recorder", tests, NULL, NULL);
}
