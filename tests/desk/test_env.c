/* tests/desk/test_env.c - the environment of a desktop, and the choice of its program. */
#include "desk/session/env.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "desk.h"
#include "desk/session/program.h"
#include "unit.h"

static char dir[64];
static struct sp_env *env;

static int setup(void **state)
{
	(void)state;
	desk_dir(dir);
	assert_int_equal(sp_env_create(&env), SP_OK);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	sp_env_destroy(env);
	desk_remove(dir);
	return 0;
}

static void test_set(void **state)
{
	char b[] = "B=3", nothing[] = "nothing", none[] = "=x", c[] = "C=", eq[] = "D=a=b";
	char *lines[] = {b, nothing, none, c, eq, NULL};

	(void)state;
	assert_int_equal(sp_env_set(env, "A", "1"), SP_OK);
	assert_int_equal(sp_env_set(env, "AB", "2"), SP_OK);
	assert_int_equal(sp_env_set(env, "A", "again"), SP_OK);
	assert_int_equal(sp_env_merge(env, lines), SP_OK);
	assert_string_equal(sp_env_get(env, "A"), "again");
	assert_string_equal(sp_env_get(env, "AB"), "2");
	assert_string_equal(sp_env_get(env, "B"), "3");
	assert_string_equal(sp_env_get(env, "C"), "");
	assert_string_equal(sp_env_get(env, "D"), "a=b");
	assert_null(sp_env_get(env, "nothing"));
	assert_int_equal(sp_env_set(env, "A", NULL), SP_OK);
	assert_int_equal(sp_env_set(env, "not there", NULL), SP_OK);
	assert_null(sp_env_get(env, "A"));
	size_t n = 0;
	while (sp_env_vector(env)[n]) {
		n++;
	}
	assert_int_equal(n, 4);
	assert_int_equal(sp_env_set(env, "", "x"), SP_EARG);
	assert_int_equal(sp_env_set(env, "a=b", "x"), SP_EARG);
}

static void test_limit(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < SP_ENV_MAX; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		assert_int_equal(sp_env_set(env, name, "x"), SP_OK);
	}
	assert_int_equal(sp_env_set(env, "more", "x"), SP_ELIMIT);
	assert_int_equal(sp_env_set(env, "V7", "y"), SP_OK);
	sp_mem_fail_after(0);
	assert_int_equal(sp_env_set(env, "V8", "y"), SP_ENOMEM);
	sp_mem_fail_after(-1);
	assert_string_equal(sp_env_get(env, "V8"), "x");
}

static void test_user(void **state)
{
	static const char *const names[] = {
			"HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "XDG_RUNTIME_DIR"};
	struct stat st;

	(void)state;
	setenv("SECRET_OF_OURS", "x", 1);
	assert_int_equal(sp_env_user(env, dir), SP_OK);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_non_null(sp_env_get(env, names[i]));
	}
	assert_string_equal(sp_env_get(env, "XDG_SESSION_TYPE"), "x11");
	assert_string_equal(sp_env_get(env, "USER"), sp_env_get(env, "LOGNAME"));
	assert_null(sp_env_get(env, "SECRET_OF_OURS"));
	assert_int_equal(stat(sp_env_get(env, "XDG_RUNTIME_DIR"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(sp_env_display(env, ":7", "/x"), SP_OK);
	assert_string_equal(sp_env_get(env, "DISPLAY"), ":7");
	assert_string_equal(sp_env_get(env, "XAUTHORITY"), "/x");
}

/* A directory that others may write to is no runtime directory. */
static void test_runtime_dir_not_trusted(void **state)
{
	char path[128], run[64];

	(void)state;
	snprintf(run, sizeof(run), "/run/user/%u", (unsigned)geteuid());
	if (access(run, F_OK) == 0) {
		print_message("%s is there and is used\n", run);
		skip();
	}
	snprintf(path, sizeof(path), "%s/runtime", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0755), 0);
	assert_int_equal(sp_env_user(env, dir), SP_ESYS);
	rmdir(path);
	assert_int_equal(symlink("/tmp", path), 0);
	assert_int_equal(sp_env_user(env, dir), SP_ESYS);
	/* What PAM says is taken when it is good, and passed over when not. */
	unlink(path);
	assert_int_equal(sp_env_set(env, "XDG_RUNTIME_DIR", dir), SP_OK);
	assert_int_equal(sp_env_user(env, dir), SP_OK);
	assert_string_equal(sp_env_get(env, "XDG_RUNTIME_DIR"), dir);
	assert_int_equal(sp_env_set(env, "XDG_RUNTIME_DIR", "/tmp"), SP_OK);
	assert_int_equal(sp_env_user(env, dir), SP_OK);
	assert_string_equal(sp_env_get(env, "XDG_RUNTIME_DIR"), path);
}

static void install(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT, 0700);
	assert_true(fd >= 0);
	close(fd);
}

static void chooses(const char *name, const char *command)
{
	struct sp_program_choice c;

	assert_int_equal(sp_program_choose(env, NULL, &c), SP_OK);
	assert_string_equal(c.name, name);
	assert_string_equal(c.command, command);
}

/* A window manager, which comes after what makes the screen calm. */
static void chooses_manager(const char *name, const char *command)
{
	struct sp_program_choice c;

	assert_int_equal(sp_program_choose(env, NULL, &c), SP_OK);
	assert_string_equal(c.name, name);
	assert_memory_equal(c.command, "xsetroot ", 9);
	assert_true(strlen(c.command) > strlen(command));
	assert_string_equal(c.command + strlen(c.command) - strlen(command), command);
}

static void test_choice(void **state)
{
	struct sp_program_choice c;
	char longer[sizeof(c.command) + 1];

	(void)state;
	assert_int_equal(sp_env_set(env, "PATH", dir), SP_OK);
	assert_int_equal(sp_env_set(env, "HOME", dir), SP_OK);
	assert_int_equal(sp_program_choose(env, NULL, &c), SP_ENOTFOUND);
	install("xterm");
	chooses("terminal", "exec xterm");
	install("twm");
	chooses_manager("twm", "; xterm & exec twm \"$@\"");
	install("icewm-session");
	install("x-terminal-emulator");
	chooses_manager("icewm", "; x-terminal-emulator & exec icewm-session \"$@\"");
	install("mate-session");
	chooses("mate", "exec mate-session");
	install("startxfce4");
	assert_int_equal(sp_program_choose(env, NULL, &c), SP_OK);
	assert_string_equal(c.desktop, "XFCE");
	install(".xsession");
	chooses(".xsession", "exec \"$HOME/.xsession\"");
	assert_int_equal(sp_program_choose(env, "echo 'x'", &c), SP_OK);
	assert_string_equal(c.command, "echo 'x'");
	assert_null(c.desktop);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(sp_program_choose(env, longer, &c), SP_ELIMIT);
	assert_int_equal(sp_program_choose(env, "", &c), SP_ELIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_set, setup, teardown),
			cmocka_unit_test_setup_teardown(test_limit, setup, teardown),
			cmocka_unit_test_setup_teardown(test_user, setup, teardown),
			cmocka_unit_test_setup_teardown(
					test_runtime_dir_not_trusted, setup, teardown),
			cmocka_unit_test_setup_teardown(test_choice, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
