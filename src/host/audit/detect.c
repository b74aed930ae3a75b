/* host/audit/detect.c - records in, alerts out: what every rule shares, and those about the service itself. */
#include "host/audit/detect.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/siphash.h"
#include "host/audit/detect_part.h"

/* ---- life ---- */

static const struct {
	uint32_t cap;
	size_t size;
} shapes[DETECT_TABLES] = {
		[DETECT_BRUTE] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_SPRAY] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_WIDE_USERS] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_WIDE_NETS] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_ENUM] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_PROBE] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_MANY] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_MANY_NEW] = {SP_DETECT_SUBJECTS, sizeof(struct detect_window)},
		[DETECT_FAILED] = {SP_DETECT_MARKS, sizeof(struct detect_mark)},
		[DETECT_HIT] = {SP_DETECT_MARKS, sizeof(struct detect_mark)},
		[DETECT_FIRED] = {SP_DETECT_MARKS, sizeof(struct detect_mark)},
		[DETECT_TOKEN] = {SP_DETECT_MARKS, sizeof(struct detect_mark)},
		[DETECT_DEVICE] = {SP_DETECT_USERS, sizeof(struct detect_claims)},
		[DETECT_USER] = {SP_DETECT_USERS, sizeof(struct detect_user)},
		[DETECT_SESSION] = {SP_DETECT_SESSIONS, sizeof(struct detect_session)},
};

struct sp_detect *sp_detect_create(struct sp_conf *conf, const uint64_t key[2])
{
	struct sp_detect *d = sp_calloc(1, sizeof(*d));

	if (d == NULL) {
		return NULL;
	}
	memcpy(d->key, key, sizeof(d->key));
	sp_conf_alerts_default(&d->defaults);
	for (size_t i = 0; i < DETECT_TABLES; i++) {
		if (!sp_detect_table_init(&d->t[i], shapes[i].cap, shapes[i].size)) {
			sp_detect_destroy(d);
			return NULL;
		}
	}
	d->conf = sp_conf_ref(conf);
	return d;
}

void sp_detect_destroy(struct sp_detect *d)
{
	if (d == NULL) {
		return;
	}
	for (size_t i = 0; i < DETECT_TABLES; i++) {
		sp_detect_table_finish(&d->t[i]);
	}
	sp_conf_unref(d->conf);
	sp_free(d);
}

void sp_detect_reload(struct sp_detect *d, struct sp_conf *conf)
{
	struct sp_conf *old = d->conf;

	d->conf = sp_conf_ref(conf);
	sp_conf_unref(old);
}

void sp_detect_quiet(struct sp_detect *d, bool quiet)
{
	d->quiet = quiet;
}

uint64_t sp_detect_last(const struct sp_detect *d)
{
	return d->last;
}

/* ---- what the rules share ---- */

const struct sp_conf_alerts *detect_conf(const struct sp_detect *d)
{
	return d->conf->alerts != NULL ? d->conf->alerts : &d->defaults;
}

uint64_t detect_hash(const struct sp_detect *d, uint64_t salt, const void *p, size_t n)
{
	uint64_t key[2] = {d->key[0] ^ salt, d->key[1]};
	uint64_t h = sp_siphash(key, p, n);

	return h != 0 ? h : 1;
}

uint64_t detect_pair(const struct sp_detect *d, uint64_t a, uint64_t b)
{
	uint64_t both[2] = {a, b};

	return detect_hash(d, 0, both, sizeof(both));
}

int64_t detect_age(int64_t now, int64_t at)
{
	return now > at ? now - at : 0;
}

static bool in_net(const struct sp_conf_net *net, const struct detect_now *n)
{
	bool in = net->family == n->family;

	for (uint32_t i = 0; in && i < net->bits; i++) {
		in = ((net->addr[i / 8] ^ n->addr[i / 8]) & 0x80u >> i % 8) == 0;
	}
	return in;
}

bool detect_wanted(const struct sp_detect *d, enum sp_alert_rule rule, const struct detect_now *n)
{
	const struct sp_conf_alert *a = &detect_conf(d)->rule[rule];
	bool wanted = a->enabled;

	for (size_t i = 0; wanted && i < a->n_exempt; i++) {
		wanted = !in_net(&a->exempt[i], n);
	}
	for (size_t i = 0; wanted && i < a->n_users; i++) {
		wanted = strcmp(a->users[i], n->name) != 0;
	}
	return wanted;
}

bool detect_critical(const struct sp_detect *d, const struct detect_now *n)
{
	const struct sp_conf_alerts *a = detect_conf(d);

	for (size_t i = 0; i < a->n_critical; i++) {
		if (sp_audit_is(n->v, SP_F_TARGET, a->critical[i])) {
			return true;
		}
	}
	return false;
}

uint32_t detect_count(struct detect_window *w, uint64_t what, const struct detect_now *n,
		uint32_t within, uint64_t *first)
{
	struct detect_item item = {
			.what = (uint32_t)what, .at = (uint32_t)n->now, .seq = n->r->seq};
	uint32_t keep = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		bool same = w->item[i].what == item.what;
		if (same) {
			item.seq = w->item[i].seq;
		}
		if (!same && detect_age(n->now, w->item[i].at) < within) {
			w->item[keep++] = w->item[i];
		}
	}
	if (keep == SP_ALERT_COUNT_MAX) {
		memmove(w->item, w->item + 1, --keep * sizeof(w->item[0]));
	}
	w->item[keep++] = item;
	w->n = keep;
	*first = w->item[0].seq;
	for (uint32_t i = 1; i < keep; i++) {
		*first = w->item[i].seq < *first ? w->item[i].seq : *first;
	}
	return keep;
}

/* ---- alerts ---- */

static void fill(struct sp_detect_alert *a, const struct detect_now *n)
{
	a->conn = sp_audit_get_num(n->v, SP_F_CONN);
	sp_audit_copy(n->v, SP_F_SESSION, a->session, sizeof(a->session));
	sp_audit_copy(n->v, SP_F_TARGET, a->target, sizeof(a->target));
	sp_audit_copy(n->v, SP_F_SRC_IP, a->ip, sizeof(a->ip));
	sp_audit_copy(n->v, SP_F_SRC_NET, a->net, sizeof(a->net));
	sp_audit_copy(n->v, SP_F_DEVICE, a->device, sizeof(a->device));
}

static void fill_session(struct sp_detect_alert *a, const struct detect_session *s)
{
	a->conn = s->conn;
	snprintf(a->session, sizeof(a->session), "%s", s->id);
	snprintf(a->target, sizeof(a->target), "%s", s->target);
	snprintf(a->ip, sizeof(a->ip), "%s", s->ip);
}

bool detect_fire(struct sp_detect *d, enum sp_alert_rule rule, enum sp_severity severity,
		uint64_t matter, const struct detect_now *n, uint64_t first, const char *fmt, ...)
{
	const struct sp_conf_alert *conf = &detect_conf(d)->rule[rule];
	uint64_t key = detect_hash(d, rule + 1, &matter, sizeof(matter));
	struct detect_mark *m = sp_detect_table_find(&d->t[DETECT_FIRED], key);
	va_list ap;

	if (m != NULL && detect_age(n->now, m->at) < conf->again_s) {
		return false;
	}
	m = sp_detect_table_add(&d->t[DETECT_FIRED], key);
	*m = (struct detect_mark){.at = n->now, .seq = n->r->seq};
	/* Whoever does not take alerts away for so long loses the newest; their marks stay. */
	if (d->quiet || d->n == SP_DETECT_QUEUE) {
		return !d->quiet;
	}
	struct sp_detect_alert *a = &d->queue[(d->at + d->n++) % SP_DETECT_QUEUE];
	*a = (struct sp_detect_alert){.rule = rule,
			.severity = severity,
			.action = (enum sp_alert_action)conf->action,
			.first = first,
			.last = n->r->seq,
			.wall = n->now};
	snprintf(a->user, sizeof(a->user), "%s", n->name);
	if (n->v != NULL) {
		fill(a, n);
	} else if (n->session != NULL) {
		fill_session(a, n->session);
	}
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	return true;
}

bool sp_detect_next(struct sp_detect *d, struct sp_detect_alert *out)
{
	if (d->n == 0) {
		return false;
	}
	*out = d->queue[d->at];
	d->at = (d->at + 1) % SP_DETECT_QUEUE;
	d->n--;
	return true;
}

/* One that was kept before a restart is not told again. */
static void was_told(struct sp_detect *d, const struct sp_audit_view *v)
{
	uint64_t last = sp_audit_get_num(v, SP_F_ALERT_LAST);
	char session[SP_CONF_NAME];
	size_t keep = 0;

	sp_audit_copy(v, SP_F_SESSION, session, sizeof(session));
	for (size_t i = 0; i < d->n; i++) {
		const struct sp_detect_alert *a = &d->queue[(d->at + i) % SP_DETECT_QUEUE];
		if (a->last == last && sp_audit_is(v, SP_F_RULE, sp_alert_word(a->rule)) &&
				strcmp(a->session, session) == 0) {
			continue;
		}
		d->queue[(d->at + keep++) % SP_DETECT_QUEUE] = *a;
	}
	d->n = keep;
}

void sp_detect_event(const struct sp_detect_alert *a, struct sp_audit_event *out)
{
	sp_audit_init(out, SP_AUDIT_ALERT, SP_OUTCOME_NONE);
	sp_audit_set_severity(out, a->severity);
	if (a->conn != 0) {
		sp_audit_num(out, SP_F_CONN, a->conn);
	}
	sp_audit_text(out, SP_F_SESSION, a->session);
	sp_audit_text(out, SP_F_TEXT, a->text);
	sp_audit_text(out, SP_F_USER, a->user);
	sp_audit_text(out, SP_F_SRC_IP, a->ip);
	sp_audit_text(out, SP_F_SRC_NET, a->net);
	sp_audit_text(out, SP_F_DEVICE, a->device);
	sp_audit_text(out, SP_F_TARGET, a->target);
	sp_audit_text(out, SP_F_RULE, sp_alert_word(a->rule));
	sp_audit_text(out, SP_F_ALERT_RULE, sp_alert_number(a->rule));
	sp_audit_text(out, SP_F_ALERT_TITLE, sp_detect_title(a->rule));
	sp_audit_text(out, SP_F_ALERT_TAG, sp_detect_attack(a->rule));
	sp_audit_num(out, SP_F_ALERT_FIRST, a->first);
	sp_audit_num(out, SP_F_ALERT_LAST, a->last);
	sp_audit_text(out, SP_F_ALERT_ACTION, sp_alert_action_word(a->action));
}

/* Times are seconds since 1970 that a state can hold. */
static int64_t clamp(int64_t wall)
{
	return wall < 0 ? 0 : wall < SP_DETECT_TIME_MAX ? wall : SP_DETECT_TIME_MAX;
}

/* ---- rules about the service ---- */

static void tampered(struct sp_detect *d, const struct detect_now *n, const char *what)
{
	if (detect_wanted(d, SP_ALERT_ADMIN_TAMPER, n)) {
		detect_fire(d, SP_ALERT_ADMIN_TAMPER, SP_SEVERITY_CRITICAL,
				detect_hash(d, n->v->kind, what, strlen(what)), n, n->r->seq, "%s",
				what);
	}
}

static void on_clock(struct sp_detect *d, const struct detect_now *n)
{
	int64_t step = (int64_t)sp_audit_get_num(n->v, SP_F_SECONDS);
	uint64_t far = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;

	if (far >= detect_conf(d)->rule[SP_ALERT_ADMIN_TAMPER].within_s) {
		tampered(d, n, "the clock was set");
	}
}

static void on_policy(struct sp_detect *d, const struct detect_now *n)
{
	if (sp_audit_is(n->v, SP_F_REASON, "loosened")) {
		tampered(d, n, "the rules allow more than before");
	} else if (sp_audit_is(n->v, SP_F_REASON, "recording off")) {
		tampered(d, n, "a target is not recorded any more");
	}
}

static void on_certificate(struct sp_detect *d, const struct detect_now *n)
{
	if ((n->v->outcome == SP_OUTCOME_DENIED || n->v->outcome == SP_OUTCOME_FAILED) &&
			detect_wanted(d, SP_ALERT_TARGET_CERT, n)) {
		detect_fire(d, SP_ALERT_TARGET_CERT, SP_SEVERITY_HIGH, n->target, n, n->r->seq,
				"the target shows another certificate than the one it is known by");
	}
}

/* Records that no checkpoint has covered for long: who could sign does not. */
static void look_at_checkpoint(struct sp_detect *d, const struct detect_now *n)
{
	if (d->open_at == 0 ||
			detect_age(n->now, d->open_at) <=
					detect_conf(d)->rule[SP_ALERT_ADMIN_TAMPER].late_s ||
			!detect_wanted(d, SP_ALERT_ADMIN_TAMPER, n)) {
		return;
	}
	detect_fire(d, SP_ALERT_ADMIN_TAMPER, SP_SEVERITY_CRITICAL, 1, n, d->open_seq,
			"no checkpoint of the audit for %u minutes",
			(unsigned)(detect_age(n->now, d->open_at) / 60));
}

static void look_around(struct sp_detect *d, int64_t wall, uint64_t seq)
{
	struct sp_detect_record r = {.seq = seq, .wall = wall};
	struct detect_now n = {.r = &r, .now = wall};

	/* A clock that was set back does not stop it for long. */
	if (d->tick_at != 0 && wall < d->tick_at && d->tick_at <= wall + SP_DETECT_TICK_S) {
		return;
	}
	d->tick_at = wall + SP_DETECT_TICK_S;
	detect_look_at_sessions(d, &n);
	look_at_checkpoint(d, &n);
}

void sp_detect_tick(struct sp_detect *d, int64_t wall)
{
	look_around(d, clamp(wall), d->last);
}

/* ---- a record ---- */

static uint64_t hash_of(
		const struct sp_detect *d, const struct sp_audit_view *v, enum sp_field field)
{
	const struct sp_audit_field *f = sp_audit_get(v, field);

	return f != NULL ? detect_hash(d, field, f->bytes.p, f->bytes.n) : 0;
}

/* A user by the store's name; one that is not in it by what was typed. */
static uint64_t user_of(
		const struct sp_detect *d, const struct sp_audit_view *v, char name[SP_CONF_NAME])
{
	const struct sp_audit_field *f = sp_audit_get(v, SP_F_USER);
	uint8_t low[SP_AUDIT_TEXT_MAX];
	size_t i;

	if (f == NULL) {
		f = sp_audit_get(v, SP_F_CLAIMED_USER);
	} else {
		sp_audit_copy(v, SP_F_USER, name, SP_CONF_NAME);
	}
	for (i = 0; f != NULL && i < f->bytes.n && i < sizeof(low); i++) {
		uint8_t c = f->bytes.p[i];
		low[i] = 'A' <= c && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
	}
	return f != NULL ? detect_hash(d, SP_F_USER, low, i) : 0;
}

static void place_of(const struct sp_detect *d, struct detect_now *n)
{
	char ip[64];

	sp_audit_copy(n->v, SP_F_SRC_IP, ip, sizeof(ip));
	if (inet_pton(AF_INET, ip, n->addr) == 1) {
		n->family = AF_INET;
	} else if (inet_pton(AF_INET6, ip, n->addr) == 1) {
		n->family = AF_INET6;
	}
	if (n->family != 0) {
		n->wide = detect_hash(d, n->family, n->addr, n->family == AF_INET ? 3 : 6);
	}
}

static void look_at(
		const struct sp_detect *d, const struct sp_detect_record *r, struct detect_now *n)
{
	const struct sp_audit_view *v = r->v;

	*n = (struct detect_now){.r = r, .v = v, .now = clamp(r->wall)};
	n->user = user_of(d, v, n->name);
	n->net = hash_of(d, v, SP_F_SRC_NET);
	n->machine = hash_of(d, v, SP_F_CLAIMED_MACHINE);
	n->device = hash_of(d, v, SP_F_DEVICE);
	n->target = hash_of(d, v, SP_F_TARGET);
	n->country = hash_of(d, v, SP_F_SRC_COUNTRY);
	place_of(d, n);
	if (n->net == 0) {
		n->net = n->wide;
	}
}

static void note_checkpoint(struct sp_detect *d, const struct detect_now *n)
{
	enum sp_audit_kind kind = n->v->kind;

	if (kind == SP_AUDIT_AUDIT_CHECKPOINT || kind == SP_AUDIT_SERVICE_STOP) {
		d->open_at = 0;
	} else if (d->open_at == 0 || kind == SP_AUDIT_SERVICE_START ||
			kind == SP_AUDIT_AUDIT_RECOVERED || kind == SP_AUDIT_CLOCK_STEP) {
		d->open_at = n->now;
		d->open_seq = n->r->seq;
	}
}

static void judge(struct sp_detect *d, const struct detect_now *n)
{
	switch ((unsigned)n->v->kind) {
	case SP_AUDIT_AUTH_FAIL:
	case SP_AUDIT_MFA_FAIL:
		detect_on_failure(d, n);
		break;
	case SP_AUDIT_AUTH_OK:
		detect_on_success(d, n);
		detect_check_user(d, n);
		break;
	case SP_AUDIT_POLICY_ALLOW:
	case SP_AUDIT_PRIV_GRANT:
		detect_on_roles(d, n);
		break;
	case SP_AUDIT_SESSION_START:
	case SP_AUDIT_SESSION_RECONNECT:
		detect_check_user(d, n);
		detect_on_session(d, n);
		break;
	case SP_AUDIT_SESSION_DISCONNECT:
	case SP_AUDIT_SESSION_END:
		detect_on_end(d, n);
		break;
	case SP_AUDIT_CLIP_TRANSFER:
	case SP_AUDIT_FILE_TRANSFER:
		detect_on_transfer(d, n);
		break;
	case SP_AUDIT_CONN_REJECT:
	case SP_AUDIT_CONN_CLOSE:
	case SP_AUDIT_PROC_CRASH:
		detect_on_violation(d, n);
		break;
	case SP_AUDIT_TOKEN_USE:
	case SP_AUDIT_TOKEN_MISUSE:
		detect_on_token(d, n);
		break;
	case SP_AUDIT_TARGET_CERT:
		on_certificate(d, n);
		break;
	case SP_AUDIT_POLICY_CHANGE:
		on_policy(d, n);
		break;
	case SP_AUDIT_RECORD_GAP:
		tampered(d, n, "a recording has a gap");
		break;
	case SP_AUDIT_AUDIT_DROPPED:
		tampered(d, n,
				sp_audit_get_num(n->v, SP_F_COUNT) > 0
						? "events were lost"
						: "nothing could be written for a while");
		break;
	case SP_AUDIT_AUDIT_RECOVERED:
		if (n->v->outcome == SP_OUTCOME_FAILED) {
			tampered(d, n, "records are gone, or not as they were written");
		}
		break;
	case SP_AUDIT_AUDIT_RETENTION:
		tampered(d, n, "old records were removed");
		break;
	case SP_AUDIT_CLOCK_STEP:
		on_clock(d, n);
		break;
	case SP_AUDIT_SERVICE_START:
		sp_detect_table_clear(&d->t[DETECT_SESSION]);
		break;
	default:
		break;
	}
	if (n->device != 0) {
		detect_on_claims(d, n);
	}
}

void sp_detect_feed(struct sp_detect *d, const struct sp_detect_record *r)
{
	struct detect_now n;

	if (r->seq <= d->last) {
		return;
	}
	d->last = r->seq;
	if (r->v->kind == SP_AUDIT_ALERT) {
		was_told(d, r->v);
		return;
	}
	look_at(d, r, &n);
	note_checkpoint(d, &n);
	judge(d, &n);
	look_around(d, n.now, r->seq);
}
