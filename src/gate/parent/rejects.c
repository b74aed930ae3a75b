/* gate/parent/rejects.c - see rejects.h. */
#include "gate/parent/rejects.h"

#include <string.h>

static bool is_over(const struct sp_rejects_net *n, uint64_t now_us)
{
	return n->since_us != 0 && now_us - n->since_us >= SP_REJECTS_US;
}

/* The one of this network, or a free one; NULL: there is no place. */
static struct sp_rejects_net *place(
		struct sp_rejects *r, const uint8_t net[SP_SOURCE_SIZE], uint64_t now_us)
{
	struct sp_rejects_net *free_one = NULL;

	for (size_t i = 0; i < SP_REJECTS_NETS; i++) {
		struct sp_rejects_net *n = &r->v[i];
		if (n->since_us != 0 && memcmp(n->net, net, SP_SOURCE_SIZE) == 0) {
			return n;
		}
		if (free_one == NULL &&
				(n->since_us == 0 || (is_over(n, now_us) && n->counted == 0))) {
			free_one = n;
		}
	}
	if (free_one != NULL) {
		*free_one = (struct sp_rejects_net){.since_us = now_us};
		memcpy(free_one->net, net, SP_SOURCE_SIZE);
	}
	return free_one;
}

static void begin_again(struct sp_rejects_net *n, uint64_t now_us)
{
	if (n->since_us == 0 || (is_over(n, now_us) && n->counted == 0)) {
		n->since_us = now_us;
		n->told = 0;
	}
}

bool sp_rejects_may(struct sp_rejects *r, const uint8_t net[SP_SOURCE_SIZE], uint64_t now_us)
{
	struct sp_rejects_net *n = place(r, net, now_us);

	begin_again(&r->rest, now_us);
	if (n == NULL) {
		r->rest.counted++;
		return false;
	}
	begin_again(n, now_us);
	if (n->told >= SP_REJECTS_EACH || r->rest.told >= SP_REJECTS_ALL) {
		n->counted++;
		return false;
	}
	n->told++;
	r->rest.told++;
	return true;
}

static bool take(struct sp_rejects_net *n, uint64_t now_us, bool all, uint64_t *count)
{
	if (n->counted == 0 || !(all || is_over(n, now_us))) {
		return false;
	}
	*count = n->counted;
	n->counted = 0;
	n->told = 0;
	n->since_us = now_us;
	return true;
}

bool sp_rejects_due(struct sp_rejects *r, uint64_t now_us, bool all, uint64_t *count,
		const uint8_t **net)
{
	for (size_t i = 0; i < SP_REJECTS_NETS; i++) {
		if (take(&r->v[i], now_us, all, count)) {
			*net = r->v[i].net;
			return true;
		}
	}
	*net = NULL;
	return take(&r->rest, now_us, all, count);
}
