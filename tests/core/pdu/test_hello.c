/* tests/core/pdu/test_hello.c - a ClientHello: what is read of it, what JA4 says, and what is refused. */
#include "unit.h"

#include <string.h>

#include "core/pdu/hello.h"

/* The example of JA4's own description, as a hello with GREASE in each list. */
#define CIPHERS "1a1a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
#define SIGS "0403 0804 0401 0503 0805 0501 0806 0601"
#define EXTS \
	"3a3a0000 0000000600040000 0161 00170000 ff01000100 000a0000 000b0000 00230000" \
	"0010000e 000c026832 08687474702f312e31 00050000 000d0012 0010" SIGS " 00120000" \
	"00330000 002d0000 002b0007 06 4a4a 0304 0303 001b0000 44690000 00150000 5a5a0000"

static struct sp_span hello(const char *ciphers, const char *exts)
{
	static uint8_t out[4096];
	struct sp_span c = unit_hex(ciphers), e = unit_hex(exts);
	struct sp_wr w;

	sp_wr_fixed(&w, out, sizeof(out));
	sp_wr_u8(&w, 1);
	sp_wr_u8(&w, 0);
	sp_wr_be16(&w, (uint16_t)(2 + 32 + 2 + 2 + c.n + 2 + (e.n > 0 ? 2 + e.n : 0)));
	sp_wr_be16(&w, 0x0303);
	for (int i = 0; i < 32; i++) {
		sp_wr_u8(&w, (uint8_t)i);
	}
	sp_wr_u8(&w, 1);
	sp_wr_u8(&w, 0x77); /* session id */
	sp_wr_be16(&w, (uint16_t)c.n);
	sp_wr_span(&w, c);
	sp_wr_be16(&w, 0x0100); /* one compression method: none */
	if (e.n > 0) {
		sp_wr_be16(&w, (uint16_t)e.n);
		sp_wr_span(&w, e);
	}
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	return sp_span(out, w.n);
}

static struct sp_hello h;

static int take(struct sp_span in)
{
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	return sp_hello_read(&r, &h);
}

static void assert_ja4(const char *start, const char *ciphers, const char *extensions)
{
	char c[SP_HELLO_TEXT], e[SP_HELLO_TEXT], s[11];
	struct sp_wr cw, ew;

	sp_wr_fixed(&cw, c, sizeof(c) - 1);
	sp_wr_fixed(&ew, e, sizeof(e) - 1);
	sp_hello_ja4(&h, s, &cw, &ew);
	c[cw.n] = e[ew.n] = '\0';
	assert_string_equal(s, start);
	assert_string_equal(c, ciphers);
	assert_string_equal(e, extensions);
}

static void test_example(void **state)
{
	assert_int_equal(take(hello(CIPHERS, EXTS)), SP_OK);
	assert_int_equal(h.version, 0x0304);
	assert_ja4("t13d1516h2",
			"002f,0035,009c,009d,1301,1302,1303,c013,c014,c02b,c02c,c02f,c030,cca8,"
			"cca9",
			"0005,000a,000b,000d,0012,0015,0017,001b,0023,002b,002d,0033,4469,ff01_"
			"0403,0804,0401,0503,0805,0501,0806,0601");
}

static void test_plain(void **state)
{
	/* As old clients are: no extensions, no name; and nothing at all. */
	assert_int_equal(take(hello("c02f 009c", "")), SP_OK);
	assert_ja4("t12i020000", "009c,c02f", "");
	assert_int_equal(take(hello("", "00170000")), SP_OK);
	assert_ja4("t12i000100", "", "0017");
	/* Protocols whose names are no letters, or have one. */
	assert_int_equal(take(hello("c02f", "0010 0005 0003 02 ab cd")), SP_OK);
	assert_ja4("t12i0101ad", "c02f", "");
	assert_int_equal(take(hello("c02f", "0010 0004 0002 01 78")), SP_OK);
	assert_ja4("t12i0101xx", "c02f", "");
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
			"000d 0004 0003 0403", /* a list whose length is odd */
			"000d 0003 0002 0403", /* longer than its extension */
			"002b 0003 02 0304 00", /* more than its list */
			"0010 0005 0003 05 6161", /* a name longer than the list */
			"0017 0001", /* one that is cut */
	};
	uint8_t other[] = {2, 0, 0, 0};
	struct sp_span in;

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_true(take(hello("c02f", bad[i])) < 0);
	}
	assert_int_equal(take(sp_span(other, sizeof(other))), SP_ESTATE);
	/* More than a list holds. */
	char many[5 * (SP_HELLO_LIST + 1) + 1];
	for (size_t i = 0; i <= SP_HELLO_LIST; i++) {
		memcpy(many + 5 * i, "c02f ", 6);
	}
	assert_int_equal(take(hello(many, "")), SP_ELIMIT);
	many[sizeof(many) - 6] = '\0';
	assert_int_equal(take(hello(many, "")), SP_OK);
	assert_int_equal(h.ciphers.n, SP_HELLO_LIST);
	/* What stands behind it. */
	in = hello("c02f", "");
	assert_true(take(sp_span(in.p, in.n + 1)) < 0);
}

static void cut(struct sp_span in, void *arg)
{
	assert_true(take(in) < 0);
}

static void test_truncated(void **state)
{
	unit_truncate(hello(CIPHERS, EXTS), cut, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_example),
			cmocka_unit_test(test_plain),
			cmocka_unit_test(test_refused),
			cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
