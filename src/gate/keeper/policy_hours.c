/* gate/keeper/policy_hours.c - see policy_hours.h. */
#include "gate/keeper/policy_hours.h"

#include "host/conf/zone.h"

#define DAY 86400
#define MINUTE 60
#define FAR (8 * DAY)
/* Ends of hours and changes of clocks within that time, with room to spare. */
#define STEPS 1024

static int64_t day_of(int64_t wall)
{
	return (wall >= 0 ? wall : wall - (DAY - 1)) / DAY;
}

/* Bit 0 is Monday; 1970-01-01 was a Thursday. */
static bool on_day(const struct sp_conf_hours *h, int64_t day)
{
	return (h->days >> ((day % 7 + 7 + 3) % 7) & 1) != 0;
}

/* Does the wall clock show one of them? Then *end is what it shows when they are over. */
static bool shows(const struct sp_conf_hours *h, int64_t wall, int64_t *end)
{
	int64_t day = day_of(wall);
	int64_t second = wall - day * DAY;
	int64_t from = (int64_t)h->from * MINUTE, until = (int64_t)h->until * MINUTE;
	bool over_midnight = until <= from;

	if (on_day(h, day) && second >= from && (over_midnight || second < until)) {
		*end = day * DAY + until + (over_midnight ? DAY : 0);
		return true;
	}
	*end = day * DAY + until;
	return over_midnight && on_day(h, day - 1) && second < until;
}

/* One of them at one moment: holds it, and until when for certain? */
static bool holds(const struct sp_conf_hours *h, int64_t t, int64_t *until)
{
	struct sp_zone_now now = sp_zone_at(h->clock, t);
	int64_t end;

	if (!shows(h, t + now.offset, &end)) {
		return false;
	}
	/* The clock may be set before it shows the end. */
	*until = end - now.offset < now.change ? end - now.offset : now.change;
	return true;
}

bool sp_policy_hours(const struct sp_conf_hours *hours, size_t n, int64_t now, int64_t *until)
{
	int64_t t = now;

	*until = 0;
	for (int step = 0; step < STEPS && t - now <= FAR; step++) {
		int64_t furthest = t;
		for (size_t i = 0; i < n; i++) {
			int64_t end;
			if (holds(&hours[i], t, &end) && end > furthest) {
				furthest = end;
			}
		}
		if (furthest == t) {
			*until = t > now ? t : 0;
			return t > now;
		}
		t = furthest;
	}
	return true;
}
