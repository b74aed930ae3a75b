/* tests/scan/test_public.c - addresses at the edges of every range that is not the internet's. */
#include "scan/public.h"

#include "core/base/attr.h"
#include "unit.h"

static void test_public(void **state)
{
	static const char *const yes[] = {"1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0",
			"100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
			"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
			"192.0.1.0", "192.0.3.0", "192.167.255.255", "192.169.0.0",
			"198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0",
			"223.255.255.255", "2001:4860:4860::8888", "2a00::1", "3ffe::1",
			"2a00::1%eth0", "::ffff:8.8.8.8", "64:ff9b::808:808"};
	static const char *const no[] = {"0.0.0.0", "10.0.0.0", "10.255.255.255", "100.64.0.0",
			"100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254",
			"172.16.0.0", "172.31.255.255", "192.0.0.255", "192.0.2.1", "192.168.0.0",
			"192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.7",
			"203.0.113.255", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1",
			"fe80::1", "fe80::1%2", "fc00::1", "fdff::1", "ff02::1", "2001:db8::1",
			"2001:db8:ffff::", "2001:2::1", "3fff:fff::1", "::ffff:10.0.0.1",
			"64:ff9b::a00:1", "100::1", "", "example.org", "1.2.3", "1.2.3.4.5",
			"8.8.8.8 ", "g::1", "%", "0x08080808",
			"2a00:0000:0000:0000:0000:0000:0000:0001:0000:0000:0000:0000:0000:0000"};

	for (size_t i = 0; i < SP_LEN(yes); i++) {
		if (!sp_scan_public(yes[i])) {
			fail_msg("%s is public", yes[i]);
		}
	}
	for (size_t i = 0; i < SP_LEN(no); i++) {
		if (sp_scan_public(no[i])) {
			fail_msg("%s is not public", no[i]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_public)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
