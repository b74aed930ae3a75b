/* tests/client/test_drives.c - the part that serves directories, asked over its channel. */
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/drives_part.h"
#include "core/base/mem.h"
#include "core/chan/drive_server.h"

/* A channel that hands everything to the server's machine; linked in place of core/rdp/vc. */
struct wire {
	struct sp_drive_server *s;
	struct sp_part *part;
	struct sp_loop *loop;
	struct sp_drives *drives;
	char dir[64];
	uint64_t drive, file;
	bool added, removed, full;
	size_t answers;
	enum sp_drive_fail fail;
	unsigned changes;
	char changed[64];
	uint64_t tag;
	size_t n;
};

static struct wire *wire;

int sp_vc_static(struct sp_vc *vc, const char *name, const struct sp_port_conf *conf,
		struct sp_port **out)
{
	assert_string_equal(name, "rdpdr");
	*out = (struct sp_port *)wire;
	return SP_OK;
}

int sp_port_send(struct sp_port *p, struct sp_rcbuf *message)
{
	assert_int_equal(sp_drive_server_feed(wire->s, message->p, message->n, sp_now_us()), SP_OK);
	sp_rcbuf_unref(message);
	return SP_OK;
}

bool sp_port_full(const struct sp_port *p)
{
	return wire->full;
}

void sp_port_close(struct sp_port *p)
{
	fail_msg("the part closed its channel");
}

static void events(void)
{
	struct sp_drive_server_event ev;

	while (sp_drive_server_next(wire->s, &ev)) {
		wire->added |= ev.kind == SP_DRIVE_SERVER_ADDED;
		wire->removed |= ev.kind == SP_DRIVE_SERVER_REMOVED;
		if (ev.kind == SP_DRIVE_SERVER_ADDED) {
			wire->drive = ev.drive;
		}
		if (ev.kind == SP_DRIVE_SERVER_CHANGED) {
			wire->changes++;
			snprintf(wire->changed, sizeof(wire->changed), "%s", ev.name);
		}
		if (ev.kind == SP_DRIVE_SERVER_ANSWER) {
			wire->answers++;
			wire->fail = ev.fail;
			wire->file = ev.file;
			wire->tag = ev.tag;
			wire->n = ev.data.n;
		}
	}
}

static void run(void)
{
	struct sp_rcbuf *b;

	events();
	while ((b = sp_drive_server_out(wire->s)) != NULL) {
		struct sp_vc_event ev = {.kind = SP_VC_MESSAGE,
				.port = (struct sp_port *)wire,
				.message = sp_span(b->p, b->n)};

		wire->part->calls->event(wire->part, &ev);
		sp_rcbuf_unref(b);
		events();
	}
}

/* The loop turns, until the condition or for two seconds. */
#define WAIT(condition) \
	do { \
		for (int turn_ = 0; turn_ < 200 && !(condition); turn_++) { \
			assert_int_equal(sp_loop_turn(wire->loop, 10000), SP_OK); \
			run(); \
		} \
		assert_true(condition); \
	} while (0)

static int setup(void **state)
{
	wire = sp_calloc(1, sizeof(*wire));
	assert_non_null(wire);
	snprintf(wire->dir, sizeof(wire->dir), "/tmp/sp-drives-XXXXXX");
	assert_non_null(mkdtemp(wire->dir));
	wire->loop = sp_loop_create();
	wire->drives = sp_drives_create(wire->loop, "box");
	wire->s = sp_drive_server_create(NULL);
	assert_int_equal(sp_drives_add(wire->drives, "home", wire->dir, false), SP_OK);
	wire->part = sp_drives_part(wire->drives);
	wire->part->calls->attach(wire->part, NULL);
	assert_int_equal(sp_drive_server_attach(wire->s, 1), SP_OK);
	run();
	assert_true(wire->added);
	assert_int_equal(sp_drives_taken(wire->drives), 1);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static int teardown(void **state)
{
	wire->part->calls->detach(wire->part);
	assert_int_equal(sp_drives_open(wire->drives), 0);
	sp_drives_destroy(wire->drives);
	sp_drive_server_destroy(wire->s);
	sp_loop_destroy(wire->loop);
	nftw(wire->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	sp_free(wire);
	return 0;
}

static uint64_t open_file(const char *name)
{
	size_t before = wire->answers;

	assert_int_equal(sp_drive_server_open(wire->s, wire->drive, name,
					 SP_DRIVE_SERVER_READ | SP_DRIVE_SERVER_WRITE |
							 SP_DRIVE_SERVER_CREATE,
					 1, sp_now_us()),
			SP_OK);
	run();
	assert_int_equal(wire->answers, before + 1);
	return wire->file;
}

static char *path(const char *name)
{
	static char buf[128];

	snprintf(buf, sizeof(buf), "%s/%s", wire->dir, name);
	return buf;
}

static unsigned open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

/* So many files and no more; a connection that ends closes them all. */
static void test_cap(void **state)
{
	unsigned before = open_fds();

	for (int i = 0; i < SP_DRIVE_MAX_OPEN; i++) {
		assert_true(open_file("f") != 0);
	}
	for (int i = 0; i < 10; i++) {
		assert_true(open_file("f") == 0);
		assert_int_equal(wire->fail, SP_DRIVE_FAIL_MFILE);
	}
	assert_int_equal(sp_drives_open(wire->drives), SP_DRIVE_MAX_OPEN);
	assert_int_equal(open_fds(), before + SP_DRIVE_MAX_OPEN);
	wire->part->calls->detach(wire->part);
	assert_int_equal(open_fds(), before);
	/* The server begins again. */
	sp_drive_server_detach(wire->s);
	events();
	assert_true(wire->removed);
	wire->part->calls->attach(wire->part, NULL);
	assert_int_equal(sp_drive_server_attach(wire->s, 2), SP_OK);
	run();
	assert_true(open_file("f") != 0);
}

static void test_watch(void **state)
{
	assert_int_equal(sp_drive_server_watch(wire->s, wire->drive, "", false,
					 SP_DRIVE_IO_CHANGE_FILE_NAME, 5, sp_now_us()),
			SP_OK);
	run();
	for (unsigned i = 1; i <= 3; i++) {
		char name[16];

		snprintf(name, sizeof(name), "new%u", i);
		close(open(path(name), O_WRONLY | O_CREAT, 0644));
		WAIT(wire->changes == i);
		assert_string_equal(wire->changed, name);
	}
	/* Several between two questions come with one answer, none is lost. */
	assert_int_equal(unlink(path("new1")), 0);
	assert_int_equal(unlink(path("new2")), 0);
	WAIT(wire->changes == 5);
	sp_drive_server_cancel(wire->s, 5, sp_now_us());
	run();
	assert_int_equal(sp_drives_open(wire->drives), 0);
	assert_int_equal(wire->answers, 0);
}

static void test_lock(void **state)
{
	uint64_t a = open_file("f"), b = open_file("f");

	assert_int_equal(sp_drive_server_lock(wire->s, a, SP_DRIVE_IO_LOCK_EXCLUSIVE, false, 0, 10,
					 2, sp_now_us()),
			SP_OK);
	run();
	assert_int_equal(wire->fail, SP_DRIVE_FAIL_NONE);
	assert_int_equal(sp_drive_server_lock(wire->s, b, SP_DRIVE_IO_LOCK_EXCLUSIVE, false, 0, 10,
					 3, sp_now_us()),
			SP_OK);
	run();
	assert_int_equal(wire->fail, SP_DRIVE_FAIL_AGAIN);
	assert_int_equal(sp_drive_server_lock(wire->s, b, SP_DRIVE_IO_LOCK_EXCLUSIVE, true, 0, 10,
					 4, sp_now_us()),
			SP_OK);
	run();
	assert_int_equal(wire->tag, 3); /* it waits, and nothing else does */
	assert_int_equal(sp_drive_server_read(wire->s, b, 0, 1, 5, sp_now_us()), SP_OK);
	run();
	assert_int_equal(wire->tag, 5);
	sp_drive_server_close(wire->s, a, sp_now_us());
	run();
	WAIT(wire->tag == 4);
	assert_int_equal(wire->fail, SP_DRIVE_FAIL_NONE);
}

/* A server that takes nothing is not answered either, until it does. */
static void test_full(void **state)
{
	uint64_t f = open_file("f");

	wire->full = true;
	for (uint64_t i = 0; i < 100; i++) {
		assert_int_equal(sp_drive_server_read(wire->s, f, 0, 1000, 10 + i, sp_now_us()),
				SP_OK);
	}
	size_t before = wire->answers;
	run();
	assert_int_equal(wire->answers, before);
	struct sp_vc_event room = {.kind = SP_VC_ROOM, .port = (struct sp_port *)wire};
	wire->full = false;
	wire->part->calls->event(wire->part, &room);
	run();
	assert_int_equal(wire->answers, before + 100);
}

static void test_vanishes(void **state)
{
	uint64_t f = open_file("f");

	assert_int_equal(unlink(path("f")), 0);
	assert_int_equal(rmdir(wire->dir), 0);
	/* What is open stays readable, as on any disk here; the next name ends the drive. */
	assert_int_equal(sp_drive_server_read(wire->s, f, 0, 10, 2, sp_now_us()), SP_OK);
	run();
	assert_int_equal(wire->fail, SP_DRIVE_FAIL_NONE);
	assert_true(open_file("g") == 0);
	assert_int_equal(wire->fail, SP_DRIVE_FAIL_NODEV);
	run();
	assert_true(wire->removed);
	assert_int_equal(sp_drives_open(wire->drives), 0);
	assert_int_equal(sp_drives_taken(wire->drives), 0);
}

/* Who waits for a lock when the drive goes does not keep the place of those who come later. */
static void test_locks_vanish(void **state)
{
	char second[80];

	for (int round = 0; round < 2; round++) {
		uint64_t a = open_file("f"), b = open_file("f");

		assert_int_equal(sp_drive_server_lock(wire->s, a, SP_DRIVE_IO_LOCK_EXCLUSIVE, false,
						 0, 10, 2, sp_now_us()),
				SP_OK);
		run();
		assert_int_equal(wire->fail, SP_DRIVE_FAIL_NONE);
		size_t before = wire->answers;
		for (uint64_t i = 0; i < SP_DRIVES_LOCKS; i++) {
			assert_int_equal(
					sp_drive_server_lock(wire->s, b, SP_DRIVE_IO_LOCK_EXCLUSIVE,
							true, 0, 10, 100 + i, sp_now_us()),
					SP_OK);
		}
		run();
		assert_int_equal(wire->answers, before); /* all of them wait */
		if (round == 1) {
			break;
		}
		assert_int_equal(unlink(path("f")), 0);
		assert_int_equal(rmdir(wire->dir), 0);
		assert_int_equal(sp_drive_server_open(wire->s, wire->drive, "g",
						 SP_DRIVE_SERVER_READ, 1, sp_now_us()),
				SP_OK);
		run();
		assert_int_equal(wire->answers, before + SP_DRIVES_LOCKS + 1);
		assert_true(wire->removed);
		assert_int_equal(mkdir(wire->dir, 0700), 0);
		snprintf(second, sizeof(second), "%s", wire->dir);
		wire->added = false;
		assert_int_equal(sp_drives_add(wire->drives, "two", second, false), SP_OK);
		run();
		assert_true(wire->added);
	}
}

static void test_parse(void **state)
{
	static const char *const bad[] = {"", "a", "=", "a=", "=b"};
	struct sp_drives_offer o;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_drives_parse(bad[i], &o), SP_EARG);
	}
	assert_int_equal(sp_drives_parse("a=/b:c=d", &o), SP_OK);
	assert_string_equal(o.dir, "/b:c=d");
	assert_false(o.read_only);
	assert_int_equal(sp_drives_parse("a=/b:ro", &o), SP_OK);
	assert_string_equal(o.name, "a");
	assert_string_equal(o.dir, "/b");
	assert_true(o.read_only);
	assert_int_equal(sp_drives_add(wire->drives, "a/b", "/tmp", false), SP_EARG);
	assert_int_equal(sp_drives_add(wire->drives, "a", "/nowhere", false), SP_ESYS);
	assert_int_equal(sp_drives_add(wire->drives, "a", "/etc/passwd", false), SP_ESYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
			TEST(test_cap),
			TEST(test_watch),
			TEST(test_lock),
			TEST(test_full),
			TEST(test_vanishes),
			TEST(test_locks_vanish),
			TEST(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
