/* tests/core/view/test_tilecache.c - slots of a cache against a list that is plain to see. */
#include "unit.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/view/tilecache.h"

#define SLOTS 300
#define BYTES 2000000u

static void test_order(void **state)
{
	struct sp_tilecache *c = sp_tilecache_create(3, 100);

	assert_int_equal(sp_tilecache_full(c, 1), 0);
	assert_int_equal(sp_tilecache_find(c, 0), 0);
	uint16_t a = sp_tilecache_add(c, 10, 20), b = sp_tilecache_add(c, 11, 20);
	uint16_t d = sp_tilecache_add(c, 10 + 65536, 20);
	assert_true(a && b && d && a != b && b != d && a != d);
	assert_int_equal(sp_tilecache_count(c), 3);
	/* The slots are used up; used again, the first one is not the oldest any more. */
	assert_int_equal(sp_tilecache_full(c, 1), a);
	assert_int_equal(sp_tilecache_find(c, 10), a);
	assert_int_equal(sp_tilecache_full(c, 1), b);
	assert_int_equal(sp_tilecache_add(c, 12, 1), 0);
	sp_tilecache_drop(c, b);
	assert_int_equal(sp_tilecache_find(c, 11), 0);
	/* Bytes count as well, and a key is there once. */
	assert_int_equal(sp_tilecache_full(c, 60), 0);
	assert_int_equal(sp_tilecache_full(c, 61), d);
	assert_int_equal(sp_tilecache_add(c, 12, 61), 0);
	assert_int_equal(sp_tilecache_add(c, 10, 1), 0);
	assert_int_equal(sp_tilecache_add(c, 12, 0), 0);
	assert_int_equal(sp_tilecache_add(c, 12, 60), b);
	/* What is larger than all of it does not fit even when all have gone. */
	while ((a = sp_tilecache_full(c, 101)) != 0) {
		sp_tilecache_drop(c, a);
	}
	assert_int_equal(sp_tilecache_count(c), 0);
	assert_int_equal(sp_tilecache_add(c, 12, 101), 0);
	sp_tilecache_destroy(c);
	sp_tilecache_destroy(NULL);
}

struct entry {
	uint64_t key, used;
	size_t bytes;
	uint16_t slot;
};

static struct entry *oldest(struct entry *v, size_t n)
{
	struct entry *o = v;

	for (size_t i = 1; i < n; i++) {
		o = v[i].used < o->used ? &v[i] : o;
	}
	return o;
}

static void test_model(void **state)
{
	struct sp_tilecache *c = sp_tilecache_create(SLOTS, BYTES);
	struct entry v[SLOTS];
	size_t n = 0, bytes = 0;
	uint32_t dice = 1;

	for (uint64_t t = 1; t < 50000; t++) {
		dice = dice * 1664525u + 1013904223u;
		/* Many in the same chain. */
		uint64_t key = (uint64_t)(dice >> 20) % 600 * 1024 + 7;
		size_t size = 1 + (dice >> 8) % 20000, i = 0;

		while (i < n && v[i].key != key) {
			i++;
		}
		uint16_t slot = sp_tilecache_find(c, key);
		assert_int_equal(slot, i < n ? v[i].slot : 0);
		if (i < n) {
			v[i].used = t;
			continue;
		}
		while ((slot = sp_tilecache_full(c, size)) != 0) {
			struct entry *o = oldest(v, n);

			assert_int_equal(slot, o->slot);
			sp_tilecache_drop(c, slot);
			bytes -= o->bytes;
			*o = v[--n];
		}
		slot = sp_tilecache_add(c, key, size);
		assert_in_range(slot, 1, SLOTS);
		v[n++] = (struct entry){key, t, size, slot};
		bytes += size;
		assert_int_equal(sp_tilecache_count(c), n);
		assert_in_range(bytes, 1, BYTES);
	}
	sp_tilecache_destroy(c);
}

static void test_memory(void **state)
{
	struct sp_tilecache *c;

	sp_mem_fail_after(0);
	assert_null(sp_tilecache_create(5, 5));
	sp_mem_fail_after(1);
	c = sp_tilecache_create(10000, SIZE_MAX);
	assert_non_null(c);
	assert_int_equal(sp_tilecache_add(c, 1, 1), 0);
	sp_mem_fail_after(-1);
	for (uint64_t i = 0; i < 20000; i++) {
		uint16_t old = sp_tilecache_full(c, 1);

		if (old != 0) {
			sp_tilecache_drop(c, old);
		}
		assert_in_range(sp_tilecache_add(c, i, 1), 1, SP_TILECACHE_SLOTS);
	}
	assert_int_equal(sp_tilecache_count(c), SP_TILECACHE_SLOTS);
	sp_tilecache_destroy(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_order),
			cmocka_unit_test(test_model),
			cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
