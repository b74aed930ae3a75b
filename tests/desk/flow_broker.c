/* tests/desk/flow_broker.c - sp-broker as the parent starts it: desktops made, found and ended. */
#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/pdu/errinfo.h"
#include "desk.h"
#include "host/io/ipc.h"
#include "host/io/proc.h"
#include "unit.h"
#include "viewer.h"

#define QUIET "exec sleep 1000"

static struct session s; /* only its loop and its socket: here to the broker as the keeper */
static struct viewer v, w;
static char dir[64];

static int start(const char *more)
{
	char file[128], path[1024], why[SP_WHY_MAX];
	const char *argv[] = {"sp-broker", "-c", file, NULL};
	static const char *const env[] = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	int fds[2];

	if (!desk_installed(SP_XSERVER_XORG) && !desk_installed(SP_XSERVER_XVFB)) {
		print_message("no X server is installed\n");
		skip();
	}
	memset(&s, 0, sizeof(s));
	desk_dir(dir);
	snprintf(file, sizeof(file), "%s/test.conf", dir);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fprintf(f, "state = \"%s\";\n%s", dir, more);
	fclose(f);
	/* As a login gives whoever starts a service by hand; where there is none nothing is shown. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
	s.loop = sp_loop_create();
	assert_non_null(s.loop);
	assert_int_equal(sp_ipc_pair(fds), SP_OK);
	snprintf(path, sizeof(path), "%s/sp-broker", getenv("SP_BUILD") ? getenv("SP_BUILD") : ".");
	struct sp_proc_spec spec = {.path = path,
			.argv = argv,
			.env = env,
			.fds = &fds[1],
			.nfds = 1,
			.own_output = true};
	if (sp_proc_start(&spec, &s.pid, why) != SP_OK) {
		fail_msg("%s", why);
	}
	close(fds[1]);
	s.broker = fds[0];
	return 0;
}

static int setup(void **state)
{
	/* Where root runs the tests, desktops of the caller are root's. */
	return start(geteuid() == 0 ? "targets = { desktop = { kind = \"desktop\"; account = "
				      "\"map:root\"; }; };\n"
				    : "");
}

static int setup_plain(void **state)
{
	return start("");
}

static int teardown(void **state)
{
	int status = -1;

	(void)state;
	viewer_close(&v);
	viewer_close(&w);
	if (s.broker >= 0) {
		close(s.broker);
	}
	if (s.pid > 0) {
		assert_int_equal(sp_proc_reap(s.pid, sp_now_us() + VIEWER_PATIENCE_US, &status),
				SP_OK);
		assert_int_equal(status, 0);
	}
	sp_loop_destroy(s.loop);
	desk_remove(dir);
	return 0;
}

static void ask(uint64_t conn, const char *user, const char *account, const char *command)
{
	struct sp_msg_desktop_open m = {.conn = conn};

	snprintf(m.user, sizeof(m.user), "%s", user);
	snprintf(m.account, sizeof(m.account), "%s", account);
	snprintf(m.target, sizeof(m.target), "desktop");
	snprintf(m.command, sizeof(m.command), "%s", command);
	m.geometry.width = 640;
	m.geometry.height = 480;
	m.geometry.bpp = 32;
	assert_int_equal(sp_mon_say(s.broker, DESKTOP_OPEN, &m), SP_OK);
}

/* The next answer; its socket, or -1 and the text of a refusal in *in. */
static int answer(struct sp_mon_in *in, uint64_t conn)
{
	uint64_t end = sp_now_us() + 2 * VIEWER_PATIENCE_US;
	int rc = 0;

	while (rc == 0 && sp_now_us() < end) {
		rc = sp_mon_recv(s.broker, in);
		if (rc == 0) {
			desk_sleep(1);
		}
	}
	assert_int_equal(rc, 1);
	if (in->type == SP_MSG_DESKTOP_FAILED) {
		assert_int_equal(in->body.desktop_failed.conn, conn);
		return -1;
	}
	assert_int_equal(in->type, SP_MSG_DESKTOP_OPENED);
	assert_int_equal(in->body.desktop_opened.conn, conn);
	return sp_mon_take_fd(in, 0);
}

static void until_active(struct viewer *who)
{
	uint64_t end = sp_now_us() + VIEWER_PATIENCE_US;

	while (!who->active) {
		assert_true(sp_now_us() < end);
		assert_int_equal(sp_loop_turn(s.loop, 20000), SP_OK);
	}
}

static void until_closed(struct viewer *who)
{
	uint64_t end = sp_now_us() + VIEWER_PATIENCE_US;

	while (!who->closed) {
		assert_true(sp_now_us() < end);
		assert_int_equal(sp_loop_turn(s.loop, 20000), SP_OK);
	}
}

/* The desktop of a user is made once, found again and taken over; another user has his own. */
static void test_open(void **state)
{
	struct sp_mon_in in;
	int fd;

	(void)state;
	ask(11, "demo", "", QUIET);
	ask(12, "demo", "", QUIET); /* while it starts */
	fd = answer(&in, 11);
	assert_true(fd >= 0);
	assert_int_equal(in.body.desktop_opened.fresh, 1);
	/* No more waits on the way than a hop may hold. */
	int held = 0;
	socklen_t n = sizeof(held);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &held, &n), 0);
	assert_true(held <= 64 * 1024);
	viewer_join(&v, s.loop, fd, 640, 480, 32);
	fd = answer(&in, 12);
	assert_true(fd >= 0);
	assert_int_equal(in.body.desktop_opened.fresh, 0);
	close(fd);
	until_active(&v);

	ask(13, "other", "", QUIET);
	fd = answer(&in, 13);
	assert_true(fd >= 0);
	assert_int_equal(in.body.desktop_opened.fresh, 1);
	close(fd);
	assert_false(v.closed);

	ask(14, "demo", "", QUIET);
	fd = answer(&in, 14);
	assert_int_equal(in.body.desktop_opened.fresh, 0);
	viewer_join(&w, s.loop, fd, 800, 600, 16);
	until_active(&w);
	assert_int_equal(w.width, 800);
	until_closed(&v);
	assert_int_equal(v.error_info, SP_ERRINFO_DISCONNECTED_BY_OTHERCONNECTION);
}

/* After the program has ended the next login makes a new desktop. */
static void test_again(void **state)
{
	struct sp_mon_in in;
	int fd;

	(void)state;
	ask(1, "demo", "", "sleep 0.3");
	fd = answer(&in, 1);
	assert_true(fd >= 0);
	viewer_join(&v, s.loop, fd, 640, 480, 32);
	until_active(&v);
	until_closed(&v);
	assert_int_equal(v.error_info, SP_ERRINFO_LOGOFF_BY_USER);
	ask(2, "demo", "", QUIET);
	fd = answer(&in, 2);
	assert_true(fd >= 0);
	assert_int_equal(in.body.desktop_opened.fresh, 1);
	close(fd);
}

static void test_no_account(void **state)
{
	struct sp_mon_in in;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	ask(1, "demo", "no-such-account", QUIET);
	assert_int_equal(answer(&in, 1), -1);
	assert_string_equal(in.body.desktop_failed.text,
			"no Unix account no-such-account on this machine");
}

/* Whatever the keeper says: nobody is root but by the configuration. */
static void test_no_root(void **state)
{
	static const char *const accounts[] = {"root", ""};
	struct sp_mon_in in;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	for (size_t i = 0; i < SP_LEN(accounts); i++) {
		ask(i + 1, "root", accounts[i], QUIET);
		assert_int_equal(answer(&in, i + 1), -1);
		assert_string_equal(in.body.desktop_failed.text,
				"no desktops for root on this machine");
	}
}

static size_t rooms(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d))) {
		n += strncmp(e->d_name, "desk-", 5) == 0;
	}
	if (d) {
		closedir(d);
	}
	return n;
}

/* The session's keyring; -1 where the kernel has none. */
static long keyring(void)
{
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
}

/* As root: the desktop of another account belongs to it, program, groups, directory and all. */
static void test_other_account(void **state)
{
	const struct passwd *pw = getpwnam("nobody");
	struct sp_mon_in in;
	char file[128], line[256] = "", ours[64] = "";
	size_t before = rooms("/run/sallyport");

	(void)state;
	if (geteuid() != 0 || !pw) {
		skip();
	}
	snprintf(file, sizeof(file), "/tmp/sallyport-who-%d", (int)getpid());
	char command[2048], self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_true(n > 0);
	self[n] = '\0';
	/* And what is open in the process above, which the account may look into. */
	snprintf(command, sizeof(command),
			"(id -u; id -g; readlink /proc/$PPID/fd/0 /proc/$PPID/fd/1 "
			"/proc/$PPID/fd/2) "
			"> %s.new; '%s' --keyring >> %s.new; mv %s.new %s; exec sleep 1000",
			file, self, file, file, file);
	ask(1, "demo", "nobody", command);
	int fd = answer(&in, 1);
	if (fd < 0) {
		fail_msg("%s", in.body.desktop_failed.text);
	}
	viewer_join(&v, s.loop, fd, 640, 480, 32);
	until_active(&v);
	struct stat st;
	for (int i = 0; i < 500 && stat(file, &st) != 0; i++) {
		desk_sleep(10);
	}
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_uid, pw->pw_uid);
	assert_int_equal(st.st_gid, pw->pw_gid);
	FILE *f = fopen(file, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(strtoul(line, NULL, 10), pw->pw_uid);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(strtoul(line, NULL, 10), pw->pw_gid);
	assert_true(readlink("/proc/self/fd/2", ours, sizeof(ours) - 1) > 0);
	for (int fd_of = 0; fd_of < 3; fd_of++) {
		assert_non_null(fgets(line, sizeof(line), f));
		line[strcspn(line, "\n")] = '\0';
		assert_int_equal(strcmp(line, "/dev/null") == 0, fd_of != 2);
	}
	assert_int_equal(strncmp(line, "pipe:", 5), 0);
	assert_string_not_equal(line, ours);
	assert_non_null(fgets(line, sizeof(line), f));
	long ring = strtol(line, NULL, 10);
	assert_true(ring == -1 || ring != keyring());
	fclose(f);
	unlink(file);
	assert_int_equal(rooms("/run/sallyport"), before + 1);
	/* The broker's end is the desktop's: nothing stays. */
	kill(s.pid, SIGTERM);
	until_closed(&v);
	int status;
	assert_int_equal(sp_proc_reap(s.pid, sp_now_us() + VIEWER_PATIENCE_US, &status), SP_OK);
	assert_int_equal(status, 0);
	s.pid = 0;
	assert_int_equal(rooms("/run/sallyport"), before);
}

/* Killed without a word, the broker leaves nothing behind either. */
static void test_killed(void **state)
{
	struct sp_mon_in in;
	int status;

	(void)state;
	ask(1, "demo", "", QUIET);
	viewer_join(&v, s.loop, answer(&in, 1), 640, 480, 32);
	until_active(&v);
	kill(s.pid, SIGKILL);
	assert_int_equal(sp_proc_reap(s.pid, sp_now_us() + VIEWER_PATIENCE_US, &status), SP_OK);
	s.pid = 0;
	until_closed(&v);
	assert_int_equal(v.error_info, SP_ERRINFO_SERVER_SHUTDOWN);
}

/*
 * What the owner of a desktop can do with the socket of his own sp-desk: says over and over that it
 * ends. The file tells that far more of it was taken than a socket holds.
 */
static int flood(const char *pid, const char *file)
{
	struct sp_msg_desk_text m = {0};
	int of = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);
	int fd = (int)syscall(SYS_pidfd_getfd, of, SP_DESK_FD_BROKER, 0);
	int rc = fd < 0 ? SP_ESYS : SP_OK;

	for (int i = 0; rc == SP_OK && i < 10000; i++) {
		rc = sp_mon_say(fd, DESK_ENDED, &m);
	}
	close(open(file, O_WRONLY | O_CREAT, 0600));
	sleep(1000);
	return 0;
}

/* A desktop in wrong hands does not keep the others from theirs. */
static void test_flood(void **state)
{
	char self[512], file[128], command[800];
	struct sp_mon_in in;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_true(n > 0);
	self[n] = '\0';
	snprintf(file, sizeof(file), "%s/flooded", dir);
	snprintf(command, sizeof(command), "exec '%s' --flood $PPID %s", self, file);
	ask(1, "demo", "", command);
	close(answer(&in, 1));
	desk_sleep(1000);
	assert_int_not_equal(access(file, F_OK), 0);
	ask(2, "other", "", QUIET);
	int fd = answer(&in, 2);
	assert_true(fd >= 0);
	close(fd);
}

static void test_nonsense(void **state)
{
	struct sp_msg_desktop_opened m = {.conn = 1};
	int status, fd = dup(0);

	(void)state;
	assert_int_equal(
			sp_mon_send(s.broker, SP_MSG_DESKTOP_OPENED, &m, sizeof(m), &fd, 1), SP_OK);
	close(fd);
	assert_int_equal(sp_proc_reap(s.pid, sp_now_us() + VIEWER_PATIENCE_US, &status), SP_OK);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	s.pid = 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--keyring") == 0) {
		printf("%ld\n", keyring());
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "--flood") == 0) {
		return flood(argv[2], argv[3]);
	}
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_open, setup, teardown),
			cmocka_unit_test_setup_teardown(test_again, setup, teardown),
			cmocka_unit_test_setup_teardown(test_no_account, setup, teardown),
			cmocka_unit_test_setup_teardown(test_no_root, setup_plain, teardown),
			cmocka_unit_test_setup_teardown(test_other_account, setup, teardown),
			cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
			cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
			cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
