/* tests/host/conf/test_words.c - the small languages inside the texts of a configuration. */
#include "unit.h"

#include <string.h>
#include <sys/socket.h>

#include "core/base/attr.h"
#include "host/conf/words.h"

static void test_net(void **state)
{
	static const struct {
		const char *text;
		uint32_t family, bits;
		const char *addr;
		bool beyond;
	} good[] = {
			{"10.8.0.0/16", AF_INET, 16, "\x0a\x08\0\0", false},
			{"192.0.2.7", AF_INET, 32, "\xc0\0\x02\x07", false},
			{"0.0.0.0/0", AF_INET, 0, "\0\0\0\0", false},
			{"10.8.0.1/31", AF_INET, 31, "\x0a\x08\0\0", true},
			{"255.255.255.255/1", AF_INET, 1, "\x80\0\0\0", true},
			{"2001:db8::/32", AF_INET6, 32, "\x20\x01\x0d\xb8", false},
			{"::", AF_INET6, 128, "\0\0\0\0", false},
			{"::ffff:10.8.0.0/112", AF_INET, 16, "\x0a\x08\0\0", false},
			{"::ffff:10.8.0.7", AF_INET, 32, "\x0a\x08\0\x07", false},
			/* Half of what is mapped, and more than that, is no IPv4 network. */
			{"::ffff:0:0/95", AF_INET6, 95, "\0\0\0\0", true},
	};
	static const char *const bad[] = {"", "/8", "10.8/16", "10.8.0.0/", "10.8.0.0/33",
			"10.8.0.0/x", "10.8.0.0/8 ", "10.8.0.0/-1", "::/129", "::g", "10.8.0.0.0",
			"a.b.c.d", "10.8.0.0/0000008",
			"1234:1234:1234:1234:1234:1234:1234:1234:1234:1234:1234/8"};
	struct sp_conf_net net;
	bool beyond;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_true(sp_words_net(good[i].text, &net, &beyond));
		assert_int_equal(net.family, good[i].family);
		assert_int_equal(net.bits, good[i].bits);
		assert_memory_equal(net.addr, good[i].addr, 4);
		assert_int_equal(beyond, good[i].beyond);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_words_net(bad[i], &net, &beyond)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
}

static void test_duration(void **state)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} good[] = {{"8h", 28800}, {"30m", 1800}, {"90s", 90}, {"1h30m", 5400}, {"1d", 86400},
			{"31d", 2678400}, {"1d2h3m4s", 93784}, {"0h1s", 1}, {"100m", 6000}};
	static const char *const bad[] = {"", "8", "h", "8x", "30m1h", "1h1h", "1h 30m", "-1h",
			"0s", "1.5h", "32d", "31d1s", "9999999999s", "8h ", " 8h", "8H"};
	uint32_t seconds;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_true(sp_words_duration(good[i].text, &seconds));
		assert_int_equal(seconds, good[i].seconds);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_words_duration(bad[i], &seconds)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
}

static void test_ago(void **state)
{
	uint64_t seconds;

	assert_true(sp_words_ago("90d", &seconds));
	assert_int_equal(seconds, 7776000);
	assert_true(sp_words_ago("9999999d", &seconds));
	assert_int_equal(seconds, UINT64_C(9999999) * 86400);
	assert_false(sp_words_ago("0s", &seconds));
	assert_false(sp_words_ago("10000000d", &seconds) || sp_words_ago("", &seconds));
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"1", 1}, {"4096", 4096}, {"64K", 65536}, {"100M", 104857600},
			{"5G", UINT64_C(5) << 30}, {"1024G", UINT64_C(1) << 40}};
	static const char *const bad[] = {"", "0", "K", "0G", "1025G", "1T", "1k", "1KB", "1K ",
			" 1", "-1", "1.5M", "9999999999", "1KK"};
	uint64_t bytes;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_true(sp_words_size(good[i].text, &bytes));
		assert_int_equal(bytes, good[i].bytes);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_words_size(bad[i], &bytes)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
}

static void test_hours(void **state)
{
	static const struct {
		const char *text;
		uint32_t days, from, until;
		const char *zone;
	} good[] = {
			{"Mon-Fri 08:00-18:00 Europe/Berlin", 0x1f, 480, 1080, "Europe/Berlin"},
			{"Sat,Sun 10:00-12:00", 0x60, 600, 720, ""},
			{"22:00-06:00", 0x7f, 1320, 360, ""},
			{"Fri-Mon", 0x71, 0, 1440, ""},
			{"Wed", 0x04, 0, 1440, ""},
			{"Mon,Wed-Thu,Sun Etc/UTC", 0x4d, 0, 1440, "Etc/UTC"},
			{"0:00-24:00", 0x7f, 0, 1440, ""},
			{"08:00-08:00", 0x7f, 480, 480, ""},
			{"  Mon   8:30-9:15   UTC  ", 0x01, 510, 555, "UTC"},
	};
	static const char *const bad[] = {"", " ", "Europe/Berlin", "Mon-", "-Fri", "Mon,",
			"Mon-Fri-Sat", "mon 08:00-18:00", "Monday 08:00-18:00", "08:00", "08:00-",
			"8-18", "08:00-18:0", "08:60-18:00", "24:00-06:00", "08:00-24:01",
			"08:00-25:00", "Mon08:00-18:00", "08:00-18:00Europe/Berlin",
			"08:00-18:00 Europe/Berlin x", "08:00 - 18:00",
			"08:00-18:00 "
			"a12345678901234567890123456789012345678901234567890123456789012345"};
	struct sp_conf_hours h;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		if (!sp_words_hours(good[i].text, &h)) {
			fail_msg("\"%s\" was not taken", good[i].text);
		}
		assert_int_equal(h.days, good[i].days);
		assert_int_equal(h.from, good[i].from);
		assert_int_equal(h.until, good[i].until);
		assert_string_equal(h.zone, good[i].zone);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_words_hours(bad[i], &h)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
}

static void test_address(void **state)
{
	static const struct {
		const char *text, *want;
	} good[] = {{"10.0.0.5", "10.0.0.5:3389"}, {"10.0.0.5:3390", "10.0.0.5:3390"},
			{"db1", "db1:3389"}, {"Db-1.example.:1", "Db-1.example.:1"},
			{"[2001:db8::5]:3390", "[2001:db8::5]:3390"},
			{"[2001:db8::5]", "[2001:db8::5]:3389"}, {"::1", "[::1]:3389"}};
	static const char *const bad[] = {"", ":3389", "db1:", "db1:0", "db1:65536", "db1:x",
			"[db1]:3389", "[::1", "[]", "::1]", "[::1]3389", "a b", "a/b", "-a", "a..b",
			".a", "1:2:3", "user@db1", "db1:3389:", "db1:33899999999"};
	char out[SP_CONF_HOST], many[SP_CONF_HOST + 8];

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_true(sp_words_address(good[i].text, out));
		assert_string_equal(out, good[i].want);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_words_address(bad[i], out)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
	for (size_t n = 240; n < sizeof(many); n++) {
		memset(many, 'a', n);
		for (size_t i = 50; i < n; i += 51) {
			many[i] = '.';
		}
		many[n - 1] = 'a';
		many[n] = '\0';
		assert_int_equal(sp_words_address(many, out), n <= 253);
		if (n == sizeof(many) - 1) {
			break;
		}
	}
}

static void test_pin(void **state)
{
	static const char *const good[] = {"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
			"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
			"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
			"00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:"
			"18:19:1a:"
			"1b:1c:1d:1e:1f"};
	static const char *const bad[] = {"", "sha256/", "sha1/AAAA", "00", ":00",
			"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
			"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8==",
			"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AAAA",
			"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh",
			"sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd!h8=",
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00",
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g"};
	uint8_t pin[SP_CONF_PIN];

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_true(sp_words_pin(good[i], pin));
		for (uint8_t k = 0; k < SP_CONF_PIN; k++) {
			assert_int_equal(pin[k], k);
		}
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_words_pin(bad[i], pin)) {
			fail_msg("\"%s\" was taken", bad[i]);
		}
	}
}

static void test_texts(void **state)
{
	assert_true(sp_words_name("a.b_c-d@example"));
	assert_true(sp_words_name(
			"0123456789012345678901234567890123456789012345678901234567890123"));
	assert_false(sp_words_name(
			"01234567890123456789012345678901234567890123456789012345678901234"));
	assert_false(sp_words_name(""));
	assert_false(sp_words_name("@a"));
	assert_false(sp_words_name("-a"));
	assert_false(sp_words_name("A"));
	assert_true(sp_words_clean("", false));
	assert_true(sp_words_clean("Gr\xc3\xbc\xc3\x9f \xef\xbf\xbd \xf0\x9f\x94\x91", false));
	assert_false(sp_words_clean("a\nb", false));
	assert_true(sp_words_clean("a\nb", true));
	assert_false(sp_words_clean("a\tb", true));
	assert_false(sp_words_clean("\x7f", true));
	assert_false(sp_words_clean("\xc2\x85", true));
	assert_false(sp_words_clean("\xff", false));
	assert_false(sp_words_clean("\xed\xa0\x80", false));
	assert_false(sp_words_clean("a\xef\xbf", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_net),
			cmocka_unit_test(test_duration),
			cmocka_unit_test(test_ago),
			cmocka_unit_test(test_size),
			cmocka_unit_test(test_hours),
			cmocka_unit_test(test_address),
			cmocka_unit_test(test_pin),
			cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
