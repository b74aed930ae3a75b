/* tests/core/pdu/test_per.c - PER: lengths, users, integers. */
#include "unit.h"

#include "core/pdu/per.h"

static void test_length(void **state)
{
	static const struct {
		size_t n;
		const char *hex;
	} t[] = {{0, "00"}, {127, "7f"}, {128, "80 80"}, {264, "81 08"}, {0x3FFF, "bf ff"}};
	uint8_t buf[8];
	struct sp_wr w;
	struct sp_rd r;

	for (size_t i = 0; i < SP_LEN(t); i++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_per_write_length(&w, t[i].n);
		unit_assert_span(sp_span(buf, w.n), unit_hex(t[i].hex));
		sp_rd_init(&r, buf, w.n);
		assert_int_equal(sp_per_read_length(&r, "n"), t[i].n);
		assert_int_equal(sp_rd_end(&r), SP_OK);
	}
	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_per_write_length(&w, 0x4000);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);

	struct sp_span fifteen = unit_hex("ff ff");
	sp_rd_init(&r, fifteen.p, 2);
	assert_int_equal(sp_per_read_length(&r, "n"), 0x7FFF);
	sp_rd_init(&r, fifteen.p, 1);
	assert_int_equal(sp_per_read_length(&r, "n"), 0);
	assert_int_equal(sp_rd_ok(&r), SP_ESHORT);
	assert_string_equal(r.what, "n");
}

static void test_user(void **state)
{
	struct sp_span s = unit_hex("00 06 fc 16 fc 17");
	uint8_t buf[8];
	struct sp_wr w;
	struct sp_rd r;

	sp_rd_init(&r, s.p, s.n);
	assert_int_equal(sp_per_read_user(&r, "user"), 1007);
	assert_int_equal(sp_per_read_user(&r, "user"), 65535);
	assert_int_equal(sp_per_read_user(&r, "user"), 0); /* would be 65536 */
	assert_int_equal(sp_rd_ok(&r), SP_EFIELD);

	sp_wr_fixed(&w, buf, sizeof(buf));
	sp_per_write_user(&w, 1007);
	sp_per_write_user(&w, 65535);
	unit_assert_span(sp_span(buf, w.n), unit_hex("00 06 fc 16"));
	sp_per_write_user(&w, 1000);
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

static void test_uint(void **state)
{
	static const uint32_t values[] = {
			0, 255, 256, 65535, 65536, 0xFFFFFF, 0x1000000, 0xFFFFFFFF};
	uint8_t buf[8];
	struct sp_wr w;
	struct sp_rd r;

	for (size_t i = 0; i < SP_LEN(values); i++) {
		sp_wr_fixed(&w, buf, sizeof(buf));
		sp_per_write_uint(&w, values[i]);
		sp_rd_init(&r, buf, w.n);
		assert_int_equal(sp_per_read_uint(&r, "v"), values[i]);
		assert_int_equal(sp_rd_end(&r), SP_OK);
		sp_rd_init(&r, buf, w.n - 1);
		assert_int_equal(sp_per_read_uint(&r, "v"), 0);
		assert_int_equal(sp_rd_ok(&r), SP_ESHORT);
	}
	struct sp_span bad = unit_hex("00 05 01 02 03 04 05");
	sp_rd_init(&r, bad.p, 1);
	sp_per_read_uint(&r, "v");
	assert_int_equal(sp_rd_ok(&r), SP_EFIELD);
	sp_rd_init(&r, bad.p + 1, bad.n - 1);
	sp_per_read_uint(&r, "v");
	assert_int_equal(sp_rd_ok(&r), SP_EFIELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_length),
			cmocka_unit_test(test_user),
			cmocka_unit_test(test_uint),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
