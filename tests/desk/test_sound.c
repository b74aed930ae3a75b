/* tests/desk/test_sound.c - a desktop's sound server: started, given, dead, and not there. */
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "desk/session/child.h"
#include "desk/session/sound.h"
#include "host/io/fdio.h"

#define PATIENCE_US 10000000u

struct rig {
	char dir[64];
	struct sp_loop *loop;
	struct sp_env *env;
	unsigned ups; /* as the log says */
};

static struct rig rig;

static void on_log(enum sp_log_level level, const char *text)
{
	rig.ups += strncmp(text, "sound server is up", 18) == 0;
}

static int setup(void **state)
{
	char path[256];

	if (sp_child_find("pulseaudio", NULL, path, sizeof(path)) != SP_OK ||
			sp_child_find("pactl", NULL, path, sizeof(path)) != SP_OK) {
		print_message("skipped: no pulseaudio or pactl\n");
		return 1;
	}
	rig = (struct rig){0};
	snprintf(rig.dir, sizeof(rig.dir), "/tmp/sp-snd-XXXXXX");
	assert_non_null(mkdtemp(rig.dir));
	rig.loop = sp_loop_create();
	assert_non_null(rig.loop);
	assert_int_equal(sp_env_create(&rig.env), SP_OK);
	assert_int_equal(sp_env_set(rig.env, "PATH", getenv("PATH")), SP_OK);
	assert_int_equal(sp_env_set(rig.env, "HOME", rig.dir), SP_OK);
	assert_int_equal(setenv("HOME", rig.dir, 1), 0);
	sp_log_set(on_log, SP_LOG_DEBUG);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	const char *const argv[] = {"rm", "-rf", rig.dir, NULL};
	struct sp_child rm;
	struct sp_child_opts opts = {.path = "/bin/rm", .argv = argv, .pass_fd = -1};

	sp_log_set(NULL, SP_LOG_ERROR);
	sp_loop_destroy(rig.loop);
	sp_env_destroy(rig.env);
	if (sp_child_start(&opts, &rm) == SP_OK && sp_child_wait(&rm, 5000) == SP_OK) {
		sp_child_end(&rm, 0);
	}
	return 0;
}

/* What pactl says about the server, as text with one line for each thing; freed at exit. */
static const char *ask(const char *server, const char *what)
{
	static char text[8192];
	char path[256], log[128];
	const char *const argv[] = {"pactl", "-s", server, "list", "short", what, NULL};
	struct sp_child child;
	struct sp_rcbuf *out;

	snprintf(log, sizeof(log), "%s/answer", rig.dir);
	assert_int_equal(sp_child_find("pactl", NULL, path, sizeof(path)), SP_OK);
	struct sp_child_opts opts = {.path = path, .argv = argv, .log = log, .pass_fd = -1};
	assert_int_equal(sp_child_start(&opts, &child), SP_OK);
	assert_int_equal(sp_child_wait(&child, 10000), SP_OK);
	sp_child_end(&child, 0);
	assert_int_equal(sp_file_read(log, sizeof(text) - 1, &out), SP_OK);
	memcpy(text, out->p, out->n);
	text[out->n] = '\0';
	sp_rcbuf_unref(out);
	return text;
}

static void wait_ups(unsigned n)
{
	uint64_t end = sp_now_us() + PATIENCE_US;

	while (rig.ups < n && sp_now_us() < end) {
		assert_int_equal(sp_loop_turn(rig.loop, 50000), SP_OK);
	}
	assert_int_equal(rig.ups, n);
}

static void turns(uint64_t us)
{
	uint64_t end = sp_now_us() + us;

	while (sp_now_us() < end) {
		assert_int_equal(sp_loop_turn(rig.loop, 20000), SP_OK);
	}
}

static void test_own(void **state)
{
	struct stat st;
	char why[300], path[128];
	uint64_t begin = sp_now_us();
	struct sp_sound *s = sp_sound_create(rig.loop, rig.env, rig.dir, why, sizeof(why));

	assert_non_null(s);
	/* At once: the socket and the names are there before anything of the server is. */
	assert_true(sp_now_us() - begin < 100000);
	const char *server = sp_env_get(rig.env, "PULSE_SERVER");
	assert_non_null(server);
	assert_int_equal(stat(server + strlen("unix:"), &st), 0);
	assert_string_equal(sp_env_get(rig.env, "PULSE_SINK"), "sallyport");
	assert_string_equal(sp_env_get(rig.env, "PULSE_SOURCE"), "sallyport-mic");
	assert_non_null(strstr(ask(server, "sinks"), "sallyport"));
	assert_non_null(strstr(ask(server, "sources"), "sallyport-mic"));
	wait_ups(1);
	snprintf(path, sizeof(path), "%s/sound", rig.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	sp_sound_destroy(s);
	assert_int_not_equal(stat(server + strlen("unix:"), &st), 0);
}

/* One that dies comes back behind the same socket. */
static void test_dies(void **state)
{
	char why[300], text[16], path[64];
	struct sp_sound *s = sp_sound_create(rig.loop, rig.env, rig.dir, why, sizeof(why));
	const char *server = sp_env_get(rig.env, "PULSE_SERVER");
	struct sp_rcbuf *children;

	assert_non_null(s);
	wait_ups(1);
	/* Our only child is the server. */
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	assert_int_equal(sp_file_read(path, sizeof(text) - 1, &children), SP_OK);
	memcpy(text, children->p, children->n);
	text[children->n] = '\0';
	sp_rcbuf_unref(children);
	pid_t pid = (pid_t)strtol(text, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_ups(2);
	assert_non_null(strstr(ask(server, "sinks"), "sallyport"));
	assert_non_null(strstr(ask(server, "sources"), "sallyport-mic"));
	sp_sound_destroy(s);
}

/* A server that is there already is used, and left as it was. */
static void test_given(void **state)
{
	char why[300], mine[32];
	struct sp_env *env;
	struct sp_sound *host = sp_sound_create(rig.loop, rig.env, rig.dir, why, sizeof(why));
	struct stat st;
	char dir[96];

	assert_non_null(host);
	wait_ups(1);
	snprintf(dir, sizeof(dir), "%s/desk", rig.dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(sp_env_create(&env), SP_OK);
	assert_int_equal(sp_env_set(env, "PULSE_SERVER", sp_env_get(rig.env, "PULSE_SERVER")),
			SP_OK);
	struct sp_sound *s = sp_sound_create(rig.loop, env, dir, why, sizeof(why));
	assert_non_null(s);
	wait_ups(2);
	snprintf(mine, sizeof(mine), "sallyport-%ld", (long)getpid());
	assert_string_equal(sp_env_get(env, "PULSE_SINK"), mine);
	turns(500000);
	assert_non_null(strstr(ask(sp_env_get(env, "PULSE_SERVER"), "sinks"), mine));
	snprintf(why, sizeof(why), "%s/microphone", dir);
	assert_int_equal(stat(why, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	sp_sound_destroy(s);
	assert_null(strstr(ask(sp_env_get(env, "PULSE_SERVER"), "sinks"), mine));
	assert_null(strstr(ask(sp_env_get(env, "PULSE_SERVER"), "sources"), mine));
	sp_sound_destroy(host);
	sp_env_destroy(env);
}

static void test_none(void **state)
{
	char why[300];

	assert_int_equal(sp_env_set(rig.env, "PATH", "/nonexistent"), SP_OK);
	assert_null(sp_sound_create(rig.loop, rig.env, rig.dir, why, sizeof(why)));
	assert_non_null(strstr(why, "not installed"));
	assert_null(sp_env_get(rig.env, "PULSE_SERVER"));
	assert_null(sp_env_get(rig.env, "PULSE_SINK"));
	/* A server that is named but does not answer: no sound, and nothing waits for it. */
	assert_int_equal(sp_env_set(rig.env, "PULSE_SERVER", "unix:/nonexistent"), SP_OK);
	struct sp_sound *s = sp_sound_create(rig.loop, rig.env, rig.dir, why, sizeof(why));
	assert_non_null(s);
	turns(300000);
	sp_sound_destroy(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(test_own, setup, teardown),
			cmocka_unit_test_setup_teardown(test_dies, setup, teardown),
			cmocka_unit_test_setup_teardown(test_given, setup, teardown),
			cmocka_unit_test_setup_teardown(test_none, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
