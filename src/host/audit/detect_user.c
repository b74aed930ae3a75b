/* host/audit/detect_user.c - rules about people who got in: places, hours, targets, sessions, amounts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/base/attr.h"
#include "host/audit/detect_part.h"
#include "host/conf/zone.h"

#define DAY 86400
#define HOUR 3600
#define EARTH_KM 6371.0
#define DEGREES (3.14159265358979323846 / 180)
#define HABIT 5 /* sessions or hours that make one */

/* ---- what is known ---- */

static bool known(
		const struct detect_seen *list, size_t n, uint64_t what, int64_t now, uint32_t days)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].what == what) {
			return detect_age(now, list[i].at) < (int64_t)days * DAY;
		}
	}
	return false;
}

static bool knows_any(const struct detect_seen *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].what != 0) {
			return true;
		}
	}
	return false;
}

static void learn(struct detect_seen *list, size_t n, uint64_t what, int64_t now)
{
	struct detect_seen *to = &list[0];

	if (what == 0) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (list[i].what == what) {
			to = &list[i];
			break;
		}
		if (to->what != 0 && (list[i].what == 0 || list[i].at < to->at)) {
			to = &list[i];
		}
	}
	*to = (struct detect_seen){.what = what, .at = now};
}

/* ---- places ---- */

static double far_km(const struct detect_user *u, double lat, double lon)
{
	double a = u->lat / 1e4 * DEGREES, b = lat * DEGREES;
	double dlat = b - a, dlon = (lon - u->lon / 1e4) * DEGREES;
	double h = sin(dlat / 2) * sin(dlat / 2) + cos(a) * cos(b) * sin(dlon / 2) * sin(dlon / 2);

	return 2 * EARTH_KM * asin(sqrt(h < 1 ? h : 1));
}

static void travel(struct sp_detect *d, const struct detect_user *u, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_TRAVEL];
	int64_t seconds = detect_age(n->now, u->place_at);
	bool odd = false;
	char text[128] = "";

	if (u->place_at == 0 || !detect_wanted(d, SP_ALERT_TRAVEL, n)) {
		return;
	}
	if (u->placed != 0 && n->r->placed) {
		double km = far_km(u, n->r->lat, n->r->lon);
		odd = km > c->km && km * HOUR > (double)c->kmh * (double)seconds;
		snprintf(text, sizeof(text), "%.0f km in %u minutes", km, (unsigned)(seconds / 60));
	} else if (u->country != 0 && n->country != 0) {
		odd = u->country != n->country && seconds < c->within_s;
		snprintf(text, sizeof(text), "from two countries in %u minutes",
				(unsigned)(seconds / 60));
	}
	if (odd) {
		bool new_device = n->device != 0 &&
				!known(u->devices, SP_LEN(u->devices), n->device, n->now, 3650);
		detect_fire(d, SP_ALERT_TRAVEL, new_device ? SP_SEVERITY_HIGH : SP_SEVERITY_MEDIUM,
				n->user, n, u->place_seq, "%s%s", text,
				new_device ? ", with a new device" : "");
	}
}

/* ---- what is new ---- */

static void new_thing(struct sp_detect *d, enum sp_alert_rule rule, const struct detect_user *u,
		const struct detect_seen *list, size_t len, uint64_t what,
		const struct detect_now *n, const char *name)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[rule];

	/* The first of its kind is no news. */
	if (what == 0 || !knows_any(list, len) || known(list, len, what, n->now, c->days) ||
			detect_age(n->now, u->first) < c->learn_s || !detect_wanted(d, rule, n)) {
		return;
	}
	detect_fire(d, rule, u->admin ? SP_SEVERITY_MEDIUM : SP_SEVERITY_LOW,
			detect_pair(d, n->user, what), n, n->r->seq,
			"%s was not used by this user in the last %u days", name, c->days);
}

static void new_path(struct sp_detect *d, const struct detect_user *u, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_NEW_PATH];

	if (n->target != 0 && detect_critical(d, n) &&
			(u == NULL ||
					!known(u->targets, SP_LEN(u->targets), n->target, n->now,
							c->days)) &&
			detect_wanted(d, SP_ALERT_NEW_PATH, n)) {
		detect_fire(d, SP_ALERT_NEW_PATH, SP_SEVERITY_MEDIUM,
				detect_pair(d, n->user, n->target), n, n->r->seq,
				"a critical target that this user was not on in the last %u days",
				c->days);
	}
}

/* ---- hours ---- */

/* Day of the week from Monday 0; 1970 began on a Thursday. */
static uint32_t weekday(int64_t days)
{
	return (uint32_t)(((days + 3) % 7 + 7) % 7);
}

static bool in_hours(const struct sp_conf_hours *h, int64_t now)
{
	int64_t wall = now + sp_zone_at(h->clock, now).offset;
	int64_t day = wall / DAY - (wall % DAY < 0);
	uint32_t minute = (uint32_t)((wall - day * DAY) / 60);
	bool today = (h->days >> weekday(day) & 1) != 0;
	bool yesterday = (h->days >> weekday(day - 1) & 1) != 0;

	if (h->from < h->until) {
		return today && h->from <= minute && minute < h->until;
	}
	return (today && h->from <= minute) || (yesterday && minute < h->until);
}

static size_t hour_of(int64_t now)
{
	uint32_t day = weekday(now / DAY);

	return (size_t)(now % DAY / HOUR) + (day >= 5 ? 24 : 0);
}

/* Nobody is to be told of half an hour earlier, or of daylight saving time. */
static bool habitual(const struct detect_user *u, int64_t now)
{
	size_t at = hour_of(now), base = at / 24 * 24, hour = at % 24;

	return u->hours[at] != 0 || u->hours[base + (hour + 1) % 24] != 0 ||
			u->hours[base + (hour + 23) % 24] != 0;
}

static void off_hours(struct sp_detect *d, const struct detect_user *u, const struct detect_now *n)
{
	const struct sp_conf_alerts *a = detect_conf(d);
	bool odd = a->n_hours > 0;

	for (size_t i = 0; odd && i < a->n_hours; i++) {
		odd = !in_hours(&a->hours[i], n->now);
	}
	if (a->n_hours == 0) {
		odd = u != NULL && u->logins >= a->rule[SP_ALERT_OFF_HOURS].count &&
				!habitual(u, n->now);
	}
	if (odd && detect_wanted(d, SP_ALERT_OFF_HOURS, n)) {
		bool critical = detect_critical(d, n);
		detect_fire(d, SP_ALERT_OFF_HOURS, critical ? SP_SEVERITY_MEDIUM : SP_SEVERITY_LOW,
				detect_pair(d, n->user, critical ? n->target : 1), n, n->r->seq,
				"%s",
				a->n_hours > 0 ? "outside of the hours that were set"
					       : "at an hour at which this user never came");
	}
}

static void dormant(struct sp_detect *d, const struct detect_user *u, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_DORMANT];
	int64_t days = detect_age(n->now, u->last) / DAY;

	if (days >= c->days && detect_wanted(d, SP_ALERT_DORMANT, n)) {
		detect_fire(d, SP_ALERT_DORMANT, SP_SEVERITY_MEDIUM, n->user, n, u->last_seq,
				"the last session was %u days ago", (unsigned)days);
	}
}

void detect_check_user(struct sp_detect *d, const struct detect_now *n)
{
	const struct detect_user *u = sp_detect_table_find(&d->t[DETECT_USER], n->user);

	if (n->user == 0) {
		return;
	}
	if (u != NULL && u->last == 0) {
		u = NULL;
	}
	if (u != NULL) {
		travel(d, u, n);
		new_thing(d, SP_ALERT_NEW_DEVICE, u, u->devices, SP_LEN(u->devices), n->device, n,
				"this device");
		new_thing(d, SP_ALERT_NEW_COUNTRY, u, u->countries, SP_LEN(u->countries),
				n->country, n, "this country");
		new_thing(d, SP_ALERT_NEW_NETWORK, u, u->nets, SP_LEN(u->nets), n->wide, n,
				"this network");
		new_thing(d, SP_ALERT_NEW_TARGET, u, u->targets, SP_LEN(u->targets), n->target, n,
				"this target");
		dormant(d, u, n);
	}
	off_hours(d, u, n);
	new_path(d, u, n);
}

/* ---- sessions ---- */

void detect_on_roles(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_audit_field *f = sp_audit_get(n->v, SP_F_ROLES);

	if (n->user != 0 && f != NULL) {
		struct detect_user *u = sp_detect_table_add(&d->t[DETECT_USER], n->user);
		u->admin = memmem(f->bytes.p, f->bytes.n, "admin", 5) != NULL;
	}
}

static void many_targets(
		struct sp_detect *d, const struct detect_user *u, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_MANY_TARGETS];
	uint64_t first = 0, first_new = 0;
	uint32_t fresh = 0;

	if (n->target == 0 || !detect_wanted(d, SP_ALERT_MANY_TARGETS, n)) {
		return;
	}
	uint32_t count = detect_count(sp_detect_table_add(&d->t[DETECT_MANY], n->user), n->target,
			n, c->within_s, &first);
	/* Somebody's first targets ever are as new as their account. */
	if (knows_any(u->targets, SP_LEN(u->targets)) &&
			!known(u->targets, SP_LEN(u->targets), n->target, n->now, 3650)) {
		fresh = detect_count(sp_detect_table_add(&d->t[DETECT_MANY_NEW], n->user),
				n->target, n, c->within_s, &first_new);
	}
	if (count >= c->count || fresh >= c->count2) {
		detect_fire(d, SP_ALERT_MANY_TARGETS, SP_SEVERITY_HIGH, n->user, n,
				count >= c->count ? first : first_new,
				"%u targets, %u of them new, in %u minutes", count, fresh,
				c->within_s / 60);
	}
}

static void remember(struct detect_user *u, const struct detect_now *n)
{
	u->first = u->last == 0 ? n->now : u->first;
	u->last = n->now;
	u->last_seq = n->r->seq;
	u->logins += u->logins < UINT32_MAX;
	uint16_t *hour = &u->hours[hour_of(n->now)];
	*hour = (uint16_t)(*hour + (*hour < UINT16_MAX));
	learn(u->countries, SP_LEN(u->countries), n->country, n->now);
	learn(u->nets, SP_LEN(u->nets), n->wide, n->now);
	learn(u->devices, SP_LEN(u->devices), n->device, n->now);
	learn(u->targets, SP_LEN(u->targets), n->target, n->now);
}

static void place(const struct sp_detect *d, struct detect_user *u, const struct detect_now *n)
{
	/* What comes out of a VPN is nowhere. */
	if (!detect_wanted(d, SP_ALERT_TRAVEL, n) || (n->country == 0 && !n->r->placed)) {
		return;
	}
	u->place_at = n->now;
	u->place_seq = n->r->seq;
	u->country = n->country;
	u->placed = n->r->placed;
	u->lat = n->r->placed ? (int32_t)(n->r->lat * 1e4) : 0;
	u->lon = n->r->placed ? (int32_t)(n->r->lon * 1e4) : 0;
}

static uint64_t session_key(const struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_audit_field *f = sp_audit_get(n->v, SP_F_SESSION);
	uint64_t conn = sp_audit_get_num(n->v, SP_F_CONN);

	if (f != NULL) {
		return detect_hash(d, SP_F_SESSION, f->bytes.p, f->bytes.n);
	}
	return conn != 0 ? detect_hash(d, SP_F_CONN, &conn, sizeof(conn)) : 0;
}

void detect_on_session(struct sp_detect *d, const struct detect_now *n)
{
	uint64_t key = session_key(d, n);

	if (n->user == 0) {
		return;
	}
	struct detect_user *u = sp_detect_table_add(&d->t[DETECT_USER], n->user);
	many_targets(d, u, n);
	remember(u, n);
	place(d, u, n);
	if (key != 0) {
		struct detect_session *s = sp_detect_table_add(&d->t[DETECT_SESSION], key);
		*s = (struct detect_session){.user = n->user,
				.net = n->wide,
				.device = n->device,
				.seq = n->r->seq,
				.conn = sp_audit_get_num(n->v, SP_F_CONN),
				.since = n->now,
				.family = n->family};
		memcpy(s->addr, n->addr, sizeof(s->addr));
		sp_audit_copy(n->v, SP_F_SRC_IP, s->ip, sizeof(s->ip));
		snprintf(s->name, sizeof(s->name), "%s", n->name);
		sp_audit_copy(n->v, SP_F_SESSION, s->id, sizeof(s->id));
		sp_audit_copy(n->v, SP_F_TARGET, s->target, sizeof(s->target));
	}
}

/* ---- how long ---- */

static uint32_t percentile(const uint32_t *values, uint32_t n, uint32_t percent)
{
	uint32_t v[DETECT_DURATIONS], k = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = k++;
		for (; at > 0 && v[at - 1] > values[i]; at--) {
			v[at] = v[at - 1];
		}
		v[at] = values[i];
	}
	return v[(n - 1) * percent / 100];
}

static uint64_t too_long(const struct sp_detect *d, uint64_t user)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_LONG_SESSION];
	const struct detect_user *u = sp_detect_table_find(&d->t[DETECT_USER], user);
	uint64_t usual = 0;

	if (u != NULL && u->n_durations >= HABIT) {
		uint32_t n = u->n_durations < DETECT_DURATIONS ? u->n_durations : DETECT_DURATIONS;
		usual = (uint64_t)percentile(u->durations, n, 95) * c->times;
	}
	return usual > c->within_s ? usual : c->within_s;
}

static void idle(struct sp_detect *d, const struct detect_now *n, uint64_t seconds, uint64_t first)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_IDLE_SESSION];

	if (seconds < c->within_s || sp_audit_get(n->v, SP_F_BYTES_IN) == NULL ||
			!detect_wanted(d, SP_ALERT_IDLE_SESSION, n)) {
		return;
	}
	uint64_t bytes = sp_audit_get_num(n->v, SP_F_BYTES_IN);
	if (bytes / (seconds / HOUR + 1) < c->bytes) {
		detect_fire(d, SP_ALERT_IDLE_SESSION, SP_SEVERITY_LOW, session_key(d, n), n, first,
				"%u hours, in which the client sent %u KiB",
				(unsigned)(seconds / HOUR), (unsigned)(bytes / 1024));
	}
}

void detect_on_end(struct sp_detect *d, const struct detect_now *n)
{
	uint64_t key = session_key(d, n), conn = sp_audit_get_num(n->v, SP_F_CONN);
	struct detect_session *s = sp_detect_table_find(&d->t[DETECT_SESSION], key);

	/* Whoever came back goes on in the same session, and the old connection ends after that. */
	if (s == NULL || (s->conn != 0 && conn != 0 && s->conn != conn)) {
		return;
	}
	uint64_t seconds = (uint64_t)detect_age(n->now, s->since);
	struct detect_user *u = sp_detect_table_find(&d->t[DETECT_USER], s->user);
	if (u != NULL) {
		u->durations[u->n_durations % DETECT_DURATIONS] =
				seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
		/* Beyond the array only the remainder and "many" matter. */
		u->n_durations = u->n_durations + 1 < 2 * DETECT_DURATIONS ? u->n_durations + 1
									   : DETECT_DURATIONS;
	}
	idle(d, n, seconds, s->seq);
	sp_detect_table_drop(&d->t[DETECT_SESSION], key);
}

/* The other one of the same user, in another network and not with the same device. */
static const struct detect_session *elsewhere(
		const struct sp_detect *d, const struct detect_session *s)
{
	const struct detect_session *o;
	uint64_t key;
	uint32_t at = 0;

	while ((o = sp_detect_table_next(&d->t[DETECT_SESSION], &at, &key)) != NULL) {
		if (o != s && o->user == s->user && o->net != 0 && s->net != 0 &&
				o->net != s->net && (o->device == 0 || o->device != s->device)) {
			return o;
		}
	}
	return NULL;
}

static void look_at_one(struct sp_detect *d, struct detect_session *s, uint64_t key,
		const struct detect_now *now)
{
	struct detect_now n = *now;
	uint64_t seconds = (uint64_t)detect_age(now->now, s->since);

	n.session = s;
	n.user = s->user;
	n.family = s->family;
	memcpy(n.addr, s->addr, sizeof(n.addr));
	snprintf(n.name, sizeof(n.name), "%s", s->name);
	if (s->told_long == 0 && seconds > too_long(d, s->user)) {
		s->told_long = 1;
		if (detect_wanted(d, SP_ALERT_LONG_SESSION, &n)) {
			detect_fire(d, SP_ALERT_LONG_SESSION, SP_SEVERITY_LOW, key, &n, s->seq,
					"connected for %u hours", (unsigned)(seconds / HOUR));
		}
	}
	/* Not at once: whoever goes home takes the session along, and the old end closes. */
	if (s->checked == 0 && seconds >= SP_DETECT_TICK_S) {
		const struct detect_session *other = elsewhere(d, s);
		s->checked = 1;
		if (other != NULL && detect_wanted(d, SP_ALERT_SHARED_USE, &n)) {
			detect_fire(d, SP_ALERT_SHARED_USE, SP_SEVERITY_MEDIUM, s->user, &n,
					other->seq, "connected from two networks at once");
		}
	}
}

void detect_look_at_sessions(struct sp_detect *d, const struct detect_now *now)
{
	struct detect_session *s;
	uint64_t key;
	uint32_t at = 0;

	while ((s = sp_detect_table_next(&d->t[DETECT_SESSION], &at, &key)) != NULL) {
		look_at_one(d, s, key, now);
	}
}

/* ---- how much ---- */

static uint64_t median(const uint64_t *values, uint32_t n)
{
	uint64_t v[DETECT_DURATIONS];
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = k++;
		for (; at > 0 && v[at - 1] > values[i]; at--) {
			v[at] = v[at - 1];
		}
		v[at] = values[i];
	}
	return v[n / 2];
}

/* Sums up the window, of which a sixteenth goes at a time. */
static uint64_t add_bytes(struct detect_user *u, uint64_t bytes, int64_t now, uint32_t within)
{
	int64_t width = within / DETECT_BUCKETS > 0 ? within / DETECT_BUCKETS : 1;
	int64_t at = now / width;
	uint64_t sum = 0;

	if (at - u->bucket >= DETECT_BUCKETS || at < u->bucket) {
		memset(u->volume, 0, sizeof(u->volume));
		u->volume_seq = 0;
	} else {
		for (int64_t i = u->bucket + 1; i <= at; i++) {
			u->volume[i % DETECT_BUCKETS] = 0;
		}
	}
	u->bucket = at;
	u->volume[at % DETECT_BUCKETS] += bytes;
	for (size_t i = 0; i < DETECT_BUCKETS; i++) {
		sum += u->volume[i];
	}
	return sum;
}

static void sum_hour(struct detect_user *u, uint64_t bytes, int64_t now)
{
	int64_t hour = now / HOUR;

	if (u->hour != hour) {
		if (u->hour_bytes > 0) {
			u->busy[u->n_busy % DETECT_DURATIONS] = u->hour_bytes;
			u->n_busy = u->n_busy + 1 < 2 * DETECT_DURATIONS ? u->n_busy + 1
									 : DETECT_DURATIONS;
		}
		u->hour = hour;
		u->hour_bytes = 0;
	}
	u->hour_bytes += bytes;
}

void detect_on_transfer(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_VOLUME];
	uint64_t bytes = sp_audit_get_num(n->v, SP_F_BYTES);

	if (n->user == 0 || !sp_audit_is(n->v, SP_F_WAY, "out") ||
			n->v->outcome == SP_OUTCOME_DENIED || n->v->outcome == SP_OUTCOME_FAILED ||
			bytes == 0 || bytes > UINT64_MAX / 64 ||
			!detect_wanted(d, SP_ALERT_VOLUME, n)) {
		return;
	}
	struct detect_user *u = sp_detect_table_add(&d->t[DETECT_USER], n->user);
	sum_hour(u, bytes, n->now);
	uint64_t sum = add_bytes(u, bytes, n->now, c->within_s), usual = 0;
	u->volume_seq = u->volume_seq != 0 ? u->volume_seq : n->r->seq;
	if (u->n_busy >= HABIT) {
		usual = median(u->busy,
				u->n_busy < DETECT_DURATIONS ? u->n_busy : DETECT_DURATIONS);
	}
	/* A multiple of very little is still little. */
	bool much = usual > 0 && sum / c->times > usual && sum > c->bytes / 10;
	if (sum > c->bytes || much) {
		detect_fire(d, SP_ALERT_VOLUME, SP_SEVERITY_HIGH, n->user, n, u->volume_seq,
				"%u MiB in %u minutes%s", (unsigned)(sum >> 20), c->within_s / 60,
				sum > c->bytes ? "" : ", many times what is usual");
	}
}

/* ---- what a device says of itself ---- */

static uint64_t claim(const struct sp_detect *d, const struct detect_now *n, enum sp_field field)
{
	const struct sp_audit_field *f = sp_audit_get(n->v, field);

	return f != NULL ? detect_hash(d, field, f->bytes.p, f->bytes.n) : 0;
}

void detect_on_claims(struct sp_detect *d, const struct detect_now *n)
{
	struct detect_claims now = {.client = claim(d, n, SP_F_CLAIMED_CLIENT),
			.keyboard = claim(d, n, SP_F_CLAIMED_KEYBOARD),
			.zone = claim(d, n, SP_F_CLAIMED_ZONE),
			.seq = n->r->seq};

	if (now.client == 0 || now.keyboard == 0 || now.zone == 0 ||
			!detect_wanted(d, SP_ALERT_CLAIMS_CHANGED, n)) {
		return;
	}
	struct detect_claims *was = sp_detect_table_add(&d->t[DETECT_DEVICE], n->device);
	if (was->seq != 0 && was->client != now.client && was->keyboard != now.keyboard &&
			was->zone != now.zone) {
		detect_fire(d, SP_ALERT_CLAIMS_CHANGED, SP_SEVERITY_MEDIUM, n->device, n, was->seq,
				"name, keyboard and time zone of the device are all different now");
	}
	*was = now;
}
