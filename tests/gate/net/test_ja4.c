/* tests/gate/net/test_ja4.c - a ClientHello's fingerprint, whole. */
#include "unit.h"

#include "gate/net/ja4.h"

static void test_known(void **state)
{
	/* The example of JA4's description. */
	struct sp_span in = unit_hex(
			"01 0000bf 0303"
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00"
			"0020 1a1a 1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c "
			"009d "
			"002f 0035 0100 0076"
			"3a3a0000 0000000600040000 0161 00170000 ff01000100 000a0000 000b0000 "
			"00230000 0010000e 000c026832 08687474702f312e31 00050000 000d0012 0010"
			"0403 0804 0401 0503 0805 0501 0806 0601 00120000 00330000 002d0000"
			"002b0007 06 4a4a 0304 0303 001b0000 44690000 00150000 5a5a0000");
	char out[SP_JA4];

	sp_net_ja4(in, out);
	assert_string_equal(out, "t13d1516h2_8daaf6152771_e5627efa2ab1");
	/* One without anything in it, and what is none. */
	in = unit_hex("01 000029 0303"
		      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 00"
		      "0000 0100 0000");
	sp_net_ja4(in, out);
	assert_string_equal(out, "t12i000000_000000000000_000000000000");
	sp_net_ja4(sp_span(in.p, in.n - 3), out);
	assert_string_equal(out, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
