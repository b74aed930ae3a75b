/* tests/core/auth/test_der.c - strict DER: lengths, integers, nesting, and back again. */
#include "unit.h"

#include <string.h>

#include "core/auth/der.h"

static int size_of(const char *hex)
{
	return sp_der_size(unit_hex(hex), 65536);
}

static void test_size(void **state)
{
	assert_int_equal(size_of(""), 0);
	assert_int_equal(size_of("30"), 0);
	assert_int_equal(size_of("3000"), 2);
	assert_int_equal(size_of("307f"), 129);
	assert_int_equal(size_of("3081"), 0);
	assert_int_equal(size_of("308180"), 131);
	assert_int_equal(size_of("30820100"), 260);
	assert_int_equal(size_of("308201"), 0);
	assert_int_equal(size_of("3082fffc"), 65536);
	/* indefinite, longer than needed, larger than allowed */
	assert_int_equal(size_of("3080"), SP_EFIELD);
	assert_int_equal(size_of("30817f"), SP_EFIELD);
	assert_int_equal(size_of("308200ff"), SP_EFIELD);
	assert_int_equal(size_of("308300ffff"), SP_EFIELD);
	assert_int_equal(size_of("3082fffd"), SP_ELIMIT);
	assert_int_equal(size_of("3083ffffff"), SP_ELIMIT);
	assert_int_equal(size_of("3084"), SP_ELIMIT);
	assert_int_equal(size_of("30ff"), SP_ELIMIT);
}

static int u32_of(const char *hex, uint32_t *v)
{
	struct sp_span in = unit_hex(hex);
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	*v = sp_der_u32(&r, SP_DER_INTEGER, "n");
	return sp_rd_end(&r);
}

static void test_integers(void **state)
{
	static const struct {
		const char *hex;
		uint32_t v;
	} good[] = {
			{"020100", 0},
			{"020106", 6},
			{"02017f", 127},
			{"02020080", 128},
			{"0204c000006d", 0xC000006D},
			{"020500c000006d", 0xC000006D},
			{"0201ff", 0xFFFFFFFF},
			{"02047fffffff", 0x7FFFFFFF},
			{"020500ffffffff", 0xFFFFFFFF},
	};
	static const char *const bad[] = {"0200", "02020006", "0202ff80", "02050100000000",
			"0206000000000001", "0a0100", "0281010", "02810106", "0202"};
	uint32_t v;

	for (size_t i = 0; i < SP_LEN(good); i++) {
		assert_int_equal(u32_of(good[i].hex, &v), SP_OK);
		assert_int_equal(v, good[i].v);
	}
	for (size_t i = 0; i < SP_LEN(bad); i++) {
		assert_int_not_equal(u32_of(bad[i], &v), SP_OK);
		assert_int_equal(v, 0);
	}
}

static void test_integers_back(void **state)
{
	static const int32_t all[] = {0, 1, 6, 127, 128, 255, 256, 32767, 32768, 65536, 0x7FFFFF,
			0x800000, INT32_MAX, -1, -128, -129, -32768, -32769, (int32_t)0xC000006D,
			INT32_MIN};
	uint8_t out[8];
	uint32_t v;

	for (size_t i = 0; i < SP_LEN(all); i++) {
		struct sp_wr w;
		struct sp_rd r;

		sp_wr_fixed(&w, out, sizeof(out));
		sp_der_put_int(&w, all[i]);
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		sp_rd_init(&r, out, w.n);
		v = sp_der_u32(&r, SP_DER_INTEGER, "n");
		assert_int_equal(sp_rd_end(&r), SP_OK);
		assert_int_equal((int32_t)v, all[i]);
	}
}

static void test_lengths_back(void **state)
{
	static const size_t all[] = {0, 1, 127, 128, 255, 256, 65535, 65536, 70000};
	static uint8_t content[70000];
	struct sp_wr w;

	memset(content, 0x5A, sizeof(content));
	sp_wr_init(&w, 200000);
	for (size_t i = 0; i < SP_LEN(all); i++) {
		struct sp_rd r;

		sp_wr_reset(&w);
		size_t seq = sp_der_open(&w, SP_DER_SEQUENCE);
		sp_der_put_octets(&w, 3, sp_span(content, all[i]));
		sp_der_close(&w, seq);
		assert_int_equal(sp_wr_ok(&w), SP_OK);
		assert_int_equal(sp_der_size(sp_span(w.p, w.n), 200000), w.n);
		sp_rd_init(&r, w.p, w.n);
		struct sp_rd sub = sp_der_enter(&r, SP_DER_SEQUENCE, "seq");
		assert_null(sp_der_optional_octets(&sub, 2, "two").p);
		unit_assert_span(
				sp_der_optional_octets(&sub, 3, "three"), sp_span(content, all[i]));
		assert_int_equal(sp_rd_end(&sub), SP_OK);
		assert_int_equal(sp_rd_end(&r), SP_OK);
	}
	sp_wr_finish(&w);
}

static void test_full_writer(void **state)
{
	uint8_t out[10];

	for (size_t cap = 0; cap < 10; cap++) {
		struct sp_wr w;

		sp_wr_fixed(&w, out, cap);
		size_t mark = sp_der_open(&w, SP_DER_SEQUENCE);
		sp_der_put(&w, SP_DER_OCTETS, sp_span("123456", 6));
		sp_der_close(&w, mark);
		assert_int_equal(sp_wr_ok(&w), SP_ESPACE);
	}
}

static void test_nesting(void **state)
{
	/* Children may not read their sibling's bytes, and bytes left over are an error. */
	struct sp_span in = unit_hex("3006 3002 0401 0500");
	struct sp_rd r;

	sp_rd_init(&r, in.p, in.n);
	struct sp_rd outer = sp_der_enter(&r, SP_DER_SEQUENCE, "outer");
	struct sp_rd inner = sp_der_enter(&outer, SP_DER_SEQUENCE, "inner");
	(void)sp_der_take(&inner, SP_DER_OCTETS, "octets");
	assert_int_equal(sp_rd_ok(&r), SP_ESHORT);
	assert_string_equal(r.what, "octets");

	in = unit_hex("3004 0401 0500");
	sp_rd_init(&r, in.p, in.n);
	outer = sp_der_enter(&r, SP_DER_SEQUENCE, "outer");
	(void)sp_der_element(&outer, SP_DER_OCTETS, "octets");
	sp_der_leave(&outer);
	assert_int_equal(sp_rd_end(&r), SP_ETRAIL);

	/* Nine cursors below each other are one too many. */
	in = unit_hex("3010 300e 300c 300a 3008 3006 3004 3002 3000");
	struct sp_rd level[10];
	sp_rd_init(&level[0], in.p, in.n);
	for (int i = 1; i < 10; i++) {
		level[i] = sp_der_enter(&level[i - 1], SP_DER_SEQUENCE, "level");
		assert_int_equal(sp_rd_ok(&level[i]), i <= SP_DER_MAX_DEPTH ? SP_OK : SP_ELIMIT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_size),
			cmocka_unit_test(test_integers),
			cmocka_unit_test(test_integers_back),
			cmocka_unit_test(test_lengths_back),
			cmocka_unit_test(test_full_writer),
			cmocka_unit_test(test_nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
