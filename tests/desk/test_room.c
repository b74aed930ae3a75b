/* tests/desk/test_room.c - the directory of a desktop goes, and nothing else with it. */
#include "desk/broker/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char base[64], room[SP_ROOM_PATH], other[128];

static void put(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static bool there(const char *dir, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static int setup(void **state)
{
	struct sp_account a = {.uid = geteuid(), .gid = getegid()};
	char why[192];

	snprintf(base, sizeof(base), "/tmp/sallyport-room-XXXXXX");
	assert_non_null(mkdtemp(base));
	snprintf(other, sizeof(other), "%s/other", base);
	assert_int_equal(mkdir(other, 0700), 0);
	put(other, "kept");
	assert_int_equal(sp_room_make(base, &a, room, why, sizeof(why)), 0);
	assert_int_equal(strncmp(room, base, strlen(base)), 0);
	return 0;
}

static int teardown(void **state)
{
	sp_room_remove(base);
	return access(base, F_OK) == 0;
}

static void test_all_goes(void **state)
{
	char path[256];
	struct stat st;

	assert_int_equal(stat(room, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	put(room, "file");
	snprintf(path, sizeof(path), "%s/a", room);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "file");
	snprintf(path, sizeof(path), "%s/a/b", room);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "file");
	sp_room_remove(room);
	assert_int_equal(access(room, F_OK), -1);
}

static void test_links_are_links(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/link", room);
	assert_int_equal(symlink(other, path), 0);
	sp_room_remove(room);
	assert_int_equal(access(room, F_OK), -1);
	assert_true(there(other, "kept"));
	/* Nor is the room itself one. */
	assert_int_equal(symlink(other, room), 0);
	sp_room_remove(room);
	assert_true(there(other, "kept"));
	unlink(room);
}

/* Not even of the same file system: what is mounted may be the user's own program. */
static void test_mounts_are_left(void **state)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/mount", room);
	assert_int_equal(mkdir(path, 0700), 0);
	put(room, "file");
	if (mount(other, path, NULL, MS_BIND, NULL) != 0) {
		assert_int_equal(errno, EPERM);
		skip();
	}
	sp_room_remove(room);
	assert_int_equal(umount(path), 0);
	assert_true(there(other, "kept"));
	assert_false(there(room, "file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_all_goes, setup, teardown),
			cmocka_unit_test_setup_teardown(test_links_are_links, setup, teardown),
			cmocka_unit_test_setup_teardown(test_mounts_are_left, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
