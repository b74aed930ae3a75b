/* gate/keeper/session_arc.c - what is kept of a session when it is over: the way back, and the reason. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/secret.h"
#include "gate/keeper/session_part.h"

/* ---- the last reason ---- */

void sp_session_reason_put(struct sp_sessions *all, int64_t user_id, enum sp_why why,
		const char *target, const char *text, uint64_t now_us)
{
	struct session_reason *to = &all->reasons[0];

	/* The user's own, else the oldest; a free one is older than all. */
	for (size_t i = 0; i < SP_SESSION_REASONS; i++) {
		struct session_reason *r = &all->reasons[i];
		if (r->at_us != 0 && r->user_id == user_id) {
			to = r;
			break;
		}
		if (r->at_us < to->at_us) {
			to = r;
		}
	}
	*to = (struct session_reason){.user_id = user_id, .at_us = now_us, .last.why = why};
	snprintf(to->last.target, sizeof(to->last.target), "%s", target);
	snprintf(to->last.text, sizeof(to->last.text), "%s", text);
}

bool sp_session_reason_take(struct sp_sessions *all, int64_t user_id, uint64_t now_us,
		struct sp_session_last *out)
{
	for (size_t i = 0; i < SP_SESSION_REASONS; i++) {
		struct session_reason *r = &all->reasons[i];
		if (r->at_us == 0 || r->user_id != user_id) {
			continue;
		}
		bool fresh = now_us - r->at_us <= SP_SESSION_REASON_US;
		if (fresh) {
			*out = r->last;
		}
		*r = (struct session_reason){0};
		return fresh;
	}
	return false;
}

/* ---- lost sessions ---- */

static void unlink_lost(struct sp_session **at)
{
	struct sp_session *s = *at;

	*at = s->next;
	s->all->n_lost--;
	sp_freezero(s, sizeof(*s));
}

/* Whoever was disabled meanwhile has lost the way back, also when that is taken back later. */
static bool is_over(struct sp_session *s, uint64_t now_us)
{
	const struct sp_session_world *w = &s->all->world;

	if (now_us - s->lost_us > SP_SESSION_LOST_US) {
		return true;
	}
	if (now_us < s->check_us) {
		return false;
	}
	s->check_us = now_us + SP_SESSION_TICK_US;
	return !w->user_ok(w->arg, s);
}

static void tell_forgot(const struct sp_session *s)
{
	const struct sp_session_world *w = &s->all->world;

	if (w->forgot != NULL) {
		w->forgot(w->arg, s);
	}
}

void sp_sessions_forget(struct sp_sessions *all, uint64_t now_us)
{
	struct sp_session **at = &all->lost;

	while (*at != NULL) {
		if (is_over(*at, now_us)) {
			tell_forgot(*at);
			unlink_lost(at);
		} else {
			at = &(*at)->next;
		}
	}
}

/* The latest ones stay: SP_SESSION_LOST_USER of this user, SP_SESSION_LOST of all. */
static void bound(struct sp_sessions *all, int64_t user_id)
{
	struct sp_session **at = &all->lost;
	size_t of_user = 0, n = 0;

	while (*at != NULL) {
		of_user += (*at)->user_id == user_id;
		n++;
		if (n > SP_SESSION_LOST ||
				((*at)->user_id == user_id && of_user > SP_SESSION_LOST_USER)) {
			tell_forgot(*at);
			unlink_lost(at);
			n--;
		} else {
			at = &(*at)->next;
		}
	}
}

void sp_session_lose(struct sp_session *s, uint64_t now_us)
{
	struct sp_sessions *all = s->all;

	s->lost_us = now_us;
	s->check_us = now_us + SP_SESSION_TICK_US;
	s->next = all->lost;
	all->lost = s;
	all->n_lost++;
	bound(all, s->user_id);
}

/* ---- cookies ---- */

void sp_session_arc_make(struct sp_session *s, struct sp_msg_arc *out)
{
	sp_wipe(&s->arc, sizeof(s->arc));
	s->arc.logon_id = s->id;
	if (s->all->crypto->random(s->arc.bits, sizeof(s->arc.bits)) == SP_OK) {
		s->arc.present = 1;
	} else {
		sp_wipe(&s->arc, sizeof(s->arc));
	}
	*out = s->arc;
}

void sp_session_arc_target(struct sp_session *s, const struct sp_msg_arc *arc)
{
	s->target_arc = *arc;
}

/* The IPv4 /24 or the IPv6 /64: a client keeps that when it gets a new address at home. */
static bool same_network(const struct sp_source *a, const struct sp_source *b)
{
	return a->family == b->family &&
			memcmp(a->addr, b->addr, a->family == AF_INET ? 3 : 8) == 0;
}

const struct sp_session *sp_session_by_route(struct sp_sessions *all, const char *route,
		const struct sp_source *source, uint64_t now_us)
{
	if (route[0] == '\0') {
		return NULL;
	}
	sp_sessions_forget(all, now_us);
	const struct sp_session *lists[] = {all->first, all->lost};
	for (size_t i = 0; i < SP_LEN(lists); i++) {
		for (const struct sp_session *s = lists[i]; s != NULL; s = s->next) {
			if ((i == 1 || s->state == SP_SESSION_ACTIVE) &&
					strcmp(s->route, route) == 0 &&
					same_network(&s->source, source)) {
				return s;
			}
		}
	}
	return NULL;
}

/* 5.5: HMAC-MD5 of the client random with ArcRandomBits; under TLS that random is all zero. */
static bool verifies(const struct sp_session *old, const struct sp_msg_arc *arc)
{
	static const uint8_t client_random[32];
	struct sp_span part = sp_span(client_random, sizeof(client_random));
	uint8_t want[SP_MD5_SIZE];

	old->all->crypto->hmac_md5(sp_span(old->arc.bits, sizeof(old->arc.bits)), &part, 1, want);
	bool good = sp_secret_eq(want, arc->bits, sizeof(want));
	sp_wipe(want, sizeof(want));
	return good;
}

/* The one that this cookie is for; *at is where a lost one hangs, NULL for a living one. */
static struct sp_session *cookie_of(const struct sp_session *s, const struct sp_msg_arc *arc,
		struct sp_session ***at, bool *misused)
{
	struct sp_session *old = sp_session_find(s->all, arc->logon_id);

	*at = NULL;
	if (old == NULL) {
		*at = &s->all->lost;
		while (**at != NULL && (**at)->arc.logon_id != arc->logon_id) {
			*at = &(**at)->next;
		}
		old = **at;
	} else if (old->state != SP_SESSION_ACTIVE && old->state != SP_SESSION_OPENING &&
			!old->stepped) {
		return NULL;
	}
	if (old == NULL || !old->arc.present) {
		return NULL;
	}
	*misused = old->user_id != s->user_id || old->user_created != s->user_created ||
			!same_network(&old->source, &s->source) || !verifies(old, arc);
	return *misused ? NULL : old;
}

/* What the person had won before. */
static void inherit(struct sp_session *s, const struct sp_session *old)
{
	snprintf(s->target, sizeof(s->target), "%s", old->target);
	snprintf(s->rule, sizeof(s->rule), "%s", old->rule);
	snprintf(s->reason, sizeof(s->reason), "%s", old->reason);
	snprintf(s->approver, sizeof(s->approver), "%s", old->approver);
	s->factors |= old->factors;
	s->began_us = old->began_us;
	s->max_us = old->max_us;
	s->target_arc = old->target_arc;
	snprintf(s->name, sizeof(s->name), "%s", old->name);
	snprintf(s->before, sizeof(s->before), "%s", old->source.text);
	s->resumed = true;
}

/* As if nobody had come with a cookie. */
static void disown(struct sp_session *s, const struct sp_session *was)
{
	struct sp_session *next = s->next;

	*s = *was;
	s->next = next;
}

bool sp_session_arc_check(
		struct sp_session *s, const struct sp_msg_arc *arc, uint64_t now_us, bool *misused)
{
	const struct sp_session_world *w = &s->all->world;
	struct sp_policy_verdict v;
	char why[SP_TEXT_WHY];
	struct sp_session **at;

	*misused = false;
	if (!arc->present || s->state != SP_SESSION_TALK) {
		return false;
	}
	sp_sessions_forget(s->all, now_us);
	struct sp_session *old = cookie_of(s, arc, &at, misused);
	if (old == NULL || old == s || !w->user_ok(w->arg, s)) {
		return false;
	}
	struct sp_session was = *s;
	inherit(s, old);
	bool allowed = sp_session_allowed(s, &v, why);
	uint64_t max_us = v.rule != NULL ? v.rule->max_s * UINT64_C(1000000) : 0;
	if (allowed && max_us != 0 && s->began_us != 0 && s->began_us + max_us <= now_us) {
		snprintf(why, sizeof(why), "%s", sp_why_text(SP_WHY_TIME));
		allowed = false;
	}
	if (!allowed) {
		sp_log(SP_LOG_INFO, "session %u of %s cannot resume session %u: %s", s->id, s->user,
				old->id, why);
		disown(s, &was);
	}
	sp_wipe(&was, sizeof(was));
	if (!allowed) {
		return false;
	}
	sp_log(SP_LOG_INFO, "session %u of %s resumes session %u on %s", s->id, s->user, old->id,
			s->target);
	if (at != NULL) {
		unlink_lost(at);
	} else {
		old->continued = true;
		sp_session_end(old, SP_WHY_BYE, SP_SESSION_INFO_OTHER,
				"continued on another connection", now_us);
		/* One that is on its way out already is not kept for anybody else. */
		old->stepped = false;
		sp_wipe(&old->arc, sizeof(old->arc));
	}
	return true;
}
