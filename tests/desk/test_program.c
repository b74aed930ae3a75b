/* tests/desk/test_program.c - a whole desktop: server, bus, environment, window manager. */
#include "desk/session/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/err.h"
#include "desk.h"
#include "desk/session/bus.h"
#include "desk/session/child.h"
#include "unit.h"

static enum sp_xserver_kind kind;
static struct desk d;
static struct sp_env *env;
static struct sp_bus *bus;
static struct sp_program *program;

static int teardown(void **state)
{
	(void)state;
	sp_program_destroy(program);
	program = NULL;
	sp_bus_destroy(bus);
	bus = NULL;
	sp_env_destroy(env);
	env = NULL;
	desk_close(&d);
	return 0;
}

static void open_env(void)
{
	desk_open(&d, kind, 800, 600);
	assert_int_equal(sp_env_create(&env), SP_OK);
	assert_int_equal(sp_env_user(env, d.dir), SP_OK);
	/* Nothing of this machine's user may take part. */
	assert_int_equal(sp_env_set(env, "HOME", d.dir), SP_OK);
	assert_int_equal(sp_env_display(env, sp_xserver_display(d.server),
					 sp_xserver_authority(d.server)),
			SP_OK);
}

static void run(const char *command)
{
	struct sp_program_choice choice;
	char why[200];

	assert_int_equal(sp_program_choose(env, command, &choice), SP_OK);
	int rc = sp_program_start(env, &choice, d.dir, &program, why, sizeof(why));
	if (rc != SP_OK) {
		fail_msg("%s", why);
	}
}

static bool wait_end(int *status)
{
	for (int i = 0; i < 500; i++) {
		if (!sp_program_alive(program, status)) {
			return true;
		}
		desk_sleep(10);
	}
	return false;
}

static void read_log(char *out, size_t n)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/program.log", d.dir);
	int fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	ssize_t got = read(fd, out, n - 1);
	close(fd);
	out[got > 0 ? got : 0] = 0;
}

static void test_given(void **state)
{
	char text[1024];
	int status = -1;

	(void)state;
	open_env();
	run("echo \"$DISPLAY $XDG_SESSION_TYPE\"; pwd; exit 3");
	assert_true(wait_end(&status));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	char want[256];
	snprintf(want, sizeof(want), "%s x11\n%s\n", sp_xserver_display(d.server), d.dir);
	read_log(text, sizeof(text));
	assert_string_equal(text, want);
}

static void test_bus(void **state)
{
	char why[200], text[1024], path[256];
	int status = -1;

	(void)state;
	open_env();
	if (sp_child_find("dbus-send", NULL, path, sizeof(path)) != SP_OK) {
		print_message("dbus is not installed\n");
		skip();
	}
	int rc = sp_bus_start(env, &bus, why, sizeof(why));
	if (rc != SP_OK) {
		fail_msg("%s", why);
	}
	assert_non_null(sp_env_get(env, "DBUS_SESSION_BUS_ADDRESS"));
	run("dbus-send --session --print-reply --dest=org.freedesktop.DBus / "
	    "org.freedesktop.DBus.GetId");
	assert_true(wait_end(&status));
	read_log(text, sizeof(text));
	if (status != 0 || !strstr(text, "string")) {
		fail_msg("%d: %s", status, text);
	}
	/* Without the program: a reason, and nothing set. */
	sp_bus_destroy(bus);
	bus = NULL;
	assert_int_equal(sp_env_set(env, "PATH", "/nonexistent"), SP_OK);
	assert_int_equal(sp_env_set(env, "XDG_RUNTIME_DIR", "/nonexistent"), SP_OK);
	assert_int_equal(sp_bus_start(env, &bus, why, sizeof(why)), SP_ENOTFOUND);
	assert_null(sp_env_get(env, "DBUS_SESSION_BUS_ADDRESS"));
	assert_non_null(strstr(why, "dbus-daemon"));
}

static bool is_mapped(xcb_window_t w)
{
	xcb_get_window_attributes_reply_t *r = xcb_get_window_attributes_reply(
			d.app, xcb_get_window_attributes(d.app, w), NULL);
	bool yes = r && r->map_state == XCB_MAP_STATE_VIEWABLE;

	free(r);
	return yes;
}

/* Whether a window of that class is to be seen, at any depth. */
static bool shows(xcb_window_t w, const char *class, int depth)
{
	xcb_get_property_reply_t *p = xcb_get_property_reply(d.app,
			xcb_get_property(d.app, 0, w, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING, 0, 64),
			NULL);
	bool found = p && (size_t)xcb_get_property_value_length(p) >= strlen(class) &&
			memcmp(xcb_get_property_value(p), class, strlen(class)) == 0 &&
			is_mapped(w);
	free(p);
	if (found || depth == 0) {
		return found;
	}
	xcb_query_tree_reply_t *t = xcb_query_tree_reply(d.app, xcb_query_tree(d.app, w), NULL);
	for (int i = 0; t && i < xcb_query_tree_children_length(t) && !found; i++) {
		found = shows(xcb_query_tree_children(t)[i], class, depth - 1);
	}
	free(t);
	return found;
}

/* What is chosen where nothing but icewm and xterm is installed. */
static void run_default(void)
{
	static const char *const programs[] = {"icewm-session", "xterm"};
	char bin[96], from[256], to[256], old[1024], why[200];
	struct sp_program_choice choice;

	snprintf(old, sizeof(old), "%s", sp_env_get(env, "PATH"));
	snprintf(bin, sizeof(bin), "%s/bin", d.dir);
	assert_int_equal(mkdir(bin, 0700), 0);
	for (size_t i = 0; i < SP_LEN(programs); i++) {
		assert_int_equal(sp_child_find(programs[i], NULL, from, sizeof(from)), SP_OK);
		snprintf(to, sizeof(to), "%s/%s", bin, programs[i]);
		assert_int_equal(symlink(from, to), 0);
	}
	assert_int_equal(sp_env_set(env, "PATH", bin), SP_OK);
	assert_int_equal(sp_program_choose(env, NULL, &choice), SP_OK);
	assert_string_equal(choice.name, "icewm");
	assert_int_equal(sp_env_set(env, "PATH", old), SP_OK);
	assert_int_equal(sp_program_start(env, &choice, d.dir, &program, why, sizeof(why)), SP_OK);
}

static void test_icewm(void **state)
{
	char path[256];
	bool seen = false;
	int status;

	(void)state;
	open_env();
	if (sp_child_find("icewm", NULL, path, sizeof(path)) != SP_OK ||
			sp_child_find("xterm", NULL, path, sizeof(path)) != SP_OK) {
		print_message("icewm and xterm are not installed\n");
		skip();
	}
	run_default();
	for (int i = 0; i < 1000 && !seen; i++) {
		desk_sleep(10);
		seen = shows(d.screen->root, "xterm", 3);
	}
	assert_true(seen);
	assert_true(sp_program_alive(program, &status));
	char log[2048];
	read_log(log, sizeof(log));
	assert_null(strstr(log, "xsetroot"));
	assert_null(strstr(log, "xrdb"));
	sp_program_destroy(program);
	program = NULL;
	for (int i = 0; i < 300 && seen; i++) {
		seen = shows(d.screen->root, "xterm", 3);
		desk_sleep(10);
	}
	assert_false(seen);
	assert_true(sp_xserver_alive(d.server));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_teardown(test_given, teardown),
			cmocka_unit_test_teardown(test_bus, teardown),
			cmocka_unit_test_teardown(test_icewm, teardown),
	};

	kind = desk_kind(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
