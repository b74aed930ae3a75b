/* gate/keeper/spray.c - see spray.h. */
#include "gate/keeper/spray.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define HOUR 3600
#define SLOTS (2 * SP_SPRAY_MAX_USERS)
#define SOURCES (SP_SPRAY_NAME_SOURCES + 1)

void sp_spray_remember(struct sp_spray *s, int64_t hour, uint32_t users)
{
	if (hour > 0) {
		s->past[hour % SP_SPRAY_HOURS].hour = hour;
		s->past[hour % SP_SPRAY_HOURS].users = users;
	}
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Of the hours before this one; one of which nothing is known had no failures. */
static uint32_t median(const struct sp_spray *s)
{
	uint32_t all[SP_SPRAY_HOURS];

	for (size_t i = 0; i < SP_SPRAY_HOURS; i++) {
		int64_t hour = s->past[i].hour;
		bool counts = s->hour - SP_SPRAY_HOURS <= hour && hour < s->hour;

		all[i] = counts ? s->past[i].users : 0;
	}
	qsort(all, SP_SPRAY_HOURS, sizeof(all[0]), by_size);
	return (all[SP_SPRAY_HOURS / 2 - 1] + all[SP_SPRAY_HOURS / 2]) / 2;
}

/* A clock that goes back a little does not begin the hour anew. */
static void turn_hour(struct sp_spray *s, int64_t hour, struct sp_spray_seen *out)
{
	if (s->hour - 1 <= hour && hour <= s->hour) {
		return;
	}
	if (s->hour > 0) {
		out->hour = s->hour;
		out->hour_users = s->n;
		sp_spray_remember(s, s->hour, s->n);
	}
	s->hour = hour;
	s->told = false;
	s->n = 0;
	memset(s->seen, 0, sizeof(s->seen));
}

/* True when this one is new in this hour. */
static bool add_user(struct sp_spray *s, uint64_t user)
{
	uint64_t key = user != 0 ? user : 1;
	size_t i = (size_t)(key % SLOTS);

	if (s->n == SP_SPRAY_MAX_USERS) {
		return false;
	}
	for (; s->seen[i] != 0; i = (i + 1) % SLOTS) {
		if (s->seen[i] == key) {
			return false;
		}
	}
	s->seen[i] = key;
	s->n++;
	return true;
}

/* The machine of that name, in the place of the one that was quiet for longest. */
static struct sp_spray_name *find_name(struct sp_spray *s, const char *machine)
{
	struct sp_spray_name *oldest = &s->name[0];

	for (size_t i = 0; i < SP_SPRAY_MAX_NAMES; i++) {
		struct sp_spray_name *m = &s->name[i];

		if (strncasecmp(m->name, machine, sizeof(m->name) - 1) == 0) {
			return m;
		}
		if (m->last < oldest->last) {
			oldest = m;
		}
	}
	*oldest = (struct sp_spray_name){0};
	snprintf(oldest->name, sizeof(oldest->name), "%s", machine);
	return oldest;
}

static bool recent(int64_t at, int64_t now)
{
	return now - SP_SPRAY_NAME_SECONDS < at && at <= now;
}

/* Notes the source; from how many the name came lately. */
static size_t add_source(struct sp_spray_name *m, const uint8_t net[16], int64_t now)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (recent(m->at[i], now) && memcmp(m->net[i], net, 16) != 0) {
			m->at[n] = m->at[i];
			memmove(m->net[n++], m->net[i], 16);
		}
	}
	/* Full: one more would say nothing new, it takes the place of the first. */
	at = n < SOURCES ? n++ : 0;
	m->at[at] = now;
	memcpy(m->net[at], net, 16);
	m->n = n;
	return n;
}

static void see_name(struct sp_spray *s, const struct sp_source *source, const char *machine,
		int64_t now, struct sp_spray_seen *out)
{
	struct sp_spray_name *m = find_name(s, machine);
	uint8_t net[16] = {0};

	memcpy(net, source->addr, source->family == AF_INET ? 4 : 8);
	net[15] = source->family == AF_INET;
	size_t n = add_source(m, net, now);
	m->last = now;
	if (n > SP_SPRAY_NAME_SOURCES) {
		/* Told once while it goes on. */
		bool quiet = m->quiet > now && m->quiet <= now + SP_SPRAY_NAME_SECONDS;

		out->sources = quiet ? 0 : (uint32_t)n;
		m->quiet = now + SP_SPRAY_NAME_SECONDS;
	}
}

void sp_spray_failed(struct sp_spray *s, uint64_t user, const struct sp_source *source,
		const char *machine, int64_t now, struct sp_spray_seen *out)
{
	*out = (struct sp_spray_seen){0};
	turn_hour(s, now / HOUR, out);
	if (add_user(s, user) && s->n > SP_SPRAY_HOUR_USERS && !s->told) {
		uint32_t usual = median(s);

		if (s->n > SP_SPRAY_HOUR_TIMES * usual) {
			s->told = true;
			out->users = s->n;
			out->median = usual;
		}
	}
	if (machine[0] != '\0') {
		see_name(s, source, machine, now, out);
	}
}
