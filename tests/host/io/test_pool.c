/* tests/host/io/test_pool.c - every piece runs once, and the loop hears when all have. */
#include "unit.h"

#include <stdatomic.h>
#include <string.h>

#include "core/base/err.h"
#include "host/io/pool.h"

#define PIECES 500

struct count {
	atomic_uint ran[PIECES];
	atomic_uint at_work[SP_POOL_MAX];
	atomic_uint clashes;
	unsigned done;
};

static void piece(void *user, size_t i, size_t worker)
{
	struct count *c = user;

	if (atomic_fetch_add(&c->at_work[worker], 1) != 0) {
		atomic_fetch_add(&c->clashes, 1);
	}
	for (volatile int k = 0; k < 2000; k++) {
	}
	atomic_fetch_add(&c->ran[i], 1);
	atomic_fetch_sub(&c->at_work[worker], 1);
}

static void done(void *user)
{
	struct count *c = user;

	c->done++;
}

static void assert_ran(struct count *c, size_t n, unsigned times)
{
	for (size_t i = 0; i < PIECES; i++) {
		assert_int_equal(c->ran[i], i < n ? times : 0);
	}
	assert_int_equal(c->clashes, 0);
}

static void test_runs(void **state)
{
	struct sp_loop *l = sp_loop_create();
	struct sp_pool *p = sp_pool_create(l, 3);
	static struct count c;
	struct sp_pool_work work = {.piece = piece, .done = done, .user = &c, .n = PIECES};

	assert_non_null(p);
	for (unsigned k = 1; k <= 5; k++) {
		assert_int_equal(sp_pool_run(p, &work), SP_OK);
		assert_true(sp_pool_busy(p));
		assert_int_equal(sp_pool_run(p, &work), SP_ESTATE);
		for (int turn = 0; c.done < k && turn < 1000; turn++) {
			assert_int_equal(sp_loop_turn(l, 10000), SP_OK);
		}
		assert_int_equal(c.done, k);
		assert_false(sp_pool_busy(p));
		assert_ran(&c, PIECES, k);
	}
	sp_pool_destroy(p);
	sp_loop_destroy(l);
}

/* Waited for, and at once something else is run: the loop tells of each once. */
static void test_wait(void **state)
{
	struct sp_loop *l = sp_loop_create();
	struct sp_pool *p = sp_pool_create(l, SP_POOL_MAX);
	static struct count c;
	struct sp_pool_work work = {.piece = piece, .done = done, .user = &c, .n = 1};

	for (unsigned k = 1; k <= 50; k++) {
		assert_int_equal(sp_pool_run(p, &work), SP_OK);
		if (k % 3) {
			sp_pool_wait(p);
			assert_int_equal(c.done, k);
		}
		for (int turn = 0; c.done < k && turn < 1000; turn++) {
			assert_int_equal(sp_loop_turn(l, 10000), SP_OK);
		}
		assert_int_equal(c.done, k);
	}
	sp_pool_wait(p);
	assert_int_equal(c.done, 50);
	assert_ran(&c, 1, 50);
	/* Destroyed at work: nobody is told. */
	work.n = PIECES;
	memset(&c, 0, sizeof(c));
	assert_int_equal(sp_pool_run(p, &work), SP_OK);
	sp_pool_destroy(p);
	assert_ran(&c, PIECES, 1);
	assert_int_equal(c.done, 0);
	sp_loop_destroy(l);
	sp_pool_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(test_runs),
			cmocka_unit_test(test_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
