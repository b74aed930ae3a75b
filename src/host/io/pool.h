/* host/io/pool.h - a few threads for work that can be cut into pieces. */
#ifndef SP_HOST_IO_POOL_H
#define SP_HOST_IO_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/attr.h"
#include "host/io/loop.h"

#define SP_POOL_MAX 4 /* threads */

/* One run at a time, while the loop's own thread goes on with other things. */
struct sp_pool;

struct sp_pool_work {
	/*
	 * In a thread of the pool, pieces in about this order and some of them at the same time;
	 * worker < threads tells apart those that are.
	 */
	void (*piece)(void *user, size_t piece, size_t worker);
	/* In the loop's thread, once all pieces are through. */
	void (*done)(void *user);
	void *user;
	size_t n; /* pieces, at least 1 */
};

/* threads 1..SP_POOL_MAX, each started when it first has something to do. NULL: no memory. */
sp_nodiscard struct sp_pool *sp_pool_create(struct sp_loop *l, size_t threads);
/* Waits for what runs; done() is not called any more. Accepts NULL. */
void sp_pool_destroy(struct sp_pool *p);

/* SP_ESTATE while another run is not done; SP_ESYS when no thread can be started. */
sp_nodiscard int sp_pool_run(struct sp_pool *p, const struct sp_pool_work *work);
bool sp_pool_busy(const struct sp_pool *p);
/* Waits until the run is through, and calls its done() before it returns. */
void sp_pool_wait(struct sp_pool *p);

#endif
