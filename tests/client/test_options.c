/* tests/client/test_options.c - what every client command takes, right and wrong. */
#include "unit.h"

#include <string.h>

#include "client/options.h"
#include "core/base/err.h"

static struct sp_options o;
static char why[SP_WHY_MAX];

/* Takes one option with its value; what sp_options_take says, -2 when not all was used. */
static int take(const char *first, const char *second)
{
	char *argv[] = {(char *)first, (char *)second, NULL};
	int argc = second ? 2 : 1, i = 0;

	int rc = sp_options_take(&o, argc, argv, &i, why);
	return rc == 1 && i != argc - 1 ? -2 : rc;
}

static int start(void **state)
{
	sp_options_init(&o);
	return 0;
}

static void test_defaults(void **state)
{
	assert_int_equal(o.width, 1024);
	assert_int_equal(o.height, 768);
	assert_int_equal(o.depth, 32);
	assert_int_equal(o.security, SP_SESSION_AUTO);
	assert_int_equal(o.trust.mode, SP_TRUST_FIRST_SEEN);
	assert_null(o.user);
}

static void test_good(void **state)
{
	assert_int_equal(take("--size", "1920x1080"), 1);
	assert_int_equal(o.width, 1920);
	assert_int_equal(o.height, 1080);
	assert_int_equal(take("--size=8192x200", NULL), 1);
	assert_int_equal(o.width, 8192);
	assert_int_equal(take("--user", "j\xc3\xb6rg"), 1);
	assert_string_equal(o.user, "j\xc3\xb6rg");
	assert_int_equal(take("--domain=", NULL), 1);
	assert_string_equal(o.domain, "");
	assert_int_equal(take("--password-stdin", NULL), 1);
	assert_true(o.password_stdin);
	assert_int_equal(take("--depth", "15"), 1);
	assert_int_equal(o.depth, 15);
	assert_int_equal(o.codec, SP_SESSION_CODEC_AUTO);
	assert_int_equal(take("--codec", "gfx-rfx"), 1);
	assert_int_equal(o.codec, SP_SESSION_CODEC_GFX_RFX);
	assert_false(o.plain);
	assert_int_equal(take("--compression", "off"), 1);
	assert_true(o.plain);
	assert_int_equal(take("--compression=on", NULL), 1);
	assert_false(o.plain);
	assert_int_equal(take("--sec=nla", NULL), 1);
	assert_int_equal(o.security, SP_SESSION_NLA);
	assert_int_equal(take("--trust", "ca"), 1);
	assert_int_equal(o.trust.mode, SP_TRUST_CA);
}

static void test_monitors(void **state)
{
	assert_int_equal(take("--size", "1024x768@150,800x600-800+100"), 1);
	assert_int_equal(o.monitors.n, 2);
	assert_int_equal(o.monitors.monitor[0].desktop_scale, 150);
	assert_int_equal(o.width, 1824);
	assert_int_equal(o.height, 768);
	assert_int_equal(take("--size", "801x600"), 1);
	assert_int_equal(o.monitors.n, 0);
	assert_int_equal(take("--size", "800x600,"), -1);
	assert_int_equal(take("--size", "800x600,800x600"), -1);
	assert_int_equal(take("--size", "800x600+1+0"), -1);
}

static void test_name(void **state)
{
	assert_null(sp_options_name(&o, 0));
	o.user = "anna";
	assert_string_equal(sp_options_name(&o, 0), "anna");
	o.code = "123456";
	assert_string_equal(sp_options_name(&o, 0), "anna##123456");
	assert_int_equal(take("--target", "db-1"), 1);
	assert_string_equal(sp_options_name(&o, 0), "anna#db-1#123456");
	o.code = NULL;
	assert_string_equal(sp_options_name(&o, 0), "anna#db-1");
	/* A secret makes the code: twenty zero bytes, at the beginning of time. */
	o.has_totp = true;
	assert_string_equal(sp_options_name(&o, 0), "anna#db-1#328482");
	o.target = NULL;
	o.user = "anna#db-2";
	assert_string_equal(sp_options_name(&o, 0), "anna#db-2#328482");
}

static void test_bad(void **state)
{
	static const char *const bad[][2] = {{"--size", "1024"}, {"--size", "1024x"},
			{"--size", "x768"}, {"--size", "199x768"}, {"--size", "1024x8193"},
			{"--size", " 800x600"}, {"--size", "800x600 "}, {"--size", "-800x600"},
			{"--size", "800x+600"}, {"--size", "99999999999999999999x600"},
			{"--user", ""}, {"--depth", "8"}, {"--codec", "x264"},
			{"--compression", "8k"}, {"--depth", "032"}, {"--sec", "rdp"},
			{"--trust", "pin:00"}, {"--size", NULL}, {"--user", NULL}, {"--target", ""},
			{"--target", "a#b"}};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(take(bad[i][0], bad[i][1]), -1);
		assert_non_null(strstr(why, bad[i][0]));
	}
	static const char *const other[] = {"--sizes", "--wait", "-u", "host", "", "--usr=x"};
	for (size_t i = 0; i < SP_LEN(other); i++) {
		assert_int_equal(take(other[i], NULL), 0);
	}
}

static void address(const char *text, const char *host, uint16_t port)
{
	assert_int_equal(sp_options_address(&o, text), SP_OK);
	assert_string_equal(o.host, host);
	assert_int_equal(o.port, port);
}

static void test_address(void **state)
{
	address("host", "host", 3389);
	address("host:1", "host", 1);
	address("[::1]:3390", "::1", 3390);
	address("::1", "::1", 3389);
	static const char *const bad[] = {"", ":3389", "host:", "host:0", "host:65536", "host:x"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_options_address(&o, bad[i]), SP_EARG);
	}
}

static void test_seconds(void **state)
{
	uint64_t us;

	assert_int_equal(sp_options_seconds("1.5", 10, &us), SP_OK);
	assert_int_equal(us, 1500000);
	assert_int_equal(sp_options_seconds("10", 10, &us), SP_OK);
	assert_int_equal(sp_options_seconds("0", 10, &us), SP_OK);
	static const char *const bad[] = {"", "-1", "+1", " 1", "1s", "10.1", "inf", "nan", ".5"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_options_seconds(bad[i], 10, &us), SP_EARG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup(test_defaults, start),
			cmocka_unit_test_setup(test_good, start),
			cmocka_unit_test_setup(test_monitors, start),
			cmocka_unit_test_setup(test_name, start),
			cmocka_unit_test_setup(test_bad, start),
			cmocka_unit_test_setup(test_address, start),
			cmocka_unit_test_setup(test_seconds, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
