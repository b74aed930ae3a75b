/* host/conf/zone_rule.h - "CET-1CEST,M3.5.0,M10.5.0/3": how a time zone goes on after its table. */
#ifndef SP_HOST_CONF_ZONE_RULE_H
#define SP_HOST_CONF_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/conf/zone.h"

#define SP_ZONE_RULE_TEXT 128

enum sp_zone_rule_kind {
	SP_ZONE_RULE_JULIAN, /* Jn: day 1 to 365, the leap day not counted */
	SP_ZONE_RULE_DAY, /* n: day 0 to 365 */
	SP_ZONE_RULE_WEEK, /* Mm.w.d: the w-th day d of month m, 5 the last, day 0 a Sunday */
};

struct sp_zone_rule_date {
	enum sp_zone_rule_kind kind;
	int32_t month, week, day;
	int32_t time; /* seconds of that day, -167 to 167 hours */
};

/* The TZ variable's form in POSIX, with the extensions of [RFC 9636] 3.3.1. */
struct sp_zone_rule {
	int32_t standard; /* seconds to be added to UTC */
	bool saves; /* has daylight saving time */
	int32_t saving; /* likewise, while it holds */
	struct sp_zone_rule_date begin, end;
};

/* False when the text is not of that form. */
bool sp_zone_rule_parse(const char *text, struct sp_zone_rule *out);
void sp_zone_rule_at(const struct sp_zone_rule *r, int64_t unix_time, struct sp_zone_now *out);

#endif
