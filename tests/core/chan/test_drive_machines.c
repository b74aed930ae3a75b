/* tests/core/chan/test_drive_machines.c - server and client of redirected drives joined in memory. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/utf16.h"
#include "core/base/mem.h"
#include "core/chan/drive_client.h"
#include "core/chan/drive_server.h"

#define MAX_HELD 64
#define DISK 300000

/* Whatever comes of it: it must only not crash. */
static void ignore(int rc)
{
	(void)rc;
}

/* What the client was asked and did not answer yet. */
struct held {
	uint64_t request;
	struct sp_drive_io_request io;
};

struct joined {
	struct sp_drive_server *s;
	struct sp_drive_client *c;
	uint32_t device;
	uint64_t drive, now;
	bool hold; /* requests are kept instead of answered */
	bool backwards; /* held ones are answered last first */
	struct held held[MAX_HELD];
	size_t n_held;
	unsigned began, entries, changes, answers, closes, opens;
	unsigned listed; /* entries the disk gave */
	unsigned names; /* entries the disk has */
	size_t most; /* bytes the disk gives at a time */
	size_t moving, most_moving; /* reads at a time */
	bool strip_async;
	uint8_t disk[DISK];
	/* The last answer. */
	uint64_t tag, file;
	enum sp_drive_fail fail;
	size_t n;
	uint8_t data[DISK];
	struct sp_drive_server_stat stat;
	struct sp_drive_server_volume volume;
	bool added, removed;
	char name[256];
	size_t largest; /* message either way */
	char opened[64]; /* the path, the last time */
};

static void answer(struct joined *j, uint64_t id, const struct sp_drive_io_request *io)
{
	uint8_t buf[512];
	struct sp_wr w;
	int rc;

	sp_wr_fixed(&w, buf, sizeof(buf));
	switch (io->major) {
	case SP_DRIVE_IO_CREATE:
		if (!j->hold) {
			(void)sp_utf16_to_utf8(io->create.path, j->opened, sizeof(j->opened));
		}
		if (io->create.path.n > 2 && io->create.path.p[2] == 'x') {
			rc = sp_drive_client_done(j->c, id, SP_DRIVE_NAME_NOT_FOUND);
			break;
		}
		j->opens++;
		rc = sp_drive_client_created(j->c, id, 40 + j->opens, SP_DRIVE_IO_OPENED);
		break;
	case SP_DRIVE_IO_READ: {
		uint64_t at = io->read.offset < DISK ? io->read.offset : DISK;
		size_t n = DISK - at < io->read.n ? DISK - at : io->read.n;

		n = n < j->most ? n : j->most;
		rc = sp_drive_client_data(j->c, id, sp_span(j->disk + at, n));
		break;
	}
	case SP_DRIVE_IO_WRITE:
		if (!j->hold) {
			assert_true(io->write.offset + io->write.data.n <= DISK);
			memcpy(j->disk + io->write.offset, io->write.data.p, io->write.data.n);
		}
		rc = sp_drive_client_done(j->c, id, SP_DRIVE_OK);
		break;
	case SP_DRIVE_IO_QUERY_INFO:
		if (io->info.class == SP_DRIVE_INFO_BASIC) {
			struct sp_drive_info_basic b = {1, 2, 3, 4, SP_DRIVE_INFO_NORMAL};
			sp_drive_info_basic_write(&w, &b);
		} else {
			struct sp_drive_info_standard st = {4096, DISK, 1, false, false};
			sp_drive_info_standard_write(&w, &st);
		}
		rc = sp_drive_client_data(j->c, id, sp_span(buf, w.n));
		break;
	case SP_DRIVE_IO_QUERY_VOLUME:
		if (io->info.class == SP_DRIVE_INFO_FULL_SIZE) {
			rc = sp_drive_client_done(j->c, id, SP_DRIVE_INVALID_CLASS);
		} else {
			struct sp_drive_info_size size = {100, 50, 0, 8, 512};
			sp_drive_info_size_write(&w, false, &size);
			rc = sp_drive_client_data(j->c, id, sp_span(buf, w.n));
		}
		break;
	case SP_DRIVE_IO_DIRECTORY:
		if (io->minor == SP_DRIVE_IO_NOTIFY) {
			struct sp_drive_info_change c = {SP_DRIVE_INFO_ADDED, {NULL, 0}};
			c.name = unit_hex("61005c006200");
			sp_drive_info_change_write(&w, &c);
			rc = sp_drive_client_data(j->c, id, sp_span(buf, w.n));
			break;
		}
		if (j->listed < j->names) {
			static const char *const some[] = {"2e00", "2e002e00", "66006f006f00",
					"61002f006200", "610062003a006300"};
			struct sp_drive_info_entry e = {.size = j->listed};

			e.name = unit_hex(some[j->listed < 5 ? j->listed : 2]);
			j->listed++;
			sp_drive_info_entry_write(&w, io->directory.class, &e);
			rc = sp_drive_client_data(j->c, id, sp_span(buf, w.n));
		} else {
			rc = sp_drive_client_done(j->c, id,
					io->directory.initial ? SP_DRIVE_NO_SUCH_FILE
							      : SP_DRIVE_NO_MORE_FILES);
		}
		break;
	case SP_DRIVE_IO_CLOSE:
		j->closes++;
		rc = sp_drive_client_done(j->c, id, SP_DRIVE_OK);
		break;
	default:
		rc = sp_drive_client_done(j->c, id, SP_DRIVE_OK);
		break;
	}
	assert_int_equal(rc, SP_OK);
}

static void client_events(struct joined *j)
{
	struct sp_drive_client_event ev;

	while (sp_drive_client_next(j->c, &ev)) {
		switch (ev.kind) {
		case SP_DRIVE_CLIENT_BEGAN:
			j->began++;
			break;
		case SP_DRIVE_CLIENT_ACCEPTED:
			assert_int_equal(ev.status, SP_DRIVE_OK);
			break;
		case SP_DRIVE_CLIENT_REQUEST:
			assert_int_equal(ev.device, j->device);
			if (j->hold) {
				assert_true(j->n_held < MAX_HELD);
				struct held *h = &j->held[j->n_held++];

				*h = (struct held){ev.request, ev.io};
				if (ev.io.major == SP_DRIVE_IO_CREATE) {
					h->io.create.path.n = 0; /* it was only lent */
				}
			} else {
				answer(j, ev.request, &ev.io);
			}
			break;
		}
	}
}

static void server_events(struct joined *j)
{
	struct sp_drive_server_event ev;

	while (sp_drive_server_next(j->s, &ev)) {
		switch (ev.kind) {
		case SP_DRIVE_SERVER_ADDED:
			j->added = true;
			j->drive = ev.drive;
			strncpy(j->name, ev.name, sizeof(j->name) - 1);
			break;
		case SP_DRIVE_SERVER_REMOVED:
			j->removed = true;
			assert_true(ev.drive == j->drive);
			break;
		case SP_DRIVE_SERVER_ENTRY:
			j->entries++;
			assert_true(strcmp(ev.name, ev.raw ? "ab:c" : "foo") == 0);
			break;
		case SP_DRIVE_SERVER_CHANGED:
			j->changes++;
			assert_string_equal(ev.name, "a/b");
			assert_int_equal(ev.action, SP_DRIVE_INFO_ADDED);
			break;
		case SP_DRIVE_SERVER_ANSWER:
			j->answers++;
			j->tag = ev.tag;
			j->fail = ev.fail;
			j->file = ev.file;
			j->stat = ev.stat;
			j->volume = ev.volume;
			j->n = ev.data.n + ev.n;
			assert_true(ev.data.n <= sizeof(j->data));
			if (ev.data.n) {
				memcpy(j->data, ev.data.p, ev.data.n);
			}
			break;
		}
	}
}

/* One message each way; false when nothing is left to be moved. */
static bool step(struct joined *j)
{
	struct sp_rcbuf *a = sp_drive_server_out(j->s), *b = sp_drive_client_out(j->c);
	bool moved = a || b;

	if (a) {
		j->largest = a->n > j->largest ? a->n : j->largest;
		assert_int_equal(sp_drive_client_feed(j->c, a->p, a->n), SP_OK);
		sp_rcbuf_unref(a);
	}
	client_events(j);
	if (b) {
		if (j->strip_async && b->p[2] == 0x50 && b->p[3] == 0x43) {
			b->p[8 + 8 + 24] = 0; /* extraFlags1 */
		}
		j->largest = b->n > j->largest ? b->n : j->largest;
		assert_int_equal(sp_drive_server_feed(j->s, b->p, b->n, ++j->now), SP_OK);
		sp_rcbuf_unref(b);
	}
	server_events(j);
	return moved;
}

static void run(struct joined *j)
{
	while (step(j)) {
	}
}

/* Answers what is held. */
static void let_go(struct joined *j)
{
	size_t n = j->n_held;

	j->n_held = 0;
	for (size_t i = 0; i < n; i++) {
		const struct held *h = &j->held[j->backwards ? n - 1 - i : i];

		answer(j, h->request, &h->io);
	}
}

static struct joined *join_with(bool strip_async)
{
	struct joined *j = sp_calloc(1, sizeof(*j));

	assert_non_null(j);
	j->now = 1;
	j->most = DISK;
	j->strip_async = strip_async;
	for (size_t i = 0; i < DISK; i++) {
		j->disk[i] = (uint8_t)(i * 7 + i / 251);
	}
	j->s = sp_drive_server_create(NULL);
	j->c = sp_drive_client_create("box");
	assert_non_null(j->s);
	assert_non_null(j->c);
	assert_int_equal(sp_drive_client_offer(j->c, "Home of me", &j->device), SP_OK);
	sp_drive_client_attach(j->c);
	assert_int_equal(sp_drive_server_attach(j->s, 77), SP_OK);
	run(j);
	assert_int_equal(j->began, 1);
	assert_true(j->added);
	assert_string_equal(j->name, "Home of me");
	assert_string_equal(sp_drive_server_client(j->s), "box");
	return j;
}

static struct joined *join(void)
{
	return join_with(false);
}

static void part(struct joined *j)
{
	sp_drive_server_destroy(j->s);
	sp_drive_client_destroy(j->c);
	sp_free(j);
}

static uint64_t open_file(struct joined *j)
{
	bool hold = j->hold;

	j->hold = false;
	assert_int_equal(sp_drive_server_open(j->s, j->drive, "a/b",
					 SP_DRIVE_SERVER_READ | SP_DRIVE_SERVER_WRITE, 1, j->now),
			SP_OK);
	run(j);
	assert_int_equal(j->tag, 1);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	assert_true(j->file != 0);
	j->hold = hold;
	return j->file;
}

static void test_files(void **state)
{
	struct joined *j = join();
	uint64_t f = open_file(j);
	static uint8_t bytes[150000];

	assert_int_equal(sp_drive_server_open(j->s, j->drive, "xx", 1, 2, j->now), SP_OK);
	run(j);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NOENT);
	assert_int_equal(sp_drive_server_read(j->s, f, 1000, 200000, 3, j->now), SP_OK);
	run(j);
	assert_int_equal(j->tag, 3);
	assert_int_equal(j->n, 200000);
	assert_memory_equal(j->data, j->disk + 1000, 200000);
	/* Over the end. */
	assert_int_equal(sp_drive_server_read(j->s, f, DISK - 100000, 200000, 4, j->now), SP_OK);
	run(j);
	assert_int_equal(j->n, 100000);
	assert_memory_equal(j->data, j->disk + DISK - 100000, 100000);
	assert_int_equal(sp_drive_server_read(j->s, f, DISK, 10, 4, j->now), SP_OK);
	run(j);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	assert_int_equal(j->n, 0);
	/* A client that gives less than it could. */
	j->most = 999;
	assert_int_equal(sp_drive_server_read(j->s, f, 5, 70000, 5, j->now), SP_OK);
	run(j);
	assert_int_equal(j->n, 70000);
	assert_memory_equal(j->data, j->disk + 5, 70000);
	memset(bytes, 0x5a, sizeof(bytes));
	assert_int_equal(
			sp_drive_server_write(j->s, f, 77, bytes, sizeof(bytes), 6, j->now), SP_OK);
	run(j);
	assert_int_equal(j->n, sizeof(bytes));
	assert_memory_equal(j->disk + 77, bytes, sizeof(bytes));
	assert_true(j->largest < 70000);
	assert_int_equal(sp_drive_server_lock(
					 j->s, f, SP_DRIVE_IO_LOCK_SHARED, false, 0, 1, 7, j->now),
			SP_OK);
	run(j);
	assert_int_equal(j->tag, 7);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	sp_drive_server_close(j->s, f, j->now);
	run(j);
	assert_int_equal(j->closes, 1);
	assert_int_equal(sp_drive_server_read(j->s, f, 0, 1, 8, j->now), SP_ENOTFOUND);
	sp_drive_server_close(j->s, f, j->now);
	part(j);
}

static void test_questions(void **state)
{
	struct joined *j = join();
	struct sp_drive_server_at at = {.drive = j->drive, .path = "a"};
	struct sp_drive_server_change change = {.has_size = true, .has_basic = true};

	assert_int_equal(sp_drive_server_stat(j->s, &at, 1, j->now), SP_OK);
	run(j);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	assert_int_equal(j->stat.size, DISK);
	assert_int_equal(j->stat.written, 3);
	assert_int_equal(sp_drive_server_set(j->s, &at, &change, 2, j->now), SP_OK);
	assert_int_equal(sp_drive_server_mkdir(j->s, j->drive, "d", 3, j->now), SP_OK);
	assert_int_equal(sp_drive_server_rename(j->s, j->drive, "d", "e", false, 4, j->now), SP_OK);
	assert_int_equal(sp_drive_server_remove(j->s, j->drive, "e", true, 5, j->now), SP_OK);
	run(j);
	assert_int_equal(j->answers, 5);
	assert_int_equal(sp_drive_server_volume(j->s, j->drive, 6, j->now), SP_OK);
	run(j);
	assert_int_equal(j->volume.total, 100 * 4096);
	assert_int_equal(j->volume.free, 50 * 4096);
	/* ".", "..", a good one, one with a slash that nobody may see, one that only Unix has. */
	j->names = 100;
	assert_int_equal(sp_drive_server_list(j->s, j->drive, "a", "*", 7, j->now), SP_OK);
	run(j);
	assert_int_equal(j->tag, 7);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	assert_int_equal(j->entries, 97);
	/* An empty one. */
	j->names = j->listed = j->entries = 0;
	assert_int_equal(sp_drive_server_list(j->s, j->drive, "a", "*", 8, j->now), SP_OK);
	run(j);
	assert_int_equal(j->tag, 8);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	assert_int_equal(j->entries, 0);
	/* Each was closed again, and each answered once. */
	assert_int_equal(j->opens, j->closes);
	assert_int_equal(j->answers, 8);
	part(j);
}

static void test_paths(void **state)
{
	static const char *const bad[] = {"..", "a/../b", ".", "a/.", "\xFF", "\xFF..", "a/\xFF..",
			"\xFF.", "\xFF\xFF",
			"a/\xFF"
			"b\\..\\..",
			"\xFF"
			"a\nb"};
	struct joined *j = join();

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_drive_server_open(j->s, j->drive, bad[i], 1, 1, j->now),
				SP_EARG);
		assert_int_equal(sp_drive_server_rename(
						 j->s, j->drive, "a", bad[i], true, 1, j->now),
				SP_EARG);
	}
	assert_int_equal(sp_drive_server_list(j->s, j->drive, "", "a/b", 1, j->now), SP_EARG);
	assert_int_equal(sp_drive_server_list(j->s, j->drive, "", "", 1, j->now), SP_EARG);
	assert_int_equal(sp_drive_server_open(j->s, j->drive + 1, "a", 1, 1, j->now), SP_ENOTFOUND);
	run(j);
	assert_int_equal(j->answers, 0);
	/* What Windows forbids, and the same where the client has shown it. */
	static const struct {
		const char *path, *wire;
	} rows[] = {{"q/a:b/con",
				    "\\q\\a\xEF\x80\xBA"
				    "b\\\xEF\x81\xA3on"},
			{"\xFF"
			 "a:b/c:d",
					"\\a:b\\c\xEF\x80\xBA"
					"d"},
			{"q/\xFF"
			 "CON",
					"\\q\\CON"}};
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_int_equal(sp_drive_server_open(j->s, j->drive, rows[i].path, 1, 1, j->now),
				SP_OK);
		run(j);
		assert_string_equal(j->opened, rows[i].wire);
	}
	part(j);
}

/* Many in flight, answered last first. */
static void test_order(void **state)
{
	struct joined *j = join();
	uint64_t f = open_file(j);

	j->hold = j->backwards = true;
	assert_int_equal(sp_drive_server_read(j->s, f, 0, 262144, 2, j->now), SP_OK);
	for (uint64_t i = 0; i < 10; i++) {
		assert_int_equal(sp_drive_server_read(j->s, f, i, 1, 10 + i, j->now), SP_OK);
	}
	run(j);
	assert_int_equal(j->n_held, 14);
	let_go(j);
	run(j);
	assert_int_equal(j->answers, 12);
	assert_int_equal(j->tag, 2);
	assert_int_equal(j->n, 262144);
	assert_memory_equal(j->data, j->disk, 262144);
	/* A file is closed only when what waits on it is done. */
	assert_int_equal(sp_drive_server_read(j->s, f, 0, 1, 3, j->now), SP_OK);
	sp_drive_server_close(j->s, f, j->now);
	run(j);
	assert_int_equal(j->n_held, 1);
	j->hold = false;
	let_go(j);
	run(j);
	assert_int_equal(j->tag, 3);
	assert_int_equal(j->closes, 1);
	part(j);
}

/* Who does not say that it can do several at a time on a file gets one. */
static void test_serial(void **state)
{
	struct joined *j = join_with(true);
	uint64_t f = open_file(j), g = open_file(j);

	j->hold = true;
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(sp_drive_server_read(j->s, f, i, 100, 10 + i, j->now), SP_OK);
		assert_int_equal(sp_drive_server_read(j->s, g, i, 100, 20 + i, j->now), SP_OK);
	}
	for (unsigned i = 0; i < 3; i++) {
		run(j);
		assert_int_equal(j->n_held, 2);
		let_go(j);
	}
	run(j);
	assert_int_equal(j->answers, 8);
	part(j);
}

/* What nobody asked, what was answered already, what comes too late. */
static void test_unasked(void **state)
{
	struct joined *j = join();
	struct sp_drive_io_completion c = {1, 0, SP_DRIVE_OK};
	uint8_t buf[64];
	struct sp_wr w;

	for (uint32_t id = 0; id < 5000; id++) {
		c.completion = id;
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_io_completion_write(&w, &c);
		sp_wr_zero(&w, 8);
		assert_int_equal(sp_drive_server_feed(j->s, buf, w.n, j->now), SP_OK);
	}
	run(j);
	assert_int_equal(j->answers, 0);
	/* An open that is answered after its time is closed again. */
	j->hold = true;
	assert_int_equal(sp_drive_server_open(j->s, j->drive, "a", 1, 9, j->now), SP_OK);
	run(j);
	assert_true(sp_drive_server_deadline(j->s) > j->now);
	sp_drive_server_tick(j->s, sp_drive_server_deadline(j->s) - 1);
	server_events(j);
	assert_int_equal(j->answers, 0);
	sp_drive_server_tick(j->s, sp_drive_server_deadline(j->s));
	server_events(j);
	assert_int_equal(j->answers, 1);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_TIMEDOUT);
	assert_int_equal(sp_drive_server_deadline(j->s), 0);
	j->hold = false;
	let_go(j);
	run(j);
	assert_int_equal(j->answers, 1);
	assert_int_equal(j->closes, 1);
	/* The same for one that was cancelled, before and after its answer. */
	j->hold = true;
	assert_int_equal(sp_drive_server_open(j->s, j->drive, "a", 1, 10, j->now), SP_OK);
	run(j);
	sp_drive_server_cancel(j->s, 10, j->now);
	j->hold = false;
	let_go(j);
	run(j);
	assert_int_equal(j->answers, 1);
	assert_int_equal(j->closes, 2);
	part(j);
}

/* Answers that do not fit: wrong lengths fail the request and nothing else. */
static void test_misfits(void **state)
{
	static const char *const bodies[] = {"", "00", "ffffffff",
			"0b00000000000000000000000000"
			"000000",
			"64000000 6161"};
	struct joined *j = join();
	uint64_t f = open_file(j);

	for (size_t i = 0; i < SP_LEN(bodies); i++) {
		struct sp_span body = unit_hex(bodies[i]);

		assert_int_equal(sp_drive_server_read(j->s, f, 0, 10, 50 + i, j->now), SP_OK);
		struct sp_rcbuf *q = sp_drive_server_out(j->s);
		struct sp_drive_io_completion c = {j->device, 0, SP_DRIVE_OK};
		uint8_t buf[64];
		struct sp_wr w;

		memcpy(&c.completion, q->p + 12, 4);
		sp_rcbuf_unref(q);
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_drive_io_completion_write(&w, &c);
		sp_wr_span(&w, body);
		assert_int_equal(sp_drive_server_feed(j->s, buf, w.n, j->now), SP_OK);
		server_events(j);
		assert_int_equal(j->tag, 50 + i);
		assert_int_equal(j->fail, SP_DRIVE_FAIL_IO);
	}
	assert_int_equal(sp_drive_server_read(j->s, f, 0, 10, 99, j->now), SP_OK);
	run(j);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NONE);
	part(j);
}

static void test_watch(void **state)
{
	struct joined *j = join();

	j->hold = true;
	assert_int_equal(sp_drive_server_watch(j->s, j->drive, "", true, 3, 5, j->now), SP_OK);
	run(j);
	for (unsigned i = 1; i <= 3; i++) {
		let_go(j);
		run(j);
		assert_int_equal(j->changes, i - 1);
		assert_int_equal(j->n_held, 1);
	}
	/* It waits for hours. */
	sp_drive_server_tick(j->s, j->now + 10000000000);
	server_events(j);
	assert_int_equal(j->answers, 0);
	sp_drive_server_cancel(j->s, 5, j->now);
	j->hold = false;
	run(j);
	assert_int_equal(j->closes, 1);
	let_go(j);
	run(j);
	assert_int_equal(j->answers, 0);
	assert_int_equal(j->changes, 2);
	part(j);
}

static void test_gone(void **state)
{
	struct joined *j = join();
	uint64_t f = open_file(j), drive = j->drive;

	j->hold = true;
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(sp_drive_server_read(j->s, f, i, 1, 10 + i, j->now), SP_OK);
	}
	run(j);
	/* The client takes the drive back. */
	sp_drive_client_withdraw(j->c, j->device);
	run(j);
	assert_int_equal(j->answers, 6);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NODEV);
	assert_true(j->removed);
	assert_int_equal(sp_drive_server_read(j->s, f, 0, 1, 1, j->now), SP_ENOTFOUND);
	assert_int_equal(sp_drive_server_open(j->s, drive, "a", 1, 1, j->now), SP_ENOTFOUND);
	/* And offers another under the same number. */
	j->n_held = 0;
	j->added = j->removed = false;
	assert_int_equal(sp_drive_client_offer(j->c, "two", &j->device), SP_OK);
	run(j);
	assert_true(j->added);
	assert_true(j->drive != drive);
	/* The connection ends. */
	assert_int_equal(sp_drive_server_open(j->s, j->drive, "a", 1, 70, j->now), SP_OK);
	run(j);
	sp_drive_server_detach(j->s);
	sp_drive_client_detach(j->c);
	server_events(j);
	assert_int_equal(j->tag, 70);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_NODEV);
	assert_true(j->removed);
	assert_int_equal(sp_drive_client_done(j->c, j->held[0].request, SP_DRIVE_OK), SP_OK);
	/* And the next one begins. */
	j->n_held = 0;
	j->added = j->hold = false;
	sp_drive_client_attach(j->c);
	assert_int_equal(sp_drive_server_attach(j->s, 78), SP_OK);
	run(j);
	assert_true(j->added);
	assert_true(open_file(j) != f);
	part(j);
}

static int feed_hex(struct sp_drive_client *c, const char *hex)
{
	struct sp_span in = unit_hex(hex);

	return sp_drive_client_feed(c, in.p, in.n);
}

static unsigned packets(struct sp_drive_client *c, uint16_t packet)
{
	struct sp_rcbuf *b;
	unsigned n = 0;

	while ((b = sp_drive_client_out(c)) != NULL) {
		n += b->p[2] == (packet & 0xff) && b->p[3] == packet >> 8;
		sp_rcbuf_unref(b);
	}
	return n;
}

/* When drives are announced: old servers, servers that tell of the log on and such that do not. */
static void test_when(void **state)
{
#define CAPS(extended) \
	"72445053 0200 0000 0100 2c00 02000000 02000000 00000000 0100 0d00 ffff0000 " \
	"00000000 " extended " 00000000 00000000 00000000 0400 0800 02000000"
	static const struct {
		const char *say[4];
		unsigned then; /* the message after which they come */
	} rows[] = {
			{{"72446e49 0100 0d00 01000000", CAPS("07000000"),
					 "72444343 0100 0d00 01000000", "72444c55"},
					3},
			{{"72446e49 0100 0d00 01000000", "72444343 0100 0d00 01000000",
					 CAPS("03000000"), NULL},
					2},
			{{"72446e49 0100 0d00 01000000", CAPS("03000000"),
					 "72444343 0100 0d00 01000000", NULL},
					2},
			{{"72446e49 0100 0200 01000000", "72444343 0100 0200 01000000", NULL, NULL},
					1},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_drive_client *c = sp_drive_client_create("me");
		uint32_t device;

		assert_non_null(c);
		sp_drive_client_attach(c);
		assert_int_equal(sp_drive_client_offer(c, "a", &device), SP_OK);
		for (unsigned k = 0; k < 4 && rows[i].say[k]; k++) {
			assert_int_equal(feed_hex(c, rows[i].say[k]), SP_OK);
			assert_int_equal(packets(c, SP_DRIVE_DEVICES), k == rows[i].then ? 1 : 0);
		}
		/* A second drive goes at once; the first is not announced again. */
		assert_int_equal(sp_drive_client_offer(c, "b", &device), SP_OK);
		assert_int_equal(packets(c, SP_DRIVE_DEVICES), 1);
		sp_drive_client_destroy(c);
	}
}

/* Requests that are answered before anybody sees them. */
static void test_client_refuses(void **state)
{
	struct joined *j = join();
	static const struct {
		const char *hex;
		uint32_t status;
	} rows[] = {
			{"72445249 09000000 00000000 05000000 02000000 00000000",
					SP_DRIVE_NO_SUCH_DEVICE},
			{"72445249 01000000 00000000 05000000 1b000000 00000000",
					SP_DRIVE_NOT_SUPPORTED},
			{"72445249 01000000 00000000 05000000 04000000 00000000 ffffffff",
					SP_DRIVE_INVALID_PARAMETER},
	};

	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_drive_client_event ev;
		struct sp_drive_io_completion c;
		struct sp_rd r;

		assert_int_equal(feed_hex(j->c, rows[i].hex), SP_OK);
		assert_false(sp_drive_client_next(j->c, &ev));
		struct sp_rcbuf *b = sp_drive_client_out(j->c);
		assert_non_null(b);
		sp_rd_init(&r, b->p, b->n);
		sp_rd_skip(&r, SP_DRIVE_HEAD);
		assert_int_equal(sp_drive_io_completion_read(&r, &c), SP_OK);
		assert_int_equal(c.completion, 5);
		assert_int_equal(c.status, rows[i].status);
		sp_rcbuf_unref(b);
	}
	/* Nothing to answer to. */
	struct sp_drive_client_event ev;
	assert_int_equal(feed_hex(j->c, "72445249 01000000"), SP_OK);
	assert_false(sp_drive_client_next(j->c, &ev));
	assert_null(sp_drive_client_out(j->c));
	/* A flood of requests that nobody answers ends in refusals, not in memory. */
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(feed_hex(j->c,
						 "72445249 01000000 00000000 05000000 02000000 "
						 "00000000"),
				SP_OK);
		(void)sp_drive_client_next(j->c, &ev);
	}
	assert_int_equal(packets(j->c, SP_DRIVE_COMPLETION), 3000 - SP_DRIVE_CLIENT_MAX_REQUESTS);
	assert_true(sp_drive_client_waiting(j->c, 1, 0) != 0);
	part(j);
}

/* A byte at a time, each just before it is too late: the read ends all the same. */
static void test_trickle(void **state)
{
	struct joined *j = join();
	uint64_t f = open_file(j), began = j->now;
	unsigned before = j->answers;
	uint64_t step;

	j->hold = true;
	j->most = 1;
	assert_int_equal(sp_drive_server_read(j->s, f, 0, 1000, 5, j->now), SP_OK);
	step = sp_drive_server_deadline(j->s) - j->now;
	for (unsigned i = 0; i < 20 && j->answers == before; i++) {
		run(j);
		j->now += step - 1;
		sp_drive_server_tick(j->s, j->now);
		server_events(j);
		let_go(j);
		run(j);
	}
	assert_int_equal(j->answers, before + 1);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_TIMEDOUT);
	assert_true(j->now - began <= 5 * step);
	part(j);
}

/* An entry at a time, each just before it is too late. */
static void test_trickled_list(void **state)
{
	struct joined *j = join();
	uint64_t began = j->now;

	j->hold = true;
	j->names = 1000;
	assert_int_equal(sp_drive_server_list(j->s, j->drive, "", "*", 5, j->now), SP_OK);
	uint64_t step = sp_drive_server_deadline(j->s) - j->now;
	for (unsigned i = 0; i < 20 && j->answers == 0; i++) {
		run(j);
		j->now += step - 1;
		sp_drive_server_tick(j->s, j->now);
		server_events(j);
		let_go(j);
		run(j);
	}
	assert_int_equal(j->answers, 1);
	assert_int_equal(j->fail, SP_DRIVE_FAIL_TIMEDOUT);
	assert_true(j->entries > 0);
	assert_true(j->now - began <= 7 * step);
	part(j);
}

/* A client that announces devices for ever and reads no answer is given up. N-D1 */
static void test_announces(void **state)
{
	struct joined *j = join();
	struct sp_span devices = unit_hex("72444144 01000000 04000000 77000000 "
					  "4c50543100000000 00000000");
	unsigned n = 0;

	while (n < 20000 && sp_drive_server_feed(j->s, devices.p, devices.n, j->now) == SP_OK) {
		n++;
	}
	assert_true(1000 < n && n < 20000);
	part(j);
}

static void test_limits(void **state)
{
	struct joined *j = join();
	uint64_t f = open_file(j);
	static uint8_t bytes[SP_DRIVE_SERVER_MAX_IO];
	size_t n = 0;

	assert_int_equal(sp_drive_server_read(j->s, f, 0, 0, 1, 1), SP_EARG);
	assert_int_equal(sp_drive_server_read(j->s, f, 0, sizeof(bytes) + 1, 1, 1), SP_EARG);
	assert_int_equal(sp_drive_server_read(j->s, f, UINT64_MAX, 1, 1, 1), SP_EARG);
	while (sp_drive_server_write(j->s, f, 0, bytes, sizeof(bytes), 1, 1) == SP_OK) {
		n++;
	}
	assert_int_equal(n, SP_DRIVE_SERVER_MAX_WAITING / sizeof(bytes));
	sp_drive_server_detach(j->s);
	server_events(j);
	assert_int_equal(j->answers, n + 1);
	part(j);
}

/* Without memory at every point: each request that was taken is answered, nothing leaks. */
static void test_no_memory(void **state)
{
	for (long after = 0; after < 120; after++) {
		struct joined *j = join();
		struct sp_drive_server_at at = {.drive = j->drive, .path = "a"};
		unsigned taken = 0;
		struct sp_drive_client_event cev;
		struct sp_rcbuf *b;

		j->names = 4;
		sp_mem_fail_after(after);
		taken += sp_drive_server_stat(j->s, &at, 1, 1) == SP_OK;
		taken += sp_drive_server_list(j->s, j->drive, "", "*", 2, 1) == SP_OK;
		taken += sp_drive_server_rename(j->s, j->drive, "a", "b", false, 3, 1) == SP_OK;
		for (int turn = 0; turn < 200; turn++) {
			while ((b = sp_drive_server_out(j->s)) != NULL) {
				ignore(sp_drive_client_feed(j->c, b->p, b->n));
				sp_rcbuf_unref(b);
			}
			while (sp_drive_client_next(j->c, &cev)) {
				/* Answers that find no memory are not sent. */
				if (sp_drive_client_done(j->c, cev.request, SP_DRIVE_OK) ==
						SP_EARG) {
					ignore(sp_drive_client_done(
							j->c, cev.request, SP_DRIVE_NO_SUCH_FILE));
				}
			}
			while ((b = sp_drive_client_out(j->c)) != NULL) {
				ignore(sp_drive_server_feed(j->s, b->p, b->n, 1));
				sp_rcbuf_unref(b);
			}
		}
		sp_drive_server_detach(j->s);
		server_events(j);
		sp_mem_fail_after(-1);
		assert_int_equal(j->answers, taken);
		part(j);
	}
}

static void cut_server(struct sp_span in, void *arg)
{
	struct joined *j = arg;

	ignore(sp_drive_server_feed(j->s, in.p, in.n, j->now));
	server_events(j);
}

static void cut_client(struct sp_span in, void *arg)
{
	struct joined *j = arg;
	struct sp_drive_client_event ev;

	ignore(sp_drive_client_feed(j->c, in.p, in.n));
	while (sp_drive_client_next(j->c, &ev)) {
	}
}

static void test_truncated(void **state)
{
	static const char *const v[] = {"4.3-server-announce-request", "4.5-client-name-request",
			"4.7-server-client-id-confirm", "4.8-server-core-capability-request",
			"4.9-client-core-capability-response",
			"4.10-client-device-list-announce-request",
			"4.11-client-drive-device-list-remove", "4.12-server-create-drive-request",
			"4.13-client-drive-create-response",
			"4.34-server-drive-lock-control-request"};

	for (size_t i = 0; i < SP_LEN(v); i++) {
		struct joined *j = join();
		char name[128];

		snprintf(name, sizeof(name), "spec/MS-RDPEFS-%s.hex", v[i]);
		unit_truncate(unit_vector(name), cut_server, j);
		unit_truncate(unit_vector(name), cut_client, j);
		part(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_files),
			cmocka_unit_test(test_questions),
			cmocka_unit_test(test_paths),
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_serial),
			cmocka_unit_test(test_unasked),
			cmocka_unit_test(test_misfits),
			cmocka_unit_test(test_watch),
			cmocka_unit_test(test_gone),
			cmocka_unit_test(test_when),
			cmocka_unit_test(test_client_refuses),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_trickle),
			cmocka_unit_test(test_trickled_list),
			cmocka_unit_test(test_announces),
			cmocka_unit_test(test_no_memory),
			cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
