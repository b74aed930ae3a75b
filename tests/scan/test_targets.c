/* tests/scan/test_targets.c - what people write as targets, and the endpoints that come of it. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "host/io/loop.h"
#include "scan/targets.h"
#include "scan/targets_part.h"
#include "unit.h"

static char why[SP_WHY_MAX];

/* All endpoints as "host=address:port" with blanks between; '+' before the first of an address. */
static void all(struct sp_targets *t, char *out, size_t cap)
{
	struct sp_scan_endpoint e;
	bool first = false;
	size_t n = 0;
	int rc;

	out[0] = '\0';
	while ((rc = sp_targets_next(t, &e, &first, why)) != 0 && n + 100 < cap) {
		char at[SP_ADDR_TEXT_MAX] = "none";

		if (rc == 1) {
			sp_addr_text(&e.to, at);
		}
		n += (size_t)snprintf(out + n, cap - n, "%s%s%s=%s%s", n ? " " : "",
				rc == 1 && first ? "+" : "", e.host, at, e.lone ? "" : "*");
	}
}

static void expect(const char *const *targets, const char *ports, const char *want)
{
	struct sp_targets *t = sp_targets_create();
	char got[4096];

	for (; *targets; targets++) {
		assert_int_equal(sp_targets_add(t, *targets, why), SP_OK);
	}
	if (ports) {
		assert_int_equal(sp_targets_ports(t, ports, why), SP_OK);
	}
	assert_int_equal(sp_targets_resolve(t, sp_now_us() + 8000000), SP_OK);
	uint64_t count = sp_targets_count(t), n = 0;
	all(t, got, sizeof(got));
	assert_string_equal(got, want);
	for (const char *c = got; *c; c++) {
		n += *c == '=';
	}
	assert_int_equal(n, count);
	sp_targets_destroy(t);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_forms(void **state)
{
	(void)state;
	expect(LIST("192.0.2.1"), NULL, "+192.0.2.1=192.0.2.1:3389");
	expect(LIST("192.0.2.1:3390", "::1", "[fd00::1]:99"), NULL,
			"+192.0.2.1=192.0.2.1:3390 +::1=[::1]:3389 +fd00::1=[fd00::1]:99");
	expect(LIST("192.0.2.1", "192.0.2.2:5"), "3389,3391-3392,3389",
			"+192.0.2.1=192.0.2.1:3389 192.0.2.1=192.0.2.1:3391 "
			"192.0.2.1=192.0.2.1:3392 +192.0.2.2=192.0.2.2:5");
	/* A range has neither its network's nor everybody's address. */
	expect(LIST("10.0.0.5/30"), NULL, "+10.0.0.5=10.0.0.5:3389* +10.0.0.6=10.0.0.6:3389*");
	expect(LIST("10.0.0.255/31"), NULL,
			"+10.0.0.254=10.0.0.254:3389* +10.0.0.255=10.0.0.255:3389*");
	expect(LIST("10.0.0.7/32"), "1,2", "+10.0.0.7=10.0.0.7:1* 10.0.0.7=10.0.0.7:2*");
	/* As our reports write them. */
	expect(LIST("rdp://192.0.2.1:3390", "RDP://[fd00::1]:99/"), NULL,
			"+192.0.2.1=192.0.2.1:3390 +fd00::1=[fd00::1]:99");
	expect(LIST("fe80::1%lo", "[fe80::2%lo]:99"), NULL,
			"+fe80::1%lo=[fe80::1]:3389 +fe80::2%lo=[fe80::2]:99");
	expect(LIST("fd00::fffe/127"), NULL,
			"+fd00::fffe=[fd00::fffe]:3389* "
			"+fd00::ffff=[fd00::ffff]:3389*");
}

/* What is written down twice is asked once; who is named by itself is not part of a network. */
static void test_once(void **state)
{
	(void)state;
	expect(LIST("10.0.0.1", "10.0.0.1", "rdp://10.0.0.1:3389/", "10.0.0.1:3390",
			       "10.0.0.1:3390"),
			NULL, "+10.0.0.1=10.0.0.1:3389 +10.0.0.1=10.0.0.1:3390");
	expect(LIST("10.0.0.1:2", "10.0.0.1"), "1,2", "+10.0.0.1=10.0.0.1:1 10.0.0.1=10.0.0.1:2");
	expect(LIST("::1", "0:0::1", "fe80::1%lo", "fe80::1"), NULL,
			"+::1=[::1]:3389 +fe80::1%lo=[fe80::1]:3389 +fe80::1=[fe80::1]:3389");
	/* Networks in one another, in any order; of several networks only what is in one. */
	expect(LIST("10.0.0.4/31", "10.0.0.0/29", "10.0.0.0/29", "10.0.0.6/32", "10.0.0.8/31"),
			NULL,
			"+10.0.0.1=10.0.0.1:3389* +10.0.0.2=10.0.0.2:3389* "
			"+10.0.0.3=10.0.0.3:3389* "
			"+10.0.0.4=10.0.0.4:3389* +10.0.0.5=10.0.0.5:3389* "
			"+10.0.0.6=10.0.0.6:3389* "
			"+10.0.0.8=10.0.0.8:3389* +10.0.0.9=10.0.0.9:3389*");
	expect(LIST("10.0.0.2/31", "10.0.0.0/30"), NULL,
			"+10.0.0.3=10.0.0.3:3389* +10.0.0.1=10.0.0.1:3389* "
			"+10.0.0.2=10.0.0.2:3389*");
	expect(LIST("10.0.0.0/29", "10.0.0.0/31", "10.0.0.7/32", "10.0.0.6/31"), NULL,
			"+10.0.0.2=10.0.0.2:3389* +10.0.0.3=10.0.0.3:3389* "
			"+10.0.0.4=10.0.0.4:3389* "
			"+10.0.0.5=10.0.0.5:3389* +10.0.0.6=10.0.0.6:3389* "
			"+10.0.0.0=10.0.0.0:3389* "
			"+10.0.0.1=10.0.0.1:3389* +10.0.0.7=10.0.0.7:3389*");
	expect(LIST("10.0.0.0/30", "10.0.0.2", "10.0.0.9"), NULL,
			"+10.0.0.1=10.0.0.1:3389* +10.0.0.2=10.0.0.2:3389 +10.0.0.9=10.0.0.9:3389");
	expect(LIST("10.0.0.2:2", "10.0.0.2:7", "10.0.0.2/31", "fd00::2/127"), "1,2",
			"+10.0.0.2=10.0.0.2:2 +10.0.0.2=10.0.0.2:7 +10.0.0.2=10.0.0.2:1* "
			"+10.0.0.3=10.0.0.3:1* 10.0.0.3=10.0.0.3:2* +fd00::2=[fd00::2]:1* "
			"fd00::2=[fd00::2]:2* +fd00::3=[fd00::3]:1* fd00::3=[fd00::3]:2*");
	expect(LIST("fd00::/126", "fd00::2", "10.0.0.1/32"), NULL,
			"+fd00::=[fd00::]:3389* +fd00::1=[fd00::1]:3389* +fd00::3=[fd00::3]:3389* "
			"+fd00::2=[fd00::2]:3389 +10.0.0.1=10.0.0.1:3389*");
}

static void test_large(void **state)
{
	struct sp_targets *t = sp_targets_create();
	struct sp_scan_endpoint e;
	bool first;
	char at[SP_ADDR_TEXT_MAX];
	uint64_t n = 0;

	(void)state;
	assert_int_equal(sp_targets_add(t, "10.7.0.0/16", why), SP_OK);
	assert_int_equal(sp_targets_count(t), 65534);
	while (sp_targets_next(t, &e, &first, why) == 1) {
		n++;
	}
	assert_int_equal(n, 65534);
	sp_addr_text(&e.to, at);
	sp_targets_destroy(t);
}

/* These are names all the same. */
static void test_odd_names(void **state)
{
	static const char *const good[] = {"3com", "10-0-0-1", "a.b-1", "x1", "1.example", "a.0xg",
			"host.", "cafe", "10.0.0.1-x"};
	struct sp_targets *t = sp_targets_create();

	(void)state;
	assert_true(sp_targets_empty(t));
	for (size_t i = 0; i < SP_LEN(good); i++) {
		if (sp_targets_add(t, good[i], why) != SP_OK) {
			fail_msg("refused: %s", good[i]);
		}
	}
	assert_false(sp_targets_empty(t));
	sp_targets_destroy(t);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {"", "a b", "host:99999", "-x", "10.0.0.0/33", "10.0.0.0/",
			"10.0.0.0/x", "name/24", "10.0.0.0/7", "fd00::/64", "[::1", "a/b",
			"@/nonexistent", "host;rm", "http://host", "fe80::1%no-such-link",
			"fd00::1%lo", "10.0.0.1%lo", "%lo", "fe80::%lo/120", "10.0.0.1:0",
			"[::1]:0", "host:0", "10.0.0.300", "10.1", "2130706433", "0x7f000001",
			"010.0.0.1", "10.0.0.1.", "a.0x1", "10.0.0.1-20", "10.0.0.1-10.0.0.9"};
	static const char *const ports[] = {"", "0", "a", "1-", "5,", "65536", "1-100000", "-1"};
	struct sp_targets *t = sp_targets_create();

	(void)state;
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		if (sp_targets_add(t, bad[i], why) == SP_OK) {
			fail_msg("taken: %s", bad[i]);
		}
	}
	for (size_t i = 0; i < SP_LEN(ports); i++) {
		if (sp_targets_ports(t, ports[i], why) == SP_OK) {
			fail_msg("taken: %s", ports[i]);
		}
	}
	/* What it says names the whole of it. */
	assert_int_equal(sp_targets_add(t, "10.0.0.0/33", why), SP_EARG);
	assert_string_equal(why, "10.0.0.0/33: not the length of a prefix");
	sp_targets_destroy(t);
}

static void test_file(void **state)
{
	char path[] = "/tmp/sp-targets-XXXXXX", arg[64];
	int fd = mkstemp(path);

	(void)state;
	dprintf(fd, "\xef\xbb\xbf# ours\n10.0.0.1 # one\n\n  10.0.0.2:5,\t10.0.0.3\r\n");
	snprintf(arg, sizeof(arg), "@%s", path);
	expect(LIST(arg), NULL,
			"+10.0.0.1=10.0.0.1:3389 +10.0.0.2=10.0.0.2:5 +10.0.0.3=10.0.0.3:3389");
	dprintf(fd, "10.0.0.0/99\n");
	struct sp_targets *t = sp_targets_create();
	assert_int_equal(sp_targets_add_file(t, path, why), SP_EARG);
	assert_non_null(strstr(why, ":5: "));
	sp_targets_destroy(t);
	close(fd);
	unlink(path);
}

static void test_public(void **state)
{
	static const struct {
		const char *target;
		const char *public; /* NULL: none */
	} rows[] = {{"10.0.0.1", NULL}, {"127.0.0.1", NULL}, {"192.168.0.0/16", NULL},
			{"fd00::/120", NULL}, {"fe80::1", NULL}, {"172.16.0.0/12", NULL},
			{"8.8.8.8", "8.8.8.8"}, {"9.255.255.0/24", "9.255.255.1"},
			{"2001:4860::1", "2001:4860::1"}, {"172.16.0.0/11", "172.0.0.1"}};

	(void)state;
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		struct sp_targets *t = sp_targets_create();
		char got[SP_ADDR_TEXT_MAX] = "";

		assert_int_equal(sp_targets_add(t, rows[i].target, why), SP_OK);
		assert_int_equal(sp_targets_public(t, got), rows[i].public != NULL);
		if (rows[i].public) {
			assert_string_equal(got, rows[i].public);
		}
		sp_targets_destroy(t);
	}
}

/* A name server that is away is not a name that there is not. */
static void test_why(void **state)
{
	(void)state;
	assert_string_equal(sp_targets_why(EAI_NONAME), "the name has no address");
	assert_string_equal(sp_targets_why(EAI_AGAIN), "no name server answered for it");
	assert_string_equal(sp_targets_why(EAI_INPROGRESS), "no name server answered for it");
	assert_string_equal(sp_targets_why(EAI_FAIL), "the name could not be looked up");
}

static void test_names(void **state)
{
	struct sp_targets *t = sp_targets_create();
	char got[4096];

	(void)state;
	assert_int_equal(sp_targets_add(t, "localhost:77", why), SP_OK);
	assert_int_equal(sp_targets_add(t, "LOCALHOST:77", why), SP_OK);
	assert_int_equal(sp_targets_add(t, "no-such-host.invalid", why), SP_OK);
	assert_int_equal(sp_targets_resolve(t, sp_now_us() + 8000000), SP_OK);
	all(t, got, sizeof(got));
	char *found = strstr(got, "localhost=127.0.0.1:77");
	assert_non_null(found);
	assert_null(strstr(found + strlen("localhost=1"), "127.0.0.1:77"));
	assert_null(strstr(got, "LOCALHOST"));
	assert_non_null(strstr(got, "no-such-host.invalid=none"));
	assert_null(strstr(got, "no-such-host.invalid=none*"));
	sp_targets_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_forms),
			cmocka_unit_test(test_once),
			cmocka_unit_test(test_large),
			cmocka_unit_test(test_odd_names),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_file),
			cmocka_unit_test(test_public),
			cmocka_unit_test(test_why),
			cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
