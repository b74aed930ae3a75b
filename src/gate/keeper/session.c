/* gate/keeper/session.c - the registry of sessions: approval, limits and ends. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "gate/keeper/session_part.h"

static const char *const state_texts[SP_SESSION_STATES] = {
		[SP_SESSION_NONE] = "none",
		[SP_SESSION_TALK] = "conversation",
		[SP_SESSION_APPROVAL] = "waiting for approval",
		[SP_SESSION_OPENING] = "opening",
		[SP_SESSION_ACTIVE] = "active",
		[SP_SESSION_ENDING] = "ending",
};

const char *sp_session_state_text(enum sp_session_state state)
{
	return (unsigned)state < SP_SESSION_STATES ? state_texts[state] : "?";
}

struct sp_sessions *sp_sessions_create(
		const struct sp_crypto *crypto, const struct sp_session_world *world)
{
	struct sp_sessions *all = sp_calloc(1, sizeof(*all));

	if (all != NULL) {
		all->crypto = crypto;
		all->world = *world;
	}
	return all;
}

void sp_sessions_destroy(struct sp_sessions *all)
{
	if (all == NULL) {
		return;
	}
	while (all->lost != NULL) {
		struct sp_session *s = all->lost;
		all->lost = s->next;
		sp_freezero(s, sizeof(*s));
	}
	sp_freezero(all, sizeof(*all));
}

/* Numbers count up, so that what somebody typed never means a later session. */
static uint32_t new_id(struct sp_sessions *all)
{
	do {
		all->last_id++;
	} while (all->last_id == 0 || sp_session_find(all, all->last_id) != NULL);
	return all->last_id;
}

/* Crockford's base 32: 48 bits of time, 80 of chance; without chance it is the number. */
static void make_name(struct sp_session *s)
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t ms = (uint64_t)s->since * 1000;
	uint8_t b[16];

	for (size_t i = 0; i < 16; i++) {
		b[i] = i < 6 ? (uint8_t)(ms >> (40 - 8 * i)) : 0;
	}
	if (s->all->crypto->random(b + 6, 10) != SP_OK) {
		memcpy(b + 12, &s->id, sizeof(s->id));
	}
	/* 130 bits, of which the first two are 0. */
	for (size_t i = 0; i < SP_SESSION_NAME - 1; i++) {
		unsigned v = 0;
		for (size_t bit = i * 5; bit < i * 5 + 5; bit++) {
			v = v << 1 | (bit < 2 ? 0 : b[(bit - 2) / 8] >> (7 - (bit - 2) % 8) & 1u);
		}
		s->name[i] = digits[v];
	}
}

struct sp_session *sp_session_create(struct sp_sessions *all, const struct sp_session_facts *facts,
		const struct sp_session_owner *owner, void *arg)
{
	struct sp_session *s = all->n < SP_SESSIONS ? sp_calloc(1, sizeof(*s)) : NULL;

	if (s == NULL) {
		return NULL;
	}
	s->all = all;
	s->owner = owner;
	s->arg = arg;
	s->id = new_id(all);
	s->state = SP_SESSION_TALK;
	s->conn = facts->conn;
	s->user_id = facts->user->id;
	s->user_created = facts->user->created;
	snprintf(s->user, sizeof(s->user), "%s", facts->user->name);
	s->source = *facts->source;
	snprintf(s->interface, sizeof(s->interface), "%s", facts->interface);
	s->device = facts->device;
	s->factors = facts->device ? SP_CONF_FACTOR_DEVICE : 0;
	s->since = facts->since;
	make_name(s);
	s->next = all->first;
	all->first = s;
	all->n++;
	return s;
}

/* What a person wants to hear at the next login; nobody needs to be told what he did himself. */
static bool is_told(enum sp_why why)
{
	return why == SP_WHY_POLICY || why == SP_WHY_IDLE || why == SP_WHY_TIME ||
			why == SP_WHY_TARGET || why == SP_WHY_ADMIN || why == SP_WHY_ALERT;
}

/*
 * The reason that a session is remembered with. sp-net reads hostile bytes: it is believed only
 * what can only be known there, and has words of its own only for the target's end.
 */
static void remember(const struct sp_session *s, enum sp_why why, const char *text, uint64_t now_us)
{
	if (s->state == SP_SESSION_ENDING) {
		why = s->why;
		text = s->why_text;
	} else if (why == SP_WHY_POLICY || why == SP_WHY_ADMIN || why == SP_WHY_ALERT) {
		return;
	} else if (why != SP_WHY_TARGET || *text == '\0') {
		text = sp_why_text(why);
	}
	/* Who had no target yet was told on the greeter. */
	if (is_told(why) && (s->began_us != 0 || why == SP_WHY_TARGET)) {
		sp_session_reason_put(s->all, s->user_id, why, s->target, text, now_us);
	}
}

void sp_session_close(struct sp_session *s, enum sp_why why, const char *text, uint64_t now_us)
{
	if (s == NULL) {
		return;
	}
	struct sp_session **at = &s->all->first;
	while (*at != s) {
		at = &(*at)->next;
	}
	*at = s->next;
	s->all->n--;
	remember(s, why, text, now_us);
	bool lost = s->state == SP_SESSION_ACTIVE && why == SP_WHY_LOST;
	if ((lost || s->stepped) && s->arc.present) {
		s->owner = NULL;
		s->arg = NULL;
		sp_session_lose(s, now_us);
	} else {
		sp_freezero(s, sizeof(*s));
	}
}

/* ---- what the conversation tells ---- */

void sp_session_chosen(struct sp_session *s, const char *target, const struct sp_conf_rule *rule)
{
	snprintf(s->target, sizeof(s->target), "%s", target != NULL ? target : "");
	snprintf(s->rule, sizeof(s->rule), "%s", rule != NULL ? rule->name : "");
}

void sp_session_routed(struct sp_session *s, const char *route)
{
	snprintf(s->route, sizeof(s->route), "%s", route);
}

void sp_session_reason(struct sp_session *s, const char *reason)
{
	snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

void sp_session_proved(struct sp_session *s, uint32_t factor)
{
	s->factors |= factor;
	for (size_t i = 0; (factor & SP_CONF_FACTOR_TOTP) != 0 && i < SP_SESSION_STEPS; i++) {
		if (s->all->steps[i].user_id == s->user_id) {
			s->all->steps[i] = (struct session_step){0};
		}
	}
}

void sp_session_granted(struct sp_session *s, uint64_t grant)
{
	s->grant = grant;
	if (s->state != SP_SESSION_ENDING) {
		s->state = SP_SESSION_OPENING;
	}
}

/* The tick is to look at it then. */
static void look_at(struct sp_session *s, uint64_t when_us)
{
	s->check_us = when_us;
	if (when_us < s->all->check_us) {
		s->all->check_us = when_us;
	}
}

void sp_session_recorded(struct sp_session *s, const char *id)
{
	snprintf(s->recording, sizeof(s->recording), "%s", id);
}

void sp_session_up(struct sp_session *s, int64_t now, uint64_t now_us)
{
	if (s->state != SP_SESSION_OPENING) {
		return;
	}
	s->state = SP_SESSION_ACTIVE;
	s->up_us = now_us;
	s->active = now;
	if (s->step_us != 0) {
		look_at(s, now_us + SP_SESSION_COOKIE_US);
		s->step_us = s->check_us;
	}
}

void sp_session_limits(struct sp_session *s, const struct sp_policy_verdict *verdict, int64_t now,
		uint64_t now_us, struct sp_msg_target *out)
{
	const struct sp_conf_rule *rule = verdict->rule;
	int64_t left = -1; /* no end */

	out->idle_s = rule != NULL ? rule->idle_s : 0;
	s->max_us = rule != NULL ? rule->max_s * UINT64_C(1000000) : 0;
	s->until = verdict->until;
	/* An sp-net that has the target and never says so gains no time. */
	if (s->began_us == 0) {
		s->began_us = now_us;
	}
	if (s->max_us > 0) {
		uint64_t used = now_us - s->began_us;
		left = used < s->max_us ? (int64_t)((s->max_us - used) / 1000000) : 0;
	}
	if (verdict->until != 0) {
		int64_t hours = verdict->until > now ? verdict->until - now : 0;
		left = left < 0 || hours < left ? hours : left;
	}
	/* 0 would be no limit at all. */
	out->max_s = left < 0 ? 0 : left == 0 ? 1 : left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
	out->warn_s = SP_SESSION_WARN_S;
	if (out->idle_s > 0 && out->idle_s / 2 < out->warn_s) {
		out->warn_s = out->idle_s / 2;
	}
	if (out->max_s > 0 && out->max_s / 2 < out->warn_s) {
		out->warn_s = out->max_s / 2;
	}
}

/* ---- approval ---- */

enum sp_session_approval sp_session_ask_approval(
		struct sp_session *s, const struct sp_conf_rule *rule)
{
	if (s->state != SP_SESSION_TALK) {
		return SP_SESSION_REFUSED;
	}
	if (s->approver[0] != '\0' && strcmp(s->rule, rule->name) == 0) {
		return SP_SESSION_APPROVED;
	}
	snprintf(s->rule, sizeof(s->rule), "%s", rule->name);
	s->approver[0] = '\0';
	s->refused = false;
	s->state = SP_SESSION_APPROVAL;
	return SP_SESSION_WAITING;
}

enum sp_session_approval sp_session_approval(const struct sp_session *s)
{
	if (s->refused || s->state == SP_SESSION_ENDING) {
		return SP_SESSION_REFUSED;
	}
	return s->approver[0] != '\0' ? SP_SESSION_APPROVED : SP_SESSION_WAITING;
}

int sp_session_decide(struct sp_session *s, bool approve, const char *by, char why[SP_TEXT_WHY])
{
	const struct sp_session_world *w = &s->all->world;
	struct sp_policy_verdict v = {0};

	if (s->state != SP_SESSION_APPROVAL) {
		snprintf(why, SP_TEXT_WHY, "session %u does not wait for approval", s->id);
		return SP_ESTATE;
	}
	if (strcasecmp(by, s->user) == 0) {
		snprintf(why, SP_TEXT_WHY, "%s cannot decide about their own session", by);
		return SP_EDENIED;
	}
	/* The rules may have changed since it was asked for. */
	w->decide(w->arg, s, &v);
	if (!v.allow || v.rule == NULL) {
		snprintf(why, SP_TEXT_WHY, "no rule allows it any more: %.140s", v.why);
		return SP_EDENIED;
	}
	if (*by == '\0' || strlen(by) >= sizeof(s->approver) ||
			!w->may_approve(w->arg, v.rule, by)) {
		snprintf(why, SP_TEXT_WHY, "%.64s is no approver of rule \"%.80s\"", by,
				v.rule->name);
		return SP_EDENIED;
	}
	snprintf(why, SP_TEXT_WHY, "%s", approve ? "approved" : "refused");
	snprintf(s->rule, sizeof(s->rule), "%s", v.rule->name);
	s->refused = !approve;
	if (approve) {
		snprintf(s->approver, sizeof(s->approver), "%s", by);
	}
	s->state = SP_SESSION_TALK;
	s->owner->decided(s->arg, approve, by);
	return SP_OK;
}

/* ---- ends ---- */

static void end(struct sp_session *s, enum sp_why why, uint32_t error_info, const char *text,
		uint64_t now_us)
{
	struct sp_sessions *all = s->all;

	s->state = SP_SESSION_ENDING;
	s->why = why;
	snprintf(s->why_text, sizeof(s->why_text), "%s", text);
	s->kill_us = now_us + SP_SESSION_GRACE_US;
	if (all->kill_us == 0 || s->kill_us < all->kill_us) {
		all->kill_us = s->kill_us;
	}
	sp_log(SP_LOG_INFO, "session %u of %s: told to end: %s: %s", s->id, s->user,
			sp_why_text(why), text);
	s->owner->end(s->arg, why, error_info, s->why_text);
}

void sp_session_end(struct sp_session *s, enum sp_why why, uint32_t error_info, const char *text,
		uint64_t now_us)
{
	if (s->state == SP_SESSION_ENDING) {
		return;
	}
	/* What was ended on purpose is not to be resumed, also not from elsewhere. */
	sp_wipe(&s->arc, sizeof(s->arc));
	end(s, why, error_info, text, now_us);
}

static void owe(struct sp_sessions *all, int64_t user_id, uint64_t now_us)
{
	struct session_step *to = &all->steps[0];

	/* The user's own, else the one that is over first; a free one is over. */
	for (size_t i = 0; i < SP_SESSION_STEPS; i++) {
		struct session_step *o = &all->steps[i];
		if (o->until_us != 0 && o->user_id == user_id) {
			to = o;
			break;
		}
		if (o->until_us < to->until_us) {
			to = o;
		}
	}
	*to = (struct session_step){.user_id = user_id, .until_us = now_us + SP_SESSION_STEP_US};
}

bool sp_session_owes(const struct sp_sessions *all, int64_t user_id, uint64_t now_us)
{
	for (size_t i = 0; i < SP_SESSION_STEPS; i++) {
		const struct session_step *o = &all->steps[i];
		if (o->until_us > now_us && o->user_id == user_id) {
			return true;
		}
	}
	return false;
}

/* Off the line; the text waits in why_text. */
static void step(struct sp_session *s, uint64_t now_us)
{
	char text[SP_TEXT_WHY];

	memcpy(text, s->why_text, sizeof(text));
	s->step_us = 0;
	s->stepped = true;
	end(s, SP_WHY_ALERT, 0, text, now_us);
}

void sp_session_step_up(struct sp_session *s, bool closed, const char *text, uint64_t now_us)
{
	bool on_line = s->state == SP_SESSION_OPENING || s->state == SP_SESSION_ACTIVE;

	if (s->state == SP_SESSION_ENDING) {
		return;
	}
	owe(s->all, s->user_id, now_us);
	if (closed) {
		sp_session_end(s, SP_WHY_ALERT, SP_SESSION_INFO_ADMIN, text, now_us);
	} else if (on_line) {
		/* UINT64_MAX until the target is up. */
		s->step_us = s->state == SP_SESSION_OPENING ? UINT64_MAX
							    : s->up_us + SP_SESSION_COOKIE_US;
		snprintf(s->why_text, sizeof(s->why_text), "%s", text);
		if (s->step_us <= now_us) {
			step(s, now_us);
		} else if (s->state == SP_SESSION_ACTIVE) {
			look_at(s, s->step_us);
		}
	}
}

static bool good_factor(const struct sp_session *s, const struct sp_policy_verdict *v)
{
	/* Who had none to prove at his login was let in without; he need not leave for one. */
	return v->optional || (v->factors & (s->factors | SP_CONF_FACTOR_NONE)) != 0;
}

static bool good_approval(const struct sp_session *s, const struct sp_conf_rule *rule)
{
	const struct sp_session_world *w = &s->all->world;

	if (rule == NULL || rule->n_approval == 0) {
		return true;
	}
	/* Another rule than the one it was approved for has approvers of its own. */
	return s->approver[0] != '\0' &&
			(strcmp(s->rule, rule->name) == 0 ||
					w->may_approve(w->arg, rule, s->approver));
}

bool sp_session_allowed(struct sp_session *s, struct sp_policy_verdict *v, char why[SP_TEXT_WHY])
{
	const struct sp_session_world *w = &s->all->world;
	const char *text = NULL;

	*v = (struct sp_policy_verdict){0};
	w->decide(w->arg, s, v);
	/* Without a rule there is nothing to say what it may. */
	if (!v->allow || v->rule == NULL) {
		text = v->why;
	} else if (!good_factor(s, v)) {
		text = "the rules want another second factor now";
	} else if (!good_approval(s, v->rule)) {
		text = "the rules want somebody's approval now";
	}
	snprintf(why, SP_TEXT_WHY, "%s", text != NULL ? text : "");
	return text == NULL;
}

static void check(struct sp_session *s, int64_t now, uint64_t now_us)
{
	const struct sp_session_world *w = &s->all->world;
	bool granted = s->state == SP_SESSION_OPENING || s->state == SP_SESSION_ACTIVE;
	struct sp_policy_verdict v;
	char why[SP_TEXT_WHY];

	if (s->seen_us == 0) {
		s->seen_us = now_us;
	}
	if (s->step_us != 0 && s->step_us <= now_us) {
		step(s, now_us);
		return;
	}
	if (!w->user_ok(w->arg, s)) {
		sp_session_end(s, SP_WHY_DISABLED, SP_SESSION_INFO_DENIED,
				"the account was disabled", now_us);
	} else if (s->state != SP_SESSION_ACTIVE && SP_SESSION_START_US <= now_us - s->seen_us) {
		/* Each step has a limit of its own, but sp-net takes the steps. */
		sp_session_end(s, SP_WHY_DEADLINE, SP_SESSION_INFO_TIME, "the login took too long",
				now_us);
	} else if (granted && !sp_session_allowed(s, &v, why)) {
		bool hours = s->until != 0 && s->until <= now;
		sp_session_end(s, SP_WHY_POLICY,
				hours ? SP_SESSION_INFO_TIME : SP_SESSION_INFO_DENIED, why, now_us);
	} else if (granted) {
		s->until = v.until;
		s->max_us = v.rule != NULL ? v.rule->max_s * UINT64_C(1000000) : 0;
		if (s->began_us != 0 && s->max_us != 0 &&
				s->began_us + s->max_us + SP_SESSION_SPARE_US <= now_us) {
			sp_session_end(s, SP_WHY_TIME, SP_SESSION_INFO_TIME, "time is over",
					now_us);
		}
	}
}

/* Kills one that does not go, or answers when that is due. */
static uint64_t chase(struct sp_session *s, uint64_t now_us)
{
	uint64_t due = s->kill_us;

	if (due == 0 || now_us < due) {
		return due;
	}
	s->kill_us = 0;
	s->owner->kill(s->arg, s->why, "did not end when it was told to");
	return 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

void sp_sessions_tick(struct sp_sessions *all, int64_t now, uint64_t now_us)
{
	uint64_t kill_us = 0, check_us = now_us + SP_SESSION_TICK_US;
	unsigned left = SP_SESSION_BATCH;

	all->kill_us = 0;
	/* Each session is its owner's, who may close it when he is called; but no other. */
	for (struct sp_session *s = all->first, *next; s != NULL; s = next) {
		next = s->next;
		if (s->state == SP_SESSION_ENDING) {
			kill_us = earlier(kill_us, chase(s, now_us));
		} else if (now_us < s->check_us || left == 0) {
			check_us = s->check_us < check_us ? s->check_us : check_us;
		} else {
			left--;
			s->check_us = now_us + SP_SESSION_TICK_US;
			check(s, now, now_us);
		}
	}
	/* What was told to end just now has set all->kill_us. */
	all->kill_us = earlier(all->kill_us, kill_us);
	all->check_us = check_us;
	sp_sessions_forget(all, now_us);
}

void sp_sessions_recheck(struct sp_sessions *all)
{
	for (struct sp_session *s = all->first; s != NULL; s = s->next) {
		s->check_us = 1; /* long ago */
	}
	all->check_us = 1;
}

uint64_t sp_sessions_due(const struct sp_sessions *all)
{
	if (all->first == NULL && all->lost == NULL) {
		return 0;
	}
	/* 0 would be never. */
	uint64_t check_us = all->check_us != 0 ? all->check_us : 1;
	return earlier(all->kill_us, check_us);
}

/* ---- looking ---- */

struct sp_session *sp_sessions_first(const struct sp_sessions *all)
{
	return all->first;
}

struct sp_session *sp_session_find(const struct sp_sessions *all, uint32_t id)
{
	struct sp_session *s = all->first;

	while (s != NULL && s->id != id) {
		s = s->next;
	}
	return s;
}

struct sp_session *sp_session_named(const struct sp_sessions *all, const char *name)
{
	struct sp_session *s = all->first;

	while (s != NULL && strcmp(s->name, name) != 0) {
		s = s->next;
	}
	return s;
}
