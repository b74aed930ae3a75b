/* tests/core/codec/test_mppc.c - bulk compression of RDP 4.0 and 5.0: vectors, code words, damage. */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"
#include "core/codec/mppc.h"

#define FIRST (SP_MPPC_COMPRESSED | SP_MPPC_AT_FRONT)

static void check(unsigned type, const char *packed, const char *plain)
{
	struct sp_mppc_dec *d = sp_mppc_dec_create();
	struct sp_span in = unit_vector(packed), want = unit_vector(plain), out;

	assert_int_equal(sp_mppc_decode(d, FIRST | type, in, &out), SP_OK);
	unit_assert_span(out, want);
	/* Behind it, and at the front once more. */
	assert_int_equal(sp_mppc_decode(d, SP_MPPC_COMPRESSED | type, in, &out), SP_OK);
	unit_assert_span(out, want);
	assert_int_equal(sp_mppc_decode(d, FIRST | SP_MPPC_FLUSHED | type, in, &out), SP_OK);
	unit_assert_span(out, want);
	sp_mppc_dec_destroy(d);
}

static void test_vectors(void **state)
{
	check(SP_MPPC_TYPE_8K, "peer/freerdp/mppc/TEST_MPPC_BELLS_RDP4.bin",
			"peer/freerdp/mppc/TEST_MPPC_BELLS.bin");
	check(SP_MPPC_TYPE_8K, "spec/MS-RDPBCGR-3.1.8.2.3-mppc-bells-encoded-rdp40.hex",
			"peer/freerdp/mppc/TEST_MPPC_BELLS.bin");
	check(SP_MPPC_TYPE_64K, "peer/freerdp/mppc/TEST_MPPC_BELLS_RDP5.bin",
			"peer/freerdp/mppc/TEST_MPPC_BELLS.bin");
	check(SP_MPPC_TYPE_64K, "spec/MS-RDPBCGR-3.1.8.2.3-mppc-bells-encoded-rdp50.hex",
			"peer/freerdp/mppc/TEST_MPPC_BELLS.bin");
	check(SP_MPPC_TYPE_64K, "peer/freerdp/mppc/TEST_ISLAND_DATA_RDP5.bin",
			"peer/freerdp/mppc/TEST_ISLAND_DATA.bin");
	check(SP_MPPC_TYPE_64K, "peer/freerdp/mppc/TEST_RDP5_COMPRESSED_DATA.bin",
			"peer/freerdp/mppc/TEST_RDP5_UNCOMPRESSED_DATA.bin");
}

/* Bits as text into bytes; blanks do not count. */
static struct sp_span bits(const char *text)
{
	static uint8_t out[4096];
	size_t n = 0;

	memset(out, 0, sizeof(out));
	for (; *text; text++) {
		if (*text != ' ') {
			out[n / 8] |= (uint8_t)((*text == '1') << (7 - n % 8));
			n++;
		}
	}
	return sp_span(out, (n + 7) / 8);
}

/* n bits of v as text. */
static void put_bits(char **text, unsigned n, uint32_t v)
{
	while (n-- > 0) {
		*(*text)++ = (char)('0' + (v >> n & 1));
	}
	**text = 0;
}

static void put_tuple(char **t, bool wide, uint32_t offset, uint32_t length)
{
	static const struct {
		uint32_t base;
		unsigned prefix, prefix_n, n;
	} forms[2][4] = {{{0, 0xf, 4, 6}, {64, 0xe, 4, 8}, {320, 6, 3, 13}, {65536, 0, 0, 0}},
			{{0, 0x1f, 5, 6}, {64, 0x1e, 5, 8}, {320, 0xe, 4, 11}, {2368, 6, 3, 16}}};
	unsigned form = 3, ones = 0;

	while (forms[wide][form].base > offset) {
		form--;
	}
	put_bits(t, forms[wide][form].prefix_n, forms[wide][form].prefix);
	put_bits(t, forms[wide][form].n, offset - forms[wide][form].base);
	while (4u << ones <= length) {
		ones++;
	}
	for (unsigned i = 0; i < ones; i++) {
		put_bits(t, 1, 1);
	}
	put_bits(t, 1, 0);
	if (ones > 0) {
		put_bits(t, ones + 1, length - (2u << ones));
	}
}

/* Every offset and every length at the edges of its form, out of a history of known bytes. */
static void test_tuples(void **state)
{
	static const uint32_t offsets[] = {1, 2, 63, 64, 319, 320, 2367, 2368, 8191, 8192, 65535};
	static const uint32_t lengths[] = {3, 4, 7, 8, 15, 16, 120, 255, 256, 1023, 1024, 4095,
			4096, 4097, 8190, 8192, 16383, 16384, 32768, 65000};

	for (int wide = 0; wide < 2; wide++) {
		uint32_t size = wide ? 65536 : 8192;

		for (size_t i = 0; i < sizeof(offsets) / sizeof(*offsets); i++) {
			for (size_t k = 0; k < sizeof(lengths) / sizeof(*lengths); k++) {
				struct sp_mppc_dec *d = sp_mppc_dec_create();
				struct sp_span out;
				char text[256], *t = text;

				if (offsets[i] >= size || lengths[k] > size - 2) {
					sp_mppc_dec_destroy(d);
					continue;
				}
				put_bits(&t, 8, 'a');
				put_bits(&t, 9, 0x100 | ('b' & 0x7f)); /* 10 and 7 bits: 0xe2 */
				put_tuple(&t, wide, offsets[i], lengths[k]);
				assert_int_equal(sp_mppc_decode(d, FIRST | (unsigned)wide,
								 bits(text), &out),
						SP_OK);
				assert_int_equal(out.n, 2 + lengths[k]);
				for (uint32_t j = 2; j < out.n; j++) {
					uint32_t from = j - offsets[i];
					uint8_t want = from < j ? out.p[from]
							: (from & (size - 1)) < j
							? out.p[from & (size - 1)]
							: 0;

					assert_int_equal(out.p[j], want);
				}
				sp_mppc_dec_destroy(d);
			}
		}
	}
}

static void test_history(void **state)
{
	struct sp_mppc_dec *d = sp_mppc_dec_create();
	struct sp_span out, plain = unit_hex("010203");

	/* What is not compressed is not in the history. */
	assert_int_equal(sp_mppc_decode(d, SP_MPPC_FLUSHED, plain, &out), SP_OK);
	unit_assert_span(out, plain);
	assert_int_equal(sp_mppc_decode(d, FIRST, bits("01100001 01100010 01100011"), &out), SP_OK);
	unit_assert_span(out, unit_hex("616263"));
	assert_int_equal(sp_mppc_decode(d, SP_MPPC_COMPRESSED, bits("1111 000011 0"), &out), SP_OK);
	unit_assert_span(out, unit_hex("616263"));
	assert_int_equal(sp_mppc_decode(d, FIRST, bits("1111 000011 0"), &out), SP_OK);
	unit_assert_span(out, unit_hex("000000"));
	assert_int_equal(sp_mppc_decode(d, SP_MPPC_COMPRESSED, sp_span(NULL, 0), &out), SP_OK);
	assert_int_equal(out.n, 0);
	assert_int_equal(sp_mppc_decode(d, 0x22, plain, &out), SP_EPROTO);
	assert_int_equal(sp_mppc_decode(d, 0x23, plain, &out), SP_EPROTO);
	sp_mppc_dec_destroy(d);
}

static void cut_state(struct sp_span in, void *arg)
{
	assert_true(sp_mppc_dec_load(arg, in) <= SP_OK);
}

static void test_state(void **state)
{
	struct sp_mppc_dec *d = sp_mppc_dec_create(), *other = sp_mppc_dec_create();
	static uint8_t large[4 + SP_MPPC_MAX + 1];
	struct sp_span out, same;
	struct sp_wr w;

	assert_int_equal(sp_mppc_decode(d, FIRST, bits("01100001 01100010 01100011"), &out), SP_OK);
	sp_wr_init(&w, 1u << 20);
	assert_int_equal(sp_mppc_dec_save(d, &w), SP_OK);
	assert_int_equal(w.n, 4 + 3);
	assert_int_equal(sp_mppc_dec_load(other, sp_span(w.p, w.n)), SP_OK);
	assert_int_equal(sp_mppc_decode(d, SP_MPPC_COMPRESSED, bits("1111 000011 0"), &out), SP_OK);
	assert_int_equal(sp_mppc_decode(other, SP_MPPC_COMPRESSED, bits("1111 000011 0"), &same),
			SP_OK);
	unit_assert_span(same, out);
	unit_truncate(sp_span(w.p, w.n), cut_state, other);
	assert_int_equal(sp_mppc_dec_load(other, sp_span(large, sizeof(large))), SP_EFIELD);
	large[2] = 2;
	assert_int_equal(sp_mppc_dec_load(other, sp_span(large, 4)), SP_EFIELD);
	sp_wr_finish(&w);
	sp_mppc_dec_destroy(d);
	sp_mppc_dec_destroy(other);
}

static void test_damaged(void **state)
{
	const struct {
		unsigned type;
		const char *bits;
	} cases[] = {
			{0, "10000000"}, /* half a literal */
			{0, "1111 0000"},
			{0, "1111 000001 111110"},
			{0, "1111 000001 1111111111110 000000000000"}, /* no such length */
			{1, "11111 000001 1111111111111110 000000000000000"},
			{0, "1111 000001 111111111110 111111111111 01100001 01100001"}, /* too long */
			{0, "01100001 01100001 1111 000001 111111111110 111111111111"},
			{1, "11111 000001 111111111111110 111111111111111 01100001 01100001"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sp_mppc_dec *d = sp_mppc_dec_create();
		struct sp_span out;

		assert_int_equal(
				sp_mppc_decode(d, FIRST | cases[i].type, bits(cases[i].bits), &out),
				SP_ECODEC);
		sp_mppc_dec_destroy(d);
	}
}

static void cut(struct sp_span in, void *arg)
{
	struct sp_mppc_dec *d = sp_mppc_dec_create();
	struct sp_span want = *(struct sp_span *)arg, out;
	int rc = sp_mppc_decode(d, FIRST | SP_MPPC_TYPE_64K, in, &out);

	assert_true(rc == SP_ECODEC || rc == SP_OK);
	if (rc == SP_OK) { /* the start of it */
		assert_true(out.n <= want.n);
		assert_memory_equal(out.p, want.p, out.n);
	}
	sp_mppc_dec_destroy(d);
}

static void test_truncated(void **state)
{
	struct sp_span want = unit_vector("peer/freerdp/mppc/TEST_RDP5_UNCOMPRESSED_DATA.bin");

	unit_truncate(unit_vector("peer/freerdp/mppc/TEST_RDP5_COMPRESSED_DATA.bin"), cut, &want);
}

static void test_no_memory(void **state)
{
	sp_mem_fail_after(0);
	assert_null(sp_mppc_dec_create());
	sp_mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_vectors),
			cmocka_unit_test(test_tuples),
			cmocka_unit_test(test_history),
			cmocka_unit_test(test_state),
			cmocka_unit_test(test_damaged),
			cmocka_unit_test(test_truncated),
			cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
