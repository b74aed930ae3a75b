/* host/monitor/times.h - how long something took, counted by length: a histogram of Prometheus. */
#ifndef SP_HOST_MONITOR_TIMES_H
#define SP_HOST_MONITOR_TIMES_H

#include <stddef.h>
#include <stdint.h>

#define SP_TIMES 13

struct sp_times {
	uint64_t n[SP_TIMES + 1]; /* that took no longer than its bound; the last one: longer */
	uint64_t us; /* all together */
};

void sp_times_add(struct sp_times *t, uint64_t us);
/* The bound i < SP_TIMES, rising. */
uint64_t sp_times_bound_us(size_t i);

#endif
