/* host/audit/detect_part.h - what the files of the detection share. */
#ifndef SP_HOST_AUDIT_DETECT_PART_H
#define SP_HOST_AUDIT_DETECT_PART_H

#include "core/base/rd.h"
#include "host/audit/detect.h"
#include "host/audit/detect_table.h"

#define SP_DETECT_SUBJECTS 4096 /* of each rule that counts */
#define SP_DETECT_MARKS 16384
#define SP_DETECT_USERS 4096
#define SP_DETECT_SESSIONS 4096
#define SP_DETECT_QUEUE 256
#define SP_DETECT_TIME_MAX (INT64_C(1) << 39)
#define SP_DETECT_TICK_S 60
#define SP_DETECT_DAYS 14
#define SP_DETECT_DAY_USERS 8192 /* places of a day's failing users; half of them are used */

enum detect_table {
	DETECT_BRUTE, /* user and network: failures */
	DETECT_SPRAY, /* network: users that failed */
	DETECT_WIDE_USERS, /* name of a machine: users that failed */
	DETECT_WIDE_NETS, /* name of a machine: networks that they failed from */
	DETECT_ENUM, /* network: names that are no users */
	DETECT_PROBE, /* network: violations */
	DETECT_MANY, /* user: targets */
	DETECT_MANY_NEW, /* user: targets that were new */
	DETECT_WINDOWS, /* those above have windows */
	DETECT_FAILED = DETECT_WINDOWS, /* user and network, or machine: the last failure */
	DETECT_HIT, /* network or machine: the last alert for failures from it */
	DETECT_FIRED, /* rule and matter: when it was told */
	DETECT_TOKEN, /* address: the last token that was good */
	DETECT_MARKED, /* those above, from DETECT_FAILED, have marks */
	DETECT_DEVICE = DETECT_MARKED,
	DETECT_USER,
	DETECT_SESSION,
	DETECT_TABLES
};

struct detect_item {
	uint32_t what; /* hash; each counts once */
	uint32_t at; /* seconds since 1970 */
	uint64_t seq;
};

struct detect_window {
	uint32_t n; /* INVARIANT: <= SP_ALERT_COUNT_MAX */
	uint32_t zero;
	struct detect_item item[SP_ALERT_COUNT_MAX]; /* as they came */
};

struct detect_mark {
	int64_t at;
	uint64_t seq;
	uint64_t v; /* of DETECT_HIT: the severity that a success then has */
};

/* What a device said of itself the last time; hashes. */
struct detect_claims {
	uint64_t client, keyboard, zone, seq;
};

struct detect_seen {
	uint64_t what; /* hash; 0: free */
	int64_t at;
};

#define DETECT_COUNTRIES 16
#define DETECT_NETS 64
#define DETECT_DEVICES 32
#define DETECT_TARGETS 64
#define DETECT_DURATIONS 32
#define DETECT_HOURS 48 /* of days of the week, then of weekends, UTC */
#define DETECT_BUCKETS 16 /* of the window of volume */

/* A user's habits, learned from sessions that were let in. */
struct detect_user {
	int64_t first, last; /* sessions; 0: none yet */
	uint64_t last_seq;
	int64_t place_at; /* of the place; 0: none */
	uint64_t country; /* hash, of the place; 0: not known */
	uint64_t place_seq;
	int32_t lat, lon; /* of the place, in 1/10000 degree */
	uint32_t placed; /* 1: lat and lon are known */
	uint32_t logins;
	uint32_t admin; /* 1: one of the groups is called so */
	struct detect_seen countries[DETECT_COUNTRIES], nets[DETECT_NETS], devices[DETECT_DEVICES],
			targets[DETECT_TARGETS];
	uint16_t hours[DETECT_HOURS];
	uint32_t n_durations; /* of all; the latest stay */
	uint32_t durations[DETECT_DURATIONS]; /* seconds */
	int64_t bucket; /* the window's part that was written last */
	uint64_t volume[DETECT_BUCKETS], volume_seq;
	int64_t hour; /* of the clock, since 1970, that is summed up now */
	uint64_t hour_bytes;
	uint32_t n_busy; /* hours with transfers */
	uint64_t busy[DETECT_DURATIONS];
};

/* A session that a client is connected to. */
struct detect_session {
	uint64_t user, net, device, seq, conn; /* the first three are hashes; device 0: not known */
	int64_t since;
	uint32_t told_long, checked; /* 0 or 1 */
	uint32_t family; /* of its address; 0: not known */
	uint8_t addr[16];
	char id[SP_CONF_NAME], name[SP_CONF_NAME], target[SP_CONF_NAME], ip[64];
};

struct detect_day {
	int64_t day; /* since 1970 */
	uint32_t users; /* INVARIANT: <= SP_DETECT_DAY_USERS / 2 */
	uint32_t past[SP_DETECT_DAYS]; /* of the days before, by day modulo their number */
	int64_t past_day[SP_DETECT_DAYS]; /* 0: not known */
	uint64_t first_seq;
	uint64_t seen[SP_DETECT_DAY_USERS]; /* open addressing; 0: free */
};

struct sp_detect {
	struct sp_conf *conf;
	struct sp_conf_alerts defaults; /* for a configuration without */
	uint64_t key[2];
	uint64_t last; /* sequence */
	int64_t tick_at; /* when things are looked through next */
	int64_t open_at; /* of the first record that no checkpoint covers; 0: none */
	uint64_t open_seq;
	struct sp_detect_table t[DETECT_TABLES];
	struct detect_day day;
	bool quiet;
	size_t at, n; /* INVARIANT: n <= SP_DETECT_QUEUE; the queue begins at `at` */
	struct sp_detect_alert queue[SP_DETECT_QUEUE];
};

/* What is asked again and again about the record at hand. */
struct detect_now {
	const struct sp_detect_record *r;
	const struct sp_audit_view *v; /* NULL: it is about a session, or time that has gone by */
	const struct detect_session *session;
	int64_t now;
	uint64_t user, net, machine, device, target, country; /* hashes; 0: not there */
	uint64_t wide; /* hash of the /24 or /48 of the address; 0: not there */
	uint32_t family; /* of the address; 0: none */
	uint8_t addr[16];
	char name[SP_CONF_NAME]; /* the user's */
};

/* ---- detect.c ---- */

const struct sp_conf_alerts *detect_conf(const struct sp_detect *d);
/* Never 0. */
uint64_t detect_hash(const struct sp_detect *d, uint64_t salt, const void *p, size_t n);
/* Of two hashes. */
uint64_t detect_pair(const struct sp_detect *d, uint64_t a, uint64_t b);
/* Seconds since then, 0 for what lies ahead. */
int64_t detect_age(int64_t now, int64_t at);
/* Is the rule on, and neither the source nor the user exempt from it? */
bool detect_wanted(const struct sp_detect *d, enum sp_alert_rule rule, const struct detect_now *n);
/* Which of the targets matter most. */
bool detect_critical(const struct sp_detect *d, const struct detect_now *n);
/*
 * Adds to a window what was not there yet, forgets what is older than `within` and answers how
 * many there are. *first is the oldest one's sequence.
 */
uint32_t detect_count(struct detect_window *w, uint64_t what, const struct detect_now *n,
		uint32_t within, uint64_t *first);

/* An alert; not again for the same matter (a hash) within its time. True when it is told. */
sp_printf(7, 8) bool detect_fire(struct sp_detect *d, enum sp_alert_rule rule,
		enum sp_severity severity, uint64_t matter, const struct detect_now *n,
		uint64_t first, const char *fmt, ...);

/* ---- detect_fail.c ---- */

void detect_on_failure(struct sp_detect *d, const struct detect_now *n);
/* The first factor was right. */
void detect_on_success(struct sp_detect *d, const struct detect_now *n);
void detect_on_violation(struct sp_detect *d, const struct detect_now *n);
void detect_on_token(struct sp_detect *d, const struct detect_now *n);

/* ---- detect_user.c ---- */

/* What is odd about somebody who logs in; changes nothing. */
void detect_check_user(struct sp_detect *d, const struct detect_now *n);
void detect_on_roles(struct sp_detect *d, const struct detect_now *n);
/* A session began or was resumed. */
void detect_on_session(struct sp_detect *d, const struct detect_now *n);
/* Its client is gone. */
void detect_on_end(struct sp_detect *d, const struct detect_now *n);
void detect_on_transfer(struct sp_detect *d, const struct detect_now *n);
void detect_on_claims(struct sp_detect *d, const struct detect_now *n);
/* Looks at those that are connected. */
void detect_look_at_sessions(struct sp_detect *d, const struct detect_now *n);

#endif
