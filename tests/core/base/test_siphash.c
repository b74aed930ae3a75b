/* tests/core/base/test_siphash.c - the vectors of its authors. */
#include "core/base/siphash.h"

#include "core/base/attr.h"
#include "unit.h"

/* Of the bytes 00, 01, ... under the key 00 to 0f, by how many there are. */
static void test_vectors(void **state)
{
	static const struct {
		size_t n;
		uint64_t want;
	} rows[] = {{0, UINT64_C(0x726FDB47DD0E0E31)}, {1, UINT64_C(0x74F839C593DC67FD)},
			{7, UINT64_C(0xAB0200F58B01D137)}, {8, UINT64_C(0x93F5F5799A932462)},
			{15, UINT64_C(0xA129CA6149BE45E5)}};
	static const uint64_t key[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0F0E0D0C0B0A0908)};
	uint8_t bytes[16];

	(void)state;
	for (uint8_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = i;
	}
	for (size_t i = 0; i < SP_LEN(rows); i++) {
		assert_true(sp_siphash(key, bytes, rows[i].n) == rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_vectors)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
