/* tests/core/base/test_wr.c - the writer: growth, cap, holes, taking the bytes, no memory. */
#include "unit.h"

#include "core/base/mem.h"
#include "core/base/wr.h"

static void test_values_and_holes(void **state)
{
	struct sp_wr w;
	uint8_t out[32];

	sp_wr_fixed(&w, out, sizeof(out));
	size_t at = sp_wr_hole(&w, 2);
	sp_wr_u8(&w, 1);
	sp_wr_le16(&w, 0x0302);
	sp_wr_be16(&w, 0x0405);
	sp_wr_le32(&w, 0x09080706);
	sp_wr_fill_be16(&w, at, w.n);
	assert_int_equal(sp_wr_ok(&w), SP_OK);
	unit_assert_span(sp_span(out, w.n), unit_hex("000b 01 0203 0405 06070809"));
	sp_wr_fill_le16(&w, at, 0x10000);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
}

static void test_cap(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 5);
	sp_wr_le32(&w, 1);
	sp_wr_le16(&w, 2);
	assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	assert_int_equal(w.n, 4);
	assert_null(sp_wr_take(&w));
	sp_wr_finish(&w);
}

static void test_take(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 100000);
	for (int i = 0; i < 5000; i++) {
		sp_wr_le16(&w, (uint16_t)i);
	}
	struct sp_rcbuf *b = sp_wr_take(&w);
	assert_non_null(b);
	assert_int_equal(b->n, 10000);
	assert_int_equal(b->p[9998] | b->p[9999] << 8, 4999);
	assert_int_equal(w.n, 0);
	struct sp_rcbuf *again = sp_rcbuf_ref(b);
	sp_rcbuf_unref(b);
	sp_rcbuf_unref(again);
	b = sp_wr_take(&w); /* empty, but a buffer */
	assert_non_null(b);
	assert_int_equal(b->n, 0);
	sp_rcbuf_unref(b);
	sp_wr_finish(&w);

	uint8_t mine[4];
	sp_wr_fixed(&w, mine, sizeof(mine));
	sp_wr_u8(&w, 1);
	assert_null(sp_wr_take(&w));
	assert_int_equal(sp_wr_ok(&w), SP_EARG);
}

static void test_no_memory(void **state)
{
	struct sp_wr w;

	sp_wr_init(&w, 100);
	sp_mem_fail_after(0);
	sp_wr_u8(&w, 1);
	sp_mem_fail_after(-1);
	assert_int_equal(sp_wr_ok(&w), SP_ENOMEM);
	sp_wr_finish(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_values_and_holes),
			cmocka_unit_test(test_cap),
			cmocka_unit_test(test_take),
			cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
