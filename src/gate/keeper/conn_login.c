/* gate/keeper/conn_login.c - the questions of a login, and what it is worth. */
#include "gate/keeper/conn_tell.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/utf16.h"
#include "gate/keeper/store_token.h"

/* 1 January 1601 to 1 January 1970, in the 100 ns of a FILETIME. */
#define FILETIME_1970 UINT64_C(116444736000000000)

int sp_conn_on_route(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_routed m = {.result = SP_ROUTED_DENIED};
	const char *route = in->body.route.token;
	int rc = sp_store_token_route(
			c->k->store, route, &c->source, c->k->unix_time(), &c->routed);
	const struct sp_session *old = rc == SP_OK
			? NULL
			: sp_session_by_route(c->k->sessions, route, &c->source, c->k->now_us());

	if (rc != SP_OK && old == NULL && c->routed.id != 0) {
		/* A client that comes back too late does so, too. */
		sp_conn_tell_misuse(c, "route", c->routed.id, SP_SEVERITY_LOW);
	}
	if (rc != SP_OK) {
		c->routed = (struct sp_token){0};
	}
	if (old != NULL) {
		snprintf(c->routed.user, sizeof(c->routed.user), "%s", old->user);
		snprintf(c->routed.target, sizeof(c->routed.target), "%s", old->target);
	}
	if (rc == SP_OK || old != NULL) {
		m.result = SP_ROUTED_OK;
		snprintf(c->route, sizeof(c->route), "%s", route);
		sp_permit_allow(&c->net_may, SP_MSG_SIGN);
		sp_conn_log(c, SP_LOG_DEBUG, "first packet has the token of user %s%s",
				c->routed.user, old != NULL ? ", who comes back" : "");
	}
	return sp_mon_say(c->net, ROUTED, &m);
}

int sp_conn_on_sign(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	const struct sp_msg_sign *ask = &in->body.sign;
	struct sp_msg_signature m = {0};
	size_t n = sizeof(m.signature);
	int rc = SP_EDENIED;

	sp_permit_forbid(&c->net_may, SP_MSG_ROUTE);
	snprintf(c->ja4, sizeof(c->ja4), "%s", ask->ja4);
	if (c->k->key != NULL) {
		rc = sp_tls_sign(c->k->key, (int)ask->scheme, sp_span(ask->message, ask->n),
				m.signature, &n);
	}
	if (rc == SP_OK && 0 < n && n <= sizeof(m.signature)) {
		m.n = (uint32_t)n;
		m.result = SP_SIGN_DONE;
	} else {
		memset(&m, 0, sizeof(m));
		sp_conn_log(c, SP_LOG_WARN, "signature refused: scheme %04x, %u bytes: %s",
				ask->scheme, ask->n, sp_err_text(rc));
	}
	return sp_mon_say(c->net, SIGNATURE, &m);
}

int sp_conn_on_challenge(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_challenge m = {0};
	int rc = c->k->crypto->random(c->challenge, sizeof(c->challenge));

	if (rc != SP_OK) {
		return rc;
	}
	c->challenged_us = c->k->now_us();
	m.time = FILETIME_1970 + (uint64_t)c->k->unix_time() * 10000000u;
	memcpy(m.challenge, c->challenge, sizeof(m.challenge));
	/* A machine without a domain is its own, under every kind of name. */
	snprintf(m.nb_domain, sizeof(m.nb_domain), "%s", c->k->alias);
	snprintf(m.nb_computer, sizeof(m.nb_computer), "%s", c->k->alias);
	snprintf(m.dns_domain, sizeof(m.dns_domain), "%s", c->k->alias);
	snprintf(m.dns_computer, sizeof(m.dns_computer), "%s", c->k->alias);
	sp_permit_allow(&c->login_may, SP_MSG_PROOF);
	return sp_mon_say(c->login, CHALLENGE, &m);
}

/* UTF-16LE of a name as sent, which is what the client hashed. */
static bool wide(const char *name, uint8_t *out, size_t cap, uint16_t *n)
{
	struct sp_wr w;

	sp_wr_fixed(&w, out, cap);
	sp_utf16_write(&w, name);
	*n = (uint16_t)w.n;
	return sp_wr_ok(&w) == SP_OK;
}

/* Denied all the same; whose name it was stays. */
static void take_back(struct sp_checked *c, enum sp_why why)
{
	char named[SP_TEXT_USER];

	memcpy(named, c->named, sizeof(named));
	sp_wipe(c, sizeof(*c));
	memcpy(c->named, named, sizeof(named));
	c->why = why;
}

static void check_proof(struct sp_conn *c, const struct sp_msg_proof *p)
{
	struct sp_ntlmv2_query q = {0};

	c->checked = (struct sp_checked){.result = SP_PROOF_DENIED, .why = SP_WHY_NTLM};
	if (!(p->temp_n <= sizeof(q.temp)) || !wide(p->user, q.user, sizeof(q.user), &q.n_user) ||
			!wide(p->domain, q.domain, sizeof(q.domain), &q.n_domain) ||
			q.n_user == 0) {
		return;
	}
	q.n_temp = (uint16_t)p->temp_n;
	memcpy(q.temp, p->temp, p->temp_n);
	memcpy(q.challenge, c->challenge, sizeof(q.challenge));
	memcpy(q.proof, p->nt_proof, sizeof(q.proof));
	memcpy(c->machine, p->machine, sizeof(c->machine));
	snprintf(c->domain, sizeof(c->domain), "%.*s", (int)sizeof(c->domain) - 1, p->domain);
	/* The proof is over the whole name, the user is only its first part. */
	sp_name_split(p->user, &c->name);
	sp_store_check(c->k->store, c->name.user, &q, &c->source, c->k->unix_time(), &c->checked);
	/* After the check, so that what is refused takes no other time than a wrong proof. */
	bool granted = c->checked.result == SP_PROOF_GRANTED;
	bool strong = granted && c->checked.by != SP_PROVED_PASSWORD;
	bool wait = sp_conn_must_wait(c, c->name.user, strong);
	if (c->k->now_us() - c->challenged_us > SP_KEEPER_CHALLENGE_US) {
		take_back(&c->checked, SP_WHY_STALE);
	} else if (granted && wait) {
		take_back(&c->checked, SP_WHY_LOCKED);
	}
}

/* What a wrong proof costs its source; failures that say nothing of a password are not counted. */
static uint32_t cost(struct sp_conn *c, const char *user, uint32_t why)
{
	if (why == SP_WHY_PASSWORD || why == SP_WHY_NO_USER || why == SP_WHY_DISABLED ||
			why == SP_WHY_SPENT) {
		return sp_conn_count_failure(c, user);
	}
	return SP_KEEPER_SECONDS_AUTH;
}

/* What only ended, or was never meant, is no failure: the connection's end says it. */
static void tell_refused(struct sp_conn *c, uint32_t why, const char *text)
{
	if (c->pending.id != 0) {
		sp_conn_tell_deny(c, why, text);
	} else if (why != SP_WHY_GONE && why != SP_WHY_NO_LOGIN) {
		sp_conn_tell_auth_fail(c, why);
	}
	if (why == SP_WHY_SPENT) {
		sp_conn_tell_misuse(c, "token", c->checked.id, SP_SEVERITY_HIGH);
	}
}

/* The one line, and the one penalty, for a login that comes to nothing. */
static void refused(struct sp_conn *c, const char *user, uint32_t why, const char *text)
{
	if (c->refused) {
		return;
	}
	c->refused = true;
	tell_refused(c, why, *text ? text : sp_why_text(why));
	if (*user) {
		sp_conn_log(c, SP_LOG_WARN, "login of \"%.128s\" refused: %s%s%s", user,
				sp_why_text(why), *text ? ": " : "", text);
	} else {
		sp_conn_log(c, SP_LOG_WARN, "login refused: %s", sp_why_text(why));
	}
	/*
	 * A peer that only went away, or that we let down, pays nothing for it, nor does somebody
	 * who is known but comes at the wrong hour: others may come from the same address.
	 */
	if (why != SP_WHY_GONE && why != SP_WHY_NO_LOGIN && why != SP_WHY_POLICY &&
			why != SP_WHY_LIMIT) {
		sp_conn_penalty(c, SP_PENALTY_AUTH, cost(c, user, why));
	}
}

int sp_conn_on_proof(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_proof_result m = {0};

	check_proof(c, &in->body.proof);
	if (c->checked.result == SP_PROOF_GRANTED) {
		m.result = SP_PROOF_GRANTED;
		memcpy(m.session_base_key, c->checked.session_base_key, sizeof(m.session_base_key));
	}
	sp_wipe(c->checked.session_base_key, sizeof(c->checked.session_base_key));
	/* A challenge serves one proof. */
	sp_wipe(c->challenge, sizeof(c->challenge));
	int rc = sp_mon_say(c->login, PROOF_RESULT, &m);
	sp_wipe(&m, sizeof(m));
	if (c->checked.result != SP_PROOF_GRANTED) {
		refused(c, c->name.user, c->checked.why, "");
	}
	return rc;
}

/* The login is over, for better or worse. */
void sp_conn_login_over(struct sp_conn *c)
{
	sp_conn_close_login(c);
	c->state = SP_CONN_WAIT_VERDICT;
	sp_permit_allow(&c->net_may, SP_MSG_ASK_VERDICT);
}

/* The password that came along goes where it is neither swapped nor dumped. */
static void keep_password(struct sp_conn *c)
{
	struct sp_conn_secret *s = NULL;

	if (c->done.result == SP_DONE_OK && c->checked.by == SP_PROVED_PASSWORD &&
			c->done.password[0] != '\0') {
		s = sp_conn_secret_set(&c->delegated);
	}
	if (s != NULL) {
		memcpy(s->password, c->done.password, sizeof(s->password));
	}
	sp_wipe(c->done.password, sizeof(c->done.password));
}

int sp_conn_on_done(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;

	c->done = in->body.done;
	keep_password(c);
	if (c->done.result == SP_DONE_OK && c->checked.result != SP_PROOF_GRANTED) {
		return SP_EDENIED;
	}
	if (c->done.result != SP_DONE_OK) {
		if (c->done.why == SP_WHY_OK) {
			c->done.why = SP_WHY_NO_LOGIN;
		}
		if (c->checked.why == SP_WHY_UNKNOWN) {
			c->checked.why = c->done.why;
		}
		refused(c, c->checked.result == SP_PROOF_GRANTED ? c->checked.user.name : "",
				c->done.why, "");
	}
	sp_conn_login_over(c);
	return SP_OK;
}

/* One more session, or SP_WHY_LIMIT. */
static enum sp_why enter(struct sp_conn *c)
{
	struct sp_session_facts facts = {.conn = c->id,
			.user = &c->pending.user,
			.source = &c->source,
			.interface = c->interface,
			.device = c->checked.by == SP_PROVED_DEVICE,
			.since = c->k->unix_time()};

	c->session = sp_session_create(c->k->sessions, &facts, &sp_conn_owner, c);
	if (c->session == NULL) {
		return SP_WHY_LIMIT;
	}
	sp_session_routed(c->session, c->route);
	if (c->checked.by == SP_PROVED_TOKEN) {
		sp_session_proved(c->session, SP_CONF_FACTOR_TOKEN);
	} else if (facts.device) {
		sp_session_proved(c->session, SP_CONF_FACTOR_DEVICE);
	}
	return SP_WHY_OK;
}

/* What the proved login is worth: first who it is, then whether there is anything for him. */
static enum sp_why admit(struct sp_conn *c, bool *ask, char text[SP_TEXT_WHY])
{
	struct sp_talk_about a;
	enum sp_why why = sp_pending_make(c->k->crypto, c->id, &c->checked, &c->done, &c->pending);

	snprintf(text, SP_TEXT_WHY, "%s", why == SP_WHY_OK ? "" : sp_why_text(why));
	if (why != SP_WHY_OK) {
		return why;
	}
	sp_conn_tell_auth_ok(c);
	if (c->route[0] != '\0' && strcmp(c->routed.user, c->pending.user.name) != 0) {
		snprintf(text, SP_TEXT_WHY, "the first packet has a token of user %s",
				c->routed.user);
		return SP_WHY_ROUTE;
	}
	sp_conn_about(c, &a);
	why = sp_talk_open(&c->talk, &a, &c->name,
			c->checked.target[0] != '\0' ? c->checked.target : c->routed.target, text);
	sp_wipe(c->name.code, sizeof(c->name.code));
	if (why != SP_WHY_OK) {
		return why;
	}
	if (!sp_talk_wants_password(&c->talk, &a)) {
		sp_conn_secret_drop(&c->delegated);
	}
	why = enter(c);
	if (why == SP_WHY_OK) {
		c->proved_us = c->k->now_us();
		*ask = sp_talk_left(&c->talk, &a);
		why = *ask ? SP_WHY_OK : sp_conn_grant(c, text);
	}
	return why;
}

static int deny(struct sp_conn *c, enum sp_why why, const char *text)
{
	struct sp_msg_verdict m = {.early_user = SP_AUTHZ_ACCESS_DENIED, .why = why};
	bool known = c->pending.id != 0;

	c->state = SP_CONN_WAIT_END;
	snprintf(m.text, sizeof(m.text), "%s", sp_why_text(why));
	refused(c, known ? c->pending.user.name : "", why, known ? text : "");
	sp_session_close(c->session, why, text, c->k->now_us());
	c->session = NULL;
	sp_conn_secret_drop(&c->delegated);
	sp_talk_finish(&c->talk);
	sp_wipe(&c->pending, sizeof(c->pending));
	return sp_conn_say(c, VERDICT, &m);
}

/* The parent stops the connection's clock: its login is over, whatever comes. */
static int granted(struct sp_conn *c, bool ok)
{
	return sp_mon_say(
			c->k->control, CONN_GRANTED, &(struct sp_msg_conn_granted){.conn = c->id});
}

int sp_conn_on_verdict(void *ctx, struct sp_mon_in *in)
{
	struct sp_conn *c = ctx;
	struct sp_msg_verdict m = {.early_user = SP_AUTHZ_SUCCESS, .result = SP_VERDICT_GRANTED};
	char text[SP_TEXT_WHY] = "";
	bool ask = false;
	enum sp_why why = admit(c, &ask, text);

	if (why != SP_WHY_OK) {
		return deny(c, why, text);
	}
	m.why = why;
	m.grant = c->pending.id;
	m.ask = ask;
	snprintf(m.text, sizeof(m.text), "%s", sp_why_text(why));
	snprintf(m.user, sizeof(m.user), "%s", c->pending.user.name);
	if (ask) {
		c->state = SP_CONN_WAIT_CONVERSE;
		sp_permit_allow(&c->net_may, SP_MSG_CONVERSE);
		sp_conn_log(c, SP_LOG_INFO, "user %s proved the password, %llu ms after accept",
				c->pending.user.name,
				(unsigned long long)(c->proved_us - c->opened_us) / 1000);
	}
	int rc = sp_conn_say(c, VERDICT, &m);
	if (rc == SP_OK) {
		rc = sp_conn_then(c, granted);
	}
	if (rc == SP_OK && c->grant.id != 0) {
		rc = sp_conn_then(c, sp_conn_note_login);
	}
	return rc;
}
