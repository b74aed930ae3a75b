/* tests/gate/keeper/test_store_penalty.c - penalties of sources, kept and given back. */
#include "gate/keeper/store_penalty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/lib/crypto_nettle.h"
#include "unit.h"

static char dir[] = "/tmp/sp-store-penalty-XXXXXX";
static struct sp_store *st;
static struct sp_msg_penalties in, out;

static int open_store(void **state)
{
	char why[SP_STORE_WHY];

	st = sp_store_open(dir, NULL, true, &sp_crypto_nettle, why);
	return st != NULL ? 0 : -1;
}

static int make_dir(void **state)
{
	return mkdtemp(dir) != NULL ? open_store(state) : -1;
}

static int remove_dir(void **state)
{
	static const char *const names[] = {
			"store.db", "store.db-wal", "store.db-shm", "keeper.key"};
	char path[128];

	sp_store_close(st);
	for (size_t i = 0; i < SP_LEN(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return rmdir(dir);
}

static void test_round_trip(void **state)
{
	assert_int_equal(sp_store_penalties_get(st, 0, &out), SP_OK);
	assert_int_equal(out.n, 0);
	memset(&in, 0, sizeof(in));
	in.n = 3;
	for (uint8_t i = 0; i < 3; i++) {
		in.v[i].source[15] = i;
		in.v[i].until = 1000 + i;
	}
	assert_int_equal(sp_store_penalties_set(st, &in), SP_OK);
	/* Another process opens it, later. */
	sp_store_close(st);
	assert_int_equal(open_store(NULL), 0);
	assert_int_equal(sp_store_penalties_get(st, 1000, &out), SP_OK);
	assert_int_equal(out.n, 2);
	assert_int_equal(out.v[0].until, 1002);
	assert_int_equal(out.v[0].source[15], 2);
	assert_int_equal(out.v[1].until, 1001);
	/* What is told next takes its place. */
	in.n = 1;
	assert_int_equal(sp_store_penalties_set(st, &in), SP_OK);
	assert_int_equal(sp_store_penalties_get(st, 0, &out), SP_OK);
	assert_int_equal(out.n, 1);
	in.n = 0;
	assert_int_equal(sp_store_penalties_set(st, &in), SP_OK);
	assert_int_equal(sp_store_penalties_get(st, 0, &out), SP_OK);
	assert_int_equal(out.n, 0);
}

static void test_most(void **state)
{
	in.n = SP_PENALTIES;
	for (uint32_t i = 0; i < SP_PENALTIES; i++) {
		in.v[i].source[0] = (uint8_t)(i >> 8);
		in.v[i].source[1] = (uint8_t)i;
		in.v[i].until = INT64_MAX - i;
	}
	assert_int_equal(sp_store_penalties_set(st, &in), SP_OK);
	assert_int_equal(sp_store_penalties_get(st, 1, &out), SP_OK);
	assert_int_equal(out.n, SP_PENALTIES);
	assert_memory_equal(out.v, in.v, sizeof(in.v));
	in.n = SP_PENALTIES + 1;
	assert_int_equal(sp_store_penalties_set(st, &in), SP_EARG);
	/* Twice the same source: the longer one. */
	in.n = 2;
	memset(in.v, 0, sizeof(in.v));
	in.v[0].until = 9;
	in.v[1].until = 5;
	assert_int_equal(sp_store_penalties_set(st, &in), SP_OK);
	assert_int_equal(sp_store_penalties_get(st, 1, &out), SP_OK);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.v[0].until, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_round_trip),
			cmocka_unit_test(test_most),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
