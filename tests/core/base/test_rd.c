/* tests/core/base/test_rd.c - the read cursor: values, stickiness, parts. */
#include "unit.h"

#include "core/base/rd.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};

static void test_values(void **state)
{
	struct sp_rd r;

	sp_rd_init(&r, bytes, sizeof(bytes));
	assert_int_equal(sp_rd_u8(&r), 1);
	assert_int_equal(sp_rd_le16(&r), 0x0302);
	assert_int_equal(sp_rd_be16(&r), 0x0405);
	assert_int_equal(sp_rd_le32(&r), 0x09080706);
	assert_int_equal(sp_rd_end(&r), SP_ETRAIL);
	sp_rd_init(&r, bytes, 8);
	assert_true(sp_rd_le64(&r) == 0x0807060504030201u);
	assert_int_equal(sp_rd_end(&r), SP_OK);
	sp_rd_init(&r, bytes, 4);
	assert_int_equal(sp_rd_be32(&r), 0x01020304);
}

static void test_first_failure_sticks(void **state)
{
	struct sp_rd r;

	sp_rd_init(&r, bytes, 3);
	sp_rd_u8(&r);
	assert_int_equal(sp_rd_le32(&r), 0);
	assert_int_equal(sp_rd_u8(&r), 0); /* there would be a byte, but nothing moves any more */
	sp_rd_fail(&r, SP_EFIELD, "later");
	assert_int_equal(sp_rd_ok(&r), SP_ESHORT);
	assert_int_equal(r.at, 1);
	assert_int_equal(sp_rd_left(&r), 0);
}

static void test_part_keeps_to_its_bytes(void **state)
{
	struct sp_rd r;

	sp_rd_init(&r, bytes, sizeof(bytes));
	struct sp_rd part = sp_rd_sub(&r, 2);
	assert_int_equal(sp_rd_le16(&part), 0x0201);
	assert_int_equal(sp_rd_end(&part), SP_OK);
	assert_int_equal(sp_rd_u8(&r), 3);
	part = sp_rd_sub(&r, 1);
	sp_rd_le16(&part);
	assert_int_equal(sp_rd_ok(&part), SP_ESHORT);
	assert_int_equal(sp_rd_ok(&r), SP_ESHORT); /* a part that fails fails the whole */
	assert_int_equal(r.at, 3);
}

static void test_part_longer_than_whole(void **state)
{
	struct sp_rd r;

	sp_rd_init(&r, bytes, 4);
	struct sp_rd part = sp_rd_sub(&r, 5);
	assert_int_equal(sp_rd_left(&part), 0);
	assert_int_equal(sp_rd_u8(&part), 0);
	assert_int_equal(sp_rd_ok(&part), SP_ESHORT);
	assert_int_equal(sp_rd_ok(&r), SP_ESHORT);
}

static void test_nothing(void **state)
{
	struct sp_rd r;
	uint8_t out[2] = {7, 7};

	sp_rd_init(&r, NULL, 5);
	assert_int_equal(sp_rd_left(&r), 0);
	sp_rd_copy(&r, out, 2);
	assert_int_equal(out[0] | out[1], 0);
	assert_int_equal(sp_rd_ok(&r), SP_ESHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_values),
			cmocka_unit_test(test_first_failure_sticks),
			cmocka_unit_test(test_part_keeps_to_its_bytes),
			cmocka_unit_test(test_part_longer_than_whole),
			cmocka_unit_test(test_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
