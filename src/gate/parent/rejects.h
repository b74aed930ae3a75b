/* gate/parent/rejects.h - which refused connections are told one by one, and which only counted. */
#ifndef SP_GATE_PARENT_REJECTS_H
#define SP_GATE_PARENT_REJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gate/parent/limits.h"

#define SP_REJECTS_EACH 10 /* of a source's network are told in a minute; the rest is one number */
#define SP_REJECTS_ALL 200 /* of all */
#define SP_REJECTS_NETS 256 /* networks at a time; others are counted together */
#define SP_REJECTS_US (60 * UINT64_C(1000000))

struct sp_rejects_net {
	uint8_t net[SP_SOURCE_SIZE];
	uint64_t since_us; /* 0: free */
	uint32_t told;
	uint64_t counted;
};

/* Zeroed it has seen nothing. */
struct sp_rejects {
	struct sp_rejects_net v[SP_REJECTS_NETS];
	struct sp_rejects_net rest; /* all told ones, and those for whom there was no place */
};

/* A connection of this source is refused: is it to be told? If not, it is counted. */
bool sp_rejects_may(struct sp_rejects *r, const uint8_t net[SP_SOURCE_SIZE], uint64_t now_us);
/*
 * A number that is to be told, once its minute is over (`all`: now): how many, of which network
 * (NULL: of several). False: there is none. The network is good until the next call.
 */
bool sp_rejects_due(struct sp_rejects *r, uint64_t now_us, bool all, uint64_t *count,
		const uint8_t **net);

#endif
