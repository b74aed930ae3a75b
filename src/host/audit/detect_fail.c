/* host/audit/detect_fail.c - rules about failures: guessing, spraying, probing, and what follows. */
#include <string.h>

#include "core/base/attr.h"
#include "host/audit/detect_part.h"

#define STEADY_MIN 5 /* so many failures show whether a machine makes them */

static struct detect_window *window(struct sp_detect *d, enum detect_table t, uint64_t key)
{
	return sp_detect_table_add(&d->t[t], key);
}

static void mark(struct sp_detect *d, enum detect_table t, uint64_t key, const struct detect_now *n,
		uint64_t v)
{
	struct detect_mark *m = sp_detect_table_add(&d->t[t], key);

	*m = (struct detect_mark){.at = n->now, .seq = n->r->seq, .v = v};
}

static bool fresh(const struct sp_detect *d, enum detect_table t, uint64_t key, int64_t now,
		int64_t within, const struct detect_mark **out)
{
	const struct detect_mark *m = sp_detect_table_find(&d->t[t], key);

	*out = m;
	return m != NULL && detect_age(now, m->at) < within;
}

/* Somebody fails from here on purpose: a success from here is to be looked at. */
static void hit(struct sp_detect *d, uint64_t where, const struct detect_now *n, uint64_t severity)
{
	const struct detect_mark *m = sp_detect_table_find(&d->t[DETECT_HIT], where);

	if (where != 0 && (m == NULL || m->v <= severity || detect_age(n->now, m->at) > 86400)) {
		mark(d, DETECT_HIT, where, n, severity);
	}
}

/* A program that repeats a wrong password that somebody saved does so at its own beat. */
static bool steady(const struct detect_window *w)
{
	if (w->n < STEADY_MIN) {
		return false;
	}
	uint32_t beat = w->item[1].at - w->item[0].at;
	for (uint32_t i = 2; i < w->n; i++) {
		uint32_t gap = w->item[i].at - w->item[i - 1].at;
		if (gap + 1 < beat || gap > beat + 1) {
			return false;
		}
	}
	return beat >= 2;
}

static void brute_force(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_BRUTE_FORCE];
	uint64_t key = detect_pair(d, n->user, n->net), first;

	if (!detect_wanted(d, SP_ALERT_BRUTE_FORCE, n)) {
		return;
	}
	struct detect_window *w = window(d, DETECT_BRUTE, key);
	uint32_t count = detect_count(w, n->r->seq, n, c->within_s, &first);
	if (count >= c->count) {
		hit(d, n->net, n, SP_SEVERITY_HIGH);
		detect_fire(d, SP_ALERT_BRUTE_FORCE, SP_SEVERITY_MEDIUM, key, n, first,
				"%u failures of one user from one network%s", count,
				steady(w) ? ", at a steady beat: perhaps a saved wrong password"
					  : "");
	}
}

static void spray(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_SPRAY];
	uint64_t first;

	if (!detect_wanted(d, SP_ALERT_SPRAY, n)) {
		return;
	}
	uint32_t count = detect_count(
			window(d, DETECT_SPRAY, n->net), n->user, n, c->within_s, &first);
	if (count >= c->count) {
		hit(d, n->net, n, SP_SEVERITY_CRITICAL);
		detect_fire(d, SP_ALERT_SPRAY, SP_SEVERITY_HIGH, n->net, n, first,
				"failures of %u users from one network", count);
	}
}

static void spray_wide(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_SPRAY_WIDE];
	uint64_t first, ignored;

	if (n->machine == 0 || !detect_wanted(d, SP_ALERT_SPRAY_WIDE, n)) {
		return;
	}
	uint32_t users = detect_count(
			window(d, DETECT_WIDE_USERS, n->machine), n->user, n, c->within_s, &first);
	uint32_t nets = detect_count(
			window(d, DETECT_WIDE_NETS, n->machine), n->net, n, c->within_s, &ignored);
	if (users >= c->count && nets >= c->count2) {
		hit(d, n->machine, n, SP_SEVERITY_CRITICAL);
		detect_fire(d, SP_ALERT_SPRAY_WIDE, SP_SEVERITY_HIGH, n->machine, n, first,
				"failures of %u users from %u networks, by machines with one name",
				users, nets);
	}
}

static void enumeration(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_ENUMERATION];
	uint64_t first;

	if (sp_audit_get(n->v, SP_F_KNOWN) == NULL || sp_audit_get_num(n->v, SP_F_KNOWN) != 0 ||
			!detect_wanted(d, SP_ALERT_ENUMERATION, n)) {
		return;
	}
	uint32_t count = detect_count(
			window(d, DETECT_ENUM, n->net), n->user, n, c->within_s, &first);
	if (count >= c->count) {
		detect_fire(d, SP_ALERT_ENUMERATION, SP_SEVERITY_MEDIUM, n->net, n, first,
				"%u names that are no users, from one network", count);
	}
}

/* ---- a day's failing users ---- */

static uint32_t median(const struct detect_day *day)
{
	uint32_t v[SP_DETECT_DAYS], k = 0;

	for (size_t i = 0; i < SP_DETECT_DAYS; i++) {
		int64_t back = day->day - day->past_day[i];
		/* A day of which nothing is known had no failures, if the one before it is known. */
		uint32_t users = day->past_day[i] != 0 && 1 <= back && back <= SP_DETECT_DAYS
				? day->past[i]
				: 0;
		size_t at = k++;
		for (; at > 0 && v[at - 1] > users; at--) {
			v[at] = v[at - 1];
		}
		v[at] = users;
	}
	return (v[SP_DETECT_DAYS / 2 - 1] + v[SP_DETECT_DAYS / 2]) / 2;
}

static void next_day(struct detect_day *day, int64_t today, uint64_t seq)
{
	size_t at = (size_t)((uint64_t)day->day % SP_DETECT_DAYS);

	if (day->day != 0) {
		day->past[at] = day->users;
		day->past_day[at] = day->day;
	}
	day->day = today;
	day->users = 0;
	day->first_seq = seq;
	memset(day->seen, 0, sizeof(day->seen));
}

static bool new_today(struct detect_day *day, uint64_t user)
{
	size_t i = user % SP_DETECT_DAY_USERS;

	while (day->seen[i] != 0 && day->seen[i] != user) {
		i = (i + 1) % SP_DETECT_DAY_USERS;
	}
	if (day->seen[i] == user || day->users == SP_DETECT_DAY_USERS / 2) {
		return false;
	}
	day->seen[i] = user;
	day->users++;
	return true;
}

static void spray_slow(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_SPRAY_SLOW];
	int64_t today = n->now / 86400;

	if (!detect_wanted(d, SP_ALERT_SPRAY_SLOW, n)) {
		return;
	}
	if (d->day.day != today) {
		next_day(&d->day, today, n->r->seq);
	}
	if (!new_today(&d->day, n->user)) {
		return;
	}
	uint32_t usual = median(&d->day);
	if (d->day.users > c->count && d->day.users > (uint64_t)usual * c->times) {
		hit(d, 1, n, SP_SEVERITY_CRITICAL);
		detect_fire(d, SP_ALERT_SPRAY_SLOW, SP_SEVERITY_MEDIUM, (uint64_t)today, n,
				d->day.first_seq, "failures of %u users today, usually of %u",
				d->day.users, usual);
	}
}

void detect_on_failure(struct sp_detect *d, const struct detect_now *n)
{
	if (n->user == 0 || n->net == 0) {
		return;
	}
	mark(d, DETECT_FAILED, detect_pair(d, n->user, n->net), n, 0);
	if (n->machine != 0) {
		mark(d, DETECT_FAILED, detect_pair(d, n->user, n->machine), n, 0);
	}
	brute_force(d, n);
	if (n->v->kind == SP_AUDIT_MFA_FAIL) {
		return; /* the password was right: no spray is like that */
	}
	spray(d, n);
	spray_wide(d, n);
	enumeration(d, n);
	spray_slow(d, n);
}

/* ---- success ---- */

static bool familiar(const struct sp_detect *d, const struct detect_now *n)
{
	const struct detect_user *u = sp_detect_table_find(&d->t[DETECT_USER], n->user);

	for (size_t i = 0; u != NULL && i < SP_LEN(u->nets); i++) {
		if (u->nets[i].what == n->wide) {
			return true;
		}
	}
	return false;
}

void detect_on_success(struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_SUCCESS_AFTER];
	const struct detect_mark *failed = NULL, *m;
	uint64_t where[] = {n->net, n->machine, 1};
	uint64_t severity = 0;
	const uint64_t within = c->within_s;

	if (n->user == 0 || !detect_wanted(d, SP_ALERT_SUCCESS_AFTER, n)) {
		return;
	}
	for (size_t i = 0; i < SP_LEN(where); i++) {
		/* A slow spray comes from anywhere, and everybody mistypes at the usual desk. */
		uint64_t from = i == 2 ? n->net : where[i];
		if (from == 0 || (i == 2 && familiar(d, n)) ||
				!fresh(d, DETECT_FAILED, detect_pair(d, n->user, from), n->now,
						(int64_t)within, &failed)) {
			continue;
		}
		if (fresh(d, DETECT_HIT, where[i], n->now, (int64_t)within, &m)) {
			severity = m->v > severity ? m->v : severity;
		}
	}
	if (severity != 0) {
		failed = sp_detect_table_find(
				&d->t[DETECT_FAILED], detect_pair(d, n->user, n->net));
		detect_fire(d, SP_ALERT_SUCCESS_AFTER, (enum sp_severity)severity,
				detect_pair(d, n->user, n->net), n,
				failed != NULL ? failed->seq : n->r->seq,
				"the password was right, after an attack from the same place");
	}
}

/* ---- violations and tokens ---- */

void detect_on_violation(struct sp_detect *d, const struct detect_now *n)
{
	/* What no honest client does; the words are those of REASON. */
	static const char *const words[] = {"protocol", "damaged", "bad-ntlm", "tampered",
			"wrong-binding", "wrong-identity", "forbidden-question", "crash"};
	const struct sp_conf_alert *c = &detect_conf(d)->rule[SP_ALERT_PROBING];
	bool bad = n->v->kind == SP_AUDIT_PROC_CRASH;
	uint64_t first;

	for (size_t i = 0; !bad && i < SP_LEN(words); i++) {
		bad = sp_audit_is(n->v, SP_F_REASON, words[i]);
	}
	if (!bad || n->net == 0 || !detect_wanted(d, SP_ALERT_PROBING, n)) {
		return;
	}
	/* A connection whose process died is closed for that too: it counts once. */
	uint64_t conn = sp_audit_get_num(n->v, SP_F_CONN);
	uint32_t count = detect_count(window(d, DETECT_PROBE, n->net),
			conn != 0 ? detect_hash(d, SP_F_CONN, &conn, sizeof(conn)) : n->r->seq, n,
			c->within_s, &first);
	if (count >= c->count) {
		detect_fire(d, SP_ALERT_PROBING, SP_SEVERITY_HIGH, n->net, n, first,
				"%u connections from one network that broke the protocol or a "
				"process",
				count);
	}
}

void detect_on_token(struct sp_detect *d, const struct detect_now *n)
{
	const struct detect_mark *m;
	uint64_t place = n->family != 0 ? detect_hash(d, SP_F_SRC_IP, n->addr, 16) : 0;

	if (n->v->kind == SP_AUDIT_TOKEN_USE) {
		mark(d, DETECT_TOKEN, place, n, 0);
		return;
	}
	if (!detect_wanted(d, SP_ALERT_TOKEN_MISUSE, n)) {
		return;
	}
	bool twice = place != 0 && fresh(d, DETECT_TOKEN, place, n->now, 2, &m);
	detect_fire(d, SP_ALERT_TOKEN_MISUSE, twice ? SP_SEVERITY_INFO : SP_SEVERITY_HIGH,
			detect_pair(d, n->user, n->net), n, n->r->seq, "%s",
			twice ? "a token was used twice at once: perhaps a double click"
			      : "a token was used that is spent or another's");
}
