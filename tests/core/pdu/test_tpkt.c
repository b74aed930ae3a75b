/* tests/core/pdu/test_tpkt.c - frames in the stream and the TPKT header. */
#include "unit.h"

#include "core/pdu/tpkt.h"

static int length(const char *hex)
{
	struct sp_span s = unit_hex(hex);

	return sp_frame_length(s.p, s.n);
}

static void test_frame_length(void **state)
{
	assert_int_equal(length(""), 0);
	assert_int_equal(length("03"), 0);
	assert_int_equal(length("03 00 00"), 0);
	assert_int_equal(length("03 00 01 a0"), 416);
	assert_int_equal(length("03 00 00 07 aa"), 7);
	assert_int_equal(length("03 00 ff ff"), 65535);
	assert_int_equal(length("00"), 0);
	assert_int_equal(length("00 03"), 3);
	assert_int_equal(length("c4 7f"), 127);
	assert_int_equal(length("04 80"), 0);
	assert_int_equal(length("04 80 04"), 4); /* a long form that a short one could do */
	assert_int_equal(length("04 ff ff"), 0x7FFF);
}

static void test_frame_length_bad(void **state)
{
	assert_int_equal(length("03 00 00 06"), SP_EFIELD);
	assert_int_equal(length("03 00 00 00"), SP_EFIELD);
	assert_int_equal(length("00 02"), SP_EFIELD); /* nothing behind the header */
	assert_int_equal(length("00 00"), SP_EFIELD);
	assert_int_equal(length("00 80 03"), SP_EFIELD);
	assert_int_equal(length("00 80 00"), SP_EFIELD);
	assert_int_equal(length("07"), SP_EFIELD); /* low bits of TPKT, other version */
	for (unsigned first = 0; first < 256; first++) {
		uint8_t b = (uint8_t)first;

		if ((b & 3) == 1 || (b & 3) == 2) { /* 0x16 among them: a TLS handshake */
			assert_int_equal(sp_frame_length(&b, 1), SP_EFIELD);
		}
	}
}

static void test_round_trip(void **state)
{
	uint8_t buf[32];
	struct sp_wr w;
	struct sp_rd r;

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_wr_u8(&w, 0x55); /* a mark is no assumption about where the writer stands */
	size_t mark = sp_tpkt_begin(&w);
	sp_wr_be32(&w, 0x01020304);
	sp_tpkt_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(buf, w.n), unit_hex("55 03 00 00 08 01 02 03 04"));

	sp_rd_init(&r, buf + 1, w.n - 1);
	assert_int_equal(sp_tpkt_read(&r), SP_OK);
	assert_int_equal(sp_rd_left(&r), 4);
}

static void check_bad(const char *hex, int err)
{
	struct sp_span s = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	assert_int_equal(sp_tpkt_read(&r), err);
	assert_int_equal(sp_rd_ok(&r), err);
}

static void test_bad_header(void **state)
{
	check_bad("", SP_ESHORT);
	check_bad("03 00 00", SP_ESHORT);
	check_bad("02 00 00 08 01 02 03 04", SP_EFIELD);
	check_bad("03 00 00 09 01 02 03 04", SP_EFIELD);
	check_bad("03 00 00 07 01 02 03 04", SP_EFIELD);
}

static void test_too_long(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 20);
	size_t mark = sp_tpkt_begin(&w);
	sp_wr_zero(&w, 0xFFFF - SP_TPKT_HEADER);
	sp_tpkt_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	sp_wr_u8(&w, 0);
	sp_tpkt_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_frame_length),
			cmocka_unit_test(test_frame_length_bad),
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_bad_header),
			cmocka_unit_test(test_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
