/* tests/app/test_doctor_files.c - owners, modes, links and parents: each fault is seen, and nothing else. */
#include "doctor_kit.h"
#include "host/conf/ship.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/sp-doctor-files-XXXXXX";

static void file(const char *path, mode_t mode)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(chmod(path, mode), 0);
}

static int look(const char *path, bool folder, bool needed, uint32_t forbidden, int64_t owner)
{
	kit_again();
	app_doctor_path(kit,
			&(struct app_doctor_path){"x", path, folder, needed, forbidden, owner});
	return kit->n == 1 ? (int)kit->finding[0].level : 100 + (int)kit->n;
}

static void test_path(void **state)
{
	int64_t me = getuid();

	file("k", 0600);
	assert_int_equal(look("k", false, true, 077, me), APP_DOCTOR_OK);
	assert_int_equal(look("k", false, true, 077, -1), APP_DOCTOR_OK);
	assert_int_equal(look("k", true, true, 077, me), APP_DOCTOR_BAD);
	assert_int_equal(look("k", false, true, 077, me + 1), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].todo, "chown"));
	file("k", 0640);
	assert_int_equal(look("k", false, true, 077, me), APP_DOCTOR_BAD);
	assert_string_equal(kit->finding[0].text, "others may read it (0640)");
	assert_string_equal(kit->finding[0].todo, "chmod 0600 k");
	assert_int_equal(look("k", false, true, 022, me), APP_DOCTOR_OK);
	file("k", 0602);
	assert_int_equal(look("k", false, true, 022, me), APP_DOCTOR_BAD);
	assert_string_equal(kit->finding[0].text, "others may change it (0602)");
	file("k", 0666);
	assert_int_equal(look("k", false, true, 077, me), APP_DOCTOR_BAD);
	assert_string_equal(kit->finding[0].text, "others may read and change it (0666)");
	/* Both at once are two findings. */
	assert_int_equal(look("k", false, true, 077, me + 1), 102);

	assert_int_equal(symlink("k", "l"), 0);
	assert_int_equal(look("l", false, true, 077, me), APP_DOCTOR_BAD);
	/* Where it may be one, what it leads to is judged. */
	kit_again();
	app_doctor_path(kit,
			&(struct app_doctor_path){"it", "l", false, true, 077, me, .link = true});
	assert_int_equal(kit->n, 1);
	assert_int_equal(kit->finding[0].level, APP_DOCTOR_BAD);
	assert_string_equal(kit->finding[0].text, "others may read and change it (0666)");
	file("k", 0600);
	kit_again();
	app_doctor_path(kit,
			&(struct app_doctor_path){"it", "l", false, true, 077, me, .link = true});
	assert_int_equal(kit->finding[0].level, APP_DOCTOR_OK);
	assert_int_equal(look("none", false, true, 077, me), APP_DOCTOR_BAD);
	assert_int_equal(look("none", false, false, 077, me), APP_DOCTOR_INFO);
	unlink("l");
	unlink("k");

	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(look("d", true, true, 077, me), APP_DOCTOR_OK);
	assert_int_equal(chmod("d", 0711), 0);
	assert_int_equal(look("d", true, true, 077, me), APP_DOCTOR_BAD);
	assert_string_equal(kit->finding[0].text, "others may enter it (0711)");
	rmdir("d");
}

static int parents(const char *path)
{
	kit_again();
	app_doctor_parents(kit, path, getuid());
	return kit_level("files.parents", NULL);
}

static void test_parents(void **state)
{
	assert_int_equal(mkdir("a", 0700), 0);
	assert_int_equal(mkdir("a/b", 0700), 0);
	file("a/b/k", 0600);
	assert_int_equal(parents("a/b/k"), APP_DOCTOR_OK);
	assert_int_equal(chmod("a", 0777), 0);
	assert_int_equal(parents("a/b/k"), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].about, "/a"));
	/* As /tmp is: what is there may be changed by its owner only. */
	assert_int_equal(chmod("a", 01777), 0);
	assert_int_equal(parents("a/b/k"), APP_DOCTOR_OK);
	/* Who may change a link on the way may as well change where it leads. */
	assert_int_equal(mkdir("open", 0700), 0);
	assert_int_equal(symlink("../a/b", "open/l"), 0);
	assert_int_equal(parents("open/l/k"), APP_DOCTOR_OK);
	assert_int_equal(chmod("open", 0777), 0);
	assert_int_equal(parents("open/l/k"), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].about, "/open"));
	assert_int_equal(chmod("open", 0700), 0);
	assert_int_equal(chmod("a/b", 0777), 0);
	assert_int_equal(parents("open/l/k"), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].about, "/a/b"));
	/* Once, however many ways lead there. */
	app_doctor_parents(kit, "a/b/k", getuid());
	assert_int_equal(kit->n, 1);
	assert_int_equal(chmod("a/b", 0700), 0);
	assert_int_equal(chmod("a", 0777), 0);
	assert_int_equal(parents("open/l/k"), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].about, "/a"));
	assert_int_equal(chmod("a", 0700), 0);
	/* A link behind a link: the folder of the second one counts as well. */
	assert_int_equal(mkdir("between", 0700), 0);
	assert_int_equal(symlink("../open/l/k", "between/m"), 0);
	assert_int_equal(symlink("between/m", "n"), 0);
	assert_int_equal(parents("n"), APP_DOCTOR_OK);
	assert_int_equal(chmod("between", 0777), 0);
	assert_int_equal(parents("n"), APP_DOCTOR_BAD);
	assert_non_null(strstr(kit->finding[0].about, "/between"));
	assert_int_equal(unlink("n") + unlink("between/m") + rmdir("between"), 0);
	/* One that leads in a circle is not there. */
	assert_int_equal(symlink("o", "o"), 0);
	assert_int_equal(parents("o"), -1);
	assert_int_equal(unlink("o"), 0);
	if (getuid() == 0) {
		assert_int_equal(chown("a/b", 65534, 65534), 0);
		assert_int_equal(parents("a/b/k"), APP_DOCTOR_BAD);
		assert_non_null(strstr(kit->finding[0].text, "who can replace"));
	}
	assert_int_equal(parents("a/none"), -1);
	assert_int_equal(unlink("open/l") + rmdir("open"), 0);
	assert_int_equal(unlink("a/b/k") + rmdir("a/b") + rmdir("a"), 0);
}

/* The programs are not beside a test. */
static size_t faults(void)
{
	size_t n = kit_faults();

	for (size_t i = 0; i < kit->n; i++) {
		n -= kit->finding[i].level != APP_DOCTOR_OK &&
				strcmp(kit->finding[i].id, "files.programs") == 0;
	}
	return n;
}

static const char *todo_of(const char *id)
{
	for (size_t i = 0; i < kit->n; i++) {
		if (strcmp(kit->finding[i].id, id) == 0) {
			return kit->finding[i].todo;
		}
	}
	return "";
}

/* A folder as the service makes it, and each of its files opened. */
static void test_state(void **state)
{
	static const char *const files[] = {"s/keeper.key", "s/store.db", "s/tls.pem",
			"s/audit/key", "s/audit/audit.db", "s/audit/first.pub", "s/recordings/1",
			"sallyport.conf"};

	assert_int_equal(mkdir("s", 0700), 0);
	assert_int_equal(mkdir("s/audit", 0700), 0);
	assert_int_equal(mkdir("s/recordings", 0700), 0);
	for (size_t i = 0; i < SP_LEN(files); i++) {
		file(files[i], 0600);
	}
	snprintf(kit_conf.state, sizeof(kit_conf.state), "%s/s", dir);
	kit_conf.run_as[0] = '\0';
	kit->file = "sallyport.conf";
	app_doctor_files(kit);
	assert_int_equal(faults(), 0);
	for (size_t i = 0; i < SP_LEN(files); i++) {
		bool pub = strstr(files[i], ".pub") != NULL || strstr(files[i], ".conf") != NULL;
		assert_int_equal(chmod(files[i], 0644), 0);
		kit_again();
		app_doctor_files(kit);
		assert_int_equal(faults(), pub ? 0 : 1);
		assert_int_equal(chmod(files[i], 0620), 0);
		kit_again();
		app_doctor_files(kit);
		assert_int_equal(faults(), 1);
		assert_int_equal(chmod(files[i], 0600), 0);
	}
	/* What is sent elsewhere, and the key of its signatures. */
	struct sp_conf_ship *ship = calloc(SP_CONF_SHIPS, sizeof(*ship));
	assert_non_null(ship);
	kit_conf.ship = ship;
	kit_conf.n_ship = 1;
	snprintf(ship->secret, sizeof(ship->secret), "%s/secret", dir);
	file("secret", 0640);
	assert_int_equal(mkdir("s/ship", 0700), 0);
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(faults(), 0);
	assert_int_equal(kit_level("files.ship", NULL), APP_DOCTOR_OK);
	assert_int_equal(kit_level("files.ship-secret", NULL), APP_DOCTOR_OK);
	assert_int_equal(chmod("s/ship", 0750) + chmod("secret", 0644), 0);
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(kit_level("files.ship", NULL), APP_DOCTOR_BAD);
	assert_int_equal(kit_level("files.ship-secret", NULL), APP_DOCTOR_BAD);
	assert_int_equal(rmdir("s/ship") + unlink("secret"), 0);
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(kit_level("files.ship", NULL), -1);
	assert_int_equal(kit_level("files.ship-secret", NULL), APP_DOCTOR_BAD);
	kit_conf.n_ship = 0;
	/* Accounts that there are not, or that are root. */
	snprintf(kit_conf.run_as, sizeof(kit_conf.run_as), "no-such-account");
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(kit_level("files.account", "no-such-account"), APP_DOCTOR_BAD);
	snprintf(kit_conf.run_as, sizeof(kit_conf.run_as), "root");
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(kit_level("files.account", "root"), APP_DOCTOR_BAD);
	kit_conf.run_as[0] = '\0';
	/* A recording of somebody else is mended by another command than one that others read. */
	assert_int_equal(chmod("s/recordings/1", 0644), 0);
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(kit_level("files.recordings", NULL), APP_DOCTOR_BAD);
	assert_null(strstr(todo_of("files.recordings"), "chown"));
	if (getuid() == 0) {
		assert_int_equal(chown("s/recordings/1", 65534, 65534), 0);
		kit_again();
		app_doctor_files(kit);
		assert_non_null(strstr(todo_of("files.recordings"), "chown -R root "));
		assert_int_equal(chown("s/recordings/1", 0, 0), 0);
	}
	assert_int_equal(chmod("s/recordings/1", 0600), 0);
	assert_int_equal(unlink("s/keeper.key"), 0);
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(faults(), 1);
	assert_int_equal(kit_level("files.key", NULL), APP_DOCTOR_BAD);
	for (size_t i = 1; i < SP_LEN(files); i++) {
		assert_int_equal(unlink(files[i]), 0);
	}
	assert_int_equal(rmdir("s/audit") + rmdir("s/recordings") + rmdir("s"), 0);
	kit_again();
	app_doctor_files(kit);
	assert_int_equal(kit_level("files.state", NULL), APP_DOCTOR_WARN);
	assert_int_equal(kit_level("files.key", NULL), -1);
}

static int make(void **state)
{
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int drop(void **state)
{
	return chdir("/") == 0 ? rmdir(dir) : -1;
}

/* Whatever the reason is: what the service cannot read keeps it from starting. */
static void test_readable(void **state)
{
	char conf[] = "/tmp/sp-doctor-read-XXXXXX";
	int fd = mkstemp(conf);
	const char *const good[] = {conf, "", "/nonexistent/x"},
			  *const bad[] = {conf, "/dev/null/x y"};

	assert_true(fd >= 0);
	kit->file = conf;
	app_doctor_read_as(kit, "root", good, SP_LEN(good));
	assert_int_equal(kit->n, 0);
	app_doctor_read_as(kit, "root", bad, SP_LEN(bad));
	assert_int_equal(kit_level("files.readable", "/dev/null/x y"), APP_DOCTOR_BAD);
	assert_string_equal(kit->finding[0].todo,
			"chgrp root '/dev/null/x y'; chmod 0640 '/dev/null/x y'");
	kit_again();
	kit->file = bad[1];
	app_doctor_read_as(kit, "no-such-account", bad, SP_LEN(bad));
	assert_string_equal(kit->finding[0].todo, "chmod 0644 '/dev/null/x y'");
	close(fd);
	unlink(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			kit_test_of(test_path),
			kit_test_of(test_parents),
			kit_test_of(test_state),
			kit_test_of(test_readable),
	};

	return cmocka_run_group_tests(tests, make, drop);
}
