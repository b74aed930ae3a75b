/* gate/keeper/spray.h - guessing that is spread out: over many users, or by one machine over many places. */
#ifndef SP_GATE_KEEPER_SPRAY_H
#define SP_GATE_KEEPER_SPRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "host/monitor/msg.h"

#define SP_SPRAY_HOUR_USERS 20 /* more users than this fail in an hour of the clock ... */
#define SP_SPRAY_HOUR_TIMES 4 /* ... and more than so many times the median ... */
#define SP_SPRAY_HOURS 168 /* ... of so many hours before it: to be told */
#define SP_SPRAY_NAME_SOURCES 5 /* one name of a machine from more sources than this ... */
#define SP_SPRAY_NAME_SECONDS 600 /* ... within so many seconds: to be told */

/* Bounds: what is more than that counts as these. */
#define SP_SPRAY_MAX_USERS 4096
#define SP_SPRAY_MAX_NAMES 256

struct sp_spray_name {
	char name[SP_TEXT_CLIENT]; /* as it was sent first; empty: unused */
	int64_t last, quiet; /* seconds since 1970: of the last failure; nothing is told until */
	size_t n; /* INVARIANT: n <= SP_SPRAY_NAME_SOURCES + 1 */
	int64_t at[SP_SPRAY_NAME_SOURCES + 1];
	uint8_t net[SP_SPRAY_NAME_SOURCES + 1][16]; /* IPv4, or the /64 of IPv6 */
};

/* Zeroed it has seen nothing. It knows users by numbers only. */
struct sp_spray {
	int64_t hour; /* hours since 1970 of what is counted now; 0: nothing yet */
	bool told;
	uint32_t n; /* INVARIANT: n <= SP_SPRAY_MAX_USERS */
	uint64_t seen[2 * SP_SPRAY_MAX_USERS]; /* open addressing; 0: empty */
	struct {
		int64_t hour;
		uint32_t users;
	} past[SP_SPRAY_HOURS]; /* by hour modulo their number */
	struct sp_spray_name name[SP_SPRAY_MAX_NAMES];
};

struct sp_spray_seen {
	uint32_t users, median; /* users > 0: as many failed in this hour, which is to be told */
	uint32_t sources; /* > 0: the machine's name came from as many, which is to be told */
	int64_t hour; /* > 0: this one is over, with hour_users: to be kept */
	uint32_t hour_users;
};

/* What is known of an hour from before. */
void sp_spray_remember(struct sp_spray *s, int64_t hour, uint32_t users);
/*
 * A login failed. `user` is a number for whom, `machine` the name that the client gave itself, ""
 * when it gave none. Says what is to be told or kept, nobody is shut out by it.
 */
void sp_spray_failed(struct sp_spray *s, uint64_t user, const struct sp_source *source,
		const char *machine, int64_t now, struct sp_spray_seen *out);

#endif
