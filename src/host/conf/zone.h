/* host/conf/zone.h - a time zone as a table that needs no environment variable and no file any more. */
#ifndef SP_HOST_CONF_ZONE_H
#define SP_HOST_CONF_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/attr.h"
#include "core/base/err.h"
#include "core/base/span.h"

#define SP_ZONE_FOLDER "/usr/share/zoneinfo"
#define SP_ZONE_LOCAL "/etc/localtime"
#define SP_ZONE_NEVER INT64_MAX

struct sp_zone; /* read once; constant from then on */

/*
 * A zone of tzdata by its name, "Europe/Berlin"; the empty name is the machine's own, which is UTC
 * where none is set. SP_ENOTFOUND: there is none of that name; SP_EFIELD: its file is damaged;
 * SP_ESYS, SP_ENOMEM.
 */
sp_nodiscard int sp_zone_load(const char *name, struct sp_zone **out);
/* The same from the bytes of such a file, [RFC 9636] version 2 or later. */
sp_nodiscard int sp_zone_parse(struct sp_span file, struct sp_zone **out);
/* Accepts NULL. */
void sp_zone_destroy(struct sp_zone *z);

struct sp_zone_now {
	int32_t offset; /* seconds to be added to UTC for the wall clock */
	int64_t change; /* when it changes next, seconds since 1970; SP_ZONE_NEVER */
};

/* What holds in the zone at a moment. */
struct sp_zone_now sp_zone_at(const struct sp_zone *z, int64_t unix_time);
/*
 * The moment at which the wall clock shows this, in seconds as if it were UTC; the first of two
 * where clocks went back, and the moment of the change where they skipped it.
 */
int64_t sp_zone_utc(const struct sp_zone *z, int64_t wall);

/* Days since 1970-01-01 of a date of our calendar; month and day from 1. */
int64_t sp_zone_days(int64_t year, uint32_t month, uint32_t day);

#endif
