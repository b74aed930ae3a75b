/* tests/client/test_trust.c - known hosts, pins, and who is trusted. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/trust.h"
#include "core/base/err.h"
#include "host/io/fdio.h"

#define HEX_A "aa0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX_B "bb0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char dir[] = "/tmp/sp-test-trust-XXXXXX";
static struct sp_trust trust;
static uint8_t a[32], b[32];
static char why[SP_TRUST_WHY];

static int setup(void **state)
{
	for (uint8_t i = 0; i < 32; i++) {
		a[i] = b[i] = i;
	}
	a[0] = 0xaa;
	b[0] = 0xbb;
	return mkdtemp(dir) ? 0 : -1;
}

static int start(void **state)
{
	memset(&trust, 0, sizeof(trust));
	snprintf(trust.file, sizeof(trust.file), "%s/known_hosts", dir);
	unlink(trust.file);
	return 0;
}

static int teardown(void **state)
{
	start(state);
	return rmdir(dir);
}

static void write_file(const char *text)
{
	assert_int_equal(sp_file_write(trust.file, 0600, sp_span(text, strlen(text))), SP_OK);
}

static void file_is(const char *want)
{
	struct sp_rcbuf *text;

	assert_int_equal(sp_file_read(trust.file, 1 << 16, &text), SP_OK);
	unit_assert_span(sp_span(text->p, text->n), sp_span(want, strlen(want)));
	sp_rcbuf_unref(text);
}

static struct sp_trust_cert cert(const char *host, const uint8_t *sha256)
{
	return (struct sp_trust_cert){
			.host = host, .port = 3389, .cert_sha256 = sha256, .spki_sha256 = sha256};
}

static int lookup(const char *host, const uint8_t *sha256, size_t *line)
{
	uint8_t seen[32];

	return sp_trust_lookup(trust.file, host, 3389, sha256, seen, line);
}

static void test_parse(void **state)
{
	struct sp_trust t = {0};

	assert_int_equal(sp_trust_parse("ask", &t), SP_OK);
	assert_int_equal(t.mode, SP_TRUST_ASK);
	assert_int_equal(sp_trust_parse("ca", &t), SP_OK);
	assert_int_equal(t.mode, SP_TRUST_CA);
	assert_int_equal(sp_trust_parse("first-seen", &t), SP_OK);
	assert_int_equal(t.mode, SP_TRUST_FIRST_SEEN);
	assert_int_equal(sp_trust_parse("pin:" HEX_A, &t), SP_OK);
	assert_int_equal(t.mode, SP_TRUST_PIN);
	assert_memory_equal(t.pin, a, 32);
	static const char *const bad[] = {
			"", "CA", "pin", "pin:", "pin:12", HEX_A, "pin:" HEX_A "0", "no", "first"};
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_equal(sp_trust_parse(bad[i], &t), SP_EARG);
	}
}

static void test_default_file(void **state)
{
	char file[SP_TRUST_PATH];

	setenv("HOME", "/home/u", 1);
	unsetenv("XDG_CONFIG_HOME");
	sp_trust_default_file(file);
	assert_string_equal(file, "/home/u/.config/sallyport/known_hosts");
	setenv("XDG_CONFIG_HOME", "/cfg", 1);
	sp_trust_default_file(file);
	assert_string_equal(file, "/cfg/sallyport/known_hosts");
	setenv("XDG_CONFIG_HOME", "relative", 1);
	unsetenv("HOME");
	sp_trust_default_file(file);
	assert_string_equal(file, "");
}

static void test_lookup(void **state)
{
	size_t line;

	assert_int_equal(lookup("h", a, &line), SP_ENOTFOUND);
	write_file("# h:3389 " HEX_A "\n\nother:3389 " HEX_A "\nh:33890 " HEX_A "\n"
		   "h:3389 " HEX_B "\r\nH:3389\t" HEX_A "  \n[::1]:3389 " HEX_B);
	assert_int_equal(lookup("h", b, &line), SP_OK);
	assert_int_equal(lookup("H", a, &line), SP_OK);
	assert_int_equal(lookup("other", b, &line), SP_EDENIED);
	assert_int_equal(lookup("::1", b, &line), SP_OK);
	assert_int_equal(lookup("hh", b, &line), SP_ENOTFOUND);
	write_file("x:3389 " HEX_A "\nh:3389 " HEX_A "0\n");
	assert_int_equal(lookup("h", a, &line), SP_EFIELD);
	assert_int_equal(line, 2);
	assert_int_equal(lookup("x", a, &line), SP_OK);
	write_file("h:3389 \n");
	assert_int_equal(lookup("h", a, &line), SP_EFIELD);
	write_file("h:3389");
	assert_int_equal(lookup("h", a, &line), SP_EFIELD);
	write_file("h:3389 g" HEX_A);
	assert_int_equal(lookup("h", a, &line), SP_EFIELD);
}

static void test_first_seen(void **state)
{
	struct sp_trust_cert c = cert("Host.Example", a), other = cert("host.example", b);
	struct stat st;

	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NEW);
	assert_non_null(strstr(why, "aa:01:02"));
	assert_int_equal(sp_trust_remember(&trust, &c), SP_OK);
	file_is("host.example:3389 " HEX_A "\n");
	assert_int_equal(stat(trust.file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_YES);

	assert_int_equal(sp_trust_judge(&trust, &other, why), SP_TRUST_NO);
	assert_non_null(strstr(why, "has changed"));
	assert_non_null(strstr(why, "aa:01:02"));
	assert_non_null(strstr(why, "bb:01:02"));
	assert_non_null(strstr(why, trust.file));
	/* The same machine on another port is another server. */
	other.port = 3390;
	assert_int_equal(sp_trust_judge(&trust, &other, why), SP_TRUST_NEW);
	/* Somebody's editor left the last line open. */
	write_file("x:1 " HEX_A);
	assert_int_equal(sp_trust_remember(&trust, &c), SP_OK);
	file_is("x:1 " HEX_A "\nhost.example:3389 " HEX_A "\n");
	write_file("host.example:3389 damaged\n");
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NO);
	assert_non_null(strstr(why, "known_hosts:1: line damaged"));
}

static void test_folders(void **state)
{
	struct sp_trust_cert c = cert("h", a);
	char one[300], two[310];

	snprintf(one, sizeof(one), "%s/a", dir);
	snprintf(two, sizeof(two), "%s/b", one);
	snprintf(trust.file, sizeof(trust.file), "%s/known_hosts", two);
	assert_int_equal(sp_trust_remember(&trust, &c), SP_OK);
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_YES);
	unlink(trust.file);
	assert_int_equal(rmdir(two), 0);
	/* A file where a folder should be. */
	assert_int_equal(sp_file_write(two, 0600, sp_span("", 0)), SP_OK);
	assert_int_equal(sp_trust_remember(&trust, &c), SP_ESYS);
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NEW);
	unlink(two);
	/* No certificate is a folder. */
	snprintf(trust.file, sizeof(trust.file), "%s", one);
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NO);
	assert_int_equal(rmdir(one), 0);
}

static void test_modes(void **state)
{
	struct sp_trust_cert c = cert("h", a);

	trust.mode = SP_TRUST_ASK;
	c.complaint = "self-signed certificate";
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_UNSURE);
	assert_non_null(strstr(why, "self-signed"));
	assert_int_equal(sp_trust_remember(&trust, &c), SP_OK);
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_YES);
	c.cert_sha256 = b;
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NO);

	/* What was seen before counts for nothing where an authority or a pin decides. */
	trust.mode = SP_TRUST_CA;
	c.cert_sha256 = a;
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NO);
	assert_non_null(strstr(why, "not trusted: self-signed"));
	c.complaint = NULL;
	c.cert_sha256 = b;
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_YES);

	trust.mode = SP_TRUST_PIN;
	memcpy(trust.pin, a, 32);
	c.cert_sha256 = a;
	c.spki_sha256 = b;
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_YES);
	c.cert_sha256 = b;
	c.spki_sha256 = a;
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_YES);
	c.spki_sha256 = b;
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NO);
	assert_non_null(strstr(why, "bb:01:02"));
	/* Without a home nothing was ever seen. */
	trust.mode = SP_TRUST_FIRST_SEEN;
	trust.file[0] = '\0';
	assert_int_equal(sp_trust_judge(&trust, &c, why), SP_TRUST_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup(test_parse, start),
			cmocka_unit_test_setup(test_default_file, start),
			cmocka_unit_test_setup(test_lookup, start),
			cmocka_unit_test_setup(test_first_seen, start),
			cmocka_unit_test_setup(test_folders, start),
			cmocka_unit_test_setup(test_modes, start),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
