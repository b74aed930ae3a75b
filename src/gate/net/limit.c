/* gate/net/limit.c - see limit.h. */
#include "gate/net/limit.h"

#include <stdio.h>

#define SECOND_US 1000000ull
#define MINUTE_US (60 * SECOND_US)

struct sp_limit_now sp_limit_look(const struct sp_limit *l, uint64_t input_us, uint64_t now_us)
{
	uint64_t last = input_us > l->start_us ? input_us : l->start_us;
	uint64_t idle_end = l->idle_us ? last + l->idle_us : UINT64_MAX;
	uint64_t time_end = l->max_us ? l->start_us + l->max_us : UINT64_MAX;
	uint64_t end = idle_end < time_end ? idle_end : time_end;
	struct sp_limit_now r = {0};

	if (end == UINT64_MAX) {
		return r;
	}
	r.why = idle_end < time_end ? SP_LIMIT_IDLE : SP_LIMIT_TIME;
	if (now_us >= end) {
		r.over = true;
		return r;
	}
	r.left_us = end - now_us;
	if (l->warn_us == 0) {
		r.wake_us = end;
		return r;
	}
	uint64_t first = end > l->warn_us ? end - l->warn_us : 0;
	if (first < l->start_us) {
		first = l->start_us; /* warned from the beginning */
	}
	if (now_us < first) {
		r.wake_us = first;
		return r;
	}
	/* Where in the row of warnings are we, one each minute? */
	uint64_t since = (now_us - first) % SP_LIMIT_AGAIN_US;
	r.warn = since < SP_LIMIT_SHOWN_US;
	/* While it stands, each second: an idle person who moves takes it away. */
	r.wake_us = now_us + (r.warn ? SECOND_US : SP_LIMIT_AGAIN_US - since);
	if (r.wake_us > end) {
		r.wake_us = end;
	}
	return r;
}

void sp_limit_text(uint64_t left_us, char out[16])
{
	uint64_t seconds = (left_us + SECOND_US - 1) / SECOND_US;

	if (left_us > MINUTE_US) {
		snprintf(out, 16, "%llu min",
				(unsigned long long)((left_us + MINUTE_US - 1) / MINUTE_US %
						100000));
	} else {
		snprintf(out, 16, "%llu s", (unsigned long long)(seconds % 1000));
	}
}
