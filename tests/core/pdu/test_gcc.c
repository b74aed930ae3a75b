/* tests/core/pdu/test_gcc.c - the conference wrapping and the walk over blocks. */
#include "unit.h"

#include "core/pdu/gcc.h"

#define REQUEST "00 05 00 14 7c 00 01 80 10 00 08 00 10 00 01 c0 00 44 75 63 61 80 02 "
#define RESPONSE "00 05 00 14 7c 00 01 2a 14 76 0a 01 01 00 01 c0 00 4d 63 44 6e "

static int open_request(const char *hex, struct sp_rd *r)
{
	struct sp_span s = unit_hex(hex);

	sp_rd_init(r, s.p, s.n);
	return sp_gcc_request_open(r);
}

static int open_response(const char *hex, struct sp_rd *r)
{
	struct sp_span s = unit_hex(hex);

	sp_rd_init(r, s.p, s.n);
	return sp_gcc_response_open(r);
}

static void test_request(void **state)
{
	struct sp_rd r;
	struct sp_wr w;

	sp_wr_init(&w, 64);
	size_t mark = sp_gcc_request_begin(&w);
	sp_wr_le16(&w, 0xAAAA);
	sp_gcc_request_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(w.p, w.n), unit_hex(REQUEST "aa aa"));
	sp_wr_finish(&w);

	assert_int_equal(open_request(REQUEST "aa aa", &r), SP_OK);
	assert_int_equal(sp_rd_left(&r), 2);
	assert_int_equal(open_request(REQUEST "aa", &r), SP_EFIELD);
	assert_int_equal(open_request(REQUEST "aa aa aa", &r), SP_EFIELD);
	assert_string_equal(r.what, "gcc.userData");
	assert_int_equal(open_request(RESPONSE "00", &r), SP_EFIELD);
	assert_int_equal(open_request("00 05 00 14 7c 00 02 00", &r), SP_EFIELD);
	assert_string_equal(r.what, "gcc.key");
	assert_int_equal(open_request("00 05 00 14 7c 00 01 10 00 08 00 10 00 01 c0 00 4d 63 44 6e "
				      "00",
					 &r),
			SP_EFIELD);
	assert_string_equal(r.what, "gcc.h221NonStandard");
}

static void test_response(void **state)
{
	static const size_t sizes[] = {0, 1, 127, 128, 264, 0x3FFF};

	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		struct sp_rd r;
		struct sp_wr w;

		sp_wr_init(&w, 1 << 15);
		size_t mark = sp_gcc_response_begin(&w);
		for (size_t n = 0; n < sizes[i]; n++) {
			sp_wr_u8(&w, (uint8_t)n);
		}
		sp_gcc_response_end(&w, mark);
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		assert_int_equal(w.n, 21 + (sizes[i] < 128 ? 1 : 2) + sizes[i]);
		sp_rd_init(&r, w.p, w.n);
		assert_int_equal(sp_gcc_response_open(&r), SP_OK);
		assert_int_equal(sp_rd_left(&r), sizes[i]);
		for (size_t n = 0; n < sizes[i]; n++) {
			assert_int_equal(sp_rd_u8(&r), (uint8_t)n);
		}
		sp_wr_finish(&w);
	}
}

static void test_response_forms(void **state)
{
	struct sp_rd r;

	assert_int_equal(open_response(RESPONSE "01 aa", &r), SP_OK);
	assert_int_equal(open_response(RESPONSE "80 01 aa", &r), SP_OK);
	assert_int_equal(open_response(RESPONSE "02 aa", &r), SP_EFIELD);
	/* another node, a longer tag, a true length in two bytes */
	assert_int_equal(open_response("00 05 00 14 7c 00 01 80 1a 14 00 01 02 01 00 00 01 c0 00 "
				       "4d 63 "
				       "44 6e 00",
					 &r),
			SP_OK);
	/* result: user rejected */
	assert_int_equal(open_response("00 05 00 14 7c 00 01 2a 14 76 0a 01 01 20 01 c0 00 4d 63 "
				       "44 6e "
				       "00",
					 &r),
			SP_EFIELD);
	assert_string_equal(r.what, "gcc.result");
	assert_int_equal(open_response(REQUEST "aa aa", &r), SP_EFIELD);
}

static void test_too_much(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 1 << 16);
	size_t mark = sp_gcc_response_begin(&w);
	sp_wr_zero(&w, 0x4000);
	sp_gcc_response_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	sp_wr_reset(&w);
	mark = sp_gcc_request_begin(&w);
	sp_wr_zero(&w, 0x4000);
	sp_gcc_request_end(&w, mark);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	sp_wr_finish(&w);
}

static void test_blocks(void **state)
{
	uint8_t buf[64];
	struct sp_rd r, body;
	struct sp_wr w;
	uint16_t type;

	sp_wr_fixed(&w, buf, sizeof(buf));
	size_t mark = sp_gcc_block_begin(&w, SP_GCC_CS_CORE);
	sp_wr_u8(&w, 7);
	sp_gcc_block_end(&w, mark);
	mark = sp_gcc_block_begin(&w, SP_GCC_SC_NET);
	sp_gcc_block_end(&w, mark);
	unit_assert_span(sp_span(buf, w.n), unit_hex("01 c0 05 00 07 03 0c 04 00"));

	sp_rd_init(&r, buf, w.n);
	assert_true(sp_gcc_next(&r, &type, &body));
	assert_int_equal(type, SP_GCC_CS_CORE);
	assert_int_equal(sp_rd_left(&body), 1);
	assert_true(sp_gcc_next(&r, &type, &body));
	assert_int_equal(type, SP_GCC_SC_NET);
	assert_int_equal(sp_rd_left(&body), 0);
	assert_false(sp_gcc_next(&r, &type, &body));
	assert_int_equal(sp_rd_end(&r), SP_OK);
}

static void test_blocks_bad(void **state)
{
	static const char *const bad[] = {"01 c0 03 00", "01 c0 00 00", "01 c0 05 00",
			"01 c0 ff ff 00", "01 c0 04", "01"};

	for (size_t i = 0; i < SP_LEN(bad); i++) {
		struct sp_span s = unit_hex(bad[i]);
		struct sp_rd r, body;
		uint16_t type;

		sp_rd_init(&r, s.p, s.n);
		assert_false(sp_gcc_next(&r, &type, &body));
		assert_true(sp_rd_ok(&r) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_request),
			cmocka_unit_test(test_response),
			cmocka_unit_test(test_response_forms),
			cmocka_unit_test(test_too_much),
			cmocka_unit_test(test_blocks),
			cmocka_unit_test(test_blocks_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
