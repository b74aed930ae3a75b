/* host/conf/zone_rule.c - see zone_rule.h. */
#include "host/conf/zone_rule.h"

#include <string.h>

#define DAY 86400
#define HOURS_MAX 167
/* No wall clock beyond it: days of years stay far from the ends of what a number holds. */
#define TIME_MAX (INT64_C(1) << 40)

static bool is_digit(char c)
{
	return '0' <= c && c <= '9';
}

static bool is_letter(char c)
{
	return ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z');
}

/* A number from min to max of at most three digits. */
static bool number(const char **s, int32_t min, int32_t max, int32_t *out)
{
	int32_t v = 0;
	int n = 0;

	for (; n < 3 && is_digit(**s); n++) {
		v = v * 10 + *(*s)++ - '0';
	}
	*out = v;
	return n > 0 && min <= v && v <= max;
}

static bool take(const char **s, char c)
{
	if (**s != c) {
		return false;
	}
	++*s;
	return true;
}

/* Three letters or more, or anything of that kind in <...>. */
static bool name(const char **s)
{
	const char *from = *s;

	if (take(s, '<')) {
		while (is_letter(**s) || is_digit(**s) || **s == '+' || **s == '-') {
			++*s;
		}
		return take(s, '>');
	}
	while (is_letter(**s)) {
		++*s;
	}
	return *s - from >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool clock_time(const char **s, int32_t hours_max, int32_t *out)
{
	int32_t sign = **s == '-' ? -1 : 1, hours, minutes = 0, seconds = 0;

	if (!take(s, '-')) {
		(void)take(s, '+');
	}
	if (!number(s, 0, hours_max, &hours) || (take(s, ':') && !number(s, 0, 59, &minutes)) ||
			(take(s, ':') && !number(s, 0, 59, &seconds))) {
		return false;
	}
	*out = sign * (hours * 3600 + minutes * 60 + seconds);
	return true;
}

static bool date(const char **s, struct sp_zone_rule_date *out)
{
	bool ok;

	*out = (struct sp_zone_rule_date){.time = 2 * 3600};
	if (take(s, 'J')) {
		out->kind = SP_ZONE_RULE_JULIAN;
		ok = number(s, 1, 365, &out->day);
	} else if (take(s, 'M')) {
		out->kind = SP_ZONE_RULE_WEEK;
		ok = number(s, 1, 12, &out->month) && take(s, '.') && number(s, 1, 5, &out->week) &&
				take(s, '.') && number(s, 0, 6, &out->day);
	} else {
		out->kind = SP_ZONE_RULE_DAY;
		ok = number(s, 0, 365, &out->day);
	}
	return ok && (!take(s, '/') || clock_time(s, HOURS_MAX, &out->time));
}

bool sp_zone_rule_parse(const char *text, struct sp_zone_rule *out)
{
	const char *s = text;
	int32_t west;

	memset(out, 0, sizeof(*out));
	if (!name(&s) || !clock_time(&s, 24, &west)) {
		return false;
	}
	out->standard = -west;
	if (*s == '\0') {
		return true;
	}
	out->saves = true;
	out->saving = out->standard + 3600;
	if (!name(&s)) {
		return false;
	}
	if (*s != ',') {
		if (!clock_time(&s, 24, &west)) {
			return false;
		}
		out->saving = -west;
	}
	return take(&s, ',') && date(&s, &out->begin) && take(&s, ',') && date(&s, &out->end) &&
			*s == '\0';
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int64_t sp_zone_days(int64_t year, uint32_t month, uint32_t day)
{
	static const int32_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t y = year - 1;
	/* Leap days of all years before, rounded down also before the year 0. */
	int64_t leaps = (y - ((y % 4) + 4) % 4) / 4 - (y - ((y % 100) + 100) % 100) / 100 +
			(y - ((y % 400) + 400) % 400) / 400;

	/* 719162 days from 0001-01-01 to 1970-01-01. */
	return y * 365 + leaps + before[month - 1] + (month > 2 && is_leap(year)) + day - 1 -
			719162;
}

/* 0 is Sunday. */
static int32_t weekday(int64_t days)
{
	return (int32_t)(((days + 4) % 7 + 7) % 7);
}

/* The date in a year as the wall clock of before shows it, in seconds as if that were UTC. */
static int64_t wall(const struct sp_zone_rule_date *d, int64_t year)
{
	int64_t days = sp_zone_days(year, 1, 1);

	switch (d->kind) {
	case SP_ZONE_RULE_JULIAN:
		days += d->day - 1 + (is_leap(year) && d->day >= 60);
		break;
	case SP_ZONE_RULE_DAY:
		days += d->day;
		break;
	case SP_ZONE_RULE_WEEK: {
		uint32_t month = (uint32_t)d->month;
		int64_t next = month == 12 ? sp_zone_days(year + 1, 1, 1)
					   : sp_zone_days(year, month + 1, 1);
		days = sp_zone_days(year, month, 1);
		days += (d->day - weekday(days) + 7) % 7 + (int64_t)(d->week - 1) * 7;
		while (days >= next) {
			days -= 7;
		}
		break;
	}
	}
	return days * DAY + d->time;
}

static int64_t year_of(int64_t t)
{
	/* Near enough to be in one of three years. */
	int64_t year = 1970 + t / (DAY * INT64_C(365));

	while (sp_zone_days(year, 1, 1) * DAY > t) {
		year--;
	}
	while (sp_zone_days(year + 1, 1, 1) * DAY <= t) {
		year++;
	}
	return year;
}

void sp_zone_rule_at(const struct sp_zone_rule *r, int64_t unix_time, struct sp_zone_now *out)
{
	int64_t last = INT64_MIN;

	out->offset = r->standard;
	out->change = SP_ZONE_NEVER;
	if (!r->saves || !(-TIME_MAX < unix_time && unix_time < TIME_MAX)) {
		return;
	}
	int64_t year = year_of(unix_time);
	for (int64_t y = year - 1; y <= year + 1; y++) {
		/* The begin is looked at last: where it meets an end, daylight saving goes on. */
		int64_t end = wall(&r->end, y) - r->saving;
		int64_t begin = wall(&r->begin, y) - r->standard;
		if (end <= unix_time && end >= last) {
			last = end;
			out->offset = r->standard;
		}
		if (begin <= unix_time && begin >= last) {
			last = begin;
			out->offset = r->saving;
		}
	}
	for (int64_t y = year - 1; y <= year + 1; y++) {
		int64_t end = wall(&r->end, y) - r->saving;
		int64_t begin = wall(&r->begin, y) - r->standard;
		if (unix_time < end && end < out->change) {
			out->change = end;
		}
		if (unix_time < begin && begin < out->change) {
			out->change = begin;
		}
	}
}
