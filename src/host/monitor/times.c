/* host/monitor/times.c - see times.h. */
#include "host/monitor/times.h"

static const uint64_t bounds[SP_TIMES] = {1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
		500000, 1000000, 2500000, 5000000, 10000000};

void sp_times_add(struct sp_times *t, uint64_t us)
{
	size_t i = 0;

	while (i < SP_TIMES && bounds[i] < us) {
		i++;
	}
	t->n[i]++;
	t->us += us;
}

uint64_t sp_times_bound_us(size_t i)
{
	return i < SP_TIMES ? bounds[i] : UINT64_MAX;
}
