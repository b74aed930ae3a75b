/* gate/scribe/judge.c - see judge.h. */
#include "gate/scribe/judge.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "host/audit/detect.h"
#include "host/conf/alert.h"
#include "host/conf/ship.h"
#include "host/lib/geo.h"

#define STATE "detect"
#define NS UINT64_C(1000000000)

struct sp_judge {
	struct sp_judge_conf conf;
	struct sp_detect *detect;
	struct sp_geo *geo; /* NULL: no places */
	struct sp_watch *tick;
	uint64_t pending; /* alerts that were told and did not come back as records yet */
	uint64_t saved; /* sequence that the saved state knows */
	uint64_t saved_us;
};

/* ---- alerts ---- */

static void act(struct sp_judge *j, const struct sp_detect_alert *a)
{
	static const enum sp_act acts[SP_ALERT_ACTIONS] = {[SP_ALERT_STEP_UP] = SP_ACT_STEP_UP,
			[SP_ALERT_PAUSE] = SP_ACT_PAUSE,
			[SP_ALERT_END] = SP_ACT_END};
	struct sp_msg_act m = {.conn = a->conn, .action = acts[a->action]};
	uint64_t now = j->conf.now().wall_ns, then = (uint64_t)a->wall * NS;

	/* Numbers of connections begin anew with the service: nobody else is to be hit. */
	if (m.action == SP_ACT_NONE || j->conf.keeper < 0 ||
			(a->conn == 0 && a->session[0] == '\0') ||
			(then < now && now - then > SP_JUDGE_ACT_NS)) {
		return;
	}
	snprintf(m.session, sizeof(m.session), "%.39s", a->session);
	snprintf(m.user, sizeof(m.user), "%s", a->user);
	snprintf(m.text, sizeof(m.text), "%s", sp_detect_title(a->rule));
	sp_log_clean(m.session);
	sp_log_clean(m.user);
	if (sp_mon_say(j->conf.keeper, ACT, &m) != SP_OK) {
		sp_log(SP_LOG_ERROR, "alert %s: the keeper does not listen",
				sp_alert_word(a->rule));
	}
}

static void take_alerts(struct sp_judge *j)
{
	struct sp_detect_alert a;
	struct sp_audit_event e;

	while (sp_detect_next(j->detect, &a)) {
		sp_log(SP_LOG_WARN, "alert: %s: user %s, from %s, session %s, target %s: %s",
				sp_detect_title(a.rule), a.user, a.ip, a.session, a.target, a.text);
		sp_detect_event(&a, &e);
		sp_scribe_tell(j->conf.scribe, &e);
		j->pending++;
		act(j, &a);
	}
}

/* ---- records ---- */

static void place(const struct sp_judge *j, struct sp_detect_record *r)
{
	uint8_t addr[16] = {0};
	char ip[64];
	int family;

	if (j->geo == NULL) {
		return;
	}
	sp_audit_copy(r->v, SP_F_SRC_IP, ip, sizeof(ip));
	family = strchr(ip, ':') != NULL ? AF_INET6 : AF_INET;
	r->placed = inet_pton(family, ip, addr) == 1 &&
			sp_geo_place(j->geo, (uint32_t)family, addr, &r->lat, &r->lon);
}

static void feed(struct sp_judge *j, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct sp_detect_record d = {.v = event, .seq = r->seq, .wall = (int64_t)(r->wall_ns / NS)};

	place(j, &d);
	sp_detect_feed(j->detect, &d);
}

static void on_kept(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	struct sp_judge *j = user;

	if (event->kind == SP_AUDIT_ALERT && j->pending > 0) {
		j->pending--;
	}
	feed(j, r, event);
	take_alerts(j);
}

static int on_past(void *user, const struct sp_record *r, const struct sp_audit_view *event)
{
	feed(user, r, event);
	return SP_OK;
}

/* ---- what it remembers ---- */

static void save(struct sp_judge *j)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_DETECT_STATE_MAX);
	int rc = sp_detect_save(j->detect, &w);
	if (rc == SP_OK) {
		rc = sp_audit_state_put(j->conf.store, STATE, sp_span(w.p, w.n));
	}
	if (rc == SP_OK) {
		j->saved = sp_detect_last(j->detect);
	} else {
		sp_log(SP_LOG_WARN, "detection: its state cannot be saved: %s", sp_err_text(rc));
	}
	j->saved_us = sp_now_us();
	sp_wr_finish(&w);
}

/* True where there was one. */
static bool load(struct sp_judge *j)
{
	struct sp_wr w;

	sp_wr_init(&w, SP_DETECT_STATE_MAX);
	int rc = sp_audit_state_get(j->conf.store, STATE, &w);
	if (rc == SP_OK) {
		rc = sp_detect_load(j->detect, sp_span(w.p, w.n));
	}
	sp_wr_finish(&w);
	if (rc != SP_OK && rc != SP_ENOTFOUND) {
		sp_log(SP_LOG_WARN, "detection: its state cannot be read, it learns anew: %s",
				sp_err_text(rc));
	}
	return rc == SP_OK;
}

/* From where it was to where the audit is: alerts that were kept by then are not told again. */
static void catch_up(struct sp_judge *j)
{
	uint64_t end = sp_audit_seq(j->conf.store);
	bool known = load(j);

	if (known && sp_detect_last(j->detect) > end) {
		sp_log(SP_LOG_WARN, "detection: its state is of a longer audit, it learns anew");
		known = sp_detect_load(j->detect, sp_span(NULL, 0)) == SP_OK; /* forgets it */
	}
	uint64_t from = known                 ? sp_detect_last(j->detect) + 1
			: end > SP_JUDGE_PAST ? end - SP_JUDGE_PAST
					      : 1;

	sp_detect_quiet(j->detect, !known);
	if (from <= end &&
			sp_audit_each(j->conf.store, from, end, false, on_past, j, NULL) != SP_OK) {
		sp_log(SP_LOG_ERROR, "detection: %s", sp_audit_store_why(j->conf.store));
	}
	sp_detect_quiet(j->detect, false);
	take_alerts(j);
	if (!known) {
		save(j);
	}
}

static void on_tick(void *user)
{
	struct sp_judge *j = user;
	uint64_t age = sp_now_us() - j->saved_us;

	sp_detect_tick(j->detect, (int64_t)(j->conf.now().wall_ns / NS));
	take_alerts(j);
	/* With an alert on its way the state would know of it, and a crash lose it. */
	if (sp_detect_last(j->detect) > j->saved &&
			((j->pending == 0 && age >= SP_JUDGE_SAVE_US) ||
					age >= 3 * SP_JUDGE_SAVE_US)) {
		j->pending = 0;
		save(j);
	}
	sp_watch_in(j->tick, SP_JUDGE_TICK_US);
}

/* ---- its life ---- */

static void open_places(struct sp_judge *j, const struct sp_conf *conf)
{
	char why[SP_GEO_WHY];

	if (conf->countries[0] != '\0') {
		j->geo = sp_geo_open(conf->countries, why);
		if (j->geo == NULL) {
			sp_log(SP_LOG_WARN, "detection: %s: %s", conf->countries, why);
		}
	}
}

struct sp_judge *sp_judge_create(const struct sp_judge_conf *conf)
{
	struct sp_judge *j = sp_calloc(1, sizeof(*j));
	uint64_t key[2];

	if (j == NULL) {
		return NULL;
	}
	j->conf = *conf;
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		sp_free(j);
		return NULL;
	}
	j->detect = sp_detect_create(conf->conf, key);
	j->tick = sp_loop_timer(conf->loop, on_tick, j);
	if (j->detect == NULL || j->tick == NULL) {
		sp_watch_remove(j->tick);
		sp_detect_destroy(j->detect);
		sp_free(j);
		return NULL;
	}
	open_places(j, conf->conf);
	catch_up(j);
	sp_scribe_follow(conf->scribe, &(struct sp_scribe_follower){.kept = on_kept, .user = j});
	sp_watch_in(j->tick, SP_JUDGE_TICK_US);
	return j;
}

void sp_judge_destroy(struct sp_judge *j)
{
	if (j == NULL) {
		return;
	}
	/* What is not known to be kept is found again by the older state. */
	if (j->pending == 0) {
		save(j);
	}
	sp_watch_remove(j->tick);
	sp_detect_destroy(j->detect);
	sp_geo_close(j->geo);
	sp_free(j);
}

/* A place outside of this machine that the audit went to, and goes to no more; NULL. */
static const char *cut_off(const struct sp_conf *was, const struct sp_conf *is)
{
	for (size_t i = 0; i < was->n_ship; i++) {
		const struct sp_conf_ship *a = &was->ship[i];
		bool there = false;

		for (size_t k = 0; k < is->n_ship && !there; k++) {
			const struct sp_conf_ship *b = &is->ship[k];
			there = strcmp(a->name, b->name) == 0 && a->type == b->type &&
					strcmp(a->path, b->path) == 0 &&
					strcmp(a->host, b->host) == 0 && a->port == b->port &&
					strcmp(a->resource, b->resource) == 0 && a->tls <= b->tls;
		}
		if (!there) {
			return a->name;
		}
	}
	return NULL;
}

/* What is protected less than before; NULL: nothing that shows without people. */
static const char *weaker(const struct sp_conf *was, const struct sp_conf *is, const char **reason)
{
	*reason = "loosened";
	for (size_t i = 0; i < was->n_targets; i++) {
		const struct sp_conf_target *t = sp_conf_target(is, was->target[i].name);
		if (t != NULL && t->record < was->target[i].record) {
			*reason = "recording off";
			return t->name;
		}
	}
	for (uint32_t i = 0; was->alerts != NULL && is->alerts != NULL && i < SP_ALERT_RULES; i++) {
		if (was->alerts->rule[i].enabled && !is->alerts->rule[i].enabled) {
			return sp_alert_word(i);
		}
	}
	return is->mfa > was->mfa                                  ? "mfa"
			: is->audit_open && !was->audit_open       ? "audit"
			: was->require_token && !is->require_token ? "require-token"
								   : cut_off(was, is);
}

void sp_judge_reload(struct sp_judge *j, struct sp_conf *conf)
{
	const char *reason, *what = weaker(j->conf.conf, conf, &reason);
	struct sp_audit_event e;

	if (what != NULL) {
		sp_audit_init(&e, SP_AUDIT_POLICY_CHANGE, SP_OUTCOME_OK);
		sp_audit_set_severity(&e, SP_SEVERITY_HIGH);
		sp_audit_text(&e, SP_F_REASON, reason);
		sp_audit_text(&e, SP_F_TEXT, what);
		sp_scribe_tell(j->conf.scribe, &e);
	}
	sp_detect_reload(j->detect, conf);
	j->conf.conf = conf; /* its engine has the reference */
}
