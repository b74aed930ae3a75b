/* gate/keeper/conn_policy.c - a connection before the rules, and what its failures cost. */
#include "gate/keeper/conn_tell.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gate/keeper/spray.h"
#include "gate/keeper/store_device.h"
#include "gate/keeper/store_lockout.h"
#include "gate/keeper/store_part.h"
#include "gate/keeper/store_spray.h"
#include "gate/keeper/store_token.h"

/* Which factor the password itself was. */
static uint32_t came_by(const struct sp_conn *c)
{
	switch (c->checked.by) {
	case SP_PROVED_DEVICE:
		return SP_CONF_FACTOR_DEVICE;
	case SP_PROVED_TOKEN:
		return SP_CONF_FACTOR_TOKEN;
	default:
		return 0;
	}
}

void sp_conn_about(struct sp_conn *c, struct sp_talk_about *a)
{
	*a = (struct sp_talk_about){.conf = c->k->conf,
			.store = c->k->store,
			.crypto = c->k->crypto,
			.who = &c->pending,
			.came = came_by(c),
			.again = sp_session_owes(
					c->k->sessions, c->pending.user.id, c->k->now_us()),
			.delegated = c->delegated != NULL};
	sp_facts_ask(&c->facts, c->k, c->pending.user.id, c->pending.user.name, &c->source,
			c->interface, &a->ask);
	a->ask.device = c->checked.by == SP_PROVED_DEVICE;
}

/* By what the second factor is held to be proved. */
static enum sp_factor factor_of(const struct sp_conn *c)
{
	if (c->talk.factor != SP_FACTOR_MISSING) {
		return c->talk.factor;
	}
	switch (c->checked.by) {
	case SP_PROVED_DEVICE:
		return SP_FACTOR_DEVICE;
	case SP_PROVED_TOKEN:
		return SP_FACTOR_TOKEN;
	default:
		return SP_FACTOR_NOT_ASKED;
	}
}

static bool spend(struct sp_conn *c, int64_t id, int64_t now)
{
	int rc = sp_store_token_spend(c->k->store, id, now);

	if (rc == SP_OK) {
		sp_conn_tell_token(c, id);
	} else if (rc == SP_EDENIED) {
		sp_conn_tell_misuse(c, "token", id, SP_SEVERITY_HIGH);
	}
	return rc == SP_OK;
}

/* The token that was the password, and the one of the first packet; often they are one. */
static bool spend_tokens(struct sp_conn *c, int64_t now)
{
	bool proved = c->checked.by == SP_PROVED_TOKEN;

	if (proved && !spend(c, c->checked.id, now)) {
		return false;
	}
	if (c->routed.id == 0 || (proved && c->routed.id == c->checked.id)) {
		return true;
	}
	return spend(c, c->routed.id, now);
}

/* What stood against the user, that is lifted by this login. */
static void tell_lift(struct sp_conn *c)
{
	struct sp_lockout lock = {0};
	int rc = sp_store_lockout_show(c->k->store, c->grant.user.name, c->k->unix_time(), &lock);

	/* From this machine nothing was counted, and nothing is forgiven. */
	if (rc == SP_OK && !sp_store_loopback(&c->source) &&
			(lock.failures > SP_LOCKOUT_FREE || lock.token_only)) {
		sp_conn_tell_lock_end(c, lock.failures);
	}
}

enum sp_why sp_conn_grant(struct sp_conn *c, char text[SP_TEXT_WHY])
{
	struct sp_talk_about a;
	struct sp_policy_verdict v;

	sp_conn_about(c, &a);
	sp_talk_decide(&c->talk, &a, &v);
	snprintf(text, SP_TEXT_WHY, "%s", v.why);
	enum sp_why why = sp_grant_make(
			c->id, &c->pending, factor_of(c), &v, c->talk.target, &c->grant);
	if (why != SP_WHY_OK) {
		if (text[0] == '\0' || v.allow) {
			snprintf(text, SP_TEXT_WHY, "%s", sp_why_text(why));
		}
		return why;
	}
	/* Last, so that nothing else can fail: a token is good once. */
	if (!spend_tokens(c, a.ask.now)) {
		sp_wipe(&c->grant, sizeof(c->grant));
		snprintf(text, SP_TEXT_WHY, "the token was used already");
		return SP_WHY_PASSWORD;
	}
	sp_session_chosen(c->session, c->grant.target, v.rule);
	sp_session_granted(c->session, c->grant.id);
	sp_conn_tell_grant(c, sp_conf_target(c->k->conf, c->grant.target));
	tell_lift(c);
	c->granted_us = c->k->now_us();
	c->state = SP_CONN_WAIT_TARGET;
	sp_conn_timer(c, 0);
	sp_permit_allow(&c->net_may, SP_MSG_OPEN_TARGET);
	sp_conn_log(c, SP_LOG_INFO,
			"user %s logged in to %s by rule \"%s\", %s, grant %016llx, %llu ms after "
			"accept",
			c->grant.user.name, c->grant.target, v.rule->name,
			sp_factor_text(c->grant.factor), (unsigned long long)c->grant.id,
			(unsigned long long)(c->granted_us - c->opened_us) / 1000);
	return SP_WHY_OK;
}

/* So that a name cannot end its quotes; the log itself takes care of control characters. */
static void quote(const char *name, char out[2 * SP_TEXT_CLIENT])
{
	size_t n = 0;

	for (; *name != '\0' && n + 2 < 2 * SP_TEXT_CLIENT; name++) {
		if (*name == '"' || *name == '\\') {
			out[n++] = '\\';
		}
		out[n++] = *name;
	}
	out[n] = '\0';
}

/* Failures of many, and of one machine from many places: told, and nobody is shut out by them. */
static void look_around(struct sp_conn *c, uint64_t user)
{
	char name[2 * SP_TEXT_CLIENT];
	struct sp_spray_seen seen;

	sp_spray_failed(c->k->spray, user, &c->source, c->machine, c->k->unix_time(), &seen);
	if (seen.users > 0) {
		sp_log(SP_LOG_ERROR,
				"spraying: %u users failed within this hour, where %u are usual",
				seen.users, seen.median);
	}
	if (seen.sources > 0) {
		quote(c->machine, name);
		sp_log(SP_LOG_WARN,
				"spraying: logins failed from %u or more sources within %d "
				"minutes, all from a machine that calls itself \"%s\"",
				seen.sources, SP_SPRAY_NAME_SECONDS / 60, name);
	}
	if (seen.hour > 0 && sp_store_spray_put(c->k->store, seen.hour, seen.hour_users) != SP_OK) {
		sp_log(SP_LOG_WARN, "failures of an hour not kept: %s", sp_store_why(c->k->store));
	}
}

uint32_t sp_conn_count_failure(struct sp_conn *c, const char *user)
{
	struct sp_lockout_failure f = {0};

	int rc = sp_store_lockout_failed(c->k->store, user, &c->source, c->k->unix_time(), &f);
	if (f.who != 0) {
		look_around(c, f.who);
	}
	if (rc == SP_OK && (f.wait > 0 || f.token_only_now)) {
		sp_conn_tell_lock(c, user, f.token_only_now ? "token-only" : "delay", f.failures,
				f.wait);
	}
	if (f.spray_now) {
		sp_conn_tell_lock(c, "", "network", f.users, f.penalty);
	}
	if (rc != SP_OK) {
		sp_conn_log(c, SP_LOG_ERROR, "failure not counted: %s", sp_store_why(c->k->store));
		return SP_KEEPER_SECONDS_AUTH;
	}
	if (f.token_only_now) {
		sp_conn_log(c, SP_LOG_WARN,
				"user \"%.64s\" failed %u times: from unfamiliar sources only a "
				"token or a device secret will do now",
				user, f.failures);
	} else if (f.tell) {
		sp_conn_log(c, SP_LOG_WARN, "user \"%.64s\" failed %u times in a row", user,
				f.failures);
	}
	if (f.spray_now) {
		sp_conn_log(c, SP_LOG_ERROR,
				"spraying: %u users failed from this network within %d minutes",
				f.users, SP_SPRAY_SECONDS / 60);
	}
	return f.penalty > SP_KEEPER_SECONDS_AUTH ? f.penalty : SP_KEEPER_SECONDS_AUTH;
}

bool sp_conn_must_wait(struct sp_conn *c, const char *user, bool strong)
{
	struct sp_lockout lock = {0};
	int rc = sp_store_lockout_ask(
			c->k->store, user, &c->source, strong, c->k->unix_time(), &lock);

	return rc != SP_OK || lock.wait > 0 || (lock.token_only && !strong);
}

int sp_conn_note_login(struct sp_conn *c, bool ok)
{
	if (!ok) {
		return SP_OK; /* it was none */
	}
	struct sp_store *st = c->k->store;
	int64_t now = c->k->unix_time();
	uint32_t failures = 0;
	int rc = sp_store_seen(st, c->grant.user.id, now);

	if (rc == SP_OK) {
		rc = sp_store_lockout_succeeded(st, c->grant.user.name, &c->source, now, &failures);
	}
	if (rc == SP_OK && c->checked.by == SP_PROVED_DEVICE) {
		rc = sp_store_device_seen(st, c->checked.id, now);
	}
	if (rc != SP_OK) {
		sp_conn_log(c, SP_LOG_WARN, "login not written down: %s", sp_store_why(st));
	}
	if (failures > 0) {
		sp_conn_log(c, SP_LOG_WARN, "before this login user %s failed %u times",
				c->grant.user.name, failures);
	}
	return SP_OK;
}
