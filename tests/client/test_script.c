/* tests/client/test_script.c - what a script may say, and what is said of one that says it wrong. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/script.h"
#include "core/base/err.h"
#include "core/base/mem.h"

static char why[SP_SESSION_WHY];

/* Nobody listens at that port: a script that is right ends with that. */
static int run(const char *text, size_t n)
{
	static const struct sp_session_conf session = {
			.host = "127.0.0.1", .port = 1, .width = 800, .height = 600, .depth = 32};
	struct sp_script_conf conf = {.session = &session,
			.loop = sp_loop_create(),
			.name = "steps",
			.text = sp_span((const uint8_t *)text, n)};

	assert_non_null(conf.loop);
	int rc = sp_script_run(&conf, why);
	sp_loop_destroy(conf.loop);
	return rc;
}

static void good(const char *text)
{
	assert_int_equal(run(text, strlen(text)), SP_ECLOSED);
	assert_non_null(strstr(why, "127.0.0.1: "));
}

static void bad(const char *text, const char *want)
{
	assert_true(run(text, strlen(text)) < 0);
	assert_string_equal(why, want);
}

static void test_good(void **state)
{
	good("");
	good("\n\n  # nothing\n\t\n#\n");
	good("\xef\xbb\xbfwait 0\r\nwait 3600\r\n  wait\t1.5  \n");
	good("type  two blanks at both ends  \nkey Ctrl+c\nclick 0 65535\nclick 1 2 Middle\nclick "
	     "1 2 3\n");
	good("shot a file with blanks.png\nexpect-still\nexpect-still 2\nmove 1 1");
	good("clip-set files a 'b c'\\''d' \"e \\\"f\\\" \\g\" h\\ i ''\nclip-set text it's");
	good("resize 800x600\nresize 800x600 800x600+800+0@200");
}

static void test_bad(void **state)
{
	bad("jump", "steps:1: jump: no such step");
	bad("wait 1\n\nwait", "steps:3: wait: wanted: wait SECONDS");
	bad("wait 1 2", "steps:1: wait: wanted: wait SECONDS");
	bad("wait -1", "steps:1: wait: -1: not seconds up to 3600");
	bad("wait 3601", "steps:1: wait: 3601: not seconds up to 3600");
	bad("type", "steps:1: type: wanted: type TEXT");
	bad("key", "steps:1: key: wanted: key NAME[+NAME...]");
	bad("key nope", "steps:1: key: nope: no such key, or too many at once");
	bad("move 1", "steps:1: move: wanted: move X Y");
	bad("move 1 65536", "steps:1: move: 65536: not a coordinate");
	bad("move 1 -1", "steps:1: move: -1: not a coordinate");
	bad("move 1 2x", "steps:1: move: 2x: not a coordinate");
	bad("click 1 2 4", "steps:1: click: 4: not left, middle or right, nor 1, 2 or 3");
	bad("shot", "steps:1: shot: wanted: shot FILE.png");
	bad("expect-still 1 2", "steps:1: expect-still: wanted: expect-still [SECONDS]");
	bad("resize", "steps:1: resize: wanted: resize WIDTHxHEIGHT[+X+Y][@SCALE] ...");
	bad("resize 800x600 800x600", "steps:1: resize: monitors overlap");
	bad("clip-set files a 'b", "steps:1: clip-set: a quote that does not end");
	bad("clip-set files \"a\\\"", "steps:1: clip-set: a quote that does not end");
	assert_int_equal(run("wait 1\0", 7), SP_EARG);
	assert_string_equal(why, "steps: not a text");
}

static void test_limits(void **state)
{
	size_t n = SP_SCRIPT_MAX_BYTES + 1;
	char *text = malloc(n);

	assert_non_null(text);
	memset(text, '\n', n);
	assert_int_equal(run(text, n), SP_EARG);
	assert_string_equal(why, "steps: too long");
	for (size_t i = 0; i <= SP_SCRIPT_MAX_STEPS; i++) {
		memcpy(text + i * 7, "wait 0\n", 7);
	}
	assert_int_equal(run(text, (SP_SCRIPT_MAX_STEPS + 1) * 7), SP_ELIMIT);
	assert_non_null(strstr(why, ":10001: wait: too many steps"));
	assert_int_equal(run(text, SP_SCRIPT_MAX_STEPS * 7), SP_ECLOSED);
	free(text);
}

static void test_no_memory(void **state)
{
	for (long i = 0; i < 3; i++) {
		struct sp_script_conf conf = {.name = "steps", .loop = sp_loop_create()};

		assert_non_null(conf.loop);
		sp_mem_fail_after(i);
		assert_int_equal(sp_script_run(&conf, why), SP_ENOMEM);
		sp_mem_fail_after(-1);
		sp_loop_destroy(conf.loop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_good),
			cmocka_unit_test(test_bad),
			cmocka_unit_test(test_limits),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
