/* tests/core/view/test_tilekey.c - keys of tiles: of every pixel, of the size, and of nothing else. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/siphash.h"
#include "core/view/tilecache.h"
#include "core/view/tilekey.h"

#define SIDE SP_MIRROR_TILE
#define STRIDE ((size_t)SIDE * 4 + 12)

static const uint64_t seed[2] = {0x0123456789abcdef, 42};

static void fill(uint8_t *px, uint32_t dice)
{
	for (size_t i = 0; i < STRIDE * SIDE; i++) {
		dice = dice * 1664525u + 1013904223u;
		px[i] = (uint8_t)(dice >> 24);
	}
}

/* The same, as one would write it down. */
static uint64_t plainly(const uint8_t *px, uint32_t w, uint32_t h)
{
	uint64_t sum[3] = {0, 0, (uint64_t)w << 32 | h};
	uint32_t word[2][SIDE + 1], m[SIDE + 1];

	for (uint32_t y = 0; y < h; y++) {
		memset(m, 0, sizeof(m));
		for (uint32_t x = 0; x < SIDE; x++) {
			uint32_t i = y * SIDE + x, j = i + 4;

			word[0][x] = (uint32_t)sp_siphash(seed, &i, sizeof(i));
			word[1][x] = (uint32_t)sp_siphash(seed, &j, sizeof(j));
			if (x < w) {
				const uint8_t *p = px + y * STRIDE + 4 * x;

				m[x] = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
			}
		}
		for (uint32_t x = 0; x < w; x += 2) {
			for (int k = 0; k < 2; k++) {
				sum[k] += (uint64_t)(uint32_t)(m[x] + word[k][x]) *
						(uint32_t)(m[x + 1] + word[k][x + 1]);
			}
		}
	}
	return sp_siphash(seed, sum, sizeof(sum));
}

static void test_keys(void **state)
{
	static const uint32_t sizes[][2] = {
			{64, 64}, {63, 64}, {64, 5}, {1, 1}, {2, 1}, {1, 2}, {5, 7}, {62, 33}};
	struct sp_tilekeys *k = sp_tilekeys_create(seed);
	uint8_t *px = malloc(STRIDE * SIDE);

	fill(px, 5);
	for (size_t i = 0; i < SP_LEN(sizes); i++) {
		uint32_t w = sizes[i][0], h = sizes[i][1];
		uint64_t key = sp_tilekey(k, px, STRIDE, w, h);

		assert_true(key == plainly(px, w, h));
		for (uint32_t y = 0; y < h; y++) {
			for (uint32_t x = 0; x < w; x++) {
				uint8_t *p = px + y * STRIDE + 4 * x;

				p[(x + y) % 3] ^= 1;
				p[3] ^= 0xff;
				assert_true(sp_tilekey(k, px, STRIDE, w, h) != key);
				p[(x + y) % 3] ^= 1;
				assert_true(sp_tilekey(k, px, STRIDE, w, h) == key);
			}
		}
		/* What stands beside it does not count. */
		px[4 * w] ^= w < SIDE;
		assert_true(sp_tilekey(k, px, STRIDE, w, h) == key);
	}
	/* Nothing but zeros, of any size. */
	memset(px, 0, STRIDE * SIDE);
	assert_true(sp_tilekey(k, px, STRIDE, 3, 4) != sp_tilekey(k, px, STRIDE, 4, 3));
	assert_true(sp_tilekey(k, px, STRIDE, 63, 64) != sp_tilekey(k, px, STRIDE, 64, 64));
	/* Another seed, other keys. */
	struct sp_tilekeys *other = sp_tilekeys_create((const uint64_t[]){1, 42});
	assert_true(sp_tilekey(k, px, STRIDE, 64, 64) != sp_tilekey(other, px, STRIDE, 64, 64));
	sp_tilekeys_destroy(other);
	sp_tilekeys_destroy(k);
	free(px);
}

static void test_given(void **state)
{
	struct sp_tilekeys *k = sp_tilekeys_create(seed);

	assert_false(sp_tilekeys_given(k, 9));
	sp_tilekeys_give(k, 9);
	sp_tilekeys_give(k, 9);
	assert_true(sp_tilekeys_given(k, 9));
	for (uint64_t i = 0; i < SP_TILECACHE_SLOTS; i++) {
		sp_tilekeys_give(k, 100 + i);
	}
	assert_false(sp_tilekeys_given(k, 9));
	assert_true(sp_tilekeys_given(k, 100));
	sp_tilekeys_destroy(k);
	sp_tilekeys_destroy(NULL);
	for (long n = 0; n < 2; n++) {
		sp_mem_fail_after(n);
		assert_null(sp_tilekeys_create(seed));
	}
	sp_mem_fail_after(-1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_keys),
			cmocka_unit_test(test_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
