/* app/when.c - see when.h. */
#include "app/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY 86400

/* Exactly n digits, at most max. */
static bool digits(const char **s, int n, uint32_t max, uint32_t *out)
{
	uint32_t v = 0;

	for (int i = 0; i < n; i++) {
		if (!('0' <= (*s)[i] && (*s)[i] <= '9')) {
			return false;
		}
		v = v * 10 + (uint32_t)((*s)[i] - '0');
	}
	*s += n;
	*out = v;
	return v <= max;
}

static bool take(const char **s, char c)
{
	if (**s != c) {
		return false;
	}
	++*s;
	return true;
}

static bool date(const char **s, int64_t *days)
{
	uint32_t year, month, day;

	if (!digits(s, 4, 9999, &year) || !take(s, '-') || !digits(s, 2, 12, &month) ||
			!take(s, '-') || !digits(s, 2, 31, &day) || month == 0 || day == 0) {
		return false;
	}
	*days = sp_zone_days(year, month, day);
	return month == 12 || *days < sp_zone_days(year, month + 1, 1);
}

static bool time_of_day(const char **s, int64_t *seconds)
{
	uint32_t hour, minute, second = 0;

	if (!digits(s, 2, 23, &hour) || !take(s, ':') || !digits(s, 2, 59, &minute)) {
		return false;
	}
	if (take(s, ':')) {
		if (!digits(s, 2, 59, &second)) {
			return false;
		}
		if (**s == '.' && '0' <= (*s)[1] && (*s)[1] <= '9') {
			*s += 1 + strspn(*s + 1, "0123456789");
		}
	}
	*seconds = (int64_t)hour * 3600 + minute * 60 + second;
	return true;
}

/* "Z", "+01:00", "-0330". */
static bool offset(const char **s, int64_t *out)
{
	int64_t sign = **s == '-' ? -1 : 1;
	uint32_t hours, minutes;

	*out = 0;
	if (take(s, 'Z')) {
		return true;
	}
	if (!(take(s, '+') || take(s, '-')) || !digits(s, 2, 25, &hours)) {
		return false;
	}
	(void)take(s, ':');
	if (!digits(s, 2, 59, &minutes)) {
		return false;
	}
	*out = sign * ((int64_t)hours * 3600 + minutes * 60);
	return true;
}

bool app_when_parse(const char *text, const struct sp_zone *local, int64_t now, int64_t *out)
{
	int64_t wall = now + sp_zone_at(local, now).offset;
	int64_t days = (wall - ((wall % DAY) + DAY) % DAY) / DAY, seconds, east;
	const char *s = text;

	if (strlen(text) >= 10 && text[4] == '-') {
		if (!date(&s, &days)) {
			return false;
		}
		if (*s == '\0') {
			*out = sp_zone_utc(local, days * DAY);
			return true;
		}
		if (!(take(&s, 'T') || take(&s, ' '))) {
			return false;
		}
	}
	if (!time_of_day(&s, &seconds)) {
		return false;
	}
	if (*s == '\0') {
		*out = sp_zone_utc(local, days * DAY + seconds);
		return true;
	}
	(void)take(&s, ' ');
	if (!offset(&s, &east) || *s != '\0') {
		return false;
	}
	*out = days * DAY + seconds - east;
	return true;
}

void app_when_text(int64_t t, const struct sp_zone *local, char out[APP_WHEN])
{
	int32_t east = sp_zone_at(local, t).offset;
	int32_t minutes = (east < 0 ? -east : east) / 60;
	time_t wall = (time_t)(t + east);
	struct tm tm;
	char text[32] = "?";

	if (gmtime_r(&wall, &tm) != NULL) {
		(void)!strftime(text, sizeof(text), "%a %Y-%m-%d %H:%M:%S", &tm);
	}
	snprintf(out, APP_WHEN, "%.27s %c%02d%02d", text, east < 0 ? '-' : '+', minutes / 60,
			minutes % 60);
}
