/* tests/core/pdu/test_ber.c - BER: integers, booleans, parts. */
#include "unit.h"

#include "core/pdu/ber.h"

static void test_uint_round_trip(void **state)
{
	static const struct {
		uint32_t v;
		const char *hex;
	} t[] = {
			{0, "02 01 00"},
			{127, "02 01 7f"},
			{128, "02 02 00 80"},
			{1056, "02 02 04 20"},
			{65528, "02 03 00 ff f8"}, /* as in [MS-RDPBCGR] 4.1.4 */
			{0x7FFFFFFF, "02 04 7f ff ff ff"},
			{0xFFFFFFFF, "02 05 00 ff ff ff ff"},
	};

	for (size_t i = 0; i < SP_LEN(t); i++) {
		uint8_t buf[8];
		struct sp_wr w;
		struct sp_rd r;

		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_ber_write_uint(&w, SP_BER_INTEGER, t[i].v);
		unit_assert_span(sp_span(buf, w.n), unit_hex(t[i].hex));
		assert_int_equal(sp_ber_uint_size(t[i].v), w.n);
		sp_rd_init(&r, buf, w.n);
		assert_int_equal(sp_ber_read_uint(&r, SP_BER_INTEGER, "v"), t[i].v);
		assert_int_equal(sp_rd_end(&r), SP_OK);
	}
}

static uint32_t uint_of(const char *hex, int err)
{
	struct sp_span s = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	uint32_t v = sp_ber_read_uint(&r, SP_BER_INTEGER, "v");
	assert_int_equal(sp_rd_end(&r), err);
	return v;
}

static void test_uint_forms(void **state)
{
	assert_int_equal(uint_of("02 02 ff ff", SP_OK), 65535); /* no sign */
	assert_int_equal(uint_of("02 81 01 05", SP_OK), 5);
	assert_int_equal(uint_of("02 82 00 01 05", SP_OK), 5);
	assert_int_equal(uint_of("02 00", SP_EFIELD), 0);
	assert_int_equal(uint_of("02 05 01 00 00 00 00", SP_EFIELD), 0);
	assert_int_equal(uint_of("02 06 00 00 00 00 00 01", SP_EFIELD), 0);
	assert_int_equal(uint_of("03 01 00", SP_EFIELD), 0);
	assert_int_equal(uint_of("02 80 05 00 00", SP_EFIELD), 0); /* indefinite */
	assert_int_equal(uint_of("02 83 00 00 01 05", SP_EFIELD), 0);
	assert_int_equal(uint_of("02 02 01", SP_ESHORT), 0);
	assert_int_equal(uint_of("02", SP_ESHORT), 0);
	assert_int_equal(uint_of("", SP_ESHORT), 0);
}

static void test_bool(void **state)
{
	struct sp_span s = unit_hex("01 01 ff 01 01 00 01 01 01 01 02 ff ff");
	struct sp_rd r;
	uint8_t buf[8];
	struct sp_wr w;

	sp_rd_init(&r, s.p, s.n);
	assert_true(sp_ber_read_bool(&r, "b"));
	assert_false(sp_ber_read_bool(&r, "b"));
	assert_true(sp_ber_read_bool(&r, "b"));
	assert_false(sp_ber_read_bool(&r, "b"));
	assert_int_equal(sp_rd_ok(&r), SP_ETRAIL);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_ber_write_bool(&w, true);
	sp_ber_write_bool(&w, false);
	unit_assert_span(sp_span(buf, w.n), unit_hex("01 01 ff 01 01 00"));
}

static void test_parts(void **state)
{
	static const size_t sizes[] = {0, 127, 128, 255, 256, 65535};

	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		struct sp_wr w;
		struct sp_rd r;

		sp_wr_init(&w, 70000);
		sp_ber_write(&w, SP_BER_MCS_INITIAL, sizes[i]);
		assert_int_equal(w.n, sp_ber_size(SP_BER_MCS_INITIAL, sizes[i]));
		sp_wr_zero(&w, sizes[i]);
		sp_rd_init(&r, w.p, w.n);
		struct sp_rd part = sp_ber_read(&r, SP_BER_MCS_INITIAL, "part");
		assert_int_equal(sp_rd_left(&part), sizes[i]);
		assert_int_equal(sp_rd_end(&r), SP_OK);

		sp_rd_init(&r, w.p, w.n);
		part = sp_ber_read(&r, SP_BER_MCS_RESPONSE, "other");
		assert_int_equal(sp_rd_ok(&part), SP_EFIELD);
		assert_string_equal(r.what, "other");
		sp_ber_write(&w, SP_BER_SEQUENCE, 65536);
		assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
		sp_wr_finish(&w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_uint_round_trip),
			cmocka_unit_test(test_uint_forms),
			cmocka_unit_test(test_bool),
			cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
